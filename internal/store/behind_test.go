package store

import (
	"strings"
	"testing"

	"crmbot/internal/crm"
	"crmbot/internal/recycle"
	"crmbot/internal/testenv"
)

// TestPagesOfJobsBeginWhereTheLastOneEnded asks MariaDB how many rows it expects
// to read for a page near the end of 20,000 records that are all due on one day.
func TestPagesOfJobsBeginWhereTheLastOneEnded(t *testing.T) {
	ctx := t.Context()
	d, err := Open(ctx, testenv.MySQL(t), crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if _, err := d.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	raw, err := d.SQL()
	if err != nil {
		t.Fatal(err)
	}
	const ten = "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)"
	numbers := "(SELECT 1 + a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS i FROM " + ten + " a" + strings.Join([]string{"", " b", " c", " d"}, ", "+ten) + ", (SELECT 0 AS n UNION SELECT 1) e) x"
	for _, q := range []string{
		"INSERT INTO crm_keepings (kind, record_id, owner_id, check_day, release_day) SELECT 'L', i, 1, '2026-03-02', '2026-03-02' FROM " + numbers,
		"INSERT INTO crm_recycle_items (day, kind, record_id, owner_id, release_day) SELECT '2026-03-02', 'L', i, 1, '2026-03-02' FROM " + numbers,
		"ANALYZE TABLE crm_keepings, crm_recycle_items",
	} {
		if _, err := raw.ExecContext(ctx, q); err != nil {
			t.Fatalf("%.60s: %v", q, err)
		}
	}
	last := crm.LeadID(19_000).Ref()
	for name, q := range map[string]statement{
		"due":  {"SELECT * FROM crm_keepings WHERE " + dueKeeps("2026-03-02", recycle.Cursor{Check: "2026-03-02", Ref: last}, 500).query, dueKeeps("2026-03-02", recycle.Cursor{Check: "2026-03-02", Ref: last}, 500).args},
		"all":  {"SELECT * FROM crm_keepings WHERE " + allKeeps(last, 500).query, allKeeps(last, 500).args},
		"runs": {"SELECT * FROM crm_recycle_items WHERE " + runItems("2026-03-02", recycle.ItemWaits, last, 500).query, runItems("2026-03-02", recycle.ItemWaits, last, 500).args},
	} {
		var cells [10]any
		var rows, kind string
		for i := range cells {
			cells[i] = new(any)
		}
		cells[3], cells[8] = &kind, &rows
		if err := raw.QueryRowContext(ctx, "EXPLAIN "+q.query, q.args...).Scan(cells[:]...); err != nil {
			t.Fatal(err)
		}
		if kind != "range" || len(rows) > 4 || len(rows) == 4 && rows > "3000" {
			t.Errorf("%s: reads %s rows by %s, of 1,000 that are left", name, rows, kind)
		}
	}
}
