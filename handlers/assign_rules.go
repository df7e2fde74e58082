package handlers

import (
	"context"
	"fmt"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// rules answers `/分配规则`: the list, a form, a change tried out, or with a reason
// saved, or the binding of a group.
func (h assignHandlers) rules(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	words := strings.Fields(rest)
	admin := a.Is(crm.Admin)
	switch {
	case len(words) == 0:
		return h.ruleList(ctx, a)
	case words[0] == "绑定群" || strings.EqualFold(words[0], "bind"):
		return h.bindGroup(ctx, a, c, strings.Join(words[1:], " "), true)
	case words[0] == "解绑群" || strings.EqualFold(words[0], "unbind"):
		return h.bindGroup(ctx, a, c, strings.Join(words[1:], " "), false)
	case !admin:
		return bot.Reply{}, crm.Forbid(a, crm.Admin).WithNext("您可以试算：/分配 试算 "+rest, "you can try it out: /assign try "+rest)
	case len(words) == 1:
		if words[0] == "新建" || strings.EqualFold(words[0], "new") {
			return h.ruleForm(ctx, a, 0, "")
		}
		if n, err := viewNumber(words[0]); err == nil {
			return h.ruleForm(ctx, a, n, "")
		}
	}
	change, err := assign.ParseChange(rest)
	if err != nil {
		return bot.Reply{}, err
	}
	if change.Reason != "" {
		return h.saveRule(ctx, a, change, -1, change.Reason)
	}
	return h.draft(ctx, a, change)
}

func (h assignHandlers) ruleList(ctx context.Context, a crm.Actor) (bot.Reply, error) {
	e, err := h.Assign.Edition(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	pools, err := h.leadPools(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AssignRules(a.Lang, e, pools, h.names(ctx, a.Lang), h.Calendar.Zone(), a.Is(crm.Admin)), bot.View{})), nil
}

func (h assignHandlers) ruleForm(ctx context.Context, a crm.Actor, id int64, problem string) (bot.Reply, error) {
	e, err := h.Assign.Edition(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	var r assign.Rule
	book, _ := e.Latest()
	for _, x := range book.Rules {
		if x.ID == id {
			r = x
		}
	}
	if id != 0 && r.ID == 0 {
		return bot.Reply{}, crm.NotFound(fmt.Sprintf("没有分配规则 %d", id), fmt.Sprintf("there is no rule %d", id)).WithNext("发送 /分配规则 查看全部", "send /assignrules for all")
	}
	pools, err := h.leadPools(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	sources, _ := lead.Sources.Of(ctx, h.Rules)
	return private(bot.Show(cards.AssignRuleForm(a.Lang, r, sources, pools, h.names(ctx, a.Lang), problem), bot.View{})), nil
}

// tryForm turns the form into the line that says the same, and tries it out.
func (h assignHandlers) tryForm(ctx context.Context, a crm.Actor, c bot.Call, p cards.TryAssignRule) (bot.Reply, error) {
	v := func(key string) string {
		return strings.Join(strings.Fields(strings.ReplaceAll(strings.Join(c.Values[key], ","), "=", " ")), " ")
	}
	name := v(assign.KeyName)
	parts := []string{"新建 " + name}
	if p.Rule != 0 {
		parts = []string{fmt.Sprint(p.Rule), "名称=" + name}
	}
	for _, k := range assign.Keys {
		if _, shown := c.Values[k.Key]; !shown && k.Key == assign.KeyPool && p.Rule != 0 {
			continue // with one pool the form does not ask
		}
		value := v(k.Key)
		if value == "" {
			if p.Rule == 0 {
				continue
			}
			value = "无"
		}
		parts = append(parts, k.Name.Zh+"="+value)
	}
	change, err := assign.ParseChange(strings.Join(parts, " "))
	if err != nil {
		return bot.Reply{}, err
	}
	return h.draft(ctx, a, change)
}

func (h assignHandlers) saveRule(ctx context.Context, a crm.Actor, c assign.Change, seen int64, reason string) (bot.Reply, error) {
	var err error
	if c.Day, err = h.ruleDay(c.Day, c.Urgent); err != nil {
		return bot.Reply{}, err
	}
	if c.Urgent {
		value, _, err := h.Assign.Compose(ctx, a, c, seen)
		if err != nil {
			return bot.Reply{}, err
		}
		return h.setRule(ctx, a, cards.RuleChange{Key: assign.Rules.Key, Value: value, Reason: strings.TrimSpace(reason), Urgent: true}, false)
	}
	v, err := h.Assign.Save(ctx, a, c, seen, reason)
	if err != nil {
		return bot.Reply{}, err
	}
	rep, err := h.ruleList(ctx, a)
	if err != nil {
		return rep, err
	}
	from := v.EffectiveAt.In(h.Calendar.Zone()).Format("2006-01-02 15:04")
	rep.Toast, rep.ToastTone = a.Lang.T(fmt.Sprintf("版本 %d 已保存，%s 起生效", v.ID, from), fmt.Sprintf("version %d is saved; it holds from %s", v.ID, from)), bot.ToastSuccess
	return rep, nil
}

// bindGroup tells the group of a pool's new leads from now on.
func (h assignHandlers) bindGroup(ctx context.Context, a crm.Actor, c bot.Call, name string, on bool) (bot.Reply, error) {
	if !c.Group() {
		return bot.Reply{}, crm.Invalid("请在要接收新线索的群里 @我 发送 /分配规则 绑定群", "please send /assignrules bind in the group that should be told of new leads, mentioning me")
	}
	pools, err := h.leadPools(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	for _, p := range pools {
		if name != "" && !strings.EqualFold(p.Title(crm.Chinese), name) && !strings.EqualFold(p.Title(crm.English), name) {
			continue
		}
		if err := h.Assign.Bind(ctx, a, p.ID, crm.ToGroup(c.Req.Platform, c.Req.Chat.ID), on); err != nil {
			return bot.Reply{}, err
		}
		title := p.Title(a.Lang)
		if on {
			return bot.Say(a.Lang.T("已绑定：按规则留待认领的新线索（"+title+"）会通知这个群", "bound: new leads that the rules leave to be claimed ("+title+") are told here")), nil
		}
		return bot.Say(a.Lang.T("已解绑："+title+" 的新线索不再通知这个群", "unbound: new leads in "+title+" are not told here any more")), nil
	}
	return bot.Reply{}, crm.NotFound("没有公海“"+name+"”", "there is no pool “"+name+"”")
}
