package calendar

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmbot/internal/crm"
)

var shanghai = time.FixedZone("CST", 8*3600)

func standard(t testing.TB) *Calendar {
	t.Helper()
	c, err := Standard(shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// at reads "2026-03-04 10:00" in the organisation's zone.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWorkdaysOfTheChineseCalendar(t *testing.T) {
	c := standard(t)
	for d, want := range map[crm.Day]bool{
		"2026-03-04": true, "2026-03-07": false, "2026-03-08": false,
		"2026-02-14": true, "2026-02-15": false, "2026-02-23": false, "2026-02-24": true, "2026-02-28": true,
		"2026-10-01": false, "2026-10-08": true, "2026-10-10": true, "2026-09-20": true, "2026-09-25": false,
		"2025-10-08": false, "2025-09-28": true, "2024-02-04": true, "2024-04-07": true,
		"2027-10-01": true, "2027-10-02": false, // not announced: Monday to Friday
		"": false, "nonsense": false,
	} {
		if got := c.IsWorkday(d); got != want {
			t.Errorf("IsWorkday(%q) = %v", d, got)
		}
	}
	if !c.Known(2026) || c.Known(2027) || c.Known(1999) {
		t.Error("announced years are wrong")
	}
	// The State Council's notices come to these working days a year.
	for year, want := range map[crm.Day]int{"2024-06-01": 251, "2025-06-01": 248, "2026-06-01": 248} {
		if got := c.Workdays(crm.YearOf(year)); got != want {
			t.Errorf("%s has %d working days, want %d", year[:4], got, want)
		}
	}
}

func TestDayNotes(t *testing.T) {
	c := standard(t)
	for d, want := range map[crm.Day][2]string{
		"2026-03-04": {"", ""}, "2026-03-07": {"周末", "weekend"}, "2026-10-10": {"调休上班", "make-up working day"},
		"2025-10-01": {"国庆节、中秋节", "National Day / Mid-Autumn Festival"},
		"2027-05-03": {"2027年放假安排未公布，按周一至周五计", "holidays of 2027 are not announced, counted as Monday to Friday"},
	} {
		if got := [2]string{c.Note(d, crm.Chinese), c.Note(d, crm.English)}; got != want {
			t.Errorf("Note(%s) = %q", d, got)
		}
	}
}

func TestAddWorkdays(t *testing.T) {
	c := standard(t)
	for _, w := range []struct {
		from crm.Day
		n    int
		want crm.Day
	}{
		{"2026-03-04", 1, "2026-03-05"}, {"2026-03-06", 1, "2026-03-09"}, {"2026-03-07", 0, "2026-03-07"}, {"2026-03-07", -1, "2026-03-06"},
		{"2026-02-14", 1, "2026-02-24"}, {"2026-09-30", 1, "2026-10-08"}, {"2026-10-08", 3, "2026-10-12"}, {"2026-10-08", -1, "2026-09-30"},
		{"9999-12-31", 1, ""}, {"", 3, ""},
	} {
		if got := c.AddWorkdays(w.from, w.n); got != w.want {
			t.Errorf("AddWorkdays(%s, %d) = %s, want %s", w.from, w.n, got, w.want)
		}
	}
}

func TestWorkdayProperties(t *testing.T) {
	c := standard(t)
	rapid.Check(t, func(t *rapid.T) {
		d := crm.Day("2023-06-01").AddDays(rapid.IntRange(0, 2000).Draw(t, "day"))
		n := rapid.IntRange(-300, 300).Draw(t, "n")
		e := c.AddWorkdays(d, n)
		if n != 0 && !c.IsWorkday(e) {
			t.Fatalf("%s%+d working days is %s, which is not worked", d, n, e)
		}
		// Counting back from a day off passes the same working days as counting
		// forward, less the day itself.
		if got := c.WorkdaysBetween(d, e); got != n {
			t.Fatalf("%s to %s counts %d, want %d", d, e, got, n)
		}
		count := 0
		for x := d; x < e; x = x.AddDays(1) {
			if c.IsWorkday(x) {
				count++
			}
		}
		if got := c.Workdays(crm.Period{From: d, To: e}); got != count {
			t.Fatalf("[%s,%s) has %d working days, counted %d", d, e, got, count)
		}
	})
}

func TestAddWorkHours_AP05(t *testing.T) {
	c := standard(t)
	for _, w := range []struct {
		from string
		d    time.Duration
		want string
	}{
		{"2026-03-04 10:00", 4 * time.Hour, "2026-03-04 14:00"},
		{"2026-03-04 16:00", 4 * time.Hour, "2026-03-05 11:00"},
		{"2026-03-04 09:00", 9 * time.Hour, "2026-03-04 18:00"},
		{"2026-03-04 18:00", 0, "2026-03-05 09:00"},
		{"2026-03-04 18:00", time.Hour, "2026-03-05 10:00"},
		{"2026-03-06 17:00", 2 * time.Hour, "2026-03-09 10:00"},
		{"2026-02-14 17:30", time.Hour, "2026-02-24 09:30"},
		{"2026-03-07 12:00", 30 * time.Minute, "2026-03-09 09:30"},
		{"2026-03-04 03:00", time.Hour, "2026-03-04 10:00"},
		{"2026-03-04 10:00", 16 * time.Hour, "2026-03-05 17:00"},
		{"2026-03-09 10:00", -2 * time.Hour, "2026-03-06 17:00"},
		{"2026-03-08 10:00", -time.Hour, "2026-03-06 17:00"},
		{"2026-03-09 22:00", -time.Hour, "2026-03-09 17:00"},
	} {
		if got := c.AddWorkHours(at(t, w.from).UTC(), w.d); !got.Equal(at(t, w.want)) {
			t.Errorf("AddWorkHours(%s, %s) = %s, want %s", w.from, w.d, got, w.want)
		}
	}
}

func TestWorkHourProperties(t *testing.T) {
	for name, set := range map[string]Settings{
		"standard": DefaultSettings(shanghai),
		"all day":  {Zone: shanghai, WorkFrom: 0, WorkTo: 24 * 60, QuietFrom: Clock(20, 0), QuietTo: Clock(8, 0)},
	} {
		years, err := EmbeddedHolidays()
		if err != nil {
			t.Fatal(err)
		}
		c, err := New(set, years)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			start := at2(t, "from")
			d := time.Duration(rapid.IntRange(1, 400*60).Draw(t, "minutes")) * time.Minute
			end := c.AddWorkHours(start, d)
			if got := c.WorkHoursBetween(start, end); got != d {
				t.Fatalf("%s + %s = %s, but %s lie between", start, d, end, got)
			}
			if got := c.WorkHoursBetween(end, start); got != -d {
				t.Fatalf("backwards %s, want %s", got, -d)
			}
			if !c.IsWorkTime(end) && !c.IsWorkTime(end.Add(-time.Second)) {
				t.Fatalf("%s + %s = %s lands outside of working hours", start, d, end)
			}
			back := c.AddWorkHours(end, -d)
			if c.WorkHoursBetween(back, end) != d || !c.IsWorkTime(back) {
				t.Fatalf("%s - %s = %s", end, d, back)
			}
			later := start.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "shift")) * time.Minute)
			if c.AddWorkHours(later, d).Before(end) {
				t.Fatalf("starting later at %s ends earlier", later)
			}
			if c.AddWorkHours(start, d+time.Minute).Before(end) {
				t.Fatal("more work ends earlier")
			}
			next := c.NextWorkTime(start)
			if !c.IsWorkTime(next) || next.Before(start) || c.WorkHoursBetween(start, next) != 0 {
				t.Fatalf("NextWorkTime(%s) = %s", start, next)
			}
		}))
	}
}

