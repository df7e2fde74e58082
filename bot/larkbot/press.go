package larkbot

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/cards/card"
	"crmbot/cards/larkjson"
	"crmbot/internal/crm"
)

type pressEvent struct {
	Operator struct {
		person
		Tenant string `json:"tenant_key"`
	} `json:"operator"`
	Action struct {
		// Value is what the card put there: an object of ours, a string or
		// anything else from other cards, or missing.
		Value     json.RawMessage `json:"value"`
		Name      string          `json:"name"`
		FormValue map[string]any  `json:"form_value"`
	} `json:"action"`
	Context struct {
		MessageID string `json:"open_message_id"`
		ChatID    string `json:"open_chat_id"`
	} `json:"context"`
}

// answer is what a press shows at once: all parts are optional.
type answer struct {
	Toast *answerToast `json:"toast,omitempty"`
	Card  *answerCard  `json:"card,omitempty"`
}

type answerToast struct {
	Type    string `json:"type"`
	Content string `json:"content"`
}

type answerCard struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

func toast(tone, text string) *answer {
	if tone != bot.ToastSuccess && tone != bot.ToastError {
		tone = bot.ToastInfo
	}
	return &answer{Toast: &answerToast{Type: tone, Content: text}}
}

// press handles a pressed control. It always answers; "nothing changes" is {}.
// A copy of a press gets the answer of the first: the platform shows whichever
// comes, and an empty one would leave the card as it was.
func (b *Bot) press(ctx context.Context, e envelope) *answer {
	var p pressEvent
	if json.Unmarshal(e.Event, &p) != nil || p.Operator.OpenID == "" {
		return &answer{}
	}
	once, first := b.presses.Take(e.Header.EventID)
	if first {
		release := b.turns.Press(p.Context.MessageID)
		b.work.Go(ctx, func(ctx context.Context) { b.handlePress(ctx, e, p, release, once) })
	}
	t, stop := b.budget()
	defer stop()
	select {
	case <-once.Done():
	case <-t:
		// The runtime's own deadline is shorter; this is for what is slow before
		// it. The result follows when it is there.
		once.Give(&answer{})
	}
	return once.Answer()
}

// handlePress runs the handler, gives the answer and does what comes after it:
// other messages, or the update of the card when the callback could not carry
// it.
func (b *Bot) handlePress(ctx context.Context, e envelope, p pressEvent, release func(), once *adapter.Press[answer]) {
	defer release()
	defer once.Give(&answer{}) // after a panic
	tenant := b.foreign(p.Operator.Tenant)
	req := &bot.Req{Platform: Name, Tenant: tenant, EventID: e.Header.EventID, Kind: bot.Press, From: b.from(ctx, p.Operator.person, tenant), MessageID: p.Context.MessageID,
		Chat: bot.Chat{ID: p.Context.ChatID, Group: b.isGroup(ctx, p.Context.ChatID)}, Action: b.action(ctx, p, tenant), At: b.at(e.Header.CreateTime)}
	rep := b.handle(ctx, req)
	a, rest := b.callback(ctx, req, rep)
	if !once.Give(a) {
		a, rest = &answer{}, rep // too late for the callback
	}
	if a.Card != nil {
		b.tell(bot.MessageRef{Platform: Name, Chat: req.Chat.ID, ID: req.MessageID}, *rep.Card)
		// Beside the press: remembering a card may bring it up to date at once, which
		// waits for the end of the press.
		b.work.Go(ctx, func(ctx context.Context) {
			b.remember(ctx, req, rep, bot.MessageRef{Platform: Name, Chat: req.Chat.ID, ID: req.MessageID}, req.Chat.Group)
		})
	}
	if !rest.Empty() {
		b.work.Go(ctx, func(ctx context.Context) { b.show(ctx, req, rest, target{to: req.Chat.ID}) })
	}
	// The platform loses or reverts an update of the card that comes before it
	// has the answer to the callback: updates wait until release.
	adapter.Pause(ctx, b.opt.Settle)
}

// callback puts as much of a reply as it can into the answer and returns the
// rest.
func (b *Bot) callback(ctx context.Context, req *bot.Req, rep bot.Reply) (*answer, bot.Reply) {
	a := &answer{}
	if rep.Toast != "" {
		a = toast(rep.ToastTone, rep.Toast)
		rep.Toast = ""
	}
	if rep.Card != nil && rep.Update && req.MessageID != "" && !(rep.Private && req.Chat.Group) {
		if raw, ok := b.safely(ctx, *rep.Card); ok {
			a.Card = &answerCard{Type: "raw", Data: raw}
			rep.Card = nil
		}
	}
	return a, rep
}

// action reads what was pressed. The intent is in the value and, for callbacks
// that come without one, in the button's name.
func (b *Bot) action(ctx context.Context, p pressEvent, tenant string) *bot.Action {
	a := &bot.Action{Values: b.values(ctx, p.Action.FormValue, tenant)}
	if w, ok := wire(p.Action.Value); ok {
		a.Name, a.Payload = w.Name, w.Payload
		return a
	}
	// Without a value there is no payload, and a payload that was guessed would
	// act on the wrong record: such a press is answered with a fresh card.
	if n := larkjson.ActionOf(p.Action.Name); n != "" {
		a.Name, a.Payload = n, json.RawMessage(`null-payload`)
	}
	return a
}

// wire reads a value: our object, or a string with our object in it, as some
// clients send it.
func wire(raw json.RawMessage) (card.Wire, bool) {
	var w card.Wire
	if json.Unmarshal(raw, &w) == nil && w.Name != "" {
		return w, true
	}
	var s string
	if json.Unmarshal(raw, &s) == nil && json.Unmarshal([]byte(s), &w) == nil && w.Name != "" {
		return w, true
	}
	return card.Wire{}, false
}

// zoned is a date or time with the offset of the person's device behind it.
var zoned = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2})?|\d{2}:\d{2}) [+-]\d{4}$`)

// values turns the platform's form values into neutral ones: neutral names,
// dates without offset, people as the ids of the company.
func (b *Bot) values(ctx context.Context, form map[string]any, tenant string) bot.Values {
	out := bot.Values{}
	for name, v := range form {
		var list []string
		for _, s := range strs(v) {
			if m := zoned.FindStringSubmatch(s); m != nil {
				s = m[1]
			}
			if strings.HasPrefix(s, "ou_") {
				if a, err := b.rt.People.ByIdentity(ctx, Name, tenant, s); err == nil {
					s = strconv.FormatInt(int64(a.ID), 10)
				}
			}
			if s != "" {
				list = append(list, crm.Normalize(s))
			}
		}
		if len(list) > 0 {
			out[larkjson.FieldName(name)] = list
		}
	}
	return out
}

func strs(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, strs(x)...)
		}
		return out
	case bool:
		return []string{strconv.FormatBool(v)}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case nil:
		return nil
	}
	return []string{fmt.Sprint(v)}
}
