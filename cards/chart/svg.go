package chart

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// The size of a drawing, in its own units. A phone shows it a little smaller,
// a desktop a little larger than one unit per pixel.
const (
	width     = 400.0
	pad       = 8.0
	fontSize  = 12.0
	titleSize = 14.0
)

// Colours are custom properties of the page with a fallback for drawings that
// stand alone, so a chart follows the page's theme without a style of its own.
const (
	inkColor   = "var(--cc-text,#1f2329)"
	mutedColor = "var(--cc-muted,#646a73)"
	gridColor  = "var(--cc-line,#dee0e3)"
	trackColor = "var(--cc-track,#eff0f1)"
	goodColor  = "var(--cc-success,#2ea121)"
	onColor    = "var(--cc-on-chart,#fff)"
)

var palette = []string{"#3370ff", "#14c0a8", "#ff9f2e", "#7f5af0", "#f5547d", "#4bb4f5", "#8bc34a", "#a1887f"}

func seriesColor(i int) string {
	n := i % len(palette)
	return fmt.Sprintf("var(--cc-chart-%d,%s)", n+1, palette[n])
}

// SVG draws the chart as one svg element that scales to its container, follows
// the page's colours (custom properties --cc-text, --cc-muted, --cc-line,
// --cc-track, --cc-chart-1 to 8) and needs neither styles nor scripts. Every
// value is in the drawing, at least as the tooltip of its mark. It fails where
// Check does.
func SVG(c card.Chart, lang crm.Lang) (string, error) {
	if err := Check(c); err != nil {
		return "", err
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
	return d.finish(c), nil
}

// drawing collects elements from top to bottom; y is where the next part
// begins.
type drawing struct {
	b    strings.Builder
	lang crm.Lang
	y    float64
}

func (d *drawing) finish(c card.Chart) string {
	h := num(math.Ceil(d.y + pad))
	return `<svg xmlns="http://www.w3.org/2000/svg" class="cc-chart" viewBox="0 0 ` + num(width) + " " + h +
		`" width="` + num(width) + `" height="` + h + `" role="img" aria-label="` + esc(describe(c)) +
		`" font-size="` + num(fontSize) + `" fill="` + inkColor + `">` + d.b.String() + `</svg>`
}

// describe says the whole chart in words, for readers that cannot see it.
func describe(c card.Chart) string {
	var b strings.Builder
	b.WriteString(c.Title)
	for _, s := range c.Series {
		b.WriteString("; ")
		if len(c.Series) > 1 {
			b.WriteString(s.Name + ": ")
		}
		for i, v := range s.Values {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(c.Categories[i] + " " + Value(c, v))
		}
	}
	return b.String()
}

// head draws the title, the unit and, for several series, the legend.
func (d *drawing) head(c card.Chart) {
	if c.Title != "" {
		d.y += titleSize
		d.write(label{x: pad, y: d.y, text: fit(c.Title, titleSize, width-2*pad), size: titleSize, bold: true})
		d.y += 8
	}
	if c.Unit != "" && c.Unit != "%" {
		d.y += 10
		d.write(label{x: pad, y: d.y, text: fit(d.lang.T("单位：", "Unit: ")+c.Unit, 11, width/2), size: 11, fill: mutedColor})
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
		d.rect(rect{x: x, y: d.y - 9, w: 10, h: 10, fill: seriesColor(i), round: 2})
		d.write(label{x: x + 15, y: d.y, text: name, fill: mutedColor})
		x += w
	}
	d.y += 8
}

// rect is a box; tip is shown when it is pointed at.
type rect struct {
	x, y, w, h, round float64
	fill, tip         string
}

func (d *drawing) rect(r rect) {
	fmt.Fprintf(&d.b, `<rect x="%s" y="%s" width="%s" height="%s" rx="%s" fill="%s"`,
		num(r.x), num(r.y), num(math.Max(r.w, 0)), num(math.Max(r.h, 0)), num(r.round), r.fill)
	d.close("rect", r.tip)
}

func (d *drawing) close(tag, tip string) {
	if tip == "" {
		d.b.WriteString("/>")
		return
	}
	d.b.WriteString("><title>" + esc(tip) + "</title></" + tag + ">")
}

func (d *drawing) line(x1, y1, x2, y2 float64, stroke string) {
	fmt.Fprintf(&d.b, `<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s"/>`, num(x1), num(y1), num(x2), num(y2), stroke)
}

func (d *drawing) path(shape, attrs, tip string) {
	d.b.WriteString(`<path d="` + shape + `" ` + attrs)
	d.close("path", tip)
}

// label is one line of text. The zero fill, size and anchor mean ink, the
// normal size and left-aligned.
type label struct {
	x, y, size   float64
	text         string
	fill, anchor string
	bold         bool
	tip          string
}

func (d *drawing) write(l label) {
	if l.text == "" {
		return
	}
	fmt.Fprintf(&d.b, `<text x="%s" y="%s"`, num(l.x), num(l.y))
	if l.size != 0 && l.size != fontSize {
		fmt.Fprintf(&d.b, ` font-size="%s"`, num(l.size))
	}
	if l.fill != "" {
		fmt.Fprintf(&d.b, ` fill="%s"`, l.fill)
	}
	if l.anchor != "" {
		fmt.Fprintf(&d.b, ` text-anchor="%s"`, l.anchor)
	}
	if l.bold {
		d.b.WriteString(` font-weight="600"`)
	}
	d.b.WriteByte('>')
	if l.tip != "" && l.tip != l.text {
		d.b.WriteString("<title>" + esc(l.tip) + "</title>")
	}
	d.b.WriteString(esc(l.text) + "</text>")
}

// num writes a coordinate with at most two decimals.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// esc escapes text for markup and drops characters that XML does not allow.
func esc(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF || r == 0x7F {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return html.EscapeString(s)
}

// tip is what is shown when a value is pointed at.
func tip(c card.Chart, series, category int) string {
	s := c.Series[series]
	name := c.Categories[category]
	if len(c.Series) > 1 {
		name += " · " + s.Name
	}
	return name + ": " + Value(c, s.Values[category])
}
