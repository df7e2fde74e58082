package scenario

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/cards/card"
	"crmbot/cards/textcard"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// Options say what a script runs on.
type Options struct {
	// DSN of a database without data; empty: a fresh SQLite file that is removed.
	DSN string
	// Redis URL; empty: in the process.
	Redis, RedisPrefix string
	// Platform is where people talk: webchat (also empty), lark or dingtalk, played here.
	Platform string
	// Cards is how much of DingTalk's cards is used: template (also empty), public
	// (no template for forms) or plain (messages only).
	Cards string
	// BadDay lets a played platform deliver every event three times and in pieces.
	BadDay bool
	// Verbose gets the whole conversation; nil: nobody.
	Verbose io.Writer
}

// entry is one thing that appeared in a chat.
type entry struct {
	chat string
	user crm.UserID // a toast is for one person
	text string
}

// message is the newest state of a message that appeared.
type message struct {
	id   int64
	rev  int64
	chat string
	card *card.Card
}

// world is one running script.
type world struct {
	app   *app.App
	hub   chats
	clock *crm.MovableClock
	zone  *time.Location
	s     Script
	out   io.Writer

	mu      sync.Mutex
	log     []entry
	byID    map[int64]*message
	order   []*message
	acted   map[string]int // person or group → log position of their last act
	moved   int            // log position of the last clock move
	leaders map[string]string
	last    func(ctx context.Context) error // the last event again
}

// Run runs a script. The error names the line, what was expected and what the
// person did see.
func Run(ctx context.Context, s Script, o Options) error {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return err
	}
	start, err := parseTime(strings.TrimPrefix(s.Lines[0].Text, "at "), zone)
	if err != nil {
		return fmt.Errorf("%s:%d: %w", s.Name, s.Lines[0].No, err)
	}
	if o.DSN == "" {
		dir, err := os.MkdirTemp("", "crmbot-script")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.DSN = "sqlite:" + filepath.Join(dir, "script.db")
	}
	w := &world{clock: crm.NewMovableClock(start, true), zone: zone, s: s, out: o.Verbose, byID: map[int64]*message{}, acted: map[string]int{}, leaders: map[string]string{}}
	limits := bot.DefaultLimits
	limits.PerSecond = 0 // a script's people are as fast as the machine
	w.app, err = app.New(ctx, app.Options{DSN: o.DSN, Redis: o.Redis, RedisPrefix: o.RedisPrefix, Clock: w.clock, Zone: zone, Limits: limits})
	if err != nil {
		return err
	}
	defer w.app.Close()
	if err := w.open(ctx, o); err != nil {
		return err
	}
	defer w.close(ctx)
	cancel := w.hub.Subscribe(w.event)
	defer cancel()
	for _, l := range s.Lines {
		if err := w.line(ctx, l); err != nil {
			return fmt.Errorf("%s:%d: %s\n    %w", s.Name, l.No, l.Text, err)
		}
	}
	return nil
}

// event keeps what appeared, in order.
func (w *world) event(e webchat.Event) {
	text := e.Toast
	if e.Message != nil {
		text = render(*e.Message)
	}
	where := w.where(e.Chat)
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Kind == "toast" || (e.Message != nil && e.Message.From == 0) {
		w.log = append(w.log, entry{chat: e.Chat, user: e.User, text: text})
		w.say("  [%s %s] %s", where, e.Kind, strings.ReplaceAll(text, "\n", "\n      "))
	}
	if e.Message == nil || e.Message.Card == nil {
		return
	}
	m := w.byID[e.Message.ID]
	if m == nil {
		m = &message{id: e.Message.ID, chat: e.Chat}
		w.byID[m.id] = m
		w.order = append(w.order, m)
	}
	// Events of two updates may overtake each other; the newer state counts.
	if e.Message.Rev >= m.rev {
		m.rev, m.card = e.Message.Rev, e.Message.Card
	}
}

// where is a chat as the script calls it: by the person or by the group's title.
func (w *world) where(chat string) string {
	if w.out == nil {
		return chat
	}
	if id, err := strconv.ParseInt(strings.TrimPrefix(chat, "u"), 10, 64); err == nil {
		return w.app.Services.Directory.Name(context.Background(), crm.UserID(id))
	}
	for _, g := range w.hub.Groups() {
		if g.ID == chat {
			return g.Title
		}
	}
	return chat
}

func render(m webchat.Message) string {
	switch {
	case m.Card != nil:
		return textcard.Render(*m.Card)
	case m.File != "":
		return "[文件] " + m.File
	}
	return m.Text
}

