// Package sched runs named jobs at their due times, once per due time across
// all replicas. The due times live in the database; whichever replica is alive
// runs them.
package sched

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
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
	// waits. Due times before it are passed over without running; a time that has
	// passed means that something waits now. Nil: every due time counts. Jobs that
	// look often for something rare should have it.
	Pending func(ctx context.Context) (time.Time, error)
	// CatchUp is how late a due time may still run after the program was down;
	// older ones are skipped. Zero: 24 h.
	CatchUp time.Duration
}

// Store keeps the next due time of each job.
type Store interface {
	// JobCursors are the next due times by name; new jobs are absent, jobs that
	// will never run again have the zero time.
	JobCursors(ctx context.Context) (map[string]time.Time, error)
	// InitJob stores the first due time of a new job; an existing one stays.
	InitJob(ctx context.Context, name string, next time.Time) error
	// LeaseJob takes the due time for owner until the lease ends; false when
	// somebody else has it or it has moved on.
	LeaseJob(ctx context.Context, name string, due time.Time, owner string, now, until time.Time) (bool, error)
	// AdvanceJob moves a leased job to its next due time and logs the run.
	AdvanceJob(ctx context.Context, name string, due, next time.Time, owner, result string) error
}

const (
	// lease is how long a job belongs to a replica without a sign of life; while
	// the job runs, the lease is renewed every third of it.
	lease = 10 * time.Minute
	// A failed due time is tried again after retryFirst, then after twice as
	// long, up to retryMost, until it is older than the job's CatchUp.
	retryFirst = time.Minute
	retryMost  = time.Hour
)

// Scheduler runs jobs. Safe for concurrent use.
type Scheduler struct {
	store Store
	clock crm.Clock
	owner string
	jobs  []Job
	renew time.Duration // real time between renewals of a lease

	mu     sync.Mutex // one RunDue at a time
	failed map[string]failure
	last   *look // what was seen last and may be used once more; nil: look again
}

// look is what a scheduler saw, and the moment for which that is good: NextAfter's
// is for a RunDue, and the other way round.
type look struct {
	at      time.Time
	next    bool // NextAfter's
	cursors map[string]time.Time
	pending map[string]time.Time // the answers of jobs that were asked
}

// ask is the job's Pending, asked once a look.
func (l *look) ask(ctx context.Context, j Job) (time.Time, error) {
	if at, ok := l.pending[j.Name]; ok {
		return at, nil
	}
	at, err := j.Pending(ctx)
	if err == nil {
		l.pending[j.Name] = at
	}
	return at, err
}

// failure is a job that failed and when it is tried again.
type failure struct {
	due   time.Time
	tries int
	next  time.Time
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
	return &Scheduler{store: store, clock: clock, owner: owner, jobs: jobs, renew: lease / 3, failed: map[string]failure{}}, nil
}

