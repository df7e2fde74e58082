package emulator

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// LarkOptions describe a played Lark tenant with one app. Zero fields get
// usable values.
type LarkOptions struct {
	AppID, AppSecret, TenantKey string
	// EncryptKey and VerificationToken are for webhook delivery.
	EncryptKey, VerificationToken string
	Clock                         Clock
	// AckWait is how long an event waits for its acknowledgement (3 s), and
	// CallbackWait how long a person waits for the answer to a press (3 s).
	AckWait, CallbackWait time.Duration
	// Redeliver are the waits before an unacknowledged event comes again. The
	// platform takes 15 s, 5 min, 1 h and 6 h; the default is much shorter.
	Redeliver []time.Duration
	// PingSeconds is the interval that the client is told to ping in (120).
	PingSeconds int
	// NoLimits switches the platform's rate limits off.
	NoLimits bool
	// Trusting takes cards without a look at them, for load tests in one process
	// with the program: what the platform's own machines do is not ours to measure.
	Trusting bool
}

// Lark is a played Lark / Feishu platform. Safe for concurrent use.
type Lark struct {
	Log
	Faults
	opt LarkOptions
	srv *httptest.Server

	mu       sync.Mutex
	stopped  bool
	work     sync.WaitGroup
	stop     chan struct{}
	people   map[string]*LarkPerson
	depts    map[string]*LarkDepartment
	chats    map[string]*LarkChat
	messages map[string]*LarkMessage
	order    []*LarkMessage
	byUUID   map[string]sentUUID
	blobs    map[string]blob // uploaded or attached files and images by key
	tokens   map[string]time.Time
	conns    map[*larkConn]bool
	pressing map[string]int // messages whose press is being answered
	limits   map[string]*window
	webhook  string
	seq      int
	events   []LarkEvent
	watchers map[int]func(LarkMessage)
	set      LarkApp         // how the app is set up
	scopes   map[string]bool // permissions that were granted
}

type sentUUID struct {
	id string
	at time.Time
}

type blob struct {
	name, message string // message: the message that the file came with
	data          []byte
}

// LarkPerson is a member of the tenant.
type LarkPerson struct {
	OpenID, UnionID, UserID  string
	Name, EnName, EmployeeNo string
	Email, Mobile            string
	Departments              []string // open department ids
	Leader                   string   // open id
	Resigned, Frozen         bool
	// Manager administers the tenant.
	Manager bool
	// Outside people are not in the app's scope: nothing can be sent to them.
	Outside bool
	// Foreign people belong to another tenant and meet the bot in shared groups.
	Foreign string
}

// LarkDepartment is one unit; the root is "0".
type LarkDepartment struct {
	OpenID, Name, Parent string
	Leader               string // open id
}

// LarkChat is a chat with the bot or a group that the bot is in.
type LarkChat struct {
	ID, Title string
	Group     bool
	Members   []string // open ids
	// Gone groups were dissolved; BotOut groups do not have the bot any more. In
	// Muted groups only the owner may speak.
	Gone, BotOut, Muted bool
}

// LarkMessage is one message of a chat.
type LarkMessage struct {
	ID, Chat string
	// From is the open id of the person; empty: the bot.
	From string
	// Type is text, interactive, file, image, post or audio.
	Type string
	// Content is the JSON as sent; for interactive the card of this moment.
	Content []byte
	// Reply is the message that it answers.
	Reply string
	At    time.Time
	// Revision grows with every update of the card.
	Revision int
	Recalled bool
	// File is the content of a sent file or image.
	FileName string
	File     []byte
}

// Text is the text of a text message or all the words of a card.
func (m LarkMessage) Text() string {
	switch m.Type {
	case "text":
		return textOf(m.Content)
	case "interactive":
		return LarkCardText(m.Content)
	case "file", "image":
		return "[" + m.Type + "] " + m.FileName
	}
	return string(m.Content)
}

