package pool

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

const poolsMaxAge = 3 * time.Second

// Pools are all pools, from a copy that is at most a moment older than three
// seconds.
func (g *Gate) Pools(ctx context.Context) ([]Pool, error) {
	ps, err := g.pools.Get(ctx, g.d.Store.Pools)
	if err != nil {
		return nil, fmt.Errorf("load pools: %w", err)
	}
	return ps, nil
}

// Pool finds a pool by its id.
func (g *Gate) Pool(ctx context.Context, id crm.PoolID) (Pool, error) {
	ps, err := g.Pools(ctx)
	if err != nil {
		return Pool{}, err
	}
	if i := slices.IndexFunc(ps, func(p Pool) bool { return p.ID == id }); i >= 0 {
		return ps[i], nil
	}
	return Pool{}, crm.NotFound("没有这个公海", "there is no such pool")
}

// Home picks the home pool (P-01) for a record of the person.
func (g *Gate) Home(ctx context.Context, kind crm.Kind, explicit crm.PoolID, user crm.UserID, regions ...string) (Pool, error) {
	ps, err := g.Pools(ctx)
	if err != nil {
		return Pool{}, err
	}
	w := Place{Kind: kind, Explicit: explicit, User: user, Regions: regions}
	if user != 0 {
		u, err := g.d.People.User(ctx, user)
		if err != nil {
			return Pool{}, err
		}
		if w.Teams, err = g.TeamsOf(ctx, u.Team); err != nil {
			return Pool{}, err
		}
	}
	p, ok := Choose(ps, w)
	if !ok {
		return Pool{}, crm.Refused("P-01", "没有能接收这条记录的公海", "no pool takes this record").WithNext("请管理员设置公海", "an administrator can set up a pool")
	}
	return p, nil
}

// Sees is the pool of a record with what the actor may do there: see it, and
// look after it. A record without a known pool is in nobody's sight but that of
// the company-wide roles.
func (g *Gate) Sees(ctx context.Context, a crm.Actor, id crm.PoolID) (p Pool, sees, manages bool, err error) {
	p, err = g.Pool(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return p, a.All || a.System, a.All || a.System, nil
	}
	if err != nil {
		return p, false, false, err
	}
	teams, err := g.TeamsOf(ctx, a.Team)
	if err != nil {
		return p, false, false, err
	}
	return p, p.Visible(a, teams), p.Manages(a), nil
}

// TakesBack is the pool that has the record when its former owner takes it back
// (RC-04): the one in which it lies, or out of the nurture pool one that takes it.
// A pool whose scope the person has left meanwhile gives them nothing.
func (g *Gate) TakesBack(ctx context.Context, a crm.Actor, ref crm.Ref, id, nurture crm.PoolID, regions ...string) (Pool, error) {
	if nurture != 0 && id == nurture {
		return g.Home(ctx, ref.Kind, 0, a.ID, regions...)
	}
	p, sees, _, err := g.Sees(ctx, a, id)
	if err == nil && !sees {
		err = crm.Refused("RC-04", ref.String()+" 在“"+p.Title(crm.Chinese)+"”，您已不在它的范围内，不能拿回", ref.String()+" is in “"+p.Title(crm.English)+"”, which is not open to you any more; it cannot be taken back").
			WithNext("请该公海的经理分配：/分配 "+ref.String(), "ask a manager of that pool to assign it: /assign "+ref.String())
	}
	return p, err
}

// MayAssign refuses somebody who may not give a record of that owner and pool to
// the person: leaders give to the people they lead, and who looks after a pool
// gives out of it to everybody in its scope.
func (g *Gate) MayAssign(ctx context.Context, a crm.Actor, owner crm.UserID, id crm.PoolID, to org.User) error {
	if a.Leads(to.Team) {
		return nil
	}
	if owner == 0 {
		p, _, manages, err := g.Sees(ctx, a, id)
		if err != nil {
			return err
		}
		teams, err := g.TeamsOf(ctx, to.Team)
		if err != nil {
			return err
		}
		if manages && scopeRank(p, to.ID, teams) < outOfScope {
			return nil
		}
	}
	return crm.Forbidden(to.Name+" 不在您管理的团队里", to.Name+" is not in a team that you lead").WithNext("请分配给自己团队的成员", "assign it to a member of your own team")
}

// Visible are the pools of the kind that the actor may see.
func (g *Gate) Visible(ctx context.Context, a crm.Actor, kind crm.Kind) ([]Pool, error) {
	ps, err := g.Pools(ctx)
	if err != nil {
		return nil, err
	}
	teams, err := g.TeamsOf(ctx, a.Team)
	if err != nil {
		return nil, err
	}
	var out []Pool
	for _, p := range ps {
		if p.Kind == kind && p.Visible(a, teams) {
			out = append(out, p)
		}
	}
	return out, nil
}

// Status is what a person sees of their limits: how much is used and left.
type Status struct {
	Standing
	Hold  int
	Quota Quota
	// Dealt reports that accounts that have bought count too.
	Dealt bool
}

// Status tells how the person stands with the kind in the pool. It only
// informs: claims count again under a lock.
func (g *Gate) Status(ctx context.Context, user crm.UserID, kind crm.Kind, p Pool) (Status, error) {
	u, err := g.d.People.User(ctx, user)
	if err != nil {
		return Status{}, err
	}
	scopes, _, err := g.scopes(ctx, u)
	if err != nil {
		return Status{}, err
	}
	now := g.d.Clock.Now()
	day := g.d.Calendar.DayOf(now)
	dealt := DealtCount.Of(ctx, g.d.Rules, scopes...)
	st, err := g.d.Store.Standing(ctx, kind, user, day, day.Time(g.d.Calendar.Zone()), now.Add(-time.Duration(BurstMinutes.Of(ctx, g.d.Rules, scopes...))*time.Minute), dealt)
	if err != nil {
		return Status{}, err
	}
	hold, _ := g.hold(ctx, kind, scopes)
	return Status{Standing: st, Hold: hold, Quota: g.quota(ctx, day, p, scopes), Dealt: dealt}, nil
}

// Cooling are the records of the list that the person may not claim yet
// because of the cool-down, with the moment when each ends.
func (g *Gate) Cooling(ctx context.Context, user crm.UserID, refs ...crm.Ref) (map[crm.Ref]time.Time, error) {
	out := map[crm.Ref]time.Time{}
	if user == 0 || len(refs) == 0 {
		return out, nil
	}
	u, err := g.d.People.User(ctx, user)
	if err != nil {
		return nil, err
	}
	scopes, _, err := g.scopes(ctx, u)
	if err != nil {
		return nil, err
	}
	now, cool := g.d.Clock.Now(), g.coolDays(ctx, scopes)
	losses, err := g.d.Store.Losses(ctx, user, now.AddDate(0, 0, -cool.Longest()), refs...)
	if err != nil {
		return nil, err
	}
	for _, r := range refs {
		var own []Entry
		for _, e := range losses {
			if e.Ref == r {
				own = append(own, e)
			}
		}
		if until, _ := Cooling(own, cool, now); !until.IsZero() {
			out[r] = until
		}
	}
	return out, nil
}

// History is the ledger of a record, newest first, at most n entries.
func (g *Gate) History(ctx context.Context, ref crm.Ref, n int) ([]Entry, error) {
	return g.d.Store.History(ctx, ref, n)
}
