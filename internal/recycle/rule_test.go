package recycle_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/recycle"
	"crmbot/internal/rule"
	"crmbot/internal/testdb"
)

func idleDays(n int) string {
	return fmt.Sprintf(`{"A":{"contact_hours":4,"idle_days":%d},"B":{"contact_hours":4,"idle_days":%d},"C":{"contact_hours":4,"idle_days":%d},"D":{"contact_hours":4,"idle_days":%d}}`, n, n, n, n)
}

// idleAccounts lets accounts lie for a day.
const idleAccounts = `{"KA":{"idle_days":1,"review":true},"A":{"idle_days":1},"B":{"idle_days":1},"C":{"idle_days":1}}`

// TestRC03NothingIsReleasedWithinTheGraceOfAChange: over random changes of periods
// and switches, for one team or all, whatever is released within three working days
// of a change was due on its day before that change already.
func TestRC03NothingIsReleasedWithinTheGraceOfAChange(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		h := newHouse(t, "")
		h.set(recycle.GuardLeast.Key, "1000")
		h.set(recycle.LeadPeriods, idleDays(6))
		cal := h.app.Services.Calendar
		type seen struct {
			until crm.Day // the first day after the grace
			known int     // how many records there were
			due   map[crm.Ref]crm.Day
		}
		var refs []crm.Ref
		var changes []seen
		gone, released := map[crm.Ref]bool{}, 0
		snapshot := func(at crm.Day) {
			s := seen{until: cal.AddWorkdays(at, 3), known: len(refs), due: map[crm.Ref]crm.Day{}}
			for _, r := range refs {
				if x, err := h.keep.Of(h.ctx, r); err == nil && x.Plan.Releases() {
					s.due[r] = x.Release
				}
			}
			changes = append(changes, s)
		}
		day := crm.Day("2026-03-04")
		for range 22 {
			h.at(string(day) + " 02:10")
			if len(refs) < 8 {
				refs = append(refs, h.lead([]string{"李娜", "张伟"}[rnd.IntN(2)]))
			}
			if rnd.IntN(3) == 0 {
				snapshot(day)
				scope := rule.Scope("")
				if rnd.IntN(2) == 0 {
					scope = rule.Scope(fmt.Sprintf("team:%d", h.team))
				}
				key, value := recycle.LeadPeriods, idleDays(1+rnd.IntN(9))
				if rnd.IntN(3) == 0 {
					key, value = recycle.Mode.Key, []string{recycle.Observe, recycle.Remind, recycle.Soft, recycle.Hard}[rnd.IntN(4)]
				}
				_, err := h.app.Services.Rules.Set(h.ctx, h.as("管理员"), key, scope, value, "试验", h.clock.Now())
				h.must(err)
			}
			h.day(day, true)
			for n, r := range refs {
				if gone[r] || h.released(r) == 0 {
					continue
				}
				gone[r], released = true, released+1
				for i, c := range changes {
					if was, ok := c.due[r]; n < c.known && day < c.until && (!ok || was > day) {
						t.Errorf("seed %d: %s was released on %s, within the grace of change %d until %s; before it, it was due on %q", seed, r, day, i, c.until, was)
					}
				}
			}
			day = cal.NextWorkday(day)
		}
		if released == 0 && seed == 0 {
			t.Error("nothing was released at all: the property says nothing")
		}
	}
}

