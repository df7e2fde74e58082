package browser

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// crawler is one person who tries everything that they are offered.
type crawler struct {
	t      testing.TB
	c      *company
	who    org.User
	chat   string
	seen   map[string]bool // what was pressed already, by action and card
	count  int
	budget int
}

// TestEveryControlAnswers opens every command of every role and presses every
// control of every card that comes back, and of the cards behind it. Each must
// answer: with a card, a text or a short message; never with nothing, and never
// with an error of the system.
func TestEveryControlAnswers(t *testing.T) {
	for _, name := range []string{"李娜", "Grace Liu", "王磊", "高远", "林总", "何洁", "郑钧", "罗兰", "唐悦", "管理员"} {
		t.Run(name, func(t *testing.T) {
			c := openCompany(t)
			u := c.people[name]
			r := &crawler{t: t, c: c, who: u, chat: webchat.PersonChat(u.ID), seen: map[string]bool{}, budget: 400}
			for _, m := range r.waiting(0) {
				r.try(m, 1)
			}
			a := c.actor(name)
			for _, e := range c.demo.App.Runtime.Router.Entries() {
				if !e.Allowed(a) {
					continue
				}
				if e.Bare {
					r.say("/"+e.Name, 2)
				}
				for _, x := range e.Examples {
					r.say(x, 1)
				}
			}
			if least := map[bool]int{true: 60, false: 5}[slices.Contains(u.Roles, crm.Rep)]; r.count < least {
				t.Errorf("only %d controls were pressed, want at least %d", r.count, least)
			}
		})
	}
}

// waiting are the newest cards in the chat that came after the message, as far
// back as a person would look.
func (r *crawler) waiting(since int64) []webchat.Message {
	r.t.Helper()
	const most = 20
	for n := 2; ; n = min(3*n, most) {
		list, err := r.c.demo.Hub.Messages(r.t.Context(), r.who.ID, r.chat, 0, n)
		if err != nil {
			r.t.Fatal(err)
		}
		old := func(m webchat.Message) bool { return m.ID <= since }
		if n == most || len(list) < n || slices.ContainsFunc(list, old) {
			return slices.DeleteFunc(list, func(m webchat.Message) bool { return m.Card == nil || old(m) })
		}
	}
}

// say sends a line and tries what comes back, depth cards deep.
func (r *crawler) say(line string, depth int) {
	r.t.Helper()
	before := r.last()
	var rep bot.Reply
	_, err := r.c.demo.Hub.Post(context.WithoutCancel(r.t.Context()), webchat.Incoming{User: r.who.ID, Chat: r.chat, Text: line, Answered: func(x bot.Reply) { rep = x }})
	r.check(line, rep, err)
	r.after(before, depth)
}

func (r *crawler) last() int64 {
	list, err := r.c.demo.Hub.Messages(r.t.Context(), r.who.ID, r.chat, 0, 1)
	if err != nil || len(list) == 0 {
		return 0
	}
	return list[0].ID
}

// after tries the cards that came since the message.
func (r *crawler) after(since int64, depth int) {
	if depth == 0 {
		return
	}
	for _, m := range r.waiting(since) {
		r.try(m, depth)
	}
}

// check fails if an answer is empty or an error of the system.
func (r *crawler) check(what string, rep bot.Reply, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Errorf("%s: %v", what, err)
		return
	}
	text := rep.Text + " " + rep.Toast
	if rep.Card != nil {
		text += " " + textcard.Render(*rep.Card)
	}
	for _, also := range rep.Also {
		text += " " + also.Text + " " + also.Toast
	}
	switch {
	case strings.TrimSpace(text) == "" && len(rep.Files) == 0 && len(rep.Also) == 0:
		r.t.Errorf("%s: no answer", what)
	case strings.Contains(text, "系统出错") || strings.Contains(text, "went wrong") || strings.Contains(text, "处理中"):
		r.t.Errorf("%s: %.300s", what, text)
	case r.who.Lang == crm.Chinese && strings.Contains(text, "%!"), strings.Contains(text, "<nil>"):
		r.t.Errorf("%s: a text is broken: %.300s", what, text)
	}
	if err := rep.Err(); err != nil && (crm.CodeOf(err) == crm.CodeInternal || crm.CodeOf(err) == crm.CodeTooMany) {
		r.t.Errorf("%s: %v", what, err)
	}
}

