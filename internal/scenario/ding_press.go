package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/cards/card"
	"crmbot/cards/dingcard"
	"crmbot/cards/textcard"
	"crmbot/internal/emulator"
)

// dingSight is what a person sees of one card of the bot: the card, or the
// message that stands for it where cards are not used.
type dingSight struct {
	card    emulator.DingCard
	message emulator.DingMessage
}

// text is all that can be read, but for a form.
func (x dingSight) text() string {
	if x.card.ID != "" {
		return x.card.Text()
	}
	return x.message.Title + "\n" + x.message.Body
}

// sends reports whether a link of the message sends a text.
func (x dingSight) sends(text string) (link string, ok bool) {
	if text == "" || x.card.ID != "" {
		return "", false
	}
	link = dingcard.SendLink(text)
	ok = strings.Contains(x.message.Body, "("+link+")") || slices.ContainsFunc(x.message.Links, func(l dingcard.Link) bool { return l.URL == link })
	return link, ok
}

func (d *dingChats) look(id string) (dingSight, bool) {
	if c, ok := d.ding.Card(id); ok {
		return dingSight{card: c}, true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	m, ok := d.plain[id]
	return dingSight{message: m}, ok
}

// Press does what a person does who wants to use a control: they press it, tap
// the link that stands for it, or write the line that the card tells them.
func (d *dingChats) Press(ctx context.Context, p webchat.Pressed) (string, error) {
	d.mu.Lock()
	id, chat := d.names[p.Message], d.chats[d.names[p.Message]]
	again, pressed := d.pressed[p.EventID]
	d.mu.Unlock()
	if pressed {
		_, err := d.press(ctx, p, id, func() (emulator.DingAnswer, error) { return d.ding.PressAgain(again), nil })
		return p.EventID, err
	}
	if p.EventID != "" {
		return d.Post(ctx, webchat.Incoming{User: p.User, Chat: chat, EventID: p.EventID})
	}
	x, ok := d.look(id)
	if !ok {
		return "", fmt.Errorf("no card %s", id)
	}
	key := fmt.Sprint(id, p.Action.Name, string(p.Action.Payload))
	if c, ok := dingControl(x.card, p.Action); ok && (c.Fields != nil || len(p.Values) == 0 || sameValues(c.Params["f"], p.Values)) {
		d.mu.Lock()
		d.taps[key] = c
		d.mu.Unlock()
		return d.pressControl(ctx, p, id, c)
	}
	line, err := d.line(p, id, x)
	d.mu.Lock()
	switch c, tapped := d.taps[key]; {
	case err == nil:
		d.lines[key] = line
	case tapped: // a second tap, before the first one changed the card
		d.mu.Unlock()
		return d.pressControl(ctx, p, id, c)
	case d.lines[key] != "":
		line, err = d.lines[key], nil
	}
	d.mu.Unlock()
	if err != nil {
		return "", err
	}
	if d.verbose != nil {
		fmt.Fprintf(d.verbose, "  (by writing: %s)\n", line)
	}
	return d.Post(ctx, webchat.Incoming{User: p.User, Chat: chat, Text: line, ToBot: true, Answered: p.Answered})
}

func (d *dingChats) pressControl(ctx context.Context, p webchat.Pressed, id string, c emulator.DingControl) (string, error) {
	values := map[string]string{}
	for k, v := range p.Values {
		values[k] = strings.Join(v, ",")
	}
	for k := range values {
		if c.Fields != nil && !slices.ContainsFunc(c.Fields, func(f emulator.DingField) bool { return f.Name == k }) {
			return "", fmt.Errorf("the form on DingTalk has no input %q", k)
		}
	}
	return d.press(ctx, p, id, func() (emulator.DingAnswer, error) {
		a, err := d.ding.Press(emulator.DingPress{Person: staffID(p.User), Card: id, Control: c, Values: values})
		if err == nil {
			d.mu.Lock()
			d.pressed["press:"+a.Frame.MessageID] = a
			d.mu.Unlock()
		}
		return a, err
	})
}

// sameValues reports whether a button that sends a form's initial values sends
// these.
func sameValues(initial string, values bot.Values) bool {
	var have map[string]any
	if json.Unmarshal([]byte(initial), &have) != nil {
		return false
	}
	for k, v := range values {
		begin := fmt.Sprint(have[k])
		if several, ok := have[k].([]any); ok {
			begin = strings.Trim(strings.ReplaceAll(fmt.Sprint(several), " ", ","), "[]")
		}
		if x := strings.Join(v, ","); x != "" && x != begin {
			return false
		}
	}
	return true
}

// press presses and shows the answer to the person: the line below the card.
func (d *dingChats) press(ctx context.Context, p webchat.Pressed, id string, press func() (emulator.DingAnswer, error)) (event string, err error) {
	err = d.after(ctx, func() error {
		a, err := press()
		if err != nil {
			return err
		}
		event = "press:" + a.Frame.MessageID
		if a.Refused != "" || a.Code != 200 {
			return fmt.Errorf("the person who pressed sees that it failed: %d %s", a.Code, a.Refused)
		}
		if line := a.Params["tips"]; line != "" {
			d.mu.Lock()
			chat := d.chats[id]
			d.mu.Unlock()
			d.emit(webchat.Event{Kind: "toast", Chat: chat, Toast: line, User: p.User})
		}
		return nil
	})
	if err == nil {
		d.tellAnswer(event, p.Answered)
	}
	return event, err
}

// line is what the person sends to do what a control does that is not there as
// such: the text of the link that they tap, or the line that the card shows.
func (d *dingChats) line(p webchat.Pressed, id string, x dingSight) (string, error) {
	d.mu.Lock()
	c := d.latest[id]
	d.mu.Unlock()
	for _, k := range c.Controls() {
		if k.Button.Action == nil {
			continue
		}
		w, err := card.Encode(k.Button.Action)
		if err != nil || w.Name != p.Action.Name || string(w.Payload) != string(p.Action.Payload) {
			continue
		}
		if k.Form != nil {
			return fillIn(c, k, x, p.Values)
		}
		if _, ok := x.sends(k.Button.Command); ok || strings.Contains(readable(x.text()), readable(k.Button.Command)) {
			return k.Button.Command, nil
		}
	}
	return "", fmt.Errorf("the card %q on DingTalk has neither a control for %s nor its command; it shows\n%s", c.Title, p.Action.Name, indent(x.text()))
}

var lineHead = regexp.MustCompile(`/(?:填|fill) \d+`)

// fillIn is the line that fills in a form as the card tells: the command that
// stands above the form's inputs, the button, and what differs from the values
// with which the form begins.
func fillIn(c card.Card, k card.Control, x dingSight, values bot.Values) (string, error) {
	var heads []string
	for _, h := range lineHead.FindAllString(x.text(), -1) {
		if !slices.Contains(heads, h) {
			heads = append(heads, h)
		}
	}
	at := 0
	for _, b := range c.Blocks {
		f, ok := b.(card.Form)
		if !ok || native(f, x.card) {
			continue
		}
		if f.Name != k.Form.Name {
			at++
			continue
		}
		if at >= len(heads) {
			break
		}
		parts := []string{heads[at]}
		if len(f.Extra) > 0 {
			parts = append(parts, k.Button.Label)
		}
		for _, in := range f.Inputs {
			if v := strings.Join(values[in.Name], ","); v != in.Default {
				label, _, _ := strings.Cut(in.Label, "（")
				in.Default = v
				parts = append(parts, label+"="+textcard.DefaultLabel(in))
			}
		}
		return strings.Join(parts, " "), nil
	}
	return "", fmt.Errorf("the card %q on DingTalk does not tell how to fill in its form; it shows\n%s", c.Title, indent(x.text()))
}

// native reports whether the card shows a form as such.
func native(f card.Form, x emulator.DingCard) bool {
	for _, b := range append([]card.Button{f.Submit}, f.Extra...) {
		if b.Action == nil {
			continue
		}
		if w, err := card.Encode(b.Action); err == nil {
			if c, ok := dingControl(x, w); ok && c.Fields != nil {
				return true
			}
		}
	}
	return false
}

// dingControl finds the control with the action on a card.
func dingControl(x emulator.DingCard, want card.Wire) (emulator.DingControl, bool) {
	payload := string(want.Payload)
	if payload == "" {
		payload = "{}"
	}
	for _, c := range x.Controls() {
		if c.Params["a"] == want.Name && c.Params["p"] == payload {
			return c, true
		}
		for _, f := range c.Fields {
			if f.Name != "_wires" {
				continue
			}
			var text string
			var wires []card.Wire
			if json.Unmarshal(f.Default, &text) != nil || json.Unmarshal([]byte(text), &wires) != nil {
				continue
			}
			for i, w := range wires {
				if w.Name == want.Name && string(w.Payload) == payload && (c.Choice == "" || c.Choice == strconv.Itoa(i)) {
					return c, true
				}
			}
		}
	}
	return emulator.DingControl{}, false
}
