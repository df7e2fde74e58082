package account

import (
	"context"
	"errors"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

// owned is an account with an owner that the actor may see.
func (s *Service) owned(ctx context.Context, a crm.Actor, id crm.AccountID) (Account, error) {
	x, r, err := s.get(ctx, a, id)
	switch {
	case err != nil:
		return x, err
	case x.State != Live:
		return x, crm.Conflict("", x.ID.String()+" "+x.State.Name(crm.Chinese), x.ID.String()+" is "+x.State.Name(crm.English))
	case x.Owner == 0:
		return x, crm.Conflict("", x.ID.String()+" 已在公海，没有负责人", x.ID.String()+" is in the pool and has no owner").WithNext("可以认领：/认领 "+x.ID.String(), "claim it with /claim "+x.ID.String())
	case x.Owner != a.ID && !r.Manages:
		return x, crm.Forbidden(x.ID.String()+" 不是您的客户，只有负责人或其经理可以操作", "only the owner of "+x.ID.String()+" or their manager may do that")
	}
	return x, nil
}

func (s *Service) moved(id crm.AccountID) error {
	return crm.Conflict("P-02", id.String()+" 刚刚被别人改动，这次操作没有生效", id.String()+" was changed by somebody else a moment ago; nothing was done").
		WithNext("请查看最新状态：/客户 "+id.String(), "look at its present state: /account "+id.String())
}

// Released is the outcome of a release.
type Released struct {
	Seen
	Reason pool.ReleaseReason
	// Refunded reports that the claim was given back to today's quota (P-04).
	Refunded bool
	// CoolDays is for how long the former owner may not claim it again (P-06).
	CoolDays int
}

// Release gives an account back to its pool with a reason (P-17). Its owner may
// do that, and who leads the owner. Reasons about the data send it to review and
// do not count against the owner. Approvals and contracts go on: they have
// people of their own.
func (s *Service) Release(ctx context.Context, a crm.Actor, id crm.AccountID, reason, note string) (Released, error) {
	if a.Frozen {
		return Released{}, frozen()
	}
	reasons, _ := pool.ReleaseReasons.Of(ctx, s.Rules)
	r, note, err := pool.ReasonFor(reasons, reason, note)
	if err != nil {
		return Released{}, err
	}
	x, err := s.owned(ctx, a, id)
	if err != nil {
		return Released{}, err
	}
	out := Released{Reason: r}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if x.Owner == a.ID { // the number of refunds is counted
			if _, err := s.Gate.Seat(ctx, crm.KindAccount, a.ID); err != nil {
				return err
			}
		}
		next, quality := Live, ""
		if r.Quality {
			next, quality = Review, r.Code
		}
		moved, err := s.letGo(ctx, a, x, pool.Move{Reason: pool.Release, Why: r.Code, Note: note, Uncounted: r.Quality}, next, quality)
		if err != nil {
			return err
		}
		out.Refunded = moved.Refunded
		if r.Quality {
			return nil
		}
		team := x.Team
		if u, err := s.People.User(ctx, x.Owner); err == nil {
			team = u.Team // that of this moment, not of the claim (F-06)
		} else if crm.CodeOf(err) != crm.CodeNotFound {
			return err
		}
		return s.record(ctx, FactRelease, s.Clock.Now(), x.Owner, team, x.ID)
	})
	if errors.Is(err, pool.ErrLost) {
		return Released{}, s.moved(id)
	}
	if err != nil {
		return Released{}, err
	}
	switch {
	case r.Quality:
	case x.Owner == a.ID:
		out.CoolDays = int(pool.CoolVoluntary.Of(ctx, s.Rules))
	default:
		out.CoolDays = int(pool.CoolManager.Of(ctx, s.Rules))
	}
	after, err := s.Store.Account(ctx, id)
	if err != nil {
		return out, err
	}
	rights, err := s.Rights(ctx, a, after)
	if err != nil {
		return out, err
	}
	if after, err = s.shown(ctx, a, after, rights); err != nil {
		return out, err
	}
	out.Seen, err = s.seen(ctx, a, after, rights)
	return out, err
}

