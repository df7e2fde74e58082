package handlers

import (
	"context"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/internal/account"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// mergers are who may make one record of two.
var mergers = []crm.Role{crm.Manager, crm.Director, crm.Boss, crm.Admin, crm.Marketing}

// mergeArgs is what /合并 says: which record stays, which becomes part of it,
// whether that is confirmed, and whose value a field takes.
type mergeArgs struct {
	keep, other crm.Ref
	confirmed   bool
	values      map[string]string // field as typed → "keep", "other" or "both"
}

// merges makes one record of two that are the same (DU-01).
func merges(s *Services) Module {
	h := mergeHandlers{leadHandlers{s}}
	return Module{Commands: []bot.Registration{
		bot.Command[mergeArgs]{Name: "合并", Aliases: []string{"merge"}, Summary: crm.Text{Zh: "把两条重复的线索或客户合并为一条", En: "make one of two leads or accounts that are the same"},
			Usage: crm.Text{Zh: "L-12 L-15 [确认] [字段=编号]", En: "L-12 L-15 [confirm] [field=code]"}, Examples: []string{"/合并 L-12 L-15", "/合并 A-3 A-7", "/合并 A-3 L-12", "/合并 L-12 L-15 确认 电话=L-15", "/merge L-12 L-15"},
			Roles: mergers, Parse: parseMerge, Run: h.text},
		bot.Handle[cards.AskMerge]{Roles: mergers, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskMerge) (bot.Reply, error) {
			in, err := parseMerge(p.Keep + " " + p.Other)
			if err != nil {
				return bot.Reply{}, err
			}
			return h.preview(ctx, a, in)
		}},
		bot.Handle[cards.MergeRecords]{Roles: mergers, Run: h.pressed},
	}}
}

type mergeHandlers struct{ leadHandlers }

func parseMerge(rest string) (mergeArgs, error) {
	in := mergeArgs{values: map[string]string{}}
	var refs []crm.Ref
	for _, w := range strings.Fields(rest) {
		if name, value, ok := strings.Cut(w, "="); ok {
			in.values[strings.ToLower(name)] = value
			continue
		}
		if w == "确认" || strings.EqualFold(w, "confirm") {
			in.confirmed = true
			continue
		}
		ref, err := crm.ParseRef(w)
		if err != nil || ref.Kind != crm.KindLead && ref.Kind != crm.KindAccount {
			return in, crm.Invalid("“"+clipText(w)+"”不是线索或客户的编号", "“"+clipText(w)+"” is no code of a lead or an account")
		}
		refs = append(refs, ref)
	}
	if len(refs) != 2 {
		return in, crm.Invalid("请写两条记录的编号，先写保留的", "name two records by their codes, the one that stays first").WithNext("例如 /合并 L-12 L-15", "for example /merge L-12 L-15")
	}
	in.keep, in.other = refs[0], refs[1]
	if in.keep.Kind == crm.KindLead && in.other.Kind == crm.KindAccount { // an account stays an account
		in.keep, in.other = in.other, in.keep
	}
	for name, value := range in.values {
		switch {
		case strings.EqualFold(value, in.keep.String()):
			in.values[name] = cards.MergeKeep
		case strings.EqualFold(value, in.other.String()):
			in.values[name] = cards.MergeOther
		case value == "两者" || value == "两者都留" || strings.EqualFold(value, "both"):
			in.values[name] = cards.MergeBoth
		default:
			return in, crm.Invalid("“"+clipText(name)+"”请写 "+in.keep.String()+"、"+in.other.String()+" 或 两者", "for “"+clipText(name)+"” write "+in.keep.String()+", "+in.other.String()+" or both")
		}
	}
	return in, nil
}

func (h mergeHandlers) text(ctx context.Context, a crm.Actor, _ bot.Call, in mergeArgs) (bot.Reply, error) {
	if !in.confirmed {
		return h.preview(ctx, a, in)
	}
	v, _, err := h.view(ctx, a, in)
	if err != nil {
		return bot.Reply{}, err
	}
	choices := map[string]string{}
	for name, value := range in.values {
		found := false
		for _, r := range v.Rows {
			if name == r.Key || name == strings.ToLower(r.Name.Zh) || name == strings.ToLower(r.Name.En) {
				choices[r.Key], found = value, true
			}
		}
		if !found {
			return bot.Reply{}, crm.Invalid("没有字段“"+clipText(name)+"”", "there is no field “"+clipText(name)+"”")
		}
	}
	return h.do(ctx, a, in, choices)
}

