package approval

import (
	"context"

	"crmbot/internal/crm"
)

// Withdraw takes an open request back; only its submitter may. Withdrawing
// again is a no-op.
func (s *Service) Withdraw(ctx context.Context, a crm.Actor, id crm.RequestID, comment string) (Result, error) {
	comment, err := note(comment)
	if err != nil {
		return Result{}, err
	}
	if err := mayAct(a); err != nil {
		return Result{}, err
	}
	var res Result
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		c, err := s.Store.Approval(ctx, id, true)
		if err != nil {
			return err
		}
		if c.Request.Submitter != a.ID {
			return crm.Forbidden("只有提交人可以撤回 "+id.String(), "only who submitted "+id.String()+" may withdraw it").WithNext("审批人可以 /驳回 "+id.String()+" 原因", "an approver may /reject "+id.String()+" with a reason")
		}
		if c.Request.State == Withdrawn {
			res = Result{Chain: c, Already: true}
			return nil
		}
		if c.Request.State != Open {
			return crm.Conflict("AP-06", id.String()+" 已经结束："+c.Request.State.Name(crm.Chinese)+"，不能撤回", id.String()+" is already "+c.Request.State.Name(crm.English)+" and cannot be withdrawn")
		}
		now := s.Clock.Now()
		d := Decision{Request: id, User: a.ID, Action: ActWithdraw, Comment: comment, Hash: c.Request.Hash, At: now}
		if err := s.Store.AddApprovalDecision(ctx, &d); err != nil {
			return err
		}
		c.end(Withdrawn, now)
		c.Request.EndedBy, c.Request.Comment = a.ID, comment
		if err := s.commit(ctx, a, &c); err != nil {
			return err
		}
		res.Chain = c
		return s.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "approval.withdraw", Ref: id.Ref(), Rule: "AP-06", Detail: map[string]any{"subject": c.Request.Ref.String()}})
	})
	return res, err
}

// VoidOn ends the open request about the subject because its content changed
// (AP-04). Call it in the transaction of the change. It reports whether there
// was one.
func (s *Service) VoidOn(ctx context.Context, a crm.Actor, ref crm.Ref, comment string) (bool, error) {
	found := false
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		id, err := s.Store.OpenApprovalOn(ctx, ref)
		if err != nil || id == 0 {
			return err
		}
		c, err := s.Store.Approval(ctx, id, true)
		if err != nil || c.Request.State != Open {
			return err
		}
		found = true
		return s.void(ctx, a, &c, comment)
	})
	return found, err
}

func (s *Service) void(ctx context.Context, a crm.Actor, c *Chain, comment string) error {
	now := s.Clock.Now()
	d := Decision{Request: c.Request.ID, User: a.ID, Action: ActVoid, Comment: comment, Hash: c.Request.Hash, At: now}
	if err := s.Store.AddApprovalDecision(ctx, &d); err != nil {
		return err
	}
	c.end(Void, now)
	c.Request.EndedBy, c.Request.Comment = a.ID, comment
	if err := s.commit(ctx, a, c); err != nil {
		return err
	}
	return s.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "approval.void", Ref: c.Request.ID.Ref(), Rule: "AP-04",
		Detail: map[string]any{"subject": c.Request.Ref.String(), "hash": c.Request.Hash}})
}
