package webchat_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const hostile = `<script>alert(1)</script> " ' & **x** [a](javascript:b)`

// site is a page with three people and a bot that echoes.
type site struct {
	t      *testing.T
	db     *store.DB
	hub    *webchat.Hub
	server *webchat.Server
	http   *httptest.Server
	people []org.User
	clock  *crm.MovableClock

	mu    sync.Mutex
	shown []bot.Shown
	files []bot.File
}

type resolver struct{ dir *org.Directory }

func (r resolver) ByIdentity(ctx context.Context, _, _, id string) (crm.Actor, error) {
	var n int64
	if _, err := fmt.Sscan(id, &n); err != nil {
		return crm.Actor{}, err
	}
	return r.dir.Actor(ctx, crm.UserID(n))
}

func echoCard(text string) card.Card {
	return card.Card{Title: "回声 " + text, Summary: text, About: []crm.Ref{crm.LeadID(1).Ref()},
		Blocks: []card.Block{card.Text{Spans: []card.Span{{Text: text}}}, card.Buttons{Items: []card.Button{cards.CommandButton("再来", "/回声 again")}}}}
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, clock: crm.NewMovableClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), true)}
	var err error
	if s.db, err = store.Open(t.Context(), testdb.SQLite(t), s.clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := org.NewDirectory(s.db, s.db)
	for _, u := range []org.User{{Name: "李娜", Roles: []crm.Role{crm.Rep}}, {Name: "Grace", Roles: []crm.Role{crm.Rep}, Lang: crm.English}, {Name: hostile, Roles: []crm.Role{crm.Boss}}} {
		u.Active = true
		if err := dir.SaveUser(t.Context(), &u); err != nil {
			t.Fatal(err)
		}
		s.people = append(s.people, u)
	}
	echo := bot.Command[string]{Name: "回声", Aliases: []string{"echo"}, Summary: crm.Text{Zh: "重复", En: "repeat"}, Usage: crm.Text{Zh: "文字", En: "text"}, Examples: []string{"/回声 x"},
		Parse: func(rest string) (string, error) { return rest, nil },
		Run: func(_ context.Context, _ crm.Actor, c bot.Call, text string) (bot.Reply, error) {
			return bot.Show(echoCard(text), bot.View{Name: "echo", Ref: text}), nil
		}}
	secret := echo
	secret.Name, secret.Aliases, secret.Examples = "密", nil, []string{"/密"}
	secret.Run = func(_ context.Context, _ crm.Actor, c bot.Call, text string) (bot.Reply, error) {
		r := bot.Show(echoCard("13800000000"), bot.View{Name: "echo", Ref: "secret"})
		r.Private = true
		return r, nil
	}
	press := bot.Handle[cards.RunCommand]{Run: func(_ context.Context, a crm.Actor, _ bot.Call, p cards.RunCommand) (bot.Reply, error) {
		return bot.Replace(echoCard(p.Line), bot.View{Name: "echo", Ref: "pressed"}, "按下了"), nil
	}}
	router, err := bot.NewRouter(echo, secret, press)
	if err != nil {
		t.Fatal(err)
	}
	router.Upload = func(_ context.Context, _ crm.Actor, c bot.Call) (bot.Reply, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.files = append(s.files, c.Req.Files...)
		return bot.Reply{Text: fmt.Sprintf("%d files", len(c.Req.Files)), Files: []bot.File{{Name: "result.csv", Data: []byte("a,b\n")}}}, nil
	}
	router.Free = func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) { return bot.Reply{}, bot.ErrUnhandled }
	router.Welcome = func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) { return bot.Say("welcome"), nil }
	router.StaleAction = func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) {
		return bot.Reply{}, crm.Stale("AP-06", "这张卡片已失效", "this card is out of date")
	}
	rt := &bot.Runtime{Router: router, People: resolver{dir}, Sent: func(_ context.Context, _ bot.MessageRef, x bot.Shown) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.shown = append(s.shown, x)
		return nil
	}}
	rt.Use(bot.Recover())
	s.hub = webchat.NewHub(s.db.Webchat(), s.clock)
	if err := s.hub.Connect(t.Context(), rt); err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("CST", 8*3600)
	s.server = &webchat.Server{Hub: s.hub, Directory: dir, Router: router, Clock: s.clock, Zone: zone, MaxUpload: 1 << 20,
		Advance: func(_ context.Context, to time.Time) error { return s.clock.Set(to) }}
	s.http = httptest.NewServer(s.server.Handler())
	t.Cleanup(s.http.Close)
	return s
}

