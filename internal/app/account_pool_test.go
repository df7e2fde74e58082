package app_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/app"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/testdb"
)

// branch is the whole program with two teams, for tests of accounts between
// owners and pools.
type branch struct {
	t     *testing.T
	ctx   context.Context
	a     *app.App
	clock *crm.MovableClock
	ids   map[string]crm.UserID
	teams map[string]crm.TeamID
}

func newBranch(t *testing.T, dsn string) *branch {
	t.Helper()
	if dsn == "" {
		dsn = testdb.SQLite(t)
	}
	f := &branch{t: t, ctx: t.Context(), clock: crm.NewMovableClock(monday, true), ids: map[string]crm.UserID{}, teams: map[string]crm.TeamID{}}
	var err error
	f.a, err = app.New(f.ctx, app.Options{DSN: dsn, Clock: f.clock})
	f.must(err)
	t.Cleanup(func() { _ = f.a.Close() })
	for _, x := range []struct {
		team, leader string
		reps         []string
	}{{"华东", "王磊", []string{"李娜", "张伟"}}, {"华南", "陈静", []string{"赵敏"}}} {
		team := &org.Team{Name: x.team}
		f.must(f.a.Services.Directory.SaveTeam(f.ctx, team))
		f.teams[x.team] = team.ID
		team.Leader = f.hire(x.leader, team.ID, crm.Manager)
		f.must(f.a.Services.Directory.SaveTeam(f.ctx, team))
		for _, r := range x.reps {
			f.hire(r, team.ID, crm.Rep)
		}
	}
	f.hire("管理员", 0, crm.Admin)
	return f
}

func (f *branch) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *branch) hire(name string, team crm.TeamID, r crm.Role) crm.UserID {
	f.t.Helper()
	u := org.User{Name: name, Team: team, Roles: []crm.Role{r}, Active: true}
	f.must(f.a.Services.Directory.SaveUser(f.ctx, &u))
	f.ids[name] = u.ID
	return u.ID
}

func (f *branch) as(name string) crm.Actor {
	f.t.Helper()
	x, err := f.a.Services.Directory.Actor(f.ctx, f.ids[name])
	f.must(err)
	return x
}

func (f *branch) set(key, value string) {
	f.t.Helper()
	_, err := f.a.Services.Rules.Set(f.ctx, crm.Actor{ID: 99, Roles: []crm.Role{crm.Admin}}, key, "", value, "test", f.clock.Now())
	f.must(err)
}

// pooled imports an account without an owner.
func (f *branch) pooled(name, city string) crm.AccountID {
	f.t.Helper()
	out, err := f.a.Services.Accounts.Import(f.ctx, f.as("管理员"), []account.Row{{Draft: account.Draft{Name: name, Region: city}, Contact: account.ContactDraft{Name: "王敏", Mobile: "13800001111"}}}, true)
	f.must(err)
	if out[0].Ref.ID == 0 {
		f.t.Fatalf("%s was not imported: %s", name, out[0].Reason.Zh)
	}
	return crm.AccountID(out[0].Ref.ID)
}

func (f *branch) count(query string, args ...any) int {
	f.t.Helper()
	db, err := f.a.DB.SQL()
	f.must(err)
	var n int
	f.must(db.QueryRowContext(f.ctx, query, args...).Scan(&n))
	return n
}

func (f *branch) refused(err error, rule string, says ...string) {
	f.t.Helper()
	if err == nil || crm.RuleOf(err) != rule {
		f.t.Fatalf("want a refusal by %s, got %v", rule, err)
	}
	for _, s := range says {
		if m := crm.MessageOf(err, crm.Chinese); !strings.Contains(m, s) {
			f.t.Fatalf("%q is not in %q", s, m)
		}
	}
}

// unknown fails unless the record does not exist for the actor (PM-03).
func (f *branch) unknown(err error) {
	f.t.Helper()
	if crm.CodeOf(err) != crm.CodeNotFound {
		f.t.Fatalf("want it not to be found, got %v", err)
	}
}

