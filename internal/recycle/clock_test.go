package recycle_test

import (
	"testing"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/recycle"
)

var zone = time.FixedZone("CST", 8*3600)

func standard(t testing.TB) *calendar.Calendar {
	t.Helper()
	cal, err := calendar.Standard(zone)
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func moment(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		panic(err)
	}
	return at
}

// terms are the defaults of P-11 to P-15 in force without a version.
func terms() recycle.Terms {
	days := func(work bool, n ...int) map[string]recycle.Period {
		out := map[string]recycle.Period{}
		for i, g := range []string{"A", "B", "C", "D"}[:len(n)] {
			out[g] = recycle.Period{Days: n[i], Work: work}
		}
		return out
	}
	t := recycle.Terms{Leads: days(true, 3, 5, 10, 15), Accounts: days(false, 30, 45, 60), NoDeal: days(false, 120, 90, 90), Review: map[string]bool{"KA": true},
		Repurchase: recycle.Period{Days: 90}, Enquiry: recycle.Period{Days: 180}, ForwardDays: 7, MaxHold: 180, AnswerDays: 3, Grace: 3, Far: 30, FarAt: 7, NearAt: 3, LastAt: 1,
		Plan: recycle.Plan{Mode: recycle.Hard}}
	t.Accounts["KA"] = recycle.Period{Days: 21}
	return t
}

// Monday 2 March 2026; 4 to 6 April and 1 to 5 May are holidays, 9 May is worked.
const owned = "2026-03-02 09:00"

func leadFacts(grade string) recycle.Facts {
	return recycle.Facts{Ref: crm.LeadID(1).Ref(), Owner: 5, Grade: grade, OwnedAt: moment(owned)}
}

func accountFacts(level string) recycle.Facts {
	return recycle.Facts{Ref: crm.AccountID(1).Ref(), Owner: 5, Grade: level, OwnedAt: moment(owned)}
}

func TestP11PeriodsByGradeAndLevel(t *testing.T) {
	cal, now := standard(t), moment("2026-03-03 10:00")
	for name, c := range map[string]struct {
		facts func() recycle.Facts
		want  crm.Day
		clock recycle.Clock
		check func(v recycle.Verdict) bool
	}{
		"lead A":         {func() recycle.Facts { return leadFacts("A") }, "2026-03-05", recycle.ClockIdle, nil},
		"lead D":         {func() recycle.Facts { return leadFacts("D") }, "2026-03-23", recycle.ClockIdle, nil},
		"lead, no grade": {func() recycle.Facts { return leadFacts("") }, "2026-03-23", recycle.ClockIdle, nil},
		"account A":      {func() recycle.Facts { return accountFacts("A") }, "2026-04-01", recycle.ClockIdle, nil},
		"account B":      {func() recycle.Facts { return accountFacts("B") }, "2026-04-16", recycle.ClockIdle, nil},
		"account C, on a holiday the next working day": {func() recycle.Facts { return accountFacts("C") }, "2026-05-06", recycle.ClockIdle, nil},
		"a key account is reviewed":                    {func() recycle.Facts { return accountFacts("KA") }, "2026-03-23", recycle.ClockIdle, func(v recycle.Verdict) bool { return v.Review }},
		"active but no deal": {func() recycle.Facts {
			f := accountFacts("A")
			f.ValidAt = moment("2026-06-20 10:00")
			return f
		}, "2026-06-30", recycle.ClockNoDeal, nil},
		"a deal that is open": {func() recycle.Facts {
			f := accountFacts("A")
			f.ValidAt, f.OpenDeals = moment("2026-06-20 10:00"), 1
			return f
		}, "2026-07-20", recycle.ClockIdle, nil},
		"a deal that was closed": {func() recycle.Facts {
			f := accountFacts("B")
			f.ValidAt, f.LastOpened, f.LastClosed = moment("2026-06-01 10:00"), "2026-03-05", "2026-03-31"
			return f
		}, "2026-06-29", recycle.ClockNoDeal, nil},
		"enquired only": {func() recycle.Facts {
			f := accountFacts("C")
			f.ValidAt, f.Enquiry = moment("2026-08-20 10:00"), true
			return f
		}, "2026-08-31", recycle.ClockEnquiry, nil},
		"bought before": {func() recycle.Facts {
			f := accountFacts("A")
			f.Dealt, f.ContractEnd, f.LastOpened = true, "2026-03-31", "2026-01-05"
			return f
		}, "2026-06-29", recycle.ClockRepurchase, nil},
		"bought before, a new deal since": {func() recycle.Facts {
			f := accountFacts("A")
			f.Dealt, f.ContractEnd, f.LastOpened = true, "2026-03-31", "2026-04-02"
			return f
		}, "", "", nil},
		"bought before, no contract known": {func() recycle.Facts {
			f := accountFacts("A")
			f.Dealt = true
			return f
		}, "", "", nil},
	} {
		v := recycle.Judge(c.facts(), recycle.Person{}, terms(), cal, now)
		if v.Release != c.want || v.Clock != c.clock || c.check != nil && !c.check(v) {
			t.Errorf("%s: %s by %q, want %s by %q", name, v.Release, v.Clock, c.want, c.clock)
		}
	}
}

