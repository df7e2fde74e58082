// Package sched runs named jobs at their due times, once per due time across
// all replicas. The due times live in the database; whichever replica is alive
// runs them.
package sched

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"crmbot/internal/crm"
)

// Job is scheduled work.
type Job struct {
	// Name is stable and unique.
	Name string
	// Next is the first due time strictly after t. It must move forward. A zero
	// time means never again.
	Next func(t time.Time) time.Time
	// Run does the work of one due time. It must be idempotent: after a crash
	// the same due time runs again.
	Run func(ctx context.Context, due time.Time) error
	// Pending is when the job next has something to do; the zero time: nothing
	// waits. Due times before it are passed over without running. Nil: every due
	// time counts. Jobs that look often for something rare should have it.
	Pending func(ctx context.Context) (time.Time, error)
	// CatchUp is how late a due time may still run after the program was down;
	// older ones are skipped. Zero: 24 h.
	CatchUp time.Duration
}

// Store keeps the next due time of each job.
type Store interface {
	// JobCursor is the job's next due time, or the zero time for a new job.
	JobCursor(ctx context.Context, name string) (time.Time, error)
	// InitJob stores the first due time of a new job; an existing one stays.
	InitJob(ctx context.Context, name string, next time.Time) error
	// LeaseJob takes the due time for owner until the lease ends; false when
	// somebody else has it or it has moved on.
	LeaseJob(ctx context.Context, name string, due time.Time, owner string, now, until time.Time) (bool, error)
	// AdvanceJob moves a leased job to its next due time and logs the run.
	AdvanceJob(ctx context.Context, name string, due, next time.Time, owner, result string) error
}

const (
	lease   = 10 * time.Minute
	retryIn = time.Minute
)

// Scheduler runs jobs. Safe for concurrent use.
type Scheduler struct {
	store Store
	clock crm.Clock
	owner string
	jobs  []Job

	mu    sync.Mutex // one RunDue at a time
	retry map[string]time.Time
}

// New makes a scheduler; duplicate names are an error.
func New(store Store, clock crm.Clock, owner string, jobs ...Job) (*Scheduler, error) {
	seen := map[string]bool{}
	for _, j := range jobs {
		if j.Name == "" || j.Next == nil || j.Run == nil || seen[j.Name] {
			return nil, fmt.Errorf("job %q is incomplete or registered twice", j.Name)
		}
		seen[j.Name] = true
	}
	return &Scheduler{store: store, clock: clock, owner: owner, jobs: jobs, retry: map[string]time.Time{}}, nil
}

// Start stores the first due time of new jobs, counted from now.
func (s *Scheduler) Start(ctx context.Context) error {
	now := s.clock.Now()
	for _, j := range s.jobs {
		cur, err := s.store.JobCursor(ctx, j.Name)
		if err != nil {
			return err
		}
		if !cur.IsZero() {
			continue
		}
		if next := j.Next(now); !next.IsZero() {
			if err := s.store.InitJob(ctx, j.Name, next); err != nil {
				return err
			}
		}
	}
	return nil
}

// Run runs due jobs every second until the context ends.
func (s *Scheduler) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := s.RunDue(ctx, s.clock.Now()); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "scheduler", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// NextDue is the earliest due time of all jobs and its job, up to the limit;
// ok is false when nothing is due by then.
func (s *Scheduler) NextDue(ctx context.Context, limit time.Time) (due time.Time, ok bool, err error) {
	_, due, ok, err = s.next(ctx, limit)
	return due, ok, err
}

// effective is the due time at which the job must really run: the stored one,
// or the first one at which something waits. A zero time: none.
func (j Job) effective(ctx context.Context, due time.Time) (time.Time, error) {
	if j.Pending == nil || due.IsZero() {
		return due, nil
	}
	at, err := j.Pending(ctx)
	if err != nil || at.IsZero() {
		return time.Time{}, err
	}
	if !at.After(due) {
		return due, nil
	}
	return j.Next(at.Add(-time.Nanosecond)), nil
}

func (s *Scheduler) next(ctx context.Context, limit time.Time) (Job, time.Time, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var best Job
	var due time.Time
	for _, j := range s.jobs {
		cur, err := s.store.JobCursor(ctx, j.Name)
		if err != nil {
			return Job{}, time.Time{}, false, err
		}
		if cur.IsZero() || cur.After(limit) || s.retry[j.Name].After(limit) {
			continue
		}
		if cur, err = j.effective(ctx, cur); err != nil {
			return Job{}, time.Time{}, false, err
		}
		if cur.IsZero() || cur.After(limit) {
			continue
		}
		if due.IsZero() || cur.Before(due) {
			best, due = j, cur
		}
	}
	return best, due, !due.IsZero(), nil
}

// RunDue runs every due time up to now, in order of time. A failing job is
// tried again after a minute and does not hold up the others.
func (s *Scheduler) RunDue(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	busy := map[string]bool{}
	for ctx.Err() == nil {
		ran := false
		for _, j := range s.jobs {
			if busy[j.Name] || s.retry[j.Name].After(now) {
				continue
			}
			cur, err := s.store.JobCursor(ctx, j.Name)
			if err != nil {
				return errors.Join(append(errs, err)...)
			}
			if cur.IsZero() || cur.After(now) {
				continue
			}
			real, err := j.effective(ctx, cur)
			if err != nil {
				errs = append(errs, fmt.Errorf("job %s: %w", j.Name, err))
				busy[j.Name] = true
				continue
			}
			if real.IsZero() || real.After(now) {
				continue
			}
			ok, err := s.runOne(ctx, j, cur, real, now)
			if err != nil {
				errs = append(errs, fmt.Errorf("job %s: %w", j.Name, err))
				s.retry[j.Name] = now.Add(retryIn)
			}
			if !ok {
				busy[j.Name] = true
				continue
			}
			ran = true
		}
		if !ran {
			break
		}
	}
	return errors.Join(errs...)
}

// runOne runs one due time, stored as due and meant for real; false means that
// it did not move on.
func (s *Scheduler) runOne(ctx context.Context, j Job, due, real, now time.Time) (bool, error) {
	got, err := s.store.LeaseJob(ctx, j.Name, due, s.owner, now, now.Add(lease))
	if err != nil || !got {
		return false, err
	}
	next := j.Next(real)
	catchUp := j.CatchUp
	if catchUp == 0 {
		catchUp = 24 * time.Hour
	}
	result := "done"
	if now.Sub(real) > catchUp {
		result = "skipped"
		if jump := j.Next(now.Add(-catchUp)); jump.After(next) {
			next = jump
		}
	} else if err := s.safely(ctx, j, real); err != nil {
		return false, err
	}
	return true, s.store.AdvanceJob(ctx, j.Name, due, next, s.owner, result)
}

func (s *Scheduler) safely(ctx context.Context, j Job, due time.Time) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return j.Run(ctx, due)
}
