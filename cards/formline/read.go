package formline

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// Read reads a line for a form: which button is meant and what the form sends.
// now is the person's own time, for days without a year. An error says what is
// wrong and what the line could be.
func Read(f card.Form, line string, now time.Time) (card.Button, map[string][]string, error) {
	line = crm.Normalize(line)
	marks := find(f.Inputs, line)
	lead := line
	if len(marks) > 0 {
		lead = line[:marks[0].from]
	}
	button, bare, ok := pick(f, strings.TrimSpace(lead))
	if !ok {
		return button, nil, crm.Invalid("请在编号后写明："+buttons(f, "、"), "please name one of these behind the number: "+buttons(f, ", "))
	}
	if button.Disabled != "" || button.Action == nil {
		why := button.Disabled
		return button, nil, crm.Invalid(fmt.Sprintf("“%s”现在不可用：%s", button.Label, why), fmt.Sprintf("“%s” is not available: %s", button.Label, why))
	}
	given := map[string]string{}
	if bare != "" {
		in, ok := only(f.Inputs)
		if !ok {
			return button, nil, crm.Invalid("看不懂“"+clip(bare)+"”", "cannot read “"+clip(bare)+"”").WithNext("请写 项目=内容；可填："+list(f.Inputs, f.Inputs, "、"), "write label=value; there are: "+list(f.Inputs, f.Inputs, ", "))
		}
		given[in.Name] = bare
	}
	for i, m := range marks {
		end := len(line)
		if i+1 < len(marks) {
			end = marks[i+1].from
		}
		v := strings.TrimSpace(line[m.value:end])
		if i+1 < len(marks) {
			v = strings.TrimRightFunc(v, separator)
		}
		given[m.input] = v
	}
	values, err := fill(f, given, now)
	return button, values, err
}

// mark is an input's name in a line: where it begins and where its value does.
type mark struct {
	input       string
	from, value int
}

func separator(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",，;；、", r) }

// find are the inputs' names in a line, each followed by "=" or ":". An input
// that is named twice counts once: the second is part of a value.
func find(ins []card.Input, line string) []mark {
	var out []mark
	named := map[string]bool{}
	fresh := true // at the line's begin, or behind a separator
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRuneInString(line[i:])
		if fresh {
			if m, ok := at(ins, line, i); ok && !named[m.input] {
				named[m.input] = true
				out = append(out, m)
				i, fresh = m.value, true
				continue
			}
		}
		fresh = separator(r)
		i += size
	}
	return out
}

// at is the input whose name stands at a place of the line; of several the one
// with the longest name.
func at(ins []card.Input, line string, i int) (mark, bool) {
	best, long := mark{}, 0
	for _, in := range ins {
		for _, n := range []string{label(in), name(ins, in)} {
			end := i + len(n)
			if len(n) <= long || end > len(line) || !strings.EqualFold(line[i:end], n) {
				continue
			}
			rest := strings.TrimLeft(line[end:], " ")
			if rest == "" || rest[0] != '=' && rest[0] != ':' {
				continue
			}
			best, long = mark{in.Name, i, len(line) - len(rest) + 1}, len(n)
		}
	}
	return best, long > 0
}

// pick is the button that a line begins with, and what follows it; ok is false
// if there are several and none is named.
func pick(f card.Form, lead string) (b card.Button, rest string, ok bool) {
	long := 0
	for _, x := range append([]card.Button{f.Submit}, f.Extra...) {
		label := crm.Normalize(x.Label)
		if len(label) <= long || len(lead) < len(label) || !strings.EqualFold(lead[:len(label)], label) {
			continue
		}
		after := lead[len(label):]
		if r, _ := utf8.DecodeRuneInString(after); after != "" && !separator(r) {
			continue
		}
		b, rest, long = x, strings.TrimLeftFunc(after, separator), len(label)
	}
	if long == 0 {
		return f.Submit, lead, len(f.Extra) == 0
	}
	return b, rest, true
}

func buttons(f card.Form, sep string) string {
	labels := []string{f.Submit.Label}
	for _, b := range f.Extra {
		labels = append(labels, b.Label)
	}
	return strings.Join(labels, sep)
}

// only is the input that text without a name means: the one that there is, or
// the one that has to be filled in.
func only(ins []card.Input) (card.Input, bool) {
	if len(ins) == 1 {
		return ins[0], true
	}
	if m := missing(ins); len(m) == 1 {
		return m[0], true
	}
	return card.Input{}, false
}

