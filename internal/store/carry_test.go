package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
	"crmbot/internal/testenv"
)

// onBoth runs a test on an empty, migrated database of each kind.
func onBoth(t *testing.T, run func(t *testing.T, d *DB)) {
	for name, dsn := range map[string]func(t *testing.T) string{
		"sqlite": func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") },
		"mysql":  func(t *testing.T) string { return testenv.MySQL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Open(t.Context(), dsn(t), crm.WallClock{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { d.Close() })
			if _, err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			run(t, d)
		})
	}
}

func (d *DB) countOf(t *testing.T, query string) int {
	t.Helper()
	var n int
	if err := d.r.Raw(query).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

const counterRows = "SELECT COUNT(*) FROM crm_counters"

func counter(name string) statement {
	return statement{"INSERT INTO crm_counters (name, val) VALUES (?, 1)", []any{name}}
}

// A redelivered event fails at the first statement of whatever kind, also when
// the closure would take a duplicate key of its own for an answer.
func TestRedeliveredEventStopsAtTheFirstStatement(t *testing.T) {
	onBoth(t, func(t *testing.T, d *DB) {
		event := func() context.Context {
			return WithSequence(crm.WithEvent(t.Context(), crm.Event{Platform: "webchat", ID: "e1"}))
		}
		if err := d.InTx(event(), func(ctx context.Context) error { return d.later(ctx, counter("first")) }); err != nil {
			t.Fatal(err)
		}
		for name, work := range map[string]func(ctx context.Context) error{
			"read": func(ctx context.Context) error {
				var n int
				return d.read(ctx).Raw(counterRows).Scan(&n).Error
			},
			"write that tolerates a duplicate": func(ctx context.Context) error {
				if err := d.write(ctx).Exec("INSERT INTO crm_counters (name, val) VALUES ('second', 1)").Error; !duplicate(err) {
					return err
				}
				return d.write(ctx).Exec("INSERT INTO crm_counters (name, val) VALUES ('third', 1)").Error
			},
			"queued write": func(ctx context.Context) error { return d.later(ctx, counter("fourth")) },
			"swallowed error": func(ctx context.Context) error {
				_ = d.write(ctx).Exec("INSERT INTO crm_counters (name, val) VALUES ('fifth', 1)").Error
				return nil
			},
			"nothing": func(context.Context) error { return nil },
		} {
			if err := d.InTx(event(), work); crm.CodeOf(err) != crm.CodeDuplicate {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := d.countOf(t, counterRows); n != 1 {
			t.Errorf("%d counters, want the first one only", n)
		}
	})
}

// A duplicate key of the first statement's own is its caller's to judge, and
// everything around it is kept.
func TestDuplicateKeyOfTheFirstStatementIsItsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, d *DB) {
		if err := d.InTx(t.Context(), func(ctx context.Context) error { return d.later(ctx, counter("taken")) }); err != nil {
			t.Fatal(err)
		}
		for _, queued := range []bool{false, true} {
			ctx := WithSequence(crm.WithEvent(t.Context(), crm.Event{Platform: "webchat", ID: map[bool]string{false: "alone", true: "queued"}[queued]}))
			err := d.InTx(ctx, func(ctx context.Context) error {
				if queued {
					if err := d.later(ctx, counter("before")); err != nil {
						return err
					}
				}
				err := d.write(ctx).Exec("INSERT INTO crm_counters (name, val) VALUES ('taken', 1)").Error
				if !duplicate(err) {
					t.Errorf("queued %v: a taken key gave %v", queued, err)
				}
				return d.write(ctx).Exec("UPDATE crm_counters SET val = val + 1 WHERE name = 'taken'").Error
			})
			if err != nil {
				t.Errorf("queued %v: %v", queued, err)
			}
		}
		if n := d.countOf(t, "SELECT val FROM crm_counters WHERE name = 'taken'"); n != 3 {
			t.Errorf("the counter stands at %d, want 3", n)
		}
		if n := d.countOf(t, counterRows); n != 2 {
			t.Errorf("%d counters, want taken and before", n)
		}
		if n := d.countOf(t, "SELECT COUNT(*) FROM crm_processed_events"); n != 2 {
			t.Errorf("%d events, want 2", n)
		}
	})
}

