package lead

import (
	"context"
	"fmt"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// The states of a collaboration.
const (
	CollabAsked    = pool.CollabAsked
	CollabAccepted = pool.CollabAccepted
	CollabDeclined = pool.CollabDeclined
	CollabEnded    = pool.CollabEnded
)

// Collaboration is somebody's wish, or right, to work along on a record.
type Collaboration = pool.Collaboration

// Describe tells what a person without rights may know about a lead that
// already exists (DU-02).
func (s *Service) Describe(ctx context.Context, ref crm.Ref) (Existing, error) {
	if ref.Kind != crm.KindLead {
		if d := s.d.Describers[ref.Kind]; d != nil {
			return d(ctx, ref)
		}
		return Existing{Match: Match{Ref: ref}}, nil
	}
	l, err := s.d.Store.Lead(ctx, crm.LeadID(ref.ID))
	if err != nil {
		return Existing{}, err
	}
	due, err := s.dues(ctx, 0, l)
	if err != nil {
		return Existing{}, err
	}
	e := Existing{Match: Match{Ref: ref}, Title: l.Name(), Owner: l.Owner, Team: l.Team, InPool: l.InPool(), Pool: l.Pool, Claimable: l.ClaimableAt, Review: l.Status == Review, Release: due[0].Release}
	e.Status = crm.Text{Zh: l.Status.Name(crm.Chinese), En: l.Status.Name(crm.English)}
	if l.InPool() && l.Status == Open {
		e.Status = crm.Text{Zh: "公海待认领", En: "in the pool"}
	} else if l.Status == Open && !l.Contacted() {
		e.Status = crm.Text{Zh: "待首次联系", En: "not yet contacted"}
	}
	return e, nil
}

func (s *Service) collabs() pool.Collabs {
	return pool.Collabs{Store: s.d.Store, Effects: s.d.Effects, Action: "lead", Asked: ViewCollab, Answer: ViewAnswer}
}

// AskToJoin asks the owner of a lead to let the actor work along, once a day.
func (s *Service) AskToJoin(ctx context.Context, a crm.Actor, id crm.LeadID) (Existing, error) {
	if err := mayAct(a); err != nil {
		return Existing{}, err
	}
	e, err := s.ownedByOther(ctx, a, id)
	if err != nil {
		return e, err
	}
	id = crm.LeadID(e.Match.Ref.ID)
	return e, s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		// A second tap at this moment, and a change of hands, come before or after.
		l, err := s.d.Store.LockLead(ctx, id)
		if err != nil {
			return err
		}
		if l.Owner != e.Owner {
			return s.moved(id)
		}
		return s.collabs().Ask(ctx, a, id.Ref(), e.Owner, s.d.Clock.Now())
	})
}

// CollabRef is the argument of the views about a collaboration: "L-12/5".
func CollabRef(id crm.LeadID, user crm.UserID) string { return pool.CollabRef(id.Ref(), user) }

// ParseCollabRef reads it back.
func ParseCollabRef(ref string) (crm.LeadID, crm.UserID, error) {
	r, user, err := pool.ParseCollabRef(ref)
	if err == nil && r.Kind != crm.KindLead {
		err = crm.NotFound("没有这个协作申请", "there is no such request")
	}
	return crm.LeadID(r.ID), user, err
}

// Collab is a collaboration for its card.
type Collab struct {
	Collaboration
	Lead      Seen
	UserName  string
	OwnerName string
}

// CollabOf is a collaboration as the owner or the asking person may see it.
func (s *Service) CollabOf(ctx context.Context, a crm.Actor, id crm.LeadID, user crm.UserID) (Collab, error) {
	l, err := s.d.Store.Lead(ctx, id)
	if err != nil {
		return Collab{}, err
	}
	if a.ID != user && !a.CanSee(l.Owner, l.Team) {
		return Collab{}, notFound(id)
	}
	c, err := s.d.Store.Collaboration(ctx, id.Ref(), user)
	if err != nil {
		return Collab{}, err
	}
	if c.State == "" {
		return Collab{}, crm.NotFound("没有这个协作申请", "there is no such request")
	}
	out := Collab{Collaboration: c, UserName: s.d.People.Name(ctx, user), OwnerName: s.d.People.Name(ctx, l.Owner)}
	acc := accessMasked
	if a.CanSee(l.Owner, l.Team) || c.Active(s.d.Clock.Now()) {
		acc = accessFull
	}
	out.Lead, err = s.seen(ctx, a, l, acc)
	return out, err
}

