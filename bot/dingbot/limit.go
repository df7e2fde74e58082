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
// A bucket of one call that gains 19.2 a second leaves 52.1 ms between calls, so
// 21 of them take more than a second, also when they are sent too late and travel
// for times that differ by 40 ms.
const (
	perSecondRate  = 19.2
	perSecondBurst = 1
	// longestWait is how far ahead a call reserves its place; beyond it the outbox
	// waits.
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
	ok, after, err := l.kv.Reserve(ctx, "ding:api:"+l.app+":"+api, perSecondRate, perSecondBurst, 1, longestWait)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		// Without shared state the platform's own answer is the limit.
		slog.WarnContext(ctx, "rate limit unavailable", "platform", Name, "err", err)
		return nil
	case !ok:
		return &bot.RetryAfter{Wait: after, Err: errBusy}
	case after > 0 && !pause(ctx, after):
		return ctx.Err()
	}
	return nil
}
