package htmlcard_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"crmbot/cards/card"
	"crmbot/cards/htmlcard"
	"crmbot/cards/internal/cardtest"
	"crmbot/internal/crm"
)

var update = flag.Bool("update", false, "write the golden files")

// fataler is a test or a property check.
type fataler interface{ Fatalf(string, ...any) }

func render(t fataler, c card.Card) (string, []card.Lossy) {
	out, lossy, err := htmlcard.Render(c, htmlcard.Options{ID: "x"})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(out), lossy
}

// elements parses markup into its elements in order and its visible text.
func elements(t fataler, markup string) (els []*html.Node, text string) {
	root, err := html.Parse(strings.NewReader(markup))
	if err != nil {
		t.Fatalf("%v", err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			els = append(els, n)
		case html.TextNode:
			b.WriteString(n.Data + " ")
		}
	}
	return els, b.String()
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// find returns the elements with a tag whose attribute has a value; an empty
// value matches any.
func find(els []*html.Node, tag, name, value string) (out []*html.Node) {
	for _, n := range els {
		if v, ok := attr(n, name); n.Data == tag && ok && (value == "" || v == value) {
			out = append(out, n)
		}
	}
	return out
}

func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func TestSamplesMatchGoldenFiles(t *testing.T) {
	for lang, l := range cardtest.Langs {
		for _, s := range cardtest.Samples(l) {
			got, lossy, err := htmlcard.Render(s.Card, htmlcard.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(lossy) != 0 {
				t.Errorf("%s is shown more simply: %v", s.Name, lossy)
			}
			cardtest.Golden(t, *update, s.Name+"."+lang+".html", string(got)+"\n")
		}
	}
}

func TestEveryFactOfTheCardIsInTheMarkup(t *testing.T) {
	for _, l := range cardtest.Langs {
		for _, s := range cardtest.Samples(l) {
			out, _ := render(t, s.Card)
			got := html.UnescapeString(out)
			for _, want := range cardtest.Strings(s.Card) {
				if !strings.Contains(got, strings.TrimSpace(want)) {
					t.Errorf("%s: %q is missing", s.Name, want)
				}
			}
		}
	}
}

func TestLanguagesDoNotMix(t *testing.T) {
	for _, s := range cardtest.Samples(crm.English) {
		out, _ := render(t, s.Card)
		for _, r := range out {
			if unicode.Is(unicode.Han, r) || strings.ContainsRune("，。：；（）、", r) {
				t.Errorf("%s: %q in an English card", s.Name, r)
				break
			}
		}
	}
	for _, s := range cardtest.Samples(crm.Chinese) {
		out, _ := render(t, s.Card)
		_, text := elements(t, out)
		for _, w := range []string{"Choose", "reply", "Data", "Item", "rows", "Unit", "Table"} {
			if strings.Contains(text, w) {
				t.Errorf("%s: %q in a Chinese card", s.Name, w)
			}
		}
	}
}

// checkSafe fails if the markup needs more than a strict content security
// policy allows, or holds a link that is not http(s).
func checkSafe(t fataler, els []*html.Node) {
	ids := map[string]bool{}
	for _, n := range els {
		if n.Data == "script" || n.Data == "style" || n.Data == "iframe" || n.Data == "object" {
			t.Fatalf("element <%s>", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style":
				t.Fatalf("attribute %s=%q on <%s>", a.Key, a.Val, n.Data)
			case a.Key == "href" && !strings.HasPrefix(a.Val, "http://") && !strings.HasPrefix(a.Val, "https://"):
				t.Fatalf("link to %q", a.Val)
			case a.Key == "id" && ids[a.Val]:
				t.Fatalf("id %q is used twice", a.Val)
			case a.Key == "id":
				ids[a.Val] = true
			}
		}
	}
}

func TestMarkupWorksUnderAStrictPolicy(t *testing.T) {
	for _, l := range cardtest.Langs {
		for _, s := range cardtest.Samples(l) {
			out, _ := render(t, s.Card)
			els, _ := elements(t, out)
			checkSafe(t, els)
		}
	}
}

func TestButtonsCarryTheirAction(t *testing.T) {
	out, _ := render(t, cardtest.Lead(crm.Chinese))
	els, _ := elements(t, out)
	claim := find(els, "button", "data-command", "/认领 L-12")
	if len(claim) != 1 {
		t.Fatalf("%d claim buttons", len(claim))
	}
	raw, _ := attr(claim[0], "data-action")
	var w card.Wire
	if err := json.Unmarshal([]byte(raw), &w); err != nil {
		t.Fatalf("%v in %q", err, raw)
	}
	if w.Name != "sample.claim" || string(w.Payload) != `{"lead":12}` {
		t.Errorf("action %s %s", w.Name, w.Payload)
	}
	release := find(els, "button", "data-confirm-title", "释放 L-12？")
	if len(release) != 1 {
		t.Fatal("the release button does not ask first")
	}
	if text, _ := attr(release[0], "data-confirm-text"); text != "7 天内不能再认领" {
		t.Errorf("it asks %q", text)
	}
	off := find(els, "button", "disabled", "")
	if len(off) == 0 {
		for _, n := range els {
			if _, ok := attr(n, "disabled"); ok {
				off = append(off, n)
			}
		}
	}
	if len(off) != 1 || content(off[0]) != "转给同事" {
		t.Fatalf("%d disabled buttons", len(off))
	}
	if _, ok := attr(off[0], "data-action"); ok {
		t.Error("a disabled button carries an action")
	}
	evidence := find(els, "button", "class", "cc-evidence")
	if len(evidence) != 1 || content(evidence[0]) != "3 次" {
		t.Error("the value does not open its evidence")
	}
	if link := find(els, "a", "href", "https://example.com/?a=1&b=2"); len(link) != 1 {
		t.Error("the link button does not open its page")
	}
}

func TestFormHasAProperInputForEveryKind(t *testing.T) {
	out, _ := render(t, cardtest.VisitForm(crm.Chinese))
	els, _ := elements(t, out)
	if len(find(els, "form", "data-form", "visit")) != 1 {
		t.Fatal("no form")
	}
	for name, want := range map[string]string{
		"customer": "input text", "way": "select ", "companion": "select ", "day": "input date", "at": "input time",
		"people": "input text", "quote": "input text", "note": "textarea ", "topics": "input checkbox",
	} {
		var got []*html.Node
		for _, n := range els {
			if v, ok := attr(n, "name"); ok && v == name {
				got = append(got, n)
			}
		}
		if len(got) == 0 {
			t.Errorf("no input %s", name)
			continue
		}
		kind, _ := attr(got[0], "type")
		if s := got[0].Data + " " + kind; s != want {
			t.Errorf("%s is %s, want %s", name, s, want)
		}
		id, _ := attr(got[0], "id")
		if len(find(els, "label", "for", id)) != 1 {
			t.Errorf("%s has no label", name)
		}
	}
	if day := find(els, "input", "name", "day"); len(day) == 1 {
		if v, _ := attr(day[0], "value"); v != "2026-03-02" {
			t.Errorf("date default %q", v)
		}
	}
	checked, submits := 0, 0
	for _, n := range els {
		if _, ok := attr(n, "checked"); ok {
			checked++
		}
		if kind, _ := attr(n, "type"); n.Data == "button" && kind == "submit" {
			submits++
			if _, ok := attr(n, "data-action"); !ok {
				t.Errorf("submit %q has no action", content(n))
			}
		}
	}
	if checked != 2 || submits != 2 {
		t.Errorf("%d checked boxes and %d submit buttons, want 2 and 2", checked, submits)
	}
	if sel := find(els, "option", "value", "call"); len(sel) != 1 {
		t.Error("no option call")
	} else if _, ok := attr(sel[0], "selected"); !ok {
		t.Error("the default option is not selected")
	}
}

func TestWhatCannotBeShownIsSaid(t *testing.T) {
	c := card.Card{Title: "t", Blocks: []card.Block{
		card.Chart{Kind: card.BarChart, Title: "坏图", Categories: []string{"甲"}, Series: []card.Series{{Values: []float64{math.NaN()}}}},
		card.Image{Key: "gone", Alt: "门头照"},
		card.Form{Name: "f", Submit: card.Button{Label: "ok", Disabled: "x"}, Inputs: []card.Input{{Kind: card.PersonInput, Name: "p", Label: "人"}}},
	}}
	out, lossy := render(t, c)
	var blocks []string
	for _, l := range lossy {
		blocks = append(blocks, l.Block)
	}
	if got := strings.Join(blocks, ","); got != "chart,image,person input" {
		t.Errorf("lossy: %s", got)
	}
	for _, want := range []string{"坏图", "甲", "门头照"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestPicturesComeFromTheFileStoreOrTheCard(t *testing.T) {
	c := card.Card{Title: "t", Blocks: []card.Block{card.Image{Key: "a/b", Alt: "one"}, card.Image{Data: cardtest.Pixel(), Alt: "two"}}}
	out, lossy, err := htmlcard.Render(c, htmlcard.Options{ImageURL: func(key string) string { return "/files/" + key }})
	if err != nil || len(lossy) != 0 {
		t.Fatal(err, lossy)
	}
	els, _ := elements(t, string(out))
	imgs := find(els, "img", "src", "")
	if len(imgs) != 2 {
		t.Fatalf("%d pictures", len(imgs))
	}
	if src, _ := attr(imgs[0], "src"); src != "/files/a/b" {
		t.Errorf("source %q", src)
	}
	if src, _ := attr(imgs[1], "src"); !strings.HasPrefix(src, "data:image/png;base64,") {
		t.Errorf("source %.40q", src)
	}
}

func TestLinksMustBeHTTP(t *testing.T) {
	for _, u := range []string{"javascript:alert(1)", "data:text/html,x", "//evil", "JAVASCRIPT:x"} {
		for name, b := range map[string]card.Block{
			"span":   card.Text{Spans: []card.Span{{Text: "x", URL: u}}},
			"button": card.Buttons{Items: []card.Button{{Label: "x", URL: u}}},
		} {
			if _, _, err := htmlcard.Render(card.Card{Title: "t", Blocks: []card.Block{b}}, htmlcard.Options{}); err == nil {
				t.Errorf("%s with link %q was rendered", name, u)
			}
		}
	}
}

// fill is a card with the text in every place where people's text may go.
func fill(s string) card.Card {
	b := card.Button{Label: s, Action: cardtest.Open{View: s}, Command: s, Confirm: &card.Confirm{Title: s, Text: s}}
	return card.Card{Title: s, Subtitle: s, Tags: []card.Tag{{Text: s}}, Blocks: []card.Block{
		card.Heading{Text: s}, card.Text{Spans: []card.Span{{Text: s, Bold: true}, {Text: s, URL: "https://example.com"}}},
		card.Fields{Items: []card.Field{{Label: s, Value: s, Evidence: &b}}},
		card.Table{Columns: []card.Column{{Title: s}}, Rows: [][]card.Cell{{{Text: s, Action: &b}}, {{Text: s}}}},
		card.Chart{Kind: card.PieChart, Title: s, Unit: s, Categories: []string{"a" + s}, Series: []card.Series{{Name: s, Values: []float64{1}}}},
		card.Image{Data: cardtest.Pixel(), Alt: s}, card.People{Persons: []card.Person{{Name: s, Role: "x" + s}}},
		card.Note{Text: s}, card.Progress{Label: s, Text: "x" + s, Max: 1, Marks: []card.Mark{{Label: s}}},
		card.Collapsible{Title: s, Blocks: []card.Block{card.P(s)}},
		card.Buttons{Items: []card.Button{b, {Label: s, Disabled: "x" + s}}},
		card.Form{Name: "f", Submit: b, Example: "x" + s, Inputs: []card.Input{
			{Kind: card.TextInput, Name: "a", Label: s, Default: s, Placeholder: s, Help: "x" + s},
			{Kind: card.MultilineInput, Name: "b", Label: s, Default: s, Placeholder: s},
			{Kind: card.SelectInput, Name: "c", Label: s, Options: []card.Option{{Value: "v" + s, Label: s}}},
			{Kind: card.MultiSelect, Name: "d", Label: s, Options: []card.Option{{Value: "v" + s, Label: s}}}}},
	}}
}

// skeleton is the sequence of elements without the drawing of charts, whose
// shapes depend on how long the texts are.
func skeleton(els []*html.Node) string {
	var b strings.Builder
	for _, n := range els {
		if n.Namespace != "svg" {
			fmt.Fprintf(&b, "%s ", n.Data)
		}
	}
	return b.String()
}

// Hostile text changes nothing about the elements of the card.
func TestHostileTextStaysText(t *testing.T) {
	plain, _ := render(t, fill("x"))
	els, _ := elements(t, plain)
	want := strings.ReplaceAll(skeleton(els), "p ", "")
	rapid.Check(t, func(t *rapid.T) {
		s := "s" + rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			`"><script>alert(1)</script>`, `' onclick='x`, `</textarea><img src=x onerror=y>`, `</title></svg><b>`, `{{.Title}}`,
			`javascript:alert(1)`, "]]>", `<!--`, "\x00<x>", `</form><form data-form="y">`, `&quot;&lt;`,
		})).Draw(t, "text")
		out, _ := render(t, fill(s))
		els, _ := elements(t, out)
		checkSafe(t, els)
		if got := strings.ReplaceAll(skeleton(els), "p ", ""); got != want {
			t.Fatalf("elements changed:\n%s\n%s", got, want)
		}
	})
}

func TestStylesheetHasBothThemes(t *testing.T) {
	for _, want := range []string{`[data-theme="dark"]`, `[data-theme="light"]`, "light-dark(", ".cc-card"} {
		if !strings.Contains(htmlcard.CSS, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(htmlcard.CSS, "url(") || strings.Contains(htmlcard.CSS, "@import") {
		t.Error("the stylesheet loads something from elsewhere")
	}
}

func TestActionsArriveUnchanged(t *testing.T) {
	view := "a\u202eb\t\u2028\"<&'\\\n{{x}}"
	out, _ := render(t, card.Card{Title: "t", Blocks: []card.Block{
		card.Buttons{Items: []card.Button{{Label: "x", Action: cardtest.Open{View: view}, Command: "/x"}}}}})
	els, _ := elements(t, out)
	raw, _ := attr(find(els, "button", "data-action", "")[0], "data-action")
	var w card.Wire
	var got cardtest.Open
	if err := json.Unmarshal([]byte(raw), &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(w.Payload, &got); err != nil || got.View != view {
		t.Errorf("%q became %q (%v)", view, got.View, err)
	}
}
