package app

import (
	"context"
	"errors"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/sched"
)

// movedLately is how long after a change of a person the nights look for what
// was written with the old team: the program may have been down meanwhile.
const movedLately = 30 * 24 * time.Hour

// housekeeping are the jobs that keep the plumbing's tables small and mend what
// came too late, while the organisation sleeps.
func (a *App) housekeeping() []sched.Job {
	cal := a.Services.Calendar
	return []sched.Job{{
		Name: "plumbing.prune",
		Next: func(t time.Time) time.Time {
			d := cal.DayOf(t)
			if n := cal.At(d, calendar.Clock(3, 7)); n.After(t) {
				return n.UTC()
			}
			return cal.At(d.AddDays(1), calendar.Clock(3, 7)).UTC()
		},
		Run: func(ctx context.Context, due time.Time) error {
			return errors.Join(a.DB.FollowTeams(ctx, due.Add(-movedLately)), a.DB.Prune(ctx, due))
		},
	}}
}
