package pool

import (
	"context"
	"slices"
	"time"

	"crmbot/internal/crm"
)

// TakenFrom reports whether the present owner got the record out of a pool that
// the actor sees, and when: only then the actor could have seen it there, and is
// told who was faster (P-05).
func (g *Gate) TakenFrom(ctx context.Context, a crm.Actor, ref crm.Ref) (at time.Time, taken bool, err error) {
	past, err := g.History(ctx, ref, 1)
	if err != nil || len(past) == 0 {
		return time.Time{}, false, err
	}
	e := past[0]
	if e.To == 0 || e.From != 0 || !slices.Contains([]Reason{Claim, Assign, AutoAssign}, e.Reason) {
		return time.Time{}, false, nil
	}
	_, sees, _, err := g.Sees(ctx, a, e.Pool)
	return e.At, sees, err
}
