package rule

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crmbot/internal/crm"
)

// RollBackWithin is how long a version can be taken back by one tap (RC-04).
const RollBackWithin = 7 * 24 * time.Hour

// History are the versions of a setting, newest first.
func (b *Book) History(ctx context.Context, key string) ([]Version, error) {
	if err := b.Load(ctx); err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := slices.Clone(b.versions[key])
	slices.SortStableFunc(out, func(a, c Version) int { return int(c.ID - a.ID) })
	return out, nil
}

// RollBack takes a version back: from now on the one before it holds again
// (RC-04). Taking it back twice is refused, and so is an old version.
func (b *Book) RollBack(ctx context.Context, a crm.Actor, id int64) (Version, error) {
	if err := mayChange(a); err != nil {
		return Version{}, err
	}
	all, err := b.stored(ctx)
	if err != nil {
		return Version{}, err
	}
	v, ok := version(all, id)
	if !ok {
		return Version{}, crm.NotFound(fmt.Sprintf("没有版本 %d", id), fmt.Sprintf("there is no version %d", id)).WithNext("发送 /规则 加编号查看版本", "send /rules with a key for its versions")
	}
	now := b.clock.Now()
	if !v.RolledBackAt.IsZero() {
		return v, crm.Conflict("RC-04", fmt.Sprintf("版本 %d 已经撤回", id), fmt.Sprintf("version %d was taken back already", id))
	}
	if age := now.Sub(v.CreatedAt); age > RollBackWithin {
		return v, crm.Refused("RC-04", fmt.Sprintf("版本 %d 已有 %d 天，7 天内才能一键撤回", id, int(age.Hours()/24)), fmt.Sprintf("version %d is %d days old; only versions of the last 7 days can be taken back", id, int(age.Hours()/24))).
			WithNext("可以直接设置新的值", "you can set a new value")
	}
	c := Change{At: now, Actor: a.ID, Key: v.Key, Scope: v.Scope, Version: id, TakenBack: true, Effective: now}
	if v.EffectiveAt.After(now) {
		c.Effective = v.EffectiveAt
	}
	c.Before, c.After = b.valueAt(all[v.Key], v.Key, v.Scope, c.Effective, 0), b.valueAt(all[v.Key], v.Key, v.Scope, c.Effective, id)
	ok, err = b.store.RollBackRule(ctx, c)
	if err != nil {
		return v, err
	}
	if !ok {
		return v, crm.Conflict("RC-04", fmt.Sprintf("版本 %d 已经撤回", id), fmt.Sprintf("version %d was taken back already", id))
	}
	v.RolledBackAt = now
	return v, b.Load(ctx)
}

// version finds one by its id.
func version(all map[string][]Version, id int64) (Version, bool) {
	for _, vs := range all {
		if i := slices.IndexFunc(vs, func(v Version) bool { return v.ID == id }); i >= 0 {
			return vs[i], true
		}
	}
	return Version{}, false
}
