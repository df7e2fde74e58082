package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"crmbot/bot"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/outbox"
	"crmbot/internal/store"
)

const (
	// updatable is how long platforms allow a card to be updated.
	updatable = 14 * 24 * time.Hour
	// maxUpdated bounds how many cards about one record are kept current.
	maxUpdated = 200
)

// morning is over how many seconds what waited for the end of a quiet time goes
// out.
const morning = 240

// sent remembers a card that an adapter showed. If the record was changed and
// its cards updated between rendering and now, this one missed it.
func (a *App) sent(ctx context.Context, m bot.MessageRef, s bot.Shown) error {
	if s.View.Name == "" {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	c, err := a.DB.PutSent(ctx, store.SentCard{Message: m, View: s.View, User: s.User, Group: s.Group, About: s.About, Digest: s.Digest})
	if err != nil || s.At.IsZero() {
		return err
	}
	return a.postpone(ctx, c, a.catchUp(ctx, c, s.At.Add(time.Millisecond)))
}

// postpone settles a failed update of a card that came: the card is there, so it is
// brought up to date with the others about its records. The error comes back
// where that is not possible.
func (a *App) postpone(ctx context.Context, c store.SentCard, err error) error {
	if err == nil || len(c.About) == 0 {
		return err
	}
	slog.WarnContext(ctx, "a card is brought up to date later", "card", c.ID, "err", err)
	return a.DB.RefreshLater(ctx, c.About...)
}

// skew is how far the clocks of two processes may lie apart without a card
// being left behind; within it a card is rendered once in vain.
const skew = 5 * time.Second

// catchUp updates a card that was just shown if cards about its records were
// updated since it began to be rendered: that update did not know of it yet.
func (a *App) catchUp(ctx context.Context, c store.SentCard, since time.Time) error {
	if a.DB.Dialect == store.MySQL { // SQLite has one process
		since = since.Add(-skew)
	}
	missed, err := a.DB.RefreshedSince(ctx, c.About, since)
	if err != nil || !missed {
		return err
	}
	_, err = a.refreshOne(ctx, c)
	return err
}

// deliver sends or updates what one outbox row names. It is called at least
// once per row and renders the state of this moment.
func (a *App) deliver(ctx context.Context, r outbox.Row) error {
	if r.Refresh {
		return a.refresh(ctx, r)
	}
	viewer, to, err := a.recipient(ctx, r)
	if err != nil {
		return err
	}
	if viewer.Actor.Frozen && !org.ToldFrozen(r.View.Name) {
		return nil // a leaver is told of their account only (HO-01)
	}
	if wait := a.Services.Pushes.Waits(r.View.Name, r.Always); !wait.IsZero() && !r.Again {
		// Not everybody's at the same moment, which the platforms ask to avoid.
		return a.DB.PostponeOutbox(ctx, r.ID, wait.Add(time.Duration(r.ID%morning)*time.Second))
	}
	start := a.Clock.Now()
	c, err := a.Runtime.Views.Render(ctx, viewer, r.View)
	if err != nil {
		if errors.Is(err, bot.ErrNothing) {
			return nil
		}
		return final(err)
	}
	if shown, err := a.unasked(ctx, r, viewer, to); err != nil || shown {
		return err
	}
	ref, err := a.send(ctx, r, to, c)
	if err != nil {
		return err
	}
	// The message is out: what is left must be done even if the program stops.
	ctx = context.WithoutCancel(ctx)
	sent := store.SentCard{Message: ref, View: r.View, User: r.To.User, Group: viewer.Group, About: c.About, Digest: c.Digest()}
	if r.Again {
		sent.Digest = "" // the message may show what an earlier delivery sent
	}
	if sent, err = a.DB.PutSent(ctx, sent); err != nil {
		return err
	}
	if r.Again {
		_, err = a.refreshOne(ctx, sent)
	} else {
		err = a.catchUp(ctx, sent, start)
	}
	return a.postpone(ctx, sent, err) // sending it once more would show it twice
}

// unasked applies CH-03 to a card for a person: about the same thing the card
// that was just sent is updated, and what is over the day's budget waits for the
// next digest. It reports whether the row is settled with that. A row whose
// delivery may have begun before is not compared: the card that was just sent
// may be its own. A card that cannot be updated, or on another platform than the
// row goes to, takes no row's place.
func (a *App) unasked(ctx context.Context, r outbox.Row, v bot.Viewer, to []address) (bool, error) {
	if r.To.User == 0 || r.Always {
		return false, nil
	}
	if within := a.Services.Pushes.SameFor(ctx); within > 0 && !r.Again && len(to) > 0 {
		old, ok, err := a.DB.SentTo(ctx, to[0].platform, r.To.User, r.View, a.Clock.Now().Add(-within))
		if err == nil && ok {
			ok, err = a.refreshOne(ctx, old)
		}
		if err != nil || ok {
			return ok, err
		}
	}
	return a.Services.Pushes.Withhold(ctx, v.Actor, r.ID)
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

// send shows the card at the first address that takes it. Where it goes is
// decided once for a row: a second try must not show the card on another platform
// because the person has gone there meanwhile.
func (a *App) send(ctx context.Context, r outbox.Row, to []address, c card.Card) (bot.MessageRef, error) {
	for i, x := range to {
		o := bot.Outgoing{User: x.external, Card: &c, Key: r.Key}
		if r.To.User == 0 {
			o.User, o.Chat = "", x.external
		}
		if len(to) > 1 && x.platform != r.To.Platform {
			if err := a.DB.PinOutbox(ctx, r.ID, x.platform); err != nil {
				return bot.MessageRef{}, err
			}
		}
		ref, err := a.platforms[x.platform].Send(ctx, o)
		// What can never be shown here may be shown elsewhere, unless an earlier
		// delivery has shown it already.
		if err == nil || !errors.Is(err, bot.ErrPermanent) || r.Again || i == len(to)-1 {
			return ref, err
		}
	}
	return bot.MessageRef{}, fmt.Errorf("%w: person %d has no running platform", bot.ErrPermanent, r.To.User)
}

// recipient is for whom a row's card is rendered and where it may go, the best
// place first.
func (a *App) recipient(ctx context.Context, r outbox.Row) (bot.Viewer, []address, error) {
	if r.To.User == 0 {
		if a.platforms[r.To.Platform] == nil {
			return bot.Viewer{}, nil, fmt.Errorf("platform %q is not running here", r.To.Platform)
		}
		return bot.Viewer{Group: true, Chat: r.To.Chat}, []address{{r.To.Platform, r.To.Chat}}, nil
	}
	actor, err := a.freshActor(ctx, r.To.User)
	if err != nil {
		return bot.Viewer{}, nil, final(err)
	}
	to, err := a.addresses(ctx, r.To.User, r.To.Platform)
	return bot.Viewer{Actor: actor, Lang: actor.Lang}, to, err
}

// refresh renders every card about the record again and updates those that
// changed. A card that cannot be updated any more is forgotten.
func (a *App) refresh(ctx context.Context, r outbox.Row) error {
	cards, err := a.DB.SentAbout(ctx, r.View.Ref, a.Clock.Now().Add(-updatable), maxUpdated)
	if err != nil {
		return err
	}
	var errs []error
	var throttled *bot.RetryAfter
	for _, c := range cards {
		if _, err := a.refreshOne(ctx, c); err != nil {
			errs = append(errs, err)
			if errors.As(err, &throttled) || ctx.Err() != nil {
				break // the others would fare no better; all are tried again
			}
		}
	}
	return errors.Join(errs...)
}

// maxOvertaken bounds how often an update begins again because another one of
// the same card came in between.
const maxOvertaken = 10

// overtaken is how long an update waits after the n-th time that another process
// came in between, so that one of the two gets through.
func overtaken(n int) time.Duration {
	most := 10 * time.Millisecond << min(n, 6)
	return most/2 + rand.N(most/2)
}

// refreshOne brings one card up to date and reports whether it shows the newest
// state now; see store.ClaimSent for the order of its steps.
func (a *App) refreshOne(ctx context.Context, s store.SentCard) (current bool, err error) {
	p := a.platforms[s.Message.Platform]
	if p == nil {
		return false, nil
	}
	release, err := a.cardTurns.take(ctx, s.ID)
	if err != nil {
		return false, err
	}
	defer release()
	for n := range maxOvertaken {
		if n > 0 {
			select {
			case <-time.After(overtaken(n)):
			case <-ctx.Done():
				return false, ctx.Err()
			}
		}
		// Whoever had the turn before may have changed the card.
		now, ok, err := a.DB.SentMessage(ctx, s.Message)
		if err != nil || !ok {
			return false, err
		}
		viewer, ok, err := a.viewerOfCard(ctx, now)
		if err != nil || !ok {
			return false, err
		}
		claimed, err := a.DB.ClaimSent(ctx, now.ID, now.Rev)
		if err != nil {
			return false, err
		}
		if !claimed {
			continue
		}
		now.Rev++
		done, current, err := a.update(ctx, p, viewer, now)
		if err != nil || done {
			return current, err
		}
	}
	return false, fmt.Errorf("card %d was updated by others all the time", s.ID)
}

// update renders a claimed card and shows it if it changed. It is not done when
// another update began meanwhile, and not current where the card stays as it was.
// s.Digest is what the card showed before the claim.
func (a *App) update(ctx context.Context, p bot.Platform, viewer bot.Viewer, s store.SentCard) (done, current bool, err error) {
	c, err := a.Runtime.Views.Render(ctx, viewer, s.View)
	if err != nil {
		if errors.Is(err, bot.ErrNothing) || errors.Is(final(err), bot.ErrPermanent) {
			return true, false, a.DB.RestoreSent(ctx, s.ID, s.Rev, s.Digest) // it stays as it was
		}
		return false, false, err
	}
	digest := c.Digest()
	if digest != s.Digest {
		if err := p.Update(ctx, s.Message, c); err != nil {
			if errors.Is(err, bot.ErrPermanent) {
				return true, false, a.DB.ForgetSent(ctx, s.ID)
			}
			return false, false, err
		}
	}
	done, err = a.DB.FinishSent(context.WithoutCancel(ctx), s.ID, s.Rev, digest, c.About)
	return done, done, err
}

// viewerOfCard is for whom a sent card is rendered now; false for somebody who
// left or is leaving (HO-01): their card stays as it was.
func (a *App) viewerOfCard(ctx context.Context, s store.SentCard) (bot.Viewer, bool, error) {
	if s.Group {
		return bot.Viewer{Group: true, Chat: s.Message.Chat}, true, nil
	}
	actor, err := a.Services.Directory.Actor(ctx, s.User)
	if err != nil {
		if errors.Is(final(err), bot.ErrPermanent) {
			return bot.Viewer{}, false, nil
		}
		return bot.Viewer{}, false, err
	}
	return ViewerOf(actor), !actor.Frozen, nil
}

// ViewerOf is the viewer that a person is, for rendering outside the outbox.
func ViewerOf(a crm.Actor) bot.Viewer { return bot.Viewer{Actor: a, Lang: a.Lang} }
