package report_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/metric"
	"crmbot/internal/org"
	"crmbot/internal/report"
	"crmbot/internal/rule"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
)

const today = crm.Day("2026-03-02")

// office is a company on a real database.
type office struct {
	db     *store.DB
	clock  *crm.MovableClock
	cal    *calendar.Calendar
	dir    *org.Directory
	book   *rule.Book
	reg    *metric.Registry
	reader *metric.Reader
	svc    *report.Service
	plans  *plans
	zone   *time.Location
}

// plans is a diary kept in memory.
type plans struct {
	done, next map[crm.UserID][]report.Item
	asked      atomic.Int64
}

func (p *plans) PlannedAndDone(_ context.Context, users []crm.UserID, _ crm.Day) (map[crm.UserID][]report.Item, error) {
	p.asked.Add(1)
	return pick(p.done, users), nil
}

func (p *plans) Planned(_ context.Context, users []crm.UserID, _ crm.Day) (map[crm.UserID][]report.Item, error) {
	p.asked.Add(1)
	return pick(p.next, users), nil
}

func pick(all map[crm.UserID][]report.Item, users []crm.UserID) map[crm.UserID][]report.Item {
	out := map[crm.UserID][]report.Item{}
	for _, u := range users {
		if len(all[u]) > 0 {
			out[u] = all[u]
		}
	}
	return out
}

func sqliteDSN(t testing.TB) string { return testdb.SQLite(t) }

func newOffice(t testing.TB, dsn string) *office {
	t.Helper()
	ctx := t.Context()
	zone := time.FixedZone("CST", 8*3600)
	o := &office{clock: crm.NewMovableClock(today.At(9, 0, zone), true), zone: zone, plans: &plans{}}
	var err error
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	o.db, err = store.Open(ctx, dsn, o.clock)
	must(err)
	t.Cleanup(func() { must(o.db.Close()) })
	_, err = o.db.Migrate(ctx)
	must(err)
	o.cal, err = calendar.Standard(zone)
	must(err)
	o.reg, err = metric.NewRegistry(metric.Standard()...)
	must(err)
	o.book, err = rule.NewBook(o.db, o.clock, append(goal.Settings(o.reg), report.Settings(o.reg)...)...)
	must(err)
	o.dir = org.NewDirectory(o.db, o.db)
	o.reader = metric.NewReader(o.reg, o.db)
	o.svc = report.NewService(report.Deps{Store: o.db, Tx: o.db, Effects: o.db.Effects(), Metrics: o.reader, Goals: goal.NewBook(o.book, o.reg, o.cal), Rules: o.book,
		Directory: o.dir, Calendar: o.cal, Clock: o.clock, Plans: o.plans})
	return o
}

func (o *office) team(t testing.TB, name string, parent crm.TeamID) crm.TeamID {
	t.Helper()
	x := org.Team{Name: name, Parent: parent}
	if err := o.dir.SaveTeam(t.Context(), &x); err != nil {
		t.Fatal(err)
	}
	return x.ID
}

func (o *office) person(t testing.TB, name string, team crm.TeamID, roles ...crm.Role) org.User {
	t.Helper()
	u := org.User{Name: name, Team: team, Roles: roles, Active: true}
	if err := o.dir.SaveUser(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
	return u
}

func (o *office) save(t testing.TB, u org.User) {
	t.Helper()
	if err := o.dir.SaveUser(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
}

func (o *office) lead(t testing.TB, team crm.TeamID, leader crm.UserID) {
	t.Helper()
	x, err := o.dir.Team(t.Context(), team)
	if err != nil {
		t.Fatal(err)
	}
	x.Leader = leader
	if err := o.dir.SaveTeam(t.Context(), &x); err != nil {
		t.Fatal(err)
	}
}

func (o *office) actor(t testing.TB, id crm.UserID) crm.Actor {
	t.Helper()
	a, err := o.dir.Actor(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// did records that a person did something n times today.
func (o *office) did(t testing.TB, u org.User, key string, n int64) { o.didOn(t, u, key, n, today) }

func (o *office) didOn(t testing.TB, u org.User, key string, n int64, day crm.Day) {
	t.Helper()
	fx := o.db.Effects()
	err := o.db.InTx(t.Context(), func(ctx context.Context) error {
		return fx.Record(ctx, crm.Fact{At: o.clock.Now(), Day: day, User: u.ID, Team: u.Team, Key: key, Qty: n, Ref: crm.ActivityID(1).Ref()})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) at(t testing.TB, hour, minute int, day crm.Day) {
	t.Helper()
	if err := o.clock.Set(day.At(hour, minute, o.zone)); err != nil {
		t.Fatal(err)
	}
}

// queued are the rows of the outbox: who gets which view.
func (o *office) queued(t testing.TB) []string {
	t.Helper()
	pool, err := o.db.SQL()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := pool.QueryContext(t.Context(), "SELECT user_id, chat, view, ref, next_ms FROM crm_outbox WHERE kind = 'send' ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var user, next int64
		var chat, view, ref string
		if err := rows.Scan(&user, &chat, &view, &ref, &next); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d%s %s %s %s", user, chat, view, ref, time.UnixMilli(next).In(o.zone).Format("01-02 15:04")))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func number(t testing.TB, c report.Content, key string) report.Number {
	t.Helper()
	i := slices.IndexFunc(c.Numbers, func(n report.Number) bool { return n.Metric == key })
	if i < 0 {
		t.Fatalf("no number %s", key)
	}
	return c.Numbers[i]
}
