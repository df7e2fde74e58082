package importer_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/importer"
	"crmbot/internal/testdb"
	"crmbot/internal/testenv"
)

// table reads a file of the practice data without the importer.
func table(t testing.TB, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(testenv.Data(t, name))
	must(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	must(t, err)
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, h := range rows[0] {
			m[h] = r[i]
		}
		out = append(out, m)
	}
	return out
}

func (e *env) maven() (org, accounts, products, deals importer.Summary) {
	return e.file(importer.Org, "maven/sales_teams.csv", "maven-org.yaml"), e.file(importer.Accounts, "maven/accounts.csv", "maven-accounts.yaml"),
		e.file(importer.Products, "maven/products.csv", "maven-products.yaml"), e.file(importer.Deals, "maven/sales_pipeline.csv", "maven-deals.yaml")
}

// TestMaven_F06 imports a real sales history and compares what the facts say
// with sums worked out from the file itself.
func TestMaven_F06(t *testing.T) {
	e := newEnv(t, "")
	org, accounts, products, deals := e.maven()
	for _, c := range []struct {
		s    importer.Summary
		rows int
	}{{org, 35}, {accounts, 85}, {products, 7}, {deals, 8800}} {
		if c.s.New != c.rows || c.s.Total() != c.rows {
			t.Errorf("%s", c.s)
		}
	}
	t.Logf("%s", deals)
	e.checkMaven(t)

	t.Run("again", func(t *testing.T) {
		before := e.count("crm_facts")
		for _, s := range first4(e.maven()) {
			if s.Same != s.Total() || s.Total() == 0 {
				t.Errorf("importing again: %s", s)
			}
		}
		if n := e.count("crm_facts"); n != before {
			t.Errorf("importing again wrote %d facts", n-before)
		}
		if n := e.count("crm_deals"); n != 8800 {
			t.Errorf("%d deals after importing again", n)
		}
		e.checkMaven(t)
	})
}

func first4(a, b, c, d importer.Summary) []importer.Summary { return []importer.Summary{a, b, c, d} }

type agentQuarter struct{ Agent, Quarter string }

func (e *env) checkMaven(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	must(t, e.dir.Reload(ctx))
	teamOf := map[string]string{}
	for _, r := range table(t, "maven/sales_teams.csv") {
		teamOf[r["sales_agent"]] = r["manager"] + " team"
	}
	want := map[string]map[agentQuarter]sum{"won": {}, "lost": {}, "opened": {}}
	byTeam, counts := map[string]sum{}, map[string]int{}
	prices := map[string]int64{}
	for _, r := range table(t, "maven/products.csv") {
		n, err := strconv.ParseInt(r["sales_price"], 10, 64)
		must(t, err)
		prices[r["product"]] = n * 100
	}
	prices["GTXPro"] = prices["GTX Pro"]
	for _, r := range table(t, "maven/sales_pipeline.csv") {
		counts[r["deal_stage"]]++
		add := func(key, day string, amount int64) {
			k := agentQuarter{r["sales_agent"], crm.QuarterOf(crm.Day(day)).String()}
			s := want[key][k]
			want[key][k] = sum{s.Qty + 1, s.Amount + amount}
		}
		amount := prices[r["product"]]
		if v := r["close_value"]; v != "" && v != "0" {
			n, err := strconv.ParseInt(v, 10, 64)
			must(t, err)
			amount = n * 100
		}
		if r["engage_date"] != "" {
			add("opened", r["engage_date"], amount)
		}
		switch r["deal_stage"] {
		case "Won":
			add("won", r["close_date"], amount)
			s := byTeam[teamOf[r["sales_agent"]]]
			byTeam[teamOf[r["sales_agent"]]] = sum{s.Qty + 1, s.Amount + amount}
		case "Lost":
			add("lost", r["close_date"], amount)
		}
	}
	for key, fact := range map[string]string{"won": deal.FactWon, "lost": deal.FactLost, "opened": deal.FactOpened} {
		got, teams := map[agentQuarter]sum{}, map[string]sum{}
		var total sum
		e.facts(ctx, fact, func(day crm.Day, u crm.UserID, team crm.TeamID, s sum) {
			k := agentQuarter{e.dir.Name(ctx, u), crm.QuarterOf(day).String()}
			got[k] = sum{got[k].Qty + s.Qty, got[k].Amount + s.Amount}
			tm, err := e.dir.Team(ctx, team)
			must(t, err)
			teams[tm.Name] = sum{teams[tm.Name].Qty + s.Qty, teams[tm.Name].Amount + s.Amount}
			total = sum{total.Qty + s.Qty, total.Amount + s.Amount}
		})
		if d := cmp.Diff(want[key], got); d != "" {
			t.Errorf("%s by agent and quarter (-file +facts):\n%s", key, d)
		}
		if key == "won" {
			if d := cmp.Diff(byTeam, teams); d != "" {
				t.Errorf("won by team (-file +facts):\n%s", d)
			}
			if total != (sum{4238, 10005534_00}) {
				t.Errorf("won in all: %+v", total)
			}
		}
	}
	if d := cmp.Diff(map[string]int{"Won": 4238, "Lost": 2473, "Engaging": 1589, "Prospecting": 500}, counts); d != "" {
		t.Fatalf("the file is another one: %s", d)
	}
	for status, n := range map[deal.Status]int64{deal.Won: 4238, deal.Lost: 2473, deal.Open: 2089, "": 8800} {
		_, tot, err := e.deals.List(ctx, e.admin, deal.Query{Status: status, Limit: 1})
		must(t, err)
		if tot.Count != n {
			t.Errorf("%d deals %q, want %d", tot.Count, status, n)
		}
	}
}

