package activity

import (
	"slices"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// The keys of the facts that activities and plans write. All belong to the day
// of the activity or of the plan, not to the day on which it was logged.
const (
	FactPlanned  = "visit.planned"
	FactVisit    = "visit.done"
	FactValid    = "visit.valid"
	FactPlanDone = "visit.plan_done"
	// FactAttempt is a visit at which nobody was met; its quantity is what the
	// attempt counts for, in hundredths of a visit (V-01).
	FactAttempt   = "visit.attempt"
	FactCall      = "call.done"
	FactCallValid = "call.valid"
	FactNextStep  = "next_step.set"
)

// PlanID is the id of a planned visit; zero: none.
type PlanID int64

// Activity is something that a person did with a customer. It is never edited
// into something else: its result and photos can be added, and within minutes
// it can be taken back.
type Activity struct {
	ID   crm.ActivityID
	Kind Kind
	// Subject is the lead, account or deal that it was logged on; Customer is the
	// lead or account behind it, which all rules about one customer count by.
	Subject, Customer crm.Ref
	// Contact is the person met as a record of the account; zero when Met names
	// somebody who is none.
	Contact crm.ContactID
	Met     string
	// User logged it and was there; Team is their team at that moment.
	User crm.UserID
	Team crm.TeamID
	// At is when it took place, Day the organisation's day of it.
	At  time.Time
	Day crm.Day
	// Duration is how long it took; zero: not said.
	Duration time.Duration
	Result   Result
	Note     string
	Amount   crm.Money // what the customer has in mind; zero: not said
	Photos   int
	// People were present, the logging person first.
	People []Present
	// Valid tells whether it counts as a valid activity (P-10, V-01); Missing are
	// the reasons when not. Weight is what it counts for in hundredths: 100 when
	// valid, less for an attempt, else 0.
	Valid   bool
	Weight  int
	Missing []Reason
	// Qualified visits meet every condition but perhaps "one a day".
	Qualified bool
	// First marks the first valid contact ever with the lead.
	First bool
	// PrevActive is when the account was last active before this activity.
	PrevActive time.Time
	Step       *Step // nil: no next step
	CreatedAt  time.Time
	UndoneAt   time.Time // zero: it stands
	Version    int64
}

// Ref is the activity's code.
func (a Activity) Ref() crm.Ref { return a.ID.Ref() }

// Undone reports whether it was taken back.
func (a Activity) Undone() bool { return !a.UndoneAt.IsZero() }

// With reports whether the person was present.
func (a Activity) With(u crm.UserID) bool {
	return u != 0 && slices.ContainsFunc(a.People, func(p Present) bool { return p.User == u })
}

// Companions are the people who came along.
func (a Activity) Companions() []Present {
	if len(a.People) == 0 {
		return nil
	}
	return a.People[1:]
}

// Present is a person of the organisation who was there.
type Present struct {
	User crm.UserID
	Team crm.TeamID // at that moment
	// Credited reports that this is the person's one valid visit at the customer
	// on the day (V-01).
	Credited bool
	// Plan is the person's plan that the visit fulfilled; Counted tells whether
	// that plan counts (V-04).
	Plan    PlanID
	Counted bool
}

// StepState is how far a next step is.
type StepState string

// The states of a next step.
const (
	StepOpen      StepState = "open"
	StepDone      StepState = "done"
	StepReplaced  StepState = "replaced"  // a later log on the record took its place
	StepCancelled StepState = "cancelled" // its activity was taken back
)

// Step is what was agreed to happen next. It is named by the activity that set
// it, and a person has at most one open step on a record.
type Step struct {
	Activity crm.ActivityID
	User     crm.UserID
	Team     crm.TeamID
	Subject  crm.Ref
	Text     string // may be empty
	Due      Due
	State    StepState
	// Rev counts the changes of the date, so that reminders of an older one are
	// dropped.
	Rev int
	// ClosedBy is the activity that closed it; zero: a person did.
	ClosedBy crm.ActivityID
	// RemindAt is when its reminder is sent.
	RemindAt, DoneAt time.Time
}

// Reminded reports whether the reminder of the present date had been sent before
// the step was settled.
func (s Step) Reminded() bool { return !s.DoneAt.IsZero() && !s.DoneAt.Before(s.RemindAt) }

// Due is a day with or without a time.
type Due struct {
	Day     crm.Day
	Time    calendar.TimeOfDay
	HasTime bool
}

// DueOn makes a Due from a parsed date phrase.
func DueOn(w calendar.When) Due { return Due{Day: w.Day, Time: w.Time, HasTime: w.HasTime} }

// When is the calendar's form of it.
func (d Due) When() calendar.When {
	return calendar.When{Day: d.Day, Time: d.Time, HasTime: d.HasTime}
}

// Format is the absolute date that people read: "2026-03-04 周三 14:30".
func (d Due) Format(l crm.Lang) string { return d.When().Format(l) }

// Clock is the time alone, or "" without one.
func (d Due) Clock() string {
	if !d.HasTime {
		return ""
	}
	return d.Time.String()
}

// Passed reports whether it is over: an earlier day, or a time of today that
// has passed.
func (d Due) Passed(c *calendar.Calendar, now time.Time) bool {
	today := c.DayOf(now)
	return d.Day < today || d.Day == today && d.HasTime && c.At(d.Day, d.Time).Before(now)
}

// Photo is a picture taken at a visit. Activity is zero while it is not yet
// attached.
type Photo struct {
	ID       int64
	User     crm.UserID
	Activity crm.ActivityID
	Name     string
	// Hash is the SHA-256 of the picture in hex, by which the same picture is
	// recognised (V-02).
	Hash string
	Size int
	At   time.Time
}

// Attempt reports whether it is a visit that counts as an attempt only: nobody
// was met, and all else is as V-01 wants it.
func (a Activity) Attempt() bool {
	return a.Kind == KindVisit && a.Result == ResultNotMet && a.Weight > 0
}

// standing are the facts that the activity stands for as it is now; none once
// it was taken back. Changing an activity records the difference.
func (a Activity) standing() []crm.Fact {
	if a.Undone() {
		return nil
	}
	var out []crm.Fact
	add := func(key string, p Present, ref crm.Ref) {
		out = append(out, crm.Fact{At: a.At, Day: a.Day, User: p.User, Team: p.Team, Key: key, Qty: 1, Ref: ref})
	}
	host := Present{User: a.User, Team: a.Team}
	switch a.Kind {
	case KindVisit:
		for _, p := range a.People {
			add(FactVisit, p, a.Ref())
			if p.Credited {
				add(FactValid, p, a.Ref())
			}
			if a.Attempt() {
				add(FactAttempt, p, a.Ref())
				out[len(out)-1].Qty = int64(a.Weight)
			}
			if p.Credited && p.Plan != 0 && p.Counted {
				add(FactPlanDone, p, a.Ref())
			}
		}
	case KindCall:
		add(FactCall, host, a.Ref())
		if a.Valid {
			add(FactCallValid, host, a.Ref())
		}
	}
	if a.Step != nil && a.Step.Due.Day != "" && a.Step.State != StepCancelled {
		add(FactNextStep, host, a.Ref())
	}
	if a.First {
		add(factFirstContact, host, a.Customer)
	}
	return out
}

// difference are the facts that turn before into after: new ones, and negative
// ones for those that no longer stand. Facts are never edited.
func difference(before, after []crm.Fact) []crm.Fact {
	count := map[crm.Fact]int64{}
	var order []crm.Fact
	tally := func(list []crm.Fact, sign int64) {
		for _, f := range list {
			if _, seen := count[f]; !seen {
				order = append(order, f)
			}
			count[f] += sign
		}
	}
	tally(before, -1)
	tally(after, 1)
	var out []crm.Fact
	for _, f := range order {
		if n := count[f]; n != 0 {
			f.Qty *= n
			out = append(out, f)
		}
	}
	return out
}
