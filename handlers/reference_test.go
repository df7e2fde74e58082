package handlers_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/testdb"
)

var update = flag.Bool("update", false, "write docs/commands.md")

// TestReference holds docs/commands.md against the registered commands: the
// reference is generated from them, so it cannot lie.
func TestReference(t *testing.T) {
	a, err := app.New(t.Context(), app.Options{DSN: testdb.SQLite(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var b strings.Builder
	b.WriteString("# Commands\n\nGenerated from the program; `make docs` writes it again. The slash may be left out, Chinese and English names both work,\nand so do full-width characters. On DingTalk a form that is not shown as such is filled in by the line\nthat its card tells, such as `/填 123 客户=华星 日期=明天`.\n\n")
	b.WriteString("| Command | Also | Who | 作用 | What it does | Example |\n|---|---|---|---|---|---|\n")
	for _, e := range a.Runtime.Router.Entries() {
		who := make([]string, len(e.Roles))
		for i, r := range e.Roles {
			who[i] = r.Name(crm.English)
		}
		if len(who) == 0 {
			who = []string{"all"}
		}
		name := strings.TrimSpace("/" + e.Name + " " + e.Usage.Zh)
		if e.Bare {
			name = strings.TrimSpace(e.Name + " " + e.Usage.Zh)
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s | `%s` |\n", cell(name), cell(strings.Join(e.Aliases, "` `")), strings.Join(who, ", "), cell(e.Summary.Zh), cell(e.Summary.En), cell(strings.Join(e.Examples, "` `")))
	}
	han := regexp.MustCompile(`\p{Han}`)
	for _, e := range a.Runtime.Router.Entries() {
		if zh, en := crm.Chinese.Own(e.Examples)[0], crm.English.Own(e.Examples)[0]; !han.MatchString(zh) || han.MatchString(en) {
			t.Errorf("/%s needs an example in Chinese and one in English: %q", e.Name, e.Examples)
		}
	}
	path := filepath.Join("..", "docs", "commands.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil || string(have) != b.String() {
		t.Errorf("docs/commands.md is not what the program registers; write it with: make docs (%v)", err)
	}
}

// cell keeps a text inside its cell of a Markdown table.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
