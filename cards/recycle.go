package cards

import (
	"fmt"
	"strconv"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/recycle"
)

// AskExtend shows the form for an extension of a record, by its code.
type AskExtend struct {
	Ref string `json:"r"`
}

// ActionName implements card.Action.
func (AskExtend) ActionName() string { return "recycle.extend_form" }

// Extend asks for an extension with the reason of the form.
type Extend struct {
	Ref string `json:"r"`
}

// ActionName implements card.Action.
func (Extend) ActionName() string { return "recycle.extend" }

// AnswerExtend decides a request for an extension.
type AnswerExtend struct {
	Request int64 `json:"q"`
	Approve bool  `json:"ok,omitempty"`
}

// ActionName implements card.Action.
func (AnswerExtend) ActionName() string { return "recycle.answer" }

// AskKeep shows the form for keeping a record against the rule.
type AskKeep struct {
	Ref string `json:"r"`
}

// ActionName implements card.Action.
func (AskKeep) ActionName() string { return "recycle.keep_form" }

// KeepRecord keeps it with the reason of the form.
type KeepRecord struct {
	Ref string `json:"r"`
}

// ActionName implements card.Action.
func (KeepRecord) ActionName() string { return "recycle.keep" }

// UnlockRecord ends a lock.
type UnlockRecord struct {
	Ref string `json:"r"`
}

// ActionName implements card.Action.
func (UnlockRecord) ActionName() string { return "recycle.unlock" }

// AnswerGuard decides a run of releases that stopped.
type AnswerGuard struct {
	Day     crm.Day `json:"d"`
	Release bool    `json:"ok,omitempty"`
}

// ActionName implements card.Action.
func (AnswerGuard) ActionName() string { return "recycle.guard" }

// RecycleReason is the input of the forms.
const RecycleReason = "reason"

// linesWithButtons is how many records of a warning stand with what can be done
// about them; the others follow in a table.
const linesWithButtons = 5

func (f LeadFrame) extendButton(code, label string) card.Button {
	return card.Button{Label: label, Action: AskExtend{Ref: code}, Command: f.command("延期", "extend", code)}
}

func (f LeadFrame) whyButton(code string) card.Button {
	return CommandButton(f.Lang.T("为什么", "Why"), f.command("为什么", "why", code))
}

func (f LeadFrame) openRecord(ref crm.Ref, label string) card.Button {
	if ref.Kind == crm.KindAccount {
		return CommandButton(label, f.command("客户", "account", ref.String()))
	}
	return CommandButton(label, f.command("线索", "lead", ref.String()))
}

// workingDays is a number of them in English.
func workingDays(n int) string {
	if n == 1 {
		return "1 working day"
	}
	return fmt.Sprintf("%d working days", n)
}

// daysLeft is the working days until the release in words.
func daysLeft(l crm.Lang, n int) string {
	switch {
	case n < 0:
		return l.T(fmt.Sprintf("已过 %d 个工作日", -n), workingDays(-n)+" over")
	case n == 0:
		return l.T("今天", "today")
	}
	return l.T(fmt.Sprintf("剩 %d 个工作日", n), workingDays(n)+" left")
}

// holdText says what keeps a record at the moment; empty: nothing.
func holdText(l crm.Lang, hs []recycle.Hold) string {
	parts := make([]string, len(hs))
	for i, h := range hs {
		parts[i] = h.What.Name(l)
		if h.Ref.ID != 0 {
			parts[i] += " " + h.Ref.String()
		}
		if h.Until != "" {
			parts[i] += l.T("（至 "+string(h.Until)+"）", " (until "+string(h.Until)+")")
		}
	}
	return strings.Join(parts, l.T("；", "; "))
}

