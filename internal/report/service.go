package report

import (
	"context"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/metric"
	"crmbot/internal/org"
	"crmbot/internal/rule"
)

// Directory is what the service asks about people and teams.
type Directory interface {
	User(ctx context.Context, id crm.UserID) (org.User, error)
	Users(ctx context.Context, keep func(org.User) bool) ([]org.User, error)
	Everyone(ctx context.Context) ([]org.User, error)
	Team(ctx context.Context, id crm.TeamID) (org.Team, error)
	Teams(ctx context.Context) ([]org.Team, error)
	Below(ctx context.Context, id crm.TeamID) ([]crm.TeamID, error)
	Superior(ctx context.Context, id crm.UserID) (crm.UserID, error)
}

// Deps are what the service needs. All but Plans are required.
type Deps struct {
	Store     Store
	Tx        crm.Transactor
	Effects   crm.Effects
	Metrics   *metric.Reader
	Goals     *goal.Book
	Rules     *rule.Book
	Directory Directory
	Calendar  *calendar.Calendar
	Clock     crm.Clock
	// Plans is nil where nothing can be planned; the plan blocks are then empty.
	Plans Plans
}

// Service drafts, keeps and sums up reports. Safe for concurrent use.
type Service struct {
	store   Store
	tx      crm.Transactor
	fx      crm.Effects
	metrics *metric.Reader
	goals   *goal.Book
	rules   *rule.Book
	dir     Directory
	cal     *calendar.Calendar
	clock   crm.Clock
	plans   Plans
}

// NewService makes the service.
func NewService(d Deps) *Service {
	return &Service{store: d.Store, tx: d.Tx, fx: d.Effects, metrics: d.Metrics, goals: d.Goals, rules: d.Rules, dir: d.Directory, cal: d.Calendar, clock: d.Clock, plans: d.Plans}
}

// Step is one point of the day's schedule.
type Step string

// The steps, in order of the day; Missing belongs to the next working day.
const (
	StepDraft   Step = "draft"
	StepDue     Step = "due"
	StepChase   Step = "chase"
	StepDigest  Step = "digest"
	StepMissing Step = "missing"
)

// Steps are all steps.
var Steps = []Step{StepDraft, StepDue, StepChase, StepDigest, StepMissing}

// Name is what the step does, in the language.
func (s Step) Name(l crm.Lang) string {
	d := s.setting()
	return d.Title.In(l)
}

func (s Step) setting() rule.Clock {
	switch s {
	case StepDraft:
		return draftAt
	case StepDue:
		return dueAt
	case StepChase:
		return chaseAt
	case StepDigest:
		return digestAt
	}
	return missingAt
}

// At is the instant of a step on a day.
func (s *Service) At(ctx context.Context, st Step, day crm.Day) time.Time {
	h, m := st.setting().Of(ctx, s.rules)
	return day.At(h, m, s.cal.Zone())
}

// Clock is the step's time of day, "17:30".
func (s *Service) Clock(ctx context.Context, st Step) string {
	h, m := st.setting().Of(ctx, s.rules)
	return calendar.Clock(h, m).String()
}

// Today is the organisation's day.
func (s *Service) Today() crm.Day { return s.cal.DayOf(s.clock.Now()) }

// now is cut to what the database keeps.
func (s *Service) now() time.Time { return s.clock.Now() }

// Expected are the people who owe a report for the day: active reps, not
// leaving, not on leave; nobody on a day that is not worked.
func (s *Service) Expected(ctx context.Context, day crm.Day) ([]org.User, error) {
	if !s.cal.IsWorkday(day) {
		return nil, nil
	}
	return s.dir.Users(ctx, func(u org.User) bool { return owes(u, day) })
}

func owes(u org.User, day crm.Day) bool {
	return u.Active && !u.Frozen && u.Has(crm.Rep) && !u.OnLeave(day)
}
