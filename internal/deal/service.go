package deal

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/internal/account"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/rule"
	"crmbot/internal/undo"
)

// Accounts are the customers of deals.
type Accounts interface {
	Get(ctx context.Context, a crm.Actor, id crm.AccountID) (account.Account, error)
	// Workable is Get for somebody who is about to write.
	Workable(ctx context.Context, a crm.Actor, id crm.AccountID) (account.Account, error)
	Dealt(ctx context.Context, at map[crm.AccountID]time.Time) error
	Undealt(ctx context.Context, id crm.AccountID, at time.Time) error
	// Unsettle notes that the account may go back to its pool earlier (P-09).
	Unsettle(ctx context.Context, id crm.AccountID) error
}

// Deps are what the service needs.
type Deps struct {
	Store    Store
	Tx       crm.Transactor
	Effects  crm.Effects
	Clock    crm.Clock
	Calendar *calendar.Calendar
	Rules    *rule.Book
	Accounts Accounts
	// AccountStore reads customers regardless of rights, for checks and names.
	AccountStore account.Store
	// Undos keeps how a move is taken back; nil: none can be.
	Undos *undo.Service
	// People tells the owner's team of the moment, which gets the credit (F-06).
	People People
}

// People finds people; the company's directory is one.
type People interface {
	User(ctx context.Context, id crm.UserID) (org.User, error)
}

// credited is the team that the owner is in now (F-06).
func (s *Service) credited(ctx context.Context, d *Deal) (crm.TeamID, error) {
	if d.Owner == 0 {
		return d.Team, nil
	}
	u, err := s.People.User(ctx, d.Owner)
	return u.Team, err
}

// Service is what can be done with deals. Safe for concurrent use.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// MaxTitle is the longest title, in characters.
const MaxTitle = 120

// StageKeys are the keys of the stages in force, in order.
func (s *Service) StageKeys(ctx context.Context) []string {
	list := s.Stages(ctx)
	out := make([]string, len(list))
	for i, st := range list {
		out[i] = st.Key
	}
	return out
}

// Stages are the stages in force (F-07).
func (s *Service) Stages(ctx context.Context) []Stage {
	list, _ := stages.Of(ctx, s.Rules)
	return list
}

// Get opens one deal (PM-01, PM-03).
func (s *Service) Get(ctx context.Context, a crm.Actor, id crm.DealID) (Deal, error) {
	d, err := s.Store.Deal(ctx, id)
	if err != nil {
		return Deal{}, err
	}
	if a.CanSee(d.Owner, d.Team) {
		return d, nil
	}
	var owner crm.UserID
	if d.Account != 0 {
		x, err := s.AccountStore.Account(ctx, d.Account)
		if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
			return Deal{}, err
		}
		owner = x.Owner
	}
	if !CanSee(a, d, owner) {
		e := crm.Forbidden("您无权查看商机 "+id.String(), "you may not see deal "+id.String()).WithNext("可请负责人或其经理协助", "please ask its owner or the owner's manager")
		e.Rule = "PM-01"
		return Deal{}, e
	}
	return d, nil
}

// List lists deals within the actor's rights with their totals.
func (s *Service) List(ctx context.Context, a crm.Actor, q Query) ([]Deal, Totals, error) {
	q.Scope = ScopeOf(a)
	if q.Account != 0 {
		x, err := s.Accounts.Get(ctx, a, q.Account)
		if err != nil {
			return nil, Totals{}, err
		}
		q.Account = x.ID // the code may be of one that became part of it
		if x.Owner != 0 && x.Owner == a.ID {
			q.Scope.All = true // the owner of a customer sees all its deals
		}
	}
	return s.Store.FindDeals(ctx, q)
}

// Moves are the stage log of a deal that the actor may see, oldest first.
func (s *Service) Moves(ctx context.Context, a crm.Actor, id crm.DealID) ([]Move, error) {
	if _, err := s.Get(ctx, a, id); err != nil {
		return nil, err
	}
	return s.Store.Moves(ctx, id)
}

