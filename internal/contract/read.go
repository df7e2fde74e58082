package contract

import (
	"context"

	"crmbot/internal/crm"
)

// CanRead reports whether the actor's place in the company lets them read the
// contract: own ones, the reach of managers, all for legal, finance, boss and
// administrators (PM-01).
func CanRead(a crm.Actor, c Contract) bool {
	return a.CanSee(c.Owner, c.Team) || a.Is(crm.Legal, crm.Finance)
}

// CanWork reports whether the actor may change and submit the contract: its
// owner and the owner's leaders.
func CanWork(a crm.Actor, c Contract) bool { return !a.Frozen && a.CanSee(c.Owner, c.Team) }

// canRead adds the approvers of an open request about the contract, who may
// read that one contract (PM-01).
func (s *Service) canRead(ctx context.Context, a crm.Actor, c Contract) (bool, error) {
	if CanRead(a, c) {
		return true, nil
	}
	return s.Approvals.AsksNow(ctx, a, c.ID.Ref())
}

// hidden is the answer to somebody without the right.
func hidden(id crm.ContractID) error {
	e := crm.Forbidden("您无权查看合同 "+id.String(), "you may not see contract "+id.String()).WithNext("可请负责人或其经理协助", "please ask its owner or the owner's manager")
	e.Rule = "PM-01"
	return e
}

// NotFound is the answer for a contract that does not exist.
func NotFound(id crm.ContractID) error {
	return crm.NotFound("没有合同 "+id.String(), "there is no contract "+id.String()).WithNext("发送 /合同 查看您的合同", "send /contract for your contracts")
}

// Get opens one contract (PM-01, PM-03).
func (s *Service) Get(ctx context.Context, a crm.Actor, id crm.ContractID) (Contract, error) {
	c, err := s.Store.Contract(ctx, id, false)
	if err != nil {
		return Contract{}, err
	}
	ok, err := s.canRead(ctx, a, c)
	if err != nil {
		return Contract{}, err
	}
	if !ok {
		return Contract{}, hidden(id)
	}
	return c, nil
}

// ScopeOf is what the actor may list.
func ScopeOf(a crm.Actor) Scope {
	return Scope{All: a.System || a.All || a.Is(crm.Legal, crm.Finance), User: a.ID, Teams: a.Reach}
}

// Search finds contracts that the actor may see by code, number or part of the
// customer's name, latest change first, and how many there are in all. An
// empty text lists everything.
func (s *Service) Search(ctx context.Context, a crm.Actor, text string, limit int) ([]Contract, int64, error) {
	t := crm.Normalize(text)
	if ref, err := crm.ParseRef(t); err == nil && ref.Kind == crm.KindContract {
		c, err := s.Get(ctx, a, crm.ContractID(ref.ID))
		if err != nil {
			return nil, 0, err
		}
		return []Contract{c}, 1, nil
	}
	return s.Store.FindContracts(ctx, Query{Scope: ScopeOf(a), Text: t, Limit: limit})
}

// Log is the contract's change log, newest first, for somebody who may read it.
func (s *Service) Log(ctx context.Context, a crm.Actor, id crm.ContractID, n int) ([]Entry, error) {
	if _, err := s.Get(ctx, a, id); err != nil {
		return nil, err
	}
	return s.Store.ContractEntries(ctx, id, n)
}

// Files are the scans of the signed paper, for somebody who may read the
// contract.
func (s *Service) Files(ctx context.Context, a crm.Actor, id crm.ContractID) ([]File, error) {
	if _, err := s.Get(ctx, a, id); err != nil {
		return nil, err
	}
	return s.Store.ContractFiles(ctx, id)
}

// OpenFile reads one scan.
func (s *Service) OpenFile(ctx context.Context, a crm.Actor, id int64) (File, []byte, error) {
	f, body, err := s.Store.ContractFile(ctx, id)
	if err != nil {
		return File{}, nil, err
	}
	if _, err := s.Get(ctx, a, f.Contract); err != nil {
		return File{}, nil, err
	}
	return f, body, nil
}

// AwaitingScan are the actor's own contracts that wait for the customer's
// signature on paper.
func (s *Service) AwaitingScan(ctx context.Context, a crm.Actor, limit int) ([]Contract, error) {
	cs, _, err := s.Store.FindContracts(ctx, Query{Scope: ScopeOf(a), Owner: a.ID, States: []State{ToSign}, Limit: limit})
	return cs, err
}

// OfAccount are the contracts of one customer that the actor may see, latest
// change first.
func (s *Service) OfAccount(ctx context.Context, a crm.Actor, id crm.AccountID, limit int) ([]Contract, error) {
	cs, _, err := s.Store.FindContracts(ctx, Query{Scope: ScopeOf(a), Account: id, Limit: limit})
	return cs, err
}
