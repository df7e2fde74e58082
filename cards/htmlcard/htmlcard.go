// Package htmlcard renders a card as HTML for the chat in the browser.
//
// The markup is semantic and works without scripts as far as HTML goes. What a
// page's script needs is in data attributes:
//
//   - a control that sends an action has data-action (the JSON of card.Wire)
//     and data-command (the text command that does the same), and, if the
//     reader must be asked first, data-confirm-title and data-confirm-text;
//   - a form is <form data-form="name">; its inputs carry their names, its
//     submit buttons data-action. A group of checkboxes that needs at least one
//     choice has data-required on its fieldset;
//   - the card element has class cc-card; everything else is inside.
//
// Nothing in the markup needs 'unsafe-inline': there are no scripts, no event
// handlers and no style attributes. The stylesheet is CSS, to be served as a
// file by the page.
package htmlcard

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// CSS is the stylesheet of the cards. It follows data-theme="light" or "dark"
// on any ancestor, else the reader's system. Colours are custom properties
// that begin with --cc-.
//
//go:embed card.css
var CSS string

//go:embed card.tmpl
var markup string

var templates = template.Must(template.New("card").Parse(markup))

// Options adapt a card to the page that it is on. The zero value is good for
// one card on a page without stored pictures.
type Options struct {
	// ID is a prefix for element ids, unique on the page. Empty: "card".
	ID string
	// ImageURL gives the address of a picture of the file store by its key; an
	// empty answer means that there is none. Nil: only pictures that carry
	// their data are shown.
	ImageURL func(key string) string
}

// Render is the card as one article element, with what had to be shown more
// simply. It fails if an action cannot be encoded, or a link is not http(s).
func Render(c card.Card, o Options) (template.HTML, []card.Lossy, error) {
	if o.ID == "" {
		o.ID = "card"
	}
	b := &builder{lang: c.Lang, opts: o}
	v := b.card(c)
	if b.err != nil {
		return "", nil, fmt.Errorf("render card %q as HTML: %w", c.Title, b.err)
	}
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, "card", v); err != nil {
		return "", nil, fmt.Errorf("render card %q as HTML: %w", c.Title, err)
	}
	return template.HTML(out.String()), b.lossy, nil // made by html/template, which escaped it
}

// builder turns the neutral card into what the templates show. The first error
// is kept and ends the rendering.
type builder struct {
	lang  crm.Lang
	opts  Options
	lossy []card.Lossy
	err   error
	ids   int
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) lost(block, shown string) {
	b.lossy = append(b.lossy, card.Lossy{Block: block, Shown: shown})
}

// id is a new element id.
func (b *builder) id() string {
	b.ids++
	return fmt.Sprintf("%s-%d", b.opts.ID, b.ids)
}
