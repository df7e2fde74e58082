package kvtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"crmbot/internal/kv"
)

func subscribe(t *testing.T, s kv.Store, channel string) <-chan []byte {
	t.Helper()
	c, err := s.Subscribe(t.Context(), channel)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func publish(t *testing.T, s kv.Store, channel, message string) {
	t.Helper()
	if err := s.Publish(t.Context(), channel, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

// receive returns the next message or fails the test.
func receive(t *testing.T, c <-chan []byte) string {
	t.Helper()
	select {
	case m, open := <-c:
		if !open {
			t.Fatal("the subscription ended")
		}
		return string(m)
	case <-time.After(10 * time.Second):
		t.Fatal("no message came")
	}
	return ""
}

func pubsub(t *testing.T, s kv.Store) {
	publish(t, s, "c", "before anybody listens")
	a, b := subscribe(t, s, "c"), subscribe(t, s, "c")
	messages := []string{"one", "", "三", "\x00\xff"}
	for _, m := range messages {
		publish(t, s, "c", m)
	}
	for name, c := range map[string]<-chan []byte{"first": a, "second": b} {
		for i, m := range messages {
			if got := receive(t, c); got != m {
				t.Errorf("%s subscriber, message %d: %q, want %q", name, i, got, m)
			}
		}
	}
}

func pubsubChannels(t *testing.T, s kv.Store) {
	a, b := subscribe(t, s, "a"), subscribe(t, s, "b*")
	publish(t, s, "bc", "not a pattern")
	publish(t, s, "b*", "for b")
	publish(t, s, "a", "for a")
	if got := receive(t, a); got != "for a" {
		t.Errorf("channel a got %q", got)
	}
	if got := receive(t, b); got != "for b" {
		t.Errorf("channel b* got %q", got)
	}
}

func subscriptionEnds(t *testing.T, s kv.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	ending, err := s.Subscribe(ctx, "c")
	if err != nil {
		t.Fatal(err)
	}
	staying := subscribe(t, s, "c")
	cancel()
	eventually(t, "the channel is closed", func() bool {
		select {
		case _, open := <-ending:
			return !open
		default:
			return false
		}
	})
	publish(t, s, "c", "still here?")
	if got := receive(t, staying); got != "still here?" {
		t.Errorf("the other subscription got %q", got)
	}
}

func slowReceiver(t *testing.T, s kv.Store) {
	slow, fast := subscribe(t, s, "c"), subscribe(t, s, "c")
	const sent = 3 * kv.Backlog
	for i := range sent {
		publish(t, s, "c", fmt.Sprint(i))
		if got := receive(t, fast); got != fmt.Sprint(i) {
			t.Fatalf("the fast receiver got %s, want %d", got, i)
		}
	}
	// The slow one kept the first messages and lost the rest.
	for i := range kv.Backlog {
		if got := receive(t, slow); got != fmt.Sprint(i) {
			t.Fatalf("the slow receiver got %s, want %d", got, i)
		}
	}
}
