package assign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/rule"
)

// The settings of AS-03 and AS-04.
var (
	Timers = rule.JSON[map[lead.Grade]int]{Key: "AS-03.minutes", Title: crm.Text{Zh: "派单确认时限（工作分钟，按等级）", En: "working minutes in which an offer is accepted, by grade"},
		Default: map[lead.Grade]int{"A": 15, "B": 60, "C": 240, "D": 240},
		Brief: &rule.Brief[map[lead.Grade]int]{Help: crm.Text{Zh: "每级一行：工作分钟", En: "a line for each grade: working minutes"},
			Write: func(_ crm.Lang, m map[lead.Grade]int) (out [][2]string) {
				for _, g := range lead.Grades {
					out = append(out, [2]string{string(g), strconv.Itoa(m[g])})
				}
				return out
			},
			Read: func(m *map[lead.Grade]int, name string, n []int, _ string) bool {
				if len(n) != 1 || !slices.Contains(lead.Grades, lead.Grade(name)) {
					return false
				}
				if *m == nil {
					*m = map[lead.Grade]int{}
				}
				(*m)[lead.Grade(name)] = n[0]
				return true
			}},
		Valid: func(m map[lead.Grade]int) error {
			for _, g := range lead.Grades {
				if m[g] < 1 || m[g] > 60*24*10 {
					return crm.Refused("AS-03", "等级 A 到 D 都需要 1 到 14400 的分钟数", "each grade from A to D needs 1 to 14400 minutes")
				}
			}
			return nil
		}}
	MaxBounces   = rule.Int{Key: "AS-03.bounces", Title: crm.Text{Zh: "派单退回几次后转经理", En: "offers that come back before a manager is asked"}, Unit: crm.Text{Zh: "次", En: "times"}, Default: 2, Min: 1, Max: 20}
	AutoReassign = rule.Bool{Key: "AS-04.auto_reassign", Title: crm.Text{Zh: "逾期未联系时自动改派", En: "give leads that nobody contacts to somebody else by itself"}}
	ManagerAfter = rule.Int{Key: "AS-04.manager_days", Title: crm.Text{Zh: "首次联系超时多少个工作日后告诉经理", En: "working days after the first contact was due until the manager is told"}, Unit: crm.Text{Zh: "个工作日", En: "working days"}, Default: 1, Min: 1, Max: 30}
	AgainAfter   = rule.Int{Key: "AS-04.reassign_days", Title: crm.Text{Zh: "首次联系超时多少个工作日后建议改派", En: "working days after the first contact was due until it is to be reassigned"}, Unit: crm.Text{Zh: "个工作日", En: "working days"}, Default: 2, Min: 1, Max: 30}
)

// Reason is why somebody declines an offer.
type Reason struct {
	Code string `json:"code"`
	Zh   string `json:"zh"`
	En   string `json:"en"`
	// Text reasons need words of one's own.
	Text bool `json:"text,omitempty"`
}

// Name is the reason's word in the language.
func (r Reason) Name(l crm.Lang) string { return l.T(r.Zh, r.En) }

// Reasons is the list to choose from.
var Reasons = rule.JSON[[]Reason]{Key: "AS-03.reasons", Title: crm.Text{Zh: "婉拒派单的原因", En: "reasons for declining an offer"}, Default: []Reason{
	{Code: "busy", Zh: "手头太忙", En: "too busy"},
	{Code: "away", Zh: "外出不便", En: "on the road"},
	{Code: "region", Zh: "区域不符", En: "not my region"},
	{Code: "product", Zh: "不熟悉产品", En: "not my product"},
	{Code: "conflict", Zh: "与现有客户冲突", En: "conflict with a customer of mine"},
	{Code: "other", Zh: "其他", En: "other", Text: true},
}, Valid: func(list []Reason) error {
	if len(list) == 0 {
		return crm.Invalid("至少需要一个原因", "at least one reason is needed")
	}
	for i, r := range list {
		if r.Code == "" || r.Zh == "" || r.En == "" || slices.ContainsFunc(list[:i], func(x Reason) bool { return x.Code == r.Code }) {
			return crm.Invalid("每个原因需要唯一的代码和中英文名称", "every reason needs a code of its own and both names")
		}
	}
	return nil
}}

