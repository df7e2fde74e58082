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
	"crmbot/cards/textcard"
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
	// Next is the number of what the card shows instead by now, "" while it shows
	// this.
	Next string `json:"n,omitempty"`
}

// numbered is the number of a form as it was shown last, and a digest of it.
type numbered struct {
	Number string `json:"n"`
	Digest string `json:"d"`
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
		n, err := ls.bot.lineNumber(ctx, ls.chat, ls.seed, f)
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
		x := lineForm{Card: id, In: card.Card{Lang: ls.card.Lang, Title: ls.card.Title, Blocks: []card.Block{f}}}
		if err := ls.bot.keepLine(ctx, ls.chat, n, x); err != nil {
			slog.WarnContext(ctx, "form cannot be filled in by its line", "platform", Name, "err", err)
		}
	}
}

// seedOf is the end of a message's id, which does not depend on its template.
func seedOf(id string) string { return id[strings.LastIndexByte(id, '-')+1:] }

func (b *Bot) lineKey(chat, number string) string {
	return "ding:line:" + b.opt.ClientID + ":" + adapter.Short(chat) + ":" + number
}

func (b *Bot) keepLine(ctx context.Context, chat, number string, x lineForm) error {
	raw, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return b.opt.KV.Set(ctx, b.lineKey(chat, number), raw, lineFor)
}

// lineNumber is the number of a card's form in its chat: as short as it can be,
// and the same as long as the form is. A form that changed gets another one, and
// the one before says so: who writes it has read what is not so any more.
func (b *Bot) lineNumber(ctx context.Context, chat, seed string, f card.Form) (string, error) {
	key := "ding:lineof:" + b.opt.ClientID + ":" + adapter.Short(chat+" "+seed+" "+f.Name)
	now := numbered{Digest: card.Card{Blocks: []card.Block{f}}.Digest()}
	raw, ok, err := b.opt.KV.Get(ctx, key)
	if err != nil {
		return "", err
	}
	var was numbered
	if ok && json.Unmarshal(raw, &was) == nil && was.Digest == now.Digest {
		return was.Number, b.opt.KV.Set(ctx, key, raw, lineFor)
	}
	if now.Number, err = b.newNumber(ctx, chat); err != nil {
		return "", err
	}
	if raw, err = json.Marshal(now); err == nil {
		err = b.opt.KV.Set(ctx, key, raw, lineFor)
	}
	if err == nil && was.Number != "" {
		err = b.replaceLine(ctx, chat, was.Number, now.Number)
	}
	return now.Number, err
}

// newNumber takes a number that is free in the chat.
func (b *Bot) newNumber(ctx context.Context, chat string) (string, error) {
	for size := 900; ; size *= 10 { // 100 to 999, then longer ones
		n := strconv.Itoa(size/9 + rand.N(size))
		fresh, err := b.opt.KV.SetNX(ctx, b.lineKey(chat, n), []byte("{}"), lineFor)
		if err != nil || fresh {
			return n, err
		}
		if size > 900_000 {
			return "", bot.ErrBusy
		}
	}
}

// replaceLine notes that the card shows another form by now.
func (b *Bot) replaceLine(ctx context.Context, chat, was, next string) error {
	x, err := b.lineForm(ctx, chat, was)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return nil // nobody was shown it
	}
	if err != nil {
		return err
	}
	x.Next = next
	return b.keepLine(ctx, chat, was, x)
}

// filled turns a line that fills in a form into the press of the form's button.
// A line that cannot be read is refused with the reply; everything else is left
// as it is.
func (b *Bot) filled(ctx context.Context, req *bot.Req) (rep bot.Reply, refused bool) {
	m := lineCommand.FindStringSubmatchIndex(req.Text)
	if req.Kind != bot.Message || m == nil || !b.rt.Admit(ctx, req, 0) {
		return rep, false
	}
	number := req.Text[m[2]:m[3]]
	x, err := b.lineForm(ctx, req.Chat.ID, number)
	if err == nil && x.Next != "" {
		err = b.changedLine(ctx, req.Chat.ID, number, x)
	}
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

// maxNext bounds how many changes of a form are followed.
const maxNext = 20

// changedLine refuses a line for a form that is not what it was when its number
// was shown, with the form as it is now.
func (b *Bot) changedLine(ctx context.Context, chat, number string, x lineForm) error {
	stale := crm.Stale("CH-04", "编号 "+number+" 的表单后来变了，没有保存任何内容", "the form "+number+" has changed since; nothing was saved")
	now := number
	for range maxNext {
		if x.Next == "" {
			break
		}
		next, err := b.lineForm(ctx, chat, x.Next)
		if crm.CodeOf(err) == crm.CodeNotFound {
			return stale.WithNext("请重新打开表单，用卡片上的编号", "please open the form again and use the number on the card")
		}
		if err != nil {
			return err
		}
		now, x = x.Next, next
	}
	f, ok := x.In.Blocks[0].(card.Form)
	if !ok {
		return crm.Internal(fmt.Errorf("kept form is a %T", x.In.Blocks[0]))
	}
	fields := func(l crm.Lang) string {
		lines := []string{formline.Show(l, l.T("/填 ", "/fill ")+now, f, f.Submit)}
		for _, in := range f.Inputs {
			lines = append(lines, "- "+textcard.Input(l, in))
		}
		return strings.Join(lines, "\n")
	}
	return stale.WithNext("请看现在的表单，再发：\n"+fields(crm.Chinese), "please look at the form as it is now, then send:\n"+fields(crm.English))
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
