package rule_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// memory is a Store in memory.
type memory struct {
	mu      sync.Mutex
	list    []rule.Version
	changes []rule.Change
	down    error
}

func (m *memory) RuleVersions(context.Context) ([]rule.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.list), m.down
}

func (m *memory) AddRuleVersion(_ context.Context, v rule.Version, c rule.Change) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v.ID = int64(len(m.list) + 1)
	c.Version = v.ID
	m.list, m.changes = append(m.list, v), append(m.changes, c)
	return v.ID, m.down
}

func (m *memory) RuleChanges(_ context.Context, versions []int64, n int) ([]rule.Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []rule.Change
	for _, c := range slices.Backward(m.changes) {
		if slices.Contains(versions, c.Version) && len(out) < n {
			out = append(out, c)
		}
	}
	return out, nil
}

func (m *memory) RollBackRule(_ context.Context, c rule.Change) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := c.Version
	if id < 1 || id > int64(len(m.list)) || !m.list[id-1].RolledBackAt.IsZero() {
		return false, nil
	}
	m.list[id-1].RolledBackAt = c.At
	m.changes = append(m.changes, c)
	return true, nil
}

type flow struct {
	Steps []string `json:"steps"`
}

var (
	title = crm.Text{Zh: "设置", En: "setting"}
	daily = rule.Int{Key: "P-04.daily", Title: title, Default: 20, Min: 0, Max: 200}
	on    = rule.Bool{Key: "P-10.on", Title: title, Default: true}
	due   = rule.Clock{Key: "R-01.draft", Title: title, Default: "17:30"}
	chain = rule.JSON[flow]{Key: "AP-01.flow", Title: title, Default: flow{[]string{"manager"}}, Valid: func(f flow) error {
		if len(f.Steps) == 0 {
			return crm.Invalid("至少一步", "at least one step")
		}
		return nil
	}}
	admin = crm.Actor{ID: 9, Roles: []crm.Role{crm.Admin}}
)

func book(t *testing.T) (*rule.Book, *memory, *crm.MovableClock) {
	t.Helper()
	m := &memory{}
	clock := crm.NewMovableClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), true)
	b, err := rule.NewBook(m, clock, daily.Def(), on.Def(), due.Def(), chain.Def())
	if err != nil {
		t.Fatal(err)
	}
	return b, m, clock
}

func set(t *testing.T, b *rule.Book, key string, scope rule.Scope, value string, from time.Time) rule.Version {
	t.Helper()
	v, err := b.Set(t.Context(), admin, key, scope, value, "", from)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheMostSpecificScopeWins(t *testing.T) {
	b, _, clock := book(t)
	now := clock.Now()
	scopes := []rule.Scope{"user:12", "team:3", "role:rep"}
	steps := []struct {
		scope rule.Scope
		value string
		want  int64
	}{{"", "10", 10}, {"role:rep", "11", 11}, {"user:12", "13", 13}, {"team:3", "12", 13}, {"user:99", "99", 13}}
	if got := daily.Of(t.Context(), b, scopes...); got != 20 {
		t.Errorf("the default is %d", got)
	}
	for _, s := range steps {
		v := set(t, b, "P-04.daily", s.scope, s.value, now)
		got, id := daily.With(t.Context(), b, scopes...)
		if got != s.want {
			t.Errorf("after %q for %q: %d, want %d", s.value, s.scope, got, s.want)
		}
		if s.scope == "user:12" && id != v.ID {
			t.Errorf("version %d decided, want %d", id, v.ID)
		}
	}
	if got := daily.Of(t.Context(), b); got != 10 {
		t.Errorf("for the organisation: %d", got)
	}
}

func TestChangesHoldFromTheirDate(t *testing.T) {
	b, m, clock := book(t)
	now := clock.Now()
	set(t, b, "P-04.daily", "", "5", now.Add(48*time.Hour))
	set(t, b, "P-04.daily", "", "7", now.Add(24*time.Hour))
	past := set(t, b, "P-04.daily", "", "9", now.Add(-24*time.Hour))
	if !past.EffectiveAt.Equal(now) {
		t.Errorf("a change for the past holds from %s, want now", past.EffectiveAt)
	}
	for hours, want := range map[int]int64{0: 9, 23: 9, 24: 7, 47: 7, 48: 5, 1000: 5} {
		c, err := rule.NewBook(m, crm.NewMovableClock(now.Add(time.Duration(hours)*time.Hour), true), b.Defs()...)
		if err != nil {
			t.Fatal(err)
		}
		if got := daily.Of(t.Context(), c); got != want {
			t.Errorf("after %d hours: %d, want %d", hours, got, want)
		}
	}
	set(t, b, "P-04.daily", "", "1", now)
	set(t, b, "P-04.daily", "", "2", now)
	if got := daily.Of(t.Context(), b); got != 2 {
		t.Errorf("two changes of one moment: %d, want the later one", got)
	}
}

func TestRollBack(t *testing.T) {
	b, m, clock := book(t)
	set(t, b, "P-04.daily", "", "10", clock.Now())
	v := set(t, b, "P-04.daily", "", "11", clock.Now())
	if _, err := b.RollBack(t.Context(), crm.Actor{Roles: []crm.Role{crm.Manager}}, v.ID); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("by a manager: %v", err)
	}
	if _, err := b.RollBack(t.Context(), admin, v.ID); err != nil || daily.Of(t.Context(), b) != 10 {
		t.Errorf("after taking 11 back: %d, %v", daily.Of(t.Context(), b), err)
	}
	if _, err := b.RollBack(t.Context(), admin, v.ID); crm.CodeOf(err) != crm.CodeConflict || crm.RuleOf(err) != "RC-04" {
		t.Errorf("taken back twice: %v", err)
	}
	if _, err := b.RollBack(t.Context(), admin, 77); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("version 77: %v", err)
	}
	if len(m.list) != 2 {
		t.Errorf("the history has %d versions", len(m.list))
	}
}

