package cards

import (
	"cmp"
	"fmt"
	"slices"

	"crmbot/cards/card"
	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// FinishStep marks a next step done.
type FinishStep struct {
	Activity crm.ActivityID `json:"v"`
}

// ActionName implements card.Action.
func (FinishStep) ActionName() string { return "step.done" }

// AskMoveStep opens a next step to put it on another day.
type AskMoveStep struct {
	Activity crm.ActivityID `json:"v"`
}

// ActionName implements card.Action.
func (AskMoveStep) ActionName() string { return "step.ask" }

// MoveStep puts a next step on another day, of the button or of the form.
type MoveStep struct {
	Activity crm.ActivityID `json:"v"`
	Day      crm.Day        `json:"d,omitempty"`
}

// ActionName implements card.Action.
func (MoveStep) ActionName() string { return "step.move" }

// The inputs of the form for moving a next step.
const (
	StepDay  = "day"
	StepTime = "time"
)

// The label's end tells buttons of a list apart where a platform shows them away
// from their line; a card about one step needs none.
func (f WorkFrame) finishButton(id crm.ActivityID, end string) card.Button {
	return card.Button{Label: f.Lang.T("完成", "Done") + end, Action: FinishStep{Activity: id}, Command: f.Lang.T("/完成 ", "/done ") + id.String()}
}

func (f WorkFrame) askMoveButton(id crm.ActivityID, end string) card.Button {
	return card.Button{Label: f.Lang.T("改期", "Reschedule") + end, Action: AskMoveStep{Activity: id}, Command: f.Lang.T("/改期 ", "/snooze ") + id.String()}
}

// Today is the daily list to clear: each line says what and acts.
// ideas are offered when nothing is left to do.
func Today(f WorkFrame, t activity.Today, ideas ...card.Button) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("今天 · ", "Today · ") + calendar.FormatDay(t.Day, l), Tone: card.Info}
	n := t.Left()
	if n == 0 {
		c.Tone, c.Subtitle = card.Success, l.T("全部清完", "all clear")
		c.Blocks = append(c.Blocks, card.P(l.T("今天没有待办。", "Nothing is left to do today.")))
		if len(ideas) > 0 {
			c.Blocks = append(c.Blocks, card.Buttons{Items: ideas})
		}
		return c
	}
	c.Subtitle = l.T(fmt.Sprintf("待办 %d 项", n), fmt.Sprintf("%d things to do", n))
	c.Summary = c.Title + " " + c.Subtitle
	if len(t.Overdue) > 0 {
		c.Tone = card.Warning
		c.Blocks = append(c.Blocks, card.Heading{Text: l.T(fmt.Sprintf("逾期跟进 %d", len(t.Overdue)), fmt.Sprintf("Overdue %d", len(t.Overdue))), Level: 3})
		f.todaySteps(&c, t.Overdue)
	}
	if len(t.Due) > 0 {
		c.Blocks = append(c.Blocks, card.Heading{Text: l.T(fmt.Sprintf("今天跟进 %d", len(t.Due)), fmt.Sprintf("Due today %d", len(t.Due))), Level: 3})
		f.todaySteps(&c, t.Due)
	}
	f.todayPlans(&c, t)
	f.todayApprovals(&c, t)
	f.todayLosses(&c, t)
	c.About = compactRefs(c.About)
	return c
}

// shownToday is how many lines of each section the list shows, so that a full day
// is two screens of a phone, and fits on a platform's card.
const shownToday = 3

// more says how many lines of a section are left out for now.
func (f WorkFrame) more(c *card.Card, all int) {
	if n := all - shownToday; n > 0 {
		c.Blocks = append(c.Blocks, card.Note{Text: f.Lang.T(fmt.Sprintf("还有 %d 项，清完上面的会显示。", n), fmt.Sprintf("%d more follow when these are cleared.", n))})
	}
}

func (f WorkFrame) todaySteps(c *card.Card, list []activity.StepSeen) {
	for _, s := range list[:min(len(list), shownToday)] {
		c.Blocks = append(c.Blocks, f.stepRow(s)...)
		c.About = append(c.About, s.Activity.Ref(), s.Subject)
	}
	f.more(c, len(list))
}

func (f WorkFrame) todayPlans(c *card.Card, t activity.Today) {
	l := f.Lang
	if len(t.Plans) == 0 {
		return
	}
	head := l.T("今天拜访", "Visits today")
	if n, ok := t.Completion.Percent(); ok {
		head += fmt.Sprintf(" · %d/%d · %d%%", t.Completion.Done, t.Completion.Planned, n)
	}
	c.Blocks = append(c.Blocks, card.Heading{Text: head, Level: 3})
	// What is still to be done comes first when not everything fits.
	plans := slices.Clone(t.Plans)
	if len(plans) > shownToday {
		slices.SortStableFunc(plans, func(x, y activity.PlanSeen) int { return openFirst(x) - openFirst(y) })
	}
	for _, p := range plans[:min(len(plans), shownToday)] {
		c.Blocks = append(c.Blocks, f.planLine(p)...)
		c.About = append(c.About, p.Subject)
	}
	f.more(c, len(plans))
}

