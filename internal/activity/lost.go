package activity

import (
	"context"

	"crmbot/internal/crm"
)

// Holder is who has a lead or an account.
type Holder struct {
	Owner crm.UserID // zero: it waits in a pool
	Team  crm.TeamID
	// Shares reports that the person who asks collaborates on it.
	Shares bool
}

// lost are those of the records that the actor cannot work on any more: they wait
// in a pool, or belong to somebody else, without the actor as a collaborator or
// leader. What was to be done with them stays written, and comes back with them.
func (s *Service) lost(ctx context.Context, a crm.Actor, refs []crm.Ref) (map[crm.Ref]bool, error) {
	holders, err := s.d.Store.Holders(ctx, a.ID, refs)
	if err != nil {
		return nil, err
	}
	out := map[crm.Ref]bool{}
	for ref, h := range holders {
		out[ref] = !h.Shares && h.Owner != a.ID && (h.Owner == 0 || !a.Leads(h.Team))
	}
	return out, nil
}

func stepSubjects(steps []Step) []crm.Ref {
	out := make([]crm.Ref, len(steps))
	for i, st := range steps {
		out[i] = st.Subject
	}
	return out
}

// Lost reports whether the actor cannot work any more on what a next step is about.
func (s *Service) Lost(ctx context.Context, a crm.Actor, st StepSeen) (bool, error) {
	lost, err := s.lost(ctx, a, []crm.Ref{st.Subject})
	return lost[st.Subject], err
}
