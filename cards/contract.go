package cards

import (
	"fmt"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/approval"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
)

// SubmitContract hands a contract in for approval.
type SubmitContract struct {
	Contract crm.ContractID `json:"c"`
	Version  int64          `json:"v,omitempty"`
	Urgent   bool           `json:"u,omitempty"`
}

// ActionName implements card.Action.
func (SubmitContract) ActionName() string { return "contract.submit" }

// SignContract confirms that both sides have signed; the form's date travels
// with it.
type SignContract struct {
	Contract crm.ContractID `json:"c"`
	Version  int64          `json:"v,omitempty"`
}

// ActionName implements card.Action.
func (SignContract) ActionName() string { return "contract.sign" }

// DeclineContract notes that the customer does not sign; the form's reason
// travels with it.
type DeclineContract struct {
	Contract crm.ContractID `json:"c"`
	Version  int64          `json:"v,omitempty"`
}

// ActionName implements card.Action.
func (DeclineContract) ActionName() string { return "contract.decline" }

// The inputs of the signing and declining forms.
const (
	SignedOnInput = "signed_on"
	ReasonInput   = "reason"
)

// ContractView is a contract as one person sees it.
type ContractView struct {
	Contract contract.Contract
	Types    []contract.Type
	Name     func(crm.UserID) string
	Log      []contract.Entry // newest first
	Files    []contract.File
	// Request is the latest approval of the contract; nil: none yet.
	Request   *approval.Chain
	Decisions []approval.Decision
	// What the viewer may do.
	CanWork, CanSign, OwnRequest bool
	Zone                         *time.Location
	Today                        crm.Day
}

func contractTone(c contract.Contract) card.Tone {
	if !c.TerminatedAt.IsZero() {
		return card.Muted
	}
	switch c.State {
	case contract.Pending:
		return card.Info
	case contract.Rejected:
		return card.Danger
	case contract.ToSign, contract.NotStarted:
		return card.Warning
	case contract.Active:
		return card.Success
	case contract.Expired:
		return card.Muted
	}
	return card.Neutral
}

// Contract is the card of a contract: its content, how far it is, its approval,
// what changed on the way, and what this person can do next.
func Contract(l crm.Lang, v ContractView) card.Card {
	c := v.Contract
	out := card.Card{Lang: l, Title: l.T("合同 ", "Contract ") + c.ID.String() + " · " + c.AccountName, Subtitle: c.Number, Tone: contractTone(c), About: []crm.Ref{c.ID.Ref()},
		Tags: []card.Tag{{Text: c.State.Name(l), Tone: contractTone(c)}}}
	if c.State == contract.Rejected && c.Cause != "" {
		out.Tags = append(out.Tags, card.Tag{Text: c.Cause.Name(l), Tone: card.Danger})
	}
	if !c.TerminatedAt.IsZero() {
		out.Tags = append(out.Tags, card.Tag{Text: l.T("已终止", "terminated"), Tone: card.Danger})
	}
	out.Blocks = append(out.Blocks, card.Fields{Items: contractFields(l, v)})
	out.Blocks = append(out.Blocks, card.Text{Spans: []card.Span{{Text: l.T("下一步：", "Next: "), Bold: true}, {Text: nextForContract(l, v)}}})
	if v.Request != nil {
		r := v.Request.Request
		out.About = append(out.About, r.ID.Ref())
		out.Blocks = append(out.Blocks, card.Heading{Text: l.T("审批 ", "Approval ") + r.ID.String() + " · " + r.State.Name(l), Level: 3}, ChainText(l, *v.Request, v.Decisions, v.Name, v.Zone))
	}
	out.Blocks = append(out.Blocks, contractForms(l, v)...)
	if bs := contractButtons(l, v); len(bs) > 0 {
		out.Blocks = append(out.Blocks, card.Buttons{Items: bs})
	}
	if len(v.Log) > 0 {
		out.Blocks = append(out.Blocks, card.Collapsible{Title: l.T(fmt.Sprintf("变更记录（%d）", len(v.Log)), fmt.Sprintf("History (%d)", len(v.Log))), Blocks: []card.Block{logText(l, v)}})
	}
	return out
}

func contractFields(l crm.Lang, v ContractView) []card.Field {
	c := v.Contract
	name := func(f contract.Field) string { return f.Name(l) }
	fs := []card.Field{
		{Label: name(contract.FieldCustomer), Value: c.AccountName + " " + c.Account.String(), Wide: true},
		{Label: name(contract.FieldAmount), Value: c.Amount.Format(l)},
		{Label: name(contract.FieldType), Value: contract.TypeName(v.Types, c.Type, l)},
		{Label: name(contract.FieldTerms), Value: c.Terms, Wide: true},
		{Label: name(contract.FieldStarts), Value: string(c.StartsOn)},
		{Label: name(contract.FieldEnds), Value: contract.ValueText(contract.FieldEnds, string(c.EndsOn), v.Types, l)},
		{Label: name(contract.FieldChannel), Value: c.Channel.Name(l)},
		{Label: l.T("负责人", "Owner"), Value: v.Name(c.Owner)},
	}
	add := func(label, value string, wide bool) {
		if value != "" {
			fs = append(fs, card.Field{Label: label, Value: value, Wide: wide})
		}
	}
	add(name(contract.FieldDeal), c.Deal.Ref().String(), false)
	add(name(contract.FieldContact), c.Contact, false)
	add(l.T("签署日期", "Signed on"), string(c.SignedOn), false)
	if len(v.Files) > 0 {
		names := make([]string, len(v.Files))
		for i, f := range v.Files {
			names[i] = f.Name
		}
		add(l.T("扫描件", "Scans"), strings.Join(names, l.T("、", ", ")), true)
	}
	add(name(contract.FieldRemark), c.Remark, true)
	add(l.T("终止原因", "Terminated because"), c.TerminatedReason, true)
	return fs
}

