package lead

import (
	"context"
	"fmt"
	"time"

	"crmbot/internal/cache"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/recycle"
	"crmbot/internal/rule"
)

// Store keeps leads.
type Store interface {
	// Lead finds one; crm.CodeNotFound when there is none.
	Lead(ctx context.Context, id crm.LeadID) (Lead, error)
	// LockLead is Lead in a transaction, and nobody else changes the lead until
	// it ends.
	LockLead(ctx context.Context, id crm.LeadID) (Lead, error)
	// LeadsByID finds several, in the order of the ids; missing ones are left out.
	LeadsByID(ctx context.Context, ids ...crm.LeadID) ([]Lead, error)
	// InsertLeads stores new leads and sets their ids.
	InsertLeads(ctx context.Context, ls []*Lead) error
	// MoveLead gives the lead its new owner or pool if it still has the owner and
	// version that l was read with, and reports whether it did.
	MoveLead(ctx context.Context, l Lead, s pool.Stamp, next Status, quality string) (bool, error)
	// SetStatus changes state and quality mark if the version still fits.
	SetStatus(ctx context.Context, l Lead, next Status, quality string, now time.Time) (bool, error)
	// SetBecame notes what a lead was converted to, and that its need was confirmed
	// if it was not yet.
	SetBecame(ctx context.Context, id crm.LeadID, to crm.AccountID, now time.Time) error
	// TouchLead moves the activity times forward and reports whether this was
	// the first valid one ever.
	TouchLead(ctx context.Context, id crm.LeadID, at time.Time, valid bool) (first bool, err error)
	// ResetTouch sets the activity times, after an activity was taken back.
	ResetTouch(ctx context.Context, id crm.LeadID, first, last, lastValid time.Time) error
	// PoolLeads are leads in pools in the order in which they are offered.
	PoolLeads(ctx context.Context, q PoolQuery) ([]Lead, error)
	// OwnLeads are the open leads of a person, at most n.
	OwnLeads(ctx context.Context, owner crm.UserID, n int) ([]Lead, error)
	// SearchLeads are leads with a term that begins with the text, within the
	// view, at most n.
	SearchLeads(ctx context.Context, text string, v View, n int) ([]Lead, error)
	// ImportedLeads are an import's leads after the row, in order of rows, at most
	// n; with untouched only those that nobody changed since.
	ImportedLeads(ctx context.Context, importID int64, untouched bool, afterRow, n int) ([]Imported, error)
	// DeleteUntouched removes leads that nobody changed since the import and
	// returns which were removed.
	DeleteUntouched(ctx context.Context, importID int64, ids []crm.LeadID) ([]crm.LeadID, error)
	pool.Collaborations
	Ratings
	Merges
}

// Imported is a lead and its row in the import that made it.
type Imported struct {
	ID  crm.LeadID
	Row int
}

// View says which leads somebody may see (PM-01).
type View struct {
	All   bool
	User  crm.UserID
	Teams []crm.TeamID
	Pools []crm.PoolID
}

// StoryItem is one activity as the next owner sees it (P-18).
type StoryItem struct {
	At   time.Time
	Who  string
	Kind crm.Text // "拜访", "visit"
	Text string
}

// Teller tells the last activities of a record, newest first.
type Teller interface {
	Story(ctx context.Context, ref crm.Ref, n int) ([]StoryItem, error)
}

// Existing describes a record that a new one would repeat (DU-02).
type Existing struct {
	Match  Match
	Title  string
	Owner  crm.UserID
	Team   crm.TeamID
	InPool bool
	// Pool is its home pool, Claimable when its embargo there ends, and Review that
	// its data is being checked; for records in a pool.
	Pool      crm.PoolID
	Claimable time.Time
	Review    bool
	Status    crm.Text
	// Release is when it is due to go back to the pool; empty: never.
	Release crm.Day
}

// Describe tells about a record of another kind that shares the duplicate keys.
type Describe func(ctx context.Context, ref crm.Ref) (Existing, error)

// Deps are what the service works with.
type Deps struct {
	Store      Store
	Tx         crm.Transactor
	Effects    crm.Effects
	Gate       *pool.Gate
	Duplicates *Duplicates
	Index      Index
	Clock      crm.Clock
	Calendar   *calendar.Calendar
	People     *org.Directory
	Rules      *rule.Book
	// Keep is the clock of recycling; nil: leads have periods only.
	Keep *recycle.Service
	// Teller tells the activities; nil until there are any.
	Teller Teller
	// CountFiles counts the attachments of a lead; nil until there are any.
	CountFiles func(ctx context.Context, ref crm.Ref) (int, error)
	// Describers tell about records of other kinds with the same keys; optional.
	Describers map[crm.Kind]Describe
	// Told remembers who was told of which record (DU-02); nil: nothing is remembered.
	Told pool.Told
}

// Service does everything that can be done with leads.
type Service struct {
	d           Deps
	learned     cache.Copy[map[string]int]
	distributor Distributor
}

