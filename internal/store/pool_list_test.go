package store

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/testenv"
)

// TestListsWalkAlongAnIndex asks MariaDB how it reads every walk of the lists
// over many records: by an index whose order is that of the list, so that a page
// reads no more rows than it shows.
func TestListsWalkAlongAnIndex(t *testing.T) {
	ctx := t.Context()
	d, err := Open(ctx, testenv.MySQL(t), crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = d.Migrate(ctx)
	must(err)
	raw, err := d.SQL()
	must(err)
	// 20,000 of each, spread over owners, pools, cities, levels and ranks.
	numbers := "(SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS i FROM (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) a" +
		strings.Join([]string{"", " b", " c", " d"}, ", (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)") + ", (SELECT 0 AS n UNION SELECT 1) e) x"
	for _, q := range []string{
		"INSERT INTO crm_leads (need, note, company, status, owner_id, pool_id, city, source, rank_no) SELECT '', '', CONCAT('c', i), 'open', IF(i % 2 = 0, 0, i % 200), 1 + i % 4, IF(i % 3 = 0, '上海', '杭州'), IF(i % 5 = 0, '展会', '官网'), i % 400 FROM " + numbers,
		"INSERT INTO crm_accounts (name, name_key, owner_id, home_pool_id, region, level_no) SELECT CONCAT('c', i), CONCAT('c', i), IF(i % 2 = 0, 0, i % 200), 2 + i % 4, IF(i % 3 = 0, '上海', '杭州'), FLOOR(i / 7) % 4 FROM " + numbers,
		"ANALYZE TABLE crm_leads, crm_accounts",
	} {
		if _, err := raw.ExecContext(ctx, q); err != nil {
			t.Fatalf("%.60s: %v", q, err)
		}
	}
	after := lead.PoolQuery{AfterRank: 200, After: 9000, Limit: 7}
	cases := map[string][]statement{"own leads": {ownLeads(7, 1000)}}
	for name, f := range map[string]lead.Filter{"all": {}, "by city": {City: "上海"}, "by source": {Source: "展会"}, "by grade": {Grade: "B"}} {
		first := lead.PoolQuery{Filter: f, Limit: 7, Pools: []crm.PoolID{1, 3}}
		next := after
		next.Filter, next.Pools = f, first.Pools
		cases["leads, "+name] = leadWalks(first)
		cases["leads, "+name+", next page"] = leadWalks(next)
		first.AllPools, next.AllPools = true, true
		cases["leads of all pools, "+name] = leadWalks(first)
		cases["leads of all pools, "+name+", next page"] = leadWalks(next)
	}
	for name, q := range map[string][]statement{
		"accounts": accountWalks(account.PoolQuery{Pools: []crm.PoolID{2, 4}, Limit: 7}), "accounts, next page": accountWalks(account.PoolQuery{Pools: []crm.PoolID{2, 4}, After: 9000, AfterLevel: account.LevelA, Limit: 7}),
		"accounts by region": accountWalks(account.PoolQuery{Pools: []crm.PoolID{2}, Filter: account.Filter{Region: "上海"}, Limit: 7}), "accounts by level": accountWalks(account.PoolQuery{Pools: []crm.PoolID{2}, Filter: account.Filter{Level: account.LevelB}, Limit: 7})} {
		cases[name] = q
	}
	for name, walks := range cases {
		table := "crm_leads"
		if strings.HasPrefix(name, "accounts") {
			table = "crm_accounts"
		}
		for _, w := range walks {
			rows, err := raw.QueryContext(ctx, "EXPLAIN SELECT * FROM "+table+" WHERE "+w.query, w.args...)
			must(err)
			columns, err := rows.Columns()
			must(err)
			for rows.Next() {
				cells := make([]any, len(columns))
				for i := range cells {
					cells[i] = new([]byte)
				}
				must(rows.Scan(cells...))
				plan := map[string]string{}
				for i, c := range columns {
					plan[c] = string(*cells[i].(*[]byte))
				}
				if plan["key"] == "" || plan["type"] == "ALL" || strings.Contains(plan["Extra"], "filesort") || strings.Contains(plan["Extra"], "temporary") {
					t.Errorf("%s: %s\n%v", name, w.query, fmt.Sprint(plan))
				}
			}
			must(rows.Err())
			must(rows.Close())
		}
	}
	for kind, from := range map[crm.Kind]crm.PoolID{crm.KindLead: 2, crm.KindAccount: 3} {
		table, column := homeOf(kind)
		must(d.InTx(ctx, func(ctx context.Context) error {
			refs, err := d.MoveHome(ctx, kind, from, 9, 50)
			if err != nil || len(refs) != 50 {
				t.Errorf("%s: %d records moved, %v", table, len(refs), err)
			}
			// Whoever works with another record of the pool meanwhile does not wait.
			var other int64
			must(raw.QueryRowContext(t.Context(), "SELECT id FROM "+table+" WHERE "+column+" = ? AND owner_id > 150 ORDER BY id DESC LIMIT 1", int64(from)).Scan(&other))
			if err := raw.QueryRowContext(t.Context(), "SELECT id FROM "+table+" WHERE id = ? FOR UPDATE NOWAIT", other).Scan(&other); err != nil {
				t.Errorf("%s: a batch of 50 keeps the whole pool: %v", table, err)
			}
			return err
		}))
	}
}
