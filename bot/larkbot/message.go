package larkbot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/internal/crm"
)

type messageEvent struct {
	Sender struct {
		ID     person `json:"sender_id"`
		Type   string `json:"sender_type"`
		Tenant string `json:"tenant_key"`
	} `json:"sender"`
	Message struct {
		ID       string    `json:"message_id"`
		ChatID   string    `json:"chat_id"`
		ChatType string    `json:"chat_type"`
		Type     string    `json:"message_type"`
		Content  string    `json:"content"`
		Created  string    `json:"create_time"`
		Mentions []mention `json:"mentions"`
	} `json:"message"`
}

type mention struct {
	Key    string `json:"key"`
	ID     person `json:"id"`
	Name   string `json:"name"`
	Tenant string `json:"tenant_key"`
}

// message is what a person wrote, spoke or sent.
func (b *Bot) message(ctx context.Context, e envelope) (work, error) {
	var m messageEvent
	if json.Unmarshal(e.Event, &m) != nil || m.Message.ID == "" || m.Sender.ID.OpenID == "" {
		return work{}, errMalformed
	}
	if m.Sender.Type != "user" {
		return work{}, nil // another bot, or ourselves
	}
	group := m.Message.ChatType != "p2p"
	if group && len(m.Message.Mentions) == 0 {
		return work{}, nil // the scope for all group messages is not for us
	}
	b.knowChat(ctx, m.Message.ChatID, group)
	return work{m.Message.ID, func(ctx context.Context, took func()) error {
		tenant := b.foreign(m.Sender.Tenant)
		text, keys := content(m.Message.Type, m.Message.Content)
		text, mentions, toBot := b.mentions(ctx, text, m.Message.Mentions)
		if group && !toBot {
			return nil // it is for somebody else
		}
		req := &bot.Req{Platform: Name, Tenant: tenant, EventID: m.Message.ID, Kind: bot.Message, From: b.from(ctx, m.Sender.ID, tenant),
			Chat: bot.Chat{ID: m.Message.ChatID, Group: group}, Text: crm.Normalize(strings.TrimSpace(text)), Mentions: mentions, MessageID: m.Message.ID, At: b.at(m.Message.Created)}
		t := target{to: m.Message.ChatID}
		if group {
			t.answers = m.Message.ID
		}
		err := b.rt.Fetch(ctx, req, len(keys), func(ctx context.Context, i int) (file bot.File, err error) {
			err = adapter.Patient(ctx, fetchTries, func() (err error) {
				file, err = b.fetch(ctx, m.Message.ID, keys[i])
				return outcome(err)
			})
			return file, err
		})
		if err != nil {
			return b.cannotFetch(ctx, req, t, err)
		}
		if req.Text == "" && len(keys) > 0 {
			req.Kind = bot.Upload
		}
		if why := unreadable(m.Message.Type, req.Text != "" || len(keys) > 0); why != (crm.Text{}) {
			req.Lang = b.lang(ctx, req)
			b.show(ctx, req, bot.Say(why.In(req.Lang)), t)
			return nil
		}
		return b.answerTo(ctx, req, t, took)
	}}, nil
}

const (
	// fetchTries is how often a file is asked for at once; after that the message
	// comes again.
	fetchTries = 3
	// fetchFor is how old a message may be whose file is still asked for.
	fetchFor = 10 * time.Minute
)

// unreadable says why nothing can be done with a message; zero: something can.
func unreadable(kind string, content bool) crm.Text {
	if content || kind == "text" || kind == "post" {
		return crm.Text{}
	}
	if kind == "audio" {
		return crm.Text{Zh: "语音没有带文字。请长按语音选择“转文字”，再把文字发给我；或者直接打字。", En: "The voice message came without text. Please convert it to text and send that, or type."}
	}
	return crm.Text{Zh: "这种消息我看不懂。请发送文字、图片或文件；发送 /帮助 查看命令。", En: "I cannot read this kind of message. Please send text, a picture or a file; /help lists the commands."}
}

func (b *Bot) lang(ctx context.Context, req *bot.Req) crm.Lang {
	a, err := b.rt.People.ByIdentity(ctx, req.Platform, req.Tenant, req.From)
	if err != nil {
		return crm.Chinese
	}
	return a.Lang
}

