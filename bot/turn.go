package bot

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"crmbot/internal/kv"
)

// longestTurn is how far ahead a call reserves its turn; beyond it the outbox
// waits.
const longestTurn = 3 * time.Second

// ErrBusy is the cause of a RetryAfter from Turn: nothing was sent.
var ErrBusy = errors.New("the platform's rate is used up")

// Turn waits for a call's turn within a platform's rate, which the replicas share.
// A RetryAfter says that it would take too long to wait here.
func Turn(ctx context.Context, store kv.Store, key string, rate float64, burst int) error {
	ahead := longestTurn
	if by, ok := ctx.Deadline(); ok { // a turn that cannot be waited for would be lost to those behind
		ahead = max(min(ahead, time.Until(by)), 0)
	}
	ok, after, err := store.Reserve(ctx, key, rate, burst, 1, ahead)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		// Without shared state the platform's own answer is the limit.
		slog.WarnContext(ctx, "rate limit unavailable", "err", err)
		return nil
	case !ok:
		return &RetryAfter{Wait: after, Err: ErrBusy}
	case after == 0:
		return nil
	}
	t := time.NewTimer(after)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
