package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"crmbot/internal/approval"
	"crmbot/internal/crm"
)

type approvalRow struct {
	ID          int64
	Kind        string
	Category    string
	Ref         string
	OpenRef     *string // the subject while the request is open, else NULL: one open request per subject
	Title       string
	Amount      int64
	Hash        string
	Round       int
	State       string
	SubmitterID int64
	TeamID      int64
	OwnerID     int64
	Urgent      bool
	Note        string
	FlowVersion int64
	Version     int64
	SubmittedMs int64
	EndedMs     int64
	EndedBy     int64
	Comment     string
}

func (approvalRow) TableName() string { return "crm_approval_requests" }

type approvalNodeRow struct {
	ID        int64
	RequestID int64
	Seq       int
	LabelZh   string
	LabelEn   string
	Mode      string
	State     string
	OpenedMs  int64
	EndedMs   int64
	Version   int64
}

func (approvalNodeRow) TableName() string { return "crm_approval_nodes" }

type approvalTaskRow struct {
	ID         int64
	RequestID  int64
	NodeID     int64
	Seq        int
	UserID     int64
	ForID      int64
	Why        string
	State      string
	OpenedMs   int64
	DecidedMs  int64
	DecidedBy  int64
	RemindedMs int64
	DeputyID   int64
	DeputyMs   int64
	UpperID    int64
	UpperMs    int64
	Version    int64
}

func (approvalTaskRow) TableName() string { return "crm_approval_tasks" }

type approvalDecisionRow struct {
	ID        int64
	RequestID int64
	TaskID    int64
	UserID    int64
	ForID     int64
	Action    string
	Comment   string
	Hash      string
	AtMs      int64
}

func (approvalDecisionRow) TableName() string { return "crm_approval_decisions" }

type counterRow struct {
	Name string `gorm:"primaryKey"`
	Val  int64
}

func (counterRow) TableName() string { return "crm_counters" }

func approvalRowOf(r approval.Request) approvalRow {
	row := approvalRow{ID: int64(r.ID), Kind: r.Kind, Category: r.Category, Ref: r.Ref.String(), Title: cut(r.Title, 255), Amount: int64(r.Amount), Hash: r.Hash, Round: r.Round,
		State: string(r.State), SubmitterID: int64(r.Submitter), TeamID: int64(r.Team), OwnerID: int64(r.Owner), Urgent: r.Urgent, Note: r.Note, FlowVersion: r.FlowVersion, Version: r.Version,
		SubmittedMs: ms(r.SubmittedAt), EndedMs: ms(r.EndedAt), EndedBy: int64(r.EndedBy), Comment: r.Comment}
	if r.State == approval.Open {
		row.OpenRef = &row.Ref
	}
	return row
}

func (r approvalRow) entity() approval.Request {
	ref, _ := crm.ParseRef(r.Ref)
	return approval.Request{ID: crm.RequestID(r.ID), Kind: r.Kind, Category: r.Category, Ref: ref, Title: r.Title, Amount: crm.Money(r.Amount), Hash: r.Hash, Round: r.Round,
		State: approval.State(r.State), Submitter: crm.UserID(r.SubmitterID), Team: crm.TeamID(r.TeamID), Owner: crm.UserID(r.OwnerID), Urgent: r.Urgent, Note: r.Note, FlowVersion: r.FlowVersion, Version: r.Version,
		SubmittedAt: at(r.SubmittedMs), EndedAt: at(r.EndedMs), EndedBy: crm.UserID(r.EndedBy), Comment: r.Comment}
}

func approvalNodeRowOf(n approval.Node) approvalNodeRow {
	return approvalNodeRow{ID: n.ID, RequestID: int64(n.Request), Seq: n.Seq, LabelZh: n.Label.Zh, LabelEn: n.Label.En, Mode: string(n.Mode), State: string(n.State),
		OpenedMs: ms(n.OpenedAt), EndedMs: ms(n.EndedAt), Version: n.Version}
}

func (r approvalNodeRow) entity() approval.Node {
	return approval.Node{ID: r.ID, Request: crm.RequestID(r.RequestID), Seq: r.Seq, Label: crm.Text{Zh: r.LabelZh, En: r.LabelEn}, Mode: approval.Mode(r.Mode),
		State: approval.NodeState(r.State), OpenedAt: at(r.OpenedMs), EndedAt: at(r.EndedMs), Version: r.Version}
}

func approvalTaskRowOf(t approval.Task) approvalTaskRow {
	return approvalTaskRow{ID: t.ID, RequestID: int64(t.Request), NodeID: t.Node, Seq: t.Seq, UserID: int64(t.User), ForID: int64(t.For), Why: t.Why, State: string(t.State),
		OpenedMs: ms(t.OpenedAt), DecidedMs: ms(t.DecidedAt), DecidedBy: int64(t.DecidedBy), RemindedMs: ms(t.RemindedAt), DeputyID: int64(t.Deputy), DeputyMs: ms(t.DeputyAt),
		UpperID: int64(t.Upper), UpperMs: ms(t.UpperAt), Version: t.Version}
}

