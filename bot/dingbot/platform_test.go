package dingbot_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/bot/platformtest"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/kv"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPlatform(t *testing.T) {
	platformtest.Run(t, func(t *testing.T, shared kv.Store, connect platformtest.Connect) platformtest.World {
		return openDing(t, shared, connect, emulator.DingOptions{})
	})
}

// TestPlatformOnABadDay runs the suite while everything comes three times, late
// and in pieces.
func TestPlatformOnABadDay(t *testing.T) {
	platformtest.Run(t, func(t *testing.T, shared kv.Store, connect platformtest.Connect) platformtest.World {
		bad := emulator.Delivery{Copies: 2, Split: 64, Repeat: true, Shuffle: 20 * time.Millisecond}
		return openDing(t, shared, connect, emulator.DingOptions{}, func(w *dingWorld) { w.ding.Deliver(bad) })
	})
}

// formTemplate is the id of the imported form template of the tests.
const formTemplate = "00000000-1111-2222-3333-444444444444.schema"

// dingWorld is a played DingTalk with the adapter connected to it.
type dingWorld struct {
	t      *testing.T
	ding   *emulator.Ding
	db     *store.DB
	shared kv.Store
	change func(o *dingbot.Options)

	mu      sync.Mutex
	bot     *dingbot.Bot
	stop    func()
	newest  *emulator.DingDelivery
	pressed *emulator.DingAnswer
}

func openDing(t *testing.T, shared kv.Store, connect platformtest.Connect, o emulator.DingOptions, prepare ...func(w *dingWorld)) *dingWorld {
	o.Templates = append(o.Templates, formTemplate)
	db, err := store.Open(context.Background(), testdb.SQLite(t), crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	w := &dingWorld{t: t, ding: emulator.NewDing(o), db: db, shared: shared, change: func(*dingbot.Options) {}}
	for _, id := range []string{platformtest.Ann, platformtest.Bob, platformtest.Eve} {
		w.ding.AddPerson(emulator.DingPerson{UserID: id, Name: strings.ToUpper(id[:1]) + id[1:]})
	}
	for _, fn := range prepare {
		fn(w)
	}
	w.start(connect)
	t.Cleanup(func() {
		w.halt()
		w.ding.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *dingWorld) start(connect platformtest.Connect) {
	id, secret := w.ding.App()
	o := dingbot.Options{ClientID: id, ClientSecret: secret, APIURL: w.ding.URL(), OAPIURL: w.ding.URL(), FormTemplate: formTemplate, KV: w.shared, Inbox: w.db, Counter: w.db,
		Settle: 50 * time.Millisecond}
	w.change(&o)
	b, err := dingbot.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	b.Connect(connect(b.Later))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := b.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	limit, end := context.WithTimeout(ctx, 10*time.Second)
	defer end()
	if err := emulator.Await(limit, func() bool { return w.ding.Connections() > 0 && b.Health().Connected }); err != nil {
		w.t.Fatal("not connected")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bot = b
	w.stop = func() {
		cancel()
		<-done
		limit, end := context.WithTimeout(context.Background(), 10*time.Second)
		defer end()
		if err := b.Close(limit); err != nil {
			w.t.Error("close:", err)
		}
	}
}

func (w *dingWorld) halt() {
	w.mu.Lock()
	stop := w.stop
	w.stop = nil
	w.mu.Unlock()
	if stop != nil {
		stop()
	}
}

func (w *dingWorld) Adapter() bot.Platform { return w.current() }

func (w *dingWorld) current() *dingbot.Bot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bot
}

func (w *dingWorld) ID(who string) string { return who }

func (w *dingWorld) Group(title string, members ...string) string {
	return w.ding.AddGroup(title, members...)
}

func (w *dingWorld) send(in emulator.DingIncoming) {
	d, err := w.ding.Send(in)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newest, w.pressed = d, nil
}

func (w *dingWorld) Say(who, group, text string) {
	w.send(emulator.DingIncoming{Person: who, Chat: group, Text: text})
}

func (w *dingWorld) Upload(who, name string, data []byte) {
	w.send(emulator.DingIncoming{Person: who, Type: "file", Name: name, Data: data})
}

// Enter is a message without words: the platform has no event for a person who
// opens the chat.
func (w *dingWorld) Enter(who string) { w.send(emulator.DingIncoming{Person: who, Text: " "}) }

// Press returns what the person sees at once: the line below the card, or the
// next message in their own chat.
func (w *dingWorld) Press(who string, m platformtest.Message, label string, values map[string]string) string {
	c, ok := w.ding.Card(m.ID)
	if !ok {
		w.t.Fatalf("no card %s", m.ID)
	}
	controls := c.Controls()
	i := slices.IndexFunc(controls, func(c emulator.DingControl) bool { return c.Label == label })
	if i < 0 {
		w.t.Fatalf("no control %q on %+v", label, c.Params)
	}
	before := len(w.ding.Messages(w.ding.P2P(who)))
	a, err := w.ding.Press(emulator.DingPress{Person: who, Card: m.ID, Control: controls[i], Values: values})
	if err != nil {
		w.t.Fatal(err)
	}
	if a.Code != 200 || a.Refused != "" {
		w.t.Fatalf("%s pressed %q and the answer was %d %s", who, label, a.Code, a.Refused)
	}
	w.mu.Lock()
	w.pressed = &a
	w.mu.Unlock()
	if line := a.Params["tips"]; line != "" {
		return line
	}
	ctx, end := context.WithTimeout(context.Background(), time.Second)
	defer end()
	var next string
	_ = emulator.Await(ctx, func() bool { // nothing to see is a result too
		list := w.ding.Messages(w.ding.P2P(who))
		if len(list) > before {
			next = w.ding.Text(list[before])
		}
		return len(list) > before
	})
	return next
}

func (w *dingWorld) Again() {
	w.mu.Lock()
	d, a := w.newest, w.pressed
	w.mu.Unlock()
	if a != nil {
		w.ding.PressAgain(*a)
		return
	}
	w.ding.Again(d.DingFrame)
}

func (w *dingWorld) Seen(who, group string) []platformtest.Message {
	if group == "" {
		group = w.ding.P2P(who)
	}
	var out []platformtest.Message
	for _, m := range w.ding.Messages(group) {
		x := platformtest.Message{ID: m.ID, Bot: m.From == "", Text: w.ding.Text(m), Data: m.File}
		if m.Card != "" {
			x.ID = m.Card
		}
		if len(m.File) > 0 {
			x.File = m.FileName
		}
		out = append(out, x)
	}
	return out
}

func (w *dingWorld) Restart(finish func(), connect platformtest.Connect) {
	finish()
	w.halt()
	w.start(connect)
}
