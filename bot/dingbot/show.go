package dingbot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

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
	if req.Kind == bot.Press && rep.Toast != "" && rep.Text == "" && rep.Card == nil {
		// There is no pop-up. What only the person who pressed should read goes to
		// their own chat, unless something for them follows there anyway.
		rep.Private, rep.Text, rep.Toast = true, rep.Toast, ""
		if len(rep.Also) > 0 && rep.Also[0].Private {
			rep.Text = ""
		}
	}
	if rep.Private && group {
		at, group = target{user: req.From}, false
	}
	err := b.showOne(ctx, req, rep, at, group, "re:"+req.EventID+":"+part)
	if err != nil && ctx.Err() == nil {
		slog.ErrorContext(ctx, "answer not shown", "platform", Name, "event", req.EventID, "err", err)
	}
	for i, also := range rep.Also {
		b.showPart(ctx, req, also, t, fmt.Sprintf("%s.%d", part, i))
	}
}

func (b *Bot) showOne(ctx context.Context, req *bot.Req, rep bot.Reply, t target, group bool, key string) error {
	s := rep.Text
	if s == "" && rep.Card == nil {
		s = rep.Toast
	}
	if rep.Card != nil && rep.Update && req.Kind == bot.Press && req.MessageID != "" && !(typed(req) && rep.Toast == "") {
		c := *rep.Card
		err := adapter.Patient(ctx, showTries, func() error { return b.update(ctx, b.ref(req), c, rep.Toast) })
		if err == nil {
			b.remember(ctx, req, rep, b.ref(req), group)
			rep.Card = nil
			if typed(req) {
				s = rep.Toast // the card may be far above the line
			}
		} else if !errors.Is(err, bot.ErrPermanent) {
			return err
		}
		// A card that cannot be updated any more is answered with a new one.
	}
	first := rep.Card
	if rep.Card != nil && rep.Toast != "" && s == "" && !(group && req.Kind == bot.Press) {
		// The pop-up that a command would have on other platforms is the card's
		// first line. In a group it is for the person who pressed alone.
		c := adapter.Headed(*rep.Card, rep.Toast, rep.ToastTone)
		first = &c
	}
	if s != "" || len(rep.Files) > 0 {
		err := adapter.Patient(ctx, showTries, func() error {
			_, err := b.sendAll(ctx, t, bot.Outgoing{Text: s, Files: rep.Files}, key)
			return b.report(ctx, outcome(err))
		})
		if err != nil {
			return err
		}
	}
	if rep.Card == nil {
		return nil
	}
	var ref bot.MessageRef
	err := adapter.Patient(ctx, showTries, func() error {
		var err error
		ref, err = b.sendAll(ctx, t, bot.Outgoing{Card: first}, key+"/card")
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
	b.work.Go(ctx, func(ctx context.Context) {
		if req.Kind == bot.Press && !typed(req) {
			b.showLatePress(ctx, req, rep)
		} else {
			b.showPart(ctx, req, rep, targetOf(req.Chat.ID, ""), "late")
		}
		b.inbox.Done(ctx, req.EventID)
	})
}

// remember tells the runtime what a message shows, so that it is kept current.
func (b *Bot) remember(ctx context.Context, req *bot.Req, rep bot.Reply, m bot.MessageRef, group bool) {
	if _, _, ok := parseTrack(m.ID); !ok {
		return // a message cannot be changed
	}
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
