package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/store"
)

// Deal tests the store of deals, their stage log and products.
func Deal(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	now := clock.Now()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cust := account.Account{Name: "华星", Key: "华星", CreatedAt: now, UpdatedAt: now}
	check(db.AddAccounts(ctx, []*account.Account{&cust}))
	pro := deal.Product{Name: "GTX Pro", Series: "GTX", Price: 482100, No: "P1"}
	basic := deal.Product{Name: "GTX Basic"}
	check(db.AddProducts(ctx, []*deal.Product{&pro, &basic}))
	if err := db.AddProducts(ctx, []*deal.Product{{Name: "gtx pro"}}); crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("the same product in other letters: %v", err)
	}
	d1 := deal.Deal{Title: "一期", Account: cust.ID, Product: pro.ID, Owner: 7, Team: 2, Stage: "offer", Status: deal.Open, Amount: 80_0000_00, ExpectedClose: "2026-04-01", OpenedOn: "2026-01-05", No: "X1",
		StageAt: now, Slips: 1, CreatedAt: now, UpdatedAt: now}
	d2 := deal.Deal{Title: "二期", Account: cust.ID, Owner: 8, Team: 3, Stage: "need", Status: deal.Lost, Amount: 10_0000_00, OpenedOn: "2026-01-06", ClosedOn: "2026-02-01", Reason: "price", Note: "贵", StageAt: now, CreatedAt: now, UpdatedAt: now}
	d3 := deal.Deal{Title: "三期_%", Owner: 7, Team: 2, Stage: "need", Status: deal.Open, Amount: 1_0000_00, StageAt: now, CreatedAt: now, UpdatedAt: now}
	d4 := deal.Deal{Title: "四期", Owner: 7, Team: 2, Stage: "need", Status: deal.Open, Amount: 2_0000_00, ExpectedClose: "2026-03-05", StageAt: now, CreatedAt: now, UpdatedAt: now}
	check(db.AddDeals(ctx, []*deal.Deal{&d1, &d2, &d3, &d4}))
	got, err := db.Deal(ctx, d1.ID)
	check(err)
	if d := cmp.Diff(d1, got); d != "" {
		t.Errorf("deal read back (-want +got):\n%s", d)
	}
	if got, err = db.Deal(ctx, d2.ID); err != nil || cmp.Diff(d2, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(d2, got))
	}
	if _, err := db.Deal(ctx, 999); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("a missing deal: %v", err)
	}
	if err := db.AddDeals(ctx, []*deal.Deal{{Title: "x", No: "X1"}}); crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("the same number twice: %v", err)
	}
	byNo, err := db.DealsByNo(ctx, []string{"X1", "X9"})
	check(err)
	if len(byNo) != 1 || byNo["X1"].ID != d1.ID {
		t.Errorf("by number: %v", byNo)
	}

	t.Run("find", func(t *testing.T) {
		all := deal.Scope{All: true}
		for _, x := range []struct {
			name  string
			q     deal.Query
			want  []crm.DealID
			total crm.Money
		}{
			{"open ones with the nearest close first", deal.Query{Scope: all}, []crm.DealID{d4.ID, d1.ID, d3.ID, d2.ID}, 93_0000_00},
			{"own", deal.Query{Scope: deal.Scope{User: 8}}, []crm.DealID{d2.ID}, 10_0000_00},
			{"of led teams", deal.Query{Scope: deal.Scope{User: 1, Teams: []crm.TeamID{3}}}, []crm.DealID{d2.ID}, 10_0000_00},
			{"of an account", deal.Query{Scope: all, Account: cust.ID, Status: deal.Open}, []crm.DealID{d1.ID}, 80_0000_00},
			{"text with wildcards", deal.Query{Scope: all, Text: "_%"}, []crm.DealID{d3.ID}, 1_0000_00},
			{"nothing", deal.Query{Scope: deal.Scope{User: 9}}, nil, 0},
		} {
			list, tot, err := db.FindDeals(ctx, x.q)
			check(err)
			var ids []crm.DealID
			for _, r := range list {
				ids = append(ids, r.ID)
			}
			if d := cmp.Diff(x.want, ids); d != "" || tot != (deal.Totals{Count: int64(len(x.want)), Amount: x.total}) {
				t.Errorf("%s: %+v %s", x.name, tot, d)
			}
		}
		list, tot, err := db.FindDeals(ctx, deal.Query{Scope: all, Offset: 1, Limit: 2})
		check(err)
		if len(list) != 2 || list[0].ID != d1.ID || tot.Count != 4 {
			t.Errorf("a page: %d of %d", len(list), tot.Count)
		}
	})

	t.Run("change", func(t *testing.T) {
		x, old := d3, d3
		x.Stage, x.Account = "offer", cust.ID
		check(db.UpdateDeal(ctx, &x))
		if err := db.UpdateDeal(ctx, &old); crm.CodeOf(err) != crm.CodeStale {
			t.Errorf("an old version: %v", err)
		}
		check(db.AddMoves(ctx, []deal.Move{{Deal: d3.ID, To: "need", At: now, By: 7}, {Deal: d3.ID, From: "need", To: "offer", At: now, By: 7}}))
		ms, err := db.Moves(ctx, d3.ID)
		check(err)
		if len(ms) != 2 || ms[0].To != "need" || ms[1] != (deal.Move{Deal: d3.ID, From: "need", To: "offer", At: now, By: 7}) {
			t.Errorf("%+v", ms)
		}
		if ok, err := db.RemoveDeal(ctx, d3.ID, 1); err != nil || ok {
			t.Errorf("an old version was removed: %v %v", ok, err)
		}
		if ok, err := db.RemoveDeal(ctx, d3.ID, 2); err != nil || !ok {
			t.Errorf("not removed: %v %v", ok, err)
		}
		if ms, err = db.Moves(ctx, d3.ID); err != nil || len(ms) != 0 {
			t.Errorf("%d moves are left, %v", len(ms), err)
		}
		if ok, err := db.RemoveAccount(ctx, cust.ID, 1); err != nil || ok {
			t.Errorf("an account with deals was removed: %v %v", ok, err)
		}
	})

	t.Run("products", func(t *testing.T) {
		list, err := db.Products(ctx)
		check(err)
		if d := cmp.Diff([]deal.Product{basic, pro}, list); d != "" {
			t.Errorf("in order of name (-want +got):\n%s", d)
		}
		x, old := basic, basic
		x.Price = 5
		check(db.UpdateProduct(ctx, &x))
		if err := db.UpdateProduct(ctx, &old); crm.CodeOf(err) != crm.CodeStale {
			t.Errorf("an old version: %v", err)
		}
		if ok, err := db.RemoveProduct(ctx, pro.ID, 1); err != nil || ok {
			t.Errorf("a product that a deal names was removed: %v %v", ok, err)
		}
		if ok, err := db.RemoveProduct(ctx, basic.ID, 2); err != nil || !ok {
			t.Errorf("not removed: %v %v", ok, err)
		}
		if _, err := db.Product(ctx, basic.ID); crm.CodeOf(err) != crm.CodeNotFound {
			t.Errorf("a removed product: %v", err)
		}
	})
}
