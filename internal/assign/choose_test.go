package assign_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmbot/internal/assign"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
)

// morning is Tuesday, 3 March 2026, 10:00 in Shanghai.
var (
	zone    = time.FixedZone("CST", 8*3600)
	morning = time.Date(2026, 3, 3, 10, 0, 0, 0, zone)
)

func standard(t interface{ Fatal(...any) }) *calendar.Calendar {
	cal, err := calendar.Standard(zone)
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func TestAS02TheOneWithTheLeastForTheirWeightIsNext(t *testing.T) {
	able := assign.Candidate{Weight: 1, Quota: 10, Hold: 50}
	who := func(id crm.UserID, change func(*assign.Candidate)) assign.Candidate {
		c := able
		c.User = id
		if change != nil {
			change(&c)
		}
		return c
	}
	got := func(n int) func(*assign.Candidate) { return func(c *assign.Candidate) { c.Received = n } }
	for name, c := range map[string]struct {
		m      assign.Method
		cs     []assign.Candidate
		want   crm.UserID
		rivals int
	}{
		"fewest":                      {assign.Weighted, []assign.Candidate{who(1, got(2)), who(2, got(1))}, 2, 2},
		"for their weight":            {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Received, c.Weight = 3, 2 }), who(2, got(2))}, 1, 2},
		"equal: waited longest":       {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Last = morning }), who(2, func(c *assign.Candidate) { c.Last = morning.Add(-time.Hour) })}, 2, 2},
		"never had one is first":      {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Last = morning }), who(2, nil)}, 2, 2},
		"turns do not count":          {assign.Turn, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Received, c.Last = 5, morning.Add(-time.Hour) }), who(2, func(c *assign.Candidate) { c.Last = morning })}, 1, 2},
		"equal in all: lowest number": {assign.Turn, []assign.Candidate{who(2, nil), who(1, nil)}, 1, 2},
		"off":                         {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Off = true }), who(2, got(9))}, 2, 1},
		"on leave":                    {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Leave = true }), who(2, got(9))}, 2, 1},
		"not on duty":                 {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.OffDuty = true }), who(2, got(9))}, 2, 1},
		"asked before":                {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Asked = true }), who(2, got(9))}, 2, 1},
		"at the hold limit":           {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Held = 50 }), who(2, got(9))}, 2, 1},
		"below the hold limit":        {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Held = 49 }), who(2, got(9))}, 1, 2},
		"three overdue A leads":       {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Overdue = 3 }), who(2, got(9))}, 2, 1},
		"two overdue A leads":         {assign.Weighted, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Overdue = 2 }), who(2, got(9))}, 1, 2},
		"quota used":                  {assign.Weighted, []assign.Candidate{who(1, got(10)), who(2, got(9))}, 2, 1},
		"in cool-down":                {assign.Turn, []assign.Candidate{who(1, func(c *assign.Candidate) { c.Cooling = true }), who(2, got(9))}, 2, 1},
		"nobody":                      {assign.Weighted, []assign.Candidate{who(1, got(10))}, 0, 0},
	} {
		chosen, rivals, passed := assign.Choose(c.cs, c.m, 3)
		if chosen.User != c.want || rivals != c.rivals {
			t.Errorf("%s: %d of %d rivals, want %d of %d", name, chosen.User, rivals, c.want, c.rivals)
		}
		n := 0
		for _, x := range passed {
			n += x
		}
		if n+rivals != len(c.cs) {
			t.Errorf("%s: %v are passed over and %d are not, of %d", name, passed, rivals, len(c.cs))
		}
	}
}

