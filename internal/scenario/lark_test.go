package scenario_test

import (
	"flag"
	"path/filepath"
	"slices"
	"testing"

	"crmbot/internal/scenario"
	"crmbot/internal/testdb"
	"crmbot/internal/testenv"
)

// all runs every conversation in every way; without it the ways that a bad day
// covers run the telling ones only. "make scripts" sets it.
var all = flag.Bool("all", false, "run every script on every platform, day and level of cards")

// telling are the conversations that between them use every kind of card, form
// and control.
var telling = []string{"four-jobs.txtar", "contract-taps.txtar", "import-leads.txtar", "lead-group.txtar", "report-setup.txtar"}

// scripts are the files to run: every one, or the telling ones of a way that
// is covered by another.
func scripts(t *testing.T, covered bool) []string {
	t.Helper()
	files, err := filepath.Glob("../../handlers/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	if !covered || *all {
		return files
	}
	few := slices.DeleteFunc(files, func(f string) bool { return !slices.Contains(telling, filepath.Base(f)) })
	if len(few) != len(telling) {
		t.Fatalf("of the telling scripts only %v are there", few)
	}
	return few
}

// Every conversation of the product also runs on a played Lark: official SDK,
// real adapter, validated cards. People read the same facts there.
func TestScriptsOnLark(t *testing.T) {
	everyScript(t, scripts(t, true), scenario.Options{Platform: "lark"})
}

// The same on MySQL and Redis while every event comes again and again and in
// pieces: nothing is lost or doubled, so people read the same facts.
func TestScriptsOnLarkOnABadDay(t *testing.T) {
	everyScript(t, scripts(t, false), scenario.Options{Platform: "lark", BadDay: true}, onServers)
}

// The same in the browser on MySQL and Redis.
func TestScriptsOnMySQL(t *testing.T) {
	everyScript(t, scripts(t, true), scenario.Options{}, onServers)
}

// onServers runs a script on MySQL and Redis.
func onServers(t *testing.T, o *scenario.Options) {
	o.DSN, o.Redis = testdb.MySQL(t), testenv.Redis(t)
}

func everyScript(t *testing.T, files []string, o scenario.Options, change ...func(*testing.T, *scenario.Options)) {
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			t.Parallel()
			s, err := scenario.Load(f)
			if err != nil {
				t.Fatal(err)
			}
			o := o
			for _, f := range change {
				f(t, &o)
			}
			if o.DSN == "" {
				o.DSN = testdb.SQLite(t)
			}
			if err := scenario.Run(t.Context(), s, o); err != nil {
				t.Error(err)
			}
		})
	}
}
