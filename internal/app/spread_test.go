package app_test

import (
	"testing"
	"time"

	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
)

// the day's reports are drafted at half past five and say so; the cards go
// out in the minutes after it, everybody's at a moment of their own, because the
// platforms ask not to send exactly then.
func TestR01ReportsAreMadeOnTimeAndDeliveredInTheMinutesAfter(t *testing.T) {
	half := time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC) // 17:30 in China
	clock := crm.NewMovableClock(half.Add(-time.Hour), false)
	l := newLark("long", emulator.LarkOptions{NoLimits: true}, clock)
	for _, m := range staff {
		l.hire(m)
	}
	s := story{serve(t, app.Options{Clock: clock}, nil, l), l, nil}
	s.known("wang", "li", "zhang")
	s.say("li", "/帮助", "/我的线索") // an answer is not delayed
	if err := clock.Set(half); err != nil {
		t.Fatal(err)
	}
	const due = "SELECT COUNT(*) FROM crm_outbox WHERE view LIKE 'report.%'"
	until(t, "the drafts", func() bool { return s.count(due) >= 2 })
	if n := s.count("SELECT COUNT(DISTINCT next_ms) FROM crm_outbox WHERE view LIKE 'report.%'"); n != s.count(due) {
		t.Errorf("%d cards at %d moments", s.count(due), n)
	}
	first, last := s.count("SELECT MIN(next_ms) FROM crm_outbox WHERE view LIKE 'report.%'"), s.count("SELECT MAX(next_ms) FROM crm_outbox WHERE view LIKE 'report.%'")
	if first < half.Add(20*time.Second).UnixMilli() || last >= half.Add(4*time.Minute).UnixMilli() {
		t.Errorf("cards go out from %s to %s", time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC())
	}
	if n := s.count("SELECT COUNT(*) FROM crm_outbox WHERE view LIKE 'report.%' AND state <> 0"); n != 0 {
		t.Errorf("%d cards went out at once", n)
	}
	if made := time.UnixMilli(s.count("SELECT MAX(as_of_ms) FROM crm_reports")); made.Sub(half) > 15*time.Second {
		t.Errorf("the reports are of %s", made.UTC())
	}
	if err := clock.Set(half.Add(4 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	until(t, "the cards", func() bool {
		return s.count("SELECT COUNT(*) FROM crm_outbox WHERE view LIKE 'report.%' AND state = 1") == s.count(due)
	})
}
