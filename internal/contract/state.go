package contract

import (
	"fmt"

	"crmbot/internal/crm"
)

// State is where a contract stands (CT-01).
type State string

// The draft and the six states of CT-01.
const (
	Draft      State = "draft"
	Pending    State = "pending"     // 待审核
	Rejected   State = "rejected"    // 已拒绝
	ToSign     State = "to_sign"     // 待客户签署
	NotStarted State = "not_started" // 未生效
	Active     State = "active"      // 生效中
	Expired    State = "expired"     // 已过期
)

// States are all states, in the order in which a contract passes them.
var States = []State{Draft, Pending, Rejected, ToSign, NotStarted, Active, Expired}

var stateNames = map[State]crm.Text{
	Draft: {Zh: "草稿", En: "draft"}, Pending: {Zh: "待审核", En: "in approval"}, Rejected: {Zh: "已拒绝", En: "rejected"},
	ToSign: {Zh: "待客户签署", En: "to be signed"}, NotStarted: {Zh: "未生效", En: "not yet in force"}, Active: {Zh: "生效中", En: "in force"},
	Expired: {Zh: "已过期", En: "expired"},
}

// Name is the state's word.
func (s State) Name(l crm.Lang) string { return stateNames[s].In(l) }

// Signed reports whether both sides have signed.
func (s State) Signed() bool { return s == NotStarted || s == Active || s == Expired }

// Event is something that happens to a contract.
type Event string

// The events that move the state.
const (
	Submit  Event = "submit"
	Approve Event = "approve"
	// Reject is the end of an approval without agreement; the Cause says how.
	Reject  Event = "reject"
	Sign    Event = "sign"
	Decline Event = "decline" // 客户拒签
	Start   Event = "start"   // the start date is reached
	End     Event = "end"     // the end date has passed
)

// The events that are only logged.
const (
	Create    Event = "create"
	Edit      Event = "edit"
	Scan      Event = "scan"
	Terminate Event = "terminate"
	// How an approval ended without agreement, where nobody said no.
	SendBack Event = "send_back"
	Withdraw Event = "withdraw"
	Void     Event = "void"
)

// logged is what the log calls the end of an approval without agreement.
func logged(c Cause) Event {
	switch c {
	case Returned:
		return SendBack
	case Withdrawn:
		return Withdraw
	case Changed:
		return Void
	}
	return Reject
}

// Events are all events that move the state.
var Events = []Event{Submit, Approve, Reject, Sign, Decline, Start, End}

var eventNames = map[Event]crm.Text{
	Create: {Zh: "新建", En: "created"}, Edit: {Zh: "修改", En: "changed"}, Submit: {Zh: "提交审批", En: "submitted"}, Approve: {Zh: "审批通过", En: "approved"},
	Reject: {Zh: "审批未通过", En: "not approved"}, Sign: {Zh: "双方签署", En: "signed"}, Decline: {Zh: "客户拒签", En: "declined by the customer"},
	Start: {Zh: "开始生效", En: "came into force"}, End: {Zh: "到期", En: "expired"}, Scan: {Zh: "上传扫描件", En: "scan uploaded"}, Terminate: {Zh: "终止", En: "terminated"},
	SendBack: {Zh: "退回修改", En: "sent back"}, Withdraw: {Zh: "撤回审批", En: "withdrawn"}, Void: {Zh: "内容变更，审批失效", En: "void: the content changed"},
}

// Name is the event's word.
func (e Event) Name(l crm.Lang) string { return eventNames[e].In(l) }

type edge struct {
	from State
	on   Event
}

// edges are all there are (CT-01).
var edges = map[edge]State{
	{Draft, Submit}:     Pending,
	{Rejected, Submit}:  Pending,
	{Pending, Approve}:  ToSign,
	{Pending, Reject}:   Rejected,
	{ToSign, Sign}:      NotStarted,
	{ToSign, Decline}:   Rejected,
	{NotStarted, Start}: Active,
	{Active, End}:       Expired,
}

// Next is the state after the event, or a refusal by CT-01.
func Next(s State, e Event) (State, error) {
	if to, ok := edges[edge{s, e}]; ok {
		return to, nil
	}
	return s, crm.Refused("CT-01", fmt.Sprintf("合同现在是“%s”，不能%s", s.Name(crm.Chinese), eventVerbs[e].Zh), fmt.Sprintf("the contract is %s and cannot be %s", s.Name(crm.English), eventVerbs[e].En)).
		WithNext(nextStep[s].Zh, nextStep[s].En)
}

var eventVerbs = map[Event]crm.Text{
	Submit: {Zh: "提交审批", En: "submitted"}, Approve: {Zh: "通过审批", En: "approved"}, Reject: {Zh: "驳回", En: "rejected"}, Sign: {Zh: "签署", En: "signed"},
	Decline: {Zh: "登记客户拒签", En: "declined"}, Start: {Zh: "生效", En: "put in force"}, End: {Zh: "到期", En: "expired"},
}

// nextStep is what can be done in each state.
var nextStep = map[State]crm.Text{
	Draft:      {Zh: "先用 /提交 提交审批", En: "first /submit it for approval"},
	Pending:    {Zh: "等待审批，提交人可以 /撤回", En: "it waits for approval; the submitter can /withdraw it"},
	Rejected:   {Zh: "修改后可重新 /提交", En: "change it and /submit it again"},
	ToSign:     {Zh: "客户签署后由法务 /签署", En: "legal can /sign it once the customer has signed"},
	NotStarted: {Zh: "到开始日期自动生效", En: "it comes into force on its start date"},
	Active:     {Zh: "合同已在履行", En: "it is in force"},
	Expired:    {Zh: "需要续约请新建合同", En: "make a new contract to renew it"},
}
