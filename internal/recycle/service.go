package recycle

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
)

// The facts that keeping and losing leave behind, all for the owner.
const (
	FactRecycled = "recycle.released" // a record went back to its pool by itself
	FactWarned   = "recycle.warned"   // a warning about one record
	FactActed    = "recycle.acted"    // valid work after a warning, before the day (AD-02)
	FactOverride = "recycle.override" // kept with a reason against the rule (AD-01)
	FactExtended = "recycle.extended" // an extension that was granted
)

// Mover moves records of one kind, in the transaction of the context, which has
// them locked.
type Mover struct {
	// Free gives a record back if it still belongs to the owner, and reports whether
	// it did: to the pool, or with zero to its home pool.
	Free func(ctx context.Context, ref crm.Ref, owner crm.UserID, why Verdict, to crm.PoolID) (bool, error)
	// Return takes a record that nobody owns out of the nurture pool into one where
	// it can be claimed, graded anew (P-19).
	Return func(ctx context.Context, ref crm.Ref, from crm.PoolID) error
	// GiveBack gives a record that nobody owns to the actor, its former owner (RC-04):
	// it takes their seat and locks the record, asks check, and moves it. One that
	// lies in the nurture pool gets a home where it can be claimed.
	GiveBack func(ctx context.Context, a crm.Actor, ref crm.Ref, nurture crm.PoolID, check func(ctx context.Context) error) error
}

// Pools are the pools, for the one in which records are nurtured (P-19).
type Pools interface {
	Pools(ctx context.Context) ([]pool.Pool, error)
	SavePool(ctx context.Context, a crm.Actor, p *pool.Pool) error
	History(ctx context.Context, ref crm.Ref, n int) ([]pool.Entry, error)
}

// Deps are what the service works with.
type Deps struct {
	Store    Store
	Tx       crm.Transactor
	Effects  crm.Effects
	Clock    crm.Clock
	Calendar *calendar.Calendar
	People   *org.Directory
	Rules    *rule.Book
	// Holds are what else keeps records from being released (P-12).
	Holds []Source
	// Stages are the keys of the stages of deals in order; nil: there are no deals.
	Stages func(ctx context.Context) []string
}

// Service is keeping and losing. Safe for concurrent use.
type Service struct {
	d      Deps
	movers map[crm.Kind]Mover
	pools  Pools
	// decoded are the numbers of the values of settings, by what they are of.
	decoded sync.Map
}

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d: d, movers: map[crm.Kind]Mover{}} }

// Register sets who gives records of the kind back, once, before the service is
// used. Records of a kind without a mover are not looked at.
func (s *Service) Register(k crm.Kind, m Mover) { s.movers[k] = m }

// SetPools sets the pools, once, before the service is used.
func (s *Service) SetPools(p Pools) { s.pools = p }

// Moved follows changes of owner, in their transaction: a new owner's clock
// begins anew, and a record in a pool has none.
func (s *Service) Moved(ctx context.Context, es []pool.Entry) error {
	begin, end := map[crm.UserID][]crm.Ref{}, []crm.Ref{}
	for _, e := range es {
		switch {
		case e.To != 0:
			begin[e.To] = append(begin[e.To], e.Ref)
		case e.From != 0:
			end = append(end, e.Ref)
		}
	}
	for _, u := range slices.Sorted(maps.Keys(begin)) {
		if err := s.d.Store.BeginKeep(ctx, u, begin[u]); err != nil {
			return err
		}
	}
	if len(end) == 0 {
		return nil
	}
	return s.d.Store.EndKeep(ctx, end)
}

// Unsettle notes that something changed by which the records' days may have
// come nearer: a grade, an activity taken back, a hold that ended. What puts a
// day off needs no note: the next look finds it.
func (s *Service) Unsettle(ctx context.Context, refs ...crm.Ref) error {
	return s.d.Store.Unsettle(ctx, refs)
}

// End ends the clocks of records that are over.
func (s *Service) End(ctx context.Context, refs ...crm.Ref) error {
	return s.d.Store.EndKeep(ctx, refs)
}

// Seen is when a record goes back, for a card.
type Seen struct {
	Verdict
	// Left are the working days until the release; negative when it has passed.
	Left int
	Plan Plan
	Keep Keep
}

// Trial reports that the day is shown and nothing is released on it.
func (s Seen) Trial() bool { return !s.Plan.Releases() }

