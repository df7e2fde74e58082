package pool

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// HiddenFields are what a pool of the kind may hide besides phone, e-mail and
// address (P-08).
func HiddenFields(kind crm.Kind) []string {
	if kind == crm.KindAccount {
		return []string{"company", "industry", "region", "size"}
	}
	return []string{"company", "contact", "title", "need", "note"}
}

// Ruled are the pools that the actor may set up: all for an administrator, else
// those that they look after.
func (g *Gate) Ruled(ctx context.Context, a crm.Actor) ([]Pool, error) {
	ps, err := g.Pools(ctx)
	if err != nil || a.Is(crm.Admin) {
		return slices.Clone(ps), err
	}
	var out []Pool
	for _, p := range ps {
		if a.ID != 0 && slices.Contains(p.Managers, a.ID) {
			out = append(out, p)
		}
	}
	return out, nil
}

const (
	maxPoolName    = 20
	maxPoolMembers = 500
)

func (p Pool) check(all []Pool) error {
	if p.Kind != crm.KindLead && p.Kind != crm.KindAccount {
		return crm.Invalid("公海只能放线索或客户", "a pool holds leads or accounts")
	}
	if p.Name == "" && p.ID != DefaultPool && p.ID != DefaultAccountPool {
		return crm.Invalid("公海需要名称", "a pool needs a name")
	}
	if utf8.RuneCountInString(p.Name) > maxPoolName {
		return crm.Invalid(fmt.Sprintf("公海名称最多 %d 个字", maxPoolName), fmt.Sprintf("a pool's name has at most %d characters", maxPoolName))
	}
	for _, o := range all {
		if o.ID != p.ID && !o.Retired && o.Kind == p.Kind && (o.Title(crm.Chinese) == p.Title(crm.Chinese) || o.Title(crm.English) == p.Title(crm.English)) {
			return crm.Conflict("P-01", "已有名为“"+p.Title(crm.Chinese)+"”的公海", "there is a pool called “"+p.Title(crm.English)+"” already").WithNext("请换一个名称", "choose another name")
		}
	}
	if len(p.Users) > maxPoolMembers || len(p.Teams) > maxPoolMembers || len(p.Managers) > maxPoolMembers || len(p.Regions) > maxPoolMembers {
		return crm.Invalid(fmt.Sprintf("名单最多 %d 项", maxPoolMembers), fmt.Sprintf("a list has at most %d entries", maxPoolMembers))
	}
	for _, h := range p.Hidden {
		if !slices.Contains(HiddenFields(p.Kind), h) {
			return crm.Invalid("不能隐藏字段“"+h+"”", "the field “"+h+"” cannot be hidden")
		}
	}
	for _, n := range []int{p.Daily, p.NewHours.Value, p.RecycleHours.Value, p.Views.Value} {
		if n < 0 || n > 10_000 {
			return crm.Invalid("数字应在 0 到 10000 之间", "a number lies between 0 and 10000")
		}
	}
	if (p.ID == DefaultPool || p.ID == DefaultAccountPool) && (p.Retired || len(p.Users)+len(p.Teams)+len(p.Regions) > 0) {
		return crm.Refused("P-01", "默认公海接收其他公海不收的记录，不能停用，也不能限定范围", "the default pool takes what no other pool takes; it cannot be retired or have a scope").
			WithNext("请新建一个公海并设范围", "make another pool with that scope")
	}
	return nil
}

// SavePool creates (zero id) or changes a pool. Administrators may change
// everything; who looks after a pool everything but who does, what it holds, its
// place among the others and whether it goes on.
func (g *Gate) SavePool(ctx context.Context, a crm.Actor, p *Pool) error {
	if a.Frozen {
		return crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系您的经理", "please ask your manager")
	}
	all, err := g.d.Store.Pools(ctx)
	if err != nil {
		return err
	}
	var before Pool
	if i := slices.IndexFunc(all, func(o Pool) bool { return o.ID == p.ID }); i >= 0 {
		before = all[i]
	}
	if p.ID != 0 && before.ID == 0 {
		return crm.NotFound("没有这个公海", "there is no such pool")
	}
	own := before.ID != 0 && slices.Contains(before.Managers, a.ID) && p.Kind == before.Kind && p.Sort == before.Sort && p.Retired == before.Retired && p.MovesTo == before.MovesTo && slices.Equal(p.Managers, before.Managers)
	if !a.Is(crm.Admin) && !own {
		return crm.Forbid(a, crm.Admin).WithNext("公海管理员可改自己公海的范围、额度和隐藏字段", "who looks after a pool may change its scope, quota and hidden fields")
	}
	if err := p.check(all); err != nil {
		return err
	}
	err = g.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := g.d.Store.SavePool(ctx, p); err != nil {
			return err
		}
		return g.d.Effects.Audit(ctx, crm.Audit{At: g.d.Clock.Now(), Actor: a.ID, Action: "pool.save", Rule: "P-01", Detail: map[string]any{"pool": int64(p.ID), "changed": differences(before, *p)}})
	})
	g.pools.Forget()
	return err
}

