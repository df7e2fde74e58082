package handlers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/assign"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
	"crmbot/internal/sched"
)

// assignHandlers is how leads get to people who did not claim them.
type assignHandlers struct{ leadHandlers }

var ruleReaders = []crm.Role{crm.Manager, crm.Director, crm.Marketing, crm.Boss, crm.Admin}

// assigns gives leads out: by hand, by the rules, and by offers (AS-01 to AS-04).
func assigns(s *Services) Module {
	h := assignHandlers{leadHandlers{s}}
	return Module{Commands: slices.Concat(h.commands(), h.actions()), Views: h.views(), Jobs: []sched.Job{
		{Name: "assign.work", CatchUp: time.Hour, Pending: s.Assign.Pending, Next: func(t time.Time) time.Time { return t.Truncate(assignEvery).Add(assignEvery) },
			Run: func(ctx context.Context, _ time.Time) error { return s.Assign.Work(ctx) }},
		{Name: "assign.late", CatchUp: time.Hour, Next: func(t time.Time) time.Time { return nextLate(s.Calendar, t) },
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
			Usage:    text("[新建 名称|编号] [来源=…] [城市=…] [产品=…] [等级=…] [方式=…] · 编号 停用|启用|删除|上移|下移 · 公海 名称 方式=… · 绑定群", "[new NAME|number] [source=…] [city=…] [product=…] [grade=…] [do=…] · number off|on|delete|up|down · pool NAME do=… · bind"),
			Examples: []string{"/分配规则", "/分配规则 新建 华东展会 来源=展会 等级=A,B 方式=派单 华东 2人 > 认领", "/分配规则 1 停用", "/assignrules new Fairs source=fair do=turn East > claim"}, Roles: ruleReaders, Parse: plain, Run: h.rules},
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

// assignArgs is what `/分配` says.
type assignArgs struct {
	// try is the change that is tried out; tries reports that there is one to try,
	// or the rules in force.
	try   string
	tries bool
	// codes are the leads; pool reports that they are those of the pool that the
	// words narrow, at most n.
	codes []string
	pool  bool
	words []string
	n     int
	// who is the rest: a person, or a search for one lead.
	who              string
	rules, confirmed bool
}

var (
	confirmWords = []string{"确认", "confirm"}
	rulesWords   = []string{"按规则", "rules"}
)

func parseAssign(rest string) (assignArgs, error) {
	words := strings.Fields(rest)
	in := assignArgs{n: defaultBatch}
	if len(words) == 0 {
		return in, crm.Invalid("请写线索编号", "name the leads")
	}
	first := strings.ToLower(words[0])
	if first == "试算" || first == "try" {
		in.tries, in.try = true, strings.Join(words[1:], " ")
		return in, nil
	}
	in.pool = first == "公海" || first == "pool"
	if in.pool {
		words = words[1:]
	}
	for len(words) > 0 {
		last := strings.ToLower(words[len(words)-1])
		switch {
		case slices.Contains(confirmWords, last):
			in.confirmed = true
		case slices.Contains(rulesWords, last):
			in.rules = true
		default:
			last = ""
		}
		if last == "" {
			break
		}
		words = words[:len(words)-1]
	}
	if !in.pool {
		for len(words) > 0 {
			if r, err := crm.ParseRef(words[0]); err != nil || r.Kind != crm.KindLead {
				break
			}
			in.codes, words = append(in.codes, words[0]), words[1:]
		}
		in.who = strings.Join(words, " ")
		return in, nil
	}
	for i := 0; i < len(words); i++ {
		w := words[i]
		if n, ok := countOf(w); ok {
			in.n = n
			continue
		}
		if w == "给" || strings.EqualFold(w, "to") || strings.HasPrefix(w, "@") {
			var who []string
			for ; i < len(words); i++ {
				if n, ok := countOf(words[i]); ok {
					in.n = n
					continue
				}
				who = append(who, words[i])
			}
			if !strings.HasPrefix(w, "@") {
				who = who[1:]
			}
			in.who = strings.Join(who, " ")
			break
		}
		in.words = append(in.words, w)
	}
	return in, nil
}

// defaultBatch is how many leads of the pool one line gives out that does not
// say; confirmAbove is from how many on it asks first.
const (
	defaultBatch = 20
	confirmAbove = 5
)

// countOf reads "20个", "20条", "20".
func countOf(w string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSuffix(w, "个"), "条"))
	return n, err == nil && n > 0
}

func (h assignHandlers) assignLine(ctx context.Context, a crm.Actor, c bot.Call, in assignArgs) (bot.Reply, error) {
	switch {
	case in.tries:
		return h.try(ctx, a, in.try)
	case in.pool:
		return h.assignPool(ctx, a, c, in)
	case len(in.codes) == 0:
		target, rest, _ := strings.Cut(in.who, " ")
		return h.assign(ctx, a, c, leadArgs{target: target, rest: strings.TrimSpace(rest)})
	case len(in.codes) == 1 && !in.rules:
		return h.assign(ctx, a, c, leadArgs{target: in.codes[0], rest: in.who})
	}
	ids := make([]crm.LeadID, len(in.codes))
	for i, w := range in.codes {
		id, err := parseLeadRef(w)
		if err != nil {
			return bot.Reply{}, err
		}
		ids[i] = id
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	to, err := h.receiver(ctx, c, in)
	if err != nil {
		return bot.Reply{}, err
	}
	if to == 0 && !in.rules {
		return bot.Reply{}, crm.Invalid("请写接收人，或写 按规则", "name who gets them, or write rules").WithNext("例如 /分配 "+strings.Join(in.codes, " ")+" 李娜", "for example /assign "+strings.Join(in.codes, " ")+" NAME")
	}
	line := h.line(a, strings.Join(in.codes, " "), ctx, to)
	return h.confirmOrGive(ctx, a, ids, to, in.confirmed, line)
}

// receiver is who gets them: zero for the rules.
func (h assignHandlers) receiver(ctx context.Context, c bot.Call, in assignArgs) (crm.UserID, error) {
	if in.who == "" || in.rules {
		return 0, nil
	}
	return h.person(ctx, c, in.who)
}

// line is the command that does what is asked about.
func (h assignHandlers) line(a crm.Actor, what string, ctx context.Context, to crm.UserID) string {
	l := a.Lang
	who := l.T("按规则", "rules")
	if to != 0 {
		who = h.Directory.Name(ctx, to)
		if strings.HasPrefix(what, l.T("公海", "pool")) {
			who = l.T("给 ", "to ") + who
		}
	}
	return "/" + l.T("分配", "assign") + " " + what + " " + who + " " + l.T("确认", "confirm")
}

// assignPool gives out leads of the pool that the words narrow. A name at the end
// that is exactly somebody's is who gets them.
func (h assignHandlers) assignPool(ctx context.Context, a crm.Actor, c bot.Call, in assignArgs) (bot.Reply, error) {
	for n := min(len(in.words), 3); n > 0 && in.who == "" && !in.rules; n-- {
		name := strings.Join(in.words[len(in.words)-n:], " ")
		found, err := h.Directory.Find(ctx, name)
		if err != nil {
			return bot.Reply{}, err
		}
		if len(found) == 1 && strings.EqualFold(found[0].Name, name) {
			in.who, in.words = name, in.words[:len(in.words)-n]
		}
	}
	to, err := h.receiver(ctx, c, in)
	if err != nil {
		return bot.Reply{}, err
	}
	sources, _ := lead.Sources.Of(ctx, h.Rules)
	f := lead.ParseFilter(in.words, sources)
	ids, err := h.Assign.Select(ctx, a, f, in.n)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(ids) == 0 {
		return bot.Reply{}, crm.NotFound("公海里没有符合条件的线索", "no lead of the pool fits").WithNext("发送 /公海 查看", "send /pool to see them")
	}
	what := strings.Join(strings.Fields(a.Lang.T("公海", "pool")+" "+strings.Join(in.words, " ")+" "+strconv.Itoa(in.n)+a.Lang.T("个", "")), " ")
	return h.confirmOrGive(ctx, a, ids, to, in.confirmed, h.line(a, what, ctx, to))
}

// confirmOrGive asks before more than a few leads move.
func (h assignHandlers) confirmOrGive(ctx context.Context, a crm.Actor, ids []crm.LeadID, to crm.UserID, confirmed bool, line string) (bot.Reply, error) {
	if confirmed || len(ids) <= confirmAbove {
		return h.give(ctx, a, ids, to)
	}
	room, err := h.Assign.Preview(ctx, a, ids, to)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AssignConfirm(h.frame(a), ids, to, h.Directory.Name(ctx, to), room, line), bot.View{})), nil
}

