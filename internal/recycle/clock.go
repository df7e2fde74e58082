// Package recycle decides when a record goes back to its pool because nobody
// works on it, and makes sure that its owner is warned before: one clock, the
// periods, what stops them, the ladder of warnings and the release itself.
package recycle

import (
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// Keep is what is stored about keeping an owned record besides the record.
type Keep struct {
	Ref   crm.Ref
	Owner crm.UserID
	// Release is the release day as it was worked out last; Check is the day by
	// which it is looked at again: never after the day that the facts say, because
	// whatever makes a day come nearer sets it back. Empty: at once.
	Check, Release crm.Day
	// NotBefore is the day before which it is not released, because it could not
	// be warned of in time (P-15); Slip says why.
	NotBefore crm.Day
	Slip      Slip
	// LockedAt and LockedUntil are the last lock, LockDays how many days the owner
	// has locked it in all (P-12).
	LockedAt, LockedUntil time.Time
	LockDays              int
	// Extra are the days granted, Extensions how often (P-13); Kept counts how often
	// the owner kept it against the rule (AD-01).
	Extra, Extensions, Kept int
	// AskedAt is when the owner asked for an extension that is not decided; zero:
	// none waits.
	AskedAt time.Time
}

// Slip is why a release was put off.
type Slip string

// The reasons.
const (
	SlipMoved     Slip = "moved"     // the day came nearer at once, too near to be warned of
	SlipUndelived Slip = "undeliver" // the warning did not arrive in time (P-15)
	SlipHeld      Slip = "held"      // it was held on its day
)

// Facts are what the clock looks at.
type Facts struct {
	Ref     crm.Ref
	Name    string
	Owner   crm.UserID
	Team    crm.TeamID
	Version int64
	// Grade is a lead's grade or an account's level.
	Grade string
	// OwnedAt is when the owner got it, ValidAt the last valid activity on it or
	// one of its children. Zero: never, which matches nothing (P-09).
	OwnedAt, ValidAt time.Time
	// Amount is what would be lost with it; zero: unknown.
	Amount crm.Money

	// The rest is about accounts. Dealt ones have bought before.
	Dealt     bool
	OpenDeals int
	// LastOpened and LastClosed are the days on which a deal was opened and closed
	// last, Forward is when one moved a stage on.
	LastOpened, LastClosed crm.Day
	Forward                time.Time
	// ContractEnd is the end of the last approved contract.
	ContractEnd crm.Day
	// Enquiry marks one that came by an enquiry and never had a deal.
	Enquiry bool

	Keep  Keep
	Holds []Hold // besides those that Keep and Person say
}

// Person is what the clock asks about the owner.
type Person struct {
	LeaveFrom, LeaveTo crm.Day // approved leave, both days included; no LeaveTo: open
	Frozen             bool    // handing over (HO-01)
}

// Period is how long a record of one grade may lie idle.
type Period struct {
	Days int
	Work bool // in working days
	// Since is when this number began to hold, zero: ever; Version is that of its
	// setting, zero: the default.
	Since   time.Time
	Version int64
}

// Terms are the rules in force for one owner.
type Terms struct {
	Leads, Accounts, NoDeal map[string]Period // by grade or level
	Review                  map[string]bool   // levels that a manager reviews, and that are never released
	Repurchase, Enquiry     Period
	// ForwardDays is within how many days before its end a deal's step prolongs a
	// period by as many days; MaxHold bounds what extensions give (P-13).
	ForwardDays, MaxHold  int
	AnswerDays            int // working days for which an extension that was asked for holds; 0: until it is decided
	Grace                 int // working days after a change of rules (RC-03)
	Plan                  Plan
	Far                   int // the period from which on the first warning is sent
	FarAt, NearAt, LastAt int // working days before the release (P-14)
}

// From is what began the idle time.
type From string

// The four of P-09.
const (
	FromOwned     From = "owned"
	FromValid     From = "valid"
	FromProtected From = "protected"
	FromRule      From = "rule"
	FromDeal      From = "deal"     // the last deal was closed
	FromContract  From = "contract" // the last contract ended
)

// Clock is which of the periods counts.
type Clock string

// The clocks of P-11.
const (
	ClockIdle       Clock = "idle"       // no valid activity
	ClockNoDeal     Clock = "no_deal"    // no deal and none open
	ClockRepurchase Clock = "repurchase" // bought, and no new deal since the contract ended
	ClockEnquiry    Clock = "enquiry"    // enquired, and nothing since
)

// Verdict is when a record goes back and why.
type Verdict struct {
	// Release is the day; empty when no clock runs.
	Release crm.Day
	Clock   Clock
	From    From
	Since   time.Time // the moment that From names
	Period  Period
	// Base is the day without what prolongs it.
	Base crm.Day
	// Paused are the days by which the owner's leave prolongs it, Extra those of
	// extensions, Forward those for a deal's step; Capped says that MaxHold cut them.
	Paused, Extra, Forward int
	Capped                 bool
	// Grace is the day before which a change of rules releases nothing (RC-03),
	// when it decided.
	Grace crm.Day
	// Slipped reports that the day is the one to which it was put off.
	Slipped bool
	// Holds are what keeps it at this moment, whatever the day (P-12).
	Holds []Hold
	// Review means that a manager looks at it on that day and nothing is released.
	Review bool
}

// Held reports whether it is kept at this moment.
func (v Verdict) Held() bool { return len(v.Holds) > 0 }

// Judge works out the release day (P-09, P-11, P-12, P-13). The zero verdict is
// that of a record that nobody owns.
func Judge(f Facts, p Person, t Terms, cal *calendar.Calendar, now time.Time) Verdict {
	if f.Owner == 0 || f.OwnedAt.IsZero() {
		return Verdict{}
	}
	var best Verdict
	for _, v := range clocks(f, t, cal) {
		v = prolong(v, f, p, t, cal)
		if v.Release != "" && (best.Release == "" || v.Release < best.Release) {
			best = v
		}
	}
	best.Holds = holdsOf(f, p, t, cal, now)
	if best.Release == "" {
		return best
	}
	changed := best.Period.Since
	if t.Plan.Released.After(changed) {
		changed = t.Plan.Released
	}
	if g := graceEnd(changed, t.Grace, cal); g > best.Release {
		best.Release, best.Grace = g, g
	}
	if f.Keep.NotBefore > best.Release {
		best.Release, best.Slipped = f.Keep.NotBefore, true
	}
	best.Release = cal.WorkdayOnOrAfter(best.Release)
	return best
}

// graceEnd is the first day on which a change at the moment may release
// anything: that of its effect and so many working days (RC-03).
func graceEnd(changed time.Time, days int, cal *calendar.Calendar) crm.Day {
	if changed.IsZero() {
		return ""
	}
	return cal.AddWorkdays(cal.DayOf(changed), days)
}

// clocks are the periods that run for the record, each with its end.
func clocks(f Facts, t Terms, cal *calendar.Calendar) []Verdict {
	if f.Ref.Kind == crm.KindLead {
		p, ok := t.Leads[f.Grade]
		if !ok {
			p = t.Leads["D"]
		}
		return []Verdict{idle(ClockIdle, f, p, t, cal)}
	}
	if f.Dealt {
		if f.ContractEnd == "" || f.OpenDeals > 0 || f.LastOpened > f.ContractEnd {
			return nil
		}
		at := cal.At(f.ContractEnd, 0)
		return []Verdict{since(ClockRepurchase, f, t.Repurchase, t, cal, at, FromContract)}
	}
	level := f.Grade
	if _, ok := t.Accounts[level]; !ok {
		level = "C"
	}
	v := idle(ClockIdle, f, t.Accounts[level], t, cal)
	v.Review = t.Review[level]
	out := []Verdict{v}
	p, clock := t.NoDeal[level], ClockNoDeal
	if f.Enquiry {
		p, clock = t.Enquiry, ClockEnquiry
	}
	if p.Days > 0 && f.OpenDeals == 0 && !t.Review[level] {
		at := time.Time{}
		if f.LastClosed != "" {
			at = cal.At(f.LastClosed, 0)
		}
		out = append(out, since(clock, f, p, t, cal, at, FromDeal))
	}
	return out
}

// idle is the clock that valid activities set back.
func idle(c Clock, f Facts, p Period, t Terms, cal *calendar.Calendar) Verdict {
	return since(c, f, p, t, cal, f.ValidAt, FromValid)
}

// since is P-09: the idle time begins with the latest of what the moment names,
// the ownership, the end of protection and the beginning of the rule.
func since(c Clock, f Facts, p Period, t Terms, cal *calendar.Calendar, at time.Time, from From) Verdict {
	if p.Days <= 0 {
		return Verdict{}
	}
	v := Verdict{Clock: c, Period: p, From: FromOwned, Since: f.OwnedAt}
	later := func(at time.Time, from From) {
		if at.After(v.Since) {
			v.Since, v.From = at, from
		}
	}
	later(at, from)
	later(f.Keep.LockedUntil, FromProtected)
	later(p.Since, FromRule)
	later(t.Plan.Since, FromRule)
	day := cal.DayOf(v.Since)
	if p.Work {
		v.Base = cal.AddWorkdays(day, p.Days)
	} else {
		v.Base = day.AddDays(p.Days)
	}
	v.Release = v.Base
	return v
}

// prolong adds what puts the day off: leave, extensions and a deal's step.
func prolong(v Verdict, f Facts, p Person, t Terms, cal *calendar.Calendar) Verdict {
	if v.Release == "" {
		return v
	}
	v.Paused = pausedDays(v, p, cal)
	if v.Paused > 0 {
		if v.Period.Work {
			v.Release = cal.AddWorkdays(v.Release, v.Paused)
		} else {
			v.Release = v.Release.AddDays(v.Paused)
		}
	}
	without := v.Release
	if v.Extra = f.Keep.Extra; v.Extra > 0 {
		v.Release = v.Release.AddDays(v.Extra)
	}
	if !f.Forward.IsZero() && t.ForwardDays > 0 {
		if gap := v.Release.Sub(cal.DayOf(f.Forward)); gap >= 0 && gap <= t.ForwardDays {
			v.Forward = t.ForwardDays
			v.Release = v.Release.AddDays(v.Forward)
		}
	}
	if most := cal.DayOf(f.OwnedAt).AddDays(t.MaxHold); !f.Dealt && v.Release > without && v.Release > most {
		v.Release, v.Capped = max(without, most), true
	}
	return v
}

// pausedDays is how many days of the owner's leave lie within the idle time, in
// the period's own days. An open leave has no end to count to; it holds instead.
func pausedDays(v Verdict, p Person, cal *calendar.Calendar) int {
	if p.LeaveFrom == "" || p.LeaveTo == "" || p.LeaveFrom > v.Release {
		return 0
	}
	from := max(p.LeaveFrom, cal.DayOf(v.Since).AddDays(1))
	if p.LeaveTo < from {
		return 0
	}
	if v.Period.Work {
		return cal.WorkdaysBetween(from.AddDays(-1), p.LeaveTo)
	}
	return p.LeaveTo.Sub(from) + 1
}

// LeadTerms are terms with the periods of leads alone, in working days by grade.
func LeadTerms(days map[string]int) Terms {
	t := Terms{Leads: map[string]Period{}}
	for g, n := range days {
		t.Leads[g] = Period{Days: n, Work: true}
	}
	return t
}
