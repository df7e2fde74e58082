package demo

import (
	"context"
	"slices"
	"time"

	"crmbot/internal/activity"
	"crmbot/internal/approval"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/report"
)

func (l *life) claim(ctx context.Context, r *rep) error {
	a, err := l.actorOf(ctx, r)
	if err != nil {
		return err
	}
	list, err := l.s.Leads.Pool(ctx, a, lead.Filter{City: pick(l.g, cities[r.team])}, 0, 5)
	if err != nil || len(list.Leads) == 0 {
		return err
	}
	id := pick(l.g, list.Leads).ID
	if _, err := l.s.Leads.Claim(ctx, a, id); err != nil {
		return err
	}
	r.leads = append(r.leads, id)
	return nil
}

func (l *life) release(ctx context.Context, r *rep) error {
	if len(r.leads) < 8 {
		return nil
	}
	a, err := l.actorOf(ctx, r)
	if err != nil {
		return err
	}
	i := l.g.IntN(len(r.leads) / 2)
	id := r.leads[i]
	r.leads = append(r.leads[:i], r.leads[i+1:]...)
	_, err = l.s.Leads.Release(ctx, a, id, pick(l.g, []string{"unreachable", "no_need", "no_budget", "competitor", "not_target"}), "")
	return err
}

// log writes an activity through a draft, as the form does.
func (l *life) log(ctx context.Context, r *rep, e activity.Entry) error {
	a, err := l.actorOf(ctx, r)
	if err != nil {
		return err
	}
	d, err := l.s.Activities.Start(ctx, a, e.Kind, e.Subject)
	if err != nil {
		return err
	}
	_, err = l.s.Activities.Submit(ctx, a, d.ID, e)
	return err
}

func (l *life) next(e *activity.Entry) {
	if l.g.chance(0.7) {
		day := l.cal.AddWorkdays(l.cal.DayOf(l.d.clock.Now()), 1+l.g.IntN(6))
		e.Next, e.NextText = activity.Due{Day: day}, pick(l.g, nextSteps)
	}
}

// subject is somebody to talk to: mostly a young lead, sometimes a customer.
func (l *life) subject(r *rep) (crm.Ref, bool) {
	if len(r.leads) == 0 {
		return crm.Ref{}, false
	}
	if n := len(r.customers); n > 0 && l.g.chance(0.3) {
		return r.customers[l.g.IntN(n)].Ref(), true
	}
	n := len(r.leads)
	return r.leads[n-1-l.g.IntN(min(n, 12))].Ref(), true
}

// has reports whether the record is still the rep's.
func (r *rep) has(ref crm.Ref) bool {
	return slices.ContainsFunc(r.leads, func(x crm.LeadID) bool { return x.Ref() == ref }) ||
		slices.ContainsFunc(r.customers, func(x crm.AccountID) bool { return x.Ref() == ref })
}

func (l *life) visit(ctx context.Context, r *rep) error {
	today := l.cal.DayOf(l.d.clock.Now())
	ref, ok := l.subject(r)
	if due := r.planned[today]; len(due) > 0 && l.g.chance(0.85) {
		if r.planned[today] = due[1:]; r.has(due[0]) {
			ref = due[0]
		}
	}
	if !ok || r.visited[ref] == today {
		return nil
	}
	r.visited[ref] = today
	e := activity.Entry{Kind: activity.KindVisit, Subject: ref, Met: l.g.person(), At: l.d.clock.Now().Add(-20 * time.Minute), Duration: time.Duration(20+5*l.g.IntN(14)) * time.Minute,
		Result: pick(l.g, []activity.Result{activity.ResultProgress, activity.ResultProgress, activity.ResultFlat, activity.ResultBlocked}), Note: pick(l.g, visitNotes)}
	if l.g.chance(0.75) {
		for _, t := range teams {
			if t.name == r.team {
				if mate := l.c.people[pick(l.g, t.reps)].ID; mate != r.user.ID {
					e.Companions = []crm.UserID{mate}
				} else {
					e.Companions = []crm.UserID{l.c.people[t.manager].ID}
				}
			}
		}
	}
	l.next(&e)
	return l.log(ctx, r, e)
}

