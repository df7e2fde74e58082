package cards

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// ChangeRule sets a setting to what the form says.
type ChangeRule struct {
	Key string `json:"key"`
	// Seen is the version that the card showed; zero: the default.
	Seen int64 `json:"seen"`
}

// ActionName implements card.Action.
func (ChangeRule) ActionName() string { return "rule.change" }

// TryRule shows what the change in the form would do.
type TryRule struct {
	Key string `json:"key"`
}

// ActionName implements card.Action.
func (TryRule) ActionName() string { return "rule.try" }

// RollBackRule takes a version back.
type RollBackRule struct {
	Version int64 `json:"version"`
}

// ActionName implements card.Action.
func (RollBackRule) ActionName() string { return "rule.rollback" }

// The inputs of the form.
const (
	RuleValue  = "value"
	RuleReason = "reason"
	RuleScope  = "scope"
	RulePerson = "person"
	RuleDay    = "day"
	RuleUrgent = "urgent"
)

// RuleScopeAll is the option that stands for the organisation.
const RuleScopeAll = "org"

// RuleView is one setting as the viewer may see it.
type RuleView struct {
	Def     rule.Def
	Value   string
	Version int64
	// InForce are the values of single scopes, Planned the versions that do not
	// hold yet, the first first; History are all, newest first.
	InForce, Planned, History []rule.Version
	// Waiting are urgent changes that are not decided.
	Waiting []rule.Request
	// Next is the day from which on a change holds, Now the moment.
	Next crm.Day
	Now  time.Time
	Zone *time.Location
	// MayChange offers the form; Viewer is who looks.
	MayChange bool
	Viewer    crm.UserID
	// Scopes are the teams and roles to choose from.
	Scopes []card.Option
	// Say tells a structure in words; nil: it is shown as it is stored.
	Say func(value string) string
	// Tried settings show first what a change would do.
	Tried     bool
	Name      func(crm.UserID) string
	ScopeName func(rule.Scope) string
}

func (v RuleView) who(l crm.Lang, id crm.UserID) string {
	if n := v.Name(id); n != "" {
		return n
	}
	return l.T("系统", "system")
}

// structure is a structure as it is shown.
func (v RuleView) structure(value string) string {
	if v.Say != nil {
		return v.Say(value)
	}
	// Platforms drop spaces at the beginning of a line, but not wide ones.
	lines := strings.Split(indentJSON(value), "\n")
	for i, s := range lines {
		text := strings.TrimLeft(s, " ")
		lines[i] = strings.Repeat("　", (len(s)-len(text))/2) + text
	}
	return strings.Join(lines, "\n")
}

func (v RuleView) long() bool { return v.Def.Form.Kind == rule.StructureForm }

// RuleCard is one setting with its values, its versions and the form to change
// it.
func RuleCard(l crm.Lang, v RuleView) card.Card {
	d := v.Def
	c := card.Card{Lang: l, Title: d.Key + " · " + d.Title.In(l), Tone: card.Info}
	for _, r := range v.Waiting {
		c.About = append(c.About, r.Ref())
	}
	if v.long() {
		c.Blocks = append(c.Blocks, card.B(l.T("当前值", "Value")), card.P(v.structure(v.Value)))
	} else {
		c.Blocks = append(c.Blocks, card.Fields{Items: []card.Field{{Label: l.T("当前值", "Value"), Value: ruleShort(l, d, v.Value)}, {Label: l.T("默认值", "Default"), Value: ruleShort(l, d, d.Default)}}})
	}
	if text := ruleLines(l, v); text != "" {
		c.Blocks = append(c.Blocks, card.P(text))
	}
	for _, r := range v.Waiting {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Tone: card.Warning, Text: l.T(
			fmt.Sprintf("加急待同意（%d）：%s → %s，%s 提交，%s 前有效", r.ID, v.ScopeName(r.Scope), ruleShort(l, d, r.Value), v.who(l, r.Author), r.ExpiresAt.In(v.Zone).Format("01-02 15:04")),
			fmt.Sprintf("Urgent, not agreed to yet (%d): %s → %s, by %s, until %s", r.ID, v.ScopeName(r.Scope), ruleShort(l, d, r.Value), v.who(l, r.Author), r.ExpiresAt.In(v.Zone).Format("01-02 15:04")))}}})
	}
	if v.MayChange {
		c.Blocks = append(c.Blocks, card.Divider{}, ruleForm(l, v), card.Note{Text: ruleTerms(l, v)})
	}
	if len(v.History) > 0 {
		c.Blocks = append(c.Blocks, ruleHistory(l, v))
	}
	if len(v.History) > 0 && v.MayChange {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{CommandButton(l.T("变更记录", "Changes"), l.T("/历史 规则 ", "/history rules ")+d.Key)}})
	}
	return c
}

