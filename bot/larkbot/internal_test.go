package larkbot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// The platform's own test vector.
func TestDecryptReadsThePlatformsVector(t *testing.T) {
	body := []byte(`{"encrypt":"P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="}`)
	if got, err := decrypt(body, "test key"); err != nil || string(got) != "hello world" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := decrypt(body, "another key"); err == nil {
		t.Errorf("a wrong key gave %q", got)
	}
}

func TestMaskHidesPhonesAndAddressesOnly(t *testing.T) {
	for in, want := range map[string]string{
		"13812345678":       "138****5678",
		"+86 138 1234 5678": "861****5678",
		"021-12345678":      "021****5678",
		"2026-03-02 10:00":  "2026-03-02 10:00",
		"¥120,000.00":       "¥120,000.00",
		"2026-03-02":        "2026-03-02",
		"L-1024":            "L-1024",
		"a.b@example.com":   "a***@example.com",
	} {
		if got := mask(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestTheCardErrorOfTheLogHasNoTextOfTheCard(t *testing.T) {
	e := newError("POST /x", 400, 230099, "Failed to create card content, ext=ErrCode: 200550; ErrPath: ROOT -> elements -> [2](tag: chart); ErrMsg: chart spec is invalid; ErrorValue: 华星 13812345678; ", 0)
	if e.Sub != 200550 || e.Path != "ROOT -> elements -> [2](tag: chart)" || e.Reason != "chart spec is invalid" {
		t.Errorf("read %+v", e)
	}
	if strings.Contains(e.Error(), "华星") || strings.Contains(e.Error(), "138") {
		t.Errorf("the log gets %q", e.Error())
	}
}

// The mended connection joins parts in any order, turns card frames into events
// and leaves what it cannot read as it is.
func TestMendedFrames(t *testing.T) {
	payload := []byte(`{"header":{"event_type":"card.action.trigger","event_id":"e"},"event":{"action":{"value":"text"}}}`)
	frame := func(kind, sum, seq string, part []byte) []byte {
		f := larkws.Frame{Method: 1, Payload: part, Headers: []larkws.Header{{Key: "type", Value: kind}, {Key: "message_id", Value: "m"}, {Key: "sum", Value: sum}, {Key: "seq", Value: seq}}}
		raw, err := f.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	m := newMended(nil)
	if out := m.mend(frame("card", "3", "2", payload[20:])); out != nil {
		t.Error("a part was passed on")
	}
	if out := m.mend(frame("card", "3", "0", payload[:10])); out != nil {
		t.Error("a part was passed on")
	}
	var got larkws.Frame
	if err := got.Unmarshal(m.mend(frame("card", "3", "1", payload[10:20]))); err != nil {
		t.Fatal(err)
	}
	hs := larkws.Headers(got.Headers)
	if hs.GetString("type") != "event" || hs.GetInt("sum") != 1 || !bytes.Equal(original(got.Payload), payload) {
		t.Errorf("mended into %v %s", got.Headers, got.Payload)
	}
	if out := m.mend([]byte("no frame")); string(out) != "no frame" {
		t.Errorf("%q", out)
	}
	for _, seq := range []string{"-1", "3", "x"} {
		m.mend(frame("event", "3", seq, nil)) // must not panic
	}
	if len(m.parts) > 1 {
		t.Errorf("%d messages wait for parts", len(m.parts))
	}
}

func TestMendedConnectionPassesTheHandshake(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	m := newMended(a)
	go func() {
		defer b.Close()
		io.WriteString(b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x89\x02hi\x81\x03txt")
	}()
	got, err := io.ReadAll(m)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if string(got) != "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x89\x02hi\x81\x03txt" {
		t.Errorf("%q", got)
	}
}

// nobody is a runtime's resolver that knows nobody.
type nobody struct{}

func (nobody) ByIdentity(context.Context, string, string, string) (crm.Actor, error) {
	return crm.Actor{}, crm.NotFound("没有", "nobody")
}

// Whatever arrives, dispatch neither panics nor leaves work behind.
func FuzzDispatch(f *testing.F) {
	for _, kind := range []string{evMessage, evPress, evMenu, evEntered, evBotAdded, evUserGone} {
		f.Add(kind, `{"message":{"message_id":"m","chat_type":"p2p","message_type":"text","content":"{\"text\":\"x\"}"},"sender":{"sender_id":{"open_id":"ou"},"sender_type":"user"},"operator":{"open_id":"o"},"action":{"value":"x"}}`)
		f.Add(kind, `[]`)
		f.Add(kind, `{"operator":{"operator_id":{"open_id":"x"}},"event_key":"","chat_id":"c","operator_id":{"open_id":"o"}}`)
	}
	store := kv.NewMemory(crm.WallClock{})
	f.Cleanup(func() { store.Close() })
	rt := &bot.Runtime{People: nobody{}, Sent: func(context.Context, bot.MessageRef, bot.Shown) error { return nil }}
	rt.Use(func(bot.Handler) bot.Handler { return func(context.Context, *bot.Req) bot.Reply { return bot.Reply{} } })
	f.Fuzz(func(t *testing.T, kind, event string) {
		b, err := New(Options{AppID: "a", AppSecret: "s", BaseURL: "http://127.0.0.1:1", KV: store, Unlimited: true, Settle: time.Nanosecond, Budget: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		b.Connect(rt)
		raw, err := json.Marshal(map[string]any{"header": map[string]string{"event_type": kind, "event_id": "e", "app_id": "a"}, "event": json.RawMessage(event)})
		if err != nil {
			raw = []byte(event)
		}
		ans, err := b.dispatch(context.Background(), raw)
		if kind == evPress && err == nil && ans == nil {
			t.Error("a press was not answered")
		}
		shut(t, b)
	})
}

// shut closes an adapter whose platform cannot be reached: what it wants to tell
// somebody is tried for a minute, and ends with it.
func shut(t *testing.T, b *Bot) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := b.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func FuzzContent(f *testing.F) {
	f.Add("post", `{"zh_cn":{"title":"t","content":[[{"tag":"at","user_id":"@_user_1"},{"tag":"img","image_key":"k"}]]}}`)
	f.Add("text", `{"text":"x"}`)
	f.Add("file", `{"file_key":"k","file_name":"../../x"}`)
	f.Fuzz(func(t *testing.T, kind, raw string) {
		_, files := content(kind, raw)
		for _, x := range files {
			if strings.ContainsAny(x.name, `/\`) {
				t.Errorf("a file is called %q", x.name)
			}
		}
	})
}

func FuzzDecrypt(f *testing.F) {
	f.Add([]byte(`{"encrypt":"P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="}`))
	f.Fuzz(func(_ *testing.T, body []byte) { decrypt(body, "k") })
}
