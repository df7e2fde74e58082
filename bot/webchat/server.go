package webchat

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/cards/htmlcard"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

//go:embed web
var web embed.FS

// Directory is what the page needs to know of the company.
type Directory interface {
	Users(ctx context.Context, keep func(org.User) bool) ([]org.User, error)
	Actor(ctx context.Context, id crm.UserID) (crm.Actor, error)
	User(ctx context.Context, id crm.UserID) (org.User, error)
	Team(ctx context.Context, id crm.TeamID) (org.Team, error)
}

// Server is the page and its interface.
type Server struct {
	Hub       *Hub
	Directory Directory
	Router    *bot.Router
	Clock     crm.Clock
	Zone      *time.Location
	// Advance moves the clock forward and does what falls due; nil: the clock
	// cannot be moved.
	Advance func(ctx context.Context, t time.Time) error
	// MaxUpload is the largest upload in bytes; zero: 25 MB.
	MaxUpload int64
}

// Handler serves the page. It answers only requests that name a loopback host,
// so that no page of another site can reach it through a rebound name, and
// changes only for requests that carry the page's own header.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	static, err := fs.Sub(web, "web")
	if err != nil {
		panic(err) // the folder is embedded: this cannot happen
	}
	mux.Handle("GET /web/", http.StripPrefix("/web/", http.FileServerFS(static)))
	mux.HandleFunc("GET /web/card.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		io.WriteString(w, htmlcard.CSS)
	})
	mux.HandleFunc("GET /{$}", s.page("index.html"))
	mux.HandleFunc("GET /gallery", s.gallery)
	mux.HandleFunc("GET /gallery/raw", s.galleryRaw)
	mux.HandleFunc("GET /api/people", s.json(s.people))
	mux.HandleFunc("GET /api/chats", s.json(s.chats))
	mux.HandleFunc("GET /api/messages", s.json(s.messages))
	mux.HandleFunc("GET /api/commands", s.json(s.commands))
	mux.HandleFunc("GET /api/clock", s.json(s.clock))
	mux.HandleFunc("GET /api/raw", s.json(s.raw))
	mux.HandleFunc("GET /api/events", s.events)
	mux.HandleFunc("GET /files/{id}", s.file)
	mux.HandleFunc("POST /api/send", s.json(s.send))
	mux.HandleFunc("POST /api/upload", s.json(s.upload))
	mux.HandleFunc("POST /api/press", s.json(s.press))
	mux.HandleFunc("POST /api/group", s.json(s.newGroup))
	mux.HandleFunc("POST /api/clock", s.json(s.moveClock))
	return guard(mux)
}

func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if ip := net.ParseIP(strings.Trim(host, "[]")); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this page is for trying out and answers on the loopback address only", http.StatusForbidden)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get("X-Crmbot") == "" {
			http.Error(w, "missing header", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

var pages = template.Must(template.ParseFS(web, "web/*.html"))

func (s *Server) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := pages.ExecuteTemplate(w, name, nil); err != nil {
			slog.Error("page", "name", name, "err", err)
		}
	}
}

// who is the person that the page acts as. The page is for trying out: whoever
// reaches the loopback address may be anybody.
func (s *Server) who(r *http.Request) (crm.Actor, error) {
	id, err := strconv.ParseInt(r.URL.Query().Get("as"), 10, 64)
	if err != nil {
		return crm.Actor{}, crm.Invalid("请先选择身份", "choose who you are first")
	}
	return s.Directory.Actor(r.Context(), crm.UserID(id))
}

// json turns a function into a handler with one form of answers and errors.
func (s *Server) json(fn func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		v, err := fn(r)
		if err != nil {
			w.WriteHeader(status(err))
			lang := crm.Chinese
			if a, e := s.who(r); e == nil {
				lang = a.Lang
			}
			v = map[string]string{"error": crm.MessageOf(err, lang)}
		}
		if err := json.NewEncoder(w).Encode(v); err != nil {
			slog.Debug("write answer", "err", err)
		}
	}
}

func status(err error) int {
	if errors.Is(err, ErrNoChat) {
		return http.StatusNotFound
	}
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return http.StatusRequestEntityTooLarge
	}
	switch crm.CodeOf(err) {
	case crm.CodeInvalid:
		return http.StatusBadRequest
	case crm.CodeNotFound:
		return http.StatusNotFound
	case crm.CodeForbidden:
		return http.StatusForbidden
	case crm.CodeTooMany:
		return http.StatusRequestEntityTooLarge
	}
	slog.Error("page request", "err", err)
	return http.StatusInternalServerError
}

