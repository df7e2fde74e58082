package assign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// The bounds of one pass: what is left is due at once and done in the next.
const (
	page    = 100
	maxPass = 500
	// retry is when a lead that could not be distributed is tried again: those
	// behind it do not wait for it.
	retry = 5 * time.Minute
)

// errMoved means that the run or its lead changed since it was read.
var errMoved = errors.New("somebody else went on with it")

// Work does what is due: ends offers whose time is up and takes runs to their
// next step, each lead in a transaction of its own. It can be stopped between
// two leads and goes on where it stopped.
func (s *Service) Work(ctx context.Context) error {
	now := s.d.Clock.Now()
	desk := s.newDesk(ctx, now)
	var failed error
	for done := 0; done < maxPass; {
		runs, err := s.d.Store.DueRuns(ctx, now, page)
		if err != nil || len(runs) == 0 {
			return errors.Join(failed, err)
		}
		leads, err := s.leadsOf(ctx, runs)
		if err != nil {
			return err
		}
		moved := 0
		var nobody []Run
		for _, r := range runs {
			if err := ctx.Err(); err != nil {
				return err
			}
			l, ok := leads[r.Lead]
			if !ok {
				l.ID = 0
			}
			after, err := s.step(ctx, desk, r, l)
			switch {
			case errors.Is(err, errMoved):
			case err != nil:
				slog.WarnContext(ctx, "distribution", "lead", r.Lead.String(), "err", err)
				failed = errors.Join(failed, fmt.Errorf("%s: %w", r.Lead, err))
				if err := s.later(ctx, r, now.Add(retry)); err != nil {
					continue
				}
			case after.Result == Nobody && after.State == Done && r.State == Waiting:
				nobody = append(nobody, r)
			}
			moved++
		}
		if err := s.nobody(ctx, nobody, now); err != nil {
			return errors.Join(failed, err)
		}
		if moved == 0 {
			return failed // the same would fail again
		}
		done += len(runs)
	}
	return failed
}

func (s *Service) leadsOf(ctx context.Context, runs []Run) (map[crm.LeadID]lead.Lead, error) {
	ids := make([]crm.LeadID, len(runs))
	for i, r := range runs {
		ids[i] = r.Lead
	}
	ls, err := s.d.Store.LeadsByID(ctx, ids...)
	if err != nil {
		return nil, err
	}
	out := make(map[crm.LeadID]lead.Lead, len(ls))
	for _, l := range ls {
		out[l.ID] = l
	}
	return out, nil
}

// step takes the run as far as it comes now. A run that finds nobody is returned
// as ended and is not stored yet: many of them are ended together.
func (s *Service) step(ctx context.Context, d *desk, r Run, l lead.Lead) (Run, error) {
	if l.ID == 0 || l.Owner != r.From || l.Status != lead.Open {
		return s.void(ctx, r, l)
	}
	if r.State == Offered {
		after, err := s.expire(ctx, r)
		if err != nil {
			return r, err
		}
		r = after
	}
	home, err := s.d.Gate.Pool(ctx, l.Pool)
	if err != nil {
		return r, err
	}
	asked, err := s.asked(ctx, r)
	if err != nil {
		return r, err
	}
	for r.Step < len(r.Plan) {
		st := r.Plan[r.Step]
		if at := s.opens(st.Method, d.now); at.After(d.now) {
			return s.postpone(ctx, r, at)
		}
		switch st.Method {
		case Claim:
			return s.toPool(ctx, r, home)
		case Manual:
			return s.toManager(ctx, r, st, home)
		}
		if st.Method == Bid && r.Bounces >= s.most(ctx, st) {
			r.Step, r.Bounces = r.Step+1, 0
			continue
		}
		c, why, ok, err := d.choose(ctx, r, l, st, home, asked)
		if err != nil {
			return r, err
		}
		if !ok {
			r.Step, r.Bounces = r.Step+1, 0
			continue
		}
		after, err := s.reach(ctx, d, r, l, st, c, why)
		switch {
		case d.crowded(c.User, err): // the next one
		case errors.Is(err, pool.ErrLost):
			return r, errMoved
		default:
			return after, err
		}
	}
	if len(asked) > 0 { // offers came back and nothing is left to try (AS-03)
		return s.toManager(ctx, r, lastOf(r.Plan), home)
	}
	r.State, r.Result = Done, Nobody
	return r, nil
}

func lastOf(plan []Step) Step {
	if len(plan) == 0 {
		return Step{}
	}
	return plan[len(plan)-1]
}

// reach gives the lead to the person, or offers it to them.
func (s *Service) reach(ctx context.Context, d *desk, r Run, l lead.Lead, st Step, c Candidate, why Why) (Run, error) {
	if st.Method == Bid {
		after, err := s.offer(ctx, d.now, r, l, c, why)
		if err == nil {
			d.took(c.User, false)
		}
		return after, err
	}
	after, err := s.give(ctx, r, l, c, why)
	if err == nil {
		d.took(c.User, true)
	}
	return after, err
}

// most is how many people are asked by the step.
func (s *Service) most(ctx context.Context, st Step) int {
	if st.Most > 0 {
		return st.Most
	}
	return int(MaxBounces.Of(ctx, s.d.Rules))
}

