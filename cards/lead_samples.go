package cards

import (
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

// leadSamples are the cards about leads in every state.
func leadSamples(l crm.Lang) []Sample {
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, zone)
	f := LeadFrame{Lang: l, Now: now, Zone: zone, Rep: true}
	boss := LeadFrame{Lang: l, Now: now, Zone: zone, Supervisor: true}
	group := LeadFrame{Lang: l, Now: now, Zone: zone, Rep: true, Group: true}
	na, lei := l.T("李娜", "Li Na"), l.T("王磊", "Wang Lei")

	pooled := sampleLead(l, 12, l.T("上海华星科技有限公司", "Huaxing Technology Shanghai"), "B", lead.Score{Source: 30, Complete: 25})
	mine := pooled
	mine.Owner, mine.OwnerName, mine.Mine, mine.OwnedAt = 3, na, true, now
	mine.Due = lead.Due{Contact: now.Add(9 * time.Hour), Release: "2026-03-09", Left: 5}
	late := mine
	late.Due = lead.Due{Contact: now.Add(-time.Hour), Release: "2026-02-27", Left: -1}
	told := mine
	told.LastValidAt = now
	told.Due.Contact = time.Time{}
	told.Story = []lead.StoryItem{{At: now.Add(-72 * time.Hour), Who: lei, Kind: crm.Text{Zh: "拜访", En: "visit"}, Text: l.T("见到采购经理，预算 80 万，下月定", "met the purchasing manager; budget 800k, decision next month")},
		{At: now.Add(-96 * time.Hour), Who: lei, Kind: crm.Text{Zh: "电话", En: "call"}, Text: l.T("介绍产品，约了上门", "introduced the product and agreed on a visit")}}
	told.Past = []lead.Past{{At: now, Reason: pool.Claim, To: na, By: na}, {At: now.Add(-24 * time.Hour), Reason: pool.Release, From: lei, By: lei, Why: crm.Text{Zh: "无需求", En: "no need"}},
		{At: now.Add(-240 * time.Hour), Reason: pool.Create}}
	hidden := pooled
	hidden.Lead, hidden.Masked = pooled.Lead.Masked(func(string) bool { return false }), true
	embargo, cooling, won, review := hidden, hidden, hidden, hidden
	embargo.ID, embargo.ClaimableAt = 14, now.Add(3*time.Hour+20*time.Minute)
	cooling.ID, cooling.CoolingUntil = 15, now.Add(5*24*time.Hour)
	won.ID, won.Owner, won.OwnerName = 16, 4, lei
	review.ID, review.Status = 17, lead.Review
	status := pool.Status{Standing: pool.Standing{Held: 12, Claims: 4, Refunds: 1}, Hold: 50, Quota: pool.Quota{Limit: 20, Workday: true, Allowed: true}}
	list := lead.PoolList{Leads: []lead.Seen{hidden, embargo, cooling, won, review}, More: true, Status: status}
	stranger := lead.DuplicateOf{Existing: lead.Existing{Match: lead.Match{Ref: crm.LeadID(12).Ref(), Kind: lead.KeyCompany, Similarity: 1}, Title: pooled.Company, Owner: 3, Status: crm.Text{Zh: "跟进中", En: "open"}, Release: "2026-07-08"}, OwnerName: l.T("李*", "L*")}
	like := stranger
	like.Open, like.Match.Ref, like.Match.Similarity = true, crm.LeadID(9).Ref(), 0.92
	doubt := pooled
	doubt.Twins = []lead.DuplicateOf{like}
	merger := f
	merger.Merger = true
	twin := Lead(merger, doubt)
	free := lead.DuplicateOf{Existing: lead.Existing{Match: lead.Match{Ref: crm.LeadID(12).Ref(), Kind: lead.KeyPhone, Similarity: 0.91}, Title: pooled.Company, InPool: true, Status: crm.Text{Zh: "公海待认领", En: "in the pool"}}, Open: true}
	waiting := free
	waiting.Opening = pool.Opening{From: now.AddDate(0, 0, 1), Rule: "P-07"}
	full := &pool.HoldFull{Held: 50, Limit: 50, Candidates: []pool.Candidate{{Ref: crm.LeadID(5).Ref(), Title: l.T("明月贸易", "Mingyue Trading"), Idle: 21}, {Ref: crm.LeadID(8).Ref(), Title: l.T("清风设备", "Qingfeng Machines"), Idle: 14}}}
	refused := crm.Refused("P-04", "今日已领 20/20", "you claimed 20 of 20 today").WithNext("明天 00:00 重置；或请经理分配", "it resets tomorrow 00:00; or ask a manager to assign it")
	asked := lead.Collab{Collaboration: lead.Collaboration{Ref: pooled.Ref(), User: 4, State: lead.CollabAsked}, Lead: mine, UserName: lei, OwnerName: na}
	accepted, declined := asked, asked
	accepted.State, accepted.ExpiresAt = lead.CollabAccepted, now.AddDate(0, 3, 0)
	declined.State = lead.CollabDeclined
	ended, pooledAgain := asked, asked
	ended.State, pooledAgain.State, pooledAgain.Lead = lead.CollabEnded, lead.CollabEnded, pooled
	graded := told
	graded.Mine, graded.Manages, graded.Grade, graded.GradeGiven, graded.GivenBy, graded.NeedAt = false, true, "A", true, l.T("陈经理", "Chen"), now
	graded.Standing, graded.Score = lead.Standing{Grade: "B"}, lead.Score{Source: 20, Complete: 17, Actions: 22, Fit: 8, Decay: 5}
	graded.Given = lead.Given{Grade: "A", By: 9, At: now, Until: now.AddDate(0, 0, 30), Why: l.T("客户已立项", "project approved")}
	rose := told
	rose.Grade, rose.Score = "A", lead.Score{Source: 30, Complete: 19, Actions: 30}
	quality := sampleQuality()
	reasons, sources := lead.ReleaseReasons.Default, lead.Sources.Default
	released := lead.Released{Seen: hidden, Reason: reasons[2], Refunded: true, CoolDays: 7}
	doubted := lead.Released{Seen: review, Reason: reasons[1]}
	long := make([]lead.Seen, 14)
	for i := range long {
		long[i] = mine
		long[i].ID = crm.LeadID(100 + i)
		long[i].Due.Left = i - 1
	}

	s := func(name, zh, en string) Sample { return Sample{Name: name, Title: crm.Text{Zh: zh, En: en}} }
	with := func(x Sample, c card.Card) Sample { x.Card = c; return x }
	return []Sample{
		with(s("lead.card/pool", "公海中的线索", "a lead in the pool"), Lead(f, hidden)),
		with(s("lead.card/mine", "自己的线索", "an own lead"), Lead(f, mine)),
		with(s("lead.card/late", "超期的线索", "an overdue lead"), Lead(f, late)),
		with(s("lead.card/story", "有来龙去脉的线索", "a lead with its story"), Lead(f, told)),
		with(s("lead.card/review", "资料核对", "data review"), Lead(boss, review)),
		with(s("lead.card/manager", "经理看到的公海线索", "a pool lead for a manager"), Lead(boss, pooled)),
		with(s("lead.card/gone", "不再可见", "not visible any more"), LeadGone(l, 12)),
		with(s("lead.card/group", "群里的线索", "a lead in a group"), LeadSummary(group, hidden)),
		with(s("lead.claimed/new", "认领成功", "claimed"), LeadClaimed(f, lead.Claimed{Seen: mine, Used: 4, Limit: 20, Held: 13, Hold: 50})),
		with(s("lead.claimed/again", "重复点击", "tapped twice"), LeadClaimed(f, lead.Claimed{Seen: mine, Already: true})),
		with(s("lead.claims/some", "批量认领", "a batch claim"), LeadClaims(f, []lead.ClaimResult{{ID: 12, Claimed: lead.Claimed{Seen: mine}}, {ID: 13, Err: refused}})),
		with(s("lead.pool/list", "公海", "the pool"), LeadPool(f, lead.Filter{Source: "展会洽谈", City: l.T("上海", "Shanghai"), Grade: "B"}, list)),
		with(s("lead.pool/group", "群里的公海", "the pool in a group"), LeadPool(group, lead.Filter{}, list)),
		with(s("lead.pool/empty", "没有符合条件的", "nothing fits"), LeadPool(f, lead.Filter{Grade: "A"}, lead.PoolList{Status: status})),
		with(s("lead.pool/none", "公海为空", "an empty pool"), LeadPool(f, lead.Filter{}, lead.PoolList{Status: pool.Status{Standing: pool.Standing{Held: 3}, Hold: 50}})),
		with(s("lead.lost/next", "被别人抢先", "somebody was faster"), LeadLost(f, lead.LostTo{Lead: 12, Winner: lei}, &hidden)),
		with(s("lead.lost/none", "被抢先且没有别的", "somebody was faster, nothing else"), LeadLost(f, lead.LostTo{Lead: 12, Winner: lei}, nil)),
		with(s("lead.lost/owned", "早有负责人", "it has an owner"), LeadLost(f, lead.LostTo{Lead: 12, Winner: stranger.OwnerName, Since: "02-17", Ask: &stranger}, &hidden)),
		with(s("lead.full/own", "持有已满", "hold limit reached"), LeadHoldFull(f, refusedHold(l), full, true)),
		with(s("lead.full/other", "对方持有已满", "the other's hold limit"), LeadHoldFull(f, refusedHold(l), full, false)),
		with(s("lead.mine/list", "我的线索", "my leads"), MyLeads(f, "", long, 50)),
		with(s("lead.mine/team", "成员的线索", "a member's leads"), MyLeads(boss, na, long[:3], 50)),
		with(s("lead.mine/none", "没有线索", "no leads"), MyLeads(f, "", nil, 50)),
		with(s("lead.release/form", "释放表单", "the release form"), LeadReleaseForm(f, mine, reasons, 7)),
		with(s("lead.release/done", "已释放", "released"), LeadReleased(f, released)),
		with(s("lead.release/review", "转入核对", "sent to review"), LeadReleased(f, doubted)),
		with(s("lead.pass/form", "转交表单", "the transfer form"), LeadPassForm(f, mine, []org.User{{ID: 4, Name: lei}})),
		with(s("lead.pass/nobody", "无人可转", "nobody to pass it to"), LeadPassForm(boss, pooled, nil)),
		with(s("lead.pass/done", "已转交", "passed on"), LeadPassed(f, won)),
		with(s("lead.given/new", "收到线索", "a lead was given"), LeadGiven(f, told)),
		with(s("lead.taken/new", "线索被调走", "a lead was taken"), LeadTaken(f, won, lead.Past{At: now, Reason: pool.Assign, From: na, To: lei, By: lei}, now)),
		with(s("lead.new/form", "新线索表单", "the form for a new lead"), LeadForm(f, lead.Info{Company: pooled.Company}, false, sources, "")),
		with(s("lead.new/problem", "填错了", "something is wrong"), LeadForm(f, lead.Info{Company: pooled.Company, Phone: "123"}, true, sources, l.T("电话号码不对", "this is no telephone number"))),
		with(s("lead.exists/stranger", "已存在，别人的", "it exists, somebody else's"), LeadExists(f, stranger)),
		with(s("lead.exists/pool", "已存在，在公海", "it exists, in the pool"), LeadExists(f, free)),
		with(s("lead.similar/ask", "名称相近", "similar names"), LeadSimilar(f, CreateLeadAnyway{Company: l.T("上海华星科技服务", "Huaxing Technology Services"), Phone: "13800138000"}, []lead.DuplicateOf{free, stranger})),
		with(s("lead.card/twin", "名称与另一条相近", "its name is like another's"), twin),
		with(s("lead.collab/asked", "协作申请", "a request to collaborate"), LeadJoinAsked(f, asked)),
		with(s("lead.collab/accepted", "已同意协作", "accepted"), LeadJoinAsked(f, accepted)),
		with(s("lead.collab/declined", "已婉拒协作", "declined"), LeadJoinAsked(f, declined)),
		with(s("lead.collab/ended", "协作申请已结束", "a request that ended with the owner"), LeadJoinAsked(f, ended)),
		with(s("lead.answer/again", "换负责人后待确认", "a new owner decides"), LeadJoinAnswer(f, asked)),
		with(s("lead.answer/ended", "换负责人后结束", "ended under a new owner"), LeadJoinAnswer(f, ended)),
		with(s("lead.answer/pooled", "回公海后结束", "ended in the pool"), LeadJoinAnswer(f, pooledAgain)),
		with(s("lead.answer/accepted", "协作获准", "you may collaborate"), LeadJoinAnswer(f, accepted)),
		with(s("lead.answer/declined", "协作被婉拒", "you may not collaborate"), LeadJoinAnswer(f, declined)),
		with(s("lead.card/graded", "人工评级的线索", "a lead graded by hand"), Lead(boss, graded)),
		with(s("lead.rose/a", "升为 A 级", "risen to grade A"), LeadRose(f, rose)),
		with(s("lead.grade/form", "人工评级表单", "the form for a grade by hand"), LeadGradeForm(boss, graded, 30)),
		with(s("lead.complete/form", "补充资料表单", "the form for completing data"), LeadCompleteForm(f, mine, "")),
		with(s("lead.quality/table", "线索质量", "lead quality"), LeadQuality(l, quality, false, false)),
		with(s("lead.quality/proposal", "月度调整建议", "the monthly proposal"), LeadQuality(l, quality, true, true)),
		with(s("lead.watch/set", "提醒已设置", "a reminder was set"), LeadWatching(f, 12, now.AddDate(0, 0, 7))),
		with(s("lead.watched/free", "到期，可认领", "released, to claim"), LeadWatched(f, free)),
		with(s("lead.watched/embargo", "到期，禁领期内", "released, not to claim yet"), LeadWatched(f, waiting)),
		with(s("lead.watched/kept", "到期，仍有负责人", "still owned"), LeadWatched(f, stranger)),
	}
}

