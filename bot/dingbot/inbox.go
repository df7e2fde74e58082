package dingbot

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"crmbot/bot"
)

// The kinds of events in the inbox.
const (
	kindMessage = "message"
	kindPress   = "press"
	kindEvent   = "event"
)

const resumeBatch = 32

// accept stores an event and starts its handling; true: it may be acknowledged.
// What cannot be read is acknowledged too: it would be no better next time.
func (b *Bot) accept(ctx context.Context, kind string, raw []byte, frame string) bool {
	m, err := decodeMessage(raw, frame)
	if err != nil {
		slog.WarnContext(ctx, "event not handled", "platform", Name, "kind", kind, "err", err)
		return true
	}
	if b.gaveUp(ctx, m.ID) {
		return true
	}
	// A copy of the event is acknowledged as soon as the first is stored, which
	// may be before its work has begun.
	defer b.work.Hold()()
	fresh, ok := b.keep(ctx, bot.Kept{ID: m.ID, Kind: kind, Body: raw})
	// A message that cannot be stored comes again. It is handled all the same,
	// once: somebody who writes while the database is down reads that it is.
	if fresh || !ok && b.once(ctx, "ding:told:"+short(m.ID)) {
		b.work.Go(ctx, func(ctx context.Context) { b.handleMessage(ctx, m) })
	}
	return ok
}

// once is true the first time within ten minutes.
func (b *Bot) once(ctx context.Context, key string) bool {
	first, err := b.opt.KV.SetNX(ctx, key, []byte("1"), 10*time.Minute)
	return err == nil && first
}

// gaveUpFor is how long an event of which the person was told that it failed is
// left alone.
const gaveUpFor = 24 * time.Hour

// giveUp marks an event that must not be tried again, whether or not the inbox
// can be reached: its failure was shown, and the person may do it again.
func (b *Bot) giveUp(ctx context.Context, id string) {
	if err := b.opt.KV.Set(context.WithoutCancel(ctx), "ding:gaveup:"+short(id), []byte("1"), gaveUpFor); err != nil {
		slog.WarnContext(ctx, "failed event not marked", "platform", Name, "event", id, "err", err)
	}
}

func (b *Bot) gaveUp(ctx context.Context, id string) bool {
	_, ok, err := b.opt.KV.Get(ctx, "ding:gaveup:"+short(id))
	return err == nil && ok
}

// keep stores an event; ok is false when that failed.
func (b *Bot) keep(ctx context.Context, e bot.Kept) (fresh, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, keepWithin)
	defer cancel()
	fresh, err := b.opt.Inbox.Keep(ctx, Name, e, b.opt.Clock.Now().Add(b.opt.Lease))
	if err != nil {
		slog.ErrorContext(ctx, "event not stored", "platform", Name, "event", e.ID, "err", err)
		return false, false
	}
	return fresh, true
}

// keepWithin is how long storing an event may take.
const keepWithin = 1500 * time.Millisecond

// done marks an event as handled. If that fails, it is handled again after its
// lease, and the runtime knows that it was.
func (b *Bot) done(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := b.opt.Inbox.Done(ctx, Name, id); err != nil {
		slog.ErrorContext(ctx, "event not marked as handled", "platform", Name, "event", id, "err", err)
	}
}

// resume takes up events whose process died, until the context ends.
func (b *Bot) resume(ctx context.Context) {
	t := time.NewTicker(max(b.opt.Lease/4, 50*time.Millisecond))
	defer t.Stop()
	for {
		now := b.opt.Clock.Now()
		left, err := b.opt.Inbox.Resume(ctx, Name, now, now.Add(b.opt.Lease), resumeBatch)
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "inbox", "platform", Name, "err", err)
		}
		for _, e := range left {
			b.work.Go(ctx, func(ctx context.Context) { b.takeUp(ctx, e) })
		}
		if len(left) == resumeBatch {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// takeUp handles an event of a process that died.
func (b *Bot) takeUp(ctx context.Context, e bot.Kept) {
	switch e.Kind {
	case kindMessage:
		if m, err := decodeMessage(e.Body, e.ID); err == nil && !b.gaveUp(ctx, e.ID) {
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
	b.done(ctx, e.ID)
}
