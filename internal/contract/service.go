package contract

import (
	"context"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/approval"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/org"
	"crmbot/internal/rule"
)

// Customers are the accounts that contracts are made with.
type Customers interface {
	// Workable is the account for somebody who may write about it.
	Workable(ctx context.Context, a crm.Actor, id crm.AccountID) (account.Account, error)
	Search(ctx context.Context, a crm.Actor, text string, limit int) ([]account.Account, error)
	// Reserve comes first in a transaction that may Ensure later (P-03).
	Reserve(ctx context.Context, a crm.Actor) error
	// Ensure finds the account of exactly that company, or makes it.
	Ensure(ctx context.Context, a crm.Actor, name string) (account.Account, error)
	// Touch notes a contract step as valid activity (P-10), Dealt the first signature.
	Touch(ctx context.Context, id crm.AccountID, c crm.ContactID, at time.Time) error
	Dealt(ctx context.Context, at map[crm.AccountID]time.Time) error
}

// Deals are the opportunities that contracts come from.
type Deals interface {
	Get(ctx context.Context, a crm.Actor, id crm.DealID) (deal.Deal, error)
}

// Approvals is the engine that gets contracts approved.
type Approvals interface {
	Submit(ctx context.Context, a crm.Actor, sub approval.Submission) (approval.Request, error)
	VoidOn(ctx context.Context, a crm.Actor, ref crm.Ref, comment string) (bool, error)
	AsksNow(ctx context.Context, a crm.Actor, ref crm.Ref) (bool, error)
}

// People tells who is told about signatures, and in which team somebody is.
type People interface {
	User(ctx context.Context, id crm.UserID) (org.User, error)
	WithRole(ctx context.Context, r crm.Role) ([]org.User, error)
}

// Scope limits a query to what a person may see.
type Scope struct {
	All   bool
	User  crm.UserID
	Teams []crm.TeamID
}

// Query selects contracts within a scope.
type Query struct {
	Scope   Scope
	Owner   crm.UserID // zero: any
	Account crm.AccountID
	// Text is part of the customer's name or the beginning of the number.
	Text          string
	States        []State // empty: any
	Offset, Limit int
}

// Store keeps contracts. SaveContract changes a row only when its version is
// still the one that was read.
type Store interface {
	AddContract(ctx context.Context, c *Contract) error
	// Contract reads one; with lock its row stays locked until the transaction ends.
	Contract(ctx context.Context, id crm.ContractID, lock bool) (Contract, error)
	// ContractParties are the owners of contracts and of the accounts and deals that
	// they belong to; a contract that there is not has no entry.
	ContractParties(ctx context.Context, ids []crm.ContractID) (map[crm.ContractID][]crm.UserID, error)
	SaveContract(ctx context.Context, c *Contract) error
	// FindContracts are the matching ones, latest change first, and how many there
	// are without the limit.
	FindContracts(ctx context.Context, q Query) ([]Contract, int64, error)
	// ContractsDue are those in the state whose date (start or end) is on or before
	// the day and that are not terminated, with an id above after, at most n.
	ContractsDue(ctx context.Context, s State, day crm.Day, after crm.ContractID, n int) ([]Contract, error)
	ContractHistory(ctx context.Context, id crm.AccountID, except crm.ContractID) (History, error)
	AddContractEntry(ctx context.Context, e *Entry) error
	// ContractEntries is the change log, newest first, at most n.
	ContractEntries(ctx context.Context, id crm.ContractID, n int) ([]Entry, error)
	// AddContractContent keeps what was submitted in a round.
	AddContractContent(ctx context.Context, id crm.ContractID, round int, hash string, c Content, at time.Time) error
	// ContractContent is what was submitted in a round; ok is false when none was.
	ContractContent(ctx context.Context, id crm.ContractID, round int) (c Content, ok bool, err error)
	AddContractFile(ctx context.Context, f *File, body []byte) error
	ContractFiles(ctx context.Context, id crm.ContractID) ([]File, error)
	ContractFile(ctx context.Context, id int64) (File, []byte, error)
	NextNumber(ctx context.Context, counter string) (int64, error)
}

