package calendar

import (
	"time"

	"crmbot/internal/crm"
)

// IsWorkTime reports whether the instant is inside the working hours of a
// working day; the end of the hours is outside.
func (c *Calendar) IsWorkTime(t time.Time) bool {
	d := c.DayOf(t)
	return c.IsWorkday(d) && !t.Before(c.At(d, c.set.WorkFrom)) && t.Before(c.At(d, c.set.WorkTo))
}

// NextWorkTime is t itself in working time, else the next begin of work.
func (c *Calendar) NextWorkTime(t time.Time) time.Time {
	if c.IsWorkTime(t) {
		return t.In(c.set.Zone)
	}
	d := c.DayOf(t)
	if c.IsWorkday(d) && t.Before(c.At(d, c.set.WorkFrom)) {
		return c.At(d, c.set.WorkFrom)
	}
	return c.At(c.NextWorkday(d), c.set.WorkFrom)
}

// AddWorkHours is the moment when d of working time has passed since t. A
// deadline that falls on the end of work stays there ("today 18:00"), so the
// answer lies between the begin and the end, both included, of a working day. A
// negative d counts back; zero gives NextWorkTime.
func (c *Calendar) AddWorkHours(t time.Time, d time.Duration) time.Time {
	if d < 0 {
		return c.subWorkHours(t, -d)
	}
	t = c.NextWorkTime(t)
	day := c.DayOf(t)
	for {
		left := c.At(day, c.set.WorkTo).Sub(t)
		if d <= left {
			return t.Add(d)
		}
		d -= left
		if day = c.NextWorkday(day); day == "" {
			return t // the calendar ends in the year 9999
		}
		t = c.At(day, c.set.WorkFrom)
	}
}

func (c *Calendar) subWorkHours(t time.Time, d time.Duration) time.Time {
	day := c.DayOf(t)
	end := c.At(day, c.set.WorkTo)
	if !c.IsWorkday(day) || !t.After(c.At(day, c.set.WorkFrom)) {
		day = c.PreviousWorkday(day)
		t = c.At(day, c.set.WorkTo)
	} else if t.After(end) {
		t = end
	}
	for {
		done := t.Sub(c.At(day, c.set.WorkFrom))
		if d <= done {
			return t.Add(-d).In(c.set.Zone)
		}
		d -= done
		if day = c.PreviousWorkday(day); day == "" {
			return t
		}
		t = c.At(day, c.set.WorkTo)
	}
}

// WorkHoursBetween is the working time between two instants; negative when to is
// before from.
func (c *Calendar) WorkHoursBetween(from, to time.Time) time.Duration {
	if to.Before(from) {
		return -c.WorkHoursBetween(to, from)
	}
	first, last := c.DayOf(from), c.DayOf(to)
	if first == last {
		return c.workedOn(first, to) - c.workedOn(first, from)
	}
	whole := c.WorkdaysBetween(first, last.AddDays(-1))
	length := time.Duration(c.set.WorkTo-c.set.WorkFrom) * time.Minute
	head := c.workedOn(first, to) - c.workedOn(first, from)
	return head + time.Duration(whole)*length + c.workedOn(last, to)
}

// workedOn is the working time of the day that has passed by t: nothing before
// it began, all of it after it ended.
func (c *Calendar) workedOn(d crm.Day, t time.Time) time.Duration {
	if !c.IsWorkday(d) {
		return 0
	}
	start, end := c.At(d, c.set.WorkFrom), c.At(d, c.set.WorkTo)
	if t.After(end) {
		t = end
	}
	return max(t.Sub(start), 0)
}
