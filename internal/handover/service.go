package handover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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
	// MoveTodos gives next steps and planned visits on the record to another person
	// and returns how many. A day on which they plan to be there anyway is one plan.
	MoveTodos(ctx context.Context, ref crm.Ref, from, to crm.UserID, team crm.TeamID) (int, error)
	// MoveContracts gives unsigned contracts of an account to another person.
	MoveContracts(ctx context.Context, id crm.AccountID, from, to crm.UserID, team crm.TeamID) error
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

// Deps are what the service works with.
type Deps struct {
	Store    Store
	Leads    *lead.Service
	Accounts *account.Service
	Gate     *pool.Gate
	Grace    Grace
	Teller   lead.Teller
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
	if open, err = s.d.Store.OpenHandovers(ctx, maxItems); err != nil {
		return err
	}
	var failed error
	for _, h := range open {
		failed = errors.Join(failed, s.follow(ctx, h))
	}
	return errors.Join(failed, s.work(ctx), s.judge(ctx))
}

// begin opens the hand-over of a person with its proposal.
func (s *Service) begin(ctx context.Context, id crm.UserID) error {
	u, err := s.d.People.User(ctx, id)
	if err != nil {
		return err
	}
	boss, err := s.d.People.Superior(ctx, id)
	if err != nil {
		return err
	}
	if boss == 0 {
		admins, err := s.d.People.WithRole(ctx, crm.Admin)
		if err != nil {
			return err
		}
		for _, x := range admins {
			if !x.Frozen && x.ID != id {
				boss = x.ID
				break
			}
		}
	}
	records, err := s.d.Store.OwnedRecords(ctx, id, maxItems)
	if err != nil || len(records) == 0 {
		return err
	}
	items, err := s.split(ctx, u, records)
	if err != nil {
		return err
	}
	now := s.d.Clock.Now()
	h := Handover{User: id, Manager: boss, Team: u.Team, State: Open, CreatedAt: now, AskAt: s.d.Calendar.AddWorkHours(now, time.Duration(AskAfter.Of(ctx, s.d.Rules))*time.Hour)}
	if !u.Active { // an administrator said so: there is nothing to wait for
		h.AskAt = s.d.Calendar.NextLoud(now)
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.d.Store.AddHandover(ctx, &h, items)
		if err != nil || !ok {
			return err
		}
		return s.audit(ctx, 0, "handover.open", h.Ref(), map[string]any{"handover": h.ID, "records": len(items), "manager": boss})
	})
}

func (s *Service) audit(ctx context.Context, by crm.UserID, action string, ref crm.Ref, detail map[string]any) error {
	return s.d.Effects.Audit(ctx, crm.Audit{At: s.d.Clock.Now(), Actor: by, Action: action, Ref: ref, Rule: "HO-01", Detail: detail})
}

// split proposes a receiver for each record.
func (s *Service) split(ctx context.Context, leaver org.User, records []Record) ([]Item, error) {
	receivers, err := s.receivers(ctx, leaver)
	if err != nil {
		return nil, err
	}
	to := Propose(records, receivers)
	out := make([]Item, len(records))
	for i, r := range records {
		out[i] = Item{Record: r, To: to[r.Ref], State: Proposed}
	}
	return out, nil
}

// receivers are the sales reps of the leaver's team, or of the teams around it
// where it has nobody else.
func (s *Service) receivers(ctx context.Context, leaver org.User) ([]Receiver, error) {
	today := s.d.Calendar.DayOf(s.d.Clock.Now())
	able := func(u org.User) bool {
		return u.ID != leaver.ID && u.Has(crm.Rep) && !u.Frozen && !u.OnLeave(today)
	}
	var users []org.User
	for team := leaver.Team; team != 0; {
		within, err := s.d.People.Below(ctx, team)
		if err != nil {
			return nil, err
		}
		if users, err = s.d.People.Users(ctx, func(u org.User) bool { return able(u) && slices.Contains(within, u.Team) }); err != nil || len(users) > 0 {
			break
		}
		t, err := s.d.People.Team(ctx, team)
		if err != nil || t.Parent == team {
			break
		}
		team = t.Parent
	}
	if len(users) == 0 {
		var err error
		if users, err = s.d.People.Users(ctx, able); err != nil {
			return nil, err
		}
	}
	out := make([]Receiver, len(users))
	for i, u := range users {
		x := Receiver{User: u.ID, Region: u.Region, Held: map[crm.Kind]int{}, Hold: map[crm.Kind]int{}}
		if x.Region == "" {
			if t, err := s.d.People.Team(ctx, u.Team); err == nil {
				x.Region = t.Region
			}
		}
		for _, k := range []crm.Kind{crm.KindLead, crm.KindAccount} {
			st, err := s.d.Gate.Status(ctx, u.ID, k, pool.Pool{})
			if err != nil {
				return nil, err
			}
			x.Held[k], x.Hold[k] = st.Held, st.Hold
		}
		out[i] = x
	}
	return out, nil
}

