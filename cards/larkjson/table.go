package larkjson

import (
	"fmt"
	"strings"

	"crmbot/cards/card"
)

// listedActions is how many controls of a table are listed as buttons below
// it; the rest are shown as their text commands.
const listedActions = 10

// table is a native table while the card has room for one, else lines of text.
func (r *renderer) table(t card.Table) []node {
	rows := t.Rows
	hidden := 0
	if n := r.plan.rows; n > 0 && len(rows) > n {
		hidden = len(rows) - n
		rows = rows[:n]
		r.lose("table", fmt.Sprintf("first %d rows", n))
	}
	var out []node
	switch {
	case r.plan.tableText || r.tables >= MaxTables:
		r.lose("table", "lines of text")
		out = r.tableText(t.Columns, rows)
	default:
		r.tables++
		out = []node{r.nativeTable(t, rows)}
	}
	if hidden > 0 {
		out = append(out, div(more(r.lang, hidden, "行", "rows"), "notation", "grey"))
	}
	return append(out, r.cellActions(rows)...)
}

func (r *renderer) nativeTable(t card.Table, rows [][]card.Cell) node {
	columns := t.Columns
	if len(columns) > MaxColumns {
		r.lose("table", fmt.Sprintf("first %d columns", MaxColumns))
		columns = columns[:MaxColumns]
	}
	cols := []node{}
	styled := make([]bool, len(columns))
	for i, c := range columns {
		kind, align := "text", "left"
		if styled[i] = columnStyled(rows, i); styled[i] {
			kind = "lark_md"
		}
		if c.Number {
			align = "right"
		}
		cols = append(cols, node{"name": columnName(i), "display_name": r.clip(oneLine(c.Title)),
			"data_type": kind, "horizontal_align": align, "width": "auto"})
	}
	data := []node{}
	for _, row := range rows {
		d := node{}
		for i, cell := range row[:len(columns)] {
			d[columnName(i)] = r.cell(cell, styled[i])
		}
		data = append(data, d)
	}
	size := t.PageSize
	if size < 1 || size > MaxPageSize {
		size = MaxPageSize
	}
	return node{"tag": "table", "columns": cols, "rows": data, "page_size": size, "row_height": "low",
		"freeze_first_column": len(columns) > 4,
		"header_style":        node{"background_style": "grey", "bold": true, "text_align": "left", "lines": 1}}
}

func columnName(i int) string { return fmt.Sprintf("c%d", i) }

// columnStyled says that a column has a colour or a link in one of its cells.
func columnStyled(rows [][]card.Cell, i int) bool {
	for _, row := range rows {
		if row[i].Tone != card.Neutral || linkOf(row[i]) != "" {
			return true
		}
	}
	return false
}

// linkOf is the page that a cell opens without sending an action.
func linkOf(c card.Cell) string {
	if a := c.Action; a != nil && a.Action == nil && a.Disabled == "" {
		if u, ok := safeURL(a.URL); ok {
			return u
		}
	}
	return ""
}

func (r *renderer) cell(c card.Cell, styled bool) string {
	text := r.clip(oneLine(c.Text))
	if !styled {
		return text
	}
	if link := linkOf(c); link != "" {
		if text == "" {
			text = r.clip(oneLine(c.Action.Label))
		}
		return "[" + escapeLine(text) + "](" + link + ")"
	}
	return coloured(escapeLine(text), c.Tone)
}

// tableText is one line per row, values in the order of the heading line.
func (r *renderer) tableText(columns []card.Column, rows [][]card.Cell) []node {
	var heads []string
	for _, c := range columns {
		heads = append(heads, oneLine(c.Title))
	}
	lines := []string{strings.Join(heads, " · ")}
	for _, row := range rows {
		var cells []string
		for _, c := range row {
			text := oneLine(c.Text)
			if text == "" {
				text = "—"
			}
			cells = append(cells, text)
		}
		lines = append(lines, strings.Join(cells, " · "))
	}
	return []node{div(r.clip(strings.Join(lines, "\n")), "", "")}
}

// cellActions lists the controls of a table's cells below it, because a cell
// cannot send anything.
func (r *renderer) cellActions(rows [][]card.Cell) []node {
	var buttons []card.Button
	var commands []string
	for _, row := range rows {
		for i, c := range row {
			if c.Action == nil || linkOf(c) != "" {
				continue
			}
			r.lose("cell", "button below the table")
			if len(buttons) == listedActions {
				if c.Action.Command != "" {
					commands = append(commands, c.Action.Command)
				}
				continue
			}
			b := *c.Action
			if i > 0 {
				b.Label += " · " + oneLine(row[0].Text)
			} else if text := oneLine(c.Text); text != "" && text != b.Label {
				b.Label += " · " + text
			}
			buttons = append(buttons, b)
		}
	}
	var out []node
	if len(buttons) > 0 {
		out = r.buttons(buttons, 0)
	}
	if len(commands) > 0 {
		r.lose("cell", "text command")
		line := r.lang.T("其余请回复：", "For the rest reply: ") + strings.Join(commands, r.lang.T("、", ", "))
		out = append(out, div(r.clip(line), "notation", "grey"))
	}
	return out
}
