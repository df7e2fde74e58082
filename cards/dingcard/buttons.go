package dingcard

import (
	"fmt"
	"strings"

	"crmbot/cards/card"
	"crmbot/cards/textcard"
)

// msgButton is a button of the public template. The action's name is in id
// and in params, because clients report one or the other.
type msgButton struct {
	Text    string            `json:"text"`
	Color   string            `json:"color"`
	ID      string            `json:"id,omitempty"`
	Request bool              `json:"request,omitempty"`
	Params  map[string]string `json:"params,omitempty"`
	URL     string            `json:"url,omitempty"`
	IOSURL  string            `json:"iosUrl,omitempty"`
}

// The keys of a button's params. They are part of every card that was sent.
const (
	paramAction  = "a" // the action's wire name
	paramPayload = "p" // its payload as JSON
	paramValues  = "f" // a form's default values as JSON, for a submit button without its form
)

// button shows a button: one that works is kept for the row at the end, one
// that does not is a line with the reason.
func (r *renderer) button(b card.Button) {
	if b.Disabled != "" {
		r.lost("disabled button", "text")
		r.add(r.colon(escapeFirst(b.Label), r.lang.T("不可用，", "unavailable, ")+escapeLine(b.Disabled)))
		return
	}
	if b.Confirm != nil {
		r.lost("confirmation", "text")
		ask := strings.TrimSpace(b.Confirm.Title + " " + b.Confirm.Text)
		r.add(r.note(fmt.Sprintf(r.lang.T("点“%s”立即生效：%s", "“%s” takes effect at once: %s"), textcard.OneLine(b.Label), textcard.OneLine(ask))))
	}
	r.buttons = append(r.buttons, b)
}

// msgButtons is the button row. Buttons beyond the variable's size become text
// commands.
func (r *renderer) msgButtons() []msgButton {
	list := []msgButton{}
	used := map[string]int{}
	size := len(`{"msgButtons":[]}`)
	for i, b := range r.buttons {
		m, ok := r.msgButton(b, used)
		if !ok {
			continue
		}
		n := len(r.json(m)) + 1
		if size+n > ParamLimit {
			r.lost("button", "text command")
			r.commands(r.buttons[i:])
			break
		}
		size += n
		list = append(list, m)
	}
	return list
}

// commands lists buttons as text commands and links.
func (r *renderer) commands(bs []card.Button) {
	ls := []string{bold(r.lang.T("更多操作", "More"))}
	for _, b := range bs {
		if b.URL != "" && b.Action == nil {
			ls = append(ls, r.link(escapeLine(b.Label), b.URL))
			continue
		}
		ls = append(ls, r.colon(escapeFirst(b.Label), r.lang.T("回复 ", "reply ")+escapeLine(b.Command)))
	}
	r.keep(strings.Join(ls, "  \n"))
}

func (r *renderer) msgButton(b card.Button, used map[string]int) (msgButton, bool) {
	m := msgButton{Text: textcard.Cut(textcard.OneLine(b.Label), 20), Color: color(b.Style)}
	if m.Text == "" {
		return m, false
	}
	if b.Action == nil {
		if b.URL == "" {
			return m, false
		}
		target, err := address(b.URL)
		if err != nil {
			r.fail(fmt.Errorf("button %q: %w", b.Label, err))
			return m, false
		}
		m.URL, m.IOSURL = target, target
		return m, true
	}
	w, err := wireOf(b)
	if err != nil {
		r.fail(err)
		return m, false
	}
	used[w.Name]++
	m.ID = w.Name
	if n := used[w.Name]; n > 1 {
		m.ID = fmt.Sprintf("%s#%d", w.Name, n) // ids must differ; Decode takes the number off
	}
	m.Request = true
	m.Params = map[string]string{paramAction: w.Name, paramPayload: string(w.Payload)}
	if v, ok := b.Action.(submit); ok {
		m.Params[paramValues] = v.values
	}
	return m, true
}

func color(s card.ButtonStyle) string {
	switch s {
	case card.Primary:
		return "blue"
	case card.Risky:
		return "red"
	}
	return "gray"
}

// submit is the action of a form's button that stands without its form; it
// carries the form's default values.
type submit struct {
	card.Action
	values string
}

// MarshalJSON encodes the action alone.
func (s submit) MarshalJSON() ([]byte, error) {
	w, err := card.Encode(s.Action)
	return w.Payload, err
}
