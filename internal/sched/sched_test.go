package sched_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"crmbot/internal/crm"
	"crmbot/internal/sched"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a Store in memory; storetest proves the real one.
type memory struct {
	mu     sync.Mutex
	due    map[string]time.Time
	owner  map[string]string
	until  map[string]time.Time
	runs   []string
	leases int
}

func newMemory() *memory {
	return &memory{due: map[string]time.Time{}, owner: map[string]string{}, until: map[string]time.Time{}}
}

func (m *memory) JobCursors(context.Context) (map[string]time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]time.Time{}
	for k, v := range m.due {
		out[k] = v
	}
	return out, nil
}

func (m *memory) InitJob(_ context.Context, name string, next time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.due[name]; !ok {
		m.due[name] = next
	}
	return nil
}

func (m *memory) LeaseJob(_ context.Context, name string, due time.Time, owner string, now, until time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.due[name].Equal(due) || m.until[name].After(now) && m.owner[name] != owner {
		return false, nil
	}
	m.leases++
	m.owner[name], m.until[name] = owner, until
	return true, nil
}

func (m *memory) AdvanceJob(_ context.Context, name string, due, next time.Time, owner, result string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owner[name] == owner && m.due[name].Equal(due) {
		m.due[name], m.until[name] = next, time.Time{}
		m.runs = append(m.runs, fmt.Sprintf("%s %s %s", name, due.Format("02T15:04"), result))
	}
	return nil
}

var monday = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

func every(d time.Duration) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.Truncate(d).Add(d) }
}

