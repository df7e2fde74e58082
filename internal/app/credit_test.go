package app_test

import (
	"testing"

	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/org"
	"crmbot/internal/testdb"
)

// TestWonDealIsCreditedToTheTeamOfTheMomentF06: who changed teams between opening
// a deal and winning it wins it for the new team.
func TestWonDealIsCreditedToTheTeamOfTheMomentF06(t *testing.T) {
	ctx := t.Context()
	a, err := app.New(ctx, app.Options{DSN: testdb.SQLite(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	dir := a.Services.Directory
	before, after := org.Team{Name: "华东"}, org.Team{Name: "华南"}
	rep := org.User{Name: "李娜", Roles: []crm.Role{crm.Rep}, Active: true}
	for _, err := range []error{dir.SaveTeam(ctx, &before), dir.SaveTeam(ctx, &after)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	rep.Team = before.ID
	if err := dir.SaveUser(ctx, &rep); err != nil {
		t.Fatal(err)
	}
	actor, err := dir.Actor(ctx, rep.ID)
	if err != nil {
		t.Fatal(err)
	}
	acc, err := a.Services.Accounts.Ensure(ctx, actor, "上海星河科技有限公司")
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.Services.Deals.Create(ctx, actor, deal.Draft{Account: acc.ID, Amount: 8_000_000})
	if err != nil {
		t.Fatal(err)
	}
	rep.Team = after.ID
	if err := dir.SaveUser(ctx, &rep); err != nil {
		t.Fatal(err)
	}
	if actor, err = dir.Actor(ctx, rep.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Services.Deals.Win(ctx, actor, d.ID, d.Version, 0); err != nil {
		t.Fatal(err)
	}
	db, err := a.DB.SQL()
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]crm.TeamID{deal.FactOpened: before.ID, deal.FactWon: after.ID} {
		var team crm.TeamID
		if err := db.QueryRowContext(ctx, "SELECT team_id FROM crm_facts WHERE metric_key = ?", key).Scan(&team); err != nil || team != want {
			t.Errorf("%s went to team %d, want %d (%v)", key, team, want, err)
		}
	}
}
