package lead

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// Source is a channel that leads come from, with its points for the score.
type Source struct {
	Zh     string   `json:"zh"`
	En     string   `json:"en"`
	Also   []string `json:"also,omitempty"` // other words that mean the same
	Points int      `json:"points"`
}

// Name is the source's word in the language.
func (s Source) Name(l crm.Lang) string { return l.T(s.Zh, s.En) }

// Sources is the list of channels with their points (L-01, part S).
var Sources = rule.JSON[[]Source]{Key: "L-01.sources", Title: crm.Text{Zh: "线索来源与得分", En: "lead sources and their points"}, Default: []Source{
	{Zh: "转介绍", En: "referral", Also: []string{"老客户", "老客户介绍", "reference"}, Points: 30},
	{Zh: "主动询价", En: "enquiry", Also: []string{"询价", "试用申请", "试用", "inbound"}, Points: 26},
	{Zh: "展会洽谈", En: "trade fair talk", Also: []string{"展会", "展会现场洽谈", "trade fair", "fair"}, Points: 20},
	{Zh: "官网留言", En: "website", Also: []string{"官网", "网站", "web"}, Points: 18},
	{Zh: "会议报名", En: "event sign-up", Also: []string{"会议", "研讨会", "event"}, Points: 15},
	{Zh: "内容下载", En: "download", Also: []string{"下载"}, Points: 10},
	{Zh: "展会名片", En: "business card", Also: []string{"名片"}, Points: 8},
	{Zh: "购买名单", En: "bought list", Also: []string{"名单"}, Points: 3},
}, Valid: func(list []Source) error {
	for _, s := range list {
		if s.Zh == "" || s.En == "" || s.Points < 0 || s.Points > maxSource {
			return crm.Invalid("每个来源需要中英文名称和 0 到 30 的得分", "every source needs both names and 0 to 30 points")
		}
	}
	return nil
}}

// FindSource finds the channel that a word means.
func FindSource(list []Source, word string) (Source, bool) {
	w := strings.TrimSpace(word)
	i := slices.IndexFunc(list, func(s Source) bool {
		return strings.EqualFold(s.Zh, w) || strings.EqualFold(s.En, w) || slices.ContainsFunc(s.Also, func(x string) bool { return strings.EqualFold(x, w) })
	})
	if w == "" || i < 0 {
		return Source{}, false
	}
	return list[i], true
}

// The settings of L-01 besides the sources. The parts have bounds of their own
// (30, 25, 30 and 15), so that no setting makes a score of more than 100.
var (
	UnknownSource = rule.Int{Key: "L-01.unknown_source", Title: crm.Text{Zh: "未知来源的得分", En: "points of an unknown source"}, Unit: crm.Text{Zh: "分", En: "points"}, Default: 5, Min: 0, Max: maxSource}
	CompleteRule  = rule.JSON[CompletePoints]{Key: "L-01.complete", Title: crm.Text{Zh: "资料完善度得分", En: "points for complete data"}, Default: CompletePoints{6, 3, 6, 4, 4, 10, 2}, Valid: func(p CompletePoints) error {
		return notNegative("L-01.complete", p.Company, p.Contact, p.Mobile, p.Title, p.Need, p.NeedLength, p.Budget)
	}}
	ActionRule = rule.JSON[ActionPoints]{Key: "L-01.actions", Title: crm.Text{Zh: "关键动作得分", En: "points for key actions"}, Default: ActionPoints{Days: 30, Each: 2, Message: 8, Call: 5, Meeting: 12}, Valid: func(p ActionPoints) error {
		return notNegative("L-01.actions", p.Days, p.Each, p.Message, p.Call, p.Meeting)
	}}
	FitRule   = rule.JSON[FitPoints]{Key: "L-01.fit", Title: crm.Text{Zh: "匹配度得分：目标行业、规模、服务区域", En: "points for fit: target industries, sizes, regions served"}, Default: FitPoints{Industry: 6, Size: 5, Region: 4}, Valid: FitPoints.valid}
	DecayRule = rule.JSON[DecayPoints]{Key: "L-01.decay", Title: crm.Text{Zh: "冷却扣分", En: "points taken off for silence"}, Default: DecayPoints{First: 7, Every: 7, Points: 5, Most: 25}, Valid: DecayPoints.valid}
	maxParts  = Score{Source: maxSource, Complete: 25, Actions: 30, Fit: 15}
)

