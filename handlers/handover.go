package handlers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/handover"
	"crmbot/internal/sched"
)

// handoverHandlers is what managers do with a leaver's records.
type handoverHandlers struct{ leadHandlers }

// handovers give a leaver's records to others (HO-01 to HO-03).
func handovers(s *Services) Module {
	h := handoverHandlers{leadHandlers{s}}
	text := func(zh, en string) crm.Text { return crm.Text{Zh: zh, En: en} }
	watch := func(ctx context.Context, _ time.Time) error { return s.Handovers.Watch(ctx) }
	return Module{
		Commands: []bot.Registration{
			bot.Command[string]{Name: "交接", Aliases: []string{"handover"}, Summary: text("离职交接：查看方案、调整、确认", "hand-overs of leavers: see, change and accept the proposal"),
				Usage: text("[姓名] [确认 [接收人] | 编号、区域或等级 给 接收人]", "[name] [accept [receiver] | codes, region or level to receiver]"), Examples: []string{"/交接", "/交接 李娜", "/交接 李娜 上海 给 张伟", "/交接 李娜 确认", "/handover E07 accept"}, Roles: leadBosses, Parse: plain, Run: h.line},
			bot.Command[string]{Name: "简报", Aliases: []string{"brief"}, Summary: text("接手客户前要知道的：联系人、成交、承诺、风险", "what to know about a customer: contacts, purchases, promises, risks"), Usage: text("A-3 或 L-12", "A-3 or L-12"),
				Examples: []string{"/简报 A-3", "/brief L-12"}, Parse: needText("客户或线索的编号", "the code of an account or a lead"), Run: h.brief},
			bot.Handle[cards.AcceptHandover]{Roles: leadBosses, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AcceptHandover) (bot.Reply, error) {
				return h.accept(ctx, a, p.Handover, handover.Pick{To: p.To}, true)
			}},
			bot.Handle[cards.GiveHandover]{Roles: leadBosses, Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.GiveHandover) (bot.Reply, error) {
				to, err := parseUserRef(c.Values.Get(cards.HandoverTo))
				if err != nil {
					return bot.Reply{}, crm.Invalid("请选择同事", "choose a colleague")
				}
				return h.give(ctx, a, p.Handover, h.pick(ctx, strings.Fields(c.Values.Get(cards.HandoverWhat))), to, true)
			}},
		},
		Views: []bot.ViewDef{
			{Name: handover.ViewAsk, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				id, err := viewNumber(ref)
				if err != nil || v.Group {
					return card.Card{}, bot.ErrNothing
				}
				return h.card(ctx, v.Actor, v.Lang, id)
			}},
			{Name: handover.ViewGiven, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				head, _, _ := strings.Cut(ref, "/")
				id, err := viewNumber(head)
				if err != nil || v.Group {
					return card.Card{}, bot.ErrNothing
				}
				x, items, err := h.Handovers.Taken(ctx, v.Actor, id)
				if err != nil {
					return card.Card{}, err
				}
				if len(items) == 0 {
					return card.Card{}, bot.ErrNothing
				}
				f := h.frame(v.Actor)
				f.Lang = v.Lang
				return cards.HandoverGiven(f, h.Directory.Name(ctx, x.User), items, int(handover.ContactDays.Of(ctx, h.Rules))), nil
			}},
		},
		Jobs: []sched.Job{
			{Name: "handover.watch", CatchUp: time.Hour, Pending: s.Handovers.Pending, Next: every(watchEvery), Run: watch},
			{Name: "handover.move", CatchUp: time.Hour, Pending: s.Handovers.Accepted, Next: every(moveEvery), Run: watch},
		},
	}
}

// watchEvery is how often leavers are looked for of whom nobody told, moveEvery
// how soon accepted records are moved.
const (
	watchEvery = time.Hour
	moveEvery  = 5 * time.Minute
)

func (h handoverHandlers) card(ctx context.Context, a crm.Actor, l crm.Lang, id int64) (card.Card, error) {
	x, err := h.Handovers.Get(ctx, a, id)
	if err != nil {
		return card.Card{}, err
	}
	f := h.frame(a)
	f.Lang = l
	return cards.HandoverCard(f, x, h.Directory.Name(ctx, x.User), func(id crm.UserID) string { return h.Directory.Name(ctx, id) }), nil
}

func (h handoverHandlers) shown(ctx context.Context, a crm.Actor, id int64) (bot.Reply, error) {
	c, err := h.card(ctx, a, a.Lang, id)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(c, bot.View{Name: handover.ViewAsk, Ref: fmt.Sprint(id)})), nil
}

