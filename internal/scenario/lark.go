package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"crmbot/bot"
	"crmbot/bot/larkbot"
	"crmbot/bot/webchat"
	"crmbot/cards/card"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/org"
)

// larkChats let a script's people talk on a played Lark, through the official
// SDK and the real adapter. What they see is taken from the neutral cards that
// the platform accepted; every title, value and label must be in the JSON that
// it got, or the script fails.
type larkChats struct {
	app  *app.App
	lark *emulator.Lark
	bot  *larkbot.Bot
	run  context.CancelFunc
	done chan error

	mu      sync.Mutex
	joined  map[crm.UserID]bool
	groups  []webchat.Chat
	ids     map[string]string // webchat's chat id → Lark's, and back
	answers map[string]bot.Reply
	pressed map[string]emulator.LarkAnswer
	taps    map[string]emulator.LarkControl // pressed before
	shown   map[string]int64                // revision by message
	fresh   look                            // shown and not compared yet
	latest  map[string]card.Card
	subs    []func(webchat.Event)
}

// patience is how long a step of a script may take on a played platform.
const patience = time.Minute

func newLarkChats(ctx context.Context, a *app.App, clock crm.Clock, badDay bool) (*larkChats, error) {
	l := &larkChats{app: a, joined: map[crm.UserID]bool{}, ids: map[string]string{}, answers: map[string]bot.Reply{}, pressed: map[string]emulator.LarkAnswer{},
		taps: map[string]emulator.LarkControl{}, shown: map[string]int64{}, latest: map[string]card.Card{}, done: make(chan error, 1)}
	l.lark = emulator.NewLark(emulator.LarkOptions{Clock: clock, NoLimits: true, AckWait: patience, CallbackWait: patience})
	l.lark.Watch(l.watch)
	if badDay {
		l.lark.Deliver(emulator.Delivery{Copies: 2, Split: 400, Repeat: true})
	}
	id, secret := l.lark.App()
	var err error
	l.bot, err = larkbot.New(larkbot.Options{AppID: id, AppSecret: secret, BaseURL: l.lark.URL(), KV: a.KV, Inbox: a.DB, Clock: clock, Budget: patience, Settle: 20 * time.Millisecond,
		Unlimited: true, Answered: l.answered, Shown: l.show, OpenID: func(_ context.Context, u crm.UserID) string { return openID(u) }})
	if err != nil {
		l.lark.Close()
		return nil, err
	}
	l.bot.Connect(a.Runtime)
	a.AddPlatform(l.bot, l.bot.Later)
	run, cancel := context.WithCancel(ctx)
	l.run = cancel
	go func() { l.done <- l.bot.Run(run) }()
	limit, end := context.WithTimeout(ctx, patience)
	defer end()
	if err := emulator.Await(limit, func() bool { return l.lark.Connections() > 0 }); err != nil {
		return nil, errors.Join(errors.New("the played Lark was not reached"), l.close(ctx))
	}
	return l, nil
}

func (l *larkChats) close(ctx context.Context) error {
	l.run()
	err := <-l.done
	limit, end := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer end()
	err = errors.Join(err, l.bot.Close(limit))
	l.lark.Close()
	return err
}

func openID(u crm.UserID) string { return "ou_" + strconv.FormatInt(int64(u), 10) }

// join makes everybody of the company a member of the tenant.
func (l *larkChats) join(ctx context.Context) error {
	dir := l.app.Services.Directory
	all, err := dir.Everyone(ctx)
	if err != nil {
		return err
	}
	for _, u := range all {
		l.mu.Lock()
		known := l.joined[u.ID]
		l.joined[u.ID] = true
		l.ids[webchat.PersonChat(u.ID)] = l.lark.P2P(openID(u.ID))
		l.ids[l.lark.P2P(openID(u.ID))] = webchat.PersonChat(u.ID)
		l.mu.Unlock()
		if known {
			continue
		}
		l.lark.AddPerson(emulator.LarkPerson{OpenID: openID(u.ID), Name: u.Name})
		if err := dir.Bind(ctx, org.Identity{Platform: larkbot.Name, External: openID(u.ID), User: u.ID}); err != nil {
			return err
		}
	}
	return nil
}

func (l *larkChats) AddGroup(_ context.Context, title string, members ...crm.UserID) (webchat.Chat, error) {
	var ids []string
	for _, m := range members {
		ids = append(ids, openID(m))
	}
	theirs := l.lark.AddGroup(title, ids...)
	l.mu.Lock()
	defer l.mu.Unlock()
	c := webchat.Chat{ID: fmt.Sprintf("g%d", len(l.groups)+1), Title: title, Members: members}
	l.groups = append(l.groups, c)
	l.ids[c.ID], l.ids[theirs] = theirs, c.ID
	return c, nil
}

func (l *larkChats) Groups() []webchat.Chat {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.groups)
}

func (l *larkChats) Sees(user crm.UserID, chat string) bool {
	if chat == webchat.PersonChat(user) {
		return true
	}
	return slices.ContainsFunc(l.Groups(), func(c webchat.Chat) bool { return c.ID == chat && slices.Contains(c.Members, user) })
}

