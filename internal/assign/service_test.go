package assign_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/internal/app"
	"crmbot/internal/assign"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/testdb"
)

// tuesday is Tuesday, 3 March 2026, 10:00 in Shanghai.
var tuesday = time.Date(2026, 3, 3, 2, 0, 0, 0, time.UTC)

type office struct {
	*app.App
	t     *testing.T
	dsn   string
	clock *crm.MovableClock
	ids   map[string]crm.UserID
	team  crm.TeamID
	n     int
}

func newOffice(t *testing.T, dsn string) *office {
	t.Helper()
	if dsn == "" {
		dsn = testdb.SQLite(t)
	}
	o := &office{t: t, dsn: dsn, clock: crm.NewMovableClock(tuesday, true), ids: map[string]crm.UserID{}}
	o.App = o.replica()
	team := org.Team{Name: "华东"}
	o.must(o.Services.Directory.SaveTeam(t.Context(), &team))
	o.team = team.ID
	for name, r := range map[string]crm.Role{"管理员": crm.Admin, "王磊": crm.Manager} {
		o.person(name, r)
	}
	team.Leader = o.ids["王磊"]
	o.must(o.Services.Directory.SaveTeam(t.Context(), &team))
	for _, name := range []string{"李娜", "张伟", "赵敏"} {
		o.person(name, crm.Rep)
	}
	return o
}

// replica is another process on the same database.
func (o *office) replica() *app.App {
	o.t.Helper()
	a, err := app.New(o.t.Context(), app.Options{DSN: o.dsn, Clock: o.clock})
	o.must(err)
	o.t.Cleanup(func() { _ = a.Close() })
	return a
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) person(name string, r crm.Role) {
	u := org.User{Name: name, Team: o.team, Roles: []crm.Role{r}, Active: true}
	o.must(o.Services.Directory.SaveUser(o.t.Context(), &u))
	o.ids[name] = u.ID
}

// second adds a team with its manager and a rep.
func (o *office) second(name, manager, rep string) crm.TeamID {
	o.t.Helper()
	first := o.team
	team := org.Team{Name: name}
	o.must(o.Services.Directory.SaveTeam(o.t.Context(), &team))
	o.team = team.ID
	o.person(manager, crm.Manager)
	o.person(rep, crm.Rep)
	o.team = first
	team.Leader = o.ids[manager]
	o.must(o.Services.Directory.SaveTeam(o.t.Context(), &team))
	return team.ID
}

func (o *office) as(name string) crm.Actor {
	a, err := o.Services.Directory.Actor(o.t.Context(), o.ids[name])
	o.must(err)
	return a
}

func (o *office) set(key, value string) {
	o.t.Helper()
	_, err := o.Services.Rules.Set(o.t.Context(), o.as("管理员"), key, "", value, "test", o.clock.Now())
	o.must(err)
}

// rules puts rules in force at once.
func (o *office) rules(rs ...assign.Rule) {
	o.t.Helper()
	raw, err := json.Marshal(assign.Book{Rules: rs})
	o.must(err)
	o.set(assign.Rules.Key, string(raw))
}

func (o *office) lead(name string, grade lead.Grade) crm.LeadID {
	o.t.Helper()
	o.n++
	v, err := o.Services.Leads.Create(o.t.Context(), crm.SystemActor(), lead.NewLead{Info: lead.Info{Company: fmt.Sprintf("%s%c%c厂", name, rune('一'+o.n*3), rune('东'+o.n*5)), Source: "转介绍"}, Grade: grade}, true)
	o.must(err)
	return v.ID
}

func (o *office) owner(id crm.LeadID) crm.UserID {
	o.t.Helper()
	l, err := o.DB.Lead(o.t.Context(), id)
	o.must(err)
	return l.Owner
}

func (o *office) work() { o.t.Helper(); o.must(o.Services.Assign.Work(o.t.Context())) }

func (o *office) wait(d time.Duration) { o.must(o.clock.Set(o.clock.Now().Add(d))) }

func (o *office) count(query string, args ...any) int {
	o.t.Helper()
	raw, err := o.DB.SQL()
	o.must(err)
	n := 0
	o.must(raw.QueryRowContext(o.t.Context(), "SELECT COUNT(*) FROM "+query, args...).Scan(&n))
	return n
}

func onBoth(t *testing.T, fn func(t *testing.T, o *office)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, newOffice(t, "")) })
	t.Run("mysql", func(t *testing.T) { fn(t, newOffice(t, testdb.MySQL(t))) })
}

