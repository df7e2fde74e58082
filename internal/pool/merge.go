package pool

import (
	"cmp"
	"context"
	"slices"

	"crmbot/internal/crm"
)

// Part is one of two records that are to become one, as the actor has it.
type Part struct {
	Ref crm.Ref
	// Free reports that it is in a pool; Decides that the actor may decide about it
	// and not only read it: as its owner, who leads them, or in its pool.
	Free, Decides bool
}

// MayMerge refuses a merge by somebody who only reads a record along (PM-01),
// and one by which a record of a pool would go to an owner although the actor
// could not assign it (P-08).
func MayMerge(x, y Part) error {
	for _, v := range [][2]Part{{x, y}, {y, x}} {
		p, with, id := v[0], v[1], v[0].Ref.String()
		switch {
		case p.Decides || p.Free && with.Free:
		case p.Free:
			return crm.Refused("P-08", id+" 在公海，您不能把它并入有负责人的记录", id+" is in the pool; you may not make it part of a record that has an owner").
				WithNext("请经理或公海管理员合并", "ask a manager, or who looks after the pool")
		default:
			e := crm.Forbidden("协作人可以查看 "+id+" 和记跟进，不能合并（PM-01）", "a collaborator reads "+id+" and logs, and does not merge it (PM-01)")
			e.Rule = "PM-01"
			return e.WithNext("请负责人的经理合并", "ask the manager of its owner")
		}
	}
	return nil
}

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
