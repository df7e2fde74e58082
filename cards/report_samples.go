package cards

import (
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/metric"
	"crmbot/internal/report"
)

// The fixed data of the samples.
var (
	reportZone      = time.FixedZone("CST", 8*3600)
	reportSampleDay = crm.Day("2026-03-02")
)

func reportAt(hour, minute int) time.Time { return reportSampleDay.At(hour, minute, reportZone) }

// reportSampleOpen opens leads and contracts.
func reportSampleOpen(l crm.Lang) Open {
	return func(r crm.Ref) string {
		switch r.Kind {
		case crm.KindLead:
			return l.T("/线索 ", "/lead ") + r.String()
		case crm.KindContract:
			return l.T("/合同 ", "/contract ") + r.String()
		}
		return ""
	}
}

func reportNumber(key string, name, unit crm.Text, agg metric.Aggregate, v, prev metric.Value, g *goal.Line) report.Number {
	n := report.Number{Metric: key, Name: name, Unit: unit, Aggregate: agg, Days: crm.DayPeriod(reportSampleDay), Value: v, Previous: &prev, Goal: g}
	if g != nil {
		n.Points = g.PointsOf(n.Read())
	}
	return n
}

func sampleReport(l crm.Lang, visits int64) report.Report {
	visit := reportNumber("visit.valid", crm.Text{Zh: "有效拜访数", En: "valid visits"}, crm.Text{Zh: "次", En: "visits"}, metric.SumQty, metric.Whole(visits), metric.Whole(3), &goal.Line{Metric: "visit.valid", Pass: 2, Good: 3, Excellent: 4})
	call := reportNumber("call.valid", crm.Text{Zh: "有效电话数", En: "valid calls"}, crm.Text{Zh: "通", En: "calls"}, metric.SumQty, metric.Whole(9), metric.Whole(4), &goal.Line{Metric: "call.valid", Pass: 5, Good: 8, Excellent: 12})
	rate := reportNumber("visit.plan_rate", crm.Text{Zh: "计划完成率", En: "plan completion"}, crm.Text{Zh: "%", En: "%"}, metric.Ratio, metric.Value{Num: 2, Den: 3}, metric.Value{}, nil)
	signed := reportNumber("contract.signed_amount", crm.Text{Zh: "签署合同金额", En: "signed amount"}, crm.Text{Zh: "元", En: "yuan"}, metric.SumAmount, metric.Whole(80_000_000), metric.Whole(35_000_000), nil)
	signed.Period, signed.Days = report.PeriodMonth, crm.Period{From: "2026-03-01", To: "2026-03-03"}
	c := report.Content{Numbers: []report.Number{visit, call, rate, signed}, NextDay: "2026-03-03", Scored: true, Score: (visit.Points + call.Points) / 2,
		Blocks: report.Template{{Kind: report.BlockMetric, Metric: "visit.valid"}, {Kind: report.BlockMetric, Metric: "call.valid"}, {Kind: report.BlockMetric, Metric: "visit.plan_rate"},
			{Kind: report.BlockMetric, Metric: "contract.signed_amount", Period: report.PeriodMonth}, {Kind: report.BlockPlan}, {Kind: report.BlockNextPlan},
			{Kind: report.BlockText, Prompt: &crm.Text{Zh: "一句话小结", En: "One sentence about the day"}, Max: 500}},
		Plan: []report.Item{
			{Ref: crm.LeadID(12).Ref(), Title: l.T("华星科技", "Huaxing Tech"), At: reportAt(10, 0), Planned: true, Done: true, Note: l.T("聊了报价", "talked about the quote")},
			{Ref: crm.LeadID(15).Ref(), Title: l.T("远大机械", "Yuanda Machines"), At: reportAt(14, 0), Planned: true},
			{Ref: crm.LeadID(18).Ref(), Title: l.T("中恒物流", "Zhongheng Logistics"), At: reportAt(16, 30), Done: true}},
		Tomorrow: []report.Item{{Ref: crm.LeadID(15).Ref(), Title: l.T("远大机械", "Yuanda Machines"), At: time.Time{}, Planned: true}}}
	return report.Report{ID: 31, User: 5, Team: 2, Day: reportSampleDay, State: report.Draft, Content: c, Answers: []string{""}, Notes: map[string]string{}, AsOf: reportAt(17, 30), CreatedAt: reportAt(17, 30), Version: 1}
}

