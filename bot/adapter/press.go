package adapter

import (
	"sync"
	"time"
)

// copies is how long copies of a press are recognised here; the runtime
// recognises them for longer.
const copies = time.Minute

// Presses are the presses of the last minute by event id, so that every copy of
// one gets the answer of the first. A is what the platform takes as an answer.
// The zero value is ready to use.
type Presses[A any] struct {
	mu    sync.Mutex
	m     map[string]*Press[A]
	swept time.Time // when old ones were dropped
}

// Press is the answer to one press, given once.
type Press[A any] struct {
	once   sync.Once
	done   chan struct{}
	answer *A
	at     time.Time
}

// Take is the press with the event id; first, if it is new. An event without an
// id has no copies.
func (p *Presses[A]) Take(event string) (x *Press[A], first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.swept) > copies/4 {
		p.swept = now
		for id, x := range p.m {
			if now.Sub(x.at) > copies {
				delete(p.m, id)
			}
		}
	}
	if x = p.m[event]; x != nil && event != "" {
		return x, false
	}
	x = &Press[A]{done: make(chan struct{}), at: now}
	if p.m == nil {
		p.m = map[string]*Press[A]{}
	}
	p.m[event] = x
	return x, true
}

// Give sets the answer unless there is one; true if it was set.
func (x *Press[A]) Give(a *A) (set bool) {
	x.once.Do(func() {
		x.answer, set = a, true
		close(x.done)
	})
	return set
}

// Done is closed when there is an answer.
func (x *Press[A]) Done() <-chan struct{} { return x.done }

// Answer is the answer; only after Done.
func (x *Press[A]) Answer() *A { return x.answer }
