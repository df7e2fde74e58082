package calendar

import "time"

// IsQuiet reports whether nothing unasked is sent now (CH-03): in the evening
// and night, and on days that are not worked.
func (c *Calendar) IsQuiet(t time.Time) bool {
	d := c.DayOf(t)
	return !c.IsWorkday(d) || t.Before(c.At(d, c.set.QuietTo)) || !t.Before(c.At(d, c.set.QuietFrom))
}

// NextLoud is t itself when it is not quiet, else the moment when the quiet time
// ends.
func (c *Calendar) NextLoud(t time.Time) time.Time {
	d := c.DayOf(t)
	switch {
	case !c.IsQuiet(t):
		return t.In(c.set.Zone)
	case c.IsWorkday(d) && t.Before(c.At(d, c.set.QuietTo)):
		return c.At(d, c.set.QuietTo)
	}
	return c.At(c.NextWorkday(d), c.set.QuietTo)
}

// ReminderLead is how long before an appointment with a time its reminder comes.
const ReminderLead = 30 * time.Minute

// NextReminder is when to remind of something due at w, never in a quiet time
// and not before now. With a time it is ReminderLead before; without one it is
// the begin of work on that day. When that moment is quiet the reminder comes
// earlier, on the last working day before, at the end of work less the lead or
// at the begin of work. When all of that has passed it comes at the next loud
// moment.
func (c *Calendar) NextReminder(w When, now time.Time) time.Time {
	at := c.At(w.Day, c.set.WorkFrom)
	if w.HasTime {
		at = c.At(w.Day, w.Time).Add(-ReminderLead)
	}
	if c.IsQuiet(at) {
		at = c.earlierReminder(w, at)
	}
	if at.Before(now) {
		at = now
	}
	return c.NextLoud(at)
}

func (c *Calendar) earlierReminder(w When, at time.Time) time.Time {
	d := c.DayOf(at)
	if w.HasTime && c.IsWorkday(d) && !at.Before(c.At(d, c.set.QuietFrom)) {
		return c.At(d, c.set.WorkTo).Add(-ReminderLead) // an evening appointment: before leaving work
	}
	d = c.PreviousWorkday(d)
	if w.HasTime {
		return c.At(d, c.set.WorkTo).Add(-ReminderLead)
	}
	return c.At(d, c.set.WorkFrom)
}
