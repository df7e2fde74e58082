package larkjson

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"crmbot/cards/card"
)

// names gives every form, input and button of a card a name of its own.
type names struct{ used map[string]bool }

// newNames reserves the names of all forms, so that an input or a button never
// takes one of them.
func newNames(c card.Card) *names {
	n := &names{used: map[string]bool{}}
	for _, b := range c.Blocks {
		if f, ok := b.(card.Form); ok {
			n.used[f.Name] = true
		}
	}
	return n
}

// field names an input. The form's name and a dot are put before it when the
// card already has the name; neutral names have no dot.
func (n *names) field(form, name string) string {
	if !n.used[name] {
		n.used[name] = true
		return name
	}
	return n.unique(form + "." + name)
}

// button names a button after its action and payload, so that the name stays
// the same when the card is rendered again.
func (n *names) button(w card.Wire) string {
	sum := sha256.Sum256(w.Payload)
	return n.unique(safeName(w.Name) + nameSep + hex.EncodeToString(sum[:4]))
}

func (n *names) unique(name string) string {
	for i, try := 2, name; ; i++ {
		if !n.used[try] {
			n.used[try] = true
			return try
		}
		try = fmt.Sprintf("%s_%d", name, i)
	}
}

const nameSep = "__"

// safeName keeps what names may contain and starts with a letter.
func safeName(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
			return c
		}
		return '_'
	}, s)
	if s == "" || !isLetter(s[0]) {
		s = "x" + s
	}
	return s[:min(len(s), 60)]
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// ActionOf is the action's name in a button's name, for callbacks that carry
// no value; "" if the name is not one that Render gave to a button. The
// payload cannot be had from the name: such a callback is answered with a
// fresh card.
func ActionOf(buttonName string) string {
	i := strings.LastIndex(buttonName, nameSep)
	if i <= 0 {
		return ""
	}
	return buttonName[:i]
}

// FieldName is the neutral name of an input, given the name in form_value.
func FieldName(name string) string {
	return name[strings.LastIndex(name, ".")+1:]
}
