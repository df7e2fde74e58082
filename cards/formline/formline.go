// Package formline lets a person fill in a form with one line of text, where a
// platform cannot show the form: it shows the line to write, and reads the line
// that was written. What comes out is what the form itself would have sent.
//
// A line is "label=value label=value …", in any order; ":" does for "=". What
// is not written keeps the value with which the form begins. A line for a form
// with several buttons begins with the label of one: nobody shall approve by
// leaving a word out.
package formline

import (
	"slices"
	"strings"

	"crmbot/cards/card"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
)

// Blank stands for what the person writes.
const Blank = "…"

// Show is the line to write: the head, the button's label if there are several,
// and every input that has to be filled in; if there is none,
// one that may be.
func Show(l crm.Lang, head string, f card.Form, b card.Button) string {
	parts := []string{Press(head, f, b)}
	asked := missing(f.Inputs)
	if len(asked) == 0 && len(f.Inputs) > 0 {
		i := slices.IndexFunc(f.Inputs, func(in card.Input) bool { return in.Default == "" })
		if i < 0 {
			i = len(f.Inputs) - 1
		}
		asked = f.Inputs[i : i+1]
	}
	for _, in := range asked {
		parts = append(parts, name(f.Inputs, in)+"="+sample(l, in))
	}
	return strings.Join(parts, " ")
}

// Press is the line that presses a button of the form and changes nothing.
func Press(head string, f card.Form, b card.Button) string {
	if len(f.Extra) == 0 {
		return head
	}
	return head + " " + textcard.OneLine(b.Label)
}

// missing are the inputs without which the form cannot be sent.
func missing(ins []card.Input) []card.Input {
	var out []card.Input
	for _, in := range ins {
		if in.Required && in.Default == "" {
			out = append(out, in)
		}
	}
	return out
}

// name is what an input is called in a line: its label without what brackets
// add, unless another input of the form has that name too.
func name(ins []card.Input, in card.Input) string {
	n := short(in)
	for _, x := range ins {
		if x.Name != in.Name && strings.EqualFold(short(x), n) {
			return label(in)
		}
	}
	return n
}

func label(in card.Input) string { return crm.Normalize(textcard.OneLine(in.Label)) }

func short(in card.Input) string {
	l := label(in)
	if i := strings.IndexByte(l, '('); i > 0 {
		return strings.TrimSpace(l[:i])
	}
	return l
}

// sample is a value that the input takes, where one can be known.
func sample(l crm.Lang, in card.Input) string {
	switch {
	case in.Kind == card.MoneyInput:
		return l.T("50万", "500k")
	case in.Kind == card.DateInput:
		return l.T("3月6日", "3/6")
	case in.Kind == card.TimeInput:
		return "10:00"
	case len(in.Options) > 0:
		for _, o := range in.Options {
			if o.Value != in.Default {
				return optionName(o)
			}
		}
	}
	return Blank
}

func optionName(o card.Option) string {
	if s := crm.Normalize(textcard.OneLine(o.Label)); s != "" {
		return s
	}
	return o.Value
}