func scheduler(t *testing.T, m *memory, clock crm.Clock, jobs ...sched.Job) *sched.Scheduler {
	t.Helper()
	s, err := sched.New(m, clock, "me", jobs...)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func fine(context.Context, time.Time) error { return nil }

func TestMistakesStopTheStart(t *testing.T) {
	j := sched.Job{Name: "a", Next: every(time.Hour), Run: fine}
	for _, jobs := range [][]sched.Job{{j, j}, {{Next: j.Next, Run: fine}}, {{Name: "a", Run: fine}}, {{Name: "a", Next: j.Next}}} {
		if _, err := sched.New(newMemory(), crm.WallClock{}, "me", jobs...); err == nil {
			t.Errorf("accepted %+v", jobs)
		}
	}
}

// TestDueTimesRunInOrderAcrossJobs: a clock that moves far runs everything at
// its own time, the earliest first.
func TestDueTimesRunInOrderAcrossJobs(t *testing.T) {
	m, clock := newMemory(), crm.NewMovableClock(monday, true)
	s := scheduler(t, m, clock, sched.Job{Name: "slow", Next: every(3 * time.Hour), Run: fine}, sched.Job{Name: "fast", Next: every(time.Hour), Run: fine})
	if n, err := s.RunAll(t.Context(), monday.Add(3*time.Hour)); err != nil || n != 4 {
		t.Errorf("ran %d, %v", n, err)
	}
	want := []string{"fast 02T02:00 done", "slow 02T03:00 done", "fast 02T03:00 done", "fast 02T04:00 done"}
	if !slices.Equal(m.runs, want) {
		t.Errorf("ran %q", m.runs)
	}
	if n, err := s.RunAll(t.Context(), monday.Add(3*time.Hour)); err != nil || n != 0 {
		t.Errorf("again: %d, %v", n, err)
	}
}

func TestCatchUpAndSkip(t *testing.T) {
	m, clock := newMemory(), crm.NewMovableClock(monday, true)
	s := scheduler(t, m, clock, sched.Job{Name: "a", Next: every(time.Hour), Run: fine, CatchUp: 2 * time.Hour})
	if err := s.RunDue(t.Context(), monday.Add(10*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a 02T02:00 skipped", "a 02T10:00 done", "a 02T11:00 done"}; !slices.Equal(m.runs, want) {
		t.Errorf("ran %q, want %q", m.runs, want)
	}
}

// TestAFailureIsTriedAgainLaterAndLater and does not hold up the others.
func TestAFailureIsTriedAgainLaterAndLater(t *testing.T) {
	m, clock := newMemory(), crm.NewMovableClock(monday, true)
	var tries []time.Time
	bad := true
	s := scheduler(t, m, clock, sched.Job{Name: "bad", Next: every(24 * time.Hour), Run: func(context.Context, time.Time) error {
		tries = append(tries, clock.Now())
		if bad {
			return errors.New("not yet")
		}
		return nil
	}}, sched.Job{Name: "good", Next: every(24 * time.Hour), Run: fine}, sched.Job{Name: "panics", Next: every(24 * time.Hour), Run: func(context.Context, time.Time) error { panic("x") }, CatchUp: time.Minute})
	due := monday.Add(23 * time.Hour)
	for minute := range 200 {
		now := due.Add(time.Duration(minute) * time.Minute)
		if err := clock.Set(now); err != nil {
			t.Fatal(err)
		}
		if minute == 190 {
			bad = false
		}
		err := s.RunDue(t.Context(), now)
		if minute == 0 && (err == nil || !strings.Contains(err.Error(), "job bad: not yet") || !strings.Contains(err.Error(), "job panics: panic in job")) {
			t.Errorf("the failures: %v", err)
		}
	}
	var after []int
	for _, at := range tries {
		after = append(after, int(at.Sub(due).Minutes()))
	}
	if want := []int{0, 1, 3, 7, 15, 31, 63, 123, 183}; !slices.Equal(after, want) {
		t.Errorf("tried after %v minutes, want %v", after, want)
	}
	if !slices.Contains(m.runs, "good 03T00:00 done") || !slices.Contains(m.runs, "panics 03T00:00 skipped") || slices.ContainsFunc(m.runs, func(s string) bool { return strings.HasPrefix(s, "bad") }) {
		t.Errorf("ran %q", m.runs)
	}
	next, ok, err := s.NextDue(t.Context(), due.Add(48*time.Hour))
	if err != nil || !ok || !next.Equal(due.Add(243*time.Minute)) {
		t.Errorf("tried again at %s, %v %v", next, ok, err)
	}
	if next, _, err := s.NextAfter(t.Context(), next); err != nil || !next.Equal(due.Add(24*time.Hour)) {
		t.Errorf("after that at %s, %v", next, err)
	}
	if _, ok, err := s.NextDue(t.Context(), due.Add(time.Minute)); ok || err != nil {
		t.Errorf("something is due by then: %v %v", ok, err)
	}
}

// TestATimeThatDoesNotMoveIsADefectNotALoop.
func TestATimeThatDoesNotMoveIsADefectNotALoop(t *testing.T) {
	m, clock := newMemory(), crm.NewMovableClock(monday, true)
	m.due["stuck"] = monday
	ran := 0
	s := scheduler(t, m, clock, sched.Job{Name: "stuck", Next: func(t time.Time) time.Time { return t }, Run: func(context.Context, time.Time) error { ran++; return nil }})
	if err := s.RunDue(t.Context(), monday); err == nil || ran != 0 {
		t.Errorf("ran %d times, %v", ran, err)
	}
}

func TestAJobThatNeverRunsAgain(t *testing.T) {
	m, clock := newMemory(), crm.NewMovableClock(monday, true)
	once := func(t time.Time) time.Time {
		if t.Before(monday.Add(time.Hour)) {
			return monday.Add(time.Hour)
		}
		return time.Time{}
	}
	job := sched.Job{Name: "once", Next: once, Run: fine}
	s := scheduler(t, m, clock, job)
	for range 3 {
		if err := s.RunDue(t.Context(), monday.Add(100*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.runs) != 1 {
		t.Errorf("ran %q", m.runs)
	}
	if _, ok, err := scheduler(t, m, clock, job).NextDue(t.Context(), monday.Add(1e6*time.Second)); ok || err != nil {
		t.Errorf("a restart made it due again: %v %v", ok, err)
	}
}

// TestALongJobKeepsItsLease, and one that lost it is told to stop.
func TestALongJobKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		lost := false
		s := scheduler(t, m, wall{}, sched.Job{Name: "long", Next: every(24 * time.Hour), Run: func(ctx context.Context, due time.Time) error {
			time.Sleep(time.Hour)
			if !lost {
				return ctx.Err()
			}
			m.mu.Lock()
			m.owner["long"], m.until["long"] = "other", time.Now().Add(time.Hour)
			m.mu.Unlock()
			<-ctx.Done() // without the lease the context ends
			return ctx.Err()
		}})
		next, _, err := s.NextDue(t.Context(), time.Now().Add(48*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(next))
		if err := s.RunDue(t.Context(), time.Now()); err != nil || len(m.runs) != 1 || m.leases < 15 {
			t.Errorf("ran %q with %d leases, %v", m.runs, m.leases, err)
		}
		lost = true
		time.Sleep(24 * time.Hour)
		if err := s.RunDue(t.Context(), time.Now()); err == nil || len(m.runs) != 1 {
			t.Errorf("counts as done without the lease: %q, %v", m.runs, err)
		}
	})
}

type wall struct{}

func (wall) Now() time.Time { return time.Now().UTC() }

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		s := scheduler(t, m, wall{}, sched.Job{Name: "a", Next: every(time.Minute), Run: fine})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		time.Sleep(10*time.Minute + time.Second)
		stop()
		if err := <-done; err != nil || len(m.runs) != 10 {
			t.Errorf("ran %d times in ten minutes, %v", len(m.runs), err)
		}
	})
}

