package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crmbot/bot/webchat"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
)

// check runs statements about what people see.
func (w *world) check(ctx context.Context, text string) (bool, error) {
	if m := reOneOf.FindStringSubmatch(text); m != nil {
		return true, w.oneOf(ctx, m)
	}
	if m := reShows.FindStringSubmatch(text); m != nil {
		return true, w.shows(ctx, m)
	}
	if m := reSees.FindStringSubmatch(text); m != nil {
		p, err := newPattern(m[3], m[4])
		if err != nil {
			return true, err
		}
		seen, err := w.seenBy(ctx, m[1])
		if err != nil {
			return true, err
		}
		if p.in(seen) == (m[2] != "") {
			return true, fmt.Errorf("expected to see%s %s, saw:\n%s", m[2], p, indent(seen))
		}
		return true, nil
	}
	return false, nil
}

func (w *world) seenBy(ctx context.Context, name string) (string, error) {
	if g, ok := w.group(name); ok {
		return w.seen(0, g.ID), nil
	}
	u, err := w.person(ctx, name)
	if err != nil {
		return "", err
	}
	return w.seen(u.ID, webchat.PersonChat(u.ID)), nil
}

func (w *world) oneOf(ctx context.Context, m []string) error {
	p, err := newPattern(m[2], m[3])
	if err != nil {
		return err
	}
	var who []string
	for _, n := range strings.FieldsFunc(m[1], comma) {
		seen, err := w.seenBy(ctx, strings.TrimSpace(n))
		if err != nil {
			return err
		}
		if p.in(seen) {
			who = append(who, strings.TrimSpace(n))
		}
	}
	if len(who) != 1 {
		return fmt.Errorf("expected exactly one of them to see %s, it is %d: %s", p, len(who), strings.Join(who, ", "))
	}
	return nil
}

func (w *world) shows(ctx context.Context, m []string) error {
	p, err := newPattern(m[4], m[5])
	if err != nil {
		return err
	}
	var sees func(chat string) bool
	if g, ok := w.group(m[1]); ok {
		sees = func(chat string) bool { return chat == g.ID }
	} else {
		u, err := w.person(ctx, m[1])
		if err != nil {
			return err
		}
		sees = func(chat string) bool { return w.sees(u.ID, chat) }
	}
	w.mu.Lock()
	list := slices.Clone(w.order)
	w.mu.Unlock()
	slices.Reverse(list)
	for _, x := range list {
		text := textcard.Render(*x.card)
		if !sees(x.chat) || !strings.Contains(text, unquote(m[2])) {
			continue
		}
		if p.in(text) == (m[3] != "") {
			return fmt.Errorf("expected the card to show%s %s, it shows:\n%s", m[3], p, indent(text))
		}
		return nil
	}
	return fmt.Errorf("%s has no card that contains %q", m[1], unquote(m[2]))
}

func (w *world) sees(u crm.UserID, chat string) bool { return w.hub.Sees(u, chat) }

func indent(s string) string {
	if strings.TrimSpace(s) == "" {
		return "      (nothing)"
	}
	return "      " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n      ")
}