// NewLark starts a played Lark. Close it after use.
func NewLark(o LarkOptions) *Lark {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&o.AppID, "cli_emulated")
	def(&o.AppSecret, "secret of the emulated app")
	def(&o.TenantKey, "tenant_emulated")
	if o.Clock == nil {
		o.Clock = wall{}
	}
	if o.AckWait == 0 {
		o.AckWait = 3 * time.Second
	}
	if o.CallbackWait == 0 {
		o.CallbackWait = 3 * time.Second
	}
	if o.Redeliver == nil {
		o.Redeliver = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second, 2 * time.Second}
	}
	if o.PingSeconds == 0 {
		o.PingSeconds = 120
	}
	l := &Lark{opt: o, stop: make(chan struct{}), people: map[string]*LarkPerson{}, depts: map[string]*LarkDepartment{}, chats: map[string]*LarkChat{},
		messages: map[string]*LarkMessage{}, byUUID: map[string]sentUUID{}, blobs: map[string]blob{}, tokens: map[string]time.Time{},
		conns: map[*larkConn]bool{}, pressing: map[string]int{}, limits: map[string]*window{}, watchers: map[int]func(LarkMessage){}, set: newLarkApp(), scopes: map[string]bool{}}
	l.Grant(larkScopes...)
	l.srv = httptest.NewServer(l.routes())
	return l
}

// URL is the platform's base URL.
func (l *Lark) URL() string { return l.srv.URL }

// App is the app's id and secret.
func (l *Lark) App() (id, secret string) { return l.opt.AppID, l.opt.AppSecret }

// Tenant is the tenant's key.
func (l *Lark) Tenant() string { return l.opt.TenantKey }

// Close ends all connections and waits for what is being delivered.
func (l *Lark) Close() {
	l.mu.Lock()
	if l.stopped {
		l.mu.Unlock()
		return
	}
	l.stopped = true
	close(l.stop)
	l.mu.Unlock()
	l.DropConnections()
	l.srv.CloseClientConnections()
	l.srv.Close()
	l.work.Wait()
}

// owned starts work that Close waits for; false after Close.
func (l *Lark) owned(fn func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return false
	}
	l.work.Add(1)
	go func() {
		defer l.work.Done()
		fn()
	}()
	return true
}

// pause waits and reports whether the platform still runs.
func (l *Lark) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.stop:
		return false
	}
}

func (l *Lark) next(prefix string) string {
	l.seq++
	return fmt.Sprintf("%s%08d", prefix, l.seq)
}

// AddPerson adds a member of the tenant, or changes the one with this open id.
func (l *Lark) AddPerson(p LarkPerson) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.UnionID == "" {
		p.UnionID = "on_" + strings.TrimPrefix(p.OpenID, "ou_")
	}
	l.people[p.OpenID] = &p
}

// AddDepartment adds a department, or changes the one with this id.
func (l *Lark) AddDepartment(d LarkDepartment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d.Parent == "" {
		d.Parent = "0"
	}
	l.depts[d.OpenID] = &d
}

// AddGroup adds a group with the bot in it and returns its id.
func (l *Lark) AddGroup(title string, members ...string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &LarkChat{ID: l.next("oc_group"), Title: title, Group: true, Members: members}
	l.chats[c.ID] = c
	return c.ID
}

// SetChat changes a chat: dissolve it, take the bot out.
func (l *Lark) SetChat(id string, change func(c *LarkChat)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.chats[id]; c != nil {
		change(c)
	}
}

// P2P is the id of a person's chat with the bot.
func (l *Lark) P2P(openID string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.p2p(openID).ID
}

func (l *Lark) p2p(openID string) *LarkChat {
	id := "oc_p2p_" + strings.TrimPrefix(openID, "ou_")
	c := l.chats[id]
	if c == nil {
		c = &LarkChat{ID: id, Members: []string{openID}}
		l.chats[id] = c
	}
	return c
}

