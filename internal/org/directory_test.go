package org_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// memory is a Store in memory whose reads can be made to fail or to wait.
type memory struct {
	mu    sync.Mutex
	users []org.User
	teams []org.Team
	ids   []org.Identity
	down  error
	wait  func() // called after the rows were read, before they are returned
	reads int
}

func (m *memory) Users(context.Context) ([]org.User, error) {
	m.mu.Lock()
	m.reads++
	out, err, wait := slices.Clone(m.users), m.down, m.wait
	m.mu.Unlock()
	if wait != nil {
		wait()
	}
	return out, err
}

func (m *memory) Teams(context.Context) ([]org.Team, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.teams), m.down
}

func (m *memory) Identities(context.Context) ([]org.Identity, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.ids), m.down
}

func (m *memory) SaveUser(_ context.Context, u *org.User) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u.ID == 0 {
		u.ID = crm.UserID(len(m.users) + 1)
		m.users = append(m.users, *u)
	}
	m.users[u.ID-1] = *u
	return nil
}

func (m *memory) SaveTeam(_ context.Context, t *org.Team) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.ID == 0 {
		t.ID = crm.TeamID(len(m.teams) + 1)
		m.teams = append(m.teams, *t)
	}
	m.teams[t.ID-1] = *t
	return nil
}

func (m *memory) AddIdentity(_ context.Context, i org.Identity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids = append(m.ids, i)
	return nil
}

func (m *memory) RemoveIdentity(_ context.Context, i org.Identity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids = slices.DeleteFunc(m.ids, func(x org.Identity) bool { return x == i })
	return nil
}

func (m *memory) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

// company is a boss over a director over two teams; the second has no leader.
func company(t *testing.T) (*org.Directory, *memory) {
	t.Helper()
	m := &memory{
		teams: []org.Team{{ID: 1, Name: "总公司", Leader: 1}, {ID: 2, Name: "销售", Parent: 1, Leader: 2}, {ID: 3, Name: "华东", Parent: 2, Leader: 3}, {ID: 4, Name: "华南", Parent: 2}},
		users: []org.User{{ID: 1, Name: "林总", Team: 1, Roles: []crm.Role{crm.Boss}, Active: true}, {ID: 2, Name: "高远", Team: 2, Roles: []crm.Role{crm.Director}, Active: true},
			{ID: 3, Name: "王磊", Team: 3, Roles: []crm.Role{crm.Manager}, Active: true}, {ID: 4, Name: "李娜", EmployeeNo: "E4", Team: 3, Roles: []crm.Role{crm.Rep}, Active: true},
			{ID: 5, Name: "李雷", Team: 4, Roles: []crm.Role{crm.Rep}, Active: true}, {ID: 6, Name: "Grace Liu", EmployeeNo: "E6", Team: 4, Roles: []crm.Role{crm.Rep}}},
		ids: []org.Identity{{Platform: "lark", Tenant: "t", External: "ou_4", User: 4}, {Platform: "lark", Tenant: "t", External: "ou_6", User: 6}},
	}
	return org.NewDirectory(m, m), m
}

func TestReachFollowsTheTreePM01(t *testing.T) {
	d, _ := company(t)
	for id, want := range map[crm.UserID][]crm.TeamID{1: {1, 2, 3, 4}, 2: {2, 3, 4}, 3: {3}, 4: nil} {
		a, err := d.Actor(t.Context(), id)
		if err != nil || !slices.Equal(a.Reach, want) {
			t.Errorf("person %d reaches %v, want %v; %v", id, a.Reach, want, err)
		}
		if a.All != (id == 1) {
			t.Errorf("person %d sees everything: %v", id, a.All)
		}
	}
	if _, err := d.Actor(t.Context(), 6); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("a leaver acts: %v", err)
	}
	if _, err := d.Actor(t.Context(), 99); err == nil {
		t.Error("an unknown person acts")
	}
}

func TestSuperiors(t *testing.T) {
	d, m := company(t)
	want := func(who, boss crm.UserID) {
		t.Helper()
		if got, err := d.Superior(t.Context(), who); err != nil || got != boss {
			t.Errorf("above %d is %d, want %d; %v", who, got, boss, err)
		}
	}
	want(4, 3)
	want(3, 2) // leads the own team
	want(5, 2) // vacant: the next one above
	want(2, 1)
	want(1, 0)
	want(99, 0)
	m.users[2].Active = false
	if err := d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(4, 2) // the leader left
}

func TestCirclesInTheDataEnd(t *testing.T) {
	d, m := company(t)
	m.teams = []org.Team{{ID: 1, Name: "a", Parent: 2, Leader: 3}, {ID: 2, Name: "b", Parent: 1}, {ID: 3, Name: "c", Parent: 2}, {ID: 4, Name: "d", Parent: 3}, {ID: 5, Name: "e", Parent: 5}}
	m.users = []org.User{{ID: 3, Name: "x", Team: 1, Active: true}}
	if got, err := d.Below(t.Context(), 1); err != nil || !slices.Equal(got, []crm.TeamID{1, 2, 3, 4}) {
		t.Errorf("below a: %v, %v", got, err)
	}
	if got, err := d.Superior(t.Context(), 3); err != nil || got != 0 {
		t.Errorf("above the only leader: %d, %v", got, err)
	}
	if err := d.SaveTeam(t.Context(), &org.Team{ID: 3, Name: "c", Parent: 4}); crm.CodeOf(err) != crm.CodeInvalid {
		t.Errorf("a team was put below itself: %v", err)
	}
	if err := d.SaveTeam(t.Context(), &org.Team{ID: 4, Name: "d", Parent: 2}); err != nil {
		t.Errorf("a harmless move: %v", err)
	}
}

