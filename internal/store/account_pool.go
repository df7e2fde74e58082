package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/pool"
)

// LockAccount implements account.Store.
func (d *DB) LockAccount(ctx context.Context, id crm.AccountID) (account.Account, error) {
	db := d.read(ctx)
	if d.Dialect == MySQL { // a transaction of SQLite is alone
		db = db.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	var r accountRow
	err := db.Take(&r, "id = ?", int64(id)).Error
	if missing(err) {
		return account.Account{}, crm.NotFound("没有客户 "+id.String(), "there is no account "+id.String())
	}
	return r.entity(), err
}

// Involved implements account.Store.
func (d *DB) Involved(ctx context.Context, user crm.UserID, id crm.AccountID) (bool, error) {
	var n int64
	err := d.read(ctx).Raw("SELECT COUNT(*) FROM (SELECT id FROM crm_deals WHERE account_id = ? AND owner_id = ? UNION ALL SELECT id FROM crm_contracts WHERE account_id = ? AND owner_id = ?) x",
		int64(id), int64(user), int64(id), int64(user)).Scan(&n).Error
	return n > 0 && user != 0, err
}

// MoveAccount implements account.Store.
func (d *DB) MoveAccount(ctx context.Context, x account.Account, s pool.Stamp, next account.State, quality string) (bool, error) {
	set := map[string]any{"owner_id": int64(s.Owner), "team_id": int64(s.Team), "home_pool_id": int64(s.Pool), "state": string(next), "quality": quality,
		"updated_ms": ms(s.At), "version": gorm.Expr("version + 1")}
	if s.Owner != 0 {
		set["owned_ms"] = ms(s.At)
	} else {
		set["owned_ms"], set["pooled_ms"], set["claimable_ms"] = 0, ms(s.At), ms(s.Claimable)
	}
	res := d.write(ctx).Model(&accountRow{}).Where("id = ? AND owner_id = ? AND version = ?", int64(x.ID), int64(x.Owner), x.Version).Updates(set)
	return res.RowsAffected == 1, res.Error
}

// MoveOpenDeals implements account.Store.
func (d *DB) MoveOpenDeals(ctx context.Context, id crm.AccountID, from, to crm.UserID, team crm.TeamID, when time.Time) ([]crm.DealID, error) {
	var ids []crm.DealID
	open := d.read(ctx).Model(&dealRow{}).Where("account_id = ? AND owner_id = ? AND status = ?", int64(id), int64(from), string(deal.Open)).Order("id")
	if d.Dialect == MySQL {
		open = open.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	if err := open.Pluck("id", &ids).Error; err != nil {
		return nil, err
	}
	for part := range slices.Chunk(ids, 500) {
		err := d.write(ctx).Model(&dealRow{}).Where("id IN ?", part).
			Updates(map[string]any{"owner_id": int64(to), "team_id": int64(team), "updated_ms": ms(when), "version": gorm.Expr("version + 1")}).Error
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Idlest implements account.Store.
func (d *DB) Idlest(ctx context.Context, owner crm.UserID, n int, dealt bool) ([]account.Account, error) {
	var rows []accountRow
	db := d.read(ctx).Where("owner_id = ? AND state = ?", int64(owner), string(account.Live))
	if !dealt {
		db = db.Where("dealt_ms = 0")
	}
	if err := db.Order("active_ms, id").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]account.Account, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, nil
}
