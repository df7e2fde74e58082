package activity

import (
	"context"
	"fmt"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/rule"
	"crmbot/internal/undo"
)

const factFirstContact = lead.FactFirstContact

// Leads is what activities need of leads.
type Leads interface {
	Working(ctx context.Context, a crm.Actor, id crm.LeadID) (lead.Lead, error)
	Peek(ctx context.Context, a crm.Actor, id crm.LeadID) (lead.Seen, error)
	Search(ctx context.Context, a crm.Actor, text string, n int) ([]lead.Lead, error)
	Mine(ctx context.Context, a crm.Actor) ([]lead.Seen, error)
	Losing(ctx context.Context, a crm.Actor, left int, contact time.Time, n int) ([]lead.Seen, error)
	Own(ctx context.Context, a crm.Actor) ([]lead.Lead, error)
	Touch(ctx context.Context, ref crm.Ref, at time.Time, valid bool) (first bool, err error)
	Untouch(ctx context.Context, ref crm.Ref, first, last, lastValid time.Time) error
	Rescore(ctx context.Context, ref crm.Ref) error
}

// Accounts is what activities need of accounts.
type Accounts interface {
	// Peek is the account with what the actor may do with it, Workable the account
	// for somebody who is about to log on it.
	Peek(ctx context.Context, a crm.Actor, id crm.AccountID) (account.Seen, error)
	Workable(ctx context.Context, a crm.Actor, id crm.AccountID) (account.Account, error)
	Search(ctx context.Context, a crm.Actor, text string, limit int) ([]account.Account, error)
	Mine(ctx context.Context, a crm.Actor, offset, limit int) ([]account.Account, int64, error)
	Contacts(ctx context.Context, a crm.Actor, id crm.AccountID) ([]account.Contact, error)
	Stand(ctx context.Context, id crm.AccountID) error
	Touch(ctx context.Context, id crm.AccountID, c crm.ContactID, at time.Time) error
	Unsettle(ctx context.Context, id crm.AccountID) error
}

// Deals is what activities need of deals.
type Deals interface {
	Get(ctx context.Context, a crm.Actor, id crm.DealID) (deal.Deal, error)
}

// AtRisk is a record that is about to go back to its pool.
type AtRisk struct {
	Ref  crm.Ref
	Name string
	Due  lead.Due
}

// Keeper knows which records of a person those are: their day comes within so
// many working days and nothing holds them; the nearest first, at most n.
type Keeper interface {
	Soon(ctx context.Context, kind crm.Kind, owner crm.UserID, left, n int) ([]AtRisk, error)
}

// Waiting is something that waits for a person's decision.
type Waiting struct {
	// Request is the approval; zero: it is decided by one of Acts.
	Request crm.RequestID
	Title   string // in the person's language
	Since   time.Time
	Urgent  bool
	Acts    []Act
}

// Act is a command that decides, with its label.
type Act struct{ Label, Line string }

// Approvals tells what waits for a person's decision, approvals and others.
type Approvals interface {
	WaitingFor(ctx context.Context, a crm.Actor) ([]Waiting, error)
}

// Deps are what the service works with. Approvals and Keep may be nil.
type Deps struct {
	Store     Store
	Tx        crm.Transactor
	Effects   crm.Effects
	Clock     crm.Clock
	Calendar  *calendar.Calendar
	Rules     *rule.Book
	People    *org.Directory
	Leads     Leads
	Accounts  Accounts
	Deals     Deals
	Keep      Keeper
	Undo      *undo.Service
	Approvals Approvals
}

// Service is what can be done with activities, plans and next steps. Safe for
// concurrent use.
type Service struct{ d Deps }

// undoKind is the kind of this service's entries in the undo log.
const undoKind = "activity"

// NewService makes the service and registers how its logs are taken back.
func NewService(d Deps) *Service {
	s := &Service{d: d}
	d.Undo.Register(undoKind, s.takeBack)
	return s
}

// SetApprovals sets who tells the waiting approvals, once, before use.
func (s *Service) SetApprovals(a Approvals) { s.d.Approvals = a }

