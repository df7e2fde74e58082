package handlers

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/push"
)

// pushes show what was withheld from the person because the day's budget of
// unasked cards was used up (CH-03).
func pushes(s *Services) Module {
	return Module{
		Commands: []bot.Registration{
			bot.Command[int64]{Name: "消息", Aliases: []string{"messages"}, Summary: crm.Text{Zh: "合并推送的消息，可逐条查看", En: "messages that were gathered instead of sent, and each of them"},
				Usage: crm.Text{Zh: "[编号]", En: "[number]"}, Examples: []string{"/消息", "/messages 12"}, Parse: parseMessage, Run: s.messages},
		},
		Views: []bot.ViewDef{{Name: push.View, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			list, err := s.withheld(ctx, v, push.Slot(ref))
			if err == nil && len(list) == 0 {
				err = bot.ErrNothing // all of it is settled
			}
			return cards.Messages(v.Lang, list, s.Pushes.Budget(ctx, v.Actor), s.Calendar.Zone()), err
		}}},
	}
}

func parseMessage(rest string) (int64, error) {
	rest = strings.TrimPrefix(strings.TrimSpace(rest), "#")
	if rest == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	if err != nil || n <= 0 {
		return 0, crm.Invalid("请写消息的编号，如 /消息 12", "name the message's number, such as /messages 12")
	}
	return n, nil
}

// withheld renders the person's withheld cards as they look now. Those about
// which there is nothing to say any more, or which the person may no longer
// see, are left out, and so are those that fail as long as another is left.
func (s *Services) withheld(ctx context.Context, v bot.Viewer, slot push.Slot) ([]cards.Message, error) {
	held, err := s.Pushes.Held(ctx, v.Actor, slot)
	if err != nil {
		return nil, err
	}
	out := make([]cards.Message, 0, len(held))
	var failed error
	for _, h := range held {
		c, ok, err := s.showHeld(ctx, v, h)
		switch {
		case err != nil && (crm.CodeOf(err) == crm.CodeUnavailable || ctx.Err() != nil):
			return nil, err
		case err != nil:
			// One card that cannot be shown must not keep the others from the reader.
			slog.ErrorContext(ctx, "a withheld message cannot be shown", "message", h.ID, "view", h.View.Name, "ref", h.View.Ref, "code", crm.CodeOf(err))
			failed = err
		case ok:
			out = append(out, cards.Message{ID: h.ID, At: h.At, Card: c})
		}
	}
	if len(out) == 0 {
		return nil, failed
	}
	return out, nil
}

func (s *Services) showHeld(ctx context.Context, v bot.Viewer, h push.Held) (card.Card, bool, error) {
	c, err := s.Show(ctx, v, h.View)
	switch crm.CodeOf(err) {
	case crm.CodeNotFound, crm.CodeForbidden, crm.CodeInvalid, crm.CodeStale:
		return c, false, nil
	}
	if errors.Is(err, bot.ErrNothing) {
		return c, false, nil
	}
	return c, err == nil, err
}

func (s *Services) messages(ctx context.Context, a crm.Actor, _ bot.Call, id int64) (bot.Reply, error) {
	v := bot.Viewer{Actor: a, Lang: a.Lang}
	if id == 0 {
		list, err := s.withheld(ctx, v, "")
		if err != nil {
			return bot.Reply{}, err
		}
		c := cards.Messages(a.Lang, list, s.Pushes.Budget(ctx, a), s.Calendar.Zone())
		return bot.Reply{Card: &c, Private: true}, nil
	}
	h, err := s.Pushes.Open(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	c, ok, err := s.showHeld(ctx, v, h)
	if err != nil {
		return bot.Reply{}, err
	}
	if !ok {
		return bot.Reply{}, crm.NotFound("这条消息已处理或已失效", "this message is settled or out of date").WithNext("发送 /今天 查看待办", "send /today for what is to be done")
	}
	rep := bot.Show(c, h.View)
	rep.Private = true
	return rep, nil
}
