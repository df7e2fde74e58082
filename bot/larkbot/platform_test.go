package larkbot_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"crmbot/bot"
	"crmbot/bot/larkbot"
	"crmbot/bot/platformtest"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/kv"
)

func TestMain(m *testing.M) {
	// The SDK starts a cleaner per client that only a finalizer stops.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/larksuite/oapi-sdk-go/v3/cache.(*cron).start"))
}

func TestPlatform(t *testing.T) {
	platformtest.Run(t, func(t *testing.T, shared kv.Store, connect platformtest.Connect) platformtest.World {
		return openLark(t, shared, connect, emulator.LarkOptions{}, false)
	})
}

func TestPlatformByWebhook(t *testing.T) {
	platformtest.Run(t, func(t *testing.T, shared kv.Store, connect platformtest.Connect) platformtest.World {
		return openLark(t, shared, connect, emulator.LarkOptions{}, true)
	})
}

// TestPlatformOnABadDay runs the suite while every event comes three times,
// late and in pieces.
func TestPlatformOnABadDay(t *testing.T) {
	platformtest.Run(t, func(t *testing.T, shared kv.Store, connect platformtest.Connect) platformtest.World {
		w := openLark(t, shared, connect, emulator.LarkOptions{}, false)
		w.lark.Deliver(emulator.Delivery{Copies: 2, Split: 300, Repeat: true, Shuffle: 20 * time.Millisecond})
		return w
	})
}

const (
	encryptKey = "an encrypt key for tests"
	verifyWord = "a verification token"
)

var openIDs = map[string]string{platformtest.Ann: "ou_ann", platformtest.Bob: "ou_bob", platformtest.Eve: "ou_eve"}

// larkWorld is a played Lark with the adapter connected to it.
type larkWorld struct {
	t       testing.TB
	lark    *emulator.Lark
	shared  kv.Store
	webhook bool
	change  func(o *larkbot.Options)

	mu      sync.Mutex
	bot     *larkbot.Bot
	stop    func()
	newest  *emulator.LarkDelivery
	pressed *emulator.LarkAnswer
	message string
}

func openLark(t testing.TB, shared kv.Store, connect platformtest.Connect, o emulator.LarkOptions, webhook bool, change ...func(o *larkbot.Options)) *larkWorld {
	o.EncryptKey, o.VerificationToken = encryptKey, verifyWord
	w := &larkWorld{t: t, lark: emulator.NewLark(o), shared: shared, webhook: webhook, change: func(*larkbot.Options) {}}
	if len(change) > 0 {
		w.change = change[0]
	}
	for who, id := range openIDs {
		w.lark.AddPerson(emulator.LarkPerson{OpenID: id, Name: strings.ToUpper(who[:1]) + who[1:]})
	}
	w.start(connect)
	t.Cleanup(func() {
		w.halt()
		w.lark.Close()
	})
	return w
}

func (w *larkWorld) start(connect platformtest.Connect) {
	id, secret := w.lark.App()
	o := larkbot.Options{AppID: id, AppSecret: secret, BaseURL: w.lark.URL(), KV: w.shared, Clock: crm.WallClock{}, Webhook: w.webhook, EncryptKey: encryptKey, VerificationToken: verifyWord,
		Settle: 50 * time.Millisecond, OpenID: func(_ context.Context, id crm.UserID) string {
			return map[crm.UserID]string{1: "ou_ann", 2: "ou_bob"}[id]
		}}
	w.change(&o)
	b, err := larkbot.New(o)
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
	var srv *httptest.Server
	if w.webhook {
		srv = httptest.NewServer(b)
		w.lark.UseWebhook(srv.URL)
	} else {
		limit, end := context.WithTimeout(ctx, 10*time.Second)
		defer end()
		if err := emulator.Await(limit, func() bool { return w.lark.Connections() > 0 && b.Health().Connected }); err != nil {
			w.t.Fatal("not connected")
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bot = b
	w.stop = func() {
		cancel()
		<-done
		if srv != nil {
			srv.CloseClientConnections()
			srv.Close()
		}
		limit, end := context.WithTimeout(context.Background(), 10*time.Second)
		defer end()
		if err := b.Close(limit); err != nil {
			w.t.Error("close:", err)
		}
	}
}

func (w *larkWorld) halt() {
	w.mu.Lock()
	stop := w.stop
	w.stop = nil
	w.mu.Unlock()
	if stop != nil {
		stop()
	}
}

func (w *larkWorld) Adapter() bot.Platform { return w.current() }

func (w *larkWorld) current() *larkbot.Bot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bot
}

func (w *larkWorld) ID(who string) string { return openIDs[who] }

func (w *larkWorld) Group(title string, members ...string) string {
	var ids []string
	for _, m := range members {
		ids = append(ids, openIDs[m])
	}
	return w.lark.AddGroup(title, ids...)
}

func (w *larkWorld) send(in emulator.LarkIncoming) {
	d, err := w.lark.Send(in)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newest, w.pressed = d, nil
}

func (w *larkWorld) Say(who, group, text string) {
	for name, id := range openIDs {
		text = strings.ReplaceAll(text, "@"+name, "@"+id)
	}
	w.send(emulator.LarkIncoming{Person: openIDs[who], Chat: group, Text: text})
}

func (w *larkWorld) Upload(who, name string, data []byte) {
	w.send(emulator.LarkIncoming{Person: openIDs[who], Type: "file", Name: name, Data: data})
}

func (w *larkWorld) Press(who string, m platformtest.Message, label string, values map[string]string) string {
	a := w.press(who, m.ID, label, values)
	if a.Error != 0 {
		w.t.Fatalf("%s pressed %q and Lark showed error %d", who, label, a.Error)
	}
	return a.Toast
}

func (w *larkWorld) press(who, message, label string, values map[string]string) emulator.LarkAnswer {
	m, ok := w.lark.Message(message)
	if !ok {
		w.t.Fatalf("no message %s", message)
	}
	controls := emulator.LarkControls(m.Content)
	i := slices.IndexFunc(controls, func(c emulator.LarkControl) bool { return c.Label == label })
	if i < 0 {
		w.t.Fatalf("no control %q in %s", label, m.Content)
	}
	form := map[string]any{}
	for _, f := range controls[i].Fields {
		v := values[f.Name]
		if v == "" {
			continue // an optional field that nobody filled in is missing
		}
		switch f.Tag {
		case "date_picker", "picker_time":
			v += " +0800"
		}
		form[f.Name] = v
	}
	a, err := w.lark.Press(emulator.LarkPress{Person: openIDs[who], Message: message, Control: controls[i], Values: form})
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pressed, w.message = &a, message
	return a
}

func (w *larkWorld) Enter(who string) { w.lark.Enter(openIDs[who]) }

func (w *larkWorld) Again() {
	w.mu.Lock()
	d, a, message := w.newest, w.pressed, w.message
	w.mu.Unlock()
	if a != nil {
		w.lark.PressAgain(*a, message)
		return
	}
	w.lark.Again(d.LarkEvent)
}

func (w *larkWorld) Seen(who, group string) []platformtest.Message {
	if group == "" {
		group = w.lark.P2P(openIDs[who])
	}
	var out []platformtest.Message
	for _, m := range w.lark.Messages(group) {
		x := platformtest.Message{ID: m.ID, Bot: m.From == "", Text: m.Text(), Data: m.File}
		if len(m.File) > 0 {
			x.File = m.FileName
		}
		out = append(out, x)
	}
	return out
}

func (w *larkWorld) Restart(finish func(), connect platformtest.Connect) {
	finish()
	w.halt()
	w.start(connect)
}
