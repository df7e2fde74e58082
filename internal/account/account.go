// Package account is the customer: a company that the sellers work with, and
// the people who work there.
package account

import (
	"slices"
	"time"

	"crmbot/internal/crm"
)

// The facts that accounts and contacts leave behind.
const (
	FactNew        = "account.new"
	FactNewContact = "contact.new"
	FactClaim      = "account.claim"
	FactRelease    = "account.release"
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

// Order is the level's place among all, the most important first; none counts
// as C. It is stored, for lists in that order.
func (l Level) Order() int {
	if i := slices.Index(Levels, l); i >= 0 {
		return i
	}
	return len(Levels) - 1
}

// State is what became of an account besides being a customer.
type State string

// The states.
const (
	Live    State = ""        // with an owner or in its pool
	Review  State = "review"  // in the pool, data being checked (P-17): not claimable
	Invalid State = "invalid" // given up for good
	Merged  State = "merged"  // part of another account, see Account.Merged
)

// Name is the state's word in the language; empty for live accounts.
func (s State) Name(l crm.Lang) string {
	switch s {
	case Review:
		return l.T("资料核对中", "data under review")
	case Invalid:
		return l.T("无效", "invalid")
	case Merged:
		return l.T("已合并", "merged")
	}
	return ""
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
	// (DU-01).
	Key      string
	Level    Level
	Region   string // city or region
	Industry string
	Owner    crm.UserID // zero: nobody, it waits in its home pool
	Team     crm.TeamID // the owner's team
	USCC     string     // 统一社会信用代码; empty: unknown
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
	// HomePool is where the account waits without an owner, also while it has one
	// (P-01).
	HomePool crm.PoolID
	State    State
	// Quality is the release reason that put the data in doubt (P-17).
	Quality string
	// Merged is the account that this one became part of; zero: none.
	Merged crm.AccountID
	// PooledAt is when it last came into the pool, ClaimableAt when the embargo
	// ends (P-07).
	PooledAt, ClaimableAt time.Time
	// DealtAt is when the first deal was won or contract signed; zero: never.
	// Dealt accounts do not count for the hold limit (P-03).
	DealtAt time.Time
	// OwnedAt is when the owner got it; ActiveAt the last valid activity (P-09).
	OwnedAt, ActiveAt    time.Time
	CreatedAt, UpdatedAt time.Time
	Version              int64
}

// InPool reports whether the account waits in a pool.
func (x Account) InPool() bool { return x.Owner == 0 && (x.State == Live || x.State == Review) }

// Dealt reports whether the account has bought: it does not count for the hold
// limit then (P-03).
func (x Account) Dealt() bool { return !x.DealtAt.IsZero() }

// Hidden stands for what a pool does not show.
const Hidden = "****"

// Masked is the account as it may be shown to somebody who has not claimed it
// (P-08): without the fields that its pool hides.
func (x Account) Masked(hides func(field string) bool) Account {
	if hides("company") {
		x.Name, x.Key, x.USCC, x.Parent, x.No = Hidden, "", "", "", ""
	}
	if hides("industry") {
		x.Industry = ""
	}
	if hides("region") {
		x.Region = ""
	}
	if hides("size") {
		x.Employees, x.Revenue, x.Founded = 0, 0, 0
	}
	return x
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

// Masked is the contact with name, number and address hidden but recognisable
// (P-08).
func (c Contact) Masked() Contact {
	c.Name, c.Mobile, c.Email = crm.MaskName(c.Name), crm.MaskPhone(c.Mobile), crm.MaskEmail(c.Email)
	return c
}
