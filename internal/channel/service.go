package channel

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/metric"
	"crmbot/internal/rule"
)

// Deps are what the service works with.
type Deps struct {
	Store   Store
	Metrics *metric.Registry
	Tx      crm.Transactor
	Effects crm.Effects
	Clock   crm.Clock
	Rules   *rule.Book
}

// Service reads the table and keeps the costs.
type Service struct{ d Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

var (
	readers  = []crm.Role{crm.Manager, crm.Director, crm.Marketing, crm.Finance, crm.Boss, crm.Admin}
	spenders = []crm.Role{crm.Marketing, crm.Admin}
)

func mayRead(a crm.Actor) error {
	if a.Frozen || !a.Is(readers...) {
		return crm.Forbid(a, readers...)
	}
	return nil
}

func maySpend(a crm.Actor) error {
	if a.Frozen || !a.Is(spenders...) {
		return crm.Forbid(a, spenders...)
	}
	return nil
}

// canonical is the channel's own word for another one that means the same.
func (s *Service) canonical(ctx context.Context, name string) string {
	sources, _ := lead.Sources.Of(ctx, s.d.Rules)
	if x, ok := lead.FindSource(sources, name); ok {
		return x.Zh
	}
	return name
}

// Spend enters a cost.
func (s *Service) Spend(ctx context.Context, a crm.Actor, o Origin, amount crm.Money, p crm.Period) (Cost, error) {
	if err := maySpend(a); err != nil {
		return Cost{}, err
	}
	c := Cost{Origin: Origin{s.canonical(ctx, crm.Normalize(o.Channel)), crm.Normalize(o.Campaign)}, Period: p, Amount: amount, By: a.ID, At: s.d.Clock.Now()}
	if err := checkCost(c); err != nil {
		return Cost{}, err
	}
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.add(ctx, a, &c, "channel.cost") })
	return c, err
}

func (s *Service) add(ctx context.Context, a crm.Actor, c *Cost, action string) error {
	c.ID = 0
	if err := s.d.Store.AddCost(ctx, c); err != nil {
		return err
	}
	if err := s.d.Effects.Record(ctx, c.facts(c.At, 1)...); err != nil {
		return err
	}
	return s.d.Effects.Audit(ctx, crm.Audit{At: c.At, Actor: a.ID, Action: action, Ref: c.ID.Ref(),
		Detail: map[string]any{"channel": c.Channel, "campaign": c.Campaign, "amount": int64(c.Amount), "from": string(c.Period.From), "to": string(c.Period.Last()), "corrects": int64(c.Corrects)}})
}

// Correct replaces a cost's amount: the old one is kept and counts no more.
func (s *Service) Correct(ctx context.Context, a crm.Actor, id CostID, amount crm.Money) (Cost, error) {
	if err := maySpend(a); err != nil {
		return Cost{}, err
	}
	var c Cost
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		old, err := s.void(ctx, a, id)
		if err != nil {
			return err
		}
		c = old
		c.Amount, c.By, c.At, c.Corrects = amount, a.ID, s.d.Clock.Now(), id
		if err := checkCost(c); err != nil {
			return err
		}
		return s.add(ctx, a, &c, "channel.cost_correct")
	})
	return c, err
}

// Void takes a cost back.
func (s *Service) Void(ctx context.Context, a crm.Actor, id CostID) error {
	if err := maySpend(a); err != nil {
		return err
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		c, err := s.void(ctx, a, id)
		if err != nil {
			return err
		}
		return s.d.Effects.Audit(ctx, crm.Audit{At: s.d.Clock.Now(), Actor: a.ID, Action: "channel.cost_void", Ref: id.Ref(), Detail: map[string]any{"amount": int64(c.Amount)}})
	})
}

func (s *Service) void(ctx context.Context, a crm.Actor, id CostID) (Cost, error) {
	c, err := s.d.Store.Cost(ctx, id)
	if err != nil {
		return c, err
	}
	now := s.d.Clock.Now()
	ok, err := s.d.Store.VoidCost(ctx, id, a.ID, now)
	if err != nil {
		return c, err
	}
	if !ok {
		return c, crm.Conflict("", id.String()+" 已经更正或撤回过", id.String()+" was corrected or taken back before").WithNext("发送 /渠道 花费 查看", "send /channels cost to see them")
	}
	return c, s.d.Effects.Record(ctx, c.facts(now, -1)...)
}