// A queued statement that fails ends the transaction, whatever the closure
// makes of the error.
func TestQueuedFailureEndsTheTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, d *DB) {
		err := d.InTx(t.Context(), func(ctx context.Context) error {
			if err := d.later(ctx, counter("kept?")); err != nil {
				return err
			}
			if err := d.later(ctx, statement{query: "INSERT INTO crm_no_such_table (id) VALUES (1)"}); err != nil {
				return err
			}
			var n int
			if err := d.read(ctx).Raw(counterRows).Scan(&n).Error; err == nil {
				t.Error("a read behind a failed statement succeeded")
			}
			if err := d.write(ctx).Exec("INSERT INTO crm_counters (name, val) VALUES ('after', 1)").Error; err == nil {
				t.Error("a write behind a failed statement succeeded")
			}
			return nil
		})
		if err == nil {
			t.Error("the transaction succeeded")
		}
		if n := d.countOf(t, counterRows); n != 0 {
			t.Errorf("%d counters were kept", n)
		}
	})
}

// What is queued is seen by the reads behind it, in the order in which it was
// written, and a long queue loses nothing.
func TestReadsSeeWhatIsQueued(t *testing.T) {
	onBoth(t, func(t *testing.T, d *DB) {
		entries := make([]pool.Entry, 700) // more than travels in one round trip
		for i := range entries {
			entries[i] = pool.Entry{At: time.UnixMilli(int64(i + 1)).UTC(), Ref: crm.LeadID(9).Ref(), To: 5, Reason: pool.Claim, QuotaDay: "2026-03-02", Note: "x"}
		}
		err := d.InTx(t.Context(), func(ctx context.Context) error {
			if err := errors.Join(d.AddEntries(ctx, entries[:1]...), d.LockQuota(ctx, crm.KindLead, 5), d.AddEntries(ctx, entries[1:]...)); err != nil {
				return err
			}
			last, err := d.History(ctx, crm.LeadID(9).Ref(), 2)
			if err != nil || len(last) != 2 || !last[0].At.Equal(entries[699].At) || last[0].Note != "x" || last[0].To != 5 {
				t.Errorf("history %+v, %v", last, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := d.countOf(t, "SELECT COUNT(*) FROM crm_ownership_ledger"); n != len(entries) {
			t.Errorf("%d entries, want %d", n, len(entries))
		}
	})
}

// A look that was asked ahead is answered by the next read, and one that did
// not get its turn says so.
func TestLookAheadTravelsWithTheLead(t *testing.T) {
	onBoth(t, func(t *testing.T, d *DB) {
		now := time.UnixMilli(1_772_500_000_000).UTC()
		l := lead.Lead{Info: lead.Info{Company: "华星"}, Status: lead.Open, Pool: 1, Version: 1, CreatedAt: now}
		if err := d.InsertLeads(t.Context(), []*lead.Lead{&l}); err != nil {
			t.Fatal(err)
		}
		look := pool.Look{Kind: crm.KindLead, User: 5, Day: "2026-03-02", DayStart: now.Add(-time.Hour), BurstSince: now.Add(-time.Minute), Ref: l.Ref(), Most: 10}
		err := d.InTx(t.Context(), func(ctx context.Context) error {
			if err := d.AddEntries(ctx, pool.Entry{At: now, Ref: l.Ref(), To: 5, Reason: pool.Claim, QuotaDay: "2026-03-02"}); err != nil {
				return err
			}
			d.LookAhead(ctx, &look)
			if look.Done {
				t.Error("answered before anything was read")
			}
			got, err := d.LockLead(ctx, l.ID)
			if err != nil || got.Company != "华星" {
				t.Errorf("lead %+v, %v", got, err)
			}
			if want := (pool.Standing{Claims: 1, Burst: 1}); !look.Done || look.Standing != want || len(look.Past) != 1 || look.Past[0].To != 5 {
				t.Errorf("look %+v", look)
			}
			for i, want := range []bool{true, false} { // held once; the second one has an old version
				ok, err := d.MoveLead(ctx, got, pool.Stamp{At: now, Owner: crm.UserID(5 + i), Team: 2, Pool: 1}, lead.Open, "")
				if err != nil || ok != want {
					t.Errorf("move %d: %v, %v", i+1, ok, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Lead(t.Context(), l.ID)
		if err != nil || got.Owner != 5 || got.Version != 2 || !got.OwnedAt.Equal(now) {
			t.Errorf("after the move %+v, %v", got, err)
		}
	})
}
