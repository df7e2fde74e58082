package demo

import (
	"context"
	"time"
)

// live makes the company and lets it work until now.
func (d *Demo) live(ctx context.Context, o Options, now time.Time, zone *time.Location) error {
	o.Progress("hiring people")
	if _, err := found(ctx, d.App, d.Hub); err != nil {
		return err
	}
	if err := d.App.Advance(ctx, d.clock, now); err != nil {
		return err
	}
	d.clock.Run()
	return nil
}
