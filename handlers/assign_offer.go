package handlers

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
)

func (h assignHandlers) try(ctx context.Context, a crm.Actor, text string) (bot.Reply, error) {
	if text == "" {
		t, err := h.Assign.Try(ctx, a, nil)
		if err != nil {
			return bot.Reply{}, err
		}
		return private(bot.Show(cards.AssignTrial(h.frame(a), t, h.names(ctx, a.Lang)), bot.View{})), nil
	}
	c, err := assign.ParseChange(text)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.draft(ctx, a, c)
}

func (h assignHandlers) draft(ctx context.Context, a crm.Actor, c assign.Change) (bot.Reply, error) {
	var err error
	if c.Day, err = h.ruleDay(c.Day, c.Urgent); err != nil {
		return bot.Reply{}, err
	}
	d, err := h.Assign.Prepare(ctx, a, c)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AssignDraft(h.frame(a), d, h.names(ctx, a.Lang), a.Is(crm.Admin)), bot.View{})), nil
}

func (h assignHandlers) accept(ctx context.Context, a crm.Actor, id crm.LeadID) (bot.Reply, error) {
	if _, err := h.Assign.Accept(ctx, a, id); err != nil {
		return h.refusal(ctx, a, err)
	}
	v, err := h.Leads.Show(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := private(bot.Show(cards.AssignAccepted(h.frame(a), v), leadView(id)))
	rep.Update, rep.Toast, rep.ToastTone = true, a.Lang.T(id.String()+" 在您名下了", id.String()+" is yours"), bot.ToastSuccess
	return rep, nil
}

func (h assignHandlers) declineLine(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	id, err := parseLeadRef(in.target)
	if err != nil {
		return bot.Reply{}, err
	}
	list, _ := assign.Reasons.Read(ctx, h.Rules)
	r, note, err := assign.ParseReason(list, in.rest)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.declined(ctx, a, id, r.Code, note)
}

func (h assignHandlers) declined(ctx context.Context, a crm.Actor, id crm.LeadID, reason, note string) (bot.Reply, error) {
	o, err := h.Assign.Decline(ctx, a, id, reason, note)
	if err != nil {
		return bot.Reply{}, err
	}
	shown, err := h.offerCard(ctx, a, a.Lang, o.ID)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := private(bot.Show(shown, bot.View{Name: assign.ViewOffer, Ref: fmt.Sprint(o.ID)}))
	rep.Toast, rep.ToastTone = a.Lang.T("已婉拒 "+id.String(), id.String()+" was declined"), bot.ToastSuccess
	return rep, nil
}

func (h assignHandlers) offerCard(ctx context.Context, a crm.Actor, l crm.Lang, id int64) (card.Card, error) {
	o, err := h.Assign.OfferFor(ctx, a, id)
	if err != nil {
		return card.Card{}, err
	}
	list, _ := assign.Reasons.Read(ctx, h.Rules)
	f := h.frame(a)
	f.Lang = l
	return cards.AssignOffer(f, o, list), nil
}

// viewNumber is the number that a view's argument names.
func viewNumber(ref string) (int64, error) {
	n, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return 0, crm.NotFound("没有这张卡片", "there is no such card")
	}
	return n, nil
}

func (h assignHandlers) views() []bot.ViewDef {
	own := func(name string, render func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error)) bot.ViewDef {
		return bot.ViewDef{Name: name, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			if v.Group {
				return card.Card{}, bot.ErrNothing
			}
			f := h.frame(v.Actor)
			f.Lang = v.Lang
			return render(ctx, v, f, ref)
		}}
	}
	return []bot.ViewDef{
		own(assign.ViewOffer, func(ctx context.Context, v bot.Viewer, _ cards.LeadFrame, ref string) (card.Card, error) {
			n, err := viewNumber(ref)
			if err != nil {
				return card.Card{}, err
			}
			return h.offerCard(ctx, v.Actor, v.Lang, n)
		}),
		own(assign.ViewGiven, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			id, err := parseLeadRef(ref)
			if err != nil {
				return card.Card{}, err
			}
			x, err := h.Leads.Show(ctx, v.Actor, id)
			if crm.CodeOf(err) == crm.CodeNotFound {
				return cards.LeadGone(v.Lang, id), nil
			}
			if err != nil {
				return card.Card{}, err
			}
			r, byRules, err := h.Assign.WhyMine(ctx, v.Actor, id)
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignGiven(f, x, r, byRules && x.Mine), nil
		}),
		own(assign.ViewManual, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			id, err := parseLeadRef(ref)
			if err != nil {
				return card.Card{}, err
			}
			d, err := h.Assign.Decide(ctx, v.Actor, id)
			if crm.CodeOf(err) == crm.CodeNotFound {
				return cards.LeadGone(v.Lang, id), nil
			}
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignManual(f, d, h.names(ctx, v.Lang)), nil
		}),
		own(assign.ViewUnplaced, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			counts, err := h.Assign.Unplaced(ctx, v.Actor, crm.Day(ref))
			if err != nil {
				return card.Card{}, err
			}
			named := map[string]int{}
			for id, n := range counts {
				named[h.names(ctx, v.Lang).Pool(id)] += n
			}
			return cards.AssignUnplaced(v.Lang, crm.Day(ref), named), nil
		}),
		own(assign.ViewLate, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			list, err := h.Assign.LateOf(ctx, v.Actor, v.Actor.ID)
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignLate(f, list), nil
		}),
		own(assign.ViewTeamLate, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			list, err := h.Assign.TeamLate(ctx, v.Actor, lateShown)
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignTeamLate(f, list, h.names(ctx, v.Lang)), nil
		}),
		own(assign.ViewBatch, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			n, to, err := batchOf(ref)
			if err != nil {
				return card.Card{}, err
			}
			b, ls, err := h.Assign.BatchFor(ctx, v.Actor, n, to)
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignReceived(f, h.Directory.Name(ctx, b.By), ls, to), nil
		}),
		own(assign.ViewUndone, func(ctx context.Context, v bot.Viewer, f cards.LeadFrame, ref string) (card.Card, error) {
			n, to, err := batchOf(ref)
			if err != nil {
				return card.Card{}, err
			}
			b, ids, err := h.Assign.UndoneFor(ctx, v.Actor, n, to)
			if err != nil {
				return card.Card{}, err
			}
			return cards.AssignUndone(f, h.Directory.Name(ctx, b.By), ids), nil
		}),
		{Name: assign.ViewClaim, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			n, err := viewNumber(ref)
			if err != nil {
				return card.Card{}, err
			}
			a, f := h.viewer(v)
			list, err := h.Assign.NewIn(ctx, a, crm.PoolID(n), poolPage)
			if err != nil {
				return card.Card{}, err
			}
			if len(list.Leads) == 0 {
				return card.Card{}, bot.ErrNothing // all were taken meanwhile
			}
			return cards.AssignClaim(f, h.names(ctx, v.Lang).Pool(crm.PoolID(n)), list), nil
		}},
	}
}

// lateShown bounds the late leads of a team in one card.
const lateShown = 20

// batchOf reads the ref of a view about what a person got in a batch.
func batchOf(ref string) (int64, crm.UserID, error) {
	batch, user, _ := strings.Cut(ref, "/")
	n, err := viewNumber(batch)
	if err != nil {
		return 0, 0, err
	}
	to, err := parseUserRef(user)
	return n, to, err
}