// do sends a request as a person and decodes the answer.
func (s *site) do(method, path string, body any, want int) map[string]any {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.raw(method, path, "application/json", bytes.NewReader(raw), want)
}

func (s *site) raw(method, path, kind string, body io.Reader, want int) map[string]any {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.http.URL+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Crmbot", "1")
	req.Header.Set("Content-Type", kind)
	res, err := s.http.Client().Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode != want {
		s.t.Errorf("%s %s: status %d, want %d: %.300s", method, path, res.StatusCode, want, all)
	}
	var out any
	if err := json.Unmarshal(all, &out); err != nil {
		return map[string]any{"body": string(all)}
	}
	if m, ok := out.(map[string]any); ok {
		return m
	}
	return map[string]any{"list": out}
}

func (s *site) list(path string) []map[string]any {
	s.t.Helper()
	var out []map[string]any
	items, ok := s.do("GET", path, nil, http.StatusOK)["list"].([]any)
	if !ok {
		s.t.Fatalf("%s is no list", path)
	}
	for _, x := range items {
		out = append(out, x.(map[string]any))
	}
	return out
}

func TestOnlyLoopbackHostsAndTheOwnHeader(t *testing.T) {
	s := newSite(t)
	h := s.server.Handler()
	for host, want := range map[string]int{"localhost": 200, "localhost:8470": 200, "127.0.0.1:1": 200, "127.8.8.8": 200, "[::1]:8470": 200, "::1": 200,
		"evil.example": 403, "evil.example:8470": 403, "127.0.0.1.evil.example": 403, "10.0.0.1": 403, "0.0.0.0": 403, "": 403, "localhost.evil.example": 403} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: %d, want %d", host, w.Code, want)
		}
		if want == 200 && !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("no content security policy")
		}
	}
	for _, path := range []string{"/api/send", "/api/press", "/api/upload", "/api/group", "/api/clock"} {
		r := httptest.NewRequest("POST", path+"?as=1", strings.NewReader(`{"chat":"u1","text":"/echo"}`))
		r.Host = "localhost"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 403 {
			t.Errorf("%s without the header: %d", path, w.Code)
		}
	}
	if ms := s.list("/api/messages?as=1&chat=u1"); len(ms) != 0 {
		t.Errorf("a refused request left %v", ms)
	}
}

func TestSomebodyElsesChatDoesNotExist(t *testing.T) {
	s := newSite(t)
	s.do("POST", "/api/send?as=1", map[string]any{"chat": "u1", "text": "/echo mine"}, 200)
	g, err := s.hub.AddGroup(t.Context(), "群", 1)
	if err != nil {
		t.Fatal(err)
	}
	ms := s.list("/api/messages?as=1&chat=u1")
	if len(ms) != 2 {
		t.Fatalf("%d messages", len(ms))
	}
	cardID := ms[1]["id"]
	for _, chat := range []string{"u1", g.ID, "u01", "u+1", "g999", "", "x"} {
		s.do("GET", "/api/messages?as=2&chat="+chat, nil, 404)
		s.do("POST", "/api/send?as=2", map[string]any{"chat": chat, "text": "hello"}, 404)
	}
	s.do("GET", "/api/messages?as=1&chat=u01", nil, 404)
	wire, err := card.Encode(cards.RunCommand{Line: "/echo"})
	if err != nil {
		t.Fatal(err)
	}
	s.do("POST", "/api/press?as=2", map[string]any{"message": cardID, "action": wire}, 404)
	s.do("POST", "/api/press?as=1", map[string]any{"message": 12345, "action": wire}, 404)
	s.do("GET", fmt.Sprintf("/api/raw?as=2&message=%v&form=lark", cardID), nil, 404)
	s.do("GET", "/files/1?as=2", nil, 404)
	s.do("GET", "/api/messages?as=99&chat=u99", nil, 403)
	s.do("GET", "/api/messages?as=nobody&chat=u1", nil, 400)
	if got := s.list("/api/messages?as=1&chat=u1"); len(got) != 2 {
		t.Errorf("others changed the chat: %d messages", len(got))
	}
}