// ruleLines are the values of single scopes and what is planned.
func ruleLines(l crm.Lang, v RuleView) string {
	var lines []string
	for _, x := range v.InForce {
		if x.Scope != "" {
			lines = append(lines, v.ScopeName(x.Scope)+l.T("：", ": ")+ruleShort(l, v.Def, x.Value))
		}
	}
	for _, x := range v.Planned {
		lines = append(lines, l.T("计划：", "Planned: ")+x.EffectiveAt.In(v.Zone).Format("2006-01-02 15:04")+l.T(" 起 ", " on, ")+v.ScopeName(x.Scope)+" → "+ruleShort(l, v.Def, x.Value))
	}
	return strings.Join(lines, "\n")
}

func ruleTerms(l crm.Lang, v RuleView) string {
	urgent := l.T("“加急”马上生效，需另一位管理员同意", "“urgent” holds at once and needs another administrator")
	if rule.AtOnce(v.Def.Key) {
		urgent = l.T("“加急”马上生效", "“urgent” holds at once")
	}
	tried := ""
	if v.Tried {
		tried = l.T("提交前先显示试算，试算不保存任何内容（RC-02）。", " What it would do is shown before; that stores nothing (RC-02).")
	}
	return l.T("默认从下一个工作日 "+string(v.Next)+" 00:00 起生效，可选更晚的日期；"+urgent+"（RC-01）。"+tried+"7 天内可一键撤回（RC-04）。",
		"Holds from the next working day, "+string(v.Next)+" 00:00, or a later day; "+urgent+" (RC-01)."+tried+" It can be taken back within 7 days (RC-04).")
}

// ruleInput asks for the value in the way that its kind needs.
func ruleInput(l crm.Lang, v RuleView) card.Input {
	in := card.Input{Kind: card.TextInput, Name: RuleValue, Label: l.T("新的值", "New value"), Default: v.Value, Required: true, MaxLen: 1000}
	switch f := v.Def.Form; f.Kind {
	case rule.NumberForm:
		in.Help = l.T(fmt.Sprintf("%d 到 %d 的整数", f.Min, f.Max), fmt.Sprintf("a whole number from %d to %d", f.Min, f.Max))
	case rule.SwitchForm:
		in.Kind, in.Options = card.SelectInput, []card.Option{{Value: "true", Label: l.T("开", "on")}, {Value: "false", Label: l.T("关", "off")}}
	case rule.TimeForm:
		in.Kind = card.TimeInput
	case rule.ChoiceForm:
		in.Kind = card.SelectInput
		for _, o := range f.Options {
			in.Options = append(in.Options, card.Option{Value: o.Value, Label: o.Name.In(l)})
		}
	case rule.StructureForm:
		in.Kind, in.Default = card.MultilineInput, indentJSON(v.Value)
		in.Help = l.T("JSON；改动个别数字即可", "JSON; just change what should change")
		if lines := v.Def.Lines(l, v.Value); lines != "" {
			in.Default, in.Help = lines, v.Def.Form.Help.In(l)
		}
	}
	return in
}

