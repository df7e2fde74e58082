package cache_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"crmbot/internal/cache"
)

func value(n int) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { return n, nil }
}

func want(t *testing.T, c *cache.Copy[int], load func(context.Context) (int, error), n int) {
	t.Helper()
	if got, err := c.Get(t.Context(), load); got != n || err != nil {
		t.Errorf("%d, %v; want %d", got, err, n)
	}
}

// Nobody waits for the one who reads an old copy anew.
func TestOthersGoOnWithTheOldCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cache.Copy[int]{MaxAge: time.Minute}
		want(t, &c, value(1), 1)
		want(t, &c, value(2), 1) // it is fresh
		time.Sleep(time.Minute)  // of the bubble: no time passes outside
		free := make(chan struct{})
		go func() {
			want(t, &c, func(context.Context) (int, error) { <-free; return 3, nil }, 3)
		}()
		synctest.Wait() // it reads
		want(t, &c, value(4), 1)
		close(free)
		synctest.Wait()
		want(t, &c, value(5), 3)
	})
}

func TestAnOldCopyOutlivesAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cache.Copy[int]{MaxAge: time.Minute}
		down := func(context.Context) (int, error) { return 0, errors.New("down") }
		if _, err := c.Get(t.Context(), down); err == nil {
			t.Error("there was no copy and no error")
		}
		want(t, &c, value(1), 1)
		time.Sleep(time.Minute) // of the bubble: no time passes outside
		want(t, &c, down, 1)
	})
}

// What was read before a change is not kept after it.
func TestAChangeIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cache.Copy[int]{MaxAge: time.Minute}
		free := make(chan struct{})
		go func() {
			want(t, &c, func(context.Context) (int, error) { <-free; return 1, nil }, 1)
		}()
		synctest.Wait()
		c.Forget()
		close(free)
		synctest.Wait()
		want(t, &c, value(2), 2)
	})
}
