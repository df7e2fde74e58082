// Package goal holds the process goals of people (G-01) and turns what they
// did into points (G-02).
package goal

import (
	"math"
	"strconv"

	"crmbot/internal/crm"
)

// Points are tenths of a point: 600 is 60.0, the pass mark. 0 to 1200.
type Points int

// The lines of G-02.
const (
	PassPoints      Points = 600
	GoodPoints      Points = 800
	ExcellentPoints Points = 1000
	MaxPoints       Points = 1200
)

// String is the points with at most one decimal: "86.7", "60".
func (p Points) String() string {
	s := strconv.Itoa(int(p) / 10)
	if p%10 != 0 {
		s += "." + strconv.Itoa(int(p)%10)
	}
	return s
}

// Float is the points as a number, for charts.
func (p Points) Float() float64 { return float64(p) / 10 }

// Grade is how good the points are.
type Grade string

// The grades of G-02.
const (
	Below     Grade = "below"
	Pass      Grade = "pass"
	Good      Grade = "good"
	Excellent Grade = "excellent"
)

// Grade is the grade of the points: pass from 60, good from 80, excellent from 100.
func (p Points) Grade() Grade {
	switch {
	case p >= ExcellentPoints:
		return Excellent
	case p >= GoodPoints:
		return Good
	case p >= PassPoints:
		return Pass
	}
	return Below
}

// Name is the grade's word in the language.
func (g Grade) Name(l crm.Lang) string {
	switch g {
	case Excellent:
		return l.T("优秀", "excellent")
	case Good:
		return l.T("良好", "good")
	case Pass:
		return l.T("及格", "pass")
	}
	return l.T("未达标", "below pass")
}

// Line is the goal for one metric in the unit in which people read it.
type Line struct {
	Metric    string  `json:"metric"`
	Pass      float64 `json:"pass"`
	Good      float64 `json:"good"`
	Excellent float64 `json:"excellent"`
	// Weight is the share in the day score; zero counts as 1.
	Weight int `json:"weight,omitempty"`
}

// PointsOf are the points for a value against the goal (G-02): 0 for nothing,
// rising evenly to 60 at pass, on to 100 at excellent, further at the same
// slope, and never above 120. Negative values are 0.
func (l Line) PointsOf(value float64) Points {
	if value <= 0 || l.Pass <= 0 || math.IsNaN(value) {
		return 0
	}
	var p float64
	switch span := l.Excellent - l.Pass; {
	case value < l.Pass:
		p = 60 * value / l.Pass
	case span <= 0: // pass and excellent are one line
		p = 100 * value / l.Pass
	default:
		p = 60 + 40*(value-l.Pass)/span
	}
	return Points(math.Round(min(p*10, float64(MaxPoints)))) // no integer holds what a line just above pass gives
}

// Reached reports whether the value is at the pass line or above.
func (l Line) Reached(value float64) bool { return value >= l.Pass }

// Scaled is the goal for so many working days of a flow metric; rates keep
// their lines.
func (l Line) Scaled(days int, additive bool) Line {
	if additive {
		f := float64(days)
		l.Pass, l.Good, l.Excellent = l.Pass*f, l.Good*f, l.Excellent*f
	}
	return l
}

// Item is one goal's points with its weight.
type Item struct {
	Points Points
	Weight int
}

// Score is the weighted mean of the items; false without any (exempt).
func Score(items []Item) (Points, bool) {
	sum, weights := 0, 0
	for _, i := range items {
		w := max(i.Weight, 1)
		sum += int(i.Points) * w
		weights += w
	}
	if weights == 0 {
		return 0, false
	}
	return Points((sum + weights/2) / weights), true
}
