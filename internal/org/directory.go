package org

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crmbot/internal/crm"
)

// Directory answers who is who from a copy in memory that is read again every
// few seconds and after every change made here. Safe for concurrent use.
type Directory struct {
	store   Store
	tx      crm.Transactor
	effects crm.Effects // nil: nothing is audited or told
	clock   crm.Clock

	mu      sync.RWMutex
	snap    *snapshot
	loaded  time.Time
	maxAge  time.Duration
	started int64 // how many loads began; a load never replaces one that began later
	loading atomic.Bool
}

// retryLoad is how long an old copy serves after a failed load, and loadWithin
// how long somebody who has an old copy waits for a newer one.
const (
	retryLoad  = time.Second
	loadWithin = 2 * time.Second
)

type snapshot struct {
	users      map[crm.UserID]User
	byName     map[string][]crm.UserID
	byNo       map[string]crm.UserID
	teams      map[crm.TeamID]Team
	children   map[crm.TeamID][]crm.TeamID
	identities map[string]crm.UserID
	externals  map[crm.UserID][]Identity
	ordered    []crm.UserID
	started    int64
}

// NewDirectory makes a directory on the store.
func NewDirectory(store Store, tx crm.Transactor) *Directory {
	return &Directory{store: store, tx: tx, maxAge: 3 * time.Second}
}

// Tell makes the directory audit what platforms change in it and tell whom it
// concerns. Call it before the directory is used.
func (d *Directory) Tell(e crm.Effects, c crm.Clock) { d.effects, d.clock = e, c }

func identityKey(platform, tenant, external string) string {
	return platform + "\x00" + tenant + "\x00" + external
}

// Reload reads everything now.
func (d *Directory) Reload(ctx context.Context) error {
	_, err := d.load(context.WithoutCancel(ctx))
	return err
}

func (d *Directory) load(ctx context.Context) (*snapshot, error) {
	d.mu.Lock()
	d.started++
	started := d.started
	d.mu.Unlock()
	s, err := d.read(ctx)
	if err != nil {
		return nil, err
	}
	s.started = started
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.snap == nil || d.snap.started < started {
		d.snap, d.loaded = s, time.Now()
	}
	return s, nil
}

// read makes a snapshot that nobody else has.
func (d *Directory) read(ctx context.Context) (*snapshot, error) {
	users, err := d.store.Users(ctx)
	if err != nil {
		return nil, fmt.Errorf("load people: %w", err)
	}
	teams, err := d.store.Teams(ctx)
	if err != nil {
		return nil, fmt.Errorf("load teams: %w", err)
	}
	ids, err := d.store.Identities(ctx)
	if err != nil {
		return nil, fmt.Errorf("load identities: %w", err)
	}
	s := &snapshot{users: map[crm.UserID]User{}, byName: map[string][]crm.UserID{}, byNo: map[string]crm.UserID{}, teams: map[crm.TeamID]Team{},
		children: map[crm.TeamID][]crm.TeamID{}, identities: map[string]crm.UserID{}, externals: map[crm.UserID][]Identity{}}
	for _, u := range users {
		u.Roles = slices.Clip(u.Roles) // whoever appends gets a copy
		s.users[u.ID] = u
		s.ordered = append(s.ordered, u.ID)
		s.byName[strings.ToLower(u.Name)] = append(s.byName[strings.ToLower(u.Name)], u.ID)
		if u.EmployeeNo != "" {
			s.byNo[strings.ToLower(u.EmployeeNo)] = u.ID
		}
	}
	for _, t := range teams {
		s.teams[t.ID] = t
		s.children[t.Parent] = append(s.children[t.Parent], t.ID)
	}
	for _, i := range ids {
		s.identities[identityKey(i.Platform, i.Tenant, i.External)] = i.User
		s.externals[i.User] = append(s.externals[i.User], i)
	}
	return s, nil
}

