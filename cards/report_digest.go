package cards

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/metric"
	"crmbot/internal/report"
)

// DigestView is a team's digest with what the card must know besides.
type DigestView struct {
	Digest report.Digest
	// Full shows names with their numbers and texts; otherwise sums, scores and
	// who is missing only (PM-03).
	Full bool
	// Sealed says that one person reads it who may not open the records.
	Sealed bool
	// Since are those who handed in after the digest was frozen.
	Since []string
	// Due is when reports are due that day; before it nobody is missing.
	Due  time.Time
	Zone *time.Location
	Open Open
}

const (
	maxExceptions = 8
	maxRanks      = 10
)

// DigestCard is the team's day on one screen, exceptions first.
func DigestCard(l crm.Lang, v DigestView) card.Card {
	d := v.Digest
	handed := len(d.Members) - len(d.Missing())
	c := card.Card{Lang: l, Title: l.T(d.Name+" · 团队日报", d.Name+" · team report"), Subtitle: dayText(l, d.Day), Tone: card.Success,
		Tags: []card.Tag{{Text: l.T(fmt.Sprintf("已交 %d/%d", handed, len(d.Members)), fmt.Sprintf("%d/%d in", handed, len(d.Members))), Tone: card.Info}}}
	if !d.Frozen {
		c.Tags = append(c.Tags, card.Tag{Text: l.T("实时", "live"), Tone: card.Muted})
	}
	exceptions := digestExceptions(l, v)
	if len(exceptions) > 0 {
		c.Tone = card.Warning
		c.Blocks = append(c.Blocks, card.Heading{Text: l.T("需要关注", "Exceptions"), Level: 2}, card.Fields{Items: exceptions})
	} else if len(d.Members) > 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("没有异常：全员达标，全部已交。", "No exceptions: everybody reached the goals and handed in.")))
	}
	c.Blocks = append(c.Blocks, digestNumbers(l, v)...)
	if ch, ok := digestChart(l, d); ok {
		c.Blocks = append(c.Blocks, ch)
	}
	c.Blocks = append(c.Blocks, digestRanking(l, v)...)
	if len(d.Missing()) > 0 {
		c.Blocks = append(c.Blocks, card.Heading{Text: missingTitle(l, v), Level: 2}, card.P(namesOf(l, d.Missing())))
	}
	if len(v.Since) > 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("之后补交：", "Handed in since: ")+strings.Join(v.Since, l.T("、", ", "))))
	}
	note := l.T("数字截至 "+clockOf(d.AsOf, d.Day, v.Zone)+"，按当时所属团队统计。", "Numbers as of "+clockOf(d.AsOf, d.Day, v.Zone)+", by the team of the moment.")
	if d.Exempt > 0 {
		note += l.T(fmt.Sprintf("休假免交 %d 人。", d.Exempt), fmt.Sprintf(" %d on leave.", d.Exempt))
	}
	c.Blocks = append(c.Blocks, card.Note{Text: note})
	return c
}

func missingTitle(l crm.Lang, v DigestView) string {
	if v.Digest.AsOf.Before(v.Due) {
		return l.T("还没交", "Not in yet")
	}
	return l.T("未交", "Missing")
}

func namesOf(l crm.Lang, ms []report.Member) string {
	names := make([]string, len(ms))
	for i, m := range ms {
		names[i] = m.Name
	}
	return strings.Join(names, l.T("、", ", "))
}

