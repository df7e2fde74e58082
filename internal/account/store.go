package account

import (
	"context"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// Scope limits a query to what an actor may see (PM-01).
type Scope struct {
	All   bool
	User  crm.UserID
	Teams []crm.TeamID
	// Pools are the pools of accounts that the actor may see.
	Pools []crm.PoolID
}

// Query selects accounts. Empty parts do not limit.
type Query struct {
	Scope Scope
	// Name finds by part of the name, from the beginning of a word on, or by its
	// pinyin, Key by the beginning of its normal form: whichever fits.
	Name, Key     string
	Owner         crm.UserID
	Offset, Limit int
}

// Filter narrows the list of a pool. Empty fields do not filter.
type Filter struct {
	Region string
	Level  Level
	// Pool is one of the pools that the actor may see; zero: all of them.
	Pool crm.PoolID
}

// PoolQuery asks the store for accounts of pools, the most important level
// first.
type PoolQuery struct {
	Pools []crm.PoolID
	Filter
	// After continues behind the account with that level and id; zero: from the
	// start.
	AfterLevel Level
	After      crm.AccountID
	Limit      int
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
	// Involved reports whether the person owns a deal or a contract of the account.
	Involved(ctx context.Context, user crm.UserID, id crm.AccountID) (bool, error)
	// FindAccounts lists accounts, best match and most recently active first, and
	// says how many there are in all: with a name, how many were found.
	FindAccounts(ctx context.Context, q Query) ([]Account, int64, error)
	// AddAccounts stores new accounts and sets their ids. A name key, number or
	// credit code that is taken is crm.CodeConflict.
	AddAccounts(ctx context.Context, as []*Account) error
	// UpdateAccount stores the account if its version is still the given one and
	// counts the version up; otherwise crm.CodeStale.
	UpdateAccount(ctx context.Context, a *Account) error
	// LockAccount is Account in a transaction, and nobody else changes the account
	// until it ends.
	LockAccount(ctx context.Context, id crm.AccountID) (Account, error)
	// MoveAccount gives the account its new owner or pool if it still has the
	// owner and version that x was read with, and reports whether it did.
	MoveAccount(ctx context.Context, x Account, s pool.Stamp, next State, quality string) (bool, error)
	// MoveOpenDeals gives the account's open deals of one person to another, with
	// their stage as it is, and returns which.
	MoveOpenDeals(ctx context.Context, id crm.AccountID, from, to crm.UserID, team crm.TeamID, at time.Time) ([]crm.DealID, error)
	// PoolAccounts are accounts that wait in pools, in the order in which they are
	// offered.
	PoolAccounts(ctx context.Context, q PoolQuery) ([]Account, error)
	// Idlest are a person's accounts that count for the hold limit, with dealt those
	// that have bought too, the longest without a valid activity first, at most n.
	Idlest(ctx context.Context, owner crm.UserID, n int, dealt bool) ([]Account, error)
	Merges
	pool.Collaborations
	// RemoveAccount deletes an account of that version with its contacts, and
	// reports whether it did; one with deals stays.
	RemoveAccount(ctx context.Context, id crm.AccountID, version int64) (bool, error)
	// TouchAccount moves the time of the last activity forward.
	TouchAccount(ctx context.Context, id crm.AccountID, at time.Time) error
	// DealtAccounts sets the time of the first success where there is none.
	DealtAccounts(ctx context.Context, at map[crm.AccountID]time.Time) error
	// UndealAccount puts the time of the first success, if it is the given one, to
	// that of what else is won or signed, if anything.
	UndealAccount(ctx context.Context, id crm.AccountID, at time.Time) error

	Contact(ctx context.Context, id crm.ContactID) (Contact, error)
	// Contacts are an account's contacts, present ones first.
	Contacts(ctx context.Context, id crm.AccountID) ([]Contact, error)
	AddContacts(ctx context.Context, cs []*Contact) error
	// UpdateContact is like UpdateAccount.
	UpdateContact(ctx context.Context, c *Contact) error
	// TouchContact moves the time of the last activity forward.
	TouchContact(ctx context.Context, id crm.ContactID, at time.Time) error
}
