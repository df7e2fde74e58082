package dingbot

import (
	"context"

	"crmbot/bot"
	"crmbot/internal/kv"
)

// The platform allows an app 20 calls a second of one API (dingtalk.md §5.1).
// A bucket of one call that gains 19.2 a second leaves 52.1 ms between calls, so
// 21 of them take more than a second, also when they are sent too late and travel
// for times that differ by 41 ms. A call that is later than 17 ms leaves its turn
// (bot.Turn).
const (
	perSecondRate  = 19.2
	perSecondBurst = 1
)

// limiter keeps to the platform's rates, together with the other replicas.
type limiter struct {
	kv  kv.Store
	app string
	off bool
}

func newLimiter(store kv.Store, app string, off bool) *limiter { return &limiter{store, app, off} }

// take takes a place for one call of an API.
func (l *limiter) take(ctx context.Context, api string) error {
	if l.off {
		return nil
	}
	return bot.Turn(ctx, l.kv, "ding:api:"+l.app+":"+api, perSecondRate, perSecondBurst)
}
