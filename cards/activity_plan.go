package cards

import (
	"fmt"

	"crmbot/cards/card"
	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// ShowPlan opens the plan of a day.
type ShowPlan struct {
	Day  crm.Day    `json:"d"`
	User crm.UserID `json:"u,omitempty"` // zero: the presser's own
}

// ActionName implements card.Action.
func (ShowPlan) ActionName() string { return "plan.day" }

// AddVisitPlan adds a visit to the plan of a day from the form.
type AddVisitPlan struct {
	Day crm.Day `json:"d"`
}

// ActionName implements card.Action.
func (AddVisitPlan) ActionName() string { return "plan.add" }

// AskPlan opens a planned visit to move or cancel it.
type AskPlan struct {
	Plan activity.PlanID `json:"p"`
}

// ActionName implements card.Action.
func (AskPlan) ActionName() string { return "plan.ask" }

// MovePlan puts a planned visit on another day, of the button or of the form.
type MovePlan struct {
	Plan activity.PlanID `json:"p"`
	Day  crm.Day         `json:"d,omitempty"`
}

// ActionName implements card.Action.
func (MovePlan) ActionName() string { return "plan.move" }

// CancelPlan cancels a planned visit with the reason of the form.
type CancelPlan struct {
	Plan activity.PlanID `json:"p"`
}

// ActionName implements card.Action.
func (CancelPlan) ActionName() string { return "plan.cancel" }

// The inputs of the forms about plans.
const (
	PlanCustomer = "customer"
	PlanTime     = "time"
	PlanDate     = "day"
	PlanWho      = "who"
	PlanNote     = "note"

	// PlanByCustomer and PlanByMe are the values of PlanWho.
	PlanByCustomer = "customer"
	PlanByMe       = "me"
)

func planCommand(l crm.Lang, day crm.Day) string { return l.T("/计划 ", "/plan ") + string(day) }

func planState(l crm.Lang, p activity.PlanSeen) (string, card.Tone) {
	switch {
	case p.State == activity.PlanDone && p.Visit != nil && p.Visit.Valid:
		return l.T("已完成 · 有效", "done · valid"), card.Success
	case p.State == activity.PlanDone:
		return l.T("已完成 · 未达有效", "done · not yet valid"), card.Warning
	case p.State == activity.PlanCancelled && p.ByCustomer:
		return l.T("客户取消", "cancelled by the customer"), card.Muted
	case p.State == activity.PlanCancelled:
		return l.T("已取消", "cancelled"), card.Muted
	case p.State == activity.PlanMoved:
		return l.T("已改期", "moved"), card.Muted
	}
	return l.T("待拜访", "planned"), card.Info
}

// PlanDay is the plan of a person's day: what is planned, done and cancelled,
// the completion, and what was visited without a plan.
func PlanDay(f WorkFrame, p activity.PlanDay, clock activity.PlanClock, customers []Option) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("拜访计划 · ", "Visit plan · ") + calendar.FormatDay(p.Day, l), Subtitle: p.UserName, Tone: card.Info}
	if note := f.Cal.Note(p.Day, l); note != "" {
		c.Subtitle += " · " + note
	}
	if n, ok := p.Completion.Percent(); ok {
		c.Blocks = append(c.Blocks, card.Progress{Label: l.T("计划完成率", "Completion"), Value: float64(p.Completion.Done), Max: float64(p.Completion.Planned),
			Text: fmt.Sprintf("%d / %d · %d%%", p.Completion.Done, p.Completion.Planned, n), Tone: completionTone(n)})
	}
	if len(p.Plans) == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("这一天还没有计划。", "Nothing is planned for this day.")))
	}
	for i, x := range p.Plans {
		if i > 0 {
			c.Blocks = append(c.Blocks, card.Divider{})
		}
		c.Blocks = append(c.Blocks, f.planLine(x)...)
		c.About = append(c.About, x.Subject)
	}
	if len(p.Unplanned) > 0 {
		spans := []card.Span{{Text: l.T("计划外拜访", "Visits without a plan"), Bold: true}}
		for _, v := range p.Unplanned {
			spans = append(spans, card.Span{Text: "\n" + v.At.In(f.Cal.Zone()).Format("15:04") + " " + v.ID.String() + " " + v.Name})
			c.About = append(c.About, v.Ref())
		}
		c.Blocks = append(c.Blocks, card.Text{Spans: spans})
	}
	if p.Mine && p.Day >= f.Cal.DayOf(f.Now) {
		c.Blocks = append(c.Blocks, f.addPlanForm(p.Day, customers))
	}
	prev, next := p.Day.AddDays(-1), p.Day.AddDays(1)
	c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{
		{Label: "← " + calendar.FormatDay(prev, l)[5:], Style: card.Link, Action: ShowPlan{Day: prev, User: p.User}, Command: planCommand(l, prev)},
		{Label: calendar.FormatDay(next, l)[5:] + " →", Style: card.Link, Action: ShowPlan{Day: next, User: p.User}, Command: planCommand(l, next)},
	}}, card.Note{Text: f.planNote(p, clock)})
	c.About = compactRefs(c.About)
	return c
}

