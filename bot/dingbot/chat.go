package dingbot

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"crmbot/bot/adapter"
	"crmbot/cards/dingcard"
)

// A person's chat with the bot is "u:" and their user id: cards and proactive
// messages know no conversation id, and both must be the same chat. A group is
// its conversation id.
const personal = "u:"

// PersonChat is the id of a person's chat with the bot.
func PersonChat(userID string) string { return personal + userID }

// target is where something goes: to a person or to a group.
type target struct {
	user, group string
	// hook is the session webhook of the message that is being answered.
	hook hook
}

func targetOf(chat, user string) target {
	if user != "" {
		return target{user: user}
	}
	if u, ok := strings.CutPrefix(chat, personal); ok {
		return target{user: u}
	}
	return target{group: chat}
}

func (t target) chat() string {
	if t.user != "" {
		return PersonChat(t.user)
	}
	return t.group
}

// hook is a session webhook: an address that answers in one conversation for
// about 90 minutes without costing an API call.
type hook struct {
	URL   string    `json:"u"`
	Until time.Time `json:"t"`
}

const (
	hookPath = "/robot/sendBySession"
	// hookMargin is how long before its end a webhook is no longer used.
	hookMargin = time.Minute
)

func (h hook) valid(now time.Time) bool { return h.URL != "" && now.Add(hookMargin).Before(h.Until) }

// trusted keeps a webhook only if it leads to the platform: the address came
// with a message.
func (b *Bot) trusted(h hook) hook {
	u, err := url.Parse(h.URL)
	base, err2 := url.Parse(b.opt.OAPIURL)
	if err != nil || err2 != nil || u.Scheme != base.Scheme || u.Host != base.Host || u.Path != hookPath || u.User != nil {
		return hook{}
	}
	return h
}

// learn remembers the webhook of a chat for answers that come later, in this
// process and for the other replicas.
func (b *Bot) learn(ctx context.Context, chat string, h hook) {
	now := b.opt.Clock.Now()
	if !h.valid(now) {
		return
	}
	b.mu.Lock()
	old := b.hooks[chat]
	if len(b.hooks) > 20_000 {
		clear(b.hooks)
	}
	if h.Until.After(old.Until) {
		b.hooks[chat] = h
	}
	b.mu.Unlock()
	// Most messages bring a new one; the shared one is renewed now and then.
	if old.Until.Sub(now) > time.Hour {
		return
	}
	raw, err := json.Marshal(h)
	if err == nil {
		err = b.opt.KV.Set(ctx, b.hookKey(chat), raw, max(h.Until.Sub(now), time.Second))
	}
	if err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "session webhook not shared", "platform", Name, "err", err)
	}
}

func (b *Bot) hookKey(chat string) string {
	return "ding:hook:" + b.opt.ClientID + ":" + adapter.Short(chat)
}

// hookOf is the webhook for a target, zero if there is none that works.
func (b *Bot) hookOf(ctx context.Context, t target) hook {
	now := b.opt.Clock.Now()
	if t.hook.valid(now) {
		return t.hook
	}
	b.mu.Lock()
	h := b.hooks[t.chat()]
	b.mu.Unlock()
	if h.valid(now) {
		return h
	}
	raw, ok, err := b.opt.KV.Get(ctx, b.hookKey(t.chat()))
	if err != nil || !ok || json.Unmarshal(raw, &h) != nil || !h.valid(now) {
		return hook{}
	}
	return b.trusted(h)
}

// drop forgets a webhook that the platform refused.
func (b *Bot) drop(ctx context.Context, t target, h hook) {
	b.mu.Lock()
	if b.hooks[t.chat()] == h {
		delete(b.hooks, t.chat())
	}
	b.mu.Unlock()
	if err := b.opt.KV.Del(ctx, b.hookKey(t.chat())); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "session webhook not forgotten", "platform", Name, "err", err)
	}
}

// An outTrackId tells what the card is: the kind of chat, because a callback
// does not say reliably, and the template, because an update must fit it. It
// has no other meaning; authority is always the person who pressed.
const (
	trackPrefix = "crm1-"
	// message ids of what cannot be updated.
	plainPrefix = "msg1-"
)

// form of a card: its template.
type form byte

const (
	formPublic form = 'p' // the public template
	formOwn    form = 't' // the organisation's card template
	formForm   form = 'f' // the form template
)

func trackID(t target, f form, key string) string {
	kind := "u"
	if t.group != "" {
		kind = "g"
	}
	return trackPrefix + kind + string(f) + "-" + adapter.Short(key)
}

func plainID(key string) string { return plainPrefix + adapter.Short(key) }

// parseTrack reads an outTrackId of ours.
func parseTrack(id string) (group bool, f form, ok bool) {
	rest, ok := strings.CutPrefix(id, trackPrefix)
	if !ok || len(rest) < 4 || rest[2] != '-' || rest[0] != 'u' && rest[0] != 'g' {
		return false, 0, false
	}
	switch f = form(rest[1]); f {
	case formPublic, formOwn, formForm:
		return rest[0] == 'g', f, true
	}
	return false, 0, false
}

// cardChat is how long the group of a card is remembered.
const cardChat = 60 * 24 * time.Hour

// rememberGroup remembers in which group a card is.
func (b *Bot) rememberGroup(ctx context.Context, id, group string) {
	b.mu.Lock()
	if len(b.chats) > 50_000 {
		clear(b.chats)
	}
	b.chats[id] = group
	b.mu.Unlock()
	if err := b.opt.KV.Set(ctx, "ding:card:"+id, []byte(group), cardChat); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "group of a card not shared", "platform", Name, "err", err)
	}
}

// groupOf is the group in which a card is, "" if nobody knows. The callback's
// own word serves where it is a conversation.
func (b *Bot) groupOf(ctx context.Context, id, space string) string {
	b.mu.Lock()
	group := b.chats[id]
	b.mu.Unlock()
	if group != "" {
		return group
	}
	if v, ok, err := b.opt.KV.Get(ctx, "ding:card:"+id); err == nil && ok {
		return string(v)
	}
	if strings.HasPrefix(space, "cid") {
		return space
	}
	return ""
}

// level is how a form of card is rendered.
func (f form) level() dingcard.Level {
	if f == formPublic {
		return dingcard.LevelPublic
	}
	return dingcard.LevelTemplate
}
