package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// Call is what a handler learns about the event besides its parsed input.
type Call struct {
	Req *Req
	// Rest is the text after the command's name, normalised, mentions kept.
	Rest string
	// Command is the name under which the command was called.
	Command string
	// People are the mentioned persons, resolved; unknown ones are absent.
	People []crm.Actor
	// Values are the inputs of a submitted form.
	Values Values
}

// Group reports whether the call came from a group chat.
func (c Call) Group() bool { return c.Req != nil && c.Req.Chat.Group }

// Command registers a text command. T is its parsed input.
type Command[T any] struct {
	// Name is the Chinese name without slash; Aliases the others, English first.
	Name    string
	Aliases []string
	Summary crm.Text
	// Usage shows the arguments: "L-12 原因".
	Usage crm.Text
	// Examples are complete calls; each must parse. At least one.
	Examples []string
	// Roles who may use it; empty: everybody.
	Roles []crm.Role
	// Bare commands work without a slash and with words after them ("拜访 华星 …").
	Bare bool
	// Menu puts the command into the platform menus.
	Menu bool
	// Parse reads the rest of the line. It must not touch storage.
	Parse func(rest string) (T, error)
	Run   func(ctx context.Context, a crm.Actor, c Call, in T) (Reply, error)
}

// Entry is a registered command without its type, for help, menus and the
// generated reference.
type Entry struct {
	Name     string
	Aliases  []string
	Summary  crm.Text
	Usage    crm.Text
	Examples []string
	Roles    []crm.Role
	Bare     bool
	Menu     bool

	run   func(ctx context.Context, a crm.Actor, c Call) (Reply, error)
	parse func(rest string) error
}

// Handle registers what a pressed control does. P is the action's payload.
type Handle[P card.Action] struct {
	Roles []crm.Role
	Run   func(ctx context.Context, a crm.Actor, c Call, p P) (Reply, error)
}

type action struct {
	name  string
	roles []crm.Role
	run   func(ctx context.Context, a crm.Actor, c Call, raw json.RawMessage) (Reply, error)
}

// Registration adds itself to a router.
type Registration interface{ add(r *Router) error }

// Router finds the handler of an event. Build it once with NewRouter; it is
// then read-only and safe for concurrent use.
type Router struct {
	commands map[string]*Entry
	ordered  []*Entry
	actions  map[string]action

	// Upload handles files that came without a command. Required.
	Upload func(ctx context.Context, a crm.Actor, c Call) (Reply, error)
	// Free handles text that is no command: a bare company name, an answer to a
	// question. It returns ErrUnhandled to get the "nearest commands" answer.
	Free func(ctx context.Context, a crm.Actor, c Call) (Reply, error)
	// Welcome answers Enter events.
	Welcome func(ctx context.Context, a crm.Actor, c Call) (Reply, error)
	// StaleAction answers an action whose name is unknown or whose payload no
	// longer fits: a fresh card where possible.
	StaleAction func(ctx context.Context, a crm.Actor, c Call) (Reply, error)
}

// ErrUnhandled is Free's answer when the text means nothing to it.
var ErrUnhandled = errors.New("unhandled text")

// NewRouter registers everything and reports all problems at once: duplicate
// names, missing examples or summaries, examples that do not parse.
func NewRouter(regs ...Registration) (*Router, error) {
	r := &Router{commands: map[string]*Entry{}, actions: map[string]action{}}
	var errs []error
	for _, g := range regs {
		if err := g.add(r); err != nil {
			errs = append(errs, err)
		}
	}
	// Examples are looked up when all names are known: a longer name registered
	// later may take over what an example means.
	for _, e := range r.ordered {
		errs = append(errs, r.checkExamples(e)...)
	}
	return r, errors.Join(errs...)
}

func (r *Router) checkExamples(e *Entry) []error {
	var errs []error
	for _, x := range e.Examples {
		name, rest, ok := r.match(x)
		if !ok || r.commands[name] != e {
			errs = append(errs, fmt.Errorf("command %q: example %q does not name it", e.Name, x))
			continue
		}
		if err := e.parse(rest); err != nil {
			errs = append(errs, fmt.Errorf("command %q: example %q does not parse: %w", e.Name, x, err))
		}
	}
	return errs
}

// Entries are the registered commands in order of registration.
func (r *Router) Entries() []*Entry { return r.ordered }

