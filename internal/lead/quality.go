package lead

import (
	"cmp"
	"math"
	"slices"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// The facts of lead quality (L-07), written once for each lead when its time
// is up, for whoever entered it.
const (
	FactDue        = "lead.due"         // its working days to be confirmed are over
	FactValid      = "lead.valid"       // it was contacted and its need confirmed in that time
	FactGraded     = "lead.graded"      // a graded lead whose days to become a deal are over
	FactGradeRight = "lead.grade_right" // its grade said what came
)

// The settings of L-05 and L-07, and of learning in L-01.
var (
	Shrink     = rule.Int{Key: "L-05.k", Title: crm.Text{Zh: "比率收缩：按多少条全局样本计", En: "shrinkage: how many leads the rate of all counts for"}, Unit: crm.Text{Zh: "条", En: "leads"}, Default: 20, Min: 0, Max: 10000}
	LearnFrom  = rule.Int{Key: "L-01.learn_from", Title: crm.Text{Zh: "渠道满多少条后按转化率计分", En: "from how many leads on a channel's points are learned"}, Unit: crm.Text{Zh: "条", En: "leads"}, Default: 50, Min: 1, Max: 1000000}
	ValidDays  = rule.Int{Key: "L-07.valid_days", Title: crm.Text{Zh: "有效线索的确认期限", En: "time in which a valid lead is confirmed"}, Unit: crm.Text{Zh: "个工作日", En: "working days"}, Default: 7, Min: 1, Max: 20}
	ReachDays  = rule.Int{Key: "L-07.reach_days", Title: crm.Text{Zh: "线索转商机的观察期", En: "time in which a lead may become a deal"}, Unit: crm.Text{Zh: "天", En: "days"}, Default: 30, Min: 30, Max: 365}
	CheckLeast = rule.Int{Key: "L-07.least", Title: crm.Text{Zh: "月度检查每个等级的最少条数", En: "fewest leads of each grade for the monthly check"}, Unit: crm.Text{Zh: "条", En: "leads"}, Default: 30, Min: 1, Max: 1000000}
	CheckSpan  = rule.Int{Key: "L-07.months", Title: crm.Text{Zh: "月度检查看多少个月", En: "how many months the monthly check looks at"}, Unit: crm.Text{Zh: "个月", En: "months"}, Default: 12, Min: 1, Max: 60}
)

// Tally counts leads and how many of them became a deal in time.
type Tally struct{ Leads, Reached int }

// Rate is the share that became a deal; 0 without leads.
func (t Tally) Rate() float64 {
	if t.Leads == 0 {
		return 0
	}
	return float64(t.Reached) / float64(t.Leads)
}

// Shrunk is the rate of few leads drawn towards the rate of all (L-05):
// (n·r + k·r₀) / (n + k).
func Shrunk(t Tally, all float64, k int) float64 {
	if t.Leads+k == 0 {
		return all
	}
	return (float64(t.Reached) + float64(k)*all) / float64(t.Leads+k)
}

// Learn are the points of the channels that have enough leads (L-01, L-05):
// 30 for the best of them and less in proportion to its rate. While none of them
// led to a deal nothing is learned.
func Learn(by map[string]Tally, least, k int) map[string]int {
	var all Tally
	for _, t := range by {
		all.Leads, all.Reached = all.Leads+t.Leads, all.Reached+t.Reached
	}
	best, rates := 0.0, map[string]float64{}
	for source, t := range by {
		if t.Leads >= least {
			rates[source] = Shrunk(t, all.Rate(), k)
			best = max(best, rates[source])
		}
	}
	if best <= 0 {
		return nil
	}
	out := make(map[string]int, len(rates))
	for source, r := range rates {
		out[source] = int(math.Round(maxSource * min(1, r/best)))
	}
	return out
}

// Outcome is how many leads of one channel and grade, whose time was up in a
// month ("2026-03"), became a deal.
type Outcome struct {
	Month  string
	Source string
	Grade  Grade
	Tally
}

// ByChannel adds up outcomes per channel.
func ByChannel(list []Outcome) map[string]Tally {
	out := map[string]Tally{}
	for _, o := range list {
		t := out[o.Source]
		out[o.Source] = Tally{t.Leads + o.Leads, t.Reached + o.Reached}
	}
	return out
}

// Check is the monthly look at whether better grades become deals more often
// (L-07).
type Check struct {
	Grades map[Grade]Tally
	// Enough reports that every grade has the leads for a verdict, Fine that the
	// rates are A > B > C > D.
	Enough, Fine bool
}

// CheckGrades looks at the outcomes with at least so many leads of each grade.
func CheckGrades(list []Outcome, least int) Check {
	c := Check{Grades: map[Grade]Tally{}, Enough: true, Fine: true}
	for _, o := range list {
		if o.Grade.Valid() {
			t := c.Grades[o.Grade]
			c.Grades[o.Grade] = Tally{t.Leads + o.Leads, t.Reached + o.Reached}
		}
	}
	for i, g := range Grades {
		c.Enough = c.Enough && c.Grades[g].Leads >= least
		c.Fine = c.Fine && (i == 0 || c.Grades[Grades[i-1]].Rate() > c.Grades[g].Rate())
	}
	return c
}

// ChannelPoints is a channel with its points now and those that are proposed.
type ChannelPoints struct {
	Source Source
	Tally
	Now, Proposed int
}

// Propose are new points for the channels of the setting by their shrunk rates
// (L-07), the best first. Channels without leads keep what they have.
func Propose(list []Outcome, p Scale, k int) []ChannelPoints {
	by := ByChannel(list)
	learned := Learn(by, 1, k)
	var out []ChannelPoints
	for _, src := range p.Sources {
		c := ChannelPoints{Source: src, Tally: by[src.Zh], Now: p.source(src.Zh), Proposed: p.source(src.Zh)}
		if n, ok := learned[src.Zh]; ok {
			c.Proposed = n
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b ChannelPoints) int { return cmp.Compare(b.Proposed, a.Proposed) })
	return out
}

// ValidLead reports whether the lead was contacted and its need confirmed
// within so many working days of the day on which it was made (L-07).
func ValidLead(l Lead, cal *calendar.Calendar, days int) bool {
	end := cal.AddWorkdays(cal.DayOf(l.CreatedAt), days)
	in := func(t time.Time) bool { return !t.IsZero() && cal.DayOf(t) <= end }
	return in(l.FirstContactAt) && in(l.NeedAt)
}

// GradeRight reports whether the grade said what came: A and B become a deal, C
// and D do not (L-07).
func GradeRight(g Grade, reached bool) bool { return (g == "A" || g == "B") == reached }

// dueBefore is the latest day of making whose working days are over before
// today.
func dueBefore(cal *calendar.Calendar, today crm.Day, days int) crm.Day {
	d := today.AddDays(-days)
	for cal.AddWorkdays(d, days) >= today {
		d = d.AddDays(-1)
	}
	return d
}