// TestRC04RollBackWhileReleasesRun: what a run releases by a version that is taken
// back at that moment is offered to its owner once, and taken back once, within the
// hold limit.
func TestRC04RollBackWhileReleasesRun(t *testing.T) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "mysql": testdb.MySQL} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, dsn(t))
			h.set(recycle.GuardLeast.Key, "1000")
			h.set(recycle.LeadPeriods, idleDays(10))
			var refs []crm.Ref
			for range 12 {
				refs = append(refs, h.lead("李娜"))
			}
			due := h.lead("张伟") // would go by the old period too
			h.at("2026-03-09 09:30")
			v, err := h.app.Services.Rules.Set(h.ctx, h.as("管理员"), recycle.LeadPeriods, rule.Scope(fmt.Sprintf("user:%d", h.who["李娜"])), idleDays(1), "清理", h.clock.Now())
			h.must(err)
			h.days("2026-03-10", "2026-03-11")
			h.at("2026-03-12 09:00")
			h.must(h.keep.Warn(h.ctx))
			h.at("2026-03-12 10:00")
			var wg sync.WaitGroup
			errs := make([]error, 2)
			wg.Add(2)
			var over atomic.Bool
			go func() { defer wg.Done(); defer over.Store(true); errs[0] = h.keep.Release(h.ctx) }()
			go func() {
				defer wg.Done()
				for h.count("SELECT COUNT(*) FROM crm_recycle_items WHERE state = 1") < 3 && !over.Load() { // in the middle of the run
					runtime.Gosched()
				}
				if v, errs[1] = h.app.Services.Rules.RollBack(h.ctx, h.as("管理员"), v.ID); errs[1] == nil {
					_, errs[1] = h.keep.OfferBack(h.ctx, v)
				}
			}()
			wg.Wait()
			for _, err := range errs {
				h.must(err)
			}
			h.at("2026-03-12 10:02")
			h.must(h.keep.OfferAll(h.ctx))
			h.must(h.keep.OfferAll(h.ctx))
			if at, err := h.keep.NextOffers(h.ctx); err != nil || !at.IsZero() {
				t.Errorf("more offers at %v, %v", at, err)
			}
			lost := 0
			for _, r := range refs {
				lost += h.released(r)
			}
			offers := h.count("SELECT COUNT(*) FROM crm_keeping_lines WHERE step = ?", recycle.StepBack)
			cards := h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = ?", recycle.ViewBack)
			if offers != lost || cards != min(lost, 1) {
				t.Errorf("%d were released, %d offered on %d cards", lost, offers, cards)
			}
			if lost == 0 {
				t.Error("nothing was released before the version was taken back: the test says nothing")
			}
			for _, r := range refs {
				if h.released(r) == 0 {
					continue
				}
				if _, err := h.app.Services.Leads.Claim(h.ctx, h.as("赵敏"), crm.LeadID(r.ID)); crm.RuleOf(err) != "P-07" {
					t.Errorf("somebody else claims %s: %v", r, err)
				}
				// Two presses at once take it back once.
				won := make([]error, 2)
				for i := range won {
					wg.Add(1)
					go func() { defer wg.Done(); won[i] = h.keep.TakeBack(h.ctx, h.as("李娜"), r) }()
				}
				wg.Wait()
				if (won[0] == nil) == (won[1] == nil) {
					t.Errorf("%s was taken back: %v, %v", r, won[0], won[1])
				}
				if n := h.count("SELECT COUNT(*) FROM crm_leads WHERE id = ? AND owner_id = ?", r.ID, int64(h.who["李娜"])); n != 1 {
					t.Errorf("%s is not its owner's", r)
				}
			}
			if err := h.keep.TakeBack(h.ctx, h.as("张伟"), due); err == nil {
				t.Error("what was not offered was taken back")
			}
		})
	}
}

// TestRC04OnlyWhatTheVersionReleasedIsOffered: what was due anyway stays in the
// pool, what was claimed or is over the hold limit is refused, and offers lapse.
func TestRC04OnlyWhatTheVersionReleasedIsOffered(t *testing.T) {
	h := newHouse(t, "")
	h.set(recycle.GuardLeast.Key, "1000")
	h.set(recycle.LeadPeriods, idleDays(8))
	old := h.lead("李娜") // due on 12 March by the old period too
	h.at("2026-03-06 15:00")
	young, other, more := h.lead("李娜"), h.lead("李娜"), h.lead("李娜")
	h.at("2026-03-09 09:30")
	v, err := h.app.Services.Rules.Set(h.ctx, h.as("管理员"), recycle.LeadPeriods, "", idleDays(1), "清理", h.clock.Now())
	h.must(err)
	h.days("2026-03-10", "2026-03-12")
	for _, r := range []crm.Ref{old, young, other, more} {
		if h.released(r) != 1 {
			t.Fatalf("%s was released %d times", r, h.released(r))
		}
	}
	h.at("2026-03-12 11:00")
	_, err = h.app.Services.Leads.Assign(h.ctx, h.as("王磊"), crm.LeadID(other.ID), h.who["张伟"])
	h.must(err)
	v, err = h.app.Services.Rules.RollBack(h.ctx, h.as("管理员"), v.ID)
	h.must(err)
	got, err := h.keep.OfferBack(h.ctx, v)
	h.must(err)
	if got != (recycle.GivenBack{Records: 2, Owners: 1}) {
		t.Errorf("offered %+v, want the two that only the version released and nobody got", got)
	}
	for ref, rule := range map[crm.Ref]string{old: "", other: ""} {
		if err := h.keep.TakeBack(h.ctx, h.as("李娜"), ref); crm.CodeOf(err) != crm.CodeNotFound || crm.RuleOf(err) != rule {
			t.Errorf("%s: %v", ref, err)
		}
	}
	h.set("P-03.leads", "0")
	if err := h.keep.TakeBack(h.ctx, h.as("李娜"), young); crm.RuleOf(err) != "P-03" {
		t.Errorf("over the hold limit: %v", err)
	}
	h.set("P-03.leads", "50")
	h.must(h.keep.TakeBack(h.ctx, h.as("李娜"), young))
	if n := h.count("SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = ? AND user_id = ?", recycle.FactRecycled, int64(h.who["李娜"])); n != 3 {
		t.Errorf("%d releases are counted against the owner, want 3 of 4", n)
	}
	h.at("2026-03-17 09:00")
	if err := h.keep.TakeBack(h.ctx, h.as("李娜"), more); crm.CodeOf(err) != crm.CodeStale {
		t.Errorf("after two working days: %v", err)
	}
}

