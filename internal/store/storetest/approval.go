package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"crmbot/internal/approval"
	"crmbot/internal/crm"
	"crmbot/internal/store"
)

// Approval is the contract of approval.Store: requests with their nodes and
// tasks, one open request per subject, changes of the version that was read
// only, and what waits for a person.
func Approval(t *testing.T, db *store.DB, clock *crm.MovableClock) {
	ctx := t.Context()
	now := clock.Now()
	subject := crm.ContractID(8).Ref()
	r := approval.Request{Kind: "contract", Category: "BUY", Ref: subject, Title: "星河 😀", Amount: 5, Hash: "h", Round: 2, State: approval.Open, Submitter: 1, Team: 2, Owner: 3, Urgent: true,
		Note: "急", FlowVersion: 4, SubmittedAt: now}
	mustDo(t, db.AddApproval(ctx, &r))
	again := r
	if err := db.AddApproval(ctx, &again); crm.CodeOf(err) != crm.CodeConflict {
		t.Errorf("a second open request about the subject gave %v", err)
	}
	n := approval.Node{Request: r.ID, Seq: 1, Label: crm.Text{Zh: "法务", En: "legal"}, Mode: approval.Any, State: approval.Asked, OpenedAt: now}
	mustDo(t, db.AddApprovalNode(ctx, &n))
	task := approval.Task{Request: r.ID, Node: n.ID, Seq: 1, User: 5, For: 6, Why: "role:legal", State: approval.Asked, OpenedAt: now, Deputy: 7, DeputyAt: now, Upper: 8}
	mustDo(t, db.AddApprovalTask(ctx, &task))
	n.Tasks = []approval.Task{task}
	c, err := db.Approval(ctx, r.ID, false)
	mustDo(t, err)
	want := approval.Chain{Request: r, Nodes: []approval.Node{n}}
	if d := cmp.Diff(want, c, cmpopts.IgnoreUnexported(approval.Chain{}, approval.Node{}, approval.Task{})); d != "" {
		t.Errorf("kept differently (-want +got):\n%s", d)
	}
	if _, err := db.Approval(ctx, 999, false); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("an unknown request gave %v", err)
	}
	for u, held := range map[crm.UserID]int{5: 1, 7: 1, 8: 1, 6: 0, 1: 0, 99: 0} {
		list, err := db.ApprovalTasksOf(ctx, u, 10)
		mustDo(t, err)
		if len(list) != held {
			t.Errorf("%d tasks wait for person %d, want %d", len(list), u, held)
		}
	}
	approvalOverdue(t, db, task, now)
	oldTask, oldNode, oldRequest := task, n, r
	task.State, task.DecidedBy, task.DecidedAt = approval.Passed, 7, now
	mustDo(t, db.SaveApprovalTask(ctx, &task))
	n.State = approval.Passed
	mustDo(t, db.SaveApprovalNode(ctx, &n))
	r.State, r.EndedAt, r.EndedBy, r.Comment = approval.Approved, now, 7, "好"
	mustDo(t, db.SaveApproval(ctx, &r))
	for _, err := range []error{db.SaveApprovalTask(ctx, &oldTask), db.SaveApprovalNode(ctx, &oldNode), db.SaveApproval(ctx, &oldRequest)} {
		if crm.CodeOf(err) != crm.CodeConflict {
			t.Errorf("a change of an old version gave %v", err)
		}
	}
	if list, err := db.ApprovalTasksOf(ctx, 5, 10); err != nil || len(list) != 0 {
		t.Errorf("a decided task still waits: %v %v", list, err)
	}
	approvalRounds(t, db, r, subject)
	counters(t, db)
}

func approvalOverdue(t *testing.T, db *store.DB, task approval.Task, now time.Time) {
	t.Helper()
	for name, x := range map[string]struct {
		asked time.Time
		after int64
		want  int
	}{"asked before": {now, 0, 1}, "asked later": {now.Add(-time.Millisecond), 0, 0}, "next page": {now, task.ID, 0}} {
		list, err := db.ApprovalTasksOverdue(t.Context(), x.asked, x.after, 10)
		mustDo(t, err)
		if len(list) != x.want {
			t.Errorf("%s: %d tasks, want %d", name, len(list), x.want)
		}
	}
}

// approvalRounds: an ended request frees its subject, and stays readable.
func approvalRounds(t *testing.T, db *store.DB, first approval.Request, subject crm.Ref) {
	t.Helper()
	ctx := t.Context()
	if id, err := db.OpenApprovalOn(ctx, subject); err != nil || id != 0 {
		t.Errorf("an ended request is still open: %d %v", id, err)
	}
	next := first
	next.State, next.Round = approval.Open, 3
	mustDo(t, db.AddApproval(ctx, &next))
	if id, err := db.OpenApprovalOn(ctx, subject); err != nil || id != next.ID {
		t.Errorf("the open request is %d (%v), want %d", id, err, next.ID)
	}
	list, err := db.ApprovalsOn(ctx, subject, 10)
	mustDo(t, err)
	if len(list) != 2 || list[0].ID != next.ID || list[1].Comment != "好" {
		t.Errorf("requests about the subject: %+v", list)
	}
	mine, err := db.ApprovalsSubmitted(ctx, 1, 10)
	mustDo(t, err)
	if len(mine) != 1 || mine[0].ID != next.ID {
		t.Errorf("open requests of the submitter: %+v", mine)
	}
	some, err := db.Approvals(ctx, []crm.RequestID{first.ID, next.ID, 12345})
	mustDo(t, err)
	if len(some) != 2 {
		t.Errorf("%d requests read by id, want 2", len(some))
	}
	d := approval.Decision{Request: next.ID, Task: 3, User: 5, For: 6, Action: approval.ActReject, Comment: "不行", Hash: "h", At: next.SubmittedAt}
	mustDo(t, db.AddApprovalDecision(ctx, &d))
	ds, err := db.ApprovalDecisions(ctx, next.ID)
	mustDo(t, err)
	if len(ds) != 1 || ds[0] != d {
		t.Errorf("decisions %+v", ds)
	}
}

// counters: a number whose transaction is rolled back is not lost.
func counters(t *testing.T, db *store.DB) {
	t.Helper()
	next := func(fail error) int64 {
		var n int64
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			var err error
			if n, err = db.NextNumber(ctx, "test"); err != nil {
				return err
			}
			return fail
		})
		if !errors.Is(err, fail) {
			t.Fatal(err)
		}
		return n
	}
	if a, b, c := next(nil), next(context.Canceled), next(nil); a != 1 || b != 2 || c != 2 {
		t.Errorf("numbers %d, %d (rolled back), %d; want 1, 2, 2", a, b, c)
	}
}
