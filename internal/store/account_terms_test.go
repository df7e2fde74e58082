package store

import (
	"context"
	"fmt"
	"testing"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/testenv"
)

// TestAccountsAreFoundByTerms: by any part of the name, by pinyin, under the new
// name after a change and not any more when merged or removed; those of a database
// from before get their terms by the migration, which may run twice.
func TestAccountsAreFoundByTerms(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { findsAccounts(t, "sqlite:"+t.TempDir()+"/terms.db") })
	t.Run("mysql", func(t *testing.T) { findsAccounts(t, testenv.MySQL(t)) })
}

func findsAccounts(t *testing.T, dsn string) {
	ctx := t.Context()
	d, err := Open(ctx, dsn, crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = d.Migrate(ctx)
	must(err)
	var all []*account.Account
	for i := range 1200 {
		all = append(all, &account.Account{Name: fmt.Sprintf("深圳海川电子%d厂", i), Key: fmt.Sprintf("海川电子%d厂", i), Level: account.LevelC})
	}
	star := &account.Account{Name: "上海华星科技有限公司", Key: "华星科技", Level: account.LevelA}
	all = append(all, star)
	must(d.AddAccounts(ctx, all))
	find := func(name string) (codes []crm.AccountID) {
		t.Helper()
		list, _, err := d.FindAccounts(ctx, account.Query{Scope: account.Scope{All: true}, Name: name, Key: crm.CompanyKey(name), Limit: 20})
		must(err)
		for _, x := range list {
			codes = append(codes, x.ID)
		}
		return codes
	}
	wantOne := func(names ...string) {
		t.Helper()
		for _, name := range names {
			if got := find(name); len(got) != 1 || got[0] != star.ID {
				t.Errorf("%s: %q finds %v, want %s", d.Dialect, name, got, star.ID)
			}
		}
	}
	wantOne("上海华星科技有限公司", "华星", "星科技", "hxkj", "huaxing", "华星科技股份公司")
	if got := find("电子77"); len(got) != 1+10+0 { // 77, 770 to 779
		t.Errorf("%d are called 电子77…, want 11", len(got))
	}
	raw, err := d.SQL()
	must(err)
	_, err = raw.ExecContext(ctx, "DELETE FROM crm_search_terms")
	must(err)
	if got := find("华星"); len(got) != 0 {
		t.Errorf("found without terms: %v", got)
	}
	for range 2 {
		tx, err := raw.BeginTx(ctx, nil)
		must(err)
		must(makeAccountTerms(ctx, tx))
		must(tx.Commit())
	}
	wantOne("华星", "hxkj")
	if got := find("电子77"); len(got) != 11 {
		t.Errorf("%d after the migration, want 11", len(got))
	}
	star.Name, star.Key = "上海银河科技有限公司", "银河科技"
	must(d.InTx(ctx, func(ctx context.Context) error { return d.UpdateAccount(ctx, star) }))
	wantOne("银河")
	if got := find("华星"); len(got) != 0 {
		t.Errorf("found under its old name: %v", got)
	}
	star.State, star.Merged, star.Key = account.Merged, all[0].ID, "=x"
	must(d.InTx(ctx, func(ctx context.Context) error { return d.UpdateAccount(ctx, star) }))
	if _, err := d.RemoveAccount(ctx, all[1].ID, 1); err != nil {
		t.Error(err)
	}
	var left int
	must(raw.QueryRowContext(ctx, "SELECT COUNT(*) FROM crm_search_terms WHERE kind = 'A' AND record_id IN (?, ?)", int64(star.ID), int64(all[1].ID)).Scan(&left))
	if left != 0 {
		t.Errorf("%d terms are left of merged and removed accounts", left)
	}
}
