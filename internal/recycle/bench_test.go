package recycle_test

import (
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmbot/internal/recycle"
	"crmbot/internal/rule"
	"crmbot/internal/testdb"
)

// EnvRecycle sizes the benchmark: "1000000 100000" are a million owned leads of
// which a hundred thousand are due.
const EnvRecycle = "CRMBOT_BENCH_RECYCLE"

// BenchmarkRecycle is one day of recycling on MySQL: the nightly run that works
// out the day of every owned lead, the look that warns, and the releases; each
// next to the same rows written by database/sql. claim-wait is the longest that
// one update of a single lead took during the releases, as a claim does it.
func BenchmarkRecycle(b *testing.B) {
	leads, due := 10_000, 500
	if s := strings.Fields(os.Getenv(EnvRecycle)); len(s) == 2 {
		leads, _ = strconv.Atoi(s[0])
		due, _ = strconv.Atoi(s[1])
	}
	var nightly, warning, releasing, bareDays, bareReleases, wait time.Duration
	for b.Loop() {
		h := newHouse(b, testdb.MySQL(b))
		raw, err := h.app.DB.SQL()
		h.must(err)
		for key, value := range map[string]string{"P-16.count": "1000000", "P-16.percent": "100", "P-16.rep_percent": "100"} {
			h.set(key, value)
		}
		h.fill(leads, due)
		h.at("2026-03-16 02:40")
		start := time.Now()
		h.must(h.keep.Nightly(h.ctx))
		nightly += time.Since(start)
		if n := h.count("SELECT COUNT(*) FROM crm_keepings WHERE release_day = '2026-03-16'"); n != due {
			b.Fatalf("%d leads are due, want %d", n, due)
		}
		bareDays += h.bareDays(raw, leads)
		h.at("2026-03-16 09:00")
		start = time.Now()
		h.must(h.keep.Warn(h.ctx))
		warning += time.Since(start)
		h.at("2026-03-16 10:00")
		stop, longest := make(chan struct{}), make(chan time.Duration)
		go func() { longest <- longestUpdate(raw, leads, due, stop) }()
		start = time.Now()
		h.must(h.keep.Release(h.ctx))
		releasing += time.Since(start)
		bareReleases += h.bareReleases(raw, due)
		close(stop)
		wait = max(wait, <-longest)
		if n := h.count("SELECT COUNT(*) FROM crm_ownership_ledger WHERE reason = 'recycle'"); n != due {
			b.Fatalf("%d releases, want %d", n, due)
		}
	}
	n := time.Duration(b.N)
	nightly, warning, releasing, bareDays, bareReleases = nightly/n, warning/n, releasing/n, bareDays/n, bareReleases/n
	per := func(d time.Duration, n int) float64 { return float64(d.Microseconds()) / float64(n) } // ms per 1,000
	b.ReportMetric(per(nightly, leads), "ms/1000-nightly")
	b.ReportMetric(float64(nightly)/float64(bareDays), "nightly-times-bare")
	b.ReportMetric(float64(warning.Milliseconds()), "ms-warnings")
	b.ReportMetric(per(releasing, due), "ms/1000-released")
	b.ReportMetric(float64(releasing)/float64(bareReleases), "release-times-bare")
	b.ReportMetric(float64(wait.Microseconds())/1000, "ms-longest-claim-wait")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkPreview is what an administrator waits for before a change of the
// periods (RC-02): of all leads, and of one person of 2,000; next to a bare read of
// all rows.
func BenchmarkPreview(b *testing.B) {
	leads := 10_000
	if s := strings.Fields(os.Getenv(EnvRecycle)); len(s) > 0 {
		leads, _ = strconv.Atoi(s[0])
	}
	h := newHouse(b, testdb.MySQL(b))
	raw, err := h.app.DB.SQL()
	h.must(err)
	h.fill(leads, 0)
	h.exec("UPDATE crm_keepings SET owner_id = 1000 + record_id % 2000 WHERE record_id % 2000 > 0")
	h.exec("UPDATE crm_leads SET owner_id = 1000 + id % 2000 WHERE id % 2000 > 0")
	h.exec("UPDATE crm_keepings SET owner_id = ? WHERE record_id % 2000 = 0", int64(h.who["李娜"]))
	h.exec("UPDATE crm_leads SET owner_id = ? WHERE id % 2000 = 0", int64(h.who["李娜"]))
	h.at("2026-03-16 09:30")
	for name, scope := range map[string]rule.Scope{"company": "", "person": rule.Scope(fmt.Sprintf("user:%d", h.who["李娜"]))} {
		b.Run(name, func(b *testing.B) {
			var ours, bare time.Duration
			for b.Loop() {
				start := time.Now()
				p, err := h.keep.Preview(h.ctx, recycle.LeadPeriods, scope, idleDays(5), h.clock.Now())
				h.must(err)
				if want := leads; scope == "" && p.Affected != want || scope != "" && p.Affected != want/2000 {
					b.Fatalf("%d of %d leads are affected", p.Affected, want)
				}
				ours += time.Since(start)
				start = time.Now()
				for after := 0; ; {
					n := 0
					rows, err := raw.QueryContext(h.ctx, "SELECT k.record_id, k.owner_id, k.release_day, l.company, l.grade, l.owned_ms, l.last_valid_ms FROM crm_keepings k JOIN crm_leads l ON l.id = k.record_id WHERE k.kind = 'L' AND k.record_id > ? ORDER BY k.record_id LIMIT 500", after)
					h.must(err)
					for ; rows.Next(); n++ {
						var owner, owned, valid int64
						var day, company, grade string
						h.must(rows.Scan(&after, &owner, &day, &company, &grade, &owned, &valid))
					}
					h.must(rows.Close())
					if n == 0 {
						break
					}
				}
				bare += time.Since(start)
			}
			b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ms")
			b.ReportMetric(float64(ours)/float64(bare), "times-bare")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// fill makes leads of grade C of three owners. The first so many were last worked
// on when they were got, two weeks ago, and were warned of; the others on Friday.
func (h *house) fill(leads, due int) {
	owners := []int64{int64(h.who["李娜"]), int64(h.who["张伟"]), int64(h.who["赵敏"])}
	got, friday, delivered := moment(owned).UnixMilli(), moment("2026-03-13 11:00").UnixMilli(), moment("2026-03-13 09:01").UnixMilli()
	const batch = 1000
	for from := 0; from < leads; from += batch {
		var lead, keep, line []string
		for i := from; i < min(from+batch, leads); i++ {
			o, valid := owners[i%3], friday
			if i < due {
				valid = 0
				line = append(line, fmt.Sprintf("('L',%d,%d,'2026-03-16',1,'2026-03-13',%d,'bench',%d)", i+1, o, delivered, delivered))
			}
			lead = append(lead, fmt.Sprintf("(%d,'公司%d','','','C','open',%d,%d,1,%d,%d,%d,1)", i+1, i, o, h.team, got, got, valid))
			keep = append(keep, fmt.Sprintf("('L',%d,%d,'2026-03-16')", i+1, o))
		}
		h.exec("INSERT INTO crm_leads (id, company, need, note, grade, status, owner_id, team_id, pool_id, created_ms, owned_ms, last_valid_ms, version) VALUES " + strings.Join(lead, ","))
		h.exec("INSERT INTO crm_keepings (kind, record_id, owner_id, release_day) VALUES " + strings.Join(keep, ","))
		if len(line) > 0 {
			h.exec("INSERT INTO crm_keeping_lines (kind, record_id, owner_id, release_day, step, day, at_ms, card, delivered_ms) VALUES " + strings.Join(line, ","))
		}
	}
}

// bareDays writes a day into every row with a prepared statement, 500 to a
// transaction.
func (h *house) bareDays(raw *sql.DB, leads int) time.Duration {
	start := time.Now()
	for from := 0; from < leads; from += 500 {
		tx, err := raw.Begin()
		h.must(err)
		st, err := tx.Prepare("UPDATE crm_keepings SET slip = 'x' WHERE kind = 'L' AND record_id = ? AND owner_id <> 0")
		h.must(err)
		for i := from; i < min(from+500, leads); i++ {
			_, err := st.Exec(i + 1)
			h.must(err)
		}
		h.must(tx.Commit())
	}
	took := time.Since(start)
	h.exec("UPDATE crm_keepings SET slip = ''")
	return took
}

// bareReleases writes what a release leaves behind, a transaction each, for as
// many leads that are not due.
func (h *house) bareReleases(raw *sql.DB, due int) time.Duration {
	start := time.Now()
	for i := range due {
		id := due + 1 + i // others than those that are due
		tx, err := raw.Begin()
		h.must(err)
		for _, q := range []string{
			"SELECT COUNT(*) FROM (SELECT id FROM crm_leads WHERE id = %d FOR UPDATE) x",
			"UPDATE crm_leads SET owner_id = 0, pooled_ms = 1, version = version + 1 WHERE id = %d",
			"INSERT INTO crm_ownership_ledger (at_ms, ref, kind, from_user, pool_id, reason) VALUES (1, 'L-%d', 'L', 1, 1, 'bench')",
			"SELECT * FROM crm_keepings WHERE kind = 'L' AND record_id = %d", "SELECT * FROM crm_keeping_lines WHERE kind = 'L' AND record_id = %d", "SELECT * FROM crm_ownership_ledger WHERE ref = 'L-%d'",
			"INSERT INTO crm_facts (at_ms, day, user_id, team_id, metric_key, qty, ref) VALUES (1, '2026-01-01', 1, 1, 'bench', 1, 'L-%d')",
			"INSERT INTO crm_fact_daily (metric_key, day, user_id, team_id, qty) VALUES ('bench', '2026-01-01', 1, 1, %d) ON DUPLICATE KEY UPDATE qty = qty + 1",
			"INSERT INTO crm_audit (at_ms, action, ref, rule_id, detail) VALUES (1, 'bench', 'L-%[1]d', 'P-11', '{}'), (1, 'bench', 'L-%[1]d', 'P-11', '{}')",
			"INSERT INTO crm_outbox (okey, kind, ref, topic, state, done_ms) VALUES ('bench-%[1]d', 'refresh', 'L-%[1]d', 'refresh:L-%[1]d', 1, 1)",
			"DELETE FROM crm_keepings WHERE kind = 'L' AND record_id = %d", "UPDATE crm_keeping_lines SET outcome = 2 WHERE kind = 'L' AND record_id = %d",
			"UPDATE crm_recycle_items SET state = 1 WHERE day = '2026-01-01' AND kind = 'L' AND record_id = %d",
		} {
			_, err := tx.Exec(fmt.Sprintf(q, id))
			h.must(err)
		}
		h.must(tx.Commit())
	}
	return time.Since(start)
}

// longestUpdate changes single leads, the due ones too, until it is stopped, and
// returns how long the slowest took.
func longestUpdate(raw *sql.DB, leads, due int, stop chan struct{}) time.Duration {
	var longest time.Duration
	now := time.NewTicker(2 * time.Millisecond) // somebody claims now and then
	defer now.Stop()
	for i := 0; ; i = (i + 997) % leads {
		select {
		case <-stop:
			return longest
		case <-now.C:
		}
		for _, id := range []int{i + 1, i%due + 1} {
			start := time.Now()
			if _, err := raw.Exec("UPDATE crm_leads SET updated_ms = updated_ms + 1 WHERE id = ?", id); err == nil {
				longest = max(longest, time.Since(start))
			}
		}
	}
}
