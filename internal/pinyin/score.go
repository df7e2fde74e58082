package pinyin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// Score tells how well what somebody typed names a company, 0 to 1: 1 for the
// same name under DU-01's normal form, 0.95 for its begin, 0.9 for a part of it,
// 0.85 for its whole pinyin or initials and for characters left out (江南机械 for
// 江南精密机械厂), 0.8 for the begin of its pinyin, and less for names that are
// only alike. A place in front that the name does not have costs a tenth. Below
// 0.5 it is 0: no match.
func Score(query, name string) float64 {
	q, key := crm.CompanyKey(query), crm.CompanyKey(name)
	if q == "" || key == "" {
		return 0
	}
	typed, whole := letters(query), letters(name)
	score := scoreName(q, key, whole)
	if score == 0 {
		if s := crm.NameSimilarity(query, name); s >= 0.5 {
			score = 0.5 + 0.3*s
		}
	}
	if strings.HasSuffix(typed, q) && typed != q && !leavesOut(typed, whole) && score < 1 {
		score *= 0.9 // 深圳海川 for 海川物流
	}
	return score
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
