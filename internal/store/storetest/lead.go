package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	ownership "crmbot/internal/pool"
	"crmbot/internal/store"
)

func newLead(now time.Time, company string, owner crm.UserID) *lead.Lead {
	return &lead.Lead{Info: lead.Info{Company: company, Contact: "王总", Title: "经理", Phone: "13800138000", Email: "a@b.example", Address: "南京路", City: "上海", Region: "华东", Industry: "制造业",
		Source: "转介绍", Need: "检测设备 '; DROP TABLE crm_leads; --", Budget: "80 万", Note: "😀", USCC: "91310000", Size: "50-99 人"}, Grade: "B", GradeGiven: true, Score: lead.Score{Source: 30, Complete: 20, Actions: 3, Fit: 2, Decay: 1},
		Status: lead.Open, Quality: "", Owner: owner, Team: 2, Pool: 1, CreatedBy: 9, CreatedAt: now, UpdatedAt: now, Version: 1, OwnedAt: now, PooledAt: now, ClaimableAt: now,
		FirstContactAt: now, LastActivityAt: now, LastValidAt: now,
		Standing: lead.Standing{Grade: "C", Low: 1, LowDay: "2026-03-01"}, Given: lead.Given{Grade: "B", By: 4, At: now, Until: now.Add(time.Hour), Why: "客户已立项"}, NeedAt: now, Became: 77, HandedAt: now}
}

// Lead is the contract of lead.Store and lead.Index: every field comes back, an
// owner changes only from the state that was read, keys are unique.
func Lead(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx, now := t.Context(), clock.Now()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	l := newLead(now, "华星科技", 0)
	must(db.InsertLeads(ctx, []*lead.Lead{l}))
	got, err := db.Lead(ctx, l.ID)
	must(err)
	if diff := cmp.Diff(*l, got); diff != "" {
		t.Errorf("a lead came back changed:\n%s", diff)
	}
	if _, err := db.Lead(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a missing lead gave %v", err)
	}

	// P-05: one conditional update.
	stamp := ownership.Stamp{At: now.Add(time.Hour), Owner: 5, Team: 3, Pool: 1}
	ok, err := db.MoveLead(ctx, got, stamp, lead.Open, "")
	must(err)
	again, err := db.MoveLead(ctx, got, stamp, lead.Open, "")
	must(err)
	if !ok || again {
		t.Errorf("moved %v, and from the old state again %v", ok, again)
	}
	got, err = db.Lead(ctx, l.ID)
	must(err)
	if got.Owner != 5 || got.Team != 3 || !got.OwnedAt.Equal(stamp.At) || got.Version != 2 || got.Handed() {
		t.Errorf("after the move: %+v", got)
	}
	stamp.At, stamp.Handed = stamp.At.Add(time.Hour), true
	ok, err = db.MoveLead(ctx, got, stamp, lead.Open, "")
	must(err)
	if got, err = db.Lead(ctx, l.ID); err != nil || !ok || !got.Handed() || !got.HandedAt.Equal(stamp.At) {
		t.Errorf("HO-02: after a hand-over: %+v %v", got, err)
	}
	if ok, err = db.SetStatus(ctx, *l, lead.Invalid, "", now); err != nil || ok {
		t.Errorf("an old version changed the state: %v %v", ok, err)
	}

	// Keys.
	key := lead.Key{Kind: lead.KeyCompany, Value: "华星科技", Ref: l.Ref()}
	must(db.AddKeys(ctx, key))
	taken := key
	taken.Ref = crm.AccountID(7).Ref()
	err = db.InTx(ctx, func(ctx context.Context) error { return db.AddKeys(ctx, taken) })
	if !errors.Is(err, lead.ErrKeyTaken) {
		t.Errorf("a taken key gave %v", err)
	}
	must(db.MoveKeys(ctx, l.Ref(), taken.Ref))
	found, err := db.FindKeys(ctx, lead.Key{Kind: lead.KeyCompany, Value: "华星科技"}, lead.Key{Kind: lead.KeyPhone, Value: "x"})
	must(err)
	if diff := cmp.Diff([]lead.Key{taken}, found); diff != "" {
		t.Errorf("keys found:\n%s", diff)
	}
	must(db.DropKeys(ctx, taken.Ref))
	if found, err = db.FindKeys(ctx, key); err != nil || len(found) != 0 {
		t.Errorf("dropped keys are found: %v %v", found, err)
	}

	// Collaboration.
	c := lead.Collaboration{Ref: l.Ref(), User: 8, State: lead.CollabAsked, AskedAt: now}
	must(db.SaveCollaboration(ctx, c))
	c.State, c.By, c.ExpiresAt = lead.CollabAccepted, 5, now.Add(time.Hour)
	must(db.SaveCollaboration(ctx, c))
	back, err := db.Collaboration(ctx, l.Ref(), 8)
	must(err)
	if diff := cmp.Diff(c, back); diff != "" {
		t.Errorf("collaboration:\n%s", diff)
	}
	asked, gone := lead.Collaboration{Ref: l.Ref(), User: 7, State: lead.CollabAsked, AskedAt: now}, lead.Collaboration{Ref: l.Ref(), User: 9, State: lead.CollabEnded, AskedAt: now}
	must(db.SaveCollaboration(ctx, asked))
	must(db.SaveCollaboration(ctx, gone))
	live, err := db.LockCollaborations(ctx, l.Ref())
	must(err)
	if diff := cmp.Diff([]lead.Collaboration{asked, c}, live); diff != "" {
		t.Errorf("collaborations:\n%s", diff)
	}

	// P-08: different leads count, the same one once.
	for i, ref := range []crm.Ref{crm.LeadID(1).Ref(), crm.LeadID(1).Ref(), crm.LeadID(2).Ref(), crm.AccountID(2).Ref()} {
		fresh, err := db.AddView(ctx, 5, "2026-03-02", ref)
		must(err)
		n, err := db.Views(ctx, 5, "2026-03-02", ref.Kind)
		must(err)
		if want := []int{1, 1, 2, 1}[i]; n != want || fresh == (i == 1) {
			t.Errorf("detail view %d counts %d (new: %v), want %d", i, n, fresh, want)
		}
	}
	ratings(t, db, now)
	verdicts(t, db, now)
	poolOrder(t, db, now)
	ledger(t, db, now)
}