// Settings are the definitions for the book of rules.
func Settings() []rule.Def {
	return []rule.Def{Rules.Def(), MonthlyCap.Def(), MaxOverdue.Def(), Timers.Def(), MaxBounces.Def(), Reasons.Def(), ManagerAfter.Def(), AgainAfter.Def(), AutoReassign.Def()}
}

// ParseReason reads a reason and the words after it; without one it is refused
// with the list (AS-03).
func ParseReason(list []Reason, text string) (Reason, string, error) {
	t := strings.TrimSpace(text)
	for _, r := range list {
		for _, word := range []string{r.Zh, r.En, r.Code} {
			if len(t) < len(word) || !strings.EqualFold(t[:len(word)], word) {
				continue
			}
			note := strings.TrimSpace(strings.TrimLeft(t[len(word):], " :：,，+-"))
			return r, note, CheckReason(r, note)
		}
	}
	zh, en := make([]string, len(list)), make([]string, len(list))
	for i, r := range list {
		zh[i], en[i] = r.Zh, r.En
	}
	return Reason{}, "", crm.Refused("AS-03", "婉拒派单需要写原因", "declining an offer needs a reason").
		WithNext("请从中选择："+strings.Join(zh, "、"), "choose one of: "+strings.Join(en, ", "))
}

// CheckReason refuses a reason without the words that it needs.
func CheckReason(r Reason, note string) error {
	if r.Text && len([]rune(note)) < 2 {
		return crm.Refused("AS-03", "选择“"+r.Zh+"”时请写明原因", "with “"+r.En+"” please say why")
	}
	return nil
}

// Deadline is the end of an offer that is made now. The time runs during
// working hours only: who went home is not asked at night.
func Deadline(g lead.Grade, minutes map[lead.Grade]int, cal *calendar.Calendar, now time.Time) time.Time {
	m, ok := minutes[g]
	if !ok {
		m = minutes["D"]
	}
	return cal.AddWorkHours(now, time.Duration(m)*time.Minute)
}

// Stage is how far a lead without contact has come (AS-04).
type Stage int

// The stages.
const (
	InTime  Stage = iota
	TellRep       // the first contact is late: the owner is told
	TellBoth
	Again // it is to be given to somebody else
)

// Name is the stage in words.
func (s Stage) Name(l crm.Lang) string {
	switch s {
	case TellRep:
		return l.T("首次联系已超时", "the first contact is late")
	case TellBoth:
		return l.T("仍未联系，已告知经理", "still not contacted, the manager knows")
	case Again:
		return l.T("建议改派", "to be reassigned")
	}
	return l.T("未到期", "in time")
}

// StageOf is the stage of a lead whose first contact was due at the moment. A
// later stage comes so many working days after the deadline's day, at the
// deadline's time of day. until is when the next stage comes; zero: none does.
func StageOf(due time.Time, cal *calendar.Calendar, manager, again int, now time.Time) (st Stage, until time.Time) {
	if due.IsZero() {
		return InTime, time.Time{}
	}
	after := func(n int) time.Time {
		d := cal.DayOf(due)
		return cal.AddWorkdays(d, n).Time(cal.Zone()).Add(due.Sub(d.Time(cal.Zone())))
	}
	begins := []time.Time{due, after(manager), after(again)}
	st = Stage(len(begins))
	for st > InTime && now.Before(begins[st-1]) {
		st--
		until = begins[st]
	}
	return st, until
}

// AfterLeave is when a first contact is due that was due at the moment, with the
// owner's leave: its working hours count after they are back.
func AfterLeave(due, owned time.Time, u org.User, cal *calendar.Calendar) time.Time {
	if due.IsZero() || u.LeaveFrom == "" || u.LeaveTo == "" {
		return due
	}
	from, back := u.LeaveFrom.Time(cal.Zone()), u.LeaveTo.AddDays(1).Time(cal.Zone())
	if from.Before(owned) {
		from = owned
	}
	if !from.Before(due) || !back.After(from) {
		return due // it began later, or was over when they got the lead
	}
	return cal.AddWorkHours(back, cal.WorkHoursBetween(from, due))
}

// minutesText is a number of working minutes in words.
func minutesText(l crm.Lang, m int) string {
	if m >= 120 && m%60 == 0 {
		return l.T(fmt.Sprintf("%d 工作小时", m/60), fmt.Sprintf("%d working hours", m/60))
	}
	return l.T(fmt.Sprintf("%d 分钟", m), fmt.Sprintf("%d minutes", m))
}
