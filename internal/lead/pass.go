package lead

import (
	"context"
	"errors"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

// Transfer passes the actor's own lead, or one of a person they lead, on to a
// colleague. The new owner's hold limit counts (P-03).
func (s *Service) Transfer(ctx context.Context, a crm.Actor, id crm.LeadID, to crm.UserID) (Seen, error) {
	l, err := s.owned(ctx, a, id)
	if err != nil {
		return Seen{}, err
	}
	reason := pool.Transfer
	switch {
	case l.Owner == a.ID:
	case manages(a, l):
		reason = pool.Assign
	default:
		return Seen{}, crm.Forbidden(id.String()+" 不是您的线索，只有负责人或其经理可以转交", "only the owner of "+id.String()+" or their manager may pass it on")
	}
	return s.give(ctx, a, l, to, reason)
}

// Assign gives a lead from the pool, or one of a person that the actor leads,
// to a person that the actor leads; whoever looks after the pool may also assign
// from it to the people of its scope. It uses no claim quota, and passes over
// embargo and cool-down, which the ledger notes (P-06, P-07).
func (s *Service) Assign(ctx context.Context, a crm.Actor, id crm.LeadID, to crm.UserID) (Seen, error) {
	l, err := s.Reachable(ctx, a, id)
	if err != nil {
		return Seen{}, err
	}
	u, err := s.d.People.User(ctx, to)
	if err != nil {
		return Seen{}, err
	}
	if err := s.d.Gate.MayAssign(ctx, a, l.Owner, l.Pool, u); err != nil {
		return Seen{}, err
	}
	return s.give(ctx, a, l, to, pool.Assign)
}

func (s *Service) give(ctx context.Context, a crm.Actor, l Lead, to crm.UserID, reason pool.Reason) (Seen, error) {
	if err := mayAct(a); err != nil {
		return Seen{}, err
	}
	u, err := s.d.People.User(ctx, to)
	if err != nil {
		return Seen{}, err
	}
	if err := canReceive(u, l); err != nil {
		return Seen{}, err
	}
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		seat, err := s.d.Gate.Seat(ctx, crm.KindLead, to)
		if err != nil {
			return err
		}
		home, err := s.d.Gate.Pool(ctx, l.Pool)
		if err != nil {
			return err
		}
		m := pool.Move{Ref: l.Ref(), From: l.Owner, FromTeam: l.Team, Reason: reason, Pool: home}
		moved, err := s.d.Gate.Give(ctx, a, seat, m, 1, s.move(a, l, Open, ""))
		if err != nil {
			return err
		}
		if e := moved.Entries[0]; reason == pool.Assign {
			if err := s.overtaken(ctx, l, to); err != nil {
				return err
			}
			if err := s.record(ctx, FactAssigned, e.At, e.To, e.ToTeam, l.Ref()); err != nil {
				return err
			}
		}
		if to != a.ID {
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(to), View: crm.View{Name: ViewGiven, Ref: l.Ref().String()}, Always: l.Grade == "A"}); err != nil {
				return err
			}
		}
		if l.Owner != 0 && l.Owner != a.ID {
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(l.Owner), View: crm.View{Name: ViewTaken, Ref: l.Ref().String()}}); err != nil {
				return err
			}
		}
		return s.d.Effects.Refresh(ctx, l.Ref())
	})
	if errors.Is(err, pool.ErrLost) {
		return Seen{}, s.moved(l.ID)
	}
	if err != nil {
		return Seen{}, s.withCandidates(ctx, to, err)
	}
	after, err := s.d.Store.Lead(ctx, l.ID)
	if err != nil {
		return Seen{}, err
	}
	// The giver reads the outcome even when the lead is theirs no longer.
	return s.seen(ctx, a, after, accessFull)
}

func canReceive(u org.User, l Lead) error {
	switch {
	case u.ID == l.Owner:
		return crm.Conflict("", l.ID.String()+" 已经在 "+u.Name+" 名下", l.ID.String()+" already belongs to "+u.Name)
	case !u.Active || u.Frozen:
		return crm.Refused("HO-01", u.Name+" 已停用或正在交接，不能接收线索", u.Name+" has left or is handing over and cannot receive leads").WithNext("请选择其他同事", "choose another colleague")
	case !u.Has(crm.Rep):
		return crm.Refused("P-02", u.Name+" 不是销售，不能持有线索", u.Name+" is not a sales rep and cannot own leads").WithNext("请选择一位销售", "choose a sales rep")
	}
	return nil
}
