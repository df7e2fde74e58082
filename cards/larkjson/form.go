package larkjson

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"crmbot/cards/card"
)

var (
	datePattern = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)
	timePattern = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
)

// form is a native form; only its submit buttons send anything.
func (r *renderer) form(f card.Form) []node {
	elements := []node{}
	for _, in := range f.Inputs {
		elements = append(elements, r.input(f.Name, in)...)
	}
	first := f.Submit
	if first.Style == card.Default {
		first.Style = card.Primary
	}
	submits := []node{r.submit(f.Name, first)}
	var links []card.Button
	for _, b := range f.Extra {
		if b.Action == nil {
			links = append(links, b)
			continue
		}
		submits = append(submits, r.submit(f.Name, b))
	}
	elements = append(elements, r.row(submits, 1)...)
	out := []node{{"tag": "form", "name": f.Name, "vertical_spacing": "8px", "elements": elements}}
	if len(links) > 0 {
		out = append(out, r.buttons(links, 0)...)
	}
	return out
}

func (r *renderer) submit(form string, b card.Button) node {
	if b.Action == nil {
		r.fail(fmt.Errorf("form %q: submit button %q has no action", form, b.Label))
	}
	return r.button(b, true)
}

// input is one input with its label above and its help below.
func (r *renderer) input(form string, in card.Input) []node {
	n := node{"name": r.names.field(form, in.Name), "required": in.Required, "width": "fill"}
	if !blank(in.Placeholder) {
		n["placeholder"] = plain(r.label(in.Placeholder))
	}
	label := r.clip(oneLine(in.Label))
	if label == "" {
		label = in.Name
	}
	var out []node
	switch in.Kind {
	case card.TextInput, card.MultilineInput, card.NumberInput, card.MoneyInput:
		r.textInput(n, in)
		n["label"], n["label_position"] = plain(label), "top"
	default:
		if in.Required {
			label += " *"
		}
		out = append(out, div(label, "", ""))
		if (in.Kind == card.SelectInput || in.Kind == card.MultiSelect) && len(in.Options) == 0 {
			// A select without options is refused; text keeps the form usable.
			r.lose("input", "text, there are no options")
			r.textInput(n, in)
		} else {
			r.picker(n, in)
		}
	}
	out = append(out, n)
	if !blank(in.Help) {
		out = append(out, div(r.clip(in.Help), "notation", "grey"))
	}
	return out
}

func (r *renderer) textInput(n node, in card.Input) {
	n["tag"] = "input"
	longest := in.MaxLen
	if longest < 1 {
		longest = MaxInput
	}
	if longest > MaxInput {
		r.lose("input", fmt.Sprintf("at most %d characters", MaxInput))
		longest = MaxInput
	}
	n["max_length"] = longest
	if in.Default != "" {
		value := clean(in.Default)
		if utf8.RuneCountInString(value) > longest {
			value = string([]rune(value)[:longest])
			r.lose("input", "default value cut")
		}
		n["default_value"] = value
	}
	n["input_type"] = "text"
	if in.Kind == card.MultilineInput {
		n["input_type"], n["rows"], n["auto_resize"], n["max_rows"] = "multiline_text", 3, true, 8
	}
}

func (r *renderer) picker(n node, in card.Input) {
	switch in.Kind {
	case card.DateInput:
		n["tag"] = "date_picker"
		if datePattern.MatchString(in.Default) {
			n["initial_date"] = in.Default
		}
	case card.TimeInput:
		n["tag"] = "picker_time"
		if timePattern.MatchString(in.Default) {
			n["initial_time"] = in.Default
		}
	case card.MultiSelect:
		n["tag"], n["options"] = "multi_select_static", r.choices(in)
		if selected := defaults(in); len(selected) > 0 {
			n["selected_values"] = selected
		}
	case card.PersonInput, card.SelectInput:
		if len(in.Options) == 0 {
			n["tag"], n["options"] = "select_person", []node{}
			return
		}
		n["tag"], n["options"] = "select_static", r.choices(in)
		if hasOption(in, in.Default) {
			n["initial_option"] = in.Default
		}
	default:
		r.fail(fmt.Errorf("input %q: unknown kind %q", in.Name, in.Kind))
	}
}

func (r *renderer) choices(in card.Input) []node {
	out := []node{}
	for _, o := range in.Options {
		label := o.Label
		if blank(label) {
			label = o.Value
		}
		out = append(out, node{"text": plain(r.label(label)), "value": o.Value})
	}
	return out
}

// defaults are the initial values of a multi-select that are options.
func defaults(in card.Input) []string {
	var out []string
	for _, v := range strings.Split(in.Default, ",") {
		if v = strings.TrimSpace(v); hasOption(in, v) && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func hasOption(in card.Input, value string) bool {
	return slices.ContainsFunc(in.Options, func(o card.Option) bool { return o.Value == value })
}
