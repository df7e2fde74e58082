package textcard

import (
	"math"
	"strings"

	"crmbot/cards/card"
	"crmbot/cards/chart"
)

// barCells is the length of the longest bar, in characters.
const barCells = 10

func (w *writer) progress(p card.Progress) {
	text := one(p.Text)
	if text == "" {
		text = chart.Number(p.Value) + " / " + chart.Number(p.Max)
	}
	line := Bar(p.Value, p.Max) + " " + text
	if p.Label != "" {
		line = one(p.Label) + ": " + line
	}
	if len(p.Marks) > 0 {
		marks := make([]string, len(p.Marks))
		for i, m := range p.Marks {
			marks[i] = one(m.Label) + " " + chart.Number(m.At)
		}
		list := strings.Join(marks, w.lang.T("，", ", "))
		line += w.lang.T("（"+list+"）", " ("+list+")")
	}
	w.line(line)
}

// Bar is value of limit as a row of filled and empty cells. Nothing is filled
// if the limit is not above zero or the value is not a number.
func Bar(value, limit float64) string {
	n := cells(value, limit)
	return strings.Repeat("▓", n) + strings.Repeat("░", barCells-n)
}

// cells is how much of a bar to fill. A value above zero fills at least one
// cell and only a full value fills all, so the ends can be trusted.
func cells(value, limit float64) int {
	if !(limit > 0) || !(value > 0) {
		return 0
	}
	share := value / limit
	if share >= 1 {
		return barCells
	}
	n := int(math.Round(share * barCells))
	return min(max(n, 1), barCells-1)
}

func (w *writer) chart(c card.Chart) {
	head := one(c.Title)
	if c.Unit != "" {
		head += w.lang.T("（单位："+one(c.Unit)+"）", " (unit: "+one(c.Unit)+")")
	}
	w.line(head)
	w.inside(func() {
		if len(c.Series) == 1 || single(c.Kind) && len(c.Series) > 0 {
			w.chartSeries(c)
			return
		}
		limit := largest(c.Series...)
		for i, cat := range c.Categories {
			w.line(one(cat))
			w.inside(func() {
				for _, s := range c.Series {
					if i < len(s.Values) {
						w.line(joinNonEmpty(" ", one(s.Name), chartBar(s.Values[i], limit), chart.Value(c, s.Values[i])))
					}
				}
			})
		}
	})
}

// single tells whether a chart of this kind shows its first series only.
func single(k card.ChartKind) bool {
	return k == card.PieChart || k == card.FunnelChart || k == card.ProgressChart
}

func (w *writer) chartSeries(c card.Chart) {
	s := c.Series[0]
	if s.Name != "" && s.Name != c.Title && !single(c.Kind) {
		w.line(one(s.Name))
	}
	limit := largest(s)
	if c.Kind == card.ProgressChart {
		limit = 1
	}
	total := 0.0
	for _, v := range s.Values {
		total += v
	}
	for i, cat := range c.Categories {
		if i >= len(s.Values) {
			break
		}
		v := s.Values[i]
		bar := chartBar(v, limit)
		if c.Kind == card.ProgressChart {
			bar = Bar(v, limit)
		}
		line := joinNonEmpty(" ", one(cat), bar, chart.Value(c, v))
		if c.Kind == card.PieChart && total > 0 {
			share := chart.Percent(v / total)
			line += w.lang.T("（"+share+"）", " ("+share+")")
		}
		w.line(line)
	}
}

// chartBar is the bar of one value; negative values are drawn lighter.
func chartBar(v, limit float64) string {
	if v < 0 {
		return strings.Repeat("▒", cells(-v, limit))
	}
	return strings.Repeat("▓", cells(v, limit))
}

func largest(series ...card.Series) float64 {
	m := 0.0
	for _, s := range series {
		for _, v := range s.Values {
			if a := math.Abs(v); a > m && !math.IsInf(a, 0) {
				m = a
			}
		}
	}
	return m
}
