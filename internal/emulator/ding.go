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

	"crmbot/cards/dingcard"
)

// DingOptions describe a played DingTalk organisation with one app. Zero fields
// get usable values.
type DingOptions struct {
	ClientID, ClientSecret, CorpID string
	// RobotCode is the robot's code; the client id if empty.
	RobotCode string
	Clock     Clock
	// AckWait is how long a message or event waits for its acknowledgement (1 s;
	// the platform takes longer), CallbackWait how long a press does (2 s).
	AckWait, CallbackWait time.Duration
	// Redeliver are the waits before what was not acknowledged comes again.
	Redeliver []time.Duration
	// SessionLife is how long a session webhook works (90 min).
	SessionLife time.Duration
	// QuotaAPI and QuotaStream are the organisation's monthly quotas; zero: none.
	QuotaAPI, QuotaStream int
	// NoLimits switches the platform's rate limits off.
	NoLimits bool
	// Trusting takes cards without a look at them, for load tests in one process
	// with the program: what the platform's own machines do is not ours to measure.
	Trusting bool
	// DocumentsOnly refuses files other than those that DingTalk documents.
	DocumentsOnly bool
	// Templates are card templates that exist besides the public one.
	Templates []string
}

// Ding is a played DingTalk. Safe for concurrent use.
//
// Its API refuses in words: a Fault of kind Refused carries the platform's code
// in Message ("param.templateNotExist") and the HTTP status in Code (400 if
// zero); for the old API and session webhooks Code is the errcode. Faults whose
// API begins with "DELIVER " and a space ("IM_ROBOT.ann"), "FLOW " and a person
// or "INVALID " and a person fail one receiver inside an answer with status 200.
type Ding struct {
	Log
	Faults
	opt DingOptions
	srv *httptest.Server

	files sync.Mutex      // guards blobs
	blobs map[string]blob // by media id, or "code " and a download code

	mu        sync.Mutex
	stopped   bool
	work      sync.WaitGroup
	stop      chan struct{}
	people    map[string]*DingPerson
	depts     map[int64]*DingDepartment
	groups    map[string]*DingGroup
	messages  []*DingMessage
	cards     map[string]*DingCard
	templates map[string]bool
	sessions  map[string]dingSession
	tokens    map[string]time.Time
	tickets   map[string]dingTicket
	conns     map[*dingConn]bool
	pressing  map[string]int // cards whose press is being answered
	limits    map[string]*window
	used      map[string]int // calls of this month by bucket
	seq       int
	frames    []DingFrame
	watchers  map[int]func(DingMessage)
	set       DingApp         // how the app is set up
	revoked   map[string]bool // permissions that the app lacks
}

type dingSession struct {
	chat  string
	until time.Time
}

type dingTicket struct {
	until  time.Time
	topics map[string]bool
}

// DingPerson is a member of the organisation.
type DingPerson struct {
	UserID, UnionID, Name    string
	Mobile, Email, JobNumber string
	Departments              []int64
	LeaderOf                 []int64 // departments that the person leads
	Manager                  string  // user id
	Admin, Left              bool
	// Corp is the organisation of a person from outside, who has no user id here.
	Corp string
	// Unpublished people write to an app version that is not published: their
	// messages carry no user id.
	Unpublished bool
}

// DingDepartment is one unit; the root is 1.
type DingDepartment struct {
	ID     int64
	Name   string
	Parent int64
}

// DingGroup is a group with the bot in it.
type DingGroup struct {
	ID, Title string
	Members   []string
	// Gone groups were dissolved; BotOut groups do not have the bot any more.
	Gone, BotOut bool
}

// DingMessage is one message of a chat.
type DingMessage struct {
	ID, Chat string
	// From is the user id of the person; empty: the bot.
	From string
	// Kind is text, markdown, actionCard, image, file or card.
	Kind        string
	Title, Body string
	Links       []dingcard.Link
	// Card is the outTrackId of a card.
	Card     string
	FileName string
	File     []byte
	At       time.Time
	// By is the API that sent it: session, robot or card; empty for people's.
	By string
}

// DingCard is a card of the bot, the same in all chats that show it.
type DingCard struct {
	ID, Template string
	Params       map[string]string
	// Private are variables that one person sees.
	Private map[string]map[string]string
	Spaces  []string
	// Revision grows with every update; Acked counts those that came with the
	// answer to a press.
	Revision, Acked int
	At              time.Time
}

