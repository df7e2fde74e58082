package textcard

import (
	"strconv"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

func (w *writer) form(f card.Form) {
	w.line(w.lang.T("表单：", "Form:"))
	w.inside(func() {
		for _, in := range f.Inputs {
			w.line("- " + w.input(in))
		}
		w.line(w.button(f.Submit))
		for _, b := range f.Extra {
			w.line(w.button(b))
		}
		if f.Example != "" {
			w.line(w.lang.T("例：", "Example: ") + one(f.Example))
		}
	})
}

// Input is one field of a form on one line of text, as in Render.
func Input(lang crm.Lang, in card.Input) string { return (&writer{lang: lang}).input(in) }

// input is one field of a form on one line: label, whether it must be filled
// in, what it takes, its default, its options and its hint.
func (w *writer) input(in card.Input) string {
	head := one(in.Label)
	if in.Required {
		head += w.lang.T("（必填）", " (required)")
	}
	parts := []string{w.kind(in)}
	if in.Default != "" {
		parts = append(parts, w.lang.T("默认 ", "default ")+one(DefaultLabel(in)))
	}
	if len(in.Options) > 0 {
		labels := make([]string, len(in.Options))
		for i, o := range in.Options {
			labels[i] = one(o.Label)
			if labels[i] == "" {
				labels[i] = one(o.Value)
			}
		}
		parts = append(parts, w.lang.T("可选 ", "options ")+strings.Join(labels, " / "))
	}
	if in.MaxLen > 0 {
		n := strconv.Itoa(in.MaxLen)
		parts = append(parts, w.lang.T("最多 "+n+" 字", "at most "+n+" characters"))
	}
	for _, s := range []string{in.Placeholder, in.Help} {
		if s != "" {
			parts = append(parts, one(s))
		}
	}
	return head + ": " + strings.Join(parts, w.lang.T("；", "; "))
}

func (w *writer) kind(in card.Input) string {
	switch in.Kind {
	case card.MultilineInput:
		return w.lang.T("多行文字", "text, several lines")
	case card.NumberInput:
		return w.lang.T("数字", "number")
	case card.MoneyInput:
		return w.lang.T("金额", "amount")
	case card.SelectInput:
		return w.lang.T("单选", "one of")
	case card.MultiSelect:
		return w.lang.T("多选", "any of")
	case card.DateInput:
		return w.lang.T("日期", "date")
	case card.TimeInput:
		return w.lang.T("时间", "time")
	case card.PersonInput:
		return w.lang.T("人员", "person")
	}
	return w.lang.T("文字", "text")
}

// DefaultLabel is an input's default as people read it: the labels of the
// chosen options, or the text itself.
func DefaultLabel(in card.Input) string {
	labels := map[string]string{}
	for _, o := range in.Options {
		labels[o.Value] = o.Label
	}
	values := []string{in.Default}
	if in.Kind == card.MultiSelect {
		values = strings.Split(in.Default, ",")
	}
	for i, v := range values {
		if l := labels[strings.TrimSpace(v)]; l != "" {
			values[i] = l
		}
	}
	return strings.Join(values, ", ")
}
