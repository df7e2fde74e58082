package handlers

import (
	"context"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/calendar"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
)

// contractFields are the parts of a one-line contract: words in order, and
// field=value pairs.
type contractFields struct {
	words []string
	named map[string]string
}

// contractEdit is a contract and what changes in it.
type contractEdit struct {
	id     crm.ContractID
	fields contractFields
}

// fieldKeys are the names of the fields in a line.
var fieldKeys = map[string]string{
	"客户": cards.CustomerInput, "customer": cards.CustomerInput, "类型": cards.TypeInput, "合同类型": cards.TypeInput, "type": cards.TypeInput,
	"金额": cards.AmountInput, "合同金额": cards.AmountInput, "amount": cards.AmountInput, "付款": cards.TermsInput, "付款条件": cards.TermsInput, "terms": cards.TermsInput,
	"开始": cards.StartsInput, "开始日期": cards.StartsInput, "starts": cards.StartsInput, "start": cards.StartsInput,
	"结束": cards.EndsInput, "结束日期": cards.EndsInput, "到期": cards.EndsInput, "ends": cards.EndsInput, "end": cards.EndsInput,
	"方式": cards.ChannelInput, "签署方式": cards.ChannelInput, "signing": cards.ChannelInput, "联系人": cards.ContactInput, "客户联系人": cards.ContactInput, "contact": cards.ContactInput,
	"备注": cards.RemarkInput, "remark": cards.RemarkInput,
}

// parseFields splits a line. A value runs until the next known field=, so it may
// contain spaces.
func parseFields(rest string) (contractFields, error) {
	f := contractFields{named: map[string]string{}}
	last := ""
	for _, w := range strings.Fields(rest) {
		k, v, ok := strings.Cut(w, "=")
		if key := fieldKeys[strings.ToLower(k)]; ok && key != "" {
			if _, twice := f.named[key]; twice {
				return f, crm.Invalid("“"+k+"”写了两次", "“"+k+"” is given twice")
			}
			last, f.named[key] = key, v
			continue
		}
		if ok && strings.TrimSpace(k) != "" && last == "" {
			return f, crm.Invalid("没有字段“"+k+"”", "there is no field “"+k+"”").WithNext("可用：客户、类型、金额、付款、开始、结束、方式、联系人、备注", "use customer, type, amount, terms, starts, ends, signing, contact, remark")
		}
		if last == "" {
			f.words = append(f.words, w)
			continue
		}
		f.named[last] = strings.TrimSpace(f.named[last] + " " + w)
	}
	return f, nil
}

func parseContractEdit(rest string) (contractEdit, error) {
	in, err := parseContract(rest)
	if err != nil {
		return contractEdit{}, err
	}
	f, err := parseFields(in.text)
	if err == nil && len(f.words) > 0 {
		err = crm.Invalid("看不懂“"+strings.Join(f.words, " ")+"”，请写成 字段=值", "cannot read “"+strings.Join(f.words, " ")+"”; write field=value")
	}
	return contractEdit{in.id, f}, err
}

// spread puts the words in order into the fields: customer, amount, start, end,
// and whatever is left into the payment terms.
func (s *Services) spread(f contractFields) {
	now := s.Clock.Now()
	set := func(k, v string) {
		if f.named[k] == "" {
			f.named[k] = v
		}
	}
	var customer, terms []string
	seenAmount := f.named[cards.AmountInput] != ""
	for _, w := range f.words {
		if _, err := crm.ParseMoney(w); err == nil && !seenAmount {
			seenAmount = true
			set(cards.AmountInput, w)
			continue
		}
		if !seenAmount {
			customer = append(customer, w)
			continue
		}
		if d, err := calendar.ParseWhen(w, now, s.Calendar); err == nil && d.Rest == "" {
			if f.named[cards.StartsInput] == "" {
				set(cards.StartsInput, string(d.Day))
			} else {
				set(cards.EndsInput, string(d.Day))
			}
			continue
		}
		terms = append(terms, w)
	}
	set(cards.CustomerInput, strings.Join(customer, " "))
	set(cards.TermsInput, strings.Join(terms, " "))
}

// values makes the fields look like a submitted form.
func (f contractFields) values() bot.Values {
	v := bot.Values{}
	for k, x := range f.named {
		if x != "" {
			v[k] = []string{x}
		}
	}
	return v
}

