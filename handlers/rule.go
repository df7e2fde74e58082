package handlers

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

const (
	viewRule = "rule.card"
	// rulesShown bounds the list of settings in one card.
	rulesShown = 40
)

// ruleArgs is what `/规则` says: nothing, a filter, a key with a new value and
// its reason, or a version to take back.
type ruleArgs struct {
	Filter        string
	Value, Reason string
	Version       int64
}

// rules shows and changes settings (RC-01, RC-04).
func rules(s *Services) Module {
	return Module{
		Commands: []bot.Registration{
			bot.Command[ruleArgs]{Name: "规则", Aliases: []string{"rules"}, Summary: crm.Text{Zh: "查看规则和设置，管理员可修改", En: "see rules and settings; administrators change them"},
				Usage: crm.Text{Zh: "[编号] [值] [原因]", En: "[key] [value] [reason]"}, Examples: []string{"/规则", "/规则 P-04", "/规则 P-04.daily 25 旺季", "/rules rollback 7"},
				Parse: parseRule, Run: s.rule},
			bot.Handle[cards.ChangeRule]{Roles: []crm.Role{crm.Admin}, Run: s.changeRule},
			bot.Handle[cards.RollBackRule]{Roles: []crm.Role{crm.Admin}, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.RollBackRule) (bot.Reply, error) {
				return s.rollBackRule(ctx, a, p.Version)
			}},
		},
		Views: []bot.ViewDef{{Name: viewRule, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			return s.ruleCard(ctx, v.Actor, v.Lang, ref)
		}}},
	}
}

func parseRule(rest string) (ruleArgs, error) {
	head, tail, _ := strings.Cut(strings.TrimSpace(rest), " ")
	tail = strings.TrimSpace(tail)
	if head == "撤回" || head == "回滚" || strings.EqualFold(head, "rollback") {
		n, err := strconv.ParseInt(tail, 10, 64)
		if err != nil || n <= 0 {
			return ruleArgs{}, crm.Invalid("请写要撤回的版本号，如 /规则 撤回 7", "name the version to take back, such as /rules rollback 7")
		}
		return ruleArgs{Version: n}, nil
	}
	value, reason, _ := strings.Cut(tail, " ")
	if strings.HasPrefix(tail, "{") || strings.HasPrefix(tail, "[") {
		value, reason = tail, "" // a structure may have spaces; its reason comes by the form
	}
	return ruleArgs{Filter: head, Value: strings.TrimSpace(value), Reason: strings.TrimSpace(reason)}, nil
}

func (s *Services) rule(ctx context.Context, a crm.Actor, c bot.Call, in ruleArgs) (bot.Reply, error) {
	switch {
	case in.Version != 0:
		return s.rollBackRule(ctx, a, in.Version)
	case in.Value != "":
		return s.setRule(ctx, a, in.Filter, in.Value, in.Reason, "", false)
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
	d, ok := s.Rules.Def(key)
	if !ok {
		return card.Card{}, crm.NotFound("没有这个设置："+key, "there is no such setting: "+key)
	}
	history, err := s.Rules.History(ctx, key)
	if err != nil {
		return card.Card{}, err
	}
	value, version := s.Rules.Value(ctx, key)
	now := s.Clock.Now()
	next, _ := s.nextRuleDay(now)
	return cards.RuleCard(l, d, value, version, history, func(id crm.UserID) string { return s.Directory.Name(ctx, id) }, next, now, s.Calendar.Zone(), a.Is(crm.Admin)), nil
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
	shown := cards.RuleChanges(a.Lang, key, list, s.Rules.Def, func(id crm.UserID) string { return s.Directory.Name(ctx, id) }, s.Calendar.Zone())
	return bot.Reply{Card: &shown, Private: true}, nil
}

// nextRuleDay is from when a change holds: the next working day at 00:00 (RC-01).
func (s *Services) nextRuleDay(now time.Time) (crm.Day, time.Time) {
	day := s.Calendar.NextWorkday(s.Calendar.DayOf(now))
	return day, s.Calendar.At(day, calendar.Clock(0, 0))
}

func (s *Services) changeRule(ctx context.Context, a crm.Actor, c bot.Call, p cards.ChangeRule) (bot.Reply, error) {
	if _, version := s.Rules.Value(ctx, p.Key); version != p.Seen {
		return bot.Reply{}, crm.Stale("RC-01", "这个设置刚刚被别人改过，您的修改没有保存", "somebody has just changed this setting; yours was not saved").WithNext("请发送 /规则 "+p.Key+" 查看新的值", "send /rules "+p.Key+" for the new value")
	}
	return s.setRule(ctx, a, p.Key, c.Values.Get(cards.RuleValue), c.Values.Get(cards.RuleReason), "", true)
}

func (s *Services) setRule(ctx context.Context, a crm.Actor, key, value, reason string, scope rule.Scope, update bool) (bot.Reply, error) {
	if strings.TrimSpace(reason) == "" {
		return bot.Reply{}, crm.Invalid("修改规则需要写原因", "a change of a rule needs a reason").WithNext(fmt.Sprintf("例如：/规则 %s %s 旺季", key, value), fmt.Sprintf("for example: /rules %s %s busy season", key, value))
	}
	day, from := s.nextRuleDay(s.Clock.Now())
	v, err := s.Rules.Set(ctx, a, key, scope, normalizeRule(value), reason, from)
	if err != nil {
		return bot.Reply{}, err
	}
	shown, err := s.ruleCard(ctx, a, a.Lang, key)
	if err != nil {
		return bot.Reply{}, err
	}
	toast := a.Lang.T(fmt.Sprintf("版本 %d 已保存，%s 00:00 起生效", v.ID, day), fmt.Sprintf("version %d is saved; it holds from %s 00:00", v.ID, day))
	view := bot.View{Name: viewRule, Ref: key}
	if update {
		return bot.Replace(shown, view, toast), nil
	}
	rep := bot.Show(shown, view)
	rep.Text = toast
	return rep, nil
}

// normalizeRule keeps what people type for a switch in the setting's own form.
func normalizeRule(v string) string {
	switch strings.ToLower(strings.TrimSpace(v)) {
	case "开", "on":
		return "true"
	case "关", "off":
		return "false"
	}
	return strings.TrimSpace(v)
}

func (s *Services) rollBackRule(ctx context.Context, a crm.Actor, id int64) (bot.Reply, error) {
	v, err := s.Rules.RollBack(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	shown, err := s.ruleCard(ctx, a, a.Lang, v.Key)
	if err != nil {
		return bot.Reply{}, err
	}
	return bot.Replace(shown, bot.View{Name: viewRule, Ref: v.Key}, a.Lang.T(fmt.Sprintf("版本 %d 已撤回", id), fmt.Sprintf("version %d was taken back", id))), nil
}
