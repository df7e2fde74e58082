package larkjson

import (
	"regexp"
	"strings"
)

var (
	// allowedHTML are the markdown component's tags that only change how text
	// looks or draw a link. Tags that name people are not among them.
	allowedHTML = words("font br hr link a text_tag number_tag local_datetime raw")
	peopleHTML  = words("at person")

	htmlTag     = regexp.MustCompile(`^</?([A-Za-z_]+)(?:\s[^<>]*)?/?>`)
	htmlLink    = regexp.MustCompile(`(?:href|url|pc_url|ios_url|android_url|link)\s*=\s*['"]?([^'"\s>]+)`)
	mdLink      = regexp.MustCompile(`(!?)\[[^\[\]]*\]\(\s*([^()\s]*)`)
	mdTableRule = regexp.MustCompile(`(?m)^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*$`)
)

// tablesPerMarkdown is how many tables one markdown element may have.
const tablesPerMarkdown = 4

// markdownText wants markdown that mentions nobody, has no foreign HTML and
// links only to web addresses.
var markdownText = str(func(v *validator, at place, s string) {
	n := len(mdTableRule.FindAllString(s, -1))
	v.tables += n
	if n > tablesPerMarkdown {
		v.add(RuleMdTables, at.path, "%d tables, at most %d in one element", n, tablesPerMarkdown)
	}
	v.html(at, s)
	for _, m := range mdLink.FindAllStringSubmatch(s, -1) {
		if m[1] == "" && !validURL(m[2]) {
			v.add(RuleMdLink, at.path, "links begin with http:// or https://")
		}
	}
})

func (v *validator) html(at place, s string) {
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			return
		}
		s = s[i:]
		m := htmlTag.FindStringSubmatch(s)
		name := ""
		if m != nil {
			name = strings.ToLower(m[1])
		} else if rest := strings.ToLower(strings.TrimPrefix(s[1:], "/")); strings.HasPrefix(rest, "at") || strings.HasPrefix(rest, "person") {
			name = "at"
		}
		switch {
		case peopleHTML[name]:
			v.add(RuleMention, at.path, "text may not mention people")
		case m == nil || !allowedHTML[name]:
			v.add(RuleHTML, at.path, "write < as &#60;")
		default:
			for _, l := range htmlLink.FindAllStringSubmatch(m[0], -1) {
				if !validURL(l[1]) {
					v.add(RuleMdLink, at.path, "links begin with http:// or https://")
				}
			}
		}
		s = s[1:]
	}
}
