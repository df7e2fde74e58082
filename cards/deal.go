package cards

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
)

// AdvanceDeal moves a deal to the next stage.
type AdvanceDeal struct {
	Deal crm.DealID `json:"d"`
	V    int64      `json:"v,omitempty"`
}

// ActionName implements card.Action.
func (AdvanceDeal) ActionName() string { return "deal.advance" }

// WinDeal closes a deal as won; the form's amount travels with it.
type WinDeal struct {
	Deal crm.DealID `json:"d"`
	V    int64      `json:"v,omitempty"`
}

// ActionName implements card.Action.
func (WinDeal) ActionName() string { return "deal.win" }

// LoseDeal closes a deal as lost; reason and note of the form travel with it.
type LoseDeal struct {
	Deal crm.DealID `json:"d"`
	V    int64      `json:"v,omitempty"`
}

// ActionName implements card.Action.
func (LoseDeal) ActionName() string { return "deal.lose" }

// CreateDeal opens a deal from the form's values.
type CreateDeal struct {
	Account crm.AccountID `json:"a"`
}

// ActionName implements card.Action.
func (CreateDeal) ActionName() string { return "deal.create" }

// The inputs of the deal forms. The amount of a closing form is the real one.
const (
	DealTitleInput    = "title"
	DealProductInput  = "product"
	DealAmountInput   = "amount"
	DealExpectedInput = "expected"
	DealReasonInput   = "reason"
	DealNoteInput     = "note"
)

// DealView is a deal as one person sees it.
type DealView struct {
	Deal    deal.Deal
	Account string // name; empty: none
	Product string
	Owner   string
	Stages  []deal.Stage
	Moves   []deal.Move // oldest first
	Name    func(crm.UserID) string
	// Days are the working days in the present stage.
	Days      int
	CanChange bool
	// UndoUntil is until when the viewer can take the last move back; zero: not.
	UndoUntil time.Time
	Zone      *time.Location
	Today     crm.Day
}

func dealTone(s deal.Status) card.Tone {
	switch s {
	case deal.Won:
		return card.Success
	case deal.Lost:
		return card.Muted
	}
	return card.Info
}

// Deal is the card of a deal: what it is, how far, and how it can go on.
func Deal(l crm.Lang, v DealView) card.Card {
	d := v.Deal
	out := card.Card{Lang: l, Title: d.Title, Subtitle: l.T("商机 ", "Deal ") + d.ID.String(), Tone: dealTone(d.Status), About: []crm.Ref{d.ID.Ref()},
		Tags: []card.Tag{{Text: d.Status.Name(l), Tone: dealTone(d.Status)}}}
	if d.Account != 0 {
		out.About = append(out.About, d.Account.Ref())
	}
	st, i := deal.StageAt(v.Stages, d.Stage)
	out.Blocks = append(out.Blocks, card.Fields{Items: dealFields(l, v, st)})
	if d.Status == deal.Open {
		out.Blocks = append(out.Blocks, card.Progress{Label: l.T("阶段", "Stage"), Value: float64(i + 1), Max: float64(len(v.Stages)), Text: fmt.Sprintf("%s · %d/%d", st.Name(l), i+1, len(v.Stages)), Tone: card.Info})
		if st.RotDays > 0 && v.Days > st.RotDays {
			out.Blocks = append(out.Blocks, card.Text{Spans: []card.Span{{Tone: card.Warning, Text: l.T(fmt.Sprintf("已在“%s”停留 %d 个工作日，超过 %d 天（F-07）", st.Zh, v.Days, st.RotDays),
				fmt.Sprintf("in “%s” for %d working days, more than %d (F-07)", st.En, v.Days, st.RotDays))}}})
		}
		if v.CanChange {
			out.Blocks = append(out.Blocks, dealControls(l, v, i)...)
		}
	}
	if !v.UndoUntil.IsZero() {
		until := v.UndoUntil.In(v.Zone).Format("15:04")
		b := undoButton(l, d.ID.String())
		b.Label = l.T("撤销刚才的变更", "Undo the last change")
		out.Blocks = append(out.Blocks, card.Note{Text: l.T(until+" 前可撤销刚才的变更。", "The last change can be taken back until "+until+".")}, card.Buttons{Items: []card.Button{b}})
	}
	if len(v.Moves) > 0 {
		out.Blocks = append(out.Blocks, card.Collapsible{Title: l.T("阶段记录", "Stage log"), Blocks: []card.Block{movesText(l, v)}})
	}
	return out
}

