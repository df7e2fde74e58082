package cards

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/channel"
	"crmbot/internal/crm"
	"crmbot/internal/metric"
)

// SpendChannel enters a cost from the form.
type SpendChannel struct{}

// ActionName implements card.Action.
func (SpendChannel) ActionName() string { return "channel.spend" }

// VoidCost takes a cost back.
type VoidCost struct {
	Cost channel.CostID `json:"cost"`
}

// ActionName implements card.Action.
func (VoidCost) ActionName() string { return "channel.void" }

// The inputs of the form of a cost.
const (
	CostChannel  = "channel"
	CostCampaign = "campaign"
	CostAmount   = "amount"
	CostPeriod   = "period"
)

// channelRows bounds the lines of the table, channelLines those of the chart.
const (
	channelRows  = 20
	channelLines = 5
)

func originName(l crm.Lang, name string) string {
	if name == "" {
		return l.T("未注明", "not named")
	}
	return name
}

func channelsCommand(l crm.Lang, zh, en string) string {
	return strings.TrimSpace(l.T("/渠道 "+zh, "/channels "+en))
}

// ChannelTable shows what channels brought and cost.
func ChannelTable(l crm.Lang, t channel.Table, maySpend bool) card.Card {
	c := card.Card{Lang: l, Title: l.T("渠道", "Channels"), Subtitle: t.Period.Label(l), Tone: card.Info}
	if t.Channel != "" {
		c.Title += " · " + t.Channel
	}
	if len(t.Rows) == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("这段时间没有线索，也没有花费。", "There were neither leads nor costs in this period.")))
	} else {
		c.Blocks = append(c.Blocks, channelTableBlock(l, t))
		if len(t.Rows) > channelRows {
			c.Blocks = append(c.Blocks, card.Note{Text: l.T(fmt.Sprintf("还有 %d 行，已计入合计。", len(t.Rows)-channelRows), fmt.Sprintf("%d more lines count in the total.", len(t.Rows)-channelRows))})
		}
		if ch, ok := channelChart(l, t); ok {
			c.Blocks = append(c.Blocks, ch)
		}
	}
	var note strings.Builder
	for _, d := range t.Metrics {
		if d.Key == "lead.valid" || d.Key == "lead.conversion" || d.Key == "channel.cost" {
			fmt.Fprintf(&note, l.T("%s：%s。", "%s: %s. "), label(l, d.Name), d.Definition.In(l))
		}
	}
	c.Blocks = append(c.Blocks, card.Note{Text: strings.TrimSpace(note.String())})
	costs := CommandButton(l.T("花费记录", "Costs"), channelsCommand(l, "花费", "cost"))
	c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{costs, CommandButton(l.T("上月", "Last month"), channelsCommand(l, "上月", "last month"))}})
	if maySpend {
		example := channelsCommand(l, "花费 广告/春季投放 5000 2026-03", "cost Ads/Spring 5000 2026-03")
		c.Blocks = append(c.Blocks, card.Divider{}, card.B(l.T("登记花费", "Enter a cost")), card.Form{Name: "cost", Inputs: []card.Input{
			{Kind: card.TextInput, Name: CostChannel, Label: l.T("渠道", "Channel"), Default: t.Channel, Required: true, MaxLen: 30},
			{Kind: card.TextInput, Name: CostCampaign, Label: l.T("活动", "Campaign"), MaxLen: 60},
			{Kind: card.MoneyInput, Name: CostAmount, Label: l.T("金额", "Amount"), Required: true},
			{Kind: card.TextInput, Name: CostPeriod, Label: l.T("日期或月份", "Day or month"), Default: t.Period.String(), Required: true, MaxLen: 40},
		}, Submit: card.Button{Label: l.T("登记", "Enter"), Style: card.Primary, Action: SpendChannel{}, Command: example}, Example: example})
	}
	return c
}

func channelTableBlock(l crm.Lang, t channel.Table) card.Table {
	out := card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("渠道 / 活动", "Channel / campaign")}}}
	for _, d := range t.Metrics {
		out.Columns = append(out.Columns, card.Column{Title: label(l, d.Name), Number: true})
	}
	line := func(name string, vs []metric.Value) {
		row := []card.Cell{{Text: name}}
		for i, v := range vs {
			row = append(row, card.Cell{Text: channelValue(t.Metrics[i], v, l)})
		}
		out.Rows = append(out.Rows, row)
	}
	for _, r := range t.Rows[:min(len(t.Rows), channelRows)] {
		name := originName(l, r.Channel)
		if t.Channel != "" {
			name = originName(l, r.Campaign)
		} else if r.Campaign != "" {
			name += " / " + r.Campaign
		}
		line(name, r.Values)
	}
	line(l.T("合计", "Total"), t.Total.Values)
	return out
}

// channelValue is a count without its unit, and money in full.
func channelValue(d metric.Def, v metric.Value, l crm.Lang) string {
	if d.Aggregate == metric.SumQty {
		return v.Bare(d, l)
	}
	return v.Format(d, l)
}

// channelChart is the daily conversion of the largest channels, or campaigns.
func channelChart(l crm.Lang, t channel.Table) (card.Chart, bool) {
	at := t.At("lead.conversion")
	if at < 0 || len(t.Days) < 2 {
		return card.Chart{}, false
	}
	ch := card.Chart{Kind: card.LineChart, Title: l.T("每日转化率", "Daily conversion"), Unit: "%"}
	for _, d := range t.Days {
		ch.Categories = append(ch.Categories, string(d)[5:])
	}
	var shown []string
	for _, r := range t.Rows {
		name := r.Channel
		if t.Channel != "" {
			name = r.Campaign
		}
		if len(shown) == channelLines || slices.Contains(shown, name) || t.Daily[name] == nil {
			continue
		}
		shown = append(shown, name)
		s := card.Series{Name: originName(l, name)}
		for _, vs := range t.Daily[name] {
			s.Values = append(s.Values, round2(vs[at].In(t.Metrics[at])))
		}
		ch.Series = append(ch.Series, s)
	}
	return ch, len(ch.Series) > 0
}

