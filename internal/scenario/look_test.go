package scenario

import (
	"testing"

	"crmbot/bot"
	"crmbot/cards/card"
)

// The answer to a press is known before the platform shows it: while somebody
// presses, nobody else compares.
func TestTheLastWhoActsComparesForAll(t *testing.T) {
	var l look
	nothing := func() error { return nil }
	cards, err := l.after(func() error {
		l.put("m1", card.Card{Title: "answered, not shown yet"})
		early, err := l.after(func() error { l.put("m2", card.Card{Title: "shown"}); return nil }, nothing)
		if err != nil || len(early) != 0 {
			t.Errorf("compared %v while somebody acts, %v", early, err)
		}
		return nil
	}, nothing)
	if err != nil || len(cards) != 2 || cards["m1"].Title != "answered, not shown yet" || cards["m2"].Title != "shown" {
		t.Errorf("compared %v, %v", cards, err)
	}
	if cards, err := l.after(nothing, nothing); err != nil || len(cards) != 0 {
		t.Errorf("compared again %v, %v", cards, err)
	}
}

func TestTheEmptyAnswerToACopyCountsForNothing(t *testing.T) {
	for name, order := range map[string][]bot.Reply{"first": {{}, bot.Say("no")}, "last": {bot.Say("no"), {}}} {
		answers := map[string]bot.Reply{}
		for _, rep := range order {
			keepAnswer(answers, "e1", rep)
		}
		if answers["e1"].Text != "no" {
			t.Errorf("the copy comes %s: %+v", name, answers["e1"])
		}
	}
}
