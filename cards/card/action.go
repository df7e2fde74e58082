package card

import (
	"encoding/json"
	"fmt"
)

// Wire is how an action travels inside a card: its stable name and its fields.
// It is an object, because Lark's SDK requires one.
type Wire struct {
	Name    string          `json:"a"`
	Payload json.RawMessage `json:"p,omitempty"`
}

// Encode turns an action into its wire form.
func Encode(a Action) (Wire, error) {
	p, err := json.Marshal(a)
	if err != nil {
		return Wire{}, fmt.Errorf("encode action %s: %w", a.ActionName(), err)
	}
	return Wire{Name: a.ActionName(), Payload: p}, nil
}
