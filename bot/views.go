package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// ViewFunc renders a view for a viewer. It checks the viewer's right itself:
// a card that was sent months ago is rendered with today's rights.
type ViewFunc func(ctx context.Context, v Viewer, ref string) (card.Card, error)

// ErrNothing is a view's answer when there is nothing to show any more: a
// reminder of something done meanwhile. The delivery then counts as done.
var ErrNothing = errors.New("nothing to show")

// ViewDef registers a view under a stable name.
type ViewDef struct {
	Name   string
	Render ViewFunc
}

// Views are the registered views.
type Views struct {
	// Offer, if set, leaves out of a person's card what they may not use; see
	// Router.Offer.
	Offer func(a crm.Actor, c card.Card) card.Card

	m map[string]ViewFunc
}

// NewViews registers views; a duplicate name is an error.
func NewViews(defs ...ViewDef) (*Views, error) {
	v := &Views{m: map[string]ViewFunc{}}
	for _, d := range defs {
		if d.Name == "" || d.Render == nil || v.m[d.Name] != nil {
			return nil, fmt.Errorf("view %q is incomplete or registered twice", d.Name)
		}
		v.m[d.Name] = d.Render
	}
	return v, nil
}

// Names are the registered names, sorted.
func (v *Views) Names() []string {
	var names []string
	for n := range v.m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Render renders the view; an unknown name is an error.
func (v *Views) Render(ctx context.Context, who Viewer, w View) (card.Card, error) {
	f := v.m[w.Name]
	if f == nil {
		return card.Card{}, fmt.Errorf("unknown view %q", w.Name)
	}
	c, err := f(ctx, who, w.Ref)
	if err != nil {
		return card.Card{}, err
	}
	c.Lang = who.Lang
	if v.Offer != nil && !who.Group {
		c = v.Offer(who.Actor, c)
	}
	return c, c.Validate()
}
