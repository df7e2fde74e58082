package htmlcard

import (
	"encoding/json"
	"fmt"
	"html/template"
	"strings"

	"crmbot/cards/card"
	"crmbot/cards/chart"
)

type buttonView struct {
	Label, Class, URL, Disabled string
	// Attrs are the data attributes, escaped here: html/template would take
	// data-action for an address and spoil the JSON in it.
	Attrs template.HTMLAttr
}

func (b *builder) button(x card.Button) buttonView {
	v := buttonView{Label: clean(x.Label), Class: class(x.Style), URL: b.link(x.URL), Disabled: clean(x.Disabled)}
	if x.Disabled != "" || x.Action == nil {
		return v
	}
	v.URL = ""
	wire, err := card.Encode(x.Action)
	if err != nil {
		b.fail(err)
		return v
	}
	action, err := json.Marshal(wire)
	if err != nil {
		b.fail(fmt.Errorf("button %q: %w", x.Label, err))
		return v
	}
	var attrs strings.Builder
	put := func(name, value string) {
		if value != "" {
			attrs.WriteString(" data-" + name + `="` + template.HTMLEscapeString(value) + `"`)
		}
	}
	put("action", string(action))
	put("command", clean(x.Command))
	if x.Confirm != nil {
		title := x.Confirm.Title
		if title == "" && x.Confirm.Text == "" {
			title = x.Label
		}
		put("confirm-title", clean(title))
		put("confirm-text", clean(x.Confirm.Text))
	}
	v.Attrs = template.HTMLAttr(attrs.String())
	return v
}

func class(s card.ButtonStyle) string {
	switch s {
	case card.Primary:
		return "primary"
	case card.Risky:
		return "danger"
	case card.Link:
		return "link"
	}
	return "default"
}

type formView struct {
	Name, Example, ExampleLabel string
	Inputs                      []inputView
	Submits                     []buttonView
}

type inputView struct {
	Kind     string // text, area, select, checks
	ID, Name string
	Type     string // the type of an <input>
	Mode     string // its inputmode
	Label    string
	Mark     string // read out for required fields
	Hint     string
	Default  string
	Ghost    string // the placeholder
	Required bool
	Half     bool // two of them fit beside each other on a phone
	MaxLen   int
	Options  []optionView
	Choose   string // the empty choice of a select
}

type optionView struct {
	ID, Value, Label string
	Chosen           bool
}

func (b *builder) form(f card.Form) formView {
	v := formView{Name: f.Name, Example: clean(f.Example), ExampleLabel: b.lang.T("也可以直接回复", "Or just reply")}
	for _, in := range f.Inputs {
		v.Inputs = append(v.Inputs, b.input(in))
	}
	for _, s := range append([]card.Button{f.Submit}, f.Extra...) {
		v.Submits = append(v.Submits, b.button(s))
	}
	return v
}

// defaultMaxLen is the longest text of an input that does not say.
const defaultMaxLen = 1000

func (b *builder) input(in card.Input) inputView {
	v := inputView{Kind: "text", Type: "text", ID: b.id(), Name: in.Name, Label: clean(in.Label), Hint: clean(in.Help),
		Default: clean(in.Default), Ghost: clean(in.Placeholder), Required: in.Required, MaxLen: in.MaxLen}
	if v.MaxLen <= 0 {
		v.MaxLen = defaultMaxLen
	}
	if v.Required {
		v.Mark = b.lang.T("必填", "required")
	}
	switch in.Kind {
	case card.MultilineInput:
		v.Kind = "area"
	case card.NumberInput, card.MoneyInput:
		v.Mode = "decimal" // as typed ("3.5万"), so not type=number
		v.Half = measure(v.Ghost) <= halfInput
	case card.DateInput:
		v.Type, v.Half = "date", true
	case card.TimeInput:
		v.Type, v.Half = "time", true
	case card.MultiSelect:
		v.Kind = "checks"
		v.Options = b.options(in, strings.Split(in.Default, ","))
	case card.SelectInput:
		v.Kind = "select"
		v.Options = b.options(in, []string{in.Default})
	case card.PersonInput:
		if len(in.Options) == 0 {
			b.lost("person input", "text input for the name")
			break
		}
		v.Kind = "select"
		v.Options = b.options(in, []string{in.Default})
	}
	v.Choose = v.Ghost
	if v.Choose == "" {
		v.Choose = b.lang.T("请选择", "Choose")
	}
	if v.Kind == "select" {
		v.Half = measure(v.Choose) <= halfInput
		for _, o := range v.Options {
			v.Half = v.Half && measure(o.Label) <= halfInput
		}
	}
	v.Half = v.Half && measure(v.Label) <= halfInput && measure(v.Hint) <= 2*halfInput
	return v
}

func (b *builder) options(in card.Input, chosen []string) []optionView {
	is := map[string]bool{}
	for _, c := range chosen {
		is[strings.TrimSpace(c)] = true
	}
	views := make([]optionView, 0, len(in.Options))
	for _, o := range in.Options {
		label := clean(o.Label)
		if label == "" {
			label = clean(o.Value)
		}
		views = append(views, optionView{ID: b.id(), Value: o.Value, Label: label, Chosen: is[o.Value]})
	}
	return views
}

type progressView struct {
	Label, Text, Tone, Percent string
	Marks                      []markView
	Height                     int
}

type markView struct {
	Label, At, Anchor string
	Y                 int // the baseline of the label
}

// progress places the marks in percent of the bar; neighbours that would
// overlap go to a second line.
func (b *builder) progress(p card.Progress) progressView {
	v := progressView{Label: clean(p.Label), Text: clean(p.Text), Tone: tone(p.Tone), Percent: percent(p.Value, p.Max), Height: 8}
	if v.Text == "" {
		v.Text = chart.Number(p.Value) + " / " + chart.Number(p.Max)
	}
	last := [2]float64{-100, -100}
	for _, m := range p.Marks {
		at := share(m.At, p.Max)
		mark := markView{Label: clean(m.Label) + " " + chart.Number(m.At), At: percent(m.At, p.Max), Anchor: "middle"}
		switch {
		case at < 0.12:
			mark.Anchor = "start"
		case at > 0.88:
			mark.Anchor = "end"
		}
		row := 0
		if at-last[0] < 0.3 {
			row = 1
		}
		last[row] = at
		mark.Y = 22 + 14*row
		v.Height = max(v.Height, mark.Y+4)
		v.Marks = append(v.Marks, mark)
	}
	return v
}

func share(value, limit float64) float64 {
	if !(limit > 0) || !(value > 0) {
		return 0
	}
	return min(value/limit, 1)
}

func percent(value, limit float64) string {
	return fmt.Sprintf("%.4g%%", share(value, limit)*100)
}
