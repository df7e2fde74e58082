package cards

import (
	"fmt"
	"strings"
	"unicode"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/report"
)

// reportNumbers are bars for the numbers with goals, a list of the others, and
// the buttons that open the records behind each.
func reportNumbers(l crm.Lang, v ReportView) []card.Block {
	r := v.Report
	var bars []card.Block
	var fields []card.Field
	var opens []card.Button
	var before, changes []string
	for i, n := range r.Content.Numbers {
		d := n.Def()
		var change string
		for _, x := range v.Corrections {
			if x.Index == i {
				change = l.T("更正 ", "corrected ") + n.Value.Bare(d, l) + " → " + x.Now.Bare(d, l)
			}
		}
		note := r.Notes[n.Metric]
		b := EvidenceButton(l, l.T("明细", "records"), n.Name, MetricEvidence{Metric: n.Metric, From: n.Days.From, To: n.Days.To, User: r.User}, v.Name)
		if n.Scope == report.ScopeTeam {
			b = EvidenceButton(l, l.T("明细", "records"), n.Name, MetricEvidence{Metric: n.Metric, From: n.Days.From, To: n.Days.To, Team: r.Team}, "")
		}
		if n.Goal != nil && n.Period == report.PeriodDay {
			bars = append(bars, goalBar(l, n))
			if n.Previous != nil {
				before = append(before, label(l, n.Name)+" "+n.Previous.Bare(d, l))
			}
			if change != "" {
				changes = append(changes, label(l, n.Name)+": "+change)
			}
			if note != "" {
				bars = append(bars, card.P(l.T("差异说明：", "Remark: ")+note))
			}
			b.Label = label(l, n.Name) + l.T("明细", " records")
			opens = append(opens, b)
			continue
		}
		value := joinParts(n.Value.Format(d, l), previousText(l, n), goalText(l, n), change)
		if note != "" {
			value += "\n" + l.T("差异说明：", "Remark: ") + note
		}
		f := card.Field{Label: numberLabel(l, n), Value: value, Evidence: &b}
		if change != "" {
			f.Tone = card.Warning
		}
		fields = append(fields, f)
	}
	out := bars
	for _, x := range changes {
		out = append(out, card.Text{Spans: []card.Span{{Text: x, Tone: card.Warning}}})
	}
	if len(before) > 0 {
		out = append(out, card.Note{Text: l.T("上一工作日：", "Working day before: ") + strings.Join(before, " · ")})
	}
	if len(opens) > 0 {
		out = append(out, card.Buttons{Items: opens})
	}
	if len(fields) > 0 {
		out = append(out, card.Fields{Items: fields})
	}
	return out
}

func goalBar(l crm.Lang, n report.Number) card.Progress {
	tone := card.Success
	switch v := n.Read(); {
	case v < n.Goal.Pass:
		tone = card.Warning
	case v < n.Goal.Good:
		tone = card.Info
	}
	return card.Progress{Label: label(l, n.Name), Value: n.Read(), Max: max(n.Goal.Excellent, n.Read()), Tone: tone,
		Text:  joinParts(n.Value.Format(n.Def(), l), n.Points.String()+l.T(" 分", " points")),
		Marks: []card.Mark{{Label: l.T("及格", "pass"), At: n.Goal.Pass}, {Label: l.T("优秀", "excellent"), At: n.Goal.Excellent}}}
}

func numberLabel(l crm.Lang, n report.Number) string {
	s := label(l, n.Name)
	if n.Scope == report.ScopeTeam {
		s += l.T("（团队）", " (team)")
	}
	return s + periodSuffix(l, n.Period)
}

func periodSuffix(l crm.Lang, period string) string {
	switch period {
	case report.PeriodWeek:
		return l.T("（本周）", " (week)")
	case report.PeriodMonth:
		return l.T("（本月）", " (month)")
	case report.PeriodQuarter:
		return l.T("（本季）", " (quarter)")
	}
	return ""
}

func previousText(l crm.Lang, n report.Number) string {
	if n.Previous == nil {
		return ""
	}
	v := n.Previous.Bare(n.Def(), l)
	switch n.Period {
	case report.PeriodWeek:
		return l.T("上周同期 ", "last week by then ") + v
	case report.PeriodMonth:
		return l.T("上月同期 ", "last month by then ") + v
	case report.PeriodQuarter:
		return l.T("上季同期 ", "last quarter by then ") + v
	}
	return l.T("上一工作日 ", "working day before ") + v
}

