package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crmbot/internal/crm"
)

// Dispatch runs the handler of a request for the actor.
func (r *Router) Dispatch(ctx context.Context, a crm.Actor, req *Req, people []crm.Actor) (Reply, error) {
	c := Call{Req: req, People: people}
	switch req.Kind {
	case Press:
		return r.press(ctx, a, c)
	case Upload:
		return r.Upload(ctx, a, c)
	case Enter:
		return r.Welcome(ctx, a, c)
	}
	if strings.TrimSpace(req.Text) == "" {
		if len(req.Files) > 0 {
			return r.Upload(ctx, a, c)
		}
		return r.Welcome(ctx, a, c)
	}
	name, rest, ok := r.match(req.Text)
	if !ok {
		return r.unknown(ctx, a, c)
	}
	e := r.commands[name]
	if !e.Allowed(a) {
		return Reply{}, crm.Forbid(a, e.Roles...)
	}
	c.Command, c.Rest = name, rest
	return e.run(ctx, a, c)
}

func (r *Router) press(ctx context.Context, a crm.Actor, c Call) (Reply, error) {
	if c.Req.Action == nil {
		return r.StaleAction(ctx, a, c)
	}
	h, ok := r.actions[c.Req.Action.Name]
	if !ok {
		return r.StaleAction(ctx, a, c)
	}
	if len(h.roles) > 0 && !a.Is(h.roles...) {
		return Reply{}, crm.Forbid(a, h.roles...)
	}
	c.Values = c.Req.Action.Values
	rep, err := h.run(ctx, a, c, c.Req.Action.Payload)
	if errors.Is(err, errStalePayload) {
		return r.StaleAction(ctx, a, c)
	}
	return rep, err
}

func (r *Router) unknown(ctx context.Context, a crm.Actor, c Call) (Reply, error) {
	text := strings.TrimSpace(crm.Normalize(c.Req.Text))
	c.Rest = text
	if !strings.HasPrefix(text, "/") {
		rep, err := r.Free(ctx, a, c)
		if !errors.Is(err, ErrUnhandled) {
			return rep, err
		}
	}
	word, _, _ := strings.Cut(strings.TrimPrefix(text, "/"), " ")
	near := r.Nearest(word, a, 3)
	zh, en := make([]string, len(near)), make([]string, len(near))
	for i, e := range near {
		zh[i] = "/" + e.Name + " " + e.Summary.Zh
		en[i] = "/" + first(e.Aliases, e.Name) + " – " + e.Summary.En
	}
	return Reply{}, misread{crm.Invalid(fmt.Sprintf("没有看懂“%s”。您是不是想用：\n%s\n发送 /帮助 查看全部命令", clip(text, 40), strings.Join(zh, "\n")),
		fmt.Sprintf("I did not understand “%s”. Did you mean:\n%s\nSend /help for all commands", clip(text, 40), strings.Join(en, "\n")))}
}

// Nearest are the n commands of the actor whose names are closest to the word.
func (r *Router) Nearest(word string, a crm.Actor, n int) []*Entry {
	type hit struct {
		e *Entry
		d int
	}
	w := []rune(strings.ToLower(clip(word, 20)))
	var hits []hit
	for _, e := range r.ordered {
		if !e.Allowed(a) {
			continue
		}
		best := 1 << 20
		for _, name := range append([]string{e.Name}, e.Aliases...) {
			best = min(best, editDistance(w, []rune(strings.ToLower(name)))*4-shared(w, []rune(strings.ToLower(name))))
		}
		hits = append(hits, hit{e, best})
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.d - b.d })
	var out []*Entry
	for i := 0; i < len(hits) && i < n; i++ {
		out = append(out, hits[i].e)
	}
	return out
}

// shared counts the characters that both words have, so that a Chinese name
// with one character in common beats one of equal length with none.
func shared(a, b []rune) int {
	n := 0
	for _, x := range a {
		if slices.Contains(b, x) {
			n += 3
		}
	}
	return n
}

func editDistance(a, b []rune) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur := make([]int, len(b)+1)
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
		}
		prev = cur
	}
	return prev[len(b)]
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

func first(list []string, or string) string {
	if len(list) > 0 {
		return list[0]
	}
	return or
}
