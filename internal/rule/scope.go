package rule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// atOnce are the settings that only say how and when something is shown,
// reminded or reported. They may hold at once by one administrator's word;
// everything else decides what people get, keep or may do.
var atOnce = []string{"R-", "G-", "CH-", "V-04", "report.", "goal.", "org.spread"}

// AtOnce reports that a change of the setting may take effect at once without a
// second administrator (RC-01).
func AtOnce(key string) bool {
	return slices.ContainsFunc(atOnce, func(p string) bool { return strings.HasPrefix(key, p) })
}

// InForce are the values that hold at the moment for each scope that has one of
// its own, the organisation's first.
func (b *Book) InForce(ctx context.Context, key string) ([]Version, error) {
	if err := b.Load(ctx); err != nil {
		return nil, err
	}
	now := b.clock.Now()
	b.mu.RLock()
	defer b.mu.RUnlock()
	best := map[Scope]Version{}
	for _, v := range b.versions[key] {
		if v.RolledBackAt.IsZero() && !v.EffectiveAt.After(now) {
			best[v.Scope] = v
		}
	}
	out := make([]Version, 0, len(best))
	for _, v := range best {
		out = append(out, v)
	}
	slices.SortFunc(out, func(x, y Version) int { return strings.Compare(string(x.Scope), string(y.Scope)) })
	return out, nil
}

// Held is what holds for exactly the scope at the moment: its own value, else the
// organisation's, else the default.
func (b *Book) Held(ctx context.Context, key string, scope Scope, at time.Time) (string, error) {
	all, err := b.stored(ctx)
	if err != nil {
		return "", err
	}
	return b.valueAt(all[key], key, scope, at, 0), nil
}

// Stamp names the state of a setting: it changes with every version that is
// stored or taken back, for whatever scope.
func (b *Book) Stamp(ctx context.Context, key string) (string, error) {
	all, err := b.stored(ctx)
	if err != nil {
		return "", err
	}
	newest, back := int64(0), 0
	for _, v := range all[key] {
		newest = max(newest, v.ID)
		if !v.RolledBackAt.IsZero() {
			back++
		}
	}
	return fmt.Sprintf("%d/%d", newest, back), nil
}
