package larkbot_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/larkbot"
	"crmbot/bot/platformtest"
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
	shown  []bot.Shown
	answer func(req *bot.Req) bot.Reply
	// after is called when a shown card is remembered; nil: nothing.
	after func(ctx context.Context, m bot.MessageRef)
}

func (d *desk) runtime(bot.Later) *bot.Runtime {
	rt := &bot.Runtime{People: d, Sent: func(ctx context.Context, m bot.MessageRef, s bot.Shown) error {
		d.mu.Lock()
		d.sent, d.shown = append(d.sent, m), append(d.shown, s)
		after := d.after
		d.mu.Unlock()
		if after != nil {
			after(ctx, m)
		}
		return nil
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

func (d *desk) ByIdentity(_ context.Context, _, tenant, external string) (crm.Actor, error) {
	if tenant == "" {
		switch external {
		case "ou_ann":
			return crm.Actor{ID: 1, Name: "Ann", Lang: crm.English}, nil
		case "on_bob":
			return crm.Actor{ID: 2, Name: "Bob", Lang: crm.English}, nil
		}
	}
	return crm.Actor{}, crm.NotFound("没有绑定", "not bound")
}

func (d *desk) requests() []bot.Req {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]bot.Req(nil), d.reqs...)
}

// await waits until n requests came.
func (d *desk) await(t *testing.T, n int) []bot.Req {
	t.Helper()
	wait(t, "requests", func() bool { return len(d.requests()) >= n })
	return d.requests()
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := emulator.Await(ctx, ok); err != nil {
		t.Fatalf("timed out waiting for %s", what)
	}
}

// open starts a played Lark with an adapter that answers from a desk.
func open(t testing.TB, o emulator.LarkOptions, webhook bool, change ...func(o *larkbot.Options)) (*larkWorld, *desk) {
	t.Helper()
	shared := kv.NewMemory(crm.WallClock{})
	t.Cleanup(func() {
		if err := shared.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &desk{}
	return openLark(t, shared, platformtest.Connect(d.runtime), o, webhook, change...), d
}

type push struct{ N int }

func (push) ActionName() string { return "test.push" }

// plainCard is a card with a button, a table, a chart, a person and a picture.
func plainCard(title string, blocks ...card.Block) card.Card {
	b := append([]card.Block{card.P("text of the card"), card.Buttons{Items: []card.Button{{Label: "Push", Action: push{3}, Command: "/push"}}}}, blocks...)
	return card.Card{Lang: crm.English, Title: title, Blocks: b}
}

func botMessages(l *emulator.Lark, chat string) []emulator.LarkMessage {
	var out []emulator.LarkMessage
	for _, m := range l.Messages(chat) {
		if m.From == "" {
			out = append(out, m)
		}
	}
	return out
}

func wrongID(context.Context, crm.UserID) string { return "ou_of_another_app" }