func (l *life) call(ctx context.Context, r *rep) error {
	ref, ok := l.subject(r)
	if !ok {
		return nil
	}
	e := activity.Entry{Kind: activity.KindCall, Subject: ref, Met: l.g.person(), At: l.d.clock.Now().Add(-5 * time.Minute), Duration: time.Duration(1+l.g.IntN(12)) * time.Minute,
		Result: pick(l.g, []activity.Result{activity.ResultProgress, activity.ResultFlat, activity.ResultFlat, activity.ResultNotMet}), Note: pick(l.g, callNotes)}
	l.next(&e)
	return l.log(ctx, r, e)
}

// clearUp goes through the daily list at the end of the day: most of what is
// due gets done or a new date.
func (l *life) clearUp(ctx context.Context, r *rep) error {
	a, err := l.actorOf(ctx, r)
	if err != nil {
		return err
	}
	steps, err := l.s.Activities.StepsOf(ctx, a)
	if err != nil {
		return err
	}
	today := l.cal.DayOf(l.d.clock.Now())
	for _, st := range steps {
		switch {
		case l.g.chance(0.55):
			_, err = l.s.Activities.Finish(ctx, a, st.Activity)
		case l.g.chance(0.6):
			_, err = l.s.Activities.Reschedule(ctx, a, st.Activity, activity.Due{Day: l.cal.AddWorkdays(today, 1+l.g.IntN(5))})
		}
		if err := tolerate(err); err != nil {
			return err
		}
	}
	return nil
}

func (l *life) planVisit(ctx context.Context, r *rep) error {
	ref, ok := l.subject(r)
	if !ok {
		return nil
	}
	a, err := l.actorOf(ctx, r)
	if err != nil {
		return err
	}
	day := l.cal.NextWorkday(l.cal.DayOf(l.d.clock.Now()))
	if _, err := l.s.Activities.AddPlan(ctx, a, ref, activity.Due{Day: day}); err != nil {
		return err
	}
	r.planned[day] = append(r.planned[day], ref)
	return nil
}

// deal opens a deal with the company of a lead, or moves one on.
func (l *life) deal(ctx context.Context, r *rep) error {
	a, err := l.actorOf(ctx, r)
	if err != nil {
		return err
	}
	if len(r.deals) > 0 && l.g.chance(0.55) {
		return l.moveDeal(ctx, a, r)
	}
	if len(r.leads) == 0 {
		return nil
	}
	i := l.g.IntN(len(r.leads))
	acc, err := l.s.Accounts.Convert(ctx, a, r.leads[i], "")
	if err != nil {
		return err
	}
	r.leads[i] = r.leads[len(r.leads)-1]
	r.leads = r.leads[:len(r.leads)-1]
	r.customers = append(r.customers, acc.ID)
	d, err := l.s.Deals.Create(ctx, a, deal.Draft{Account: acc.ID, Amount: crm.Money(5+l.g.IntN(115)) * 1_000_000,
		ExpectedClose: l.cal.DayOf(l.d.clock.Now()).AddDays(20 + l.g.IntN(60))})
	if err == nil {
		r.deals = append(r.deals, d.ID)
	}
	return err
}

func (l *life) moveDeal(ctx context.Context, a crm.Actor, r *rep) error {
	i := l.g.IntN(len(r.deals))
	d, err := l.s.Deals.Get(ctx, a, r.deals[i])
	if err != nil {
		return err
	}
	if l.g.chance(0.12) {
		r.deals = append(r.deals[:i], r.deals[i+1:]...)
		_, err = l.s.Deals.Lose(ctx, a, d.ID, d.Version, pick(l.g, deal.Reasons).Key, "")
		return err
	}
	_, err = l.s.Deals.Advance(ctx, a, d.ID, d.Version, "")
	return err
}

// contract turns a deal into a contract and hands it in.
func (l *life) contract(ctx context.Context, r *rep) error {
	if len(r.deals) == 0 {
		return nil
	}
	a, err := l.actorOf(ctx, r)
	if err != nil {
		return err
	}
	i := l.g.IntN(len(r.deals))
	today := l.cal.DayOf(l.d.clock.Now())
	d, err := l.s.Deals.Get(ctx, a, r.deals[i])
	if err != nil {
		return err
	}
	c, err := l.s.Contracts.Create(ctx, a, contract.Input{Deal: d.ID, Account: d.Account, Amount: d.Amount, Terms: pick(l.g, []string{"预付30%，验收后付70%", "分三期：30%、40%、30%", "月结30天"}),
		StartsOn: today.AddDays(l.g.IntN(10)), EndsOn: today.AddDays(365), Channel: contract.Online, Remark: "按标准条款"})
	if err != nil {
		return err
	}
	if _, _, err := l.s.Contracts.SubmitForApproval(ctx, a, c.ID, c.Version, false, ""); err != nil {
		return err
	}
	r.deals = append(r.deals[:i], r.deals[i+1:]...)
	return nil
}

