package cards

import (
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/recycle"
	"crmbot/internal/rule"
)

func ruleSamples(l crm.Lang) []Sample {
	zone := time.FixedZone("", 8*3600)
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, zone)
	d := rule.Int{Key: "P-04.daily", Title: crm.Text{Zh: "每个工作日可认领数", En: "claims per working day"}, Unit: crm.Text{Zh: "条", En: "leads"}, Default: 20, Max: 200}.Def()
	periods := lead.Periods.Def()
	history := []rule.Version{{ID: 9, Key: d.Key, Value: "30", Scope: "team:3", Author: 1, Approver: 2, Reason: l.T("展会", "trade fair"), CreatedAt: now, EffectiveAt: now},
		{ID: 7, Key: d.Key, Value: "25", Author: 1, Reason: l.T("旺季", "busy season"), CreatedAt: now, EffectiveAt: now.Add(14 * time.Hour)},
		{ID: 3, Key: d.Key, Value: "15", Author: 1, CreatedAt: now.AddDate(0, 0, -30), EffectiveAt: now.AddDate(0, 0, -29), RolledBackAt: now.AddDate(0, 0, -28)}}
	name := func(id crm.UserID) string {
		if id == 2 {
			return l.T("周倩", "Zhou Qian")
		}
		return l.T("管理员", "Admin")
	}
	scope := func(s rule.Scope) string {
		if s == "" {
			return l.T("全公司", "the whole company")
		}
		return l.T("团队 华东", "team East")
	}
	request := rule.Request{ID: 4, Key: d.Key, Scope: "team:3", Value: "40", Author: 1, Reason: l.T("展会", "trade fair"), State: rule.Waiting, AskedAt: now, ExpiresAt: now.Add(24 * time.Hour)}
	v := RuleView{Def: d, Value: "20", InForce: history[:1], Planned: history[1:2], History: history, Waiting: []rule.Request{request}, Next: "2026-03-03", Now: now, Zone: zone, MayChange: true, Viewer: 1,
		Scopes: []card.Option{{Value: "team:3", Label: l.T("团队 华东", "team East")}, {Value: "role:rep", Label: l.T("角色 销售", "role sales rep")}}, Name: name, ScopeName: scope}
	reader, second := v, v
	reader.MayChange, reader.Waiting, reader.History = false, nil, nil
	second.Viewer = 2
	approved, lapsed := request, request
	approved.State, approved.By, approved.DecidedAt, approved.Version = rule.Approved, 2, now.Add(time.Hour), 9
	lapsed.State, lapsed.DecidedAt = rule.Lapsed, now.Add(25*time.Hour)
	told, words := second, request
	told.Def, words.Key, words.Value = periods, periods.Key, "[1]"
	told.Say = func(value string) string {
		if value == "[]" {
			return l.T("没有规则", "no rules")
		}
		return l.T("1. 华东展会：来源=展会洽谈 → 轮流 华东", "1. Fairs: source=fair → turn East")
	}
	structure := v
	structure.Say = RuleWords(l, periods.Key)
	structure.Def, structure.Value, structure.InForce, structure.Planned, structure.History, structure.Waiting, structure.Tried = periods, periods.Default, nil, nil, nil, nil, true
	changes := []rule.Change{{At: now.Add(2 * time.Hour), Actor: 1, Approver: 2, Key: d.Key, Scope: "team:3", Version: 9, Before: "20", After: "30", Effective: now.Add(2 * time.Hour)},
		{At: now.Add(time.Hour), Actor: 1, Key: d.Key, Version: 7, TakenBack: true, Before: "25", After: "20", Effective: now.Add(14 * time.Hour)},
		{At: now, Actor: 1, Key: d.Key, Scope: "team:3", Version: 7, Before: "20", After: "25", Effective: now.Add(14 * time.Hour)}}
	none := RuleTry{RuleChange: RuleChange{Key: d.Key, Value: "25", Reason: l.T("旺季", "busy season"), Day: "2026-03-03"}, Proof: "1f2e3d4c", Before: "20", Line: l.T("P-04.daily 25 生效=2026-03-03", "P-04.daily 25 from=2026-03-03"), Effects: RuleNoEffect(l)}
	over := none
	over.Urgent, over.Day, over.Reason = true, "", ""
	over.Effects = RuleOverLimit(l, crm.Text{Zh: "今天已认领", En: "claimed today"}, []RuleOver{{Name: l.T("李娜", "Li Na"), Have: 31, Allowed: 25}}, 1)
	releases, grades := none, none
	releases.Key, releases.List = periods.Key, true
	releases.Value = `{"A":{"contact_hours":4,"idle_days":2},"B":{"contact_hours":9,"idle_days":5},"C":{"contact_hours":18,"idle_days":10},"D":{"contact_hours":27,"idle_days":15}}`
	releases.Effects = RuleReleases(l, recycle.Preview{Looked: 120, Affected: 3, Sooner: 2, Later: 1, Earliest: "2026-03-06", Safe: "2026-03-06",
		Owners:  []recycle.AffectedOwner{{Name: l.T("李娜", "Li Na"), Sooner: 2, Earliest: "2026-03-06"}, {Name: l.T("张伟", "Zhang Wei"), Later: 1}},
		Records: []recycle.Affected{{Ref: crm.LeadID(12).Ref(), Name: l.T("华星科技", "Huaxing"), OwnerName: l.T("李娜", "Li Na"), Before: "2026-03-10", After: "2026-03-06"}}})
	grades.Key, grades.Effects = "L-02.lines", RuleGrades(l, lead.GradePreview{Looked: 20000, More: true, Up: 3, Down: 40, Scores: 0, Moves: map[string]int{"BA": 3, "BC": 40}})
	structured := v
	structured.Def, structured.Say = periods, RuleWords(l, periods.Key)
	return []Sample{
		{"rule/try-releases", crm.Text{Zh: "试算，释放日变化", En: "tried out, release days move"}, RuleTried(l, releases, structured)},
		{"rule/try-grades", crm.Text{Zh: "试算，评级变化", En: "tried out, grades change"}, RuleTried(l, grades, v)},
		{"rule/changes", crm.Text{Zh: "规则变更记录", En: "the audit trail of rules"}, RuleChanges(l, d.Key, changes, func(string) (rule.Def, bool) { return d, true }, name, scope, zone)},
		{"rule/list", crm.Text{Zh: "全部设置", En: "all settings"}, RuleList(l, "", []RuleLine{{d, "20", false}, {d, "25", true}}, 12)},
		{"rule/card", crm.Text{Zh: "一个设置，管理员", En: "one setting, administrator"}, RuleCard(l, v)},
		{"rule/structure", crm.Text{Zh: "一个 JSON 设置，管理员", En: "one structure, administrator"}, RuleCard(l, structure)},
		{"rule/reader", crm.Text{Zh: "一个设置，其他人", En: "one setting, everybody else"}, RuleCard(l, reader)},
		{"rule/asked", crm.Text{Zh: "加急修改，另一位管理员", En: "an urgent change, to another administrator"}, RuleAsked(l, request, "20", second)},
		{"rule/asked-words", crm.Text{Zh: "加急修改，用文字说明的结构", En: "an urgent change of a structure in words"}, RuleAsked(l, words, "[]", told)},
		{"rule/mine", crm.Text{Zh: "加急修改，提交人", En: "an urgent change, to its author"}, RuleAsked(l, request, "20", v)},
		{"rule/approved", crm.Text{Zh: "加急修改，已同意", En: "an urgent change that was agreed to"}, RuleAsked(l, approved, "20", v)},
		{"rule/lapsed", crm.Text{Zh: "加急修改，已失效", En: "an urgent change that lapsed"}, RuleAsked(l, lapsed, "20", v)},
		{"rule/try-none", crm.Text{Zh: "试算，无记录受影响", En: "tried out, no record affected"}, RuleTried(l, none, v)},
		{"rule/try-over", crm.Text{Zh: "试算，加急，超过新上限的人", En: "tried out, urgent, people over the limit"}, RuleTried(l, over, v)},
	}
}
