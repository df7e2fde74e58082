package dingbot

import (
	"context"
	"log/slog"
	"time"
)

// unpublishedFor is how long it is remembered that messages came without user
// ids; the first message with one ends it.
const unpublishedFor = 24 * time.Hour

func (b *Bot) unpublishedKey() string { return "ding:unpublished:" + b.opt.ClientID }

// noteUnpublished remembers for the doctor, which runs in another process, that
// messages come without user ids.
func (b *Bot) noteUnpublished(ctx context.Context) {
	if err := b.opt.KV.Set(ctx, b.unpublishedKey(), []byte(b.opt.Clock.Now().UTC().Format(time.RFC3339)), unpublishedFor); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "missing user ids not noted", "platform", Name, "err", err)
	}
}

// notePublished forgets it, once a minute at most: a message came with a user id.
func (b *Bot) notePublished() {
	now := time.Now()
	b.mu.Lock()
	recent := now.Sub(b.published) < time.Minute
	if !recent {
		b.published = now
	}
	b.mu.Unlock()
	if recent {
		return
	}
	b.work.Go(b.work.Context(), func(ctx context.Context) {
		if err := b.opt.KV.Del(ctx, b.unpublishedKey()); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "missing user ids not forgotten", "platform", Name, "err", err)
		}
	})
}
