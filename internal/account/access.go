package account

import (
	"context"
	"fmt"

	"crmbot/internal/crm"
)

// supervisors may assign and release what they lead.
var supervisors = []crm.Role{crm.Manager, crm.Director, crm.Boss, crm.Admin}

// manages reports whether the actor may decide about the account in the owner's
// place.
func manages(a crm.Actor, x Account) bool { return a.Is(supervisors...) && a.Leads(x.Team) }

// Rights are what an actor may do with an account (PM-01, P-08).
type Rights struct {
	// See it at all; Work: log on it, open deals and sign contracts with it;
	// People: read names and numbers of its contacts.
	See, Work, People bool
	// Manages: decide about it in the owner's place, or in its pool.
	Manages bool
	// Collaborates: the owner lets them work along.
	Collaborates bool
}

// Rights are the actor's rights to the account as it is now. An account in a
// pool is open to whoever may see the pool, with its contacts hidden; where the
// pool hides even the company it must be claimed before it is worked with.
func (s *Service) Rights(ctx context.Context, a crm.Actor, x Account) (Rights, error) {
	if x.Owner != 0 {
		if a.CanSee(x.Owner, x.Team) {
			return Rights{See: true, Work: !a.Frozen, People: true, Manages: manages(a, x)}, nil
		}
		c, err := s.Store.Collaboration(ctx, x.ID.Ref(), a.ID)
		if err != nil || !c.Active(s.Clock.Now()) {
			return Rights{}, err
		}
		// A collaborator reads and logs; the data stays the owner's (PM-01).
		return Rights{See: true, Work: !a.Frozen, People: true, Collaborates: true}, nil
	}
	p, sees, rules, err := s.Gate.Sees(ctx, a, x.home())
	if err != nil || !sees {
		return Rights{}, err
	}
	return Rights{See: true, People: rules, Manages: rules || a.Is(supervisors...), Work: !a.Frozen && x.State == Live && (rules || !p.Hides("company"))}, nil
}

// home is the account's pool; accounts that were stored without one are in the
// pool for all.
func (x Account) home() crm.PoolID {
	if x.HomePool == 0 {
		return defaultPool
	}
	return x.HomePool
}

// Get opens one account as the actor may see it (PM-01, PM-03): in a pool
// without the fields that the pool hides (P-08). One that was merged is the one
// that it became part of.
func (s *Service) Get(ctx context.Context, a crm.Actor, id crm.AccountID) (Account, error) {
	x, _, err := s.get(ctx, a, id)
	return x, err
}

// Workable is Get for somebody who is about to write: they may work with the
// account, and it is not masked.
func (s *Service) Workable(ctx context.Context, a crm.Actor, id crm.AccountID) (Account, error) {
	x, r, err := s.get(ctx, a, id)
	switch {
	case err != nil:
		return x, err
	case a.Frozen:
		return x, frozen()
	case !r.Work && x.State != Live:
		return x, crm.Conflict("P-17", x.ID.String()+" "+x.State.Name(crm.Chinese), x.ID.String()+" is "+x.State.Name(crm.English))
	case !r.Work:
		return x, claimFirst(x)
	}
	return x, nil
}

func claimFirst(x Account) error {
	return crm.Refused("P-08", x.ID.String()+" 在公海，认领后才能跟进", x.ID.String()+" is in the pool; it can be worked with once it is claimed").
		WithNext("认领：/认领 "+x.ID.String(), "claim it: /claim "+x.ID.String())
}

func (s *Service) get(ctx context.Context, a crm.Actor, id crm.AccountID) (Account, Rights, error) {
	x, r, err := s.known(ctx, a, id)
	if err != nil {
		return Account{}, r, err
	}
	if !r.See {
		return Account{}, r, s.taken(ctx, x)
	}
	x, err = s.shown(ctx, a, x, r)
	return x, r, err
}

// known is the account that the code stands for with the actor's rights, if they
// may see it or know that it is there; to others it is not found, like a code that
// nothing has (PM-03).
func (s *Service) known(ctx context.Context, a crm.Actor, id crm.AccountID) (Account, Rights, error) {
	x, err := s.stored(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return x, Rights{}, notFound(id)
	}
	if err != nil {
		return x, Rights{}, err
	}
	r, err := s.Rights(ctx, a, x)
	if err != nil || r.See {
		return x, r, err
	}
	ok := false
	if x.Owner != 0 {
		ok, err = s.collabs().Knows(ctx, s.Gate, s.Told, a, x.ID.Ref(), id.Ref())
		if err == nil && !ok { // a deal or contract of theirs stayed when the account went to another team
			ok, err = s.Store.Involved(ctx, a.ID, x.ID)
		}
	}
	if err == nil && !ok {
		err = notFound(id)
	}
	return x, r, err
}

func notFound(id crm.AccountID) error {
	return crm.NotFound("没有客户 "+id.String()+"，或您无权查看", "there is no account "+id.String()+", or you may not see it").WithNext("发送 /我的客户 或 /公海 客户 查看", "send /accounts or /pool accounts")
}

// shown is the account without what its pool hides from the actor.
func (s *Service) shown(ctx context.Context, a crm.Actor, x Account, r Rights) (Account, error) {
	if x.Owner != 0 || r.People {
		return x, nil
	}
	p, _, _, err := s.Gate.Sees(ctx, a, x.home())
	if err != nil {
		return Account{}, err
	}
	return x.Masked(p.Hides), nil
}

// maxMerges bounds how far a chain of merged accounts is followed.
const maxMerges = 16

// stored is the account, or the one that it became part of.
func (s *Service) stored(ctx context.Context, id crm.AccountID) (Account, error) {
	x, err := s.Store.Account(ctx, id)
	for n := 0; err == nil && x.State == Merged && x.Merged != 0; n++ {
		if n == maxMerges {
			return x, fmt.Errorf("account %s: merged in a circle", id)
		}
		x, err = s.Store.Account(ctx, x.Merged)
	}
	return x, err
}

// ScopeOf is what the actor may see, with the pools that are open to them.
func (s *Service) ScopeOf(ctx context.Context, a crm.Actor) (Scope, error) {
	c := Scope{All: a.All || a.System, User: a.ID, Teams: a.Reach}
	visible, err := s.Gate.Visible(ctx, a, crm.KindAccount)
	for _, p := range visible {
		c.Pools = append(c.Pools, p.ID)
	}
	return c, err
}

// taken tells somebody without the right that the account exists and who has it
// (DU-02), and nothing else about it.
func (s *Service) taken(ctx context.Context, x Account) error {
	owner := "-"
	if s.Name != nil {
		if n := crm.MaskName(s.Name(ctx, x.Owner)); n != "" {
			owner = n
		}
	}
	due, err := s.ReleaseDay(ctx, x)
	if err != nil {
		return err
	}
	e := crm.Forbidden("客户 "+x.ID.String()+" 已存在，负责人 "+owner, "account "+x.ID.String()+" exists; its owner is "+owner).
		WithNext("可申请协作：/协作 "+x.ID.String()+"，或联系负责人", "ask to collaborate: /collaborate "+x.ID.String()+", or talk to the owner").WithCause(&TakenBy{Account: x.ID, OwnerName: owner, Release: due})
	e.Rule = "DU-02"
	return e
}
