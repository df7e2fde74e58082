package larkjson

import (
	"fmt"

	"crmbot/cards/card"
)

// plan says how simply a card is shown. The zero value shows everything.
type plan struct {
	rows      int  // rows of a table that are shown; zero means all
	tableText bool // tables become lines of text
	flat      bool // columns, field grids and button rows become plain lists
	chartText bool // charts become lines of text
	text      int  // longest text in characters; zero means any
}

// steps are taken in this order, each on top of those before, until the card
// fits: first what a person can get by asking for more, last the words.
var steps = []func(*plan){
	func(p *plan) { p.rows = 50 },
	func(p *plan) { p.rows = 20 },
	func(p *plan) { p.rows = 10 },
	func(p *plan) { p.rows = 5 },
	func(p *plan) { p.tableText = true },
	func(p *plan) { p.flat = true },
	func(p *plan) { p.chartText = true },
	func(p *plan) { p.text = 2000 },
	func(p *plan) { p.text = 500 },
	func(p *plan) { p.text = 100 },
}

// undo takes single steps back, most valuable first, where a later step alone
// was enough: a long text must not cost the card its charts.
var undo = []func(*plan){
	func(p *plan) { p.chartText = false },
	func(p *plan) { p.flat = false },
	func(p *plan) { p.tableText = false },
	func(p *plan) { p.rows = 0 },
	func(p *plan) { p.rows = moreRows(p.rows, 50) },
	func(p *plan) { p.rows = moreRows(p.rows, 20) },
	func(p *plan) { p.rows = moreRows(p.rows, 10) },
}

// moreRows raises a limit of rows; zero, no limit, stays.
func moreRows(now, want int) int {
	if now == 0 {
		return 0
	}
	return max(now, want)
}

// fit renders the card as fully as the limits allow.
func fit(c card.Card, o options) ([]byte, []card.Lossy, error) {
	var p plan
	out, lossy, size, ok, err := try(c, o, p)
	if err != nil || ok {
		return out, lossy, err
	}
	for _, step := range steps {
		step(&p)
		if out, lossy, size, ok, err = try(c, o, p); err != nil {
			return nil, nil, err
		} else if ok {
			break
		}
	}
	if !ok {
		return nil, nil, fmt.Errorf("%w: %s", ErrTooLarge, size)
	}
	for _, back := range undo {
		q := p
		back(&q)
		if q == p {
			continue
		}
		if out2, lossy2, _, ok2, err := try(c, o, q); err == nil && ok2 {
			p, out, lossy = q, out2, lossy2
		}
	}
	return out, lossy, nil
}

func try(c card.Card, o options, p plan) (out []byte, lossy []card.Lossy, size string, ok bool, err error) {
	out, elements, lossy, err := render(c, o, p)
	if err != nil {
		return nil, nil, "", false, err
	}
	size = fmt.Sprintf("%d bytes (limit %d), %d elements (limit %d)", len(out), MaxBytes, elements, MaxElements)
	return out, lossy, size, len(out) <= targetBytes && elements <= MaxElements, nil
}
