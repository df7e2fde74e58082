package handover

import (
	"context"
	"slices"
	"strings"

	"crmbot/internal/crm"
)

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
