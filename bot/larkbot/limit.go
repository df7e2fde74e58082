package larkbot

import (
	"context"

	"crmbot/bot"
	"crmbot/internal/kv"
)

// The platform allows 50 requests a second and 1,000 a minute for one API of an
// app, and 5 a second to one chat (lark.md §5.1). A bucket that is full at
// first gives rate × 60 + burst in its first minute, so both stay a little
// below: 16.3 × 60 + 16 = 994.
const (
	perMinuteRate  = 16.3
	perMinuteBurst = 16
	perChatRate    = 4.8
	perChatBurst   = 4
)

// limiter keeps to the platform's rates, together with the other replicas.
type limiter struct {
	kv  kv.Store
	app string
	off bool
}

func newLimiter(store kv.Store, app string, off bool) *limiter {
	return &limiter{kv: store, app: app, off: off}
}

// wait takes a place for one request of an API to a chat or about a message.
func (l *limiter) wait(ctx context.Context, api, target string) error {
	if err := l.take(ctx, "lark:chat:"+l.app+":"+target, perChatRate, perChatBurst); err != nil {
		return err
	}
	return l.take(ctx, "lark:api:"+l.app+":"+api, perMinuteRate, perMinuteBurst)
}

func (l *limiter) take(ctx context.Context, key string, rate float64, burst int) error {
	if l.off {
		return nil
	}
	return bot.Turn(ctx, l.kv, key, rate, burst)
}
