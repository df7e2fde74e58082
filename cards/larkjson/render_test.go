package larkjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func render1(t *testing.T, c card.Card, opts ...Option) (map[string]any, []card.Lossy) {
	t.Helper()
	out, lossy, err := Render(c, opts...)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	return v, lossy
}

// find returns all objects with the tag, in document order of arrays.
func find(v any, tag string) []map[string]any {
	var out []map[string]any
	switch v := v.(type) {
	case map[string]any:
		if v["tag"] == tag {
			out = append(out, v)
		}
		for _, k := range []string{"body", "elements", "columns", "header", "text", "title", "label"} {
			if _, ok := v[k].(string); !ok {
				out = append(out, find(v[k], tag)...)
			}
		}
	case []any:
		for _, x := range v {
			out = append(out, find(x, tag)...)
		}
	}
	return out
}

func one(blocks ...card.Block) card.Card { return card.Card{Title: "T", Blocks: blocks} }

func lost(lossy []card.Lossy, block string) string {
	for _, l := range lossy {
		if l.Block == block {
			return l.Shown
		}
	}
	return ""
}

func TestSamplesMatchGoldenFiles(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			out, lossy, err := Render(s.card, s.opts...)
			if err != nil {
				t.Fatal(err)
			}
			if ps := Validate(out); len(ps) > 0 {
				t.Fatalf("invalid: %v", ps)
			}
			var b bytes.Buffer
			if err := json.Indent(&b, out, "", " "); err != nil {
				t.Fatal(err)
			}
			b.WriteString("\n")
			golden(t, s.name+".json", b.Bytes())
			var l bytes.Buffer
			for _, x := range lossy {
				fmt.Fprintf(&l, "%s: %s\n", x.Block, x.Shown)
			}
			golden(t, s.name+".lossy.txt", l.Bytes())
		})
	}
}

// golden compares with a file of testdata/golden.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s; run with -update and look at the difference", path)
	}
}

func TestRenderIsDeterministic(t *testing.T) {
	for _, s := range samples() {
		a, _, err := Render(s.card, s.opts...)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if b, _, _ := Render(s.card, s.opts...); !bytes.Equal(a, b) {
				t.Fatalf("%s: two renderings differ", s.name)
			}
		}
	}
}

func TestHeaderShowsToneTagsAndSummary(t *testing.T) {
	v, _ := render1(t, card.Card{Title: "标题", Subtitle: "副题", Tone: card.Danger, Summary: "摘要", Tags: []card.Tag{{Text: "急", Tone: card.Danger}}, Blocks: []card.Block{card.P("x")}})
	h := v["header"].(map[string]any)
	if h["template"] != "red" || h["title"].(map[string]any)["content"] != "标题" || h["subtitle"].(map[string]any)["content"] != "副题" {
		t.Errorf("header %v", h)
	}
	if tags := h["text_tag_list"].([]any); len(tags) != 1 || tags[0].(map[string]any)["color"] != "red" {
		t.Errorf("tags %v", tags)
	}
	c := v["config"].(map[string]any)
	if c["update_multi"] != true || c["summary"].(map[string]any)["content"] != "摘要" {
		t.Errorf("config %v", c)
	}
	v, _ = render1(t, one(card.P("x")))
	if got := v["config"].(map[string]any)["summary"].(map[string]any)["content"]; got != "T" {
		t.Errorf("summary without one is %v, want the title", got)
	}
}

func TestButtonCarriesWireAndStableName(t *testing.T) {
	v, _ := render1(t, one(card.Buttons{Items: []card.Button{
		{Label: "认领", Action: claim{12}, Command: "/认领 L-12"},
		{Label: "也认领", Action: claim{12}, Command: "/认领 L-12"},
		{Label: "看", URL: "https://example.com"},
		{Label: "不行", Disabled: "没有权限"},
	}}))
	bs := find(v, "button")
	if len(bs) != 4 {
		t.Fatalf("%d buttons", len(bs))
	}
	behavior := bs[0]["behaviors"].([]any)[0].(map[string]any)
	value := behavior["value"].(map[string]any)
	if behavior["type"] != "callback" || value["a"] != "lead.claim" || value["p"].(map[string]any)["lead"] != 12.0 {
		t.Errorf("behaviour %v", behavior)
	}
	a, b := bs[0]["name"].(string), bs[1]["name"].(string)
	if a == b || ActionOf(a) != "lead.claim" || ActionOf(b) != "lead.claim" {
		t.Errorf("names %q and %q", a, b)
	}
	v2, _ := render1(t, one(card.P("something before"), card.Buttons{Items: []card.Button{{Label: "认领", Action: claim{12}, Command: "/认领 L-12"}}}))
	if again := find(v2, "button")[0]["name"]; again != a {
		t.Errorf("the name changed from %q to %q with the card around it", a, again)
	}
	if u := bs[2]["behaviors"].([]any)[0].(map[string]any); u["type"] != "open_url" || u["default_url"] != "https://example.com" {
		t.Errorf("link %v", u)
	}
	if bs[3]["disabled"] != true || bs[3]["disabled_tips"].(map[string]any)["content"] != "没有权限" || bs[3]["behaviors"] != nil {
		t.Errorf("disabled %v", bs[3])
	}
}

