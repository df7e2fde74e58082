// Package chart draws the neutral charts of a card: as SVG that follows the
// page's colours, and as PNG for platforms that show pictures only.
package chart

import (
	"math"
	"strconv"
	"strings"

	"crmbot/cards/card"
)

// Number writes a value the way it is shown in charts: at most two decimals,
// no trailing zeros, thousands separated by commas. NaN and infinities, which
// no chart can show, are written as a dash.
func Number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "—"
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', 2, 64)
	whole, frac, _ := strings.Cut(s, ".")
	frac = strings.TrimRight(frac, "0")
	var b strings.Builder
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if frac != "" {
		b.WriteString("." + frac)
	}
	out := b.String()
	if v < 0 && out != "0" {
		return "-" + out
	}
	return out
}

// Percent writes a share (1 is the whole) as a percentage with at most one
// decimal.
func Percent(share float64) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return "—"
	}
	return Number(math.Round(share*1000)/10) + "%"
}

// Value writes one value of the chart with its unit; progress charts hold
// shares and are written as percentages.
func Value(c card.Chart, v float64) string {
	if c.Kind == card.ProgressChart {
		return Percent(v)
	}
	if c.Unit == "%" {
		return Number(v) + "%"
	}
	if c.Unit == "" {
		return Number(v)
	}
	return Number(v) + " " + c.Unit
}
