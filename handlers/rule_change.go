package handlers

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/recycle"
	"crmbot/internal/rule"
)

// farthestRule is how far ahead a change may be planned.
const farthestRule = 366

// triedFirst reports whether what a change would do is shown before it is made: it
// can take records from people (RC-02).
func (s *Services) triedFirst(key string) bool { return recycle.Ruled(key) }

// ruleLine handles a key with a new value.
func (s *Services) ruleLine(ctx context.Context, a crm.Actor, in ruleArgs) (bot.Reply, error) {
	ch := cards.RuleChange{Key: in.Filter, Value: in.Value, Reason: in.Reason, Day: in.Day, Urgent: in.Urgent}
	var err error
	if ch.Scope, err = s.ruleScope(ctx, in.ScopeKind, in.Scope); err != nil {
		return bot.Reply{}, err
	}
	if ch, err = s.checkRule(a, ch); err != nil {
		return bot.Reply{}, err
	}
	switch {
	case in.Verb == ruleTry:
		return s.tryRule(ctx, a, ch)
	case in.Verb == ruleList:
		return s.listRule(ctx, a, ch)
	case in.Verb == ruleConfirm:
		return s.confirmRule(ctx, a, ch, in.Proof)
	}
	if err := ruleReason(ch); err != nil {
		return bot.Reply{}, err
	}
	if s.triedFirst(ch.Key) {
		return s.tryRule(ctx, a, ch)
	}
	return s.setRule(ctx, a, ch, false)
}

// ruleScope is the scope that words name.
func (s *Services) ruleScope(ctx context.Context, kind, who string) (rule.Scope, error) {
	switch kind {
	case "team":
		t, err := s.Directory.TeamNamed(ctx, who)
		if err != nil {
			return "", err
		}
		return rule.Scope("team:" + strconv.FormatInt(int64(t.ID), 10)), nil
	case "user":
		u, err := s.Directory.One(ctx, strings.TrimPrefix(who, "@"))
		if err != nil {
			return "", err
		}
		return rule.Scope("user:" + strconv.FormatInt(int64(u.ID), 10)), nil
	case "role":
		for _, r := range crm.Roles {
			if strings.EqualFold(who, string(r)) || who == r.Name(crm.Chinese) || strings.EqualFold(who, r.Name(crm.English)) {
				return rule.Scope("role:" + string(r)), nil
			}
		}
		var zh, en []string
		for _, r := range crm.Roles {
			zh, en = append(zh, r.Name(crm.Chinese)), append(en, r.Name(crm.English))
		}
		return "", crm.NotFound("没有角色“"+clipText(who)+"”", "there is no role “"+clipText(who)+"”").WithNext("可选："+strings.Join(zh, "、"), "choose one of: "+strings.Join(en, ", "))
	case "scope":
		return rule.Scope(who), nil // checked with the change
	}
	return "", nil
}

// formChange is the change that a form says.
func (s *Services) formChange(ctx context.Context, a crm.Actor, key string, v bot.Values) (cards.RuleChange, error) {
	ch := cards.RuleChange{Key: key, Value: v.Get(cards.RuleValue), Reason: strings.TrimSpace(v.Get(cards.RuleReason))}
	if scope := v.Get(cards.RuleScope); scope != cards.RuleScopeAll {
		ch.Scope = rule.Scope(scope)
	}
	var err error
	if who := strings.TrimSpace(v.Get(cards.RulePerson)); who != "" {
		if ch.Scope, err = s.ruleScope(ctx, "user", who); err != nil {
			return ch, err
		}
	}
	if ch.Day, ch.Urgent, err = s.formDay(v); err != nil {
		return ch, err
	}
	return s.checkRule(a, ch)
}

// formDay is from when on a change holds by a form.
func (s *Services) formDay(v bot.Values) (day crm.Day, urgent bool, err error) {
	text := v.Get(cards.RuleDay)
	if urgent = v.Get(cards.RuleUrgent) == "yes"; urgent || text == "" {
		return "", urgent, nil
	}
	if day, err = crm.ParseDay(text); err != nil {
		return "", false, err
	}
	// The card may be days old: the day that it proposed is not one that was chosen.
	if next, _ := s.nextRuleDay(s.Clock.Now()); day < next {
		day = ""
	}
	return day, false, nil
}

