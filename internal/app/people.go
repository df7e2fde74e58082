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
// added a moment ago, and a freeze lifted, here or by another process: the
// directory is read again before their message is given up.
func (a *App) freshActor(ctx context.Context, id crm.UserID) (crm.Actor, error) {
	actor, err := a.Services.Directory.Actor(ctx, id)
	if err == nil && !actor.Frozen || err != nil && !errors.Is(final(err), bot.ErrPermanent) {
		return actor, err
	}
	if err := a.Services.Directory.Reload(ctx); err != nil {
		return crm.Actor{}, err
	}
	return a.Services.Directory.Actor(ctx, id)
}
