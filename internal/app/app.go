// Package app wires everything: the only place that sees all rooms.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"crmbot/bot"
	"crmbot/cards/card"
	"crmbot/handlers"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
	"crmbot/internal/metric"
	"crmbot/internal/org"
	"crmbot/internal/outbox"
	"crmbot/internal/rule"
	"crmbot/internal/sched"
	"crmbot/internal/store"
)

// Options say what to build on. The zero value of each field is a usable
// default except DSN.
type Options struct {
	// DSN is `sqlite:PATH` or a MySQL DSN. Required.
	DSN string
	// Redis is a Redis URL; empty keeps shared state in the process.
	Redis string
	// RedisPrefix separates several installations on one Redis.
	RedisPrefix string
	// Clock is the time; nil: the real one.
	Clock crm.Clock
	// Zone is the organisation's time zone; nil: Asia/Shanghai.
	Zone *time.Location
	// Limits of one person; zero: bot.DefaultLimits.
	Limits bot.Limits
	// IntakeSecret is what the keys of sources that sign are derived from; empty:
	// there can be none.
	IntakeSecret string
	// AnswerWithin is how long a platform waits for an answer; zero: no bound.
	AnswerWithin time.Duration
}

// App is the wired program. Close it after use.
type App struct {
	Clock     crm.Clock
	DB        *store.DB
	KV        kv.Store
	Runtime   *bot.Runtime
	Worker    *outbox.Worker
	Scheduler *sched.Scheduler
	Services  *handlers.Services
	Module    handlers.Module

	platforms map[string]bot.Platform
	names     []string // of the platforms, in the order of the configuration
	// late counts the answers that missed the deadline, and the open app itself:
	// it must not be zero while answers may still begin.
	late      sync.WaitGroup
	closed    sync.Once
	advancing sync.Mutex // one Advance at a time
	cardTurns turns      // one update of a card at a time
	muted     bool       // set by Mute, before anything runs
	admins    []string   // who administers at first; set by Connect, before anything runs
	laterMu   sync.RWMutex
	later     map[string]bot.Later
}