func at2(t *rapid.T, label string) time.Time {
	return time.Date(2024, 1, 1, 0, 0, 0, 0, shanghai).Add(time.Duration(rapid.IntRange(0, 3*366*24*60).Draw(t, label)) * time.Minute)
}

func TestQuietTimes_CH03(t *testing.T) {
	c := standard(t)
	for _, w := range []struct{ at, loud string }{
		{"2026-03-04 08:00", "2026-03-04 08:00"}, {"2026-03-04 19:59", "2026-03-04 19:59"},
		{"2026-03-04 07:59", "2026-03-04 08:00"}, {"2026-03-04 20:00", "2026-03-05 08:00"},
		{"2026-03-07 12:00", "2026-03-09 08:00"}, {"2026-03-06 21:00", "2026-03-09 08:00"},
		{"2026-02-14 21:00", "2026-02-24 08:00"}, {"2026-02-28 10:00", "2026-02-28 10:00"},
	} {
		if got := c.IsQuiet(at(t, w.at)); got != (w.at != w.loud) {
			t.Errorf("IsQuiet(%s) = %v", w.at, got)
		}
		if got := c.NextLoud(at(t, w.at).UTC()); !got.Equal(at(t, w.loud)) {
			t.Errorf("NextLoud(%s) = %s, want %s", w.at, got, w.loud)
		}
	}
}

