package card

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type ping struct{ N int }

func (ping) ActionName() string { return "test.ping" }

func TestStoredCardKeepsBlocksAndActions(t *testing.T) {
	c := Card{Title: "t", Blocks: []Block{
		P("x"), Heading{Text: "h"}, Fields{Items: []Field{{Label: "a", Value: "b", Evidence: &Button{Label: "e", Action: ping{1}, Command: "/e"}}}},
		Columns{Cols: []Col{{Blocks: []Block{Divider{}}}, {Blocks: []Block{Buttons{Items: []Button{{Label: "b", Action: ping{2}, Command: "/b"}}}}}}},
		Collapsible{Title: "c", Blocks: []Block{Note{Text: "n"}, Progress{Max: 3, Value: 1}}},
		Table{Columns: []Column{{Title: "c"}}, Rows: [][]Cell{{{Text: "v", Action: &Button{Label: "r", Action: ping{3}, Command: "/r"}}}}},
		Chart{Kind: BarChart, Categories: []string{"x"}, Series: []Series{{Name: "s", Values: []float64{1}}}}, Image{Key: "k"}, People{Persons: []Person{{Name: "n"}}},
		Form{Name: "f", Inputs: []Input{{Kind: TextInput, Name: "i", Label: "l"}}, Submit: Button{Label: "ok", Action: ping{4}, Command: "/ok"}},
	}}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back Card
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(raw), string(again)); d != "" {
		t.Errorf("stored form changed (-first +second):\n%s", d)
	}
	if len(back.Blocks) != len(c.Blocks) {
		t.Fatalf("got %d blocks, want %d", len(back.Blocks), len(c.Blocks))
	}
	var labels []string
	for i, x := range back.Controls() {
		labels = append(labels, x.Button.Label)
		w, err := Encode(x.Button.Action)
		if err != nil || w.Name != "test.ping" || string(w.Payload) != `{"N":`+string(rune('1'+[]int{0, 1, 2, 3}[i]))+`}` {
			t.Errorf("control %d: %s %s %v", i, w.Name, w.Payload, err)
		}
	}
	if d := cmp.Diff([]string{"e", "b", "r", "ok"}, labels); d != "" {
		t.Error(d)
	}
	if back.Controls()[3].Form == nil || back.Controls()[0].Form != nil {
		t.Error("the form of a control is lost or invented")
	}
}
