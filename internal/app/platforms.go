package app

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"crmbot/bot/larkbot"
	"crmbot/configs"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// adapter is a chat platform that receives events by itself.
type adapter interface {
	// Run receives events until the context ends.
	Run(ctx context.Context) error
	// Close waits for what was acknowledged, as long as the context lasts.
	Close(ctx context.Context) error
}

// Platforms are the chat platforms that the configuration names.
type Platforms struct {
	app  *App
	list []adapter
	// hooks are the paths on which platforms deliver by HTTP.
	hooks map[string]http.Handler
}

// LarkHook is the path of Lark's events and presses in webhook mode.
const LarkHook = "/webhook/lark"

// closing is how long a stop waits for what was acknowledged.
const closing = 20 * time.Second

// Connect makes the adapters of the platforms in the configuration and joins
// them to the app. Run them with Platforms.Run.
func (a *App) Connect(c configs.Config) (*Platforms, error) {
	p := &Platforms{app: a, hooks: map[string]http.Handler{}}
	a.admins = strings.FieldsFunc(c.Org.Admins, func(r rune) bool { return strings.ContainsRune(",，; ", r) })
	if c.Lark.AppID != "" {
		var b *larkbot.Bot
		contact := func(ctx context.Context, openID string, left bool) error {
			return a.contactChanged(ctx, b, openID, left)
		}
		var err error
		o := larkOptions(c.Lark, a.KV)
		o.Inbox, o.Homes, o.Clock, o.OpenID, o.Contact = a.DB, a.DB, a.Clock, a.larkOpenID, contact
		b, err = larkbot.New(o)
		if err != nil {
			return nil, err
		}
		b.Connect(a.Runtime)
		a.AddPlatform(b, b.Later)
		p.list = append(p.list, b)
		if c.Lark.Mode == "webhook" {
			p.hooks[LarkHook] = b
		}
	}
	if c.DingTalk.ClientID != "" {
		if err := p.addDingTalk(c.DingTalk); err != nil {
			return nil, err
		}
	}
	if p.Any() {
		a.DB.SpreadSends(time.Duration(c.Org.SpreadMinutes) * time.Minute)
	}
	return p, nil
}

// larkOptions describe the app of the configuration.
func larkOptions(c configs.Lark, store kv.Store) larkbot.Options {
	return larkbot.Options{AppID: c.AppID, AppSecret: c.AppSecret, BaseURL: c.BaseURL, Webhook: c.Mode == "webhook", EncryptKey: c.EncryptKey, VerificationToken: c.VerificationToken, KV: store}
}

// larkOpenID is a person's open id on Lark, "" if they have none.
func (a *App) larkOpenID(ctx context.Context, id crm.UserID) string {
	ids, err := a.Services.Directory.Identities(ctx, id)
	if err != nil {
		return ""
	}
	for _, i := range ids {
		if i.Platform == larkbot.Name && larkbot.IsOpenID(i.External) {
			return i.External
		}
	}
	return ""
}

// Any reports whether a platform is configured.
func (p *Platforms) Any() bool { return len(p.list) > 0 }

// Handler serves the paths of platforms that deliver by HTTP, and next for
// everything else.
func (p *Platforms) Handler(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	for path, h := range p.hooks {
		mux.Handle(path, h)
	}
	mux.Handle("/", next)
	return mux
}

// Run receives events until the context ends, then finishes what was
// acknowledged.
func (p *Platforms) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, x := range p.list {
		g.Go(func() error { return x.Run(ctx) })
	}
	for _, d := range p.app.directories() {
		g.Go(func() error {
			if err := p.app.syncRoster(ctx, d); err != nil && ctx.Err() == nil {
				slog.ErrorContext(ctx, "directory not synchronised; the nightly synchronisation tries again", "platform", d.Name(), "err", err)
			}
			return nil
		})
	}
	<-ctx.Done()
	err := g.Wait()
	p.app.waitLate()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	for _, x := range p.list {
		if e := x.Close(limit); e != nil && err == nil {
			err = e
		}
	}
	return err
}
