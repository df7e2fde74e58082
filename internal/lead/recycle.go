package lead

import (
	"context"
	"errors"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
	"crmbot/internal/recycle"
)

// unsettle lets the next run of recycling look at a lead whose release day may
// have come nearer.
func (s *Service) unsettle(ctx context.Context, ref crm.Ref) error {
	if s.d.Keep == nil {
		return nil
	}
	return s.d.Keep.Unsettle(ctx, ref)
}

// unkeep ends the clock of a lead that is over.
func (s *Service) unkeep(ctx context.Context, ref crm.Ref) error {
	if s.d.Keep == nil {
		return nil
	}
	return s.d.Keep.End(ctx, ref)
}

// Recycle gives a lead back to its pool because nobody worked on it (P-11), in
// the transaction of the context, which has it locked. It reports whether the
// lead still was the owner's. After so many owners in a row lost it the same
// way, it goes to the nurture pool instead (P-19).
func (s *Service) Recycle(ctx context.Context, ref crm.Ref, owner crm.UserID, why recycle.Verdict) (bool, error) {
	l, err := s.d.Store.LockLead(ctx, crm.LeadID(ref.ID))
	if crm.CodeOf(err) == crm.CodeNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if l.Owner != owner || l.Status != Open {
		return false, nil
	}
	home, err := s.d.Gate.Pool(ctx, l.Pool)
	if err != nil {
		return false, err
	}
	system := crm.SystemActor()
	m := pool.Move{Ref: ref, From: l.Owner, FromTeam: l.Team, Reason: pool.Recycle, Pool: home, Version: why.Period.Version}
	_, err = s.d.Gate.Free(ctx, system, m, 1, s.move(system, l, Open, ""))
	if errors.Is(err, pool.ErrLost) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, s.d.Effects.Refresh(ctx, ref)
}