// follow takes one open hand-over on: ends it, or asks the manager.
func (s *Service) follow(ctx context.Context, h Handover) error {
	u, err := s.d.People.User(ctx, h.User)
	if err != nil {
		return err
	}
	now := s.d.Clock.Now()
	if u.Active && !u.Frozen {
		return s.end(ctx, h, Cancelled)
	}
	items, err := s.d.Store.HandoverItems(ctx, h.ID, maxItems)
	if err != nil {
		return err
	}
	left := 0
	for _, x := range items {
		if x.State == Proposed || x.State == Accepted || x.State == Failed {
			left++
		}
	}
	if left == 0 && !h.AskedAt.IsZero() {
		return s.end(ctx, h, Done)
	}
	if !h.AskedAt.IsZero() || h.AskAt.After(now) || h.Manager == 0 {
		return nil
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		after := h
		after.AskedAt = now
		ok, err := s.d.Store.SaveHandover(ctx, after)
		if err != nil || !ok {
			return err
		}
		return s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(h.Manager), View: crm.View{Name: ViewAsk, Ref: fmt.Sprint(h.ID)}, Always: true})
	})
}

// end closes a hand-over. What was moved stays where it is.
func (s *Service) end(ctx context.Context, h Handover, to State) error {
	now := s.d.Clock.Now()
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		after := h
		after.State, after.DoneAt = to, now
		ok, err := s.d.Store.SaveHandover(ctx, after)
		if err != nil || !ok {
			return err
		}
		if err := s.audit(ctx, 0, "handover."+string(to), h.Ref(), map[string]any{"handover": h.ID}); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, h.Ref())
	})
}

// work moves accepted records, each in a transaction of its own, and tells each
// new owner in one card.
func (s *Service) work(ctx context.Context) error {
	told := map[[2]int64]bool{}
	var failed error
	for range 5 {
		items, err := s.d.Store.HandoverWork(ctx, batch)
		if err != nil || len(items) == 0 {
			failed = errors.Join(failed, err)
			break
		}
		for _, x := range items {
			if err := ctx.Err(); err != nil {
				return err
			}
			h, err := s.d.Store.Handover(ctx, x.Handover)
			if err != nil {
				return err
			}
			if err := s.moveOne(ctx, h, x); err != nil {
				slog.WarnContext(ctx, "hand-over", "record", x.Ref.String(), "err", err)
				failed = errors.Join(failed, err)
				continue
			}
			told[[2]int64{h.ID, int64(x.To)}] = true
		}
		if failed != nil {
			break
		}
	}
	for k := range told {
		err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			h, err := s.d.Store.Handover(ctx, k[0])
			if err != nil {
				return err
			}
			view := crm.View{Name: ViewGiven, Ref: fmt.Sprintf("%d/%d", k[0], k[1])}
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(crm.UserID(k[1])), View: view, Topic: view.Name + ":" + view.Ref}); err != nil {
				return err
			}
			return s.d.Effects.Refresh(ctx, h.Ref())
		})
		failed = errors.Join(failed, err)
	}
	return failed
}

