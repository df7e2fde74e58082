package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/store"
	"crmbot/internal/store/storetest"
	"crmbot/internal/testenv"
)

// suites are run on every database; each gets an empty, migrated one.
var suites = []struct {
	name string
	run  func(t *testing.T, db *store.DB, clock *crm.MovableClock)
}{
	{"metric", storetest.Metric},
	{"report", storetest.Report},
}

// TestStores runs every suite on SQLite and on MySQL.
func TestStores(t *testing.T) {
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) {
			t.Run("sqlite", func(t *testing.T) { on(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"), s.run) })
			t.Run("mysql", func(t *testing.T) { on(t, testenv.MySQL(t), s.run) })
		})
	}
}

func on(t *testing.T, dsn string, run func(t *testing.T, db *store.DB, clock *crm.MovableClock)) {
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
	run(t, db, clock)
}
