package recycle_test

import (
	"slices"
	"testing"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/testdb"
)

// TestP14TheDailyListNamesWhatIsAboutToBeLost: leads and accounts of the person
// whose release is three working days off or less, unless they were worked on or
// are held; before and after the night in which the days are worked out.
func TestP14TheDailyListNamesWhatIsAboutToBeLost(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { namesRisks(t, "") })
	t.Run("mysql", func(t *testing.T) { namesRisks(t, testdb.MySQL(t)) })
}

func namesRisks(t *testing.T, dsn string) {
	h := newHouse(t, dsn)
	h.at("2026-03-02 10:00")
	near, worked, locked, far, others := h.account("李娜", account.LevelA), h.account("李娜", account.LevelA), h.account("李娜", account.LevelA), h.account("李娜", account.LevelB), h.account("张伟", account.LevelA)
	lead, touched := h.lead("李娜"), h.lead("李娜")
	h.must(h.touch(lead)) // else its first contact is what is late
	h.at("2026-03-26 10:00")
	h.must(h.touch(touched))
	h.must(h.app.Services.Accounts.Touch(h.ctx, worked.ID, 0, h.clock.Now()))
	if _, err := h.keep.Lock(h.ctx, h.as("李娜"), locked.ID.Ref(), 10); err != nil {
		t.Fatal(err)
	}
	list := func(at string) (leads, accounts []crm.Ref) {
		h.t.Helper()
		h.at(at)
		today, err := h.app.Services.Activities.TodayOf(h.ctx, h.as("李娜"))
		h.must(err)
		for _, x := range today.Leads {
			leads = append(leads, x.Ref())
		}
		for _, x := range today.Accounts {
			accounts = append(accounts, x.Ref)
		}
		return leads, accounts
	}
	if leads, accounts := list("2026-03-26 11:00"); len(accounts) != 0 || !slices.Equal(leads, []crm.Ref{lead}) {
		t.Errorf("four working days before: %v %v", leads, accounts)
	}
	for _, at := range []string{"2026-03-27 08:45", "2026-04-01 17:00"} {
		if leads, accounts := list(at); !slices.Equal(accounts, []crm.Ref{near.ID.Ref()}) || !slices.Equal(leads, []crm.Ref{lead}) {
			t.Errorf("%s: %v and %v are about to be lost, want %s and %s; not %s, %s, %s, %s, %s", at, leads, accounts, lead, near.ID, touched, worked.ID, locked.ID, far.ID, others.ID)
		}
		h.must(h.keep.Nightly(h.ctx))
	}
	if list, err := h.keep.Soon(h.ctx, crm.KindAccount, h.who["李娜"], 60, 2); err != nil || len(list) != 2 || list[0].Ref != near.ID.Ref() || list[0].Name != near.Name {
		t.Errorf("the nearest two: %v %v", list, err)
	}
}
