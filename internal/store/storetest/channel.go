package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/account"
	"crmbot/internal/channel"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/store"
)

// Channel is the contract of channel.Store.
func Channel(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c := channel.Cost{Origin: channel.Origin{Channel: "广告", Campaign: "春季"}, Period: crm.MonthOf("2026-03-02"), Amount: 500_000, By: 5, At: clock.Now(), Corrects: 9}
	must(db.AddCost(ctx, &c))
	got, err := db.Cost(ctx, c.ID)
	must(err)
	if d := cmp.Diff(c, got); d != "" {
		t.Errorf("a cost (-stored +read):\n%s", d)
	}
	if _, err := db.Cost(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a cost that does not exist: %v", err)
	}
	for i, want := range []bool{true, false} {
		ok, err := db.VoidCost(ctx, c.ID, 6, clock.Now())
		must(err)
		if ok != want {
			t.Errorf("void %d: %v", i, ok)
		}
	}
	second := channel.Cost{Origin: channel.Origin{Channel: "展会"}, Period: crm.DayPeriod("2026-03-02"), Amount: 100, At: clock.Now()}
	must(db.AddCost(ctx, &second))
	list, err := db.Costs(ctx, 10)
	must(err)
	if len(list) != 2 || list[0].ID != second.ID || list[0].Voided() || !list[1].Voided() || list[1].VoidedBy != 6 {
		t.Errorf("costs %+v", list)
	}

	l := lead.Lead{Info: lead.Info{Company: "华星", Source: "官网", Campaign: "夏季"}, Status: lead.Converted, CreatedAt: clock.Now(), UpdatedAt: clock.Now(), Version: 1}
	must(db.InsertLeads(ctx, []*lead.Lead{&l}))
	back, err := db.Lead(ctx, l.ID)
	must(err)
	if back.Campaign != "夏季" {
		t.Errorf("the lead's campaign is %q", back.Campaign)
	}
	x := &account.Account{Name: "华星", Key: "华星", FromLead: l.ID, CreatedAt: clock.Now(), UpdatedAt: clock.Now()}
	own := &account.Account{Name: "明月", Key: "明月", CreatedAt: clock.Now(), UpdatedAt: clock.Now()}
	must(db.AddAccounts(ctx, []*account.Account{x, own}))
	won := &deal.Deal{Title: "a", Account: x.ID, CreatedAt: clock.Now(), UpdatedAt: clock.Now()}
	other := &deal.Deal{Title: "b", Account: own.ID, CreatedAt: clock.Now(), UpdatedAt: clock.Now()}
	must(db.AddDeals(ctx, []*deal.Deal{won, other}))
	origins, err := db.Origins(ctx, []crm.Ref{l.Ref(), l.Ref(), won.ID.Ref(), other.ID.Ref(), c.ID.Ref(), crm.LeadID(999).Ref(), {}})
	must(err)
	want := map[crm.Ref]channel.Origin{l.Ref(): {Channel: "官网", Campaign: "夏季"}, won.ID.Ref(): {Channel: "官网", Campaign: "夏季"}, c.ID.Ref(): {Channel: "广告", Campaign: "春季"}}
	if d := cmp.Diff(want, origins); d != "" {
		t.Errorf("origins (-want +got):\n%s", d)
	}
}