func goalText(l crm.Lang, n report.Number) string {
	if n.Goal == nil {
		return ""
	}
	return l.T("及格 ", "pass ") + report.Mark(n.Goal.Pass) + l.T("，优秀 ", ", excellent ") + report.Mark(n.Goal.Excellent)
}

func joinParts(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " · ")
}

// label is a metric's name at the begin of a line.
func label(l crm.Lang, t crm.Text) string {
	r := []rune(t.In(l))
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

// people is a number of people.
func people(l crm.Lang, n int) string {
	if n == 1 {
		return l.T("1 人", "1 person")
	}
	return l.T(fmt.Sprintf("%d 人", n), fmt.Sprintf("%d people", n))
}

// planBlocks compare what was planned with what was done.
func planBlocks(l crm.Lang, v ReportView) []card.Block {
	items := v.Report.Content.Plan
	planned, done := 0, 0
	for _, x := range items {
		if x.Planned {
			planned++
			if x.Done {
				done++
			}
		}
	}
	out := []card.Block{card.Heading{Text: l.T(fmt.Sprintf("计划与完成 %d/%d", done, planned), fmt.Sprintf("Planned and done %d/%d", done, planned)), Level: 2}}
	if len(items) == 0 {
		return append(out, card.P(l.T("今天没有计划，也没有记录。", "Nothing was planned or logged.")))
	}
	return append(out, card.Fields{Items: itemFields(l, v, items, true)})
}

// nextBlocks show the plan of the next working day.
func nextBlocks(l crm.Lang, v ReportView) []card.Block {
	r := v.Report
	out := []card.Block{card.Heading{Text: l.T("下一工作日计划 ", "Plan for the next working day ") + dayText(l, r.Content.NextDay), Level: 2}}
	if len(r.Content.Tomorrow) == 0 && r.Next == "" {
		line := l.T("/计划 ", "/plan ") + string(r.Content.NextDay)
		out = append(out, card.P(l.T("还没有安排。", "Nothing is planned yet.")))
		if v.Own && !r.State.Done() && v.Open != nil {
			out = append(out, card.Buttons{Items: []card.Button{CommandButton(l.T("去安排", "Plan it"), line)}})
		}
		return out
	}
	if len(r.Content.Tomorrow) > 0 {
		out = append(out, card.Fields{Items: itemFields(l, v, r.Content.Tomorrow, false)})
	}
	if r.Next != "" {
		out = append(out, card.P(r.Next))
	}
	return out
}

func listBlocks(l crm.Lang, v ReportView, b report.Block, i int) []card.Block {
	name := b.Metric
	for _, n := range v.Report.Content.Numbers {
		if n.Metric == b.Metric {
			name = n.Name.In(l)
		}
	}
	if b.Title != nil {
		name = b.Title.In(l)
	}
	out := []card.Block{card.Heading{Text: name, Level: 2}}
	if i >= len(v.Report.Content.Lists) || len(v.Report.Content.Lists[i]) == 0 {
		return append(out, card.P(l.T("没有记录。", "No record.")))
	}
	return append(out, card.Fields{Items: itemFields(l, v, v.Report.Content.Lists[i], false)})
}

const (
	maxItems = 8
	maxNote  = 18 // Chinese characters of a note; all of it is one tap away
)

func itemFields(l crm.Lang, v ReportView, items []report.Item, marks bool) []card.Field {
	var out []card.Field
	for i, x := range items {
		if i == maxItems {
			out = append(out, card.Field{Label: "…", Value: l.T(fmt.Sprintf("另有 %d 项", len(items)-i), fmt.Sprintf("%d more", len(items)-i)), Wide: true})
			break
		}
		label := ""
		if marks {
			switch {
			case x.Done:
				label = "✓ "
			default:
				label = "○ "
			}
		}
		if !x.At.IsZero() {
			label += x.At.In(v.Zone).Format("15:04")
		} else {
			label += l.T("当天", "that day")
		}
		title := x.Title
		if title == "" {
			title = x.Ref.String()
		}
		if marks && !x.Planned {
			title += l.T("（计划外）", " (unplanned)")
		}
		out = append(out, card.Field{Label: label, Value: joinParts(title, shortNote(l, x.Note)), Wide: true, Evidence: openButton(l, v.Open, x.Ref)})
	}
	return out
}

// shortNote keeps a note to one or two lines of a phone.
func shortNote(l crm.Lang, note string) string {
	if l == crm.English {
		return shorten(note, 2*maxNote)
	}
	return shorten(note, maxNote)
}
