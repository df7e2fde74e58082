package assign

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
)

func encode(b Book) (string, error) {
	raw, err := json.Marshal(b)
	if err != nil {
		return "", fmt.Errorf("encode the rules: %w", err)
	}
	return string(raw), nil
}

// Decode reads rules as they are stored.
func Decode(value string) (Book, error) {
	var b Book
	if err := json.Unmarshal([]byte(value), &b); err != nil {
		return b, fmt.Errorf("decode the rules: %w", err)
	}
	return b, nil
}

// Shown is an offer as the person who is asked sees it: the lead as one of a
// pool, and why it is them.
type Shown struct {
	Offer
	Seen lead.Seen
	Run  Run
}

// OfferFor is one offer for the person who was asked.
func (s *Service) OfferFor(ctx context.Context, a crm.Actor, id int64) (Shown, error) {
	o, err := s.d.Store.Offer(ctx, id)
	if err != nil {
		return Shown{}, err
	}
	if o.User != a.ID {
		return Shown{}, crm.NotFound("没有这个派单", "there is no such offer")
	}
	out := Shown{Offer: o}
	ls, err := s.d.Store.LeadsByID(ctx, o.Lead)
	if err != nil {
		return out, err
	}
	if len(ls) == 0 {
		return out, crm.NotFound("没有线索 "+o.Lead.String(), "there is no lead "+o.Lead.String())
	}
	out.Seen = lead.Seen{Lead: ls[0]}
	if ls[0].Owner != a.ID {
		p, err := s.d.Gate.Pool(ctx, ls[0].Pool)
		if err != nil {
			return out, err
		}
		out.Seen.Lead, out.Seen.Masked = ls[0].Masked(p.Hides), true
	}
	if out.Run, err = s.d.Store.LastRun(ctx, o.Lead); crm.CodeOf(err) == crm.CodeNotFound {
		err = nil
	}
	return out, err
}

// WhyMine is by which run the actor got the lead; ok is false when it was not by
// the rules.
func (s *Service) WhyMine(ctx context.Context, a crm.Actor, id crm.LeadID) (Run, bool, error) {
	r, err := s.d.Store.LastRun(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return r, false, nil
	}
	return r, err == nil && r.Result == ToPerson && r.To == a.ID, err
}

// Decision is what a manager decides: the lead, who was asked before and why
// they did not take it, and who could.
type Decision struct {
	Seen    lead.Seen
	Run     Run
	Asked   []Offer
	Reasons []Reason
	// People could take it, the best placed first.
	People []org.User
}

// Decide is the manager's card about a lead.
func (s *Service) Decide(ctx context.Context, a crm.Actor, id crm.LeadID) (Decision, error) {
	if !a.Is(supervisors...) {
		return Decision{}, crm.Forbid(a, crm.Manager, crm.Director)
	}
	var d Decision
	var err error
	if d.Seen, err = s.d.Leads.Peek(ctx, a, id); err != nil {
		return d, err
	}
	if d.Run, err = s.d.Store.LastRun(ctx, id); crm.CodeOf(err) == crm.CodeNotFound {
		err = nil
	} else if err == nil {
		d.Asked, err = s.d.Store.Offers(ctx, d.Run.ID)
	}
	if err != nil {
		return d, err
	}
	d.Reasons, _ = Reasons.Read(ctx, s.d.Rules)
	if d.Seen.Owner != 0 || d.Seen.Status != lead.Open {
		return d, nil
	}
	desk := s.newDesk(ctx, s.d.Clock.Now())
	users, err := s.d.People.Users(ctx, func(u org.User) bool { return u.Has(crm.Rep) && !u.Frozen && a.Leads(u.Team) })
	if err != nil {
		return d, err
	}
	users = users[:min(len(users), maxRoster)]
	if err := desk.load(ctx, users); err != nil {
		return d, err
	}
	slices.SortStableFunc(users, func(x, y org.User) int {
		return against(*desk.people[x.ID], desk.maxOverdue) - against(*desk.people[y.ID], desk.maxOverdue)
	})
	d.People = users
	return d, nil
}

// against puts those who could take a lead before those who could not.
func against(c Candidate, maxOverdue int) int {
	if c.Against(maxOverdue) != "" {
		return 1
	}
	return 0
}

// NewIn are the first leads that can be claimed from the pool, best first, and
// whether there are more. A group sees them without names.
func (s *Service) NewIn(ctx context.Context, a crm.Actor, p crm.PoolID, n int) (lead.PoolList, error) {
	list, err := s.d.Leads.Pool(ctx, a, lead.Filter{}, 0, 50)
	if err != nil {
		return list, err
	}
	list.Leads = slices.DeleteFunc(list.Leads, func(v lead.Seen) bool { return v.Pool != p })
	list.More = list.More || len(list.Leads) > n
	list.Leads = list.Leads[:min(len(list.Leads), n)]
	return list, nil
}

// Unplaced counts the leads that nobody could take on the day, by pool, of the
// pools that the actor sees.
func (s *Service) Unplaced(ctx context.Context, a crm.Actor, day crm.Day) (map[crm.PoolID]int, error) {
	if !a.Is(supervisors...) {
		return nil, crm.Forbid(a, crm.Manager, crm.Director)
	}
	all, err := s.d.Store.Unplaced(ctx, day.Time(s.d.Calendar.Zone()))
	if err != nil {
		return nil, err
	}
	visible, err := s.d.Gate.Visible(ctx, a, crm.KindLead)
	if err != nil {
		return nil, err
	}
	out := map[crm.PoolID]int{}
	for _, p := range visible {
		if n := all[p.ID]; n > 0 {
			out[p.ID] = n
		}
	}
	return out, nil
}