// Chat is the chat with the id.
func (l *Lark) Chat(id string) (LarkChat, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.chats[id]
	if c == nil {
		return LarkChat{}, false
	}
	return *c, true
}

// Messages are the messages of a chat, or of all chats if the id is empty,
// oldest first.
func (l *Lark) Messages(chat string) []LarkMessage {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []LarkMessage
	for _, m := range l.order {
		if chat == "" || m.Chat == chat {
			out = append(out, *m)
		}
	}
	return out
}

// Message is one message.
func (l *Lark) Message(id string) (LarkMessage, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.messages[id]
	if m == nil {
		return LarkMessage{}, false
	}
	return *m, true
}

// Recall takes a message back, as a person or an administrator can.
func (l *Lark) Recall(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.messages[id]; m != nil {
		m.Recalled = true
	}
}

// Watch calls fn for every message and card update of the bot, until the
// returned function is called. fn must be quick.
func (l *Lark) Watch(fn func(LarkMessage)) (cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	id := l.seq
	l.watchers[id] = fn
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers, id)
	}
}

// tell informs the watchers; the caller holds the lock, which is let go while
// they look.
func (l *Lark) tell(m LarkMessage) {
	ids := slices.Sorted(maps.Keys(l.watchers))
	fns := make([]func(LarkMessage), len(ids))
	for i, id := range ids {
		fns[i] = l.watchers[id]
	}
	l.mu.Unlock()
	defer l.mu.Lock()
	for _, fn := range fns {
		fn(m)
	}
}

// ExpireTokens makes every token that was handed out invalid.
func (l *Lark) ExpireTokens() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens = map[string]time.Time{}
}

func (l *Lark) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /callback/ws/endpoint", l.api(false, l.endpoint))
	mux.HandleFunc("GET /ws", l.connect)
	mux.HandleFunc("POST /open-apis/auth/v3/tenant_access_token/internal", l.api(false, l.token))
	mux.HandleFunc("GET /open-apis/bot/v3/info", l.api(true, l.botInfo))
	mux.HandleFunc("GET /open-apis/application/v6/scopes", l.api(true, l.scopeList))
	mux.HandleFunc("GET /open-apis/application/v6/applications/{id}", l.api(true, l.appInfo))
	mux.HandleFunc("GET /open-apis/tenant/v2/tenant/query", l.api(true, l.tenant))
	mux.HandleFunc("POST /open-apis/im/v1/messages", l.api(true, l.create))
	mux.HandleFunc("POST /open-apis/im/v1/messages/{id}/reply", l.api(true, l.reply))
	mux.HandleFunc("PATCH /open-apis/im/v1/messages/{id}", l.api(true, l.patch))
	mux.HandleFunc("GET /open-apis/im/v1/messages/{id}/resources/{key}", l.api(true, l.resource))
	mux.HandleFunc("POST /open-apis/im/v1/files", l.api(true, l.upload("file", 30<<20)))
	mux.HandleFunc("POST /open-apis/im/v1/images", l.api(true, l.upload("image", 10<<20)))
	mux.HandleFunc("GET /open-apis/im/v1/chats/{id}/members/is_in_chat", l.api(true, l.isInChat))
	mux.HandleFunc("GET /open-apis/im/v1/chats/{id}", l.api(true, l.chatInfo))
	mux.HandleFunc("GET /open-apis/contact/v3/users/{id}", l.api(true, l.user))
	mux.HandleFunc("GET /open-apis/contact/v3/users/find_by_department", l.api(true, l.usersOf))
	mux.HandleFunc("GET /open-apis/contact/v3/departments/{id}/children", l.api(true, l.children))
	mux.HandleFunc("/", l.api(false, func(*larkCall) (any, *LarkError) {
		return nil, &LarkError{Status: 404, Code: 99991300, Msg: "no such api"}
	}))
	return mux
}