func TestAS02TheMonthsCapIsSpreadOverItsWorkingDays(t *testing.T) {
	cal := standard(t)
	for cap, want := range map[int]int{60: 3, 0: 0, 1: 1, 22: 1, 23: 2, 66: 3, 67: 4} { // March 2026 has 22 working days
		if got := assign.DailyQuota(cap, cal, "2026-03-03"); got != want {
			t.Errorf("%d a month: %d a day, want %d", cap, got, want)
		}
	}
	on, off := true, false
	for name, c := range map[string]struct {
		p    assign.Profile
		day  crm.Day
		ex   *bool
		want bool
	}{
		"a working day":                  {assign.Profile{}, "2026-03-03", nil, true},
		"a Saturday":                     {assign.Profile{}, "2026-03-07", nil, false},
		"a make-up Saturday":             {assign.Profile{}, "2026-02-28", nil, true},
		"their weekday":                  {assign.Profile{Days: []int{2, 4}}, "2026-03-03", nil, true},
		"another weekday":                {assign.Profile{Days: []int{1}}, "2026-03-03", nil, false},
		"Sunday is the seventh":          {assign.Profile{Days: []int{7}}, "2026-03-08", nil, false},
		"a weekend on duty by exception": {assign.Profile{}, "2026-03-07", &on, true},
		"a day off by exception":         {assign.Profile{}, "2026-03-03", &off, false},
	} {
		if got := assign.OnDuty(c.p, c.ex, cal, c.day); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Property: whatever the weights, over many leads nobody gets more than one
// beyond their share, nobody passes their quota or hold limit, and the same
// question has the same answer.
func TestAS02SharesFollowTheWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "people")
		cs := make([]assign.Candidate, n)
		weights, room := 0, 0
		for i := range cs {
			cs[i] = assign.Candidate{User: crm.UserID(i + 1), Weight: rapid.IntRange(1, 5).Draw(t, "weight"), Quota: 1000, Hold: 1000}
			if rapid.Bool().Draw(t, "limited") {
				cs[i].Quota = rapid.IntRange(0, 8).Draw(t, "quota")
			}
			weights += cs[i].Weight
			room += cs[i].Quota
		}
		leads := rapid.IntRange(1, 60).Draw(t, "leads")
		given := 0
		for k := range leads {
			c, rivals, _ := assign.Choose(cs, assign.Weighted, 3)
			shuffled := slices.Clone(cs)
			slices.Reverse(shuffled)
			if again, _, _ := assign.Choose(shuffled, assign.Weighted, 3); again.User != c.User {
				t.Fatalf("the order of the question changed the answer: %d and %d", c.User, again.User)
			}
			if rivals == 0 {
				break
			}
			x := &cs[c.User-1]
			x.Received++
			x.Held++
			x.Last = morning.Add(time.Duration(k) * time.Second)
			given++
		}
		if given != min(leads, room) {
			t.Fatalf("%d of %d leads were given with room for %d", given, leads, room)
		}
		for _, c := range cs {
			if c.Received > c.Quota {
				t.Fatalf("%d got %d of at most %d", c.User, c.Received, c.Quota)
			}
			for _, o := range cs { // who still could take one is not behind anybody by more than one
				if o.Received < o.Quota && float64(c.Received-1)/float64(c.Weight) > float64(o.Received)/float64(o.Weight) {
					t.Fatalf("%+v is ahead of %+v", c, o)
				}
			}
		}
	})
}

func TestAS03OffersRunInWorkingHours(t *testing.T) {
	cal := standard(t)
	for _, c := range []struct {
		grade lead.Grade
		at    string
		want  string
	}{
		{"A", "2026-03-03 10:00", "2026-03-03 10:15"},
		{"B", "2026-03-03 10:00", "2026-03-03 11:00"},
		{"C", "2026-03-03 10:00", "2026-03-03 14:00"},
		{"D", "2026-03-03 10:00", "2026-03-03 14:00"},
		{"", "2026-03-03 10:00", "2026-03-03 14:00"},
		{"A", "2026-03-03 17:50", "2026-03-04 09:05"}, // not at night
		{"C", "2026-03-06 16:00", "2026-03-09 11:00"}, // nor at the weekend
	} {
		at, _ := time.ParseInLocation("2006-01-02 15:04", c.at, zone)
		if got := assign.Deadline(c.grade, assign.Timers.Default, cal, at).In(zone).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("grade %q offered at %s runs to %s, want %s", c.grade, c.at, got, c.want)
		}
	}
}

