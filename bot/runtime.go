package bot

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"crmbot/internal/crm"
)

// Resolver finds the person behind a platform's id, as they are at this moment.
type Resolver interface {
	ByIdentity(ctx context.Context, platform, tenant, external string) (crm.Actor, error)
}

// Handler answers one event. It never fails: errors become answers at the edge.
type Handler func(ctx context.Context, req *Req) Reply

// Middleware wraps a handler. One small file each; the order is fixed where
// the runtime is built.
type Middleware func(next Handler) Handler

// Sent is called by adapters after a card with a view was shown.
type Sent func(ctx context.Context, m MessageRef, to Shown) error

// Shown says what a message shows and to whom.
type Shown struct {
	View  View
	User  crm.UserID // zero for a group
	Group bool
	About []crm.Ref
	// Digest is a hash of the card, to recognise an update without a change.
	Digest string
	// At is when the event arrived that the card answers; zero: unknown. What
	// changed after it may be missing on the card.
	At time.Time
}

// Runtime is what adapters hand their events to.
type Runtime struct {
	Router *Router
	Views  *Views
	People Resolver
	// Sent remembers shown cards. Required.
	Sent Sent
	// Prepare is called around the handler with the context of the event; it
	// attaches what the store needs to handle an event once. Optional.
	Prepare func(ctx context.Context, req *Req) context.Context

	// Stranger answers somebody whom People does not know, or makes them known:
	// then their request is served. Nil: they are told that they are not known.
	Stranger func(ctx context.Context, req *Req) (Reply, error)

	// Gate holds the limits that Admit asks; nil: those of a message alone, without
	// a rate.
	Gate *Gate

	handle Handler
}

// Use fixes the middleware, outermost first. Call it once before Handle.
func (rt *Runtime) Use(chain ...Middleware) {
	h := rt.dispatch
	for i := len(chain) - 1; i >= 0; i-- {
		h = chain[i](h)
	}
	rt.handle = h
}

// Handle answers one event.
func (rt *Runtime) Handle(ctx context.Context, req *Req) Reply {
	// The directory answers from memory; somebody unknown is refused later.
	if a, err := rt.People.ByIdentity(ctx, req.Platform, req.Tenant, req.From); err == nil {
		req.Lang = a.Lang
	}
	return rt.handle(ctx, req)
}

// Refuse is the answer to a request that an adapter cannot hand on: in a group
// only the person reads why.
func (rt *Runtime) Refuse(ctx context.Context, req *Req, err error) Reply {
	a, e := rt.People.ByIdentity(ctx, req.Platform, req.Tenant, req.From)
	if e != nil {
		return rt.failure(ctx, req, a, e)
	}
	return rt.failure(ctx, req, a, err)
}

// dispatch is the innermost handler: who is it, what do they want, and the one
// place where an error becomes an answer.
func (rt *Runtime) dispatch(ctx context.Context, req *Req) Reply {
	ctx = crm.WithEvent(ctx, crm.Event{Platform: req.Platform, ID: req.EventID})
	if rt.Prepare != nil {
		ctx = rt.Prepare(ctx, req)
	}
	a, err := rt.People.ByIdentity(ctx, req.Platform, req.Tenant, req.From)
	if crm.CodeOf(err) == crm.CodeNotFound && rt.Stranger != nil {
		rep, e := rt.Stranger(ctx, req)
		if e != nil {
			return rt.failure(ctx, req, a, e)
		}
		// Perhaps they became known meanwhile; then their request is served.
		if a, err = rt.People.ByIdentity(ctx, req.Platform, req.Tenant, req.From); err != nil {
			return privately(req, a, rep)
		}
		req.Lang = a.Lang
	}
	if err != nil {
		return rt.failure(ctx, req, a, err)
	}
	if req.Unfetched > 0 {
		return rt.failure(ctx, req, a, leftThere())
	}
	if a.Frozen {
		ctx = crm.WithReadOnly(ctx, crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").
			WithNext("请联系您的经理", "please ask your manager"))
	}
	var people []crm.Actor
	for _, m := range req.Mentions {
		if p, err := rt.People.ByIdentity(ctx, req.Platform, req.Tenant, m.ID); err == nil {
			people = append(people, p)
		}
	}
	rep, err := rt.Router.Dispatch(ctx, a, req, people)
	if err != nil {
		return rt.failure(ctx, req, a, err)
	}
	return privately(req, a, rt.Router.offered(req, a, rep))
}

// privately marks what must not be read by a group: the group gets one line.
func privately(req *Req, a crm.Actor, rep Reply) Reply {
	if !req.Chat.Group || !rep.Private || rep.Empty() {
		return rep
	}
	note := Reply{Text: a.Lang.T("已私信回复 "+a.Name, "answered "+a.Name+" in private")}
	if req.Kind == Press {
		note = Reply{Toast: rep.Toast, ToastTone: rep.ToastTone}
		if note.Toast == "" {
			note.Toast = a.Lang.T("详情已私信给您", "details were sent to you in private")
		}
		rep.Toast = ""
	}
	note.Also, note.err, note.transient = []Reply{private(rep)}, rep.err, rep.transient
	return note
}

// private marks a reply with everything that belongs to it.
func private(rep Reply) Reply {
	rep.Private, rep.Update = true, false
	rep.Also = slices.Clone(rep.Also)
	for i, r := range rep.Also {
		rep.Also[i] = private(r)
	}
	return rep
}

// misread is an error about the words themselves, found before any record was
// looked at.
type misread struct{ error }

// Unwrap is the error itself.
func (m misread) Unwrap() error { return m.error }

func (rt *Runtime) failure(ctx context.Context, req *Req, a crm.Actor, err error) Reply {
	code := crm.CodeOf(err)
	if code == crm.CodeInternal || code == crm.CodeUnavailable {
		slog.ErrorContext(ctx, "request failed", "platform", req.Platform, "event", req.EventID, "kind", string(req.Kind), "action", rt.called(req), "err", err)
	}
	msg := crm.MessageOf(err, a.Lang)
	rep := Reply{Text: msg}
	if req.Kind == Press {
		rep = Reply{Toast: msg, ToastTone: ToastError}
		if code == crm.CodeDuplicate {
			rep.ToastTone = ToastInfo
		}
	}
	rep.transient = code == crm.CodeUnavailable || code == crm.CodeInternal
	rep.err = err
	// A no may name records and people (PM-03); a group learns only that it came.
	// What was not understood names nothing but what was typed there, and somebody
	// unknown has no other chat.
	open := a.ID == 0 || rep.transient || errors.As(err, new(misread))
	if req.Chat.Group && req.Kind != Press && !open {
		rep.Private = true
		return privately(req, a, rep)
	}
	return rep
}

// actionName is the name of a pressed action, for the log.
func actionName(req *Req) string {
	if req.Action == nil || len(req.Action.Name) > 40 {
		return ""
	}
	return req.Action.Name
}

// called is the registered name of what a request calls, for the log: typed
// text itself may be a name or a phone number.
func (rt *Runtime) called(req *Req) string {
	if req.Action != nil {
		return actionName(req)
	}
	if rt.Router == nil {
		return ""
	}
	name, _, _ := rt.Router.match(req.Text)
	return name
}