// moveOne moves a record with what was promised on it (HO-02).
func (s *Service) moveOne(ctx context.Context, h Handover, x Item) error {
	now := s.d.Clock.Now()
	finish := func(ctx context.Context, team crm.TeamID) error {
		todos, err := s.d.Store.MoveTodos(ctx, x.Ref, h.User, x.To, team)
		if err != nil {
			return err
		}
		if x.Ref.Kind != crm.KindDeal {
			today := s.d.Calendar.DayOf(now)
			days := s.d.Calendar.AddWorkdays(today, int(GraceDays.Of(ctx, s.d.Rules))).Sub(today)
			if err := s.d.Grace.Grace(ctx, x.Ref, days); err != nil {
				return err
			}
		}
		done := x
		done.State, done.MovedAt = Moved, now
		ok, err := s.d.Store.ChangeItem(ctx, done, Accepted)
		if err != nil {
			return err
		}
		if !ok {
			return pool.ErrLost
		}
		return s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: h.Manager, Action: "handover.move", Ref: x.Ref, Rule: "HO-02", Detail: map[string]any{"handover": h.ID, "from": h.User, "to": x.To, "todos": todos}})
	}
	a := crm.SystemActor()
	a.ID = h.Manager
	var err error
	switch x.Ref.Kind {
	case crm.KindLead:
		_, err = s.d.Leads.Route(ctx, a, lead.Routing{Lead: crm.LeadID(x.Ref.ID), From: h.User, To: x.To, Reason: pool.Handover}, func(ctx context.Context, l lead.Lead) error { return finish(ctx, l.Team) })
	case crm.KindAccount:
		err = s.d.Accounts.HandOver(ctx, a, crm.AccountID(x.Ref.ID), h.User, x.To, func(ctx context.Context, team crm.TeamID) error {
			if Follow.Of(ctx, s.d.Rules) {
				if err := s.d.Store.MoveContracts(ctx, crm.AccountID(x.Ref.ID), h.User, x.To, team); err != nil {
					return err
				}
			}
			return finish(ctx, team)
		})
	default:
		err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			u, err := s.d.People.User(ctx, x.To)
			if err != nil {
				return err
			}
			ok, err := s.d.Store.MoveDeal(ctx, crm.DealID(x.Ref.ID), h.User, x.To, u.Team, now)
			if err != nil {
				return err
			}
			if !ok {
				return pool.ErrLost
			}
			if err := finish(ctx, u.Team); err != nil {
				return err
			}
			return s.d.Effects.Refresh(ctx, x.Ref)
		})
	}
	if err == nil || crm.CodeOf(err) == crm.CodeInternal && !errors.Is(err, pool.ErrLost) || crm.CodeOf(err) == crm.CodeUnavailable {
		return err
	}
	// It went elsewhere meanwhile, or a rule says no: the manager sees it.
	was := x
	x.State, x.Reason = Failed, crm.RuleOf(err)
	if errors.Is(err, pool.ErrLost) || crm.CodeOf(err) == crm.CodeNotFound {
		x.State = Gone
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		_, err := s.d.Store.ChangeItem(ctx, x, was.State)
		return err
	})
}

