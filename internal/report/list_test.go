package report_test

import (
	"testing"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/report"
)

// TestR02ListsShowTheOwnRecordsOnly: however much others do on the day, and
// without what was taken back.
func TestR02ListsShowTheOwnRecordsOnly(t *testing.T) {
	o := newOffice(t, sqliteDSN(t))
	team := o.team(t, "一", 0)
	admin := o.person(t, "管理员", team, crm.Admin)
	reps := []org.User{o.person(t, "甲", team, crm.Rep), o.person(t, "乙", team, crm.Rep)}
	if _, err := o.svc.AddList(t.Context(), o.actor(t, admin.ID), report.AnyVersion, "visit.valid", 3); err != nil {
		t.Fatal(err)
	}
	o.did(t, reps[0], "visit.valid", 1)
	o.did(t, reps[1], "visit.valid", 1)
	o.did(t, reps[1], "visit.valid", -1) // taken back
	for range 60 {
		o.did(t, admin, "visit.valid", 1)
	}
	if err := o.svc.DraftAll(t.Context(), today); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{1, 0} {
		r, ok, err := o.db.ReportOf(t.Context(), reps[i].ID, today)
		if err != nil || !ok {
			t.Fatalf("%v %v", ok, err)
		}
		n := 0
		for _, l := range r.Content.Lists {
			n += len(l)
		}
		if n != want {
			t.Errorf("%s: %d records listed, want %d", reps[i].Name, n, want)
		}
	}
}