// asked are the offers of the run that were made before.
func (s *Service) asked(ctx context.Context, r Run) ([]Offer, error) {
	for _, st := range r.Plan[:min(r.Step+1, len(r.Plan))] {
		if st.Method == Bid {
			return s.d.Store.Offers(ctx, r.ID)
		}
	}
	return nil, nil
}

// opens is when the method may go on: offers during working hours, everything
// else outside of quiet times. Nobody is woken (AS-03, CH-03).
func (s *Service) opens(m Method, now time.Time) time.Time {
	if m == Bid {
		return s.d.Calendar.NextWorkTime(now)
	}
	return s.d.Calendar.NextLoud(now)
}

// save stores the run in the transaction of the context, or fails with errMoved.
func (s *Service) save(ctx context.Context, r Run) (Run, error) {
	ok, err := s.d.Store.KeepRun(ctx, r)
	if err == nil && !ok {
		err = errMoved
	}
	r.Rev++
	return r, err
}

func (s *Service) postpone(ctx context.Context, r Run, at time.Time) (Run, error) {
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		after := r
		after.State, after.Due = Waiting, at
		if _, err := s.save(ctx, after); err != nil {
			return err
		}
		if r.From != 0 {
			return nil
		}
		if err := s.d.Store.HoldBack(ctx, at.Add(reserve), r.Lead); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, r.Lead.Ref())
	})
	r.State, r.Due = Waiting, at
	return r, err
}

// later puts off a run that failed, as it was.
func (s *Service) later(ctx context.Context, r Run, at time.Time) error {
	r.Due = at
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		_, err := s.save(ctx, r)
		return err
	})
}

// void ends a run whose lead went another way, with the offer that is open.
func (s *Service) void(ctx context.Context, r Run, l lead.Lead) (Run, error) {
	now := s.d.Clock.Now()
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		after := r
		after.State, after.Result, after.To, after.DoneAt = Done, Void, l.Owner, now
		if _, err := s.save(ctx, after); err != nil {
			return err
		}
		if r.State != Offered {
			return nil
		}
		offers, err := s.d.Store.Offers(ctx, r.ID)
		if err != nil {
			return err
		}
		for _, o := range offers {
			if o.State == OfferOpen {
				o.State, o.DoneAt = OfferVoid, now
				if _, err := s.d.Store.CloseOffer(ctx, o); err != nil {
					return err
				}
			}
		}
		return s.d.Effects.Refresh(ctx, r.Lead.Ref())
	})
	r.State, r.Result = Done, Void
	return r, err
}

// give assigns the lead (AS-02) and tells the person why they got it.
func (s *Service) give(ctx context.Context, r Run, l lead.Lead, c Candidate, why Why) (Run, error) {
	a := crm.SystemActor()
	a.ID = r.By
	now := s.d.Clock.Now()
	after := r
	_, err := s.d.Leads.Route(ctx, a, lead.Routing{Lead: r.Lead, From: r.From, To: c.User, Reason: pool.AutoAssign, Check: func(ctx context.Context) error { return s.room(ctx, c, &why) }}, func(ctx context.Context, _ lead.Lead) error {
		after = r
		after.State, after.Result, after.To, after.Why, after.DoneAt = Done, ToPerson, c.User, why, now
		var err error
		if after, err = s.save(ctx, after); err != nil {
			return err
		}
		if err := s.d.Store.Served(ctx, c.User, now); err != nil {
			return err
		}
		if err := s.audit(ctx, after, "assign.give", "AS-02"); err != nil {
			return err
		}
		return s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(c.User), View: crm.View{Name: ViewGiven, Ref: r.Lead.String()}, Always: l.Grade == "A"})
	})
	return after, err
}

// toPool leaves the lead to be claimed and tells those who may: the chats of the
// pool, else the people on duty (AS-01).
func (s *Service) toPool(ctx context.Context, r Run, p pool.Pool) (Run, error) {
	groups, err := s.d.Store.Groups(ctx, p.ID)
	if err != nil {
		return r, err
	}
	if len(groups) == 0 {
		d := s.newDesk(ctx, s.d.Clock.Now())
		cs, err := d.candidates(ctx, r.Plan[r.Step], p)
		if err != nil {
			return r, err
		}
		for _, c := range cs {
			if b := c.Against(d.maxOverdue); (b == "" || b == BlockQuota) && len(groups) < maxTold {
				groups = append(groups, crm.ToUser(c.User))
			}
		}
	}
	return s.settle(ctx, r, ToPool, func(ctx context.Context) error {
		view := crm.View{Name: ViewClaim, Ref: fmt.Sprint(int64(p.ID))}
		for _, to := range groups {
			// One card for all that came in: the newest list takes the place of those
			// that wait.
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: to, View: view, Topic: ViewClaim + ":" + view.Ref}); err != nil {
				return err
			}
		}
		return nil
	})
}

// maxTold bounds how many people are told one by one where a pool has no chat.
const maxTold = 30

