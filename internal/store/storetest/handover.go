package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/account"
	"crmbot/internal/activity"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/handover"
	"crmbot/internal/lead"
	"crmbot/internal/store"
)

// Handover is the contract of handover.Store.
func Handover(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := clock.Now()
	l := lead.Lead{Info: lead.Info{Company: "华星", City: "上海"}, Grade: "A", Status: lead.Open, Owner: 41, CreatedAt: now, UpdatedAt: now, Version: 1}
	must(db.InsertLeads(ctx, []*lead.Lead{&l}))
	own := &account.Account{Name: "明月厂", Key: "明月厂", Owner: 41, CreatedAt: now, UpdatedAt: now}
	other := &account.Account{Name: "清风厂", Key: "清风厂", Owner: 42, CreatedAt: now, UpdatedAt: now}
	must(db.AddAccounts(ctx, []*account.Account{own, other}))
	inside := &deal.Deal{Title: "a", Account: own.ID, Owner: 41, Status: deal.Open, Amount: 500, CreatedAt: now, UpdatedAt: now}
	stray := &deal.Deal{Title: "b", Account: other.ID, Owner: 41, Status: deal.Open, Amount: 700, CreatedAt: now, UpdatedAt: now}
	must(db.AddDeals(ctx, []*deal.Deal{inside, stray}))

	owners, err := db.OwnersAmong(ctx, []crm.UserID{41, 43})
	must(err)
	if d := cmp.Diff([]crm.UserID{41}, owners); d != "" {
		t.Errorf("owners (-want +got):\n%s", d)
	}
	records, err := db.OwnedRecords(ctx, 41, 10)
	must(err)
	want := []handover.Record{{Ref: l.Ref(), Title: "华星", Region: "上海", Grade: "A"}, {Ref: own.ID.Ref(), Title: "明月厂", Open: 500}, {Ref: stray.ID.Ref(), Title: "b", Open: 700}}
	if d := cmp.Diff(want, records); d != "" {
		t.Errorf("records (-want +got):\n%s", d)
	}

	h := handover.Handover{User: 41, Manager: 9, Team: 2, State: handover.Open, AskAt: now, CreatedAt: now}
	items := make([]handover.Item, len(records))
	for i, r := range records {
		items[i] = handover.Item{Record: r, To: 42, State: handover.Proposed}
	}
	ok, err := db.AddHandover(ctx, &h, items)
	must(err)
	if !ok || h.ID == 0 {
		t.Fatal("no hand-over")
	}
	second := h
	if ok, err := db.AddHandover(ctx, &second, nil); err != nil || ok {
		t.Fatalf("a person has two open hand-overs: %v", err)
	}
	got, err := db.Handover(ctx, h.ID)
	must(err)
	if d := cmp.Diff(h, got); d != "" {
		t.Errorf("a hand-over (-stored +read):\n%s", d)
	}
	list, err := db.HandoverItems(ctx, h.ID, 10)
	must(err)
	if len(list) != 3 || list[0].Ref != l.Ref() || list[2].Open != 700 {
		t.Fatalf("items %+v", list)
	}
	x := list[0]
	x.State = handover.Accepted
	for i, want := range []bool{true, false} { // the state decides
		if ok, err := db.ChangeItem(ctx, x, handover.Proposed); err != nil || ok != want {
			t.Errorf("change %d: %v %v", i, ok, err)
		}
	}
	work, err := db.HandoverWork(ctx, 10)
	must(err)
	if len(work) != 1 || work[0].Ref != l.Ref() || work[0].Handover != h.ID {
		t.Errorf("work %+v", work)
	}
	x.State, x.MovedAt = handover.Moved, now
	if ok, err := db.ChangeItem(ctx, x, handover.Accepted); err != nil || !ok {
		t.Fatalf("moved: %v %v", ok, err)
	}
	moved, err := db.MovedItems(ctx, now.Add(time.Second), 10)
	must(err)
	if len(moved) != 1 {
		t.Errorf("moved %+v", moved)
	}

	// What was promised goes along, also on deals of the account.
	act := activity.Activity{Kind: activity.KindCall, Subject: inside.ID.Ref(), Customer: own.ID.Ref(), User: 41, At: now, Day: "2026-03-02", Valid: true, CreatedAt: now}
	must(db.InTx(ctx, func(ctx context.Context) error { return db.AddActivity(ctx, &act) }))
	must(db.InTx(ctx, func(ctx context.Context) error {
		return db.AddStep(ctx, activity.Step{Activity: act.ID, User: 41, Subject: inside.ID.Ref(), Text: "发报价", Due: activity.Due{Day: "2026-03-05"}, State: activity.StepOpen})
	}))
	steps, n, err := db.MoveTodos(ctx, own.ID.Ref(), 41, 42, 3)
	must(err)
	promises, err := db.Promises(ctx, own.ID.Ref(), 5)
	must(err)
	if n != 0 || !slices.Equal(steps, []crm.ActivityID{act.ID}) || len(promises) != 1 || promises[0] != (handover.Promise{Day: "2026-03-05", What: "发报价"}) {
		t.Errorf("steps %v and %d plans moved, promises %+v", steps, n, promises)
	}
	if steps, again, err := db.MoveTodos(ctx, own.ID.Ref(), 41, 42, 3); err != nil || again != 0 || len(steps) != 0 {
		t.Errorf("moved twice: %d %v", again, err)
	}
	for user, want := range map[crm.UserID]bool{41: true, 42: false} {
		if ok, err := db.ContactedSince(ctx, own.ID.Ref(), user, now, now.Add(time.Hour)); err != nil || ok != want {
			t.Errorf("contacted by %d: %v %v", user, ok, err)
		}
	}
	for i, want := range []bool{true, false} {
		if ok, err := db.MoveDeal(ctx, stray.ID, 41, 42, 3, now); err != nil || ok != want {
			t.Errorf("deal %d: %v %v", i, ok, err)
		}
	}
	if m, err := db.OpenMoney(ctx, own.ID.Ref()); err != nil || m != 500 {
		t.Errorf("open money %d %v", m, err)
	}

	h.State, h.DoneAt = handover.Cancelled, now
	for i, want := range []bool{true, false} {
		if ok, err := db.SaveHandover(ctx, h); err != nil || ok != want {
			t.Errorf("end %d: %v %v", i, ok, err)
		}
	}
	next := handover.Handover{User: 41, State: handover.Open, CreatedAt: now}
	if ok, err := db.AddHandover(ctx, &next, nil); err != nil || !ok { // now there may be another one
		t.Fatalf("the next one: %v %v", ok, err)
	}
	if last, err := db.HandoverOf(ctx, 41); err != nil || last.ID != next.ID {
		t.Errorf("the newest: %+v %v", last, err)
	}
	if open, err := db.OpenHandovers(ctx, 10); err != nil || len(open) != 1 {
		t.Errorf("open %+v %v", open, err)
	}
}
