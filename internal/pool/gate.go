package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"crmbot/internal/cache"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/rule"
)

// People is what the gate asks about persons.
type People interface {
	User(ctx context.Context, id crm.UserID) (org.User, error)
	Team(ctx context.Context, id crm.TeamID) (org.Team, error)
	// Name is the person's name; empty for nobody.
	Name(ctx context.Context, id crm.UserID) string
}

// Deps are what the gate works with.
type Deps struct {
	Store    Store
	Tx       crm.Transactor
	Effects  crm.Effects
	Clock    crm.Clock
	Calendar *calendar.Calendar
	People   People
	Rules    *rule.Book
	// Holds are the hold limits of the kinds besides leads (P-03); a kind without
	// one is not limited.
	Holds map[crm.Kind]rule.Int
	// Nurture is the pool of the kind in which records are nurtured (P-19), zero when
	// there is none; nil: there never is.
	Nurture func(ctx context.Context, kind crm.Kind) (crm.PoolID, error)
	// Moved follows every change of owner in its transaction; nil: nobody does.
	Moved func(ctx context.Context, es []Entry) error
}

// Gate is the only way a record changes hands (P-02): it checks the limits,
// lets the noun change its row by a conditional update, and writes ledger and
// audit, all in the transaction of the context. Safe for concurrent use.
type Gate struct {
	d Deps

	pools cache.Copy[[]Pool]
}

// NewGate makes a gate.
func NewGate(d Deps) *Gate { return &Gate{d: d, pools: cache.Copy[[]Pool]{MaxAge: poolsMaxAge}} }

// Seat is a person whose quota row is locked until the transaction ends: the
// proof that counting their records and claims now cannot be overtaken.
type Seat struct {
	Kind crm.Kind
	User org.User
	look *Look // asked ahead; may be unanswered
}

// Seat locks the person's quota row. Take it first in a transaction, before
// anything is read: a snapshot taken earlier would count too little. At most
// one seat per transaction, so that two of them cannot wait for each other.
func (g *Gate) Seat(ctx context.Context, kind crm.Kind, user crm.UserID) (Seat, error) {
	u, err := g.d.People.User(ctx, user)
	if err != nil {
		return Seat{}, err
	}
	if err := g.d.Store.LockQuota(ctx, kind, user); err != nil {
		return Seat{}, fmt.Errorf("lock quota: %w", err)
	}
	return Seat{Kind: kind, User: u}, nil
}

// SeatFor is Seat for somebody who is to get the record: what Give must know is
// read along with what the caller reads next.
func (g *Gate) SeatFor(ctx context.Context, kind crm.Kind, user crm.UserID, ref crm.Ref) (Seat, error) {
	seat, err := g.Seat(ctx, kind, user)
	if err != nil {
		return seat, err
	}
	scopes, _, err := g.scopes(ctx, seat.User)
	if err != nil {
		return seat, err
	}
	seat.look = g.lookAt(ctx, seat, ref, g.d.Clock.Now(), scopes)
	g.d.Store.LookAhead(ctx, seat.look)
	return seat, nil
}

func (g *Gate) lookAt(ctx context.Context, seat Seat, ref crm.Ref, now time.Time, scopes []rule.Scope) *Look {
	day := g.d.Calendar.DayOf(now)
	return &Look{Kind: seat.Kind, User: seat.User.ID, Day: day, DayStart: day.Time(g.d.Calendar.Zone()), BurstSince: now.Add(-g.burstWindow(ctx, scopes)), Ref: ref, Most: maxPast,
		Dealt: DealtCount.Of(ctx, g.d.Rules, scopes...)}
}

func (g *Gate) burstWindow(ctx context.Context, scopes []rule.Scope) time.Duration {
	return time.Duration(BurstMinutes.Of(ctx, g.d.Rules, scopes...)) * time.Minute
}

// Move is a wish to change a record's owner.
type Move struct {
	// Ref is the record; zero for records that are made by the move.
	Ref      crm.Ref
	From     crm.UserID
	FromTeam crm.TeamID
	Reason   Reason
	// Pool is the pool the record is taken from or goes to.
	Pool Pool
	// Claimable is when the record's embargo ends (P-07); for claims.
	Claimable time.Time
	// Last is the entry by which the present owner got the record; for releases.
	Last Entry
	Why  string
	Note string
	// Uncounted releases are the record's own fault (P-17).
	Uncounted bool
	// Exempt records do not count for the hold limit (P-03) unless DealtCount says
	// so: accounts that have bought.
	Exempt bool
	// Version is that of the rule that decided; for recycling.
	Version int64
}