func refused(t *testing.T, err error, code crm.Code, rule string, words ...string) {
	t.Helper()
	if crm.CodeOf(err) != code || crm.RuleOf(err) != rule {
		t.Fatalf("error %v, want %s %s", err, code, rule)
	}
	for _, w := range words {
		if !strings.Contains(crm.MessageOf(err, crm.Chinese), w) {
			t.Errorf("%q does not say %q", crm.MessageOf(err, crm.Chinese), w)
		}
	}
}

func TestAS01AS02LeadsAreGivenByTheRulesWithTheirReason(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		// No rule: everything as before.
		alone := o.lead("无规则", "B")
		o.work()
		if o.owner(alone) != 0 || o.count("crm_assign_runs") != 0 {
			t.Fatal("AS-01: without rules a lead was distributed")
		}
		o.rules(assign.Rule{ID: 4, Name: "加权", When: assign.Condition{Grades: []lead.Grade{"A", "B"}}, Steps: []assign.Step{{Method: assign.Weighted}}})
		o.must(o.Services.Assign.Set(ctx, o.as("王磊"), o.ids["李娜"], assign.Setting{Weight: ptr(2)}))
		o.must(o.Services.Assign.Switch(ctx, o.as("赵敏"), false, "培训"))
		got := map[crm.UserID]int{}
		var first crm.LeadID
		for i := range 7 { // quotas: 3 a day each
			id := o.lead("客户", "B")
			if i == 0 {
				first = id
				o.taken(id)
			}
			o.work()
			got[o.owner(id)]++
		}
		if got[o.ids["李娜"]] != 3 || got[o.ids["张伟"]] != 3 || got[o.ids["赵敏"]] != 0 || got[0] != 1 {
			t.Errorf("AS-02: given out as %v", got)
		}
		// The ledger, the audit row with rule, version and inputs, the fact and the card.
		es, err := o.DB.History(ctx, first.Ref(), 5)
		o.must(err)
		if len(es) != 2 || es[0].Reason != "auto_assign" || es[0].By != 0 || es[0].To != o.ids["李娜"] {
			t.Errorf("ledger %+v", es)
		}
		var detail string
		var version int64
		raw, err := o.DB.SQL()
		o.must(err)
		o.must(raw.QueryRowContext(ctx, "SELECT rule_version, detail FROM crm_audit WHERE action = 'assign.give' AND ref = ?", first.String()).Scan(&version, &detail))
		for _, w := range []string{`"rule":4`, `"method":"weighted"`, `"rivals":2`, `"weight":2`, `"received":0`, `"quota":3`, `"hold":50`} {
			if !strings.Contains(detail, w) {
				t.Errorf("the audit row %s has no %s", detail, w)
			}
		}
		if version == 0 {
			t.Error("the audit row has no rule version")
		}
		if n := o.count("crm_facts WHERE metric_key = 'lead.assigned'"); n != 6 {
			t.Errorf("%d facts for 6 leads", n)
		}
		r, mine, err := o.Services.Assign.WhyMine(ctx, o.as("李娜"), first)
		o.must(err)
		if !mine || r.Rule.Name != "加权" || r.Why.Weight != 2 {
			t.Errorf("why me: %+v %v", r, mine)
		}
		// Claimed meanwhile by nobody: what nobody could take can be claimed at once.
		rest := o.count("crm_leads WHERE owner_id = 0 AND grade = 'B' AND claimable_ms > ?", o.clock.Now().UnixMilli())
		if rest != 0 {
			t.Errorf("%d leads that nobody could take cannot be claimed", rest)
		}
	})
}

// taken: while a lead is about to be given nobody else claims it (P-07).
func (o *office) taken(id crm.LeadID) {
	o.t.Helper()
	_, err := o.Services.Leads.Claim(o.t.Context(), o.as("赵敏"), id)
	refused(o.t, err, crm.CodeRefused, "P-07")
}

func ptr[T any](v T) *T { return &v }

