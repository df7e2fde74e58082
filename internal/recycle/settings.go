package recycle

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/rule"
)

// LeadPeriods is the key of the setting of leads, of which the idle days count
// here.
const LeadPeriods = "P-11.leads"

// AccountPeriod is how long an account of one level may lie, in calendar days.
type AccountPeriod struct {
	// IdleDays without valid activity, NoDealDays without a deal; zero: no such bound.
	IdleDays   int `json:"idle_days"`
	NoDealDays int `json:"no_deal_days"`
	// Review accounts are looked at by a manager and never released.
	Review bool `json:"review,omitempty"`
}

// The settings of recycling.
var (
	AccountPeriods = rule.JSON[map[string]AccountPeriod]{Key: "P-11.accounts", Title: crm.Text{Zh: "客户的回收期限（自然日）", En: "when accounts are recycled (calendar days)"},
		Default: map[string]AccountPeriod{"KA": {21, 0, true}, "A": {30, 120, false}, "B": {45, 90, false}, "C": {60, 90, false}},
		Brief:   accountLines,
		Valid: func(m map[string]AccountPeriod) error {
			for _, l := range []string{"KA", "A", "B", "C"} {
				if p, ok := m[l]; !ok || p.IdleDays <= 0 || p.NoDealDays < 0 {
					return crm.Refused("P-11", "等级 KA、A、B、C 都需要大于 0 的天数", "each of the levels KA, A, B and C needs days above zero")
				}
			}
			return nil
		}}
	RepurchaseDays = days("P-11.repurchase_days", "老客户合同到期后多久无新商机回收", "without a new deal after the last contract ended", 90)
	EnquiryDays    = days("P-11.enquiry_days", "仅询价客户多久无商机回收", "without a deal for accounts that only enquired", 180)
	EnquirySources = rule.JSON[[]string]{Key: "P-11.enquiry_sources", Title: crm.Text{Zh: "视为询价的线索来源", En: "sources of leads that are enquiries"}, Default: []string{"主动询价", "官网留言"}}

	Locks       = rule.Int{Key: "P-12.locks", Title: crm.Text{Zh: "每人可锁定的记录", En: "records that one person may lock"}, Unit: crm.Text{Zh: "条", En: "records"}, Default: 10, Min: 0, Max: 1000}
	LockDays    = days("P-12.lock_days", "每条记录最长锁定", "for which one record may be locked", 30)
	ExtendDays  = days("P-13.days", "每次延期", "of one extension", 15)
	ExtendTimes = rule.Int{Key: "P-13.times", Title: crm.Text{Zh: "每条记录可延期次数", En: "extensions of one record"}, Unit: crm.Text{Zh: "次", En: "times"}, Default: 2, Min: 0, Max: 100}
	MaxHold     = days("P-13.max_hold", "未成交时延期后的最长持有", "that a record without a deal may be held with extensions", 180)
	ForwardDays = days("P-13.forward_days", "商机推进后自动延期", "that a deal's step adds, and counts for", 7)
	AnswerDays  = rule.Int{Key: "P-13.answer_days", Title: crm.Text{Zh: "延期申请等待审批时最多多久不回收（0：直到审批）", En: "how long nothing is released while an extension waits (0: until it is decided)"}, Unit: crm.Text{Zh: "个工作日", En: "working days"}, Default: 0, Min: 0, Max: 60}

	FarWarning  = workdays("P-14.far", "较早的释放预警提前", "the early warning", 7)
	FarPeriod   = days("P-14.far_period", "期限达到多少天才有较早预警", "from which a period has an early warning", 30)
	NearWarning = workdays("P-14.near", "第二次释放预警提前", "the second warning", 3)
	LastWarning = workdays("P-14.last", "最后一次释放预警提前", "the last warning", 1)
	WarnAt      = rule.Clock{Key: "P-14.time", Title: crm.Text{Zh: "释放预警时间", En: "when owners are warned"}, Default: "09:00"}
	ReleaseAt   = rule.Clock{Key: "P-15.time", Title: crm.Text{Zh: "自动释放时间", En: "when records are released"}, Default: "10:00"}

	GuardPercent = rule.Int{Key: "P-16.percent", Title: crm.Text{Zh: "一次释放超过全部持有的多少需管理员确认", En: "share of all owned records above which a run asks"}, Unit: crm.Text{Zh: "%", En: "%"}, Default: 10, Min: 0, Max: 100}
	GuardCount   = rule.Int{Key: "P-16.count", Title: crm.Text{Zh: "一次释放超过多少条需管理员确认", En: "records above which a run asks"}, Unit: crm.Text{Zh: "条", En: "records"}, Default: 50, Min: 0, Max: 1_000_000}
	GuardRep     = rule.Int{Key: "P-16.rep_percent", Title: crm.Text{Zh: "一次释放超过某人持有的多少需管理员确认", En: "share of one person's records above which a run asks"}, Unit: crm.Text{Zh: "%", En: "%"}, Default: 20, Min: 0, Max: 100}
	GuardLeast   = rule.Int{Key: "P-16.least", Title: crm.Text{Zh: "至少释放多少条才比较占比", En: "records from which on shares are compared"}, Unit: crm.Text{Zh: "条", En: "records"}, Default: 3, Min: 1, Max: 1000}

	Strikes     = rule.Int{Key: "P-19.owners", Title: crm.Text{Zh: "被多少位负责人回收后进入培育池", En: "owners from whom it was recycled before it goes to the nurture pool"}, Unit: crm.Text{Zh: "位", En: "owners"}, Default: 3, Min: 1, Max: 100}
	NurtureDays = days("P-19.days", "在培育池停留", "in the nurture pool", 60)
	Grace       = workdays("RC-03.grace", "规则变更后多久内不回收", "after a change of rules in which nothing is released", 3)
)

