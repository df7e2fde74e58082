// Package push keeps unasked cards from becoming noise (CH-03): so many a day
// for each rep, what is over waits for the next digest, and a card about the
// same thing takes the place of the one that was just sent. Nothing is lost.
package push

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// The settings of CH-03 besides the time of the morning's digest.
var (
	Budget = rule.Int{Key: "CH-03.budget", Title: crm.Text{Zh: "销售每天最多收到的主动推送", En: "unasked cards that a rep gets in a day"},
		Unit: crm.Text{Zh: "张", En: "cards"}, Default: 6, Min: 0, Max: 1000}
	Evening = rule.Clock{Key: "CH-03.evening", Title: crm.Text{Zh: "傍晚汇总超额推送的时间", En: "when withheld cards are gathered in the evening"}, Default: "17:30"}
	Same    = rule.Int{Key: "CH-03.same", Title: crm.Text{Zh: "同一内容多久内只更新原卡片", En: "for how long the same thing updates its card"},
		Unit: crm.Text{Zh: "分钟", En: "minutes"}, Default: 30, Min: 0, Max: 1440}
)

// Settings are the definitions for the book of rules.
func Settings() []rule.Def { return []rule.Def{Budget.Def(), Evening.Def(), Same.Def()} }

// View is the view of the digest of withheld cards; its argument is the slot.
const View = "push.digest"

// Slot is the digest in which a withheld card is told: "2026-03-02T17:30".
type Slot string

const slotForm = "2006-01-02T15:04"

// Lead is how long before a digest the last cards are put into it: what comes
// later waits for the next one, so that a digest that is being sent is complete.
const Lead = time.Minute

// Digest is the digest that a card withheld now waits for: the next one on a
// working day, in the morning or in the evening. The times are minutes of the
// day.
func Digest(cal *calendar.Calendar, now time.Time, morning, evening int) time.Time {
	least := now.Add(Lead)
	for day := cal.WorkdayOnOrAfter(cal.DayOf(now)); ; day = cal.NextWorkday(day) {
		for _, m := range []int{min(morning, evening), max(morning, evening)} {
			if at := day.At(m/60, m%60, cal.Zone()); at.After(least) {
				return at
			}
		}
	}
}

// Held is a card that was withheld.
type Held struct {
	ID   int64 // of its row in the outbox
	User crm.UserID
	View crm.View
	At   time.Time // when it was queued
}

// Store counts and keeps withheld cards.
type Store interface {
	// AdmitPush counts the outbox row among the person's cards of the day, once
	// however often it is asked, and reports whether it is within the limit.
	AdmitPush(ctx context.Context, row int64, user crm.UserID, day crm.Day, limit int) (bool, error)
	// PushesOf are how many of their cards of the day the people got.
	PushesOf(ctx context.Context, users []crm.UserID, day crm.Day) (map[crm.UserID]int, error)
	// HoldPush takes the row out of the queue until the slot and queues the
	// digest's notice with it.
	HoldPush(ctx context.Context, row int64, slot Slot, digest crm.Notice) error
	// HeldPushes are the person's withheld cards, newest first, at most n: those
	// of the slot, however old, or with an empty one all since the moment.
	HeldPushes(ctx context.Context, user crm.UserID, slot Slot, since time.Time, n int) ([]Held, error)
	// HeldPush finds one; crm.CodeNotFound when there is none.
	HeldPush(ctx context.Context, row int64) (Held, error)
}

// Deps are what the gate works with.
type Deps struct {
	Store    Store
	Calendar *calendar.Calendar
	Rules    *rule.Book
	Clock    crm.Clock
	// Morning is the setting of the morning's digest.
	Morning rule.Clock
}

// Gate decides which unasked cards go out at once. Safe for concurrent use.
type Gate struct{ d Deps }

// NewGate makes a gate.
func NewGate(d Deps) *Gate { return &Gate{d} }

// Withhold reports whether the card of the outbox row waits for the next
// digest, and if so puts it there. Only reps have a budget; who leads or decides
// for others is asked for by them.
func (g *Gate) Withhold(ctx context.Context, a crm.Actor, row int64) (bool, error) {
	if !a.Is(crm.Rep) {
		return false, nil
	}
	now := g.d.Clock.Now()
	ok, err := g.d.Store.AdmitPush(ctx, row, a.ID, g.d.Calendar.DayOf(now), g.Budget(ctx, a))
	if err != nil || ok {
		return false, err
	}
	mh, mm := g.d.Morning.Of(ctx, g.d.Rules)
	eh, em := Evening.Of(ctx, g.d.Rules)
	at := Digest(g.d.Calendar, now, mh*60+mm, eh*60+em)
	slot := Slot(at.In(g.d.Calendar.Zone()).Format(slotForm))
	return true, g.d.Store.HoldPush(ctx, row, slot, crm.Notice{To: crm.ToUser(a.ID), View: crm.View{Name: View, Ref: string(slot)}, Key: fmt.Sprintf("push:%s:%d", slot, a.ID), After: at, Always: true})
}

// Budget is how many unasked cards the person gets in a day.
func (g *Gate) Budget(ctx context.Context, a crm.Actor) int {
	return int(Budget.Of(ctx, g.d.Rules, rule.Scope(fmt.Sprintf("user:%d", a.ID)), rule.Scope("role:"+string(crm.Rep)), rule.Scope(fmt.Sprintf("team:%d", a.Team))))
}

// Spent are those of the people who got all cards that they may get today: what
// is sent to them now waits for the next digest.
func (g *Gate) Spent(ctx context.Context, people []crm.Actor) (map[crm.UserID]bool, error) {
	ids := make([]crm.UserID, len(people))
	for i, a := range people {
		ids[i] = a.ID
	}
	sent, err := g.d.Store.PushesOf(ctx, ids, g.d.Calendar.DayOf(g.d.Clock.Now()))
	if err != nil {
		return nil, err
	}
	out := map[crm.UserID]bool{}
	for _, a := range people {
		out[a.ID] = sent[a.ID] >= g.Budget(ctx, a)
	}
	return out, nil
}

// SameFor is for how long a card about the same thing is updated in place.
func (g *Gate) SameFor(ctx context.Context) time.Duration {
	return time.Duration(Same.Of(ctx, g.d.Rules)) * time.Minute
}

// keep is for how long withheld cards are listed outside their digest, which may
// come after a long holiday.
const keep = 3 * 24 * time.Hour

// maxHeld bounds one list; what is beyond it can be opened by its number.
const maxHeld = 200

// Held are the actor's withheld cards of the slot, or all of the last days with
// an empty one, oldest first. Of several about the same thing the newest is left.
func (g *Gate) Held(ctx context.Context, a crm.Actor, slot Slot) ([]Held, error) {
	list, err := g.d.Store.HeldPushes(ctx, a.ID, slot, g.d.Clock.Now().Add(-keep), maxHeld)
	if err != nil {
		return nil, err
	}
	seen := map[crm.View]bool{}
	var out []Held
	for _, h := range list {
		if !seen[h.View] {
			seen[h.View] = true
			out = append(out, h)
		}
	}
	slices.Reverse(out)
	return out, nil
}

// Open is one withheld card of the actor.
func (g *Gate) Open(ctx context.Context, a crm.Actor, id int64) (Held, error) {
	h, err := g.d.Store.HeldPush(ctx, id)
	if err == nil && h.User == a.ID {
		return h, nil
	}
	if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
		return Held{}, err
	}
	return Held{}, crm.NotFound("没有这条消息", "there is no such message").WithNext("发送 /消息 查看", "send /messages for the list")
}
