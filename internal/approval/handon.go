package approval

import (
	"context"
	"fmt"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// maxNodes bounds how long added nodes can make a request.
const maxNodes = 20

// Delegate hands the person's task to a colleague, who decides instead.
func (s *Service) Delegate(ctx context.Context, a crm.Actor, k Click, to crm.UserID) (Result, error) {
	return s.handOn(ctx, a, k, to, ActDelegate, func(_ context.Context, c *Chain, t *Task, u org.User) error {
		c.HandOver(t, a.ID, u.ID, s.Clock.Now())
		return nil
	})
}

// AddSign asks a further person: before the present node, which then waits, or
// after it.
func (s *Service) AddSign(ctx context.Context, a crm.Actor, k Click, who crm.UserID, before bool) (Result, error) {
	return s.handOn(ctx, a, k, who, ActAdd, func(ctx context.Context, c *Chain, _ *Task, u org.User) error {
		if len(c.Nodes) >= maxNodes {
			return crm.Refused("AP-03", fmt.Sprintf("一个审批最多 %d 步", maxNodes), fmt.Sprintf("a request has at most %d steps", maxNodes))
		}
		n := Node{Request: c.Request.ID, Label: crm.Text{Zh: "加签", En: "added"}, Mode: Any, State: Waiting, Seq: c.Current().Seq + 1}
		if before {
			n.Seq = c.Current().Seq
		}
		n.Tasks = []Task{{Request: c.Request.ID, Seq: 1, User: u.ID, Why: WhyAdded, State: Waiting}}
		if err := s.storeNode(ctx, &n); err != nil {
			return err
		}
		if before {
			c.AddBefore(n)
		} else {
			c.AddAfter(n)
		}
		c.Advance(s.Clock.Now())
		return nil
	})
}

func (s *Service) handOn(ctx context.Context, a crm.Actor, k Click, to crm.UserID, act Action, change func(ctx context.Context, c *Chain, t *Task, u org.User) error) (Result, error) {
	comment, err := note(k.Comment)
	if err != nil {
		return Result{}, err
	}
	var res Result
	var refusal error
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		res, refusal = Result{}, nil
		c, err := s.Store.Approval(ctx, k.Request, true)
		if err != nil {
			return err
		}
		t, already, err := s.mayDecide(ctx, a, &c, k, act)
		if err != nil {
			refusal, err = s.takeAway(ctx, a, &c, err)
			return err
		}
		if already {
			return crm.Conflict("AP-06", "您已处理过 "+k.Request.String(), "you have dealt with "+k.Request.String()+" already")
		}
		u, err := s.colleague(ctx, &c, to)
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		d := Decision{Request: k.Request, Task: t.ID, User: a.ID, For: u.ID, Action: act, Comment: comment, Hash: c.Request.Hash, At: now}
		if err := s.Store.AddApprovalDecision(ctx, &d); err != nil {
			return err
		}
		if err := change(ctx, &c, t, u); err != nil {
			return err
		}
		if err := s.commit(ctx, a, &c); err != nil {
			return err
		}
		res.Chain = c
		return s.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "approval." + string(act), Ref: k.Request.Ref(), Rule: "AP-03", Detail: map[string]any{"task": d.Task, "to": int64(u.ID)}})
	})
	if err == nil {
		err = refusal
	}
	return res, err
}

// colleague checks that the person can be asked in this request.
func (s *Service) colleague(ctx context.Context, c *Chain, id crm.UserID) (org.User, error) {
	u, err := s.People.User(ctx, id)
	if err != nil {
		return u, err
	}
	res, err := s.resolver(ctx, c.Request, s.Clock.Now())
	if err != nil {
		return u, err
	}
	switch {
	case id == c.Request.Submitter:
		return u, crm.Refused("AP-03", u.Name+" 是提交人，不能审批自己的申请", u.Name+" submitted this and cannot approve it").WithNext("请选择另一位同事", "choose another colleague")
	case res.barred(id):
		return u, crm.Refused("AP-03", u.Name+" 是合同、客户或商机的负责人，不能审批", u.Name+" owns the contract, account or deal and cannot approve it").WithNext("请选择另一位同事", "choose another colleague")
	case !available(u, s.Calendar.DayOf(s.Clock.Now())):
		return u, crm.Refused("AP-03", u.Name+" 不在岗（请假或已离职）", u.Name+" is on leave or has left").WithNext("请选择另一位同事", "choose another colleague")
	case c.Held(id) != nil || c.Waits(id) || c.DecidedBy(id) != nil:
		return u, crm.Refused("AP-03", u.Name+" 已经是这个审批的审批人", u.Name+" is an approver of this request already").WithNext("请选择另一位同事", "choose another colleague")
	}
	return u, nil
}