func TestACardIsShownPressedAndUpdatedInPlace(t *testing.T) {
	s := newSite(t)
	s.do("POST", "/api/send?as=1", map[string]any{"chat": "u1", "text": "／回声　一"}, 200)
	ms := s.list("/api/messages?as=1&chat=u1")
	if len(ms) != 2 || ms[0]["text"] != "／回声　一" || ms[0]["from"] != 1.0 || ms[1]["is_card"] != true || !strings.Contains(ms[1]["html"].(string), "回声 一") {
		t.Fatalf("got %v", ms)
	}
	wire, err := card.Encode(cards.RunCommand{Line: "二"})
	if err != nil {
		t.Fatal(err)
	}
	s.do("POST", "/api/press?as=1", map[string]any{"message": ms[1]["id"], "action": wire}, 200)
	after := s.list("/api/messages?as=1&chat=u1")
	if len(after) != 2 || after[1]["id"] != ms[1]["id"] || after[1]["rev"] != 1.0 || !strings.Contains(after[1]["html"].(string), "回声 二") {
		t.Errorf("after the press: %v", after)
	}
	if len(s.shown) != 2 || s.shown[1].View.Ref != "pressed" || s.shown[1].User != 1 || s.shown[1].At.IsZero() || len(s.shown[1].About) != 1 {
		t.Errorf("remembered %+v", s.shown)
	}
	chats := s.list("/api/chats?as=1")
	if len(chats) != 1 || chats[0]["last"] != "二" {
		t.Errorf("chats %v", chats)
	}
}

func TestPrivateAnswersLeaveTheGroupPM03(t *testing.T) {
	s := newSite(t)
	id, ok := s.do("POST", "/api/group?as=1", map[string]any{"title": " 华东群 ", "members": []int{2, 2, 1}}, 200)["id"].(string)
	if !ok {
		t.Fatal("no group")
	}
	s.do("POST", "/api/send?as=1", map[string]any{"chat": id, "text": "只是聊天"}, 200)
	s.do("POST", "/api/send?as=1", map[string]any{"chat": id, "text": "@bot /密"}, 200)
	group, err := json.Marshal(s.list("/api/messages?as=2&chat=" + id))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(group), "13800000000") || !strings.Contains(string(group), "已私信回复") || strings.Contains(string(group), "没有看懂") {
		t.Errorf("the group reads %s", group)
	}
	if mine := s.list("/api/messages?as=1&chat=u1"); len(mine) != 1 || !strings.Contains(mine[0]["html"].(string), "13800000000") {
		t.Errorf("the person reads %v", mine)
	}
	if chats := s.list("/api/chats?as=2"); len(chats) != 2 || chats[1]["title"] != "华东群" || len(chats[1]["members"].([]any)) != 2 {
		t.Errorf("the other member's chats: %v", chats)
	}
	for _, bad := range []map[string]any{{"title": ""}, {"title": strings.Repeat("长", 41)}} {
		s.do("POST", "/api/group?as=1", bad, 400)
	}
	s.do("POST", "/api/group?as=1", map[string]any{"title": "x", "members": []int{99}}, 403)
}

func TestHostileTextStaysText(t *testing.T) {
	s := newSite(t)
	s.do("POST", "/api/send?as=3", map[string]any{"chat": "u3", "text": "/回声 " + hostile}, 200)
	for _, m := range s.list("/api/messages?as=3&chat=u3") {
		if h, ok := m["html"].(string); ok && (strings.Contains(h, "<script") || strings.Contains(h, "href=\"javascript")) {
			t.Errorf("the card runs: %s", h)
		}
		if x, ok := m["text"].(string); ok && !strings.Contains(x, "<script>alert(1)</script>") {
			t.Errorf("the text was changed: %s", x)
		}
	}
	s.do("POST", "/api/send?as=1", map[string]any{"chat": "u1", "text": strings.Repeat("字", 10_000)}, 200)
	s.do("POST", "/api/send?as=1", map[string]any{"chat": "u1", "text": "  "}, 400)
	s.raw("POST", "/api/send?as=1", "application/json", strings.NewReader("{"), 400)
	s.raw("POST", "/api/send?as=1", "application/json", strings.NewReader(`{"text":"`+strings.Repeat("x", 2<<20)+`"}`), 413)
}

func upload(t *testing.T, files map[string][]byte) (string, *bytes.Buffer) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, data := range files {
		p, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), &b
}

