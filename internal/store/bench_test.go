package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/testenv"
)

// BenchmarkEffects is a transaction of two statements of its own with an
// event, a fact, an audit entry and a queued update, next to the bare two
// statements on database/sql in the same run.
func BenchmarkEffects(b *testing.B) {
	db, err := Open(b.Context(), testenv.MySQL(b), crm.WallClock{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	pool, err := db.SQL()
	if err != nil {
		b.Fatal(err)
	}
	for _, q := range []string{"CREATE TABLE bench_leads (id BIGINT PRIMARY KEY AUTO_INCREMENT, owner_id BIGINT NOT NULL DEFAULT 0)", "CREATE TABLE bench_ledger (id BIGINT PRIMARY KEY AUTO_INCREMENT, lead_id BIGINT, owner_id BIGINT)"} {
		if _, err := pool.Exec(q); err != nil {
			b.Fatal(err)
		}
	}
	var n atomic.Int64
	bare := func(ctx context.Context) error {
		id := n.Add(1)
		tx, err := pool.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, "UPDATE bench_leads SET owner_id = ? WHERE id = ? AND owner_id = 0", 7, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO bench_ledger (lead_id, owner_id) VALUES (?, ?)", id, 7); err != nil {
			return err
		}
		return tx.Commit()
	}
	whole := func(ctx context.Context) error {
		id := n.Add(1)
		ctx = WithSequence(crm.WithEvent(ctx, crm.Event{Platform: "bench", ID: fmt.Sprint(id)}))
		fx := db.Effects()
		return db.InTx(ctx, func(ctx context.Context) error {
			if err := db.write(ctx).Exec("UPDATE bench_leads SET owner_id = ? WHERE id = ? AND owner_id = 0", 7, id).Error; err != nil {
				return err
			}
			if err := db.write(ctx).Exec("INSERT INTO bench_ledger (lead_id, owner_id) VALUES (?, ?)", id, 7).Error; err != nil {
				return err
			}
			now := time.Now()
			if err := fx.Record(ctx, crm.Fact{At: now, Day: "2026-01-01", User: crm.UserID(id % 500), Team: 1, Key: "lead.claim", Qty: 1, Ref: crm.LeadID(id).Ref()}); err != nil {
				return err
			}
			if err := fx.Audit(ctx, crm.Audit{Action: "lead.claim", Actor: 7, Ref: crm.LeadID(id).Ref(), Detail: map[string]any{"used": 3}}); err != nil {
				return err
			}
			return fx.Refresh(ctx, crm.LeadID(id).Ref())
		})
	}
	for _, callers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			run := func(fn func(context.Context) error, total int) float64 {
				var wg sync.WaitGroup
				start := time.Now()
				var left atomic.Int64
				left.Store(int64(total))
				for range callers {
					wg.Add(1)
					go func() {
						defer wg.Done()
						for left.Add(-1) >= 0 {
							if err := fn(b.Context()); err != nil {
								b.Error(err)
								return
							}
						}
					}()
				}
				wg.Wait()
				return float64(total) / time.Since(start).Seconds()
			}
			for b.Loop() {
				r1, r2 := run(bare, 2000), run(whole, 2000)
				b.ReportMetric(r1, "bare/s")
				b.ReportMetric(r2, "whole/s")
				b.ReportMetric(r2/r1, "ratio")
			}
		})
	}
}
