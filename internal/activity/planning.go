package activity

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"crmbot/internal/crm"
	"crmbot/internal/pinyin"
)

const (
	maxPlanNote = 200
	// maxAhead is how far ahead a visit can be planned, in days.
	maxAhead = 365
)

// AddPlan plans a visit. Plans that are made in time count for the completion
// rate (V-04); later ones stand apart.
func (s *Service) AddPlan(ctx context.Context, a crm.Actor, subject crm.Ref, due Due) (PlanSeen, error) {
	var p Plan
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		rec, err := s.Record(ctx, a, subject)
		if err != nil {
			return err
		}
		p, err = s.plan(ctx, a, rec, due)
		return err
	})
	if err != nil {
		return PlanSeen{}, err
	}
	return s.PlanOf(ctx, a, p.ID)
}

func (s *Service) plan(ctx context.Context, a crm.Actor, rec Record, due Due) (Plan, error) {
	now := s.d.Clock.Now()
	w := due.When()
	if err := s.d.Calendar.CheckFuture(w, now); err != nil {
		return Plan{}, err
	}
	if due.Day > s.d.Calendar.DayOf(now).AddDays(maxAhead) {
		return Plan{}, crm.Invalid(fmt.Sprintf("最多提前 %d 天安排拜访", maxAhead), fmt.Sprintf("a visit can be planned up to %d days ahead", maxAhead))
	}
	p := Plan{User: a.ID, Team: a.Team, Subject: rec.Subject, Customer: rec.Customer, Due: due, State: PlanOpen, Counted: s.planClock(ctx).InTime(now, due.Day, s.d.Calendar), CreatedAt: now}
	if p.Customer.Kind == crm.KindAccount { // one that is merged at this moment: the survivor's
		if err := s.d.Accounts.Stand(ctx, crm.AccountID(p.Customer.ID)); err != nil {
			return p, err
		}
	}
	if err := s.d.Store.AddPlan(ctx, &p); err != nil {
		if crm.CodeOf(err) == crm.CodeConflict {
			return p, crm.Conflict("V-04", fmt.Sprintf("%s 已计划拜访 %s", due.Day, rec.Name), fmt.Sprintf("a visit to %s on %s is planned already", rec.Name, due.Day)).
				WithNext("发送 /计划 "+string(due.Day)+" 查看", "send /plan "+string(due.Day)+" to see it")
		}
		return p, err
	}
	if err := s.countPlan(ctx, p, 1); err != nil {
		return p, err
	}
	if err := s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "plan.add", Ref: p.Subject, Rule: "V-04", Detail: map[string]any{"plan": p.ID, "day": due.Day, "counted": p.Counted}}); err != nil {
		return p, err
	}
	return p, s.d.Effects.Refresh(ctx, p.Subject, p.Customer)
}

// countPlan adds a counted plan to the planned visits of its day, or takes it
// off.
func (s *Service) countPlan(ctx context.Context, p Plan, sign int64) error {
	if !p.Counted {
		return nil
	}
	return s.d.Effects.Record(ctx, crm.Fact{At: s.d.Clock.Now(), Day: p.Due.Day, User: p.User, Team: p.Team, Key: FactPlanned, Qty: sign, Ref: p.Subject})
}

// CancelPlan drops the actor's own open plan. While the day's planning is open
// it simply goes; after that only a cancellation by the customer, with a note,
// is left out of the completion rate (V-04).
func (s *Service) CancelPlan(ctx context.Context, a crm.Actor, id PlanID, byCustomer bool, note string) (PlanSeen, error) {
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		_, err := s.dropPlan(ctx, a, id, PlanCancelled, byCustomer, note)
		return err
	})
	if err != nil {
		return PlanSeen{}, err
	}
	return s.PlanOf(ctx, a, id)
}

// MovePlan puts the actor's own open plan on another day or time. It counts as
// CancelPlan for the old day and as AddPlan for the new one; another time on the
// same day changes no count.
func (s *Service) MovePlan(ctx context.Context, a crm.Actor, id PlanID, to Due, byCustomer bool, note string) (PlanSeen, error) {
	var p Plan
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		old, err := s.ownPlan(ctx, a, id)
		if err != nil {
			return err
		}
		if old.Due.Day == to.Day {
			w := to.When()
			if err := s.d.Calendar.CheckFuture(w, s.d.Clock.Now()); err != nil {
				return err
			}
			old.Due = to
			if p = old; p.State != PlanOpen {
				return planClosed(old)
			}
			if err := s.d.Store.SavePlan(ctx, &p); err != nil {
				return err
			}
			return s.d.Effects.Refresh(ctx, p.Subject, p.Customer)
		}
		if old, err = s.dropPlan(ctx, a, id, PlanMoved, byCustomer, note); err != nil {
			return err
		}
		rec, err := s.Record(ctx, a, old.Subject)
		if err != nil {
			return err
		}
		p, err = s.plan(ctx, a, rec, to)
		return err
	})
	if err != nil {
		return PlanSeen{}, err
	}
	return s.PlanOf(ctx, a, p.ID)
}

