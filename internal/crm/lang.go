package crm

import (
	"slices"
	"strings"
	"unicode"
)

// Lang is the language a person is answered in. The zero value is Chinese.
type Lang string

// The languages that every card and message exists in.
const (
	Chinese Lang = ""
	English Lang = "en"
)

// T picks the text in the language.
func (l Lang) T(zh, en string) string {
	if l == English {
		return en
	}
	return zh
}

// Text is a text in both languages.
type Text struct{ Zh, En string }

// In picks the text in the language.
func (t Text) In(l Lang) string { return l.T(t.Zh, t.En) }

// Own keeps the lines that are written in the language: those with Chinese
// characters for a reader of Chinese, those without for a reader of English.
// If there are none, all of them.
func (l Lang) Own(lines []string) []string {
	foreign := func(s string) bool {
		han := strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		return han == (l == English)
	}
	own := slices.DeleteFunc(slices.Clone(lines), foreign)
	if len(own) == 0 {
		return lines
	}
	return own
}
