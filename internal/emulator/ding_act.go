package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const dingBotID = "$:LWCP_v1:$the_bot_itself"

// DingIncoming is a message of a person.
type DingIncoming struct {
	Person string
	// Chat is the group; empty: the chat with the bot.
	Chat string
	// Type is text (the default), richText, picture, audio, file, video or any
	// other word that the platform knows.
	Type string
	// Text is what was typed; "@bot" and "@<user id>" are mentions. For audio it
	// is what the platform recognised.
	Text string
	// Name and Data are the file.
	Name string
	Data []byte
	// Anonymous mentions come without user ids, as they do in some groups.
	Anonymous bool
	// Change alters the payload before it is sent, for shapes of other clients.
	Change func(payload map[string]any)
	Age    time.Duration // how long ago it was sent
}

// Send lets a person send a message. In a group the bot hears only what
// mentions it; the delivery is nil for the rest.
func (d *Ding) Send(in DingIncoming) (*DingDelivery, error) {
	d.mu.Lock()
	p := d.people[in.Person]
	if p == nil {
		d.mu.Unlock()
		return nil, fmt.Errorf("nobody has the user id %q", in.Person)
	}
	chat, kind, title := d.P2P(in.Person), "1", ""
	if in.Chat != "" {
		g := d.groups[in.Chat]
		if g == nil || !slices.Contains(g.Members, in.Person) {
			d.mu.Unlock()
			return nil, errors.New("the person is not in this group")
		}
		chat, kind, title = g.ID, "2", g.Title
	}
	if in.Type == "" {
		in.Type = "text"
	}
	now := d.opt.Clock.Now().Add(-in.Age)
	session := d.next("session")
	d.sessions[session] = dingSession{chat, now.Add(d.opt.SessionLife)}
	text, at, toBot := d.mentions(in)
	payload := map[string]any{"conversationId": chat, "conversationType": kind, "msgId": d.next("msgid+/=") + "==", "msgtype": in.Type, "createAt": now.UnixMilli(),
		"senderId": "$:LWCP_v1:$" + p.UserID, "senderNick": p.Name, "senderCorpId": d.opt.CorpID, "senderStaffId": p.UserID, "senderUnionId": p.UnionID, "senderPlatform": "iOS",
		"isAdmin": p.Admin, "chatbotCorpId": d.opt.CorpID, "chatbotUserId": dingBotID, "robotCode": d.opt.RobotCode, "sessionWebhook": d.srv.URL + "/robot/sendBySession?session=" + session,
		"sessionWebhookExpiredTime": now.Add(d.opt.SessionLife).UnixMilli(), "isInAtList": toBot}
	if kind == "2" {
		payload["conversationTitle"], payload["atUsers"] = title, at
	}
	if p.Corp != "" {
		payload["senderCorpId"], payload["senderStaffId"] = p.Corp, ""
	}
	if p.Unpublished {
		delete(payload, "senderStaffId")
	}
	d.content(in, text, payload)
	m := DingMessage{Chat: chat, From: in.Person, Kind: in.Type, Body: in.Text, FileName: in.Name, File: in.Data, At: now}
	if kind == "2" && !toBot {
		d.show(m)
		d.mu.Unlock()
		return nil, nil
	}
	if !d.spend("stream", d.opt.QuotaStream) {
		for _, k := range []string{"text", "content"} {
			delete(payload, k)
		}
		payload["errorCode"], payload["errorMessage"] = 20001, "受调用量超量影响，当前我的消息服务已经暂停"
	}
	if in.Change != nil {
		in.Change(payload)
	}
	d.show(m)
	d.mu.Unlock()
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	return d.deliver(DingFrame{Type: "CALLBACK", Topic: DingMessageTopic, ID: fmt.Sprint(payload["msgId"]), Data: raw}), nil
}

