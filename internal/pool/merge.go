package pool

import (
	"cmp"
	"context"
	"slices"

	"crmbot/internal/crm"
)

// Joined notes in the ledger that a record took another one in while it keeps
// its owner: m.Note is the other's code. It is no loss to anybody, and counts as
// none.
func (g *Gate) Joined(ctx context.Context, a crm.Actor, m Move) error {
	now := g.d.Clock.Now()
	e := Entry{At: now, Ref: m.Ref, From: m.From, FromTeam: m.FromTeam, To: m.From, ToTeam: m.FromTeam, Pool: m.Pool.ID, Reason: Merge, By: a.ID, Note: m.Note, Uncounted: true}
	if err := g.d.Store.AddEntries(ctx, e); err != nil {
		return err
	}
	return g.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "ownership." + string(Merge), Ref: m.Ref, Rule: "DU-01", Detail: map[string]any{"from": m.Note, "owner": m.From}})
}

// Chronicle is the ledger of a record together with that of the records that it
// took in, newest first, at most n entries.
func (g *Gate) Chronicle(ctx context.Context, ref crm.Ref, n int) ([]Entry, error) {
	out, err := g.d.Store.History(ctx, ref, n)
	if err != nil {
		return out, err
	}
	return g.chronicle(ctx, out, n)
}

func (g *Gate) chronicle(ctx context.Context, out []Entry, n int) ([]Entry, error) {
	seen := map[crm.Ref]bool{}
	for i := 0; i < len(out) && len(seen) < 20; i++ {
		if seen[out[i].Ref] = true; out[i].Reason != Merge {
			continue
		}
		part, err := crm.ParseRef(out[i].Note)
		if err != nil || seen[part] {
			continue
		}
		seen[part] = true
		more, err := g.d.Store.History(ctx, part, n)
		if err != nil {
			return out, err
		}
		out = append(out, more...)
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return out[:min(len(out), n)], nil
}
