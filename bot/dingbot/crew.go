package dingbot

import (
	"context"
	"sync"
)

// crew counts work in the background. Unlike a sync.WaitGroup it may be waited
// for while new work begins.
type crew struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n is zero
}

func newCrew() *crew {
	c := &crew{idle: make(chan struct{})}
	close(c.idle)
	return c
}

func (c *crew) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n++; c.n == 1 {
		c.idle = make(chan struct{})
	}
}

func (c *crew) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 {
		close(c.idle)
	}
}

// wait returns when nothing is going on, or with the context's error.
func (c *crew) wait(ctx context.Context) error {
	c.mu.Lock()
	idle := c.idle
	c.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