// See is when each of the records goes back. The facts lack Keep and Holds.
func (s *Service) See(ctx context.Context, fs ...Facts) ([]Seen, error) {
	refs := make([]crm.Ref, 0, len(fs))
	for _, f := range fs {
		if f.Owner != 0 {
			refs = append(refs, f.Ref)
		}
	}
	keeps, err := s.d.Store.Keeps(ctx, refs)
	if err != nil {
		return nil, err
	}
	return s.see(ctx, fs, keeps)
}

// SeeAll is See for records of one owner and kind.
func (s *Service) SeeAll(ctx context.Context, kind crm.Kind, owner crm.UserID, fs []Facts) ([]Seen, error) {
	keeps, err := s.d.Store.KeepsOf(ctx, kind, owner)
	if err != nil {
		return nil, err
	}
	return s.see(ctx, fs, keeps)
}

// SeeFresh is See for a record that has just got its owner.
func (s *Service) SeeFresh(ctx context.Context, f Facts) (Seen, error) {
	list, err := s.see(ctx, []Facts{f}, nil)
	if err != nil {
		return Seen{}, err
	}
	return list[0], nil
}

func (s *Service) see(ctx context.Context, fs []Facts, keeps map[crm.Ref]Keep) ([]Seen, error) {
	fs = slices.Clone(fs)
	for i, f := range fs {
		if k := keeps[f.Ref]; k.Owner == f.Owner {
			fs[i].Keep = k
		}
	}
	if err := s.hold(ctx, fs); err != nil {
		return nil, err
	}
	now := s.d.Clock.Now()
	m := s.memo(s.d.Rules, now)
	out := make([]Seen, len(fs))
	for i, f := range fs {
		if f.Owner == 0 {
			continue
		}
		o, err := m.owner(ctx, f.Owner)
		if err != nil {
			return nil, err
		}
		out[i] = Seen{Verdict: Judge(f, o.person, o.terms, s.d.Calendar, now), Plan: o.terms.Plan, Keep: f.Keep}
		out[i].Left = s.d.Calendar.WorkdaysBetween(s.d.Calendar.DayOf(now), out[i].Release)
	}
	return out, nil
}

// hold adds what the sources know.
func (s *Service) hold(ctx context.Context, fs []Facts) error {
	var refs []crm.Ref
	for _, f := range fs {
		if f.Owner != 0 {
			refs = append(refs, f.Ref)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	for _, source := range s.d.Holds {
		held, err := source(ctx, refs)
		if err != nil {
			return fmt.Errorf("holds: %w", err)
		}
		for i := range fs {
			fs[i].Holds = append(fs[i].Holds, held[fs[i].Ref]...)
		}
	}
	return nil
}

// FactsOf are the facts of records as they are stored.
func (s *Service) FactsOf(ctx context.Context, refs ...crm.Ref) (map[crm.Ref]Facts, error) {
	return s.d.Store.Facts(ctx, refs, s.words(ctx, s.d.Rules))
}

func (s *Service) words(ctx context.Context, b *rule.Book) Words {
	w := Words{Zone: s.d.Calendar.Zone()}
	w.Enquiries, _ = EnquirySources.Read(ctx, b)
	if s.d.Stages != nil {
		w.Stages = s.d.Stages(ctx)
	}
	return w
}

// owner is what is known of a person who owns records.
type owner struct {
	user   org.User
	person Person
	terms  Terms
}

// memo remembers owners for one piece of work.
type memo struct {
	s      *Service
	rules  *rule.Book
	now    time.Time
	owners map[crm.UserID]*owner
}

func (s *Service) memo(b *rule.Book, now time.Time) *memo {
	return &memo{s, b, now, map[crm.UserID]*owner{}}
}

func (m *memo) owner(ctx context.Context, id crm.UserID) (*owner, error) {
	if o := m.owners[id]; o != nil {
		return o, nil
	}
	u, err := m.s.d.People.User(ctx, id)
	if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
		return nil, err
	}
	u.ID = id
	scopes, err := m.s.scopesOf(ctx, u)
	if err != nil {
		return nil, err
	}
	o := &owner{user: u, person: Person{LeaveFrom: u.LeaveFrom, LeaveTo: u.LeaveTo, Frozen: u.Frozen || !u.Active}, terms: m.s.termsOf(ctx, m.rules, m.now, scopes)}
	m.owners[id] = o
	return o, nil
}

// today is the organisation's day.
func (s *Service) today() crm.Day { return s.d.Calendar.DayOf(s.d.Clock.Now()) }
