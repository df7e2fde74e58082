package larkbot

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/internal/crm"
)

// chatKind is how long the kind of a chat is remembered; it never changes.
const chatKind = 30 * 24 * time.Hour

// knowChat remembers whether a chat is a group: a press does not say.
func (b *Bot) knowChat(ctx context.Context, id string, group bool) {
	if id == "" {
		return
	}
	b.mu.Lock()
	was, known := b.chats[id]
	if len(b.chats) > 50_000 {
		b.chats = map[string]bool{}
	}
	b.chats[id] = group
	b.mu.Unlock()
	if known && was == group {
		return
	}
	kind := []byte("p")
	if group {
		kind = []byte("g")
	}
	if err := b.opt.KV.Set(ctx, "lark:kind:"+id, kind, chatKind); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "chat kind not shared", "platform", Name, "err", err)
	}
}

// isGroup reports whether a chat is a group. When nobody knows, it is taken for
// one: then nothing private is shown in it.
func (b *Bot) isGroup(ctx context.Context, id string) bool {
	b.mu.Lock()
	group, known := b.chats[id]
	b.mu.Unlock()
	if known {
		return group
	}
	if v, ok, err := b.opt.KV.Get(ctx, "lark:kind:"+id); err == nil && ok {
		group = string(v) != "p"
		b.knowChat(ctx, id, group)
		return group
	}
	var out struct {
		Mode string `json:"chat_mode"`
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := b.api.call(ctx, http.MethodGet, "/open-apis/im/v1/chats/"+url.PathEscape(id), nil, nil, &out); err != nil || out.Mode == "" {
		return true
	}
	b.knowChat(ctx, id, out.Mode != "p2p")
	return out.Mode != "p2p"
}

// menu is the command of a menu entry: its key in the console is the name of
// the command, in English or Chinese, "_" for spaces.
func (b *Bot) menu(e envelope) (work, error) {
	var m struct {
		Operator struct {
			ID person `json:"operator_id"`
		} `json:"operator"`
		Key string `json:"event_key"`
	}
	if json.Unmarshal(e.Event, &m) != nil || m.Operator.ID.OpenID == "" {
		return work{}, errMalformed
	}
	return work{e.Header.EventID, func(ctx context.Context, took func()) error {
		req := b.personal(ctx, e, bot.Menu, m.Operator.ID)
		req.Text = "/" + crm.Normalize(strings.TrimPrefix(strings.ReplaceAll(m.Key, "_", " "), "/"))
		return b.answerTo(ctx, req, target{to: m.Operator.ID.OpenID}, took)
	}}, nil
}

// entered welcomes a person who opens the chat for the first time.
func (b *Bot) entered(ctx context.Context, e envelope) (work, error) {
	var m struct {
		ChatID   string `json:"chat_id"`
		Operator person `json:"operator_id"`
		Last     string `json:"last_message_id"`
	}
	if json.Unmarshal(e.Event, &m) != nil || m.Operator.OpenID == "" {
		return work{}, errMalformed
	}
	b.knowChat(ctx, m.ChatID, false)
	if m.Last != "" {
		return work{}, nil
	}
	return work{e.Header.EventID, func(ctx context.Context, took func()) error {
		// Opening the chat twice before the welcome arrives is one welcome.
		fresh, err := b.opt.KV.SetNX(ctx, "lark:welcome:"+b.opt.AppID+":"+m.Operator.OpenID, []byte("1"), time.Hour)
		if err == nil && !fresh {
			return nil
		}
		req := b.personal(ctx, e, bot.Enter, m.Operator)
		req.Chat.ID = m.ChatID
		return b.answerTo(ctx, req, target{to: m.Operator.OpenID}, took)
	}}, nil
}

// botAdded greets a group.
func (b *Bot) botAdded(ctx context.Context, e envelope) (work, error) {
	var m struct {
		ChatID   string `json:"chat_id"`
		Name     string `json:"name"`
		Operator person `json:"operator_id"`
		Tenant   string `json:"operator_tenant_key"`
	}
	if json.Unmarshal(e.Event, &m) != nil || m.ChatID == "" {
		return work{}, errMalformed
	}
	b.knowChat(ctx, m.ChatID, true)
	return work{e.Header.EventID, func(ctx context.Context, took func()) error {
		req := b.personal(ctx, e, bot.Enter, m.Operator)
		req.Tenant = b.foreign(m.Tenant)
		req.Chat = bot.Chat{ID: m.ChatID, Group: true, Title: m.Name}
		return b.answerTo(ctx, req, target{to: m.ChatID}, took)
	}}, nil
}

// personal is a request from a person's own chat with the bot.
func (b *Bot) personal(ctx context.Context, e envelope, kind bot.Kind, p person) *bot.Req {
	return &bot.Req{Platform: Name, EventID: e.Header.EventID, Kind: kind, From: b.from(ctx, p, ""), At: b.at(e.Header.CreateTime)}
}

// contact passes on what changed in the company's directory. What fails is tried
// again with the event: no synchronisation tells of leavers.
func (b *Bot) contact(e envelope) (work, error) {
	if b.opt.Contact == nil {
		return work{}, nil
	}
	var m struct {
		Object struct {
			OpenID string `json:"open_id"`
			Status struct {
				Resigned bool `json:"is_resigned"`
			} `json:"status"`
		} `json:"object"`
	}
	if json.Unmarshal(e.Event, &m) != nil {
		return work{}, errMalformed
	}
	left := e.Header.EventType == evUserGone || m.Object.Status.Resigned
	return work{e.Header.EventID, func(ctx context.Context, took func()) error {
		err := adapter.Follow(ctx, Name, func() error { return outcome(b.opt.Contact(ctx, m.Object.OpenID, left)) })
		if err == nil {
			took()
		}
		return err
	}}, nil
}
