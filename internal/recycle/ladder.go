package recycle

import (
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// Step is the warning that is due for a release day seen on a day: 7, 3 or 1
// working days before it by default; zero: none. The first one comes for long
// periods only, and none comes on the day on which the period began (P-14).
func Step(v Verdict, t Terms, cal *calendar.Calendar, today crm.Day) int {
	if v.Release == "" || v.Held() || v.Release <= today {
		return 0
	}
	left := cal.WorkdaysBetween(today, v.Release)
	began := cal.WorkdaysBetween(cal.DayOf(v.Since), today)
	switch {
	case left <= t.LastAt:
		return t.LastAt
	case began <= 0:
		return 0
	case left <= t.NearAt:
		return t.NearAt
	case left <= t.FarAt && v.Period.Days >= t.Far:
		return t.FarAt
	}
	return 0
}

// Warning is one line of a card that warned an owner of a release day.
type Warning struct {
	ID      int64
	Ref     crm.Ref
	Owner   crm.UserID
	Release crm.Day
	Step    int
	Day     crm.Day // on which it was queued
	At      time.Time
	// Key is that of the card in the outbox, DeliveredAt when the card arrived; zero:
	// it has not.
	Key         string
	DeliveredAt time.Time
	Outcome     Outcome
}

// Outcome is what came after a warning.
type Outcome int

// The outcomes.
const (
	Open     Outcome = iota
	Acted            // valid work on the record before the day
	Released         // it went back to the pool
	Over             // neither: it was kept, passed on or converted
)

// Proof is the warning that allows the release of the record on its day at the
// moment: one about this day to this owner that arrived a full working day
// before (P-15).
func Proof(ws []Warning, owner crm.UserID, release crm.Day, at time.Time, cal *calendar.Calendar) (Warning, bool) {
	s := cal.Settings()
	full := time.Duration(s.WorkTo-s.WorkFrom) * time.Minute
	for _, w := range ws {
		if w.Owner == owner && w.Release == release && !w.DeliveredAt.IsZero() && cal.WorkHoursBetween(w.DeliveredAt, at) >= full {
			return w, true
		}
	}
	return Warning{}, false
}

// Limits are the numbers of the blast guard (P-16).
type Limits struct {
	Percent, Count, RepPercent int
	// Least is from how many records on a share says anything.
	Least int
}

// Alarm is why a run stops and asks.
type Alarm string

// The alarms.
const (
	AlarmNone  Alarm = ""
	AlarmCount Alarm = "count"
	AlarmShare Alarm = "share"
	AlarmRep   Alarm = "rep"
)

// Guard decides whether a run that would release so many records may go on, of
// all owned ones and of each owner's (P-16).
func Guard(release, owned int, perOwner, ownedBy map[crm.UserID]int, l Limits) Alarm {
	over := func(n, of, percent int) bool { return n >= l.Least && n*100 > of*percent }
	switch {
	case release > l.Count:
		return AlarmCount
	case over(release, owned, l.Percent):
		return AlarmShare
	}
	for u, n := range perOwner {
		if over(n, ownedBy[u], l.RepPercent) {
			return AlarmRep
		}
	}
	return AlarmNone
}
