package cards

import (
	"fmt"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/recycle"
	"crmbot/internal/rule"
)

// version is "版本 7" of a setting, or that it is the default.
func ruleVersion(l crm.Lang, id int64) string {
	if id == 0 {
		return l.T("默认值", "default")
	}
	return l.T(fmt.Sprintf("版本 %d", id), fmt.Sprintf("version %d", id))
}

func (f LeadFrame) day(t time.Time) string {
	if t.IsZero() {
		return f.Lang.T("没有", "none")
	}
	return t.In(f.Zone).Format("2006-01-02 15:04")
}

// clockWords say which period counts, with the id of its setting.
func clockWords(l crm.Lang, w recycle.Why) (what, key string) {
	switch w.Clock {
	case recycle.ClockNoDeal:
		return l.T("没有成交也没有进行中的商机", "no deal and none open"), recycle.AccountPeriods.Key
	case recycle.ClockRepurchase:
		return l.T("老客户合同到期后没有新商机", "no new deal since the last contract ended"), recycle.RepurchaseDays.Key
	case recycle.ClockEnquiry:
		return l.T("仅询价，没有商机", "enquired only, without a deal"), recycle.EnquiryDays.Key
	}
	key = recycle.AccountPeriods.Key
	if w.Ref.Kind == crm.KindLead {
		key = recycle.LeadPeriods
	}
	return l.T("没有有效跟进", "no valid activity"), key
}

// RecycleWhy explains a record's release day: rule, version and numbers.
func RecycleWhy(f LeadFrame, w recycle.Why, d lead.Due) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: strings.TrimSpace(l.T("为什么 ", "Why ") + w.Ref.String() + " " + w.Name), Tone: card.Info, About: []crm.Ref{w.Ref}}
	c.Subtitle = l.T("负责人 ", "Owner ") + w.OwnerName
	if w.Owner == 0 {
		c.Subtitle = ""
		c.Blocks = []card.Block{card.P(l.T("没有负责人，或已结束，不计时（P-09）。", "It has no owner or is over: no time is counted (P-09)."))}
		return c
	}
	if !d.Contact.IsZero() {
		why := l.T("P-11.leads，"+w.Grade+" 级，自获得起计工作时间", "P-11.leads, grade "+w.Grade+", working hours since you got it")
		if d.Handed > 0 {
			why = l.T(fmt.Sprintf("%s，交接后 %d 个工作日内", lead.HandedDays.Key, d.Handed), fmt.Sprintf("%s, within %d working days of the hand-over", lead.HandedDays.Key, d.Handed))
		}
		c.Blocks = append(c.Blocks, card.Fields{Items: []card.Field{{Label: l.T("首次联系", "First contact"), Value: l.T(f.minute(d.Contact)+" 前（"+why+"）", "by "+f.minute(d.Contact)+" ("+why+")"), Wide: true}}})
	}
	if w.Release == "" {
		c.Blocks = append(c.Blocks, card.P(l.T("现在没有释放日：没有适用的期限（P-11）。", "There is no release day now: no period applies (P-11).")))
	} else {
		c.Blocks = append(c.Blocks, f.whySum(w)...)
	}
	if s := holdText(l, w.Holds); s != "" {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: l.T("现在不回收（P-12）：", "Not recycled now (P-12): ") + s, Tone: card.Info}}})
	}
	c.Blocks = append(c.Blocks, f.whyInputs(w), f.whyWarnings(w), card.Note{Text: f.whyMode(w)})
	return c
}

// WhyMerged says in front of an explanation that the code which was asked for became
// part of the record that it explains.
func WhyMerged(c card.Card, asked, ref crm.Ref) card.Card {
	if asked == ref {
		return c
	}
	line := c.Lang.T(asked.String()+" 已合并到 "+ref.String()+"（DU-01），以下是 "+ref.String()+" 的依据。", asked.String()+" became part of "+ref.String()+" (DU-01); this is about "+ref.String()+".")
	c.Blocks = append([]card.Block{card.Text{Spans: []card.Span{{Text: line, Bold: true}}}}, c.Blocks...)
	return c
}

