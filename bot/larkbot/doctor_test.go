package larkbot_test

import (
	"context"
	"strings"
	"testing"

	"crmbot/bot"
	"crmbot/bot/larkbot"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
)

// area is the finding about an area.
func area(t *testing.T, list []bot.Finding, a bot.Area) bot.Finding {
	t.Helper()
	for _, f := range list {
		if f.Area == a {
			return f
		}
	}
	t.Fatalf("nothing about %s in %v", a, list)
	return bot.Finding{}
}

// A press in the old form is answered, and the doctor of another process says
// how to set the callback right.
func TestPressesInTheOldFormAreAnsweredAndReported(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	w.lark.Configure(func(a *emulator.LarkApp) { a.OldPresses = true })
	w.lark.Revoke("application:application:self_manage")
	d.answer = func(*bot.Req) bot.Reply { return bot.Reply{Toast: "pushed", ToastTone: bot.ToastSuccess} }
	ctx := context.Background()
	c := plainCard("card")
	if _, err := w.current().Send(ctx, bot.Outgoing{User: "ou_ann", Card: &c}); err != nil {
		t.Fatal(err)
	}
	if f := area(t, w.current().Examine(ctx, nil), bot.AreaEvents); f.Mark != bot.Skipped {
		t.Errorf("before: %+v", f)
	}
	m := botMessages(w.lark, w.lark.P2P("ou_ann"))[0]
	for _, x := range emulator.LarkControls(m.Content) {
		if x.Label == "Push" {
			if a, err := w.lark.Press(emulator.LarkPress{Person: "ou_ann", Message: m.ID, Control: x}); err != nil || a.Toast != "pushed" {
				t.Fatalf("pressed: %+v, %v", a, err)
			}
		}
	}
	// The doctor runs in a process of its own.
	id, secret := w.lark.App()
	doctor, err := larkbot.New(larkbot.Options{AppID: id, AppSecret: secret, BaseURL: w.lark.URL(), KV: w.shared, Clock: crm.WallClock{}})
	if err != nil {
		t.Fatal(err)
	}
	defer doctor.Close(ctx)
	wait(t, "the note", func() bool {
		_, ok, err := w.shared.Get(ctx, "lark:cardframe:"+id)
		return ok && err == nil
	})
	f := area(t, doctor.Examine(ctx, nil), bot.AreaCallback)
	if f.Mark != bot.Bad || !strings.Contains(f.Seen.En, "200340") || !strings.Contains(f.Mend.Zh, "回调配置") {
		t.Errorf("got %+v", f)
	}
}

func TestARefusalNamesThePermissions(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{}, false)
	w.lark.Revoke("im:message:send_as_bot")
	_, err := w.current().Send(context.Background(), bot.Outgoing{User: "ou_ann", Card: &card.Card{Lang: crm.English, Title: "x", Blocks: []card.Block{card.P("x")}}})
	if err == nil || !strings.Contains(err.Error(), "im:message:send_as_bot") {
		t.Errorf("got %v", err)
	}
}