type personJSON struct {
	ID     crm.UserID `json:"id"`
	Name   string     `json:"name"`
	Roles  string     `json:"roles"`
	RoleEn string     `json:"roles_en"`
	Team   string     `json:"team"`
	Lang   string     `json:"lang"`
}

func (s *Server) people(r *http.Request) (any, error) {
	us, err := s.Directory.Users(r.Context(), nil)
	if err != nil {
		return nil, err
	}
	out := make([]personJSON, len(us))
	for i, u := range us {
		p := personJSON{ID: u.ID, Name: u.Name, Lang: "zh"}
		if u.Lang == crm.English {
			p.Lang = "en"
		}
		for j, x := range u.Roles {
			if j > 0 {
				p.Roles, p.RoleEn = p.Roles+"、", p.RoleEn+", "
			}
			p.Roles, p.RoleEn = p.Roles+x.Name(crm.Chinese), p.RoleEn+x.Name(crm.English)
		}
		if t, err := s.Directory.Team(r.Context(), u.Team); err == nil {
			p.Team = t.Name
		}
		out[i] = p
	}
	return out, nil
}

type chatJSON struct {
	ID      string       `json:"id"`
	Title   string       `json:"title"`
	Group   bool         `json:"group"`
	Members []personName `json:"members"`
	Last    string       `json:"last"`
	LastAt  int64        `json:"last_at"`
	LastID  int64        `json:"last_id"`
}

type personName struct {
	ID   crm.UserID `json:"id"`
	Name string     `json:"name"`
}

func (s *Server) chats(r *http.Request) (any, error) {
	a, err := s.who(r)
	if err != nil {
		return nil, err
	}
	out := []chatJSON{}
	for _, c := range s.Hub.ChatsOf(a.ID) {
		j := chatJSON{ID: c.ID, Title: c.Title, Group: c.Group()}
		for _, m := range c.Members {
			if u, err := s.Directory.User(r.Context(), m); err == nil {
				j.Members = append(j.Members, personName{u.ID, u.Name})
			}
		}
		ms, err := s.Hub.Messages(r.Context(), a.ID, c.ID, 0, 1)
		if err != nil {
			return nil, err
		}
		if len(ms) == 1 {
			j.Last, j.LastAt, j.LastID = preview(ms[0], a.Lang), ms[0].At.UnixMilli(), ms[0].ID
		}
		out = append(out, j)
	}
	return out, nil
}

func preview(m Message, l crm.Lang) string {
	switch {
	case m.Card != nil && m.Card.Summary != "":
		return m.Card.Summary
	case m.Card != nil:
		return l.T("[卡片] ", "[card] ") + m.Card.Title
	case m.File != "":
		return l.T("[文件] ", "[file] ") + m.File
	}
	return m.Text
}

type messageJSON struct {
	ID     int64      `json:"id"`
	Chat   string     `json:"chat"`
	From   crm.UserID `json:"from"`
	Name   string     `json:"name"`
	Text   string     `json:"text,omitempty"`
	HTML   string     `json:"html,omitempty"`
	File   string     `json:"file,omitempty"`
	At     int64      `json:"at"`
	Rev    int64      `json:"rev"`
	Prev   string     `json:"preview"`
	Lossy  []string   `json:"lossy,omitempty"`
	IsCard bool       `json:"is_card"`
}

func (s *Server) message(ctx context.Context, m Message, l crm.Lang) messageJSON {
	j := messageJSON{ID: m.ID, Chat: m.Chat, From: m.From, Text: m.Text, File: m.File, At: m.At.UnixMilli(), Rev: m.Rev, Prev: preview(m, l)}
	if m.From != 0 {
		if u, err := s.Directory.User(ctx, m.From); err == nil {
			j.Name = u.Name
		}
	}
	if m.Card != nil {
		j.IsCard = true
		html, lossy, err := htmlcard.Render(*m.Card, htmlcard.Options{ID: "m" + strconv.FormatInt(m.ID, 10) + "r" + strconv.FormatInt(m.Rev, 10)})
		if err != nil {
			slog.ErrorContext(ctx, "render card", "message", m.ID, "err", err)
			j.Text = l.T("这张卡片无法显示", "this card cannot be shown")
			return j
		}
		j.HTML = string(html)
		for _, x := range lossy {
			j.Lossy = append(j.Lossy, x.Block+" → "+x.Shown)
		}
	}
	return j
}