// Recycle takes an account from the owner whose time is up (P-11), as the
// system, in one transaction: the owner is cooled down, and the ledger
// counts the strike (P-19). still, if given, looks at the account under its lock
// and reports whether it is still due: an activity of this moment keeps it, and
// recycled is false then. It goes to the pool, or with zero to its home pool.
// pool.ErrLost does not come out.
func (s *Service) Recycle(ctx context.Context, id crm.AccountID, why, note string, to crm.PoolID, still func(ctx context.Context, x Account) (bool, error)) (recycled bool, err error) {
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		recycled = false
		x, err := s.Store.LockAccount(ctx, id)
		if err != nil || x.Owner == 0 || x.State != Live {
			return err
		}
		if still != nil {
			if due, err := still(ctx, x); err != nil || !due {
				return err
			}
		}
		recycled = true
		_, err = s.letGo(ctx, crm.SystemActor(), x, pool.Move{Reason: pool.Recycle, Why: why, Note: note, Pool: pool.Pool{ID: to}}, Live, "")
		return err
	})
	if errors.Is(err, pool.ErrLost) {
		return false, nil
	}
	return recycled && err == nil, err
}

// GiveBack gives an account in a pool back to the actor, who owned it (RC-04), in
// the transaction of the context: check is asked when seat and account are locked.
func (s *Service) GiveBack(ctx context.Context, a crm.Actor, id crm.AccountID, nurture crm.PoolID, check func(ctx context.Context) error) error {
	seat, err := s.Gate.Seat(ctx, crm.KindAccount, a.ID)
	if err != nil {
		return err
	}
	x, err := s.Store.LockAccount(ctx, id)
	if err != nil {
		return err
	}
	if err := check(ctx); err != nil {
		return err
	}
	if x.Owner != 0 || x.State != Live {
		return pool.ErrLost
	}
	if err := canReceive(seat.User, x); err != nil {
		return err
	}
	home, err := s.Gate.TakesBack(ctx, a, id.Ref(), x.home(), nurture, x.Region)
	if err != nil {
		return err
	}
	m := pool.Move{Ref: id.Ref(), Reason: pool.AutoAssign, Pool: home, Note: pool.NoteBack, Exempt: x.Dealt()}
	if _, err := s.Gate.Give(ctx, a, seat, m, 1, s.move(a, x, Live, "", nil)); err != nil {
		return err
	}
	return s.Effects.Refresh(ctx, id.Ref())
}

// Return takes an account that nobody owns out of the nurture pool into the pool
// that takes it (P-19), in the transaction of the context.
func (s *Service) Return(ctx context.Context, id crm.AccountID, from crm.PoolID) error {
	x, err := s.Store.LockAccount(ctx, id)
	if err != nil || x.Owner != 0 || x.State != Live || x.HomePool != from {
		return err
	}
	home, err := s.Gate.Home(ctx, crm.KindAccount, 0, 0, x.Region)
	if err != nil {
		return err
	}
	_, err = s.letGo(ctx, crm.SystemActor(), x, pool.Move{Reason: pool.Recycle, Note: "P-19", Pool: home}, Live, "")
	if errors.Is(err, pool.ErrLost) {
		return nil
	}
	return err
}

// letGo takes the account from its owner into its pool, or the one of the move, in the transaction of
// the context, and tells the owner unless they did it.
func (s *Service) letGo(ctx context.Context, a crm.Actor, x Account, m pool.Move, next State, quality string) (pool.Moved, error) {
	to := x.home()
	if m.Pool.ID != 0 {
		to = m.Pool.ID
	}
	home, err := s.Gate.Pool(ctx, to)
	if err != nil {
		return pool.Moved{}, err
	}
	past, err := s.Gate.History(ctx, x.ID.Ref(), 1)
	if err != nil {
		return pool.Moved{}, err
	}
	m.Ref, m.From, m.FromTeam, m.Pool = x.ID.Ref(), x.Owner, x.Team, home
	if len(past) > 0 {
		m.Last = past[0]
	}
	moved, err := s.Gate.Free(ctx, a, m, 1, s.move(a, x, next, quality, nil))
	if err != nil {
		return moved, err
	}
	if x.Owner != a.ID && m.Reason != pool.Recycle { // of what was recycled that day one card tells
		if err := s.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(x.Owner), View: crm.View{Name: ViewTaken, Ref: x.ID.String()}}); err != nil {
			return moved, err
		}
	}
	return moved, s.Effects.Refresh(ctx, x.ID.Ref())
}

