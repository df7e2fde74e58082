package pinyin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// Name is a company's name, prepared for being compared with many words. The
// zero value matches nothing.
type Name struct {
	key, whole string
}

// NewName prepares a name, or a word that is to be compared with names.
func NewName(s string) Name { return Name{crm.CompanyKey(s), letters(s)} }

// Score is NewName(query).Score(NewName(name)), for a single comparison.
func Score(query, name string) float64 { return NewName(query).Score(NewName(name)) }

// Score tells how well what somebody typed names a company, 0 to 1: 1 for the
// same name under DU-01's normal form, 0.95 for its begin, 0.9 for a part of it,
// 0.85 for its whole pinyin or initials and for characters left out (江南机械 for
// 江南精密机械厂), 0.8 for the begin of its pinyin, and less for names that are
// only alike. A place in front that the name does not have costs a tenth. Below
// 0.5 it is 0: no match.
func (q Name) Score(name Name) float64 {
	if q.key == "" || name.key == "" {
		return 0
	}
	score := scoreName(q.key, name.key, name.whole)
	if score == 0 && sharesRune(q.key, name.key) {
		if s := crm.KeySimilarity(q.key, name.key); s >= 0.5 {
			score = 0.5 + 0.3*s
		}
	}
	if score > 0 && score < 1 && q.whole != q.key && strings.HasSuffix(q.whole, q.key) && !leavesOut(q.whole, name.whole) {
		score *= 0.9 // 深圳海川 for 海川物流
	}
	return score
}

// sharesRune is a cheap test before names are compared in pairs.
func sharesRune(a, b string) bool {
	return strings.ContainsFunc(a, func(r rune) bool { return strings.ContainsRune(b, r) })
}

func scoreName(q, key, whole string) float64 {
	runes := utf8.RuneCountInString(q)
	switch {
	case q == key:
		return 1
	case runes < 2:
		return 0
	case strings.HasPrefix(key, q), strings.HasPrefix(whole, q):
		return 0.95
	case strings.Contains(key, q), strings.Contains(whole, q):
		return 0.9
	case IsQuery(q):
		return scoreKeys(q, key)
	case runes >= 3 && leavesOut(q, key):
		return 0.85
	}
	return 0
}

// leavesOut tells whether the characters of q stand in the name in this order,
// from its first one on.
func leavesOut(q, name string) bool {
	first, _ := utf8.DecodeRuneInString(q)
	if start, _ := utf8.DecodeRuneInString(name); start != first {
		return false
	}
	for _, r := range q {
		i := strings.IndexRune(name, r)
		if i < 0 {
			return false
		}
		name = name[i+utf8.RuneLen(r):]
	}
	return true
}

// letters is the name in lower case without anything but letters and digits.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, strings.ToLower(crm.Normalize(s)))
}

func scoreKeys(q, name string) float64 {
	best := 0.0
	for _, k := range Keys(name) {
		switch {
		case k == q:
			return 0.85
		case strings.HasPrefix(k, q):
			best = 0.8
		}
	}
	return best
}
