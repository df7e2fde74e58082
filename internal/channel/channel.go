// Package channel tells what each channel and campaign brings and costs: leads,
// valid leads, conversions and deals, which are facts about records that came
// from there, and the money that was spent, which people enter.
package channel

import (
	"context"
	"fmt"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/metric"
)

// FactCost is money spent on one day for a channel.
const FactCost = "channel.cost"

// Origin is where something came from: a channel, which is a lead's source, and
// the campaign within it. Both may be empty.
type Origin struct{ Channel, Campaign string }

// CostID is the number of a cost.
type CostID int64

// Ref is the cost's code.
func (id CostID) Ref() crm.Ref { return crm.Ref{Kind: crm.KindCost, ID: int64(id)} }

func (id CostID) String() string { return id.Ref().String() }

// Cost is money that was spent for a channel over some days.
type Cost struct {
	ID CostID
	Origin
	// Period are the days that it is spread over evenly.
	Period crm.Period
	Amount crm.Money
	By     crm.UserID
	At     time.Time
	// Corrects is the cost that it replaced; zero: none.
	Corrects CostID
	// VoidedAt is when it was corrected or taken back, by VoidedBy; zero: it counts.
	VoidedAt time.Time
	VoidedBy crm.UserID
}

// Voided reports whether it counts no more.
func (c Cost) Voided() bool { return !c.VoidedAt.IsZero() }

// The bounds of a cost and of a table.
const (
	maxCostDays  = 366
	maxTableDays = 731
	maxCost      = crm.Money(100_000_000_00) // 分
)

// Spread divides an amount over n days: evenly, and what is left of it by one 分
// a day from the first on. The parts sum to the amount.
func Spread(amount crm.Money, n int) []crm.Money {
	if n <= 0 {
		return nil
	}
	each, rest := int64(amount)/int64(n), int64(amount)%int64(n)
	out := make([]crm.Money, n)
	for i := range out {
		out[i] = crm.Money(each)
		if int64(i) < rest {
			out[i]++
		}
	}
	return out
}

func checkCost(c Cost) error {
	switch {
	case c.Channel == "":
		return crm.Invalid("缺少渠道", "the channel is missing").WithNext("例如 /渠道 花费 广告 5000 2026-03", "for example /channels cost Ads 5000 2026-03")
	case len([]rune(c.Channel)) > 30 || len([]rune(c.Campaign)) > 60:
		return crm.Invalid("渠道最多 30 个字，活动最多 60 个字", "a channel has at most 30 characters, a campaign at most 60")
	case c.Amount <= 0 || c.Amount > maxCost:
		return crm.Invalid("花费应大于 0，最多 "+maxCost.String(), "a cost is more than 0 and at most "+maxCost.String())
	case c.Period.Days() < 1 || c.Period.Days() > maxCostDays:
		return crm.Invalid(fmt.Sprintf("一笔花费应在 1 到 %d 天之间，写了 %d 天", maxCostDays, c.Period.Days()), fmt.Sprintf("one cost is for 1 to %d days, not %d", maxCostDays, c.Period.Days()))
	}
	return nil
}

// facts are the cost's days; sign is -1 to take them back.
func (c Cost) facts(now time.Time, sign int64) []crm.Fact {
	parts := Spread(c.Amount, c.Period.Days())
	out := make([]crm.Fact, len(parts))
	for i, p := range parts {
		out[i] = crm.Fact{At: now, Day: c.Period.From.AddDays(i), Key: FactCost, Qty: sign, Amount: crm.Money(sign * int64(p)), Ref: c.ID.Ref()}
	}
	return out
}

// Columns are the metrics of the table, in order.
var Columns = []string{"lead.new", "lead.valid", "lead.converted", "lead.conversion", "deal.won", "channel.cost", "channel.cost_per_valid", "channel.cost_per_deal"}

// Row is one line of the table.
type Row struct {
	Origin
	// Values are those of the table's metrics.
	Values []metric.Value
}

// Table is what the channels brought and cost in a period.
type Table struct {
	Period crm.Period
	// Channel is set when only one is shown, with its campaigns as rows.
	Channel string
	Metrics []metric.Def
	Rows    []Row
	Total   Row
	// Days are the days of the chart, Daily their values in the order of Metrics:
	// the last days of the period if it is long.
	Days  []crm.Day
	Daily map[string][][]metric.Value // by channel, or by campaign of the one that is shown
}

// At is the index of a metric in Values; -1 when it is not there.
func (t Table) At(key string) int {
	for i, d := range t.Metrics {
		if d.Key == key {
			return i
		}
	}
	return -1
}

// Store keeps costs and knows where records came from.
type Store interface {
	// FactPoints are the facts of a filter.
	FactPoints(ctx context.Context, f metric.Filter) ([]metric.Record, error)
	// Origins says where leads, deals and costs came from; those that nobody knows
	// are left out.
	Origins(ctx context.Context, refs []crm.Ref) (map[crm.Ref]Origin, error)
	// AddCost stores a new one and sets its id.
	AddCost(ctx context.Context, c *Cost) error
	// Cost finds one; crm.CodeNotFound when there is none.
	Cost(ctx context.Context, id CostID) (Cost, error)
	// VoidCost marks one as voided if it counts still, and reports whether it did.
	VoidCost(ctx context.Context, id CostID, by crm.UserID, at time.Time) (bool, error)
	// Costs are the newest, voided or not, at most n.
	Costs(ctx context.Context, n int) ([]Cost, error)
}
