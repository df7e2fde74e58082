package handlers

import (
	"context"
	"errors"
	"slices"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

func (h leadHandlers) release(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	if id, ok := accountCode(in.target); ok {
		return accountPool{h}.release(ctx, a, id, in.rest)
	}
	id, ask, err := h.find(ctx, a, in.target, func(code string) string {
		return strings.TrimSpace("/" + a.Lang.T("释放", "release") + " " + code + " " + in.rest)
	})
	if err != nil || ask != nil {
		return deref(ask), err
	}
	if in.rest == "" {
		return h.releaseForm(ctx, a, id)
	}
	reasons, _ := lead.ReleaseReasons.Of(ctx, h.Rules)
	r, note, err := lead.ParseReason(reasons, in.rest)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.released(ctx, a, id, r.Code, note)
}

func (h leadHandlers) releaseForm(ctx context.Context, a crm.Actor, id crm.LeadID) (bot.Reply, error) {
	v, err := h.Leads.Peek(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	if !v.Mine && !v.Manages || v.InPool() {
		return bot.Reply{}, crm.Forbidden(id.String()+" 不是您的线索，只有负责人或其经理可以释放", "only the owner of "+id.String()+" or their manager may release it")
	}
	reasons, _ := lead.ReleaseReasons.Of(ctx, h.Rules)
	return private(bot.Show(cards.LeadReleaseForm(h.frame(a), v, reasons, int(pool.CoolVoluntary.Of(ctx, h.Rules))), bot.View{})), nil
}

func (h leadHandlers) released(ctx context.Context, a crm.Actor, id crm.LeadID, reason, note string) (bot.Reply, error) {
	r, err := h.Leads.Release(ctx, a, id, reason, note)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(cards.LeadReleased(h.frame(a), r), bot.View{})
	rep.Toast, rep.ToastTone = a.Lang.T(id.String()+" 已释放", id.String()+" was released"), bot.ToastSuccess
	return private(rep), nil
}

func (h leadHandlers) transfer(ctx context.Context, a crm.Actor, c bot.Call, in leadArgs) (bot.Reply, error) {
	if id, ok := accountCode(in.target); ok {
		return accountPool{h}.passText(ctx, a, c, id, in.rest, h.Accounts.Transfer)
	}
	return h.passText(ctx, a, c, in, "转交", "transfer", h.Leads.Transfer)
}

func (h leadHandlers) assign(ctx context.Context, a crm.Actor, c bot.Call, in leadArgs) (bot.Reply, error) {
	if id, ok := accountCode(in.target); ok {
		return accountPool{h}.passText(ctx, a, c, id, in.rest, h.Accounts.Assign)
	}
	return h.passText(ctx, a, c, in, "分配", "assign", h.Leads.Assign)
}

type passFunc func(ctx context.Context, a crm.Actor, id crm.LeadID, to crm.UserID) (lead.Seen, error)

func (h leadHandlers) passText(ctx context.Context, a crm.Actor, c bot.Call, in leadArgs, zh, en string, pass passFunc) (bot.Reply, error) {
	id, ask, err := h.find(ctx, a, in.target, func(code string) string {
		return strings.TrimSpace("/" + a.Lang.T(zh, en) + " " + code + " " + in.rest)
	})
	if err != nil || ask != nil {
		return deref(ask), err
	}
	if in.rest == "" {
		return h.passForm(ctx, a, id)
	}
	to, err := h.person(ctx, c, in.rest)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.passed(ctx, a, id, to, pass)
}

// person is the colleague that the rest of a line names, by mention or by name.
func (h leadHandlers) person(ctx context.Context, c bot.Call, text string) (crm.UserID, error) {
	if len(c.People) > 0 && strings.HasPrefix(text, "@") {
		return c.People[0].ID, nil
	}
	u, err := h.Directory.One(ctx, text)
	return u.ID, err
}

func (h leadHandlers) passed(ctx context.Context, a crm.Actor, id crm.LeadID, to crm.UserID, pass passFunc) (bot.Reply, error) {
	v, err := pass(ctx, a, id, to)
	if err != nil {
		return h.refusal(ctx, a, err)
	}
	rep := bot.Show(cards.LeadPassed(h.frame(a), v), bot.View{})
	rep.Toast, rep.ToastTone = a.Lang.T(id.String()+" 已交给 "+v.OwnerName, id.String()+" was given to "+v.OwnerName), bot.ToastSuccess
	return private(rep), nil
}

// passForm asks who gets the lead: colleagues for an owner, members of led
// teams for a manager.
func (h leadHandlers) passForm(ctx context.Context, a crm.Actor, id crm.LeadID) (bot.Reply, error) {
	v, err := h.Leads.Peek(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	if !v.Mine && !v.Manages {
		return bot.Reply{}, crm.Forbidden("只有 "+id.String()+" 的负责人或经理可以转交", "only the owner of "+id.String()+" or a manager may pass it on")
	}
	people, err := h.receivers(ctx, a, v.Owner, v.Mine)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.LeadPassForm(h.frame(a), v, people), bot.View{})), nil
}

// byTeam puts the members of the team first.
func byTeam(people []org.User, team crm.TeamID) {
	slices.SortStableFunc(people, func(x, y org.User) int {
		own := func(u org.User) int {
			if u.Team == team {
				return 0
			}
			return 1
		}
		return own(x) - own(y)
	})
}

// maxPeople bounds the options of the form; more people are named in the text
// command.
const maxPeople = 50

func (h leadHandlers) passPressed(ctx context.Context, a crm.Actor, c bot.Call, p cards.PassLead) (bot.Reply, error) {
	to, err := parseUserRef(c.Values.Get(cards.LeadPerson))
	if err != nil {
		return bot.Reply{}, crm.Invalid("请选择同事", "choose a colleague")
	}
	v, err := h.Leads.Peek(ctx, a, p.Lead)
	if err != nil {
		return bot.Reply{}, err
	}
	pass := passFunc(h.Leads.Assign)
	if v.Mine {
		pass = h.Leads.Transfer
	}
	rep, err := h.passed(ctx, a, p.Lead, to, pass)
	rep.Update = err == nil
	return rep, err
}

func (h leadHandlers) join(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	if id, ok := accountCode(in.target); ok {
		return accountPool{h}.join(ctx, a, id)
	}
	id, err := parseLeadRef(in.target)
	if err != nil {
		return bot.Reply{}, err
	}
	e, err := h.Leads.AskToJoin(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	owner := crm.MaskName(h.Directory.Name(ctx, e.Owner))
	text := a.Lang.T("已向负责人 "+owner+" 申请协作 "+id.String()+"，同意后会通知您", "the owner "+owner+" was asked about "+id.String()+"; you will be told the answer")
	return bot.Reply{Text: text, Toast: text, ToastTone: bot.ToastSuccess, Private: true}, nil
}

func (h leadHandlers) answerText(accept bool) func(context.Context, crm.Actor, bot.Call, leadArgs) (bot.Reply, error) {
	return func(ctx context.Context, a crm.Actor, c bot.Call, in leadArgs) (bot.Reply, error) {
		user, err := h.person(ctx, c, in.rest)
		if err != nil {
			return bot.Reply{}, err
		}
		if id, ok := accountCode(in.target); ok {
			return accountPool{h}.answer(ctx, a, id, user, accept)
		}
		id, err := parseLeadRef(in.target)
		if err != nil {
			return bot.Reply{}, err
		}
		return h.answer(ctx, a, id, user, accept)
	}
}

func (h leadHandlers) answer(ctx context.Context, a crm.Actor, id crm.LeadID, user crm.UserID, accept bool) (bot.Reply, error) {
	x, err := h.Leads.AnswerCollab(ctx, a, id, user, accept)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(cards.LeadJoinAsked(h.frame(a), x), bot.View{Name: lead.ViewCollab, Ref: lead.CollabRef(id, user)})
	rep.Toast, rep.ToastTone = a.Lang.T("已回复 "+x.UserName, x.UserName+" was told"), bot.ToastSuccess
	return private(rep), nil
}

func (h leadHandlers) watch(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	if id, ok := accountCode(in.target); ok {
		return accountPool{h}.watch(ctx, a, id)
	}
	id, err := parseLeadRef(in.target)
	if err != nil {
		return bot.Reply{}, err
	}
	at, err := h.Leads.Watch(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.LeadWatching(h.frame(a), id, at), bot.View{})), nil
}

func (h leadHandlers) reviewText(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	ref, err := crm.ParseRef(in.target)
	if err != nil {
		return bot.Reply{}, err
	}
	usable := false
	switch strings.ToLower(in.rest) {
	case "可用", "usable", "ok":
		usable = true
	case "无效", "invalid":
	default:
		return bot.Reply{}, crm.Invalid("请写明结果：可用 或 无效", "say the result: usable or invalid").WithNext("例如 /核对 "+ref.String()+" 可用", "for example /review "+ref.String()+" usable")
	}
	if ref.Kind == crm.KindAccount {
		return accountPool{h}.review(ctx, a, crm.AccountID(ref.ID), usable)
	}
	id, err := parseLeadRef(in.target)
	if err != nil {
		return bot.Reply{}, err
	}
	return h.review(ctx, a, id, usable)
}

func (h leadHandlers) review(ctx context.Context, a crm.Actor, id crm.LeadID, usable bool) (bot.Reply, error) {
	v, err := h.Leads.Cleared(ctx, a, id, usable)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(cards.Lead(h.frame(a), v, a.Lang.T("核对已完成", "The review is done")), leadView(id))
	rep.Toast, rep.ToastTone = a.Lang.T("核对已完成", "the review is done"), bot.ToastSuccess
	return private(rep), nil
}

func (h leadHandlers) create(ctx context.Context, a crm.Actor, _ bot.Call, in lead.Info) (bot.Reply, error) {
	return h.created(ctx, a, in, false, !a.Is(crm.Rep), true, 0)
}

func (h leadHandlers) createAnyway(ctx context.Context, a crm.Actor, _ bot.Call, in lead.Info) (bot.Reply, error) {
	return h.created(ctx, a, in, true, !a.Is(crm.Rep), true, 0)
}

func (h leadHandlers) createPressed(ctx context.Context, a crm.Actor, c bot.Call, p cards.CreateLead) (bot.Reply, error) {
	v := c.Values
	in := lead.Info{Company: v.Get(cards.LeadCompany), Contact: v.Get(cards.LeadContact), Title: v.Get(cards.LeadTitle), Phone: v.Get(cards.LeadPhone), Email: v.Get(cards.LeadEmail),
		City: v.Get(cards.LeadCity), Source: v.Get(cards.LeadSource), Need: v.Get(cards.LeadNeed)}
	toPool := v.Get(cards.LeadHome) == cards.HomePool || !a.Is(crm.Rep)
	rep, err := h.created(ctx, a, in, false, toPool, false, p.File)
	rep.Update = err == nil
	return rep, err
}

func (h leadHandlers) anywayPressed(ctx context.Context, a crm.Actor, _ bot.Call, p cards.CreateLeadAnyway) (bot.Reply, error) {
	in := lead.Info{Company: p.Company, Contact: p.Contact, Phone: p.Phone, Source: p.Source, City: p.City, Need: p.Need, Email: p.Email, Title: p.Title}
	rep, err := h.created(ctx, a, in, true, p.Pool || !a.Is(crm.Rep), false, p.File)
	rep.Update = err == nil
	return rep, err
}

// created makes a lead after the duplicate check. A typed line that lacks
// something is answered with the form, filled in so far.
func (h leadHandlers) created(ctx context.Context, a crm.Actor, in lead.Info, anyway, toPool, typed bool, file int64) (bot.Reply, error) {
	f := h.frame(a)
	sources, _ := lead.Sources.Of(ctx, h.Rules)
	if typed {
		in.Source, in.Need = lead.SplitSource(in.Source, sources)
	}
	if typed && (in.Company == "" || in.Contact == "" || in.Phone == "") {
		if in.Company != "" || in.Phone != "" {
			if err := h.Leads.Check(ctx, a, in, anyway); err != nil {
				return h.notCreated(ctx, a, in, toPool, file, err)
			}
		}
		return private(bot.Show(cards.LeadForm(f, in, toPool, sources, ""), bot.View{})), nil
	}
	x := lead.NewLead{Info: in, Owner: a.ID}
	if toPool {
		x.Owner = 0
	}
	v, err := h.Leads.Create(ctx, a, x, anyway)
	if crm.CodeOf(err) == crm.CodeInvalid {
		return private(bot.Show(cards.LeadFormWith(f, in, toPool, sources, crm.MessageOf(err, a.Lang), file), bot.View{})), nil
	}
	if err != nil {
		return h.notCreated(ctx, a, in, toPool, file, err)
	}
	if v.Twins, err = h.Leads.Twins(ctx, a, v); err != nil {
		return bot.Reply{}, err
	}
	if file != 0 {
		if err := h.Attachments.Attach(ctx, a, file, v.Ref()); err != nil {
			return bot.Reply{}, err
		}
		v.Files = 1
	}
	line := a.Lang.T("新建成功，已在您名下", "Created; it is yours")
	if v.Owner == 0 {
		line = a.Lang.T("新建成功，已放入"+v.PoolTitle.Zh, "Created; it went into the pool")
	}
	h.Talk.About(ctx, a.ID, v.Ref(), false)
	rep := bot.Show(cards.Lead(f, v, line), leadView(v.ID))
	rep.Toast, rep.ToastTone = a.Lang.T(v.ID.String()+" 已新建", v.ID.String()+" was created"), bot.ToastSuccess
	return private(rep), nil
}

func (h leadHandlers) notCreated(ctx context.Context, a crm.Actor, in lead.Info, toPool bool, file int64, err error) (bot.Reply, error) {
	var similar *lead.SimilarTo
	if !errors.As(err, &similar) {
		return h.refusal(ctx, a, err)
	}
	p := cards.CreateLeadAnyway{Company: in.Company, Contact: in.Contact, Phone: in.Phone, Source: in.Source, City: in.City, Need: in.Need, Email: in.Email, Title: in.Title, Pool: toPool, File: file}
	rep := private(bot.Show(cards.LeadSimilar(h.frame(a), p, similar.Found), bot.View{}))
	rep.Toast, rep.ToastTone = crm.MessageOf(err, a.Lang), bot.ToastInfo
	return rep.Refusing(err), nil
}
