package lead

import (
	"context"
	"fmt"
	"slices"
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
	Brief: &rule.Brief[map[Grade]Period]{
		Help: crm.Text{Zh: "每级一行：首次联系的工作小时 / 无有效跟进的工作日", En: "a line for each grade: working hours to the first contact / working days without a valid activity"},
		Write: func(_ crm.Lang, m map[Grade]Period) (out [][2]string) {
			for _, g := range Grades {
				out = append(out, [2]string{string(g), fmt.Sprintf("%d/%d", m[g].ContactHours, m[g].IdleDays)})
			}
			return out
		},
		Read: func(m *map[Grade]Period, name string, n []int, _ string) bool {
			if len(n) != 2 || !slices.Contains(Grades, Grade(name)) {
				return false
			}
			if *m == nil {
				*m = map[Grade]Period{}
			}
			(*m)[Grade(name)] = Period{n[0], n[1]}
			return true
		}},
	Valid: func(m map[Grade]Period) error {
		for _, g := range Grades {
			if p := m[g]; p.ContactHours <= 0 || p.IdleDays <= 0 {
				return crm.Refused("P-11", "等级 A 到 D 都需要大于 0 的期限", "each grade from A to D needs periods above zero")
			}
		}
		return nil
	}}

// HandedDays is the time to the first contact after a hand-over (HO-03).
var HandedDays = rule.Int{Key: "HO-03.contact_days", Title: crm.Text{Zh: "交接后几个工作日内应联系", En: "working days in which a handed-over customer is to be contacted"}, Unit: crm.Text{Zh: "个工作日", En: "working days"}, Default: 5, Min: 1, Max: 60}

// Limits are how long owners may take.
type Limits struct {
	Grades map[Grade]Period
	// Handed are the working days to the first contact of what was handed over.
	Handed int
}

// LimitsOf are the limits in force.
func LimitsOf(ctx context.Context, rules *rule.Book) Limits {
	periods, _ := Periods.Read(ctx, rules)
	return Limits{Grades: periods, Handed: int(HandedDays.Of(ctx, rules))}
}

// Due is when an owner's time is up.
type Due struct {
	// Contact is the deadline of the first valid contact; zero when it happened.
	Contact time.Time
	// Handed are the working days after a hand-over that make this deadline; zero:
	// the hours of the grade do.
	Handed int
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

// DueOf computes the deadlines of an owned lead (P-09, P-11) by the limits
// alone. It is zero for leads in the pool and for closed ones.
func DueOf(l Lead, lim Limits, cal *calendar.Calendar, now time.Time) Due {
	if l.Owner == 0 || l.Status != Open {
		return Due{}
	}
	days := make(map[string]int, len(lim.Grades))
	for g, p := range lim.Grades {
		days[string(g)] = p.IdleDays
	}
	v := recycle.Judge(l.Facts(), recycle.Person{}, recycle.LeadTerms(days), cal, now)
	d := Due{Release: v.Release, Left: cal.WorkdaysBetween(cal.DayOf(now), v.Release)}
	d.Contact, d.Handed = contactBy(l, lim, cal)
	return d
}

// contactBy is the deadline of the first valid contact; zero when it happened.
// After a hand-over it is the end of work of the last day on which the contact
// counts as made in time (HO-03), if that is later: who takes over somebody's
// leads gets many at once. handed are those days where they decide.
func contactBy(l Lead, lim Limits, cal *calendar.Calendar) (by time.Time, handed int) {
	p, ok := lim.Grades[l.Grade]
	if !ok {
		p = lim.Grades["D"]
	}
	if l.Contacted() {
		return time.Time{}, 0
	}
	by = cal.AddWorkHours(l.OwnedAt, time.Duration(p.ContactHours)*time.Hour)
	if !l.Handed() {
		return by, 0
	}
	if last := cal.At(cal.AddWorkdays(cal.DayOf(l.OwnedAt), lim.Handed), cal.Settings().WorkTo); last.After(by) {
		return last, lim.Handed
	}
	return by, 0
}

// dues are the deadlines of leads, of one owner if that is not zero.
func (s *Service) dues(ctx context.Context, owner crm.UserID, ls ...Lead) ([]Due, error) {
	lim := LimitsOf(ctx, s.d.Rules)
	out := make([]Due, len(ls))
	fs := make([]recycle.Facts, len(ls))
	running := false
	for i, l := range ls {
		if out[i] = DueOf(l, lim, s.d.Calendar, s.d.Clock.Now()); out[i].Release != "" {
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
		contact, handed := d.Contact, d.Handed
		d = DueIn(s)
		d.Contact, d.Handed = contact, handed
	}
	return d
}

// freshDue is the deadline of a lead that has just got its owner.
func (s *Service) freshDue(ctx context.Context, l Lead) (Due, error) {
	d := DueOf(l, LimitsOf(ctx, s.d.Rules), s.d.Calendar, s.d.Clock.Now())
	if s.d.Keep == nil || d.Release == "" {
		return d, nil
	}
	seen, err := s.d.Keep.SeeFresh(ctx, l.Facts())
	return d.with(seen), err
}
