package lead

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// Filter narrows the pool list. Empty fields do not filter.
type Filter struct {
	Source string
	City   string
	Grade  Grade
	// Pool is one of the pools that the actor may see; zero: all of them.
	Pool crm.PoolID
}

// ParseFilter reads words such as "展会 上海 A": a grade, a source of the
// setting, which may be several words, and anything else as a city.
func ParseFilter(words []string, sources []Source) Filter {
	var f Filter
	for i := 0; i < len(words); {
		if src, n := sourceAt(words[i:], sources); n > 0 {
			f.Source = src.Zh
			i += n
			continue
		}
		w := words[i]
		if id, ok := pool.ParseWord(w); ok {
			f.Pool = id
			i++
			continue
		}
		if g := Grade(strings.ToUpper(strings.TrimSuffix(strings.TrimSuffix(w, "级"), "类"))); g.Valid() {
			f.Grade = g
		} else if !strings.EqualFold(w, "grade") {
			f.City = strings.TrimSpace(f.City + " " + strings.TrimSuffix(w, "市"))
		}
		i++
	}
	return f
}

// sourceAt is the source that the words begin with, and how many of them it is.
func sourceAt(words []string, sources []Source) (Source, int) {
	for n := min(len(words), 4); n > 0; n-- {
		if src, ok := FindSource(sources, strings.Join(words[:n], " ")); ok {
			return src, n
		}
	}
	return Source{}, 0
}

// SplitSource divides what follows a telephone number into a source and the
// need: the longest known source in front, else the first word.
func SplitSource(text string, sources []Source) (source, need string) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return "", ""
	}
	n := 1
	source = words[0]
	if src, m := sourceAt(words, sources); m > 0 {
		source, n = src.Zh, m
	}
	return source, strings.Join(words[n:], " ")
}

// Words is the filter as words that ParseFilter reads.
func (f Filter) Words() string {
	return strings.Join(strings.Fields(f.Source+" "+f.City+" "+string(f.Grade)+" "+pool.Word(f.Pool)), " ")
}

// PoolQuery asks the store for leads of pools, best first.
type PoolQuery struct {
	Pools []crm.PoolID
	// AllPools lifts the limit to Pools.
	AllPools bool
	Filter
	// After continues behind the lead with that rank and id; zero: from the start.
	AfterRank int
	After     crm.LeadID
	Limit     int
}

// PoolList is a page of the pool.
type PoolList struct {
	Leads []Seen
	// More reports that there are further leads behind the last one.
	More   bool
	Status pool.Status // the actor's quota and hold limit
}

// Pool lists leads that the actor may claim, masked (P-08), best grade first,
// beginning behind the lead after. n is at most 50.
func (s *Service) Pool(ctx context.Context, a crm.Actor, f Filter, after crm.LeadID, n int) (PoolList, error) {
	q, home, err := s.poolQuery(ctx, a)
	if err != nil {
		return PoolList{}, err
	}
	if q.Filter, q.Limit = f, min(n, 50)+1; f.Pool != 0 {
		q.AllPools, q.Pools = false, slices.DeleteFunc(q.Pools, func(id crm.PoolID) bool { return id != f.Pool })
	}
	if after != 0 {
		l, err := s.d.Store.Lead(ctx, after)
		if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
			return PoolList{}, err
		}
		if err == nil {
			q.After, q.AfterRank = after, Rank(l.Grade, l.Score.Total())
		}
	}
	ls, err := s.d.Store.PoolLeads(ctx, q)
	if err != nil {
		return PoolList{}, err
	}
	out := PoolList{More: len(ls) > q.Limit-1}
	if out.More {
		ls = ls[:q.Limit-1]
	}
	if out.Leads, err = s.poolView(ctx, a, ls); err != nil {
		return out, err
	}
	if a.ID != 0 {
		out.Status, err = s.d.Gate.Status(ctx, a.ID, crm.KindLead, home)
	}
	return out, err
}

// poolQuery is limited to the pools that the actor may see; home is the pool
// whose quota is shown: the first of them.
func (s *Service) poolQuery(ctx context.Context, a crm.Actor) (PoolQuery, pool.Pool, error) {
	visible, err := s.d.Gate.Visible(ctx, a, crm.KindLead)
	if err != nil {
		return PoolQuery{}, pool.Pool{}, err
	}
	all, err := s.d.Gate.Pools(ctx)
	if err != nil || len(visible) == 0 {
		return PoolQuery{}, pool.Pool{}, err
	}
	q := PoolQuery{}
	kinds := 0
	for _, p := range all {
		if p.Kind == crm.KindLead {
			kinds++
		}
	}
	for _, p := range visible {
		q.Pools = append(q.Pools, p.ID)
	}
	q.AllPools = kinds == len(visible)
	return q, visible[0], nil
}