// give does it and tells what became of each lead.
func (h assignHandlers) give(ctx context.Context, a crm.Actor, ids []crm.LeadID, to crm.UserID) (bot.Reply, error) {
	var g assign.Given
	var err error
	if to != 0 {
		g, err = h.Assign.Give(ctx, a, ids, to)
	} else {
		g, err = h.Assign.ByRules(ctx, a, ids)
	}
	if err != nil {
		return bot.Reply{}, err
	}
	if len(g.Items) == 1 && g.Items[0].Err != nil {
		return h.refusal(ctx, a, g.Items[0].Err)
	}
	rep := private(bot.Show(cards.AssignResult(h.frame(a), g, h.names(ctx, a.Lang)), bot.View{}))
	rep.Toast, rep.ToastTone = a.Lang.T(fmt.Sprintf("已分配 %d 条", g.Good()), fmt.Sprintf("%d assigned", g.Good())), bot.ToastSuccess
	if g.Good() == 0 {
		rep.ToastTone = bot.ToastInfo
	}
	return rep, nil
}

func (h assignHandlers) try(ctx context.Context, a crm.Actor, text string) (bot.Reply, error) {
	if text == "" {
		t, err := h.Assign.Try(ctx, a, nil)
		if err != nil {
			return bot.Reply{}, err
		}
		return private(bot.Show(cards.AssignTrial(h.frame(a), t, h.names(ctx, a.Lang)), bot.View{})), nil
	}
	c, err := assign.ParseChange(text)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.draft(ctx, a, c)
}

