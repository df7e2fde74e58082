package undo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
	"crmbot/internal/undo"
)

type desk struct {
	*undo.Service
	t     *testing.T
	db    *store.DB
	clock *crm.MovableClock
	done  []string
	fail  error
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, clock: crm.NewMovableClock(time.Date(2026, 3, 4, 7, 0, 0, 0, time.UTC), true)}
	var err error
	if d.db, err = store.Open(t.Context(), testdb.SQLite(t), d.clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.db.Close() })
	if _, err := d.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	book, err := rule.NewBook(d.db, d.clock, undo.Settings()...)
	if err != nil {
		t.Fatal(err)
	}
	d.Service = undo.NewService(d.db, d.db, d.db.Effects(), d.clock, book)
	d.Register("deed", func(_ context.Context, a crm.Actor, e undo.Entry) error {
		if d.fail != nil {
			return d.fail
		}
		d.done = append(d.done, e.Ref)
		return nil
	})
	return d
}

func (d *desk) deed(a crm.Actor, kind, ref string) {
	d.t.Helper()
	if err := d.db.InTx(d.t.Context(), func(ctx context.Context) error {
		_, err := d.Log(ctx, a, kind, ref, crm.Text{Zh: "做了" + ref, En: "did " + ref}, "")
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
}

var li, zhang = crm.Actor{ID: 1}, crm.Actor{ID: 2}

// CH-01: the newest own deed first, each once, and within ten minutes only.
func TestLastCH01(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.deed(li, "deed", "V-1")
	d.deed(li, "deed", "V-2")
	d.deed(zhang, "deed", "V-3")
	d.deed(li, "deed", "V-4")
	for _, ref := range []string{"", "V-1"} {
		if _, err := d.Last(ctx, li, ref); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(d.done, " "); got != "V-4 V-1" {
		t.Errorf("taken back: %s", got)
	}
	for what, ref := range map[string]string{"once": "V-1", "somebody else's": "V-3"} {
		if _, err := d.Last(ctx, li, ref); crm.RuleOf(err) != "CH-01" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if until, err := d.Until(ctx, "deed", "V-2"); err != nil || !until.Equal(d.clock.Now().Add(10*time.Minute)) {
		t.Errorf("until %v, %v", until, err)
	}
	if until, err := d.Until(ctx, "deed", "V-1"); err != nil || !until.IsZero() {
		t.Errorf("taken back, but until %v, %v", until, err)
	}
	if err := d.clock.Set(d.clock.Now().Add(10*time.Minute + time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err := d.Last(ctx, li, "")
	if crm.CodeOf(err) != crm.CodeRefused || !strings.Contains(crm.MessageOf(err, crm.English), "within 10 minutes") {
		t.Errorf("too late: %v", err)
	}
}

// A deed that cannot be reversed any more can be tried again: the entry stays.
func TestFailedReverseKeepsTheEntry(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.deed(li, "deed", "V-1")
	d.fail = errors.New("built upon")
	if _, err := d.Last(ctx, li, ""); !errors.Is(err, d.fail) {
		t.Fatalf("got %v", err)
	}
	d.fail = nil
	if _, err := d.Last(ctx, li, ""); err != nil || len(d.done) != 1 {
		t.Errorf("the second try: %v, %v", err, d.done)
	}
}

func TestTakeRefuses(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	if _, err := d.Take(ctx, zhang, undo.Entry{ID: 1, User: li.ID, Kind: "deed"}); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("somebody else's: %v", err)
	}
	d.deed(li, "unknown", "X")
	if _, err := d.Last(ctx, li, ""); crm.CodeOf(err) != crm.CodeRefused {
		t.Errorf("an unknown kind: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a kind was registered twice")
		}
	}()
	d.Register("deed", nil)
}
