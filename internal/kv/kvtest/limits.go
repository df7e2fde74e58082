package kvtest

import (
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