// The views that the service queues cards of.
const (
	ViewReminder = "activity.reminder" // ref: StepRef
	ViewToday    = "today.card"        // ref: the day
)

// The settings.
var (
	logHours    = rule.Int{Key: "V-01.hours", Title: crm.Text{Zh: "拜访后多久内记录才有效", En: "hours within which a visit must be logged"}, Unit: crm.Text{Zh: "小时", En: "hours"}, Default: 24, Min: 1, Max: 720}
	noteRunes   = rule.Int{Key: "V-01.note", Title: crm.Text{Zh: "有效拜访记录最少字数", En: "shortest note of a valid visit"}, Unit: crm.Text{Zh: "字", En: "characters"}, Default: 15, Min: 0, Max: 500}
	fieldCount  = rule.Int{Key: "V-01.fields", Title: crm.Text{Zh: "记录过短时至少填写的项数", En: "details that stand in for a short note"}, Unit: crm.Text{Zh: "项", En: "fields"}, Default: 3, Min: 1, Max: 4}
	attempt     = rule.Int{Key: "V-01.attempt", Title: crm.Text{Zh: "未见到客户的拜访折算", En: "what a visit counts for when nobody was met"}, Unit: crm.Text{Zh: "%", En: "%"}, Default: 30, Min: 0, Max: 100}
	photoHours  = rule.Int{Key: "V-01.photo_hours", Title: crm.Text{Zh: "记录后多久内可补照片", En: "hours within which a photo can be added"}, Unit: crm.Text{Zh: "小时", En: "hours"}, Default: 24, Min: 1, Max: 720}
	callSeconds = rule.Int{Key: "P-10.call_seconds", Title: crm.Text{Zh: "有效电话最短时长", En: "shortest valid call"}, Unit: crm.Text{Zh: "秒", En: "seconds"}, Default: 30, Min: 0, Max: 3600}
	textRunes   = rule.Int{Key: "P-10.text", Title: crm.Text{Zh: "有效文字记录最少字数", En: "shortest valid text"}, Unit: crm.Text{Zh: "字", En: "characters"}, Default: 10, Min: 0, Max: 500}
	similar     = rule.Int{Key: "P-10.similar", Title: crm.Text{Zh: "与最近记录相似多少以上不算有效", En: "likeness to recent logs above which a text does not count"}, Unit: crm.Text{Zh: "%", En: "%"}, Default: 90, Min: 1, Max: 100}
	compared    = rule.Int{Key: "P-10.compare", Title: crm.Text{Zh: "与最近几条记录比较", En: "recent logs to compare with"}, Unit: crm.Text{Zh: "条", En: "logs"}, Default: 5, Min: 0, Max: 50}
	autoSave    = rule.Bool{Key: "CH-01.auto_save", Title: crm.Text{Zh: "有把握的快速记录直接保存，不再确认", En: "save quick logs that are certain without confirmation"}}
	draftHours  = rule.Int{Key: "CH-01.draft_hours", Title: crm.Text{Zh: "未确认的记录保留多久", En: "how long an unconfirmed log can be confirmed"}, Unit: crm.Text{Zh: "小时", En: "hours"}, Default: 24, Min: 1, Max: 720}
	evening     = rule.Clock{Key: "V-04.evening", Title: crm.Text{Zh: "前一天几点前排的计划算数", En: "plans count when made the day before by"}, Default: "20:00"}
	morning     = rule.Clock{Key: "V-04.morning", Title: crm.Text{Zh: "当天几点前排的计划算数", En: "plans count when made on the day by"}, Default: "09:30"}
	DigestAt    = rule.Clock{Key: "CH-03.digest", Title: crm.Text{Zh: "每日清单发送时间", En: "when the daily list is sent"}, Default: "08:45"}
	lostDays    = rule.Int{Key: "P-14.today", Title: crm.Text{Zh: "清单中提前几个工作日提示将释放的线索和客户", En: "working days before a release at which the daily list warns"}, Unit: crm.Text{Zh: "个工作日", En: "working days"}, Default: 3, Min: 0, Max: 60}
)

