package importer

import (
	"context"
	"slices"

	"crmbot/internal/bulk"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// orgSink makes people and teams. In a dry run it works on its copies only.
type orgSink struct {
	n      Nouns
	users  []*org.User
	byName map[string][]*org.User
	byNo   map[string]*org.User
	teams  map[string]*org.Team
	ids    int64 // made-up ids of a dry run, below zero
}

func newOrgSink(ctx context.Context, n Nouns) (*orgSink, error) {
	s := &orgSink{n: n, byName: map[string][]*org.User{}, byNo: map[string]*org.User{}, teams: map[string]*org.Team{}}
	users, err := n.OrgStore.Users(ctx)
	if err != nil {
		return nil, err
	}
	for i := range users {
		s.remember(&users[i])
	}
	teams, err := n.OrgStore.Teams(ctx)
	for i := range teams {
		s.teams[personKey(teams[i].Name)] = &teams[i]
	}
	return s, err
}

func (k *orgSink) joins() bool { return true }

func (k *orgSink) remember(u *org.User) {
	k.users = append(k.users, u)
	k.byName[personKey(u.Name)] = append(k.byName[personKey(u.Name)], u)
	if u.EmployeeNo != "" {
		k.byNo[personKey(u.EmployeeNo)] = u
	}
}

func (k *orgSink) put(ctx context.Context, a crm.Actor, rows []row, commit bool) ([]bulk.Result, error) {
	if !a.Is(crm.Admin) {
		return nil, crm.Forbid(a, crm.Admin)
	}
	if commit {
		// The transaction may run again: it must begin from what is stored.
		fresh, err := newOrgSink(ctx, k.n)
		if err != nil {
			return nil, err
		}
		*k = *fresh
	}
	out := make([]bulk.Result, len(rows))
	for i, r := range rows {
		if r.bad != (crm.Text{}) {
			out[i] = bulk.Result{Outcome: bulk.Bad, Reason: r.bad}
			continue
		}
		res, err := k.person(ctx, r, commit)
		if err != nil && crm.CodeOf(err) == crm.CodeInternal {
			return nil, err
		}
		if err != nil {
			res = bulk.BadErr(err)
		}
		out[i] = res
	}
	return out, nil
}

func (k *orgSink) undo(context.Context, crm.Actor, bulk.Result) (bool, error) { return false, nil }

// person makes or completes one person with the team, its leader and the team
// above it.
func (k *orgSink) person(ctx context.Context, r row, commit bool) (bulk.Result, error) {
	v := r.values
	roles, err := parseRoles(v["role"])
	if err != nil {
		return bulk.Result{}, err
	}
	for _, f := range []string{"name", "team", "manager", "parent", "region", "no"} {
		if len([]rune(v[f])) > 60 {
			return bulk.Result{}, crm.Invalid("姓名、团队、区域最多 60 个字", "name, team and region have at most 60 characters")
		}
	}
	changed := false
	leads := slices.Contains(roles, crm.Manager) || slices.Contains(roles, crm.Director)
	team, err := k.team(ctx, v, leads, commit, &changed)
	if err != nil {
		return bulk.Result{}, err
	}
	u, isNew, err := k.find(v)
	if err != nil {
		return bulk.Result{}, err
	}
	if isNew {
		lang := crm.Chinese
		if l := personKey(v["lang"]); l == "en" || l == "english" || l == "英文" {
			lang = crm.English
		}
		u = &org.User{Name: v["name"], EmployeeNo: v["no"], Roles: roles, Region: v["region"], Lang: lang, Active: true}
		if team != nil {
			u.Team = team.ID
		}
		if err := k.saveUser(ctx, u, commit); err != nil {
			return bulk.Result{}, err
		}
		k.remember(u)
		if err := k.lead(ctx, team, u, leads, commit, &changed); err != nil {
			return bulk.Result{}, err
		}
		return bulk.Result{Outcome: bulk.New, Key: "user:" + personKey(v["name"]+v["no"]), Ref: crm.Ref{ID: int64(u.ID)}}, nil
	}
	if err := k.lead(ctx, team, u, leads, commit, &changed); err != nil {
		return bulk.Result{}, err
	}
	before := *u
	if u.Team == 0 && team != nil {
		u.Team = team.ID
	}
	if u.Region == "" {
		u.Region = v["region"]
	}
	if u.EmployeeNo == "" {
		u.EmployeeNo = v["no"]
	}
	if v["role"] != "" {
		for _, x := range roles {
			if !slices.Contains(u.Roles, x) {
				u.Roles = append(slices.Clone(u.Roles), x)
			}
		}
	}
	if u.Team == before.Team && u.Region == before.Region && u.EmployeeNo == before.EmployeeNo && len(u.Roles) == len(before.Roles) {
		res := bulk.Result{Outcome: bulk.Same, Ref: crm.Ref{ID: int64(u.ID)}, Reason: crm.Text{Zh: "已存在", En: "exists"}}
		if changed {
			res.Outcome, res.Reason = bulk.Update, crm.Text{Zh: "补充团队", En: "completes the team"}
		}
		return res, nil
	}
	if err := k.saveUser(ctx, u, commit); err != nil {
		return bulk.Result{}, err
	}
	return bulk.Result{Outcome: bulk.Update, Ref: crm.Ref{ID: int64(u.ID)}, Reason: crm.Text{Zh: "补充资料", En: "completes the details"}}, nil
}

// find is the person of the row: by employee number, else by name.
func (k *orgSink) find(v map[string]string) (u *org.User, isNew bool, err error) {
	if no := personKey(v["no"]); no != "" {
		if u := k.byNo[no]; u != nil {
			return u, false, nil
		}
	}
	list := k.byName[personKey(v["name"])]
	var same []*org.User
	for _, x := range list {
		if v["no"] == "" || x.EmployeeNo == "" {
			same = append(same, x)
		}
	}
	switch len(same) {
	case 0:
		return nil, true, nil
	case 1:
		return same[0], false, nil
	}
	return nil, false, crm.Invalid("有多个同名的人，请填写工号", "several people have this name; give the employee number")
}

// lead makes the person the leader of a team that has none.
func (k *orgSink) lead(ctx context.Context, t *org.Team, u *org.User, leads, commit bool, changed *bool) error {
	if !leads || t == nil || t.Leader != 0 {
		return nil
	}
	t.Leader, *changed = u.ID, true
	return k.saveTeam(ctx, t, commit)
}

// team makes or completes the team of the row, the team above, and the leader
// that the row names: of the own team, or of the team above for somebody who
// leads. Nil: the row names no team.
func (k *orgSink) team(ctx context.Context, v map[string]string, leads, commit bool, changed *bool) (*org.Team, error) {
	name := v["team"]
	if name == "" && v["manager"] != "" {
		name = v["manager"] + "的团队"
	}
	if name == "" {
		name = v["parent"]
	}
	if name == "" {
		return nil, nil
	}
	var above *org.Team
	var parent crm.TeamID
	if p := v["parent"]; p != "" && personKey(p) != personKey(name) {
		var err error
		if above, err = k.ensureTeam(ctx, org.Team{Name: p, Region: v["region"]}, commit, changed); err != nil {
			return nil, err
		}
		parent = above.ID
	}
	t, err := k.ensureTeam(ctx, org.Team{Name: name, Parent: parent, Region: v["region"]}, commit, changed)
	if err != nil || v["manager"] == "" {
		return t, err
	}
	led, role := t, crm.Manager
	if leads {
		led, role = above, crm.Director
	}
	if led == nil || led.Leader != 0 || personKey(v["manager"]) == personKey(v["name"]) {
		return t, nil
	}
	return t, k.leader(ctx, led, role, v, commit, changed)
}

// leader gives a team without leader the person that a row names, who is made
// when unknown.
func (k *orgSink) leader(ctx context.Context, t *org.Team, role crm.Role, v map[string]string, commit bool, changed *bool) error {
	list := k.byName[personKey(v["manager"])]
	if len(list) > 1 {
		return crm.Invalid("上级“"+v["manager"]+"”有多个同名的人", "several people are called “"+v["manager"]+"”")
	}
	if len(list) == 0 {
		u := &org.User{Name: v["manager"], Roles: []crm.Role{role}, Team: t.ID, Region: v["region"], Active: true}
		if err := k.saveUser(ctx, u, commit); err != nil {
			return err
		}
		k.remember(u)
		list = []*org.User{u}
	}
	*changed = true
	if u := list[0]; !slices.Contains(u.Roles, crm.Manager) && !slices.Contains(u.Roles, crm.Director) {
		u.Roles = append(slices.Clone(u.Roles), role)
		if err := k.saveUser(ctx, u, commit); err != nil {
			return err
		}
	}
	t.Leader = list[0].ID
	return k.saveTeam(ctx, t, commit)
}

func (k *orgSink) ensureTeam(ctx context.Context, want org.Team, commit bool, changed *bool) (*org.Team, error) {
	key := personKey(want.Name)
	t := k.teams[key]
	if t == nil {
		t = &want
		k.teams[key] = t
		*changed = true
		return t, k.saveTeam(ctx, t, commit)
	}
	if t.Parent == 0 && want.Parent != 0 && want.Parent != t.ID {
		t.Parent, *changed = want.Parent, true
		return t, k.saveTeam(ctx, t, commit)
	}
	return t, nil
}

func (k *orgSink) saveUser(ctx context.Context, u *org.User, commit bool) error {
	if commit {
		return k.n.OrgStore.SaveUser(ctx, u)
	}
	if u.ID == 0 {
		k.ids--
		u.ID = crm.UserID(k.ids)
	}
	return nil
}

func (k *orgSink) saveTeam(ctx context.Context, t *org.Team, commit bool) error {
	if commit {
		return k.n.OrgStore.SaveTeam(ctx, t)
	}
	if t.ID == 0 {
		k.ids--
		t.ID = crm.TeamID(k.ids)
	}
	return nil
}