// RecycleWarning warns an owner of the records that are about to go back (P-14),
// what is worth most first.
func RecycleWarning(f LeadFrame, c recycle.Card) card.Card {
	l := f.Lang
	var left []recycle.LineSeen
	settled, gone := 0, 0
	for _, x := range c.Lines {
		if x.Gone {
			gone++
			continue
		}
		if x.Held() || x.Verdict.Release > x.Line.Release {
			settled++
			continue
		}
		left = append(left, x)
	}
	out := card.Card{Lang: l, Title: l.T(fmt.Sprintf("%d 条记录快要释放", len(left)), fmt.Sprintf("About to be released: %d", len(left))), Tone: card.Warning}
	if len(left) == 0 {
		out.Tone, out.Title = card.Muted, l.T("预警的记录都有了结果", "All warned records are settled")
	}
	for i, x := range c.Lines {
		if i < maxAbout {
			out.About = append(out.About, x.Ref)
		}
	}
	for _, x := range left[:min(len(left), linesWithButtons)] {
		code := x.Ref.String()
		spans := []card.Span{{Text: code + " " + x.Name, Bold: true}, {Text: gradeWord(l, x.Ref, x.Grade), Tone: card.Muted}}
		if x.Amount > 0 {
			spans = append(spans, card.Span{Text: " · " + x.Amount.Short(l)})
		}
		what := l.T(string(x.Line.Release)+" 10:00 释放，", "released on "+string(x.Line.Release)+", ")
		switch {
		case x.Review:
			what = l.T(string(x.Line.Release)+" 由经理复核，", "reviewed by your manager on "+string(x.Line.Release)+", ")
		case x.Trial():
			what = l.T(string(x.Line.Release)+" 到期（提醒期，暂不释放），", "due on "+string(x.Line.Release)+" (reminders only, nothing is released yet), ")
		}
		spans = append(spans, card.Span{Text: "\n" + what + daysLeft(l, x.Left), Tone: dueTone(x.Left)}, card.Span{Text: "\n" + sinceText(l, x.Verdict, f), Tone: card.Muted})
		bs := []card.Button{CommandButton(l.T("记跟进 ", "Log ")+code, f.command("跟进", "log", code)), f.openRecord(x.Ref, l.T("打开 ", "Open ")+code)}
		switch {
		case x.Review:
		case x.Plan.Keeps():
			bs = append(bs, card.Button{Label: l.T("保留 ", "Keep ") + code, Action: AskKeep{Ref: code}, Command: f.command("保留", "keep", code)})
		default:
			bs = append(bs, f.extendButton(code, l.T("延期 ", "Extend ")+code))
		}
		out.Blocks = append(out.Blocks, card.Text{Spans: spans}, quiet(bs[0], bs[1:]...))
	}
	if rest := left[min(len(left), linesWithButtons):]; len(rest) > 0 {
		out.Blocks = append(out.Blocks, recycleTable(f, rest, false))
	}
	if settled > 0 {
		out.Blocks = append(out.Blocks, card.Note{Text: l.T(fmt.Sprintf("%d 条已重新计时或不再回收。", settled), fmt.Sprintf("%d have more time now or are kept.", settled))})
	}
	if gone > 0 {
		out.Blocks = append(out.Blocks, card.Note{Text: l.T(fmt.Sprintf("%d 条已不在您名下。", gone), fmt.Sprintf("%d are not yours any more.", gone))})
	}
	if c.More > 0 {
		out.Blocks = append(out.Blocks, card.Note{Text: l.T(fmt.Sprintf("还有 %d 条，发送 /我的线索 查看。", c.More), fmt.Sprintf("%d more; send /leads for all.", c.More))})
	}
	out.Blocks = append(out.Blocks, card.Note{Text: l.T("一次有效跟进就会重新计时（P-09、P-10）；发送 /为什么 加编号查看依据。", "One valid activity starts the time anew (P-09, P-10); send /why with a code for the reasons.")})
	return out
}

func gradeWord(l crm.Lang, ref crm.Ref, grade string) string {
	if grade == "" {
		return ""
	}
	if ref.Kind == crm.KindAccount {
		return l.T(" · 客户 "+grade, " · account "+grade)
	}
	return l.T(" · "+grade+" 级", " · grade "+grade)
}

