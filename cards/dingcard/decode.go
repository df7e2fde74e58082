package dingcard

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"crmbot/cards/card"
)

// Click is what a card's callback says: the action that was sent and the
// values of the form, if it was one. It is a claim, not authority. The zero
// value means that the callback carries no action; DingTalk sends such ones for
// its own purposes, and they are to be acknowledged and ignored.
type Click struct {
	Wire   card.Wire
	Values map[string]string
}

// idNumber is what is put behind an action's name to make button ids differ,
// by this package ("#2") or by clients that draw a list ("_2").
var idNumber = regexp.MustCompile(`(#\d+|_\d+)$`)

// Decode reads the content of a card callback, the JSON object with
// cardPrivateData. Values arrive as the card model says: option values for
// selections, several separated by commas.
func Decode(content []byte) (Click, error) {
	var c struct {
		Data struct {
			ActionIDs []string                   `json:"actionIds"`
			Params    map[string]json.RawMessage `json:"params"`
		} `json:"cardPrivateData"`
	}
	if err := json.Unmarshal(content, &c); err != nil {
		return Click{}, fmt.Errorf("read DingTalk card callback: %w", err)
	}
	if form, ok := c.Data.Params["form"]; ok {
		return decodeForm(form)
	}
	click := Click{Wire: card.Wire{Name: text(c.Data.Params[paramAction])}}
	if click.Wire.Name == "" && len(c.Data.ActionIDs) > 0 {
		click.Wire.Name = idNumber.ReplaceAllString(c.Data.ActionIDs[0], "")
	}
	if p := text(c.Data.Params[paramPayload]); p != "" {
		if !json.Valid([]byte(p)) {
			return Click{}, fmt.Errorf("read DingTalk card callback: payload of %s is not JSON", click.Wire.Name)
		}
		click.Wire.Payload = json.RawMessage(p)
	}
	if f := text(c.Data.Params[paramValues]); f != "" {
		var begin map[string]json.RawMessage
		if err := json.Unmarshal([]byte(f), &begin); err != nil {
			return Click{}, fmt.Errorf("read DingTalk card callback: values: %w", err)
		}
		click.Values = map[string]string{}
		for name, v := range begin {
			click.Values[name] = value(v)
		}
	}
	return click, nil
}

// decodeForm reads a submitted form: an object, or a string that holds one.
func decodeForm(raw json.RawMessage) (Click, error) {
	if s := text(raw); strings.HasPrefix(s, "{") {
		raw = json.RawMessage(s)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return Click{}, fmt.Errorf("read DingTalk form: %w", err)
	}
	var wires []card.Wire
	if err := json.Unmarshal([]byte(text(fields[wiresField])), &wires); err != nil {
		return Click{}, fmt.Errorf("read DingTalk form: its actions: %w", err)
	}
	n := 0
	if len(wires) != 1 {
		var err error
		if n, err = strconv.Atoi(value(fields[buttonField])); err != nil || n < 0 || n >= len(wires) {
			return Click{}, fmt.Errorf("read DingTalk form: no button %s among %d", fields[buttonField], len(wires))
		}
	}
	click := Click{Wire: wires[n], Values: map[string]string{}}
	for name, v := range fields {
		if name != wiresField && name != buttonField {
			click.Values[name] = value(v)
		}
	}
	return click, nil
}

// text is a JSON string's text; other values as they are written.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// value is a field's value: text, a number or bool as written, the value of a
// selection, or several separated by commas.
func value(raw json.RawMessage) string {
	var selection struct {
		Value json.RawMessage `json:"value"`
	}
	if len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &selection) == nil {
		raw = selection.Value
	}
	var list []json.RawMessage
	if len(raw) > 0 && raw[0] == '[' && json.Unmarshal(raw, &list) == nil {
		values := make([]string, len(list))
		for i, v := range list {
			values[i] = text(v)
		}
		return strings.Join(values, ",")
	}
	if string(raw) == "null" {
		return ""
	}
	return text(raw)
}
