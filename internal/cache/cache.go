// Package cache keeps in memory what everybody reads and few people change.
package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// loadWithin is how long reading an old copy anew may take.
const loadWithin = 5 * time.Second

// Copy is a copy of something in the database. One caller reads it anew when it
// is old, while the others go on with the old one: a lock held during the reading
// would be waited for by transactions that hold the very connection that the
// reading waits for. The zero value has no copy yet and is read anew at every
// question until MaxAge is set. Safe for concurrent use.
type Copy[T any] struct {
	// MaxAge is how old a copy may be, in real time, before somebody reads it anew.
	MaxAge time.Duration

	loading atomic.Bool
	mu      sync.RWMutex
	value   T
	have    bool
	read    time.Time
	change  int // how often it was forgotten
}

// Get returns the copy and reads it with load if there is none or it is old. An
// old copy outlives a failing load: the caller's own statement reports an outage.
func (c *Copy[T]) Get(ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	c.mu.RLock()
	v, have, fresh := c.value, c.have, time.Since(c.read) < c.MaxAge
	c.mu.RUnlock()
	if !have {
		return c.load(ctx, load)
	}
	if fresh || !c.loading.CompareAndSwap(false, true) {
		return v, nil
	}
	defer c.loading.Store(false)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadWithin)
	defer cancel()
	if n, err := c.load(ctx, load); err == nil {
		return n, nil
	}
	return v, nil
}

// Forget makes the next question read: it was changed here.
func (c *Copy[T]) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.have = false
	c.change++
}

func (c *Copy[T]) load(ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	c.mu.RLock()
	change := c.change
	c.mu.RUnlock()
	v, err := load(ctx)
	if err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if change == c.change { // what was read before a change here is not kept
		c.value, c.have, c.read = v, true, time.Now()
	}
	return v, nil
}
