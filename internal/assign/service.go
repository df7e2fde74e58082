package assign

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
	"crmbot/internal/undo"
)

// Store keeps runs, offers and how people take part.
type Store interface {
	// LockLead is the lead in a transaction, and nobody else changes it until it ends.
	LockLead(ctx context.Context, id crm.LeadID) (lead.Lead, error)
	// LeadsByID finds several, in the order of the ids.
	LeadsByID(ctx context.Context, ids ...crm.LeadID) ([]lead.Lead, error)
	// LastLeads are the newest leads, at most n, newest first.
	LastLeads(ctx context.Context, n int) ([]lead.Lead, error)
	// HoldBack keeps leads without an owner from being claimed until the moment
	// (P-07); it may be an earlier one than before.
	HoldBack(ctx context.Context, until time.Time, ids ...crm.LeadID) error
	// UncontactedLeads are open leads of the teams, nil: of all, that their owners got
	// in the period and did not contact, behind the position, in order of when they
	// got them, at most n.
	UncontactedLeads(ctx context.Context, teams []crm.TeamID, from, to time.Time, after Position, n int) ([]lead.Lead, error)

	// AddRuns stores runs; a lead that has an unfinished one gets no second.
	AddRuns(ctx context.Context, rs []Run) error
	// DueRuns are unfinished runs that are due, the oldest first, at most n.
	DueRuns(ctx context.Context, now time.Time, n int) ([]Run, error)
	// NextRun is when the next unfinished run is due; zero: there is none.
	NextRun(ctx context.Context) (time.Time, error)
	// OpenRun is the unfinished run of the lead, LastRun the newest of any state;
	// crm.CodeNotFound when there is none.
	OpenRun(ctx context.Context, id crm.LeadID) (Run, error)
	LastRun(ctx context.Context, id crm.LeadID) (Run, error)
	// KeepRun stores what changes about a run if its rev is still the one that r was
	// read with, and reports whether it did.
	KeepRun(ctx context.Context, r Run) (bool, error)
	// EndRuns ends runs that are as they were read, with the result.
	EndRuns(ctx context.Context, rs []Run, result Result, now time.Time) error
	// Unplaced counts the runs that ended with nobody since the moment, by pool.
	Unplaced(ctx context.Context, since time.Time) (map[crm.PoolID]int, error)

	// AddOffer stores an open offer and sets its id; false when the lead has one.
	AddOffer(ctx context.Context, o *Offer) (bool, error)
	// CloseOffer ends an offer that is open and reports whether it was.
	CloseOffer(ctx context.Context, o Offer) (bool, error)
	// Offers are all offers of a run, the oldest first.
	Offers(ctx context.Context, run int64) ([]Offer, error)
	// Offer finds one by its number; crm.CodeNotFound when there is none.
	Offer(ctx context.Context, id int64) (Offer, error)
	// OfferOf is the person's newest offer of the lead; crm.CodeNotFound: none.
	OfferOf(ctx context.Context, id crm.LeadID, user crm.UserID) (Offer, error)
	// OpenOffers are the person's open offers, the first to expire first.
	OpenOffers(ctx context.Context, user crm.UserID) ([]Offer, error)

	// Loads counts what people have and what they got on the day, without what was
	// taken back.
	Loads(ctx context.Context, users []crm.UserID, day crm.Day) (map[crm.UserID]Load, error)
	// Recount counts the same of one person once more, without Hot. Read it after
	// LockQuota: nobody else gives them anything until the transaction ends.
	Recount(ctx context.Context, user crm.UserID, day crm.Day) (Load, error)
	// Profiles are how people take part; those who never changed anything are absent.
	Profiles(ctx context.Context, users []crm.UserID) (map[crm.UserID]Profile, error)
	// SaveProfile creates or changes one, without its Last.
	SaveProfile(ctx context.Context, p Profile) error
	// Served notes that the person got a lead by the rules.
	Served(ctx context.Context, user crm.UserID, at time.Time) error
	// DutyDays are exceptions of the roster from the day up to and including to.
	DutyDays(ctx context.Context, users []crm.UserID, from, to crm.Day) (map[crm.UserID]map[crm.Day]bool, error)
	// SaveDutyDay stores an exception; nil removes it.
	SaveDutyDay(ctx context.Context, user crm.UserID, day crm.Day, on *bool) error

	// Groups are the chats that are told of the pool's new leads.
	Groups(ctx context.Context, p crm.PoolID) ([]crm.Target, error)
	// SaveGroup binds a chat to a pool, or ends that.
	SaveGroup(ctx context.Context, p crm.PoolID, t crm.Target, on bool) error

	// AddBatch stores what was given together and returns its number.
	AddBatch(ctx context.Context, b Batch) (int64, error)
	Batch(ctx context.Context, id int64) (Batch, error)
	// KeepBatch stores what became of its leads.
	KeepBatch(ctx context.Context, b Batch) error

	// LateStages are how far the leads were escalated since their owners got them.
	LateStages(ctx context.Context, ids []crm.LeadID) (map[Late]Stage, error)
	SaveLate(ctx context.Context, l Late, s Stage, at time.Time) error
}

