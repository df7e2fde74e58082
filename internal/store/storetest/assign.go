package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/store"
)

// Assign is the contract of assign.Store.
func Assign(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := clock.Now()
	t.Run("runs", func(t *testing.T) { assignRuns(t, db, now) })
	t.Run("offers", func(t *testing.T) { assignOffers(t, db, now) })

	// People: what is served goes beside what is set.
	must(db.Served(ctx, 3, now))
	p := assign.Profile{User: 3, Weight: 2, Cap: 40, Off: true, Note: "培训", Days: []int{1, 3}, By: 9, UpdatedAt: now}
	must(db.SaveProfile(ctx, p))
	p.Last = now
	got, err := db.Profiles(ctx, []crm.UserID{3, 4})
	must(err)
	if d := cmp.Diff(map[crm.UserID]assign.Profile{3: p}, got); d != "" {
		t.Errorf("profiles (-want +got):\n%s", d)
	}
	on, off := true, false
	must(db.SaveDutyDay(ctx, 3, "2026-03-07", &on))
	must(db.SaveDutyDay(ctx, 3, "2026-03-08", &on))
	must(db.SaveDutyDay(ctx, 3, "2026-03-08", &off))
	must(db.SaveDutyDay(ctx, 3, "2026-03-09", &on))
	must(db.SaveDutyDay(ctx, 3, "2026-03-09", nil))
	days, err := db.DutyDays(ctx, []crm.UserID{3}, "2026-03-07", "2026-03-09")
	must(err)
	if d := cmp.Diff(map[crm.UserID]map[crm.Day]bool{3: {"2026-03-07": true, "2026-03-08": false}}, days); d != "" {
		t.Errorf("duty days (-want +got):\n%s", d)
	}

	to := crm.ToGroup("webchat", "g1")
	for range 2 { // binding twice is one binding
		must(db.SaveGroup(ctx, 1, to, true))
	}
	must(db.SaveGroup(ctx, 2, crm.ToGroup("lark", "g2"), true))
	groups, err := db.Groups(ctx, 1)
	must(err)
	if d := cmp.Diff([]crm.Target{to}, groups); d != "" {
		t.Errorf("groups (-want +got):\n%s", d)
	}
	must(db.SaveGroup(ctx, 1, to, false))
	if groups, _ = db.Groups(ctx, 1); len(groups) != 0 {
		t.Errorf("an unbound group stayed: %v", groups)
	}

	b := assign.Batch{By: 9, At: now, Items: []assign.BatchItem{{Lead: 1, To: 3, Version: 2}}}
	b.ID, err = db.AddBatch(ctx, b)
	must(err)
	back, err := db.Batch(ctx, b.ID)
	must(err)
	if d := cmp.Diff(b, back); d != "" {
		t.Errorf("a batch (-stored +read):\n%s", d)
	}
	b.Items[0].Back = true
	must(db.KeepBatch(ctx, b))
	back, err = db.Batch(ctx, b.ID)
	must(err)
	if d := cmp.Diff(b, back); d != "" {
		t.Errorf("a batch that was put back (-stored +read):\n%s", d)
	}
	if _, err := db.Batch(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a batch that does not exist: %v", err)
	}

	late := assign.Late{Lead: 1, OwnedAt: now}
	for _, s := range []assign.Stage{assign.TellRep, assign.TellBoth} {
		must(db.SaveLate(ctx, late, s, now))
	}
	stages, err := db.LateStages(ctx, []crm.LeadID{1, 2})
	must(err)
	if len(stages) != 1 || stages[late] != assign.TellBoth {
		t.Errorf("stages %v", stages)
	}
	t.Run("loads", func(t *testing.T) { assignLoads(t, db, now) })
}

