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

// seriesColors are the light theme's colours of the series, in their order.
var seriesColors = []string{"#3370ff", "#0fa897", "#ed8a1c", "#7f5af0", "#e8497a", "#2f9fe0", "#6aa62c", "#94756a"}

// baseColors are the light theme's colours of the inks before inkSeries, with
// the page's custom property for each.
var baseColors = [inkSeries]struct{ property, light string }{
	inkText:  {"--cc-text", "#1f2329"},
	inkMuted: {"--cc-muted", "#646a73"},
	inkGrid:  {"--cc-line", "#dee0e3"},
	inkTrack: {"--cc-track", "#e8eaed"},
	inkGood:  {"--cc-success-fill", "#2ea121"},
	inkOn:    {"--cc-on-chart", "#ffffff"},
}

// light is the colour of the ink on white.
func (i ink) light() string {
	if i >= inkSeries {
		return seriesColors[i-inkSeries]
	}
	return baseColors[i].light
}

// themed is the colour that the page gives the ink, or the light one where the
// page gives none.
func (i ink) themed() string {
	if i >= inkSeries {
		return fmt.Sprintf("var(--cc-chart-%d,%s)", i-inkSeries+1, i.light())
	}
	return "var(" + baseColors[i].property + "," + i.light() + ")"
}

// SVG draws the chart as one svg element that scales to its container, follows
// the page's colours (custom properties --cc-text, --cc-muted, --cc-line,
// --cc-track, --cc-success-fill, --cc-on-chart, --cc-chart-1 to 8; light colours
// where they are missing) and needs neither styles nor scripts. Every value is
// in the drawing, at least in its label for screen readers. It fails where
// Check does.
func SVG(c card.Chart, lang crm.Lang) (string, error) {
	d, err := draw(c, lang)
	if err != nil {
		return "", err
	}
	var w svgWriter
	h := num(d.height())
	w.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" class="cc-chart" viewBox="0 0 ` + num(width) + " " + h +
		`" width="` + num(width) + `" height="` + h + `" role="img" aria-label="` + esc(describe(c)) +
		`" font-size="` + num(fontSize) + `" fill="` + inkText.themed() + `">`)
	for _, s := range d.shapes {
		w.shape(s)
	}
	w.WriteString("</svg>")
	return w.String(), nil
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

type svgWriter struct{ strings.Builder }

func (w *svgWriter) shape(s shape) {
	switch s := s.(type) {
	case rect:
		w.open("rect", "x", num(s.x), "y", num(s.y), "width", num(math.Max(s.w, 0)), "height", num(math.Max(s.h, 0)), "rx", num(s.round), "fill", s.fill.themed())
		w.close("rect", s.tip)
	case rule:
		w.open("line", "x1", num(s.x1), "y1", num(s.y1), "x2", num(s.x2), "y2", num(s.y2), "stroke", s.stroke.themed())
		w.close("line", "")
	case polyline:
		w.open("polyline", "points", points(s.points), "fill", "none", "stroke", s.stroke.themed(), "stroke-width", "2", "stroke-linejoin", "round", "stroke-linecap", "round")
		w.close("polyline", "")
	case polygon:
		w.open("polygon", "points", points(s.points), "fill", s.fill.themed())
		w.close("polygon", s.tip)
	case dot:
		w.open("circle", "cx", num(s.at.x), "cy", num(s.at.y), "r", num(s.radius), "fill", s.fill.themed())
		w.close("circle", s.tip)
	case ring:
		w.open("path", "d", ringPath(s), "fill", s.fill.themed(), "fill-rule", "evenodd")
		w.close("path", s.tip)
	case label:
		w.label(s)
	}
}

func (w *svgWriter) open(tag string, attrs ...string) {
	w.WriteString("<" + tag)
	for i := 0; i+1 < len(attrs); i += 2 {
		w.WriteString(" " + attrs[i] + `="` + attrs[i+1] + `"`)
	}
}

func (w *svgWriter) close(tag, tip string) {
	if tip == "" {
		w.WriteString("/>")
		return
	}
	w.WriteString("><title>" + esc(tip) + "</title></" + tag + ">")
}

func (w *svgWriter) label(l label) {
	w.open("text", "x", num(l.x), "y", num(l.y))
	if l.size != fontSize {
		w.open1("font-size", num(l.size))
	}
	if l.fill != inkText {
		w.open1("fill", l.fill.themed())
	}
	if l.anchor != fromStart {
		w.open1("text-anchor", string(l.anchor))
	}
	if l.bold {
		w.open1("font-weight", "600")
	}
	w.WriteByte('>')
	if l.tip != "" && l.tip != l.text {
		w.WriteString("<title>" + esc(l.tip) + "</title>")
	}
	w.WriteString(esc(l.text) + "</text>")
}

// open1 adds one attribute to the open tag.
func (w *svgWriter) open1(name, value string) { w.WriteString(" " + name + `="` + value + `"`) }

func points(ps []point) string {
	parts := make([]string, len(ps))
	for i, p := range ps {
		parts[i] = num(p.x) + "," + num(p.y)
	}
	return strings.Join(parts, " ")
}

// ringPath is the outline of a part of a ring; a whole turn is two circles,
// because an arc cannot end where it starts.
func ringPath(r ring) string {
	cx, cy := r.center.x, r.center.y
	if r.to-r.from > 2*math.Pi-1e-6 {
		circle := func(r float64) string {
			return fmt.Sprintf("M%s %sa%s %s 0 1 0 %s 0a%s %s 0 1 0 %s 0Z", num(cx-r), num(cy), num(r), num(r), num(2*r), num(r), num(r), num(-2*r))
		}
		return circle(r.outer) + circle(r.inner)
	}
	large := 0
	if r.to-r.from > math.Pi {
		large = 1
	}
	at := func(radius, a float64) string {
		return num(cx+radius*math.Cos(a)) + " " + num(cy+radius*math.Sin(a))
	}
	return fmt.Sprintf("M%sA%s %s 0 %d 1 %sL%sA%s %s 0 %d 0 %sZ",
		at(r.outer, r.from), num(r.outer), num(r.outer), large, at(r.outer, r.to),
		at(r.inner, r.to), num(r.inner), num(r.inner), large, at(r.inner, r.from))
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
