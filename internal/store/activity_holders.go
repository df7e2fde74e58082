package store

import (
	"context"
	"slices"

	"crmbot/internal/activity"
	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// Holders implements activity.Store.
func (d *DB) Holders(ctx context.Context, user crm.UserID, refs []crm.Ref) (map[crm.Ref]activity.Holder, error) {
	out := map[crm.Ref]activity.Holder{}
	var names []string
	for kind, ids := range byKind(refs) {
		table := map[crm.Kind]string{crm.KindLead: "crm_leads", crm.KindAccount: "crm_accounts"}[crm.Kind(kind)]
		if table == "" {
			continue
		}
		for part := range slices.Chunk(ids, 500) {
			var rows []struct{ ID, OwnerID, TeamID int64 }
			if err := d.read(ctx).Table(table).Select("id, owner_id, team_id").Where("id IN ?", part).Scan(&rows).Error; err != nil {
				return nil, err
			}
			for _, r := range rows {
				ref := crm.Ref{Kind: crm.Kind(kind), ID: r.ID}
				out[ref] = activity.Holder{Owner: crm.UserID(r.OwnerID), Team: crm.TeamID(r.TeamID)}
				if crm.UserID(r.OwnerID) != user {
					names = append(names, ref.String())
				}
			}
		}
	}
	for part := range slices.Chunk(names, 500) {
		var shared []string
		if err := d.read(ctx).Table("crm_collaborators").
			Where("user_id = ? AND ref IN ? AND state = ? AND (expires_ms = 0 OR expires_ms > ?)", int64(user), part, pool.CollabAccepted, ms(d.clock.Now())).Pluck("ref", &shared).Error; err != nil {
			return nil, err
		}
		for _, s := range shared {
			ref := storedRef(s)
			h := out[ref]
			h.Shares = true
			out[ref] = h
		}
	}
	return out, nil
}