// sinceText says for how long what has not happened.
func sinceText(l crm.Lang, v recycle.Verdict, f LeadFrame) string {
	if v.Release == "" {
		return ""
	}
	day := string(crm.DayOf(v.Since, f.Zone))
	n := v.Period.Days
	unit := l.T("天", "days")
	if v.Period.Work {
		unit = l.T("个工作日", "working days")
	}
	from := map[recycle.From]crm.Text{
		recycle.FromOwned: {Zh: "获得", En: "you got it"}, recycle.FromValid: {Zh: "最近有效跟进", En: "last valid activity"}, recycle.FromProtected: {Zh: "锁定结束", En: "the lock ended"},
		recycle.FromRule: {Zh: "规则生效", En: "the rule took effect"}, recycle.FromDeal: {Zh: "上一商机关闭", En: "the last deal was closed"}, recycle.FromContract: {Zh: "合同到期", En: "the last contract ended"},
	}[v.From]
	return l.T(fmt.Sprintf("自 %s（%s）起 %d %s", day, from.Zh, n, unit), fmt.Sprintf("%d %s from %s (%s)", n, unit, day, from.En))
}

func recycleTable(f LeadFrame, lines []recycle.LineSeen, owners bool) card.Table {
	l := f.Lang
	t := card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("记录", "Record")}, {Title: l.T("金额", "Amount"), Number: true}, {Title: l.T("释放日", "Release")}, {Title: ""}}}
	if owners {
		t.Columns[1] = card.Column{Title: l.T("负责人", "Owner")}
	}
	for _, x := range lines {
		open := f.openRecord(x.Ref, l.T("打开", "Open"))
		second := ""
		if x.Amount > 0 {
			second = x.Amount.Short(l)
		}
		if owners {
			second = x.OwnerName
		}
		t.Rows = append(t.Rows, []card.Cell{{Text: strings.TrimSpace(x.Ref.String() + " " + x.Name)}, {Text: second}, {Text: string(x.Line.Release)[5:], Tone: dueTone(x.Left)}, {Text: open.Label, Action: &open}})
	}
	return t
}

// RecycleReview shows a manager the key accounts that nobody has worked on
// (P-11): they are reviewed and never released by themselves.
func RecycleReview(f LeadFrame, c recycle.Card) card.Card {
	l := f.Lang
	out := card.Card{Lang: l, Title: l.T(fmt.Sprintf("请复核 %d 家重点客户", len(c.Lines)), fmt.Sprintf("Key accounts to review: %d", len(c.Lines))), Tone: card.Warning}
	out.Blocks = []card.Block{card.P(l.T("这些客户超过期限没有有效跟进。重点客户不会自动释放（P-11）。", "Nobody logged a valid activity within the period. Key accounts are never released by themselves (P-11).")), recycleTable(f, c.Lines, true)}
	for i, x := range c.Lines {
		if i < maxAbout {
			out.About = append(out.About, x.Ref)
		}
	}
	return out
}

// RecycleTrial tells a manager what would have been released today (AD-01).
func RecycleTrial(f LeadFrame, c recycle.Card) card.Card {
	l := f.Lang
	n := len(c.Lines) + c.More
	return card.Card{Lang: l, Title: l.T(fmt.Sprintf("若已启用，今天会释放 %d 个", n), fmt.Sprintf("If it were in force, today would release %d", n)), Tone: card.Info,
		Blocks: []card.Block{recycleTable(f, c.Lines, true), card.Note{Text: l.T("您的团队在观察期：只计算，不提醒也不释放（AD-01）。管理员可用 /规则 AD-01.mode 修改。",
			"Your team is being observed: nothing is sent or released (AD-01). An administrator can change that with /rules AD-01.mode.")}}}
}

