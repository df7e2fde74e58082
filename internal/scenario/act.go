package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/cards/card"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// refusal is the bot's no, which "fail" expects.
type refusal struct{ err error }

func (r refusal) Error() string { return "the bot refused: " + r.err.Error() }

func isRefusal(err error) bool {
	var r refusal
	return errors.As(err, &r)
}

// prepare turns a statement of a person into the act itself.
func (w *world) prepare(ctx context.Context, text string) (func() error, error) {
	if m := reFills.FindStringSubmatch(text); m != nil {
		return w.prepareFill(ctx, m)
	}
	if m := reTaps.FindStringSubmatch(text); m != nil {
		u, _, _, err := w.who(ctx, m[1])
		if err != nil {
			return nil, err
		}
		msg, c, err := w.control(u.ID, unquote(m[2]), unquote(m[3]), nil)
		if err != nil {
			return nil, err
		}
		values, err := formValues(c.Form, nil)
		if err != nil {
			return nil, err
		}
		return w.press(ctx, u, msg, c, values, m[4] != ""), nil
	}
	if m := reFile.FindStringSubmatch(text); m != nil {
		u, chat, _, err := w.who(ctx, m[1])
		if err != nil {
			return nil, err
		}
		data, err := w.file(unquote(m[2]))
		if err != nil {
			return nil, err
		}
		return w.post(ctx, u, webchat.Incoming{User: u.ID, Chat: chat, Files: []bot.File{{Name: unquote(m[2]), Data: data}}, ToBot: true}), nil
	}
	if m := reVoice.FindStringSubmatch(text); m != nil {
		u, chat, _, err := w.who(ctx, m[1])
		if err != nil {
			return nil, err
		}
		return w.post(ctx, u, webchat.Incoming{User: u.ID, Chat: chat, Text: unquote(m[2]), ToBot: true}), nil
	}
	return w.prepareMessage(ctx, text)
}

func (w *world) prepareMessage(ctx context.Context, text string) (func() error, error) {
	i := strings.IndexAny(text, ":：")
	if i <= 0 {
		return nil, errors.New("this is no statement of the script language")
	}
	sep := 1
	if strings.HasPrefix(text[i:], "：") {
		sep = len("：")
	}
	u, chat, inGroup, err := w.who(ctx, text[:i])
	if err != nil {
		return nil, err
	}
	body := strings.TrimSpace(text[i+sep:])
	if strings.HasPrefix(body, `"`) && strings.HasSuffix(body, `"`) && len(body) > 1 {
		body = unquote(body[1 : len(body)-1])
	}
	in := webchat.Incoming{User: u.ID, Chat: chat, ToBot: !inGroup}
	in.Text, in.Mentions, in.ToBot = w.mentions(ctx, body, inGroup)
	return w.post(ctx, u, in), nil
}

// mentions finds @names in a message; @bot addresses the bot and is removed.
func (w *world) mentions(ctx context.Context, body string, inGroup bool) (string, []bot.Mention, bool) {
	toBot := !inGroup
	if rest, ok := strings.CutPrefix(body, "@bot"); ok {
		body, toBot = strings.TrimSpace(rest), true
	}
	var out []bot.Mention
	for _, f := range strings.Fields(body) {
		name, ok := strings.CutPrefix(f, "@")
		if !ok || name == "" {
			continue
		}
		if us, err := w.app.Services.Directory.Find(ctx, name); err == nil && len(us) == 1 {
			out = append(out, bot.Mention{Token: f, ID: fmt.Sprint(int64(us[0].ID)), Name: us[0].Name})
		}
	}
	return body, out, toBot
}

func (w *world) post(ctx context.Context, u org.User, in webchat.Incoming) func() error {
	return func() error {
		w.act(u.ID, in.Chat)
		var refused error
		in.Answered = func(r bot.Reply) { refused = r.Err() }
		id, err := w.hub.Post(ctx, in)
		again := in
		again.EventID, again.Answered = id, nil
		w.remember(func(ctx context.Context) error {
			_, err := w.hub.Post(ctx, again)
			return err
		})
		if err == nil && refused != nil {
			err = refusal{refused}
		}
		return err
	}
}

func (w *world) remember(again func(context.Context) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = again
}

