package recycle_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/recycle"
	"crmbot/internal/rule"
	"crmbot/internal/testdb"
)

// house is a company with one team on a fresh database. Nothing is sent by
// itself: arrive says that what waits has arrived.
type house struct {
	t     testing.TB
	ctx   context.Context
	app   *app.App
	clock *crm.MovableClock
	keep  *recycle.Service
	who   map[string]crm.UserID
	team  crm.TeamID
	n     int
}

func newHouse(t testing.TB, dsn string) *house {
	t.Helper()
	if dsn == "" {
		dsn = testdb.SQLite(t)
	}
	h := &house{t: t, ctx: t.Context(), clock: crm.NewMovableClock(moment(owned), true), who: map[string]crm.UserID{}}
	h.app = h.open(dsn)
	h.keep = h.app.Services.Recycle
	team := org.Team{Name: "华东"}
	h.must(h.app.Services.Directory.SaveTeam(h.ctx, &team))
	h.team = team.ID
	for name, role := range map[string]crm.Role{"王磊": crm.Manager, "李娜": crm.Rep, "张伟": crm.Rep, "赵敏": crm.Rep, "管理员": crm.Admin} {
		u := org.User{Name: name, Team: team.ID, Roles: []crm.Role{role}, Active: true}
		h.must(h.app.Services.Directory.SaveUser(h.ctx, &u))
		h.who[name] = u.ID
	}
	team.Leader = h.who["王磊"]
	h.must(h.app.Services.Directory.SaveTeam(h.ctx, &team))
	h.set(recycle.Mode.Key, recycle.Hard)
	return h
}

func (h *house) open(dsn string) *app.App {
	h.t.Helper()
	a, err := app.New(h.ctx, app.Options{DSN: dsn, Clock: h.clock, Zone: zone})
	h.must(err)
	h.t.Cleanup(func() { _ = a.Close() })
	return a
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) as(name string) crm.Actor {
	h.t.Helper()
	a, err := h.app.Services.Directory.Actor(h.ctx, h.who[name])
	h.must(err)
	return a
}

func (h *house) set(key, value string) {
	h.t.Helper()
	_, err := h.app.Services.Rules.Set(h.ctx, h.as("管理员"), key, rule.Scope(""), value, "试验", h.clock.Now())
	h.must(err)
}

// lead makes a lead of the person, of grade C or D: ten working days each.
func (h *house) lead(name string) crm.Ref {
	h.t.Helper()
	h.n++
	l, err := h.app.Services.Leads.Create(h.ctx, h.as(name), lead.NewLead{Info: lead.Info{Company: fmt.Sprintf("第%c%c号公司", rune('一'+h.n*7), rune('丁'+h.n*5)), Contact: "王总", Phone: fmt.Sprintf("139%08d", h.n)}, Owner: h.who[name]}, true)
	h.must(err)
	return l.Ref()
}

// tenDays makes every grade's period ten working days.
func (h *house) tenDays() {
	h.set(recycle.LeadPeriods, `{"A":{"contact_hours":4,"idle_days":10},"B":{"contact_hours":4,"idle_days":10},"C":{"contact_hours":4,"idle_days":10},"D":{"contact_hours":4,"idle_days":10}}`)
}

func (h *house) at(s string) {
	h.t.Helper()
	h.must(h.clock.Set(moment(s)))
}

func (h *house) exec(q string, args ...any) int {
	h.t.Helper()
	db, err := h.app.DB.SQL()
	h.must(err)
	res, err := db.ExecContext(h.ctx, q, args...)
	h.must(err)
	n, err := res.RowsAffected()
	h.must(err)
	return int(n)
}

func (h *house) count(q string, args ...any) int {
	h.t.Helper()
	db, err := h.app.DB.SQL()
	h.must(err)
	var n int
	h.must(db.QueryRowContext(h.ctx, q, args...).Scan(&n))
	return n
}

// arrive lets every card that waits arrive now.
func (h *house) arrive() int {
	return h.exec("UPDATE crm_outbox SET state = 1, done_ms = ? WHERE state = 0 AND kind = 'send' AND next_ms <= ?", h.clock.Now().UnixMilli(), h.clock.Now().UnixMilli())
}

