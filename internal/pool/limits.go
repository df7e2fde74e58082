package pool

import (
	"fmt"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// The settings of ownership, by the rule that they belong to.
var (
	// HoldLeads is the hold limit of leads; other kinds bring theirs with Deps.Holds.
	HoldLeads = rule.Int{Key: "P-03.leads", Title: crm.Text{Zh: "每人持有线索上限", En: "leads held per person, at most"}, Unit: crm.Text{Zh: "条", En: "leads"}, Default: 50, Min: 0, Max: 100000}

	// DealtCount lets accounts that have bought count for the hold limit too.
	DealtCount = rule.Bool{Key: "P-03.deal_counts", Title: crm.Text{Zh: "已成交客户也计入持有上限", En: "accounts that have bought count for the hold limit too"}}

	QuotaDaily    = rule.Int{Key: "P-04.daily", Title: crm.Text{Zh: "每个工作日可认领数", En: "claims per working day"}, Unit: crm.Text{Zh: "条", En: "claims"}, Default: 20, Min: 0, Max: 100000}
	QuotaOffday   = rule.Int{Key: "P-04.offday", Title: crm.Text{Zh: "公海允许时，非工作日可认领数", En: "claims on a day off, where the pool allows it"}, Unit: crm.Text{Zh: "条", En: "claims"}, Default: 5, Min: 0, Max: 100000}
	Burst         = rule.Int{Key: "P-04.burst", Title: crm.Text{Zh: "短时间内可认领数", En: "claims within the burst window"}, Unit: crm.Text{Zh: "条", En: "claims"}, Default: 5, Min: 1, Max: 100000}
	BurstMinutes  = rule.Int{Key: "P-04.burst_minutes", Title: crm.Text{Zh: "短时间的长度", En: "length of the burst window"}, Unit: crm.Text{Zh: "分钟", En: "minutes"}, Default: 10, Min: 1, Max: 1440}
	RefundMinutes = rule.Int{Key: "P-04.refund_minutes", Title: crm.Text{Zh: "认领后多久内释放可退回额度", En: "a release this soon after the claim refunds it"}, Unit: crm.Text{Zh: "分钟", En: "minutes"}, Default: 10, Min: 0, Max: 1440}
	RefundDaily   = rule.Int{Key: "P-04.refunds", Title: crm.Text{Zh: "每天可退回次数", En: "refunds per day"}, Unit: crm.Text{Zh: "次", En: "times"}, Default: 3, Min: 0, Max: 1000}

	CoolAuto      = rule.Int{Key: "P-06.auto_days", Title: crm.Text{Zh: "自动回收后的冷却期", En: "cool-down after automatic recycling"}, Unit: crm.Text{Zh: "天", En: "days"}, Default: 30, Min: 0, Max: 3650}
	CoolVoluntary = rule.Int{Key: "P-06.voluntary_days", Title: crm.Text{Zh: "主动释放后的冷却期", En: "cool-down after one's own release"}, Unit: crm.Text{Zh: "天", En: "days"}, Default: 7, Min: 0, Max: 3650}
	CoolManager   = rule.Int{Key: "P-06.manager_days", Title: crm.Text{Zh: "被经理释放后的冷却期", En: "cool-down after a manager's release"}, Unit: crm.Text{Zh: "天", En: "days"}, Default: 30, Min: 0, Max: 3650}

	EmbargoNew     = rule.Int{Key: "P-07.new_hours", Title: crm.Text{Zh: "新入公海多久后可认领", En: "new in the pool: claimable after"}, Unit: crm.Text{Zh: "小时", En: "hours"}, Default: 0, Min: 0, Max: 8760}
	EmbargoRecycle = rule.Int{Key: "P-07.recycle_hours", Title: crm.Text{Zh: "自动回收多久后可认领", En: "recycled: claimable after"}, Unit: crm.Text{Zh: "小时", En: "hours"}, Default: 24, Min: 0, Max: 8760}
)

// Settings are the definitions for the book of rules.
func Settings() []rule.Def {
	var out []rule.Def
	for _, i := range []rule.Int{HoldLeads, QuotaDaily, QuotaOffday, Burst, BurstMinutes, RefundMinutes, RefundDaily,
		CoolAuto, CoolVoluntary, CoolManager, EmbargoNew, EmbargoRecycle, DetailViews, CollabDays} {
		out = append(out, i.Def())
	}
	return append(out, ReleaseReasons.Def(), DealtCount.Def())
}

// Candidate is a record that the person could release to make room.
type Candidate struct {
	Ref   crm.Ref
	Title string
	// Idle is how many days nothing valid happened.
	Idle int
}

// HoldFull is the cause of a refusal by the hold limit: the numbers, and what
// could be released.
type HoldFull struct {
	Held, Limit int
	// Mine reports that it is the limit of the person who asked.
	Mine       bool
	Candidates []Candidate
}

// Error is the numbers in short, for logs.
func (h *HoldFull) Error() string { return fmt.Sprintf("holds %d of %d", h.Held, h.Limit) }

// CheckHold is the hold limit (P-03) for taking n more records. who is empty
// when the person asks for themselves, else the name of the person who would
// get the record.
func CheckHold(kind crm.Kind, held, limit, n int, who string) *crm.Error {
	if held+n <= limit {
		return nil
	}
	zhWhat, enWhat := "线索", "open leads"
	if kind == crm.KindAccount {
		zhWhat, enWhat = "客户", "accounts"
	}
	zhWho, enWho := "您", "you hold"
	if who != "" {
		zhWho, enWho = who, who+" holds"
	}
	return crm.Refused("P-03", fmt.Sprintf("%s持有的%s已达上限：%d/%d", zhWho, zhWhat, held, limit),
		fmt.Sprintf("%s %d of at most %d %s", enWho, held, limit, enWhat)).
		WithNext("请先释放不再跟进的，或请经理调整上限", "release what you no longer follow up, or ask a manager to raise the limit").
		WithCause(&HoldFull{Held: held, Limit: limit, Mine: who == ""})
}

// Quota is what a person may claim on a day from a pool.
type Quota struct {
	Limit   int
	Workday bool
	// Allowed is false on a day off when the pool does not open on such days.
	Allowed bool
	Version int64 // of the setting
}

// Left is how many claims are left of the quota.
func (q Quota) Left(s Standing) int { return max(0, q.Limit-Used(s)) }

// Used is how much of the quota is used: claims of the day without refunds.
func Used(s Standing) int { return max(0, s.Claims-s.Refunds) }

// CheckQuota is the claim quota with its burst limit (P-04). now decides what
// the answer says about the next chance.
func CheckQuota(s Standing, q Quota, burst int, window time.Duration, cal *calendar.Calendar, now time.Time) *crm.Error {
	next := cal.NextWorkday(cal.DayOf(now))
	zhDay, enDay := nextDay(cal.DayOf(now), next)
	if !q.Allowed {
		return crm.Refused("P-04", "今天是非工作日，这个公海不开放认领（0/0）", "today is not a working day and this pool is closed for claims (0 of 0)").
			WithNext(zhDay+" 00:00 开放；或请经理分配", "it opens "+enDay+" 00:00; or ask a manager to assign it")
	}
	if used := Used(s); used >= q.Limit {
		return crm.Refused("P-04", fmt.Sprintf("今日已领 %d/%d", used, q.Limit), fmt.Sprintf("you claimed %d of %d today", used, q.Limit)).
			WithNext(zhDay+" 00:00 重置；或请经理分配", "it resets "+enDay+" 00:00; or ask a manager to assign it")
	}
	if s.Burst >= burst {
		m := int(window / time.Minute)
		return crm.Refused("P-04", fmt.Sprintf("认领太快：%d 分钟内已领 %d/%d", m, s.Burst, burst), fmt.Sprintf("too fast: %d of %d claims within %d minutes", s.Burst, burst, m)).
			WithNext(fmt.Sprintf("请稍等几分钟再领（今日还可领 %d 条）", q.Left(s)), fmt.Sprintf("wait a few minutes and try again (%d left today)", q.Left(s)))
	}
	return nil
}

func nextDay(today, next crm.Day) (zh, en string) {
	if next == today.AddDays(1) {
		return "明天", "tomorrow"
	}
	return string(next), "on " + string(next)
}

// CoolDays is how many days each way of losing a record keeps its former owner
// from claiming it (P-06).
type CoolDays struct{ Auto, Voluntary, Manager int }

// Longest is the longest of them: how far back the ledger must be read.
func (c CoolDays) Longest() int { return max(c.Auto, c.Voluntary, c.Manager) }

// After is when the former owner may claim again.
func (c CoolDays) After(e Entry) time.Time {
	days := c.Voluntary
	switch {
	case e.Reason == Recycle:
		days = c.Auto
	case e.By != e.From:
		days = c.Manager
	}
	return e.At.AddDate(0, 0, days)
}

// Cooling is until when the person is kept from claiming the record, and the
// entry that keeps them; zero when nothing does. losses are all entries by
// which the person lost the record, not only the last change of the record.
func Cooling(losses []Entry, c CoolDays, now time.Time) (time.Time, Entry) {
	var until time.Time
	var why Entry
	for _, e := range losses {
		if e.Uncounted {
			continue
		}
		if t := c.After(e); t.After(now) && t.After(until) {
			until, why = t, e
		}
	}
	return until, why
}

// CheckCoolDown is the cool-down over all former owners in the window (P-06).
func CheckCoolDown(losses []Entry, c CoolDays, now time.Time, zone *time.Location) *crm.Error {
	until, e := Cooling(losses, c, now)
	if until.IsZero() {
		return nil
	}
	lost := e.At.In(zone).Format("01-02")
	again := until.In(zone).Format("2006-01-02 15:04")
	return crm.Refused("P-06", fmt.Sprintf("您在 %s 持有过它（%s），冷却期到 %s 为止", lost, e.Reason.Name(crm.Chinese), again),
		fmt.Sprintf("you owned it until %s (%s); the cool-down ends %s", lost, e.Reason.Name(crm.English), again)).
		WithNext("到期后可认领，或请经理分配", "claim it then, or ask a manager to assign it")
}

// CheckEmbargo is the embargo of what is new in the pool (P-07).
func CheckEmbargo(claimable, now time.Time, zone *time.Location) *crm.Error {
	if !claimable.After(now) {
		return nil
	}
	left := claimable.Sub(now).Round(time.Minute)
	zh, en := fmt.Sprintf("%d 小时 %d 分钟", int(left.Hours()), int(left.Minutes())%60), fmt.Sprintf("%d h %d min", int(left.Hours()), int(left.Minutes())%60)
	return crm.Refused("P-07", "刚进公海，暂不可认领，还有 "+zh, "it is new in the pool and not claimable yet: "+en+" left").
		WithNext(claimable.In(zone).Format("01-02 15:04")+" 起可认领；经理现在可以分配", "claimable from "+claimable.In(zone).Format("01-02 15:04")+"; a manager may assign it now")
}

// Refunds reports whether a release gives the claim back to the quota (P-04):
// it comes soon enough after the person's own claim, for the first time for
// this claim, and not too often that day.
func Refunds(last Entry, by crm.UserID, refunds int, now time.Time, within time.Duration, most int) bool {
	return last.Reason == Claim && last.To == by && by != 0 && now.Sub(last.At) <= within && refunds < most
}
