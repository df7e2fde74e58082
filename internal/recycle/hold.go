package recycle

import (
	"context"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// Hold is one thing that keeps a record from being released (P-12).
type Hold struct {
	What HoldKind
	// Until is the last day of it; empty: not known.
	Until crm.Day
	// Ref is the record that it comes from, such as a contract; zero: none.
	Ref crm.Ref
}

// HoldKind is a kind of hold.
type HoldKind string

// The holds.
const (
	HoldLock     HoldKind = "lock"
	HoldLeave    HoldKind = "leave"
	HoldHandOver HoldKind = "hand_over"
	HoldAsked    HoldKind = "asked"    // an extension that was asked for
	HoldApproval HoldKind = "approval" // an approval about it or one of its contracts
	HoldContract HoldKind = "contract" // 待审核, 待客户签署 or 生效中
)

// Name is what the hold is called.
func (k HoldKind) Name(l crm.Lang) string {
	switch k {
	case HoldLock:
		return l.T("已锁定", "locked")
	case HoldLeave:
		return l.T("负责人休假", "its owner is on leave")
	case HoldHandOver:
		return l.T("负责人正在交接", "its owner is handing over")
	case HoldAsked:
		return l.T("延期申请待审批", "an extension was asked for")
	case HoldApproval:
		return l.T("审批中", "an approval is open")
	case HoldContract:
		return l.T("合同待审核、待签署或生效中", "a contract is under approval, to be signed or in force")
	}
	return string(k)
}

// Source tells what else holds records of a page: it answers for all of them
// at once. A new noun that can hold a record (a receivable, a ticket) adds one
// to Deps.Holds.
type Source func(ctx context.Context, refs []crm.Ref) (map[crm.Ref][]Hold, error)

// holdsOf is what keeps the record at the moment (P-12).
func holdsOf(f Facts, p Person, t Terms, cal *calendar.Calendar, now time.Time) []Hold {
	var out []Hold
	today := cal.DayOf(now)
	if f.Keep.LockedUntil.After(now) {
		out = append(out, Hold{What: HoldLock, Until: cal.DayOf(f.Keep.LockedUntil)})
	}
	if p.LeaveFrom != "" && today >= p.LeaveFrom && (p.LeaveTo == "" || today <= p.LeaveTo) {
		out = append(out, Hold{What: HoldLeave, Until: p.LeaveTo})
	}
	if p.Frozen {
		out = append(out, Hold{What: HoldHandOver})
	}
	switch {
	case f.Keep.AskedAt.IsZero():
	case t.AnswerDays == 0:
		out = append(out, Hold{What: HoldAsked})
	default:
		if end := cal.AddWorkdays(cal.DayOf(f.Keep.AskedAt), t.AnswerDays); today <= end {
			out = append(out, Hold{What: HoldAsked, Until: end})
		}
	}
	return append(out, f.Holds...)
}
