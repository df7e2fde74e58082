package deal

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

// Query selects deals. Empty parts do not limit.
type Query struct {
	Scope         Scope
	Owner         crm.UserID
	Account       crm.AccountID
	Status        Status
	Text          string // part of the title
	Offset, Limit int
}

// Totals are the number and the sum of the deals of a query.
type Totals struct {
	Count  int64
	Amount crm.Money
}

// Move is one entry of a deal's stage log. From is empty for the first; To may
// be "won" or "lost".
type Move struct {
	Deal     crm.DealID
	From, To string
	At       time.Time
	By       crm.UserID
}

// Store keeps deals, products and the stage log. Methods that find one record
// answer crm.CodeNotFound when there is none.
type Store interface {
	Deal(ctx context.Context, id crm.DealID) (Deal, error)
	// DealsByNo are the deals that have one of the numbers, by number.
	DealsByNo(ctx context.Context, nos []string) (map[string]Deal, error)
	// FindDeals lists deals, open ones with the nearest expected close first.
	FindDeals(ctx context.Context, q Query) ([]Deal, Totals, error)
	// AddDeals stores new deals and sets their ids. A number that is taken is
	// crm.CodeConflict.
	AddDeals(ctx context.Context, ds []*Deal) error
	// UpdateDeal stores the deal if its version is still the given one and counts
	// the version up; otherwise crm.CodeStale.
	UpdateDeal(ctx context.Context, d *Deal) error
	// RemoveDeal deletes a deal of that version with its log, and reports whether
	// it did.
	RemoveDeal(ctx context.Context, id crm.DealID, version int64) (bool, error)
	AddMoves(ctx context.Context, ms []Move) error
	// Moves are a deal's stage log, oldest first.
	Moves(ctx context.Context, id crm.DealID) ([]Move, error)

	Product(ctx context.Context, id ProductID) (Product, error)
	// Products are all products in order of name.
	Products(ctx context.Context) ([]Product, error)
	// AddProducts stores new products and sets their ids.
	AddProducts(ctx context.Context, ps []*Product) error
	UpdateProduct(ctx context.Context, p *Product) error
	// RemoveProduct deletes a product of that version that no deal names.
	RemoveProduct(ctx context.Context, id ProductID, version int64) (bool, error)
}
