package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/crm"
	"crmbot/internal/metric"
	"crmbot/internal/report"
	"crmbot/internal/store"
)

// Report is the contract of report.Store: one report per person and day,
// changes of the version that was read only, digests that stay as frozen, one
// team per chat.
func Report(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	now := clock.Now()
	day := crm.Day("2026-03-02")
	fresh := func(u crm.UserID) *report.Report {
		prev := metric.Whole(1)
		return &report.Report{User: u, Team: 7, Day: day, Template: 3, State: report.Draft, Answers: []string{"", ""}, Notes: map[string]string{}, AsOf: now, CreatedAt: now, Version: 1,
			Content: report.Content{Blocks: report.DefaultTemplate, Numbers: []report.Number{{Metric: "visit.valid", Name: crm.Text{Zh: "有效拜访数", En: "valid visits"}, Value: metric.Whole(2), Previous: &prev}}, Score: 600, Scored: true}}
	}
	rs := []*report.Report{fresh(1), fresh(2)}
	if err := db.AddReports(ctx, rs); err != nil {
		t.Fatal(err)
	}
	if rs[0].ID == 0 || rs[1].ID == 0 || rs[0].ID == rs[1].ID {
		t.Fatalf("ids %d and %d", rs[0].ID, rs[1].ID)
	}
	if err := db.AddReports(ctx, []*report.Report{fresh(2)}); crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("a second report of the same day gave %v", err)
	}
	got, ok, err := db.ReportOf(ctx, 1, day)
	if err != nil || !ok {
		t.Fatalf("report of person 1: %v %v", ok, err)
	}
	if d := cmp.Diff(*rs[0], got); d != "" {
		t.Errorf("what was stored came back changed (-want +got):\n%s", d)
	}
	if _, ok, err := db.ReportOf(ctx, 1, "2026-03-03"); ok || err != nil {
		t.Errorf("a day without a report: %v %v", ok, err)
	}
	if _, err := db.Report(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("an unknown id gave %v", err)
	}

	stale := got
	got.State, got.Answers, got.SubmittedAt = report.Submitted, []string{"好 & <b>*_", ""}, now.Add(time.Hour)
	if err := db.SaveReport(ctx, &got); err != nil || got.Version != 2 {
		t.Fatalf("save: version %d, %v", got.Version, err)
	}
	stale.Answers = []string{"lost", ""}
	if err := db.SaveReport(ctx, &stale); crm.CodeOf(err) != crm.CodeStale {
		t.Errorf("saving an old version gave %v", err)
	}
	back, err := db.Report(ctx, got.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(got, back); d != "" {
		t.Errorf("after saving (-want +got):\n%s", d)
	}

	light, err := db.ReportsOn(ctx, day, nil, false)
	if err != nil || len(light) != 2 || light[0].User != 1 || light[0].State != report.Submitted || len(light[0].Content.Numbers) != 0 || light[0].Answer(0) != "" {
		t.Errorf("without content: %+v, %v", light, err)
	}
	full, err := db.ReportsOn(ctx, day, []crm.TeamID{7}, true)
	if err != nil || len(full) != 2 || len(full[1].Content.Numbers) != 1 {
		t.Errorf("with content: %+v, %v", full, err)
	}
	if other, err := db.ReportsOn(ctx, day, []crm.TeamID{8}, true); err != nil || len(other) != 0 {
		t.Errorf("of another team: %+v, %v", other, err)
	}

	d := report.Digest{Team: 7, Name: "华东", Day: day, AsOf: now, Members: []report.Member{{User: 1, Name: "李娜", State: report.Submitted, Score: 600, Scored: true}}}
	if err := db.AddDigests(ctx, []report.Digest{d}); err != nil {
		t.Fatal(err)
	}
	changed := d
	changed.Name = "改了"
	if err := db.AddDigests(ctx, []report.Digest{changed, {Team: 8, Day: day, AsOf: now}}); err != nil {
		t.Fatal(err)
	}
	back7, ok, err := db.Digest(ctx, 7, day)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if diff := cmp.Diff(d, back7); diff != "" {
		t.Errorf("a frozen digest changed (-want +got):\n%s", diff)
	}
	if _, ok, _ := db.Digest(ctx, 8, day); !ok {
		t.Error("a new digest beside an existing one was not stored")
	}

	for _, team := range []crm.TeamID{7, 8} {
		if err := db.Bind(ctx, report.Binding{Platform: "webchat", Chat: "g1", Team: team, By: 5, At: now}); err != nil {
			t.Fatal(err)
		}
	}
	b, ok, err := db.BindingOf(ctx, "webchat", "g1")
	if want := (report.Binding{Platform: "webchat", Chat: "g1", Team: 8, By: 5, At: now}); err != nil || !ok || b != want {
		t.Errorf("bound twice: %+v, %v %v", b, ok, err)
	}
	if all, err := db.Bindings(ctx); err != nil || len(all) != 1 {
		t.Errorf("bindings: %+v, %v", all, err)
	}
	if was, err := db.Unbind(ctx, "webchat", "g1"); err != nil || !was {
		t.Errorf("unbind: %v %v", was, err)
	}
	if was, err := db.Unbind(ctx, "webchat", "g1"); err != nil || was {
		t.Errorf("unbind again: %v %v", was, err)
	}
}
