package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (l *Lark) ids(p *LarkPerson) map[string]string {
	return map[string]string{"union_id": p.UnionID, "user_id": p.UserID, "open_id": p.OpenID}
}

func (l *Lark) person(openID string) (*LarkPerson, string, error) {
	p := l.people[openID]
	if p == nil {
		return nil, "", fmt.Errorf("nobody has the open id %q", openID)
	}
	tenant := l.opt.TenantKey
	if p.Foreign != "" {
		tenant = p.Foreign
	}
	return p, tenant, nil
}

// LarkIncoming is a message of a person.
type LarkIncoming struct {
	Person string
	// Mentions replaces what is found in Text: the token as it stands there and
	// the open id.
	Mentions [][2]string
	// ToBot puts a mention of the bot in front.
	ToBot bool
	// Chat is the group; empty: the chat with the bot.
	Chat string
	// Type is text (the default), post, image, file or audio.
	Type string
	// Text is what was typed; "@bot" and "@<open id>" become mentions. For audio
	// it is what the platform recognised.
	Text string
	// Post is the content of a post; nil: Text as its only paragraph.
	Post any
	Name string
	Data []byte
	Age  time.Duration // how long ago it was sent
}

// Send lets a person send a message. In a group the bot hears only what
// mentions it; the delivery is nil for the rest.
func (l *Lark) Send(in LarkIncoming) (*LarkDelivery, error) {
	l.mu.Lock()
	p, tenant, err := l.person(in.Person)
	if err != nil {
		l.mu.Unlock()
		return nil, err
	}
	c := l.p2p(in.Person)
	if in.Chat != "" {
		if c = l.chats[in.Chat]; c == nil || !slices.Contains(c.Members, in.Person) {
			l.mu.Unlock()
			return nil, errors.New("the person is not in this chat")
		}
	}
	if in.Type == "" {
		in.Type = "text"
	}
	now := l.opt.Clock.Now().Add(-in.Age)
	m := &LarkMessage{ID: l.next("om_"), Chat: c.ID, From: in.Person, Type: in.Type, At: now}
	text, mentions, toBot := l.mentions(in)
	content, err := json.Marshal(l.body(in, text, m))
	if err != nil {
		l.mu.Unlock()
		return nil, err
	}
	m.Content = content
	l.messages[m.ID] = m
	l.order = append(l.order, m)
	chatType := "p2p"
	if c.Group {
		chatType = "group"
	}
	msg := map[string]any{"message_id": m.ID, "create_time": strconv.FormatInt(now.UnixMilli(), 10), "chat_id": c.ID, "chat_type": chatType, "message_type": in.Type,
		"content": string(content), "user_agent": "Mozilla/5.0 Lark/7.30"}
	if len(mentions) > 0 {
		msg["mentions"] = mentions
	}
	event := map[string]any{"sender": map[string]any{"sender_id": l.ids(p), "sender_type": "user", "tenant_key": tenant}, "message": msg}
	heard := !c.Group || toBot
	l.mu.Unlock()
	if !heard {
		return nil, nil
	}
	d := l.Emit("im.message.receive_v1", event)
	d.Message = m.ID
	return d, nil
}

// body is the content of a message; files are kept for download.
func (l *Lark) body(in LarkIncoming, text string, m *LarkMessage) any {
	keep := func(prefix string) string {
		key := l.next(prefix)
		l.blobs[key] = blob{name: in.Name, message: m.ID, data: in.Data}
		m.FileName, m.File = in.Name, in.Data
		return key
	}
	switch in.Type {
	case "file":
		return map[string]string{"file_key": keep("file_v3_"), "file_name": in.Name}
	case "image":
		return map[string]string{"image_key": keep("img_v3_")}
	case "audio":
		out := map[string]any{"file_key": keep("file_v3_"), "duration": 2000}
		if text != "" {
			out["recognition"] = text
		}
		return out
	case "post":
		if in.Post != nil {
			return in.Post
		}
		return map[string]any{"title": "", "content": [][]map[string]string{{{"tag": "text", "text": text}}}}
	}
	return map[string]string{"text": text}
}

