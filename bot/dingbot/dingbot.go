// Package dingbot connects the bot to DingTalk: events by the stream (a
// websocket, so no public address is needed), answers and proactive messages
// by the open API. It is the only importer of the official stream SDK, and uses
// it for the connection only, with raw frames: the SDK's own types lack fields
// and refuse what they lack.
package dingbot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// Name is the platform's name in identities and messages.
const Name = "dingtalk"

// The card modes of the configuration.
const (
	ModeAuto     = "auto"
	ModeTemplate = "template"
	ModePublic   = "public"
	ModePlain    = "plain"
)

// Counter keeps sums that replicas share and that outlive the process.
type Counter interface {
	// Count adds n to the sum with the name and returns it. n may be zero.
	Count(ctx context.Context, name string, n int64) (int64, error)
}

// Options describe the app. ClientID, ClientSecret, KV and Inbox are required.
type Options struct {
	ClientID, ClientSecret string
	// RobotCode is the robot's code; empty: the client id, as for the internal
	// apps of a company.
	RobotCode string
	// APIURL and OAPIURL are the two base URLs; empty: those of mainland China.
	APIURL, OAPIURL string
	// CardMode is one of the Mode constants; empty: ModeAuto.
	CardMode string
	// FormTemplate and CardTemplate are ids of imported templates; empty: none,
	// and the public template. See dingcard.Options for their variables.
	FormTemplate, CardTemplate string
	// QuotaAPI and QuotaStream are the organisation's calls per month; zero: those
	// of the free edition, 5,000 and 3,000. Negative: not watched.
	QuotaAPI, QuotaStream int
	// KV holds what replicas share: rate limits, session webhooks, what was sent.
	KV kv.Store
	// Inbox keeps events from their acknowledgement until they took effect.
	Inbox bot.Inbox
	// Counter keeps the month's calls; nil: in the process.
	Counter Counter
	// Homes keeps the app's organisation, so that after a restart nobody else's is
	// believed; nil: in the process.
	Homes adapter.Homes
	Clock crm.Clock
	// UserID is the user id of the one person with the name, "" if there is none.
	// In the chat with the bot nobody can be mentioned, and mentions in groups may
	// come without ids; "@name" in the text then means the person. Nil: nobody is
	// found.
	UserID func(ctx context.Context, name string) string
	// Contact is called after a change in the company's directory with the user
	// id of the person, or "" for a department; again later when it fails, unless
	// for good. Nil: ignored.
	Contact func(ctx context.Context, userID string, left bool) error
	// MaxFile is the largest file that is downloaded, in bytes; zero means
	// bot.DefaultLimits.MaxFile.
	MaxFile int
	// Budget is how long a press may take before it is answered with "working on
	// it"; zero means 1.5 s of the platform's 2 s.
	Budget time.Duration
	// Settle is how long after the answer to a press its card may be updated;
	// zero means 300 ms.
	Settle time.Duration
	// Lease is how long an event may be worked on before another process takes it
	// over; zero means adapter.Lease.
	Lease time.Duration
	// KeepAlive is the silence after which the connection is tested; zero means
	// 30 s, less than 3 s is 3 s.
	KeepAlive time.Duration
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
	quota  *quota
	turns  *adapter.Turns
	health *health
	home   *adapter.Home
	levels *levels
	images *digests
	inbox  *adapter.Inbox

	mu    sync.Mutex
	hooks map[string]hook   // session webhooks by chat
	chats map[string]string // card → group

	published time.Time // when it was last noted that messages carry user ids

	presses adapter.Presses[answer]
	work    *adapter.Crew
}

