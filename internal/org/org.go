// Package org is the company: people, their roles, the tree of teams, and who
// is who on which platform.
package org

import (
	"context"
	"time"

	"crmbot/internal/crm"
)

// User is one person of the company.
type User struct {
	ID         crm.UserID
	Name       string
	EmployeeNo string // unique when not empty
	Roles      []crm.Role
	Team       crm.TeamID
	Region     string // the city or region of work
	Lang       crm.Lang
	// Active is false for people who left; they stay readable.
	Active bool
	// Frozen people may read what is theirs, but not act (HO-01).
	Frozen bool
	// LeaveFrom and LeaveTo are approved leave, both days included; empty: none.
	LeaveFrom, LeaveTo crm.Day
	// Deputy acts for the person during leave; zero: nobody.
	Deputy    crm.UserID
	CreatedAt time.Time
}

// KindPerson is the kind of a person's ref in the audit trail and on cards about
// people. It is no code that people type.
const KindPerson crm.Kind = "M"

// PersonRef names a person.
func PersonRef(id crm.UserID) crm.Ref { return crm.Ref{Kind: KindPerson, ID: int64(id)} }

// Has reports whether the person has the role.
func (u User) Has(r crm.Role) bool {
	for _, x := range u.Roles {
		if x == r {
			return true
		}
	}
	return false
}

// OnLeave reports whether the person is on approved leave that day.
func (u User) OnLeave(d crm.Day) bool {
	return u.LeaveFrom != "" && d >= u.LeaveFrom && (u.LeaveTo == "" || d <= u.LeaveTo)
}

// Team is one unit of the company.
type Team struct {
	ID     crm.TeamID
	Name   string
	Parent crm.TeamID // zero: top
	Region string
	Leader crm.UserID // zero: vacant
}

// Identity is a person's id on a platform.
type Identity struct {
	Platform, Tenant, External string
	User                       crm.UserID
}

// Store keeps people, teams and identities.
type Store interface {
	Users(ctx context.Context) ([]User, error)
	Teams(ctx context.Context) ([]Team, error)
	Identities(ctx context.Context) ([]Identity, error)
	// SaveUser creates or changes a person. What a person owns goes along into
	// another team, where its leader sees it (PM-01); what they did before stays
	// credited to the old one (F-06). A leave or a freeze that changes lets the next
	// night work out anew when their records go back (P-12).
	SaveUser(ctx context.Context, u *User) error
	SaveTeam(ctx context.Context, t *Team) error
	// AddIdentity binds an external id; binding it again to the same user is no
	// error, to another one is a conflict.
	AddIdentity(ctx context.Context, i Identity) error
	// RemoveIdentity takes an external id from the person; none is no error.
	RemoveIdentity(ctx context.Context, i Identity) error
}
