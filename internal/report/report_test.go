package report_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crmbot/internal/crm"
	"crmbot/internal/metric"
	"crmbot/internal/org"
	"crmbot/internal/report"
	"crmbot/internal/testdb"
)

func TestR01DraftsGoToThoseWhoOweOne(t *testing.T) {
	o := newOffice(t, sqliteDSN(t))
	east := o.team(t, "华东", 0)
	li, zhang := o.person(t, "李娜", east, crm.Rep), o.person(t, "张伟", east, crm.Rep)
	away := o.person(t, "休假", east, crm.Rep)
	away.LeaveFrom, away.LeaveTo = "2026-02-27", "2026-03-02"
	o.save(t, away)
	gone := o.person(t, "离职", east, crm.Rep)
	gone.Active = false
	o.save(t, gone)
	leaving := o.person(t, "冻结", east, crm.Rep)
	leaving.Frozen = true
	o.save(t, leaving)
	boss := o.person(t, "王磊", east, crm.Manager)
	o.lead(t, east, boss.ID)
	o.didOn(t, li, "visit.valid", 1, "2026-02-28") // a Saturday that is worked for the Spring Festival
	o.did(t, li, "visit.valid", 3)
	o.did(t, li, "call.valid", 5)
	o.plans.done = map[crm.UserID][]report.Item{li.ID: {{Title: "华星", Planned: true, Done: true}, {Title: "远大", Planned: true}}}
	o.plans.next = map[crm.UserID][]report.Item{li.ID: {{Title: "中恒"}}}
	o.at(t, 17, 30, today)
	for range 2 { // the schedule may run a step twice
		if err := o.svc.DraftAll(t.Context(), today); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"1 report.card B-1 03-02 17:30", "2 report.card B-2 03-02 17:30"}
	if d := cmp.Diff(want, o.queued(t)); d != "" {
		t.Errorf("queued (-want +got):\n%s", d)
	}
	r, err := o.svc.Open(t.Context(), o.actor(t, li.ID), today)
	if err != nil {
		t.Fatal(err)
	}
	v := number(t, r.Content, "visit.valid")
	if !v.Value.Equal(metric.Whole(3)) || v.Previous == nil || !v.Previous.Equal(metric.Whole(1)) || v.Goal == nil || v.Goal.Pass != 2 || v.Points != 800 {
		t.Errorf("visits: %+v goal %+v", v, v.Goal)
	}
	if r.Content.Score != 700 || !r.Content.Scored { // 80 for visits, 60 for calls
		t.Errorf("score %s %v, want 70", r.Content.Score, r.Content.Scored)
	}
	if len(r.Content.Plan) != 2 || len(r.Content.Tomorrow) != 1 || r.Content.NextDay != "2026-03-03" {
		t.Errorf("plan %v, next %v on %s", r.Content.Plan, r.Content.Tomorrow, r.Content.NextDay)
	}
	if r.State != report.Draft || r.Team != east {
		t.Errorf("state %s, team %d", r.State, r.Team)
	}
	_ = zhang
	for id, rule := range map[crm.UserID]string{away.ID: "R-01", boss.ID: "R-01"} {
		if _, err := o.svc.Open(t.Context(), o.actor(t, id), today); crm.RuleOf(err) != rule {
			t.Errorf("person %d: %v", id, err)
		}
	}
}

func TestR01NothingOnHolidays(t *testing.T) {
	o := newOffice(t, sqliteDSN(t))
	li := o.person(t, "李娜", o.team(t, "华东", 0), crm.Rep)
	sunday := crm.Day("2026-03-08")
	o.at(t, 17, 30, sunday)
	for _, step := range []func(context.Context, crm.Day) error{o.svc.DraftAll, o.svc.ChaseAll, o.svc.DigestAll} {
		if err := step(t.Context(), sunday); err != nil {
			t.Fatal(err)
		}
	}
	if q := o.queued(t); len(q) != 0 {
		t.Errorf("queued on a Sunday: %v", q)
	}
	if _, err := o.svc.Open(t.Context(), o.actor(t, li.ID), sunday); crm.RuleOf(err) != "R-01" {
		t.Errorf("opening a Sunday's report: %v", err)
	}
}

