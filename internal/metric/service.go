package metric

import (
	"context"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// Directory is what the service asks about people and teams.
type Directory interface {
	User(ctx context.Context, id crm.UserID) (org.User, error)
	Everyone(ctx context.Context) ([]org.User, error)
	Team(ctx context.Context, id crm.TeamID) (org.Team, error)
	Below(ctx context.Context, id crm.TeamID) ([]crm.TeamID, error)
}

// Service reads metrics for somebody who asks: it decides what they may see.
type Service struct {
	reader *Reader
	dir    Directory
	cal    *calendar.Calendar
	clock  crm.Clock
}

// NewService makes the service.
func NewService(reader *Reader, dir Directory, cal *calendar.Calendar, clock crm.Clock) *Service {
	return &Service{reader: reader, dir: dir, cal: cal, clock: clock}
}

// Registry is the registry of the metrics.
func (s *Service) Registry() *Registry { return s.reader.reg }

// Scope says whose numbers: one person's, one team's with everything below it,
// or, with neither, the whole company's.
type Scope struct {
	User crm.UserID
	Team crm.TeamID
}

// DefaultScope is what somebody means who names nobody: the company for those
// who see all, else the own team.
func DefaultScope(a crm.Actor) Scope {
	if a.All || a.System {
		return Scope{}
	}
	return Scope{Team: a.Team}
}

// Ranking is who did how much, best first.
type Ranking struct {
	Metric Def
	Period crm.Period
	Scope  Scope
	Team   string // the team's name; empty: the company
	Places []Place
	// Total is the value of everybody in the scope, ranked or not.
	Total Value
	// Median is the middle of the ranked (F-12).
	Median Value
	// Unranked counts people who have a value but another role, or were there
	// for fewer than 15 working days.
	Unranked int
}

// Rank ranks the people of a scope by a metric over a period. Everybody may
// see the ranking of the own team; other teams need to be in reach, the company
// needs the right to see all.
func (s *Service) Rank(ctx context.Context, a crm.Actor, key string, p crm.Period, sc Scope) (Ranking, error) {
	d, err := s.visible(a, key)
	if err != nil {
		return Ranking{}, err
	}
	out := Ranking{Metric: d, Period: p, Scope: sc}
	var teams []crm.TeamID
	switch {
	case sc.Team != 0:
		if !a.SeesTeam(sc.Team) {
			return Ranking{}, outside()
		}
		t, err := s.dir.Team(ctx, sc.Team)
		if err != nil {
			return Ranking{}, err
		}
		out.Team = t.Name
		if teams, err = s.dir.Below(ctx, sc.Team); err != nil {
			return Ranking{}, err
		}
	case !a.All && !a.System:
		return Ranking{}, outside()
	}
	res, err := s.reader.Read(ctx, []string{key}, p, nil, teams)
	if err != nil {
		return Ranking{}, err
	}
	people, err := s.dir.Everyone(ctx)
	if err != nil {
		return Ranking{}, err
	}
	by, today := res.ByUser(), s.cal.DayOf(s.clock.Now())
	var places []Place
	for _, u := range people {
		v := by[u.ID].Value(d)
		if by[u.ID] == nil || v.None() {
			continue
		}
		if (d.Ranks != "" && !u.Has(d.Ranks)) || !Comparable(s.cal, u, by[u.ID].first, p, today) {
			out.Unranked++
			continue
		}
		places = append(places, Place{User: u.ID, Name: u.Name, Value: v})
	}
	out.Places = Rank(places, d.LowerIsBetter)
	out.Total = res.Total().Value(d)
	values := make([]Value, len(out.Places))
	for i, x := range out.Places {
		values[i] = x.Value
	}
	out.Median = MedianOf(values)
	return out, nil
}

// Evidence is one page of the records behind a number.
type Evidence struct {
	Metric Def
	Period crm.Period
	Scope  Scope
	Whose  string // name of the person or team; empty: the company
	Value  Value
	Page   int // from 0
	Pages  int
	Total  int
	Lines  []Line
}

// Line is one record with who did it.
type Line struct {
	Record
	Name string
}

// PageSize is the number of lines of one page of evidence.
const PageSize = 10

// Evidence lists the records behind a metric of a scope, newest first. The
// actor must be allowed to see all of them: a person's own, those of led teams,
// or the company's. There are no partial sums (PM-02).
func (s *Service) Evidence(ctx context.Context, a crm.Actor, key string, p crm.Period, sc Scope, page int) (Evidence, error) {
	d, err := s.visible(a, key)
	if err != nil {
		return Evidence{}, err
	}
	e := Evidence{Metric: d, Period: p, Scope: sc, Page: max(page, 0)}
	f := Filter{Period: p}
	switch {
	case sc.User != 0:
		u, err := s.dir.User(ctx, sc.User)
		if err != nil {
			return Evidence{}, err
		}
		if !a.CanSee(u.ID, u.Team) {
			return Evidence{}, outside()
		}
		e.Whose, f.Users = u.Name, []crm.UserID{u.ID}
	case sc.Team != 0:
		t, err := s.dir.Team(ctx, sc.Team)
		if err != nil {
			return Evidence{}, err
		}
		if !a.Leads(t.ID) {
			return Evidence{}, outside()
		}
		e.Whose = t.Name
		if f.Teams, err = s.dir.Below(ctx, t.ID); err != nil {
			return Evidence{}, err
		}
	case !a.All && !a.System:
		return Evidence{}, outside()
	}
	res, err := s.reader.Read(ctx, []string{key}, p, f.Users, f.Teams)
	if err != nil {
		return Evidence{}, err
	}
	e.Value = res.Total().Value(d)
	rows, total, err := s.reader.Records(ctx, key, f, e.Page*PageSize, PageSize)
	if err != nil {
		return Evidence{}, err
	}
	e.Total, e.Pages = total, max(1, (total+PageSize-1)/PageSize)
	people, err := s.dir.Everyone(ctx)
	if err != nil {
		return Evidence{}, err
	}
	names := map[crm.UserID]string{}
	for _, u := range people {
		names[u.ID] = u.Name
	}
	for _, r := range rows {
		e.Lines = append(e.Lines, Line{Record: r, Name: names[r.User]})
	}
	return e, nil
}

func (s *Service) visible(a crm.Actor, key string) (Def, error) {
	d, ok := s.reader.reg.Get(key)
	if !ok {
		return Def{}, crm.NotFound("没有这个指标："+key, "there is no such metric: "+key).WithNext("发送 /指标 查看全部指标", "send /metrics for all metrics")
	}
	if !d.VisibleTo(a) {
		return Def{}, crm.Forbid(a, d.Sees...)
	}
	return d, nil
}

// Visible are the metrics that the actor may see.
func (s *Service) Visible(a crm.Actor) []Def { return s.reader.reg.Visible(a) }

func outside() error {
	e := crm.Forbidden("这些数字不在您的权限范围内", "these numbers are outside your rights").WithNext("可以查看自己和所带团队的数字", "you may see your own and those of the teams you lead")
	e.Rule = "PM-02"
	return e
}
