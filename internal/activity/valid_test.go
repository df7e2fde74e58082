package activity

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

var standard = Limits{LogWithin: 24 * time.Hour, NoteRunes: 15, Fields: 3, AttemptPercent: 30, CallSeconds: 30, TextRunes: 10, SimilarPercent: 90}

// aVisit meets every condition of V-01.
func aVisit() Evidence {
	return Evidence{Kind: KindVisit, Photos: 1, Met: true, Result: ResultProgress, Note: "看了生产线，确认了三台设备的需求和预算", LoggedAfter: time.Hour}
}

func TestValidVisitV01(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*Evidence)
		missing []Reason
		weight  int
	}{
		"everything":                          {func(*Evidence) {}, nil, 100},
		"companion instead of photo":          {func(e *Evidence) { e.Photos, e.Companions = 0, 1 }, nil, 100},
		"neither photo nor companion":         {func(e *Evidence) { e.Photos = 0 }, []Reason{NoProof}, 0},
		"nobody named":                        {func(e *Evidence) { e.Met = false }, []Reason{NoContact}, 0},
		"no result":                           {func(e *Evidence) { e.Result = "" }, []Reason{NoResult}, 0},
		"flat is a result":                    {func(e *Evidence) { e.Result = ResultFlat }, nil, 100},
		"blocked is a result":                 {func(e *Evidence) { e.Result = ResultBlocked }, nil, 100},
		"note of 14 characters":               {func(e *Evidence) { e.Note = strings.Repeat("字", 14) }, []Reason{ThinNote}, 0},
		"note of 15 characters":               {func(e *Evidence) { e.Note = strings.Repeat("字", 15) }, nil, 100},
		"dots and spaces are no characters":   {func(e *Evidence) { e.Note = "聊了……………………            。。。。。" }, []Reason{ThinNote}, 0},
		"three fields instead of a note":      {func(e *Evidence) { e.Note, e.Duration, e.Amount, e.NextStep = "", time.Minute, true, true }, nil, 100},
		"two fields are too few":              {func(e *Evidence) { e.Note, e.Duration, e.Amount = "", time.Minute, true }, []Reason{ThinNote}, 0},
		"logged after exactly 24 hours":       {func(e *Evidence) { e.LoggedAfter = 24 * time.Hour }, nil, 100},
		"logged a moment too late":            {func(e *Evidence) { e.LoggedAfter = 24*time.Hour + time.Millisecond }, []Reason{TooLate}, 0},
		"nobody met is an attempt":            {func(e *Evidence) { e.Result, e.Met, e.Note = ResultNotMet, false, "" }, []Reason{NotMet}, 30},
		"an attempt without proof is nothing": {func(e *Evidence) { e.Result, e.Photos = ResultNotMet, 0 }, []Reason{NotMet, NoProof}, 0},
		"all that is missing is told": {func(e *Evidence) { *e = Evidence{Kind: KindVisit, LoggedAfter: 30 * time.Hour} },
			[]Reason{NoProof, NoContact, NoResult, ThinNote, TooLate}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := aVisit()
			c.change(&e)
			v := Judge(e, standard)
			if v.Valid != (len(c.missing) == 0) || v.Weight != c.weight || !slices.Equal(v.Missing, c.missing) {
				t.Errorf("got %+v, want missing %v and weight %d", v, c.missing, c.weight)
			}
		})
	}
}

