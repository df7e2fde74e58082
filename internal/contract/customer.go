package contract

import (
	"context"
	"strings"

	"crmbot/internal/account"
	"crmbot/internal/crm"
)

// customer is the account that the input names. A name without any match
// becomes a new account; several matches are refused with the choices.
func (s *Service) customer(ctx context.Context, a crm.Actor, in Input) (account.Account, error) {
	if in.Account != 0 {
		return s.Customers.Workable(ctx, a, in.Account)
	}
	name := strings.TrimSpace(in.Customer)
	if name == "" {
		return account.Account{}, crm.Invalid("请填写客户", "the customer is missing")
	}
	found, err := s.Candidates(ctx, a, name)
	switch {
	case err != nil:
		return account.Account{}, err
	case len(found) == 1:
		return s.Customers.Workable(ctx, a, found[0].ID)
	case len(found) == 0:
		return s.Customers.Ensure(ctx, a, name)
	}
	names := make([]string, len(found))
	for i, x := range found {
		names[i] = x.ID.String() + " " + x.Name
	}
	return account.Account{}, crm.Invalid("“"+clip(name)+"”有多个客户："+strings.Join(names, "、"), "“"+clip(name)+"” fits several customers: "+strings.Join(names, ", ")).
		WithNext("请写编号或全称", "use the code or the full name")
}

// reserve keeps the count of the actor's accounts exact for a customer that the
// transaction of the context may make (P-03).
func (s *Service) reserve(ctx context.Context, a crm.Actor, in Input) error {
	if in.Account != 0 || strings.TrimSpace(in.Customer) == "" {
		return nil
	}
	return s.Customers.Reserve(ctx, a)
}

// MaxCandidates is how many customers a choice offers.
const MaxCandidates = 5

// Candidates are the customers that the actor may see and that the text may
// mean; at most MaxCandidates.
func (s *Service) Candidates(ctx context.Context, a crm.Actor, text string) ([]account.Account, error) {
	return s.Customers.Search(ctx, a, text, MaxCandidates)
}
