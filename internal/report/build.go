package report

import (
	"context"
	"slices"
	"strconv"

	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/metric"
	"crmbot/internal/org"
)

// group is one template with the people who use it.
type group struct {
	template Template
	version  int64
	users    []org.User
}

// built is a computed content with the template's version.
type built struct {
	Content
	version int64
}

// build computes the contents for many people at once. The number of queries
// depends on the blocks of the template, not on the people.
func (s *Service) build(ctx context.Context, users []org.User, day crm.Day) (map[crm.UserID]built, error) {
	out := make(map[crm.UserID]built, len(users))
	groups := map[int64]*group{}
	var order []int64
	for _, u := range users {
		t, v := s.Template(ctx, goal.Scopes(u)...)
		if groups[v] == nil {
			groups[v] = &group{template: t, version: v}
			order = append(order, v)
		}
		groups[v].users = append(groups[v].users, u)
	}
	for _, v := range order {
		if err := s.buildGroup(ctx, *groups[v], day, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Service) buildGroup(ctx context.Context, g group, day crm.Day, out map[crm.UserID]built) error {
	ids := make([]crm.UserID, len(g.users))
	for i, u := range g.users {
		ids[i] = u.ID
	}
	nums, err := s.readNumbers(ctx, g, ids, day)
	if err != nil {
		return err
	}
	lists, err := s.readLists(ctx, g.template, ids, day)
	if err != nil {
		return err
	}
	var plan, next map[crm.UserID][]Item
	nextDay := s.cal.NextWorkday(day)
	for _, b := range g.template {
		switch {
		case s.plans == nil:
		case b.Kind == BlockPlan:
			plan, err = s.plans.PlannedAndDone(ctx, ids, day)
		case b.Kind == BlockNextPlan:
			next, err = s.plans.Planned(ctx, ids, nextDay)
		}
		if err != nil {
			return err
		}
	}
	for _, u := range g.users {
		c := Content{Blocks: g.template, Plan: plan[u.ID], Tomorrow: next[u.ID], NextDay: nextDay, Lists: lists[u.ID]}
		c.Numbers = s.numbers(ctx, g.template, nums, u, day)
		c.Score, c.Scored = score(c.Numbers)
		out[u.ID] = built{c, g.version}
	}
	return nil
}

func score(ns []Number) (goal.Points, bool) {
	var items []goal.Item
	for _, n := range ns {
		if n.Goal != nil && n.Period == PeriodDay {
			items = append(items, goal.Item{Points: n.Points, Weight: n.Goal.Weight})
		}
	}
	return goal.Score(items)
}

// reading holds what was read for the metric blocks, by period.
type reading struct {
	users map[crm.Period]map[crm.UserID]*metric.Tally
	teams map[crm.Period]map[crm.TeamID]*metric.Tally
	below map[crm.TeamID][]crm.TeamID
}

// readNumbers reads each distinct period once, for people and, where a block
// asks for it, for teams.
func (s *Service) readNumbers(ctx context.Context, g group, ids []crm.UserID, day crm.Day) (reading, error) {
	r := reading{users: map[crm.Period]map[crm.UserID]*metric.Tally{}, teams: map[crm.Period]map[crm.TeamID]*metric.Tally{}, below: map[crm.TeamID][]crm.TeamID{}}
	self, team := map[crm.Period][]string{}, map[crm.Period][]string{}
	for _, b := range g.template {
		if b.Kind != BlockMetric {
			continue
		}
		periods := []crm.Period{b.days(day)}
		if b.Compare != CompareNone {
			periods = append(periods, s.before(b, day))
		}
		for _, p := range periods {
			if b.Scope == ScopeTeam {
				team[p] = append(team[p], b.Metric)
			} else {
				self[p] = append(self[p], b.Metric)
			}
		}
	}
	for p, ms := range self {
		res, err := s.metrics.Read(ctx, ms, p, ids, nil)
		if err != nil {
			return r, err
		}
		r.users[p] = res.ByUser()
	}
	for p, ms := range team {
		res, err := s.metrics.Read(ctx, ms, p, nil, nil)
		if err != nil {
			return r, err
		}
		r.teams[p] = res.ByTeam()
	}
	if len(team) > 0 {
		for _, u := range g.users {
			if _, ok := r.below[u.Team]; !ok && u.Team != 0 {
				b, err := s.dir.Below(ctx, u.Team)
				if err != nil {
					return r, err
				}
				r.below[u.Team] = b
			}
		}
	}
	return r, nil
}

func (r reading) tally(b Block, p crm.Period, u org.User) *metric.Tally {
	if b.Scope == ScopeTeam {
		return metric.Join(r.teams[p], r.below[u.Team])
	}
	return r.users[p][u.ID]
}

func (s *Service) numbers(ctx context.Context, t Template, r reading, u org.User, day crm.Day) []Number {
	var out []Number
	goals := map[crm.Period][]goal.Line{}
	for _, b := range t {
		if b.Kind != BlockMetric {
			continue
		}
		d, ok := s.metrics.Registry().Get(b.Metric)
		if !ok {
			continue // a template of the database may name what this program no longer knows
		}
		p := b.days(day)
		n := Number{Metric: d.Key, Name: d.Name, Unit: d.Unit, Aggregate: d.Aggregate, Scope: b.Scope, Period: b.Period, Days: p, Value: r.tally(b, p, u).Value(d)}
		if b.Compare != CompareNone {
			v := r.tally(b, s.before(b, day), u).Value(d)
			n.Previous = &v
		}
		if b.Scope == ScopeSelf {
			if _, done := goals[p]; !done {
				goals[p] = s.goals.For(ctx, u, p)
			}
			if i := slices.IndexFunc(goals[p], func(l goal.Line) bool { return l.Metric == d.Key }); i >= 0 {
				l := goals[p][i]
				n.Goal, n.Points = &l, l.PointsOf(n.Read())
			}
		}
		out = append(out, n)
	}
	return out
}

// listPeople is for how many people one query reads records, so that what others
// do cannot crowd theirs out.
const listPeople = 200

// readLists reads the records of the list blocks of everybody with one query
// per block and listPeople. What was taken back is left out.
func (s *Service) readLists(ctx context.Context, t Template, ids []crm.UserID, day crm.Day) (map[crm.UserID][][]Item, error) {
	out := map[crm.UserID][][]Item{}
	n := 0
	for _, b := range t {
		if b.Kind != BlockList {
			continue
		}
		n++
		d, ok := s.metrics.Registry().Get(b.Metric)
		if !ok {
			continue
		}
		for part := range slices.Chunk(ids, listPeople) {
			rows, _, err := s.metrics.Records(ctx, d.Key, metric.Filter{Period: crm.DayPeriod(day), Users: part}, 0, len(part)*maxList)
			if err != nil {
				return nil, err
			}
			for _, r := range standing(rows) {
				ls := out[r.User]
				for len(ls) < n {
					ls = append(ls, nil)
				}
				if len(ls[n-1]) < b.Limit {
					ls[n-1] = append(ls[n-1], Item{Ref: r.Ref, At: r.At, Done: true, Note: listNote(r)})
				}
				out[r.User] = ls
			}
		}
	}
	return out, nil
}

// standing are the records, newest first, that no later one takes back.
func standing(rows []metric.Record) []metric.Record {
	type deed struct {
		user crm.UserID
		key  string
		ref  crm.Ref
	}
	back := map[deed]int64{}
	var out []metric.Record
	for _, r := range rows {
		switch d := (deed{r.User, r.Key, r.Ref}); {
		case r.Qty < 0:
			back[d] -= r.Qty
		case r.Qty > 0 && back[d] >= r.Qty:
			back[d] -= r.Qty
		case r.Qty > 0:
			out = append(out, r)
		}
	}
	return out
}

// listNote is the number behind a listed record, language-free.
func listNote(r metric.Record) string {
	if r.Amount != 0 {
		return r.Amount.String()
	}
	return "×" + strconv.FormatInt(r.Qty, 10)
}