// day is a working day's runs: at night, the warnings, which arrive, and the
// releases.
func (h *house) day(d crm.Day, arrives bool) {
	h.t.Helper()
	h.at(string(d) + " 02:40")
	h.must(h.keep.Nightly(h.ctx))
	h.at(string(d) + " 09:00")
	h.must(h.keep.Warn(h.ctx))
	if arrives {
		h.at(string(d) + " 09:01")
		h.arrive()
	}
	h.at(string(d) + " 10:00")
	h.must(h.keep.Release(h.ctx))
	h.must(h.keep.Resume(h.ctx))
}

func (h *house) days(from, to crm.Day) {
	cal := h.app.Services.Calendar
	for d := from; d <= to; d = cal.NextWorkday(d) {
		h.day(d, true)
	}
}

func (h *house) released(ref crm.Ref) int {
	return h.count("SELECT COUNT(*) FROM crm_ownership_ledger WHERE ref = ? AND reason = 'recycle'", ref.String())
}

// row is a number of a lead's or account's row.
func (h *house) row(ref crm.Ref, lead, account string) int {
	if ref.Kind == crm.KindAccount {
		return h.count("SELECT "+account+" FROM crm_accounts WHERE id = ?", ref.ID)
	}
	return h.count("SELECT "+lead+" FROM crm_leads WHERE id = ?", ref.ID)
}

func (h *house) owner(ref crm.Ref) crm.UserID { return crm.UserID(h.row(ref, "owner_id", "owner_id")) }

// pool is the record's home pool.
func (h *house) pool(ref crm.Ref) int { return h.row(ref, "pool_id", "home_pool_id") }

func (h *house) release(ref crm.Ref) crm.Day {
	h.t.Helper()
	s, err := h.keep.Of(h.ctx, ref)
	h.must(err)
	return s.Release
}

func TestP15NoDeliveredWarningNoRelease(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	ref := h.lead("李娜")
	if got := h.release(ref); got != "2026-03-16" {
		t.Fatalf("release day %s", got)
	}
	// None of the warnings arrives; one that comes on the very day is too late.
	for _, d := range []crm.Day{"2026-03-11", "2026-03-12", "2026-03-13"} {
		h.day(d, false)
	}
	if n := h.count("SELECT COUNT(*) FROM crm_keeping_lines WHERE step > 0"); n != 2 {
		t.Fatalf("%d warnings were queued, want T-3 and T-1", n)
	}
	h.day("2026-03-16", false)
	if h.released(ref) != 0 || h.release(ref) != "2026-03-17" {
		t.Errorf("released %d times, release day %s: want the next working day", h.released(ref), h.release(ref))
	}
	if n := h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = 'recycle.late' AND user_id = ?", int64(h.who["管理员"])); n != 1 {
		t.Errorf("the administrator got %d alerts, want 1", n)
	}
	h.at("2026-03-16 10:05")
	h.arrive() // also the warning about the 17th, an hour too late for that day
	h.day("2026-03-17", true)
	if h.released(ref) != 0 || h.release(ref) != "2026-03-18" {
		t.Errorf("released on a warning of less than a working day; release day %s", h.release(ref))
	}
	h.day("2026-03-18", true)
	if h.released(ref) != 1 {
		t.Errorf("released %d times after a delivered warning", h.released(ref))
	}
	if n := h.count("SELECT COUNT(*) FROM crm_leads WHERE owner_id = 0 AND claimable_ms = ?", moment("2026-03-19 10:00").UnixMilli()); n != 1 {
		t.Error("P-07: the embargo after recycling is not a day")
	}
	if n := h.count("SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'recycle.released' AND user_id = ?", int64(h.who["李娜"])); n != 1 {
		t.Errorf("%d releases counted", n)
	}
	if n := h.count("SELECT COUNT(*) FROM crm_keepings"); n != 0 {
		t.Errorf("%d clocks run on", n)
	}
}