func TestR02NumbersAreFrozenWithAnAsOfTime(t *testing.T) {
	o := newOffice(t, sqliteDSN(t))
	li := o.person(t, "李娜", o.team(t, "华东", 0), crm.Rep)
	a := o.actor(t, li.ID)
	o.did(t, li, "visit.valid", 2)
	o.did(t, li, "call.valid", 5)
	r, err := o.svc.Open(t.Context(), a, today)
	if err != nil {
		t.Fatal(err)
	}
	// Work after the draft is in the numbers when it is opened or handed in.
	o.did(t, li, "visit.valid", 1)
	o.at(t, 18, 0, today)
	if r, err = o.svc.Open(t.Context(), a, today); err != nil || !number(t, r.Content, "visit.valid").Value.Equal(metric.Whole(3)) {
		t.Fatalf("a draft opened later: %+v %v", r.Content.Numbers, err)
	}
	o.did(t, li, "visit.valid", 1)
	if r, err = o.svc.Submit(t.Context(), a, r.ID, r.Version, report.Input{}); err != nil { // everything above pass: no text needed
		t.Fatal(err)
	}
	if r.State != report.Submitted || !r.AsOf.Equal(o.clock.Now()) || !number(t, r.Content, "visit.valid").Value.Equal(metric.Whole(4)) {
		t.Errorf("submitted: %s as of %s with %+v", r.State, r.AsOf, r.Content.Numbers[0])
	}
	if twice, err := o.svc.Submit(t.Context(), a, r.ID, r.Version-1, report.Input{}); err != nil || twice.Version != r.Version {
		t.Errorf("a second tap: version %d, %v", twice.Version, err)
	}
	// A correction later changes nothing in the report and is shown apart.
	o.at(t, 18, 30, today)
	o.did(t, li, "visit.valid", -2)
	again, err := o.svc.Open(t.Context(), a, today)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r.Content, again.Content); d != "" {
		t.Errorf("frozen numbers changed (-was +is):\n%s", d)
	}
	fixes, err := o.svc.Corrections(t.Context(), again)
	if err != nil || len(fixes) != 1 || again.Content.Numbers[fixes[0].Index].Metric != "visit.valid" || !fixes[0].Now.Equal(metric.Whole(2)) {
		t.Errorf("corrections: %+v %v", fixes, err)
	}
	// Editing the text keeps the numbers and the state; a template without the
	// metric does not touch the report; after the list of the missing it is closed.
	admin := o.actor(t, o.person(t, "管理", 0, crm.Admin).ID)
	if _, err := o.svc.Drop(t.Context(), admin, report.AnyVersion, "visit.valid"); err != nil {
		t.Fatal(err)
	}
	edited, err := o.svc.Submit(t.Context(), a, again.ID, again.Version, report.Input{Answers: []string{"补一句"}, NoteFor: "visit.valid", Note: "其中两次是陪访"})
	if err != nil || edited.Answer(0) != "补一句" || edited.Notes["visit.valid"] != "其中两次是陪访" {
		t.Fatalf("editing: %+v %v", edited, err)
	}
	if d := cmp.Diff(r.Content, edited.Content); d != "" {
		t.Errorf("editing changed the numbers (-was +is):\n%s", d)
	}
	if _, err := o.svc.Submit(t.Context(), a, again.ID, again.Version, report.Input{Answers: []string{"别的"}}); crm.CodeOf(err) != crm.CodeStale {
		t.Errorf("an old card was accepted: %v", err)
	}
	o.at(t, 9, 0, "2026-03-03")
	if _, err := o.svc.Submit(t.Context(), a, edited.ID, edited.Version, report.Input{Answers: []string{"太晚"}}); crm.RuleOf(err) != "R-02" {
		t.Errorf("a closed report was changed: %v", err)
	}
	// The next day's draft has the new template.
	o.at(t, 17, 30, "2026-03-03")
	next, err := o.svc.Open(t.Context(), a, "2026-03-03")
	if err != nil || slices.ContainsFunc(next.Content.Numbers, func(n report.Number) bool { return n.Metric == "visit.valid" }) || next.Template == r.Template {
		t.Errorf("the new template did not apply: %+v %v", next.Content.Numbers, err)
	}
}

