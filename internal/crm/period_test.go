package crm

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDay(t *testing.T) {
	d := Day("2026-03-02")
	shanghai := time.FixedZone("CST", 8*3600)
	if got := DayOf(time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC), shanghai); got != d {
		t.Errorf("DayOf at midnight in the zone = %s", got)
	}
	if got := d.Time(shanghai); !got.Equal(time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("Time = %s", got)
	}
	if d.Weekday() != time.Monday || d.Monday() != d || Day("2026-03-08").Monday() != d {
		t.Error("weeks do not begin on Monday")
	}
	for got, want := range map[Day]Day{
		d.AddDays(-2): "2026-02-28", Day("2026-01-31").AddMonths(1): "2026-02-28", Day("2024-02-29").AddMonths(12): "2025-02-28",
		Day("2026-03-31").AddMonths(-1): "2026-02-28", d.FirstOfMonth(): "2026-03-01", Day("9999-12-31").AddDays(1): "", Day("").AddDays(1): "", Day("nonsense").AddMonths(1): "",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if !d.Before("2026-03-03") || !d.After("2025-12-31") || d.Sub("2026-02-28") != 2 {
		t.Error("comparison or distance is wrong")
	}
	for _, bad := range []string{"", "2026-02-30", "2026-3-2", "20260302", "0000-01-01", "10000-01-01", "明天"} {
		if got, err := ParseDay(bad); err == nil {
			t.Errorf("ParseDay(%q) = %q", bad, got)
		}
	}
	if _, ok := NewDay(2026, 2, 30); ok {
		t.Error("30 February exists")
	}
}

func TestParsePeriod(t *testing.T) {
	const today = Day("2026-03-04") // a Wednesday
	for in, want := range map[string]Period{
		"今天": {"2026-03-04", "2026-03-05"}, "昨天": {"2026-03-03", "2026-03-04"}, "明天": {"2026-03-05", "2026-03-06"},
		"本周": {"2026-03-02", "2026-03-09"}, "上周": {"2026-02-23", "2026-03-02"}, "下周": {"2026-03-09", "2026-03-16"},
		"本月": {"2026-03-01", "2026-04-01"}, "上月": {"2026-02-01", "2026-03-01"}, "上个月": {"2026-02-01", "2026-03-01"},
		"本季度": {"2026-01-01", "2026-04-01"}, "上季度": {"2025-10-01", "2026-01-01"}, "今年": {"2026-01-01", "2027-01-01"}, "去年": {"2025-01-01", "2026-01-01"},
		"上半年": {"2026-01-01", "2026-07-01"}, "下半年": {"2026-07-01", "2027-01-01"}, "近7天": {"2026-02-26", "2026-03-05"}, "last 7 days": {"2026-02-26", "2026-03-05"},
		"2017-Q2": {"2017-04-01", "2017-07-01"}, "2017Q2": {"2017-04-01", "2017-07-01"}, "q2 2017": {"2017-04-01", "2017-07-01"}, "2017年第二季度": {"2017-04-01", "2017-07-01"}, "2017年2季度": {"2017-04-01", "2017-07-01"}, "Q4": {"2026-10-01", "2027-01-01"},
		"2017-04": {"2017-04-01", "2017-05-01"}, "2017年4月": {"2017-04-01", "2017-05-01"}, "4月": {"2026-04-01", "2026-05-01"}, "2017": {"2017-01-01", "2018-01-01"}, "2017年": {"2017-01-01", "2018-01-01"}, "2017-H2": {"2017-07-01", "2018-01-01"},
		"2026-03-01..2026-03-31": {"2026-03-01", "2026-04-01"}, "2026-03-01 至 2026-03-31": {"2026-03-01", "2026-04-01"}, "2026/3/1~2026/3/5": {"2026-03-01", "2026-03-06"}, "2026-01..2026-03": {"2026-01-01", "2026-04-01"}, "2026年3月1日到今天": {"2026-03-01", "2026-03-05"},
		"２０１７－Ｑ２": {"2017-04-01", "2017-07-01"}, "This Week": {"2026-03-02", "2026-03-09"}, "last quarter": {"2025-10-01", "2026-01-01"}, "2026-03-04": {"2026-03-04", "2026-03-05"},
	} {
		if got, err := ParsePeriod(in, today); err != nil || got != want {
			t.Errorf("ParsePeriod(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "2017-Q5", "2017-13", "2026-02-30", "0001", "3000", "13月", "近0天", "2026-03-31..2026-03-01", "哈哈", "..", "2026..", strings.Repeat("至", 5000)} {
		got, err := ParsePeriod(in, today)
		if CodeOf(err) != CodeInvalid {
			t.Errorf("ParsePeriod(%.20q) = %v, %v; want a refusal", in, got, err)
		}
	}
}

func TestPeriodNames(t *testing.T) {
	for _, c := range []struct {
		p         Period
		s, zh, en string
	}{
		{DayPeriod("2026-03-04"), "2026-03-04", "2026-03-04 周三", "2026-03-04 Wed"},
		{WeekOf("2026-03-04"), "2026-03-02..2026-03-08", "2026-03-02 至 2026-03-08", "2026-03-02 to 2026-03-08"},
		{MonthOf("2026-03-04"), "2026-03", "2026年3月", "Mar 2026"},
		{QuarterOf("2017-05-04"), "2017-Q2", "2017年第2季度", "Q2 2017"},
		{HalfOf("2017-09-04"), "2017-H2", "2017年下半年", "H2 2017"},
		{YearOf("2017-05-04"), "2017", "2017年", "2017"},
		{Period{}, "", "", ""},
	} {
		if c.p.String() != c.s || c.p.Label(Chinese) != c.zh || c.p.Label(English) != c.en {
			t.Errorf("%v: %q %q %q", c.p, c.p.String(), c.p.Label(Chinese), c.p.Label(English))
		}
	}
}

func TestPeriodIsHalfOpen(t *testing.T) {
	p := MonthOf("2026-02-10")
	if !p.Contains("2026-02-01") || !p.Contains("2026-02-28") || p.Contains("2026-03-01") || p.Contains("") || p.Days() != 28 || p.Last() != "2026-02-28" {
		t.Errorf("%v", p)
	}
	if q := (Period{"2026-03-05", "2026-03-01"}); q.Days() != 0 || q.Last() != "" {
		t.Error("a reversed period holds days")
	}
	if got := YearOf("2024-06-01").Previous(); got != YearOf("2023-01-01") {
		t.Errorf("the year before is %v", got)
	}
}

func TestPeriodProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Day("2000-01-01").AddDays(rapid.IntRange(0, 36500).Draw(t, "day"))
		today := Day("2026-03-04")
		for _, of := range []func(Day) Period{DayPeriod, WeekOf, MonthOf, QuarterOf, HalfOf, YearOf} {
			p := of(d)
			if !p.Contains(d) || p.Next().From != p.To || p.Previous().To != p.From || p.Next().Previous() != p {
				t.Fatalf("%s: %v, next %v, previous %v", d, p, p.Next(), p.Previous())
			}
			if back, err := ParsePeriod(p.String(), today); err != nil || back != p {
				t.Fatalf("%v written %q read back as %v, %v", p, p.String(), back, err)
			}
		}
	})
}
