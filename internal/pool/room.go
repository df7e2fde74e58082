package pool

import (
	"context"

	"crmbot/internal/crm"
)

// Hold is the hold limit of the kind that is in force for the person (P-03).
func (g *Gate) Hold(ctx context.Context, kind crm.Kind, user crm.UserID) (int, error) {
	u, err := g.d.People.User(ctx, user)
	if err != nil {
		return 0, err
	}
	scopes, _, err := g.scopes(ctx, u)
	if err != nil {
		return 0, err
	}
	n, _ := g.hold(ctx, kind, scopes)
	return n, nil
}
