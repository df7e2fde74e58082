package app_test

import (
	"testing"
	"time"

	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/lead"
	"crmbot/internal/testdb"
)

// TestTheDailyListLeavesOutWhatWentElsewhere: a next step and a visit on a lead
// that its owner gave back are on nobody's list and nobody is reminded of them;
// they are there again when the lead comes back, and a leader keeps theirs.
func TestTheDailyListLeavesOutWhatWentElsewhere(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { leavesOut(t, "") })
	t.Run("mysql", func(t *testing.T) { leavesOut(t, testdb.MySQL(t)) })
}

func leavesOut(t *testing.T, dsn string) {
	f := newBranch(t, dsn)
	s, day := f.a.Services, f.a.Services.Calendar.DayOf(f.clock.Now())
	l, err := s.Leads.Create(f.ctx, f.as("李娜"), lead.NewLead{Info: lead.Info{Company: "远山机械", Contact: "王总", Phone: "13900001234"}, Owner: f.ids["李娜"]}, true)
	f.must(err)
	for _, name := range []string{"李娜", "王磊"} {
		d, err := s.Activities.Start(f.ctx, f.as(name), activity.KindCall, l.Ref())
		f.must(err)
		_, err = s.Activities.Submit(f.ctx, f.as(name), d.ID, activity.Entry{Kind: activity.KindCall, Subject: l.Ref(), Met: "王总", At: f.clock.Now(), Duration: 5 * time.Minute, Result: activity.ResultProgress,
			Note: "聊了报价和交期，约好再联系", Next: activity.Due{Day: day, Time: calendar.Clock(17, 0), HasTime: true}, NextText: "带方案"})
		f.must(err)
	}
	_, err = s.Activities.AddPlan(f.ctx, f.as("李娜"), l.Ref(), activity.Due{Day: day})
	f.must(err)
	wants := func(name string, steps, plans int) {
		t.Helper()
		today, err := s.Activities.TodayOf(f.ctx, f.as(name))
		f.must(err)
		if len(today.Due)+len(today.Overdue) != steps || len(today.Plans) != plans {
			t.Errorf("%s has %d steps and %d visits to do, want %d and %d", name, len(today.Due)+len(today.Overdue), len(today.Plans), steps, plans)
		}
	}
	wants("李娜", 1, 1)
	wants("王磊", 1, 0)
	_, err = s.Leads.Assign(f.ctx, f.as("王磊"), l.ID, f.ids["张伟"])
	f.must(err)
	wants("李娜", 0, 0)
	wants("王磊", 1, 0)
	_, err = s.Leads.Assign(f.ctx, f.as("王磊"), l.ID, f.ids["李娜"])
	f.must(err)
	wants("李娜", 1, 1)
	_, err = s.Leads.Release(f.ctx, f.as("李娜"), l.ID, "no_need", "")
	f.must(err)
	wants("李娜", 0, 0)
	wants("王磊", 0, 0)
}