func TestAS02PeopleWhoCannotTakeOneArePassedOver(t *testing.T) {
	o := newOffice(t, "")
	ctx := t.Context()
	o.rules(assign.Rule{ID: 1, Name: "轮流", Steps: []assign.Step{{Method: assign.Turn, People: []crm.UserID{o.ids["李娜"], o.ids["张伟"]}}, {Method: assign.Turn, People: []crm.UserID{o.ids["赵敏"]}}}})
	expect := func(what, name string) {
		t.Helper()
		id := o.lead("客户", "C")
		o.work()
		if got := o.owner(id); got != o.ids[name] {
			t.Errorf("%s: %s got it, want %s", what, o.Services.Directory.Name(ctx, got), name)
		}
	}
	change := func(name string, fn func(*org.User)) {
		u, err := o.Services.Directory.User(ctx, o.ids[name])
		o.must(err)
		fn(&u)
		o.must(o.Services.Directory.SaveUser(ctx, &u))
	}
	expect("the first turn", "李娜")
	expect("the second", "张伟")
	change("李娜", func(u *org.User) { u.LeaveFrom, u.LeaveTo = "2026-03-03", "2026-03-03" })
	expect("on leave", "张伟")
	change("李娜", func(u *org.User) { u.LeaveFrom, u.LeaveTo = "", "" })
	o.must(o.Services.Assign.Set(ctx, o.as("王磊"), o.ids["李娜"], assign.Setting{Days: []int{1}}))
	change("张伟", func(u *org.User) { u.Frozen = true })
	expect("not on duty, and frozen (HO-01): the next step", "赵敏")
	change("张伟", func(u *org.User) { u.Frozen = false })
	o.set("P-03.leads", "2")
	expect("at the hold limit (P-03)", "赵敏")
	o.set("P-03.leads", "50")
	o.must(o.Services.Assign.Set(ctx, o.as("王磊"), o.ids["李娜"], assign.Setting{Days: []int{}}))
	o.must(o.Services.Assign.Set(ctx, o.as("王磊"), o.ids["李娜"], assign.Setting{Day: "2026-03-03"}))
	expect("off by exception", "张伟")

	// Three overdue A leads stop the flow.
	o.must(o.Services.Assign.Set(ctx, o.as("王磊"), o.ids["李娜"], assign.Setting{Day: "2026-03-03", DayBack: true}))
	o.set("AS-02.monthly_cap", "1000")
	for range 3 {
		_, err := o.Services.Leads.Create(ctx, o.as("李娜"), lead.NewLead{Info: lead.Info{Company: fmt.Sprintf("热客%c厂", rune('甲'+o.n))}, Grade: "A", Owner: o.ids["李娜"]}, true)
		o.must(err)
		o.n++
	}
	o.wait(24 * time.Hour)
	expect("three overdue A leads", "张伟")
	o.set("AS-02.overdue_a", "4")
	expect("a higher limit", "李娜")
}

func TestAS02AnImportOfManyRowsIsGivenOutBehindIt(t *testing.T) {
	o := newOffice(t, testdb.MySQL(t))
	ctx := t.Context()
	o.rules(assign.Rule{ID: 1, Name: "加权", Steps: []assign.Step{{Method: assign.Weighted}}})
	o.set("AS-02.monthly_cap", "100000")
	o.set("P-03.leads", "70")
	rows := make([]lead.NewLead, 400)
	for i := range rows {
		rows[i] = lead.NewLead{Info: lead.Info{Company: fmt.Sprintf("%c%c%c设备厂", rune('一'+i), rune('东'+i*2), rune('江'+i)), Contact: "王"}, Row: i + 1}
	}
	rows[0].Owner = o.ids["赵敏"]
	res, err := o.Services.Leads.Import(ctx, o.as("管理员"), rows, lead.ImportOptions{ID: 9})
	o.must(err)
	made := 0
	for _, r := range res {
		if r.Status == lead.RowNew {
			made++
		}
	}
	if n := o.count("crm_leads WHERE owner_id <> 0"); n != 1 {
		t.Fatalf("%d leads have an owner before distribution ran", n)
	}
	o.work()
	o.work()
	held := map[string]int{}
	for _, name := range []string{"李娜", "张伟", "赵敏"} {
		held[name] = o.count("crm_leads WHERE owner_id = ?", o.ids[name])
	}
	if held["李娜"] != 70 || held["张伟"] != 70 || held["赵敏"] != 70 {
		t.Errorf("P-03: held %v with a limit of 70", held)
	}
	if n := o.count("crm_assign_runs WHERE result = 'nobody'"); n != made-210 {
		t.Errorf("%d found nobody, want %d", n, made-210)
	}
	if n := o.count("crm_assign_runs WHERE state <> 'done'"); n != 0 {
		t.Errorf("%d are not done", n)
	}
	if n := o.count("crm_outbox WHERE view = 'assign.unplaced'"); n != 1 {
		t.Errorf("the manager gets %d cards about them, want one", n)
	}
	removed, kept, err := o.Services.Leads.UndoImport(ctx, o.as("管理员"), 9)
	o.must(err)
	if removed != made-209 || kept != 209 { // what an import itself gave to somebody counts as untouched
		t.Errorf("undo removed %d and kept %d", removed, kept)
	}
}

