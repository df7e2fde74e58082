package push_test

import (
	"testing"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/push"
)

func TestCH03WithheldCardsWaitForTheNextDigestOfAWorkingDay(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	cal, err := calendar.Standard(zone)
	if err != nil {
		t.Fatal(err)
	}
	const form = "2006-01-02 15:04:05"
	for now, want := range map[string]string{
		"2026-03-02 07:00:00": "2026-03-02 08:45:00",
		"2026-03-02 08:43:59": "2026-03-02 08:45:00",
		"2026-03-02 08:44:00": "2026-03-02 17:30:00", // the morning's may be on its way
		"2026-03-02 08:45:00": "2026-03-02 17:30:00",
		"2026-03-02 17:30:00": "2026-03-03 08:45:00",
		"2026-03-06 18:00:00": "2026-03-09 08:45:00", // Friday evening
		"2026-03-07 10:00:00": "2026-03-09 08:45:00", // Saturday
		"2026-02-14 18:00:00": "2026-02-24 08:45:00", // a Saturday worked for the holiday that follows
	} {
		at, err := time.ParseInLocation(form, now, zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, times := range [][2]int{{8*60 + 45, 17*60 + 30}, {17*60 + 30, 8*60 + 45}} {
			if got := push.Digest(cal, at, times[0], times[1]).In(zone).Format(form); got != want {
				t.Errorf("withheld at %s it waits for %s, want %s", now, got, want)
			}
		}
	}
}
