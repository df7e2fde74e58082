// Package deal is the opportunity to sell something: what, to whom, for how
// much and when, and the stages on the way to won or lost.
package deal

import (
	"time"

	"crmbot/internal/crm"
)

// The facts that deals leave behind, on the day on which it happened, for the
// owner and team of that moment (F-06).
const (
	FactOpened = "deal.opened"
	FactWon    = "deal.won"
	FactLost   = "deal.lost"
)

// Status is whether a deal is still running.
type Status string

// The states of a deal.
const (
	Open Status = "open"
	Won  Status = "won"
	Lost Status = "lost"
)

// Name is the state's word.
func (s Status) Name(l crm.Lang) string {
	switch s {
	case Won:
		return l.T("赢单", "won")
	case Lost:
		return l.T("输单", "lost")
	}
	return l.T("进行中", "open")
}

// ProductID is the id of a product; zero: none.
type ProductID int64

// Product is something that is sold.
type Product struct {
	ID     ProductID
	Name   string // unique
	Series string
	Price  crm.Money // list price; zero: none
	// No is the product's number in the system it was imported from.
	No      string
	Version int64
}

// Deal is one opportunity.
type Deal struct {
	ID    crm.DealID
	Title string
	// Account is the customer; zero: not known (yet).
	Account crm.AccountID
	Product ProductID // zero: none
	Owner   crm.UserID
	Team    crm.TeamID // the owner's team
	// Stage is the key of the present stage, or the last one before the end.
	Stage  string
	Status Status
	// Amount is the expected amount while open, the real one when won, and the
	// amount at the time of the loss when lost (LO-01).
	Amount crm.Money
	// ExpectedClose is when it is expected to be decided; empty: not known.
	ExpectedClose crm.Day
	// OpenedOn and ClosedOn are the organisation's days; empty: not known, not
	// closed. A deal without OpenedOn has no opened fact.
	OpenedOn, ClosedOn crm.Day
	Reason             Reason // why it was lost
	Note               string // what the seller says about the loss
	// No is the deal's number in the system it was imported from; unique when not
	// empty.
	No string
	// StageAt is since when it is in the stage; Slips how often the expected close
	// was moved back (F-08).
	StageAt              time.Time
	Slips                int
	CreatedAt, UpdatedAt time.Time
	Version              int64
}

// Reason is why a deal was lost (LO-02).
type Reason string

// Reasons are the reasons of LO-02 as they are stored and shown in Chinese.
var Reasons = []struct {
	Key Reason
	crm.Text
}{
	{"price", crm.Text{Zh: "价格", En: "price"}},
	{"competitor", crm.Text{Zh: "竞品", En: "competitor"}},
	{"budget", crm.Text{Zh: "预算取消", En: "budget cancelled"}},
	{"timing", crm.Text{Zh: "时机未到", En: "not yet the time"}},
	{"fit", crm.Text{Zh: "需求不匹配", En: "does not fit the need"}},
	{"relation", crm.Text{Zh: "关系/决策链", En: "relations or decision chain"}},
	{"delivery", crm.Text{Zh: "交付能力", En: "ability to deliver"}},
	{"service", crm.Text{Zh: "服务不满", En: "unhappy with service"}},
	{"closed_down", crm.Text{Zh: "客户停业", En: "customer closed down"}},
	{"no_contact", crm.Text{Zh: "联系中断", En: "contact lost"}},
	{"other", crm.Text{Zh: "其他", En: "other"}},
}

// Name is the reason's word; the key itself for unknown ones.
func (r Reason) Name(l crm.Lang) string {
	for _, x := range Reasons {
		if x.Key == r {
			return x.In(l)
		}
	}
	return string(r)
}

// CanSee reports whether the actor may see the deal: owners and leaders by
// PM-01, and the owner of the account, who sees all children of the customer.
func CanSee(a crm.Actor, d Deal, accountOwner crm.UserID) bool {
	return a.CanSee(d.Owner, d.Team) || accountOwner != 0 && accountOwner == a.ID
}

// CanChange reports whether the actor may move and close the deal: its owner
// and leaders, unless they are leaving (HO-01).
func CanChange(a crm.Actor, d Deal) bool { return !a.Frozen && a.CanSee(d.Owner, d.Team) }
