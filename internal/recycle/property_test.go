package recycle_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmbot/internal/crm"
	"crmbot/internal/recycle"
)

// TestP14TheWarnedContainTheReleased plays weeks of a small team by chance:
// activities, grades, locks, extensions, leave, deliveries that fail, days
// without a run and changes of rules, over a calendar with its holidays. Whatever
// was released had a warning about that day, to that owner, that had arrived a
// full working day before; it went on a working day, at ten or later, and was
// not held.
func TestP14TheWarnedContainTheReleased(t *testing.T) {
	h := newHouse(t, "")
	for key, value := range map[string]string{"P-16.count": "1000", "P-16.percent": "100", "P-16.rep_percent": "100", "P-12.locks": "1000", "P-03.leads": "100000", "P-19.owners": "100"} {
		h.set(key, value)
	}
	day := crm.Day("2026-03-02")
	total, played, broken := 0, 0, false
	rapid.Check(t, func(t *rapid.T) {
		// Each history is weeks of work on a database: a few will do, and as many as
		// it takes to make a broken one small.
		if played++; played > histories && !broken {
			return
		}
		broken = true
		started := h.clock.Now()
		var refs []crm.Ref
		for range rapid.IntRange(2, 5).Draw(t, "leads") {
			refs = append(refs, h.lead("李娜"))
		}
		// Days without work are days, too.
		for range rapid.IntRange(12, 24).Draw(t, "days") {
			day = day.AddDays(1)
			if rapid.IntRange(0, 9).Draw(t, "down") > 0 {
				h.chanceDay(t, day)
			}
			for _, ref := range refs {
				h.chanceOn(t, ref, day)
			}
		}
		total += h.checkReleases(t, started)
		h.exec("UPDATE crm_users SET leave_from = '', leave_to = ''")
		h.must(h.app.Services.Directory.Reload(h.ctx))
		broken = false
	})
	if total == 0 {
		t.Error("no history released anything: the test proves nothing")
	}
}

// histories is how many of them are played.
const histories = 15

// chanceDay is one day's runs, some of them late, some warnings not delivered.
func (h *house) chanceDay(t *rapid.T, day crm.Day) {
	h.at(string(day) + " 02:40")
	h.must(h.keep.Nightly(h.ctx))
	warn := rapid.SampledFrom([]string{"09:00", "09:00", "09:00", "13:00", ""}).Draw(t, "warn")
	if warn != "" && warn < "10:00" {
		h.at(string(day) + " " + warn)
		h.must(h.keep.Warn(h.ctx))
	}
	arrives := rapid.IntRange(0, 4).Draw(t, "arrives") > 0
	if arrives {
		h.arrive()
	}
	h.at(string(day) + " 10:00")
	h.must(h.keep.Release(h.ctx))
	if warn >= "10:00" {
		h.at(string(day) + " " + warn)
		h.must(h.keep.Warn(h.ctx))
		if arrives {
			h.arrive()
		}
	}
}

// chanceOn does something with a record, or nothing.
func (h *house) chanceOn(t *rapid.T, ref crm.Ref, day crm.Day) {
	owner := h.count("SELECT owner_id FROM crm_leads WHERE id = ?", ref.ID)
	if owner == 0 {
		return
	}
	a := h.as("李娜")
	switch rapid.IntRange(0, 60).Draw(t, "what") {
	case 0, 1, 2:
		h.must(h.touch(ref))
	case 3:
		h.exec("UPDATE crm_leads SET grade = ? WHERE id = ?", rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "grade"), ref.ID)
		h.exec("UPDATE crm_keepings SET check_day = '' WHERE kind = 'L' AND record_id = ?", ref.ID)
	case 4:
		_, err := h.keep.Lock(h.ctx, a, ref, rapid.IntRange(1, 6).Draw(t, "lock"))
		allow(t, err)
	case 5:
		_, err := h.keep.Unlock(h.ctx, a, ref)
		allow(t, err)
	case 6:
		r, err := h.keep.Extend(h.ctx, a, ref, "客户预算下月批复")
		allow(t, err)
		if err == nil && rapid.Bool().Draw(t, "answer") {
			_, err = h.keep.Answer(h.ctx, h.as("王磊"), r.ID, rapid.Bool().Draw(t, "approve"))
			allow(t, err)
		}
	case 7:
		h.exec("UPDATE crm_users SET leave_from = ?, leave_to = ? WHERE id = ?", string(day), string(day.AddDays(rapid.IntRange(0, 6).Draw(t, "leave"))), int64(h.who["李娜"]))
		h.must(h.app.Services.Directory.Reload(h.ctx))
	case 8:
		n := rapid.IntRange(1, 6).Draw(t, "period")
		h.set(recycle.LeadPeriods, fmt.Sprintf(`{"A":{"contact_hours":4,"idle_days":%d},"B":{"contact_hours":4,"idle_days":%d},"C":{"contact_hours":4,"idle_days":%d},"D":{"contact_hours":4,"idle_days":%d}}`, n, n+1, n+2, n+3))
	}
}

