package demo

import (
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// start is a fixed moment, a working Friday afternoon.
func start(t testing.TB) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 11, 20, 16, 5, 0, 0, zone)
}

// BenchmarkHistory makes the whole demo; it must be ready in under 20 s on two
// cores.
func BenchmarkHistory(b *testing.B) {
	for b.Loop() {
		d, err := Open(b.Context(), Options{Dir: b.TempDir(), Now: start(b)})
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestDemoIsKept: the company, its history and its clock survive a restart, and
// a fresh start makes a new one.
func TestDemoIsKept(t *testing.T) {
	o := Options{Dir: t.TempDir(), Now: start(t), Days: 5}
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Server.Advance(t.Context(), start(t).Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	moved := d.clock.Now()
	a := crm.SystemActor()
	before, err := d.App.Services.Leads.Pool(t.Context(), a, lead.Filter{}, 0, 1)
	if err != nil || len(before.Leads) == 0 {
		t.Fatalf("no leads in the pool: %v", err)
	}
	sum := func(metric string) (n int) {
		sql, err := d.App.DB.SQL()
		if err == nil {
			err = sql.QueryRowContext(t.Context(), "SELECT COALESCE(SUM(qty), 0) FROM crm_fact_daily WHERE metric_key = ?", metric).Scan(&n)
		}
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if planned, done := sum("visit.planned"), sum("visit.plan_done"); planned == 0 || done < planned/3 {
		t.Errorf("%d of %d planned visits were done; a board of such people is no example", done, planned)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d, err = Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if d.clock.Now().Before(moved) {
		t.Errorf("the clock went back from %s to %s", moved, d.clock.Now())
	}
	people, err := d.App.Services.Directory.Users(t.Context(), nil)
	if err != nil || len(people) != 22 {
		t.Errorf("%d people after the restart, want 22 (%v)", len(people), err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}