func TestUploads(t *testing.T) {
	s := newSite(t)
	kind, body := upload(t, map[string][]byte{`C:\data\线索.csv`: []byte("a\n")})
	s.raw("POST", "/api/upload?as=1&chat=u1", kind, body, 200)
	if len(s.files) != 1 || s.files[0].Name != "线索.csv" || string(s.files[0].Data) != "a\n" {
		t.Errorf("got %+v", s.files)
	}
	kind, body = upload(t, map[string][]byte{"big.csv": make([]byte, 5<<20)})
	if got := s.raw("POST", "/api/upload?as=1&chat=u1", kind, body, 413); !strings.Contains(fmt.Sprint(got["error"]), "1 MB") {
		t.Errorf("the answer to a big file: %v", got)
	}
	kind, body = upload(t, map[string][]byte{"a.csv": []byte("x")})
	s.raw("POST", "/api/upload?as=1&chat=u2", kind, body, 404)
	kind, body = upload(t, map[string][]byte{"cut.csv": make([]byte, 10_000)})
	if got := s.raw("POST", "/api/upload?as=1&chat=u1", kind, bytes.NewReader(body.Bytes()[:5000]), 400); !strings.Contains(fmt.Sprint(got["error"]), "中断") {
		t.Errorf("the answer to half a file: %v", got)
	}
	kind, body = upload(t, nil)
	s.raw("POST", "/api/upload?as=1&chat=u1", kind, body, 400)
	s.raw("POST", "/api/upload?as=1&chat=u1", "text/plain", strings.NewReader("x"), 400)
	if len(s.files) != 1 {
		t.Errorf("refused files arrived: %d", len(s.files))
	}
	ms := s.list("/api/messages?as=1&chat=u1")
	last := ms[len(ms)-1]
	if last["file"] != "result.csv" {
		t.Fatalf("no result: %v", ms)
	}
	got := s.raw("GET", fmt.Sprintf("/files/%v?as=1", last["id"]), "", nil, 200)
	if got["body"] != "a,b\n" {
		t.Errorf("downloaded %v", got)
	}
	s.raw("GET", fmt.Sprintf("/files/%v?as=2", last["id"]), "", nil, 404)
}

func TestRawFormsShowThePlatformsPayload(t *testing.T) {
	s := newSite(t)
	s.do("POST", "/api/send?as=1", map[string]any{"chat": "u1", "text": "/回声 一"}, 200)
	id := s.list("/api/messages?as=1&chat=u1")[1]["id"]
	for form, has := range map[string]string{"lark": `"schema": "2.0"`, "ding-template": "回声 一", "ding-public": "回声 一", "ding-plain": "回声 一", "text": "回声 一"} {
		got := s.do("GET", fmt.Sprintf("/api/raw?as=1&message=%v&form=%s", id, form), nil, 200)
		if !strings.Contains(fmt.Sprint(got["body"]), has) || len(got["problems"].([]any)) != 0 {
			t.Errorf("%s: %v", form, got)
		}
	}
	s.do("GET", fmt.Sprintf("/api/raw?as=1&message=%v&form=pdf", id), nil, 400)
	s.do("GET", "/gallery/raw?index=0&form=lark", nil, 200)
	s.do("GET", "/gallery/raw?index=100000&form=lark", nil, 404)
	for _, path := range []string{"/", "/gallery", "/gallery?lang=en&theme=dark", "/web/app.js", "/web/card.css"} {
		s.raw("GET", path, "", nil, 200)
	}
}

func TestClockMovesForwardOnly(t *testing.T) {
	s := newSite(t)
	start := s.clock.Now()
	s.do("POST", "/api/clock?as=1", map[string]any{"minutes": 30}, 200)
	if got := s.clock.Now().Sub(start); got != 30*time.Minute {
		t.Errorf("moved by %s", got)
	}
	s.do("POST", "/api/clock?as=1", map[string]any{"to": "2026-03-02T17:30"}, 200)
	if got := s.clock.Now(); !got.Equal(time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)) {
		t.Errorf("moved to %s", got)
	}
	for _, bad := range []map[string]any{{"minutes": 0}, {"minutes": -5}, {"to": "2026-03-02T17:29"}, {"to": "yesterday"}, {"minutes": 100 * 24 * 60}, {"minutes": 1 << 62}} {
		s.do("POST", "/api/clock?as=1", bad, 400)
	}
	s.server.Advance = nil
	s.do("POST", "/api/clock?as=1", map[string]any{"minutes": 30}, 400)
}

