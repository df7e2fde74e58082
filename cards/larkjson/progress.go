package larkjson

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"crmbot/cards/card"
)

// progressFitsCharts says that all progress bars of a card can be charts
// beside its charts proper; bars are not mixed with charts in one card.
func progressFitsCharts(bs []card.Block) bool {
	n := 0
	var walk func([]card.Block)
	walk = func(bs []card.Block) {
		for _, b := range bs {
			switch b := b.(type) {
			case card.Chart, card.Progress:
				n++
			case card.Columns:
				for _, c := range b.Cols {
					walk(c.Blocks)
				}
			case card.Collapsible:
				walk(b.Blocks)
			}
		}
	}
	walk(bs)
	return n <= MaxCharts
}

var barColours = map[card.Tone]string{
	card.Neutral: "#3370FF", card.Info: "#3370FF", card.Success: "#34A853",
	card.Warning: "#F08300", card.Danger: "#F54A45", card.Muted: "#8F959E",
}

func (r *renderer) progress(p card.Progress) []node {
	share := share(p.Value, p.Max)
	if !r.progressCharts || r.plan.chartText {
		r.lose("progress", "bar of characters")
		return []node{div(r.progressLine(p, textBar(share)), "", textColours[p.Tone])}
	}
	colour, ok := barColours[p.Tone]
	if !ok {
		colour = barColours[card.Neutral]
	}
	r.charts++
	return []node{div(r.progressLine(p, ""), "", ""), {
		"tag": "chart", "height": "24px", "preview": false,
		"chart_spec": node{
			"type": "linearProgress", "direction": "horizontal",
			"data":   node{"values": []node{{"item": "1", "value": share}}},
			"xField": "value", "yField": "item", "seriesField": "item",
			"color": []string{colour}, "cornerRadius": 6, "bandWidth": 12,
			"progress": node{"style": node{"fill": colour}},
			"track":    node{"style": node{"fill": "#8F959E", "fillOpacity": 0.25}},
			"axes":     []node{{"orient": "left", "type": "band", "visible": false}, {"orient": "bottom", "visible": false, "min": 0, "max": 1}},
			"padding":  node{"left": 0, "right": 0, "top": 4, "bottom": 4},
			"legends":  node{"visible": false}, "tooltip": node{"visible": false},
		}}}
}

// progressLine is label, bar, value and marks.
func (r *renderer) progressLine(p card.Progress, bar string) string {
	text := oneLine(p.Text)
	if text == "" {
		text = number(p.Value) + " / " + number(p.Max)
	}
	parts := []string{}
	for _, s := range []string{oneLine(p.Label), bar, text} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	var marks []string
	for _, m := range p.Marks {
		marks = append(marks, strings.TrimSpace(oneLine(m.Label)+" "+number(m.At)))
	}
	line := strings.Join(parts, "  ")
	if len(marks) > 0 {
		line += fmt.Sprintf(r.lang.T("（%s）", " (%s)"), strings.Join(marks, " · "))
	}
	return r.clip(line)
}

// share is value of max between 0 and 1; 0 where max makes no sense.
func share(value, most float64) float64 {
	if !(most > 0) || math.IsNaN(value) || math.IsInf(most, 0) {
		return 0
	}
	return math.Round(min(max(value/most, 0), 1)*1000) / 1000
}

const textBarWidth = 10

func textBar(share float64) string {
	n := int(math.Round(share * textBarWidth))
	return strings.Repeat("▰", n) + strings.Repeat("▱", textBarWidth-n)
}

// number writes a value as a person would: at most two decimals.
func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "—"
	}
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}