// RecycleLate tells administrators whose warning did not arrive in time (P-15).
func RecycleLate(f LeadFrame, c recycle.Card) card.Card {
	l := f.Lang
	n := len(c.Lines) + c.More
	return card.Card{Lang: l, Title: l.T(fmt.Sprintf("%d 条预警未按时送达，释放已顺延", n), fmt.Sprintf("Warnings that did not arrive in time: %d; their releases were put off", n)), Tone: card.Warning,
		Blocks: []card.Block{card.P(l.T("没有送达的预警就不释放，顺延 1 个工作日（P-15）。请检查这些负责人能否收到消息。", "Without a delivered warning nothing is released; it is put off by a working day (P-15). Please check whether these owners can be reached.")), recycleTable(f, c.Lines, true)}}
}

// RecycleLost tells an owner what went back to its pool today.
func RecycleLost(f LeadFrame, c recycle.Card) card.Card {
	l := f.Lang
	n := len(c.Lines) + c.More
	out := card.Card{Lang: l, Title: l.T(fmt.Sprintf("%d 条记录已回到公海", n), fmt.Sprintf("Gone back to the pool: %d", n)), Tone: card.Muted}
	t := card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("记录", "Record")}, {Title: ""}}}
	for _, x := range c.Lines {
		why := f.whyButton(x.Ref.String())
		t.Rows = append(t.Rows, []card.Cell{{Text: x.Ref.String()}, {Text: why.Label, Action: &why}})
	}
	out.Blocks = []card.Block{card.P(l.T("到期前没有有效跟进（P-11），之前已向您预警（P-15）。", "There was no valid activity in time (P-11), and you were warned before (P-15).")), t}
	return out
}

// RecycleGuard asks an administrator about a run that would release too much
// (P-16).
func RecycleGuard(f LeadFrame, g recycle.Guarded) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T(fmt.Sprintf("今天将释放 %d 条，已暂停", g.Total), fmt.Sprintf("Releases due today: %d, stopped", g.Total)), Subtitle: string(g.Day), Tone: card.Danger, About: []crm.Ref{g.Ref()}}
	why := map[recycle.Alarm]string{
		recycle.AlarmCount: l.T(fmt.Sprintf("超过 %d 条的上限", g.Limits.Count), fmt.Sprintf("more than the limit of %d", g.Limits.Count)),
		recycle.AlarmShare: l.T(fmt.Sprintf("超过全部持有 %d 条的 %d%%", g.Owned, g.Limits.Percent), fmt.Sprintf("more than %d%% of all %d owned records", g.Limits.Percent, g.Owned)),
		recycle.AlarmRep:   l.T(fmt.Sprintf("超过某位负责人持有的 %d%%", g.Limits.RepPercent), fmt.Sprintf("more than %d%% of one owner's records", g.Limits.RepPercent)),
	}[g.Alarm]
	c.Blocks = append(c.Blocks, card.P(l.T("原因：", "Why: ")+why+l.T("（P-16）", " (P-16)")))
	t := card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("负责人", "Owner")}, {Title: l.T("将释放", "To go"), Number: true}, {Title: l.T("持有", "Owned"), Number: true}, {Title: l.T("已释放", "Released"), Number: true}, {Title: l.T("保留", "Kept"), Number: true}}}
	released, kept := 0, 0
	for _, o := range g.Owners {
		released, kept = released+o.Released, kept+o.Kept
	}
	for _, o := range g.Owners[:min(len(g.Owners), 50)] {
		t.Rows = append(t.Rows, []card.Cell{{Text: o.Name}, {Text: strconv.Itoa(o.N)}, {Text: strconv.Itoa(o.Owned)}, {Text: strconv.Itoa(o.Released)}, {Text: strconv.Itoa(o.Kept)}})
	}
	c.Blocks = append(c.Blocks, t)
	switch g.State {
	case recycle.RunAsked:
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{
			{Label: l.T("释放这些", "Release them"), Style: card.Risky, Action: AnswerGuard{Day: g.Day, Release: true}, Command: f.command("同意回收", "approverecycle", string(g.Day)),
				Confirm: &card.Confirm{Title: l.T(fmt.Sprintf("释放 %d 条？", g.Total), fmt.Sprintf("Release %d?", g.Total)), Text: l.T("只释放名单里仍到期的记录。", "Only those of the list that are still due are released.")}},
			{Label: l.T("今天不释放", "Not today"), Action: AnswerGuard{Day: g.Day}, Command: f.command("取消回收", "cancelrecycle", string(g.Day))}}})
	case recycle.RunReleasing:
		c.Tone = card.Warning
		c.Blocks = append(c.Blocks, card.Note{Text: l.T(g.ByName+" 已同意，正在释放仍到期的记录。", g.ByName+" agreed; what is still due is being released.")})
	case recycle.RunDone:
		c.Tone = card.Muted
		c.Blocks = append(c.Blocks, card.Note{Text: l.T(fmt.Sprintf("%s 已同意，释放完成：已释放 %d 条，保留 %d 条（已不到期）。", g.ByName, released, kept), fmt.Sprintf("%s agreed; it is done: %d released, %d kept (not due any more).", g.ByName, released, kept))})
	case recycle.RunDeclined:
		c.Tone = card.Muted
		c.Blocks = append(c.Blocks, card.Note{Text: l.T(g.ByName+" 决定今天不释放；明天会重新计算。", g.ByName+" decided against it; it is worked out anew tomorrow.")})
	default:
		c.Tone = card.Muted
		c.Blocks = append(c.Blocks, card.Note{Text: l.T("已由后一天的名单取代。", "A later day's list took its place.")})
	}
	return c
}

