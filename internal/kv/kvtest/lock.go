package kvtest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"crmbot/internal/kv"
)

// lock takes the lock or fails the test.
func lock(t *testing.T, s kv.Store, key string, ttl time.Duration) (func() error, int64) {
	t.Helper()
	unlock, token, ok, err := s.Lock(t.Context(), key, ttl)
	if err != nil || !ok || unlock == nil || token <= 0 {
		t.Fatalf("Lock: token %d, %v, %v; want the lock", token, ok, err)
	}
	return unlock, token
}

func lockOneHolder(t *testing.T, s kv.Store) {
	var won atomic.Int32
	atOnce(callers, func(int) {
		unlock, token, ok, err := s.Lock(t.Context(), "k", time.Minute)
		if err != nil {
			t.Error(err)
		}
		if ok {
			won.Add(1)
		} else if unlock != nil || token != 0 {
			t.Errorf("a refused caller got token %d", token)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d callers hold the lock, want 1", won.Load())
	}
	lock(t, s, "other", time.Minute)
}

func lockEnds(t *testing.T, s kv.Store) {
	start := time.Now()
	const ttl = 80 * time.Millisecond
	late, first := lock(t, s, "k", ttl)
	var unlock func() error
	var second int64
	eventually(t, "the lock ends", func() (ok bool) {
		var err error
		unlock, second, ok, err = s.Lock(t.Context(), "k", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	})
	if d := time.Since(start); d < ttl-5*time.Millisecond {
		t.Errorf("it ended after %s, want %s", d, ttl)
	}
	if second <= first {
		t.Errorf("token %d after %d, want a greater one", second, first)
	}
	if err := late(); !errors.Is(err, kv.ErrLost) {
		t.Errorf("unlock of the late holder: %v, want ErrLost", err)
	}
	if _, _, ok, err := s.Lock(t.Context(), "k", time.Minute); err != nil || ok {
		t.Errorf("the late holder's unlock freed the next one's lock: %v, %v", ok, err)
	}
	if err := unlock(); err != nil {
		t.Errorf("unlock of the holder: %v", err)
	}

	alone, _ := lock(t, s, "alone", 30*time.Millisecond)
	if err := s.Set(t.Context(), "later", nil, 60*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a value that ends later than the lock ends", func() bool {
		_, there, err := s.Get(t.Context(), "later")
		return err == nil && !there
	})
	if err := alone(); !errors.Is(err, kv.ErrLost) {
		t.Errorf("unlock after the end, nobody else there: %v, want ErrLost", err)
	}
}

func unlockFrees(t *testing.T, s kv.Store) {
	unlock, first := lock(t, s, "k", time.Minute)
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	_, second := lock(t, s, "k", time.Minute)
	if second <= first {
		t.Errorf("token %d after %d, want a greater one", second, first)
	}
	if err := unlock(); err != nil {
		t.Errorf("second unlock: %v, want no effect", err)
	}
	if _, _, ok, err := s.Lock(t.Context(), "k", time.Minute); err != nil || ok {
		t.Errorf("a second unlock freed the next one's lock: %v, %v", ok, err)
	}
}

func unlockAfterCancel(t *testing.T, s kv.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	unlock, _, ok, err := s.Lock(ctx, "k", time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	cancel()
	if err := unlock(); err != nil {
		t.Errorf("unlock after cancel: %v", err)
	}
	lock(t, s, "k", time.Minute)
}

func tokensGrow(t *testing.T, s kv.Store) {
	var last int64
	for i := range 200 {
		unlock, token := lock(t, s, "k", time.Minute)
		if token <= last {
			t.Fatalf("lock %d has token %d after %d", i, token, last)
		}
		last = token
		if err := unlock(); err != nil {
			t.Fatal(err)
		}
	}
}

func lockExcludes(t *testing.T, s kv.Store) {
	var inside, most, rounds atomic.Int32
	atOnce(8, func(int) {
		for rounds.Load() < 100 {
			unlock, _, ok, err := s.Lock(t.Context(), "k", time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			if !ok {
				continue
			}
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			rounds.Add(1)
			inside.Add(-1)
			if err := unlock(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	if most.Load() != 1 {
		t.Errorf("%d holders at once, want 1", most.Load())
	}
}