// Stamp is what the row gets with its new owner.
type Stamp struct {
	At    time.Time
	Owner crm.UserID // zero: the pool
	Team  crm.TeamID
	Pool  crm.PoolID
	// Claimable is when it may be claimed from the pool (P-07).
	Claimable time.Time
	// Handed marks a hand-over: its new owner has longer for the first contact (HO-03).
	Handed bool
}

// Apply changes n rows, conditionally on what the caller read, or makes n new
// ones, and returns the records that changed. None means that somebody else
// was faster.
type Apply func(ctx context.Context, s Stamp, n int) ([]crm.Ref, error)

// Moved is the outcome of a move.
type Moved struct {
	Entries []Entry
	// Past are the entries of a given record before the move, newest first, some
	// of them when there are very many.
	Past []Entry
	// Before is the new owner's standing before the move, with the limits that
	// were in force. Zero for moves to the pool.
	Before Standing
	Hold   int
	Quota  Quota
	// Counts reports that the record counts for the hold limit (P-03).
	Counts bool
	// Refunded reports that a release gave the claim back to the quota.
	Refunded bool
}

// ErrLost means that the row changed since it was read.
var ErrLost = errors.New("the record changed hands meanwhile")

// Give moves a record, or up to n new records, to the seated person. With n of
// 1 the hold limit refuses; with more as many as fit are made and the rest is
// left out, which Moved.Entries shows.
func (g *Gate) Give(ctx context.Context, a crm.Actor, seat Seat, m Move, n int, apply Apply) (Moved, error) {
	now := g.d.Clock.Now()
	day := g.d.Calendar.DayOf(now)
	scopes, teams, err := g.scopes(ctx, seat.User)
	if err != nil {
		return Moved{}, err
	}
	look := seat.look
	if look == nil || !look.Done || look.Ref != m.Ref || look.Day != day {
		look = g.lookAt(ctx, seat, m.Ref, now, scopes)
		if err := g.d.Store.Look(ctx, look); err != nil {
			return Moved{}, fmt.Errorf("count: %w", err)
		}
	}
	st := look.Standing
	past, err := g.past(ctx, look)
	if err != nil {
		return Moved{}, fmt.Errorf("former owners: %w", err)
	}
	out := Moved{Before: st, Quota: g.quota(ctx, day, m.Pool, scopes), Past: past}
	var override string
	if m.Reason == Claim {
		if !m.Pool.Visible(a, teams) {
			return out, crm.Forbidden("这条记录在“"+m.Pool.Title(crm.Chinese)+"”，您不在它的范围内", "it is in “"+m.Pool.Title(crm.English)+"”, which is not open to you").
				WithNext("请联系经理分配", "ask a manager to assign it")
		}
		if e := CheckEmbargo(m.Claimable, now, g.d.Calendar.Zone()); e != nil {
			return out, e
		}
	}
	if m.Ref.ID != 0 && (m.Reason == Claim || m.Reason == Assign) {
		cool := g.coolDays(ctx, scopes)
		losses, err := g.losses(ctx, seat.User.ID, now.AddDate(0, 0, -cool.Longest()), m.Ref, past)
		if err != nil {
			return out, fmt.Errorf("former owners: %w", err)
		}
		if e := CheckCoolDown(losses, cool, now, g.d.Calendar.Zone()); e != nil {
			if m.Reason == Claim {
				return out, e
			}
			override = "P-06" // a manager may, and the ledger says so
		}
	}
	var version int64
	if m.Reason.limited() && (!m.Exempt || DealtCount.Of(ctx, g.d.Rules, scopes...)) {
		out.Hold, version = g.hold(ctx, seat.Kind, scopes)
		out.Counts = true
		if n > 1 {
			n = max(0, min(n, out.Hold-st.Held))
		} else if e := CheckHold(seat.Kind, st.Held, out.Hold, 1, otherName(a, seat.User)); e != nil {
			return out, e
		}
	}
	var quotaDay crm.Day
	if m.Reason == Claim {
		if e := CheckQuota(st, out.Quota, int(Burst.Of(ctx, g.d.Rules, scopes...)), g.burstWindow(ctx, scopes), g.d.Calendar, now); e != nil {
			return out, e
		}
		quotaDay, version = day, out.Quota.Version
	}
	if n == 0 {
		return out, nil
	}
	s := Stamp{At: now, Owner: seat.User.ID, Team: seat.User.Team, Pool: m.Pool.ID, Handed: m.Reason == Handover}
	e := Entry{At: now, From: m.From, FromTeam: m.FromTeam, To: s.Owner, ToTeam: s.Team, Pool: m.Pool.ID, Reason: m.Reason, By: a.ID,
		Why: m.Why, Note: m.Note, QuotaDay: quotaDay, Override: override, RuleVersion: version}
	out.Entries, err = g.move(ctx, e, s, n, apply, map[string]any{"held": st.Held, "hold": out.Hold, "claimed": Used(st), "quota": out.Quota.Limit})
	return out, err
}

