package larkjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"crmbot/cards/card"
	"crmbot/internal/crm"

	"pgregory.net/rapid"
)

var hostile = []string{
	"<at id=all></at>", "<at email=a@b.c></at>", "<person id='ou_1'>", "**粗**", "~~x~~", "`code`", "```\nx\n```", "[a](javascript:x)", "![i](img_1)",
	"# h", "- a\n- b", "1. a", "===", "---", "|a|b|\n|---|---|\n|1|2|", "<script>", "</font>", "<font color='red'>", "\"quotes\"", "'", "\\", "&#60;at&#62;",
	"😀👨‍👩‍👧", ":DONE:", "${x}", "{{x}}", "\u0000\u0007", "\u2028", "\u202e", "\xff\xfe", "上海云帆科技", "   ", "\n\n", "\t", strings.Repeat("长", 3000), "普通文字", "L-12",
}

func text0(t *rapid.T) string {
	parts := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(hostile), rapid.StringN(0, 20, 60)), 0, 4).Draw(t, "text")
	return strings.Join(parts, " ")
}

// text1 is text that is not blank.
func text1(t *rapid.T) string { return "字" + text0(t) }

type anyAction struct {
	Name string         `json:"-"`
	A    string         `json:"a"`
	Tags map[string]any `json:"tag"`
}

func (a anyAction) ActionName() string { return a.Name }

func tone(t *rapid.T) card.Tone {
	return rapid.SampledFrom([]card.Tone{"", card.Info, card.Success, card.Warning, card.Danger, card.Muted, "pink"}).Draw(t, "tone")
}

func url0(t *rapid.T) string {
	return rapid.SampledFrom([]string{"https://example.com", "https://example.com/a)b(c <d> [e] \"f\"", "http://", "http://%zz", "https://例子.公司/路径?x=*_~"}).Draw(t, "url")
}

func anyButton(t *rapid.T) card.Button {
	b := card.Button{Label: text1(t), Style: rapid.SampledFrom([]card.ButtonStyle{"", card.Primary, card.Risky, card.Link, "odd"}).Draw(t, "style")}
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		b.URL = url0(t)
	case 1:
		b.Disabled = text1(t)
	case 2:
		b.URL = url0(t)
		fallthrough
	default:
		b.Action, b.Command = anyAction{Name: text0(t), A: text0(t)}, text1(t)
	}
	if rapid.Bool().Draw(t, "ask") {
		b.Confirm = &card.Confirm{Title: text0(t), Text: text0(t)}
	}
	return b
}

func maybeButton(t *rapid.T) *card.Button {
	if rapid.IntRange(0, 3).Draw(t, "has") > 0 {
		return nil
	}
	b := anyButton(t)
	return &b
}

func several[T any](t *rapid.T, lo, hi int, f func(*rapid.T) T) []T {
	out := make([]T, rapid.IntRange(lo, hi).Draw(t, "n"))
	for i := range out {
		out[i] = f(t)
	}
	return out
}

func anyForm(t *rapid.T, name string) card.Form {
	i := 0
	f := card.Form{Name: name, Inputs: several(t, 1, 4, func(t *rapid.T) card.Input {
		i++
		in := card.Input{
			Kind: rapid.SampledFrom([]card.InputKind{card.TextInput, card.MultilineInput, card.NumberInput, card.MoneyInput, card.SelectInput,
				card.MultiSelect, card.DateInput, card.TimeInput, card.PersonInput}).Draw(t, "kind"),
			Name:  rapid.SampledFrom([]string{"a", "form1", "form2"}).Draw(t, "name") + fmt.Sprint(i),
			Label: text1(t), Placeholder: text0(t), Help: text0(t), Required: rapid.Bool().Draw(t, "required"),
			Default: rapid.SampledFrom([]string{"", "2026-11-23", "25:00", "09:30", "o1", "o1,o2,o1,zz", strings.Repeat("x", 1200)}).Draw(t, "default"),
			MaxLen:  rapid.IntRange(-1, 3000).Draw(t, "max"),
		}
		for k := range rapid.IntRange(0, 4).Draw(t, "options") {
			in.Options = append(in.Options, card.Option{Value: fmt.Sprintf("o%d", k), Label: text0(t)})
		}
		return in
	})}
	f.Submit = anyButton(t)
	f.Submit.Action, f.Submit.Command = anyAction{Name: text0(t), A: text0(t)}, "/x"
	f.Extra = several(t, 0, 2, anyButton)
	return f
}

func value(t *rapid.T) float64 { return rapid.Float64().Draw(t, "value") }

