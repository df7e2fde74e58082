package account

import (
	"context"
	"time"

	"crmbot/internal/crm"
)

// Scope limits a query to what an actor may see (PM-01).
type Scope struct {
	All   bool
	User  crm.UserID
	Teams []crm.TeamID
}

// ScopeOf is what the actor may see.
func ScopeOf(a crm.Actor) Scope {
	return Scope{All: a.All || a.System, User: a.ID, Teams: a.Reach}
}

// Query selects accounts. Empty parts do not limit.
type Query struct {
	Scope Scope
	// Name finds by part of the name, Key by part of its normal form, Pinyin by
	// the beginning of one of its pinyin keys: whichever fits.
	Name, Key, Pinyin string
	Owner             crm.UserID
	Offset, Limit     int
}

// Store keeps accounts and contacts. Methods that find one record answer
// crm.CodeNotFound when there is none.
type Store interface {
	Account(ctx context.Context, id crm.AccountID) (Account, error)
	// Accounts are the accounts of the ids; missing ones are absent.
	Accounts(ctx context.Context, ids []crm.AccountID) (map[crm.AccountID]Account, error)
	// AccountsByKey are the accounts that have one of the name keys, by key.
	AccountsByKey(ctx context.Context, keys []string) (map[string]Account, error)
	// AccountsByNo are the accounts that have one of the numbers, by number.
	AccountsByNo(ctx context.Context, nos []string) (map[string]Account, error)
	// FindAccounts lists accounts, best match and most recently active first, and
	// says how many there are in all.
	FindAccounts(ctx context.Context, q Query) ([]Account, int64, error)
	// AddAccounts stores new accounts and sets their ids. A name key, number or
	// credit code that is taken is crm.CodeConflict.
	AddAccounts(ctx context.Context, as []*Account) error
	// UpdateAccount stores the account if its version is still the given one and
	// counts the version up; otherwise crm.CodeStale.
	UpdateAccount(ctx context.Context, a *Account) error
	// RemoveAccount deletes an account of that version with its contacts, and
	// reports whether it did; one with deals stays.
	RemoveAccount(ctx context.Context, id crm.AccountID, version int64) (bool, error)
	// TouchAccount moves the time of the last activity forward.
	TouchAccount(ctx context.Context, id crm.AccountID, at time.Time) error
	// DealtAccounts sets the time of the first success where there is none.
	DealtAccounts(ctx context.Context, at map[crm.AccountID]time.Time) error

	Contact(ctx context.Context, id crm.ContactID) (Contact, error)
	// Contacts are an account's contacts, present ones first.
	Contacts(ctx context.Context, id crm.AccountID) ([]Contact, error)
	AddContacts(ctx context.Context, cs []*Contact) error
	// UpdateContact is like UpdateAccount.
	UpdateContact(ctx context.Context, c *Contact) error
	// TouchContact moves the time of the last activity forward.
	TouchContact(ctx context.Context, id crm.ContactID, at time.Time) error
}
