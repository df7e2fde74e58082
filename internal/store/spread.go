package store

import (
	"context"
	"hash/fnv"
	"time"

	"crmbot/internal/crm"
)

// Chat platforms ask not to send exactly at full and half hours, when everybody's
// schedules do. What a scheduled job queues then keeps its content and its due
// time in the records; only its delivery is spread over the minutes after.

// fullAndHalf is the distance between two moments that platforms ask to avoid.
const fullAndHalf = 30 * time.Minute

// notAt is how long after such a moment the first message goes out.
const notAt = 20 * time.Second

type scheduleKey struct{}

// WithSchedule marks the work of a scheduled job.
func WithSchedule(ctx context.Context) context.Context {
	return context.WithValue(ctx, scheduleKey{}, true)
}

// SpreadSends spreads what scheduled jobs queue for a full or half hour over so
// long after it; zero: nothing is. Call it before anything runs.
func (d *DB) SpreadSends(within time.Duration) { d.spread = within }

// spreadFrom is when a message of the context to a target goes out that is due at
// the given time.
func (d *DB) spreadFrom(ctx context.Context, at time.Time, to crm.Target) time.Time {
	if scheduled, _ := ctx.Value(scheduleKey{}).(bool); !scheduled {
		return at
	}
	return spread(at, to, d.spread)
}

// spread moves a moment within the given time after a full or half hour to the
// receiver's own place in it, the same every time; never to an earlier one.
func spread(at time.Time, to crm.Target, within time.Duration) time.Time {
	mark := at.Truncate(fullAndHalf)
	if within <= notAt || at.Sub(mark) >= within {
		return at
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(to.Chat)) // never fails
	for n := int64(to.User); n != 0; n >>= 8 {
		_, _ = h.Write([]byte{byte(n)})
	}
	place := mark.Add(notAt + time.Duration(h.Sum64()%uint64((within-notAt)/time.Millisecond))*time.Millisecond)
	if place.Before(at) {
		return at
	}
	return place
}