func TestAS04StagesAfterTheFirstContactWasDue(t *testing.T) {
	cal := standard(t)
	due := time.Date(2026, 3, 5, 15, 0, 0, 0, zone) // Thursday
	next := map[assign.Stage]string{assign.InTime: "2026-03-05 15:00", assign.TellRep: "2026-03-06 15:00", assign.TellBoth: "2026-03-09 15:00"}
	for at, want := range map[string]assign.Stage{"2026-03-05 14:59": assign.InTime, "2026-03-05 15:00": assign.TellRep, "2026-03-06 14:59": assign.TellRep, "2026-03-06 15:00": assign.TellBoth, "2026-03-08 12:00": assign.TellBoth, "2026-03-09 14:59": assign.TellBoth, "2026-03-09 15:00": assign.Again, "2026-04-01 09:00": assign.Again} {
		now, _ := time.ParseInLocation("2006-01-02 15:04", at, zone)
		got, until := assign.StageOf(due, cal, 1, 2, now)
		if got != want {
			t.Errorf("at %s: stage %d, want %d", at, got, want)
		}
		if w, _ := time.ParseInLocation("2006-01-02 15:04", next[want], zone); !until.Equal(w) {
			t.Errorf("at %s: the next stage is at %s, want %s", at, until, w)
		}
	}
	if st, until := assign.StageOf(time.Time{}, cal, 1, 2, due); st != assign.InTime || !until.IsZero() {
		t.Error("a lead without a deadline is late")
	}
}

func TestAS04TheClockStandsStillDuringALeave(t *testing.T) {
	cal := standard(t)
	at := func(s string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	owned, due := at("2026-03-04 16:00"), at("2026-03-05 11:00") // Wednesday, four working hours
	for name, c := range map[string]struct {
		leave crm.Day
		to    crm.Day
		want  string
	}{
		"no leave":               {"", "", "2026-03-05 11:00"},
		"open leave":             {"2026-03-05", "", "2026-03-05 11:00"},
		"the next two days":      {"2026-03-05", "2026-03-06", "2026-03-09 11:00"}, // two hours of Wednesday are used
		"since before they got":  {"2026-03-02", "2026-03-06", "2026-03-09 13:00"}, // all four hours are left
		"over when they got it":  {"2026-03-02", "2026-03-03", "2026-03-05 11:00"},
		"after it was due":       {"2026-03-06", "2026-03-10", "2026-03-05 11:00"},
		"on the day it came too": {"2026-03-04", "2026-03-04", "2026-03-05 13:00"},
	} {
		got := assign.AfterLeave(due, owned, org.User{LeaveFrom: c.leave, LeaveTo: c.to}, cal)
		if w := at(c.want); !got.Equal(w) {
			t.Errorf("%s: due %s, want %s", name, got.In(zone), w)
		}
	}
}

func TestADryRunGivesWhatTheRulesWouldHaveGiven(t *testing.T) {
	cal := standard(t)
	book := assign.Book{Rules: []assign.Rule{{ID: 1, Name: "A", When: assign.Condition{Grades: []lead.Grade{"A"}}, Steps: []assign.Step{{Method: assign.Weighted}, {Method: assign.Claim}}}, {ID: 2, Name: "C", When: assign.Condition{Grades: []lead.Grade{"C"}}, Steps: []assign.Step{{Method: assign.Turn}}}}}
	players := map[crm.UserID]assign.Player{1: {Cap: 22}, 2: {Cap: 44, Profile: assign.Profile{Weight: 2}}, 3: {Cap: 44, Profile: assign.Profile{Off: true}}}
	scope := func(assign.Step, crm.PoolID) []crm.UserID { return []crm.UserID{1, 2, 3} }
	var ls []lead.Lead
	add := func(at time.Time, grades string) {
		for _, g := range grades {
			ls = append(ls, lead.Lead{ID: crm.LeadID(len(ls) + 1), Grade: lead.Grade(g), CreatedAt: at})
		}
	}
	add(morning, "AAAAB")                 // one for 1, two for 2, then the pool; B has no rule
	add(morning.Add(12*time.Hour), "ACC") // at night: counts for the next day
	out := assign.Replay(book, ls, players, scope, cal)
	got := ""
	for _, l := range ls {
		w := out[l.ID]
		got += fmt.Sprintf("%d%s%d ", w.Rule.ID, w.Method, w.To)
	}
	if want := "1weighted1 1weighted2 1weighted2 1claim0 00 1weighted1 2turn2 2turn2 "; got != want {
		t.Errorf("the leads go %q, want %q", got, want)
	}
}
