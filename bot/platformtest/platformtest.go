// Package platformtest is the suite that every platform adapter passes: the
// same conversation with a small program of its own, acted out by people of
// the platform, judged by what people see.
package platformtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/internal/kv"
)

// The people of the suite. Eve is nobody that the company knows.
const (
	Ann = "ann"
	Bob = "bob"
	Eve = "eve"
)

// World is one platform with the adapter under test in it. Methods fail the
// test themselves when the platform does not work as such.
type World interface {
	// Adapter is the adapter of this moment.
	Adapter() bot.Platform
	// ID is a person's id on the platform.
	ID(who string) string
	// Group makes a group with the bot in it and returns its id.
	Group(title string, members ...string) string
	// Say sends text in a group, or in the person's own chat if group is empty.
	// "@bot" and "@ann" are mentions. It does not wait for the answer.
	Say(who, group, text string)
	// Upload sends a file in the person's own chat.
	Upload(who, name string, data []byte)
	// Press presses the control with the label on a message and waits for the
	// immediate answer, the pop-up. Values are form values by input name.
	Press(who string, m Message, label string, values map[string]string) (popup string)
	// Enter opens the chat with the bot for the first time.
	Enter(who string)
	// Again delivers the newest event once more.
	Again()
	// Seen is what a person sees in a group or, if group is empty, in their own
	// chat, oldest first.
	Seen(who, group string) []Message
	// Restart stops the adapter as a process that is told to stop would (finish
	// waits for the runtime's own work), and starts a new one.
	Restart(finish func(), connect Connect)
}

// Message is one message as a person sees it.
type Message struct {
	ID   string
	Bot  bool // from the bot
	Text string
	// File is the name and content of an attached file.
	File string
	Data []byte
}

// Connect is the runtime for an adapter, which gives its way of late answers.
type Connect func(later bot.Later) *bot.Runtime

// Open starts a platform with an adapter that is connected to a runtime.
type Open func(t *testing.T, shared kv.Store, connect Connect) World

// patience is how long the suite waits for what must happen, quiet how long
// for what must not.
const (
	patience = 15 * time.Second
	quiet    = 250 * time.Millisecond
)

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		fn   func(t *testing.T, s *scene)
	}{
		{"a message is answered", message},
		{"a person mentioned in a message is known", mentioned},
		{"a card is shown, pressed and updated for all", pressed},
		{"a refused press changes nothing and says why", refusedPress},
		{"a filled form arrives with its values", form},
		{"files come in and go out", files},
		{"a group hears nothing private", private},
		{"an event that comes twice takes effect once", twice},
		{"a slow handler is answered twice and works once", slow},
		{"somebody unknown is refused kindly", unknown},
		{"the first entry is welcomed", entered},
		{"a proactive message with one key is shown once", proactive},
		{"a restart in the middle loses nothing", restarted},
	} {
		t.Run(c.name, func(t *testing.T) { c.fn(t, newScene(t, open)) })
	}
}

// scene is one test's world and program.
type scene struct {
	*program
	World
	t *testing.T
}

func newScene(t *testing.T, open Open) *scene {
	shared := kv.NewMemory(systemClock{})
	t.Cleanup(func() {
		if err := shared.Close(); err != nil {
			t.Error(err)
		}
	})
	p := newProgram(t, shared)
	t.Cleanup(p.late.Wait)
	w := open(t, shared, p.runtime)
	p.know(w.ID)
	return &scene{program: p, World: w, t: t}
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// until waits for a message of the bot that contains the text and returns it.
func (s *scene) until(who, group, text string) Message {
	s.t.Helper()
	var found Message
	s.eventually("sees "+text, func() bool {
		list := s.Seen(who, group)
		i := slices.IndexFunc(list, func(m Message) bool { return m.Bot && strings.Contains(m.Text, text) })
		if i >= 0 {
			found = list[i]
		}
		return i >= 0
	}, func() string { return fmt.Sprintf("%s in %q sees:\n%s", who, group, s.transcript(who, group)) })
	return found
}

func (s *scene) transcript(who, group string) string {
	var b strings.Builder
	for _, m := range s.Seen(who, group) {
		fmt.Fprintf(&b, "- bot=%v %s %s\n", m.Bot, m.File, strings.ReplaceAll(m.Text, "\n", " | "))
	}
	return b.String()
}

func (s *scene) eventually(what string, ok func() bool, state func() string) {
	s.t.Helper()
	end := time.NewTimer(patience)
	defer end.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-end.C:
			s.t.Fatalf("timed out: %s\n%s", what, state())
		case <-tick.C:
		}
	}
}

