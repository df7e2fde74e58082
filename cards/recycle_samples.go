package cards

import (
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/recycle"
)

// recycleSamples are the cards about records that go back to their pools.
func recycleSamples(l crm.Lang) []Sample {
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 3, 4, 9, 0, 0, 0, zone)
	f := LeadFrame{Lang: l, Now: now, Zone: zone, Rep: true}
	na, lei, admin := l.T("李娜", "Li Na"), l.T("王磊", "Wang Lei"), l.T("管理员", "Admin")
	hard := recycle.Plan{Mode: recycle.Hard, Version: 7}
	verdict := func(release crm.Day) recycle.Verdict {
		return recycle.Verdict{Release: release, Base: release, Clock: recycle.ClockIdle, From: recycle.FromValid, Since: now.AddDate(0, 0, -8), Period: recycle.Period{Days: 10, Work: true, Version: 3}}
	}
	line := func(id int64, name string, grade string, amount crm.Money, release crm.Day, left int) recycle.LineSeen {
		return recycle.LineSeen{Line: recycle.Line{Ref: crm.LeadID(id).Ref(), Owner: 3, Release: release, Step: left, Day: "2026-03-04"}, Name: name, Grade: grade, Amount: amount, OwnerName: na,
			Seen: recycle.Seen{Verdict: verdict(release), Left: left, Plan: hard}}
	}
	names := []string{l.T("上海华星科技有限公司", "Huaxing Technology"), l.T("明月贸易", "Mingyue Trading"), l.T("清风设备", "Qingfeng Machines"), l.T("远山物流", "Yuanshan Logistics"),
		l.T("大江环保", "Dajiang Environment"), l.T("博远软件", "Boyuan Software"), l.T("金桥电子", "Jinqiao Electronics")}
	var warned recycle.Card
	warned.Day = "2026-03-04"
	for i, n := range names {
		day, left := crm.Day("2026-03-05"), 1
		if i > 2 {
			day, left = "2026-03-09", 3
		}
		warned.Lines = append(warned.Lines, line(int64(12+i), n, string(lead.Grades[i%4]), crm.Yuan(int64(800_000-i*100_000)), day, left))
	}
	settled := recycle.Card{Day: warned.Day, Lines: []recycle.LineSeen{warned.Lines[0], warned.Lines[1]}}
	settled.Lines[0].Gone = true
	settled.Lines[1].Verdict.Release = "2026-03-18"
	soft := recycle.Card{Day: warned.Day, Lines: []recycle.LineSeen{warned.Lines[0]}}
	soft.Lines[0].Gone, soft.Lines[0].Plan = false, recycle.Plan{Mode: recycle.Soft}
	few := recycle.Card{Day: warned.Day, Lines: warned.Lines[2:5]}
	key := line(3, names[0], "KA", crm.Yuan(2_000_000), "2026-03-04", 0)
	key.Ref, key.Review = crm.AccountID(3).Ref(), true
	asked := recycle.RequestSeen{Request: recycle.Request{ID: 5, Ref: crm.LeadID(12).Ref(), Owner: 3, Reason: l.T("客户预算下月批复", "budget approved next month"), State: recycle.Asked, Release: "2026-03-09", Days: 15, AskedAt: now},
		Name: names[0], OwnerName: na, ByName: lei, Seen: recycle.Seen{Verdict: verdict("2026-03-24"), Plan: hard}, Most: 2}
	boss, granted, declined := asked, asked, asked
	boss.MayAnswer = true
	granted.State, declined.State = recycle.Approved, recycle.Declined
	run := recycle.Guarded{Run: recycle.Run{Day: "2026-03-04", State: recycle.RunAsked, Total: 64, Owned: 410, Alarm: recycle.AlarmCount}, ByName: admin, Limits: recycle.Limits{Percent: 10, Count: 50, RepPercent: 20},
		Owners: []recycle.OwnerCount{{User: 3, Name: na, N: 40, Owned: 48}, {User: 4, Name: lei, N: 24, Owned: 50}}}
	done := run
	done.State = recycle.RunDone
	done.Owners = []recycle.OwnerCount{{User: 3, Name: na, N: 40, Owned: 10, Released: 38, Kept: 2}, {User: 4, Name: lei, N: 24, Owned: 26, Released: 24}}
	why := recycle.Why{Facts: recycle.Facts{Ref: crm.LeadID(12).Ref(), Name: names[0], Owner: 3, Grade: "B", OwnedAt: now.AddDate(0, 0, -20), ValidAt: now.AddDate(0, 0, -8),
		Keep: recycle.Keep{Extra: 15, Extensions: 1, NotBefore: "2026-03-26", Slip: recycle.SlipUndelived}},
		Seen: recycle.Seen{Verdict: verdict("2026-03-10"), Left: 16, Plan: hard}, OwnerName: na, Terms: recycle.Terms{Plan: hard, MaxHold: 180, Grace: 3},
		Warnings: []recycle.Warning{{Step: 1, Release: "2026-03-25", Day: "2026-03-24"}, {Step: 3, Release: "2026-03-25", Day: "2026-03-20", DeliveredAt: now.AddDate(0, 0, 16)}}, Asked: granted.Request, AskedName: lei}
	why.Release, why.Extra, why.Slipped = "2026-03-26", 15, true
	held := why
	held.Facts.Keep, held.Warnings, held.Asked, held.Slipped, held.Extra = recycle.Keep{LockedUntil: now.AddDate(0, 0, 10)}, nil, recycle.Request{}, false, 0
	held.Release, held.Holds = "2026-03-28", []recycle.Hold{{What: recycle.HoldLock, Until: "2026-03-14"}, {What: recycle.HoldContract, Ref: crm.ContractID(8).Ref()}}
	pooled := sampleLead(l, 12, names[0], "B", lead.Score{Source: 30})
	pooled.ClaimableAt, pooled.CoolingUntil = now.Add(24*time.Hour), now.AddDate(0, 0, 30)
	locked := sampleLead(l, 12, names[0], "B", lead.Score{Source: 30, Complete: 25})
	locked.Owner, locked.OwnerName, locked.Mine, locked.OwnedAt, locked.LastValidAt = 3, na, true, now, now
	locked.Due = lead.Due{Release: "2026-03-28", Left: 18, Holds: held.Holds[:1]}
	trial := locked
	trial.Due = lead.Due{Release: "2026-03-05", Left: 1, Trial: true}

	s := func(name, zh, en string, c card.Card) Sample {
		return Sample{Name: name, Title: crm.Text{Zh: zh, En: en}, Card: c}
	}
	back := recycle.Back{Card: recycle.Card{Day: "2026-03-04", Lines: []recycle.LineSeen{warned.Lines[0], warned.Lines[1], warned.Lines[2], warned.Lines[3]}}, Version: 7, Until: "2026-03-06"}
	back.Lines[1].Outcome, back.Lines[2].Gone, back.Lines[2].Name = recycle.Acted, true, ""
	back.Name, back.Page, back.Pages, back.All = "2026-03-04.3.7", 1, 1, 4
	pages := back
	pages.Page, pages.Pages, pages.All, pages.More = 2, 3, 104, 100
	return []Sample{
		s("recycle.back/page", "被误释放的记录，一页", "a page of records offered back", RecycleBack(f, "2026-03-04.3.7.2", pages, "")),
		{"recycle/back", crm.Text{Zh: "被误释放的记录可以拿回", En: "records offered back"}, RecycleBack(f, "2026-03-04.3.7", back, "")},
		s("recycle.warning/many", "释放预警", "a warning", RecycleWarning(f, warned)),
		s("recycle.warning/soft", "可保留的预警", "a warning that allows keeping", RecycleWarning(f, soft)),
		s("recycle.warning/settled", "都有了结果", "all settled", RecycleWarning(f, settled)),
		s("recycle.review/ka", "重点客户复核", "key accounts to review", RecycleReview(f, recycle.Card{Day: warned.Day, Lines: []recycle.LineSeen{key}})),
		s("recycle.trial/day", "观察期", "a team that is observed", RecycleTrial(f, few)),
		s("recycle.late/day", "预警未送达", "warnings that did not arrive", RecycleLate(f, few)),
		s("recycle.released/day", "已回到公海", "gone back to the pool", RecycleLost(f, few)),
		s("recycle.guard/asked", "暂停并询问", "stopped and asked", RecycleGuard(f, run)),
		s("recycle.guard/done", "同意后完成", "carried out", RecycleGuard(f, done)),
		s("recycle.extend/boss", "延期申请，经理", "an extension, for the manager", RecycleExtend(f, boss)),
		s("recycle.extend/asked", "延期申请，本人", "an extension, for who asked", RecycleExtend(f, asked)),
		s("recycle.extend/granted", "已同意延期", "granted", RecycleExtend(f, granted)),
		s("recycle.extend/declined", "未同意延期", "declined", RecycleExtend(f, declined)),
		s("recycle.form/extend", "延期表单", "the form for an extension", RecycleForm(f, "L-12", asked.Seen, false, 15)),
		s("recycle.form/keep", "保留表单", "the form for keeping", RecycleForm(f, "L-12", asked.Seen, true, 15)),
		s("recycle.why/lead", "为什么", "why", RecycleWhy(f, why, lead.Due{Contact: now.Add(3 * time.Hour)})),
		s("recycle.why/handed", "为什么，交接来的", "why, after a hand-over", RecycleWhy(f, why, lead.Due{Contact: now.Add(5 * 24 * time.Hour), Handed: 5})),
		s("recycle.why/merged", "为什么，合并后的编号", "why, of a code that was merged", WhyMerged(RecycleWhy(f, why, lead.Due{}), crm.LeadID(15).Ref(), why.Ref)),
		s("recycle.why/held", "为什么，不回收", "why it is kept", RecycleWhy(f, held, lead.Due{})),
		s("recycle.why/pool", "为什么，公海", "why, in the pool", LeadPoolWhy(f, pooled, []recycle.Warning{{Step: 1, Release: "2026-03-04", Day: "2026-03-03", DeliveredAt: now.AddDate(0, 0, -1)}})),
		s("recycle.why/refused", "为什么被拒绝", "why it was refused", RefusalWhy(f, Refusal{At: now, Rule: "P-13", Text: l.T("L-12 已延期 2/2 次", "L-12 was extended 2 of at most 2 times")},
			[]RefusalSetting{{recycle.ExtendTimes.Def(), "2", 0}, {recycle.ExtendDays.Def(), "20", 9}})),
		s("lead.card/locked", "锁定的线索", "a locked lead", Lead(f, locked)),
		s("lead.card/trial", "观察期的线索", "a lead of a team that is observed", Lead(f, trial)),
	}
}
