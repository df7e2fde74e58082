package crm

import (
	"strings"
	"unicode"
)

// Normalize brings typed or imported text into the one form that every parser
// expects. It is done once, where text enters the program:
//
//   - full-width ASCII becomes half-width ("／" "：" "Ａ" "１"), except the comma
//     "，", which is Chinese punctuation inside notes; "￥" becomes "¥";
//   - every kind of space, including the ideographic one and tabs, becomes a
//     plain space; line ends become "\n";
//   - zero-width, direction-changing and control characters are removed (the
//     joiner inside an emoji stays, it is part of what was typed);
//   - bytes that are not UTF-8 become U+FFFD;
//   - spaces and line ends around the text are trimmed.
//
// It is idempotent and never fails.
func Normalize(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	var prev rune
	for _, r := range strings.ReplaceAll(s, "\r\n", "\n") {
		r, keep := normalizeRune(r, prev)
		if !keep {
			continue
		}
		b.WriteRune(r)
		prev = r
	}
	return strings.TrimFunc(b.String(), unicode.IsSpace)
}

const zeroWidthJoiner = '\u200D'

// normalizeRune maps one rune; prev is the one kept before it.
func normalizeRune(r, prev rune) (rune, bool) {
	switch {
	case r == '，':
		return r, true
	case r >= '！' && r <= '～':
		return r - '！' + '!', true
	case r == '￥':
		return '¥', true
	case r == '￠':
		return '¢', true
	case r == '\u2010', r == '\u2011', r == '\u2212':
		return '-', true // hyphens and the minus sign of office programs
	case r == '\n', r == '\r', r == '\u2028', r == '\u2029', r == '\u0085':
		return '\n', true
	case unicode.IsSpace(r):
		return ' ', true
	case r == zeroWidthJoiner:
		return r, unicode.In(prev, unicode.So, unicode.Sk) || prev == '\uFE0F'
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r):
		return 0, false
	}
	return r, true
}

// Quoted is a value as one word of a command: in quotation marks when it has
// spaces or commas.
func Quoted(s string) string {
	if strings.ContainsAny(s, " ,，、") {
		return `"` + strings.ReplaceAll(s, `"`, "") + `"`
	}
	return s
}
