package store

import (
	"context"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/outbox"
)

const (
	outboxSend    = "send"
	outboxRefresh = "refresh"

	outboxWaiting    = 0
	outboxDone       = 1
	outboxDead       = 2
	outboxSuperseded = 3
)

type outboxRow struct {
	ID        int64
	Okey      string
	Kind      string
	UserID    int64
	Platform  string
	Chat      string
	View      string
	Ref       string
	Topic     string
	State     int
	Tries     int
	NextMs    int64
	LeaseBy   string
	LeaseMs   int64
	CreatedMs int64
	DoneMs    int64
	Cause     string
}

func (outboxRow) TableName() string { return "crm_outbox" }

func (r outboxRow) entity() outbox.Row {
	return outbox.Row{ID: r.ID, Key: r.Okey, Refresh: r.Kind == outboxRefresh, To: crm.Target{User: crm.UserID(r.UserID), Platform: r.Platform, Chat: r.Chat},
		View: crm.View{Name: r.View, Ref: r.Ref}, Topic: r.Topic, Tries: r.Tries, Created: at(r.CreatedMs)}
}

// LeaseOutbox implements outbox.Store.
func (d *DB) LeaseOutbox(ctx context.Context, owner string, now, until time.Time, n int) ([]outbox.Row, error) {
	var due []outboxRow
	if err := d.read(ctx).Where("state = ? AND next_ms <= ? AND lease_ms <= ?", outboxWaiting, ms(now), ms(now)).Order("id").Limit(n).Find(&due).Error; err != nil {
		return nil, err
	}
	var out []outbox.Row
	for _, r := range due {
		if r.Topic != "" {
			skip, err := d.topicBusy(ctx, r, now)
			if err != nil {
				return out, err
			}
			if skip {
				continue
			}
		}
		res := d.write(ctx).Model(&outboxRow{}).Where("id = ? AND state = ? AND lease_ms <= ?", r.ID, outboxWaiting, ms(now)).
			Updates(map[string]any{"lease_by": owner, "lease_ms": ms(until)})
		if res.Error != nil {
			return out, res.Error
		}
		if res.RowsAffected == 1 {
			out = append(out, r.entity())
		}
	}
	return out, nil
}

// topicBusy supersedes r when a newer row of its topic waits for the same
// target, and reports whether r must not be delivered now.
func (d *DB) topicBusy(ctx context.Context, r outboxRow, now time.Time) (bool, error) {
	var same []outboxRow
	if err := d.read(ctx).Select("id", "lease_ms", "next_ms").Where("topic = ? AND state = ? AND user_id = ? AND chat = ? AND id <> ?", r.Topic, outboxWaiting, r.UserID, r.Chat, r.ID).Find(&same).Error; err != nil {
		return false, err
	}
	for _, o := range same {
		if o.LeaseMs > ms(now) {
			return true, nil // being delivered; r comes after it
		}
	}
	for _, o := range same {
		if o.ID > r.ID {
			return true, d.write(ctx).Model(&outboxRow{}).Where("id = ? AND state = ?", r.ID, outboxWaiting).
				Updates(map[string]any{"state": outboxSuperseded, "done_ms": ms(now)}).Error
		}
	}
	return false, nil
}

// FinishOutbox implements outbox.Store.
func (d *DB) FinishOutbox(ctx context.Context, id int64, owner string, now time.Time) error {
	return d.markOutbox(ctx, id, owner, map[string]any{"state": outboxDone, "done_ms": ms(now), "lease_ms": 0})
}

// RetryOutbox implements outbox.Store.
func (d *DB) RetryOutbox(ctx context.Context, id int64, owner string, next time.Time, cause string) error {
	return d.markOutbox(ctx, id, owner, map[string]any{"tries": gormInc("tries"), "next_ms": ms(next), "lease_ms": 0, "cause": cut(cause, 250)})
}

// BuryOutbox implements outbox.Store.
func (d *DB) BuryOutbox(ctx context.Context, id int64, owner string, now time.Time, cause string) error {
	return d.markOutbox(ctx, id, owner, map[string]any{"state": outboxDead, "tries": gormInc("tries"), "done_ms": ms(now), "lease_ms": 0, "cause": cut(cause, 250)})
}

func (d *DB) markOutbox(ctx context.Context, id int64, owner string, set map[string]any) error {
	return d.write(ctx).Model(&outboxRow{}).Where("id = ? AND lease_by = ? AND state = ?", id, owner, outboxWaiting).Updates(set).Error
}

// NextOutbox implements outbox.Store.
func (d *DB) NextOutbox(ctx context.Context) (time.Time, error) {
	var r []outboxRow
	err := d.read(ctx).Select("next_ms").Where("state = ?", outboxWaiting).Order("next_ms").Limit(1).Find(&r).Error
	if err != nil || len(r) == 0 {
		return time.Time{}, err
	}
	return at(r[0].NextMs), nil
}

// Delivered reports whether the notice with the key reached its platform, and when.
func (d *DB) Delivered(ctx context.Context, key string) (time.Time, bool, error) {
	var r []outboxRow
	err := d.read(ctx).Select("done_ms").Where("okey = ? AND state = ?", key, outboxDone).Limit(1).Find(&r).Error
	if err != nil || len(r) == 0 {
		return time.Time{}, false, err
	}
	return at(r[0].DoneMs), true, nil
}

// OutboxWaiting counts the rows that wait to be delivered.
func (d *DB) OutboxWaiting(ctx context.Context) (int64, error) {
	var n int64
	err := d.read(ctx).Model(&outboxRow{}).Where("state = ?", outboxWaiting).Count(&n).Error
	return n, err
}
