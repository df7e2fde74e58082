package rule

import (
	"context"
	"slices"
	"strings"

	"crmbot/internal/crm"
)

// Option is one value of a choice, with the words for it.
type Option struct {
	Value string
	Name  crm.Text
}

// Choice is a setting that is one of several words.
type Choice struct {
	Key     string
	Title   crm.Text
	Default string
	Options []Option
}

// Parse reads a value or its word in either language.
func (k Choice) Parse(s string) (string, bool) {
	s = strings.TrimSpace(s)
	i := slices.IndexFunc(k.Options, func(o Option) bool {
		return strings.EqualFold(s, o.Value) || s == o.Name.Zh || strings.EqualFold(s, o.Name.En)
	})
	if i < 0 {
		return "", false
	}
	return k.Options[i].Value, true
}

// Def is the definition for the book.
func (k Choice) Def() Def {
	return Def{Key: k.Key, Title: k.Title, Default: k.Default, Form: Form{Kind: ChoiceForm, Options: k.Options}, Check: func(s string) error {
		if _, ok := k.Parse(s); ok {
			return nil
		}
		zh, en := make([]string, len(k.Options)), make([]string, len(k.Options))
		for i, o := range k.Options {
			zh[i], en[i] = o.Value+"（"+o.Name.Zh+"）", o.Value
		}
		return crm.Invalid(k.Key+" 可选："+strings.Join(zh, "、"), k.Key+" is one of: "+strings.Join(en, ", "))
	}}
}

// With is the value in force and its version (zero: the default).
func (k Choice) With(ctx context.Context, b *Book, scopes ...Scope) (string, int64) {
	v, id := b.Value(ctx, k.Key, scopes...)
	if v, ok := k.Parse(v); ok {
		return v, id
	}
	return k.Default, 0
}
