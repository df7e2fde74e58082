package recycle_test

import (
	"context"
	"fmt"
	"testing"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/testdb"
)

// account makes an account of the person of the level.
func (h *house) account(name string, level account.Level) account.Account {
	h.t.Helper()
	h.n++
	x, err := h.app.Services.Accounts.Create(h.ctx, h.as(name), account.Draft{Name: fmt.Sprintf("第%c%c号集团", rune('一'+h.n*7), rune('丁'+h.n*5)), Level: level})
	h.must(err)
	return x
}

// TestP09WhatBringsADayNearerIsNoticed: a leave that ends early, a deal that was
// not won or not moved on after all, and a merge, which may bring a higher level,
// let a record go back earlier. The next night finds it: the day that the warnings
// go by is the one that is shown.
func TestP09WhatBringsADayNearerIsNoticed(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { bringsNearer(t, "") })
	t.Run("mysql", func(t *testing.T) { bringsNearer(t, testdb.MySQL(t)) })
}

func bringsNearer(t *testing.T, dsn string) {
	h := newHouse(t, dsn)
	s := h.app.Services
	a := h.as("李娜")
	h.at("2026-03-02 10:00")
	onLeave, back, won, forward, merged := h.account("张伟", account.LevelC), h.account("张伟", account.LevelB), h.account("李娜", account.LevelB), h.account("李娜", account.LevelA), h.account("李娜", account.LevelC)
	other := h.account("李娜", account.LevelA)
	day := func(x account.Account) (stored, shown crm.Day) {
		h.t.Helper()
		keeps, err := h.app.DB.Keeps(h.ctx, []crm.Ref{x.ID.Ref()})
		h.must(err)
		return keeps[x.ID.Ref()].Release, h.release(x.ID.Ref())
	}
	leave := func(to crm.Day) {
		u, err := s.Directory.User(h.ctx, h.who["张伟"])
		h.must(err)
		u.LeaveFrom, u.LeaveTo = "2026-03-03", to
		h.must(s.Directory.SaveUser(h.ctx, &u))
	}
	leave("2026-03-20")
	open := func(x account.Account) deal.Deal {
		d, err := s.Deals.Create(h.ctx, a, deal.Draft{Account: x.ID, Amount: 100_00, ExpectedClose: "2026-05-01"})
		h.must(err)
		return d
	}
	wonDeal, movedDeal := open(won), open(forward)
	night := func(d crm.Day) {
		h.at(string(d) + " 02:40")
		h.must(h.keep.Nightly(h.ctx))
	}
	h.at("2026-03-27 09:30")
	_, err := s.Deals.Win(h.ctx, a, wonDeal.ID, 0, 0)
	h.must(err)
	_, err = s.Deals.Advance(h.ctx, a, movedDeal.ID, 0, "")
	h.must(err)
	night("2026-03-28")
	was := map[crm.AccountID]crm.Day{}
	for _, x := range []account.Account{onLeave, back, won, forward, merged} {
		stored, shown := day(x)
		if stored != shown {
			t.Errorf("%s: before anything changed it goes by %q and shows %q", x.ID, stored, shown)
		}
		was[x.ID] = stored
	}

	h.at("2026-03-28 09:30")
	leave("2026-03-06")
	_, err = s.Deals.Lose(h.ctx, a, movedDeal.ID, 0, deal.Reason("price"), "")
	h.must(err)
	entry, err := s.Undo.Newest(h.ctx, deal.UndoKind, wonDeal.ID.String())
	h.must(err)
	h.must(h.app.DB.InTx(h.ctx, func(ctx context.Context) error { return s.Deals.TakeBack(ctx, a, entry) }))
	_, err = s.Accounts.Merge(h.ctx, h.as("王磊"), merged.ID, other.ID, map[string]bool{"level": true})
	h.must(err)
	night("2026-03-31")
	for _, x := range []account.Account{onLeave, back, won, forward, merged} {
		stored, shown := day(x)
		if stored != shown || shown == was[x.ID] {
			t.Errorf("%s: it goes by %q and shows %q, before it was %q", x.ID, stored, shown, was[x.ID])
		}
	}
}
