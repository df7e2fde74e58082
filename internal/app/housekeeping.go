package app

import (
	"context"
	"errors"
	"time"

	"crmbot/internal/sched"
)

// housekeeping are the jobs that keep the plumbing's tables small and mend what
// came too late.
func (a *App) housekeeping() []sched.Job {
	return []sched.Job{{
		Name: "plumbing.prune",
		Next: func(t time.Time) time.Time { return t.Truncate(24 * time.Hour).Add(24*time.Hour + 7*time.Minute) },
		Run: func(ctx context.Context, due time.Time) error {
			return errors.Join(a.DB.FollowTeams(ctx), a.DB.Prune(ctx, due))
		},
	}}
}
