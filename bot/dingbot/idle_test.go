package dingbot_test

import (
	"context"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/internal/emulator"
)

// slowInbox stores at once and says so late, to the first who asks.
type slowInbox struct {
	bot.Inbox
	stored, open chan struct{}
}

func (s *slowInbox) Keep(ctx context.Context, platform string, e bot.Kept, until time.Time) (bool, error) {
	fresh, err := s.Inbox.Keep(ctx, platform, e, until)
	if fresh {
		close(s.stored)
		<-s.open
	}
	return fresh, err
}

// The copy of an event is acknowledged when the first is stored. What was
// acknowledged is not shown yet, though its work has not begun.
func TestIdleWaitsForAnEventThatIsStoredAndNotBegun(t *testing.T) {
	s := &slowInbox{stored: make(chan struct{}), open: make(chan struct{})}
	w, d := open(t, emulator.DingOptions{}, func(o *dingbot.Options) { s.Inbox, o.Inbox = o.Inbox, s })
	x, err := w.ding.Send(emulator.DingIncoming{Person: "ann", Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	<-s.stored
	acked(t, w.ding.Again(x.DingFrame))
	short, end := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer end()
	if err := w.current().Idle(short); err == nil || len(d.requests()) != 0 {
		t.Errorf("idle with %d requests handled", len(d.requests()))
	}
	close(s.open)
	if err := w.current().Idle(t.Context()); err != nil || len(d.requests()) != 1 {
		t.Errorf("%v, %d requests", err, len(d.requests()))
	}
}