func (r approvalTaskRow) entity() approval.Task {
	return approval.Task{ID: r.ID, Request: crm.RequestID(r.RequestID), Node: r.NodeID, Seq: r.Seq, User: crm.UserID(r.UserID), For: crm.UserID(r.ForID), Why: r.Why,
		State: approval.NodeState(r.State), OpenedAt: at(r.OpenedMs), DecidedAt: at(r.DecidedMs), DecidedBy: crm.UserID(r.DecidedBy), RemindedAt: at(r.RemindedMs),
		Deputy: crm.UserID(r.DeputyID), DeputyAt: at(r.DeputyMs), Upper: crm.UserID(r.UpperID), UpperAt: at(r.UpperMs), Version: r.Version}
}

// AddApproval implements approval.Store.
func (d *DB) AddApproval(ctx context.Context, r *approval.Request) error {
	r.ID, r.Version = 0, 1
	row := approvalRowOf(*r)
	err := d.write(ctx).Create(&row).Error
	if duplicate(err) {
		return crm.Conflict("AP-06", r.Ref.String()+" 已有一个进行中的审批", r.Ref.String()+" has an open approval request already").
			WithNext("发送 /合同 "+r.Ref.String()+" 查看进度", "send /contract "+r.Ref.String()+" to see it")
	}
	r.ID = crm.RequestID(row.ID)
	return err
}

// AddApprovalNode implements approval.Store.
func (d *DB) AddApprovalNode(ctx context.Context, n *approval.Node) error {
	n.ID, n.Version = 0, 1
	row := approvalNodeRowOf(*n)
	err := d.write(ctx).Create(&row).Error
	n.ID = row.ID
	return err
}

// AddApprovalTask implements approval.Store.
func (d *DB) AddApprovalTask(ctx context.Context, t *approval.Task) error {
	t.ID, t.Version = 0, 1
	row := approvalTaskRowOf(*t)
	err := d.write(ctx).Create(&row).Error
	t.ID = row.ID
	return err
}

// AddApprovalDecision implements approval.Store.
func (d *DB) AddApprovalDecision(ctx context.Context, x *approval.Decision) error {
	row := approvalDecisionRow{RequestID: int64(x.Request), TaskID: x.Task, UserID: int64(x.User), ForID: int64(x.For), Action: string(x.Action), Comment: x.Comment, Hash: x.Hash, AtMs: ms(x.At)}
	err := d.write(ctx).Create(&row).Error
	x.ID = row.ID
	return err
}

// SaveApproval implements approval.Store.
func (d *DB) SaveApproval(ctx context.Context, r *approval.Request) error {
	r.Version++
	row := approvalRowOf(*r)
	return d.saveVersion(ctx, &row, row.ID, row.Version)
}

// SaveApprovalNode implements approval.Store.
func (d *DB) SaveApprovalNode(ctx context.Context, n *approval.Node) error {
	n.Version++
	row := approvalNodeRowOf(*n)
	return d.saveVersion(ctx, &row, row.ID, row.Version)
}

// SaveApprovalTask implements approval.Store.
func (d *DB) SaveApprovalTask(ctx context.Context, t *approval.Task) error {
	t.Version++
	row := approvalTaskRowOf(*t)
	return d.saveVersion(ctx, &row, row.ID, row.Version)
}

// saveVersion writes the whole row when its version is still the one before.
func (d *DB) saveVersion(ctx context.Context, row any, id, version int64) error {
	res := d.write(ctx).Model(row).Select("*").Omit("id").Where("id = ? AND version = ?", id, version-1).Updates(row)
	if res.Error == nil && res.RowsAffected == 0 {
		return approval.Moved()
	}
	return res.Error
}

