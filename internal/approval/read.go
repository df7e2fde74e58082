package approval

import (
	"context"
	"slices"

	"crmbot/internal/crm"
)

// Get reads a request with its chain. It may be read by its submitter and the subject's owner, by whoever
// is or was an approver of it, by those whose reach covers the submitter, and
// by legal and finance (PM-01). Others learn that there is no such request.
func (s *Service) Get(ctx context.Context, a crm.Actor, id crm.RequestID) (Chain, error) {
	c, err := s.Store.Approval(ctx, id, false)
	if err != nil {
		return Chain{}, err
	}
	if !s.participates(a, &c) && a.ID != c.Request.Owner && !a.CanSee(c.Request.Submitter, c.Request.Team) && !a.Is(crm.Legal, crm.Finance) {
		return Chain{}, NotFound(id)
	}
	return c, nil
}

// NotFound is the answer for a request that does not exist for the actor.
func NotFound(id crm.RequestID) error {
	return crm.NotFound("没有找到审批 "+id.String(), "there is no approval request "+id.String()).WithNext("发送 /待审批 查看等您处理的审批", "send /approvals for what waits for you")
}

// Brief is what an approver has to know, for somebody who may read the request.
func (s *Service) Brief(ctx context.Context, r Request) (Brief, error) {
	x := s.subjects[r.Kind]
	if x == nil {
		return Brief{}, nil // a kind that this program no longer knows: the chain is still readable
	}
	return x.Brief(ctx, r)
}

// Decisions are a request's record, oldest first. The caller has read the
// request with Get.
func (s *Service) Decisions(ctx context.Context, id crm.RequestID) ([]Decision, error) {
	return s.Store.ApprovalDecisions(ctx, id)
}

// Mine is the open task that the person may act on, or nil: as approver, as
// deputy (also of somebody who went on leave meanwhile) or after escalation.
func (s *Service) Mine(ctx context.Context, a crm.Actor, c *Chain) (*Task, error) {
	if c.Request.State != Open || a.ID == c.Request.Submitter || a.Frozen {
		return nil, nil
	}
	res, err := s.resolver(ctx, c.Request, s.Clock.Now())
	if err != nil || res.barred(a.ID) {
		return nil, err
	}
	t, _, err := s.held(ctx, res, c, a.ID)
	return t, err
}

// Item is one line of what waits for a person.
type Item struct {
	Request Request
	Task    Task
}

// PendingLimit is how many requests a list shows.
const PendingLimit = 50

// Pending is what waits for the person: urgent first, then the longest waiting.
// At most PendingLimit.
func (s *Service) Pending(ctx context.Context, a crm.Actor) ([]Item, error) {
	tasks, err := s.Store.ApprovalTasksOf(ctx, a.ID, PendingLimit)
	if err != nil || len(tasks) == 0 {
		return nil, err
	}
	ids := make([]crm.RequestID, len(tasks))
	for i, t := range tasks {
		ids[i] = t.Request
	}
	rs, err := s.Store.Approvals(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := map[crm.RequestID]Request{}
	for _, r := range rs {
		byID[r.ID] = r
	}
	all, err := s.resolvers(ctx, rs, s.Clock.Now())
	if err != nil {
		return nil, err
	}
	var out []Item
	for _, t := range tasks {
		r, ok := byID[t.Request]
		res, there := all[t.Request]
		if !ok || !there || r.State != Open || res.barred(a.ID) {
			continue
		}
		if ok, err = s.right(ctx, res, t, a.ID); err != nil {
			return nil, err
		}
		if ok {
			out = append(out, Item{r, t})
		}
	}
	slices.SortStableFunc(out, func(x, y Item) int {
		if x.Request.Urgent != y.Request.Urgent {
			if x.Request.Urgent {
				return -1
			}
			return 1
		}
		return x.Task.OpenedAt.Compare(y.Task.OpenedAt)
	})
	return out, nil
}

// Submitted are the person's own open requests, newest first.
func (s *Service) Submitted(ctx context.Context, a crm.Actor) ([]Request, error) {
	return s.Store.ApprovalsSubmitted(ctx, a.ID, PendingLimit)
}

// On are the requests about a subject, newest first, for somebody who may read
// the subject.
func (s *Service) On(ctx context.Context, ref crm.Ref) ([]Request, error) {
	return s.Store.ApprovalsOn(ctx, ref, PendingLimit)
}

// Latest is the newest request about the subject with its chain, for somebody
// who may read the subject; ok is false when there is none.
func (s *Service) Latest(ctx context.Context, ref crm.Ref) (c Chain, ok bool, err error) {
	rs, err := s.Store.ApprovalsOn(ctx, ref, 1)
	if err != nil || len(rs) == 0 {
		return Chain{}, false, err
	}
	c, err = s.Store.Approval(ctx, rs[0].ID, false)
	return c, err == nil, err
}

// OpenOn is the open request about the subject; ok is false when there is none.
func (s *Service) OpenOn(ctx context.Context, ref crm.Ref) (c Chain, ok bool, err error) {
	id, err := s.Store.OpenApprovalOn(ctx, ref)
	if err != nil || id == 0 {
		return Chain{}, false, err
	}
	c, err = s.Store.Approval(ctx, id, false)
	return c, err == nil, err
}

// AsksNow reports whether the person is an approver of an open request about
// the subject, who may therefore read it (PM-01): one who decided, or is asked
// now or later and still right.
func (s *Service) AsksNow(ctx context.Context, a crm.Actor, ref crm.Ref) (bool, error) {
	c, ok, err := s.OpenOn(ctx, ref)
	if err != nil || !ok {
		return false, err
	}
	res, err := s.resolver(ctx, c.Request, s.Clock.Now())
	if err != nil {
		return false, err
	}
	for _, n := range c.Nodes {
		for _, t := range n.Tasks {
			ok, err := false, error(nil)
			switch {
			case a.ID != 0 && t.DecidedBy == a.ID:
				ok = true
			case t.HeldBy(a.ID):
				ok, err = s.right(ctx, res, t, a.ID)
			case a.ID != 0 && t.For == a.ID:
				ok, err = res.holds(ctx, a.ID, t.grant().why, 0)
			}
			if err != nil || ok {
				return ok, err
			}
		}
	}
	t, _, err := s.held(ctx, res, &c, a.ID)
	return t != nil, err
}
