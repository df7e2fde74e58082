package larkbot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/larkbot"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/kv"
)

// hook is a webhook with a desk behind it, and a way to send to it.
type hook struct {
	t    *testing.T
	lark *emulator.Lark
	d    *desk
	bot  *larkbot.Bot
	w    *larkWorld
}

func openHook(t *testing.T) *hook {
	w, d := open(t, emulator.LarkOptions{}, true)
	return &hook{t: t, lark: w.lark, d: d, bot: w.current(), w: w}
}

// event is the JSON of an event that somebody could send.
func event(kind, id, app, tenant, token string, body any) []byte {
	raw, err := json.Marshal(map[string]any{"schema": "2.0", "header": map[string]string{"event_id": id, "event_type": kind, "create_time": "1603977298000000", "token": token, "app_id": app, "tenant_key": tenant}, "event": body})
	if err != nil {
		panic(err)
	}
	return raw
}

func (h *hook) press(id string) []byte {
	app, _ := h.lark.App()
	return event("card.action.trigger", id, app, h.lark.Tenant(), verifyWord, pressBody(map[string]any{"tag": "button", "value": map[string]any{"a": "test.push", "p": map[string]int{"N": 1}}}))
}

func pressBody(action any) map[string]any {
	return map[string]any{"operator": map[string]string{"open_id": "ou_ann", "union_id": "on_ann", "tenant_key": "tenant_emulated"}, "action": action,
		"context": map[string]string{"open_message_id": "om_x", "open_chat_id": "oc_p2p_ann"}}
}

func (h *hook) request(body []byte) *http.Request {
	req, err := h.lark.WebhookRequest("http://hook/webhook/lark", body)
	if err != nil {
		h.t.Fatal(err)
	}
	return req
}

func (h *hook) serve(req *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.bot.ServeHTTP(rec, req)
	return rec
}

func TestWebhookAnswersTheChallenge(t *testing.T) {
	h := openHook(t)
	srv := httptest.NewServer(h.bot)
	defer srv.Close()
	if _, err := h.lark.Challenge(srv.URL); err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestWebhookRefusesAChallengeWithAWrongToken(t *testing.T) {
	h := openHook(t)
	req := h.request([]byte(`{"challenge":"x","token":"wrong","type":"url_verification"}`))
	if rec := h.serve(req); rec.Code != http.StatusUnauthorized || strings.Contains(rec.Body.String(), "x\"") {
		t.Errorf("answered %d %s", rec.Code, rec.Body)
	}
}

func TestWebhookLetsAPressIn(t *testing.T) {
	h := openHook(t)
	h.d.answer = func(*bot.Req) bot.Reply { return bot.Reply{Toast: "done", ToastTone: bot.ToastSuccess} }
	rec := h.serve(h.request(h.press("e1")))
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("answered %d %v", rec.Code, rec.Header())
	}
	if got := strings.TrimSpace(rec.Body.String()); got != `{"toast":{"type":"success","content":"done"}}` {
		t.Errorf("answered %s", got)
	}
}

func TestWebhookAnswersNoChangeWithAnEmptyObject(t *testing.T) {
	h := openHook(t)
	if got := strings.TrimSpace(h.serve(h.request(h.press("e1"))).Body.String()); got != "{}" {
		t.Errorf("answered %s", got)
	}
}

// Every hole of the SDK's own handler, closed: nothing gets in, and nobody
// learns why.
func TestWebhookRefusesWhatIsForged(t *testing.T) {
	app := "cli_emulated"
	good := func(h *hook) []byte { return h.press("e1") }
	for name, c := range map[string]struct {
		body   func(h *hook) []byte
		change func(h *hook, req *http.Request)
		status int
	}{
		"no signature":     {good, func(_ *hook, r *http.Request) { r.Header.Del("X-Lark-Signature") }, 401},
		"wrong signature":  {good, func(_ *hook, r *http.Request) { r.Header.Set("X-Lark-Signature", strings.Repeat("ab", 32)) }, 401},
		"another's key":    {good, func(_ *hook, r *http.Request) { resign(r, "another key", time.Now()) }, 401},
		"signature no hex": {good, func(_ *hook, r *http.Request) { r.Header.Set("X-Lark-Signature", "zz") }, 401},
		"moved time":       {good, func(_ *hook, r *http.Request) { r.Header.Set("X-Lark-Request-Timestamp", "1700000000") }, 401},
		"two years old":    {good, func(_ *hook, r *http.Request) { resign(r, encryptKey, time.Now().Add(-2*365*24*time.Hour)) }, 401},
		"from the future":  {good, func(_ *hook, r *http.Request) { resign(r, encryptKey, time.Now().Add(time.Hour)) }, 401},
		"no time":          {good, func(_ *hook, r *http.Request) { r.Header.Del("X-Lark-Request-Timestamp") }, 401},
		"wrong token": {func(h *hook) []byte {
			return event("card.action.trigger", "e1", app, h.lark.Tenant(), "wrong", pressBody(nil))
		}, nil, 401},
		"no token": {func(h *hook) []byte {
			return event("card.action.trigger", "e1", app, h.lark.Tenant(), "", pressBody(nil))
		}, nil, 401},
		"another app": {func(h *hook) []byte {
			return event("card.action.trigger", "e1", "cli_other", h.lark.Tenant(), verifyWord, pressBody(nil))
		}, nil, 401},
		"plain text":    {good, func(h *hook, r *http.Request) { replace(r, h.press("e1")) }, 401},
		"not JSON":      {good, func(_ *hook, r *http.Request) { replace(r, []byte("<xml/>")) }, 401},
		"empty":         {good, func(_ *hook, r *http.Request) { replace(r, nil) }, 401},
		"broken blocks": {good, func(_ *hook, r *http.Request) { replace(r, []byte(`{"encrypt":"AAAA"}`)) }, 401},
		"too large":     {good, func(_ *hook, r *http.Request) { replace(r, bytes.Repeat([]byte("x"), 2<<20)) }, 413},
		"not a POST":    {good, func(_ *hook, r *http.Request) { r.Method = http.MethodGet }, 405},
		"no event type": {func(h *hook) []byte { return event("", "e1", app, h.lark.Tenant(), verifyWord, nil) }, nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			h := openHook(t)
			req := h.request(c.body(h))
			if c.change != nil {
				c.change(h, req)
			}
			rec := h.serve(req)
			if rec.Code != c.status || strings.TrimSpace(rec.Body.String()) != "{}" {
				t.Errorf("answered %d %s, want %d {}", rec.Code, rec.Body, c.status)
			}
			if n := len(h.d.requests()); n != 0 {
				t.Errorf("%d requests got in", n)
			}
		})
	}
}

