package approval

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// Limits are the times of AP-05 in working time. They rise: Remind ≤ Deputy ≤
// Escalate.
type Limits struct{ Remind, Deputy, Escalate time.Duration }

// Due says which steps of AP-05 a task has reached after the working time that
// it has waited, leaving out those already taken. Nothing is ever approved by
// waiting.
func (l Limits) Due(t Task, waited time.Duration) (remind, deputy, escalate bool) {
	if t.State != Asked {
		return false, false, false
	}
	return waited >= l.Remind && t.RemindedAt.IsZero(), waited >= l.Deputy && t.DeputyAt.IsZero(), waited >= l.Escalate && t.UpperAt.IsZero()
}

func (s *Service) limits(ctx context.Context) Limits {
	wh := func(n int64) time.Duration { return time.Duration(n) * time.Hour }
	l := Limits{Remind: wh(RemindAfter.Of(ctx, s.Rules)), Deputy: wh(DeputyAfter.Of(ctx, s.Rules)), Escalate: wh(EscalateAfter.Of(ctx, s.Rules))}
	l.Deputy = max(l.Deputy, l.Remind)
	l.Escalate = max(l.Escalate, l.Deputy)
	return l
}

// slaBatch is how many overdue tasks are read at a time.
const slaBatch = 200

// RemindDue reminds approvers, lets deputies act and escalates, for every task
// whose time has come (AP-05). A deputy of an approver who went on leave after
// being asked may act at once, and so may the superior of one who left or is
// leaving (HO-01). Running it again changes nothing.
func (s *Service) RemindDue(ctx context.Context) error {
	now := s.Clock.Now()
	lim := s.limits(ctx)
	var errs []error
	for after := int64(0); ; {
		tasks, err := s.Store.ApprovalTasksOverdue(ctx, now, after, slaBatch)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, t := range tasks {
			after = t.ID
			ok, err := s.due(ctx, lim, t, now)
			if err == nil && ok {
				err = s.step(ctx, lim, t, now)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("task %d: %w", t.ID, err))
			}
		}
		if len(tasks) < slaBatch {
			return errors.Join(errs...)
		}
	}
}

// due reports whether any step is to be taken on the task now.
func (s *Service) due(ctx context.Context, lim Limits, t Task, now time.Time) (bool, error) {
	remind, deputy, escalate := lim.Due(t, s.Calendar.WorkHoursBetween(t.OpenedAt, now))
	if remind || deputy || escalate {
		return true, nil
	}
	u, err := s.People.User(ctx, t.User)
	return err == nil && (gone(u) && t.UpperAt.IsZero() || t.DeputyAt.IsZero() && u.Deputy != 0 && u.OnLeave(s.Calendar.DayOf(now))), err
}

// gone reports whether the person can no longer decide anything.
func gone(u org.User) bool { return !u.Active || u.Frozen }

func (s *Service) step(ctx context.Context, lim Limits, t Task, now time.Time) error {
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		c, err := s.Store.Approval(ctx, t.Request, true)
		if err != nil {
			return err
		}
		p := c.Task(t.ID)
		if c.Request.State != Open || p == nil || p.State != Asked {
			return nil
		}
		u, err := s.People.User(ctx, p.User)
		if err != nil {
			return err
		}
		if moved, err := s.toWhoIsRight(ctx, &c, p, u); err != nil || moved {
			return err
		}
		waited := s.Calendar.WorkHoursBetween(p.OpenedAt, now)
		remind, deputy, escalate := lim.Due(*p, waited)
		away := u.OnLeave(s.Calendar.DayOf(now))
		left := gone(u) && p.UpperAt.IsZero()
		if (remind || deputy || escalate) && !gone(u) {
			if err := s.remind(ctx, &c, p, now, deputy, escalate); err != nil {
				return err
			}
		}
		if deputy || (away && p.DeputyAt.IsZero()) {
			if err := s.letDeputy(ctx, &c, p, u.Deputy, now); err != nil {
				return err
			}
		}
		if escalate || left {
			if err := s.escalate(ctx, &c, p, now); err != nil {
				return err
			}
		}
		return s.commit(ctx, crm.SystemActor(), &c)
	})
}

// toWhoIsRight moves the task on when its approver lost the right to it, and
// therefore no longer sees it; nobody would ever decide it. What somebody who
// left has is taken over by the superior instead (HO-01).
func (s *Service) toWhoIsRight(ctx context.Context, c *Chain, t *Task, asked org.User) (bool, error) {
	if gone(asked) {
		return false, nil
	}
	res, err := s.resolver(ctx, c.Request, s.Clock.Now())
	if err != nil {
		return false, err
	}
	if ok, err := res.owns(ctx, *t); err != nil || ok {
		return false, err
	}
	to, err := s.reassign(ctx, 0, c, t)
	return to != 0, err
}

