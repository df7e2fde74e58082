package larkjson

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"crmbot/cards/card"
)

var textColours = map[card.Tone]string{
	card.Info: "blue", card.Success: "green", card.Warning: "orange",
	card.Danger: "red", card.Muted: "grey",
}

// plain is a text object that the client shows letter by letter.
func plain(s string) node {
	return node{"tag": "plain_text", "content": clean(s)}
}

// div is a paragraph of plain text. Size and colour may be empty.
func div(s, size, colour string) node {
	t := plain(s)
	if size != "" {
		t["text_size"] = size
	}
	if colour != "" {
		t["text_color"] = colour
	}
	return node{"tag": "div", "text": t}
}

// markdown is a paragraph whose content is escaped already.
func markdown(content string) node {
	return node{"tag": "markdown", "content": content}
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\t", " ")

// clean drops control characters; line ends become \n.
func clean(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, unclean) {
		return s
	}
	s = lineEnds.Replace(strings.ToValidUTF8(s, "\ufffd"))
	return strings.Map(func(c rune) rune {
		if unclean(c) {
			return -1
		}
		return c
	}, s)
}

func unclean(c rune) bool {
	return c != '\n' && unicode.IsControl(c) || c == '\u2028' || c == '\u2029'
}

func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// blank says that nothing would be seen of the text.
func blank(s string) bool { return strings.TrimSpace(clean(s)) == "" }

// cut shortens a text to n characters with an ellipsis.
func cut(s string, n int) (string, bool) {
	if utf8.RuneCountInString(s) <= n {
		return s, false
	}
	return string([]rune(s)[:n-1]) + "…", true
}

// clip applies the plan's longest text.
func (r *renderer) clip(s string) string {
	s = clean(s)
	if r.plan.text == 0 {
		return s
	}
	s, cutOff := cut(s, r.plan.text)
	if cutOff {
		r.lose("text", fmt.Sprintf("cut to %d characters", r.plan.text))
	}
	return s
}

// always are the characters that mean something anywhere in a line.
const always = "*_~[]()<>&\\`|!"

// emojiPattern is the markdown component's short form of an emoji.
var emojiPattern = regexp.MustCompile(`^:[A-Za-z0-9_]+:`)

// escape makes text safe inside markdown. It uses character references, which
// never count as markup, so that a customer's name can neither mention people
// nor draw a link.
func escape(s string) string {
	lines := strings.Split(clean(s), "\n")
	for i, l := range lines {
		lines[i] = escapeLine(l)
	}
	return strings.Join(lines, "\n")
}

func escapeLine(l string) string {
	var b strings.Builder
	start := true // only spaces or the digits of a list number so far
	digits := false
	for i, c := range l {
		next := byte(0)
		if j := i + utf8.RuneLen(c); j < len(l) {
			next = l[j]
		}
		switch {
		case start && !digits && c == ' ':
			b.WriteString("&#160;")
			continue
		case start && c >= '0' && c <= '9':
			digits = true
			b.WriteRune(c)
			continue
		case strings.ContainsRune(always, c),
			start && !digits && strings.ContainsRune("#+-=", c),
			start && digits && c == '.' && (next == ' ' || next == 0),
			c == ':' && emojiPattern.MatchString(l[i:]),
			c == '$' && next == '{':
			fmt.Fprintf(&b, "&#%d;", c)
		default:
			b.WriteRune(c)
		}
		start = false
	}
	return b.String()
}

// coloured wraps escaped text in a tone.
func coloured(s string, t card.Tone) string {
	if c, ok := textColours[t]; ok && s != "" {
		return "<font color='" + c + "'>" + s + "</font>"
	}
	return s
}

// styled is a span as markdown, line by line: emphasis never spans lines.
func (r *renderer) styled(s card.Span, text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		trimmed := strings.TrimSpace(l)
		if trimmed == "" {
			continue
		}
		head, tail, _ := strings.Cut(l, trimmed)
		x := escapeLine(trimmed)
		if s.URL != "" {
			if u, ok := safeURL(s.URL); ok {
				x = "[" + x + "](" + u + ")"
			} else {
				r.lose("text", "broken link as text")
			}
		}
		if s.Strike {
			x = "~~" + edge(x) + "~~"
		}
		if s.Bold {
			x = "**" + edge(x) + "**"
		}
		if head != "" {
			head = " "
		}
		if tail != "" {
			tail = " "
		}
		lines[i] = head + coloured(x, s.Tone) + tail
	}
	return strings.Join(lines, "\n")
}

// zwsp is neither space nor punctuation: with it at the edge, a pair of
// asterisks next to a bracket still means bold.
const zwsp = "\u200b"

func edge(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	if !unicode.IsLetter(first) && !unicode.IsDigit(first) {
		s = zwsp + s
	}
	if !unicode.IsLetter(last) && !unicode.IsDigit(last) {
		s += zwsp
	}
	return s
}

// safeURL encodes what would end a link early; false if it is no web address.
func safeURL(s string) (string, bool) {
	if !validURL(s) {
		return "", false
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c == 0x7f || strings.IndexByte("()[]<>\"'`\\|*^{}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

func validURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && utf8.ValidString(s)
}

// text shows a paragraph: as plain text where no part of it is styled in its
// own way, else as escaped markdown.
func (r *renderer) text(t card.Text) []node {
	styles := map[card.Span]bool{}
	whole := ""
	for _, s := range t.Spans {
		whole += s.Text
		s.Text = ""
		styles[s] = true
	}
	if blank(whole) {
		return nil
	}
	if len(styles) == 1 {
		for s := range styles {
			if !s.Bold && !s.Strike && s.URL == "" {
				return []node{div(r.clip(whole), "", textColours[s.Tone])}
			}
		}
	}
	var b strings.Builder
	left := r.plan.text
	for _, s := range t.Spans {
		text := clean(s.Text)
		if r.plan.text > 0 {
			if left <= 0 {
				r.lose("text", fmt.Sprintf("cut to %d characters", r.plan.text))
				break
			}
			var cutOff bool
			n := utf8.RuneCountInString(text)
			if text, cutOff = cut(text, left); cutOff {
				r.lose("text", fmt.Sprintf("cut to %d characters", r.plan.text))
			}
			left -= n
		}
		b.WriteString(r.styled(s, text))
	}
	return []node{markdown(b.String())}
}
