package dingbot

import (
	"context"
	"sync"
)

// turns keep the updates of one card in order: the platform does not, and an
// older state could overwrite a newer one. While a press of the card is being
// answered, updates wait: the platform forbids them inside a callback.
type turns struct {
	mu sync.Mutex
	m  map[string]*turn
}

type turn struct {
	users   int // who holds the turn
	busy    chan struct{}
	newest  uint64 // the last update that came
	presses int
	quiet   chan struct{} // closed when no press is being answered any more
}

func newTurns() *turns { return &turns{m: map[string]*turn{}} }

func (s *turns) hold(id string) *turn {
	x := s.m[id]
	if x == nil {
		x = &turn{busy: make(chan struct{}, 1)}
		s.m[id] = x
	}
	x.users++
	return x
}

func (s *turns) drop(id string) {
	x := s.m[id]
	if x.users--; x.users == 0 {
		delete(s.m, id)
	}
}

// press marks that a press of the card is being answered, until the returned
// function is called once.
func (s *turns) press(id string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.hold(id)
	if x.presses++; x.presses == 1 {
		x.quiet = make(chan struct{})
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if x.presses--; x.presses == 0 {
			close(x.quiet)
		}
		s.drop(id)
	}
}

// update runs fn when it is this update's turn. When a newer update of the card
// came meanwhile, fn is left out: the newer one shows the newer state.
func (s *turns) update(ctx context.Context, id string, fn func() error) error {
	s.mu.Lock()
	x := s.hold(id)
	x.newest++
	mine := x.newest
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.drop(id)
	}()
	select {
	case x.busy <- struct{}{}:
		defer func() { <-x.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		s.mu.Lock()
		newer, pressing, quiet := x.newest != mine, x.presses > 0, x.quiet
		s.mu.Unlock()
		if newer {
			return nil
		}
		if !pressing {
			return fn()
		}
		select {
		case <-quiet:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
