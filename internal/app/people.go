package app

import (
	"context"
	"errors"
	"strconv"

	"crmbot/bot"
	"crmbot/bot/webchat"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// people finds actors by platform ids. In the browser chat a person's id is
// their id in the company.
type people struct{ dir *org.Directory }

// ByIdentity implements bot.Resolver.
func (p people) ByIdentity(ctx context.Context, platform, tenant, external string) (crm.Actor, error) {
	if platform == webchat.Name {
		id, err := strconv.ParseInt(external, 10, 64)
		if err != nil {
			return crm.Actor{}, crm.NotFound("没有这个人", "there is no such person")
		}
		return p.dir.Actor(ctx, crm.UserID(id))
	}
	return p.dir.ByIdentity(ctx, platform, tenant, external)
}

// freshActor is the person who gets a message. Somebody unknown may have been
// added a moment ago: the directory is read again before they are given up.
func (a *App) freshActor(ctx context.Context, id crm.UserID) (crm.Actor, error) {
	actor, err := a.Services.Directory.Actor(ctx, id)
	if err == nil || !errors.Is(final(err), bot.ErrPermanent) {
		return actor, err
	}
	if err := a.Services.Directory.Reload(ctx); err != nil {
		return crm.Actor{}, err
	}
	return a.Services.Directory.Actor(ctx, id)
}

// address is where a person is reached: the first running platform that they
// have an id on. Somebody without one may have been bound a moment ago, by
// another replica too: the directory is read again before they are given up.
func (a *App) address(ctx context.Context, id crm.UserID) (platform, external string, ok bool, err error) {
	for again := true; ; again = false {
		ids, err := a.Services.Directory.Identities(ctx, id)
		if err != nil {
			return "", "", false, err
		}
		for _, i := range ids {
			if a.platforms[i.Platform] != nil {
				return i.Platform, i.External, true, nil
			}
		}
		if a.platforms[webchat.Name] != nil {
			return webchat.Name, strconv.FormatInt(int64(id), 10), true, nil
		}
		if !again {
			return "", "", false, nil
		}
		if err := a.Services.Directory.Reload(ctx); err != nil {
			return "", "", false, err
		}
	}
}
