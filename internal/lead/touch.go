package lead

import (
	"context"
	"time"

	"crmbot/internal/crm"
)

// Touch notes an activity on the lead in the transaction of the context: any
// activity moves LastActivityAt, a valid one (P-10) LastValidAt, and the first
// valid one ever FirstContactAt, for which it returns true. Whoever wrote the
// activity then writes the fact FactFirstContact. The times only move forward.
// A lead that became part of another one since the transaction read it is
// crm.ErrAgain: the activity is the survivor's.
func (s *Service) Touch(ctx context.Context, ref crm.Ref, at time.Time, valid bool) (first bool, err error) {
	if ref.Kind != crm.KindLead {
		return false, nil
	}
	first, err = s.d.Store.TouchLead(ctx, crm.LeadID(ref.ID), at, valid)
	if crm.CodeOf(err) == crm.CodeNotFound {
		l, e := s.stored(ctx, crm.LeadID(ref.ID))
		switch {
		case e != nil:
			return false, e
		case l.Status != Merged && l.Ref() == ref:
			return false, crm.ErrAgain
		}
		ref = l.Ref()
		first, err = s.d.Store.TouchLead(ctx, l.ID, at, valid)
	}
	if err != nil {
		return false, err
	}
	return first, s.d.Effects.Refresh(ctx, ref)
}

// Untouch sets the times to what the remaining activities say, after one was
// taken back within the transaction of the context. Zero times mean none.
func (s *Service) Untouch(ctx context.Context, ref crm.Ref, first, last, lastValid time.Time) error {
	if ref.Kind != crm.KindLead {
		return nil
	}
	if err := s.d.Store.ResetTouch(ctx, crm.LeadID(ref.ID), first, last, lastValid); err != nil {
		return err
	}
	if err := s.unsettle(ctx, ref); err != nil {
		return err
	}
	return s.d.Effects.Refresh(ctx, ref)
}

// Working reports whether the actor may log activities on the lead: its owner,
// who leads the owner, and collaborators.
func (s *Service) Working(ctx context.Context, a crm.Actor, id crm.LeadID) (Lead, error) {
	l, err := s.owned(ctx, a, id)
	if err != nil {
		return l, err
	}
	return l, mayAct(a)
}
