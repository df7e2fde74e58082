// Package kv keeps what is shared between replicas and may be lost: claims on
// events, short locks, request limits, caches and fan-out. Everything that must
// survive lives in the database.
//
// There are two implementations: in the process, for one replica, and Redis.
// kvtest proves that they behave the same.
package kv

import (
	"context"
	"errors"
	"time"
)

// Store is safe for concurrent use. All methods fail with ErrClosed after
// Close and with the context's error when it is done.
//
// Keys are 1 to MaxKey bytes and hold ids, never names, phones or text. Values,
// buckets and locks have name spaces of their own: the same key may be used in
// each. Everything has a time to live; nothing stays for ever.
//
// An error leaves open whether the call took effect. A call whose answer was
// lost is tried once more before it fails; SetNX and Lock recognise their first
// try, so a caller's own success is never reported as somebody else's.
type Store interface {
	// SetNX stores the value if the key has none and reports whether it did.
	// ttl is at least a millisecond.
	SetNX(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error)
	// Get returns the key's value, a copy that the caller owns; ok is false when
	// there is none (any more).
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Set stores the value in place of any other; ttl starts again.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Del removes the value. Removing nothing is no error.
	Del(ctx context.Context, key string) error

	// Take takes n tokens from the key's bucket, which holds up to burst tokens,
	// is full at first and gains rate tokens per second. If it holds fewer than
	// n, it takes none and returns how long to wait until it will hold them.
	// n is 1 to burst; more could never be had and is ErrInvalid.
	Take(ctx context.Context, key string, rate float64, burst, n int) (ok bool, retryAfter time.Duration, err error)

	// Reserve is Take that also takes tokens which the bucket will hold within
	// ahead: they are the caller's, who waits before using them. Callers are
	// served in order, each wakes once, and what one of them sleeps too long is
	// not lost to the others. If ok is false, nothing is taken and wait is how
	// long until the tokens will be there. ahead is at most MaxAhead.
	Reserve(ctx context.Context, key string, rate float64, burst, n int, ahead time.Duration) (ok bool, wait time.Duration, err error)

	// Lock takes the key's lock unless somebody holds it; it does not wait. The
	// lock ends by unlock or after ttl, whichever comes first, so a holder that
	// is slower than ttl works without it: a write that must not come from a
	// late holder carries the token, which grows with every lock of the key,
	// and is refused where a greater token has been seen.
	//
	// unlock is not nil only if ok. It works though ctx is done, can be called
	// again without effect, and returns ErrLost when the lock had ended before.
	Lock(ctx context.Context, key string, ttl time.Duration) (unlock func() error, token int64, ok bool, err error)

	// Place takes one of the key's n places unless all are taken; it does not
	// wait. The place is the caller's until leave, and stays taken for cool after
	// that; without leave it ends after ttl. With ok false, wait is how long until
	// the first place is free if nobody leaves earlier. Everybody names the same n.
	//
	// leave is not nil only if ok. It works though ctx is done and can be called
	// again without effect; of a place that ended before it keeps the key's count
	// right all the same. cool is at most ttl.
	Place(ctx context.Context, key string, n int, ttl, cool time.Duration) (leave func() error, wait time.Duration, ok bool, err error)

	// Publish sends the message to all who are subscribed at this moment.
	Publish(ctx context.Context, channel string, message []byte) error
	// Subscribe returns the channel's messages from now on, until ctx is done
	// or the store is closed; then the Go channel is closed. Messages may be
	// lost: to a receiver that is more than Backlog behind, and while the
	// connection to Redis is down. Use them as a hint to look in the database.
	Subscribe(ctx context.Context, channel string) (<-chan []byte, error)

	// Ping reports whether the store can be reached.
	Ping(ctx context.Context) error
	// Close ends all subscriptions, waits for its goroutines and frees
	// everything. Calling it again has no effect.
	Close() error
}

// Errors that callers tell apart with errors.Is.
var (
	ErrClosed  = errors.New("kv: store is closed")
	ErrLost    = errors.New("kv: the lock had ended")
	ErrInvalid = errors.New("kv: invalid argument")
)

const (
	// MaxKey is the greatest length of a key or channel name in bytes.
	MaxKey = 512
	// MaxValue is the greatest size of a value or message in bytes.
	MaxValue = 1 << 20
	// MaxAhead bounds how far ahead tokens can be reserved: the time that a clock
	// which was set back can block a bucket for grows by it.
	MaxAhead = time.Minute
	// Backlog is how many messages wait for a slow receiver before further
	// ones are dropped.
	Backlog = 256
)

// Option changes a store when it is made.
type Option func(*options)

type options struct {
	prefix string
	limit  int64
}

// WithPrefix puts a text before every key and channel name in Redis, so that
// several installations or tests can share one. Avoid "{" in it: on a cluster
// all keys would land on one node. The in-process store shares nothing and
// ignores it.
func WithPrefix(p string) Option { return func(o *options) { o.prefix = p } }

// WithMemoryLimit bounds what the in-process store keeps, in bytes (default
// 64 MiB). When it is full, the values and buckets that would end first make
// room; locks are never dropped. Redis has a limit of its own (maxmemory).
func WithMemoryLimit(bytes int64) Option { return func(o *options) { o.limit = bytes } }

func newOptions(opts []Option) options {
	o := options{limit: 64 << 20}
	for _, f := range opts {
		f(&o)
	}
	return o
}

// Clock tells the time; crm.Clock is one.
type Clock interface{ Now() time.Time }
