package recycle

import (
	"context"

	"crmbot/internal/crm"
)

// maxUndecided bounds the requests of one list.
const maxUndecided = 500

// Undecided is what waits for the actor's decision: extensions that people ask
// whose superior they are (P-13), with the names of the records, and for an
// administrator the days whose releases stopped (P-16).
func (s *Service) Undecided(ctx context.Context, a crm.Actor) (asked []RequestSeen, stopped []Run, err error) {
	if !a.Is(bosses...) || a.Frozen {
		return nil, nil, nil
	}
	if a.Is(crm.Admin) {
		if stopped, err = s.d.Store.RunsIn(ctx, RunAsked, 10); err != nil {
			return nil, nil, err
		}
	}
	list, err := s.d.Store.OpenRequests(ctx, maxUndecided)
	if err != nil {
		return nil, nil, err
	}
	var mine []Request
	var refs []crm.Ref
	for _, r := range list {
		boss, err := s.d.People.Superior(ctx, r.Owner)
		if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
			return nil, nil, err
		}
		if boss == a.ID || boss == 0 && a.Is(crm.Admin) {
			mine, refs = append(mine, r), append(refs, r.Ref)
		}
	}
	facts, err := s.FactsOf(ctx, refs...)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range mine {
		if f := facts[r.Ref]; f.Owner == r.Owner { // else it went to somebody else meanwhile
			asked = append(asked, RequestSeen{Request: r, Name: f.Name, OwnerName: s.d.People.Name(ctx, r.Owner), MayAnswer: true})
		}
	}
	return asked, stopped, nil
}
