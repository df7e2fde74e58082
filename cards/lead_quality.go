package cards

import (
	"fmt"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// AskGrade shows the form for a grade by hand.
type AskGrade struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (AskGrade) ActionName() string { return "lead.grade_form" }

// GradeLead sets a grade by hand with the reason of the form.
type GradeLead struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (GradeLead) ActionName() string { return "lead.grade" }

// AskComplete shows the form for completing a lead's data.
type AskComplete struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (AskComplete) ActionName() string { return "lead.complete_form" }

// CompleteLead stores what the form says.
type CompleteLead struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (CompleteLead) ActionName() string { return "lead.complete" }

// ConfirmNeed notes that a lead's need was confirmed.
type ConfirmNeed struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (ConfirmNeed) ActionName() string { return "lead.need" }

// AdoptPoints sets the points of the channels that the monthly check proposed,
// by the Chinese names of the channels.
type AdoptPoints struct {
	Points map[string]int `json:"p"`
}

// ActionName implements card.Action.
func (AdoptPoints) ActionName() string { return "lead.adopt_points" }

// LeadGrade is the input of the form for a grade by hand; its reason is
// LeadReason.
const LeadGrade = "grade"

func (f LeadFrame) gradeButton(v lead.Seen) card.Button {
	return card.Button{Label: f.Lang.T("人工评级", "Grade by hand"), Action: AskGrade{Lead: v.ID}, Command: f.command("评级", "grade", v.ID.String())}
}

// qualityButtons are what an owner does for the quality of a lead.
func (f LeadFrame) qualityButtons(v lead.Seen) []card.Button {
	l := f.Lang
	bs := []card.Button{{Label: l.T("补充资料", "Complete data"), Action: AskComplete{Lead: v.ID}, Command: f.command("补充", "complete", v.ID.String())}}
	if v.NeedAt.IsZero() {
		bs = append(bs, card.Button{Label: l.T("确认需求", "Confirm need"), Action: ConfirmNeed{Lead: v.ID}, Command: f.command("确认需求", "confirmneed", v.ID.String())})
	}
	return bs
}

// givenText says who set which grade, until when and why (L-04).
func (f LeadFrame) givenText(v lead.Seen) string {
	g, until := v.Given, v.Given.Until.In(f.Zone).Format("2006-01-02")
	s := string(g.Grade)
	if v.GivenBy != "" {
		s += " · " + v.GivenBy
	}
	s += f.Lang.T(" · 至 ", " · until ") + until
	if g.Why != "" {
		s += " · " + g.Why
	}
	return s
}

// LeadGradeForm asks for a grade and its reason (L-04).
func LeadGradeForm(f LeadFrame, v lead.Seen, days int) card.Card {
	l, id := f.Lang, v.ID.String()
	base := lead.Capped(v.Standing.Grade, v.Info, v.Quality)
	var opts []card.Option
	for _, g := range lead.Around(base) {
		label := l.T(string(g)+" 级", "grade "+string(g))
		if g == base {
			label += l.T("（按评分）", " (as scored)")
		}
		opts = append(opts, card.Option{Value: string(g), Label: label})
	}
	line := f.command("评级", "grade", id+" "+string(base)+l.T(" 客户已立项", " project approved"))
	return card.Card{Lang: l, Title: l.T("人工评级 ", "Grade by hand ") + strings.TrimSpace(id+" "+leadTitle(v)), Tone: card.Warning, About: []crm.Ref{v.Ref()}, Blocks: []card.Block{
		card.P(v.Score.Explain(v.Grade, v.GradeGiven, l)),
		card.P(l.T(fmt.Sprintf("可上下调一级，%d 天后自动恢复为评分等级（L-04）。", days), fmt.Sprintf("One grade up or down; after %d days the score's grade holds again (L-04).", days))),
		card.Form{Name: "grade", Inputs: []card.Input{
			{Kind: card.SelectInput, Name: LeadGrade, Label: l.T("等级", "Grade"), Required: true, Options: opts},
			{Kind: card.TextInput, Name: LeadReason, Label: l.T("原因", "Reason"), Required: true, MaxLen: 200},
		}, Submit: card.Button{Label: l.T("确定", "Confirm"), Style: card.Primary, Action: GradeLead{Lead: v.ID}, Command: line}, Example: line},
	}}
}

// LeadCompleteForm asks for more data about a lead. problem, if not empty, says
// what is wrong with what was entered.
func LeadCompleteForm(f LeadFrame, v lead.Seen, problem string) card.Card {
	l, id := f.Lang, v.ID.String()
	c := card.Card{Lang: l, Title: l.T("补充资料 ", "Complete data ") + strings.TrimSpace(id+" "+leadTitle(v)), Tone: card.Info, About: []crm.Ref{v.Ref()}}
	if problem != "" {
		c.Tone = card.Warning
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: problem, Tone: card.Danger}}})
	}
	var inputs []card.Input
	for _, x := range lead.Fields {
		have := x.Value(v.Info)
		if x.Once && have != "" {
			continue
		}
		in := card.Input{Kind: card.TextInput, Name: x.Key, Label: x.Name.In(l), MaxLen: 100, Default: have}
		if x.Key == "need" {
			in.Kind, in.MaxLen = card.MultilineInput, 1000
		}
		inputs = append(inputs, in)
	}
	line := f.command("补充", "complete", id+l.T(" 行业=制造业 预算=80万", " industry=manufacturing budget=800k"))
	c.Blocks = append(c.Blocks, card.Form{Name: "complete", Inputs: inputs,
		Submit: card.Button{Label: l.T("保存", "Save"), Style: card.Primary, Action: CompleteLead{Lead: v.ID}, Command: line}, Example: line},
		card.Note{Text: l.T("资料越完整，评分越高（L-01）；电话、邮箱、信用代码会查重（DU-01）。", "More data scores higher (L-01); phone, e-mail and credit code are checked for duplicates (DU-01).")})
	return c
}