func openFirst(p activity.PlanSeen) int {
	if p.State == activity.PlanOpen {
		return 0
	}
	return 1
}

func (f WorkFrame) todayApprovals(c *card.Card, t activity.Today) {
	l := f.Lang
	if len(t.Approvals) == 0 {
		return
	}
	head := l.T(fmt.Sprintf("等您审批 %d", len(t.Approvals)), fmt.Sprintf("Waiting for your approval %d", len(t.Approvals)))
	if slices.ContainsFunc(t.Approvals, func(w activity.Waiting) bool { return w.Request == 0 }) {
		head = l.T(fmt.Sprintf("等您处理 %d", len(t.Approvals)), fmt.Sprintf("Waiting for your decision %d", len(t.Approvals)))
	}
	c.Blocks = append(c.Blocks, card.Heading{Text: head, Level: 3})
	for _, w := range t.Approvals[:min(len(t.Approvals), shownToday)] {
		title := clipRunes(w.Title, 40)
		if w.Request != 0 {
			title = w.Request.String() + " " + w.Title
		}
		spans := []card.Span{{Text: title, Bold: true}, {Text: l.T(" · 自 ", " · since ") + f.minute(w.Since), Tone: card.Muted}}
		if w.Urgent {
			spans = append(spans, card.Span{Text: l.T(" · 加急", " · urgent"), Tone: card.Danger})
		}
		if w.Request == 0 {
			var acts []card.Button
			for _, x := range w.Acts {
				acts = append(acts, CommandButton(x.Label, x.Line))
			}
			c.Blocks = append(c.Blocks, card.Text{Spans: spans}, quiet(acts[0], acts[1:]...))
			continue
		}
		c.Blocks = append(c.Blocks, card.Text{Spans: spans}, card.Buttons{Items: []card.Button{CommandButton(l.T("去审批 ", "Open ")+w.Request.String(), l.T("/审批 ", "/request ")+w.Request.String())}})
		c.About = append(c.About, w.Request.Ref())
	}
	f.more(c, len(t.Approvals))
}

// atRisk is a line about a record that is about to be lost.
type atRisk struct {
	next crm.Day // the day of what comes first
	ref  crm.Ref
	name string
	why  string
	tone card.Tone
	log  activity.Kind
	open string // the command
}

// todayLosses are leads and accounts together, the most urgent first.
func (f WorkFrame) todayLosses(c *card.Card, t activity.Today) {
	l := f.Lang
	var list []atRisk
	for _, x := range t.Leads {
		why, tone := f.losing(x)
		list = append(list, atRisk{x.Due.Next(f.Cal), x.Ref(), x.Name(), why, tone, activity.KindCall, l.T("/线索 ", "/lead ")})
	}
	for _, x := range t.Accounts {
		why, tone := f.released(x.Due)
		list = append(list, atRisk{x.Due.Release, x.Ref, x.Name, why, tone, activity.KindFollowUp, l.T("/客户 ", "/account ")})
	}
	var head string
	switch {
	case len(list) == 0:
		return
	case len(t.Accounts) == 0:
		head = l.T("快要失去的线索", "Leads about to be lost")
	case len(t.Leads) == 0:
		head = l.T("快要失去的客户", "Accounts about to be lost")
	default:
		head = l.T("快要失去的线索和客户", "Leads and accounts about to be lost")
	}
	slices.SortStableFunc(list, func(x, y atRisk) int { return cmp.Compare(x.next, y.next) })
	c.Blocks = append(c.Blocks, card.Heading{Text: head, Level: 3})
	for _, x := range list[:min(len(list), shownToday)] {
		code := x.ref.String()
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: code + " " + x.name, Bold: true}, {Text: " · " + x.why, Tone: x.tone}}},
			quiet(f.logButton(l.T("记录 ", "Log ")+code, x.log, x.ref), CommandButton(l.T("打开 ", "Open ")+code, x.open+code)))
		c.About = append(c.About, x.ref)
	}
	f.more(c, len(list))
}

// losing says when the lead is due and what for.
func (f WorkFrame) losing(x lead.Seen) (string, card.Tone) {
	l := f.Lang
	if !x.Due.Contact.IsZero() {
		if x.Due.Contact.Before(f.Now) {
			return l.T("首次联系已超时（"+f.minute(x.Due.Contact)+"）", "first contact was due "+f.minute(x.Due.Contact)), card.Danger
		}
		return l.T("请在 "+f.minute(x.Due.Contact)+" 前首次联系", "first contact due by "+f.minute(x.Due.Contact)), card.Warning
	}
	return f.released(x.Due)
}

