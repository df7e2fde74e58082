package lead_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/testdb"
)

// BenchmarkNightlyScores is the nightly run over 20,000 leads on MySQL whose
// score all changes that night, next to the bare update of the same rows by
// database/sql, and next to a night in which nothing changes. claim-wait is the
// longest that one update of a single lead took meanwhile, as a claim does it.
func BenchmarkNightlyScores(b *testing.B) {
	const leads = 20_000
	h := newHouse(b, testdb.MySQL(b))
	raw, err := h.db.SQL()
	h.must(err)
	now := h.clock.Now()
	for i := 0; i < leads; i += 5000 {
		list := make([]*lead.Lead, 5000)
		for k := range list {
			list[k] = &lead.Lead{Info: lead.Info{Company: fmt.Sprintf("公司%d", i+k), Contact: "王总", Title: "经理", Phone: "13800138000", Source: "转介绍", Need: "需要二十台检测设备年内上线"}, Import: 1, ImportRow: i + k,
				Status: lead.Open, Pool: 1, CreatedAt: now, UpdatedAt: now, Version: 1, LastActivityAt: now, LastValidAt: now}
			*list[k] = lead.Rated(*list[k], lead.Actions{}, lead.DefaultScale(), now, "")
		}
		h.must(h.db.InsertLeads(h.ctx, list))
	}
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / leads * 1000 } // ms per 1,000 leads
	var changed, still, bare, wait time.Duration
	day := crm.Day("2026-03-05")
	for b.Loop() {
		bare += bareUpdates(b, raw, leads)
		day = day.AddDays(1)
		start := time.Now()
		h.must(h.leads.Nightly(h.ctx, day))
		still += time.Since(start)

		// Every lead has been silent for a week more or less than a night ago.
		_, err := raw.Exec("UPDATE crm_leads SET score_decay = ?, score_fit = ?", 1, 1)
		h.must(err)
		ctx, stop := context.WithCancel(h.ctx)
		longest := make(chan time.Duration)
		go func() { longest <- longestUpdate(ctx, raw, leads) }()
		day = day.AddDays(1)
		start = time.Now()
		h.must(h.leads.Nightly(h.ctx, day))
		changed += time.Since(start)
		stop()
		wait = max(wait, <-longest)
		if n := h.count("SELECT COUNT(*) FROM crm_leads WHERE score_fit = 1"); n != 0 {
			b.Fatalf("%d leads were not scored", n)
		}
	}
	n := time.Duration(b.N)
	b.ReportMetric(per(changed/n), "ms/1000-changed")
	b.ReportMetric(per(still/n), "ms/1000-unchanged")
	b.ReportMetric(per(bare/n), "ms/1000-bare")
	b.ReportMetric(float64(changed)/float64(bare), "times-bare")
	b.ReportMetric(float64(wait.Microseconds())/1000, "ms-longest-claim-wait")
	b.ReportMetric(0, "ns/op")
}

// bareUpdates writes the score of every lead with a prepared statement, 500 to a
// transaction.
func bareUpdates(b *testing.B, raw *sql.DB, leads int) time.Duration {
	ids := make([]int64, leads)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	start := time.Now()
	for part := range slices.Chunk(ids, 500) {
		tx, err := raw.Begin()
		if err != nil {
			b.Fatal(err)
		}
		st, err := tx.Prepare("UPDATE crm_leads SET score_decay = score_decay + 1, rank_no = rank_no + 1 WHERE id = ?")
		if err != nil {
			b.Fatal(err)
		}
		for _, id := range part {
			if _, err := st.Exec(id); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(start)
	if _, err := raw.Exec("UPDATE crm_leads SET score_decay = score_decay - 1, rank_no = rank_no - 1"); err != nil {
		b.Fatal(err)
	}
	return took
}

// longestUpdate changes single leads, one after the other over the whole table,
// and returns how long the slowest took.
func longestUpdate(ctx context.Context, raw *sql.DB, leads int) time.Duration {
	var longest time.Duration
	for i := 0; ctx.Err() == nil; i = (i + 997) % leads {
		start := time.Now()
		if _, err := raw.ExecContext(ctx, "UPDATE crm_leads SET updated_ms = updated_ms + 1 WHERE id = ?", i+1); err == nil {
			longest = max(longest, time.Since(start))
		}
	}
	return longest
}