// Free moves a record, or makes n new ones, without an owner: into the pool.
func (g *Gate) Free(ctx context.Context, a crm.Actor, m Move, n int, apply Apply) (Moved, error) {
	now := g.d.Clock.Now()
	out := Moved{}
	s := Stamp{At: now, Pool: m.Pool.ID}
	e := Entry{At: now, From: m.From, FromTeam: m.FromTeam, Pool: m.Pool.ID, Reason: m.Reason, By: a.ID, Why: m.Why, Note: m.Note, Uncounted: m.Uncounted, RuleVersion: m.Version}
	s.Claimable = g.EmbargoEnd(ctx, m.Pool, m.Reason, now)
	if m.Reason == Release {
		if m.From == a.ID && m.Last.QuotaDay != "" {
			if err := g.refund(ctx, a, m, now, &e); err != nil {
				return out, err
			}
			out.Refunded = e.Refund
		}
	}
	var err error
	out.Entries, err = g.move(ctx, e, s, n, apply, map[string]any{"refund": e.Refund})
	return out, err
}

// EmbargoEnd is from when a record may be claimed that came into the pool at the
// moment for the reason (P-07); zero: at once.
func (g *Gate) EmbargoEnd(ctx context.Context, p Pool, why Reason, at time.Time) time.Time {
	switch why {
	case Create, Import:
		return at.Add(hours(p.NewHours, EmbargoNew.Of(ctx, g.d.Rules)))
	case Recycle:
		return at.Add(hours(p.RecycleHours, EmbargoRecycle.Of(ctx, g.d.Rules)))
	}
	return time.Time{}
}

// hours is the embargo of a pool: its own, else that of the settings.
func hours(own Override, setting int64) time.Duration {
	if own.Set {
		setting = int64(own.Value)
	}
	return time.Duration(setting) * time.Hour
}

// maxPast is how many of a record's entries are read along with the person's
// standing. Records that changed hands more often are rare.
const maxPast = 100

