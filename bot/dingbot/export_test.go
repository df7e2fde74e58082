package dingbot

import "net/url"

// For tests of the decoders and of single rules.
var (
	DecodeMessage = decodeMessage
	DecodePress   = decodePress
	Outcome       = outcome
	AsError       = asError
	// DecodeAnswer reads an answer of the new or the old API.
	DecodeAnswer = func(old bool, status int, raw []byte) error {
		return decode(request{method: "GET", path: "/x", old: old}, status, raw, nil)
	}
	// Changed reads whom a directory event is about.
	Changed = func(raw []byte) (users []string, left bool) {
		list, left := changed(raw)
		for _, u := range list {
			users = append(users, string(u))
		}
		return users, left
	}
	Split      = split
	ParseTrack = func(id string) bool { _, _, ok := parseTrack(id); return ok }
)

// Allowed reports whether an address may be downloaded from.
func (b *Bot) Allowed(address string) bool {
	u, err := url.Parse(address)
	return err == nil && b.allowed(u)
}

// Trusted reports whether an address is taken for a session webhook.
func (b *Bot) Trusted(address string) bool { return b.trusted(hook{URL: address}).URL != "" }

// MaxText is the size of one message of text.
const MaxText = maxText
