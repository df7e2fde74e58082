// Package rule keeps the settings: every default of the business rules is
// readable and changeable at run time. A change is a new version with author,
// reason and effective date; nothing is edited. A value can be set for the
// organisation, a team, a role or a person; the most specific wins.
package rule

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// Scope says for whom a value holds: "" for the organisation, or "team:3",
// "role:rep", "user:12".
type Scope string

// Version is one change of one setting.
type Version struct {
	ID          int64
	Key         string
	Scope       Scope
	Value       string // in the definition's own form
	Author      crm.UserID
	Reason      string
	CreatedAt   time.Time
	EffectiveAt time.Time
	// Approver is the second administrator of an urgent change (RC-01); zero: it was
	// not urgent.
	Approver crm.UserID
	// RolledBackAt is set when the version was taken back; zero otherwise.
	RolledBackAt time.Time
}

// Def describes one setting.
type Def struct {
	// Key begins with the rule id where there is one: "P-04.daily".
	Key   string
	Title crm.Text
	Unit  crm.Text
	// Default is the value in force until somebody changes it.
	Default string
	// Check refuses values with an error that people can read. Nil: anything.
	Check func(value string) error
	// Form is how the value is asked for in a form.
	Form Form

	// short and long turn a structure into lines and back; nil: it has none.
	short func(l crm.Lang, value string) ([]string, bool)
	long  func(text string) (string, bool)
}

// Form says what kind of value a setting takes. The zero value is text.
type Form struct {
	Kind FormKind
	// Min and Max are the bounds of a number.
	Min, Max int64
	// Options are the words of a choice.
	Options []Option
	// Help says what a structure's numbers are that people write in lines.
	Help crm.Text
}

// FormKind is a kind of value.
type FormKind int

// The kinds.
const (
	TextForm FormKind = iota
	NumberForm
	SwitchForm
	TimeForm
	ChoiceForm
	StructureForm // JSON
)

// Store keeps the versions.
type Store interface {
	// RuleVersions are all versions, oldest first.
	RuleVersions(ctx context.Context) ([]Version, error)
	// AddRuleVersion stores one with its audit entry, of which it fills in the
	// version, and returns the version's id.
	AddRuleVersion(ctx context.Context, v Version, c Change) (int64, error)
	// RollBackRule takes the change's version back and stores the entry; false
	// when there is no such version that holds.
	RollBackRule(ctx context.Context, c Change) (bool, error)
	// RuleChanges are the audit entries of the versions, newest first, at most n.
	RuleChanges(ctx context.Context, versions []int64, n int) ([]Change, error)
}

// Book answers what a setting is now. Safe for concurrent use.
type Book struct {
	store Store
	clock crm.Clock
	defs  map[string]Def
	order []string

	mu       sync.RWMutex
	versions map[string][]Version // by key, newest effective last
	loaded   time.Time            // wall time of the last load
	maxAge   time.Duration
	started  int64 // how many loads began
	newest   int64 // which of them is in versions: one never replaces a later one
	loading  atomic.Bool
	decoded  sync.Map // values of JSON settings by key, as last read
}

// loadWithin is how long a question waits for the versions of other replicas.
const loadWithin = 2 * time.Second

