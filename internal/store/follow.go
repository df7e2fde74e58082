package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm/clause"

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

// followBatch is how many people one look at a table is about.
const followBatch = 200

// FollowTeams mends what was written with the old team at the very moment in
// which its owner changed teams. Only people who were changed since the moment
// are looked at, each by the index of what they own: the tables are never read
// as a whole.
func (d *DB) FollowTeams(ctx context.Context, since time.Time) error {
	var changed []int64
	if err := d.read(ctx).Model(&userRow{}).Where("updated_ms >= ? AND updated_ms > created_ms", ms(since)).Order("id").Pluck("id", &changed).Error; err != nil {
		return err
	}
	for batch := range slices.Chunk(changed, followBatch) {
		late := map[int64]bool{}
		for _, f := range followers {
			var found []int64
			q := fmt.Sprintf("SELECT DISTINCT r.%[2]s FROM %[1]s r JOIN crm_users u ON u.id = r.%[2]s WHERE r.%[2]s IN ? AND r.team_id <> u.team_id", f.table, f.person)
			if err := d.read(ctx).Raw(q, batch).Scan(&found).Error; err != nil {
				return fmt.Errorf("look for %s of another team: %w", f.table, err)
			}
			for _, id := range found {
				late[id] = true
			}
		}
		for _, id := range sortedKeys(late) {
			if err := d.InTx(ctx, func(ctx context.Context) error { return d.followNow(ctx, id) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// followNow is follow into the team that the person is in; nobody moves them
// meanwhile.
func (d *DB) followNow(ctx context.Context, id int64) error {
	db := d.read(ctx)
	if d.Dialect == MySQL {
		db = db.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	var now []userRow
	if err := db.Select("id", "team_id").Where("id = ?", id).Limit(1).Find(&now).Error; err != nil || len(now) == 0 {
		return err
	}
	return d.follow(ctx, crm.UserID(id), crm.TeamID(now[0].TeamID))
}
