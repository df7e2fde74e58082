package cards

import (
	"fmt"
	"strconv"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/report"
)

// ReportOpen shows a report.
type ReportOpen struct {
	Report crm.ReportID `json:"r"`
}

// ActionName implements card.Action.
func (ReportOpen) ActionName() string { return "report.open" }

// ReportSubmit hands a report in with the texts of the form.
type ReportSubmit struct {
	Report crm.ReportID `json:"r"`
	V      int64        `json:"v"`
}

// ActionName implements card.Action.
func (ReportSubmit) ActionName() string { return "report.submit" }

// ReportSave keeps the texts of the form without handing in.
type ReportSave struct {
	Report crm.ReportID `json:"r"`
	V      int64        `json:"v"`
}

// ActionName implements card.Action.
func (ReportSave) ActionName() string { return "report.save" }

// ReportEdit shows the form of a report that was handed in.
type ReportEdit struct {
	Report crm.ReportID `json:"r"`
}

// ActionName implements card.Action.
func (ReportEdit) ActionName() string { return "report.edit" }

// The names of the report form's inputs.
const (
	ReportAnswer = "answer" // with the number of the question behind it
	ReportNext   = "next"
	ReportFor    = "note_for"
	ReportNote   = "note"
)

// ReportView is a report with what the card must know besides.
type ReportView struct {
	Report report.Report
	Name   string // whose
	// Own is set for the owner; Editable while texts may be changed; Editing
	// shows the form of a report that was handed in.
	Own, Editable, Editing bool
	Corrections            []report.Correction
	Due                    time.Time
	Zone                   *time.Location
	Open                   Open
}

// ReportCard shows a draft to fill in, or a report that was handed in.
func ReportCard(l crm.Lang, v ReportView) card.Card {
	r := v.Report
	c := card.Card{Lang: l, Title: l.T("日报 · ", "Daily report · ") + v.Name, Subtitle: dayText(l, r.Day), Tone: reportTone(r), About: []crm.Ref{r.ID.Ref()},
		Tags: []card.Tag{{Text: r.State.Name(l), Tone: stateTone(r.State)}}}
	if r.Content.Scored {
		g := r.Content.Score.Grade()
		c.Tags = append(c.Tags, card.Tag{Text: r.Content.Score.String() + l.T(" 分 ", " points ") + g.Name(l), Tone: gradeTone(g)})
	}
	c.Summary = c.Title + " " + string(r.Day) + " " + r.State.Name(l)
	c.Blocks = append(c.Blocks, reportNumbers(l, v)...)
	texts, lists := 0, 0
	for _, b := range r.Content.Blocks {
		switch b.Kind {
		case report.BlockPlan:
			c.Blocks = append(c.Blocks, planBlocks(l, v)...)
		case report.BlockNextPlan:
			c.Blocks = append(c.Blocks, nextBlocks(l, v)...)
		case report.BlockList:
			c.Blocks = append(c.Blocks, listBlocks(l, v, b, lists)...)
			lists++
		case report.BlockText:
			if r.State.Done() && !v.Editing {
				answer := r.Answer(texts)
				if answer == "" {
					answer = l.T("（未填写）", "(left empty)")
				}
				c.Blocks = append(c.Blocks, card.Heading{Text: b.PromptIn(l), Level: 3}, card.P(answer))
			}
			texts++
		}
	}
	if v.Own && v.Editable && (!r.State.Done() || v.Editing) {
		c.Blocks = append(c.Blocks, reportForm(l, v))
	} else if v.Own && v.Editable {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{{Label: l.T("修改文字", "Edit the texts"), Action: ReportEdit{r.ID}, Command: l.T("/日报 修改 ", "/daily edit ") + string(r.Day)}}})
	}
	c.Blocks = append(c.Blocks, card.Note{Text: asOfNote(l, v)})
	return c
}

func reportTone(r report.Report) card.Tone {
	switch {
	case r.State == report.Late:
		return card.Warning
	case r.State == report.Submitted:
		return card.Success
	}
	return card.Info
}

func stateTone(s report.State) card.Tone {
	switch s {
	case report.Submitted:
		return card.Success
	case report.Late:
		return card.Warning
	}
	return card.Info
}

func asOfNote(l crm.Lang, v ReportView) string {
	r := v.Report
	asOf := clockOf(r.AsOf, r.Day, v.Zone)
	if !r.State.Done() {
		return l.T("数字自动生成，截至 "+asOf+"，提交时定稿；截止 "+clockOf(v.Due, r.Day, v.Zone)+"。",
			"The numbers fill themselves, as of "+asOf+", and are frozen when you submit; due "+clockOf(v.Due, r.Day, v.Zone)+".")
	}
	return l.T("提交于 "+clockOf(r.SubmittedAt, r.Day, v.Zone)+"，数字定稿于 "+asOf+"，不可修改；之后的变化以“更正”显示。",
		"Submitted at "+clockOf(r.SubmittedAt, r.Day, v.Zone)+"; the numbers are frozen as of "+asOf+"; later changes are shown as corrections.")
}

// clockOf is the time, with the date when it is another day.
func clockOf(t time.Time, day crm.Day, zone *time.Location) string {
	if t.IsZero() {
		return "—"
	}
	if crm.DayOf(t, zone) == day {
		return t.In(zone).Format("15:04")
	}
	return t.In(zone).Format("2006-01-02 15:04")
}

