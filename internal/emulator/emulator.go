// Package emulator plays the chat platforms on loopback, for tests and
// scripts: it speaks their wire form to the official SDKs, keeps messages,
// cards, tokens and people, refuses what the platform would refuse in the words
// that the platform uses, and misbehaves on demand.
//
// This file holds what the platforms share: the log of calls, faults, delivery
// on a bad day, and rate limits.
package emulator

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Clock tells the time; crm.Clock is one.
type Clock interface{ Now() time.Time }

type wall struct{}

func (wall) Now() time.Time { return time.Now() }

// Call is one request that a platform received.
type Call struct {
	At time.Time
	// API is method and path, ids included: "PATCH /open-apis/im/v1/messages/om_1".
	API   string
	Query url.Values
	Body  []byte
	// Status is the HTTP status of the answer, zero if the connection was cut.
	Status int
	// Code is the platform's own code in the answer, zero for success.
	Code int
}

// Log records every call. The zero value is ready.
type Log struct {
	mu    sync.Mutex
	calls []Call
}

func (l *Log) add(c Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

// Calls are the calls whose API begins with the prefix, oldest first.
func (l *Log) Calls(prefix string) []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Call
	for _, c := range l.calls {
		if strings.HasPrefix(c.API, prefix) {
			out = append(out, c)
		}
	}
	return out
}

// Forget empties the log.
func (l *Log) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = nil
}

// FaultKind is what a platform does wrong.
type FaultKind int

// The kinds of faults of a request.
const (
	// Slow answers correctly after Wait.
	Slow FaultKind = iota
	// Throttled answers 429 (or what the platform sends instead), asking to wait
	// for Wait.
	Throttled
	// Broken answers 502 with an empty body.
	Broken
	// HTMLPage answers 503 with a page of some proxy.
	HTMLPage
	// ExpiredToken refuses the token, and every token handed out so far.
	ExpiredToken
	// Refused answers the platform's error Code with Message.
	Refused
	// Cut closes the connection without an answer.
	Cut
)

// Fault is one switch of misbehaviour.
type Fault struct {
	// API is a prefix of "METHOD /path"; empty: every request.
	API  string
	Kind FaultKind
	// Skip lets that many requests through first; Times is how many are hit after
	// that, zero: all until cleared.
	Skip, Times int
	// Wait is the delay of Slow and what Throttled asks for.
	Wait time.Duration
	// Code and Message are the platform's error of Refused.
	Code    int
	Message string
	// Done lets the request take effect; only its answer is lost.
	Done bool
}

// Faults are the switches of a platform. The zero value has none.
type Faults struct {
	mu   sync.Mutex
	list []*Fault
	bad  Delivery
	skew time.Duration
}

// Skew sets the platform's clock, as its answers tell it, that far ahead.
func (f *Faults) Skew(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.skew = d
}

// date tells the time in an answer where it is not the right one.
func (f *Faults) date(h http.Header) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.skew != 0 {
		h.Set("Date", time.Now().Add(f.skew).UTC().Format(http.TimeFormat))
	}
}

// Break switches a fault on.
func (f *Faults) Break(x Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, &x)
}

// Mend switches every fault off, those of delivery too.
func (f *Faults) Mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list, f.bad, f.skew = nil, Delivery{}, 0
}

// take is the fault that hits this request, if any.
func (f *Faults) take(api string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, x := range f.list {
		if !strings.HasPrefix(api, x.API) {
			continue
		}
		if x.Skip > 0 {
			x.Skip--
			continue
		}
		hit := *x
		if x.Times > 0 {
			if x.Times--; x.Times == 0 {
				f.list = slices.Delete(f.list, i, i+1)
			}
		}
		return hit, true
	}
	return Fault{}, false
}

// Delivery says how badly events are delivered. The zero value is a good day.
type Delivery struct {
	// Copies are sent besides the event itself, at the same moment.
	Copies int
	// Shuffle delays every event by a random time up to this, so that events
	// overtake each other.
	Shuffle time.Duration
	// Split cuts events into parts of at most that many bytes; zero: whole.
	Split int
	// Repeat delivers every event again though it was acknowledged.
	Repeat bool
}

// Deliver sets how events are delivered from now on.
func (f *Faults) Deliver(d Delivery) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bad = d
}

func (f *Faults) delivery() Delivery {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bad
}

// delay is the random wait of one event.
func (d Delivery) delay() time.Duration {
	if d.Shuffle <= 0 {
		return 0
	}
	return rand.N(d.Shuffle)
}

// window is a sliding rate limit: at most limit in any period of length per.
type window struct {
	limit int
	per   time.Duration
	at    []time.Time
}

// allow takes one place, or says how long until one is free. A limit of zero
// allows everything.
func (w *window) allow(now time.Time) (time.Duration, bool) {
	if w.limit <= 0 {
		return 0, true
	}
	old := now.Add(-w.per)
	i := 0
	for i < len(w.at) && !w.at[i].After(old) {
		i++
	}
	w.at = w.at[i:]
	if len(w.at) >= w.limit {
		return w.at[0].Add(w.per).Sub(now), false
	}
	w.at = append(w.at, now)
	return 0, true
}
