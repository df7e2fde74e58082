package dingbot

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
)

// answer is what a press shows at once. The zero value changes nothing. It
// costs no call of the API, unlike an update.
type answer struct {
	Options *answerOptions `json:"cardUpdateOptions,omitempty"`
	Data    *answerData    `json:"cardData,omitempty"`
}

type answerOptions struct {
	ByKey bool `json:"updateCardDataByKey"`
}

type answerData struct {
	Params map[string]string `json:"cardParamMap"`
}

func changing(params map[string]string, byKey bool) *answer {
	return &answer{&answerOptions{byKey}, &answerData{params}}
}

// tip changes only the line below the card. The platform has no pop-up.
func tip(s string) *answer {
	return changing(map[string]string{"tips": textcard.Cut(textcard.OneLine(s), maxTip)}, true)
}

// press handles a card callback. Every copy of a callback gets the answer of
// the first. ok is false when the press could be neither handled nor stored.
func (b *Bot) press(ctx context.Context, raw []byte, frame string) (a *answer, ok bool) {
	p, err := decodePress(raw, frame)
	if err != nil {
		slog.WarnContext(ctx, "event not handled", "platform", Name, "kind", kindPress, "err", err)
		return &answer{}, true
	}
	if ok, err := b.ours(ctx, p.Corp); err != nil || !ok {
		return &answer{}, err == nil
	}
	if _, _, mine := parseTrack(p.Card); !mine || p.Click.Wire.Name == "" {
		return &answer{}, true // a card of another program, or the platform's own business
	}
	once, first := b.presses.Take(p.ID)
	if first {
		release := b.turns.Press(p.Card)
		b.work.Go(ctx, func(ctx context.Context) { b.handlePress(ctx, p, raw, release, once) })
	}
	t := time.NewTimer(b.opt.Budget)
	defer t.Stop()
	select {
	case <-once.Done():
	case <-t.C:
		b.outOfTime(ctx, p, raw, once)
	}
	return once.Answer(), once.Answer() != nil
}

// outOfTime answers a press that is not done yet. From here on it must not be
// lost, so it is stored.
func (b *Bot) outOfTime(ctx context.Context, p press, raw []byte, once *adapter.Press[answer]) {
	a := tip(working.In(b.lang(ctx, &bot.Req{Platform: Name, From: p.User})))
	if !b.keepPress(ctx, p, raw) {
		a = nil
	}
	once.Give(a)
}

var working = crm.Text{Zh: "处理中，完成后会更新…", En: "working on it; the result will follow …"}

// keepPress stores a press whose answer came before its effect.
func (b *Bot) keepPress(ctx context.Context, p press, raw []byte) bool {
	_, ok := b.inbox.Keep(ctx, bot.Kept{ID: pressID(p), Kind: kindPress, Body: raw})
	return ok
}

// pressPrefix keeps the ids of presses apart from those of messages.
const pressPrefix = "press:"

func pressID(p press) string { return pressPrefix + p.ID }

// pressRequest is a press as the runtime sees it.
func (b *Bot) pressRequest(ctx context.Context, p press) *bot.Req {
	group, _, _ := parseTrack(p.Card)
	if p.Union {
		p.User = b.userOf(ctx, p.User)
	}
	req := &bot.Req{Platform: Name, EventID: pressID(p), Kind: bot.Press, From: p.User, MessageID: p.Card, At: b.opt.Clock.Now(),
		Action: &bot.Action{Name: p.Click.Wire.Name, Payload: p.Click.Wire.Payload, Values: p.Values}}
	if group {
		req.Chat = bot.Chat{ID: b.groupOf(ctx, p.Card, p.Space), Group: true}
	} else {
		req.Chat = bot.Chat{ID: PersonChat(p.User)}
	}
	return req
}