// mentions turns @bot, @ou_… and the tokens of in.Mentions into the platform's
// keys.
func (l *Lark) mentions(in LarkIncoming) (string, []map[string]any, bool) {
	var out []map[string]any
	toBot := false
	add := func(id string) string {
		name := "crmbot"
		if p := l.people[id]; p != nil {
			name = p.Name
		}
		toBot = toBot || id == LarkBotOpenID
		key := fmt.Sprintf("@_user_%d", len(out)+1)
		out = append(out, map[string]any{"key": key, "id": map[string]string{"open_id": id, "union_id": "on_" + strings.TrimPrefix(id, "ou_"), "user_id": ""}, "name": name, "tenant_key": l.opt.TenantKey})
		return key
	}
	text := in.Text
	if in.ToBot {
		text = "@bot " + text
	}
	fields := strings.Split(text, " ")
	for i, f := range fields {
		id, ok := strings.CutPrefix(f, "@")
		if !ok {
			continue
		}
		if id == "bot" {
			fields[i] = add(LarkBotOpenID)
		} else if l.people[id] != nil {
			fields[i] = add(id)
		}
	}
	text = strings.Join(fields, " ")
	for _, m := range in.Mentions {
		text = strings.Replace(text, m[0], add(m[1]), 1)
	}
	return text, out, toBot
}

// Enter lets a person open the chat with the bot.
func (l *Lark) Enter(openID string) *LarkDelivery {
	l.mu.Lock()
	c, last := l.p2p(openID), ""
	for _, m := range l.order {
		if m.Chat == c.ID {
			last = m.ID
		}
	}
	event := map[string]any{"chat_id": c.ID, "operator_id": map[string]string{"open_id": openID, "union_id": "on_" + strings.TrimPrefix(openID, "ou_")}}
	if last != "" {
		event["last_message_id"], event["last_message_create_time"] = last, "1615380573411"
	}
	l.mu.Unlock()
	return l.Emit("im.chat.access_event.bot_p2p_chat_entered_v1", event)
}

// PickMenu lets a person choose an entry of the bot's menu.
func (l *Lark) PickMenu(openID, key string) *LarkDelivery {
	return l.Emit("application.bot.menu_v6", map[string]any{"event_key": key, "timestamp": l.opt.Clock.Now().Unix(),
		"operator": map[string]any{"operator_name": "", "operator_id": map[string]string{"open_id": openID, "union_id": "on_" + strings.TrimPrefix(openID, "ou_")}}})
}

// Invite lets a person add the bot to a group.
func (l *Lark) Invite(openID, chat string) *LarkDelivery {
	l.mu.Lock()
	title := ""
	if c := l.chats[chat]; c != nil {
		c.BotOut, title = false, c.Title
	}
	tenant := l.opt.TenantKey
	l.mu.Unlock()
	return l.Emit("im.chat.member.bot.added_v1", map[string]any{"chat_id": chat, "operator_id": map[string]string{"open_id": openID}, "external": false, "operator_tenant_key": tenant, "name": title})
}

// Leave lets a person leave the company.
func (l *Lark) Leave(openID string) *LarkDelivery {
	l.mu.Lock()
	body := map[string]any{}
	if p := l.people[openID]; p != nil {
		body["old_object"] = map[string]any{"department_ids": p.Departments}
		p.Resigned, p.Departments = true, nil
		body["object"] = l.userJSON(p)
	}
	l.mu.Unlock()
	return l.Emit("contact.user.deleted_v3", body)
}

// Join tells the app about a new person.
func (l *Lark) Join(p LarkPerson) *LarkDelivery {
	l.AddPerson(p)
	l.mu.Lock()
	object := l.userJSON(l.people[p.OpenID])
	l.mu.Unlock()
	return l.Emit("contact.user.created_v3", map[string]any{"object": object})
}

