// Package webchat is a chat platform of its own, in the browser and in scripts:
// people, 1:1 chats with the bot, groups, cards that update in place for
// everybody who sees them. It is for trying out, demonstrating and testing; it
// trusts whoever talks to it and therefore binds to loopback only.
package webchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"crmbot/bot"
	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// Name is the platform's name.
const Name = "webchat"

// Chat is a 1:1 chat with the bot or a group.
type Chat struct {
	// ID is "u12" for person 12's chat with the bot, "g3" for a group.
	ID      string
	Title   string
	Members []crm.UserID
}

// Group reports whether the chat is a group.
func (c Chat) Group() bool { return strings.HasPrefix(c.ID, "g") }

// Message is one message of a chat.
type Message struct {
	ID   int64
	Chat string
	// From is the person who sent it; zero: the bot.
	From crm.UserID
	Text string
	Card *card.Card
	// File is the name of an attached file.
	File string
	// Key is the bot's idempotency key; empty for people's messages.
	Key string
	At  time.Time
	// Rev grows with every update in place.
	Rev int64
}

// Store keeps chats and messages.
type Store interface {
	SaveChat(ctx context.Context, c *Chat) error
	Chats(ctx context.Context) ([]Chat, error)
	// AddMessage stores a message and sets its id. A second message with the
	// same non-empty key is not stored; its id is set to the first one's and
	// the result is false.
	AddMessage(ctx context.Context, m *Message, file []byte) (bool, error)
	UpdateMessage(ctx context.Context, id int64, c card.Card) (Message, error)
	Message(ctx context.Context, id int64) (Message, error)
	// Messages are the newest n messages of a chat before the id (0: the end),
	// oldest first.
	Messages(ctx context.Context, chat string, before int64, n int) ([]Message, error)
	FileOf(ctx context.Context, id int64) (name string, data []byte, err error)
}

// Event is something that people in a chat see at once.
type Event struct {
	// Kind is "message", "update", "toast" or "chats".
	Kind    string
	Chat    string
	Message *Message
	// Toast and Tone are the answer to a press, for User only.
	Toast, Tone string
	User        crm.UserID
}

// Hub is the platform. Safe for concurrent use.
type Hub struct {
	rt    *bot.Runtime
	store Store
	clock crm.Clock

	order sync.Mutex // held from storing a message until it was told: events come in the order of the store

	mu     sync.Mutex
	chats  map[string]Chat
	subs   []*subscriber // in order of subscription
	closed chan struct{}
}

type subscriber struct{ fn func(Event) }

// NewHub makes the platform on its store. Connect it before use.
func NewHub(store Store, clock crm.Clock) *Hub {
	return &Hub{store: store, clock: clock, chats: map[string]Chat{}, closed: make(chan struct{})}
}

