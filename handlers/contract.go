package handlers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/calendar"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/sched"
)

// viewContract is the view of a contract's card; its ref is the code.
const viewContract = "contract.card"

// contractArgs is a contract and a text.
type contractArgs struct {
	id   crm.ContractID
	text string
}

func parseContract(rest string) (contractArgs, error) {
	head, tail, _ := strings.Cut(strings.TrimSpace(rest), " ")
	ref, err := crm.ParseRef(head)
	if err != nil || ref.Kind != crm.KindContract {
		return contractArgs{}, crm.Invalid("请写合同编号，如 C-8", "name the contract by its code, such as C-8")
	}
	return contractArgs{crm.ContractID(ref.ID), strings.TrimSpace(tail)}, nil
}

// parseContractReason is parseContract for what needs a reason.
func parseContractReason(rest string) (contractArgs, error) {
	in, err := parseContract(rest)
	if err == nil && in.text == "" {
		err = crm.Invalid("请填写原因", "a reason is needed")
	}
	return in, err
}

func parseText(rest string) (string, error) { return strings.TrimSpace(rest), nil }

var sellers = []crm.Role{crm.Rep, crm.Manager, crm.Director, crm.Boss, crm.Admin}

func contracts(s *Services) Module {
	return Module{
		Commands: []bot.Registration{
			bot.Command[contractFields]{Name: "新合同", Aliases: []string{"newcontract"}, Summary: crm.Text{Zh: "新建合同", En: "make a contract"}, Roles: sellers, Menu: true,
				Usage:    crm.Text{Zh: "[D-3|客户 金额 …]", En: "[D-3|customer amount …]"},
				Examples: []string{"/新合同 星河科技 50万 付款=月结30天 开始=2026-03-01 结束=2027-02-28", "/新合同 D-3", "/新合同", "/newcontract Galaxy 500k terms=30 days net starts=2026-03-01 ends=2027-02-28"}, Parse: parseFields, Run: s.newContract},
			bot.Command[string]{Name: "合同", Aliases: []string{"contract"}, Summary: crm.Text{Zh: "查看合同，或按客户名查找", En: "show a contract, or search by customer"}, Usage: crm.Text{Zh: "[C-8|客户名]", En: "[C-8|customer]"},
				Examples: []string{"/合同 C-8", "/合同 星河", "/合同", "/contract C-8"}, Parse: parseText, Run: s.findContract},
			bot.Command[contractEdit]{Name: "修改合同", Aliases: []string{"editcontract"}, Summary: crm.Text{Zh: "修改合同内容", En: "change a contract"}, Roles: sellers, Usage: crm.Text{Zh: "C-8 [字段=值 …]", En: "C-8 [field=value …]"},
				Examples: []string{"/修改合同 C-8", "/修改合同 C-8 金额=60万 备注=分两期交付", "/editcontract C-8 amount=600k remark=two deliveries"}, Parse: parseContractEdit, Run: s.editContract},
			bot.Command[contractArgs]{Name: "提交", Aliases: []string{"submit"}, Summary: crm.Text{Zh: "把合同提交审批", En: "submit a contract for approval"}, Roles: sellers, Usage: crm.Text{Zh: "C-8 [加急] [说明]", En: "C-8 [urgent] [note]"},
				Examples: []string{"/提交 C-8", "/提交 C-8 加急 客户周五要盖章", "/submit C-8 urgent they sign on Friday"}, Parse: parseContract,
				Run: func(ctx context.Context, a crm.Actor, c bot.Call, in contractArgs) (bot.Reply, error) {
					urgent, note := cutUrgent(in.text)
					return s.submitContract(ctx, a, c, in.id, 0, urgent, note)
				}},
			bot.Command[contractArgs]{Name: "签署", Aliases: []string{"sign"}, Summary: crm.Text{Zh: "法务确认双方已签署；负责人可随命令附上扫描件", En: "legal confirms a signature; its owner can send the scan with it"}, Usage: crm.Text{Zh: "C-8 [日期]", En: "C-8 [date]"},
				Examples: []string{"/签署 C-8", "/签署 C-8 2026-03-05", "/sign C-8 2026-03-05"}, Parse: parseContract, Run: s.signContract},
			bot.Command[contractArgs]{Name: "拒签", Aliases: []string{"decline"}, Summary: crm.Text{Zh: "登记客户拒签", En: "record that the customer does not sign"}, Usage: crm.Text{Zh: "C-8 原因", En: "C-8 reason"},
				Examples: []string{"/拒签 C-8 价格未谈拢", "/decline C-8 no agreement on the price"}, Parse: parseContractReason,
				Run: func(ctx context.Context, a crm.Actor, c bot.Call, in contractArgs) (bot.Reply, error) {
					x, err := s.Contracts.Declined(ctx, a, in.id, 0, in.text)
					return s.contractDone(ctx, a, c, x.ID, crm.Text{Zh: "已登记客户拒签", En: "recorded"}, err)
				}},
			bot.Command[contractArgs]{Name: "终止", Aliases: []string{"terminate"}, Summary: crm.Text{Zh: "提前终止已签合同", En: "terminate a signed contract"}, Usage: crm.Text{Zh: "C-8 原因", En: "C-8 reason"}, Roles: []crm.Role{crm.Legal, crm.Boss},
				Examples: []string{"/终止 C-8 客户破产", "/terminate C-8 the customer is bankrupt"}, Parse: parseContractReason,
				Run: func(ctx context.Context, a crm.Actor, c bot.Call, in contractArgs) (bot.Reply, error) {
					x, err := s.Contracts.Terminated(ctx, a, in.id, 0, in.text)
					return s.contractDone(ctx, a, c, x.ID, crm.Text{Zh: "合同已终止", En: "terminated"}, err)
				}},
			bot.Command[contractArgs]{Name: "扫描件", Aliases: []string{"scan"}, Summary: crm.Text{Zh: "取回合同的扫描件", En: "get a contract's scans"}, Usage: crm.Text{Zh: "C-8", En: "C-8"}, Examples: []string{"/扫描件 C-8", "/scan C-8"},
				Parse: parseContract, Run: s.contractScans},
			bot.Handle[cards.CreateContract]{Roles: sellers, Run: s.createFromForm},
			bot.Handle[cards.SaveContract]{Roles: sellers, Run: s.saveFromForm},
			bot.Handle[cards.SubmitContract]{Roles: sellers, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.SubmitContract) (bot.Reply, error) {
				return s.submitContract(ctx, a, c, p.Contract, p.Version, p.Urgent, "")
			}},
			bot.Handle[cards.SignContract]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.SignContract) (bot.Reply, error) {
				return s.confirmSignature(ctx, a, c, p.Contract, p.Version, c.Values.Get(cards.SignedOnInput))
			}},
			bot.Handle[cards.DeclineContract]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.DeclineContract) (bot.Reply, error) {
				x, err := s.Contracts.Declined(ctx, a, p.Contract, p.Version, c.Values.Get(cards.ReasonInput))
				x, err = s.tappedAgain(ctx, a, c, p.Contract, x, err, func(x contract.Contract) bool {
					return x.State == contract.Rejected && x.Cause == contract.Declined
				})
				return s.contractDone(ctx, a, c, x.ID, crm.Text{Zh: "已登记客户拒签", En: "recorded"}, err)
			}},
		},
		Views: []bot.ViewDef{
			{Name: viewContract, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				id, err := contractRef(v, ref)
				if err != nil {
					return card.Card{}, err
				}
				return s.contractCard(ctx, v.Actor, id)
			}},
			{Name: contract.ViewSign, Render: s.signView},
		},
		Jobs:    []sched.Job{{Name: "contract.daily", Next: daily(s.Calendar, calendar.Clock(0, 5)), Run: func(ctx context.Context, _ time.Time) error { return s.Contracts.RunDaily(ctx) }}},
		Uploads: []Fallback{s.uploadScan},
	}
}

