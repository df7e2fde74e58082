package dingbot

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/internal/crm"
)

// handleMessage answers a message and marks it as handled.
func (b *Bot) handleMessage(ctx context.Context, m message) {
	if b.answerMessage(ctx, m) {
		b.inbox.Done(ctx, m.ID)
	}
}

// answerMessage answers a message; false: it is not done yet, or has to be done
// again.
func (b *Bot) answerMessage(ctx context.Context, m message) bool {
	if ok, err := b.ours(ctx, m.BotCorp); err != nil || !ok {
		return err == nil
	}
	if m.NoQuota {
		if b.health.problem(ProblemQuota + "." + quotaStream) {
			slog.ErrorContext(ctx, "the month's calls are used up: messages arrive without their content", "platform", Name, "quota", quotaStream)
		}
		return true
	}
	req, t := b.request(ctx, m)
	b.learn(ctx, t.chat(), t.hook)
	if m.Unpublished {
		b.unpublished(ctx, req, t)
		return true
	}
	if m.Staff != "" {
		b.notePublished()
	}
	err := b.rt.Fetch(ctx, req, len(m.Files), func(ctx context.Context, i int) (file bot.File, err error) {
		err = adapter.Patient(ctx, fetchTries, func() (err error) {
			file, err = b.fetch(ctx, m.Files[i])
			return outcome(err)
		})
		return file, err
	})
	if err != nil {
		return b.cannotFetch(ctx, req, t, err)
	}
	if req.Text == "" && len(m.Files) > 0 {
		req.Kind = bot.Upload
	}
	if why := unreadable(m.Kind, req.Text != "" || len(m.Files) > 0); why != (crm.Text{}) {
		b.show(ctx, req, bot.Say(why.In(b.lang(ctx, req))), t)
		return true
	}
	rep := b.handle(ctx, req)
	if rep.Unfinished() {
		b.show(ctx, req, rep, t)
		return false // Later marks it
	}
	if rep.Retry() && rep.Empty() {
		return false // somebody else is at it, or may have died over it
	}
	if rep.Retry() {
		// The person reads that nothing happened: so nothing may happen later.
		b.inbox.GiveUp(ctx, m.ID)
	}
	b.show(ctx, req, rep, t)
	return true
}

// fetchTries is how often a file is asked for at once; after that the message
// waits for its turn in the inbox.
const fetchTries = 4

// request is a message as the runtime sees it, and where the answer goes.
func (b *Bot) request(ctx context.Context, m message) (*bot.Req, target) {
	req := &bot.Req{Platform: Name, EventID: m.ID, Kind: bot.Message, From: m.Staff, FromName: m.Nick, MessageID: m.ID, At: m.At}
	if now := b.opt.Clock.Now(); req.At.IsZero() || req.At.After(now) {
		req.At = now // by our clock nothing comes before it happened
	}
	if m.Staff == "" {
		req.From = m.Sender
	}
	if m.SenderCorp != "" && m.SenderCorp != m.BotCorp {
		req.Tenant = m.SenderCorp // the directory knows our own people without a tenant
	}
	t := target{hook: b.trusted(m.Hook)}
	if m.Group {
		t.group = m.Chat
		req.Chat = bot.Chat{ID: m.Chat, Group: true, Title: m.Title}
	} else {
		t.user = req.From
		req.Chat = bot.Chat{ID: t.chat()}
	}
	req.Text, req.Mentions = b.mentions(ctx, crm.Normalize(m.Text), m.Mentions)
	return req, t
}

// mentions finds the people who were named with @. Some clients leave their
// names in the text and some do not; a name that is missing is put at the end,
// where commands look for it.
func (b *Bot) mentions(ctx context.Context, text string, ids []string) (string, []bot.Mention) {
	var out []bot.Mention
	for _, id := range ids {
		m := bot.Mention{ID: id}
		if a, err := b.rt.People.ByIdentity(ctx, Name, "", id); err == nil {
			m.Name = a.Name
		}
		if m.Name == "" {
			continue // nobody that the company knows
		}
		m.Token = "@" + strings.Join(strings.Fields(m.Name), "")
		if spaced := "@" + m.Name; spaced != m.Token {
			text = strings.ReplaceAll(text, spaced, m.Token)
		}
		if !strings.Contains(text, m.Token) {
			text = strings.TrimSpace(text + " " + m.Token)
		}
		out = append(out, m)
	}
	return text, append(out, b.named(ctx, text, out)...)
}