// poolView masks leads for the actor, and marks those in cool-down. Leads that
// left the pool meanwhile stay in the list with their owner's name and nothing
// else, so that a list that was sent earlier can show who won them.
func (s *Service) poolView(ctx context.Context, a crm.Actor, ls []Lead) ([]Seen, error) {
	refs := make([]crm.Ref, len(ls))
	for i, l := range ls {
		refs[i] = l.Ref()
	}
	cooling, err := s.d.Gate.Cooling(ctx, a.ID, refs...)
	if err != nil {
		return nil, err
	}
	out := make([]Seen, len(ls))
	for i, l := range ls {
		if out[i], err = s.seen(ctx, a, l, accessMasked); err != nil {
			return nil, err
		}
		out[i].CoolingUntil = cooling[l.Ref()]
	}
	return out, nil
}

// Listed is the same list again as it is now, for a card that was sent before.
// Leads of pools that the actor may not see are left out.
func (s *Service) Listed(ctx context.Context, a crm.Actor, ids []crm.LeadID) (PoolList, error) {
	ls, err := s.d.Store.LeadsByID(ctx, ids...)
	if err != nil {
		return PoolList{}, err
	}
	q, home, err := s.poolQuery(ctx, a)
	if err != nil {
		return PoolList{}, err
	}
	ls = slices.DeleteFunc(ls, func(l Lead) bool { return !q.AllPools && !slices.Contains(q.Pools, l.Pool) })
	var out PoolList
	if out.Leads, err = s.poolView(ctx, a, ls); err != nil {
		return out, err
	}
	if a.ID != 0 {
		out.Status, err = s.d.Gate.Status(ctx, a.ID, crm.KindLead, home)
	}
	return out, err
}

// maxOwn bounds the list of a person's own leads; hold limits are far below.
const maxOwn = 1000

// Status is how a person stands with leads against the limits; it only informs.
func (s *Service) Status(ctx context.Context, user crm.UserID) (pool.Status, error) {
	p, err := s.d.Gate.Pool(ctx, pool.DefaultPool)
	if err != nil {
		return pool.Status{}, err
	}
	return s.d.Gate.Status(ctx, user, crm.KindLead, p)
}

// Mine are the actor's open leads, the most urgent first.
func (s *Service) Mine(ctx context.Context, a crm.Actor) ([]Seen, error) {
	return s.Of(ctx, a, a.ID)
}

// Own are the actor's open leads as they are stored, for finding one of them.
func (s *Service) Own(ctx context.Context, a crm.Actor) ([]Lead, error) {
	return s.d.Store.OwnLeads(ctx, a.ID, maxOwn)
}

// Of are the open leads of a person, the most urgent first. The actor is that
// person or leads them.
func (s *Service) Of(ctx context.Context, a crm.Actor, owner crm.UserID) ([]Seen, error) {
	if owner != a.ID {
		u, err := s.d.People.User(ctx, owner)
		if err != nil {
			return nil, err
		}
		if !a.CanSee(owner, u.Team) {
			return nil, crm.Forbidden("您无权查看 "+u.Name+" 的线索", "you may not see the leads of "+u.Name).WithNext("只能查看自己团队的", "you may see those of your own team")
		}
	}
	ls, err := s.d.Store.OwnLeads(ctx, owner, maxOwn)
	if err != nil {
		return nil, err
	}
	due, err := s.dues(ctx, owner, ls...)
	if err != nil {
		return nil, err
	}
	out := make([]Seen, len(ls))
	for i, l := range ls {
		if out[i], err = s.seenDue(ctx, a, l, accessFull, due[i]); err != nil {
			return nil, err
		}
	}
	s.byUrgency(out)
	return out, nil
}

