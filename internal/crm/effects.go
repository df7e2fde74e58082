package crm

import (
	"context"
	"time"
)

// View names what a card shows: a registered view and its argument, usually a
// record's code. A card with a View is rendered again in place when a record
// that it is about changes.
type View struct{ Name, Ref string }

// Target is where a proactive message goes: a person, or one group on one
// platform. Exactly one of User and Chat is set. With a person, Platform is where
// they are reached if they can be; empty: where they were last.
type Target struct {
	User           UserID
	Platform, Chat string
}

// ToUser is a person's 1:1 chat.
func ToUser(id UserID) Target { return Target{User: id} }

// ToUserOn is a person's 1:1 chat on one platform, another one if they have none
// there.
func ToUserOn(id UserID, platform string) Target { return Target{User: id, Platform: platform} }

// ToGroup is a group chat.
func ToGroup(platform, chat string) Target { return Target{Platform: platform, Chat: chat} }

// Fact is one number that became true: who did how much of what, on which day,
// about which record. It is attributed to the owner and team of that moment
// and never edited; a correction is a new fact with negative numbers.
type Fact struct {
	At  time.Time
	Day Day // the organisation's day of At, or the business date of the number
	// User and Team get the credit.
	User UserID
	Team TeamID
	Key  string // a key that the metric registry knows, such as "lead.claim"
	// Qty is a count, or minutes for keys that measure time.
	Qty    int64
	Amount Money
	Ref    Ref
}

// Notice is a proactive card that is sent after the transaction committed, at
// least once, with Key as idempotency key.
type Notice struct {
	To   Target
	View View
	// Key makes the notice unique for ever: a second notice with the same key is
	// dropped. Empty: a fresh key.
	Key string
	// Topic groups notices of which only the newest matters: a waiting notice
	// with the same Topic and target is replaced. Empty: all are sent.
	Topic string
	// After delays the delivery; zero: at once.
	After time.Time
	// Always sends it whatever the push budget says (CH-03): it was asked for, is
	// due at this moment, or is too urgent to wait for the next digest.
	Always bool
}

// Effects is everything that must become true together with a change: facts,
// audit, messages and card updates. Calls take part in the transaction of the
// context and fail outside one.
type Effects interface {
	Auditor
	// Record writes facts and adds them to the daily sums.
	Record(ctx context.Context, facts ...Fact) error
	// TakeBack writes negative facts for the team that was credited with the
	// number, wherever the person is now (F-06). A number that was never credited
	// goes to the team that the fact names.
	TakeBack(ctx context.Context, facts ...Fact) error
	// Notify queues cards.
	Notify(ctx context.Context, notices ...Notice) error
	// Refresh queues the update of every sent card that is about the records.
	Refresh(ctx context.Context, refs ...Ref) error
}
