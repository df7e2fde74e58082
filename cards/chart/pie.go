package chart

import (
	"fmt"
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
	rowHeight := 21.0
	height := math.Max(2*outer+8, rowHeight*float64(len(parts))+8)
	cx, cy := pad+outer+4, d.y+4+height/2
	angle := -math.Pi / 2
	if sum == 0 {
		d.path(ring(cx, cy, outer, inner, 0, 2*math.Pi), `fill="`+trackColor+`" fill-rule="evenodd"`, "")
	}
	for i, s := range parts {
		if s.value == 0 {
			continue
		}
		next := angle + s.value/sum*2*math.Pi
		d.path(ring(cx, cy, outer, inner, angle, next), `fill="`+seriesColor(i)+`" fill-rule="evenodd"`,
			s.name+": "+Value(c, s.value)+" ("+Percent(s.value/sum)+")")
		angle = next
	}
	d.write(label{x: cx, y: cy + 5, text: fit(short(sum, d.lang), 16, 2*inner-10), size: 16, bold: true, anchor: "middle"})
	left := cx + outer + 20
	y := cy - rowHeight*float64(len(parts))/2 + 14
	for i, s := range parts {
		value := Number(s.value)
		if sum > 0 {
			value += " (" + Percent(s.value/sum) + ")"
		}
		room := width - pad - left - 16 - textWidth(value)*fontSize - 8
		d.rect(rect{x: left, y: y - 9, w: 10, h: 10, fill: seriesColor(i), round: 2})
		d.write(label{x: left + 16, y: y, text: fit(s.name, fontSize, room), fill: mutedColor, tip: s.name})
		d.write(label{x: width - pad, y: y, text: value, anchor: "end"})
		y += rowHeight
	}
	d.y += height + 4
}

// ring is a part of a ring from one angle to the other; a whole turn is two
// circles, because an arc cannot end where it starts.
func ring(cx, cy, outer, inner, from, to float64) string {
	if to-from > 2*math.Pi-1e-6 {
		circle := func(r float64) string {
			return fmt.Sprintf("M%s %sa%s %s 0 1 0 %s 0a%s %s 0 1 0 %s 0Z", num(cx-r), num(cy), num(r), num(r), num(2*r), num(r), num(r), num(-2*r))
		}
		return circle(outer) + circle(inner)
	}
	large := 0
	if to-from > math.Pi {
		large = 1
	}
	at := func(r, a float64) string { return num(cx+r*math.Cos(a)) + " " + num(cy+r*math.Sin(a)) }
	return fmt.Sprintf("M%sA%s %s 0 %d 1 %sL%sA%s %s 0 %d 0 %sZ",
		at(outer, from), num(outer), num(outer), large, at(outer, to),
		at(inner, to), num(inner), num(inner), large, at(inner, from))
}

// funnel draws one stage per row, its width in proportion to its value, with
// the share of the stage before it at the right.
func (d *drawing) funnel(c card.Chart) {
	values := c.Series[0].Values
	top := 0.0
	for _, v := range values {
		top = math.Max(top, v)
	}
	names := math.Min(widestLabel(c.Categories)*fontSize, width*0.28)
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
		d.path(fmt.Sprintf("M%s %sH%sL%s %sH%sZ", num(middle-w/2), num(y), num(middle+w/2), num(middle+below/2), num(y+height), num(middle-below/2)),
			`fill="`+seriesColor(i)+`"`, tip(c, 0, i))
		d.write(label{x: pad, y: y + height/2 + 4, text: fit(c.Categories[i], fontSize, names), tip: c.Categories[i]})
		text := Number(v)
		inside := label{x: middle, y: y + height/2 + 4, text: text, anchor: "middle", bold: true, fill: onColor}
		if textWidth(text)*fontSize > (w+below)/2-8 {
			inside.x, inside.anchor, inside.fill = middle+w/2+6, "", ""
		}
		d.write(inside)
		if i > 0 && values[i-1] > 0 {
			d.write(label{x: width - pad, y: y + height/2 + 4, text: Percent(v / values[i-1]), fill: mutedColor, anchor: "end"})
		}
		d.y += height + gap
	}
}