// decide lets an approver decide some of what waits; the newest stay open.
func (l *life) decide(ctx context.Context, name string) error {
	a, err := l.actor(ctx, name)
	if err != nil {
		return err
	}
	items, err := l.s.Approvals.Pending(ctx, a)
	if err != nil {
		return err
	}
	for _, it := range items {
		if l.g.chance(0.3) {
			continue
		}
		k := approval.Click{Request: it.Request.ID}
		if l.g.chance(0.1) {
			k.Comment = pick(l.g, []string{"付款条件需要改为预付30%", "请补充服务范围的附件"})
			_, err = l.s.Approvals.Reject(ctx, a, k)
		} else {
			k.Comment = pick(l.g, []string{"", "同意", "条款没有问题"})
			_, err = l.s.Approvals.Approve(ctx, a, k)
		}
		if err := tolerate(err); err != nil {
			return err
		}
	}
	return nil
}

// sign lets legal note what both sides have signed.
func (l *life) sign(ctx context.Context) error {
	a, err := l.actor(ctx, "何洁")
	if err != nil {
		return err
	}
	list, _, err := l.s.Contracts.Search(ctx, a, "", 50)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.State != contract.ToSign || l.g.chance(0.4) {
			continue
		}
		signed, err := l.s.Contracts.Signed(ctx, a, c.ID, c.Version, "", contract.Online)
		if err := tolerate(err); err != nil {
			return err
		}
		if err != nil || signed.Deal == 0 {
			continue
		}
		owner, err := l.s.Directory.Actor(ctx, c.Owner)
		if err != nil {
			return err
		}
		d, err := l.s.Deals.Get(ctx, owner, signed.Deal)
		if err == nil && d.Status == deal.Open {
			_, err = l.s.Deals.Win(ctx, owner, d.ID, d.Version, c.Amount)
		}
		if err := tolerate(err); err != nil {
			return err
		}
	}
	return nil
}

func (l *life) submitReport(ctx context.Context, r *rep, day crm.Day) error {
	if l.g.chance(0.12) {
		return nil // somebody always forgets
	}
	a, err := l.actorOf(ctx, r)
	if err != nil {
		return err
	}
	rep, ok, err := l.d.App.DB.ReportOf(ctx, a.ID, day)
	if err != nil || !ok {
		return err
	}
	text := pick(l.g, sentences)
	if l.g.chance(0.5) {
		text = pick(l.g, remedies)
	}
	_, err = l.s.Reports.Submit(ctx, a, rep.ID, rep.Version, report.Input{Answers: []string{text}})
	return err
}

// recycled lets the day's releases happen, the administrator decide about those
// that are too many at once (P-16), and the reps forget what they lost.
func (l *life) recycled(ctx context.Context, day crm.Day, at time.Time) error {
	if err := l.d.App.Advance(ctx, l.d.clock, at); err != nil {
		return err
	}
	a, err := l.actor(ctx, "管理员")
	if err != nil {
		return err
	}
	if _, err := l.s.Recycle.Decide(ctx, a, day, true); err == nil {
		err = l.s.Recycle.Resume(ctx)
		if err != nil {
			return err
		}
	} else if err := tolerate(err); err != nil {
		return err
	}
	for _, r := range l.ordered() {
		who, err := l.actorOf(ctx, r)
		if err != nil {
			return err
		}
		own, err := l.s.Leads.Own(ctx, who)
		if err != nil {
			return err
		}
		mine := make(map[crm.LeadID]bool, len(own))
		for _, x := range own {
			mine[x.ID] = true
		}
		r.leads = slices.DeleteFunc(r.leads, func(id crm.LeadID) bool { return !mine[id] })
	}
	return nil
}