func TestP09TheLatestMomentCountsAndNoneMatchesNothing(t *testing.T) {
	cal, now := standard(t), moment("2026-03-12 10:00")
	for name, c := range map[string]struct {
		owned, valid, locked, rule string
		want                       crm.Day
		from                       recycle.From
	}{
		"owned":                         {owned, "", "", "", "2026-03-09", recycle.FromOwned},
		"a valid activity":              {owned, "2026-03-04 15:00", "", "", "2026-03-11", recycle.FromValid},
		"one of the owner before":       {owned, "2026-02-10 15:00", "", "", "2026-03-09", recycle.FromOwned},
		"the end of a lock":             {owned, "2026-03-04 15:00", "2026-03-10 00:00", "", "2026-03-17", recycle.FromProtected},
		"the rule":                      {owned, "2026-03-04 15:00", "", "2026-03-11 00:00", "2026-03-18", recycle.FromRule},
		"no date at all":                {"", "", "", "", "", ""},
		"only an activity, never owned": {"", "2026-03-04 15:00", "", "2026-03-11 00:00", "", ""},
	} {
		f, x := leadFacts("B"), terms()
		f.OwnedAt, f.ValidAt, f.Keep.LockedUntil = moment(c.owned), moment(c.valid), moment(c.locked)
		p := x.Leads["B"]
		p.Since = moment(c.rule)
		x.Leads["B"] = p
		v := recycle.Judge(f, recycle.Person{}, x, cal, now)
		if v.Release != c.want || v.From != c.from {
			t.Errorf("%s: %s from %q, want %s from %q", name, v.Release, v.From, c.want, c.from)
		}
	}
	f := leadFacts("B")
	f.Owner = 0
	if v := recycle.Judge(f, recycle.Person{}, terms(), cal, now); v.Release != "" || v.Held() {
		t.Errorf("a record in the pool has a release day: %+v", v)
	}
}

func TestP12HoldsAndLeave(t *testing.T) {
	cal := standard(t)
	on := func(day string, change func(*recycle.Facts, *recycle.Person)) recycle.Verdict {
		f, p := leadFacts("B"), recycle.Person{}
		change(&f, &p)
		return recycle.Judge(f, p, terms(), cal, moment(day+" 10:00"))
	}
	for name, c := range map[string]struct {
		day    string
		change func(*recycle.Facts, *recycle.Person)
		want   crm.Day
		hold   recycle.HoldKind
	}{
		"locked":              {"2026-03-04", func(f *recycle.Facts, _ *recycle.Person) { f.Keep.LockedUntil = moment("2026-03-10 00:00") }, "2026-03-17", recycle.HoldLock},
		"no longer locked":    {"2026-03-10", func(f *recycle.Facts, _ *recycle.Person) { f.Keep.LockedUntil = moment("2026-03-10 00:00") }, "2026-03-17", ""},
		"on leave":            {"2026-03-05", func(_ *recycle.Facts, p *recycle.Person) { p.LeaveFrom, p.LeaveTo = "2026-03-04", "2026-03-06" }, "2026-03-12", recycle.HoldLeave},
		"after the leave":     {"2026-03-09", func(_ *recycle.Facts, p *recycle.Person) { p.LeaveFrom, p.LeaveTo = "2026-03-04", "2026-03-06" }, "2026-03-12", ""},
		"leave after the day": {"2026-03-05", func(_ *recycle.Facts, p *recycle.Person) { p.LeaveFrom, p.LeaveTo = "2026-03-10", "2026-03-12" }, "2026-03-09", ""},
		"leave without end":   {"2026-03-05", func(_ *recycle.Facts, p *recycle.Person) { p.LeaveFrom = "2026-03-04" }, "2026-03-09", recycle.HoldLeave},
		"handing over":        {"2026-03-05", func(_ *recycle.Facts, p *recycle.Person) { p.Frozen = true }, "2026-03-09", recycle.HoldHandOver},
		"an extension asked":  {"2026-03-05", func(f *recycle.Facts, _ *recycle.Person) { f.Keep.AskedAt = moment("2026-03-04 10:00") }, "2026-03-09", recycle.HoldAsked},
		"asked long ago":      {"2026-03-10", func(f *recycle.Facts, _ *recycle.Person) { f.Keep.AskedAt = moment("2026-03-04 10:00") }, "2026-03-09", ""},
		"a contract":          {"2026-03-05", func(f *recycle.Facts, _ *recycle.Person) { f.Holds = []recycle.Hold{{What: recycle.HoldContract}} }, "2026-03-09", recycle.HoldContract},
	} {
		v := on(c.day, c.change)
		got := recycle.HoldKind("")
		if v.Held() {
			got = v.Holds[0].What
		}
		if v.Release != c.want || got != c.hold || len(v.Holds) > 1 {
			t.Errorf("%s: %s, held by %v, want %s by %q", name, v.Release, v.Holds, c.want, c.hold)
		}
	}
}

