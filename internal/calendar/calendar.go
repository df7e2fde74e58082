// Package calendar knows the organisation's working days and hours, its quiet
// times, and the words people use for dates. Every answer is in the
// organisation's zone; instants may be passed in any zone.
package calendar

import (
	"sort"
	"time"

	"crmbot/internal/crm"
)

// TimeOfDay is a wall clock time in minutes after midnight: 0 is 00:00, 1439 is
// 23:59. 1440 is the end of the day where an end is meant.
type TimeOfDay int

// Clock is the time of day hour:minute.
func Clock(hour, minute int) TimeOfDay { return TimeOfDay(hour*60 + minute) }

// Hour is the hour, 0 to 24.
func (t TimeOfDay) Hour() int { return int(t) / 60 }

// Minute is the minute within the hour.
func (t TimeOfDay) Minute() int { return int(t) % 60 }

// String is "09:30".
func (t TimeOfDay) String() string {
	const digits = "0123456789"
	h, m := t.Hour()%100, t.Minute()
	if t < 0 {
		return "--:--"
	}
	return string([]byte{digits[h/10], digits[h%10], ':', digits[m/10], digits[m%10]})
}

// ParseTimeOfDay reads "09:30" or "9:30"; 24:00 is allowed as an end.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	if m := colonTime.FindStringSubmatch(crm.Normalize(s)); m != nil && len(m[0]) == len(crm.Normalize(s)) {
		if t := Clock(number(m[1]), number(m[2])); number(m[2]) < 60 && t <= 24*60 {
			return t, nil
		}
	}
	return 0, crm.Invalid("看不懂时间「"+cut(s)+"」，请写成 09:30", "cannot read the time \""+cut(s)+"\"; write it like 09:30")
}

// Settings are the hours of the organisation. All are wall clock times in its
// zone.
type Settings struct {
	Zone *time.Location
	// WorkFrom and WorkTo bound the working hours of a working day.
	WorkFrom, WorkTo TimeOfDay
	// QuietFrom and QuietTo bound the evening and night in which nothing
	// unasked is sent (CH-03); the quiet time runs over midnight.
	QuietFrom, QuietTo TimeOfDay
}

// DefaultSettings are working hours 09:00–18:00 and quiet times 20:00–08:00.
func DefaultSettings(zone *time.Location) Settings {
	return Settings{Zone: zone, WorkFrom: Clock(9, 0), WorkTo: Clock(18, 0), QuietFrom: Clock(20, 0), QuietTo: Clock(8, 0)}
}

func (s Settings) validate() error {
	if s.Zone == nil {
		return crm.Invalid("没有设置时区", "no time zone is set")
	}
	if s.WorkFrom < 0 || s.WorkTo > 24*60 || s.WorkFrom >= s.WorkTo {
		return crm.Invalid("工作时间不对："+s.WorkFrom.String()+"–"+s.WorkTo.String()+"，开始要早于结束", "the working hours "+s.WorkFrom.String()+"–"+s.WorkTo.String()+" must begin before they end")
	}
	if s.QuietTo < 0 || s.QuietFrom > 24*60 || s.QuietTo >= s.QuietFrom {
		return crm.Invalid("免打扰时间不对："+s.QuietFrom.String()+"–"+s.QuietTo.String()+"，要从晚上到早上", "the quiet times "+s.QuietFrom.String()+"–"+s.QuietTo.String()+" must run from the evening to the morning")
	}
	return nil
}

// Calendar answers questions about working days, hours and quiet times. It does
// not change after it was made and is safe for concurrent use.
type Calendar struct {
	set     Settings
	special map[crm.Day]Holiday
	known   map[int]bool
	// corrections holds, in order of day, where special days differ from the
	// week, with the running sum; it makes counting over years cheap.
	corrections []correction
}

type correction struct {
	day crm.Day
	sum int // of this and all earlier ones: +1 for a worked weekend day, -1 for a weekday off
}

// New makes a calendar from the settings and the announced holidays, usually
// EmbeddedHolidays. Later years replace nothing of earlier ones; a day that is
// given twice takes the later value.
func New(set Settings, years []HolidayYear) (*Calendar, error) {
	if err := set.validate(); err != nil {
		return nil, err
	}
	c := &Calendar{set: set, special: map[crm.Day]Holiday{}, known: map[int]bool{}}
	for _, y := range years {
		if len(y.Days) > 0 {
			c.known[y.Year] = true
		}
		for _, h := range y.Days {
			c.special[h.Day] = h
		}
	}
	for d, h := range c.special {
		switch weekday := isWeekday(d); {
		case weekday && h.Off:
			c.corrections = append(c.corrections, correction{d, -1})
		case !weekday && !h.Off:
			c.corrections = append(c.corrections, correction{d, 1})
		}
	}
	sort.Slice(c.corrections, func(i, j int) bool { return c.corrections[i].day < c.corrections[j].day })
	for i := 1; i < len(c.corrections); i++ {
		c.corrections[i].sum += c.corrections[i-1].sum
	}
	return c, nil
}

