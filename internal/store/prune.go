package store

import (
	"context"
	"time"
)

const (
	keepEvents = 7 * 24 * time.Hour  // platforms redeliver for hours, not days
	keepOutbox = 90 * 24 * time.Hour // delivery is evidence for warnings
	pruneBatch = 2000
)

// Prune deletes plumbing rows that nothing refers to any more, in bounded
// batches so that no lock is held for long.
func (d *DB) Prune(ctx context.Context, now time.Time) error {
	for _, p := range []struct {
		table, where string
		before       time.Time
	}{
		{"crm_outbox", "state <> 0 AND done_ms < ?", now.Add(-keepOutbox)},
		{"crm_processed_events", "at_ms < ?", now.Add(-keepEvents)},
	} {
		for {
			n, err := d.pruneOnce(ctx, p.table, p.where, ms(p.before))
			if err != nil {
				return err
			}
			if n < pruneBatch {
				break
			}
		}
	}
	return nil
}

func (d *DB) pruneOnce(ctx context.Context, table, where string, before int64) (int64, error) {
	q := "DELETE FROM " + table + " WHERE " + where
	if d.Dialect == MySQL {
		q += " LIMIT 2000"
	} else {
		q = "DELETE FROM " + table + " WHERE rowid IN (SELECT rowid FROM " + table + " WHERE " + where + " LIMIT 2000)"
	}
	res := d.write(ctx).Exec(q, before)
	return res.RowsAffected, res.Error
}