// LeadRose tells an owner that a lead rose to A (L-03).
func LeadRose(f LeadFrame, v lead.Seen) card.Card {
	l := f.Lang
	line := l.T(v.ID.String()+" 升为 A 级，请优先跟进", v.ID.String()+" rose to grade A; follow it up first")
	c := Lead(f, v, line)
	c.Summary = line
	return c
}

// LeadQuality shows what channels and grades are worth (L-05, L-07). proposal
// makes it the monthly card with points to adopt.
func LeadQuality(l crm.Lang, q lead.Quality, proposal, admin bool) card.Card {
	c := card.Card{Lang: l, Title: l.T("线索质量", "Lead quality"), Tone: card.Info, Subtitle: l.T(fmt.Sprintf("%s 之前 %d 个月内到期的线索", q.Month, q.Months), fmt.Sprintf("leads whose time was up in the %d months before %s", q.Months, q.Month))}
	if proposal {
		c.Title, c.Tone = l.T("线索评分该调整了", "The points of leads need a look"), card.Warning
		c.Blocks = append(c.Blocks, card.P(l.T("等级越高，转为商机的比例应越高（A>B>C>D），现在不是。", "A better grade should become a deal more often (A > B > C > D); it does not now.")))
	}
	rate := func(t lead.Tally) string {
		if t.Leads == 0 {
			return "—"
		}
		return fmt.Sprintf("%.1f%%", 100*t.Rate())
	}
	rows := make([][]card.Cell, 0, len(lead.Grades))
	for _, g := range lead.Grades {
		t := q.Check.Grades[g]
		rows = append(rows, []card.Cell{{Text: string(g), Tone: leadGradeTone(g)}, {Text: fmt.Sprint(t.Leads)}, {Text: fmt.Sprint(t.Reached)}, {Text: rate(t)}})
	}
	c.Blocks = append(c.Blocks, card.Heading{Text: l.T("按等级", "By grade"), Level: 3},
		card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("等级", "Grade")}, {Title: l.T("线索", "Leads"), Number: true}, {Title: l.T("转商机", "Deals"), Number: true}, {Title: l.T("商机率", "Rate"), Number: true}}, Rows: rows})
	verdict := l.T("等级区分有效：A>B>C>D。", "The grades tell leads apart: A > B > C > D.")
	switch {
	case !q.Check.Enough:
		verdict = l.T(fmt.Sprintf("样本不足：每个等级至少需要 %d 条（L-07）。", q.Least), fmt.Sprintf("Too few leads for a verdict: %d of each grade are needed (L-07).", q.Least))
	case !q.Check.Fine:
		verdict = l.T("等级区分不对：商机率不是 A>B>C>D（L-07）。", "The grades do not tell leads apart: the rates are not A > B > C > D (L-07).")
	}
	c.Blocks = append(c.Blocks, card.Note{Text: verdict})
	points := map[string]int{}
	rows = rows[:0:0]
	changed := false
	for _, x := range q.Channels {
		now := fmt.Sprint(x.Now)
		if _, ok := q.Learned[x.Source.Zh]; ok {
			now += l.T("（自动）", " (learned)")
		}
		row := []card.Cell{{Text: x.Source.Name(l)}, {Text: fmt.Sprint(x.Leads)}, {Text: rate(x.Tally)}, {Text: now}}
		if proposal {
			row = append(row, card.Cell{Text: fmt.Sprint(x.Proposed)})
			points[x.Source.Zh] = x.Proposed
			changed = changed || x.Proposed != x.Now
		}
		rows = append(rows, row)
	}
	columns := []card.Column{{Title: l.T("渠道", "Channel")}, {Title: l.T("线索", "Leads"), Number: true}, {Title: l.T("商机率", "Rate"), Number: true}, {Title: l.T("得分", "Points"), Number: true}}
	if proposal {
		columns = append(columns, card.Column{Title: l.T("建议", "Proposed"), Number: true})
	}
	c.Blocks = append(c.Blocks, card.Heading{Text: l.T("按渠道", "By channel"), Level: 3}, card.Table{PageSize: 10, Columns: columns, Rows: rows})
	if proposal && admin && changed {
		c.Blocks = append(c.Blocks, card.Note{Text: l.T("不会自动生效。采用后从下一个工作日起按新的得分计算（RC-01），可在 /规则 L-01.sources 撤回。", "Nothing changes by itself. Once adopted the new points hold from the next working day (RC-01); /rules L-01.sources takes them back.")},
			card.Buttons{Items: []card.Button{{Label: l.T("采用建议得分", "Adopt the points"), Style: card.Primary, Action: AdoptPoints{Points: points}, Command: "/" + l.T("规则 L-01.sources", "rules L-01.sources"),
				Confirm: &card.Confirm{Title: l.T("采用建议得分？", "Adopt these points?"), Text: l.T("所有线索会在生效后的夜间重新评分。", "All leads are scored anew in the night after they hold.")}}}})
	}
	return c
}
