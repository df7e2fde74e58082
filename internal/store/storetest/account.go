package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	ownership "crmbot/internal/pool"
	"crmbot/internal/store"
)

// Account tests the store of accounts and contacts.
func Account(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	now := clock.Now()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a := account.Account{Name: "上海华星科技有限公司", Key: "华星科技", Level: account.LevelA, Region: "上海", Industry: "制造", Owner: 7, Team: 2, USCC: "91330106MA27XLHC0Q", No: "X-1",
		Parent: "华星集团", Employees: 120, Revenue: 12345, Founded: 2001, HomePool: 2, FromLead: 9, DealtAt: now, OwnedAt: now, ActiveAt: now.Add(time.Minute), CreatedAt: now, UpdatedAt: now}
	b := account.Account{Name: "100%纯_净水", Key: "100%纯_净水", Owner: 8, Team: 3, OwnedAt: now, CreatedAt: now, UpdatedAt: now}
	c := account.Account{Name: "无主公司", Key: "无主公司", HomePool: 2, PooledAt: now, ClaimableAt: now, CreatedAt: now, UpdatedAt: now}
	check(db.AddAccounts(ctx, []*account.Account{&a, &b, &c}))
	if a.ID == 0 || a.ID == b.ID || a.Version != 1 {
		t.Fatalf("ids %d %d, version %d", a.ID, b.ID, a.Version)
	}
	got, err := db.Account(ctx, a.ID)
	check(err)
	if d := cmp.Diff(a, got); d != "" {
		t.Errorf("account read back (-want +got):\n%s", d)
	}
	if _, err := db.Account(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a missing account: %v", err)
	}
	for what, twin := range map[string]account.Account{"key": {Name: "x", Key: a.Key}, "credit code": {Name: "x", Key: "x1", USCC: a.USCC}, "number": {Name: "x", Key: "x2", No: a.No}} {
		if err := db.AddAccounts(ctx, []*account.Account{&twin}); crm.CodeOf(err) != crm.CodeConflict {
			t.Errorf("the same %s twice: %v", what, err)
		}
	}

	t.Run("pool", func(t *testing.T) {
		q := account.PoolQuery{Pools: []crm.PoolID{2, 9}, Limit: 5}
		list, err := db.PoolAccounts(ctx, q)
		check(err)
		if len(list) != 1 || list[0].ID != c.ID {
			t.Errorf("in the pool: %+v", list)
		}
		for what, q := range map[string]account.PoolQuery{"another pool": {Pools: []crm.PoolID{9}, Limit: 5}, "another level": {Pools: []crm.PoolID{2}, Filter: account.Filter{Level: account.LevelA}, Limit: 5},
			"another region": {Pools: []crm.PoolID{2}, Filter: account.Filter{Region: "上海"}, Limit: 5}, "behind the last": {Pools: []crm.PoolID{2}, After: c.ID, Limit: 5}, "no pool": {Limit: 5}} {
			if list, err := db.PoolAccounts(ctx, q); err != nil || len(list) != 0 {
				t.Errorf("%s: %+v, %v", what, list, err)
			}
		}
		ok, err := db.MoveAccount(ctx, c, ownership.Stamp{At: now, Owner: 7, Team: 2, Pool: 2}, account.Live, "")
		check(err)
		if again, err := db.MoveAccount(ctx, c, ownership.Stamp{At: now, Owner: 8, Team: 2, Pool: 2}, account.Live, ""); !ok || again || err != nil {
			t.Errorf("moved %v, again %v, %v", ok, again, err)
		}
		moved, err := db.LockAccount(ctx, c.ID)
		check(err)
		if moved.Owner != 7 || moved.Version != c.Version+1 || !moved.OwnedAt.Equal(now) {
			t.Errorf("%+v", moved)
		}
		idle, err := db.Idlest(ctx, 7, 5, false)
		check(err)
		if len(idle) != 1 || idle[0].ID != c.ID { // a has bought
			t.Errorf("idle: %+v", idle)
		}
		_, err = db.MoveAccount(ctx, moved, ownership.Stamp{At: now, Owner: 7, Team: 2, Pool: 2}, account.Invalid, "")
		check(err)
		if idle, err = db.Idlest(ctx, 7, 5, false); err != nil || len(idle) != 0 { // nothing to release
			t.Errorf("idle, given up: %+v, %v", idle, err)
		}
		moved, err = db.LockAccount(ctx, c.ID)
		check(err)
		ok, err = db.MoveAccount(ctx, moved, ownership.Stamp{At: now, Pool: 2, Claimable: now.Add(time.Hour)}, account.Review, "duplicate")
		check(err)
		back, err := db.Account(ctx, c.ID)
		check(err)
		if !ok || back.Owner != 0 || back.State != account.Review || back.Quality != "duplicate" || !back.ClaimableAt.Equal(now.Add(time.Hour)) || !back.OwnedAt.IsZero() {
			t.Errorf("%+v", back)
		}
	})
	t.Run("find", func(t *testing.T) {
		all, mine := account.Scope{All: true}, account.Scope{User: 7, Pools: []crm.PoolID{2}}
		for _, x := range []struct {
			name string
			q    account.Query
			want []crm.AccountID
		}{
			{"all, last active first", account.Query{Scope: all}, []crm.AccountID{a.ID, c.ID, b.ID}},
			{"own and those in the pool", account.Query{Scope: mine}, []crm.AccountID{a.ID, c.ID}},
			{"of another pool", account.Query{Scope: account.Scope{User: 7, Pools: []crm.PoolID{9}}}, []crm.AccountID{a.ID}},
			{"of led teams", account.Query{Scope: account.Scope{User: 1, Teams: []crm.TeamID{3}}}, []crm.AccountID{b.ID}},
			{"part of the name", account.Query{Scope: all, Name: "华星"}, []crm.AccountID{a.ID}},
			{"wildcards find nothing", account.Query{Scope: all, Name: "%"}, nil},
			{"underscore is text", account.Query{Scope: all, Name: "纯_"}, []crm.AccountID{b.ID}},
			{"key", account.Query{Scope: all, Name: "华星科技股份", Key: "华星科技"}, []crm.AccountID{a.ID}},
			{"initials", account.Query{Scope: all, Name: "hxk"}, []crm.AccountID{a.ID}},
			{"full pinyin", account.Query{Scope: all, Name: "huax"}, []crm.AccountID{a.ID}},
			{"not inside a word", account.Query{Scope: all, Name: "xkj"}, nil},
			{"not visible", account.Query{Scope: account.Scope{User: 9}, Name: "华星"}, nil},
			{"owner", account.Query{Scope: all, Owner: 8}, []crm.AccountID{b.ID}},
		} {
			list, n, err := db.FindAccounts(ctx, x.q)
			check(err)
			var ids []crm.AccountID
			for _, r := range list {
				ids = append(ids, r.ID)
			}
			if d := cmp.Diff(x.want, ids); d != "" || int(n) != len(x.want) {
				t.Errorf("%s: %d in all, %s", x.name, n, d)
			}
		}
		list, n, err := db.FindAccounts(ctx, account.Query{Scope: all, Offset: 1, Limit: 1})
		check(err)
		if n != 3 || len(list) != 1 || list[0].ID != c.ID {
			t.Errorf("second page of one: %d of %d", len(list), n)
		}
		byKey, err := db.AccountsByKey(ctx, []string{"华星科技", "没有"})
		check(err)
		byNo, err := db.AccountsByNo(ctx, []string{"X-1"})
		check(err)
		byID, err := db.Accounts(ctx, []crm.AccountID{a.ID, 999})
		check(err)
		if len(byKey) != 1 || byKey["华星科技"].ID != a.ID || byNo["X-1"].ID != a.ID || len(byID) != 1 || byID[a.ID].Name != a.Name {
			t.Errorf("by key %v, number %v, id %v", byKey, byNo, byID)
		}
	})

	t.Run("change", func(t *testing.T) {
		x := b
		x.Region = "苏州"
		check(db.UpdateAccount(ctx, &x))
		stale := b
		if err := db.UpdateAccount(ctx, &stale); crm.CodeOf(err) != crm.CodeStale {
			t.Errorf("an old version: %v", err)
		}
		twin := x
		twin.USCC = a.USCC
		if err := db.UpdateAccount(ctx, &twin); crm.CodeOf(err) != crm.CodeConflict {
			t.Errorf("a taken credit code: %v", err)
		}
		check(db.TouchAccount(ctx, b.ID, now.Add(time.Hour)))
		check(db.TouchAccount(ctx, b.ID, now))
		check(db.DealtAccounts(ctx, map[crm.AccountID]time.Time{b.ID: now.Add(time.Hour), a.ID: now.Add(time.Hour)}))
		check(db.DealtAccounts(ctx, map[crm.AccountID]time.Time{b.ID: now}))
		got, err := db.Account(ctx, b.ID)
		check(err)
		if got.Region != "苏州" || got.Version != 2 || !got.ActiveAt.Equal(now.Add(time.Hour)) || !got.DealtAt.Equal(now) {
			t.Errorf("%+v", got)
		}
		if got, err = db.Account(ctx, a.ID); err != nil || !got.DealtAt.Equal(now) {
			t.Errorf("a later deal moved the first one: %v %v", got.DealtAt, err)
		}
		check(db.UndealAccount(ctx, a.ID, now.Add(time.Hour)))
		if got, err = db.Account(ctx, a.ID); err != nil || !got.DealtAt.Equal(now) {
			t.Errorf("another deal's success was taken back: %v %v", got.DealtAt, err)
		}
		check(db.UndealAccount(ctx, a.ID, now))
		if got, err = db.Account(ctx, a.ID); err != nil || !got.DealtAt.IsZero() {
			t.Errorf("the success was not taken back: %v %v", got.DealtAt, err)
		}
		check(db.DealtAccounts(ctx, map[crm.AccountID]time.Time{a.ID: now}))
	})

	t.Run("contacts", func(t *testing.T) {
		p := account.Contact{Account: a.ID, Name: "王敏", Mobile: "+8613800001111", Email: "w@x.cn", Title: "采购", Role: account.RoleDecision, CreatedBy: 7, CreatedAt: now}
		q := account.Contact{Account: a.ID, Name: "赵强", Left: true, CreatedAt: now}
		r := account.Contact{Account: a.ID, Name: "钱一", CreatedAt: now}
		check(db.AddContacts(ctx, []*account.Contact{&p, &q, &r}))
		list, err := db.Contacts(ctx, a.ID)
		check(err)
		if d := cmp.Diff([]account.Contact{p, r, q}, list); d != "" {
			t.Errorf("contacts, present ones first (-want +got):\n%s", d)
		}
		p.Title = "总监"
		old := p
		check(db.UpdateContact(ctx, &p))
		if err := db.UpdateContact(ctx, &old); crm.CodeOf(err) != crm.CodeStale {
			t.Errorf("an old version: %v", err)
		}
		check(db.TouchContact(ctx, p.ID, now))
		got, err := db.Contact(ctx, p.ID)
		check(err)
		if got.Title != "总监" || !got.ActiveAt.Equal(now) {
			t.Errorf("%+v", got)
		}
		if _, err := db.Contact(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
			t.Errorf("a missing contact: %v", err)
		}
	})

	t.Run("remove", func(t *testing.T) {
		if ok, err := db.RemoveAccount(ctx, a.ID, 7); err != nil || ok {
			t.Errorf("an old version was removed: %v %v", ok, err)
		}
		if ok, err := db.RemoveAccount(ctx, a.ID, 1); err != nil || !ok {
			t.Errorf("not removed: %v %v", ok, err)
		}
		left, err := db.Contacts(ctx, a.ID)
		check(err)
		if len(left) != 0 {
			t.Errorf("%d contacts are left", len(left))
		}
	})
}
