package dingcard

import (
	"fmt"
	"strings"

	"crmbot/cards/card"
	"crmbot/cards/textcard"
)

// add appends a paragraph.
func (r *renderer) add(markdown string) {
	if strings.TrimSpace(markdown) != "" {
		r.parts = append(r.parts, markdown)
	}
}

// keep appends a paragraph that is shown though others are cut off: without it
// the card could not be used.
func (r *renderer) keep(markdown string) {
	if strings.TrimSpace(markdown) != "" {
		r.kept = append(r.kept, len(r.parts))
		r.parts = append(r.parts, markdown)
	}
}

// lines is one paragraph of several lines.
func (r *renderer) lines(ls []string) { r.add(strings.Join(ls, "  \n")) }

// paren puts text in the language's brackets.
func (r *renderer) paren(s string) string { return r.lang.T("（"+s+"）", " ("+s+")") }

// colon joins a label and its value.
func (r *renderer) colon(label, value string) string {
	return label + r.lang.T("：", ": ") + value
}

// heading shows what the template's header has no place for.
func (r *renderer) heading(c card.Card) {
	var ls []string
	if len(c.Tags) > 0 {
		tags := make([]string, len(c.Tags))
		for i, t := range c.Tags {
			tags[i] = r.ink("【"+escapeLine(t.Text)+"】", t.Tone)
		}
		ls = append(ls, strings.Join(tags, ""))
	}
	if c.Subtitle != "" {
		ls = append(ls, r.ink(Escape(c.Subtitle), card.Muted))
	}
	r.lines(ls)
}

// ink colours text on cards; messages have no colours.
func (r *renderer) ink(escaped string, t card.Tone) string {
	color := map[card.Tone]string{card.Info: "common_blue1_color", card.Success: "common_green1_color", card.Warning: "common_orange1_color",
		card.Danger: "common_red1_color", card.Muted: "common_level3_base_color"}[t]
	if color == "" || r.level == LevelPlain || strings.TrimSpace(escaped) == "" {
		return escaped
	}
	return "<font color=" + color + ">" + strings.ReplaceAll(escaped, "  \n", "</font>  \n<font color="+color+">") + "</font>"
}

func (r *renderer) blocks(bs []card.Block) {
	for _, b := range bs {
		r.block(b)
	}
}

func (r *renderer) block(b card.Block) {
	switch b := b.(type) {
	case card.Heading:
		r.add(headingMark(b.Level) + " " + escapeHeading(b.Text))
	case card.Text:
		r.add(r.spans(b))
	case card.Fields:
		r.fields(b)
	case card.Table:
		r.table(b)
	case card.Chart:
		r.chart(b)
	case card.Image:
		r.image(b)
	case card.People:
		r.people(b)
	case card.Divider:
		r.divider()
	case card.Note:
		r.add(r.note(b.Text))
	case card.Progress:
		r.lost("progress", "text bar")
		r.add(Escape(textcard.Blocks(r.lang, b)))
	case card.Columns:
		r.lost("columns", "below each other")
		for _, c := range b.Cols {
			r.blocks(c.Blocks)
		}
	case card.Collapsible:
		r.lost("collapsible", "always open")
		r.add(bold(escapeLine(b.Title)))
		r.blocks(b.Blocks)
	case card.Buttons:
		for _, x := range b.Items {
			r.button(x)
		}
	case card.Form:
		r.formBlock(b)
	default:
		r.fail(fmt.Errorf("block %T is not part of the card model", b))
	}
}

func headingMark(level int) string {
	switch level {
	case 2:
		return "####"
	case 3:
		return "#####"
	}
	return "###"
}

// divider is a rule on cards; messages know none.
func (r *renderer) divider() {
	if r.level == LevelPlain {
		r.add("──────────")
		return
	}
	r.add("---")
}

// note is small text with its escaping done here.
func (r *renderer) note(s string) string {
	if r.level != LevelPlain {
		return r.ink(Escape("※ "+s), card.Muted)
	}
	return "> " + strings.ReplaceAll(Escape(s), "  \n", "  \n> ")
}

func (r *renderer) spans(t card.Text) string {
	var b strings.Builder
	for _, s := range t.Spans {
		line := b.String()[strings.LastIndexByte(b.String(), '\n')+1:]
		text := escapeSpan(s.Text, strings.TrimSpace(line) == "")
		if strings.TrimSpace(text) == "" {
			b.WriteString(text)
			continue
		}
		if s.Strike {
			r.lost("struck text", "～～")
			text = "～～" + text + "～～"
		}
		if s.URL != "" {
			text = r.link(text, s.URL)
		}
		if s.Bold {
			text = boldLines(text)
		}
		b.WriteString(apart(b.String(), r.ink(text, s.Tone)))
	}
	return b.String()
}

// boldLines marks each line, because emphasis does not reach over a line break
// on every client.
func boldLines(escaped string) string {
	ls := strings.Split(escaped, "  \n")
	for i, l := range ls {
		ls[i] = bold(l)
	}
	return strings.Join(ls, "  \n")
}

// apart puts a space between two marks of emphasis, which would otherwise
// join, and between emphasis and the text beside it.
func apart(before, next string) string {
	if strings.HasSuffix(before, "**") || strings.HasPrefix(next, "**") && before != "" && !strings.HasSuffix(before, " ") && !strings.HasSuffix(before, "\n") {
		return " " + next
	}
	return next
}

func (r *renderer) link(escaped, u string) string {
	target, err := address(u)
	if err != nil {
		r.fail(err)
		return escaped
	}
	return "[" + strings.ReplaceAll(escaped, "  \n", " ") + "](" + target + ")"
}

