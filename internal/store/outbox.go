package store

import (
	"context"
	"time"

	"gorm.io/gorm"

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
	outboxHeld       = 4 // told in a digest instead (CH-03)
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
	Always    bool   `gorm:"column:always_sent"`
	BudgetDay string // the day among whose cards it was counted
	Slot      string // the digest that tells it, of held ones

	named bool `gorm:"-"` // its key was given by who queued it
}

func (outboxRow) TableName() string { return "crm_outbox" }

func (r outboxRow) entity() outbox.Row {
	return outbox.Row{ID: r.ID, Key: r.Okey, Refresh: r.Kind == outboxRefresh, To: crm.Target{User: crm.UserID(r.UserID), Platform: r.Platform, Chat: r.Chat},
		View: crm.View{Name: r.View, Ref: r.Ref}, Topic: r.Topic, Tries: r.Tries, Created: at(r.CreatedMs), Always: r.Always}
}

// maxDue bounds how many due rows one lease looks at, so that rows of busy
// topics in front cannot hide those behind them.
const maxDue = 8

// LeaseOutbox implements outbox.Store. A row is leased first and its topic is
// looked at afterwards: of two processes that lease neighbours of one topic, at
// least one sees the other, and only the newest row is kept.
func (d *DB) LeaseOutbox(ctx context.Context, owner string, now, until time.Time, n int) ([]outbox.Row, error) {
	var out []outbox.Row
	for after, page := int64(0), 0; len(out) < n && page < maxDue; page++ {
		var due []outboxRow
		if err := d.read(ctx).Where("state = ? AND next_ms <= ? AND lease_ms <= ? AND id > ?", outboxWaiting, ms(now), ms(now), after).
			Order("id").Limit(n - len(out)).Find(&due).Error; err != nil {
			return out, err
		}
		if len(due) == 0 {
			return out, nil
		}
		after = due[len(due)-1].ID
		var got []outbox.Row
		err := again(ctx, func() (err error) {
			got, err = d.leaseRows(ctx, due, owner, ms(now), ms(until))
			return err
		})
		if err != nil {
			return out, err
		}
		out = append(out, got...)
	}
	return out, nil
}

// leaseRows leases what is still free of the rows and settles their topics.
func (d *DB) leaseRows(ctx context.Context, due []outboxRow, owner string, now, until int64) ([]outbox.Row, error) {
	ids := make([]int64, len(due))
	topics, again := map[string]bool{}, map[int64]bool{}
	for i, r := range due {
		ids[i], again[r.ID] = r.ID, r.LeaseBy != ""
		if r.Topic != "" {
			topics[r.Topic] = true
		}
	}
	res := d.write(ctx).Model(&outboxRow{}).Where("id IN ? AND state = ? AND lease_ms <= ?", ids, outboxWaiting, now).Updates(map[string]any{"lease_by": owner, "lease_ms": until})
	if res.Error != nil || res.RowsAffected == 0 {
		return nil, res.Error
	}
	var mine []outboxRow
	if err := d.write(ctx).Where("id IN ? AND state = ? AND lease_by = ? AND lease_ms = ?", ids, outboxWaiting, owner, until).Order("id").Find(&mine).Error; err != nil {
		return nil, err
	}
	if len(topics) > 0 {
		var err error
		if mine, err = d.settleTopics(ctx, mine, sortedKeys(topics), owner, now, again); err != nil {
			return nil, err
		}
	}
	out := make([]outbox.Row, len(mine))
	for i, r := range mine {
		out[i] = r.entity()
		out[i].Again = again[r.ID]
	}
	return out, nil
}

// settleTopics keeps of each topic and target only the newest row: older ones
// are superseded, and a newest one waits while an older one is under way. again
// tells whose delivery began before.
func (d *DB) settleTopics(ctx context.Context, mine []outboxRow, topics []string, owner string, now int64, again map[int64]bool) ([]outboxRow, error) {
	var same []outboxRow
	if err := d.write(ctx).Select("id", "topic", "user_id", "platform", "chat", "lease_ms").Where("topic IN ? AND state = ?", topics, outboxWaiting).Find(&same).Error; err != nil {
		return nil, err
	}
	type group struct {
		topic, platform, chat string
		user                  int64
	}
	of := func(r outboxRow) group {
		if r.UserID != 0 {
			return group{topic: r.Topic, user: r.UserID} // wherever the person is reached
		}
		return group{topic: r.Topic, platform: r.Platform, chat: r.Chat}
	}
	leased := map[int64]bool{}
	for _, r := range mine {
		leased[r.ID] = true
	}
	newest, busy, waiting := map[group]int64{}, map[group]bool{}, map[group][]int64{}
	for _, r := range same {
		g := of(r)
		newest[g] = max(newest[g], r.ID)
		switch {
		case leased[r.ID]:
		case r.LeaseMs > now:
			busy[g] = true
		default:
			waiting[g] = append(waiting[g], r.ID)
		}
	}
	var keep []outboxRow
	var old []int64
	back := map[bool][]int64{}
	for _, r := range mine {
		g := of(r)
		switch {
		case r.Topic == "":
			keep = append(keep, r)
		case r.ID < newest[g]:
			old = append(old, r.ID)
		case busy[g]:
			back[again[r.ID]] = append(back[again[r.ID]], r.ID)
		default:
			keep = append(keep, r)
			old = append(old, waiting[g]...) // all older than this one
		}
	}
	if len(old) > 0 {
		if err := d.write(ctx).Model(&outboxRow{}).Where("id IN ? AND state = ? AND (lease_ms <= ? OR lease_by = ?)", old, outboxWaiting, now, owner).
			Updates(map[string]any{"state": outboxSuperseded, "done_ms": now, "lease_ms": 0}).Error; err != nil {
			return nil, err
		}
	}
	for begun, ids := range back {
		if err := d.ReleaseOutbox(ctx, owner, ids, begun); err != nil {
			return keep, err
		}
	}
	return keep, nil
}

