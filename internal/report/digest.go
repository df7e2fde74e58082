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
	var notices []crm.Notice
	for i, t := range teams {
		if len(ds[i].Members) == 0 {
			continue // everybody is on leave, or the team has no reps
		}
		ref := DigestRef(t.ID, day)
		view := crm.View{Name: ViewDigest, Ref: ref}
		if active[t.Leader] {
			notices = append(notices, crm.Notice{To: crm.ToUser(t.Leader), View: view, Key: fmt.Sprintf("report.digest:%s:u%d", ref, t.Leader), Always: true})
		}
		for _, b := range groups[t.ID] {
			notices = append(notices, crm.Notice{To: crm.ToGroup(b.Platform, b.Chat), View: view, Key: "report.digest:" + ref + ":" + b.Platform + ":" + b.Chat})
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
	if !a.SeesTeam(team) {
		e := crm.Forbidden("这个团队不在您的权限范围内", "this team is outside your rights").WithNext("可以查看自己的团队", "you may see your own team")
		e.Rule = "PM-01"
		return Digest{}, e
	}
	return s.DigestOf(ctx, team, day)
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
