package larkbot_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/larkbot"
	"crmbot/bot/platformtest"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/kv"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
)

func inbox(t *testing.T) *store.DB {
	db, err := store.Open(context.Background(), testdb.SQLite(t), crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestPlatformWithAnInboxOnABadDay(t *testing.T) {
	platformtest.Run(t, func(t *testing.T, shared kv.Store, connect platformtest.Connect) platformtest.World {
		db := inbox(t)
		w := openLark(t, shared, connect, emulator.LarkOptions{}, false, func(o *larkbot.Options) { o.Inbox = db })
		w.lark.Deliver(emulator.Delivery{Copies: 2, Split: 300, Repeat: true, Shuffle: 20 * time.Millisecond})
		return w
	})
}

// flaky is an inbox that fails while it is broken.
type flaky struct {
	bot.Inbox
	broken func() bool
}

func (f flaky) Keep(ctx context.Context, platform string, e bot.Kept, until time.Time) (bool, error) {
	if f.broken() {
		return false, errors.New("the database is down")
	}
	return f.Inbox.Keep(ctx, platform, e, until)
}

func TestAStoredMessageIsAcknowledgedBeforeItsWork(t *testing.T) {
	db := inbox(t)
	for name, webhook := range map[string]bool{"long connection": false, "webhook": true} {
		t.Run(name, func(t *testing.T) {
			w, d := open(t, emulator.LarkOptions{}, webhook, func(o *larkbot.Options) { o.Inbox = db })
			gate := make(chan struct{})
			d.answer = func(*bot.Req) bot.Reply {
				<-gate
				return bot.Say("done")
			}
			e, err := w.lark.Send(emulator.LarkIncoming{Person: "ou_ann", Text: "hello"})
			if err != nil {
				t.Fatal(err)
			}
			if tries := acked(t, e); tries != 1 {
				t.Errorf("acknowledged after %d tries", tries)
			}
			if n := len(botMessages(w.lark, "")); n != 0 {
				t.Errorf("%d answers before the work was done", n)
			}
			close(gate)
			wait(t, "the answer", func() bool { return len(botMessages(w.lark, "")) == 1 })
			if n := len(d.requests()); n != 1 {
				t.Errorf("handled %d times", n)
			}
		})
	}
}

// As without an inbox: what is not stored is acknowledged by its effect alone.
func TestWhatCannotBeStoredIsAcknowledgedWhenItTookEffect(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false, func(o *larkbot.Options) {
		o.Inbox = flaky{inbox(t), func() bool { return true }}
	})
	d.answer = func(*bot.Req) bot.Reply { return bot.Say("done") }
	e, err := w.lark.Send(emulator.LarkIncoming{Person: "ou_ann", Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	acked(t, e)
	if n := len(d.requests()); n != 1 {
		t.Errorf("%d requests when it was acknowledged", n)
	}
}

// A process stored and acknowledged a message, and died. The next one does not
// know the tenant yet, from which it would take the person for a stranger.
func TestAMessageOfADeadProcessIsTakenUp(t *testing.T) {
	db := inbox(t)
	body, err := json.Marshal(map[string]any{"schema": "2.0",
		"header": map[string]any{"event_id": "e-1", "event_type": "im.message.receive_v1", "app_id": "cli_emulated", "tenant_key": "tenant_emulated", "create_time": "1"},
		"event": map[string]any{
			"sender":  map[string]any{"sender_id": map[string]any{"open_id": "ou_ann"}, "sender_type": "user", "tenant_key": "tenant_emulated"},
			"message": map[string]any{"message_id": "om_left", "chat_id": "oc_left", "chat_type": "p2p", "message_type": "text", "content": `{"text":"left over"}`},
		}})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []bot.Kept{{ID: "om_left", Kind: "event", Body: body}, {ID: "broken", Kind: "event", Body: []byte("{")}} {
		if fresh, err := db.Keep(t.Context(), larkbot.Name, k, time.Now().Add(-time.Second)); err != nil || !fresh {
			t.Fatal(fresh, err)
		}
	}
	var w *larkWorld
	var d *desk
	w, d = open(t, emulator.LarkOptions{}, false, func(o *larkbot.Options) {
		o.Inbox, o.Lease = db, 200*time.Millisecond
		o.AppID = "cli_emulated"
	})
	r := d.await(t, 1)[0]
	if r.Text != "left over" || r.EventID != "om_left" || r.From != "ou_ann" || r.Tenant != "" {
		t.Errorf("request %+v", r)
	}
	wait(t, "nothing to be left", func() bool {
		left, err := db.Resume(t.Context(), larkbot.Name, time.Now().Add(time.Hour), time.Now(), 10)
		return err == nil && len(left) == 0
	})
	if err := w.current().Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(d.requests()); n != 1 {
		t.Errorf("handled %d times", n)
	}
}

// A person who read that something failed may do it again; so it must not
// happen by itself later, though it could not be marked as handled.
func TestWhatWasToldToHaveFailedIsNotTakenUpAgain(t *testing.T) {
	db := inbox(t)
	w, d := open(t, emulator.LarkOptions{}, false, func(o *larkbot.Options) { o.Inbox, o.Lease = undone{db}, 200*time.Millisecond })
	d.answer = func(req *bot.Req) bot.Reply {
		rt := bot.Runtime{People: d}
		rt.Use(bot.Recover(), func(bot.Handler) bot.Handler {
			return func(context.Context, *bot.Req) bot.Reply { panic("no database") }
		})
		return rt.Handle(context.Background(), req)
	}
	e, err := w.lark.Send(emulator.LarkIncoming{Person: "ou_ann", Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	acked(t, e)
	wait(t, "the answer", func() bool { return len(botMessages(w.lark, "")) == 1 })
	idle(600 * time.Millisecond)
	if n := len(d.requests()); n != 1 {
		t.Errorf("tried %d times", n)
	}
}

// undone is an inbox in which nothing can be marked as handled.
type undone struct{ bot.Inbox }

func (undone) Done(context.Context, string, string) error { return errors.New("the database is down") }

// Group messages that do not name the bot are none of its business: they are
// neither stored nor handled.
func TestMessagesThatAreNotForTheBotAreNotStored(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false, func(o *larkbot.Options) {
		o.Inbox = flaky{inbox(t), func() bool { t.Error("stored"); return false }}
	})
	acked(t, w.lark.Emit("im.message.receive_v1", map[string]any{
		"sender":  map[string]any{"sender_id": map[string]any{"open_id": "ou_ann"}, "sender_type": "user", "tenant_key": "tenant_emulated"},
		"message": map[string]any{"message_id": "om_1", "chat_id": "oc_group", "chat_type": "group", "message_type": "text", "content": `{"text":"among ourselves"}`},
	}))
	if n := len(d.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}