// LarkPress is a person's press of a control.
type LarkPress struct {
	Person, Message string
	Control         LarkControl
	// Values are the form's values as the client sends them.
	Values map[string]any
	// Action replaces the action of the callback, for shapes that no card of
	// ours has.
	Action map[string]any
}

// LarkAnswer is what the person who pressed sees.
type LarkAnswer struct {
	// Toast and Tone are the pop-up.
	Toast, Tone string
	// Card is true if the answer replaced the card.
	Card bool
	// Error is the platform's code when something was wrong with the answer:
	// 200341 too late, 200671 refused, 200672 no answer in the right form,
	// 200673 wrong card, 108002 no answer at all.
	Error int
	// Event is the callback, to send it again.
	Event LarkEvent
}

// Press lets a person press a control and waits for what they see. Callbacks
// are never repeated by the platform.
func (l *Lark) Press(p LarkPress) (LarkAnswer, error) {
	l.mu.Lock()
	who, tenant, err := l.person(p.Person)
	m := l.messages[p.Message]
	if err == nil && m == nil {
		err = fmt.Errorf("no message %q", p.Message)
	}
	if err != nil {
		l.mu.Unlock()
		return LarkAnswer{}, err
	}
	operator := l.ids(who)
	operator["tenant_key"] = tenant
	event := map[string]any{"operator": operator, "token": l.next("c-"), "action": pressAction(p), "host": "im_message", "delivery_type": "",
		"context": map[string]string{"open_message_id": m.ID, "open_chat_id": m.Chat}}
	l.mu.Unlock()
	return l.call(l.envelope(pressEvent, event), m.ID), nil
}

// PressAgain sends a callback once more with the same id.
func (l *Lark) PressAgain(a LarkAnswer, message string) LarkAnswer { return l.call(a.Event, message) }

func pressAction(p LarkPress) map[string]any {
	if p.Action != nil {
		return p.Action
	}
	a := map[string]any{"tag": "button", "timezone": "Asia/Shanghai"}
	if p.Control.Name != "" {
		a["name"] = p.Control.Name
	}
	if p.Control.Value != nil {
		a["value"] = p.Control.Value
	}
	if p.Control.Form != "" {
		values := p.Values
		if values == nil {
			values = map[string]any{}
		}
		a["form_value"] = values
	}
	return a
}

func (l *Lark) call(e LarkEvent, message string) LarkAnswer {
	l.mu.Lock()
	l.pressing[message]++
	l.mu.Unlock()
	ack, ok := l.transmit(e, l.opt.CallbackWait)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pressing[message]--; l.pressing[message] == 0 {
		delete(l.pressing, message)
	}
	out := LarkAnswer{Event: e}
	var body struct {
		Toast *struct{ Type, Content string }
		Card  *struct {
			Type string
			Data json.RawMessage
		}
	}
	switch {
	case !ok:
		out.Error = 200341
	case ack.Code != 200:
		out.Error = 200671
	case len(ack.Data) == 0 || string(ack.Data) == "null":
		out.Error = 108002
	case json.Unmarshal(ack.Data, &body) != nil:
		out.Error = 200672
	}
	if out.Error != 0 {
		return out
	}
	if body.Toast != nil {
		out.Toast, out.Tone = body.Toast.Content, body.Toast.Type
		if !slices.Contains([]string{"info", "success", "error", "warning"}, out.Tone) {
			out.Error = 200672
		}
	}
	if body.Card != nil {
		m := l.messages[message]
		if body.Card.Type != "raw" || l.checkCard(body.Card.Data) != nil || m == nil {
			out.Error = 200673
			return out
		}
		m.Content, m.Revision, out.Card = body.Card.Data, m.Revision+1, true
		l.tell(*m)
	}
	return out
}

// Await calls done until it is true or the context ends; a helper for waiting
// on what happens in the background.
func Await(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
