package pool

import (
	"context"

	"crmbot/internal/crm"
)

// Told remembers who was told of which record because they named its company
// (DU-02). To everybody else a record beyond their reach does not exist: codes are
// easily guessed one after another (PM-03). It may forget.
type Told interface {
	Tell(ctx context.Context, user crm.UserID, ref crm.Ref)
	Told(ctx context.Context, user crm.UserID, ref crm.Ref) (bool, error)
}

// Knows reports whether somebody who may not see the record may know that it is
// there: they were told of it by one of the codes, asked its owner before, brought
// it in or owned it once.
func (c Collabs) Knows(ctx context.Context, g *Gate, t Told, a crm.Actor, ref crm.Ref, codes ...crm.Ref) (bool, error) {
	for _, code := range append(codes, ref) {
		if t == nil {
			break
		}
		if ok, err := t.Told(ctx, a.ID, code); ok || err != nil {
			return ok, err
		}
	}
	x, err := c.Store.Collaboration(ctx, ref, a.ID)
	if err != nil || x.State != "" {
		return err == nil, err
	}
	for _, code := range append(codes, ref) { // also that of a record that was merged into this one
		past, err := g.History(ctx, code, maxPast)
		if err != nil {
			return false, err
		}
		for _, e := range past {
			if a.ID != 0 && (e.From == a.ID || e.By == a.ID && (e.Reason == Create || e.Reason == Import)) {
				return true, nil
			}
		}
	}
	return false, nil
}
