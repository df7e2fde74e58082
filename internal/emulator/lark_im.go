package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"
)

const (
	larkUUIDWindow = time.Hour
	larkUpdatable  = 14 * 24 * time.Hour
	larkMaxText    = 150 << 10
	larkMaxCard    = 30 << 10
)

// outgoing is the body of create and reply.
type outgoing struct {
	ReceiveID string `json:"receive_id"`
	MsgType   string `json:"msg_type"`
	Content   string `json:"content"`
	UUID      string `json:"uuid"`
}

func (l *Lark) create(c *larkCall) (any, *LarkError) {
	var in outgoing
	if json.Unmarshal(c.body, &in) != nil {
		return nil, &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter."}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	chat, e := l.receiver(c.r.URL.Query().Get("receive_id_type"), in.ReceiveID)
	if e != nil {
		return nil, e
	}
	return l.accept(c, chat, in, "")
}

func (l *Lark) reply(c *larkCall) (any, *LarkError) {
	var in outgoing
	if json.Unmarshal(c.body, &in) != nil {
		return nil, &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter."}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	to := l.messages[c.r.PathValue("id")]
	switch {
	case to == nil:
		return nil, &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter, ext=invalid message_id"}
	case to.Recalled:
		return nil, &LarkError{Code: 230011, Msg: "The message was recalled."}
	}
	return l.accept(c, l.chats[to.Chat], in, to.ID)
}

// receiver finds the chat that a message goes to; the caller holds the lock.
func (l *Lark) receiver(kind, id string) (*LarkChat, *LarkError) {
	switch kind {
	case "chat_id":
		c := l.chats[id]
		if c == nil {
			return nil, &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter, ext=invalid receive_id"}
		}
		return c, nil
	case "open_id", "union_id":
		for _, p := range l.people {
			if kind == "open_id" && p.OpenID == id || kind == "union_id" && p.UnionID == id {
				switch {
				case p.Resigned, p.Outside:
					return nil, &LarkError{Code: 230013, Msg: "Bot has NO availability to this user."}
				}
				return l.p2p(p.OpenID), nil
			}
		}
		if kind == "open_id" && strings.HasPrefix(id, "ou_") {
			return nil, &LarkError{Code: 99992361, Msg: "open_id cross app"}
		}
		return nil, &LarkError{Code: 99992351, Msg: "not a valid {open_id}"}
	}
	return nil, &LarkError{Code: 99992402, Msg: "field validation failed: receive_id_type"}
}

// accept shows a message of the bot; the caller holds the lock.
func (l *Lark) accept(c *larkCall, chat *LarkChat, in outgoing, answers string) (any, *LarkError) {
	switch {
	case chat.Gone:
		return nil, &LarkError{Code: 232009, Msg: "Your request specifies a chat which has already been dissolved."}
	case chat.BotOut:
		return nil, &LarkError{Code: 230002, Msg: "The bot can not be outside the group."}
	case len(in.UUID) > 50:
		return nil, &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter, ext=uuid is too long"}
	}
	if u, ok := l.byUUID[in.UUID]; ok && in.UUID != "" && c.now.Sub(u.at) < larkUUIDWindow {
		return created(l.messages[u.id]), nil
	}
	m := &LarkMessage{Chat: chat.ID, Type: in.MsgType, Content: []byte(in.Content), Reply: answers, At: c.now}
	if e := l.content(m); e != nil {
		return nil, e
	}
	if wait, ok := l.limit("to "+chat.ID, larkPerRecipient, time.Second, c.now); !ok {
		return nil, &LarkError{Code: 230020, Msg: "The operation triggers the frequency limit of the chat.", Wait: wait}
	}
	m.ID = l.next("om_")
	l.messages[m.ID] = m
	l.order = append(l.order, m)
	if in.UUID != "" {
		l.byUUID[in.UUID] = sentUUID{m.ID, c.now}
	}
	sent := *m
	l.tell(sent)
	return created(m), nil
}

func created(m *LarkMessage) map[string]any {
	ms := fmt.Sprint(m.At.UnixMilli())
	return map[string]any{"message_id": m.ID, "root_id": m.Reply, "parent_id": m.Reply, "msg_type": m.Type, "create_time": ms, "update_time": ms, "deleted": m.Recalled,
		"updated": m.Revision > 0, "chat_id": m.Chat, "sender": map[string]any{"id_type": "app_id", "sender_type": "app"}, "body": map[string]any{"content": string(m.Content)}}
}

// content checks what a message says, as the platform does.
func (l *Lark) content(m *LarkMessage) *LarkError {
	bad := &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter, ext=content is not json"}
	var body struct {
		Text     *string `json:"text"`
		FileKey  string  `json:"file_key"`
		ImageKey string  `json:"image_key"`
	}
	if m.Type == "interactive" {
		return l.checkCard(m.Content)
	}
	if json.Unmarshal(m.Content, &body) != nil {
		return bad
	}
	switch m.Type {
	case "text":
		if body.Text == nil || *body.Text == "" {
			return &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter, ext=text is empty"}
		}
		if len(m.Content) > larkMaxText {
			return &LarkError{Code: 230025, Msg: "The length of the message content reaches its limit."}
		}
	case "file", "image":
		key := body.FileKey + body.ImageKey
		b, ok := l.blobs[key]
		if !ok {
			return &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter, ext=invalid key"}
		}
		m.FileName, m.File = b.name, b.data
	default:
		return &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter, ext=msg_type"}
	}
	return nil
}

func (l *Lark) patch(c *larkCall) (any, *LarkError) {
	var in struct {
		Content string `json:"content"`
	}
	if json.Unmarshal(c.body, &in) != nil || in.Content == "" {
		return nil, &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter."}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.messages[c.r.PathValue("id")]
	switch {
	case m == nil:
		return nil, &LarkError{Code: 230001, Msg: "Your request contains an invalid request parameter, ext=invalid message_id"}
	case m.From != "" || m.Type != "interactive":
		return nil, &LarkError{Code: 230017, Msg: "The operator is not the sender of the message."}
	case m.Recalled:
		return nil, &LarkError{Code: 230011, Msg: "The message was recalled."}
	case c.now.Sub(m.At) > larkUpdatable:
		return nil, &LarkError{Code: 230031, Msg: "The message is more than 14 days old."}
	case l.pressing[m.ID] > 0:
		return nil, cardError(11310, "ROOT", "card action is lock")
	}
	if e := l.checkCard([]byte(in.Content)); e != nil {
		return nil, e
	}
	if wait, ok := l.limit("update "+m.ID, larkPerRecipient, time.Second, c.now); !ok {
		return nil, &LarkError{Code: 230020, Msg: "The operation triggers the frequency limit.", Wait: wait}
	}
	m.Content, m.Revision = []byte(in.Content), m.Revision+1
	l.tell(*m)
	return nil, nil
}

func (l *Lark) upload(kind string, limit int) func(c *larkCall) (any, *LarkError) {
	return func(c *larkCall) (any, *LarkError) {
		bad := &LarkError{Code: 234001, Msg: "Invalid request param."}
		_, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
		if err != nil {
			return nil, bad
		}
		form, err := multipart.NewReader(strings.NewReader(string(c.body)), params["boundary"]).ReadForm(int64(limit) + 1<<20)
		if err != nil {
			return nil, bad
		}
		defer form.RemoveAll()
		parts, value := form.File[kind], func(k string) string { return strings.Join(form.Value[k], "") }
		if len(parts) != 1 || (kind == "image" && value("image_type") != "message") || (kind == "file" && (value("file_type") == "" || value("file_name") == "")) {
			return nil, bad
		}
		f, err := parts[0].Open()
		if err != nil {
			return nil, bad
		}
		defer f.Close()
		data, err := io.ReadAll(f)
		switch {
		case err != nil:
			return nil, bad
		case len(data) == 0:
			return nil, &LarkError{Code: 234010, Msg: "File's size can't be 0."}
		case len(data) > limit:
			return nil, &LarkError{Code: 234006, Msg: "The file size exceed the max value."}
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		key := l.next(map[string]string{"file": "file_v3_", "image": "img_v3_"}[kind])
		name := value("file_name")
		if kind == "image" {
			name = parts[0].Filename
		}
		l.blobs[key] = blob{name: name, data: data}
		return map[string]any{kind + "_key": key}, nil
	}
}

func (l *Lark) resource(c *larkCall) (any, *LarkError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.messages[c.r.PathValue("id")]
	b, ok := l.blobs[c.r.PathValue("key")]
	switch kind := c.r.URL.Query().Get("type"); {
	case kind != "file" && kind != "image":
		return nil, &LarkError{Code: 234001, Msg: "Invalid request param."}
	case m == nil || !ok || b.message != m.ID:
		return nil, &LarkError{Code: 234003, Msg: "File not in msg."}
	case m.Recalled:
		return nil, &LarkError{Code: 230110, Msg: "The message was deleted."}
	}
	c.raw = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": b.name}))
		w.Write(b.data)
	}
	return nil, nil
}

func textOf(content []byte) string {
	var b struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(content, &b) != nil {
		return string(content)
	}
	return b.Text
}
