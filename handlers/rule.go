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
	"crmbot/internal/rule"
	"crmbot/internal/sched"
)

const (
	viewRule = "rule.card"
	// rulesShown bounds the list of settings in one card, scopesShown the teams to
	// choose from in the form; others are named with the command.
	rulesShown  = 40
	scopesShown = 60
)

// rules shows and changes settings (RC-01 to RC-04).
func rules(s *Services) Module {
	admin := []crm.Role{crm.Admin}
	return Module{
		Commands: []bot.Registration{
			bot.Command[ruleArgs]{Name: "规则", Aliases: []string{"rules"}, Summary: crm.Text{Zh: "查看规则和设置，管理员可试算、修改和撤回", En: "see rules and settings; administrators try changes out, make them and take them back"},
				Usage:    crm.Text{Zh: "[编号] [值] [团队=|角色=|人员=] [生效=] [加急] [原因]", En: "[key] [value] [team=|role=|person=] [from=] [urgent] [reason]"},
				Examples: []string{"/规则", "/规则 P-04", "/规则 P-04.daily 25 旺季", "/规则 P-04.daily 25 团队=华东 生效=2026-03-10 旺季", "/规则 试算 P-03.leads 40", "/规则 撤回 7", "/rules P-04.daily 25 team=East urgent busy season", "/rules rollback 7"},
				Parse:    parseRule, Run: s.rule},
			bot.Handle[cards.ChangeRule]{Roles: admin, Run: s.changeRule},
			bot.Handle[cards.TryRule]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.TryRule) (bot.Reply, error) {
				ch, err := s.formChange(ctx, a, p.Key, c.Values)
				if err != nil {
					return bot.Reply{}, err
				}
				return s.tryRule(ctx, a, ch)
			}},
			bot.Handle[cards.ConfirmRule]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ConfirmRule) (bot.Reply, error) {
				if r := strings.TrimSpace(c.Values.Get(cards.RuleReason)); r != "" {
					p.Reason = r
				}
				rep, err := s.confirmRule(ctx, a, p.RuleChange, p.Proof)
				rep.Update = err == nil
				return rep, err
			}},
			bot.Handle[cards.ListRule]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ListRule) (bot.Reply, error) {
				return s.listRule(ctx, a, p.RuleChange)
			}},
			bot.Handle[cards.AnswerRule]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AnswerRule) (bot.Reply, error) {
				rep, err := s.answerRule(ctx, a, p.Request, p.Approve)
				rep.Update = err == nil
				return rep, err
			}},
			bot.Handle[cards.RollBackRule]{Roles: admin, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.RollBackRule) (bot.Reply, error) {
				return s.rollBackRule(ctx, a, p.Version)
			}},
		},
		Views: []bot.ViewDef{
			{Name: viewRule, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				return s.ruleCard(ctx, v.Actor, v.Lang, ref)
			}},
			{Name: rule.ViewRequest, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				id, err := strconv.ParseInt(strings.TrimPrefix(ref, string(rule.KindRequest)+"-"), 10, 64)
				if err != nil || v.Group {
					return card.Card{}, bot.ErrNothing
				}
				return s.ruleRequest(ctx, v.Actor, v.Lang, id)
			}},
		},
		Jobs: []sched.Job{{Name: "rule.lapse", Next: every(time.Minute), Pending: s.RuleDesk.NextLapse,
			Run: func(ctx context.Context, _ time.Time) error { return s.RuleDesk.Lapse(ctx) }}},
	}
}

func (s *Services) rule(ctx context.Context, a crm.Actor, c bot.Call, in ruleArgs) (bot.Reply, error) {
	switch in.Verb {
	case ruleBack:
		return s.rollBackRule(ctx, a, in.Number)
	case ruleApprove, ruleDecline:
		return s.answerRule(ctx, a, in.Number, in.Verb == ruleApprove)
	}
	if in.Value != "" {
		return s.ruleLine(ctx, a, in)
	}
	if _, ok := s.Rules.Def(in.Filter); ok {
		shown, err := s.ruleCard(ctx, a, a.Lang, in.Filter)
		if err != nil {
			return bot.Reply{}, err
		}
		return bot.Show(shown, bot.View{Name: viewRule, Ref: in.Filter}), nil
	}
	var list []cards.RuleLine
	more := 0
	for _, d := range s.Rules.Defs() {
		q := strings.ToLower(in.Filter)
		if !strings.Contains(strings.ToLower(d.Key), q) && !strings.Contains(strings.ToLower(d.Title.In(a.Lang)), q) {
			continue
		}
		if len(list) == rulesShown {
			more++
			continue
		}
		v, version := s.Rules.Value(ctx, d.Key)
		list = append(list, cards.RuleLine{Def: d, Value: v, Changed: version != 0})
	}
	if len(list) == 0 {
		return bot.Reply{}, crm.NotFound("没有叫“"+in.Filter+"”的规则", "no rule is called “"+in.Filter+"”").WithNext("发送 /规则 查看全部", "send /rules for all")
	}
	shown := cards.RuleList(a.Lang, in.Filter, list, more)
	return bot.Reply{Card: &shown}, nil
}

