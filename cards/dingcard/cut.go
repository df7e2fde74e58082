package dingcard

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// markup is everything that this package itself writes as markup inside a line.
var markup = regexp.MustCompile(`\*\*|</?font[^>]*>|!?\[([^\]]*)\]\([^)]*\)`)

// cutLines joins paragraphs as far as whole lines fit into limit bytes, and
// says how many lines are not shown whole. A line is never cut inside its
// markup: a long line that does not fit loses its markup and its end.
func cutLines(parts []string, limit int) (markdown string, rest int) {
	var b strings.Builder
	for _, p := range parts {
		for i, l := range strings.Split(p, "\n") {
			sep := "\n"
			if i == 0 {
				sep = "\n\n"
			}
			if b.Len() == 0 {
				sep = ""
			}
			room := limit - b.Len() - len(sep)
			if rest > 0 || len(l) > room {
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
