package lead

import (
	"context"
	"errors"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// Released is the outcome of a release.
type Released struct {
	Seen
	Reason ReleaseReason
	// Refunded reports that the claim was given back to today's quota (P-04).
	Refunded bool
	// CoolDays is for how long the former owner may not claim it again (P-06).
	CoolDays int
}

// Release gives a lead back to its pool with a reason (P-17). Its owner may do
// that, and who leads the owner. Reasons about the data send it to review and
// do not count against the owner.
func (s *Service) Release(ctx context.Context, a crm.Actor, id crm.LeadID, reason, note string) (Released, error) {
	if err := mayAct(a); err != nil {
		return Released{}, err
	}
	reasons, _ := ReleaseReasons.Of(ctx, s.d.Rules)
	r, note, err := pool.ReasonFor(reasons, reason, note)
	if err != nil {
		return Released{}, err
	}
	l, err := s.owned(ctx, a, id)
	if err != nil {
		return Released{}, err
	}
	if l.Owner != a.ID && !manages(a, l) {
		return Released{}, crm.Forbidden(id.String()+" 不是您的线索，只有负责人或其经理可以释放", "only the owner of "+id.String()+" or their manager may release it")
	}
	out := Released{Reason: r}
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if l.Owner == a.ID { // the number of refunds is counted
			if _, err := s.d.Gate.Seat(ctx, crm.KindLead, a.ID); err != nil {
				return err
			}
		}
		now := s.d.Clock.Now()
		home, err := s.d.Gate.Pool(ctx, l.Pool)
		if err != nil {
			return err
		}
		past, err := s.d.Gate.History(ctx, l.Ref(), 1)
		if err != nil {
			return err
		}
		m := pool.Move{Ref: l.Ref(), From: l.Owner, FromTeam: l.Team, Reason: pool.Release, Pool: home, Why: r.Code, Note: note, Uncounted: r.Quality}
		if len(past) > 0 {
			m.Last = past[0]
		}
		next, quality := Open, ""
		if r.Quality {
			next, quality = Review, r.Code
		}
		moved, err := s.d.Gate.Free(ctx, a, m, 1, s.move(a, l, next, quality))
		if err != nil {
			return err
		}
		out.Refunded = moved.Refunded
		if !r.Quality {
			team := l.Team
			if u, err := s.d.People.User(ctx, l.Owner); err == nil {
				team = u.Team // that of this moment, not of the claim (F-06)
			} else if crm.CodeOf(err) != crm.CodeNotFound {
				return err
			}
			if err := s.record(ctx, FactRelease, now, l.Owner, team, l.Ref()); err != nil {
				return err
			}
		}
		if l.Owner != a.ID {
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(l.Owner), View: crm.View{Name: ViewTaken, Ref: l.Ref().String()}}); err != nil {
				return err
			}
		}
		if r.Quality { // the mark caps the grade (L-02)
			if err := s.Rescore(ctx, l.Ref()); err != nil {
				return err
			}
		}
		return s.d.Effects.Refresh(ctx, l.Ref())
	})
	if errors.Is(err, pool.ErrLost) {
		return Released{}, s.moved(id)
	}
	if err != nil {
		return Released{}, err
	}
	switch {
	case r.Quality:
	case l.Owner == a.ID:
		out.CoolDays = int(pool.CoolVoluntary.Of(ctx, s.d.Rules))
	default:
		out.CoolDays = int(pool.CoolManager.Of(ctx, s.d.Rules))
	}
	after, err := s.d.Store.Lead(ctx, id)
	if err != nil {
		return out, err
	}
	acc, err := s.access(ctx, a, after)
	if err != nil {
		return out, err
	}
	out.Seen, err = s.seen(ctx, a, after, max(acc, accessMasked))
	return out, err
}

// The views that leads send unasked; handlers register them.
const (
	ViewGiven   = "lead.given"   // "L-12": you got this lead
	ViewTaken   = "lead.taken"   // "L-12": your lead went elsewhere
	ViewCollab  = "lead.collab"  // "L-12/5": person 5 asks to work along
	ViewAnswer  = "lead.answer"  // "L-12/5": the answer to that
	ViewWatched = "lead.watched" // "L-12": the reminder at the release day
)

// owned is a lead with an owner that the actor may read in full.
func (s *Service) owned(ctx context.Context, a crm.Actor, id crm.LeadID) (Lead, error) {
	l, err := s.stored(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return l, notFound(id)
	}
	if err != nil {
		return l, err
	}
	acc, err := s.access(ctx, a, l)
	switch {
	case err != nil:
		return l, err
	case acc == accessNone:
		return l, notFound(id)
	case l.InPool():
		return l, crm.Conflict("", id.String()+" 已在公海，没有负责人", id.String()+" is in the pool and has no owner").WithNext("可以认领：/认领 "+id.String(), "claim it with /claim "+id.String())
	case l.Status != Open:
		return l, crm.Conflict("", id.String()+" "+l.Status.Name(crm.Chinese), id.String()+" is "+l.Status.Name(crm.English))
	}
	return l, nil
}

func (s *Service) moved(id crm.LeadID) error {
	return crm.Conflict("P-02", id.String()+" 刚刚被别人改动，这次操作没有生效", id.String()+" was changed by somebody else a moment ago; nothing was done").
		WithNext("请查看最新状态：/线索 "+id.String(), "look at its present state: /lead "+id.String())
}

// Cleared puts a lead under review (P-17) back into its pool after its data was
// checked, or marks it as invalid when the data is beyond repair.
func (s *Service) Cleared(ctx context.Context, a crm.Actor, id crm.LeadID, usable bool) (Seen, error) {
	if err := mayAct(a); err != nil {
		return Seen{}, err
	}
	if !a.Is(crm.Manager, crm.Director, crm.Marketing, crm.Admin) {
		return Seen{}, crm.Forbid(a, crm.Manager, crm.Marketing)
	}
	l, err := s.d.Store.Lead(ctx, id)
	if err != nil {
		return Seen{}, err
	}
	acc, err := s.access(ctx, a, l)
	if err != nil || acc == accessNone {
		if err == nil {
			err = notFound(id)
		}
		return Seen{}, err
	}
	if l.Status != Review {
		return Seen{}, crm.Conflict("P-17", id.String()+" 不在资料核对中", id.String()+" is not under review")
	}
	next, mark := Open, ""
	if !usable {
		next, mark = Invalid, l.Quality // a duplicate stays out of the numbers (L-07)
	}
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		now := s.d.Clock.Now()
		ok, err := s.d.Store.SetStatus(ctx, l, next, mark, now)
		if err != nil {
			return err
		}
		if !ok {
			return s.moved(id)
		}
		if err := s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "lead.review", Ref: id.Ref(), Rule: "P-17", Detail: map[string]any{"mark": l.Quality, "usable": usable}}); err != nil {
			return err
		}
		if err := s.Rescore(ctx, id.Ref()); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, id.Ref())
	})
	if err != nil {
		return Seen{}, err
	}
	// Who ended the review reads the outcome, also of a lead that is in no pool now.
	after, err := s.d.Store.Lead(ctx, id)
	if err != nil {
		return Seen{}, err
	}
	return s.seen(ctx, a, after, acc)
}
