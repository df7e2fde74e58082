package push

import (
	"time"
)

// when says whether a kind of message comes in a quiet time: from the evening to
// the morning and on days without work (CH-03).
type when int

const (
	// byDay waits for the end of the quiet time. It is what an unasked message does
	// that is not in the table.
	byDay when = iota
	// atOnce is what the person asked for, what somebody waits for at this moment,
	// and what must be known at once.
	atOnce
	// ifExempt is atOnce for those of the kind that are exempt from the budget.
	ifExempt
)

// kinds is what each kind of message does in a quiet time, by its view. Answers
// to commands and presses and updates of cards are not messages of this table:
// they always come at once.
var kinds = map[string]when{
	"approval.card":     atOnce, // the approval or its result that was asked for; exempt by CH-03
	"approval.reminder": byDay,  // counts working hours anyway (AP-05)
	"lead.given":        ifExempt,
	"lead.taken":        byDay,
	"lead.collab":       byDay,
	"lead.answer":       byDay,
	"lead.watched":      byDay,
	"recycle.warning":   byDay,
	"recycle.review":    byDay,
	"recycle.trial":     byDay,
	"recycle.late":      byDay,
	"recycle.guard":     byDay,
	"recycle.released":  byDay,
	"recycle.extend":    byDay,
	"recycle.answer":    byDay,
	"contract.sign":     byDay,
	"activity.reminder": byDay,
	"today.card":        byDay,
	"push.digest":       byDay,
	"intake.again":      byDay,
	"assign.offer":      byDay, // made in working hours only (AS-03)
	"assign.given":      byDay,
	"assign.batch":      byDay,
	"assign.undone":     byDay,
	"assign.manual":     byDay,
	"assign.claim":      byDay,
	"assign.unplaced":   byDay,
	"assign.late":       byDay,
	"assign.teamlate":   byDay,
	"handover.ask":      byDay,
	"handover.given":    byDay,
	"report.card":       byDay,
	"report.chase":      byDay,
	"report.digest":     byDay,
	"report.missing":    byDay,
	"bind.card":         atOnce, // somebody stands at the door
	"bind.bound":        atOnce, // the answer to that
	"bind.elsewhere":    atOnce, // an account was bound: it may have been somebody else
	"org.appointed":     atOnce, // while the program is being set up
	"org.leave":         byDay,  // the leaver is frozen already (HO-01)
	"org.stays":         byDay,
}

// Waits is the end of the quiet time for which a message waits, the zero time if
// it goes out now. Exempt messages are outside the budget.
func (g *Gate) Waits(view string, exempt bool) time.Time {
	now := g.d.Clock.Now()
	if w := kinds[view]; w == atOnce || w == ifExempt && exempt {
		return time.Time{}
	}
	if at := g.d.Calendar.NextLoud(now); at.After(now) {
		return at
	}
	return time.Time{}
}