func sampleDigest(l crm.Lang) report.Digest {
	r := sampleReport(l, 1)
	name := func(zh, en string) string { return l.T(zh, en) }
	team := func(n report.Number, v int64, pass float64) report.TeamNumber {
		prev := metric.Whole(v - 2)
		n.Value, n.Previous, n.Goal, n.Scope = metric.Whole(v), &prev, nil, report.ScopeTeam
		return report.TeamNumber{Number: n, Pass: pass, Excellent: pass * 2}
	}
	return report.Digest{Team: 2, Name: name("华东", "East"), Day: reportSampleDay, AsOf: reportAt(19, 30), Frozen: true, Exempt: 1,
		Members: []report.Member{
			{User: 6, Name: name("张伟", "Zhang Wei"), Report: 32, State: report.Submitted, Rank: 1, Score: 1040, Scored: true, Text: name("顺利", "went well")},
			{User: 5, Name: name("李娜", "Li Na"), Report: 31, State: report.Late, Rank: 2, Score: 567, Scored: true, Below: r.Content.BelowPass(), Text: name("客户临时出差，明天补", "the customer had to travel; tomorrow instead")},
			{User: 7, Name: name("赵敏", "Zhao Min"), Report: 33, State: report.Draft, Rank: 3, Score: 320, Scored: true}},
		Numbers: []report.TeamNumber{team(r.Content.Numbers[0], 5, 6), team(r.Content.Numbers[1], 21, 15)},
		Big:     []report.BigEvent{{Key: "contract.signed", User: 6, Name: name("张伟", "Zhang Wei"), Amount: crm.Yuan(800_000), Ref: crm.ContractID(8).Ref()}}}
}

func reportSamples(l crm.Lang) []Sample {
	view := func(r report.Report, own, editing bool) ReportView {
		return ReportView{Report: r, Name: l.T("李娜", "Li Na"), Own: own, Editable: own, Editing: editing, Due: reportAt(19, 0), Zone: reportZone, Open: reportSampleOpen(l)}
	}
	draft := sampleReport(l, 3)
	below := sampleReport(l, 1)
	done := sampleReport(l, 3)
	done.State, done.SubmittedAt, done.AsOf, done.Answers, done.Next, done.Version = report.Submitted, reportAt(18, 20), reportAt(18, 20), []string{l.T("华星今天定了方案，周四签约", "Huaxing settled on the plan; signing on Thursday")}, l.T("带上新版报价", "take the new quote"), 2
	done.Notes = map[string]string{"visit.valid": l.T("其中一次陪访", "one of them accompanied")}
	late := done
	late.State, late.SubmittedAt, late.AsOf, late.Notes = report.Late, reportAt(21, 5), reportAt(21, 5), nil
	fixed := view(done, false, false)
	fixed.Corrections = []report.Correction{{Index: 0, Now: metric.Whole(2)}, {Index: 3, Now: metric.Whole(30_000_000)}}
	digest := sampleDigest(l)
	calm := digest
	calm.Members = digest.Members[:1]
	calm.Big = nil
	live := digest
	live.Frozen, live.AsOf = false, reportAt(15, 0)
	dv := func(d report.Digest, full bool) DigestView {
		return DigestView{Digest: d, Full: full, Due: reportAt(19, 0), Zone: reportZone, Open: reportSampleOpen(l)}
	}
	since := dv(digest, true)
	since.Since = []string{l.T("赵敏", "Zhao Min")}
	setup := report.Setup{Template: append(report.Template{}, report.DefaultTemplate...), Version: 4,
		Times: map[report.Step]string{report.StepDraft: "17:30", report.StepDue: "19:00", report.StepChase: "19:05", report.StepDigest: "19:30", report.StepMissing: "09:00"},
		Goals: map[goal.Profile][]goal.Line{goal.Field: {{Metric: "visit.valid", Pass: 2, Good: 3, Excellent: 4}}, goal.Phone: {{Metric: "call.valid", Pass: 25, Good: 40, Excellent: 60}}}}
	return []Sample{
		{"report.card/draft", crm.Text{Zh: "日报草稿，全部达标", En: "draft, all goals reached"}, ReportCard(l, view(draft, true, false))},
		{"report.card/below", crm.Text{Zh: "日报草稿，有指标未达标", En: "draft with a goal missed"}, ReportCard(l, view(below, true, false))},
		{"report.card/submitted", crm.Text{Zh: "已提交的日报", En: "a report handed in"}, ReportCard(l, view(done, true, false))},
		{"report.card/editing", crm.Text{Zh: "修改已提交的日报", En: "editing a report handed in"}, ReportCard(l, view(done, true, true))},
		{"report.card/late", crm.Text{Zh: "迟交的日报，经理查看", En: "a late report, seen by the manager"}, ReportCard(l, view(late, false, false))},
		{"report.card/corrected", crm.Text{Zh: "有更正的日报", En: "a report with corrections"}, ReportCard(l, fixed)},
		{"report.chase/open", crm.Text{Zh: "催交", En: "reminder of a missing report"}, ReportChaseCard(l, draft, "19:00")},
		{"report.chase/done", crm.Text{Zh: "催交后已交", En: "reminder after it came in"}, ReportChaseDone(l, done)},
		{"report.missing/list", crm.Text{Zh: "未交名单", En: "list of the missing"}, ReportMissingCard(l, reportSampleDay, []report.Absentee{{User: 7, Name: l.T("赵敏", "Zhao Min"), Team: l.T("华东", "East"), Report: 33}})},
		{"report.missing/none", crm.Text{Zh: "已全部补交", En: "none missing any more"}, ReportMissingCard(l, reportSampleDay, nil)},
		{"report.digest/manager", crm.Text{Zh: "团队日报，经理", En: "team digest for the manager"}, DigestCard(l, since)},
		{"report.digest/group", crm.Text{Zh: "团队日报，群里", En: "team digest in a group"}, DigestCard(l, dv(digest, false))},
		{"report.digest/calm", crm.Text{Zh: "团队日报，没有异常", En: "team digest without exceptions"}, DigestCard(l, dv(calm, true))},
		{"report.digest/live", crm.Text{Zh: "团队日报，实时", En: "team digest of this moment"}, DigestCard(l, dv(live, true))},
		{"report.bound", crm.Text{Zh: "群已绑定", En: "group bound"}, ReportBoundCard(l, l.T("华东", "East"), "19:30")},
		{"report.setup/contents", crm.Text{Zh: "日报设置：内容", En: "report settings: contents"}, ReportSetupCard(l, setup, metric.Standard(), SetupContents, l.T("已添加：赢单金额", "added: won amount"))},
		{"report.setup/goals", crm.Text{Zh: "日报设置：目标", En: "report settings: goals"}, ReportSetupCard(l, setup, metric.Standard(), SetupGoals, "")},
		{"report.setup/question", crm.Text{Zh: "日报设置：提问", En: "report settings: question"}, ReportSetupCard(l, setup, metric.Standard(), SetupQuestion, "")},
		{"report.setup/times", crm.Text{Zh: "日报设置：时间", En: "report settings: times"}, ReportSetupCard(l, setup, metric.Standard(), SetupTimes, "")},
	}
}