// New makes the adapter. Connect it before use and Close it after.
func New(o Options) (*Bot, error) {
	if o.ClientID == "" || o.ClientSecret == "" || o.KV == nil || o.Inbox == nil {
		return nil, errors.New("dingtalk: client id, client secret, shared state and inbox are required")
	}
	switch o.CardMode {
	case "":
		o.CardMode = ModeAuto
	case ModeAuto, ModeTemplate, ModePublic, ModePlain:
	default:
		return nil, fmt.Errorf("dingtalk: unknown card mode %q", o.CardMode)
	}
	for p, v := range map[*string]string{&o.RobotCode: o.ClientID, &o.APIURL: "https://api.dingtalk.com", &o.OAPIURL: "https://oapi.dingtalk.com"} {
		if *p == "" {
			*p = v
		}
		*p = strings.TrimRight(*p, "/")
	}
	for p, v := range map[*time.Duration]time.Duration{&o.Budget: 1500 * time.Millisecond, &o.Settle: 300 * time.Millisecond, &o.Lease: adapter.Lease, &o.KeepAlive: 30 * time.Second} {
		if *p == 0 {
			*p = v
		}
	}
	for p, v := range map[*int]int{&o.MaxFile: bot.DefaultLimits.MaxFile, &o.QuotaAPI: freeAPI, &o.QuotaStream: freeStream} {
		if *p == 0 {
			*p = v
		}
	}
	if o.Clock == nil {
		o.Clock = crm.WallClock{}
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: callTimeout, Transport: adapter.Transport()}
	}
	b := &Bot{opt: o, limit: newLimiter(o.KV, o.ClientID, o.Unlimited), work: adapter.NewCrew(Name), turns: adapter.NewTurns(), health: newHealth(), hooks: map[string]hook{}, chats: map[string]string{}}
	b.home = &adapter.Home{Platform: Name, App: o.ClientID, Homes: o.Homes}
	b.inbox = &adapter.Inbox{Platform: Name, Store: o.Inbox, KV: o.KV, Clock: o.Clock, Work: b.work, Lease: o.Lease}
	b.quota = newQuota(o, b.health)
	b.api = newClient(o, b.limit, b.quota)
	b.levels = newLevels(o)
	b.images = newDigests(o.KV, o.ClientID)
	quietSDK()
	return b, nil
}

// Connect gives the adapter the runtime that answers.
func (b *Bot) Connect(rt *bot.Runtime) { b.rt = rt }

// Name implements bot.Platform.
func (b *Bot) Name() string { return Name }

// Run receives events until the context ends, and takes up again what was
// acknowledged by a process that died.
func (b *Bot) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { b.inbox.Run(ctx, b.takeUp) })
	wg.Go(func() { b.quota.run(ctx) })
	return b.receive(ctx)
}

// Close waits for what was acknowledged, at most as long as the context lasts,
// and ends what is left.
func (b *Bot) Close(ctx context.Context) error {
	err := b.work.Close(ctx)
	b.quota.flush(context.WithoutCancel(ctx))
	b.opt.HTTP.CloseIdleConnections()
	return err
}

// Idle waits until everything that was begun is shown.
func (b *Bot) Idle(ctx context.Context) error { return b.work.Wait(ctx) }

// handle answers a request. A line that fills in a form becomes the press of its
// button, if the person is known and keeps to the limits: nobody else learns
// which forms there are.
func (b *Bot) handle(ctx context.Context, req *bot.Req) bot.Reply {
	rep, refused := b.filled(ctx, req)
	if !refused {
		rep = b.rt.Handle(ctx, req)
	}
	if b.opt.Answered != nil {
		b.opt.Answered(req, rep)
	}
	return rep
}

// shown tells that the platform took a card.
func (b *Bot) shown(chat, id string, c card.Card) {
	if b.opt.Shown != nil {
		b.opt.Shown(bot.MessageRef{Platform: Name, Chat: chat, ID: id}, c)
	}
}

// ours reports whether something is for our organisation. The first that ever
// came over an authenticated connection tells which one that is. An error says
// that it is not known now: nobody is believed meanwhile.
func (b *Bot) ours(ctx context.Context, corp string) (bool, error) {
	if corp == "" {
		return true, nil
	}
	ok, err := b.home.Ours(ctx, corp)
	if err == nil && !ok {
		b.foreign(ctx)
	}
	return ok, err
}
