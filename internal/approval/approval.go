// Package approval is the engine that gets things approved: requests with
// nodes that run one after another, an approver's task in each, decisions that
// are never changed, reminders and escalation. It knows nothing about what is
// approved; a Subject connects it to contracts, quotes and whatever comes.
package approval

import (
	"time"

	"crmbot/internal/crm"
)

// State is how far a request is.
type State string

// The states of a request. All but Open are final.
const (
	Open      State = "open"
	Approved  State = "approved"
	Rejected  State = "rejected"
	Returned  State = "returned"  // sent back with conditions
	Withdrawn State = "withdrawn" // taken back by the submitter
	Void      State = "void"      // the content changed (AP-04)
)

var stateNames = map[State]crm.Text{
	Open: {Zh: "审批中", En: "in approval"}, Approved: {Zh: "已通过", En: "approved"}, Rejected: {Zh: "已驳回", En: "rejected"},
	Returned: {Zh: "已退回", En: "sent back"}, Withdrawn: {Zh: "已撤回", En: "withdrawn"}, Void: {Zh: "已失效", En: "void"},
}

// Name is the state's word.
func (s State) Name(l crm.Lang) string { return stateNames[s].In(l) }

// Mode is how many of a node's approvers have to agree.
type Mode string

// The modes.
const (
	Any      Mode = "any"      // the first decision counts
	Every    Mode = "all"      // everybody, in any order
	Sequence Mode = "sequence" // everybody, one after another
)

// NodeState is how far a node or a task is.
type NodeState string

// The states of nodes and tasks.
const (
	Waiting NodeState = "waiting" // not yet asked
	Asked   NodeState = "open"    // asked, not decided
	Passed  NodeState = "approved"
	Refused NodeState = "rejected"
	Counted NodeState = "counted" // a task whose person had approved in an earlier node already
	Closed  NodeState = "closed"  // no longer needed: somebody else decided, or the request ended
)

// Request is one thing that waits for approval, bound to one content.
type Request struct {
	ID   crm.RequestID
	Kind string // the kind of subject: "contract"
	// Category is what kind of subject within Kind, for the choice of the flow: a
	// contract's type.
	Category string
	Ref      crm.Ref // the subject
	// Title names the subject for people; it is data that people typed.
	Title  string
	Amount crm.Money
	// Hash is the sha256 of the canonical content that is approved (AP-04).
	Hash string
	// Round counts the subject's submissions, from 1.
	Round     int
	State     State
	Submitter crm.UserID
	Team      crm.TeamID
	// Owner of the subject may read the request too; zero: the submitter.
	Owner  crm.UserID
	Urgent bool
	Note   string // from the submitter
	// FlowVersion is the version of the setting that the flow was taken from;
	// zero: the default.
	FlowVersion int64
	Version     int64
	SubmittedAt time.Time
	EndedAt     time.Time // zero while open
	EndedBy     crm.UserID
	Comment     string // of who ended it
}

// Node is one step of a request.
type Node struct {
	ID       int64
	Request  crm.RequestID
	Seq      int // nodes run in order of Seq
	Label    crm.Text
	Mode     Mode
	State    NodeState
	OpenedAt time.Time
	EndedAt  time.Time
	Tasks    []Task
	Version  int64

	dirty bool
}

// Task is what one approver has to decide in a node.
type Task struct {
	ID      int64
	Request crm.RequestID
	Node    int64
	Seq     int
	User    crm.UserID
	// For is who would have been asked if present and not the submitter; zero:
	// User (AP-03).
	For crm.UserID
	// Why says how the approver was found: "manager", "role:legal", "user",
	// "admin", "added", or "delegated" with whose task it was, who handed it on and
	// how the first approver was found: "delegated:3:3:manager".
	Why       string
	State     NodeState
	OpenedAt  time.Time
	DecidedAt time.Time
	DecidedBy crm.UserID
	// RemindedAt, DeputyAt and UpperAt are when the steps of AP-05 were taken.
	RemindedAt time.Time
	Deputy     crm.UserID // may act since DeputyAt; zero: nobody
	DeputyAt   time.Time
	Upper      crm.UserID // may act since UpperAt; zero: nobody
	UpperAt    time.Time
	Version    int64

	dirty bool
}

// HeldBy reports whether the person may act on the task as its approver, as
// deputy or after escalation.
func (t Task) HeldBy(u crm.UserID) bool {
	return u != 0 && (t.User == u || t.Deputy == u || t.Upper == u)
}

// Action is what a decision did.
type Action string

// The actions.
const (
	ActApprove  Action = "approve"
	ActReject   Action = "reject"
	ActReturn   Action = "return"
	ActWithdraw Action = "withdraw"
	ActVoid     Action = "void"
	ActDelegate Action = "delegate"
	ActAdd      Action = "add"
	ActCount    Action = "count" // counted from an earlier node
)

// Decision is one entry of a request's record. It is never changed.
type Decision struct {
	ID      int64
	Request crm.RequestID
	Task    int64
	User    crm.UserID // who acted; zero: the system
	For     crm.UserID // in whose place; zero: own
	Action  Action
	Comment string
	Hash    string // of the content that was decided on
	At      time.Time
}

// The facts that the engine records.
const (
	FactDecided = "approval.decided"
	// FactMinutes counts the working minutes from the moment the approver was
	// asked to the decision.
	FactMinutes = "approval.minutes"
)

// Line is a labelled value that matters for the decision.
type Line struct {
	Label crm.Text
	Value crm.Text
	Alert bool // deserves a second look
	Wide  bool // does not fit beside another
}

// Same is a value that reads the same in both languages: numbers, dates, names.
func Same(s string) crm.Text { return crm.Text{Zh: s, En: s} }

// Change is one difference to what was submitted before.
type Change struct {
	Label         crm.Text
	Before, After crm.Text
}

// Brief is what an approver has to know about a subject, short enough for a
// phone.
type Brief struct {
	Facts   []Line
	Changes []Change // since the round before; empty: first round or nothing
	History []Line   // what was agreed with this customer before
}