func TestCommandsAreListedInThePersonsLanguage(t *testing.T) {
	s := newSite(t)
	if zh := s.list("/api/commands?as=1"); zh[0]["name"] != "回声" || zh[0]["summary"] != "重复" {
		t.Errorf("got %v", zh[0])
	}
	if en := s.list("/api/commands?as=2"); en[0]["name"] != "echo" || en[0]["summary"] != "repeat" {
		t.Errorf("got %v", en[0])
	}
	if p := s.list("/api/people"); len(p) != 3 || p[1]["lang"] != "en" || p[0]["roles"] != "销售" {
		t.Errorf("people %v", p)
	}
}

// stream reads server-sent events.
type stream struct {
	t    *testing.T
	body io.ReadCloser
	in   *bufio.Scanner
}

func (s *site) stream(as int) *stream {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", fmt.Sprintf("%s/api/events?as=%d", s.http.URL, as), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := s.http.Client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { res.Body.Close() })
	st := &stream{s.t, res.Body, bufio.NewScanner(res.Body)}
	st.in.Buffer(nil, 1<<20)
	if kind, _ := st.next(); kind != "hello" {
		s.t.Fatalf("the stream begins with %q", kind)
	}
	return st
}

func (s *stream) next() (kind string, data map[string]any) {
	s.t.Helper()
	for s.in.Scan() {
		if k, ok := strings.CutPrefix(s.in.Text(), "event: "); ok {
			kind = k
		}
		if d, ok := strings.CutPrefix(s.in.Text(), "data: "); ok {
			if err := json.Unmarshal([]byte(d), &data); err != nil {
				s.t.Fatal(err)
			}
			return kind, data
		}
	}
	return "", nil
}

func TestEventsComeInOrderAndOnlyToThoseWhoSeeThem(t *testing.T) {
	s := newSite(t)
	g, err := s.hub.AddGroup(t.Context(), "群", 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	mine, other := s.stream(1), s.stream(2)
	var want []string
	for i := range 20 {
		text := fmt.Sprintf("m%d", i)
		want = append(want, text)
		s.do("POST", "/api/send?as=1", map[string]any{"chat": "u1", "text": "secret"}, 200)
		s.do("POST", "/api/send?as=1", map[string]any{"chat": g.ID, "text": text}, 200)
	}
	var got []string
	for len(got) < len(want) {
		kind, m := other.next()
		if kind != "message" || m["chat"] != g.ID {
			t.Fatalf("somebody else got %s %v", kind, m)
		}
		got = append(got, m["text"].(string))
	}
	if !slices.Equal(got, want) {
		t.Errorf("in this order: %v", got)
	}
	if _, m := mine.next(); m["text"] != "secret" {
		t.Errorf("the sender got %v", m)
	}
	s.do("POST", "/api/clock?as=1", map[string]any{"minutes": 5}, 200)
	if kind, m := other.next(); kind != "clock" || m["text"] != "2026-03-02 09:05" {
		t.Errorf("got %s %v", kind, m)
	}
}

// TestASlowBrowserIsToldToReload: whoever does not read costs no more than the
// backlog, and learns that something was missed.
func TestASlowBrowserIsToldToReload(t *testing.T) {
	s := newSite(t)
	g, err := s.hub.AddGroup(t.Context(), "群", 1)
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	w := &slowWriter{header: http.Header{}, release: release}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := httptest.NewRequest("GET", "/api/events?as=1", nil).WithContext(ctx)
		r.Host = "localhost"
		s.server.Handler().ServeHTTP(w, r)
	}()
	w.waitFor(t, "hello")
	for range 600 { // far more than the backlog, while the browser reads nothing
		s.hub.Chat(webchat.Event{Kind: "chats", Chat: g.ID})
	}
	close(release)
	w.waitFor(t, "event: reload")
	stop()
	<-done
}

// TestStreamsEndWithTheirBrowserAndWithTheHub.
func TestStreamsEndWithTheirBrowserAndWithTheHub(t *testing.T) {
	s := newSite(t)
	a, b := s.stream(1), s.stream(2)
	if n := s.hub.Subscribers(); n != 2 {
		t.Fatalf("%d subscribers", n)
	}
	a.body.Close()
	eventually(t, func() bool { return s.hub.Subscribers() == 1 })
	s.hub.Close()
	s.hub.Close()
	if kind, _ := b.next(); kind != "" {
		t.Errorf("the stream goes on with %q", kind)
	}
	eventually(t, func() bool { return s.hub.Subscribers() == 0 })
	if _, err := s.hub.Send(t.Context(), bot.Outgoing{User: "1", Text: "still"}); err != nil {
		t.Error(err)
	}
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it did not come about within 20 s")
		}
	}
}

