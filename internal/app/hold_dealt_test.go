package app_test

import (
	"testing"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
	"crmbot/internal/testdb"
)

// TestP03AccountsThatHaveBoughtCountWhereTheSettingSaysSo: by default they do
// not; with the setting they fill the limit, are refused beyond it, and the
// preview names who would be over.
func TestP03AccountsThatHaveBoughtCountWhereTheSettingSaysSo(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { boughtCounts(t, "") })
	t.Run("mysql", func(t *testing.T) { boughtCounts(t, testdb.MySQL(t)) })
}

func boughtCounts(t *testing.T, dsn string) {
	f := newBranch(t, dsn)
	s, a, now := f.a.Services, f.as("李娜"), f.clock.Now()
	set := func(key, value string) {
		t.Helper()
		_, err := s.Rules.Set(f.ctx, f.as("管理员"), key, rule.Scope(""), value, "试验", f.clock.Now())
		f.must(err)
	}
	create := func(name string) (account.Account, error) {
		return s.Accounts.Create(f.ctx, a, account.Draft{Name: name})
	}
	set(account.HoldLimit.Key, "2")
	for _, name := range []string{"甲木公司", "乙火公司", "丙土公司"} {
		x, err := create(name)
		f.must(err)
		f.must(s.Accounts.Dealt(f.ctx, map[crm.AccountID]time.Time{x.ID: now}))
	}
	status := func() pool.Status {
		t.Helper()
		st, err := s.Accounts.Status(f.ctx, a.ID)
		f.must(err)
		return st
	}
	if st := status(); st.Held != 0 || st.Dealt {
		t.Errorf("three that have bought count as %d", st.Held)
	}
	book, err := s.Rules.Supposing(f.ctx, rule.Version{Key: pool.DealtCount.Key, Value: "true", CreatedAt: now, EffectiveAt: now})
	f.must(err)
	people, err := s.Directory.Users(f.ctx, func(org.User) bool { return true })
	f.must(err)
	over, err := s.Pools.Over(f.ctx, pool.DealtCount.Key, book, people)
	f.must(err)
	if len(over) != 1 || over[0].User.ID != a.ID || over[0].Have != 3 || over[0].Limit != 2 {
		t.Errorf("over the limit: %+v", over)
	}
	set(pool.DealtCount.Key, "true")
	if st := status(); st.Held != 3 || !st.Dealt {
		t.Errorf("with the setting %d of 3 count", st.Held)
	}
	if _, err := create("丁金公司"); crm.RuleOf(err) != "P-03" {
		t.Errorf("a fourth: %v", err)
	}
	set(pool.DealtCount.Key, "false")
	_, err = create("丁金公司")
	f.must(err)
}
