package dingbot_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/cards/card"
	"crmbot/internal/emulator"
)

var lineHead = regexp.MustCompile(`/fill (\d+) Note=`)

// head is the command that the newest card or message of a chat tells.
func head(t *testing.T, w *dingWorld, chat string) string {
	t.Helper()
	said := w.said(chat)
	m := lineHead.FindStringSubmatch(said[len(said)-1])
	if m == nil {
		t.Fatalf("no line to fill in: %q", said)
	}
	return "/fill " + m[1]
}

func noForms(mode string) func(o *dingbot.Options) {
	return func(o *dingbot.Options) { o.CardMode, o.FormTemplate = mode, "" }
}

func TestALineFillsInAFormThatIsNotShown(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePublic))
	f := formCard("Form")
	id := w.sends(bot.Outgoing{User: "ann", Card: &f, Key: "f"}).ID
	d.answers(func(*bot.Req) bot.Reply { return bot.Replace(simple("Saved"), bot.View{}, "well done") })
	w.deliver(emulator.DingIncoming{Person: "ann", Text: head(t, w, w.ann()) + " note: talked about prices"})
	r := d.await(t, 1)[0]
	if r.Kind != bot.Press || r.From != "ann" || r.MessageID != id || r.Action.Name != "test.push" || string(r.Action.Payload) != `{"N":1}` || r.Action.Values.Get("note") != "talked about prices" {
		t.Errorf("request %+v %+v", r, r.Action)
	}
	// The card is the one that was there; what came of it also stands below the line.
	wait(t, "the answer", func() bool {
		c, _ := w.ding.Card(id)
		said := w.said(w.ann())
		return strings.Contains(c.Params["title"], "Saved") && said[len(said)-1] == "well done"
	})
	if w.calls(apiCreate) != 1 {
		t.Error("a new card was sent")
	}
}

func TestALineFillsInAFormWithoutCards(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePlain))
	f := formCard("Form")
	w.sends(bot.Outgoing{User: "ann", Card: &f, Key: "f"})
	d.answers(func(*bot.Req) bot.Reply { return bot.Replace(simple("Saved"), bot.View{}, "well done") })
	w.deliver(emulator.DingIncoming{Person: "ann", Text: head(t, w, w.ann()) + " talked"})
	if r := d.await(t, 1)[0]; r.Kind != bot.Press || r.Action.Values.Get("note") != "talked" {
		t.Errorf("request %+v", r)
	}
	wait(t, "a new message", func() bool {
		said := w.said(w.ann())
		return len(said) == 2 && strings.Contains(said[1], "Saved") && strings.Contains(said[1], "well done")
	})
}

// A line acts on what its writer has read: a form that is shown again as it was
// keeps its number, and the number of one that changed since does nothing.
func TestCH04ALineActsOnTheFormThatWasRead(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePublic))
	f := formCard("Form")
	ref := w.sends(bot.Outgoing{User: "ann", Card: &f, Key: "f"})
	read := head(t, w, w.ann())
	update := func(title string, n int) string {
		t.Helper()
		c := formCard(title)
		form := c.Blocks[0].(card.Form)
		form.Submit.Action = push{n}
		c.Blocks[0] = form
		if err := w.current().Update(t.Context(), ref, c); err != nil {
			t.Fatal(err)
		}
		return head(t, w, w.ann())
	}
	if now := update("Form again", 1); now != read {
		t.Errorf("%q became %q though the form is the same", read, now)
	}
	second := update("Form", 2)
	third := update("Form", 3)
	if second == read || third == second || third == read {
		t.Errorf("numbers %q, %q and %q", read, second, third)
	}
	for i, old := range []string{read, second} {
		w.deliver(emulator.DingIncoming{Person: "ann", Text: old + " Note=x"})
		wait(t, "the refusal", func() bool { return len(w.said(w.ann())) == i+2 })
		if said := w.said(w.ann())[i+1]; !strings.Contains(said, "has changed since; nothing was saved") || !strings.Contains(said, third+" Note=") {
			t.Errorf("%q was answered with %q", old, said)
		}
	}
	if n := len(d.requests()); n != 0 {
		t.Errorf("%d requests of forms that are not so any more", n)
	}
	w.deliver(emulator.DingIncoming{Person: "ann", Text: third + " Note=x"})
	if r := d.await(t, 1)[0]; string(r.Action.Payload) != `{"N":3}` || r.MessageID != ref.ID {
		t.Errorf("request %+v %s", r, r.Action.Payload)
	}
}