const maxSource = 30

func notNegative(key string, list ...int) error {
	for _, n := range list {
		if n < 0 || n > 1000 {
			return crm.Invalid(key+" 的每个值应在 0 到 1000 之间", "every value of "+key+" is between 0 and 1000")
		}
	}
	return nil
}

// CompletePoints are the points for what is known about a lead (L-01, part C).
type CompletePoints struct {
	Company int `json:"company"` // verified by a valid credit code
	Contact int `json:"contact"`
	Mobile  int `json:"mobile"`
	Title   int `json:"title"`
	Need    int `json:"need"` // described in at least NeedLength characters
	// NeedLength is what makes a need a description.
	NeedLength int `json:"need_length"`
	Budget     int `json:"budget"`
}

// ActionPoints are the points for key actions (L-01, part K) within the last
// Days days; of each sort at most Each count.
type ActionPoints struct {
	Days    int `json:"days"`
	Each    int `json:"each"`
	Message int `json:"message"`
	Call    int `json:"call"`
	Meeting int `json:"meeting"` // visits and meetings together
}

// Actions are the valid activities of a lead within the last days, by sort.
type Actions struct{ Messages, Calls, Meetings int }

// Range is a band of sizes in employees; Max 0: no upper end.
type Range struct {
	Min int `json:"min"`
	Max int `json:"max,omitempty"`
}

// FitPoints are the points for fitting what the company sells (L-01, part F).
// An empty list gives no points to anybody.
type FitPoints struct {
	Industry   int      `json:"industry"`
	Industries []string `json:"industries,omitempty"`
	Size       int      `json:"size"`
	Sizes      []Range  `json:"sizes,omitempty"`
	Region     int      `json:"region"`
	// Regions are names of regions and cities that are served.
	Regions []string `json:"regions,omitempty"`
}

func (p FitPoints) valid() error {
	for _, r := range p.Sizes {
		if r.Min < 0 || r.Max != 0 && r.Max < r.Min {
			return crm.Invalid("L-01.fit 的规模区间应从小到大", "the size bands of L-01.fit go from small to large")
		}
	}
	return notNegative("L-01.fit", p.Industry, p.Size, p.Region)
}

// DecayPoints are what silence takes off (L-01, part D): Points for every full
// Every days without valid activity after the First days, at most Most.
type DecayPoints struct {
	First  int `json:"first"`
	Every  int `json:"every"`
	Points int `json:"points"`
	Most   int `json:"most"`
}

func (p DecayPoints) valid() error {
	if p.Every <= 0 {
		return crm.Invalid("L-01.decay 的 every 应大于 0", "every of L-01.decay is above zero")
	}
	return notNegative("L-01.decay", p.First, p.Every, p.Points, p.Most)
}

// Score is a lead's score with its parts (L-01): source, completeness, key
// actions, fit, and decay, which is taken off.
type Score struct{ Source, Complete, Actions, Fit, Decay int }

// Total is the score, 0 to 100.
func (s Score) Total() int {
	return min(100, max(0, s.Source+s.Complete+s.Actions+s.Fit-s.Decay))
}

// Explain shows the sum (L-06): "62 B = 来源 20 + 完善 17 + …". A grade that
// somebody gave is marked with ✎; a lead that is not graded shows a dash.
func (s Score) Explain(g Grade, given bool, l crm.Lang) string {
	mark := ""
	if given {
		mark = " ✎"
	}
	if g == "" {
		g = "—"
	}
	return fmt.Sprintf("%d %s%s = %s %d + %s %d + %s %d + %s %d − %s %d", s.Total(), g, mark, l.T("来源", "source"), s.Source, l.T("完善", "completeness"), s.Complete,
		l.T("动作", "actions"), s.Actions, l.T("匹配", "fit"), s.Fit, l.T("冷却", "decay"), s.Decay)
}

// Scale is everything that scores and grades are made with, as set now.
type Scale struct {
	Sources []Source
	// Learned are the points of the channels that were learned (L-05); they go
	// before those of the setting.
	Learned  map[string]int
	Unknown  int
	Complete CompletePoints
	Actions  ActionPoints
	Fit      FitPoints
	Decay    DecayPoints
	Lines    Lines
	Slack    Slack
	// GivenDays is how long a grade that somebody gave holds (L-04).
	GivenDays int
}

