package store

import (
	"context"
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/push"
)

type pushDayRow struct {
	UserID int64  `gorm:"primaryKey;autoIncrement:false"`
	Day    string `gorm:"primaryKey"`
	Sent   int
}

func (pushDayRow) TableName() string { return "crm_push_days" }

// AdmitPush implements push.Store. The counter grows in the statement that
// checks it, so that two processes cannot both take the last place.
func (d *DB) AdmitPush(ctx context.Context, row int64, user crm.UserID, day crm.Day, limit int) (bool, error) {
	admitted := false
	err := d.InTx(plumbing(ctx), func(ctx context.Context) error {
		admitted = false
		q := "INSERT INTO crm_push_days (user_id, day, sent) VALUES (?, ?, 0)"
		if d.Dialect == MySQL {
			q += " ON DUPLICATE KEY UPDATE sent = sent"
		} else {
			q += " ON CONFLICT (user_id, day) DO NOTHING"
		}
		if err := d.write(ctx).Exec(q, int64(user), string(day)).Error; err != nil {
			return err
		}
		var r []outboxRow
		if err := d.write(ctx).Select("id", "budget_day").Where("id = ?", row).Limit(1).Find(&r).Error; err != nil {
			return err
		}
		if len(r) == 1 && r[0].BudgetDay != "" {
			admitted = true // counted before a delivery that failed
			return nil
		}
		res := d.write(ctx).Model(&pushDayRow{}).Where("user_id = ? AND day = ? AND sent < ?", int64(user), string(day), limit).Update("sent", gormInc("sent"))
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		admitted = true
		return d.write(ctx).Model(&outboxRow{}).Where("id = ?", row).Update("budget_day", string(day)).Error
	})
	return admitted, err
}

// PushesOf implements push.Store.
func (d *DB) PushesOf(ctx context.Context, users []crm.UserID, day crm.Day) (map[crm.UserID]int, error) {
	out := map[crm.UserID]int{}
	for chunk := range slices.Chunk(users, 500) {
		var rows []pushDayRow
		if err := d.read(ctx).Where("user_id IN ? AND day = ?", chunk, string(day)).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[crm.UserID(r.UserID)] = r.Sent
		}
	}
	return out, nil
}

// HoldPush implements push.Store.
func (d *DB) HoldPush(ctx context.Context, row int64, slot push.Slot, digest crm.Notice) error {
	return d.InTx(plumbing(ctx), func(ctx context.Context) error {
		res := d.write(ctx).Model(&outboxRow{}).Where("id = ? AND state = ?", row, outboxWaiting).
			Updates(map[string]any{"state": outboxHeld, "slot": string(slot), "done_ms": ms(d.clock.Now()), "lease_ms": 0})
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return d.Effects().Notify(WithSchedule(ctx), digest) // everybody's digest is due at once
	})
}

// HeldPushes implements push.Store.
func (d *DB) HeldPushes(ctx context.Context, user crm.UserID, slot push.Slot, since time.Time, n int) ([]push.Held, error) {
	q := d.read(ctx).Where("user_id = ? AND state = ?", int64(user), outboxHeld)
	if slot != "" {
		q = q.Where("slot = ?", string(slot))
	} else {
		q = q.Where("done_ms >= ?", ms(since))
	}
	var rows []outboxRow
	if err := q.Order("id DESC").Limit(n).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]push.Held, len(rows))
	for i, r := range rows {
		out[i] = r.held()
	}
	return out, nil
}

// HeldPush implements push.Store.
func (d *DB) HeldPush(ctx context.Context, row int64) (push.Held, error) {
	var r outboxRow
	err := d.read(ctx).Where("id = ? AND state = ?", row, outboxHeld).Take(&r).Error
	if missing(err) {
		return push.Held{}, crm.NotFound("没有这条消息", "there is no such message")
	}
	return r.held(), err
}

func (r outboxRow) held() push.Held {
	return push.Held{ID: r.ID, User: crm.UserID(r.UserID), View: crm.View{Name: r.View, Ref: r.Ref}, At: at(r.CreatedMs)}
}

// SentTo is the newest card of the view that the person got on the platform since
// then, in the 1:1 chat; false when there is none.
func (d *DB) SentTo(ctx context.Context, platform string, user crm.UserID, v crm.View, since time.Time) (SentCard, bool, error) {
	var rows []sentRow
	err := d.read(ctx).Where("view = ? AND ref = ? AND user_id = ? AND in_group = ? AND platform = ? AND sent_ms >= ?", v.Name, v.Ref, int64(user), false, platform, ms(since)).
		Order("id DESC").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return SentCard{}, false, err
	}
	return rows[0].entity(), true, nil
}
