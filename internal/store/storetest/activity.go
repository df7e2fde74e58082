package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/store"
	"crmbot/internal/undo"
)

// Activity is the contract of activity.Store and undo.Store: every field comes
// back, changes are conditional on what was read, keys are unique.
func Activity(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	t.Run("activity", func(t *testing.T) { activityRows(t, db, clock) })
	t.Run("step", func(t *testing.T) { stepRows(t, db, clock) })
	t.Run("plan", func(t *testing.T) { planRows(t, db, clock) })
	t.Run("draft", func(t *testing.T) { draftRows(t, db, clock) })
	t.Run("photo", func(t *testing.T) { photoRows(t, db, clock) })
	t.Run("undo", func(t *testing.T) { undoRows(t, db, clock) })
}

func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newActivity(now time.Time) activity.Activity {
	return activity.Activity{Kind: activity.KindVisit, Subject: crm.DealID(4).Ref(), Customer: crm.AccountID(7).Ref(), Contact: 9, Met: "王总", User: 3, Team: 2, At: now, Day: "2026-03-02",
		Duration: 90 * time.Second, Result: activity.ResultFlat, Note: "聊了 '; DROP TABLE crm_activities; -- 😀\n第二行", Amount: crm.Yuan(12), Photos: 1, Valid: true, Qualified: true, Weight: 100,
		Missing: []activity.Reason{activity.NoProof, activity.TooLate}, First: true, PrevActive: now.Add(-time.Hour), CreatedAt: now.Add(time.Minute),
		People: []activity.Present{{User: 3, Team: 2, Credited: true, Plan: 5, Counted: true}, {User: 4, Team: 8}}}
}

func activityRows(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx, now := t.Context(), clock.Now()
	a := newActivity(now)
	fine(t, db.AddActivity(ctx, &a))
	got, err := db.Activity(ctx, a.ID)
	fine(t, err)
	if diff := cmp.Diff(a, got); diff != "" {
		t.Errorf("an activity came back changed:\n%s", diff)
	}
	stale := got
	got.Valid, got.Missing, got.People[1].Credited, got.Result = false, nil, true, activity.ResultBlocked
	fine(t, db.SaveActivity(ctx, &got))
	if err := db.SaveActivity(ctx, &stale); crm.CodeOf(err) != crm.CodeStale {
		t.Errorf("an old version was stored: %v", err)
	}
	again, err := db.Activity(ctx, a.ID)
	fine(t, err)
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("after the change:\n%s", diff)
	}
	if _, err := db.Activity(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a missing activity: %v", err)
	}
	later := newActivity(now.Add(time.Hour))
	later.People, later.Note, later.First = later.People[:1], "后来", false
	fine(t, db.AddActivity(ctx, &later))
	undone := newActivity(now.Add(2 * time.Hour))
	fine(t, db.AddActivity(ctx, &undone))
	undone.UndoneAt = now.Add(3 * time.Hour)
	fine(t, db.SaveActivity(ctx, &undone))

	ids := func(list []activity.Activity, err error) string {
		t.Helper()
		fine(t, err)
		s := ""
		for _, x := range list {
			s += fmt.Sprintf("%d ", x.ID-a.ID)
		}
		return s
	}
	for what, x := range map[string]struct{ got, want string }{
		"on the customer":  {ids(db.ActivitiesOn(ctx, crm.AccountID(7).Ref(), 9)), "1 0 "},
		"on the deal":      {ids(db.ActivitiesOn(ctx, crm.DealID(4).Ref(), 1)), "1 "},
		"on another":       {ids(db.ActivitiesOn(ctx, crm.DealID(7).Ref(), 9)), ""},
		"of a companion":   {ids(db.ActivitiesOf(ctx, []crm.UserID{4}, "2026-03-02")), "0 "},
		"of both":          {ids(db.ActivitiesOf(ctx, []crm.UserID{4, 3}, "2026-03-02")), "0 1 "},
		"on another day":   {ids(db.ActivitiesOf(ctx, []crm.UserID{4, 3}, "2026-03-03")), ""},
		"of nobody":        {ids(db.ActivitiesOf(ctx, nil, "2026-03-02")), ""},
		"visits of theirs": {ids(db.VisitsAt(ctx, 3, crm.AccountID(7).Ref(), "2026-03-02")), "0 1 "},
		"visits since":     {ids(db.VisitsSince(ctx, 3, now, 9)), "1 0 "},
	} {
		if x.got != x.want {
			t.Errorf("%s: %q, want %q", what, x.got, x.want)
		}
	}
	notes, err := db.RecentNotes(ctx, 3, crm.DealID(4).Ref(), later.ID, 5)
	fine(t, err)
	if diff := cmp.Diff([]string{a.Note}, notes); diff != "" {
		t.Errorf("recent notes:\n%s", diff)
	}
	c, err := db.ClocksOf(ctx, crm.AccountID(7).Ref())
	fine(t, err)
	if !c.FirstValid.Equal(later.At) || !c.Last.Equal(later.At) || !c.LastValid.Equal(later.At) || !c.Before.Equal(later.PrevActive) {
		t.Errorf("clocks %+v", c)
	}
	first, ok, err := db.FirstValidOn(ctx, crm.AccountID(7).Ref())
	if err != nil || !ok || first.ID != later.ID {
		t.Errorf("first valid %d %v %v", first.ID, ok, err)
	}
	recent, err := db.RecentCustomers(ctx, 3, 5)
	if err != nil || len(recent) != 1 || recent[0] != crm.DealID(4).Ref() {
		t.Errorf("recent customers %v %v", recent, err)
	}
	take := func(id crm.ActivityID, want bool) {
		t.Helper()
		ok, err := db.TakeCredit(ctx, 3, crm.AccountID(7).Ref(), "2026-03-02", id)
		if err != nil || ok != want {
			t.Errorf("credit for %d: %v %v", id, ok, err)
		}
	}
	take(a.ID, true)
	take(later.ID, false)
	fine(t, db.DropCredit(ctx, 3, crm.AccountID(7).Ref(), "2026-03-02", later.ID)) // not its own
	take(later.ID, false)
	fine(t, db.DropCredit(ctx, 3, crm.AccountID(7).Ref(), "2026-03-02", a.ID))
	take(later.ID, true)
	names, err := db.RecordNames(ctx, []crm.Ref{crm.LeadID(99).Ref(), crm.AccountID(99).Ref(), crm.DealID(99).Ref(), {}})
	if err != nil || len(names) != 0 {
		t.Errorf("names of nothing: %v %v", names, err)
	}
}

