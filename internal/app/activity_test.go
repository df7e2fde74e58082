package app_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"crmbot/handlers"
	"crmbot/internal/account"
	"crmbot/internal/activity"
	"crmbot/internal/app"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
)

// firm is a small company with everything wired, on one database.
type firm struct {
	*handlers.Services
	t     *testing.T
	db    *store.DB
	clock *crm.MovableClock
	reps  []crm.Actor
}

var zone = time.FixedZone("CST", 8*3600)

// eachDatabase runs the test on SQLite and on MySQL. Wednesday, 15:00.
func eachDatabase(t *testing.T, run func(t *testing.T, f *firm)) {
	t.Run("sqlite", func(t *testing.T) { run(t, newFirm(t, testdb.SQLite(t))) })
	t.Run("mysql", func(t *testing.T) { run(t, newFirm(t, testdb.MySQL(t))) })
}

func newFirm(t *testing.T, dsn string) *firm {
	t.Helper()
	f := &firm{t: t, clock: crm.NewMovableClock(time.Date(2026, 3, 4, 15, 0, 0, 0, zone), true)}
	a, err := app.New(t.Context(), app.Options{DSN: dsn, Clock: f.clock, Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	f.Services, f.db = a.Services, a.DB
	team := org.Team{Name: "华东"}
	f.must(f.Directory.SaveTeam(t.Context(), &team))
	for _, n := range []string{"李娜", "张伟", "赵敏"} {
		u := org.User{Name: n, Roles: []crm.Role{crm.Rep}, Team: team.ID, Active: true}
		f.must(f.Directory.SaveUser(t.Context(), &u))
		rep, err := f.Directory.Actor(t.Context(), u.ID)
		f.must(err)
		f.reps = append(f.reps, rep)
	}
	return f
}

func (f *firm) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *firm) lead(owner crm.Actor, company string) crm.Ref {
	f.t.Helper()
	out, err := f.Leads.Create(f.t.Context(), owner, lead.NewLead{Owner: owner.ID, Info: lead.Info{Company: company, Contact: "王总"}}, true)
	f.must(err)
	return out.Ref()
}

func (f *firm) draft(a crm.Actor, e activity.Entry) activity.DraftID {
	f.t.Helper()
	d, err := f.Activities.Start(f.t.Context(), a, e.Kind, e.Subject)
	f.must(err)
	return d.ID
}

func (f *firm) log(a crm.Actor, e activity.Entry) activity.Seen {
	f.t.Helper()
	v, err := f.Activities.Submit(f.t.Context(), a, f.draft(a, e), e)
	f.must(err)
	return v
}

// visit is a visit that meets every condition of V-01.
func (f *firm) visit(subject crm.Ref, with ...crm.UserID) activity.Entry {
	return activity.Entry{Kind: activity.KindVisit, Subject: subject, Met: "王总", At: f.clock.Now(), Result: activity.ResultProgress, Note: "看了生产线，确认了三台设备的需求和预算", Companions: with}
}

// daily is the sum of every metric over all people and days; sums of zero are
// left out.
func (f *firm) daily() map[string]int64 {
	f.t.Helper()
	db, err := f.db.SQL()
	f.must(err)
	rows, err := db.QueryContext(f.t.Context(), "SELECT metric_key, day, user_id, team_id, qty FROM crm_fact_daily")
	f.must(err)
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var key, day string
		var user, team, qty int64
		f.must(rows.Scan(&key, &day, &user, &team, &qty))
		if qty != 0 {
			out[fmt.Sprintf("%s %s u%d t%d", key, day, user, team)] = qty
		}
	}
	f.must(rows.Err())
	return out
}

func (f *firm) total(key string) (n int64) {
	f.t.Helper()
	for k, v := range f.daily() {
		if len(k) > len(key) && k[:len(key)+1] == key+" " {
			n += v
		}
	}
	return n
}

func (f *firm) count(table, where string, args ...any) (n int) {
	f.t.Helper()
	db, err := f.db.SQL()
	f.must(err)
	f.must(db.QueryRowContext(f.t.Context(), "SELECT COUNT(*) FROM "+table+" WHERE "+where, args...).Scan(&n))
	return n
}

