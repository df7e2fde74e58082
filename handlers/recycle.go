package handlers

import (
	"context"
	"strconv"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/recycle"
	"crmbot/internal/sched"
)

// recycling is what owners, managers and administrators do about records that
// go back to their pools.
func recycling(s *Services) Module {
	return Module{Commands: append(s.recycleCommands(), s.recycleActions()...), Views: s.recycleViews(), Jobs: s.recycleJobs()}
}

func (s *Services) recycleCommands() []bot.Registration {
	text := func(zh, en string) crm.Text { return crm.Text{Zh: zh, En: en} }
	return []bot.Registration{
		bot.Command[leadArgs]{Name: "延期", Aliases: []string{"extend"}, Summary: text("申请推迟释放，经理审批", "ask to put a release off; your manager decides"), Usage: text("L-12 原因", "L-12 reason"),
			Examples: []string{"/延期 L-12 客户预算下月批复", "/extend L-12 budget approved next month"}, Roles: []crm.Role{crm.Rep}, Parse: parseLeadArgs, Run: s.extend},
		bot.Command[leadArgs]{Name: "同意延期", Aliases: []string{"approveextend"}, Summary: text("同意成员的延期申请", "agree to a member's extension"), Usage: text("L-12", "L-12"),
			Examples: []string{"/同意延期 L-12", "/approveextend L-12"}, Roles: leadBosses, Parse: parseLeadArgs, Run: s.answerExtendText(true)},
		bot.Command[leadArgs]{Name: "婉拒延期", Aliases: []string{"declineextend"}, Summary: text("不同意成员的延期申请", "decline a member's extension"), Usage: text("L-12", "L-12"),
			Examples: []string{"/婉拒延期 L-12", "/declineextend L-12"}, Roles: leadBosses, Parse: parseLeadArgs, Run: s.answerExtendText(false)},
		bot.Command[leadArgs]{Name: "锁定", Aliases: []string{"lock"}, Summary: text("锁定一条记录，期间不会被回收", "keep a record from being recycled for some days"), Usage: text("L-12 [天数]", "L-12 [days]"),
			Examples: []string{"/锁定 L-12", "/锁定 L-12 10", "/lock L-12 10"}, Roles: poolReaders, Parse: parseLeadArgs, Run: s.lock},
		bot.Command[leadArgs]{Name: "解锁", Aliases: []string{"unlock"}, Summary: text("解除锁定", "end a lock"), Usage: text("L-12", "L-12"),
			Examples: []string{"/解锁 L-12", "/unlock L-12"}, Roles: poolReaders, Parse: parseLeadArgs, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
				return s.unlock(ctx, a, in.target)
			}},
		bot.Command[leadArgs]{Name: "保留", Aliases: []string{"keep"}, Summary: text("试行期内说明原因，保留快要释放的记录", "keep a record that is about to go, with a reason, while the rule is being introduced"), Usage: text("L-12 原因", "L-12 reason"),
			Examples: []string{"/保留 L-12 客户预算下月批复", "/keep L-12 budget approved next month"}, Roles: []crm.Role{crm.Rep}, Parse: parseLeadArgs, Run: s.keepRecord},
		bot.Command[string]{Name: "为什么", Aliases: []string{"why"}, Summary: text("释放日或上一次被拒绝的依据：规则、版本和数字", "why a record goes back on its day, or why you were refused: rule, version and numbers"), Usage: text("[L-12|A-3]", "[L-12|A-3]"),
			Examples: []string{"/为什么 L-12", "/为什么 A-3", "/为什么", "/why L-12"}, Parse: parseRest, Run: s.why},
		bot.Command[crm.Day]{Name: "同意回收", Aliases: []string{"approverecycle"}, Summary: text("同意释放当天暂停的名单", "let a day's stopped releases go on"), Usage: text("日期", "DATE"),
			Examples: []string{"/同意回收 2026-03-05", "/approverecycle 2026-03-05"}, Roles: []crm.Role{crm.Admin}, Parse: crm.ParseDay, Run: s.answerGuardText(true)},
		bot.Command[crm.Day]{Name: "取消回收", Aliases: []string{"cancelrecycle"}, Summary: text("当天不释放暂停的名单", "do not release a day's stopped list"), Usage: text("日期", "DATE"),
			Examples: []string{"/取消回收 2026-03-05", "/cancelrecycle 2026-03-05"}, Roles: []crm.Role{crm.Admin}, Parse: crm.ParseDay, Run: s.answerGuardText(false)},
	}
}

