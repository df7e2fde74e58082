package larkbot

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
)

// envelope is an event of schema 2.0.
type envelope struct {
	Header struct {
		EventID    string `json:"event_id"`
		EventType  string `json:"event_type"`
		CreateTime string `json:"create_time"`
		Token      string `json:"token"`
		AppID      string `json:"app_id"`
		TenantKey  string `json:"tenant_key"`
	} `json:"header"`
	Event json.RawMessage `json:"event"`
}

// person are a person's ids in an event.
type person struct {
	OpenID  string `json:"open_id"`
	UnionID string `json:"union_id"`
}

// The events that mean something to the product.
const (
	evMessage   = "im.message.receive_v1"
	evPress     = "card.action.trigger"
	evMenu      = "application.bot.menu_v6"
	evEntered   = "im.chat.access_event.bot_p2p_chat_entered_v1"
	evBotAdded  = "im.chat.member.bot.added_v1"
	evUserNew   = "contact.user.created_v3"
	evUserEdit  = "contact.user.updated_v3"
	evUserGone  = "contact.user.deleted_v3"
	evDeptNew   = "contact.department.created_v3"
	evDeptEdit  = "contact.department.updated_v3"
	evDeptGone  = "contact.department.deleted_v3"
	evScope     = "contact.scope.updated_v3"
	evDissolved = "im.chat.disbanded_v1"
)

var (
	// errUnfinished asks the platform to deliver the event again: it is still
	// being handled, and if this process dies, somebody else must do it.
	errUnfinished = errors.New("still being handled")
	errForeign    = errors.New("the event is not for this app")
	errMalformed  = errors.New("the event cannot be read")
)

// dispatch handles one event and returns the answer to a callback, nil for
// other events. An error asks the platform to deliver the event again. It
// never panics.
func (b *Bot) dispatch(ctx context.Context, raw []byte) (ans *answer, err error) {
	var e envelope
	if json.Unmarshal(raw, &e) != nil || e.Header.EventType == "" {
		return nil, errMalformed
	}
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "panic in event", "platform", Name, "event", e.Header.EventID, "type", e.Header.EventType, "stack", string(debug.Stack()))
			ans, err = nil, errors.New("panic")
			if e.Header.EventType == evPress {
				ans, err = toast(bot.ToastError, crm.Internal(nil).Message(crm.Chinese)), nil
			}
		}
	}()
	switch ours, err := b.ours(ctx, e); {
	case err != nil && e.Header.EventType == evPress:
		return toast(bot.ToastError, crm.Internal(nil).Message(crm.Chinese)), nil
	case err != nil:
		return nil, err
	case !ours:
		return nil, errForeign
	}
	if e.Header.EventType == evPress {
		return b.press(ctx, e), nil
	}
	w, err := b.read(ctx, e)
	if err != nil || w.do == nil {
		return nil, err
	}
	return nil, b.accept(ctx, bot.Kept{ID: w.id, Kind: kindEvent, Body: raw}, w.do)
}

// work is what an event makes to do; the zero value: nothing.
type work struct {
	// id is the event's id for the runtime.
	id string
	do doing
}

// doing does what an event asks for and calls took when it took effect.
type doing func(ctx context.Context, took func()) error

// read is the work of an event.
func (b *Bot) read(ctx context.Context, e envelope) (work, error) {
	switch e.Header.EventType {
	case evMessage:
		return b.message(ctx, e)
	case evMenu:
		return b.menu(e)
	case evEntered:
		return b.entered(ctx, e)
	case evBotAdded:
		return b.botAdded(ctx, e)
	case evUserNew, evUserEdit, evUserGone, evDeptNew, evDeptEdit, evDeptGone, evScope:
		return b.contact(e)
	}
	return work{}, nil
}

// ours reports whether an event is for this app and tenant.
func (b *Bot) ours(ctx context.Context, e envelope) (bool, error) {
	if e.Header.AppID != b.opt.AppID || e.Header.TenantKey == "" {
		return false, nil
	}
	return b.home.Ours(ctx, e.Header.TenantKey)
}

// handled runs the handling of an event and waits for it as long as the
// platform does. An event that took effect by then is acknowledged. What takes
// longer goes on, and the platform is asked to deliver the event again, so that
// it is not lost if this process dies; the runtime then knows that it was
// handled.
func (b *Bot) handled(ctx context.Context, fn doing) error {
	done := make(chan error, 1)
	var effect atomic.Bool
	b.work.Go(ctx, func(ctx context.Context) {
		err := errUnfinished
		defer func() { done <- err }()
		err = fn(ctx, func() { effect.Store(true) })
	})
	t, stop := b.budget()
	defer stop()
	select {
	case err := <-done:
		return err
	case <-t:
	}
	if effect.Load() {
		return nil
	}
	return errUnfinished
}

// answerTo hands a request to the runtime and shows the answer.
func (b *Bot) answerTo(ctx context.Context, req *bot.Req, t target, took func()) error {
	rep := b.handle(ctx, req)
	// Retry without words: another process is at it.
	if rep.Unfinished() || rep.Retry() && rep.Empty() {
		b.work.Go(ctx, func(ctx context.Context) { b.show(ctx, req, rep, t) })
		return errUnfinished
	}
	took()
	if rep.Retry() && b.inbox != nil {
		// The person reads that nothing happened: so nothing may happen later.
		b.inbox.GiveUp(ctx, req.EventID)
	}
	b.show(ctx, req, rep, t)
	return nil
}

func (b *Bot) handle(ctx context.Context, req *bot.Req) bot.Reply {
	rep := b.rt.Handle(ctx, req)
	if b.opt.Answered != nil {
		b.opt.Answered(req, rep)
	}
	return rep
}

// from is the id under which the directory knows a person: the open id, else
// the union id, else the open id of somebody unknown.
func (b *Bot) from(ctx context.Context, p person, tenant string) string {
	if p.UnionID == "" {
		return p.OpenID
	}
	if _, err := b.rt.People.ByIdentity(ctx, Name, tenant, p.OpenID); crm.CodeOf(err) == crm.CodeNotFound {
		if _, err := b.rt.People.ByIdentity(ctx, Name, tenant, p.UnionID); err == nil {
			return p.UnionID
		}
	}
	return p.OpenID
}

// foreign is the tenant of a person of another company in a shared group, ""
// for our own: the directory knows our own people without a tenant.
func (b *Bot) foreign(tenant string) string {
	if tenant == b.home.Known() {
		return ""
	}
	return tenant
}

// at is the time of an event, given in milliseconds or, for presses, in
// microseconds.
func (b *Bot) at(created string) time.Time {
	now := b.opt.Clock.Now()
	n, err := strconv.ParseInt(created, 10, 64)
	if err != nil || n <= 0 {
		return now
	}
	t := time.UnixMilli(n).UTC()
	if n > 1e14 {
		t = time.UnixMicro(n).UTC()
	}
	if t.After(now) {
		return now // by our clock nothing comes before it happened
	}
	return t
}