func dayText(l crm.Lang, d crm.Day) string {
	return string(d) + " " + crm.WeekdayName(d.Weekday(), l)
}

func reportForm(l crm.Lang, v ReportView) card.Form {
	r := v.Report
	f := card.Form{Name: "report", Example: l.T("/日报 提交 客户集中在开会，明天上午补两家拜访", "/daily submit customers were in meetings, two visits tomorrow morning")}
	below := len(r.Content.BelowPass()) > 0
	for i, b := range report.Template(r.Content.Blocks).Texts() {
		in := card.Input{Kind: card.MultilineInput, Name: ReportAnswer + strconv.Itoa(i), Label: b.PromptIn(l), Default: r.Answer(i), MaxLen: b.MaxLen(), Required: b.Required || (below && i == 0 && !r.State.Done())}
		if below && i == 0 {
			in.Help = l.T("有指标未达标，请写一句原因和补救。", "A number is below pass: please give the reason and the remedy in one sentence.")
		}
		f.Inputs = append(f.Inputs, in)
	}
	f.Inputs = append(f.Inputs, card.Input{Kind: card.MultilineInput, Name: ReportNext, Label: l.T("明日补充", "More about the next day"), Default: r.Next, MaxLen: 500})
	var opts []card.Option
	seen := map[string]bool{}
	for _, n := range r.Content.Numbers {
		if !seen[n.Metric] {
			seen[n.Metric] = true
			opts = append(opts, card.Option{Value: n.Metric, Label: label(l, n.Name)})
		}
	}
	if len(opts) > 0 {
		f.Inputs = append(f.Inputs,
			card.Input{Kind: card.SelectInput, Name: ReportFor, Label: l.T("差异说明的指标", "Remark on"), Options: opts},
			card.Input{Kind: card.TextInput, Name: ReportNote, Label: l.T("差异说明", "Remark"), MaxLen: 200})
	}
	submit := ReportSubmit{Report: r.ID, V: r.Version}
	if r.State.Done() {
		f.Submit = card.Button{Label: l.T("保存修改", "Save changes"), Style: card.Primary, Action: submit, Command: l.T("/日报 提交 ", "/daily submit ") + l.T("文字", "text")}
		return f
	}
	f.Submit = card.Button{Label: l.T("提交日报", "Submit"), Style: card.Primary, Action: submit, Command: l.T("/日报 提交 ", "/daily submit ") + l.T("文字", "text")}
	f.Extra = []card.Button{{Label: l.T("先保存", "Save only"), Action: ReportSave{Report: r.ID, V: r.Version}, Command: l.T("/日报 保存 ", "/daily save ") + l.T("文字", "text")}}
	return f
}

// ReportChaseCard reminds of a report that was not handed in.
func ReportChaseCard(l crm.Lang, r report.Report, due string) card.Card {
	return card.Card{Lang: l, Title: l.T("日报还没有交", "Your daily report is missing"), Subtitle: dayText(l, r.Day), Tone: card.Warning, About: []crm.Ref{r.ID.Ref()}, Blocks: []card.Block{
		card.P(l.T("日报已于 "+due+" 截止，现在交记为迟交。数字已经填好，只差您确认。", "The report was due at "+due+" and counts as late now. The numbers are filled in; it only needs you to confirm.")),
		card.Buttons{Items: []card.Button{{Label: l.T("打开日报", "Open it"), Style: card.Primary, Action: ReportOpen{r.ID}, Command: l.T("/日报 ", "/daily ") + string(r.Day)}}}}}
}

// ReportChaseDone is what a reminder becomes once the report is in.
func ReportChaseDone(l crm.Lang, r report.Report) card.Card {
	return card.Card{Lang: l, Title: l.T("日报已交", "Your daily report is in"), Subtitle: dayText(l, r.Day), Tone: card.Muted, About: []crm.Ref{r.ID.Ref()},
		Blocks: []card.Block{card.P(l.T("谢谢，不用再处理。", "Thank you; nothing more to do."))}}
}

// ReportMissingCard lists whose reports a superior did not get.
func ReportMissingCard(l crm.Lang, day crm.Day, list []report.Absentee) card.Card {
	c := card.Card{Lang: l, Title: l.T("日报未交名单", "Missing daily reports"), Subtitle: dayText(l, day), Tone: card.Warning,
		Tags: []card.Tag{{Text: people(l, len(list)), Tone: card.Warning}}}
	var items []card.Field
	for i, x := range list {
		if i == 30 {
			items = append(items, card.Field{Label: "…", Value: l.T(fmt.Sprintf("另有 %d 人", len(list)-i), fmt.Sprintf("%d more", len(list)-i))})
			break
		}
		c.About = append(c.About, x.Report.Ref())
		b := card.Button{Label: l.T("看草稿", "see draft"), Style: card.Link, Action: ReportOpen{x.Report}, Command: l.T("/日报 ", "/daily ") + x.Report.String()}
		items = append(items, card.Field{Label: x.Name, Value: x.Team, Evidence: &b})
	}
	if len(items) == 0 {
		c.Tone, c.Tags = card.Success, nil
		c.Blocks = []card.Block{card.P(l.T("都已补交。", "All of them are in by now."))}
		return c
	}
	c.Blocks = []card.Block{card.Fields{Items: items}, card.Note{Text: l.T("补交后仍会标为迟交。休假的人不在名单里。", "Reports that come in now count as late. People on leave are not listed.")}}
	return c
}
