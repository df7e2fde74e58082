package dingbot

import (
	"encoding/json"
	"strconv"
	"strings"
)

// The platform sends numbers as text in places, text as numbers, objects as
// text that holds them. These types read all of it; what cannot be read is the
// zero value, never an error that would lose the rest of an event.

// text is a text, a number or a truth value.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(raw []byte) error {
	*t = asText(raw)
	return nil
}

func asText(raw []byte) text {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return text(s)
	}
	v := strings.TrimSpace(string(raw))
	if v == "null" || v == "" || v[0] == '{' || v[0] == '[' {
		return ""
	}
	return text(v)
}

// number is a whole number, or a text with one.
type number int64

// UnmarshalJSON never fails.
func (n *number) UnmarshalJSON(raw []byte) error {
	s := strings.TrimSpace(string(asText(raw)))
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = number(i)
		return nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f > -1e15 && f < 1e15 {
		*n = number(f)
	}
	return nil
}

// flag is a truth value, or a text or number with one.
type flag bool

// UnmarshalJSON never fails.
func (f *flag) UnmarshalJSON(raw []byte) error {
	s := strings.ToLower(strings.TrimSpace(string(asText(raw))))
	*f = s == "true" || s == "1"
	return nil
}

// list is a list of which the elements that cannot be read are left out.
type list[T any] []T

// UnmarshalJSON never fails.
func (l *list[T]) UnmarshalJSON(raw []byte) error {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil
	}
	for _, r := range items {
		var v T
		if json.Unmarshal(r, &v) == nil {
			*l = append(*l, v)
		}
	}
	return nil
}

// object reads an object, or a text that holds one, into v; what cannot be read
// leaves v as it is.
func object(raw json.RawMessage, v any) {
	if s := asText(raw); strings.HasPrefix(strings.TrimSpace(string(s)), "{") {
		raw = json.RawMessage(s)
	}
	if !strings.HasPrefix(strings.TrimSpace(string(raw)), "{") {
		return
	}
	// What does not fit is the zero value; the rest is read all the same.
	_ = json.Unmarshal(raw, v)
}
