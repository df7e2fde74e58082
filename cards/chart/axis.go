package chart

import (
	"math"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// axis is a value axis that always contains zero.
type axis struct {
	min, max float64
	ticks    []float64
}

// valueAxis is an axis with up to seven round ticks for the chart's values.
// Bars must start at zero to be comparable; lines do too, so that a small change
// does not look like a large one.
func valueAxis(c card.Chart) axis {
	lo, hi := 0.0, 0.0
	whole := true
	for i := range c.Categories {
		up, down := 0.0, 0.0
		for _, s := range c.Series {
			v := s.Values[i]
			if v != math.Trunc(v) {
				whole = false
			}
			if c.Kind != card.StackedBar {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
			} else if v > 0 {
				up += v
			} else {
				down += v
			}
		}
		lo, hi = math.Min(lo, down), math.Max(hi, up)
	}
	return roundAxis(lo, hi, whole)
}

func roundAxis(lo, hi float64, whole bool) axis {
	if hi-lo <= 0 {
		hi = lo + 1
	}
	step := roundStep((hi - lo) / 5)
	if whole && step < 1 {
		step = 1
	}
	first, last := math.Floor(lo/step+1e-9), math.Ceil(hi/step-1e-9)
	a := axis{min: first * step, max: last * step}
	for i := first; i <= last; i++ {
		a.ticks = append(a.ticks, i*step)
	}
	return a
}

// roundStep is the smallest of 1, 2, 2.5 and 5 times a power of ten that is
// not below raw.
func roundStep(raw float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 2.5, 5, 10} {
		if f*p >= raw*(1-1e-9) {
			return f * p
		}
	}
	return 10 * p
}

// at is where v lies on a line from from to to.
func (a axis) at(v, from, to float64) float64 {
	return from + (v-a.min)/(a.max-a.min)*(to-from)
}

// short writes a tick in few characters: 12000 as 1.2万 or 12k.
func short(v float64, lang crm.Lang) string {
	type unit struct {
		size   float64
		zh, en string
	}
	for _, u := range []unit{{1e12, "万亿", "T"}, {1e9, "", "B"}, {1e8, "亿", ""}, {1e6, "", "M"}, {1e4, "万", "k"}} {
		name := lang.T(u.zh, u.en)
		if name == "" || math.Abs(v) < u.size {
			continue
		}
		size := u.size
		if name == "k" {
			size = 1e3
		}
		return strings.ReplaceAll(Number(v/size), ",", "") + name
	}
	return Number(v)
}
