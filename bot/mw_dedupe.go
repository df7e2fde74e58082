package bot

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"crmbot/internal/kv"
)

const (
	dedupeWindow  = 12 * time.Hour
	dedupeRunning = 2 * time.Minute
)

var (
	markRunning = []byte("running")
	markDone    = []byte("done")
)

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
			key := "ev:" + req.Platform + ":" + req.EventID
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
			rep := next(ctx, req)
			keep := context.WithoutCancel(ctx)
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