// fill are the values that the form sends with what was given.
func fill(f card.Form, given map[string]string, now time.Time) (map[string][]string, error) {
	out := map[string][]string{}
	var lacks []card.Input
	for _, in := range f.Inputs {
		text, ok := given[in.Name]
		if !ok || text == Blank {
			text = in.Default
			ok = false
		}
		if text == "" {
			// What a text has to say is a rule of the product, which names the
			// numbers; a choice that was not made needs no rule.
			if in.Required && len(in.Options) > 0 {
				lacks = append(lacks, in)
			}
			continue
		}
		vs := []string{text}
		if !ok && in.Kind == card.MultiSelect {
			vs = strings.Split(text, ",")
		}
		if ok {
			var err error
			if vs, err = valuesOf(f.Inputs, in, text, now); err != nil {
				return nil, err
			}
		}
		out[in.Name] = vs
	}
	if len(lacks) > 0 {
		return nil, crm.Invalid("还没有填："+list(f.Inputs, lacks, "、"), "still missing: "+list(f.Inputs, lacks, ", ")).WithNext("请写 项目=内容", "write label=value")
	}
	return out, nil
}

// valuesOf is what an input sends for a text.
func valuesOf(ins []card.Input, in card.Input, text string, now time.Time) ([]string, error) {
	switch {
	case len(in.Options) > 0 && in.Kind == card.MultiSelect:
		return chooseAll(ins, in, text)
	case len(in.Options) > 0:
		o, ok := choose(in, text)
		if !ok {
			return nil, noOption(ins, in, text)
		}
		return []string{o.Value}, nil
	case in.Kind == card.DateInput:
		d, ok := day(text, now)
		if !ok {
			return nil, crm.Invalid("“"+name(ins, in)+"”不是日期："+clip(text), "“"+name(ins, in)+"” is no date: "+clip(text)).WithNext("例如 2026-03-06、3月6日 或 明天", "for example 2026-03-06, 3/6 or tomorrow")
		}
		return []string{d}, nil
	case in.Kind == card.TimeInput:
		t, ok := clock(text)
		if !ok {
			return nil, crm.Invalid("“"+name(ins, in)+"”不是时间："+clip(text), "“"+name(ins, in)+"” is no time: "+clip(text)).WithNext("例如 09:30", "for example 09:30")
		}
		return []string{t}, nil
	}
	if limit := in.MaxLen; limit > 0 && utf8.RuneCountInString(text) > limit {
		return nil, crm.Invalid(fmt.Sprintf("“%s”最多 %d 个字，收到 %d 个", name(ins, in), limit, utf8.RuneCountInString(text)), fmt.Sprintf("“%s” takes at most %d characters, got %d", name(ins, in), limit, utf8.RuneCountInString(text)))
	}
	return []string{text}, nil
}

// choose is the option that a text names: by its label or value, or by the
// beginning of one label alone.
func choose(in card.Input, text string) (card.Option, bool) {
	var begin []card.Option
	for _, o := range in.Options {
		label := optionName(o)
		if strings.EqualFold(text, label) || strings.EqualFold(text, o.Value) {
			return o, true
		}
		if len(text) < len(label) && strings.EqualFold(label[:len(text)], text) {
			begin = append(begin, o)
		}
	}
	if len(begin) == 1 {
		return begin[0], true
	}
	return card.Option{}, false
}

// chooseAll are several options, one after the other.
func chooseAll(ins []card.Input, in card.Input, text string) ([]string, error) {
	if o, ok := choose(in, text); ok {
		return []string{o.Value}, nil
	}
	var out []string
	for _, part := range split(in, text) {
		o, ok := choose(in, part)
		if !ok {
			return nil, noOption(ins, in, part)
		}
		if !slices.Contains(out, o.Value) {
			out = append(out, o.Value)
		}
	}
	return out, nil
}

// split takes a list apart: at commas, and at spaces too where that names only
// options.
func split(in card.Input, text string) []string {
	parts := strings.FieldsFunc(text, func(r rune) bool { return separator(r) && !unicode.IsSpace(r) })
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	words := strings.FieldsFunc(text, separator)
	if !slices.ContainsFunc(words, func(w string) bool { _, ok := choose(in, w); return !ok }) {
		return words
	}
	return parts
}

func noOption(ins []card.Input, in card.Input, text string) error {
	const shown = 30
	var labels []string
	for i, o := range in.Options {
		if i == shown {
			labels = append(labels, Blank)
			break
		}
		labels = append(labels, optionName(o))
	}
	return crm.Invalid(fmt.Sprintf("“%s”没有选项“%s”", name(ins, in), clip(text)), fmt.Sprintf("“%s” has no option “%s”", name(ins, in), clip(text))).
		WithNext("可选："+strings.Join(labels, "、"), "there are: "+strings.Join(labels, ", "))
}

func list(ins, some []card.Input, sep string) string {
	out := make([]string, len(some))
	for i, in := range some {
		out[i] = name(ins, in)
	}
	return strings.Join(out, sep)
}

func clip(s string) string {
	r := []rune(s)
	if len(r) <= 20 {
		return s
	}
	return string(r[:20]) + Blank
}
