package metric

import (
	"math/big"
	"strconv"
	"strings"

	"crmbot/internal/crm"
)

// Value is a metric's number, exact: Num over Den. Den is 1 for counts and
// amounts (in 分), 100 for what is counted in parts of one, and 0 when there is no
// value because nothing was there to divide by or to take the middle of. Middle
// values have Den 1 or 2.
type Value struct {
	Num int64 `json:"n"`
	Den int64 `json:"d"`
}

// Whole is the value of a count or an amount.
func Whole(n int64) Value { return Value{n, 1} }

// None reports whether there is no value.
func (v Value) None() bool { return v.Den == 0 }

// Cmp compares exactly; no value is below every value.
func (v Value) Cmp(w Value) int {
	switch {
	case v.None() && w.None():
		return 0
	case v.None():
		return -1
	case w.None():
		return 1
	}
	l := new(big.Int).Mul(big.NewInt(v.Num), big.NewInt(w.Den))
	return l.Cmp(new(big.Int).Mul(big.NewInt(w.Num), big.NewInt(v.Den)))
}

// Equal reports whether both are the same number or both none.
func (v Value) Equal(w Value) bool { return v.Cmp(w) == 0 }

// In is the value in the unit in which people read the metric: 元, percent,
// hours or pieces. No value is 0. For charts and goals, not for sums.
func (v Value) In(d Def) float64 {
	if v.None() {
		return 0
	}
	f := float64(v.Num) / float64(v.Den)
	switch d.Aggregate {
	case SumAmount, CostPer:
		return f / 100
	case MedianQty:
		return f / 60
	case Ratio:
		return f * 100
	}
	return f
}

// Format is the value with its unit: "3 次", "¥12,000.00", "66.7%", "1.5 小时";
// "—" for no value.
func (v Value) Format(d Def, l crm.Lang) string {
	if v.None() {
		return "—"
	}
	switch d.Aggregate {
	case SumAmount, CostPer:
		return v.money().String()
	case Ratio:
		return tenths(v.Num*100, v.Den) + "%"
	case MedianQty:
		return counted(tenths(v.Num, v.Den*60), d.Unit, l)
	}
	return counted(tenths(v.Num, v.Den), d.Unit, l)
}

// counted is a number with its unit: "2 visits", "1 visit". All units of the
// registry are regular plurals.
func counted(n string, unit crm.Text, l crm.Lang) string {
	u := unit.In(l)
	if strings.TrimLeft(n, "+-") == "1" && l == crm.English {
		u = strings.TrimSuffix(u, "s")
	}
	return n + " " + u
}

// Bare is the value without its unit, for narrow places.
func (v Value) Bare(d Def, l crm.Lang) string {
	switch {
	case v.None():
		return "—"
	case d.Aggregate == SumAmount, d.Aggregate == CostPer:
		return v.money().Short(l)
	case d.Aggregate == Ratio:
		return tenths(v.Num*100, v.Den) + "%"
	case d.Aggregate == MedianQty:
		return tenths(v.Num, v.Den*60)
	}
	return tenths(v.Num, v.Den)
}

// money is an amount to the nearest 分: the middle of two amounts may lie
// between.
func (v Value) money() crm.Money {
	n := 2*v.Num + v.Den
	if v.Num < 0 {
		n = 2*v.Num - v.Den
	}
	return crm.Money(n / (2 * v.Den))
}

// tenths is num/den with at most one decimal, rounded half away from zero.
func tenths(num, den int64) string {
	n := big.NewInt(num)
	n.Mul(n, big.NewInt(20))
	n.Quo(n, big.NewInt(den))
	t := n.Int64()
	if t < 0 {
		t = (t - 1) / 2
	} else {
		t = (t + 1) / 2
	}
	s := ""
	if t < 0 {
		s, t = "-", -t
	}
	s += strconv.FormatInt(t/10, 10)
	if t%10 != 0 {
		s += "." + strconv.FormatInt(t%10, 10)
	}
	return s
}