// Position is a place in a list in order of time and lead.
type Position struct {
	At   time.Time
	Lead crm.LeadID
}

// Late names a lead and since when its owner has it.
type Late struct {
	Lead    crm.LeadID
	OwnedAt time.Time
}

// Budget tells who got all unasked cards that they may get today (CH-03).
type Budget interface {
	Spent(ctx context.Context, users []crm.UserID) (map[crm.UserID]bool, error)
}

// Deps are what the service works with.
type Deps struct {
	Store    Store
	Leads    *lead.Service
	Gate     *pool.Gate
	Tx       crm.Transactor
	Effects  crm.Effects
	Clock    crm.Clock
	Calendar *calendar.Calendar
	People   *org.Directory
	Rules    *rule.Book
	Undo     *undo.Service
	Budget   Budget
}

// Service distributes leads.
type Service struct {
	d      Deps
	lookAt atomic.Pointer[time.Time] // see NextLook; nil: not known
}

// NewService makes the service and registers how its batches are taken back.
func NewService(d Deps) *Service {
	s := &Service{d: d}
	d.Undo.Register(undoKind, s.takeBack)
	return s
}

// The views that distribution sends unasked; handlers register them.
const (
	ViewOffer    = "assign.offer"    // "7": offer 7, to the person who is asked
	ViewGiven    = "assign.given"    // "L-12": you got this lead by the rules
	ViewManual   = "assign.manual"   // "L-12": a manager decides
	ViewClaim    = "assign.claim"    // "1": new leads in pool 1
	ViewUnplaced = "assign.unplaced" // "2026-03-02": leads that nobody could take that day
	ViewLate     = "assign.late"     // "5": person 5's leads without contact
	ViewTeamLate = "assign.teamlate" // "5": the same of those whom manager 5 leads
	ViewBatch    = "assign.batch"    // "3/5": what person 5 got in batch 3
	ViewUndone   = "assign.undone"   // "3/5": what of it was put back
)

var supervisors = []crm.Role{crm.Manager, crm.Director, crm.Boss, crm.Admin}

func mayAct(a crm.Actor) error {
	if a.Frozen {
		return crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系您的经理", "please ask your manager")
	}
	return nil
}

// book is the rules in force with their version.
func (s *Service) book(ctx context.Context) (Book, int64) { return Rules.Read(ctx, s.d.Rules) }

// reserve is for how long a lead that has just been queued cannot be claimed:
// its distribution begins within seconds.
const reserve = 5 * time.Minute

// Queue implements lead.Distributor: new leads that a rule or a pool's way
// is for are distributed in a moment; the others stay as they are.
func (s *Service) Queue(ctx context.Context, ls []*lead.Lead) error {
	return s.queue(ctx, New, 0, 0, deref(ls)...)
}

