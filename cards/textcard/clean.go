package textcard

import (
	"strings"
	"unicode"
)

// Clean is text without what would let it disturb the text around it: control
// characters other than newline, and the marks that turn the writing
// direction. Tabs become spaces; \r\n and \r become newlines; broken UTF-8
// becomes the replacement character.
func Clean(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ", "\u2028", "\n", "\u2029", "\n").Replace(s)
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsControl(r), directional(r):
			return -1
		}
		return r
	}, s)
}

// one is clean text on a single line.
func one(s string) string { return OneLine(s) }

// OneLine is Clean text with every run of white space, newlines included,
// turned into one space.
func OneLine(s string) string { return strings.Join(strings.Fields(Clean(s)), " ") }

func directional(r rune) bool {
	return r == 0x200E || r == 0x200F || r == 0x061C || (r >= 0x202A && r <= 0x202E) || (r >= 0x2066 && r <= 0x2069)
}
