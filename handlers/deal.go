package handlers

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/account"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
)

// viewDeal is the view of a deal's card; its ref is the code.
const viewDeal = "deal.card"

// dealArgs is a deal and a text.
type dealArgs struct {
	id   crm.DealID
	text string
}

func parseDeal(rest string) (dealArgs, error) {
	head, tail, _ := strings.Cut(strings.TrimSpace(rest), " ")
	ref, err := crm.ParseRef(head)
	if err != nil || ref.Kind != crm.KindDeal {
		return dealArgs{}, crm.Invalid("请写商机编号，如 D-3", "name the deal by its code, such as D-3")
	}
	return dealArgs{crm.DealID(ref.ID), strings.TrimSpace(tail)}, nil
}

func deals(s *Services) Module {
	return Module{
		Commands: []bot.Registration{
			bot.Command[int]{Name: "我的商机", Aliases: []string{"deals"}, Summary: crm.Text{Zh: "我进行中的商机", En: "my open deals"}, Usage: crm.Text{Zh: "[页]", En: "[page]"},
				Examples: []string{"/我的商机", "/deals"}, Roles: sellers, Menu: true, Parse: parsePage, Run: s.myDeals},
			bot.Command[string]{Name: "商机", Aliases: []string{"deal"}, Summary: crm.Text{Zh: "查看商机", En: "show a deal"}, Usage: crm.Text{Zh: "D-3|名称", En: "D-3|title"},
				Examples: []string{"/商机 D-3", "/商机 星河", "/deal D-3"}, Parse: needText("商机编号或名称", "a deal by code or title"), Run: s.findDeal},
			bot.Command[string]{Name: "新商机", Aliases: []string{"newdeal"}, Summary: crm.Text{Zh: "给客户建立商机", En: "open a deal with a customer"}, Usage: crm.Text{Zh: "客户 [金额 预计日期]", En: "customer [amount expected-day]"},
				Examples: []string{"/新商机 星河科技 80万 月底", "/新商机 A-3", "/newdeal Galaxy 800k month end"}, Roles: sellers, Parse: needText("客户", "a customer"), Run: s.newDeal},
			bot.Command[dealArgs]{Name: "推进", Aliases: []string{"advance"}, Summary: crm.Text{Zh: "推进商机到下一阶段或指定阶段", En: "move a deal to the next stage, or to a named one"}, Usage: crm.Text{Zh: "D-3 [阶段]", En: "D-3 [stage]"},
				Examples: []string{"/推进 D-3", "/推进 D-3 方案报价", "/advance D-3"}, Roles: sellers, Parse: parseDeal,
				Run: func(ctx context.Context, a crm.Actor, _ bot.Call, in dealArgs) (bot.Reply, error) {
					d, err := s.Deals.Advance(ctx, a, in.id, 0, in.text)
					return s.dealMoved(ctx, a, d, err, false)
				}},
			bot.Command[dealArgs]{Name: "赢单", Aliases: []string{"win"}, Summary: crm.Text{Zh: "商机赢单", En: "close a deal as won"}, Usage: crm.Text{Zh: "D-3 [成交金额]", En: "D-3 [real amount]"},
				Examples: []string{"/赢单 D-3", "/赢单 D-3 76万", "/win D-3 760k"}, Roles: sellers, Parse: parseDeal,
				Run: func(ctx context.Context, a crm.Actor, _ bot.Call, in dealArgs) (bot.Reply, error) {
					amount, err := optionalMoney(in.text)
					if err != nil {
						return bot.Reply{}, err
					}
					d, err := s.Deals.Win(ctx, a, in.id, 0, amount)
					return s.dealMoved(ctx, a, d, err, false)
				}},
			bot.Command[dealArgs]{Name: "输单", Aliases: []string{"lose"}, Summary: crm.Text{Zh: "商机输单，需要原因", En: "close a deal as lost, with a reason"}, Usage: crm.Text{Zh: "D-3 原因 [说明]", En: "D-3 reason [note]"},
				Examples: []string{"/输单 D-3 价格 对手低 8%", "/输单 D-3 竞品", "/lose D-3 price the others were 8% cheaper"}, Roles: sellers, Parse: parseDeal,
				Run: func(ctx context.Context, a crm.Actor, _ bot.Call, in dealArgs) (bot.Reply, error) {
					why, note, _ := deal.ParseReason(in.text)
					d, err := s.Deals.Lose(ctx, a, in.id, 0, why, note)
					return s.dealMoved(ctx, a, d, err, false)
				}},
			bot.Handle[cards.CreateDeal]{Roles: sellers, Run: s.createDeal},
			bot.Handle[cards.AdvanceDeal]{Roles: sellers, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AdvanceDeal) (bot.Reply, error) {
				d, err := s.Deals.Advance(ctx, a, p.Deal, p.V, "")
				return s.dealMoved(ctx, a, d, err, true)
			}},
			bot.Handle[cards.WinDeal]{Roles: sellers, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.WinDeal) (bot.Reply, error) {
				amount, err := optionalMoney(c.Values.Get(cards.DealAmountInput))
				if err != nil {
					return bot.Reply{}, err
				}
				d, err := s.Deals.Win(ctx, a, p.Deal, p.V, amount)
				return s.dealMoved(ctx, a, d, err, true)
			}},
			bot.Handle[cards.LoseDeal]{Roles: sellers, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.LoseDeal) (bot.Reply, error) {
				d, err := s.Deals.Lose(ctx, a, p.Deal, p.V, deal.Reason(c.Values.Get(cards.DealReasonInput)), c.Values.Get(cards.DealNoteInput))
				return s.dealMoved(ctx, a, d, err, true)
			}},
		},
		Views: []bot.ViewDef{{Name: viewDeal, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			r, err := crm.ParseRef(ref)
			if err != nil || r.Kind != crm.KindDeal {
				return card.Card{}, fmt.Errorf("deal view: %q is no deal", ref)
			}
			if v.Group {
				return card.Card{}, bot.ErrNothing // groups see no single deals (PM-03)
			}
			return s.dealCard(ctx, v.Actor, v.Lang, crm.DealID(r.ID))
		}}},
		Texts: []Fallback{func(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
			ref, err := crm.ParseRef(c.Rest)
			if err != nil || ref.Kind != crm.KindDeal || !strings.Contains(c.Rest, "-") {
				return bot.Reply{}, bot.ErrUnhandled
			}
			return s.showDeal(ctx, a, crm.DealID(ref.ID))
		}},
	}
}

