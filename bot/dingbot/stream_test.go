package dingbot_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/internal/emulator"
)

func TestTheConnectionIsKeptUp(t *testing.T) {
	w, d := open(t, emulator.DingOptions{}, func(o *dingbot.Options) { o.KeepAlive = 3 * time.Second })
	if a := w.ding.System("ping", `{"opaque":"abc"}`); len(a) != 1 || a[0].Code != 200 || string(a[0].Data) != `{"opaque":"abc"}` {
		t.Errorf("ping was answered with %+v", a)
	}
	opened := int64(1)
	for name, end := range map[string]func(){
		"dropped": w.ding.DropConnections,
		"told to": func() { w.ding.System("disconnect", `{"reason":"connection is expired"}`) },
		"frozen":  w.ding.FreezeConnections,
	} {
		n := len(d.requests())
		end()
		opened++ // the old one may live on for a moment and take what comes
		wait(t, "a connection after "+name, func() bool { return w.ding.Connections() == 1 && w.current().Health().Opened == opened })
		w.deliver(emulator.DingIncoming{Person: "ann", Text: name})
		if r := d.await(t, n+1)[n]; r.Text != name {
			t.Errorf("request %+v", r)
		}
	}
	if h := w.current().Health(); h.Opened != 4 || !h.Connected {
		t.Errorf("health %+v", h)
	}
}

