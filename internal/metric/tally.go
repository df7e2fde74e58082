package metric

import (
	"slices"

	"crmbot/internal/crm"
)

// Tally is the sum of facts of one person, team or company over a period,
// from which every metric's value is worked out. Tallies of disjoint sets of
// facts can be added. The zero value is empty and ready to use.
type Tally struct {
	qty    map[string]int64
	amount map[string]int64
	points map[string][]point
	first  crm.Day // of the facts; "" when empty
}

// point is one measured fact; negative ones take an equal one of the same
// record back.
type point struct {
	ref string
	qty int64
}

// begin notes a day on which there were facts.
func (t *Tally) begin(d crm.Day) {
	if d != "" && (t.first == "" || d < t.first) {
		t.first = d
	}
}

// AddSum adds quantity and amount of one fact key.
func (t *Tally) AddSum(key string, qty, amount int64) {
	if t.qty == nil {
		t.qty, t.amount = map[string]int64{}, map[string]int64{}
	}
	t.qty[key] += qty
	t.amount[key] += amount
}

// AddPoint adds one measured fact for medians.
func (t *Tally) AddPoint(key, ref string, qty int64) {
	if t.points == nil {
		t.points = map[string][]point{}
	}
	t.points[key] = append(t.points[key], point{ref, qty})
}

// Add adds all facts of another tally.
func (t *Tally) Add(o *Tally) {
	if o == nil {
		return
	}
	t.begin(o.first)
	for k, q := range o.qty {
		t.AddSum(k, q, o.amount[k])
	}
	for k, ps := range o.points {
		if t.points == nil {
			t.points = map[string][]point{}
		}
		t.points[k] = append(t.points[k], ps...)
	}
}

// Value works out a metric. A nil tally is an empty one.
func (t *Tally) Value(d Def) Value {
	if t == nil {
		t = &Tally{}
	}
	switch d.Aggregate {
	case SumAmount:
		return Whole(t.sum(t.amount, d.Facts))
	case SumHundredths:
		return Value{t.sum(t.qty, d.Facts), 100}
	case MedianQty:
		var all []int64
		for _, k := range d.Facts {
			all = append(all, settled(t.points[k])...)
		}
		return median(all)
	case Ratio:
		den := t.sum(t.qty, d.Of)
		if den <= 0 {
			return Value{}
		}
		return Value{t.sum(t.qty, d.Facts), den}
	case CostPer:
		den := t.sum(t.qty, d.Of)
		if den <= 0 {
			return Value{}
		}
		return Value{t.sum(t.amount, d.Facts), den}
	}
	return Whole(t.sum(t.qty, d.Facts))
}

func (t *Tally) sum(m map[string]int64, keys []string) int64 {
	var n int64
	for _, k := range keys {
		n += m[k]
	}
	return n
}

// settled are the quantities that no negative fact of the same record takes back.
func settled(ps []point) []int64 {
	back := map[point]int{}
	for _, p := range ps {
		if p.qty < 0 {
			back[point{p.ref, -p.qty}]++
		}
	}
	var out []int64
	for _, p := range ps {
		if p.qty < 0 {
			continue
		}
		if back[p] > 0 {
			back[p]--
			continue
		}
		out = append(out, p.qty)
	}
	return out
}

func median(xs []int64) Value {
	if len(xs) == 0 {
		return Value{}
	}
	slices.Sort(xs)
	mid := len(xs) / 2
	if len(xs)%2 == 1 {
		return Whole(xs[mid])
	}
	return Value{xs[mid-1] + xs[mid], 2}
}

// MedianOf is the median of values, for comparing people with the middle and
// not only the best (F-12). Values that are none are left out.
func MedianOf(vs []Value) Value {
	vs = slices.DeleteFunc(slices.Clone(vs), Value.None)
	if len(vs) == 0 {
		return Value{}
	}
	slices.SortFunc(vs, Value.Cmp)
	mid := len(vs) / 2
	if len(vs)%2 == 1 {
		return vs[mid]
	}
	a, b := vs[mid-1], vs[mid]
	if a.Den == b.Den {
		if (a.Num+b.Num)%2 == 0 {
			return Value{(a.Num + b.Num) / 2, a.Den}
		}
		return Value{a.Num + b.Num, 2 * a.Den}
	}
	return Value{a.Num*b.Den + b.Num*a.Den, 2 * a.Den * b.Den}
}

// Join adds the tallies of some teams or people.
func Join[K comparable](all map[K]*Tally, keys []K) *Tally {
	var t Tally
	for _, k := range keys {
		t.Add(all[k])
	}
	return &t
}
