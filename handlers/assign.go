package handlers

import (
	"context"
	"slices"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/assign"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/sched"
)

// assignHandlers is how leads get to people who did not claim them.
type assignHandlers struct{ leadHandlers }

var ruleReaders = []crm.Role{crm.Manager, crm.Director, crm.Marketing, crm.Boss, crm.Admin}

// assigns gives leads out: by hand, by the rules, and by offers (AS-01 to AS-04).
func assigns(s *Services) Module {
	h := assignHandlers{leadHandlers{s}}
	return Module{Commands: slices.Concat(h.commands(), h.actions()), Views: h.views(), Jobs: []sched.Job{
		{Name: "assign.work", CatchUp: time.Hour, Pending: s.Assign.Pending, Next: every(assignEvery),
			Run: func(ctx context.Context, _ time.Time) error { return s.Assign.Work(ctx) }},
		{Name: "assign.late", CatchUp: time.Hour, Pending: s.Assign.NextLook, Next: func(t time.Time) time.Time { return nextLate(s.Calendar, t) },
			Run: func(ctx context.Context, _ time.Time) error { return s.Assign.Escalate(ctx) }},
	}}
}

const (
	// assignEvery is how often distribution looks for what is due: a lead does not
	// wait for it, and an offer ends on time.
	assignEvery = 10 * time.Second
	// lateEvery is how often leads without contact are looked for.
	lateEvery = 15 * time.Minute
)

// nextLate is the next look for leads without contact, during working hours.
func nextLate(cal *calendar.Calendar, t time.Time) time.Time {
	next := t.Truncate(lateEvery).Add(lateEvery)
	return cal.NextWorkTime(next).UTC()
}

func (h assignHandlers) commands() []bot.Registration {
	text := func(zh, en string) crm.Text { return crm.Text{Zh: zh, En: en} }
	return []bot.Registration{
		bot.Command[assignArgs]{Name: "分配", Aliases: []string{"assign"}, Summary: text("把线索或客户分配给成员，线索也可按规则分配、试算", "assign leads or an account to a member, or leads by the rules, or try rules out"),
			Usage:    text("L-12 [L-13 …] [@成员|按规则] · 公海 [来源] [城市] [等级] [20个] [@成员] · 试算 [改动]", "L-12 [L-13 …] [@member|rules] · pool [source] [city] [grade] [20] [@member] · try [change]"),
			Examples: []string{"/分配 L-12 李娜", "/分配 A-3 李娜", "/分配 L-12 L-13 L-14 李娜", "/分配 公海 展会 上海 A 20个", "/分配 试算", "/assign L-12 Grace Liu", "/assign pool A 20 to Grace Liu"}, Roles: poolReaders, Parse: parseAssign, Run: h.assignLine},
		bot.Command[string]{Name: "分配规则", Aliases: []string{"assignrules"}, Summary: text("线索分配规则：查看、新建、修改、排序", "rules of distribution: see, add, change and order them"),
			Usage:    text("[新建 名称|编号] [来源=…] [城市=…] [产品=…] [等级=…] [方式=…] [生效=日期|加急] [原因=…] · 编号 停用|启用|删除|上移|下移 · 公海 名称 方式=… · 绑定群", "[new NAME|number] [source=…] [city=…] [product=…] [grade=…] [do=…] [from=DATE|urgent] [reason=…] · number off|on|delete|up|down · pool NAME do=… · bind"),
			Examples: []string{"/分配规则", "/分配规则 新建 华东展会 来源=展会 等级=A,B 方式=派单 华东 2人 > 认领", "/分配规则 1 停用", "/分配规则 1 停用 加急 原因=展会取消", "/assignrules new Fairs source=fair do=turn East > claim"}, Roles: ruleReaders, Parse: plain, Run: h.rules},
		bot.Command[string]{Name: "接受", Aliases: []string{"accept"}, Summary: text("接受派给您的线索", "accept a lead that is offered to you"), Usage: text("L-12", "L-12"),
			Examples: []string{"/接受 L-12", "/accept L-12"}, Roles: []crm.Role{crm.Rep}, Parse: needText("线索编号", "a lead"), Run: func(ctx context.Context, a crm.Actor, _ bot.Call, rest string) (bot.Reply, error) {
				id, err := parseLeadRef(rest)
				if err != nil {
					return bot.Reply{}, err
				}
				rep, err := h.accept(ctx, a, id)
				rep.Update = false
				return rep, err
			}},
		bot.Command[leadArgs]{Name: "婉拒", Aliases: []string{"pass"}, Summary: text("婉拒派给您的线索", "decline a lead that is offered to you"), Usage: text("L-12 原因", "L-12 reason"),
			Examples: []string{"/婉拒 L-12 手头太忙", "/pass L-12 too busy"}, Roles: []crm.Role{crm.Rep}, Parse: parseLeadArgs, Run: h.declineLine},
		bot.Command[string]{Name: "接单", Aliases: []string{"duty"}, Summary: text("是否接收按规则分来的线索，和派给您的线索", "whether you take leads by the rules, and what is offered to you"), Usage: text("[开|关] [说明]", "[on|off] [note]"),
			Examples: []string{"/接单", "/接单 关 下午培训", "/duty on"}, Roles: []crm.Role{crm.Rep}, Parse: plain, Run: h.duty},
		bot.Command[string]{Name: "值班", Aliases: []string{"roster"}, Summary: text("团队的值班、权重和接单上限", "duty, weights and limits of the team"),
			Usage:    text("[成员] [周一 周三|每天|权重 2|上限 80|日期 值班/休/默认|停|开]", "[member] [Mon Wed|daily|weight 2|cap 80|DATE on/off/default|stop|start]"),
			Examples: []string{"/值班", "/值班 李娜 周一 周三", "/值班 李娜 权重 2", "/roster Grace Liu cap 80"}, Roles: leadBosses, Parse: plain, Run: h.roster},
	}
}