func ruleForm(l crm.Lang, v RuleView) card.Form {
	sample := v.Def.Word(l, v.Value)
	if sample == "" {
		sample = ruleSample(v.Def.Default)
	}
	command := l.T("/规则 ", "/rules ") + v.Def.Key + " " + sample + " " + l.T("原因", "reason")
	submit := card.Button{Label: l.T("提交", "Submit"), Style: card.Primary, Action: ChangeRule{Key: v.Def.Key, Seen: v.Version}, Command: command}
	try := card.Button{Label: l.T("试算", "Try it out"), Action: TryRule{Key: v.Def.Key}, Command: l.T("/规则 试算 ", "/rules try ") + v.Def.Key + " " + sample}
	return card.Form{Name: "rule", Inputs: []card.Input{
		ruleInput(l, v),
		{Kind: card.TextInput, Name: RuleReason, Label: l.T("原因", "Reason"), MaxLen: 200, Help: l.T("试算可以不写，提交需要", "needed to submit, not to try it out")},
		{Kind: card.SelectInput, Name: RuleScope, Label: l.T("范围", "For whom"), Default: RuleScopeAll, Options: append([]card.Option{{Value: RuleScopeAll, Label: l.T("全公司", "the whole company")}}, v.Scopes...)},
		{Kind: card.TextInput, Name: RulePerson, Label: l.T("只对一个人", "Only one person"), MaxLen: 40, Placeholder: l.T("姓名，可不填", "a name, or nothing")},
		{Kind: card.DateInput, Name: RuleDay, Label: l.T("生效日", "From"), Default: string(v.Next)},
		urgentInput(l, "no"),
	}, Submit: submit, Extra: []card.Button{try}, Example: command}
}

// urgentInput asks whether a change is to hold at once (RC-01).
func urgentInput(l crm.Lang, chosen string) card.Input {
	return card.Input{Kind: card.SelectInput, Name: RuleUrgent, Label: l.T("加急", "Urgent"), Default: chosen, Options: []card.Option{{Value: "no", Label: l.T("否", "no")}, {Value: "yes", Label: l.T("是", "yes")}}}
}

func ruleHistory(l crm.Lang, v RuleView) card.Collapsible {
	fold := card.Collapsible{Title: l.T("版本", "Versions"), Open: true}
	for i, x := range v.History {
		if i == 5 {
			break
		}
		text := strconv.FormatInt(x.ID, 10) + " · " + v.ScopeName(x.Scope) + " · " + ruleShort(l, v.Def, x.Value) + " · " + v.who(l, x.Author)
		if x.Approver != 0 {
			text += l.T("（加急，"+v.who(l, x.Approver)+" 同意）", " (urgent, agreed by "+v.who(l, x.Approver)+")")
		}
		text += " · " + l.T("生效 ", "from ") + x.EffectiveAt.In(v.Zone).Format("2006-01-02 15:04")
		if x.Reason != "" {
			text += " · " + x.Reason
		}
		span := card.Span{Text: text}
		back := x.RolledBackAt.IsZero() && v.MayChange && v.Now.Sub(x.CreatedAt) <= rule.RollBackWithin
		if !x.RolledBackAt.IsZero() {
			span.Strike, span.Tone = true, card.Muted
		}
		fold.Blocks = append(fold.Blocks, card.Text{Spans: []card.Span{span}})
		if back {
			id, ask := strconv.FormatInt(x.ID, 10), l.T("前一个值马上重新生效。", "The value before it holds again at once.")
			if v.Tried {
				ask = l.T("前一个值马上重新生效；它多释放的记录会退还给原负责人。", "The value before it holds again at once; records that only it released are offered back to their owners.")
			}
			fold.Blocks = append(fold.Blocks, card.Buttons{Items: []card.Button{{Label: l.T("撤回版本 ", "Take back ") + id, Style: card.Risky, Action: RollBackRule{x.ID}, Command: l.T("/规则 撤回 ", "/rules rollback ") + id,
				Confirm: &card.Confirm{Title: l.T("撤回这个版本？", "Take this version back?"), Text: ask}}}})
		}
	}
	return fold
}
