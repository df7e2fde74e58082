package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/store"
)

var errUndo = errors.New("rolled back")

// Count is the number of rows of a table that fit the condition ("" for all).
func Count(t testing.TB, db *store.DB, table, where string, args ...any) int {
	t.Helper()
	q := "SELECT COUNT(*) FROM " + table
	if where != "" {
		q += " WHERE " + where
	}
	var n int
	if err := pool(t, db).QueryRow(q, args...).Scan(&n); err != nil {
		t.Fatalf("count %s: %v", table, err)
	}
	return n
}

func pool(t testing.TB, db *store.DB) *sql.DB {
	t.Helper()
	p, err := db.SQL()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// everything does one of each effect about the record.
func everything(ctx context.Context, fx store.Effects, clock crm.Clock, ref crm.Ref) error {
	return errors.Join(
		fx.Record(ctx, crm.Fact{At: clock.Now(), Day: "2026-03-02", User: 1, Team: 2, Key: "lead.claim", Qty: 1, Ref: ref}),
		fx.Audit(ctx, crm.Audit{Actor: 1, Action: "lead.claim", Ref: ref, Rule: "P-04", Detail: map[string]any{"n": 1}}),
		fx.Notify(ctx, crm.Notice{To: crm.ToUser(1), View: crm.View{Name: "lead.card", Ref: ref.String()}}),
		fx.Refresh(ctx, ref, ref),
	)
}

var effectTables = []string{"crm_facts", "crm_fact_daily", "crm_audit", "crm_outbox", "crm_users", "crm_processed_events"}

func counts(t *testing.T, db *store.DB) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, table := range effectTables {
		out[table] = Count(t, db, table, "")
	}
	return out
}

// TakeBack is the contract of facts that are taken back: however many, each from
// the team that was credited last with the same person's fact about the record.
func TakeBack(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	const n = 1100 // more than one query looks up
	fx := db.Effects()
	fact := func(i int, key string, user crm.UserID, team crm.TeamID, qty int64) crm.Fact {
		return crm.Fact{At: clock.Now(), Day: "2026-03-02", User: user, Team: team, Key: key, Qty: qty, Ref: crm.LeadID(i + 1).Ref()}
	}
	inTx := func(do func(ctx context.Context, facts ...crm.Fact) error, facts []crm.Fact) {
		t.Helper()
		if err := db.InTx(t.Context(), func(ctx context.Context) error { return do(ctx, facts...) }); err != nil {
			t.Fatal(err)
		}
	}
	var made, again, back []crm.Fact
	for i := range n {
		team := crm.TeamID(1 + i%7)
		made = append(made, fact(i, "lead.new", 1, team, 1), fact(i, "lead.new", 2, 30, 1), fact(i, "lead.claim", 1, 31, 1))
		if i%2 == 0 { // taken back once and counted again since, elsewhere
			again = append(again, fact(i, "lead.new", 1, team, -1), fact(i, "lead.new", 1, team+10, 1))
		}
		back = append(back, fact(i, "lead.new", 1, 99, -1))
	}
	inTx(fx.Record, made)
	inTx(fx.Record, again)
	inTx(fx.TakeBack, append(back, fact(n, "lead.new", 1, 99, -1))) // the last one was never counted
	for what, want := range map[string]int{
		"metric_key = 'lead.new' AND user_id = 1 AND team_id < 99 AND qty <> 0": 0,
		"metric_key = 'lead.new' AND user_id = 1 AND team_id < 99":              14,
		"metric_key = 'lead.new' AND team_id = 99 AND qty = -1":                 1,
		"metric_key = 'lead.new' AND team_id = 30 AND qty = 1100":               1,
		"metric_key = 'lead.claim' AND team_id = 31 AND qty = 1100":             1,
	} {
		if got := Count(t, db, "crm_fact_daily", what); got != want {
			t.Errorf("%d sums with %s, want %d", got, what, want)
		}
	}
}

