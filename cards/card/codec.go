package card

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// Raw is an action whose type is not known here: its wire form. It is what
// decoding a stored card gives.
type Raw struct {
	Name    string
	Payload json.RawMessage
}

// ActionName is the wire name.
func (r Raw) ActionName() string { return r.Name }

// MarshalJSON is the payload as it came.
func (r Raw) MarshalJSON() ([]byte, error) {
	if len(r.Payload) == 0 {
		return []byte("{}"), nil
	}
	return r.Payload, nil
}

// blockNames are the type tags of stored blocks; append-only.
func blockName(b Block) string {
	switch b.(type) {
	case Heading:
		return "heading"
	case Text:
		return "text"
	case Fields:
		return "fields"
	case Table:
		return "table"
	case Chart:
		return "chart"
	case Image:
		return "image"
	case People:
		return "people"
	case Divider:
		return "divider"
	case Note:
		return "note"
	case Progress:
		return "progress"
	case Columns:
		return "columns"
	case Collapsible:
		return "collapsible"
	case Buttons:
		return "buttons"
	case Form:
		return "form"
	}
	return ""
}

type tagged struct {
	Type string          `json:"t"`
	Body json.RawMessage `json:"b"`
}

type blocks []Block

func (bs blocks) MarshalJSON() ([]byte, error) {
	out := make([]tagged, len(bs))
	for i, b := range bs {
		body, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		out[i] = tagged{blockName(b), body}
	}
	return json.Marshal(out)
}

func (bs *blocks) UnmarshalJSON(data []byte) error {
	var in []tagged
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	for _, t := range in {
		b, err := decodeBlock(t)
		if err != nil {
			return err
		}
		*bs = append(*bs, b)
	}
	return nil
}

func decodeAs[T Block](raw json.RawMessage) (Block, error) {
	var v T
	err := json.Unmarshal(raw, &v)
	return v, err
}

func decodeBlock(t tagged) (Block, error) {
	switch t.Type {
	case "heading":
		return decodeAs[Heading](t.Body)
	case "text":
		return decodeAs[Text](t.Body)
	case "fields":
		return decodeAs[Fields](t.Body)
	case "table":
		return decodeAs[Table](t.Body)
	case "chart":
		return decodeAs[Chart](t.Body)
	case "image":
		return decodeAs[Image](t.Body)
	case "people":
		return decodeAs[People](t.Body)
	case "divider":
		return decodeAs[Divider](t.Body)
	case "note":
		return decodeAs[Note](t.Body)
	case "progress":
		return decodeAs[Progress](t.Body)
	case "columns":
		return decodeAs[Columns](t.Body)
	case "collapsible":
		return decodeAs[Collapsible](t.Body)
	case "buttons":
		return decodeAs[Buttons](t.Body)
	case "form":
		return decodeAs[Form](t.Body)
	}
	return nil, fmt.Errorf("unknown block type %q", t.Type)
}

type plainCard Card

type storedCard struct {
	plainCard
	Blocks blocks
}

// MarshalJSON stores a card with the types of its blocks and the wire form of
// its actions.
func (c Card) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedCard{plainCard(c), blocks(c.Blocks)})
}

// UnmarshalJSON reads a stored card; its actions are Raw.
func (c *Card) UnmarshalJSON(data []byte) error {
	var s storedCard
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*c = Card(s.plainCard)
	c.Blocks = s.Blocks
	return nil
}

type plainCol Col

type storedCol struct {
	plainCol
	Blocks blocks
}

// MarshalJSON stores a column with the types of its blocks.
func (c Col) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedCol{plainCol(c), blocks(c.Blocks)})
}

// UnmarshalJSON reads a stored column.
func (c *Col) UnmarshalJSON(data []byte) error {
	var s storedCol
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*c = Col(s.plainCol)
	c.Blocks = s.Blocks
	return nil
}

type plainCollapsible Collapsible

type storedCollapsible struct {
	plainCollapsible
	Blocks blocks
}

// MarshalJSON stores the block with the types of its inner blocks.
func (c Collapsible) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedCollapsible{plainCollapsible(c), blocks(c.Blocks)})
}

// UnmarshalJSON reads a stored block.
func (c *Collapsible) UnmarshalJSON(data []byte) error {
	var s storedCollapsible
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*c = Collapsible(s.plainCollapsible)
	c.Blocks = s.Blocks
	return nil
}

type plainButton Button

type storedButton struct {
	plainButton
	Action *Wire `json:",omitempty"`
}

// MarshalJSON stores the button with the wire form of its action.
func (b Button) MarshalJSON() ([]byte, error) {
	s := storedButton{plainButton: plainButton(b)}
	if b.Action != nil {
		w, err := Encode(b.Action)
		if err != nil {
			return nil, err
		}
		s.Action = &w
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads a stored button; its action is Raw.
func (b *Button) UnmarshalJSON(data []byte) error {
	var s storedButton
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*b = Button(s.plainButton)
	b.Action = nil
	if s.Action != nil {
		b.Action = Raw{s.Action.Name, s.Action.Payload}
	}
	return nil
}

// Controls are all pressable buttons of the card in order, with the form they belong to
// (nil for a plain one).
func (c Card) Controls() []Control {
	var out []Control
	var walk func(bs []Block)
	walk = func(bs []Block) {
		for _, b := range bs {
			switch b := b.(type) {
			case Buttons:
				for _, x := range b.Items {
					out = append(out, Control{Button: x})
				}
			case Fields:
				for _, f := range b.Items {
					if f.Evidence != nil {
						out = append(out, Control{Button: *f.Evidence})
					}
				}
			case Table:
				for _, r := range b.Rows {
					for _, cell := range r {
						if cell.Action != nil {
							out = append(out, Control{Button: *cell.Action})
						}
					}
				}
			case Columns:
				for _, col := range b.Cols {
					walk(col.Blocks)
				}
			case Collapsible:
				walk(b.Blocks)
			case Form:
				for _, x := range append([]Button{b.Submit}, b.Extra...) {
					out = append(out, Control{Button: x, Form: &b})
				}
			}
		}
	}
	walk(c.Blocks)
	return out
}

// Control is a pressable button and the form that it submits, if any.
type Control struct {
	Button Button
	Form   *Form
}

// Digest is a hash of everything that the card shows. Blocks are written one by
// one: as a part of the card each would be copied twice more.
func (c Card) Digest() string {
	h := sha256.New()
	e := json.NewEncoder(h)
	head := c
	head.Blocks = nil
	if e.Encode(head) != nil {
		return ""
	}
	for _, b := range c.Blocks {
		io.WriteString(h, blockName(b))
		if e.Encode(b) != nil {
			return ""
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
