package org

import (
	"context"
	"slices"
	"strings"

	"crmbot/internal/crm"
)

// Roster is a company as the directory of a chat platform shows it, within what
// the app may see.
type Roster struct {
	Platform, Tenant string
	Units            []Unit
	People           []Member
	// Sales are the departments whose people become users by themselves; empty:
	// everybody does.
	Sales []string
	// Admins are employee numbers and ids of who administers while no administrator
	// is bound; empty: the first who administers the tenant.
	Admins []string
}

// Unit is a department. Parent is empty at the top.
type Unit struct {
	ID, Name, Parent string
	// Leader is the External of a member; empty: nobody.
	Leader string
}

// Member is a person of a roster.
type Member struct {
	// External is the person's id on the platform; Aliases are other ids of theirs
	// under which they may have been bound.
	External   string
	Aliases    []string
	Name       string
	EmployeeNo string
	Units      []string
	// Admin administers the whole tenant on the platform.
	Admin bool
	// Left people do not work here any more.
	Left bool
}

// SyncResult counts what a synchronisation changed.
type SyncResult struct {
	Teams, Created, Bound, Unbound, Frozen, Appointed int
	// Unclear people may be somebody who is not bound yet; they are left for an
	// administrator to decide (see Binder).
	Unclear int
}

// Changed reports whether anything was changed.
func (r SyncResult) Changed() bool {
	r.Unclear = 0
	return r != SyncResult{}
}

// Sync brings people and teams from a platform's directory. It adds what is
// missing and never overwrites what the company decided here: names, roles,
// teams and leaders that are set stay. People are matched by the platform's
// ids, then by employee number together with the name, unless the person may
// do more than a sales rep: numbers and names are typed by whoever keeps the
// platform's directory. Where only one of the two is the same, or the person may
// do more, an administrator decides (see Binder). Else they are new: a sales
// rep, a manager if they lead a unit. Who administers the tenant administers
// here only while no administrator is bound, so that there is one to decide.
// Leavers lose their id on the platform and are frozen, so that their hand-over
// can begin (HO-01); somebody who is merely absent from the roster is left alone,
// because the app may just see less.
func (d *Directory) Sync(ctx context.Context, r Roster) (SyncResult, error) {
	var out SyncResult
	err := d.change(ctx, func(ctx context.Context) error {
		s, err := d.read(ctx)
		if err != nil {
			return err
		}
		y := &syncing{d: d, r: r, s: s, people: map[string]crm.UserID{}, teams: map[string]crm.TeamID{}, taken: map[crm.TeamID]bool{}, byName: map[string]Team{},
			named: map[string]int{}, known: map[string]string{}, administered: s.administered()}
		out = SyncResult{}
		for _, step := range []func(context.Context) error{y.units, y.members, y.leaders} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		out = y.out
		return nil
	})
	return out, err
}

// Leave freezes a person who left, by their id on a platform (HO-01). Somebody
// unknown is no error.
func (d *Directory) Leave(ctx context.Context, platform, tenant, external string) (bool, error) {
	res, err := d.Sync(ctx, Roster{Platform: platform, Tenant: tenant, People: []Member{{External: external, Left: true}}})
	return res.Frozen > 0, err
}

type syncing struct {
	d      *Directory
	r      Roster
	s      *snapshot
	out    SyncResult
	people map[string]crm.UserID // by External
	teams  map[string]crm.TeamID // by unit id
	taken  map[crm.TeamID]bool   // teams that are some unit's
	byName map[string]Team
	named  map[string]int    // how many units have a name
	known  map[string]string // names by unit id
	// administered: an administrator was bound when the synchronisation began.
	administered bool
	appointed    map[string]bool // by External: who becomes an administrator
}

