package bot

import (
	"context"
	"errors"
	"time"

	"crmbot/cards/card"
)

// Outgoing is one proactive message for a platform.
type Outgoing struct {
	// Chat is the platform's chat id, or User its person id for a 1:1 message.
	Chat, User string
	Text       string
	Card       *card.Card
	Files      []File
	// Key is the idempotency key: sending again with the same key must not show
	// the message twice.
	Key string
}

// Platform is one chat platform as the outbox sees it. Implementations are
// safe for concurrent use. Errors that waiting cannot mend wrap ErrPermanent;
// throttling carries the wait in a RetryAfter.
type Platform interface {
	// Name is the stable name that identities and messages are stored under.
	Name() string
	// Send delivers a message and returns the ids of what it became; Ref.ID names
	// the card message.
	Send(ctx context.Context, o Outgoing) (MessageRef, error)
	// Update replaces the card of a sent message for everybody who sees it.
	Update(ctx context.Context, m MessageRef, c card.Card) error
}

// ErrPermanent marks a delivery that will not succeed by trying again: the
// person left, the chat is gone, the message is too old to update.
var ErrPermanent = errors.New("permanent delivery failure")

// RetryAfter is a throttled delivery with the platform's own wait.
type RetryAfter struct {
	Wait time.Duration
	Err  error
}

// Error is the cause's text.
func (r *RetryAfter) Error() string { return "throttled: " + r.Err.Error() }

// Unwrap is the cause.
func (r *RetryAfter) Unwrap() error { return r.Err }
