package dingbot_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/bot/dingbot"
	"crmbot/internal/emulator"
)

// onePixel is the smallest PNG.
var onePixel = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82")

func TestEveryKindOfMessageIsRead(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	g := w.ding.AddGroup("sales", "ann", "bob")
	w.ding.AddPerson(emulator.DingPerson{UserID: "guest", Name: "Guest", Corp: "their_corp"})
	for _, c := range []struct {
		name string
		in   emulator.DingIncoming
		want func(r bot.Req) bool
	}{
		{"text", emulator.DingIncoming{Text: "／拜访　华星 "}, func(r bot.Req) bool {
			return r.Kind == bot.Message && r.Text == "/拜访 华星" && r.From == "ann" && r.Tenant == "" && r.Chat == (bot.Chat{ID: "u:ann"}) && r.FromName == "Ann"
		}},
		{"group", emulator.DingIncoming{Chat: g, Text: "@bot /我的线索"}, func(r bot.Req) bool {
			return r.Text == "/我的线索" && r.Chat == (bot.Chat{ID: g, Group: true, Title: "sales"}) && len(r.Mentions) == 0
		}},
		{"mention", emulator.DingIncoming{Chat: g, Text: "@bot /转 L-1 @bob"}, func(r bot.Req) bool {
			return r.Text == "/转 L-1 @Bob" && slices.Equal(r.Mentions, []bot.Mention{{Token: "@Bob", ID: "bob", Name: "Bob"}})
		}},
		{"mention that the client took out of the text", emulator.DingIncoming{Chat: g, Text: "@bot /转 L-1 @bob", Change: func(p map[string]any) { p["text"] = map[string]any{"content": " /转 L-1"} }},
			func(r bot.Req) bool { return r.Text == "/转 L-1 @Bob" && len(r.Mentions) == 1 }},
		{"mention without an id", emulator.DingIncoming{Chat: g, Text: "@bot /转 L-1 @bob", Anonymous: true}, func(r bot.Req) bool { return r.Text == "/转 L-1 @Bob" && len(r.Mentions) == 0 }},
		{"voice", emulator.DingIncoming{Type: "audio", Text: "拜访 华星 聊了报价", Data: []byte("amr")}, func(r bot.Req) bool {
			return r.Kind == bot.Message && r.Text == "拜访 华星 聊了报价" && len(r.Files) == 0
		}},
		{"file", emulator.DingIncoming{Type: "file", Name: "../线索.csv", Data: []byte("a,b")}, func(r bot.Req) bool {
			return r.Kind == bot.Upload && len(r.Files) == 1 && r.Files[0].Name == "线索.csv" && string(r.Files[0].Data) == "a,b"
		}},
		{"picture", emulator.DingIncoming{Type: "picture", Data: onePixel}, func(r bot.Req) bool {
			return r.Kind == bot.Upload && len(r.Files) == 1 && r.Files[0].Name == "image.png" && bytes.Equal(r.Files[0].Data, onePixel)
		}},
		{"picture in a group", emulator.DingIncoming{Chat: g, Type: "richText", Text: "@bot 名片", Data: onePixel}, func(r bot.Req) bool {
			return r.Kind == bot.Message && r.Text == "名片" && len(r.Files) == 1
		}},
		{"numbers as text and text as numbers", emulator.DingIncoming{Text: "hello", Change: func(p map[string]any) {
			p["createAt"], p["sessionWebhookExpiredTime"], p["conversationType"] = "1760000000000", "1760000000000", 1
		}}, func(r bot.Req) bool { return r.At.Equal(time.UnixMilli(1760000000000)) && !r.Chat.Group }},
		{"content as text", emulator.DingIncoming{Type: "audio", Change: func(p map[string]any) { p["content"] = `{"recognition":"你好","duration":"5"}` }}, func(r bot.Req) bool { return r.Text == "你好" }},
		{"broken parts", emulator.DingIncoming{Text: "still read", Change: func(p map[string]any) {
			p["atUsers"], p["isAdmin"], p["senderUnionId"], p["senderNick"] = map[string]any{"x": 1}, []int{1}, 17, nil
		}}, func(r bot.Req) bool { return r.Text == "still read" }},
		{"somebody of another company", emulator.DingIncoming{Person: "guest", Text: "hi"}, func(r bot.Req) bool { return r.Tenant == "their_corp" && r.From != "" && r.From != "guest" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := len(d.requests())
			if c.in.Person == "" {
				c.in.Person = "ann"
			}
			if tries := w.deliver(c.in); tries != 1 {
				t.Errorf("acknowledged after %d tries", tries)
			}
			if r := d.await(t, n+1)[n]; !c.want(r) || r.EventID == "" || r.Platform != "dingtalk" {
				t.Errorf("request %+v", r)
			}
		})
	}
	for _, c := range w.ding.Calls("ACK") {
		if !bytes.Contains(c.Body, []byte(`{\"response\":null}`)) {
			t.Errorf("acknowledged with %s", c.Body)
		}
	}
}