func (w *world) say(format string, a ...any) {
	if w.out != nil {
		fmt.Fprintf(w.out, format+"\n", a...)
	}
}

// line runs one statement and turns "fail" round.
func (w *world) line(ctx context.Context, l Line) error {
	w.say("%s", l.Text)
	if j, ok := w.hub.(joiner); ok {
		if err := j.join(ctx); err != nil {
			return err
		}
	}
	err := w.statement(ctx, l)
	if !l.Fail {
		return err
	}
	if err == nil {
		return fmt.Errorf("was expected to fail, but it did not")
	}
	return nil
}

func (w *world) statement(ctx context.Context, l Line) error {
	if l.Text == "together:" {
		return w.together(ctx, l.Block)
	}
	return w.single(ctx, l.Text, true)
}

func (w *world) together(ctx context.Context, lines []Line) error {
	errs := make([]error, len(lines))
	var wg sync.WaitGroup
	acts := make([]func() error, len(lines))
	for i, l := range lines {
		// Everything that reads the world is decided before anybody acts.
		act, err := w.prepare(ctx, l.Text)
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", l.No, l.Text, err)
		}
		acts[i] = act
	}
	start := make(chan struct{})
	for i := range lines {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-start
			errs[i] = acts[i]()
		}()
	}
	close(start)
	wg.Wait()
	if err := w.app.Settle(ctx); err != nil {
		return err
	}
	for i, l := range lines {
		if l.Fail && errs[i] == nil {
			return fmt.Errorf("line %d: %s: was expected to fail, but it did not", l.No, l.Text)
		}
		if err := errs[i]; err != nil && !l.Fail && !isRefusal(err) {
			return fmt.Errorf("line %d: %s: %w", l.No, l.Text, err)
		}
	}
	return nil
}

func (w *world) single(ctx context.Context, text string, settle bool) error {
	if done, err := w.setup(ctx, text); done {
		return err
	}
	if done, err := w.check(ctx, text); done {
		return err
	}
	act, err := w.prepare(ctx, text)
	if err != nil {
		return err
	}
	err = act()
	if settle {
		if e := w.app.Settle(ctx); e != nil && err == nil {
			err = e
		}
	}
	return err
}

func parseTime(s string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time like 2026-03-02 09:00", s)
}

func parseWait(s string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		if days, err := strconv.Atoi(n); err == nil {
			return time.Duration(days) * 24 * time.Hour, nil
		}
	}
	return time.ParseDuration(s)
}

// person finds a person of the script by name.
func (w *world) person(ctx context.Context, name string) (org.User, error) {
	u, err := w.app.Services.Directory.One(ctx, strings.TrimSpace(name))
	if err != nil {
		return org.User{}, fmt.Errorf("person %q: %w", name, err)
	}
	return u, nil
}

func (w *world) group(title string) (webchat.Chat, bool) {
	for _, g := range w.hub.Groups() {
		if g.Title == strings.TrimSpace(title) {
			return g, true
		}
	}
	return webchat.Chat{}, false
}

// who splits "李娜" or "李娜@华东销售群" into the person and the chat.
func (w *world) who(ctx context.Context, s string) (org.User, string, bool, error) {
	name, title, inGroup := strings.Cut(strings.TrimSpace(s), "@")
	u, err := w.person(ctx, name)
	if err != nil || !inGroup {
		return u, webchat.PersonChat(u.ID), false, err
	}
	g, ok := w.group(title)
	if !ok {
		return u, "", false, fmt.Errorf("no group %q", title)
	}
	return u, g.ID, true, nil
}

// act marks that a person acted in a chat, for "sees".
func (w *world) act(u crm.UserID, chat string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acted[webchat.PersonChat(u)] = len(w.log)
	if strings.HasPrefix(chat, "g") {
		w.acted[chat] = len(w.log)
	}
}

// seen is what appeared for a person (in the 1:1 chat and their groups) or in
// a group since their last act or clock move.
func (w *world) seen(u crm.UserID, chat string) string {
	w.mu.Lock()
	log := slices.Clone(w.log)
	from := max(w.moved, w.acted[chat])
	w.mu.Unlock()
	var b strings.Builder
	for _, e := range log[min(from, len(log)):] {
		if e.user != 0 && e.user != u {
			continue
		}
		if e.chat == chat || (u != 0 && w.hub.Sees(u, e.chat)) {
			b.WriteString(e.text)
			b.WriteString("\n---\n")
		}
	}
	return b.String()
}
