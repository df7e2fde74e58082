package handlers

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// poolPage is how many leads one card of the pool shows.
const poolPage = 6

func (h leadHandlers) pool(ctx context.Context, a crm.Actor, c bot.Call, in poolArgs) (bot.Reply, error) {
	if err := h.nameFilter(ctx, a, &in); err != nil {
		return bot.Reply{}, err
	}
	if in.accounts {
		return accountPool{h}.page(ctx, a, c.Group(), account.ParseFilter(in.words), in.afterAccount)
	}
	sources, _ := lead.Sources.Of(ctx, h.Rules)
	return h.poolPage(ctx, a, c.Group(), lead.ParseFilter(in.words, sources), in.after)
}

// nameFilter turns the name of a pool in front of the other words into the word
// that the filters know.
func (h leadHandlers) nameFilter(ctx context.Context, a crm.Actor, in *poolArgs) error {
	kind := crm.KindLead
	if in.accounts {
		kind = crm.KindAccount
	}
	visible, err := h.Pools.Visible(ctx, a, kind)
	if err != nil || len(in.words) == 0 {
		return err
	}
	for _, p := range visible {
		for _, l := range []crm.Lang{crm.Chinese, crm.English} {
			name := strings.Fields(p.Title(l))
			if n := len(name); n > 0 && n <= len(in.words) && strings.EqualFold(strings.Join(in.words[:n], " "), strings.Join(name, " ")) {
				in.words = append([]string{pool.Word(p.ID)}, in.words[n:]...)
				return nil
			}
		}
	}
	return nil
}

// poolPage is one page of the pool. In a group it is masked further and anybody
// there may claim from it.
func (h leadHandlers) poolPage(ctx context.Context, a crm.Actor, group bool, f lead.Filter, after crm.LeadID) (bot.Reply, error) {
	page := func(reader crm.Actor, group bool) (bot.Reply, bool, error) {
		list, err := h.Leads.Pool(ctx, reader, f, after, poolPage)
		if err != nil {
			return bot.Reply{}, false, err
		}
		frame := h.frame(a)
		frame.Group = group
		return bot.Show(cards.LeadPool(frame, f, list), bot.View{Name: "lead.pool", Ref: poolRef(f, list)}), len(list.Leads) > 0, nil
	}
	if group {
		return h.groupPage(ctx, a, crm.KindLead, f.Pool, after == 0, page)
	}
	rep, _, err := page(a, false)
	return rep, err
}

// everybody is as whom a group reads lists: it sees the pools that are open to all.
func everybody(l crm.Lang) crm.Actor { return crm.Actor{Lang: l} }

// groupPage is a page of the pool in a group: the list of the pools that are open to
// all, and of the actor's others how many records wait there; that list goes to the
// actor alone (PM-03). Only the first page says so. page makes the list that somebody reads
// and reports whether there is anything in it.
func (h leadHandlers) groupPage(ctx context.Context, a crm.Actor, kind crm.Kind, only crm.PoolID, first bool, page func(reader crm.Actor, group bool) (bot.Reply, bool, error)) (bot.Reply, error) {
	rep, some, err := page(everybody(a.Lang), true)
	if err != nil || !first {
		return rep, err
	}
	visible, err := h.Pools.Visible(ctx, a, kind)
	if err != nil {
		return rep, err
	}
	var lines []string
	for _, p := range visible {
		if p.Open() || only != 0 && only != p.ID {
			continue
		}
		n, err := h.Pools.Count(ctx, p)
		if err != nil {
			return rep, err
		}
		if n.Waiting > 0 || only != 0 {
			lines = append(lines, a.Lang.T(fmt.Sprintf("%s：%d 条", p.Title(a.Lang), n.Waiting), fmt.Sprintf("%s: %d records", p.Title(a.Lang), n.Waiting)))
		}
	}
	if len(lines) == 0 {
		return rep, nil
	}
	own, _, err := page(a, false)
	if err != nil {
		return rep, err
	}
	sums := bot.Reply{Text: strings.Join(append(lines, a.Lang.T("名单已私信 "+a.Name, "the list was sent to "+a.Name+" in private")), "\n"), Also: []bot.Reply{private(own)}}
	if !some {
		return sums, nil
	}
	rep.Also = append(rep.Also, sums)
	return rep, nil
}

