package lead

import (
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// Period is how long the owner of a lead of one grade may take (P-11).
type Period struct {
	// ContactHours is the time to the first valid contact in working hours; a
	// working day has as many as the calendar's working hours.
	ContactHours int `json:"contact_hours"`
	// IdleDays is how many working days may pass without valid activity.
	IdleDays int `json:"idle_days"`
}

// Periods are the periods by grade (P-11).
var Periods = rule.JSON[map[Grade]Period]{Key: "P-11.leads", Title: crm.Text{Zh: "线索的首次联系与回收期限", En: "time to first contact and to recycling of leads"},
	Default: map[Grade]Period{"A": {4, 3}, "B": {9, 5}, "C": {18, 10}, "D": {27, 15}},
	Valid: func(m map[Grade]Period) error {
		for _, g := range Grades {
			if p := m[g]; p.ContactHours <= 0 || p.IdleDays <= 0 {
				return crm.Refused("P-11", "等级 A 到 D 都需要大于 0 的期限", "each grade from A to D needs periods above zero")
			}
		}
		return nil
	}}

// Due is when an owner's time is up.
type Due struct {
	// Contact is the deadline of the first valid contact; zero when it happened.
	Contact time.Time
	// Release is the day on which the lead is due to go back to the pool.
	Release crm.Day
	// Left are the working days until Release; negative when it has passed.
	Left int
}

// Next is the day of what comes first: the first contact or the release. Empty
// when nothing is due.
func (d Due) Next(cal *calendar.Calendar) crm.Day {
	if d.Contact.IsZero() {
		return d.Release
	}
	if c := cal.DayOf(d.Contact); d.Release == "" || c < d.Release {
		return c
	}
	return d.Release
}

// DueOf computes the deadlines of an owned lead (P-09, P-11). It is zero for
// leads in the pool and for closed ones.
func DueOf(l Lead, periods map[Grade]Period, cal *calendar.Calendar, now time.Time) Due {
	if l.Owner == 0 || l.Status != Open {
		return Due{}
	}
	p, ok := periods[l.Grade]
	if !ok {
		p = periods["D"]
	}
	var d Due
	idle := l.OwnedAt
	if l.Contacted() {
		idle = l.LastValidAt
	} else {
		d.Contact = cal.AddWorkHours(l.OwnedAt, time.Duration(p.ContactHours)*time.Hour)
	}
	d.Release = cal.AddWorkdays(cal.DayOf(idle), p.IdleDays)
	d.Left = cal.WorkdaysBetween(cal.DayOf(now), d.Release)
	return d
}
