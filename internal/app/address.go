package app

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/internal/crm"
)

// address is one chat in which a person is reached.
type address struct{ platform, external string }

// activeFor is how long a person counts as active on the platform that they used
// last. After it, as without shared state, the platform configured first is as
// good a guess as any.
const activeFor = 30 * 24 * time.Hour

func activeKey(id crm.UserID) string { return "active:" + strconv.FormatInt(int64(id), 10) }

// noticed remembers on which platform somebody who is bound on several did
// something last. It stands behind the middleware that drops copies: an old event
// that comes again says nothing about now.
func (a *App) noticed(next bot.Handler) bot.Handler {
	return func(ctx context.Context, req *bot.Req) bot.Reply {
		a.notice(ctx, req)
		return next(ctx, req)
	}
}

func (a *App) notice(ctx context.Context, req *bot.Req) {
	who, err := a.Services.Directory.ByIdentity(ctx, req.Platform, req.Tenant, req.From)
	if err != nil {
		return // somebody unknown; the handler answers
	}
	if list, err := a.bound(ctx, who.ID); err != nil || len(list) < 2 {
		return
	}
	if err := a.KV.Set(ctx, activeKey(who.ID), []byte(req.Platform), activeFor); err != nil {
		slog.WarnContext(ctx, "last platform not remembered", "user", int64(who.ID), "err", err)
	}
}

// addresses are where a person is reached, the best place first: wanted if it is
// among them, else the platform that they used last, else those of the
// configuration in its order. Somebody who is missing there may have been bound a
// moment ago, by another replica too: the directory is read again before.
func (a *App) addresses(ctx context.Context, id crm.UserID, wanted string) ([]address, error) {
	list, err := a.bound(ctx, id)
	if err != nil {
		return nil, err
	}
	missing := len(list) == 0 || a.platforms[wanted] != nil && !slices.ContainsFunc(list, onPlatform(wanted))
	if missing && a.platforms[webchat.Name] == nil {
		if err := a.Services.Directory.Reload(ctx); err != nil {
			return nil, err
		}
		if list, err = a.bound(ctx, id); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 && a.platforms[webchat.Name] != nil {
		return []address{{webchat.Name, strconv.FormatInt(int64(id), 10)}}, nil
	}
	if len(list) < 2 {
		return list, nil
	}
	if !slices.ContainsFunc(list, onPlatform(wanted)) {
		last, _, err := a.KV.Get(ctx, activeKey(id))
		if err != nil {
			slog.WarnContext(ctx, "last platform unknown", "user", int64(id), "err", err)
		}
		wanted = string(last)
	}
	if i := slices.IndexFunc(list, onPlatform(wanted)); i > 0 {
		first := list[i]
		list = slices.Insert(slices.Delete(list, i, i+1), 0, first)
	}
	return list, nil
}

func onPlatform(name string) func(address) bool {
	return func(x address) bool { return x.platform == name }
}

// bound are a person's chats on the running platforms, one a platform, in the
// order of the configuration.
func (a *App) bound(ctx context.Context, id crm.UserID) ([]address, error) {
	ids, err := a.Services.Directory.Identities(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []address
	for _, name := range a.names {
		for _, i := range ids {
			if i.Platform == name {
				out = append(out, address{name, i.External})
				break
			}
		}
	}
	return out, nil
}
