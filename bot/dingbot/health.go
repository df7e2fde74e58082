package dingbot

import (
	"maps"
	"slices"
	"sync"
	"time"

	"crmbot/cards/dingcard"
)

// Problem is something that somebody must mend in the console.
type Problem struct {
	// Code is the platform's, or one of ours: see the Problem constants.
	Code string
	// Scopes are the permissions that the app lacks.
	Scopes []string
	// At is when it was last seen.
	At time.Time
}

// Problems of our own.
const (
	// ProblemUnpublished: messages come without user ids, because no version of
	// the app is published.
	ProblemUnpublished = "app.unpublished"
	// ProblemForeign: somebody else's organisation sends to this app.
	ProblemForeign = "app.foreign"
	// ProblemQuota: the month's calls are nearly or quite used up.
	ProblemQuota = "quota"
	// ProblemOpen: the stream connection is refused.
	ProblemOpen = "stream.refused"
)

// Health is the state of the connection and what is wrong with the app's
// settings, for readiness, metrics and the doctor.
type Health struct {
	// Connected is true while events arrive; Since is when that last changed.
	Connected bool
	Since     time.Time
	// Opened is how often a connection was opened. Several a minute mean that
	// another process uses the same client id, or that the network is bad.
	Opened int64
	// Level is how cards are shown at this moment.
	Level dingcard.Level
	// Problems by code, in order of code.
	Problems []Problem
	Quota    []QuotaState
}

// QuotaState is the month's use of one quota.
type QuotaState struct {
	Bucket string
	Used   int64
	// Limit is zero where none is watched.
	Limit int64
}

type health struct {
	mu       sync.Mutex
	yes      bool
	since    time.Time
	opened   int64
	problems map[string]Problem
}

func newHealth() *health { return &health{problems: map[string]Problem{}} }

func (h *health) connected(yes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.yes != yes {
		h.yes, h.since = yes, time.Now()
	}
}

// open counts a new connection, which mends what kept it from being opened.
func (h *health) open() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.opened++
	delete(h.problems, ProblemOpen)
}

// problem remembers a problem; true if it is new within the last hour.
func (h *health) problem(code string, scopes ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, known := h.problems[code]
	h.problems[code] = Problem{Code: code, Scopes: scopes, At: time.Now()}
	return !known || time.Since(last.At) > time.Hour
}

// Health is the state of this moment.
func (b *Bot) Health() Health {
	h := b.health
	h.mu.Lock()
	out := Health{Connected: h.yes, Since: h.since, Opened: h.opened}
	for _, code := range slices.Sorted(maps.Keys(h.problems)) {
		out.Problems = append(out.Problems, h.problems[code])
	}
	h.mu.Unlock()
	out.Level = b.levels.known()
	out.Quota = b.quota.state()
	return out
}
