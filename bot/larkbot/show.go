package larkbot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
)

// showTries is how often an answer is sent before it is given up: about a
// minute.
const showTries = 9

// show sends a reply to a request: to the chat, or what is private to the
// person's own chat. The same request shows the same reply once.
func (b *Bot) show(ctx context.Context, req *bot.Req, rep bot.Reply, t target) {
	b.showPart(ctx, req, rep, t, "0")
}

func (b *Bot) showPart(ctx context.Context, req *bot.Req, rep bot.Reply, t target, part string) {
	if rep.Empty() {
		return
	}
	at, group := t, req.Chat.Group
	if rep.Private && group {
		at, group = target{to: req.From}, false
	}
	key := "re:" + req.EventID + ":" + part
	err := b.showOne(ctx, req, rep, at, group, key)
	if err != nil && ctx.Err() == nil {
		slog.ErrorContext(ctx, "answer not shown", "platform", Name, "event", req.EventID, "err", err)
	}
	for i, also := range rep.Also {
		b.showPart(ctx, req, also, t, fmt.Sprintf("%s.%d", part, i))
	}
}

func (b *Bot) showOne(ctx context.Context, req *bot.Req, rep bot.Reply, t target, group bool, key string) error {
	text := rep.Text
	shown := rep.Card
	if rep.Toast != "" && text == "" {
		// There is no pop-up outside the answer to a press.
		if shown == nil {
			text = rep.Toast
		} else if !rep.Update {
			c := adapter.Headed(*shown, rep.Toast, rep.ToastTone)
			shown = &c
		}
	}
	if rep.Card != nil && rep.Update && req.MessageID != "" && req.Kind == bot.Press {
		m := bot.MessageRef{Platform: Name, Chat: req.Chat.ID, ID: req.MessageID}
		err := adapter.Patient(ctx, showTries, func() error { return b.Update(ctx, m, *rep.Card) })
		if err == nil {
			b.remember(ctx, req, rep, m, group)
			rep.Card = nil
		} else if !errors.Is(err, bot.ErrPermanent) {
			return err
		}
		// A card that cannot be updated any more is answered with a new one.
	}
	err := adapter.Patient(ctx, showTries, func() error {
		o := bot.Outgoing{Text: text, Files: rep.Files}
		_, err := b.sendAll(ctx, t, o, key)
		return b.report(ctx, outcome(err))
	})
	if err != nil || rep.Card == nil {
		return err
	}
	var ref bot.MessageRef
	err = adapter.Patient(ctx, showTries, func() error {
		var err error
		ref, err = b.sendAll(ctx, t, bot.Outgoing{Card: shown}, key+"/card")
		return b.report(ctx, outcome(err))
	})
	if err == nil {
		b.remember(ctx, req, rep, ref, group)
	}
	return err
}

// Later implements bot.Later: it shows a reply that missed the deadline, and
// marks its event as handled.
func (b *Bot) Later(ctx context.Context, req *bot.Req, rep bot.Reply) {
	t := target{to: req.Chat.ID}
	if t.to == "" {
		t.to = req.From
	}
	if req.Kind == bot.Message && req.Chat.Group {
		t.answers = req.MessageID
	}
	b.work.Go(ctx, func(ctx context.Context) {
		b.showPart(ctx, req, rep, t, "late")
		if b.inbox != nil && req.Kind != bot.Press {
			b.inbox.Done(ctx, req.EventID)
		}
	})
}

// remember tells the runtime what a message shows, so that it is kept current.
func (b *Bot) remember(ctx context.Context, req *bot.Req, rep bot.Reply, m bot.MessageRef, group bool) {
	s := bot.Shown{View: rep.View, Group: group, About: rep.Card.About, Digest: rep.Card.Digest(), At: req.At}
	if !group {
		a, err := b.rt.People.ByIdentity(ctx, req.Platform, req.Tenant, req.From)
		if err != nil {
			return
		}
		s.User = a.ID
	}
	if err := b.rt.Sent(ctx, m, s); err != nil {
		slog.ErrorContext(ctx, "remember a card", "platform", Name, "err", err)
	}
}

// budget is a channel that speaks when the time for an answer is over.
func (b *Bot) budget() (<-chan time.Time, func()) {
	t := time.NewTimer(b.opt.Budget)
	return t.C, func() { t.Stop() }
}