func TestAS02ReplicasTogetherKeepToTheDailyQuota(t *testing.T) {
	for _, m := range []assign.Method{assign.Weighted, assign.Bid} {
		t.Run(string(m), func(t *testing.T) {
			o := newOffice(t, testdb.MySQL(t))
			second := o.replica()
			o.rules(assign.Rule{ID: 1, Name: "轮流", Steps: []assign.Step{{Method: m}}})
			const leads, quota = 40, 3
			manager := o.as("王磊")
			ids := make([]crm.LeadID, leads)
			for i := range ids {
				ids[i] = o.lead("客户", "A")
			}
			var wg sync.WaitGroup
			start := make(chan struct{})
			for i, a := range []*app.App{o.App, second} {
				wg.Go(func() {
					<-start
					if _, err := a.Services.Assign.ByRules(t.Context(), manager, ids[i*leads/2:(i+1)*leads/2]); err != nil {
						t.Error(err)
					}
				})
			}
			close(start)
			wg.Wait()
			for _, name := range []string{"李娜", "张伟", "赵敏"} {
				got := o.count("crm_leads WHERE owner_id = ?", o.ids[name]) + o.count("crm_assign_offers WHERE user_id = ? AND state = 'open'", o.ids[name])
				if got != quota {
					t.Errorf("AS-02: %s got %d today, the daily quota is %d", name, got, quota)
				}
			}
			if n := o.count("crm_assign_runs WHERE result = 'nobody'"); n != leads-3*quota {
				t.Errorf("%d leads found nobody, want %d", n, leads-3*quota)
			}
			if n := o.count("crm_assign_runs WHERE state = 'waiting'"); n != 0 {
				t.Errorf("%d leads wait although all who could take them are full", n)
			}
		})
	}
}

func TestAS01LeadsThatCannotBeDistributedHoldUpNoOther(t *testing.T) {
	o := newOffice(t, "")
	o.rules(assign.Rule{ID: 1, Name: "轮流", Steps: []assign.Step{{Method: assign.Turn}}})
	const broken = 101 // more than are looked at in one go
	for range broken {
		o.lead("坏", "B")
	}
	raw, err := o.DB.SQL()
	o.must(err)
	_, err = raw.ExecContext(t.Context(), "UPDATE crm_leads SET pool_id = 999")
	o.must(err)
	good := o.lead("好", "B")
	for range 2 {
		if o.Services.Assign.Work(t.Context()) == nil {
			break // they are not due any more
		}
	}
	if o.owner(good) == 0 {
		t.Error("a lead behind those that fail was not given")
	}
	if n := o.count("crm_assign_runs WHERE state = 'waiting'"); n != broken {
		t.Errorf("%d runs wait to be tried again, want %d", n, broken)
	}
	_, err = raw.ExecContext(t.Context(), "UPDATE crm_leads SET pool_id = 1 WHERE pool_id = 999")
	o.must(err)
	o.set(assign.Rules.Key, `{"rules":[]}`)
	o.wait(6 * time.Minute)
	o.work()
	if n := o.count("crm_assign_runs WHERE state = 'waiting'"); n != 0 {
		t.Errorf("%d runs still wait", n)
	}
}

func TestAS03OffersSurviveARestartAndGoOn(t *testing.T) {
	o := newOffice(t, testdb.MySQL(t))
	ctx := t.Context()
	o.rules(assign.Rule{ID: 1, Name: "派单", Steps: []assign.Step{{Method: assign.Bid}}})
	id := o.lead("客户", "A")
	o.work()
	first, err := o.DB.OpenOffers(ctx, o.ids["李娜"])
	o.must(err)
	if len(first) != 1 || !first[0].Expires.Equal(tuesday.Add(15*time.Minute)) {
		t.Fatalf("offers %+v", first)
	}
	if n := o.count("crm_outbox WHERE view = 'assign.offer' AND always_sent = ?", true); n != 1 {
		t.Errorf("CH-03: %d offers of an A lead are exempt from the budget", n)
	}
	again := o.replica() // as after a restart: nothing but the rows
	o.wait(14 * time.Minute)
	o.must(again.Services.Assign.Work(ctx))
	if n := o.count("crm_assign_offers"); n != 1 {
		t.Fatalf("%d offers before the time was up", n)
	}
	o.wait(time.Minute)
	o.must(again.Services.Assign.Work(ctx))
	second, err := o.DB.OpenOffers(ctx, o.ids["张伟"])
	o.must(err)
	if len(second) != 1 {
		t.Fatalf("the next person has %d offers", len(second))
	}
	_, err = again.Services.Assign.Accept(ctx, o.as("李娜"), id)
	refused(t, err, crm.CodeConflict, "AS-03", "15 分钟", "超时")
	_, err = o.Services.Assign.Decline(ctx, o.as("张伟"), id, "", "")
	refused(t, err, crm.CodeRefused, "AS-03", "原因")
	_, err = o.Services.Assign.Decline(ctx, o.as("张伟"), id, "busy", "")
	o.must(err)
	o.work()
	if n := o.count("crm_outbox WHERE view = 'assign.manual' AND user_id = ?", o.ids["王磊"]); n != 1 {
		t.Errorf("AS-03: after two bounces the manager got %d cards", n)
	}
	if n := o.count("crm_facts WHERE metric_key = 'lead.bounced'"); n != 2 {
		t.Errorf("%d bounces are counted", n)
	}
	_, err = o.Services.Leads.Claim(ctx, o.as("赵敏"), id)
	o.must(err) // it is in the pool for all
}