// Costs are the newest costs with their history.
func (s *Service) Costs(ctx context.Context, a crm.Actor, n int) ([]Cost, error) {
	if err := mayRead(a); err != nil {
		return nil, err
	}
	return s.d.Store.Costs(ctx, n)
}

// chartDays is how many days the daily values show.
const chartDays = 31

// Table is what the channels, or the campaigns of one channel, brought and cost.
// It is of the whole company and names nobody.
func (s *Service) Table(ctx context.Context, a crm.Actor, p crm.Period, channel string) (Table, error) {
	if err := mayRead(a); err != nil {
		return Table{}, err
	}
	if n := p.Days(); n < 1 || n > maxTableDays {
		return Table{}, crm.Invalid(fmt.Sprintf("期间最多 %d 天", maxTableDays), fmt.Sprintf("a period has at most %d days", maxTableDays))
	}
	t := Table{Period: p, Daily: map[string][][]metric.Value{}}
	if channel != "" {
		t.Channel = s.canonical(ctx, channel)
	}
	var keys []string
	for _, k := range Columns {
		d, ok := s.d.Metrics.Get(k)
		if !ok || !d.VisibleTo(a) {
			continue
		}
		t.Metrics = append(t.Metrics, d)
		keys = append(append(keys, d.Facts...), d.Of...)
	}
	slices.Sort(keys)
	facts, err := s.d.Store.FactPoints(ctx, metric.Filter{Keys: slices.Compact(keys), Period: p})
	if err != nil {
		return t, err
	}
	refs := make([]crm.Ref, 0, len(facts))
	for _, f := range facts {
		refs = append(refs, f.Ref)
	}
	origins, err := s.d.Store.Origins(ctx, refs)
	if err != nil {
		return t, err
	}
	t.fill(facts, origins)
	return t, nil
}

// fill sums the facts by where their records came from.
func (t *Table) fill(facts []metric.Record, origins map[crm.Ref]Origin) {
	for d := max(t.Period.From, t.Period.To.AddDays(-chartDays)); d < t.Period.To; d = d.AddDays(1) {
		t.Days = append(t.Days, d)
	}
	rows := map[Origin]*metric.Tally{}
	daily := map[string]map[crm.Day]*metric.Tally{}
	var total metric.Tally
	for _, f := range facts {
		o := origins[f.Ref]
		line := o.Channel
		if t.Channel != "" {
			if o.Channel != t.Channel {
				continue
			}
			line = o.Campaign
		}
		if rows[o] == nil {
			rows[o] = &metric.Tally{}
		}
		rows[o].AddSum(f.Key, f.Qty, int64(f.Amount))
		total.AddSum(f.Key, f.Qty, int64(f.Amount))
		if f.Day < t.Days[0] {
			continue
		}
		if daily[line] == nil {
			daily[line] = map[crm.Day]*metric.Tally{}
		}
		if daily[line][f.Day] == nil {
			daily[line][f.Day] = &metric.Tally{}
		}
		daily[line][f.Day].AddSum(f.Key, f.Qty, int64(f.Amount))
	}
	for o, x := range rows {
		r := Row{Origin: o, Values: t.values(x)}
		if slices.ContainsFunc(r.Values, func(v metric.Value) bool { return v.Num != 0 }) {
			t.Rows = append(t.Rows, r)
		}
	}
	t.Total.Values = t.values(&total)
	slices.SortFunc(t.Rows, func(a, b Row) int {
		for i := range a.Values {
			if c := b.Values[i].Cmp(a.Values[i]); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Campaign, b.Campaign))
	})
	for line, days := range daily {
		for _, d := range t.Days {
			t.Daily[line] = append(t.Daily[line], t.values(days[d]))
		}
	}
}

func (t *Table) values(x *metric.Tally) []metric.Value {
	out := make([]metric.Value, len(t.Metrics))
	for i, d := range t.Metrics {
		out[i] = x.Value(d)
	}
	return out
}
