package contract_test

import (
	"testing"

	"crmbot/internal/approval"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

const pdf = "%PDF-1.4 signed"

func testLifeOfAContract_CT01_CT02(t *testing.T, e *env) {
	ctx := t.Context()
	c := e.approved(300_000, nil)
	e.wantState(c.ID, contract.ToSign, "")
	e.wantFact(contract.FactSubmitted, lina, 1, crm.Yuan(300_000))
	e.wantFact(contract.FactApproved, lina, 1, crm.Yuan(300_000))
	e.wantFact(contract.FactSigned, lina, 0, 0)
	e.wantFact(approval.FactDecided, wang, 1, crm.Yuan(300_000))

	// CT-02: only legal, only with a scan, not in the future, not before the approval.
	_, err := e.Signed(ctx, e.as(lina), c.ID, 0, "", "")
	refused(t, err, crm.CodeForbidden, "")
	_, err = e.Signed(ctx, e.as(legal1), c.ID, 0, "", "")
	refused(t, err, crm.CodeRefused, "CT-02")
	_, f, err := e.AttachScan(ctx, e.as(lina), c.ID, "C-1.pdf", []byte(pdf))
	must(t, err)
	_, again, err := e.AttachScan(ctx, e.as(lina), c.ID, "other name.pdf", []byte(pdf))
	must(t, err)
	if again.ID != f.ID {
		t.Error("the same scan is kept twice")
	}
	e.at("2026-03-05 10:00")
	for _, day := range []crm.Day{"2026-03-06", "2026-03-01"} {
		_, err = e.Signed(ctx, e.as(legal1), c.ID, 0, day, "")
		refused(t, err, crm.CodeRefused, "CT-02")
	}
	e.wantState(c.ID, contract.ToSign, "")
	_, err = e.Signed(ctx, e.as(legal1), c.ID, 0, "2026-03-04", "")
	must(t, err)
	e.wantState(c.ID, contract.NotStarted, "")
	e.wantFact(contract.FactSigned, lina, 1, crm.Yuan(300_000))
	if n := e.number("SELECT COUNT(*) FROM crm_facts WHERE metric_key = ? AND day = '2026-03-04'", contract.FactSigned); n != 1 {
		t.Error("the credit does not count on the day of signature")
	}
	_, err = e.Signed(ctx, e.as(legal1), c.ID, 0, "", "")
	refused(t, err, crm.CodeRefused, "CT-01")
	e.wantFact(contract.FactSigned, lina, 1, crm.Yuan(300_000))

	// The daily job starts and ends it, and only when it is time.
	must(t, e.RunDaily(ctx))
	e.wantState(c.ID, contract.NotStarted, "")
	e.at("2026-04-01 00:05")
	must(t, e.RunDaily(ctx))
	e.wantState(c.ID, contract.Active, "")
	e.at("2027-03-31 23:00")
	must(t, e.RunDaily(ctx))
	e.wantState(c.ID, contract.Active, "")
	e.at("2027-04-01 00:05")
	must(t, e.RunDaily(ctx))
	must(t, e.RunDaily(ctx))
	e.wantState(c.ID, contract.Expired, "")
	log, err := e.Log(ctx, e.as(lina), c.ID, 50)
	must(t, err)
	var events []contract.Event
	for i := len(log) - 1; i >= 0; i-- {
		events = append(events, log[i].Event)
	}
	want := []contract.Event{contract.Create, contract.Submit, contract.Approve, contract.Scan, contract.Sign, contract.Start, contract.End}
	if len(events) != len(want) {
		t.Fatalf("log %v, want %v", events, want)
	}
	for i := range want {
		if events[i] != want[i] {
			t.Fatalf("log %v, want %v", events, want)
		}
	}
}

func testStartReachedAtSigning_CT01(t *testing.T, e *env) {
	c := e.approved(300_000, func(in *contract.Input) { in.StartsOn, in.Channel = "2026-03-02", contract.Online })
	_, err := e.Signed(t.Context(), e.as(legal1), c.ID, 0, "", "")
	must(t, err)
	e.wantState(c.ID, contract.Active, "")
	log, err := e.Log(t.Context(), e.as(lina), c.ID, 2)
	must(t, err)
	if log[1].Event != contract.Sign || log[1].To != contract.NotStarted || log[0].Event != contract.Start || log[0].From != contract.NotStarted || log[0].To != contract.Active {
		t.Errorf("both events must be logged, got %+v", log)
	}
}

func testTerminationTakesTheCreditBack_CT02(t *testing.T, e *env) {
	ctx := t.Context()
	sign := func() contract.Contract {
		c := e.approved(300_000, func(in *contract.Input) { in.Channel = contract.Online })
		c, err := e.Signed(ctx, e.as(legal1), c.ID, 0, "", "")
		must(t, err)
		return c
	}
	early, late := sign(), sign()
	e.wantFact(contract.FactSigned, lina, 2, crm.Yuan(600_000))
	_, err := e.Terminated(ctx, e.as(lina), early.ID, 0, "客户破产")
	refused(t, err, crm.CodeForbidden, "")
	// The credit goes back from who got it, whoever owns the contract now.
	db, err := e.db.SQL()
	must(t, err)
	_, err = db.ExecContext(ctx, "UPDATE crm_contracts SET owner_id = ? WHERE id = ?", int64(zhang), int64(early.ID))
	must(t, err)
	e.at("2026-04-01 09:00") // 30 days
	_, err = e.Terminated(ctx, e.as(legal1), early.ID, 0, "客户破产")
	must(t, err)
	e.wantFact(contract.FactSigned, lina, 1, crm.Yuan(300_000))
	if n := e.number("SELECT COUNT(*) FROM crm_facts WHERE metric_key = ? AND qty = -1 AND day = '2026-04-01'", contract.FactSigned); n != 1 {
		t.Error("there is no negative fact on the day of the termination")
	}
	_, err = e.Terminated(ctx, e.as(legal1), early.ID, 0, "again")
	refused(t, err, crm.CodeConflict, "CT-02")
	e.at("2026-04-02 09:00") // 31 days
	_, err = e.Terminated(ctx, e.as(legal1), late.ID, 0, "客户破产")
	must(t, err)
	e.wantFact(contract.FactSigned, lina, 1, crm.Yuan(300_000))
	must(t, e.RunDaily(ctx))
	e.wantState(early.ID, contract.NotStarted, "")
}

func testRoundsCountOnce(t *testing.T, e *env) {
	ctx := t.Context()
	c, r := e.submitted(300_000)
	_, err := e.approvals.Withdraw(ctx, e.as(lina), r.ID, "")
	must(t, err)
	e.wantState(c.ID, contract.Rejected, contract.Withdrawn)
	in := input(400_000)
	_, voided, err := e.Edit(ctx, e.as(lina), c.ID, 0, in)
	must(t, err)
	if voided {
		t.Error("nothing was open that could be voided")
	}
	_, r, err = e.SubmitForApproval(ctx, e.as(lina), c.ID, 0, false, "")
	must(t, err)
	e.wantFact(contract.FactSubmitted, lina, 1, crm.Yuan(400_000))
	e.yes(wang, r.ID)
	e.yes(legal2, r.ID)
	_, err = e.Declined(ctx, e.as(lina), c.ID, 0, "")
	refused(t, err, crm.CodeInvalid, "")
	_, err = e.Declined(ctx, e.as(lina), c.ID, 0, "价格")
	must(t, err)
	e.wantState(c.ID, contract.Rejected, contract.Declined)
	_, _, err = e.Edit(ctx, e.as(lina), c.ID, 0, input(250_000))
	must(t, err)
	_, r, err = e.SubmitForApproval(ctx, e.as(lina), c.ID, 0, false, "")
	must(t, err)
	if r.Round != 3 {
		t.Errorf("round %d, want 3", r.Round)
	}
	e.yes(wang, r.ID)
	e.yes(legal2, r.ID)
	e.wantFact(contract.FactSubmitted, lina, 1, crm.Yuan(250_000))
	e.wantFact(contract.FactApproved, lina, 1, crm.Yuan(250_000))
}

func testEditDuringApproval_AP04(t *testing.T, e *env) {
	ctx := t.Context()
	c, r := e.submitted(300_000)
	in := input(300_000)
	in.Remark, in.Contact = "分期", "王总"
	_, voided, err := e.Edit(ctx, e.as(lina), c.ID, 0, in)
	must(t, err)
	if voided || e.request(r.ID).Request.State != approval.Open {
		t.Error("a cosmetic change voided the request")
	}
	e.wantState(c.ID, contract.Pending, "")
	e.yes(wang, r.ID)
	in.Terms = "月结90天"
	_, voided, err = e.Edit(ctx, e.as(lina), c.ID, 0, in)
	must(t, err)
	if !voided || e.request(r.ID).Request.State != approval.Void {
		t.Error("a change of the terms left the request open")
	}
	e.wantState(c.ID, contract.Rejected, contract.Changed)
	_, err = e.approvals.Approve(ctx, e.as(legal1), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeStale, "AP-06")
	e.wantFact(contract.FactApproved, lina, 0, 0)
	// After the approval nothing of substance changes, but the remark may.
	_, r, err = e.SubmitForApproval(ctx, e.as(lina), c.ID, 0, false, "")
	must(t, err)
	e.yes(wang, r.ID)
	e.yes(legal1, r.ID)
	in.Terms = "月结120天"
	_, _, err = e.Edit(ctx, e.as(lina), c.ID, 0, in)
	refused(t, err, crm.CodeRefused, "AP-04")
	if e.contract(c.ID).Terms != "月结90天" {
		t.Error("the refused change was kept")
	}
	in.Terms, in.Remark = "月结90天", "改备注"
	_, _, err = e.Edit(ctx, e.as(lina), c.ID, 0, in)
	must(t, err)
}

// testContentChangedBehindTheRequest_AP04 changes a row past the service: the
// approval must notice at the click.
func testContentChangedBehindTheRequest_AP04(t *testing.T, e *env) {
	c, r := e.submitted(300_000)
	db, err := e.db.SQL()
	must(t, err)
	_, err = db.ExecContext(t.Context(), "UPDATE crm_contracts SET amount = 1 WHERE id = ?", int64(c.ID))
	must(t, err)
	_, err = e.approvals.Approve(t.Context(), e.as(wang), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeStale, "AP-06")
	if s := e.request(r.ID).Request.State; s != approval.Void {
		t.Errorf("the request is %s, want void", s)
	}
	e.wantState(c.ID, contract.Rejected, contract.Changed)
	e.wantFact(approval.FactDecided, wang, 0, 0)
}

func testRights_PM01(t *testing.T, e *env) {
	ctx := t.Context()
	c := e.draft(300_000)
	may := func(u crm.UserID) bool {
		_, err := e.Get(ctx, e.as(u), c.ID)
		list, n, listErr := e.Search(ctx, e.as(u), "星河", 10)
		must(t, listErr)
		if (err == nil) != (n == 1) && len(list) == 0 && err == nil && u != wang {
			t.Logf("person %d opens it without finding it", u)
		}
		return err == nil
	}
	for u, want := range map[crm.UserID]bool{lina: true, zhang: false, wang: true, sun: true, legal1: true, finance: true, boss: true, admin: true} {
		if may(u) != want {
			t.Errorf("person %d reads it: %v, want %v", u, !want, want)
		}
	}
	_, n, err := e.Search(ctx, e.as(zhang), "", 10)
	must(t, err)
	if n != 0 {
		t.Errorf("a colleague's list shows %d contracts", n)
	}
	_, _, err = e.SubmitForApproval(ctx, e.as(legal1), c.ID, 0, false, "")
	refused(t, err, crm.CodeForbidden, "")
	_, _, err = e.Edit(ctx, e.as(finance), c.ID, 0, input(1))
	refused(t, err, crm.CodeForbidden, "")

	// An approver of an open request reads that contract, and no longer after it.
	must(t, e.setFlow(`[{"kind":"contract","steps":[{"who":["user:张伟"]}]}]`))
	_, r, err := e.SubmitForApproval(ctx, e.as(lina), c.ID, 0, false, "")
	must(t, err)
	if !may(zhang) {
		t.Error("an approver cannot read what is to be approved")
	}
	e.yes(zhang, r.ID)
	if may(zhang) {
		t.Error("the approver still reads the contract after the request ended")
	}
	e.person(lina, func(u *org.User) { u.Frozen = true })
	_, err = e.Create(ctx, e.as(lina), input(1))
	refused(t, err, crm.CodeForbidden, "HO-01")
}

func testStaleVersion_AP06(t *testing.T, e *env) {
	c := e.draft(300_000)
	in := input(310_000)
	_, _, err := e.Edit(t.Context(), e.as(lina), c.ID, c.Version, in)
	must(t, err)
	_, _, err = e.SubmitForApproval(t.Context(), e.as(lina), c.ID, c.Version, false, "")
	refused(t, err, crm.CodeStale, "AP-06")
	e.wantState(c.ID, contract.Draft, "")
}

func (e *env) setFlow(value string) error {
	_, err := e.book.Set(e.t.Context(), crm.SystemActor(), approval.Flows.Key, "", value, "test", e.clock.Now())
	return err
}

func testRetypingGivesANewNumber_CT03(t *testing.T, e *env) {
	c := e.draft(300_000)
	in := input(300_000)
	in.Type = "供应商"
	c, _, err := e.Edit(t.Context(), e.as(lina), c.ID, 0, in)
	must(t, err)
	if c.Number != "SUP-202603-0001" {
		t.Errorf("number %s", c.Number)
	}
	in.Type = "没有这种"
	_, _, err = e.Edit(t.Context(), e.as(lina), c.ID, 0, in)
	refused(t, err, crm.CodeInvalid, "")
}

func testMinutesCountWorkingTime_AP05(t *testing.T, e *env) {
	e.at("2026-03-06 17:00") // Friday
	_, r := e.submitted(300_000)
	e.at("2026-03-09 09:30") // Monday
	e.yes(wang, r.ID)
	e.wantFact(approval.FactMinutes, wang, 90, 0)
}

// Somebody who changes teams takes the credit of what comes later along, also
// that of contracts begun before; what was credited stays where it was.
func testCreditGoesToTheTeamOfTheMoment_F06(t *testing.T, e *env) {
	c, r := e.submitted(300_000)
	east := c.Team
	west := &org.Team{Name: "华西", Leader: wang} // who stays the superior
	must(t, e.dir.SaveTeam(t.Context(), west))
	e.person(lina, func(u *org.User) { u.Team = west.ID })
	e.yes(wang, r.ID)
	e.yes(legal1, r.ID)
	_, _, err := e.AttachScan(t.Context(), e.as(lina), c.ID, "C-1.pdf", []byte(pdf))
	must(t, err)
	c, err = e.Signed(t.Context(), e.as(legal1), c.ID, 0, "", "")
	must(t, err)
	want := func(key string, team crm.TeamID, n int64) {
		t.Helper()
		if got := e.number("SELECT COALESCE(SUM(qty), 0) FROM crm_facts WHERE metric_key = ? AND team_id = ?", key, int64(team)); got != n {
			t.Errorf("%s in team %d: %d, want %d", key, team, got, n)
		}
	}
	want(contract.FactSubmitted, east, 1)
	for _, key := range []string{contract.FactApproved, contract.FactSigned} {
		want(key, east, 0)
		want(key, west.ID, 1)
	}
	if c.CreditTeam != west.ID {
		t.Errorf("credited to team %d, want %d", c.CreditTeam, west.ID)
	}
	// A reversal takes back what was given, wherever the person is by then.
	e.person(lina, func(u *org.User) { u.Team = east })
	_, err = e.Terminated(t.Context(), e.as(legal1), c.ID, 0, "客户破产")
	must(t, err)
	want(contract.FactSigned, west.ID, 0)
	want(contract.FactSigned, east, 0)
}

// A second tap on the form gives the draft of the first; the same again later,
// or something else, is a contract of its own.
func testFormTappedTwiceIsOneDraft(t *testing.T, e *env) {
	ctx := t.Context()
	first, err := e.CreateOnce(ctx, e.as(lina), input(300_000))
	must(t, err)
	for name, c := range map[string]struct {
		who   crm.UserID
		in    contract.Input
		fresh bool
	}{"the same": {lina, input(300_000), false}, "another amount": {lina, input(300_001), true}} {
		x, err := e.CreateOnce(ctx, e.as(c.who), c.in)
		must(t, err)
		if fresh := x.ID != first.ID; fresh != c.fresh {
			t.Errorf("%s: %s after %s", name, x.ID, first.ID)
		}
	}
	e.at("2026-03-02 09:01")
	if x, err := e.CreateOnce(ctx, e.as(lina), input(300_000)); err != nil || x.ID == first.ID {
		t.Errorf("a minute later: %s, %v", x.ID, err)
	}
}
