package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/sched"
)

// directory is a platform that can tell who works for the company.
type directory interface {
	Name() string
	// Roster is everybody and every department that the app may see.
	Roster(ctx context.Context) (org.Roster, error)
	// Person is one person.
	Person(ctx context.Context, external string) (org.Roster, error)
}

const (
	// rosterHour is when the nightly synchronisation begins, in UTC: 03:17 in
	// China, away from full and half hours.
	rosterHour = 19*time.Hour + 17*time.Minute
	// rosterLock is how long one synchronisation may keep the others waiting.
	rosterLock = 15 * time.Minute
	// rosterRest is the least time between two that changes asked for.
	rosterRest = 10 * time.Minute
	// strangerWait is how long the platform may take to tell who somebody is.
	strangerWait = 2 * time.Second
)

// rosterJob brings people and teams from the platforms every night.
func (a *App) rosterJob() sched.Job {
	return sched.Job{
		Name: "platform.roster",
		Next: func(t time.Time) time.Time {
			next := t.Truncate(24 * time.Hour).Add(rosterHour)
			if !next.After(t) {
				next = next.Add(24 * time.Hour)
			}
			return next
		},
		Pending: func(context.Context) (time.Time, error) {
			if len(a.directories()) == 0 {
				return time.Time{}, nil
			}
			return a.Clock.Now(), nil
		},
		Run: func(ctx context.Context, _ time.Time) error {
			for _, d := range a.directories() {
				if err := a.syncRoster(ctx, d); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// directories are the running platforms that have one.
func (a *App) directories() []directory {
	a.laterMu.RLock()
	defer a.laterMu.RUnlock()
	var out []directory
	for _, name := range a.names {
		if d, ok := a.platforms[name].(directory); ok {
			out = append(out, d)
		}
	}
	return out
}

// syncRoster brings everybody, one replica at a time.
func (a *App) syncRoster(ctx context.Context, d directory) error {
	unlock, _, ok, err := a.KV.Lock(ctx, "roster:"+d.Name(), rosterLock)
	if err != nil || !ok {
		return err
	}
	defer func() {
		if err := unlock(); err != nil {
			slog.WarnContext(ctx, "directory lock", "platform", d.Name(), "err", err)
		}
	}()
	r, err := d.Roster(ctx)
	if err != nil {
		return err
	}
	res, err := a.bring(ctx, r)
	if err != nil {
		// Another platform may have brought the same team or person this moment.
		if res, err = a.bring(ctx, r); err != nil {
			return err
		}
	}
	slog.InfoContext(ctx, "directory synchronised", "platform", d.Name(), "people", len(r.People), "departments", len(r.Units), "created", res.Created, "bound", res.Bound, "teams", res.Teams, "frozen", res.Frozen, "appointed", res.Appointed, "unclear", res.Unclear)
	return nil
}

// bring makes users of a roster's people as the company set (ORG.auto_rep).
func (a *App) bring(ctx context.Context, r org.Roster) (org.SyncResult, error) {
	r.Sales, _ = org.AutoRep.Of(ctx, a.Services.Rules)
	r.Admins = a.admins
	return a.Services.Directory.Sync(ctx, r)
}

// contactChanged follows one change in a platform's directory: a leaver is
// frozen at once (HO-01), a new person is brought, and a change of departments
// asks for everything, though not again and again. The adapter tries again what
// fails.
func (a *App) contactChanged(ctx context.Context, d directory, external string, left bool) error {
	if left {
		_, err := a.Services.Directory.Leave(ctx, d.Name(), "", external)
		return err
	}
	if external != "" {
		r, err := d.Person(ctx, external)
		if err != nil {
			return err
		}
		_, err = a.bring(ctx, r)
		return err
	}
	asked := "roster:asked:" + d.Name()
	first, err := a.KV.SetNX(ctx, asked, []byte("1"), rosterRest)
	if err != nil || !first {
		return err
	}
	if err := a.syncRoster(ctx, d); err != nil {
		return errors.Join(err, a.KV.Del(context.WithoutCancel(ctx), asked))
	}
	return nil
}

// stranger is somebody who writes to the bot and is not known: the platform's
// directory may tell who it is, else the administrators are asked. People of
// other companies, in shared groups, are only told that they are not known.
func (a *App) stranger(ctx context.Context, req *bot.Req) (bot.Reply, error) {
	unknown := crm.NotFound("您还没有绑定到公司通讯录", "you are not yet bound to the company directory").WithNext("请联系管理员绑定", "please ask an administrator to bind you")
	d := a.directoryOf(req.Platform)
	if d == nil || req.Tenant != "" {
		return bot.Reply{}, unknown
	}
	name := req.FromName
	look, cancel := context.WithTimeout(ctx, strangerWait)
	defer cancel()
	r, err := d.Person(look, req.From)
	if err == nil && len(r.People) == 1 {
		name = r.People[0].Name
		if r.People[0].Left {
			return bot.Reply{}, unknown
		}
		if _, err := a.bring(ctx, r); err != nil {
			return bot.Reply{}, err
		}
		if _, err := a.Services.Directory.ByIdentity(ctx, req.Platform, req.Tenant, req.From); err == nil {
			return bot.Reply{}, nil
		}
	}
	return a.Services.Stranger(ctx, req, name)
}

func (a *App) directoryOf(platform string) directory {
	for _, d := range a.directories() {
		if d.Name() == platform {
			return d
		}
	}
	return nil
}