func TestBadValuesAreRefusedInWords(t *testing.T) {
	b, m, clock := book(t)
	for _, x := range []struct {
		key, scope, value, says string
	}{
		{"P-04.daily", "", "201", "0 到 200"}, {"P-04.daily", "", "-1", "0 到 200"}, {"P-04.daily", "", "1.5", "整数"}, {"P-04.daily", "", "很多", "很多"}, {"P-04.daily", "", "", "整数"},
		{"P-10.on", "", "也许", "开 或 关"}, {"R-01.draft", "", "25:00", "17:30"}, {"R-01.draft", "", "17.30", "17:30"},
		{"AP-01.flow", "", "{", "JSON"}, {"AP-01.flow", "", `{"steps":[]}`, "至少一步"}, {"AP-01.flow", "", `{"stepz":["a"]}`, "JSON"}, {"AP-01.flow", "", `{"steps":["a"]} {}`, "JSON"},
		{"AP-01.flow", "", `{"steps":[1]}`, "“steps”需要带引号的文字，写的是数字"}, {"AP-01.flow", "", `{"stepz":["a"]}`, "没有字段“stepz”"}, {"AP-01.flow", "", "{\n\"steps\" [\"a\"]}", "第 2 行第 9 个字符"}, {"AP-01.flow", "", `[]`, "需要对象 { }，写的是列表"},
		{"AP-01.flow", "", `{"steps":["a"]}}`, "JSON"}, {"no.such", "", "1", "no.such"},
		{"P-04.daily", "team:x", "1", "范围"}, {"P-04.daily", "role:king", "1", "范围"}, {"P-04.daily", "everybody", "1", "范围"}, {"P-04.daily", "user:0", "1", "范围"},
	} {
		_, err := b.Set(t.Context(), admin, x.key, rule.Scope(x.scope), x.value, "", clock.Now())
		var ce *crm.Error
		if !errors.As(err, &ce) || !strings.Contains(ce.Message(crm.Chinese), x.says) || ce.Text.En == "" {
			t.Errorf("%s %q for %q: %v", x.key, x.value, x.scope, err)
		}
	}
	if _, err := b.Set(t.Context(), admin, "P-04.daily", "", "1", strings.Repeat("长", 201), clock.Now()); crm.CodeOf(err) != crm.CodeInvalid {
		t.Errorf("a long reason: %v", err)
	}
	if _, err := b.Set(t.Context(), crm.Actor{Roles: []crm.Role{crm.Boss}}, "P-04.daily", "", "1", "", clock.Now()); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("by somebody else than an administrator: %v", err)
	}
	if len(m.list) != 0 {
		t.Errorf("%d refused values were stored", len(m.list))
	}
}

func TestTypedValues(t *testing.T) {
	b, _, clock := book(t)
	for value, want := range map[string]bool{"开": true, "off": false, " ON ": true, "否": false, "1": true} {
		set(t, b, "P-10.on", "", value, clock.Now())
		if got := on.Of(t.Context(), b); got != want {
			t.Errorf("%q is %v", value, got)
		}
	}
	set(t, b, "R-01.draft", "", " 08:05 ", clock.Now())
	if h, m := due.Of(t.Context(), b); h != 8 || m != 5 {
		t.Errorf("08:05 is %d:%d", h, m)
	}
	set(t, b, "AP-01.flow", "", `{"steps":["manager","legal"]}`, clock.Now())
	if f, id := chain.Of(t.Context(), b); len(f.Steps) != 2 || id == 0 {
		t.Errorf("the flow is %v, version %d", f, id)
	}
}

