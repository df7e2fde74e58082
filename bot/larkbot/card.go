package larkbot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"crmbot/bot"
	"crmbot/cards/card"
	"crmbot/cards/larkjson"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
)

// card sends a card, or what comes closest to it: a simpler card, then text.
func (b *Bot) card(ctx context.Context, t target, c card.Card, key string) (bot.MessageRef, error) {
	var ref bot.MessageRef
	rung := 0
	err := b.climbDown(ctx, c, func(raw []byte) error {
		rung++
		var err error
		ref, err = b.post(ctx, t, "interactive", raw, fmt.Sprintf("%s.%d", key, rung))
		return err
	})
	if err == nil {
		b.tell(ref, c)
	}
	e := asError(err)
	if err == nil || e == nil && !tooLarge(err) || e != nil && e.verdict() != badCard && e.verdict() != sensitive {
		return ref, err
	}
	slog.WarnContext(ctx, "card sent as text", "platform", Name, "err", err)
	texts := split(textcard.Render(c))
	for i, text := range texts {
		if ref, err = b.text(ctx, t, text, fmt.Sprintf("%s.t%d", key, i)); err != nil {
			return ref, err
		}
	}
	return ref, nil
}

// tell says that the platform took a card.
func (b *Bot) tell(m bot.MessageRef, c card.Card) {
	if b.opt.Shown != nil {
		b.opt.Shown(m, c)
	}
}

// climbDown tries a card in ever simpler forms until the platform takes one.
func (b *Bot) climbDown(ctx context.Context, c card.Card, send func(raw []byte) error) error {
	keys, err := b.imageKeys(ctx, c)
	if err != nil {
		return err
	}
	persons := map[string]bool{}
	open := func(id crm.UserID) string {
		p := b.openID(ctx, id)
		if p != "" {
			persons[p] = true
		}
		return p
	}
	raw, _, err := larkjson.Render(c, larkjson.WithPersonIDs(open), larkjson.WithImageKey(keys.of))
	if err != nil && !tooLarge(err) {
		return fmt.Errorf("%w: %w", bot.ErrPermanent, err)
	}
	if err == nil {
		if err = send(raw); err == nil {
			b.accepted(persons)
			return nil
		}
		e := asError(err)
		if e == nil || e.verdict() != badCard && e.verdict() != sensitive {
			return err
		}
		slog.WarnContext(ctx, "card refused, trying a simpler one", "platform", Name, "err", err, "broken", brokenRules(raw))
		if e.verdict() == sensitive {
			c = masked(c)
		}
	}
	raw, _, err2 := larkjson.Render(simpler(c))
	if err2 != nil {
		return err
	}
	return send(raw)
}

// brokenRules are the rules of the platform that a refused card breaks, as far as
// we know them; they tell nothing of what the card says.
func brokenRules(raw []byte) []string {
	var out []string
	for _, p := range larkjson.Validate(raw) {
		out = append(out, p.Rule+" at "+p.Path)
	}
	return out
}

func tooLarge(err error) bool { return errors.Is(err, larkjson.ErrTooLarge) }

// simpler shows everything that a platform may take exception to in words.
func simpler(c card.Card) card.Card {
	var out []card.Block
	for _, x := range c.Blocks {
		switch x.(type) {
		case card.Chart, card.Table, card.Image, card.People, card.Progress, card.Columns, card.Collapsible:
			if s := textcard.Blocks(c.Lang, x); strings.TrimSpace(s) != "" {
				out = append(out, card.P(s))
			}
			if b := buttonsIn(x); len(b) > 0 {
				out = append(out, card.Buttons{Items: b})
			}
		default:
			out = append(out, x)
		}
	}
	if len(out) == 0 {
		out = []card.Block{card.P(textcard.Summary(c, 0))}
	}
	c.Blocks = out
	return c
}

// buttonsIn are the buttons of a block that becomes words, at most twelve.
func buttonsIn(x card.Block) []card.Button {
	var out []card.Button
	for _, k := range (card.Card{Blocks: []card.Block{x}}).Controls() {
		if len(out) < 12 {
			out = append(out, k.Button)
		}
	}
	return out
}

