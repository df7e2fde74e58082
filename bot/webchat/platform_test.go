package webchat_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"crmbot/bot"
	"crmbot/bot/platformtest"
	"crmbot/bot/webchat"
	"crmbot/cards/card"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
)

func TestPlatform(t *testing.T) { platformtest.Run(t, openWebchat) }

// people are the ids of the suite's people in the browser chat.
var people = map[string]crm.UserID{platformtest.Ann: 1, platformtest.Bob: 2, platformtest.Eve: 3}

type world struct {
	t   *testing.T
	db  *store.DB
	wg  sync.WaitGroup
	mu  sync.Mutex
	hub *webchat.Hub
	// toasts are the newest pop-ups by person; again repeats the newest event.
	toasts map[crm.UserID]string
	again  func(ctx context.Context) error
}

func openWebchat(t *testing.T, _ kv.Store, connect platformtest.Connect) platformtest.World {
	ctx := context.Background()
	db, err := store.Open(ctx, testdb.SQLite(t), crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, toasts: map[crm.UserID]string{}}
	t.Cleanup(func() {
		w.wg.Wait()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.start(connect)
	return w
}

func (w *world) start(connect platformtest.Connect) {
	hub := webchat.NewHub(w.db.Webchat(), crm.WallClock{})
	if err := hub.Connect(context.Background(), connect(hub.Later)); err != nil {
		w.t.Fatal(err)
	}
	hub.Subscribe(func(e webchat.Event) {
		if e.Kind == "toast" {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.toasts[e.User] = e.Toast
		}
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hub = hub
}

func (w *world) current() *webchat.Hub {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hub
}

func (w *world) Adapter() bot.Platform { return w.current() }

func (w *world) ID(who string) string { return strconv.FormatInt(int64(people[who]), 10) }

func (w *world) Group(title string, members ...string) string {
	var ids []crm.UserID
	for _, m := range members {
		ids = append(ids, people[m])
	}
	c, err := w.current().AddGroup(context.Background(), title, ids...)
	if err != nil {
		w.t.Fatal(err)
	}
	return c.ID
}

// run does something that the platform would not wait for.
func (w *world) run(fn func(ctx context.Context) error) {
	w.wg.Go(func() {
		if err := fn(context.Background()); err != nil {
			w.t.Error(err)
		}
	})
}

func (w *world) repeat(fn func(ctx context.Context) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.again = fn
}

func (w *world) Say(who, group, text string) {
	in := webchat.Incoming{User: people[who], Chat: group, ToBot: group == ""}
	if group == "" {
		in.Chat = webchat.PersonChat(in.User)
	}
	var words []string
	for _, f := range strings.Split(text, " ") {
		if f == "@bot" {
			in.ToBot = true
			continue
		}
		if id := people[strings.TrimPrefix(f, "@")]; strings.HasPrefix(f, "@") && id != 0 {
			in.Mentions = append(in.Mentions, bot.Mention{Token: f, ID: strconv.FormatInt(int64(id), 10)})
		}
		words = append(words, f)
	}
	in.Text = strings.Join(words, " ")
	// The event's id is known only after the first time; Again needs it before.
	w.run(func(ctx context.Context) error {
		id, err := w.current().Post(ctx, in)
		w.repeat(func(ctx context.Context) error {
			again := in
			again.EventID = id
			_, err := w.current().Post(ctx, again)
			return err
		})
		return err
	})
}

func (w *world) Upload(who, name string, data []byte) {
	u := people[who]
	w.run(func(ctx context.Context) error {
		_, err := w.current().Post(ctx, webchat.Incoming{User: u, Chat: webchat.PersonChat(u), Files: []bot.File{{Name: name, Data: data}}})
		return err
	})
}

func (w *world) Press(who string, m platformtest.Message, label string, values map[string]string) string {
	ctx, u := context.Background(), people[who]
	id, err := strconv.ParseInt(m.ID, 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	msg, err := w.db.Webchat().Message(ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	controls := msg.Card.Controls()
	i := slices.IndexFunc(controls, func(c card.Control) bool { return c.Button.Label == label })
	if i < 0 {
		w.t.Fatalf("no control %q", label)
	}
	wire, err := card.Encode(controls[i].Button.Action)
	if err != nil {
		w.t.Fatal(err)
	}
	p := webchat.Pressed{User: u, Message: id, Action: wire, Values: bot.Values{}}
	for k, v := range values {
		p.Values[k] = []string{v}
	}
	w.mu.Lock()
	w.toasts[u] = ""
	w.mu.Unlock()
	event, err := w.current().Press(ctx, p)
	if err != nil {
		w.t.Fatal(err)
	}
	w.repeat(func(ctx context.Context) error {
		again := p
		again.EventID = event
		_, err := w.current().Press(ctx, again)
		return err
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.toasts[u]
}

func (w *world) Enter(who string) {
	w.run(func(ctx context.Context) error { return w.current().Enter(ctx, people[who]) })
}

func (w *world) Again() {
	w.mu.Lock()
	fn := w.again
	w.mu.Unlock()
	if fn != nil {
		w.run(fn)
	}
}

func (w *world) Seen(who, group string) []platformtest.Message {
	u := people[who]
	if group == "" {
		group = webchat.PersonChat(u)
	}
	ctx := context.Background()
	list, err := w.current().Messages(ctx, u, group, 0, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []platformtest.Message
	for _, m := range list {
		x := platformtest.Message{ID: strconv.FormatInt(m.ID, 10), Bot: m.From == 0, Text: m.Text, File: m.File}
		if m.Card != nil {
			x.Text = textcard.Render(*m.Card)
		}
		if m.File != "" {
			if _, x.Data, err = w.current().File(ctx, u, m.ID); err != nil {
				w.t.Fatal(err)
			}
		}
		out = append(out, x)
	}
	return out
}

func (w *world) Restart(finish func(), connect platformtest.Connect) {
	finish()
	w.start(connect)
}
