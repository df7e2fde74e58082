package account

import (
	"context"
	"strings"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// ParseFilter reads words such as "上海 A": a level, and anything else as the
// city or region.
func ParseFilter(words []string) Filter {
	var f Filter
	for _, w := range words {
		if id, ok := pool.ParseWord(w); ok {
			f.Pool = id
		} else if l, ok := ParseLevel(strings.TrimSuffix(w, "级")); ok {
			f.Level = l
		} else if !strings.EqualFold(w, "level") {
			f.Region = strings.TrimSpace(f.Region + " " + w)
		}
	}
	return f
}

// Words is the filter as words that ParseFilter reads.
func (f Filter) Words() string {
	return strings.Join(strings.Fields(f.Region+" "+string(f.Level)+" "+pool.Word(f.Pool)), " ")
}

// PoolList is a page of the pool.
type PoolList struct {
	Accounts []Seen
	// More reports that there are further accounts behind the last one.
	More   bool
	Status pool.Status // the actor's quota and hold limit
}

// maxPage is the longest page of a list.
const maxPage = 50

// Pool lists accounts that the actor may claim, masked (P-08), the most
// important level first, beginning behind the account after.
func (s *Service) Pool(ctx context.Context, a crm.Actor, f Filter, after crm.AccountID, n int) (PoolList, error) {
	visible, err := s.Gate.Visible(ctx, a, crm.KindAccount)
	if err != nil {
		return PoolList{}, err
	}
	n = min(n, maxPage)
	q := PoolQuery{Filter: f, Limit: n + 1}
	for _, p := range visible {
		// What a pool hides must not be found out by filtering for it (P-08).
		if f.Pool != 0 && f.Pool != p.ID {
			continue
		}
		if p.Manages(a) || !(f.Region != "" && p.Hides("region")) {
			q.Pools = append(q.Pools, p.ID)
		}
	}
	if after != 0 {
		x, err := s.Store.Account(ctx, after)
		if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
			return PoolList{}, err
		}
		if err == nil {
			q.After, q.AfterLevel = x.ID, x.Level
		}
	}
	xs, err := s.Store.PoolAccounts(ctx, q)
	if err != nil {
		return PoolList{}, err
	}
	out := PoolList{More: len(xs) > n}
	if out.More {
		xs = xs[:n]
	}
	return s.listed(ctx, a, out, xs)
}

// Listed is the same list again as it is now, for a card that was sent before.
// Accounts of pools that the actor may not see are left out; those that left the
// pool meanwhile show their owner.
func (s *Service) Listed(ctx context.Context, a crm.Actor, ids []crm.AccountID) (PoolList, error) {
	found, err := s.Store.Accounts(ctx, ids)
	if err != nil {
		return PoolList{}, err
	}
	var xs []Account
	for _, id := range ids {
		x, ok := found[id]
		if !ok {
			continue
		}
		_, sees, _, err := s.Gate.Sees(ctx, a, x.home())
		if err != nil {
			return PoolList{}, err
		}
		if sees {
			xs = append(xs, x)
		}
	}
	return s.listed(ctx, a, PoolList{}, xs)
}

// ForGroup is a list as a group reads it: without what the pools hide, whoever
// asked for it (P-08, PM-03).
func (s *Service) ForGroup(ctx context.Context, list PoolList) (PoolList, error) {
	out := list
	out.Accounts = nil
	for _, v := range list.Accounts {
		p, err := s.Gate.Pool(ctx, v.home())
		if err != nil {
			return PoolList{}, err
		}
		v.Account, v.Masked = v.Account.Masked(p.Hides), true
		out.Accounts = append(out.Accounts, v)
	}
	return out, nil
}

func (s *Service) listed(ctx context.Context, a crm.Actor, out PoolList, xs []Account) (PoolList, error) {
	refs := make([]crm.Ref, len(xs))
	for i, x := range xs {
		refs[i] = x.ID.Ref()
	}
	cooling, err := s.Gate.Cooling(ctx, a.ID, refs...)
	if err != nil {
		return out, err
	}
	for _, x := range xs {
		p, _, rules, err := s.Gate.Sees(ctx, a, x.home())
		if err != nil {
			return out, err
		}
		if !rules {
			x = x.Masked(p.Hides)
		}
		v, err := s.seen(ctx, a, x, Rights{See: true, People: rules, Manages: rules || a.Is(supervisors...)})
		if err != nil {
			return out, err
		}
		v.Masked, v.CoolingUntil = !rules, cooling[x.ID.Ref()]
		out.Accounts = append(out.Accounts, v)
	}
	if a.ID != 0 {
		out.Status, err = s.Status(ctx, a.ID)
	}
	return out, err
}

// Status is how a person stands with accounts against the limits; it only
// informs.
func (s *Service) Status(ctx context.Context, user crm.UserID) (pool.Status, error) {
	p, err := s.Gate.Pool(ctx, defaultPool)
	if err != nil {
		return pool.Status{}, err
	}
	return s.Gate.Status(ctx, user, crm.KindAccount, p)
}

// Next is the first account that the actor could claim now instead of the given
// ones; false when there is none.
func (s *Service) Next(ctx context.Context, a crm.Actor, except crm.AccountID) (Seen, bool, error) {
	list, err := s.Pool(ctx, a, Filter{}, 0, candidates+1)
	if err != nil {
		return Seen{}, false, err
	}
	now := s.Clock.Now()
	for _, v := range list.Accounts {
		if !v.ClaimableAt.After(now) && v.CoolingUntil.IsZero() && v.ID != except {
			return v, true, nil
		}
	}
	return Seen{}, false, nil
}