// whySum is the sum by which the release day comes out.
func (f LeadFrame) whySum(w recycle.Why) []card.Block {
	l := f.Lang
	what, key := clockWords(l, w)
	left := daysLeft(l, w.Left)
	out := []card.Block{card.Text{Spans: []card.Span{{Text: l.T("释放日 ", "Release day ") + string(w.Release), Bold: true}, {Text: " · " + left, Tone: dueTone(w.Left)}}}}
	lines := []string{l.T("P-11：", "P-11: ") + what + " · " + gradeOf(l, w) + " · " + sinceText(l, w.Verdict, f) + " → " + string(w.Base) + l.T("（", " (") + key + l.T("，", ", ") + ruleVersion(l, w.Period.Version) + l.T("）", ")")}
	if w.Paused > 0 {
		lines = append(lines, l.T(fmt.Sprintf("P-12：负责人休假，暂停 %d 天", w.Paused), fmt.Sprintf("P-12: the owner's leave, paused for %d days", w.Paused)))
	}
	if w.Extra > 0 {
		lines = append(lines, l.T(fmt.Sprintf("P-13：延期 %d 次，共 +%d 天", w.Facts.Keep.Extensions, w.Extra), fmt.Sprintf("P-13: extended %d times, +%d days", w.Facts.Keep.Extensions, w.Extra)))
	}
	if w.Verdict.Forward > 0 {
		lines = append(lines, l.T(fmt.Sprintf("P-13：商机 %s 推进，+%d 天", f.day(w.Facts.Forward), w.Verdict.Forward), fmt.Sprintf("P-13: a deal moved on at %s, +%d days", f.day(w.Facts.Forward), w.Verdict.Forward)))
	}
	if w.Capped {
		lines = append(lines, l.T(fmt.Sprintf("P-13：未成交最长持有 %d 天", w.Terms.MaxHold), fmt.Sprintf("P-13: held for at most %d days without a deal", w.Terms.MaxHold)))
	}
	if w.Grace != "" {
		lines = append(lines, l.T(fmt.Sprintf("RC-03：规则变更后 %d 个工作日内不回收，不早于 %s", w.Terms.Grace, w.Grace), fmt.Sprintf("RC-03: nothing is released within %d working days of a change of rules, so not before %s", w.Terms.Grace, w.Grace)))
	}
	if w.Slipped {
		lines = append(lines, slipText(l, w))
	}
	if w.Review {
		lines = append(lines, l.T("P-11：重点客户由经理复核，不自动释放", "P-11: key accounts are reviewed by a manager and never released by themselves"))
	}
	return append(out, card.P(strings.Join(lines, "\n")))
}

func gradeOf(l crm.Lang, w recycle.Why) string {
	g := w.Grade
	if g == "" {
		g = l.T("未评级，按最低等级", "not graded, as the lowest")
	}
	if w.Ref.Kind == crm.KindAccount {
		return l.T("等级 ", "level ") + g
	}
	return l.T("等级 ", "grade ") + g
}

func slipText(l crm.Lang, w recycle.Why) string {
	day := string(w.Facts.Keep.NotBefore)
	switch w.Facts.Keep.Slip {
	case recycle.SlipUndelived:
		return l.T("P-15：预警未按时送达，顺延至 "+day, "P-15: the warning did not arrive in time; put off to "+day)
	case recycle.SlipHeld:
		return l.T("P-12：到期时不可回收，顺延至 "+day, "P-12: it was kept on its day; put off to "+day)
	case recycle.SlipMoved:
		return l.T("P-15：日期提前得太近，先预警，顺延至 "+day, "P-15: the day came too near to be warned of; put off to "+day)
	}
	return l.T("AD-01：负责人说明原因保留至 "+day, "AD-01: its owner kept it with a reason until "+day)
}

// whyInputs are the moments of P-09, of which the latest counts.
func (f LeadFrame) whyInputs(w recycle.Why) card.Block {
	l := f.Lang
	fs := card.Fields{Items: []card.Field{
		{Label: l.T("获得时间", "Owned since"), Value: f.day(w.OwnedAt)},
		{Label: l.T("最近有效跟进", "Last valid activity"), Value: f.day(w.ValidAt)},
	}}
	if !w.Facts.Keep.LockedUntil.IsZero() {
		fs.Items = append(fs.Items, card.Field{Label: l.T("锁定至", "Locked until"), Value: f.day(w.Facts.Keep.LockedUntil)})
	}
	since := w.Period.Since
	if w.Terms.Plan.Since.After(since) {
		since = w.Terms.Plan.Since
	}
	if !since.IsZero() {
		fs.Items = append(fs.Items, card.Field{Label: l.T("规则生效", "Rule in force since"), Value: f.day(since)})
	}
	if w.Asked.State != "" {
		state := map[recycle.RequestState]string{recycle.Asked: l.T("待审批", "waiting"), recycle.Approved: l.T("已同意", "granted"), recycle.Declined: l.T("未同意", "declined"), recycle.Kept: l.T("例外保留", "kept as an exception")}[w.Asked.State]
		fs.Items = append(fs.Items, card.Field{Label: l.T("延期申请", "Extension"), Value: f.day(w.Asked.AskedAt) + " · " + state + " · " + w.Asked.Reason, Wide: true})
	}
	return fs
}