func (s *Services) recycleActions() []bot.Registration {
	return []bot.Registration{
		bot.Handle[cards.AskExtend]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskExtend) (bot.Reply, error) {
			return s.reasonForm(ctx, a, p.Ref, false)
		}},
		bot.Handle[cards.Extend]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.Extend) (bot.Reply, error) {
			rep, err := s.extended(ctx, a, p.Ref, c.Values.Get(cards.RecycleReason))
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.AskKeep]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskKeep) (bot.Reply, error) {
			return s.reasonForm(ctx, a, p.Ref, true)
		}},
		bot.Handle[cards.KeepRecord]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.KeepRecord) (bot.Reply, error) {
			rep, err := s.kept(ctx, a, p.Ref, c.Values.Get(cards.RecycleReason))
			rep.Update = err == nil && rep.Card != nil
			return rep, err
		}},
		bot.Handle[cards.AnswerExtend]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AnswerExtend) (bot.Reply, error) {
			rep, err := s.answerExtend(ctx, a, p.Request, p.Approve)
			rep.Update = err == nil
			return rep, err
		}},
		bot.Handle[cards.UnlockRecord]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.UnlockRecord) (bot.Reply, error) {
			return s.unlock(ctx, a, p.Ref)
		}},
		bot.Handle[cards.AnswerGuard]{Roles: []crm.Role{crm.Admin}, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AnswerGuard) (bot.Reply, error) {
			rep, err := s.answerGuard(ctx, a, p.Day, p.Release)
			rep.Update = err == nil
			return rep, err
		}},
	}
}

// recycleRef is the record that a word names: a code, or a lead by its name.
func (s *Services) recycleRef(ctx context.Context, a crm.Actor, word string) (crm.Ref, *bot.Reply, error) {
	if ref, err := crm.ParseRef(word); err == nil {
		return ref, nil, nil
	}
	h := leadHandlers{s}
	id, ask, err := h.find(ctx, a, word, func(code string) string { return code })
	return id.Ref(), ask, err
}

func (s *Services) extend(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	ref, ask, err := s.recycleRef(ctx, a, in.target)
	if err != nil || ask != nil {
		return deref(ask), err
	}
	if in.rest == "" {
		return s.reasonForm(ctx, a, ref.String(), false)
	}
	return s.extended(ctx, a, ref.String(), in.rest)
}

// reasonForm asks for a reason, if the record is the actor's.
func (s *Services) reasonForm(ctx context.Context, a crm.Actor, code string, keep bool) (bot.Reply, error) {
	ref, err := crm.ParseRef(code)
	if err != nil {
		return bot.Reply{}, crm.Invalid("请写记录编号，如 L-12", "use the record's code, such as L-12")
	}
	seen, err := s.Recycle.Mine(ctx, a, ref)
	if err != nil {
		return bot.Reply{}, err
	}
	days := int(recycle.ExtendDays.Of(ctx, s.Rules))
	return private(bot.Show(cards.RecycleForm(leadHandlers{s}.frame(a), ref.String(), seen, keep, days), bot.View{})), nil
}

func (s *Services) extended(ctx context.Context, a crm.Actor, code, reason string) (bot.Reply, error) {
	ref, err := crm.ParseRef(code)
	if err != nil {
		return bot.Reply{}, crm.Invalid("请写记录编号，如 L-12", "use the record's code, such as L-12")
	}
	r, err := s.Recycle.Extend(ctx, a, ref, reason)
	if err != nil {
		return bot.Reply{}, err
	}
	rep, err := s.requestCard(ctx, a, r.ID)
	rep.Toast, rep.ToastTone = a.Lang.T("已提交，等待经理审批", "asked; your manager decides"), bot.ToastSuccess
	return rep, err
}

