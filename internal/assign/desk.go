package assign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
)

// desk is what is known of the people while a batch of leads is given out. The
// counts are read once and go along with what is given; what is given is counted
// again under the person's lock.
type desk struct {
	s          *Service
	now        time.Time
	maxOverdue int
	limits     lead.Limits
	people     map[crm.UserID]*Candidate
	scopes     map[string][]crm.UserID
}

func (s *Service) newDesk(ctx context.Context, now time.Time) *desk {
	return &desk{s: s, now: now, maxOverdue: int(MaxOverdue.Of(ctx, s.d.Rules)), limits: lead.LimitsOf(ctx, s.d.Rules), people: map[crm.UserID]*Candidate{}, scopes: map[string][]crm.UserID{}}
}

// candidates are the people in the scope of the step, or of the pool where it
// names nobody.
func (d *desk) candidates(ctx context.Context, st Step, p pool.Pool) ([]Candidate, error) {
	key := fmt.Sprint(st.Teams, st.People, p.ID)
	if len(st.Teams)+len(st.People) > 0 {
		key = fmt.Sprint(st.Teams, st.People)
	}
	ids, ok := d.scopes[key]
	if !ok {
		users, err := d.s.inScope(ctx, st, p)
		if err != nil {
			return nil, err
		}
		if err := d.load(ctx, users); err != nil {
			return nil, err
		}
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		d.scopes[key] = ids
	}
	out := make([]Candidate, len(ids))
	for i, id := range ids {
		out[i] = *d.people[id]
	}
	return out, nil
}

// inScope are the sales reps who may get leads of the step.
func (s *Service) inScope(ctx context.Context, st Step, p pool.Pool) ([]org.User, error) {
	teams, users := st.Teams, st.People
	if len(teams)+len(users) == 0 {
		teams, users = p.Teams, p.Users
	}
	var within []crm.TeamID
	for _, t := range teams {
		below, err := s.d.People.Below(ctx, t)
		if err != nil {
			return nil, err
		}
		within = append(within, below...)
	}
	return s.d.People.Users(ctx, func(u org.User) bool {
		return u.Has(crm.Rep) && !u.Frozen && (len(teams)+len(users) == 0 || slices.Contains(users, u.ID) || slices.Contains(within, u.Team))
	})
}

