package approval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/crm"
)

// grant says what a task's right rests on, as Task.Why keeps it.
type grant struct {
	why string // "manager", "role:legal", ...; empty: not known
	// asked is whose task it was before it was handed on, and by who handed it on;
	// zero: it was not.
	asked, by crm.UserID
}

// grant reads Why. A task that was handed on keeps what its first approver was
// asked for: the right of whoever decides it now lasts as long as that one.
func (t Task) grant() grant {
	rest, ok := strings.CutPrefix(t.Why, WhyDelegated)
	if !ok {
		return grant{why: t.Why}
	}
	f := strings.SplitN(strings.TrimPrefix(rest, ":"), ":", 3)
	if len(f) == 3 {
		asked, err := strconv.ParseInt(f[0], 10, 64)
		by, err2 := strconv.ParseInt(f[1], 10, 64)
		if err == nil && err2 == nil {
			return grant{why: f[2], asked: crm.UserID(asked), by: crm.UserID(by)}
		}
	}
	return grant{asked: t.For, by: t.For}
}

// handedOn is the Why of the task after the person handed it on.
func (t Task) handedOn(by crm.UserID) string {
	g := t.grant()
	if g.by == 0 {
		g.asked, g.by = t.User, by
	}
	return fmt.Sprintf("%s:%d:%d:%s", WhyDelegated, g.asked, g.by, g.why)
}

// above reports whether the person leads the other at any level, or acts today
// for one of those who do.
func (r resolver) above(ctx context.Context, of, id crm.UserID) (bool, error) {
	seen := map[crm.UserID]bool{of: true}
	for {
		up, err := r.people.Superior(ctx, of)
		if err != nil || up == 0 || seen[up] {
			return false, err
		}
		if up == id {
			return true, nil
		}
		if ok, err := r.actsFor(ctx, up, id); err != nil || ok {
			return ok, err
		}
		seen[up], of = true, up
	}
}

// actsFor reports whether the person would be asked today in the other's place.
func (r resolver) actsFor(ctx context.Context, other, id crm.UserID) (bool, error) {
	a, err := r.present(ctx, other, "")
	return a.user == id, err
}

// holds reports whether the person may decide now what was asked for the
// reason. Instead is whose place the person was asked in; zero: nobody's.
func (r resolver) holds(ctx context.Context, id crm.UserID, why string, instead crm.UserID) (bool, error) {
	role, isRole := strings.CutPrefix(why, rolePrefix)
	if why == WhyAdmin {
		role, isRole = string(crm.Admin), true
	}
	switch {
	case why == WhyManager:
		return r.above(ctx, r.submitter, id)
	case isRole:
		users, err := r.people.WithRole(ctx, crm.Role(role))
		if err != nil {
			return false, err
		}
		for _, u := range users {
			if u.ID == id {
				return true, nil
			}
			if ok, err := r.actsFor(ctx, u.ID, id); err != nil || ok {
				return ok, err
			}
		}
		return false, nil
	case why == WhyUser && instead != 0:
		return r.actsFor(ctx, instead, id)
	case why == "":
		u, err := r.people.User(ctx, id)
		return err == nil && !gone(u), err
	}
	return true, nil // named in person, or asked by an approver to look at it too
}

// owns reports whether the approver whom the task asks is still right. It looks
// at the reason only: somebody on leave is right and has a deputy.
func (r resolver) owns(ctx context.Context, t Task) (bool, error) {
	g := t.grant()
	ok, err := false, error(nil)
	switch {
	case g.by == 0:
		ok, err = r.holds(ctx, t.User, g.why, t.For)
	case g.by == g.asked:
		ok, err = r.holds(ctx, g.asked, g.why, 0)
	default: // its deputy or superior handed it on
		if ok, err = r.holds(ctx, g.by, g.why, 0); err == nil && !ok {
			ok, err = r.derived(ctx, g.asked, g.by, g.why)
		}
	}
	if err != nil || ok {
		return ok, err
	}
	now, err := r.instead(ctx, t)
	if crm.CodeOf(err) == crm.CodeRefused {
		return false, nil // nobody else is there either
	}
	return slices.ContainsFunc(now, func(a assignee) bool { return a.user == t.User }), err
}

// derived reports whether the person has a part in the right of another as
// deputy, as superior, or as the administrator who is asked when nobody is
// above. Of somebody who left, the superior takes over what there was (HO-01).
func (r resolver) derived(ctx context.Context, asked, id crm.UserID, why string) (bool, error) {
	u, err := r.people.User(ctx, asked)
	if err != nil {
		return false, err
	}
	if ok, err := r.holds(ctx, asked, why, 0); err != nil || !ok && !gone(u) {
		return false, err
	}
	if u.Deputy == id {
		return true, nil
	}
	return r.over(ctx, asked, id)
}

// over reports whether a task of the one may be escalated to the other.
func (r resolver) over(ctx context.Context, of, id crm.UserID) (bool, error) {
	if ok, err := r.above(ctx, of, id); err != nil || ok {
		return ok, err
	}
	u, err := r.people.User(ctx, id)
	return err == nil && u.Has(crm.Admin), err
}

// instead is who is to be asked now for the reason that the task was asked for.
func (r resolver) instead(ctx context.Context, t Task) ([]assignee, error) {
	switch g := t.grant(); {
	case g.why == WhyUser && g.by == 0 && t.For != 0:
		if a, err := r.present(ctx, t.For, WhyUser); err != nil || a.user != 0 {
			return []assignee{a}, err
		}
	case g.why == WhyManager, strings.HasPrefix(g.why, rolePrefix):
		return r.step(ctx, Step{Who: []string{g.why}})
	}
	return r.step(ctx, Step{})
}