// allAtOnce runs fn n times at the same moment.
func allAtOnce(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// CH-01: sixteen taps on one confirm card make one activity, and its facts are
// there once.
func TestConfirmIsIdempotentCH01(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *firm) {
		li := f.reps[0]
		ref := f.lead(li, "上海华星科技有限公司")
		e := f.visit(ref, f.reps[1].ID)
		e.Next, e.NextText = activity.Due{Day: "2026-03-09"}, "送方案"
		id := f.draft(li, e)
		var mu sync.Mutex
		got := map[crm.ActivityID]bool{}
		for _, err := range allAtOnce(16, func(int) error {
			v, err := f.Activities.Submit(t.Context(), li, id, e)
			mu.Lock()
			got[v.ID] = true
			mu.Unlock()
			return err
		}) {
			if err != nil {
				t.Errorf("a tap failed: %v", err)
			}
		}
		if n := f.count("crm_activities", "1 = 1"); n != 1 || len(got) != 1 {
			t.Errorf("%d activities, answers named %d", n, len(got))
		}
		for key, want := range map[string]int64{"visit.done": 2, "visit.valid": 2, "next_step.set": 1, "lead.first_contact": 1} {
			if n := f.total(key); n != want {
				t.Errorf("%s is %d, want %d", key, n, want)
			}
		}
		if n := f.count("crm_outbox", "okey LIKE 'step:%'"); n != 1 {
			t.Errorf("%d reminders", n)
		}
	})
}

// A redelivered event changes nothing.
func TestRedeliveredConfirm(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *firm) {
		li := f.reps[0]
		e := f.visit(f.lead(li, "华星"))
		id := f.draft(li, e)
		submit := func() error {
			ctx := store.WithSequence(crm.WithEvent(t.Context(), crm.Event{Platform: "test", ID: "e1"}))
			_, err := f.Activities.Submit(ctx, li, id, e)
			return err
		}
		f.must(submit())
		before := f.daily()
		if err := submit(); crm.CodeOf(err) != crm.CodeDuplicate {
			t.Errorf("the redelivery gave %v", err)
		}
		if fmt.Sprint(before) != fmt.Sprint(f.daily()) || f.count("crm_activities", "1 = 1") != 1 {
			t.Error("the redelivery changed something")
		}
	})
}

// V-01: one valid visit per person, customer and day, also when several are
// logged at the same moment.
func TestOneValidVisitADayV01(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *firm) {
		ref := f.lead(f.reps[0], "华星")
		drafts := make([]activity.DraftID, 8)
		e := f.visit(ref, f.reps[1].ID)
		for i := range drafts {
			drafts[i] = f.draft(f.reps[0], e)
		}
		for _, err := range allAtOnce(len(drafts), func(i int) error {
			_, err := f.Activities.Submit(t.Context(), f.reps[0], drafts[i], e)
			return err
		}) {
			f.must(err)
		}
		if done, valid := f.total("visit.done"), f.total("visit.valid"); done != 16 || valid != 2 {
			t.Errorf("%d visits done and %d valid, want 16 and 2", done, valid)
		}
		if n := f.total("lead.first_contact"); n != 1 {
			t.Errorf("%d first contacts", n)
		}
		// The next day counts again.
		f.must(f.clock.Set(f.clock.Now().Add(24 * time.Hour)))
		if v := f.log(f.reps[0], f.visit(ref, f.reps[1].ID)); !v.Valid {
			t.Errorf("the next day's visit is missing %v", v.Missing)
		}
	})
}

// Eight people tap undo at once: it is taken back once.
func TestUndoOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *firm) {
		li := f.reps[0]
		before := f.daily()
		ref := f.lead(li, "华星")
		created := f.daily()
		v := f.log(li, f.visit(ref, f.reps[1].ID))
		won := 0
		for _, err := range allAtOnce(8, func(int) error {
			_, err := f.Undo.Last(t.Context(), li, v.ID.String())
			return err
		}) {
			switch crm.CodeOf(err) {
			case "":
				won++
			case crm.CodeConflict, crm.CodeRefused:
			default:
				t.Errorf("undo: %v", err)
			}
		}
		if won != 1 || fmt.Sprint(f.daily()) != fmt.Sprint(created) {
			t.Errorf("%d undos; before %v, after %v", won, before, f.daily())
		}
		if _, err := f.Undo.Last(t.Context(), f.reps[1], v.ID.String()); crm.CodeOf(err) != crm.CodeRefused {
			t.Errorf("somebody else's undo gave %v", err)
		}
	})
}

