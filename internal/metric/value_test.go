package metric

import (
	"testing"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"

	"pgregory.net/rapid"
)

func TestValuesAreShownInTheirUnit(t *testing.T) {
	r := standard(t)
	for _, c := range []struct {
		key    string
		v      Value
		zh, en string
	}{
		{"visit.valid", Whole(3), "3 次", "3 visits"},
		{"visit.valid", Whole(1), "1 次", "1 visit"},
		{"visit.valid", Whole(-1), "-1 次", "-1 visit"},
		{"approval.median", Whole(60), "1 小时", "1 hour"},
		{"deal.won_amount", Whole(1_234_567_89), "¥1,234,567.89", "¥1,234,567.89"},
		{"deal.win_rate", Value{2, 3}, "66.7%", "66.7%"},
		{"deal.win_rate", Value{1, 1}, "100%", "100%"},
		{"deal.win_rate", Value{}, "—", "—"},
		{"visit.attempt", Value{30, 100}, "0.3 次", "0.3 visits"},
		{"visit.attempt", Value{-60, 100}, "-0.6 次", "-0.6 visits"},
		{"approval.median", Whole(90), "1.5 小时", "1.5 hours"},
		{"approval.median", Value{85, 2}, "0.7 小时", "0.7 hours"},
		{"visit.valid", Value{73, 2}, "36.5 次", "36.5 visits"}, // between the two in the middle
		{"deal.won_amount", Value{100_001, 2}, "¥500.01", "¥500.01"},
	} {
		d, _ := r.Get(c.key)
		if zh, en := c.v.Format(d, crm.Chinese), c.v.Format(d, crm.English); zh != c.zh || en != c.en {
			t.Errorf("%s %+v: %q %q, want %q %q", c.key, c.v, zh, en, c.zh, c.en)
		}
	}
}

func TestTallyMedianLeavesOutWhatWasTakenBack(t *testing.T) {
	d, _ := standard(t).Get("approval.median")
	var y Tally
	for _, p := range []struct {
		ref string
		qty int64
	}{{"R-1", 30}, {"R-2", 600}, {"R-3", 50}, {"R-2", -600}, {"R-4", 600}, {"R-9", -30}} {
		y.AddPoint("approval.minutes", p.ref, p.qty)
	}
	// 30, 50 and 600 of R-4 stay; R-9 takes back nothing of another record.
	if v := y.Value(d); !v.Equal(Whole(50)) {
		t.Errorf("median %+v, want 50", v)
	}
	y.AddPoint("approval.minutes", "R-5", 45)
	if v := y.Value(d); !v.Equal(Value{95, 2}) {
		t.Errorf("median of an even count %+v, want 47.5", v)
	}
	if v := (*Tally)(nil).Value(d); !v.None() {
		t.Errorf("median of nothing is %+v", v)
	}
}

func TestF05WinRateIsWonOverClosed(t *testing.T) {
	d, _ := standard(t).Get("deal.win_rate")
	var y Tally
	if !y.Value(d).None() {
		t.Error("a rate of nothing is a number")
	}
	y.AddSum("deal.won", 3, 100)
	y.AddSum("deal.lost", 1, 100)
	if v := y.Value(d); !v.Equal(Value{3, 4}) {
		t.Errorf("3 won, 1 lost: %+v", v)
	}
}

func TestF12TiesShareRank(t *testing.T) {
	places := []Place{{User: 1, Value: Whole(5)}, {User: 2, Value: Whole(9)}, {User: 3, Value: Whole(9)}, {User: 4, Value: Value{}}, {User: 5, Value: Value{10, 2}}, {User: 6, Value: Whole(1)}}
	got := Rank(places, false)
	want := []Place{{Rank: 1, User: 2, Value: Whole(9)}, {Rank: 1, User: 3, Value: Whole(9)}, {Rank: 3, User: 1, Value: Whole(5)}, {Rank: 3, User: 5, Value: Value{10, 2}}, {Rank: 5, User: 6, Value: Whole(1)}}
	if len(got) != len(want) {
		t.Fatalf("%d places, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("place %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	if low := Rank(places, true); low[0].User != 6 || low[4].Rank != 4 {
		t.Errorf("lower is better: %+v", low)
	}
}

func TestF12FifteenWorkingDays(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	cal, err := calendar.Standard(zone)
	if err != nil {
		t.Fatal(err)
	}
	march := crm.MonthOf("2026-03-02") // 22 working days
	for name, c := range map[string]struct {
		u     org.User
		today crm.Day
		want  bool
		first crm.Day
	}{
		"all there":                     {org.User{}, "2026-03-31", true, ""},
		"seven days of leave":           {org.User{LeaveFrom: "2026-03-02", LeaveTo: "2026-03-10"}, "2026-03-31", true, ""},
		"eight days of leave":           {org.User{LeaveFrom: "2026-03-02", LeaveTo: "2026-03-11"}, "2026-03-31", false, ""},
		"open leave":                    {org.User{LeaveFrom: "2026-03-16"}, "2026-03-31", false, ""},
		"leave of another month":        {org.User{LeaveFrom: "2026-04-01"}, "2026-03-31", true, ""},
		"the month has just begun":      {org.User{LeaveFrom: "2026-03-02", LeaveTo: "2026-03-11"}, "2026-03-13", true, ""},
		"joined late":                   {org.User{CreatedAt: time.Date(2026, 3, 16, 1, 0, 0, 0, time.UTC)}, "2026-03-31", false, ""},
		"joined after, imported":        {org.User{CreatedAt: time.Date(2026, 6, 1, 1, 0, 0, 0, time.UTC)}, "2026-06-30", true, ""},
		"entered late, with history":    {org.User{CreatedAt: time.Date(2026, 3, 16, 1, 0, 0, 0, time.UTC)}, "2026-03-31", true, "2026-03-03"},
		"joined late, first work later": {org.User{CreatedAt: time.Date(2026, 3, 16, 1, 0, 0, 0, time.UTC)}, "2026-03-31", false, "2026-03-18"},
	} {
		if got := Comparable(cal, c.u, c.first, march, c.today); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Values of sums do not depend on how the facts are grouped: the tally of a
// whole is the tally of its parts.
func TestTallyAddsUp(t *testing.T) {
	reg := standard(t)
	rapid.Check(t, func(rt *rapid.T) {
		var whole Tally
		parts := make([]Tally, 3)
		for range rapid.IntRange(0, 30).Draw(rt, "facts") {
			key := rapid.SampledFrom([]string{"deal.won", "deal.lost", "visit.valid", "visit.planned", "visit.plan_done"}).Draw(rt, "key")
			q, a := rapid.Int64Range(-3, 5).Draw(rt, "qty"), rapid.Int64Range(-1e12, 1e12).Draw(rt, "amount")
			whole.AddSum(key, q, a)
			parts[rapid.IntRange(0, 2).Draw(rt, "part")].AddSum(key, q, a)
		}
		var sum Tally
		for i := range parts {
			sum.Add(&parts[i])
		}
		for _, d := range reg.All() {
			if v, w := sum.Value(d), whole.Value(d); !v.Equal(w) {
				rt.Fatalf("%s: parts %+v, whole %+v", d.Key, v, w)
			}
		}
	})
}
