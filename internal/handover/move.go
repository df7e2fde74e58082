package handover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

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
		steps, plans, err := s.d.Store.MoveTodos(ctx, x.Ref, h.User, x.To, team)
		if err != nil {
			return err
		}
		if err := s.d.Remind.RemindAgain(ctx, steps...); err != nil {
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
		return s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: h.Manager, Action: "handover.move", Ref: x.Ref, Rule: "HO-02", Detail: map[string]any{"handover": h.ID, "from": h.User, "to": x.To, "todos": len(steps) + plans}})
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
				if err := s.d.Store.MoveContracts(ctx, crm.AccountID(x.Ref.ID), h.User, x.To, team, now); err != nil {
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