func TestR03BelowPassNeedsASentence(t *testing.T) {
	o := newOffice(t, sqliteDSN(t))
	li := o.person(t, "李娜", o.team(t, "华东", 0), crm.Rep)
	other := o.person(t, "张伟", li.Team, crm.Rep)
	a := o.actor(t, li.ID)
	o.did(t, li, "visit.valid", 1)
	o.did(t, li, "call.valid", 9)
	r, err := o.svc.Open(t.Context(), a, today)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.svc.Submit(t.Context(), a, r.ID, r.Version, report.Input{Answers: []string{"忙"}})
	if crm.RuleOf(err) != "R-03" || !strings.Contains(crm.MessageOf(err, crm.Chinese), "有效拜访数 1（及格 2）") || strings.Contains(crm.MessageOf(err, crm.Chinese), "有效电话数") {
		t.Errorf("one visit, a short word: %v", err)
	}
	if got, _, _ := o.db.ReportOf(t.Context(), li.ID, today); got.State != report.Draft || got.Version != 1 {
		t.Errorf("a refused report became %s, version %d", got.State, got.Version)
	}
	if _, err := o.svc.Submit(t.Context(), o.actor(t, other.ID), r.ID, r.Version, report.Input{Answers: []string{"替她交了"}}); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("somebody else handed it in: %v", err)
	}
	if _, err := o.svc.Submit(t.Context(), a, r.ID, r.Version, report.Input{Answers: []string{strings.Repeat("长", 501)}}); crm.CodeOf(err) != crm.CodeInvalid {
		t.Errorf("501 characters: %v", err)
	}
	o.at(t, 19, 0, today) // exactly at the due time is in time
	r, err = o.svc.Submit(t.Context(), a, r.ID, r.Version, report.Input{Answers: []string{"客户出差，明天补两家"}})
	if err != nil || r.State != report.Submitted {
		t.Errorf("with a sentence: %s %v", r.State, err)
	}
}

func TestR01LateAfterTheDueTime(t *testing.T) {
	o := newOffice(t, sqliteDSN(t))
	li := o.person(t, "李娜", o.team(t, "华东", 0), crm.Rep)
	a := o.actor(t, li.ID)
	r, err := o.svc.Open(t.Context(), a, today)
	if err != nil {
		t.Fatal(err)
	}
	o.at(t, 19, 1, today)
	r, err = o.svc.Submit(t.Context(), a, r.ID, r.Version, report.Input{Answers: []string{"路上堵车,晚了"}})
	if err != nil || r.State != report.Late {
		t.Errorf("%s %v, want late", r.State, err)
	}
}

func TestOpenAndScheduleAtTheSameTimeMakeOneDraft(t *testing.T) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": sqliteDSN, "mysql": testdb.MySQL} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, dsn(t))
			east := o.team(t, "华东", 0)
			var actors []crm.Actor
			for i := range 12 {
				u := o.person(t, fmt.Sprintf("销售%02d", i), east, crm.Rep)
				actors = append(actors, o.actor(t, u.ID))
			}
			var wg sync.WaitGroup
			errs := make(chan error, 100)
			for _, a := range actors {
				for range 3 {
					wg.Go(func() {
						_, err := o.svc.Open(t.Context(), a, today)
						errs <- err
					})
				}
			}
			for range 2 {
				wg.Go(func() { errs <- o.svc.DraftAll(t.Context(), today) })
			}
			wg.Wait()
			close(errs)
			for err := range errs {
				if err != nil {
					t.Error(err)
				}
			}
			rs, err := o.db.ReportsOn(t.Context(), today, nil, false)
			if err != nil || len(rs) != 12 {
				t.Errorf("%d reports for 12 people, %v", len(rs), err)
			}
			if q := o.queued(t); len(q) != 12 {
				t.Errorf("%d cards for 12 people", len(q))
			}
		})
	}
}

