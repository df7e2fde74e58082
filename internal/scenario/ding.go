package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/bot/webchat"
	"crmbot/cards/card"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/org"
)

// dingChats let a script's people talk on a played DingTalk, through the
// official SDK and the real adapter. What they see is taken from the neutral
// cards that the platform accepted; every title, value and label must be in the
// variables that it got, or the script fails.
type dingChats struct {
	app  *app.App
	ding *emulator.Ding
	bot  *dingbot.Bot
	run  context.CancelFunc
	done chan error

	mu      sync.Mutex
	joined  map[crm.UserID]bool
	groups  []webchat.Chat
	ids     map[string]string // webchat's chat id → DingTalk's, and back
	answers map[string]bot.Reply
	pressed map[string]emulator.DingAnswer
	taps    map[string]emulator.DingControl // pressed before
	lines   map[string]string               // written before
	queue   []emulator.DingMessage          // messages that may stand for cards
	plain   map[string]emulator.DingMessage // those that do, by our message
	numbers map[string]int64                // webchat's message id by ours, and back
	names   map[int64]string
	chats   map[string]string    // chat by message
	shown   map[string]int64     // revision by message
	fresh   look                 // shown and not compared yet
	latest  map[string]card.Card // what a message shows
	subs    []func(webchat.Event)

	verbose io.Writer // hears what people write instead of pressing; nil: nobody
}

// scriptForms is the form template of the played organisation.
const scriptForms = "crmbot-form-template.schema"

func newDingChats(ctx context.Context, a *app.App, clock crm.Clock, o Options) (*dingChats, error) {
	d := &dingChats{app: a, joined: map[crm.UserID]bool{}, ids: map[string]string{}, answers: map[string]bot.Reply{}, pressed: map[string]emulator.DingAnswer{},
		taps: map[string]emulator.DingControl{}, lines: map[string]string{}, plain: map[string]emulator.DingMessage{}, numbers: map[string]int64{}, names: map[int64]string{}, chats: map[string]string{}, shown: map[string]int64{},
		latest: map[string]card.Card{}, done: make(chan error, 1), verbose: o.Verbose}
	d.ding = emulator.NewDing(emulator.DingOptions{Clock: clock, NoLimits: true, AckWait: patience, CallbackWait: patience, Templates: []string{scriptForms}})
	if o.BadDay {
		d.ding.Deliver(emulator.Delivery{Copies: 2, Split: 200, Repeat: true})
	}
	d.ding.Watch(d.watch)
	id, secret := d.ding.App()
	forms := ""
	if o.Cards == "" || o.Cards == dingbot.ModeTemplate {
		forms = scriptForms
	}
	var err error
	d.bot, err = dingbot.New(dingbot.Options{ClientID: id, ClientSecret: secret, APIURL: d.ding.URL(), OAPIURL: d.ding.URL(), CardMode: o.Cards, FormTemplate: forms, KV: a.KV, Inbox: a.DB, Counter: a.DB, Clock: clock, UserID: a.DingTalkID,
		QuotaAPI: -1, QuotaStream: -1, Budget: patience, Settle: 20 * time.Millisecond, Unlimited: true, Answered: d.answered, Shown: d.show})
	if err != nil {
		d.ding.Close()
		return nil, err
	}
	d.bot.Connect(a.Runtime)
	a.AddPlatform(d.bot, d.bot.Later)
	run, cancel := context.WithCancel(ctx)
	d.run = cancel
	go func() { d.done <- d.bot.Run(run) }()
	limit, end := context.WithTimeout(ctx, patience)
	defer end()
	if err := emulator.Await(limit, func() bool { return d.ding.Connections() > 0 }); err != nil {
		return nil, errors.Join(errors.New("the played DingTalk was not reached"), d.close(ctx))
	}
	return d, nil
}

func (d *dingChats) close(ctx context.Context) error {
	d.run()
	err := <-d.done
	limit, end := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer end()
	err = errors.Join(err, d.bot.Close(limit))
	d.ding.Close()
	return err
}

func staffID(u crm.UserID) string { return "staff" + strconv.FormatInt(int64(u), 10) }

