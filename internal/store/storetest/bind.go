package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/store"
)

// Bind is the contract of org.BindStore.
func Bind(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
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
	if err := db.WaitBindRequest(ctx, r.ID, clock.Now()); err != nil {
		t.Fatal(err)
	}
	if got, err := db.BindRequest(ctx, r.ID); err != nil || got.State != org.BindWaiting || got.User != 0 || !got.DecidedAt.IsZero() {
		t.Errorf("who left the platform cannot ask again: %+v, %v", got, err)
	}
	other.State, other.DecidedAt = org.BindRefused, clock.Now()
	if ok, err := db.DecideBind(ctx, other); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := db.WaitBindRequest(ctx, other.ID, clock.Now()); err != nil {
		t.Fatal(err)
	}
	if got, err := db.BindRequest(ctx, other.ID); err != nil || got.State != org.BindWaiting || !got.DecidedAt.IsZero() {
		t.Errorf("a refused request: %+v, %v", got, err)
	}
	if _, err := db.BindRequest(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a missing one: %v", err)
	}
}
