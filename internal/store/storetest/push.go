package storetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/outbox"
	"crmbot/internal/push"
	"crmbot/internal/store"
)

// Push is the contract of push.Store (CH-03).
func Push(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	queue := func(n int, always bool) []outbox.Row {
		t.Helper()
		must(db.InTx(ctx, func(ctx context.Context) error {
			for range n {
				if err := db.Effects().Notify(ctx, crm.Notice{To: crm.ToUser(5), View: crm.View{Name: "lead.given", Ref: "L-1"}, Always: always}); err != nil {
					return err
				}
			}
			return nil
		}))
		rows, err := db.LeaseOutbox(ctx, "w", clock.Now(), clock.Now().Add(time.Minute), 100)
		must(err)
		if len(rows) != n {
			t.Fatalf("%d rows of %d are due", len(rows), n)
		}
		return rows
	}

	// Twenty at once, asked for twice each: exactly the limit is admitted, once each.
	rows := queue(20, false)
	var admitted atomic.Int64
	var wg sync.WaitGroup
	ok := make([]bool, len(rows))
	for i, r := range rows {
		wg.Go(func() {
			for range 2 {
				got, err := db.AdmitPush(ctx, r.ID, 5, "2026-03-02", 6)
				if err != nil {
					t.Error(err)
				}
				ok[i] = got
			}
			if ok[i] {
				admitted.Add(1)
			}
		})
	}
	wg.Wait()
	if n := admitted.Load(); n != 6 {
		t.Errorf("%d cards were admitted, the limit is 6", n)
	}
	// Another person and another day count apart.
	for _, c := range []struct {
		user crm.UserID
		day  crm.Day
	}{{6, "2026-03-02"}, {5, "2026-03-03"}} {
		r := queue(1, false)[0]
		if got, err := db.AdmitPush(ctx, r.ID, c.user, c.day, 1); err != nil || !got {
			t.Errorf("person %d on %s: %v, %v", c.user, c.day, got, err)
		}
	}

	// Withheld rows leave the queue, and the digest takes their place, once.
	slot := push.Slot("2026-03-02T17:30")
	digest := crm.Notice{To: crm.ToUser(5), View: crm.View{Name: push.View, Ref: string(slot)}, Key: "push:5", After: clock.Now().Add(time.Hour), Always: true}
	var held []int64
	for i, r := range rows {
		if ok[i] {
			must(db.FinishOutbox(ctx, r.ID, "w", clock.Now()))
			continue
		}
		must(db.HoldPush(ctx, r.ID, slot, digest))
		must(db.HoldPush(ctx, r.ID, slot, digest)) // again changes nothing
		must(db.FinishOutbox(ctx, r.ID, "w", clock.Now()))
		held = append([]int64{r.ID}, held...)
	}
	list, err := db.HeldPushes(ctx, 5, slot, clock.Now().Add(-time.Hour), 100)
	must(err)
	if len(list) != 14 || len(held) != 14 {
		t.Fatalf("%d of %d withheld cards are listed", len(list), len(held))
	}
	for i, h := range list {
		if h.ID != held[i] || h.User != 5 || h.View != (crm.View{Name: "lead.given", Ref: "L-1"}) {
			t.Errorf("withheld %+v, want row %d", h, held[i])
		}
	}
	for name, n := range map[string]func() ([]push.Held, error){
		"another slot": func() ([]push.Held, error) {
			return db.HeldPushes(ctx, 5, "2026-03-03T08:45", clock.Now().Add(-time.Hour), 100)
		},
		"another person": func() ([]push.Held, error) { return db.HeldPushes(ctx, 6, "", clock.Now().Add(-time.Hour), 100) },
		"long ago":       func() ([]push.Held, error) { return db.HeldPushes(ctx, 5, "", clock.Now().Add(time.Hour), 100) },
	} {
		if list, err := n(); err != nil || len(list) != 0 {
			t.Errorf("%s: %d, %v", name, len(list), err)
		}
	}
	if one, err := db.HeldPush(ctx, held[0]); err != nil || one.ID != held[0] {
		t.Errorf("one withheld card: %+v, %v", one, err)
	}
	for i, r := range rows {
		if ok[i] {
			if _, err := db.HeldPush(ctx, r.ID); crm.CodeOf(err) != crm.CodeNotFound {
				t.Errorf("a card that was sent is withheld: %v", err)
			}
			break
		}
	}
	must(clock.Set(clock.Now().Add(2 * time.Hour)))
	due, err := db.LeaseOutbox(ctx, "w", clock.Now(), clock.Now().Add(time.Minute), 100)
	must(err)
	digests := 0
	for _, r := range due {
		if r.View.Name == push.View {
			digests++
			if !r.Always {
				t.Error("the digest itself could be withheld")
			}
		}
	}
	if digests != 1 {
		t.Errorf("%d digests, want one", digests)
	}

	must(db.Prune(ctx, clock.Now().AddDate(1, 0, 0)))
	if list, err := db.HeldPushes(ctx, 5, "", time.Time{}, 100); err != nil || len(list) != 0 {
		t.Errorf("a year later %d withheld cards are kept, %v", len(list), err)
	}
}
