package cards

import (
	"time"

	"crmbot/cards/card"
	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/undo"
)

// workSample is what the samples about activities are built from.
type workSample struct {
	l            crm.Lang
	f            WorkFrame
	now          time.Time
	na, lei      string
	hua, ming    string
	limits       activity.Limits
	valid, fresh activity.Seen
}

func newWorkSample(l crm.Lang) (workSample, bool) {
	zone := time.FixedZone("CST", 8*3600)
	cal, err := calendar.Standard(zone)
	if err != nil {
		return workSample{}, false // the embedded holidays are read by tests of their own
	}
	now := time.Date(2026, 3, 4, 15, 0, 0, 0, zone)
	w := workSample{l: l, now: now, f: WorkFrame{Lang: l, Now: now, Cal: cal}, na: l.T("李娜", "Li Na"), lei: l.T("张伟", "Zhang Wei"),
		hua: l.T("上海华星科技有限公司", "Huaxing Technology Shanghai"), ming: l.T("明月餐饮管理", "Mingyue Catering"),
		limits: activity.Limits{LogWithin: 24 * time.Hour, NoteRunes: 15, Fields: 3, AttemptPercent: 30, CallSeconds: 30, TextRunes: 10, SimilarPercent: 90}}
	step := &activity.Step{Activity: 12, User: 3, Subject: crm.LeadID(12).Ref(), Text: l.T("送方案", "bring the proposal"), Due: activity.Due{Day: "2026-03-11", Time: calendar.Clock(14, 30), HasTime: true}, State: activity.StepOpen, Rev: 1}
	w.valid = activity.Seen{Activity: activity.Activity{ID: 12, Kind: activity.KindVisit, Subject: crm.LeadID(12).Ref(), Customer: crm.LeadID(12).Ref(), Met: l.T("王总", "Mr. Wang"), User: 3,
		At: now.Add(-time.Hour), Day: "2026-03-04", Duration: 45 * time.Minute, Result: activity.ResultProgress, Note: l.T("看了生产线，确认了三台设备的需求和预算", "saw the production line; three machines and the budget are confirmed"),
		Amount: crm.Yuan(800_000), Photos: 1, People: []activity.Present{{User: 3, Credited: true}, {User: 4, Credited: true}}, Valid: true, Weight: 100, Step: step, CreatedAt: now},
		Name: w.hua, UserName: w.na, With: []string{w.lei}, Mine: true, UndoUntil: now.Add(10 * time.Minute), PhotoUntil: now.Add(24 * time.Hour), Limits: w.limits}
	w.fresh = w.valid
	w.fresh.Activity.Photos, w.fresh.Valid, w.fresh.Weight, w.fresh.Result, w.fresh.People, w.fresh.With = 0, false, 0, "", w.valid.People[:1], nil
	w.fresh.Missing = []activity.Reason{activity.NoProof, activity.NoResult, activity.ThinNote}
	return w, true
}

// activitySamples are the cards about activities, plans and the day in every
// state.
func activitySamples(l crm.Lang) []Sample {
	w, ok := newWorkSample(l)
	if !ok {
		return nil
	}
	out := append(w.activities(), w.drafts()...)
	out = append(out, w.plans()...)
	return append(out, w.days()...)
}