// ChannelCosts lists what was entered, newest first, with what replaced what.
func ChannelCosts(l crm.Lang, list []channel.Cost, name func(crm.UserID) string, zone *time.Location, maySpend bool) card.Card {
	c := card.Card{Lang: l, Title: l.T("渠道花费记录", "Costs of channels"), Tone: card.Info}
	if len(list) == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("还没有登记花费。", "No cost was entered yet.")))
	}
	for _, x := range list {
		title := x.ID.String() + " · " + originName(l, x.Channel)
		if x.Campaign != "" {
			title += " / " + x.Campaign
		}
		sub := x.Period.String() + " · " + name(x.By) + " " + x.At.In(zone).Format("2006-01-02 15:04")
		if x.Corrects != 0 {
			sub += " · " + l.T("更正 ", "corrects ") + x.Corrects.String()
		}
		spans := []card.Span{{Text: title + " · " + x.Amount.String(), Bold: true, Strike: x.Voided()}, {Text: "\n" + sub, Tone: card.Muted}}
		if x.Voided() {
			spans = append(spans, card.Span{Text: "\n" + l.T("不再计入：", "counts no more: ") + name(x.VoidedBy) + " " + x.VoidedAt.In(zone).Format("2006-01-02 15:04"), Tone: card.Muted})
		}
		c.Blocks = append(c.Blocks, card.Text{Spans: spans})
		if maySpend && !x.Voided() {
			c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{{Label: l.T("撤回 ", "Take back ") + x.ID.String(), Style: card.Risky, Action: VoidCost{x.ID}, Command: channelsCommand(l, "撤回 "+x.ID.String(), "void "+x.ID.String()),
				Confirm: &card.Confirm{Title: l.T("撤回这笔花费？", "Take this cost back?"), Text: l.T("记录保留，但不再计入。", "It stays in the list and counts no more.")}}}})
		}
	}
	if maySpend {
		c.Blocks = append(c.Blocks, card.Note{Text: l.T("更正金额：/渠道 更正 K-1 4800。按月登记的花费平均分到每天。", "To correct an amount: /channels correct K-1 4800. The cost of a month is spread over its days.")})
	}
	return c
}

func channelSamples(l crm.Lang) []Sample {
	zone := time.FixedZone("", 8*3600)
	now := time.Date(2026, 3, 3, 10, 0, 0, 0, zone)
	defs := make([]metric.Def, 0, len(channel.Columns))
	for _, d := range metric.Standard() {
		if slices.Contains(channel.Columns, d.Key) {
			defs = append(defs, d)
		}
	}
	slices.SortFunc(defs, func(a, b metric.Def) int {
		return slices.Index(channel.Columns, a.Key) - slices.Index(channel.Columns, b.Key)
	})
	row := func(ch, campaign string, n, valid, conv, won, cost int64) channel.Row {
		per := func(d int64) metric.Value {
			if d == 0 {
				return metric.Value{}
			}
			return metric.Value{Num: cost, Den: d}
		}
		rate := metric.Value{}
		if n > 0 {
			rate = metric.Value{Num: conv, Den: n}
		}
		return channel.Row{Origin: channel.Origin{Channel: ch, Campaign: campaign}, Values: []metric.Value{metric.Whole(n), metric.Whole(valid), metric.Whole(conv), rate, metric.Whole(won), metric.Whole(cost), per(valid), per(won)}}
	}
	ads, site, spring := l.T("广告", "Ads"), l.T("官网留言", "Website"), l.T("春季投放", "Spring")
	days := func(a, b int64) [][]metric.Value {
		return [][]metric.Value{row("", "", 10, 5, a, 0, 0).Values, row("", "", 8, 4, b, 1, 0).Values}
	}
	t := channel.Table{Period: crm.Period{From: "2026-03-01", To: "2026-03-03"}, Metrics: defs, Days: []crm.Day{"2026-03-01", "2026-03-02"},
		Rows:  []channel.Row{row(ads, spring, 120, 60, 12, 3, 500_000), row(site, "", 40, 30, 9, 0, 0), row("", "", 2, 0, 0, 0, 0)},
		Total: row("", "", 162, 90, 21, 3, 500_000), Daily: map[string][][]metric.Value{ads: days(1, 2), site: days(3, 2)}}
	costs := []channel.Cost{{ID: 2, Origin: channel.Origin{Channel: ads, Campaign: spring}, Period: crm.MonthOf("2026-03-01"), Amount: 480_000, By: 1, At: now, Corrects: 1},
		{ID: 1, Origin: channel.Origin{Channel: ads, Campaign: spring}, Period: crm.MonthOf("2026-03-01"), Amount: 500_000, By: 1, At: now.Add(-time.Hour), VoidedAt: now, VoidedBy: 1}}
	name := func(crm.UserID) string { return l.T("周市场", "Zhou") }
	return []Sample{
		{"channel/table", crm.Text{Zh: "渠道表，市场", En: "channels, marketing"}, ChannelTable(l, t, true)},
		{"channel/empty", crm.Text{Zh: "没有数字，经理", En: "nothing, manager"}, ChannelTable(l, channel.Table{Period: t.Period, Metrics: defs}, false)},
		{"channel/costs", crm.Text{Zh: "花费记录", En: "costs"}, ChannelCosts(l, costs, name, zone, true)},
	}
}
