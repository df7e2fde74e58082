package org_test

import (
	"context"
	"slices"
	"testing"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// roster is a small company on Lark: headquarters with two sales teams that
// have the same name.
func roster() org.Roster {
	return org.Roster{Platform: "lark",
		Units: []org.Unit{{ID: "e1", Name: "一组", Parent: "east"}, {ID: "hq", Name: "总部"}, {ID: "east", Name: "华东", Parent: "hq", Leader: "ou_wang"}, {ID: "west", Name: "华西", Parent: "hq"}, {ID: "w1", Name: "一组", Parent: "west"}},
		People: []org.Member{{External: "ou_boss", Name: "陈总", Admin: true, Units: []string{"hq"}}, {External: "ou_wang", Name: "王磊", EmployeeNo: "E1", Units: []string{"east"}},
			{External: "ou_li", Aliases: []string{"on_li"}, Name: "李娜", EmployeeNo: "E2", Units: []string{"e1"}}, {External: "ou_nameless", Units: []string{"e1"}}}}
}

func syncOnce(t *testing.T, d *org.Directory, r org.Roster) org.SyncResult {
	t.Helper()
	res, err := d.Sync(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestSyncBringsPeopleTeamsAndLeaders(t *testing.T) {
	d := org.NewDirectory(&memory{}, plainTx{})
	res := syncOnce(t, d, roster())
	if res.Created != 3 || res.Bound != 3 || res.Teams != 6 {
		t.Errorf("result %+v", res)
	}
	east, err := d.TeamByName(t.Context(), "华东")
	if err != nil {
		t.Fatal(err)
	}
	for name, parent := range map[string]string{"华东": "总部", "一组": "华西", "华东·一组": "华东"} {
		team, err := d.TeamByName(t.Context(), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		up, err := d.Team(t.Context(), team.Parent)
		if err != nil || up.Name != parent {
			t.Errorf("%s is under %q, %v", name, up.Name, err)
		}
	}
	for external, roles := range map[string][]crm.Role{"ou_boss": {crm.Rep, crm.Admin}, "ou_wang": {crm.Manager}, "ou_li": {crm.Rep}} {
		a, err := d.ByIdentity(t.Context(), "lark", "", external)
		if err != nil || !slices.Equal(a.Roles, roles) {
			t.Errorf("%s: %v %v", external, a.Roles, err)
		}
		if external == "ou_wang" && east.Leader != a.ID {
			t.Error("the leader of the department does not lead the team")
		}
	}
	// Neither a second time nor another order of the platform's lists changes anything.
	r := roster()
	for range 2 {
		if again := syncOnce(t, d, r); again.Changed() {
			t.Errorf("the second time changed %+v", again)
		}
		slices.Reverse(r.Units)
		slices.Reverse(r.People)
	}
}

func TestSyncKeepsWhatTheCompanyDecided(t *testing.T) {
	store := &memory{}
	d := org.NewDirectory(store, plainTx{})
	team := org.Team{Name: "华东", Leader: 1}
	li := org.User{Name: "李娜（大客户）", EmployeeNo: "E2", Active: true, Roles: []crm.Role{crm.Director}, Team: 1}
	for _, err := range []error{d.SaveUser(t.Context(), &li), d.SaveTeam(t.Context(), &team), d.Bind(t.Context(), org.Identity{Platform: "lark", External: "ou_li", User: 1})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	res := syncOnce(t, d, roster())
	if res.Created != 2 {
		t.Errorf("result %+v", res)
	}
	a, err := d.ByIdentity(t.Context(), "lark", "", "ou_li")
	if err != nil || a.ID != li.ID || a.Name != "李娜（大客户）" || !slices.Equal(a.Roles, []crm.Role{crm.Director}) || a.Team != team.ID {
		t.Errorf("got %+v, %v", a, err)
	}
	if east, err := d.TeamByName(t.Context(), "华东"); err != nil || east.Leader != 1 {
		t.Errorf("the leader became %d, %v", east.Leader, err)
	}
}

func TestSyncKnowsPeopleByAnotherIDOfTheirs(t *testing.T) {
	d := org.NewDirectory(&memory{}, plainTx{})
	u := org.User{Name: "李娜", Active: true}
	if err := d.SaveUser(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
	if err := d.Bind(t.Context(), org.Identity{Platform: "lark", External: "on_li", User: u.ID}); err != nil {
		t.Fatal(err)
	}
	syncOnce(t, d, roster())
	if a, err := d.ByIdentity(t.Context(), "lark", "", "ou_li"); err != nil || a.ID != u.ID {
		t.Errorf("got %+v, %v", a, err)
	}
}

// An administrator decides whether two people of one name are one.
func TestSyncLeavesPeopleOfOneNameToAnAdministrator(t *testing.T) {
	d := org.NewDirectory(&memory{}, plainTx{})
	u := org.User{Name: "李娜", Active: true}
	if err := d.SaveUser(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
	if res := syncOnce(t, d, roster()); res.Unclear != 1 || res.Created != 2 {
		t.Errorf("result %+v", res)
	}
	if _, err := d.ByIdentity(t.Context(), "lark", "", "ou_li"); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("she was bound by name: %v", err)
	}
	two := org.Roster{Platform: "dingtalk", People: []org.Member{{External: "1", Name: "周杰"}, {External: "2", Name: "周杰"}}}
	if res := syncOnce(t, d, two); res.Created != 2 || res.Unclear != 0 {
		t.Errorf("two new people of one name: %+v", res)
	}
}

// HO-01: who left loses the id there and is frozen at once; who is merely not in
// the roster is not.
func TestHO01SyncFreezesLeaversOnly(t *testing.T) {
	d := org.NewDirectory(&memory{}, plainTx{})
	syncOnce(t, d, roster())
	li, err := d.ByIdentity(t.Context(), "lark", "", "ou_li")
	if err != nil {
		t.Fatal(err)
	}
	if froze, err := d.Leave(t.Context(), "lark", "", "ou_li"); err != nil || !froze {
		t.Fatalf("froze %v, %v", froze, err)
	}
	if froze, err := d.Leave(t.Context(), "lark", "", "ou_li"); err != nil || froze {
		t.Errorf("froze again: %v, %v", froze, err)
	}
	if froze, err := d.Leave(t.Context(), "lark", "", "ou_nobody"); err != nil || froze {
		t.Errorf("froze nobody: %v, %v", froze, err)
	}
	syncOnce(t, d, org.Roster{Platform: "lark"})
	if _, err := d.ByIdentity(t.Context(), "lark", "", "ou_li"); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("the leaver is known there: %v", err)
	}
	if u, err := d.User(t.Context(), li.ID); err != nil || !u.Frozen || !u.Active {
		t.Errorf("the leaver is %+v, %v", u, err)
	}
	for _, external := range []string{"ou_wang", "ou_boss"} {
		if a, err := d.ByIdentity(t.Context(), "lark", "", external); err != nil || a.Frozen {
			t.Errorf("%s: frozen %v, %v", external, a.Frozen, err)
		}
	}
}

// A directory that was read before somebody left and is brought after it does
// not give them their account back.
func TestHO01AnOldRosterDoesNotBindALeaver(t *testing.T) {
	d := org.NewDirectory(&memory{}, plainTx{})
	syncOnce(t, d, roster())
	if froze, err := d.Leave(t.Context(), "lark", "", "ou_li"); err != nil || !froze {
		t.Fatal(froze, err)
	}
	if res := syncOnce(t, d, roster()); res.Bound != 0 || res.Created != 0 || res.Unclear != 1 {
		t.Errorf("result %+v", res)
	}
	if a, err := d.ByIdentity(t.Context(), "lark", "", "ou_li"); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("the leaver is %+v, %v", a, err)
	}
}

// HO-01: the question about a leaver may be shown before this process has read the
// directory again, or by another process; it must not say that they are at work.
func TestHO01TheQuestionAboutALeaverShowsThisMoment(t *testing.T) {
	m := &memory{}
	d := org.NewDirectory(m, plainTx{})
	syncOnce(t, d, roster())
	li, err := d.ByIdentity(t.Context(), "lark", "", "ou_li")
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.User(t.Context(), li.ID)
	if err != nil {
		t.Fatal(err)
	}
	u.Frozen = true
	if err := m.SaveUser(t.Context(), &u); err != nil { // beside the copy in memory
		t.Fatal(err)
	}
	b := org.NewBinder(org.BinderDeps{People: m, Directory: d, Tx: plainTx{}, Clock: crm.WallClock{}})
	got, accounts, err := b.Leaver(t.Context(), crm.Actor{ID: 1, Roles: []crm.Role{crm.Admin}}, li.ID)
	if err != nil || !got.Frozen || accounts != 1 {
		t.Errorf("got %+v with %d accounts, %v", got, accounts, err)
	}
}

// HO-01: only an administrator can tell whether somebody who left a platform left
// the company, also when it was their last; a leaver's number does not freeze them
// again.
func TestHO01ALeaverIsAskedAbout(t *testing.T) {
	d, n := org.NewDirectory(&memory{}, plainTx{}), &noted{}
	syncOnce(t, d, roster())
	syncOnce(t, d, org.Roster{Platform: "dingtalk", People: []org.Member{{External: "s3", Name: "李娜", EmployeeNo: "E2"}}})
	d.Tell(n, crm.WallClock{})
	gone := org.Roster{Platform: "lark", People: []org.Member{{External: "ou_li", Aliases: []string{"on_li"}, Name: "李娜", EmployeeNo: "E2", Left: true}, {External: "ou_wang", Left: true}}}
	if res := syncOnce(t, d, gone); res.Frozen != 2 || res.Unbound != 2 {
		t.Errorf("result %+v", res)
	}
	// She can still come in, he cannot; both may be at work.
	var asked []string
	for _, x := range n.notices {
		if x.To != crm.ToUser(1) || x.View.Name != org.ViewLeave {
			t.Errorf("told %+v", x)
		}
		asked = append(asked, x.View.Ref)
	}
	if slices.Sort(asked); !slices.Equal(asked, []string{"M-2", "M-3"}) {
		t.Errorf("asked about %v", asked)
	}
	li, err := d.ByIdentity(t.Context(), "dingtalk", "", "s3")
	if err != nil || !li.Frozen {
		t.Fatalf("got %+v, %v", li, err)
	}
	u, err := d.User(t.Context(), li.ID)
	if err != nil {
		t.Fatal(err)
	}
	u.Frozen = false
	if err := d.SaveUser(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
	if res := syncOnce(t, d, gone); res.Changed() {
		t.Errorf("the next night changed %+v", res)
	}
}

// HO-01: a leaver reads what is theirs and nothing of a team.
func TestHO01AFrozenPersonHasNoReach(t *testing.T) {
	d := org.NewDirectory(&memory{}, plainTx{})
	u := org.User{Name: "陈总", Active: true, Frozen: true, Roles: []crm.Role{crm.Rep, crm.Manager, crm.Boss, crm.Admin}}
	for _, err := range []error{d.SaveUser(t.Context(), &u), d.SaveTeam(t.Context(), &org.Team{Name: "总部", Leader: 1})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	a, err := d.Actor(t.Context(), u.ID)
	if err != nil || a.All || len(a.Reach) != 0 || a.Is(crm.Boss, crm.Admin, crm.Manager) || !a.Is(crm.Rep) || !a.Frozen {
		t.Errorf("got %+v, %v", a, err)
	}
	if kept, err := d.User(t.Context(), u.ID); err != nil || len(kept.Roles) != 4 {
		t.Errorf("the roles became %v, %v", kept.Roles, err)
	}
}

// noted remembers what a synchronisation audits and tells.
type noted struct {
	crm.Effects
	audits  []crm.Audit
	notices []crm.Notice
}

func (n *noted) Audit(_ context.Context, a crm.Audit) error {
	n.audits = append(n.audits, a)
	return nil
}

func (n *noted) Notify(_ context.Context, more ...crm.Notice) error {
	n.notices = append(n.notices, more...)
	return nil
}

func (n *noted) actions() []string {
	var out []string
	for _, a := range n.audits {
		out = append(out, a.Action+" "+a.Ref.String())
	}
	slices.Sort(out)
	return out
}

// An employee number is typed by whoever keeps the platform's directory: it
// makes nobody another person.
func TestAnEmployeeNumberAloneBindsNobody(t *testing.T) {
	for name, c := range map[string]struct {
		person org.User
		leads  bool
		member org.Member
		binds  bool
	}{
		"the same name, a rep":        {org.User{Name: "李娜", Roles: []crm.Role{crm.Rep}, Active: true}, false, org.Member{Name: "李娜"}, true},
		"another name":                {org.User{Name: "李娜", Roles: []crm.Role{crm.Rep}, Active: true}, false, org.Member{Name: "周杰"}, false},
		"no name":                     {org.User{Name: "李娜", Roles: []crm.Role{crm.Rep}, Active: true}, false, org.Member{}, false},
		"the boss":                    {org.User{Name: "赵总", Roles: []crm.Role{crm.Boss}, Active: true}, false, org.Member{Name: "赵总"}, false},
		"a rep who administers":       {org.User{Name: "赵总", Roles: []crm.Role{crm.Rep, crm.Admin}, Active: true}, false, org.Member{Name: "赵总"}, false},
		"a rep who leads a team":      {org.User{Name: "李娜", Roles: []crm.Role{crm.Rep}, Active: true}, true, org.Member{Name: "李娜"}, false},
		"somebody who left":           {org.User{Name: "李娜", Roles: []crm.Role{crm.Rep}}, false, org.Member{Name: "李娜"}, false},
		"the tenant's, and one is in": {org.User{Name: "赵总", Roles: []crm.Role{crm.Boss}, Active: true}, false, org.Member{Name: "赵总", Admin: true}, false},
	} {
		d := org.NewDirectory(&memory{}, plainTx{})
		admin := org.User{Name: "管理", Roles: []crm.Role{crm.Admin}, Active: true}
		c.person.EmployeeNo, c.member.EmployeeNo, c.member.External = "E1", "e1", "staff1"
		for _, err := range []error{d.SaveUser(t.Context(), &admin), d.Bind(t.Context(), org.Identity{Platform: "lark", External: "ou_admin", User: admin.ID}), d.SaveUser(t.Context(), &c.person)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if c.leads {
			if err := d.SaveTeam(t.Context(), &org.Team{Name: "华东", Leader: c.person.ID}); err != nil {
				t.Fatal(err)
			}
		}
		res := syncOnce(t, d, org.Roster{Platform: "dingtalk", People: []org.Member{c.member}})
		a, err := d.ByIdentity(t.Context(), "dingtalk", "", "staff1")
		if c.binds && (err != nil || a.ID != c.person.ID || res.Bound != 1) {
			t.Errorf("%s: bound as %+v, %v, %+v", name, a, err, res)
		}
		if !c.binds && (crm.CodeOf(err) != crm.CodeNotFound || res != org.SyncResult{Unclear: 1}) {
			t.Errorf("%s: became %+v, %v, %+v", name, a, err, res)
		}
	}
}

// Who administers the platform administers here only while nobody else can, and
// only one of them does: who has the role here, else the first.
func TestOneAdministratorOfAPlatformAdministersWhileNobodyDoes(t *testing.T) {
	people := []org.Member{{External: "ou_0", Name: "王磊"}, {External: "ou_2", Name: "副手", Admin: true}, {External: "ou_1", Name: "管理", EmployeeNo: "E1", Admin: true}}
	for name, c := range map[string]struct {
		known  []org.User // not bound yet
		admins []string
		want   []string // who administers
	}{
		"the first":                {nil, nil, []string{"ou_2"}},
		"who has the role":         {[]org.User{{Name: "管理", EmployeeNo: "E1", Roles: []crm.Role{crm.Admin}, Active: true}}, nil, []string{"ou_1"}},
		"who had it":               {[]org.User{{Name: "管理", EmployeeNo: "E1", Roles: []crm.Role{crm.Admin}}}, nil, []string{"ou_2"}},
		"named by id":              {nil, []string{"ou_0"}, []string{"ou_0"}},
		"named by number":          {nil, []string{"e1", "ou_0"}, []string{"ou_0", "ou_1"}},
		"somebody else is named":   {nil, []string{"E9"}, nil},
		"named, with another role": {[]org.User{{Name: "管理", EmployeeNo: "E1", Roles: []crm.Role{crm.Boss}, Active: true}}, []string{"E1"}, []string{"ou_1"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, n := org.NewDirectory(&memory{}, plainTx{}), &noted{}
			d.Tell(n, crm.WallClock{})
			for _, u := range c.known {
				if err := d.SaveUser(t.Context(), &u); err != nil {
					t.Fatal(err)
				}
			}
			res := syncOnce(t, d, org.Roster{Platform: "lark", People: people, Admins: c.admins})
			var got, told []string
			for _, m := range people {
				if a, err := d.ByIdentity(t.Context(), "lark", "", m.External); err == nil && a.Is(crm.Admin) {
					got = append(got, m.External)
				}
			}
			for _, x := range n.notices {
				if x.View.Name == org.ViewAppointed {
					told = append(told, x.View.Name)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) || len(told) != len(c.want) || len(n.notices) != len(told) {
				t.Errorf("%v administer, told %+v, %+v", got, n.notices, res)
			}
			if c.want == nil {
				return
			}
			// Once there is one, nobody becomes one by a directory.
			n.notices = nil
			again := syncOnce(t, d, org.Roster{Platform: "dingtalk", People: []org.Member{{External: "s3", Name: "人事", Admin: true}}, Admins: append(c.admins, "s3")})
			if a, err := d.ByIdentity(t.Context(), "dingtalk", "", "s3"); err != nil || a.Is(crm.Admin) || again.Appointed != 0 || len(n.notices) != 0 {
				t.Errorf("later %v, %v, told %+v", a.Roles, err, n.notices)
			}
		})
	}
}

// A company whose only administrator left has one again after the next night.
func TestSomebodyWhoIsBoundAlreadyAdministersWhenNobodyDoes(t *testing.T) {
	d := org.NewDirectory(&memory{}, plainTx{})
	r := org.Roster{Platform: "lark", People: []org.Member{{External: "ou_1", Name: "管理", Admin: true}, {External: "ou_2", Name: "副手", Admin: true}}}
	syncOnce(t, d, r)
	if froze, err := d.Leave(t.Context(), "lark", "", "ou_1"); err != nil || !froze {
		t.Fatal(froze, err)
	}
	r.People = r.People[1:]
	if res := syncOnce(t, d, r); res.Appointed != 1 {
		t.Errorf("result %+v", res)
	}
	if a, err := d.ByIdentity(t.Context(), "lark", "", "ou_2"); err != nil || !a.Is(crm.Admin) {
		t.Errorf("%v, %v", a.Roles, err)
	}
}

// Everything that a directory changed is in the audit trail, and who has another
// account is told there that one was bound.
func TestSyncIsAuditedAndTold(t *testing.T) {
	d, n := org.NewDirectory(&memory{}, plainTx{}), &noted{}
	d.Tell(n, crm.WallClock{})
	syncOnce(t, d, roster())
	want := []string{"org.appoint M-1", "org.bind M-1", "org.bind M-2", "org.bind M-3", "org.create M-1", "org.create M-2", "org.create M-3", "org.lead M-2"}
	if got := n.actions(); !slices.Equal(got, want) {
		t.Errorf("audited %v", got)
	}
	if len(n.notices) != 1 || n.notices[0].To != crm.ToUserOn(1, "lark") || n.notices[0].View.Name != org.ViewAppointed {
		t.Errorf("told %+v", n.notices)
	}
	n.audits, n.notices = nil, nil
	syncOnce(t, d, org.Roster{Platform: "dingtalk", People: []org.Member{{External: "s3", Name: "李娜", EmployeeNo: "E2"}}})
	if got := n.actions(); !slices.Equal(got, []string{"org.bind M-3"}) {
		t.Errorf("audited %v", got)
	}
	if len(n.notices) != 1 || n.notices[0].To != crm.ToUserOn(3, "lark") || n.notices[0].View != (crm.View{Name: org.ViewElsewhere, Ref: "dingtalk"}) {
		t.Errorf("told %+v", n.notices)
	}
	n.audits = nil
	if _, err := d.Leave(t.Context(), "lark", "", "ou_wang"); err != nil {
		t.Fatal(err)
	}
	if got := n.actions(); !slices.Contains(got, "org.freeze M-2") {
		t.Errorf("audited %v", got)
	}
}

// Where departments are set, only their people, with those below, become users by
// themselves; about the others an administrator is asked.
func TestOnlyPeopleOfTheDepartmentsThatSellBecomeReps(t *testing.T) {
	d := org.NewDirectory(&memory{}, plainTx{})
	r := roster()
	r.Sales = []string{" 华东 "}
	r.People = append(r.People, org.Member{External: "ou_west", Name: "周杰", Units: []string{"w1"}}, org.Member{External: "ou_none", Name: "吴敏"})
	if res := syncOnce(t, d, r); res.Created != 3 || res.Unclear < 2 {
		t.Errorf("result %+v", res)
	}
	for external, known := range map[string]bool{"ou_boss": true, "ou_wang": true, "ou_li": true, "ou_west": false, "ou_none": false} {
		if _, err := d.ByIdentity(t.Context(), "lark", "", external); (err == nil) != known {
			t.Errorf("%s: %v", external, err)
		}
	}
}

func TestSyncEndsOnACircleOfDepartments(t *testing.T) {
	d := org.NewDirectory(&memory{}, plainTx{})
	res := syncOnce(t, d, org.Roster{Platform: "lark", Units: []org.Unit{{ID: "a", Name: "A", Parent: "b"}, {ID: "b", Name: "B", Parent: "a"}}})
	if res.Teams != 2 {
		t.Errorf("result %+v", res)
	}
}

func TestSyncGivesNobodyAnothersEmployeeNumber(t *testing.T) {
	d := org.NewDirectory(&memory{}, plainTx{})
	syncOnce(t, d, org.Roster{Platform: "lark", People: []org.Member{{External: "ou_a", Name: "A", EmployeeNo: "E1"}, {External: "ou_b", Name: "B", EmployeeNo: "E1"}}})
	a, err := d.ByIdentity(t.Context(), "lark", "", "ou_a")
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.ByIdentity(t.Context(), "lark", "", "ou_b")
	if err != nil {
		t.Fatal(err)
	}
	if a.ID == b.ID {
		t.Error("two people became one")
	}
	if u, err := d.User(t.Context(), b.ID); err != nil || u.EmployeeNo != "" {
		t.Errorf("the number is there twice: %+v, %v", u, err)
	}
}

// plainTx is a transaction of a store in memory.
type plainTx struct{}

func (plainTx) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }
