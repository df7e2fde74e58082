// Package outbox delivers what transactions queued: proactive cards and
// updates of cards that were sent before, at least once, in order per message.
package outbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
)

// Row is one queued delivery.
type Row struct {
	ID      int64
	Key     string // idempotency key
	Refresh bool   // update the sent cards about View.Ref instead of sending one
	To      crm.Target
	View    crm.View
	Topic   string
	Tries   int
	Created time.Time
}

// Store keeps the queue.
type Store interface {
	// LeaseOutbox takes up to n due rows for owner until the lease ends. Rows of
	// a topic that has a newer waiting row for the same target are marked
	// superseded instead; rows of a topic that somebody else delivers now wait.
	LeaseOutbox(ctx context.Context, owner string, now, until time.Time, n int) ([]Row, error)
	// FinishOutbox marks a leased row delivered.
	FinishOutbox(ctx context.Context, id int64, owner string, now time.Time) error
	// RetryOutbox gives a leased row back, due at next.
	RetryOutbox(ctx context.Context, id int64, owner string, next time.Time, cause string) error
	// BuryOutbox marks a leased row as failed for good.
	BuryOutbox(ctx context.Context, id int64, owner string, now time.Time, cause string) error
	// NextOutbox is when the next waiting row is due; zero: none waits.
	NextOutbox(ctx context.Context) (time.Time, error)
}

// Deliver sends one row to its platform.
type Deliver func(ctx context.Context, r Row) error

// Limits of the worker.
const (
	lease    = 2 * time.Minute
	batch    = 32
	maxTries = 12
)

// Worker delivers rows. One per process; several processes share a queue.
type Worker struct {
	store   Store
	deliver Deliver
	clock   crm.Clock
	owner   string
	wake    chan struct{}
}

// NewWorker makes a worker; owner is unique per process.
func NewWorker(store Store, deliver Deliver, clock crm.Clock, owner string) *Worker {
	return &Worker{store: store, deliver: deliver, clock: clock, owner: owner, wake: make(chan struct{}, 1)}
}

// Wake tells the worker that something was queued.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run delivers until the context ends.
func (w *Worker) Run(ctx context.Context) error {
	poll := time.NewTicker(time.Second)
	defer poll.Stop()
	for {
		if _, err := w.Drain(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "outbox", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
		case <-poll.C:
		}
	}
}

// Drain delivers everything that is due now and returns how many rows it
// handled.
func (w *Worker) Drain(ctx context.Context) (int, error) {
	total := 0
	for ctx.Err() == nil {
		now := w.clock.Now()
		rows, err := w.store.LeaseOutbox(ctx, w.owner, now, now.Add(lease), batch)
		if err != nil || len(rows) == 0 {
			return total, err
		}
		// Rows for one target keep their order; different targets run side by side.
		groups := map[crm.Target][]Row{}
		var order []crm.Target
		for _, r := range rows {
			if groups[r.To] == nil {
				order = append(order, r.To)
			}
			groups[r.To] = append(groups[r.To], r)
		}
		var wg sync.WaitGroup
		slots := make(chan struct{}, 8)
		for _, to := range order {
			wg.Add(1)
			slots <- struct{}{}
			go func() {
				defer func() { <-slots; wg.Done() }()
				for _, r := range groups[to] {
					w.one(ctx, r)
				}
			}()
		}
		wg.Wait()
		total += len(rows)
	}
	return total, ctx.Err()
}

func (w *Worker) one(ctx context.Context, r Row) {
	err := w.safely(ctx, r)
	now := w.clock.Now()
	var mark error
	var throttled *bot.RetryAfter
	switch {
	case err == nil:
		mark = w.store.FinishOutbox(ctx, r.ID, w.owner, now)
	case errors.As(err, &throttled):
		mark = w.store.RetryOutbox(ctx, r.ID, w.owner, now.Add(throttled.Wait), err.Error())
	case errors.Is(err, bot.ErrPermanent) || r.Tries+1 >= maxTries:
		slog.WarnContext(ctx, "message given up", "outbox", r.ID, "view", r.View.Name, "tries", r.Tries+1, "err", err)
		mark = w.store.BuryOutbox(ctx, r.ID, w.owner, now, err.Error())
	default:
		mark = w.store.RetryOutbox(ctx, r.ID, w.owner, now.Add(Backoff(r.Tries)), err.Error())
	}
	if mark != nil && ctx.Err() == nil {
		slog.ErrorContext(ctx, "outbox mark", "outbox", r.ID, "err", mark)
	}
}

func (w *Worker) safely(ctx context.Context, r Row) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "panic in delivery", "outbox", r.ID, "view", r.View.Name)
			err = errors.New("panic in delivery")
		}
	}()
	return w.deliver(ctx, r)
}

// Backoff is the wait after the given number of failed tries: 1 s doubling to
// 10 min, with up to a quarter of jitter.
func Backoff(tries int) time.Duration {
	d := min(time.Second<<min(tries, 16), 10*time.Minute)
	return d + rand.N(d/4+1)
}
