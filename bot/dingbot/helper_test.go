package dingbot_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/kv"
)

// desk is a runtime that records requests and answers as the test says.
type desk struct {
	mu     sync.Mutex
	reqs   []bot.Req
	sent   []bot.MessageRef
	answer func(req *bot.Req) bot.Reply
	shown  func(m bot.MessageRef) error
}

func (d *desk) runtime(bot.Later) *bot.Runtime {
	rt := &bot.Runtime{People: d, Sent: func(_ context.Context, m bot.MessageRef, _ bot.Shown) error {
		d.mu.Lock()
		d.sent = append(d.sent, m)
		fn := d.shown
		d.mu.Unlock()
		if fn == nil {
			return nil
		}
		return fn(m)
	}}
	rt.Use(bot.Recover(), func(bot.Handler) bot.Handler {
		return func(_ context.Context, req *bot.Req) bot.Reply {
			d.mu.Lock()
			d.reqs = append(d.reqs, *req)
			fn := d.answer
			d.mu.Unlock()
			if fn == nil {
				return bot.Reply{}
			}
			return fn(req)
		}
	})
	return rt
}

func (d *desk) answers(fn func(req *bot.Req) bot.Reply) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = fn
}

// onSent calls fn for every card that is remembered.
func (d *desk) onSent(fn func(m bot.MessageRef) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown = fn
}

func (d *desk) ByIdentity(_ context.Context, _, tenant, external string) (crm.Actor, error) {
	for i, who := range []string{"ann", "bob"} {
		if tenant == "" && who == external {
			return crm.Actor{ID: crm.UserID(i + 1), Name: strings.ToUpper(who[:1]) + who[1:], Lang: crm.English}, nil
		}
	}
	return crm.Actor{}, crm.NotFound("没有绑定", "not bound")
}

func (d *desk) requests() []bot.Req {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]bot.Req(nil), d.reqs...)
}

// await waits for n requests.
func (d *desk) await(t *testing.T, n int) []bot.Req {
	t.Helper()
	wait(t, "requests", func() bool { return len(d.requests()) >= n })
	return d.requests()
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if emulator.Await(ctx, ok) != nil {
		t.Fatalf("timed out waiting for %s", what)
	}
}

// never watches a short time for what must not happen.
func never(t *testing.T, what string, bad func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if emulator.Await(ctx, bad) == nil {
		t.Fatalf("must not happen: %s", what)
	}
}

func memory(t *testing.T) kv.Store {
	m := kv.NewMemory(crm.WallClock{})
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func open(t *testing.T, o emulator.DingOptions, change ...func(o *dingbot.Options)) (*dingWorld, *desk) {
	d := &desk{}
	w := openDing(t, memory(t), d.runtime, o, func(w *dingWorld) {
		if len(change) > 0 {
			w.change = change[0]
		}
	})
	return w, d
}

// acked waits until a frame was acknowledged.
func acked(t *testing.T, d *emulator.DingDelivery) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tries, ok, err := d.Wait(ctx)
	if err != nil || !ok {
		t.Fatalf("not acknowledged after %d tries: %v", tries, err)
	}
	return tries
}

func (w *dingWorld) deliver(in emulator.DingIncoming) int {
	w.t.Helper()
	d, err := w.ding.Send(in)
	if err != nil {
		w.t.Fatal(err)
	}
	return acked(w.t, d)
}

// fromBot are the bot's messages in a person's chat or a group.
func (w *dingWorld) fromBot(chat string) []emulator.DingMessage {
	var out []emulator.DingMessage
	for _, m := range w.ding.Messages(chat) {
		if m.From == "" {
			out = append(out, m)
		}
	}
	return out
}

// said are the words of the bot's messages.
func (w *dingWorld) said(chat string) []string {
	var out []string
	for _, m := range w.fromBot(chat) {
		out = append(out, w.ding.Text(m))
	}
	return out
}

func (w *dingWorld) ann() string { return w.ding.P2P("ann") }

// calls is how often an API was called.
func (w *dingWorld) calls(api string) int { return len(w.ding.Calls(api)) }

const (
	apiCreate  = "POST /v1.0/card/instances/createAndDeliver"
	apiUpdate  = "PUT /v1.0/card/instances"
	apiPerson  = "POST /v1.0/robot/oToMessages/batchSend"
	apiGroup   = "POST /v1.0/robot/groupMessages/send"
	apiSession = "POST /robot/sendBySession"
	apiMedia   = "POST /media/upload"
)

// send sends one thing and fails the test if that fails.
func (w *dingWorld) sends(o bot.Outgoing) bot.MessageRef {
	w.t.Helper()
	ref, err := w.current().Send(context.Background(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return ref
}

func permanent(err error) bool { return errors.Is(err, bot.ErrPermanent) }

func throttled(err error) time.Duration {
	var r *bot.RetryAfter
	if errors.As(err, &r) {
		return r.Wait
	}
	return 0
}

type push struct{ N int }

func (push) ActionName() string { return "test.push" }

// simple is a card with a button and more blocks.
func simple(title string, blocks ...card.Block) card.Card {
	blocks = append(blocks, card.Buttons{Items: []card.Button{{Label: "Push", Style: card.Primary, Action: push{7}, Command: "/push 7"}}})
	return card.Card{Lang: crm.English, Title: title, Blocks: append([]card.Block{card.P("Text of " + title)}, blocks...)}
}

func (w *dingWorld) press(who, id string, pick func(c emulator.DingControl) bool, p emulator.DingPress) emulator.DingAnswer {
	w.t.Helper()
	c, ok := w.ding.Card(id)
	if !ok {
		w.t.Fatalf("no card %s", id)
	}
	for _, x := range c.Controls() {
		if pick(x) {
			p.Person, p.Card, p.Control = who, id, x
			a, err := w.ding.Press(p)
			if err != nil {
				w.t.Fatal(err)
			}
			return a
		}
	}
	w.t.Fatalf("no such control on %v", c.Params)
	return emulator.DingAnswer{}
}

func pushed(c emulator.DingControl) bool { return c.Label == "Push" }