// atName is a name after @, up to white space or punctuation.
var atName = regexp.MustCompile(`@[\p{L}\p{N}_·.\-]+`)

// named finds people who are only named in the text.
func (b *Bot) named(ctx context.Context, text string, known []bot.Mention) []bot.Mention {
	if b.opt.UserID == nil {
		return nil
	}
	var out []bot.Mention
	for _, token := range atName.FindAllString(text, maxNamed) {
		if slices.ContainsFunc(append(known, out...), func(m bot.Mention) bool { return m.Token == token }) {
			continue
		}
		name := strings.TrimPrefix(token, "@")
		if id := b.opt.UserID(ctx, name); id != "" {
			out = append(out, bot.Mention{Token: token, ID: id, Name: name})
		}
	}
	return out
}

// maxNamed bounds how many names of one message are looked up.
const maxNamed = 20

// unreadable says why nothing can be done with a message; zero: something can.
func unreadable(kind string, content bool) crm.Text {
	if content || kind == "text" || kind == "richText" {
		return crm.Text{}
	}
	if kind == "audio" {
		return crm.Text{Zh: "没有听清这段语音。请再说一遍，或者直接打字。", En: "I could not make out the voice message. Please say it again, or type it."}
	}
	return crm.Text{Zh: "这种消息我看不懂。请发送文字、语音、图片或文件；发送 /帮助 查看命令。", En: "I cannot read this kind of message. Please send text, voice, a picture or a file; /help lists the commands."}
}

// unpublished tells somebody whose user id is missing what an administrator has
// to do.
func (b *Bot) unpublished(ctx context.Context, req *bot.Req, t target) {
	if b.health.problem(ProblemUnpublished) {
		slog.ErrorContext(ctx, "messages come without user ids: publish a version of the app in the console", "platform", Name)
		b.noteUnpublished(ctx)
	}
	t.user, t.group = "", "" // only the session webhook reaches them
	b.show(ctx, req, bot.Say("暂时认不出您是谁：应用还没有发布版本。请管理员在钉钉开发者后台“版本管理与发布”里发布一个版本，然后再发一次。\n"+
		"I cannot tell who you are yet: no version of the app is published. Please ask an administrator to publish one in the DingTalk console, then send this again."), t)
}

func (b *Bot) lang(ctx context.Context, req *bot.Req) crm.Lang {
	a, err := b.rt.People.ByIdentity(ctx, req.Platform, req.Tenant, req.From)
	if err != nil {
		return crm.Chinese
	}
	req.Lang = a.Lang
	return a.Lang
}

// cannotFetch tells the person that their file did not arrive; false: what went
// wrong passes, and the message is taken up again.
func (b *Bot) cannotFetch(ctx context.Context, req *bot.Req, t target, err error) bool {
	e := asError(err)
	passes := e == nil || e.verdict() == retry || e.verdict() == throttled
	// A message that is older than this was tried often enough.
	if passes && b.opt.Clock.Now().Sub(req.At) < 10*time.Minute {
		slog.WarnContext(ctx, "file not fetched", "platform", Name, "event", req.EventID, "err", err)
		return false
	}
	why := crm.Text{Zh: "文件没有收到，没有保存任何内容。请重新发送。", En: "The file did not arrive; nothing was saved. Please send it again."}
	if e != nil && e.verdict() == misset {
		b.report(ctx, err)
		why = crm.Text{Zh: "机器人没有下载文件的权限，没有保存任何内容。请管理员开通“企业内机器人发送消息权限”。", En: "The bot may not download files; nothing was saved. Please ask an administrator to grant the robot's message permission."}
	}
	b.show(ctx, req, bot.Say(why.In(b.lang(ctx, req))), t)
	return true
}
