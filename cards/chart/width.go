package chart

import (
	"strings"
	"unicode"
)

// textWidth estimates how wide text is at a font size of one. It errs on the
// wide side, so that labels are cut rather than laid over each other.
func textWidth(s string) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r), r == 0x200D, r >= 0xFE00 && r <= 0xFE0F:
		case r < 0x2E80:
			w += asciiWidth(r)
		case r > 0xFFFF:
			w += 1.3
		default:
			w++
		}
	}
	return w
}

func asciiWidth(r rune) float64 {
	switch {
	case strings.ContainsRune("il.,:;'|!()[] I", r):
		return 0.36
	case strings.ContainsRune("mwMW%@—…", r):
		return 0.95
	case unicode.IsUpper(r):
		return 0.72
	}
	return 0.58
}

// fit cuts text to a width, in the unit of size, ending it with "…" if
// something was left out.
func fit(s string, size, width float64) string {
	s = strings.Join(strings.Fields(s), " ")
	if textWidth(s)*size <= width {
		return s
	}
	r := []rune(s)
	for n := len(r) - 1; n > 0; n-- {
		cut := strings.TrimRight(string(r[:n]), " ") + "…"
		if textWidth(cut)*size <= width {
			return cut
		}
	}
	return "…"
}
