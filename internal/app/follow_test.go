package app_test

import (
	"context"
	"testing"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/app"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/testdb"
)

// TestPM01LeadersSeeWhatTheirPeopleOwnNow: whoever changes teams takes along
// what they own, for the new leader to see and the old one no longer; what was
// done before stays with the old team (F-06), also when it is taken back.
func TestPM01LeadersSeeWhatTheirPeopleOwnNow(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { followTeams(t, testdb.SQLite(t)) })
	t.Run("mysql", func(t *testing.T) { followTeams(t, testdb.MySQL(t)) })
}

func followTeams(t *testing.T, dsn string) {
	ctx := t.Context()
	clock := crm.NewMovableClock(monday, true)
	a, err := app.New(ctx, app.Options{DSN: dsn, Clock: clock})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	defer a.Close()
	dir := a.Services.Directory
	east, south := org.Team{Name: "华东"}, org.Team{Name: "华南"}
	must(dir.SaveTeam(ctx, &east))
	must(dir.SaveTeam(ctx, &south))
	hire := func(name string, team crm.TeamID, r crm.Role) org.User {
		u := org.User{Name: name, Team: team, Roles: []crm.Role{r}, Active: true}
		must(dir.SaveUser(ctx, &u))
		return u
	}
	wang, chen, na := hire("王磊", east.ID, crm.Manager), hire("陈静", south.ID, crm.Manager), hire("李娜", east.ID, crm.Rep)
	hire("周法", 0, crm.Legal)
	east.Leader, south.Leader = wang.ID, chen.ID
	must(dir.SaveTeam(ctx, &east))
	must(dir.SaveTeam(ctx, &south))
	as := func(u org.User) crm.Actor {
		t.Helper()
		x, err := dir.Actor(ctx, u.ID)
		must(err)
		return x
	}
	l, err := a.Services.Leads.Create(ctx, as(na), lead.NewLead{Info: lead.Info{Company: "明月贸易"}, Owner: na.ID}, true)
	must(err)
	res, err := a.Services.Accounts.Import(ctx, as(wang), []account.Row{{Draft: account.Draft{Name: "上海星河科技有限公司"}, Owner: na.ID, Team: na.Team}}, true)
	must(err)
	acc := crm.AccountID(res[0].Ref.ID)
	d, err := a.Services.Deals.Create(ctx, as(na), deal.Draft{Account: acc, Amount: 8_000_000})
	must(err)
	c, err := a.Services.Contracts.Create(ctx, as(na), contract.Input{Deal: d.ID, Amount: 5_000_000, Terms: "月结30天", StartsOn: "2026-03-10"})
	must(err)
	_, r, err := a.Services.Contracts.SubmitForApproval(ctx, as(na), c.ID, 0, false, "")
	must(err)

	sees := map[string]func(ctx context.Context, x crm.Actor) error{
		"lead": func(ctx context.Context, x crm.Actor) error {
			_, err := a.Services.Leads.Peek(ctx, x, l.ID)
			return err
		},
		"account": func(ctx context.Context, x crm.Actor) error {
			_, err := a.Services.Accounts.Get(ctx, x, acc)
			return err
		},
		"deal": func(ctx context.Context, x crm.Actor) error { _, err := a.Services.Deals.Get(ctx, x, d.ID); return err },
		"contract": func(ctx context.Context, x crm.Actor) error {
			_, err := a.Services.Contracts.Get(ctx, x, c.ID)
			return err
		},
		"contract by name": func(ctx context.Context, x crm.Actor) error {
			found, _, err := a.Services.Contracts.Search(ctx, x, "星河", 5)
			if err == nil && len(found) != 1 {
				err = crm.NotFound("没有", "none")
			}
			return err
		},
		"account by name": func(ctx context.Context, x crm.Actor) error {
			_, err := a.Services.Accounts.One(ctx, x, "星河")
			return err
		},
	}
	check := func(when string, who org.User, what string, want bool) {
		t.Helper()
		if err := sees[what](ctx, as(who)); (err == nil) != want {
			t.Errorf("%s, %s and the %s: %v", when, who.Name, what, err)
		}
	}
	for what := range sees {
		check("before", wang, what, true)
		check("before", chen, what, false)
	}
	must(clock.Set(monday.Add(time.Hour)))
	na.Team = south.ID
	must(dir.SaveUser(ctx, &na))
	for what := range sees {
		check("after", chen, what, true)
		check("after", na, what, true)
		if what != "contract" { // whom it waits for may read it
			check("after", wang, what, false)
		}
	}
	if _, err := a.Services.Approvals.Get(ctx, as(chen), r.ID); err != nil {
		t.Errorf("the new leader and the request: %v", err)
	}
	db, err := a.DB.SQL()
	must(err)
	facts := func(key string, team crm.TeamID) (n int) {
		t.Helper()
		must(db.QueryRowContext(ctx, "SELECT COALESCE(SUM(qty), 0) FROM crm_fact_daily WHERE metric_key = ? AND team_id = ?", key, int64(team)).Scan(&n))
		return n
	}
	for _, key := range []string{lead.FactNew, account.FactNew, deal.FactOpened, contract.FactSubmitted} {
		if before, after := facts(key, east.ID), facts(key, south.ID); before != 1 || after != 0 {
			t.Errorf("%s: %d for the old team, %d for the new one", key, before, after)
		}
	}
	must(a.DB.FollowTeams(ctx, monday))
	for what := range sees {
		check("after the night", chen, what, true)
	}

	// What was written with the old team at the moment of the change is mended.
	if _, err := db.ExecContext(ctx, "UPDATE crm_leads SET team_id = ? WHERE id = ?", int64(east.ID), int64(l.ID)); err != nil {
		t.Fatal(err)
	}
	must(a.DB.FollowTeams(ctx, monday.Add(2*time.Hour)))
	check("without a change since", wang, "lead", true)
	run := func(at time.Duration) { // after Monday, 9:00 in Shanghai
		t.Helper()
		must(clock.Set(monday.Add(at)))
		must(a.Scheduler.RunDue(ctx, clock.Now()))
	}
	run(18*time.Hour + 6*time.Minute)
	check("before the hour", wang, "lead", true)
	run(18*time.Hour + 7*time.Minute)
	check("after mending", chen, "lead", true)
	check("after mending", wang, "lead", false)

	// An import that is undone takes its number back where it was counted.
	more, err := a.Services.Accounts.Import(ctx, crm.SystemActor(), []account.Row{{Draft: account.Draft{Name: "清风物流"}, Owner: na.ID, Team: na.Team}}, true)
	must(err)
	na.Team = east.ID
	must(dir.SaveUser(ctx, &na))
	must(a.DB.InTx(ctx, func(ctx context.Context) error {
		undone, err := a.Services.Accounts.Undo(ctx, crm.SystemActor(), more[0])
		if err == nil && !undone {
			t.Error("the import was not undone")
		}
		return err
	}))
	if n := facts(account.FactNew, south.ID); n != 0 {
		t.Errorf("%d accounts of the undone import are left", n)
	}
	if n := facts(account.FactNew, east.ID); n != 1 {
		t.Errorf("the first team has %d accounts, want 1", n)
	}
}