// TestP05TwentyPeopleClaimOneAccount: exactly one of them gets it, and the
// others have paid nothing.
func TestP05TwentyPeopleClaimOneAccount(t *testing.T) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "mysql": testdb.MySQL} {
		t.Run(name, func(t *testing.T) {
			f := newBranch(t, dsn(t))
			id := f.pooled("华星科技", "上海")
			actors := make([]crm.Actor, 20)
			for i := range actors {
				n := fmt.Sprintf("销售%02d", i)
				f.hire(n, f.teams["华东"], crm.Rep)
				actors[i] = f.as(n)
			}
			errs := make([]error, len(actors))
			start := make(chan struct{})
			var wg sync.WaitGroup
			for i, a := range actors {
				wg.Go(func() {
					<-start
					_, errs[i] = f.a.Services.Accounts.Claim(f.ctx, a, id)
				})
			}
			close(start)
			wg.Wait()
			winner := -1
			for i, err := range errs {
				if err == nil && winner >= 0 {
					t.Fatalf("%s and %s both won", actors[winner].Name, actors[i].Name)
				}
				if err == nil {
					winner = i
				}
			}
			if winner < 0 {
				t.Fatalf("nobody won; the first was told: %v", errs[0])
			}
			for i, err := range errs {
				if i == winner {
					continue
				}
				f.refused(err, "P-05", actors[winner].Name)
				if st, err := f.a.Services.Accounts.Status(f.ctx, actors[i].ID); err != nil || st.Claims != 0 || st.Held != 0 {
					t.Errorf("%s paid for a lost race: %+v %v", actors[i].Name, st, err)
				}
			}
			for what, n := range map[string]int{
				"claims in the ledger": f.count("SELECT COUNT(*) FROM crm_ownership_ledger WHERE reason = 'claim' AND kind = 'A'"),
				"claim facts":          f.count("SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'account.claim'"),
				"audited claims":       f.count("SELECT COUNT(*) FROM crm_audit WHERE action = 'ownership.claim'"),
			} {
				if n != 1 {
					t.Errorf("%d %s, want 1", n, what)
				}
			}
		})
	}
}