func (s *Server) messages(r *http.Request) (any, error) {
	a, err := s.who(r)
	if err != nil {
		return nil, err
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // empty or wrong: from the end
	list, err := s.Hub.Messages(r.Context(), a.ID, r.URL.Query().Get("chat"), before, 40)
	if err != nil {
		return nil, err
	}
	out := make([]messageJSON, len(list))
	for i, m := range list {
		out[i] = s.message(r.Context(), m, a.Lang)
	}
	return out, nil
}

type commandJSON struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"`
	Usage   string   `json:"usage"`
	Summary string   `json:"summary"`
	Example string   `json:"example"`
	Bare    bool     `json:"bare"`
	Menu    bool     `json:"menu"`
}

func (s *Server) commands(r *http.Request) (any, error) {
	a, err := s.who(r)
	if err != nil {
		return nil, err
	}
	out := []commandJSON{}
	for _, e := range s.Router.Entries() {
		if !e.Allowed(a) {
			continue
		}
		c := commandJSON{Name: e.Name, Aliases: e.Aliases, Usage: e.Usage.In(a.Lang), Summary: e.Summary.In(a.Lang), Example: e.Examples[0], Bare: e.Bare, Menu: e.Menu}
		if a.Lang == crm.English && len(e.Aliases) > 0 {
			c.Name, c.Aliases = e.Aliases[0], append([]string{e.Name}, e.Aliases[1:]...)
		}
		out = append(out, c)
	}
	return out, nil
}

func (s *Server) clock(*http.Request) (any, error) {
	now := s.Clock.Now()
	return map[string]any{"now": now.UnixMilli(), "text": now.In(s.Zone).Format("2006-01-02 15:04"), "day": now.In(s.Zone).Weekday().String(), "movable": s.Advance != nil,
		"offset": zoneOffset(now, s.Zone)}, nil
}

func zoneOffset(t time.Time, z *time.Location) int {
	_, off := t.In(z).Zone()
	return off / 60
}

