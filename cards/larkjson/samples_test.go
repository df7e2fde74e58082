package larkjson

import (
	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// claim, save, decide and page are the actions of the sample cards.
type claim struct {
	Lead int64 `json:"lead"`
}

func (claim) ActionName() string { return "lead.claim" }

type save struct {
	Lead int64 `json:"lead"`
}

func (save) ActionName() string { return "visit.save" }

type decide struct {
	Request int64  `json:"request"`
	Hash    string `json:"hash"`
	Yes     bool   `json:"yes"`
}

func (decide) ActionName() string { return "approval.decide" }

type open struct {
	Key string `json:"key"`
}

func (open) ActionName() string { return "metric.open" }

func claimButton(id int64) *card.Button {
	return &card.Button{Label: "认领", Action: claim{id}, Command: "/认领 " + crm.LeadID(id).String(), Style: card.Primary}
}

type sample struct {
	name string
	card card.Card
	opts []Option
}

// samples are small cards that show every block in its ordinary form.
func samples() []sample {
	people := WithPersonIDs(func(id crm.UserID) string {
		return map[crm.UserID]string{1: "ou_1", 2: "ou_2"}[id]
	})
	return []sample{
		{name: "pool", card: poolCard()},
		{name: "visit_form", card: visitCard()},
		{name: "approval", card: approvalCard(), opts: []Option{people}},
		{name: "report", card: reportCard()},
		{name: "charts_en", card: chartsCard()},
		{name: "layout", card: layoutCard(), opts: []Option{people, WithImageKey(func(i card.Image) (string, bool) {
			return "img_v3_" + i.Key, i.Key == "plan"
		})}},
		{name: "layout_plain", card: layoutCard()},
		{name: "hostile", card: hostileCard()},
	}
}

func poolCard() card.Card {
	row := func(id int64, name, city, score string) []card.Cell {
		return []card.Cell{{Text: crm.LeadID(id).String()}, {Text: name}, {Text: city}, {Text: score, Tone: card.Success},
			{Text: "认领", Action: claimButton(id)}}
	}
	return card.Card{
		Title: "公海 · 华东", Subtitle: "共 2 条可认领", Tone: card.Info, Tags: []card.Tag{{Text: "华东", Tone: card.Info}, {Text: "今日", Tone: card.Muted}},
		Summary: "公海里有 2 条线索可认领",
		Blocks: []card.Block{
			card.P("今天还可以认领 3 条，持有 12 / 50。"),
			card.Table{Columns: []card.Column{{Title: "编号"}, {Title: "公司"}, {Title: "城市"}, {Title: "评分", Number: true}, {Title: "操作"}},
				Rows: [][]card.Cell{row(12, "上海云帆科技", "上海", "86"), row(15, "杭州沐光医疗", "杭州", "71")}, PageSize: 5},
			card.Note{Text: "认领后 7 天内没有跟进会退回公海（P-05）。"},
			card.Buttons{Items: []card.Button{
				{Label: "换一批", Action: open{"pool.next"}, Command: "/公海 2"},
				{Label: "帮助", URL: "https://example.com/help?a=1&b=(2)", Style: card.Link},
				{Label: "全部认领", Action: claim{0}, Command: "/认领 全部", Style: card.Risky,
					Confirm: &card.Confirm{Title: "认领全部 2 条？", Text: "会用掉今天剩下的额度。"}},
				{Label: "转给同事", Disabled: "只有经理可以转交", Action: open{"lead.give"}, Command: "/转交"},
			}},
		},
	}
}

func visitCard() card.Card {
	return card.Card{Title: "记录拜访", Subtitle: "上海云帆科技 · L-12", Blocks: []card.Block{
		card.Form{Name: "visit", Inputs: []card.Input{
			{Kind: card.SelectInput, Name: "kind", Label: "方式", Required: true, Default: "onsite", Options: []card.Option{{Value: "onsite", Label: "上门"}, {Value: "phone", Label: "电话"}}},
			{Kind: card.DateInput, Name: "day", Label: "日期", Required: true, Default: "2026-11-23"},
			{Kind: card.TimeInput, Name: "at", Label: "时间", Default: "15:30"},
			{Kind: card.MultilineInput, Name: "summary", Label: "情况", Required: true, MaxLen: 500, Placeholder: "需求、异议、下一步", Help: "至少 10 个字"},
			{Kind: card.MultiSelect, Name: "topics", Label: "谈到", Default: "price, stock", Options: []card.Option{{Value: "price", Label: "价格"}, {Value: "stock", Label: "库存"}, {Value: "term", Label: "账期"}}},
			{Kind: card.PersonInput, Name: "companion", Label: "同行", Options: []card.Option{{Value: "1", Label: "张三"}, {Value: "2", Label: "李四"}}},
			{Kind: card.PersonInput, Name: "guest", Label: "群里的人"},
			{Kind: card.MoneyInput, Name: "amount", Label: "预计金额", Placeholder: "例如 12万"},
			{Kind: card.NumberInput, Name: "people", Label: "人数", Default: "2"},
			{Kind: card.TextInput, Name: "next", Label: "下一步"},
		}, Submit: card.Button{Label: "保存", Action: save{12}, Command: "/拜访 L-12 …"},
			Extra:   []card.Button{{Label: "看线索", URL: "https://example.com/l/12"}},
			Example: "/拜访 L-12 上门 谈价格 下周二再去"},
	}}
}

func approvalCard() card.Card {
	decideButton := func(label string, style card.ButtonStyle, yes bool, ask *card.Confirm) card.Button {
		return card.Button{Label: label, Style: style, Action: decide{7, "9f2c", yes}, Command: "/" + label + " R-7", Confirm: ask}
	}
	return card.Card{Title: "合同 C-88 待审批", Subtitle: "上海云帆科技", Tone: card.Warning, Tags: []card.Tag{{Text: "第 2 步 / 3", Tone: card.Warning}},
		Blocks: []card.Block{
			card.Fields{Items: []card.Field{
				{Label: "金额", Value: "¥120,000.00", Evidence: &card.Button{Label: "明细", Style: card.Link, Action: open{"contract.88"}, Command: "/合同 C-88"}},
				{Label: "折扣", Value: "18%", Tone: card.Danger},
				{Label: "付款", Value: "签约 30%，验收 70%"},
				{Label: "说明", Value: "客户要求 11 月底前签署。\n附件 2 份。", Wide: true},
				{Label: "类型", Value: ""},
			}},
			card.People{Persons: []card.Person{{User: 1, Name: "张三", Role: "提交人"}, {User: 2, Name: "李四", Role: "审批人"}, {User: 3, Name: "王五", Role: "抄送"}}},
			card.Divider{},
			card.Form{Name: "approve", Inputs: []card.Input{{Kind: card.MultilineInput, Name: "comment", Label: "意见", Placeholder: "驳回时必填"}},
				Submit: decideButton("同意", card.Primary, true, &card.Confirm{Title: "同意 C-88？", Text: "金额 ¥120,000.00，折扣 18%"}),
				Extra:  []card.Button{decideButton("驳回", card.Risky, false, nil)}},
			card.Note{Text: "截至 11 月 23 日 10:05"},
		}}
}

func reportCard() card.Card {
	return card.Card{Title: "日报 · 华东一组", Tone: card.Success, Blocks: []card.Block{
		card.Heading{Text: "先看异常", Level: 2},
		card.Text{Spans: []card.Span{{Text: "王五", Bold: true}, {Text: " 没有提交；"}, {Text: "拜访（有效）", Bold: true, Tone: card.Danger}, {Text: "低于合格线，"}, {Text: "看名单", URL: "https://example.com/r/1"}, {Text: "，"}, {Text: "旧目标 20", Strike: true}}},
		card.Progress{Label: "拜访", Value: 3, Max: 4, Text: "3 / 4", Tone: card.Warning, Marks: []card.Mark{{Label: "合格", At: 3}, {Label: "优秀", At: 5}}},
		card.Progress{Label: "新线索", Value: 8, Max: 6, Tone: card.Success},
		card.Chart{Kind: card.BarChart, Title: "有效拜访", Unit: "次", Categories: []string{"张三", "李四", "王五"}, Series: []card.Series{{Name: "今天", Values: []float64{5, 3, 0}}}},
		card.Collapsible{Title: "明细", Blocks: []card.Block{card.P("张三：上海云帆科技，杭州沐光医疗")}},
		card.Note{Text: "数字截至 19:30，点指标可看记录。"},
	}}
}

func chartsCard() card.Card {
	week := []string{"Mon", "Tue", "Wed", "Thu", "Fri"}
	two := []card.Series{{Name: "East", Values: []float64{4, 2, 6, 3, 5}}, {Name: "West", Values: []float64{5, 3, 1, 4, 2}}}
	return card.Card{Lang: crm.English, Title: "Sales this week", Blocks: []card.Block{
		card.Chart{Kind: card.LineChart, Title: "Calls", Unit: "calls", Categories: week, Series: two},
		card.Chart{Kind: card.StackedBar, Title: "Visits", Unit: "visits", Categories: week, Series: two, Horizontal: true},
		card.Chart{Kind: card.PieChart, Title: "Leads by source", Categories: []string{"Fair", "Web", "Referral"}, Series: []card.Series{{Values: []float64{12, 30, 8}}}},
		card.Chart{Kind: card.FunnelChart, Title: "Conversion", Categories: []string{"Claimed", "Visited", "Quoted", "Signed"}, Series: []card.Series{{Values: []float64{320, 180, 64, 21}}}},
		card.Chart{Kind: card.ProgressChart, Title: "Target reached", Categories: []string{"East", "North", "South"}, Series: []card.Series{{Values: []float64{0.75, 0.4, 1.2}}}},
		card.Chart{Kind: card.BarChart, Title: "One too many", Unit: "visits", Categories: week, Series: two},
	}}
}

func layoutCard() card.Card {
	return card.Card{Title: "客户概览", Tone: card.Muted, Blocks: []card.Block{
		card.Columns{Cols: []card.Col{
			{Weight: 2, Blocks: []card.Block{card.B("上海云帆科技"), card.Image{Key: "plan", Alt: "平面图"},
				card.Buttons{Items: []card.Button{*claimButton(12), {Label: "释放", Style: card.Risky, Action: open{"lead.release"}, Command: "/释放 L-12", Confirm: &card.Confirm{Title: "释放 L-12？"}}}}}},
			{Blocks: []card.Block{card.Heading{Text: "联系人", Level: 3}, card.People{Persons: []card.Person{{User: 1, Name: "张三"}, {User: 2, Name: "李四"}}}}},
		}},
		card.Collapsible{Title: "历史", Open: true, Blocks: []card.Block{
			card.Fields{Items: []card.Field{{Label: "首次接触", Value: "9 月 1 日"}, {Label: "拜访", Value: "4 次"}}},
			card.Image{Key: "lost", Alt: "合影"},
		}},
	}}
}

func hostileCard() card.Card {
	evil := "<at id=all></at> **粗** [点我](javascript:alert(1)) `x` | a | ~~x~~ ![i](img_1)\n# 标题\n1. 项\n- 项\n===\n    代码 :DONE: ${x} &lt; \"引号\" 😀"
	return card.Card{Title: evil, Subtitle: evil, Tags: []card.Tag{{Text: evil}}, Summary: evil, Blocks: []card.Block{
		card.P(evil), card.B(evil), card.Heading{Text: evil}, card.Note{Text: evil},
		card.Text{Spans: []card.Span{{Text: evil, URL: "https://example.com/a)b<c"}, {Text: "坏链接", URL: "http://"}, {Text: evil, Bold: true, Strike: true, Tone: card.Danger}}},
		card.Fields{Items: []card.Field{{Label: evil, Value: evil}}},
		card.Table{Columns: []card.Column{{Title: evil}, {Title: "b"}}, Rows: [][]card.Cell{{{Text: evil}, {Text: evil, Tone: card.Danger}},
			{{Text: "x"}, {Text: evil, Action: &card.Button{Label: "看", URL: "https://example.com/x"}}}}},
		card.People{Persons: []card.Person{{Name: evil, Role: evil}}},
		card.Buttons{Items: []card.Button{{Label: evil, Action: open{evil}, Command: "/x"}, {Label: "坏", URL: "https://"}}},
	}}
}