func TestFindingPeople(t *testing.T) {
	d, _ := company(t)
	for text, want := range map[string]string{"李娜": "李娜", "@李娜": "李娜", "e4": "李娜", "李": "李娜,李雷", "grace": "", "E6": "", "": "", "王": "王磊", "没有": ""} {
		us, err := d.Find(t.Context(), text)
		var names []string
		for _, u := range us {
			names = append(names, u.Name)
		}
		if err != nil || strings.Join(names, ",") != want {
			t.Errorf("%q finds %v, want %s; %v", text, names, want, err)
		}
	}
	if _, err := d.One(t.Context(), "李"); crm.CodeOf(err) != crm.CodeInvalid || !strings.Contains(crm.MessageOf(err, crm.Chinese), "李娜(E4)") {
		t.Errorf("several fit: %v", err)
	}
	if _, err := d.One(t.Context(), "没有"); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("nobody fits: %v", err)
	}
	if name := d.Name(t.Context(), 6); name != "Grace Liu" {
		t.Errorf("a leaver stays readable: %q", name)
	}
}

func TestIdentities(t *testing.T) {
	d, _ := company(t)
	if a, err := d.ByIdentity(t.Context(), "lark", "t", "ou_4"); err != nil || a.ID != 4 {
		t.Errorf("got %+v, %v", a, err)
	}
	for _, x := range [][3]string{{"dingtalk", "t", "ou_4"}, {"lark", "other", "ou_4"}, {"lark", "t", "ou_4x"}} {
		if _, err := d.ByIdentity(t.Context(), x[0], x[1], x[2]); crm.CodeOf(err) != crm.CodeNotFound {
			t.Errorf("%v is somebody: %v", x, err)
		}
	}
	if _, err := d.ByIdentity(t.Context(), "lark", "t", "ou_6"); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("a leaver's account: %v", err)
	}
}

func TestRolesOfTheCopyCannotBeChanged(t *testing.T) {
	d, m := company(t)
	m.users[3].Roles = append(make([]crm.Role, 0, 8), crm.Rep)
	a, err := d.Actor(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Actor(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	x, y := append(a.Roles, crm.Admin), append(b.Roles, crm.Legal)
	if x[1] != crm.Admin || y[1] != crm.Legal {
		t.Error("two callers share the room behind the roles")
	}
}

// TestAnOldReadNeverReplacesANewerOne: a read that began before a change and
// ends after it must not hide the change.
func TestAnOldReadNeverReplacesANewerOne(t *testing.T) {
	d, m := company(t)
	began, go_on := make(chan struct{}), make(chan struct{})
	m.wait = func() { close(began); <-go_on }
	slow := make(chan error)
	go func() { slow <- d.Reload(t.Context()) }()
	<-began
	m.mu.Lock()
	m.wait = nil
	m.mu.Unlock()
	u := org.User{Name: "新人", Active: true}
	if err := d.SaveUser(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
	close(go_on)
	if err := <-slow; err != nil {
		t.Fatal(err)
	}
	if _, err := d.One(t.Context(), "新人"); err != nil {
		t.Errorf("the new person is hidden: %v", err)
	}
}

func TestAnOldCopyServesWhileTheDatabaseIsAway(t *testing.T) {
	d, m := company(t)
	if err := d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.down = errors.New("gone")
	d.Expire()
	reads := m.reads
	for range 5 {
		if a, err := d.Actor(t.Context(), 4); err != nil || a.Name != "李娜" {
			t.Fatalf("got %+v, %v", a, err)
		}
	}
	if m.reads != reads+1 {
		t.Errorf("asked the database %d times within a second", m.reads-reads)
	}
	empty := org.NewDirectory(m, m)
	if _, err := empty.User(t.Context(), 1); err == nil {
		t.Error("without any copy there is no answer")
	}
}

func TestATeamIsFoundByAPartOfItsName(t *testing.T) {
	d, m := company(t)
	m.teams = []org.Team{{ID: 1, Name: "总公司"}, {ID: 2, Name: "华东销售部", Parent: 1}, {ID: 3, Name: "华南销售部", Parent: 1}, {ID: 4, Name: "华南", Parent: 3}, {ID: 5, Name: "Inside Sales", Parent: 1}}
	if err := d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	for said, want := range map[string]crm.TeamID{"华东销售部": 2, " 华东 ": 2, "华南": 4, "华南销": 3, "inside": 5} {
		if got, err := d.TeamNamed(t.Context(), said); err != nil || got.ID != want {
			t.Errorf("%q is team %d, want %d; %v", said, got.ID, want, err)
		}
	}
	for said, want := range map[string]string{
		"销售部": "several teams have “销售部” in their name; name one of: 华东销售部, 华南销售部",
		"西北":  "there is no team called “西北”; the teams are: 总公司, 华东销售部, 华南销售部, 华南, Inside Sales",
		"":    "there is no team called “”; the teams are: 总公司, 华东销售部, 华南销售部, 华南, Inside Sales",
	} {
		if got, err := d.TeamNamed(t.Context(), said); err == nil || crm.MessageOf(err, crm.English) != want {
			t.Errorf("%q is team %d and says %q, want %q", said, got.ID, crm.MessageOf(err, crm.English), want)
		}
	}
}
