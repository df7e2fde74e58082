package dingbot

import (
	"context"
	"log/slog"
	"strings"

	"crmbot/bot"
)

// The kinds of events in the inbox.
const (
	kindMessage = "message"
	kindPress   = "press"
	kindEvent   = "event"
)

// accept stores an event and starts its handling; true: it may be acknowledged.
// What cannot be read is acknowledged too: it would be no better next time.
func (b *Bot) accept(ctx context.Context, kind string, raw []byte, frame string) bool {
	m, err := decodeMessage(raw, frame)
	if err != nil {
		slog.WarnContext(ctx, "event not handled", "platform", Name, "kind", kind, "err", err)
		return true
	}
	if b.inbox.GaveUp(ctx, m.ID) {
		return true
	}
	// A copy of the event is acknowledged as soon as the first is stored, which
	// may be before its work has begun.
	defer b.work.Hold()()
	fresh, ok := b.inbox.Keep(ctx, bot.Kept{ID: m.ID, Kind: kind, Body: raw})
	// A message that cannot be stored comes again. It is handled all the same,
	// once: somebody who writes while the database is down reads that it is.
	if fresh || !ok && b.inbox.Once(ctx, m.ID) {
		b.work.Go(ctx, func(ctx context.Context) { b.handleMessage(ctx, m) })
	}
	return ok
}

// takeUp handles an event of a process that died.
func (b *Bot) takeUp(ctx context.Context, e bot.Kept) {
	switch e.Kind {
	case kindMessage:
		if m, err := decodeMessage(e.Body, e.ID); err == nil && !b.inbox.GaveUp(ctx, e.ID) {
			b.handleMessage(ctx, m)
			return
		}
	case kindPress:
		if p, err := decodePress(e.Body, strings.TrimPrefix(e.ID, pressPrefix)); err == nil {
			b.latePress(ctx, p)
			return
		}
	case kindEvent:
		b.handleEvent(ctx, e.ID, e.Body)
		return
	}
	b.inbox.Done(ctx, e.ID)
}
