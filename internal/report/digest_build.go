package report

import (
	"context"
	"slices"

	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/metric"
	"crmbot/internal/org"
)

// digests computes the digests of many teams with a number of queries that does
// not depend on how many there are.
func (s *Service) digests(ctx context.Context, teams []org.Team, day crm.Day) ([]Digest, error) {
	below := make([][]crm.TeamID, len(teams))
	for i, t := range teams {
		var err error
		if below[i], err = s.dir.Below(ctx, t.ID); err != nil {
			return nil, err
		}
	}
	members, exempt, err := s.members(ctx, day)
	if err != nil {
		return nil, err
	}
	numbers, err := s.teamReading(ctx, day)
	if err != nil {
		return nil, err
	}
	big, err := s.big(ctx, day)
	if err != nil {
		return nil, err
	}
	now := s.now()
	out := make([]Digest, len(teams))
	for i, t := range teams {
		d := Digest{Team: t.ID, Name: t.Name, Day: day, AsOf: now}
		goals := map[string]goal.Line{}
		for _, id := range below[i] {
			for _, m := range members[id] {
				d.Members = append(d.Members, m.Member)
				for _, l := range m.goals {
					g := goals[l.Metric]
					goals[l.Metric] = goal.Line{Metric: l.Metric, Pass: g.Pass + l.Pass, Excellent: g.Excellent + l.Excellent}
				}
			}
			d.Exempt += exempt[id]
			d.Big = append(d.Big, big[id]...)
		}
		rankMembers(d.Members)
		d.Numbers = numbers.of(below[i], goals)
		out[i] = d
	}
	return out, nil
}

// member is a line with the goals that the team's goals are added up from.
type member struct {
	Member
	goals []goal.Line
}

// members are the people who owe or have a report of the day, by team. Numbers
// come from handed-in reports, and from the facts of now for all others.
func (s *Service) members(ctx context.Context, day crm.Day) (map[crm.TeamID][]member, map[crm.TeamID]int, error) {
	rs, err := s.store.ReportsOn(ctx, day, nil, true)
	if err != nil {
		return nil, nil, err
	}
	byUser := map[crm.UserID]Report{}
	for _, r := range rs {
		byUser[r.User] = r
	}
	people, err := s.dir.Everyone(ctx)
	if err != nil {
		return nil, nil, err
	}
	exempt := map[crm.TeamID]int{}
	var open []org.User
	var all []org.User
	for _, u := range people {
		r, has := byUser[u.ID]
		if has {
			u.Team = r.Team // the team of that day (F-06)
		}
		switch {
		case has && r.State.Done(), s.cal.IsWorkday(day) && owes(u, day) && (has || day >= s.firstDay(u)):
			all = append(all, u)
			if !has || !r.State.Done() {
				open = append(open, u)
			}
		case u.Active && u.Has(crm.Rep) && u.OnLeave(day):
			exempt[u.Team]++
		}
	}
	live, err := s.build(ctx, open, day)
	if err != nil {
		return nil, nil, err
	}
	out := map[crm.TeamID][]member{}
	for _, u := range all {
		r, has := byUser[u.ID]
		m := member{Member: Member{User: u.ID, Name: u.Name, State: Draft}}
		c := live[u.ID].Content
		if has {
			m.Report, m.State = r.ID, r.State
		}
		if m.State.Done() {
			c, m.Text = r.Content, r.Answer(0)
		}
		m.Score, m.Scored, m.Below = c.Score, c.Scored, c.BelowPass()
		for _, n := range c.Numbers {
			if n.Goal != nil && n.Period == PeriodDay && n.Def().Additive() {
				m.goals = append(m.goals, *n.Goal)
			}
		}
		out[u.Team] = append(out[u.Team], m)
	}
	return out, exempt, nil
}

// firstDay is the first day on which somebody can owe a report.
func (s *Service) firstDay(u org.User) crm.Day {
	if u.CreatedAt.IsZero() {
		return ""
	}
	return s.cal.DayOf(u.CreatedAt)
}

// rankMembers sorts by score, best first, and gives equal scores one rank.
func rankMembers(ms []Member) {
	slices.SortStableFunc(ms, func(a, b Member) int {
		switch {
		case a.Scored != b.Scored:
			if a.Scored {
				return -1
			}
			return 1
		case a.Score != b.Score:
			return int(b.Score - a.Score)
		}
		return int(a.User - b.User)
	})
	for i := range ms {
		switch {
		case !ms[i].Scored:
			ms[i].Rank = 0
		case i > 0 && ms[i-1].Scored && ms[i].Score == ms[i-1].Score:
			ms[i].Rank = ms[i-1].Rank
		default:
			ms[i].Rank = i + 1
		}
	}
}

// teamNumbers are the day's and the working day before's tallies by team.
type teamNumbers struct {
	defs      []metric.Def
	day       crm.Period
	now, then map[crm.TeamID]*metric.Tally
}

func (s *Service) teamReading(ctx context.Context, day crm.Day) (teamNumbers, error) {
	t, _ := s.Template(ctx)
	out := teamNumbers{day: crm.DayPeriod(day)}
	var keys []string
	for _, b := range t {
		if d, ok := s.metrics.Registry().Get(b.Metric); ok && b.Kind == BlockMetric && b.Period == PeriodDay && !slices.Contains(keys, b.Metric) {
			keys, out.defs = append(keys, b.Metric), append(out.defs, d)
		}
	}
	now, err := s.metrics.Read(ctx, keys, out.day, nil, nil)
	if err != nil {
		return out, err
	}
	then, err := s.metrics.Read(ctx, keys, crm.DayPeriod(s.cal.PreviousWorkday(day)), nil, nil)
	if err != nil {
		return out, err
	}
	out.now, out.then = now.ByTeam(), then.ByTeam()
	return out, nil
}

func (n teamNumbers) of(teams []crm.TeamID, goals map[string]goal.Line) []TeamNumber {
	now, then := metric.Join(n.now, teams), metric.Join(n.then, teams)
	out := make([]TeamNumber, len(n.defs))
	for i, d := range n.defs {
		prev := then.Value(d)
		out[i] = TeamNumber{Number: Number{Metric: d.Key, Name: d.Name, Unit: d.Unit, Aggregate: d.Aggregate, Scope: ScopeTeam, Days: n.day, Value: now.Value(d), Previous: &prev},
			Pass: goals[d.Key].Pass, Excellent: goals[d.Key].Excellent}
	}
	return out
}

// big finds the day's large wins, signatures and losses, by team of the moment.
func (s *Service) big(ctx context.Context, day crm.Day) (map[crm.TeamID][]BigEvent, error) {
	rows, err := s.metrics.Facts(ctx, metric.Filter{Keys: bigKeys, Period: crm.DayPeriod(day), AtLeast: crm.Yuan(bigDeal.Of(ctx, s.rules))}, 500)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	people, err := s.dir.Everyone(ctx)
	if err != nil {
		return nil, err
	}
	names := map[crm.UserID]string{}
	for _, u := range people {
		names[u.ID] = u.Name
	}
	out := map[crm.TeamID][]BigEvent{}
	for _, r := range rows {
		if r.Qty > 0 {
			out[r.Team] = append(out[r.Team], BigEvent{Key: r.Key, User: r.User, Name: names[r.User], Amount: r.Amount, Ref: r.Ref})
		}
	}
	return out, nil
}
