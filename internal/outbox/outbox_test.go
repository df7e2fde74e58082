package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/outbox"
	"crmbot/internal/store"
	"crmbot/internal/testdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// post is a worker on a fresh database whose deliveries the test decides.
type post struct {
	t     *testing.T
	db    *store.DB
	clock *crm.MovableClock
	w     *outbox.Worker

	mu     sync.Mutex
	sent   []string
	answer map[string]func() error // by key; nil: delivered
}

func newPost(t *testing.T) *post {
	t.Helper()
	p := &post{t: t, clock: crm.NewMovableClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), true), answer: map[string]func() error{}}
	var err error
	if p.db, err = store.Open(t.Context(), testdb.SQLite(t), p.clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := p.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.w = p.worker("w1")
	return p
}

func (p *post) worker(owner string) *outbox.Worker {
	return outbox.NewWorker(p.db, p.deliver, p.clock, owner)
}

func (p *post) deliver(_ context.Context, r outbox.Row) error {
	p.mu.Lock()
	p.sent = append(p.sent, r.Key)
	answer := p.answer[r.Key]
	p.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer()
}

func (p *post) queue(ns ...crm.Notice) {
	p.t.Helper()
	for i := range ns {
		ns[i].View = crm.View{Name: "v", Ref: ns[i].Key}
		if ns[i].To == (crm.Target{}) {
			ns[i].To = crm.ToUser(1)
		}
	}
	if err := p.db.InTx(p.t.Context(), func(ctx context.Context) error { return p.db.Effects().Notify(ctx, ns...) }); err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) drain() []string {
	p.t.Helper()
	p.mu.Lock()
	p.sent = nil
	p.mu.Unlock()
	if _, err := p.w.Drain(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sent)
}