func (h assignHandlers) draft(ctx context.Context, a crm.Actor, c assign.Change) (bot.Reply, error) {
	d, err := h.Assign.Prepare(ctx, a, c)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AssignDraft(h.frame(a), d, h.names(ctx, a.Lang), a.Is(crm.Admin)), bot.View{})), nil
}

func (h assignHandlers) accept(ctx context.Context, a crm.Actor, id crm.LeadID) (bot.Reply, error) {
	if _, err := h.Assign.Accept(ctx, a, id); err != nil {
		return h.refusal(ctx, a, err)
	}
	v, err := h.Leads.Show(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := private(bot.Show(cards.AssignAccepted(h.frame(a), v), leadView(id)))
	rep.Update, rep.Toast, rep.ToastTone = true, a.Lang.T(id.String()+" 在您名下了", id.String()+" is yours"), bot.ToastSuccess
	return rep, nil
}

func (h assignHandlers) declineLine(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	id, err := parseLeadRef(in.target)
	if err != nil {
		return bot.Reply{}, err
	}
	list, _ := assign.Reasons.Read(ctx, h.Rules)
	r, note, err := assign.ParseReason(list, in.rest)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.declined(ctx, a, id, r.Code, note)
}

func (h assignHandlers) declined(ctx context.Context, a crm.Actor, id crm.LeadID, reason, note string) (bot.Reply, error) {
	o, err := h.Assign.Decline(ctx, a, id, reason, note)
	if err != nil {
		return bot.Reply{}, err
	}
	shown, err := h.offerCard(ctx, a, a.Lang, o.ID)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := private(bot.Show(shown, bot.View{Name: assign.ViewOffer, Ref: fmt.Sprint(o.ID)}))
	rep.Toast, rep.ToastTone = a.Lang.T("已婉拒 "+id.String(), id.String()+" was declined"), bot.ToastSuccess
	return rep, nil
}

func (h assignHandlers) offerCard(ctx context.Context, a crm.Actor, l crm.Lang, id int64) (card.Card, error) {
	o, err := h.Assign.OfferFor(ctx, a, id)
	if err != nil {
		return card.Card{}, err
	}
	list, _ := assign.Reasons.Read(ctx, h.Rules)
	f := h.frame(a)
	f.Lang = l
	return cards.AssignOffer(f, o, list), nil
}

// viewNumber is the number that a view's argument names.
func viewNumber(ref string) (int64, error) {
	n, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return 0, crm.NotFound("没有这张卡片", "there is no such card")
	}
	return n, nil
}