// units makes teams of departments, parents first.
func (y *syncing) units(ctx context.Context) error {
	left := slices.Clone(y.r.Units)
	for _, u := range left {
		y.named[teamKey(u.Name)]++
		y.known[u.ID] = u.Name
	}
	for _, t := range y.s.teams {
		y.byName[teamKey(t.Name)] = t
	}
	for len(left) > 0 {
		var later []Unit
		for _, u := range left {
			if u.Parent != "" && y.known[u.Parent] != "" && y.teams[u.Parent] == 0 {
				later = append(later, u)
				continue
			}
			if err := y.unit(ctx, u); err != nil {
				return err
			}
		}
		if len(later) == len(left) {
			// A circle in the platform's data: break it at the first.
			later[0].Parent = ""
		}
		left = later
	}
	return nil
}

func teamKey(name string) string { return strings.ToLower(crm.Normalize(strings.TrimSpace(name))) }

// unit finds or makes the team of a department: the team of its name under the
// same parent, else of its name if only one department has it, else a new one.
// Where two have one name, the second carries its parent's.
func (y *syncing) unit(ctx context.Context, u Unit) error {
	name := crm.Normalize(strings.TrimSpace(u.Name))
	parent := y.teams[u.Parent]
	long := y.known[u.Parent] + "·" + name
	for _, n := range []string{name, long} {
		if t, ok := y.byName[teamKey(n)]; ok && !y.taken[t.ID] && (t.Parent == parent || n == name && y.named[teamKey(name)] == 1) {
			y.teams[u.ID], y.taken[t.ID] = t.ID, true
			return nil
		}
	}
	t := Team{Name: name, Parent: parent}
	for _, n := range []string{long, name + " " + u.ID} {
		if _, used := y.byName[teamKey(t.Name)]; used || t.Name == "" {
			t.Name = n
		}
	}
	if err := y.d.store.SaveTeam(ctx, &t); err != nil {
		return err
	}
	y.s.teams[t.ID], y.byName[teamKey(t.Name)], y.teams[u.ID], y.taken[t.ID] = t, t, t.ID, true
	y.out.Teams++
	return nil
}

func (y *syncing) members(ctx context.Context) error {
	leads := map[string]bool{}
	for _, u := range y.r.Units {
		leads[u.Leader] = u.Leader != ""
	}
	y.appointed = y.appointment()
	for _, m := range y.r.People {
		id, unclear := y.find(m)
		if m.Left {
			if err := y.leave(ctx, m, id); err != nil {
				return err
			}
			continue
		}
		if unclear || id == 0 && (y.maybe(m) || !y.sells(m)) {
			y.out.Unclear++
			continue
		}
		if id == 0 {
			u := User{Name: crm.Normalize(strings.TrimSpace(m.Name)), EmployeeNo: m.EmployeeNo, Active: true, Roles: []crm.Role{crm.Rep}, Team: y.teamOf(m)}
			if leads[m.External] {
				u.Roles = []crm.Role{crm.Manager}
			}
			if y.s.byNo[strings.ToLower(u.EmployeeNo)] != 0 {
				u.EmployeeNo = "" // somebody else's here
			}
			if u.Name == "" {
				continue // the app may not read names: nobody could recognise them
			}
			if err := y.d.store.SaveUser(ctx, &u); err != nil {
				return err
			}
			y.s.users[u.ID] = u
			if id = u.ID; u.EmployeeNo != "" {
				y.s.byNo[strings.ToLower(u.EmployeeNo)] = id
			}
			y.out.Created++
			if err := y.audit(ctx, "org.create", id, map[string]any{"roles": u.Roles, "team": int64(u.Team)}); err != nil {
				return err
			}
		} else if u := y.s.users[id]; u.Team == 0 && y.teamOf(m) != 0 {
			u.Team = y.teamOf(m)
			if err := y.d.store.SaveUser(ctx, &u); err != nil {
				return err
			}
			y.s.users[id] = u
		}
		y.people[m.External] = id
		if err := y.bind(ctx, m.External, id); err != nil {
			return err
		}
		if err := y.appoint(ctx, m, id); err != nil {
			return err
		}
	}
	return nil
}

