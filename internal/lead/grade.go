package lead

import (
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// Lines are the lowest scores of the grades (L-02); what is below C is D.
type Lines struct {
	A int `json:"A"`
	B int `json:"B"`
	C int `json:"C"`
}

// Slack is what a score below its grade's line is allowed (L-03).
type Slack struct {
	// Runs is after how many daily runs below the line the grade goes down.
	Runs int `json:"runs"`
	// Points below the line let it go down at once.
	Points int `json:"points"`
}

// The settings of L-02 to L-04.
var (
	LineRule = rule.JSON[Lines]{Key: "L-02.lines", Title: crm.Text{Zh: "等级 A、B、C 的最低分", En: "lowest scores of the grades A, B and C"}, Default: Lines{75, 55, 35}, Valid: func(n Lines) error {
		if n.C <= 0 || n.B <= n.C || n.A <= n.B || n.A > 100 {
			return crm.Invalid("L-02.lines 需要 0 < C < B < A ≤ 100", "L-02.lines needs 0 < C < B < A ≤ 100")
		}
		return nil
	}}
	SlackRule = rule.JSON[Slack]{Key: "L-03.slack", Title: crm.Text{Zh: "降级前的缓冲：天数、分数", En: "what holds a grade up: daily runs and points"}, Default: Slack{2, 5}, Valid: func(x Slack) error {
		if x.Runs < 1 || x.Points < 1 || x.Runs > 365 || x.Points > 100 {
			return crm.Invalid("L-03.slack 需要 1 到 365 天和 1 到 100 分", "L-03.slack needs 1 to 365 runs and 1 to 100 points")
		}
		return nil
	}}
	GivenDays = rule.Int{Key: "L-04.days", Title: crm.Text{Zh: "人工评级的有效期", En: "how long a grade given by hand holds"}, Unit: crm.Text{Zh: "天", En: "days"}, Default: 30, Min: 1, Max: 365}
)

// The marks of Quality (P-17).
const (
	QualityWrongNumber = "wrong_number"
	QualityDuplicate   = "duplicate"
)

// line is the lowest score of the grade.
func (n Lines) line(g Grade) int {
	switch g {
	case "A":
		return n.A
	case "B":
		return n.B
	case "C":
		return n.C
	}
	return 0
}

// Of is the grade of a score by the lines alone.
func (n Lines) Of(total int) Grade {
	for _, g := range Grades {
		if total >= n.line(g) {
			return g
		}
	}
	return "D"
}

// Capped is the best grade that the facts about a lead allow (L-02): a wrong
// number is D, a duplicate is not graded, and a lead without a channel to reach
// anybody is at most C.
func Capped(g Grade, in Info, quality string) Grade {
	switch {
	case quality == QualityDuplicate:
		return ""
	case quality == QualityWrongNumber:
		return "D"
	case !in.Reachable() && g < "C":
		return "C"
	}
	return g
}

// Standing is the grade that the score made, and for how many daily runs the
// score has been below its line (L-03).
type Standing struct {
	Grade Grade
	Low   int
	// LowDay is the day of the last run that was counted.
	LowDay crm.Day
}

// Next is the standing with a new score (L-03): up at once; down at once past
// every line that is missed by the points of the slack; else one grade down
// after so many daily runs below the line. day is the day of a daily run, empty
// otherwise; a day counts once.
func (s Standing) Next(total int, n Lines, slack Slack, day crm.Day) Standing {
	raw := n.Of(total)
	if !s.Grade.Valid() || raw <= s.Grade {
		return Standing{Grade: raw}
	}
	for s.Grade != "D" && n.line(s.Grade)-total >= slack.Points {
		s = s.down()
	}
	if total >= n.line(s.Grade) {
		return Standing{Grade: s.Grade}
	}
	if day != "" && day != s.LowDay {
		s.Low, s.LowDay = s.Low+1, day
		if s.Low >= slack.Runs {
			return s.down()
		}
	}
	return s
}

// down is the next lower grade.
func (s Standing) down() Standing {
	i := slices.Index(Grades, s.Grade)
	return Standing{Grade: Grades[min(i+1, len(Grades)-1)]}
}

// Given is a grade that somebody set in place of the score's (L-04).
type Given struct {
	Grade Grade // empty: none
	By    crm.UserID
	At    time.Time
	Until time.Time
	Why   string
}

// Holds reports whether the given grade counts now.
func (g Given) Holds(now time.Time) bool { return g.Grade != "" && now.Before(g.Until) }

// Rated is the lead with score and grade as they are now (L-01 to L-04), from
// its key actions of the last days. day is the day of a daily run, empty when
// something changed. Leads that are closed keep what they had.
func Rated(l Lead, did Actions, p Scale, now time.Time, day crm.Day) Lead {
	if l.Status != Open && l.Status != Review {
		return l
	}
	silent := l.CreatedAt
	if l.LastValidAt.After(silent) {
		silent = l.LastValidAt
	}
	l.Score = ScoreOf(l.Info, did, silent, p, now)
	l.Standing = l.Standing.Next(l.Score.Total(), p.Lines, p.Slack, day)
	if !l.Given.Holds(now) {
		l.Given = Given{}
	}
	l.Grade, l.GradeGiven = Capped(l.Standing.Grade, l.Info, l.Quality), false
	if l.Given.Grade != "" && l.Quality == "" {
		l.Grade, l.GradeGiven = l.Given.Grade, l.Given.Grade != l.Grade
	}
	return l
}
