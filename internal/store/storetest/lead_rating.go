package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/activity"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/store"
)

// ratings checks what scores are made from and stored with (L-01 to L-04): only
// standing valid activities of the last days count, and a page is written only
// where nothing happened since it was read.
func ratings(t *testing.T, db *store.DB, now time.Time) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	l, other, closed := newLead(now, "评分甲", 5), newLead(now, "评分乙", 5), newLead(now, "评分丙", 5)
	closed.Status = lead.Converted
	for _, x := range []*lead.Lead{l, other, closed} {
		must(db.InsertLeads(ctx, []*lead.Lead{x}))
	}
	did := func(kind activity.Kind, at time.Time, valid bool, undone time.Time) {
		t.Helper()
		a := activity.Activity{Kind: kind, Subject: l.Ref(), Customer: l.Ref(), User: 5, Team: 3, At: at, Day: "2026-03-02", CreatedAt: at, Valid: valid, UndoneAt: undone, People: []activity.Present{{User: 5, Team: 3}}}
		must(db.AddActivity(ctx, &a))
		must(db.SaveActivity(ctx, &a))
	}
	for _, k := range activity.Kinds {
		did(k, now, true, time.Time{})
	}
	did(activity.KindCall, now, true, time.Time{})
	did(activity.KindCall, now, false, time.Time{})
	did(activity.KindCall, now, true, now)
	did(activity.KindVisit, now.AddDate(0, 0, -31), true, time.Time{})
	since, want := now.AddDate(0, 0, -30), lead.Actions{Messages: 1, Calls: 2, Meetings: 2}

	must(db.InTx(ctx, func(ctx context.Context) error {
		got, actions, err := db.Scoring(ctx, l.ID, since)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(*l, got); diff != "" || actions != want {
			t.Errorf("scoring has %+v, want %+v; the lead:\n%s", actions, want, diff)
		}
		got.Score, got.Standing, got.Given, got.Grade, got.GradeGiven = lead.Score{Source: 8, Decay: 5}, lead.Standing{Grade: "D"}, lead.Given{}, "D", false
		*l = got
		return db.SaveRating(ctx, got)
	}))
	if _, _, err := db.Scoring(ctx, 99999, since); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("scoring of a missing lead: %v", err)
	}
	back, err := db.Lead(ctx, l.ID)
	must(err)
	if diff := cmp.Diff(*l, back); diff != "" {
		t.Errorf("the rating came back changed:\n%s", diff)
	}

	page, actions, err := db.ScorePage(ctx, l.ID-1, since, 10)
	must(err)
	if len(page) != 2 || page[0].ID != l.ID || page[1].ID != other.ID || actions[l.ID] != want || actions[other.ID] != (lead.Actions{}) {
		t.Errorf("the page has %d leads, %+v", len(page), actions)
	}
	if page, _, err = db.ScorePage(ctx, l.ID, since, 1); err != nil || len(page) != 1 || page[0].ID != other.ID {
		t.Errorf("the second page: %v %v", page, err)
	}
	mine, theirs := back, page[0]
	mine.Score.Decay, theirs.Score.Decay = 10, 10
	must(db.InTx(ctx, func(ctx context.Context) error { // somebody logs a call meanwhile
		_, err := db.TouchLead(ctx, other.ID, now.Add(time.Minute), true)
		return err
	}))
	run := lead.Run{Day: "2026-03-02", After: other.ID, Done: true}
	must(db.InTx(ctx, func(ctx context.Context) error {
		if err := db.SaveRatings(ctx, []lead.Lead{mine, theirs}); err != nil {
			return err
		}
		return db.SaveScoreRun(ctx, run)
	}))
	for id, want := range map[crm.LeadID]int{l.ID: 10, other.ID: other.Score.Decay} {
		got, err := db.Lead(ctx, id)
		must(err)
		if got.Score.Decay != want {
			t.Errorf("%s: decay %d, want %d", id, got.Score.Decay, want)
		}
	}
	if got, err := db.ScoreRun(ctx); err != nil || got != run {
		t.Errorf("the run is %+v %v", got, err)
	}

	mine.Industry, mine.Size, mine.Need, mine.NeedAt = "教育", "20", "新的需求", now.Add(time.Hour)
	must(db.EditLead(ctx, mine, now.Add(time.Hour)))
	back, err = db.Lead(ctx, l.ID)
	must(err)
	mine.Version, mine.UpdatedAt = mine.Version+1, now.Add(time.Hour)
	if diff := cmp.Diff(mine, back); diff != "" {
		t.Errorf("the edit came back changed:\n%s", diff)
	}
	must(db.SetBecame(ctx, l.ID, 5, now.Add(2*time.Hour)))
	if back, err = db.Lead(ctx, l.ID); err != nil || back.Became != 5 || !back.NeedAt.Equal(now.Add(time.Hour)) {
		t.Errorf("became %d, need confirmed %s, %v", back.Became, back.NeedAt, err)
	}
}

