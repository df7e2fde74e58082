package store

import (
	"context"
	"log/slog"
	"time"

	"crmbot/bot"
)

type inboxRow struct {
	ID       int64
	Platform string
	EventID  string
	Kind     string
	Body     []byte
	LeaseMs  int64
	Tries    int
	KeptMs   int64
	DoneMs   int64
}

func (inboxRow) TableName() string { return "crm_inbox" }

// maxInboxTries is how often an event is taken up again before it is given up:
// one that ends the process every time must not do so for ever.
const maxInboxTries = 20

// Keep implements bot.Inbox.
func (d *DB) Keep(ctx context.Context, platform string, e bot.Kept, until time.Time) (bool, error) {
	body := e.Body
	if body == nil {
		body = []byte{}
	}
	fresh := true
	err := again(ctx, func() error {
		row := inboxRow{Platform: platform, EventID: e.ID, Kind: e.Kind, Body: body, LeaseMs: ms(until), KeptMs: ms(d.clock.Now())}
		err := d.write(ctx).Create(&row).Error
		if fresh = !duplicate(err); !fresh {
			return nil
		}
		return err
	})
	return fresh && err == nil, err
}

// Done implements bot.Inbox.
func (d *DB) Done(ctx context.Context, platform, id string) error {
	return again(ctx, func() error {
		return d.write(ctx).Model(&inboxRow{}).Where("platform = ? AND event_id = ? AND done_ms = 0", platform, id).
			Updates(map[string]any{"done_ms": max(ms(d.clock.Now()), 1), "body": []byte{}}).Error
	})
}

// Resume implements bot.Inbox. Of several processes that look at the same
// event, the one whose conditional update meets it takes it.
func (d *DB) Resume(ctx context.Context, platform string, now, until time.Time, n int) ([]bot.Kept, error) {
	var due []inboxRow
	if err := d.read(ctx).Where("platform = ? AND done_ms = 0 AND lease_ms <= ?", platform, ms(now)).Order("lease_ms, id").Limit(n).Find(&due).Error; err != nil {
		return nil, err
	}
	var out []bot.Kept
	for _, r := range due {
		if r.Tries >= maxInboxTries {
			slog.ErrorContext(ctx, "event given up", "platform", platform, "event", r.EventID, "tries", r.Tries)
			if err := d.Done(ctx, platform, r.EventID); err != nil {
				return out, err
			}
			continue
		}
		taken := false
		err := again(ctx, func() error {
			res := d.write(ctx).Model(&inboxRow{}).Where("id = ? AND done_ms = 0 AND lease_ms = ?", r.ID, r.LeaseMs).
				Updates(map[string]any{"lease_ms": ms(until), "tries": gormInc("tries")})
			taken = res.RowsAffected > 0
			return res.Error
		})
		if err != nil {
			return out, err
		}
		if taken {
			out = append(out, bot.Kept{ID: r.EventID, Kind: r.Kind, Body: r.Body})
		}
	}
	return out, nil
}

type sumRow struct {
	Name string `gorm:"primaryKey"`
	N    int64
	AtMs int64
}

func (sumRow) TableName() string { return "crm_sums" }

// Count adds n to the sum with the name, which begins at zero, and returns it.
func (d *DB) Count(ctx context.Context, name string, n int64) (int64, error) {
	var sum int64
	err := d.InTx(plumbing(ctx), func(ctx context.Context) error {
		add := func() (bool, error) {
			res := d.write(ctx).Exec("UPDATE crm_sums SET n = n + ?, at_ms = ? WHERE name = ?", n, ms(d.clock.Now()), name)
			return res.RowsAffected > 0, res.Error
		}
		ok, err := add()
		if err == nil && !ok {
			err = d.write(ctx).Create(&sumRow{Name: name, N: n, AtMs: ms(d.clock.Now())}).Error
		}
		if err != nil {
			return err
		}
		var row sumRow
		err = d.write(ctx).Where("name = ?", name).Take(&row).Error
		sum = row.N
		return err
	})
	if duplicate(err) { // somebody else began the sum at the same moment
		return d.Count(ctx, name, n)
	}
	return sum, err
}

// Sums are all sums by name.
func (d *DB) Sums(ctx context.Context) (map[string]int64, error) {
	var rows []sumRow
	if err := d.read(ctx).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[r.Name] = r.N
	}
	return out, nil
}
