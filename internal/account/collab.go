package account

import (
	"context"
	"fmt"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// The views about collaborations; handlers register them.
const (
	ViewCollab  = "account.collab"  // "A-3/5": person 5 asks to work along
	ViewAnswer  = "account.answer"  // "A-3/5": the answer to that
	ViewWatched = "account.watched" // "A-3": the reminder at the release day
)

func (s *Service) collabs() pool.Collabs {
	return pool.Collabs{Store: s.Store, Effects: s.Effects, Action: "account", Asked: ViewCollab, Answer: ViewAnswer}
}

// TakenBy is the cause of a refusal because the account is somebody else's
// (DU-02): what the actor may know of it.
type TakenBy struct {
	Account crm.AccountID
	// OwnerName is masked.
	OwnerName string
	// Release is when it is due to go back to the pool; empty: not known.
	Release crm.Day
}

// Error is the account's code, for logs.
func (t *TakenBy) Error() string { return "taken " + t.Account.String() }

// DueDay tells when an account is due to go back to its pool; empty: never.
type DueDay func(ctx context.Context, x Account) (crm.Day, error)

// SetDue sets who knows the release days, once, before the service is used.
func (s *Service) SetDue(d DueDay) { s.due = d }

// ReleaseDay is when the account is due to go back to its pool; empty: never, or
// nobody knows.
func (s *Service) ReleaseDay(ctx context.Context, x Account) (crm.Day, error) {
	if s.due == nil || x.Owner == 0 {
		return "", nil
	}
	return s.due(ctx, x)
}

// ofOther is an account of somebody else.
func (s *Service) ofOther(ctx context.Context, a crm.Actor, id crm.AccountID) (Account, error) {
	x, _, err := s.known(ctx, a, id)
	switch {
	case err != nil:
		return x, err
	case a.Frozen:
		return x, frozen()
	case x.InPool():
		o, err := s.opening(ctx, a, x)
		if err == nil {
			err = o.Refusal(x.ID.Ref(), s.Calendar.Zone())
		}
		return x, err
	case x.Owner == a.ID:
		return x, crm.Conflict("DU-02", x.ID.String()+" 就是您的客户", x.ID.String()+" is your own account").WithNext("/客户 "+x.ID.String(), "/account "+x.ID.String())
	case x.Owner == 0:
		return x, crm.Conflict("DU-02", x.ID.String()+" 没有负责人", x.ID.String()+" has no owner")
	}
	return x, nil
}

// AskToJoin asks the owner of an account to let the actor work along, once a
// day, and returns the owner.
func (s *Service) AskToJoin(ctx context.Context, a crm.Actor, id crm.AccountID) (crm.UserID, error) {
	x, err := s.ofOther(ctx, a, id)
	if err != nil {
		return 0, err
	}
	return x.Owner, s.Tx.InTx(ctx, func(ctx context.Context) error {
		// A second tap at this moment, and a change of hands, come before or after.
		now, err := s.Store.LockAccount(ctx, x.ID)
		if err != nil {
			return err
		}
		if now.Owner != x.Owner {
			return s.moved(x.ID)
		}
		return s.collabs().Ask(ctx, a, x.ID.Ref(), x.Owner, s.Clock.Now())
	})
}

// Collab is a collaboration for its card.
type Collab struct {
	pool.Collaboration
	Account   Account
	UserName  string
	OwnerName string
}

// CollabOf is a collaboration as the owner or the asking person may see it.
func (s *Service) CollabOf(ctx context.Context, a crm.Actor, id crm.AccountID, user crm.UserID) (Collab, error) {
	x, err := s.stored(ctx, id)
	if err != nil {
		return Collab{}, err
	}
	if a.ID != user && !a.CanSee(x.Owner, x.Team) {
		return Collab{}, s.taken(ctx, x)
	}
	c, err := s.Store.Collaboration(ctx, x.ID.Ref(), user)
	if err != nil {
		return Collab{}, err
	}
	if c.State == "" {
		return Collab{}, crm.NotFound("没有这个协作申请", "there is no such request")
	}
	out := Collab{Collaboration: c, Account: x}
	if s.Name != nil {
		out.UserName, out.OwnerName = s.Name(ctx, user), s.Name(ctx, x.Owner)
	}
	return out, nil
}

// AnswerCollab is the owner's, or their manager's, answer to a request.
func (s *Service) AnswerCollab(ctx context.Context, a crm.Actor, id crm.AccountID, user crm.UserID, accept bool) (Collab, error) {
	if a.Frozen {
		return Collab{}, frozen()
	}
	x, err := s.owned(ctx, a, id)
	if err != nil {
		return Collab{}, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		// The right is the owner's to give: a change of hands at this moment comes
		// before or after it.
		now, err := s.Store.LockAccount(ctx, x.ID)
		if err != nil {
			return err
		}
		if now.Owner != x.Owner {
			return s.moved(x.ID)
		}
		return s.collabs().Decide(ctx, a, x.ID.Ref(), user, accept, int(pool.CollabDays.Of(ctx, s.Rules)), s.Clock.Now())
	})
	if err != nil {
		return Collab{}, err
	}
	return s.CollabOf(ctx, a, x.ID, user)
}