// Any mix of logs, results, photos, plans and undos leaves the daily sums equal
// to what the standing activities say; with everything undone they are as before.
func TestUndoRestoresDailySums(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *firm) {
		rounds := 12
		if f.db.Dialect == store.MySQL {
			rounds = 4
		}
		for seed := range rounds {
			t.Run(fmt.Sprint(seed), func(t *testing.T) { undoRound(t, f, rand.New(rand.NewPCG(uint64(seed), 7))) })
		}
	})
}

func undoRound(t *testing.T, f *firm, g *rand.Rand) {
	ctx := t.Context()
	var refs []crm.Ref
	for i := range 2 {
		refs = append(refs, f.lead(f.reps[i], fmt.Sprintf("公司%d", f.count("crm_leads", "1 = 1")+100)))
	}
	acc, err := f.Accounts.Create(ctx, f.reps[0], account.Draft{Name: fmt.Sprintf("客户%d", f.count("crm_accounts", "1 = 1")+500)})
	f.must(err)
	active := acc.ActiveAt
	refs = append(refs, acc.ID.Ref())
	before := f.daily()
	var logged []activity.Seen
	for range 10 {
		ref := refs[g.IntN(len(refs))]
		who := f.reps[0]
		if ref == refs[1] {
			who = f.reps[1]
		}
		e := f.visit(ref)
		e.Kind = activity.Kinds[g.IntN(len(activity.Kinds))]
		e.At = f.clock.Now().Add(-time.Duration(g.IntN(50)) * time.Hour)
		if g.IntN(2) == 0 {
			e.Companions = []crm.UserID{f.reps[2].ID}
		}
		e.Note = []string{e.Note, "电话里确认了交期和付款方式", "客户要比三家再做决定", "短"}[g.IntN(4)]
		if g.IntN(3) == 0 {
			e.Result = ""
		}
		if g.IntN(2) == 0 {
			e.Next = activity.Due{Day: crm.Day("2026-03-09").AddDays(g.IntN(3))}
		}
		if g.IntN(2) == 0 {
			// A plan for the day may be fulfilled; it is no part of the sums below.
			if _, err := f.Activities.AddPlan(ctx, who, ref, activity.Due{Day: "2026-03-05"}); err != nil && crm.CodeOf(err) != crm.CodeConflict {
				t.Fatal(err)
			}
			before = f.withPlans(before)
		}
		v := f.log(who, e)
		if v.Result == "" && g.IntN(2) == 0 {
			_, err := f.Activities.SetResult(ctx, who, v.ID, activity.Results[g.IntN(len(activity.Results))])
			f.must(err)
		}
		if v.Kind == activity.KindVisit && g.IntN(2) == 0 {
			p, err := f.Activities.KeepPhoto(ctx, who, "door.gif", []byte(fmt.Sprintf("GIF89a %d", g.Int())))
			f.must(err)
			_, err = f.Activities.Attach(ctx, who, p.ID, v.ID)
			f.must(err)
		}
		logged = append(logged, v)
		if g.IntN(4) == 0 {
			i := g.IntN(len(logged))
			f.undo(logged[i])
			logged = append(logged[:i], logged[i+1:]...)
		}
		f.oneCreditADay()
	}
	g.Shuffle(len(logged), func(i, j int) { logged[i], logged[j] = logged[j], logged[i] })
	for _, v := range logged {
		f.undo(v)
		f.oneCreditADay()
	}
	if after := f.daily(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("daily sums before:\n%v\nafter everything was taken back:\n%v", before, after)
	}
	for _, r := range refs[:2] {
		l, err := f.Leads.Peek(ctx, f.reps[r.ID%2^1], crm.LeadID(r.ID))
		if err != nil {
			l, err = f.Leads.Peek(ctx, crm.SystemActor(), crm.LeadID(r.ID))
		}
		f.must(err)
		if !l.FirstContactAt.IsZero() || !l.LastActivityAt.IsZero() || !l.LastValidAt.IsZero() {
			t.Errorf("%s keeps clocks %v %v %v", r, l.FirstContactAt, l.LastActivityAt, l.LastValidAt)
		}
	}
	x, err := f.Accounts.Get(ctx, f.reps[0], acc.ID)
	f.must(err)
	if !x.ActiveAt.Equal(active) {
		t.Errorf("the account was active at %v and is now at %v", active, x.ActiveAt)
	}
}

func (f *firm) undo(v activity.Seen) {
	f.t.Helper()
	for _, r := range f.reps {
		if r.ID == v.User {
			_, err := f.Undo.Last(f.t.Context(), r, v.ID.String())
			f.must(err)
		}
	}
}

