package app_test

import (
	"sync"
	"testing"
	"time"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/testdb"
)

// TestCH01UndoingAWinKeepsTheOtherSuccess: an account that won two deals has
// bought, whichever of the two is taken back, and also when the second one is won
// at the very moment.
func TestCH01UndoingAWinKeepsTheOtherSuccess(t *testing.T) {
	for name, dsn := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" }, "mysql": func(t *testing.T) string { return testdb.MySQL(t) }} {
		t.Run(name, func(t *testing.T) {
			f := newBranch(t, dsn(t))
			na := f.as("李娜")
			deals := f.a.Services.Deals
			x, err := f.a.Services.Accounts.Create(f.ctx, na, account.Draft{Name: "华星科技"})
			f.must(err)
			open := func() crm.DealID {
				d, err := deals.Create(f.ctx, na, deal.Draft{Account: x.ID, Amount: 100_00, ExpectedClose: "2026-03-31"})
				f.must(err)
				return d.ID
			}
			win := func(id crm.DealID) {
				_, err := deals.Win(f.ctx, na, id, 0, 0)
				f.must(err)
			}
			dealt := func() time.Time {
				got, err := f.a.DB.Account(f.ctx, x.ID)
				f.must(err)
				return got.DealtAt
			}
			first, second := open(), open()
			win(first)
			f.must(f.clock.Set(f.clock.Now().Add(time.Minute)))
			win(second)
			at := f.clock.Now().Truncate(time.Millisecond)
			_, err = f.a.Services.Undo.Last(f.ctx, na, first.String())
			f.must(err)
			if got := dealt(); !got.Equal(at) {
				t.Errorf("the account bought at %v, want the second deal's %v", got, at)
			}
			_, err = f.a.Services.Undo.Last(f.ctx, na, second.String())
			f.must(err)
			if got := dealt(); !got.IsZero() {
				t.Errorf("the account bought at %v after both were taken back", got)
			}
			if name == "sqlite" {
				return
			}
			for range 4 {
				first, second := open(), open()
				win(first)
				f.must(f.clock.Set(f.clock.Now().Add(time.Minute)))
				var wg sync.WaitGroup
				var undone, won error
				wg.Go(func() { _, undone = f.a.Services.Undo.Last(f.ctx, na, first.String()) })
				wg.Go(func() { _, won = deals.Win(f.ctx, na, second, 0, 0) })
				wg.Wait()
				f.must(undone)
				f.must(won)
				if dealt().IsZero() {
					t.Error("the account did not buy, though a deal is won")
				}
				_, err = f.a.Services.Undo.Last(f.ctx, na, second.String())
				f.must(err)
				if got := dealt(); !got.IsZero() {
					t.Errorf("the account bought at %v after both were taken back", got)
				}
			}
		})
	}
}
