package adapter

import (
	"context"
	"log/slog"
	"sync"
)

// Homes knows to which organisation an app belongs. It is shared by all replicas
// and outlives them.
type Homes interface {
	// Home is the organisation of the app, "" if none is known. The first one that
	// is claimed is kept for ever; an empty claim only asks.
	Home(ctx context.Context, platform, app, claim string) (string, error)
}

// Home is the organisation of one app. Safe for concurrent use.
type Home struct {
	Platform, App string
	// Homes keeps it; nil: this process only.
	Homes Homes

	mu    sync.Mutex
	known string
}

// Ours reports whether something of the organisation is for the app. The first
// that ever came over an authenticated connection tells which one that is. An
// error says that it is not known now: nobody is believed meanwhile.
func (h *Home) Ours(ctx context.Context, org string) (bool, error) {
	if known := h.Known(); known != "" {
		return known == org, nil
	}
	home := org
	if h.Homes != nil {
		var err error
		if home, err = h.Homes.Home(ctx, h.Platform, h.App, org); err != nil {
			slog.ErrorContext(ctx, "the app's organisation is not known", "platform", h.Platform, "err", err)
			return false, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == "" {
		h.known = home
	}
	return h.known == org, nil
}

// Known is the organisation, "" as long as this process has not learned it.
func (h *Home) Known() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.known
}
