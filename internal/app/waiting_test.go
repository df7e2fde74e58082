package app_test

import (
	"strings"
	"testing"

	"crmbot/internal/lead"
	"crmbot/internal/recycle"
	"crmbot/internal/rule"
)

// TestP13WhatWaitsForAManagerIsOnTheirDailyList: an extension that is asked for
// is on the list of the superior alone, with the commands that decide; while it
// waits nothing is released, and when somebody else owns the record it is void.
func TestP13WhatWaitsForAManagerIsOnTheirDailyList(t *testing.T) {
	f := newBranch(t, "")
	s := f.a.Services
	_, err := s.Rules.Set(f.ctx, f.as("管理员"), recycle.Mode.Key, rule.Scope(""), recycle.Hard, "启用", f.clock.Now())
	f.must(err)
	l, err := s.Leads.Create(f.ctx, f.as("李娜"), lead.NewLead{Info: lead.Info{Company: "远山机械", Contact: "王总", Phone: "13900001234"}, Owner: f.ids["李娜"]}, true)
	f.must(err)
	r, err := s.Recycle.Extend(f.ctx, f.as("李娜"), l.Ref(), "预算下月批复")
	f.must(err)
	waits := func(name string) (titles []string) {
		t.Helper()
		today, err := s.Activities.TodayOf(f.ctx, f.as(name))
		f.must(err)
		for _, w := range today.Approvals {
			titles = append(titles, w.Title)
			if len(w.Acts) != 2 || !strings.Contains(w.Acts[0].Line, l.ID.String()) {
				t.Errorf("it is decided by %+v", w.Acts)
			}
		}
		return titles
	}
	if got := waits("王磊"); len(got) != 1 || !strings.Contains(got[0], "远山机械") || !strings.Contains(got[0], "预算下月批复") {
		t.Errorf("on the manager's list: %q", got)
	}
	for _, other := range []string{"李娜", "张伟", "陈静", "管理员"} {
		if got := waits(other); len(got) != 0 {
			t.Errorf("on the list of %s: %q", other, got)
		}
	}
	seen, err := s.Recycle.Of(f.ctx, l.Ref())
	f.must(err)
	if len(seen.Holds) != 1 || seen.Holds[0].What != recycle.HoldAsked || seen.Holds[0].Until != "" {
		t.Errorf("while it waits it is held by %+v", seen.Holds)
	}
	_, err = s.Leads.Assign(f.ctx, f.as("王磊"), l.ID, f.ids["张伟"])
	f.must(err)
	if got := waits("王磊"); len(got) != 0 {
		t.Errorf("after a transfer: %q", got)
	}
	card, err := s.Recycle.RequestFor(f.ctx, f.as("王磊"), r.ID)
	if err != nil || !card.Lapsed || card.MayAnswer {
		t.Errorf("after a transfer the card says %+v, %v", card, err)
	}
}