// bind gives a person the id of a member. Whoever has another account is told
// there: somebody else may have got hold of theirs.
func (y *syncing) bind(ctx context.Context, external string, id crm.UserID) error {
	key := identityKey(y.r.Platform, y.r.Tenant, external)
	if y.s.identities[key] != 0 {
		return nil
	}
	i := Identity{Platform: y.r.Platform, Tenant: y.r.Tenant, External: external, User: id}
	if err := y.d.store.AddIdentity(ctx, i); err != nil {
		return err
	}
	if y.d.effects != nil {
		if err := y.d.effects.Notify(ctx, elsewhere(y.s.externals[id], i)...); err != nil {
			return err
		}
	}
	y.s.identities[key] = id
	y.s.externals[id] = append(y.s.externals[id], i)
	y.out.Bound++
	return y.audit(ctx, "org.bind", id, nil)
}

// audit notes a change that the platform's directory made.
func (y *syncing) audit(ctx context.Context, action string, id crm.UserID, detail map[string]any) error {
	if y.d.effects == nil {
		return nil
	}
	if detail == nil {
		detail = map[string]any{}
	}
	detail["platform"] = y.r.Platform
	return y.d.effects.Audit(ctx, crm.Audit{At: y.d.clock.Now(), Action: action, Ref: PersonRef(id), Detail: detail})
}

// find is the person of a member, zero if they are new; unclear: only an
// administrator can tell. An employee number that somebody bound on this platform
// already has is not enough to be that person. A leaver is known by the
// platform's ids only.
func (y *syncing) find(m Member) (id crm.UserID, unclear bool) {
	for _, x := range append([]string{m.External}, m.Aliases...) {
		if id := y.s.identities[identityKey(y.r.Platform, y.r.Tenant, x)]; id != 0 && x != "" {
			return id, false
		}
	}
	if m.EmployeeNo == "" || m.Left {
		return 0, false
	}
	id = y.s.byNo[strings.ToLower(m.EmployeeNo)]
	if id == 0 || bound(y.s.externals[id], y.r.Platform, y.r.Tenant) {
		return 0, false
	}
	u := y.s.users[id]
	// A leaver who is still in a directory that was read before they left stays
	// without their account there.
	if u.Active && !u.Frozen && sameName(u.Name, crm.Normalize(m.Name)) && (y.s.onlySells(u) || y.appointed[m.External]) {
		return id, false
	}
	return 0, true
}

// maybe reports whether somebody of that name is not bound yet.
func (y *syncing) maybe(m Member) bool {
	for _, u := range y.s.users {
		if u.Active && sameName(u.Name, crm.Normalize(m.Name)) && !bound(y.s.externals[u.ID], y.r.Platform, y.r.Tenant) {
			return true
		}
	}
	return false
}

// sells reports whether a new person becomes a user by themselves: one of their
// departments, or one above, is among those that sell. The first administrator
// does too.
func (y *syncing) sells(m Member) bool {
	if len(y.r.Sales) == 0 || y.appointed[m.External] {
		return true
	}
	for _, u := range m.Units {
		if y.selling(u, y.teams[u]) {
			return true
		}
	}
	return false
}

func (y *syncing) selling(unit string, team crm.TeamID) bool {
	names := []string{y.known[unit]}
	for range len(y.s.teams) + 1 { // ends a circle
		t, ok := y.s.teams[team]
		if !ok {
			break
		}
		names, team = append(names, t.Name), t.Parent
	}
	return slices.ContainsFunc(y.r.Sales, func(s string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return n != "" && teamKey(n) == teamKey(s) })
	})
}

func (y *syncing) teamOf(m Member) crm.TeamID {
	for _, u := range m.Units {
		if t := y.teams[u]; t != 0 {
			return t
		}
	}
	return 0
}

// leaders fills vacant posts.
func (y *syncing) leaders(ctx context.Context) error {
	for _, u := range y.r.Units {
		t, id := y.s.teams[y.teams[u.ID]], y.people[u.Leader]
		if t.ID == 0 || t.Leader != 0 || id == 0 {
			continue
		}
		t.Leader = id
		if err := y.d.store.SaveTeam(ctx, &t); err != nil {
			return err
		}
		y.s.teams[t.ID] = t
		y.out.Teams++
		if err := y.audit(ctx, "org.lead", id, map[string]any{"team": int64(t.ID)}); err != nil {
			return err
		}
	}
	return nil
}
