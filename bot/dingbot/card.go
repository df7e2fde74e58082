package dingbot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"crmbot/bot"
	"crmbot/bot/adapter"
	"crmbot/cards/card"
	"crmbot/cards/dingcard"
	"crmbot/cards/textcard"
	"crmbot/internal/kv"
)

// levels is how much of the platform's cards works: own templates, the public
// template, or messages only. A level that the platform refused is not tried
// again for an hour, by any replica.
type levels struct {
	kv    kv.Store
	app   string
	start dingcard.Level

	mu    sync.Mutex
	down  dingcard.Level // meaningful until then
	until time.Time
}

const levelFor = time.Hour

func newLevels(o Options) *levels {
	l := &levels{kv: o.KV, app: o.ClientID, start: dingcard.LevelPublic}
	switch {
	case o.CardMode == ModePlain:
		l.start = dingcard.LevelPlain
	case o.CardMode != ModePublic && (o.FormTemplate != "" || o.CardTemplate != ""):
		l.start = dingcard.LevelTemplate
	}
	return l
}

func rank(l dingcard.Level) int {
	switch l {
	case dingcard.LevelTemplate:
		return 2
	case dingcard.LevelPublic:
		return 1
	}
	return 0
}

func lower(a, b dingcard.Level) dingcard.Level {
	if rank(a) < rank(b) {
		return a
	}
	return b
}

// known is the level as far as this process knows.
func (l *levels) known() dingcard.Level {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().Before(l.until) {
		return lower(l.start, l.down)
	}
	return l.start
}

// now is the level for a card to be sent.
func (l *levels) now(ctx context.Context) dingcard.Level {
	have := l.known()
	if have == dingcard.LevelPlain {
		return have
	}
	v, ok, err := l.kv.Get(ctx, "ding:level:"+l.app)
	if err != nil || !ok {
		return have
	}
	if string(v) == string(dingcard.LevelPlain) {
		return dingcard.LevelPlain
	}
	return lower(have, dingcard.LevelPublic)
}

// step goes down from a level that was refused.
func (l *levels) step(ctx context.Context, from dingcard.Level) dingcard.Level {
	to, name := dingcard.LevelPlain, string(dingcard.LevelPlain)
	if from == dingcard.LevelTemplate {
		to, name = dingcard.LevelPublic, "public"
	}
	l.mu.Lock()
	l.down, l.until = to, time.Now().Add(levelFor)
	l.mu.Unlock()
	if err := l.kv.Set(ctx, "ding:level:"+l.app, []byte(name), levelFor); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "card level not shared", "platform", Name, "err", err)
	}
	slog.WarnContext(ctx, "cards are shown more simply for an hour", "platform", Name, "level", name)
	return to
}

func (b *Bot) options() dingcard.Options {
	return dingcard.Options{CardTemplate: b.opt.CardTemplate, FormTemplate: b.opt.FormTemplate}
}

// render renders a card for a form; the result may need another form.
func (b *Bot) render(ctx context.Context, c card.Card, l dingcard.Level, ls *lines) (dingcard.Out, form, error) {
	o := b.options()
	if l == dingcard.LevelPublic {
		o = dingcard.Options{}
	}
	o.Line = ls.head(ctx)
	out, _, err := dingcard.Render(c, l, o)
	if err != nil {
		return out, 0, fmt.Errorf("%w: %w", bot.ErrPermanent, err)
	}
	switch {
	case l == dingcard.LevelPublic || out.TemplateID == dingcard.PublicTemplate:
		return out, formPublic, nil
	case out.TemplateID == o.FormTemplate && out.Params["form"] != "":
		return out, formForm, nil
	}
	return out, formOwn, nil
}

// card sends a card, or what comes closest to it: a card of the public
// template, a message with links, text.
func (b *Bot) card(ctx context.Context, t target, c card.Card, key string) (string, error) {
	was, err := b.recorded(ctx, key)
	if err == nil && was.ID != "" {
		return was.ID, nil
	}
	level := b.levels.now(ctx)
	if was.Form != 0 {
		level = was.Form.level() // it may be there already, in this form
	}
	for level != dingcard.LevelPlain {
		id, err := b.create(ctx, t, c, level, key, &was)
		e := asError(err)
		if err == nil || e == nil {
			return id, err
		}
		switch e.verdict() {
		case noTemplate:
			b.health.problem(e.Code)
			slog.ErrorContext(ctx, "card template refused", "platform", Name, "code", e.Code)
			level = b.levels.step(ctx, level)
			continue
		case misset:
			// The permission for cards is missing; messages need another one.
			b.report(ctx, err)
			b.levels.step(ctx, dingcard.LevelPublic)
		case badCard, sensitive:
			slog.WarnContext(ctx, "card refused, sending a message", "platform", Name, "err", err)
		default:
			return id, err
		}
		level = dingcard.LevelPlain
	}
	return b.plain(ctx, t, c, key+"/m")
}

