package assign

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
)

// readers may see the rules and try changes out; administrators save them.
var readers = []crm.Role{crm.Manager, crm.Director, crm.Marketing, crm.Boss, crm.Admin}

// Edition is the rules in force, and those that will be.
type Edition struct {
	Now     Book
	Version int64
	// Next is what holds from From on, where something was changed and does not hold
	// yet; NextVersion is its version, zero without one.
	Next        Book
	NextVersion int64
	From        time.Time
}

// Latest is what a change builds on.
func (e Edition) Latest() (Book, int64) {
	if e.NextVersion != 0 {
		return e.Next, e.NextVersion
	}
	return e.Now, e.Version
}

// Edition are the rules for those who may see them.
func (s *Service) Edition(ctx context.Context, a crm.Actor) (Edition, error) {
	if !a.Is(readers...) {
		return Edition{}, crm.Forbid(a, readers...)
	}
	var e Edition
	e.Now, e.Version = s.book(ctx)
	history, err := s.d.Rules.History(ctx, Rules.Key)
	if err != nil {
		return e, err
	}
	now := s.d.Clock.Now()
	var last rule.Version       // of what is planned, the one that holds in the end
	for _, v := range history { // newest first
		if v.Scope == "" && v.RolledBackAt.IsZero() && v.EffectiveAt.After(now) && v.EffectiveAt.After(last.EffectiveAt) {
			last = v
		}
	}
	if last.ID == 0 {
		return e, nil
	}
	e.Next, err = Decode(last.Value)
	e.NextVersion, e.From = last.ID, last.EffectiveAt
	return e, err
}

// Draft is a change that was not saved yet, with what it makes of the rules.
type Draft struct {
	Change Change
	Book   Book
	Rule   Rule // zero for a pool's way
	// Seen is the version that it builds on.
	Seen  int64
	From  time.Time // from when on it would hold (RC-01)
	Trial Trial
}

// Prepare applies a change to the newest rules without saving it, and sends the
// newest leads through both (RC-02).
func (s *Service) Prepare(ctx context.Context, a crm.Actor, c Change) (Draft, error) {
	d, err := s.apply(ctx, a, c)
	if err != nil {
		return d, err
	}
	d.Trial, err = s.Try(ctx, a, &d.Book)
	return d, err
}

// apply is the change on the newest rules. All of them are one setting, so what is
// planned for a later day would undo a change that holds earlier: it is refused.
func (s *Service) apply(ctx context.Context, a crm.Actor, c Change) (Draft, error) {
	e, err := s.Edition(ctx, a)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{Change: c, From: s.from(c)}
	if e.NextVersion != 0 && d.From.Before(e.From) {
		day, n := string(s.d.Calendar.DayOf(e.From)), fmt.Sprint(e.NextVersion)
		return d, crm.Refused("RC-01", "版本 "+n+" 定于 "+day+" 起生效，会盖掉更早生效的修改", "version "+n+" is planned from "+day+" and would undo a change that holds earlier").
			WithNext("请写 生效="+day+" 或更晚；或先撤回它：/规则 撤回 "+n, "write from="+day+" or later; or take it back first: /rules rollback "+n)
	}
	base, seen := e.Latest()
	d.Seen = seen
	sources, _ := lead.Sources.Read(ctx, s.d.Rules)
	d.Book, d.Rule, err = c.Apply(ctx, base, sources, s.Words())
	return d, err
}

// from is from when on a change holds: its day, else the next working day (RC-01).
func (s *Service) from(c Change) time.Time {
	now := s.d.Clock.Now()
	if c.Urgent {
		return now
	}
	day := c.Day
	if day == "" {
		day = s.d.Calendar.NextWorkday(s.d.Calendar.DayOf(now))
	}
	return s.d.Calendar.At(day, calendar.Clock(0, 0))
}

