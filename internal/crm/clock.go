package crm

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Clock tells the time. Services get one; rules get the time as an argument.
type Clock interface{ Now() time.Time }

// WallClock is the real time.
type WallClock struct{}

// Now is the present moment, UTC, cut to milliseconds as the database keeps it.
func (WallClock) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// MovableClock runs with the real time from a moment that can be moved
// forward, for trying out and for scripts. Safe for concurrent use.
type MovableClock struct {
	mu     sync.RWMutex
	frozen bool
	base   time.Time
	since  time.Time
}

// NewMovableClock starts at t. A frozen clock moves only when it is set.
func NewMovableClock(t time.Time, frozen bool) *MovableClock {
	return &MovableClock{base: t, since: time.Now(), frozen: frozen}
}

// Now is the clock's moment, UTC.
func (c *MovableClock) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	t := c.base
	if !c.frozen {
		t = t.Add(time.Since(c.since))
	}
	return t.UTC().Truncate(time.Millisecond)
}

// Set moves the clock to t. Moving back is refused: the ledger and the facts
// are in order of time.
func (c *MovableClock) Set(t time.Time) error {
	now := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.Before(now) {
		return Invalid("时钟只能向前移动，现在是 "+now.Format(time.RFC3339), "the clock only moves forward; it is "+now.Format(time.RFC3339))
	}
	c.base, c.since = t, time.Now()
	return nil
}

// Run lets a frozen clock go on with the real time.
func (c *MovableClock) Run() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		c.frozen, c.since = false, time.Now()
	}
}

// Transactor runs a closure in one database transaction that travels in the
// context: stores called with that context take part, and a nested InTx joins.
// The closure may run several times (deadlocks are retried a bounded number of
// times), so it changes nothing but the database. The commit's error counts.
type Transactor interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
}

// ErrAgain is for a closure that finds that what its transaction read has changed
// since: it is run again, and reads what is true now.
var ErrAgain = errors.New("what the transaction read has changed")

// Event identifies what a platform delivered, so that a redelivery changes
// nothing twice. The zero value is work without an event (jobs).
type Event struct{ Platform, ID string }

type eventKey struct{}

// WithEvent attaches the event that is being handled.
func WithEvent(ctx context.Context, e Event) context.Context {
	return context.WithValue(ctx, eventKey{}, e)
}

// EventOf is the event being handled, or the zero Event.
func EventOf(ctx context.Context) Event {
	e, _ := ctx.Value(eventKey{}).(Event)
	return e
}