// withPlans is the state before with the planned visits of now, which logs and
// undos do not change.
func (f *firm) withPlans(before map[string]int64) map[string]int64 {
	for k, v := range f.daily() {
		if len(k) > 14 && k[:14] == "visit.planned " {
			before[k] = v
		}
	}
	return before
}

// oneCreditADay checks V-01 in the rows themselves: nobody has two credited
// visits at one customer on one day, and the facts say the same number.
func (f *firm) oneCreditADay() {
	f.t.Helper()
	db, err := f.db.SQL()
	f.must(err)
	var twice int
	f.must(db.QueryRowContext(f.t.Context(), `SELECT COUNT(*) FROM (SELECT p.user_id FROM crm_activity_people p JOIN crm_activities a ON a.id = p.activity_id
		WHERE p.credited = 1 AND a.undone_ms = 0 GROUP BY p.user_id, p.customer, p.day HAVING COUNT(*) > 1) x`).Scan(&twice))
	credited := f.count("crm_activity_people p JOIN crm_activities a ON a.id = p.activity_id", "p.credited = 1 AND a.undone_ms = 0")
	if valid := f.total("visit.valid"); twice != 0 || int64(credited) != valid {
		f.t.Fatalf("%d people have two valid visits at one customer on a day; %d credited, the facts say %d", twice, credited, valid)
	}
	if n := f.count("crm_visit_credits", "1 = 1"); n != credited {
		f.t.Fatalf("%d credits for %d credited visits", n, credited)
	}
}

// When the visit that had the day's credit is taken back, another one of the
// day gets it.
func TestCreditPassesOnV01(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *firm) {
		li := f.reps[0]
		ref := f.lead(li, "华星")
		first := f.log(li, f.visit(ref, f.reps[1].ID))
		second := f.log(li, f.visit(ref, f.reps[1].ID))
		if !first.Valid || second.Valid || second.Missing[0] != activity.SecondOf {
			t.Fatalf("first %+v, second %+v", first.Missing, second.Missing)
		}
		f.undo(first)
		got, err := f.Activities.See(t.Context(), li, second.ID)
		f.must(err)
		if !got.Valid || f.total("visit.valid") != 2 || f.total("visit.done") != 2 {
			t.Errorf("the second visit is valid %v, %d valid in all", got.Valid, f.total("visit.valid"))
		}
		l, err := f.Leads.Peek(t.Context(), li, crm.LeadID(ref.ID))
		f.must(err)
		if !l.LastValidAt.Equal(second.At) || f.total("lead.first_contact") != 1 {
			t.Errorf("last valid %v, first contacts %d", l.LastValidAt, f.total("lead.first_contact"))
		}
	})
}

// V-04: plans, their completion by visits of everybody present, and the facts.
func TestPlannedVisitsV04(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *firm) {
		ctx, li, zhang := t.Context(), f.reps[0], f.reps[1]
		ref := f.lead(li, "华星")
		day := activity.Due{Day: "2026-03-05", Time: calendar.Clock(10, 0), HasTime: true}
		won := 0
		for _, err := range allAtOnce(6, func(int) error {
			_, err := f.Activities.AddPlan(ctx, li, ref, day)
			return err
		}) {
			if err == nil {
				won++
			} else if crm.CodeOf(err) != crm.CodeConflict {
				t.Errorf("plan: %v", err)
			}
		}
		if won != 1 || f.total("visit.planned") != 1 {
			t.Fatalf("%d plans were made, %d counted", won, f.total("visit.planned"))
		}
		f.must(f.clock.Set(time.Date(2026, 3, 5, 11, 0, 0, 0, zone)))
		thin := f.visit(ref)
		v := f.log(li, thin) // no photo, no companion: done, but not valid
		if v.Valid || v.People[0].Plan == 0 || f.total("visit.plan_done") != 0 {
			t.Fatalf("valid %v, plan %d, plan_done %d", v.Valid, v.People[0].Plan, f.total("visit.plan_done"))
		}
		p, err := f.Activities.KeepPhoto(ctx, li, "x.gif", []byte("GIF89a"))
		f.must(err)
		if _, err := f.Activities.Attach(ctx, zhang, p.ID, v.ID); crm.CodeOf(err) != crm.CodeForbidden {
			t.Errorf("somebody else attached the photo: %v", err)
		}
		_, err = f.Activities.Attach(ctx, li, p.ID, v.ID)
		f.must(err)
		if f.total("visit.plan_done") != 1 || f.total("visit.valid") != 1 {
			t.Errorf("after the photo: plan_done %d, valid %d", f.total("visit.plan_done"), f.total("visit.valid"))
		}
		m, err := f.Activities.PlannedAndDone(ctx, []crm.UserID{li.ID, zhang.ID}, "2026-03-05")
		f.must(err)
		if len(m[li.ID]) != 1 || !m[li.ID][0].Planned || !m[li.ID][0].Done || m[li.ID][0].Title != "华星" || len(m[zhang.ID]) != 0 {
			t.Errorf("planned and done: %+v", m)
		}
		// A day that is over cannot be tidied up.
		late, err := f.Activities.AddPlan(ctx, li, ref, activity.Due{Day: "2026-03-06"})
		f.must(err)
		f.must(f.clock.Set(time.Date(2026, 3, 10, 9, 0, 0, 0, zone)))
		if _, err := f.Activities.CancelPlan(ctx, li, late.ID, true, "客户取消"); crm.RuleOf(err) != "V-04" {
			t.Errorf("cancelled days later: %v", err)
		}
	})
}