func stepRows(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx, now := t.Context(), clock.Now()
	s := activity.Step{Activity: 71, User: 3, Team: 2, Subject: crm.LeadID(5).Ref(), Text: "送方案", Due: activity.Due{Day: "2026-03-05", Time: calendar.Clock(14, 30), HasTime: true},
		State: activity.StepOpen, Rev: 1, RemindAt: now}
	fine(t, db.AddStep(ctx, s))
	got, err := db.Step(ctx, 71)
	fine(t, err)
	if diff := cmp.Diff(s, got); diff != "" {
		t.Errorf("a step came back changed:\n%s", diff)
	}
	noon := activity.Step{Activity: 72, User: 3, Subject: crm.LeadID(6).Ref(), Due: activity.Due{Day: "2026-03-04"}, State: activity.StepOpen, Rev: 1}
	fine(t, db.AddStep(ctx, noon))
	if got, err = db.Step(ctx, 72); err != nil || got.Due != noon.Due {
		t.Errorf("a step without a time came back due %v, %v", got.Due, err)
	}
	list, err := db.OpenSteps(ctx, 3, "2026-03-05", 9)
	fine(t, err)
	if len(list) != 2 || list[0].Activity != 72 || list[1].Activity != 71 {
		t.Errorf("open steps %v", list)
	}
	due, err := db.StepsDue(ctx, []crm.UserID{3, 4}, "2026-03-04")
	if err != nil || len(due) != 1 || due[0].Activity != 72 {
		t.Errorf("due %v %v", due, err)
	}
	s.State, s.ClosedBy, s.DoneAt = activity.StepReplaced, 73, now
	for _, want := range []bool{true, false} {
		if ok, err := db.SaveStep(ctx, s, activity.StepOpen, 1); err != nil || ok != want {
			t.Errorf("closing it: %v %v, want %v", ok, err, want)
		}
	}
	closed, err := db.StepsClosedBy(ctx, 73)
	if err != nil || len(closed) != 1 || cmp.Diff(s, closed[0]) != "" {
		t.Errorf("closed by: %v %v", closed, err)
	}
	on, err := db.OpenStepsOn(ctx, crm.LeadID(5).Ref(), 9)
	if err != nil || len(on) != 0 {
		t.Errorf("still open on the lead: %v %v", on, err)
	}
}