func (w workSample) activities() []Sample {
	l, f, now := w.l, w.f, w.now
	attempt := w.fresh
	attempt.Result, attempt.Weight, attempt.Missing = activity.ResultNotMet, 30, []activity.Reason{activity.NotMet}
	seen := w.valid
	seen.Mine, seen.UndoUntil = false, time.Time{}
	undone := w.valid
	undone.UndoneAt = now
	call := w.fresh
	call.Kind, call.Duration, call.Note, call.Missing, call.Step = activity.KindCall, 12*time.Second, l.T("没人接", "no answer"), []activity.Reason{activity.ShortCall}, nil
	second := w.fresh
	second.Result, second.Missing = activity.ResultFlat, []activity.Reason{activity.SecondOf}
	late := w.fresh
	late.Result, late.Missing = activity.ResultFlat, []activity.Reason{activity.TooLate}
	onDeal := w.valid
	onDeal.Subject, onDeal.Customer, onDeal.CustomerName, onDeal.Name = crm.DealID(3).Ref(), crm.AccountID(7).Ref(), w.hua, l.T("三台检测设备", "Three testing machines")
	lines := []activity.Line{{Activity: w.valid.Activity, Name: w.hua, UserName: w.na}, {Activity: call.Activity, Name: w.hua, UserName: w.lei}}
	return []Sample{
		{"activity.card/valid", crm.Text{Zh: "有效拜访", En: "a valid visit"}, Activity(f, w.valid)},
		{"activity.card/missing", crm.Text{Zh: "还缺照片和结果", En: "photo and result are missing"}, Activity(f, w.fresh)},
		{"activity.card/attempt", crm.Text{Zh: "未见到", En: "nobody was met"}, Activity(f, attempt)},
		{"activity.card/second", crm.Text{Zh: "当天第二次", En: "the day's second"}, Activity(f, second)},
		{"activity.card/late", crm.Text{Zh: "记录太晚", En: "logged too late"}, Activity(f, late)},
		{"activity.card/call", crm.Text{Zh: "太短的电话", En: "a call that was too short"}, Activity(f, call)},
		{"activity.card/deal", crm.Text{Zh: "商机上的拜访", En: "a visit on a deal"}, Activity(f, onDeal)},
		{"activity.card/seen", crm.Text{Zh: "别人看到的", En: "as others see it"}, Activity(f, seen)},
		{"activity.card/undone", crm.Text{Zh: "已撤销", En: "taken back"}, Activity(f, undone)},
		{"activity.photo/offer", crm.Text{Zh: "照片附到哪次", En: "which visit a photo is of"}, PhotoOffer(f, activity.Photo{ID: 5, Name: "IMG_2031.jpg"}, []activity.Named{{Activity: w.fresh.Activity, Name: w.hua}, {Activity: second.Activity, Name: w.ming}}, FileFor{File: 7, New: true})},
		{"activity.photo/files", crm.Text{Zh: "照片加到刚查附件的线索", En: "a photo after the files of a lead"}, PhotoOffer(f, activity.Photo{ID: 5, Name: "IMG_2031.jpg"}, []activity.Named{{Activity: w.fresh.Activity, Name: w.hua}}, FileFor{File: 7, Ref: crm.LeadID(15).Ref(), First: true, New: true})},
		{"activity.history/list", crm.Text{Zh: "跟进历史", En: "history"}, Timeline(f, crm.LeadID(12).Ref(), w.hua, lines)},
		{"activity.history/none", crm.Text{Zh: "没有历史", En: "no history"}, Timeline(f, crm.LeadID(12).Ref(), w.hua, nil)},
		{"undo/taken", crm.Text{Zh: "已撤销", En: "taken back"}, TakenBack(l, undo.Entry{Ref: "V-12", Title: crm.Text{Zh: "拜访 " + w.hua, En: "Visit " + w.hua}})},
	}
}

func (w workSample) drafts() []Sample {
	l, f, now := w.l, w.f, w.now
	d := activity.DraftSeen{Draft: activity.Draft{ID: 8, User: 3, State: activity.DraftOpen, Customer: l.T("华星", "Huaxing"), Confidence: 0.94, CreatedAt: now, Entry: activity.Entry{Kind: activity.KindVisit,
		Subject: crm.LeadID(12).Ref(), Met: l.T("王总", "Mr. Wang"), At: now, Duration: 30 * time.Minute, Note: l.T("聊了报价", "talked about prices"), Amount: crm.Yuan(800_000),
		Next: activity.Due{Day: "2026-03-11"}, NextText: l.T("再约", "meet again")}}, Name: w.hua, Limits: w.limits}
	d.Expected = activity.Verdict{Missing: []activity.Reason{activity.NoProof, activity.NoResult}}
	doubt := d
	doubt.Warnings = []crm.Text{{Zh: "时间「三点」可能是下午 3 点", En: "the time “3” may mean 3 pm"}}
	doubt.With = []string{w.lei}
	choose, unknown, unclear := d, d, d
	choose.Name, choose.Entry.Subject = "", crm.Ref{}
	choose.Choices = []activity.Choice{{Ref: crm.LeadID(12).Ref(), Name: w.hua}, {Ref: crm.AccountID(7).Ref(), Name: l.T("深圳华星贸易", "Huaxing Trading Shenzhen")}}
	unknown.Name, unknown.Entry.Subject, unknown.Customer = "", crm.Ref{}, l.T("清风设备", "Qingfeng Machines")
	unknown.Warnings = []crm.Text{{Zh: "没有找到客户「清风设备」", En: "no customer named \"Qingfeng Machines\" was found"}}
	unknown.Choices, unknown.Pooled = choose.Choices, []activity.Choice{{Ref: crm.LeadID(31).Ref(), Name: l.T("北京清风设备", "Qingfeng Machines Beijing")}}
	unclear.Name, unclear.Entry.Subject, unclear.Customer = "", crm.Ref{}, ""
	unclear.Choices = choose.Choices
	saved, dropped := d, d
	saved.State, saved.Activity = activity.DraftSaved, 12
	dropped.State = activity.DraftDropped
	empty := activity.DraftSeen{Draft: activity.Draft{ID: 9, User: 3, State: activity.DraftOpen, Entry: activity.Entry{Kind: activity.KindVisit, At: now}}, Limits: w.limits}
	customers := []Option{{Value: "L-12", Label: w.hua + " L-12"}, {Value: "A-7", Label: w.ming + " A-7"}}
	colleagues := []Option{{Value: "4", Label: w.lei}}
	return []Sample{
		{"activity.draft/confirm", crm.Text{Zh: "确认一句话记录", En: "confirm a quick log"}, Draft(f, d)},
		{"activity.draft/doubt", crm.Text{Zh: "有疑问的记录", En: "a log with doubts"}, Draft(f, doubt)},
		{"activity.draft/choose", crm.Text{Zh: "选择客户", En: "choose the customer"}, Draft(f, choose)},
		{"activity.draft/unknown", crm.Text{Zh: "没有这个客户", En: "no such customer"}, Draft(f, unknown)},
		{"activity.draft/unclear", crm.Text{Zh: "没看出客户", En: "no customer named"}, Draft(f, unclear)},
		{"activity.draft/saved", crm.Text{Zh: "已保存", En: "saved"}, Draft(f, saved)},
		{"activity.draft/dropped", crm.Text{Zh: "已放弃", En: "dropped"}, Draft(f, dropped)},
		{"activity.form/empty", crm.Text{Zh: "跟进表单", En: "the log form"}, LogForm(f, empty, customers, colleagues)},
		{"activity.form/filled", crm.Text{Zh: "预填的表单", En: "the form, filled in"}, LogForm(f, d, nil, colleagues)},
		{"activity.form/alone", crm.Text{Zh: "没有客户和同事", En: "without customers and colleagues"}, LogForm(f, empty, nil, nil)},
	}
}

