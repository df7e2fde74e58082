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

// maxMissed is how often a call that missed its turn waits for another one.
const maxMissed = 5

// Turn waits for a call's turn within a platform's rate, which the replicas share.
// A turn that comes too late to be used is left: the call would come together
// with those of the turns behind it, and the platform would refuse one of them.
// A RetryAfter says that it would take too long to wait here.
func Turn(ctx context.Context, store kv.Store, key string, rate float64, burst int) error {
	late := time.Duration(float64(time.Second) / rate / 3)
	for missed := 0; ; missed++ {
		asked := time.Now()
		after, err := reserve(ctx, store, key, rate, burst)
		if err != nil || after < 0 {
			return err
		}
		if after > 0 {
			if err := sleep(ctx, after); err != nil {
				return err
			}
		}
		// Of a bucket with more than one place a call may be late: it was free before.
		if burst > 1 || time.Since(asked) <= after+late || missed == maxMissed {
			return nil
		}
	}
}

// Place waits for one of n places that the replicas share (kv.Store.Place) and
// returns how to leave it. A RetryAfter says that it would take too long to wait
// here.
func Place(ctx context.Context, store kv.Store, key string, n int, ttl, cool time.Duration) (leave func(), err error) {
	until := time.Now().Add(longestTurn)
	if by, ok := ctx.Deadline(); ok && by.Before(until) {
		until = by
	}
	for {
		free, after, ok, err := store.Place(ctx, key, n, ttl, cool)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			slog.WarnContext(ctx, "rate limit unavailable", "err", err)
			return func() {}, nil
		case ok:
			return func() {
				if err := free(); err != nil {
					slog.WarnContext(ctx, "rate limit unavailable", "err", err)
				}
			}, nil
		}
		// Somebody may leave earlier than that: look again soon.
		if after = min(after, placeLook); time.Now().Add(after).After(until) {
			return nil, &RetryAfter{Wait: time.Second, Err: ErrBusy}
		}
		if err := sleep(ctx, after); err != nil {
			return nil, err
		}
	}
}

// placeLook is how often who waits for a place looks whether one is free.
const placeLook = 25 * time.Millisecond

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reserve takes a turn and says how far away it is; less than zero: there is no
// shared state that could tell.
func reserve(ctx context.Context, store kv.Store, key string, rate float64, burst int) (time.Duration, error) {
	ahead := longestTurn
	if by, ok := ctx.Deadline(); ok { // a turn that cannot be waited for would be lost to those behind
		ahead = max(min(ahead, time.Until(by)), 0)
	}
	ok, after, err := store.Reserve(ctx, key, rate, burst, 1, ahead)
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		// Without shared state the platform's own answer is the limit.
		slog.WarnContext(ctx, "rate limit unavailable", "err", err)
		return -1, nil
	case !ok:
		return 0, &RetryAfter{Wait: after, Err: ErrBusy}
	}
	return after, nil
}