func (l *larkChats) Subscribe(fn func(webchat.Event)) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subs = append(l.subs, fn)
	return func() {}
}

func (l *larkChats) emit(e webchat.Event) {
	l.mu.Lock()
	subs := slices.Clone(l.subs)
	l.mu.Unlock()
	for _, fn := range subs {
		fn(e)
	}
}

func (l *larkChats) name(id string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ids[id]
}

func (l *larkChats) answered(req *bot.Req, rep bot.Reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	keepAnswer(l.answers, req.EventID, rep)
}

// number is a message's id as webchat counts.
func number(id string) int64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(id, "om_"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func messageID(n int64) string { return fmt.Sprintf("om_%08d", n) }

// watch sees texts and files as they appear; cards come through show.
func (l *larkChats) watch(m emulator.LarkMessage) {
	out := &webchat.Message{ID: number(m.ID), Chat: l.name(m.Chat), At: m.At}
	switch m.Type {
	case "text":
		out.Text = m.Text()
	case "file", "image":
		out.File = m.FileName
	default:
		return
	}
	l.emit(webchat.Event{Kind: "message", Chat: out.Chat, Message: out})
}

func (l *larkChats) show(m bot.MessageRef, c card.Card) {
	l.mu.Lock()
	l.shown[m.ID]++
	rev, kind := l.shown[m.ID], "update"
	l.latest[m.ID] = c
	l.mu.Unlock()
	l.fresh.put(m.ID, c)
	if rev == 1 {
		kind = "message"
	}
	msg, _ := l.lark.Message(m.ID)
	chat := l.name(msg.Chat)
	l.emit(webchat.Event{Kind: kind, Chat: chat, Message: &webchat.Message{ID: number(m.ID), Chat: chat, Card: &c, Rev: rev}})
}

// after runs an act, waits until everything is shown and compares the cards with
// what the platform has.
func (l *larkChats) after(ctx context.Context, act func() error) error {
	cards, err := l.fresh.after(act, func() error { return idle(ctx, l.bot) })
	if err != nil {
		return err
	}
	for id, c := range cards {
		m, ok := l.lark.Message(id)
		if !ok {
			return fmt.Errorf("card %q is not on the platform", c.Title)
		}
		seen := squeeze(emulator.LarkCardText(m.Content))
		for _, fact := range facts(c) {
			if !strings.Contains(seen, squeeze(fact)) {
				return fmt.Errorf("card %q lacks %q on Lark, which shows:\n%s", c.Title, fact, indent(emulator.LarkCardText(m.Content)))
			}
		}
	}
	return nil
}

// squeeze leaves out white space: platforms break lines as they like.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// facts are what a person must be able to read wherever the card is shown.
func facts(c card.Card) []string {
	out := []string{c.Title, c.Subtitle}
	for _, b := range c.Blocks {
		switch b := b.(type) {
		case card.Fields:
			for _, f := range b.Items {
				out = append(out, f.Label, f.Value)
			}
		case card.Text:
			for _, s := range b.Spans {
				out = append(out, s.Text)
			}
		case card.Form:
			for _, in := range b.Inputs {
				out = append(out, in.Label)
			}
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" || len(s) > 400 })
}

func (l *larkChats) Post(ctx context.Context, in webchat.Incoming) (string, error) {
	if in.EventID != "" {
		for _, e := range l.lark.Events() {
			if e.ID == in.EventID {
				return e.ID, l.after(ctx, func() error { return l.ended(ctx, l.lark.Again(e)) })
			}
		}
		return "", fmt.Errorf("no event %q", in.EventID)
	}
	var last *emulator.LarkDelivery
	send := func(m emulator.LarkIncoming) error {
		m.Person, m.ToBot = openID(in.User), in.ToBot && strings.HasPrefix(in.Chat, "g")
		if strings.HasPrefix(in.Chat, "g") {
			m.Chat = l.name(in.Chat)
		}
		return l.after(ctx, func() error {
			d, err := l.lark.Send(m)
			if err != nil || d == nil {
				return err
			}
			last = d
			return l.ended(ctx, d)
		})
	}
	if in.Text != "" {
		m := emulator.LarkIncoming{Text: in.Text}
		for _, x := range in.Mentions {
			m.Mentions = append(m.Mentions, [2]string{x.Token, "ou_" + x.ID})
		}
		if err := send(m); err != nil {
			return "", err
		}
	}
	for _, f := range in.Files {
		if err := send(emulator.LarkIncoming{Type: "file", Name: f.Name, Data: f.Data}); err != nil {
			return "", err
		}
	}
	if last == nil {
		return "", nil
	}
	l.tellAnswer(last.Message, in.Answered)
	return last.ID, nil
}

func (l *larkChats) tellAnswer(event string, fn func(bot.Reply)) {
	l.mu.Lock()
	rep, ok := l.answers[event]
	l.mu.Unlock()
	if ok && fn != nil {
		fn(rep)
	}
}

func (l *larkChats) ended(ctx context.Context, d *emulator.LarkDelivery) error {
	limit, end := context.WithTimeout(ctx, patience)
	defer end()
	if _, ok, err := d.Wait(limit); err != nil || !ok {
		return errors.Join(fmt.Errorf("event %s was not acknowledged", d.ID), err)
	}
	return nil
}

func (l *larkChats) Press(ctx context.Context, p webchat.Pressed) (string, error) {
	id := messageID(p.Message)
	if p.EventID != "" {
		l.mu.Lock()
		a := l.pressed[p.EventID]
		l.mu.Unlock()
		_, err := l.press(ctx, p, id, func() (emulator.LarkAnswer, error) { return l.lark.PressAgain(a, id), nil })
		return p.EventID, err
	}
	m, ok := l.lark.Message(id)
	if !ok {
		return "", fmt.Errorf("no message %s", id)
	}
	c, ok := controlOf(m.Content, p.Action)
	key := fmt.Sprint(id, p.Action.Name, string(p.Action.Payload))
	l.mu.Lock()
	if ok {
		l.taps[key] = c
	} else { // a second tap, before the first one changed the card
		c, ok = l.taps[key]
	}
	l.mu.Unlock()
	if !ok {
		return l.command(ctx, p, id)
	}
	form, err := clientValues(c, p.Values)
	if err != nil {
		return "", err
	}
	a, err := l.press(ctx, p, id, func() (emulator.LarkAnswer, error) {
		a, err := l.lark.Press(emulator.LarkPress{Person: openID(p.User), Message: id, Control: c, Values: form})
		if err == nil {
			l.mu.Lock()
			l.pressed[a.Event.ID] = a
			l.mu.Unlock()
		}
		return a, err
	})
	return a.Event.ID, err
}

// press presses and shows the answer to the person.
func (l *larkChats) press(ctx context.Context, p webchat.Pressed, id string, press func() (emulator.LarkAnswer, error)) (a emulator.LarkAnswer, err error) {
	err = l.after(ctx, func() (err error) {
		if a, err = press(); err != nil {
			return err
		}
		if a.Error != 0 {
			return fmt.Errorf("the person who pressed sees Lark's error %d", a.Error)
		}
		if a.Toast != "" {
			m, _ := l.lark.Message(id)
			l.emit(webchat.Event{Kind: "toast", Chat: l.name(m.Chat), Toast: a.Toast, Tone: a.Tone, User: p.User})
		}
		return nil
	})
	if err == nil {
		l.tellAnswer(a.Event.ID, p.Answered)
	}
	return a, err
}

// command does by its text command what a control does that the platform
// cannot show, as the card tells the person.
func (l *larkChats) command(ctx context.Context, p webchat.Pressed, id string) (string, error) {
	l.mu.Lock()
	c := l.latest[id]
	l.mu.Unlock()
	m, _ := l.lark.Message(id)
	for _, k := range c.Controls() {
		if k.Button.Action == nil {
			continue
		}
		w, err := card.Encode(k.Button.Action)
		if err != nil || w.Name != p.Action.Name || string(w.Payload) != string(p.Action.Payload) {
			continue
		}
		if k.Form != nil || !strings.Contains(squeeze(emulator.LarkCardText(m.Content)), squeeze(k.Button.Command)) {
			break
		}
		return l.Post(ctx, webchat.Incoming{User: p.User, Chat: l.name(m.Chat), Text: k.Button.Command, ToBot: true, Answered: p.Answered})
	}
	return "", fmt.Errorf("the card %q on Lark has neither a control for %s nor its command; it is %s", c.Title, p.Action.Name, m.Content)
}

// controlOf finds the control with the action in a card's JSON.
func controlOf(raw []byte, want card.Wire) (emulator.LarkControl, bool) {
	for _, c := range emulator.LarkControls(raw) {
		var w card.Wire
		if json.Unmarshal(c.Value, &w) == nil && w.Name == want.Name && string(w.Payload) == string(want.Payload) && !c.Disabled {
			return c, true
		}
	}
	return emulator.LarkControl{}, false
}

// clientValues are the values as the client sends them. Its own check of
// required inputs is left out: the program must refuse what lacks them itself.
func clientValues(c emulator.LarkControl, values bot.Values) (map[string]any, error) {
	out := map[string]any{}
	left := len(values)
	for _, f := range c.Fields {
		v, ok := values[f.Name[strings.LastIndex(f.Name, ".")+1:]]
		if !ok || len(v) == 0 {
			continue
		}
		left--
		switch f.Tag {
		case "multi_select_static", "multi_select_person":
			out[f.Name] = v
		case "date_picker", "picker_time", "picker_datetime":
			out[f.Name] = v[0] + " +0800"
		case "select_person":
			out[f.Name] = "ou_" + v[0]
		default:
			out[f.Name] = v[0]
		}
	}
	if left > 0 && c.Form != "" {
		return nil, fmt.Errorf("the form on Lark has fewer inputs than the card: %v", values)
	}
	return out, nil
}
