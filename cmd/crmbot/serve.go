package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"crmbot/configs"
	"crmbot/internal/app"
)

type serveCmd struct{}

// Run serves until it is told to stop, then finishes what was acknowledged.
func (serveCmd) Run(e *env) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(cfg.Org.Timezone)
	if err != nil {
		return err
	}
	a, err := app.New(e.ctx, app.Options{DSN: cfg.Database.DSN, Redis: cfg.Redis.URL, RedisPrefix: cfg.Redis.Prefix, Zone: zone, AnswerWithin: 2 * time.Second, IntakeSecret: cfg.Intake.Secret})
	if err != nil {
		return err
	}
	defer a.Close()
	platforms, err := a.Connect(cfg)
	if err != nil {
		return err
	}
	sites, err := listen(cfg.HTTP, func(next http.Handler) http.Handler { return platforms.Handler(a.Public(next)) }, a.Handler())
	if err != nil {
		return err
	}
	if !platforms.Any() {
		slog.Warn("no chat platform is configured: set lark.app_id or dingtalk.client_id")
	}
	for _, s := range sites {
		slog.Info("serving", "addr", s.ln.Addr().String())
	}
	return serveUntil(e.ctx, func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return a.Run(ctx) })
		g.Go(func() error { return platforms.Run(ctx) })
		return g.Wait()
	}, sites...)
}

// readWithin is how long a request to serve may take to arrive. The chat in the
// browser has no such bound: its streams last.
const readWithin = 20 * time.Second

// listen opens the addresses: one for everything, or one for the platforms and
// one for what only the operator should see.
func listen(c configs.HTTP, platforms func(next http.Handler) http.Handler, own http.Handler) ([]site, error) {
	ln, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("http.addr: %w", err)
	}
	if c.MetricsAddr == "" {
		return []site{{ln: ln, handler: platforms(own), read: readWithin}}, nil
	}
	inner, err := net.Listen("tcp", c.MetricsAddr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("http.metrics_addr: %w", err), ln.Close())
	}
	return []site{{ln: ln, handler: platforms(http.NotFoundHandler()), read: readWithin}, {ln: inner, handler: own, read: readWithin}}, nil
}

// site is what is served on one address.
type site struct {
	ln      net.Listener
	handler http.Handler
	read    time.Duration // how long a request may take to arrive; zero: not bounded
}

// serveUntil serves HTTP and runs the work until the context ends.
func serveUntil(ctx context.Context, work func(context.Context) error, sites ...site) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return work(ctx) })
	for _, s := range sites {
		s.serve(ctx, g)
	}
	return g.Wait()
}

// serve serves the site in the group until the context ends.
func (s site) serve(ctx context.Context, g *errgroup.Group) {
	srv := &http.Server{Handler: s.handler, ReadTimeout: s.read, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	g.Go(func() error {
		if err := srv.Serve(s.ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		// Streams to browsers never end by themselves.
		if err := srv.Shutdown(stop); err != nil {
			return srv.Close()
		}
		return nil
	})
}
