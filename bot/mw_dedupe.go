package bot

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"

	"crmbot/internal/kv"
)

const (
	dedupeWindow = 12 * time.Hour
	// dedupeRunning is how long a claim outlives the process that made it: less
	// than the 15 s after which Lark delivers again for the first time. It is
	// renewed while the handler runs.
	dedupeRunning = 10 * time.Second
	dedupeRenew   = 3 * time.Second
)

var (
	markRunning = []byte("running")
	markDone    = []byte("done")
)

func eventKey(req *Req) string { return "ev:" + req.Platform + ":" + req.EventID }

// Dedupe handles an event once: claimed before, done after success, released
// when the failure could be mended by a redelivery. It keeps work away from
// the database; what makes an event take effect once for certain is its unique
// row in the transaction.
func Dedupe(store kv.Store) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Req) Reply {
			if req.EventID == "" {
				return next(ctx, req)
			}
			key := eventKey(req)
			fresh, err := store.SetNX(ctx, key, markRunning, dedupeRunning)
			if err != nil {
				// Without the cache the transaction's unique row still holds.
				slog.WarnContext(ctx, "dedupe unavailable", "err", err)
				return next(ctx, req)
			}
			if !fresh {
				// Somebody is at it or is done. While it runs, the adapter should not
				// acknowledge: if that process dies, the next delivery does the work.
				state, ok, err := store.Get(ctx, key)
				return Reply{transient: err == nil && ok && bytes.Equal(state, markRunning)}
			}
			keep := context.WithoutCancel(ctx)
			rep := claimed(keep, store, key, func() Reply { return next(ctx, req) })
			if rep.transient {
				err = store.Del(keep, key)
			} else {
				err = store.Set(keep, key, markDone, dedupeWindow)
			}
			if err != nil {
				slog.WarnContext(ctx, "dedupe mark", "err", err)
			}
			return rep
		}
	}
}

// claim keeps an event's mark alive while its handler runs.
type claim struct {
	mu    sync.Mutex
	ended bool
	timer *time.Timer
}

// claimed runs the handler while the mark is kept alive.
func claimed(ctx context.Context, store kv.Store, key string, handle func() Reply) Reply {
	defer hold(ctx, store, key).end()
	return handle()
}

func hold(ctx context.Context, store kv.Store, key string) *claim {
	c := &claim{}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(dedupeRenew, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.ended {
			return
		}
		if err := store.Set(ctx, key, markRunning, dedupeRunning); err != nil {
			slog.WarnContext(ctx, "dedupe renewal", "err", err)
		}
		c.timer.Reset(dedupeRenew)
	})
	return c
}

// end stops the renewal; after it nobody writes the mark but the caller.
func (c *claim) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.timer.Stop()
}
