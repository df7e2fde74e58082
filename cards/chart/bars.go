package chart

import (
	"math"

	"crmbot/cards/card"
)

// mostRows is how many sideways bars are drawn; a longer list is for a table.
const mostRows = 40

// bars draws sideways bars, side by side or stacked, one row per category.
func (d *drawing) bars(c card.Chart) {
	a := valueAxis(c)
	stacked := c.Kind == card.StackedBar
	names := nameColumn(c.Categories, 0.4)
	value := 0.0
	for i := range c.Categories {
		for _, s := range c.Series {
			value = math.Max(value, textWidth(d.barText(c, s.Values[i])))
		}
		if stacked {
			value = math.Max(value, textWidth(d.barText(c, total(c, i))))
		}
	}
	value = value*11 + 6
	left, right := pad+names+8, width-pad-value
	if a.min < 0 {
		left += value
	}
	thick := 16.0
	rows := 1
	if !stacked && len(c.Series) > 1 {
		rows, thick = len(c.Series), 12
	}
	height := math.Max(thick*float64(rows)+10, nameHeight(c.Categories, names))
	d.y += 4
	shown := min(len(c.Categories), mostRows)
	zero := a.at(0, left, right)
	d.add(rule{zero, d.y, zero, d.y + height*float64(shown), inkGrid})
	for i := range shown {
		middle := d.y + height/2
		d.name(pad, middle, names, c.Categories[i])
		if stacked {
			d.stackedRow(c, a, i, left, right, middle-thick/2, thick)
		} else {
			top := middle - thick*float64(rows)/2
			for j, s := range c.Series {
				d.barRow(c, a, i, j, s.Values[i], left, right, top+float64(j)*thick, thick)
			}
		}
		d.y += height
	}
	d.more(len(c.Categories) - shown)
}

// more says how many rows were left out.
func (d *drawing) more(rest int) {
	if rest <= 0 {
		return
	}
	d.y += 14
	n := Number(float64(rest))
	d.write(label{x: pad, y: d.y, text: d.lang.T("另有 "+n+" 项未画出", n+" more not drawn"), size: 11, fill: inkMuted})
}

func (d *drawing) barRow(c card.Chart, a axis, i, j int, v, left, right, y, thick float64) {
	x0, x1 := a.at(0, left, right), a.at(v, left, right)
	h := thick - 1
	d.add(rect{x: math.Min(x0, x1), y: y, w: math.Abs(x1 - x0), h: h, fill: seriesInk(j), round: 2, tip: tip(c, j, i)})
	d.barValue(c, v, x1, y+h/2+4)
}

func (d *drawing) barValue(c card.Chart, v, x, y float64) {
	l := label{x: x + 4, y: y, text: d.barText(c, v), size: 11}
	if v < 0 {
		l.x, l.anchor = x-4, toEnd
	}
	d.write(l)
}

// barText is a value beside its bar; the unit is named above the chart.
func (d *drawing) barText(c card.Chart, v float64) string {
	if c.Unit == "%" {
		return Number(v) + "%"
	}
	if text := Number(v); textWidth(text) < 8 {
		return text
	}
	return short(v, d.lang)
}

func (d *drawing) stackedRow(c card.Chart, a axis, i int, left, right, y, thick float64) {
	up, down := 0.0, 0.0
	for j, s := range c.Series {
		v := s.Values[i]
		from := up
		if v < 0 {
			from = down
			down += v
		} else {
			up += v
		}
		x0, x1 := a.at(from, left, right), a.at(from+v, left, right)
		d.add(rect{x: math.Min(x0, x1), y: y, w: math.Abs(x1 - x0), h: thick, fill: seriesInk(j), tip: tip(c, j, i)})
		if text := Number(v); v != 0 && textWidth(text)*valueSize+4 <= math.Abs(x1-x0) {
			d.write(label{x: (x0 + x1) / 2, y: y + thick/2 + 4, text: text, size: valueSize, fill: inkOn, anchor: toMiddle})
		}
	}
	d.barValue(c, math.Max(total(c, i), 0), a.at(up, left, right), y+thick/2+4)
}

func total(c card.Chart, i int) float64 {
	t := 0.0
	for _, s := range c.Series {
		t += s.Values[i]
	}
	return t
}

// progress draws one bar per category on a track that stands for 100%.
func (d *drawing) progress(c card.Chart) {
	names := nameColumn(c.Categories, 0.4)
	height := math.Max(26, nameHeight(c.Categories, names))
	left, right := pad+names+8, width-pad-52
	shown := min(len(c.Categories), mostRows)
	for i, v := range c.Series[0].Values[:shown] {
		middle := d.y + height/2
		d.name(pad, middle, names, c.Categories[i])
		d.add(rect{x: left, y: middle - 5, w: right - left, h: 10, fill: inkTrack, round: 5})
		fill := seriesInk(0)
		if v >= 1 {
			fill = inkGood
		}
		if v > 0 {
			d.add(rect{x: left, y: middle - 5, w: math.Max(math.Min(v, 1)*(right-left), 4), h: 10, fill: fill, round: 5, tip: tip(c, 0, i)})
		}
		d.write(label{x: width - pad, y: middle + 4, text: Percent(v), anchor: toEnd})
		d.y += height
	}
	d.more(len(c.Categories) - shown)
}
