package contract

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// Input is what a person says about a contract's content. The customer is
// named by Account, by Customer (a code, a name or a new company's name) or by
// Deal.
type Input struct {
	Type     string // a type's code or name; empty: the first type
	Account  crm.AccountID
	Customer string
	Deal     crm.DealID
	Amount   crm.Money
	Terms    string
	StartsOn crm.Day
	EndsOn   crm.Day
	Channel  Channel // empty: offline
	Contact  string
	Remark   string
}

// The longest texts, in characters.
const (
	MaxTerms   = 200
	MaxContact = 50
	MaxRemark  = 500
)

// Create makes a draft with a number (CT-03). It belongs to the deal's owner
// when a deal is named, else to the actor. A customer that does not exist yet
// becomes a new account of the actor.
func (s *Service) Create(ctx context.Context, a crm.Actor, in Input) (Contract, error) {
	return s.create(ctx, a, in, 0)
}

// tapWithin is how soon after another a second tap on one form comes.
const tapWithin = time.Minute

// CreateOnce is Create for forms: a second tap within a minute gives the draft
// that the first one made.
func (s *Service) CreateOnce(ctx context.Context, a crm.Actor, in Input) (Contract, error) {
	return s.create(ctx, a, in, tapWithin)
}

func (s *Service) create(ctx context.Context, a crm.Actor, in Input, once time.Duration) (Contract, error) {
	if a.Frozen {
		return Contract{}, frozen()
	}
	var out Contract
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.reserve(ctx, a, in); err != nil {
			return err
		}
		now := s.Clock.Now()
		c := Contract{Owner: a.ID, Team: a.Team, State: Draft, CreatedAt: now, UpdatedAt: now}
		if in.Deal != 0 {
			d, err := s.Deals.Get(ctx, a, in.Deal)
			if err != nil {
				return err
			}
			if in.Account == 0 && in.Customer == "" {
				in.Account = d.Account
			}
			if d.Owner != 0 {
				c.Owner, c.Team = d.Owner, d.Team
			}
		}
		var err error
		if c.Content, err = s.content(ctx, a, in); err != nil {
			return err
		}
		if once > 0 {
			same, ok, err := s.justMade(ctx, a, c, now.Add(-once))
			if err != nil || ok {
				out = same
				return err
			}
		}
		if err := s.number(ctx, &c, now); err != nil {
			return err
		}
		if err := s.Store.AddContract(ctx, &c); err != nil {
			return err
		}
		out = c
		return s.log(ctx, c.ID, []Entry{{Event: Create, From: Draft, To: Draft}}, a.ID, now)
	})
	return out, err
}

// justMade is an untouched draft of the same owner and content that was made
// since then.
func (s *Service) justMade(ctx context.Context, a crm.Actor, c Contract, since time.Time) (Contract, bool, error) {
	have, _, err := s.Store.FindContracts(ctx, Query{Scope: ScopeOf(a), Owner: c.Owner, Account: c.Account, States: []State{Draft}, Limit: 5})
	for _, x := range have {
		if x.Content == c.Content && x.CreatedAt.After(since) {
			return x, true, err
		}
	}
	return Contract{}, false, err
}

func (s *Service) number(ctx context.Context, c *Contract, now time.Time) error {
	day := s.Calendar.DayOf(now)
	n, err := s.Store.NextNumber(ctx, counter(c.Type, day))
	if err != nil {
		return err
	}
	c.Number = Number(c.Type, day, n)
	return nil
}

// Edit changes the content. While the contract is in approval a change of
// price, party, terms, dates or type voids the request (AP-04) and the contract
// has to be submitted again; voided tells so. After the approval only the
// cosmetic fields may change.
func (s *Service) Edit(ctx context.Context, a crm.Actor, id crm.ContractID, version int64, in Input) (c Contract, voided bool, err error) {
	edit := func(ctx context.Context, c *Contract, now time.Time) ([]Entry, error) {
		voided = false
		if !CanWork(a, *c) {
			return nil, crm.Forbid(a, crm.Manager)
		}
		next, err := s.content(ctx, a, in)
		if err != nil {
			return nil, err
		}
		ds := DiffOf(c.Content, next)
		if len(ds) == 0 {
			return nil, nil
		}
		if Material(ds) {
			switch c.State {
			case Draft, Rejected:
			case Pending:
				if voided, err = s.voidForEdit(ctx, a, c); err != nil {
					return nil, err
				}
			default:
				return nil, locked(*c)
			}
		}
		retyped := c.Type != next.Type
		c.Content = next
		if retyped {
			old := c.Number
			if err := s.number(ctx, c, now); err != nil {
				return nil, err
			}
			ds = append([]Diff{{FieldNumber, old, c.Number}}, ds...)
		}
		return []Entry{{Event: Edit, From: c.State, To: c.State, Diff: ds}}, nil
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.reserve(ctx, a, in); err != nil {
			return err
		}
		var err error
		c, err = s.change(ctx, a, id, version, edit)
		return err
	})
	return c, voided, err
}

