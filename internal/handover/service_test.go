package handover_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/handover"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/testdb"
)

// TestHO02EveryRecordMovesOnceOnTwoReplicas: two replicas carry out what was
// accepted, one of them stops in the middle, and each record moves once, with its
// to-dos, ten working days of grace and without regard to the hold limit.
func TestHO02EveryRecordMovesOnceOnTwoReplicas(t *testing.T) {
	ctx := t.Context()
	dsn := testdb.MySQL(t)
	clock := crm.NewMovableClock(time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC), true)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var replicas []*app.App
	for range 2 {
		a, err := app.New(ctx, app.Options{DSN: dsn, Clock: clock})
		must(err)
		t.Cleanup(func() { _ = a.Close() })
		replicas = append(replicas, a)
	}
	a := replicas[0]
	team := org.Team{Name: "华东"}
	must(a.Services.Directory.SaveTeam(ctx, &team))
	ids := map[string]crm.UserID{}
	for name, r := range map[string]crm.Role{"管理员": crm.Admin, "王磊": crm.Manager, "李娜": crm.Rep, "张伟": crm.Rep} {
		u := org.User{Name: name, Team: team.ID, Roles: []crm.Role{r}, Active: true}
		must(a.Services.Directory.SaveUser(ctx, &u))
		ids[name] = u.ID
	}
	team.Leader = ids["王磊"]
	must(a.Services.Directory.SaveTeam(ctx, &team))
	as := func(name string) crm.Actor {
		x, err := a.Services.Directory.Actor(ctx, ids[name])
		must(err)
		return x
	}
	count := func(query string, args ...any) int {
		raw, err := a.DB.SQL()
		must(err)
		n := 0
		must(raw.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+query, args...).Scan(&n))
		return n
	}
	const leads = 12
	for i := range leads {
		_, err := a.Services.Leads.Create(ctx, as("李娜"), lead.NewLead{Info: lead.Info{Company: fmt.Sprintf("客户%c%c厂", rune('一'+i*3), rune('东'+i*5))}, Owner: ids["李娜"]}, true)
		must(err)
	}
	_, err := a.Services.Rules.Set(ctx, as("管理员"), "P-03.leads", "", "5", "test", clock.Now())
	must(err)
	_, err = a.Services.Binder.Gone(ctx, as("管理员"), ids["李娜"])
	must(err)
	for _, r := range replicas { // both see the leaver: one hand-over
		must(r.Services.Directory.Reload(ctx))
		must(r.Services.Handovers.Watch(ctx))
	}
	if n := count("crm_handovers"); n != 1 {
		t.Fatalf("%d hand-overs", n)
	}
	h, err := a.Services.Handovers.Of(ctx, as("王磊"), ids["李娜"])
	must(err)
	if len(h.Items) != leads {
		t.Fatalf("%d items", len(h.Items))
	}
	unplaced := 0
	for _, x := range h.Items {
		if x.To == 0 {
			unplaced++
		}
	}
	if unplaced != leads-5 {
		t.Errorf("HO-01: %d are proposed beyond the hold limit", leads-5-unplaced)
	}
	// The manager decides that one person takes all: hand-over may exceed the limit.
	_, err = a.Services.Handovers.Give(ctx, as("王磊"), h.ID, handover.Pick{}, ids["张伟"])
	must(err)
	_, err = a.Services.Handovers.Accept(ctx, as("张伟"), h.ID, handover.Pick{})
	if crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a rep decided: %v", err)
	}
	n, err := a.Services.Handovers.Accept(ctx, as("王磊"), h.ID, handover.Pick{})
	must(err)
	if n != leads {
		t.Errorf("%d accepted", n)
	}
	var wg sync.WaitGroup
	for _, r := range replicas {
		wg.Go(func() { _ = r.Services.Handovers.Watch(ctx) }) // who is later finds nothing
	}
	wg.Wait()
	must(a.Services.Handovers.Watch(ctx))
	for what, got := range map[string]int{
		"leads of the new owner": count("crm_leads WHERE owner_id = ?", ids["张伟"]),
		"ledger entries":         count("crm_ownership_ledger WHERE reason = 'handover' AND from_user = ? AND to_user = ?", ids["李娜"], ids["张伟"]),
		"moved items":            count("crm_handover_items WHERE state = 'moved'"),
		"audit rows":             count("crm_audit WHERE action = 'handover.move' AND rule_id = 'HO-02'"),
		"records with grace":     count("crm_keepings WHERE kind = 'L' AND owner_id = ? AND extra_days = 14", ids["张伟"]),
	} {
		if got != leads {
			t.Errorf("%d %s, want %d", got, what, leads)
		}
	}
	if n := count("crm_handovers WHERE state = 'done' AND open_user IS NULL"); n != 1 {
		t.Errorf("%d hand-overs are done", n)
	}
	if n := count("crm_facts WHERE metric_key = 'lead.assigned'"); n != 0 {
		t.Errorf("a hand-over counts as %d assignments", n)
	}
}
