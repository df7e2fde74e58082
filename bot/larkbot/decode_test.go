package larkbot_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crmbot/bot"
	"crmbot/bot/larkbot"
	"crmbot/cards/larkjson"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
)

// Every shape of lark.md §3.7 arrives on both ways of delivery, and what
// cannot be understood becomes a press that asks for a fresh card.
func TestPressesOfEveryShape(t *testing.T) {
	raw, _, err := larkjson.Render(plainCard("A card"))
	if err != nil {
		t.Fatal(err)
	}
	control := emulator.LarkControls(raw)[0]
	payload := json.RawMessage(`{"N":3}`)
	for name, c := range map[string]struct {
		action map[string]any
		want   bot.Action
	}{
		"value an object":       {map[string]any{"tag": "button", "value": control.Value, "name": control.Name}, bot.Action{Name: "test.push", Payload: payload, Values: bot.Values{}}},
		"value a string":        {map[string]any{"tag": "button", "value": string(control.Value)}, bot.Action{Name: "test.push", Payload: payload, Values: bot.Values{}}},
		"value foreign":         {map[string]any{"tag": "button", "value": "hello"}, bot.Action{Values: bot.Values{}}},
		"value a number":        {map[string]any{"tag": "button", "value": 7}, bot.Action{Values: bot.Values{}}},
		"no value at all":       {map[string]any{"tag": "button", "name": control.Name, "form_value": map[string]any{}}, bot.Action{Name: "test.push", Payload: json.RawMessage("null-payload"), Values: bot.Values{}}},
		"options a bare string": {map[string]any{"tag": "select_img", "value": control.Value, "options": "a"}, bot.Action{Name: "test.push", Payload: payload, Values: bot.Values{}}},
		"form values": {map[string]any{"tag": "button", "name": control.Name, "value": control.Value, "form_value": map[string]any{
			"day": "2024-04-01 +0800", "at": "2024-04-29 07:07 +0800", "clock": "00:00 -0330", "amount": "１，２００", "empty": "", "many": []string{"a", "b"}, "who": "ou_ann", "team": []string{"ou_ann", "ou_nobody"},
			"visit.note": "text", "flag": true, "none": nil, "n": 5}},
			bot.Action{Name: "test.push", Payload: payload, Values: bot.Values{"day": {"2024-04-01"}, "at": {"2024-04-29 07:07"}, "clock": {"00:00"}, "amount": {crm.Normalize("１，２００")}, "many": {"a", "b"},
				"who": {"1"}, "team": {"1", "ou_nobody"}, "note": {"text"}, "flag": {"true"}, "n": {"5"}}}},
	} {
		for _, webhook := range []bool{false, true} {
			t.Run(name+map[bool]string{true: " by webhook"}[webhook], func(t *testing.T) {
				w, d := open(t, emulator.LarkOptions{}, webhook)
				m, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Card: ptr(plainCard("A card"))})
				if err != nil {
					t.Fatal(err)
				}
				a, err := w.lark.Press(emulator.LarkPress{Person: "ou_ann", Message: m.ID, Action: c.action})
				if err != nil || a.Error != 0 {
					t.Fatalf("the person sees error %d, %v", a.Error, err)
				}
				req := d.await(t, 1)[0]
				if diff := cmp.Diff(c.want, *req.Action); diff != "" {
					t.Error(diff)
				}
				if req.From != "ou_ann" || req.MessageID != m.ID || req.Chat.ID != m.Chat || req.Chat.Group || req.Kind != bot.Press {
					t.Errorf("request %+v", req)
				}
				if age := time.Since(req.At); age > time.Minute || age < -time.Minute {
					t.Errorf("the press is dated %v", req.At)
				}
			})
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestMessagesOfEveryKind(t *testing.T) {
	png := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 100)...)
	for name, c := range map[string]struct {
		in    emulator.LarkIncoming
		kind  bot.Kind
		text  string
		files []bot.File
	}{
		"text":         {emulator.LarkIncoming{Text: "/今日 　１"}, bot.Message, crm.Normalize("/今日 　１"), nil},
		"voice, heard": {emulator.LarkIncoming{Type: "audio", Text: "拜访华星"}, bot.Message, "拜访华星", nil},
		"picture":      {emulator.LarkIncoming{Type: "image", Name: "x", Data: png}, bot.Upload, "", []bot.File{{Name: "image.png", Data: png}}},
		"file":         {emulator.LarkIncoming{Type: "file", Name: `..\..\名单 1.csv`, Data: []byte("a,b")}, bot.Upload, "", []bot.File{{Name: "名单 1.csv", Data: []byte("a,b")}}},
		"post": {emulator.LarkIncoming{Type: "post", Post: map[string]any{"title": "报告", "content": [][]map[string]any{
			{{"tag": "text", "text": "第一行 "}, {"tag": "a", "text": "链接", "href": "https://x.example"}}, {{"tag": "text", "text": "第二行"}}}}}, bot.Message, "报告\n第一行 链接 https://x.example\n第二行", nil},
		"post by language": {emulator.LarkIncoming{Type: "post", Post: map[string]any{"zh_cn": map[string]any{"title": "", "content": [][]map[string]any{{{"tag": "text", "text": "/帮助"}}}}}}, bot.Message, "/帮助", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := open(t, emulator.LarkOptions{}, false)
			c.in.Person = "ou_ann"
			delivery, err := w.lark.Send(c.in)
			if err != nil {
				t.Fatal(err)
			}
			req := d.await(t, 1)[0]
			if req.Kind != c.kind || req.Text != c.text {
				t.Errorf("kind %q text %q, want %q %q", req.Kind, req.Text, c.kind, c.text)
			}
			if diff := cmp.Diff(c.files, req.Files); diff != "" {
				t.Error(diff)
			}
			if _, acked, err := delivery.Wait(t.Context()); !acked || err != nil {
				t.Errorf("acknowledged %v, %v", acked, err)
			}
		})
	}
}