// Losing are the actor's own leads whose time is nearly up: due to go back to the
// pool within so many working days, or to be contacted before the moment; the most
// urgent first, at most n.
func (s *Service) Losing(ctx context.Context, a crm.Actor, left int, contact time.Time, n int) ([]Seen, error) {
	ls, err := s.d.Store.OwnLeads(ctx, a.ID, maxOwn)
	if err != nil {
		return nil, err
	}
	near := map[crm.Ref]bool{}
	if s.d.Keep != nil {
		list, err := s.d.Keep.Soon(ctx, crm.KindLead, a.ID, left, maxOwn)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			near[x.Ref] = true
		}
	}
	limits := LimitsOf(ctx, s.d.Rules)
	ls = slices.DeleteFunc(ls, func(l Lead) bool {
		by, _ := contactBy(l, limits, s.d.Calendar)
		return !near[l.Ref()] && (by.IsZero() || by.After(contact))
	})
	due, err := s.dues(ctx, 0, ls...) // of these alone, not of all that the person has
	if err != nil {
		return nil, err
	}
	out := make([]Seen, len(ls))
	for i, l := range ls {
		if out[i], err = s.seenDue(ctx, a, l, accessFull, due[i]); err != nil {
			return nil, err
		}
	}
	s.byUrgency(out)
	return out[:min(len(out), n)], nil
}

// byUrgency puts those first whose time is up first.
func (s *Service) byUrgency(list []Seen) {
	slices.SortStableFunc(list, func(x, y Seen) int {
		return cmp.Or(cmp.Compare(x.Due.Next(s.d.Calendar), y.Due.Next(s.d.Calendar)), compareDue(x.Due.Contact, y.Due.Contact), cmp.Compare(x.Grade, y.Grade), cmp.Compare(x.ID, y.ID))
	})
}

// compareDue puts a deadline before none.
func compareDue(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

// byUselessness sorts by lowest grade, then longest silence.
func byUselessness(ls []Lead, now time.Time) {
	slices.SortStableFunc(ls, func(a, b Lead) int {
		return cmp.Or(cmp.Compare(b.Grade, a.Grade), cmp.Compare(idleDays(b, now), idleDays(a, now)), cmp.Compare(a.ID, b.ID))
	})
}

// idleDays is how many days nothing valid happened since the owner got it.
func idleDays(l Lead, now time.Time) int {
	t := l.OwnedAt
	if l.LastValidAt.After(t) {
		t = l.LastValidAt
	}
	return int(now.Sub(t).Hours() / 24)
}

// Search finds leads by code, by any part of the company's name, by pinyin
// initials and by contact, among those that the actor may see, the actor's own
// first. n is at most 50.
func (s *Service) Search(ctx context.Context, a crm.Actor, text string, n int) ([]Lead, error) {
	if ref, err := crm.ParseRef(text); err == nil {
		if ref.Kind != crm.KindLead {
			return nil, nil
		}
		v, err := s.Peek(ctx, a, crm.LeadID(ref.ID))
		if crm.CodeOf(err) == crm.CodeNotFound {
			return nil, nil
		}
		return []Lead{v.Lead}, err
	}
	q := Fold(text)
	if len([]rune(q)) == 0 {
		return nil, nil
	}
	view := View{All: a.All || a.System, User: a.ID, Teams: a.Reach}
	pq, _, err := s.poolQuery(ctx, a)
	if err != nil {
		return nil, err
	}
	view.Pools = pq.Pools
	ls, err := s.d.Store.SearchLeads(ctx, cut(q, maxTermRunes), view, 50)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(ls, func(x, y Lead) int {
		return cmp.Or(cmp.Compare(place(x, a, q), place(y, a, q)), cmp.Compare(y.ID, x.ID))
	})
	ls = ls[:min(len(ls), n, 50)]
	if a.All || a.System {
		return ls, nil
	}
	for i, l := range ls {
		if !l.InPool() {
			continue
		}
		p, err := s.d.Gate.Pool(ctx, l.Pool)
		if err != nil {
			return nil, err
		}
		ls[i] = l.Masked(p.Hides)
	}
	// What a pool hides must not be found out by searching for it.
	return slices.DeleteFunc(ls, func(l Lead) bool {
		return l.InPool() && !slices.ContainsFunc(SearchTerms(l.Company, l.Contact), func(t string) bool { return strings.HasPrefix(t, cut(q, maxTermRunes)) })
	}), nil
}

// place orders hits: exact names, own leads, others, the pool.
func place(l Lead, a crm.Actor, q string) int {
	switch {
	case Fold(l.Company) == q:
		return 0
	case l.Owner == a.ID:
		return 1
	case l.Owner != 0:
		return 2
	}
	return 3
}
