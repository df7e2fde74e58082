package larkjson

import (
	"fmt"
	"math"
	"strings"

	"crmbot/cards/card"
)

// palette reads well on the light and on the dark background of the client.
var palette = []string{"#3370FF", "#34A853", "#F08300", "#7F3BF5", "#F54A45", "#0FA5B5", "#D99904", "#DB66DB"}

// axisColour is a grey between both backgrounds.
const axisColour = "#8F959E"

// chart is a native chart while the card may have one more, else text.
func (r *renderer) chart(c card.Chart) []node {
	if r.plan.chartText || r.charts >= MaxCharts {
		r.lose("chart", "lines of text")
		return r.chartText(c)
	}
	spec, err := r.spec(c)
	if err != nil {
		r.fail(err)
		return nil
	}
	r.charts++
	n := node{"tag": "chart", "chart_spec": spec, "preview": true, "color_theme": "brand"}
	if h := chartHeight(c); h > 0 {
		n["height"] = fmt.Sprintf("%dpx", h)
	} else {
		n["aspect_ratio"] = "16:9"
	}
	return []node{n}
}

// chartHeight gives charts with one line per category the room they need;
// 0 means by ratio.
func chartHeight(c card.Chart) int {
	rows, base := len(c.Categories), 100
	if len(c.Series) > 1 {
		base += 50 // legend
	}
	switch {
	case c.Kind == card.ProgressChart:
		return min(70+rows*34, 999)
	case c.Kind == card.BarChart && c.Horizontal:
		return min(base+rows*max(28, 16*len(c.Series)), 999)
	case c.Kind == card.StackedBar && c.Horizontal:
		return min(base+rows*28, 999)
	case c.Kind == card.FunnelChart:
		return min(80+rows*64, 999)
	}
	return 0
}

// spec is the VChart specification: data only, no functions.
func (r *renderer) spec(c card.Chart) (node, error) {
	s := node{"color": palette, "padding": 12}
	if title := r.chartTitle(c); title != nil {
		s["title"] = title
	}
	switch c.Kind {
	case card.BarChart, card.StackedBar, card.LineChart:
		r.cartesian(s, c)
	case card.PieChart:
		// The legend carries the numbers: labels beside the slices do not fit a phone.
		s["type"], s["categoryField"], s["valueField"] = "pie", "x", "y"
		s["outerRadius"], s["innerRadius"] = 0.85, 0.5
		s["label"] = node{"visible": false}
		s["legends"] = legend("right")
		s["data"] = r.slices(c)
	case card.FunnelChart:
		s["type"], s["categoryField"], s["valueField"] = "funnel", "x", "y"
		s["isTransform"], s["maxSize"], s["minSize"] = true, "80%", "25%"
		s["label"] = node{"visible": true, "style": node{"fill": "#FFFFFF"}}
		s["transform"] = node{"style": node{"fill": axisColour, "fillOpacity": 0.2}}
		s["transformLabel"] = node{"visible": true, "style": node{"fill": axisColour}}
		s["outerLabel"] = node{"visible": false}
		s["legends"] = node{"visible": false}
		s["data"] = r.values(c, true)
	case card.ProgressChart:
		r.linear(s, c)
	default:
		return nil, fmt.Errorf("chart %q: unknown kind %q", c.Title, c.Kind)
	}
	return s, nil
}

func (r *renderer) chartTitle(c card.Chart) node {
	title, unit := r.clip(oneLine(c.Title)), r.clip(oneLine(c.Unit))
	if c.Kind == card.ProgressChart {
		unit = "" // shares are always in percent
	}
	if title == "" && unit == "" {
		return nil
	}
	if unit != "" {
		unit = r.lang.T("单位：", "Unit: ") + unit
	}
	if title == "" {
		title, unit = unit, ""
	}
	n := node{"visible": true, "text": title, "textStyle": node{"fill": axisColour, "fontSize": 14}}
	if unit != "" {
		n["subtext"], n["subtextStyle"] = unit, node{"fill": axisColour, "fontSize": 12}
	}
	return n
}

func legend(orient string) node {
	return node{"visible": true, "orient": orient, "item": node{"label": node{"style": node{"fill": axisColour}}}}
}

