package store

import (
	"context"
	"fmt"

	"crmbot/internal/crm"
)

// followers are the tables whose rows are seen by the leaders of the team that
// their person is in now (PM-01). Facts, activities and reports are not among
// them: they keep the team of their moment (F-06).
var followers = []struct{ table, person string }{
	{"crm_leads", "owner_id"}, {"crm_accounts", "owner_id"}, {"crm_deals", "owner_id"}, {"crm_contracts", "owner_id"}, {"crm_approval_requests", "submitter_id"},
}

// follow puts what the person owns into the team. Versions stay: nothing that
// anybody has on a card changed.
func (d *DB) follow(ctx context.Context, user crm.UserID, team crm.TeamID) error {
	for _, f := range followers {
		q := fmt.Sprintf("UPDATE %s SET team_id = ? WHERE %s = ? AND team_id <> ?", f.table, f.person)
		if err := d.write(ctx).Exec(q, int64(team), int64(user), int64(team)).Error; err != nil {
			return fmt.Errorf("move %s of person %d into team %d: %w", f.table, user, team, err)
		}
	}
	return nil
}

// FollowTeams mends what was written with the old team at the very moment in
// which its owner changed teams.
func (d *DB) FollowTeams(ctx context.Context) error {
	for _, f := range followers {
		var late []struct{ UserID, TeamID int64 }
		q := fmt.Sprintf("SELECT DISTINCT u.id AS user_id, u.team_id AS team_id FROM %s r JOIN crm_users u ON u.id = r.%s WHERE r.team_id <> u.team_id", f.table, f.person)
		if err := d.read(ctx).Raw(q).Scan(&late).Error; err != nil {
			return err
		}
		for _, l := range late {
			if err := d.InTx(ctx, func(ctx context.Context) error { return d.follow(ctx, crm.UserID(l.UserID), crm.TeamID(l.TeamID)) }); err != nil {
				return err
			}
		}
	}
	return nil
}
