package report

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/metric"
	"crmbot/internal/org"
)

// Digest is a team's day in one card, frozen at AsOf. The team includes
// the teams below it.
type Digest struct {
	Team crm.TeamID `json:"team"`
	Name string     `json:"name"`
	Day  crm.Day    `json:"day"`
	AsOf time.Time  `json:"as_of"`
	// Frozen is false for one that was computed for whoever asked.
	Frozen bool `json:"-"`
	// Members are those who owed a report, best score first.
	Members []Member `json:"members"`
	// Exempt counts reps on leave.
	Exempt  int          `json:"exempt"`
	Numbers []TeamNumber `json:"numbers"`
	// Big are single wins and losses from the amount of R-04.big.
	Big []BigEvent `json:"big,omitempty"`
}

// Member is one person's line in a digest.
type Member struct {
	User   crm.UserID   `json:"user"`
	Name   string       `json:"name"`
	Report crm.ReportID `json:"report"`
	State  State        `json:"state"`
	Rank   int          `json:"rank"` // ties share it; 0: not scored
	Score  goal.Points  `json:"score"`
	Scored bool         `json:"scored"`
	// Below are the numbers under their pass line.
	Below []Number `json:"below,omitempty"`
	// Text is the first answer of a handed-in report.
	Text string `json:"text,omitempty"`
}

// TeamNumber is a sum over the facts of the team at the time of each (F-06).
type TeamNumber struct {
	Number
	// Pass and Excellent are the sums of the members' goals; zero: no goal.
	Pass      float64 `json:"pass,omitempty"`
	Excellent float64 `json:"excellent,omitempty"`
}

// BigEvent is one large win, signature or loss.
type BigEvent struct {
	Key    string     `json:"key"` // the fact's key
	User   crm.UserID `json:"user"`
	Name   string     `json:"name"`
	Amount crm.Money  `json:"amount"`
	Ref    crm.Ref    `json:"ref"`
}

// Missing are the members who have not handed in.
func (d Digest) Missing() []Member {
	return slices.DeleteFunc(slices.Clone(d.Members), func(m Member) bool { return m.State.Done() })
}

// BelowPass are the members with a number under its pass line.
func (d Digest) BelowPass() []Member {
	return slices.DeleteFunc(slices.Clone(d.Members), func(m Member) bool { return len(m.Below) == 0 })
}

// DigestRef is the argument of the digest's view.
func DigestRef(team crm.TeamID, day crm.Day) string { return fmt.Sprintf("%d/%s", team, day) }

// ParseDigestRef reads it back.
func ParseDigestRef(ref string) (crm.TeamID, crm.Day, error) {
	t, d, ok := strings.Cut(ref, "/")
	n, err := strconv.ParseInt(t, 10, 64)
	day, dayErr := crm.ParseDay(d)
	if !ok || err != nil || n <= 0 || dayErr != nil {
		return 0, "", fmt.Errorf("not a digest: %q", ref)
	}
	return crm.TeamID(n), day, nil
}

// bigKeys are the facts whose large amounts are singled out.
var bigKeys = []string{"contract.signed", "deal.lost", "deal.won"}

// DigestAll freezes the day's digest of every team that has people who owe a
// report, and sends it to the team's leader and to the groups that are bound to
// the team. It may run again: frozen digests stay and nothing is sent
// twice.
func (s *Service) DigestAll(ctx context.Context, day crm.Day) error {
	if !s.cal.IsWorkday(day) {
		return nil
	}
	teams, err := s.dir.Teams(ctx)
	if err != nil {
		return err
	}
	binds, err := s.store.Bindings(ctx)
	if err != nil {
		return err
	}
	groups := map[crm.TeamID][]Binding{}
	for _, b := range binds {
		groups[b.Team] = append(groups[b.Team], b)
	}
	teams = slices.DeleteFunc(teams, func(t org.Team) bool { return t.Leader == 0 && len(groups[t.ID]) == 0 })
	ds, err := s.digests(ctx, teams, day)
	if err != nil {
		return err
	}
	people, err := s.dir.Everyone(ctx)
	if err != nil {
		return err
	}
	active := map[crm.UserID]bool{}
	for _, u := range people {
		active[u.ID] = u.Active
	}
	after := s.quietAware()
	var notices []crm.Notice
	for i, t := range teams {
		if len(ds[i].Members) == 0 {
			continue // everybody is on leave, or the team has no reps
		}
		ref := DigestRef(t.ID, day)
		view := crm.View{Name: ViewDigest, Ref: ref}
		if active[t.Leader] {
			notices = append(notices, crm.Notice{To: crm.ToUser(t.Leader), View: view, Key: fmt.Sprintf("report.digest:%s:u%d", ref, t.Leader), After: after})
		}
		for _, b := range groups[t.ID] {
			notices = append(notices, crm.Notice{To: crm.ToGroup(b.Platform, b.Chat), View: view, Key: "report.digest:" + ref + ":" + b.Platform + ":" + b.Chat, After: after})
		}
	}
	ds = slices.DeleteFunc(ds, func(d Digest) bool { return len(d.Members) == 0 })
	for part := range slices.Chunk(ds, chunk) {
		if err := s.tx.InTx(ctx, func(ctx context.Context) error { return s.store.AddDigests(ctx, part) }); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(notices, chunk) {
		if err := s.tx.InTx(ctx, func(ctx context.Context) error { return s.fx.Notify(ctx, part...) }); err != nil {
			return err
		}
	}
	return nil
}

// Team gives the digest of a team's day: the frozen one, or one of this moment
// when it is not frozen yet.
func (s *Service) Team(ctx context.Context, a crm.Actor, team crm.TeamID, day crm.Day) (Digest, error) {
	if !a.Leads(team) && !s.belongs(ctx, a, team) {
		e := crm.Forbidden("这个团队不在您的权限范围内", "this team is outside your rights").WithNext("可以查看自己的团队", "you may see your own team")
		e.Rule = "PM-01"
		return Digest{}, e
	}
	return s.DigestOf(ctx, team, day)
}

// belongs reports whether the actor is in the team or a team below it.
func (s *Service) belongs(ctx context.Context, a crm.Actor, team crm.TeamID) bool {
	below, err := s.dir.Below(ctx, team)
	return err == nil && slices.Contains(below, a.Team)
}

// DigestOf is Team without a check of rights, for the card in a bound group,
// which shows sums only.
func (s *Service) DigestOf(ctx context.Context, team crm.TeamID, day crm.Day) (Digest, error) {
	t, err := s.dir.Team(ctx, team)
	if err != nil {
		return Digest{}, err
	}
	d, ok, err := s.store.Digest(ctx, team, day)
	if err != nil || ok {
		d.Frozen = ok
		return d, err
	}
	if day > s.Today() {
		return Digest{}, crm.Refused("R-04", string(day)+" 还没有到", string(day)+" has not come yet")
	}
	ds, err := s.digests(ctx, []org.Team{t}, day)
	if err != nil {
		return Digest{}, err
	}
	return ds[0], nil
}

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

// Since are the names of those who handed in after the digest was frozen.
func (s *Service) Since(ctx context.Context, d Digest) ([]string, error) {
	missing := d.Missing()
	if !d.Frozen || len(missing) == 0 {
		return nil, nil
	}
	have, err := s.existing(ctx, d.Day)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range missing {
		if have[m.User].State.Done() {
			names = append(names, m.Name)
		}
	}
	return names, nil
}