// NewService makes the service.
func NewService(d Deps) *Service {
	return &Service{d: d, learned: cache.Copy[map[string]int]{MaxAge: learnedFor}}
}

// SetTeller sets who tells the activities, once, before the service is used.
func (s *Service) SetTeller(t Teller) { s.d.Teller = t }

// SetFiles sets who counts the attachments, once, before the service is used.
func (s *Service) SetFiles(count func(ctx context.Context, ref crm.Ref) (int, error)) {
	s.d.CountFiles = count
}

// DescribeKind sets who describes records of another kind that share duplicate
// keys with leads, once, before the service is used.
func (s *Service) DescribeKind(k crm.Kind, d Describe) {
	if s.d.Describers == nil {
		s.d.Describers = map[crm.Kind]Describe{}
	}
	s.d.Describers[k] = d
}

// The settings of leads besides those beside their rules.
var (
	CollabDays = pool.CollabDays
)

// Settings are the definitions for the book of rules.
func Settings() []rule.Def {
	return append(pool.Settings(), Sources.Def(), Periods.Def(), Similarity.Def(), UnknownSource.Def(), CompleteRule.Def(), ActionRule.Def(), FitRule.Def(), DecayRule.Def(), LearnFrom.Def(),
		LineRule.Def(), SlackRule.Def(), GivenDays.Def(), Shrink.Def(), ValidDays.Def(), ReachDays.Def(), CheckLeast.Def(), CheckSpan.Def())
}

// mayAct refuses people who may only read.
func mayAct(a crm.Actor) error {
	if a.Frozen {
		return crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系您的经理", "please ask your manager")
	}
	return nil
}

// supervisors may assign and release what they lead.
var supervisors = []crm.Role{crm.Manager, crm.Director, crm.Boss, crm.Admin}

// manages reports whether the actor may decide about the lead in the owner's place.
func manages(a crm.Actor, l Lead) bool { return a.Is(supervisors...) && a.Leads(l.Team) }

// notFound is the answer for a lead that does not exist for the actor.
func notFound(id crm.LeadID) error {
	return crm.NotFound("没有线索 "+id.String()+"，或您无权查看", "there is no lead "+id.String()+", or you may not see it").WithNext("发送 /我的线索 或 /公海 查看", "send /leads or /pool")
}

// access is what the actor may do with a lead.
type access int

const (
	accessNone   access = iota
	accessMasked        // in a pool that the actor may see
	accessRead          // collaborator
	accessFull          // owner, their leaders, company-wide functions
)

func (s *Service) access(ctx context.Context, a crm.Actor, l Lead) (access, error) {
	if l.Owner != 0 || !l.InPool() {
		if a.CanSee(l.Owner, l.Team) {
			return accessFull, nil
		}
		c, err := s.d.Store.Collaboration(ctx, l.Ref(), a.ID)
		if err != nil {
			return accessNone, err
		}
		if c.Active(s.d.Clock.Now()) {
			return accessRead, nil
		}
		return accessNone, nil
	}
	if a.All || a.System {
		return accessFull, nil
	}
	_, sees, manages, err := s.d.Gate.Sees(ctx, a, l.Pool)
	switch {
	case err != nil || !sees:
		return accessNone, err
	case manages:
		return accessFull, nil
	}
	return accessMasked, nil
}

// Seen is a lead as the actor may see it.
type Seen struct {
	Lead
	// Masked reports that fields are hidden because it is in the pool (P-08).
	Masked bool
	// Mine reports that the actor owns it; Manages that they lead the owner.
	Mine, Manages bool
	OwnerName     string
	// GivenBy is the name of who set the grade in place of the score's (L-04).
	GivenBy   string
	PoolTitle crm.Text
	Due       Due
	// Story are the last activities, Past the ledger, newest first (P-18). Only
	// in a detail view, and not while masked.
	Story []StoryItem
	Past  []Past
	// Files is how many attachments it has. Only in a detail view, and not while
	// masked.
	Files int
	// Code is the code that was asked for when it is another one: a lead that
	// became part of this one.
	Code crm.LeadID
	// CoolingUntil is when the actor may claim it again (P-06); zero: no limit.
	CoolingUntil time.Time
	// Twins are records with a similar name that the actor could merge it with
	// (DU-01). Only in a detail view.
	Twins []DuplicateOf
}

// Past is one former change of ownership in words.
type Past = pool.Past

// Peek is the lead as the actor may see it, for rendering cards. It counts no
// detail view and tells no story.
func (s *Service) Peek(ctx context.Context, a crm.Actor, id crm.LeadID) (Seen, error) {
	l, err := s.stored(ctx, id)
	if err != nil {
		if crm.CodeOf(err) == crm.CodeNotFound {
			return Seen{}, notFound(id)
		}
		return Seen{}, err
	}
	acc, err := s.access(ctx, a, l)
	if err != nil {
		return Seen{}, err
	}
	if acc == accessNone {
		return Seen{}, notFound(id)
	}
	v, err := s.seen(ctx, a, l, acc)
	if l.ID != id {
		v.Code = id
	}
	return v, err
}

