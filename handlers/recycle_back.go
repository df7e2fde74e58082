package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/recycle"
	"crmbot/internal/sched"
)

// backs lets former owners take records back that a rule released by mistake
// (RC-04).
func backs(s *Services) Module {
	return Module{
		Commands: []bot.Registration{
			bot.Command[[]string]{Name: "拿回", Aliases: []string{"takeback"}, Summary: crm.Text{Zh: "拿回因规则修改被误释放的记录", En: "take records back that a rule released by mistake"}, Usage: crm.Text{Zh: "L-12 [L-13 …]", En: "L-12 [L-13 …]"},
				Examples: []string{"/拿回 L-12", "/拿回 L-12 L-13 A-3", "/takeback L-12"}, Roles: []crm.Role{crm.Rep}, Parse: parseBack, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, codes []string) (bot.Reply, error) {
					if recycle.IsBack(codes[0]) { // a page of a card, where there is no button
						return s.backPage(ctx, a, codes[0], false)
					}
					text, err := s.reclaim(ctx, a, codes)
					if err != nil {
						return bot.Reply{}, err
					}
					return said(text), nil
				}},
			bot.Handle[cards.TakeBackRecords]{Roles: []crm.Role{crm.Rep}, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.TakeBackRecords) (bot.Reply, error) {
				text, err := s.reclaim(ctx, a, p.Refs)
				if err != nil {
					return bot.Reply{}, err
				}
				b, err := s.Recycle.BackFor(ctx, a, p.Card)
				if err != nil {
					return bot.Reply{}, err
				}
				rep := private(bot.Replace(cards.RecycleBack(leadHandlers{s}.frame(a), p.Card, b, text), bot.View{Name: recycle.ViewBack, Ref: p.Card}, text))
				return rep, nil
			}},
			bot.Handle[cards.ShowBackPage]{Roles: []crm.Role{crm.Rep}, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ShowBackPage) (bot.Reply, error) {
				return s.backPage(ctx, a, p.View(), true)
			}},
		},
		Views: []bot.ViewDef{{Name: recycle.ViewBack, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			if v.Group {
				return card.Card{}, bot.ErrNothing
			}
			b, err := s.Recycle.BackFor(ctx, v.Actor, ref)
			if err != nil {
				return card.Card{}, err
			}
			return cards.RecycleBack(leadHandlers{s}.frame(v.Actor), ref, b, ""), nil
		}}},
		Jobs: []sched.Job{{Name: "recycle.offer_back", Next: every(time.Minute), Pending: s.Recycle.NextOffers,
			Run: func(ctx context.Context, _ time.Time) error { return s.Recycle.OfferAll(ctx) }}},
	}
}

func (s *Services) backPage(ctx context.Context, a crm.Actor, name string, replace bool) (bot.Reply, error) {
	b, err := s.Recycle.BackFor(ctx, a, name)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := private(bot.Show(cards.RecycleBack(leadHandlers{s}.frame(a), name, b, ""), bot.View{Name: recycle.ViewBack, Ref: name}))
	rep.Update = replace
	return rep, nil
}

func parseBack(rest string) ([]string, error) {
	codes := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(" 、,，\n", r) })
	if len(codes) == 0 {
		return nil, crm.Invalid("请写记录编号，如 /拿回 L-12", "use the record's code, such as /takeback L-12")
	}
	return codes, nil
}

// reclaim takes records back one by one and says what became of each. With one
// record, its refusal is the answer.
func (s *Services) reclaim(ctx context.Context, a crm.Actor, codes []string) (string, error) {
	var taken, failed []string
	var first error
	for _, code := range codes[:min(len(codes), 20)] {
		ref, err := crm.ParseRef(code)
		if err != nil {
			err = crm.Invalid("“"+clipText(code)+"”不是记录编号", "“"+clipText(code)+"” is no code of a record")
		} else {
			err = s.Recycle.TakeBack(ctx, a, ref)
		}
		var ce *crm.Error
		switch {
		case err == nil:
			taken = append(taken, ref.String())
		case errors.As(err, &ce) && ce.Code != crm.CodeUnavailable:
			if first == nil {
				first = err
			}
			failed = append(failed, clipText(code)+a.Lang.T("：", ": ")+crm.MessageOf(err, a.Lang))
		default:
			return "", err
		}
	}
	if len(taken) == 0 {
		return "", first
	}
	text := a.Lang.T(fmt.Sprintf("已拿回 %s", strings.Join(taken, "、")), fmt.Sprintf("taken back: %s", strings.Join(taken, ", ")))
	if len(failed) > 0 {
		text += "\n" + strings.Join(failed, "\n")
	}
	return text, nil
}
