package larkbot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"
	larkevent "github.com/larksuite/oapi-sdk-go/v3/event"
	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher"
	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher/callback"
	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"

	"crmbot/bot/adapter"
)

// acknowledged are events that an app may be subscribed to and that mean
// nothing to the product. The SDK answers 500 for an event without a handler,
// and the platform then sends it four more times.
var acknowledged = []string{
	evMessage, evMenu, evEntered, evBotAdded, evUserNew, evUserEdit, evUserGone, evDeptNew, evDeptEdit, evDeptGone, evScope, evDissolved, otherEvent,
	"im.message.message_read_v1", "im.message.recalled_v1", "im.message.reaction.created_v1", "im.message.reaction.deleted_v1", "im.message.bot_muted_v1",
	"im.chat.updated_v1", "im.chat.member.bot.deleted_v1", "im.chat.member.user.added_v1", "im.chat.member.user.deleted_v1", "im.chat.member.user.withdrawn_v1",
	"contact.custom_attr_event.updated_v3", "contact.employee_type_enum.created_v3", "contact.employee_type_enum.updated_v3", "contact.employee_type_enum.deleted_v3",
	"contact.employee_type_enum.actived_v3", "contact.employee_type_enum.deactivated_v3",
	"application.application.app_version.audit_v6", "application.application.app_version.publish_apply_v6", "application.application.app_version.publish_revoke_v6",
	"application.application.created_v6", "application.application.feedback.created_v6", "application.application.feedback.updated_v6", "application.application.visibility.added_v6",
	"approval.approval.updated_v4", "calendar.calendar.changed_v4", "calendar.calendar.event.changed_v4", "task.task.updated_v1", "vc.meeting.meeting_started_v1", "vc.meeting.meeting_ended_v1",
	"p2p_chat_create", "add_bot", "remove_bot", "message_read",
}

// dispatcher joins the SDK to dispatch. Handlers get the event as it came,
// because the SDK's own types lack what we need and refuse what they lack.
func (b *Bot) dispatcher() *dispatcher.EventDispatcher {
	d := dispatcher.NewEventDispatcher("", "")
	d.InitConfig(larkevent.WithLogger(sdkLog{}))
	for _, kind := range acknowledged {
		d.OnCustomizedEvent(kind, func(ctx context.Context, e *larkevent.EventReq) error {
			_, err := b.dispatch(ctx, original(e.Body))
			if errors.Is(err, errForeign) || errors.Is(err, errMalformed) {
				slog.WarnContext(ctx, "event not handled", "platform", Name, "err", err)
				return nil // a redelivery would be no better
			}
			return err
		})
	}
	d.OnP2CardActionTrigger(func(ctx context.Context, e *callback.CardActionTriggerEvent) (*callback.CardActionTriggerResponse, error) {
		out := &callback.CardActionTriggerResponse{} // {}, never null: clients take null for an error
		a, err := b.dispatch(ctx, original(e.EventReq.Body))
		if err != nil || a == nil {
			return out, nil
		}
		if a.Toast != nil {
			out.Toast = &callback.Toast{Type: a.Toast.Type, Content: a.Toast.Content}
		}
		if a.Card != nil {
			out.Card = &callback.Card{Type: a.Card.Type, Data: a.Card.Data}
		}
		return out, nil
	})
	return d
}

const (
	restartFirst = time.Second
	restartLast  = 2 * time.Minute
)

// receive keeps a long connection up until the context ends. The SDK connects
// again by itself; what makes it give up (a wrong secret, too many connections)
// is reported and tried again here, because somebody may mend it.
func (b *Bot) receive(ctx context.Context) error {
	defer b.health.connected(false)
	for wait := restartFirst; ; wait = min(wait*2, restartLast) {
		started := time.Now()
		cli := larkws.NewClient(b.opt.AppID, b.opt.AppSecret, larkws.WithDomain(b.opt.BaseURL), larkws.WithEventHandler(b.dispatcher()), larkws.WithLogger(sdkLog{}),
			larkws.WithLogLevel(larkcore.LogLevelWarn), larkws.WithWebSocketDialer(b.dialer()),
			// After a first failure only "reconnected" is called: listen to both.
			larkws.WithOnReady(func() { b.health.connected(true) }), larkws.WithOnReconnected(func() { b.health.connected(true) }),
			larkws.WithOnReconnecting(func() { b.health.connected(false) }), larkws.WithOnDisconnected(func() { b.health.connected(false) }))
		err := cli.Start(ctx)
		b.health.connected(false)
		if ctx.Err() != nil {
			return nil
		}
		var refusal *larkws.ClientError
		if errors.As(err, &refusal) {
			b.health.problem(refusal.Code)
			slog.ErrorContext(ctx, "the platform refuses the long connection", "platform", Name, "code", refusal.Code)
		} else {
			slog.ErrorContext(ctx, "long connection ended", "platform", Name, "err", err)
		}
		if time.Since(started) > 5*time.Minute {
			wait = restartFirst
		}
		if !adapter.Pause(ctx, wait) {
			return nil
		}
	}
}

// sdkLog writes the SDK's warnings. Its debug and info lines hold messages of
// people and are left out.
type sdkLog struct{}

func (sdkLog) Debug(context.Context, ...any) {}
func (sdkLog) Info(context.Context, ...any)  {}
func (sdkLog) Warn(ctx context.Context, a ...any) {
	slog.WarnContext(ctx, "lark sdk", "text", clip(fmt.Sprint(a...)))
}
func (sdkLog) Error(ctx context.Context, a ...any) {
	text := fmt.Sprint(a...)
	if strings.Contains(text, errUnfinished.Error()) {
		return // our own request to deliver again
	}
	slog.WarnContext(ctx, "lark sdk", "text", clip(text))
}

func clip(s string) string {
	if len(s) > 300 {
		return s[:300]
	}
	return s
}

// otherEvent stands for every type that has no handler (see mend).
const otherEvent = "crmbot.other"

// carried is the field in which mend puts an event that the SDK's types cannot
// read.
const carried = "crmbot_original"

// original is the event as the platform sent it.
func original(body []byte) []byte {
	var w struct {
		Original json.RawMessage `json:"crmbot_original"`
	}
	if json.Unmarshal(body, &w) == nil && len(w.Original) > 0 {
		return w.Original
	}
	return body
}
