package app

import (
	"context"
	"time"

	"crmbot/internal/sched"
)

// housekeeping are the jobs that keep the plumbing's tables small.
func (a *App) housekeeping() []sched.Job {
	return []sched.Job{{
		Name: "plumbing.prune",
		Next: func(t time.Time) time.Time { return t.Truncate(24 * time.Hour).Add(24*time.Hour + 7*time.Minute) },
		Run: func(ctx context.Context, due time.Time) error {
			return a.DB.Prune(ctx, due)
		},
	}}
}
