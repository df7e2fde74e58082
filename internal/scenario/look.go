package scenario

import (
	"context"
	"fmt"
	"sync"

	"crmbot/bot"
	"crmbot/cards/card"
)

// look collects the cards that a played platform was given, until somebody may
// compare them with what it shows. The answer to a press is known before the
// platform has taken it, so as long as anybody acts, a card may be ahead of what
// is there: the last of those who act together compares for all. The zero value
// is ready to use.
type look struct {
	mu     sync.Mutex
	acting int
	cards  map[string]card.Card // the newest by message
}

func (l *look) put(message string, c card.Card) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cards == nil {
		l.cards = map[string]card.Card{}
	}
	l.cards[message] = c
}

// after runs an act and waits for its consequences. It returns the cards to
// compare; none while others are still acting.
func (l *look) after(act, idle func() error) (map[string]card.Card, error) {
	l.mu.Lock()
	l.acting++
	l.mu.Unlock()
	err := act()
	if err == nil {
		err = idle()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.acting--; l.acting > 0 || err != nil {
		return nil, err
	}
	cards := l.cards
	l.cards = nil
	return cards, nil
}

// idle waits until an adapter has shown everything.
func idle(ctx context.Context, b interface{ Idle(context.Context) error }) error {
	limit, end := context.WithTimeout(ctx, patience)
	defer end()
	if err := b.Idle(limit); err != nil {
		return fmt.Errorf("answers are still on their way: %w", err)
	}
	return nil
}

// keepAnswer keeps the answer to an event. The copy of an event gets an empty
// one, perhaps before the event itself.
func keepAnswer(answers map[string]bot.Reply, event string, rep bot.Reply) {
	if had, again := answers[event]; !again || had.Empty() {
		answers[event] = rep
	}
}
