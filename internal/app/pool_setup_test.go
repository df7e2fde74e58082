package app_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
	"crmbot/internal/testdb"
)

func (f *branch) newPool(p pool.Pool) crm.PoolID {
	f.t.Helper()
	f.must(f.a.Services.Pools.SavePool(f.ctx, f.as("管理员"), &p))
	return p.ID
}

// in are the pools in whose lists the account appears for the administrator.
func (f *branch) in(id crm.AccountID) []crm.PoolID {
	f.t.Helper()
	ps, err := f.a.Services.Pools.Pools(f.ctx)
	f.must(err)
	var out []crm.PoolID
	for _, p := range ps {
		if p.Kind != crm.KindAccount {
			continue
		}
		list, err := f.a.Services.Accounts.Pool(f.ctx, f.as("管理员"), account.Filter{Pool: p.ID}, 0, 50)
		f.must(err)
		if slices.ContainsFunc(list.Accounts, func(v account.Seen) bool { return v.ID == id }) {
			out = append(out, p.ID)
		}
	}
	return out
}

func TestPoolsAreSetUpAtRunTime(t *testing.T) {
	f := newBranch(t, "")
	pools, acc := f.a.Services.Pools, f.a.Services.Accounts
	admin, na, min, lei := f.as("管理员"), f.as("李娜"), f.as("赵敏"), f.as("王磊")
	east := f.newPool(pool.Pool{Name: "华东客户", Kind: crm.KindAccount, Sort: 10, Teams: []crm.TeamID{f.teams["华东"]}, Regions: []string{"上海"}, Managers: []crm.UserID{f.ids["赵敏"]}})
	south := f.newPool(pool.Pool{Name: "华南客户", Kind: crm.KindAccount, Sort: 10, Teams: []crm.TeamID{f.teams["华南"]}, Managers: []crm.UserID{f.ids["陈静"]}, Hidden: []string{"company"}})
	f.newPool(pool.Pool{Name: "上海客户", Kind: crm.KindAccount, Sort: 20, Regions: []string{"上海"}})

	t.Run("P-01 a record is never in two pools", func(t *testing.T) {
		ids := []crm.AccountID{f.pooled("星河科技", "上海"), f.pooled("远航物流", "北京")}
		x, err := acc.Create(f.ctx, na, account.Draft{Name: "大成药业", Region: "上海"})
		f.must(err)
		if x.HomePool != east {
			t.Errorf("its home is pool %d, want %d: the narrowest department comes first", x.HomePool, east)
		}
		_, err = acc.Release(f.ctx, na, x.ID, "no_need", "")
		f.must(err)
		for _, id := range append(ids, x.ID) {
			if in := f.in(id); len(in) != 1 {
				t.Errorf("%s is in the pools %v", id, in)
			}
		}
		if in := f.in(x.ID); in[0] != east {
			t.Errorf("released into %v", in)
		}
		// Outside of the scope it does not exist; who looks after the pool sees people.
		if _, err := acc.Get(f.ctx, f.as("陈静"), x.ID); crm.CodeOf(err) != crm.CodeNotFound {
			t.Errorf("another team's pool: %v", err)
		}
		v, err := acc.Peek(f.ctx, min, x.ID)
		f.must(err)
		if v.Masked || !v.Manages {
			t.Errorf("the pool's manager sees %+v", v.Rights)
		}
		_, err = acc.Assign(f.ctx, min, x.ID, f.ids["赵敏"])
		f.refused(err, "") // not of the pool's scope, nor led
		_, err = acc.Assign(f.ctx, min, x.ID, f.ids["张伟"])
		f.must(err)
	})
	t.Run("P-01 settings are checked and belong to administrators and managers", func(t *testing.T) {
		p, err := pools.Pool(f.ctx, east)
		f.must(err)
		for what, c := range map[string]struct {
			a      crm.Actor
			change func(*pool.Pool)
			code   crm.Code
		}{
			"a rep":                       {na, func(p *pool.Pool) { p.Daily = 3 }, crm.CodeForbidden},
			"its manager":                 {min, func(p *pool.Pool) { p.Daily = 30 }, ""},
			"its manager, on managers":    {min, func(p *pool.Pool) { p.Managers = nil }, crm.CodeForbidden},
			"another pool's manager":      {f.as("陈静"), func(p *pool.Pool) { p.Daily = 3 }, crm.CodeForbidden},
			"a name that is taken":        {admin, func(p *pool.Pool) { p.Name = "华南客户" }, crm.CodeConflict},
			"a field that cannot be":      {admin, func(p *pool.Pool) { p.Hidden = []string{"need"} }, crm.CodeInvalid},
			"a version that was replaced": {admin, func(p *pool.Pool) { p.Version-- }, crm.CodeStale},
		} {
			now, err := pools.Pool(f.ctx, p.ID)
			f.must(err)
			c.change(&now)
			if err := pools.SavePool(f.ctx, c.a, &now); crm.CodeOf(err) != c.code {
				t.Errorf("%s: %v", what, err)
			}
		}
		first, err := pools.Pool(f.ctx, pool.DefaultAccountPool)
		f.must(err)
		first.Regions = []string{"上海"}
		f.refused(pools.SavePool(f.ctx, admin, &first), "P-01")
		if n := f.count("SELECT COUNT(*) FROM crm_audit WHERE action = 'pool.save'"); n != 4 {
			t.Errorf("%d changes are audited", n)
		}
	})
	t.Run("P-08 what a pool hides is found by code only and claimed first", func(t *testing.T) {
		out, err := acc.Import(f.ctx, f.as("陈静"), []account.Row{{Draft: account.Draft{Name: "密云航空", Region: "广州"}}}, true)
		f.must(err)
		id := crm.AccountID(out[0].Ref.ID)
		if in := f.in(id); len(in) != 1 || in[0] != south {
			t.Fatalf("imported into %v", in)
		}
		for _, q := range []string{"密云航空", "密云", "myhk"} {
			if xs, err := acc.Search(f.ctx, min, q, 9); err != nil || len(xs) != 0 {
				t.Errorf("%q finds %+v, %v", q, xs, err)
			}
		}
		x, err := acc.Get(f.ctx, min, id)
		f.must(err)
		if x.Name != account.Hidden || x.Key != "" {
			t.Errorf("shown: %+v", x)
		}
		_, err = acc.Workable(f.ctx, min, id)
		f.refused(err, "P-08", "/认领 "+id.String())
		_, err = acc.Ensure(f.ctx, min, "密云航空")
		f.refused(err, "P-08")
		got, err := acc.Claim(f.ctx, min, id)
		f.must(err)
		if got.Name != "密云航空" {
			t.Errorf("claimed: %+v", got.Account)
		}
	})
	t.Run("P-04 P-07 a pool has numbers of its own", func(t *testing.T) {
		p, err := pools.Pool(f.ctx, south)
		f.must(err)
		p.NewHours, p.Daily, p.Hidden = pool.Override{Set: true, Value: 2}, 1, nil
		f.must(pools.SavePool(f.ctx, admin, &p))
		out, err := acc.Import(f.ctx, f.as("陈静"), []account.Row{{Draft: account.Draft{Name: "白云照明"}}}, true)
		f.must(err)
		_, err = acc.Claim(f.ctx, min, crm.AccountID(out[0].Ref.ID))
		f.refused(err, "P-07", "2 小时")
		f.must(f.clock.Set(f.clock.Now().Add(3 * 3600e9)))
		_, err = acc.Claim(f.ctx, min, crm.AccountID(out[0].Ref.ID))
		f.refused(err, "P-04", "1/1") // the pool's quota; 密云航空 was claimed today
	})
	t.Run("P-01 a closed pool is emptied in batches that go on where they stopped", func(t *testing.T) {
		rows := make([]account.Row, 450)
		for i := range rows {
			rows[i] = account.Row{Draft: account.Draft{Name: fmt.Sprintf("客户%c%c%c厂", rune('一'+i*3), rune('东'+i*5), rune('北'+i))}}
		}
		_, err := acc.Import(f.ctx, f.as("陈静"), rows, true)
		f.must(err)
		_, err = pools.Retire(f.ctx, lei, south, pool.DefaultAccountPool)
		f.refused(err, "")
		_, err = pools.Retire(f.ctx, admin, south, pool.DefaultPool) // of leads
		if crm.CodeOf(err) != crm.CodeInvalid {
			t.Errorf("accounts into a pool of leads: %v", err)
		}
		_, err = pools.Retire(f.ctx, admin, south, pool.DefaultAccountPool)
		f.must(err)
		in := func(id crm.PoolID) int {
			return f.count("SELECT COUNT(*) FROM crm_accounts WHERE home_pool_id = ?", int64(id))
		}
		before := in(south)
		moved, more, err := pools.Relocate(f.ctx, 1)
		f.must(err)
		if moved != 200 || !more || in(south) != before-200 {
			t.Errorf("the first batch: %d moved, more %v, %d left of %d", moved, more, in(south), before)
		}
		if moved, more, err = pools.Relocate(f.ctx, 100); err != nil || more || moved != before-200 || in(south) != 0 {
			t.Errorf("the others: %d moved, more %v, %d left, %v", moved, more, in(south), err)
		}
		if n := f.count("SELECT COUNT(*) FROM crm_ownership_ledger WHERE pool_id = ?", int64(south)); n == 0 {
			t.Error("the ledger forgot the pool")
		}
	})
}