// released says when a record is due to go back to its pool.
func (f WorkFrame) released(d lead.Due) (string, card.Tone) {
	l := f.Lang
	if d.Left < 0 {
		return l.T("释放日 "+string(d.Release)+" 已过", "was due for release on "+string(d.Release)), card.Danger
	}
	return l.T(fmt.Sprintf("%s 释放，剩 %d 个工作日", d.Release, d.Left), fmt.Sprintf("released on %s, %s left", d.Release, workingDays(d.Left))), card.Warning
}

// quiet are the buttons of one line of a list: one to see, the others as links,
// so that a list does not become a wall of buttons.
func quiet(first card.Button, others ...card.Button) card.Buttons {
	for i := range others {
		others[i].Style = card.Link
	}
	return card.Buttons{Items: append([]card.Button{first}, others...)}
}

// stepRow is a next step in a list, with what can be done about it.
func (f WorkFrame) stepRow(s activity.StepSeen) []card.Block {
	l := f.Lang
	what := s.Text
	if what == "" {
		what = l.T("再跟进", "follow up")
	}
	tone, end := card.Neutral, " "+s.Activity.String()
	if s.Due.Passed(f.Cal, f.Now) {
		tone = card.Danger
	}
	return []card.Block{
		card.Text{Spans: []card.Span{{Text: s.Name, Bold: true}, {Text: " " + s.Subject.String(), Tone: card.Muted}, {Text: " · " + s.Due.Format(l), Tone: tone}, {Text: "\n" + what}}},
		quiet(f.logButton(l.T("记录 ", "Log ")+s.Subject.String(), activity.KindFollowUp, s.Subject), f.finishButton(s.Activity, end), f.askMoveButton(s.Activity, end)),
	}
}

// Reminder reminds of one next step.
func Reminder(f WorkFrame, s activity.StepSeen) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("该跟进了 · ", "Time to follow up · ") + s.Name, Subtitle: s.Due.Format(l), Tone: card.Warning, About: []crm.Ref{s.Activity.Ref(), s.Subject}}
	if s.State != activity.StepOpen {
		c.Tone, c.Title = card.Success, l.T("已处理 · ", "Settled · ")+s.Name
	}
	c.Blocks = append(c.Blocks, f.stepLine(s.Step))
	if s.State != activity.StepOpen {
		return c
	}
	done := f.finishButton(s.Activity, "")
	bs := []card.Button{f.logButton(l.T("记录", "Log"), activity.KindFollowUp, s.Subject), done, f.askMoveButton(s.Activity, "")}
	bs[0].Style = card.Primary
	c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	return c
}

// StepMove asks for the new day of a next step: usual ones by one tap, any
// other by the form.
func StepMove(f WorkFrame, s activity.StepSeen) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("改期 · ", "Reschedule · ") + s.Name, Subtitle: l.T("现在：", "now: ") + s.Due.Format(l), Tone: card.Info, About: []crm.Ref{s.Activity.Ref()}}
	if s.State != activity.StepOpen {
		return Reminder(f, s)
	}
	today := f.Cal.DayOf(f.Now)
	next := f.Cal.NextWorkday(today)
	third := f.Cal.AddWorkdays(today, 3)
	monday := f.Cal.WorkdayOnOrAfter(today.Monday().AddDays(7))
	var bs []card.Button
	seen := map[crm.Day]bool{}
	for _, d := range []crm.Day{next, third, monday} {
		if !seen[d] {
			seen[d] = true
			bs = append(bs, card.Button{Label: calendar.FormatDay(d, l)[5:], Action: MoveStep{Activity: s.Activity, Day: d}, Command: l.T("/改期 ", "/snooze ") + s.Activity.String() + " " + string(d)})
		}
	}
	c.Blocks = append(c.Blocks, f.stepLine(s.Step), card.Buttons{Items: bs}, card.Form{Name: "step",
		Inputs: []card.Input{{Kind: card.DateInput, Name: StepDay, Label: l.T("日期", "Date"), Default: string(next), Required: true},
			{Kind: card.TimeInput, Name: StepTime, Label: l.T("时间", "Time"), Default: s.Due.Clock()}},
		Example: l.T("/改期 "+s.Activity.String()+" 周五 10:00", "/snooze "+s.Activity.String()+" friday 10:00"),
		Submit:  card.Button{Label: l.T("改到这天", "Move"), Style: card.Primary, Action: MoveStep{Activity: s.Activity}, Command: l.T("/改期 ", "/snooze ") + s.Activity.String() + " " + string(next)}})
	return c
}
