// Package account is the customer: a company that the sellers work with, and
// the people who work there.
package account

import (
	"time"

	"crmbot/internal/crm"
)

// The facts that accounts and contacts leave behind.
const (
	FactNew        = "account.new"
	FactNewContact = "contact.new"
)

// Level is how important an account is. The zero value is not yet graded and
// is treated as C.
type Level string

// The levels of LV-01, most important first.
const (
	LevelKA Level = "KA"
	LevelA  Level = "A"
	LevelB  Level = "B"
	LevelC  Level = "C"
)

// Levels are all levels, most important first.
var Levels = []Level{LevelKA, LevelA, LevelB, LevelC}

// ParseLevel reads a level as people write it; ok is false for anything else.
func ParseLevel(s string) (l Level, ok bool) {
	switch s {
	case "KA", "ka", "Ka", "重点", "重点客户", "key account":
		return LevelKA, true
	case "A", "a":
		return LevelA, true
	case "B", "b":
		return LevelB, true
	case "C", "c":
		return LevelC, true
	}
	return "", false
}

// Name is the level as people write it; none counts as C.
func (l Level) Name(lang crm.Lang) string {
	switch l {
	case LevelKA:
		return lang.T("重点 KA", "key account")
	case "":
		return string(LevelC)
	}
	return string(l)
}

// Account is one customer company.
type Account struct {
	ID   crm.AccountID
	Name string
	// Key is the normal form of the name, unique: one company is one account
	// (DU-01). Pinyin are the keys under which it is found by pinyin, a space
	// before each.
	Key, Pinyin string
	Level       Level
	Region      string // city or region
	Industry    string
	Owner       crm.UserID // zero: nobody, everybody may work with it
	Team        crm.TeamID // the owner's team
	USCC        string     // 统一社会信用代码; empty: unknown
	// No is the account's number in the system it was imported from; unique when
	// not empty.
	No string
	// Parent is the name of the group that the company belongs to.
	Parent    string
	Employees int64     // zero: unknown
	Revenue   crm.Money // of a year; zero: unknown
	Founded   int       // year; zero: unknown
	// FromLead is the lead that it was; zero: none.
	FromLead crm.LeadID
	// HomePool is where the account goes when its owner gives it up (P-01).
	HomePool crm.PoolID
	// DealtAt is when the first deal was won or contract signed; zero: never.
	// Dealt accounts do not count for the hold limit (P-03).
	DealtAt time.Time
	// OwnedAt is when the owner got it; ActiveAt the last valid activity (P-09).
	OwnedAt, ActiveAt    time.Time
	CreatedAt, UpdatedAt time.Time
	Version              int64
}

// Role is what a contact can do for a decision to buy. The zero value is
// unknown.
type Role string

// The roles in a decision (CO-01).
const (
	RoleDecision  Role = "decision"
	RoleInfluence Role = "influence"
	RoleBuyer     Role = "buyer"
	RoleUser      Role = "user"
)

// Roles are all known roles, most influential first.
var Roles = []Role{RoleDecision, RoleInfluence, RoleBuyer, RoleUser}

// Name is the role's word; empty for unknown.
func (r Role) Name(l crm.Lang) string {
	switch r {
	case RoleDecision:
		return l.T("决策人", "decision maker")
	case RoleInfluence:
		return l.T("影响人", "influencer")
	case RoleBuyer:
		return l.T("采购", "buyer")
	case RoleUser:
		return l.T("使用人", "user")
	}
	return ""
}

// Contact is one person at an account.
type Contact struct {
	ID      crm.ContactID
	Account crm.AccountID
	Name    string
	Mobile  string // E.164, or as written where it is no mobile number
	Email   string
	Title   string // position in the company
	Role    Role
	// Left is set when the person no longer works there (CO-02).
	Left      bool
	CreatedBy crm.UserID
	CreatedAt time.Time
	// ActiveAt is the last valid activity with the person.
	ActiveAt time.Time
	Version  int64
}

// CanSee reports whether the actor may open the account: own ones, those of led
// teams, all for company-wide roles, and those without an owner (PM-01).
func CanSee(a crm.Actor, x Account) bool { return x.Owner == 0 || a.CanSee(x.Owner, x.Team) }

// CanWork reports whether the actor may change the account and log work on it.
func CanWork(a crm.Actor, x Account) bool { return !a.Frozen && CanSee(a, x) }

// CanSeePeople reports whether names and numbers of the contacts may be shown
// in full. For accounts without an owner only leaders and company-wide roles
// see them, as in a pool (P-08).
func CanSeePeople(a crm.Actor, x Account) bool {
	if x.Owner == 0 {
		return a.System || a.All || len(a.Reach) > 0
	}
	return a.CanSee(x.Owner, x.Team)
}

// Masked is the contact with name, number and address hidden but recognisable
// (P-08).
func (c Contact) Masked() Contact {
	c.Name, c.Mobile, c.Email = crm.MaskName(c.Name), crm.MaskPhone(c.Mobile), crm.MaskEmail(c.Email)
	return c
}
