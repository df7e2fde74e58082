package contract_test

import (
	"errors"
	"strings"
	"testing"

	"crmbot/internal/approval"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// leads makes the person the leader of the team with that name.
func (e *env) leads(team string, u crm.UserID) {
	e.t.Helper()
	t, err := e.dir.TeamByName(e.t.Context(), team)
	must(e.t, err)
	t.Leader = u
	must(e.t, e.dir.SaveTeam(e.t.Context(), &t))
}

// lost checks that the person sees nothing of the request to decide, and is
// refused with the text; the request then waits for those named.
func (e *env) lost(u crm.UserID, c contract.Contract, r approval.Request, text string, now ...crm.UserID) {
	e.t.Helper()
	ctx := e.t.Context()
	items, err := e.approvals.Pending(ctx, e.as(u))
	must(e.t, err)
	x := e.request(r.ID)
	if len(items) != 0 || e.mine(u, &x) != nil {
		e.t.Errorf("person %d still has the request to decide", u)
	}
	if asks, err := e.approvals.AsksNow(ctx, e.as(u), c.ID.Ref()); err != nil || asks {
		e.t.Errorf("person %d may still read the contract as an approver (%v)", u, err)
	}
	_, err = e.approvals.Approve(ctx, e.as(u), approval.Click{Request: r.ID, Task: x.Nodes[0].Tasks[0].ID})
	refused(e.t, err, crm.CodeForbidden, "AP-06")
	if x := (*crm.Error)(nil); !errors.As(err, &x) || !strings.Contains(x.Text.Zh, text) {
		e.t.Errorf("the refusal says %v, want %q", err, text)
	}
	e.waitsFor(r, now...)
}

func (e *env) mine(u crm.UserID, c *approval.Chain) *approval.Task {
	e.t.Helper()
	t, err := e.approvals.Mine(e.t.Context(), e.as(u), c)
	must(e.t, err)
	return t
}

func (e *env) waitsFor(r approval.Request, now ...crm.UserID) {
	e.t.Helper()
	x := e.request(r.ID)
	if x.Request.State != approval.Open {
		e.t.Fatalf("the request is %s", x.Request.State)
	}
	for _, u := range now {
		if x.Held(u) == nil {
			e.t.Errorf("person %d is not asked", u)
		}
		if e.mine(u, &x) == nil {
			e.t.Errorf("person %d may not decide", u)
		}
	}
}

func testSuperiorNoMore_AP06(t *testing.T, e *env) {
	c, r := e.submitted(300_000)
	e.leads("华东", zhang)
	e.lost(wang, c, r, "您已不是提交人的上级", zhang)
	if n := e.notices(approval.ViewCard, zhang); n != 1 {
		t.Errorf("the new superior was sent %d cards, want 1", n)
	}
	if n := e.number("SELECT COUNT(*) FROM crm_audit WHERE rule_id = 'AP-06' AND action = 'approval.reassign'"); n != 1 {
		t.Errorf("%d audit rows about the change, want 1", n)
	}
	_, err := e.approvals.Approve(t.Context(), e.as(wang), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeForbidden, "")
	e.yes(zhang, r.ID)
	e.yes(legal1, r.ID)
	e.wantState(c.ID, contract.ToSign, "")
}

// Whoever was the leader of the team and leads the one above is still a
// superior.
func testSuperiorAtAnyLevelStaysRight_AP06(t *testing.T, e *env) {
	_, r := e.submitted(300_000)
	e.leads("华东", zhang)
	e.leads("总部", wang)
	e.yes(wang, r.ID)
}

func testSubmitterChangesTeam_AP06(t *testing.T, e *env) {
	c, r := e.submitted(300_000)
	west := &org.Team{Name: "西区", Leader: zhang}
	must(t, e.dir.SaveTeam(t.Context(), west))
	e.person(lina, func(u *org.User) { u.Team = west.ID })
	e.person(zhang, func(u *org.User) { u.Team = west.ID })
	e.lost(wang, c, r, "您已不是提交人的上级", zhang)
}

// A rejection or a hand-over by somebody who is not right any more counts as
// little as an approval.
func testNothingIsDoneWithoutTheRight_AP06(t *testing.T, e *env) {
	ctx := t.Context()
	for name, act := range map[string]func(approval.Click) error{
		"reject": func(k approval.Click) error { _, err := e.approvals.Reject(ctx, e.as(wang), k); return err },
		"return": func(k approval.Click) error { _, err := e.approvals.Return(ctx, e.as(wang), k); return err },
		"delegate": func(k approval.Click) error {
			_, err := e.approvals.Delegate(ctx, e.as(wang), k, boss)
			return err
		},
		"add": func(k approval.Click) error {
			_, err := e.approvals.AddSign(ctx, e.as(wang), k, boss, true)
			return err
		},
	} {
		e.leads("华东", wang)
		_, r := e.submitted(300_000)
		e.leads("华东", zhang)
		err := act(approval.Click{Request: r.ID, Comment: "不合适"})
		if crm.CodeOf(err) != crm.CodeForbidden || crm.RuleOf(err) != "AP-06" {
			t.Errorf("%s: %v", name, err)
		}
		e.waitsFor(r, zhang)
	}
}

func testAdministratorNoMore_AP06(t *testing.T, e *env) {
	in := input(300_000)
	in.Customer = "蓝海物流"
	c, err := e.Create(t.Context(), e.as(sun), in)
	must(t, err)
	_, r, err := e.SubmitForApproval(t.Context(), e.as(sun), c.ID, 0, false, "")
	must(t, err)
	e.waitsFor(r, admin)
	e.person(zhang, func(u *org.User) { u.Roles = append(u.Roles, crm.Admin) })
	e.person(admin, func(u *org.User) { u.Roles = []crm.Role{crm.Service} })
	e.lost(admin, c, r, "您已不是管理员", zhang)
}

func testDelegatorsRightEnds_AP06(t *testing.T, e *env) {
	c, r := e.submitted(300_000)
	_, err := e.approvals.Delegate(t.Context(), e.as(wang), approval.Click{Request: r.ID}, boss)
	must(t, err)
	_, err = e.approvals.Delegate(t.Context(), e.as(boss), approval.Click{Request: r.ID}, finance)
	must(t, err)
	e.waitsFor(r, finance)
	e.leads("华东", zhang)
	e.lost(finance, c, r, "王磊 转给您，但已无权审批", zhang)
}

func testLeaveOfTheApproverIsOver_AP06(t *testing.T, e *env) {
	e.person(wang, func(u *org.User) { u.LeaveFrom, u.LeaveTo, u.Deputy = "2026-03-02", "2026-03-02", zhang })
	c, r := e.submitted(300_000)
	e.waitsFor(r, zhang)
	e.at("2026-03-03 09:00")
	e.lost(zhang, c, r, "您现在不代 王磊 审批", wang)
}

func testDeputyAndSuperiorOfBefore_AP05_AP06(t *testing.T, e *env) {
	e.person(wang, func(u *org.User) { u.Deputy = zhang })
	c, r := e.submitted(300_000)
	e.at("2026-03-03 16:00")
	must(t, e.approvals.RemindDue(t.Context()))
	e.waitsFor(r, wang, zhang, sun)
	e.person(wang, func(u *org.User) { u.Deputy = boss })
	e.lost(zhang, c, r, "您现在不代理 王磊", wang, sun)
	e.leads("总部", boss)
	e.lost(sun, c, r, "您已不是 王磊 的上级", wang)
	must(t, e.approvals.RemindDue(t.Context())) // who is deputy or superior now
	e.waitsFor(r, wang, boss)
	x := e.request(r.ID)
	if x.Held(zhang) != nil || x.Held(sun) != nil {
		t.Error("those of before are still asked")
	}
}

// Of several with the role, the task of the one who lost it is not needed; when
// it was the only one, the role's next holder gets it.
func testRoleMovesOn_AP06(t *testing.T, e *env) {
	c, r := e.submitted(300_000)
	e.yes(wang, r.ID)
	e.person(legal2, func(u *org.User) { u.Roles = []crm.Role{crm.Service} })
	_, err := e.approvals.Approve(t.Context(), e.as(legal2), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeForbidden, "AP-06")
	e.waitsFor(r, legal1)
	e.person(zhang, func(u *org.User) { u.Roles = []crm.Role{crm.Legal} })
	e.person(legal1, func(u *org.User) { u.Roles = []crm.Role{crm.Service} })
	_, err = e.approvals.Approve(t.Context(), e.as(legal1), approval.Click{Request: r.ID})
	refused(t, err, crm.CodeForbidden, "AP-06")
	e.waitsFor(r, zhang)
	e.yes(zhang, r.ID)
	e.wantState(c.ID, contract.ToSign, "")
}

// Nobody sees the request any more, so nobody clicks: the round of reminders
// moves it on.
func testRemindersFindWhoIsRight_AP05(t *testing.T, e *env) {
	_, r := e.submitted(300_000)
	e.leads("华东", zhang)
	e.at("2026-03-02 13:00")
	must(t, e.approvals.RemindDue(t.Context()))
	if n := e.notices(approval.ViewReminder, wang); n != 0 {
		t.Error("somebody who lost the right is reminded")
	}
	e.waitsFor(r, zhang)
	if x := e.request(r.ID); x.Held(wang) != nil {
		t.Error("the superior of before is still asked")
	}
}
