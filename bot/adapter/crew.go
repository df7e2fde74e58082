// Package adapter is what the adapters of chat platforms share: the order of
// the updates of one message, presses that are answered once, patience with a
// platform that is busy, and work that goes on after an event was acknowledged.
// It knows no platform.
package adapter

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
)

// Crew counts work in the background. Unlike a sync.WaitGroup it may be waited
// for while new work begins. Make it with NewCrew.
type Crew struct {
	platform string
	stop     context.Context // ends when the crew is closed
	cancel   context.CancelFunc

	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n is zero
}

// NewCrew makes a crew; the platform is for the log.
func NewCrew(platform string) *Crew {
	c := &Crew{platform: platform, idle: make(chan struct{})}
	c.stop, c.cancel = context.WithCancel(context.Background())
	close(c.idle)
	return c
}

// Context is the life of the crew: it ends when the crew is closed.
func (c *Crew) Context() context.Context { return c.stop }

// Go runs work that Wait waits for, with the values of ctx and the life of the
// crew. A panic is logged and goes no further.
func (c *Crew) Go(ctx context.Context, fn func(ctx context.Context)) {
	c.begin()
	go func() {
		defer c.end()
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(c.stop, cancel)()
		defer func() {
			if p := recover(); p != nil {
				slog.ErrorContext(ctx, "panic", "platform", c.platform, "stack", string(debug.Stack()))
			}
		}()
		fn(ctx)
	}()
}

// Hold keeps Wait waiting until release is called: for what comes between the
// moment when an event may be acknowledged elsewhere and the start of its work.
func (c *Crew) Hold() (release func()) {
	c.begin()
	return sync.OnceFunc(c.end)
}

func (c *Crew) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n++; c.n == 1 {
		c.idle = make(chan struct{})
	}
}

func (c *Crew) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 {
		close(c.idle)
	}
}

// Wait returns when nothing is going on, or with the context's error.
func (c *Crew) Wait(ctx context.Context) error {
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

// Close waits for the work, at most as long as the context lasts, and ends what
// is left.
func (c *Crew) Close(ctx context.Context) error {
	err := c.Wait(ctx)
	c.cancel()
	// What is left ends with the crew's own context.
	if e := c.Wait(context.WithoutCancel(ctx)); err == nil {
		err = e
	}
	return err
}
