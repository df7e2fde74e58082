package scenario

import (
	"context"
	"fmt"

	"crmbot/bot/dingbot"
	"crmbot/bot/larkbot"
	"crmbot/bot/webchat"
	"crmbot/internal/crm"
)

// chats is where the people of a script talk: the chat in the browser, or a
// played platform behind the same words. People are known by their id in the
// company, chats by webchat's ids ("u12", "g3").
type chats interface {
	AddGroup(ctx context.Context, title string, members ...crm.UserID) (webchat.Chat, error)
	Groups() []webchat.Chat
	// Sees reports whether a person sees what happens in a chat.
	Sees(user crm.UserID, chat string) bool
	Post(ctx context.Context, in webchat.Incoming) (event string, err error)
	Press(ctx context.Context, p webchat.Pressed) (event string, err error)
	Subscribe(fn func(webchat.Event)) (cancel func())
}

// joiner is a platform that must be told who works for the company.
type joiner interface {
	join(ctx context.Context) error
}

// open starts the platform that the people of the script talk on.
func (w *world) open(ctx context.Context, o Options) error {
	switch o.Platform {
	case "", webchat.Name:
		hub := webchat.NewHub(w.app.DB.Webchat(), w.clock)
		if err := hub.Connect(ctx, w.app.Runtime); err != nil {
			return err
		}
		w.app.AddPlatform(hub, nil)
		w.hub = hub
		return nil
	case larkbot.Name:
		l, err := newLarkChats(ctx, w.app, w.clock, o.BadDay)
		if err != nil {
			return err
		}
		w.hub = l
		return nil
	case dingbot.Name:
		d, err := newDingChats(ctx, w.app, w.clock, o)
		if err != nil {
			return err
		}
		w.hub = d
		return nil
	}
	return fmt.Errorf("unknown platform %q: webchat, lark or dingtalk", o.Platform)
}

// close ends a played platform; what it could not finish fails no script.
func (w *world) close(ctx context.Context) {
	if c, ok := w.hub.(interface{ close(context.Context) error }); ok {
		if err := c.close(ctx); err != nil {
			w.say("  closing the platform: %v", err)
		}
	}
}