func TestMessagesThatCannotBeUsedAreAnswered(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	w.deliver(emulator.DingIncoming{Person: "ann", Type: "video", Data: []byte("mp4")})
	wait(t, "an answer", func() bool { return len(w.said(w.ann())) == 1 })
	w.deliver(emulator.DingIncoming{Person: "ann", Type: "audio", Data: []byte("amr")})
	wait(t, "an answer", func() bool { return len(w.said(w.ann())) == 2 })
	if s := w.said(w.ann()); !strings.Contains(s[0], "cannot read") || !strings.Contains(s[1], "voice") {
		t.Errorf("answers %q", s)
	}
	if len(d.requests()) != 0 {
		t.Errorf("requests %+v", d.requests())
	}
}

func TestWithoutAPublishedVersionTheAdministratorIsTold(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	w.ding.AddPerson(emulator.DingPerson{UserID: "new", Name: "New", Unpublished: true})
	w.deliver(emulator.DingIncoming{Person: "new", Text: "hello"})
	wait(t, "the hint", func() bool {
		s := w.said(w.ding.P2P("new"))
		return len(s) == 1 && strings.Contains(s[0], "发布")
	})
	if len(d.requests()) != 0 || w.current().Health().Problems[0].Code != dingbot.ProblemUnpublished {
		t.Errorf("requests %v, problems %v", d.requests(), w.current().Health().Problems)
	}
}

func TestAnotherOrganisationIsNotServed(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "first"})
	d.await(t, 1)
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "foreign", Change: func(p map[string]any) { p["chatbotCorpId"], p["senderCorpId"] = "their_corp", "their_corp" }})
	never(t, "a request", func() bool { return len(d.requests()) > 1 })
}

// What is foreign stays so after a restart: nothing is believed anew.
func TestAnotherOrganisationIsNotServedAfterARestart(t *testing.T) {
	d := &desk{}
	down, lease := false, time.Minute
	w := openDing(t, memory(t), d.runtime, emulator.DingOptions{}, func(w *dingWorld) {
		w.change = func(o *dingbot.Options) { o.Homes, o.Lease = homes{w.db, &down}, lease }
	})
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "first"})
	d.await(t, 1)
	f := formCard("Form")
	card := w.sends(bot.Outgoing{User: "ann", Card: &f, Key: "f"}).ID
	w.halt()
	w.start(d.runtime)
	theirs := func(p map[string]any) {
		p["chatbotCorpId"], p["senderCorpId"], p["corpId"] = "their_corp", "their_corp", "their_corp"
	}
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "foreign", Change: theirs})
	w.press("ann", card, func(emulator.DingControl) bool { return true }, emulator.DingPress{Corp: "their_corp"})
	never(t, "a request", func() bool { return len(d.requests()) > 1 })
	if p := w.current().Health().Problems; len(p) != 1 || p[0].Code != dingbot.ProblemForeign {
		t.Errorf("problems %+v", p)
	}
	// While nobody can tell whose the app is, nobody is believed; later they are served.
	w.halt()
	down, lease = true, 200*time.Millisecond
	w.start(d.runtime)
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "waits"})
	never(t, "a request", func() bool { return len(d.requests()) > 1 })
	w.halt()
	down, lease = false, 2*time.Second
	w.start(d.runtime)
	if r := d.await(t, 2)[1]; r.Text != "waits" {
		t.Errorf("request %+v", r)
	}
}