func refusedHold(l crm.Lang) string {
	return pool.CheckHold(crm.KindLead, 50, 50, 1, "").Message(l)
}

func sampleLead(l crm.Lang, id crm.LeadID, company string, g lead.Grade, s lead.Score) lead.Seen {
	return lead.Seen{Lead: lead.Lead{ID: id, Info: lead.Info{Company: company, Contact: l.T("王建国", "Wang Jianguo"), Title: l.T("采购经理", "purchasing manager"), Phone: "13800138000", Email: "007@huaxing.example",
		City: l.T("上海", "Shanghai"), Industry: l.T("制造业", "manufacturing"), Source: "转介绍", Need: l.T("需要 20 台检测设备，年内上线", "needs 20 testing machines within the year"), Budget: l.T("80 万", "800k")},
		Grade: g, Score: s, Status: lead.Open, Pool: pool.DefaultPool, Version: 1}, PoolTitle: crm.Text{Zh: "公海", En: "Public pool"}}
}

// sampleQuality is a month in which B became deals more often than A.
func sampleQuality() lead.Quality {
	list := []lead.Outcome{}
	for i, reached := range []int{8, 20, 5, 1} {
		list = append(list, lead.Outcome{Month: "2026-02", Source: lead.Sources.Default[2*i].Zh, Grade: lead.Grades[i], Tally: lead.Tally{Leads: 30 + 20*i, Reached: reached}})
	}
	scale := lead.DefaultScale()
	scale.Learned = map[string]int{lead.Sources.Default[2].Zh: 24}
	return lead.Quality{Month: "2026-03", Months: 12, Least: 30, Check: lead.CheckGrades(list, 30), Channels: lead.Propose(list, scale, 20), Learned: scale.Learned}
}