// view is what a merge of two of a kind would do; also tells that it is a
// conversion of a lead.
func (h mergeHandlers) view(ctx context.Context, a crm.Actor, in mergeArgs) (v cards.MergeView, converts bool, err error) {
	v = cards.MergeView{Keep: in.keep, Other: in.other}
	switch {
	case in.keep.Kind == crm.KindLead:
		m, err := h.Leads.MergePreview(ctx, a, crm.LeadID(in.keep.ID), crm.LeadID(in.other.ID))
		if err != nil {
			return v, false, err
		}
		v.Keep, v.Other, v.KV, v.OV = m.Keep.Ref(), m.Other.Ref(), m.Keep.Version, m.Other.Version
		v.KeepTitle, v.OtherTitle, v.Owner, v.Loses = m.Keep.Name(), m.Other.Name(), m.Owner, m.Loses
		for _, f := range lead.MergeFields {
			v.Rows = append(v.Rows, cards.MergeRow{Key: f.Key, Name: f.Name, Keep: f.Value(m.Keep.Info), Other: f.Value(m.Other.Info), Differs: f.Differs(m.Keep.Info, m.Other.Info), Joins: f.Joins != "", First: string(f.First())})
		}
	case in.other.Kind == crm.KindAccount:
		m, err := h.Accounts.MergePreview(ctx, a, crm.AccountID(in.keep.ID), crm.AccountID(in.other.ID))
		if err != nil {
			return v, false, err
		}
		v.Keep, v.Other, v.KV, v.OV = m.Keep.ID.Ref(), m.Other.ID.Ref(), m.Keep.Version, m.Other.Version
		v.KeepTitle, v.OtherTitle, v.Owner, v.Loses = m.Keep.Name, m.Other.Name, m.Owner, m.Loses
		for _, f := range account.MergeFields {
			v.Rows = append(v.Rows, cards.MergeRow{Key: f.Key, Name: f.Name, Keep: f.Value(m.Keep.Account), Other: f.Value(m.Other.Account), Differs: f.Differs(m.Keep.Account, m.Other.Account), First: cards.MergeKeep})
		}
	default:
		x, err := h.Accounts.Get(ctx, a, crm.AccountID(in.keep.ID))
		if err != nil {
			return v, true, err
		}
		l, err := h.Leads.Peek(ctx, a, crm.LeadID(in.other.ID))
		v.KeepTitle, v.OtherTitle = x.Name, l.Name()
		return v, true, err
	}
	return v, false, nil
}

func (h mergeHandlers) preview(ctx context.Context, a crm.Actor, in mergeArgs) (bot.Reply, error) {
	v, converts, err := h.view(ctx, a, in)
	if err != nil {
		return bot.Reply{}, err
	}
	c := cards.Merge(a.Lang, v)
	if converts {
		c = cards.MergeInto(a.Lang, in.other, in.keep, v.OtherTitle, v.KeepTitle)
	}
	return private(bot.Show(c, bot.View{})), nil
}

func (h mergeHandlers) pressed(ctx context.Context, a crm.Actor, c bot.Call, p cards.MergeRecords) (bot.Reply, error) {
	in, err := parseMerge(p.Keep + " " + p.Other)
	if err != nil {
		return bot.Reply{}, err
	}
	v, converts, err := h.view(ctx, a, in)
	if err != nil {
		return bot.Reply{}, err
	}
	if !converts && (v.KV != p.KV || v.OV != p.OV) {
		rep, err := h.preview(ctx, a, in)
		rep.Update = err == nil
		rep.Toast, rep.ToastTone = a.Lang.T("记录刚刚有改动，请重新核对", "a record changed a moment ago; please look again"), bot.ToastInfo
		return rep, err
	}
	choices := map[string]string{}
	for _, r := range v.Rows {
		if x := c.Values.Get(r.Key); x != "" {
			choices[r.Key] = x
		}
	}
	rep, err := h.do(ctx, a, in, choices)
	rep.Update = err == nil
	return rep, err
}

func (h mergeHandlers) do(ctx context.Context, a crm.Actor, in mergeArgs, choices map[string]string) (bot.Reply, error) {
	var rep bot.Reply
	said := cards.MergedLine(a.Lang, in.keep, in.other)
	switch {
	case in.keep.Kind == crm.KindLead:
		picked := map[string]lead.Choice{}
		for k, v := range choices {
			picked[k] = lead.Choice(v)
		}
		v, err := h.Leads.Merge(ctx, a, crm.LeadID(in.keep.ID), crm.LeadID(in.other.ID), picked)
		if err != nil {
			return bot.Reply{}, err
		}
		rep = private(bot.Show(cards.Lead(h.frame(a), v, said), leadView(v.ID)))
	case in.other.Kind == crm.KindAccount:
		take := map[string]bool{}
		for k, v := range choices {
			take[k] = v == cards.MergeOther
		}
		v, err := h.Accounts.Merge(ctx, a, crm.AccountID(in.keep.ID), crm.AccountID(in.other.ID), take)
		if err != nil {
			return bot.Reply{}, err
		}
		if rep, err = h.showAccount(ctx, a, v.ID, said); err != nil {
			return rep, err
		}
	default:
		x, err := h.Accounts.ConvertInto(ctx, a, crm.LeadID(in.other.ID), crm.AccountID(in.keep.ID))
		if err != nil {
			return h.refusal(ctx, a, err)
		}
		if rep, err = h.showAccount(ctx, a, x.ID, said); err != nil {
			return rep, err
		}
	}
	rep.Toast, rep.ToastTone = said, bot.ToastSuccess
	return rep, nil
}