func (s *Services) ruleCard(ctx context.Context, a crm.Actor, l crm.Lang, key string) (card.Card, error) {
	v, err := s.ruleView(ctx, a, l, key)
	if err != nil {
		return card.Card{}, err
	}
	return cards.RuleCard(l, v), nil
}

// ruleView is a setting with all that its cards say.
func (s *Services) ruleView(ctx context.Context, a crm.Actor, l crm.Lang, key string) (cards.RuleView, error) {
	d, ok := s.Rules.Def(key)
	if !ok {
		return cards.RuleView{}, crm.NotFound("没有这个设置："+key, "there is no such setting: "+key).WithNext("发送 /规则 查看全部", "send /rules for all")
	}
	now := s.Clock.Now()
	next, _ := s.nextRuleDay(now)
	v := cards.RuleView{Def: d, Next: next, Now: now, Zone: s.Calendar.Zone(), MayChange: a.Is(crm.Admin) && !a.Frozen, Viewer: a.ID, Tried: s.triedFirst(key),
		Name: func(id crm.UserID) string { return s.Directory.Name(ctx, id) }, ScopeName: s.scopeNames(ctx, l)}
	v.Say = cards.RuleWords(l, key)
	if key == assign.Rules.Key {
		v.Say = func(value string) string {
			b, err := assign.Decode(value)
			if err != nil {
				return value
			}
			return cards.AssignRulesText(l, b, assignHandlers{leadHandlers{s}}.names(ctx, l))
		}
	}
	var err error
	if v.InForce, err = s.Rules.InForce(ctx, key); err != nil {
		return v, err
	}
	if v.History, err = s.Rules.History(ctx, key); err != nil {
		return v, err
	}
	v.Value, v.Version = s.Rules.Value(ctx, key)
	for _, x := range v.History {
		if x.RolledBackAt.IsZero() && x.EffectiveAt.After(now) {
			v.Planned = append(v.Planned, x)
		}
	}
	slices.SortStableFunc(v.Planned, func(x, y rule.Version) int { return x.EffectiveAt.Compare(y.EffectiveAt) })
	if !v.MayChange {
		return v, nil
	}
	if v.Waiting, err = s.RuleDesk.Open(ctx, a, key); err != nil {
		return v, err
	}
	teams, err := s.Directory.Teams(ctx)
	if err != nil {
		return v, err
	}
	for _, t := range teams[:min(len(teams), scopesShown)] {
		v.Scopes = append(v.Scopes, card.Option{Value: "team:" + strconv.FormatInt(int64(t.ID), 10), Label: l.T("团队 ", "team ") + t.Name})
	}
	for _, r := range crm.Roles {
		v.Scopes = append(v.Scopes, card.Option{Value: "role:" + string(r), Label: l.T("角色 ", "role ") + r.Name(l)})
	}
	return v, nil
}

// scopeNames says for whom a value holds.
func (s *Services) scopeNames(ctx context.Context, l crm.Lang) func(rule.Scope) string {
	return func(x rule.Scope) string {
		kind, who, _ := strings.Cut(string(x), ":")
		id, _ := strconv.ParseInt(who, 10, 64) // of scopes that were checked
		switch kind {
		case "team":
			if t, err := s.Directory.Team(ctx, crm.TeamID(id)); err == nil {
				who = t.Name
			}
			return l.T("团队 ", "team ") + who
		case "user":
			if n := s.Directory.Name(ctx, crm.UserID(id)); n != "" {
				who = n
			}
			return who
		case "role":
			return l.T("角色 ", "role ") + crm.Role(who).Name(l)
		}
		return l.T("全公司", "the whole company")
	}
}