// TestP08DetailViewsAreCounted: fifty different records a day, one twice is one,
// and a refusal costs nothing.
func TestP08DetailViewsAreCounted(t *testing.T) {
	for name, dsn := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" }, "mysql": func(t *testing.T) string { return testdb.MySQL(t) }} {
		t.Run(name, func(t *testing.T) {
			f := newBranch(t, dsn(t))
			acc, na := f.a.Services.Accounts, f.as("李娜")
			f.set("P-08.views", "3")
			rows := make([]account.Row, 8)
			for i := range rows {
				rows[i] = account.Row{Draft: account.Draft{Name: newcomer(i)}}
			}
			out, err := acc.Import(f.ctx, f.as("管理员"), rows, true)
			f.must(err)
			errs := make([]error, 2*len(out))
			var wg sync.WaitGroup
			for i, r := range out { // all at one moment, each twice
				for k := range 2 {
					wg.Go(func() { _, errs[2*i+k] = acc.Open(f.ctx, na, crm.AccountID(r.Ref.ID)) })
				}
			}
			wg.Wait()
			seen := 0
			for _, err := range errs {
				if err == nil {
					seen++
					continue
				}
				f.refused(err, "P-08", "3/3", "明天 00:00 重置")
			}
			if n := f.count("SELECT COUNT(*) FROM crm_detail_views"); seen != 6 || n != 3 {
				t.Errorf("%d opened, %d records counted, want 3, each opened twice", seen, n)
			}
			// Leads count apart, and what is not masked does not count.
			l, err := f.a.Services.Leads.Create(f.ctx, f.as("管理员"), lead.NewLead{Info: lead.Info{Company: "明月贸易"}}, true)
			f.must(err)
			_, err = f.a.Services.Leads.Open(f.ctx, na, l.ID)
			f.must(err)
			for _, r := range out {
				_, err := acc.Open(f.ctx, f.as("管理员"), crm.AccountID(r.Ref.ID))
				f.must(err)
			}
			if n := f.count("SELECT COUNT(*) FROM crm_detail_views"); n != 4 {
				t.Errorf("%d counted, want 4", n)
			}
			f.must(f.clock.Set(f.clock.Now().Add(24 * 3600e9)))
			_, err = acc.Open(f.ctx, na, crm.AccountID(out[7].Ref.ID))
			f.must(err)
		})
	}
}