type control struct {
	button card.Button
	form   *card.Form
}

// try presses every control of a card, each on the card's newest state.
func (r *crawler) try(m webchat.Message, depth int) {
	for r.budget > 0 {
		x, wire, ok := r.fresh(m)
		if !ok {
			return
		}
		r.budget--
		r.count++
		before := r.last()
		var rep bot.Reply
		_, err := r.c.demo.Hub.Press(context.WithoutCancel(r.t.Context()), webchat.Pressed{User: r.who.ID, Message: m.ID, Action: wire, Values: fillIn(x.form), Answered: func(y bot.Reply) { rep = y }})
		what := fmt.Sprintf("“%s” of “%s” (%s)", x.button.Label, m.Card.Title, wire.Name)
		r.check(what, rep, err)
		if crm.CodeOf(rep.Err()) == crm.CodeForbidden && rep.Err() != nil {
			r.t.Errorf("%s is offered to somebody who may not use it: %v", what, rep.Err())
		}
		r.after(before, depth-1)
		list, err := r.c.demo.Hub.Messages(r.t.Context(), r.who.ID, r.chat, m.ID+1, 1)
		if err != nil || len(list) != 1 || list[0].Card == nil {
			return
		}
		m = list[0]
	}
}

// fresh is a control of the card that was not pressed yet.
func (r *crawler) fresh(m webchat.Message) (control, card.Wire, bool) {
	var all []control
	collect(m.Card.Blocks, func(b card.Button, f *card.Form) { all = append(all, control{b, f}) })
	for _, x := range all {
		if x.button.Action == nil || x.button.Disabled != "" {
			continue
		}
		wire, err := card.Encode(x.button.Action)
		if err != nil {
			r.t.Errorf("%s: %v", x.button.Label, err)
			continue
		}
		key := wire.Name + " of " + shape(m.Card.Title)
		if _, ok := x.button.Action.(cards.RunCommand); ok {
			key += " " + shape(x.button.Command)
		}
		if !r.seen[key] {
			r.seen[key] = true
			return x, wire, true
		}
	}
	return control{}, card.Wire{}, false
}

// shape is a text without its numbers, so that ten leads count as one.
func shape(s string) string {
	s = strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return '0'
		}
		return c
	}, s)
	s, _, _ = strings.Cut(s, " · ") // a kind of card before the record that it is about
	return s
}

// collect finds the controls of blocks: buttons, forms, cells and values that
// open what is behind them.
func collect(bs []card.Block, add func(card.Button, *card.Form)) {
	for _, b := range bs {
		switch b := b.(type) {
		case card.Buttons:
			for _, x := range b.Items {
				add(x, nil)
			}
		case card.Form:
			for _, x := range append([]card.Button{b.Submit}, b.Extra...) {
				add(x, &b)
			}
		case card.Fields:
			for _, x := range b.Items {
				if x.Evidence != nil {
					add(*x.Evidence, nil)
				}
			}
		case card.Table:
			for _, row := range b.Rows {
				for _, x := range row {
					if x.Action != nil {
						add(*x.Action, nil)
					}
				}
			}
		case card.Columns:
			for _, x := range b.Cols {
				collect(x.Blocks, add)
			}
		case card.Collapsible:
			collect(b.Blocks, add)
		}
	}
}

// fillIn fills a form as somebody would who is in a hurry: what is there stays,
// and what is required gets something.
func fillIn(f *card.Form) bot.Values {
	if f == nil {
		return nil
	}
	v := bot.Values{}
	for _, in := range f.Inputs {
		value := in.Default
		switch {
		case value != "":
		case len(in.Options) > 0:
			value = in.Options[len(in.Options)-1].Value
		case in.Kind == card.DateInput:
			value = "2026-11-20"
		case in.Kind == card.TimeInput:
			value = "10:00"
		case in.Kind == card.NumberInput, in.Kind == card.MoneyInput:
			value = "3"
		case in.Required:
			value = "试一试这个控件"
		}
		if value != "" {
			v[in.Name] = []string{value}
		}
	}
	return v
}
