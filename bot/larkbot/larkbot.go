// Package larkbot connects the bot to Lark / Feishu: events by the long
// connection (the default) or by webhook, answers and proactive messages by
// the open API. It is the only importer of the official SDK, and uses it for
// the long connection only: its token cache cannot recover from a token that
// the platform refuses, so the API is called here over net/http.
package larkbot

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// Name is the platform's name in identities and messages.
const Name = "lark"

// Options describe the app. AppID, AppSecret, BaseURL and KV are required.
type Options struct {
	AppID, AppSecret string
	// BaseURL is https://open.feishu.cn or https://open.larksuite.com.
	BaseURL string
	// Webhook receives events by HTTP (see ServeHTTP) instead of the long
	// connection. It needs EncryptKey and VerificationToken.
	Webhook                       bool
	EncryptKey, VerificationToken string
	// KV holds what replicas share: rate limits, seen requests, kinds of chats.
	KV kv.Store
	// Inbox keeps events from their acknowledgement until they took effect. Nil:
	// they are acknowledged when they took effect, and those that did not come again.
	Inbox bot.Inbox
	// Homes keeps the app's tenant, so that after a restart nobody else's is
	// served. Nil: the first event after a start tells it.
	Homes adapter.Homes
	Clock crm.Clock
	// OpenID is a person's id on the platform, "" if there is none. Nil: people
	// are shown by name.
	OpenID func(ctx context.Context, id crm.UserID) string
	// Contact is called after a change in the company's directory with the
	// open id of the person, or "" for a department; again later when it fails,
	// unless for good. Nil: ignored.
	Contact func(ctx context.Context, openID string, left bool) error
	// MaxFile is the largest file that is downloaded, in bytes; zero means
	// bot.DefaultLimits.MaxFile.
	MaxFile int
	// Budget is how long an event may take before it is acknowledged or handed
	// back to the platform; zero means 2.7 s of the platform's 3 s.
	Budget time.Duration
	// Settle is how long after the answer to a press the card may be updated;
	// zero means 300 ms. Earlier updates are refused or shown out of order.
	Settle time.Duration
	// Lease is how long an event of the inbox may be worked on before another
	// process takes it over; zero means adapter.Lease.
	Lease time.Duration
	// Unlimited leaves the platform's rates to the platform, for scripts whose
	// people are as fast as the machine.
	Unlimited bool
	// Answered and Shown are called with every answer of the runtime and every
	// card that the platform took, for scripts. Nil: ignored.
	Answered func(req *bot.Req, rep bot.Reply)
	Shown    func(m bot.MessageRef, c card.Card)
	// HTTP is the client for the API; nil: one with time-outs.
	HTTP *http.Client
}

// Bot is the adapter. Safe for concurrent use.
type Bot struct {
	opt    Options
	rt     *bot.Runtime
	api    *client
	limit  *limiter
	turns  *adapter.Turns
	health *health
	home   *adapter.Home
	inbox  *adapter.Inbox // nil without Options.Inbox

	mu      sync.Mutex
	self    string            // the bot's own open id, "" until asked
	chats   map[string]bool   // chat id → is a group
	images  map[string]string // hash of a picture → image key
	persons map[string]bool   // open ids that the platform accepted in a card

	presses adapter.Presses[answer]
	work    *adapter.Crew
}

// New makes the adapter. Connect it before use and Close it after.
func New(o Options) (*Bot, error) {
	if o.AppID == "" || o.AppSecret == "" || o.BaseURL == "" || o.KV == nil {
		return nil, errors.New("lark: app id, app secret, base URL and shared state are required")
	}
	if o.Webhook && (o.EncryptKey == "" || o.VerificationToken == "") {
		return nil, errors.New("lark: webhook mode needs lark.encrypt_key and lark.verification_token; without them anybody could press buttons")
	}
	if o.Clock == nil {
		o.Clock = crm.WallClock{}
	}
	if o.MaxFile == 0 {
		o.MaxFile = bot.DefaultLimits.MaxFile
	}
	if o.Budget == 0 {
		o.Budget = 2700 * time.Millisecond
	}
	if o.Settle == 0 {
		o.Settle = 300 * time.Millisecond
	}
	if o.Lease == 0 {
		o.Lease = adapter.Lease
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 30 * time.Second, Transport: adapter.Transport()}
	}
	b := &Bot{opt: o, limit: newLimiter(o.KV, o.AppID, o.Unlimited), turns: adapter.NewTurns(), health: newHealth(), work: adapter.NewCrew(Name), chats: map[string]bool{}, images: map[string]string{}, persons: map[string]bool{}}
	b.api = newClient(o)
	b.home = &adapter.Home{Platform: Name, App: o.AppID, Homes: o.Homes}
	if o.Inbox != nil {
		b.inbox = &adapter.Inbox{Platform: Name, Store: o.Inbox, KV: o.KV, Clock: o.Clock, Work: b.work, Lease: o.Lease}
	}
	return b, nil
}

// Connect gives the adapter the runtime that answers.
func (b *Bot) Connect(rt *bot.Runtime) { b.rt = rt }

// Name implements bot.Platform.
func (b *Bot) Name() string { return Name }

// Run receives events until the context ends, in webhook mode through ServeHTTP,
// and takes up again what was acknowledged by a process that died. It returns an
// error only when events can never be received.
func (b *Bot) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	if b.inbox != nil {
		wg.Go(func() { b.inbox.Run(ctx, b.takeUp) })
	}
	if b.opt.Webhook {
		<-ctx.Done()
		return nil
	}
	return b.receive(ctx)
}

// Close waits for what was acknowledged, at most as long as the context lasts,
// and ends what is left.
func (b *Bot) Close(ctx context.Context) error {
	err := b.work.Close(ctx)
	b.opt.HTTP.CloseIdleConnections()
	return err
}

// Idle waits until everything that was begun is shown.
func (b *Bot) Idle(ctx context.Context) error { return b.work.Wait(ctx) }
