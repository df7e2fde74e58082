package htmlcard

import (
	"unicode/utf8"

	"crmbot/cards/card"
)

// Widths are in quarters of a Chinese character, which is about what a phone
// shows; a Latin letter is a little more than half as wide.
const (
	hanWidth   = 4
	latinWidth = 2
	// briefCell is the widest text that is never broken in a table.
	briefCell = 9 * hanWidth
	// cellMargin is the space around a cell.
	cellMargin = 7
	// phoneTable is the widest table that fits into a card on a phone.
	phoneTable = 25 * hanWidth
	// halfInput is the widest choice that fits into half of a card on a phone.
	halfInput = 8 * hanWidth
)

// measure is about how wide a text is.
func measure(s string) int {
	n := 0
	for _, r := range s {
		if utf8.RuneLen(r) > 2 {
			n += hanWidth
		} else {
			n += latinWidth
		}
	}
	return n
}

// wide reports that a table does not fit into a phone without breaking most of
// its texts.
func wide(t card.Table) bool {
	total := 0
	for i, c := range t.Columns {
		n := measure(c.Title)
		for _, r := range t.Rows {
			if i < len(r) {
				n = max(n, measure(r[i].Text))
			}
		}
		total += n + cellMargin
	}
	return len(t.Columns) > 2 && total > phoneTable
}
