package goal

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/metric"
	"crmbot/internal/org"
	"crmbot/internal/rule"
)

// Profile is what sort of seller somebody is: each has its own goals.
type Profile string

// The profiles of G-01.
const (
	Field Profile = "field" // visits customers
	Phone Profile = "phone" // works by telephone
)

// Name is the profile's word in the language.
func (p Profile) Name(l crm.Lang) string {
	if p == Phone {
		return l.T("电话销售", "phone sales")
	}
	return l.T("外勤销售", "field sales")
}

// The settings' keys.
const (
	KeyProfile = "G-01.profile"
	keyField   = "G-01.field"
	keyPhone   = "G-01.phone"
)

var fieldGoals = rule.JSON[[]Line]{
	Key: keyField, Title: crm.Text{Zh: "外勤销售的每日目标", En: "daily goals of field sales"},
	Default: []Line{
		{Metric: "visit.valid", Pass: 2, Good: 3, Excellent: 4},
		{Metric: "call.valid", Pass: 5, Good: 8, Excellent: 12},
	},
}

var phoneGoals = rule.JSON[[]Line]{
	Key: keyPhone, Title: crm.Text{Zh: "电话销售的每日目标", En: "daily goals of phone sales"},
	Default: []Line{
		{Metric: "call.valid", Pass: 25, Good: 40, Excellent: 60},
		{Metric: "lead.new", Pass: 3, Good: 5, Excellent: 8},
	},
}

// Settings are the goals' settings: the profile of a team or person, and the
// goals of each profile. Goals name metrics of the registry.
func Settings(reg *metric.Registry) []rule.Def {
	field, phone := fieldGoals, phoneGoals
	field.Valid = func(ls []Line) error { return Check(reg, ls) }
	phone.Valid = field.Valid
	return []rule.Def{
		{Key: KeyProfile, Title: crm.Text{Zh: "销售类型（外勤 field / 电话 phone）", En: "kind of seller (field or phone)"}, Default: string(Field), Check: checkProfile},
		field.Def(), phone.Def(),
	}
}

func checkProfile(s string) error {
	if _, ok := parseProfile(s); ok {
		return nil
	}
	return crm.Invalid(KeyProfile+" 需要 field（外勤）或 phone（电话）", KeyProfile+" takes field or phone")
}

func parseProfile(s string) (Profile, bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "field", "外勤":
		return Field, true
	case "phone", "电话":
		return Phone, true
	}
	return "", false
}

// Check refuses goals that name unknown metrics, name one twice, or whose
// lines do not rise.
func Check(reg *metric.Registry, ls []Line) error {
	seen := map[string]bool{}
	for _, l := range ls {
		d, ok := reg.Get(l.Metric)
		switch {
		case !ok || d.Deprecated != "":
			return crm.Invalid("目标里的指标不存在："+l.Metric, "a goal names an unknown metric: "+l.Metric).WithNext("发送 /指标 查看全部指标", "send /metrics for all metrics")
		case seen[l.Metric]:
			return crm.Invalid("指标 "+d.Name.Zh+" 的目标写了两次", "the goal for "+d.Name.En+" is given twice")
		case d.LowerIsBetter:
			return crm.Invalid(d.Name.Zh+" 越低越好，不能作为过程目标", d.Name.En+" is better when lower and cannot be a process goal")
		case !(l.Pass > 0) || l.Good < l.Pass || l.Excellent < l.Good || l.Excellent > 1e12:
			return crm.Invalid(fmt.Sprintf("%s 的目标要满足 0 < 及格 ≤ 良好 ≤ 优秀，收到 %g/%g/%g", d.Name.Zh, l.Pass, l.Good, l.Excellent),
				fmt.Sprintf("the goal for %s needs 0 < pass ≤ good ≤ excellent, got %g/%g/%g", d.Name.En, l.Pass, l.Good, l.Excellent))
		case l.Weight < 0 || l.Weight > 100:
			return crm.Invalid("权重要在 1 到 100 之间", "a weight is 1 to 100")
		}
		seen[l.Metric] = true
	}
	return nil
}

// Book answers what somebody's goals are.
type Book struct {
	rules *rule.Book
	reg   *metric.Registry
	cal   *calendar.Calendar
}

// NewBook makes a book on the settings.
func NewBook(rules *rule.Book, reg *metric.Registry, cal *calendar.Calendar) *Book {
	return &Book{rules: rules, reg: reg, cal: cal}
}

// Scopes are where a person's settings are looked up, the most specific first.
func Scopes(u org.User) []rule.Scope {
	s := []rule.Scope{rule.Scope(fmt.Sprintf("user:%d", u.ID))}
	if u.Team != 0 {
		s = append(s, rule.Scope(fmt.Sprintf("team:%d", u.Team)))
	}
	for _, r := range u.Roles {
		s = append(s, rule.Scope("role:"+string(r)))
	}
	return s
}

// Profile is what sort of seller the person is.
func (b *Book) Profile(ctx context.Context, scopes ...rule.Scope) Profile {
	v, _ := b.rules.Value(ctx, KeyProfile, scopes...)
	p, ok := parseProfile(v)
	if !ok {
		return Field
	}
	return p
}

// Daily are the goals of one working day in the scopes.
func (b *Book) Daily(ctx context.Context, scopes ...rule.Scope) []Line {
	return b.Lines(ctx, b.Profile(ctx, scopes...), scopes...)
}

// Key is the setting that holds the goals of a profile.
func (p Profile) Key() string {
	if p == Phone {
		return keyPhone
	}
	return keyField
}

// For are a person's goals over a period: the daily ones times the working
// days on which the person was not on leave (G-02). Without such a day there
// are none, and the person is exempt.
func (b *Book) For(ctx context.Context, u org.User, p crm.Period) []Line {
	days := WorkdaysOf(b.cal, u, p)
	if days == 0 {
		return nil
	}
	daily := b.Daily(ctx, Scopes(u)...)
	out := make([]Line, 0, len(daily))
	for _, l := range daily {
		d, ok := b.reg.Get(l.Metric)
		if ok {
			out = append(out, l.Scaled(days, d.Additive()))
		}
	}
	return out
}

// WorkdaysOf counts the working days of the period on which the person was not
// on leave.
func WorkdaysOf(cal *calendar.Calendar, u org.User, p crm.Period) int {
	n := cal.Workdays(p)
	if u.LeaveFrom == "" {
		return n
	}
	from, to := max(p.From, u.LeaveFrom), p.To
	if u.LeaveTo != "" {
		to = min(to, u.LeaveTo.AddDays(1))
	}
	if from < to {
		n -= cal.Workdays(crm.Period{From: from, To: to})
	}
	return max(n, 0)
}

// Lines are the daily goals of a profile in the scopes, then organisation-wide.
func (b *Book) Lines(ctx context.Context, p Profile, scopes ...rule.Scope) []Line {
	setting := fieldGoals
	if p == Phone {
		setting = phoneGoals
	}
	ls, _ := setting.Of(ctx, b.rules, scopes...)
	return ls
}

// Encode writes goals as their setting's value.
func Encode(ls []Line) (string, error) {
	if ls == nil {
		ls = []Line{}
	}
	raw, err := json.Marshal(ls)
	return string(raw), err
}