func anyBlock(t *rapid.T, depth int, forms *int) card.Block {
	kinds := 9
	if depth < 7 {
		kinds = 11
	}
	if depth == 0 {
		kinds = 13
	}
	switch rapid.IntRange(0, kinds).Draw(t, "block") {
	case 0:
		return card.Heading{Text: text0(t), Level: rapid.IntRange(-1, 5).Draw(t, "level")}
	case 1:
		return card.Text{Spans: several(t, 0, 4, func(t *rapid.T) card.Span {
			s := card.Span{Text: text0(t), Bold: rapid.Bool().Draw(t, "bold"), Strike: rapid.Bool().Draw(t, "strike"), Tone: tone(t)}
			if rapid.Bool().Draw(t, "link") {
				s.URL = url0(t)
			}
			return s
		})}
	case 2:
		return card.Fields{Items: several(t, 0, 5, func(t *rapid.T) card.Field {
			return card.Field{Label: text1(t), Value: text0(t), Tone: tone(t), Wide: rapid.Bool().Draw(t, "wide"), Evidence: maybeButton(t)}
		})}
	case 3:
		c := card.Chart{Kind: rapid.SampledFrom([]card.ChartKind{card.BarChart, card.StackedBar, card.LineChart, card.PieChart, card.FunnelChart, card.ProgressChart}).Draw(t, "kind"),
			Title: text0(t), Unit: text0(t), Horizontal: rapid.Bool().Draw(t, "sideways"), Categories: several(t, 1, 6, text0)}
		c.Series = several(t, 1, 3, func(t *rapid.T) card.Series {
			return card.Series{Name: text0(t), Values: several(t, len(c.Categories), len(c.Categories), value)}
		})
		return c
	case 4:
		return card.Image{Key: "k", Alt: text0(t)}
	case 5:
		return card.People{Persons: several(t, 0, 4, func(t *rapid.T) card.Person {
			return card.Person{User: crm.UserID(rapid.IntRange(0, 3).Draw(t, "user")), Name: text0(t), Role: rapid.SampledFrom([]string{"", "审批", "x*y"}).Draw(t, "role")}
		})}
	case 6:
		return card.Divider{}
	case 7:
		return card.Note{Text: text0(t)}
	case 8:
		return card.Progress{Label: text0(t), Value: value(t), Max: value(t), Text: text0(t), Tone: tone(t), Marks: []card.Mark{{Label: text0(t), At: value(t)}}}
	case 9:
		return card.Buttons{Items: several(t, 1, 5, anyButton)}
	case 10:
		return card.Columns{Cols: several(t, 2, 4, func(t *rapid.T) card.Col {
			return card.Col{Weight: rapid.IntRange(-1, 9).Draw(t, "weight"), Blocks: blocks(t, 0, 2, depth+1, forms)}
		})}
	case 11:
		return card.Collapsible{Title: text0(t), Open: rapid.Bool().Draw(t, "open"), Blocks: blocks(t, 0, 2, depth+1, forms)}
	case 12:
		*forms++
		return anyForm(t, fmt.Sprintf("form%d", *forms))
	default:
		cols := several(t, 1, 6, func(t *rapid.T) card.Column {
			return card.Column{Title: text0(t), Number: rapid.Bool().Draw(t, "number")}
		})
		return card.Table{Columns: cols, PageSize: rapid.IntRange(-1, 30).Draw(t, "page"), Rows: several(t, 0, 30, func(t *rapid.T) []card.Cell {
			return several(t, len(cols), len(cols), func(t *rapid.T) card.Cell {
				return card.Cell{Text: text0(t), Tone: tone(t), Action: maybeButton(t)}
			})
		})}
	}
}

func blocks(t *rapid.T, lo, hi, depth int, forms *int) []card.Block {
	return several(t, lo, hi, func(t *rapid.T) card.Block { return anyBlock(t, depth, forms) })
}

// Whatever a card says, its JSON is valid or the card is refused as too large;
// nobody is mentioned and nothing of the user's becomes markup.
func TestRenderedCardsAlwaysPassTheValidator(t *testing.T) {
	fitted, large, shrunk := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		forms := 0
		c := card.Card{
			Lang: rapid.SampledFrom([]crm.Lang{crm.Chinese, crm.English}).Draw(t, "lang"), Title: text1(t), Subtitle: text0(t), Tone: tone(t),
			Tags: several(t, 0, 3, func(t *rapid.T) card.Tag { return card.Tag{Text: text0(t), Tone: tone(t)} }), Summary: text0(t),
			Blocks: blocks(t, 1, 8, 0, &forms),
		}
		switch rapid.IntRange(0, 5).Draw(t, "big") {
		case 0:
			c.Blocks = append(c.Blocks, card.P(strings.Repeat("很长的话。", rapid.IntRange(1500, 4000).Draw(t, "length"))))
		case 1:
			c.Blocks = append(c.Blocks, bigTable(rapid.IntRange(200, 900).Draw(t, "rows")))
		case 2:
			c.Blocks = append(c.Blocks, card.Fields{Items: several(t, 90, 120, func(*rapid.T) card.Field { return card.Field{Label: "项", Value: "值"} })})
		}
		var opts []Option
		if rapid.Bool().Draw(t, "ids") {
			opts = append(opts, WithPersonIDs(func(id crm.UserID) string { return map[crm.UserID]string{1: "ou_1", 2: "ou_2"}[id] }),
				WithImageKey(func(card.Image) (string, bool) { return "img_1", true }))
		}
		out, lossy, err := Render(c, opts...)
		if errors.Is(err, ErrTooLarge) {
			large++
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		fitted++
		if ps := Validate(out); len(ps) > 0 {
			t.Fatalf("%v\n%s", ps, out)
		}
		for _, l := range lossy {
			if strings.HasPrefix(l.Shown, "cut to") && l.Block == "text" || strings.HasPrefix(l.Shown, "first ") || l.Block == "fields" {
				shrunk++
				break
			}
			if l.Block == "" || l.Shown == "" {
				t.Fatalf("empty %v", l)
			}
		}
		var v any
		if err := json.Unmarshal(out, &v); err != nil {
			t.Fatal(err)
		}
		for _, m := range find(v, "markdown") {
			s := m["content"].(string)
			for _, bad := range []string{"<at", "<person", "<script", "](javascript", "![", "```", "\n# ", "\n- ", "|"} {
				if strings.Contains(s, bad) {
					t.Fatalf("%q in markdown %q", bad, s)
				}
			}
		}
	})
	t.Logf("%d cards fitted, %d of them shrunk; %d were too large", fitted, shrunk, large)
	if fitted == 0 || shrunk == 0 || large > fitted {
		t.Error("the cards are too small or too large to prove anything")
	}
}