// cannotFetch tells the person that their file did not arrive. What passes by
// itself is left to the message's next turn, unless that was often enough.
func (b *Bot) cannotFetch(ctx context.Context, req *bot.Req, t target, err error) error {
	e := asError(err)
	if passes := e == nil || e.verdict() == retry; passes && b.opt.Clock.Now().Sub(req.At) < fetchFor {
		return err
	}
	why := crm.Text{Zh: "文件没有收到（飞书拒绝下载），没有保存任何内容。请重新发送。", En: "The file did not arrive (Lark refused the download); nothing was saved. Please send it again."}
	switch {
	case e == nil:
	case e.Code == 234037:
		why = crm.Text{Zh: "文件超过 100 MB，飞书不允许机器人下载，没有保存任何内容。请拆分后再发送。", En: "The file is over 100 MB and Lark does not let the bot download it; nothing was saved. Please split it."}
	case e.Code == 234038:
		why = crm.Text{Zh: "这是受保护的消息，机器人无法下载，没有保存任何内容。请以普通消息发送。", En: "This message is restricted and cannot be downloaded by the bot; nothing was saved. Please send it as a normal message."}
	}
	req.Lang = b.lang(ctx, req)
	b.show(ctx, req, bot.Say(why.In(req.Lang)), t)
	return nil
}

// fileKey names a file of a message.
type fileKey struct{ key, kind, name string }

// fetch downloads a file of a message. Of a file that is too large one byte
// more than allowed is kept, so that the runtime refuses it with the numbers.
func (b *Bot) fetch(ctx context.Context, message string, k fileKey) (bot.File, error) {
	if err := b.limit.take(ctx, "lark:api:"+b.opt.AppID+":resource", perMinuteRate, perMinuteBurst); err != nil {
		return bot.File{}, err
	}
	data, _, err := b.api.download(ctx, "/open-apis/im/v1/messages/"+url.PathEscape(message)+"/resources/"+url.PathEscape(k.key), url.Values{"type": {k.kind}}, b.opt.MaxFile)
	if err != nil {
		return bot.File{}, err
	}
	if k.name == "" {
		k.name = "image" + extension(data)
	}
	return bot.File{Name: k.name, Data: data}, nil
}

func extension(data []byte) string {
	switch http.DetectContentType(data) {
	case "image/png":
		return ".png"
	case "image/jpeg":
		return ".jpg"
	case "image/gif":
		return ".gif"
	case "image/webp":
		return ".webp"
	}
	return ""
}

// mentions replaces the platform's keys by names and takes the bot's own out.
func (b *Bot) mentions(ctx context.Context, text string, list []mention) (string, []bot.Mention, bool) {
	var out []bot.Mention
	toBot := false
	// From the last to the first: "@_user_1" is the beginning of "@_user_10".
	for i := len(list) - 1; i >= 0; i-- {
		m := list[i]
		if b.isSelf(ctx, m.ID.OpenID) {
			toBot = true
			text = strings.ReplaceAll(text, m.Key, "")
			continue
		}
		tenant := b.foreign(m.Tenant)
		if m.Tenant == "" {
			tenant = ""
		}
		id := b.from(ctx, m.ID, tenant)
		name := m.Name
		if a, err := b.rt.People.ByIdentity(ctx, Name, tenant, id); err == nil {
			name = a.Name
		}
		token := "@" + strings.Join(strings.Fields(name), "")
		text = strings.ReplaceAll(text, m.Key, token)
		if tenant == "" {
			out = append([]bot.Mention{{Token: token, ID: id, Name: name}}, out...)
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(text, "@_all", "")), out, toBot
}

// isSelf reports whether the id is the bot's own. The platform is asked once.
func (b *Bot) isSelf(ctx context.Context, openID string) bool {
	b.mu.Lock()
	self := b.self
	b.mu.Unlock()
	if self == "" {
		var err error
		if self, err = b.askSelf(ctx); err != nil {
			return false
		}
		b.mu.Lock()
		b.self = self
		b.mu.Unlock()
	}
	return openID != "" && openID == self
}

func (b *Bot) askSelf(ctx context.Context) (string, error) {
	var out struct {
		Bot struct {
			OpenID string `json:"open_id"`
		} `json:"bot"`
	}
	err := b.api.send(ctx, http.MethodGet, "/open-apis/bot/v3/info", nil, "", nil, func(raw []byte) error { return json.Unmarshal(raw, &out) })
	if err == nil && out.Bot.OpenID == "" {
		err = errors.New("lark: the app has no bot")
	}
	return out.Bot.OpenID, err
}