func TestActionOfUnknownNameIsEmpty(t *testing.T) {
	for _, name := range []string{"", "Button_lvkepfu3", "__abcd"} {
		if got := ActionOf(name); got != "" {
			t.Errorf("ActionOf(%q) = %q", name, got)
		}
	}
}

// A question is asked before a submit only, so such a button is in a form.
func TestConfirmIsASubmitAtTheRoot(t *testing.T) {
	ask := card.Button{Label: "释放", Action: claim{1}, Command: "/x", Confirm: &card.Confirm{Title: "真的？", Text: "无法撤销"}}
	for name, c := range map[string]card.Card{
		"row":    one(card.Buttons{Items: []card.Button{{Label: "a", URL: "https://example.com"}, ask}}),
		"nested": one(card.Collapsible{Title: "x", Blocks: []card.Block{card.Buttons{Items: []card.Button{ask}}}}, card.P("after")),
		"field":  one(card.Fields{Items: []card.Field{{Label: "a", Value: "b", Evidence: &ask}}}),
	} {
		t.Run(name, func(t *testing.T) {
			v, lossy := render1(t, c)
			forms := find(v, "form")
			if len(forms) != 1 {
				t.Fatalf("%d forms", len(forms))
			}
			bs := find(forms[0], "button")
			if len(bs) != 1 || bs[0]["form_action_type"] != "submit" || bs[0]["confirm"].(map[string]any)["title"].(map[string]any)["content"] != "真的？" {
				t.Errorf("buttons %v", bs)
			}
			if moved := lost(lossy, "button") != ""; moved != (name != "row") {
				t.Errorf("lossy %v", lossy)
			}
		})
	}
}

func TestTwoFormsWithTheSameInputName(t *testing.T) {
	form := func(name string) card.Form {
		return card.Form{Name: name, Inputs: []card.Input{{Kind: card.TextInput, Name: "comment", Label: "意见"}},
			Submit: card.Button{Label: "好", Action: save{1}, Command: "/x"}}
	}
	v, _ := render1(t, one(form("a"), form("b")))
	in := find(v, "input")
	if in[0]["name"] != "comment" || in[1]["name"] != "b.comment" || FieldName("b.comment") != "comment" || FieldName("comment") != "comment" {
		t.Errorf("names %v and %v", in[0]["name"], in[1]["name"])
	}
}

func TestFormInputs(t *testing.T) {
	v, _ := render1(t, visitCard())
	form := find(v, "form")[0]
	sel := find(form, "select_static")[0]
	if sel["name"] != "kind" || sel["required"] != true || sel["initial_option"] != "onsite" {
		t.Errorf("select %v", sel)
	}
	if d := find(form, "date_picker")[0]; d["initial_date"] != "2026-11-23" {
		t.Errorf("date %v", d)
	}
	if d := find(form, "picker_time")[0]; d["initial_time"] != "15:30" {
		t.Errorf("time %v", d)
	}
	m := find(form, "multi_select_static")[0]
	if fmt.Sprint(m["selected_values"]) != "[price stock]" || m["required"] != false {
		t.Errorf("multi select %v", m)
	}
	in := find(form, "input")
	if len(in) != 4 || in[0]["input_type"] != "multiline_text" || in[0]["max_length"] != 500.0 || in[2]["default_value"] != "2" {
		t.Errorf("inputs %v", in)
	}
	bs := find(form, "button")
	if len(bs) != 1 || bs[0]["form_action_type"] != "submit" || bs[0]["type"] != "primary_filled" || bs[0]["behaviors"] == nil {
		t.Errorf("submit %v", bs)
	}
}

