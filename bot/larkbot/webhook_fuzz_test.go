package larkbot

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/kv"
)

// metered is a body of any length that costs no memory and counts what is read.
type metered struct {
	head io.Reader
	rest int64
	read int64
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.head.Read(p)
	if err == io.EOF && m.rest > 0 {
		n, err = int(min(int64(len(p)), m.rest)), nil
		clear(p[:n])
		m.rest -= int64(n)
	}
	m.read += int64(n)
	return n, err
}

// How a fuzzed request is made: as it came, sealed with our key, or signed too.
const (
	asItCame = iota
	sealed
	signed
	ways
)

// Whatever is posted, the webhook does not panic, reads no more than it must, and
// says 200 only to what our key, token and app prove.
func FuzzWebhook(f *testing.F) {
	const word, app = "a verification token", "cli_fuzz"
	event := `{"schema":"2.0","header":{"event_id":"e","event_type":"im.message.receive_v1","token":"` + word + `","app_id":"` + app + `"},"event":{"message":{"message_id":"m","chat_type":"p2p","message_type":"text","content":"{\"text\":\"x\"}"},"sender":{"sender_id":{"open_id":"ou"},"sender_type":"user"}}}`
	challenge := `{"type":"url_verification","token":"` + word + `","challenge":"c"}`
	for way := range uint8(ways) {
		for _, s := range []string{event, challenge, strings.Replace(event, word, "guessed", 1), strings.Replace(challenge, word, "", 1), `{"encrypt":"AAAA"}`, `{"encrypt":{}}`, `[]`, ``, "\x00"} {
			f.Add(way, http.MethodPost, []byte(s), "1760000000", "n", strings.Repeat("0", 64), uint32(0))
		}
	}
	f.Add(uint8(asItCame), http.MethodPost, []byte(`{"encrypt":"`), "", "", "", uint32(64<<20))
	f.Add(uint8(asItCame), http.MethodGet, []byte(event), "x", "", "zz", uint32(0))
	store := kv.NewMemory(crm.WallClock{})
	f.Cleanup(func() { store.Close() })
	platform := emulator.NewLark(emulator.LarkOptions{AppID: app, EncryptKey: "our key", VerificationToken: word})
	f.Cleanup(platform.Close)
	rt := &bot.Runtime{People: nobody{}, Sent: func(context.Context, bot.MessageRef, bot.Shown) error { return nil }}
	rt.Use(func(bot.Handler) bot.Handler { return func(context.Context, *bot.Req) bot.Reply { return bot.Reply{} } })
	f.Fuzz(func(t *testing.T, way uint8, method string, body []byte, stamp, nonce, signature string, more uint32) {
		b, err := New(Options{AppID: app, AppSecret: "s", BaseURL: "http://127.0.0.1:1", KV: store, Unlimited: true, Settle: time.Nanosecond, Budget: time.Second,
			Webhook: true, EncryptKey: "our key", VerificationToken: word})
		if err != nil {
			t.Fatal(err)
		}
		b.Connect(rt)
		defer shut(t, b)
		way %= ways
		req, err := platform.WebhookRequest("http://bot.example/webhook/lark", body)
		if err != nil {
			t.Fatal(err)
		}
		if way == asItCame {
			req.Body = io.NopCloser(bytes.NewReader(body))
		}
		if way != signed {
			req.Header = http.Header{"X-Lark-Request-Timestamp": {stamp}, "X-Lark-Request-Nonce": {nonce}, "X-Lark-Signature": {signature}}
		}
		m := &metered{head: req.Body, rest: int64(more % (64 << 20))}
		req.Method, req.Body, req.ContentLength = method, io.NopCloser(m), -1
		w := httptest.NewRecorder()
		b.ServeHTTP(w, req)
		if m.read > maxWebhook+1 {
			t.Errorf("%d bytes were read", m.read)
		}
		if w.Code == http.StatusOK && (way == asItCame || method != http.MethodPost || !proves(body, way, word, app)) {
			t.Errorf("answered 200: %q", w.Body)
		}
		if way != signed && w.Code >= 500 {
			t.Errorf("somebody unknown made it fail with %d", w.Code)
		}
	})
}

// proves reports whether a sealed body is a challenge of the platform, or an event
// for our app if it is signed too.
func proves(body []byte, way uint8, word, app string) bool {
	var p struct {
		Type, Token string
		Header      struct {
			Token string `json:"token"`
			AppID string `json:"app_id"`
		} `json:"header"`
	}
	if json.Unmarshal(body, &p) != nil {
		return false
	}
	return p.Type == "url_verification" && p.Token == word || way == signed && p.Header.Token == word && p.Header.AppID == app
}

// An answer of the API counts as success only if it says so.
func FuzzAnswer(f *testing.F) {
	f.Add(200, `{"code":0,"msg":"ok","data":{"message_id":"m"}}`, "")
	f.Add(429, `{"code":99991400,"msg":"limit"}`, "3")
	f.Add(400, `{"code":230099,"msg":"Failed, ext=ErrCode: 11310; ErrPath: ROOT; ErrMsg: card action is lock; ErrorValue: x"}`, "-1")
	f.Add(502, `<html>`, "99999999999999999999")
	f.Add(200, `{"code":"0"}`, "")
	f.Add(200, `null`, "")
	f.Fuzz(func(t *testing.T, status int, raw, wait string) {
		h := http.Header{"X-Ogw-Ratelimit-Reset": {wait}}
		err := decode("GET /x", status, h, []byte(raw), nil)
		var env struct{ Code *int }
		ok := json.Unmarshal([]byte(raw), &env) == nil && env.Code != nil && *env.Code == 0 && status < 400
		if (err == nil) != ok {
			t.Errorf("status %d, %q: %v", status, raw, err)
		}
		if e := asError(err); err != nil && (e == nil || e.Wait < 0) {
			t.Errorf("error %#v", err)
		}
		if err != nil && outcome(err) == nil {
			t.Error("a failure became a success")
		}
	})
}