// past are the record's entries, newest first, all of them unless there are
// very many.
func (g *Gate) past(ctx context.Context, l *Look) ([]Entry, error) {
	if len(l.Past) >= l.Most {
		return g.d.Store.History(ctx, l.Ref, l.Most)
	}
	slices.SortFunc(l.Past, func(a, b Entry) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return l.Past, nil
}

// losses are the entries since the moment by which the person lost the record;
// past are its last entries.
func (g *Gate) losses(ctx context.Context, user crm.UserID, since time.Time, ref crm.Ref, past []Entry) ([]Entry, error) {
	if len(past) >= maxPast && !past[len(past)-1].At.Before(since) {
		return g.d.Store.Losses(ctx, user, since, ref)
	}
	var out []Entry
	for _, e := range past {
		if e.From == user && !e.At.Before(since) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (g *Gate) refund(ctx context.Context, a crm.Actor, m Move, now time.Time, e *Entry) error {
	u, err := g.d.People.User(ctx, a.ID)
	if err != nil {
		return err
	}
	scopes, _, err := g.scopes(ctx, u)
	if err != nil {
		return err
	}
	st, err := g.d.Store.Standing(ctx, m.Ref.Kind, a.ID, m.Last.QuotaDay, m.Last.QuotaDay.Time(g.d.Calendar.Zone()), now, false)
	if err != nil {
		return fmt.Errorf("count refunds: %w", err)
	}
	within := time.Duration(RefundMinutes.Of(ctx, g.d.Rules, scopes...)) * time.Minute
	if Refunds(m.Last, a.ID, st.Refunds, now, within, int(RefundDaily.Of(ctx, g.d.Rules, scopes...))) {
		e.Refund, e.QuotaDay = true, m.Last.QuotaDay
	}
	return nil
}

// move is the one place where owners change and the ledger grows.
func (g *Gate) move(ctx context.Context, e Entry, s Stamp, n int, apply Apply, numbers map[string]any) ([]Entry, error) {
	refs, err := apply(ctx, s, n)
	if err != nil {
		return nil, err
	}
	if len(refs) == 0 {
		return nil, ErrLost
	}
	entries := make([]Entry, len(refs))
	for i, r := range refs {
		entries[i] = e
		entries[i].Ref = r
	}
	if err := g.d.Store.AddEntries(ctx, entries...); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if g.d.Moved != nil {
		if err := g.d.Moved(ctx, entries); err != nil {
			return nil, fmt.Errorf("follow the change of owner: %w", err)
		}
	}
	rule := map[Reason]string{Claim: "P-05", Release: "P-17", Recycle: "P-11"}[e.Reason]
	if e.Override != "" {
		rule = e.Override
		numbers["override"] = true
	}
	numbers["from"], numbers["to"], numbers["pool"], numbers["reason"] = e.From, e.To, e.Pool, e.Reason
	about := entries[0].Ref
	if len(entries) > 1 {
		numbers["records"], about = len(entries), crm.Ref{}
	}
	return entries, g.d.Effects.Audit(ctx, crm.Audit{At: e.At, Actor: e.By, Action: "ownership." + string(e.Reason), Ref: about, Rule: rule, RuleVersion: e.RuleVersion, Detail: numbers})
}

func otherName(a crm.Actor, u org.User) string {
	if a.ID == u.ID {
		return ""
	}
	return u.Name
}

// hold is the person's hold limit of the kind with the setting's version.
func (g *Gate) hold(ctx context.Context, kind crm.Kind, scopes []rule.Scope) (int, int64) {
	setting, ok := HoldLeads, true
	if kind != crm.KindLead {
		setting, ok = g.d.Holds[kind]
	}
	if !ok {
		return math.MaxInt32, 0
	}
	n, v := setting.With(ctx, g.d.Rules, scopes...)
	return int(n), v
}

func (g *Gate) coolDays(ctx context.Context, scopes []rule.Scope) CoolDays {
	return CoolDays{Auto: int(CoolAuto.Of(ctx, g.d.Rules, scopes...)), Voluntary: int(CoolVoluntary.Of(ctx, g.d.Rules, scopes...)), Manager: int(CoolManager.Of(ctx, g.d.Rules, scopes...))}
}

func (g *Gate) quota(ctx context.Context, day crm.Day, p Pool, scopes []rule.Scope) Quota {
	q := Quota{Workday: g.d.Calendar.IsWorkday(day), Allowed: true}
	if !q.Workday {
		q.Allowed = p.Offday
		n, v := QuotaOffday.With(ctx, g.d.Rules, scopes...)
		q.Limit, q.Version = int(n), v
		return q
	}
	n, v := QuotaDaily.With(ctx, g.d.Rules, scopes...)
	q.Limit, q.Version = int(n), v
	if p.Daily > 0 {
		q.Limit, q.Version = p.Daily, 0
	}
	return q
}

// scopes are the person's scopes for settings, the most specific first (P-03):
// user, roles, own team, teams above. teams are the latter two.
func (g *Gate) scopes(ctx context.Context, u org.User) (scopes []rule.Scope, teams []crm.TeamID, err error) {
	scopes = append(scopes, rule.Scope(fmt.Sprintf("user:%d", u.ID)))
	for _, r := range u.Roles {
		scopes = append(scopes, rule.Scope("role:"+string(r)))
	}
	teams, err = g.TeamsOf(ctx, u.Team)
	for _, t := range teams {
		scopes = append(scopes, rule.Scope(fmt.Sprintf("team:%d", t)))
	}
	return scopes, teams, err
}

// TeamsOf are the team and the teams above it, nearest first.
func (g *Gate) TeamsOf(ctx context.Context, team crm.TeamID) ([]crm.TeamID, error) {
	var out []crm.TeamID
	for team != 0 && !slices.Contains(out, team) {
		t, err := g.d.People.Team(ctx, team)
		if crm.CodeOf(err) == crm.CodeNotFound {
			break
		}
		if err != nil {
			return out, err
		}
		out, team = append(out, team), t.Parent
	}
	return out, nil
}
