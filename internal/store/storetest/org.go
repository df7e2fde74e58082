package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/rule"
	"crmbot/internal/store"
)

// Org is the contract of org.Store.
func Org(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	u := org.User{Name: "李娜 <b>", EmployeeNo: "E1", Roles: []crm.Role{crm.Rep, crm.Manager}, Team: 3, Region: "上海", Lang: crm.English, Active: true, Frozen: true,
		LeaveFrom: "2026-03-01", LeaveTo: "2026-03-05", Deputy: 9}
	if err := db.SaveUser(ctx, &u); err != nil || u.ID == 0 || !u.CreatedAt.Equal(clock.Now()) {
		t.Fatalf("saved as %+v: %v", u, err)
	}
	move(t, clock, time.Hour)
	u.Region = "北京"
	if err := db.SaveUser(ctx, &u); err != nil {
		t.Fatal(err)
	}
	all, err := db.Users(ctx)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d people, %v", len(all), err)
	}
	if d := cmp.Diff(u, all[0]); d != "" {
		t.Errorf("came back changed (-want +got):\n%s", d)
	}
	for range 2 { // many may have no number
		if err := db.SaveUser(ctx, &org.User{Name: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.SaveUser(ctx, &org.User{Name: "y", EmployeeNo: "E1"}); crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("the same number twice: %v", err)
	}
	team := org.Team{Name: "华东", Parent: 4, Region: "上海", Leader: u.ID}
	if err := db.SaveTeam(ctx, &team); err != nil || team.ID == 0 {
		t.Fatal(err)
	}
	if err := db.SaveTeam(ctx, &org.Team{Name: "华东"}); crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("the same name twice: %v", err)
	}
	if ts, err := db.Teams(ctx); err != nil || len(ts) != 1 || ts[0] != team {
		t.Errorf("teams %+v, %v", ts, err)
	}
	id := org.Identity{Platform: "lark", Tenant: "t", External: "ou_1", User: u.ID}
	for range 2 {
		if err := db.AddIdentity(ctx, id); err != nil {
			t.Fatalf("binding, and binding again: %v", err)
		}
	}
	stolen := id
	stolen.User = 99
	if err := db.AddIdentity(ctx, stolen); crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("bound to two people: %v", err)
	}
	if ids, err := db.Identities(ctx); err != nil || len(ids) != 1 || ids[0] != id {
		t.Errorf("identities %+v, %v", ids, err)
	}
	for _, gone := range []org.Identity{stolen, id, id} { // another's stays; twice is no error
		if err := db.RemoveIdentity(ctx, gone); err != nil {
			t.Fatal(err)
		}
		if ids, err := db.Identities(ctx); err != nil || (len(ids) == 1) != (gone == stolen) {
			t.Errorf("identities %+v, %v", ids, err)
		}
	}
}

// Rules is the contract of rule.Store.
func Rules(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	v := rule.Version{Key: "P-04.daily", Scope: "team:3", Value: "12", Author: 5, Reason: "忙季", CreatedAt: clock.Now(), EffectiveAt: clock.Now().Add(time.Hour)}
	set := rule.Change{At: v.CreatedAt.UTC(), Actor: 5, Key: v.Key, Scope: v.Scope, Before: "20", After: "12", Effective: v.EffectiveAt.UTC().Truncate(time.Second)}
	id, err := db.AddRuleVersion(ctx, v, set)
	if err != nil || id == 0 {
		t.Fatal(id, err)
	}
	v.ID = id
	v.RolledBackAt = clock.Now().Add(time.Minute)
	set.Version = id
	back := set
	back.At, back.TakenBack, back.Before, back.After = v.RolledBackAt.UTC(), true, "12", "20"
	if ok, err := db.RollBackRule(ctx, back); err != nil || !ok {
		t.Fatalf("roll back: %v %v", ok, err)
	}
	if ok, err := db.RollBackRule(ctx, back); err != nil || ok {
		t.Errorf("taken back twice: %v", err)
	}
	unknown := back
	unknown.Version++
	if ok, err := db.RollBackRule(ctx, unknown); err != nil || ok {
		t.Errorf("an unknown version was taken back: %v", err)
	}
	all, err := db.RuleVersions(ctx)
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	if d := cmp.Diff(v, all[0]); d != "" {
		t.Errorf("came back changed (-want +got):\n%s", d)
	}
	// RC-01, RC-04: one audit entry for each, and none for what was refused.
	trail, err := db.RuleChanges(ctx, []int64{id, id + 1}, 9)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]rule.Change{back, set}, trail); d != "" {
		t.Errorf("the audit trail (-want +got):\n%s", d)
	}
	if trail, err = db.RuleChanges(ctx, nil, 9); err != nil || len(trail) != 0 {
		t.Errorf("the trail of no version: %+v, %v", trail, err)
	}
}
