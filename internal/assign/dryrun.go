package assign

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

// TrialLeads is how many of the newest leads a dry run sends through the rules.
const TrialLeads = 100

// Where is where a lead goes under some rules: by which rule, to whom, or how.
type Where struct {
	Rule RuleName
	// Method is the step that decides; empty: no rule, it stays in the pool.
	Method Method
	To     crm.UserID // zero: nobody in particular
}

// Replayed is a lead with where it goes under the rules in force and under the
// changed ones.
type Replayed struct {
	lead.Lead
	Now, Then Where
}

// Differs reports that the change sends it elsewhere.
func (r Replayed) Differs() bool { return r.Now != r.Then }

// Trial is a dry run. It writes nothing.
type Trial struct {
	// Leads are those that the actor may see, Hidden how many more were sent through
	// the rules: all counts are of the former alone (PM-02).
	Leads  []Replayed
	Hidden int
	// Changed reports that there are changed rules to compare with.
	Changed bool
}

// Count is how many leads somebody, or a rule, gets now and then.
type Count struct {
	Rule      RuleName
	To        crm.UserID
	Now, Then int
}

// ByRule counts the leads of each rule, those without one last.
func (t Trial) ByRule() []Count {
	return t.count(func(w Where) Count { return Count{Rule: RuleName{ID: w.Rule.ID, Name: w.Rule.Name}} })
}

// ByPerson counts the leads of each person, those of nobody last.
func (t Trial) ByPerson() []Count {
	return t.count(func(w Where) Count { return Count{To: w.To} })
}

func (t Trial) count(key func(Where) Count) []Count {
	sums := map[Count][2]int{}
	for _, r := range t.Leads {
		a, b := key(r.Now), key(r.Then)
		x := sums[a]
		x[0]++
		sums[a] = x
		x = sums[b]
		x[1]++
		sums[b] = x
	}
	out := make([]Count, 0, len(sums))
	for k, n := range sums {
		k.Now, k.Then = n[0], n[1]
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b Count) int {
		nobody := func(c Count) int {
			if c.To == 0 && c.Rule.ID == 0 {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(nobody(a), nobody(b)), cmp.Compare(b.Now+b.Then, a.Now+a.Then), cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.To, b.To))
	})
	return out
}

// Player is a person as a dry run knows them.
type Player struct {
	User    org.User
	Profile Profile
	Cap     int
}

// Replay sends the leads, oldest first, through the rules as if each came at its
// own time: who was on duty then, on leave or at their daily quota is passed
// over, and every offer is accepted by the first who is asked. Hold limits and
// overdue leads of that time are not known and not looked at. scope says who may
// get leads of a step. It depends on its arguments only.
func Replay(b Book, ls []lead.Lead, players map[crm.UserID]Player, scope func(Step, crm.PoolID) []crm.UserID, cal *calendar.Calendar) map[crm.LeadID]Where {
	out := make(map[crm.LeadID]Where, len(ls))
	received, last := map[crm.UserID]int{}, map[crm.UserID]time.Time{}
	var today crm.Day
	for i, l := range ls {
		at := cal.NextWorkTime(l.CreatedAt)
		if day := cal.DayOf(at); day != today {
			today = day
			clear(received)
		}
		name, steps := b.Plan(l)
		w := Where{Rule: name}
		for _, st := range steps {
			w.Method = st.Method
			if st.Method.ends() {
				break
			}
			var cs []Candidate
			for _, id := range scope(st, l.Pool) {
				p := players[id]
				cs = append(cs, Candidate{User: id, Weight: p.Profile.Share(), Quota: DailyQuota(p.Cap, cal, today), Received: received[id], Hold: 1, Last: last[id],
					Off: p.Profile.Off, Leave: p.User.OnLeave(today), OffDuty: !OnDuty(p.Profile, nil, cal, today)})
			}
			if c, n, _ := Choose(cs, st.Method, 1); n > 0 {
				w.To = c.User
				received[c.User]++
				last[c.User] = at.Add(time.Duration(i)) // in order, for leads of the same moment
				break
			}
			w.Method = ""
		}
		if w.To == 0 && !w.Method.ends() {
			w.Method = ""
		}
		out[l.ID] = w
	}
	return out
}

// Try sends the newest leads through the rules in force and through the changed
// ones, if there are any, and writes nothing.
func (s *Service) Try(ctx context.Context, a crm.Actor, changed *Book) (Trial, error) {
	if !a.Is(readers...) {
		return Trial{}, crm.Forbid(a, readers...)
	}
	ls, err := s.d.Store.LastLeads(ctx, TrialLeads)
	if err != nil {
		return Trial{}, err
	}
	slices.Reverse(ls)
	now, _ := s.book(ctx)
	then := now
	if changed != nil {
		then = *changed
	}
	players, scope, err := s.players(ctx)
	if err != nil {
		return Trial{}, err
	}
	before, after := Replay(now, ls, players, scope, s.d.Calendar), Replay(then, ls, players, scope, s.d.Calendar)
	out := Trial{Changed: changed != nil}
	for _, l := range slices.Backward(ls) {
		r := Replayed{Now: before[l.ID], Then: after[l.ID]}
		var ok bool
		if r.Lead, ok, err = s.named(ctx, a, l); err != nil {
			return out, err
		}
		if !ok {
			out.Hidden++
			continue
		}
		out.Leads = append(out.Leads, r)
	}
	return out, nil
}

// named is the lead as the actor may read it in a list; false: they may not.
func (s *Service) named(ctx context.Context, a crm.Actor, l lead.Lead) (lead.Lead, bool, error) {
	if !l.InPool() {
		return l, a.CanSee(l.Owner, l.Team), nil
	}
	p, sees, manages, err := s.d.Gate.Sees(ctx, a, l.Pool)
	if !a.All && !manages {
		l = l.Masked(p.Hides)
	}
	return l, a.All || sees, err
}

func (s *Service) players(ctx context.Context) (map[crm.UserID]Player, func(Step, crm.PoolID) []crm.UserID, error) {
	users, err := s.d.People.Users(ctx, func(u org.User) bool { return u.Has(crm.Rep) && !u.Frozen })
	if err != nil {
		return nil, nil, err
	}
	ids := make([]crm.UserID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	profiles, err := s.d.Store.Profiles(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	players := make(map[crm.UserID]Player, len(users))
	for _, u := range users {
		players[u.ID] = Player{User: u, Profile: profiles[u.ID], Cap: s.capOf(ctx, u, profiles[u.ID])}
	}
	pools, err := s.d.Gate.Pools(ctx)
	if err != nil {
		return nil, nil, err
	}
	known := map[string][]crm.UserID{}
	return players, func(st Step, id crm.PoolID) []crm.UserID {
		key := fmt.Sprint(st.Teams, st.People, id)
		if got, ok := known[key]; ok {
			return got
		}
		var p pool.Pool
		if i := slices.IndexFunc(pools, func(x pool.Pool) bool { return x.ID == id }); i >= 0 {
			p = pools[i]
		}
		var out []crm.UserID
		if us, err := s.inScope(ctx, st, p); err == nil { // from memory: a team that is gone has nobody
			for _, u := range us {
				out = append(out, u.ID)
			}
		}
		known[key] = out
		return out
	}, nil
}