func TestInputLimits(t *testing.T) {
	v, lossy := render1(t, one(card.Form{Name: "f", Inputs: []card.Input{
		{Kind: card.TextInput, Name: "a", Label: "A", MaxLen: 5000, Placeholder: strings.Repeat("字", 150)},
		{Kind: card.SelectInput, Name: "b", Label: "B"},
		{Kind: card.DateInput, Name: "c", Label: "C", Default: "明天"},
		{Kind: card.TextInput, Name: "d", Label: "D", MaxLen: 3, Default: "abcdef"},
	}, Submit: card.Button{Label: strings.Repeat("钮", 120), Action: save{1}, Command: "/x"}}))
	in := find(v, "input")
	if in[0]["max_length"] != 1000.0 || len([]rune(in[0]["placeholder"].(map[string]any)["content"].(string))) != 100 {
		t.Errorf("text %v", in[0])
	}
	if in[1]["name"] != "b" || in[2]["default_value"] != "abc" {
		t.Errorf("inputs %v", in)
	}
	if d := find(v, "date_picker")[0]; d["initial_date"] != nil {
		t.Errorf("date %v", d)
	}
	if lost(lossy, "input") == "" || lost(lossy, "label") == "" {
		t.Errorf("lossy %v", lossy)
	}
}

func TestSubmitWithoutActionIsAnError(t *testing.T) {
	_, _, err := Render(one(card.Form{Name: "f", Inputs: []card.Input{{Kind: card.TextInput, Name: "a", Label: "A"}}, Submit: card.Button{Label: "x", URL: "https://example.com"}}))
	if err == nil || !strings.Contains(err.Error(), "no action") {
		t.Errorf("error %v", err)
	}
}

func TestTableCellActionsAreListedBelow(t *testing.T) {
	var rows [][]card.Cell
	for i := range 13 {
		rows = append(rows, []card.Cell{{Text: fmt.Sprintf("公司%d", i)}, {Text: "认领", Action: claimButton(int64(i + 1))}})
	}
	v, lossy := render1(t, one(card.Table{Columns: []card.Column{{Title: "公司"}, {Title: "操作"}}, Rows: rows}))
	bs := find(v, "button")
	if len(bs) != listedActions || bs[2]["text"].(map[string]any)["content"] != "认领 · 公司2" {
		t.Errorf("%d buttons, third %v", len(bs), bs[2]["text"])
	}
	divs := find(v, "div")
	if text := divs[len(divs)-1]["text"].(map[string]any)["content"].(string); !strings.Contains(text, "/认领 L-11、/认领 L-12、/认领 L-13") {
		t.Errorf("commands %q", text)
	}
	if lost(lossy, "cell") == "" {
		t.Errorf("lossy %v", lossy)
	}
}

func TestFourthTableAndSixthChartAreText(t *testing.T) {
	var blocks []card.Block
	for i := range 7 {
		blocks = append(blocks,
			card.Table{Columns: []card.Column{{Title: "列"}}, Rows: [][]card.Cell{{{Text: fmt.Sprintf("格%d", i)}}}},
			card.Chart{Kind: card.PieChart, Title: "图", Unit: "次", Categories: []string{fmt.Sprintf("类%d", i)}, Series: []card.Series{{Values: []float64{float64(i)}}}})
	}
	v, lossy := render1(t, one(blocks...))
	if n, m := len(find(v, "table")), len(find(v, "chart")); n != MaxTables || m != MaxCharts {
		t.Errorf("%d tables, %d charts", n, m)
	}
	b, _ := json.Marshal(v)
	for _, want := range []string{"列\\n格3", "列\\n格6", "图\\n类5 5次", "图\\n类6 6次"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not shown", want)
		}
	}
	if lost(lossy, "table") != "lines of text" || lost(lossy, "chart") != "lines of text" {
		t.Errorf("lossy %v", lossy)
	}
}

func TestProgressIsAChartOnlyWhileAllFit(t *testing.T) {
	p := card.Progress{Label: "拜访", Value: 3, Max: 4, Text: "3 / 4", Marks: []card.Mark{{Label: "合格", At: 3}}}
	v, lossy := render1(t, one(p, p, p, p, p))
	if n := len(find(v, "chart")); n != 5 || len(lossy) != 0 {
		t.Errorf("%d charts, lossy %v", n, lossy)
	}
	v, lossy = render1(t, one(p, p, p, p, p, p))
	if n := len(find(v, "chart")); n != 0 || lost(lossy, "progress") == "" {
		t.Errorf("%d charts, lossy %v", n, lossy)
	}
	if got := find(v, "div")[0]["text"].(map[string]any)["content"]; got != "拜访  ▰▰▰▰▰▰▰▰▱▱  3 / 4（合格 3）" {
		t.Errorf("bar %q", got)
	}
}

