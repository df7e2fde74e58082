package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/internal/app"
	"crmbot/internal/crm"
)

// Options say where the demo lives and what day it is there.
type Options struct {
	// Dir keeps the database between runs. Required.
	Dir string
	// Fresh starts over.
	Fresh bool
	// Now is the moment at which a fresh demo begins; zero: the real time.
	Now time.Time
	// Days of history of a fresh demo; zero: 90.
	Days int
	// Limits of what one person may send; zero: the usual ones.
	Limits bot.Limits
	// Progress is told what is being done; nil: nobody.
	Progress func(string)
}

// Demo is a running company in the browser.
type Demo struct {
	App    *app.App
	Hub    *webchat.Hub
	Server *webchat.Server
	clock  *crm.MovableClock
	dir    string
}

type saved struct {
	// Clock is the demo's time when it was saved.
	Clock time.Time `json:"clock"`
	// Ready is set when the history is complete; a half-made one starts over.
	Ready bool `json:"ready"`
}

func statePath(dir string) string { return filepath.Join(dir, "demo.json") }

func readState(dir string) (saved, error) {
	var s saved
	raw, err := os.ReadFile(statePath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(raw, &s)
}

func writeState(dir string, s saved) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	tmp := statePath(dir) + ".tmp"
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, statePath(dir))
}

// Open opens the demo, making its company and history if there is none.
func Open(ctx context.Context, o Options) (*Demo, error) {
	if o.Days == 0 {
		o.Days = 90
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	state, err := readState(o.Dir)
	if err != nil || !state.Ready || o.Fresh {
		if err := clear(o.Dir); err != nil {
			return nil, err
		}
		state = saved{}
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	start := now
	if state.Ready {
		if state.Clock.After(start) {
			start = state.Clock // time never goes back, whatever the machine's clock says
		}
	} else {
		start = now.AddDate(0, 0, -o.Days)
	}
	d := &Demo{clock: crm.NewMovableClock(start, !state.Ready), dir: o.Dir}
	d.App, err = app.New(ctx, app.Options{DSN: "sqlite:" + filepath.Join(o.Dir, "demo.db"), Clock: d.clock, Zone: zone, Limits: o.Limits})
	if err != nil {
		return nil, err
	}
	d.Hub = webchat.NewHub(d.App.DB.Webchat(), d.clock)
	if err := d.Hub.Connect(ctx, d.App.Runtime); err != nil {
		return nil, errors.Join(err, d.App.Close())
	}
	d.App.AddPlatform(d.Hub, d.Hub.Later)
	if !state.Ready {
		if err := d.live(ctx, o, now, zone); err != nil {
			return nil, errors.Join(fmt.Errorf("make the demo's history: %w", err), d.App.Close())
		}
	}
	d.Server = &webchat.Server{Hub: d.Hub, Directory: d.App.Services.Directory, Router: d.App.Runtime.Router, Clock: d.clock, Zone: zone, Advance: func(ctx context.Context, t time.Time) error {
		return errors.Join(d.App.Advance(context.WithoutCancel(ctx), d.clock, t), d.Save())
	}}
	return d, d.Save()
}

// clear removes an old demo. It deletes only the demo's own files.
func clear(dir string) error {
	for _, f := range []string{"demo.json", "demo.db", "demo.db-wal", "demo.db-shm", "demo.db.lock"} {
		if err := os.Remove(filepath.Join(dir, f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Save remembers the demo's time.
func (d *Demo) Save() error { return writeState(d.dir, saved{Clock: d.clock.Now(), Ready: true}) }

// Run delivers messages and runs jobs until the context ends.
func (d *Demo) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, d.Hub.Close) // open pages must not hold up the end
	defer stop()
	return errors.Join(d.App.Run(ctx), d.Save())
}

// Close ends the demo.
func (d *Demo) Close() error { return errors.Join(d.Save(), d.App.Close()) }
