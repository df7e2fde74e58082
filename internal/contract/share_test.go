package contract_test

import (
	"testing"

	"crmbot/internal/contract"
	"crmbot/internal/crm"
)

// testCreditIsSharedSoonAfterAHandOver_HO02: by default the new owner gets all of
// it; with the option the former one gets half of what is signed in time, and both
// halves go back when the contract is terminated.
func testCreditIsSharedSoonAfterAHandOver_HO02(t *testing.T, e *env) {
	ctx := t.Context()
	handed := func() contract.Contract {
		c := e.approved(300_001, func(in *contract.Input) { in.Channel = contract.Online })
		must(t, e.db.MoveContracts(ctx, c.Account, lina, zhang, c.Team, e.clock.Now()))
		return c
	}
	sign := func(c contract.Contract) {
		t.Helper()
		_, err := e.Signed(ctx, e.as(legal1), c.ID, 0, "", "")
		must(t, err)
	}
	sign(handed())
	e.wantFact(contract.FactSigned, zhang, 1, crm.Yuan(300_001))
	e.wantFact(contract.FactSigned, lina, 0, 0)

	_, err := e.book.Set(ctx, e.as(admin), contract.ShareDays.Key, "", "30", "两人都有贡献", e.clock.Now())
	must(t, err)
	soon, late := handed(), handed()
	own := e.approved(100_000, func(in *contract.Input) { in.Channel = contract.Online })
	e.at("2026-04-01 10:00") // 30 days
	sign(soon)
	sign(own)
	half := crm.Yuan(300_001) / 2
	e.wantFact(contract.FactSigned, zhang, 2, crm.Yuan(300_001)+crm.Yuan(300_001)-half)
	e.wantFact(contract.FactSigned, lina, 1, half+crm.Yuan(100_000))
	if n := e.number("SELECT COUNT(*) FROM crm_audit WHERE action = 'contract.shared' AND rule_id = 'HO-02' AND ref = ?", soon.ID.String()); n != 1 {
		t.Errorf("%d audit rows say why the credit was shared", n)
	}
	e.at("2026-04-02 10:00") // 31 days
	sign(late)
	e.wantFact(contract.FactSigned, zhang, 3, 3*crm.Yuan(300_001)-half)

	// The halves go back to whom they came from, whatever the setting says by then.
	_, err = e.book.Set(ctx, e.as(admin), contract.ShareDays.Key, "", "0", "试验结束", e.clock.Now())
	must(t, err)
	_, err = e.Terminated(ctx, e.as(legal1), soon.ID, 0, "客户破产")
	must(t, err)
	e.wantFact(contract.FactSigned, zhang, 2, 2*crm.Yuan(300_001))
	e.wantFact(contract.FactSigned, lina, 1, crm.Yuan(100_000))
}
