package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/testdb"
)

// claims is a company with leads to claim, in the product's table and in a copy
// of it for the bare transaction.
type claims struct {
	*company
	first crm.LeadID // the lead of piece 0
	have  int
}

// newClaims makes the leads of n pieces.
func newClaims(b testing.TB, dsn string, n int) *claims {
	b.Helper()
	c := &claims{company: newCompany(b, dsn), have: n}
	c.first = c.addLeads(b, n, false)
	for _, q := range []string{"CREATE TABLE bench_leads LIKE crm_leads", "CREATE TABLE bench_ledger LIKE crm_ownership_ledger", "INSERT INTO bench_leads SELECT * FROM crm_leads"} {
		if _, err := c.sql.ExecContext(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

// more makes leads for so many pieces after done.
func (c *claims) more(b testing.TB, done, n int) {
	b.Helper()
	if done+n <= c.have {
		return
	}
	from := c.addLeads(b, done+n-c.have, false)
	if c.have == 0 {
		c.first = from
	}
	if int(from-c.first) != c.have {
		b.Fatalf("new leads begin at %d, the first was %d of %d", from, c.first, c.have)
	}
	if _, err := c.sql.ExecContext(b.Context(), "INSERT INTO bench_leads SELECT * FROM crm_leads WHERE id >= ?", int64(from)); err != nil {
		b.Fatal(err)
	}
	c.have = done + n
}

func (c *claims) lead(i int) crm.LeadID { return c.first + crm.LeadID(i) }

// whole claims the i-th lead as a rep does, by typing.
func (c *claims) whole(ctx context.Context, i int) error {
	code := c.lead(i).String()
	rep := c.say(ctx, "claim-"+code, c.rep(i), "/认领 "+code)
	if err := rep.Err(); err != nil {
		return err
	}
	if rep.Card == nil || !strings.HasPrefix(rep.View.Ref, code) || rep.ToastTone != bot.ToastSuccess {
		return fmt.Errorf("%s was not claimed: %q", code, rep.Toast)
	}
	return nil
}

// bare is what one would write by hand for the same: one conditional update and
// one insert in a transaction.
func (c *claims) bare(ctx context.Context, i int) error {
	tx, err := c.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	lead, now := c.lead(i), c.now.UnixMilli()
	res, err := tx.ExecContext(ctx, "UPDATE bench_leads SET owner_id = ?, team_id = ?, owned_ms = ?, updated_ms = ?, version = version + 1 WHERE id = ? AND owner_id = 0",
		int64(c.rep(i)), 1, now, now, int64(lead))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("%s: %d rows, %w", lead, n, err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO bench_ledger (at_ms, ref, kind, to_user, to_team, pool_id, reason, by_user, quota_day) VALUES (?,?,?,?,?,?,?,?,?)",
		now, lead.String(), "L", int64(c.rep(i)), 1, 1, "claim", int64(c.rep(i)), string(c.day)); err != nil {
		return err
	}
	return tx.Commit()
}

// check fails unless everything that is true with n claims says so.
func (c *claims) check(b testing.TB, n int) {
	b.Helper()
	c.agree(b, n, map[string]string{
		"owned leads":     "SELECT COUNT(*) FROM crm_leads WHERE owner_id <> 0 AND owned_ms <> 0 AND version = 2",
		"ledger":          "SELECT COUNT(*) FROM crm_ownership_ledger WHERE reason = 'claim'",
		"leads in ledger": "SELECT COUNT(DISTINCT l.id) FROM crm_leads l JOIN crm_ownership_ledger g ON g.ref = CONCAT('L-', l.id) AND g.to_user = l.owner_id AND g.to_team = l.team_id",
		"facts":           "SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'lead.claim' AND qty = 1",
		"daily sums":      "SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'lead.claim'",
		"audit":           "SELECT COUNT(*) FROM crm_audit WHERE action = 'ownership.claim'",
		"outbox":          "SELECT COUNT(DISTINCT ref) FROM crm_outbox WHERE kind = 'refresh' AND ref LIKE 'L-%'",
		"events":          "SELECT COUNT(*) FROM crm_processed_events WHERE event_id LIKE 'claim-%'",
	})
}

// BenchmarkClaim is a claim by text, from the runtime to the commit and the
// finished card, with ledger, facts, audit and outbox, next to the bare
// transaction of two statements in the same run.
func BenchmarkClaim(b *testing.B) {
	c := newClaims(b, testdb.MySQL(b), 10_000)
	done := 0
	for _, n := range callers {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) {
			b.StopTimer()
			c.more(b, done, b.N)
			compare(b, n, 1, &done, c.bare, c.whole)
		})
	}
	c.check(b, done)
}

// BenchmarkClaimOpenLoop is 500 claims a second for 20 seconds, whether earlier
// ones are done or not. The aim is a p99 below 50 ms.
func BenchmarkClaimOpenLoop(b *testing.B) {
	const rate, length = 500, 20 * time.Second
	c := newClaims(b, testdb.MySQL(b), 0)
	done := 0
	for b.Loop() {
		b.StopTimer()
		c.more(b, done, rate*int(length.Seconds()))
		b.StartTimer()
		n, lat := openLoop(b, rate, length, done, c.whole)
		done += n
		b.ReportMetric(ms(lat.quantile(0.50)), "p50-ms")
		b.ReportMetric(ms(lat.quantile(0.99)), "p99-ms")
		b.ReportMetric(ms(lat.quantile(1)), "max-ms")
	}
	c.check(b, done)
}