func (w *world) press(ctx context.Context, u org.User, m message, c card.Control, values bot.Values, twice bool) func() error {
	return func() error {
		wire, err := card.Encode(c.Button.Action)
		if err != nil {
			return err
		}
		w.act(u.ID, m.chat)
		var refused error
		p := webchat.Pressed{User: u.ID, Message: m.id, Action: wire, Values: values, Answered: func(r bot.Reply) { refused = r.Err() }}
		id, err := w.hub.Press(ctx, p)
		again := p
		again.EventID, again.Answered = id, nil
		w.remember(func(ctx context.Context) error {
			_, err := w.hub.Press(ctx, again)
			return err
		})
		if err == nil && refused != nil {
			err = refusal{refused}
		}
		if twice && err == nil {
			p.Answered = nil
			_, err = w.hub.Press(ctx, p)
		}
		return err
	}
}

// control finds the newest visible control with the label, on the newest card
// whose text contains on (if given), in a form with all the labels (if given).
func (w *world) control(u crm.UserID, label, on string, inputs []string) (message, card.Control, error) {
	w.mu.Lock()
	list := make([]message, 0, len(w.order))
	for _, m := range w.order {
		list = append(list, *m)
	}
	w.mu.Unlock()
	slices.Reverse(list)
	var labels []string
	for _, m := range list {
		if !w.hub.Sees(u, m.chat) || (on != "" && !strings.Contains(textcard.Render(*m.card), on)) {
			continue
		}
		for _, c := range m.card.Controls() {
			if len(labels) < 40 {
				labels = append(labels, c.Button.Label)
			}
			if c.Button.Label != label || c.Button.Action == nil || !hasInputs(c.Form, inputs) {
				continue
			}
			return m, c, nil
		}
		if on != "" {
			break // only the newest card that contains the text counts
		}
	}
	return message{}, card.Control{}, fmt.Errorf("no control %q is visible; there are: %s", label, strings.Join(labels, " | "))
}

func hasInputs(f *card.Form, labels []string) bool {
	if len(labels) == 0 {
		return true
	}
	if f == nil {
		return false
	}
	for _, l := range labels {
		if !slices.ContainsFunc(f.Inputs, func(i card.Input) bool { return i.Label == l }) {
			return false
		}
	}
	return true
}

func (w *world) prepareFill(ctx context.Context, m []string) (func() error, error) {
	u, _, _, err := w.who(ctx, m[1])
	if err != nil {
		return nil, err
	}
	given := map[string]string{}
	var labels []string
	for rest := m[2]; strings.TrimSpace(rest) != ""; {
		p := rePair.FindStringSubmatch(rest)
		if p == nil {
			return nil, fmt.Errorf(`fills takes "label"="value", …; cannot read %q`, rest)
		}
		given[unquote(p[1])] = unquote(p[2])
		labels = append(labels, unquote(p[1]))
		rest = rest[len(p[0]):]
	}
	msg, c, err := w.control(u.ID, unquote(m[3]), unquote(m[4]), labels)
	if err != nil {
		return nil, err
	}
	values, err := formValues(c.Form, given)
	if err != nil {
		return nil, err
	}
	return w.press(ctx, u, msg, c, values, m[5] != ""), nil
}

// formValues are what a form sends: the given texts by label, and the initial
// values of all other inputs. No form sends nothing.
func formValues(f *card.Form, given map[string]string) (bot.Values, error) {
	if f == nil {
		return nil, nil
	}
	values := bot.Values{}
	for _, in := range f.Inputs {
		text, ok := given[in.Label]
		if !ok {
			text = in.Default
		}
		vs, err := inputValues(in, text, ok)
		if err != nil {
			return nil, err
		}
		if len(vs) > 0 {
			values[in.Name] = vs
		}
	}
	return values, nil
}

// inputValues turns what a person chooses into what the form sends.
func inputValues(in card.Input, text string, given bool) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	if len(in.Options) == 0 || !given {
		if in.Kind == card.MultiSelect {
			return strings.Split(text, ","), nil
		}
		return []string{text}, nil
	}
	parts := []string{text}
	if in.Kind == card.MultiSelect {
		parts = strings.Split(text, ",")
	}
	var out []string
	for _, p := range parts {
		i := slices.IndexFunc(in.Options, func(o card.Option) bool { return o.Label == strings.TrimSpace(p) || o.Value == strings.TrimSpace(p) })
		if i < 0 {
			return nil, fmt.Errorf("input %q has no option %q", in.Label, p)
		}
		out = append(out, in.Options[i].Value)
	}
	return out, nil
}
