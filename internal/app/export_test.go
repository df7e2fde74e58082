package app

import (
	"context"

	"crmbot/bot"
	"crmbot/internal/outbox"
)

// second is another process on the same database and platforms.
func (a *App) second() *App {
	return &App{Clock: a.Clock, DB: a.DB, KV: a.KV, Runtime: a.Runtime, Services: a.Services, platforms: a.platforms}
}

// SecondWorker delivers as another process on the same database would.
func (a *App) SecondWorker(owner string) *outbox.Worker {
	return outbox.NewWorker(a.DB, a.second().deliver, a.Clock, owner)
}

// Refresher updates a card as this process does, or as another one does.
func (a *App) Refresher(other bool) func(ctx context.Context, m bot.MessageRef) error {
	if other {
		a = a.second()
	}
	return func(ctx context.Context, m bot.MessageRef) error {
		c, _, err := a.DB.SentMessage(ctx, m)
		if err != nil {
			return err
		}
		_, err = a.refreshOne(ctx, c)
		return err
	}
}