func (s *Service) ownPlan(ctx context.Context, a crm.Actor, id PlanID) (Plan, error) {
	if a.Frozen {
		return Plan{}, crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系您的经理", "please ask your manager")
	}
	p, err := s.d.Store.Plan(ctx, id)
	if err == nil && p.User != a.ID {
		err = notMine("只能修改自己的计划", "only your own plans can be changed")
	}
	return p, err
}

func planClosed(p Plan) error {
	return crm.Conflict("V-04", "这个计划"+p.State.Name(crm.Chinese), "this plan is "+p.State.Name(crm.English)+" already").
		WithNext("发送 /计划 "+string(p.Due.Day)+" 查看当天计划", "send /plan "+string(p.Due.Day)+" for that day's plan")
}

func (s *Service) dropPlan(ctx context.Context, a crm.Actor, id PlanID, to PlanState, byCustomer bool, note string) (Plan, error) {
	p, err := s.ownPlan(ctx, a, id)
	if err != nil {
		return p, err
	}
	now := s.d.Clock.Now()
	today := s.d.Calendar.DayOf(now)
	switch {
	case p.State != PlanOpen:
		return p, planClosed(p)
	case p.Due.Day < s.d.Calendar.PreviousWorkday(today):
		return p, crm.Refused("V-04", "计划日 "+string(p.Due.Day)+" 已过，不能再取消或改期", "the planned day "+string(p.Due.Day)+" is over; the plan can no longer be cancelled or moved")
	case utf8.RuneCountInString(note) > maxPlanNote:
		return p, crm.Invalid(fmt.Sprintf("说明最多 %d 字", maxPlanNote), fmt.Sprintf("a reason has at most %d characters", maxPlanNote))
	}
	inTime := s.planClock(ctx).InTime(now, p.Due.Day, s.d.Calendar)
	if !inTime && note == "" {
		return p, crm.Refused("V-04", "当天的计划已计入完成率，取消或改期请写明原因", "the day's plan counts already; say why it is cancelled or moved").
			WithNext("例如：/计划 取消 #"+fmt.Sprint(id)+" 客户 临时出差", "for example: /plan cancel #"+fmt.Sprint(id)+" customer is travelling")
	}
	if inTime || byCustomer {
		if err := s.countPlan(ctx, p, -1); err != nil {
			return p, err
		}
		if inTime {
			p.Counted = false
		}
	}
	p.State, p.ByCustomer, p.Note = to, byCustomer, note
	if err := s.d.Store.SavePlan(ctx, &p); err != nil {
		return p, err
	}
	if err := s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "plan." + string(to), Ref: p.Subject, Rule: "V-04", Detail: map[string]any{"plan": id, "by_customer": byCustomer, "in_time": inTime}}); err != nil {
		return p, err
	}
	return p, s.d.Effects.Refresh(ctx, p.Subject, p.Customer)
}

// meetPlans matches a visit with the plans of everybody present for the same
// customer and day.
func (s *Service) meetPlans(ctx context.Context, act *Activity, open []Plan) error {
	for i := range act.People {
		p := &act.People[i]
		at := slices.IndexFunc(open, func(plan Plan) bool { return plan.User == p.User })
		if at < 0 {
			continue
		}
		plan := open[at]
		plan.State, plan.Activity = PlanDone, act.ID
		if err := s.d.Store.SavePlan(ctx, &plan); err != nil {
			return err
		}
		p.Plan, p.Counted = plan.ID, plan.Counted
	}
	return nil
}

// reopenPlan opens a plan again whose visit was taken back.
func (s *Service) reopenPlan(ctx context.Context, id PlanID, by crm.ActivityID) error {
	if id == 0 {
		return nil
	}
	p, err := s.d.Store.Plan(ctx, id)
	if err != nil || p.Activity != by {
		return err
	}
	p.State, p.Activity = PlanOpen, 0
	return s.d.Store.SavePlan(ctx, &p)
}

// PlanSeen is a plan with the names around it.
type PlanSeen struct {
	Plan
	Name string // of the record
	// Visit is what became of it; nil while open or cancelled.
	Visit *Activity
	// Open reports that it can still be cancelled and moved without a reason.
	Open bool
}

// PlanOf is one plan of the actor or of a person they lead.
func (s *Service) PlanOf(ctx context.Context, a crm.Actor, id PlanID) (PlanSeen, error) {
	p, err := s.d.Store.Plan(ctx, id)
	if err != nil {
		return PlanSeen{}, err
	}
	if !a.CanSee(p.User, p.Team) {
		return PlanSeen{}, crm.NotFound("没有这个计划", "there is no such plan")
	}
	list, err := s.seePlans(ctx, []Plan{p}, nil)
	if err != nil {
		return PlanSeen{}, err
	}
	return list[0], nil
}

