package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
)

// Whoever is shown masked contacts learns nothing from adding one: a known
// number, a known name and a new one get the same answer.
func TestP08AddingAContactIsNoOracle(t *testing.T) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	clock := crm.NewMovableClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), true)
	db, err := store.Open(ctx, testdb.SQLite(t), clock)
	must(err)
	t.Cleanup(func() { must(db.Close()) })
	_, err = db.Migrate(ctx)
	must(err)
	cal, err := calendar.Standard(time.UTC)
	must(err)
	book, err := rule.NewBook(db, clock, account.Settings()...)
	must(err)
	dir := org.NewDirectory(db, db)
	gate := pool.NewGate(pool.Deps{Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, People: dir, Rules: book})
	svc := account.NewService(account.Deps{Gate: gate, Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, Rules: book, Name: dir.Name})
	x := account.Account{Name: "星河科技"}
	known, err := crm.ParsePhone("13800138000")
	must(err)
	must(db.InTx(ctx, func(ctx context.Context) error {
		if err := db.AddAccounts(ctx, []*account.Account{&x}); err != nil {
			return err
		}
		return db.AddContacts(ctx, []*account.Contact{{Account: x.ID, Name: "王明", Mobile: known, CreatedBy: 9}})
	}))
	rep, boss := crm.Actor{ID: 1, Team: 1, Roles: []crm.Role{crm.Rep}}, crm.Actor{ID: 2, All: true, Roles: []crm.Role{crm.Boss}}
	var said []string
	for _, d := range []account.ContactDraft{{Name: "赵六", Mobile: "13800138000"}, {Name: "王明"}, {Name: "赵六", Mobile: "13900139000"}} {
		_, _, err := svc.AddContact(ctx, rep, x.ID, d)
		if crm.CodeOf(err) != crm.CodeRefused || crm.RuleOf(err) != "P-08" {
			t.Fatalf("%+v: %v", d, err)
		}
		msg := crm.MessageOf(err, crm.Chinese)
		if strings.Contains(msg, "王明") || strings.Contains(msg, "P-1") {
			t.Errorf("the refusal names the contact: %s", msg)
		}
		said = append(said, msg)
	}
	if said[0] != said[1] || said[1] != said[2] {
		t.Errorf("the answers differ: %q", said)
	}
	_, _, err = svc.AddContact(ctx, boss, x.ID, account.ContactDraft{Name: "赵六", Mobile: "13800138000"})
	if crm.RuleOf(err) != "DU-01" || !strings.Contains(crm.MessageOf(err, crm.Chinese), "王明") {
		t.Errorf("somebody who sees the contacts is told: %v", err)
	}
	_, _, err = svc.AddContact(ctx, boss, x.ID, account.ContactDraft{Name: "赵六", Mobile: "13900139000"})
	must(err)
}
