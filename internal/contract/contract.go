// Package contract keeps the contracts with customers: what was agreed, how
// far it is from draft to signed to expired (CT-01), and everything that
// changed on the way.
package contract

import (
	"time"

	"crmbot/internal/crm"
)

// Channel is how both sides sign.
type Channel string

// The channels.
const (
	Online  Channel = "online"  // with a signing provider
	Offline Channel = "offline" // on paper; a scan is the proof (CT-02)
)

// Name is the channel's word.
func (c Channel) Name(l crm.Lang) string {
	if c == Online {
		return l.T("线上签署", "signed online")
	}
	return l.T("线下签署", "signed on paper")
}

// ParseChannel reads a channel as people write it; ok is false for anything
// else.
func ParseChannel(s string) (c Channel, ok bool) {
	switch s {
	case "online", "线上", "线上签署", "电子", "电子签":
		return Online, true
	case "offline", "线下", "线下签署", "纸质", "paper":
		return Offline, true
	}
	return "", false
}

// Cause is why a contract is 已拒绝.
type Cause string

// The causes.
const (
	ByApprover Cause = "approver"
	Returned   Cause = "returned"  // sent back with conditions
	Withdrawn  Cause = "withdrawn" // by the submitter
	Changed    Cause = "changed"   // its content changed during approval (AP-04)
	Declined   Cause = "declined"  // the customer does not sign
)

// Name is the cause's word; empty for none.
func (c Cause) Name(l crm.Lang) string {
	switch c {
	case ByApprover:
		return l.T("审批驳回", "rejected by an approver")
	case Returned:
		return l.T("审批退回", "sent back with conditions")
	case Withdrawn:
		return l.T("提交人撤回", "withdrawn")
	case Changed:
		return l.T("内容已变更", "content changed")
	case Declined:
		return l.T("客户拒签", "declined by the customer")
	}
	return ""
}

// Content is what a contract says. All fields but Contact, Remark, Channel and
// Deal are what an approval is bound to (AP-04).
type Content struct {
	Type string // the code of a type of the setting CT-03.types
	// Account is the customer and AccountName its name when the contract was
	// written; it does not follow later renaming.
	Account     crm.AccountID
	AccountName string
	Deal        crm.DealID // zero: none
	Amount      crm.Money
	Terms       string  // payment terms
	StartsOn    crm.Day // first day in force
	EndsOn      crm.Day // last day in force; empty: no end agreed
	Channel     Channel
	Contact     string // the customer's contact person
	Remark      string
}

// Contract is one contract.
type Contract struct {
	ID     crm.ContractID
	Number string // CT-03, unique
	Content
	Owner crm.UserID
	Team  crm.TeamID
	State State
	Cause Cause // while State is Rejected
	// Round counts the submissions; zero: never submitted.
	Round int
	// Hash is of the content that was submitted last.
	Hash    string
	Version int64
	// SubmittedAmount and ApprovedAmount are what the facts of submission and
	// approval add up to, so that a later round records the difference only.
	SubmittedAmount crm.Money
	ApprovedAt      time.Time
	ApprovedAmount  crm.Money
	// SignedOn is the day on which both sides had signed, the day of the credit
	// (CT-02); SignedAt when that was entered.
	SignedOn  crm.Day
	SignedAt  time.Time
	SignedVia Channel
	// CreditUser and CreditTeam got the credit of the signature.
	CreditUser crm.UserID
	CreditTeam crm.TeamID
	// HandedFrom is the former owner from whom it was taken over unsigned at
	// HandedAt (HO-02); zero: nobody.
	HandedFrom crm.UserID
	HandedAt   time.Time
	// ShareUser and ShareTeam got ShareAmount of that credit; zero: nothing was
	// shared.
	ShareUser   crm.UserID
	ShareTeam   crm.TeamID
	ShareAmount crm.Money
	// The flags of CT-01.
	ArchivedAt       time.Time
	TerminatedAt     time.Time
	TerminatedReason string
	SupersededBy     crm.ContractID

	CreatedAt, UpdatedAt time.Time
}

// The facts that contracts leave behind, for their owner and team of that
// moment. Amounts of later rounds are differences with quantity zero.
const (
	FactSubmitted = "contract.submitted"
	FactApproved  = "contract.approved"
	// FactSigned counts on the day of signature; a termination within the days of
	// CT-02.reversal takes it back on its own day.
	FactSigned = "contract.signed"
)

// Entry is one line of a contract's change log. It is never changed.
type Entry struct {
	ID       int64
	Contract crm.ContractID
	At       time.Time
	User     crm.UserID // zero: the system
	Event    Event
	From, To State // equal when the state did not change
	Diff     []Diff
	Note     string
}

// Diff is one changed field with its values before and after, in the form of
// Field.value.
type Diff struct {
	Field  Field  `json:"f"`
	Before string `json:"b"`
	After  string `json:"a"`
}

// File is a scan of the signed paper.
type File struct {
	ID       int64
	Contract crm.ContractID
	Name     string
	Hash     string // sha256, hexadecimal
	Size     int64
	User     crm.UserID
	At       time.Time
}

// History sums up what was agreed with a customer before.
type History struct {
	Signed int64     // contracts signed, terminated ones left out
	Amount crm.Money // of those
	LastOn crm.Day   // the latest signature; empty: none
	Open   int64     // submitted or approved, not yet signed
}
