package pool

import (
	"cmp"
	"context"
	"slices"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/rule"
)

// Over is somebody who has more than a limit allows.
type Over struct {
	User        org.User
	Have, Limit int
}

// limitOf is the kind of records that a limit is about, and whether claims count
// and not what is held.
func (g *Gate) limitOf(key string) (kind crm.Kind, claims, ok bool) {
	switch key {
	case DealtCount.Key:
		return crm.KindAccount, false, true
	case HoldLeads.Key:
		return crm.KindLead, false, true
	case QuotaDaily.Key, QuotaOffday.Key:
		return crm.KindLead, true, true
	}
	for k, i := range g.d.Holds {
		if i.Key == key {
			return k, false, true
		}
	}
	return "", false, false
}

// Limits reports whether the setting limits what people hold, or with claims what
// they claim in a day.
func (g *Gate) Limits(key string) (claims, ok bool) {
	_, claims, ok = g.limitOf(key)
	return claims, ok
}

// Over are the people who would be over the limit by the book, those with the most
// first (RC-02). Nobody loses anything by it: a limit is checked when somebody is
// to get more (P-03, P-04).
func (g *Gate) Over(ctx context.Context, key string, b *rule.Book, people []org.User) ([]Over, error) {
	kind, claims, ok := g.limitOf(key)
	if !ok {
		return nil, nil
	}
	day := g.d.Calendar.DayOf(g.d.Clock.Now())
	if kind == crm.KindAccount {
		return g.overAccounts(ctx, b, people)
	}
	count := func(k crm.Kind) (map[crm.UserID]int, error) {
		if claims {
			return g.d.Store.ClaimedBy(ctx, k, day, day.Time(g.d.Calendar.Zone()))
		}
		return g.d.Store.HeldBy(ctx, k, false)
	}
	have, err := count(kind)
	if err != nil {
		return nil, err
	}
	if claims { // one quota for each kind: who claimed accounts is told by the larger number
		more, err := count(crm.KindAccount)
		if err != nil {
			return nil, err
		}
		for u, n := range more {
			have[u] = max(have[u], n)
		}
		if g.d.Calendar.IsWorkday(day) != (key == QuotaDaily.Key) {
			return nil, nil // it is not the limit of this day
		}
	}
	d, _ := b.Def(key)
	limit := rule.Int{Key: key, Min: d.Form.Min, Max: d.Form.Max}
	return g.over(ctx, people, have, func(scopes []rule.Scope) int { return int(limit.Of(ctx, b, scopes...)) })
}

// overAccounts is Over for the hold limit of accounts and for the setting by which
// those that have bought count.
func (g *Gate) overAccounts(ctx context.Context, b *rule.Book, people []org.User) ([]Over, error) {
	counted := map[bool]map[crm.UserID]int{}
	for _, dealt := range []bool{false, true} {
		have, err := g.d.Store.HeldBy(ctx, crm.KindAccount, dealt)
		if err != nil {
			return nil, err
		}
		counted[dealt] = have
	}
	have := map[crm.UserID]int{}
	for _, u := range people {
		scopes, _, err := g.scopes(ctx, u)
		if err != nil {
			return nil, err
		}
		have[u.ID] = counted[DealtCount.Of(ctx, b, scopes...)][u.ID]
	}
	limit := g.d.Holds[crm.KindAccount]
	return g.over(ctx, people, have, func(scopes []rule.Scope) int { return int(limit.Of(ctx, b, scopes...)) })
}

// over are those who have more than their limit.
func (g *Gate) over(ctx context.Context, people []org.User, have map[crm.UserID]int, limitFor func([]rule.Scope) int) ([]Over, error) {
	var out []Over
	for _, u := range people {
		n := have[u.ID]
		if n == 0 {
			continue
		}
		scopes, _, err := g.scopes(ctx, u)
		if err != nil {
			return nil, err
		}
		if limit := limitFor(scopes); n > limit {
			out = append(out, Over{User: u, Have: n, Limit: limit})
		}
	}
	slices.SortStableFunc(out, func(x, y Over) int { return cmp.Compare(y.Have-y.Limit, x.Have-x.Limit) })
	return out, nil
}
