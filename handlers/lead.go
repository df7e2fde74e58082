package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
	"crmbot/internal/sched"
)

// leadHandlers is everything people do with leads.
type leadHandlers struct{ *Services }

var (
	poolReaders = []crm.Role{crm.Rep, crm.Manager, crm.Director, crm.Marketing, crm.Boss, crm.Admin}
	leadBosses  = []crm.Role{crm.Manager, crm.Director, crm.Boss, crm.Admin}
)

// leads are the commands, actions and views of leads and their pool.
func leads(s *Services) Module {
	h := leadHandlers{s}
	return Module{Commands: slices.Concat(h.commands(), h.qualityCommands(), h.actions(), h.qualityActions()), Views: append(h.views(), h.qualityViews()...), Jobs: []sched.Job{{Name: "lead.quality", Next: daily(s.Calendar, calendar.Clock(2, 10)),
		Run: func(ctx context.Context, due time.Time) error { return s.Leads.Nightly(ctx, s.Calendar.DayOf(due)) }}},
		Texts: []Fallback{h.freeText}, Stale: []Fallback{h.stale}}
}

func (h leadHandlers) commands() []bot.Registration {
	text := func(zh, en string) crm.Text { return crm.Text{Zh: zh, En: en} }
	return []bot.Registration{
		bot.Command[poolArgs]{Name: "公海", Aliases: []string{"pool"}, Summary: text("查看可以认领的线索或客户", "leads or accounts that can be claimed"), Usage: text("[客户] [来源|城市|等级]", "[accounts] [source|city|grade]"),
			Examples: []string{"/公海", "/公海 展会 上海 A", "/公海 客户 上海", "/pool A", "/pool accounts"}, Roles: poolReaders, Menu: true, Parse: parsePool, Run: h.pool},
		bot.Command[[]string]{Name: "认领", Aliases: []string{"claim"}, Summary: text("从公海认领线索或客户", "claim leads or accounts from the pool"), Usage: text("L-12 [L-13 …]", "L-12 [L-13 …]"),
			Examples: []string{"/认领 L-12", "/认领 L-12 L-13", "/认领 A-3", "/claim L-12"}, Roles: []crm.Role{crm.Rep}, Parse: parseWords, Run: h.claim},
		bot.Command[string]{Name: "我的线索", Aliases: []string{"leads"}, Summary: text("我的线索，最急的在前", "my leads, the most urgent first"), Usage: text("[成员]", "[member]"),
			Examples: []string{"/我的线索", "/leads"}, Roles: poolReaders, Menu: true, Parse: parseRest, Run: h.mine},
		bot.Command[string]{Name: "线索", Aliases: []string{"lead"}, Summary: text("查看一条线索", "one lead in detail"), Usage: text("L-12 或 公司名", "L-12 or a company"),
			Examples: []string{"/线索 L-12", "/线索 华星", "/lead L-12"}, Parse: parseRest, Run: h.show},
		bot.Command[lead.Info]{Name: "新线索", Aliases: []string{"newlead"}, Summary: text("新建线索，先查重", "create a lead after a duplicate check"), Usage: text("公司 联系人 电话 [来源]", "company contact phone [source]"),
			Examples: []string{"/新线索 上海华星科技 王总 13800138000 展会", "/新线索", "/newlead Huaxing Technology Ltd Wang 13800138000 referral"}, Parse: parseNewLead, Run: h.create},
		bot.Command[lead.Info]{Name: "仍然新建", Aliases: []string{"createanyway"}, Summary: text("名称相近时仍然新建线索", "create a lead although names are similar"), Usage: text("公司 联系人 电话 [来源]", "company contact phone [source]"),
			Examples: []string{"/仍然新建 上海华星科技 王总 13800138000", "/createanyway Huaxing Technology Ltd Wang 13800138000"}, Parse: parseNewLead, Run: h.createAnyway},
		bot.Command[leadArgs]{Name: "释放", Aliases: []string{"release"}, Summary: text("把线索或客户放回公海", "give a lead or an account back to the pool"), Usage: text("L-12 原因", "L-12 reason"),
			Examples: []string{"/释放 L-12 无需求", "/释放 L-12 其他 对方已搬迁", "/释放 A-3 无需求", "/release L-12 no need"}, Roles: poolReaders, Parse: parseLeadArgs, Run: h.release},
		bot.Command[leadArgs]{Name: "转交", Aliases: []string{"transfer"}, Summary: text("把线索或客户转交给同事", "pass a lead or an account on to a colleague"), Usage: text("L-12 @同事", "L-12 @colleague"),
			Examples: []string{"/转交 L-12 张伟", "/转交 A-3 张伟", "/transfer L-12 Grace Liu"}, Roles: poolReaders, Parse: parseLeadArgs, Run: h.transfer},
		bot.Command[leadArgs]{Name: "协作", Aliases: []string{"collaborate"}, Summary: text("申请协作别人的线索或客户", "ask to work along on a lead or an account"), Usage: text("L-12", "L-12"),
			Examples: []string{"/协作 L-12", "/collaborate L-12"}, Parse: parseLeadArgs, Run: h.join},
		bot.Command[leadArgs]{Name: "同意协作", Aliases: []string{"acceptcollab"}, Summary: text("同意同事协作", "let a colleague work along"), Usage: text("L-12 @同事", "L-12 @colleague"),
			Examples: []string{"/同意协作 L-12 张伟", "/acceptcollab L-12 Grace Liu"}, Parse: parseLeadPerson, Run: h.answerText(true)},
		bot.Command[leadArgs]{Name: "婉拒协作", Aliases: []string{"declinecollab"}, Summary: text("婉拒同事协作", "decline a colleague's request"), Usage: text("L-12 @同事", "L-12 @colleague"),
			Examples: []string{"/婉拒协作 L-12 张伟", "/declinecollab L-12 Grace Liu"}, Parse: parseLeadPerson, Run: h.answerText(false)},
		bot.Command[leadArgs]{Name: "到期提醒", Aliases: []string{"watch"}, Summary: text("线索或客户到释放日时提醒我", "remind me when a lead or an account is due to be released"), Usage: text("L-12", "L-12"),
			Examples: []string{"/到期提醒 L-12", "/watch L-12"}, Parse: parseLeadArgs, Run: h.watch},
		bot.Command[leadArgs]{Name: "核对", Aliases: []string{"review"}, Summary: text("结束线索或客户资料核对", "end the review of a record's data"), Usage: text("L-12 可用|无效", "L-12 usable|invalid"),
			Examples: []string{"/核对 L-12 可用", "/review L-12 usable"}, Roles: append([]crm.Role{crm.Marketing}, leadBosses...), Parse: parseLeadArgs, Run: h.reviewText},
	}
}

