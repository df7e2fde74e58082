package handlers

import (
	"context"
	"encoding/json"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// What people do for the quality of leads: grades by hand (L-04), completing
// data and confirming needs (L-06, L-07), and looking at channels and grades.

func (h leadHandlers) qualityCommands() []bot.Registration {
	text := func(zh, en string) crm.Text { return crm.Text{Zh: zh, En: en} }
	return []bot.Registration{
		bot.Command[leadArgs]{Name: "补充", Aliases: []string{"complete"}, Summary: text("补充线索资料", "complete a lead's data"), Usage: text("L-12 [字段=值 …]", "L-12 [field=value …]"),
			Examples: []string{"/补充 L-12 行业=制造业 规模=200人 预算=80万", "/complete L-12 industry=manufacturing budget=800k"}, Roles: poolReaders, Parse: parseLeadArgs, Run: h.complete},
		bot.Command[leadArgs]{Name: "确认需求", Aliases: []string{"confirmneed"}, Summary: text("确认线索的需求属实", "note that a lead's need was confirmed"), Usage: text("L-12 [需求]", "L-12 [need]"),
			Examples: []string{"/确认需求 L-12 需要 20 台检测设备，年内上线", "/confirmneed L-12 20 testing machines within the year"}, Roles: poolReaders, Parse: parseLeadArgs, Run: h.need},
		bot.Command[leadArgs]{Name: "评级", Aliases: []string{"grade"}, Summary: text("人工调整线索等级一级，30 天有效", "move a lead's grade by one for 30 days"), Usage: text("L-12 [等级 原因]", "L-12 [grade reason]"),
			Examples: []string{"/评级 L-12 B 客户已立项", "/grade L-12 B project approved"}, Roles: leadBosses, Parse: parseLeadArgs, Run: h.grade},
		bot.Command[string]{Name: "线索质量", Aliases: []string{"leadquality"}, Summary: text("各等级和渠道的商机率与得分", "how often grades and channels become deals"), Examples: []string{"/线索质量", "/leadquality"},
			Roles: lead.QualityReaders, Parse: plain, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, _ string) (bot.Reply, error) {
				c, err := h.quality(ctx, a, "", false)
				return private(bot.Show(c, bot.View{})), err
			}},
	}
}

func (h leadHandlers) qualityActions() []bot.Registration {
	return []bot.Registration{
		bot.Handle[cards.AskGrade]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskGrade) (bot.Reply, error) {
			return h.gradeForm(ctx, a, p.Lead)
		}},
		bot.Handle[cards.GradeLead]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.GradeLead) (bot.Reply, error) {
			rep, err := h.graded(ctx, a, p.Lead, c.Values.Get(cards.LeadGrade), c.Values.Get(cards.LeadReason))
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.AskComplete]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskComplete) (bot.Reply, error) {
			return h.completeForm(ctx, a, p.Lead, "")
		}},
		bot.Handle[cards.CompleteLead]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.CompleteLead) (bot.Reply, error) {
			values := map[string]string{}
			for _, f := range lead.Fields {
				values[f.Key] = c.Values.Get(f.Key)
			}
			rep, err := h.completed(ctx, a, p.Lead, values)
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.ConfirmNeed]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ConfirmNeed) (bot.Reply, error) {
			return h.needConfirmed(ctx, a, p.Lead, "")
		}},
		bot.Handle[cards.AdoptPoints]{Roles: []crm.Role{crm.Admin}, Run: h.adopt},
	}
}

func (h leadHandlers) qualityViews() []bot.ViewDef {
	return []bot.ViewDef{
		{Name: lead.ViewRose, Render: h.leadCard(cards.LeadRose)},
		{Name: lead.ViewCheck, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			if v.Group {
				return card.Card{}, bot.ErrNothing
			}
			return h.quality(ctx, v.Actor, ref, true)
		}},
	}
}

func (h leadHandlers) quality(ctx context.Context, a crm.Actor, month string, proposal bool) (card.Card, error) {
	q, err := h.Leads.QualityOf(ctx, a, month)
	if err != nil {
		return card.Card{}, err
	}
	return cards.LeadQuality(a.Lang, q, proposal, a.Is(crm.Admin)), nil
}

// again is the command with the lead that was chosen among several.
func (h leadHandlers) again(a crm.Actor, zh, en, rest string) func(code string) string {
	return func(code string) string { return strings.TrimSpace("/" + a.Lang.T(zh, en) + " " + code + " " + rest) }
}

func (h leadHandlers) grade(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	id, ask, err := h.find(ctx, a, in.target, h.again(a, "评级", "grade", in.rest))
	if err != nil || ask != nil {
		return deref(ask), err
	}
	if in.rest == "" {
		return h.gradeForm(ctx, a, id)
	}
	g, why, _ := strings.Cut(in.rest, " ")
	return h.graded(ctx, a, id, g, why)
}