// Effects is the contract of transactions: rows and effects are one, nested
// transactions join, and who queued messages is told after the commit.
func Effects(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	fx := db.Effects()
	woken := 0
	db.OnQueued(func() {
		woken++
		if n := Count(t, db, "crm_outbox", ""); n == 0 {
			t.Error("woken before the commit")
		}
	})
	ref := crm.LeadID(7).Ref()
	work := func(ctx context.Context) error {
		u := org.User{Name: "李娜", Active: true}
		return errors.Join(db.SaveUser(ctx, &u), db.InTx(ctx, func(ctx context.Context) error { return everything(ctx, fx, clock, ref) }))
	}
	for name, end := range map[string]func() error{"error": func() error { return errUndo }, "panic": func() error { panic(errUndo) }} {
		func() {
			defer func() { _ = recover() }()
			err := db.InTx(t.Context(), func(ctx context.Context) error {
				if err := work(ctx); err != nil {
					return err
				}
				return end()
			})
			if !errors.Is(err, errUndo) {
				t.Errorf("%s: got %v", name, err)
			}
		}()
		for table, n := range counts(t, db) {
			if n != 0 {
				t.Errorf("after an %s %s has %d rows", name, table, n)
			}
		}
	}
	if woken != 0 {
		t.Errorf("woken %d times for nothing", woken)
	}
	if err := db.InTx(t.Context(), work); err != nil {
		t.Fatal(err)
	}
	got := counts(t, db)
	for table, want := range map[string]int{"crm_facts": 1, "crm_fact_daily": 1, "crm_audit": 1, "crm_outbox": 2, "crm_users": 1, "crm_processed_events": 0} {
		if got[table] != want {
			t.Errorf("%s has %d rows, want %d", table, got[table], want)
		}
	}
	if woken != 1 {
		t.Errorf("woken %d times after one commit", woken)
	}
	if err := everything(t.Context(), fx, clock, ref); err == nil {
		t.Error("effects outside of a transaction were accepted")
	}
	for what, n := range map[string]crm.Notice{
		"no target":   {View: crm.View{Name: "x"}},
		"two targets": {To: crm.Target{User: 1, Platform: "webchat", Chat: "g1"}, View: crm.View{Name: "x"}},
		"a long key":  {To: crm.ToUser(1), Key: fmt.Sprintf("%0200d", 1), View: crm.View{Name: "x"}},
	} {
		if err := db.InTx(t.Context(), func(ctx context.Context) error { return fx.Notify(ctx, n) }); err == nil {
			t.Errorf("a notice with %s was accepted", what)
		}
	}
	for range 2 {
		if err := db.InTx(t.Context(), func(ctx context.Context) error {
			return fx.Notify(ctx, crm.Notice{To: crm.ToUser(1), Key: "once", View: crm.View{Name: "x"}}, crm.Notice{To: crm.ToUser(1), Key: "once", View: crm.View{Name: "y"}})
		}); err != nil {
			t.Fatal(err)
		}
	}
	if n := Count(t, db, "crm_outbox", "okey = ?", "once"); n != 1 {
		t.Errorf("the notice with one key was queued %d times", n)
	}
}

// Events is the contract of event ids: a redelivered event changes nothing,
// several transactions of one event are told apart, a failed one can come again.
func Events(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	fx := db.Effects()
	event := func() context.Context {
		return store.WithSequence(crm.WithEvent(t.Context(), crm.Event{Platform: "webchat", ID: "e1"}))
	}
	work := func(ctx context.Context) error { return everything(ctx, fx, clock, crm.LeadID(7).Ref()) }
	ctx := event()
	if err := db.InTx(ctx, func(ctx context.Context) error { return errors.Join(work(ctx), errUndo) }); !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
	ctx = event() // the failed one claimed nothing
	for i := range 2 {
		if err := db.InTx(ctx, work); err != nil {
			t.Fatalf("transaction %d of the event: %v", i, err)
		}
	}
	before := counts(t, db)
	if before["crm_processed_events"] != 2 || before["crm_facts"] != 2 {
		t.Fatalf("after two transactions: %v", before)
	}
	ctx = event()
	for range 2 {
		if err := db.InTx(ctx, work); crm.CodeOf(err) != crm.CodeDuplicate {
			t.Errorf("redelivered: %v", err)
		}
	}
	if after := counts(t, db); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the redelivery changed rows: %v, before %v", after, before)
	}
	other := crm.WithEvent(t.Context(), crm.Event{Platform: "lark", ID: "e1"})
	if err := db.InTx(other, work); err != nil {
		t.Errorf("the same id on another platform: %v", err)
	}
	frozen := crm.WithReadOnly(t.Context(), crm.Refused("HO-01", "只读", "read only"))
	if err := db.InTx(frozen, work); crm.RuleOf(err) != "HO-01" {
		t.Errorf("HO-01: a read-only context wrote: %v", err)
	}
	// A statement on its own is no way round it.
	if err := db.SaveTeam(frozen, &org.Team{Name: "华东"}); crm.RuleOf(err) != "HO-01" {
		t.Errorf("HO-01: a read-only context wrote outside a transaction: %v", err)
	}
	if ts, err := db.Teams(frozen); err != nil || len(ts) != 0 {
		t.Errorf("HO-01: a read-only context reads %d teams, %v", len(ts), err)
	}
}