// What changed in a form may not be for the group to read.
func TestCH04ThatAFormChangedIsNotForTheGroup(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePublic))
	group := w.ding.AddGroup("Sales", "ann", "bob")
	f := formCard("Form")
	ref := w.sends(bot.Outgoing{Chat: group, Card: &f, Key: "f"})
	read := head(t, w, group)
	newer := formCard("Form")
	form := newer.Blocks[0].(card.Form)
	form.Submit.Action = push{2}
	newer.Blocks[0] = form
	if err := w.current().Update(t.Context(), ref, newer); err != nil {
		t.Fatal(err)
	}
	w.deliver(emulator.DingIncoming{Person: "bob", Chat: group, Text: "@bot " + read + " Note=x"})
	bob := w.ding.P2P("bob")
	wait(t, "the refusal", func() bool { return len(w.said(bob)) == 1 && len(w.said(group)) == 2 })
	if !strings.Contains(w.said(bob)[0], "has changed since") || strings.Contains(w.said(group)[1], "changed") || len(d.requests()) != 0 {
		t.Errorf("bob reads %q, the group %q, %d requests", w.said(bob), w.said(group)[1], len(d.requests()))
	}
}

func TestALineThatFitsNoFormIsRefused(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePublic))
	group := w.ding.AddGroup("Sales", "ann", "bob")
	f := formCard("Form")
	w.sends(bot.Outgoing{User: "ann", Card: &f, Key: "f"})
	number := head(t, w, w.ann())
	for _, in := range []emulator.DingIncoming{{Person: "bob", Text: number + " Note=x"}, {Person: "ann", Chat: group, Text: "@bot " + number + " Note=x"}, {Person: "ann", Text: "/fill 99 Note=x"}, {Person: "ann", Text: "/填 1000000 x"}} {
		w.deliver(in)
	}
	// A number of two digits is none of ours: it is a text like any other.
	if r := d.await(t, 1); len(r) != 1 || r[0].Kind != bot.Message || r[0].Text != "/fill 99 Note=x" {
		t.Errorf("requests %+v", r)
	}
	for _, chat := range []string{w.ding.P2P("bob"), w.ann()} {
		wait(t, "the refusal", func() bool {
			said := w.said(chat)
			return len(said) > 0 && strings.Contains(said[len(said)-1], "open the form again")
		})
	}
	wait(t, "the group's line", func() bool { return slices.Equal(w.said(group), []string{"answered Ann in private"}) })
}

// A refusal may list what a form has: in a group only the person reads it.
func TestWhyALineWasRefusedIsNotForTheGroup(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePublic))
	group := w.ding.AddGroup("Sales", "ann", "bob")
	f := formCard("Form")
	form := f.Blocks[0].(card.Form)
	form.Inputs = []card.Input{{Kind: card.TextInput, Name: "note", Label: "Note"}, {Kind: card.SelectInput, Name: "who", Label: "Who", Options: []card.Option{{Value: "1", Label: "Secret customer"}}}}
	f.Blocks[0] = form
	w.sends(bot.Outgoing{User: "ann", Card: &f, Key: "other"})
	w.sends(bot.Outgoing{Chat: group, Card: &f, Key: "f"})
	shown := len(w.said(group))
	w.deliver(emulator.DingIncoming{Person: "bob", Chat: group, Text: "@bot " + head(t, w, group) + " Who=Nobody"})
	bob := w.ding.P2P("bob")
	wait(t, "the refusal", func() bool { return len(w.said(bob)) == 1 && len(w.said(group)) == shown+1 })
	if !strings.Contains(w.said(bob)[0], "Who") || strings.Contains(w.said(group)[shown], "Who") || strings.Contains(w.said(group)[shown], "Secret") || len(d.requests()) != 0 {
		t.Errorf("bob reads %q, the group %q, %d requests", w.said(bob), w.said(group)[shown], len(d.requests()))
	}
}

