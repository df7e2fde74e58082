package dingbot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
)

// pressable shows a card to ann and, if group is set, in a group.
func pressable(w *dingWorld, group string) string {
	c := simple("Card")
	if group != "" {
		return w.sends(bot.Outgoing{Chat: group, Card: &c, Key: "k"}).ID
	}
	return w.sends(bot.Outgoing{User: "ann", Card: &c, Key: "k"}).ID
}

func TestAPressIsAnsweredByTheAcknowledgement(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	id := pressable(w, "")
	d.answers(func(*bot.Req) bot.Reply { return bot.Replace(simple("Pressed"), bot.View{}, "well done") })
	a := w.press("ann", id, pushed, emulator.DingPress{})
	c, _ := w.ding.Card(id)
	if a.Took > 1500*time.Millisecond || !strings.Contains(c.Params["title"], "Pressed") || c.Params["tips"] != "well done" || c.Acked != 1 {
		t.Errorf("after %s: %+v", a.Took, c)
	}
	never(t, "a call of the API", func() bool { return w.calls(apiUpdate)+w.calls(apiPerson)+w.calls(apiSession) > 0 })
	r := d.requests()[0]
	if r.Kind != bot.Press || r.From != "ann" || r.Chat.ID != "u:ann" || r.Chat.Group || r.MessageID != id || r.Action.Name != "test.push" || string(r.Action.Payload) != `{"N":7}` {
		t.Errorf("request %+v %+v", r, r.Action)
	}
	wait(t, "the card to be remembered", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.sent) == 1 && d.sent[0].ID == id
	})
}

// Remembering a card that missed a change brings it up to date at once; that
// must not wait for the press that is being finished.
func TestACardIsBroughtUpToDateWhenItIsRemembered(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	id := pressable(w, "")
	d.onSent(func(m bot.MessageRef) error { return w.current().Update(t.Context(), m, simple("Newer")) })
	d.answers(func(*bot.Req) bot.Reply { return bot.Replace(simple("Pressed"), bot.View{}, "") })
	w.press("ann", id, pushed, emulator.DingPress{})
	wait(t, "the newer state", func() bool {
		c, _ := w.ding.Card(id)
		return strings.Contains(c.Params["title"], "Newer")
	})
}

func TestAPopUpIsTheLineBelowTheCard(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	d.answers(func(*bot.Req) bot.Reply { return bot.Reply{Toast: "not\nallowed", ToastTone: bot.ToastError} })
	id := pressable(w, "")
	w.press("ann", id, pushed, emulator.DingPress{})
	c, _ := w.ding.Card(id)
	if c.Params["tips"] != "not allowed" || !strings.Contains(c.Params["title"], "Card") || !strings.Contains(c.Params["sys_full_json_obj"], "Push") {
		t.Errorf("card %+v", c.Params)
	}
	if len(w.fromBot(w.ann())) != 1 {
		t.Errorf("messages %q", w.said(w.ann()))
	}
}

// PM-03: what only the person who pressed should read is not written on a card
// that a group sees.
func TestPM03AGroupDoesNotReadSomebodysRefusal(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	g := w.ding.AddGroup("sales", "ann", "bob")
	id := pressable(w, g)
	d.answers(func(*bot.Req) bot.Reply { return bot.Reply{Toast: "you have 50 of 50", ToastTone: bot.ToastError} })
	w.press("bob", id, pushed, emulator.DingPress{})
	wait(t, "the private line", func() bool { return slices.Contains(w.said(w.ding.P2P("bob")), "you have 50 of 50") })
	c, _ := w.ding.Card(id)
	if c.Params["tips"] != "" || len(w.fromBot(g)) != 1 {
		t.Errorf("the group sees %q and %q", c.Params["tips"], w.said(g))
	}
	if r := d.requests()[0]; r.Chat.ID != g || !r.Chat.Group {
		t.Errorf("chat %+v", r.Chat)
	}
}