func (r *renderer) cartesian(s node, c card.Chart) {
	several := len(c.Series) > 1
	s["type"], s["seriesField"], s["barMaxWidth"] = "bar", "s", 48
	s["data"] = r.values(c, false)
	var category any = "x"
	switch c.Kind {
	case card.LineChart:
		s["type"] = "line"
		delete(s, "barMaxWidth")
		s["point"] = node{"visible": len(c.Categories) <= 31, "style": node{"size": 6}}
		s["invalidType"] = "break"
	case card.StackedBar:
		s["stack"] = true
	case card.BarChart:
		if several {
			category = []string{"x", "s"}
		}
	}
	sideways := c.Horizontal && c.Kind != card.LineChart
	labels := node{"visible": true, "style": node{"fill": axisColour, "lineWidth": 0}}
	categories := node{"type": "band", "orient": "bottom", "label": labels}
	values := node{"type": "linear", "orient": "left", "label": labels, "nice": true,
		"expand": node{"max": 0.12}, // room for the labels on top
		"grid":   node{"visible": true, "style": node{"stroke": axisColour, "strokeOpacity": 0.25}}}
	if sideways {
		s["direction"], s["xField"], s["yField"] = "horizontal", "y", category
		categories["orient"], values["orient"] = "left", "bottom"
	} else {
		s["xField"], s["yField"] = category, "y"
	}
	s["axes"] = []node{categories, values}
	if !several && len(c.Categories) <= 12 {
		s["label"] = labels
	}
	if several {
		s["legends"] = legend("bottom")
	} else {
		s["legends"] = node{"visible": false}
	}
}

// linear shows shares as bars, the percentage beside each name.
func (r *renderer) linear(s node, c card.Chart) {
	names := r.distinct(c.Categories)
	values := []node{}
	for i, v := range c.Series[0].Values {
		v = share(v, 1)
		values = append(values, node{"x": fmt.Sprintf("%s  %s%%", names[i], number(v*100)), "y": v, "s": ""})
	}
	s["type"], s["direction"] = "linearProgress", "horizontal"
	s["data"] = node{"values": values}
	s["xField"], s["yField"], s["seriesField"] = "y", "x", "s"
	s["cornerRadius"], s["bandWidth"] = 6, 12
	s["track"] = node{"style": node{"fill": axisColour, "fillOpacity": 0.25}}
	s["axes"] = []node{
		{"orient": "left", "type": "band", "label": node{"visible": true, "style": node{"fill": axisColour}},
			"domainLine": node{"visible": false}, "tick": node{"visible": false}},
		{"orient": "bottom", "type": "linear", "visible": false, "min": 0, "max": 1},
	}
	s["legends"] = node{"visible": false}
}

// slices are a pie's data, each name with its value and share.
func (r *renderer) slices(c card.Chart) node {
	total := 0.0
	for _, v := range c.Series[0].Values {
		if v > 0 && !math.IsInf(v, 0) {
			total += v
		}
	}
	names := r.distinct(c.Categories)
	out := []node{}
	for i, v := range c.Series[0].Values {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			v = 0 // there is no slice of less than nothing
		}
		out = append(out, node{"x": fmt.Sprintf("%s  %s · %s%%", names[i], number(v), number(math.Round(share(v, total)*1000)/10)), "y": v})
	}
	return node{"values": out}
}

// values are the chart's data: category x, value y and, unless first is set,
// the series s. What is no number is a gap.
func (r *renderer) values(c card.Chart, first bool) node {
	names := r.distinct(c.Categories)
	series := c.Series
	if first {
		series = series[:1]
	}
	var titles []string
	for _, s := range series {
		titles = append(titles, s.Name)
	}
	titles = r.distinct(titles)
	out := []node{}
	for i, s := range series {
		for j, v := range s.Values {
			d := node{"x": names[j], "y": nil}
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				d["y"] = v
			}
			if !first {
				d["s"] = titles[i]
			}
			out = append(out, d)
		}
	}
	return node{"values": out}
}

// distinct numbers names that occur twice, which a chart would add up.
func (r *renderer) distinct(names []string) []string {
	used := map[string]bool{}
	out := make([]string, len(names))
	for i, n := range names {
		n, _ = cut(r.clip(oneLine(n)), 40)
		try := n
		for k := 2; used[try]; k++ {
			try = fmt.Sprintf("%s (%d)", n, k)
		}
		used[try] = true
		out[i] = try
	}
	return out
}

// textPoints is how many values a chart shown as text has at most.
const textPoints = 20

func (r *renderer) chartText(c card.Chart) []node {
	lines := []string{}
	if title := strings.TrimSpace(oneLine(c.Title)); title != "" {
		lines = append(lines, title)
	}
	series := c.Series
	if c.Kind == card.PieChart || c.Kind == card.FunnelChart || c.Kind == card.ProgressChart {
		series = series[:1]
	}
	shown, total := 0, 0
	for _, s := range series {
		var values []string
		for i, v := range s.Values {
			total++
			if shown == textPoints {
				continue
			}
			shown++
			text := number(v) + oneLine(c.Unit)
			if c.Kind == card.ProgressChart {
				text = number(share(v, 1)*100) + "%"
			}
			values = append(values, strings.TrimSpace(oneLine(c.Categories[i])+" "+text))
		}
		if len(values) == 0 {
			continue
		}
		line := strings.Join(values, " · ")
		if len(series) > 1 {
			line = oneLine(s.Name) + r.lang.T("：", ": ") + line
		}
		lines = append(lines, line)
	}
	if total > shown {
		lines = append(lines, more(r.lang, total-shown, "项", "values"))
	}
	return []node{div(r.clip(strings.Join(lines, "\n")), "", "")}
}