// right reports whether the person may decide the task now (AP-06). The card
// was sent for a reason: a role, being the submitter's superior, somebody's
// leave. Only when the reason still holds does the click count.
func (s *Service) right(ctx context.Context, r resolver, t Task, u crm.UserID) (bool, error) {
	own, err := r.owns(ctx, t)
	if err != nil || t.User == u {
		return own, err
	}
	asked, err := s.People.User(ctx, t.User)
	if err != nil {
		return false, err
	}
	if !own && !gone(asked) {
		return r.holds(ctx, u, t.grant().why, 0)
	}
	if asked.Deputy == u {
		waited := s.Calendar.WorkHoursBetween(t.OpenedAt, s.Clock.Now())
		if asked.OnLeave(r.today) || t.Deputy == u && waited >= s.limits(ctx).Deputy {
			return true, nil
		}
	}
	if t.Upper != u {
		return false, nil
	}
	if ok, err := r.over(ctx, t.User, u); err != nil || ok {
		return ok, err
	}
	return r.holds(ctx, u, t.grant().why, 0)
}

// held is the open task of the present node that the person may decide now, as
// approver, as deputy or after escalation. Without one, lost is a task that the
// person was asked for and has no right to any more.
func (s *Service) held(ctx context.Context, r resolver, c *Chain, u crm.UserID) (t, lost *Task, err error) {
	n := c.Current()
	if n == nil {
		return nil, nil, nil
	}
	for i := range n.Tasks {
		x := &n.Tasks[i]
		if x.State != Asked {
			continue
		}
		if !x.HeldBy(u) && !s.standsIn(*x, u) {
			continue
		}
		ok, err := s.right(ctx, r, *x, u)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			return x, nil, nil
		}
		if lost == nil {
			lost = x
		}
	}
	return nil, lost, nil
}

// lostRight reports that the person was asked and is not right any more.
type lostRight struct{ task *Task }

func (lostRight) Error() string { return "the right to decide has ended" }

// takeAway answers somebody whose right ended: the task goes to who is right
// now, so that the request does not wait for nobody, and the person is told.
// The refusal is for the person; it is returned apart because what was changed
// stays.
func (s *Service) takeAway(ctx context.Context, a crm.Actor, c *Chain, err error) (refusal, failed error) {
	var l lostRight
	if !errors.As(err, &l) {
		return nil, err
	}
	was := *l.task
	to, err := s.reassign(ctx, a.ID, c, l.task)
	if err != nil {
		return nil, err
	}
	name := func(u crm.UserID) string {
		x, err := s.People.User(ctx, u)
		if err != nil {
			return "?"
		}
		return x.Name
	}
	id, zh, en := c.Request.ID.String(), "", ""
	role, isRole := strings.CutPrefix(was.Why, rolePrefix)
	switch {
	case was.User != a.ID && was.Upper == a.ID:
		zh, en = "您已不是 "+name(was.User)+" 的上级", "you are no longer above "+name(was.User)
	case was.User != a.ID:
		zh, en = "您现在不代理 "+name(was.User), "you are not standing in for "+name(was.User)+" now"
	case was.grant().by != 0:
		zh, en = name(was.grant().by)+" 转给您，但已无权审批", name(was.grant().by)+" handed it to you and has no right to it any more"
	case was.For != 0:
		zh, en = "您现在不代 "+name(was.For)+" 审批", "you are not deciding for "+name(was.For)+" now"
	case was.Why == WhyManager:
		zh, en = "您已不是提交人的上级", "you are no longer a superior of who submitted it"
	case isRole:
		zh, en = "您已没有角色“"+crm.Role(role).Name(crm.Chinese)+"”", "you no longer have the role "+crm.Role(role).Name(crm.English)
	default:
		zh, en = "您已不是管理员", "you are no longer an administrator"
	}
	e := crm.Forbidden("不能审批 "+id+"："+zh, "you cannot decide "+id+": "+en)
	e.Rule = "AP-06"
	if to == 0 {
		return e.WithNext("请管理员设置上级、代理人或审批流程", "an administrator can set a superior, a deputy or the flow"), nil
	}
	return e.WithNext("现在由 "+name(to)+" 审批", name(to)+" decides it now"), nil
}

// reassign gives the task to who is right now and returns whom it waits for;
// zero: nobody can be asked. Where only a deputy's or superior's part ended, the
// approver keeps the task, and the steps of AP-05 begin again with who is
// deputy or superior now.
func (s *Service) reassign(ctx context.Context, by crm.UserID, c *Chain, t *Task) (crm.UserID, error) {
	now := s.Clock.Now()
	res, err := s.resolver(ctx, c.Request, now)
	if err != nil {
		return 0, err
	}
	was, to := *t, t.User
	own, err := res.owns(ctx, *t)
	if err != nil {
		return 0, err
	}
	if own {
		if t.Deputy == by {
			t.Deputy, t.DeputyAt, t.dirty = 0, time.Time{}, true
		}
		if t.Upper == by {
			t.Upper, t.UpperAt, t.dirty = 0, time.Time{}, true
		}
	} else {
		found, err := res.instead(ctx, *t)
		if crm.CodeOf(err) == crm.CodeRefused {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		to = c.Reassign(t, found, now)
	}
	if c.Request.State != Open {
		c.Request.EndedBy = to // had approved an earlier step, which counts for this one
	}
	if err := s.commit(ctx, crm.SystemActor(), c); err != nil {
		return 0, err
	}
	return to, s.Effects.Audit(ctx, crm.Audit{At: now, Actor: by, Action: "approval.reassign", Ref: c.Request.ID.Ref(), Rule: "AP-06",
		Detail: map[string]any{"task": was.ID, "why": was.Why, "from": int64(was.User), "to": int64(to)}})
}
