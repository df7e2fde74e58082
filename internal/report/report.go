// Package report makes the daily report: drafts that fill themselves with the
// numbers of the day's work, their submission, the chase, and the team's
// digest.
package report

import (
	"context"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/metric"
)

// State is how far a report has come.
type State string

// The states. A draft whose due time has passed is missing; submitting it then
// makes it late.
const (
	Draft     State = "draft"
	Submitted State = "submitted"
	Late      State = "late"
)

// Name is the state's word in the language.
func (s State) Name(l crm.Lang) string {
	switch s {
	case Submitted:
		return l.T("已提交", "submitted")
	case Late:
		return l.T("迟交", "late")
	}
	return l.T("待提交", "draft")
}

// Done reports whether the report was handed in.
func (s State) Done() bool { return s == Submitted || s == Late }

// Report is one person's report of one day.
type Report struct {
	ID   crm.ReportID
	User crm.UserID
	// Team is the person's team when the report was drafted.
	Team crm.TeamID
	Day  crm.Day
	// Template is the version of the template setting; zero: the default.
	Template int64
	State    State
	// Content is what was computed, frozen at AsOf. Of a draft it is what was
	// known when it was made or saved; readers get fresh numbers instead.
	Content Content
	// Answers are the texts, one per text block of the template.
	Answers []string
	// Next is what the person adds about the next working day.
	Next string
	// Notes explain single numbers (差异说明), by metric key.
	Notes                  map[string]string
	AsOf                   time.Time
	CreatedAt, SubmittedAt time.Time
	// Version counts the changes; every card names the one it shows.
	Version int64
}

// Answer is the text of the i-th text block, or "".
func (r Report) Answer(i int) string {
	if i < len(r.Answers) {
		return r.Answers[i]
	}
	return ""
}

// Content is the computed part of a report with the blocks it was made from,
// so that an old report looks as it did when it was submitted.
type Content struct {
	Blocks []Block `json:"blocks"`
	// Numbers are the values of the metric blocks, in their order.
	Numbers []Number `json:"numbers"`
	// Lists are the records of the list blocks, in their order.
	Lists [][]Item `json:"lists,omitempty"`
	// Plan is what was planned for the day and what was done.
	Plan []Item `json:"plan,omitempty"`
	// Tomorrow is what is planned for the next working day, NextDay.
	Tomorrow []Item  `json:"tomorrow,omitempty"`
	NextDay  crm.Day `json:"next_day,omitempty"`
	// Score is the day score (G-02); Scored is false when nothing was asked.
	Score  goal.Points `json:"score"`
	Scored bool        `json:"scored"`
}

// Number is one frozen value. Name, unit and aggregate are frozen with it, so
// that a metric that was retired later stays readable.
type Number struct {
	Metric    string           `json:"metric"`
	Name      crm.Text         `json:"name"`
	Unit      crm.Text         `json:"unit"`
	Aggregate metric.Aggregate `json:"aggregate"`
	Scope     string           `json:"scope,omitempty"`  // "" or ScopeTeam
	Period    string           `json:"period,omitempty"` // "" or one of the Period constants
	Days      crm.Period       `json:"days"`
	Value     metric.Value     `json:"value"`
	// Previous is the value of the period before; nil when not compared.
	Previous *metric.Value `json:"previous,omitempty"`
	// Goal is nil where there is none.
	Goal   *goal.Line  `json:"goal,omitempty"`
	Points goal.Points `json:"points,omitempty"`
}

// Def is enough of a definition to show the frozen value.
func (n Number) Def() metric.Def {
	return metric.Def{Key: n.Metric, Name: n.Name, Unit: n.Unit, Aggregate: n.Aggregate}
}

// Read is the value as people read it, for comparing with goals.
func (n Number) Read() float64 { return n.Value.In(n.Def()) }

// BelowPass reports whether the number has a goal for the day and is under its
// pass line.
func (n Number) BelowPass() bool {
	return n.Goal != nil && n.Period == PeriodDay && !n.Goal.Reached(n.Read())
}

// BelowPass are the numbers of the day under their pass line.
func (c Content) BelowPass() []Number {
	var out []Number
	for _, n := range c.Numbers {
		if n.BelowPass() {
			out = append(out, n)
		}
	}
	return out
}

// Item is one planned or done piece of work.
type Item struct {
	Ref   crm.Ref `json:"ref"`
	Title string  `json:"title"`
	// At is the planned or real time; zero: some time that day.
	At time.Time `json:"at"`
	// Planned is false for what was done without being planned.
	Planned bool `json:"planned"`
	Done    bool `json:"done"`
	// Note says how it went, or why it did not happen.
	Note string `json:"note,omitempty"`
}

// Plans tells what people planned and did. Both work for many people at once.
type Plans interface {
	// PlannedAndDone is each person's work of the day, planned or not, in order
	// of time.
	PlannedAndDone(ctx context.Context, users []crm.UserID, day crm.Day) (map[crm.UserID][]Item, error)
	// Planned is what each person has planned for the day.
	Planned(ctx context.Context, users []crm.UserID, day crm.Day) (map[crm.UserID][]Item, error)
}

// Binding ties a group chat to a team whose digest is posted there.
type Binding struct {
	Platform, Chat string
	Team           crm.TeamID
	By             crm.UserID
	At             time.Time
}

// Store keeps reports, digests and bindings.
type Store interface {
	// AddReports stores new reports and sets their ids. A report that exists for
	// the same person and day fails all of them with crm.CodeConflict.
	AddReports(ctx context.Context, rs []*Report) error
	// Report finds one; an unknown id is crm.CodeNotFound.
	Report(ctx context.Context, id crm.ReportID) (Report, error)
	// ReportOf finds a person's report of a day.
	ReportOf(ctx context.Context, user crm.UserID, day crm.Day) (Report, bool, error)
	// ReportsOn are the reports of a day of people who were in the teams (nil:
	// all), in order of person. Without full the content and texts are left out.
	ReportsOn(ctx context.Context, day crm.Day, teams []crm.TeamID, full bool) ([]Report, error)
	// SaveReport stores a change of the version that r holds and raises it; when
	// somebody was faster it is crm.CodeStale.
	SaveReport(ctx context.Context, r *Report) error
	// AddDigests stores frozen digests; existing ones stay as they are.
	AddDigests(ctx context.Context, ds []Digest) error
	// Digest finds the frozen digest of a team's day.
	Digest(ctx context.Context, team crm.TeamID, day crm.Day) (Digest, bool, error)
	// Bindings are all bindings; BindingOf is the one of a chat.
	Bindings(ctx context.Context) ([]Binding, error)
	BindingOf(ctx context.Context, platform, chat string) (Binding, bool, error)
	// Bind ties a chat to a team, replacing what it was tied to.
	Bind(ctx context.Context, b Binding) error
	// Unbind reports whether the chat was tied to a team.
	Unbind(ctx context.Context, platform, chat string) (bool, error)
}