// contractInput reads a form or a line. Fields that are missing keep the base's
// value; a field that is present and empty is cleared where that is allowed.
func (s *Services) contractInput(v bot.Values, base contract.Contract) (contract.Input, error) {
	in := contract.Input{Type: base.Type, Account: base.Account, Deal: base.Deal, Amount: base.Amount, Terms: base.Terms, StartsOn: base.StartsOn, EndsOn: base.EndsOn,
		Channel: base.Channel, Contact: base.Contact, Remark: base.Remark}
	if t := strings.TrimSpace(v.Get(cards.CustomerInput)); t != "" && t != base.AccountName {
		in.Account, in.Customer = 0, t
		if ref, err := crm.ParseRef(t); err == nil && ref.Kind == crm.KindAccount {
			in.Account, in.Customer = crm.AccountID(ref.ID), ""
		}
	}
	var err error
	if t := v.Get(cards.AmountInput); t != "" {
		if in.Amount, err = crm.ParseMoney(t); err != nil {
			return in, err
		}
	}
	for key, to := range map[string]*crm.Day{cards.StartsInput: &in.StartsOn, cards.EndsInput: &in.EndsOn} {
		t := strings.TrimSpace(v.Get(key))
		if t == "" {
			continue
		}
		if key == cards.EndsInput && (t == "长期" || t == "无" || strings.EqualFold(t, "none")) {
			*to = ""
			continue
		}
		w, err := calendar.ParseWhen(t, s.Clock.Now(), s.Calendar)
		if err != nil {
			return in, err
		}
		*to = w.Day
	}
	if t := v.Get(cards.ChannelInput); t != "" {
		c, ok := contract.ParseChannel(strings.ToLower(t))
		if !ok {
			return in, crm.Invalid("签署方式“"+t+"”不对，可写 线上 或 线下", "the signing “"+t+"” is not online or offline")
		}
		in.Channel = c
	}
	for key, to := range map[string]*string{cards.TypeInput: &in.Type, cards.TermsInput: &in.Terms, cards.ContactInput: &in.Contact, cards.RemarkInput: &in.Remark} {
		if t := v.Get(key); t != "" {
			*to = t
		}
	}
	return in, nil
}

// clearMissing empties the optional fields that a submitted form left empty.
func clearMissing(v bot.Values, in *contract.Input, locked bool) {
	if v.Get(cards.ContactInput) == "" {
		in.Contact = ""
	}
	if v.Get(cards.RemarkInput) == "" {
		in.Remark = ""
	}
	if !locked && v.Get(cards.EndsInput) == "" {
		in.EndsOn = ""
	}
}

// newContract makes the contract when the line says everything, else shows the
// form with what it says.
func (s *Services) newContract(ctx context.Context, a crm.Actor, c bot.Call, f contractFields) (bot.Reply, error) {
	base := contract.Contract{}
	if len(f.words) > 0 {
		if ref, err := crm.ParseRef(f.words[0]); err == nil && ref.Kind == crm.KindDeal {
			d, err := s.Deals.Get(ctx, a, crm.DealID(ref.ID))
			if err != nil {
				return bot.Reply{}, err
			}
			base.Deal, base.Account, base.Amount, base.Remark = d.ID, d.Account, d.Amount, d.Title
			if d.Account != 0 {
				x, err := s.Accounts.Get(ctx, a, d.Account)
				if err != nil {
					return bot.Reply{}, err
				}
				base.AccountName = x.Name
			}
			f.words = f.words[1:]
		}
	}
	s.spread(f)
	in, err := s.contractInput(f.values(), base)
	if err != nil {
		return bot.Reply{}, err
	}
	if (in.Account != 0 || in.Customer != "") && in.Amount > 0 && in.Terms != "" && in.StartsOn != "" {
		if rep, ask, err := s.askCustomer(ctx, a, in, base); ask || err != nil {
			return rep, err
		}
		x, err := s.Contracts.Create(ctx, a, in)
		return s.contractDone(ctx, a, c, x.ID, crm.Text{Zh: "已保存草稿", En: "draft saved"}, err)
	}
	return s.contractForm(ctx, a, in, base, nil)
}

// askCustomer shows the form with the choices when a name fits several
// customers.
func (s *Services) askCustomer(ctx context.Context, a crm.Actor, in contract.Input, base contract.Contract) (bot.Reply, bool, error) {
	if in.Account != 0 || in.Customer == "" {
		return bot.Reply{}, false, nil
	}
	found, err := s.Contracts.Candidates(ctx, a, in.Customer)
	if err != nil || len(found) < 2 {
		return bot.Reply{}, false, err
	}
	choices := make([]cards.AccountChoice, len(found))
	for i, x := range found {
		choices[i] = cards.AccountChoice{ID: x.ID, Name: x.Name}
	}
	rep, err := s.contractForm(ctx, a, in, base, choices)
	return rep, true, err
}

func (s *Services) contractForm(ctx context.Context, a crm.Actor, in contract.Input, base contract.Contract, choices []cards.AccountChoice) (bot.Reply, error) {
	types := s.Contracts.TypesNow(ctx)
	v := cards.ContractFormView{Contract: base, Types: types, Choices: choices, Customer: in.Customer}
	if v.Customer == "" {
		v.Customer = base.AccountName
	}
	if v.Customer == "" && in.Account != 0 {
		v.Customer = in.Account.String()
	}
	v.Contract.Amount, v.Contract.Terms, v.Contract.StartsOn, v.Contract.EndsOn = in.Amount, in.Terms, in.StartsOn, in.EndsOn
	v.Contract.Channel, v.Contract.Contact, v.Contract.Remark = in.Channel, in.Contact, in.Remark
	if t, ok := contract.FindType(types, in.Type); ok {
		v.Contract.Type = t.Code
	}
	if base.ID != 0 {
		v.Voids = base.State == contract.Pending
		v.Locked = lockedState(base.State)
	}
	return bot.Reply{Card: new(cards.ContractForm(a.Lang, v)), Private: true}, nil
}

func lockedState(st contract.State) bool {
	return st != contract.Draft && st != contract.Rejected && st != contract.Pending
}
