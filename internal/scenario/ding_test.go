package scenario_test

import (
	"path/filepath"
	"strings"
	"testing"

	"crmbot/internal/scenario"
)

// otherwise are scripts that take another way on DingTalk, and the line at
// which: what does not fit into DingTalk's form or row of buttons is a text
// command there, as the card says, and a command is never stale.
var otherwise = map[string]string{
	"import-leads.txtar": "the form is too large for DingTalk",
	"import-files.txtar": "the form is too large for DingTalk",
	"report-setup.txtar": `taps "移除 计划完成率" on "已添加：赢单金额"`,
}

// Every conversation of the product also runs on a played DingTalk: official
// SDK, real adapter, validated cards. People read the same facts there.
func TestScriptsOnDingTalk(t *testing.T) {
	scriptsOnDingTalk(t, scenario.Options{Platform: "dingtalk"})
}

// The same while everything comes again and again and in pieces: nothing is
// lost or doubled, so people read the same facts.
func TestScriptsOnDingTalkOnABadDay(t *testing.T) {
	scriptsOnDingTalk(t, scenario.Options{Platform: "dingtalk", BadDay: true})
}

func scriptsOnDingTalk(t *testing.T, o scenario.Options) {
	files, err := filepath.Glob("../../handlers/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		name := filepath.Base(f)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := scenario.Load(f)
			if err != nil {
				t.Fatal(err)
			}
			err = scenario.Run(t.Context(), s, o)
			if why := otherwise[name]; why != "" {
				if err == nil || !strings.Contains(err.Error(), why) {
					t.Errorf("expected to leave the way with %q: %v", why, err)
				}
				return
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}