// RecycleExtend is a request for an extension (P-13), for who decides and who
// asked.
func RecycleExtend(f LeadFrame, r recycle.RequestSeen) card.Card {
	l, code := f.Lang, r.Ref.String()
	c := card.Card{Lang: l, Title: l.T("延期申请 ", "Extension of ") + strings.TrimSpace(code+" "+r.Name), Subtitle: r.OwnerName, Tone: card.Info, About: []crm.Ref{r.Ref}}
	c.Blocks = append(c.Blocks, card.Fields{Items: []card.Field{
		{Label: l.T("原因", "Reason"), Value: r.Reason, Wide: true},
		{Label: l.T("申请时释放日", "Release day when asked"), Value: string(r.Request.Release)},
		{Label: l.T("延长", "Longer by"), Value: l.T(fmt.Sprintf("%d 天", r.Days), fmt.Sprintf("%d days", r.Days))},
		{Label: l.T("已延期", "Extended"), Value: l.T(fmt.Sprintf("%d/%d 次", r.Granted, r.Most), fmt.Sprintf("%d of %d times", r.Granted, r.Most))},
	}})
	switch r.State {
	case recycle.Approved:
		c.Tone = card.Success
		text := l.T(r.ByName+" 已同意", r.ByName+" agreed")
		if r.Verdict.Release != "" {
			text += l.T("，释放日 "+string(r.Verdict.Release), "; release day "+string(r.Verdict.Release))
		}
		c.Blocks = append(c.Blocks, card.Note{Text: text})
	case recycle.Declined:
		c.Tone = card.Muted
		c.Blocks = append(c.Blocks, card.Note{Text: l.T(r.ByName+" 未同意", r.ByName+" declined")})
	default:
		if r.Lapsed {
			c.Tone = card.Muted
			c.Blocks = append(c.Blocks, card.Note{Text: l.T("已失效："+r.OwnerName+" 不再负责这条记录。", "Void: "+r.OwnerName+" does not own the record any more.")})
			return c
		}
		if r.MayAnswer {
			c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{
				{Label: l.T("同意", "Approve"), Style: card.Primary, Action: AnswerExtend{Request: r.ID, Approve: true}, Command: f.command("同意延期", "approveextend", code)},
				{Label: l.T("不同意", "Decline"), Action: AnswerExtend{Request: r.ID}, Command: f.command("婉拒延期", "declineextend", code)}}})
		} else {
			c.Blocks = append(c.Blocks, card.Note{Text: l.T("等待经理审批；审批期间不会释放（P-12）。", "Your manager decides; nothing is released meanwhile (P-12).")})
		}
	}
	return c
}