func TestP15NothingIsReleasedAtNightOrOnAHoliday(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	ref := h.lead("李娜")
	h.days("2026-03-11", "2026-03-13")
	for _, at := range []string{"2026-03-14 10:00", "2026-03-16 02:00", "2026-03-16 09:59"} {
		h.at(at)
		h.must(h.keep.Warn(h.ctx))
		h.must(h.keep.Release(h.ctx))
		if h.released(ref) != 0 {
			t.Fatalf("released at %s", at)
		}
	}
	h.at("2026-03-16 18:30")
	h.must(h.keep.Release(h.ctx))
	if h.released(ref) != 0 {
		t.Error("released in the evening")
	}
	h.day("2026-03-17", true)
	if h.released(ref) != 1 {
		t.Error("a day that was missed is not made up for")
	}
	for _, at := range []string{"2026-03-17 09:00", "2026-03-20 17:00", "2026-03-21 12:00"} {
		if got := h.keep.NextWarnings(h.ctx, moment(at)).In(zone).Format("2006-01-02 15:04"); got != map[string]string{"2026-03-17 09:00": "2026-03-18 09:00", "2026-03-20 17:00": "2026-03-23 09:00", "2026-03-21 12:00": "2026-03-23 09:00"}[at] {
			t.Errorf("after %s owners are warned at %s", at, got)
		}
	}
}

func TestRC03OffAndOnReleasesNothingAtOnce(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	ref := h.lead("李娜")
	h.days("2026-03-11", "2026-03-13")
	h.at("2026-03-15 12:00")
	h.set(recycle.Mode.Key, recycle.Observe)
	if got := h.release(ref); got != "2026-03-16" {
		t.Errorf("switched off, the day is %s: want the one that was computed", got)
	}
	h.days("2026-03-16", "2026-03-18")
	if h.released(ref) != 0 {
		t.Fatal("released while switched off")
	}
	h.at("2026-03-18 12:00")
	h.set(recycle.Mode.Key, recycle.Hard)
	if got := h.release(ref); got != "2026-04-01" {
		t.Errorf("switched on, the day is %s: want ten working days from now", got)
	}
	h.days("2026-03-19", "2026-03-31")
	if h.released(ref) != 0 {
		t.Error("switching on released it")
	}
	// A shorter period counts from when it took effect, and not before three days.
	h.at("2026-03-31 12:00")
	h.set(recycle.LeadPeriods, `{"A":{"contact_hours":4,"idle_days":1},"B":{"contact_hours":4,"idle_days":1},"C":{"contact_hours":4,"idle_days":1},"D":{"contact_hours":4,"idle_days":1}}`)
	if got := h.release(ref); got != "2026-04-03" {
		t.Errorf("after a change the day is %s, want 2026-04-03", got)
	}
	h.days("2026-04-01", "2026-04-02")
	if h.released(ref) != 0 {
		t.Error("released within the grace")
	}
	h.day("2026-04-03", true)
	if h.released(ref) != 1 {
		t.Error("not released after the grace")
	}
}

func TestP16TheGuardStopsAndGoesOnWithWhatIsStillDue(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	var refs []crm.Ref
	for range 4 {
		refs = append(refs, h.lead("李娜"))
	}
	h.days("2026-03-11", "2026-03-16")
	for _, r := range refs {
		if h.released(r) != 0 {
			t.Fatal("all of a person's records went without a question")
		}
	}
	if n := h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = 'recycle.guard'"); n != 1 {
		t.Errorf("%d questions", n)
	}
	_, err := h.keep.Decide(h.ctx, h.as("王磊"), "2026-03-16", true)
	if crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("a manager decided: %v", err)
	}
	// One is worked on, one is locked, and one more that is due is not of the set.
	h.must(h.touch(refs[0]))
	_, err = h.keep.Lock(h.ctx, h.as("李娜"), refs[1], 5)
	h.must(err)
	_, err = h.keep.Decide(h.ctx, h.as("管理员"), "2026-03-16", true)
	h.must(err)
	h.must(h.keep.Resume(h.ctx))
	for i, want := range []int{0, 0, 1, 1} {
		if got := h.released(refs[i]); got != want {
			t.Errorf("record %d was released %d times, want %d", i, got, want)
		}
	}
	if _, err := h.keep.Decide(h.ctx, h.as("管理员"), "2026-03-16", false); crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("decided twice: %v", err)
	}
	h.must(h.keep.Release(h.ctx)) // the same day again
	if h.released(refs[2]) != 1 || h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = 'recycle.released'") != 1 {
		t.Error("the run did it all twice")
	}
}

