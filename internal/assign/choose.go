package assign

import (
	"cmp"
	"slices"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// The settings of AS-02.
var (
	MonthlyCap = rule.Int{Key: "AS-02.monthly_cap", Title: crm.Text{Zh: "每人每月最多自动分配", En: "leads that a person gets by the rules in a month, at most"}, Unit: crm.Text{Zh: "条", En: "leads"}, Default: 60, Min: 0, Max: 100000}
	MaxOverdue = rule.Int{Key: "AS-02.overdue_a", Title: crm.Text{Zh: "超期 A 级线索达到几条就暂停分配", En: "so many overdue A leads stop the flow"}, Unit: crm.Text{Zh: "条", En: "leads"}, Default: 3, Min: 1, Max: 1000}
)

// Candidate is somebody who might get a lead, with all that decides about it.
type Candidate struct {
	User   crm.UserID
	Region string
	// Weight is their share, Quota how many they get today, Received how many they
	// got today with the offers that are open.
	Weight, Quota, Received int
	Held, Hold              int
	Overdue                 int // A leads whose time is up
	Last                    time.Time
	// The reasons against: they want none, are on leave, have no duty that day, were
	// asked before for this lead, lost it a short while ago (P-06), or got all
	// cards that they may get today (CH-03).
	Off, Leave, OffDuty, Asked, Cooling, Pushed bool
}

// Block is why somebody is passed over; empty: they are not.
type Block string

// The blocks, by the first that holds.
const (
	BlockOff     Block = "off"
	BlockLeave   Block = "leave"
	BlockDuty    Block = "duty"
	BlockAsked   Block = "asked"
	BlockCooling Block = "cooling"
	BlockHold    Block = "hold"
	BlockOverdue Block = "overdue"
	BlockQuota   Block = "quota"
	BlockPushed  Block = "pushed"
)

var blockNames = map[Block]crm.Text{
	BlockOff: {Zh: "暂停接单", En: "takes none for now"}, BlockLeave: {Zh: "请假", En: "on leave"}, BlockDuty: {Zh: "当天不值班", En: "not on duty"},
	BlockAsked: {Zh: "已问过", En: "was asked already"}, BlockCooling: {Zh: "冷却期内", En: "in cool-down"}, BlockHold: {Zh: "持有已满", En: "hold limit reached"},
	BlockOverdue: {Zh: "A 级超期太多", En: "too many overdue A leads"}, BlockQuota: {Zh: "今日额度已满", En: "daily quota used"}, BlockPushed: {Zh: "今日推送已满", En: "got all cards of today"},
}

// Name is the block's word in the language.
func (b Block) Name(l crm.Lang) string { return blockNames[b].In(l) }

// Against is the first reason why the candidate is passed over (AS-02).
func (c Candidate) Against(maxOverdue int) Block {
	switch {
	case c.Off:
		return BlockOff
	case c.Leave:
		return BlockLeave
	case c.OffDuty:
		return BlockDuty
	case c.Asked:
		return BlockAsked
	case c.Cooling:
		return BlockCooling
	case c.Held >= c.Hold:
		return BlockHold
	case c.Overdue >= maxOverdue:
		return BlockOverdue
	case c.Received >= c.Quota:
		return BlockQuota
	case c.Pushed:
		return BlockPushed
	}
	return ""
}

// Choose picks who is next (AS-02): by weights the one with the fewest received
// today for their weight, then the one who waited longest; by turns whoever
// waited longest. The answer depends on its arguments only. rivals is how many
// could have had it; passed counts those who could not, by reason.
func Choose(cs []Candidate, m Method, maxOverdue int) (chosen Candidate, rivals int, passed map[Block]int) {
	passed = map[Block]int{}
	var able []Candidate
	for _, c := range cs {
		if b := c.Against(maxOverdue); b != "" {
			passed[b]++
			continue
		}
		able = append(able, c)
	}
	if len(able) == 0 {
		return Candidate{}, 0, passed
	}
	return slices.MinFunc(able, func(a, b Candidate) int {
		byWeight := 0
		if m != Turn { // received / weight, without fractions
			byWeight = cmp.Compare(a.Received*max(1, b.Weight), b.Received*max(1, a.Weight))
		}
		return cmp.Or(byWeight, a.Last.Compare(b.Last), cmp.Compare(a.User, b.User))
	}), len(able), passed
}

// DailyQuota is how many leads a person gets on a working day so that the
// month's cap is spread over its working days (AS-02).
func DailyQuota(monthlyCap int, cal *calendar.Calendar, day crm.Day) int {
	if days := cal.Workdays(crm.MonthOf(day)); days > 0 {
		return (monthlyCap + days - 1) / days
	}
	return monthlyCap
}

// OnDuty reports whether the person's roster has the day: an exception for the
// day itself, else the days of the week, else every working day. On days that
// are not worked nobody is on duty without an exception.
func OnDuty(p Profile, exception *bool, cal *calendar.Calendar, day crm.Day) bool {
	if exception != nil {
		return *exception
	}
	if !cal.IsWorkday(day) {
		return false
	}
	weekday := int(day.Weekday())
	if weekday == 0 {
		weekday = 7
	}
	return len(p.Days) == 0 || slices.Contains(p.Days, weekday)
}