func TestValidActivityP10(t *testing.T) {
	for name, c := range map[string]struct {
		e       Evidence
		missing []Reason
	}{
		"call of 30 seconds":           {Evidence{Kind: KindCall, Duration: 30 * time.Second}, nil},
		"call of 29 seconds":           {Evidence{Kind: KindCall, Duration: 29 * time.Second}, []Reason{ShortCall}},
		"short call with result":       {Evidence{Kind: KindCall, Result: ResultProgress}, nil},
		"short call with a full note":  {Evidence{Kind: KindCall, Note: "确认了交期和付款方式没有问题"}, nil},
		"short call, note too short":   {Evidence{Kind: KindCall, Note: "没接"}, []Reason{ShortCall}},
		"short call, repeated note":    {Evidence{Kind: KindCall, Note: "确认了交期和付款方式没有问题", Similar: 0.91}, []Reason{Repetition}},
		"long call, repeated note":     {Evidence{Kind: KindCall, Duration: time.Minute, Note: "确认了交期和付款方式没有问题", Similar: 1}, nil},
		"call that reached nobody":     {Evidence{Kind: KindCall, Duration: time.Minute, Result: ResultNotMet}, []Reason{NotMet}},
		"text of nine characters":      {Evidence{Kind: KindWeChat, Note: strings.Repeat("字", 9)}, []Reason{ThinText}},
		"text of ten characters":       {Evidence{Kind: KindFollowUp, Note: strings.Repeat("字", 10)}, nil},
		"text as like as 0.9":          {Evidence{Kind: KindFollowUp, Note: "客户已经收到样品，反馈不错", Similar: 0.9}, nil},
		"text liker than 0.9":          {Evidence{Kind: KindFollowUp, Note: "客户已经收到样品，反馈不错", Similar: 0.901}, []Reason{Repetition}},
		"meeting with a result":        {Evidence{Kind: KindMeeting, Result: ResultFlat}, nil},
		"meeting without anything":     {Evidence{Kind: KindMeeting}, []Reason{NoSubstance}},
		"a photo does not mend a text": {Evidence{Kind: KindWeChat, Photos: 1, Note: "好"}, []Reason{ThinText}},
	} {
		t.Run(name, func(t *testing.T) {
			v := Judge(c.e, standard)
			if v.Valid != (len(c.missing) == 0) || !slices.Equal(v.Missing, c.missing) {
				t.Errorf("got %+v, want missing %v", v, c.missing)
			}
		})
	}
}

func TestReasonsAreTold(t *testing.T) {
	for _, r := range []Reason{NotMet, NoProof, NoContact, NoResult, ThinNote, TooLate, SecondOf, ShortCall, ThinText, Repetition, NoSubstance} {
		zh, en := r.Text(crm.Chinese, standard), r.Text(crm.English, standard)
		if zh == "" || en == "" || zh == string(r) || zh == en || r.Rule() == "" {
			t.Errorf("%s: %q, %q, rule %q", r, zh, en, r.Rule())
		}
	}
}

func TestSimilarityP10(t *testing.T) {
	for _, c := range []struct {
		a, b     string
		from, to float64
	}{
		{"发了最新的产品手册和价目表给客户", "发了最新的产品手册和价目表给客户！！", 1, 1},
		{"Sent the Price List", "sent the price-list", 1, 1},
		{"发了最新的产品手册和价目表给客户", "约了周三上门演示新设备", 0, 0.1},
		{"确认了交期没有问题", "确认了交期没有大问题", 0.5, 0.9},
		{"", "", 0, 0}, {"。。。", "。。。", 0, 0}, {"好", "好", 1, 1},
	} {
		if got := Similarity(c.a, c.b); got < c.from || got > c.to {
			t.Errorf("%q and %q: %v, want %v to %v", c.a, c.b, got, c.from, c.to)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		if x, y := Similarity(a, b), Similarity(b, a); x != y || x < 0 || x > 1 {
			t.Fatalf("%q, %q: %v and %v", a, b, x, y)
		}
	})
}

func TestPlansInTimeV04(t *testing.T) {
	cal := testCalendar(t)
	k := PlanClock{Evening: calendar.Clock(20, 0), Morning: calendar.Clock(9, 30)}
	day := crm.Day("2026-03-04")
	for at, want := range map[time.Time]bool{
		cal.At("2026-03-03", calendar.Clock(20, 0)): true, cal.At("2026-03-03", calendar.Clock(23, 0)): true, cal.At(day, calendar.Clock(9, 30)): true,
		cal.At(day, calendar.Clock(9, 31)): false, cal.At("2026-03-05", calendar.Clock(8, 0)): false, cal.At("2026-02-01", calendar.Clock(12, 0)): true,
	} {
		if got := k.InTime(at, day, cal); got != want {
			t.Errorf("planned %v for %s: %v", at, day, got)
		}
	}
	// A later evening limit than the morning's would be no limit at all: the
	// morning of the day always comes after it.
	early := PlanClock{Evening: calendar.Clock(20, 0), Morning: 0}
	if early.InTime(cal.At("2026-03-03", calendar.Clock(23, 0)), day, cal) != true || early.InTime(cal.At(day, 1), day, cal) {
		t.Error("with a morning limit of 00:00 the day itself is too late")
	}
}

