package dingbot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards/dingcard"
)

// errMalformed means that an event cannot be read; a redelivery would be no
// better.
var errMalformed = errors.New("the event cannot be read")

// message is what a person wrote, spoke or sent.
type message struct {
	// ID is the message's own, the same in every redelivery.
	ID, Chat, Title string
	Group           bool
	Kind            string // the platform's word
	Text            string
	Files           []fileRef
	// Staff is the sender's user id, empty for people from outside and while no
	// version of the app is published; Sender is an id that says nothing else.
	Staff, Sender, Nick  string
	SenderCorp, BotCorp  string
	Mentions             []string // user ids, the bot's own excluded
	Hook                 hook
	At                   time.Time
	NoQuota, Unpublished bool
}

// fileRef names a file of a message.
type fileRef struct{ Code, Name string }

// wireMessage is a message as it travels.
type wireMessage struct {
	ConversationID, ConversationType, ConversationTitle text
	MsgID, MsgType                                      text
	Text, Content                                       json.RawMessage
	SenderStaffID, SenderID, SenderNick, SenderCorpID   text
	ChatbotCorpID, ChatbotUserID                        text
	SessionWebhook                                      text
	SessionWebhookExpiredTime, CreateAt                 number
	AtUsers                                             list[struct{ DingtalkID, StaffID text }]
	ErrCode, ErrorCode                                  number
}

// quotaCode stands in a message that lost its content because the month's calls
// are used up.
const quotaCode = 20001

// decodeMessage reads a message. The frame's id serves where the message has
// none.
func decodeMessage(raw []byte, frame string) (message, error) {
	var w wireMessage
	if !isObject(raw) {
		return message{}, errMalformed
	}
	object(raw, &w)
	m := message{ID: string(w.MsgID), Chat: string(w.ConversationID), Title: string(w.ConversationTitle), Group: w.ConversationType != "1", Kind: string(w.MsgType),
		Staff: string(w.SenderStaffID), Sender: string(w.SenderID), Nick: string(w.SenderNick), SenderCorp: string(w.SenderCorpID), BotCorp: string(w.ChatbotCorpID),
		Hook: hook{URL: string(w.SessionWebhook), Until: millis(w.SessionWebhookExpiredTime)}, At: millis(w.CreateAt), NoQuota: w.ErrCode == quotaCode || w.ErrorCode == quotaCode}
	if m.ID == "" {
		m.ID = frame
	}
	if m.ID == "" || m.Chat == "" || m.Staff == "" && m.Sender == "" {
		return message{}, errMalformed
	}
	m.Unpublished = m.Staff == "" && (m.SenderCorp == "" || m.SenderCorp == m.BotCorp)
	for _, u := range w.AtUsers {
		if u.StaffID != "" && (w.ChatbotUserID == "" || u.DingtalkID != w.ChatbotUserID) {
			m.Mentions = append(m.Mentions, string(u.StaffID))
		}
	}
	m.content(w)
	return m, nil
}

// content reads what the message says, by its kind.
func (m *message) content(w wireMessage) {
	var t struct{ Content text }
	object(w.Text, &t)
	var c struct {
		Recognition, FileName, DownloadCode, PictureDownloadCode text
		RichText                                                 list[struct{ Text, Type, DownloadCode, PictureDownloadCode text }]
	}
	object(w.Content, &c)
	code := func(a, b text) string {
		if a != "" {
			return string(a)
		}
		return string(b)
	}
	switch m.Kind {
	case "richText":
		var parts []string
		for _, p := range c.RichText {
			if p.Text != "" {
				parts = append(parts, string(p.Text))
			}
			if k := code(p.DownloadCode, p.PictureDownloadCode); k != "" {
				m.Files = append(m.Files, fileRef{Code: k})
			}
		}
		m.Text = strings.Join(parts, "")
	case "audio":
		m.Text = string(c.Recognition)
	case "picture":
		if k := code(c.DownloadCode, c.PictureDownloadCode); k != "" {
			m.Files = append(m.Files, fileRef{Code: k})
		}
	case "file":
		if c.DownloadCode != "" {
			m.Files = append(m.Files, fileRef{Code: string(c.DownloadCode), Name: string(c.FileName)})
		}
	default:
		m.Text = string(t.Content)
	}
	m.Text = strings.TrimSpace(m.Text)
}

// press is a pressed control or a submitted form.
type press struct {
	// ID is the frame's; a person who presses twice makes two of them.
	ID, Card, User string
	// Union is set when User is a union id.
	Union       bool
	Corp, Space string
	// Click is zero for callbacks that mean nothing to us.
	Click  dingcard.Click
	Values bot.Values
}

// wirePress is a press as it travels.
type wirePress struct {
	OutTrackID, UserID, CorpID, SpaceID, Type text
	UserIDType                                number
	Content, Value                            json.RawMessage
}

// decodePress reads a card callback. A callback that carries no action of ours
// has a zero Click.
func decodePress(raw []byte, frame string) (press, error) {
	var w wirePress
	if !isObject(raw) {
		return press{}, errMalformed
	}
	object(raw, &w)
	p := press{ID: frame, Card: string(w.OutTrackID), User: string(w.UserID), Union: w.UserIDType == 2, Corp: string(w.CorpID), Space: string(w.SpaceID)}
	if p.ID == "" {
		sum := sha256.Sum256(raw)
		p.ID = hex.EncodeToString(sum[:16])
	}
	if p.Card == "" || p.User == "" {
		return press{}, errMalformed
	}
	if w.Type != "" && w.Type != "actionCallback" {
		return p, nil
	}
	for _, from := range []json.RawMessage{w.Content, w.Value} {
		content := []byte(asText(from))
		if len(content) == 0 {
			content = from
		}
		if !isObject(content) {
			continue
		}
		click, err := dingcard.Decode(content)
		if err != nil || click.Wire.Name == "" {
			continue
		}
		if len(click.Wire.Payload) == 0 {
			// Only the button's id came. A payload that was guessed would act on the
			// wrong record: such a press is answered with a fresh card.
			click.Wire.Payload = json.RawMessage(noPayload)
		}
		p.Click, p.Values = click, values(click, content)
		break
	}
	return p, nil
}

// noPayload is no payload that any action takes.
const noPayload = "no-payload"

// values are the inputs of a form. A selection of several options is a list;
// an empty input is a missing one.
func values(c dingcard.Click, content []byte) bot.Values {
	var w struct {
		Data struct {
			Params struct {
				Form  json.RawMessage `json:"form"`
				Begin json.RawMessage `json:"f"` // of a form whose button stands alone
			} `json:"params"`
		} `json:"cardPrivateData"`
	}
	object(content, &w)
	var form map[string]json.RawMessage
	object(w.Data.Params.Form, &form)
	var begin map[string]list[text]
	object(w.Data.Params.Begin, &begin)
	out := bot.Values{}
	for name, v := range c.Values {
		var several struct {
			Value list[text] `json:"value"`
		}
		object(form[name], &several)
		if len(several.Value) == 0 {
			several.Value = begin[name]
		}
		switch {
		case len(several.Value) > 0:
			for _, x := range several.Value {
				if x != "" {
					out[name] = append(out[name], string(x))
				}
			}
		case v != "":
			out[name] = []string{v}
		}
	}
	return out
}

func isObject(raw []byte) bool {
	s := strings.TrimSpace(string(raw))
	return s != "" && s[0] == '{' && json.Valid(raw)
}

func millis(n number) time.Time {
	if n <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(n)).UTC()
}