// line answers "/交接 李娜 上海 给 张伟": the longest beginning that names somebody is
// the leaver.
func (h handoverHandlers) line(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	words := strings.Fields(rest)
	if len(words) == 0 {
		list, err := h.Handovers.Listed(ctx, a)
		if err != nil {
			return bot.Reply{}, err
		}
		return private(bot.Show(cards.HandoverList(h.frame(a), list, func(id crm.UserID) string { return h.Directory.Name(ctx, id) }), bot.View{})), nil
	}
	everyone, err := h.Directory.Everyone(ctx)
	if err != nil {
		return bot.Reply{}, err
	}
	var x handover.Split
	found := false
	for n := min(len(words), 4); n > 0 && !found; n-- {
		name := strings.TrimPrefix(strings.Join(words[:n], " "), "@")
		for _, u := range everyone {
			if !strings.EqualFold(u.Name, name) && (u.EmployeeNo == "" || !strings.EqualFold(u.EmployeeNo, name)) {
				continue
			}
			got, err := h.Handovers.Of(ctx, a, u.ID)
			if crm.CodeOf(err) == crm.CodeNotFound {
				continue
			}
			if err != nil {
				return bot.Reply{}, err
			}
			if !found || got.State == handover.Open {
				x, found = got, true
			}
		}
		if found {
			words = words[n:]
		}
	}
	if !found {
		return bot.Reply{}, crm.NotFound("没有“"+rest+"”的交接", "there is no hand-over of “"+rest+"”").WithNext("发送 /交接 查看进行中的", "send /handover to see those under way")
	}
	if len(words) == 0 {
		return h.shown(ctx, a, x.ID)
	}
	if words[0] == "确认" || strings.EqualFold(words[0], "accept") {
		p := handover.Pick{}
		if len(words) > 1 {
			if p.To, err = h.person(ctx, c, strings.Join(words[1:], " ")); err != nil {
				return bot.Reply{}, err
			}
		}
		return h.accept(ctx, a, x.ID, p, false)
	}
	for i, w := range words {
		if w != "给" && !strings.EqualFold(w, "to") || i == len(words)-1 {
			continue
		}
		to, err := h.person(ctx, c, strings.Join(words[i+1:], " "))
		if err != nil {
			return bot.Reply{}, err
		}
		return h.give(ctx, a, x.ID, h.pick(ctx, words[:i]), to, false)
	}
	return bot.Reply{}, crm.Invalid("看不懂“"+strings.Join(words, " ")+"”", "cannot read “"+strings.Join(words, " ")+"”").WithNext("可以写 确认，或 上海 给 张伟", "it takes accept, or Shanghai to NAME")
}

// pick reads codes, levels, a member or a region.
func (h handoverHandlers) pick(ctx context.Context, words []string) handover.Pick {
	var p handover.Pick
	var rest []string
	for _, w := range words {
		w = strings.Trim(w, ",，、")
		if ref, err := crm.ParseRef(w); err == nil {
			p.Refs = append(p.Refs, ref)
			continue
		}
		switch g := strings.ToUpper(strings.TrimSuffix(w, "级")); g {
		case "A", "B", "C", "D", "KA":
			p.Grade = g
			continue
		}
		rest = append(rest, w)
	}
	if text := strings.Join(rest, " "); text != "" {
		if found, err := h.Directory.Find(ctx, text); err == nil && len(found) == 1 && strings.EqualFold(found[0].Name, text) {
			p.To = found[0].ID
		} else {
			p.Region = text
		}
	}
	return p
}

func (h handoverHandlers) accept(ctx context.Context, a crm.Actor, id int64, p handover.Pick, update bool) (bot.Reply, error) {
	n, err := h.Handovers.Accept(ctx, a, id, p)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.done(ctx, a, id, update, crm.Text{Zh: fmt.Sprintf("%d 项开始交接", n), En: fmt.Sprintf("%d records are on their way", n)})
}

func (h handoverHandlers) give(ctx context.Context, a crm.Actor, id int64, p handover.Pick, to crm.UserID, update bool) (bot.Reply, error) {
	n, err := h.Handovers.Give(ctx, a, id, p, to)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.done(ctx, a, id, update, crm.Text{Zh: fmt.Sprintf("%d 项改给 %s", n, h.Directory.Name(ctx, to)), En: fmt.Sprintf("%d records go to %s", n, h.Directory.Name(ctx, to))})
}

func (h handoverHandlers) done(ctx context.Context, a crm.Actor, id int64, update bool, toast crm.Text) (bot.Reply, error) {
	rep, err := h.shown(ctx, a, id)
	if err != nil {
		return rep, err
	}
	rep.Update, rep.Toast, rep.ToastTone = update, toast.In(a.Lang), bot.ToastSuccess
	return rep, nil
}

func (h handoverHandlers) brief(ctx context.Context, a crm.Actor, _ bot.Call, rest string) (bot.Reply, error) {
	ref, err := crm.ParseRef(rest)
	if err != nil {
		return bot.Reply{}, crm.Invalid("“"+rest+"”不是编号", "“"+rest+"” is no code").WithNext("例如 /简报 A-3", "for example /brief A-3")
	}
	b, err := h.Handovers.BriefOf(ctx, a, ref)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.HandoverBrief(h.frame(a), b, h.Directory.Name(ctx, b.From), h.Directory.Name(ctx, a.ID), h.Calendar.Zone()), bot.View{})), nil
}
