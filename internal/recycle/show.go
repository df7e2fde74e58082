package recycle

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"crmbot/internal/crm"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// maxShown bounds the lines of one card.
const maxShown = 200

// LineSeen is a line with its record as it is now.
type LineSeen struct {
	Line
	Name      string
	Grade     string
	Amount    crm.Money
	OwnerName string
	Seen
	// Gone reports that the record is not the owner's any more.
	Gone bool
}

// Card is a card of lines as the actor may see it, by amount at risk, then by
// days left (P-14).
type Card struct {
	Day   crm.Day
	Lines []LineSeen
	More  int // lines that are not shown
}

// CardFor are the lines of a card that was sent to the actor.
func (s *Service) CardFor(ctx context.Context, a crm.Actor, view, card string) (Card, error) {
	day, to, ok := cardParts(card)
	if !ok || to != a.ID && !(to == 0 && a.Is(crm.Admin)) {
		return Card{}, crm.NotFound("没有这张卡片", "there is no such card")
	}
	lines, err := s.d.Store.LinesOn(ctx, key(view, card, to))
	if err != nil {
		return Card{}, err
	}
	return s.card(ctx, day, lines)
}

func cardParts(card string) (crm.Day, crm.UserID, bool) {
	parts := strings.Split(card, ".")
	if len(parts) < 2 || !crm.Day(parts[0]).Valid() {
		return "", 0, false
	}
	to, err := strconv.ParseInt(parts[1], 10, 64)
	return crm.Day(parts[0]), crm.UserID(to), err == nil
}

func (s *Service) card(ctx context.Context, day crm.Day, lines []Line) (Card, error) {
	refs := make([]crm.Ref, len(lines))
	for i, l := range lines {
		refs[i] = l.Ref
	}
	facts, err := s.FactsOf(ctx, refs...)
	if err != nil {
		return Card{}, err
	}
	fs := make([]Facts, len(lines))
	for i, r := range refs {
		fs[i] = facts[r]
		fs[i].Ref = r
	}
	seen, err := s.See(ctx, fs...)
	if err != nil {
		return Card{}, err
	}
	c := Card{Day: day}
	for i, l := range lines {
		f := fs[i]
		c.Lines = append(c.Lines, LineSeen{Line: l, Name: f.Name, Grade: f.Grade, Amount: f.Amount, OwnerName: s.d.People.Name(ctx, l.Owner), Seen: seen[i], Gone: f.Owner != l.Owner})
	}
	slices.SortStableFunc(c.Lines, func(x, y LineSeen) int {
		return cmp.Or(cmp.Compare(y.Amount, x.Amount), cmp.Compare(x.Line.Release, y.Line.Release), cmp.Compare(x.Grade, y.Grade), cmp.Compare(x.Ref.ID, y.Ref.ID))
	})
	if n := len(c.Lines) - maxShown; n > 0 {
		c.Lines, c.More = c.Lines[:maxShown], n
	}
	return c, nil
}

// Lost are the records that the actor lost on a day; the card names both.
func (s *Service) Lost(ctx context.Context, a crm.Actor, card string) (Card, error) {
	day, to, ok := cardParts(card)
	if !ok || to != a.ID {
		return Card{}, crm.NotFound("没有这张卡片", "there is no such card")
	}
	items, err := s.d.Store.ItemsOf(ctx, day, to, ItemReleased, maxShown)
	if err != nil {
		return Card{}, err
	}
	lines := make([]Line, len(items))
	for i, it := range items {
		lines[i] = Line{Ref: it.Ref, Owner: it.Owner, Release: it.Release}
	}
	return s.card(ctx, day, lines)
}

// Guarded is a run that stopped, for administrators.
type Guarded struct {
	Run
	ByName string
	Owners []OwnerCount
	Limits Limits
}

// OwnerCount is how many of a person's records a run is about.
type OwnerCount struct {
	User     crm.UserID
	Name     string
	N, Owned int
	// Released and Kept are what became of them: Kept was not due any more.
	Released, Kept int
}

// Guarded is a day's run that stopped (P-16), most records first.
func (s *Service) Guarded(ctx context.Context, a crm.Actor, day crm.Day) (Guarded, error) {
	if !a.Is(crm.Admin) {
		return Guarded{}, crm.Forbid(a, crm.Admin)
	}
	run, err := s.d.Store.Run(ctx, day)
	if err != nil {
		return Guarded{}, err
	}
	if run.State == "" {
		return Guarded{}, crm.NotFound("没有这一天的回收", "there was no run on that day")
	}
	counts, err := s.d.Store.ItemCounts(ctx, day)
	if err != nil {
		return Guarded{}, err
	}
	owned, err := s.d.Store.Owned(ctx)
	if err != nil {
		return Guarded{}, err
	}
	g := Guarded{Run: run, ByName: s.d.People.Name(ctx, run.DecidedBy), Limits: s.limits(ctx)}
	for u, n := range counts {
		g.Owners = append(g.Owners, OwnerCount{User: u, Name: s.d.People.Name(ctx, u), N: n[ItemWaits] + n[ItemReleased] + n[ItemKept], Owned: owned[u], Released: n[ItemReleased], Kept: n[ItemKept]})
	}
	slices.SortFunc(g.Owners, func(x, y OwnerCount) int { return cmp.Or(cmp.Compare(y.N, x.N), cmp.Compare(x.User, y.User)) })
	return g, nil
}

// RequestSeen is a request for an extension as the actor may see it.
type RequestSeen struct {
	Request
	Name              string // of the record
	OwnerName, ByName string
	Seen
	Granted, Most int
	// MayAnswer reports that the actor decides it.
	MayAnswer bool
	// Lapsed reports that it was not decided before the record got another owner.
	Lapsed bool
}

// RequestFor is a request for who asked and who decides.
func (s *Service) RequestFor(ctx context.Context, a crm.Actor, id int64) (RequestSeen, error) {
	r, err := s.d.Store.Request(ctx, id)
	if err != nil {
		return RequestSeen{}, err
	}
	u, err := s.d.People.User(ctx, r.Owner)
	if err != nil {
		return RequestSeen{}, err
	}
	if a.ID != r.Owner && !a.Leads(u.Team) {
		return RequestSeen{}, crm.NotFound("没有这个申请", "there is no such request")
	}
	facts, err := s.FactsOf(ctx, r.Ref)
	if err != nil {
		return RequestSeen{}, err
	}
	f := facts[r.Ref]
	f.Ref = r.Ref
	seen, err := s.See(ctx, f)
	if err != nil {
		return RequestSeen{}, err
	}
	return RequestSeen{Request: r, Name: f.Name, OwnerName: u.Name, ByName: s.d.People.Name(ctx, r.By), Seen: seen[0], Granted: seen[0].Keep.Extensions, Most: int(ExtendTimes.Of(ctx, s.d.Rules)),
		MayAnswer: r.State == Asked && a.ID != r.Owner && a.Is(bosses...) && f.Owner == r.Owner, Lapsed: r.State == Asked && f.Owner != r.Owner}, nil
}

// OpenRequest is the request that waits about a record; crm.CodeNotFound when
// none does.
func (s *Service) OpenRequest(ctx context.Context, ref crm.Ref) (Request, error) {
	r, ok, err := s.d.Store.LastRequest(ctx, ref)
	if err == nil && (!ok || r.State != Asked) {
		err = crm.NotFound(ref.String()+" 没有待审批的延期申请", "no extension of "+ref.String()+" waits for an answer")
	}
	return r, err
}
