package store

import (
	"context"

	"crmbot/internal/crm"
)

// detailViewRow is a record of a pool that somebody opened on a day (P-08).
type detailViewRow struct {
	UserID   int64  `gorm:"primaryKey;autoIncrement:false"`
	Day      string `gorm:"primaryKey"`
	Kind     string `gorm:"primaryKey"`
	RecordID int64  `gorm:"primaryKey;autoIncrement:false"`
}

func (detailViewRow) TableName() string { return "crm_detail_views" }

// AddView implements pool.Store.
func (d *DB) AddView(ctx context.Context, user crm.UserID, day crm.Day, ref crm.Ref) (bool, error) {
	var known int64
	row := detailViewRow{UserID: int64(user), Day: string(day), Kind: string(ref.Kind), RecordID: ref.ID}
	if err := d.write(ctx).Model(&detailViewRow{}).Where(&row).Count(&known).Error; err != nil || known > 0 {
		return false, err
	}
	return true, d.write(ctx).Create(&row).Error
}

// Views implements pool.Store.
func (d *DB) Views(ctx context.Context, user crm.UserID, day crm.Day, kind crm.Kind) (int, error) {
	var n int64
	err := d.write(ctx).Model(&detailViewRow{}).Where("user_id = ? AND day = ? AND kind = ?", int64(user), string(day), string(kind)).Count(&n).Error
	return int(n), err
}
