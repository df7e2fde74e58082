package larkbot

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"crmbot/bot"
)

// kindEvent is the one kind of event in the inbox: an envelope says itself what
// it is.
const kindEvent = "event"

// accept stores an event and starts its work; nil: it is acknowledged. An event
// that cannot be stored is handled at once and acknowledged when it took effect.
func (b *Bot) accept(ctx context.Context, e bot.Kept, do doing) error {
	if b.inbox == nil {
		return b.handled(ctx, do)
	}
	// A copy of the event is acknowledged as soon as the first is stored, which
	// may be before its work has begun.
	defer b.work.Hold()()
	fresh, ok := b.inbox.Keep(ctx, e)
	if !ok {
		return b.handled(ctx, do)
	}
	if fresh {
		b.work.Go(ctx, func(ctx context.Context) { b.finish(ctx, e.ID, do) })
	}
	return nil
}

// finish does the work of a stored event and marks it as handled. What did not
// take effect is taken up again after its lease.
func (b *Bot) finish(ctx context.Context, id string, do doing) {
	if !b.inbox.GaveUp(ctx, id) {
		if err := do(ctx, func() {}); err != nil {
			if !errors.Is(err, errUnfinished) {
				slog.WarnContext(ctx, "event is handled again later", "platform", Name, "event", id, "err", err)
			}
			return
		}
	}
	b.inbox.Done(ctx, id)
}

// takeUp handles an event of a process that died. It was found to be for this
// app and tenant before it was stored.
func (b *Bot) takeUp(ctx context.Context, k bot.Kept) {
	var e envelope
	if json.Unmarshal(k.Body, &e) == nil {
		switch ours, err := b.ours(ctx, e); {
		case err != nil:
			return // later
		case !ours:
			b.inbox.Done(ctx, k.ID)
			return
		}
		if w, err := b.read(ctx, e); err == nil && w.do != nil {
			b.finish(ctx, k.ID, w.do)
			return
		}
	}
	b.inbox.Done(ctx, k.ID)
}
