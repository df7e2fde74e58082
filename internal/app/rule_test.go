package app_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/rule"
	"crmbot/internal/testdb"
)

// TestRC01UrgentChangesTakeTwoAdministrators: the first decision counts, whoever
// decides at the same moment, and holds from it on; nobody agrees to what is theirs.
func TestRC01UrgentChangesTakeTwoAdministrators(t *testing.T) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": testdb.SQLite, "mysql": testdb.MySQL} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			must := func(t testing.TB, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			clock := crm.NewMovableClock(time.Date(2026, 3, 6, 16, 30, 0, 0, zone), true) // a Friday
			a, err := app.New(ctx, app.Options{DSN: dsn(t), Clock: clock, Zone: zone})
			must(t, err)
			t.Cleanup(func() { _ = a.Close() })
			s := a.Services
			admins := make([]crm.Actor, 6)
			person := func(i int) {
				u := org.User{Name: fmt.Sprintf("管理员%d", i), Roles: []crm.Role{crm.Admin}, Active: true}
				must(t, s.Directory.SaveUser(ctx, &u))
				admins[i], err = s.Directory.Actor(ctx, u.ID)
				must(t, err)
			}
			const key = "P-04.daily"
			person(0)
			if _, err := s.RuleDesk.Ask(ctx, admins[0], key, "", "5", "异常"); crm.RuleOf(err) != "RC-01" {
				t.Errorf("alone: %v", err)
			}
			for i := 1; i < len(admins); i++ {
				person(i)
			}
			r, err := s.RuleDesk.Ask(ctx, admins[0], key, "", "5", "异常")
			must(t, err)
			if got := r.ExpiresAt.In(zone).Format("2006-01-02 15:04"); got != "2026-03-09 16:30" {
				t.Errorf("it lapses at %s, want a working day later", got)
			}
			if v, _ := s.Rules.Value(ctx, key); v != "20" {
				t.Errorf("before anybody agreed it is %s", v)
			}
			if _, err := s.RuleDesk.Approve(ctx, admins[0], r.ID); crm.CodeOf(err) != crm.CodeForbidden {
				t.Errorf("its author agreed: %v", err)
			}
			var wg sync.WaitGroup
			errs := make([]error, len(admins))
			for i := 1; i < len(admins); i++ {
				wg.Add(1)
				go func() {
					defer wg.Done()
					if i == len(admins)-1 {
						_, errs[i] = s.RuleDesk.Decline(ctx, admins[i], r.ID)
						return
					}
					_, errs[i] = s.RuleDesk.Approve(ctx, admins[i], r.ID)
				}()
			}
			wg.Wait()
			won := 0
			for i, err := range errs[1:] {
				switch {
				case err == nil:
					won++
				case crm.CodeOf(err) != crm.CodeConflict:
					t.Errorf("administrator %d: %v", i+1, err)
				}
			}
			r, err = s.RuleDesk.Request(ctx, admins[0], r.ID)
			must(t, err)
			vs, err := s.Rules.History(ctx, key)
			must(t, err)
			want := map[rule.RequestState]int{rule.Approved: 1, rule.Declined: 0}
			if n, ok := want[r.State]; won != 1 || !ok || len(vs) != n {
				t.Errorf("%d decisions counted, the request is %s, with %d versions", won, r.State, len(vs))
			}
			if r.State == rule.Approved && (vs[0].Author != admins[0].ID || vs[0].Approver != r.By || !vs[0].EffectiveAt.Equal(clock.Now()) || r.Version != vs[0].ID) {
				t.Errorf("the version is %+v of %+v", vs[0], r)
			}

			// Two for one setting, agreed to in the same moment: the second one's author
			// had not seen the first.
			two := make([]rule.Request, 2)
			for i := range two {
				two[i], err = s.RuleDesk.Ask(ctx, admins[i], "P-12.locks", "", fmt.Sprint(11+i), "异常")
				must(t, err)
			}
			for i := range two {
				wg.Add(1)
				go func() {
					defer wg.Done()
					_, errs[i] = s.RuleDesk.Approve(ctx, admins[2+i], two[i].ID)
				}()
			}
			wg.Wait()
			if vs, err := s.Rules.History(ctx, "P-12.locks"); len(vs) != 1 || err != nil || (crm.CodeOf(errs[0]) != crm.CodeStale) == (crm.CodeOf(errs[1]) != crm.CodeStale) {
				t.Errorf("two changes of one setting at once: %v, %v; versions %+v, %v", errs[0], errs[1], vs, err)
			}

			// One that nobody answers lapses, and its author is told.
			r, err = s.RuleDesk.Ask(ctx, admins[1], "P-03.leads", "", "5", "异常")
			must(t, err)
			must(t, clock.Set(r.ExpiresAt.Add(time.Second)))
			if _, err := s.RuleDesk.Approve(ctx, admins[2], r.ID); crm.CodeOf(err) != crm.CodeStale {
				t.Errorf("agreed to after a working day: %v", err)
			}
			must(t, s.RuleDesk.Lapse(ctx))
			must(t, s.RuleDesk.Lapse(ctx))
			r, err = s.RuleDesk.Request(ctx, admins[0], r.ID)
			must(t, err)
			if at, err := s.RuleDesk.NextLapse(ctx); r.State != rule.Lapsed || !at.IsZero() || err != nil {
				t.Errorf("it is %s, next %v, %v", r.State, at, err)
			}
			if v, _ := s.Rules.Value(ctx, "P-03.leads"); v != "50" {
				t.Errorf("a lapsed change made it %s", v)
			}
		})
	}
}
