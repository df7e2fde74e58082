// Package cardtest holds cards that together use every block, input kind,
// chart kind, tone and button style of the card model, in both languages, for
// the golden files and property tests of the renderers.
package cardtest

import (
	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// Sample is one card with a name that is fit for a file.
type Sample struct {
	Name string
	Card card.Card
}

// Samples are all sample cards in one language.
func Samples(l crm.Lang) []Sample {
	return []Sample{
		{"lead", Lead(l)},
		{"pool", Pool(l)},
		{"visit_form", VisitForm(l)},
		{"approval", Approval(l)},
		{"report", Report(l)},
		{"charts", Charts(l)},
		{"tones", Tones(l)},
		{"done", Done(l)},
	}
}

// Langs are the languages with their short names for files.
var Langs = map[string]crm.Lang{"zh": crm.Chinese, "en": crm.English}

// Claim is a sample action that claims a lead.
type Claim struct {
	Lead int64 `json:"lead"`
}

// ActionName is the wire name.
func (Claim) ActionName() string { return "sample.claim" }

// Decide is a sample action that decides an approval.
type Decide struct {
	Request int64  `json:"request"`
	Verdict string `json:"verdict"`
}

// ActionName is the wire name.
func (Decide) ActionName() string { return "sample.decide" }

// Open is a sample action that opens a view.
type Open struct {
	View string `json:"view"`
}

// ActionName is the wire name.
func (Open) ActionName() string { return "sample.open" }

// Log is a sample action that logs a visit.
type Log struct{}

// ActionName is the wire name.
func (Log) ActionName() string { return "sample.log" }

// Lead has tags, fields with evidence, people, progress, buttons of every
// style, a confirmation, a disabled button and a link.
func Lead(l crm.Lang) card.Card {
	return card.Card{
		Lang: l, Tone: card.Info,
		Title:    l.T("上海华星贸易有限公司", "Huaxing Trading (Shanghai)"),
		Subtitle: l.T("线索 L-12，华东公海", "Lead L-12, east pool"),
		Tags:     []card.Tag{{Text: l.T("高意向", "Hot"), Tone: card.Danger}, {Text: l.T("展会", "Fair"), Tone: card.Info}},
		Summary:  l.T("新线索：上海华星贸易有限公司", "New lead: Huaxing Trading (Shanghai)"),
		Blocks: []card.Block{
			card.Fields{Items: []card.Field{
				{Label: l.T("联系人", "Contact"), Value: l.T("陈先生", "Mr Chen")},
				{Label: l.T("电话", "Phone"), Value: "138****5678"},
				{Label: l.T("近期跟进", "Recent calls"), Value: l.T("3 次", "3"), Evidence: &card.Button{
					Label: l.T("明细", "Details"), Action: Open{"calls"}, Command: l.T("/跟进 L-12", "/calls L-12")}},
				{Label: l.T("将回收", "Recycled in"), Value: l.T("2 天后", "2 days"), Tone: card.Warning},
				{Label: l.T("备注", "Remark"), Value: l.T("只在下午接电话\n报价要含税", "Takes calls in the afternoon\nQuote with tax"), Wide: true},
			}},
			card.People{Persons: []card.Person{
				{User: 3, Name: l.T("李娜", "Li Na"), Role: l.T("销售", "Rep")},
				{User: 4, Name: l.T("王磊", "Wang Lei")},
			}},
			card.Progress{Label: l.T("今日认领", "Claims today"), Value: 3, Max: 4, Text: "3 / 4", Tone: card.Success,
				Marks: []card.Mark{{Label: l.T("合格", "pass"), At: 2}, {Label: l.T("优秀", "excellent"), At: 4}}},
			card.Buttons{Items: []card.Button{
				{Label: l.T("认领", "Claim"), Style: card.Primary, Action: Claim{12}, Command: l.T("/认领 L-12", "/claim L-12")},
				{Label: l.T("释放", "Release"), Style: card.Risky, Action: Decide{12, "release"}, Command: l.T("/释放 L-12", "/release L-12"),
					Confirm: &card.Confirm{Title: l.T("释放 L-12？", "Release L-12?"), Text: l.T("7 天内不能再认领", "You cannot claim it again for 7 days")}},
				{Label: l.T("转给同事", "Hand over"), Disabled: l.T("只有负责人可以转交", "Only the owner may hand over")},
				{Label: l.T("官网", "Website"), Style: card.Link, URL: "https://example.com/?a=1&b=2"},
			}},
			card.Note{Text: l.T("规则 P-04：每人每天最多认领 4 条", "Rule P-04: at most 4 claims a day")},
		},
	}
}

// Pool is a table of more than one page, with a cell that can be pressed.
func Pool(l crm.Lang) card.Card {
	cities := []string{l.T("上海", "Shanghai"), l.T("杭州", "Hangzhou"), l.T("苏州", "Suzhou")}
	t := card.Table{PageSize: 5, Columns: []card.Column{
		{Title: l.T("线索", "Lead")}, {Title: l.T("城市", "City")}, {Title: l.T("评分", "Score"), Number: true}, {Title: l.T("操作", "Do")},
	}}
	for i := range 12 {
		code := crm.LeadID(20 + i).String()
		tone := card.Neutral
		if i%3 == 0 {
			tone = card.Success
		}
		t.Rows = append(t.Rows, []card.Cell{
			{Text: code}, {Text: cities[i%3]}, {Text: []string{"91", "8", "-3"}[i%3], Tone: tone},
			{Text: l.T("认领", "Claim"), Action: &card.Button{Label: l.T("认领", "Claim"), Style: card.Link,
				Action: Claim{int64(20 + i)}, Command: l.T("/认领 ", "/claim ") + code}},
		})
	}
	return card.Card{
		Lang: l, Title: l.T("华东公海", "East pool"), Tone: card.Neutral,
		Blocks: []card.Block{
			card.P(l.T("共 12 条可认领的线索", "12 leads to claim")), t,
			card.Buttons{Items: []card.Button{
				{Label: l.T("上一页", "Previous"), Disabled: l.T("已是第一页", "This is the first page")},
				{Label: l.T("下一页", "Next"), Action: Open{"pool:2"}, Command: l.T("/公海 2", "/pool 2")},
			}},
		},
	}
}

// VisitForm has a form with every input kind, defaults, required marks, help
// and a second submit button.
func VisitForm(l crm.Lang) card.Card {
	return card.Card{
		Lang: l, Title: l.T("记录拜访", "Log a visit"), Tone: card.Info,
		Blocks: []card.Block{
			card.P(l.T("填写后点提交，或直接回复一行。", "Fill in and submit, or reply with one line.")),
			card.Form{
				Name: "visit",
				Inputs: []card.Input{
					{Kind: card.TextInput, Name: "customer", Label: l.T("客户", "Customer"), Required: true, MaxLen: 60, Default: l.T("华星贸易", "Huaxing"), Placeholder: l.T("客户名称或编号", "Name or code")},
					{Kind: card.SelectInput, Name: "way", Label: l.T("方式", "Way"), Required: true, Default: "call", Options: []card.Option{
						{Value: "visit", Label: l.T("上门", "On site")}, {Value: "call", Label: l.T("电话", "Call")}}},
					{Kind: card.MultiSelect, Name: "topics", Label: l.T("话题", "Topics"), Default: "price,terms", Options: []card.Option{
						{Value: "price", Label: l.T("价格", "Price")}, {Value: "terms", Label: l.T("账期", "Terms")}, {Value: "demo", Label: l.T("演示", "Demo")}}},
					{Kind: card.PersonInput, Name: "companion", Label: l.T("同行人", "Companion"), Options: []card.Option{
						{Value: "3", Label: l.T("李娜", "Li Na")}, {Value: "4", Label: l.T("王磊", "Wang Lei")}}},
					{Kind: card.DateInput, Name: "day", Label: l.T("日期", "Date"), Default: "2026-03-02"},
					{Kind: card.TimeInput, Name: "at", Label: l.T("时间", "Time"), Default: "14:30"},
					{Kind: card.NumberInput, Name: "people", Label: l.T("到场人数", "People present"), Default: "3"},
					{Kind: card.MoneyInput, Name: "quote", Label: l.T("报价", "Quote"), Help: l.T("单位元，可写 3.5万", "In yuan")},
					{Kind: card.MultilineInput, Name: "note", Label: l.T("沟通内容", "What was said"), Required: true, MaxLen: 500},
				},
				Submit:  card.Button{Label: l.T("提交", "Submit"), Style: card.Primary, Action: Log{}, Command: l.T("/拜访", "/visit")},
				Extra:   []card.Button{{Label: l.T("存草稿", "Save draft"), Action: Decide{0, "draft"}, Command: l.T("/草稿", "/draft")}},
				Example: l.T("/拜访 华星 电话 聊了报价 明天回访", "/visit Huaxing call talked about price"),
			},
		},
	}
}

// Approval has columns, a collapsible, links, struck and bold text, an image
// and a form with two verdicts.
func Approval(l crm.Lang) card.Card {
	return card.Card{
		Lang: l, Title: l.T("合同 C-8 待审批", "Contract C-8 to approve"), Tone: card.Warning,
		Tags: []card.Tag{{Text: l.T("第 2 步", "Step 2"), Tone: card.Warning}},
		Blocks: []card.Block{
			card.Columns{Cols: []card.Col{
				{Weight: 2, Blocks: []card.Block{card.Heading{Text: l.T("金额", "Amount"), Level: 3}, card.B("¥ 128,000.00")}},
				{Blocks: []card.Block{card.Heading{Text: l.T("折扣", "Discount"), Level: 3}, card.Text{Spans: []card.Span{
					{Text: "9.5%", Strike: true}, {Text: " "}, {Text: "12%", Bold: true, Tone: card.Danger}}}}},
			}},
			card.Text{Spans: []card.Span{
				{Text: l.T("条款见", "Terms: ")}, {Text: l.T("合同正文", "contract text"), URL: "https://example.com/c/8"},
				{Text: l.T("，已经法务确认。", ", confirmed by legal."), Tone: card.Muted}}},
			card.Collapsible{Title: l.T("审批记录（1）", "Decisions (1)"), Blocks: []card.Block{
				card.Fields{Items: []card.Field{{Label: l.T("王磊", "Wang Lei"), Value: l.T("同意", "approved"), Tone: card.Success}}},
			}},
			card.Collapsible{Title: l.T("签章页", "Signature page"), Open: true, Blocks: []card.Block{
				card.Image{Data: Pixel(), Alt: l.T("签章页照片", "Photo of the signature page")},
			}},
			card.Divider{},
			card.Form{
				Name:   "decide",
				Inputs: []card.Input{{Kind: card.MultilineInput, Name: "comment", Label: l.T("意见", "Comment"), Placeholder: l.T("驳回时必填", "Required to reject")}},
				Submit: card.Button{Label: l.T("同意", "Approve"), Style: card.Primary, Action: Decide{7, "approve"}, Command: l.T("/同意 R-7", "/approve R-7")},
				Extra: []card.Button{{Label: l.T("驳回", "Reject"), Style: card.Risky, Action: Decide{7, "reject"}, Command: l.T("/驳回 R-7 原因", "/reject R-7 reason"),
					Confirm: &card.Confirm{Title: l.T("驳回这份合同？", "Reject this contract?")}}},
				Example: l.T("/驳回 R-7 折扣过高", "/reject R-7 discount too high"),
			},
		},
	}
}