// contractRef checks who looks and at what; groups never see single contracts
// (PM-03).
func contractRef(v bot.Viewer, ref string) (crm.ContractID, error) {
	r, err := crm.ParseRef(ref)
	if err != nil || r.Kind != crm.KindContract {
		return 0, fmt.Errorf("contract view: %q is no contract", ref)
	}
	if v.Group {
		return 0, bot.ErrNothing
	}
	return crm.ContractID(r.ID), nil
}

func (s *Services) signView(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	id, err := contractRef(v, ref)
	if err != nil {
		return card.Card{}, err
	}
	x, err := s.contractView(ctx, v.Actor, id)
	if err != nil {
		return card.Card{}, err
	}
	if x.Contract.State != contract.ToSign || !x.CanSign {
		return cards.Contract(v.Lang, x), nil // signed meanwhile: the card shows what became of it
	}
	return cards.ContractSign(v.Lang, x), nil
}

func (s *Services) contractView(ctx context.Context, a crm.Actor, id crm.ContractID) (cards.ContractView, error) {
	v := cards.ContractView{Types: s.Contracts.TypesNow(ctx), Name: s.namer(ctx), Zone: s.Calendar.Zone(), Today: s.Calendar.DayOf(s.Clock.Now())}
	var err error
	if v.Contract, err = s.Contracts.Get(ctx, a, id); err != nil {
		return v, err
	}
	if v.Log, err = s.Contracts.Log(ctx, a, id, 15); err != nil {
		return v, err
	}
	if v.Files, err = s.Contracts.Files(ctx, a, id); err != nil {
		return v, err
	}
	chain, ok, err := s.Approvals.Latest(ctx, id.Ref())
	if err != nil {
		return v, err
	}
	if ok {
		v.Request, v.OwnRequest = &chain, chain.Request.Submitter == a.ID
		if v.Decisions, err = s.Approvals.Decisions(ctx, chain.Request.ID); err != nil {
			return v, err
		}
	}
	v.CanWork = contract.CanWork(a, v.Contract) && a.Is(sellers...)
	v.CanSign = a.Is(crm.Legal) && !a.Frozen
	return v, nil
}

