package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/recycle"
)

// maxAdvanceErrors bounds how many failures of jobs one Advance collects.
const maxAdvanceErrors = 5

// Advance moves a movable clock to t and runs every job and delivery that
// falls due on the way, each at its own time. It always comes to an end: what
// cannot be done at its time (a job that fails, a message that nobody takes, a
// lease of another process) is passed, tried again when its own time comes, and
// the failures of jobs are returned when the clock has arrived.
func (a *App) Advance(ctx context.Context, clock *crm.MovableClock, t time.Time) error {
	a.advancing.Lock()
	defer a.advancing.Unlock()
	t = t.Truncate(time.Millisecond) // the clock shows no smaller part: it would never arrive
	var failed []error
	for {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(failed, err)...)
		}
		now := clock.Now()
		did, err := a.step(ctx, now, &failed)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		if did {
			continue // it may have queued more for this very moment
		}
		next, err := a.nextAfter(ctx, now, t)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		if !next.After(now) {
			return errors.Join(failed...)
		}
		// A running clock may have passed the moment already.
		if err := clock.Set(next); err != nil && clock.Now().Before(next) {
			return errors.Join(append(failed, err)...)
		}
	}
}

// step does what is due now and reports whether that may have made more due: the
// scheduler ends when no job is due, so only what was delivered after it can.
func (a *App) step(ctx context.Context, now time.Time, failed *[]error) (bool, error) {
	if err := a.Scheduler.RunDue(ctx, now); err != nil {
		if ctx.Err() != nil || a.DB.Ping(ctx) != nil {
			return false, err
		}
		if len(*failed) < maxAdvanceErrors {
			*failed = append(*failed, fmt.Errorf("at %s: %w", now.Format(time.RFC3339), err))
		}
	}
	if a.muted {
		_, err := a.DB.DropOutbox(ctx, now, recycle.ViewWarning)
		return false, err
	}
	sent, err := a.Worker.Drain(ctx)
	return sent > 0, err
}

// Mute makes Advance drop messages that fall due instead of delivering them,
// for making a history that nobody was there to read. Warnings of releases count
// as read: without them nothing would be released (P-15). Call it before Run.
func (a *App) Mute(on bool) { a.muted = on }

// nextAfter is the next moment after now, at most t, at which something falls
// due. What was due before and is still there could not be done now.
func (a *App) nextAfter(ctx context.Context, now, t time.Time) (time.Time, error) {
	at := t
	due, ok, err := a.Scheduler.NextAfter(ctx, now)
	if err != nil {
		return at, err
	}
	if ok && due.Before(at) {
		at = due
	}
	if a.muted {
		return at, nil
	}
	next, err := a.DB.NextOutboxAfter(ctx, now)
	if err != nil {
		return at, err
	}
	if !next.IsZero() && next.Before(at) {
		at = next
	}
	return at, nil
}