// handlePress runs the handler, gives the answer and does what comes after it:
// other messages, or the update of the card when the callback could not carry
// it.
func (b *Bot) handlePress(ctx context.Context, p press, raw []byte, release func(), once *adapter.Press[answer]) {
	released := sync.OnceFunc(release)
	defer released()
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "panic in press", "platform", Name, "event", p.ID, "stack", string(debug.Stack()))
			once.Give(&answer{})
		}
	}()
	req := b.pressRequest(ctx, p)
	rep := b.handle(ctx, req)
	if rep.Unfinished() {
		a := tip(rep.Toast)
		if !b.keepPress(ctx, p, raw) {
			a = nil
		}
		once.Give(a)
		b.settle(ctx, released)
		return // Later shows the result
	}
	a, rest := b.callback(ctx, req, rep)
	if !once.Give(a) {
		// Too late for the callback, which said that the work goes on.
		b.settle(ctx, released)
		b.showLatePress(ctx, req, rep)
		b.inbox.Done(ctx, pressID(p))
		return
	}
	if rest.Card == nil && rep.Card != nil {
		b.shown(req.Chat.ID, req.MessageID, *rep.Card)
	}
	b.settle(ctx, released)
	// Only now: remembering a card may bring it up to date at once, which waits
	// for the end of the press.
	if rest.Card == nil && rep.Card != nil {
		b.remember(ctx, req, rep, b.ref(req), req.Chat.Group)
	}
	b.show(ctx, req, rest, targetOf(req.Chat.ID, ""))
}

// settle lets the platform take the answer to a callback before the card may be
// updated.
func (b *Bot) settle(ctx context.Context, release func()) {
	adapter.Pause(ctx, b.opt.Settle)
	release()
}

func (b *Bot) ref(req *bot.Req) bot.MessageRef {
	return bot.MessageRef{Platform: Name, Chat: req.Chat.ID, ID: req.MessageID}
}

// callback puts as much of a reply as it can into the answer and returns the
// rest.
func (b *Bot) callback(ctx context.Context, req *bot.Req, rep bot.Reply) (*answer, bot.Reply) {
	if rep.Card != nil && rep.Update && !(rep.Private && req.Chat.Group) {
		// A new picture may take long to upload; then the update follows later.
		quick, cancel := context.WithTimeout(ctx, b.opt.Budget/2)
		defer cancel()
		params, byKey, err := b.variables(quick, b.ref(req), *rep.Card, rep.Toast)
		if err == nil && quick.Err() == nil {
			rep.Card, rep.Toast = nil, ""
			return changing(params, byKey), rep
		}
	}
	if rep.Toast != "" && !req.Chat.Group {
		a := tip(rep.Toast)
		rep.Toast = ""
		return a, rep
	}
	return &answer{}, rep
}

// latePress handles a press that another process had acknowledged before it
// died.
func (b *Bot) latePress(ctx context.Context, p press) {
	req := b.pressRequest(ctx, p)
	rep := b.handle(ctx, req)
	if rep.Unfinished() || rep.Retry() && rep.Empty() {
		return
	}
	// Nothing to show means that it took effect before; then only the line that
	// says otherwise has to go.
	b.showLatePress(ctx, req, rep)
	b.inbox.Done(ctx, pressID(p))
}

// showLatePress shows the result of a press that was answered with "working on
// it": on the card, or instead of that line.
func (b *Bot) showLatePress(ctx context.Context, req *bot.Req, rep bot.Reply) {
	line := ""
	if !req.Chat.Group {
		line, rep.Toast = rep.Toast, ""
	}
	update := func(fn func() error) error { return adapter.Patient(ctx, showTries, fn) }
	if rep.Card != nil && rep.Update && !(rep.Private && req.Chat.Group) {
		c := *rep.Card
		if req.Chat.Group {
			line, rep.Toast = rep.Toast, ""
		}
		if err := update(func() error { return b.update(ctx, b.ref(req), c, line) }); err == nil {
			b.remember(ctx, req, rep, b.ref(req), req.Chat.Group)
			rep.Card = nil
		} else {
			slog.WarnContext(ctx, "late answer not shown on its card", "platform", Name, "event", req.EventID, "err", err)
		}
	} else if err := update(func() error { return b.line(ctx, req.MessageID, line) }); err != nil {
		slog.WarnContext(ctx, "late answer not shown on its card", "platform", Name, "event", req.EventID, "err", err)
		rep.Toast = line
	}
	b.show(ctx, req, rep, targetOf(req.Chat.ID, ""))
}

// line changes the line below a card.
func (b *Bot) line(ctx context.Context, id, s string) error {
	err := b.turns.Update(ctx, id, func() error {
		return b.change(ctx, id, map[string]string{"tips": textcard.Cut(textcard.OneLine(s), maxTip)}, true)
	})
	return b.report(ctx, outcome(err))
}
