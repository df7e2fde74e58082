package lead

import (
	"context"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// Convert turns an owned lead into the record that make returns, an account:
// its duplicate keys move there, it takes no claim or release any more, and its
// activities stay readable under its code. make runs in the same transaction,
// in which the owner already has the seat for one more account (P-03). Its
// owner may do that, and who leads the owner.
func (s *Service) Convert(ctx context.Context, a crm.Actor, id crm.LeadID, make func(ctx context.Context, l Lead, seat pool.Seat) (crm.Ref, error)) (Lead, error) {
	if err := mayAct(a); err != nil {
		return Lead{}, err
	}
	before, err := s.owned(ctx, a, id) // whose seat it takes
	if err != nil {
		return before, err
	}
	var l Lead
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		seat, err := s.d.Gate.Seat(ctx, crm.KindAccount, before.Owner)
		if err != nil {
			return err
		}
		if l, err = s.owned(ctx, a, id); err != nil {
			return err
		}
		if l.Owner != before.Owner {
			return s.moved(id)
		}
		if l.Owner != a.ID && !manages(a, l) {
			return crm.Forbidden(id.String()+" 不是您的线索，只有负责人或其经理可以转为客户", "only the owner of "+id.String()+" or their manager may convert it")
		}
		to, err := make(ctx, l, seat)
		if err != nil {
			return err
		}
		if err := s.d.Duplicates.Move(ctx, l.Ref(), to); err != nil {
			return err
		}
		if err := s.d.Store.MoveFiles(ctx, l.Ref(), to); err != nil {
			return err
		}
		now := s.d.Clock.Now()
		ok, err := s.d.Store.SetStatus(ctx, l, Converted, "", now)
		if err != nil {
			return err
		}
		if !ok {
			return s.moved(id)
		}
		if err := s.unkeep(ctx, l.Ref()); err != nil {
			return err
		}
		if err := s.record(ctx, FactConverted, now, l.Owner, l.Team, l.Ref()); err != nil {
			return err
		}
		if to.Kind == crm.KindAccount {
			if err := s.d.Store.SetBecame(ctx, id, crm.AccountID(to.ID), now); err != nil {
				return err
			}
		}
		if err := s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "lead.convert", Ref: l.Ref(), Rule: "P-18", Detail: map[string]any{"to": to.String()}}); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, l.Ref(), to)
	})
	return l, err
}
