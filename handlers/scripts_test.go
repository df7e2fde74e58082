package handlers_test

import (
	"path/filepath"
	"strings"
	"testing"

	"crmbot/internal/scenario"
	"crmbot/internal/testenv"
)

// TestScripts runs every conversation on SQLite and again on MySQL with Redis:
// people must see the same.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := scenario.Load(f)
			if err != nil {
				t.Fatal(err)
			}
			t.Run("sqlite", func(t *testing.T) {
				t.Parallel()
				if err := scenario.Run(t.Context(), s, scenario.Options{}); err != nil {
					t.Error(err)
				}
			})
			t.Run("mysql", func(t *testing.T) {
				t.Parallel()
				if err := scenario.Run(t.Context(), s, scenario.Options{DSN: testenv.MySQL(t), Redis: testenv.Redis(t)}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
