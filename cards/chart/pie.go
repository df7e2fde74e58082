package chart

import (
	"math"
	"sort"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// slice is one part of a pie.
type slice struct {
	name  string
	value float64
}

// mostSlices is how many parts of a pie can be told apart.
const mostSlices = 8

// slices are the parts of a pie in the order given. More than mostSlices: the
// smallest are added up as "other" at the end.
func slices(c card.Chart, lang crm.Lang) []slice {
	all := make([]slice, len(c.Categories))
	for i, name := range c.Categories {
		all[i] = slice{name, c.Series[0].Values[i]}
	}
	if len(all) <= mostSlices {
		return all
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return all[order[a]].value > all[order[b]].value })
	large := map[int]bool{}
	for _, i := range order[:mostSlices-1] {
		large[i] = true
	}
	kept := make([]slice, 0, mostSlices)
	n := Number(float64(len(all) - mostSlices + 1))
	other := slice{name: lang.T("其他（"+n+" 项）", "Other ("+n+")")}
	for i, s := range all {
		if large[i] {
			kept = append(kept, s)
		} else {
			other.value += s.value
		}
	}
	return append(kept, other)
}

// pie draws a ring with a legend that carries values and shares.
func (d *drawing) pie(c card.Chart) {
	parts := slices(c, d.lang)
	sum := 0.0
	for _, s := range parts {
		sum += s.value
	}
	const outer, inner = 68.0, 42.0
	names, texts := make([]string, len(parts)), make([]string, len(parts))
	widest := 0.0
	for i, s := range parts {
		names[i], texts[i] = s.name, d.barText(c, s.value)
		if sum > 0 {
			texts[i] += " (" + Percent(s.value/sum) + ")"
		}
		widest = math.Max(widest, textWidth(texts[i])*fontSize)
	}
	room := width - 2*pad - 2*outer - 4 - 20 - 16 - widest - 8
	rowHeight := math.Max(21, nameHeight(names, room))
	height := math.Max(2*outer+8, rowHeight*float64(len(parts))+8)
	cx, cy := pad+outer+4, d.y+4+height/2
	angle := -math.Pi / 2
	if sum == 0 {
		d.add(ring{point{cx, cy}, outer, inner, 0, 2 * math.Pi, inkTrack, ""})
	}
	for i, s := range parts {
		if s.value == 0 {
			continue
		}
		next := angle + s.value/sum*2*math.Pi
		d.add(ring{point{cx, cy}, outer, inner, angle, next, seriesInk(i),
			s.name + ": " + Value(c, s.value) + " (" + Percent(s.value/sum) + ")"})
		angle = next
	}
	d.write(label{x: cx, y: cy + 5, text: fit(short(sum, d.lang), 16, 2*inner-10), size: 16, bold: true, anchor: toMiddle})
	left := cx + outer + 20
	y := cy - rowHeight*float64(len(parts))/2 + rowHeight/2
	for i, s := range parts {
		d.add(rect{x: left, y: y - 5, w: 10, h: 10, fill: seriesInk(i), round: 2})
		d.name(left+16, y, room, s.name)
		d.write(label{x: width - pad, y: y + 4, text: texts[i], anchor: toEnd})
		y += rowHeight
	}
	d.y += height + 4
}

// funnel draws one stage per row, its width in proportion to its value, with
// the share of the stage before it at the right.
func (d *drawing) funnel(c card.Chart) {
	values := c.Series[0].Values
	top := 0.0
	for _, v := range values {
		top = math.Max(top, v)
	}
	names := nameColumn(c.Categories, 0.3)
	left, right := pad+names+12, width-pad-54
	middle, full := (left+right)/2, right-left
	size := func(v float64) float64 {
		if top == 0 {
			return 4
		}
		return math.Max(v/top*full, 4)
	}
	const height, gap = 30.0, 4.0
	d.y += 4
	for i, v := range values {
		w := size(v)
		below := w
		if i+1 < len(values) {
			below = math.Min(w, size(values[i+1]))
		}
		y := d.y
		d.add(polygon{[]point{{middle - w/2, y}, {middle + w/2, y}, {middle + below/2, y + height}, {middle - below/2, y + height}}, seriesInk(i), tip(c, 0, i)})
		d.name(pad, y+height/2, names, c.Categories[i])
		text := Number(v)
		inside := label{x: middle, y: y + height/2 + 4, text: text, anchor: toMiddle, bold: true, fill: inkOn}
		if textWidth(text)*fontSize > (w+below)/2-8 {
			inside.x, inside.anchor, inside.fill = middle+w/2+6, fromStart, inkText
		}
		d.write(inside)
		if i > 0 && values[i-1] > 0 {
			d.write(label{x: width - pad, y: y + height/2 + 4, text: Percent(v / values[i-1]), fill: inkMuted, anchor: toEnd})
		}
		d.y += height + gap
	}
}
