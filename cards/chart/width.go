package chart

import (
	"math"
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

// nameSize is the font size of a name that takes two lines.
const nameSize = 11.0

// nameColumn is the width of a column of names, at most a share of the chart.
func nameColumn(names []string, most float64) float64 {
	return math.Min(widestLabel(names)*fontSize, width*most)
}

// nameHeight is the height of a row whose names stand in a column of the
// given width: more if one of them needs two lines.
func nameHeight(names []string, column float64) float64 {
	if widestLabel(names)*fontSize > column+0.01 {
		return 32
	}
	return 0
}

// name writes a name on one line or two, around y; what does not fit on two is
// cut.
func (d *drawing) name(x, y, column float64, text string) {
	text = strings.Join(strings.Fields(text), " ")
	if textWidth(text)*fontSize <= column+0.01 {
		d.write(label{x: x, y: y + 4, text: text})
		return
	}
	first, rest := wrap(text, nameSize, column)
	if rest == "" {
		d.write(label{x: x, y: y + 4, text: first, size: nameSize})
		return
	}
	d.write(label{x: x, y: y - 3, text: first, size: nameSize, tip: text})
	d.write(label{x: x, y: y + 11, text: fit(rest, nameSize, column), size: nameSize, tip: text})
}

// wrap splits text into what fits the width and the rest, at a space if one is
// near the end of the line.
func wrap(s string, size, width float64) (line, rest string) {
	r := []rune(s)
	n := len(r)
	for n > 1 && textWidth(string(r[:n]))*size > width {
		n--
	}
	if n == len(r) {
		return s, ""
	}
	for i := n; i > n/2; i-- {
		if r[i] == ' ' {
			n = i
			break
		}
	}
	return strings.TrimSpace(string(r[:n])), strings.TrimSpace(string(r[n:]))
}