var (
	phones = regexp.MustCompile(`\+?\d[\d\- ]{7,17}\d`)
	dates  = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)
	emails = regexp.MustCompile(`([A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]*@([A-Za-z0-9.\-]+\.[A-Za-z]{2,})`)
)

// mask hides phone numbers and addresses, which a company's leak prevention
// may refuse (code 230028).
func mask(s string) string {
	s = phones.ReplaceAllStringFunc(s, func(m string) string {
		digits := strings.NewReplacer("+", "", "-", "", " ", "").Replace(m)
		if len(digits) < 10 || dates.MatchString(m) {
			return m
		}
		return digits[:3] + "****" + digits[len(digits)-4:]
	})
	return emails.ReplaceAllString(s, "$1***@$2")
}

// masked is the simple form of a card with phone numbers and addresses hidden.
func masked(c card.Card) card.Card {
	c = simpler(c)
	c.Title, c.Subtitle, c.Summary = mask(c.Title), mask(c.Subtitle), mask(c.Summary)
	out := make([]card.Block, len(c.Blocks))
	for i, x := range c.Blocks {
		switch x := x.(type) {
		case card.Text:
			t := card.Text{Spans: append([]card.Span(nil), x.Spans...)}
			for j := range t.Spans {
				t.Spans[j].Text = mask(t.Spans[j].Text)
			}
			out[i] = t
		case card.Fields:
			f := card.Fields{Items: append([]card.Field(nil), x.Items...)}
			for j := range f.Items {
				f.Items[j].Value = mask(f.Items[j].Value)
			}
			out[i] = f
		case card.Note:
			out[i] = card.Note{Text: mask(x.Text)}
		default:
			out[i] = x
		}
	}
	c.Blocks = out
	return c
}

func (b *Bot) openID(ctx context.Context, id crm.UserID) string {
	if b.opt.OpenID == nil {
		return ""
	}
	return b.opt.OpenID(ctx, id)
}

// accepted remembers ids that the platform took in a card.
func (b *Bot) accepted(persons map[string]bool) {
	if len(persons) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.persons) > 20_000 {
		b.persons = map[string]bool{}
	}
	for p := range persons {
		b.persons[p] = true
	}
}

// safely renders a card for the answer to a press, which cannot be sent again
// in a simpler form: only people that the platform took before are shown by
// their id. False: the card must be sent by an update instead.
func (b *Bot) safely(ctx context.Context, c card.Card) ([]byte, bool) {
	keys := imageKeys{}
	for _, img := range images(c) {
		key, ok := b.imageKey(img)
		if !ok {
			return nil, false
		}
		keys[hash(img.Data)] = key
	}
	known := func(id crm.UserID) string {
		p := b.openID(ctx, id)
		b.mu.Lock()
		defer b.mu.Unlock()
		if !b.persons[p] {
			return ""
		}
		return p
	}
	raw, _, err := larkjson.Render(c, larkjson.WithPersonIDs(known), larkjson.WithImageKey(keys.of))
	if err != nil {
		return nil, false
	}
	return raw, true
}

// imageKeys are the platform's keys by hash of the picture.
type imageKeys map[string]string

func (k imageKeys) of(img card.Image) (string, bool) {
	if len(img.Data) == 0 {
		return "", false
	}
	key, ok := k[hash(img.Data)]
	return key, ok
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// images are the pictures of a card that carry their data.
func images(c card.Card) []card.Image {
	var out []card.Image
	var walk func(bs []card.Block)
	walk = func(bs []card.Block) {
		for _, x := range bs {
			switch x := x.(type) {
			case card.Image:
				if len(x.Data) > 0 {
					out = append(out, x)
				}
			case card.Columns:
				for _, col := range x.Cols {
					walk(col.Blocks)
				}
			case card.Collapsible:
				walk(x.Blocks)
			}
		}
	}
	walk(c.Blocks)
	return out
}
