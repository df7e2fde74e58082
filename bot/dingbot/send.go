package dingbot

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/cards/card"
	"crmbot/cards/dingcard"
)

// Send implements bot.Platform. The platform has an idempotency key for cards
// only; what else was sent is remembered here, shared by the replicas.
func (b *Bot) Send(ctx context.Context, o bot.Outgoing) (bot.MessageRef, error) {
	key := o.Key
	if key == "" {
		key = ulid.Make().String()
	}
	ref, err := b.sendAll(ctx, targetOf(o.Chat, o.User), o, key)
	return ref, b.report(ctx, outcome(err))
}

func (b *Bot) sendAll(ctx context.Context, t target, o bot.Outgoing, key string) (bot.MessageRef, error) {
	var last bot.MessageRef
	part := 0
	next := func() string { part++; return fmt.Sprintf("%s/%d", key, part) }
	send := func(fn func(key string) (string, error)) error {
		id, err := fn(next())
		if err == nil {
			last = bot.MessageRef{Platform: Name, Chat: t.chat(), ID: id}
		}
		return err
	}
	for _, s := range split(o.Text) {
		if err := send(func(key string) (string, error) { return b.text(ctx, t, s, key) }); err != nil {
			return last, err
		}
	}
	for _, f := range o.Files {
		if err := send(func(key string) (string, error) { return b.file(ctx, t, f, key) }); err != nil {
			return last, err
		}
	}
	if o.Card != nil {
		if err := send(func(key string) (string, error) { return b.card(ctx, t, *o.Card, key) }); err != nil {
			return last, err
		}
	}
	return last, nil
}

// sentFor is how long what was sent is remembered: longer than the outbox
// tries.
const sentFor = 48 * time.Hour

// record is what is known of one part of a message.
type record struct {
	// ID is what it became, empty while it is not certain that it was sent.
	ID string `json:"i,omitempty"`
	// Form and Try are those of a card of which it is not certain.
	Form form `json:"f,omitempty"`
	Try  int  `json:"n,omitempty"`
}

func (b *Bot) recordKey(key string) string {
	return "ding:sent:" + b.opt.ClientID + ":" + adapter.Short(key)
}

func (b *Bot) recorded(ctx context.Context, key string) (record, error) {
	var r record
	raw, ok, err := b.opt.KV.Get(ctx, b.recordKey(key))
	if err != nil {
		return r, err
	}
	if ok {
		object(raw, &r)
	}
	return r, nil
}

// record is written though the request's context ended: the message is out.
func (b *Bot) record(ctx context.Context, key string, r record) {
	raw, err := json.Marshal(r)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		err = b.opt.KV.Set(ctx, b.recordKey(key), raw, sentFor)
	}
	if err != nil {
		slog.WarnContext(ctx, "sent message not recorded", "platform", Name, "err", err)
	}
}

// once sends something that has no idempotency key unless it was sent before.
func (b *Bot) onceSent(ctx context.Context, key string, send func() error) (string, error) {
	// Without shared state nothing is known; sending twice is better than never.
	if r, err := b.recorded(ctx, key); err == nil && r.ID != "" {
		return r.ID, nil
	}
	if err := send(); err != nil {
		return "", err
	}
	id := plainID(key)
	b.record(ctx, key, record{ID: id})
	return id, nil
}

// robotMessage is a message in the terms of both ways of sending it.
type robotMessage struct {
	hook       []byte // body for a session webhook; nil: only by the API
	key, param string
}

// deliver sends a message: by the session webhook while there is one, else by
// the API. Each has failures of its own.
func (b *Bot) deliver(ctx context.Context, t target, m robotMessage) error {
	if h := b.hookOf(ctx, t); h.URL != "" && m.hook != nil {
		err := b.api.hook(ctx, h.URL, m.hook)
		if err == nil {
			return nil
		}
		e := asError(err)
		if e == nil || t.chat() == "" {
			return err
		}
		switch e.verdict() {
		case noSession:
			b.drop(ctx, t, h)
		case throttled, noQuota, chatGone:
			// The API has limits and words of its own.
		default:
			return err
		}
	}
	if t.user != "" {
		return b.toPerson(ctx, t.user, m)
	}
	if t.group == "" {
		return fmt.Errorf("%w: nobody to send to", bot.ErrPermanent)
	}
	return b.api.call(ctx, request{method: http.MethodPost, path: "/v1.0/robot/groupMessages/send",
		body: map[string]string{"robotCode": b.opt.RobotCode, "openConversationId": t.group, "msgKey": m.key, "msgParam": m.param}}, nil)
}

// toPerson sends a 1:1 message. Success says only that the request was fine:
// the answer's lists say who was not reached.
func (b *Bot) toPerson(ctx context.Context, user string, m robotMessage) error {
	const api = "/v1.0/robot/oToMessages/batchSend"
	var out struct {
		Invalid list[text] `json:"invalidStaffIdList"`
		Slowed  list[text] `json:"flowControlledStaffIdList"`
	}
	err := b.api.call(ctx, request{method: http.MethodPost, path: api,
		body: map[string]any{"robotCode": b.opt.RobotCode, "userIds": []string{user}, "msgKey": m.key, "msgParam": m.param}}, &out)
	switch {
	case err != nil:
		return err
	case len(out.Invalid) > 0:
		return &Error{API: "POST " + api, HTTP: http.StatusOK, Code: "33012"}
	case len(out.Slowed) > 0:
		return &Error{API: "POST " + api, HTTP: http.StatusOK, Code: "send.too.fast"}
	}
	return nil
}

