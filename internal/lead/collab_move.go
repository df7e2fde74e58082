package lead

import (
	"context"
	"time"

	"crmbot/internal/crm"
)

// AfterMove is what becomes of a collaboration when its record goes to another
// owner; zero: the pool (PM-01, P-08). The right to read along was given by an
// owner and does not outlive the ownership:
//
//   - Back to the pool (release, recycle) it ends: the record is masked for
//     everybody again until somebody claims it, and the next owner starts alone.
//   - When the collaborator becomes the owner it ends: nothing is left to share.
//   - Under a new owner (transfer, assign, hand-over) it is asked again, and
//     rests until that owner agrees: work in common goes on with one tap, but
//     nobody reads along without the owner knowing.
//
// Requests without an answer pass to the new owner as they are; what was
// declined, has ended or expired stays so.
func (c Collaboration) AfterMove(to crm.UserID, now time.Time) Collaboration {
	switch {
	case c.State != CollabAsked && !c.Active(now):
	case to == 0 || to == c.User:
		c.State, c.ExpiresAt = CollabEnded, time.Time{}
	case c.State == CollabAccepted:
		c.State, c.By, c.AskedAt, c.ExpiresAt = CollabAsked, 0, now, time.Time{}
	}
	return c
}

// reviewCollabs looks at every collaboration on a lead that changes hands, in
// the transaction that moves it, and tells who is concerned. A lead that comes
// from the pool has none: they ended on its way there. An answer that was given
// while the move waited for the lead is older than the move, and counts as such.
func (s *Service) reviewCollabs(ctx context.Context, a crm.Actor, l Lead, to crm.UserID, now time.Time) error {
	if l.Owner == 0 {
		return nil
	}
	list, err := s.d.Store.LockCollaborations(ctx, l.Ref())
	if err != nil {
		return err
	}
	for _, before := range list {
		c := before.AfterMove(to, now)
		if c != before {
			if err := s.d.Store.SaveCollaboration(ctx, c); err != nil {
				return err
			}
			if err := s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "lead.collab_" + c.State, Ref: l.Ref(), Rule: "PM-01",
				Detail: map[string]any{"user": c.User, "was": before.State, "from": l.Owner, "to": to}}); err != nil {
				return err
			}
		}
		ref := CollabRef(l.ID, c.User)
		var ns []crm.Notice
		if before.Active(now) && c.User != a.ID && c.User != to {
			ns = append(ns, crm.Notice{To: crm.ToUser(c.User), View: crm.View{Name: ViewAnswer, Ref: ref}})
		}
		if c.State == CollabAsked {
			ns = append(ns, crm.Notice{To: crm.ToUser(to), View: crm.View{Name: ViewCollab, Ref: ref}, Topic: ViewCollab + ":" + ref})
		}
		if err := s.d.Effects.Notify(ctx, ns...); err != nil {
			return err
		}
	}
	return nil
}
