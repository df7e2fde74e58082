package app

import "crmbot/internal/outbox"

// SecondWorker delivers as another process on the same database would.
func (a *App) SecondWorker(owner string) *outbox.Worker {
	return outbox.NewWorker(a.DB, a.deliver, a.Clock, owner)
}