// content puts the message itself into the payload; the caller holds the lock.
func (d *Ding) content(in DingIncoming, text string, payload map[string]any) {
	code := func() string {
		c := d.next("code")
		d.keepBlob("code "+c, blob{name: in.Name, data: in.Data})
		return c
	}
	switch in.Type {
	case "text":
		payload["text"] = map[string]any{"content": text}
	case "picture":
		payload["content"] = map[string]any{"downloadCode": code(), "pictureDownloadCode": code()}
	case "richText":
		parts := []map[string]any{}
		if text != "" {
			parts = append(parts, map[string]any{"text": text})
		}
		if len(in.Data) > 0 {
			parts = append(parts, map[string]any{"type": "picture", "downloadCode": code(), "pictureDownloadCode": code()})
		}
		payload["content"] = map[string]any{"richText": parts}
	case "audio":
		payload["content"] = map[string]any{"duration": 4000, "downloadCode": code(), "recognition": text}
	case "video":
		payload["content"] = map[string]any{"duration": "5", "videoType": "mp4", "downloadCode": code()}
	case "file":
		payload["content"] = map[string]any{"spaceId": "223", "fileName": in.Name, "downloadCode": code(), "fileId": "117"}
	default:
		payload["content"] = map[string]any{"unknownMsgType": "用户发送了一条消息，机器人暂不支持接收。"}
	}
}

// mentions takes the bot's own mention out of the text, leaving a space, and
// lists who was mentioned; the caller holds the lock.
func (d *Ding) mentions(in DingIncoming) (string, []map[string]string, bool) {
	var at []map[string]string
	toBot := false
	var words []string
	for _, w := range strings.Split(in.Text, " ") {
		id, ok := strings.CutPrefix(w, "@")
		switch {
		case ok && id == "bot":
			toBot = true
			at = append(at, map[string]string{"dingtalkId": dingBotID})
			words = append(words, "")
			continue
		case ok && d.people[id] != nil:
			p := d.people[id]
			u := map[string]string{"dingtalkId": "$:LWCP_v1:$" + id}
			if !in.Anonymous {
				u["staffId"] = id
			}
			at = append(at, u)
			w = "@" + p.Name
		}
		words = append(words, w)
	}
	return strings.Join(words, " "), at, toBot
}

// Tap lets a person tap a link of a message. A link that sends a text is sent
// in the chat, to the bot.
func (d *Ding) Tap(person, chat, link string) (*DingDelivery, error) {
	rest, ok := strings.CutPrefix(link, "dtmd://dingtalkclient/sendMessage?content=")
	if !ok {
		return nil, fmt.Errorf("the link opens %q", link)
	}
	text, err := url.QueryUnescape(rest)
	if err != nil {
		return nil, err
	}
	if chat != "" {
		text = "@bot " + text
	}
	return d.Send(DingIncoming{Person: person, Chat: chat, Text: text})
}

// DingPress is a person's press of a control.
type DingPress struct {
	Person, Card string
	Control      DingControl
	// Values are the form's values by field name, options by value.
	Values map[string]string
	// Content replaces the content of the callback, for shapes of other clients.
	Content string
	Corp    string // of the organisation; empty: the right one
	// ByUnion names the person by the union id.
	ByUnion bool
}

// DingAnswer is what came of a press.
type DingAnswer struct {
	// Code is the code of the acknowledgement, 0 if none came within 2 s.
	Code int
	// Params are the variables that the answer changed for everybody.
	Params map[string]string
	// Refused is the reason if the answer was not accepted.
	Refused string
	Took    time.Duration
	// Frame is the callback, to send it again; Card is what was pressed.
	Frame DingFrame
	Card  string
}