func (h leadHandlers) actions() []bot.Registration {
	return []bot.Registration{
		bot.Handle[cards.ClaimLead]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ClaimLead) (bot.Reply, error) {
			return h.claimOne(ctx, a, p.Lead)
		}},
		bot.Handle[cards.OpenLead]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.OpenLead) (bot.Reply, error) {
			return h.open(ctx, a, p.Lead)
		}},
		bot.Handle[cards.MorePool]{Run: h.more},
		bot.Handle[cards.AskRelease]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskRelease) (bot.Reply, error) {
			return h.releaseForm(ctx, a, p.Lead)
		}},
		bot.Handle[cards.ReleaseLead]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ReleaseLead) (bot.Reply, error) {
			rep, err := h.released(ctx, a, p.Lead, c.Values.Get(cards.LeadReason), c.Values.Get(cards.LeadNote))
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.AskPass]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskPass) (bot.Reply, error) {
			return h.passForm(ctx, a, p.Lead)
		}},
		bot.Handle[cards.PassLead]{Run: h.passPressed},
		bot.Handle[cards.CreateLead]{Run: h.createPressed},
		bot.Handle[cards.CreateLeadAnyway]{Run: h.anywayPressed},
		bot.Handle[cards.JoinLead]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.JoinLead) (bot.Reply, error) {
			return h.join(ctx, a, c, leadArgs{target: p.Lead.String()})
		}},
		bot.Handle[cards.AnswerJoin]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AnswerJoin) (bot.Reply, error) {
			rep, err := h.answer(ctx, a, p.Lead, p.User, p.Accept)
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.WatchLead]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.WatchLead) (bot.Reply, error) {
			return h.watch(ctx, a, c, leadArgs{target: p.Lead.String()})
		}},
		bot.Handle[cards.ClearLead]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ClearLead) (bot.Reply, error) {
			rep, err := h.review(ctx, a, p.Lead, p.Usable)
			rep.Update = err == nil
			return rep, err
		}},
	}
}

// frame is for whom the cards are built.
func (h leadHandlers) frame(a crm.Actor) cards.LeadFrame {
	return cards.LeadFrame{Lang: a.Lang, Now: h.Clock.Now(), Zone: h.Calendar.Zone(), Rep: a.Is(crm.Rep), Supervisor: a.Is(leadBosses...), Merger: lead.MayMerge(a)}
}

func leadView(id crm.LeadID) bot.View { return bot.View{Name: "lead.card", Ref: id.String()} }

// private keeps names and phone numbers out of groups (PM-03).
func private(rep bot.Reply) bot.Reply {
	rep.Private = true
	return rep
}

