package crm

import "slices"

// Role is what a person does in the company; a person can have several.
type Role string

// The roles that commands, views and metrics name.
const (
	Rep       Role = "rep"
	Manager   Role = "manager"
	Director  Role = "director"
	Legal     Role = "legal"
	Finance   Role = "finance"
	Marketing Role = "marketing"
	Service   Role = "service"
	Boss      Role = "boss"
	Admin     Role = "admin"
)

// Roles are all roles, in the order in which lists show them.
var Roles = []Role{Rep, Manager, Director, Legal, Finance, Marketing, Service, Boss, Admin}

// Name is the role's word in the language.
func (r Role) Name(l Lang) string {
	t, ok := roleNames[r]
	if !ok {
		return string(r)
	}
	return t.In(l)
}

var roleNames = map[Role]Text{
	Rep: {"销售", "sales rep"}, Manager: {"销售经理", "sales manager"}, Director: {"销售总监", "sales director"},
	Legal: {"法务", "legal"}, Finance: {"财务", "finance"}, Marketing: {"市场", "marketing"},
	Service: {"客服", "customer service"}, Boss: {"总经理", "general manager"}, Admin: {"管理员", "administrator"},
}

// Actor is the person who acts, as the platform vouched for them and the
// organisation knows them at this moment. Rights are decided from it and from
// nothing that travelled inside a card. The zero value may do nothing.
type Actor struct {
	ID    UserID
	Name  string
	Team  TeamID
	Roles []Role
	Lang  Lang
	// Reach are the teams whose records the actor may see and manage: empty for
	// a rep, the led teams and everything below for a manager or director.
	Reach []TeamID
	// All lifts the team limit: boss, admin and company-wide functions.
	All bool
	// System marks work that no person asked for (jobs); it has all rights and
	// is audited as "system".
	System bool
	// Frozen people (leavers) may read but not act (HO-01).
	Frozen bool
}

// SystemActor acts for jobs and imports at start-up.
func SystemActor() Actor { return Actor{System: true, All: true, Name: "system"} }

// Is reports whether the actor has one of the roles. System has every role.
func (a Actor) Is(roles ...Role) bool {
	if a.System {
		return true
	}
	for _, r := range roles {
		if slices.Contains(a.Roles, r) {
			return true
		}
	}
	return false
}

// Leads reports whether the team lies within the actor's reach.
func (a Actor) Leads(t TeamID) bool {
	return a.System || a.All || (t != 0 && slices.Contains(a.Reach, t))
}

// SeesTeam reports whether the actor may read the team's figures: those of the
// own team and of teams within reach (PM-01). Figures of a team above tell of
// colleagues whom the actor does not lead.
func (a Actor) SeesTeam(t TeamID) bool { return t != 0 && t == a.Team || a.Leads(t) }

// CanSee reports whether the actor may see a record of that owner and team
// (PM-01): own records, records of led teams, or everything. A record without
// an owner belongs to a pool and has rules of its own.
func (a Actor) CanSee(owner UserID, team TeamID) bool {
	return a.System || a.All || (owner != 0 && owner == a.ID) || a.Leads(team)
}
