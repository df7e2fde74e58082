package dingbot

import (
	"context"
	"time"

	"crmbot/bot"
	"crmbot/internal/kv"
)

// The platform allows an app 20 calls a second of one API (dingtalk.md §5.1). When
// a call arrives there is not known here, only that it was between its start and
// its answer. So a call holds one of 20 places until a second after its answer:
// never do more than 20 arrive within a second, however long each travels. Turns a
// little slower than that keep the calls in order and apart, so that a place is
// nearly always free.
const (
	perSecond      = 20
	perSecondRate  = 19.7
	perSecondBurst = 1
	// callTimeout is when a call is given up.
	callTimeout = 30 * time.Second
	// longestCall frees the place of a process that died, after its call did.
	longestCall = callTimeout + time.Second
)

// limiter keeps to the platform's rates, together with the other replicas.
type limiter struct {
	kv  kv.Store
	app string
	off bool
}

func newLimiter(store kv.Store, app string, off bool) *limiter { return &limiter{store, app, off} }

// take takes a place for one call of an API; the caller leaves it when the call
// was answered or given up.
func (l *limiter) take(ctx context.Context, api string) (leave func(), err error) {
	if l.off {
		return func() {}, nil
	}
	key := "ding:api:" + l.app + ":" + api
	if err := bot.Turn(ctx, l.kv, key, perSecondRate, perSecondBurst); err != nil {
		return nil, err
	}
	return bot.Place(ctx, l.kv, key, perSecond, longestCall, time.Second)
}
