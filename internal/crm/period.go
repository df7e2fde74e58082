package crm

import (
	"fmt"
	"time"
)

// Period is a row of days, half-open: From is its first day and To the first
// day after it. So a month is {2026-03-01, 2026-04-01}, adjacent periods share
// a bound, and a query reads `day >= From AND day < To`. The zero value holds
// no day. Last gives the inclusive end that people read.
type Period struct{ From, To Day }

// DayPeriod is the one day.
func DayPeriod(d Day) Period { return Period{d, d.AddDays(1)} }

// WeekOf is the week, Monday to Sunday, that holds the day.
func WeekOf(d Day) Period { return Period{d.Monday(), d.Monday().AddDays(7)} }

// MonthOf is the month that holds the day.
func MonthOf(d Day) Period { return monthsFrom(d, 1) }

// QuarterOf is the calendar quarter that holds the day.
func QuarterOf(d Day) Period { return monthsFrom(d, 3) }

// HalfOf is the half year that holds the day.
func HalfOf(d Day) Period { return monthsFrom(d, 6) }

// YearOf is the calendar year that holds the day.
func YearOf(d Day) Period { return monthsFrom(d, 12) }

// monthsFrom is the aligned run of n months that holds the day.
func monthsFrom(d Day, n int) Period {
	y, m, _ := d.Date()
	first, ok := NewDay(y, time.Month((int(m)-1)/n*n+1), 1)
	if !ok {
		return Period{}
	}
	return Period{first, first.AddMonths(n)}
}

// Days is how many days the period holds; 0 for an empty one.
func (p Period) Days() int { return max(0, p.To.Sub(p.From)) }

// Last is the last day inside the period; "" when it is empty.
func (p Period) Last() Day {
	if p.Days() == 0 {
		return ""
	}
	return p.To.AddDays(-1)
}

// Contains reports whether the day is inside the period.
func (p Period) Contains(d Day) bool { return d >= p.From && d < p.To && d != "" }

// Previous is the period of the same kind just before: the month before a
// month, the quarter before a quarter, else as many days.
func (p Period) Previous() Period { return p.shift(-1) }

// Next is the period of the same kind just after.
func (p Period) Next() Period { return p.shift(1) }

func (p Period) shift(n int) Period {
	if months := p.wholeMonths(); months > 0 {
		return Period{p.From.AddMonths(n * months), p.To.AddMonths(n * months)}
	}
	return Period{p.From.AddDays(n * p.Days()), p.To.AddDays(n * p.Days())}
}

// wholeMonths is the number of months when the period begins and ends with
// one, else 0.
func (p Period) wholeMonths() int {
	y1, m1, d1 := p.From.Date()
	y2, m2, d2 := p.To.Date()
	if d1 != 1 || d2 != 1 {
		return 0
	}
	return (y2-y1)*12 + int(m2) - int(m1)
}

// String is the period's shortest exact form, which ParsePeriod reads back:
// "2026-03-02", "2026-03", "2026-Q1", "2026-H1", "2026", or
// "2026-03-02..2026-03-08" with both days inside.
func (p Period) String() string {
	y, m, _ := p.From.Date()
	switch {
	case p.Days() == 0:
		return ""
	case p.Days() == 1:
		return string(p.From)
	case p == MonthOf(p.From):
		return string(p.From[:7])
	case p == QuarterOf(p.From):
		return fmt.Sprintf("%04d-Q%d", y, (int(m)+2)/3)
	case p == HalfOf(p.From):
		return fmt.Sprintf("%04d-H%d", y, (int(m)+5)/6)
	case p == YearOf(p.From):
		return fmt.Sprintf("%04d", y)
	}
	return string(p.From) + ".." + string(p.Last())
}

// Label names the period for people: "2026年3月", "2026年第1季度", "Q1 2026",
// "2026-03-02 至 2026-03-08".
func (p Period) Label(l Lang) string {
	y, m, _ := p.From.Date()
	switch {
	case p.Days() == 0:
		return ""
	case p.Days() == 1:
		return string(p.From) + " " + WeekdayName(p.From.Weekday(), l)
	case p == MonthOf(p.From):
		return l.T(fmt.Sprintf("%d年%d月", y, m), fmt.Sprintf("%s %d", m.String()[:3], y))
	case p == QuarterOf(p.From):
		q := (int(m) + 2) / 3
		return l.T(fmt.Sprintf("%d年第%d季度", y, q), fmt.Sprintf("Q%d %d", q, y))
	case p == HalfOf(p.From):
		return l.T(fmt.Sprintf("%d年%s半年", y, [2]string{"上", "下"}[int(m)/7]), fmt.Sprintf("H%d %d", (int(m)+5)/6, y))
	case p == YearOf(p.From):
		return l.T(fmt.Sprintf("%d年", y), fmt.Sprintf("%d", y))
	}
	return l.T(string(p.From)+" 至 "+string(p.Last()), string(p.From)+" to "+string(p.Last()))
}
