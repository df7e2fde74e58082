package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/outbox"
	"crmbot/internal/store"
)

func lease(t *testing.T, db *store.DB, clock crm.Clock, owner string, n int) []outbox.Row {
	t.Helper()
	now := clock.Now()
	rows, err := db.LeaseOutbox(t.Context(), owner, now, now.Add(2*time.Minute), n)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func keys(rows []outbox.Row) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Key
	}
	return out
}

func wantKeys(t *testing.T, what string, rows []outbox.Row, want ...string) {
	t.Helper()
	if got := keys(rows); !slices.Equal(got, want) {
		t.Errorf("%s: leased %v, want %v", what, got, want)
	}
}

func put(t *testing.T, db *store.DB, id string, about ...crm.Ref) store.SentCard {
	t.Helper()
	c, err := db.PutSent(t.Context(), store.SentCard{Message: bot.MessageRef{Platform: "webchat", Chat: "u1", ID: id}, View: crm.View{Name: "lead.card", Ref: "L-1"}, User: 1, About: about, Digest: "d"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Outbox is the contract of outbox.Store: leases, order per topic, retries.
func Outbox(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	fx := db.Effects()
	queue := func(key, topic string, to crm.Target, after time.Time) {
		t.Helper()
		if err := db.InTx(ctx, func(ctx context.Context) error {
			return fx.Notify(ctx, crm.Notice{To: to, Key: key, Topic: topic, View: crm.View{Name: "v", Ref: key}, After: after})
		}); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	one, none := crm.ToUser(1), time.Time{}

	// Leases.
	queue("a", "", one, none)
	queue("b", "", one, none)
	queue("later", "", one, clock.Now().Add(time.Hour))
	first := lease(t, db, clock, "A", 10)
	wantKeys(t, "two due rows", first, "a", "b")
	if first[0].To != one || first[0].View.Ref != "a" || first[0].Refresh {
		t.Errorf("row came back as %+v", first[0])
	}
	wantKeys(t, "leased rows", lease(t, db, clock, "B", 10))
	if next, err := db.NextOutbox(ctx); err != nil || !next.Equal(clock.Now().Add(2*time.Minute)) {
		t.Errorf("next lease at %s, want when the first ends; %v", next, err)
	}
	must(db.FinishOutbox(ctx, first[0].ID, "B", clock.Now())) // not B's
	must(db.FinishOutbox(ctx, first[1].ID, "A", clock.Now()))
	move(t, clock, 3*time.Minute)
	again := lease(t, db, clock, "B", 10)
	wantKeys(t, "a crashed worker's row", again, "a")
	must(db.FinishOutbox(ctx, again[0].ID, "A", clock.Now())) // A comes back too late
	if _, done, err := db.Delivered(ctx, "a"); err != nil || done {
		t.Errorf("marked by somebody whose lease was over: %v %v", done, err)
	}
	must(db.RetryOutbox(ctx, again[0].ID, "B", clock.Now().Add(time.Minute), true, "no network"))
	wantKeys(t, "before its retry", lease(t, db, clock, "B", 10))
	move(t, clock, time.Minute)
	again = lease(t, db, clock, "B", 10)
	wantKeys(t, "at its retry", again, "a")
	if again[0].Tries != 1 {
		t.Errorf("%d tries after one failure", again[0].Tries)
	}
	must(db.ReleaseOutbox(ctx, "B", []int64{again[0].ID}, true))
	again = lease(t, db, clock, "A", 10)
	wantKeys(t, "a released row", again, "a")
	if again[0].Tries != 1 {
		t.Errorf("giving back counted as a try: %d", again[0].Tries)
	}
	if !again[0].Again {
		t.Error("a row whose delivery began came back as new")
	}
	must(db.BuryOutbox(ctx, again[0].ID, "A", clock.Now(), "gone"))

	// Only a row that a platform may have got is delivered again.
	queue("fresh", "", one, none)
	fresh := lease(t, db, clock, "A", 10)
	wantKeys(t, "a new row", fresh, "fresh")
	must(db.ReleaseOutbox(ctx, "A", []int64{fresh[0].ID}, false))
	if fresh = lease(t, db, clock, "B", 10); len(fresh) != 1 || fresh[0].Again {
		t.Errorf("given back before it began: %+v", fresh)
	}
	must(db.RetryOutbox(ctx, fresh[0].ID, "B", clock.Now(), false, "busy"))
	if fresh = lease(t, db, clock, "A", 10); len(fresh) != 1 || fresh[0].Again || fresh[0].Tries != 1 {
		t.Errorf("let out by nobody: %+v", fresh)
	}
	must(db.RetryOutbox(ctx, fresh[0].ID, "A", clock.Now(), true, "no answer"))
	if fresh = lease(t, db, clock, "A", 10); len(fresh) != 1 || !fresh[0].Again {
		t.Errorf("perhaps shown: %+v", fresh)
	}
	must(db.FinishOutbox(ctx, fresh[0].ID, "A", clock.Now()))
	if next, err := db.NextOutbox(ctx); err != nil || !next.Equal(clock.Now().Add(time.Hour-4*time.Minute)) {
		t.Errorf("next lease at %s, want that of the delayed row; %v", next, err)
	}
	if next, err := db.NextOutboxAfter(ctx, clock.Now().Add(time.Hour)); err != nil || !next.IsZero() {
		t.Errorf("nothing is due after that, got %s, %v", next, err)
	}

	// Topics: the newest replaces those that wait, per target.
	queue("t1", "draft", one, none)
	queue("t2", "draft", one, none)
	queue("other", "draft", crm.ToUser(2), none)
	got := lease(t, db, clock, "A", 10)
	wantKeys(t, "newest of a topic", got, "t2", "other")
	if n := Count(t, db, "crm_outbox", "okey = 't1' AND state = 3"); n != 1 {
		t.Error("the older one was not superseded")
	}
	queue("t3", "draft", one, none)
	wantKeys(t, "while an older one is under way", lease(t, db, clock, "B", 10))
	must(db.RetryOutbox(ctx, got[0].ID, "A", clock.Now().Add(time.Minute), true, "failed"))
	must(db.FinishOutbox(ctx, got[1].ID, "A", clock.Now()))
	got = lease(t, db, clock, "B", 10)
	wantKeys(t, "after it failed", got, "t3")
	move(t, clock, 90*time.Second)
	wantKeys(t, "an old one never comes after a newer one", lease(t, db, clock, "A", 10))
	must(db.FinishOutbox(ctx, got[0].ID, "B", clock.Now()))
	move(t, clock, 10*time.Minute)
	wantKeys(t, "nothing is left of the topic", lease(t, db, clock, "A", 10))

	// Rows of busy topics in front do not hide what is behind them.
	for i := range 20 {
		queue(fmt.Sprintf("busy%d", i), fmt.Sprintf("busy%d", i), one, none)
	}
	if rows := lease(t, db, clock, "A", 20); len(rows) != 20 {
		t.Fatalf("leased %d of 20", len(rows))
	}
	for i := range 20 {
		queue(fmt.Sprintf("again%d", i), fmt.Sprintf("busy%d", i), one, none)
	}
	queue("behind", "", one, none)
	wantKeys(t, "behind twenty busy topics", lease(t, db, clock, "B", 4), "behind")

	// Updates: one row per record, and who was shown meanwhile is told.
	since := clock.Now()
	refs := []crm.Ref{crm.LeadID(9).Ref()}
	missed := func(want bool, when string) {
		t.Helper()
		if got, err := db.RefreshedSince(ctx, refs, since); err != nil || got != want {
			t.Errorf("%s: refreshed since is %v, %v", when, got, err)
		}
	}
	move(t, clock, 10*time.Minute) // the busy ones of A are over
	for _, r := range lease(t, db, clock, "B", 100) {
		must(db.FinishOutbox(ctx, r.ID, "B", clock.Now()))
	}
	must(db.InTx(ctx, func(ctx context.Context) error { return fx.Refresh(ctx, refs[0]) }))
	missed(false, "queued only")
	rows := lease(t, db, clock, "A", 10)
	if len(rows) != 1 || !rows[0].Refresh || rows[0].View.Ref != "L-9" {
		t.Fatalf("an update came as %+v", rows)
	}
	missed(true, "under way")
	must(db.FinishOutbox(ctx, rows[0].ID, "A", clock.Now()))
	missed(true, "done")
	since = clock.Now().Add(time.Millisecond)
	missed(false, "done before")
}

// Sent is the contract of sent cards: what they are about, and claims.
func Sent(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	a, b := crm.LeadID(1).Ref(), crm.AccountID(2).Ref()
	c := put(t, db, "m1", a, b, a)
	about := func(ref crm.Ref) []store.SentCard {
		t.Helper()
		list, err := db.SentAbout(ctx, ref.String(), clock.Now().Add(-time.Hour), 10)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := about(b); len(got) != 1 || got[0].ID != c.ID || got[0].User != 1 || got[0].Digest != "d" {
		t.Fatalf("about %s: %+v", b, got)
	}
	if again := put(t, db, "m1", a); again.ID != c.ID || again.Rev <= c.Rev || len(about(b)) != 0 || len(about(a)) != 1 {
		t.Errorf("shown again as %+v", again)
	}
	// Somebody claims, is overtaken, and learns it.
	c, ok, err := db.SentMessage(ctx, c.Message)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if ok, err := db.ClaimSent(ctx, c.ID, c.Rev); err != nil || !ok {
		t.Fatalf("claim: %v %v", ok, err)
	}
	if ok, err := db.ClaimSent(ctx, c.ID, c.Rev); err != nil || ok {
		t.Errorf("the same state was claimed twice: %v", err)
	}
	if now, _, err := db.SentMessage(ctx, c.Message); err != nil || now.Rev != c.Rev+1 || now.Digest != "" {
		t.Errorf("a claimed card: %+v, %v", now, err)
	}
	if ok, err := db.ClaimSent(ctx, c.ID, c.Rev+1); err != nil || !ok {
		t.Fatalf("second claim: %v %v", ok, err)
	}
	if ok, err := db.FinishSent(ctx, c.ID, c.Rev+1, "old", []crm.Ref{b}); err != nil || ok {
		t.Errorf("the overtaken update counts: %v", err)
	}
	if ok, err := db.FinishSent(ctx, c.ID, c.Rev+2, "new", []crm.Ref{b}); err != nil || !ok {
		t.Errorf("the last update does not count: %v", err)
	}
	if got := about(b); len(got) != 1 || got[0].Digest != "new" || len(about(a)) != 0 {
		t.Errorf("after the update: %+v", got)
	}
	if ok, err := db.ClaimSent(ctx, c.ID, c.Rev+2); err != nil || !ok {
		t.Fatal(ok, err)
	}
	put(t, db, "m1", b) // an answer replaced it during the update
	if ok, err := db.FinishSent(ctx, c.ID, c.Rev+3, "x", nil); err != nil || ok {
		t.Errorf("an update that an answer overtook counts: %v", err)
	}
	if err := db.ForgetSent(ctx, c.ID); err != nil || len(about(b)) != 0 || Count(t, db, "crm_sent_refs", "") != 0 {
		t.Errorf("forgotten card is still there: %v", err)
	}
	put(t, db, "m2", a)
	move(t, clock, 2*time.Hour)
	if got := about(a); len(got) != 0 {
		t.Errorf("too old a card came: %+v", got)
	}
}

// Jobs is the contract of sched.Store.
func Jobs(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	now := clock.Now()
	due, later := now.Add(-time.Minute), now.Add(time.Hour)
	for _, d := range []time.Time{due, later} {
		if err := db.InitJob(ctx, "j", d); err != nil {
			t.Fatal(err)
		}
	}
	cursor := func() time.Time {
		t.Helper()
		c, err := db.JobCursors(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return c["j"]
	}
	if !cursor().Equal(due) {
		t.Fatalf("cursor %s, want the first time %s", cursor(), due)
	}
	take := func(owner string, d, at time.Time, want bool) {
		t.Helper()
		if ok, err := db.LeaseJob(ctx, "j", d, owner, at, at.Add(10*time.Minute)); err != nil || ok != want {
			t.Errorf("lease for %s: %v %v, want %v", owner, ok, err, want)
		}
	}
	take("A", later, now, false)
	take("A", due, now, true)
	take("B", due, now, false)
	take("A", due, now, true) // renewed
	take("B", due, now.Add(11*time.Minute), true)
	if err := db.AdvanceJob(ctx, "j", due, later, "A", "done"); err != nil || !cursor().Equal(due) {
		t.Errorf("somebody without the lease moved the job to %s: %v", cursor(), err)
	}
	if err := db.AdvanceJob(ctx, "j", due, later, "B", "done"); err != nil || !cursor().Equal(later) {
		t.Errorf("cursor %s, want %s: %v", cursor(), later, err)
	}
	if n := Count(t, db, "crm_job_runs", "name = 'j' AND due_ms = ? AND result = 'done'", due.UnixMilli()); n != 1 || Count(t, db, "crm_job_runs", "") != 1 {
		t.Errorf("%d runs logged, want one", n)
	}
	take("A", later, later, true)
	if err := db.AdvanceJob(ctx, "j", later, time.Time{}, "A", "done"); err != nil || !cursor().IsZero() {
		t.Errorf("a job that never runs again is due at %s: %v", cursor(), err)
	}
	if c, err := db.JobCursors(ctx); err != nil || len(c) != 1 {
		t.Errorf("it is unknown now: %v %v", c, err)
	}
}