func (s *Service) remind(ctx context.Context, c *Chain, t *Task, now time.Time, deputy, escalate bool) error {
	stage := 1
	if deputy {
		stage = 2
	}
	if escalate {
		stage = 3
	}
	if t.RemindedAt.IsZero() {
		t.RemindedAt = now
	}
	t.dirty = true
	if err := s.send(ctx, t.User, ViewReminder, c.Request.ID, round("remind", t, t.User)+fmt.Sprintf(":%d", stage)); err != nil {
		return err
	}
	return s.slaAudit(ctx, c, t, "approval.remind", t.User, now)
}

// round is the key of a notice about the task to the person: once for each time
// that the task is asked, which is again when a step was put in front of it.
func round(what string, t *Task, to crm.UserID) string {
	return fmt.Sprintf("approval:%s:%d:%d:%d", what, t.ID, to, t.OpenedAt.UnixMilli())
}

func (s *Service) letDeputy(ctx context.Context, c *Chain, t *Task, deputy crm.UserID, now time.Time) error {
	t.DeputyAt, t.dirty = now, true
	if deputy == 0 || c.Held(deputy) != nil {
		return nil // nobody to let; the step counts as taken
	}
	res, err := s.resolver(ctx, c.Request, now)
	if err != nil || res.barred(deputy) {
		return err
	}
	u, err := s.People.User(ctx, deputy)
	if err != nil || !available(u, s.Calendar.DayOf(now)) {
		return err
	}
	t.Deputy = deputy
	if err := s.send(ctx, deputy, ViewCard, c.Request.ID, round("deputy", t, deputy)); err != nil {
		return err
	}
	return s.slaAudit(ctx, c, t, "approval.deputy", deputy, now)
}

func (s *Service) escalate(ctx context.Context, c *Chain, t *Task, now time.Time) error {
	t.UpperAt, t.dirty = now, true
	res, err := s.resolver(ctx, c.Request, now)
	if err != nil {
		return err
	}
	up, err := s.People.Superior(ctx, t.User)
	if err != nil {
		return err
	}
	var found assignee
	if up != 0 {
		if found, err = res.present(ctx, up, WhyManager); err != nil {
			return err
		}
	}
	if found.user == 0 || found.user == t.User {
		if found.user, err = s.admin(ctx, t, res); err != nil || found.user == 0 {
			return err
		}
	}
	if c.Held(found.user) != nil {
		return nil // asked already
	}
	t.Upper = found.user
	if err := s.send(ctx, t.Upper, ViewCard, c.Request.ID, round("escalate", t, t.Upper)); err != nil {
		return err
	}
	return s.slaAudit(ctx, c, t, "approval.escalate", t.Upper, now)
}

// admin is an administrator who can be asked when nobody is above.
func (s *Service) admin(ctx context.Context, t *Task, res resolver) (crm.UserID, error) {
	admins, err := s.People.WithRole(ctx, crm.Admin)
	if err != nil {
		return 0, err
	}
	for _, u := range admins {
		if !res.barred(u.ID) && u.ID != t.User && available(u, res.today) {
			return u.ID, nil
		}
	}
	return 0, nil
}

func (s *Service) slaAudit(ctx context.Context, c *Chain, t *Task, action string, to crm.UserID, now time.Time) error {
	return s.Effects.Audit(ctx, crm.Audit{At: now, Action: action, Ref: c.Request.ID.Ref(), Rule: "AP-05",
		Detail: map[string]any{"task": t.ID, "to": int64(to), "waited_minutes": int64(s.Calendar.WorkHoursBetween(t.OpenedAt, now) / time.Minute)}})
}

// NextDeadline is the next moment at which RemindDue has something to do, the
// zero time when nothing waits.
func (s *Service) NextDeadline(ctx context.Context) (time.Time, error) {
	now := s.Clock.Now()
	tasks, err := s.Store.ApprovalTasksOverdue(ctx, now, 0, slaBatch)
	if err != nil || len(tasks) == 0 {
		return time.Time{}, err
	}
	if len(tasks) == slaBatch {
		return now, nil // too many to look at each: the job does that
	}
	lim := s.limits(ctx)
	var next time.Time
	for _, t := range tasks {
		at, err := s.deadline(ctx, lim, t, now)
		if err != nil {
			return time.Time{}, err
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next, nil
}

// deadline is when the next step of AP-05 is due on the task, or the begin of
// the approver's leave where a deputy can stand in.
func (s *Service) deadline(ctx context.Context, lim Limits, t Task, now time.Time) (time.Time, error) {
	wait := lim.Escalate
	switch {
	case t.RemindedAt.IsZero():
		wait = lim.Remind
	case t.DeputyAt.IsZero():
		wait = lim.Deputy
	}
	at := s.Calendar.AddWorkHours(t.OpenedAt, wait)
	u, err := s.People.User(ctx, t.User)
	if err == nil && gone(u) {
		return now, nil
	}
	if err != nil || !t.DeputyAt.IsZero() || u.Deputy == 0 || u.LeaveFrom == "" {
		return at, err
	}
	today := s.Calendar.DayOf(now)
	if u.OnLeave(today) {
		return now, nil
	}
	if begin := s.Calendar.At(u.LeaveFrom, 0); begin.After(now) && begin.Before(at) {
		return begin, nil
	}
	return at, nil
}
