package app_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/configs"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/org"
	"crmbot/internal/testdb"
)

// stage is a played chat platform on which a test tells its story.
type stage interface {
	name() string
	// configure names the platform in the configuration; listen is told where the
	// program serves, and live reports whether events reach it.
	configure(c *configs.Config)
	listen(url string)
	live() bool
	close()
	// person is somebody's id on the platform; hire makes them a member.
	person(key string) string
	hire(m member)
	send(person, chat, text string) error
	group(title string, members ...string) string
	chat(person string) string
	// seen is what the bot shows in a chat at this moment, oldest first.
	seen(chat string) []sight
	// button is the first control of a message whose label contains the text, as it
	// is at this moment, for people to press; false if there is none.
	button(s sight, label string) (press func(person string) pressed, found bool)
	// trouble begins a bad day, disturb is its n-th mishap.
	trouble()
	disturb(n int)
	mend()
}

// sight is one message of the bot.
type sight struct {
	id   string
	card bool
	text string
}

// pressed is what the person who pressed sees.
type pressed struct {
	ok   bool // the platform took the answer
	took time.Duration
}

// member is somebody of the company that all stages play.
type member struct {
	key, name, number string
	leads, admin      bool
}

var staff = []member{
	{key: "wang", name: "王磊", number: "E01", leads: true},
	{key: "li", name: "李娜", number: "E02"},
	{key: "zhang", name: "张伟", number: "E03"},
	{key: "chief", name: "管理", number: "E04", admin: true},
}

// program is the program as `crmbot serve` runs it, on played platforms.
type program struct {
	t   testing.TB
	app *app.App
	url string
}

// serve starts the program. It is stopped, and must end well, with the test.
func serve(t testing.TB, o app.Options, prepare func(d *org.Directory), stages ...stage) *program {
	t.Helper()
	if o.DSN == "" {
		o.DSN = testdb.SQLite(t)
	}
	o.AnswerWithin = 2 * time.Second
	a, err := app.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if prepare != nil {
		prepare(a.Services.Directory)
	}
	cfg := configs.Defaults()
	for _, s := range stages {
		s.configure(&cfg)
	}
	platforms, err := a.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(platforms.Handler(a.Handler()))
	for _, s := range stages {
		s.listen(srv.URL)
	}
	ctx, stop := context.WithCancel(context.Background())
	var run sync.WaitGroup
	for _, fn := range []func(context.Context) error{a.Run, platforms.Run} {
		run.Go(func() {
			if err := fn(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		stop()
		run.Wait()
		srv.CloseClientConnections()
		srv.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		for _, s := range stages {
			s.close()
		}
	})
	for _, s := range stages {
		until(t, "the connection to "+s.name(), s.live)
	}
	return &program{t, a, srv.URL}
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := emulator.Await(ctx, ok); err != nil {
		t.Fatalf("timed out waiting for %s", what)
	}
}

// delivered waits until nothing is left to send within the hour.
func (p *program) delivered() {
	p.t.Helper()
	due := p.app.Clock.Now().Add(time.Hour).UnixMilli()
	p.empty("the outbox", func() int64 {
		return p.count(fmt.Sprintf("SELECT COUNT(*) FROM crm_outbox WHERE state = 0 AND next_ms <= %d", due))
	})
}

func (p *program) empty(what string, left func() int64) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	if emulator.Await(ctx, func() bool { return left() == 0 }) != nil {
		p.t.Fatalf("%s: %d left over", what, left())
	}
}

// rows are the answers to a query whose rows are one text.
func (p *program) rows(query string) []string {
	p.t.Helper()
	db, err := p.app.DB.SQL()
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := db.QueryContext(p.t.Context(), query)
	if err != nil {
		p.t.Fatal(query, err)
	}
	defer r.Close()
	var out []string
	for r.Next() {
		var v string
		if err := r.Scan(&v); err != nil {
			p.t.Fatal(err)
		}
		out = append(out, moment.ReplaceAllString(v, "then"))
	}
	slices.Sort(out)
	return out
}

// moment is a time inside stored JSON.
var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)

// state is what is stored, without moments and without the plumbing.
func (p *program) state() map[string][]string {
	p.t.Helper()
	plumbing := []string{"crm_inbox", "crm_homes", "crm_outbox", "crm_sums", "crm_jobs", "crm_job_runs", "crm_processed_events", "crm_sent_cards", "crm_sent_refs", "crm_webchat_chats", "crm_webchat_messages"}
	out := map[string][]string{}
	for _, table := range p.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'crm_%'") {
		if slices.Contains(plumbing, table) {
			continue
		}
		var keep []string
		for _, c := range p.rows("SELECT name FROM pragma_table_info('" + table + "')") {
			if !strings.HasSuffix(c, "_ms") && c != "undo_key" && c != "event_id" {
				keep = append(keep, `COALESCE("`+c+`", '')`)
			}
		}
		out[table] = p.rows("SELECT " + strings.Join(keep, " || '|' || ") + " || '|' FROM " + table)
	}
	return out
}

// count is the one number that a query answers.
func (p *program) count(query string) int64 {
	p.t.Helper()
	db, err := p.app.DB.SQL()
	if err != nil {
		p.t.Fatal(err)
	}
	var n int64
	if err := db.QueryRowContext(p.t.Context(), query).Scan(&n); err != nil {
		p.t.Fatal(query, err)
	}
	return n
}

// story is what happens on one stage of the program.
type story struct {
	*program
	stage
	// during is called while an event is on its way; nil on a good day.
	during func()
}

func (s story) mishap() {
	if s.during != nil {
		s.during()
	}
}

func (s story) actor(who string) crm.Actor {
	a, err := s.app.Services.Directory.ByIdentity(s.t.Context(), s.name(), "", s.person(who))
	if err != nil {
		return crm.Actor{}
	}
	return a
}

// known waits until the directory knows everybody.
func (s story) known(who ...string) {
	s.t.Helper()
	for _, w := range who {
		until(s.t, w+" in the directory", func() bool { return s.actor(w).ID != 0 })
	}
}

// newest is the newest message of the bot in a chat that contains the text.
func (s story) newest(chat, text string) (sight, bool) {
	for _, m := range slices.Backward(s.seen(chat)) {
		if strings.Contains(m.text, text) {
			return m, true
		}
	}
	return sight{}, false
}

func (s story) awaits(who, want string) sight { return s.awaitsIn(s.chat(who), want) }

func (s story) awaitsIn(chat, want string) sight {
	s.t.Helper()
	var found sight
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := emulator.Await(ctx, func() (ok bool) {
		found, ok = s.newest(chat, want)
		return ok
	})
	if err != nil {
		var all []string
		for _, m := range s.seen(chat) {
			all = append(all, m.text)
		}
		s.t.Fatalf("nobody sees %q on %s but:\n%s", want, s.name(), strings.Join(all, "\n---\n"))
	}
	return found
}

func (s story) say(who, text, want string) sight {
	s.t.Helper()
	if err := s.send(who, "", text); err != nil {
		s.t.Fatal(err)
	}
	s.mishap()
	return s.awaits(who, want)
}

// tap presses a button again until the platform took an answer: the person's
// finger on a bad day.
func (s story) tap(who string, m sight, label string) pressed {
	s.t.Helper()
	var last pressed
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	again := false
	err := emulator.Await(ctx, func() bool {
		press, found := s.button(m, label)
		if !found {
			return true // it was taken though the answer was lost: the button is gone
		}
		if !again {
			s.mishap()
		}
		again, last = true, press(who)
		return last.ok
	})
	if err != nil {
		s.t.Fatalf("%s could not press %q", who, label)
	}
	return last
}
