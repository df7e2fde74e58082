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
	numbers map[string]int64                // webchat's message id by ours, and back
	names   map[int64]string
	chats   map[string]string    // chat by message
	shown   map[string]int64     // revision by message
	fresh   map[string]card.Card // shown since the last look
	latest  map[string]card.Card // what a message shows
	subs    []func(webchat.Event)
}

// scriptForms is the form template of the played organisation.
const scriptForms = "crmbot-form-template.schema"

func newDingChats(ctx context.Context, a *app.App, clock crm.Clock, badDay bool) (*dingChats, error) {
	d := &dingChats{app: a, joined: map[crm.UserID]bool{}, ids: map[string]string{}, answers: map[string]bot.Reply{}, pressed: map[string]emulator.DingAnswer{},
		taps: map[string]emulator.DingControl{}, numbers: map[string]int64{}, names: map[int64]string{}, chats: map[string]string{}, shown: map[string]int64{},
		fresh: map[string]card.Card{}, latest: map[string]card.Card{}, done: make(chan error, 1)}
	d.ding = emulator.NewDing(emulator.DingOptions{Clock: clock, NoLimits: true, AckWait: patience, CallbackWait: patience, Templates: []string{scriptForms}})
	if badDay {
		d.ding.Deliver(emulator.Delivery{Copies: 2, Split: 200, Repeat: true})
	}
	d.ding.Watch(d.watch)
	id, secret := d.ding.App()
	var err error
	d.bot, err = dingbot.New(dingbot.Options{ClientID: id, ClientSecret: secret, APIURL: d.ding.URL(), OAPIURL: d.ding.URL(), FormTemplate: scriptForms, KV: a.KV, Inbox: a.DB, Counter: a.DB, Clock: clock, UserID: a.DingTalkID,
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
	if _, again := d.answers[req.EventID]; !again {
		d.answers[req.EventID] = rep
	}
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
		return
	}
	d.emit(webchat.Event{Kind: "message", Chat: out.Chat, Message: out})
}

func (d *dingChats) show(m bot.MessageRef, c card.Card) {
	d.mu.Lock()
	d.shown[m.ID]++
	rev, kind := d.shown[m.ID], "update"
	d.fresh[m.ID], d.latest[m.ID] = c, c
	if rev == 1 {
		kind, d.chats[m.ID] = "message", d.ids[m.Chat]
	}
	n, chat := d.number(m.ID), d.chats[m.ID]
	d.mu.Unlock()
	d.emit(webchat.Event{Kind: kind, Chat: chat, Message: &webchat.Message{ID: n, Chat: chat, Card: &c, Rev: rev}})
}

// settled waits until everything is shown and compares the cards with what the
// platform has.
func (d *dingChats) settled(ctx context.Context) error {
	limit, end := context.WithTimeout(ctx, patience)
	defer end()
	if err := d.bot.Idle(limit); err != nil {
		return fmt.Errorf("answers are still on their way: %w", err)
	}
	d.mu.Lock()
	cards := d.fresh
	d.fresh = map[string]card.Card{}
	d.mu.Unlock()
	for id, c := range cards {
		x, ok := d.ding.Card(id)
		if !ok {
			return fmt.Errorf("card %q is not on the platform", c.Title)
		}
		if strings.Contains(x.Params["tips"], "行未显示") || strings.Contains(x.Params["tips"], "more lines are not shown") {
			continue // the card says that it shows a part
		}
		seen := readable(x.Text() + "\n" + x.Params["form"])
		for _, fact := range facts(c) {
			if !strings.Contains(seen, readable(fact)) {
				return fmt.Errorf("card %q lacks %q on DingTalk, which shows:\n%s", c.Title, fact, indent(x.Text()))
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
				return f.ID, d.ended(ctx, d.ding.Again(f))
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
		x, err := d.ding.Send(m)
		if err != nil || x == nil {
			return err
		}
		last = x
		return d.ended(ctx, x)
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
	return d.settled(ctx)
}

func (d *dingChats) Press(ctx context.Context, p webchat.Pressed) (string, error) {
	d.mu.Lock()
	id := d.names[p.Message]
	again := d.pressed[p.EventID]
	d.mu.Unlock()
	if p.EventID != "" {
		return p.EventID, d.seen(ctx, p, id, d.ding.PressAgain(again))
	}
	x, ok := d.ding.Card(id)
	if !ok {
		return "", fmt.Errorf("no card %s", id)
	}
	c, ok := dingControl(x, p.Action)
	key := fmt.Sprint(id, p.Action.Name, string(p.Action.Payload))
	d.mu.Lock()
	if ok {
		d.taps[key] = c
	} else { // a second tap, before the first one changed the card
		c, ok = d.taps[key]
	}
	d.mu.Unlock()
	if !ok {
		return d.command(ctx, p, id, x)
	}
	if c.Fields == nil && len(p.Values) > 0 && !sameValues(c.Params["f"], p.Values) {
		return "", fmt.Errorf("%w: %q", errFormTooLarge, d.title(id))
	}
	values := map[string]string{}
	for k, v := range p.Values {
		values[k] = strings.Join(v, ",")
	}
	for k := range values {
		if c.Fields != nil && !slices.ContainsFunc(c.Fields, func(f emulator.DingField) bool { return f.Name == k }) {
			return "", fmt.Errorf("the form on DingTalk has no input %q", k)
		}
	}
	a, err := d.ding.Press(emulator.DingPress{Person: staffID(p.User), Card: id, Control: c, Values: values})
	if err != nil {
		return "", err
	}
	event := "press:" + a.Frame.MessageID
	d.mu.Lock()
	d.pressed[event] = a
	d.mu.Unlock()
	return event, d.seen(ctx, p, id, a)
}

// errFormTooLarge is a form that DingTalk's template does not take: it is shown
// as a command with an example, and a script that fills it in does not fit.
var errFormTooLarge = errors.New("the form is too large for DingTalk")

func (d *dingChats) title(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.latest[id].Title
}

// sameValues reports whether a button that sends a form's initial values sends
// these.
func sameValues(initial string, values bot.Values) bool {
	var have map[string]string
	if json.Unmarshal([]byte(initial), &have) != nil {
		return false
	}
	for k, v := range values {
		if x := strings.Join(v, ","); x != "" && x != have[k] {
			return false
		}
	}
	return true
}

// seen shows the answer to a press to the person: the line below the card.
func (d *dingChats) seen(ctx context.Context, p webchat.Pressed, id string, a emulator.DingAnswer) error {
	if a.Refused != "" || a.Code != 200 {
		return fmt.Errorf("the person who pressed sees that it failed: %d %s", a.Code, a.Refused)
	}
	if line := a.Params["tips"]; line != "" {
		d.mu.Lock()
		chat := d.chats[id]
		d.mu.Unlock()
		d.emit(webchat.Event{Kind: "toast", Chat: chat, Toast: line, User: p.User})
	}
	if err := d.settled(ctx); err != nil {
		return err
	}
	d.tellAnswer("press:"+a.Frame.MessageID, p.Answered)
	return nil
}

// command does by its text command what a control does that the platform
// cannot show, as the card tells the person.
func (d *dingChats) command(ctx context.Context, p webchat.Pressed, id string, x emulator.DingCard) (string, error) {
	d.mu.Lock()
	c, chat := d.latest[id], d.chats[id]
	d.mu.Unlock()
	for _, k := range c.Controls() {
		if k.Button.Action == nil {
			continue
		}
		w, err := card.Encode(k.Button.Action)
		if err != nil || w.Name != p.Action.Name || string(w.Payload) != string(p.Action.Payload) {
			continue
		}
		if k.Form != nil || !strings.Contains(readable(x.Text()), readable(k.Button.Command)) {
			break
		}
		return d.Post(ctx, webchat.Incoming{User: p.User, Chat: chat, Text: k.Button.Command, ToBot: true, Answered: p.Answered})
	}
	return "", fmt.Errorf("the card %q on DingTalk has neither a control for %s nor its command; it shows\n%s", c.Title, p.Action.Name, indent(x.Text()))
}

// dingControl finds the control with the action on a card.
func dingControl(x emulator.DingCard, want card.Wire) (emulator.DingControl, bool) {
	payload := string(want.Payload)
	if payload == "" {
		payload = "{}"
	}
	for _, c := range x.Controls() {
		if c.Params["a"] == want.Name && c.Params["p"] == payload {
			return c, true
		}
		for _, f := range c.Fields {
			if f.Name != "_wires" {
				continue
			}
			var text string
			var wires []card.Wire
			if json.Unmarshal(f.Default, &text) != nil || json.Unmarshal([]byte(text), &wires) != nil {
				continue
			}
			for i, w := range wires {
				if w.Name == want.Name && string(w.Payload) == payload && (c.Choice == "" || c.Choice == strconv.Itoa(i)) {
					return c, true
				}
			}
		}
	}
	return emulator.DingControl{}, false
}