func (s *Services) contractCard(ctx context.Context, a crm.Actor, id crm.ContractID) (card.Card, error) {
	v, err := s.contractView(ctx, a, id)
	if err != nil {
		return card.Card{}, err
	}
	return cards.Contract(a.Lang, v), nil
}

// contractDone answers a change: the pressed card in its new state, or the card
// as a new message.
func (s *Services) contractDone(ctx context.Context, a crm.Actor, c bot.Call, id crm.ContractID, done crm.Text, err error) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	x, err := s.contractCard(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	view := bot.View{Name: viewContract, Ref: id.String()}
	if c.Req != nil && c.Req.Kind == bot.Press {
		return private(bot.Replace(x, view, done.In(a.Lang))), nil
	}
	rep := bot.Show(x, view)
	rep.Private, rep.Toast, rep.ToastTone = true, done.In(a.Lang), bot.ToastSuccess
	return rep, nil
}

func (s *Services) findContract(ctx context.Context, a crm.Actor, c bot.Call, text string) (bot.Reply, error) {
	const shown = 20
	list, total, err := s.Contracts.Search(ctx, a, text, shown)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(list) == 1 && text != "" {
		return s.contractDone(ctx, a, c, list[0].ID, crm.Text{}, nil)
	}
	if len(list) == 0 && text != "" {
		return bot.Reply{}, crm.NotFound("没有找到“"+text+"”的合同", "there is no contract for “"+text+"”").WithNext("请检查客户名，或发送 /合同 查看最近的合同", "check the name, or send /contract for the latest ones")
	}
	title := a.Lang.T("合同", "Contracts")
	if text != "" {
		title += a.Lang.T("“"+text+"”", " “"+text+"”")
	}
	rep := bot.Show(cards.Contracts(a.Lang, title, list, total, s.namer(ctx)), bot.View{})
	rep.Private = true
	return rep, nil
}

func cutUrgent(text string) (urgent bool, note string) {
	for _, w := range []string{"加急", "urgent"} {
		if rest, ok := strings.CutPrefix(text, w); ok {
			return true, strings.TrimSpace(rest)
		}
	}
	return false, text
}

func (s *Services) submitContract(ctx context.Context, a crm.Actor, c bot.Call, id crm.ContractID, version int64, urgent bool, note string) (bot.Reply, error) {
	_, req, err := s.Contracts.SubmitForApproval(ctx, a, id, version, urgent, note)
	done := crm.Text{Zh: "已提交审批 " + req.ID.String(), En: "submitted as " + req.ID.String()}
	if err != nil {
		done = crm.Text{Zh: "已提交，正在审批", En: "submitted; it is in approval"}
		_, err = s.tappedAgain(ctx, a, c, id, contract.Contract{}, err, func(x contract.Contract) bool { return x.State == contract.Pending })
	}
	return s.contractDone(ctx, a, c, id, done, err)
}
