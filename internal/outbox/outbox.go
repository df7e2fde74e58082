// Package outbox delivers what transactions queued: proactive cards and
// updates of cards that were sent before, at least once.
//
// The order that is kept is the order per message and topic, not per person: a
// row that fails waits alone, and what else its receiver gets goes on. Rows of
// one topic and target are never under way at the same time, in any process,
// and an older one is never delivered after a newer one: the newest replaces
// those that wait. Updates of a card need no order, because each renders the
// state of its own moment and repeats when it was overtaken.
package outbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
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
	Always  bool // see crm.Notice
	// Again is true when an earlier delivery began: the platform may know the key
	// and show what was sent then.
	Again bool
}

// Store keeps the queue.
type Store interface {
	// LeaseOutbox takes up to n due rows for owner until the lease ends. A row
	// that is not the newest of its topic and target is marked superseded; one
	// whose topic is being delivered at this moment waits.
	LeaseOutbox(ctx context.Context, owner string, now, until time.Time, n int) ([]Row, error)
	// FinishOutbox marks a leased row delivered.
	FinishOutbox(ctx context.Context, id int64, owner string, now time.Time) error
	// RetryOutbox gives a leased row back, due at next; begun says that the
	// platform may have got it, now or before.
	RetryOutbox(ctx context.Context, id int64, owner string, next time.Time, begun bool, cause string) error
	// BuryOutbox marks a leased row as failed for good.
	BuryOutbox(ctx context.Context, id int64, owner string, now time.Time, cause string) error
	// ReleaseOutbox gives leased rows back untried; begun as with RetryOutbox.
	ReleaseOutbox(ctx context.Context, owner string, ids []int64, begun bool) error
	// NextOutbox is when the next waiting row can be leased: when it is due and
	// no other lease is on it. Zero: none waits.
	NextOutbox(ctx context.Context) (time.Time, error)
}

// Deliver sends one row to its platform.
type Deliver func(ctx context.Context, r Row) error

// Limits of the worker.
const (
	lease = 2 * time.Minute
	// late is how long before its lease ends a row is no longer begun: somebody
	// else may have it before this delivery is over.
	late  = 30 * time.Second
	batch = 32
	// A row is given up when it failed maxTries times and is older than maxAge:
	// an outage of a platform for hours loses nothing.
	maxTries = 12
	maxAge   = 24 * time.Hour
	// maxWait bounds what a platform may ask to wait.
	maxWait = time.Hour
	// markWithin is how long marking a row may take after the context ended.
	markWithin = 5 * time.Second
)

// Worker delivers rows. One per process; several processes share a queue.
type Worker struct {
	store   Store
	deliver Deliver
	clock   crm.Clock
	owner   string
	wake    chan struct{}
	turn    chan struct{} // one Drain at a time: it holds one token
}

// NewWorker makes a worker; owner is unique per process.
func NewWorker(store Store, deliver Deliver, clock crm.Clock, owner string) *Worker {
	return &Worker{store: store, deliver: deliver, clock: clock, owner: owner, wake: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
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
// handled. Drains of one worker run one after the other, so that what another
// goroutine had under way is delivered when Drain returns.
func (w *Worker) Drain(ctx context.Context) (int, error) {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	total := 0
	for ctx.Err() == nil {
		now := w.clock.Now()
		rows, err := w.store.LeaseOutbox(ctx, w.owner, now, now.Add(lease), batch)
		w.batch(ctx, rows, now.Add(lease-late))
		total += len(rows)
		if err != nil || len(rows) == 0 {
			return total, err
		}
	}
	return total, ctx.Err()
}

// lane is what is delivered one after the other: the notices of one target, and
// the updates about one record.
type lane struct {
	to    crm.Target
	topic string
}

func laneOf(r Row) lane {
	if r.Refresh {
		return lane{topic: r.Topic}
	}
	if r.To.User != 0 {
		return lane{to: crm.ToUser(r.To.User)}
	}
	return lane{to: r.To}
}

// batch delivers leased rows, several lanes side by side. What is not begun by
// the given time or before the context ends is given back.
func (w *Worker) batch(ctx context.Context, rows []Row, by time.Time) {
	lanes := map[lane][]Row{}
	var order []lane
	for _, r := range rows {
		l := laneOf(r)
		if lanes[l] == nil {
			order = append(order, l)
		}
		lanes[l] = append(lanes[l], r)
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, l := range order {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			w.lane(ctx, lanes[l], by)
		})
	}
	wg.Wait()
}

func (w *Worker) lane(ctx context.Context, rows []Row, by time.Time) {
	for i, r := range rows {
		if ctx.Err() == nil && w.clock.Now().Before(by) {
			w.one(ctx, r)
			continue
		}
		left := map[bool][]int64{}
		for _, r := range rows[i:] {
			left[r.Again] = append(left[r.Again], r.ID)
		}
		mark, cancel := context.WithTimeout(context.WithoutCancel(ctx), markWithin)
		defer cancel()
		for begun, ids := range left {
			if err := w.store.ReleaseOutbox(mark, w.owner, ids, begun); err != nil {
				slog.ErrorContext(ctx, "outbox release", "rows", len(ids), "err", err)
			}
		}
		return
	}
}

// one delivers a row and marks it. A row that was delivered is marked even when
// the context ended meanwhile, or it would be sent again after a restart.
func (w *Worker) one(ctx context.Context, r Row) {
	err := w.safely(ctx, r)
	now := w.clock.Now()
	mark, cancel := context.WithTimeout(context.WithoutCancel(ctx), markWithin)
	defer cancel()
	var failed error
	var throttled *bot.RetryAfter
	switch {
	case err == nil:
		failed = w.store.FinishOutbox(mark, r.ID, w.owner, now)
	case ctx.Err() != nil:
		failed = w.store.ReleaseOutbox(mark, w.owner, []int64{r.ID}, true)
	case errors.As(err, &throttled):
		begun := r.Again || !errors.Is(err, bot.ErrBusy) // our own limit lets nothing out
		failed = w.store.RetryOutbox(mark, r.ID, w.owner, now.Add(min(max(throttled.Wait, time.Second), maxWait)), begun, err.Error())
	case errors.Is(err, bot.ErrPermanent) || r.Tries+1 >= maxTries && now.Sub(r.Created) >= maxAge:
		slog.WarnContext(ctx, "message given up", "outbox", r.ID, "view", r.View.Name, "tries", r.Tries+1, "err", err)
		failed = w.store.BuryOutbox(mark, r.ID, w.owner, now, err.Error())
	default:
		failed = w.store.RetryOutbox(mark, r.ID, w.owner, now.Add(Backoff(r.Tries)), true, err.Error())
	}
	if failed != nil {
		slog.ErrorContext(ctx, "outbox mark", "outbox", r.ID, "err", failed)
	}
}

func (w *Worker) safely(ctx context.Context, r Row) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "panic in delivery", "outbox", r.ID, "view", r.View.Name, "stack", string(debug.Stack()))
			err = errors.New("panic in delivery")
		}
	}()
	return w.deliver(ctx, r)
}

// Backoff is the wait after the given number of failed tries: 1 s doubling to
// 10 min, with up to a quarter of jitter. Never less than a second.
func Backoff(tries int) time.Duration {
	d := min(time.Second<<min(max(tries, 0), 16), 10*time.Minute)
	return d + rand.N(d/4+1)
}