func TestR04DigestFreezesAndGoesToLeaderAndGroup(t *testing.T) {
	o := newOffice(t, sqliteDSN(t))
	all := o.team(t, "销售部", 0)
	east, west := o.team(t, "华东", all), o.team(t, "华西", all)
	boss, director := o.person(t, "王磊", east, crm.Manager), o.person(t, "周总", all, crm.Director)
	o.lead(t, east, boss.ID)
	o.lead(t, all, director.ID)
	li, zhang, chen := o.person(t, "李娜", east, crm.Rep), o.person(t, "张伟", east, crm.Rep), o.person(t, "陈晨", west, crm.Rep)
	if err := o.svc.BindGroup(t.Context(), o.actor(t, li.ID), "webchat", "g-east", east); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("a rep bound a group: %v", err)
	}
	if err := o.svc.BindGroup(t.Context(), o.actor(t, boss.ID), "webchat", "g-east", east); err != nil {
		t.Fatal(err)
	}
	o.did(t, li, "visit.valid", 4)
	o.did(t, li, "call.valid", 12)
	o.did(t, zhang, "visit.valid", 1)
	o.did(t, chen, "visit.valid", 2)
	fx := o.db.Effects()
	if err := o.db.InTx(t.Context(), func(ctx context.Context) error {
		return fx.Record(ctx, crm.Fact{At: o.clock.Now(), Day: today, User: li.ID, Team: east, Key: "contract.signed", Qty: 1, Amount: crm.Yuan(200_000), Ref: crm.ContractID(8).Ref()},
			crm.Fact{At: o.clock.Now(), Day: today, User: zhang.ID, Team: east, Key: "deal.lost", Qty: 1, Amount: crm.Yuan(199_999), Ref: crm.DealID(9).Ref()})
	}); err != nil {
		t.Fatal(err)
	}
	a := o.actor(t, li.ID)
	r, err := o.svc.Open(t.Context(), a, today)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = o.svc.Submit(t.Context(), a, r.ID, r.Version, report.Input{}); err != nil {
		t.Fatal(err)
	}
	o.at(t, 19, 30, today)
	for range 2 {
		if err := o.svc.DigestAll(t.Context(), today); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		fmt.Sprintf("%d report.digest 1/2026-03-02 03-02 19:30", director.ID),
		fmt.Sprintf("%d report.digest 2/2026-03-02 03-02 19:30", boss.ID),
		"0g-east report.digest 2/2026-03-02 03-02 19:30",
	}
	if d := cmp.Diff(want, o.queued(t)); d != "" {
		t.Errorf("queued (-want +got):\n%s", d)
	}
	d, err := o.svc.Team(t.Context(), o.actor(t, boss.ID), east, today)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Frozen || len(d.Members) != 2 || d.Members[0].User != li.ID || d.Members[0].Rank != 1 || d.Members[0].Score != 1000 || d.Members[1].State != report.Draft {
		t.Errorf("members %+v", d.Members)
	}
	if len(d.Missing()) != 1 || len(d.BelowPass()) != 1 || d.BelowPass()[0].User != zhang.ID || len(d.BelowPass()[0].Below) != 2 {
		t.Errorf("missing %v, below %v", d.Missing(), d.BelowPass())
	}
	if len(d.Big) != 1 || d.Big[0].Ref != crm.ContractID(8).Ref() {
		t.Errorf("big: %+v; the loss is one yuan short of the line", d.Big)
	}
	visits := func(d report.Digest) report.TeamNumber {
		for _, n := range d.Numbers {
			if n.Metric == "visit.valid" {
				return n
			}
		}
		t.Fatal("no visits")
		return report.TeamNumber{}
	}
	if n := visits(d); !n.Value.Equal(metric.Whole(5)) || n.Pass != 4 {
		t.Errorf("east made %+v visits, pass %g", n.Value, n.Pass)
	}
	whole, err := o.svc.Team(t.Context(), o.actor(t, director.ID), all, today)
	if err != nil || len(whole.Members) != 3 || !visits(whole).Value.Equal(metric.Whole(7)) {
		t.Errorf("the whole: %+v %v", whole.Members, err)
	}
	// Later facts and reports change nothing in the frozen digest.
	o.did(t, zhang, "visit.valid", 9)
	z := o.actor(t, zhang.ID)
	r, err = o.svc.Open(t.Context(), z, today)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = o.svc.Submit(t.Context(), z, r.ID, r.Version, report.Input{Answers: []string{"晚到的记录"}}); err != nil {
		t.Fatal(err)
	}
	after, err := o.svc.Team(t.Context(), o.actor(t, boss.ID), east, today)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, after); diff != "" {
		t.Errorf("the digest changed (-was +is):\n%s", diff)
	}
	if since, err := o.svc.Since(t.Context(), after); err != nil || !slices.Equal(since, []string{"张伟"}) {
		t.Errorf("since: %v %v", since, err)
	}
	if _, err := o.svc.Team(t.Context(), o.actor(t, chen.ID), east, today); crm.RuleOf(err) != "PM-01" {
		t.Errorf("a rep of another team saw it: %v", err)
	}
	if _, err := o.svc.Team(t.Context(), z, all, today); crm.RuleOf(err) != "PM-01" {
		t.Errorf("a rep saw the digest of the team above: %v", err)
	}
	if _, err := o.svc.Team(t.Context(), z, east, today); err != nil {
		t.Errorf("a rep does not see the own team's: %v", err)
	}
	// The next morning nobody of the east is missing; the west has no leader, so
	// its superior is the director.
	o.at(t, 9, 0, "2026-03-03")
	if err := o.svc.DraftAll(t.Context(), today); err != nil {
		t.Fatal(err)
	}
	if err := o.svc.MissingAll(t.Context(), "2026-03-03"); err != nil {
		t.Fatal(err)
	}
	q := o.queued(t)
	if last := q[len(q)-1]; last != fmt.Sprintf("%d report.missing 2026-03-02 03-03 09:00", director.ID) {
		t.Errorf("the list went to %s", last)
	}
	if list, err := o.svc.MissingOf(t.Context(), o.actor(t, boss.ID), today); err != nil || len(list) != 0 {
		t.Errorf("missing in the east: %v %v", list, err)
	}
}

