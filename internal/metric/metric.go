// Package metric is the registry of numbers: what each is called, what it
// means, from which facts it is made and who may see it, and the functions
// that read it. Every report, ranking and goal reads its numbers here, so two
// screens cannot disagree.
package metric

import (
	"slices"

	"crmbot/internal/crm"
)

// Kind is how a number relates to time.
type Kind string

// The kinds of metrics.
const (
	Flow     Kind = "flow"     // what happened during a period; days add up
	Snapshot Kind = "snapshot" // what was true at the end of a period
	Cohort   Kind = "cohort"   // of those that closed in the period, the share or middle that ...
)

// Name is the kind's word in the language.
func (k Kind) Name(l crm.Lang) string {
	switch k {
	case Snapshot:
		return l.T("时点值", "snapshot")
	case Cohort:
		return l.T("队列值", "cohort")
	}
	return l.T("期间值", "flow")
}

// Aggregate is how facts become the number.
type Aggregate string

// The aggregates.
const (
	SumQty    Aggregate = "sum_qty"    // sum of the facts' quantities
	SumAmount Aggregate = "sum_amount" // sum of the facts' amounts, in 分
	// SumHundredths is the sum of the facts' quantities, which are hundredths.
	SumHundredths Aggregate = "sum_hundredths"
	MedianQty     Aggregate = "median_qty" // median of the facts' quantities, which are working minutes
	Ratio         Aggregate = "ratio"      // sum of Facts' quantities over sum of Of's
	// CostPer is the sum of the facts' amounts over the sum of Of's quantities.
	CostPer Aggregate = "cost_per"
)

// Def is one metric. It is data: cards show it word by word.
type Def struct {
	// Key is stable for ever: "visit.valid".
	Key  string
	Name crm.Text
	// Unit stands behind the number: 次, visits.
	Unit crm.Text
	// Definition says in one sentence what is counted and what is not.
	Definition crm.Text
	// TimeField is the moment that decides on which day a fact counts.
	TimeField crm.Text
	Kind      Kind
	Aggregate Aggregate
	// Facts are the fact keys that are summed; of a ratio the upper ones.
	Facts []string
	// Of are the fact keys below the line of a ratio.
	Of []string
	// Sees are the roles who may see it at all; empty: everybody, within the
	// scope of their rights.
	Sees []crm.Role
	// Ranks is the role among whose holders people are ranked (F-12); empty:
	// everybody who has a value.
	Ranks crm.Role
	// Owner is the role that answers for the definition.
	Owner crm.Role
	// LowerIsBetter is set where a smaller number is the better one.
	LowerIsBetter bool
	// Deprecated is the day from which nothing new may use it; old reports keep
	// it. Empty: in use.
	Deprecated crm.Day
}

// Money reports whether the metric is an amount of money.
func (d Def) Money() bool { return d.Aggregate == SumAmount }

// Additive reports whether the values of days and people add up.
func (d Def) Additive() bool {
	return d.Aggregate == SumQty || d.Aggregate == SumAmount || d.Aggregate == SumHundredths
}

// VisibleTo reports whether the actor's roles may see the metric at all. Which
// people and teams they may see is decided apart (PM-01).
func (d Def) VisibleTo(a crm.Actor) bool { return len(d.Sees) == 0 || a.Is(d.Sees...) }

// keys are all fact keys that the metric reads.
func (d Def) keys() []string { return append(slices.Clone(d.Facts), d.Of...) }

// Formula describes the calculation from fact keys, for the definition card.
func (d Def) Formula(l crm.Lang) string {
	up := factNames(d.Facts, l)
	switch d.Aggregate {
	case SumAmount:
		return l.T("金额合计：", "sum of amounts: ") + up
	case SumHundredths:
		return l.T("折算合计：", "sum, in parts of one: ") + up
	case MedianQty:
		return l.T("中位数：", "median of: ") + up
	case Ratio, CostPer:
		return up + " ÷ " + factNames(d.Of, l)
	}
	return l.T("数量合计：", "sum of: ") + up
}

func factNames(keys []string, l crm.Lang) string {
	s := ""
	for i, k := range keys {
		if i > 0 {
			s += " + "
		}
		s += FactName(k, l)
	}
	return s
}