func TestAS03OneOfferIsAcceptedOnce(t *testing.T) {
	// The person accepts twice on two replicas while both find that its time is up,
	// and a manager gives it to somebody else.
	onMySQL := newOffice(t, testdb.MySQL(t))
	o := onMySQL
	ctx := t.Context()
	o.rules(assign.Rule{ID: 1, Name: "派单", Steps: []assign.Step{{Method: assign.Bid, People: []crm.UserID{o.ids["李娜"], o.ids["张伟"]}}}})
	o.set("AS-02.monthly_cap", "100000")
	second := o.replica()
	for round := range 12 {
		id := o.lead("客户", "B")
		o.work()
		l, err := o.DB.OpenRun(ctx, id)
		o.must(err)
		asked := l.To
		actor, err := o.Services.Directory.Actor(ctx, asked)
		o.must(err)
		if round%2 == 0 {
			o.wait(time.Hour - time.Millisecond)
		}
		late := o.clock.Now().Add(time.Millisecond)
		var wg sync.WaitGroup
		start := make(chan struct{})
		accepted := make([]error, 2)
		run := func(fn func()) {
			wg.Go(func() { <-start; fn() })
		}
		for i, a := range []*app.App{o.App, second} {
			run(func() { _, accepted[i] = a.Services.Assign.Accept(ctx, actor, id) })
			run(func() {
				if round%2 == 0 {
					_ = o.clock.Set(late) // the time runs out in the middle
				}
				if err := a.Services.Assign.Work(ctx); err != nil {
					t.Errorf("round %d: work: %v", round, err)
				}
			})
		}
		var given assign.Given
		var giveErr error
		run(func() {
			given, giveErr = second.Services.Assign.Give(ctx, o.as("王磊"), []crm.LeadID{id}, o.ids["赵敏"])
		})
		close(start)
		wg.Wait()
		o.must(giveErr)
		good := 0
		for _, err := range accepted {
			if err == nil {
				good++
			} else if crm.CodeOf(err) != crm.CodeConflict {
				t.Errorf("round %d: the loser was told %v", round, err)
			}
		}
		if good > 1 {
			t.Fatalf("round %d: accepted %d times", round, good)
		}
		// What the ledger says is what the offer, the run and the facts say.
		entries, err := o.DB.History(ctx, id.Ref(), 20)
		o.must(err)
		autos := 0
		for _, e := range entries {
			if e.Reason == "auto_assign" {
				autos++
			}
		}
		if autos != good {
			t.Errorf("round %d: accepted %d times, %d entries", round, good, autos)
		}
		if n := o.count("crm_assign_offers WHERE lead_id = ? AND state = 'accepted'", int64(id)); n != good {
			t.Errorf("round %d: %d accepted offers for %d acceptances", round, n, good)
		}
		if n := o.count("crm_facts WHERE metric_key = 'lead.accepted' AND ref = ?", id.String()); n != good {
			t.Errorf("round %d: %d facts for %d acceptances", round, n, good)
		}
		if n := o.count("crm_assign_offers WHERE lead_id = ? AND state = 'open'", int64(id)); n > 1 {
			t.Errorf("round %d: %d open offers", round, n)
		}
		if owner := o.owner(id); owner == 0 && (good > 0 || given.Items[0].Err == nil) {
			t.Errorf("round %d: accepted %d times and nobody owns it", round, good)
		}
		cal := o.Services.Calendar // what is open runs out
		o.must(o.clock.Set(cal.At(cal.NextWorkday(cal.DayOf(o.clock.Now())), calendar.Clock(10, 0))))
		o.work()
		o.work()
	}
}

