package kv

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// hand is a clock that is moved by hand.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func newHand() *hand { return &hand{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

func TestMemoryFollowsItsClock(t *testing.T) {
	ctx := t.Context()
	c := newHand()
	m := NewMemory(c)
	defer m.Close()
	if err := m.Set(ctx, "k", []byte("v"), 12*time.Hour); err != nil {
		t.Fatal(err)
	}
	unlock, _, _, err := m.Lock(ctx, "k", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if ok, wait, err := m.Take(ctx, "k", 0.5, 1, 1); !ok || wait != 0 || err != nil {
		t.Fatal(ok, wait, err)
	}
	if ok, wait, err := m.Take(ctx, "k", 0.5, 1, 1); ok || wait != 2*time.Second || err != nil {
		t.Errorf("empty bucket: %v, %s, %v; want to wait 2s", ok, wait, err)
	}
	c.move(time.Second)
	if ok, wait, _ := m.Take(ctx, "k", 0.5, 1, 1); ok || wait != time.Second {
		t.Errorf("half full: %v, %s; want to wait 1s", ok, wait)
	}
	c.move(time.Second)
	if ok, _, _ := m.Take(ctx, "k", 0.5, 1, 1); !ok {
		t.Error("full again: no token")
	}
	c.move(58 * time.Second)
	if err := unlock(); !errors.Is(err, ErrLost) {
		t.Errorf("unlock when the lock has just ended: %v, want ErrLost", err)
	}
	c.move(12*time.Hour - time.Minute - time.Nanosecond)
	if _, ok, _ := m.Get(ctx, "k"); !ok {
		t.Error("the value ended too early")
	}
	c.move(time.Nanosecond)
	if _, ok, _ := m.Get(ctx, "k"); ok {
		t.Error("the value outlived its time")
	}
}

func TestMemoryFreesWhatHasEnded(t *testing.T) {
	ctx := t.Context()
	c := newHand()
	m := NewMemory(c)
	defer m.Close()
	for i := range 1000 {
		key := fmt.Sprint(i)
		if err := m.Set(ctx, key, []byte("v"), time.Duration(1+i%7)*time.Second); err != nil {
			t.Fatal(err)
		}
		if _, _, err := m.Take(ctx, key, 1, 5, 1+i%5); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := m.Lock(ctx, key, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	c.move(2 * time.Minute)
	if err := m.Set(ctx, "last", nil, time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := m.Lock(ctx, "last", time.Minute); err != nil {
		t.Fatal(err)
	}
	if len(m.kept) != 1 || len(m.ends) != 1 || len(m.locks) != 1 || m.size != m.ends[0].bytes() {
		t.Errorf("%d entries of %d bytes and %d locks left, want 1 of each", len(m.kept), m.size, len(m.locks))
	}
}

func TestMemoryIsBounded(t *testing.T) {
	ctx := t.Context()
	const limit = 100 * (overhead + 50)
	m := NewMemory(newHand(), WithMemoryLimit(limit))
	defer m.Close()
	if _, _, ok, err := m.Lock(ctx, "held", time.Second); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for i := range 1000 {
		if err := m.Set(ctx, fmt.Sprintf("%04d", i), make([]byte, 40), time.Hour+time.Duration(i)*time.Second); err != nil {
			t.Fatal(err)
		}
		if m.size > limit {
			t.Fatalf("%d bytes after %d values, want at most %d", m.size, i, limit)
		}
	}
	if _, ok, _ := m.Get(ctx, "0000"); ok {
		t.Error("the value that ends first is still there")
	}
	if _, ok, _ := m.Get(ctx, "0999"); !ok {
		t.Error("the value that ends last is gone")
	}
	if len(m.kept) < 90 {
		t.Errorf("only %d values kept", len(m.kept))
	}
	if _, _, ok, _ := m.Lock(ctx, "held", time.Second); ok {
		t.Error("a held lock made room")
	}
}

// The moment's arithmetic and a bucket that counts tokens agree.
func TestTakeCountsLikeABucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burst := rapid.IntRange(1, 50).Draw(t, "burst")
		// Whole microseconds per token keep the counting bucket exact.
		every := rapid.IntRange(10, 5_000_000).Draw(t, "interval")
		now := int64(1_800_000_000_000_000)
		ahead := rapid.Int64Range(0, 10*int64(every)).Draw(t, "ahead")
		full := 0.0
		credit := int64(burst) * int64(every) // in microseconds
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			step := rapid.Int64Range(0, 3*int64(every)).Draw(t, "step")
			now += step
			credit = min(credit+step, int64(burst)*int64(every))
			n := rapid.IntRange(1, burst).Draw(t, "n")
			var ok bool
			var wait time.Duration
			full, wait, ok = take(full, float64(now), float64(every), burst, n, float64(ahead))
			missing := int64(n)*int64(every) - credit
			if ok != (missing <= ahead) {
				t.Fatalf("taking %d is %v with %d missing, %d ahead", n, ok, missing, ahead)
			}
			if ok {
				credit -= int64(n) * int64(every)
			}
			if wait != time.Duration(max(missing, 0))*time.Microsecond {
				t.Fatalf("wait %s, want %dµs", wait, missing)
			}
		}
	})
}

func TestTakeSurvivesAClockSetBack(t *testing.T) {
	full, _, ok := take(0, 1e15, 1e6, 3, 3, 0)
	if !ok {
		t.Fatal("a new bucket is not full")
	}
	_, wait, ok := take(full, 1e15-3600e6, 1e6, 3, 1, 0)
	if ok || wait != time.Second {
		t.Errorf("an hour back: %v, wait %s; want to wait one interval of 1s", ok, wait)
	}
}

func BenchmarkMemorySetNX(b *testing.B) {
	m := NewMemory(nil)
	defer m.Close()
	for i := 0; b.Loop(); i++ {
		if _, err := m.SetNX(b.Context(), fmt.Sprint(i), nil, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}