func (p *post) move(d time.Duration) {
	p.t.Helper()
	if err := p.clock.Set(p.clock.Now().Add(d)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) waiting() int64 {
	p.t.Helper()
	n, err := p.db.OutboxWaiting(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func TestEverythingIsDeliveredOnceInOrderPerPerson(t *testing.T) {
	p := newPost(t)
	var want []string
	for i := range 100 {
		k := fmt.Sprintf("k%03d", i)
		want = append(want, k)
		p.queue(crm.Notice{Key: k})
	}
	if got := p.drain(); !slices.Equal(got, want) {
		t.Errorf("delivered %v", got)
	}
	if got := p.drain(); len(got) != 0 || p.waiting() != 0 {
		t.Errorf("delivered again: %v", got)
	}
}

// TestAFailureWaitsAlone: later messages of the same person go on, the failed
// one comes again after its wait, and a platform's own wait is respected.
func TestAFailureWaitsAlone(t *testing.T) {
	p := newPost(t)
	n := 0
	p.answer["a"] = func() error {
		if n++; n < 3 {
			return errors.New("no network")
		}
		return nil
	}
	p.answer["b"] = func() error { panic("renderer") }
	p.answer["c"] = func() error {
		return fmt.Errorf("send: %w", &bot.RetryAfter{Wait: 5 * time.Minute, Err: errors.New("429")})
	}
	p.queue(crm.Notice{Key: "a"}, crm.Notice{Key: "b"}, crm.Notice{Key: "c"}, crm.Notice{Key: "d"})
	if got := p.drain(); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("first round: %v", got)
	}
	if got := p.drain(); len(got) != 0 {
		t.Errorf("without waiting: %v", got)
	}
	delete(p.answer, "b")
	delete(p.answer, "c")
	p.move(90 * time.Second)
	if got := p.drain(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("after a minute: %v", got)
	}
	p.move(4 * time.Minute)
	if got := p.drain(); !slices.Equal(got, []string{"a", "c"}) || p.waiting() != 0 {
		t.Errorf("after five: %v, %d wait", got, p.waiting())
	}
}

// TestAThrottleWithoutAWaitDoesNotSpin: a platform that says "later" without a
// time is asked again a second later, not at once and for ever.
func TestAThrottleWithoutAWaitDoesNotSpin(t *testing.T) {
	p := newPost(t)
	p.answer["a"] = func() error { return &bot.RetryAfter{Err: errors.New("429")} }
	p.queue(crm.Notice{Key: "a"})
	if got := p.drain(); len(got) != 1 {
		t.Errorf("tried %d times in one moment", len(got))
	}
	p.answer["a"] = func() error { return &bot.RetryAfter{Wait: 1000 * time.Hour, Err: errors.New("429")} }
	p.move(time.Second)
	p.drain()
	p.move(time.Hour)
	if got := p.drain(); len(got) != 1 {
		t.Error("a platform may not ask for more than an hour")
	}
}

func TestPermanentFailuresAreBuried(t *testing.T) {
	p := newPost(t)
	p.answer["a"] = func() error { return fmt.Errorf("%w: the person left", bot.ErrPermanent) }
	p.queue(crm.Notice{Key: "a"})
	p.drain()
	p.move(1000 * time.Hour)
	if got := p.drain(); len(got) != 0 || p.waiting() != 0 {
		t.Errorf("tried again: %v", got)
	}
	if _, ok, err := p.db.Delivered(t.Context(), "a"); ok || err != nil {
		t.Errorf("counts as delivered: %v %v", ok, err)
	}
}

// TestAnOutageOfHoursLosesNothing: a message is given up only after a day.
func TestAnOutageOfHoursLosesNothing(t *testing.T) {
	p := newPost(t)
	p.answer["a"] = func() error { return errors.New("platform is down") }
	p.answer["poison"] = p.answer["a"]
	p.queue(crm.Notice{Key: "a"}, crm.Notice{Key: "poison"})
	for range 8 * 12 {
		p.drain()
		p.move(5 * time.Minute)
	}
	delete(p.answer, "a")
	p.move(20 * time.Minute)
	if got := p.drain(); !slices.Contains(got, "a") {
		t.Errorf("after eight hours: %v", got)
	}
	tries := 0
	for range 24 * 6 {
		tries += len(p.drain())
		p.move(10 * time.Minute)
	}
	if p.waiting() != 0 || tries < 12 {
		t.Errorf("after a day and %d tries %d wait", tries, p.waiting())
	}
}

// TestACrashBetweenSendAndMark: the row is delivered again with the same key,
// by which the platform recognises it.
func TestACrashBetweenSendAndMark(t *testing.T) {
	p := newPost(t)
	p.queue(crm.Notice{Key: "a"})
	now := p.clock.Now()
	rows, err := p.db.LeaseOutbox(t.Context(), "crashed", now, now.Add(2*time.Minute), 10)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	if err := p.deliver(t.Context(), rows[0]); err != nil { // sent, and then the power went
		t.Fatal(err)
	}
	if got := p.drain(); len(got) != 0 {
		t.Errorf("while the lease lasts: %v", got)
	}
	p.move(2 * time.Minute)
	if got := p.drain(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("after the lease: %v", got)
	}
}

// TestAStopMarksWhatWasSentAndGivesBackTheRest: after a stop another process
// goes on at once and sends nothing twice.
func TestAStopMarksWhatWasSentAndGivesBackTheRest(t *testing.T) {
	p := newPost(t)
	ctx, stop := context.WithCancel(t.Context())
	p.answer["b"] = func() error { stop(); return nil }
	p.queue(crm.Notice{Key: "a"}, crm.Notice{Key: "b"}, crm.Notice{Key: "c"})
	if _, err := p.w.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	p.w = p.worker("w2")
	if got := p.drain(); !slices.Equal(got, []string{"c"}) {
		t.Errorf("the next process delivers %v", got)
	}
	ctx, stop = context.WithCancel(t.Context())
	p.answer["d"] = func() error { stop(); return ctx.Err() }
	p.queue(crm.Notice{Key: "d"})
	if _, err := p.w.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	delete(p.answer, "d")
	if got := p.drain(); !slices.Equal(got, []string{"d"}) {
		t.Errorf("a delivery that the stop cut off: %v", got)
	}
}

// TestALaneEndsBeforeItsLease: what is left when deliveries are slow is given
// back instead of being sent on a lease that is over.
func TestALaneEndsBeforeItsLease(t *testing.T) {
	p := newPost(t)
	p.answer["a"] = func() error { return p.clock.Set(p.clock.Now().Add(100 * time.Second)) }
	p.queue(crm.Notice{Key: "a"}, crm.Notice{Key: "b"}, crm.Notice{Key: "c", To: crm.ToUser(2)})
	got := p.drain()
	slices.Sort(got)
	if !slices.Equal(got, []string{"a", "b", "c"}) || p.waiting() != 0 {
		t.Errorf("delivered %v, %d wait", got, p.waiting())
	}
}

func TestTheNewestOfATopicReplacesThoseThatWait(t *testing.T) {
	p := newPost(t)
	topic := func(key string) crm.Notice { return crm.Notice{Key: key, Topic: "draft"} }
	p.queue(topic("1"), topic("2"), crm.Notice{Key: "other"}, crm.Notice{Key: "group", Topic: "draft", To: crm.ToGroup("webchat", "g1")})
	got := p.drain()
	slices.Sort(got)
	if !slices.Equal(got, []string{"2", "group", "other"}) {
		t.Errorf("delivered %v", got)
	}
	p.answer["3"] = func() error { return errors.New("no network") }
	p.queue(topic("3"))
	p.drain()
	p.queue(topic("4"))
	if got := p.drain(); !slices.Equal(got, []string{"4"}) {
		t.Errorf("after a failure: %v", got)
	}
	p.move(time.Hour)
	if got := p.drain(); len(got) != 0 {
		t.Errorf("an old one came after a newer one: %v", got)
	}
}

func TestDelayedNotices(t *testing.T) {
	p := newPost(t)
	p.queue(crm.Notice{Key: "later", After: p.clock.Now().Add(time.Hour)}, crm.Notice{Key: "now"})
	if got := p.drain(); !slices.Equal(got, []string{"now"}) {
		t.Errorf("now: %v", got)
	}
	p.move(time.Hour)
	if got := p.drain(); !slices.Equal(got, []string{"later"}) {
		t.Errorf("an hour later: %v", got)
	}
}

func TestRunDeliversWhenWokenAndEndsWithItsContext(t *testing.T) {
	p := newPost(t)
	p.db.OnQueued(p.w.Wake)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	arrived := make(chan struct{})
	p.answer["a"] = func() error { close(arrived); return nil }
	go func() { done <- p.w.Run(ctx) }()
	p.queue(crm.Notice{Key: "a"})
	select {
	case <-arrived:
	case <-time.After(20 * time.Second):
		t.Error("not delivered")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestBackoff(t *testing.T) {
	for tries, want := range map[int]time.Duration{-1: time.Second, 0: time.Second, 1: 2 * time.Second, 5: 32 * time.Second, 12: 10 * time.Minute, 1 << 30: 10 * time.Minute} {
		for range 20 {
			if d := outbox.Backoff(tries); d < want || d > want+want/4 {
				t.Errorf("after %d tries: %s, want %s and up to a quarter more", tries, d, want)
			}
		}
	}
}