func (h assignHandlers) views() []bot.ViewDef {
	own := func(name string, render func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error)) bot.ViewDef {
		return bot.ViewDef{Name: name, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			if v.Group {
				return card.Card{}, bot.ErrNothing
			}
			f := h.frame(v.Actor)
			f.Lang = v.Lang
			return render(ctx, v, f, ref)
		}}
	}
	return []bot.ViewDef{
		own(assign.ViewOffer, func(ctx context.Context, v bot.Viewer, _ cards.LeadFrame, ref string) (card.Card, error) {
			n, err := viewNumber(ref)
			if err != nil {
				return card.Card{}, err
			}
			return h.offerCard(ctx, v.Actor, v.Lang, n)
		}),
		own(assign.ViewGiven, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			id, err := parseLeadRef(ref)
			if err != nil {
				return card.Card{}, err
			}
			x, err := h.Leads.Show(ctx, v.Actor, id)
			if crm.CodeOf(err) == crm.CodeNotFound {
				return cards.LeadGone(v.Lang, id), nil
			}
			if err != nil {
				return card.Card{}, err
			}
			r, byRules, err := h.Assign.WhyMine(ctx, v.Actor, id)
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignGiven(f, x, r, byRules && x.Mine), nil
		}),
		own(assign.ViewManual, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			id, err := parseLeadRef(ref)
			if err != nil {
				return card.Card{}, err
			}
			d, err := h.Assign.Decide(ctx, v.Actor, id)
			if crm.CodeOf(err) == crm.CodeNotFound {
				return cards.LeadGone(v.Lang, id), nil
			}
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignManual(f, d, h.names(ctx, v.Lang)), nil
		}),
		own(assign.ViewUnplaced, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			counts, err := h.Assign.Unplaced(ctx, v.Actor, crm.Day(ref))
			if err != nil {
				return card.Card{}, err
			}
			named := map[string]int{}
			for id, n := range counts {
				named[h.names(ctx, v.Lang).Pool(id)] += n
			}
			return cards.AssignUnplaced(v.Lang, crm.Day(ref), named), nil
		}),
		own(assign.ViewLate, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			list, err := h.Assign.LateOf(ctx, v.Actor, v.Actor.ID)
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignLate(f, list), nil
		}),
		own(assign.ViewTeamLate, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			list, err := h.Assign.TeamLate(ctx, v.Actor, lateShown)
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignTeamLate(f, list, h.names(ctx, v.Lang)), nil
		}),
		own(assign.ViewBatch, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			batch, user, _ := strings.Cut(ref, "/")
			n, err := viewNumber(batch)
			if err != nil {
				return card.Card{}, err
			}
			to, err := parseUserRef(user)
			if err != nil {
				return card.Card{}, err
			}
			b, ls, err := h.Assign.BatchFor(ctx, v.Actor, n, to)
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignReceived(f, h.Directory.Name(ctx, b.By), ls, to), nil
		}),
		{Name: assign.ViewClaim, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			n, err := viewNumber(ref)
			if err != nil {
				return card.Card{}, err
			}
			a, f := h.viewer(v)
			list, err := h.Assign.NewIn(ctx, a, crm.PoolID(n), poolPage)
			if err != nil {
				return card.Card{}, err
			}
			if len(list.Leads) == 0 {
				return card.Card{}, bot.ErrNothing // all were taken meanwhile
			}
			return cards.AssignClaim(f, h.names(ctx, v.Lang).Pool(crm.PoolID(n)), list), nil
		}},
	}
}

// lateShown bounds the late leads of a team in one card.
const lateShown = 20

// leadPools are the pools of leads that the actor sees and that take new ones.
func (h assignHandlers) leadPools(ctx context.Context, a crm.Actor) ([]pool.Pool, error) {
	return h.Assign.Pools(ctx, a)
}

var weekdays = map[string]int{"周一": 1, "周二": 2, "周三": 3, "周四": 4, "周五": 5, "周六": 6, "周日": 7, "周天": 7, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}

func (h assignHandlers) duty(ctx context.Context, a crm.Actor, _ bot.Call, rest string) (bot.Reply, error) {
	head, note, _ := strings.Cut(strings.TrimSpace(rest), " ")
	switch strings.ToLower(head) {
	case "":
	case "开", "on":
		if err := h.Assign.Switch(ctx, a, true, ""); err != nil {
			return bot.Reply{}, err
		}
	case "关", "off":
		if err := h.Assign.Switch(ctx, a, false, note); err != nil {
			return bot.Reply{}, err
		}
	default:
		return bot.Reply{}, crm.Invalid("请写 开 或 关", "write on or off").WithNext("例如 /接单 关 下午培训", "for example /duty off training")
	}
	return h.dutyCard(ctx, a)
}