func planRows(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx, now := t.Context(), clock.Now()
	p := activity.Plan{User: 3, Team: 2, Subject: crm.DealID(4).Ref(), Customer: crm.AccountID(7).Ref(), Due: activity.Due{Day: "2026-03-05", Time: calendar.Clock(10, 0), HasTime: true},
		State: activity.PlanOpen, Counted: true, CreatedAt: now}
	fine(t, db.AddPlan(ctx, &p))
	got, err := db.Plan(ctx, p.ID)
	fine(t, err)
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("a plan came back changed:\n%s", diff)
	}
	twin := p
	twin.ID = 0
	if err := db.AddPlan(ctx, &twin); crm.CodeOf(err) != crm.CodeConflict || crm.RuleOf(err) != "V-04" {
		t.Errorf("the same customer twice on a day: %v", err)
	}
	stale := got
	got.State, got.ByCustomer, got.Note = activity.PlanCancelled, true, "出差"
	fine(t, db.SavePlan(ctx, &got))
	if err := db.SavePlan(ctx, &stale); crm.CodeOf(err) != crm.CodeStale {
		t.Errorf("an old version was stored: %v", err)
	}
	twin.ID = 0
	fine(t, db.AddPlan(ctx, &twin)) // the day is free again
	whole := activity.Plan{User: 3, Customer: crm.LeadID(9).Ref(), Subject: crm.LeadID(9).Ref(), Due: activity.Due{Day: "2026-03-05"}, State: activity.PlanOpen, CreatedAt: now}
	fine(t, db.AddPlan(ctx, &whole))
	moved := activity.Plan{User: 3, Customer: crm.LeadID(10).Ref(), Subject: crm.LeadID(10).Ref(), Due: activity.Due{Day: "2026-03-05"}, State: activity.PlanMoved, CreatedAt: now}
	fine(t, db.AddPlan(ctx, &moved))
	list, err := db.Plans(ctx, []crm.UserID{3, 4}, "2026-03-05")
	fine(t, err)
	if len(list) != 3 || list[2].ID != whole.ID {
		t.Errorf("the day's plans: %+v", list)
	}
	open, ok, err := db.OpenPlan(ctx, 3, crm.AccountID(7).Ref(), "2026-03-05")
	if err != nil || !ok || open.ID != twin.ID {
		t.Errorf("open plan %d %v %v", open.ID, ok, err)
	}
	if _, ok, err = db.OpenPlan(ctx, 4, crm.AccountID(7).Ref(), "2026-03-05"); err != nil || ok {
		t.Errorf("somebody else's plan: %v %v", ok, err)
	}
	ahead, err := db.OpenPlans(ctx, 3, "2026-03-05", 9)
	if err != nil || len(ahead) != 2 {
		t.Errorf("open plans %v %v", ahead, err)
	}
}

func draftRows(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx, now := t.Context(), clock.Now()
	d := activity.Draft{User: 3, State: activity.DraftOpen, Customer: "华星", Choices: []activity.Choice{{Ref: crm.LeadID(1).Ref(), Name: "华星"}}, Pooled: []activity.Choice{{Ref: crm.LeadID(2).Ref(), Name: "清风"}},
		Confidence: 0.94, Warnings: []crm.Text{{Zh: "疑问", En: "doubt"}}, CreatedAt: now, Entry: activity.Entry{Kind: activity.KindCall, Subject: crm.LeadID(1).Ref(), Contact: 4, Met: "王总", At: now, Duration: time.Minute,
			Result: activity.ResultFlat, Note: "😀", Amount: 5, Next: activity.Due{Day: "2026-03-05", Time: 600, HasTime: true}, NextText: "再约", Companions: []crm.UserID{4, 5}}}
	fine(t, db.AddDraft(ctx, &d))
	got, err := db.Draft(ctx, d.ID)
	fine(t, err)
	if diff := cmp.Diff(d, got); diff != "" {
		t.Errorf("a draft came back changed:\n%s", diff)
	}
	empty := activity.Draft{User: 3, State: activity.DraftOpen, CreatedAt: now, Entry: activity.Entry{At: now}}
	fine(t, db.AddDraft(ctx, &empty))
	if got, err = db.Draft(ctx, empty.ID); err != nil || cmp.Diff(empty, got) != "" {
		t.Errorf("an empty draft came back changed: %v\n%s", err, cmp.Diff(empty, got))
	}
	d.State, d.Activity, d.Entry.Note = activity.DraftSaved, 12, "改过"
	for _, want := range []bool{true, false} {
		if ok, err := db.SaveDraft(ctx, d, activity.DraftOpen); err != nil || ok != want {
			t.Errorf("saving it: %v %v, want %v", ok, err, want)
		}
	}
	if got, err = db.Draft(ctx, d.ID); err != nil || cmp.Diff(d, got) != "" {
		t.Errorf("after saving: %v\n%s", err, cmp.Diff(d, got))
	}
	if _, err := db.Draft(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a missing draft: %v", err)
	}
}