// Start stores the first due time of new jobs, counted from now.
func (s *Scheduler) Start(ctx context.Context) error {
	now := s.clock.Now()
	cursors, err := s.store.JobCursors(ctx)
	if err != nil {
		return err
	}
	for _, j := range s.jobs {
		if _, known := cursors[j.Name]; known {
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

// NextDue is the earliest time, up to the limit, at which a job is due, or at
// which one that failed is tried again; ok is false when there is none.
func (s *Scheduler) NextDue(ctx context.Context, limit time.Time) (due time.Time, ok bool, err error) {
	due, err = s.first(ctx, time.Time{})
	if due.After(limit) {
		due = time.Time{}
	}
	return due, err == nil && !due.IsZero(), err
}

// NextAfter is NextDue for what falls due after now. Called in turn with RunDue,
// for the moment of which the other one told, each takes the other's word: when a
// clock jumps from one due time to the next, nothing happens in between. What does
// happen, in another goroutine or replica, RunDue finds at its end.
func (s *Scheduler) NextAfter(ctx context.Context, now time.Time) (due time.Time, ok bool, err error) {
	due, err = s.first(ctx, now)
	return due, err == nil && !due.IsZero(), err
}

func (s *Scheduler) first(ctx context.Context, after time.Time) (due time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.look(ctx, after, false)
	if err != nil {
		return time.Time{}, err
	}
	for _, j := range s.jobs {
		cur := l.cursors[j.Name]
		if cur.IsZero() || !due.IsZero() && !cur.Before(due) {
			continue // never, or not earlier than another
		}
		if f := s.failed[j.Name]; f.due.Equal(cur) && f.next.After(cur) {
			cur = f.next
		} else if cur, err = j.wanted(ctx, cur, l); err != nil {
			return time.Time{}, fmt.Errorf("job %s: %w", j.Name, err)
		}
		if cur.After(after) && (due.IsZero() || cur.Before(due)) {
			due = cur
		}
	}
	if !due.IsZero() {
		l.at, l.next = due, true // nothing happens until then
		s.last = l
	}
	return due, nil
}

// look is what was seen for the moment already, else what there is now.
func (s *Scheduler) look(ctx context.Context, at time.Time, next bool) (*look, error) {
	l := s.last
	s.last = nil
	if l != nil && l.at.Equal(at) && l.next == next {
		return l, nil
	}
	cursors, err := s.store.JobCursors(ctx)
	return &look{at: at, cursors: cursors, pending: map[string]time.Time{}}, err
}

// wanted is the due time at which the job really has to run: the stored one, or
// the first one from which on something waits. Zero: nothing waits.
func (j Job) wanted(ctx context.Context, stored time.Time, l *look) (time.Time, error) {
	if j.Pending == nil {
		return stored, nil
	}
	at, err := l.ask(ctx, j)
	if err != nil || at.IsZero() || !at.After(stored) {
		if at.IsZero() {
			stored = time.Time{}
		}
		return stored, err
	}
	return j.Next(at.Add(-time.Nanosecond)), nil
}

// wantedBy is wanted for due times up to now. What waits since the last due time
// does not wait for another: Pending may say "now" every time it is asked.
func (j Job) wantedBy(ctx context.Context, stored, now time.Time, l *look) (time.Time, error) {
	if j.Pending == nil {
		return stored, nil
	}
	at, err := l.ask(ctx, j)
	switch {
	case err != nil || at.IsZero() || at.After(now):
		return time.Time{}, err
	case !at.After(stored):
		return stored, nil
	}
	if due := j.Next(at.Add(-time.Nanosecond)); !due.After(now) {
		return due, nil
	}
	return j.last(stored, now), nil
}

// last is the last due time up to now, not before the stored one and not looked
// for further back than it could be caught up.
func (j Job) last(stored, now time.Time) time.Time {
	last := stored
	if n := j.Next(now.Add(-j.catchUp())); n.After(last) && !n.After(now) {
		last = n
	}
	for n := j.Next(last); n.After(last) && !n.After(now); n = j.Next(n) {
		last = n
	}
	return last
}

func (j Job) catchUp() time.Duration {
	if j.CatchUp == 0 {
		return 24 * time.Hour
	}
	return j.CatchUp
}

// RunDue runs every due time up to now, in order of time. A failing job is
// tried again later and does not hold up the others.
func (s *Scheduler) RunDue(ctx context.Context, now time.Time) error {
	_, err := s.RunAll(ctx, now)
	return err
}

// RunAll is RunDue and tells how many due times were done or skipped.
func (s *Scheduler) RunAll(ctx context.Context, now time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	ran := 0
	left := map[string]bool{} // not in this pass any more
	l, err := s.look(ctx, now, true)
	if err != nil {
		return 0, err
	}
	for ctx.Err() == nil {
		j, due, real, ok, err := s.earliest(ctx, l, left)
		if err == nil && !ok && l.next && ran == 0 { // what was told to be due is not
			if l, err = s.look(ctx, now, true); err != nil {
				return ran, errors.Join(append(errs, err)...)
			}
			continue
		}
		if err == nil && !ok {
			if l.next = false; len(left) == 0 {
				s.last = l
			}
			return ran, errors.Join(errs...)
		}
		var next time.Time
		moved := false
		if err == nil {
			next, moved, err = s.runOne(ctx, j, due, real, now)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("job %s: %w", j.Name, err))
			f := s.failed[j.Name]
			if !f.due.Equal(due) {
				f = failure{due: due}
			}
			f.next = now.Add(min(retryFirst<<min(f.tries, 10), retryMost))
			f.tries++
			s.failed[j.Name] = f
		}
		if !moved || err != nil {
			left[j.Name] = true
			continue
		}
		delete(s.failed, j.Name)
		l.cursors[j.Name] = next // of others that moved meanwhile, no lease is got
		clear(l.pending)         // it may have made work, or done it
		ran++
	}
	return ran, errors.Join(append(errs, ctx.Err())...)
}

// earliest is the job with the earliest due time up to the look's moment: the stored one and
// the one that is wanted. An error with a job is that job's.
func (s *Scheduler) earliest(ctx context.Context, l *look, left map[string]bool) (best Job, due, real time.Time, ok bool, err error) {
	for _, j := range s.jobs {
		if left[j.Name] {
			continue
		}
		cur := l.cursors[j.Name]
		f := s.failed[j.Name]
		if cur.IsZero() || cur.After(l.at) || f.due.Equal(cur) && f.next.After(l.at) {
			continue
		}
		at, err := j.wantedBy(ctx, cur, l.at, l)
		if err != nil {
			return j, cur, cur, false, fmt.Errorf("what waits: %w", err)
		}
		if at.IsZero() || ok && !at.Before(real) {
			continue
		}
		best, due, real, ok = j, cur, at, true
	}
	return best, due, real, ok, nil
}

// runOne runs the due time real of a job whose stored due time is due, and tells
// the next one; false means that it did not move on.
func (s *Scheduler) runOne(ctx context.Context, j Job, due, real, now time.Time) (next time.Time, moved bool, err error) {
	got, err := s.store.LeaseJob(ctx, j.Name, due, s.owner, now, now.Add(lease))
	if err != nil || !got {
		return next, false, err
	}
	next = j.Next(real)
	if !next.IsZero() && !next.After(real) {
		return next, false, fmt.Errorf("its next time %s is not after %s", next.Format(time.RFC3339), real.Format(time.RFC3339))
	}
	result := "done"
	if now.Sub(real) > j.catchUp() {
		result = "skipped"
		if jump := j.Next(now.Add(-j.catchUp())); jump.After(next) {
			next = jump
		}
	} else if err := s.held(ctx, j, due, real); err != nil {
		return next, false, err
	}
	return next, true, s.store.AdvanceJob(ctx, j.Name, due, next, s.owner, result)
}

// errLost is why a job's context ends when another replica took its lease.
var errLost = errors.New("the lease was lost to another replica")

// held runs the job and renews its lease meanwhile. When the lease is lost, the
// job's context ends.
func (s *Scheduler) held(ctx context.Context, j Job, due, real time.Time) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	wg.Go(func() {
		tick := time.NewTicker(s.renew)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			now := s.clock.Now()
			ok, err := s.store.LeaseJob(ctx, j.Name, due, s.owner, now, now.Add(lease))
			if err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "renew lease", "job", j.Name, "err", err)
			} else if err == nil && !ok {
				cancel(errLost)
			}
		}
	})
	err := s.safely(ctx, j, real)
	if cause := context.Cause(ctx); errors.Is(cause, errLost) && err == nil {
		return errLost
	}
	return err
}

func (s *Scheduler) safely(ctx context.Context, j Job, due time.Time) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "panic in job", "job", j.Name, "stack", string(debug.Stack()))
			err = errors.New("panic in job")
		}
	}()
	return j.Run(ctx, due)
}