// AccountNames are the names of the customers of deals that were listed for
// somebody: who may see a deal may know whom it is with.
func (s *Service) AccountNames(ctx context.Context, ids []crm.AccountID) (map[crm.AccountID]string, error) {
	xs, err := s.AccountStore.Accounts(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[crm.AccountID]string, len(xs))
	for id, x := range xs {
		out[id] = x.Name
	}
	return out, nil
}

// Draft is what a person says about a new deal.
type Draft struct {
	Title         string // empty: the account's name
	Account       crm.AccountID
	Product       ProductID
	Amount        crm.Money
	ExpectedClose crm.Day
}

// Create opens a deal for the actor. The customer must be one that the actor may
// work with.
func (s *Service) Create(ctx context.Context, a crm.Actor, in Draft) (Deal, error) {
	if a.Frozen {
		return Deal{}, frozen()
	}
	now := s.Clock.Now()
	today := s.Calendar.DayOf(now)
	switch {
	case in.Amount <= 0:
		return Deal{}, crm.Invalid("请写商机金额，如 80万", "a deal needs an amount, such as 80万")
	case in.Amount > crm.MaxMoney:
		return Deal{}, crm.Invalid("金额太大", "the amount is too large")
	case in.ExpectedClose != "" && in.ExpectedClose < today:
		return Deal{}, crm.Invalid("预计成交日 "+string(in.ExpectedClose)+" 已经过去", "the expected close "+string(in.ExpectedClose)+" is in the past").WithNext("请写今天或以后的日期", "write today or a later day")
	}
	var d Deal
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		x, err := s.Accounts.Workable(ctx, a, in.Account)
		if err != nil {
			return err
		}
		if in.Product != 0 {
			if _, err := s.Store.Product(ctx, in.Product); err != nil {
				return err
			}
		}
		title := crm.Normalize(strings.ReplaceAll(in.Title, "\n", " "))
		if title == "" {
			title = x.Name
		}
		if utf8.RuneCountInString(title) > MaxTitle {
			return crm.Invalid(fmt.Sprintf("商机名称最多 %d 个字", MaxTitle), fmt.Sprintf("a deal's title has at most %d characters", MaxTitle))
		}
		d = Deal{Title: title, Account: x.ID, Product: in.Product, Owner: a.ID, Team: a.Team, Stage: s.Stages(ctx)[0].Key, Status: Open, Amount: in.Amount,
			ExpectedClose: in.ExpectedClose, OpenedOn: today, StageAt: now, CreatedAt: now, UpdatedAt: now}
		if err := s.Store.AddDeals(ctx, []*Deal{&d}); err != nil {
			return err
		}
		if err := s.Store.AddMoves(ctx, []Move{{Deal: d.ID, To: d.Stage, At: now, By: a.ID}}); err != nil {
			return err
		}
		if err := s.Effects.Record(ctx, s.facts(d, now, 1)...); err != nil {
			return err
		}
		if err := s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "deal.create", Ref: d.ID.Ref(), Detail: map[string]any{"account": int64(d.Account), "amount": int64(d.Amount)}}); err != nil {
			return err
		}
		return s.Effects.Refresh(ctx, x.ID.Ref())
	})
	return d, err
}

// facts are all facts that a deal's present state stands for, times sign: +1
// when it is stored, −1 when it is taken back. At is the moment of the change
// when that is on the fact's own day, else noon of that day.
func (s *Service) facts(d Deal, now time.Time, sign int64) []crm.Fact {
	var out []crm.Fact
	add := func(key string, day crm.Day) {
		if day != "" {
			out = append(out, crm.Fact{At: s.moment(day, now), Day: day, User: d.Owner, Team: d.Team, Key: key, Qty: sign, Amount: crm.Money(sign) * d.Amount, Ref: d.ID.Ref()})
		}
	}
	add(FactOpened, d.OpenedOn)
	switch d.Status {
	case Won:
		add(FactWon, d.ClosedOn)
	case Lost:
		add(FactLost, d.ClosedOn)
	}
	return out
}

func (s *Service) moment(day crm.Day, now time.Time) time.Time {
	if s.Calendar.DayOf(now) == day {
		return now
	}
	return s.Calendar.At(day, calendar.Clock(12, 0))
}

func frozen() error {
	e := crm.Forbidden("您的账号正在交接，只能查看", "your account is being handed over and is read-only")
	e.Rule = "HO-01"
	return e
}
