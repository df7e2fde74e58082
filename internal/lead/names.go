package lead

import (
	"slices"
	"strings"
	"unicode"

	"crmbot/internal/crm"
	"crmbot/internal/pinyin"
)

const (
	maxTermRunes = 24 // longest search term
	maxPinyin    = 4  // readings kept of each sort
)

// SearchTerms are the terms under which a record is found by the beginning of
// what people type: the name from each of its characters on (so that any part
// of it is found by an index), its pinyin initials and full pinyin, and the
// contact's name.
func SearchTerms(company, contact string) []string {
	var out []string
	add := func(terms ...string) {
		for _, t := range terms {
			if t = strings.TrimSpace(cut(t, maxTermRunes)); t != "" && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	key := crm.CompanyKey(company)
	folded := []rune(Fold(company))
	end := meaningful(string(folded))
	for i := range folded {
		if i >= end || i > 0 && latinInside(folded[i-1], folded[i]) {
			continue
		}
		add(string(folded[i:]))
	}
	add(key)
	whole := pinyin.Initials(string(folded))
	add(whole[:min(len(whole), maxPinyin)]...)
	initials := pinyin.Initials(key)
	add(initials[:min(len(initials), maxPinyin)]...)
	if full := pinyin.Keys(key)[len(initials):]; len(full) > 0 {
		add(full[:min(len(full), maxPinyin)]...)
	}
	if c := Fold(contact); c != "" {
		add(c)
		short := pinyin.Initials(c)
		add(short[:min(len(short), 2)]...)
	}
	return out
}

// Term is what people typed in the form of the beginning of a term; empty when
// it has no letter and no digit.
func Term(text string) string { return cut(Fold(text), maxTermRunes) }

// Fold brings a name or a search into the form that terms are compared in:
// lower case, letters and digits, single spaces between Latin words.
func Fold(s string) string {
	var b strings.Builder
	space := false
	for _, r := range strings.ToLower(crm.Normalize(s)) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			space = true
			continue
		}
		if space && b.Len() > 0 && r < 0x2e80 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// meaningful is the number of runes before the legal form at the end, inside
// which no search begins.
func meaningful(s string) int {
	for _, form := range []string{"股份有限公司", "有限责任公司", "有限公司", "公司"} {
		if rest, ok := strings.CutSuffix(s, form); ok && rest != "" {
			return len([]rune(rest))
		}
	}
	return len([]rune(s))
}

// latinInside reports whether a Latin word goes on from a to b: searches begin
// at words there, not at letters.
func latinInside(a, b rune) bool {
	word := func(r rune) bool { return r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	return b == ' ' || word(a) && word(b)
}
