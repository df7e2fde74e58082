package importer_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/importer"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
	"crmbot/internal/testenv"
)

// env is the importer with everything behind it on a database of its own.
type env struct {
	*importer.Service
	t        testing.TB
	db       *store.DB
	clock    *crm.MovableClock
	accounts *account.Service
	leads    *lead.Service
	deals    *deal.Service
	dir      *org.Directory
	admin    crm.Actor
}

func newEnv(t testing.TB, dsn string) *env {
	t.Helper()
	ctx := t.Context()
	zone, err := time.LoadLocation("Asia/Shanghai")
	must(t, err)
	clock := crm.NewMovableClock(time.Date(2026, 3, 2, 9, 0, 0, 0, zone), true)
	if dsn == "" {
		dsn = testdb.SQLite(t)
	}
	db, err := store.Open(ctx, dsn, clock)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	_, err = db.Migrate(ctx)
	must(t, err)
	cal, err := calendar.Standard(zone)
	must(t, err)
	defs := slices.Concat(importer.Settings(), account.Settings(), deal.Settings(), lead.Settings())
	book, err := rule.NewBook(db, clock, defs...)
	must(t, err)
	dir := org.NewDirectory(db, db)
	e := &env{t: t, db: db, clock: clock, dir: dir}
	gate := pool.NewGate(pool.Deps{Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, People: dir, Rules: book,
		Holds: map[crm.Kind]rule.Int{crm.KindAccount: account.HoldLimit}})
	e.leads = lead.NewService(lead.Deps{Store: db, Tx: db, Effects: db.Effects(), Gate: gate, Duplicates: lead.NewDuplicates(db, book), Index: db, Clock: clock, Calendar: cal, People: dir, Rules: book})
	e.accounts = account.NewService(account.Deps{Gate: gate, Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, Rules: book, Name: dir.Name})
	e.deals = deal.NewService(deal.Deps{Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, Rules: book, Accounts: e.accounts, AccountStore: db, People: dir})
	e.Service = importer.NewService(importer.Deps{Store: db, Tx: db, Effects: db.Effects(), Clock: clock, Calendar: cal, Rules: book,
		Nouns: importer.Nouns{Leads: e.leads, Accounts: e.accounts, Deals: e.deals, OrgStore: db, Directory: dir}})
	u := org.User{Name: "管理员甲", Roles: []crm.Role{crm.Admin}, Active: true}
	must(t, dir.SaveUser(ctx, &u))
	e.admin, err = dir.Actor(ctx, u.ID)
	must(t, err)
	return e
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run imports text and fails the test on an error.
func (e *env) run(kind importer.Kind, text, mapping string) importer.Summary {
	e.t.Helper()
	s, err := e.Run(e.t.Context(), e.admin, kind, "test.csv", bytes.NewReader([]byte(text)), []byte(mapping), importer.Options{})
	must(e.t, err)
	return s
}

// file imports a file of the practice data with its mapping.
func (e *env) file(kind importer.Kind, data, mapping string) importer.Summary {
	e.t.Helper()
	m, err := os.ReadFile(filepath.Join(testenv.Root(e.t), "configs", "maps", mapping))
	must(e.t, err)
	s, err := e.RunFile(e.t.Context(), crm.SystemActor(), kind, testenv.Data(e.t, data), m, importer.Options{})
	must(e.t, err)
	return s
}

type sum struct {
	Qty    int64
	Amount int64
}

// facts adds up a fact key by day, user and team, straight from the table.
func (e *env) facts(ctx context.Context, key string, each func(day crm.Day, user crm.UserID, team crm.TeamID, s sum)) {
	e.t.Helper()
	pool, err := e.db.SQL()
	must(e.t, err)
	rows, err := pool.QueryContext(ctx, "SELECT day, user_id, team_id, qty, amount FROM crm_fact_daily WHERE metric_key = ?", key)
	must(e.t, err)
	defer rows.Close()
	for rows.Next() {
		var d string
		var u, t int64
		var s sum
		must(e.t, rows.Scan(&d, &u, &t, &s.Qty, &s.Amount))
		each(crm.Day(d), crm.UserID(u), crm.TeamID(t), s)
	}
	must(e.t, rows.Err())
}

func (e *env) count(table string) int {
	e.t.Helper()
	pool, err := e.db.SQL()
	must(e.t, err)
	var n int
	must(e.t, pool.QueryRowContext(e.t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n))
	return n
}