func days(key, zh, en string, n int64) rule.Int {
	return rule.Int{Key: key, Title: crm.Text{Zh: zh, En: "days " + en}, Unit: crm.Text{Zh: "天", En: "days"}, Default: n, Min: 0, Max: 3650}
}

func workdays(key, zh, en string, n int64) rule.Int {
	return rule.Int{Key: key, Title: crm.Text{Zh: zh, En: "working days: " + en}, Unit: crm.Text{Zh: "个工作日", En: "working days"}, Default: n, Min: 0, Max: 250}
}

// Settings are the definitions for the book of rules.
func Settings() []rule.Def {
	out := []rule.Def{AccountPeriods.Def(), EnquirySources.Def(), WarnAt.Def(), ReleaseAt.Def(), Mode.Def()}
	for _, k := range []rule.Int{RepurchaseDays, EnquiryDays, Locks, LockDays, ExtendDays, ExtendTimes, MaxHold, ForwardDays, AnswerDays, FarWarning, FarPeriod,
		NearWarning, LastWarning, GuardPercent, GuardCount, GuardRep, GuardLeast, Strikes, NurtureDays, Grace} {
		out = append(out, k.Def())
	}
	return out
}

// Ruled reports whether a change of the setting moves release days.
func Ruled(key string) bool {
	return slices.Contains([]string{LeadPeriods, AccountPeriods.Key, RepurchaseDays.Key, EnquiryDays.Key, EnquirySources.Key, MaxHold.Key, ForwardDays.Key, Grace.Key, Mode.Key}, key)
}

