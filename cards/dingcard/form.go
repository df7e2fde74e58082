package dingcard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmbot/cards/card"
	"crmbot/cards/formline"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
)

// formField is a field of DingTalk's form component.
type formField struct {
	Name        string       `json:"name"`
	Label       string       `json:"label"`
	Type        string       `json:"type"`
	Hidden      bool         `json:"hidden,omitempty"`
	Required    bool         `json:"required,omitempty"`
	RequiredMsg string       `json:"requiredMsg,omitempty"`
	Placeholder string       `json:"placeholder,omitempty"`
	Format      string       `json:"format,omitempty"`
	Default     any          `json:"defaultValue,omitempty"`
	Options     []formOption `json:"options,omitempty"`
}

type formOption struct {
	Value string `json:"value"`
	Text  string `json:"text"`
}

// Names of the fields that are added to every form. An input's name begins
// with a letter, so they cannot clash.
const (
	wiresField  = "_wires"  // hidden: the actions of the submit buttons, as JSON
	buttonField = "_button" // which of several submit buttons was meant
)

// formBlock shows a form: on the form template if there is one, else as the
// command that does the same, with buttons where nothing has to be typed.
func (r *renderer) formBlock(f card.Form) {
	if r.level == LevelTemplate && r.opts.FormTemplate != "" && r.form == nil && sendable(f) && len(r.formJSON(f)) <= ParamLimit {
		r.form = &f
		for _, b := range append([]card.Button{f.Submit}, f.Extra...) {
			if b.Disabled != "" {
				r.button(b)
			}
		}
		if len(f.Extra) > 0 {
			r.lost("form", "the button is chosen in a field")
		}
		for _, in := range f.Inputs {
			if in.Kind == card.PersonInput && len(in.Options) == 0 {
				r.lost("person input", "text input for the name")
			}
		}
		return
	}
	r.lost("form", "text command")
	r.formText(f)
}

// sendable tells whether one of the form's buttons works.
func sendable(f card.Form) bool {
	for _, b := range append([]card.Button{f.Submit}, f.Extra...) {
		if b.Action != nil && b.Disabled == "" {
			return true
		}
	}
	return false
}

// formText explains the form's fields and the lines that do the same: the one
// that fills it in, and the form's own command. Where no input has to be filled
// in, the submit buttons are shown as well and send the defaults.
func (r *renderer) formText(f card.Form) {
	head := ""
	if r.opts.Line != nil && sendable(f) {
		head = r.opts.Line(f)
	}
	example := r.lang.T("回复一行即可，例如", "Reply with one line, such as")
	var ls []string
	if head != "" {
		ls = append(ls, r.colon(bold(r.lang.T("回复一行填写", "Fill in by one line")), escapeLine(formline.Show(r.lang, head, f, f.Submit))))
		example = r.lang.T("或者", "Or")
	}
	if f.Example != "" {
		ls = append(ls, r.colon(bold(example), escapeLine(f.Example)))
	}
	r.keep(strings.Join(ls, "  \n"))
	inputs := make([]string, len(f.Inputs))
	for i, in := range f.Inputs {
		inputs[i] = "- " + escapeFirst(textcard.Input(r.lang, short(r.lang, in, f.Inputs[:i])))
	}
	r.add(strings.Join(inputs, "\n"))
	if head != "" {
		r.add(r.note(r.lang.T("按“项目=内容”写，可写多项；没写的保留默认值。", "Write label=value, as many as you like; the rest keeps its default.")))
	}
	values, free := defaults(f)
	for _, b := range append([]card.Button{f.Submit}, f.Extra...) {
		command := b.Command
		if head != "" {
			command = formline.Show(r.lang, head, f, b)
		}
		switch {
		case b.Disabled != "" || free && b.Action != nil:
			if b.Action != nil {
				b.Action = submit{b.Action, r.json(values)}
			}
			if head != "" {
				b.Command = formline.Press(head, f, b) // the form's own may have words to replace
			}
			r.button(b)
		case head != "" && b.Label == f.Submit.Label && b.Confirm == nil:
			// The line above is this button.
		case command != "":
			ask := ""
			if b.Confirm != nil {
				ask = r.paren(escapeLine(b.Confirm.Title + " " + b.Confirm.Text))
			}
			r.keep(r.colon(escapeFirst(b.Label), r.lang.T("回复 ", "reply ")+escapeLine(command)) + ask)
		default:
			r.button(b)
		}
	}
}

// shownOptions is how many options of an input are listed in text; up to
// fewOptions are listed though an input above has the same.
const (
	shownOptions = 8
	fewOptions   = 4
)

// short is an input with no more options than a person reads: the first ones,
// or none that an input above lists already.
func short(l crm.Lang, in card.Input, above []card.Input) card.Input {
	n := len(in.Options)
	if n > fewOptions && len(above) > 0 && listed(in, above) {
		in.Options = []card.Option{{Label: l.T("同上", "as above")}}
	} else if n > shownOptions+2 {
		in.Options = append(in.Options[:shownOptions:shownOptions], card.Option{Label: fmt.Sprintf(l.T("…共 %d 项", "… %d in all"), n)})
	}
	return in
}

