package cards

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

// assignSamples are the cards about distribution in every state.
func assignSamples(l crm.Lang) []Sample {
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 3, 3, 10, 0, 0, 0, zone)
	f := LeadFrame{Lang: l, Now: now, Zone: zone, Rep: true}
	boss := LeadFrame{Lang: l, Now: now, Zone: zone, Supervisor: true}
	names := map[crm.UserID]string{3: l.T("李娜", "Li Na"), 4: l.T("张伟", "Zhang Wei"), 9: l.T("王磊", "Wang Lei")}
	n := AssignNames{
		Person: func(id crm.UserID) string { return names[id] },
		Pool:   func(crm.PoolID) string { return pool.Pool{}.Title(l) },
		Steps: func(steps []assign.Step) string {
			parts := make([]string, len(steps))
			for i, s := range steps {
				parts[i] = s.Method.Name(l)
				if len(s.Teams) > 0 {
					parts[i] += " " + l.T("华东", "East")
				}
				if s.Most > 0 {
					parts[i] += l.T(fmt.Sprintf("、%d人", s.Most), fmt.Sprintf(", %d people", s.Most))
				}
			}
			return strings.Join(parts, " > ")
		},
	}
	n.Part = func(r assign.Rule, key string) string {
		switch key {
		case assign.KeySource:
			return strings.Join(r.When.Sources, l.T("、", ", "))
		case assign.KeyGrade:
			if len(r.When.Grades) > 0 {
				return "A" + l.T("、", ", ") + "B"
			}
		case assign.KeySteps:
			return n.Steps(r.Steps)
		}
		return ""
	}
	free := sampleLead(l, 12, l.T("上海华星科技有限公司", "Huaxing Technology Shanghai"), "B", lead.Score{Source: 30, Complete: 25})
	masked := free
	masked.Lead, masked.Masked = free.Lead.Masked(func(string) bool { return false }), true
	mine := free
	mine.Owner, mine.OwnerName, mine.Mine, mine.OwnedAt = 3, names[3], true, now
	mine.Due = lead.Due{Contact: now.Add(8 * time.Hour), Release: "2026-03-10", Left: 5}
	taken := mine
	taken.Mine, taken.Manages = false, true
	other := free.Lead
	other.ID, other.Company, other.Grade, other.Owner = 13, l.T("苏州明月", "Mingyue Suzhou"), "C", 4

	rule := assign.Rule{ID: 2, Name: l.T("华东展会", "Fairs East"), When: assign.Condition{Sources: []string{l.T("展会洽谈", "trade fair talk")}, Grades: []lead.Grade{"A", "B"}},
		Steps: []assign.Step{{Method: assign.Bid, Teams: []crm.TeamID{1}, Most: 2}, {Method: assign.Claim}}}
	off := assign.Rule{ID: 3, Name: l.T("其余", "Others"), Off: true, Steps: []assign.Step{{Method: assign.Turn}}}
	run := assign.Run{Lead: 12, Rule: assign.RuleName{ID: 2, Name: rule.Name, Version: 7}, Cause: assign.New, Result: assign.ToPerson, To: 3,
		Why: assign.Why{Method: assign.Weighted, Rivals: 4, Received: 1, Quota: 3, Weight: 2}}
	turn := run
	turn.Rule, turn.Why = assign.RuleName{Version: 7}, assign.Why{Method: assign.Turn, Rivals: 3, Last: now.Add(-26 * time.Hour), Bounces: 1}
	again := run
	again.Cause = assign.Reassign
	offer := assign.Shown{Offer: assign.Offer{ID: 5, Run: 1, Lead: 12, User: 3, Grade: "B", State: assign.OfferOpen, Expires: now.Add(time.Hour), CreatedAt: now}, Seen: masked, Run: run}
	state := func(s assign.OfferState, reason, note string) assign.Shown {
		o := offer
		o.State, o.Reason, o.Note = s, reason, note
		return o
	}
	reasons := assign.Reasons.Default
	asked := []assign.Offer{{User: 3, State: assign.OfferDeclined, Reason: "other", Note: l.T("在外地参展", "at a fair"), CreatedAt: now.Add(-2 * time.Hour)}, {User: 4, State: assign.OfferExpired, CreatedAt: now.Add(-time.Hour)}}
	decision := assign.Decision{Seen: free, Run: run, Asked: asked, Reasons: reasons, People: []org.User{{ID: 3, Name: names[3]}, {ID: 4, Name: names[4]}}}
	nobody, decided := decision, decision
	nobody.People, nobody.Asked = nil, nil
	decided.Seen = taken

	refused := crm.Refused("P-03", "张伟持有的线索已达上限：50/50", "Zhang Wei holds 50 of at most 50 open leads")
	given := assign.Given{Batch: 8, Until: now.Add(10 * time.Minute), Items: []assign.Item{{ID: 12, Name: free.Company, Grade: "B", To: 3}, {ID: 13, Name: other.Company, Grade: "C", Err: refused},
		{ID: 14, Name: l.T("无锡清风", "Qingfeng Wuxi"), Grade: "A", To: 4, Until: now.Add(15 * time.Minute)}, {ID: 15, Name: l.T("宁波海蓝", "Hailan Ningbo"), Grade: "D", Later: now.Add(20 * time.Hour)},
		{ID: 16, Name: l.T("杭州大江", "Dajiang Hangzhou"), Grade: "D", Result: assign.ToPool}}}
	var many []lead.Lead
	var ids []crm.LeadID
	for i := range 7 {
		x := other
		x.ID = crm.LeadID(20 + i)
		many, ids = append(many, x), append(ids, x.ID)
	}
	late := []assign.LateLead{{Lead: mine.Lead, Stage: assign.Again, Due: now.Add(-60 * time.Hour)}, {Lead: other, Stage: assign.TellBoth, Due: now.Add(-30 * time.Hour)}}

	pools := []pool.Pool{{ID: 1, Kind: crm.KindLead}}
	book := assign.Book{Rules: []assign.Rule{rule, off}, Ways: []assign.Way{{Pool: 1, Steps: []assign.Step{{Method: assign.Weighted}}}}}
	edition := assign.Edition{Now: book, Version: 7, Next: book, NextVersion: 9, From: time.Date(2026, 3, 4, 0, 0, 0, 0, zone)}
	trial := assign.Trial{Changed: true, Leads: []assign.Replayed{{Lead: free.Lead, Now: assign.Where{Rule: run.Rule, Method: assign.Weighted, To: 3}, Then: assign.Where{Rule: run.Rule, Method: assign.Bid, To: 4}},
		{Lead: other, Then: assign.Where{Rule: run.Rule, Method: assign.Claim}}, {Lead: many[0]}}}
	same := trial
	same.Changed = false
	part := trial
	part.Hidden = 4
	draft := assign.Draft{Change: assign.Change{Text: l.T("2 等级=A、B", "2 grade=A, B"), Do: "set", Rule: 2}, Rule: rule, Seen: 7, From: edition.From, Trial: trial}
	urgent := draft
	urgent.Change.Urgent = true

	days := []crm.Day{"2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08", "2026-03-09"}
	on := assign.Standing{User: org.User{ID: 3, Name: names[3]}, Profile: assign.Profile{User: 3, Weight: 2}, Cap: 60, Candidate: assign.Candidate{User: 3, Weight: 2, Quota: 3, Received: 1, Held: 12, Hold: 50, Overdue: 1},
		Duty: map[crm.Day]bool{days[0]: true, days[1]: true, days[2]: true, days[3]: true, days[6]: true}}
	paused := on
	paused.User, paused.Profile, paused.Against = org.User{ID: 4, Name: names[4]}, assign.Profile{User: 4, Off: true, Note: l.T("下午培训", "training"), Days: []int{1, 3}}, assign.BlockOff
	full := on
	full.Against = assign.BlockQuota

	s := func(name, zh, en string, c card.Card) Sample {
		return Sample{Name: "assign." + name, Title: crm.Text{Zh: zh, En: en}, Card: c}
	}
	return []Sample{
		s("offer/open", "派单", "an offer", AssignOffer(f, offer, reasons)),
		s("offer/accepted", "已接受的派单", "an accepted offer", AssignOffer(f, state(assign.OfferAccepted, "", ""), reasons)),
		s("offer/declined", "已婉拒的派单", "a declined offer", AssignOffer(f, state(assign.OfferDeclined, "other", asked[0].Note), reasons)),
		s("offer/expired", "超时的派单", "an offer that ran out", AssignOffer(f, state(assign.OfferExpired, "", ""), reasons)),
		s("offer/void", "作废的派单", "a void offer", AssignOffer(f, state(assign.OfferVoid, "", ""), reasons)),
		s("accepted/new", "接受成功", "accepted", AssignAccepted(f, mine)),
		s("given/weighted", "按权重分到", "given by weights", AssignGiven(f, mine, run, true)),
		s("given/turn", "轮流分到", "given by turns", AssignGiven(f, mine, turn, true)),
		s("given/again", "自动改派", "reassigned by itself", AssignGiven(f, mine, again, true)),
		s("manual/asked", "没有人接，经理决定", "nobody took it, a manager decides", AssignManual(boss, decision, n)),
		s("manual/nobody", "经理没有可选的人", "a manager without anybody", AssignManual(boss, nobody, n)),
		s("manual/done", "经理已分配", "a manager has decided", AssignManual(boss, decided, n)),
		s("claim/new", "公海有新线索", "new leads in the pool", AssignClaim(f, pools[0].Title(l), lead.PoolList{Leads: []lead.Seen{masked}})),
		s("claim/group", "群里的新线索", "new leads told to a group", AssignClaim(LeadFrame{Lang: l, Now: now, Zone: zone, Group: true}, pools[0].Title(l), lead.PoolList{Leads: []lead.Seen{masked}, More: true})),
		s("unplaced/some", "没有人可以接收", "nobody could take them", AssignUnplaced(l, "2026-03-03", map[string]int{pools[0].Title(l): 12})),
		s("unplaced/none", "都有人跟进了", "all are followed up", AssignUnplaced(l, "2026-03-03", nil)),
		s("confirm/person", "确认批量分配", "a batch to confirm", AssignConfirm(boss, ids, 4, names[4], assign.Room{Leads: many, Held: 46, Hold: 50}, l.T("/分配 公海 7个 给 张伟 确认", "/assign pool 7 to Zhang Wei confirm"))),
		s("confirm/rules", "确认按规则分配", "a batch by the rules to confirm", AssignConfirm(boss, ids, 0, "", assign.Room{Leads: many, Plans: map[string]int{rule.Name: 5, "": 1, "*": 1}}, l.T("/分配 公海 7个 按规则 确认", "/assign pool 7 rules confirm"))),
		s("confirm/none", "没有可分配的", "nothing to assign", AssignConfirm(boss, nil, 4, names[4], assign.Room{Held: 1, Hold: 50}, l.T("/分配 公海 给 张伟 确认", "/assign pool to Zhang Wei confirm"))),
		s("result/some", "批量分配结果", "the result of a batch", AssignResult(boss, given, n)),
		s("received/new", "一批线索分到", "a batch was received", AssignReceived(f, names[9], []lead.Lead{mine.Lead, other}, 3)),
		s("undone/batch", "一批线索被撤销", "a batch was taken back", AssignUndone(f, names[9], slices.Repeat(ids, 6))),
		s("late/own", "首次联系超时", "late first contacts", AssignLate(f, late)),
		s("late/none", "没有超时", "nothing is late", AssignLate(f, nil)),
		s("teamlate/some", "团队未联系", "a team's leads without contact", AssignTeamLate(boss, late, n)),
		s("teamlate/none", "团队都已联系", "a team contacted all", AssignTeamLate(boss, nil, n)),
		s("rules/list", "分配规则", "the rules", AssignRules(l, edition, pools, n, zone, true)),
		s("rules/reader", "分配规则，经理", "the rules for a manager", AssignRules(l, assign.Edition{Now: book, Version: 7}, pools, n, zone, false)),
		s("rules/none", "还没有规则", "no rules yet", AssignRules(l, assign.Edition{}, pools, n, zone, true)),
		s("rule/form", "规则表单", "the form of a rule", AssignRuleForm(l, rule, lead.Sources.Default, pools, n, "")),
		s("rule/new", "新规则表单", "the form of a new rule", AssignRuleForm(l, assign.Rule{}, lead.Sources.Default, pools, n, l.T("规则需要名称", "a rule needs a name"))),
		s("draft/change", "规则试算", "a change tried out", AssignDraft(f, draft, n, true)),
		s("draft/urgent", "加急规则试算", "an urgent change tried out", AssignDraft(f, urgent, n, true)),
		s("trial/now", "现行规则试算", "the rules in force tried out", AssignTrial(f, same, n)),
		s("trial/part", "只看得到一部分的试算", "a dry run for somebody who sees a part", AssignTrial(f, part, n)),
		s("trial/hidden", "试算的线索都看不到", "a dry run of leads of others", AssignTrial(f, assign.Trial{Hidden: 4}, n)),
		s("trial/none", "没有线索可试", "nothing to try it on", AssignTrial(f, assign.Trial{}, n)),
		s("duty/on", "接单开", "takes leads", AssignDuty(f, on, []assign.Offer{offer.Offer})),
		s("duty/full", "今天已满", "enough for today", AssignDuty(f, full, nil)),
		s("duty/off", "接单关", "takes none", AssignDuty(f, paused, nil)),
		s("roster/team", "值班表", "a roster", AssignRoster(l, []assign.Standing{on, paused}, days)),
		s("roster/none", "没有销售", "nobody to be on duty", AssignRoster(l, nil, days)),
	}
}
