package contract_test

import (
	"testing"

	"crmbot/internal/approval"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// notices counts the queued cards of a view for a person.
func (e *env) notices(view string, u crm.UserID) int64 {
	e.t.Helper()
	return e.number("SELECT COUNT(*) FROM crm_outbox WHERE kind = 'send' AND view = ? AND user_id = ?", view, int64(u))
}

func (e *env) wantDeadline(when string) {
	e.t.Helper()
	next, err := e.approvals.NextDeadline(e.t.Context())
	must(e.t, err)
	got := ""
	if !next.IsZero() {
		got = next.In(e.zone).Format("2006-01-02 15:04")
	}
	if got != when {
		e.t.Errorf("the next deadline is %q, want %q", got, when)
	}
}

func (e *env) wantNotices(view string, u crm.UserID, n int64) {
	e.t.Helper()
	must(e.t, e.approvals.RemindDue(e.t.Context()))
	must(e.t, e.approvals.RemindDue(e.t.Context())) // again changes nothing
	if next, err := e.approvals.NextDeadline(e.t.Context()); err != nil || (!next.IsZero() && !next.After(e.clock.Now())) {
		e.t.Errorf("after its work the job would run again at once: %v, %v", next, err)
	}
	if got := e.notices(view, u); got != n {
		e.t.Errorf("person %d was sent %d of %s, want %d", u, got, view, n)
	}
}

func testRemindDeputyEscalate_AP05(t *testing.T, e *env) {
	e.person(wang, func(u *org.User) { u.Deputy = zhang })
	e.wantDeadline("")
	_, r := e.submitted(300_000)
	e.wantDeadline("2026-03-02 13:00")
	e.at("2026-03-02 12:59")
	e.wantNotices(approval.ViewReminder, wang, 0)
	e.at("2026-03-02 13:00")
	e.wantNotices(approval.ViewReminder, wang, 1)
	e.wantDeadline("2026-03-02 17:00")
	e.at("2026-03-02 16:59")
	e.wantNotices(approval.ViewReminder, wang, 1)
	e.wantNotices(approval.ViewCard, zhang, 0)
	_, err := e.approvals.Approve(t.Context(), e.as(zhang), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeForbidden, "")
	e.at("2026-03-02 17:00")
	e.wantNotices(approval.ViewReminder, wang, 2)
	e.wantNotices(approval.ViewCard, zhang, 1)
	e.wantDeadline("2026-03-03 16:00")
	e.at("2026-03-03 15:59")
	e.wantNotices(approval.ViewCard, sun, 0)
	e.at("2026-03-03 16:00")
	e.wantNotices(approval.ViewCard, sun, 1)
	e.wantNotices(approval.ViewReminder, wang, 3)
	e.wantDeadline("")
	// Weeks later it is still open: waiting approves nothing.
	e.at("2026-05-20 16:00")
	e.wantNotices(approval.ViewCard, sun, 1)
	if s := e.request(r.ID).Request.State; s != approval.Open {
		t.Fatalf("the request is %s after waiting", s)
	}
	// The deputy decides in the approver's place.
	e.yes(zhang, r.ID)
	ds, err := e.approvals.Decisions(t.Context(), r.ID)
	must(t, err)
	if len(ds) != 1 || ds[0].User != zhang || ds[0].For != wang {
		t.Errorf("the record is %+v", ds)
	}
	if n := e.number("SELECT COUNT(*) FROM crm_audit WHERE rule_id = 'AP-05' AND action IN ('approval.deputy', 'approval.escalate')"); n != 2 {
		t.Errorf("%d audit rows about the deputy and the escalation, want 2", n)
	}
}

func testSubmitterIsNeverTheDeputyOrSuperior_AP03(t *testing.T, e *env) {
	ctx := t.Context()
	// The director's own contract: nobody is above, an administrator decides.
	in := input(300_000)
	in.Customer = "蓝海物流"
	c, err := e.Create(ctx, e.as(sun), in)
	must(t, err)
	_, r, err := e.SubmitForApproval(ctx, e.as(sun), c.ID, 0, false, "")
	must(t, err)
	if n := e.request(r.ID).Nodes[0]; len(n.Tasks) != 1 || n.Tasks[0].User != admin || n.Tasks[0].Why != approval.WhyAdmin {
		t.Errorf("the first node is %+v", n)
	}
	// The approver's deputy is the submitter: nobody is let in, the next superior is asked at 16 h.
	e.person(wang, func(u *org.User) { u.Deputy = lina })
	_, r = e.submitted(300_000)
	e.at("2026-03-05 18:00")
	must(t, e.approvals.RemindDue(ctx))
	task := e.request(r.ID).Nodes[0].Tasks[0]
	if task.Deputy != 0 || task.Upper != sun {
		t.Errorf("deputy %d, superior %d; want 0 and %d", task.Deputy, task.Upper, sun)
	}
	_, err = e.approvals.Approve(ctx, e.as(lina), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeRefused, "AP-03")
}

func testLeaveAfterBeingAsked_AP03(t *testing.T, e *env) {
	ctx := t.Context()
	_, r := e.submitted(300_000)
	_, err := e.approvals.Approve(ctx, e.as(zhang), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeForbidden, "")
	e.person(wang, func(u *org.User) { u.LeaveFrom, u.LeaveTo, u.Deputy = "2026-03-02", "2026-03-06", zhang })
	e.wantDeadline("2026-03-02 09:00")
	must(t, e.approvals.RemindDue(ctx))
	if n := e.notices(approval.ViewCard, zhang); n != 1 {
		t.Errorf("the deputy of somebody on leave was sent %d cards, want 1", n)
	}
	e.yes(zhang, r.ID)
}

func testLeaverIsPassedOver_HO01(t *testing.T, e *env) {
	ctx := t.Context()
	_, r := e.submitted(300_000)
	e.person(wang, func(u *org.User) { u.Frozen = true })
	_, err := e.approvals.Approve(ctx, e.as(wang), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeForbidden, "")
	e.wantDeadline("2026-03-02 09:00")
	must(t, e.approvals.RemindDue(ctx))
	e.wantDeadline("")
	if n := e.notices(approval.ViewCard, sun); n != 1 {
		t.Errorf("the leaver's superior was sent %d cards, want 1", n)
	}
	if n := e.notices(approval.ViewReminder, wang); n != 0 {
		t.Error("a leaver is reminded")
	}
	e.yes(sun, r.ID)
}

func testLeaveAtSubmission_AP03(t *testing.T, e *env) {
	e.person(wang, func(u *org.User) { u.LeaveFrom, u.LeaveTo, u.Deputy = "2026-03-02", "2026-03-06", zhang })
	_, r := e.submitted(300_000)
	task := e.request(r.ID).Nodes[0].Tasks[0]
	if task.User != zhang || task.For != wang {
		t.Errorf("asked %d for %d, want the deputy for the manager", task.User, task.For)
	}
	if n := e.number("SELECT COUNT(*) FROM crm_audit WHERE rule_id = 'AP-03' AND action = 'approval.substitute'"); n != 1 {
		t.Errorf("%d audit rows about the substitution, want 1", n)
	}
	if n := e.notices(approval.ViewCard, wang); n != 0 {
		t.Error("somebody on leave got a card")
	}
}

func testHandOnAndAdd_AP03(t *testing.T, e *env) {
	ctx := t.Context()
	c, r := e.submitted(300_000)
	k := approval.Click{Request: r.ID}
	_, err := e.approvals.Delegate(ctx, e.as(wang), k, lina)
	refused(t, err, crm.CodeRefused, "AP-03")
	_, err = e.approvals.Delegate(ctx, e.as(wang), k, legal1)
	refused(t, err, crm.CodeRefused, "AP-03") // asked later anyway
	_, err = e.approvals.AddSign(ctx, e.as(zhang), k, sun, true)
	refused(t, err, crm.CodeForbidden, "")
	_, err = e.approvals.AddSign(ctx, e.as(wang), k, sun, true)
	must(t, err)
	_, err = e.approvals.Approve(ctx, e.as(wang), k)
	refused(t, err, crm.CodeRefused, "AP-06") // waits for 孙总监
	_, err = e.approvals.Delegate(ctx, e.as(sun), k, zhang)
	must(t, err)
	e.yes(zhang, r.ID)
	e.yes(wang, r.ID)
	e.yes(legal1, r.ID)
	e.wantState(c.ID, contract.ToSign, "")
	if n := e.number("SELECT COUNT(*) FROM crm_approval_nodes WHERE request_id = ?", int64(r.ID)); n != 3 {
		t.Errorf("%d nodes, want 3", n)
	}
}

// An approver who put somebody in front waits a second time, and is reminded a
// second time.
func testRemindedAgainAfterAnAddedStep_AP05(t *testing.T, e *env) {
	_, r := e.submitted(300_000)
	e.at("2026-03-02 13:00")
	e.wantNotices(approval.ViewReminder, wang, 1)
	_, err := e.approvals.AddSign(t.Context(), e.as(wang), approval.Click{Request: r.ID}, sun, true)
	must(t, err)
	e.yes(sun, r.ID)
	e.at("2026-03-02 16:59")
	e.wantNotices(approval.ViewReminder, wang, 1)
	e.at("2026-03-02 17:00")
	e.wantNotices(approval.ViewReminder, wang, 2)
}