// nextForContract says what happens next and who has to do it.
func nextForContract(l crm.Lang, v ContractView) string {
	c := v.Contract
	if !c.TerminatedAt.IsZero() {
		return l.T("合同已终止。", "The contract is terminated.")
	}
	switch c.State {
	case contract.Draft:
		return l.T("核对内容后提交审批。", "Check the content and submit it for approval.")
	case contract.Pending:
		return l.T("等待审批。", "Wait for the approval.")
	case contract.Rejected:
		return l.T("修改后重新提交。", "Change it and submit it again.")
	case contract.ToSign:
		switch {
		case c.Channel == contract.Online:
			return l.T("客户线上签署后，由法务确认。", "The customer signs online, then legal confirms.")
		case len(v.Files) == 0:
			return l.T("客户签字后，把扫描件发给我，文件名带上 "+c.ID.String()+"；然后由法务确认。", "Once the customer has signed, send me the scan with "+c.ID.String()+" in its name; then legal confirms.")
		}
		return l.T("扫描件已上传，等法务确认签署。", "The scan is here; legal confirms the signature.")
	case contract.NotStarted:
		return l.T("到 "+string(c.StartsOn)+" 自动生效。", "It comes into force on "+string(c.StartsOn)+".")
	case contract.Active:
		if c.EndsOn == "" {
			return l.T("合同履行中，没有结束日期。", "It is in force without an end date.")
		}
		return l.T(fmt.Sprintf("合同履行中，还有 %d 天到期。", c.EndsOn.Sub(v.Today)), fmt.Sprintf("It is in force for another %d days.", c.EndsOn.Sub(v.Today)))
	}
	return l.T("合同已到期，需要续约请新建合同。", "It has expired; make a new contract to renew it.")
}

func contractForms(l crm.Lang, v ContractView) []card.Block {
	c := v.Contract
	if c.State != contract.ToSign {
		return nil
	}
	var out []card.Block
	if v.CanSign && (c.Channel == contract.Online || len(v.Files) > 0) {
		out = append(out, signForm(l, c, v.Today))
	}
	if v.CanWork || v.CanSign {
		id := c.ID.String()
		out = append(out, card.Form{Name: "decline", Inputs: []card.Input{{Kind: card.TextInput, Name: ReasonInput, Label: l.T("拒签原因", "Reason"), Required: true, MaxLen: 200}},
			Submit:  card.Button{Label: l.T("客户拒签", "Customer declined"), Style: card.Risky, Action: DeclineContract{c.ID, c.Version}, Command: l.T("/拒签 "+id+" 原因", "/decline "+id+" reason")},
			Example: l.T("/拒签 "+id+" 价格未谈拢", "/decline "+id+" no agreement on the price")})
	}
	return out
}

func signForm(l crm.Lang, c contract.Contract, today crm.Day) card.Form {
	cmd := l.T("/签署 ", "/sign ") + c.ID.String()
	return card.Form{Name: "sign", Inputs: []card.Input{{Kind: card.DateInput, Name: SignedOnInput, Label: l.T("签署日期", "Signed on"), Default: string(today), Required: true,
		Help: l.T("双方都已签字的日期，业绩计入这一天", "the day on which both sides had signed; the credit counts on it")}},
		Submit:  card.Button{Label: l.T("确认已签署", "Confirm signature"), Style: card.Primary, Action: SignContract{c.ID, c.Version}, Command: cmd},
		Example: cmd + " " + string(today)}
}

