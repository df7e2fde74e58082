package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/store"
)

// Homes tests that the first organisation of an app stays, whoever claims it.
func Homes(t *testing.T, db *store.DB, _ *crm.MovableClock) {
	ctx := t.Context()
	if home, err := db.Home(ctx, "ding", "app", ""); err != nil || home != "" {
		t.Fatalf("asking claimed %q, %v", home, err)
	}
	var mu sync.Mutex
	got := map[string]int{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			home, err := db.Home(ctx, "ding", "app", fmt.Sprint("corp", i%2))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[home]++
		})
	}
	wg.Wait()
	if len(got) != 1 {
		t.Errorf("several organisations own one app: %v", got)
	}
	first, err := db.Home(ctx, "ding", "app", "late")
	if err != nil || got[first] != 8 {
		t.Errorf("%q took it over, %v", first, err)
	}
	if home, err := db.Home(ctx, "ding", "other app", "late"); err != nil || home != "late" {
		t.Errorf("another app belongs to %q, %v", home, err)
	}
}

// Inbox tests what keeps acknowledged events, and shared sums.
func Inbox(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	keep := func(platform, id string, until time.Time) bool {
		t.Helper()
		fresh, err := db.Keep(ctx, platform, bot.Kept{ID: id, Kind: "message", Body: []byte("body of " + id)}, until)
		if err != nil {
			t.Fatal(err)
		}
		return fresh
	}
	resume := func(platform string, n int) []string {
		t.Helper()
		now := clock.Now()
		list, err := db.Resume(ctx, platform, now, now.Add(time.Minute), n)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, e := range list {
			if e.Kind != "message" || string(e.Body) != "body of "+e.ID {
				t.Errorf("event %+v", e)
			}
			ids = append(ids, e.ID)
		}
		return ids
	}
	move := func(d time.Duration) {
		t.Helper()
		if err := clock.Set(clock.Now().Add(d)); err != nil {
			t.Fatal(err)
		}
	}
	lease := clock.Now().Add(time.Minute)
	if !keep("ding", "m1", lease) || keep("ding", "m1", lease) || !keep("other", "m1", lease) || !keep("ding", "M1", lease) {
		t.Error("an event is kept once per platform and id")
	}
	if got := resume("ding", 10); got != nil {
		t.Errorf("leased events were taken up: %v", got)
	}
	if err := db.Done(ctx, "ding", "M1"); err != nil {
		t.Fatal(err)
	}
	if keep("ding", "M1", lease) {
		t.Error("an event that is done was kept again")
	}
	move(2 * time.Minute)
	if got := resume("ding", 10); !slices.Equal(got, []string{"m1"}) {
		t.Errorf("taken up %v", got)
	}
	if got := resume("ding", 10); got != nil {
		t.Errorf("taken up twice: %v", got)
	}
	// An event that ends the process every time is given up in the end.
	n := 1
	for range 40 {
		move(2 * time.Minute)
		n += len(resume("ding", 10))
	}
	if n != 20 {
		t.Errorf("tried %d times", n)
	}
	if got := resume("other", 1); len(got) != 1 {
		t.Errorf("the other platform: %v", got)
	}
	t.Run("together", func(t *testing.T) { inboxTogether(t, db, clock) })
	for i := range 3 {
		if sum, err := db.Count(ctx, "calls", int64(i)); err != nil || sum != int64(i*(i+1)/2) {
			t.Errorf("sum %d, %v", sum, err)
		}
	}
}

// inboxTogether lets several processes keep, take up and count the same.
func inboxTogether(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	const n, replicas = 20, 4
	var mu sync.Mutex
	kept, taken := map[string]int{}, map[string]int{}
	now := clock.Now()
	var wg sync.WaitGroup
	for range replicas {
		wg.Go(func() {
			for i := range n {
				id := fmt.Sprint("t", i)
				fresh, err := db.Keep(ctx, "many", bot.Kept{ID: id, Kind: "message"}, now)
				if err != nil {
					t.Error(err)
				}
				if fresh {
					mu.Lock()
					kept[id]++
					mu.Unlock()
				}
				if _, err := db.Count(ctx, "many", 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for range replicas {
		wg.Go(func() {
			list, err := db.Resume(ctx, "many", now.Add(time.Second), now.Add(time.Minute), n)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, e := range list {
				taken[e.ID]++
			}
		})
	}
	wg.Wait()
	for i := range n {
		if id := fmt.Sprint("t", i); kept[id] != 1 || taken[id] != 1 {
			t.Errorf("%s was kept by %d and taken up by %d", id, kept[id], taken[id])
		}
	}
	if sum, err := db.Count(ctx, "many", 0); err != nil || sum != n*replicas {
		t.Errorf("counted %d of %d, %v", sum, n*replicas, err)
	}
}