func (h assignHandlers) dutyCard(ctx context.Context, a crm.Actor) (bot.Reply, error) {
	st, offers, err := h.Assign.Mine(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AssignDuty(h.frame(a), st, offers), bot.View{})), nil
}

func (h assignHandlers) roster(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	words := strings.Fields(rest)
	if len(words) > 0 {
		who, set, err := h.rosterChange(ctx, c, words)
		if err != nil {
			return bot.Reply{}, err
		}
		if err := h.Assign.Set(ctx, a, who, set); err != nil {
			return bot.Reply{}, err
		}
	}
	list, days, err := h.Assign.Roster(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AssignRoster(a.Lang, list, days), bot.View{})), nil
}

// rosterChange reads "李娜 周一 周三", "Grace Liu weight 2", "李娜 03-08 休": the name goes
// on until the first word that says what to change.
func (h assignHandlers) rosterChange(ctx context.Context, c bot.Call, words []string) (crm.UserID, assign.Setting, error) {
	var set assign.Setting
	usage := func(w string) error {
		return crm.Invalid("看不懂“"+w+"”", "cannot read “"+w+"”").WithNext("可以写：周一 周三、每天、权重 2、上限 80、03-08 值班|休|默认、停、开", "it takes: Mon Wed, daily, weight 2, cap 80, 03-08 on|off|default, stop, start")
	}
	at := slices.IndexFunc(words[1:], func(w string) bool { return h.rosterWord(w) })
	if at < 0 {
		return 0, set, usage(words[len(words)-1])
	}
	at++
	who, err := h.person(ctx, c, strings.Join(words[:at], " "))
	if err != nil {
		return 0, set, err
	}
	number := func(i int) (*int, error) {
		if i >= len(words) {
			return nil, usage(words[i-1])
		}
		n, err := strconv.Atoi(words[i])
		if err != nil {
			return nil, usage(words[i])
		}
		return &n, nil
	}
	for i := at; i < len(words); i++ {
		w := strings.ToLower(words[i])
		switch {
		case weekdays[w] != 0:
			set.Days = append(set.Days, weekdays[w])
		case w == "每天" || w == "daily":
			set.Days = []int{}
		case w == "权重" || w == "weight":
			i++
			set.Weight, err = number(i)
		case w == "上限" || w == "cap":
			i++
			set.Cap, err = number(i)
		case w == "停" || w == "stop" || w == "开" || w == "start":
			off := w == "停" || w == "stop"
			set.Off = &off
		default:
			day, ok := h.dayOf(w)
			if !ok || i+1 >= len(words) {
				return 0, set, usage(words[i])
			}
			i++
			set.Day = day
			switch strings.ToLower(words[i]) {
			case "值班", "on":
				set.DayOn = true
			case "休", "休息", "off":
			case "默认", "default":
				set.DayBack = true
			default:
				return 0, set, usage(words[i])
			}
		}
		if err != nil {
			return 0, set, err
		}
	}
	return who, set, nil
}

func (h assignHandlers) rosterWord(w string) bool {
	w = strings.ToLower(w)
	if weekdays[w] != 0 || slices.Contains([]string{"每天", "daily", "权重", "weight", "上限", "cap", "停", "stop", "开", "start"}, w) {
		return true
	}
	_, ok := h.dayOf(w)
	return ok
}

// dayOf reads "2026-03-08", "03-08" and the days that people say, such as 明天.
func (h assignHandlers) dayOf(w string) (crm.Day, bool) {
	today := h.Calendar.DayOf(h.Clock.Now())
	if d := crm.Day(w); d.Valid() {
		return d, true
	}
	if len(w) == 5 && w[2] == '-' {
		d := crm.Day(string(today)[:5] + w)
		if d.Valid() && d < today {
			y, m, day := d.Date()
			d = crm.Day(fmt.Sprintf("%04d-%02d-%02d", y+1, int(m), day))
		}
		return d, d.Valid()
	}
	for word, n := range map[string]int{"今天": 0, "today": 0, "明天": 1, "tomorrow": 1, "后天": 2} {
		if w == word {
			return today.AddDays(n), true
		}
	}
	return "", false
}