// Numbers can be tried; who is not known, or tries too fast, learns nothing.
func TestNobodyUnknownOrTooFastLearnsWhichFormsThereAre(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePublic))
	w.ding.AddPerson(emulator.DingPerson{UserID: "stranger", Name: "Stranger"})
	group := w.ding.AddGroup("Sales", "ann", "stranger")
	f := formCard("Form")
	w.sends(bot.Outgoing{Chat: group, Card: &f, Key: "f"})
	d.answers(func(req *bot.Req) bot.Reply { return bot.Say("I do not know you") })
	for i, line := range []string{"@bot " + head(t, w, group) + " Note=x", "@bot /fill 999 x"} {
		w.deliver(emulator.DingIncoming{Person: "stranger", Chat: group, Text: line})
		if r := d.await(t, i+1)[i]; r.Kind != bot.Message || r.Action != nil {
			t.Errorf("request %+v", r)
		}
	}
	if err := w.current().Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.said(group)[1:] {
		if s != "I do not know you" {
			t.Errorf("a stranger reads %q", s)
		}
	}
}

func TestAFormInAGroupIsFilledInThere(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePublic))
	group := w.ding.AddGroup("Sales", "ann", "bob")
	f := formCard("Form")
	id := w.sends(bot.Outgoing{Chat: group, Card: &f, Key: "f"}).ID
	w.deliver(emulator.DingIncoming{Person: "bob", Chat: group, Text: "@bot " + head(t, w, group) + " Note=x"})
	if r := d.await(t, 1)[0]; r.Kind != bot.Press || r.From != "bob" || r.Chat.ID != group || !r.Chat.Group || r.MessageID != id {
		t.Errorf("request %+v", r)
	}
}

// A line may come when the shared state is gone; the person is told, and nothing
// is done.
func TestAFormThatIsForgottenIsNotGuessed(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePublic))
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "/填 123 客户=华星"})
	wait(t, "the refusal", func() bool { return len(w.said(w.ann())) == 1 })
	if said := w.said(w.ann())[0]; !strings.Contains(said, "no form 123 here") || len(d.requests()) != 0 {
		t.Errorf("%q, %d requests", said, len(d.requests()))
	}
}

// A form that needs nothing more has its button on the card; it sends what the
// form begins with, several options one by one.
func TestTheButtonOfAFormThatIsNotShownSendsItsDefaults(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePublic))
	f := formCard("Form")
	form := f.Blocks[0].(card.Form)
	form.Inputs = []card.Input{{Kind: card.TextInput, Name: "note", Label: "Note", Default: "as it was"},
		{Kind: card.MultiSelect, Name: "with", Label: "With", Default: "1,2", Options: []card.Option{{Value: "1", Label: "Bob"}, {Value: "2", Label: "Cy"}}}}
	f.Blocks[0] = form
	id := w.sends(bot.Outgoing{User: "ann", Card: &f, Key: "f"}).ID
	w.press("ann", id, func(c emulator.DingControl) bool { return c.Label == "Save" }, emulator.DingPress{})
	v := d.await(t, 1)[0].Action.Values
	if v.Get("note") != "as it was" || len(v["with"]) != 2 || v["with"][1] != "2" {
		t.Errorf("values %v", v)
	}
}

func TestALineThatTakesTooLongIsAnsweredBelowIt(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, noForms(dingbot.ModePlain))
	f := formCard("Form")
	w.sends(bot.Outgoing{User: "ann", Card: &f, Key: "f"})
	w.deliver(emulator.DingIncoming{Person: "ann", Text: head(t, w, w.ann()) + " talked"})
	r := d.await(t, 1)[0]
	w.current().Later(t.Context(), &r, bot.Replace(simple("Saved"), bot.View{}, "at last"))
	wait(t, "the result", func() bool {
		said := w.said(w.ann())
		return strings.Contains(said[len(said)-1], "Saved") && strings.Contains(said[len(said)-1], "at last")
	})
}