func dealFields(l crm.Lang, v DealView, st deal.Stage) []card.Field {
	d := v.Deal
	var fs []card.Field
	add := func(label, value string) {
		if value != "" {
			fs = append(fs, card.Field{Label: label, Value: value})
		}
	}
	if v.Account != "" {
		fs = append(fs, card.Field{Label: l.T("客户", "Account"), Value: v.Account + " " + d.Account.String(), Wide: true})
	}
	add(l.T("产品", "Product"), v.Product)
	add(l.T("金额", "Amount"), d.Amount.Format(l))
	add(l.T("负责人", "Owner"), v.Owner)
	if d.Status == deal.Open {
		add(l.T("赢率", "Probability"), fmt.Sprintf("%d%%", st.Probability))
		expected := card.Field{Label: l.T("预计成交", "Expected close"), Value: string(d.ExpectedClose)}
		if d.ExpectedClose == "" {
			expected.Value = l.T("未填", "not given")
		} else if d.ExpectedClose < v.Today {
			expected.Value, expected.Tone = expected.Value+l.T("（已过）", " (past)"), card.Danger
		}
		fs = append(fs, expected)
	}
	add(l.T("开始", "Opened"), string(d.OpenedOn))
	add(l.T("结束", "Closed"), string(d.ClosedOn))
	if d.Status == deal.Lost {
		add(l.T("输单原因", "Reason of loss"), d.Reason.Name(l))
	}
	if d.Note != "" {
		fs = append(fs, card.Field{Label: l.T("说明", "Note"), Value: d.Note, Wide: true})
	}
	return fs
}

// dealControls move an open deal on and close it.
func dealControls(l crm.Lang, v DealView, i int) []card.Block {
	d := v.Deal
	code := d.ID.String()
	bs := []card.Button{CommandButton(l.T("记跟进", "Log activity"), l.T("/跟进 ", "/log ")+code), CommandButton(l.T("新合同", "New contract"), l.T("/新合同 ", "/newcontract ")+code)}
	if i+1 < len(v.Stages) {
		next := v.Stages[i+1]
		bs = append([]card.Button{{Label: l.T("推进到“"+next.Zh+"”", "Advance to “"+next.En+"”"), Style: card.Primary, Action: AdvanceDeal{d.ID, d.Version}, Command: l.T("/推进 "+code+" "+next.Zh, "/advance "+code+" "+next.En)}}, bs...)
	}
	var reasons []card.Option
	for _, r := range deal.Reasons {
		reasons = append(reasons, card.Option{Value: string(r.Key), Label: r.In(l)})
	}
	closing := &card.Confirm{Title: l.T("关闭商机 "+code+"？", "Close deal "+code+"?"), Text: l.T("赢单或输单后不能改回（规则 F-07），新的机会请另建商机。", "Won or lost, it cannot be opened again (rule F-07); a new chance is a new deal.")}
	return []card.Block{card.Buttons{Items: bs}, card.Form{Name: "close",
		Inputs: []card.Input{
			{Kind: card.MoneyInput, Name: DealAmountInput, Label: l.T("成交金额", "Real amount"), Default: d.Amount.Decimal(), Help: l.T("赢单时使用", "for a win")},
			{Kind: card.SelectInput, Name: DealReasonInput, Label: l.T("输单原因", "Reason of loss"), Options: reasons, Help: l.T("输单时必选", "needed for a loss")},
			{Kind: card.TextInput, Name: DealNoteInput, Label: l.T("说明", "Note"), MaxLen: 300},
		},
		Submit:  card.Button{Label: l.T("赢单", "Won"), Style: card.Primary, Action: WinDeal{d.ID, d.Version}, Command: l.T("/赢单 ", "/win ") + code, Confirm: closing},
		Extra:   []card.Button{{Label: l.T("输单", "Lost"), Style: card.Risky, Action: LoseDeal{d.ID, d.Version}, Command: l.T("/输单 "+code+" 原因", "/lose "+code+" reason"), Confirm: closing}},
		Example: l.T("/输单 "+code+" 价格 对手低 8%", "/lose "+code+" price the others were 8% cheaper")}}
}

func movesText(l crm.Lang, v DealView) card.Text {
	name := func(key string) string {
		switch deal.Status(key) {
		case deal.Won, deal.Lost:
			return deal.Status(key).Name(l)
		}
		st, _ := deal.StageAt(v.Stages, key)
		return st.Name(l)
	}
	var t card.Text
	for i, m := range slices.Backward(v.Moves) {
		line := m.At.In(v.Zone).Format("2006-01-02 15:04") + " "
		if m.From != "" {
			line += name(m.From) + " → "
		}
		line += name(m.To)
		if who := v.Name(m.By); who != "" {
			line += " · " + who
		}
		if i > 0 {
			line += "\n"
		}
		t.Spans = append(t.Spans, card.Span{Text: line})
	}
	return t
}

