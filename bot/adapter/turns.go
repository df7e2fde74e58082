package adapter

import (
	"context"
	"sync"
)

// Turns keep the updates of one message in order. Platforms do not: an older
// state could overwrite a newer one. And they refuse or lose an update while a
// press of the card is being answered, so updates wait for that too. Make them
// with NewTurns.
type Turns struct {
	mu sync.Mutex
	m  map[string]*turn
}

type turn struct {
	users  int // who holds the turn
	busy   chan struct{}
	newest uint64 // the last update that came
	// presses in flight; quiet is closed when there is none any more.
	presses int
	quiet   chan struct{}
}

// NewTurns makes turns that nobody waits for.
func NewTurns() *Turns { return &Turns{m: map[string]*turn{}} }

func (s *Turns) hold(id string) *turn {
	x := s.m[id]
	if x == nil {
		x = &turn{busy: make(chan struct{}, 1)}
		s.m[id] = x
	}
	x.users++
	return x
}

func (s *Turns) drop(id string) {
	x := s.m[id]
	if x.users--; x.users == 0 {
		delete(s.m, id)
	}
}

// Press marks that a press of the message is being answered, until the
// returned function is called once.
func (s *Turns) Press(id string) (release func()) {
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

// Update runs fn when it is this update's turn. When a newer update of the
// message came meanwhile, fn is left out: the newer one shows the newer state.
func (s *Turns) Update(ctx context.Context, id string, fn func() error) error {
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