// touch logs a valid activity on a lead.
func (h *house) touch(ref crm.Ref) error {
	return h.app.DB.InTx(h.ctx, func(ctx context.Context) error {
		_, err := h.app.Services.Leads.Touch(ctx, ref, h.clock.Now(), true)
		return err
	})
}

func TestP12LocksAreFew(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	a := h.as("李娜")
	first := h.lead("李娜")
	for i := range 10 {
		ref := first
		if i > 0 {
			ref = h.lead("李娜")
		}
		_, err := h.keep.Lock(h.ctx, a, ref, 30)
		h.must(err)
	}
	_, err := h.keep.Lock(h.ctx, a, h.lead("李娜"), 1)
	if crm.RuleOf(err) != "P-12" {
		t.Errorf("an eleventh lock: %v", err)
	}
	// Locked for three days, unlocked, and locked again: thirty days in all.
	h.at("2026-03-05 09:00")
	_, err = h.keep.Unlock(h.ctx, a, first)
	h.must(err)
	if got := h.release(first); got != "2026-03-16" {
		t.Errorf("unlocked, the day is %s: locking prolonged it", got)
	}
	if _, err = h.keep.Lock(h.ctx, a, first, 28); crm.RuleOf(err) != "P-12" {
		t.Errorf("locked for more than thirty days in all: %v", err)
	}
	s, err := h.keep.Lock(h.ctx, a, first, 27)
	h.must(err)
	if !s.Held() || h.count("SELECT lock_days FROM crm_keepings WHERE record_id = ?", first.ID) != 30 {
		t.Errorf("27 days more: %+v", s.Holds)
	}
	if _, err := h.keep.Lock(h.ctx, h.as("张伟"), first, 1); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a colleague locked it: %v", err)
	}
}

func TestP12TwoLocksAtOnceStayWithinTheLimit(t *testing.T) {
	h := newHouse(t, testdb.MySQL(t))
	h.tenDays()
	a := h.as("李娜")
	errs := make([]error, 16)
	refs := make([]crm.Ref, len(errs))
	for i := range refs {
		refs[i] = h.lead("李娜")
	}
	var wg sync.WaitGroup
	for i := range refs {
		wg.Go(func() { _, errs[i] = h.keep.Lock(h.ctx, a, refs[i], 5) })
	}
	wg.Wait()
	locked := 0
	for _, err := range errs {
		switch {
		case err == nil:
			locked++
		case crm.RuleOf(err) != "P-12":
			t.Error(err)
		}
	}
	if n := h.count("SELECT COUNT(*) FROM crm_keepings WHERE locked_until_ms > 0"); locked != 10 || n != 10 {
		t.Errorf("%d locks succeeded and %d records are locked, want 10", locked, n)
	}
}

// TestAD02LateWorkIsNotActingOnAWarning: what is done when the day has passed was
// not moved by the warning of it.
func TestAD02LateWorkIsNotActingOnAWarning(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	h.set(recycle.Mode.Key, recycle.Remind)
	intime, late := h.lead("李娜"), h.lead("李娜")
	for _, d := range []crm.Day{"2026-03-11", "2026-03-12", "2026-03-13"} {
		h.day(d, true)
	}
	work := func(ref crm.Ref, at string) {
		h.exec("UPDATE crm_leads SET last_valid_ms = ? WHERE id = ?", moment(at).UnixMilli(), ref.ID)
	}
	acted := func() int { return h.count("SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'recycle.acted'") }
	work(intime, "2026-03-13 15:00")
	h.day("2026-03-16", true)
	h.day("2026-03-17", true)
	first := acted()
	work(late, "2026-03-18 15:00")
	h.day("2026-03-19", true)
	if n := acted(); first == 0 || n != first {
		t.Errorf("%d warnings were acted on in time, %d in all; late work counts for none", first, n)
	}
}