// termsOf are the rules in force for people of the scopes, at the moment.
func (s *Service) termsOf(ctx context.Context, b *rule.Book, now time.Time, scopes []rule.Scope) Terms {
	n := func(k rule.Int) int { return int(k.Of(ctx, b, scopes...)) }
	t := Terms{Review: map[string]bool{}, ForwardDays: n(ForwardDays), MaxHold: n(MaxHold), AnswerDays: n(AnswerDays), Grace: n(Grace),
		Far: n(FarPeriod), FarAt: n(FarWarning), NearAt: n(NearWarning), LastAt: max(1, n(LastWarning))}
	t.Leads = s.periods(ctx, b, LeadPeriods, "idle", scopes, true, func(raw string) map[string]int {
		var m map[string]struct {
			Days int `json:"idle_days"`
		}
		_ = json.Unmarshal([]byte(raw), &m) // what was stored was checked
		out := map[string]int{}
		for g, p := range m {
			out[g] = p.Days
		}
		return out
	})
	account := func(pick func(AccountPeriod) int) func(string) map[string]int {
		return func(raw string) map[string]int {
			var m map[string]AccountPeriod
			_ = json.Unmarshal([]byte(raw), &m)
			out := map[string]int{}
			for l, p := range m {
				out[l] = pick(p)
			}
			return out
		}
	}
	t.Accounts = s.periods(ctx, b, AccountPeriods.Key, "idle", scopes, false, account(func(p AccountPeriod) int { return p.IdleDays }))
	t.NoDeal = s.periods(ctx, b, AccountPeriods.Key, "deal", scopes, false, account(func(p AccountPeriod) int { return p.NoDealDays }))
	levels, _ := AccountPeriods.Read(ctx, b, scopes...)
	for l, p := range levels {
		t.Review[l] = p.Review
	}
	t.Repurchase, t.Enquiry = single(ctx, b, RepurchaseDays, scopes), single(ctx, b, EnquiryDays, scopes)
	mode, version, since := b.Since(ctx, Mode.Key, sameMode, scopes...)
	if parsed, ok := Mode.Parse(mode); ok {
		mode = parsed
	}
	t.Plan = PlanOf(mode, version, since, now)
	return t
}

// periods reads a setting with one number per grade. A grade's number holds
// since it was last another, so that a change for one grade does not touch the
// clocks of the others.
func (s *Service) periods(ctx context.Context, b *rule.Book, key, part string, scopes []rule.Scope, work bool, decode func(raw string) map[string]int) map[string]Period {
	read := func(raw string) map[string]int { // few values are ever in force
		name := key + " " + part + " " + raw
		if m, ok := s.decoded.Load(name); ok {
			return m.(map[string]int)
		}
		m := decode(raw)
		s.decoded.Store(name, m)
		return m
	}
	raw, version := b.Value(ctx, key, scopes...)
	out := map[string]Period{}
	for g, n := range read(raw) {
		_, _, since := b.Since(ctx, key, func(x, y string) bool { return x == y || read(x)[g] == read(y)[g] }, scopes...)
		out[g] = Period{Days: n, Work: work, Since: since, Version: version}
	}
	return out
}

func single(ctx context.Context, b *rule.Book, k rule.Int, scopes []rule.Scope) Period {
	_, version, since := b.Since(ctx, k.Key, func(x, y string) bool { return x == y }, scopes...)
	return Period{Days: int(k.Of(ctx, b, scopes...)), Since: since, Version: version}
}

// ScopesOf are a person's scopes for settings, the most specific first.
func (s *Service) ScopesOf(ctx context.Context, id crm.UserID) ([]rule.Scope, error) {
	u, err := s.d.People.User(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.scopesOf(ctx, u)
}

// scopesOf are a person's scopes for settings, the most specific first (P-03).
func (s *Service) scopesOf(ctx context.Context, u org.User) ([]rule.Scope, error) {
	out := []rule.Scope{rule.Scope(fmt.Sprintf("user:%d", u.ID))}
	for _, r := range u.Roles {
		out = append(out, rule.Scope("role:"+string(r)))
	}
	var seen []crm.TeamID
	for team := u.Team; team != 0 && !slices.Contains(seen, team); {
		t, err := s.d.People.Team(ctx, team)
		if crm.CodeOf(err) == crm.CodeNotFound {
			break
		}
		if err != nil {
			return out, err
		}
		seen = append(seen, team)
		out = append(out, rule.Scope(fmt.Sprintf("team:%d", team)))
		team = t.Parent
	}
	return out, nil
}
