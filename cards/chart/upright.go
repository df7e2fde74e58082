package chart

import (
	"math"
	"strings"

	"crmbot/cards/card"
)

// plot is the area between the axes of an upright chart.
type plot struct {
	left, right, top, bottom, slot float64
	axis                           axis
}

func (p plot) yOf(v float64) float64 { return p.axis.at(v, p.bottom, p.top) }

// middle is the centre of a category's slot.
func (p plot) middle(i int) float64 { return p.left + (float64(i)+0.5)*p.slot }

const plotHeight = 160.0

// upright draws the axes of a chart whose values grow upwards, and its marks.
func (d *drawing) upright(c card.Chart, marks func(card.Chart, plot)) {
	p := plot{axis: valueAxis(c), right: width - pad, top: d.y + 14}
	p.bottom = p.top + plotHeight
	labels := make([]string, len(p.axis.ticks))
	widest := 0.0
	for i, t := range p.axis.ticks {
		labels[i] = short(t, d.lang)
		if c.Unit == "%" {
			labels[i] += "%"
		}
		widest = math.Max(widest, textWidth(labels[i])*11)
	}
	p.left = pad + widest + 6
	p.slot = (p.right - p.left) / float64(len(c.Categories))
	for i, t := range p.axis.ticks {
		y := p.yOf(t)
		color := inkGrid
		if t == 0 {
			color = inkMuted
		}
		d.add(rule{p.left, y, p.right, y, color})
		d.write(label{x: p.left - 6, y: y + 4, text: labels[i], size: 11, fill: inkMuted, anchor: toEnd})
	}
	d.categories(c, p)
	marks(c, p)
	d.y = p.bottom + 20
}

// categories names the slots; where they are too narrow, only every second,
// third… is named.
func (d *drawing) categories(c card.Chart, p plot) {
	step := labelStep(c, p.slot)
	room := p.slot*float64(step) - 4
	for i, name := range c.Categories {
		if i%step == 0 {
			d.write(label{x: p.middle(i), y: p.bottom + 16, text: fit(name, 11, room), size: 11, fill: inkMuted, anchor: toMiddle, tip: name})
		}
	}
}

// labelStep is how many slots share one label. Names with digits are dates or
// hours, where leaving some out loses nothing; other names are cut instead.
func labelStep(c card.Chart, slot float64) int {
	if c.Kind != card.LineChart && !numbered(c.Categories) {
		return 1
	}
	need := math.Min(widestLabel(c.Categories)*11, 70) + 6
	return max(1, int(math.Ceil(need/slot)))
}

// numbered tells names that are short and mostly have digits.
func numbered(names []string) bool {
	n := 0
	for _, s := range names {
		if textWidth(s) > 7 {
			return false
		}
		if strings.ContainsAny(s, "0123456789") {
			n++
		}
	}
	return n*2 > len(names)
}

func widestLabel(names []string) float64 {
	w := 0.0
	for _, s := range names {
		w = math.Max(w, textWidth(s))
	}
	return w
}

// sideways tells whether bars are drawn from left to right: where the card
// says so, or where names would not fit below upright bars.
func sideways(c card.Chart) bool {
	if c.Horizontal {
		return true
	}
	slot := (width - 50) / float64(len(c.Categories))
	if numbered(c.Categories) {
		return false
	}
	return widestLabel(c.Categories)*11 > slot-2
}

// columns draws upright bars, side by side or stacked.
func (d *drawing) columns(c card.Chart, p plot) {
	stacked := c.Kind == card.StackedBar
	group := math.Min(p.slot*0.72, 44*float64(len(c.Series)))
	if stacked {
		group = math.Min(p.slot*0.6, 44)
	}
	named := d.valuesFit(c, p.slot/float64(len(c.Series))-1)
	for i := range c.Categories {
		left := p.middle(i) - group/2
		if stacked {
			d.stack(c, p, i, left, group)
			continue
		}
		w := group / float64(len(c.Series))
		gap := math.Min(2, w*0.15)
		for j, s := range c.Series {
			v := s.Values[i]
			y0, y1 := p.yOf(0), p.yOf(v)
			x := left + float64(j)*w
			d.add(rect{x: x, y: math.Min(y0, y1), w: w - gap, h: math.Abs(y1 - y0), fill: seriesInk(j), round: math.Min(2, w/4), tip: tip(c, j, i)})
			if named {
				d.columnValue(c, v, x+(w-gap)/2, y1)
			}
		}
	}
}

// valuesFit tells whether every value can be written in the room that one bar
// has; values are written at all bars or at none.
func (d *drawing) valuesFit(c card.Chart, room float64) bool {
	for _, s := range c.Series {
		for _, v := range s.Values {
			if textWidth(d.barText(c, v))*valueSize > room {
				return false
			}
		}
	}
	return true
}

// valueSize is the font size of a value at its bar or point.
const valueSize = 10.5

// columnValue writes a value beyond the end of its bar or point at y.
func (d *drawing) columnValue(c card.Chart, v, x, y float64) {
	if v < 0 {
		y += 15
	}
	d.write(label{x: x, y: y - 4, text: d.barText(c, v), size: valueSize, anchor: toMiddle})
}

func (d *drawing) stack(c card.Chart, p plot, i int, x, w float64) {
	up, down, total := 0.0, 0.0, 0.0
	for j, s := range c.Series {
		v := s.Values[i]
		from := up
		if v < 0 {
			from = down
			down += v
		} else {
			up += v
		}
		total += v
		y0, y1 := p.yOf(from), p.yOf(from+v)
		d.add(rect{x: x, y: math.Min(y0, y1), w: w, h: math.Abs(y1 - y0), fill: seriesInk(j), tip: tip(c, j, i)})
		if math.Abs(y1-y0) >= 14 && textWidth(Number(v))*valueSize <= w {
			d.write(label{x: x + w/2, y: (y0+y1)/2 + 4, text: Number(v), size: valueSize, fill: inkOn, anchor: toMiddle})
		}
	}
	if down == 0 && len(c.Series) > 1 && textWidth(d.barText(c, total))*valueSize < p.slot {
		d.columnValue(c, total, x+w/2, p.yOf(up))
	}
}

// lines draws one line with points per series.
func (d *drawing) lines(c card.Chart, p plot) {
	for j, s := range c.Series {
		line := make([]point, len(s.Values))
		for i, v := range s.Values {
			line[i] = point{p.middle(i), p.yOf(v)}
		}
		if len(line) > 1 {
			d.add(polyline{line, seriesInk(j)})
		}
	}
	radius := 3.0
	if len(c.Categories) > 31 {
		radius = 1.5
	}
	named := len(c.Series) == 1 && d.valuesFit(c, p.slot-2)
	for j, s := range c.Series {
		for i, v := range s.Values {
			d.add(dot{point{p.middle(i), p.yOf(v)}, radius, seriesInk(j), tip(c, j, i)})
			if named {
				d.pointValue(c, s.Values, i, p.middle(i), p.yOf(v))
			}
		}
	}
}

// pointValue writes a value on the side of its point where the line is not:
// below a low point, else above.
func (d *drawing) pointValue(c card.Chart, values []float64, i int, x, y float64) {
	v := values[i]
	lower := i > 0 || i+1 < len(values)
	if i > 0 && values[i-1] <= v || i+1 < len(values) && values[i+1] <= v {
		lower = false
	}
	y -= 8
	if lower {
		y += 23
	}
	d.write(label{x: x, y: y, text: d.barText(c, v), size: valueSize, anchor: toMiddle})
}