// TestMavenOrg_P01 shows that offices became regions with a team for each
// manager, who leads it.
func TestMavenOrg(t *testing.T) {
	e := newEnv(t, "")
	e.file(importer.Org, "maven/sales_teams.csv", "maven-org.yaml")
	ctx := t.Context()
	must(t, e.dir.Reload(ctx))
	teams, err := e.dir.Teams(ctx)
	must(t, err)
	if len(teams) != 9 {
		t.Fatalf("%d teams, want 3 offices and 6 teams", len(teams))
	}
	team, err := e.dir.TeamByName(ctx, "Rocco Neubert team")
	must(t, err)
	boss, err := e.dir.One(ctx, "Rocco Neubert")
	must(t, err)
	if team.Leader != boss.ID || !boss.Has(crm.Manager) || boss.Has(crm.Rep) {
		t.Errorf("leader %d, manager %+v", team.Leader, boss)
	}
	office, err := e.dir.Team(ctx, team.Parent)
	must(t, err)
	if office.Name != "East" {
		t.Errorf("the team is in %q", office.Name)
	}
	rep, err := e.dir.One(ctx, "Boris Faz")
	must(t, err)
	if rep.Team != team.ID || !rep.Has(crm.Rep) || rep.Region != "East" || rep.Lang != crm.English {
		t.Errorf("rep %+v", rep)
	}
	a, err := e.dir.Actor(ctx, boss.ID)
	must(t, err)
	if !a.CanSee(rep.ID, rep.Team) {
		t.Error("the manager cannot see the rep's records")
	}
}

// TestMavenAccounts shows that the dirt of the file is mended by the mapping.
func TestMavenAccounts(t *testing.T) {
	e := newEnv(t, "")
	e.file(importer.Accounts, "maven/accounts.csv", "maven-accounts.yaml")
	x, err := e.accounts.One(t.Context(), e.admin, "Acme Corporation")
	must(t, err)
	if x.Industry != "technology" || x.Founded != 1996 || x.Employees != 2822 || x.Revenue != 1100_040_000_00 || x.Region != "United States" || x.Owner != 0 {
		t.Errorf("%+v", x)
	}
	x, err = e.accounts.One(t.Context(), e.admin, "Bioholding")
	must(t, err)
	if x.Region != "Philippines" {
		t.Errorf("region %q", x.Region)
	}
}

// TestMavenOnMySQL_F06 imports the same history into MySQL: the same facts, and
// none twice when its end is sent again.
func TestMavenOnMySQL_F06(t *testing.T) {
	e := newEnv(t, testdb.MySQL(t))
	_, _, _, deals := e.maven()
	t.Logf("%s", deals)
	for _, s := range []importer.Summary{e.file(importer.Org, "maven/sales_teams.csv", "maven-org.yaml"), e.file(importer.Accounts, "maven/accounts.csv", "maven-accounts.yaml")} {
		if s.Same != s.Total() || s.Total() == 0 {
			t.Errorf("importing again: %s", s)
		}
	}
	e.checkMaven(t)
}
