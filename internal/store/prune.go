package store

import (
	"context"
	"strconv"
	"time"
)

const (
	keepEvents = 7 * 24 * time.Hour  // platforms redeliver for hours, not days
	keepOutbox = 90 * 24 * time.Hour // delivery is evidence for warnings
	keepRuns   = 90 * 24 * time.Hour
	keepSent   = 30 * 24 * time.Hour // platforms update cards for 14 days
	pruneBatch = 2000

	keepTokens   = 48 * time.Hour // an idempotency key answers for a day
	keepCounters = 400 * 24 * time.Hour
)

// Prune deletes plumbing rows that nothing refers to any more, in bounded
// batches so that no lock is held for long. Every condition has an index.
func (d *DB) Prune(ctx context.Context, now time.Time) error {
	for _, p := range []struct {
		table, where string
		before       time.Time
	}{
		{"crm_outbox", "done_ms > 0 AND done_ms < ?", now.Add(-keepOutbox)},
		{"crm_processed_events", "at_ms < ?", now.Add(-keepEvents)},
		{"crm_job_runs", "done_ms < ?", now.Add(-keepRuns)},
		{"crm_inbox", "done_ms > 0 AND done_ms < ?", now.Add(-keepEvents)},
		{"crm_sums", "at_ms < ?", now.Add(-keepCounters)},
		{"crm_intake_tokens", "at_ms < ?", now.Add(-keepTokens)},
	} {
		for ctx.Err() == nil {
			n, err := d.pruneOnce(ctx, p.table, p.where, ms(p.before))
			if err != nil {
				return err
			}
			if n < pruneBatch {
				break
			}
		}
	}
	for ctx.Err() == nil {
		n, err := d.pruneOnce(ctx, "crm_push_days", "day < ?", now.Add(-keepRuns).UTC().Format(time.DateOnly))
		if err != nil {
			return err
		}
		if n < pruneBatch {
			break
		}
	}
	for ctx.Err() == nil {
		n, err := d.pruneSent(ctx, ms(now.Add(-keepSent)))
		if err != nil || n < pruneBatch {
			return err
		}
	}
	return ctx.Err()
}

// pruneSent forgets cards that no platform would update any more.
func (d *DB) pruneSent(ctx context.Context, before int64) (int, error) {
	var ids []int64
	err := d.InTx(ctx, func(ctx context.Context) error {
		ids = nil
		if err := d.write(ctx).Model(&sentRow{}).Where("sent_ms < ?", before).Order("sent_ms").Limit(pruneBatch).Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
			return err
		}
		if err := d.write(ctx).Where("sent_id IN ?", ids).Delete(&sentRef{}).Error; err != nil {
			return err
		}
		return d.write(ctx).Where("id IN ?", ids).Delete(&sentRow{}).Error
	})
	return len(ids), err
}

func (d *DB) pruneOnce(ctx context.Context, table, where string, before any) (int64, error) {
	q := "DELETE FROM " + table + " WHERE " + where + " LIMIT " + strconv.Itoa(pruneBatch)
	if d.Dialect == SQLite {
		q = "DELETE FROM " + table + " WHERE rowid IN (SELECT rowid FROM " + table + " WHERE " + where + " LIMIT " + strconv.Itoa(pruneBatch) + ")"
	}
	res := d.write(ctx).Exec(q, before)
	return res.RowsAffected, res.Error
}
