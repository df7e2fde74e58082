package app

import (
	"context"
	"sync"
)

// turns let only one caller at a time work on a card in this process, so that
// updates of the same card follow each other instead of overtaking each other
// for ever. Between processes the card's Rev decides; see store.ClaimSent.
type turns struct {
	mu sync.Mutex
	m  map[int64]*turn
}

type turn struct {
	users int // who works or waits
	busy  chan struct{}
}

// take waits for the card's turn, which ends when the returned function is called.
func (s *turns) take(ctx context.Context, card int64) (release func(), err error) {
	s.mu.Lock()
	x := s.m[card]
	if x == nil {
		if s.m == nil {
			s.m = map[int64]*turn{}
		}
		x = &turn{busy: make(chan struct{}, 1)}
		s.m[card] = x
	}
	x.users++
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if x.users--; x.users == 0 {
			delete(s.m, card)
		}
	}
	select {
	case x.busy <- struct{}{}:
		return func() {
			<-x.busy
			leave()
		}, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