func (d *Directory) get(ctx context.Context) (*snapshot, error) {
	d.mu.RLock()
	s, fresh := d.snap, time.Since(d.loaded) < d.maxAge
	d.mu.RUnlock()
	if s != nil && fresh {
		return s, nil
	}
	if s == nil {
		return d.load(context.WithoutCancel(ctx))
	}
	// One reads, for all; the others go on with the old copy.
	if !d.loading.CompareAndSwap(false, true) {
		return s, nil
	}
	defer d.loading.Store(false)
	// In the transaction of the context if there is one: an import finds the
	// people whom it created.
	bg, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadWithin)
	defer cancel()
	n, err := d.load(bg)
	if err != nil {
		d.mu.Lock()
		d.loaded = time.Now().Add(retryLoad - d.maxAge)
		d.mu.Unlock()
		return s, nil // the old copy serves until the database is back
	}
	return n, nil
}

// User finds a person by id; people who left are found too.
func (d *Directory) User(ctx context.Context, id crm.UserID) (User, error) {
	s, err := d.get(ctx)
	if err != nil {
		return User{}, err
	}
	u, ok := s.users[id]
	if !ok {
		return User{}, crm.NotFound("没有这个人", "there is no such person")
	}
	return u, nil
}

// Name is a person's name, or "" for nobody.
func (d *Directory) Name(ctx context.Context, id crm.UserID) string {
	if id == 0 {
		return ""
	}
	u, err := d.User(ctx, id)
	if err != nil {
		return ""
	}
	return u.Name
}

// Find finds active people by name or employee number: exact first, else part
// of the name.
func (d *Directory) Find(ctx context.Context, text string) ([]User, error) {
	s, err := d.get(ctx)
	if err != nil {
		return nil, err
	}
	q := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(text), "@"))
	if q == "" {
		return nil, nil
	}
	if id, ok := s.byNo[q]; ok && s.users[id].Active {
		return []User{s.users[id]}, nil
	}
	var out []User
	for _, id := range s.byName[q] {
		if s.users[id].Active {
			out = append(out, s.users[id])
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	for _, id := range s.ordered {
		if u := s.users[id]; u.Active && strings.Contains(strings.ToLower(u.Name), q) {
			out = append(out, u)
		}
	}
	return out, nil
}

// One finds exactly one active person, with an error that says what to do.
func (d *Directory) One(ctx context.Context, text string) (User, error) {
	us, err := d.Find(ctx, text)
	switch {
	case err != nil:
		return User{}, err
	case len(us) == 0:
		return User{}, crm.NotFound("没有找到“"+text+"”", "nobody is called “"+text+"”").WithNext("请用姓名全称、工号或 @", "use the full name, the employee number or @")
	case len(us) > 1:
		names := make([]string, len(us))
		for i, u := range us {
			names[i] = u.Name
			if u.EmployeeNo != "" {
				names[i] += "(" + u.EmployeeNo + ")"
			}
		}
		return User{}, crm.Invalid("“"+text+"”有 "+fmt.Sprint(len(us))+" 个人："+strings.Join(names, "、"), "“"+text+"” fits several people: "+strings.Join(names, ", ")).
			WithNext("请用工号", "use the employee number")
	}
	return us[0], nil
}

// Users are all active people who pass the filter (nil: all), in order of id.
func (d *Directory) Users(ctx context.Context, keep func(User) bool) ([]User, error) {
	s, err := d.get(ctx)
	if err != nil {
		return nil, err
	}
	var out []User
	for _, id := range s.ordered {
		if u := s.users[id]; u.Active && (keep == nil || keep(u)) {
			out = append(out, u)
		}
	}
	return out, nil
}

// Everyone is all people including leavers, in order of id.
func (d *Directory) Everyone(ctx context.Context) ([]User, error) {
	s, err := d.get(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]User, 0, len(s.ordered))
	for _, id := range s.ordered {
		out = append(out, s.users[id])
	}
	return out, nil
}

// WithRole are the active people who have the role.
func (d *Directory) WithRole(ctx context.Context, r crm.Role) ([]User, error) {
	return d.Users(ctx, func(u User) bool { return u.Has(r) })
}