// TestRC04ACardListsAllThatWasReleasedOnSeveralDays: what a person lost over some
// days is on their one card when it goes out, and on its pages where it is much.
func TestRC04ACardListsAllThatWasReleasedOnSeveralDays(t *testing.T) {
	h := newHouse(t, "")
	h.set(recycle.GuardLeast.Key, "1000")
	h.set(recycle.GuardCount.Key, "1000")
	h.set(recycle.LeadPeriods, idleDays(20))
	h.set("P-03.leads", "200")
	var refs []crm.Ref
	begin := func(at string, n int) {
		h.at(at)
		for range n {
			refs = append(refs, h.lead("李娜"))
		}
	}
	begin("2026-03-06 15:00", 2)
	h.at("2026-03-09 09:30")
	v, err := h.app.Services.Rules.Set(h.ctx, h.as("管理员"), recycle.LeadPeriods, "", idleDays(1), "清理", h.clock.Now())
	h.must(err)
	begin("2026-03-09 15:00", 55)
	h.day("2026-03-10", true)
	h.day("2026-03-11", true)
	begin("2026-03-11 15:00", 3)
	h.days("2026-03-12", "2026-03-13")
	days := map[crm.Day]int{}
	for _, r := range refs {
		if h.released(r) != 1 {
			t.Fatalf("%s was released %d times", r, h.released(r))
		}
	}
	for d := crm.Day("2026-03-09"); d <= "2026-03-13"; d = d.AddDays(1) {
		if n := h.count("SELECT COUNT(*) FROM crm_recycle_items WHERE day = ? AND state = 1", string(d)); n > 0 {
			days[d] = n
		}
	}
	if len(days) < 2 {
		t.Fatalf("released on %v: the test says nothing", days)
	}
	// A card is sent the moment that it is queued: note how much it lists then.
	h.exec("CREATE TABLE listed (n INTEGER)")
	h.exec("CREATE TRIGGER sent AFTER INSERT ON crm_outbox WHEN NEW.view = '" + recycle.ViewBack + "' BEGIN INSERT INTO listed SELECT COUNT(*) FROM crm_keeping_lines WHERE card = NEW.okey; END")
	h.at("2026-03-13 11:00")
	v, err = h.app.Services.Rules.RollBack(h.ctx, h.as("管理员"), v.ID)
	h.must(err)
	got, err := h.keep.OfferBack(h.ctx, v)
	h.must(err)
	if got != (recycle.GivenBack{Records: len(refs), Owners: 1}) {
		t.Errorf("offered %+v, want %d", got, len(refs))
	}
	if n := h.count("SELECT MAX(n) FROM listed"); n != len(refs) || h.count("SELECT COUNT(*) FROM listed") != 1 {
		t.Errorf("the card goes out with %d of %d records", n, len(refs))
	}
	name := fmt.Sprintf("2026-03-13.%d.%d", h.who["李娜"], v.ID)
	seen := map[crm.Ref]bool{}
	for _, page := range []string{"", ".2"} {
		b, err := h.keep.BackFor(h.ctx, h.as("李娜"), name+page)
		h.must(err)
		if b.All != len(refs) || b.Pages != 2 {
			t.Errorf("page %q: %d records on %d pages", page, b.All, b.Pages)
		}
		for _, x := range b.Lines {
			if !b.Open(x) {
				t.Errorf("%s cannot be taken back", x.Ref)
			}
			seen[x.Ref] = true
		}
	}
	if len(seen) != len(refs) {
		t.Errorf("%d of %d records are listed", len(seen), len(refs))
	}
	// A run that stopped before the cards is carried on: the card that is out follows.
	h.exec("DELETE FROM crm_outbox WHERE view = ? OR kind = 'refresh'", recycle.ViewBack)
	got, err = h.keep.OfferBack(h.ctx, v)
	h.must(err)
	if got.Records != 0 || h.count("SELECT COUNT(*) FROM crm_outbox WHERE view = ?", recycle.ViewBack) != 1 || h.count("SELECT COUNT(*) FROM crm_outbox WHERE kind = 'refresh' AND ref = ?", refs[0].String()) != 1 {
		t.Errorf("carried on, %+v was offered", got)
	}
}