// Overtaken implements lead.Distributor: a manager was faster, and an offer that
// is open is void.
func (s *Service) Overtaken(ctx context.Context, id crm.LeadID, to crm.UserID) error {
	r, err := s.d.Store.OpenRun(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err = s.void(ctx, r, lead.Lead{ID: id, Owner: to}); errors.Is(err, errMoved) {
		return nil // whoever moved it on sees the new owner
	}
	return err
}

func deref(ls []*lead.Lead) []lead.Lead {
	out := make([]lead.Lead, len(ls))
	for i, l := range ls {
		out[i] = *l
	}
	return out
}

// Again routes a lead in the transaction of the context because its company
// asked again while nobody owned it. False: no rule is for it, or it is being
// distributed already.
func (s *Service) Again(ctx context.Context, id crm.LeadID) (bool, error) {
	ls, err := s.d.Store.LeadsByID(ctx, id)
	if err != nil || len(ls) == 0 || ls[0].Owner != 0 || ls[0].Status != lead.Open {
		return false, err
	}
	if _, err := s.d.Store.OpenRun(ctx, id); err == nil {
		return true, nil
	} else if crm.CodeOf(err) != crm.CodeNotFound {
		return false, err
	}
	book, _ := s.book(ctx)
	if _, steps := book.Plan(ls[0]); len(steps) == 0 {
		return false, nil
	}
	return true, s.queue(ctx, Inquiry, 0, 0, ls[0])
}

func (s *Service) queue(ctx context.Context, cause Cause, by, from crm.UserID, ls ...lead.Lead) error {
	book, version := s.book(ctx)
	now := s.d.Clock.Now()
	var runs []Run
	var held []crm.LeadID
	for _, l := range ls {
		name, steps := book.Plan(l)
		if len(steps) == 0 {
			continue
		}
		name.Version = version
		runs = append(runs, Run{Lead: l.ID, State: Waiting, Due: now, Plan: steps, Rule: name, Cause: cause, By: by, From: from, CreatedAt: now})
		if steps[0].Method != Claim && from == 0 {
			held = append(held, l.ID)
		}
	}
	if len(runs) == 0 {
		return nil
	}
	if err := s.d.Store.HoldBack(ctx, now.Add(reserve), held...); err != nil {
		return err
	}
	return s.d.Store.AddRuns(ctx, runs)
}

// Pending is when something is to be done next; zero: nothing waits.
func (s *Service) Pending(ctx context.Context) (time.Time, error) { return s.d.Store.NextRun(ctx) }

// managers are who decides about a lead of the step: who leads the first named
// team, else the teams of the pool, else the whole company; else the
// administrators.
func (s *Service) managers(ctx context.Context, st Step, p pool.Pool) ([]crm.UserID, error) {
	teams := append(slices.Clone(st.Teams), p.Teams...)
	for _, u := range slices.Concat(st.People, p.Users) {
		if x, err := s.d.People.User(ctx, u); err == nil && len(teams) == 0 {
			teams = append(teams, x.Team)
		}
	}
	for _, t := range teams {
		for range 20 {
			team, err := s.d.People.Team(ctx, t)
			if err != nil {
				break
			}
			if u, err := s.d.People.User(ctx, team.Leader); err == nil && u.Active && !u.Frozen {
				return []crm.UserID{u.ID}, nil
			}
			t = team.Parent
		}
	}
	all, err := s.d.People.Teams(ctx)
	if err != nil {
		return nil, err
	}
	var out []crm.UserID
	for _, t := range all {
		if t.Parent != 0 || t.Leader == 0 {
			continue
		}
		if u, err := s.d.People.User(ctx, t.Leader); err == nil && u.Active && !u.Frozen && !slices.Contains(out, u.ID) {
			out = append(out, u.ID)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	admins, err := s.d.People.WithRole(ctx, crm.Admin)
	for _, u := range admins {
		if !u.Frozen {
			out = append(out, u.ID)
		}
	}
	return out, err
}

// Heads are who answers for a record of the team: who leads it, or a team above
// it; with no team who leads the company, else the administrators.
func (s *Service) Heads(ctx context.Context, team crm.TeamID) ([]crm.UserID, error) {
	var st Step
	if team != 0 {
		st.Teams = []crm.TeamID{team}
	}
	return s.managers(ctx, st, pool.Pool{})
}

// Works reports whether the person works here and can be told of something.
func (s *Service) Works(ctx context.Context, user crm.UserID) bool {
	u, err := s.d.People.User(ctx, user)
	return err == nil && u.Active && !u.Frozen
}
