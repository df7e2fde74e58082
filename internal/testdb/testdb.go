// Package testdb gives tests databases of their own that have the newest schema.
// Each is a copy of one that the process migrated once: a test of a rule does not
// pay for all migrations. Tests of opening and migrating begin with empty
// databases instead (testenv.MySQL, a path of their own).
package testdb

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"crmbot/internal/crm"
	"crmbot/internal/store"
)

var template struct {
	sync.Mutex
	sqlite []byte
	mysql  *dump
}

// SQLite makes a database in a file that goes when the test ends, and returns its
// DSN.
func SQLite(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "crm.db")
	if err := os.WriteFile(path, sqliteTemplate(t, filepath.Join(dir, "template.db")), 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

func sqliteTemplate(t testing.TB, path string) []byte {
	t.Helper()
	template.Lock()
	defer template.Unlock()
	if template.sqlite == nil {
		migrate(t, "sqlite:"+path)
		data, err := os.ReadFile(path) // closing it brought everything into the one file
		if err != nil {
			t.Fatal(err)
		}
		template.sqlite = data
	}
	return template.sqlite
}

func migrate(t testing.TB, dsn string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	db, err := store.Open(ctx, dsn, crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