// never fails if ok becomes true within a short time.
func (s *scene) never(what string, ok func() bool) {
	s.t.Helper()
	end := time.NewTimer(quiet)
	defer end.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-end.C:
			return
		case <-tick.C:
			if ok() {
				s.t.Fatalf("must not happen: %s", what)
			}
		}
	}
}

// count is how many messages of the bot contain the text.
func (s *scene) count(who, group, text string) int {
	n := 0
	for _, m := range s.Seen(who, group) {
		if m.Bot && strings.Contains(m.Text, text) {
			n++
		}
	}
	return n
}

func message(t *testing.T, s *scene) {
	s.Say(Ann, "", "/echo 你好，<b>&“世界”")
	m := s.until(Ann, "", "echo 你好")
	if !strings.Contains(m.Text, "世界") {
		t.Errorf("the answer lost text: %q", m.Text)
	}
	g := s.Group("sales", Ann, Bob)
	s.Say(Ann, g, "@bot /echo in the group")
	s.until(Bob, g, "echo in the group")
	s.Say(Ann, g, "just talking")
	s.never("an answer to what was not for the bot", func() bool { return s.count(Bob, g, "just talking") > 0 || s.count(Bob, g, "did not understand") > 0 })
}

func mentioned(t *testing.T, s *scene) {
	g := s.Group("sales", Ann, Bob)
	s.Say(Ann, g, "@bot /who @bob")
	s.until(Ann, g, "mentioned: Bob")
}

func pressed(t *testing.T, s *scene) {
	g := s.Group("sales", Ann, Bob)
	s.Say(Bob, "", "/card")
	s.until(Bob, "", "Counter at 0")
	s.Say(Ann, g, "@bot /card")
	m := s.until(Ann, g, "Counter at 0")
	if popup := s.Press(Ann, m, "Add one", nil); popup != "now 1" {
		t.Errorf("pop-up %q", popup)
	}
	s.until(Bob, g, "Counter at 1")
	if n := s.count(Bob, g, "Counter at"); n != 1 {
		t.Errorf("the card is there %d times, it should be updated in place", n)
	}
	s.refresh(context.Background(), s.World)
	s.until(Bob, "", "Counter at 1")
	if n := s.count(Bob, "", "Counter at 0"); n != 0 {
		t.Error("the other card still shows the old state")
	}
	again := s.until(Bob, g, "Counter at 1")
	if popup := s.Press(Bob, again, "Add one", nil); popup != "now 2" {
		t.Errorf("second pop-up %q", popup)
	}
	s.until(Ann, g, "Counter at 2")
}

func refusedPress(t *testing.T, s *scene) {
	s.Say(Ann, "", "/card")
	m := s.until(Ann, "", "Counter at 0")
	if popup := s.Press(Ann, m, "Forbidden", nil); !strings.Contains(popup, "not allowed") {
		t.Errorf("pop-up %q", popup)
	}
	s.never("a change", func() bool { return s.count(Ann, "", "Counter at 0") != 1 })
}

func form(t *testing.T, s *scene) {
	s.Say(Ann, "", "/form")
	m := s.until(Ann, "", "Visit")
	popup := s.Press(Ann, m, "Save", map[string]string{"note": "两行\n文字", "day": "2026-03-02", "kind": "phone", "clock": "09:30", "amount": "1,200"})
	if popup != "saved" {
		t.Errorf("pop-up %q", popup)
	}
	s.until(Ann, "", "amount=1,200 clock=09:30 day=2026-03-02 kind=phone note=两行\n文字")
}

func files(t *testing.T, s *scene) {
	data := bytes.Repeat([]byte("线索,公司\n"), 500)
	s.Upload(Ann, "线索 表.csv", data)
	s.until(Ann, "", fmt.Sprintf("got 线索 表.csv %d", len(data)))
	s.Say(Ann, "", "/file")
	s.eventually("a file", func() bool {
		return slices.ContainsFunc(s.Seen(Ann, ""), func(m Message) bool { return m.Bot && m.File == "报告.csv" && string(m.Data) == "a,b\n1,2\n" })
	}, func() string { return s.transcript(Ann, "") })
}

