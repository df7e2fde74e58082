package store_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/store"
	"crmbot/internal/store/storetest"
	"crmbot/internal/testdb"
)

// suites are run on every database; each gets an empty, migrated one.
var suites = []struct {
	name string
	run  func(t *testing.T, db *store.DB, clock *crm.MovableClock)
}{
	{"effects", storetest.Effects},
	{"take back", storetest.TakeBack},
	{"events", storetest.Events},
	{"fact sums", storetest.FactSums},
	{"prune", storetest.Prune},
	{"outbox", storetest.Outbox},
	{"push", storetest.Push},
	{"inbox", storetest.Inbox},
	{"homes", storetest.Homes},
	{"sent", storetest.Sent},
	{"jobs", storetest.Jobs},
	{"org", storetest.Org},
	{"bind", storetest.Bind},
	{"rules", storetest.Rules},
	{"lead", storetest.Lead},
	{"account", storetest.Account},
	{"deal", storetest.Deal},
	{"importer", storetest.Importer},
	{"contract", storetest.Contract},
	{"approval", storetest.Approval},
	{"metric", storetest.Metric},
	{"report", storetest.Report},
	{"activity", storetest.Activity},
	{"intake", storetest.Intake},
	{"channel", storetest.Channel},
	{"assign", storetest.Assign},
	{"handover", storetest.Handover},
}

// TestStores runs every suite on SQLite and on MySQL. Making the schema takes
// MySQL seconds, so its suites share one database that is emptied in between.
func TestStores(t *testing.T) {
	for _, s := range suites {
		t.Run("sqlite/"+s.name, func(t *testing.T) {
			db, clock := openStore(t, testdb.SQLite(t))
			s.run(t, db, clock)
		})
	}
	t.Run("mysql", func(t *testing.T) {
		dsn := testdb.MySQL(t)
		first, _ := openStore(t, dsn)
		keepSeeds(t, sqlPool(t, first))
		for _, s := range suites {
			t.Run(s.name, func(t *testing.T) {
				db, clock := openStore(t, dsn)
				refill(t, sqlPool(t, db))
				s.run(t, db, clock)
			})
		}
	})
}

// openStore opens and migrates a database; its clock stands at Monday, 2 March
// 2026, 9:00 in Shanghai.
func openStore(t *testing.T, dsn string) (*store.DB, *crm.MovableClock) {
	t.Helper()
	clock := crm.NewMovableClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), true)
	db, err := store.Open(t.Context(), dsn, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db, clock
}

// tables are a MySQL database's tables whose names begin with the prefix.
func tables(t *testing.T, pool *sql.DB, prefix string) []string {
	t.Helper()
	rows, err := pool.QueryContext(t.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE CONCAT(?, '\\_%') ORDER BY table_name", prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		out = append(out, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// keepSeeds copies what the migrations themselves inserted, for refill.
func keepSeeds(t *testing.T, pool *sql.DB) {
	t.Helper()
	for _, name := range tables(t, pool, "crm") {
		var n int
		if err := pool.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			exec(t, pool, "CREATE TABLE seed_"+name+" AS SELECT * FROM "+name)
		}
	}
}

// refill brings a MySQL database back to what it was after the migrations; ids
// begin at 1 again.
func refill(t *testing.T, pool *sql.DB) {
	t.Helper()
	for _, name := range tables(t, pool, "crm") {
		if exec(t, pool, "DELETE FROM "+name) > 0 {
			exec(t, pool, "ALTER TABLE "+name+" AUTO_INCREMENT = 1")
		}
	}
	for _, seed := range tables(t, pool, "seed") {
		exec(t, pool, "INSERT INTO "+strings.TrimPrefix(seed, "seed_")+" SELECT * FROM "+seed)
	}
}

func exec(t *testing.T, pool *sql.DB, query string, args ...any) int64 {
	t.Helper()
	res, err := pool.ExecContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func sqlPool(t *testing.T, db *store.DB) *sql.DB {
	t.Helper()
	pool, err := db.SQL()
	if err != nil {
		t.Fatal(err)
	}
	return pool
}