// slowWriter blocks every write after the first until it is released.
type slowWriter struct {
	header  http.Header
	release chan struct{}
	mu      sync.Mutex
	got     bytes.Buffer
}

func (w *slowWriter) Header() http.Header { return w.header }
func (w *slowWriter) WriteHeader(int)     {}
func (w *slowWriter) Flush()              {}
func (w *slowWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	first := w.got.Len() == 0
	w.mu.Unlock()
	if !first {
		<-w.release
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.got.Write(p)
}

func (w *slowWriter) waitFor(t *testing.T, text string) {
	t.Helper()
	eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return strings.Contains(w.got.String(), text)
	})
}

func TestTheSameKeyIsShownOnce(t *testing.T) {
	s := newSite(t)
	c := echoCard("一")
	var refs []bot.MessageRef
	for range 2 {
		ref, err := s.hub.Send(t.Context(), bot.Outgoing{User: "1", Text: "t", Card: &c, Key: "k1"})
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	if refs[0] != refs[1] || refs[0].Chat != "u1" {
		t.Errorf("two messages: %v", refs)
	}
	if ms := s.list("/api/messages?as=1&chat=u1"); len(ms) != 2 {
		t.Errorf("%d messages, want the text and the card", len(ms))
	}
	if err := s.hub.Update(t.Context(), bot.MessageRef{ID: "999"}, c); !errors.Is(err, bot.ErrPermanent) {
		t.Errorf("updating what is gone: %v", err)
	}
	if err := s.hub.Update(t.Context(), bot.MessageRef{ID: "x"}, c); !errors.Is(err, bot.ErrPermanent) {
		t.Errorf("updating nonsense: %v", err)
	}
}

// TestChatsSurviveARestart: a new hub on the same database knows the groups.
func TestChatsSurviveARestart(t *testing.T) {
	s := newSite(t)
	for i := range 12 {
		if _, err := s.hub.AddGroup(t.Context(), fmt.Sprint("群", i), 1, 2); err != nil {
			t.Fatal(err)
		}
	}
	again := webchat.NewHub(s.db.Webchat(), s.clock)
	if err := again.Connect(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if a, b := fmt.Sprint(again.Groups()), fmt.Sprint(s.hub.Groups()); a != b || len(again.Groups()) != 12 || again.Groups()[11].Title != "群11" {
		t.Errorf("after: %s, before: %s", a, b)
	}
}

func TestLateAndFirstAnswers(t *testing.T) {
	s := newSite(t)
	if err := s.hub.Enter(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	s.hub.Later(t.Context(), &bot.Req{From: "1", Chat: bot.Chat{ID: "u1"}}, bot.Say("late"))
	ms := s.list("/api/messages?as=1&chat=u1")
	if len(ms) != 2 || ms[0]["text"] != "welcome" || ms[1]["text"] != "late" {
		t.Errorf("got %v", ms)
	}
	if list, err := s.hub.Messages(t.Context(), 1, "u1", int64(ms[1]["id"].(float64)), 10); err != nil || len(list) != 1 {
		t.Errorf("before the last: %v, %v", list, err)
	}
}

// TestEventsOfManyComeInTheOrderOfTheStore: whoever follows the stream sees the
// chat as a reload would show it.
func TestEventsOfManyComeInTheOrderOfTheStore(t *testing.T) {
	s := newSite(t)
	g, err := s.hub.AddGroup(t.Context(), "群", 1, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []int64 // written in the order of events, which is one at a time
	cancel := s.hub.Subscribe(func(e webchat.Event) {
		if e.Message != nil {
			got = append(got, e.Message.ID)
		}
	})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if _, err := s.hub.Post(t.Context(), webchat.Incoming{User: s.people[i%3].ID, Chat: g.ID, Text: "/echo x", ToBot: true}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	cancel()
	if len(got) != 80 || !slices.IsSorted(got) {
		t.Errorf("%d events in the order %v", len(got), got)
	}
}