// checkRule refuses a change whose value, scope or day is wrong, and completes
// the day. The reason is asked for later.
func (s *Services) checkRule(a crm.Actor, ch cards.RuleChange) (cards.RuleChange, error) {
	d, ok := s.Rules.Def(ch.Key)
	if ok {
		ch.Value = normalizeRule(d, ch.Value)
	}
	if err := s.Rules.CheckChange(a, ch.Key, ch.Scope, ch.Value, ch.Reason); err != nil {
		return ch, err
	}
	var err error
	ch.Day, err = s.ruleDay(ch.Day, ch.Urgent)
	return ch, err
}

// ruleDay completes the day from which on a change holds, none when it is urgent,
// or refuses it (RC-01).
func (s *Services) ruleDay(day crm.Day, urgent bool) (crm.Day, error) {
	now := s.Clock.Now()
	next, _ := s.nextRuleDay(now)
	switch {
	case urgent:
		if day != "" {
			return day, crm.Invalid("加急马上生效，不能再写生效日", "an urgent change holds at once and takes no day")
		}
	case day == "":
		return next, nil
	case day < next:
		return day, crm.Refused("RC-01", "最早从下一个工作日 "+string(next)+" 起生效", "the earliest day is the next working day, "+string(next)).
			WithNext("要马上生效请加“加急”", "add “urgent” for it to hold at once")
	case day > s.Calendar.DayOf(now).AddDays(farthestRule):
		return day, crm.Refused("RC-01", "生效日最晚在一年以内", "the day lies within a year at most")
	}
	return day, nil
}

func ruleReason(ch cards.RuleChange) error {
	if ch.Reason != "" {
		return nil
	}
	return crm.Invalid("修改规则需要写原因", "a change of a rule needs a reason").WithNext(fmt.Sprintf("例如：/规则 %s %s 旺季", ch.Key, clipText(ch.Value)), fmt.Sprintf("for example: /rules %s %s busy season", ch.Key, clipText(ch.Value)))
}

func (s *Services) changeRule(ctx context.Context, a crm.Actor, c bot.Call, p cards.ChangeRule) (bot.Reply, error) {
	if _, version := s.Rules.Value(ctx, p.Key); version != p.Seen {
		return bot.Reply{}, crm.Stale("RC-01", "这个设置刚刚被别人改过，您的修改没有保存", "somebody has just changed this setting; yours was not saved").WithNext("请发送 /规则 "+p.Key+" 查看新的值", "send /rules "+p.Key+" for the new value")
	}
	ch, err := s.formChange(ctx, a, p.Key, c.Values)
	if err != nil {
		return bot.Reply{}, err
	}
	if err := ruleReason(ch); err != nil {
		return bot.Reply{}, err
	}
	if s.triedFirst(ch.Key) {
		return s.tryRule(ctx, a, ch)
	}
	return s.setRule(ctx, a, ch, true)
}

// ruleProof names a change together with the state of its setting: who confirms it
// has seen what it does to this state.
func (s *Services) ruleProof(ctx context.Context, ch cards.RuleChange) (string, error) {
	stamp, err := s.Rules.Stamp(ctx, ch.Key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{ch.Key, string(ch.Scope), ch.Value, string(ch.Day), strconv.FormatBool(ch.Urgent), stamp}, "\x00")))
	return hex.EncodeToString(sum[:4]), nil
}

// confirmRule makes a change that was tried out.
func (s *Services) confirmRule(ctx context.Context, a crm.Actor, ch cards.RuleChange, proof string) (bot.Reply, error) {
	ch, err := s.checkRule(a, ch)
	if err != nil {
		return bot.Reply{}, err
	}
	want, err := s.ruleProof(ctx, ch)
	if err != nil {
		return bot.Reply{}, err
	}
	if proof != want {
		return bot.Reply{}, crm.Stale("RC-02", "这个设置或修改内容在试算之后变了，没有保存", "the setting or the change is not the one that was tried out; nothing was saved").
			WithNext("请重新试算：/规则 试算 "+s.ruleText(crm.Chinese, ch), "try it out again: /rules try "+s.ruleText(crm.English, ch))
	}
	if err := ruleReason(ch); err != nil {
		return bot.Reply{}, err
	}
	return s.setRule(ctx, a, ch, false)
}