// listed reports whether the options that would be listed, but for the input's
// own default, are those of the input above.
func listed(in card.Input, above []card.Input) bool {
	last := above[len(above)-1]
	for _, o := range in.Options[:min(len(in.Options), shownOptions)] {
		if o.Value != in.Default && o.Value != last.Default && !slices.Contains(last.Options, o) {
			return false
		}
	}
	return len(last.Options) > fewOptions
}

// defaults are the form's initial values, those of a selection of several as a
// list, and whether they are enough to send it.
func defaults(f card.Form) (values map[string]any, enough bool) {
	values, enough = map[string]any{}, true
	for _, in := range f.Inputs {
		if in.Default != "" && in.Kind == card.MultiSelect {
			values[in.Name] = strings.Split(in.Default, ",")
		} else if in.Default != "" {
			values[in.Name] = in.Default
		} else if in.Required {
			enough = false
		}
	}
	return values, enough
}

// formJSON is the form variable of the form template.
func (r *renderer) formJSON(f card.Form) string {
	fields := make([]formField, 0, len(f.Inputs)+2)
	for _, in := range f.Inputs {
		fields = append(fields, r.field(in))
	}
	var wires []card.Wire
	var choices []formOption
	for _, b := range append([]card.Button{f.Submit}, f.Extra...) {
		if b.Disabled != "" || b.Action == nil {
			continue
		}
		w, err := wireOf(b)
		if err != nil {
			r.fail(err)
			continue
		}
		label := textcard.OneLine(b.Label)
		if b.Confirm != nil {
			label += r.paren(textcard.OneLine(b.Confirm.Title + " " + b.Confirm.Text))
		}
		choices = append(choices, formOption{Value: strconv.Itoa(len(wires)), Text: label})
		wires = append(wires, w)
	}
	if len(wires) > 1 {
		fields = append(fields, formField{Name: buttonField, Label: r.lang.T("操作", "Action"), Type: "SELECT", Required: true,
			RequiredMsg: r.lang.T("请选择操作", "Choose an action"), Options: choices, Default: chosen(choices, "0")})
	}
	fields = append(fields, formField{Name: wiresField, Label: wiresField, Type: "TEXT", Hidden: true, Default: r.json(wires)})
	return r.json(map[string]any{"fields": fields})
}

func (r *renderer) field(in card.Input) formField {
	label := textcard.OneLine(in.Label)
	f := formField{Name: in.Name, Label: label, Type: "TEXT", Required: in.Required, Placeholder: textcard.OneLine(in.Placeholder)}
	if in.Required {
		f.RequiredMsg = fmt.Sprintf(r.lang.T("请填写%s", "%s is required"), label)
	}
	if help := textcard.OneLine(in.Help); help != "" {
		if f.Placeholder == "" {
			f.Placeholder = help
		} else {
			f.Label += r.paren(help)
		}
	}
	if in.Default != "" {
		f.Default = textcard.Clean(in.Default)
	}
	switch in.Kind {
	case card.MultilineInput:
		f.Type = "TEXT_AREA"
	case card.NumberInput:
		f.Type = "NUMBER"
	case card.DateInput:
		f.Type, f.Format = "DATE", "yyyy-MM-dd"
	case card.TimeInput:
		f.Type, f.Format = "TIME", "HH:mm"
	case card.SelectInput, card.PersonInput:
		if len(in.Options) == 0 {
			break
		}
		f.Type, f.Options = "SELECT", options(in)
		f.Default = chosen(f.Options, in.Default)
	case card.MultiSelect:
		f.Type, f.Options = "MULTI_SELECT", options(in)
		f.Default = chosenAll(f.Options, in.Default)
	}
	return f
}

func options(in card.Input) []formOption {
	out := make([]formOption, len(in.Options))
	for i, o := range in.Options {
		out[i] = formOption{Value: o.Value, Text: textcard.OneLine(o.Label)}
		if out[i].Text == "" {
			out[i].Text = o.Value
		}
	}
	return out
}

// chosen is the default of a SELECT; nil if the value is no option.
func chosen(os []formOption, value string) any {
	for i, o := range os {
		if o.Value == value {
			return map[string]any{"index": i, "value": value}
		}
	}
	return nil
}

// chosenAll is the default of a MULTI_SELECT for values separated by commas.
func chosenAll(os []formOption, values string) any {
	var index []int
	var value []string
	for _, v := range strings.Split(values, ",") {
		for i, o := range os {
			if o.Value == strings.TrimSpace(v) {
				index, value = append(index, i), append(value, o.Value)
			}
		}
	}
	if index == nil {
		return nil
	}
	return map[string]any{"index": index, "value": value}
}
