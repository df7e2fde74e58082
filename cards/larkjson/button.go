package larkjson

import (
	"fmt"

	"crmbot/cards/card"
)

// buttons is a row that wraps. A button with a question must be a submit
// button, because the platform asks only before a submit: at the root such
// buttons stand in a small form of their own, elsewhere they are moved to the
// root below the block.
func (r *renderer) buttons(items []card.Button, depth int) []node {
	var open, asking []node
	for _, b := range items {
		if !asks(b) {
			open = append(open, r.button(b, false))
			continue
		}
		if depth > 0 {
			r.moveDown(b)
			continue
		}
		asking = append(asking, r.button(b, true))
	}
	out := r.row(open, depth)
	if len(asking) > 0 {
		out = append(out, node{"tag": "form", "name": r.names.unique("ask"), "elements": r.row(asking, 1)})
	}
	return out
}

// asks says that a button's action is sent only after a question.
func asks(b card.Button) bool { return b.Confirm != nil && b.Action != nil && b.Disabled == "" }

func (r *renderer) moveDown(b card.Button) {
	r.lose("button", "below the block, so that its question is asked")
	r.later = append(r.later, b)
}

// inlineButton is a small text button beside a value.
func (r *renderer) inlineButton(b card.Button) []node {
	if asks(b) {
		r.moveDown(b)
		return nil
	}
	n := r.button(b, false)
	n["type"], n["size"] = "text", "small"
	return []node{n}
}

// row lays out finished buttons.
func (r *renderer) row(buttons []node, depth int) []node {
	if len(buttons) < 2 || r.plan.flat || depth >= MaxNesting {
		return buttons
	}
	cols := []node{}
	for _, b := range buttons {
		cols = append(cols, narrow(b))
	}
	return []node{{"tag": "column_set", "flex_mode": "flow", "horizontal_spacing": "8px", "columns": cols}}
}

var buttonTypes = map[card.ButtonStyle]string{
	card.Default: "default", card.Primary: "primary_filled", card.Risky: "danger", card.Link: "text",
}

// button is one button; submit makes it send the form that it stands in.
func (r *renderer) button(b card.Button, submit bool) node {
	n := node{"tag": "button", "type": "default", "text": plain(r.label(b.Label))}
	if t, ok := buttonTypes[b.Style]; ok {
		n["type"] = t
	}
	if submit {
		n["form_action_type"] = "submit"
	}
	if b.Action != nil {
		w, err := card.Encode(b.Action)
		if err != nil {
			r.fail(err)
			return n
		}
		n["name"] = r.names.button(w)
		if b.Disabled == "" {
			n["behaviors"] = []node{{"type": "callback", "value": w}}
		}
	} else if submit {
		n["name"] = r.names.button(card.Wire{Name: "submit"})
	}
	disabled := b.Disabled
	if b.URL != "" && disabled == "" {
		if u, ok := safeURL(b.URL); ok {
			behaviors, _ := n["behaviors"].([]node)
			n["behaviors"] = append(behaviors, node{"type": "open_url", "default_url": u})
		} else if b.Action == nil {
			r.lose("button", "disabled, its link is broken")
			disabled = r.lang.T("链接无效", "The link is broken")
		}
	}
	if disabled != "" {
		n["disabled"] = true
		n["disabled_tips"] = plain(r.clip(oneLine(disabled)))
		return n
	}
	if submit && asks(b) {
		n["confirm"] = r.confirm(b)
	}
	return n
}

func (r *renderer) confirm(b card.Button) node {
	title, text := oneLine(b.Confirm.Title), clean(b.Confirm.Text)
	if title == "" {
		title = oneLine(b.Label)
	}
	if blank(text) {
		text = title
	}
	return node{"title": plain(r.clip(title)), "text": plain(r.clip(text))}
}

// label is text for a button or placeholder, within the platform's limit.
func (r *renderer) label(s string) string {
	s, cutOff := cut(r.clip(oneLine(s)), MaxLabel)
	if cutOff {
		r.lose("label", fmt.Sprintf("cut to %d characters", MaxLabel))
	}
	if s == "" {
		return "…"
	}
	return s
}