// Team finds a team by id.
func (d *Directory) Team(ctx context.Context, id crm.TeamID) (Team, error) {
	s, err := d.get(ctx)
	if err != nil {
		return Team{}, err
	}
	t, ok := s.teams[id]
	if !ok {
		return Team{}, crm.NotFound("没有这个团队", "there is no such team")
	}
	return t, nil
}

// Teams are all teams in order of id.
func (d *Directory) Teams(ctx context.Context) ([]Team, error) {
	s, err := d.get(ctx)
	if err != nil {
		return nil, err
	}
	var out []Team
	for _, t := range s.teams {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Team) int { return int(a.ID - b.ID) })
	return out, nil
}

// TeamByName finds a team by its exact name.
func (d *Directory) TeamByName(ctx context.Context, name string) (Team, error) {
	ts, err := d.Teams(ctx)
	if err != nil {
		return Team{}, err
	}
	for _, t := range ts {
		if strings.EqualFold(t.Name, strings.TrimSpace(name)) {
			return t, nil
		}
	}
	return Team{}, crm.NotFound("没有叫“"+name+"”的团队", "there is no team called “"+name+"”")
}

// TeamNamed finds a team as people say it: by its name, or by a part that no
// other team's name has, such as 华东 for 华东销售部. The refusal lists what
// could have been meant.
func (d *Directory) TeamNamed(ctx context.Context, said string) (Team, error) {
	said = strings.TrimSpace(said)
	t, err := d.TeamByName(ctx, said)
	if crm.CodeOf(err) != crm.CodeNotFound {
		return t, err
	}
	all, err := d.Teams(ctx)
	if err != nil {
		return Team{}, err
	}
	like := slices.DeleteFunc(slices.Clone(all), func(t Team) bool {
		return said == "" || !strings.Contains(strings.ToLower(t.Name), strings.ToLower(said))
	})
	switch len(like) {
	case 0:
		return Team{}, crm.NotFound("没有叫“"+said+"”的团队", "there is no team called “"+said+"”").
			WithNext("团队有："+teamNames(all, "、", " 等"), "the teams are: "+teamNames(all, ", ", " and more"))
	case 1:
		return like[0], nil
	}
	return Team{}, crm.Invalid("有几个团队的名称里有“"+said+"”", "several teams have “"+said+"” in their name").
		WithNext("请写其中一个："+teamNames(like, "、", " 等"), "name one of: "+teamNames(like, ", ", " and more"))
}

// teamsTold is how many teams a refusal names: more do not fit a phone.
const teamsTold = 12

func teamNames(ts []Team, comma, more string) string {
	var names []string
	for _, t := range ts[:min(len(ts), teamsTold)] {
		names = append(names, t.Name)
	}
	if len(ts) <= teamsTold {
		more = ""
	}
	return strings.Join(names, comma) + more
}

// administered reports whether an administrator is bound anywhere: one who can
// decide.
func (s *snapshot) administered() bool {
	for id, u := range s.users {
		if u.Active && !u.Frozen && u.Has(crm.Admin) && len(s.externals[id]) > 0 {
			return true
		}
	}
	return false
}

// onlySells reports whether the person may do no more than a sales rep.
func (s *snapshot) onlySells(u User) bool {
	for _, r := range u.Roles {
		if r != crm.Rep {
			return false
		}
	}
	for _, t := range s.teams {
		if t.Leader == u.ID {
			return false
		}
	}
	return true
}

// Below is the team and all teams below it.
func (d *Directory) Below(ctx context.Context, id crm.TeamID) ([]crm.TeamID, error) {
	s, err := d.get(ctx)
	if err != nil {
		return nil, err
	}
	return s.below(id), nil
}

