package importer_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/metric"
)

// ranked is a place as text, for comparing.
type ranked struct {
	Rank  int
	Name  string
	Value int64
}

// TestMavenRanking_F06_F12 asks the metrics for rankings of an imported history
// and compares them with sums worked out from the file itself.
func TestMavenRanking_F06_F12(t *testing.T) {
	e := newEnv(t, "")
	e.maven()
	ctx := t.Context()
	must(t, e.dir.Reload(ctx))
	zone, err := time.LoadLocation("Asia/Shanghai")
	must(t, err)
	cal, err := calendar.Standard(zone)
	must(t, err)
	reg, err := metric.NewRegistry(metric.Standard()...)
	must(t, err)
	svc := metric.NewService(metric.NewReader(reg, e.db), e.dir, cal, e.clock)
	rank := func(key string, p crm.Period) []ranked {
		t.Helper()
		r, err := svc.Rank(ctx, e.admin, key, p, metric.Scope{})
		must(t, err)
		var out []ranked
		for _, x := range r.Places {
			out = append(out, ranked{x.Rank, x.Name, x.Value.Num})
		}
		return out
	}

	top := rank("deal.won_amount", crm.QuarterOf("2017-04-01"))
	// The ten best of the second quarter of 2017, in 分, added up by hand from the file.
	want := fileRanking(t, crm.QuarterOf("2017-04-01"), func(r map[string]string) int64 { return yuan(t, r["close_value"]) * 100 })
	if len(top) < 10 || len(want) < 10 {
		t.Fatalf("%d agents ranked, %d in the file", len(top), len(want))
	}
	if d := cmp.Diff(want[:10], top[:10]); d != "" {
		t.Errorf("top ten of 2017-Q2 (-file +product):\n%s", d)
	}
	if top[0].Name != "Darcel Schlecht" {
		t.Errorf("the best of 2017-Q2 is %s", top[0].Name)
	}
	for _, x := range top[:10] {
		t.Logf("%2d %-20s %s", x.Rank, x.Name, crm.Money(x.Value))
	}
	for _, p := range []crm.Period{crm.DayPeriod("2017-05-31"), crm.WeekOf("2017-11-06"), crm.MonthOf("2017-07-01"), crm.QuarterOf("2017-12-01"), crm.YearOf("2017-01-01")} {
		if d := cmp.Diff(fileRanking(t, p, func(r map[string]string) int64 { return yuan(t, r["close_value"]) * 100 }), rank("deal.won_amount", p)); d != "" {
			t.Errorf("won amount of %s (-file +product):\n%s", p, d)
		}
		if d := cmp.Diff(fileRanking(t, p, func(map[string]string) int64 { return 1 }), rank("deal.won", p)); d != "" {
			t.Errorf("deals won in %s (-file +product):\n%s", p, d)
		}
	}
}

func yuan(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	must(t, err)
	return n
}

// fileRanking ranks the agents by what each won deal of the period is worth.
func fileRanking(t *testing.T, p crm.Period, worth func(map[string]string) int64) []ranked {
	t.Helper()
	sums := map[string]int64{}
	for _, r := range table(t, "maven/sales_pipeline.csv") {
		if day := crm.Day(r["close_date"]); r["deal_stage"] == "Won" && p.Contains(day) {
			sums[r["sales_agent"]] += worth(r)
		}
	}
	var out []ranked
	for _, r := range table(t, "maven/sales_teams.csv") { // the order in which people were made
		if n, ok := sums[r["sales_agent"]]; ok {
			out = append(out, ranked{Name: r["sales_agent"], Value: n})
		}
	}
	slices.SortStableFunc(out, func(a, b ranked) int { return int(b.Value - a.Value) })
	for i := range out {
		out[i].Rank = i + 1
		if i > 0 && out[i].Value == out[i-1].Value {
			out[i].Rank = out[i-1].Rank
		}
	}
	return out
}
