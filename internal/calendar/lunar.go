package calendar

import (
	"time"

	lunar "github.com/6tail/lunar-go/calendar"

	"crmbot/internal/crm"
)

// The lunar years that are converted; outside of them the almanac's tables and
// our dates are of no use to anybody.
const (
	firstLunarYear = 1900
	lastLunarYear  = 2100
)

// LunarDay is the day of a date in the Chinese lunar calendar. month is 1 to 12;
// leap asks for the leap month after it. It reports false when the year has no
// such month or the month no such day.
func LunarDay(year, month, day int, leap bool) (crm.Day, bool) {
	if year < firstLunarYear || year > lastLunarYear || month < 1 || month > 12 || day < 1 {
		return "", false
	}
	if leap {
		month = -month
	}
	m := lunar.NewLunarMonthFromYm(year, month)
	if m == nil || day > m.GetDayCount() {
		return "", false
	}
	s := lunar.NewSolarFromJulianDay(m.GetFirstJulianDay() + float64(day-1))
	return crm.NewDay(s.GetYear(), time.Month(s.GetMonth()), s.GetDay())
}

// nextLunarDay is the first day on or after from that has the lunar date.
// Lunar years begin weeks after solar ones, so the year before is tried first; a
// thirtieth day may be missing for a year. A date that is further away, such as
// one in a leap month, is not meant.
func nextLunarDay(from crm.Day, month, day int, leap bool) (crm.Day, bool) {
	for y := from.Year() - 1; y <= from.Year()+2; y++ {
		if d, ok := LunarDay(y, month, day, leap); ok && d >= from {
			return d, true
		}
	}
	return "", false
}

// newYearsEve is 除夕, the day before the first day of the lunar year.
func newYearsEve(from crm.Day) (crm.Day, bool) {
	d, ok := nextLunarDay(from.AddDays(1), 1, 1, false)
	return d.AddDays(-1), ok
}
