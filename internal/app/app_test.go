package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"crmbot/bot"
	"crmbot/cards/card"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/sched"
	"crmbot/internal/testdb"
)

func TestMain(m *testing.M) {
	// The SDK of Lark starts a cleaner per client that only a finalizer stops.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/larksuite/oapi-sdk-go/v3/cache.(*cron).start"))
}

// phone is a chat platform that keeps what people see.
type phone struct {
	mu      sync.Mutex
	byKey   map[string]string // message id by idempotency key
	shows   map[string]string // card title by message id
	order   []string          // what happened: "send k", "update 1 title"
	sending func()            // in the middle of a send
	refuse  func(what string) error
	update  func(title string) // before an update arrives
}

func newPhone() *phone { return &phone{byKey: map[string]string{}, shows: map[string]string{}} }

func (p *phone) Name() string { return "phone" }

func (p *phone) Send(_ context.Context, o bot.Outgoing) (bot.MessageRef, error) {
	p.mu.Lock()
	sending, refuse := p.sending, p.refuse
	p.sending = nil
	p.mu.Unlock()
	if sending != nil {
		sending()
	}
	if refuse != nil {
		if err := refuse("send"); err != nil {
			return bot.MessageRef{}, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	id := p.byKey[o.Key]
	if id == "" {
		id = fmt.Sprint(len(p.byKey) + 1)
		p.byKey[o.Key], p.shows[id] = id, o.Card.Title
		p.order = append(p.order, "send "+o.Card.Title)
	}
	return bot.MessageRef{Platform: "phone", Chat: o.User + o.Chat, ID: id}, nil
}

func (p *phone) Update(_ context.Context, m bot.MessageRef, c card.Card) error {
	p.mu.Lock()
	before, refuse := p.update, p.refuse
	p.mu.Unlock()
	if before != nil {
		before(c.Title)
	}
	if refuse != nil {
		if err := refuse("update"); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shows[m.ID] = c.Title
	p.order = append(p.order, "update "+c.Title)
	return nil
}

func (p *phone) showing() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for i := range len(p.shows) {
		out = append(out, p.shows[fmt.Sprint(i+1)])
	}
	return out
}

// office is an app with one view whose text the test changes, and one person.
type office struct {
	*app.App
	t     *testing.T
	clock *crm.MovableClock
	phone *phone
	user  crm.UserID
	dsn   string

	mu    sync.Mutex
	state string
	fail  error
}

var monday = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, clock: crm.NewMovableClock(monday, true), phone: newPhone(), dsn: testdb.SQLite(t), state: "v1"}
	o.open()
	u := org.User{Name: "李娜", Roles: []crm.Role{crm.Rep}, Active: true}
	dir := o.Services.Directory
	if err := dir.SaveUser(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
	o.user = u.ID
	if err := dir.Bind(t.Context(), org.Identity{Platform: "phone", External: "p1", User: u.ID}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// open wires a new app on the same file, as a restart does.
func (o *office) open() {
	o.t.Helper()
	var err error
	if o.App, err = app.New(o.t.Context(), app.Options{DSN: o.dsn, Clock: o.clock}); err != nil {
		o.t.Fatal(err)
	}
	if o.Runtime.Views, err = bot.NewViews(bot.ViewDef{Name: "lead.card", Render: o.render}); err != nil {
		o.t.Fatal(err)
	}
	o.jobs()
	o.AddPlatform(o.phone, nil)
}

// jobs replaces the scheduled work.
func (o *office) jobs(list ...sched.Job) {
	o.t.Helper()
	var err error
	if o.Scheduler, err = sched.New(o.DB, o.clock, "test", list...); err != nil {
		o.t.Fatal(err)
	}
	if err := o.Scheduler.Start(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) render(_ context.Context, _ bot.Viewer, ref string) (card.Card, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return card.Card{Title: o.state, About: []crm.Ref{crm.LeadID(1).Ref()}, Blocks: []card.Block{card.Note{Text: ref}}}, o.fail
}

// set changes the record and queues the update of its cards, as a service does.
func (o *office) set(state string) {
	o.t.Helper()
	err := o.DB.InTx(o.t.Context(), func(ctx context.Context) error { return o.DB.Effects().Refresh(ctx, crm.LeadID(1).Ref()) })
	if err != nil {
		o.t.Fatal(err)
	}
	o.mu.Lock()
	o.state = state
	o.mu.Unlock()
}

func (o *office) notify(keys ...string) {
	o.t.Helper()
	err := o.DB.InTx(o.t.Context(), func(ctx context.Context) error {
		for _, k := range keys {
			if err := o.DB.Effects().Notify(ctx, crm.Notice{To: crm.ToUser(o.user), View: crm.View{Name: "lead.card", Ref: "L-1"}, Key: k, Always: true}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) settle() {
	o.t.Helper()
	if err := o.Settle(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) shows(want ...string) {
	o.t.Helper()
	if got := o.phone.showing(); !slices.Equal(got, want) {
		o.t.Errorf("the phone shows %v, want %v; %v", got, want, o.phone.order)
	}
}

func TestCardsFollowTheirRecord(t *testing.T) {
	o := newOffice(t)
	o.notify("a", "b")
	o.settle()
	o.shows("v1", "v1")
	o.set("v2")
	o.set("v3")
	o.settle()
	o.shows("v3", "v3")
	if n := len(o.phone.order); n != 4 {
		t.Errorf("two cards took %d messages: %v", n, o.phone.order)
	}
	o.set("v3") // nothing to see
	o.settle()
	if n := len(o.phone.order); n != 4 {
		t.Errorf("an update without a change was sent: %v", o.phone.order)
	}
}

// TestACardThatWasSentDuringAnUpdateIsNotLeftBehind: rendered before the
// change, shown after all cards were updated.
func TestACardThatWasSentDuringAnUpdateIsNotLeftBehind(t *testing.T) {
	o := newOffice(t)
	other := newWorkerOf(t, o)
	o.notify("a")
	o.phone.sending = func() {
		o.set("v2")
		if err := other(t.Context()); err != nil {
			t.Error(err)
		}
	}
	o.settle()
	o.shows("v2")
}

// newWorkerOf is a second process's delivery on the same database.
func newWorkerOf(t *testing.T, o *office) func(ctx context.Context) error {
	t.Helper()
	w := o.SecondWorker("other")
	return func(ctx context.Context) error {
		_, err := w.Drain(ctx)
		return err
	}
}

// TestAnAnswerThatIsOlderThanAnUpdateIsMended: a handler rendered v1, then the
// record changed and all cards were updated, then the answer was shown.
func TestAnAnswerThatIsOlderThanAnUpdateIsMended(t *testing.T) {
	o := newOffice(t)
	arrived := o.clock.Now()
	if err := o.clock.Set(arrived.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	c, err := o.render(t.Context(), bot.Viewer{}, "L-1")
	if err != nil {
		t.Fatal(err)
	}
	o.set("v2")
	o.settle()
	ref, err := o.phone.Send(t.Context(), bot.Outgoing{User: "p1", Card: &c, Key: "answer"})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Runtime.Sent(t.Context(), ref, bot.Shown{View: bot.View{Name: "lead.card", Ref: "L-1"}, User: o.user, About: c.About, Digest: c.Digest(), At: arrived}); err != nil {
		t.Fatal(err)
	}
	o.shows("v2")
}

// TestOvertakenUpdatesEndWithTheNewestState: the older of two updates reaches
// the platform last and must not stay.
func TestOvertakenUpdatesEndWithTheNewestState(t *testing.T) {
	o := newOffice(t)
	other := newWorkerOf(t, o)
	o.notify("a")
	o.settle()
	o.set("v2")
	once := sync.OnceFunc(func() {
		o.set("v3")
		if err := other(t.Context()); err != nil { // renders and shows v3 while v2 is on its way
			t.Error(err)
		}
	})
	o.phone.update = func(title string) {
		if title == "v2" {
			once()
		}
	}
	o.settle()
	o.settle()
	o.shows("v3")
	if !slices.Contains(o.phone.order, "update v2") {
		t.Errorf("the older update never arrived: %v", o.phone.order)
	}
}

// TestManyUpdatesOfOneCardAllGetThrough: tens of updates of one card at once,
// from two processes, neither fail nor leave an old state behind.
func TestManyUpdatesOfOneCardAllGetThrough(t *testing.T) {
	o := newOffice(t)
	o.notify("a")
	o.settle()
	ref := bot.MessageRef{Platform: "phone", ID: "1"}
	o.phone.update = func(string) { time.Sleep(time.Millisecond) } // a platform takes its time
	if c, ok, err := o.DB.SentMessage(t.Context(), ref); err != nil || !ok {
		t.Fatalf("the card is not known: %+v, %v", c, err)
	}
	var work sync.WaitGroup
	for _, other := range []bool{false, true} {
		refresh := o.Refresher(other)
		for i := range 20 {
			work.Go(func() {
				o.mu.Lock()
				o.state = fmt.Sprintf("v%d-%v", i, other)
				o.mu.Unlock()
				if err := refresh(t.Context(), ref); err != nil {
					t.Error(err)
				}
			})
		}
	}
	work.Wait()
	o.mu.Lock()
	last := o.state
	o.mu.Unlock()
	o.shows(last)
}

func TestUpdatesThatCannotBe(t *testing.T) {
	o := newOffice(t)
	o.notify("a")
	o.settle()
	o.phone.refuse = func(string) error { return fmt.Errorf("%w: too old", bot.ErrPermanent) }
	o.set("v2")
	o.settle()
	o.phone.refuse = nil
	o.set("v3")
	o.settle()
	o.shows("v1") // forgotten after the platform said never
	if n, err := o.DB.OutboxWaiting(t.Context()); n != 0 || err != nil {
		t.Errorf("%d still wait, %v", n, err)
	}
	o.notify("b")
	o.settle()
	o.fail = bot.ErrNothing
	o.set("v4")
	o.settle()
	o.fail = nil
	o.shows("v1", "v3")
	o.set("v5")
	o.settle()
	o.shows("v1", "v5") // nothing to show for a while does not freeze the card
	o.phone.refuse = func(string) error { return errors.New("no network") }
	o.set("v6")
	o.settle()
	o.phone.refuse = nil
	if err := o.clock.Set(o.clock.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	o.settle()
	o.shows("v1", "v6")
}

func TestNothingToShowCountsAsDelivered(t *testing.T) {
	o := newOffice(t)
	o.fail = bot.ErrNothing
	o.notify("a")
	o.settle()
	if _, ok, err := o.DB.Delivered(t.Context(), "a"); !ok || err != nil {
		t.Errorf("delivered: %v, %v", ok, err)
	}
	o.shows()
}

// TestNothingIsLostWhenTheDatabaseGoesBetweenCommitAndDelivery: the pool is
// closed at the worst moments; a new program on the same file goes on.
func TestNothingIsLostWhenTheDatabaseGoesBetweenCommitAndDelivery(t *testing.T) {
	o := newOffice(t)
	o.notify("committed")
	if err := o.Close(); err != nil { // after the commit, before the delivery
		t.Fatal(err)
	}
	o.open()
	o.notify("sent")
	o.phone.sending = func() {
		if err := o.DB.Close(); err != nil { // during the delivery: it cannot be marked
			t.Error(err)
		}
	}
	if err := o.Settle(t.Context()); err == nil {
		t.Error("the lost database was not noticed")
	}
	if err := o.KV.Close(); err != nil {
		t.Fatal(err)
	}
	o.open()
	o.mu.Lock()
	o.state = "v2" // meanwhile the record changed: the message that was sent is old
	o.mu.Unlock()
	if err := o.clock.Set(o.clock.Now().Add(3 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	o.settle()
	for _, k := range []string{"committed", "sent"} {
		if _, ok, err := o.DB.Delivered(t.Context(), k); !ok || err != nil {
			t.Errorf("%s was lost: %v", k, err)
		}
	}
	o.shows("v2", "v2")
	if n := len(slices.DeleteFunc(slices.Clone(o.phone.order), func(s string) bool { return !strings.HasPrefix(s, "send") })); n != 2 {
		t.Errorf("%d messages were shown for two: %v", n, o.phone.order)
	}
	if n, err := o.DB.OutboxWaiting(t.Context()); n != 0 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
}

func every(d time.Duration) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.Truncate(d).Add(d) }
}

// TestAdvanceDoesEverythingAtItsOwnTime and arrives.
func TestAdvanceDoesEverythingAtItsOwnTime(t *testing.T) {
	o := newOffice(t)
	var at []string
	o.jobs(sched.Job{Name: "hourly", Next: every(time.Hour), Run: func(_ context.Context, due time.Time) error {
		at = append(at, o.clock.Now().Format("15:04"))
		if !due.Equal(o.clock.Now()) {
			t.Errorf("due %s at %s", due, o.clock.Now())
		}
		o.notify("j" + due.Format("15"))
		return nil
	}})
	to := monday.Add(3*time.Hour + 30*time.Minute + 123456*time.Nanosecond) // a real clock's time has such parts
	if err := o.Advance(t.Context(), o.clock, to); err != nil {
		t.Fatal(err)
	}
	if strings.Join(at, " ") != "02:00 03:00 04:00" || !o.clock.Now().Equal(to.Truncate(time.Millisecond)) {
		t.Errorf("ran at %v, the clock stands at %s", at, o.clock.Now())
	}
	for i, k := range []string{"j02", "j03", "j04"} {
		if when, ok, err := o.DB.Delivered(t.Context(), k); err != nil || !ok || !when.Equal(monday.Add(time.Duration(i+1)*time.Hour)) {
			t.Errorf("%s was delivered at %s: %v %v", k, when, ok, err)
		}
	}
	if err := o.Advance(t.Context(), o.clock, to); err != nil {
		t.Errorf("to where it is: %v", err)
	}
}

// TestAdvanceAlwaysArrives: jobs that fail, messages that nobody takes and rows
// that another process holds do not stop the clock, and it does not spin.
func TestAdvanceAlwaysArrives(t *testing.T) {
	o := newOffice(t)
	fails, works := 0, 0
	job := func(name string, run func() error) sched.Job {
		return sched.Job{Name: name, Next: every(time.Hour), Run: func(context.Context, time.Time) error { return run() }}
	}
	o.jobs(job("held", func() error { return errors.New("must not run") }), job("bad", func() error { fails++; return errors.New("broken") }), job("good", func() error { works++; return nil }))
	due := monday.Truncate(time.Hour).Add(time.Hour)
	if ok, err := o.DB.LeaseJob(t.Context(), "held", due, "another process", monday, monday.Add(1000*time.Hour)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	o.phone.refuse = func(string) error { return errors.New("no network") }
	o.notify("undeliverable", "held by another")
	if rows, err := o.DB.LeaseOutbox(t.Context(), "another process", monday, monday.Add(1000*time.Hour), 1); err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	done := make(chan error, 1)
	go func() { done <- o.Advance(t.Context(), o.clock, monday.Add(50*time.Hour)) }()
	select {
	case err := <-done:
		if err == nil || strings.Count(err.Error(), "broken") != 5 {
			t.Errorf("the failures: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not arrive")
	}
	if !o.clock.Now().Equal(monday.Add(50 * time.Hour)) {
		t.Errorf("the clock stands at %s", o.clock.Now())
	}
	if works != 50 || fails < 24 || fails > 300 {
		t.Errorf("the good job ran %d times, the bad one failed %d times", works, fails)
	}
}

// TestAdvanceWithARunningClock, while the program runs as in the demo.
func TestAdvanceWithARunningClock(t *testing.T) {
	o := newOffice(t)
	o.clock.Run()
	o.DB.OnQueued(o.Worker.Wake)
	var mu sync.Mutex
	ran := map[time.Time]int{}
	o.jobs(sched.Job{Name: "often", Next: every(time.Minute), Run: func(_ context.Context, due time.Time) error {
		mu.Lock()
		defer mu.Unlock()
		ran[due]++
		return nil
	}})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	o.notify("a")
	var wg sync.WaitGroup
	for i := range 2 { // two people move it at once
		wg.Go(func() {
			if err := o.Advance(t.Context(), o.clock, monday.Add(time.Duration(i+1)*30*time.Minute)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for i := range 60 {
		if due := monday.Add(time.Duration(i+1) * time.Minute); ran[due] != 1 {
			t.Errorf("the due time %s ran %d times", due.Format("15:04"), ran[due])
		}
	}
	o.shows("v1")
}

func TestHealth(t *testing.T) {
	o := newOffice(t)
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		o.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
	o.phone.refuse = func(string) error { return errors.New("no network") }
	o.notify("a")
	if code, _ := get("/healthz"); code != 200 {
		t.Errorf("healthz %d", code)
	}
	if code, _ := get("/readyz"); code != 200 {
		t.Errorf("readyz %d", code)
	}
	if code, body := get("/metrics"); code != 200 || !strings.Contains(body, "crmbot_outbox_waiting 1") || !strings.Contains(body, "go_goroutines") {
		t.Errorf("metrics %d: %.200s", code, body)
	}
	if err := o.KV.Close(); err != nil {
		t.Fatal(err)
	}
	if code, body := get("/readyz"); code != 503 || !strings.Contains(body, "redis") {
		t.Errorf("without shared state: %d %s", code, body)
	}
	if err := o.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if code, body := get("/readyz"); code != 503 || !strings.Contains(body, "database") {
		t.Errorf("without a database: %d %s", code, body)
	}
	if code, body := get("/metrics"); code != 200 || !strings.Contains(body, "crmbot_outbox_waiting -1") {
		t.Errorf("metrics without a database: %d", code)
	}
	if code, _ := get("/healthz"); code != 200 {
		t.Errorf("the process still runs: %d", code)
	}
	o.open()
}

func TestWhatIsMissingStopsTheStart(t *testing.T) {
	dir := t.TempDir()
	for name, o := range map[string]app.Options{
		"no redis":    {DSN: "sqlite:" + filepath.Join(dir, "a.db"), Redis: "redis://127.0.0.1:1/0"},
		"bad redis":   {DSN: "sqlite:" + filepath.Join(dir, "a.db"), Redis: "http://x"},
		"no database": {DSN: "root@tcp(127.0.0.1:1)/x"},
		"bad dsn":     {DSN: "::"},
	} {
		if a, err := app.New(t.Context(), o); err == nil {
			t.Errorf("%s: started", name)
			a.Close()
		}
	}
	a, err := app.New(t.Context(), app.Options{DSN: "sqlite:" + filepath.Join(dir, "a.db")})
	if err != nil {
		t.Fatalf("a failed start kept the file: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