// join makes everybody of the company a member of the organisation.
func (d *dingChats) join(ctx context.Context) error {
	dir := d.app.Services.Directory
	all, err := dir.Everyone(ctx)
	if err != nil {
		return err
	}
	for _, u := range all {
		d.mu.Lock()
		known := d.joined[u.ID]
		d.joined[u.ID] = true
		ours := webchat.PersonChat(u.ID)
		d.ids[ours] = dingbot.PersonChat(staffID(u.ID))
		d.ids[dingbot.PersonChat(staffID(u.ID))], d.ids[d.ding.P2P(staffID(u.ID))] = ours, ours
		d.mu.Unlock()
		if known {
			continue
		}
		d.ding.AddPerson(emulator.DingPerson{UserID: staffID(u.ID), Name: u.Name})
		if err := dir.Bind(ctx, org.Identity{Platform: dingbot.Name, External: staffID(u.ID), User: u.ID}); err != nil {
			return err
		}
	}
	return nil
}

func (d *dingChats) AddGroup(_ context.Context, title string, members ...crm.UserID) (webchat.Chat, error) {
	var ids []string
	for _, m := range members {
		ids = append(ids, staffID(m))
	}
	theirs := d.ding.AddGroup(title, ids...)
	d.mu.Lock()
	defer d.mu.Unlock()
	c := webchat.Chat{ID: fmt.Sprintf("g%d", len(d.groups)+1), Title: title, Members: members}
	d.groups = append(d.groups, c)
	d.ids[c.ID], d.ids[theirs] = theirs, c.ID
	return c, nil
}

func (d *dingChats) Groups() []webchat.Chat {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.groups)
}

func (d *dingChats) Sees(user crm.UserID, chat string) bool {
	if chat == webchat.PersonChat(user) {
		return true
	}
	return slices.ContainsFunc(d.Groups(), func(c webchat.Chat) bool { return c.ID == chat && slices.Contains(c.Members, user) })
}

func (d *dingChats) Subscribe(fn func(webchat.Event)) func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.subs = append(d.subs, fn)
	return func() {}
}

func (d *dingChats) emit(e webchat.Event) {
	d.mu.Lock()
	subs := slices.Clone(d.subs)
	d.mu.Unlock()
	for _, fn := range subs {
		fn(e)
	}
}

func (d *dingChats) name(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ids[id]
}

// number is a message's id as webchat counts; the caller holds the lock.
func (d *dingChats) number(id string) int64 {
	n := d.numbers[id]
	if n == 0 {
		n = int64(len(d.numbers) + 1)
		d.numbers[id], d.names[n] = n, id
	}
	return n
}

func (d *dingChats) answered(req *bot.Req, rep bot.Reply) {
	d.mu.Lock()
	defer d.mu.Unlock()
	keepAnswer(d.answers, req.EventID, rep)
}

// watch sees texts and files as they appear; cards come through show.
func (d *dingChats) watch(m emulator.DingMessage) {
	d.mu.Lock()
	out := &webchat.Message{ID: d.number(m.ID), Chat: d.ids[m.Chat], At: m.At}
	d.mu.Unlock()
	switch m.Kind {
	case "text":
		out.Text = m.Body
	case "file", "image":
		out.File = m.FileName
	default:
		d.mu.Lock()
		d.queue = append(d.queue, m)
		d.mu.Unlock()
		return
	}
	d.emit(webchat.Event{Kind: "message", Chat: out.Chat, Message: out})
}

func (d *dingChats) show(m bot.MessageRef, c card.Card) {
	_, isCard := d.ding.Card(m.ID)
	d.mu.Lock()
	if !isCard {
		d.standsFor(m, c)
	}
	d.shown[m.ID]++
	rev, kind := d.shown[m.ID], "update"
	d.latest[m.ID] = c
	if rev == 1 {
		kind, d.chats[m.ID] = "message", d.ids[m.Chat]
	}
	n, chat := d.number(m.ID), d.chats[m.ID]
	d.mu.Unlock()
	d.fresh.put(m.ID, c)
	d.emit(webchat.Event{Kind: kind, Chat: chat, Message: &webchat.Message{ID: n, Chat: chat, Card: &c, Rev: rev}})
}

// standsFor finds the message that was sent for a card; the caller holds the
// lock.
func (d *dingChats) standsFor(m bot.MessageRef, c card.Card) {
	for i, x := range slices.Backward(d.queue) {
		if d.ids[x.Chat] == d.ids[m.Chat] && strings.Contains(readable(x.Title), readable(c.Title)) {
			d.plain[m.ID] = x
			d.queue = slices.Delete(d.queue, i, i+1)
			return
		}
	}
}