func TestAS01AnInquiryGoesToTheOwnerOrByTheRules(t *testing.T) {
	o := newOffice(t, "")
	ctx := t.Context()
	o.rules(assign.Rule{ID: 1, Name: "轮流", When: assign.Condition{Grades: []lead.Grade{"A"}}, Steps: []assign.Step{{Method: assign.Turn}}})
	id := o.lead("客户", "C") // no rule is for it
	routed, err := again(ctx, o, id)
	o.must(err)
	if routed {
		t.Error("no rule is for the lead, and it is routed")
	}
	o.rules(assign.Rule{ID: 1, Name: "轮流", Steps: []assign.Step{{Method: assign.Turn}}})
	for range 2 { // asked twice: one run
		if routed, err = again(ctx, o, id); err != nil || !routed {
			t.Fatalf("AS-01: an inquiry about a lead that nobody owns is not routed: %v", err)
		}
	}
	o.work()
	if o.owner(id) != o.ids["李娜"] || o.count("crm_assign_runs WHERE cause = 'inquiry'") != 1 {
		t.Errorf("owner %d", o.owner(id))
	}
	if routed, err = again(ctx, o, id); err != nil || routed {
		t.Errorf("AS-01: a lead with an owner was routed away: %v", err)
	}
	heads, err := o.Services.Assign.Heads(ctx, o.team)
	o.must(err)
	if len(heads) != 1 || heads[0] != o.ids["王磊"] {
		t.Errorf("who answers for the team: %v", heads)
	}
}

func again(ctx context.Context, o *office, id crm.LeadID) (routed bool, err error) {
	err = o.DB.InTx(ctx, func(ctx context.Context) error {
		routed, err = o.Services.Assign.Again(ctx, id)
		return err
	})
	return routed, err
}

func TestAS04WhatWasHandedOverIsLateAfterItsOwnTime(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		id := o.lead("交接", "A")
		move := func(from, to string, why pool.Reason) {
			t.Helper()
			_, err := o.Services.Leads.Route(ctx, crm.SystemActor(), lead.Routing{Lead: id, From: o.ids[from], To: o.ids[to], Reason: why}, nil)
			o.must(err)
		}
		late := func(at time.Time) string {
			t.Helper()
			o.must(o.clock.Set(at))
			o.must(o.Services.Assign.Escalate(ctx))
			return fmt.Sprint(o.count("crm_assign_late"), o.count("crm_assign_late WHERE stage >= 2"))
		}
		move("", "李娜", pool.AutoAssign)
		move("李娜", "张伟", pool.Handover)
		mine, err := o.Services.Leads.Mine(ctx, o.as("张伟"))
		o.must(err)
		evening := time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC) // the fifth working day, end of work
		if d := mine[0].Due; !d.Contact.Equal(evening) || d.Handed != 5 {
			t.Errorf("HO-03: the list says %+v, want %v", d, evening)
		}
		for _, x := range []struct {
			at   time.Time
			want string
			over int
		}{{tuesday.Add(5 * time.Hour), "0 0", 0}, {evening.Add(-time.Minute), "0 0", 0}, {evening.Add(16 * time.Hour), "1 0", 1}, {evening.Add(40 * time.Hour), "1 1", 1}} {
			if got := late(x.at); got != x.want {
				t.Errorf("AS-04: at %v escalated %s, want %s", x.at, got, x.want)
			}
			if me, _, err := o.Services.Assign.Mine(ctx, o.as("张伟")); err != nil || me.Candidate.Overdue != x.over {
				t.Errorf("AS-02: at %v %d overdue A leads, %v; want %d", x.at, me.Candidate.Overdue, err, x.over)
			}
		}
		// Whoever gets it otherwise has the time of its grade again.
		move("张伟", "赵敏", pool.AutoAssign)
		if got := late(o.clock.Now().Add(5 * time.Hour)); got != "2 1" {
			t.Errorf("P-11: given to another, escalated %s", got)
		}
	})
}