// homes can be out of reach.
type homes struct {
	adapter.Homes
	down *bool
}

func (h homes) Home(ctx context.Context, platform, app, claim string) (string, error) {
	if *h.down {
		return "", errors.New("the database is down")
	}
	return h.Homes.Home(ctx, platform, app, claim)
}

func TestAnUsedUpQuotaIsNotTakenForAMessage(t *testing.T) {
	w, d := open(t, emulator.DingOptions{QuotaStream: 1})
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "first"})
	d.await(t, 1)
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "second"})
	wait(t, "the problem", func() bool {
		return slices.ContainsFunc(w.current().Health().Problems, func(p dingbot.Problem) bool { return p.Code == "quota.stream" })
	})
	if len(d.requests()) != 1 {
		t.Errorf("requests %+v", d.requests())
	}
}

func TestAMessageThatComesAgainIsHandledOnce(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	d.answers(func(*bot.Req) bot.Reply { return bot.Say("done") })
	x, err := w.ding.Send(emulator.DingIncoming{Person: "ann", Text: "once"})
	if err != nil {
		t.Fatal(err)
	}
	acked(t, x)
	for range 3 {
		acked(t, w.ding.Again(x.DingFrame))
	}
	wait(t, "the answer", func() bool { return len(w.said(w.ann())) == 1 })
	never(t, "a second answer", func() bool { return len(d.requests()) > 1 || len(w.said(w.ann())) > 1 })
}

// flaky is an inbox that fails until it is mended.
type flaky struct {
	bot.Inbox
	broken func() bool
}

func (f flaky) Keep(ctx context.Context, platform string, e bot.Kept, until time.Time) (bool, error) {
	if f.broken() {
		return false, errors.New("the database is down")
	}
	return f.Inbox.Keep(ctx, platform, e, until)
}

func TestWhatCannotBeStoredIsNotAcknowledged(t *testing.T) {
	n := 0
	w, d := open(t, emulator.DingOptions{}, func(o *dingbot.Options) {
		inbox := o.Inbox
		o.Inbox = flaky{inbox, func() bool { n++; return n <= 2 }}
	})
	d.answers(func(*bot.Req) bot.Reply { return bot.Say("done") })
	if tries := w.deliver(emulator.DingIncoming{Person: "ann", Text: "hello"}); tries != 3 {
		t.Errorf("acknowledged after %d tries", tries)
	}
	d.await(t, 1)
}

// A person who read that something failed may do it again; so it must not
// happen by itself later.
func TestWhatWasToldToHaveFailedIsNotTriedAgain(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, func(o *dingbot.Options) {
		inbox := o.Inbox
		o.Inbox = flaky{inbox, func() bool { return true }}
	})
	d.answers(func(req *bot.Req) bot.Reply {
		rt := bot.Runtime{People: d}
		rt.Use(bot.Recover(), func(bot.Handler) bot.Handler {
			return func(context.Context, *bot.Req) bot.Reply { panic("no database") }
		})
		return rt.Handle(context.Background(), req)
	})
	if tries := w.deliver(emulator.DingIncoming{Person: "ann", Text: "hello"}); tries < 2 {
		t.Errorf("acknowledged after %d tries", tries)
	}
	wait(t, "the answer", func() bool { return len(w.said(w.ann())) == 1 })
	if n := len(d.requests()); n != 1 {
		t.Errorf("tried %d times", n)
	}
}