// TestIdleDueTimesArePassedOver: a job that looks often for something rare runs
// only when something waits, and then at the due time that meets it.
func TestIdleDueTimesArePassedOver(t *testing.T) {
	m, clock := newMemory(), crm.NewMovableClock(monday, true)
	var waits time.Time
	var ran []string
	s := scheduler(t, m, clock, sched.Job{Name: "rare", Next: every(5 * time.Minute), CatchUp: time.Hour,
		Pending: func(context.Context) (time.Time, error) { return waits, nil },
		Run: func(_ context.Context, due time.Time) error {
			ran, waits = append(ran, due.Format("02T15:04")), time.Time{}
			return nil
		}})
	all := func(at time.Time, want int) {
		t.Helper()
		if n, err := s.RunAll(t.Context(), at); err != nil || n != want {
			t.Fatalf("at %s: ran %d, %v; want %d", at, n, err, want)
		}
	}
	all(monday.Add(72*time.Hour), 0)
	if m.leases != 0 {
		t.Errorf("leased %d times for nothing", m.leases)
	}
	if next, ok, err := s.NextAfter(t.Context(), monday.Add(72*time.Hour)); ok || err != nil {
		t.Errorf("idle, but next is %s, %v", next, err)
	}
	waits = monday.Add(73*time.Hour + 3*time.Minute)
	all(monday.Add(73*time.Hour), 0)
	if next, ok, _ := s.NextAfter(t.Context(), monday.Add(73*time.Hour)); !ok || !next.Equal(monday.Add(73*time.Hour+5*time.Minute)) {
		t.Errorf("next is %s, %v", next, ok)
	}
	all(monday.Add(73*time.Hour+5*time.Minute), 1)
	if want := []string{"05T02:05"}; !slices.Equal(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
}

// TestWhatWaitsNowDoesNotWaitForEver: Pending may answer with the present moment,
// which moves on; the job runs once per due time all the same.
func TestWhatWaitsNowDoesNotWaitForEver(t *testing.T) {
	m, clock := newMemory(), crm.NewMovableClock(monday, true)
	now, ran := monday, 0
	s := scheduler(t, m, clock, sched.Job{Name: "night", Next: every(24 * time.Hour), Pending: func(context.Context) (time.Time, error) { return now, nil },
		Run: func(context.Context, time.Time) error { ran++; return nil }})
	for range 72 {
		now = now.Add(time.Hour + 7*time.Second)
		if _, err := s.RunAll(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	if ran != 3 {
		t.Errorf("ran %d times in three days: %v", ran, m.runs)
	}
}

// TestPendingThatFailsHoldsUpNobody: its job is tried again later, the others run.
func TestPendingThatFailsHoldsUpNobody(t *testing.T) {
	m, clock := newMemory(), crm.NewMovableClock(monday, true)
	good := 0
	s := scheduler(t, m, clock,
		sched.Job{Name: "blind", Next: every(time.Minute), Run: fine, Pending: func(context.Context) (time.Time, error) { return time.Time{}, errors.New("no answer") }},
		sched.Job{Name: "good", Next: every(time.Hour), Run: func(context.Context, time.Time) error { good++; return nil }})
	if _, err := s.RunAll(t.Context(), monday.Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "blind") {
		t.Errorf("error %v", err)
	}
	if good != 1 {
		t.Errorf("the other job ran %d times", good)
	}
}