// setRule stores a checked change, or asks another administrator for an urgent one.
func (s *Services) setRule(ctx context.Context, a crm.Actor, ch cards.RuleChange, update bool) (bot.Reply, error) {
	if ch.Urgent && !rule.AtOnce(ch.Key) {
		r, err := s.RuleDesk.Ask(ctx, a, ch.Key, ch.Scope, ch.Value, ch.Reason)
		if err != nil {
			return bot.Reply{}, err
		}
		shown, err := s.ruleRequest(ctx, a, a.Lang, r.ID)
		if err != nil {
			return bot.Reply{}, err
		}
		rep := bot.Show(shown, bot.View{Name: rule.ViewRequest, Ref: r.Ref().String()})
		rep.Update, rep.Private = update, true
		rep.Toast, rep.ToastTone = a.Lang.T("已请其他管理员同意", "the other administrators were asked"), bot.ToastSuccess
		return rep, nil
	}
	from := s.Clock.Now()
	if !ch.Urgent {
		from = s.Calendar.At(ch.Day, calendar.Clock(0, 0))
	}
	v, err := s.Rules.Set(ctx, a, ch.Key, ch.Scope, ch.Value, ch.Reason, from)
	if err != nil {
		return bot.Reply{}, err
	}
	shown, err := s.ruleCard(ctx, a, a.Lang, ch.Key)
	if err != nil {
		return bot.Reply{}, err
	}
	when := string(ch.Day) + " 00:00"
	if ch.Urgent {
		when = from.In(s.Calendar.Zone()).Format("2006-01-02 15:04")
	}
	toast := a.Lang.T(fmt.Sprintf("版本 %d 已保存，%s 起生效", v.ID, when), fmt.Sprintf("version %d is saved; it holds from %s", v.ID, when))
	view := bot.View{Name: viewRule, Ref: ch.Key}
	if update {
		return bot.Replace(shown, view, toast), nil
	}
	rep := bot.Show(shown, view)
	rep.Text = toast
	return rep, nil
}

// normalizeRule keeps what people type in the setting's own form.
func normalizeRule(d rule.Def, v string) string {
	v = strings.TrimSpace(v)
	switch d.Form.Kind {
	case rule.SwitchForm:
		switch strings.ToLower(v) {
		case "开", "on", "是":
			return "true"
		case "关", "off", "否":
			return "false"
		}
	case rule.ChoiceForm:
		for _, o := range d.Form.Options {
			if strings.EqualFold(v, o.Value) || v == o.Name.Zh || strings.EqualFold(v, o.Name.En) {
				return o.Value
			}
		}
	case rule.StructureForm:
		v = d.Long(v)
		var b bytes.Buffer
		if json.Compact(&b, []byte(v)) == nil {
			v = b.String()
		}
		// In one order of entries, so that it is the same change however it is written.
		if w := d.Word(crm.Chinese, v); w != "" && d.Check(v) == nil {
			v = d.Long(w)
		}
	}
	return v
}

// ruleText is the change as one line behind the command.
func (s *Services) ruleText(l crm.Lang, ch cards.RuleChange) string {
	value := ch.Value
	if d, ok := s.Rules.Def(ch.Key); ok && d.Check(value) == nil {
		value = cmp.Or(d.Word(l, value), value)
	}
	parts := []string{ch.Key, value}
	if ch.Scope != "" {
		parts = append(parts, l.T("范围=", "scope=")+string(ch.Scope))
	}
	if ch.Urgent {
		parts = append(parts, l.T("加急", "urgent"))
	} else if ch.Day != "" {
		parts = append(parts, l.T("生效=", "from=")+string(ch.Day))
	}
	if ch.Reason != "" {
		parts = append(parts, ch.Reason)
	}
	return strings.Join(parts, " ")
}

// ruleMoment is from when on a change is tried out.
func (s *Services) ruleMoment(ch cards.RuleChange) time.Time {
	if ch.Urgent || ch.Day == "" {
		return s.Clock.Now()
	}
	return s.Calendar.At(ch.Day, calendar.Clock(0, 0))
}

// tryRule shows what a change would do (RC-02). Nothing is stored.
func (s *Services) tryRule(ctx context.Context, a crm.Actor, ch cards.RuleChange) (bot.Reply, error) {
	v, err := s.ruleView(ctx, a, a.Lang, ch.Key)
	if err != nil {
		return bot.Reply{}, err
	}
	t := cards.RuleTry{RuleChange: ch, Line: s.ruleText(a.Lang, ch)}
	if t.Proof, err = s.ruleProof(ctx, ch); err != nil {
		return bot.Reply{}, err
	}
	if t.Before, err = s.Rules.Held(ctx, ch.Key, ch.Scope, s.ruleMoment(ch)); err != nil {
		return bot.Reply{}, err
	}
	if t.Effects, t.List, t.Link, err = s.ruleEffects(ctx, a, ch); err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.RuleTried(a.Lang, t, v), bot.View{})), nil
}