func TestTheShapesOfPresses(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	id := pressable(w, "")
	for name, content := range map[string]string{
		"params and id":     `{"cardPrivateData":{"actionIds":["test.push"],"params":{"a":"test.push","p":"{\"N\":7}"}}}`,
		"id with a number":  `{"cardPrivateData":{"actionIds":["test.push_2"],"params":{"a":"test.push","p":"{\"N\":7}"}}}`,
		"more than we know": `{"cardPrivateData":{"actionIds":["x"],"params":{"a":"test.push","p":"{\"N\":7}","y":{"z":[1]}},"k":1}}`,
	} {
		n := len(d.requests())
		w.press("ann", id, pushed, emulator.DingPress{Content: content})
		r := d.await(t, n+1)[n]
		if r.Action.Name != "test.push" || string(r.Action.Payload) != `{"N":7}` {
			t.Errorf("%s: %+v", name, r.Action)
		}
	}
	n := len(d.requests())
	w.press("ann", id, pushed, emulator.DingPress{Content: `{"cardPrivateData":{"actionIds":["test.push#2"],"params":{}}}`})
	if r := d.await(t, n+1)[n]; r.Action.Name != "test.push" || strings.HasPrefix(string(r.Action.Payload), "{") {
		t.Errorf("a payload was made up: %s", r.Action.Payload)
	}
	n = len(d.requests())
	w.press("ann", id, pushed, emulator.DingPress{ByUnion: true, Content: `{"cardPrivateData":{"actionIds":[],"params":{"a":"test.push","p":"{}"}}}`})
	if r := d.await(t, n+1)[n]; r.From != "ann" || r.Chat.ID != "u:ann" {
		t.Errorf("named by union id: %+v", r)
	}
	n = len(d.requests())
	for name, content := range map[string]string{"nothing": `{"cardPrivateData":{"actionIds":[],"params":{}}}`, "no object": `[]`, "no JSON": `{"cardPrivate`} {
		if a := w.press("ann", id, pushed, emulator.DingPress{Content: content}); a.Code != 200 || a.Refused != "" || a.Params != nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if a := w.press("ann", id, pushed, emulator.DingPress{Corp: "their_corp"}); a.Code != 200 || a.Params != nil {
		t.Errorf("another organisation: %+v", a)
	}
	if len(d.requests()) != n {
		t.Errorf("handled %+v", d.requests()[n:])
	}
}

func TestAFormArrivesWithItsValues(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	form := card.Form{Name: "f", Submit: card.Button{Label: "Save", Action: push{1}, Command: "/x"}, Extra: []card.Button{{Label: "Draft", Action: push{2}, Command: "/y"}}, Inputs: []card.Input{
		{Kind: card.TextInput, Name: "note", Label: "Note"}, {Kind: card.TextInput, Name: "empty", Label: "Empty"},
		{Kind: card.MultiSelect, Name: "with", Label: "With", Options: []card.Option{{Value: "1", Label: "One"}, {Value: "2", Label: "Two"}, {Value: "3", Label: "Three"}}},
		{Kind: card.NumberInput, Name: "n", Label: "Minutes"}, {Kind: card.SelectInput, Name: "kind", Label: "Kind", Options: []card.Option{{Value: "a", Label: "A"}, {Value: "b", Label: "B"}}},
	}}
	c := card.Card{Lang: crm.English, Title: "Form", Blocks: []card.Block{form}}
	id := w.sends(bot.Outgoing{User: "ann", Card: &c, Key: "form"}).ID
	d.answers(func(*bot.Req) bot.Reply { return bot.Replace(simple("Saved"), bot.View{}, "") })
	a := w.press("ann", id, func(x emulator.DingControl) bool { return x.Label == "Draft" }, emulator.DingPress{Values: map[string]string{"note": "a, b", "with": "1,3", "n": "30", "kind": "b", "empty": ""}})
	if a.Refused != "" {
		t.Fatal(a.Refused)
	}
	got := d.requests()[0].Action
	want := bot.Values{"note": {"a, b"}, "with": {"1", "3"}, "n": {"30"}, "kind": {"b"}}
	if fmt.Sprint(got.Values) != fmt.Sprint(want) || string(got.Payload) != `{"N":2}` {
		t.Errorf("%s %v, want %v", got.Payload, got.Values, want)
	}
	// The form is over: nothing of it is left on the card.
	shown, _ := w.ding.Card(id)
	if shown.Params["form"] != "" || !strings.Contains(shown.Params["title"], "Saved") {
		t.Errorf("card %+v", shown.Params)
	}
}

func TestAPressThatTakesTooLongIsUpdatedLater(t *testing.T) {
	gate := make(chan struct{})
	w, d := open(t, emulator.DingOptions{}, func(o *dingbot.Options) { o.Budget = 200 * time.Millisecond })
	id := pressable(w, "")
	d.answers(func(*bot.Req) bot.Reply { <-gate; return bot.Replace(simple("Slow"), bot.View{}, "at last") })
	a := w.press("ann", id, pushed, emulator.DingPress{})
	if !strings.Contains(a.Params["tips"], "working") || a.Took > time.Second {
		t.Errorf("answer %+v", a)
	}
	// A copy of the callback gets the same answer and does nothing.
	if again := w.ding.PressAgain(a); again.Params["tips"] != a.Params["tips"] {
		t.Errorf("copy %+v", again)
	}
	close(gate)
	wait(t, "the result", func() bool {
		c, _ := w.ding.Card(id)
		return strings.Contains(c.Params["title"], "Slow") && c.Params["tips"] == "at last"
	})
	if n := len(d.requests()); n != 1 || w.calls(apiUpdate) != 1 {
		t.Errorf("handled %d times, %d updates", n, w.calls(apiUpdate))
	}
}

// The platform forbids updates while it waits for the answer to a press, and
// the played one refuses them.
func TestAnUpdateWaitsForThePress(t *testing.T) {
	entered, gate := make(chan struct{}), make(chan struct{})
	w, d := open(t, emulator.DingOptions{})
	id := pressable(w, "")
	d.answers(func(*bot.Req) bot.Reply {
		close(entered)
		<-gate
		return bot.Replace(simple("Pressed"), bot.View{}, "")
	})
	pressedDone := make(chan emulator.DingAnswer, 1)
	go func() { pressedDone <- w.press("ann", id, pushed, emulator.DingPress{}) }()
	<-entered
	updated := make(chan error, 1)
	go func() {
		updated <- w.current().Update(t.Context(), bot.MessageRef{Platform: dingbot.Name, ID: id}, simple("Refreshed"))
	}()
	never(t, "an update inside the callback", func() bool { return w.calls(apiUpdate) > 0 })
	close(gate)
	<-pressedDone
	if err := <-updated; err != nil {
		t.Fatal(err)
	}
	c, _ := w.ding.Card(id)
	if !strings.Contains(c.Params["title"], "Refreshed") {
		t.Errorf("card %q", c.Params["title"])
	}
	for _, x := range w.ding.Calls(apiUpdate) {
		if x.Status != 200 {
			t.Errorf("an update was refused: %+v", x)
		}
	}
}

func TestCopiesOfAPressDoNothing(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	w.ding.Deliver(emulator.Delivery{Copies: 3})
	id := pressable(w, "")
	n := 0
	d.answers(func(*bot.Req) bot.Reply { n++; return bot.Replace(simple(fmt.Sprint("Pressed ", n)), bot.View{}, "") })
	a := w.press("ann", id, pushed, emulator.DingPress{})
	w.ding.PressAgain(a)
	never(t, "a second press", func() bool { return len(d.requests()) > 1 })
	if c, _ := w.ding.Card(id); !strings.Contains(c.Params["title"], "Pressed 1") {
		t.Errorf("card %q", c.Params["title"])
	}
}

func TestAPressOfADeadProcessIsTakenUp(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, func(o *dingbot.Options) { o.Lease = 200 * time.Millisecond })
	id := pressable(w, "")
	d.answers(func(*bot.Req) bot.Reply { return bot.Replace(simple("Taken up"), bot.View{}, "") })
	body := fmt.Sprintf(`{"outTrackId":%q,"userId":"ann","type":"actionCallback","content":"{\"cardPrivateData\":{\"actionIds\":[\"test.push\"],\"params\":{\"a\":\"test.push\",\"p\":\"{}\"}}}"}`, id)
	if _, err := w.db.Keep(t.Context(), dingbot.Name, bot.Kept{ID: "press:f-1", Kind: "press", Body: []byte(body)}, time.Now()); err != nil {
		t.Fatal(err)
	}
	wait(t, "the card", func() bool {
		c, _ := w.ding.Card(id)
		return strings.Contains(c.Params["title"], "Taken up")
	})
	if r := d.requests(); len(r) != 1 || r[0].EventID != "press:f-1" {
		t.Errorf("requests %+v", r)
	}
}
