package adapter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// Inbox keeps the events of one platform between their acknowledgement and their
// effect. All fields are required.
type Inbox struct {
	Platform string
	Store    bot.Inbox
	KV       kv.Store
	Clock    crm.Clock
	Work     *Crew
	// Lease is how long an event may be worked on before another process takes it
	// over.
	Lease time.Duration
}

// Lease is how long an event may be worked on before another process takes it
// over, unless an adapter is told otherwise. Longer than anything a person would
// wait for; an event that is handled twice all the same takes effect once.
const Lease = 30 * time.Second

const (
	// keepWithin is how long storing an event may take.
	keepWithin  = 1500 * time.Millisecond
	resumeBatch = 32
	// gaveUpFor is how long an event of which the person was told that it failed is
	// left alone.
	gaveUpFor = 24 * time.Hour
)

// Keep stores an event; ok is false when that failed. What is not fresh was
// stored before, and is being or was handled.
func (i *Inbox) Keep(ctx context.Context, e bot.Kept) (fresh, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, keepWithin)
	defer cancel()
	fresh, err := i.Store.Keep(ctx, i.Platform, e, i.Clock.Now().Add(i.Lease))
	if err != nil {
		slog.ErrorContext(ctx, "event not stored", "platform", i.Platform, "event", e.ID, "err", err)
		return false, false
	}
	return fresh, true
}

// Done marks an event as handled. If that fails, it is handled again after its
// lease, and the runtime knows that it was.
func (i *Inbox) Done(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := i.Store.Done(ctx, i.Platform, id); err != nil {
		slog.ErrorContext(ctx, "event not marked as handled", "platform", i.Platform, "event", id, "err", err)
	}
}

// GiveUp marks an event that must not be tried again, whether or not the store
// can be reached: its failure was shown, and the person may do it again.
func (i *Inbox) GiveUp(ctx context.Context, id string) {
	if err := i.KV.Set(context.WithoutCancel(ctx), i.givenUp(id), []byte("1"), gaveUpFor); err != nil {
		slog.WarnContext(ctx, "failed event not marked", "platform", i.Platform, "event", id, "err", err)
	}
}

// GaveUp reports whether an event was given up.
func (i *Inbox) GaveUp(ctx context.Context, id string) bool {
	_, ok, err := i.KV.Get(ctx, i.givenUp(id))
	return err == nil && ok
}

// Once is true the first time within ten minutes that it is asked about an event.
func (i *Inbox) Once(ctx context.Context, id string) bool {
	first, err := i.KV.SetNX(ctx, i.Platform+":told:"+Short(id), []byte("1"), 10*time.Minute)
	return err == nil && first
}

func (i *Inbox) givenUp(id string) string { return i.Platform + ":gaveup:" + Short(id) }

// Short is a digest of a text of any length that fits ids and keys.
func Short(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// Run takes up events whose process died, until the context ends.
func (i *Inbox) Run(ctx context.Context, takeUp func(ctx context.Context, e bot.Kept)) {
	t := time.NewTicker(max(i.Lease/4, 50*time.Millisecond))
	defer t.Stop()
	for {
		now := i.Clock.Now()
		left, err := i.Store.Resume(ctx, i.Platform, now, now.Add(i.Lease), resumeBatch)
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "inbox", "platform", i.Platform, "err", err)
		}
		for _, e := range left {
			i.Work.Go(ctx, func(ctx context.Context) { takeUp(ctx, e) })
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
