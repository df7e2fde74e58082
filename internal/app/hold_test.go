package app_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"crmbot/internal/account"
	"crmbot/internal/app"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/testdb"
)

// newcomer is the i-th company that somebody wants to have.
func newcomer(i int) string { return fmt.Sprintf("新客%c%c厂", rune('一'+i*3), rune('东'+i*5)) }

// TestP03TwentyAccountsAtOnceStayWithinTheHoldLimit: whichever way accounts
// come to a person, twenty at the same moment stop exactly at the limit, and a
// refused one leaves everything as it was.
func TestP03TwentyAccountsAtOnceStayWithinTheHoldLimit(t *testing.T) {
	type way struct {
		take func(ctx context.Context, a *app.App, rep crm.Actor, i int, id crm.LeadID) error
		// more are the rows that one success adds, by query.
		more map[string]string
	}
	ways := map[string]way{
		"conversion": {func(ctx context.Context, a *app.App, rep crm.Actor, _ int, id crm.LeadID) error {
			_, err := a.Services.Accounts.Convert(ctx, rep, id, "")
			return err
		}, map[string]string{"converted leads": "SELECT COUNT(*) FROM crm_leads WHERE status = 'converted'", "moved keys": "SELECT COUNT(DISTINCT ref) FROM crm_dup_keys WHERE ref LIKE 'A-%'",
			"audited conversions": "SELECT COUNT(*) FROM crm_audit WHERE action = 'lead.convert'"}},
		"creation": {func(ctx context.Context, a *app.App, rep crm.Actor, i int, _ crm.LeadID) error {
			_, err := a.Services.Accounts.Create(ctx, rep, account.Draft{Name: newcomer(100 + i)})
			return err
		}, nil},
		"contract": {func(ctx context.Context, a *app.App, rep crm.Actor, i int, _ crm.LeadID) error {
			_, err := a.Services.Contracts.Create(ctx, rep, contract.Input{Customer: newcomer(100 + i), Amount: 5_000_000, Terms: "月结30天", StartsOn: "2026-03-10"})
			return err
		}, map[string]string{"contracts": "SELECT COUNT(*) FROM crm_contracts"}},
		"import": {func(ctx context.Context, a *app.App, rep crm.Actor, i int, _ crm.LeadID) error {
			out, err := a.Services.Accounts.Import(ctx, crm.SystemActor(), []account.Row{{Draft: account.Draft{Name: newcomer(100 + i)}, Owner: rep.ID, Team: rep.Team}}, true)
			if err == nil && out[0].Ref.ID == 0 {
				err = crm.Refused("P-03", out[0].Reason.Zh, out[0].Reason.En)
			}
			return err
		}, nil},
	}
	for name, w := range ways {
		t.Run(name+"/sqlite", func(t *testing.T) {
			holdRace(t, testdb.SQLite(t), w.take, w.more)
		})
		t.Run(name+"/mysql", func(t *testing.T) { holdRace(t, testdb.MySQL(t), w.take, w.more) })
	}
}

func holdRace(t *testing.T, dsn string, take func(context.Context, *app.App, crm.Actor, int, crm.LeadID) error, more map[string]string) {
	const wanted, limit = 20, 7
	ctx := t.Context()
	a, err := app.New(ctx, app.Options{DSN: dsn, Clock: crm.NewMovableClock(monday, true)})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	defer a.Close()
	u := org.User{Name: "李娜", Roles: []crm.Role{crm.Rep}, Active: true}
	must(a.Services.Directory.SaveUser(ctx, &u))
	_, err = a.Services.Rules.Set(ctx, crm.Actor{ID: 99, Roles: []crm.Role{crm.Admin}}, account.HoldLimit.Key, "", fmt.Sprint(limit), "test", monday)
	must(err)
	rep, err := a.Services.Directory.Actor(ctx, u.ID)
	must(err)
	ids := make([]crm.LeadID, wanted)
	for i := range ids {
		l, err := a.Services.Leads.Create(ctx, rep, lead.NewLead{Info: lead.Info{Company: newcomer(i)}, Owner: u.ID}, true)
		must(err)
		ids[i] = l.ID
	}
	errs := make([]error, wanted)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() {
			<-start
			errs[i] = take(ctx, a, rep, i, id)
		})
	}
	close(start)
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case crm.RuleOf(err) != "P-03":
			t.Errorf("refused for another reason: %v", err)
		}
	}
	db, err := a.DB.SQL()
	must(err)
	numbers := map[string]string{"accounts": "SELECT COUNT(*) FROM crm_accounts", "ledger rows": "SELECT COUNT(*) FROM crm_ownership_ledger WHERE kind = 'A'",
		"facts": "SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'account.new'", "daily": "SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'account.new'"}
	for what, q := range more {
		numbers[what] = q
	}
	if won != limit {
		t.Errorf("%d of %d succeeded, the limit is %d", won, wanted, limit)
	}
	for what, q := range numbers {
		var n int
		must(db.QueryRowContext(ctx, q).Scan(&n))
		if n != limit {
			t.Errorf("%d %s, want %d", n, what, limit)
		}
	}
}