func (h leadHandlers) claim(ctx context.Context, a crm.Actor, _ bot.Call, words []string) (bot.Reply, error) {
	if len(words) == 0 {
		return bot.Reply{}, crm.Invalid("请写要认领的线索编号", "name the leads to claim").WithNext("例如 /认领 L-12；发送 /公海 查看", "for example /claim L-12; send /pool for the list")
	}
	ids := make([]crm.LeadID, 0, len(words))
	var accounts []crm.AccountID
	for _, w := range words {
		if id, ok := accountCode(w); ok {
			accounts = append(accounts, id)
			continue
		}
		id, ask, err := h.find(ctx, a, w, func(code string) string { return "/" + a.Lang.T("认领", "claim") + " " + code })
		if err != nil || ask != nil {
			return deref(ask), err
		}
		ids = append(ids, id)
	}
	switch {
	case len(accounts) > 0 && len(ids) > 0:
		return bot.Reply{}, crm.Invalid("线索和客户请分两次认领", "claim leads and accounts one after the other").WithNext("例如先 /认领 "+accounts[0].String(), "for example first /claim "+accounts[0].String())
	case len(accounts) > maxBatch:
		return bot.Reply{}, crm.Invalid("一次最多认领 20 条", "at most 20 records at once")
	case len(accounts) > 0:
		return accountPool{h}.claim(ctx, a, accounts)
	case len(ids) == 1:
		return h.claimOne(ctx, a, ids[0])
	}
	if len(ids) > maxBatch {
		return bot.Reply{}, crm.Invalid("一次最多认领 20 条", "at most 20 leads at once")
	}
	return private(bot.Show(cards.LeadClaims(h.frame(a), h.Leads.ClaimMany(ctx, a, ids)), bot.View{})), nil
}

const maxBatch = 20

func deref(r *bot.Reply) bot.Reply {
	if r == nil {
		return bot.Reply{}
	}
	return *r
}

// claimOne claims, or shows a refusal with what can be done instead.
func (h leadHandlers) claimOne(ctx context.Context, a crm.Actor, id crm.LeadID) (bot.Reply, error) {
	c, err := h.Leads.Claim(ctx, a, id)
	if err != nil {
		return h.refusal(ctx, a, err)
	}
	h.Talk.About(ctx, a.ID, c.Ref(), false)
	rep := bot.Show(cards.LeadClaimed(h.frame(a), c), claimedView(id, c))
	rep.Toast, rep.ToastTone = a.Lang.T(id.String()+" 认领成功", id.String()+" is yours"), bot.ToastSuccess
	if c.Already {
		rep.Toast, rep.ToastTone = a.Lang.T(id.String()+" 已在您名下", id.String()+" is already yours"), bot.ToastInfo
	}
	return private(rep), nil
}

// refusal turns refusals that offer something to press into cards; others
// stay errors.
func (h leadHandlers) refusal(ctx context.Context, a crm.Actor, err error) (bot.Reply, error) {
	var lost *lead.LostTo
	var full *pool.HoldFull
	var dup *lead.DuplicateOf
	var rep bot.Reply
	switch {
	case errors.As(err, &lost):
		next, ok, nextErr := h.Leads.Next(ctx, a, lost.Lead)
		if nextErr != nil {
			return bot.Reply{}, nextErr
		}
		if !ok {
			rep = bot.Show(cards.LeadLost(h.frame(a), *lost, nil), bot.View{})
		} else {
			rep = bot.Show(cards.LeadLost(h.frame(a), *lost, &next), bot.View{Name: "lead.lost", Ref: lost.Lead.String() + "/" + next.ID.String()})
		}
	case errors.As(err, &full):
		own := len(full.Candidates) > 0 && full.Mine
		rep = bot.Show(cards.LeadHoldFull(h.frame(a), crm.MessageOf(err, a.Lang), full, own), bot.View{})
	case errors.As(err, &dup):
		rep = bot.Show(cards.LeadExists(h.frame(a), *dup), bot.View{})
	default:
		return bot.Reply{}, err
	}
	rep.Toast, rep.ToastTone = crm.MessageOf(err, a.Lang), bot.ToastError
	return private(rep).Refusing(err), nil
}

func (h leadHandlers) show(ctx context.Context, a crm.Actor, c bot.Call, text string) (bot.Reply, error) {
	if text == "" {
		return h.mine(ctx, a, c, "")
	}
	id, ask, err := h.find(ctx, a, text, func(code string) string { return "/" + a.Lang.T("线索", "lead") + " " + code })
	if err != nil || ask != nil {
		return deref(ask), err
	}
	return h.open(ctx, a, id)
}

