package app_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/testdb"
)

// BenchmarkLists are the lists that reps open, on MariaDB over BENCH_ROWS leads
// and as many accounts (20,000 unless said otherwise; a million for the figures
// of a large company): the pool of leads with and without filters, pages deep
// inside it, one's own leads, the pool of accounts, an account by its name and
// one's own accounts. Each prints the 99th percentile and its ratio to the bare
// statement with the same rows.
func BenchmarkLists(b *testing.B) {
	rows := 20_000
	if n, err := strconv.Atoi(os.Getenv("BENCH_ROWS")); err == nil && n > 0 {
		rows = n
	}
	ctx := b.Context()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	a, err := app.New(ctx, app.Options{DSN: testdb.MySQL(b), Clock: crm.NewMovableClock(monday, true)})
	must(err)
	b.Cleanup(func() { _ = a.Close() })
	dir := a.Services.Directory
	team := org.Team{Name: "华东"}
	must(dir.SaveTeam(ctx, &team))
	u := org.User{Name: "李娜", Team: team.ID, Roles: []crm.Role{crm.Rep}, Active: true}
	must(dir.SaveUser(ctx, &u))
	rep, err := dir.Actor(ctx, u.ID)
	must(err)
	raw, err := a.DB.SQL()
	must(err)
	const ten = "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)"
	const batch = 10_000
	numbers := func(from int) string {
		return fmt.Sprintf("(SELECT %[2]d + a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS i FROM %[1]s a, %[1]s b, %[1]s c, %[1]s d HAVING i < %[3]d) x", ten, from, rows)
	}
	for _, q := range []string{
		// Half of them are owned by 2,000 people, of whom the rep has about 50.
		"INSERT INTO crm_leads (need, note, company, contact, status, owner_id, team_id, pool_id, city, source, grade, rank_no, score_source, version, created_ms, owned_ms) SELECT '', '', CONCAT('公司', i), '王总', 'open', IF(i % 2 = 0, 0, IF(i < 100, " + fmt.Sprint(int64(u.ID)) + ", 100 + i % 2000)), 1, 1, IF(i % 3 = 0, '上海', '杭州'), IF(i % 5 = 0, '展会现场洽谈', '官网留言'), ELT(1 + FLOOR(i / 7) % 4, 'A', 'B', 'C', 'D'), 1000 * (FLOOR(i / 7) % 4) + i % 101, i % 101, 1, 1, 1 FROM ",
		"INSERT INTO crm_search_terms (term, kind, record_id) SELECT CONCAT('公司', i), 'A', i + 1 FROM ",
		"INSERT INTO crm_accounts (name, name_key, owner_id, team_id, home_pool_id, region, level, level_no, version, created_ms, owned_ms, active_ms) SELECT CONCAT('公司', i), CONCAT('k', i), IF(i % 2 = 0, 0, IF(i < 160, " + fmt.Sprint(int64(u.ID)) + ", 100 + i % 2000)), 1, 2, IF(i % 3 = 0, '上海', '杭州'), ELT(1 + FLOOR(i / 7) % 4, 'KA', 'A', 'B', 'C'), FLOOR(i / 7) % 4, 1, 1, 1, i FROM ",
	} {
		for from := 0; from < rows; from += batch {
			if _, err := raw.ExecContext(ctx, q+numbers(from)); err != nil {
				b.Fatalf("%.60s: %v", q, err)
			}
		}
	}
	_, err = raw.ExecContext(ctx, "ANALYZE TABLE crm_leads, crm_accounts")
	must(err)
	var deepLead crm.LeadID
	var deepAccount crm.AccountID
	must(raw.QueryRowContext(ctx, "SELECT id FROM crm_leads WHERE owner_id = 0 AND rank_no >= 3050 ORDER BY rank_no, id LIMIT 1").Scan(&deepLead))
	must(raw.QueryRowContext(ctx, "SELECT id FROM crm_accounts WHERE owner_id = 0 AND level_no = 3 AND id > ? ORDER BY id LIMIT 1", rows/2).Scan(&deepAccount))
	leads, accounts := a.Services.Leads, a.Services.Accounts
	bare := func(q string, args ...any) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			rs, err := raw.QueryContext(ctx, q, args...)
			if err != nil {
				return err
			}
			defer rs.Close()
			for rs.Next() {
			}
			return rs.Err()
		}
	}
	const page = 6
	for _, c := range []struct {
		name string
		run  func(ctx context.Context) error
		bare func(ctx context.Context) error
	}{
		{"pool", func(ctx context.Context) error { _, err := leads.Pool(ctx, rep, lead.Filter{}, 0, page); return err },
			bare("SELECT * FROM crm_leads WHERE owner_id = 0 AND status = 'open' ORDER BY rank_no, id LIMIT 7")},
		{"pool-filtered", func(ctx context.Context) error {
			_, err := leads.Pool(ctx, rep, lead.Filter{City: "上海", Source: "展会现场洽谈", Grade: "B"}, 0, page)
			return err
		}, bare("SELECT * FROM crm_leads WHERE owner_id = 0 AND status = 'open' AND source = '展会现场洽谈' AND city = '上海' AND rank_no BETWEEN 1000 AND 1100 ORDER BY rank_no, id LIMIT 7")},
		{"pool-deep", func(ctx context.Context) error {
			_, err := leads.Pool(ctx, rep, lead.Filter{}, deepLead, page)
			return err
		},
			bare("SELECT * FROM crm_leads WHERE owner_id = 0 AND status = 'open' AND rank_no >= 3050 ORDER BY rank_no, id LIMIT 7")},
		{"my-leads", func(ctx context.Context) error { _, err := leads.Mine(ctx, rep); return err },
			bare("SELECT * FROM crm_leads WHERE owner_id = ? AND status = 'open' ORDER BY rank_no, id LIMIT 1000", int64(u.ID))},
		{"account-pool", func(ctx context.Context) error {
			_, err := accounts.Pool(ctx, rep, account.Filter{Region: "上海"}, 0, page)
			return err
		}, bare("SELECT * FROM crm_accounts WHERE owner_id = 0 AND home_pool_id = 2 AND state = '' AND region = '上海' ORDER BY level_no, id LIMIT 7")},
		{"account-pool-deep", func(ctx context.Context) error {
			_, err := accounts.Pool(ctx, rep, account.Filter{}, deepAccount, page)
			return err
		}, bare("SELECT * FROM crm_accounts WHERE owner_id = 0 AND home_pool_id = 2 AND state = '' AND level_no = 3 AND id > ? ORDER BY level_no, id LIMIT 7", int64(deepAccount))},
		{"account-by-name", func(ctx context.Context) error { _, err := accounts.Search(ctx, rep, "公司77", 6); return err },
			bare("SELECT * FROM crm_accounts WHERE id IN (SELECT record_id FROM crm_search_terms WHERE kind = 'A' AND term >= '公司77' AND term < '公司77\U0010ffff') AND owner_id = 0 ORDER BY active_ms DESC, id DESC LIMIT 6")},
		{"my-accounts", func(ctx context.Context) error { _, _, err := accounts.Mine(ctx, rep, 0, 10); return err },
			bare("SELECT * FROM crm_accounts WHERE owner_id = ? ORDER BY active_ms DESC, id DESC LIMIT 10", int64(u.ID))},
	} {
		b.Run(c.name, func(b *testing.B) {
			ours, theirs := []time.Duration{}, []time.Duration{}
			took := func(fn func(context.Context) error) time.Duration {
				start := time.Now()
				must(fn(ctx))
				return time.Since(start)
			}
			for range 20 { // warm
				took(c.run)
				took(c.bare)
			}
			for b.Loop() {
				theirs = append(theirs, took(c.bare))
				ours = append(ours, took(c.run))
			}
			p := func(list []time.Duration, q int) float64 {
				slices.SortFunc(list, cmp.Compare)
				return float64(list[(len(list)-1)*q/100].Microseconds()) / 1000
			}
			b.ReportMetric(p(ours, 99), "ms-p99")
			b.ReportMetric(p(theirs, 99), "ms-p99-bare")
			b.ReportMetric(p(ours, 50)/p(theirs, 50), "times-bare-p50")
			b.ReportMetric(float64(rows), "rows")
			b.ReportMetric(0, "ns/op")
		})
	}
}