// TestRC02APreviewIsAboutWhomTheChangeConcerns: a change of one team's periods
// works out what that team owns, one of leads no accounts, and the list names
// the same records.
func TestRC02APreviewIsAboutWhomTheChangeConcerns(t *testing.T) {
	h := newHouse(t, "")
	h.tenDays()
	west := org.Team{Name: "西部"}
	h.must(h.app.Services.Directory.SaveTeam(h.ctx, &west))
	u, err := h.app.Services.Directory.User(h.ctx, h.who["张伟"])
	h.must(err)
	u.Team = west.ID
	h.must(h.app.Services.Directory.SaveUser(h.ctx, &u))
	h.at("2026-03-20 10:00")
	var want []crm.Ref
	for range 3 {
		h.lead("李娜")
		h.account("张伟", account.LevelB)
		want = append(want, h.lead("张伟"))
	}
	team := rule.Scope(fmt.Sprintf("team:%d", west.ID))
	for scope, n := range map[rule.Scope]int{"": 6, team: 3, rule.Scope(fmt.Sprintf("user:%d", h.who["李娜"])): 3, rule.Scope(fmt.Sprintf("user:%d", h.who["赵敏"])): 0} {
		p, err := h.keep.Preview(h.ctx, recycle.LeadPeriods, scope, idleDays(5), h.clock.Now())
		h.must(err)
		if p.Looked != n || p.Affected != n {
			t.Errorf("%q: %d of %d looked at are affected, want %d", scope, p.Affected, p.Looked, n)
		}
	}
	list, more, err := h.keep.PreviewAll(h.ctx, recycle.LeadPeriods, team, idleDays(5), h.clock.Now(), 10)
	h.must(err)
	var got []crm.Ref
	for _, x := range list {
		got = append(got, x.Ref)
	}
	if more || !slices.Equal(got, want) {
		t.Errorf("%v are listed, want %v", got, want)
	}
	p, err := h.keep.Preview(h.ctx, recycle.AccountPeriods.Key, team, `{"KA":{"idle_days":21},"A":{"idle_days":30},"B":{"idle_days":10},"C":{"idle_days":60}}`, h.clock.Now())
	if err != nil || p.Looked != 3 {
		t.Errorf("a change about accounts looks at %d, want 3 (%v)", p.Looked, err)
	}
}

// TestRC04NurturedRecordsAndAccountsComeBack: what only the version released is
// offered and comes back wherever the release put it: in its pool or in the one
// where records are nurtured (P-19), a lead or an account with its open deals.
func TestRC04NurturedRecordsAndAccountsComeBack(t *testing.T) {
	for name, strikes := range map[string]string{"pool": "3", "nurture": "1"} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "")
			h.set(recycle.GuardLeast.Key, "1000")
			h.set(recycle.Strikes.Key, strikes)
			x := h.account("李娜", account.LevelC)
			refs := []crm.Ref{h.lead("李娜"), x.ID.Ref()}
			_, err := h.app.Services.Deals.Create(h.ctx, h.as("李娜"), deal.Draft{Account: x.ID, Amount: 100_00, ExpectedClose: "2026-05-01"})
			h.must(err)
			h.at("2026-03-09 09:30")
			var vs []rule.Version
			for key, value := range map[string]string{recycle.LeadPeriods: idleDays(1), recycle.AccountPeriods.Key: idleAccounts} {
				v, err := h.app.Services.Rules.Set(h.ctx, h.as("管理员"), key, "", value, "清理", h.clock.Now())
				h.must(err)
				vs = append(vs, v)
			}
			h.days("2026-03-10", "2026-03-12")
			home := map[crm.Ref]int{}
			for _, r := range refs {
				if h.released(r) != 1 {
					t.Fatalf("%s was released %d times", r, h.released(r))
				}
				home[r] = map[crm.Kind]int{crm.KindLead: int(pool.DefaultPool), crm.KindAccount: int(pool.DefaultAccountPool)}[r.Kind]
				if nurtured := h.pool(r) != home[r]; nurtured != (name == "nurture") {
					t.Fatalf("%s lies in pool %d", r, h.pool(r))
				}
			}
			h.at("2026-03-12 11:00")
			for _, v := range vs {
				v, err := h.app.Services.Rules.RollBack(h.ctx, h.as("管理员"), v.ID)
				h.must(err)
				got, err := h.keep.OfferBack(h.ctx, v)
				h.must(err)
				if got != (recycle.GivenBack{Records: 1, Owners: 1}) {
					t.Errorf("%s: offered %+v", v.Key, got)
				}
			}
			for _, r := range refs {
				if err := h.keep.TakeBack(h.ctx, h.as("李娜"), r); err != nil {
					t.Errorf("%s: %v", r, err)
					continue
				}
				k, err := h.app.DB.Keeps(h.ctx, []crm.Ref{r})
				h.must(err)
				if h.pool(r) != home[r] || k[r].Owner != h.who["李娜"] {
					t.Errorf("%s has its home in pool %d, and its clock is of %d", r, h.pool(r), k[r].Owner)
				}
			}
			if n := h.count("SELECT COUNT(*) FROM crm_deals WHERE account_id = ? AND owner_id = ?", int64(x.ID), int64(h.who["李娜"])); n != 1 {
				t.Error("the open deal is not with its owner")
			}
			// The day on which it would have come out of the nurture pool takes it from nobody.
			h.at("2026-05-11 02:40")
			h.must(h.keep.Nightly(h.ctx))
			for _, r := range refs {
				if h.owner(r) != h.who["李娜"] {
					t.Errorf("%s is with %d", r, h.owner(r))
				}
			}
		})
	}
}