func assignRuns(t *testing.T, db *store.DB, now time.Time) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	plan := []assign.Step{{Method: assign.Bid, Teams: []crm.TeamID{1}, Most: 2}, {Method: assign.Claim}}
	run := func(id crm.LeadID, due time.Time) assign.Run {
		return assign.Run{Lead: id, State: assign.Waiting, Due: due, Plan: plan, Rule: assign.RuleName{ID: 2, Name: "华东", Version: 7}, Cause: assign.New, By: 9, CreatedAt: now, Why: assign.Why{Method: assign.Bid, Last: now}}
	}
	if next, err := db.NextRun(ctx); err != nil || !next.IsZero() {
		t.Errorf("nothing waits: %v %v", next, err)
	}
	must(db.AddRuns(ctx, []assign.Run{run(1, now), run(2, now.Add(time.Hour)), run(3, now.Add(-time.Hour))}))
	must(db.AddRuns(ctx, []assign.Run{run(1, now.Add(-2*time.Hour))})) // it has an unfinished one
	due, err := db.DueRuns(ctx, now, 10)
	must(err)
	if len(due) != 2 || due[0].Lead != 3 || due[1].Lead != 1 || !due[1].Due.Equal(now) {
		t.Fatalf("due %+v", due)
	}
	want := run(1, now)
	want.ID = due[1].ID
	if d := cmp.Diff(want, due[1]); d != "" {
		t.Errorf("a run (-stored +read):\n%s", d)
	}
	if next, err := db.NextRun(ctx); err != nil || !next.Equal(now.Add(-time.Hour)) {
		t.Errorf("next at %v, %v", next, err)
	}
	// A change holds once: whoever read the older one is too late.
	a, b := due[1], due[1]
	a.State, a.Due, a.To, a.Bounces = assign.Offered, now.Add(time.Minute), 5, 1
	for x, wantOK := range map[*assign.Run]bool{&a: true} {
		ok, err := db.KeepRun(ctx, *x)
		must(err)
		if ok != wantOK {
			t.Errorf("saved: %v", ok)
		}
	}
	b.State, b.Result = assign.Done, assign.Void
	if ok, err := db.KeepRun(ctx, b); err != nil || ok {
		t.Errorf("a change on an old state was saved: %v", err)
	}
	open, err := db.OpenRun(ctx, 1)
	must(err)
	if open.State != assign.Offered || open.Rev != 1 || open.To != 5 {
		t.Errorf("open %+v", open)
	}
	open.State, open.Result, open.DoneAt = assign.Done, assign.ToPerson, now
	if ok, err := db.KeepRun(ctx, open); err != nil || !ok {
		t.Fatalf("end: %v %v", ok, err)
	}
	if _, err := db.OpenRun(ctx, 1); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("an ended run is open: %v", err)
	}
	must(db.AddRuns(ctx, []assign.Run{run(1, now)})) // now it may have another one
	last, err := db.LastRun(ctx, 1)
	must(err)
	if last.State != assign.Waiting || last.ID == open.ID {
		t.Errorf("last %+v", last)
	}
	must(db.EndRuns(ctx, []assign.Run{due[0], {ID: open.ID}}, assign.Nobody, now))
	if r, _ := db.LastRun(ctx, 3); r.Result != assign.Nobody || r.State != assign.Done {
		t.Errorf("ended together: %+v", r)
	}
	if n := Count(t, db, "crm_assign_runs", "result = 'nobody'"); n != 1 {
		t.Errorf("%d ended: one that was done before was ended again", n)
	}
}

func assignOffers(t *testing.T, db *store.DB, now time.Time) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	offer := func(user crm.UserID) assign.Offer {
		return assign.Offer{Run: 7, Lead: 70, User: user, Grade: "A", State: assign.OfferOpen, Expires: now.Add(time.Minute), CreatedAt: now}
	}
	first, second := offer(3), offer(4)
	ok, err := db.AddOffer(ctx, &first)
	must(err)
	if !ok || first.ID == 0 {
		t.Fatal("no offer")
	}
	if ok, err := db.AddOffer(ctx, &second); err != nil || ok {
		t.Fatalf("a lead has two open offers: %v", err)
	}
	got, err := db.Offer(ctx, first.ID)
	must(err)
	if d := cmp.Diff(first, got); d != "" {
		t.Errorf("an offer (-stored +read):\n%s", d)
	}
	first.State, first.Reason, first.Note, first.DoneAt = assign.OfferDeclined, "other", "参展", now
	for i, want := range []bool{true, false} {
		if ok, err := db.CloseOffer(ctx, first); err != nil || ok != want {
			t.Errorf("close %d: %v %v", i, ok, err)
		}
	}
	if ok, err := db.AddOffer(ctx, &second); err != nil || !ok {
		t.Fatalf("the next offer: %v %v", ok, err)
	}
	all, err := db.Offers(ctx, 7)
	must(err)
	if d := cmp.Diff([]assign.Offer{first, second}, all); d != "" {
		t.Errorf("offers (-want +got):\n%s", d)
	}
	if o, err := db.OfferOf(ctx, 70, 3); err != nil || o.ID != first.ID {
		t.Errorf("the person's offer: %+v %v", o, err)
	}
	if _, err := db.OfferOf(ctx, 70, 5); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("an offer that was never made: %v", err)
	}
	if mine, err := db.OpenOffers(ctx, 3); err != nil || len(mine) != 0 {
		t.Errorf("a declined offer is open: %v %v", mine, err)
	}
}

