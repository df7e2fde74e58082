package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/outbox"
	"crmbot/internal/store"
)

const (
	// updatable is how long platforms allow a card to be updated.
	updatable = 14 * 24 * time.Hour
	// maxUpdated bounds how many cards about one record are kept current.
	maxUpdated = 200
)

// sent remembers a card that an adapter showed.
func (a *App) sent(ctx context.Context, m bot.MessageRef, s bot.Shown) error {
	if s.View.Name == "" {
		return nil
	}
	return a.DB.SaveSent(context.WithoutCancel(ctx), store.SentCard{Message: m, View: s.View, User: s.User, Group: s.Group, About: s.About, Digest: s.Digest})
}

// deliver sends or updates what one outbox row names. It is called at least
// once per row and renders the state of this moment.
func (a *App) deliver(ctx context.Context, r outbox.Row) error {
	if r.Refresh {
		return a.refresh(ctx, r)
	}
	viewer, platform, out, err := a.recipient(ctx, r)
	if err != nil {
		return err
	}
	c, err := a.Runtime.Views.Render(ctx, viewer, r.View)
	if err != nil {
		if errors.Is(err, bot.ErrNothing) {
			return nil
		}
		return final(err)
	}
	out.Card, out.Key = &c, r.Key
	ref, err := a.platforms[platform].Send(ctx, out)
	if err != nil {
		return err
	}
	return a.DB.SaveSent(ctx, store.SentCard{Message: ref, View: r.View, User: r.To.User, Group: viewer.Group, About: c.About, Digest: c.Digest(), Rev: r.ID})
}

// final marks errors that no later try can mend: the record is gone or the
// viewer has no right any more.
func final(err error) error {
	switch crm.CodeOf(err) {
	case crm.CodeNotFound, crm.CodeForbidden, crm.CodeInvalid, crm.CodeStale:
		return fmt.Errorf("%w: %w", bot.ErrPermanent, err)
	}
	return err
}

func (a *App) recipient(ctx context.Context, r outbox.Row) (bot.Viewer, string, bot.Outgoing, error) {
	if r.To.User == 0 {
		if a.platforms[r.To.Platform] == nil {
			return bot.Viewer{}, "", bot.Outgoing{}, fmt.Errorf("platform %q is not running here", r.To.Platform)
		}
		return bot.Viewer{Group: true, Chat: r.To.Chat}, r.To.Platform, bot.Outgoing{Chat: r.To.Chat}, nil
	}
	actor, err := a.Services.Directory.Actor(ctx, r.To.User)
	if err != nil {
		return bot.Viewer{}, "", bot.Outgoing{}, final(err)
	}
	platform, external, ok, err := a.address(ctx, r.To.User)
	if err != nil {
		return bot.Viewer{}, "", bot.Outgoing{}, err
	}
	if !ok {
		return bot.Viewer{}, "", bot.Outgoing{}, fmt.Errorf("%w: person %d has no running platform", bot.ErrPermanent, r.To.User)
	}
	return bot.Viewer{Actor: actor, Lang: actor.Lang}, platform, bot.Outgoing{User: external}, nil
}

// refresh renders every card about the record again and updates those that
// changed. A card that cannot be updated any more is forgotten.
func (a *App) refresh(ctx context.Context, r outbox.Row) error {
	cards, err := a.DB.SentAbout(ctx, r.View.Ref, a.Clock.Now().Add(-updatable), maxUpdated)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range cards {
		if err := a.refreshOne(ctx, r, c); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (a *App) refreshOne(ctx context.Context, r outbox.Row, s store.SentCard) error {
	p := a.platforms[s.Message.Platform]
	if p == nil || s.Rev > r.ID {
		return nil
	}
	viewer := bot.Viewer{Group: s.Group, Chat: s.Message.Chat}
	if !s.Group {
		actor, err := a.Services.Directory.Actor(ctx, s.User)
		if err != nil {
			return nil // the person left; their card stays as it was
		}
		viewer = bot.Viewer{Actor: actor, Lang: actor.Lang}
	}
	c, err := a.Runtime.Views.Render(ctx, viewer, s.View)
	if err != nil {
		if errors.Is(err, bot.ErrNothing) || errors.Is(final(err), bot.ErrPermanent) {
			return nil
		}
		return err
	}
	digest := c.Digest()
	if digest == s.Digest {
		return nil
	}
	ok, err := a.DB.ClaimSent(ctx, s.ID, r.ID)
	if err != nil || !ok {
		return err
	}
	if err := p.Update(ctx, s.Message, c); err != nil {
		if errors.Is(err, bot.ErrPermanent) {
			return a.DB.ForgetSent(ctx, s.ID)
		}
		return err
	}
	return a.DB.SaveSent(ctx, store.SentCard{Message: s.Message, View: s.View, User: s.User, Group: s.Group, About: c.About, Digest: digest, Rev: r.ID})
}

// ViewerOf is the viewer that a person is, for rendering outside the outbox.
func ViewerOf(a crm.Actor) bot.Viewer { return bot.Viewer{Actor: a, Lang: a.Lang} }
