package kvtest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"crmbot/internal/kv"
)

func placesForSome(t *testing.T, s kv.Store) {
	const places = 7
	var got atomic.Int32
	atOnce(callers, func(int) {
		leave, wait, ok, err := s.Place(t.Context(), "k", places, time.Minute, time.Second)
		switch {
		case err != nil:
			t.Error(err)
		case ok:
			got.Add(1)
		case leave != nil || wait <= 0 || wait > time.Minute:
			t.Errorf("refused with a wait of %s", wait)
		}
	})
	if got.Load() != places {
		t.Errorf("%d callers got one of %d places", got.Load(), places)
	}
}

// A place counts for a while after it was left: so many calls within any such
// while, however long each of them takes.
func placeCools(t *testing.T, s kv.Store) {
	const cool = 150 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	leave, _, ok, err := s.Place(ctx, "k", 1, time.Minute, cool)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	cancel()
	if err := leave(); err != nil {
		t.Fatalf("leave after cancel: %v", err)
	}
	left := time.Now()
	_, wait, ok, err := s.Place(t.Context(), "k", 1, time.Minute, cool)
	if err != nil || ok && time.Since(left) < cool || !ok && (wait <= 0 || wait > cool) {
		t.Errorf("at once after leaving: %v, wait %s, %v", ok, wait, err)
	}
	eventually(t, "the place is free", func() bool {
		leave, _, ok, err = s.Place(t.Context(), "k", 1, time.Minute, 0)
		return err == nil && ok
	})
	if since := time.Since(left); since < cool-10*time.Millisecond {
		t.Errorf("free %s after it was left", since)
	}
	for range 2 { // the second time changes nothing
		if err := leave(); err != nil {
			t.Error(err)
		}
	}
	if _, _, ok, err := s.Place(t.Context(), "k", 1, time.Minute, 0); err != nil || !ok {
		t.Errorf("a place without a time after is not free at once: %v, %v", ok, err)
	}
}

func placeEnds(t *testing.T, s kv.Store) {
	const ttl = 80 * time.Millisecond
	start := time.Now()
	leave, _, ok, err := s.Place(t.Context(), "k", 1, ttl, ttl)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	eventually(t, "the place ends", func() bool {
		_, _, ok, err := s.Place(t.Context(), "k", 1, ttl, ttl)
		return err == nil && ok
	})
	if since := time.Since(start); since < ttl-10*time.Millisecond {
		t.Errorf("ended after %s", since)
	}
	if err := leave(); err != nil { // the first call was answered only now
		t.Error(err)
	}
	if _, _, ok, err := s.Place(t.Context(), "k", 2, ttl, ttl); err != nil || ok {
		t.Errorf("a late answer is not counted: %v, %v", ok, err)
	}
}