// PlanNamed finds an open plan of the actor by its number (#3) or by its
// customer's name, the nearest day first.
func (s *Service) PlanNamed(ctx context.Context, a crm.Actor, text string) (PlanSeen, error) {
	if n, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64); err == nil {
		return s.PlanOf(ctx, a, PlanID(n))
	}
	from := s.d.Calendar.PreviousWorkday(s.Today())
	ps, err := s.d.Store.OpenPlans(ctx, a.ID, from, 200)
	if err != nil {
		return PlanSeen{}, err
	}
	list, err := s.seePlans(ctx, ps, nil)
	if err != nil {
		return PlanSeen{}, err
	}
	ref, _ := crm.ParseRef(text)
	best, top := -1, 0.5
	for i, p := range list {
		score := pinyin.Score(text, p.Name)
		if p.Subject == ref {
			score = 1
		}
		if score > top {
			best, top = i, score
		}
	}
	if best < 0 {
		return PlanSeen{}, crm.NotFound("没有找到“"+clip(text, 20)+"”的拜访计划", "no visit to “"+clip(text, 20)+"” is planned").WithNext("发送 /计划 查看计划和编号", "send /plan for the plan")
	}
	return list[best], nil
}

func (s *Service) seePlans(ctx context.Context, ps []Plan, acts []Activity) ([]PlanSeen, error) {
	refs := make([]crm.Ref, len(ps))
	for i, p := range ps {
		refs[i] = p.Subject
	}
	names, err := s.d.Store.RecordNames(ctx, refs)
	if err != nil {
		return nil, err
	}
	clock, now := s.planClock(ctx), s.d.Clock.Now()
	out := make([]PlanSeen, len(ps))
	for i, p := range ps {
		out[i] = PlanSeen{Plan: p, Name: names[p.Subject], Open: p.State == PlanOpen && clock.InTime(now, p.Due.Day, s.d.Calendar)}
		if j := slices.IndexFunc(acts, func(v Activity) bool { return v.ID == p.Activity }); j >= 0 && p.Activity != 0 {
			out[i].Visit = &acts[j]
		}
	}
	return out, nil
}

// PlanDay is one person's plan of a day and how much of it was done.
type PlanDay struct {
	User     crm.UserID
	UserName string
	Day      crm.Day
	Plans    []PlanSeen
	// Unplanned are visits of the day without a plan.
	Unplanned  []Named
	Completion Completion
	// Mine reports that the viewer may change it.
	Mine bool
}

// Named is an activity with the name of its record.
type Named struct {
	Activity
	Name string
}

// PlanDay is the plan of a person's day, for the person and who leads them.
func (s *Service) PlanDay(ctx context.Context, a crm.Actor, user crm.UserID, day crm.Day) (PlanDay, error) {
	u, err := s.d.People.User(ctx, user)
	if err != nil {
		return PlanDay{}, err
	}
	if !a.CanSee(user, u.Team) {
		return PlanDay{}, notMine("您无权查看 "+u.Name+" 的计划", "you may not see the plan of "+u.Name)
	}
	ps, err := s.d.Store.Plans(ctx, []crm.UserID{user}, day)
	if err != nil {
		return PlanDay{}, err
	}
	acts, err := s.d.Store.ActivitiesOf(ctx, []crm.UserID{user}, day)
	if err != nil {
		return PlanDay{}, err
	}
	out := PlanDay{User: user, UserName: u.Name, Day: day, Mine: user == a.ID && !a.Frozen}
	if out.Plans, err = s.seePlans(ctx, ps, acts); err != nil {
		return out, err
	}
	out.Plans = slices.DeleteFunc(out.Plans, func(p PlanSeen) bool { return p.State == PlanCancelled && !p.Counted && !p.ByCustomer })
	if out.Unplanned, err = s.unplanned(ctx, acts, user); err != nil {
		return out, err
	}
	out.Completion = CompletionOf(user, ps, acts)
	return out, nil
}

func (s *Service) unplanned(ctx context.Context, acts []Activity, user crm.UserID) ([]Named, error) {
	var out []Named
	var refs []crm.Ref
	for _, v := range acts {
		i := slices.IndexFunc(v.People, func(p Present) bool { return p.User == user })
		if v.Kind == KindVisit && i >= 0 && v.People[i].Plan == 0 {
			out, refs = append(out, Named{Activity: v}), append(refs, v.Subject)
		}
	}
	names, err := s.d.Store.RecordNames(ctx, refs)
	for i := range out {
		out[i].Name = names[out[i].Subject]
	}
	return out, err
}

// CompletionOf counts a person's plans and visits of one day (V-04).
func CompletionOf(user crm.UserID, plans []Plan, acts []Activity) Completion {
	var c Completion
	for _, p := range plans {
		switch {
		case p.User != user:
		case p.ByCustomer && p.Counted:
			c.ByCustomer++
		case p.Counted:
			c.Planned++
		case p.State == PlanOpen || p.State == PlanDone:
			c.Late++
		}
	}
	for _, v := range acts {
		for _, p := range v.People {
			if p.User != user || v.Kind != KindVisit {
				continue
			}
			if p.Plan == 0 {
				c.Unplanned++
			} else if p.Counted && p.Credited {
				c.Done++
			}
		}
	}
	return c
}
