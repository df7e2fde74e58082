package adapter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/cards/card"
)

func TestTurnsEndWithTheNewestUpdateAndForget(t *testing.T) {
	s := NewTurns()
	release := s.Press("m")
	var mu sync.Mutex
	var done []int
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			if err := s.Update(t.Context(), "m", func() error {
				mu.Lock()
				defer mu.Unlock()
				done = append(done, i)
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
		for {
			s.mu.Lock()
			queued := s.m["m"].newest == uint64(i+1)
			s.mu.Unlock()
			if queued {
				break
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Update(ctx, "other", func() error { return nil }); err != nil {
		t.Errorf("another message waits: %v", err)
	}
	<-ctx.Done()
	mu.Lock()
	if len(done) != 0 {
		t.Errorf("updated during the press: %v", done)
	}
	mu.Unlock()
	release()
	wg.Wait()
	if len(done) != 1 || done[0] != 2 {
		t.Errorf("updates %v, want the newest only", done)
	}
	if len(s.m) != 0 {
		t.Errorf("%d turns are left", len(s.m))
	}
}

func TestAnUpdateThatIsGivenUpLeavesItsTurn(t *testing.T) {
	s := NewTurns()
	release := s.Press("m")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Update(ctx, "m", func() error { t.Error("updated during the press"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("given up with %v", err)
	}
	release()
	done := false
	if err := s.Update(t.Context(), "m", func() error { done = true; return nil }); err != nil || !done || len(s.m) != 0 {
		t.Errorf("the next update: %v, done %t, %d turns left", err, done, len(s.m))
	}
}

func TestCopiesOfAPressGetTheAnswerOfTheFirst(t *testing.T) {
	var p Presses[int]
	x, first := p.Take("e")
	y, again := p.Take("e")
	if !first || again || x != y {
		t.Fatalf("first %t, again %t", first, again)
	}
	one, two := 1, 2
	if !x.Give(&one) || y.Give(&two) {
		t.Error("the answer was given twice, or never")
	}
	<-y.Done()
	if *y.Answer() != 1 {
		t.Errorf("the copy got %d", *y.Answer())
	}
	// Without an id nothing is a copy of anything.
	if _, first := p.Take(""); !first {
		t.Error("the first without an id")
	}
	if _, first := p.Take(""); !first {
		t.Error("the second without an id is a copy")
	}
}

func TestPatienceEndsWithWhatCannotPass(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"for good":   {fmt.Errorf("%w: gone", bot.ErrPermanent), 1},
		"long waits": {&bot.RetryAfter{Wait: time.Hour, Err: errors.New("busy")}, 1},
		"it passes":  {&bot.RetryAfter{Wait: time.Millisecond, Err: errors.New("busy")}, 3},
	} {
		n := 0
		err := Patient(t.Context(), 3, func() error { n++; return c.err })
		if n != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %d tries, %v", name, n, err)
		}
	}
	n := 0
	err := Patient(t.Context(), 3, func() error {
		if n++; n == 2 {
			return nil
		}
		return &bot.RetryAfter{Err: errors.New("busy")}
	})
	if err != nil || n != 2 {
		t.Errorf("%d tries, %v", n, err)
	}
}

func TestCrewWaitsForItsWorkAndEndsWhatIsLeft(t *testing.T) {
	c := NewCrew("test")
	ctx, gone := context.WithCancel(context.WithValue(t.Context(), key{}, "v"))
	begun, ended := make(chan string), make(chan struct{})
	c.Go(ctx, func(ctx context.Context) {
		v, _ := ctx.Value(key{}).(string)
		begun <- v
		<-ctx.Done()
		close(ended)
	})
	if v := <-begun; v != "v" {
		t.Errorf("the work has the value %q", v)
	}
	gone() // the end of the event's own context does not end the work
	c.Go(ctx, func(context.Context) { panic("somewhere") })
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := c.Wait(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waited for nothing: %v", err)
	}
	if err := c.Close(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("closed with %v", err)
	}
	<-ended
	if err := c.Wait(t.Context()); err != nil || c.Context().Err() == nil {
		t.Errorf("%v, %v", err, c.Context().Err())
	}
}

type key struct{}

func TestHeadedCardShowsThePopUpFirst(t *testing.T) {
	was := card.Card{Title: "t", Blocks: []card.Block{card.P("text")}}
	for tone, ink := range map[string]card.Tone{bot.ToastSuccess: card.Success, bot.ToastError: card.Danger, bot.ToastInfo: card.Info} {
		c := Headed(was, "well done", tone)
		x, ok := c.Blocks[0].(card.Text)
		if !ok || len(c.Blocks) != 2 || x.Spans[0].Text != "well done" || x.Spans[0].Tone != ink || len(was.Blocks) != 1 {
			t.Errorf("%s: %+v", tone, c.Blocks)
		}
	}
}
