package handlers

import (
	"context"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// collabActions are what colleagues ask of the owner of an account.
func (h accountPool) collabActions() []bot.Registration {
	return []bot.Registration{
		bot.Handle[cards.JoinAccount]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.JoinAccount) (bot.Reply, error) {
			return h.join(ctx, a, p.Account)
		}},
		bot.Handle[cards.AnswerJoinAccount]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AnswerJoinAccount) (bot.Reply, error) {
			rep, err := h.answer(ctx, a, p.Account, p.User, p.Accept)
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.WatchAccount]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.WatchAccount) (bot.Reply, error) {
			return h.watch(ctx, a, p.Account)
		}},
	}
}

func (h accountPool) join(ctx context.Context, a crm.Actor, id crm.AccountID) (bot.Reply, error) {
	owner, err := h.Accounts.AskToJoin(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	name := crm.MaskName(h.Directory.Name(ctx, owner))
	text := a.Lang.T("已向负责人 "+name+" 申请协作 "+id.String()+"，同意后会通知您", "the owner "+name+" was asked about "+id.String()+"; you will be told the answer")
	return bot.Reply{Text: text, Toast: text, ToastTone: bot.ToastSuccess, Private: true}, nil
}

func (h accountPool) answer(ctx context.Context, a crm.Actor, id crm.AccountID, user crm.UserID, accept bool) (bot.Reply, error) {
	x, err := h.Accounts.AnswerCollab(ctx, a, id, user, accept)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(cards.AccountJoinAsked(h.frame(a), x), bot.View{Name: account.ViewCollab, Ref: pool.CollabRef(id.Ref(), user)})
	rep.Toast, rep.ToastTone = a.Lang.T("已回复 "+x.UserName, x.UserName+" was told"), bot.ToastSuccess
	return private(rep), nil
}

func (h accountPool) watch(ctx context.Context, a crm.Actor, id crm.AccountID) (bot.Reply, error) {
	at, err := h.Accounts.Watch(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.Watching(h.frame(a), id.Ref(), at), bot.View{})), nil
}

func (h accountPool) collabViews() []bot.ViewDef {
	view := func(build func(cards.LeadFrame, account.Collab) card.Card) bot.ViewFunc {
		return func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			r, user, err := pool.ParseCollabRef(ref)
			if err != nil || r.Kind != crm.KindAccount || v.Group {
				return card.Card{}, bot.ErrNothing
			}
			x, err := h.Accounts.CollabOf(ctx, v.Actor, crm.AccountID(r.ID), user)
			if err != nil {
				return card.Card{}, err
			}
			return build(h.frame(v.Actor), x), nil
		}
	}
	return []bot.ViewDef{
		{Name: account.ViewCollab, Render: view(cards.AccountJoinAsked)},
		{Name: account.ViewAnswer, Render: view(cards.AccountJoinAnswer)},
		{Name: account.ViewWatched, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			id, ok := accountCode(ref)
			if !ok || v.Group {
				return card.Card{}, bot.ErrNothing
			}
			x, err := h.Accounts.Watched(ctx, v.Actor, id)
			switch {
			case err != nil:
				return card.Card{}, err
			case x.Mine:
				return card.Card{}, bot.ErrNothing // claimed meanwhile: nothing to remind of
			}
			return cards.AccountWatched(h.frame(v.Actor), x), nil
		}},
	}
}