// after runs an act, waits until everything is shown and compares the cards with
// what the platform has.
func (d *dingChats) after(ctx context.Context, act func() error) error {
	cards, err := d.fresh.after(act, func() error { return idle(ctx, d.bot) })
	if err != nil {
		return err
	}
	for id, c := range cards {
		x, ok := d.look(id)
		if !ok {
			return fmt.Errorf("card %q is not on the platform", c.Title)
		}
		if strings.Contains(x.text(), "行未显示") || strings.Contains(x.text(), "more lines are not shown") {
			continue // the card says that it shows a part
		}
		seen := readable(x.text() + "\n" + x.card.Params["form"])
		for _, fact := range facts(c) {
			if !strings.Contains(seen, readable(fact)) {
				return fmt.Errorf("card %q lacks %q on DingTalk, which shows:\n%s", c.Title, fact, indent(x.text()))
			}
		}
	}
	return nil
}

// plainly takes away what marks up text on DingTalk, and turns the look-alikes
// of characters with a meaning back.
var plainly = strings.NewReplacer("［", "[", "］", "]", "＜", "<", "＞", ">", "∗", "*", "＿", "_", "～", "~", "｜", "|", "＼", "\\", "＠", "@", "｀", "`", "＆", "&", "＃", "#", "－", "-",
	"＋", "+", "＝", "=", "．", ".", "）", ")", "（", "(", "：／／", "://", "：", ":", `\"`, `"`, `\n`, "\n")

// readable is text as a person reads it, without the white space: platforms
// break lines as they like.
func readable(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "<")
		if i < 0 || !strings.HasPrefix(s[i:], "<font") && !strings.HasPrefix(s[i:], "</font") {
			if i < 0 {
				break
			}
			b.WriteString(s[:i+1])
			s = s[i+1:]
			continue
		}
		b.WriteString(s[:i])
		_, s, _ = strings.Cut(s[i:], ">")
	}
	b.WriteString(s)
	return strings.ReplaceAll(squeeze(plainly.Replace(b.String())), "*", "")
}

func (d *dingChats) Post(ctx context.Context, in webchat.Incoming) (string, error) {
	if in.EventID != "" {
		for _, f := range d.ding.Frames() {
			if f.ID == in.EventID {
				return f.ID, d.after(ctx, func() error { return d.ended(ctx, d.ding.Again(f)) })
			}
		}
		return "", fmt.Errorf("no event %q", in.EventID)
	}
	var last *emulator.DingDelivery
	send := func(m emulator.DingIncoming) error {
		m.Person = staffID(in.User)
		if strings.HasPrefix(in.Chat, "g") {
			m.Chat = d.name(in.Chat)
			if in.ToBot {
				m.Text = strings.TrimSuffix("@bot "+m.Text, " ")
			}
		}
		return d.after(ctx, func() error {
			x, err := d.ding.Send(m)
			if err != nil || x == nil {
				return err
			}
			last = x
			return d.ended(ctx, x)
		})
	}
	if in.Text != "" {
		m := emulator.DingIncoming{Text: in.Text}
		for _, x := range in.Mentions {
			m.Text = strings.ReplaceAll(m.Text, x.Token, "@staff"+x.ID)
		}
		if err := send(m); err != nil {
			return "", err
		}
	}
	for _, f := range in.Files {
		m := emulator.DingIncoming{Type: "file", Name: f.Name, Data: f.Data}
		if strings.HasPrefix(in.Chat, "g") {
			// Files do not reach the bot in groups; the person sends it in the chat.
			m.Name = f.Name
		}
		if err := send(m); err != nil {
			return "", err
		}
	}
	if last == nil {
		return "", nil
	}
	d.tellAnswer(last.ID, in.Answered)
	return last.ID, nil
}

func (d *dingChats) tellAnswer(event string, fn func(bot.Reply)) {
	d.mu.Lock()
	rep, ok := d.answers[event]
	d.mu.Unlock()
	if ok && fn != nil {
		fn(rep)
	}
}

func (d *dingChats) ended(ctx context.Context, x *emulator.DingDelivery) error {
	limit, end := context.WithTimeout(ctx, patience)
	defer end()
	if _, ok, err := x.Wait(limit); err != nil || !ok {
		return errors.Join(fmt.Errorf("event %s was not acknowledged", x.ID), err)
	}
	return nil
}