func private(t *testing.T, s *scene) {
	g := s.Group("sales", Ann, Bob)
	s.Say(Ann, g, "@bot /secret")
	s.until(Ann, "", "the secret is 42")
	s.until(Bob, g, "in private")
	s.never("the secret in the group", func() bool { return s.count(Bob, g, "42") > 0 || s.count(Bob, "", "42") > 0 })
	s.Say(Ann, g, "@bot /card")
	m := s.until(Ann, g, "Counter at")
	s.Press(Bob, m, "Details", nil)
	s.until(Bob, "", "details for Bob")
	s.never("details in the group", func() bool { return s.count(Ann, g, "details for") > 0 || s.count(Ann, "", "details for") > 0 })
}

func twice(t *testing.T, s *scene) {
	s.Say(Ann, "", "/add")
	s.until(Ann, "", "added, now 1")
	s.Again()
	s.Again()
	s.never("a second effect", func() bool { return s.value() != 1 || s.count(Ann, "", "added") != 1 })
	s.Say(Ann, "", "/card")
	m := s.until(Ann, "", "Counter at 1")
	s.Press(Ann, m, "Add one", nil)
	s.until(Ann, "", "Counter at 2")
	s.Again()
	s.never("a second press", func() bool { return s.value() != 2 })
}

func slow(t *testing.T, s *scene) {
	gate := s.hold()
	s.Say(Ann, "", "/slow")
	s.until(Ann, "", "working on it")
	s.Again()
	close(gate)
	s.until(Ann, "", "slow work done")
	s.never("a second run", func() bool { return s.runs() != 1 || s.count(Ann, "", "slow work done") != 1 })

	s.Say(Ann, "", "/card")
	m := s.until(Ann, "", "Counter at 0")
	gate = s.hold()
	if popup := s.Press(Ann, m, "Slowly", nil); !strings.Contains(popup, "working on it") {
		t.Errorf("pop-up %q", popup)
	}
	close(gate)
	s.until(Ann, "", "Counter at 1")
	if n := s.count(Ann, "", "Counter at"); n != 1 {
		t.Errorf("%d cards, the pressed one should have been updated", n)
	}
}

func unknown(t *testing.T, s *scene) {
	s.Say(Eve, "", "/echo hello")
	s.eventually("a refusal", func() bool { return s.count(Eve, "", "not bound")+s.count(Eve, "", "没有绑定") == 1 }, func() string { return s.transcript(Eve, "") })
	if n := s.count(Eve, "", "hello"); n != 0 {
		t.Error("somebody unknown was served")
	}
	g := s.Group("sales", Ann, Eve)
	s.Say(Ann, g, "@bot /card")
	m := s.until(Ann, g, "Counter at 0")
	s.Press(Eve, m, "Add one", nil)
	s.never("an effect of somebody unknown", func() bool { return s.value() != 0 })
}

func entered(t *testing.T, s *scene) {
	s.Enter(Ann)
	s.until(Ann, "", "welcome Ann")
}

func proactive(t *testing.T, s *scene) {
	ctx := context.Background()
	p := s.Adapter()
	c := counterCard(7)
	var ids []string
	for range 2 {
		m, err := p.Send(ctx, bot.Outgoing{User: s.ID(Bob), Text: "good morning", Card: &c, Key: "k1"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	if ids[0] != ids[1] {
		t.Errorf("the same key gave messages %v", ids)
	}
	s.until(Bob, "", "Counter at 7")
	if n, k := s.count(Bob, "", "Counter at 7"), s.count(Bob, "", "good morning"); n != 1 || k != 1 {
		t.Errorf("shown %d and %d times", n, k)
	}
	if err := p.Update(ctx, bot.MessageRef{Platform: p.Name(), ID: ids[0]}, counterCard(8)); err != nil {
		t.Fatal(err)
	}
	s.until(Bob, "", "Counter at 8")
}

func restarted(t *testing.T, s *scene) {
	s.Say(Ann, "", "/card")
	m := s.until(Ann, "", "Counter at 0")
	gate := s.hold()
	s.Say(Ann, "", "/slow")
	s.until(Ann, "", "working on it")
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.Restart(s.late.Wait, s.runtime)
	}()
	close(gate)
	<-stopped
	s.until(Ann, "", "slow work done")
	s.Say(Ann, "", "/echo after")
	s.until(Ann, "", "echo after")
	s.Press(Ann, m, "Add one", nil)
	s.until(Ann, "", "Counter at 1")
	if s.runs() != 1 {
		t.Errorf("the slow work ran %d times", s.runs())
	}
}