func (s *Service) seen(ctx context.Context, a crm.Actor, l Lead, acc access) (Seen, error) {
	due, err := s.dues(ctx, 0, l)
	if err != nil {
		return Seen{}, err
	}
	return s.seenDue(ctx, a, l, acc, due[0])
}

// seenDue is seen with the deadlines at hand.
func (s *Service) seenDue(ctx context.Context, a crm.Actor, l Lead, acc access, due Due) (Seen, error) {
	v := Seen{Lead: l, Mine: l.Owner != 0 && l.Owner == a.ID, Manages: manages(a, l) || l.Owner == 0 && a.Is(supervisors...), OwnerName: s.d.People.Name(ctx, l.Owner), GivenBy: s.d.People.Name(ctx, l.Given.By), Due: due}
	p, err := s.d.Gate.Pool(ctx, l.Pool)
	if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
		return v, err
	}
	v.PoolTitle = crm.Text{Zh: p.Title(crm.Chinese), En: p.Title(crm.English)}
	v.Manages = v.Manages || l.Owner == 0 && p.Manages(a) && a.ID != 0
	if acc == accessMasked {
		v.Lead, v.Masked = l.Masked(p.Hides), true
	}
	return v, nil
}

// Open is the lead in detail for the actor: with its story when they may read
// it, and counted against the daily number of detail views when it is masked
// (P-08).
func (s *Service) Open(ctx context.Context, a crm.Actor, id crm.LeadID) (Seen, error) {
	v, err := s.Peek(ctx, a, id)
	if err == nil {
		v.Twins, err = s.Twins(ctx, a, v)
	}
	if err != nil {
		return v, err
	}
	if !v.Masked {
		return v, s.tell(ctx, &v)
	}
	p, err := s.d.Gate.Pool(ctx, v.Pool)
	if err != nil {
		return Seen{}, err
	}
	if err := s.d.Gate.View(ctx, a, v.Ref(), p); err != nil {
		return Seen{}, err
	}
	cooling, err := s.d.Gate.Cooling(ctx, a.ID, v.Ref())
	v.CoolingUntil = cooling[v.Ref()]
	return v, err
}

// Show is Open for rendering a card again: it counts no detail view.
func (s *Service) Show(ctx context.Context, a crm.Actor, id crm.LeadID) (Seen, error) {
	v, err := s.Peek(ctx, a, id)
	if err == nil {
		v.Twins, err = s.Twins(ctx, a, v)
	}
	if err != nil {
		return v, err
	}
	if !v.Masked {
		return v, s.tell(ctx, &v)
	}
	cooling, err := s.d.Gate.Cooling(ctx, a.ID, v.Ref())
	v.CoolingUntil = cooling[v.Ref()]
	return v, err
}

// LossOf is how the actor last lost a lead; crm.CodeNotFound when they never
// owned it.
func (s *Service) LossOf(ctx context.Context, a crm.Actor, id crm.LeadID) (Past, error) {
	v := Seen{Lead: Lead{ID: id}}
	if err := s.tell(ctx, &v); err != nil {
		return Past{}, err
	}
	for _, p := range v.Past {
		if p.FromID == a.ID && a.ID != 0 {
			return p, nil
		}
	}
	return Past{}, notFound(id)
}

const (
	storyLength = 5
	pastLength  = 10
)

// tell adds what a new owner must know (P-18).
func (s *Service) tell(ctx context.Context, v *Seen) error {
	entries, err := s.d.Gate.Chronicle(ctx, v.Ref(), pastLength)
	if err != nil {
		return fmt.Errorf("ledger of %s: %w", v.Ref(), err)
	}
	return s.tellOf(ctx, v, entries)
}

// tellOf is tell with the ledger at hand. A lead without an activity has no
// story.
func (s *Service) tellOf(ctx context.Context, v *Seen, entries []pool.Entry) error {
	if s.d.Teller != nil && !v.LastActivityAt.IsZero() {
		story, err := s.d.Teller.Story(ctx, v.Ref(), storyLength)
		if err != nil {
			return fmt.Errorf("story of %s: %w", v.Ref(), err)
		}
		v.Story = story
	}
	v.Past = s.d.Gate.Tell(ctx, entries)
	if s.d.CountFiles != nil {
		n, err := s.d.CountFiles(ctx, v.Ref())
		if err != nil {
			return err
		}
		v.Files = n
	}
	return nil
}

// record writes one fact about the lead for the person.
func (s *Service) record(ctx context.Context, key string, at time.Time, user crm.UserID, team crm.TeamID, refs ...crm.Ref) error {
	facts := make([]crm.Fact, len(refs))
	for i, r := range refs {
		facts[i] = crm.Fact{At: at, Day: s.d.Calendar.DayOf(at), User: user, Team: team, Key: key, Qty: 1, Ref: r}
	}
	return s.d.Effects.Record(ctx, facts...)
}
