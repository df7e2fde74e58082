package activity

import (
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// PlanState is how far a planned visit is.
type PlanState string

// The states of a plan.
const (
	PlanOpen      PlanState = "open"
	PlanDone      PlanState = "done"
	PlanCancelled PlanState = "cancelled"
	PlanMoved     PlanState = "moved" // to another day
)

// Name is the state's word.
func (s PlanState) Name(l crm.Lang) string {
	switch s {
	case PlanDone:
		return l.T("已完成", "done")
	case PlanCancelled:
		return l.T("已取消", "cancelled")
	case PlanMoved:
		return l.T("已改期", "moved")
	}
	return l.T("待拜访", "planned")
}

// Plan is a visit that somebody means to make.
type Plan struct {
	ID                PlanID
	User              crm.UserID
	Team              crm.TeamID
	Subject, Customer crm.Ref
	Due               Due
	State             PlanState
	// Counted plans were made in time and count for the completion rate (V-04).
	Counted bool
	// Activity is the visit that fulfilled it; zero while open.
	Activity crm.ActivityID
	// ByCustomer cancellations do not count against the person; Note says why.
	ByCustomer bool
	Note       string
	CreatedAt  time.Time
	Version    int64
}

// PlanClock are the times of day until which a plan counts (V-04): the evening
// before, or the morning of the day itself.
type PlanClock struct{ Evening, Morning calendar.TimeOfDay }

// InTime reports whether a plan for the day that is made, changed or dropped at
// the moment still is part of the day's planning.
func (p PlanClock) InTime(at time.Time, day crm.Day, cal *calendar.Calendar) bool {
	return !at.After(cal.At(day.AddDays(-1), p.Evening)) || !at.After(cal.At(day, p.Morning))
}

// Completion is how much of a plan was done (V-04).
type Completion struct {
	// Counted plans and those of them that became valid visits.
	Planned, Done int
	// ByCustomer plans were cancelled by the customer and left out.
	ByCustomer int
	// Late plans were added after the planning was closed; Unplanned are visits
	// without a plan. Both stand apart.
	Late, Unplanned int
}

// Percent is the completion rate, rounded down; ok is false without any plan.
func (c Completion) Percent() (n int, ok bool) {
	if c.Planned == 0 {
		return 0, false
	}
	return c.Done * 100 / c.Planned, true
}
