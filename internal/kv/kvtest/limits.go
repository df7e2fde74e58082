package kvtest

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"crmbot/internal/kv"
)

func takeBurst(t *testing.T, s kv.Store) {
	const burst, rate = 5, 0.01 // a token in 100 s: none comes back during the test
	for i := range burst {
		if ok, wait, err := s.Take(t.Context(), "k", rate, burst, 1); err != nil || !ok || wait != 0 {
			t.Fatalf("token %d: %v, %s, %v; want it at once", i, ok, wait, err)
		}
	}
	for range 3 { // being refused costs nothing
		ok, wait, err := s.Take(t.Context(), "k", rate, burst, 1)
		if err != nil || ok || wait <= 80*time.Second || wait > 100*time.Second {
			t.Errorf("after the burst: %v, %s, %v; want to wait some 100 s", ok, wait, err)
		}
	}
	_, wait, err := s.Take(t.Context(), "k", rate, burst, 3)
	if err != nil || wait <= 280*time.Second || wait > 300*time.Second {
		t.Errorf("three tokens: wait %s, %v; want some 300 s", wait, err)
	}
	if ok, _, err := s.Take(t.Context(), "other", rate, burst, 1); err != nil || !ok {
		t.Errorf("another bucket: %v, %v; want a token", ok, err)
	}
}

func takeRefills(t *testing.T, s kv.Store) {
	const rate, burst = 50.0, 2 // a token in 20 ms
	start := time.Now()
	taken := 0
	eventually(t, "the bucket gives twelve tokens", func() bool {
		ok, wait, err := s.Take(t.Context(), "k", rate, burst, 1)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			taken++
		} else if wait <= 0 || wait > 20*time.Millisecond {
			t.Errorf("wait %s, want at most one interval of 20ms", wait)
		}
		return taken == 12
	})
	// Two at once, then ten at 50 a second.
	if d := time.Since(start); d < 195*time.Millisecond {
		t.Errorf("twelve tokens in %s, want at least 200ms", d)
	}
}

func takeManyOrNone(t *testing.T, s kv.Store) {
	take := func(n int) bool {
		t.Helper()
		ok, _, err := s.Take(t.Context(), "k", 0.01, 10, n)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for i, c := range []struct {
		n  int
		ok bool
	}{{7, true}, {4, false}, {3, true}, {1, false}} {
		if take(c.n) != c.ok {
			t.Errorf("step %d: taking %d is %v, want %v", i, c.n, !c.ok, c.ok)
		}
	}
}

func takeConcurrent(t *testing.T, s kv.Store) {
	var taken atomic.Int32
	atOnce(callers, func(int) {
		ok, _, err := s.Take(t.Context(), "k", 0.01, 20, 1)
		if err != nil {
			t.Error(err)
		}
		if ok {
			taken.Add(1)
		}
	})
	if taken.Load() != 20 {
		t.Errorf("%d callers got a token, want 20", taken.Load())
	}
}

// reserveAhead: callers get the coming tokens in order, each with its own wait,
// until the time ahead is used up; being refused costs nothing, and whoever only
// takes waits behind them.
func reserveAhead(t *testing.T, s kv.Store) {
	const rate, burst, ahead = 0.1, 2, 35 * time.Second // a token in 10 s: none comes back during the test
	reserve := func() (bool, time.Duration) {
		t.Helper()
		ok, wait, err := s.Reserve(t.Context(), "k", rate, burst, 1, ahead)
		if err != nil {
			t.Fatal(err)
		}
		return ok, wait
	}
	for i, want := range []time.Duration{0, 0, 10 * time.Second, 20 * time.Second, 30 * time.Second} {
		if ok, wait := reserve(); !ok || wait > want || wait < want-5*time.Second {
			t.Errorf("token %d: %v, wait %s, want %s", i, ok, wait, want)
		}
	}
	for range 3 {
		if ok, wait := reserve(); ok || wait > 40*time.Second || wait < 35*time.Second {
			t.Errorf("beyond the time ahead: %v, wait %s, want some 40s", ok, wait)
		}
	}
	if ok, wait, err := s.Take(t.Context(), "k", rate, burst, 1); err != nil || ok || wait <= 0 {
		t.Errorf("Take went before those who wait: %v, %s, %v", ok, wait, err)
	}
}

// reserveConcurrent: at once, every caller gets a moment of its own.
func reserveConcurrent(t *testing.T, s kv.Store) {
	const rate = 10.0
	waits := make([]time.Duration, callers)
	atOnce(callers, func(i int) {
		ok, wait, err := s.Reserve(t.Context(), "k", rate, 1, 1, time.Minute)
		if err != nil || !ok {
			t.Errorf("caller %d: %v, %v", i, ok, err)
		}
		waits[i] = wait
	})
	// The k-th token comes k intervals after the first caller came.
	slices.Sort(waits)
	if last, want := waits[callers-1], (callers-1)*time.Second/rate; last > want || last < want-5*time.Second {
		t.Errorf("the last of %d waits %s, want some %s", callers, last, want)
	}
}
