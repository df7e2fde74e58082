package cards

import (
	"strconv"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// AnswerRule agrees to an urgent change or not.
type AnswerRule struct {
	Request int64 `json:"r"`
	Approve bool  `json:"yes"`
}

// ActionName implements card.Action.
func (AnswerRule) ActionName() string { return "rule.answer" }

// RuleAsked is an urgent change: to those who decide it, and to its author how it
// stands. before is what holds now.
func RuleAsked(l crm.Lang, r rule.Request, before string, v RuleView) card.Card {
	c := card.Card{Lang: l, Title: l.T("加急修改规则："+r.Key, "Urgent change of "+r.Key), Subtitle: v.Def.Title.In(l), Tone: card.Warning, About: []crm.Ref{r.Ref()}}
	c.Blocks = append(c.Blocks, card.Fields{Items: []card.Field{
		{Label: l.T("提交人", "Asked by"), Value: v.who(l, r.Author)}, {Label: l.T("范围", "For whom"), Value: v.ScopeName(r.Scope)},
		{Label: l.T("原因", "Reason"), Value: r.Reason, Wide: true}}})
	if v.long() {
		c.Blocks = append(c.Blocks, card.B(l.T("现在", "Now")), card.P(v.structure(before)), card.B(l.T("改为", "To be")), card.P(v.structure(r.Value)))
	} else {
		c.Blocks = append(c.Blocks, card.B(ruleShort(l, v.Def, before)+" → "+ruleShort(l, v.Def, r.Value)))
	}
	id, until := strconv.FormatInt(r.ID, 10), r.ExpiresAt.In(v.Zone).Format("2006-01-02 15:04")
	decided := r.DecidedAt.In(v.Zone).Format("01-02 15:04")
	done := func(tone card.Tone, text string) card.Card {
		c.Tone = tone
		c.Blocks = append(c.Blocks, card.B(text))
		return c
	}
	switch r.State {
	case rule.Approved:
		return done(card.Success, l.T(v.who(l, r.By)+" "+decided+" 同意，已生效（版本 "+strconv.FormatInt(r.Version, 10)+"）", v.who(l, r.By)+" agreed on "+decided+"; it holds (version "+strconv.FormatInt(r.Version, 10)+")"))
	case rule.Declined:
		return done(card.Muted, l.T(v.who(l, r.By)+" "+decided+" 没有同意，规则不变", v.who(l, r.By)+" declined on "+decided+"; nothing changed"))
	case rule.Withdrawn:
		return done(card.Muted, l.T("提交人已撤下，规则不变", "its author withdrew it; nothing changed"))
	case rule.Lapsed:
		return done(card.Muted, l.T("一个工作日内没有人同意，已失效，规则不变", "nobody agreed within a working day; it lapsed and nothing changed"))
	}
	yes := card.Button{Label: l.T("同意，马上生效", "Agree; it holds at once"), Style: card.Primary, Action: AnswerRule{r.ID, true}, Command: l.T("/规则 同意 ", "/rules approve ") + id}
	no := card.Button{Label: l.T("不同意", "Decline"), Style: card.Risky, Action: AnswerRule{r.ID, false}, Command: l.T("/规则 拒绝 ", "/rules decline ") + id}
	if v.Viewer == r.Author {
		no.Label = l.T("撤下", "Withdraw")
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{no}}, card.Note{Text: l.T("等待另一位管理员同意，"+until+" 前有效（RC-01）。", "Waits for another administrator until "+until+" (RC-01).")})
		return c
	}
	c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{yes, no}}, card.Note{Text: l.T(until+" 前有效；同意后马上生效，7 天内可撤回（RC-01、RC-04）。", "Open until "+until+"; it holds the moment you agree and can be taken back within 7 days (RC-01, RC-04).")})
	return c
}