// A team's value is the sum of its members' values while they were in it, and
// a company's is the sum of its teams', corrections included (F-06).
func TestF06TeamsAreTheSumOfTheirMembersAtTheTime(t *testing.T) {
	o := newOffice(t, sqliteDSN(t))
	teams := []crm.TeamID{o.team(t, "一", 0), o.team(t, "二", 0), o.team(t, "三", 0)}
	keys := []string{"visit.valid", "deal.won_amount", "deal.won"}
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		day := today.AddDays(round) // every round has a day of its own
		type where struct {
			u crm.UserID
			t crm.TeamID
		}
		count, money := map[where]int64{}, map[where]int64{}
		var facts []crm.Fact
		for range rapid.IntRange(1, 25).Draw(rt, "facts") {
			w := where{crm.UserID(rapid.Int64Range(1, 4).Draw(rt, "user")), rapid.SampledFrom(teams).Draw(rt, "team")}
			f := crm.Fact{At: o.clock.Now(), Day: day, User: w.u, Team: w.t, Key: "visit.valid", Qty: rapid.Int64Range(-2, 3).Draw(rt, "qty"), Ref: crm.ActivityID(1).Ref()}
			if rapid.Bool().Draw(rt, "money") {
				f.Key, f.Amount = "deal.won", crm.Money(rapid.Int64Range(-1e9, 1e10).Draw(rt, "amount"))
				money[w] += int64(f.Amount)
			} else {
				count[w] += f.Qty
			}
			facts = append(facts, f)
		}
		fx := o.db.Effects()
		if err := o.db.InTx(t.Context(), func(ctx context.Context) error { return fx.Record(ctx, facts...) }); err != nil {
			rt.Fatal(err)
		}
		res, err := o.reader.Read(t.Context(), keys, crm.DayPeriod(day), nil, nil)
		if err != nil {
			rt.Fatal(err)
		}
		visits, _ := o.reg.Get("visit.valid")
		won, _ := o.reg.Get("deal.won_amount")
		total := int64(0)
		for _, tm := range teams {
			var c, m int64
			for w, n := range count {
				if w.t == tm {
					c += n
				}
			}
			for w, n := range money {
				if w.t == tm {
					m += n
				}
			}
			total += m
			if v := res.ByTeam()[tm].Value(visits); !v.Equal(metric.Whole(c)) {
				rt.Fatalf("team %d made %+v visits, its members %d", tm, v, c)
			}
			if v := res.ByTeam()[tm].Value(won); !v.Equal(metric.Whole(m)) {
				rt.Fatalf("team %d won %+v, its members %d", tm, v, m)
			}
			one, err := o.reader.Read(t.Context(), keys, crm.DayPeriod(day), nil, []crm.TeamID{tm})
			if err != nil {
				rt.Fatal(err)
			}
			var members int64
			for _, y := range one.ByUser() {
				members += y.Value(won).Num
			}
			if members != m {
				rt.Fatalf("members of team %d won %d, the team %d", tm, members, m)
			}
		}
		if v := res.Total().Value(won); !v.Equal(metric.Whole(total)) {
			rt.Fatalf("the company won %+v, its teams %d", v, total)
		}
	})
}

