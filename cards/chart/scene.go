package chart

import (
	"fmt"
	"math"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// The size of a drawing, in its own units: one unit is about one pixel of a
// phone.
const (
	width     = 400.0
	pad       = 4.0
	fontSize  = 12.0
	titleSize = 14.0
)

// ink is what a shape is painted with. SVG takes it from the page, PNG from a
// light palette.
type ink int

// The inks; series colours follow from inkSeries on.
const (
	inkText ink = iota
	inkMuted
	inkGrid
	inkTrack
	inkGood
	inkOn // text on a coloured shape
	inkSeries
)

func seriesInk(i int) ink { return inkSeries + ink(i%len(seriesColors)) }

// shape is one element of a drawing; each output draws all kinds.
type shape interface{}

// rect is a box; tip is shown when it is pointed at.
type rect struct {
	x, y, w, h, round float64
	fill              ink
	tip               string
}

type rule struct {
	x1, y1, x2, y2 float64
	stroke         ink
}

type polyline struct {
	points []point
	stroke ink
}

type polygon struct {
	points []point
	fill   ink
	tip    string
}

type point struct{ x, y float64 }

type dot struct {
	at     point
	radius float64
	fill   ink
	tip    string
}

// ring is a part of a ring from one angle to another, in radians clockwise from
// the right.
type ring struct {
	center       point
	outer, inner float64
	from, to     float64
	fill         ink
	tip          string
}

// label is one line of text at its baseline. The zero size and anchor mean the
// normal size and left-aligned. tip is the uncut text.
type label struct {
	x, y, size float64
	text       string
	fill       ink
	anchor     anchor
	bold       bool
	tip        string
}

type anchor string

const (
	fromStart anchor = ""
	toMiddle  anchor = "middle"
	toEnd     anchor = "end"
)

// drawing collects shapes from top to bottom; y is where the next part begins.
type drawing struct {
	shapes []shape
	lang   crm.Lang
	y      float64
}

func (d *drawing) add(s shape) { d.shapes = append(d.shapes, s) }

func (d *drawing) write(l label) {
	if l.size == 0 {
		l.size = fontSize
	}
	if l.text != "" {
		d.add(l)
	}
}

// height is the drawing's height once everything is in it.
func (d *drawing) height() float64 { return math.Ceil(d.y + pad) }

// draw lays the chart out. It fails where Check does.
func draw(c card.Chart, lang crm.Lang) (*drawing, error) {
	if err := Check(c); err != nil {
		return nil, err
	}
	c = shapeOf(c)
	d := &drawing{lang: lang, y: pad}
	d.head(c)
	switch {
	case c.Kind == card.PieChart:
		d.pie(c)
	case c.Kind == card.FunnelChart:
		d.funnel(c)
	case c.Kind == card.ProgressChart:
		d.progress(c)
	case c.Kind == card.LineChart:
		d.upright(c, d.lines)
	case sideways(c):
		d.bars(c)
	default:
		d.upright(c, d.columns)
	}
	return d, nil
}

// head draws the title, the unit and, for several series, the legend.
func (d *drawing) head(c card.Chart) {
	if c.Title != "" {
		d.y += titleSize
		d.write(label{x: pad, y: d.y, text: fit(c.Title, titleSize, width-2*pad), size: titleSize, bold: true, tip: c.Title})
		d.y += 8
	}
	if c.Unit != "" && c.Unit != "%" {
		d.y += 10
		d.write(label{x: pad, y: d.y, text: fit(d.lang.T("单位：", "Unit: ")+c.Unit, 11, width/2), size: 11, fill: inkMuted})
		d.y += 6
	}
	if len(c.Series) > 1 {
		d.legend(c)
	}
}

func (d *drawing) legend(c card.Chart) {
	x := pad
	d.y += 12
	for i, s := range c.Series {
		name := fit(s.Name, fontSize, width/2)
		w := 16 + textWidth(name)*fontSize + 12
		if x > pad && x+w > width-pad {
			x = pad
			d.y += 18
		}
		d.add(rect{x: x, y: d.y - 9, w: 10, h: 10, fill: seriesInk(i), round: 2})
		d.write(label{x: x + 15, y: d.y, text: name, fill: inkMuted, tip: s.Name})
		x += w
	}
	d.y += 8
}

// tip is what is shown when a value is pointed at.
func tip(c card.Chart, series, category int) string {
	s := c.Series[series]
	name := c.Categories[category]
	if len(c.Series) > 1 {
		name += " · " + s.Name
	}
	return fmt.Sprintf("%s: %s", name, Value(c, s.Values[category]))
}
