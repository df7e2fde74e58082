package handlers_test

import (
	"path/filepath"
	"strings"
	"testing"

	"crmbot/internal/scenario"
	"crmbot/internal/testdb"
)

// TestScripts runs every conversation in the browser on SQLite. Package scenario
// runs them on the played platforms, on one of them with MySQL and Redis: people
// must see the same.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			t.Parallel()
			s, err := scenario.Load(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := scenario.Run(t.Context(), s, scenario.Options{DSN: testdb.SQLite(t)}); err != nil {
				t.Error(err)
			}
		})
	}
}