// Press lets a person press a control and waits for the answer. Callbacks are
// not repeated by the platform.
func (d *Ding) Press(p DingPress) (DingAnswer, error) {
	content := p.Content
	if content == "" {
		raw, err := json.Marshal(map[string]any{"cardPrivateData": pressed(p)})
		if err != nil {
			return DingAnswer{}, err
		}
		content = string(raw)
	}
	d.mu.Lock()
	card, who := d.cards[p.Card], d.people[p.Person]
	if card == nil || who == nil {
		d.mu.Unlock()
		return DingAnswer{}, fmt.Errorf("no card %q or nobody %q", p.Card, p.Person)
	}
	d.spend("stream", 0)
	space := strings.TrimPrefix(strings.TrimPrefix(card.Spaces[0], "IM_GROUP."), "IM_ROBOT.")
	if _, ok := d.people[space]; ok {
		space = d.P2P(space)
	}
	corp, user, kind := d.opt.CorpID, who.UserID, 1
	if p.Corp != "" {
		corp = p.Corp
	}
	if p.ByUnion {
		user, kind = who.UnionID, 2
	}
	f := DingFrame{Type: "CALLBACK", Topic: DingCardTopic, MessageID: d.next("press")}
	d.mu.Unlock()
	var err error
	f.Data, err = json.Marshal(map[string]any{"extension": "{}", "corpId": corp, "spaceType": "im", "userIdType": kind, "type": "actionCallback", "userId": user, "content": content, "value": content,
		"spaceId": space, "outTrackId": card.ID})
	if err != nil {
		return DingAnswer{}, err
	}
	return d.answer(f, card.ID), nil
}

// PressAgain sends a callback once more: the same frame.
func (d *Ding) PressAgain(a DingAnswer) DingAnswer { return d.answer(a.Frame, a.Card) }

// pressed is cardPrivateData of a press.
func pressed(p DingPress) map[string]any {
	if p.Control.Fields == nil {
		ids := []string{}
		if p.Control.ID != "" {
			ids = append(ids, p.Control.ID)
		}
		return map[string]any{"actionIds": ids, "params": p.Control.Params}
	}
	form := map[string]any{}
	for _, f := range p.Control.Fields {
		v, given := p.Values[f.Name]
		if f.Name == "_button" && p.Control.Choice != "" {
			v, given = p.Control.Choice, true
		}
		if !given {
			if len(f.Default) > 0 {
				form[f.Name] = f.Default
			}
			continue
		}
		switch f.Type {
		case "SELECT":
			form[f.Name] = map[string]any{"index": f.index(v), "value": v}
		case "MULTI_SELECT":
			var index []int
			values := strings.Split(v, ",")
			for _, x := range values {
				index = append(index, f.index(x))
			}
			form[f.Name] = map[string]any{"index": index, "value": values}
		case "NUMBER":
			if n, err := strconv.ParseFloat(v, 64); err == nil {
				form[f.Name] = n
				continue
			}
			form[f.Name] = v
		default:
			form[f.Name] = v
		}
	}
	return map[string]any{"actionIds": []string{"form"}, "params": map[string]any{"form": form}}
}

func (f DingField) index(value string) int {
	for i, o := range f.Options {
		if o.Value == value {
			return i
		}
	}
	return -1
}

func (d *Ding) answer(f DingFrame, id string) DingAnswer {
	d.mu.Lock()
	d.pressing[id]++
	d.mu.Unlock()
	start := time.Now()
	ack, ok := d.push(f, d.opt.CallbackWait)
	out := DingAnswer{Frame: f, Card: id, Took: time.Since(start), Code: ack.Code}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pressing[id]--; d.pressing[id] == 0 {
		delete(d.pressing, id)
	}
	if !ok || ack.Code != http.StatusOK {
		return out
	}
	var body struct {
		Response *struct {
			Options struct {
				ByKey bool `json:"updateCardDataByKey"`
			} `json:"cardUpdateOptions"`
			Data *struct {
				Params map[string]string `json:"cardParamMap"`
			} `json:"cardData"`
		} `json:"response"`
	}
	if json.Unmarshal(ack.Data, &body) != nil || body.Response == nil {
		out.Refused = "the answer has no response"
		return out
	}
	if body.Response.Data == nil {
		return out
	}
	card := d.cards[id]
	if e := d.change(card, body.Response.Data.Params, body.Response.Options.ByKey); e != nil {
		out.Refused = e.Code + ": " + e.Msg
		return out
	}
	card.Acked++
	out.Params = body.Response.Data.Params
	return out
}
