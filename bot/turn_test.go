package bot_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// Many who wait at once go one interval after the other: together they are never
// faster than the rate, and nobody sleeps past a turn.
func TestTurnsComeOneIntervalAfterTheOther(t *testing.T) {
	store := kv.NewMemory(crm.WallClock{})
	defer store.Close()
	start := time.Now()
	var wg sync.WaitGroup
	for range 11 {
		wg.Go(func() {
			if err := bot.Turn(t.Context(), store, "k", 50, 1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if took := time.Since(start); took < 195*time.Millisecond {
		t.Errorf("eleven turns at 50 a second in %s", took)
	}
}

func TestATurnThatIsTooFarAwayIsTheOutboxsBusiness(t *testing.T) {
	store := kv.NewMemory(crm.WallClock{})
	defer store.Close()
	if err := bot.Turn(t.Context(), store, "k", 0.1, 1); err != nil {
		t.Fatal(err)
	}
	var later *bot.RetryAfter
	if err := bot.Turn(t.Context(), store, "k", 0.1, 1); !errors.As(err, &later) || later.Wait < 5*time.Second || later.Wait > 10*time.Second {
		t.Errorf("got %v", err)
	}
}

// TestATurnThatCannotBeWaitedForIsLeftToOthers: whoever has less time than the
// turn takes is told at once, and the place is not lost to those behind.
func TestATurnThatCannotBeWaitedForIsLeftToOthers(t *testing.T) {
	store := kv.NewMemory(crm.WallClock{})
	defer store.Close()
	if err := bot.Turn(t.Context(), store, "k", 1, 1); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for range 5 {
		var later *bot.RetryAfter
		if err := bot.Turn(short, store, "k", 1, 1); !errors.As(err, &later) || !errors.Is(err, bot.ErrBusy) {
			t.Errorf("got %v", err)
		}
	}
	if ok, after, err := store.Reserve(t.Context(), "k", 1, 1, 1, time.Minute); !ok || after > time.Second || err != nil {
		t.Errorf("the next turn is %s away: %v, %v", after, ok, err)
	}
}

func TestATurnEndsWithItsContextAndNeedsNoSharedState(t *testing.T) {
	store := kv.NewMemory(crm.WallClock{})
	ctx, cancel := context.WithCancel(t.Context())
	if err := bot.Turn(ctx, store, "k", 1, 1); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := bot.Turn(ctx, store, "k", 1, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := bot.Turn(t.Context(), store, "k", 1, 1); err != nil {
		t.Errorf("without shared state: %v", err)
	}
}

// slowStore answers so late that the turn is over.
type slowStore struct {
	kv.Store
	slow, asked int
}

func (s *slowStore) Reserve(ctx context.Context, key string, rate float64, burst, n int, ahead time.Duration) (bool, time.Duration, error) {
	ok, after, err := s.Store.Reserve(ctx, key, rate, burst, n, ahead)
	if s.asked++; s.asked <= s.slow {
		<-time.After(after + 60*time.Millisecond)
	}
	return ok, after, err
}

// Calls that missed their turns and went all at once would be more in a second
// than the platform allows.
func TestATurnThatWasMissedIsLeft(t *testing.T) {
	for _, c := range []struct{ burst, slow, want int }{{1, 0, 1}, {1, 1, 2}, {1, 100, 6}, {5, 100, 1}} {
		mem := kv.NewMemory(crm.WallClock{})
		s := &slowStore{Store: mem, slow: c.slow}
		if err := bot.Turn(t.Context(), s, "k", 20, c.burst); err != nil || s.asked != c.want {
			t.Errorf("%+v: %d turns taken, %v", c, s.asked, err)
		}
		if err := mem.Close(); err != nil {
			t.Error(err)
		}
	}
}