// Text is what people read on the card.
func (c DingCard) Text() string {
	return strings.Join(nonEmpty(c.Params["title"], c.Params["markdown"], c.Params["tips"]), "\n")
}

func nonEmpty(list ...string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// NewDing starts a played DingTalk. Close it after use.
func NewDing(o DingOptions) *Ding {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&o.ClientID, "dingemulated")
	def(&o.ClientSecret, "secret of the emulated app")
	def(&o.CorpID, "ding_corp_emulated")
	def(&o.RobotCode, o.ClientID)
	if o.Clock == nil {
		o.Clock = wall{}
	}
	for p, v := range map[*time.Duration]time.Duration{&o.AckWait: time.Second, &o.CallbackWait: 2 * time.Second, &o.SessionLife: 90 * time.Minute} {
		if *p == 0 {
			*p = v
		}
	}
	if o.Redeliver == nil {
		o.Redeliver = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second, 2 * time.Second}
	}
	d := &Ding{opt: o, stop: make(chan struct{}), people: map[string]*DingPerson{}, depts: map[int64]*DingDepartment{}, groups: map[string]*DingGroup{}, cards: map[string]*DingCard{},
		templates: map[string]bool{dingcard.PublicTemplate: true}, blobs: map[string]blob{}, sessions: map[string]dingSession{}, tokens: map[string]time.Time{},
		tickets: map[string]dingTicket{}, conns: map[*dingConn]bool{}, pressing: map[string]int{}, limits: map[string]*window{}, used: map[string]int{}, watchers: map[int]func(DingMessage){}, revoked: map[string]bool{}}
	for _, t := range o.Templates {
		d.templates[t] = true
	}
	d.srv = httptest.NewServer(d.routes())
	return d
}

// URL is the base URL of both APIs.
func (d *Ding) URL() string { return d.srv.URL }

// App is the app's client id and secret.
func (d *Ding) App() (id, secret string) { return d.opt.ClientID, d.opt.ClientSecret }

// Corp is the organisation's id.
func (d *Ding) Corp() string { return d.opt.CorpID }

// Close ends all connections and waits for what is being delivered.
func (d *Ding) Close() {
	d.mu.Lock()
	if d.stopped {
		d.mu.Unlock()
		return
	}
	d.stopped = true
	close(d.stop)
	d.mu.Unlock()
	d.DropConnections()
	d.srv.CloseClientConnections()
	d.srv.Close()
	d.work.Wait()
}

// owned starts work that Close waits for; false after Close.
func (d *Ding) owned(fn func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return false
	}
	d.work.Add(1)
	go func() {
		defer d.work.Done()
		fn()
	}()
	return true
}

// pause waits and reports whether the platform still runs.
func (d *Ding) pause(wait time.Duration) bool {
	if wait <= 0 {
		return true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-d.stop:
		return false
	}
}

func (d *Ding) next(prefix string) string {
	d.seq++
	return fmt.Sprintf("%s%08d", prefix, d.seq)
}

// AddPerson adds a member, or changes the one with this user id.
func (d *Ding) AddPerson(p DingPerson) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.UnionID == "" {
		p.UnionID = "union_" + p.UserID
	}
	d.people[p.UserID] = &p
}

// AddDepartment adds a department, or changes the one with this id.
func (d *Ding) AddDepartment(x DingDepartment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if x.Parent == 0 && x.ID != 1 {
		x.Parent = 1
	}
	d.depts[x.ID] = &x
}

// AddTemplate publishes or withdraws a card template.
func (d *Ding) AddTemplate(id string, published bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.templates[id] = published
}

// AddGroup adds a group with the bot in it and returns its conversation id.
func (d *Ding) AddGroup(title string, members ...string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := &DingGroup{ID: d.next("cidGroup") + "==", Title: title, Members: members}
	d.groups[g.ID] = g
	return g.ID
}

// SetGroup changes a group: dissolve it, take the bot out.
func (d *Ding) SetGroup(id string, change func(g *DingGroup)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g := d.groups[id]; g != nil {
		change(g)
	}
}

// P2P is the conversation id of a person's chat with the bot.
func (d *Ding) P2P(userID string) string { return "cidP2P_" + userID + "==" }