func TestAS04AManagerReadsTheTeamsTheyLead(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		o.second("华南", "陈静", "周强")
		ids := map[string]crm.LeadID{}
		for manager, rep := range map[string]string{"王磊": "李娜", "陈静": "周强"} {
			ids[manager] = o.lead(rep, "A")
			_, err := o.Services.Leads.Route(ctx, crm.SystemActor(), lead.Routing{Lead: ids[manager], To: o.ids[rep], Reason: pool.AutoAssign}, nil)
			o.must(err)
		}
		o.wait(4 * 24 * time.Hour)
		read := func(name string) (out []crm.LeadID) {
			t.Helper()
			list, err := o.Services.Assign.TeamLate(ctx, o.as(name), 10)
			o.must(err)
			for _, l := range list {
				out = append(out, l.ID)
			}
			return out
		}
		for manager, id := range ids {
			if got := read(manager); len(got) != 1 || got[0] != id {
				t.Errorf("AS-04: %s reads %v, want %v", manager, got, id)
			}
		}
		if got := read("管理员"); len(got) != 2 {
			t.Errorf("who leads the company reads %v", got)
		}
		o.person("空", crm.Manager) // leads no team
		if got := read("空"); len(got) != 0 {
			t.Errorf("who leads nobody reads %v", got)
		}
	})
}

func TestAS01PM02ADryRunNamesLeadsWithinTheScopeOnly(t *testing.T) {
	o := newOffice(t, "")
	ctx := t.Context()
	south := o.second("华南", "陈静", "周强")
	o.rules(assign.Rule{ID: 1, Name: "华南", When: assign.Condition{Grades: []lead.Grade{"A"}}, Steps: []assign.Step{{Method: assign.Turn, Teams: []crm.TeamID{south}}}},
		assign.Rule{ID: 2, Name: "华东", Steps: []assign.Step{{Method: assign.Turn, People: []crm.UserID{o.ids["李娜"]}}}})
	theirs, own := o.lead("他组", "A"), o.lead("本组", "B")
	o.work()
	if o.owner(theirs) != o.ids["周强"] || o.owner(own) != o.ids["李娜"] {
		t.Fatal("not given as planned")
	}
	free := o.lead("公海", "A")
	for name, want := range map[string][]crm.LeadID{"王磊": {free, own}, "陈静": {free, theirs}, "管理员": {free, own, theirs}} {
		got, err := o.Services.Assign.Try(ctx, o.as(name), nil)
		o.must(err)
		var ids []crm.LeadID
		for _, r := range got.Leads {
			ids = append(ids, r.ID)
		}
		counted := 0
		for _, c := range got.ByRule() {
			counted += c.Now
		}
		if fmt.Sprint(ids) != fmt.Sprint(want) || got.Hidden != 3-len(want) || counted != len(want) {
			t.Errorf("%s sees %v, %d hidden, %d counted; want %v", name, ids, got.Hidden, counted, want)
		}
	}
}

func TestRC01WhatIsPlannedIsNotUndoneByWhatHoldsBefore(t *testing.T) {
	o := newOffice(t, "")
	ctx, admin := t.Context(), o.as("管理员")
	change := func(text string) assign.Change {
		t.Helper()
		c, err := assign.ParseChange(text)
		o.must(err)
		return c
	}
	_, err := o.Services.Assign.Save(ctx, admin, change("新建 甲 方式=轮流 生效=2026-03-10"), -1, "旺季")
	o.must(err)
	for _, text := range []string{"1 停用", "1 停用 生效=2026-03-09"} {
		_, err = o.Services.Assign.Save(ctx, admin, change(text), -1, "旺季")
		refused(t, err, crm.CodeRefused, "RC-01", "2026-03-10")
	}
	_, _, err = o.Services.Assign.Compose(ctx, admin, change("1 停用 加急"), -1)
	refused(t, err, crm.CodeRefused, "RC-01", "2026-03-10")
	_, err = o.Services.Assign.Save(ctx, admin, change("1 停用 加急"), -1, "旺季")
	refused(t, err, crm.CodeRefused, "RC-01", "第二位管理员")
	for _, text := range []string{"新建 乙 方式=轮流 生效=2026-03-10", "新建 丙 方式=轮流 生效=2026-03-11"} {
		_, err = o.Services.Assign.Save(ctx, admin, change(text), -1, "旺季")
		o.must(err)
	}
	for i, want := range []int{0, 2, 3} {
		day := crm.Day("2026-03-09").AddDays(i)
		o.must(o.clock.Set(o.Services.Calendar.At(day, 0).Add(time.Minute)))
		e, err := o.Services.Assign.Edition(ctx, admin)
		o.must(err)
		if len(e.Now.Rules) != want {
			t.Errorf("RC-01: on %s %d rules hold, want %d", day, len(e.Now.Rules), want)
		}
	}
}