// TestDU01ANumberLeadsToNoNameThatThePoolHides: whoever enters a number of a
// lead in a pool learns that it exists, not whose it is.
func TestDU01ANumberLeadsToNoNameThatThePoolHides(t *testing.T) {
	f := newBranch(t, "")
	p, err := f.a.Services.Pools.Pool(f.ctx, pool.DefaultPool)
	f.must(err)
	p.Hidden = []string{"company"}
	f.must(f.a.Services.Pools.SavePool(f.ctx, f.as("管理员"), &p))
	_, err = f.a.Services.Leads.Create(f.ctx, f.as("管理员"), lead.NewLead{Info: lead.Info{Company: "密云航空", Phone: "13800138000"}}, true)
	f.must(err)
	_, err = f.a.Services.Leads.Create(f.ctx, f.as("李娜"), lead.NewLead{Info: lead.Info{Company: "别的公司", Phone: "13800138000"}, Owner: f.ids["李娜"]}, true)
	var dup *lead.DuplicateOf
	if !errors.As(err, &dup) || dup.Title == "密云航空" {
		t.Errorf("told: %+v, %v", dup, err)
	}
	f.refused(err, "DU-02")
	for _, q := range []string{"密云航空", "13800138000"} {
		if ls, err := f.a.Services.Leads.Search(f.ctx, f.as("李娜"), q, 9); err != nil || len(ls) != 0 {
			t.Errorf("%q finds %+v, %v", q, ls, err)
		}
	}
}