// poolOrder checks the order of the pool and its pages.
func poolOrder(t *testing.T, db *store.DB, now time.Time) {
	ctx := t.Context()
	for i, g := range []lead.Grade{"D", "A", "C", "A", "B"} {
		l := newLead(now, fmt.Sprintf("公司%d", i), 0)
		l.Grade, l.Score = g, lead.Score{Source: i}
		l.City = []string{"上海", "上海市", "北京", "广州", "上海"}[i]
		if err := db.InsertLeads(ctx, []*lead.Lead{l}); err != nil {
			t.Fatal(err)
		}
	}
	names := func(q lead.PoolQuery) string {
		t.Helper()
		ls, err := db.PoolLeads(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		s := ""
		for _, l := range ls {
			s += l.Company + " "
		}
		return s
	}
	for want, q := range map[string]lead.PoolQuery{
		"公司3 公司1 公司4 公司2 公司0 ": {AllPools: true, Limit: 10},
		"公司3 公司1 公司4 ":         {Pools: []crm.PoolID{1}, Limit: 3},
		"公司3 公司1 ":             {AllPools: true, Limit: 10, Filter: lead.Filter{Grade: "A"}},
		"公司1 公司4 公司0 ":         {AllPools: true, Limit: 10, Filter: lead.Filter{City: "上海"}},
		"":                     {Pools: []crm.PoolID{77}, Limit: 10},
	} {
		if got := names(q); got != want {
			t.Errorf("pool %+v: %q, want %q", q, got, want)
		}
	}
	ls, err := db.PoolLeads(ctx, lead.PoolQuery{AllPools: true, Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	last := ls[1]
	if got := names(lead.PoolQuery{AllPools: true, Limit: 10, After: last.ID, AfterRank: lead.Rank(last.Grade, last.Score.Total())}); got != "公司4 公司2 公司0 " {
		t.Errorf("behind the second: %q", got)
	}
}

// ledger checks counts, losses and pools.
func ledger(t *testing.T, db *store.DB, now time.Time) {
	ctx := t.Context()
	ref := crm.LeadID(50).Ref()
	day := crm.Day("2026-03-02")
	e := func(at time.Time, r ownership.Reason, from, to crm.UserID, d crm.Day, refund bool) ownership.Entry {
		return ownership.Entry{At: at, Ref: ref, From: from, To: to, FromTeam: 1, ToTeam: 2, Pool: 1, Reason: r, By: 6, Why: "other", Note: "说明", QuotaDay: d, Refund: refund, Uncounted: refund, Override: "P-06", RuleVersion: 3}
	}
	entries := []ownership.Entry{e(now, ownership.Claim, 0, 61, day, false), e(now.Add(time.Minute), ownership.Release, 61, 0, day, true), e(now.Add(20*time.Minute), ownership.Claim, 0, 61, day, false),
		e(now.Add(21*time.Minute), ownership.Assign, 61, 62, "", false), e(now.Add(22*time.Minute), ownership.Claim, 62, 61, "2026-03-03", false)}
	if err := db.AddEntries(ctx, entries...); err != nil {
		t.Fatal(err)
	}
	err := db.InTx(ctx, func(ctx context.Context) error {
		for range 2 { // made, then locked again
			if err := db.LockQuota(ctx, crm.KindLead, 61); err != nil {
				return err
			}
		}
		st, err := db.Standing(ctx, crm.KindLead, 61, day, now.Add(-time.Hour), now.Add(20*time.Minute), false)
		if want := (ownership.Standing{Claims: 2, Refunds: 1, Burst: 1}); err != nil || st != want {
			t.Errorf("standing %+v %v, want %+v", st, err, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	lost, err := db.Losses(ctx, 61, now, ref, crm.LeadID(51).Ref())
	if err != nil || len(lost) != 2 || lost[0].Reason != ownership.Assign || lost[1].Reason != ownership.Release {
		t.Errorf("losses %+v %v", lost, err)
	}
	past, err := db.History(ctx, ref, 2)
	if err != nil || len(past) != 2 {
		t.Fatalf("history %+v %v", past, err)
	}
	past[0].ID = 0
	if diff := cmp.Diff(entries[4], past[0]); diff != "" {
		t.Errorf("a ledger entry came back changed:\n%s", diff)
	}
	p := ownership.Pool{Name: "华南", Kind: crm.KindLead, Sort: 3, Users: []crm.UserID{4, 5}, Teams: []crm.TeamID{6}, Regions: []string{"深圳"}, Daily: 9, Offday: true, Hidden: []string{"note"}, Retired: true}
	if err := db.SavePool(ctx, &p); err != nil || p.ID == 0 {
		t.Fatalf("pool %d: %v", p.ID, err)
	}
	all, err := db.Pools(ctx)
	if err != nil || len(all) != 3 || all[0].ID != p.ID {
		t.Fatalf("pools %+v %v", all, err)
	}
	if diff := cmp.Diff(p, all[0]); diff != "" {
		t.Errorf("a pool came back changed:\n%s", diff)
	}
}