// TestAccountsThroughTheGate walks accounts through every way of changing hands.
func TestAccountsThroughTheGate(t *testing.T) {
	f := newBranch(t, "")
	acc := f.a.Services.Accounts
	na, wei, min, lei := f.as("李娜"), f.as("张伟"), f.as("赵敏"), f.as("王磊")

	t.Run("P-08 in the pool contacts are hidden and nobody reads the story", func(t *testing.T) {
		id := f.pooled("明月贸易", "上海")
		v, err := acc.Peek(f.ctx, na, id)
		f.must(err)
		cs, err := acc.Contacts(f.ctx, na, id)
		f.must(err)
		if !v.Masked || len(v.Past) != 0 || cs[0].Mobile != "138****1111" || cs[0].Name != "王*" {
			t.Errorf("%+v, contacts %+v", v, cs)
		}
		if cs, err = acc.Contacts(f.ctx, lei, id); err != nil || cs[0].Mobile != "138****1111" {
			t.Errorf("a leader of another pool reads %+v, %v", cs, err)
		}
	})
	t.Run("P-05 P-18 a claim opens contacts and takes open deals along", func(t *testing.T) {
		id := f.pooled("清风设备", "上海")
		_, err := acc.Claim(f.ctx, na, id)
		f.must(err)
		open, err := f.a.Services.Deals.Create(f.ctx, na, deal.Draft{Account: id, Amount: 8_000_000})
		f.must(err)
		open, err = f.a.Services.Deals.Advance(f.ctx, na, open.ID, open.Version, "need")
		f.must(err)
		lost, err := f.a.Services.Deals.Create(f.ctx, na, deal.Draft{Account: id, Amount: 100_000})
		f.must(err)
		_, err = f.a.Services.Deals.Lose(f.ctx, na, lost.ID, lost.Version, "price", "")
		f.must(err)
		c, err := f.a.Services.Contracts.Create(f.ctx, na, contract.Input{Account: id, Amount: 5_000_000, Terms: "月结30天", StartsOn: "2026-03-10"})
		f.must(err)
		_, err = acc.Release(f.ctx, na, id, "no_need", "")
		f.must(err)
		if d, err := f.a.DB.Deal(f.ctx, open.ID); err != nil || d.Owner != na.ID {
			t.Errorf("in the pool the deal has the owner %d, %v", d.Owner, err)
		}
		got, err := acc.Claim(f.ctx, wei, id)
		f.must(err)
		d, err := f.a.DB.Deal(f.ctx, open.ID)
		f.must(err)
		if got.Deals != 1 || d.Owner != wei.ID || d.Team != wei.Team || d.Stage != "need" || !d.StageAt.Equal(open.StageAt) {
			t.Errorf("%d deals came along: %+v", got.Deals, d)
		}
		if d, err := f.a.DB.Deal(f.ctx, lost.ID); err != nil || d.Owner != na.ID {
			t.Errorf("the closed deal went to %d, %v", d.Owner, err)
		}
		if x, err := f.a.DB.Contract(f.ctx, c.ID, false); err != nil || x.Owner != na.ID {
			t.Errorf("the contract went to %d, %v", x.Owner, err)
		}
		cs, err := acc.Contacts(f.ctx, wei, id)
		f.must(err)
		if len(cs) != 1 || cs[0].Mobile != "+8613800001111" || len(got.Past) != 4 {
			t.Errorf("contacts %+v, %d former changes", cs, len(got.Past))
		}
		if n := f.count("SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'deal.opened'"); n != 2 {
			t.Errorf("%d facts about opened deals", n)
		}
	})
	t.Run("P-06 a former owner waits, whoever had it in between", func(t *testing.T) {
		id := f.pooled("远航物流", "上海")
		f.set("P-04.burst", "100")
		_, err := acc.Claim(f.ctx, na, id)
		f.must(err)
		_, err = acc.Release(f.ctx, na, id, "no_need", "")
		f.must(err)
		_, err = acc.Claim(f.ctx, wei, id)
		f.must(err)
		_, err = acc.Release(f.ctx, wei, id, "no_need", "")
		f.must(err)
		_, err = acc.Claim(f.ctx, na, id)
		f.refused(err, "P-06")
		// A manager may; the ledger notes what was passed over.
		_, err = acc.Assign(f.ctx, lei, id, na.ID)
		f.must(err)
		if n := f.count("SELECT COUNT(*) FROM crm_ownership_ledger WHERE ref = ? AND reason = 'assign' AND override_rule = 'P-06'", id.String()); n != 1 {
			t.Error("the override is not in the ledger")
		}
		_, err = acc.Assign(f.ctx, f.as("陈静"), id, min.ID)
		f.unknown(err) // another team's account
	})
	t.Run("P-04 claim, release, claim twenty-one times is refused and a refusal is free", func(t *testing.T) {
		f := newBranch(t, "")
		acc, na := f.a.Services.Accounts, f.as("李娜")
		f.set("P-04.burst", "100")
		f.set("P-04.refunds", "0")
		f.set("P-06.voluntary_days", "0")
		id := f.pooled("大成药业", "上海")
		for i := range 20 {
			if _, err := acc.Claim(f.ctx, na, id); err != nil {
				t.Fatalf("claim %d: %v", i+1, err)
			}
			_, err := acc.Release(f.ctx, na, id, "no_need", "")
			f.must(err)
			f.must(f.clock.Set(f.clock.Now().Add(time.Minute)))
		}
		before, err := acc.Status(f.ctx, na.ID)
		f.must(err)
		_, err = acc.Claim(f.ctx, na, id)
		f.refused(err, "P-04", "20/20")
		if after, err := acc.Status(f.ctx, na.ID); err != nil || after != before {
			t.Errorf("the refusal changed %+v to %+v, %v", before, after, err)
		}
		if st, err := f.a.Services.Leads.Status(f.ctx, na.ID); err != nil || pool.Used(st.Standing) != 0 {
			t.Errorf("claims of accounts count for leads: %+v %v", st, err)
		}
	})
	t.Run("P-03 accounts that have bought do not count", func(t *testing.T) {
		f.set("P-03.accounts", "1")
		f.set("P-04.burst", "100")
		first, second, dealt := f.pooled("天蓝软件", "广州"), f.pooled("山海食品", "广州"), f.pooled("金桥建材", "广州")
		_, err := acc.Claim(f.ctx, min, first)
		f.must(err)
		_, err = acc.Claim(f.ctx, min, second)
		f.refused(err, "P-03", "1/1", "天蓝软件")
		f.must(f.a.DB.InTx(f.ctx, func(ctx context.Context) error {
			return acc.Dealt(ctx, map[crm.AccountID]time.Time{dealt: f.clock.Now()})
		}))
		_, err = acc.Claim(f.ctx, min, dealt)
		f.must(err)
		f.set("P-03.accounts", "100")
	})
	t.Run("P-07 P-15 a recycled account rests, its owner is told and cooled down", func(t *testing.T) {
		id := f.pooled("北辰能源", "上海")
		_, err := acc.Claim(f.ctx, na, id)
		f.must(err)
		done, err := acc.Recycle(f.ctx, id, "", "P-11", 0, func(context.Context, account.Account) (bool, error) { return false, nil })
		if done || err != nil {
			t.Fatalf("an account that is not due was recycled: %v %v", done, err)
		}
		done, err = acc.Recycle(f.ctx, id, "", "P-11", 0, nil)
		if !done || err != nil {
			t.Fatalf("%v %v", done, err)
		}
		if done, err = acc.Recycle(f.ctx, id, "", "P-11", 0, nil); done || err != nil {
			t.Fatalf("recycled twice: %v %v", done, err)
		}
		_, err = acc.Claim(f.ctx, wei, id)
		f.refused(err, "P-07", "24 小时")
		f.must(f.clock.Set(f.clock.Now().Add(48 * time.Hour)))
		_, err = acc.Claim(f.ctx, na, id)
		f.refused(err, "P-06")
		_, err = acc.Claim(f.ctx, wei, id)
		f.must(err)
		if n := f.count("SELECT COUNT(*) FROM crm_outbox WHERE view = ? AND user_id = ?", account.ViewTaken, int64(na.ID)); n != 0 {
			t.Errorf("the former owner got %d cards of their own besides that of the day's run", n)
		}
		if n := f.count("SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'account.release' AND ref = ?", id.String()); n != 0 {
			t.Error("a recycled account counts as released")
		}
	})
	t.Run("P-17 doubtful data goes to review", func(t *testing.T) {
		id := f.pooled("同辉塑胶", "上海")
		_, err := acc.Claim(f.ctx, na, id)
		f.must(err)
		_, err = acc.Release(f.ctx, na, id, "", "")
		f.refused(err, "P-17")
		_, err = acc.Release(f.ctx, na, id, "wrong_number", "")
		f.must(err)
		_, err = acc.Claim(f.ctx, wei, id)
		f.refused(err, "P-17")
		_, err = acc.Cleared(f.ctx, wei, id, true)
		if crm.CodeOf(err) != crm.CodeForbidden {
			t.Fatalf("a rep ended the review: %v", err)
		}
		_, err = acc.Cleared(f.ctx, lei, id, true)
		f.must(err)
		_, err = acc.Claim(f.ctx, na, id) // not counted: no cool-down
		f.must(err)
	})
	t.Run("P-03 a transfer respects the limit of the receiver", func(t *testing.T) {
		id := f.pooled("长风纺织", "上海")
		_, err := acc.Claim(f.ctx, na, id)
		f.must(err)
		_, err = acc.Transfer(f.ctx, wei, id, min.ID)
		f.unknown(err)
		f.set("P-03.accounts", "1")
		_, err = acc.Transfer(f.ctx, na, id, min.ID)
		f.refused(err, "P-03", "赵敏")
		f.set("P-03.accounts", "100")
		_, err = acc.Transfer(f.ctx, na, id, min.ID)
		f.must(err)
		if _, err = acc.Get(f.ctx, na, id); crm.CodeOf(err) != crm.CodeForbidden {
			t.Errorf("the former owner still reads it: %v", err)
		}
	})
	t.Run("P-02 P-03 a lead of a pooled company takes the account as a claim", func(t *testing.T) {
		id := f.pooled("银河玻璃", "上海")
		l, err := f.a.Services.Leads.Create(f.ctx, na, lead.NewLead{Info: lead.Info{Company: "银河玻璃厂", Phone: "13700137000"}, Owner: na.ID}, true)
		f.must(err)
		f.set("P-03.accounts", "1")
		_, err = acc.Convert(f.ctx, na, l.ID, "银河玻璃")
		f.refused(err, "P-03")
		f.set("P-03.accounts", "100")
		x, err := acc.Convert(f.ctx, na, l.ID, "银河玻璃")
		f.must(err)
		if x.ID != id || x.Owner != na.ID {
			t.Errorf("converted to %+v", x)
		}
		if n := f.count("SELECT COUNT(*) FROM crm_ownership_ledger WHERE ref = ? AND reason = 'claim'", id.String()); n != 1 {
			t.Errorf("%d claims in the ledger", n)
		}
	})
}

