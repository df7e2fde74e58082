package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/bot/larkbot"
	"crmbot/configs"
	"crmbot/internal/app"
	"crmbot/internal/testdb"
	"crmbot/internal/testenv"
)

// guides are the set-up guides with what the code knows of the platform.
var guides = []struct {
	platform      string
	files         []string
	permissions   []bot.Permission
	subscriptions []bot.Subscription
	keys          []string // of the configuration
	menu          bool
}{
	{"lark", []string{"setup-lark.md", "setup-lark.zh-CN.md"}, larkbot.Permissions(), larkbot.Subscriptions(), []string{"app_id", "app_secret", "base_url", "mode", "encrypt_key", "verification_token"}, true},
	{"dingtalk", []string{"setup-dingtalk.md", "setup-dingtalk.zh-CN.md"}, dingbot.Permissions(), dingbot.Subscriptions(), []string{"client_id", "client_secret", "robot_code", "api_url", "card_mode", "form_template", "card_template", "quota_api", "quota_stream"}, false},
}

// row is the first cell of a table's row that holds a name in code quotes.
var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)$")

// ours are names of permissions and events, not of error codes.
var ours = regexp.MustCompile(`^(im|contact|application|qyapi_|user_|org_|Card\.)`)

// TestGuidesNameWhatTheCodeNeeds: every permission, event and menu key of the
// code stands in the guides with its reason, and nothing else does.
func TestGuidesNameWhatTheCodeNeeds(t *testing.T) {
	a, err := app.New(t.Context(), app.Options{DSN: testdb.SQLite(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, g := range guides {
		for _, name := range g.files {
			raw, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", name))
			if err != nil {
				t.Fatal(err)
			}
			text, zh := string(raw), strings.Contains(name, "zh-CN")
			why := map[string]string{}
			for _, p := range g.permissions {
				why[p.Name] = p.Why.En
				if zh {
					why[p.Name] = p.Why.Zh
				}
			}
			for _, s := range g.subscriptions {
				why[s.Name] = s.Why.En
				if zh {
					why[s.Name] = s.Why.Zh
				}
				if s.Callback && !strings.Contains(text, "`"+s.Name+"`") {
					t.Errorf("%s does not name the callback %s", name, s.Name)
				}
			}
			rows := map[string]string{}
			for _, m := range row.FindAllStringSubmatch(text, -1) {
				rows[m[1]] = m[2]
			}
			for n, reason := range why {
				plain := strings.ReplaceAll(rows[n], "`", "")
				if n != "card.action.trigger" && !strings.Contains(plain, reason) {
					t.Errorf("%s: the row of %s says %q, the code %q", name, n, plain, reason)
				}
			}
			for n := range rows {
				if _, known := why[n]; !known && ours.MatchString(n) {
					t.Errorf("%s names %s, which the code does not need", name, n)
				}
			}
			if g.menu {
				for _, e := range a.Runtime.Router.Entries() {
					if e.Menu && !regexp.MustCompile("(?m)^\\|[^|]+\\|[^|]+\\| `"+e.Aliases[0]+"` \\|$").MatchString(text) {
						t.Errorf("%s does not name the menu key %s (%s)", name, e.Aliases[0], e.Name)
					}
				}
				for _, m := range regexp.MustCompile("(?m)^\\|[^|]+\\|[^|]+\\| `([a-z_]+)` \\|$").FindAllStringSubmatch(text, -1) {
					if !slices.ContainsFunc(a.Runtime.Router.Entries(), func(e *bot.Entry) bool { return slices.Contains(e.Aliases, m[1]) }) {
						t.Errorf("%s has the menu key %s, which is no command", name, m[1])
					}
				}
				checkImport(t, name, text, g.permissions)
			}
			for _, key := range g.keys {
				if !strings.Contains(text, key) {
					t.Errorf("%s does not name %s.%s", name, g.platform, key)
				}
			}
			bind := "`/bind`"
			if zh {
				bind = "`/绑定`"
			}
			for _, x := range []string{"crmbot --config crmbot.yaml doctor", "crmbot --config crmbot.yaml serve", bind} {
				if !strings.Contains(text, x) {
					t.Errorf("%s does not say %s", name, x)
				}
			}
		}
	}
}

// checkImport compares the list that the console imports with the code.
func checkImport(t *testing.T, name, text string, permissions []bot.Permission) {
	t.Helper()
	_, rest, _ := strings.Cut(text, "```json\n")
	block, _, _ := strings.Cut(rest, "```")
	var list struct {
		Scopes struct{ Tenant, User []string }
	}
	if err := json.Unmarshal([]byte(block), &list); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var want []string
	for _, p := range permissions {
		want = append(want, p.Name)
	}
	if !slices.Equal(list.Scopes.Tenant, want) || len(list.Scopes.User) != 0 {
		t.Errorf("%s imports %v, the code needs %v", name, list.Scopes, want)
	}
}

// TestGuidesConfigure: the files that the guides show are configurations.
func TestGuidesConfigure(t *testing.T) {
	for _, g := range guides {
		for _, name := range g.files {
			raw, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", name))
			if err != nil {
				t.Fatal(err)
			}
			_, rest, _ := strings.Cut(string(raw), "```yaml\n")
			block, _, _ := strings.Cut(rest, "```")
			path := filepath.Join(t.TempDir(), "crmbot.yaml")
			if err := os.WriteFile(path, []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := configs.Load(path, nil)
			if err != nil || c.Lark.AppID+c.DingTalk.ClientID == "" {
				t.Errorf("%s: %v\n%s", name, err, block)
			}
		}
	}
}
