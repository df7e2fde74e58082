package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// HeldBy implements pool.Store.
func (d *DB) HeldBy(ctx context.Context, kind crm.Kind, dealt bool) (map[crm.UserID]int, error) {
	q := d.read(ctx).Table("crm_leads").Where("status = ? AND owner_id <> 0", string(lead.Open))
	if kind == crm.KindAccount {
		q = d.read(ctx).Table("crm_accounts").Where("owner_id <> 0")
		if !dealt {
			q = q.Where("dealt_ms = 0")
		}
	}
	return countsBy(q.Select("owner_id AS person, COUNT(*) AS n").Group("owner_id"))
}

// ClaimedBy implements pool.Store.
func (d *DB) ClaimedBy(ctx context.Context, kind crm.Kind, day crm.Day, dayStart time.Time) (map[crm.UserID]int, error) {
	return countsBy(d.read(ctx).Table("crm_ownership_ledger").Select("to_user AS person, COUNT(*) AS n").
		Where("to_user <> 0 AND kind = ? AND reason = ? AND at_ms >= ? AND quota_day = ?", string(kind), string(pool.Claim), ms(dayStart), string(day)).Group("to_user"))
}

// countsBy reads counts by person.
func countsBy(q *gorm.DB) (map[crm.UserID]int, error) {
	var rows []struct {
		Person int64
		N      int
	}
	err := q.Scan(&rows).Error
	out := make(map[crm.UserID]int, len(rows))
	for _, r := range rows {
		out[crm.UserID(r.Person)] = r.N
	}
	return out, err
}