// Standard is a calendar with default hours and the embedded holidays.
func Standard(zone *time.Location) (*Calendar, error) {
	years, err := EmbeddedHolidays()
	if err != nil {
		return nil, err
	}
	return New(DefaultSettings(zone), years)
}

// Settings are the hours that the calendar was made with.
func (c *Calendar) Settings() Settings { return c.set }

// Zone is the organisation's zone.
func (c *Calendar) Zone() *time.Location { return c.set.Zone }

// DayOf is the day of an instant in the organisation's zone.
func (c *Calendar) DayOf(t time.Time) crm.Day { return crm.DayOf(t, c.set.Zone) }

// At is the instant of a wall clock time on a day.
func (c *Calendar) At(d crm.Day, t TimeOfDay) time.Time {
	return d.At(t.Hour(), t.Minute(), c.set.Zone)
}

// Known reports whether the holidays of the year are announced. When they are
// not, the calendar falls back to Monday to Friday and callers tell the user.
func (c *Calendar) Known(year int) bool { return c.known[year] }

// IsWorkday reports whether the day is worked, make-up days included. No day is
// no working day.
func (c *Calendar) IsWorkday(d crm.Day) bool {
	if h, ok := c.special[d]; ok {
		return !h.Off
	}
	return d.Valid() && isWeekday(d)
}

func isWeekday(d crm.Day) bool {
	w := d.Weekday()
	return w != time.Saturday && w != time.Sunday
}

// NextWorkday is the first working day after the day.
func (c *Calendar) NextWorkday(d crm.Day) crm.Day { return c.AddWorkdays(d, 1) }

// PreviousWorkday is the last working day before the day.
func (c *Calendar) PreviousWorkday(d crm.Day) crm.Day { return c.AddWorkdays(d, -1) }

// WorkdayOnOrAfter is the day itself when it is worked, else the next that is.
func (c *Calendar) WorkdayOnOrAfter(d crm.Day) crm.Day {
	if c.IsWorkday(d) {
		return d
	}
	return c.NextWorkday(d)
}

// WorkdayOnOrBefore is the day itself when it is worked, else the last that was.
func (c *Calendar) WorkdayOnOrBefore(d crm.Day) crm.Day {
	if c.IsWorkday(d) {
		return d
	}
	return c.PreviousWorkday(d)
}

// AddWorkdays is the n-th working day after the day, or before it for a
// negative n; the day itself for 0, whether worked or not. It is "" when that
// leaves the calendar.
func (c *Calendar) AddWorkdays(d crm.Day, n int) crm.Day {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 && d != "" {
		if d = d.AddDays(step); c.IsWorkday(d) {
			n--
		}
	}
	return d
}

// WorkdaysBetween counts the working days after from up to and including to, so
// that WorkdaysBetween(d, AddWorkdays(d, n)) is n. It is negative when to is
// before from, and 0 when either is no day.
func (c *Calendar) WorkdaysBetween(from, to crm.Day) int {
	switch {
	case !from.Valid() || !to.Valid():
		return 0
	case to < from:
		// Counted from the other side: the working days from to up to before from.
		return -(c.workdaysThrough(from.AddDays(-1)) - c.workdaysThrough(to.AddDays(-1)))
	}
	return c.workdaysThrough(to) - c.workdaysThrough(from)
}

// Workdays counts the working days inside the period.
func (c *Calendar) Workdays(p crm.Period) int {
	if p.Days() == 0 {
		return 0
	}
	return c.workdaysThrough(p.Last()) - c.workdaysThrough(p.From.AddDays(-1))
}

// workdaysThrough counts working days from a fixed Monday long ago up to and
// including the day; only differences mean something.
func (c *Calendar) workdaysThrough(d crm.Day) int {
	const monday = crm.Day("0001-01-01")
	n := d.Sub(monday) + 1
	count := n/7*5 + min(n%7, 5)
	i := sort.Search(len(c.corrections), func(i int) bool { return c.corrections[i].day > d })
	if i > 0 {
		count += c.corrections[i-1].sum
	}
	return count
}