// Compose is the value of the rules after a change, and from when on it holds.
// seen is the version that its author saw; -1: whichever there is.
func (s *Service) Compose(ctx context.Context, a crm.Actor, c Change, seen int64) (string, time.Time, error) {
	d, err := s.apply(ctx, a, c)
	if err != nil {
		return "", d.From, err
	}
	if seen >= 0 && seen != d.Seen {
		return "", d.From, crm.Stale("RC-01", "分配规则刚刚被别人改过，您的修改没有保存", "somebody has just changed the rules of distribution; yours was not saved").WithNext("请发送 /分配规则 查看后再改", "send /assignrules, look and change again")
	}
	value, err := encode(d.Book)
	return value, d.From, err
}

// Save stores a change as a new version of the rules. Urgent ones go by the desk
// of rules.
func (s *Service) Save(ctx context.Context, a crm.Actor, c Change, seen int64, reason string) (rule.Version, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return rule.Version{}, crm.Invalid("修改规则需要写原因", "a change of a rule needs a reason").WithNext("在末尾写 原因=旺季", "write reason=busy season at the end")
	}
	if c.Urgent {
		return rule.Version{}, crm.Refused("RC-01", "加急修改需要第二位管理员同意", "an urgent change needs a second administrator")
	}
	value, from, err := s.Compose(ctx, a, c, seen)
	if err != nil {
		return rule.Version{}, err
	}
	return s.d.Rules.Set(ctx, a, Rules.Key, "", value, reason, from)
}

// Bind tells a chat of a pool's new leads from now on, or ends that.
func (s *Service) Bind(ctx context.Context, a crm.Actor, p crm.PoolID, to crm.Target, on bool) error {
	if err := mayAct(a); err != nil {
		return err
	}
	if !a.Is(supervisors...) {
		return crm.Forbid(a, crm.Manager, crm.Admin)
	}
	visible, err := s.d.Gate.Visible(ctx, a, crm.KindLead)
	if err != nil {
		return err
	}
	found := false
	for _, v := range visible {
		found = found || v.ID == p
	}
	if !found {
		return crm.NotFound("没有这个公海", "there is no such pool")
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.d.Store.SaveGroup(ctx, p, to, on); err != nil {
			return err
		}
		return s.d.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "assign.group", Rule: "AS-01", Detail: map[string]any{"pool": p, "on": on}})
	})
}

// Pools are the pools of leads that the actor sees and that take new ones.
func (s *Service) Pools(ctx context.Context, a crm.Actor) ([]pool.Pool, error) {
	visible, err := s.d.Gate.Visible(ctx, a, crm.KindLead)
	return slices.DeleteFunc(visible, func(p pool.Pool) bool { return p.Retired }), err
}

// Words are the names of teams, people and pools.
func (s *Service) Words() Words { return words{s.d.People, s.d.Gate} }

type words struct {
	people *org.Directory
	gate   *pool.Gate
}

func (w words) TeamNamed(ctx context.Context, text string) (crm.TeamID, error) {
	t, err := w.people.TeamNamed(ctx, text)
	return t.ID, err
}

func (w words) PersonNamed(ctx context.Context, text string) (crm.UserID, error) {
	u, err := w.people.One(ctx, text)
	return u.ID, err
}

func (w words) PoolNamed(ctx context.Context, text string) (crm.PoolID, error) {
	list, err := w.gate.Pools(ctx)
	if err != nil {
		return 0, err
	}
	for _, p := range list {
		if p.Kind == crm.KindLead && !p.Retired && (strings.EqualFold(p.Title(crm.Chinese), text) || strings.EqualFold(p.Title(crm.English), text)) {
			return p.ID, nil
		}
	}
	return 0, crm.NotFound("没有公海“"+text+"”", "there is no pool “"+text+"”")
}

func (w words) TeamName(ctx context.Context, id crm.TeamID) string {
	t, err := w.people.Team(ctx, id)
	if err != nil {
		return "?"
	}
	return t.Name
}

func (w words) PersonName(ctx context.Context, id crm.UserID) string {
	if n := w.people.Name(ctx, id); n != "" {
		return n
	}
	return "?"
}

func (w words) PoolName(ctx context.Context, id crm.PoolID, l crm.Lang) string {
	p, err := w.gate.Pool(ctx, id)
	if err != nil {
		return "?"
	}
	return p.Title(l)
}
