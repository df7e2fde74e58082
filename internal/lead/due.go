package lead

import (
	"context"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/recycle"
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
	// Holds are what keeps it from being released now, whatever the day (P-12).
	Holds []recycle.Hold
	// Trial reports that nothing is released on that day yet (AD-01).
	Trial bool
	// Review reports that a manager looks at it then instead of a release.
	Review bool
}

// DueIn is when a record goes back, of any kind.
func DueIn(s recycle.Seen) Due {
	return Due{Release: s.Release, Left: s.Left, Holds: s.Holds, Trial: s.Release != "" && s.Trial(), Review: s.Review}
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

// Facts are what the clock of recycling looks at.
func (l Lead) Facts() recycle.Facts {
	f := recycle.Facts{Ref: l.Ref(), Name: l.Name(), Owner: l.Owner, Team: l.Team, Version: l.Version, Grade: string(l.Grade), OwnedAt: l.OwnedAt, ValidAt: l.LastValidAt}
	if m, err := crm.ParseMoney(l.Budget); err == nil {
		f.Amount = m
	}
	return f
}

// DueOf computes the deadlines of an owned lead (P-09, P-11) by the periods
// alone. It is zero for leads in the pool and for closed ones.
func DueOf(l Lead, periods map[Grade]Period, cal *calendar.Calendar, now time.Time) Due {
	if l.Owner == 0 || l.Status != Open {
		return Due{}
	}
	days := make(map[string]int, len(periods))
	for g, p := range periods {
		days[string(g)] = p.IdleDays
	}
	v := recycle.Judge(l.Facts(), recycle.Person{}, recycle.LeadTerms(days), cal, now)
	return Due{Contact: contactBy(l, periods, cal), Release: v.Release, Left: cal.WorkdaysBetween(cal.DayOf(now), v.Release)}
}

// contactBy is the deadline of the first valid contact; zero when it happened.
func contactBy(l Lead, periods map[Grade]Period, cal *calendar.Calendar) time.Time {
	p, ok := periods[l.Grade]
	if !ok {
		p = periods["D"]
	}
	if l.Contacted() {
		return time.Time{}
	}
	return cal.AddWorkHours(l.OwnedAt, time.Duration(p.ContactHours)*time.Hour)
}

// dues are the deadlines of leads, of one owner if that is not zero.
func (s *Service) dues(ctx context.Context, owner crm.UserID, ls ...Lead) ([]Due, error) {
	periods, _ := Periods.Read(ctx, s.d.Rules)
	out := make([]Due, len(ls))
	fs := make([]recycle.Facts, len(ls))
	running := false
	for i, l := range ls {
		if out[i] = DueOf(l, periods, s.d.Calendar, s.d.Clock.Now()); out[i].Release != "" {
			fs[i], running = l.Facts(), true
		} else {
			fs[i] = recycle.Facts{Ref: l.Ref()}
		}
	}
	if s.d.Keep == nil || !running {
		return out, nil
	}
	var seen []recycle.Seen
	var err error
	if owner != 0 {
		seen, err = s.d.Keep.SeeAll(ctx, crm.KindLead, owner, fs)
	} else {
		seen, err = s.d.Keep.See(ctx, fs...)
	}
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i] = out[i].with(seen[i])
	}
	return out, nil
}

// with is the deadline as keeping sees it.
func (d Due) with(s recycle.Seen) Due {
	if d.Release != "" {
		contact := d.Contact
		d = DueIn(s)
		d.Contact = contact
	}
	return d
}

// freshDue is the deadline of a lead that has just got its owner.
func (s *Service) freshDue(ctx context.Context, l Lead) (Due, error) {
	periods, _ := Periods.Read(ctx, s.d.Rules)
	d := DueOf(l, periods, s.d.Calendar, s.d.Clock.Now())
	if s.d.Keep == nil || d.Release == "" {
		return d, nil
	}
	seen, err := s.d.Keep.SeeFresh(ctx, l.Facts())
	return d.with(seen), err
}