func TestAnEventOfADeadProcessIsTakenUp(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, func(o *dingbot.Options) { o.Lease = 200 * time.Millisecond })
	d.answers(func(*bot.Req) bot.Reply { return bot.Say("done") })
	// A process stored and acknowledged the event, and died.
	body := []byte(`{"conversationId":"cidX","conversationType":"1","msgId":"m-1","msgtype":"text","text":{"content":"left over"},"senderStaffId":"ann"}`)
	if fresh, err := w.db.Keep(t.Context(), dingbot.Name, bot.Kept{ID: "m-1", Kind: "message", Body: body}, time.Now().Add(300*time.Millisecond)); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	reqs := d.await(t, 1)
	if reqs[0].Text != "left over" || reqs[0].EventID != "m-1" {
		t.Errorf("request %+v", reqs[0])
	}
	wait(t, "the answer", func() bool { return len(w.said(w.ann())) == 1 })
	never(t, "a second time", func() bool { return len(d.requests()) > 1 })
}

func TestFilesComeOnlyFromThePlatform(t *testing.T) {
	b, err := dingbot.New(dingbot.Options{ClientID: "id", ClientSecret: "secret", KV: memory(t), Inbox: flaky{}})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"https://down.dingtalk.com/x?sig=1": true, "https://dtmedia.oss-cn-hangzhou.aliyuncs.com/a.file": true, "https://api.dingtalk.com/x": true,
		"http://down.dingtalk.com/x": false, "https://dingtalk.com.evil.example/x": false, "https://evildingtalk.com/x": false, "https://127.0.0.1/x": false,
		"https://down.dingtalk.com:8080/x": false, "https://user@down.dingtalk.com/": false, "file:///etc/passwd": false, "": false, "http://169.254.169.254/latest": false,
	} {
		if got := b.Allowed(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
	for address, want := range map[string]bool{
		"https://oapi.dingtalk.com/robot/sendBySession?session=1": true, "https://oapi.dingtalk.com/robot/send?access_token=1": false, "http://oapi.dingtalk.com/robot/sendBySession": false,
		"https://oapi.dingtalk.com.evil.example/robot/sendBySession": false, "https://x@oapi.dingtalk.com/robot/sendBySession": false, "": false,
	} {
		if got := b.Trusted(address); got != want {
			t.Errorf("webhook %q: %v", address, got)
		}
	}
}

func TestAFileThatIsTooLargeIsCutOneByteAboveTheLimit(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, func(o *dingbot.Options) { o.MaxFile = 1000 })
	w.deliver(emulator.DingIncoming{Person: "ann", Type: "file", Name: "big.csv", Data: bytes.Repeat([]byte("x"), 5000)})
	if r := d.await(t, 1)[0]; len(r.Files) != 1 || len(r.Files[0].Data) != 1001 {
		t.Errorf("files %d", len(r.Files))
	}
}

func TestAFileIsAskedForAgain(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	w.ding.Break(emulator.Fault{API: "GET /files/", Kind: emulator.Broken, Times: 1})
	w.ding.Break(emulator.Fault{API: "POST /v1.0/robot/messageFiles", Kind: emulator.HTMLPage, Times: 1})
	w.deliver(emulator.DingIncoming{Person: "ann", Type: "file", Name: "a.csv", Data: []byte("a")})
	if r := d.await(t, 1)[0]; len(r.Files) != 1 {
		t.Errorf("request %+v", r)
	}
}

func TestALongAnswerComesInParts(t *testing.T) {
	long := strings.Repeat("每一行都有一些字。\n", 2000)
	parts := dingbot.Split(long)
	if strings.ReplaceAll(strings.Join(parts, ""), "\n", "") != strings.ReplaceAll(long, "\n", "") {
		t.Error("text was lost")
	}
	w, d := open(t, emulator.DingOptions{})
	d.answers(func(*bot.Req) bot.Reply { return bot.Say(long) })
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "go"})
	wait(t, "all parts", func() bool { return strings.Count(strings.Join(w.said(w.ann()), ""), "每一行") == 2000 })
	for _, s := range dingbot.Split(strings.Repeat(`"\`+"\x01", 20_000)) {
		if len(s) > dingbot.MaxText {
			t.Errorf("a part of %d bytes", len(s))
		}
	}
}
