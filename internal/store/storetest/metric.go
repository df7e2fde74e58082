// Package storetest holds the contract of the stores: one file per noun, run
// on every database by the tests of package store.
package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/crm"
	"crmbot/internal/metric"
	"crmbot/internal/store"
)

func record(t *testing.T, db *store.DB, facts ...crm.Fact) {
	t.Helper()
	fx := db.Effects()
	if err := db.InTx(t.Context(), func(ctx context.Context) error { return fx.Record(ctx, facts...) }); err != nil {
		t.Fatal(err)
	}
}

// Metric is the contract of metric.Store: sums come from committed facts only,
// corrections are negative facts, filters are exact, pages do not overlap.
func Metric(t *testing.T, db *store.DB, _ *crm.MovableClock) {
	ctx := t.Context()
	at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	fact := func(day crm.Day, u crm.UserID, team crm.TeamID, key string, qty int64, amount crm.Money, ref crm.Ref) crm.Fact {
		return crm.Fact{At: at, Day: day, User: u, Team: team, Key: key, Qty: qty, Amount: amount, Ref: ref}
	}
	record(t, db,
		fact("2026-03-02", 1, 10, "deal.won", 1, 500_00, crm.DealID(1).Ref()),
		fact("2026-03-02", 1, 10, "deal.won", 1, 700_00, crm.DealID(2).Ref()),
		fact("2026-03-03", 1, 20, "deal.won", 1, 900_00, crm.DealID(3).Ref()), // moved to another team
		fact("2026-03-03", 2, 20, "deal.won", 1, 100_00, crm.DealID(4).Ref()),
		fact("2026-03-03", 2, 20, "deal.lost", 1, 50_00, crm.DealID(5).Ref()),
		fact("2026-03-04", 1, 20, "deal.won", 1, 1, crm.Ref{}),
	)
	record(t, db, fact("2026-03-02", 1, 10, "deal.won", -1, -700_00, crm.DealID(2).Ref()))
	boom := errors.New("rolled back")
	fx := db.Effects()
	err := db.InTx(ctx, func(ctx context.Context) error {
		if err := fx.Record(ctx, fact("2026-03-02", 1, 10, "deal.won", 5, 0, crm.Ref{})); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatalf("a failed transaction gave %v", err)
	}
	two := crm.Period{From: "2026-03-02", To: "2026-03-04"}
	sums := func(f metric.Filter) map[[2]int64]metric.Sum {
		t.Helper()
		rows, err := db.FactSums(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		out := map[[2]int64]metric.Sum{}
		for _, r := range rows {
			if _, dup := out[[2]int64{int64(r.User), int64(r.Team)}]; dup {
				t.Fatalf("person %d in team %d came twice", r.User, r.Team)
			}
			out[[2]int64{int64(r.User), int64(r.Team)}] = r
		}
		return out
	}
	want := map[[2]int64]metric.Sum{
		{1, 10}: {User: 1, Team: 10, Key: "deal.won", Qty: 1, Amount: 500_00, First: "2026-03-02"},
		{1, 20}: {User: 1, Team: 20, Key: "deal.won", Qty: 1, Amount: 900_00, First: "2026-03-03"},
		{2, 20}: {User: 2, Team: 20, Key: "deal.won", Qty: 1, Amount: 100_00, First: "2026-03-03"},
	}
	if d := cmp.Diff(want, sums(metric.Filter{Keys: []string{"deal.won"}, Period: two})); d != "" {
		t.Errorf("two days of deal.won (-want +got):\n%s", d)
	}
	delete(want, [2]int64{1, 10})
	if d := cmp.Diff(want, sums(metric.Filter{Keys: []string{"deal.won"}, Period: two, Teams: []crm.TeamID{20, 30}})); d != "" {
		t.Errorf("of team 20 (-want +got):\n%s", d)
	}
	delete(want, [2]int64{2, 20})
	if d := cmp.Diff(want, sums(metric.Filter{Keys: []string{"deal.won"}, Period: two, Teams: []crm.TeamID{20}, Users: []crm.UserID{1}})); d != "" {
		t.Errorf("of person 1 in team 20 (-want +got):\n%s", d)
	}
	if got := sums(metric.Filter{Period: two}); len(got) != 0 {
		t.Errorf("no keys gave %v", got)
	}

	page := func(offset int) []crm.Ref {
		t.Helper()
		rows, total, err := db.FactRecords(ctx, metric.Filter{Keys: []string{"deal.lost", "deal.won"}, Period: two}, offset, 4)
		if err != nil {
			t.Fatal(err)
		}
		if total != 6 {
			t.Errorf("%d records in all, want 6 with the correction", total)
		}
		var out []crm.Ref
		for _, r := range rows {
			out = append(out, r.Ref)
		}
		return out
	}
	if d := cmp.Diff([]crm.Ref{{Kind: "D", ID: 5}, {Kind: "D", ID: 4}, {Kind: "D", ID: 3}, {Kind: "D", ID: 2}}, page(0)); d != "" {
		t.Errorf("first page, newest first (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]crm.Ref{{Kind: "D", ID: 2}, {Kind: "D", ID: 1}}, page(4)); d != "" {
		t.Errorf("second page (-want +got):\n%s", d)
	}
	big, total, err := db.FactRecords(ctx, metric.Filter{Keys: []string{"deal.won"}, Period: two, AtLeast: 700_00}, 0, 10)
	if err != nil || total != 3 || len(big) != 3 {
		t.Errorf("from 700 on: %d of %d records, %v; want 3 with the negative one", len(big), total, err)
	}
	points, err := db.FactPoints(ctx, metric.Filter{Keys: []string{"deal.won"}, Period: crm.DayPeriod("2026-03-02")})
	if err != nil || len(points) != 3 || points[0].Ref != crm.DealID(1).Ref() || points[2].Qty != -1 || !points[0].At.Equal(at) {
		t.Errorf("single facts: %+v, %v", points, err)
	}
}