func photoRows(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx, now := t.Context(), clock.Now()
	data := []byte("\x89PNG\x00\xff")
	p := activity.Photo{User: 3, Name: "门头 😀.png", Hash: "abc", Size: len(data), At: now}
	fine(t, db.AddPhoto(ctx, &p, data))
	for _, want := range []bool{true, false} {
		if ok, err := db.AttachPhoto(ctx, p.ID, 12); err != nil || ok != want {
			t.Errorf("attaching: %v %v, want %v", ok, err, want)
		}
	}
	p.Activity = 12
	got, err := db.Photo(ctx, p.ID)
	if err != nil || got != p {
		t.Errorf("a photo came back as %+v, %v", got, err)
	}
	list, err := db.PhotosOf(ctx, 12)
	if err != nil || len(list) != 1 || list[0] != p {
		t.Errorf("photos of it: %v %v", list, err)
	}
	if raw, err := db.PhotoData(ctx, p.ID); err != nil || string(raw) != string(data) {
		t.Errorf("the picture came back as %q, %v", raw, err)
	}
	if same, err := db.SamePhoto(ctx, "abc", 13); err != nil || same != 12 {
		t.Errorf("the same picture: %d %v", same, err)
	}
	if same, err := db.SamePhoto(ctx, "abc", 12); err != nil || same != 0 {
		t.Errorf("the same picture of the same visit: %d %v", same, err)
	}
	loose := activity.Photo{User: 3, Hash: "def", At: now}
	fine(t, db.AddPhoto(ctx, &loose, data))
	fine(t, db.PruneActivity(ctx, now.Add(time.Second)))
	if _, err := db.Photo(ctx, loose.ID); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a loose photo was kept: %v", err)
	}
	if _, err := db.Photo(ctx, p.ID); err != nil {
		t.Errorf("an attached photo was removed: %v", err)
	}
}

func undoRows(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx, now := t.Context(), clock.Now()
	entry := func(user crm.UserID, ref string, until time.Duration) undo.Entry {
		e := undo.Entry{User: user, Kind: "activity", Ref: ref, Title: crm.Text{Zh: "拜访 华星", En: "Visit Huaxing"}, Data: `{"v":"é’"}`, At: now, Until: now.Add(until), State: undo.Open}
		fine(t, db.AddUndo(ctx, e))
		stored, err := db.UndoOf(ctx, e.Kind, ref)
		fine(t, err)
		e.ID = stored.ID
		return e
	}
	first, second := entry(3, "V-1", 10*time.Minute), entry(3, "V-2", 5*time.Minute)
	entry(4, "V-3", time.Hour)
	last := func(ref string, after time.Duration) string {
		e, err := db.LastUndo(ctx, 3, ref, now.Add(after))
		if crm.CodeOf(err) == crm.CodeNotFound {
			return ""
		}
		fine(t, err)
		return e.Ref
	}
	for _, x := range []struct {
		ref   string
		after time.Duration
		want  string
	}{{"", 0, "V-2"}, {"", 5 * time.Minute, "V-2"}, {"", 6 * time.Minute, "V-1"}, {"", 11 * time.Minute, ""}, {"V-1", 0, "V-1"}, {"V-3", 0, ""}} {
		if got := last(x.ref, x.after); got != x.want {
			t.Errorf("last %q after %v: %q, want %q", x.ref, x.after, got, x.want)
		}
	}
	for _, want := range []bool{true, false} {
		if ok, err := db.CloseUndo(ctx, second.ID, now); err != nil || ok != want {
			t.Errorf("closing: %v %v, want %v", ok, err, want)
		}
	}
	got, err := db.UndoOf(ctx, "activity", "V-2")
	second.State, second.DoneAt = undo.Undone, now
	if err != nil || cmp.Diff(second, got) != "" {
		t.Errorf("undone entry: %v\n%s", err, cmp.Diff(second, got))
	}
	if last("", 0) != first.Ref {
		t.Error("an undone entry is offered again")
	}
}
