package dingbot

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/cards/card"
	"crmbot/cards/formline"
	"crmbot/internal/crm"
)

// A form that the platform cannot show is filled in by one line: "/填 123
// 客户=华星". The number is the form's in its chat; what the line does is what the
// form would have done.

// lineFor is how long a form can be filled in by its number after it was shown
// or changed.
// The form's words stay in the shared state for as long.
const lineFor = 3 * 24 * time.Hour

// lineForm is a form that is waiting for its line.
type lineForm struct {
	// Card is the message that shows it.
	Card string `json:"c"`
	// In is a card of the form alone, which keeps the types of its parts.
	In card.Card `json:"f"`
}

var lineCommand = regexp.MustCompile(`(?i)^/?\s*(?:填写?|fill)\s*(\d{3,9})(?:\s+|$)`)

// lines are the forms of one card that are filled in by lines.
type lines struct {
	bot        *Bot
	chat, seed string
	card       card.Card
	shown      map[string]card.Form // by number
}

// lines begins a card that is about to be shown in a chat; seed is the end of
// its id.
func (b *Bot) lines(chat, seed string, c card.Card) *lines {
	return &lines{bot: b, chat: chat, seed: seed, card: c, shown: map[string]card.Form{}}
}

// head gives the command of a form, "" if there is none: then the form's own
// command is shown alone.
func (ls *lines) head(ctx context.Context) func(f card.Form) string {
	return func(f card.Form) string {
		if ls.chat == "" {
			return ""
		}
		n, err := ls.bot.lineNumber(ctx, ls.chat, ls.seed, f.Name)
		if err != nil {
			slog.WarnContext(ctx, "form cannot be filled in by a line", "platform", Name, "err", err)
			return ""
		}
		ls.shown[n] = f
		return ls.card.Lang.T("/填 ", "/fill ") + n
	}
}

// keep keeps the forms for their lines, before the card is there.
func (ls *lines) keep(ctx context.Context, id string) {
	for n, f := range ls.shown {
		raw, err := json.Marshal(lineForm{Card: id, In: card.Card{Lang: ls.card.Lang, Title: ls.card.Title, Blocks: []card.Block{f}}})
		if err == nil {
			err = ls.bot.opt.KV.Set(ctx, ls.bot.lineKey(ls.chat, n), raw, lineFor)
		}
		if err != nil {
			slog.WarnContext(ctx, "form cannot be filled in by its line", "platform", Name, "err", err)
		}
	}
}

// seedOf is the end of a message's id, which does not depend on its template.
func seedOf(id string) string { return id[strings.LastIndexByte(id, '-')+1:] }

func (b *Bot) lineKey(chat, number string) string {
	return "ding:line:" + b.opt.ClientID + ":" + adapter.Short(chat) + ":" + number
}

// lineNumber is the number of a card's form in its chat: as short as it can be
// and for ever the same.
func (b *Bot) lineNumber(ctx context.Context, chat, seed, name string) (string, error) {
	key := "ding:lineof:" + b.opt.ClientID + ":" + adapter.Short(chat+" "+seed+" "+name)
	raw, ok, err := b.opt.KV.Get(ctx, key)
	if err != nil {
		return "", err
	}
	if ok {
		return string(raw), b.opt.KV.Set(ctx, key, raw, lineFor)
	}
	for size := 900; ; size *= 10 { // 100 to 999, then longer ones
		n := strconv.Itoa(size/9 + rand.N(size))
		fresh, err := b.opt.KV.SetNX(ctx, b.lineKey(chat, n), []byte("{}"), lineFor)
		if err != nil {
			return "", err
		}
		if fresh {
			return n, b.opt.KV.Set(ctx, key, []byte(n), lineFor)
		}
		if size > 900_000 {
			return "", bot.ErrBusy
		}
	}
}

// filled turns a line that fills in a form into the press of the form's button.
// A line that cannot be read is refused with the reply; everything else is left
// as it is.
func (b *Bot) filled(ctx context.Context, req *bot.Req) (rep bot.Reply, refused bool) {
	m := lineCommand.FindStringSubmatchIndex(req.Text)
	if req.Kind != bot.Message || m == nil || !b.rt.Admit(ctx, req, 0) {
		return rep, false
	}
	x, err := b.lineForm(ctx, req.Chat.ID, req.Text[m[2]:m[3]])
	if err == nil {
		req.Action, err = x.press(req.Text[m[1]:], b.opt.Clock.Now())
	}
	if err != nil {
		return b.rt.Refuse(ctx, req, err), true
	}
	req.Kind, req.MessageID = bot.Press, x.Card
	return rep, false
}

// lineForm is the form with the number in a chat.
func (b *Bot) lineForm(ctx context.Context, chat, number string) (lineForm, error) {
	raw, ok, err := b.opt.KV.Get(ctx, b.lineKey(chat, number))
	if err != nil {
		return lineForm{}, crm.Internal(err)
	}
	var x lineForm
	if !ok || json.Unmarshal(raw, &x) != nil || len(x.In.Blocks) == 0 {
		return lineForm{}, crm.NotFound("这里没有编号 "+number+" 的表单，或者已经过期", "there is no form "+number+" here, or it is too old").
			WithNext("请重新打开表单，用卡片上的编号", "please open the form again and use the number on the card")
	}
	return x, nil
}

// press is what the form sends for a line.
func (x lineForm) press(line string, now time.Time) (*bot.Action, error) {
	f, ok := x.In.Blocks[0].(card.Form)
	if !ok {
		return nil, crm.Internal(fmt.Errorf("kept form is a %T", x.In.Blocks[0]))
	}
	button, values, err := formline.Read(f, line, now.In(platformZone))
	if err != nil {
		return nil, err
	}
	w, err := card.Encode(button.Action)
	if err != nil {
		return nil, crm.Internal(err)
	}
	return &bot.Action{Name: w.Name, Payload: w.Payload, Values: values}, nil
}

// typed reports whether a press was written as a line.
func typed(req *bot.Req) bool { return req.Kind == bot.Press && req.Text != "" }
