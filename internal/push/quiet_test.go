package push_test

import (
	"testing"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/push"
)

func TestCH03WhatComesInAQuietTimeIsDecidedByKind(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	cal, err := calendar.Standard(zone)
	if err != nil {
		t.Fatal(err)
	}
	const form = "2006-01-02 15:04"
	for _, c := range []struct {
		now, view string
		exempt    bool
		want      string // empty: at once
	}{
		{"2026-03-02 19:59", "lead.taken", false, ""},
		{"2026-03-02 20:00", "lead.taken", false, "2026-03-03 08:00"},
		{"2026-03-03 07:59", "lead.taken", true, "2026-03-03 08:00"},
		{"2026-03-03 08:00", "lead.taken", false, ""},
		{"2026-03-06 21:00", "lead.collab", false, "2026-03-09 08:00"}, // Friday evening
		{"2026-03-07 10:00", "contract.sign", false, "2026-03-09 08:00"},
		{"2026-02-14 10:00", "lead.taken", false, ""}, // a Saturday worked for the holiday that follows
		{"2026-03-07 10:00", "lead.given", false, "2026-03-09 08:00"},
		{"2026-03-07 10:00", "lead.given", true, ""}, // of grade A
		{"2026-03-07 23:00", "approval.card", true, ""},
		{"2026-03-07 23:00", "approval.reminder", true, "2026-03-09 08:00"},
		{"2026-03-07 23:00", "report.digest", false, "2026-03-09 08:00"},
		{"2026-03-07 23:00", "bind.card", true, ""},
		{"2026-03-07 23:00", "org.leave", true, "2026-03-09 08:00"},
		{"2026-03-07 23:00", "some.other", true, "2026-03-09 08:00"},
	} {
		now, err := time.ParseInLocation(form, c.now, zone)
		if err != nil {
			t.Fatal(err)
		}
		g := push.NewGate(push.Deps{Calendar: cal, Clock: crm.NewMovableClock(now, true)})
		got := ""
		if at := g.Waits(c.view, c.exempt); !at.IsZero() {
			got = at.In(zone).Format(form)
		}
		if got != c.want {
			t.Errorf("%s at %s waits for %q, want %q", c.view, c.now, got, c.want)
		}
	}
}
