//go:build unix

package store_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"crmbot/internal/crm"
	"crmbot/internal/store"
)

// Customers' data is for the program's own user, whatever the umask says.
func TestSQLiteFilesAreForTheirOwnerOnly(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := store.Open(t.Context(), "sqlite:"+path, crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 3 {
		t.Fatalf("files %v, %v; want the database, its journal and the lock", files, err)
	}
	for _, f := range files {
		s, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if s.Mode().Perm() != 0o600 {
			t.Errorf("%s has %o, want 600", filepath.Base(f), s.Mode().Perm())
		}
	}
}
