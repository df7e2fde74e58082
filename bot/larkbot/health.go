package larkbot

import (
	"maps"
	"sync"
	"time"
)

// Health is the state of the connection and what is wrong with the app's
// settings, for readiness, metrics and the doctor.
type Health struct {
	// Connected is true while events arrive by the long connection.
	Connected bool
	Since     time.Time
	// Problems are the platform's codes that somebody must mend in the console,
	// with the last time they were seen.
	Problems map[int]time.Time
}

// problemFrame stands among the platform's codes for presses in the old form.
const problemFrame = 200340

type health struct {
	mu sync.Mutex
	h  Health
}

func newHealth() *health { return &health{h: Health{Problems: map[int]time.Time{}}} }

func (h *health) connected(yes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.h.Connected != yes {
		h.h.Connected, h.h.Since = yes, time.Now()
	}
}

// problem remembers a code; true if it is new within the last hour.
func (h *health) problem(code int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, known := h.h.Problems[code]
	h.h.Problems[code] = time.Now()
	return !known || time.Since(last) > time.Hour
}

// Health is the state of this moment.
func (b *Bot) Health() Health {
	b.health.mu.Lock()
	defer b.health.mu.Unlock()
	out := b.health.h
	out.Problems = maps.Clone(out.Problems)
	return out
}