func resign(r *http.Request, key string, at time.Time) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	replace(r, body)
	emulator.SignLark(r, body, key, at, "nonce")
}

// replace puts another body under a correct signature of it.
func replace(r *http.Request, body []byte) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	emulator.SignLark(r, body, encryptKey, time.Now(), "n")
}

func TestWebhookRefusesAReplay(t *testing.T) {
	h := openHook(t)
	first, again := h.twice(h.press("e1"))
	if rec := h.serve(first); rec.Code != http.StatusOK {
		t.Fatalf("first: %d", rec.Code)
	}
	if rec := h.serve(again); rec.Code != http.StatusUnauthorized {
		t.Errorf("replay: %d", rec.Code)
	}
	if n := len(h.d.requests()); n != 1 {
		t.Errorf("%d requests got in", n)
	}
}

// twice is a request and a copy of it.
func (h *hook) twice(plain []byte) (first, again *http.Request) {
	h.t.Helper()
	first = h.request(plain)
	body, err := io.ReadAll(first.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	again = first.Clone(h.t.Context())
	first.Body, again.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	return first, again
}

func TestWebhookRefusesAReplayWithTheSignatureInOtherLetters(t *testing.T) {
	h := openHook(t)
	first, again := h.twice(h.press("e1"))
	again.Header.Set("X-Lark-Signature", strings.ToUpper(again.Header.Get("X-Lark-Signature")))
	if first.Header.Get("X-Lark-Signature") == again.Header.Get("X-Lark-Signature") {
		t.Fatal("the signature has no letters")
	}
	if rec := h.serve(first); rec.Code != http.StatusOK {
		t.Fatalf("first: %d", rec.Code)
	}
	if rec := h.serve(again); rec.Code != http.StatusUnauthorized {
		t.Errorf("replay: %d", rec.Code)
	}
}

func TestWebhookRefusesAReplayOfWhatIsBeingHandled(t *testing.T) {
	h := openHook(t)
	first, again := h.twice(h.press("e1"))
	h.d.answer = func(*bot.Req) bot.Reply {
		if rec := h.serve(again); rec.Code != http.StatusUnauthorized {
			t.Errorf("replay: %d", rec.Code)
		}
		return bot.Reply{}
	}
	if rec := h.serve(first); rec.Code != http.StatusOK || len(h.d.requests()) != 1 {
		t.Errorf("first: %d, %d requests", rec.Code, len(h.d.requests()))
	}
}

// What failed for a reason that passes comes again as it was.
func TestWebhookTakesTheSameRequestAgainAfterAFailure(t *testing.T) {
	h := openHook(t)
	app, _ := h.lark.App()
	body := event("im.message.receive_v1", "e1", app, h.lark.Tenant(), verifyWord, map[string]any{"sender": map[string]any{"sender_id": map[string]string{"open_id": "ou_ann"}, "sender_type": "user", "tenant_key": h.lark.Tenant()},
		"message": map[string]any{"message_id": "om_1", "chat_id": "oc_p2p_ann", "chat_type": "p2p", "message_type": "file", "content": `{"file_key":"file_x","file_name":"a.csv"}`}})
	h.lark.Break(emulator.Fault{API: "GET /open-apis/im/v1/messages", Kind: emulator.Throttled, Wait: time.Second})
	first, again := h.twice(body)
	if rec := h.serve(first); rec.Code != http.StatusServiceUnavailable {
		t.Fatalf("first: %d", rec.Code)
	}
	h.lark.Mend()
	if rec := h.serve(again); rec.Code != http.StatusOK {
		t.Errorf("again: %d", rec.Code)
	}
}

func TestWebhookRefusesAnotherTenant(t *testing.T) {
	h := openHook(t)
	if rec := h.serve(h.request(h.press("e1"))); rec.Code != http.StatusOK {
		t.Fatalf("our tenant: %d", rec.Code)
	}
	if rec := h.serve(h.request(event("card.action.trigger", "e2", "cli_emulated", "another_tenant", verifyWord, pressBody(nil)))); rec.Code != http.StatusUnauthorized {
		t.Errorf("another tenant: %d", rec.Code)
	}
	if n := len(h.d.requests()); n != 1 {
		t.Errorf("%d requests got in", n)
	}
}

// homes keeps the app's tenant while processes come and go; it can be out of reach.
type homes struct {
	home string
	down bool
}

func (h *homes) Home(_ context.Context, _, _, claim string) (string, error) {
	if h.down {
		return "", errors.New("the database is down")
	}
	if h.home == "" {
		h.home = claim
	}
	return h.home, nil
}

// After a restart the first event may be anybody's: whose the app is was kept.
func TestAnotherTenantIsNotServedAfterARestart(t *testing.T) {
	kept := &homes{}
	start := func() *hook {
		w, d := open(t, emulator.LarkOptions{}, true, func(o *larkbot.Options) { o.Homes = kept })
		return &hook{t: t, lark: w.lark, d: d, bot: w.current(), w: w}
	}
	if h := start(); h.serve(h.request(h.press("e1"))).Code != http.StatusOK || kept.home != h.lark.Tenant() {
		t.Fatalf("the first event made it %q", kept.home)
	}
	h := start()
	foreign := func(id string) []byte {
		return event("card.action.trigger", id, "cli_emulated", "another_tenant", verifyWord, pressBody(nil))
	}
	if rec := h.serve(h.request(foreign("e2"))); rec.Code != http.StatusUnauthorized {
		t.Errorf("another tenant: %d", rec.Code)
	}
	if rec := h.serve(h.request(h.press("e3"))); rec.Code != http.StatusOK || len(h.d.requests()) != 1 {
		t.Errorf("our tenant: %d, %d requests", rec.Code, len(h.d.requests()))
	}
	// While nobody can tell whose it is, nobody is believed.
	kept.down = true
	h = start()
	h.serve(h.request(foreign("e4")))
	h.serve(h.request(h.press("e5")))
	if n := len(h.d.requests()); n != 0 {
		t.Errorf("%d requests got in", n)
	}
	kept.down = false
	if rec := h.serve(h.request(h.press("e6"))); rec.Code != http.StatusOK || len(h.d.requests()) != 1 {
		t.Errorf("when it is known again: %d, %d requests", rec.Code, len(h.d.requests()))
	}
}

func TestWebhookAcknowledgesEventsWithoutMeaning(t *testing.T) {
	h := openHook(t)
	if rec := h.serve(h.request(event("vc.meeting.some_future_event_v9", "e1", "cli_emulated", h.lark.Tenant(), verifyWord, map[string]string{}))); rec.Code != http.StatusOK || strings.TrimSpace(rec.Body.String()) != "{}" {
		t.Errorf("answered %d %s", rec.Code, rec.Body)
	}
}

func TestWebhookSurvivesBodiesThatDoNotFit(t *testing.T) {
	h := openHook(t)
	for _, kind := range []string{"im.message.receive_v1", "card.action.trigger", "application.bot.menu_v6", "im.chat.member.bot.added_v1", "contact.user.deleted_v3"} {
		for i, body := range []any{nil, "text", []int{1}, map[string]any{"sender": 1, "operator": "x", "action": []int{}, "object": 5}, map[string]any{"message": map[string]any{"content": 3}}} {
			rec := h.serve(h.request(event(kind, kind+string(rune('a'+i)), "cli_emulated", h.lark.Tenant(), verifyWord, body)))
			if rec.Code != http.StatusOK && rec.Code != http.StatusUnauthorized {
				t.Errorf("%s %v: %d", kind, body, rec.Code)
			}
		}
	}
}

func TestWebhookNeedsItsSecrets(t *testing.T) {
	store := kv.NewMemory(crm.WallClock{})
	defer store.Close()
	for _, o := range []larkbot.Options{{EncryptKey: "k"}, {VerificationToken: "t"}} {
		o.AppID, o.AppSecret, o.BaseURL, o.KV, o.Webhook = "a", "s", "http://x", store, true
		if _, err := larkbot.New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
	b, err := larkbot.New(larkbot.Options{AppID: "a", AppSecret: "s", BaseURL: "http://x", KV: store})
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")))
	if rec.Code != http.StatusNotFound {
		t.Errorf("the webhook is open in long connection mode: %d", rec.Code)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
