package dingcard_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crmbot/cards/card"
	"crmbot/cards/dingcard"
	"crmbot/cards/internal/cardtest"
)

// fill is a card with the text in every place where people's text may go.
func fill(s string) card.Card {
	b := card.Button{Label: "b" + s, Action: cardtest.Open{View: s}, Command: "/c " + s}
	return card.Card{Title: "t" + s, Subtitle: s, Tags: []card.Tag{{Text: s, Tone: card.Danger}}, Summary: "s" + s, Blocks: []card.Block{
		card.Heading{Text: s},
		card.Text{Spans: []card.Span{{Text: s}, {Text: s, Bold: true}, {Text: s, Tone: card.Info}, {Text: "l" + s, URL: "https://example.com/" + s}, {Text: s, Strike: true}}},
		card.P(s), card.B(s),
		card.Fields{Items: []card.Field{{Label: s, Value: s, Tone: card.Warning}, {Label: s, Value: s, Evidence: &b}}},
		card.Table{Columns: []card.Column{{Title: s}}, Rows: [][]card.Cell{{{Text: s, Action: &b}}, {{Text: s}}}},
		card.Image{Data: cardtest.Pixel(), Alt: s}, card.Image{Alt: s},
		card.People{Persons: []card.Person{{Name: s, Role: s}}},
		card.Note{Text: s}, card.Progress{Label: s, Text: s, Max: 1, Marks: []card.Mark{{Label: s}}},
		card.Collapsible{Title: s, Blocks: []card.Block{card.P(s)}},
		card.Buttons{Items: []card.Button{b, {Label: "b" + s, Disabled: "d" + s}, {Label: "b", Action: cardtest.Log{}, Command: "/x", Confirm: &card.Confirm{Title: s, Text: s}}}},
		card.Form{Name: "f", Submit: b, Example: s, Inputs: []card.Input{
			{Kind: card.TextInput, Name: "a", Label: "l" + s, Default: s, Placeholder: s, Help: s, Required: true},
			{Kind: card.SelectInput, Name: "c", Label: "l" + s, Options: []card.Option{{Value: "v" + s, Label: s}}}}},
	}}
}

var (
	link    = regexp.MustCompile(`!?\[[^\]]*\]\([^)]*\)`)
	font    = regexp.MustCompile(`</?font[^>]*>`)
	opening = regexp.MustCompile(`^(#+ |> |- |---$|\|)?`)
	special = regexp.MustCompile("[\\[\\]<`*_~\\\\@]|://|(?i)www\\.|&[#a-z]")
	starts  = regexp.MustCompile(`^(#|>|--|=|(-|\+|\d+[.)])(\s|$))`)
)

// checkText fails if anything but this package's own markup is left that
// DingTalk could read as markup.
func checkText(t *rapid.T, md string) {
	for _, l := range strings.Split(md, "\n") {
		if m := starts.FindString(opening.ReplaceAllString(l, "")); m != "" && l != "| --- |" {
			t.Fatalf("line begins with %q: %q", m, l)
		}
		l = font.ReplaceAllString(link.ReplaceAllString(l, ""), "")
		if m := special.FindString(strings.ReplaceAll(l, "**", "")); m != "" {
			t.Fatalf("%q is left in %q", m, l)
		}
	}
}

var hostile = []string{
	"[点我](https://evil.example)", "![x](https://evil.example/a.png)", "@all", "@所有人", "# 标题", "\n# 标题", "> 引用", "- 项", "1. 项", "**粗**", "__粗__", "`码`", "~~删~~",
	"<font color=red>红</font>", "<a href=x>", "&#91;x&#93;(y)", "&lt;b&gt;", "\\[x\\](y)", "https://evil.example", "www.evil.example", "mailto:a@b.c",
	"dtmd://dingtalkclient/sendMessage?content=x", "](https://evil.example)", "|a|b|", "---", "===", "a\n---", "a\n===", "\u2028# x", "\u202e[x](y)", "    代码", "\t# x", "　# x",
	") [x](http://e", "\x00[x](y)", "【x】", "\xff\xfe",
}

// Whatever people type, the rendering validates and has exactly the links and
// pictures that the card itself has.
func TestHostileTextStaysText(t *testing.T) {
	for name, level := range levels {
		t.Run(name, func(t *testing.T) {
			want := targets(render2(t, fill("x"), level))
			rapid.Check(t, func(t *rapid.T) {
				parts := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(hostile), rapid.StringN(0, 12, 40)), 1, 2).Draw(t, "text")
				out, _ := render(t, fill(strings.Join(parts, "")), level)
				if p := dingcard.Validate(out); p != nil {
					t.Fatalf("%v", p)
				}
				md := markdown(out)
				checkText(t, md)
				if out.Params["tips"] != "" {
					return // cut: not all links are left
				}
				if got := targets(out); !slices.Equal(got, want) {
					t.Fatalf("links %v, want %v in %s", got, want, md)
				}
			})
		})
	}
}

func render2(t *testing.T, c card.Card, l dingcard.Level) dingcard.Out {
	out, _ := render(t, c, l)
	return out
}

var target = regexp.MustCompile(`!?\[[^\]]*\]\(([a-z]+[:-])`)

// targets are the kinds of links in the text, in order.
func targets(o dingcard.Out) []string {
	var out []string
	for _, m := range target.FindAllStringSubmatch(markdown(o), -1) {
		out = append(out, m[1])
	}
	return out
}

// Whatever arrives as a callback is read or refused, never a crash.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"cardPrivateData":{"actionIds":["a"],"params":{"a":"x","p":"{}","f":"{\"n\":\"1\"}"}}}`,
		`{"cardPrivateData":{"actionIds":["form"],"params":{"form":{"_wires":"[{\"a\":\"x\"}]","s":{"index":[0],"value":["1","2"]},"n":3,"b":true,"z":null}}}}`,
		`{"cardPrivateData":{"params":{"form":"{\"_wires\":\"[]\"}"}}}`, `null`, `{"cardPrivateData":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := dingcard.Decode(content)
		if err != nil && (c.Wire.Name != "" || c.Values != nil) {
			t.Errorf("an error with a click: %v", c)
		}
	})
}