// Settings are the definitions for the book of rules.
func Settings() []rule.Def {
	defs := []rule.Def{evening.Def(), morning.Def(), DigestAt.Def(), autoSave.Def()}
	for _, k := range []rule.Int{logHours, noteRunes, fieldCount, attempt, photoHours, callSeconds, textRunes, similar, compared, draftHours, lostDays} {
		defs = append(defs, k.Def())
	}
	return defs
}

// scopes of a person's settings, the most specific first.
func scopes(user crm.UserID, team crm.TeamID) []rule.Scope {
	return []rule.Scope{rule.Scope(fmt.Sprintf("user:%d", user)), rule.Scope(fmt.Sprintf("team:%d", team))}
}

// Limits are the numbers of V-01 and P-10 in force for a person.
func (s *Service) Limits(ctx context.Context, user crm.UserID, team crm.TeamID) Limits {
	sc := scopes(user, team)
	return Limits{
		LogWithin: time.Duration(logHours.Of(ctx, s.d.Rules, sc...)) * time.Hour, NoteRunes: int(noteRunes.Of(ctx, s.d.Rules, sc...)),
		Fields: int(fieldCount.Of(ctx, s.d.Rules, sc...)), AttemptPercent: int(attempt.Of(ctx, s.d.Rules, sc...)), CallSeconds: int(callSeconds.Of(ctx, s.d.Rules, sc...)),
		TextRunes: int(textRunes.Of(ctx, s.d.Rules, sc...)), SimilarPercent: int(similar.Of(ctx, s.d.Rules, sc...)),
	}
}

func (s *Service) planClock(ctx context.Context) PlanClock {
	h, m := evening.Of(ctx, s.d.Rules)
	h2, m2 := morning.Of(ctx, s.d.Rules)
	return PlanClock{Evening: calendar.Clock(h, m), Morning: calendar.Clock(h2, m2)}
}

// PlanClock are the times until which plans count (V-04), for cards.
func (s *Service) PlanClock(ctx context.Context) PlanClock { return s.planClock(ctx) }

// Today is the organisation's day.
func (s *Service) Today() crm.Day { return s.d.Calendar.DayOf(s.d.Clock.Now()) }

// Record is what an activity or plan is about, as the actor may work on it.
type Record struct {
	// Subject is the record itself, Customer the lead or account behind it.
	Subject, Customer crm.Ref
	Name              string
	// Contact is the person to talk to when the record names one.
	Contact string
}

// Record checks that the actor may log on the record (PM-01) and tells what it
// is. Contacts stand for their account.
func (s *Service) Record(ctx context.Context, a crm.Actor, ref crm.Ref) (Record, error) {
	if a.Frozen {
		return Record{}, crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系您的经理", "please ask your manager")
	}
	switch ref.Kind {
	case crm.KindLead:
		l, err := s.d.Leads.Working(ctx, a, crm.LeadID(ref.ID))
		if err == nil {
			ref = l.Ref() // the code may be of one that became part of it
		}
		return Record{Subject: ref, Customer: ref, Name: l.Name(), Contact: l.Contact}, err
	case crm.KindAccount:
		x, err := s.d.Accounts.Workable(ctx, a, crm.AccountID(ref.ID))
		if err == nil {
			ref = x.ID.Ref()
		}
		return Record{Subject: ref, Customer: ref, Name: x.Name}, err
	case crm.KindDeal:
		d, err := s.d.Deals.Get(ctx, a, crm.DealID(ref.ID))
		if err != nil {
			return Record{}, err
		}
		r := Record{Subject: ref, Customer: d.Account.Ref(), Name: d.Title}
		if d.Account == 0 {
			r.Customer = ref
		}
		return r, nil
	}
	return Record{}, crm.Invalid("只能在线索、客户或商机上记录，收到“"+ref.String()+"”", "activities are logged on leads, accounts or deals, not on “"+ref.String()+"”").
		WithNext("请写公司名或编号，如 L-12、A-3", "name the company or a code such as L-12 or A-3")
}

// notMine is the answer for a draft, activity or plan of somebody else.
func notMine(zh, en string) error {
	e := crm.Forbidden(zh, en)
	e.Rule = "PM-01"
	return e
}