// dealTable lists deals with their stage and amount; names gives the customer,
// nil leaves it out.
func dealTable(l crm.Lang, list []deal.Deal, stages []deal.Stage, names func(crm.AccountID) string) card.Table {
	t := card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("商机", "Deal")}, {Title: l.T("阶段", "Stage")}, {Title: l.T("金额", "Amount"), Number: true}, {Title: l.T("预计", "Expected")}}}
	for _, d := range list {
		st, _ := deal.StageAt(stages, d.Stage)
		stage := card.Cell{Text: st.Name(l)}
		if d.Status != deal.Open {
			stage = card.Cell{Text: d.Status.Name(l), Tone: dealTone(d.Status)}
		}
		title := d.ID.String() + " " + d.Title
		if names != nil && d.Account != 0 && names(d.Account) != d.Title {
			if n := names(d.Account); n != "" {
				title += " · " + n
			}
		}
		open := CommandButton(d.ID.String(), l.T("/商机 ", "/deal ")+d.ID.String())
		day := d.ExpectedClose
		if d.Status != deal.Open {
			day = d.ClosedOn
		}
		t.Rows = append(t.Rows, []card.Cell{{Text: title, Action: &open}, stage, {Text: d.Amount.Short(l)}, {Text: string(day)}})
	}
	return t
}

// DealList shows open deals, one page at a time.
func DealList(l crm.Lang, list []deal.Deal, total deal.Totals, stages []deal.Stage, names func(crm.AccountID) string, page, size int) card.Card {
	out := card.Card{Lang: l, Title: l.T("我的商机", "My deals"), Tone: card.Info,
		Subtitle: l.T(fmt.Sprintf("进行中 %d 个 · 合计 %s", total.Count, total.Amount.Short(l)), fmt.Sprintf("%d open · %s in all", total.Count, total.Amount.Short(l)))}
	if len(list) == 0 {
		out.Blocks = []card.Block{card.P(l.T("没有进行中的商机。", "You have no open deals.")), card.Buttons{Items: []card.Button{CommandButton(l.T("我的客户", "My accounts"), l.T("/我的客户", "/accounts"))}},
			card.Note{Text: l.T("新建：/新商机 客户 金额 预计日期", "New one: /newdeal customer amount expected-day")}}
		return out
	}
	for _, d := range list {
		out.About = append(out.About, d.ID.Ref())
	}
	out.Blocks = []card.Block{dealTable(l, list, stages, names)}
	out.Blocks = append(out.Blocks, pager(l, l.T("/我的商机", "/deals"), page, int((total.Count+int64(size)-1)/int64(size)))...)
	return out
}

// DealForm asks for a new deal of an account.
func DealForm(l crm.Lang, x account.Account, products []deal.Product) card.Card {
	code := x.ID.String()
	inputs := []card.Input{
		{Kind: card.TextInput, Name: DealTitleInput, Label: l.T("商机名称", "Title"), Placeholder: x.Name, MaxLen: deal.MaxTitle, Help: l.T("不填则用客户名称", "empty: the customer's name")},
		{Kind: card.MoneyInput, Name: DealAmountInput, Label: l.T("金额", "Amount"), Placeholder: l.T("80万", "800k"), Required: true},
		{Kind: card.DateInput, Name: DealExpectedInput, Label: l.T("预计成交日", "Expected close")},
	}
	if len(products) > 0 {
		p := card.Input{Kind: card.SelectInput, Name: DealProductInput, Label: l.T("产品", "Product")}
		for _, x := range products[:min(len(products), 30)] {
			p.Options = append(p.Options, card.Option{Value: strconv.FormatInt(int64(x.ID), 10), Label: x.Name})
		}
		inputs = append(inputs, p)
	}
	return card.Card{Lang: l, Title: l.T("新商机 · ", "New deal · ") + x.Name, Subtitle: code, Tone: card.Info, Blocks: []card.Block{card.Form{Name: "deal", Inputs: inputs,
		Submit:  card.Button{Label: l.T("建立商机", "Open deal"), Style: card.Primary, Action: CreateDeal{x.ID}, Command: l.T("/新商机 "+code+" 金额 预计日期", "/newdeal "+code+" amount day")},
		Example: l.T("/新商机 "+code+" 80万 月底", "/newdeal "+code+" 800k 2026-03-31")}}}
}