func (h leadHandlers) gradeForm(ctx context.Context, a crm.Actor, id crm.LeadID) (bot.Reply, error) {
	v, err := h.Leads.Peek(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	if !v.Manages {
		return bot.Reply{}, crm.Forbidden("只有 "+id.String()+" 负责人的经理可以人工评级", "only the manager of its owner may grade "+id.String()+" by hand")
	}
	return private(bot.Show(cards.LeadGradeForm(h.frame(a), v, int(lead.GivenDays.Of(ctx, h.Rules))), bot.View{})), nil
}

func (h leadHandlers) graded(ctx context.Context, a crm.Actor, id crm.LeadID, grade, why string) (bot.Reply, error) {
	g := lead.Grade(strings.ToUpper(strings.TrimSuffix(grade, "级")))
	v, err := h.Leads.Override(ctx, a, id, g, why)
	if err != nil {
		return bot.Reply{}, err
	}
	line := a.Lang.T(id.String()+" 已评为 "+string(g)+" 级", id.String()+" is grade "+string(g)+" now")
	return h.changed(a, v, line), nil
}

// changed shows a lead after a change.
func (h leadHandlers) changed(a crm.Actor, v lead.Seen, line string) bot.Reply {
	rep := bot.Show(cards.Lead(h.frame(a), v, line), leadView(v.ID))
	rep.Toast, rep.ToastTone = line, bot.ToastSuccess
	return private(rep)
}

func (h leadHandlers) complete(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	id, ask, err := h.find(ctx, a, in.target, h.again(a, "补充", "complete", in.rest))
	if err != nil || ask != nil {
		return deref(ask), err
	}
	if in.rest == "" {
		return h.completeForm(ctx, a, id, "")
	}
	values, err := parseLeadFields(in.rest)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.completed(ctx, a, id, values)
}

// parseLeadFields reads "行业=制造业 预算=80万": a value goes on until the next field.
func parseLeadFields(text string) (map[string]string, error) {
	out, key := map[string]string{}, ""
	for _, w := range strings.Fields(strings.ReplaceAll(text, "＝", "=")) {
		name, value, ok := strings.Cut(w, "=")
		if f, known := lead.FieldNamed(name); ok && known {
			key = f.Key
			out[key] = value
			continue
		}
		if key == "" || ok {
			var zh, en []string
			for _, f := range lead.Fields {
				zh, en = append(zh, f.Name.Zh), append(en, f.Name.En)
			}
			return nil, crm.Invalid("没有可补充的字段“"+name+"”", "there is no field “"+name+"” to complete").
				WithNext("可用："+strings.Join(zh, "、")+"，写成 行业=制造业", "there are: "+strings.Join(en, ", ")+"; write industry=manufacturing")
		}
		out[key] += " " + w
	}
	return out, nil
}

func (h leadHandlers) completeForm(ctx context.Context, a crm.Actor, id crm.LeadID, problem string) (bot.Reply, error) {
	v, err := h.Leads.Peek(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	if !v.Mine && !v.Manages || v.InPool() {
		return bot.Reply{}, crm.Forbidden(id.String()+" 不是您的线索，只有负责人或其经理可以修改资料", "only the owner of "+id.String()+" or their manager may change its data")
	}
	return private(bot.Show(cards.LeadCompleteForm(h.frame(a), v, problem), bot.View{})), nil
}

func (h leadHandlers) completed(ctx context.Context, a crm.Actor, id crm.LeadID, values map[string]string) (bot.Reply, error) {
	v, err := h.Leads.Complete(ctx, a, id, values)
	if err != nil {
		return h.refusal(ctx, a, err)
	}
	return h.changed(a, v, a.Lang.T(id.String()+" 资料已更新", "the data of "+id.String()+" was updated")), nil
}

func (h leadHandlers) need(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	id, ask, err := h.find(ctx, a, in.target, h.again(a, "确认需求", "confirmneed", in.rest))
	if err != nil || ask != nil {
		return deref(ask), err
	}
	return h.needConfirmed(ctx, a, id, in.rest)
}

func (h leadHandlers) needConfirmed(ctx context.Context, a crm.Actor, id crm.LeadID, need string) (bot.Reply, error) {
	v, err := h.Leads.ConfirmNeed(ctx, a, id, need)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.changed(a, v, a.Lang.T(id.String()+" 的需求已确认", "the need of "+id.String()+" is confirmed")), nil
}

// adopt sets the proposed points as a new version of the setting (RC-01); other
// words and channels of the setting stay.
func (h leadHandlers) adopt(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AdoptPoints) (bot.Reply, error) {
	sources, _ := lead.Sources.Of(ctx, h.Rules)
	for i, s := range sources {
		if n, ok := p.Points[s.Zh]; ok {
			sources[i].Points = n
		}
	}
	value, err := json.Marshal(sources)
	if err != nil {
		return bot.Reply{}, err
	}
	ch, err := h.checkRule(a, cards.RuleChange{Key: lead.Sources.Key, Value: string(value), Reason: a.Lang.T("采用 L-07 月度建议", "adopted from the monthly check L-07")})
	if err != nil {
		return bot.Reply{}, err
	}
	return h.setRule(ctx, a, ch, false)
}