func (w workSample) plans() []Sample {
	f := w.f
	k := activity.PlanClock{Evening: calendar.Clock(20, 0), Morning: calendar.Clock(9, 30)}
	plan := func(id activity.PlanID, name string, hour int, state activity.PlanState, change func(*activity.PlanSeen)) activity.PlanSeen {
		p := activity.PlanSeen{Plan: activity.Plan{ID: id, User: 3, Subject: crm.LeadID(10 + id).Ref(), Customer: crm.LeadID(10 + id).Ref(), Due: activity.Due{Day: "2026-03-04", Time: calendar.Clock(hour, 0), HasTime: hour > 0},
			State: state, Counted: true}, Name: name}
		if change != nil {
			change(&p)
		}
		return p
	}
	visit := w.valid.Activity
	thin := w.fresh.Activity
	full := activity.PlanDay{User: 3, UserName: w.na, Day: "2026-03-04", Mine: true, Completion: activity.Completion{Planned: 3, Done: 1, ByCustomer: 1, Late: 1, Unplanned: 1}, Plans: []activity.PlanSeen{
		plan(2, w.hua, 10, activity.PlanDone, func(p *activity.PlanSeen) { p.Visit = &visit }),
		plan(3, w.ming, 11, activity.PlanDone, func(p *activity.PlanSeen) { p.Visit = &thin }),
		plan(4, w.l.T("海川电子", "Haichuan Electronics"), 14, activity.PlanOpen, nil),
		plan(5, w.l.T("海川物流", "Haichuan Logistics"), 0, activity.PlanOpen, func(p *activity.PlanSeen) { p.Counted = false }),
		plan(6, w.l.T("江南机械", "Jiangnan Machinery"), 16, activity.PlanCancelled, func(p *activity.PlanSeen) {
			p.ByCustomer, p.Note = true, w.l.T("客户临时出差", "the customer travels")
		}),
	}, Unplanned: []activity.Named{{Activity: visit, Name: w.ming}}}
	empty := activity.PlanDay{User: 3, UserName: w.na, Day: "2026-03-05", Mine: true}
	other := full
	other.Mine = false
	customers := []Option{{Value: "L-12", Label: w.hua + " L-12"}}
	open := plan(4, w.hua, 14, activity.PlanOpen, func(p *activity.PlanSeen) { p.Open, p.Due.Day = true, "2026-03-05" })
	return []Sample{
		{"plan.day/full", crm.Text{Zh: "一天的拜访计划", En: "a day's visit plan"}, PlanDay(f, full, k, customers)},
		{"plan.day/empty", crm.Text{Zh: "空计划", En: "nothing planned"}, PlanDay(f, empty, k, nil)},
		{"plan.day/other", crm.Text{Zh: "成员的计划", En: "a member's plan"}, PlanDay(f, other, k, nil)},
		{"plan.change/open", crm.Text{Zh: "改期或取消", En: "move or cancel"}, PlanChange(f, open)},
		{"plan.change/locked", crm.Text{Zh: "当天改期或取消", En: "move or cancel on the day"}, PlanChange(f, full.Plans[2])},
		{"plan.change/cancelled", crm.Text{Zh: "已取消的计划", En: "a cancelled plan"}, PlanChange(f, full.Plans[4])},
	}
}