func (s *Server) moveClock(r *http.Request) (any, error) {
	if s.Advance == nil {
		return nil, crm.Invalid("这里的时钟不能移动", "the clock cannot be moved here")
	}
	var in struct {
		Minutes int    `json:"minutes"`
		To      string `json:"to"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	to := now.Add(time.Duration(in.Minutes) * time.Minute)
	if in.To != "" {
		t, err := time.ParseInLocation("2006-01-02T15:04", in.To, s.Zone)
		if err != nil {
			return nil, crm.Invalid("时间格式应为 2026-03-02 17:30", "the time must look like 2026-03-02 17:30")
		}
		to = t
	}
	if !to.After(now) {
		return nil, crm.Invalid("时钟只能向前移动，现在是 "+now.In(s.Zone).Format("2006-01-02 15:04"), "the clock only moves forward; it is "+now.In(s.Zone).Format("2006-01-02 15:04"))
	}
	if to.Sub(now) > 62*24*time.Hour {
		return nil, crm.Invalid("一次最多移动 62 天", "at most 62 days at once")
	}
	err := s.Advance(r.Context(), to)
	s.Hub.emit(Event{Kind: "clock"}) // it moved even if a job on the way failed
	if err != nil {
		return nil, err
	}
	return s.clock(r)
}

func decode(r *http.Request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20))
	if err := dec.Decode(v); err != nil {
		return crm.Invalid("请求无法读取", "the request cannot be read").WithCause(err)
	}
	return nil
}

func (s *Server) send(r *http.Request) (any, error) {
	a, err := s.who(r)
	if err != nil {
		return nil, err
	}
	var in struct{ Chat, Text string }
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	text, people, toBot := s.mentions(r.Context(), in.Text, strings.HasPrefix(in.Chat, "g"))
	if strings.TrimSpace(text) == "" {
		return nil, crm.Invalid("消息是空的", "the message is empty")
	}
	id, err := s.Hub.Post(context.WithoutCancel(r.Context()), Incoming{User: a.ID, Chat: in.Chat, Text: text, Mentions: people, ToBot: toBot})
	return map[string]string{"event": id}, err
}

// mentions finds "@name" in a message; "@bot" or a leading slash addresses the
// bot in a group.
func (s *Server) mentions(ctx context.Context, text string, group bool) (string, []bot.Mention, bool) {
	toBot := !group || strings.HasPrefix(strings.TrimSpace(text), "/")
	for _, name := range []string{"@bot", "@crmbot"} {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(text), name+" "); ok {
			text, toBot = strings.TrimSpace(rest), true
		}
	}
	var out []bot.Mention
	for _, f := range strings.Fields(text) {
		name, ok := strings.CutPrefix(f, "@")
		if !ok || name == "" {
			continue
		}
		us, err := s.Directory.Users(ctx, func(u org.User) bool { return u.Name == name })
		if err == nil && len(us) == 1 {
			out = append(out, bot.Mention{Token: f, ID: strconv.FormatInt(int64(us[0].ID), 10), Name: name})
		}
	}
	return text, out, toBot
}

func (s *Server) upload(r *http.Request) (any, error) {
	a, err := s.who(r)
	if err != nil {
		return nil, err
	}
	limit := s.MaxUpload
	if limit == 0 {
		limit = 25 << 20
	}
	body := r.Body
	r.Body = http.MaxBytesReader(nil, body, limit)
	mr, err := r.MultipartReader()
	if err != nil {
		return nil, crm.Invalid("没有收到文件", "there is no file").WithCause(err)
	}
	in := Incoming{User: a.ID, Chat: r.URL.Query().Get("chat"), ToBot: true}
	if _, err := s.Hub.chatFor(a.ID, in.Chat); err != nil {
		return nil, err // before anything is kept in memory
	}
	for {
		p, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			var data []byte
			if data, err = io.ReadAll(p); err == nil && p.FileName() != "" {
				in.Files = append(in.Files, bot.File{Name: fileName(p.FileName()), Data: data})
			}
		}
		if err != nil {
			return nil, uploadError(body, err, limit)
		}
	}
	if len(in.Files) == 0 {
		return nil, crm.Invalid("没有收到文件", "there is no file")
	}
	id, err := s.Hub.Post(context.WithoutCancel(r.Context()), in)
	return map[string]string{"event": id}, err
}

// fileName is a name without folders, of a length that every database keeps.
func fileName(name string) string {
	name = filepath.Base(name[strings.LastIndexByte(name, '\\')+1:])
	if r := []rune(name); len(r) > 120 {
		name = string(r[:80]) + "…" + string(r[len(r)-39:])
	}
	return name
}

// maxDrain bounds how much of a refused upload is read and thrown away: a
// browser reads the answer only after it has sent everything.
const maxDrain = 256 << 20

func uploadError(body io.Reader, err error, limit int64) error {
	var big *http.MaxBytesError
	if !errors.As(err, &big) {
		return crm.Invalid("上传中断或格式不对，没有保存", "the upload was cut off or malformed; nothing was saved").WithNext("请重新上传", "please upload it again").WithCause(err)
	}
	if _, err := io.CopyN(io.Discard, body, maxDrain); err != nil && !errors.Is(err, io.EOF) {
		slog.Debug("drain upload", "err", err)
	}
	return crm.Invalid(fmt.Sprintf("文件超过 %d MB，没有上传", limit>>20), fmt.Sprintf("the file is larger than %d MB and was not uploaded", limit>>20)).
		WithNext("请拆分文件，或由管理员用 crmbot import 导入", "split it, or let an administrator use crmbot import").WithCause(err)
}

func (s *Server) press(r *http.Request) (any, error) {
	a, err := s.who(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Message int64      `json:"message"`
		Action  card.Wire  `json:"action"`
		Values  bot.Values `json:"values"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	id, err := s.Hub.Press(context.WithoutCancel(r.Context()), Pressed{User: a.ID, Message: in.Message, Action: in.Action, Values: in.Values})
	return map[string]string{"event": id}, err
}

func (s *Server) newGroup(r *http.Request) (any, error) {
	a, err := s.who(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Title   string       `json:"title"`
		Members []crm.UserID `json:"members"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	in.Title = strings.TrimSpace(in.Title)
	if in.Title == "" || len([]rune(in.Title)) > 40 {
		return nil, crm.Invalid("群名需要 1 到 40 个字", "a group's name takes 1 to 40 characters")
	}
	members := append([]crm.UserID{a.ID}, in.Members...)
	slices.Sort(members)
	for _, m := range members {
		if _, err := s.Directory.Actor(r.Context(), m); err != nil {
			return nil, err
		}
	}
	c, err := s.Hub.AddGroup(r.Context(), in.Title, slices.Compact(members)...)
	return map[string]string{"id": c.ID}, err
}

func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	a, err := s.who(r)
	if err != nil {
		http.Error(w, crm.MessageOf(err, crm.Chinese), http.StatusBadRequest)
		return
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	name, data, err := s.Hub.File(r.Context(), a.ID, id)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	if _, err := w.Write(data); err != nil {
		slog.Debug("write file", "err", err)
	}
}

// samples is the gallery's list in the language of the request.
func samples(r *http.Request) (crm.Lang, []cards.Sample) {
	l := crm.Chinese
	if r.URL.Query().Get("lang") == "en" {
		l = crm.English
	}
	return l, cards.Samples(l)
}
