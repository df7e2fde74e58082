package chart

import (
	"fmt"
	"math"

	"github.com/go-analyze/charts"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// pngScale is how many pixels a unit has: phones have at least two per point.
const pngScale = 2.0

// pngDPI is the resolution that the drawing library assumes for font sizes.
const pngDPI = 92.0

// pngMargin is the white border, in units.
const pngMargin = 12.0

// PNG draws the chart as a picture on white, 848 pixels wide and as high as
// it needs, with the same layout as SVG. A nil font means the one that is built
// in. It fails where Check does.
func PNG(c card.Chart, lang crm.Lang, font *Font) ([]byte, error) {
	if font == nil {
		f, err := LoadFont("")
		if err != nil {
			return nil, err
		}
		font = f
	}
	d, err := draw(printableChart(c, font), lang)
	if err != nil {
		return nil, err
	}
	w := pngWriter{font: font, painter: charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputPNG,
		Width:        px(width + 2*pngMargin),
		Height:       px(d.height() + 2*pngMargin),
		Font:         charts.GetFont(font.family),
	})}
	w.painter.FilledRect(0, 0, w.painter.Width(), w.painter.Height(), charts.ColorWhite, charts.ColorTransparent, 0)
	for _, s := range d.shapes {
		w.shape(s)
	}
	data, err := w.painter.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write chart picture: %w", err)
	}
	return data, nil
}

// printableChart is the chart with all texts in characters that the font has,
// so that the layout measures what is drawn.
func printableChart(c card.Chart, f *Font) card.Chart {
	c.Title, c.Unit = f.printable(c.Title), f.printable(c.Unit)
	names := make([]string, len(c.Categories))
	for i, n := range c.Categories {
		names[i] = f.printable(n)
	}
	series := make([]card.Series, len(c.Series))
	for i, s := range c.Series {
		series[i] = card.Series{Name: f.printable(s.Name), Values: s.Values}
	}
	c.Categories, c.Series = names, series
	return c
}

type pngWriter struct {
	font    *Font
	painter *charts.Painter
}

// px is a length in pixels.
func px(units float64) int { return int(math.Round(units * pngScale)) }

// at is a place in pixels, inside the margin.
func at(p point) charts.Point { return charts.Point{X: px(p.x + pngMargin), Y: px(p.y + pngMargin)} }

func paint(i ink) charts.Color { return charts.ColorFromHex(i.light()) }

func (w pngWriter) shape(s shape) {
	switch s := s.(type) {
	case rect:
		w.fill(roundedCorners(s), s.fill)
	case rule:
		w.stroke([]point{{s.x1, s.y1}, {s.x2, s.y2}}, s.stroke, 1)
	case polyline:
		w.stroke(s.points, s.stroke, 2)
	case polygon:
		w.fill(s.points, s.fill)
	case dot:
		p := at(s.at)
		w.painter.Circle(s.radius*pngScale, p.X, p.Y, paint(s.fill), paint(s.fill), 0)
	case ring:
		w.fill(ringPoints(s), s.fill)
	case label:
		w.label(s)
	}
}

func (w pngWriter) fill(outline []point, fill ink) {
	closed := append(append([]point{}, outline...), outline[0])
	w.painter.FillArea(pixels(closed), paint(fill))
}

func (w pngWriter) stroke(line []point, stroke ink, thick float64) {
	w.painter.LineStroke(pixels(line), paint(stroke), thick*pngScale)
}

func pixels(ps []point) []charts.Point {
	out := make([]charts.Point, len(ps))
	for i, p := range ps {
		out[i] = at(p)
	}
	return out
}

func (w pngWriter) label(l label) {
	style := charts.FontStyle{FontSize: l.size * pngScale * 72 / pngDPI, FontColor: paint(l.fill), Font: charts.GetFont(w.font.family)}
	p := at(point{l.x, l.y})
	switch textPx := w.painter.MeasureText(l.text, 0, style).Width(); l.anchor {
	case toMiddle:
		p.X -= textPx / 2
	case toEnd:
		p.X -= textPx
	}
	w.painter.Text(l.text, p.X, p.Y, 0, style)
	if l.bold {
		w.painter.Text(l.text, p.X+1, p.Y, 0, style) // the font has one weight; a second pass thickens it
	}
}

// roundedCorners is the outline of a box.
func roundedCorners(r rect) []point {
	radius := math.Min(r.round, math.Min(r.w, r.h)/2)
	if radius < 0.75 {
		return []point{{r.x, r.y}, {r.x + r.w, r.y}, {r.x + r.w, r.y + r.h}, {r.x, r.y + r.h}}
	}
	corners := []point{{r.x + r.w - radius, r.y + radius}, {r.x + r.w - radius, r.y + r.h - radius}, {r.x + radius, r.y + r.h - radius}, {r.x + radius, r.y + radius}}
	var out []point
	for i, c := range corners {
		out = append(out, arc(c, radius, float64(i-1)*math.Pi/2, float64(i)*math.Pi/2, 6)...)
	}
	return out
}

func arc(c point, radius, from, to float64, steps int) []point {
	out := make([]point, steps+1)
	for i := range out {
		a := from + (to-from)*float64(i)/float64(steps)
		out[i] = point{c.x + radius*math.Cos(a), c.y + radius*math.Sin(a)}
	}
	return out
}

// ringPoints is the outline of a part of a ring, fine enough to look round.
func ringPoints(r ring) []point {
	steps := max(2, int((r.to-r.from)/(2*math.Pi)*180))
	return append(arc(r.center, r.outer, r.from, r.to, steps), arc(r.center, r.inner, r.to, r.from, steps)...)
}