func TestARefusedConnectionIsReported(t *testing.T) {
	ding := emulator.NewDing(emulator.DingOptions{})
	defer ding.Close()
	b, err := dingbot.New(dingbot.Options{ClientID: "dingemulated", ClientSecret: "wrong", APIURL: ding.URL(), OAPIURL: ding.URL(), KV: memory(t), Inbox: idle{}})
	if err != nil {
		t.Fatal(err)
	}
	b.Connect((&desk{}).runtime(nil))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	wait(t, "the problem", func() bool {
		p := b.Health().Problems
		return len(p) == 1 && p[0].Code == dingbot.ProblemOpen
	})
	if b.Health().Connected {
		t.Error("connected with a wrong secret")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// idle is an inbox in which nothing waits.
type idle struct{}

func (idle) Keep(context.Context, string, bot.Kept, time.Time) (bool, error) { return true, nil }
func (idle) Done(context.Context, string, string) error                      { return nil }
func (idle) Resume(context.Context, string, time.Time, time.Time, int) ([]bot.Kept, error) {
	return nil, nil
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []dingbot.Options{{}, {ClientID: "a"}, {ClientID: "a", ClientSecret: "b", KV: memory(t)}, {ClientID: "a", ClientSecret: "b", KV: memory(t), Inbox: idle{}, CardMode: "fancy"}} {
		if _, err := dingbot.New(o); err == nil {
			t.Errorf("accepted %+v", o)
		}
	}
}

func TestEventsAreAcknowledgedAndThoseOfTheDirectoryFollowed(t *testing.T) {
	got := make(chan string, 10)
	w, _ := open(t, emulator.DingOptions{}, func(o *dingbot.Options) {
		o.Contact = func(_ context.Context, id string, left bool) error {
			got <- fmt.Sprint(id, left)
			return nil
		}
	})
	emit := func(kind string, data any) *emulator.DingDelivery {
		x, err := w.ding.Emit(kind, data)
		if err != nil {
			t.Fatal(err)
		}
		if n := acked(t, x); n != 1 {
			t.Errorf("%s after %d tries", kind, n)
		}
		return x
	}
	leave := emit("user_leave_org", map[string]any{"userId": []string{"ann", "bob"}, "timeStamp": "1"})
	if a, b := <-got, <-got; a != "anntrue" || b != "bobtrue" {
		t.Errorf("leavers %s %s", a, b)
	}
	acked(t, w.ding.Again(leave.DingFrame))
	emit("user_add_org", map[string]any{"userId": "cy", "timeStamp": 1})
	if a := <-got; a != "cyfalse" {
		t.Errorf("joined %s", a)
	}
	emit("org_dept_create", map[string]any{"deptId": []int{7}})
	if a := <-got; a != "false" {
		t.Errorf("department %s", a)
	}
	emit("bpms_instance_change", map[string]any{"processInstanceId": "p"})
	emit("something_new", []int{1})
	select {
	case x := <-got:
		t.Errorf("and %s", x)
	case <-time.After(100 * time.Millisecond):
	}
}

func TestWhatErrorsMean(t *testing.T) {
	for code, want := range map[string]string{
		"system.busy": "again", "unknown.send.result": "again", "-1": "again", "": "again",
		"Forbidden.AccessDenied.QpsLimitForAppkeyAndApi": "soon", "Forbidden.AccessDenied.QpmLimitForApi": "soon", "90018": "soon", "90002": "soon", "send.too.fast": "soon", "410100": "soon", "1111": "soon",
		"Forbidden.AccessDenied.ApiCountLimitForOrg": "later", "90020": "later",
		"Forbidden.AccessDenied.AccessTokenPermissionDenied": "later", "Forbidden.AccessDenied.IpNotInWhiteList": "later", "88": "later", "60011": "later", "invalidClientIdOrSecret": "later",
		"33012": "never", "param.cardNotExist": "never", "param.contentUnsafe": "never", "430102": "never", "group.disbanded": "never", "invalid.openConversationId": "never",
		"something.we.do.not.know": "never",
	} {
		err := dingbot.Outcome(fmt.Errorf("send: %w", &dingbot.Error{HTTP: http.StatusBadRequest, Code: code}))
		got := "again"
		switch wait := throttled(err); {
		case permanent(err):
			got = "never"
		case wait >= time.Minute:
			got = "later"
		case wait > 0:
			got = "soon"
		}
		if got != want || err == nil {
			t.Errorf("%s: %s (%v), want %s", code, got, err, want)
		}
	}
	if err := errors.New("network"); dingbot.Outcome(err) != err || dingbot.Outcome(nil) != nil {
		t.Error("other errors are left to the outbox")
	}
}

func TestErrorsTellNoSecrets(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	w.ding.Break(emulator.Fault{API: apiMedia, Kind: emulator.Cut})
	_, err := w.current().Send(t.Context(), bot.Outgoing{User: "ann", Key: "k", Files: []bot.File{{Name: "secret-name.xlsx", Data: []byte("x")}}})
	if err == nil || strings.Contains(err.Error(), "access_token") || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "token0") {
		t.Errorf("error %v", err)
	}
}

// No synchronisation tells of leavers: a change that could not be followed, or
// of which it is not clear whether it was stored, is not lost (HO-01).
func TestHO01ALeaverIsFollowedUntilItWorks(t *testing.T) {
	var mu sync.Mutex
	fails, got := 4, 0 // as often as it is tried at once
	w, _ := open(t, emulator.DingOptions{}, func(o *dingbot.Options) {
		o.Lease = 4 * time.Second
		o.Contact = func(context.Context, string, bool) error {
			mu.Lock()
			defer mu.Unlock()
			if got++; got <= fails {
				return errors.New("the database is busy")
			}
			return nil
		}
	})
	leave := func() {
		t.Helper()
		x, err := w.ding.Emit("user_leave_org", map[string]any{"userId": []string{"ann"}})
		if err != nil {
			t.Fatal(err)
		}
		acked(t, x)
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
	leave()
	wait(t, "the fifth try", func() bool { return count() == 5 })
	never(t, "another one", func() bool { return count() > 5 })
}

func TestHO01ALeaverThatWasStoredWithoutAWordIsFollowedAtOnce(t *testing.T) {
	got := make(chan string, 10)
	w, _ := open(t, emulator.DingOptions{}, func(o *dingbot.Options) {
		o.Inbox = &mute{Inbox: o.Inbox}
		o.Contact = func(_ context.Context, id string, left bool) error {
			got <- fmt.Sprint(id, left)
			return nil
		}
	})
	x, err := w.ding.Emit("user_leave_org", map[string]any{"userId": []string{"ann"}})
	if err != nil {
		t.Fatal(err)
	}
	acked(t, x)
	select {
	case a := <-got:
		if a != "anntrue" {
			t.Errorf("followed %s", a)
		}
	case <-time.After(10 * time.Second): // its lease is a minute
		t.Fatal("the event waits for the end of its lease")
	}
}

// mute is an inbox that stores the first event and does not say so.
type mute struct {
	bot.Inbox
	once sync.Once
}

func (m *mute) Keep(ctx context.Context, platform string, e bot.Kept, until time.Time) (fresh bool, err error) {
	fresh, err = m.Inbox.Keep(ctx, platform, e, until)
	m.once.Do(func() { fresh, err = false, context.DeadlineExceeded })
	return fresh, err
}