func digestExceptions(l crm.Lang, v DigestView) []card.Field {
	d := v.Digest
	below, missing := d.BelowPass(), d.Missing()
	overdue := !d.AsOf.Before(v.Due)
	if !v.Full {
		var out []card.Field
		add := func(label, value string, n int) {
			if n > 0 {
				out = append(out, card.Field{Label: label, Value: value, Tone: card.Warning})
			}
		}
		add(l.T("未达标", "Below pass"), people(l, len(below)), len(below))
		if overdue {
			add(l.T("未交日报", "Reports missing"), people(l, len(missing)), len(missing))
		}
		won, lost := 0, 0
		for _, b := range d.Big {
			if b.Key == "deal.lost" {
				lost++
			} else {
				won++
			}
		}
		add(l.T("大单喜报", "Big wins"), l.T(strconv.Itoa(won)+" 个", strconv.Itoa(won)), won)
		add(l.T("大单输单", "Big losses"), l.T(strconv.Itoa(lost)+" 个", strconv.Itoa(lost)), lost)
		return out
	}
	var out []card.Field
	for _, b := range d.Big {
		tone := card.Success
		if b.Key == "deal.lost" {
			tone = card.Danger
		}
		out = append(out, card.Field{Label: metric.FactName(b.Key, l), Value: joinParts(b.Name, b.Amount.Format(l), b.Ref.String()), Tone: tone, Wide: true, Evidence: openButton(l, v.Open, b.Ref)})
	}
	if overdue {
		for _, m := range missing {
			value := l.T("未交日报", "report missing")
			if len(m.Below) > 0 {
				value += l.T("；", "; ") + belowText(l, m)
			}
			out = append(out, card.Field{Label: m.Name, Value: value, Tone: card.Danger, Wide: true, Evidence: memberButton(l, m)})
		}
	}
	for _, m := range below {
		if overdue && slices.ContainsFunc(missing, func(x report.Member) bool { return x.User == m.User }) {
			continue // one line says both
		}
		value := belowText(l, m)
		if m.Text != "" {
			value += "\n" + l.T("“", "“") + m.Text + "”"
		}
		out = append(out, card.Field{Label: m.Name, Value: value, Tone: card.Warning, Wide: true, Evidence: memberButton(l, m)})
	}
	if len(out) > maxExceptions {
		left := len(out) - maxExceptions
		out = append(out[:maxExceptions], card.Field{Label: "…", Value: l.T(fmt.Sprintf("另有 %d 项，见下方排行", left), fmt.Sprintf("%d more, see the ranking below", left)), Wide: true})
	}
	return out
}

// belowText are a member's numbers below the pass mark.
func belowText(l crm.Lang, m report.Member) string {
	parts := make([]string, len(m.Below))
	for i, n := range m.Below {
		parts[i] = l.T(fmt.Sprintf("%s %s（及格 %s）", n.Name.Zh, n.Value.Bare(n.Def(), l), report.Mark(n.Goal.Pass)), fmt.Sprintf("%s %s (pass %s)", n.Name.En, n.Value.Bare(n.Def(), l), report.Mark(n.Goal.Pass)))
	}
	return strings.Join(parts, l.T("、", ", "))
}

// memberButton opens a member's report, where there is one.
func memberButton(l crm.Lang, m report.Member) *card.Button {
	if m.Report == 0 {
		return nil
	}
	return &card.Button{Label: l.T("看日报", "report"), Style: card.Link, Action: ReportOpen{m.Report}, Command: l.T("/日报 ", "/daily ") + m.Report.String()}
}

func digestNumbers(l crm.Lang, v DigestView) []card.Block {
	var items []card.Field
	for _, n := range v.Digest.Numbers {
		d := n.Def()
		value := joinParts(n.Value.Format(d, l), previousText(l, n.Number))
		f := card.Field{Label: label(l, n.Name)}
		if n.Pass > 0 {
			value += " · " + l.T("及格 ", "pass ") + report.Mark(n.Pass)
			if n.Read() < n.Pass {
				f.Tone = card.Warning
			}
		}
		b := EvidenceButton(l, l.T("明细", "records"), n.Name, MetricEvidence{Metric: n.Metric, From: n.Days.From, To: n.Days.To, Team: v.Digest.Team}, v.Digest.Name)
		f.Value = value
		if !v.Sealed {
			f.Evidence = &b
		}
		items = append(items, f)
	}
	if len(items) == 0 {
		return nil
	}
	return []card.Block{card.Heading{Text: l.T("团队数字", "Team numbers"), Level: 2}, card.Fields{Items: items}}
}