func compactRefs(refs []crm.Ref) []crm.Ref {
	var out []crm.Ref
	seen := map[crm.Ref]bool{}
	for _, r := range refs {
		if r.ID != 0 && !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}

func completionTone(percent int) card.Tone {
	switch {
	case percent >= 100:
		return card.Success
	case percent >= 60:
		return card.Info
	}
	return card.Warning
}

func (f WorkFrame) planNote(p activity.PlanDay, k activity.PlanClock) string {
	l := f.Lang
	s := l.T(fmt.Sprintf("前一天 %s 前或当天 %s 前的计划计入完成率；客户取消（写明原因）不计（规则 V-04）。", k.Evening, k.Morning),
		fmt.Sprintf("Plans made by %s the day before or by %s on the day count; cancelled by the customer, with a reason, they do not (rule V-04).", k.Evening, k.Morning))
	if p.Completion.Late > 0 {
		s += l.T(fmt.Sprintf("另有 %d 个计划排得太晚，不计。", p.Completion.Late), fmt.Sprintf(" %d planned too late stand apart.", p.Completion.Late))
	}
	return s
}

func (f WorkFrame) planLine(x activity.PlanSeen) []card.Block {
	l := f.Lang
	state, tone := planState(l, x)
	at := x.Due.Clock()
	if at == "" {
		at = l.T("全天", "any time")
	}
	spans := []card.Span{{Text: at + " " + x.Name, Bold: true}, {Text: " " + x.Subject.String(), Tone: card.Muted}, {Text: " · " + state, Tone: tone}}
	if !x.Counted && x.State == activity.PlanOpen {
		spans = append(spans, card.Span{Text: l.T(" · 不计入完成率", " · does not count"), Tone: card.Muted})
	}
	if x.Note != "" {
		spans = append(spans, card.Span{Text: "\n" + x.Note, Tone: card.Muted})
	}
	out := []card.Block{card.Text{Spans: spans}}
	if x.State == activity.PlanOpen {
		out = append(out, quiet(f.logButton(l.T("记录 ", "Log ")+x.Subject.String(), activity.KindVisit, x.Subject), f.askPlanButton(x)))
	}
	return out
}

func (f WorkFrame) askPlanButton(x activity.PlanSeen) card.Button {
	l := f.Lang
	return card.Button{Label: l.T("改期或取消 ", "Move or cancel ") + x.Subject.String(), Action: AskPlan{Plan: x.ID}, Command: fmt.Sprintf(l.T("/计划 #%d", "/plan #%d"), x.ID)}
}

func (f WorkFrame) addPlanForm(day crm.Day, customers []Option) card.Form {
	l := f.Lang
	in := card.Input{Kind: card.SelectInput, Name: PlanCustomer, Label: l.T("客户", "Customer"), Options: customers, Required: true}
	if len(customers) == 0 {
		in = card.Input{Kind: card.TextInput, Name: PlanCustomer, Label: l.T("客户", "Customer"), Placeholder: l.T("公司名或编号", "company or code"), Required: true, MaxLen: 120}
	}
	line := planCommand(l, day) + l.T(" 华星 10:00", " Huaxing 10:00")
	return card.Form{Name: "plan", Inputs: []card.Input{in, {Kind: card.TimeInput, Name: PlanTime, Label: l.T("时间", "Time")}}, Example: line,
		Submit: card.Button{Label: l.T("加入计划", "Add"), Style: card.Primary, Action: AddVisitPlan{Day: day}, Command: line}}
}

// PlanChange asks what shall become of one planned visit.
func PlanChange(f WorkFrame, x activity.PlanSeen) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("改期或取消 · ", "Move or cancel · ") + x.Name, Subtitle: x.Due.Format(l), Tone: card.Info, About: []crm.Ref{x.Subject}}
	if x.State != activity.PlanOpen {
		state, tone := planState(l, x)
		c.Tone = tone
		c.Blocks = append(c.Blocks, card.P(state))
		if x.Note != "" {
			c.Blocks = append(c.Blocks, card.P(x.Note))
		}
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{{Label: l.T("看当天计划", "That day's plan"), Action: ShowPlan{Day: x.Due.Day}, Command: planCommand(l, x.Due.Day)}}})
		return c
	}
	if !x.Open && x.Counted {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: l.T("当天计划已锁定：只有客户取消或改期并写明原因，才不计入完成率（规则 V-04）。", "The day's planning is closed: only a change by the customer, with a reason, is left out of the completion (rule V-04)."), Tone: card.Warning}}})
	}
	who := card.Input{Kind: card.SelectInput, Name: PlanWho, Label: l.T("谁提出的", "Whose wish"), Required: true, Default: PlanByCustomer,
		Options: []Option{{Value: PlanByCustomer, Label: l.T("客户", "the customer's")}, {Value: PlanByMe, Label: l.T("我自己", "my own")}}}
	note := card.Input{Kind: card.TextInput, Name: PlanNote, Label: l.T("原因", "Reason"), Required: !x.Open, MaxLen: 200}
	id := fmt.Sprintf("#%d", x.ID)
	next := f.Cal.NextWorkday(f.Cal.DayOf(f.Now))
	if next == x.Due.Day {
		next = f.Cal.NextWorkday(next)
	}
	c.Blocks = append(c.Blocks, card.Form{Name: "change", Inputs: []card.Input{who, note,
		{Kind: card.DateInput, Name: PlanDate, Label: l.T("改到哪天", "New day"), Default: string(next)},
		{Kind: card.TimeInput, Name: PlanTime, Label: l.T("几点", "New time"), Default: x.Due.Clock()}},
		Example: l.T("/计划 改 "+id+" 周四 14:00 客户 临时出差", "/plan move "+id+" thursday 14:00 customer travels"),
		Submit:  card.Button{Label: l.T("改期", "Move"), Style: card.Primary, Action: MovePlan{Plan: x.ID}, Command: l.T("/计划 改 "+id+" "+string(next), "/plan move "+id+" "+string(next))},
		Extra: []card.Button{{Label: l.T("取消拜访", "Cancel visit"), Style: card.Risky, Action: CancelPlan{Plan: x.ID},
			Command: l.T("/计划 取消 "+id+" 客户 临时出差", "/plan cancel "+id+" customer travels")}}})
	return c
}