// verdicts checks the stages of leads whose time is up and the counts of what
// became of them (L-05, L-07).
func verdicts(t *testing.T, db *store.DB, now time.Time) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	old, older := newLead(now.AddDate(0, 0, -20), "到期甲", 5), newLead(now.AddDate(0, 0, -30), "到期乙", 5)
	must(db.InsertLeads(ctx, []*lead.Lead{old}))
	must(db.InsertLeads(ctx, []*lead.Lead{older}))
	judge := func(stage int) []lead.Judged {
		t.Helper()
		var list []lead.Judged
		must(db.InTx(ctx, func(ctx context.Context) (err error) {
			list, err = db.ToJudge(ctx, stage, now.AddDate(0, 0, -10), 10)
			return err
		}))
		return list
	}
	list := judge(0)
	if len(list) != 2 || list[0].ID != older.ID || list[1].ID != old.ID {
		t.Fatalf("to judge: %+v", list)
	}
	list[0].First, list[1].First = "B", ""
	must(db.InTx(ctx, func(ctx context.Context) error { return db.SaveJudged(ctx, list, 1) }))
	if again := judge(0); len(again) != 0 {
		t.Errorf("judged twice: %+v", again)
	}
	if list = judge(1); len(list) != 2 || list[0].First != "B" || list[1].First != "" {
		t.Errorf("the next stage: %+v", list)
	}

	d := deal.Deal{Title: "检测设备", Account: 55, Owner: 5, Team: 3, Stage: "s1", Status: deal.Open, Amount: 1, OpenedOn: "2026-02-11", CreatedAt: now, UpdatedAt: now, StageAt: now}
	must(db.AddDeals(ctx, []*deal.Deal{&d}))
	days, err := db.DealDays(ctx, []crm.AccountID{55, 56})
	must(err)
	if diff := cmp.Diff(map[crm.AccountID][]crm.Day{55: {"2026-02-11"}}, days); diff != "" {
		t.Errorf("days of deals:\n%s", diff)
	}
	if days, err = db.DealDays(ctx, nil); err != nil || len(days) != 0 {
		t.Errorf("of nothing: %v %v", days, err)
	}

	add := func(list ...lead.Outcome) { t.Helper(); must(db.AddOutcomes(ctx, list)) }
	feb := lead.Outcome{Month: "2026-02", Source: "转介绍", Grade: "A", Tally: lead.Tally{Leads: 3, Reached: 1}}
	mar := lead.Outcome{Month: "2026-03", Source: "", Grade: "", Tally: lead.Tally{Leads: 1}}
	add(mar, feb)
	add(feb)
	feb.Tally = lead.Tally{Leads: 6, Reached: 2}
	for _, x := range []struct {
		from, before string
		want         []lead.Outcome
	}{{"", "", []lead.Outcome{feb, mar}}, {"2026-02", "2026-03", []lead.Outcome{feb}}, {"2026-03", "2026-04", []lead.Outcome{mar}}} {
		got, err := db.Outcomes(ctx, x.from, x.before)
		must(err)
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("outcomes from %s before %s:\n%s", x.from, x.before, diff)
		}
	}

	if got, err := db.LearnedPoints(ctx); err != nil || got == nil || len(got) != 0 {
		t.Errorf("learned at first: %v %v", got, err)
	}
	for _, want := range []map[string]int{{"转介绍": 30, "名片": 7}, {"转介绍": 29}, {}} {
		must(db.InTx(ctx, func(ctx context.Context) error { return db.SaveLearned(ctx, want) }))
		got, err := db.LearnedPoints(ctx)
		must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("learned points:\n%s", diff)
		}
	}
}
