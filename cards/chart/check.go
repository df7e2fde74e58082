package chart

import (
	"fmt"
	"math"

	"crmbot/cards/card"
)

// largestValue is the largest amount that can be drawn; beyond it, axis labels
// would be wider than the chart.
const largestValue = 1e15

// Check reports why the chart cannot be drawn: no data, series of another
// length than the categories, values that are not finite or beyond ±1e15.
// Nil means that both SVG and PNG will draw it.
func Check(c card.Chart) error {
	if len(c.Categories) == 0 || len(c.Series) == 0 {
		return fmt.Errorf("chart %q has no data", c.Title)
	}
	switch c.Kind {
	case card.BarChart, card.StackedBar, card.LineChart, card.PieChart, card.FunnelChart, card.ProgressChart:
	default:
		return fmt.Errorf("chart %q: unknown kind %q", c.Title, c.Kind)
	}
	for _, s := range c.Series {
		if len(s.Values) != len(c.Categories) {
			return fmt.Errorf("chart %q: series %q has %d values for %d categories", c.Title, s.Name, len(s.Values), len(c.Categories))
		}
		for i, v := range s.Values {
			if math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > largestValue {
				return fmt.Errorf("chart %q: value %d of series %q cannot be drawn: %v", c.Title, i, s.Name, v)
			}
		}
	}
	return nil
}

// shapeOf is the shape that the chart is drawn in: a pie or funnel with a
// negative value, which has no meaning as a share, is drawn as sideways bars.
func shapeOf(c card.Chart) card.Chart {
	if c.Kind != card.PieChart && c.Kind != card.FunnelChart && c.Kind != card.ProgressChart {
		return c
	}
	c.Series = c.Series[:1]
	if c.Kind == card.ProgressChart {
		return c
	}
	for _, v := range c.Series[0].Values {
		if v < 0 {
			c.Kind, c.Horizontal = card.BarChart, true
			return c
		}
	}
	return c
}
