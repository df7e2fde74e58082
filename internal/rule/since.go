package rule

import (
	"context"
	"slices"
	"time"

	"crmbot/internal/crm"
)

// Since is Value with the moment since which it has meant the same, judged by
// same: the effective time of a version, or the moment at which one that said
// something else was taken back. The zero time means that it never was another.
func (b *Book) Since(ctx context.Context, key string, same func(x, y string) bool, scopes ...Scope) (value string, version int64, since time.Time) {
	value, version = b.Value(ctx, key, scopes...)
	now := b.clock.Now()
	b.mu.RLock()
	defer b.mu.RUnlock()
	in := append(slices.Clone(scopes), "")
	var moments []time.Time
	for _, v := range b.versions[key] {
		if !slices.Contains(in, v.Scope) || v.EffectiveAt.After(now) {
			continue
		}
		moments = append(moments, v.EffectiveAt)
		if !v.RolledBackAt.IsZero() && v.RolledBackAt.After(v.EffectiveAt) {
			moments = append(moments, v.RolledBackAt)
		}
	}
	slices.SortFunc(moments, func(x, y time.Time) int { return y.Compare(x) })
	for _, m := range moments {
		if !same(b.heldBefore(key, in, m), value) {
			return value, version, m
		}
	}
	return value, version, time.Time{}
}

// heldBefore is what held just before the moment.
func (b *Book) heldBefore(key string, scopes []Scope, m time.Time) string {
	for _, s := range scopes {
		found, value := false, ""
		for _, v := range b.versions[key] {
			if v.Scope == s && v.EffectiveAt.Before(m) && (v.RolledBackAt.IsZero() || !v.RolledBackAt.Before(m)) {
				found, value = true, v.Value
			}
		}
		if found {
			return value
		}
	}
	return b.defs[key].Default
}

// Supposing is the book as it would be at the moment at which the version takes
// effect, if somebody set it now. It stores nothing and follows no later change.
func (b *Book) Supposing(ctx context.Context, v Version) (*Book, error) {
	d, ok := b.defs[v.Key]
	if !ok {
		return nil, crm.NotFound("没有这个设置："+v.Key, "there is no such setting: "+v.Key)
	}
	if d.Check != nil {
		if err := d.Check(v.Value); err != nil {
			return nil, err
		}
	}
	if err := checkScope(v.Scope); err != nil {
		return nil, err
	}
	if err := b.Load(ctx); err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := &Book{store: b.store, clock: standing{v.EffectiveAt}, defs: b.defs, order: b.order, maxAge: supposed, versions: make(map[string][]Version, len(b.versions)), loaded: time.Now()}
	for k, list := range b.versions {
		out.versions[k] = list
	}
	v.ID = supposedVersion
	out.versions[v.Key] = append(slices.Clone(b.versions[v.Key]), v)
	slices.SortStableFunc(out.versions[v.Key], func(x, y Version) int { return x.EffectiveAt.Compare(y.EffectiveAt) })
	return out, nil
}

const (
	// supposed is how long a supposed book keeps its versions: longer than anybody
	// works with it.
	supposed = 1000 * time.Hour
	// supposedVersion is the id of a version that is not stored.
	supposedVersion = 1<<62 - 1
)

// standing is a clock that stands.
type standing struct{ at time.Time }

// Now implements crm.Clock.
func (s standing) Now() time.Time { return s.at }

// Without is the book as it would have been at the moment, had the version never
// been: what was taken back later still holds. It follows no later change.
func (b *Book) Without(ctx context.Context, id int64, at time.Time) (*Book, error) {
	if err := b.Load(ctx); err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := &Book{store: b.store, clock: standing{at}, defs: b.defs, order: b.order, maxAge: supposed, versions: make(map[string][]Version, len(b.versions)), loaded: time.Now()}
	for k, list := range b.versions {
		kept := make([]Version, 0, len(list))
		for _, v := range list {
			if v.ID == id {
				continue
			}
			if v.RolledBackAt.After(at) {
				v.RolledBackAt = time.Time{}
			}
			kept = append(kept, v)
		}
		out.versions[k] = kept
	}
	return out, nil
}

// TakenBack are the versions that held and were taken back since the moment.
func (b *Book) TakenBack(ctx context.Context, since time.Time) []Version {
	b.mu.RLock()
	stale, never := time.Since(b.loaded) > b.maxAge, b.loaded.IsZero()
	b.mu.RUnlock()
	if stale && (never || b.loading.CompareAndSwap(false, true)) {
		b.refresh(ctx, never)
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []Version
	for _, list := range b.versions {
		for _, v := range list {
			if v.RolledBackAt.After(since) && v.EffectiveAt.Before(v.RolledBackAt) {
				out = append(out, v)
			}
		}
	}
	slices.SortFunc(out, func(x, y Version) int { return int(x.ID - y.ID) })
	return out
}