func (s *snapshot) below(id crm.TeamID) []crm.TeamID {
	out := []crm.TeamID{id}
	seen := map[crm.TeamID]bool{id: true} // ends a circle in bad data
	for i := 0; i < len(out); i++ {
		for _, c := range s.children[out[i]] {
			if !seen[c] {
				seen[c] = true
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Members are the active people of the team itself, in order of id.
func (d *Directory) Members(ctx context.Context, team crm.TeamID) ([]User, error) {
	return d.Users(ctx, func(u User) bool { return u.Team == team })
}

// Superior is the leader above a person: the leader of the own team, or of the
// nearest team above it when the person leads that team or it is vacant. It
// returns a zero id when nobody is above.
func (d *Directory) Superior(ctx context.Context, id crm.UserID) (crm.UserID, error) {
	s, err := d.get(ctx)
	if err != nil {
		return 0, err
	}
	team := s.users[id].Team
	for range len(s.teams) + 1 {
		t, ok := s.teams[team]
		if !ok {
			return 0, nil
		}
		if t.Leader != 0 && t.Leader != id && s.users[t.Leader].Active {
			return t.Leader, nil
		}
		team = t.Parent
	}
	return 0, nil
}

// Actor is the person as somebody who acts, with reach computed from the teams
// they lead.
func (d *Directory) Actor(ctx context.Context, id crm.UserID) (crm.Actor, error) {
	s, err := d.get(ctx)
	if err != nil {
		return crm.Actor{}, err
	}
	u, ok := s.users[id]
	if !ok || !u.Active {
		return crm.Actor{}, crm.Forbidden("您的账号已停用", "your account is not active").WithNext("请联系管理员", "please contact an administrator")
	}
	a := crm.Actor{ID: u.ID, Name: u.Name, Team: u.Team, Roles: u.Roles, Lang: u.Lang, Frozen: u.Frozen}
	if u.Frozen {
		// A leaver reads as a rep does: what is theirs, nothing of a team (HO-01).
		a.Roles = slices.DeleteFunc(slices.Clone(u.Roles), func(r crm.Role) bool { return r != crm.Rep })
		return a, nil
	}
	a.All = a.Is(crm.Boss, crm.Admin)
	for _, t := range s.teams {
		if t.Leader == id {
			a.Reach = append(a.Reach, s.below(t.ID)...)
		}
	}
	slices.Sort(a.Reach)
	a.Reach = slices.Compact(a.Reach)
	return a, nil
}

// ByIdentity is the actor behind a platform's person id. Unknown people get a
// NotFound error.
func (d *Directory) ByIdentity(ctx context.Context, platform, tenant, external string) (crm.Actor, error) {
	s, err := d.get(ctx)
	if err != nil {
		return crm.Actor{}, err
	}
	id, ok := s.identities[identityKey(platform, tenant, external)]
	if !ok {
		return crm.Actor{}, crm.NotFound("您还没有绑定到公司通讯录", "you are not yet bound to the company directory").WithNext("请联系管理员绑定", "please ask an administrator to bind you")
	}
	return d.Actor(ctx, id)
}

// Identities are a person's ids on the platforms.
func (d *Directory) Identities(ctx context.Context, id crm.UserID) ([]Identity, error) {
	s, err := d.get(ctx)
	if err != nil {
		return nil, err
	}
	return s.externals[id], nil
}

// SaveUser creates (zero id) or changes a person.
func (d *Directory) SaveUser(ctx context.Context, u *User) error {
	return d.change(ctx, func(ctx context.Context) error { return d.store.SaveUser(ctx, u) })
}

// SaveTeam creates (zero id) or changes a team. A team cannot be put below
// itself.
func (d *Directory) SaveTeam(ctx context.Context, t *Team) error {
	if t.ID != 0 && t.Parent != 0 {
		s, err := d.get(ctx)
		if err != nil {
			return err
		}
		if slices.Contains(s.below(t.ID), t.Parent) {
			return crm.Invalid("团队“"+t.Name+"”不能放在自己或下级团队之下", "team “"+t.Name+"” cannot be put below itself or a team below it")
		}
	}
	return d.change(ctx, func(ctx context.Context) error { return d.store.SaveTeam(ctx, t) })
}

// Bind gives a person an id on a platform.
func (d *Directory) Bind(ctx context.Context, i Identity) error {
	return d.change(ctx, func(ctx context.Context) error { return d.store.AddIdentity(ctx, i) })
}

func (d *Directory) change(ctx context.Context, fn func(context.Context) error) error {
	if err := d.tx.InTx(ctx, fn); err != nil {
		return err
	}
	return d.Reload(ctx)
}
