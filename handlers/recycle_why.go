package handlers

import (
	"context"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// why explains a record's release day, or without a word the actor's last
// refusal.
func (s *Services) why(ctx context.Context, a crm.Actor, _ bot.Call, word string) (bot.Reply, error) {
	if word == "" {
		return s.whyRefused(ctx, a)
	}
	ref, ask, err := s.recycleRef(ctx, a, word)
	if err != nil || ask != nil {
		return deref(ask), err
	}
	h := leadHandlers{s}
	f := h.frame(a)
	asked := ref
	var due lead.Due
	switch ref.Kind {
	case crm.KindLead:
		v, err := s.Leads.Show(ctx, a, crm.LeadID(ref.ID))
		if crm.CodeOf(err) == crm.CodeNotFound {
			// Somebody without the right learns what DU-02 allows.
			d, e := s.Leads.Learned(ctx, a, crm.LeadID(ref.ID))
			if e == nil {
				return private(bot.Show(cards.LeadExists(f, d), bot.View{})), nil
			}
			err = e
		}
		if err != nil {
			return bot.Reply{}, err
		}
		ref = v.Ref() // the code may be of one that became part of it
		if v.InPool() {
			lost, err := s.Recycle.LossOf(ctx, a, ref)
			return private(bot.Show(cards.WhyMerged(cards.LeadPoolWhy(f, v, lost), asked, ref), bot.View{})), err
		}
		due = v.Due
	case crm.KindAccount:
		x, err := s.Accounts.Get(ctx, a, crm.AccountID(ref.ID))
		if err != nil {
			return s.taken(a, err)
		}
		ref = x.ID.Ref()
	default:
		return bot.Reply{}, crm.Invalid("只有线索和客户有释放日，如 L-12、A-3", "only leads and accounts have a release day, such as L-12 and A-3")
	}
	w, err := s.Recycle.Why(ctx, ref)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.WhyMerged(cards.RecycleWhy(f, w, due), asked, ref), bot.View{})), nil
}

func (s *Services) whyRefused(ctx context.Context, a crm.Actor) (bot.Reply, error) {
	r, ok, err := s.Refused(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	if !ok {
		return said(a.Lang.T("最近没有被拒绝的操作。要看某条记录的释放日，请发送 /为什么 L-12", "Nothing was refused lately. For a record's release day send /why L-12")), nil
	}
	var list []cards.RefusalSetting
	for _, d := range s.Rules.Defs() {
		if d.Key != r.Rule && !strings.HasPrefix(d.Key, r.Rule+".") {
			continue
		}
		scopes, err := s.Recycle.ScopesOf(ctx, a.ID)
		if err != nil {
			return bot.Reply{}, err
		}
		v, id := s.Rules.Value(ctx, d.Key, scopes...)
		list = append(list, cards.RefusalSetting{Def: d, Value: v, Version: id})
	}
	return private(bot.Show(cards.RefusalWhy(leadHandlers{s}.frame(a), r, list), bot.View{})), nil
}