// RecycleForm asks for the reason of an extension, or of keeping a record.
func RecycleForm(f LeadFrame, code string, s recycle.Seen, keep bool, days int) card.Card {
	l := f.Lang
	title, what := l.T("申请延期 ", "Extend "), l.T(fmt.Sprintf("经理同意后延长 %d 天（P-13）。", days), fmt.Sprintf("With your manager's consent it is extended by %d days (P-13).", days))
	line, action, label := f.command("延期", "extend", code+l.T(" 客户预算下月批复", " budget approved next month")), card.Action(Extend{Ref: code}), l.T("提交", "Ask")
	if keep {
		title, what = l.T("保留 ", "Keep "), l.T(fmt.Sprintf("保留 %d 天，记为一次例外（AD-01）。", days), fmt.Sprintf("It is kept for %d days, which counts as an exception (AD-01).", days))
		line, action, label = f.command("保留", "keep", code+l.T(" 客户预算下月批复", " budget approved next month")), card.Action(KeepRecord{Ref: code}), l.T("保留", "Keep")
	}
	return card.Card{Lang: l, Title: title + code, Tone: card.Info, Blocks: []card.Block{
		card.P(l.T("现在的释放日：", "Release day now: ") + string(s.Release) + " · " + daysLeft(l, s.Left) + "\n" + what),
		card.Form{Name: "reason", Inputs: []card.Input{{Kind: card.TextInput, Name: RecycleReason, Label: l.T("原因", "Reason"), Required: true, MaxLen: 200}},
			Submit: card.Button{Label: label, Style: card.Primary, Action: action, Command: line}, Example: line},
	}}
}

// keepButtons are what an owner does about a release day.
func (f LeadFrame) keepButtons(code string, d lead.Due) []card.Button {
	l := f.Lang
	if d.Release == "" {
		return nil
	}
	for _, h := range d.Holds {
		if h.What == recycle.HoldLock {
			return []card.Button{{Label: l.T("解锁", "Unlock"), Action: UnlockRecord{Ref: code}, Command: f.command("解锁", "unlock", code)}, f.whyButton(code)}
		}
	}
	if d.Trial {
		return []card.Button{f.whyButton(code)}
	}
	return []card.Button{f.extendButton(code, l.T("申请延期", "Extend")), f.whyButton(code)}
}

// dueFields are the release day of a record, what keeps it, and the deadline of
// the first contact.
func (f LeadFrame) dueFields(d lead.Due) []card.Field {
	l := f.Lang
	var out []card.Field
	if d.Release != "" {
		x := card.Field{Label: l.T("释放日", "Release day"), Value: f.dueText(d), Tone: dueTone(d.Left)}
		if d.Trial || len(d.Holds) > 0 {
			x.Tone = card.Neutral
		}
		if d.Review {
			x.Label = l.T("经理复核日", "Manager's review")
		}
		out = append(out, x)
	}
	if s := holdText(l, d.Holds); s != "" {
		out = append(out, card.Field{Label: l.T("不回收", "Not recycled"), Value: s, Tone: card.Info})
	}
	if !d.Contact.IsZero() {
		tone := card.Warning
		if d.Contact.Before(f.Now) {
			tone = card.Danger
		}
		out = append(out, card.Field{Label: l.T("首次联系", "First contact"), Value: l.T(f.minute(d.Contact)+" 前", "by "+f.minute(d.Contact)), Tone: tone})
	}
	return out
}
