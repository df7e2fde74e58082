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
		color := gridColor
		if t == 0 {
			color = mutedColor
		}
		d.line(p.left, y, p.right, y, color)
		d.write(label{x: p.left - 6, y: y + 4, text: labels[i], size: 11, fill: mutedColor, anchor: "end"})
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
			d.write(label{x: p.middle(i), y: p.bottom + 16, text: fit(name, 11, room), size: 11, fill: mutedColor, anchor: "middle", tip: name})
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

func numbered(names []string) bool {
	n := 0
	for _, s := range names {
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
			d.rect(rect{x: x, y: math.Min(y0, y1), w: w - gap, h: math.Abs(y1 - y0), fill: seriesColor(j), round: math.Min(2, w/4), tip: tip(c, j, i)})
			d.columnValue(c, v, x+(w-gap)/2, y1, math.Max(w-gap, p.slot/float64(len(c.Series))-2))
		}
	}
}

// columnValue writes a value at the end of its bar where there is room.
func (d *drawing) columnValue(c card.Chart, v, x, y, room float64) {
	text := Number(v)
	if textWidth(text)*10.5 > room {
		text = short(v, d.lang)
	}
	if c.Unit == "%" {
		text += "%"
	}
	if textWidth(text)*10.5 > room+1 {
		return
	}
	if v < 0 {
		y += 15
	}
	d.write(label{x: x, y: y - 4, text: text, size: 10.5, anchor: "middle"})
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
		d.rect(rect{x: x, y: math.Min(y0, y1), w: w, h: math.Abs(y1 - y0), fill: seriesColor(j), tip: tip(c, j, i)})
		if math.Abs(y1-y0) >= 14 && textWidth(Number(v))*10.5 <= w {
			d.write(label{x: x + w/2, y: (y0+y1)/2 + 4, text: Number(v), size: 10.5, fill: onColor, anchor: "middle"})
		}
	}
	if down == 0 && len(c.Series) > 1 {
		d.columnValue(c, total, x+w/2, p.yOf(up), p.slot-2)
	}
}

// lines draws one line with points per series.
func (d *drawing) lines(c card.Chart, p plot) {
	for j, s := range c.Series {
		var path strings.Builder
		for i, v := range s.Values {
			cmd := "L"
			if i == 0 {
				cmd = "M"
			}
			path.WriteString(cmd + num(p.middle(i)) + " " + num(p.yOf(v)))
		}
		if len(s.Values) > 1 {
			d.path(path.String(), `fill="none" stroke="`+seriesColor(j)+`" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"`, "")
		}
	}
	for j, s := range c.Series {
		every := len(c.Series) == 1 && p.slot >= 24
		for i, v := range s.Values {
			d.point(p.middle(i), p.yOf(v), seriesColor(j), tip(c, j, i), len(s.Values) <= 31)
			if every {
				d.columnValue(c, v, p.middle(i), math.Min(p.yOf(v), p.bottom)-3, p.slot-2)
			}
		}
	}
}

// point is a mark that can be pointed at; hidden points still carry the value.
func (d *drawing) point(x, y float64, color, tip string, visible bool) {
	r := "3"
	if !visible {
		r = "1.5"
	}
	d.b.WriteString(`<circle cx="` + num(x) + `" cy="` + num(y) + `" r="` + r + `" fill="` + color + `"`)
	d.close("circle", tip)
}
