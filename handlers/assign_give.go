package handlers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

func (h assignHandlers) assignLine(ctx context.Context, a crm.Actor, c bot.Call, in assignArgs) (bot.Reply, error) {
	switch {
	case in.tries:
		return h.try(ctx, a, in.try)
	case in.pool:
		return h.assignPool(ctx, a, c, in)
	case len(in.codes) == 0:
		target, rest, _ := strings.Cut(in.who, " ")
		return h.assign(ctx, a, c, leadArgs{target: target, rest: strings.TrimSpace(rest)})
	case len(in.codes) == 1 && !in.rules:
		return h.assign(ctx, a, c, leadArgs{target: in.codes[0], rest: in.who})
	}
	ids := make([]crm.LeadID, len(in.codes))
	for i, w := range in.codes {
		id, err := parseLeadRef(w)
		if err != nil {
			return bot.Reply{}, err
		}
		ids[i] = id
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	to, err := h.receiver(ctx, c, in)
	if err != nil {
		return bot.Reply{}, err
	}
	if to == 0 && !in.rules {
		return bot.Reply{}, crm.Invalid("请写接收人，或写 按规则", "name who gets them, or write rules").WithNext("例如 /分配 "+strings.Join(in.codes, " ")+" 李娜", "for example /assign "+strings.Join(in.codes, " ")+" NAME")
	}
	line := h.line(a, strings.Join(in.codes, " "), ctx, to)
	return h.confirmOrGive(ctx, a, ids, to, in.confirmed, line)
}

// receiver is who gets them: zero for the rules.
func (h assignHandlers) receiver(ctx context.Context, c bot.Call, in assignArgs) (crm.UserID, error) {
	if in.who == "" || in.rules {
		return 0, nil
	}
	return h.person(ctx, c, in.who)
}

// line is the command that does what is asked about.
func (h assignHandlers) line(a crm.Actor, what string, ctx context.Context, to crm.UserID) string {
	l := a.Lang
	who := l.T("按规则", "rules")
	if to != 0 {
		who = h.Directory.Name(ctx, to)
		if strings.HasPrefix(what, l.T("公海", "pool")) {
			who = l.T("给 ", "to ") + who
		}
	}
	return "/" + l.T("分配", "assign") + " " + what + " " + who + " " + l.T("确认", "confirm")
}

// assignPool gives out leads of the pool that the words narrow. A name at the end
// that is exactly somebody's is who gets them.
func (h assignHandlers) assignPool(ctx context.Context, a crm.Actor, c bot.Call, in assignArgs) (bot.Reply, error) {
	for n := min(len(in.words), 3); n > 0 && in.who == "" && !in.rules; n-- {
		name := strings.Join(in.words[len(in.words)-n:], " ")
		found, err := h.Directory.Find(ctx, name)
		if err != nil {
			return bot.Reply{}, err
		}
		if len(found) == 1 && strings.EqualFold(found[0].Name, name) {
			in.who, in.words = name, in.words[:len(in.words)-n]
		}
	}
	to, err := h.receiver(ctx, c, in)
	if err != nil {
		return bot.Reply{}, err
	}
	sources, _ := lead.Sources.Of(ctx, h.Rules)
	f := lead.ParseFilter(in.words, sources)
	ids, err := h.Assign.Select(ctx, a, f, in.n)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(ids) == 0 {
		return bot.Reply{}, crm.NotFound("公海里没有符合条件的线索", "no lead of the pool fits").WithNext("发送 /公海 查看", "send /pool to see them")
	}
	what := strings.Join(strings.Fields(a.Lang.T("公海", "pool")+" "+strings.Join(in.words, " ")+" "+strconv.Itoa(in.n)+a.Lang.T("个", "")), " ")
	rep, err := h.confirmOrGive(ctx, a, ids, to, in.confirmed, h.line(a, what, ctx, to))
	if err == nil && rep.Card != nil && len(ids) < in.n {
		rep.Card.Blocks = append(rep.Card.Blocks, card.Note{Text: a.Lang.T(fmt.Sprintf("公海里符合条件的只有 %d 条（最多分 %d 条）。", len(ids), in.n), fmt.Sprintf("Only %d leads of the pool fit (at most %d are assigned).", len(ids), in.n))})
	}
	return rep, err
}

// confirmOrGive asks before more than a few leads move.
func (h assignHandlers) confirmOrGive(ctx context.Context, a crm.Actor, ids []crm.LeadID, to crm.UserID, confirmed bool, line string) (bot.Reply, error) {
	if confirmed || len(ids) <= confirmAbove {
		return h.give(ctx, a, ids, to)
	}
	room, err := h.Assign.Preview(ctx, a, ids, to)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.AssignConfirm(h.frame(a), ids, to, h.Directory.Name(ctx, to), room, line), bot.View{})), nil
}

// give does it and tells what became of each lead.
func (h assignHandlers) give(ctx context.Context, a crm.Actor, ids []crm.LeadID, to crm.UserID) (bot.Reply, error) {
	var g assign.Given
	var err error
	if to != 0 {
		g, err = h.Assign.Give(ctx, a, ids, to)
	} else {
		g, err = h.Assign.ByRules(ctx, a, ids)
	}
	if err != nil {
		return bot.Reply{}, err
	}
	if len(g.Items) == 1 && g.Items[0].Err != nil {
		return h.refusal(ctx, a, g.Items[0].Err)
	}
	rep := private(bot.Show(cards.AssignResult(h.frame(a), g, h.names(ctx, a.Lang)), bot.View{}))
	rep.Toast, rep.ToastTone = a.Lang.T(fmt.Sprintf("已分配 %d 条", g.Good()), fmt.Sprintf("%d assigned", g.Good())), bot.ToastSuccess
	if g.Good() == 0 {
		rep.ToastTone = bot.ToastInfo
	}
	return rep, nil
}
