package lead

import (
	"context"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// FactAssigned is a lead that a person got from a manager or by the rules.
const FactAssigned = "lead.assigned"

// Distributor takes leads that came into a pool to be given by the rules
// (AS-01), in the transaction of the context.
type Distributor interface {
	Queue(ctx context.Context, ls []*Lead) error
	// Overtaken ends what goes on with a lead from a pool that a manager gave to
	// somebody, in the transaction of the context.
	Overtaken(ctx context.Context, id crm.LeadID, to crm.UserID) error
}

// SetDistributor sets who distributes new leads, once, before the service is
// used. Without one they stay in their pool.
func (s *Service) SetDistributor(d Distributor) { s.distributor = d }

// distribute hands on what nobody owns of new leads.
func (s *Service) distribute(ctx context.Context, ls ...*Lead) error {
	if s.distributor == nil {
		return nil
	}
	var free []*Lead
	for _, l := range ls {
		if l.Owner == 0 && l.Status == Open {
			free = append(free, l)
		}
	}
	if len(free) == 0 {
		return nil
	}
	return s.distributor.Queue(ctx, free)
}

// overtaken tells the distributor that a manager gave the lead to somebody.
func (s *Service) overtaken(ctx context.Context, l Lead, to crm.UserID) error {
	if s.distributor == nil || l.Owner != 0 {
		return nil
	}
	return s.distributor.Overtaken(ctx, l.ID, to)
}

// Routing is a change of owner that distribution decided on.
type Routing struct {
	Lead crm.LeadID
	// From is whose it must still be; zero: nobody's.
	From, To crm.UserID
	Reason   pool.Reason
	Note     string
	// Check is asked under the receiver's lock before anything changes; nil: nothing
	// more is to be checked.
	Check func(ctx context.Context) error
}

// Route gives a lead to the person in one transaction with what also does. It
// fails with pool.ErrLost when the lead is not where Routing says or not open,
// and obeys the hold limit (P-03). Who it is taken from is told; telling the new
// owner is up to the caller.
func (s *Service) Route(ctx context.Context, a crm.Actor, r Routing, also func(ctx context.Context, l Lead) error) (Lead, error) {
	u, err := s.d.People.User(ctx, r.To)
	if err != nil {
		return Lead{}, err
	}
	if err := canReceive(u, Lead{}); err != nil {
		return Lead{}, err
	}
	var l Lead
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		seat, err := s.d.Gate.SeatFor(ctx, crm.KindLead, r.To, r.Lead.Ref())
		if err != nil {
			return err
		}
		if l, err = s.d.Store.LockLead(ctx, r.Lead); err != nil {
			return err
		}
		if l.Owner != r.From || l.Status != Open || l.Owner == r.To {
			return pool.ErrLost
		}
		if r.Check != nil {
			if err := r.Check(ctx); err != nil {
				return err
			}
		}
		home, err := s.d.Gate.Pool(ctx, l.Pool)
		if err != nil {
			return err
		}
		m := pool.Move{Ref: l.Ref(), From: l.Owner, FromTeam: l.Team, Reason: r.Reason, Pool: home, Note: r.Note}
		moved, err := s.d.Gate.Give(ctx, a, seat, m, 1, s.move(a, l, Open, ""))
		if err != nil {
			return err
		}
		if r.Reason == pool.Assign {
			if err := s.overtaken(ctx, l, r.To); err != nil {
				return err
			}
		}
		e := moved.Entries[0]
		l.Owner, l.Team, l.OwnedAt, l.Version = e.To, e.ToTeam, e.At, l.Version+1
		if r.Reason == pool.Handover {
			l.HandedAt = e.At
		} else {
			if err := s.record(ctx, FactAssigned, e.At, e.To, e.ToTeam, l.Ref()); err != nil {
				return err
			}
		}
		if r.From != 0 && r.From != a.ID {
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(r.From), View: crm.View{Name: ViewTaken, Ref: l.Ref().String()}}); err != nil {
				return err
			}
		}
		if also != nil {
			if err := also(ctx, l); err != nil {
				return err
			}
		}
		return s.d.Effects.Refresh(ctx, l.Ref())
	})
	return l, err
}

// PutBack takes a lead back from the person to whom it was just given, into its
// pool, in the transaction of the context. It does not count as a release, and
// false means that something happened with it since. The caller tells the person:
// what was given in one card is not taken back in many.
func (s *Service) PutBack(ctx context.Context, a crm.Actor, id crm.LeadID, from crm.UserID, version int64, note string) (bool, error) {
	l, err := s.d.Store.LockLead(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if l.Owner != from || l.Version != version || l.Status != Open || l.Contacted() {
		return false, nil
	}
	home, err := s.d.Gate.Pool(ctx, l.Pool)
	if err != nil {
		return false, err
	}
	m := pool.Move{Ref: l.Ref(), From: l.Owner, FromTeam: l.Team, Reason: pool.Release, Pool: home, Note: note, Uncounted: true}
	if _, err := s.d.Gate.Free(ctx, a, m, 1, s.move(a, l, Open, "")); err != nil {
		return false, err
	}
	now := s.d.Clock.Now()
	taken := crm.Fact{At: now, Day: s.d.Calendar.DayOf(l.OwnedAt), User: from, Team: l.Team, Key: FactAssigned, Qty: -1, Ref: l.Ref()}
	if err := s.d.Effects.TakeBack(ctx, taken); err != nil {
		return false, err
	}
	return true, s.d.Effects.Refresh(ctx, l.Ref())
}

// Shown is a lead that the actor can reach without what its pool hides from them
// (P-08).
func (s *Service) Shown(ctx context.Context, a crm.Actor, l Lead) (Lead, error) {
	acc, err := s.access(ctx, a, l)
	if err != nil || acc == accessFull || acc == accessRead {
		return l, err
	}
	p, err := s.d.Gate.Pool(ctx, l.Pool)
	return l.Masked(p.Hides), err
}

// Reachable is a lead that the actor may hand out: one of a pool that they see as
// a leader or look after, or of a person whom they lead.
func (s *Service) Reachable(ctx context.Context, a crm.Actor, id crm.LeadID) (Lead, error) {
	if err := mayAct(a); err != nil {
		return Lead{}, err
	}
	l, err := s.d.Store.Lead(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return Lead{}, notFound(id)
	}
	if err != nil {
		return Lead{}, err
	}
	acc, err := s.access(ctx, a, l)
	if err != nil {
		return Lead{}, err
	}
	_, _, ruled, err := s.d.Gate.Sees(ctx, a, l.Pool)
	switch {
	case err != nil:
		return Lead{}, err
	case !a.Is(supervisors...) && !(l.Owner == 0 && ruled):
		return Lead{}, crm.Forbid(a, crm.Manager, crm.Director)
	case acc == accessNone || l.Owner != 0 && !manages(a, l):
		return Lead{}, notFound(id)
	}
	if l.Status != Open {
		return Lead{}, crm.Conflict("", id.String()+" "+l.Status.Name(crm.Chinese)+"，不能分配", id.String()+" is "+l.Status.Name(crm.English)+" and cannot be assigned")
	}
	return l, nil
}
