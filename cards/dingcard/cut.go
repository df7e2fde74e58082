package dingcard

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// markup is everything that this package itself writes as markup inside a line.
var markup = regexp.MustCompile(`\*\*|</?font[^>]*>|!?\[([^\]]*)\]\([^)]*\)`)

// cutLines joins paragraphs as far as whole lines fit into limit bytes, and
// says how many lines are not shown whole. A line is never cut inside its
// markup: a long line that does not fit loses its markup and its end. Place for
// the kept paragraphs is set aside: they are shown whole.
func cutLines(parts []string, kept []int, limit int) (markdown string, rest int) {
	var b strings.Builder
	aside := 0
	for _, i := range kept {
		aside += len(parts[i]) + len("\n\n")
	}
	for n, p := range parts {
		keep := slices.Contains(kept, n)
		if keep {
			aside -= len(p) + len("\n\n")
		}
		for i, l := range strings.Split(p, "\n") {
			sep := "\n"
			if i == 0 {
				sep = "\n\n"
			}
			if b.Len() == 0 {
				sep = ""
			}
			room := limit - aside - b.Len() - len(sep)
			if !keep && rest > 0 || len(l) > room {
				if rest == 0 && len(l) > limit/2 && room > limit/4 {
					b.WriteString(sep + cutBytes(markup.ReplaceAllString(l, "$1"), room))
				}
				rest++
				continue
			}
			b.WriteString(sep + l)
		}
	}
	return b.String(), rest
}

// cutBytes shortens text to at most limit bytes without cutting a character,
// the last one being "…".
func cutBytes(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := limit - len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
