package store

import (
	"context"
	"time"
)

type jobRow struct {
	Name    string `gorm:"primaryKey"`
	DueMs   int64
	LeaseBy string
	LeaseMs int64
}

func (jobRow) TableName() string { return "crm_jobs" }

type jobRunRow struct {
	ID     int64
	Name   string
	DueMs  int64
	DoneMs int64
	Result string
}

func (jobRunRow) TableName() string { return "crm_job_runs" }

// JobCursors implements sched.Store.
func (d *DB) JobCursors(ctx context.Context) (map[string]time.Time, error) {
	var rows []jobRow
	if err := d.read(ctx).Select("name", "due_ms").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		out[r.Name] = at(r.DueMs)
	}
	return out, nil
}

// InitJob implements sched.Store.
func (d *DB) InitJob(ctx context.Context, name string, next time.Time) error {
	err := d.write(ctx).Create(&jobRow{Name: name, DueMs: ms(next)}).Error
	if duplicate(err) {
		return nil
	}
	return err
}

// LeaseJob implements sched.Store.
func (d *DB) LeaseJob(ctx context.Context, name string, due time.Time, owner string, now, until time.Time) (bool, error) {
	res := d.write(ctx).Model(&jobRow{}).Where("name = ? AND due_ms = ? AND (lease_ms <= ? OR lease_by = ?)", name, ms(due), ms(now), owner).
		Updates(map[string]any{"lease_by": owner, "lease_ms": ms(until)})
	return res.RowsAffected == 1, res.Error
}

// AdvanceJob implements sched.Store. The unique run row makes a due time that
// two replicas believe to own count once.
func (d *DB) AdvanceJob(ctx context.Context, name string, due, next time.Time, owner, result string) error {
	return d.InTx(context.WithoutCancel(ctx), func(ctx context.Context) error {
		res := d.write(ctx).Model(&jobRow{}).Where("name = ? AND due_ms = ? AND lease_by = ?", name, ms(due), owner).
			Updates(map[string]any{"due_ms": ms(next), "lease_ms": 0, "lease_by": ""})
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		err := d.write(ctx).Create(&jobRunRow{Name: name, DueMs: ms(due), DoneMs: ms(d.clock.Now()), Result: result}).Error
		if duplicate(err) {
			return nil
		}
		return err
	})
}
