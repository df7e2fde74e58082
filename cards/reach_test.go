package cards_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/cards/dingcard"
	"crmbot/cards/formline"
	"crmbot/internal/crm"
)

// Whatever DingTalk can show of a card, a person can do all that the card is for:
// every control is a button, a link, or a command or line that can be read.
func TestEveryControlCanBeReachedOnDingTalk(t *testing.T) {
	for _, l := range []crm.Lang{crm.Chinese, crm.English} {
		for _, s := range cards.Samples(l) {
			for _, level := range levels {
				o, _, err := dingcard.Render(s.Card, level, dingcard.Options{FormTemplate: "form.schema", Chart: fakeChart, Line: fakeLine(l)})
				if err != nil {
					t.Errorf("%s %s: %v", s.Name, level, err)
					continue
				}
				for _, k := range s.Card.Controls() {
					if k.Button.Action != nil && k.Button.Disabled == "" && !reachable(t, o, l, k) {
						t.Errorf("%s %s %s: nothing leads to %q (%s)", s.Name, l, level, k.Button.Label, k.Button.Command)
					}
				}
			}
		}
	}
}

// reachable looks for the control itself, for its line and for its command.
func reachable(t *testing.T, o dingcard.Out, l crm.Lang, k card.Control) bool {
	w, err := card.Encode(k.Button.Action)
	if err != nil {
		t.Fatal(err)
	}
	seen := o.Params["markdown"]
	if o.Message != nil {
		seen = o.Message.Text
		for _, b := range o.Message.Buttons {
			seen += "\n(" + b.URL + ")"
		}
	}
	var row struct {
		Buttons []struct{ Params map[string]string } `json:"msgButtons"`
	}
	if o.Params != nil && json.Unmarshal([]byte(o.Params["sys_full_json_obj"]), &row) != nil {
		t.Fatal("no button row")
	}
	for _, b := range row.Buttons {
		if b.Params["a"] == w.Name && (b.Params["p"] == string(w.Payload) || b.Params["p"] == "{}" && len(w.Payload) == 0) {
			return true
		}
	}
	commands := []string{k.Button.Command}
	if k.Form != nil {
		if wires, ok := o.Params["form"]; ok && strings.Contains(wires, `\"a\":\"`+w.Name+`\"`) {
			return true
		}
		head := fakeLine(l)(*k.Form)
		commands = []string{formline.Show(l, head, *k.Form, k.Button), formline.Press(head, *k.Form, k.Button)}
	}
	return slices.ContainsFunc(commands, func(c string) bool {
		return strings.Contains(seen, "("+dingcard.SendLink(c)+")") || strings.Contains(plainly(seen), plainly(c))
	})
}

// plainly is text without what stands for characters with a meaning.
func plainly(s string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("［", "[", "］", "]", "＜", "<", "∗", "*", "＿", "_", "～", "~", "｜", "|", "＼", "\\", "＠", "@", "｀", "`", "＃", "#", "－", "-").Replace(s)), " ")
}