func TestShareIsAlwaysBetweenNoneAndAll(t *testing.T) {
	for _, c := range []struct{ v, max, want float64 }{{3, 4, .75}, {9, 4, 1}, {-1, 4, 0}, {1, 0, 0}, {1, -2, 0}, {math.NaN(), 4, 0}, {1, math.NaN(), 0}, {math.Inf(1), 4, 1}, {1, math.Inf(1), 0}} {
		if got := share(c.v, c.max); got != c.want {
			t.Errorf("share(%v, %v) = %v, want %v", c.v, c.max, got, c.want)
		}
	}
}

func TestImagesAndPeopleByPlatformKeyOrByText(t *testing.T) {
	c := one(card.Image{Key: "k", Alt: "图样"}, card.People{Persons: []card.Person{{User: 1, Name: "张三"}, {User: 2, Name: "李四"}}})
	v, lossy := render1(t, c)
	if len(find(v, "img"))+len(find(v, "person_list")) != 0 || lost(lossy, "image") == "" || lost(lossy, "people") == "" {
		t.Errorf("lossy %v", lossy)
	}
	b, _ := json.Marshal(v)
	if !strings.Contains(string(b), "[图片] 图样") || !strings.Contains(string(b), "张三、李四") {
		t.Errorf("card %s", b)
	}
	ids := WithPersonIDs(func(id crm.UserID) string { return fmt.Sprintf("ou_%d", id) })
	v, lossy = render1(t, c, ids, WithImageKey(func(card.Image) (string, bool) { return "img_1", true }))
	if img := find(v, "img"); len(img) != 1 || img[0]["img_key"] != "img_1" || len(lossy) != 0 {
		t.Errorf("images %v, lossy %v", img, lossy)
	}
	if p := find(v, "person_list"); len(p) != 1 || fmt.Sprint(p[0]["persons"]) != "[map[id:ou_1] map[id:ou_2]]" {
		t.Errorf("people %v", p)
	}
	// One person without an identity: the platform would refuse a wrong id.
	_, lossy = render1(t, c, WithPersonIDs(func(id crm.UserID) string { return map[crm.UserID]string{1: "ou_1"}[id] }))
	if lost(lossy, "people") == "" {
		t.Error("half a list of people was shown")
	}
}

func TestDeepNestingIsFlattened(t *testing.T) {
	var b card.Block = card.Buttons{Items: []card.Button{*claimButton(1), *claimButton(2)}}
	for range 8 {
		b = card.Collapsible{Title: "层", Blocks: []card.Block{b}}
	}
	v, lossy := render1(t, one(b))
	if n := len(find(v, "collapsible_panel")); n != MaxNesting || lost(lossy, "collapsible") == "" || len(find(v, "button")) != 2 {
		t.Errorf("%d panels, lossy %v", n, lossy)
	}
}

func bigTable(rows int) card.Table {
	t := card.Table{Columns: []card.Column{{Title: "公司"}, {Title: "备注"}}}
	for i := range rows {
		t.Rows = append(t.Rows, []card.Cell{{Text: fmt.Sprintf("公司%d", i)}, {Text: strings.Repeat("备", 40)}})
	}
	return t
}

func TestTooManyRowsAreCutWithANote(t *testing.T) {
	v, lossy := render1(t, one(bigTable(400)))
	if rows := find(v, "table")[0]["rows"].([]any); len(rows) != 50 {
		t.Errorf("%d rows", len(rows))
	}
	if got := find(v, "div")[0]["text"].(map[string]any)["content"]; got != "还有 350 行" {
		t.Errorf("note %q", got)
	}
	if lost(lossy, "table") != "first 50 rows" {
		t.Errorf("lossy %v", lossy)
	}
	c := one(bigTable(400))
	c.Lang = crm.English
	v, _ = render1(t, c)
	if got := find(v, "div")[0]["text"].(map[string]any)["content"]; got != "350 more rows" {
		t.Errorf("note %q", got)
	}
}

// A long text is cut; the chart and the table beside it stay.
func TestLongTextDoesNotCostTheChart(t *testing.T) {
	v, lossy := render1(t, one(card.P(strings.Repeat("长", 20000)), bigTable(5),
		card.Chart{Kind: card.PieChart, Categories: []string{"a"}, Series: []card.Series{{Values: []float64{1}}}}))
	if len(find(v, "table")) != 1 || len(find(v, "chart")) != 1 {
		t.Errorf("lost more than needed: %v", lossy)
	}
	if lost(lossy, "text") != "cut to 2000 characters" || len(lossy) != 1 {
		t.Errorf("lossy %v", lossy)
	}
}