// Watch reminds the actor when an account of somebody else is due to go back to
// the pool (DU-02), and returns when that will be.
func (s *Service) Watch(ctx context.Context, a crm.Actor, id crm.AccountID) (time.Time, error) {
	x, err := s.ofOther(ctx, a, id)
	if err != nil {
		return time.Time{}, err
	}
	due, err := s.ReleaseDay(ctx, x)
	if err != nil {
		return time.Time{}, err
	}
	if due == "" {
		return time.Time{}, crm.Refused("DU-02", x.ID.String()+" 没有释放日", x.ID.String()+" has no release day").WithNext("可申请协作：/协作 "+x.ID.String(), "ask to collaborate: /collaborate "+x.ID.String())
	}
	day := s.Calendar.WorkdayOnOrAfter(due)
	at := day.At(10, 0, s.Calendar.Zone()) // releases happen at 10:00 (P-15)
	if now := s.Clock.Now(); at.Before(now) {
		at = now
	}
	return at, s.Tx.InTx(ctx, func(ctx context.Context) error {
		return s.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(a.ID), View: crm.View{Name: ViewWatched, Ref: x.ID.String()}, After: at,
			Key: fmt.Sprintf("watch:%s:%d:%s", x.ID, a.ID, day), Always: true})
	})
}

// Watched is what a reminder tells about an account, or about the one that it became
// part of.
type Watched struct {
	Account crm.AccountID
	// OwnerName is the owner, masked for who may not see the account; empty in a pool.
	OwnerName    string
	InPool, Mine bool
	// Opening is when the actor may claim it, and Seen that they may open it; in a pool.
	Opening pool.Opening
	Seen    bool
}

// Watched answers a reminder at the release day (DU-02).
func (s *Service) Watched(ctx context.Context, a crm.Actor, id crm.AccountID) (Watched, error) {
	x, err := s.stored(ctx, id)
	if err != nil {
		return Watched{}, err
	}
	r, err := s.Rights(ctx, a, x)
	if err != nil {
		return Watched{}, err
	}
	w := Watched{Account: x.ID, InPool: x.InPool(), Mine: x.Owner != 0 && x.Owner == a.ID, Seen: r.See}
	if w.InPool {
		w.Opening, err = s.opening(ctx, a, x)
		return w, err
	}
	if !r.See && s.Told != nil { // so that the buttons of the reminder work
		s.Told.Tell(ctx, a.ID, x.ID.Ref())
	}
	if s.Name != nil {
		if w.OwnerName = s.Name(ctx, x.Owner); !r.See {
			w.OwnerName = crm.MaskName(w.OwnerName)
		}
	}
	return w, nil
}

// opening is when the actor may claim an account that lies in a pool.
func (s *Service) opening(ctx context.Context, a crm.Actor, x Account) (pool.Opening, error) {
	o, err := s.Gate.OpeningOf(ctx, a, x.ID.Ref(), x.home(), x.ClaimableAt)
	o.Review = x.State == Review
	return o, err
}