// judge counts whether new owners got in touch in time (HO-03).
func (s *Service) judge(ctx context.Context) error {
	now := s.d.Clock.Now()
	days := int(ContactDays.Of(ctx, s.d.Rules))
	before := s.d.Calendar.AddWorkdays(s.d.Calendar.DayOf(now), -days)
	items, err := s.d.Store.MovedItems(ctx, s.d.Calendar.At(before, 0), batch)
	if err != nil {
		return err
	}
	for _, x := range items {
		last := s.d.Calendar.AddWorkdays(s.d.Calendar.DayOf(x.MovedAt), days)
		ok, err := s.d.Store.ContactedSince(ctx, x.Ref, x.To, x.MovedAt, s.d.Calendar.At(last.AddDays(1), 0))
		if err != nil {
			return err
		}
		u, err := s.d.People.User(ctx, x.To)
		if err != nil {
			return err
		}
		fact := crm.Fact{At: s.d.Calendar.At(last, calendar.Clock(12, 0)), Day: last, User: x.To, Team: u.Team, Key: FactReceived, Qty: 1, Ref: x.Ref}
		err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			done := x
			done.Judged = true
			changed, err := s.d.Store.ChangeItem(ctx, done, Moved)
			if err != nil || !changed {
				return err
			}
			facts := []crm.Fact{fact}
			if ok {
				met := fact
				met.Key = FactContacted
				facts = append(facts, met)
			}
			return s.d.Effects.Record(ctx, facts...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Split is a hand-over with its records, for whoever may decide about it.
type Split struct {
	Handover
	Items []Item
	// People are who could get something.
	People []org.User
}

// mine is the hand-over for its manager and those above.
func (s *Service) mine(ctx context.Context, a crm.Actor, h Handover) error {
	if a.Frozen || !a.Is(bosses...) || !a.Leads(h.Team) && h.Manager != a.ID {
		return crm.NotFound("没有这次交接，或您无权查看", "there is no such hand-over, or you may not see it")
	}
	return nil
}

// Get is one hand-over, Of the newest of a person.
func (s *Service) Get(ctx context.Context, a crm.Actor, id int64) (Split, error) {
	h, err := s.d.Store.Handover(ctx, id)
	if err != nil {
		return Split{}, err
	}
	return s.show(ctx, a, h)
}

// Of is the newest hand-over of a person; see Get.
func (s *Service) Of(ctx context.Context, a crm.Actor, user crm.UserID) (Split, error) {
	h, err := s.d.Store.HandoverOf(ctx, user)
	if err != nil {
		return Split{}, err
	}
	return s.show(ctx, a, h)
}

func (s *Service) show(ctx context.Context, a crm.Actor, h Handover) (Split, error) {
	if err := s.mine(ctx, a, h); err != nil {
		return Split{}, err
	}
	items, err := s.d.Store.HandoverItems(ctx, h.ID, maxItems)
	if err != nil {
		return Split{}, err
	}
	people, err := s.d.People.Users(ctx, func(u org.User) bool { return u.Has(crm.Rep) && !u.Frozen && u.ID != h.User && a.Leads(u.Team) })
	return Split{h, items, people}, err
}

// Listed are the open hand-overs that the actor may decide about.
func (s *Service) Listed(ctx context.Context, a crm.Actor) ([]Split, error) {
	if !a.Is(bosses...) {
		return nil, crm.Forbid(a, crm.Manager, crm.Admin)
	}
	open, err := s.d.Store.OpenHandovers(ctx, maxItems)
	if err != nil {
		return nil, err
	}
	var out []Split
	for _, h := range open {
		x, err := s.show(ctx, a, h)
		if crm.CodeOf(err) == crm.CodeNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// Pick says which records of a hand-over are meant; the zero value: all of them.
type Pick struct {
	Refs   []crm.Ref
	Region string
	Grade  string
	// To is who they are proposed for.
	To crm.UserID
}

func (p Pick) fits(x Item) bool {
	return (len(p.Refs) == 0 || slices.Contains(p.Refs, x.Ref)) && (p.Region == "" || strings.HasPrefix(x.Region, p.Region)) &&
		(p.Grade == "" || strings.EqualFold(x.Grade, p.Grade)) && (p.To == 0 || x.To == p.To)
}

// Give changes who gets the picked records of a hand-over (HO-01); Accept lets
// them go to those who are proposed. Both return how many.
func (s *Service) Give(ctx context.Context, a crm.Actor, id int64, p Pick, to crm.UserID) (int, error) {
	u, err := s.d.People.User(ctx, to)
	if err != nil {
		return 0, err
	}
	switch {
	case !a.Leads(u.Team):
		return 0, crm.Forbidden(u.Name+" 不在您管理的团队里", u.Name+" is not in a team that you lead")
	case !u.Active || u.Frozen || !u.Has(crm.Rep):
		return 0, crm.Refused("HO-01", u.Name+" 不能接收交接", u.Name+" cannot take records over").WithNext("请选择一位在职的销售", "choose a sales rep who is at work")
	}
	return s.change(ctx, a, id, p, "handover.give", func(x *Item) bool {
		x.To, x.State, x.Reason = to, Proposed, ""
		return true
	})
}

// Accept lets the picked records go to those whom they are proposed for.
func (s *Service) Accept(ctx context.Context, a crm.Actor, id int64, p Pick) (int, error) {
	return s.change(ctx, a, id, p, "handover.accept", func(x *Item) bool {
		if x.To == 0 {
			return false
		}
		x.State, x.Reason = Accepted, ""
		return true
	})
}

func (s *Service) change(ctx context.Context, a crm.Actor, id int64, p Pick, action string, do func(*Item) bool) (int, error) {
	split, err := s.Get(ctx, a, id)
	if err != nil {
		return 0, err
	}
	if split.State != Open {
		return 0, crm.Conflict("HO-01", "这次交接已经结束", "this hand-over is over").WithNext("发送 /交接 查看", "send /handover to see what is open")
	}
	n := 0
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		n = 0
		for _, x := range split.Items {
			was := x.State
			if was != Proposed && was != Failed || !p.fits(x) || !do(&x) {
				continue
			}
			ok, err := s.d.Store.ChangeItem(ctx, x, was)
			if err != nil {
				return err
			}
			if ok {
				n++
			}
		}
		if n == 0 {
			return crm.NotFound("没有符合的待交接记录", "no record to hand over fits").WithNext("发送 /交接 查看", "send /handover to see them")
		}
		if err := s.audit(ctx, a.ID, action, split.Ref(), map[string]any{"handover": id, "records": n}); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, split.Ref())
	})
	return n, err
}

// Taken are the records that the actor got from a hand-over.
func (s *Service) Taken(ctx context.Context, a crm.Actor, id int64) (Handover, []Item, error) {
	h, err := s.d.Store.Handover(ctx, id)
	if err != nil {
		return h, nil, err
	}
	items, err := s.d.Store.HandoverItems(ctx, id, maxItems)
	return h, slices.DeleteFunc(items, func(x Item) bool { return x.State != Moved || x.To != a.ID }), err
}

// Brief is what a new owner must know about a customer (HO-03).
type Brief struct {
	Ref      crm.Ref
	Title    string
	Contacts []string
	Bought   []string
	Open     crm.Money
	Talks    []lead.StoryItem
	Promises []Promise
	// Silent is how many days ago the last talk was; -1: never.
	Silent int
	// Overdue are promises whose day has passed.
	Overdue int
	From    crm.UserID
}

// BriefOf is the brief about a lead or an account that the actor owns, or whose
// owner they lead.
func (s *Service) BriefOf(ctx context.Context, a crm.Actor, ref crm.Ref) (Brief, error) {
	b := Brief{Ref: ref, Silent: -1}
	switch ref.Kind {
	case crm.KindLead:
		v, err := s.d.Leads.Peek(ctx, a, crm.LeadID(ref.ID))
		if err != nil {
			return b, err
		}
		if v.Masked {
			return b, crm.Forbidden(ref.String()+" 在公海，没有交接简报", ref.String()+" is in the pool and has no brief")
		}
		b.Title, b.Contacts = v.Name(), []string{strings.TrimSpace(v.Contact + " " + v.Lead.Title + " " + v.Phone)}
	case crm.KindAccount:
		x, err := s.d.Accounts.Get(ctx, a, crm.AccountID(ref.ID))
		if err != nil {
			return b, err
		}
		b.Title = x.Name
		if b.Contacts, err = s.d.Store.Reachers(ctx, ref, 3); err != nil {
			return b, err
		}
	default:
		return b, crm.Invalid("简报只有线索和客户有", "only leads and accounts have a brief").WithNext("例如 /简报 A-3", "for example /brief A-3")
	}
	var err error
	if b.Bought, err = s.d.Store.Bought(ctx, ref, 5); err != nil {
		return b, err
	}
	if b.Open, err = s.d.Store.OpenMoney(ctx, ref); err != nil {
		return b, err
	}
	if b.Promises, err = s.d.Store.Promises(ctx, ref, 5); err != nil {
		return b, err
	}
	if b.Talks, err = s.d.Teller.Story(ctx, ref, 3); err != nil {
		return b, err
	}
	now := s.d.Clock.Now()
	if len(b.Talks) > 0 {
		b.Silent = int(now.Sub(b.Talks[0].At).Hours() / 24)
	}
	for _, p := range b.Promises {
		if p.Day < s.d.Calendar.DayOf(now) {
			b.Overdue++
		}
	}
	past, err := s.d.Gate.History(ctx, ref, 1)
	if len(past) > 0 && past[0].Reason == pool.Handover {
		b.From = past[0].From
	}
	return b, err
}