func TestADryRunAndARefusedBatchChangeNothing(t *testing.T) {
	o := newOffice(t, "")
	ctx := t.Context()
	o.rules(assign.Rule{ID: 1, Name: "轮流", Steps: []assign.Step{{Method: assign.Turn}}})
	for range 4 {
		o.lead("客户", "B")
	}
	rows := func() string {
		s := ""
		for _, table := range []string{"crm_assign_runs", "crm_assign_offers", "crm_ownership_ledger", "crm_facts", "crm_audit", "crm_outbox", "crm_rule_versions", "crm_leads WHERE owner_id <> 0"} {
			s += fmt.Sprint(o.count(table), " ")
		}
		return s
	}
	before := rows()
	c, err := assign.ParseChange("1 方式=加权 李娜")
	o.must(err)
	d, err := o.Services.Assign.Prepare(ctx, o.as("王磊"), c)
	o.must(err)
	if len(d.Trial.Leads) != 4 || d.Trial.ByPerson()[0].Then != 3 { // three a day
		t.Errorf("trial %+v", d.Trial.ByPerson())
	}
	_, err = o.Services.Assign.Save(ctx, o.as("王磊"), c, d.Seen, "旺季")
	refused(t, err, crm.CodeForbidden, "")
	_, err = o.Services.Assign.Give(ctx, o.as("李娜"), []crm.LeadID{1}, o.ids["张伟"])
	refused(t, err, crm.CodeForbidden, "")
	_, err = o.Services.Assign.Give(ctx, o.as("王磊"), make([]crm.LeadID, assign.MaxBatch+1), o.ids["张伟"])
	refused(t, err, crm.CodeInvalid, "", "100")
	if after := rows(); after != before {
		t.Errorf("rows before %s and after %s", before, after)
	}
	// A change of a version that is not the newest is refused (RC-01).
	_, err = o.Services.Assign.Save(ctx, o.as("管理员"), c, d.Seen, "旺季")
	o.must(err)
	_, err = o.Services.Assign.Save(ctx, o.as("管理员"), c, d.Seen, "旺季")
	refused(t, err, crm.CodeStale, "RC-01")
}

// TestAS01CH01ABatchIsTakenBackInOneCardPerPerson: what one command gave out is
// taken back in one card for each person who loses leads by it, not in one per lead.
func TestAS01CH01ABatchIsTakenBackInOneCardPerPerson(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		var ids, ruled []crm.LeadID
		for range 30 {
			ids = append(ids, o.lead("客户", "C"))
		}
		o.rules(assign.Rule{ID: 1, Name: "轮流", Steps: []assign.Step{{Method: assign.Turn, People: []crm.UserID{o.ids["张伟"], o.ids["赵敏"]}}}})
		for range 4 {
			ruled = append(ruled, o.lead("客户", "D"))
		}
		// The lead that went on to somebody else is not taken back, and its card is its own.
		told := func(view string) int {
			return o.count("crm_outbox WHERE kind = 'send' AND view = ? AND ref <> ?", view, ids[0].String())
		}
		undo := func(g assign.Given, err error) {
			t.Helper()
			o.must(err)
			_, err = o.Services.Undo.Last(ctx, o.as("王磊"), assign.BatchRef(g.Batch))
			o.must(err)
		}
		given, err := o.Services.Assign.Give(ctx, o.as("王磊"), ids, o.ids["李娜"])
		o.must(err)
		_, err = o.Services.Leads.Assign(ctx, o.as("王磊"), ids[0], o.ids["张伟"])
		undo(given, err)
		if one, many := told(assign.ViewUndone), told(lead.ViewTaken); one != 1 || many != 0 {
			t.Errorf("%d cards about the undo and %d about single leads, want 1 and 0", one, many)
		}
		b, back, err := o.Services.Assign.UndoneFor(ctx, o.as("李娜"), given.Batch, o.ids["李娜"])
		o.must(err)
		if b.By != o.ids["王磊"] || len(back) != 29 || back[0] != ids[1] {
			t.Errorf("the card lists %v of %d", back, b.By)
		}
		_, _, err = o.Services.Assign.UndoneFor(ctx, o.as("张伟"), given.Batch, o.ids["李娜"])
		refused(t, err, crm.CodeNotFound, "")
		if n := o.count("crm_outbox WHERE view = ? AND always_sent", assign.ViewUndone); n != 1 {
			t.Error("the undo waits for the push budget")
		}
		// By the rules to several people: one card each.
		undo(o.Services.Assign.ByRules(ctx, o.as("王磊"), ruled))
		if one, many := told(assign.ViewUndone), told(lead.ViewTaken); one != 3 || many != 0 {
			t.Errorf("%d cards about undos and %d about single leads, want 3 and 0", one, many)
		}
	})
}