// TestP13KeepingByOneselfHasAnEnd: who gets used to the rules keeps a record as
// often as it could be extended, and not longer than it may be held at all.
func TestP13KeepingByOneselfHasAnEnd(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	h.set(recycle.Mode.Key, recycle.Soft)
	a, ref := h.as("李娜"), h.lead("李娜")
	for i := range 2 {
		h.at(string(h.release(ref)) + " 08:30")
		if _, err := h.keep.KeepIt(h.ctx, a, ref, "客户下周出差回来"); err != nil {
			t.Fatalf("kept for the %d. time: %v", i+1, err)
		}
	}
	day := h.release(ref)
	h.at(string(day) + " 08:30")
	if _, err := h.keep.KeepIt(h.ctx, a, ref, "客户下周出差回来"); crm.RuleOf(err) != "P-13" || h.release(ref) != day {
		t.Errorf("kept a third time: %v, released on %s", err, h.release(ref))
	}
	if _, err := h.keep.Extend(h.ctx, a, ref, "客户下周出差回来"); crm.RuleOf(err) != "P-13" {
		t.Errorf("extended after it was kept twice: %v", err)
	}
	h.set(recycle.MaxHold.Key, "10")
	other := h.lead("李娜")
	h.at(string(h.release(other)) + " 08:30")
	if _, err := h.keep.KeepIt(h.ctx, a, other, "客户下周出差回来"); crm.RuleOf(err) != "P-13" {
		t.Errorf("kept for longer than it may be held: %v", err)
	}
}

func TestP15TwoReplicasReleaseEachRecordOnce(t *testing.T) {
	dsn := testdb.MySQL(t)
	h := newHouse(t, dsn)
	other := h.open(dsn)
	h.tenDays()
	for key, value := range map[string]string{"P-16.count": "1000", "P-16.percent": "100", "P-16.rep_percent": "100"} {
		h.set(key, value)
	}
	const n = 30
	for i := range n {
		h.lead([]string{"李娜", "张伟", "赵敏"}[i%3])
	}
	for _, d := range []crm.Day{"2026-03-11", "2026-03-12", "2026-03-13"} {
		h.day(d, true)
	}
	h.at("2026-03-16 09:00")
	h.must(h.keep.Warn(h.ctx))
	h.at("2026-03-16 10:00")
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, s := range []*recycle.Service{h.keep, other.Services.Recycle} {
		wg.Go(func() { errs[i] = s.Release(h.ctx) })
	}
	wg.Wait()
	h.must(errs[0])
	h.must(errs[1])
	for what, q := range map[string]string{"ledger rows": "SELECT COUNT(*) FROM crm_ownership_ledger WHERE reason = 'recycle'", "records": "SELECT COUNT(DISTINCT ref) FROM crm_ownership_ledger WHERE reason = 'recycle'",
		"facts": "SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'recycle.released'", "leads in the pool": "SELECT COUNT(*) FROM crm_leads WHERE owner_id = 0", "audit rows": "SELECT COUNT(*) FROM crm_audit WHERE action = 'recycle.release'",
		"items": "SELECT COUNT(*) FROM crm_recycle_items WHERE state = 1"} {
		if got := h.count(q); got != n {
			t.Errorf("%d %s, want %d", got, what, n)
		}
	}
	if got := h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = 'recycle.released'"); got != 3 {
		t.Errorf("%d people were told, want 3", got)
	}
}