func (h leadHandlers) more(ctx context.Context, a crm.Actor, c bot.Call, p cards.MorePool) (bot.Reply, error) {
	if !a.Is(poolReaders...) {
		return bot.Reply{}, crm.Forbid(a, crm.Rep)
	}
	sources, _ := lead.Sources.Of(ctx, h.Rules)
	rep, err := h.poolPage(ctx, a, c.Group(), lead.ParseFilter(strings.Fields(p.Filter), sources), p.After)
	// In a group the card belongs to everybody: the next page is a new one.
	rep.Update = err == nil && !c.Group()
	return rep, err
}

// poolRef is the argument of the pool's view: the filter and the leads shown,
// so that the same list can be rendered again: "展会 上海|c,d,e|+". The ids are in
// base 36; the plus tells that there is more.
func poolRef(f lead.Filter, list lead.PoolList) string {
	ids := make([]string, len(list.Leads))
	for i, v := range list.Leads {
		ids[i] = strconv.FormatInt(int64(v.ID), 36)
	}
	return listRef(f.Words(), ids, list.More)
}

func listRef(filter string, ids []string, more bool) string {
	words := []rune(filter)
	ref := string(words[:min(len(words), maxFilterRunes)]) + "|" + strings.Join(ids, ",") + "|"
	if more {
		ref += "+"
	}
	return ref
}

// maxFilterRunes keeps the argument within what is stored of it.
const maxFilterRunes = 30

func parsePoolRef(ref string) (words []string, ids []crm.LeadID, more bool, err error) {
	words, numbers, more, err := parseListRef(ref)
	for _, n := range numbers {
		ids = append(ids, crm.LeadID(n))
	}
	return words, ids, more, err
}

func parseListRef(ref string) (words []string, ids []int64, more bool, err error) {
	parts := strings.Split(ref, "|")
	if len(parts) != 3 {
		return nil, nil, false, crm.NotFound("没有这个列表", "there is no such list")
	}
	for _, w := range strings.Split(parts[1], ",") {
		if w == "" {
			continue
		}
		n, err := strconv.ParseInt(w, 36, 64)
		if err != nil {
			return nil, nil, false, crm.NotFound("没有这个列表", "there is no such list")
		}
		ids = append(ids, n)
	}
	return strings.Fields(parts[0]), ids, parts[2] == "+", nil
}

// viewer is as whom a view about leads is rendered: a group sees every listed
// lead, without names.
func (h leadHandlers) viewer(v bot.Viewer) (crm.Actor, cards.LeadFrame) {
	if !v.Group {
		f := h.frame(v.Actor)
		f.Lang = v.Lang
		return v.Actor, f
	}
	f := h.frame(crm.Actor{})
	f.Lang, f.Group = v.Lang, true
	return crm.SystemActor(), f
}

func (h leadHandlers) poolView(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	words, ids, more, err := parsePoolRef(ref)
	if err != nil {
		return card.Card{}, err
	}
	a, f := h.viewer(v)
	if v.Group {
		a = everybody(v.Lang)
	}
	list, err := h.Leads.Listed(ctx, a, ids)
	if err != nil {
		return card.Card{}, err
	}
	list.More = more && len(list.Leads) > 0
	sources, _ := lead.Sources.Of(ctx, h.Rules)
	return cards.LeadPool(f, lead.ParseFilter(words, sources), list), nil
}

func (h leadHandlers) views() []bot.ViewDef {
	return []bot.ViewDef{
		{Name: "lead.pool", Render: h.poolView},
		{Name: "lead.card", Render: h.leadCard(func(f cards.LeadFrame, v lead.Seen) card.Card { return cards.Lead(f, v) })},
		{Name: "lead.claimed", Render: h.claimed},
		{Name: lead.ViewGiven, Render: h.leadCard(cards.LeadGiven)},
		{Name: "lead.mine", Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			owner, err := parseUserRef(ref)
			if err != nil || v.Group {
				return card.Card{}, bot.ErrNothing
			}
			return h.listOf(ctx, v.Actor, owner)
		}},
		{Name: "lead.lost", Render: h.lostView},
		{Name: lead.ViewTaken, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			id, err := parseLeadRef(ref)
			if err != nil || v.Group {
				return card.Card{}, bot.ErrNothing
			}
			p, err := h.Leads.LossOf(ctx, v.Actor, id)
			if err != nil {
				return card.Card{}, err
			}
			return cards.LeadTaken(h.frame(v.Actor), lead.Seen{Lead: lead.Lead{ID: id}}, p, p.At), nil
		}},
		{Name: lead.ViewCollab, Render: h.collabView(cards.LeadJoinAsked)},
		{Name: lead.ViewAnswer, Render: h.collabView(cards.LeadJoinAnswer)},
		{Name: lead.ViewWatched, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			id, err := parseLeadRef(ref)
			if err != nil || v.Group {
				return card.Card{}, bot.ErrNothing
			}
			d, err := h.Leads.Watched(ctx, v.Actor, id)
			if err != nil {
				return card.Card{}, err
			}
			if d.Mine {
				return card.Card{}, bot.ErrNothing // claimed meanwhile: nothing to remind of
			}
			return cards.LeadWatched(h.frame(v.Actor), d), nil
		}},
	}
}