// TestPM01OneTeamsGroupIsNotAnotherLeadersToTakeOver: who may not end a binding
// may not replace it either.
func TestPM01OneTeamsGroupIsNotAnotherLeadersToTakeOver(t *testing.T) {
	o := newOffice(t, sqliteDSN(t))
	all := o.team(t, "总部", 0)
	east, west := o.team(t, "华东", all), o.team(t, "华西", all)
	director, a, b := o.person(t, "周总监", all, crm.Director), o.person(t, "王磊", east, crm.Manager), o.person(t, "吴强", west, crm.Manager)
	o.lead(t, all, director.ID)
	o.lead(t, east, a.ID)
	o.lead(t, west, b.ID)
	bind := func(u org.User, team crm.TeamID) error {
		return o.svc.BindGroup(t.Context(), o.actor(t, u.ID), "webchat", "g1", team)
	}
	if err := bind(a, east); err != nil {
		t.Fatal(err)
	}
	if err := bind(b, west); crm.CodeOf(err) != crm.CodeForbidden {
		t.Errorf("another team's leader bound the group anew: %v", err)
	}
	if team, _, err := o.svc.BoundTeam(t.Context(), "webchat", "g1"); err != nil || team != east {
		t.Errorf("the group is bound to team %d, want %d, %v", team, east, err)
	}
	if err := bind(director, west); err != nil {
		t.Errorf("who leads both: %v", err)
	}
	if team, _, err := o.svc.BoundTeam(t.Context(), "webchat", "g1"); err != nil || team != west {
		t.Errorf("the group is bound to team %d, want %d, %v", team, west, err)
	}
}
