package scenario_test

import (
	"path/filepath"
	"testing"

	"crmbot/internal/scenario"
)

// Every conversation of the product also runs on a played Lark: official SDK,
// real adapter, validated cards. People read the same facts there.
func TestScriptsOnLark(t *testing.T) { everyScript(t, scenario.Options{Platform: "lark"}) }

// The same while every event comes again and again and in pieces: nothing is
// lost or doubled, so people read the same facts.
func TestScriptsOnLarkOnABadDay(t *testing.T) {
	everyScript(t, scenario.Options{Platform: "lark", BadDay: true})
}

func everyScript(t *testing.T, o scenario.Options) {
	files, err := filepath.Glob("../../handlers/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			t.Parallel()
			s, err := scenario.Load(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := scenario.Run(t.Context(), s, o); err != nil {
				t.Error(err)
			}
		})
	}
}