// Nobody logs on, reads or changes what is out of their reach (PM-01).
func TestReachOfActivitiesPM01(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *firm) {
		ctx, li, zhang := t.Context(), f.reps[0], f.reps[1]
		ref := f.lead(li, "华星")
		v := f.log(li, f.visit(ref))
		var denied = func(what string, err error) {
			t.Helper()
			if c := crm.CodeOf(err); c != crm.CodeForbidden && c != crm.CodeNotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err := f.Activities.Start(ctx, zhang, activity.KindVisit, ref)
		denied("start on somebody's lead", err)
		_, err = f.Activities.See(ctx, zhang, v.ID)
		denied("read", err)
		_, err = f.Activities.Timeline(ctx, zhang, ref, 10)
		denied("timeline", err)
		_, err = f.Activities.SetResult(ctx, zhang, v.ID, activity.ResultFlat)
		denied("result", err)
		_, err = f.Activities.AddPlan(ctx, zhang, ref, activity.Due{Day: "2026-03-06"})
		denied("plan", err)
		_, err = f.Activities.PlanDay(ctx, zhang, li.ID, "2026-03-06")
		denied("plan of the day", err)
		d := f.draft(li, f.visit(ref))
		_, err = f.Activities.Confirm(ctx, zhang, d)
		denied("confirm", err)
		frozen := li
		frozen.Frozen = true
		if _, err := f.Activities.Submit(ctx, frozen, d, f.visit(ref)); crm.RuleOf(err) != "HO-01" {
			t.Errorf("a leaver logged: %v", err)
		}
		var e *crm.Error
		if _, err := f.Activities.Start(ctx, li, activity.KindVisit, crm.ContractID(3).Ref()); !errors.As(err, &e) || e.Code != crm.CodeInvalid {
			t.Errorf("a visit on a contract: %v", err)
		}
	})
}

// The clocks of a record with later work than activities stay where that work
// put them.
func TestUndoLeavesOtherWorkP09(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *firm) {
		ctx, li := context.Background(), f.reps[0]
		acc, err := f.Accounts.Create(ctx, li, account.Draft{Name: "明月"})
		f.must(err)
		contract := f.clock.Now().Add(-48 * time.Hour)
		f.must(f.db.InTx(ctx, func(ctx context.Context) error { return f.Accounts.Touch(ctx, acc.ID, 0, contract) }))
		activeAt := func() time.Time {
			x, err := f.Accounts.Get(ctx, li, acc.ID)
			f.must(err)
			return x.ActiveAt
		}
		one := f.log(li, f.visit(acc.ID.Ref(), f.reps[1].ID))
		f.must(f.clock.Set(f.clock.Now().Add(time.Minute)))
		call := f.visit(acc.ID.Ref())
		call.Kind, call.Note = activity.KindCall, "电话里约了周五上门"
		two := f.log(li, call)
		if !activeAt().Equal(two.At) {
			t.Fatalf("active at %v", activeAt())
		}
		f.undo(one)
		f.undo(two)
		if !activeAt().Equal(contract) {
			t.Errorf("active at %v, want the contract's %v", activeAt(), contract)
		}
	})
}