func parseLeadRef(ref string) (crm.LeadID, error) {
	r, err := crm.ParseRef(ref)
	if err != nil || r.Kind != crm.KindLead {
		return 0, crm.NotFound("没有这条线索", "there is no such lead")
	}
	return crm.LeadID(r.ID), nil
}

// leadCard renders a lead with the rights of today: somebody who may not see it
// any more gets a card without its content.
func (h leadHandlers) leadCard(build func(cards.LeadFrame, lead.Seen) card.Card) bot.ViewFunc {
	return func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
		id, err := parseLeadRef(ref)
		if err != nil {
			return card.Card{}, err
		}
		a, f := h.viewer(v)
		x, err := h.Leads.Show(ctx, a, id)
		if crm.CodeOf(err) == crm.CodeNotFound {
			return cards.LeadGone(v.Lang, id), nil
		}
		if err != nil {
			return card.Card{}, err
		}
		if v.Group {
			return cards.LeadSummary(f, x), nil
		}
		return build(f, x), nil
	}
}

// claimedView keeps the numbers of the moment of the claim in the reference, so
// that the card says the same when it is rendered again.
func claimedView(id crm.LeadID, c lead.Claimed) bot.View {
	if c.Already {
		return leadView(id)
	}
	return bot.View{Name: "lead.claimed", Ref: fmt.Sprintf("%s/%d/%d/%d/%d", id, c.Used, c.Limit, c.Held, c.Hold)}
}

// claimed shows a claimed lead with the first thing to do until that is done.
func (h leadHandlers) claimed(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	code, numbers, _ := strings.Cut(ref, "/")
	var c lead.Claimed
	if _, err := fmt.Sscanf(numbers, "%d/%d/%d/%d", &c.Used, &c.Limit, &c.Held, &c.Hold); err != nil {
		return card.Card{}, crm.NotFound("没有这条线索", "there is no such lead")
	}
	return h.leadCard(func(f cards.LeadFrame, x lead.Seen) card.Card {
		if c.Seen = x; x.Mine && !x.Contacted() {
			return cards.LeadClaimed(f, c)
		}
		return cards.Lead(f, x)
	})(ctx, v, code)
}

// lostView shows again to the loser of a race what was offered instead.
func (h leadHandlers) lostView(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	lostRef, nextRef, _ := strings.Cut(ref, "/")
	lost, err := parseLeadRef(lostRef)
	if err != nil || v.Group {
		return card.Card{}, bot.ErrNothing
	}
	next, err := parseLeadRef(nextRef)
	if err != nil {
		return card.Card{}, err
	}
	list, err := h.Leads.Listed(ctx, v.Actor, []crm.LeadID{next})
	if err != nil {
		return card.Card{}, err
	}
	who, err := h.Leads.LostTo(ctx, v.Actor, lost)
	if err != nil {
		return card.Card{}, err
	}
	f := h.frame(v.Actor)
	if len(list.Leads) == 0 {
		return cards.LeadLost(f, who, nil), nil
	}
	return cards.LeadLost(f, who, &list.Leads[0]), nil
}

func (h leadHandlers) collabView(build func(cards.LeadFrame, lead.Collab) card.Card) bot.ViewFunc {
	return func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
		id, user, err := lead.ParseCollabRef(ref)
		if err != nil || v.Group {
			return card.Card{}, bot.ErrNothing
		}
		x, err := h.Leads.CollabOf(ctx, v.Actor, id, user)
		if err != nil {
			return card.Card{}, err
		}
		return build(h.frame(v.Actor), x), nil
	}
}