func metricSamples(l crm.Lang) []Sample {
	var visit, won metric.Def
	for _, d := range metric.Standard() {
		switch d.Key {
		case "visit.valid":
			visit = d
		case "deal.won_amount":
			won = d
		}
	}
	names := []string{l.T("张伟", "Zhang Wei"), l.T("李娜", "Li Na"), l.T("赵敏", "Zhao Min"), l.T("陈晨", "Chen Chen")}
	var places []metric.Place
	for i, v := range []int64{128_000_000, 96_000_000, 96_000_000, 31_250_000} {
		places = append(places, metric.Place{User: crm.UserID(5 + i), Name: names[i], Value: metric.Whole(v)})
	}
	quarter := crm.QuarterOf("2017-04-01")
	rank := metric.Ranking{Metric: won, Period: quarter, Team: l.T("华东", "East"), Scope: metric.Scope{Team: 2}, Places: metric.Rank(places, false), Total: metric.Whole(351_250_000), Median: metric.Whole(96_000_000), Unranked: 1}
	opts := RankOptions{Metrics: []metric.Def{won, visit}, Periods: []card.Option{{Value: "2017-Q2", Label: quarter.Label(l)}, {Value: "2026-03", Label: crm.MonthOf(reportSampleDay).Label(l)}}, Details: func(u crm.UserID) bool { return u == 5 }}
	line := func(id int64, qty int64, hour int, name string) metric.Line {
		return metric.Line{Name: name, Record: metric.Record{At: reportAt(hour, 30), Day: reportSampleDay, User: 5, Key: "visit.valid", Qty: qty, Ref: crm.LeadID(id).Ref()}}
	}
	ev := metric.Evidence{Metric: visit, Period: crm.DayPeriod(reportSampleDay), Scope: metric.Scope{User: 5}, Whose: l.T("李娜", "Li Na"), Value: metric.Whole(1), Page: 1, Pages: 3, Total: 23,
		Lines: []metric.Line{line(18, 1, 16, l.T("李娜", "Li Na")), line(15, -1, 15, l.T("李娜", "Li Na")), line(12, 1, 10, l.T("李娜", "Li Na"))}}
	none := metric.Evidence{Metric: visit, Period: crm.DayPeriod(reportSampleDay), Pages: 1, Value: metric.Whole(0)}
	return []Sample{
		{"metric.rank/quarter", crm.Text{Zh: "排行", En: "ranking"}, RankCard(l, rank, opts)},
		{"metric.rank/empty", crm.Text{Zh: "没有可排名的", En: "nothing to rank"}, RankCard(l, metric.Ranking{Metric: visit, Period: crm.DayPeriod(reportSampleDay)}, opts)},
		{"metric.evidence/page", crm.Text{Zh: "数字背后的记录", En: "the records behind a number"}, MetricEvidenceCard(l, ev, reportZone, reportSampleOpen(l))},
		{"metric.evidence/none", crm.Text{Zh: "没有记录", En: "no records"}, MetricEvidenceCard(l, none, reportZone, nil)},
		{"metric.list", crm.Text{Zh: "全部指标", En: "all metrics"}, MetricsCard(l, metric.Standard())},
		{"metric.one", crm.Text{Zh: "一个指标的口径", En: "what one metric means"}, MetricCard(l, won)},
	}
}
