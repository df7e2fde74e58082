package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/crm"
)

// refusedFor is how long somebody can ask why they were refused.
const refusedFor = 24 * time.Hour

// refusal is a no as it is kept for the question why.
type refusal struct {
	At         time.Time
	Rule       string
	Text, Next crm.Text
}

func refusedKey(id crm.UserID) string { return "refused:" + strconv.FormatInt(int64(id), 10) }

// remember is the middleware that keeps each person's last refusal by a rule.
// That it could not be kept changes nothing of the answer.
func (a *App) remember(next bot.Handler) bot.Handler {
	return func(ctx context.Context, req *bot.Req) bot.Reply {
		rep := next(ctx, req)
		var e *crm.Error
		if !errors.As(rep.Err(), &e) || e.Rule == "" {
			return rep
		}
		who, err := a.Runtime.People.ByIdentity(ctx, req.Platform, req.Tenant, req.From)
		if err != nil {
			return rep
		}
		raw, err := json.Marshal(refusal{At: a.Clock.Now(), Rule: e.Rule, Text: e.Text, Next: e.Next})
		if err == nil {
			err = a.KV.Set(ctx, refusedKey(who.ID), raw, refusedFor)
		}
		if err != nil {
			slog.WarnContext(ctx, "a refusal was not kept", "event", req.EventID, "err", err)
		}
		return rep
	}
}

// refused implements handlers.Services.Refused.
func (a *App) refused(ctx context.Context, who crm.Actor) (cards.Refusal, bool, error) {
	raw, ok, err := a.KV.Get(ctx, refusedKey(who.ID))
	if err != nil || !ok {
		return cards.Refusal{}, false, err
	}
	var r refusal
	if err := json.Unmarshal(raw, &r); err != nil {
		return cards.Refusal{}, false, err
	}
	text := r.Text.In(who.Lang)
	if n := r.Next.In(who.Lang); n != "" {
		text += who.Lang.T("；", "; ") + n
	}
	return cards.Refusal{At: r.At, Rule: r.Rule, Text: text}, true, nil
}
