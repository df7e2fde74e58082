package dingbot

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"crmbot/bot"
	"crmbot/internal/kv"
)

// The platform allows an app 20 calls a second of one API (dingtalk.md §5.1).
// A bucket of one call that gains 19.8 a second leaves 50.5 ms between calls, so
// 21 of them take more than a second, also when they travel for times that
// differ by 10 ms. What a waiter wakes too late is lost, so the rate is near 19.
const (
	perSecondRate  = 19.8
	perSecondBurst = 1
	// longestWait is how long a call waits for its place here; beyond it the
	// outbox waits.
	longestWait = 3 * time.Second
)

// limiter keeps to the platform's rates, together with the other replicas.
type limiter struct {
	kv  kv.Store
	app string
	off bool
}

func newLimiter(store kv.Store, app string, off bool) *limiter { return &limiter{store, app, off} }

var errBusy = errors.New("the platform's rate is used up")

// take takes a place for one call of an API.
func (l *limiter) take(ctx context.Context, api string) error {
	if l.off {
		return nil
	}
	deadline := time.Now().Add(longestWait)
	for {
		ok, after, err := l.kv.Take(ctx, "ding:api:"+l.app+":"+api, perSecondRate, perSecondBurst, 1)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			// Without shared state the platform's own answer is the limit.
			slog.WarnContext(ctx, "rate limit unavailable", "platform", Name, "err", err)
			return nil
		}
		if ok {
			return nil
		}
		if time.Now().Add(after).After(deadline) {
			return &bot.RetryAfter{Wait: after, Err: errBusy}
		}
		if !pause(ctx, after) {
			return ctx.Err()
		}
	}
}
