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
	a, err := app.New(e.ctx, app.Options{DSN: cfg.Database.DSN, Redis: cfg.Redis.URL, RedisPrefix: cfg.Redis.Prefix, Zone: zone, AnswerWithin: 2 * time.Second})
	if err != nil {
		return err
	}
	defer a.Close()
	platforms, err := a.Connect(cfg)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", cfg.HTTP.Addr)
	if err != nil {
		return fmt.Errorf("http.addr: %w", err)
	}
	if !platforms.Any() {
		slog.Warn("no chat platform is configured: set lark.app_id or dingtalk.client_id")
	}
	slog.Info("serving", "addr", ln.Addr().String())
	return serveUntil(e.ctx, ln, platforms.Handler(a.Handler()), func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return a.Run(ctx) })
		g.Go(func() error { return platforms.Run(ctx) })
		return g.Wait()
	})
}

// serveUntil serves HTTP and runs the work until the context ends.
func serveUntil(ctx context.Context, ln net.Listener, h http.Handler, work func(context.Context) error) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return work(ctx) })
	g.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
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
	return g.Wait()
}