// FactSums is the identity behind every number: the daily sums equal the facts,
// whatever was recorded, corrected or rolled back.
func FactSums(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	fx := db.Effects()
	fact := rapid.Custom(func(r *rapid.T) crm.Fact {
		return crm.Fact{At: clock.Now(), Day: crm.Day(rapid.SampledFrom([]string{"2026-03-01", "2026-03-02"}).Draw(r, "day")), User: crm.UserID(rapid.IntRange(1, 3).Draw(r, "user")),
			Team: crm.TeamID(rapid.IntRange(0, 2).Draw(r, "team")), Key: rapid.SampledFrom([]string{"lead.claim", "deal.won"}).Draw(r, "key"),
			Qty: rapid.Int64Range(-5, 5).Draw(r, "qty"), Amount: crm.Money(rapid.Int64Range(-1e12, 1e12).Draw(r, "amount"))}
	})
	rapid.Check(t, func(r *rapid.T) {
		facts := rapid.SliceOfN(fact, 0, 12).Draw(r, "facts")
		undo := rapid.Bool().Draw(r, "undo")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			half := len(facts) / 2
			if err := errors.Join(fx.Record(ctx, facts[:half]...), fx.Record(ctx, facts[half:]...)); err != nil || !undo {
				return err
			}
			return errUndo
		})
		if undo != errors.Is(err, errUndo) {
			r.Fatal(err)
		}
		diff := `SELECT COUNT(*) FROM (SELECT f.metric_key AS k FROM (SELECT metric_key, day, user_id, team_id, SUM(qty) AS q, SUM(amount) AS a FROM crm_facts GROUP BY metric_key, day, user_id, team_id) f
			LEFT JOIN crm_fact_daily d ON d.metric_key = f.metric_key AND d.day = f.day AND d.user_id = f.user_id AND d.team_id = f.team_id WHERE d.qty IS NULL OR d.qty <> f.q OR d.amount <> f.a) x`
		var n int
		if err := pool(t, db).QueryRow(diff).Scan(&n); err != nil || n != 0 {
			r.Fatalf("%d sums differ from their facts, %v", n, err)
		}
	})
	groups := 0
	if err := pool(t, db).QueryRow("SELECT COUNT(*) FROM (SELECT 1 AS one FROM crm_facts GROUP BY metric_key, day, user_id, team_id) x").Scan(&groups); err != nil {
		t.Fatal(err)
	}
	if sums := Count(t, db, "crm_fact_daily", ""); sums != groups || groups == 0 {
		t.Errorf("%d sums for %d groups of facts", sums, groups)
	}
}

// Prune is the contract of the housekeeping: what is old goes, what waits or is
// young stays.
func Prune(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	fx := db.Effects()
	ctx := t.Context()
	queue := func(key string) {
		t.Helper()
		ev := crm.WithEvent(ctx, crm.Event{Platform: "webchat", ID: key})
		if err := db.InTx(ev, func(ctx context.Context) error {
			return fx.Notify(ctx, crm.Notice{To: crm.ToUser(1), Key: key, View: crm.View{Name: "x"}})
		}); err != nil {
			t.Fatal(err)
		}
		put(t, db, "m-"+key, crm.LeadID(1).Ref())
	}
	deliver := func() {
		t.Helper()
		for _, r := range lease(t, db, clock, "w", 10) {
			if r.Key == "waits" {
				continue
			}
			if err := db.FinishOutbox(ctx, r.ID, "w", clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	queue("old")
	queue("waits")
	deliver()
	if err := db.InitJob(ctx, "j", clock.Now()); err != nil {
		t.Fatal(err)
	}
	due := clock.Now()
	if ok, err := db.LeaseJob(ctx, "j", due, "w", due, due.Add(time.Minute)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := db.AdvanceJob(ctx, "j", due, due.Add(time.Hour), "w", "done"); err != nil {
		t.Fatal(err)
	}
	move(t, clock, 100*24*time.Hour)
	queue("young")
	deliver()
	if err := db.Prune(ctx, clock.Now()); err != nil {
		t.Fatal(err)
	}
	if n := Count(t, db, "crm_outbox", "okey IN ('waits','young')"); n != 2 || Count(t, db, "crm_outbox", "") != 2 {
		t.Errorf("%d of the two rows that must stay", n)
	}
	for table, want := range map[string]int{"crm_processed_events": 1, "crm_job_runs": 0, "crm_sent_cards": 1, "crm_sent_refs": 1, "crm_jobs": 1} {
		if n := Count(t, db, table, ""); n != want {
			t.Errorf("%s keeps %d rows, want %d", table, n, want)
		}
	}
}

func move(t *testing.T, clock *crm.MovableClock, d time.Duration) {
	t.Helper()
	if err := clock.Set(clock.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
}
