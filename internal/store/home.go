package store

import "context"

// homeRow says to which organisation an app of a platform belongs.
type homeRow struct {
	Platform string `gorm:"primaryKey"`
	App      string `gorm:"primaryKey"`
	Home     string
	AtMs     int64
}

func (homeRow) TableName() string { return "crm_homes" }

// Home is the organisation to which an app belongs, "" if none is known. The
// first one that is claimed is kept for ever, whoever claims it; an empty claim
// only asks.
func (d *DB) Home(ctx context.Context, platform, app, claim string) (string, error) {
	known := func() (string, error) {
		var rows []homeRow
		err := d.read(ctx).Where("platform = ? AND app = ?", platform, app).Limit(1).Find(&rows).Error
		if err != nil || len(rows) == 0 {
			return "", err
		}
		return rows[0].Home, nil
	}
	home, err := known()
	if err != nil || home != "" || claim == "" {
		return home, err
	}
	err = again(ctx, func() error {
		return d.write(plumbing(ctx)).Create(&homeRow{Platform: platform, App: app, Home: claim, AtMs: ms(d.clock.Now())}).Error
	})
	if duplicate(err) { // another process claimed it at the same moment
		return known()
	}
	if err != nil {
		return "", err
	}
	return claim, nil
}
