package crm

import (
	"strconv"
	"time"
)

// Day is a calendar day in the organisation's zone, written "2026-03-02". Days
// compare and sort as strings. The zero value is "no day"; every other value
// made by this package is a real date in the years 1 to 9999.
type Day string

const dayLayout = "2006-01-02"

// DayOf is the day on which the instant falls in the zone.
func DayOf(t time.Time, loc *time.Location) Day { return Day(t.In(loc).Format(dayLayout)) }

// NewDay makes a day from its parts and reports false when there is no such
// date, such as 30 February.
func NewDay(year int, month time.Month, day int) (Day, bool) {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 {
		return "", false
	}
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day {
		return "", false
	}
	return Day(t.Format(dayLayout)), true
}

// ParseDay reads the exact form "2026-03-02". Phrases such as 明天 are read by
// the calendar package.
func ParseDay(s string) (Day, error) {
	if _, err := time.Parse(dayLayout, s); err != nil || s[:4] == "0000" {
		return "", Invalid("没有这个日期："+quoteZh(s)+"，请写成 2026-03-02 这样", "no such date: "+quoteEn(s)+"; write it like 2026-03-02")
	}
	return Day(s), nil
}

// utc is midnight of the day as if in UTC, for arithmetic; ok is false for the
// zero value and for malformed days.
func (d Day) utc() (time.Time, bool) {
	t, err := time.Parse(dayLayout, string(d))
	return t, err == nil
}

// IsZero reports whether there is no day.
func (d Day) IsZero() bool { return d == "" }

// Valid reports whether this is a real date. The zero value is not.
func (d Day) Valid() bool {
	_, ok := d.utc()
	return ok
}

// Date is the day's parts; zeros for the zero value.
func (d Day) Date() (year int, month time.Month, day int) {
	t, ok := d.utc()
	if !ok {
		return 0, 0, 0
	}
	return t.Date()
}

// Year is the day's year; 0 for the zero value.
func (d Day) Year() int {
	y, _, _ := d.Date()
	return y
}

// Time is the first instant of the day in the zone; the zero time for the zero
// value.
func (d Day) Time(loc *time.Location) time.Time { return d.At(0, 0, loc) }

// At is the instant of a wall clock time on the day.
func (d Day) At(hour, minute int, loc *time.Location) time.Time {
	t, ok := d.utc()
	if !ok {
		return time.Time{}
	}
	return time.Date(t.Year(), t.Month(), t.Day(), hour, minute, 0, 0, loc)
}

// Weekday is the day of the week; Sunday for the zero value.
func (d Day) Weekday() time.Weekday {
	t, ok := d.utc()
	if !ok {
		return time.Sunday
	}
	return t.Weekday()
}

// AddDays is the day n days later, or earlier for a negative n. It is "" when
// that leaves the years 1 to 9999, and for the zero value.
func (d Day) AddDays(n int) Day {
	t, ok := d.utc()
	if !ok {
		return ""
	}
	return dayOrNone(t.AddDate(0, 0, n))
}

// AddMonths is the same day n months later, or the last day of that month when
// it is shorter: 31 January plus one month is 28 or 29 February.
func (d Day) AddMonths(n int) Day {
	t, ok := d.utc()
	if !ok {
		return ""
	}
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return dayOrNone(first.AddDate(0, 0, min(t.Day(), last)-1))
}

func dayOrNone(t time.Time) Day {
	if t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return Day(t.Format(dayLayout))
}

// Sub is the number of days from other to d; 0 when either is no day.
func (d Day) Sub(other Day) int {
	a, okA := d.utc()
	b, okB := other.utc()
	if !okA || !okB {
		return 0
	}
	// Unix seconds, because a Duration holds no more than 292 years.
	return int((a.Unix() - b.Unix()) / 86400)
}

// Before reports whether d is earlier than other.
func (d Day) Before(other Day) bool { return d < other }

// After reports whether d is later than other.
func (d Day) After(other Day) bool { return d > other }

// FirstOfMonth is the first day of the day's month.
func (d Day) FirstOfMonth() Day {
	_, _, day := d.Date()
	return d.AddDays(1 - day)
}

// Monday is the Monday of the day's week; weeks begin on Monday.
func (d Day) Monday() Day { return d.AddDays(-((int(d.Weekday()) + 6) % 7)) }

var weekdayNames = [...]Text{
	{"周日", "Sun"}, {"周一", "Mon"}, {"周二", "Tue"}, {"周三", "Wed"}, {"周四", "Thu"}, {"周五", "Fri"}, {"周六", "Sat"},
}

// WeekdayName is the short name of a day of the week: 周三, Wed.
func WeekdayName(w time.Weekday, l Lang) string {
	if w < time.Sunday || w > time.Saturday {
		return strconv.Itoa(int(w))
	}
	return weekdayNames[w].In(l)
}