func TestNextReminder_CH03(t *testing.T) {
	c := standard(t)
	timed := func(d crm.Day, h, m int) When { return When{Day: d, Time: Clock(h, m), HasTime: true} }
	for _, w := range []struct {
		due       When
		now, want string
	}{
		{When{Day: "2026-03-11"}, "2026-03-04 10:00", "2026-03-11 09:00"},
		{timed("2026-03-11", 14, 30), "2026-03-04 10:00", "2026-03-11 14:00"},
		{When{Day: "2026-03-08"}, "2026-03-04 10:00", "2026-03-06 09:00"},
		{timed("2026-03-08", 10, 0), "2026-03-04 10:00", "2026-03-06 17:30"},
		{timed("2026-03-11", 8, 15), "2026-03-04 10:00", "2026-03-10 17:30"},
		{timed("2026-03-11", 21, 0), "2026-03-04 10:00", "2026-03-11 17:30"},
		{timed("2026-03-04", 10, 10), "2026-03-04 10:00", "2026-03-04 10:00"},
		{When{Day: "2026-03-04"}, "2026-03-04 21:00", "2026-03-05 08:00"},
		{When{Day: "2026-02-18"}, "2026-02-10 10:00", "2026-02-14 09:00"},
	} {
		if got := c.NextReminder(w.due, at(t, w.now)); !got.Equal(at(t, w.want)) {
			t.Errorf("NextReminder(%s) = %s, want %s", w.due.Format(crm.Chinese), got, w.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		now := at2(t, "now")
		due := c.DayOf(now).AddDays(rapid.IntRange(0, 60).Draw(t, "days"))
		w := When{Day: due, Time: TimeOfDay(rapid.IntRange(0, 1439).Draw(t, "time")), HasTime: rapid.Bool().Draw(t, "timed")}
		if got := c.NextReminder(w, now); c.IsQuiet(got) || got.Before(now) {
			t.Fatalf("NextReminder(%s) at %s = %s", w.Format(crm.Chinese), now, got)
		}
	})
}

func TestSettingsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"no zone": func(s *Settings) { s.Zone = nil }, "work reversed": func(s *Settings) { s.WorkFrom = Clock(19, 0) },
		"quiet by day": func(s *Settings) { s.QuietFrom = Clock(7, 0) }, "past midnight": func(s *Settings) { s.WorkTo = 24*60 + 1 },
	} {
		set := DefaultSettings(shanghai)
		change(&set)
		if _, err := New(set, nil); crm.CodeOf(err) != crm.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadHolidaysRefusesNonsense(t *testing.T) {
	for _, s := range []string{"", "{", `{"year":2026,"days":[{"date":"2026-02-30"}]}`, `{"year":2026,"days":[{"date":"2030-01-01"}]}`} {
		if _, err := ReadHolidays(strings.NewReader(s)); crm.CodeOf(err) != crm.CodeInvalid {
			t.Errorf("ReadHolidays(%q): %v", s, err)
		}
	}
}

func TestParseTimeOfDay(t *testing.T) {
	for s, want := range map[string]string{"9:30": "09:30", "09:30": "09:30", "１７：３０": "17:30", "24:00": "24:00", "0:00": "00:00"} {
		if got, err := ParseTimeOfDay(s); err != nil || got.String() != want {
			t.Errorf("ParseTimeOfDay(%q) = %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "24:01", "9:60", "9", "9:3", "9:300", "ab:cd"} {
		if got, err := ParseTimeOfDay(s); err == nil {
			t.Errorf("ParseTimeOfDay(%q) = %s", s, got)
		}
	}
}