func contractButtons(l crm.Lang, v ContractView) []card.Button {
	c := v.Contract
	id := c.ID.String()
	var bs []card.Button
	if v.CanWork && (c.State == contract.Draft || c.State == contract.Rejected) {
		bs = append(bs, card.Button{Label: l.T("提交审批", "Submit"), Style: card.Primary, Action: SubmitContract{c.ID, c.Version, false}, Command: l.T("/提交 ", "/submit ") + id},
			card.Button{Label: l.T("加急提交", "Submit as urgent"), Action: SubmitContract{c.ID, c.Version, true}, Command: l.T("/提交 "+id+" 加急", "/submit "+id+" urgent"),
				Confirm: &card.Confirm{Title: l.T("加急提交？", "Submit as urgent?"), Text: l.T("每月加急次数有限。", "Urgent requests are limited each month.")}})
	}
	if v.CanWork && !c.State.Signed() {
		bs = append(bs, CommandButton(l.T("修改", "Edit"), l.T("/修改合同 ", "/editcontract ")+id))
	}
	if v.Request != nil {
		r := v.Request.Request
		bs = append(bs, CommandButton(l.T("查看审批", "Open approval"), l.T("/审批 ", "/request ")+r.ID.String()))
		if v.OwnRequest && r.State == approval.Open {
			bs = append(bs, card.Button{Label: l.T("撤回", "Withdraw"), Action: WithdrawRequest{r.ID}, Command: l.T("/撤回 ", "/withdraw ") + r.ID.String(),
				Confirm: &card.Confirm{Title: l.T("撤回审批？", "Withdraw the request?"), Text: l.T("撤回后可以修改并重新提交。", "You can change and submit it again.")}})
		}
	}
	return bs
}

func logText(l crm.Lang, v ContractView) card.Text {
	var t card.Text
	for i, e := range v.Log {
		if i > 0 {
			t.Spans = append(t.Spans, card.Span{Text: "\n"})
		}
		who := v.Name(e.User)
		if e.User == 0 {
			who = l.T("系统", "system")
		}
		head := clockText(e.At, v.Zone) + " " + who + " " + e.Event.Name(l)
		if e.From != e.To {
			head += l.T("：", ": ") + e.From.Name(l) + " → " + e.To.Name(l)
		}
		if e.Note != "" {
			head += l.T("（", " (") + e.Note + l.T("）", ")")
		}
		t.Spans = append(t.Spans, card.Span{Text: head})
		for _, d := range e.Diff {
			t.Spans = append(t.Spans, card.Span{Text: "\n    " + d.Field.Name(l) + l.T("：", ": ")}, card.Span{Text: contract.ValueText(d.Field, d.Before, v.Types, l), Strike: true, Tone: card.Muted},
				card.Span{Text: " → " + contract.ValueText(d.Field, d.After, v.Types, l)})
		}
	}
	return t
}

// ContractSign asks legal to confirm a signature.
func ContractSign(l crm.Lang, v ContractView) card.Card {
	c := v.Contract
	out := card.Card{Lang: l, Title: l.T("请确认签署 ", "Confirm the signature of ") + c.ID.String(), Subtitle: c.Number + " " + c.AccountName, Tone: card.Warning, About: []crm.Ref{c.ID.Ref()},
		Tags: []card.Tag{{Text: c.State.Name(l), Tone: contractTone(c)}}}
	var names []string
	for _, f := range v.Files {
		names = append(names, f.Name+l.T("（", " (")+v.Name(f.User)+" "+clockText(f.At, v.Zone)+l.T("）", ")"))
	}
	out.Blocks = append(out.Blocks, card.Fields{Items: []card.Field{{Label: contract.FieldAmount.Name(l), Value: c.Amount.Format(l)}, {Label: l.T("负责人", "Owner"), Value: v.Name(c.Owner)},
		{Label: l.T("扫描件", "Scans"), Value: strings.Join(names, "\n"), Wide: true}}}, signForm(l, c, v.Today),
		card.Buttons{Items: []card.Button{CommandButton(l.T("下载扫描件", "Get the scan"), l.T("/扫描件 ", "/scan ")+c.ID.String()), CommandButton(l.T("查看合同", "Open contract"), l.T("/合同 ", "/contract ")+c.ID.String())}})
	return out
}

// Contracts lists contracts.
func Contracts(l crm.Lang, title string, list []contract.Contract, total int64, name func(crm.UserID) string) card.Card {
	c := card.Card{Lang: l, Title: title, Tone: card.Info, Subtitle: l.T(fmt.Sprintf("共 %d 份", total), fmt.Sprintf("%d in all", total))}
	if len(list) == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("还没有合同。", "There are no contracts yet.")), card.Buttons{Items: []card.Button{CommandButton(l.T("新建合同", "New contract"), l.T("/新合同", "/newcontract"))}})
		return c
	}
	t := card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("合同", "Contract")}, {Title: l.T("金额", "Amount"), Number: true}, {Title: l.T("状态", "State")}, {Title: l.T("操作", "Action")}}}
	for _, x := range list {
		b := CommandButton(l.T("打开", "Open"), l.T("/合同 ", "/contract ")+x.ID.String())
		t.Rows = append(t.Rows, []card.Cell{{Text: x.ID.String() + " " + x.AccountName + " · " + name(x.Owner)}, {Text: x.Amount.Short(l)}, {Text: x.State.Name(l), Tone: contractTone(x)}, {Text: b.Label, Action: &b}})
		c.About = append(c.About, x.ID.Ref())
	}
	c.Blocks = append(c.Blocks, t)
	if int64(len(list)) < total {
		c.Blocks = append(c.Blocks, card.Note{Text: l.T(fmt.Sprintf("显示最近 %d 份；发送 /合同 客户名 查找。", len(list)), fmt.Sprintf("The latest %d; send /contract and a customer's name to search.", len(list)))})
	}
	return c
}