// Messages are the messages of a chat, or of all chats if the id is empty,
// oldest first.
func (d *Ding) Messages(chat string) []DingMessage {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []DingMessage
	for _, m := range d.messages {
		if chat == "" || m.Chat == chat {
			out = append(out, *m)
		}
	}
	return out
}

// Card is the card with the outTrackId.
func (d *Ding) Card(id string) (DingCard, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.cards[id]
	if c == nil {
		return DingCard{}, false
	}
	return c.clone(), true
}

func (c *DingCard) clone() DingCard {
	out := *c
	out.Params, out.Spaces = maps.Clone(c.Params), slices.Clone(c.Spaces)
	return out
}

// Text is all the words of a message, of a card those of this moment.
func (d *Ding) Text(m DingMessage) string {
	if c, ok := d.Card(m.Card); ok && m.Card != "" {
		return c.Text()
	}
	if m.Kind == "file" || m.Kind == "image" {
		return "[" + m.Kind + "] " + m.FileName
	}
	return strings.Join(nonEmpty(m.Title, m.Body), "\n")
}

// Watch calls fn for every message of the bot, until the returned function is
// called. fn must be quick.
func (d *Ding) Watch(fn func(DingMessage)) (cancel func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seq++
	id := d.seq
	d.watchers[id] = fn
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.watchers, id)
	}
}

// show adds a message; the caller holds the lock, which is let go while the
// watchers look.
func (d *Ding) show(m DingMessage) {
	m.ID = d.next("msg")
	d.messages = append(d.messages, &m)
	if m.From != "" {
		return
	}
	ids := slices.Sorted(maps.Keys(d.watchers))
	fns := make([]func(DingMessage), len(ids))
	for i, id := range ids {
		fns[i] = d.watchers[id]
	}
	d.mu.Unlock()
	defer d.mu.Lock()
	for _, fn := range fns {
		fn(m)
	}
}

// ExpireTokens makes every access token that was handed out invalid.
func (d *Ding) ExpireTokens() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.tokens)
}

// ExpireSessions makes every session webhook invalid.
func (d *Ding) ExpireSessions() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.sessions)
}

// Used is how many calls of the month's quotas were used.
func (d *Ding) Used() (api, stream int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	month := d.opt.Clock.Now().UTC().Format("2006-01")
	return d.used["api "+month], d.used["stream "+month]
}

// spend takes one call of a quota; the caller holds the lock.
func (d *Ding) spend(bucket string, quota int) bool {
	key := bucket + " " + d.opt.Clock.Now().UTC().Format("2006-01")
	if quota > 0 && d.used[key] >= quota {
		return false
	}
	d.used[key]++
	return true
}

func (d *Ding) routes() http.Handler {
	mux := http.NewServeMux()
	v1 := func(pattern string, fn dingFunc) { mux.HandleFunc(pattern, d.api(dingNew|dingAuth|dingCounted, fn)) }
	old := func(path string, flags int, fn dingFunc) { mux.HandleFunc("POST "+path, d.api(flags, fn)) }
	mux.HandleFunc("POST /v1.0/gateway/connections/open", d.api(dingNew, d.open))
	mux.HandleFunc("GET /connect", d.connect)
	mux.HandleFunc("POST /v1.0/oauth2/accessToken", d.api(dingNew, d.token))
	v1("POST /v1.0/robot/oToMessages/batchSend", d.otoSend)
	v1("POST /v1.0/robot/groupMessages/send", d.groupSend)
	v1("POST /v1.0/robot/messageFiles/download", d.downloadURL)
	v1("POST /v1.0/robot/getBotListInGroup", d.botsInGroup)
	v1("POST /v1.0/card/instances", d.makeCard)
	v1("POST /v1.0/card/instances/createAndDeliver", d.createCard)
	v1("PUT /v1.0/card/instances", d.updateCard)
	old("/robot/sendBySession", 0, d.bySession)
	old("/media/upload", dingAuth|dingCounted, d.upload)
	old("/topapi/v2/user/get", dingAuth, d.userGet)
	old("/topapi/user/getbyunionid", dingAuth, d.byUnion)
	old("/topapi/v2/user/list", dingAuth, d.userList)
	old("/topapi/v2/department/listsub", dingAuth, d.departments)
	mux.HandleFunc("GET /files/{code}", d.file)
	return mux
}