func TestP13ExtensionsAndADealsStep(t *testing.T) {
	cal, now := standard(t), moment("2026-03-05 10:00")
	f := leadFacts("B")
	f.Keep.Extra = 15
	if v := recycle.Judge(f, recycle.Person{}, terms(), cal, now); v.Base != "2026-03-09" || v.Release != "2026-03-24" || v.Extra != 15 {
		t.Errorf("extended by 15 days: %+v", v)
	}
	f = leadFacts("B")
	f.OwnedAt, f.ValidAt, f.Keep.Extra = moment("2025-09-10 09:00"), moment(owned), 15
	if v := recycle.Judge(f, recycle.Person{}, terms(), cal, now); v.Release != "2026-03-09" || !v.Capped {
		t.Errorf("held for 180 days without a deal: %+v", v) // 10 September and 180 days is 9 March
	}
	a := accountFacts("A")
	a.OpenDeals, a.Forward = 1, moment("2026-03-27 10:00")
	if v := recycle.Judge(a, recycle.Person{}, terms(), cal, now); v.Base != "2026-04-01" || v.Release != "2026-04-08" || v.Forward != 7 {
		t.Errorf("a deal moved on five days before: %+v", v)
	}
	a.Forward = moment("2026-03-20 10:00")
	if v := recycle.Judge(a, recycle.Person{}, terms(), cal, now); v.Release != "2026-04-01" || v.Forward != 0 {
		t.Errorf("a deal moved on twelve days before: %+v", v)
	}
}

func TestRC03NoChangeReleasesWithinItsGrace(t *testing.T) {
	cal, now := standard(t), moment("2026-03-11 10:00")
	x := terms()
	x.Leads["B"] = recycle.Period{Days: 1, Work: true, Since: moment("2026-03-11 00:00"), Version: 4}
	if v := recycle.Judge(leadFacts("B"), recycle.Person{}, x, cal, now); v.Release != "2026-03-16" || v.Grace != "2026-03-16" {
		t.Errorf("a period of a day set today: %+v", v)
	}
	for name, c := range map[string]struct {
		mode  string
		since string
		now   string
		want  string
		rel   bool
	}{
		"observed":    {recycle.Observe, "2026-03-02 00:00", "2026-03-20 00:00", recycle.Observe, false},
		"hard":        {recycle.Hard, "2026-03-02 00:00", "2026-03-20 00:00", recycle.Hard, true},
		"first week":  {recycle.Auto, "2026-03-02 00:00", "2026-03-08 23:00", recycle.Observe, false},
		"second week": {recycle.Auto, "2026-03-02 00:00", "2026-03-09 00:00", recycle.Remind, false},
		"third week":  {recycle.Auto, "2026-03-02 00:00", "2026-03-16 00:00", recycle.Soft, true},
		"fourth week": {recycle.Auto, "2026-03-02 00:00", "2026-03-23 00:00", recycle.Hard, true},
	} {
		p := recycle.PlanOf(c.mode, 1, moment(c.since), moment(c.now))
		if p.Mode != c.want || p.Releases() != c.rel || !c.rel && !p.Released.IsZero() {
			t.Errorf("AD-01 %s: %+v", name, p)
		}
	}
	x = terms()
	x.Plan = recycle.PlanOf(recycle.Auto, 1, moment("2026-02-23 00:00"), now)
	if v := recycle.Judge(leadFacts("A"), recycle.Person{}, x, cal, now); v.Release != "2026-03-12" || v.Grace != "2026-03-12" {
		t.Errorf("the third week began on Monday, so nothing goes before Thursday: %+v", v)
	}
}

