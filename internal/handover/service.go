package handover

import (
	"context"
	"errors"
	"slices"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
)

// Store keeps hand-overs.
type Store interface {
	// OwnersAmong are those of the people who own a lead, an account or an open deal.
	OwnersAmong(ctx context.Context, users []crm.UserID) ([]crm.UserID, error)
	// OwnedRecords are what the person owns: open leads, accounts, and open deals of
	// accounts that somebody else owns; at most n of each.
	OwnedRecords(ctx context.Context, user crm.UserID, n int) ([]Record, error)
	// AddHandover stores an open one with its items and sets its id; false when the
	// person has an open one.
	AddHandover(ctx context.Context, h *Handover, items []Item) (bool, error)
	// OpenHandovers are the open ones, the oldest first, at most n.
	OpenHandovers(ctx context.Context, n int) ([]Handover, error)
	// Handover finds one; HandoverOf is the person's newest; crm.CodeNotFound.
	Handover(ctx context.Context, id int64) (Handover, error)
	HandoverOf(ctx context.Context, user crm.UserID) (Handover, error)
	// SaveHandover stores what changes if the rev is still the one it was read with.
	SaveHandover(ctx context.Context, h Handover) (bool, error)
	// AddHandoverItems adds records; those that are in it stay.
	AddHandoverItems(ctx context.Context, items []Item) error
	// HandoverItems are its records in order, HandoverWork accepted ones, at most n.
	HandoverItems(ctx context.Context, id int64, n int) ([]Item, error)
	HandoverWork(ctx context.Context, n int) ([]Item, error)
	// ChangeItem stores receiver, state and the rest if the state is still was.
	ChangeItem(ctx context.Context, x Item, was ItemState) (bool, error)
	// MovedItems are records that were moved before the moment and not judged, at
	// most n.
	MovedItems(ctx context.Context, before time.Time, n int) ([]Item, error)
	// ContactedSince reports whether the person logged a valid activity on the record
	// in the time.
	ContactedSince(ctx context.Context, ref crm.Ref, user crm.UserID, from, to time.Time) (bool, error)
	// MoveTodos gives next steps and planned visits on the record to another person,
	// and returns which steps and how many plans: reminders of the steps as they were
	// are void. A day on which they plan to be there anyway is one plan.
	MoveTodos(ctx context.Context, ref crm.Ref, from, to crm.UserID, team crm.TeamID) (steps []crm.ActivityID, plans int, err error)
	// MoveContracts gives unsigned contracts of an account to another person, and
	// notes from whom and when.
	MoveContracts(ctx context.Context, id crm.AccountID, from, to crm.UserID, team crm.TeamID, at time.Time) error
	// MoveDeal gives an open deal to another person if it is still the former one's.
	MoveDeal(ctx context.Context, id crm.DealID, from, to crm.UserID, team crm.TeamID, at time.Time) (bool, error)
	// Bought is what an account bought: won deals and signed contracts, at most n.
	Bought(ctx context.Context, ref crm.Ref, n int) ([]string, error)
	// Promises are the next steps on a record, at most n.
	Promises(ctx context.Context, ref crm.Ref, n int) ([]Promise, error)
	// Reachers are the contacts of the record.
	Reachers(ctx context.Context, ref crm.Ref, n int) ([]string, error)
	// OpenMoney is the amount of the record's open deals.
	OpenMoney(ctx context.Context, ref crm.Ref) (crm.Money, error)
}

// Promise is a next step that was agreed.
type Promise struct {
	Day  crm.Day
	What string
}

// Grace puts off the recycling of a record (HO-02).
type Grace interface {
	Grace(ctx context.Context, ref crm.Ref, days int) error
}

// Reminders are those of next steps.
type Reminders interface {
	// RemindAgain queues them for whoever has the steps now, in the transaction of
	// the context.
	RemindAgain(ctx context.Context, steps ...crm.ActivityID) error
}

// Deps are what the service works with.
type Deps struct {
	Store    Store
	Leads    *lead.Service
	Accounts *account.Service
	Gate     *pool.Gate
	Grace    Grace
	Teller   lead.Teller
	Remind   Reminders
	Tx       crm.Transactor
	Effects  crm.Effects
	Clock    crm.Clock
	Calendar *calendar.Calendar
	People   *org.Directory
	Rules    *rule.Book
}

// Service hands records over.
type Service struct{ d Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// The views that hand-overs send; handlers register them.
const (
	ViewAsk   = "handover.ask"   // "3": hand-over 3, to the manager
	ViewGiven = "handover.given" // "3/5": what person 5 got from hand-over 3
)

// The bounds of one pass and one hand-over.
const (
	batch    = 100
	maxItems = 2000
)

var bosses = []crm.Role{crm.Manager, crm.Director, crm.Boss, crm.Admin}

// Ref names a hand-over's cards: they follow the person.
func (h Handover) Ref() crm.Ref { return org.PersonRef(h.User) }

// leaving are the people who are frozen or gone.
func (s *Service) leaving(ctx context.Context) ([]crm.UserID, error) {
	users, err := s.d.People.Everyone(ctx)
	if err != nil {
		return nil, err
	}
	var out []crm.UserID
	for _, u := range users {
		if u.Frozen || !u.Active {
			out = append(out, u.ID)
		}
	}
	return out, nil
}

// Pending is now while somebody is frozen or gone, or a hand-over is open; zero:
// Watch has nothing to do.
func (s *Service) Pending(ctx context.Context) (time.Time, error) {
	leaving, err := s.leaving(ctx)
	if err != nil || len(leaving) > 0 {
		return s.d.Clock.Now(), err
	}
	open, err := s.d.Store.OpenHandovers(ctx, 1)
	if err != nil || len(open) == 0 {
		return time.Time{}, err
	}
	return s.d.Clock.Now(), nil
}

// Accepted is now while records are accepted and not moved; zero: none is.
func (s *Service) Accepted(ctx context.Context) (time.Time, error) {
	items, err := s.d.Store.HandoverWork(ctx, 1)
	if err != nil || len(items) == 0 {
		return time.Time{}, err
	}
	return s.d.Clock.Now(), nil
}

// Watch opens a hand-over for everybody who is frozen or gone and owns something,
// asks the managers when it is time, ends those of people who are back, moves what
// was accepted and counts who got in touch. It can be stopped at any record.
func (s *Service) Watch(ctx context.Context) error {
	leaving, err := s.leaving(ctx)
	if err != nil {
		return err
	}
	owners, err := s.d.Store.OwnersAmong(ctx, leaving)
	if err != nil {
		return err
	}
	open, err := s.d.Store.OpenHandovers(ctx, maxItems)
	if err != nil {
		return err
	}
	for _, id := range owners {
		if !slices.ContainsFunc(open, func(h Handover) bool { return h.User == id }) {
			if err := s.begin(ctx, id); err != nil {
				return err
			}
		}
	}
	// First moved, then followed: one that is complete by that ends now.
	failed := s.work(ctx)
	if open, err = s.d.Store.OpenHandovers(ctx, maxItems); err != nil {
		return errors.Join(failed, err)
	}
	for _, h := range open {
		failed = errors.Join(failed, s.follow(ctx, h))
	}
	return errors.Join(failed, s.judge(ctx))
}

func (s *Service) audit(ctx context.Context, by crm.UserID, action string, ref crm.Ref, detail map[string]any) error {
	return s.d.Effects.Audit(ctx, crm.Audit{At: s.d.Clock.Now(), Actor: by, Action: action, Ref: ref, Rule: "HO-01", Detail: detail})
}
