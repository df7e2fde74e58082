package metric

import (
	"slices"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// Place is one person's place in a ranking.
type Place struct {
	// Rank counts from 1; people with the same value share it and the next one
	// is as much lower as people shared it (F-12).
	Rank  int
	User  crm.UserID
	Name  string
	Value Value
}

// Rank puts people in order of value. People without a value are left out;
// people with equal values share a rank and stand in order of id.
func Rank(places []Place, lowerIsBetter bool) []Place {
	out := slices.DeleteFunc(slices.Clone(places), func(p Place) bool { return p.Value.None() })
	slices.SortStableFunc(out, func(a, b Place) int {
		c := b.Value.Cmp(a.Value)
		if lowerIsBetter {
			c = -c
		}
		if c == 0 {
			c = int(a.User - b.User)
		}
		return c
	})
	for i := range out {
		out[i].Rank = i + 1
		if i > 0 && out[i].Value.Equal(out[i-1].Value) {
			out[i].Rank = out[i-1].Rank
		}
	}
	return out
}

// minPresence is how many working days somebody must have been there to be
// ranked over a period that has as many (F-12).
const minPresence = 15

// Comparable reports whether a person may be ranked over the period as far as
// it has passed by today: in a period of 15 working days or more the person
// must have been there for 15 of them; shorter periods ask for nothing (F-12).
// Absence is approved leave, and the days before the person was entered within
// the period, unless first, the first day with a fact, is before that: imported
// history shows that the person was there already.
func Comparable(cal *calendar.Calendar, u org.User, first crm.Day, p crm.Period, today crm.Day) bool {
	if p.To > today.AddDays(1) {
		p.To = max(today.AddDays(1), p.From)
	}
	all := cal.Workdays(p)
	if all < minPresence {
		return true
	}
	away := overlap(p, u.LeaveFrom, u.LeaveTo)
	joined := cal.DayOf(u.CreatedAt)
	known := first == "" || first >= joined
	if !u.CreatedAt.IsZero() && known && p.Contains(joined) {
		away = append(away, crm.Period{From: p.From, To: joined})
	}
	for _, a := range away {
		all -= cal.Workdays(a)
	}
	return all >= minPresence
}

// overlap is the part of the period on leave; an open end lasts.
func overlap(p crm.Period, from, to crm.Day) []crm.Period {
	if from == "" {
		return nil
	}
	end := p.To
	if to != "" {
		end = min(end, to.AddDays(1))
	}
	begin := max(p.From, from)
	if begin >= end {
		return nil
	}
	return []crm.Period{{From: begin, To: end}}
}
