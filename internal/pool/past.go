package pool

import (
	"context"
	"time"

	"crmbot/internal/crm"
)

// Past is one former change of ownership in words.
type Past struct {
	At       time.Time
	Reason   Reason
	From, To string // names; empty: the pool
	FromID   crm.UserID
	By       string
	Why      crm.Text // release reason
	Note     string
}

// Tell is the ledger in words, in the order of the entries.
func (g *Gate) Tell(ctx context.Context, entries []Entry) []Past {
	reasons, _ := ReleaseReasons.Read(ctx, g.d.Rules)
	out := make([]Past, 0, len(entries))
	for _, e := range entries {
		p := Past{At: e.At, Reason: e.Reason, FromID: e.From, From: g.d.People.Name(ctx, e.From), To: g.d.People.Name(ctx, e.To), By: g.d.People.Name(ctx, e.By), Note: e.Note}
		if r, ok := ReasonByCode(reasons, e.Why); ok {
			p.Why = crm.Text{Zh: r.Zh, En: r.En}
		}
		out = append(out, p)
	}
	return out
}
