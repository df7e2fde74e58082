package activity

import (
	"context"
	"fmt"
	"time"

	"crmbot/internal/crm"
)

// StepRef is the argument of a reminder's view: the activity that set the step
// and the revision of its date.
func StepRef(st Step) string { return fmt.Sprintf("%s/%d", st.Activity, st.Rev) }

// ParseStepRef reads it back.
func ParseStepRef(ref string) (id crm.ActivityID, rev int, err error) {
	var n int64
	if _, err := fmt.Sscanf(ref, "V-%d/%d", &n, &rev); err != nil {
		return 0, 0, crm.NotFound("没有这个提醒", "there is no such reminder")
	}
	return crm.ActivityID(n), rev, nil
}

// setStep closes the person's open steps on the record that this activity
// answers, and stores the new one with its reminder.
func (s *Service) setStep(ctx context.Context, act *Activity, e Entry, open []Step, now time.Time) error {
	for _, old := range open {
		due := old.Due.Day <= act.Day
		if old.User != act.User || !due && e.Next.Day == "" {
			continue
		}
		st := old
		st.State, st.ClosedBy, st.DoneAt = StepReplaced, act.ID, now
		if due {
			st.State = StepDone
		}
		if _, err := s.d.Store.SaveStep(ctx, st, StepOpen, old.Rev); err != nil {
			return err
		}
		if err := s.d.Effects.Refresh(ctx, st.Activity.Ref()); err != nil {
			return err
		}
	}
	if e.Next.Day == "" {
		return nil
	}
	st := Step{Activity: act.ID, User: act.User, Team: act.Team, Subject: act.Subject, Text: e.NextText, Due: e.Next, State: StepOpen, Rev: 1}
	st.RemindAt = s.d.Calendar.NextReminder(st.Due.When(), now)
	if err := s.d.Store.AddStep(ctx, st); err != nil {
		return err
	}
	act.Step = &st
	return s.remind(ctx, st)
}

// remind queues the reminder of an open step for the time that was set for it.
func (s *Service) remind(ctx context.Context, st Step) error {
	return s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(st.User), View: crm.View{Name: ViewReminder, Ref: StepRef(st)}, Key: "step:" + StepRef(st), After: st.RemindAt, Always: true})
}

// RemindAgain queues the reminders of open steps that went to somebody else, in the
// transaction of the context: by their new revision those of before are void (HO-02).
// What is overdue is in the list of whoever has it now.
func (s *Service) RemindAgain(ctx context.Context, ids ...crm.ActivityID) error {
	now := s.d.Clock.Now()
	for _, id := range ids {
		st, err := s.d.Store.Step(ctx, id)
		if err != nil {
			return err
		}
		if st.State == StepOpen && s.ahead(st.Due, now) {
			st.RemindAt = s.d.Calendar.NextReminder(st.Due.When(), now)
			if _, err := s.d.Store.SaveStep(ctx, st, StepOpen, st.Rev); err != nil {
				return err
			}
			if err := s.remind(ctx, st); err != nil {
				return err
			}
		}
		if err := s.d.Effects.Refresh(ctx, id.Ref()); err != nil {
			return err
		}
	}
	return nil
}

// ahead reports whether something is still to be done in time.
func (s *Service) ahead(d Due, now time.Time) bool {
	if d.HasTime {
		return s.d.Calendar.At(d.Day, d.Time).After(now)
	}
	return d.Day >= s.d.Calendar.DayOf(now)
}

// StepSeen is a next step with the name of its record.
type StepSeen struct {
	Step
	Name string
}

// StepOf is the actor's own next step, or one of a person they lead.
func (s *Service) StepOf(ctx context.Context, a crm.Actor, id crm.ActivityID) (StepSeen, error) {
	st, err := s.d.Store.Step(ctx, id)
	if err != nil {
		return StepSeen{}, err
	}
	if !a.CanSee(st.User, st.Team) {
		return StepSeen{}, crm.NotFound("没有这个下一步", "there is no such next step")
	}
	names, err := s.d.Store.RecordNames(ctx, []crm.Ref{st.Subject})
	return StepSeen{st, names[st.Subject]}, err
}

// Finish marks the actor's own next step done. Doing it twice is no error.
func (s *Service) Finish(ctx context.Context, a crm.Actor, id crm.ActivityID) (StepSeen, error) {
	return s.changeStep(ctx, a, id, func(st *Step, now time.Time) error {
		st.State, st.DoneAt = StepDone, now
		return nil
	}, StepDone)
}

// Reschedule moves the actor's own next step to another day, with a new
// reminder.
func (s *Service) Reschedule(ctx context.Context, a crm.Actor, id crm.ActivityID, to Due) (StepSeen, error) {
	return s.changeStep(ctx, a, id, func(st *Step, now time.Time) error {
		w := to.When()
		if err := s.d.Calendar.CheckFuture(w, now); err != nil {
			return err
		}
		if st.Due != to {
			st.Due, st.Rev = to, st.Rev+1
			st.RemindAt = s.d.Calendar.NextReminder(to.When(), now)
		}
		return nil
	}, "")
}

func (s *Service) changeStep(ctx context.Context, a crm.Actor, id crm.ActivityID, change func(*Step, time.Time) error, already StepState) (StepSeen, error) {
	if a.Frozen {
		return StepSeen{}, crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系您的经理", "please ask your manager")
	}
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		old, err := s.d.Store.Step(ctx, id)
		if err != nil {
			return err
		}
		if old.User != a.ID {
			return notMine("只能处理自己的下一步", "only your own next steps can be changed")
		}
		if old.State == already && already != "" {
			return nil
		}
		if old.State != StepOpen {
			return crm.Conflict("", "这个下一步已经处理过了", "this next step is settled already").WithNext("发送 /今天 查看待办", "send /today for what is left")
		}
		st := old
		if err := change(&st, s.d.Clock.Now()); err != nil {
			return err
		}
		ok, err := s.d.Store.SaveStep(ctx, st, old.State, old.Rev)
		if err != nil {
			return err
		}
		if !ok {
			return crm.Stale("", "这个下一步刚被改动", "this next step was changed a moment ago").WithNext("请再试一次", "please try again")
		}
		if st.State == StepOpen && st.Rev != old.Rev {
			if err := s.remind(ctx, st); err != nil {
				return err
			}
		}
		if err := s.d.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "step." + string(st.State), Ref: id.Ref(), Detail: map[string]any{"from": old.Due.Day, "to": st.Due.Day}}); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, id.Ref(), st.Subject)
	})
	if err != nil {
		return StepSeen{}, err
	}
	return s.StepOf(ctx, a, id)
}
