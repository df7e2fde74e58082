package dingbot

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"

	"crmbot/bot"
	"crmbot/bot/adapter"
)

// eventLeave is somebody who left the company.
const eventLeave = "user_leave_org"

// eventHead is what a frame says about an event.
type eventHead struct{ ID, Type, Corp string }

// free are events that cost nothing of the quota: those of the directory.
var free = map[string]bool{"user_add_org": true, "user_modify_org": true, eventLeave: true, "org_dept_create": true, "org_dept_modify": true, "org_dept_remove": true,
	"user_active_org": true, "org_admin_add": true, "org_admin_remove": true}

// storedEvent is an event in the inbox.
type storedEvent struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// acceptEvent stores an event of the directory; everything else that an
// administrator ticked is acknowledged and means nothing to us. False: the
// event must come again.
func (b *Bot) acceptEvent(ctx context.Context, h eventHead, data []byte) bool {
	if b.opt.Contact == nil || !strings.HasPrefix(h.Type, "user_") && !strings.HasPrefix(h.Type, "org_dept_") || !isObject(data) {
		return true
	}
	if ok, err := b.ours(ctx, h.Corp); err != nil || !ok {
		return err == nil
	}
	id := h.ID
	if id == "" {
		id = adapter.Short(h.Type + string(data))
	}
	raw, err := encode(storedEvent{Type: h.Type, Data: data})
	if err != nil {
		return true
	}
	id = "event:" + id
	defer b.work.Hold()()
	fresh, ok := b.inbox.Keep(ctx, bot.Kept{ID: id, Kind: kindEvent, Body: raw})
	// What could not be stored comes again, but it may have been stored all the
	// same, and would then wait for the end of its lease.
	if fresh || !ok && b.inbox.Once(ctx, id) {
		b.work.Go(ctx, func(ctx context.Context) { b.handleEvent(ctx, id, raw) })
	}
	return ok
}

// handleEvent passes on what changed in the company's directory. What fails is
// tried again after the event's lease: no synchronisation tells of leavers.
func (b *Bot) handleEvent(ctx context.Context, id string, raw []byte) {
	users, left := changed(raw)
	if b.opt.Contact != nil {
		var errs []error
		for _, u := range users {
			errs = append(errs, adapter.Follow(ctx, Name, func() error { return outcome(b.opt.Contact(ctx, string(u), left)) }))
		}
		if errors.Join(errs...) != nil {
			return
		}
	}
	b.inbox.Done(ctx, id)
}

// changed reads whom a stored event is about, "" for a department, and whether
// they left.
func changed(raw []byte) (users list[text], left bool) {
	var e storedEvent
	object(raw, &e)
	var d struct {
		UserID json.RawMessage `json:"userId"`
	}
	object(e.Data, &d)
	if users.UnmarshalJSON(d.UserID); len(users) == 0 {
		users = list[text]{asText(d.UserID)} // one of them, or a department
	}
	return users, e.Type == eventLeave
}

// foreign reports that another organisation sends to this app, once an hour.
func (b *Bot) foreign(ctx context.Context) {
	if b.health.problem(ProblemForeign) {
		slog.WarnContext(ctx, "something of another organisation was not handled", "platform", Name)
	}
}