func (r *renderer) fields(f card.Fields) {
	ls := make([]string, len(f.Items))
	for i, x := range f.Items {
		value := r.ink(escapeSpan(x.Value, false), x.Tone)
		if x.Evidence != nil {
			value = r.inline(value, x.Value, *x.Evidence, "evidence link")
		}
		ls[i] = r.colon(bold(escapeLine(x.Label)), value)
	}
	r.lines(ls)
}

// inline is a value that can be pressed: in messages a link that sends the
// command, on cards, where such links do not work, the command in brackets.
func (r *renderer) inline(escaped, plain string, b card.Button, what string) string {
	label := textcard.OneLine(b.Label)
	switch {
	case b.Disabled != "":
		return escaped + r.paren(escapeLine(b.Disabled))
	case b.URL != "" && b.Action == nil:
		if textcard.OneLine(plain) == "" {
			escaped = escapeLine(label)
		}
		return r.link(escaped, b.URL)
	case r.level == LevelPlain:
		if textcard.OneLine(plain) == "" {
			escaped = escapeLine(label)
		}
		return "[" + strings.ReplaceAll(escaped, "  \n", " ") + "](" + SendLink(b.Command) + ")"
	}
	r.lost(what, "text command")
	if t := textcard.OneLine(plain); t == "" || t == label {
		return escapeLine(b.Command)
	}
	return escaped + r.paren(escapeLine(b.Command))
}

func (r *renderer) table(t card.Table) {
	// Nobody can turn the page here, so as many rows are shown as a person reads.
	shown := min(maxRows, len(t.Rows))
	rows := make([][]string, 0, shown+1)
	head := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = escapeLine(c.Title)
	}
	below := r.level != LevelPlain && rowActions(t.Rows[:shown]) <= maxRowButtons
	for _, row := range t.Rows[:shown] {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = r.ink(escapeLine(c.Text), c.Tone)
			switch {
			case c.Action == nil:
			case below && tappable(c.Action):
				r.lost("table action", "button below")
				r.buttons = append(r.buttons, rowButton(row, *c.Action))
			default:
				cells[i] = r.inline(cells[i], c.Text, *c.Action, "table action")
			}
		}
		rows = append(rows, cells)
	}
	if r.level == LevelPlain {
		r.lost("table", "lines")
		ls := []string{bold(strings.Join(head, " ｜ "))}
		for _, cells := range rows {
			ls = append(ls, escapeStart(strings.Join(cells, " ｜ ")))
		}
		r.lines(ls)
	} else {
		r.markdownTable(t.Columns, head, rows)
	}
	if rest := len(t.Rows) - shown; rest > 0 {
		r.lost("table", "the first rows")
		r.add(r.note(fmt.Sprintf(r.lang.T("共 %d 行，还有 %d 行未显示", "%d rows, %d not shown"), len(t.Rows), rest)))
	}
	if len(t.Rows) == 0 {
		r.add(r.note(r.lang.T("没有记录", "No rows")))
	}
}

// maxRows is how many rows of a table are shown.
const maxRows = 20

// maxRowButtons is how many buttons of table rows are put below a card; more
// would be a longer list than the table itself.
const maxRowButtons = 6

// rowActions counts the cells that can be pressed.
func rowActions(rows [][]card.Cell) int {
	n := 0
	for _, row := range rows {
		for _, c := range row {
			if tappable(c.Action) {
				n++
			}
		}
	}
	return n
}

// tappable tells a control that can be a button below its table. One that asks
// first stays a command, because a card's button cannot ask.
func tappable(b *card.Button) bool {
	return b != nil && b.Disabled == "" && b.Action != nil && b.Confirm == nil
}

// rowButton is a cell's control outside its row: its label names the row by its
// first cell.
func rowButton(row []card.Cell, b card.Button) card.Button {
	label, name := textcard.OneLine(b.Label), textcard.OneLine(row[0].Text)
	if !strings.Contains(label, name) {
		b.Label = label + " " + name
	}
	return b
}

func (r *renderer) markdownTable(cols []card.Column, head []string, rows [][]string) {
	line := func(cells []string) string { return "| " + strings.Join(cells, " | ") + " |" }
	marks := make([]string, len(cols))
	for i, c := range cols {
		marks[i] = map[bool]string{true: "---:", false: "---"}[c.Number]
	}
	ls := []string{line(head), line(marks)}
	for _, cells := range rows {
		ls = append(ls, line(cells))
	}
	r.add(strings.Join(ls, "\n"))
}

func (r *renderer) people(p card.People) {
	r.lost("people", "names")
	names := make([]string, len(p.Persons))
	for i, x := range p.Persons {
		names[i] = escapeLine(x.Name)
		if x.Role != "" {
			names[i] += r.paren(escapeLine(x.Role))
		}
	}
	r.add(r.colon(bold(r.lang.T("人员", "People")), strings.Join(names, r.lang.T("、", ", "))))
}

func (r *renderer) chart(c card.Chart) {
	data, err := r.opts.Chart(c, r.lang)
	if err != nil {
		r.lost("chart", "text: "+err.Error())
		r.add(Escape(textcard.Blocks(r.lang, c)))
		return
	}
	r.lost("chart", "picture")
	r.picture(Image{Data: data, Alt: textcard.OneLine(c.Title)})
}

func (r *renderer) image(i card.Image) {
	if i.Key == "" && len(i.Data) == 0 {
		r.lost("image", "alternative text")
		r.add(Escape(textcard.Blocks(r.lang, i)))
		return
	}
	r.picture(Image{Key: i.Key, Data: i.Data, Alt: textcard.OneLine(i.Alt)})
}
