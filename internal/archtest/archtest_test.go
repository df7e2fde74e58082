// Package archtest enforces who may import whom. A package without a row fails,
// and so does an import that its row does not name.
package archtest

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "crmbot/"

// kernel is what every room may use.
var kernel = []string{"internal/crm"}

// noun is what every noun may use besides the nouns that it builds on.
var noun = []string{"internal/crm", "internal/calendar", "internal/rule", "internal/pinyin"}

func with(base []string, more ...string) []string { return append(slices.Clone(base), more...) }

// all marks the rooms that wire everything.
var all = []string{"*"}

// may is the table. Arrows go down the list, never up: an event flows from the
// adapters to the handlers, the services and the store.
var may = map[string][]string{
	"internal/crm":      {},
	"internal/cache":    {},
	"internal/kv":       {},
	"internal/testenv":  {},
	"internal/pinyin":   kernel,
	"internal/calendar": kernel,
	"internal/rule":     kernel,
	"internal/org":      with(kernel, "internal/rule"),
	"internal/sched":    kernel,
	"internal/undo":     with(kernel, "internal/rule"),
	"internal/bulk":     kernel,

	"cards/card":     kernel,
	"cards/chart":    with(kernel, "cards/card"),
	"cards/textcard": with(kernel, "cards/card", "cards/chart"),
	"cards/htmlcard": with(kernel, "cards/card", "cards/chart", "cards/textcard"),
	"cards/larkjson": with(kernel, "cards/card", "cards/textcard"),
	"cards/formline": with(kernel, "cards/card", "cards/textcard"),
	"cards/dingcard": with(kernel, "cards/card", "cards/chart", "cards/textcard", "cards/formline"),

	"bot":              with(kernel, "cards/card", "internal/kv"),
	"bot/webchat":      with(kernel, "bot", "cards", "cards/card", "cards/textcard", "cards/htmlcard", "cards/larkjson", "cards/dingcard", "internal/org"),
	"bot/adapter":      with(kernel, "bot", "cards/card", "internal/kv"),
	"bot/larkbot":      with(kernel, "bot", "bot/adapter", "cards/card", "cards/larkjson", "cards/textcard", "internal/kv", "internal/org"),
	"bot/dingbot":      with(kernel, "bot", "bot/adapter", "cards/card", "cards/dingcard", "cards/textcard", "cards/formline", "internal/kv", "internal/org"),
	"bot/platformtest": with(kernel, "bot", "cards/card", "internal/kv"),
	"internal/outbox":  with(kernel, "bot"),

	"internal/push":       noun,
	"internal/attachment": noun,
	"internal/pool":       with(noun, "internal/cache", "internal/org"),
	"internal/recycle":    with(noun, "internal/pool", "internal/org"),
	"internal/lead":       with(noun, "internal/cache", "internal/pool", "internal/recycle", "internal/org"),
	"internal/account":    with(noun, "internal/org", "internal/bulk", "internal/pool"),
	"internal/deal":       with(noun, "internal/account", "internal/org", "internal/bulk", "internal/undo"),
	"internal/activity":   with(noun, "internal/lead", "internal/account", "internal/deal", "internal/org", "internal/undo"),
	"internal/approval":   with(noun, "internal/org"),
	"internal/contract":   with(noun, "internal/account", "internal/deal", "internal/approval", "internal/org"),
	"internal/metric":     with(noun, "internal/org"),
	"internal/goal":       with(noun, "internal/metric", "internal/org"),
	"internal/report":     with(noun, "internal/metric", "internal/goal", "internal/org"),
	"internal/channel":    with(noun, "internal/lead", "internal/metric"),
	"internal/intake":     with(noun, "internal/kv", "internal/lead"),
	"internal/assign":     with(noun, "internal/lead", "internal/pool", "internal/org", "internal/undo"),
	"internal/handover":   with(noun, "internal/account", "internal/lead", "internal/pool", "internal/org"),
	"internal/importer":   with(noun, "internal/bulk", "internal/lead", "internal/pool", "internal/account", "internal/deal", "internal/org"),

	// The store implements the nouns' interfaces; it knows their entities and
	// no handler, card or adapter except the chat in the browser, whose state
	// is rows like any other.
	"internal/store": with(noun, "bot", "bot/webchat", "cards/card", "internal/org", "internal/outbox", "internal/push", "internal/sched", "internal/undo", "internal/bulk", "internal/pool", "internal/recycle", "internal/lead",
		"internal/account", "internal/attachment", "internal/deal", "internal/activity", "internal/approval", "internal/contract", "internal/metric", "internal/goal", "internal/report", "internal/importer", "internal/intake", "internal/channel", "internal/assign", "internal/handover"),

	// Cards know types, never services; the compiler cannot tell the two apart,
	// so the rooms are named and reviews look at the rest.
	"cards": with(noun, "cards/card", "internal/org", "internal/pool", "internal/recycle", "internal/lead", "internal/account", "internal/attachment", "internal/deal", "internal/activity", "internal/approval",
		"internal/contract", "internal/metric", "internal/goal", "internal/report", "internal/importer", "internal/intake", "internal/channel", "internal/assign", "internal/handover", "internal/undo"),
	"handlers": with(noun, "bot", "cards", "cards/card", "internal/org", "internal/push", "internal/sched", "internal/undo", "internal/bulk", "internal/pool", "internal/recycle", "internal/lead", "internal/account", "internal/attachment", "internal/deal",
		"internal/activity", "internal/approval", "internal/contract", "internal/metric", "internal/goal", "internal/report", "internal/importer", "internal/intake", "internal/channel", "internal/assign", "internal/handover"),

	"configs":           {},
	"internal/app":      all,
	"internal/scenario": with(kernel, "bot", "bot/webchat", "bot/larkbot", "bot/dingbot", "internal/emulator", "cards/card", "cards/textcard", "cards/dingcard", "internal/app", "internal/org"),
	"internal/demo":     all,

	// The played platforms validate cards with the renderers; the suite that
	// adapters share drives them.
	"internal/emulator": with(kernel, "cards/larkjson", "cards/dingcard"),
	"cmd/crmbot":        all,

	// Helpers of tests.
	"internal/kv/kvtest":           {"internal/kv"},
	"internal/store/storetest":     all,
	"internal/testdb":              {"internal/crm", "internal/store", "internal/testenv"},
	"internal/testenv/summary":     {},
	"cards/internal/cardtest":      with(kernel, "cards/card"),
	"internal/archtest":            {},
	"internal/app/apptest":         all,
	"internal/app/bench":           all,
	"internal/app/browser":         all,
	"cmd/crmbot/internal/commands": all,
}