func TestCompletionV04(t *testing.T) {
	me, other := crm.UserID(1), crm.UserID(2)
	plans := []Plan{
		{ID: 1, User: me, Counted: true, State: PlanDone, Activity: 1}, {ID: 2, User: me, Counted: true, State: PlanOpen}, {ID: 3, User: me, Counted: true, State: PlanCancelled, ByCustomer: true},
		{ID: 4, User: me, Counted: true, State: PlanCancelled}, {ID: 5, User: me, State: PlanOpen}, {ID: 6, User: me, State: PlanCancelled}, {ID: 7, User: other, Counted: true, State: PlanOpen},
		{ID: 8, User: me, Counted: true, State: PlanDone, Activity: 2},
	}
	acts := []Activity{
		{ID: 1, Kind: KindVisit, People: []Present{{User: me, Plan: 1, Counted: true, Credited: true}}},
		{ID: 2, Kind: KindVisit, People: []Present{{User: me, Plan: 8, Counted: true}}}, // not valid
		{ID: 3, Kind: KindVisit, People: []Present{{User: me, Credited: true}}},
		{ID: 4, Kind: KindCall, People: []Present{{User: me}}},
	}
	got := CompletionOf(me, plans, acts)
	if want := (Completion{Planned: 4, Done: 1, ByCustomer: 1, Late: 1, Unplanned: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if n, ok := got.Percent(); n != 25 || !ok {
		t.Errorf("rate %d %v", n, ok)
	}
	if _, ok := (Completion{}).Percent(); ok {
		t.Error("a rate without a plan")
	}
}

// Facts are corrected by negative ones; before and the difference add up to
// after (rapid: any two states of an activity).
func TestDifferenceOfFacts(t *testing.T) {
	state := rapid.Custom(func(t *rapid.T) Activity {
		a := Activity{ID: 1, Kind: rapid.SampledFrom(Kinds).Draw(t, "kind"), Customer: crm.LeadID(3).Ref(), User: 1, At: logNow, Day: "2026-03-04", Valid: rapid.Bool().Draw(t, "valid"), First: rapid.Bool().Draw(t, "first")}
		for i := range rapid.IntRange(1, 4).Draw(t, "people") {
			a.People = append(a.People, Present{User: crm.UserID(i + 1), Credited: rapid.Bool().Draw(t, "credited"), Plan: PlanID(rapid.IntRange(0, 1).Draw(t, "plan")), Counted: rapid.Bool().Draw(t, "counted")})
		}
		if rapid.Bool().Draw(t, "step") {
			a.Step = &Step{Due: Due{Day: "2026-03-09"}, State: StepOpen}
		}
		if rapid.Bool().Draw(t, "undone") {
			a.UndoneAt = logNow
		}
		return a
	})
	rapid.Check(t, func(t *rapid.T) {
		x, y := state.Draw(t, "before").standing(), state.Draw(t, "after").standing()
		sum := map[crm.Fact]int64{}
		for _, list := range [][]crm.Fact{x, difference(x, y)} {
			for _, f := range list {
				n := f.Qty
				f.Qty = 0
				sum[f] += n
			}
		}
		for _, f := range y {
			n := f.Qty
			f.Qty = 0
			sum[f] -= n
		}
		for f, n := range sum {
			if n != 0 {
				t.Fatalf("%s of person %d is off by %d", f.Key, f.User, n)
			}
		}
	})
}
