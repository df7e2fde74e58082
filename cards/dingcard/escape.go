package dingcard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"crmbot/cards/textcard"
)

// DingTalk documents no way to escape markdown, and its clients disagree about
// backslashes. So characters with a meaning become look-alikes without one.
var lookalike = strings.NewReplacer(
	"[", "［", "]", "］", "<", "＜", "`", "｀", "*", "∗", "_", "＿", "~", "～", "|", "｜", "\\", "＼", "@", "＠",
	"://", "：／／",
)

var (
	// lineStart is what makes a heading, quote, list, rule or underline of a
	// line: the mark that is replaced. An amount such as -3 or 9.5 is none.
	lineStart = regexp.MustCompile(`^(#+|>|=+|(-+|\++|\d+[.)])(\s|$)|-{2,})`)
	// entity is the start of a character reference such as &#91; or &lt;.
	entity = regexp.MustCompile(`&([#A-Za-z])`)
	// bareHost is a web address without a scheme, which clients may link.
	bareHost = regexp.MustCompile(`(?i)(www)\.`)
	// scheme is an address with a scheme but without slashes (tel:, mailto:).
	scheme = regexp.MustCompile(`(?i)(javascript|mailto|tel|sms|data|dtmd|dingtalk):`)
)

var wide = strings.NewReplacer("#", "＃", ">", "＞", "-", "－", "+", "＋", "=", "＝", ".", "．", ")", "）")

// Escape makes text safe inside DingTalk markdown: it cannot become a link, an
// image, a mention, a heading, a list, emphasis or a tag. Its lines stay lines.
func Escape(s string) string {
	lines := strings.Split(textcard.Clean(s), "\n")
	for i, l := range lines {
		lines[i] = escapeStart(escapeInline(strings.TrimSpace(l)))
	}
	return strings.Join(lines, "  \n")
}

// escapeSpan is a run of text. Only white space at a line's start is taken out;
// a run that does not start a line keeps its own.
func escapeSpan(s string, startsLine bool) string {
	lines := strings.Split(textcard.Clean(s), "\n")
	for i, l := range lines {
		if i == 0 && !startsLine {
			lines[i] = escapeInline(l)
		} else {
			lines[i] = escapeStart(escapeInline(strings.TrimLeft(l, " \u00a0\u3000")))
		}
	}
	return strings.Join(lines, "  \n")
}

// escapeHeading is text of a heading, where a # at the end would be taken for
// the heading's own.
func escapeHeading(s string) string { return strings.ReplaceAll(escapeFirst(s), "#", "＃") }

// escapeFirst is text on one line that it begins.
func escapeFirst(s string) string { return escapeStart(escapeLine(s)) }

// escapeLine is text as part of a line that has begun already.
func escapeLine(s string) string { return escapeInline(textcard.OneLine(s)) }

func escapeInline(s string) string {
	s = lookalike.Replace(s)
	s = entity.ReplaceAllString(s, "＆$1")
	s = bareHost.ReplaceAllString(s, "$1．")
	return scheme.ReplaceAllString(s, "$1：")
}

func escapeStart(s string) string {
	return lineStart.ReplaceAllStringFunc(s, func(m string) string { return wide.Replace(m) })
}

// bold marks text that is escaped already. Spaces inside the marks would make
// them literal, so they are taken out.
func bold(escaped string) string {
	if t := strings.TrimSpace(escaped); t != "" {
		return "**" + t + "**"
	}
	return ""
}

// address is a link's target with every byte percent-encoded that could end
// the link or be read as markup. Only http and https are let through.
func address(u string) (string, error) {
	if !strings.HasPrefix(u, "http://") && !strings.HasPrefix(u, "https://") {
		return "", fmt.Errorf("link %q is not http(s)", u)
	}
	var b strings.Builder
	for i := range len(u) {
		ch := u[i]
		switch {
		case ch >= 'a' && ch <= 'z', ch >= 'A' && ch <= 'Z', ch >= '0' && ch <= '9', strings.IndexByte("-._~:/?#!$&'+,;=%", ch) >= 0:
			b.WriteByte(ch)
		default:
			fmt.Fprintf(&b, "%%%02X", ch)
		}
	}
	return b.String(), nil
}

// compact is v as JSON in one line, not escaped for HTML.
func compact(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("encode for DingTalk: %w", err)
	}
	return strings.TrimRight(b.String(), "\n"), nil
}
