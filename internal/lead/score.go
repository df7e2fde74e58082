package lead

import (
	"fmt"
	"slices"
	"strings"

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

// UnknownSourcePoints are the points of a source that the setting does not name.
const UnknownSourcePoints = 5

// Sources is the list of channels with their points (L-01, part S).
var Sources = rule.JSON[[]Source]{Key: "L-01.sources", Title: crm.Text{Zh: "线索来源与得分", En: "lead sources and their points"}, Default: []Source{
	{Zh: "转介绍", En: "referral", Also: []string{"老客户", "老客户介绍", "reference"}, Points: 30},
	{Zh: "主动询价", En: "enquiry", Also: []string{"询价", "试用申请", "试用", "inbound"}, Points: 26},
	{Zh: "展会洽谈", En: "trade fair talk", Also: []string{"展会", "展会现场洽谈", "trade fair"}, Points: 20},
	{Zh: "官网留言", En: "website", Also: []string{"官网", "网站", "web"}, Points: 18},
	{Zh: "会议报名", En: "event sign-up", Also: []string{"会议", "研讨会", "event"}, Points: 15},
	{Zh: "内容下载", En: "download", Also: []string{"下载"}, Points: 10},
	{Zh: "展会名片", En: "business card", Also: []string{"名片"}, Points: 8},
	{Zh: "购买名单", En: "bought list", Also: []string{"名单"}, Points: 3},
}, Valid: func(list []Source) error {
	for _, s := range list {
		if s.Zh == "" || s.En == "" || s.Points < 0 || s.Points > 30 {
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

// Score is a lead's score with its parts (L-01): source, completeness, key
// actions, fit, and decay, which is taken off.
type Score struct{ Source, Complete, Actions, Fit, Decay int }

// Total is the score, 0 to 100.
func (s Score) Total() int {
	return min(100, max(0, s.Source+s.Complete+s.Actions+s.Fit-s.Decay))
}

// Explain shows the sum (L-06): "62 B = 来源 20 + 完善 17 + …". A grade that
// somebody gave is marked with ✎.
func (s Score) Explain(g Grade, given bool, l crm.Lang) string {
	mark := ""
	if given {
		mark = " ✎"
	}
	return fmt.Sprintf("%d %s%s = %s %d + %s %d + %s %d + %s %d − %s %d", s.Total(), g, mark, l.T("来源", "source"), s.Source, l.T("完善", "completeness"), s.Complete,
		l.T("动作", "actions"), s.Actions, l.T("匹配", "fit"), s.Fit, l.T("冷却", "decay"), s.Decay)
}

// ScoreOf is the score from what is known when a lead is made: its source and
// how complete it is.
func ScoreOf(in Info, sources []Source) Score {
	s := Score{Source: UnknownSourcePoints}
	if src, ok := FindSource(sources, in.Source); ok {
		s.Source = src.Points
	}
	if _, ok := crm.USCC(in.USCC); ok {
		s.Complete += 6
	}
	if in.Contact != "" {
		s.Complete += 3
	}
	if crm.MobileKey(in.Phone) != "" {
		s.Complete += 6
	}
	if in.Title != "" {
		s.Complete += 4
	}
	if len([]rune(in.Need)) >= 10 {
		s.Complete += 4
	}
	if in.Budget != "" {
		s.Complete += 2
	}
	return s
}

// GradeOf is the grade of a score (L-02). A lead without a channel to reach
// anybody is at most C.
func GradeOf(total int, reachable bool) Grade {
	g := Grade("D")
	switch {
	case total >= 75:
		g = "A"
	case total >= 55:
		g = "B"
	case total >= 35:
		g = "C"
	}
	if !reachable && g < "C" {
		g = "C"
	}
	return g
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