// Approval implements approval.Store. The lock is on the request's row; all
// changes of a request take it first, so its nodes and tasks are read as they
// are.
func (d *DB) Approval(ctx context.Context, id crm.RequestID, lock bool) (approval.Chain, error) {
	var row approvalRow
	db := d.read(ctx)
	if lock {
		db = db.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	if err := db.Where("id = ?", int64(id)).Take(&row).Error; err != nil {
		if missing(err) {
			return approval.Chain{}, approval.NotFound(id)
		}
		return approval.Chain{}, err
	}
	c := approval.Chain{Request: row.entity()}
	var nodes []approvalNodeRow
	if err := d.read(ctx).Where("request_id = ?", row.ID).Order("seq, id").Find(&nodes).Error; err != nil {
		return c, err
	}
	var tasks []approvalTaskRow
	if err := d.read(ctx).Where("request_id = ?", row.ID).Order("node_id, seq, id").Find(&tasks).Error; err != nil {
		return c, err
	}
	for _, n := range nodes {
		e := n.entity()
		for _, t := range tasks {
			if t.NodeID == n.ID {
				e.Tasks = append(e.Tasks, t.entity())
			}
		}
		c.Nodes = append(c.Nodes, e)
	}
	return c, nil
}

// OpenApprovalOn implements approval.Store.
func (d *DB) OpenApprovalOn(ctx context.Context, ref crm.Ref) (crm.RequestID, error) {
	var rows []approvalRow
	err := d.read(ctx).Select("id").Where("open_ref = ?", ref.String()).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return crm.RequestID(rows[0].ID), nil
}

// ApprovalsOn implements approval.Store.
func (d *DB) ApprovalsOn(ctx context.Context, ref crm.Ref, n int) ([]approval.Request, error) {
	var rows []approvalRow
	err := d.read(ctx).Where("ref = ?", ref.String()).Order("id DESC").Limit(n).Find(&rows).Error
	return approvalRequests(rows), err
}

// ApprovalsSubmitted implements approval.Store.
func (d *DB) ApprovalsSubmitted(ctx context.Context, u crm.UserID, n int) ([]approval.Request, error) {
	var rows []approvalRow
	err := d.read(ctx).Where("submitter_id = ? AND state = ?", int64(u), string(approval.Open)).Order("id DESC").Limit(n).Find(&rows).Error
	return approvalRequests(rows), err
}

// Approvals implements approval.Store.
func (d *DB) Approvals(ctx context.Context, ids []crm.RequestID) ([]approval.Request, error) {
	var out []approval.Request
	for part := range slices.Chunk(ids, 200) {
		var rows []approvalRow
		if err := d.read(ctx).Where("id IN ?", part).Order("id").Find(&rows).Error; err != nil {
			return nil, err
		}
		out = append(out, approvalRequests(rows)...)
	}
	return out, nil
}

func approvalRequests(rows []approvalRow) []approval.Request {
	out := make([]approval.Request, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out
}

// ApprovalDecisions implements approval.Store.
func (d *DB) ApprovalDecisions(ctx context.Context, id crm.RequestID) ([]approval.Decision, error) {
	var rows []approvalDecisionRow
	if err := d.read(ctx).Where("request_id = ?", int64(id)).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]approval.Decision, len(rows))
	for i, r := range rows {
		out[i] = approval.Decision{ID: r.ID, Request: crm.RequestID(r.RequestID), Task: r.TaskID, User: crm.UserID(r.UserID), For: crm.UserID(r.ForID),
			Action: approval.Action(r.Action), Comment: r.Comment, Hash: r.Hash, At: at(r.AtMs)}
	}
	return out, nil
}

// ApprovalTasksOf implements approval.Store. Three indexed reads instead of one
// with OR, which the databases plan differently.
func (d *DB) ApprovalTasksOf(ctx context.Context, u crm.UserID, n int) ([]approval.Task, error) {
	byID := map[int64]approval.Task{}
	for _, col := range []string{"user_id", "deputy_id", "upper_id"} {
		var rows []approvalTaskRow
		if err := d.read(ctx).Where(col+" = ? AND state = ?", int64(u), string(approval.Asked)).Order("id").Limit(n).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			byID[r.ID] = r.entity()
		}
	}
	var out []approval.Task
	for _, id := range sortedKeys(byID) {
		out = append(out, byID[id])
	}
	return out[:min(n, len(out))], nil
}

// ApprovalTasksOverdue implements approval.Store.
func (d *DB) ApprovalTasksOverdue(ctx context.Context, asked time.Time, after int64, n int) ([]approval.Task, error) {
	var rows []approvalTaskRow
	err := d.read(ctx).Where("state = ? AND id > ? AND opened_ms <= ? AND upper_ms = 0", string(approval.Asked), after, ms(asked)).Order("id").Limit(n).Find(&rows).Error
	out := make([]approval.Task, len(rows))
	for i, r := range rows {
		out[i] = r.entity()
	}
	return out, err
}

// NextNumber counts the named counter up and returns its new value, from 1. The
// counter's row stays locked until the transaction ends, so that a number that
// is not used is not lost: numbers have neither gaps nor duplicates.
func (d *DB) NextNumber(ctx context.Context, counter string) (int64, error) {
	q := "INSERT INTO crm_counters (name, val) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET val = val + 1"
	if d.Dialect == MySQL {
		q = "INSERT INTO crm_counters (name, val) VALUES (?, 1) ON DUPLICATE KEY UPDATE val = val + 1"
	}
	if err := d.write(ctx).Exec(q, counter).Error; err != nil {
		return 0, err
	}
	var row counterRow
	err := d.write(ctx).Where("name = ?", counter).Take(&row).Error
	return row.Val, err
}