// differences are the settings that changed, with their values before and
// after.
func differences(a, b Pool) map[string]any {
	out := map[string]any{}
	for name, v := range map[string][2]any{"name": {a.Name, b.Name}, "kind": {a.Kind, b.Kind}, "sort": {a.Sort, b.Sort}, "users": {a.Users, b.Users}, "teams": {a.Teams, b.Teams}, "managers": {a.Managers, b.Managers},
		"regions": {a.Regions, b.Regions}, "daily": {a.Daily, b.Daily}, "offday": {a.Offday, b.Offday}, "new_hours": {a.NewHours, b.NewHours}, "recycle_hours": {a.RecycleHours, b.RecycleHours},
		"views": {a.Views, b.Views}, "hidden": {a.Hidden, b.Hidden}, "retired": {a.Retired, b.Retired}, "moves_to": {a.MovesTo, b.MovesTo}} {
		if fmt.Sprint(v[0]) != fmt.Sprint(v[1]) {
			out[name] = v
		}
	}
	return out
}

// Retire closes a pool: it takes no new records, and those that it has move to
// another one, in batches that can be stopped and go on later (see Relocate).
func (g *Gate) Retire(ctx context.Context, a crm.Actor, id, to crm.PoolID) (Pool, error) {
	if !a.Is(crm.Admin) {
		return Pool{}, crm.Forbid(a, crm.Admin)
	}
	p, err := g.Pool(ctx, id)
	if err != nil {
		return p, err
	}
	target, err := g.Pool(ctx, to)
	if err != nil {
		return p, err
	}
	if target.ID == p.ID || target.Kind != p.Kind || target.Retired {
		return p, crm.Invalid("记录只能移到另一个在用的同类公海", "records move to another pool of the same kind that is in use")
	}
	p.Retired, p.MovesTo = true, target.ID
	return p, g.SavePool(ctx, a, &p)
}

// relocateBatch is how many records move in one transaction.
const relocateBatch = 200

// Closing is now while there are retired pools, which may have records to move;
// zero: Relocate has nothing to do.
func (g *Gate) Closing(ctx context.Context) (time.Time, error) {
	ps, err := g.Pools(ctx)
	if err != nil || !slices.ContainsFunc(ps, func(p Pool) bool { return p.Retired && p.MovesTo != 0 }) {
		return time.Time{}, err
	}
	return g.d.Clock.Now(), nil
}

// Relocate moves records of retired pools to where they belong now, at most n
// batches, and reports how many moved and whether some are left. Owners do not
// change, and neither does the ledger: a record is in one pool before and in one
// after (P-01). Retired pools that got a record meanwhile are emptied again.
func (g *Gate) Relocate(ctx context.Context, n int) (moved int, more bool, err error) {
	ps, err := g.d.Store.Pools(ctx)
	if err != nil {
		return 0, false, err
	}
	for _, p := range ps {
		if !p.Retired || p.MovesTo == 0 {
			continue
		}
		for {
			if n == 0 {
				return moved, true, nil
			}
			n--
			var refs []crm.Ref
			err := g.d.Tx.InTx(ctx, func(ctx context.Context) error {
				if refs, err = g.d.Store.MoveHome(ctx, p.Kind, p.ID, p.MovesTo, relocateBatch); err != nil || len(refs) == 0 {
					return err
				}
				if err := g.d.Effects.Audit(ctx, crm.Audit{At: g.d.Clock.Now(), Action: "pool.relocate", Rule: "P-01", Detail: map[string]any{"from": int64(p.ID), "to": int64(p.MovesTo), "records": len(refs), "first": refs[0].ID, "last": refs[len(refs)-1].ID}}); err != nil {
					return err
				}
				return g.d.Effects.Refresh(ctx, refs...)
			})
			if err != nil {
				return moved, true, err
			}
			if moved += len(refs); len(refs) < relocateBatch {
				break
			}
		}
	}
	return moved, false, nil
}

// Counts are how many records wait in the pool and how many have an owner and
// would come back to it.
type Counts struct{ Waiting, Owned int64 }

// Count counts the records of a pool.
func (g *Gate) Count(ctx context.Context, p Pool) (Counts, error) {
	return g.d.Store.CountPool(ctx, p.Kind, p.ID)
}