// NewBook makes a book of the definitions. It reports duplicate or empty keys
// and defaults that fail their own check.
func NewBook(store Store, clock crm.Clock, defs ...Def) (*Book, error) {
	b := &Book{store: store, clock: clock, defs: map[string]Def{}, maxAge: 2 * time.Second}
	for _, d := range defs {
		if err := b.define(d); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Defs are the definitions in order of registration.
func (b *Book) Defs() []Def {
	out := make([]Def, 0, len(b.order))
	for _, k := range b.order {
		out = append(out, b.defs[k])
	}
	return out
}

// Def finds a definition by its key.
func (b *Book) Def(key string) (Def, bool) {
	d, ok := b.defs[key]
	return d, ok
}

// Load reads the versions now; otherwise they are read at most every two
// seconds, so that a change reaches every replica within that time.
func (b *Book) Load(ctx context.Context) error {
	b.mu.Lock()
	b.started++
	started := b.started
	b.mu.Unlock()
	m, err := b.stored(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if started > b.newest {
		b.versions, b.loaded, b.newest = m, time.Now(), started
	}
	return nil
}

// stored are the versions as the caller's transaction sees them, by key, newest
// effective last. Only Load shows them to others, for it is called outside of one.
func (b *Book) stored(ctx context.Context) (map[string][]Version, error) {
	vs, err := b.store.RuleVersions(ctx)
	if err != nil {
		return nil, err
	}
	m := map[string][]Version{}
	for _, v := range vs {
		m[v.Key] = append(m[v.Key], v)
	}
	for k := range m {
		slices.SortStableFunc(m[k], func(a, c Version) int { return a.EffectiveAt.Compare(c.EffectiveAt) })
	}
	return m, nil
}

// Value is the raw value in force for the first scope that has one, then for
// the organisation, then the default. The version is zero for the default.
func (b *Book) Value(ctx context.Context, key string, scopes ...Scope) (value string, version int64) {
	b.mu.RLock()
	stale, never := time.Since(b.loaded) > b.maxAge, b.loaded.IsZero()
	b.mu.RUnlock()
	if stale && (never || b.loading.CompareAndSwap(false, true)) {
		b.refresh(ctx, never)
	}
	now := b.clock.Now()
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, s := range append(slices.Clone(scopes), "") {
		var best *Version
		for i, v := range b.versions[key] {
			if v.Scope == s && v.RolledBackAt.IsZero() && !v.EffectiveAt.After(now) {
				best = &b.versions[key][i]
			}
		}
		if best != nil {
			return best.Value, best.ID
		}
	}
	return b.defs[key].Default, 0
}

// refresh reads the versions. An unreachable database keeps the values known so
// far; the caller's own statement reports the outage.
func (b *Book) refresh(ctx context.Context, never bool) {
	if !never {
		defer b.loading.Store(false)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadWithin)
	defer cancel()
	if err := b.Load(ctx); err != nil {
		b.mu.Lock()
		b.loaded = time.Now().Add(time.Second - b.maxAge) // not again for every question
		b.mu.Unlock()
	}
}

// checkScope refuses what is no scope.
func checkScope(s Scope) error {
	kind, who, _ := strings.Cut(string(s), ":")
	ok := s == ""
	switch kind {
	case "team", "user":
		id, err := strconv.ParseInt(who, 10, 64)
		ok = err == nil && id > 0
	case "role":
		ok = slices.Contains(crm.Roles, crm.Role(who))
	}
	if !ok {
		return crm.Invalid("范围“"+string(s)+"”无效，可用：公司、team:编号、role:角色、user:编号", "“"+string(s)+"” is no scope; use the organisation, team:ID, role:ROLE or user:ID")
	}
	return nil
}

// mayChange refuses who is no administrator or is leaving (HO-01).
func mayChange(a crm.Actor) error {
	switch {
	case !a.Is(crm.Admin):
		return crm.Forbid(a, crm.Admin)
	case a.Frozen:
		return crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系另一位管理员", "please ask another administrator")
	}
	return nil
}

// Set stores a new version after checking the value; it holds from effective.
func (b *Book) Set(ctx context.Context, a crm.Actor, key string, scope Scope, value, reason string, effective time.Time) (Version, error) {
	if err := b.CheckChange(a, key, scope, value, reason); err != nil {
		return Version{}, err
	}
	now := b.clock.Now()
	if effective.Before(now) {
		effective = now
	}
	v, err := b.add(ctx, Version{Key: key, Scope: scope, Value: value, Author: a.ID, Reason: reason, CreatedAt: now, EffectiveAt: effective})
	if err != nil {
		return Version{}, err
	}
	return v, b.Load(ctx)
}

// CheckChange refuses what Set would refuse, and stores nothing.
func (b *Book) CheckChange(a crm.Actor, key string, scope Scope, value, reason string) error {
	d, ok := b.defs[key]
	if !ok {
		return crm.NotFound("没有这个设置："+key, "there is no such setting: "+key).WithNext("发送 /规则 查看全部设置", "send /rules for all settings")
	}
	if err := mayChange(a); err != nil {
		return err
	}
	if d.Check != nil {
		if err := d.Check(value); err != nil {
			return err
		}
	}
	if err := checkScope(scope); err != nil {
		return err
	}
	if utf8.RuneCountInString(reason) > 200 {
		return crm.Invalid("原因最多 200 字", "a reason takes up to 200 characters")
	}
	return nil
}

// add stores a checked version with its audit entry. It holds when the book is
// loaded again, which is for after the transaction.
func (b *Book) add(ctx context.Context, v Version) (Version, error) {
	all, err := b.stored(ctx)
	if err != nil {
		return Version{}, err
	}
	v.ID, err = b.store.AddRuleVersion(ctx, v, Change{At: v.CreatedAt, Actor: v.Author, Approver: v.Approver, Key: v.Key, Scope: v.Scope, Before: b.valueAt(all[v.Key], v.Key, v.Scope, v.EffectiveAt, 0), After: v.Value, Effective: v.EffectiveAt})
	return v, err
}
