// Package textcard renders a card as plain text: the last fallback of every
// platform, the preview of a push notification, and what conversation scripts
// and golden files read. It leaves out colour and size, never a fact: every
// label, value, row, option, reason and command of the card is in the text.
package textcard

import (
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// Render is the card as text, without a final newline. A newline in typed text
// starts no new line of the card: what follows it is indented. Control
// characters are dropped.
func Render(c card.Card) string {
	w := &writer{lang: c.Lang}
	title := one(c.Title)
	for _, t := range c.Tags {
		title += " [" + one(t.Text) + "]"
	}
	w.line(title)
	if c.Subtitle != "" {
		w.text(c.Subtitle)
	}
	w.blocks(c.Blocks)
	return strings.TrimRight(w.b.String(), "\n")
}

// Blocks is part of a card as text, for renderers that show a block in words.
func Blocks(lang crm.Lang, blocks ...card.Block) string {
	w := &writer{lang: lang}
	w.blocks(blocks)
	return strings.TrimRight(w.b.String(), "\n")
}

// Summary is one line of at most maxRunes characters for a push notification
// or a chat list: the card's summary, else its title. Zero or less: no limit.
func Summary(c card.Card, maxRunes int) string {
	s := c.Summary
	if strings.TrimSpace(s) == "" {
		s = c.Title
	}
	return Cut(one(s), maxRunes)
}

// Cut shortens text to at most maxRunes characters, the last being "…" if
// something was left out. Zero or less: no limit.
func Cut(s string, maxRunes int) string {
	r := []rune(s)
	if maxRunes <= 0 || len(r) <= maxRunes {
		return s
	}
	return strings.TrimRight(string(r[:maxRunes-1]), " ") + "…"
}

type writer struct {
	b      strings.Builder
	lang   crm.Lang
	indent string
}

func (w *writer) line(s string) {
	if s == "" {
		return
	}
	w.b.WriteString(w.indent)
	w.b.WriteString(s)
	w.b.WriteByte('\n')
}

// text writes a paragraph; lines after the first are indented, so that no
// typed text looks like a line of the card.
func (w *writer) text(s string) { w.line(w.hang(s)) }

func (w *writer) hang(s string) string {
	lines := strings.Split(strings.TrimRight(Clean(s), "\n"), "\n")
	return strings.Join(lines, "\n"+w.indent+"  ")
}

func (w *writer) inside(f func()) {
	old := w.indent
	w.indent += "  "
	f()
	w.indent = old
}

func (w *writer) blocks(bs []card.Block) {
	for _, b := range bs {
		w.block(b)
	}
}

func (w *writer) block(b card.Block) {
	switch b := b.(type) {
	case card.Heading:
		w.line(headingMark(b.Level) + " " + one(b.Text))
	case card.Text:
		w.text(spans(b))
	case card.Fields:
		for _, f := range b.Items {
			v := w.hang(f.Value)
			if f.Evidence != nil {
				v += " " + w.inline(*f.Evidence, "")
			}
			w.line(strings.TrimRight(one(f.Label)+": "+v, " "))
		}
	case card.Table:
		w.table(b)
	case card.Chart:
		w.chart(b)
	case card.Image:
		w.line("[" + joinNonEmpty(": ", w.lang.T("图片", "Image"), one(b.Alt)) + "]")
	case card.People:
		w.people(b)
	case card.Divider:
		w.line("────────")
	case card.Note:
		w.text("※ " + b.Text)
	case card.Progress:
		w.progress(b)
	case card.Columns:
		for _, c := range b.Cols {
			w.blocks(c.Blocks)
		}
	case card.Collapsible:
		mark := "▸ "
		if b.Open {
			mark = "▾ "
		}
		w.line(mark + one(b.Title))
		w.inside(func() { w.blocks(b.Blocks) })
	case card.Buttons:
		for _, x := range b.Items {
			w.line(w.button(x))
		}
	case card.Form:
		w.form(b)
	default:
		w.line("[" + w.lang.T("无法显示的内容", "content that cannot be shown") + "]")
	}
}

func headingMark(level int) string {
	switch level {
	case 2:
		return "▪"
	case 3:
		return "·"
	}
	return "■"
}

func spans(t card.Text) string {
	var b strings.Builder
	for _, s := range t.Spans {
		text := s.Text
		if s.Strike && text != "" {
			text = "~~" + text + "~~"
		}
		b.WriteString(text)
		if s.URL != "" && s.URL != s.Text {
			b.WriteString(" (" + s.URL + ")")
		}
	}
	return b.String()
}

func (w *writer) table(t card.Table) {
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = one(c.Title)
	}
	w.line(strings.Join(heads, " | "))
	for _, r := range t.Rows {
		cells := make([]string, len(r))
		for i, c := range r {
			cells[i] = one(c.Text)
			if c.Action != nil {
				cells[i] = joinNonEmpty(" ", cells[i], w.inline(*c.Action, cells[i]))
			}
		}
		w.line(strings.Join(cells, " | "))
	}
	if len(t.Rows) == 0 {
		w.line(w.lang.T("（没有记录）", "(no rows)"))
	}
}

func (w *writer) people(p card.People) {
	names := make([]string, len(p.Persons))
	for i, x := range p.Persons {
		names[i] = one(x.Name)
		if x.Role != "" {
			names[i] += w.lang.T("（"+one(x.Role)+"）", " ("+one(x.Role)+")")
		}
	}
	w.line(w.lang.T("人员", "People") + ": " + strings.Join(names, w.lang.T("、", ", ")))
}

// button is a whole line: the label and how to do the same by typing.
func (w *writer) button(b card.Button) string {
	s := "[" + one(b.Label) + "]"
	switch {
	case b.Disabled != "":
		return s + " " + w.lang.T("不可用：", "unavailable: ") + one(b.Disabled)
	case b.URL != "":
		s += " " + one(b.URL)
	case b.Command != "":
		s += " " + w.lang.T("回复 ", "reply ") + one(b.Command)
	}
	if b.Confirm != nil {
		ask := joinNonEmpty(" ", one(b.Confirm.Title), one(b.Confirm.Text))
		s += w.lang.T("（先确认："+ask+"）", " (asks first: "+ask+")")
	}
	return s
}

// inline is a control inside a line. The label is left out if the text before
// it says the same.
func (w *writer) inline(b card.Button, before string) string {
	label := one(b.Label)
	if label == before {
		label = ""
	}
	does := one(b.Command)
	switch {
	case b.Disabled != "":
		does = one(b.Disabled)
	case b.URL != "":
		does = one(b.URL)
	}
	return "(" + joinNonEmpty(": ", label, does) + ")"
}

func joinNonEmpty(sep string, parts ...string) string {
	kept := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, sep)
}