// rulesOf is what "/历史 规则 P-04.daily" asks about: all rules with an empty
// key. ok is false for texts that name no rule.
func (s *Services) rulesOf(text string) (key string, ok bool) {
	head, tail, _ := strings.Cut(strings.TrimSpace(text), " ")
	if head == "规则" || strings.EqualFold(head, "rules") {
		return strings.TrimSpace(tail), true
	}
	_, ok = s.Rules.Def(head)
	return head, ok && tail == ""
}

// changesShown bounds the audit trail in one card.
const changesShown = 20

func (s *Services) ruleChanges(ctx context.Context, a crm.Actor, key string) (bot.Reply, error) {
	list, err := s.Rules.Changes(ctx, a, key, changesShown)
	if err != nil {
		return bot.Reply{}, err
	}
	if _, ok := s.Rules.Def(key); key != "" && !ok {
		return bot.Reply{}, crm.NotFound("没有这个设置："+key, "there is no such setting: "+key).WithNext("发送 /规则 查看全部", "send /rules for all")
	}
	shown := cards.RuleChanges(a.Lang, key, list, s.Rules.Def, func(id crm.UserID) string { return s.Directory.Name(ctx, id) }, s.scopeNames(ctx, a.Lang), s.Calendar.Zone())
	return bot.Reply{Card: &shown, Private: true}, nil
}

// nextRuleDay is from when a change holds: the next working day at 00:00 (RC-01).
func (s *Services) nextRuleDay(now time.Time) (crm.Day, time.Time) {
	day := s.Calendar.NextWorkday(s.Calendar.DayOf(now))
	return day, s.Calendar.At(day, calendar.Clock(0, 0))
}

func (s *Services) ruleRequest(ctx context.Context, a crm.Actor, l crm.Lang, id int64) (card.Card, error) {
	r, err := s.RuleDesk.Request(ctx, a, id)
	if err != nil {
		return card.Card{}, err
	}
	v, err := s.ruleView(ctx, a, l, r.Key)
	if err != nil {
		return card.Card{}, err
	}
	at := s.Clock.Now()
	if r.State == rule.Approved {
		at = r.DecidedAt.Add(-time.Millisecond)
	}
	before, err := s.Rules.Held(ctx, r.Key, r.Scope, at)
	if err != nil {
		return card.Card{}, err
	}
	return cards.RuleAsked(l, r, before, v), nil
}

func (s *Services) answerRule(ctx context.Context, a crm.Actor, id int64, approve bool) (bot.Reply, error) {
	do := s.RuleDesk.Decline
	said := crm.Text{Zh: "已处理，规则不变", En: "decided; nothing changed"}
	if approve {
		do, said = s.RuleDesk.Approve, crm.Text{Zh: "已同意，马上生效", En: "agreed; it holds now"}
	}
	if _, err := do(ctx, a, id); err != nil {
		return bot.Reply{}, err
	}
	shown, err := s.ruleRequest(ctx, a, a.Lang, id)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := private(bot.Show(shown, bot.View{Name: rule.ViewRequest, Ref: rule.Request{ID: id}.Ref().String()}))
	rep.Toast, rep.ToastTone = said.In(a.Lang), bot.ToastSuccess
	return rep, nil
}

func (s *Services) rollBackRule(ctx context.Context, a crm.Actor, id int64) (bot.Reply, error) {
	v, err := s.Rules.RollBack(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	// What stops here is gone on with by the job.
	back, err := s.Recycle.OfferBack(ctx, v)
	if err != nil {
		return bot.Reply{}, err
	}
	shown, err := s.ruleCard(ctx, a, a.Lang, v.Key)
	if err != nil {
		return bot.Reply{}, err
	}
	text := a.Lang.T("版本 "+strconv.FormatInt(id, 10)+" 已撤回", "version "+strconv.FormatInt(id, 10)+" was taken back")
	if back.Records > 0 {
		text += a.Lang.T(fmt.Sprintf("；它释放的 %d 条记录正在退还给 %d 位原负责人", back.Records, back.Owners), fmt.Sprintf("; %d records that it released are offered back to %d former owners", back.Records, back.Owners))
		shown.Blocks = append([]card.Block{card.Text{Spans: []card.Span{{Text: text, Bold: true, Tone: card.Success}}}}, shown.Blocks...)
	}
	return bot.Replace(shown, bot.View{Name: viewRule, Ref: v.Key}, text), nil
}
