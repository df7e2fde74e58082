// Package larkjson renders the neutral card model as Lark / Feishu card JSON
// 2.0 and validates such JSON against the platform's rules.
//
// Limits, tags and attributes follow the platform's documentation; see
// limits.go and schema.go. What adapters must know about the result:
//
//   - every control with an action has the callback value {"a":name,"p":{...}}
//     (card.Wire) and a unique name that begins with the action's name, because
//     some clients return only the name (see ActionOf);
//   - an input keeps its neutral name unless another form of the card uses it
//     too; FieldName turns the platform's name back into the neutral one;
//   - a person input with options sends the option's value; one without options
//     offers the members of the chat and sends the platform's person id.
package larkjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// ErrTooLarge says that a card is over the platform's limits even in its
// simplest form. The caller sends text instead.
var ErrTooLarge = errors.New("card is too large for Lark even in its simplest form")

// node is one JSON object of a card.
type node map[string]any

type options struct {
	personID func(crm.UserID) string
	imageKey func(card.Image) (string, bool)
}

// Option changes how a card is rendered.
type Option func(*options)

// WithPersonIDs shows people by their platform identity. The function returns
// the open id of a person, or "" if there is none; such people are shown by
// name. A wrong id makes the platform refuse the whole card.
func WithPersonIDs(f func(crm.UserID) string) Option {
	return func(o *options) { o.personID = f }
}

// WithImageKey shows images. The function returns the key of the uploaded
// picture, or false if it was not uploaded; such images are shown by their
// alternative text.
func WithImageKey(f func(card.Image) (string, bool)) Option {
	return func(o *options) { o.imageKey = f }
}

// Render turns a card into card JSON 2.0 that passes Validate, to which its
// tests hold it: reading every card again before it is sent would cost as much
// as rendering it. It shrinks a card that is over the platform's limits step by
// step and says in lossy what is shown more simply. It fails on a card that is
// wrong in itself (card.Validate), and with ErrTooLarge on one that cannot be
// shrunk enough.
func Render(c card.Card, opts ...Option) (out []byte, lossy []card.Lossy, err error) {
	if err := c.Validate(); err != nil {
		return nil, nil, fmt.Errorf("render card %q for Lark: %w", c.Title, err)
	}
	var o options
	for _, f := range opts {
		f(&o)
	}
	out, lossy, err = fit(c, o)
	if err != nil {
		return nil, nil, fmt.Errorf("render card %q for Lark: %w", c.Title, err)
	}
	return out, lossy, nil
}

// renderer holds the state of rendering one card under one plan.
type renderer struct {
	options
	lang  crm.Lang
	plan  plan
	names *names
	lossy []card.Lossy
	// charts and tables are counted while the card is built; what comes after
	// the last allowed one is shown as text.
	charts, tables int
	// progressCharts says that progress bars are drawn as charts.
	progressCharts bool
	// later are buttons that must stand at the root, after the current block.
	later []card.Button
	err   error
}

// render builds the card under a plan and reports its size.
func render(c card.Card, o options, p plan) (out []byte, elements int, lossy []card.Lossy, err error) {
	r := &renderer{options: o, lang: c.Lang, plan: p, names: newNames(c)}
	r.progressCharts = progressFitsCharts(c.Blocks)
	root := node{
		"schema": "2.0",
		"config": r.config(c),
		"header": r.header(c),
		"body": node{
			"direction":        "vertical",
			"vertical_spacing": "8px",
			"padding":          "12px",
			"elements":         r.root(c.Blocks),
		},
	}
	if r.err != nil {
		return nil, 0, nil, r.err
	}
	out, err = marshal(root)
	return out, measure(root), r.lossy, err
}

func (r *renderer) root(bs []card.Block) []node {
	elements := []node{}
	for _, b := range bs {
		elements = append(elements, r.block(b, 0)...)
		if later := r.later; len(later) > 0 {
			r.later = nil
			elements = append(elements, r.buttons(later, 0)...)
		}
	}
	return elements
}

func (r *renderer) config(c card.Card) node {
	summary := clean(c.Summary)
	if blank(summary) {
		summary = clean(c.Title)
	}
	short, _ := cut(oneLine(summary), 100)
	return node{
		"update_multi": true,
		"width_mode":   widthMode(c.Blocks),
		"summary":      node{"content": short},
	}
}

// widthMode is wide for cards with a table that would not fit 600 px.
func widthMode(bs []card.Block) string {
	for _, b := range bs {
		if t, ok := b.(card.Table); ok && len(t.Columns) > 4 {
			return "fill"
		}
	}
	return "default"
}

var templates = map[card.Tone]string{
	card.Neutral: "default", card.Info: "blue", card.Success: "green",
	card.Warning: "orange", card.Danger: "red", card.Muted: "grey",
}

var tagColours = map[card.Tone]string{
	card.Neutral: "neutral", card.Info: "blue", card.Success: "green",
	card.Warning: "orange", card.Danger: "red", card.Muted: "neutral",
}

func (r *renderer) header(c card.Card) node {
	h := node{"title": plain(r.clip(oneLine(c.Title))), "template": "default"}
	if t, ok := templates[c.Tone]; ok {
		h["template"] = t
	}
	if !blank(c.Subtitle) {
		h["subtitle"] = plain(r.clip(oneLine(c.Subtitle)))
	}
	var tags []node
	for _, t := range c.Tags {
		if blank(t.Text) {
			continue
		}
		colour, ok := tagColours[t.Tone]
		if !ok {
			colour = "neutral"
		}
		tags = append(tags, node{"tag": "text_tag", "text": plain(r.clip(oneLine(t.Text))), "color": colour})
	}
	if len(tags) > 0 {
		h["text_tag_list"] = tags
	}
	return h
}

func (r *renderer) lose(block, shown string) {
	l := card.Lossy{Block: block, Shown: shown}
	for _, x := range r.lossy {
		if x == l {
			return
		}
	}
	r.lossy = append(r.lossy, l)
}

func (r *renderer) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// marshal writes JSON without escaping < and >: the card is not HTML, and the
// escapes would count against its size.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode card: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