// Actions are the registered action names, sorted.
func (r *Router) Actions() []string {
	var names []string
	for n := range r.actions {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Allowed reports whether the actor may use the command.
func (e *Entry) Allowed(a crm.Actor) bool { return len(e.Roles) == 0 || a.Is(e.Roles...) }

func (c Command[T]) add(r *Router) error {
	var errs []error
	bad := func(f string, a ...any) {
		errs = append(errs, fmt.Errorf("command %q: "+f, append([]any{c.Name}, a...)...))
	}
	if c.Name == "" || c.Run == nil || c.Parse == nil {
		bad("needs Name, Parse and Run")
		return errors.Join(errs...)
	}
	if c.Summary.Zh == "" || c.Summary.En == "" {
		bad("needs a summary in both languages")
	}
	if len(c.Examples) == 0 {
		bad("needs an example")
	}
	e := &Entry{Name: c.Name, Aliases: c.Aliases, Summary: c.Summary, Usage: c.Usage, Examples: c.Examples, Roles: c.Roles, Bare: c.Bare, Menu: c.Menu}
	e.run = func(ctx context.Context, a crm.Actor, call Call) (Reply, error) {
		in, err := c.Parse(call.Rest)
		if err != nil {
			return Reply{}, misread{usageError(e, err)}
		}
		return c.Run(ctx, a, call, in)
	}
	for _, n := range append([]string{c.Name}, c.Aliases...) {
		k := strings.ToLower(n)
		if r.commands[k] != nil {
			bad("name %q is registered twice", n)
			continue
		}
		r.commands[k] = e
	}
	e.parse = func(rest string) error {
		_, err := c.Parse(rest)
		return err
	}
	r.ordered = append(r.ordered, e)
	return errors.Join(errs...)
}

func usageError(e *Entry, err error) error {
	var ce *crm.Error
	if errors.As(err, &ce) && ce.Next.Zh == "" {
		return ce.WithNext("例如："+crm.Chinese.Own(e.Examples)[0], "for example: "+crm.English.Own(e.Examples)[0])
	}
	return err
}

func (h Handle[P]) add(r *Router) error {
	var zero P
	name := zero.ActionName()
	if h.Run == nil {
		return fmt.Errorf("action %q has no Run", name)
	}
	if _, dup := r.actions[name]; dup {
		return fmt.Errorf("action %q is registered twice", name)
	}
	r.actions[name] = action{name: name, roles: h.Roles, run: func(ctx context.Context, a crm.Actor, c Call, raw json.RawMessage) (Reply, error) {
		var p P
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &p); err != nil {
				return Reply{}, errStalePayload
			}
		}
		return h.Run(ctx, a, c, p)
	}}
	return nil
}

var errStalePayload = errors.New("payload does not fit")

// match splits a line into a registered command name and the rest. The slash
// is optional, and so is the space after the name. Lengths are those of the
// line itself: the lower case of a letter can be longer than the letter.
func (r *Router) match(line string) (name, rest string, ok bool) {
	s := strings.TrimSpace(crm.Normalize(line))
	slash := strings.HasPrefix(s, "/")
	s = strings.TrimSpace(strings.TrimPrefix(s, "/"))
	head := s
	if i := strings.IndexAny(s, " \n\t"); i >= 0 {
		head = s[:i]
	}
	if low := strings.ToLower(head); r.commands[low] != nil {
		return low, strings.TrimSpace(s[len(head):]), true
	}
	// No space after the name: the longest registered name that the line begins
	// with. Latin names need a boundary ("logs" is not "log s").
	best := ""
	for k, e := range r.commands {
		if len(k) <= len(best) || len(k) > len(s) || !strings.EqualFold(s[:len(k)], k) {
			continue
		}
		after := s[len(k):]
		if (slash || e.Bare || codeFollows(after)) && boundary(k, after) {
			best = k
		}
	}
	if best != "" {
		return best, strings.TrimSpace(s[len(best):]), true
	}
	return "", "", false
}

func codeFollows(s string) bool {
	_, err := crm.ParseRef(strings.TrimSpace(strings.SplitN(s+" ", " ", 2)[0]))
	return err == nil
}

func boundary(name, rest string) bool {
	if rest == "" {
		return true
	}
	last, next := name[len(name)-1], rest[0]
	latin := func(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
	return !latin(last) || !latin(next)
}
