package contract_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"crmbot/internal/approval"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/store"
)

// together runs the functions at once and returns their errors.
func together(fs ...func() error) []error {
	errs := make([]error, len(fs))
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i, f := range fs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-start
			errs[i] = f()
		}()
	}
	close(start)
	wg.Wait()
	return errs
}

func won(errs []error) int {
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	return n
}

func testNumbersHaveNeitherGapsNorDuplicates_CT03(t *testing.T, e *env) {
	const people, each = 20, 5
	actor := e.as(lina)
	_, err := e.accounts.Ensure(t.Context(), actor, input(1).Customer)
	must(t, err)
	fs := make([]func() error, people)
	for i := range fs {
		fs[i] = func() error {
			for k := range each {
				in := input(int64(i*each + k + 1))
				if k == 2 {
					in.Terms = "" // a refused one must not take a number
					if _, err := e.Create(t.Context(), actor, in); crm.CodeOf(err) != crm.CodeInvalid {
						return fmt.Errorf("a contract without terms: %w", err)
					}
					// Nor one whose transaction is rolled back after it was numbered.
					err := e.db.InTx(t.Context(), func(ctx context.Context) error {
						if _, err := e.Create(ctx, actor, input(7)); err != nil {
							return err
						}
						return errRollback
					})
					if !errors.Is(err, errRollback) {
						return err
					}
				}
				if _, err := e.Create(t.Context(), actor, input(int64(i*each+k+1))); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, err := range together(fs...) {
		must(t, err)
	}
	list, total, err := e.Search(t.Context(), e.as(boss), "BUY-202603", 1000)
	must(t, err)
	if total != people*each {
		t.Fatalf("%d contracts, want %d", total, people*each)
	}
	seen := map[string]bool{}
	for _, c := range list {
		seen[c.Number] = true
	}
	for i := range people * each {
		if n := fmt.Sprintf("BUY-202603-%04d", i+1); !seen[n] {
			t.Errorf("there is no %s", n)
		}
	}
}

var errRollback = errors.New("roll back")

// testTwoApproversAtOnce_AP06: both of an "any" node press at the same moment.
func testTwoApproversAtOnce_AP06(t *testing.T, e *env) {
	one, two := e.as(legal1), e.as(legal2)
	const rounds = 8
	for range rounds {
		c, r := e.submitted(300_000)
		e.yes(wang, r.ID)
		errs := together(
			func() error {
				_, err := e.approvals.Approve(t.Context(), one, approval.Click{Request: r.ID})
				return err
			},
			func() error {
				_, err := e.approvals.Approve(t.Context(), two, approval.Click{Request: r.ID})
				return err
			})
		if won(errs) != 1 {
			t.Fatalf("%d of two decisions count: %v", won(errs), errs)
		}
		for _, err := range errs {
			if err != nil {
				refused(t, err, crm.CodeConflict, "AP-06")
			}
		}
		if n := e.number("SELECT COUNT(*) FROM crm_approval_decisions WHERE request_id = ? AND action = 'approve'", int64(r.ID)); n != 2 {
			t.Errorf("%d approvals are recorded, want one of the manager and one of legal", n)
		}
		e.wantState(c.ID, contract.ToSign, "")
	}
	q1, _ := e.fact(approval.FactDecided, legal1)
	q2, _ := e.fact(approval.FactDecided, legal2)
	if q1+q2 != rounds {
		t.Errorf("%d decisions of legal are counted, want %d", q1+q2, rounds)
	}
	e.wantFact(contract.FactApproved, lina, rounds, crm.Yuan(300_000*rounds))
}

// testAllAtOnce_AP03: in an "all" node both decisions count, however close.
func testAllAtOnce_AP03(t *testing.T, e *env) {
	must(t, e.setFlow(`[{"kind":"contract","steps":[{"who":["role:legal"],"mode":"all"}]}]`))
	one, two := e.as(legal1), e.as(legal2)
	for range 6 {
		c, r := e.submitted(300_000)
		for _, err := range together(
			func() error {
				_, err := e.approvals.Approve(t.Context(), one, approval.Click{Request: r.ID})
				return err
			},
			func() error {
				_, err := e.approvals.Approve(t.Context(), two, approval.Click{Request: r.ID})
				return err
			}) {
			must(t, err)
		}
		e.wantState(c.ID, contract.ToSign, "")
	}
}

// testDoubleTap_AP06: the same person presses many times at once; one counts,
// the others are friendly no-ops.
func testDoubleTap_AP06(t *testing.T, e *env) {
	c, r := e.submitted(300_000)
	actor := e.as(wang)
	task := e.request(r.ID).Nodes[0].Tasks[0].ID
	var mu sync.Mutex
	already := 0
	fs := make([]func() error, 10)
	for i := range fs {
		fs[i] = func() error {
			res, err := e.approvals.Approve(t.Context(), actor, approval.Click{Request: r.ID, Task: task, Hash: r.Hash[:16]})
			mu.Lock()
			defer mu.Unlock()
			if res.Already {
				already++
			}
			return err
		}
	}
	if errs := together(fs...); won(errs) != len(fs) || already != len(fs)-1 {
		t.Fatalf("%d answers, %d of them no-ops: %v", won(errs), already, errs)
	}
	e.wantFact(approval.FactDecided, wang, 1, crm.Yuan(300_000))
	e.wantState(c.ID, contract.Pending, "")
	// The opposite decision afterwards is no no-op.
	_, err := e.approvals.Reject(t.Context(), actor, approval.Click{Request: r.ID, Task: task, Comment: "不行"})
	refused(t, err, crm.CodeConflict, "AP-06")
}

// testRedelivery_AP06: the platform delivers the same press again.
func testRedelivery_AP06(t *testing.T, e *env) {
	_, r := e.submitted(300_000)
	press := func() error {
		ctx := store.WithSequence(crm.WithEvent(t.Context(), crm.Event{Platform: "lark", ID: "ev-1"}))
		_, err := e.approvals.Approve(ctx, e.as(wang), approval.Click{Request: r.ID})
		return err
	}
	must(t, press())
	refused(t, press(), crm.CodeDuplicate, "")
	e.wantFact(approval.FactDecided, wang, 1, crm.Yuan(300_000))

	errs := together(func() error {
		ctx := store.WithSequence(crm.WithEvent(t.Context(), crm.Event{Platform: "lark", ID: "ev-2"}))
		_, err := e.Create(ctx, e.as(lina), input(5))
		return err
	}, func() error {
		ctx := store.WithSequence(crm.WithEvent(t.Context(), crm.Event{Platform: "lark", ID: "ev-2"}))
		_, err := e.Create(ctx, e.as(lina), input(5))
		return err
	})
	if won(errs) != 1 {
		t.Errorf("one event made %d contracts: %v", won(errs), errs)
	}
}

// testStaleCard_AP06: a card of an earlier submission or of another content.
func testStaleCard_AP06(t *testing.T, e *env) {
	ctx := t.Context()
	c, old := e.submitted(300_000)
	task := e.request(old.ID).Nodes[0].Tasks[0].ID
	_, err := e.approvals.Approve(ctx, e.as(wang), approval.Click{Request: old.ID, Task: task, Hash: "0123456789abcdef"})
	refused(t, err, crm.CodeStale, "AP-06")
	_, _, err = e.Edit(ctx, e.as(lina), c.ID, 0, input(350_000))
	must(t, err)
	_, fresh, err := e.SubmitForApproval(ctx, e.as(lina), c.ID, 0, false, "")
	must(t, err)
	_, err = e.approvals.Approve(ctx, e.as(wang), approval.Click{Request: old.ID, Task: task, Hash: old.Hash[:16]})
	refused(t, err, crm.CodeStale, "AP-06")
	// The old card's task with the new request is not valid either.
	_, err = e.approvals.Approve(ctx, e.as(wang), approval.Click{Request: fresh.ID, Task: task})
	refused(t, err, crm.CodeStale, "AP-06")
	if s := e.request(fresh.ID).Request.State; s != approval.Open {
		t.Errorf("an old card moved the new request to %s", s)
	}
	e.wantFact(approval.FactDecided, wang, 0, 0)
}

// testDecisionAgainstChange: the last approval, a change of the price and a
// withdrawal at the same moment leave one truth.
func testDecisionAgainstChange_AP04(t *testing.T, e *env) {
	legal, owner := e.as(legal1), e.as(lina)
	approvedCount := int64(0)
	for i := range 8 {
		c, r := e.submitted(300_000)
		e.yes(wang, r.ID)
		errs := together(
			func() error {
				_, err := e.approvals.Approve(t.Context(), legal, approval.Click{Request: r.ID})
				return err
			},
			func() error {
				if i%2 == 0 {
					_, err := e.approvals.Withdraw(t.Context(), owner, r.ID, "")
					return err
				}
				_, _, err := e.Edit(t.Context(), owner, c.ID, 0, input(400_000))
				return err
			})
		got, req := e.contract(c.ID), e.request(r.ID).Request
		if won(errs) != 1 {
			t.Fatalf("round %d: %d of the two took place: %v; contract %s, request %s", i, won(errs), errs, got.State, req.State)
		}
		switch {
		case errs[0] == nil && (got.State != contract.ToSign || got.Amount != crm.Yuan(300_000) || req.State != approval.Approved):
			t.Errorf("round %d: approved, but the contract is %s over %s and the request %s", i, got.State, got.Amount, req.State)
		case errs[1] == nil && (got.State != contract.Rejected || req.State == approval.Approved || req.State == approval.Open):
			t.Errorf("round %d: taken back, but the contract is %s and the request %s", i, got.State, req.State)
		}
		if errs[0] == nil {
			approvedCount++
		}
	}
	e.wantFact(contract.FactApproved, lina, approvedCount, crm.Yuan(300_000*approvedCount))
}

// testSubmittedOnce: two submissions at once open one request.
func testSubmittedOnce_CT01(t *testing.T, e *env) {
	c := e.draft(300_000)
	one, two := e.as(lina), e.as(wang)
	errs := together(
		func() error { _, _, err := e.SubmitForApproval(t.Context(), one, c.ID, 0, false, ""); return err },
		func() error { _, _, err := e.SubmitForApproval(t.Context(), two, c.ID, 0, false, ""); return err })
	if won(errs) != 1 {
		t.Fatalf("%d submissions: %v", won(errs), errs)
	}
	if n := e.number("SELECT COUNT(*) FROM crm_approval_requests WHERE state = 'open'"); n != 1 {
		t.Errorf("%d open requests", n)
	}
	e.wantFact(contract.FactSubmitted, lina, 1, crm.Yuan(300_000))
}

// testUrgentLimitHoldsUnderLoad_AP05: five urgent submissions at once, three are
// allowed.
func testUrgentLimitHoldsUnderLoad_AP05(t *testing.T, e *env) {
	actor := e.as(lina)
	fs := make([]func() error, 5)
	for i := range fs {
		c := e.draft(int64(1000 + i))
		fs[i] = func() error {
			_, _, err := e.SubmitForApproval(t.Context(), actor, c.ID, 0, true, "")
			return err
		}
	}
	errs := together(fs...)
	if won(errs) != 3 {
		t.Errorf("%d urgent requests, 3 are allowed: %v", won(errs), errs)
	}
	for _, err := range errs {
		if err != nil {
			refused(t, err, crm.CodeRefused, "AP-05")
		}
	}
}

// blind is a store that counts how often it is asked about parties, and fails
// when it is told to.
type blind struct {
	contract.Store
	asked int
	err   error
}

func (b *blind) ContractParties(ctx context.Context, ids []crm.ContractID) (map[crm.ContractID][]crm.UserID, error) {
	if b.asked++; b.err != nil {
		return nil, b.err
	}
	return b.Store.ContractParties(ctx, ids)
}

// However much waits for somebody, whose business it is is asked once; where
// that cannot be told, nobody is told that nothing waits for them.
func testPendingAsksOnceAndHidesNoFailure_AP03(t *testing.T, e *env) {
	ctx := t.Context()
	var last approval.Request
	for range 5 {
		_, last = e.submitted(1000)
	}
	b := &blind{Store: e.Service.Store}
	e.Service.Store = b
	items, err := e.approvals.Pending(ctx, e.as(wang))
	must(t, err)
	if len(items) != 5 || b.asked != 1 {
		t.Errorf("%d requests wait, %d questions were asked", len(items), b.asked)
	}
	b.err = errors.New("the database is down")
	x := e.request(last.ID)
	_, err = e.approvals.Pending(ctx, e.as(wang))
	_, mine := e.approvals.Mine(ctx, e.as(wang), &x)
	_, click := e.approvals.Approve(ctx, e.as(wang), approval.Click{Request: last.ID})
	for _, err := range []error{err, mine, click} {
		if !errors.Is(err, b.err) {
			t.Errorf("got %v", err)
		}
	}
	b.err = nil
	if x := e.request(last.ID); x.Request.State != approval.Open || x.Held(wang) == nil {
		t.Error("the task was taken away")
	}
}

func testRightsAtTheClick_AP06(t *testing.T, e *env) {
	ctx := t.Context()
	_, r := e.submitted(300_000)
	for _, u := range []crm.UserID{zhang, sun, finance, boss, admin} {
		_, err := e.approvals.Approve(ctx, e.as(u), approval.Click{Request: r.ID})
		refused(t, err, crm.CodeForbidden, "")
	}
	_, err := e.approvals.Approve(ctx, e.as(lina), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeRefused, "AP-03")
	_, err = e.approvals.Approve(ctx, e.as(legal1), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeRefused, "AP-06")
	e.yes(wang, r.ID)
	// The role is lost between the card and the click.
	e.person(legal1, func(u *org.User) { u.Roles = []crm.Role{crm.Service} })
	_, err = e.approvals.Approve(ctx, e.as(legal1), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeForbidden, "AP-06")
	items, err := e.approvals.Pending(ctx, e.as(legal1))
	must(t, err)
	if len(items) != 0 {
		t.Error("somebody without the role still has it in the list")
	}
	// A leaver is frozen.
	e.person(legal2, func(u *org.User) { u.Frozen = true })
	_, err = e.approvals.Approve(ctx, e.as(legal2), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeForbidden, "")
}
