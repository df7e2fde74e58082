package cards

import (
	"fmt"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// RuleChange is a change that somebody wants, as it travels in a card.
type RuleChange struct {
	Key    string     `json:"key"`
	Scope  rule.Scope `json:"scope"`
	Value  string     `json:"value"`
	Reason string     `json:"reason"`
	// Day is the day from which on it holds; urgent ones hold at once.
	Day    crm.Day `json:"day"`
	Urgent bool    `json:"urgent"`
}

// ConfirmRule makes the change that a card tried out.
type ConfirmRule struct {
	RuleChange
	// Proof names what was tried out and the state of the setting then.
	Proof string `json:"proof"`
}

// ActionName implements card.Action.
func (ConfirmRule) ActionName() string { return "rule.confirm" }

// ListRule sends the list of the records that a change would affect.
type ListRule struct{ RuleChange }

// ActionName implements card.Action.
func (ListRule) ActionName() string { return "rule.list" }

// RuleTry is a change with what it would do.
type RuleTry struct {
	RuleChange
	Proof  string
	Before string
	// Line is the change as one line behind the command: key, value and the rest.
	Line string
	// Effects say what would happen; List offers the list of records. Link is a
	// command that tells more.
	Effects []card.Block
	List    bool
	Link    *card.Button
}

// RuleTried shows what a change would do, and makes it.
func RuleTried(l crm.Lang, t RuleTry, v RuleView) card.Card {
	c := card.Card{Lang: l, Title: l.T("试算："+t.Key, "What a change of "+t.Key+" would do"), Subtitle: v.Def.Title.In(l), Tone: card.Warning}
	from := l.T(string(t.Day)+" 00:00 起", "from "+string(t.Day)+" 00:00")
	switch {
	case t.Urgent && rule.AtOnce(t.Key):
		from = l.T("马上", "at once")
	case t.Urgent:
		from = l.T("另一位管理员同意后马上", "as soon as another administrator agrees")
	}
	fields := []card.Field{{Label: l.T("范围", "For whom"), Value: v.ScopeName(t.Scope)}, {Label: l.T("生效", "Holds"), Value: from}}
	if v.long() {
		c.Blocks = append(c.Blocks, card.Fields{Items: fields}, card.B(l.T("改为", "To be")), card.P(v.structure(t.Value)))
	} else {
		fields = append([]card.Field{{Label: l.T("修改", "Change"), Value: ruleShort(l, v.Def, t.Before) + " → " + ruleShort(l, v.Def, t.Value)}}, fields...)
		c.Blocks = append(c.Blocks, card.Fields{Items: fields})
	}
	c.Blocks = append(c.Blocks, t.Effects...)
	if t.Link != nil {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{*t.Link}})
	}
	send := card.Button{Label: l.T("确认提交", "Make the change"), Style: card.Primary, Action: ConfirmRule{t.RuleChange, t.Proof}, Command: l.T("/规则 确认 ", "/rules confirm ") + t.Proof + " " + t.Line}
	if t.Urgent && !rule.AtOnce(t.Key) {
		send.Label = l.T("请另一位管理员同意", "Ask another administrator")
	}
	var list []card.Button
	if t.List {
		list = []card.Button{{Label: l.T("下载名单", "Download the list"), Action: ListRule{t.RuleChange}, Command: l.T("/规则 名单 ", "/rules list ") + t.Line}}
	}
	note := card.Note{Text: l.T("以上是试算，还没有保存任何内容（RC-02）。", "This only tries it out; nothing was stored (RC-02).")}
	if t.Reason != "" {
		c.Blocks = append(c.Blocks, card.P(l.T("原因：", "Reason: ")+t.Reason), card.Buttons{Items: append([]card.Button{send}, list...)}, note)
		return c
	}
	if len(list) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: list})
	}
	send.Command += l.T(" 原因", " reason")
	c.Blocks = append(c.Blocks, card.Form{Name: "confirm", Inputs: []card.Input{{Kind: card.TextInput, Name: RuleReason, Label: l.T("原因", "Reason"), Required: true, MaxLen: 200}}, Submit: send, Example: send.Command}, note)
	return c
}

// RuleNoEffect is what is said of a change that touches no record at once.
func RuleNoEffect(l crm.Lang) []card.Block {
	return []card.Block{card.B(l.T("没有记录马上受影响。", "No record is affected at once."))}
}

// RuleOver is somebody who has more than a limit would allow.
type RuleOver struct {
	Name          string
	Have, Allowed int
}

// RuleOverLimit says who is over a limit; more are not listed.
func RuleOverLimit(l crm.Lang, what crm.Text, list []RuleOver, total int) []card.Block {
	if total == 0 {
		return []card.Block{card.B(l.T("没有人超过新的上限。", "Nobody is over the new limit."))}
	}
	rows := make([][]card.Cell, len(list))
	for i, x := range list {
		rows[i] = []card.Cell{{Text: x.Name}, {Text: fmt.Sprint(x.Have)}, {Text: fmt.Sprint(x.Allowed)}}
	}
	return []card.Block{card.B(l.T(fmt.Sprintf("%d 人现在超过新的上限。没有人会因此失去记录，只是在降到上限以下之前不能再增加。", total), fmt.Sprintf("%d people are over the new limit now. Nobody loses a record by it; they get no more until they are below it.", total))),
		card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("人员", "Person")}, {Title: what.In(l), Number: true}, {Title: l.T("新上限", "New limit"), Number: true}}, Rows: rows}}
}