// New opens the databases, migrates and wires everything. Nothing runs yet.
func New(ctx context.Context, o Options) (*App, error) {
	if o.Clock == nil {
		o.Clock = crm.WallClock{}
	}
	if o.Zone == nil {
		z, err := time.LoadLocation("Asia/Shanghai")
		if err != nil {
			return nil, fmt.Errorf("time zone: %w", err)
		}
		o.Zone = z
	}
	if o.Limits == (bot.Limits{}) {
		o.Limits = bot.DefaultLimits
	}
	a := &App{Clock: o.Clock, platforms: map[string]bot.Platform{}, later: map[string]bot.Later{}}
	a.late.Add(1)
	if err := a.open(ctx, o); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *App) open(ctx context.Context, o Options) error {
	var err error
	if a.DB, err = store.Open(ctx, o.DSN, o.Clock); err != nil {
		return err
	}
	if _, err := a.DB.Migrate(ctx); err != nil {
		return err
	}
	if o.Redis == "" {
		a.KV = kv.NewMemory(crm.WallClock{})
	} else {
		r, err := kv.OpenRedis(ctx, o.Redis, kv.WithPrefix(o.RedisPrefix))
		if err != nil {
			return fmt.Errorf("redis.url: %w", err) // a.KV stays nil: a nil *kv.Redis in it would not be
		}
		a.KV = r
	}
	cal, err := calendar.Standard(o.Zone)
	if err != nil {
		return err
	}
	reg, err := metric.NewRegistry(metric.Standard()...)
	if err != nil {
		return err
	}
	book, err := rule.NewBook(a.DB, o.Clock, settings(reg)...)
	if err != nil {
		return err
	}
	dir := org.NewDirectory(a.DB, a.DB)
	dir.Tell(a.DB.Effects(), o.Clock)
	a.Services = services(wiring{db: a.DB, kv: a.KV, clock: o.Clock, cal: cal, book: book, dir: dir, reg: reg, intakeSecret: o.IntakeSecret})
	a.Services.Refused = a.refused
	a.Services.Talk = talk{a.KV}
	a.Module = handlers.All(a.Services)
	router, err := bot.NewRouter(a.Module.Commands...)
	if err != nil {
		return fmt.Errorf("commands: %w", err)
	}
	handlers.Hooks(a.Services, a.Module, router)
	views, err := bot.NewViews(a.Module.Views...)
	if err != nil {
		return err
	}
	views.Offer = router.Offer
	a.Services.Show = func(ctx context.Context, v bot.Viewer, w crm.View) (card.Card, error) {
		return a.Runtime.Views.Render(ctx, v, w)
	}
	a.Runtime = &bot.Runtime{Router: router, Views: views, People: people{dir}, Sent: a.sent,
		Prepare: func(ctx context.Context, _ *bot.Req) context.Context { return store.WithSequence(ctx) }}
	a.Runtime.Stranger = a.stranger
	a.Runtime.Gate = &bot.Gate{KV: a.KV, Limits: o.Limits}
	a.Runtime.Use(bot.Recover(), bot.Deadline(o.AnswerWithin, a.answerLater, &a.late), bot.Dedupe(a.KV), a.noticed, bot.Order(), a.Runtime.Gate.Limit, a.remember, bot.Recover())
	a.Worker = outbox.NewWorker(a.DB, a.deliver, o.Clock, owner())
	a.DB.OnQueued(a.Worker.Wake)
	jobs := slices.Concat(a.Module.Jobs, a.housekeeping(), []sched.Job{a.rosterJob()})
	for i, j := range jobs {
		jobs[i].Run = func(ctx context.Context, due time.Time) error { return j.Run(store.WithSchedule(ctx), due) }
	}
	if a.Scheduler, err = sched.New(a.DB, o.Clock, owner(), jobs...); err != nil {
		return err
	}
	return a.Scheduler.Start(ctx)
}

// AddPlatform makes a platform reachable for proactive messages; later sends
// replies that missed the deadline. Call it before Run.
func (a *App) AddPlatform(p bot.Platform, later bot.Later) {
	a.laterMu.Lock()
	defer a.laterMu.Unlock()
	if a.platforms[p.Name()] == nil {
		a.names = append(a.names, p.Name())
	}
	a.platforms[p.Name()] = p
	a.later[p.Name()] = later
}

func (a *App) answerLater(ctx context.Context, req *bot.Req, rep bot.Reply) {
	a.laterMu.RLock()
	fn := a.later[req.Platform]
	a.laterMu.RUnlock()
	if fn == nil {
		slog.WarnContext(ctx, "no way to send a late reply", "platform", req.Platform, "event", req.EventID)
		return
	}
	fn(ctx, req, rep)
}

// Run delivers messages and runs jobs until the context ends. Close waits for
// what was acknowledged.
func (a *App) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.Worker.Run(ctx) })
	g.Go(func() error { return a.Scheduler.Run(ctx) })
	return g.Wait()
}

// Settle delivers everything that is due at this moment.
func (a *App) Settle(ctx context.Context) error {
	_, err := a.Worker.Drain(ctx)
	return err
}

// waitLate waits for the answers that were promised. Call it when no more
// events come.
func (a *App) waitLate() {
	a.closed.Do(a.late.Done)
	a.late.Wait()
}

// Close waits for the answers that were promised and ends everything that New
// opened. Stop the platforms before.
func (a *App) Close() error {
	var errs []error
	a.waitLate()
	if a.KV != nil {
		errs = append(errs, a.KV.Close())
	}
	if a.DB != nil {
		errs = append(errs, a.DB.Close())
	}
	return errors.Join(errs...)
}

func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	if len(host) > 30 {
		host = host[:30]
	}
	return host + ":" + strconv.Itoa(os.Getpid()) + ":" + strconv.FormatInt(time.Now().UnixNano()%1e9, 36)
}