// ReleaseOutbox implements outbox.Store.
func (d *DB) ReleaseOutbox(ctx context.Context, owner string, ids []int64, begun bool) error {
	return d.write(ctx).Model(&outboxRow{}).Where("id IN ? AND lease_by = ? AND state = ?", ids, owner, outboxWaiting).Updates(given(map[string]any{"lease_ms": 0}, begun)).Error
}

// given adds that the delivery of a row did not begin, which its lease tells.
func given(set map[string]any, begun bool) map[string]any {
	if !begun {
		set["lease_by"] = ""
	}
	return set
}

// FinishOutbox implements outbox.Store.
func (d *DB) FinishOutbox(ctx context.Context, id int64, owner string, now time.Time) error {
	return d.markOutbox(ctx, id, owner, map[string]any{"state": outboxDone, "done_ms": ms(now), "lease_ms": 0})
}

// PinOutbox fixes the platform on which a person gets a row.
func (d *DB) PinOutbox(ctx context.Context, id int64, platform string) error {
	return d.write(ctx).Model(&outboxRow{}).Where("id = ? AND state = ?", id, outboxWaiting).Update("platform", platform).Error
}

// PostponeOutbox puts off a leased row whose delivery has not begun.
func (d *DB) PostponeOutbox(ctx context.Context, id int64, until time.Time) error {
	return d.write(ctx).Model(&outboxRow{}).Where("id = ? AND state = ?", id, outboxWaiting).Updates(given(map[string]any{"next_ms": ms(until), "lease_ms": 0}, false)).Error
}

// RetryOutbox implements outbox.Store.
func (d *DB) RetryOutbox(ctx context.Context, id int64, owner string, next time.Time, begun bool, cause string) error {
	return d.markOutbox(ctx, id, owner, given(map[string]any{"tries": gormInc("tries"), "next_ms": ms(next), "lease_ms": 0, "cause": cut(cause, 250)}, begun))
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
	return d.NextOutboxAfter(ctx, time.Time{})
}

// NextOutboxAfter is NextOutbox for what can be leased after now only.
func (d *DB) NextOutboxAfter(ctx context.Context, now time.Time) (time.Time, error) {
	var r []outboxRow
	ready := "CASE WHEN lease_ms > next_ms THEN lease_ms ELSE next_ms END"
	err := d.read(ctx).Select(ready+" AS next_ms").Where("state = ? AND "+ready+" > ?", outboxWaiting, ms(now)).Order(ready).Limit(1).Find(&r).Error
	if err != nil || len(r) == 0 {
		return time.Time{}, err
	}
	return at(r[0].NextMs), nil
}

// RefreshedSince reports whether cards about one of the records were updated
// since then, or are being updated at this moment: a card that was rendered in
// the meantime may show an older state.
func (d *DB) RefreshedSince(ctx context.Context, about []crm.Ref, since time.Time) (bool, error) {
	if len(about) == 0 {
		return false, nil
	}
	topics := make([]string, len(about))
	for i, r := range about {
		topics[i] = refreshTopic(r)
	}
	var r []outboxRow
	err := d.read(ctx).Select("id").Where("topic IN ? AND (state = ? AND lease_ms > ? OR state <> ? AND done_ms >= ?)", topics, outboxWaiting, ms(d.clock.Now()), outboxWaiting, ms(since)).
		Limit(1).Find(&r).Error
	return len(r) > 0, err
}

func refreshTopic(r crm.Ref) string { return "refresh:" + r.String() }

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

// DropOutbox marks everything that is due as superseded, undelivered, and
// returns how many rows that were. What shows one of the views counts as
// delivered.
func (d *DB) DropOutbox(ctx context.Context, now time.Time, delivered ...string) (int64, error) {
	res := d.write(ctx).Model(&outboxRow{}).Where("state = ? AND next_ms <= ?", outboxWaiting, ms(now)).
		Updates(map[string]any{"state": gorm.Expr("CASE WHEN view IN ? THEN ? ELSE ? END", append([]string{"-"}, delivered...), outboxDone, outboxSuperseded), "done_ms": ms(now)})
	return res.RowsAffected, res.Error
}