func TestP15AStoppedRunGoesOn(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	for key, value := range map[string]string{"P-16.count": "1000", "P-16.percent": "100", "P-16.rep_percent": "100"} {
		h.set(key, value)
	}
	for range 8 {
		h.lead("李娜")
	}
	h.days("2026-03-11", "2026-03-13")
	h.at("2026-03-16 09:00")
	h.must(h.keep.Warn(h.ctx))
	h.at("2026-03-16 10:00")
	ctx, stop := context.WithCancel(h.ctx)
	gone := 0
	h.keep.Register(crm.KindLead, recycle.Mover{Free: func(ctx context.Context, ref crm.Ref, owner crm.UserID, why recycle.Verdict, to crm.PoolID) (bool, error) {
		if gone++; gone == 3 {
			stop()
			return false, ctx.Err()
		}
		return h.app.Services.Leads.Recycle(ctx, ref, owner, why, to)
	}})
	if err := h.keep.Release(ctx); err == nil {
		t.Fatal("the run did not stop")
	}
	if n := h.count("SELECT COUNT(*) FROM crm_leads WHERE owner_id = 0"); n != 2 {
		t.Fatalf("%d released before the stop", n)
	}
	h.keep.Register(crm.KindLead, recycle.Mover{Free: h.app.Services.Leads.Recycle})
	h.at("2026-03-16 10:05")
	h.must(h.keep.Resume(h.ctx))
	if n := h.count("SELECT COUNT(*) FROM crm_ownership_ledger WHERE reason = 'recycle'"); n != 8 {
		t.Errorf("%d released after going on, want 8", n)
	}
	at, err := h.keep.Waiting(h.ctx)
	h.must(err)
	if !at.IsZero() {
		t.Errorf("something waits still: %s", at)
	}
}

// TestP14ManyRecordsAreWarnedOnce: the walk meets a record again that its first
// look has put at a later day; it is one line and one fact all the same.
func TestP14ManyRecordsAreWarnedOnce(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	const many = 510 // more than one page
	ls := make([]*lead.Lead, many)
	for i := range ls {
		ls[i] = &lead.Lead{Info: lead.Info{Company: fmt.Sprintf("客户%d", i)}, Grade: "C", Status: lead.Open, Pool: 1, Version: 1, CreatedAt: h.clock.Now(), Owner: h.who["李娜"], Team: h.team, OwnedAt: h.clock.Now()}
	}
	h.must(h.app.DB.InTx(h.ctx, func(ctx context.Context) error {
		if err := h.app.DB.InsertLeads(ctx, ls); err != nil {
			return err
		}
		refs := make([]crm.Ref, many)
		for i, l := range ls {
			refs[i] = l.Ref()
		}
		return h.app.DB.BeginKeep(ctx, h.who["李娜"], refs)
	}))
	h.at("2026-03-13 09:00")
	h.must(h.keep.Warn(h.ctx))
	if n := h.count("SELECT COUNT(*) FROM crm_keeping_lines WHERE step > 0"); n != many {
		t.Errorf("%d lines, want %d", n, many)
	}
	if n := h.count("SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'recycle.warned'"); n != many {
		t.Errorf("%d warnings counted, want %d", n, many)
	}
}

// TestAChangeWhileDaysAreWorkedOutIsNotLost: a run that read a row before two
// changes in a row does not put the row at a later day.
func TestAChangeWhileDaysAreWorkedOutIsNotLost(t *testing.T) {
	h := newHouse(t, "")
	ref := h.lead("李娜")
	row := func() recycle.Keep {
		keeps, err := h.app.DB.Keeps(h.ctx, []crm.Ref{ref})
		h.must(err)
		return keeps[ref]
	}
	h.must(h.keep.Unsettle(h.ctx, ref))
	was := row()
	now := was
	now.Release, now.Check = "2026-06-01", "2026-06-01"
	h.must(h.keep.Unsettle(h.ctx, ref)) // its grade changed meanwhile
	h.must(h.app.DB.SaveDays(h.ctx, []recycle.Keep{now}, []recycle.Keep{was}))
	if k := row(); k.Check == now.Check || k.Release == now.Release {
		t.Errorf("the row waits until %s with the day %s", k.Check, k.Release)
	}
	was = row()
	now.Check = "2026-06-01"
	h.must(h.app.DB.SaveDays(h.ctx, []recycle.Keep{now}, []recycle.Keep{was}))
	if k := row(); k.Check != "2026-06-01" {
		t.Errorf("nothing changed, and the row waits until %s", k.Check)
	}
}
