// Package handover gives a leaver's leads, accounts and deals to colleagues
// (HO-01 to HO-03): a proposal for their manager by region, level and load, which
// can be changed and is accepted part by part, the move through the ownership
// gate with what was promised, and whether the new owners got in touch.
package handover

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/rule"
)

// The facts that hand-overs write, for the new owner.
const (
	FactReceived  = "handover.received"  // a record whose days to be contacted are over
	FactContacted = "handover.contacted" // it was contacted in that time (HO-03)
)

// The settings.
var (
	GraceDays   = rule.Int{Key: "HO-02.grace_days", Title: crm.Text{Zh: "交接后回收多给的工作日", En: "working days more before a handed-over record is recycled"}, Unit: crm.Text{Zh: "个工作日", En: "working days"}, Default: 10, Min: 0, Max: 120}
	ContactDays = lead.HandedDays
	AskAfter    = rule.Int{Key: "HO-01.ask_hours", Title: crm.Text{Zh: "冻结后多久向经理提交接方案", En: "time from a freeze to the proposal for the manager"}, Unit: crm.Text{Zh: "工作小时", En: "working hours"}, Default: 4, Min: 0, Max: 9}
	Follow      = rule.Bool{Key: "HO-02.contracts_follow", Title: crm.Text{Zh: "未签合同随客户归新负责人（业绩记给签约时的负责人）", En: "unsigned contracts follow to the new owner, who gets the credit when they are signed"}, Default: true}
)

// Settings are the definitions for the book of rules.
func Settings() []rule.Def {
	return []rule.Def{GraceDays.Def(), ContactDays.Def(), AskAfter.Def(), Follow.Def()}
}

// State is where a hand-over stands.
type State string

// The states.
const (
	Open      State = "open"
	Done      State = "done"
	Cancelled State = "cancelled" // the person is employed after all
)

// Handover is one person's records on their way to others.
type Handover struct {
	ID   int64
	User crm.UserID
	// Manager decides about it; Team is the leaver's.
	Manager crm.UserID
	Team    crm.TeamID
	State   State
	// AskAt is when the manager gets the proposal; AskedAt when they got it.
	AskAt, AskedAt    time.Time
	CreatedAt, DoneAt time.Time
	Rev               int64
}

// ItemState is what became of one record.
type ItemState string

// The states of a record.
const (
	Proposed ItemState = "proposed"
	Accepted ItemState = "accepted" // it is moved in a moment
	Moved    ItemState = "moved"
	Failed   ItemState = "failed" // it could not be moved, Reason says why
	Gone     ItemState = "gone"   // the leaver does not own it any more
)

// Record is something that a leaver owns.
type Record struct {
	Ref    crm.Ref
	Title  string
	Region string
	// Grade is a lead's grade or an account's level, "" without one.
	Grade string
	// Open is the amount of its open deals.
	Open crm.Money
}

// Item is a record of a hand-over.
type Item struct {
	Handover int64
	Record
	To      crm.UserID // zero: nobody fits
	State   ItemState
	Reason  string // the code of an error
	MovedAt time.Time
	// Judged is set when it was counted whether it was contacted in time.
	Judged bool
}

// Receiver is a colleague who may get records.
type Receiver struct {
	User   crm.UserID
	Region string
	// Held of Hold records are held, by kind.
	Held, Hold map[crm.Kind]int
}

// Propose splits the records among the receivers (HO-01): the most valuable
// first, each to somebody of its region where there is one with room, and among
// those to whoever is the least loaded for their limit. Nobody gets more than
// their hold limit while somebody has room; what fits nowhere is left without a
// receiver. The answer depends on its arguments only.
func Propose(records []Record, receivers []Receiver) map[crm.Ref]crm.UserID {
	list := slices.Clone(records)
	slices.SortStableFunc(list, func(a, b Record) int {
		return cmp.Or(cmp.Compare(worth(a), worth(b)), cmp.Compare(b.Open, a.Open), cmp.Compare(a.Ref.Kind, b.Ref.Kind), cmp.Compare(a.Ref.ID, b.Ref.ID))
	})
	extra := map[crm.UserID]map[crm.Kind]int{}
	out := make(map[crm.Ref]crm.UserID, len(list))
	for _, r := range list {
		var best Receiver
		found := false
		better := func(x, y Receiver) bool {
			return cmp.Or(cmp.Compare(away(x, r), away(y, r)), cmp.Compare(load(x, r.Ref.Kind, extra)*1e6+float64(x.User), load(y, r.Ref.Kind, extra)*1e6+float64(y.User))) < 0
		}
		for _, x := range receivers {
			if limit := x.Hold[r.Ref.Kind]; limit > 0 && x.Held[r.Ref.Kind]+extra[x.User][r.Ref.Kind] >= limit {
				continue
			}
			if !found || better(x, best) {
				best, found = x, true
			}
		}
		if !found {
			continue
		}
		out[r.Ref] = best.User
		if extra[best.User] == nil {
			extra[best.User] = map[crm.Kind]int{}
		}
		extra[best.User][r.Ref.Kind]++
	}
	return out
}

// worth orders records: key accounts and A first.
func worth(r Record) string {
	if r.Grade == "KA" {
		return ""
	}
	if r.Grade == "" {
		return "Z"
	}
	return r.Grade
}

// away is 0 for a receiver of the record's region.
func away(x Receiver, r Record) int {
	if r.Region != "" && x.Region != "" && (strings.HasPrefix(r.Region, x.Region) || strings.HasPrefix(x.Region, r.Region)) {
		return 0
	}
	return 1
}

// load is how full a receiver is with what was proposed so far.
func load(x Receiver, k crm.Kind, extra map[crm.UserID]map[crm.Kind]int) float64 {
	n := float64(x.Held[k] + extra[x.User][k])
	if limit := x.Hold[k]; limit > 0 {
		return n / float64(limit)
	}
	return n
}