// TestRC04WhatWasTakenBackIsNoStrike: a release that was put right does not count
// for the three owners of P-19.
func TestRC04WhatWasTakenBackIsNoStrike(t *testing.T) {
	ledger := []pool.Entry{{Reason: pool.Assign, From: 6, To: 5}, {Reason: pool.AutoAssign, To: 6, Note: pool.NoteBack}, {Reason: pool.Recycle, From: 6}, {Reason: pool.Recycle, From: 7}}
	if got := recycle.StrikesOf(ledger, 5); got != 2 {
		t.Errorf("%d owners, want 2: one of three took it back", got)
	}
}

// TestRC04NobodyTakesBackFromBeyondTheirReach: who has left the team whose pool a
// record lies in, or is no sales rep any more, is refused with the next step.
func TestRC04NobodyTakesBackFromBeyondTheirReach(t *testing.T) {
	h := newHouse(t, "")
	s := h.app.Services
	for _, k := range []crm.Kind{crm.KindLead, crm.KindAccount} {
		h.must(s.Pools.SavePool(h.ctx, h.as("管理员"), &pool.Pool{Name: "华东" + string(k), Kind: k, Teams: []crm.TeamID{h.team}}))
	}
	h.set(recycle.GuardLeast.Key, "1000")
	refs := []crm.Ref{h.lead("李娜"), h.account("李娜", account.LevelC).ID.Ref()}
	h.at("2026-03-09 09:30")
	var vs []rule.Version
	for key, value := range map[string]string{recycle.LeadPeriods: idleDays(1), recycle.AccountPeriods.Key: idleAccounts} {
		v, err := s.Rules.Set(h.ctx, h.as("管理员"), key, "", value, "清理", h.clock.Now())
		h.must(err)
		vs = append(vs, v)
	}
	h.days("2026-03-10", "2026-03-12")
	h.at("2026-03-12 11:00")
	for _, v := range vs {
		v, err := s.Rules.RollBack(h.ctx, h.as("管理员"), v.ID)
		h.must(err)
		_, err = h.keep.OfferBack(h.ctx, v)
		h.must(err)
	}
	south := org.Team{Name: "华南"}
	h.must(s.Directory.SaveTeam(h.ctx, &south))
	is := func(team crm.TeamID, role crm.Role) {
		u, err := s.Directory.User(h.ctx, h.who["李娜"])
		h.must(err)
		u.Team, u.Roles = team, []crm.Role{role}
		h.must(s.Directory.SaveUser(h.ctx, &u))
	}
	for _, ref := range refs {
		is(south.ID, crm.Rep)
		err := h.keep.TakeBack(h.ctx, h.as("李娜"), ref)
		if crm.RuleOf(err) != "RC-04" || !strings.Contains(crm.MessageOf(err, crm.Chinese), "/分配 "+ref.String()) {
			t.Errorf("%s, from another team: %v", ref, err)
		}
		is(h.team, crm.Marketing)
		if err := h.keep.TakeBack(h.ctx, h.as("李娜"), ref); crm.RuleOf(err) != "P-02" {
			t.Errorf("%s, by somebody who sells nothing: %v", ref, err)
		}
		is(h.team, crm.Rep)
		if err := h.keep.TakeBack(h.ctx, h.as("李娜"), ref); err != nil {
			t.Errorf("%s, back in the team: %v", ref, err)
		}
	}
}
