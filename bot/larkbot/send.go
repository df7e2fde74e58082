package larkbot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"crmbot/bot"
	"crmbot/cards/card"
)

// maxText is the longest text of one message in bytes; the platform takes
// 150 KB of JSON, in which a character can take six bytes.
const maxText = 20_000

// Send implements bot.Platform.
func (b *Bot) Send(ctx context.Context, o bot.Outgoing) (bot.MessageRef, error) {
	key := o.Key
	if key == "" {
		key = ulid.Make().String()
	}
	to := o.Chat
	if to == "" {
		to = o.User
	}
	t := target{to: to}
	ref, err := b.sendAll(ctx, t, o, key)
	return ref, b.report(ctx, outcome(err))
}

// target is where a message goes.
type target struct {
	to string // open id, union id or chat id
	// answers is the message that it replies to; empty: a new message.
	answers string
}

func (b *Bot) sendAll(ctx context.Context, t target, o bot.Outgoing, key string) (bot.MessageRef, error) {
	var last bot.MessageRef
	part := 0
	next := func() string { part++; return fmt.Sprintf("%s/%d", key, part) }
	for _, text := range split(o.Text) {
		ref, err := b.text(ctx, t, text, next())
		if err != nil {
			return last, err
		}
		last = ref
	}
	for _, f := range o.Files {
		ref, err := b.file(ctx, t, f, next())
		if err != nil {
			return last, err
		}
		last = ref
	}
	if o.Card != nil {
		ref, err := b.card(ctx, t, *o.Card, next())
		if err != nil {
			return last, err
		}
		last = ref
	}
	return last, nil
}

// text sends plain text. The platform reads tags in it, and a customer's name
// must not mention anybody.
func (b *Bot) text(ctx context.Context, t target, text, key string) (bot.MessageRef, error) {
	ref, err := b.post(ctx, t, "text", map[string]string{"text": harmless(text)}, key)
	if e := asError(err); e != nil && e.verdict() == sensitive {
		if masked := mask(text); masked != text {
			if ref, err = b.post(ctx, t, "text", map[string]string{"text": harmless(masked)}, key+"m"); err == nil {
				return ref, nil
			}
		}
		return b.post(ctx, t, "text", map[string]string{"text": withheld}, key+"w")
	}
	return ref, err
}

// withheld stands for words that the platform does not let through. It is in
// both languages because the words that were refused are not looked at again.
const withheld = "有一条消息被飞书的内容检查拦截，没有显示。请用 /帮助 在机器人里查看原记录。\nLark did not let a message through. Send /help to look at the record in the bot."

// tagStart is the beginning of what the platform would read as a tag.
var tagStart = regexp.MustCompile(`<(/?[A-Za-z])`)

// harmless takes the meaning from tags in text: <at user_id="all"> would call
// everybody in a group.
func harmless(s string) string { return tagStart.ReplaceAllString(s, "＜$1") }

// split cuts text into messages that the platform accepts, at line ends where
// it can.
func split(s string) []string {
	var out []string
	for len(s) > maxText {
		i := strings.LastIndexByte(s[:maxText], '\n')
		if i < maxText/2 {
			for i = maxText; i > 0 && !utf8.RuneStart(s[i]); i-- {
			}
		}
		out, s = append(out, s[:i]), strings.TrimPrefix(s[i:], "\n")
	}
	if s != "" {
		out = append(out, s)
	}
	return out
}

// post sends one message. The same key shows it at most once within an hour.
func (b *Bot) post(ctx context.Context, t target, kind string, content any, key string) (bot.MessageRef, error) {
	raw, ok := content.([]byte)
	if !ok {
		var err error
		if raw, err = encode(content); err != nil {
			return bot.MessageRef{}, err
		}
	}
	body := map[string]string{"msg_type": kind, "content": strings.TrimRight(string(raw), "\n"), "uuid": uuid(key)}
	var out struct {
		MessageID string `json:"message_id"`
		ChatID    string `json:"chat_id"`
	}
	if err := b.limit.wait(ctx, "send", t.to); err != nil {
		return bot.MessageRef{}, err
	}
	var err error
	if t.answers != "" {
		err = b.api.call(ctx, http.MethodPost, "/open-apis/im/v1/messages/"+url.PathEscape(t.answers)+"/reply", nil, body, &out)
		if e := asError(err); e != nil && (e.verdict() == tooOld || e.Code == 230001 || e.Code == 230019) {
			t.answers = "" // the message was taken back: answer in the chat
		}
	}
	if t.answers == "" {
		body["receive_id"] = t.to
		err = b.api.call(ctx, http.MethodPost, "/open-apis/im/v1/messages", url.Values{"receive_id_type": {idType(t.to)}}, body, &out)
	}
	if err != nil {
		return bot.MessageRef{}, err
	}
	if idType(t.to) != "chat_id" {
		b.knowChat(ctx, out.ChatID, false)
	}
	return bot.MessageRef{Platform: Name, Chat: out.ChatID, ID: out.MessageID}, nil
}

// idType is the kind of an id by its prefix.
func idType(id string) string {
	switch {
	case strings.HasPrefix(id, "oc_"):
		return "chat_id"
	case strings.HasPrefix(id, "on_"):
		return "union_id"
	}
	return "open_id"
}

// IsOpenID reports whether an id is an open id, the id of a person for one app.
func IsOpenID(id string) bool { return strings.HasPrefix(id, "ou_") }

// uuid is the platform's idempotency key (at most 50 characters).
func uuid(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// Update implements bot.Platform.
func (b *Bot) Update(ctx context.Context, m bot.MessageRef, c card.Card) error {
	err := b.turns.Update(ctx, m.ID, func() error {
		err := b.patch(ctx, m.ID, c)
		if err == nil {
			b.tell(m, c)
		}
		return err
	})
	return b.report(ctx, outcome(err))
}

func (b *Bot) patch(ctx context.Context, id string, c card.Card) error {
	err := b.climbDown(ctx, c, func(raw []byte) error {
		if err := b.limit.wait(ctx, "patch", id); err != nil {
			return err
		}
		return b.api.call(ctx, http.MethodPatch, "/open-apis/im/v1/messages/"+url.PathEscape(id), nil, map[string]string{"content": string(raw)}, nil)
	})
	if tooLarge(err) {
		err = fmt.Errorf("%w: %w", bot.ErrPermanent, err)
	}
	return err
}

// report logs what somebody must mend in the console, once an hour.
func (b *Bot) report(ctx context.Context, err error) error {
	if e := asError(err); e != nil && e.verdict() == misset && b.health.problem(e.Code) {
		slog.ErrorContext(ctx, "the app's settings keep messages back", "platform", Name, "code", e.Code, "api", e.API)
	}
	return err
}
