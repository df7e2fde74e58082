package channel_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmbot/internal/app"
	"crmbot/internal/channel"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/testdb"
)

func TestSpreadSumsToTheAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := crm.Money(rapid.Int64Range(1, 1_000_000_000).Draw(t, "amount"))
		n := rapid.IntRange(1, 400).Draw(t, "days")
		var sum crm.Money
		parts := channel.Spread(amount, n)
		for _, p := range parts {
			sum += p
		}
		if sum != amount || len(parts) != n || parts[0]-parts[n-1] > 1 || parts[0] < parts[n-1] {
			t.Fatalf("%d over %d days: %v", amount, n, parts)
		}
	})
	if p := channel.Spread(100, 0); p != nil {
		t.Errorf("over no days: %v", p)
	}
}

// TestCorrectedCostsKeepTheirHistory: facts and daily sums say what counts now,
// the rows say who entered what.
func TestCorrectedCostsKeepTheirHistory(t *testing.T) {
	for name, dsn := range map[string]func(t *testing.T) string{
		"sqlite": func(t *testing.T) string { return testdb.SQLite(t) },
		"mysql":  func(t *testing.T) string { return testdb.MySQL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			clock := crm.NewMovableClock(time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC), true)
			a, err := app.New(ctx, app.Options{DSN: dsn(t), Clock: clock})
			must(err)
			t.Cleanup(func() { a.Close() })
			u := org.User{Name: "周市场", Roles: []crm.Role{crm.Marketing}, Active: true}
			must(a.Services.Directory.SaveUser(ctx, &u))
			zhou, err := a.Services.Directory.Actor(ctx, u.ID)
			must(err)
			march := crm.MonthOf("2026-03-02")
			s := a.Services.Channels
			c, err := s.Spend(ctx, zhou, channel.Origin{Channel: "广告", Campaign: "春季"}, 100_001, march)
			must(err)
			second, err := s.Correct(ctx, zhou, c.ID, 50_000)
			must(err)
			if second.Corrects != c.ID || second.Origin != c.Origin || second.Period != c.Period {
				t.Errorf("the correction is %+v", second)
			}
			raw, err := a.DB.SQL()
			must(err)
			total := func() (sum, daily int64) {
				t.Helper()
				must(raw.QueryRowContext(ctx, "SELECT SUM(amount) FROM crm_facts WHERE metric_key = 'channel.cost'").Scan(&sum))
				must(raw.QueryRowContext(ctx, "SELECT SUM(amount) FROM crm_fact_daily WHERE metric_key = 'channel.cost'").Scan(&daily))
				return sum, daily
			}
			if sum, daily := total(); sum != 50_000 || daily != 50_000 {
				t.Errorf("facts %d, daily sums %d", sum, daily)
			}
			table, err := s.Table(ctx, zhou, march, "")
			must(err)
			if at := table.At("channel.cost"); len(table.Rows) != 1 || table.Rows[0].Values[at].Num != 50_000 || table.Total.Values[at].Num != 50_000 {
				t.Errorf("table %+v", table.Rows)
			}
			must(s.Void(ctx, zhou, second.ID))
			if err := s.Void(ctx, zhou, second.ID); crm.CodeOf(err) != crm.CodeConflict {
				t.Errorf("taken back twice: %v", err)
			}
			if sum, daily := total(); sum != 0 || daily != 0 {
				t.Errorf("taken back: facts %d, daily sums %d", sum, daily)
			}
			list, err := s.Costs(ctx, zhou, 10)
			must(err)
			if len(list) != 2 || !list[0].Voided() || !list[1].Voided() || list[1].Amount != 100_001 {
				t.Errorf("history %+v", list)
			}
			var audits int
			must(raw.QueryRowContext(ctx, "SELECT COUNT(*) FROM crm_audit WHERE action IN ('channel.cost', 'channel.cost_correct', 'channel.cost_void')").Scan(&audits))
			if audits != 3 {
				t.Errorf("%d audit rows", audits)
			}
			for _, r := range []crm.Role{crm.Rep, crm.Service, crm.Legal} {
				if _, err := s.Table(ctx, crm.Actor{ID: 9, Roles: []crm.Role{r}}, march, ""); crm.CodeOf(err) != crm.CodeForbidden {
					t.Errorf("PM-01: %s reads costs: %v", r, err)
				}
			}
		})
	}
}