// Deps is what a Service needs.
type Deps struct {
	Store     Store
	Tx        crm.Transactor
	Effects   crm.Effects
	Clock     crm.Clock
	Calendar  *calendar.Calendar
	Rules     *rule.Book
	Customers Customers
	Deals     Deals
	Approvals Approvals
	People    People
}

// Service is what can be done with contracts. Safe for concurrent use.
type Service struct{ Deps }

// NewService makes the service. Register it with the approval engine, which
// tells it how requests end.
func NewService(d Deps) *Service { return &Service{d} }

// ViewSign is the view of the card that asks legal to confirm a signature; its
// ref is the contract's code.
const ViewSign = "contract.sign"

// TypesNow are the contract types in force.
func (s *Service) TypesNow(ctx context.Context) []Type {
	ts, _ := Types.Of(ctx, s.Rules)
	return ts
}

// change runs one change of one contract: it is locked, the version that the
// person saw is compared (zero: whatever is), fn changes it, and it is stored
// with its log entry and everybody's cards.
func (s *Service) change(ctx context.Context, a crm.Actor, id crm.ContractID, version int64, fn func(ctx context.Context, c *Contract, now time.Time) ([]Entry, error)) (Contract, error) {
	if a.Frozen {
		return Contract{}, frozen()
	}
	var out Contract
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		c, err := s.Store.Contract(ctx, id, true)
		if err != nil {
			return err
		}
		ok, err := s.canRead(ctx, a, c)
		if err != nil {
			return err
		}
		if !ok {
			return hidden(id)
		}
		if version != 0 && version != c.Version {
			return crm.Stale("AP-06", "合同 "+id.String()+" 刚刚有变动，这张卡片已过期", "contract "+id.String()+" has changed; this card is out of date").
				WithNext("发送 /合同 "+id.String()+" 查看最新内容", "send /contract "+id.String()+" for the present one")
		}
		now := s.Clock.Now()
		entries, err := fn(ctx, &c, now)
		if err != nil {
			return err
		}
		out = c
		if len(entries) == 0 {
			return nil
		}
		c.UpdatedAt = now
		if err := s.store(ctx, &c, entries, a.ID, now); err != nil {
			return err
		}
		out = c
		return nil
	})
	return out, err
}

// store saves the contract and appends to its log, the audit and the refreshes.
func (s *Service) store(ctx context.Context, c *Contract, entries []Entry, by crm.UserID, now time.Time) error {
	if err := s.Store.SaveContract(ctx, c); err != nil {
		return err
	}
	if err := s.log(ctx, c.ID, entries, by, now); err != nil {
		return err
	}
	refs := []crm.Ref{c.ID.Ref()}
	if c.Deal != 0 {
		refs = append(refs, c.Deal.Ref())
	}
	return s.Effects.Refresh(ctx, refs...)
}

func (s *Service) log(ctx context.Context, id crm.ContractID, entries []Entry, by crm.UserID, now time.Time) error {
	for _, e := range entries {
		e.Contract, e.At, e.User = id, now, by
		if err := s.Store.AddContractEntry(ctx, &e); err != nil {
			return err
		}
		fields := make([]string, len(e.Diff))
		for i, d := range e.Diff {
			fields[i] = string(d.Field)
		}
		err := s.Effects.Audit(ctx, crm.Audit{At: now, Actor: by, Action: "contract." + string(e.Event), Ref: id.Ref(), Rule: ruleOf(e.Event),
			Detail: map[string]any{"from": string(e.From), "to": string(e.To), "fields": fields}})
		if err != nil {
			return err
		}
	}
	return nil
}

func ruleOf(e Event) string {
	switch e {
	case Create:
		return "CT-03"
	case Edit:
		return "AP-04"
	case Sign, Scan, Terminate:
		return "CT-02"
	}
	return "CT-01"
}

// Moved is the store's error when a contract was changed since it was read.
func Moved(id crm.ContractID) error {
	return crm.Conflict("CT-01", "合同 "+id.String()+" 刚刚被别人修改", "somebody else just changed contract "+id.String()).
		WithNext("请再看一下最新内容后重试", "look at it again and retry")
}

func frozen() error {
	e := crm.Forbidden("您的账号正在交接，只能查看", "your account is being handed over; you may only read").WithNext("请联系管理员", "please contact an administrator")
	e.Rule = "HO-01"
	return e
}