func TestDefinitionMistakesStopTheStart(t *testing.T) {
	for want, defs := range map[string][]rule.Def{
		"defined twice":            {daily.Def(), daily.Def()},
		"title in both":            {{Key: "x", Title: crm.Text{Zh: "一"}}},
		"its default":              {rule.Int{Key: "x", Title: title, Default: 9, Max: 5}.Def()},
		`setting "" needs a key`:   {{Title: title}},
		"its default: invalid: at": {rule.JSON[flow]{Key: "x", Title: title, Valid: chain.Valid}.Def()},
	} {
		if _, err := rule.NewBook(&memory{}, crm.WallClock{}, defs...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// TestTheLastKnownValuesServe: without the database the book answers what it
// knew, and does not ask again for every question.
func TestTheLastKnownValuesServe(t *testing.T) {
	b, m, clock := book(t)
	set(t, b, "P-04.daily", "", "3", clock.Now())
	m.down = errors.New("gone")
	if err := b.Load(t.Context()); err == nil {
		t.Error("Load hides the outage")
	}
	if got := daily.Of(t.Context(), b); got != 3 {
		t.Errorf("got %d, want the last known 3", got)
	}
}

// TestLeaversChangeNoSettingsHO01: an administrator whose account is being
// handed over reads settings and changes none.
func TestLeaversChangeNoSettingsHO01(t *testing.T) {
	b, m, clock := book(t)
	v := set(t, b, "P-04.daily", "", "10", clock.Now())
	leaver := admin
	leaver.Frozen = true
	if _, err := b.Set(t.Context(), leaver, "P-04.daily", "", "99", "why", clock.Now()); crm.RuleOf(err) != "HO-01" {
		t.Errorf("a leaver sets: %v", err)
	}
	if _, err := b.RollBack(t.Context(), leaver, v.ID); crm.RuleOf(err) != "HO-01" {
		t.Errorf("a leaver takes back: %v", err)
	}
	if got := daily.Of(t.Context(), b); got != 10 || len(m.list) != 1 {
		t.Errorf("the value is %d with %d versions, want 10 with 1", got, len(m.list))
	}
}

// TestRC01WhatMayHoldAtOnce: only what shows, reminds or reports holds at once by
// one administrator's word.
func TestRC01WhatMayHoldAtOnce(t *testing.T) {
	for key, want := range map[string]bool{"P-04.daily": false, "P-11.leads": false, "AS-01.rules": false, "AD-01.mode": false, "L-02.lines": false, "RC-03.grace": false, "AP-01.flow": false, "DU-01.similarity": false,
		"R-01.draft": true, "G-01.field": true, "CH-03.budget": true, "V-04.morning": true, "V-01.note": false} {
		if got := rule.AtOnce(key); got != want {
			t.Errorf("%s may hold at once: %v", key, got)
		}
	}
}

// TestInForceAndPlanned: each scope with a value of its own is named, and what does
// not hold yet or was taken back is not.
func TestInForceAndPlanned(t *testing.T) {
	b, _, clock := book(t)
	now := clock.Now()
	set(t, b, "P-04.daily", "team:3", "12", now)
	set(t, b, "P-04.daily", "team:3", "13", now)
	set(t, b, "P-04.daily", "", "11", now.Add(time.Hour))
	back := set(t, b, "P-04.daily", "user:7", "1", now)
	before, err := b.Stamp(t.Context(), "P-04.daily")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.RollBack(t.Context(), admin, back.ID); err != nil {
		t.Fatal(err)
	}
	list, err := b.InForce(t.Context(), "P-04.daily")
	if err != nil || len(list) != 1 || list[0].Scope != "team:3" || list[0].Value != "13" {
		t.Errorf("in force: %+v, %v", list, err)
	}
	if after, err := b.Stamp(t.Context(), "P-04.daily"); err != nil || after == before {
		t.Errorf("taking back leaves the stamp %s", after)
	}
	for scope, want := range map[rule.Scope]string{"team:3": "13", "team:4": "20", "": "20"} {
		if got, err := b.Held(t.Context(), "P-04.daily", scope, now); err != nil || got != want {
			t.Errorf("for %q it is %s, want %s (%v)", scope, got, want, err)
		}
	}
}