// voidForEdit ends the open request; the engine then tells the contract through
// Ended, so it is read again.
func (s *Service) voidForEdit(ctx context.Context, a crm.Actor, c *Contract) (bool, error) {
	voided, err := s.Approvals.VoidOn(ctx, a, c.ID.Ref(), "")
	if err != nil {
		return false, err
	}
	fresh, err := s.Store.Contract(ctx, c.ID, true)
	if err != nil {
		return false, err
	}
	*c = fresh
	if c.State == Pending {
		return false, crm.Internal(fmt.Errorf("contract %d is in approval without an open request", c.ID))
	}
	return voided, nil
}

// locked refuses a material change after the approval.
func locked(c Contract) error {
	e := crm.Refused("AP-04", "合同 "+c.ID.String()+" 已审批，现在是“"+c.State.Name(crm.Chinese)+"”，价格、客户、条款、日期和类型不能再改",
		"contract "+c.ID.String()+" is approved and "+c.State.Name(crm.English)+"; price, party, terms, dates and type cannot change")
	if c.State == ToSign {
		return e.WithNext("可先登记 /拒签 "+c.ID.String()+" 原因，再修改并重新提交", "record /decline "+c.ID.String()+" with a reason, then change and submit it again")
	}
	return e.WithNext("备注和联系人可以修改", "the remark and the contact person can change")
}

// content checks the input and finds the customer.
func (s *Service) content(ctx context.Context, a crm.Actor, in Input) (Content, error) {
	one := func(t string) string { return strings.Join(strings.Fields(crm.Normalize(t)), " ") }
	c := Content{Deal: in.Deal, Amount: in.Amount, Terms: one(in.Terms), StartsOn: in.StartsOn, EndsOn: in.EndsOn, Channel: in.Channel, Contact: one(in.Contact), Remark: crm.Normalize(in.Remark)}
	if c.Channel == "" {
		c.Channel = Offline
	}
	types := s.TypesNow(ctx)
	t := types[0]
	if in.Type != "" {
		var ok bool
		if t, ok = FindType(types, in.Type); !ok {
			names := make([]string, len(types))
			codes := make([]string, len(types))
			for i, x := range types {
				names[i], codes[i] = x.Zh, x.Code
			}
			return c, crm.Invalid("没有合同类型“"+clip(in.Type)+"”", "there is no contract type “"+clip(in.Type)+"”").
				WithNext("可选："+strings.Join(names, "、"), "choose one of "+strings.Join(codes, ", "))
		}
	}
	c.Type = t.Code
	if err := check(c); err != nil {
		return c, err
	}
	x, err := s.customer(ctx, a, in)
	if err != nil {
		return c, err
	}
	c.Account, c.AccountName = x.ID, x.Name
	return c, nil
}

// check is what every content has to fulfil.
func check(c Content) error {
	long := func(zh, en string, n, limit int) error {
		return crm.Invalid(fmt.Sprintf("%s有 %d 字，最多 %d 字", zh, n, limit), fmt.Sprintf("the %s has %d characters, at most %d are allowed", en, n, limit))
	}
	switch {
	case c.Amount <= 0:
		return crm.Invalid("合同金额要大于 0", "the amount must be above 0")
	case c.Amount > crm.MaxMoney:
		return crm.Invalid("合同金额超过上限 "+crm.MaxMoney.Short(crm.Chinese), "the amount is above the limit of "+crm.MaxMoney.Short(crm.English))
	case c.Terms == "":
		return crm.Invalid("请填写付款条件，例如 月结30天", "the payment terms are missing, for example: 30 days net")
	case !c.StartsOn.Valid():
		return crm.Invalid("请填写开始日期，例如 2026-03-01", "the start date is missing, for example 2026-03-01")
	case c.EndsOn != "" && !c.EndsOn.Valid():
		return crm.Invalid("看不懂结束日期", "the end date cannot be read")
	case c.EndsOn != "" && c.EndsOn < c.StartsOn:
		return crm.Invalid("结束日期 "+string(c.EndsOn)+" 早于开始日期 "+string(c.StartsOn), "the end date "+string(c.EndsOn)+" is before the start date "+string(c.StartsOn))
	case c.Channel != Online && c.Channel != Offline:
		return crm.Invalid("签署方式只能是线上或线下", "the signing is online or offline")
	}
	if n := utf8.RuneCountInString(c.Terms); n > MaxTerms {
		return long("付款条件", "payment terms", n, MaxTerms)
	}
	if n := utf8.RuneCountInString(c.Contact); n > MaxContact {
		return long("客户联系人", "contact person", n, MaxContact)
	}
	if n := utf8.RuneCountInString(c.Remark); n > MaxRemark {
		return long("备注", "remark", n, MaxRemark)
	}
	return nil
}

func clip(s string) string {
	r := []rune(s)
	if len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
