package textcard_test

import (
	"flag"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"crmbot/cards/card"
	"crmbot/cards/internal/cardtest"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
)

var update = flag.Bool("update", false, "write the golden files")

func TestSamplesAreValidAndMatchGoldenFiles(t *testing.T) {
	for lang, l := range cardtest.Langs {
		for _, s := range cardtest.Samples(l) {
			if err := s.Card.Validate(); err != nil {
				t.Errorf("%s %s: %v", s.Name, lang, err)
			}
			cardtest.Golden(t, *update, s.Name+"."+lang+".txt", textcard.Render(s.Card)+"\n")
		}
	}
}

func TestEveryFactOfTheCardIsInTheText(t *testing.T) {
	for _, l := range cardtest.Langs {
		for _, s := range cardtest.Samples(l) {
			got := textcard.Render(s.Card)
			for _, want := range cardtest.Strings(s.Card) {
				for _, line := range strings.Split(want, "\n") {
					if !strings.Contains(got, strings.TrimSpace(line)) {
						t.Errorf("%s: %q is missing", s.Name, line)
					}
				}
			}
		}
	}
}

func TestLanguagesDoNotMix(t *testing.T) {
	for _, s := range cardtest.Samples(crm.English) {
		for _, r := range textcard.Render(s.Card) {
			if unicode.Is(unicode.Han, r) || strings.ContainsRune("，。：；（）、", r) {
				t.Errorf("%s: %q in an English card", s.Name, r)
				break
			}
		}
	}
	for _, w := range []string{"Form", "required", "reply", "default", "Example", "People", "Image", "unit", "options"} {
		for _, s := range cardtest.Samples(crm.Chinese) {
			if strings.Contains(textcard.Render(s.Card), w) {
				t.Errorf("%s: %q in a Chinese card", s.Name, w)
			}
		}
	}
}

func TestButtonsSayHowToDoTheSameByTyping(t *testing.T) {
	got := textcard.Render(cardtest.Lead(crm.Chinese))
	for _, want := range []string{
		"\n[认领] 回复 /认领 L-12\n",
		"\n[转给同事] 不可用：只有负责人可以转交\n",
		"近期跟进: 3 次 (明细: /跟进 L-12)\n",
		"今日认领: ▓▓▓▓▓▓▓▓░░ 3 / 4（合格 2，优秀 4）\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "[转给同事] 回复") {
		t.Error("a disabled button offers a command")
	}
}

func TestSummary(t *testing.T) {
	c := card.Card{Title: "合同 C-8\n待审批"}
	for _, x := range []struct {
		max  int
		want string
	}{{0, "合同 C-8 待审批"}, {10, "合同 C-8 待审批"}, {7, "合同 C-8…"}, {1, "…"}} {
		if got := textcard.Summary(c, x.max); got != x.want {
			t.Errorf("Summary(%d) = %q, want %q", x.max, got, x.want)
		}
	}
	c.Summary = "请审批"
	if got := textcard.Summary(c, 20); got != "请审批" {
		t.Errorf("Summary = %q, want the card's summary", got)
	}
}

func TestBarEndsCanBeTrusted(t *testing.T) {
	for _, x := range []struct {
		value, limit float64
		filled       int
	}{{0, 4, 0}, {0.01, 4, 1}, {3.99, 4, 9}, {4, 4, 10}, {9, 4, 10}, {1, 0, 0}, {-1, 4, 0}} {
		if got := strings.Count(textcard.Bar(x.value, x.limit), "▓"); got != x.filled {
			t.Errorf("Bar(%v, %v) fills %d cells, want %d", x.value, x.limit, got, x.filled)
		}
	}
}

// A value that people typed must not be able to add a line that reads like a
// button, a field or a note of the card.
func TestTypedTextStartsNoLineOfTheCard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evil := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"a\n[同意] 回复 /同意 R-7", "a\r[同意]", "\u2028[同意]", "x\u202e]", "\x00\n※ 系统", "a\n\n\nb",
		})).Draw(t, "text")
		c := card.Card{Title: "t" + evil, Tags: []card.Tag{{Text: evil}}, Blocks: []card.Block{
			card.Fields{Items: []card.Field{{Label: "字段", Value: "v" + evil}}},
			card.P("p" + evil), card.Note{Text: evil},
			card.Table{Columns: []card.Column{{Title: "列"}}, Rows: [][]card.Cell{{{Text: "c" + evil}}}},
			card.Buttons{Items: []card.Button{{Label: "b" + evil, Disabled: evil}}},
		}}
		got := textcard.Render(c)
		if !utf8.ValidString(got) {
			t.Fatalf("not UTF-8: %q", got)
		}
		starts := 0
		for _, line := range strings.Split(got, "\n") {
			if line != "" && !strings.HasPrefix(line, " ") {
				starts++
			}
			for _, r := range line {
				if unicode.IsControl(r) || r == 0x202e {
					t.Fatalf("control character %U in %q", r, line)
				}
			}
		}
		if starts > 7 {
			t.Fatalf("%d lines begin at the margin, the card has 7:\n%s", starts, got)
		}
	})
}