// whyWarnings are the warnings with the moments at which they arrived (P-14,
// P-15).
func (f LeadFrame) whyWarnings(w recycle.Why) card.Block {
	l := f.Lang
	if len(w.Warnings) == 0 {
		return card.P(l.T("P-14：还没有预警。没有送达的预警就不会释放（P-15）。", "P-14: no warning yet. Without a delivered warning nothing is released (P-15)."))
	}
	return f.warningLines(w.Warnings)
}

func (f LeadFrame) warningLines(ws []recycle.Warning) card.Block {
	l := f.Lang
	lines := []string{l.T("P-14 预警：", "P-14 warnings:")}
	for _, x := range ws[:min(len(ws), 6)] {
		arrived := l.T("未送达", "not delivered")
		if !x.DeliveredAt.IsZero() {
			arrived = l.T("送达 ", "delivered ") + f.minute(x.DeliveredAt)
		}
		lines = append(lines, l.T(fmt.Sprintf("%s · 释放日 %s 前 %d 个工作日 · %s", x.Day, x.Release, x.Step, arrived), fmt.Sprintf("%s · %s before %s · %s", x.Day, workingDays(x.Step), x.Release, arrived)))
	}
	return card.P(strings.Join(lines, "\n"))
}

func (f LeadFrame) whyMode(w recycle.Why) string {
	l := f.Lang
	name := w.Terms.Plan.Mode
	for _, o := range recycle.Mode.Options {
		if o.Value == name {
			name = o.Name.In(l)
		}
	}
	text := l.T("AD-01："+name+"（", "AD-01: "+name+" (") + ruleVersion(l, w.Terms.Plan.Version) + l.T("）", ")")
	switch {
	case w.Terms.Plan.Releases():
		return text + l.T("；到期日 10:00 释放（P-15）。", "; released at 10:00 on the day (P-15).")
	case w.Terms.Plan.Warns():
		return text + l.T("；只提醒，不释放。", "; warnings only, nothing is released.")
	}
	return text + l.T("；只计算，不提醒也不释放。", "; nothing is sent or released.")
}

// Refusal is a no that a person got.
type Refusal struct {
	At   time.Time
	Rule string
	Text string
}

// RefusalSetting is a setting of the rule that said no.
type RefusalSetting struct {
	Def     rule.Def
	Value   string
	Version int64
}

// RefusalWhy explains the last refusal of a person: what it said, and the
// settings of its rule that are in force for them.
func RefusalWhy(f LeadFrame, r Refusal, list []RefusalSetting) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("为什么被拒绝", "Why it was refused"), Tone: card.Info}
	c.Blocks = []card.Block{card.Fields{Items: []card.Field{{Label: l.T("时间", "When"), Value: f.minute(r.At)}, {Label: l.T("规则", "Rule"), Value: r.Rule}}}, card.P(r.Text)}
	for _, x := range list {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: x.Def.Key + " " + x.Def.Title.In(l), Bold: true}, {Text: " · " + ruleShort(l, x.Def, x.Value) + " · " + ruleVersion(l, x.Version)}}})
	}
	return c
}

// LeadPoolWhy explains when a lead of a pool may be claimed (P-06, P-07, P-17).
func LeadPoolWhy(f LeadFrame, v lead.Seen, lost []recycle.Warning) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("为什么 ", "Why ") + v.ID.String(), Subtitle: v.PoolTitle.In(l), Tone: card.Info, About: []crm.Ref{v.Ref()}}
	lines := []string{l.T("在公海，没有释放日（P-09）。", "It is in the pool and has no release day (P-09).")}
	if v.Status == lead.Review {
		lines = append(lines, l.T("P-17：资料核对中，暂不可认领。", "P-17: its data is being reviewed; it cannot be claimed yet."))
	}
	if v.ClaimableAt.After(f.Now) {
		lines = append(lines, l.T("P-07：", "P-07: ")+l.T(f.minute(v.ClaimableAt)+" 起可认领。", "claimable from "+f.minute(v.ClaimableAt)+"."))
	}
	if v.CoolingUntil.After(f.Now) {
		lines = append(lines, l.T("P-06：您在冷却期，", "P-06: you are in cool-down; ")+l.T(f.minute(v.CoolingUntil)+" 起可认领。", "claimable from "+f.minute(v.CoolingUntil)+"."))
	}
	c.Blocks = []card.Block{card.P(strings.Join(lines, "\n"))}
	if len(lost) > 0 {
		day := string(lost[0].Release)
		c.Blocks = append(c.Blocks, card.P(l.T("P-11：释放日 "+day+" 前没有有效跟进，从您名下自动回收。", "P-11: there was no valid activity before its release day "+day+", and it was taken back from you.")), f.warningLines(lost))
	}
	return c
}
