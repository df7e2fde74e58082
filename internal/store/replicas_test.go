package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/outbox"
	"crmbot/internal/sched"
	"crmbot/internal/store"
	"crmbot/internal/store/storetest"
	"crmbot/internal/testenv"
)

// replicas opens n databases on one empty MySQL database, as n processes would.
func replicas(t *testing.T, n int, clock crm.Clock) []*store.DB {
	t.Helper()
	dsn := testenv.MySQL(t)
	out := make([]*store.DB, n)
	for i := range out {
		db, err := store.Open(t.Context(), dsn, clock)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		out[i] = db
	}
	return out
}

func migrated(t *testing.T, n int, clock crm.Clock) []*store.DB {
	t.Helper()
	dbs := replicas(t, n, clock)
	if _, err := dbs[0].Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dbs
}

// TestMigrateTogether starts three replicas on an empty database at once.
func TestMigrateTogether(t *testing.T) {
	dbs := replicas(t, 3, crm.WallClock{})
	var ran atomic.Int64
	var g errgroup.Group
	for _, db := range dbs {
		g.Go(func() error {
			n, err := db.Migrate(t.Context())
			ran.Add(int64(n))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("migrations/mysql/*.sql")
	if want := len(files) + 1; err != nil || int(ran.Load()) != want { // one is a function
		t.Errorf("%d migrations ran, there are %d: %v", ran.Load(), want, err)
	}
	if n, err := dbs[0].Migrate(t.Context()); n != 0 || err != nil {
		t.Errorf("migrating again: %d, %v", n, err)
	}
}

// TestMigrateRefusesANewerDatabase: a program never runs on a schema that it
// does not know.
func TestMigrateRefusesANewerDatabase(t *testing.T) {
	for name, dsn := range map[string]func(*testing.T) string{"sqlite": func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") }, "mysql": func(t *testing.T) string { return testenv.MySQL(t) }} {
		t.Run(name, func(t *testing.T) {
			db, _ := openStore(t, dsn(t))
			exec(t, sqlPool(t, db), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
			if _, err := db.Migrate(t.Context()); !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "99999") {
				t.Errorf("a newer database gave %v", err)
			}
		})
	}
}

// TestSQLiteIsOneProcess: a second program on the same file is refused, and the
// file's name may hold what means something in a URI.
func TestSQLiteIsOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?b#c%20d 销售.db")
	db, _ := openStore(t, "sqlite:"+path)
	if _, err := store.Open(t.Context(), "sqlite:"+path, crm.WallClock{}); err == nil || !strings.Contains(err.Error(), "another crmbot") {
		t.Errorf("opened twice: %v", err)
	}
	if err := db.SaveUser(t.Context(), &org.User{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	if found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.db")); err != nil || len(found) != 1 || found[0] != path {
		t.Errorf("the database is in %v", found)
	}
}

// TestDeadlockIsRetriedWithItsEffectsOnce lets two transactions lock two rows
// in opposite order. Both must go through; their effects count once.
func TestDeadlockIsRetriedWithItsEffectsOnce(t *testing.T) {
	clock := crm.NewMovableClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), true)
	db := migrated(t, 1, clock)[0]
	us := []org.User{{Name: "a"}, {Name: "b"}}
	for i := range us {
		if err := db.SaveUser(t.Context(), &us[i]); err != nil {
			t.Fatal(err)
		}
	}
	fx := db.Effects()
	var woken, attempts atomic.Int64
	db.OnQueued(func() { woken.Add(1) })
	var both sync.WaitGroup // both hold their first row before they want the second
	both.Add(2)
	var g errgroup.Group
	for i := range 2 {
		ctx := store.WithSequence(crm.WithEvent(t.Context(), crm.Event{Platform: "webchat", ID: fmt.Sprint("e", i)}))
		g.Go(func() error {
			first := true
			return db.InTx(ctx, func(ctx context.Context) error {
				attempts.Add(1)
				a, b := us[i], us[1-i]
				a.Region = fmt.Sprint(i)
				if err := db.SaveUser(ctx, &a); err != nil {
					return err
				}
				if first {
					first = false
					both.Done()
					both.Wait()
				}
				b.Region = fmt.Sprint(i)
				if err := db.SaveUser(ctx, &b); err != nil {
					return err
				}
				return errors.Join(fx.Record(ctx, crm.Fact{At: clock.Now(), Day: "2026-03-02", User: 1, Key: "lead.claim", Qty: 1}),
					fx.Notify(ctx, crm.Notice{To: crm.ToUser(1), View: crm.View{Name: "v"}}))
			})
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if attempts.Load() < 3 {
		t.Error("there was no deadlock: the test proves nothing")
	}
	for table, want := range map[string]int{"crm_facts": 2, "crm_outbox": 2, "crm_processed_events": 2} {
		if n := storetest.Count(t, db, table, ""); n != want {
			t.Errorf("%s has %d rows, want %d", table, n, want)
		}
	}
	if n := storetest.Count(t, db, "crm_fact_daily", "qty = 2"); n != 1 {
		t.Error("the daily sum is not 2")
	}
	if woken.Load() != 2 {
		t.Errorf("woken %d times for two commits", woken.Load())
	}
}

// TestOutboxReplicas lets two workers deliver one queue while others fill it:
// every row is delivered exactly once, and rows of a topic never overtake.
func TestOutboxReplicas(t *testing.T) {
	dbs := migrated(t, 2, crm.WallClock{})
	const plain, topics, each = 120, 6, 10
	var mu sync.Mutex
	got, last := map[string]int{}, map[string]string{}
	var workers []*outbox.Worker
	for i, db := range dbs {
		workers = append(workers, outbox.NewWorker(db, func(_ context.Context, r outbox.Row) error {
			mu.Lock()
			defer mu.Unlock()
			got[r.Key]++
			if r.Topic != "" {
				if r.Key < last[r.Topic] {
					t.Errorf("%s came after %s", r.Key, last[r.Topic])
				}
				last[r.Topic] = r.Key
			}
			return nil
		}, crm.WallClock{}, fmt.Sprint("w", i)))
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for i, w := range workers {
		dbs[i].OnQueued(w.Wake)
		running.Go(func() {
			if err := w.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	queue := func(db *store.DB, n crm.Notice) error {
		return db.InTx(t.Context(), func(ctx context.Context) error { return db.Effects().Notify(ctx, n) })
	}
	var g errgroup.Group
	for i := range plain {
		g.Go(func() error {
			return queue(dbs[i%2], crm.Notice{To: crm.ToUser(crm.UserID(i%7 + 1)), Key: fmt.Sprintf("p%03d", i), View: crm.View{Name: "v"}})
		})
	}
	for i := range topics {
		g.Go(func() error { // one writer a topic: its order is known
			for n := range each {
				if err := queue(dbs[n%2], crm.Notice{To: crm.ToUser(1), Topic: fmt.Sprint("t", i), Key: fmt.Sprintf("t%d-%02d", i, n), View: crm.View{Name: "v"}}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return storetest.Count(t, dbs[0], "crm_outbox", "state = 0") == 0 })
	stop()
	running.Wait()
	for i := range plain {
		if k := fmt.Sprintf("p%03d", i); got[k] != 1 {
			t.Errorf("%s was delivered %d times", k, got[k])
		}
	}
	for i := range topics {
		if want := fmt.Sprintf("t%d-%02d", i, each-1); last[fmt.Sprint("t", i)] != want || got[want] != 1 {
			t.Errorf("topic %d ends with %s (%d times), want %s once", i, last[fmt.Sprint("t", i)], got[want], want)
		}
	}
	for k, n := range got {
		if n > 1 {
			t.Errorf("%s was delivered %d times", k, n)
		}
	}
}

// eventually waits for something that other goroutines bring about.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it did not come about within 30 s")
		}
	}
}

// TestSchedulerReplicas runs three schedulers on one database: every due time
// is done once, a failing job is tried again and does not hold up the others.
func TestSchedulerReplicas(t *testing.T) {
	clock := crm.NewMovableClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), true)
	dbs := migrated(t, 3, clock)
	var mu sync.Mutex
	runs := map[string][]time.Time{}
	failing := true
	job := func(name string, every time.Duration, fail func() bool) sched.Job {
		return sched.Job{Name: name, Next: func(t time.Time) time.Time { return t.Truncate(every).Add(every) }, Run: func(_ context.Context, due time.Time) error {
			mu.Lock()
			defer mu.Unlock()
			if fail() {
				return errors.New("not yet")
			}
			runs[name] = append(runs[name], due)
			return nil
		}}
	}
	var all []*sched.Scheduler
	for i, db := range dbs {
		s, err := sched.New(db, clock, fmt.Sprint("s", i), job("a", time.Hour, func() bool { return false }), job("b", time.Hour, func() bool { return failing }))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	pass := func() error {
		var g errgroup.Group
		for _, s := range all {
			g.Go(func() error { return s.RunDue(t.Context(), clock.Now()) })
		}
		return g.Wait()
	}
	start := clock.Now()
	var want []time.Time
	for h := range 5 {
		if err := clock.Set(start.Add(time.Duration(h+1) * time.Hour)); err != nil {
			t.Fatal(err)
		}
		want = append(want, clock.Now())
		if err := pass(); err == nil && h == 0 {
			t.Error("the failure of b was not reported")
		}
	}
	if !slices.EqualFunc(runs["a"], want, time.Time.Equal) {
		t.Errorf("a ran at %v, want %v", runs["a"], want)
	}
	if len(runs["b"]) != 0 {
		t.Errorf("b ran at %v", runs["b"])
	}
	failing = false
	if err := clock.Set(clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	want = append(want, clock.Now())
	if err := pass(); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(runs["b"], want, time.Time.Equal) {
		t.Errorf("b caught up with %v, want %v", runs["b"], want)
	}
	if n := storetest.Count(t, dbs[0], "crm_job_runs", "result = 'done'"); n != 12 {
		t.Errorf("%d runs logged, want 12", n)
	}
}