func TestP14TheLadder(t *testing.T) {
	cal, x := standard(t), terms()
	long := recycle.Verdict{Release: "2026-04-01", Since: moment(owned), Period: recycle.Period{Days: 30}}
	short := recycle.Verdict{Release: "2026-03-16", Since: moment(owned), Period: recycle.Period{Days: 10, Work: true}}
	for _, c := range []struct {
		v     recycle.Verdict
		today crm.Day
		want  int
	}{
		{long, "2026-03-20", 0}, {long, "2026-03-23", 7}, {long, "2026-03-26", 7}, {long, "2026-03-27", 3}, {long, "2026-03-31", 1}, {long, "2026-04-01", 0},
		{short, "2026-03-06", 0}, {short, "2026-03-11", 3}, {short, "2026-03-13", 1},
		{recycle.Verdict{Release: "2026-03-05", Since: moment(owned), Period: recycle.Period{Days: 3, Work: true}}, "2026-03-02", 0}, // the day on which it began
		{recycle.Verdict{Release: "2026-03-16", Since: moment(owned), Period: short.Period, Holds: []recycle.Hold{{What: recycle.HoldLock}}}, "2026-03-13", 0},
	} {
		if got := recycle.Step(c.v, x, cal, c.today); got != c.want {
			t.Errorf("release %s on %s: step %d, want %d", c.v.Release, c.today, got, c.want)
		}
	}
}

func TestP15OnlyADeliveredWarningAllowsARelease(t *testing.T) {
	cal, at := standard(t), moment("2026-03-16 10:00")
	w := recycle.Warning{Owner: 5, Release: "2026-03-16", Step: 1, DeliveredAt: moment("2026-03-13 09:01")}
	for name, c := range map[string]struct {
		change func(w *recycle.Warning)
		want   bool
	}{
		"delivered on Friday morning":  {func(*recycle.Warning) {}, true},
		"delivered on Friday at 10:30": {func(w *recycle.Warning) { w.DeliveredAt = moment("2026-03-13 10:30") }, false},
		"delivered on Saturday":        {func(w *recycle.Warning) { w.DeliveredAt = moment("2026-03-14 09:00") }, false},
		"queued and not delivered":     {func(w *recycle.Warning) { w.DeliveredAt = time.Time{} }, false},
		"about another day":            {func(w *recycle.Warning) { w.Release = "2026-03-17" }, false},
		"to another owner":             {func(w *recycle.Warning) { w.Owner = 6 }, false},
	} {
		x := w
		c.change(&x)
		if _, ok := recycle.Proof([]recycle.Warning{x}, 5, "2026-03-16", at, cal); ok != c.want {
			t.Errorf("%s: %v", name, ok)
		}
	}
}

func TestP16TheBlastGuard(t *testing.T) {
	l := recycle.Limits{Percent: 10, Count: 50, RepPercent: 20, Least: 3}
	for name, c := range map[string]struct {
		release, owned int
		per, by        map[crm.UserID]int
		want           recycle.Alarm
	}{
		"few":                      {5, 100, map[crm.UserID]int{1: 5}, map[crm.UserID]int{1: 50}, recycle.AlarmNone},
		"exactly the count":        {50, 1000, nil, nil, recycle.AlarmNone},
		"one more":                 {51, 1000, nil, nil, recycle.AlarmCount},
		"exactly a tenth":          {10, 100, nil, nil, recycle.AlarmNone},
		"more than a tenth":        {11, 100, nil, nil, recycle.AlarmShare},
		"more than a fifth of one": {5, 100, map[crm.UserID]int{1: 5}, map[crm.UserID]int{1: 20}, recycle.AlarmRep},
		"two of a small company":   {2, 4, map[crm.UserID]int{1: 2}, map[crm.UserID]int{1: 2}, recycle.AlarmNone},
	} {
		if got := recycle.Guard(c.release, c.owned, c.per, c.by, l); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