// Connect gives the hub the runtime that answers, and loads the chats.
func (h *Hub) Connect(ctx context.Context, rt *bot.Runtime) error {
	h.rt = rt
	list, err := h.store.Chats(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range list {
		h.chats[c.ID] = c
	}
	return nil
}

// Name implements bot.Platform.
func (h *Hub) Name() string { return Name }

// PersonChat is the id of a person's chat with the bot.
func PersonChat(id crm.UserID) string { return "u" + strconv.FormatInt(int64(id), 10) }

func personOf(chat string) crm.UserID {
	if !strings.HasPrefix(chat, "u") {
		return 0
	}
	n, err := strconv.ParseInt(chat[1:], 10, 64)
	if err != nil {
		return 0
	}
	return crm.UserID(n)
}

// AddGroup creates a group and tells the bot that it was added.
func (h *Hub) AddGroup(ctx context.Context, title string, members ...crm.UserID) (Chat, error) {
	c := Chat{Title: title, Members: members}
	if err := h.store.SaveChat(ctx, &c); err != nil {
		return Chat{}, err
	}
	h.mu.Lock()
	h.chats[c.ID] = c
	h.mu.Unlock()
	h.emit(Event{Kind: "chats", Chat: c.ID})
	return c, nil
}

// Groups are all groups in order of creation.
func (h *Hub) Groups() []Chat {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []Chat
	for _, c := range h.chats {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Chat) int {
		if len(a.ID) != len(b.ID) {
			return len(a.ID) - len(b.ID)
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// ChatsOf are a person's chats: the bot first, then the groups.
func (h *Hub) ChatsOf(id crm.UserID) []Chat {
	out := []Chat{{ID: PersonChat(id), Members: []crm.UserID{id}}}
	for _, c := range h.Groups() {
		if slices.Contains(c.Members, id) {
			out = append(out, c)
		}
	}
	return out
}

// ErrNoChat means that the chat does not exist for this person.
var ErrNoChat = errors.New("no such chat for this person")

func (h *Hub) chatFor(user crm.UserID, id string) (Chat, error) {
	if user != 0 && id == PersonChat(user) {
		return Chat{ID: id, Members: []crm.UserID{user}}, nil
	}
	h.mu.Lock()
	c, ok := h.chats[id]
	h.mu.Unlock()
	if !ok || !slices.Contains(c.Members, user) {
		return Chat{}, ErrNoChat
	}
	return c, nil
}

// Messages are the newest n messages of a chat that the person is in.
func (h *Hub) Messages(ctx context.Context, user crm.UserID, chat string, before int64, n int) ([]Message, error) {
	if _, err := h.chatFor(user, chat); err != nil {
		return nil, err
	}
	return h.store.Messages(ctx, chat, before, n)
}

// File is an attachment that the person may download.
func (h *Hub) File(ctx context.Context, user crm.UserID, id int64) (string, []byte, error) {
	m, err := h.store.Message(ctx, id)
	if err != nil {
		return "", nil, err
	}
	if _, err := h.chatFor(user, m.Chat); err != nil {
		return "", nil, err
	}
	return h.store.FileOf(ctx, id)
}

// Incoming is what a person does in a chat.
type Incoming struct {
	User crm.UserID
	Chat string
	// EventID makes redelivery possible; empty: a fresh one.
	EventID  string
	Text     string
	Mentions []bot.Mention
	Files    []bot.File
	// ToBot is true in groups when the bot was addressed; 1:1 always is.
	ToBot bool
	// Answered, if set, gets the bot's answer.
	Answered func(bot.Reply)
}

// Post shows a person's message and lets the bot answer. It returns the id of
// the event, for redelivery.
func (h *Hub) Post(ctx context.Context, in Incoming) (string, error) {
	c, err := h.chatFor(in.User, in.Chat)
	if err != nil {
		return "", err
	}
	first := in.EventID == ""
	if first {
		in.EventID = ulid.Make().String()
		if err := h.showIncoming(ctx, in); err != nil {
			return "", err
		}
	}
	if c.Group() && !in.ToBot && len(in.Files) == 0 {
		return in.EventID, nil
	}
	req := &bot.Req{Platform: Name, EventID: in.EventID, Kind: bot.Message, From: strconv.FormatInt(int64(in.User), 10), Chat: bot.Chat{ID: c.ID, Group: c.Group(), Title: c.Title},
		Text: crm.Normalize(in.Text), Mentions: in.Mentions, Files: in.Files, At: h.clock.Now()}
	if strings.TrimSpace(in.Text) == "" && len(in.Files) > 0 {
		req.Kind = bot.Upload
	}
	return in.EventID, h.answer(ctx, req, in.User, in.Answered)
}

func (h *Hub) showIncoming(ctx context.Context, in Incoming) error {
	add := func(m Message, data []byte) error {
		h.order.Lock()
		defer h.order.Unlock()
		if _, err := h.store.AddMessage(ctx, &m, data); err != nil {
			return err
		}
		h.emit(Event{Kind: "message", Chat: m.Chat, Message: &m})
		return nil
	}
	if in.Text != "" {
		if err := add(Message{Chat: in.Chat, From: in.User, Text: in.Text, At: h.clock.Now()}, nil); err != nil {
			return err
		}
	}
	for _, f := range in.Files {
		if err := add(Message{Chat: in.Chat, From: in.User, File: f.Name, At: h.clock.Now()}, f.Data); err != nil {
			return err
		}
	}
	return nil
}

// Enter tells the bot that a person opened the chat for the first time.
func (h *Hub) Enter(ctx context.Context, user crm.UserID) error {
	req := &bot.Req{Platform: Name, EventID: ulid.Make().String(), Kind: bot.Enter, From: strconv.FormatInt(int64(user), 10), Chat: bot.Chat{ID: PersonChat(user)}, At: h.clock.Now()}
	return h.answer(ctx, req, user, nil)
}

// Pressed is a person's press of a control.
type Pressed struct {
	User    crm.UserID
	Message int64
	Action  card.Wire
	Values  bot.Values
	EventID string
	// Answered, if set, gets the bot's answer.
	Answered func(bot.Reply)
}

// Press hands a press to the bot. It returns the id of the event.
func (h *Hub) Press(ctx context.Context, p Pressed) (string, error) {
	m, err := h.store.Message(ctx, p.Message)
	if err != nil {
		return "", err
	}
	c, err := h.chatFor(p.User, m.Chat)
	if err != nil {
		return "", err
	}
	if p.EventID == "" {
		p.EventID = ulid.Make().String()
	}
	req := &bot.Req{Platform: Name, EventID: p.EventID, Kind: bot.Press, From: strconv.FormatInt(int64(p.User), 10), Chat: bot.Chat{ID: c.ID, Group: c.Group(), Title: c.Title},
		MessageID: strconv.FormatInt(p.Message, 10), Action: &bot.Action{Name: p.Action.Name, Payload: json.RawMessage(p.Action.Payload), Values: p.Values}, At: h.clock.Now()}
	return p.EventID, h.answer(ctx, req, p.User, p.Answered)
}

func (h *Hub) answer(ctx context.Context, req *bot.Req, user crm.UserID, answered func(bot.Reply)) error {
	rep := h.rt.Handle(ctx, req)
	if answered != nil {
		answered(rep)
	}
	return h.Show(ctx, req, rep, user)
}

// Show shows a reply to a request; late replies come here too.
func (h *Hub) Show(ctx context.Context, req *bot.Req, rep bot.Reply, user crm.UserID) error {
	if rep.Empty() {
		return nil
	}
	chat := req.Chat.ID
	if rep.Private && req.Chat.Group {
		chat = PersonChat(user)
	}
	if rep.Toast != "" {
		h.emit(Event{Kind: "toast", Chat: chat, Toast: rep.Toast, Tone: rep.ToastTone, User: user})
	}
	if rep.Text != "" {
		if _, err := h.Send(ctx, bot.Outgoing{Chat: chat, Text: rep.Text}); err != nil {
			return err
		}
	}
	if rep.Card != nil {
		ref := bot.MessageRef{Platform: Name, Chat: chat, ID: req.MessageID}
		var err error
		if rep.Update && req.MessageID != "" {
			err = h.Update(ctx, ref, *rep.Card)
		} else {
			ref, err = h.Send(ctx, bot.Outgoing{Chat: chat, Card: rep.Card})
		}
		if err != nil {
			return err
		}
		if err := h.rt.Sent(ctx, ref, shown(rep, chat, req.At)); err != nil {
			return err
		}
	}
	if len(rep.Files) > 0 {
		if _, err := h.Send(ctx, bot.Outgoing{Chat: chat, Files: rep.Files}); err != nil {
			return err
		}
	}
	for _, also := range rep.Also {
		if err := h.Show(ctx, req, also, user); err != nil {
			return err
		}
	}
	return nil
}

// Later implements bot.Later: it shows a reply that missed the deadline.
func (h *Hub) Later(ctx context.Context, req *bot.Req, rep bot.Reply) {
	id, err := strconv.ParseInt(req.From, 10, 64)
	if err == nil {
		err = h.Show(ctx, req, rep, crm.UserID(id))
	}
	if err != nil {
		slog.ErrorContext(ctx, "late reply", "event", req.EventID, "err", err)
	}
}

func shown(rep bot.Reply, chat string, since time.Time) bot.Shown {
	s := bot.Shown{View: rep.View, About: rep.Card.About, Digest: rep.Card.Digest(), At: since}
	if p := personOf(chat); p != 0 {
		s.User = p
	} else {
		s.Group = true
	}
	return s
}

// Send implements bot.Platform.
func (h *Hub) Send(ctx context.Context, o bot.Outgoing) (bot.MessageRef, error) {
	chat := o.Chat
	if chat == "" {
		chat = "u" + o.User
	}
	var last bot.MessageRef
	part := 0
	add := func(m Message, data []byte) error {
		m.Chat, m.At = chat, h.clock.Now()
		if o.Key != "" {
			m.Key = fmt.Sprintf("%s/%d", o.Key, part)
		}
		part++
		h.order.Lock()
		defer h.order.Unlock()
		fresh, err := h.store.AddMessage(ctx, &m, data)
		if err != nil {
			return err
		}
		last = bot.MessageRef{Platform: Name, Chat: chat, ID: strconv.FormatInt(m.ID, 10)}
		if fresh {
			h.emit(Event{Kind: "message", Chat: chat, Message: &m})
		}
		return nil
	}
	if o.Text != "" {
		if err := add(Message{Text: o.Text}, nil); err != nil {
			return last, err
		}
	}
	for _, f := range o.Files {
		if err := add(Message{File: f.Name}, f.Data); err != nil {
			return last, err
		}
	}
	if o.Card != nil {
		if err := add(Message{Card: o.Card}, nil); err != nil {
			return last, err
		}
	}
	return last, nil
}

// Update implements bot.Platform.
func (h *Hub) Update(ctx context.Context, ref bot.MessageRef, c card.Card) error {
	id, err := strconv.ParseInt(ref.ID, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: message %q", bot.ErrPermanent, ref.ID)
	}
	h.order.Lock()
	defer h.order.Unlock()
	m, err := h.store.UpdateMessage(ctx, id, c)
	if err != nil {
		return err
	}
	h.emit(Event{Kind: "update", Chat: m.Chat, Message: &m})
	return nil
}

// Subscribe calls fn for every event until the returned function is called.
// fn must be quick and must not send: it runs in the sender's goroutine.
func (h *Hub) Subscribe(fn func(Event)) (cancel func()) {
	s := &subscriber{fn}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs = append(slices.Clip(h.subs), s) // a new list: emit reads the old one
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.subs = slices.DeleteFunc(slices.Clone(h.subs), func(x *subscriber) bool { return x == s })
	}
}

// Close ends all streams to browsers, so that a server with open pages can
// stop. The hub goes on delivering.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closed:
	default:
		close(h.closed)
	}
}

// Sees reports whether the person sees events of the chat.
func (h *Hub) Sees(user crm.UserID, chat string) bool {
	_, err := h.chatFor(user, chat)
	return err == nil
}

func (h *Hub) emit(e Event) {
	h.mu.Lock()
	subs := h.subs
	h.mu.Unlock()
	for _, s := range subs {
		s.fn(e)
	}
}
