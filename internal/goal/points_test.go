package goal

import (
	"math"
	"strings"
	"testing"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/metric"
	"crmbot/internal/org"

	"pgregory.net/rapid"
)

func TestG02PointsOfAValue(t *testing.T) {
	visits := Line{Metric: "visit.valid", Pass: 2, Good: 3, Excellent: 4}
	flat := Line{Metric: "x", Pass: 5, Good: 5, Excellent: 5}
	for _, c := range []struct {
		l    Line
		v    float64
		want Points
	}{
		{visits, 0, 0}, {visits, -3, 0}, {visits, 1, 300}, {visits, 2, 600}, {visits, 3, 800}, {visits, 4, 1000}, {visits, 5, 1200}, {visits, 50, 1200},
		{Line{Pass: 5, Good: 8, Excellent: 12}, 7, 714}, {Line{Pass: 0.5, Good: 1, Excellent: 1.5}, 1, 800},
		{flat, 4, 480}, {flat, 5, 1000}, {flat, 6, 1200}, {Line{}, 3, 0},
		{Line{Pass: 1, Good: 2, Excellent: math.Nextafter(1, 2)}, 42, 1200},
	} {
		if got := c.l.PointsOf(c.v); got != c.want {
			t.Errorf("%+v at %g: %s, want %s", c.l, c.v, got, c.want)
		}
	}
	for p, want := range map[Points]Grade{0: Below, 599: Below, 600: Pass, 799: Pass, 800: Good, 999: Good, 1000: Excellent, 1200: Excellent} {
		if got := p.Grade(); got != want {
			t.Errorf("%s is %s, want %s", p, got, want)
		}
	}
}

// More is never worth fewer points, and points stay between 0 and 120.
func TestG02PointsRise(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pass := rapid.Float64Range(0.1, 100).Draw(rt, "pass")
		l := Line{Pass: pass, Good: pass + 1, Excellent: pass + rapid.Float64Range(0, 100).Draw(rt, "span")}
		a, b := rapid.Float64Range(-10, 500).Draw(rt, "a"), rapid.Float64Range(-10, 500).Draw(rt, "b")
		if a > b {
			a, b = b, a
		}
		if p, q := l.PointsOf(a), l.PointsOf(b); p > q || p < 0 || q > MaxPoints {
			rt.Fatalf("%g gives %s, %g gives %s", a, p, b, q)
		}
	})
}

func TestG02ScoreIsTheWeightedMean(t *testing.T) {
	if p, ok := Score([]Item{{600, 0}, {1000, 1}}); !ok || p != 800 {
		t.Errorf("equal weights: %s %v", p, ok)
	}
	if p, ok := Score([]Item{{600, 3}, {1000, 1}}); !ok || p != 700 {
		t.Errorf("3 to 1: %s %v", p, ok)
	}
	if _, ok := Score(nil); ok {
		t.Error("a score without goals")
	}
}

func TestG02LeaveAndHolidaysProrate(t *testing.T) {
	cal, err := calendar.Standard(time.FixedZone("CST", 8*3600))
	if err != nil {
		t.Fatal(err)
	}
	week := crm.WeekOf("2026-03-02")
	for name, c := range map[string]struct {
		u    org.User
		p    crm.Period
		want int
	}{
		"a week":                   {org.User{}, week, 5},
		"two days of leave":        {org.User{LeaveFrom: "2026-03-05", LeaveTo: "2026-03-06"}, week, 3},
		"leave over the weekend":   {org.User{LeaveFrom: "2026-03-06", LeaveTo: "2026-03-20"}, week, 4},
		"on leave all week":        {org.User{LeaveFrom: "2026-02-01"}, week, 0},
		"a Sunday":                 {org.User{}, crm.DayPeriod("2026-03-08"), 0},
		"the week of National Day": {org.User{}, crm.WeekOf("2026-10-05"), 3}, // off to the 7th, Saturday the 10th worked
	} {
		if got := WorkdaysOf(cal, c.u, c.p); got != c.want {
			t.Errorf("%s: %d working days, want %d", name, got, c.want)
		}
	}
	l := Line{Metric: "visit.valid", Pass: 2, Good: 3, Excellent: 4}
	if got := l.Scaled(3, true); got.Pass != 6 || got.Excellent != 12 {
		t.Errorf("three days: %+v", got)
	}
	if got := l.Scaled(3, false); got != l {
		t.Errorf("a rate was multiplied: %+v", got)
	}
}

func TestG01GoalsAreChecked(t *testing.T) {
	reg, err := metric.NewRegistry(metric.Standard()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Settings(reg) {
		if err := d.Check(d.Default); err != nil {
			t.Errorf("default of %s: %v", d.Key, err)
		}
	}
	for want, ls := range map[string][]Line{
		"unknown metric": {{Metric: "visit.perfect", Pass: 1, Good: 2, Excellent: 3}},
		"given twice":    {{Metric: "visit.valid", Pass: 1, Good: 2, Excellent: 3}, {Metric: "visit.valid", Pass: 1, Good: 2, Excellent: 3}},
		"0 < pass":       {{Metric: "visit.valid", Pass: 3, Good: 2, Excellent: 4}},
		"lower":          {{Metric: "approval.median", Pass: 1, Good: 2, Excellent: 3}},
		"weight":         {{Metric: "visit.valid", Pass: 1, Good: 2, Excellent: 3, Weight: -1}},
	} {
		if err := Check(reg, ls); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