// TestP04TwentyOneClaimsOfOneLead: giving a lead back and claiming it again uses
// the quota up, and the refusal leaves everything as it was.
func TestP04TwentyOneClaimsOfOneLead(t *testing.T) {
	f := newBranch(t, "")
	leads, na := f.a.Services.Leads, f.as("李娜")
	for k, v := range map[string]string{"P-04.burst": "100", "P-04.refunds": "0", "P-06.voluntary_days": "0"} {
		f.set(k, v)
	}
	id := f.lead("", lead.Info{Company: "大成药业"})
	for i := range 20 {
		if _, err := leads.Claim(f.ctx, na, id); err != nil {
			t.Fatalf("claim %d: %v", i+1, err)
		}
		_, err := leads.Release(f.ctx, na, id, "no_need", "")
		f.must(err)
	}
	before, err := leads.Status(f.ctx, na.ID)
	f.must(err)
	_, err = leads.Claim(f.ctx, na, id)
	f.refused(err, "P-04", "20/20")
	if after, err := leads.Status(f.ctx, na.ID); err != nil || after != before {
		t.Errorf("the refusal changed %+v to %+v, %v", before, after, err)
	}
}

// TestP01ALeadIsNeverInTwoPools follows leads through imports, claims, releases
// and the closing of a pool: each is in the list of exactly one pool while nobody
// has it, and of none while somebody does.
func TestP01ALeadIsNeverInTwoPools(t *testing.T) {
	f := newBranch(t, "")
	leads, pools, admin := f.a.Services.Leads, f.a.Services.Pools, f.as("管理员")
	f.set("P-04.burst", "100")
	f.set("P-06.voluntary_days", "0")
	east := f.newPool(pool.Pool{Name: "华东公海", Kind: crm.KindLead, Sort: 10, Teams: []crm.TeamID{f.teams["华东"]}})
	city := f.newPool(pool.Pool{Name: "上海公海", Kind: crm.KindLead, Sort: 20, Regions: []string{"上海"}})
	f.newPool(pool.Pool{Name: "华南公海", Kind: crm.KindLead, Sort: 10, Teams: []crm.TeamID{f.teams["华南"]}, Regions: []string{"上海"}})
	var ids []crm.LeadID
	for i, in := range []lead.Info{{City: "上海"}, {City: "上海市"}, {City: "北京"}, {}} {
		in.Company = newcomer(i)
		for k, who := range []string{"", "李娜", "赵敏"} {
			in.Company = newcomer(10*i + k)
			ids = append(ids, f.lead(who, in))
		}
	}
	all, err := pools.Pools(f.ctx)
	f.must(err)
	check := func(when string) {
		t.Helper()
		in := map[crm.LeadID][]crm.PoolID{}
		for _, p := range all {
			if p.Kind != crm.KindLead {
				continue
			}
			list, err := leads.Pool(f.ctx, admin, lead.Filter{Pool: p.ID}, 0, 50)
			f.must(err)
			for _, v := range list.Leads {
				in[v.ID] = append(in[v.ID], p.ID)
			}
		}
		for _, id := range ids {
			l, err := f.a.DB.Lead(f.ctx, id)
			f.must(err)
			if want := map[bool]int{true: 1, false: 0}[l.Owner == 0]; len(in[id]) != want || want == 1 && in[id][0] != l.Pool {
				t.Errorf("%s: %s with owner %d and home %d is in the pools %v", when, id, l.Owner, l.Pool, in[id])
			}
		}
	}
	check("at first")
	for i, id := range ids {
		l, err := f.a.DB.Lead(f.ctx, id)
		f.must(err)
		switch {
		case l.Owner != 0 && i%2 == 0:
			for name, uid := range f.ids {
				if uid == l.Owner {
					_, err = leads.Release(f.ctx, f.as(name), id, "no_need", "")
				}
			}
		case l.Owner == 0:
			_, err = leads.Assign(f.ctx, admin, id, f.ids["张伟"])
		}
		f.must(err)
	}
	check("after changes of hands")
	_, err = pools.Retire(f.ctx, admin, east, city)
	f.must(err)
	check("while it closes")
	_, _, err = pools.Relocate(f.ctx, 10)
	f.must(err)
	check("when it is closed")
	if n := f.count("SELECT COUNT(*) FROM crm_leads WHERE pool_id = ?", int64(east)); n != 0 {
		t.Errorf("%d leads are left in the closed pool", n)
	}
}