func assignLoads(t *testing.T, db *store.DB, now time.Time) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var ls []*lead.Lead
	for i, g := range []lead.Grade{"A", "B", "A", "C"} {
		l := &lead.Lead{Info: lead.Info{Company: fmt.Sprint("厂", i)}, Grade: g, Status: lead.Open, Owner: 31, Team: 3, Pool: 1, CreatedAt: now, UpdatedAt: now, OwnedAt: now.Add(time.Duration(i) * time.Minute), Version: 1}
		if i == 2 {
			l.Status = lead.Converted
		}
		if i == 3 {
			l.Owner, l.OwnedAt = 0, time.Time{}
		}
		ls = append(ls, l)
		must(db.InsertLeads(ctx, []*lead.Lead{l}))
	}
	fx := db.Effects()
	must(db.InTx(ctx, func(ctx context.Context) error {
		got := func(day crm.Day, key string, n int64) crm.Fact {
			return crm.Fact{At: now, Day: day, User: 31, Team: 3, Key: key, Qty: n, Ref: ls[0].Ref()}
		}
		return fx.Record(ctx, got("2026-03-02", lead.FactAssigned, 1), got("2026-03-02", lead.FactAssigned, 1), got("2026-03-02", lead.FactAssigned, 1), got("2026-03-02", lead.FactClaim, 1), got("2026-03-01", lead.FactAssigned, 1))
	}))
	must(db.InTx(ctx, func(ctx context.Context) error { // one of them was taken back
		return fx.TakeBack(ctx, crm.Fact{At: now, Day: "2026-03-02", User: 31, Team: 3, Key: lead.FactAssigned, Qty: -1, Ref: ls[0].Ref()})
	}))
	open := assign.Offer{Run: 8, Lead: 80, User: 31, State: assign.OfferOpen, Expires: now, CreatedAt: now}
	_, err := db.AddOffer(ctx, &open)
	must(err)
	loads, err := db.Loads(ctx, []crm.UserID{31, 32}, "2026-03-02")
	must(err)
	if l := loads[31]; l.Held != 2 || l.Received != 3 || len(l.Hot) != 1 || l.Hot[0].ID != ls[0].ID {
		t.Errorf("load %+v", l)
	}
	must(db.InTx(ctx, func(ctx context.Context) error {
		for user, want := range map[crm.UserID]assign.Load{31: {Held: 2, Received: 3}, 32: {}} {
			if l, err := db.Recount(ctx, user, "2026-03-02"); err != nil || l.Held != want.Held || l.Received != want.Received {
				t.Errorf("counted again, person %d has %+v, %v", user, l, err)
			}
		}
		return nil
	}))
	if l := loads[32]; l.Held+l.Received+len(l.Hot) != 0 {
		t.Errorf("nobody's load %+v", l)
	}
	must(db.HoldBack(ctx, now.Add(time.Hour), ls[0].ID, ls[3].ID))
	for i, want := range map[int]time.Time{0: {}, 3: now.Add(time.Hour)} {
		l, err := db.Lead(ctx, ls[i].ID)
		must(err)
		if !l.ClaimableAt.Equal(want) {
			t.Errorf("lead %d can be claimed from %v, want %v", i, l.ClaimableAt, want)
		}
	}
	// The uncontacted ones in order, page by page; a contact ends it.
	page, err := db.UncontactedLeads(ctx, nil, now.Add(-time.Hour), now.Add(time.Hour), assign.Position{}, 1)
	must(err)
	if len(page) != 1 || page[0].ID != ls[0].ID {
		t.Fatalf("page %+v", page)
	}
	for _, x := range []struct {
		teams []crm.TeamID
		want  int
	}{{[]crm.TeamID{3}, 2}, {[]crm.TeamID{4, 3}, 2}, {[]crm.TeamID{4}, 0}, {[]crm.TeamID{}, 0}, {nil, 2}} {
		if ls, err := db.UncontactedLeads(ctx, x.teams, now.Add(-time.Hour), now.Add(time.Hour), assign.Position{}, 5); err != nil || len(ls) != x.want {
			t.Errorf("of the teams %v: %d leads, %v; want %d", x.teams, len(ls), err, x.want)
		}
	}
	page, err = db.UncontactedLeads(ctx, nil, now.Add(-time.Hour), now.Add(time.Hour), assign.Position{At: page[0].OwnedAt, Lead: page[0].ID}, 5)
	must(err)
	if len(page) != 1 || page[0].ID != ls[1].ID {
		t.Errorf("next page %+v", page)
	}
	_, err = db.TouchLead(ctx, ls[1].ID, now.Add(time.Hour), true)
	must(err)
	if page, _ = db.UncontactedLeads(ctx, nil, now.Add(-time.Hour), now.Add(time.Hour), assign.Position{At: ls[0].OwnedAt, Lead: ls[0].ID}, 5); len(page) != 0 {
		t.Errorf("a contacted lead is late: %+v", page)
	}
	last, err := db.LastLeads(ctx, 2)
	must(err)
	if len(last) != 2 || last[0].ID != ls[3].ID || last[1].ID != ls[2].ID {
		t.Errorf("the newest: %+v", last)
	}
	run := assign.Run{Lead: ls[3].ID, State: assign.Waiting, Due: now, CreatedAt: now}
	must(db.AddRuns(ctx, []assign.Run{run}))
	stored, err := db.OpenRun(ctx, ls[3].ID)
	must(err)
	must(db.EndRuns(ctx, []assign.Run{stored}, assign.Nobody, now))
	counts, err := db.Unplaced(ctx, now)
	must(err)
	if counts[1] != 1 {
		t.Errorf("unplaced %v", counts)
	}
}