func (h leadHandlers) open(ctx context.Context, a crm.Actor, id crm.LeadID) (bot.Reply, error) {
	v, err := h.Leads.Open(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	h.Talk.About(ctx, a.ID, v.Ref(), false)
	return private(bot.Show(cards.Lead(h.frame(a), v), leadView(id))), nil
}

func (h leadHandlers) mine(ctx context.Context, a crm.Actor, c bot.Call, who string) (bot.Reply, error) {
	owner := a.ID
	if who != "" {
		id, _, err := h.colleague(ctx, c, who)
		if err != nil {
			return bot.Reply{}, err
		}
		owner = id
	}
	card, err := h.listOf(ctx, a, owner)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(card, bot.View{Name: "lead.mine", Ref: userRef(owner)})), nil
}

func (h leadHandlers) listOf(ctx context.Context, a crm.Actor, owner crm.UserID) (card.Card, error) {
	list, err := h.Leads.Of(ctx, a, owner)
	if err != nil {
		return card.Card{}, err
	}
	st, err := h.Leads.Status(ctx, owner)
	if err != nil {
		return card.Card{}, err
	}
	name := ""
	if owner != a.ID {
		name = h.Directory.Name(ctx, owner)
	}
	return cards.MyLeads(h.frame(a), name, list, st.Hold), nil
}

// find is the lead that a word names: a code, a name or part of it, pinyin
// initials. Several hits give a card to choose from, whose taps run line.
func (h leadHandlers) find(ctx context.Context, a crm.Actor, text string, line func(code string) string) (crm.LeadID, *bot.Reply, error) {
	if ref, err := crm.ParseRef(text); err == nil {
		if ref.Kind != crm.KindLead {
			return 0, nil, crm.Invalid(ref.String()+" 不是线索", ref.String()+" is not a lead").WithNext("线索的编号以 L 开头，如 L-12", "codes of leads begin with L, such as L-12")
		}
		return crm.LeadID(ref.ID), nil, nil
	}
	list, err := h.Leads.Search(ctx, a, text, 9)
	if err != nil {
		return 0, nil, err
	}
	switch {
	case len(list) == 0:
		return 0, nil, crm.NotFound("没有找到线索“"+text+"”，或您无权查看", "there is no lead “"+text+"”, or you may not see it").WithNext("发送 /公海 或 /我的线索 查看", "send /pool or /leads")
	case len(list) == 1 || lead.Fold(list[0].Company) == lead.Fold(text) && lead.Fold(list[1].Company) != lead.Fold(text):
		return list[0].ID, nil, nil
	}
	rep := private(bot.Show(cards.Choose(a.Lang, a.Lang.T("哪一条“"+text+"”？", "Which “"+text+"”?"), h.choices(ctx, a, list, line)), bot.View{}))
	return 0, &rep, nil
}

func (h leadHandlers) choices(ctx context.Context, a crm.Actor, list []lead.Lead, line func(code string) string) []cards.Choice {
	out := make([]cards.Choice, len(list))
	for i, x := range list {
		owner := a.Lang.T("公海", "pool")
		if x.Owner != 0 {
			owner = a.Lang.T("负责人 ", "owner ") + h.Directory.Name(ctx, x.Owner)
		}
		sub := owner
		if x.Grade != "" {
			sub = a.Lang.T(string(x.Grade)+" 级 · ", "grade "+string(x.Grade)+" · ") + owner
		}
		if x.City != "" {
			sub += " · " + x.City
		}
		out[i] = cards.Choice{Ref: x.Ref(), Label: x.Name(), Sub: sub, Command: line(x.ID.String())}
	}
	return out
}

// freeText opens the lead that a bare company name means.
func (h leadHandlers) freeText(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	text := strings.TrimSpace(c.Rest)
	if n := len([]rune(text)); n < 2 || n > 40 || strings.ContainsAny(text, "\n") {
		return bot.Reply{}, bot.ErrUnhandled
	}
	list, err := h.Leads.Search(ctx, a, text, 1)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(list) == 0 {
		return bot.Reply{}, bot.ErrUnhandled
	}
	return h.show(ctx, a, c, text)
}

// stale shows the lead of an action that no longer exists or fits.
func (h leadHandlers) stale(ctx context.Context, a crm.Actor, c bot.Call) (bot.Reply, error) {
	if c.Req == nil || c.Req.Action == nil || !strings.HasPrefix(c.Req.Action.Name, "lead.") {
		return bot.Reply{}, bot.ErrUnhandled
	}
	var p struct {
		Lead crm.LeadID `json:"l"`
	}
	if json.Unmarshal(c.Req.Action.Payload, &p) != nil || p.Lead == 0 {
		return bot.Reply{}, bot.ErrUnhandled
	}
	return h.open(ctx, a, p.Lead)
}