func optionalMoney(text string) (crm.Money, error) {
	if strings.TrimSpace(text) == "" {
		return 0, nil
	}
	return crm.ParseMoney(text)
}

func (s *Services) dealMoved(ctx context.Context, a crm.Actor, d deal.Deal, err error, update bool) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	rep, err := s.showDeal(ctx, a, d.ID)
	rep.Update = update
	st, _ := deal.StageAt(s.Deals.Stages(ctx), d.Stage)
	text := crm.Text{Zh: d.ID.String() + " 已到“" + st.Zh + "”", En: d.ID.String() + " is now in “" + st.En + "”"}
	switch d.Status {
	case deal.Won:
		text = crm.Text{Zh: "恭喜赢单 " + d.Amount.Short(crm.Chinese), En: "won " + d.Amount.Short(crm.English) + ", congratulations"}
	case deal.Lost:
		text = crm.Text{Zh: "已记输单：" + d.Reason.Name(crm.Chinese), En: "recorded as lost: " + d.Reason.Name(crm.English)}
	}
	rep.Toast, rep.ToastTone = text.In(a.Lang), bot.ToastSuccess
	return rep, err
}

func (s *Services) showDeal(ctx context.Context, a crm.Actor, id crm.DealID) (bot.Reply, error) {
	c, err := s.dealCard(ctx, a, a.Lang, id)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(c, bot.View{Name: viewDeal, Ref: id.String()})
	rep.Private = true
	return rep, nil
}

func (s *Services) dealCard(ctx context.Context, a crm.Actor, l crm.Lang, id crm.DealID) (card.Card, error) {
	d, err := s.Deals.Get(ctx, a, id)
	if err != nil {
		return card.Card{}, err
	}
	now := s.Clock.Now()
	v := cards.DealView{Deal: d, Owner: s.Directory.Name(ctx, d.Owner), Stages: s.Deals.Stages(ctx), Name: func(u crm.UserID) string { return s.Directory.Name(ctx, u) },
		Days: s.Calendar.WorkdaysBetween(s.Calendar.DayOf(d.StageAt), s.Calendar.DayOf(now)), CanChange: deal.CanChange(a, d) && a.Is(sellers...), Zone: s.Calendar.Zone(), Today: s.Calendar.DayOf(now)}
	names, err := s.Deals.AccountNames(ctx, []crm.AccountID{d.Account})
	if err != nil {
		return card.Card{}, err
	}
	v.Account = names[d.Account]
	products, err := s.Deals.ProductNames(ctx)
	if err != nil {
		return card.Card{}, err
	}
	v.Product = products[d.Product]
	if v.Moves, err = s.Deals.Moves(ctx, a, id); err != nil {
		return card.Card{}, err
	}
	if v.UndoUntil, err = s.Deals.UndoUntil(ctx, a, d); err != nil {
		return card.Card{}, err
	}
	return cards.Deal(l, v), nil
}

func (s *Services) listDeals(ctx context.Context, a crm.Actor, q deal.Query) ([]deal.Deal, deal.Totals, func(crm.AccountID) string, error) {
	list, total, err := s.Deals.List(ctx, a, q)
	if err != nil {
		return nil, total, nil, err
	}
	ids := make([]crm.AccountID, len(list))
	for i, d := range list {
		ids[i] = d.Account
	}
	names, err := s.Deals.AccountNames(ctx, ids)
	return list, total, func(id crm.AccountID) string { return names[id] }, err
}

