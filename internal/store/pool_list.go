package store

import (
	"cmp"
	"context"
	"slices"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// A page of a pool is read by walks along an index, each as long as the page at
// most: one for every pool, spelling of the city and side of the place where the
// page before ended. No walk skips rows, so a page costs the same at the end of a
// million records as at the beginning.

// leadWalks are the walks of a page of leads.
func leadWalks(q lead.PoolQuery) []statement {
	type part struct {
		where string
		args  []any
	}
	var homes []part
	if q.AllPools {
		homes = []part{{"owner_id = 0 AND status = ?", []any{string(lead.Open)}}}
	} else {
		for _, p := range q.Pools {
			homes = append(homes, part{"pool_id = ? AND owner_id = 0 AND status = ?", []any{int64(p), string(lead.Open)}})
		}
	}
	cities := []part{{}}
	if q.City != "" {
		cities = []part{{" AND city = ?", []any{q.City}}, {" AND city = ?", []any{q.City + "市"}}}
	}
	rest := part{}
	if q.Source != "" {
		rest.where, rest.args = rest.where+" AND source = ?", append(rest.args, q.Source)
	}
	from, to := 0, 1<<30
	if q.Grade != "" {
		from = lead.Rank(q.Grade, 100)
		to = from + 100
	}
	sides := []part{{" AND rank_no BETWEEN ? AND ?", []any{from, to}}}
	if q.After != 0 {
		sides = nil
		if q.AfterRank >= from && q.AfterRank <= to {
			sides = append(sides, part{" AND rank_no = ? AND id > ?", []any{q.AfterRank, int64(q.After)}})
		}
		sides = append(sides, part{" AND rank_no BETWEEN ? AND ?", []any{max(from, q.AfterRank+1), to}})
	}
	var out []statement
	for _, h := range homes {
		for _, c := range cities {
			for _, s := range sides {
				out = append(out, statement{h.where + rest.where + c.where + s.where + " ORDER BY rank_no, id LIMIT ?", slices.Concat(h.args, rest.args, c.args, s.args, []any{q.Limit})})
			}
		}
	}
	return out
}

// PoolLeads implements lead.Store.
func (d *DB) PoolLeads(ctx context.Context, q lead.PoolQuery) ([]lead.Lead, error) {
	walks := leadWalks(q)
	if len(walks) == 0 {
		return nil, nil
	}
	found := make([][]lead.Lead, len(walks))
	list := make([]reading, len(walks))
	for i, w := range walks {
		list[i] = leadsWhere(&found[i], w.query, w.args...)
	}
	if err := d.readTogether(ctx, list...); err != nil {
		return nil, err
	}
	out := slices.Concat(found...)
	slices.SortFunc(out, func(a, b lead.Lead) int {
		return cmp.Or(cmp.Compare(lead.Rank(a.Grade, a.Score.Total()), lead.Rank(b.Grade, b.Score.Total())), cmp.Compare(a.ID, b.ID))
	})
	return out[:min(len(out), q.Limit)], nil
}

// accountWalks are the walks of a page of accounts.
func accountWalks(q account.PoolQuery) []statement {
	var out []statement
	for _, p := range q.Pools {
		where, args := "owner_id = 0 AND home_pool_id = ? AND state = ?", []any{int64(p), string(account.Live)}
		if q.Region != "" {
			where, args = where+" AND region = ?", append(args, q.Region)
		}
		walk := func(more string, with ...any) {
			out = append(out, statement{where + more + " ORDER BY level_no, id LIMIT ?", slices.Concat(args, with, []any{q.Limit})})
		}
		from, to := 0, len(account.Levels)-1
		if q.Level != "" {
			from, to = q.Level.Order(), q.Level.Order()
		}
		levels := func(lo, hi int) {
			switch { // of one level the rows lie in order of the id
			case lo == hi:
				walk(" AND level_no = ?", lo)
			case lo < hi:
				walk(" AND level_no BETWEEN ? AND ?", lo, hi)
			}
		}
		if q.After == 0 {
			levels(from, to)
			continue
		}
		n := q.AfterLevel.Order()
		if n >= from && n <= to {
			walk(" AND level_no = ? AND id > ?", n, int64(q.After))
		}
		levels(max(from, n+1), to)
	}
	return out
}

// PoolAccounts implements account.Store.
func (d *DB) PoolAccounts(ctx context.Context, q account.PoolQuery) ([]account.Account, error) {
	var out []account.Account
	for _, w := range accountWalks(q) {
		var rows []accountRow
		if err := d.read(ctx).Raw("SELECT * FROM crm_accounts WHERE "+w.query, w.args...).Scan(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			out = append(out, r.entity())
		}
	}
	slices.SortFunc(out, func(a, b account.Account) int {
		return cmp.Or(cmp.Compare(a.Level.Order(), b.Level.Order()), cmp.Compare(a.ID, b.ID))
	})
	return out[:min(len(out), q.Limit)], nil
}

// ownLeads are a person's open leads.
func ownLeads(owner crm.UserID, n int) statement {
	return statement{"owner_id = ? AND status = ? ORDER BY rank_no, id LIMIT ?", []any{int64(owner), string(lead.Open), n}}
}
