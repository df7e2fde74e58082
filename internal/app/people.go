package app

import (
	"context"
	"strconv"

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

// address is where a person is reached: the first running platform that they
// have an id on.
func (a *App) address(ctx context.Context, id crm.UserID) (platform, external string, ok bool, err error) {
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
	return "", "", false, nil
}
