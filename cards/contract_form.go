package cards

import (
	"crmbot/cards/card"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
)

// CreateContract makes a draft from the form's values.
type CreateContract struct {
	Deal crm.DealID `json:"d,omitempty"`
}

// ActionName implements card.Action.
func (CreateContract) ActionName() string { return "contract.create" }

// SaveContract changes a contract to the form's values.
type SaveContract struct {
	Contract crm.ContractID `json:"c"`
	Version  int64          `json:"v,omitempty"`
}

// ActionName implements card.Action.
func (SaveContract) ActionName() string { return "contract.save" }

// The inputs of the contract form.
const (
	CustomerInput = "customer"
	TypeInput     = "type"
	AmountInput   = "amount"
	TermsInput    = "terms"
	StartsInput   = "starts"
	EndsInput     = "ends"
	ChannelInput  = "channel"
	ContactInput  = "contact"
	RemarkInput   = "remark"
)

// AccountChoice is one of several customers that a name may mean.
type AccountChoice struct {
	ID   crm.AccountID
	Name string
}

// ContractFormView fills the contract form.
type ContractFormView struct {
	// Contract is changed when its ID is set; else a new one is made.
	Contract contract.Contract
	// Customer is the text in the customer field; Choices turn it into a selection.
	Customer string
	Choices  []AccountChoice
	Types    []contract.Type
	// Locked says that only the remark, the contact and the signing may change.
	Locked bool
	// Voids says that a change of substance ends the approval.
	Voids bool
}

// ContractForm is the form for a new contract or for changing one.
func ContractForm(l crm.Lang, v ContractFormView) card.Card {
	c := v.Contract
	out := card.Card{Lang: l, Title: l.T("新建合同", "New contract"), Tone: card.Info, Subtitle: c.Deal.Ref().String()}
	submit := card.Button{Label: l.T("保存草稿", "Save draft"), Style: card.Primary, Action: CreateContract{c.Deal},
		Command: l.T("/新合同 客户 金额 开始=日期 付款=条件", "/newcontract customer amount starts=date terms=text")}
	example := l.T("/新合同 星河科技 50万 付款=月结30天 开始=2026-03-01 结束=2027-02-28 方式=线下", "/newcontract Galaxy 500k terms=30 days net starts=2026-03-01 ends=2027-02-28 signing=offline")
	if c.ID != 0 {
		out.Title, out.Subtitle = l.T("修改合同 ", "Edit contract ")+c.ID.String(), c.Number
		submit.Label, submit.Action = l.T("保存", "Save"), SaveContract{c.ID, c.Version}
		submit.Command = l.T("/修改合同 "+c.ID.String()+" 字段=值", "/editcontract "+c.ID.String()+" field=value")
		example = l.T("/修改合同 "+c.ID.String()+" 金额=60万 付款=预付30%", "/editcontract "+c.ID.String()+" amount=600k terms=30% in advance")
	}
	switch {
	case v.Locked:
		out.Blocks = append(out.Blocks, card.Note{Text: l.T("合同已审批，只能改联系人、备注和签署方式。", "The contract is approved; only the contact, the remark and the signing may change.")})
	case v.Voids:
		out.Tone = card.Warning
		out.Blocks = append(out.Blocks, card.Text{Spans: []card.Span{{Text: l.T("合同正在审批。修改客户、金额、条款、日期或类型会使审批失效，需要重新提交。", "The contract is in approval. A change of customer, amount, terms, dates or type voids the request; it has to be submitted again."), Tone: card.Warning}}})
	}
	out.Blocks = append(out.Blocks, card.Form{Name: "contract", Inputs: contractInputs(l, v), Submit: submit, Example: example})
	return out
}

func contractInputs(l crm.Lang, v ContractFormView) []card.Input {
	c := v.Contract
	var ins []card.Input
	if !v.Locked {
		customer := card.Input{Kind: card.TextInput, Name: CustomerInput, Label: l.T("客户", "Customer"), Default: v.Customer, Required: true, MaxLen: 120, Placeholder: l.T("名称或编号，如 A-12", "name or code, such as A-12")}
		if len(v.Choices) > 1 {
			customer.Kind, customer.Default, customer.Placeholder, customer.MaxLen = card.SelectInput, "", l.T("有多个客户，请选择", "several customers fit; choose one"), 0
			for _, x := range v.Choices {
				customer.Options = append(customer.Options, card.Option{Value: x.ID.String(), Label: x.ID.String() + " " + x.Name})
			}
		}
		types := card.Input{Kind: card.SelectInput, Name: TypeInput, Label: l.T("合同类型", "Type"), Default: c.Type, Required: true}
		for _, t := range v.Types {
			types.Options = append(types.Options, card.Option{Value: t.Code, Label: l.T(t.Zh, t.En)})
		}
		if types.Default == "" && len(v.Types) > 0 {
			types.Default = v.Types[0].Code
		}
		amount := card.Input{Kind: card.MoneyInput, Name: AmountInput, Label: l.T("合同金额", "Amount"), Required: true, Placeholder: l.T("如 50万", "for example 500k")}
		if c.Amount > 0 {
			amount.Default = c.Amount.Decimal()
		}
		ins = append(ins, customer, types, amount,
			card.Input{Kind: card.TextInput, Name: TermsInput, Label: l.T("付款条件", "Payment terms"), Default: c.Terms, Required: true, MaxLen: contract.MaxTerms, Placeholder: l.T("如 预付30%，月结30天", "for example 30% in advance, 30 days net")},
			card.Input{Kind: card.DateInput, Name: StartsInput, Label: l.T("开始日期", "Starts on"), Default: string(c.StartsOn), Required: true},
			card.Input{Kind: card.DateInput, Name: EndsInput, Label: l.T("结束日期", "Ends on"), Default: string(c.EndsOn), Help: l.T("不填表示长期", "empty: no end")})
	}
	channel := card.Input{Kind: card.SelectInput, Name: ChannelInput, Label: l.T("签署方式", "Signing"), Default: string(c.Channel)}
	if channel.Default == "" {
		channel.Default = string(contract.Offline)
	}
	for _, x := range []contract.Channel{contract.Offline, contract.Online} {
		channel.Options = append(channel.Options, card.Option{Value: string(x), Label: x.Name(l)})
	}
	return append(ins, channel,
		card.Input{Kind: card.TextInput, Name: ContactInput, Label: l.T("客户联系人", "Contact person"), Default: c.Contact, MaxLen: contract.MaxContact},
		card.Input{Kind: card.MultilineInput, Name: RemarkInput, Label: l.T("备注", "Remark"), Default: c.Remark, MaxLen: contract.MaxRemark})
}