// sdk are packages that only their adapter may import.
var sdk = map[string]string{
	"github.com/larksuite/oapi-sdk-go/v3":             "bot/larkbot",
	"github.com/open-dingtalk/dingtalk-stream-sdk-go": "bot/dingbot",
	"github.com/redis/go-redis/v9":                    "internal/kv",
	"gorm.io/gorm":                                    "internal/store",
	"gorm.io/driver/mysql":                            "internal/store",
	"gorm.io/driver/sqlite":                           "internal/store",
	"github.com/pressly/goose/v3":                     "internal/store",
	"github.com/alecthomas/kong":                      "cmd/crmbot",
	"github.com/go-analyze/charts":                    "cards/chart",
	"github.com/xuri/excelize/v2":                     "internal/importer",
	"github.com/mozillazg/go-pinyin":                  "internal/pinyin",
	"github.com/prometheus/client_golang/prometheus":  "internal/app",
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for dec.More() {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	return pkgs
}

func TestImportsFollowTheTable(t *testing.T) {
	for _, p := range list(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, ok := may[name]
		if !ok {
			t.Errorf("%s has no row in the table of imports", name)
			continue
		}
		for _, i := range p.Imports {
			to, own := strings.CutPrefix(i, module)
			if own {
				if !slices.Contains(allowed, "*") && !slices.Contains(allowed, to) {
					t.Errorf("%s may not import %s", name, to)
				}
				if to == "configs" && name != "internal/app" && !strings.HasPrefix(name, "cmd/") {
					t.Errorf("%s may not see the configuration", name)
				}
				continue
			}
			if name == "internal/crm" && strings.Contains(i, ".") {
				t.Errorf("the kernel imports the standard library only, not %s", i)
			}
			for prefix, room := range sdk {
				if (i == prefix || strings.HasPrefix(i, prefix+"/")) && name != room && name != "internal/testenv" {
					t.Errorf("%s may not import %s; only %s does", name, i, room)
				}
			}
		}
	}
}

// TestTableHasNoCircle: the compiler refuses circles of packages; this one
// refuses a row that would need one.
func TestTableHasNoCircle(t *testing.T) {
	state := map[string]int{}
	var visit func(n string, path []string)
	visit = func(n string, path []string) {
		switch state[n] {
		case 1:
			t.Errorf("circle: %s → %s", strings.Join(path, " → "), n)
			return
		case 2:
			return
		}
		state[n] = 1
		for _, to := range may[n] {
			if to != "*" {
				visit(to, append(path, n))
			}
		}
		state[n] = 2
	}
	for n := range may {
		visit(n, nil)
	}
}
