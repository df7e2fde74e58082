package adapter

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"crmbot/bot"
)

// Patient runs fn again while its error can pass, for answers that no outbox
// repeats: at most tries times, never longer than the context.
func Patient(ctx context.Context, tries int, fn func() error) error {
	for i := 1; ; i++ {
		err := fn()
		if err == nil || i >= tries || errors.Is(err, bot.ErrPermanent) || ctx.Err() != nil {
			return err
		}
		d := min(200*time.Millisecond<<min(i, 6), 8*time.Second)
		var slow *bot.RetryAfter
		if errors.As(err, &slow) {
			if slow.Wait > time.Minute {
				return err
			}
			d = slow.Wait
		}
		if !Pause(ctx, d) {
			return err
		}
	}
}

// followTries is how often a change in a directory is followed at once; after
// that its event waits for its next turn. The tries end before an answer is due:
// the event would come again while it is being followed.
const followTries = 3

// Follow follows a change in a company's directory. An error says that it has to
// be followed again; what can never be is logged, and no error.
func Follow(ctx context.Context, platform string, fn func() error) error {
	err := Patient(ctx, followTries, fn)
	if err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "change in the directory not followed", "platform", platform, "for_good", errors.Is(err, bot.ErrPermanent), "err", err)
	}
	if errors.Is(err, bot.ErrPermanent) {
		return nil
	}
	return err
}

// Pause waits; false if the context ended first.
func Pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Transport bounds every phase of a request; the whole is bounded by the client.
func Transport() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	t = t.Clone()
	t.ResponseHeaderTimeout = 15 * time.Second
	t.TLSHandshakeTimeout = 5 * time.Second
	t.MaxIdleConnsPerHost = 32
	return t
}