func (w workSample) days() []Sample {
	l, f, now := w.l, w.f, w.now
	step := activity.StepSeen{Step: *w.valid.Step, Name: w.hua}
	step.Due = activity.Due{Day: "2026-03-04", Time: calendar.Clock(16, 0), HasTime: true}
	overdue, done := step, step
	overdue.Activity, overdue.Due, overdue.Text, overdue.Name = 9, activity.Due{Day: "2026-03-02"}, "", w.ming
	done.State = activity.StepDone
	risk := lead.Seen{Lead: lead.Lead{ID: 31, Info: lead.Info{Company: w.ming}}, Mine: true, Due: lead.Due{Release: "2026-03-06", Left: 2}}
	call := risk
	call.ID, call.Due = 32, lead.Due{Contact: now.Add(2 * time.Hour), Release: "2026-03-12", Left: 6}
	missed := call
	missed.ID, missed.Due.Contact = 33, now.Add(-2*time.Hour)
	gone := risk
	gone.ID, gone.Due = 34, lead.Due{Release: "2026-03-02", Left: -2}
	plan := activity.PlanSeen{Plan: activity.Plan{ID: 4, User: 3, Subject: crm.LeadID(14).Ref(), Customer: crm.LeadID(14).Ref(), Due: activity.Due{Day: "2026-03-04", Time: calendar.Clock(17, 0), HasTime: true}, State: activity.PlanOpen, Counted: true}, Name: w.hua}
	full := activity.Today{Day: "2026-03-04", Workday: true, Overdue: []activity.StepSeen{overdue}, Due: []activity.StepSeen{step}, Plans: []activity.PlanSeen{plan}, Completion: activity.Completion{Planned: 2, Done: 1},
		Approvals: []activity.Waiting{{Request: 7, Title: l.T("合同 C-8 华星 80万", "Contract C-8 Huaxing 800k"), Since: now.Add(-5 * time.Hour), Urgent: true},
			{Title: l.T("延期 L-12 华星科技 · 李娜：预算下月批复", "Extension of L-12 Huaxing · Li Na: budget next month"), Since: now.Add(-2 * time.Hour), Acts: []activity.Act{{Label: l.T("同意 L-12", "Approve L-12"), Line: l.T("/同意延期 L-12", "/approveextend L-12")}, {Label: l.T("不同意 L-12", "Decline L-12"), Line: l.T("/婉拒延期 L-12", "/declineextend L-12")}}}}, Leads: []lead.Seen{risk, call, missed, gone},
		Accounts: []activity.AtRisk{{Ref: crm.AccountID(6).Ref(), Name: w.ming, Due: lead.Due{Release: "2026-03-05", Left: 1}}}}
	busy := full
	for i := range 12 {
		s, p, x, a := overdue, plan, risk, full.Approvals[0]
		s.Activity, p.ID, x.ID, a.Request = crm.ActivityID(100+i), activity.PlanID(100+i), crm.LeadID(100+i), crm.RequestID(100+i)
		p.Subject = x.Ref()
		today, account := step, full.Accounts[0]
		today.Activity, account.Ref.ID = crm.ActivityID(200+i), int64(100+i)
		busy.Accounts = append(busy.Accounts, account)
		busy.Overdue, busy.Due, busy.Plans, busy.Leads, busy.Approvals = append(busy.Overdue, s), append(busy.Due, today), append(busy.Plans, p), append(busy.Leads, x), append(busy.Approvals, a)
	}
	with := func(name string, t crm.Text, c card.Card) Sample { return Sample{name, t, c} }
	return []Sample{
		with("today.card/full", crm.Text{Zh: "今天的清单", En: "the day's list"}, Today(f, full)),
		with("today.card/busy", crm.Text{Zh: "最满的一天", En: "the fullest day"}, Today(f, busy)),
		with("today.card/clear", crm.Text{Zh: "全部清完", En: "all clear"}, Today(f, activity.Today{Day: "2026-03-04", Workday: true}, CommandButton(l.T("看公海", "Pool"), l.T("/公海", "/pool")))),
		with("activity.reminder/due", crm.Text{Zh: "跟进提醒", En: "a reminder"}, Reminder(f, step)),
		with("activity.reminder/done", crm.Text{Zh: "已处理的提醒", En: "a settled reminder"}, Reminder(f, done)),
		with("activity.step/move", crm.Text{Zh: "下一步改期", En: "reschedule a next step"}, StepMove(f, step)),
	}
}