// digestChart compares the team's counts with the working day before and with
// the sum of the pass marks: those with goals, or all where none has one.
func digestChart(l crm.Lang, d report.Digest) (card.Chart, bool) {
	ch := card.Chart{Kind: card.BarChart, Title: l.T("今日与上一工作日", "Today and the working day before"),
		Series: []card.Series{{Name: l.T("今日", "today")}, {Name: l.T("上一工作日", "day before")}, {Name: l.T("及格合计", "sum of pass marks")}}}
	goals := slices.ContainsFunc(d.Numbers, func(n report.TeamNumber) bool { return n.Pass > 0 })
	for _, n := range d.Numbers {
		if n.Aggregate != metric.SumQty || n.Previous == nil || len(ch.Categories) == 8 || (goals && n.Pass == 0) {
			continue
		}
		ch.Categories = append(ch.Categories, label(l, n.Name))
		ch.Series[0].Values = append(ch.Series[0].Values, n.Read())
		ch.Series[1].Values = append(ch.Series[1].Values, n.Previous.In(n.Def()))
		ch.Series[2].Values = append(ch.Series[2].Values, n.Pass)
	}
	if !goals {
		ch.Series = ch.Series[:2]
	}
	return ch, len(ch.Categories) > 0
}

func digestRanking(l crm.Lang, v DigestView) []card.Block {
	var rows [][]card.Cell
	for _, m := range v.Digest.Members {
		if !m.Scored || len(rows) == maxRanks {
			continue
		}
		name := card.Cell{Text: m.Name}
		if v.Full {
			if b := memberButton(l, m); b != nil {
				b.Label = m.Name
				name.Action = b
			}
		}
		rank := card.Cell{Text: strconv.Itoa(m.Rank)}
		if m.Score > 0 {
			rank.Tone = rankTone(m.Rank)
		}
		rows = append(rows, []card.Cell{rank, name, {Text: m.Score.String()}, {Text: m.Score.Grade().Name(l), Tone: gradeTone(m.Score.Grade())}, {Text: m.State.Name(l)}})
	}
	if len(rows) == 0 {
		return nil
	}
	title := l.T("得分排行", "Ranking by score")
	if n := len(v.Digest.Members); n > maxRanks {
		title += l.T(" 前 "+strconv.Itoa(maxRanks)+" 名", ", first "+strconv.Itoa(maxRanks))
	}
	return []card.Block{card.Heading{Text: title, Level: 2}, card.Table{Columns: []card.Column{{Title: l.T("名次", "Rank")}, {Title: l.T("姓名", "Name")},
		{Title: l.T("得分", "Score"), Number: true}, {Title: l.T("等级", "Grade")}, {Title: l.T("日报", "Report")}}, Rows: rows}}
}

func gradeTone(g goal.Grade) card.Tone {
	switch g {
	case goal.Excellent, goal.Good:
		return card.Success
	case goal.Pass:
		return card.Info
	}
	return card.Warning
}

// ReportBoundCard confirms that a group gets a team's digest.
func ReportBoundCard(l crm.Lang, team, at string) card.Card {
	return card.Card{Lang: l, Title: l.T("已绑定团队日报", "Team digest bound"), Tone: card.Success, Blocks: []card.Block{
		card.P(l.T("工作日 "+at+",“"+team+"”的团队日报会发到本群。群里只显示汇总、得分和未交名单，不显示客户和单笔金额。",
			"On working days at "+at+" the digest of “"+team+"” is posted here. A group sees sums, scores and who is missing, never customers or single amounts.")),
		card.Buttons{Items: []card.Button{CommandButton(l.T("现在看一眼", "Show it now"), l.T("/团队日报", "/teamreport")), CommandButton(l.T("解除绑定", "Unbind"), l.T("/绑定日报 取消", "/bindreport off"))}}}}
}