// DefaultScale is the scale before anybody changed a setting.
func DefaultScale() Scale {
	return Scale{Sources: Sources.Default, Unknown: int(UnknownSource.Default), Complete: CompleteRule.Default, Actions: ActionRule.Default, Fit: FitRule.Default,
		Decay: DecayRule.Default, Lines: LineRule.Default, Slack: SlackRule.Default, GivenDays: int(GivenDays.Default)}
}

// ScoreOf is the score of a lead (L-01) with its key actions of the last days,
// silent since the moment. What silence takes off ends at zero, so that the sum
// of the parts is the score.
func ScoreOf(in Info, did Actions, silent time.Time, p Scale, now time.Time) Score {
	s := Score{Source: p.source(in.Source), Complete: p.Complete.of(in), Actions: p.Actions.of(did), Fit: p.Fit.of(in)}
	s.Source, s.Complete = min(s.Source, maxParts.Source), min(s.Complete, maxParts.Complete)
	s.Actions, s.Fit = min(s.Actions, maxParts.Actions), min(s.Fit, maxParts.Fit)
	s.Decay = min(p.Decay.of(silent, now), s.Source+s.Complete+s.Actions+s.Fit)
	return s
}

func (p Scale) source(word string) int {
	src, ok := FindSource(p.Sources, word)
	if ok {
		word = src.Zh
	}
	switch n, learned := p.Learned[word]; {
	case learned:
		return n
	case ok:
		return src.Points
	}
	return p.Unknown
}

func (p CompletePoints) of(in Info) int {
	n := 0
	for _, x := range []struct {
		has    bool
		points int
	}{
		{validUSCC(in.USCC), p.Company}, {in.Contact != "", p.Contact}, {crm.MobileKey(in.Phone) != "", p.Mobile}, {in.Title != "", p.Title},
		{in.Need != "" && utf8.RuneCountInString(in.Need) >= p.NeedLength, p.Need}, {in.Budget != "", p.Budget},
	} {
		if x.has {
			n += x.points
		}
	}
	return n
}

func validUSCC(s string) bool {
	_, ok := crm.USCC(s)
	return ok
}

func (p ActionPoints) of(did Actions) int {
	return min(did.Messages, p.Each)*p.Message + min(did.Calls, p.Each)*p.Call + min(did.Meetings, p.Each)*p.Meeting
}

func (p FitPoints) of(in Info) int {
	n := 0
	if named(p.Industries, in.Industry) {
		n += p.Industry
	}
	if size, ok := SizeOf(in.Size); ok && slices.ContainsFunc(p.Sizes, func(r Range) bool { return size >= r.Min && (r.Max == 0 || size <= r.Max) }) {
		n += p.Size
	}
	if named(p.Regions, in.Region) || named(p.Regions, in.City) {
		n += p.Region
	}
	return n
}

// named reports whether a word is in the list, with or without 市 or 省.
func named(list []string, word string) bool {
	plain := func(s string) string {
		s = strings.ToLower(strings.TrimSpace(s))
		if short := strings.TrimSuffix(strings.TrimSuffix(s, "市"), "省"); short != "" {
			return short
		}
		return s
	}
	w := plain(word)
	return w != "" && slices.ContainsFunc(list, func(x string) bool { return plain(x) == w })
}

// SizeOf reads a company's size in employees: the first number of "50-99 人",
// "about 1,200"; false without one.
func SizeOf(text string) (int, bool) {
	n, found := 0, false
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			n, found = min(n*10+int(r-'0'), 100_000_000), true
		case found && r == ',':
		case found:
			return n, true
		}
	}
	return n, found
}

func (p DecayPoints) of(silent, now time.Time) int {
	days := int(now.Sub(silent) / (24 * time.Hour))
	if silent.IsZero() || days <= p.First || p.Every <= 0 {
		return 0
	}
	return min((days-p.First)/p.Every*p.Points, p.Most)
}

// Reachable reports whether the lead has a phone number or an e-mail address.
func (in Info) Reachable() bool { return crm.MobileKey(in.Phone) != "" || crm.IsEmail(in.Email) }

// Rank is the order in which the pool offers leads: the best grade first, then
// the higher score. Smaller comes first.
func Rank(g Grade, total int) int {
	i := slices.Index(Grades, g)
	if i < 0 {
		i = len(Grades)
	}
	return i*1000 + 100 - total
}