func allow(t *rapid.T, err error) {
	if c := crm.CodeOf(err); err != nil && c != crm.CodeRefused && c != crm.CodeConflict && c != crm.CodeNotFound {
		t.Fatal(err)
	}
}

// checkReleases looks at every release since the moment and counts them.
func (h *house) checkReleases(t *rapid.T, since time.Time) int {
	db, err := h.app.DB.SQL()
	h.must(err)
	rows, err := db.QueryContext(h.ctx, `SELECT g.ref, g.at_ms, i.release_day, g.from_user,
		COALESCE((SELECT MIN(l.delivered_ms) FROM crm_keeping_lines l WHERE 'L-' || l.record_id = g.ref AND l.owner_id = g.from_user AND l.release_day = i.release_day AND l.step > 0 AND l.delivered_ms > 0), 0)
		FROM crm_ownership_ledger g JOIN crm_recycle_items i ON 'L-' || i.record_id = g.ref AND i.state = 1 AND i.owner_id = g.from_user WHERE g.reason = 'recycle' AND g.at_ms >= ?`, since.UnixMilli())
	h.must(err)
	defer rows.Close()
	cal, n := h.app.Services.Calendar, 0
	for rows.Next() {
		var ref, day string
		var atMs, from, delivered int64
		h.must(rows.Scan(&ref, &atMs, &day, &from, &delivered))
		n++
		at := time.UnixMilli(atMs)
		switch got := cal.WorkHoursBetween(time.UnixMilli(delivered), at); {
		case delivered == 0:
			t.Fatalf("%s was released at %s on %s without a delivered warning", ref, at.In(zone), day)
		case got < 9*time.Hour:
			t.Fatalf("%s was released %s of working time after its warning", ref, got)
		case !cal.IsWorkday(cal.DayOf(at)) || at.In(zone).Hour() < 10 || at.In(zone).Hour() >= 18:
			t.Fatalf("%s was released at %s", ref, at.In(zone))
		case crm.Day(day) > cal.DayOf(at):
			t.Fatalf("%s was released at %s, before its day %s", ref, at.In(zone), day)
		}
	}
	h.must(rows.Err())
	return n
}

func TestRC02PreviewTellsWhoWouldLoseWhatAndStoresNothing(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	first, second, third := h.lead("李娜"), h.lead("李娜"), h.lead("张伟")
	h.at("2026-03-03 10:00")
	h.must(h.touch(second))
	versions := h.count("SELECT COUNT(*) FROM crm_rule_versions")
	short := `{"A":{"contact_hours":4,"idle_days":2},"B":{"contact_hours":4,"idle_days":2},"C":{"contact_hours":4,"idle_days":2},"D":{"contact_hours":4,"idle_days":2}}`
	effective := moment("2026-03-04 00:00")
	p, err := h.keep.Preview(h.ctx, recycle.LeadPeriods, "", short, effective)
	h.must(err)
	if p.Looked != 3 || p.Affected != 3 || p.Sooner != 3 || p.Earliest != "2026-03-09" || p.Safe != "2026-03-09" || len(p.Owners) != 2 || p.Owners[0].Sooner != 2 || p.Owners[0].Name != "李娜" || p.Owners[0].Earliest != "2026-03-09" {
		t.Errorf("a shorter period: %+v", p)
	}
	if len(p.Records) != 3 || p.Records[0].Ref != first || p.Records[0].Before != "2026-03-16" || p.Records[2].Ref != third {
		t.Errorf("the records: %+v", p.Records)
	}
	p, err = h.keep.Preview(h.ctx, recycle.Mode.Key, "", recycle.Observe, effective)
	h.must(err)
	if p.Affected != 3 || p.Later != 3 || p.Earliest != "" {
		t.Errorf("switched off: %+v", p)
	}
	if _, err := h.keep.Preview(h.ctx, recycle.LeadPeriods, "", "{}", effective); err == nil {
		t.Error("a value that the setting refuses is previewed")
	}
	if h.count("SELECT COUNT(*) FROM crm_rule_versions") != versions || h.release(first) != "2026-03-16" {
		t.Error("the preview changed something")
	}
	list, more, err := h.keep.PreviewAll(h.ctx, recycle.LeadPeriods, "", short, effective, 2)
	h.must(err)
	if len(list) != 2 || !more {
		t.Errorf("the first two: %+v, more %v", list, more)
	}
}
