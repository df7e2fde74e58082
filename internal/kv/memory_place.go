package kv

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Place implements Store.
func (m *Memory) Place(ctx context.Context, key string, n int, ttl, cool time.Duration) (func() error, time.Duration, bool, error) {
	if err := checkPlace(n, ttl, cool); err != nil {
		return nil, 0, false, err
	}
	now, err := m.enter(ctx, key)
	if err != nil {
		return nil, 0, false, err
	}
	defer m.mu.Unlock()
	m.sweepLocks(now)
	taken := m.freePlaces(key, now)
	if len(taken) >= n {
		first := slices.MinFunc(taken, func(a, b *lock) int { return a.ends.Compare(b.ends) })
		return nil, first.ends.Sub(now), false, nil
	}
	mine := &lock{ends: now.Add(ttl)}
	m.places[key] = append(taken, mine)
	var once sync.Once
	return func() (err error) {
		once.Do(func() {
			now := m.clock.Now()
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.closed {
				err = ErrClosed
				return
			}
			if !slices.Contains(m.places[key], mine) { // its time ended: what it did is recent all the same
				m.places[key] = append(m.places[key], mine)
			}
			mine.ends = now.Add(cool)
		})
		return err
	}, 0, true, nil
}

// freePlaces forgets the places whose time is over and returns the others.
func (m *Memory) freePlaces(key string, now time.Time) []*lock {
	taken := slices.DeleteFunc(m.places[key], func(l *lock) bool { return !now.Before(l.ends) })
	if len(taken) == 0 {
		delete(m.places, key)
	} else {
		m.places[key] = taken
	}
	return taken
}
