package kv

import (
	"context"
)

// Publish implements Store.
func (m *Memory) Publish(ctx context.Context, channel string, message []byte) error {
	if err := checkValue(message); err != nil {
		return err
	}
	if _, err := m.enter(ctx, channel); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for s := range m.subs[channel] {
		select {
		case s.messages <- append([]byte{}, message...):
		default: // too far behind
		}
	}
	return nil
}

// Subscribe implements Store.
func (m *Memory) Subscribe(ctx context.Context, channel string) (<-chan []byte, error) {
	if _, err := m.enter(ctx, channel); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	s := &subscription{messages: make(chan []byte, Backlog)}
	if m.subs[channel] == nil {
		m.subs[channel] = map[*subscription]struct{}{}
	}
	m.subs[channel][s] = struct{}{}
	s.stop = context.AfterFunc(ctx, func() { m.unsubscribe(channel, s) })
	return s.messages, nil
}

// unsubscribe ends the subscription when its context is done.
func (m *Memory) unsubscribe(channel string, s *subscription) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.subs[channel][s]; !there {
		return // closed with the store
	}
	delete(m.subs[channel], s)
	if len(m.subs[channel]) == 0 {
		delete(m.subs, channel)
	}
	close(s.messages)
}
