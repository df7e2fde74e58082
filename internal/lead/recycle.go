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
// lead still was the owner's. It goes to the pool, or with zero to its home pool.
func (s *Service) Recycle(ctx context.Context, ref crm.Ref, owner crm.UserID, why recycle.Verdict, to crm.PoolID) (bool, error) {
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
	if to == 0 {
		to = l.Pool
	}
	home, err := s.d.Gate.Pool(ctx, to)
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

// Return takes a lead that nobody owns out of the nurture pool into the pool
// that takes it, graded anew (P-19), in the transaction of the context.
func (s *Service) Return(ctx context.Context, ref crm.Ref, from crm.PoolID) error {
	l, err := s.d.Store.LockLead(ctx, crm.LeadID(ref.ID))
	if err != nil {
		return err
	}
	if l.Owner != 0 || l.Status != Open || l.Pool != from {
		return nil
	}
	home, err := s.d.Gate.Home(ctx, crm.KindLead, 0, 0, l.City, l.Region)
	if err != nil {
		return err
	}
	system := crm.SystemActor()
	m := pool.Move{Ref: ref, Reason: pool.Recycle, Pool: home, Note: "P-19"}
	if _, err := s.d.Gate.Free(ctx, system, m, 1, s.move(system, l, Open, "")); err != nil && !errors.Is(err, pool.ErrLost) {
		return err
	}
	return s.Rescore(ctx, ref)
}

// GiveBack gives a lead in a pool back to the actor, who owned it (RC-04), in the
// transaction of the context: check is asked when seat and lead are locked.
func (s *Service) GiveBack(ctx context.Context, a crm.Actor, ref crm.Ref, nurture crm.PoolID, check func(ctx context.Context) error) error {
	seat, err := s.d.Gate.Seat(ctx, crm.KindLead, a.ID)
	if err != nil {
		return err
	}
	l, err := s.d.Store.LockLead(ctx, crm.LeadID(ref.ID))
	if err != nil {
		return err
	}
	if err := check(ctx); err != nil {
		return err
	}
	if l.Owner != 0 || l.Status != Open {
		return pool.ErrLost
	}
	if err := canReceive(seat.User, l); err != nil {
		return err
	}
	home, err := s.d.Gate.TakesBack(ctx, a, ref, l.Pool, nurture, l.City, l.Region)
	if err != nil {
		return err
	}
	m := pool.Move{Ref: ref, Reason: pool.AutoAssign, Pool: home, Note: pool.NoteBack}
	if _, err := s.d.Gate.Give(ctx, a, seat, m, 1, s.move(a, l, Open, "")); err != nil {
		return err
	}
	return s.d.Effects.Refresh(ctx, ref)
}