// Transfer passes the actor's own account, or one of a person they lead, on to
// a colleague. The new owner's hold limit counts (P-03).
func (s *Service) Transfer(ctx context.Context, a crm.Actor, id crm.AccountID, to crm.UserID) (Seen, error) {
	x, err := s.owned(ctx, a, id)
	if err != nil {
		return Seen{}, err
	}
	reason := pool.Transfer
	if x.Owner != a.ID {
		reason = pool.Assign
	}
	return s.hand(ctx, a, x, to, reason)
}

// Assign gives an account from the pool, or one of a person that the actor
// leads, to a person that the actor leads; whoever looks after the pool may also
// assign from it to the people of its scope. It uses no claim quota, and passes
// over embargo and cool-down, which the ledger notes (P-06, P-07).
func (s *Service) Assign(ctx context.Context, a crm.Actor, id crm.AccountID, to crm.UserID) (Seen, error) {
	x, r, err := s.get(ctx, a, id)
	if err != nil {
		return Seen{}, err
	}
	switch {
	case !r.Manages:
		return Seen{}, crm.Forbid(a, crm.Manager, crm.Director)
	case x.State != Live:
		return Seen{}, crm.Conflict("", x.ID.String()+" "+x.State.Name(crm.Chinese)+"，不能分配", x.ID.String()+" is "+x.State.Name(crm.English)+" and cannot be assigned")
	}
	u, err := s.People.User(ctx, to)
	if err != nil {
		return Seen{}, err
	}
	if err := s.Gate.MayAssign(ctx, a, x.Owner, x.home(), u); err != nil {
		return Seen{}, err
	}
	return s.hand(ctx, a, x, to, pool.Assign)
}

func (s *Service) hand(ctx context.Context, a crm.Actor, x Account, to crm.UserID, reason pool.Reason) (Seen, error) {
	if a.Frozen {
		return Seen{}, frozen()
	}
	u, err := s.People.User(ctx, to)
	if err != nil {
		return Seen{}, err
	}
	if err := canReceive(u, x); err != nil {
		return Seen{}, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		seat, err := s.Gate.Seat(ctx, crm.KindAccount, to)
		if err != nil {
			return err
		}
		home, err := s.Gate.Pool(ctx, x.home())
		if err != nil {
			return err
		}
		m := pool.Move{Ref: x.ID.Ref(), From: x.Owner, FromTeam: x.Team, Reason: reason, Pool: home, Exempt: x.Dealt()}
		if _, err := s.Gate.Give(ctx, a, seat, m, 1, s.move(a, x, Live, "", nil)); err != nil {
			return err
		}
		var ns []crm.Notice
		if to != a.ID {
			ns = append(ns, crm.Notice{To: crm.ToUser(to), View: crm.View{Name: ViewGiven, Ref: x.ID.String()}})
		}
		if x.Owner != 0 && x.Owner != a.ID {
			ns = append(ns, crm.Notice{To: crm.ToUser(x.Owner), View: crm.View{Name: ViewTaken, Ref: x.ID.String()}})
		}
		if err := s.Effects.Notify(ctx, ns...); err != nil {
			return err
		}
		return s.Effects.Refresh(ctx, x.ID.Ref())
	})
	if errors.Is(err, pool.ErrLost) {
		return Seen{}, s.moved(x.ID)
	}
	if err != nil {
		return Seen{}, s.withCandidates(ctx, to, err)
	}
	after, err := s.Store.Account(ctx, x.ID)
	if err != nil {
		return Seen{}, err
	}
	// The giver reads the outcome even when the account is theirs no longer.
	return s.seen(ctx, a, after, Rights{See: true, People: true})
}