func (s *Services) requestCard(ctx context.Context, a crm.Actor, id int64) (bot.Reply, error) {
	r, err := s.Recycle.RequestFor(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Show(cards.RecycleExtend(leadHandlers{s}.frame(a), r), bot.View{Name: recycle.ViewExtend, Ref: strconv.FormatInt(id, 10)})), nil
}

func (s *Services) answerExtendText(approve bool) func(context.Context, crm.Actor, bot.Call, leadArgs) (bot.Reply, error) {
	return func(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
		ref, err := crm.ParseRef(in.target)
		if err != nil {
			return bot.Reply{}, crm.Invalid("请写记录编号，如 L-12", "use the record's code, such as L-12")
		}
		// Whether anything waits is told to who leads the owner only (PM-03).
		if _, err := s.Recycle.Mine(ctx, a, ref); err != nil {
			return bot.Reply{}, err
		}
		r, err := s.Recycle.OpenRequest(ctx, ref)
		if err != nil {
			return bot.Reply{}, err
		}
		return s.answerExtend(ctx, a, r.ID, approve)
	}
}

func (s *Services) answerExtend(ctx context.Context, a crm.Actor, id int64, approve bool) (bot.Reply, error) {
	if _, err := s.Recycle.Answer(ctx, a, id, approve); err != nil {
		return bot.Reply{}, err
	}
	rep, err := s.requestCard(ctx, a, id)
	rep.Toast, rep.ToastTone = a.Lang.T("已回复", "answered"), bot.ToastSuccess
	return rep, err
}

func (s *Services) lock(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	ref, ask, err := s.recycleRef(ctx, a, in.target)
	if err != nil || ask != nil {
		return deref(ask), err
	}
	days := 0
	if in.rest != "" {
		days, err = strconv.Atoi(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(in.rest, "天"), " days"), "days"))
		if err != nil || days <= 0 {
			return bot.Reply{}, crm.Invalid("锁定天数要写整数，如 10", "write the days as a whole number, such as 10")
		}
	}
	seen, err := s.Recycle.Lock(ctx, a, ref, days)
	if err != nil {
		return bot.Reply{}, err
	}
	until := string(s.Calendar.DayOf(seen.Keep.LockedUntil))
	return said(a.Lang.T(ref.String()+" 已锁定至 "+until+"，期间不会被回收；释放日 "+string(seen.Release), ref.String()+" is locked until "+until+" and not recycled before; release day "+string(seen.Release))), nil
}

// said is a short private answer.
func said(text string) bot.Reply {
	return bot.Reply{Text: text, Toast: text, ToastTone: bot.ToastSuccess, Private: true}
}

func (s *Services) unlock(ctx context.Context, a crm.Actor, word string) (bot.Reply, error) {
	ref, ask, err := s.recycleRef(ctx, a, word)
	if err != nil || ask != nil {
		return deref(ask), err
	}
	seen, err := s.Recycle.Unlock(ctx, a, ref)
	if err != nil {
		return bot.Reply{}, err
	}
	return said(a.Lang.T(ref.String()+" 已解锁，释放日 "+string(seen.Release), ref.String()+" is unlocked; release day "+string(seen.Release))), nil
}

func (s *Services) keepRecord(ctx context.Context, a crm.Actor, _ bot.Call, in leadArgs) (bot.Reply, error) {
	ref, ask, err := s.recycleRef(ctx, a, in.target)
	if err != nil || ask != nil {
		return deref(ask), err
	}
	if in.rest == "" {
		return s.reasonForm(ctx, a, ref.String(), true)
	}
	return s.kept(ctx, a, ref.String(), in.rest)
}

func (s *Services) kept(ctx context.Context, a crm.Actor, code, reason string) (bot.Reply, error) {
	ref, err := crm.ParseRef(code)
	if err != nil {
		return bot.Reply{}, crm.Invalid("请写记录编号，如 L-12", "use the record's code, such as L-12")
	}
	seen, err := s.Recycle.KeepIt(ctx, a, ref, reason)
	if err != nil {
		return bot.Reply{}, err
	}
	return said(a.Lang.T(ref.String()+" 已保留，释放日 "+string(seen.Release)+"（记为例外）", ref.String()+" is kept; release day "+string(seen.Release)+" (counted as an exception)")), nil
}