func TestAVoiceMessageWithoutWordsIsAnsweredWithWhatToDo(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	if _, err := w.lark.Send(emulator.LarkIncoming{Person: "ou_ann", Type: "audio", Data: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	wait(t, "an answer", func() bool { return len(botMessages(w.lark, "")) == 1 })
	if got := botMessages(w.lark, "")[0].Text(); !strings.Contains(got, "convert it to text") {
		t.Errorf("answered %q", got)
	}
	if len(d.requests()) != 0 {
		t.Error("nothing should have been handled")
	}
}

// A file over the limit arrives cut, one byte over, so that the runtime's own
// limit refuses it with the numbers and memory stays bounded.
func TestALargeFileIsNotHeldInMemory(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false, func(o *larkbot.Options) { o.MaxFile = 1000 })
	if _, err := w.lark.Send(emulator.LarkIncoming{Person: "ou_ann", Type: "file", Name: "big", Data: bytes.Repeat([]byte("x"), 50_000)}); err != nil {
		t.Fatal(err)
	}
	if n := len(d.await(t, 1)[0].Files[0].Data); n != 1001 {
		t.Errorf("%d bytes", n)
	}
}

func TestAFileThatLarkRefusesIsExplained(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	w.lark.Break(emulator.Fault{API: "GET /open-apis/im/v1/messages/", Kind: emulator.Refused, Code: 234037, Message: "too large"})
	if _, err := w.lark.Send(emulator.LarkIncoming{Person: "ou_ann", Type: "file", Name: "big", Data: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	wait(t, "an answer", func() bool { return len(botMessages(w.lark, "")) == 1 })
	if got := botMessages(w.lark, "")[0].Text(); !strings.Contains(got, "100 MB") || !strings.Contains(got, "nothing was saved") {
		t.Errorf("answered %q", got)
	}
	if len(d.requests()) != 0 {
		t.Error("nothing should have been handled")
	}
}

func TestPeopleAreKnownByUnionIDToo(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	if _, err := w.lark.Send(emulator.LarkIncoming{Person: "ou_bob", Text: "hi"}); err != nil {
		t.Fatal(err)
	}
	if req := d.await(t, 1)[0]; req.From != "on_bob" || req.Tenant != "" {
		t.Errorf("from %q tenant %q", req.From, req.Tenant)
	}
}

func TestAPersonOfAnotherCompanyKeepsTheirTenant(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	w.lark.AddPerson(emulator.LarkPerson{OpenID: "ou_ann2", Name: "Ann", Foreign: "their_tenant"})
	g := w.lark.AddGroup("shared", "ou_ann", "ou_ann2")
	if _, err := w.lark.Send(emulator.LarkIncoming{Person: "ou_ann2", Chat: g, Text: "@bot hi"}); err != nil {
		t.Fatal(err)
	}
	if req := d.await(t, 1)[0]; req.Tenant != "their_tenant" {
		t.Errorf("tenant %q", req.Tenant)
	}
}

func TestMenuEntriesRunTheirCommand(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	d.answer = func(*bot.Req) bot.Reply { return bot.Say("menu answer") }
	w.lark.PickMenu("ou_ann", "rank_won")
	if req := d.await(t, 1)[0]; req.Kind != bot.Menu || req.Text != "/rank won" || req.From != "ou_ann" {
		t.Errorf("request %+v", req)
	}
	wait(t, "the answer in the person's chat", func() bool { return len(botMessages(w.lark, w.lark.P2P("ou_ann"))) == 1 })
}

func TestTheWelcomeComesOnce(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	d.answer = func(*bot.Req) bot.Reply { return bot.Say("welcome") }
	w.lark.Enter("ou_ann")
	d.await(t, 1)
	wait(t, "the welcome", func() bool { return len(botMessages(w.lark, "")) == 1 })
	if _, _, err := w.lark.Enter("ou_ann").Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(d.requests()); n != 1 {
		t.Errorf("welcomed %d times", n)
	}
}

func TestAGroupThatTheBotJoinsIsGreeted(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	g := w.lark.AddGroup("华东销售群", "ou_ann")
	w.lark.Invite("ou_ann", g)
	if req := d.await(t, 1)[0]; req.Kind != bot.Enter || !req.Chat.Group || req.Chat.ID != g || req.Chat.Title != "华东销售群" {
		t.Errorf("request %+v", req)
	}
}

// A press does not say in what kind of chat it was. A process that never saw
// the chat asks the platform, and takes it for a group when nobody answers: then
// nothing private appears in it.
func TestAChatThatNobodyKnowsCountsAsAGroup(t *testing.T) {
	for name, c := range map[string]struct{ broken, group bool }{"asked": {false, false}, "no answer": {true, true}} {
		t.Run(name, func(t *testing.T) {
			w, d := open(t, emulator.LarkOptions{}, true)
			if c.broken {
				w.lark.Break(emulator.Fault{API: "GET /open-apis/im/v1/chats/", Kind: emulator.HTMLPage})
			}
			chat := w.lark.P2P("ou_ann")
			h := &hook{t: t, lark: w.lark, d: d, bot: w.current()}
			body := pressBody(map[string]any{"tag": "button"})
			body["context"] = map[string]string{"open_message_id": "om_x", "open_chat_id": chat}
			h.serve(h.request(event("card.action.trigger", "e1", "cli_emulated", w.lark.Tenant(), verifyWord, body)))
			if req := d.await(t, 1)[0]; req.Chat.Group != c.group {
				t.Errorf("group: %v", req.Chat.Group)
			}
		})
	}
}