// load reads what the people have who are not known yet.
func (d *desk) load(ctx context.Context, users []org.User) error {
	s, day := d.s, d.s.d.Calendar.DayOf(d.now)
	var ids []crm.UserID
	for _, u := range users {
		if d.people[u.ID] == nil {
			ids = append(ids, u.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	loads, err := s.d.Store.Loads(ctx, ids, day)
	if err != nil {
		return err
	}
	profiles, err := s.d.Store.Profiles(ctx, ids)
	if err != nil {
		return err
	}
	days, err := s.d.Store.DutyDays(ctx, ids, day, day)
	if err != nil {
		return err
	}
	spent := map[crm.UserID]bool{}
	if s.d.Budget != nil {
		if spent, err = s.d.Budget.Spent(ctx, ids); err != nil {
			return err
		}
	}
	for _, u := range users {
		if d.people[u.ID] != nil {
			continue
		}
		p, l := profiles[u.ID], loads[u.ID]
		hold, err := s.d.Gate.Hold(ctx, crm.KindLead, u.ID)
		if err != nil {
			return err
		}
		c := &Candidate{User: u.ID, Region: u.Region, Weight: p.Share(), Received: l.Received, Held: l.Held, Hold: hold, Last: p.Last, Off: p.Off, Leave: u.OnLeave(day), Pushed: spent[u.ID]}
		c.Quota = DailyQuota(s.capOf(ctx, u, p), s.d.Calendar, day)
		c.OffDuty = !OnDuty(p, exception(days[u.ID], day), s.d.Calendar, day)
		for _, x := range l.Hot {
			// The days of a hand-over are longer than the period of an A lead, which the
			// hand-over extends too (HO-02).
			if due := lead.DueOf(x, d.limits, s.d.Calendar, d.now); !due.Contact.IsZero() && due.Contact.Before(d.now) || due.Release != "" && due.Left < 0 && due.Handed == 0 {
				c.Overdue++
			}
		}
		d.people[u.ID] = c
	}
	return nil
}

// capOf is how many leads the person gets in a month: their own number, else the
// setting's, of which the most specific wins.
func (s *Service) capOf(ctx context.Context, u org.User, p Profile) int {
	if p.Cap > 0 {
		return p.Cap
	}
	return int(MonthlyCap.Of(ctx, s.d.Rules, rule.Scope(fmt.Sprintf("user:%d", u.ID)), rule.Scope("role:"+string(crm.Rep)), rule.Scope(fmt.Sprintf("team:%d", u.Team))))
}

func exception(days map[crm.Day]bool, day crm.Day) *bool {
	if on, ok := days[day]; ok {
		return &on
	}
	return nil
}

// choose picks who is next for the lead of the run, with why.
func (d *desk) choose(ctx context.Context, r Run, l lead.Lead, st Step, p pool.Pool, asked []Offer) (Candidate, Why, bool, error) {
	cs, err := d.candidates(ctx, st, p)
	if err != nil {
		return Candidate{}, Why{}, false, err
	}
	for i := range cs {
		c := &cs[i]
		c.Asked = c.User == r.From && r.From != 0 || slices.ContainsFunc(asked, func(o Offer) bool { return o.User == c.User })
		// An offer that waits in a digest runs out before it is read. A leads are
		// exempt from the budget, and what is given needs no answer.
		c.Pushed = c.Pushed && st.Method == Bid && l.Grade != "A"
	}
	for {
		c, rivals, _ := Choose(cs, st.Method, d.maxOverdue)
		if rivals == 0 {
			return c, Why{}, false, nil
		}
		if l.PooledAt.After(l.CreatedAt) { // it had owners: some may be in cool-down (P-06)
			cooling, err := d.s.d.Gate.Cooling(ctx, c.User, l.Ref())
			if err != nil {
				return c, Why{}, false, err
			}
			if len(cooling) > 0 {
				i := slices.IndexFunc(cs, func(x Candidate) bool { return x.User == c.User })
				cs[i].Cooling = true
				continue
			}
		}
		return c, Why{Method: st.Method, Rivals: rivals, Received: c.Received, Quota: c.Quota, Weight: c.Weight, Held: c.Held, Hold: c.Hold, Last: c.Last, Bounces: len(asked)}, true, nil
	}
}

// took notes that the person got a lead, or is asked for one.
func (d *desk) took(user crm.UserID, owned bool) {
	c := d.people[user]
	c.Received++
	c.Last = d.now
	if owned {
		c.Held++
	}
}

// noRoom means that the person got leads since the desk counted (AS-02, P-03).
type noRoom struct{ Load }

func (e *noRoom) Error() string { return fmt.Sprintf("holds %d and received %d", e.Held, e.Received) }

// room counts what the person has once more, in the transaction that has their
// seat: other replicas and managers give out leads too, and no two transactions
// may both see the last free place.
func (s *Service) room(ctx context.Context, c Candidate, why *Why) error {
	l, err := s.d.Store.Recount(ctx, c.User, s.d.Calendar.DayOf(s.d.Clock.Now()))
	if err != nil {
		return err
	}
	if l.Received >= c.Quota || l.Held >= c.Hold {
		return &noRoom{l}
	}
	why.Received, why.Held = l.Received, l.Held
	return nil
}

// crowded reports whether the person was passed over because they have no room
// after all, and notes it.
func (d *desk) crowded(user crm.UserID, err error) bool {
	var held *pool.HoldFull
	var got *noRoom
	switch c := d.people[user]; {
	case errors.As(err, &held):
		c.Held = c.Hold
	case errors.As(err, &got):
		c.Held, c.Received = got.Held, got.Received
	default:
		return false
	}
	return true
}