// HandOver moves an account of a leaver to the person in one transaction with what
// also does (HO-02): stage, history and open deals go along, and the hold limit
// does not stop it. It fails with pool.ErrLost when it is not the leaver's any
// more. Telling the new owner is up to the caller.
func (s *Service) HandOver(ctx context.Context, a crm.Actor, id crm.AccountID, from, to crm.UserID, also func(ctx context.Context, team crm.TeamID) error) error {
	u, err := s.People.User(ctx, to)
	if err != nil {
		return err
	}
	if err := canReceive(u, Account{}); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		seat, err := s.Gate.Seat(ctx, crm.KindAccount, to)
		if err != nil {
			return err
		}
		x, err := s.Store.Account(ctx, id)
		if err != nil {
			return err
		}
		if x.Owner != from || x.State != Live {
			return pool.ErrLost
		}
		home, err := s.Gate.Pool(ctx, x.home())
		if err != nil {
			return err
		}
		m := pool.Move{Ref: x.ID.Ref(), From: x.Owner, FromTeam: x.Team, Reason: pool.Handover, Pool: home, Exempt: x.Dealt()}
		if _, err := s.Gate.Give(ctx, a, seat, m, 1, s.move(a, x, Live, "", nil)); err != nil {
			return err
		}
		if err := also(ctx, u.Team); err != nil {
			return err
		}
		return s.Effects.Refresh(ctx, x.ID.Ref())
	})
}

func canReceive(u org.User, x Account) error {
	switch {
	case u.ID == x.Owner:
		return crm.Conflict("", x.ID.String()+" 已经在 "+u.Name+" 名下", x.ID.String()+" already belongs to "+u.Name)
	case !u.Active || u.Frozen:
		return crm.Refused("HO-01", u.Name+" 已停用或正在交接，不能接收客户", u.Name+" has left or is handing over and cannot receive accounts").WithNext("请选择其他同事", "choose another colleague")
	case !u.Has(crm.Rep):
		return crm.Refused("P-02", u.Name+" 不是销售，不能持有客户", u.Name+" is not a sales rep and cannot own accounts").WithNext("请选择一位销售", "choose a sales rep")
	}
	return nil
}

// LossOf is how the actor last lost an account; crm.CodeNotFound when they
// never owned it.
func (s *Service) LossOf(ctx context.Context, a crm.Actor, id crm.AccountID) (pool.Past, error) {
	entries, err := s.Gate.History(ctx, id.Ref(), pastLength)
	if err != nil {
		return pool.Past{}, err
	}
	for _, p := range s.Gate.Tell(ctx, entries) {
		if p.FromID == a.ID && a.ID != 0 {
			return p, nil
		}
	}
	return pool.Past{}, crm.NotFound("没有客户 "+id.String(), "there is no account "+id.String())
}

// Cleared puts an account under review (P-17) back into its pool after its data
// was checked, or marks it as invalid when the data is beyond repair.
func (s *Service) Cleared(ctx context.Context, a crm.Actor, id crm.AccountID, usable bool) (Seen, error) {
	if a.Frozen {
		return Seen{}, frozen()
	}
	x, r, err := s.get(ctx, a, id)
	switch {
	case err != nil:
		return Seen{}, err
	case !r.Manages && !a.Is(crm.Marketing):
		return Seen{}, crm.Forbid(a, crm.Manager, crm.Marketing)
	case x.State != Review:
		return Seen{}, crm.Conflict("P-17", x.ID.String()+" 不在资料核对中", x.ID.String()+" is not under review")
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		now, err := s.Store.LockAccount(ctx, x.ID)
		if err != nil {
			return err
		}
		if now.State != Review {
			return s.moved(x.ID)
		}
		mark := now.Quality
		now.State, now.Quality, now.UpdatedAt = Live, "", s.Clock.Now()
		if !usable {
			now.State, now.Quality = Invalid, mark
		}
		if err := s.Store.UpdateAccount(ctx, &now); err != nil {
			return err
		}
		if err := s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "account.review", Ref: x.ID.Ref(), Rule: "P-17", Detail: map[string]any{"mark": mark, "usable": usable}}); err != nil {
			return err
		}
		return s.Effects.Refresh(ctx, x.ID.Ref())
	})
	if err != nil {
		return Seen{}, err
	}
	after, err := s.Store.Account(ctx, x.ID)
	if err != nil {
		return Seen{}, err
	}
	if after, err = s.shown(ctx, a, after, r); err != nil {
		return Seen{}, err
	}
	return s.seen(ctx, a, after, r)
}