// TestDU01AnAccountImportedTwiceAtOneMomentBecomesOne: whoever is later finds it
// there, or is refused and finds it the next time.
func TestDU01AnAccountImportedTwiceAtOneMomentBecomesOne(t *testing.T) {
	f := newBranch(t, testdb.MySQL(t))
	acc := f.a.Services.Accounts
	for i := range 5 {
		name := newcomer(i)
		errs := make([]error, 4)
		var wg sync.WaitGroup
		for k := range errs {
			wg.Go(func() {
				_, errs[k] = acc.Import(f.ctx, f.as("管理员"), []account.Row{{Draft: account.Draft{Name: name}, Contact: account.ContactDraft{Name: "王敏", Mobile: "13800001111"}}}, true)
			})
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil && crm.CodeOf(err) != crm.CodeConflict {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := f.count("SELECT COUNT(*) FROM crm_accounts WHERE name = ?", name); n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	for what, q := range map[string]string{"contacts": "SELECT COUNT(*) FROM crm_contacts", "facts": "SELECT COUNT(*) FROM crm_facts WHERE metric_key = 'account.new'", "ledger rows": "SELECT COUNT(*) FROM crm_ownership_ledger WHERE kind = 'A'"} {
		if n := f.count(q); n != 5 {
			t.Errorf("%d %s, want 5", n, what)
		}
	}
}