// AnswerCollab is the owner's, or their manager's, answer to a request.
func (s *Service) AnswerCollab(ctx context.Context, a crm.Actor, id crm.LeadID, user crm.UserID, accept bool) (Collab, error) {
	if err := mayAct(a); err != nil {
		return Collab{}, err
	}
	l, err := s.owned(ctx, a, id)
	if err != nil {
		return Collab{}, err
	}
	if l.Owner != a.ID && !manages(a, l) {
		return Collab{}, crm.Forbidden("只有 "+id.String()+" 的负责人或其经理可以处理", "only the owner of "+id.String()+" or their manager may answer this")
	}
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		// The right is the owner's to give: a change of hands at this moment comes
		// before or after it.
		if now, err := s.d.Store.LockLead(ctx, id); err != nil || now.Owner != l.Owner {
			if err == nil {
				err = s.moved(id)
			}
			return err
		}
		return s.collabs().Decide(ctx, a, id.Ref(), user, accept, int(pool.CollabDays.Of(ctx, s.d.Rules)), s.d.Clock.Now())
	})
	if err != nil {
		return Collab{}, err
	}
	return s.CollabOf(ctx, a, id, user)
}

// Watch reminds the actor when a lead of somebody else is due to go back to the
// pool (DU-02), and returns when that will be.
func (s *Service) Watch(ctx context.Context, a crm.Actor, id crm.LeadID) (time.Time, error) {
	e, err := s.ownedByOther(ctx, a, id)
	if err != nil {
		return time.Time{}, err
	}
	id = crm.LeadID(e.Match.Ref.ID)
	if e.Release == "" {
		return time.Time{}, crm.Refused("DU-02", id.String()+" 没有释放日", id.String()+" has no release day")
	}
	day := s.d.Calendar.WorkdayOnOrAfter(e.Release)
	at := day.At(10, 0, s.d.Calendar.Zone()) // releases happen at 10:00 (P-15)
	if now := s.d.Clock.Now(); at.Before(now) {
		at = now
	}
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		return s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(a.ID), View: crm.View{Name: ViewWatched, Ref: id.String()}, After: at,
			Key: fmt.Sprintf("watch:%s:%d:%s", id, a.ID, day), Always: true})
	})
	return at, err
}

// Watched is what a reminder tells the actor about a lead, or about the one that it
// became part of.
func (s *Service) Watched(ctx context.Context, a crm.Actor, id crm.LeadID) (DuplicateOf, error) {
	l, err := s.stored(ctx, id)
	if err != nil {
		return DuplicateOf{}, err
	}
	return s.existing(ctx, a, Match{Ref: l.Ref()})
}

// Learned is what DU-02 tells of somebody else's lead to an actor who may know that
// it is there; to others it is not found, like a code that nothing has.
func (s *Service) Learned(ctx context.Context, a crm.Actor, id crm.LeadID) (DuplicateOf, error) {
	l, err := s.known(ctx, a, id)
	if err == nil && l.Owner == 0 {
		err = notFound(id)
	}
	if err != nil {
		return DuplicateOf{}, err
	}
	return s.existing(ctx, a, Match{Ref: l.Ref()})
}

// known is the lead that the code stands for, if the actor may see it or know of
// it (PM-03).
func (s *Service) known(ctx context.Context, a crm.Actor, id crm.LeadID) (Lead, error) {
	l, err := s.stored(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return l, notFound(id)
	}
	if err != nil {
		return l, err
	}
	acc, err := s.access(ctx, a, l)
	if err != nil || acc != accessNone {
		return l, err
	}
	ok, err := s.collabs().Knows(ctx, s.d.Gate, s.d.Told, a, l.Ref(), id.Ref())
	if err == nil && !ok {
		err = notFound(id)
	}
	return l, err
}

func (s *Service) ownedByOther(ctx context.Context, a crm.Actor, id crm.LeadID) (Existing, error) {
	l, err := s.known(ctx, a, id)
	if err != nil {
		return Existing{}, err
	}
	id = l.ID
	e, err := s.Describe(ctx, id.Ref())
	if err != nil {
		return e, err
	}
	switch {
	case e.InPool:
		o, err := s.opening(ctx, a, e)
		if err == nil {
			err = o.Refusal(id.Ref(), s.d.Calendar.Zone())
		}
		return e, err
	case e.Owner == a.ID:
		return e, crm.Conflict("DU-02", id.String()+" 就是您的线索", id.String()+" is your own lead").WithNext("/线索 "+id.String(), "/lead "+id.String())
	case e.Owner == 0:
		return e, crm.Conflict("DU-02", id.String()+" 没有负责人", id.String()+" has no owner")
	}
	return e, nil
}