// create creates and delivers a card. The outTrackId makes it safe to do again:
// the platform refuses a second card with the same one.
func (b *Bot) create(ctx context.Context, t target, c card.Card, level dingcard.Level, key string, was *record) (string, error) {
	track := fmt.Sprintf("%s#%d", key, was.Try)
	ls := b.lines(t.chat(), adapter.Short(track), c)
	out, f, err := b.render(ctx, c, level, ls)
	if err != nil {
		return "", err
	}
	if out, err = b.pictures(ctx, out); err != nil {
		return "", err
	}
	id := trackID(t, f, track)
	ls.keep(ctx, id)
	if t.group != "" {
		b.rememberGroup(ctx, id, t.group)
	}
	var answer struct {
		Result struct {
			Deliver list[struct {
				Success  *flag
				ErrorMsg text
			}] `json:"deliverResults"`
		} `json:"result"`
	}
	const api = "/v1.0/card/instances/createAndDeliver"
	err = b.api.call(ctx, request{method: http.MethodPost, path: api, body: b.creation(t, id, out)}, &answer)
	if e := asError(err); e != nil && e.verdict() == exists {
		err = nil
	}
	if err != nil {
		if unclear(err) {
			*was = record{Form: f, Try: was.Try}
			b.record(ctx, key, *was)
		}
		return "", err
	}
	// Success says only that the card exists; each delivery says for itself.
	for _, d := range answer.Result.Deliver {
		if d.Success == nil || bool(*d.Success) {
			continue
		}
		// The id is used up. The next try needs another one.
		*was = record{Form: f, Try: was.Try + 1}
		b.record(ctx, key, *was)
		return "", undelivered(api, t, string(d.ErrorMsg))
	}
	b.record(ctx, key, record{ID: id})
	b.shown(t.chat(), id, c)
	return id, nil
}

// undelivered is a delivery that failed inside an answer with status 200.
func undelivered(api string, t target, msg string) error {
	e := &Error{API: "POST " + api, HTTP: http.StatusOK, Code: "system.busy"}
	if strings.Contains(msg, "illegal") || strings.Contains(msg, "not exist") || strings.Contains(msg, "invalid") {
		e.Code = "param.openSpaceIdInvalid"
		if t.user != "" {
			e.Code = "param.userIdNotExist"
		}
	}
	return e
}

// creation is the body that creates a card and delivers it to one chat.
func (b *Bot) creation(t target, id string, out dingcard.Out) map[string]any {
	space := map[string]any{"supportForward": false, "lastMessageI18n": map[string]string{"ZH_CN": out.Alert, "EN_US": out.Alert}}
	body := map[string]any{"cardTemplateId": out.TemplateID, "outTrackId": id, "callbackType": "STREAM", "userIdType": 1, "cardData": map[string]any{"cardParamMap": out.Params}}
	if t.group != "" {
		space["notification"] = map[string]any{"alertContent": out.Alert, "notificationOff": false}
		body["openSpaceId"] = "dtv1.card//IM_GROUP." + t.group
		body["imGroupOpenSpaceModel"] = space
		body["imGroupOpenDeliverModel"] = map[string]any{"robotCode": b.opt.RobotCode}
		return body
	}
	body["openSpaceId"] = "dtv1.card//IM_ROBOT." + t.user
	body["imRobotOpenSpaceModel"] = space
	body["imRobotOpenDeliverModel"] = map[string]any{"spaceType": "IM_ROBOT", "robotCode": b.opt.RobotCode}
	return body
}

