package activity

import (
	"context"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/undo"
)

// takeBack reverses a log within the undo time: its facts become negative, its
// plan is open again, the steps it closed too, its own next step is cancelled,
// and the record's clocks show what remains.
func (s *Service) takeBack(ctx context.Context, a crm.Actor, e undo.Entry) error {
	ref, err := crm.ParseRef(e.Ref)
	if err != nil {
		return crm.Internal(err)
	}
	act, err := s.d.Store.Activity(ctx, crm.ActivityID(ref.ID))
	if err != nil {
		return err
	}
	if act.User != a.ID {
		return notMine("只能撤销自己的记录", "only your own logs can be taken back")
	}
	if act.Undone() {
		return crm.Conflict("CH-01", act.ID.String()+" 已经撤销过了", act.ID.String()+" was already taken back")
	}
	now := s.d.Clock.Now()
	before, was := act.standing(), act
	if err := s.dropStep(ctx, &act); err != nil {
		return err
	}
	people := append([]Present(nil), act.People...)
	for i := range act.People {
		p := &act.People[i]
		if p.Credited {
			if err := s.d.Store.DropCredit(ctx, p.User, act.Customer, act.Day, act.ID); err != nil {
				return err
			}
			p.Credited = false
		}
		if err := s.reopenPlan(ctx, p.Plan, act.ID); err != nil {
			return err
		}
		p.Plan, p.Counted = 0, false
	}
	act.UndoneAt, act.Valid, act.Qualified, act.First, act.Weight = now, false, false, false, 0
	if err := s.d.Store.SaveActivity(ctx, &act); err != nil {
		return err
	}
	if err := s.d.Effects.Record(ctx, difference(before, nil)...); err != nil {
		return err
	}
	// The clocks first, then others may take this one's place.
	if err := s.rewind(ctx, was, was.Valid); err != nil {
		return err
	}
	for _, p := range people {
		if p.Credited {
			if err := s.promote(ctx, p.User, act); err != nil {
				return err
			}
		}
	}
	if was.Valid {
		if err := s.d.Leads.Rescore(ctx, act.Customer); err != nil {
			return err
		}
	}
	return s.d.Effects.Refresh(ctx, act.Ref(), act.Subject, act.Customer)
}

// dropStep cancels the next step that the activity set and opens those that it
// had closed.
func (s *Service) dropStep(ctx context.Context, act *Activity) error {
	if act.Step != nil && act.Step.State != StepCancelled {
		st := *act.Step
		st.State = StepCancelled
		if _, err := s.d.Store.SaveStep(ctx, st, act.Step.State, act.Step.Rev); err != nil {
			return err
		}
		act.Step = &st
	}
	closed, err := s.d.Store.StepsClosedBy(ctx, act.ID)
	if err != nil {
		return err
	}
	for _, old := range closed {
		st := old
		st.State, st.ClosedBy, st.Rev = StepOpen, 0, old.Rev+1
		st.DoneAt, st.RemindAt = time.Time{}, s.d.Calendar.NextReminder(st.Due.When(), s.d.Clock.Now())
		if ok, err := s.d.Store.SaveStep(ctx, st, old.State, old.Rev); err != nil {
			return err
		} else if ok {
			if err := s.remind(ctx, st); err != nil {
				return err
			}
		}
	}
	return nil
}
