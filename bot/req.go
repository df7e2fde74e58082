// Package bot is the neutral runtime between chat platforms and the product:
// what arrived (Req), what is answered (Reply), the router with its typed
// registrations, the middleware and the interface a platform implements. It
// knows no business noun; of the product it sees the acting person, the
// language and the error type only.
package bot

import (
	"encoding/json"
	"time"

	"crmbot/internal/crm"
)

// Kind is what sort of event arrived.
type Kind string

// The kinds of events.
const (
	Message Kind = "message" // typed or spoken text
	Press   Kind = "press"   // a button or a submitted form of a card
	Menu    Kind = "menu"    // an entry of the bot's menu
	Upload  Kind = "upload"  // one or more files without text
	Enter   Kind = "enter"   // first entry into the 1:1 chat, or the bot added to a group
)

// Chat is where an event happened.
type Chat struct {
	ID    string // the platform's id
	Group bool
	Title string
}

// Req is one verified, decoded event. Adapters build it; nothing in it was
// trusted to be authority except Platform, Tenant and From, which the platform
// vouched for.
type Req struct {
	Platform string // "lark", "dingtalk", "webchat"
	Tenant   string
	// EventID is unique per platform and event; redeliveries carry the same.
	EventID string
	Kind    Kind
	// Lang is the person's language as the directory knows it; the runtime sets it.
	Lang crm.Lang
	// From is the person's id on the platform; FromName what it is called there.
	From, FromName string
	Chat           Chat
	// Text is the message after normalisation, without the mention of the bot.
	// For menus it is the command of the menu key.
	Text string
	// Mentions are people named with @, in order.
	Mentions []Mention
	// MessageID is the message the event belongs to: the card for a press.
	MessageID string
	Action    *Action
	Files     []File
	// Unfetched counts the files of the message that were left on the platform,
	// because the request was not admitted (see Runtime.Admit).
	Unfetched int
	At        time.Time

	// admitted is what the limits said before anything was fetched.
	admitted *admission
}

// Mention is a person named with @ in a message: the token as it stands in
// Text and the platform's id.
type Mention struct{ Token, ID, Name string }

// Action is a pressed control: the wire name, its payload and form values.
type Action struct {
	Name    string
	Payload json.RawMessage
	Values  Values
}

// Values are the inputs of a form by input name. A missing input and an empty
// one are the same.
type Values map[string][]string

// Get is the first value, or "".
func (v Values) Get(name string) string {
	if x := v[name]; len(x) > 0 {
		return x[0]
	}
	return ""
}

// File is an uploaded or outgoing file, held in memory within the size limits
// of the runtime.
type File struct {
	Name string
	Data []byte
}

// MessageRef names a sent message, so that its card can be updated in place.
type MessageRef struct{ Platform, Chat, ID string }

// View names what a card shows; see crm.View.
type View = crm.View

// Viewer is for whom a view is rendered: a person, or a group's members
// together, who get sums and no private details (PM-03).
type Viewer struct {
	Actor crm.Actor
	Group bool
	Chat  string // the group
	Lang  crm.Lang
}
