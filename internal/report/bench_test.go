package report_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/testdb"
)

// BenchmarkDailyReports makes the drafts and the digests of 1,000 reps in 50
// teams over a million facts of a quarter. The aim is under 5 seconds for the
// drafts.
func BenchmarkDailyReports(b *testing.B) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": sqliteDSN, "mysql": testdb.MySQL} {
		b.Run(name, func(b *testing.B) {
			o := newOffice(b, dsn(b))
			reps := o.staff(b, 50, 20)
			o.history(b, reps, 1_000_000)
			day := today
			b.ResetTimer()
			var drafts, digests time.Duration
			for b.Loop() {
				begin := time.Now()
				if err := o.svc.DraftAll(b.Context(), day); err != nil {
					b.Fatal(err)
				}
				drafts += time.Since(begin)
				begin = time.Now()
				if err := o.svc.DigestAll(b.Context(), day); err != nil {
					b.Fatal(err)
				}
				digests += time.Since(begin)
				day = o.cal.NextWorkday(day)
			}
			b.ReportMetric(drafts.Seconds()/float64(b.N), "s/drafts")
			b.ReportMetric(digests.Seconds()/float64(b.N), "s/digests")
		})
	}
}

// staff makes teams of so many reps, each with a leader.
func (o *office) staff(t testing.TB, teams, each int) []org.User {
	t.Helper()
	var reps []org.User
	err := o.db.InTx(t.Context(), func(ctx context.Context) error {
		for i := range teams {
			boss := org.User{Name: fmt.Sprintf("经理%d", i), Roles: []crm.Role{crm.Manager}, Active: true}
			if err := o.db.SaveUser(ctx, &boss); err != nil {
				return err
			}
			tm := org.Team{Name: fmt.Sprintf("团队%d", i), Leader: boss.ID}
			if err := o.db.SaveTeam(ctx, &tm); err != nil {
				return err
			}
			for j := range each {
				u := org.User{Name: fmt.Sprintf("销售%d-%d", i, j), Team: tm.ID, Roles: []crm.Role{crm.Rep}, Active: true}
				if err := o.db.SaveUser(ctx, &u); err != nil {
					return err
				}
				reps = append(reps, u)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.dir.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	return reps
}

// history records n facts, spread over the people and the last 90 days.
func (o *office) history(t testing.TB, reps []org.User, n int) {
	t.Helper()
	keys := []string{"visit.valid", "call.valid", "visit.planned", "visit.plan_done", "lead.claim", "lead.first_contact", "next_step.set", "contract.submitted", "contract.signed", "call.done"}
	fx := o.db.Effects()
	const chunk = 10_000
	for from := 0; from < n; from += chunk {
		err := o.db.InTx(t.Context(), func(ctx context.Context) error {
			facts := make([]crm.Fact, 0, chunk)
			for i := from; i < min(from+chunk, n); i++ {
				u := reps[i%len(reps)]
				facts = append(facts, crm.Fact{At: o.clock.Now(), Day: today.AddDays(-(i / len(reps) / 11)), User: u.ID, Team: u.Team, Key: keys[i/len(reps)%len(keys)], Qty: 1, Amount: crm.Yuan(int64(i % 1000)), Ref: crm.ActivityID(int64(i + 1)).Ref()})
			}
			return fx.Record(ctx, facts...)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// One person's report must not cost more queries because there are many: the
// diary is asked twice for everybody together.
func TestDraftsOfManyPeopleTakeFewQueries(t *testing.T) {
	o := newOffice(t, sqliteDSN(t))
	reps := o.staff(t, 5, 100)
	o.history(t, reps, 20_000)
	begin := time.Now()
	if err := o.svc.DraftAll(t.Context(), today); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("500 drafts took %s", d)
	}
	if n := o.plans.asked.Load(); n != 2 {
		t.Errorf("the diary was asked %d times for 500 people", n)
	}
	rs, err := o.db.ReportsOn(t.Context(), today, nil, true)
	if err != nil || len(rs) != 500 {
		t.Fatalf("%d reports, %v", len(rs), err)
	}
	var sum int64
	for _, r := range rs {
		sum += number(t, r.Content, "visit.valid").Value.Num
	}
	all, err := o.reader.Read(t.Context(), []string{"visit.valid"}, crm.DayPeriod(today), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := o.reg.Get("visit.valid")
	if want := all.Total().Value(d).Num; sum != want || sum == 0 {
		t.Errorf("the drafts add up to %d visits, the company to %d", sum, want)
	}
}