// text sends plain text.
func (b *Bot) text(ctx context.Context, t target, s, key string) (string, error) {
	id, err := b.onceSent(ctx, key, func() error {
		m, err := textMessage(s)
		if err != nil {
			return err
		}
		return b.deliver(ctx, t, m)
	})
	if e := asError(err); e != nil && e.verdict() == sensitive {
		return b.onceSent(ctx, key+"w", func() error {
			m, err := textMessage(withheld)
			if err != nil {
				return err
			}
			return b.deliver(ctx, t, m)
		})
	}
	return id, err
}

func textMessage(s string) (robotMessage, error) {
	param, err := encode(map[string]string{"content": s})
	if err != nil {
		return robotMessage{}, err
	}
	body, err := encode(map[string]any{"msgtype": "text", "text": map[string]string{"content": s}})
	return robotMessage{hook: body, key: "sampleText", param: string(param)}, err
}

// withheld stands for words that the platform does not let through. It is in
// both languages because the words that were refused are not looked at again.
const withheld = "有一条消息被钉钉的内容检查拦截，没有显示。请用 /帮助 在机器人里查看原记录。\nDingTalk did not let a message through. Send /help to look at the record in the bot."

// maxText is the longest text of one message in bytes of JSON, below the limit
// of 15,000 for a robot's message.
const maxText = dingcard.MessageLimit - 500

// split cuts text into messages that the platform accepts, at line ends where
// it can.
func split(s string) []string {
	var out []string
	for s != "" {
		n := fitting(s)
		if n < len(s) {
			if i := strings.LastIndexByte(s[:n], '\n'); i > n/2 {
				n = i
			}
		}
		out, s = append(out, s[:n]), strings.TrimPrefix(s[n:], "\n")
	}
	return out
}

// fitting is how many bytes of the text fit into one message.
func fitting(s string) int {
	size := 0
	for i, r := range s {
		n := utf8.RuneLen(r)
		switch {
		case r == '"' || r == '\\' || r == '\n' || r == '\t' || r == '\r':
			n = 2
		case r < 0x20 || r == '\u2028' || r == '\u2029':
			n = 6
		case n < 0:
			n = 3
		}
		if size += n; size > maxText {
			return i
		}
	}
	return len(s)
}

// file sends a file; pictures as pictures.
func (b *Bot) file(ctx context.Context, t target, f bot.File, key string) (string, error) {
	return b.onceSent(ctx, key, func() error {
		if ext := extension(f.Data); ext != "" && ext != ".webp" && len(f.Data) <= maxMedia {
			id, err := b.upload(ctx, "image", f.Name, f.Data)
			if err != nil {
				return err
			}
			return b.robot(ctx, t, "sampleImageMsg", map[string]string{"photoURL": id})
		}
		err := b.document(ctx, t, f)
		if e := asError(err); e == nil || !strings.HasPrefix(e.Code, "invalidParameter.") || e.verdict() == misset {
			return err
		}
		// Only documents and archives are promised to work; others go packed.
		packed, err := pack(f)
		if err != nil {
			return err
		}
		return b.document(ctx, t, packed)
	})
}

func (b *Bot) document(ctx context.Context, t target, f bot.File) error {
	id, err := b.upload(ctx, "file", f.Name, f.Data)
	if err != nil {
		return err
	}
	kind := strings.TrimPrefix(strings.ToLower(path.Ext(f.Name)), ".")
	if kind == "" {
		kind = "file"
	}
	return b.robot(ctx, t, "sampleFile", map[string]string{"mediaId": id, "fileName": f.Name, "fileType": kind})
}

func (b *Bot) robot(ctx context.Context, t target, key string, param map[string]string) error {
	raw, err := encode(param)
	if err != nil {
		return err
	}
	return b.deliver(ctx, t, robotMessage{key: key, param: string(raw)})
}

// pack puts a file into an archive.
func pack(f bot.File) (bot.File, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	w, err := z.Create(f.Name)
	if err == nil {
		_, err = w.Write(f.Data)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return bot.File{}, err
	}
	return bot.File{Name: strings.TrimSuffix(f.Name, path.Ext(f.Name)) + ".zip", Data: buf.Bytes()}, nil
}

// Update implements bot.Platform.
func (b *Bot) Update(ctx context.Context, m bot.MessageRef, c card.Card) error {
	return b.update(ctx, m, c, "")
}

// report logs what somebody must mend in the console, once an hour.
func (b *Bot) report(ctx context.Context, err error) error {
	e := asError(err)
	if e == nil || e.verdict() != misset && e.verdict() != noQuota {
		return err
	}
	code := e.Code
	if e.verdict() == noQuota {
		code = ProblemQuota + "." + quotaAPI
	}
	if b.health.problem(code, e.Scopes...) {
		slog.ErrorContext(ctx, "the app's settings or quota keep messages back", "platform", Name, "code", e.Code, "api", e.API, "permissions", strings.Join(e.Scopes, " "))
	}
	return err
}