func (s *Services) answerGuardText(release bool) func(context.Context, crm.Actor, bot.Call, crm.Day) (bot.Reply, error) {
	return func(ctx context.Context, a crm.Actor, _ bot.Call, day crm.Day) (bot.Reply, error) {
		return s.answerGuard(ctx, a, day, release)
	}
}

func (s *Services) answerGuard(ctx context.Context, a crm.Actor, day crm.Day, release bool) (bot.Reply, error) {
	if _, err := s.Recycle.Decide(ctx, a, day, release); err != nil {
		return bot.Reply{}, err
	}
	g, err := s.Recycle.Guarded(ctx, a, day)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := private(bot.Show(cards.RecycleGuard(leadHandlers{s}.frame(a), g), bot.View{Name: recycle.ViewGuard, Ref: string(day)}))
	rep.Toast, rep.ToastTone = a.Lang.T("已处理", "decided"), bot.ToastSuccess
	return rep, nil
}

func (s *Services) recycleViews() []bot.ViewDef {
	lines := func(name string, show func(cards.LeadFrame, recycle.Card) card.Card) bot.ViewDef {
		return bot.ViewDef{Name: name, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			if v.Group {
				return card.Card{}, bot.ErrNothing
			}
			c, err := s.Recycle.CardFor(ctx, v.Actor, name, ref)
			if err != nil {
				return card.Card{}, err
			}
			return show(leadHandlers{s}.frame(v.Actor), c), nil
		}}
	}
	request := func(name string) bot.ViewDef {
		return bot.ViewDef{Name: name, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			id, err := strconv.ParseInt(ref, 10, 64)
			if err != nil || v.Group {
				return card.Card{}, bot.ErrNothing
			}
			r, err := s.Recycle.RequestFor(ctx, v.Actor, id)
			if err != nil {
				return card.Card{}, err
			}
			return cards.RecycleExtend(leadHandlers{s}.frame(v.Actor), r), nil
		}}
	}
	return []bot.ViewDef{
		lines(recycle.ViewWarning, cards.RecycleWarning), lines(recycle.ViewReview, cards.RecycleReview), lines(recycle.ViewTrial, cards.RecycleTrial), lines(recycle.ViewLate, cards.RecycleLate),
		request(recycle.ViewExtend), request(recycle.ViewAnswer),
		{Name: recycle.ViewReleased, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			if v.Group {
				return card.Card{}, bot.ErrNothing
			}
			c, err := s.Recycle.Lost(ctx, v.Actor, ref)
			if err != nil {
				return card.Card{}, err
			}
			return cards.RecycleLost(leadHandlers{s}.frame(v.Actor), c), nil
		}},
		{Name: recycle.ViewGuard, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
			if v.Group {
				return card.Card{}, bot.ErrNothing
			}
			g, err := s.Recycle.Guarded(ctx, v.Actor, crm.Day(ref))
			if err != nil {
				return card.Card{}, err
			}
			return cards.RecycleGuard(leadHandlers{s}.frame(v.Actor), g), nil
		}},
	}
}

func (s *Services) recycleJobs() []sched.Job {
	return []sched.Job{
		{Name: "recycle.nightly", Next: daily(s.Calendar, calendar.Clock(2, 40)), Run: func(ctx context.Context, _ time.Time) error { return s.Recycle.Nightly(ctx) }},
		{Name: "recycle.warn", Next: func(t time.Time) time.Time { return s.Recycle.NextWarnings(context.Background(), t) }, CatchUp: 8 * time.Hour,
			Run: func(ctx context.Context, _ time.Time) error { return s.Recycle.Warn(ctx) }},
		{Name: "recycle.release", Next: func(t time.Time) time.Time { return s.Recycle.NextReleases(context.Background(), t) }, CatchUp: 8 * time.Hour,
			Run: func(ctx context.Context, _ time.Time) error { return s.Recycle.Release(ctx) }},
		{Name: "recycle.resume", Next: every(time.Minute), Pending: s.Recycle.Waiting,
			Run: func(ctx context.Context, _ time.Time) error { return s.Recycle.Resume(ctx) }},
	}
}
