package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/store"
)

// bindTogether lets somebody unknown write several times at one moment: it is one
// request, and the administrator is asked once.
func bindTogether(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	admin := org.User{Name: "管理", Roles: []crm.Role{crm.Admin}, Active: true}
	if err := db.SaveUser(ctx, &admin); err != nil {
		t.Fatal(err)
	}
	b := org.NewBinder(org.BinderDeps{Store: db, People: db, Directory: org.NewDirectory(db, db), Tx: db, Effects: db.Effects(), Clock: clock})
	pool, err := db.SQL()
	if err != nil {
		t.Fatal(err)
	}
	for round := 1; round <= 2; round++ {
		var mu sync.Mutex
		ids := map[int64]bool{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				r, err := b.Ask(ctx, "lark", "", "ou_many", "新人")
				mu.Lock()
				defer mu.Unlock()
				if ids[r.ID] = true; err != nil || r.State != org.BindWaiting {
					t.Errorf("round %d: %+v, %v", round, r, err)
				}
			})
		}
		wg.Wait()
		var asked int
		if err := pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM crm_outbox WHERE view = ? AND user_id = ?", org.ViewBind, int64(admin.ID)).Scan(&asked); err != nil || asked != round || len(ids) != 1 {
			t.Errorf("round %d: %d requests, asked %d times, %v", round, len(ids), asked, err)
		}
		for id := range ids { // refused, and long ago: they may ask again
			if ok, err := db.DecideBind(ctx, org.BindRequest{ID: id, State: org.BindRefused, By: admin.ID, DecidedAt: clock.Now().Add(-30 * 24 * time.Hour)}); err != nil || !ok {
				t.Fatal(ok, err)
			}
		}
	}
}

// Bind is the contract of org.BindStore.
func Bind(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	defer t.Run("together", func(t *testing.T) { bindTogether(t, db, clock) })
	r := org.BindRequest{Platform: "lark", Tenant: "", External: "ou_1", Name: "李娜 <b>", State: org.BindWaiting, At: clock.Now()}
	if fresh, err := db.AddBindRequest(ctx, &r); err != nil || !fresh || r.ID == 0 {
		t.Fatalf("added %v %+v, %v", fresh, r, err)
	}
	again := org.BindRequest{Platform: "lark", External: "ou_1", Name: "another name", State: org.BindWaiting, At: clock.Now().Add(time.Hour)}
	if fresh, err := db.AddBindRequest(ctx, &again); err != nil || fresh {
		t.Errorf("the same identity twice: %v, %v", fresh, err)
	}
	if d := cmp.Diff(r, again); d != "" {
		t.Errorf("the second is not the first (-first +second):\n%s", d)
	}
	other := org.BindRequest{Platform: "dingtalk", External: "ou_1", State: org.BindWaiting, At: clock.Now().Add(-time.Minute)}
	if fresh, err := db.AddBindRequest(ctx, &other); err != nil || !fresh {
		t.Fatalf("another platform: %v, %v", fresh, err)
	}
	if list, err := db.BindRequests(ctx, 10); err != nil || len(list) != 2 || list[0].ID != other.ID {
		t.Errorf("waiting %+v, %v", list, err)
	}
	if list, err := db.BindRequests(ctx, 1); err != nil || len(list) != 1 {
		t.Errorf("at most one: %+v, %v", list, err)
	}
	r.State, r.User, r.By, r.DecidedAt = org.BindDone, 5, 6, clock.Now()
	for i, want := range []bool{true, false} {
		if ok, err := db.DecideBind(ctx, r); err != nil || ok != want {
			t.Errorf("decision %d: %v, %v", i, ok, err)
		}
	}
	if got, err := db.BindRequest(ctx, r.ID); err != nil || !cmp.Equal(r, got) {
		t.Errorf("came back as %+v, %v", got, err)
	}
	if again, err := db.WaitBindRequest(ctx, r.ID, clock.Now()); err != nil || !again {
		t.Fatal(err)
	}
	if got, err := db.BindRequest(ctx, r.ID); err != nil || got.State != org.BindWaiting || got.User != 0 || !got.DecidedAt.IsZero() {
		t.Errorf("who left the platform cannot ask again: %+v, %v", got, err)
	}
	other.State, other.DecidedAt = org.BindRefused, clock.Now()
	if ok, err := db.DecideBind(ctx, other); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if again, err := db.WaitBindRequest(ctx, other.ID, clock.Now()); err != nil || !again {
		t.Fatal(err)
	}
	if got, err := db.BindRequest(ctx, other.ID); err != nil || got.State != org.BindWaiting || !got.DecidedAt.IsZero() {
		t.Errorf("a refused request: %+v, %v", got, err)
	}
	if _, err := db.BindRequest(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a missing one: %v", err)
	}
}
