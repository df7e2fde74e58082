package cards_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/cards/dingcard"
	"crmbot/cards/htmlcard"
	"crmbot/cards/larkjson"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
)

var update = flag.Bool("update", false, "write the golden files")

// levels are the three forms of a DingTalk card.
var levels = []dingcard.Level{dingcard.LevelTemplate, dingcard.LevelPublic, dingcard.LevelPlain}

// fakeChart stands for the picture, which has tests of its own.
func fakeChart(c card.Chart, _ crm.Lang) ([]byte, error) { return []byte("PNG " + c.Title), nil }

// fakeLine numbers forms as a chat would.
func fakeLine(l crm.Lang) func(card.Form) string {
	return func(card.Form) string { return l.T("/填 123", "/fill 123") }
}

// renderings are a card in every form, by the ending of its golden file.
func renderings(t *testing.T, c card.Card) map[string]string {
	t.Helper()
	out := map[string]string{"txt": textcard.Render(c)}
	html, _, err := htmlcard.Render(c, htmlcard.Options{ID: "g"})
	if err != nil {
		t.Errorf("HTML: %v", err)
	}
	out["html"] = string(html)
	lark, lossy, err := larkjson.Render(c)
	if err != nil {
		t.Errorf("Lark: %v", err)
	}
	for _, p := range larkjson.Validate(lark) {
		t.Errorf("Lark refuses it: %v", p)
	}
	out["lark.json"] = indented(t, lark) + lossyText(lossy)
	var ding strings.Builder
	for _, l := range levels {
		o, lossy, err := dingcard.Render(c, l, dingcard.Options{FormTemplate: "form.schema", Chart: fakeChart, Line: fakeLine(c.Lang)})
		if err != nil {
			t.Errorf("DingTalk %s: %v", l, err)
			continue
		}
		for _, p := range dingcard.Validate(o) {
			t.Errorf("DingTalk %s refuses it: %v", l, p)
		}
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&ding, "== %s\n%s%s\n", l, indented(t, raw), lossyText(lossy))
	}
	out["ding.txt"] = ding.String()
	return out
}

func indented(t *testing.T, raw []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func lossyText(list []card.Lossy) string {
	var b strings.Builder
	for _, x := range list {
		fmt.Fprintf(&b, "lossy: %s → %s\n", x.Block, x.Shown)
	}
	return b.String()
}

// TestEveryCardInEveryRenderer holds every sample against its golden files and
// against the platforms' own rules.
func TestEveryCardInEveryRenderer(t *testing.T) {
	for _, l := range []crm.Lang{crm.Chinese, crm.English} {
		seen := map[string]bool{}
		for _, s := range cards.Samples(l) {
			t.Run(l.T("zh", "en")+"/"+s.Name, func(t *testing.T) {
				if seen[s.Name] {
					t.Fatalf("two samples are called %s", s.Name)
				}
				seen[s.Name] = true
				s.Card.Lang = l
				if err := s.Card.Validate(); err != nil {
					t.Fatal(err)
				}
				for ending, got := range renderings(t, s.Card) {
					compare(t, filepath.Join("testdata", "golden", l.T("zh", "en"), strings.ReplaceAll(s.Name, "/", "_")+"."+ending), got)
				}
			})
		}
	}
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("no golden file; write it with: make golden (%v)", err)
	}
	if string(want) != got {
		t.Errorf("%s has changed; look at the difference, then: make golden", path)
	}
}

// latin finds English words; codes, units and what stands in backquotes or
// after a slash (commands) are no words.
var latin = regexp.MustCompile(`[A-Za-z]{4,}`)

// data are Latin words that stand in Chinese cards on purpose: product and
// company names, file names, keys of settings, 统一社会信用代码.
var data = regexp.MustCompile(`(?i)[a-z]{1,2}-\d\d\.[a-z_]+|[0-9a-z]{18}|crmbot|excel|csv|xlsx|json|lark|grace|liu|gtx|plus|basic|prospect|https?|example|leads?\.|utf-8|gb18030|vip|@[a-z.]+`)

// TestCardsKeepToOneLanguage: a Chinese card has no English words, an English
// one no Chinese characters.
func TestCardsKeepToOneLanguage(t *testing.T) {
	for _, s := range cards.Samples(crm.Chinese) {
		if s.Name == "help/one" {
			continue // it names the command in both languages on purpose
		}
		text := textcard.Render(s.Card)
		for _, w := range latin.FindAllString(data.ReplaceAllString(text, ""), -1) {
			t.Errorf("zh %s: English word %q", s.Name, w)
		}
	}
	for _, s := range cards.Samples(crm.English) {
		if s.Name == "help/one" {
			continue
		}
		s.Card.Lang = crm.English
		for _, line := range strings.Split(textcard.Render(s.Card), "\n") {
			if strings.ContainsFunc(line, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("en %s: Chinese in %q", s.Name, line)
			}
		}
	}
}

// TestActionNamesAreForEver: cards live for weeks, so a name that was ever
// shown stays.
func TestActionNamesAreForEver(t *testing.T) {
	shapes := map[string]map[string]bool{}
	for _, l := range []crm.Lang{crm.Chinese, crm.English} {
		for _, s := range cards.Samples(l) {
			for _, c := range s.Card.Controls() {
				if c.Button.Action == nil {
					continue
				}
				w, err := card.Encode(c.Button.Action)
				if err != nil {
					t.Fatal(err)
				}
				var fields map[string]any
				if err := json.Unmarshal(w.Payload, &fields); err != nil {
					t.Fatalf("%s: the payload is no object: %v", w.Name, err)
				}
				if shapes[w.Name] == nil {
					shapes[w.Name] = map[string]bool{}
				}
				for f := range fields {
					shapes[w.Name][f] = true
				}
			}
		}
	}
	path := filepath.Join("testdata", "actions.json")
	have := map[string][]string{}
	if raw, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(raw, &have); err != nil {
			t.Fatal(err)
		}
	}
	for name, fields := range have {
		if shapes[name] == nil {
			t.Errorf("action %s was shown once and must stay", name)
			continue
		}
		for _, f := range fields {
			if !shapes[name][f] {
				t.Errorf("field %s of action %s was shown once and must stay", f, name)
			}
		}
	}
	if *update {
		for name, fields := range shapes {
			for f := range fields {
				if !slices.Contains(have[name], f) {
					have[name] = append(have[name], f)
				}
			}
			if have[name] == nil {
				have[name] = []string{}
			}
			slices.Sort(have[name])
		}
		raw, err := json.MarshalIndent(have, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for name := range shapes {
		if have[name] == nil {
			t.Errorf("action %s is new: record it with: make golden", name)
		}
	}
}