func (h assignHandlers) actions() []bot.Registration {
	return []bot.Registration{
		bot.Handle[cards.AcceptOffer]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AcceptOffer) (bot.Reply, error) {
			return h.accept(ctx, a, p.Lead)
		}},
		bot.Handle[cards.DeclineOffer]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.DeclineOffer) (bot.Reply, error) {
			rep, err := h.declined(ctx, a, p.Lead, c.Values.Get(cards.LeadReason), c.Values.Get(cards.LeadNote))
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.AssignByRules]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AssignByRules) (bot.Reply, error) {
			rep, err := h.give(ctx, a, []crm.LeadID{p.Lead}, 0)
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.AssignBatch]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AssignBatch) (bot.Reply, error) {
			rep, err := h.give(ctx, a, p.IDs(), p.To)
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.EditAssignRule]{Roles: []crm.Role{crm.Admin}, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.EditAssignRule) (bot.Reply, error) {
			return h.ruleForm(ctx, a, p.Rule, "")
		}},
		bot.Handle[cards.TryAssignRule]{Roles: []crm.Role{crm.Admin}, Run: h.tryForm},
		bot.Handle[cards.SaveAssignRule]{Roles: []crm.Role{crm.Admin}, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.SaveAssignRule) (bot.Reply, error) {
			change, err := assign.ParseChange(p.Change)
			if err != nil {
				return bot.Reply{}, err
			}
			if change.Day, change.Urgent, err = h.formDay(c.Values); err != nil {
				return bot.Reply{}, err
			}
			rep, err := h.saveRule(ctx, a, change, p.Seen, c.Values.Get(cards.AssignReason))
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.SwitchDuty]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.SwitchDuty) (bot.Reply, error) {
			if err := h.Assign.Switch(ctx, a, p.On, ""); err != nil {
				return bot.Reply{}, err
			}
			rep, err := h.dutyCard(ctx, a)
			rep.Update = err == nil
			return rep, err
		}},
	}
}

// names name people, pools and rules for the reader.
func (h assignHandlers) names(ctx context.Context, l crm.Lang) cards.AssignNames {
	w := h.Assign.Words()
	return cards.AssignNames{
		Person: func(id crm.UserID) string { return h.Directory.Name(ctx, id) },
		Pool:   func(id crm.PoolID) string { return w.PoolName(ctx, id, l) },
		Steps:  func(s []assign.Step) string { return assign.StepsText(ctx, l, s, w) },
		Part:   func(r assign.Rule, key string) string { return r.Part(ctx, l, key, w) },
	}
}
