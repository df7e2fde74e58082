package dingbot_test

import (
	"net/http"
	"strings"
	"testing"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/cards/card"
	"crmbot/cards/dingcard"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
)

func formCard(title string) card.Card {
	return card.Card{Lang: crm.English, Title: title, Blocks: []card.Block{card.Form{Name: "f", Example: "/visit ACME talked", Submit: card.Button{Label: "Save", Action: push{1}, Command: "/visit"},
		Inputs: []card.Input{{Kind: card.TextInput, Name: "note", Label: "Note", Required: true}}}}}
}

func template(w *dingWorld, id string) string {
	c, _ := w.ding.Card(id)
	return c.Template
}

func TestTheLevelsOfCards(t *testing.T) {
	for _, c := range []struct {
		name, mode string
		change     func(o *dingbot.Options)
		form, card string // template ids, "" for a message
	}{
		{"own form", dingbot.ModeAuto, func(*dingbot.Options) {}, formTemplate, dingcard.PublicTemplate},
		{"no form template", dingbot.ModeAuto, func(o *dingbot.Options) { o.FormTemplate = "" }, dingcard.PublicTemplate, dingcard.PublicTemplate},
		{"public only", dingbot.ModePublic, func(*dingbot.Options) {}, dingcard.PublicTemplate, dingcard.PublicTemplate},
		{"own card", dingbot.ModeTemplate, func(o *dingbot.Options) { o.CardTemplate = "own.schema" }, formTemplate, "own.schema"},
		{"plain", dingbot.ModePlain, func(*dingbot.Options) {}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, _ := open(t, emulator.DingOptions{Templates: []string{"own.schema"}}, func(o *dingbot.Options) {
				o.CardMode = c.mode
				c.change(o)
			})
			f, s := formCard("Form"), simple("Card")
			fid := w.sends(bot.Outgoing{User: "ann", Card: &f, Key: "f"}).ID
			sid := w.sends(bot.Outgoing{User: "ann", Card: &s, Key: "s"}).ID
			if template(w, fid) != c.form || template(w, sid) != c.card {
				t.Errorf("form on %q, card on %q", template(w, fid), template(w, sid))
			}
			if said := w.said(w.ann()); c.form != formTemplate && !strings.Contains(said[0], "/visit ACME talked") {
				t.Errorf("the form without its template shows no example: %q", said[0])
			}
			// Whatever it was sent with, a card is updated in place.
			for _, id := range []string{fid, sid} {
				err := w.current().Update(t.Context(), bot.MessageRef{ID: id}, formCard("Form again"))
				if c.card == "" != permanent(err) {
					t.Errorf("update of %s: %v", id, err)
				}
			}
		})
	}
}

func TestARefusedTemplateIsNotTriedAgainForAnHour(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	w.ding.AddTemplate(formTemplate, false)
	for _, key := range []string{"1", "2"} {
		f := formCard("Form " + key)
		if id := w.sends(bot.Outgoing{User: "ann", Card: &f, Key: key}).ID; template(w, id) != dingcard.PublicTemplate {
			t.Errorf("form on %q", template(w, id))
		}
	}
	if n := w.calls(apiCreate); n != 3 || w.current().Health().Level != dingcard.LevelPublic {
		t.Errorf("%d calls, level %q", n, w.current().Health().Level)
	}
	w.ding.AddTemplate(dingcard.PublicTemplate, false)
	for _, key := range []string{"3", "4"} {
		c := simple("Card " + key)
		w.sends(bot.Outgoing{User: "ann", Card: &c, Key: key})
	}
	if n := w.calls(apiCreate); n != 4 || w.calls(apiPerson) != 2 || w.current().Health().Level != dingcard.LevelPlain {
		t.Errorf("%d cards, %d messages, level %q", n, w.calls(apiPerson), w.current().Health().Level)
	}
	// What one replica learned the others know.
	again, err := dingbot.New(dingbot.Options{ClientID: "dingemulated", ClientSecret: "secret of the emulated app", APIURL: w.ding.URL(), OAPIURL: w.ding.URL(), FormTemplate: formTemplate, KV: w.shared, Inbox: w.db})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close(t.Context())
	c := simple("Card 5")
	if _, err := again.Send(t.Context(), bot.Outgoing{User: "ann", Card: &c, Key: "5"}); err != nil || w.calls(apiCreate) != 4 {
		t.Errorf("%v, %d cards", err, w.calls(apiCreate))
	}
}

func TestWithoutThePermissionForCardsMessagesAreSent(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	w.ding.Break(emulator.Fault{API: apiCreate, Kind: emulator.Refused, Code: http.StatusForbidden, Message: "Forbidden.AccessDenied.AccessTokenPermissionDenied"})
	c := simple("Card")
	w.sends(bot.Outgoing{User: "ann", Card: &c, Key: "1"})
	m := w.fromBot(w.ann())
	if len(m) != 1 || m[0].Kind != "actionCard" || len(w.current().Health().Problems) != 1 {
		t.Errorf("%+v %+v", m, w.current().Health().Problems)
	}
}

func TestAButtonOfAMessageComesBackAsACommand(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, func(o *dingbot.Options) { o.CardMode = dingbot.ModePlain })
	g := w.ding.AddGroup("sales", "ann", "bob")
	c := simple("Card")
	w.sends(bot.Outgoing{Chat: g, Card: &c, Key: "1"})
	m := w.fromBot(g)[0]
	if len(m.Links) != 1 || m.Links[0].Title != "Push" {
		t.Fatalf("links %+v", m.Links)
	}
	x, err := w.ding.Tap("bob", g, m.Links[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	acked(t, x)
	if r := d.await(t, 1)[0]; r.Kind != bot.Message || r.Text != "/push 7" || r.From != "bob" || r.Chat.ID != g {
		t.Errorf("request %+v", r)
	}
}

// What the platform refuses of one card does not take the others down.
func TestARefusedCardBecomesAMessageThenText(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	w.ding.Break(emulator.Fault{API: apiCreate, Kind: emulator.Refused, Times: 1, Message: "param.invalid"})
	c := simple("Card")
	w.sends(bot.Outgoing{User: "ann", Card: &c, Key: "1"})
	w.ding.Break(emulator.Fault{API: apiCreate, Kind: emulator.Refused, Times: 1, Message: "param.invalid"})
	w.ding.Break(emulator.Fault{API: apiPerson, Kind: emulator.Refused, Times: 1, Message: "invalidParameter.msgParam.invalid"})
	w.sends(bot.Outgoing{User: "ann", Card: &c, Key: "2"})
	w.ding.Break(emulator.Fault{API: apiCreate, Kind: emulator.Refused, Times: 1, Message: "param.contentUnsafe"})
	w.ding.Break(emulator.Fault{API: apiPerson, Kind: emulator.Refused, Times: 1, Code: 400, Message: "param.contentUnsafe"})
	w.sends(bot.Outgoing{User: "ann", Card: &c, Key: "3"})
	id := w.sends(bot.Outgoing{User: "ann", Card: &c, Key: "4"}).ID
	var kinds []string
	for _, m := range w.fromBot(w.ann()) {
		kinds = append(kinds, m.Kind)
	}
	if got := strings.Join(kinds, " "); got != "actionCard text text card" || template(w, id) == "" {
		t.Errorf("sent %s", got)
	}
	if s := w.said(w.ann())[2]; strings.Contains(s, "Card") {
		t.Errorf("refused words were sent again: %q", s)
	}
}