func (s *Services) myDeals(ctx context.Context, a crm.Actor, _ bot.Call, page int) (bot.Reply, error) {
	list, total, names, err := s.listDeals(ctx, a, deal.Query{Owner: a.ID, Status: deal.Open, Offset: (page - 1) * listPage, Limit: listPage})
	if err != nil {
		return bot.Reply{}, err
	}
	c := cards.DealList(a.Lang, list, total, s.Deals.Stages(ctx), names, page, listPage)
	return bot.Reply{Card: &c, Private: true}, nil
}

func (s *Services) findDeal(ctx context.Context, a crm.Actor, _ bot.Call, text string) (bot.Reply, error) {
	if ref, err := crm.ParseRef(text); err == nil && ref.Kind == crm.KindDeal {
		return s.showDeal(ctx, a, crm.DealID(ref.ID))
	}
	list, _, names, err := s.listDeals(ctx, a, deal.Query{Text: text, Limit: 9})
	if err != nil {
		return bot.Reply{}, err
	}
	switch len(list) {
	case 0:
		return bot.Reply{}, crm.NotFound("没有找到商机“"+clipText(text)+"”", "no deal is called “"+clipText(text)+"”").WithNext("发送 /我的商机 查看", "send /deals for yours")
	case 1:
		return s.showDeal(ctx, a, list[0].ID)
	}
	choices := make([]cards.Choice, len(list))
	for i, d := range list {
		choices[i] = cards.Choice{Ref: d.ID.Ref(), Label: d.Title, Sub: strings.Trim(names(d.Account)+" · "+d.Amount.Short(a.Lang)+" · "+d.Status.Name(a.Lang), " ·"), Command: a.Lang.T("/商机 ", "/deal ") + d.ID.String()}
	}
	c := cards.Choose(a.Lang, a.Lang.T("哪一个“"+clipText(text)+"”？", "Which “"+clipText(text)+"”?"), choices)
	return bot.Reply{Card: &c, Private: true}, nil
}

// newDeal reads "customer amount day": the amount separates the other two.
func (s *Services) newDeal(ctx context.Context, a crm.Actor, _ bot.Call, text string) (bot.Reply, error) {
	words := strings.Fields(text)
	customer, in, rest := text, deal.Draft{}, ""
	for i := 1; i < len(words); i++ {
		if m, err := crm.ParseMoney(words[i]); err == nil {
			customer, in.Amount = strings.Join(words[:i], " "), m
			rest = strings.Join(words[i:], " ")
			if day := strings.Join(words[i+1:], " "); day != "" {
				w, err := calendar.ParseNext(day, s.Clock.Now(), s.Calendar)
				if err != nil {
					return bot.Reply{}, err
				}
				in.ExpectedClose = w.Day
			}
			break
		}
	}
	list, err := s.Accounts.Search(ctx, a, customer, 9)
	if err != nil {
		return bot.Reply{}, err
	}
	switch {
	case len(list) == 0:
		return bot.Reply{}, crm.NotFound("没有找到客户“"+clipText(customer)+"”", "no customer is called “"+clipText(customer)+"”").
			WithNext("商机属于客户：请先把线索转为客户，或检查名称", "a deal belongs to a customer: turn the lead into one first, or check the name")
	case len(list) > 1:
		return s.chooseAccount(ctx, a, customer, list, func(x account.Account) string {
			return strings.TrimSpace(a.Lang.T("/新商机 ", "/newdeal ") + x.ID.String() + " " + rest)
		}), nil
	case in.Amount == 0:
		products, err := s.Deals.Products(ctx)
		if err != nil {
			return bot.Reply{}, err
		}
		form := cards.DealForm(a.Lang, list[0], products)
		return bot.Reply{Card: &form, Private: true}, nil
	}
	in.Account = list[0].ID
	return s.openDeal(ctx, a, in, false)
}

func (s *Services) createDeal(ctx context.Context, a crm.Actor, c bot.Call, p cards.CreateDeal) (bot.Reply, error) {
	in := deal.Draft{Account: p.Account, Title: c.Values.Get(cards.DealTitleInput)}
	var err error
	if in.Amount, err = crm.ParseMoney(c.Values.Get(cards.DealAmountInput)); err != nil {
		return bot.Reply{}, err
	}
	if day := c.Values.Get(cards.DealExpectedInput); day != "" {
		if in.ExpectedClose, err = crm.ParseDay(day); err != nil {
			return bot.Reply{}, err
		}
	}
	if id := c.Values.Get(cards.DealProductInput); id != "" {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return bot.Reply{}, crm.Invalid("没有这个产品", "there is no such product")
		}
		in.Product = deal.ProductID(n)
	}
	return s.openDeal(ctx, a, in, true)
}

func (s *Services) openDeal(ctx context.Context, a crm.Actor, in deal.Draft, update bool) (bot.Reply, error) {
	d, err := s.Deals.Create(ctx, a, in)
	if err != nil {
		return bot.Reply{}, err
	}
	rep, err := s.showDeal(ctx, a, d.ID)
	rep.Update = update
	rep.Toast, rep.ToastTone = a.Lang.T("已建立商机 "+d.ID.String(), "opened deal "+d.ID.String()), bot.ToastSuccess
	return rep, err
}