// toManager asks a manager to decide (AS-03).
func (s *Service) toManager(ctx context.Context, r Run, st Step, p pool.Pool) (Run, error) {
	who, err := s.managers(ctx, st, p)
	if err != nil {
		return r, err
	}
	if at := s.d.Calendar.NextLoud(s.d.Clock.Now()); at.After(s.d.Clock.Now()) {
		return s.postpone(ctx, r, at)
	}
	return s.settle(ctx, r, ToManager, func(ctx context.Context) error {
		for _, u := range who {
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(u), View: crm.View{Name: ViewManual, Ref: r.Lead.String()}, Always: true}); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle ends a run without a new owner: the lead can be claimed from now on.
func (s *Service) settle(ctx context.Context, r Run, result Result, tell func(ctx context.Context) error) (Run, error) {
	now := s.d.Clock.Now()
	after := r
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		after = r
		after.State, after.Result, after.DoneAt = Done, result, now
		var err error
		if after, err = s.save(ctx, after); err != nil {
			return err
		}
		if r.From == 0 {
			if err := s.letGo(ctx, now, r); err != nil {
				return err
			}
		}
		if err := tell(ctx); err != nil {
			return err
		}
		if err := s.audit(ctx, after, "assign."+string(result), "AS-01"); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, r.Lead.Ref())
	})
	return after, err
}

// letGo lets the leads be claimed that were held back for their runs, once the
// embargo of their pools is over too (P-07).
func (s *Service) letGo(ctx context.Context, now time.Time, runs ...Run) error {
	leads, err := s.leadsOf(ctx, runs)
	if err != nil {
		return err
	}
	from := map[time.Time][]crm.LeadID{}
	for _, l := range leads {
		if l.Owner != 0 {
			continue
		}
		at, err := s.embargo(ctx, l)
		if err != nil {
			return err
		}
		if at.Before(now) {
			at = now
		}
		from[at] = append(from[at], l.ID)
	}
	for at, ids := range from {
		if err := s.d.Store.HoldBack(ctx, at, ids...); err != nil {
			return err
		}
	}
	return nil
}

// embargo is when the embargo of a lead's pool ends.
func (s *Service) embargo(ctx context.Context, l lead.Lead) (time.Time, error) {
	p, err := s.d.Gate.Pool(ctx, l.Pool)
	if err != nil {
		return time.Time{}, err
	}
	why := pool.Create
	if !l.PooledAt.Equal(l.CreatedAt) { // it came back: the ledger says how
		past, err := s.d.Gate.History(ctx, l.Ref(), 1)
		if err != nil || len(past) == 0 {
			return time.Time{}, err
		}
		why = past[0].Reason
	}
	return s.d.Gate.EmbargoEnd(ctx, p, why, l.PooledAt), nil
}

// nobody ends the runs for which no step found anybody, together: an import of
// thousands may have many. The managers get one card for all of them.
func (s *Service) nobody(ctx context.Context, runs []Run, now time.Time) error {
	if len(runs) == 0 {
		return nil
	}
	leads, err := s.leadsOf(ctx, runs)
	if err != nil {
		return err
	}
	tell := map[crm.UserID]bool{}
	var ids []crm.LeadID
	for _, r := range runs {
		ids = append(ids, r.Lead)
		p, err := s.d.Gate.Pool(ctx, leads[r.Lead].Pool)
		if err != nil {
			continue
		}
		who, err := s.managers(ctx, lastOf(r.Plan), p)
		if err != nil {
			return err
		}
		for _, u := range who {
			tell[u] = true
		}
	}
	day := string(s.d.Calendar.DayOf(now))
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.d.Store.EndRuns(ctx, runs, Nobody, now); err != nil {
			return err
		}
		if err := s.letGo(ctx, now, runs...); err != nil {
			return err
		}
		for u := range tell {
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(u), View: crm.View{Name: ViewUnplaced, Ref: day}, Key: fmt.Sprintf("%s:%s:%d", ViewUnplaced, day, u), After: now.Add(unplacedWait)}); err != nil {
				return err
			}
		}
		return s.d.Effects.Audit(ctx, crm.Audit{At: now, Action: "assign.nobody", Rule: "AS-01", RuleVersion: runs[0].Rule.Version, Detail: map[string]any{"leads": ids}})
	})
}

// unplacedWait gathers what nobody could take into one card.
const unplacedWait = 2 * time.Minute

// audit tells which rule decided, with its version and what it looked at.
func (s *Service) audit(ctx context.Context, r Run, action, rule string) error {
	d := map[string]any{"run": r.ID, "rule": r.Rule.ID, "cause": r.Cause, "step": r.Step, "bounces": r.Why.Bounces}
	if r.To != 0 {
		d["to"], d["method"], d["rivals"], d["received"], d["weight"], d["quota"], d["held"], d["hold"] = r.To, r.Why.Method, r.Why.Rivals, r.Why.Received, r.Why.Weight, r.Why.Quota, r.Why.Held, r.Why.Hold
	}
	return s.d.Effects.Audit(ctx, crm.Audit{Actor: r.By, Action: action, Ref: r.Lead.Ref(), Rule: rule, RuleVersion: r.Rule.Version, Detail: d})
}
