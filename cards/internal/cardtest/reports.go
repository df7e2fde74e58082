package cardtest

import (
	"encoding/base64"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// Report is a daily report: headings, progress against goals, a chart and a
// ranking.
func Report(l crm.Lang) card.Card {
	return card.Card{
		Lang: l, Title: l.T("华东组日报 3 月 2 日", "East team, 2 March"), Tone: card.Success,
		Blocks: []card.Block{
			card.Heading{Text: l.T("先看例外", "Exceptions first")},
			card.Text{Spans: []card.Span{{Text: l.T("张伟 3 天没有拜访", "Zhang Wei: no visit for 3 days"), Tone: card.Danger}}},
			card.Heading{Text: l.T("完成情况", "Progress"), Level: 2},
			card.Progress{Label: l.T("拜访", "Visits"), Value: 14, Max: 12, Text: "14 / 12", Tone: card.Success},
			card.Progress{Label: l.T("电话", "Calls"), Value: 0, Max: 40, Tone: card.Danger},
			card.Chart{Kind: card.BarChart, Title: l.T("每人拜访", "Visits per rep"), Unit: l.T("次", "visits"),
				Categories: []string{l.T("李娜", "Li Na"), l.T("张伟", "Zhang Wei"), l.T("赵敏", "Zhao Min")},
				Series:     []card.Series{{Name: l.T("拜访", "Visits"), Values: []float64{8, 0, 6}}}},
			card.Note{Text: l.T("数据截至 19:30", "As of 19:30")},
		},
	}
}

// Charts has one chart of every kind, one of them sideways.
func Charts(l crm.Lang) card.Card {
	c := card.Card{Lang: l, Title: l.T("图表", "Charts"), Tone: card.Muted}
	for _, ch := range ChartKinds(l) {
		c.Blocks = append(c.Blocks, ch)
	}
	return c
}

// ChartKinds is one chart of every kind, in the order of the model, the bar
// chart also sideways.
func ChartKinds(l crm.Lang) []card.Chart {
	months := []string{l.T("1月", "Jan"), l.T("2月", "Feb"), l.T("3月", "Mar"), l.T("4月", "Apr")}
	regions := []string{l.T("华东", "East"), l.T("华南", "South"), l.T("华北", "North")}
	return []card.Chart{
		{Kind: card.BarChart, Title: l.T("签约金额", "Signed amount"), Unit: l.T("万元", "k yuan"), Categories: months,
			Series: []card.Series{{Name: l.T("今年", "This year"), Values: []float64{320, 145.5, 410, 260}}, {Name: l.T("去年", "Last year"), Values: []float64{280, 190, 333, 150}}}},
		{Kind: card.BarChart, Horizontal: true, Title: l.T("来源客户数", "Customers by source"), Unit: l.T("个", ""),
			Categories: []string{l.T("行业展会与论坛", "Trade fairs and forums"), l.T("老客户介绍", "Referrals"), l.T("官网表单", "Web form")},
			Series:     []card.Series{{Name: l.T("客户", "Customers"), Values: []float64{42, 31, 9}}}},
		{Kind: card.StackedBar, Title: l.T("每月活动", "Activities by month"), Unit: l.T("次", ""), Categories: months,
			Series: []card.Series{{Name: l.T("电话", "Calls"), Values: []float64{120, 98, 143, 80}}, {Name: l.T("拜访", "Visits"), Values: []float64{32, 40, 28, 51}}}},
		{Kind: card.LineChart, Title: l.T("新线索", "New leads"), Unit: l.T("条", ""), Categories: months,
			Series: []card.Series{{Name: l.T("华东", "East"), Values: []float64{12, 30, 22, 41}}, {Name: l.T("华南", "South"), Values: []float64{20, 18, 25, 19}}}},
		{Kind: card.PieChart, Title: l.T("区域占比", "Share by region"), Unit: l.T("条", ""), Categories: regions,
			Series: []card.Series{{Name: l.T("线索", "Leads"), Values: []float64{50, 30, 20}}}},
		{Kind: card.FunnelChart, Title: l.T("销售漏斗", "Sales funnel"), Unit: l.T("个", ""),
			Categories: []string{l.T("线索", "Leads"), l.T("商机", "Deals"), l.T("报价", "Quotes"), l.T("合同", "Contracts")},
			Series:     []card.Series{{Name: l.T("数量", "Count"), Values: []float64{400, 120, 60, 21}}}},
		{Kind: card.ProgressChart, Title: l.T("目标完成率", "Goal reached"), Categories: regions,
			Series: []card.Series{{Name: l.T("完成率", "Reached"), Values: []float64{1.2, 0.655, 0}}}},
	}
}

// Tones shows every tone in text, fields, tags and cells.
func Tones(l crm.Lang) card.Card {
	tones := []card.Tone{card.Neutral, card.Info, card.Success, card.Warning, card.Danger, card.Muted}
	names := []string{l.T("普通", "neutral"), l.T("信息", "info"), l.T("成功", "success"), l.T("警告", "warning"), l.T("危险", "danger"), l.T("灰色", "muted")}
	c := card.Card{Lang: l, Title: l.T("所有颜色", "All tones"), Tone: card.Danger,
		Tags: []card.Tag{{Text: names[1], Tone: tones[1]}, {Text: names[2], Tone: tones[2]}, {Text: names[3], Tone: tones[3]}}}
	var text card.Text
	var fields card.Fields
	table := card.Table{Columns: []card.Column{{Title: l.T("颜色", "Tone")}, {Title: l.T("值", "Value"), Number: true}}}
	for i, t := range tones {
		text.Spans = append(text.Spans, card.Span{Text: names[i] + " ", Tone: t})
		fields.Items = append(fields.Items, card.Field{Label: names[i], Value: "1", Tone: t})
		table.Rows = append(table.Rows, []card.Cell{{Text: names[i], Tone: t}, {Text: "1", Tone: t}})
		c.Blocks = append(c.Blocks, card.Progress{Label: names[i], Value: float64(i), Max: 5, Tone: t})
	}
	c.Blocks = append(c.Blocks, text, fields, table)
	return c
}

// Done is a card after its work: muted, with nothing to press.
func Done(l crm.Lang) card.Card {
	return card.Card{Lang: l, Tone: card.Muted, Title: l.T("L-12 已被李娜认领", "L-12 was claimed by Li Na"),
		Blocks: []card.Block{
			card.P(l.T("认领时间 3 月 2 日 09:01", "Claimed on 2 March at 09:01")),
			card.Table{Columns: []card.Column{{Title: l.T("线索", "Lead")}}},
			card.Buttons{Items: []card.Button{{Label: l.T("认领", "Claim"), Disabled: l.T("已被李娜认领", "Claimed by Li Na")}}},
		}}
}

// Pixel is a valid PNG of one pixel.
func Pixel() []byte {
	b, err := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
	if err != nil {
		return nil
	}
	return b
}