// plain sends a card as a message whose links send commands, or as text.
func (b *Bot) plain(ctx context.Context, t target, c card.Card, key string) (string, error) {
	ls := b.lines(t.chat(), adapter.Short(key), c)
	out, _, err := dingcard.Render(c, dingcard.LevelPlain, dingcard.Options{Line: ls.head(ctx)})
	if err != nil || out.Message == nil {
		return b.text(ctx, t, textcard.Render(c), key+"t")
	}
	ls.keep(ctx, plainID(key))
	if out, err = b.pictures(ctx, out); err != nil {
		return "", err
	}
	id, err := b.onceSent(ctx, key, func() error {
		msgKey, param, err := out.Message.Robot()
		if err != nil {
			return fmt.Errorf("%w: %w", bot.ErrPermanent, err)
		}
		body, err := out.Message.Webhook()
		if err != nil {
			return fmt.Errorf("%w: %w", bot.ErrPermanent, err)
		}
		if err := b.deliver(ctx, t, robotMessage{hook: []byte(body), key: msgKey, param: param}); err != nil {
			return err
		}
		b.shown(t.chat(), plainID(key), c)
		return nil
	})
	if e := asError(err); e != nil && (e.verdict() == badCard || e.verdict() == refused) || err != nil && errors.Is(err, bot.ErrPermanent) {
		slog.WarnContext(ctx, "card sent as text", "platform", Name, "err", err)
		var last string
		for i, s := range split(textcard.Render(c)) {
			if last, err = b.text(ctx, t, s, fmt.Sprintf("%s.t%d", key, i)); err != nil {
				return last, err
			}
		}
		return last, nil
	}
	if e := asError(err); e != nil && e.verdict() == sensitive {
		return b.text(ctx, t, withheld, key+"w")
	}
	return id, err
}

// errPlain is an update of something that is no card.
var errPlain = fmt.Errorf("%w: a message cannot be changed", bot.ErrPermanent)

// update replaces a card's content; a non-empty tip stands below it.
func (b *Bot) update(ctx context.Context, m bot.MessageRef, c card.Card, tip string) error {
	err := b.turns.Update(ctx, m.ID, func() error { return b.put(ctx, m, c, tip) })
	return b.report(ctx, outcome(err))
}

func (b *Bot) put(ctx context.Context, m bot.MessageRef, c card.Card, tip string) error {
	params, byKey, err := b.variables(ctx, m, c, tip)
	if err != nil {
		return err
	}
	if err := b.change(ctx, m.ID, params, byKey); err != nil {
		return err
	}
	b.shown("", m.ID, c)
	return nil
}

// change sends variables of a card that was sent.
func (b *Bot) change(ctx context.Context, id string, params map[string]string, byKey bool) error {
	var out struct {
		Success *flag `json:"success"`
		Result  *flag `json:"result"`
	}
	const api = "/v1.0/card/instances"
	err := b.api.call(ctx, request{method: http.MethodPut, path: api, body: map[string]any{"outTrackId": id, "userIdType": 1, "cardData": map[string]any{"cardParamMap": params},
		"cardUpdateOptions": map[string]bool{"updateCardDataByKey": byKey}}}, &out)
	if err == nil && (out.Success != nil && !bool(*out.Success) || out.Result != nil && !bool(*out.Result)) {
		return &Error{API: "PUT " + api, HTTP: http.StatusOK, Code: "system.busy"}
	}
	return err
}

// variables are a card's variables for the template with which it was sent, and
// whether the others are kept. A form that is over must go, so there they are
// not.
func (b *Bot) variables(ctx context.Context, m bot.MessageRef, c card.Card, tip string) (map[string]string, bool, error) {
	_, f, ok := parseTrack(m.ID)
	if !ok {
		return nil, false, errPlain
	}
	level := f.level()
	o := b.options()
	if f == formOwn {
		o.FormTemplate = "" // its template has no form
	}
	if f == formPublic {
		o = dingcard.Options{}
	}
	ls := b.lines(m.Chat, seedOf(m.ID), c)
	o.Line = ls.head(ctx)
	out, _, err := dingcard.Render(c, level, o)
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", bot.ErrPermanent, err)
	}
	ls.keep(ctx, m.ID)
	if out, err = b.pictures(ctx, out); err != nil {
		return nil, false, err
	}
	params := maps.Clone(out.Params)
	if tip != "" {
		params["tips"] = strings.TrimSuffix(textcard.Cut(textcard.OneLine(tip), maxTip)+" · "+params["tips"], " · ")
	}
	return params, f != formForm, nil
}

// maxTip is the longest line below a card, in characters.
const maxTip = 300