func TestTooManyElementsAreFlattened(t *testing.T) {
	var f card.Fields
	for i := range 150 {
		f.Items = append(f.Items, card.Field{Label: fmt.Sprintf("项%d", i), Value: "值"})
	}
	v, lossy := render1(t, one(f))
	if measure(v) > MaxElements || lost(lossy, "fields") == "" {
		t.Errorf("%d elements, lossy %v", measure(v), lossy)
	}
	if md := find(v, "markdown"); len(md) != 1 || !strings.Contains(md[0]["content"].(string), "项149") {
		t.Error("a field is missing")
	}
}

func TestBigChartBecomesText(t *testing.T) {
	c := card.Chart{Kind: card.LineChart, Title: "线"}
	c.Series = []card.Series{{Name: "s"}}
	for i := range 2000 {
		c.Categories = append(c.Categories, fmt.Sprintf("第%d天", i))
		c.Series[0].Values = append(c.Series[0].Values, float64(i))
	}
	v, lossy := render1(t, one(c))
	if len(find(v, "chart")) != 0 || lost(lossy, "chart") == "" {
		t.Errorf("lossy %v", lossy)
	}
	if got := find(v, "div")[0]["text"].(map[string]any)["content"].(string); !strings.HasSuffix(got, "还有 1980 项") {
		t.Errorf("text %q", got)
	}
}

func TestCardThatCannotShrinkIsAnError(t *testing.T) {
	var in card.Input
	for i := range 300 {
		in.Options = append(in.Options, card.Option{Value: fmt.Sprint(i), Label: "选项"})
	}
	in.Kind, in.Name, in.Label = card.SelectInput, "a", "A"
	out, _, err := Render(one(card.Form{Name: "f", Inputs: []card.Input{in}, Submit: card.Button{Label: "好", Action: save{1}, Command: "/x"}}))
	if !errors.Is(err, ErrTooLarge) || out != nil {
		t.Errorf("error %v", err)
	}
	if _, _, err = Render(card.Card{}); err == nil || errors.Is(err, ErrTooLarge) {
		t.Errorf("a card without a title: %v", err)
	}
}

func TestChineseCardsHaveNoEnglishWordsOfTheRenderer(t *testing.T) {
	for _, want := range []struct {
		lang crm.Lang
		bad  string
	}{{crm.Chinese, "more rows"}, {crm.English, "还有"}} {
		c := one(bigTable(400), card.Image{Alt: "1"}, card.Collapsible{Blocks: []card.Block{card.P("1")}})
		c.Lang = want.lang
		out, _, err := Render(c)
		if err != nil || strings.Contains(string(out), want.bad) {
			t.Errorf("%q in %q card, error %v", want.bad, want.lang, err)
		}
	}
}

func TestUserTextIsEscapedInMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"<at id=all></at>": "&#60;at id=all&#62;&#60;/at&#62;",
		"[a](b)":           "&#91;a&#93;&#40;b&#41;",
		"**a**":            "&#42;&#42;a&#42;&#42;",
		"# a":              "&#35; a",
		"- a\n12. b":       "&#45; a\n12&#46; b",
		"2026-11-23 15:04": "2026-11-23 15:04",
		"3.5%":             "3.5%",
		"a - b":            "a - b",
		"  x":              "&#160;&#160;x",
		"&lt;":             "&#38;lt;",
		"a|b":              "a&#124;b",
		":DONE:":           "&#58;DONE:",
		"平常的字":             "平常的字",
	} {
		if got := escape(in); got != want {
			t.Errorf("escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestEmphasisNextToPunctuation(t *testing.T) {
	r := &renderer{}
	if got := r.styled(card.Span{Bold: true}, "合同"); got != "**合同**" {
		t.Errorf("got %q", got)
	}
	if got := r.styled(card.Span{Bold: true, Tone: card.Danger}, " （A）\n\nB"); got != " <font color='red'>**\u200b（A）\u200b**</font>\n\n<font color='red'>**B**</font>" {
		t.Errorf("got %q", got)
	}
}

func TestUsedRulesAreListedOnce(t *testing.T) {
	s := slices.Sorted(slices.Values(allRules))
	if len(slices.Compact(s)) != len(allRules) {
		t.Error("a rule is listed twice")
	}
}
