package handlers

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// viewPlan is the plan of a person's day; its ref is "2026-03-04/5".
const viewPlan = "plan.day"

func plans(s *Services) Module {
	return Module{
		Views: []bot.ViewDef{{Name: viewPlan, Render: s.planView}},
		Commands: []bot.Registration{
			bot.Command[string]{Name: "计划", Aliases: []string{"plan"}, Summary: crm.Text{Zh: "看和排拜访计划", En: "see and make the visit plan"}, Menu: true, Roles: loggers,
				Usage:    crm.Text{Zh: "[日期] [客户] [时间] · 改 #3 日期 · 取消 #3 原因", En: "[DATE] [CUSTOMER] [TIME] · move #3 DATE · cancel #3 REASON"},
				Examples: []string{"/计划", "/计划 明天", "/计划 明天 华星 10:00", "/plan friday Huaxing 14:00", "/计划 改 #3 周四 14:00", "/计划 取消 #3 客户 临时出差", "/计划 #3"},
				Parse:    func(rest string) (string, error) { return rest, nil }, Run: s.planCommand},
			bot.Handle[cards.ShowPlan]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ShowPlan) (bot.Reply, error) {
				user := p.User
				if user == 0 {
					user = a.ID
				}
				return s.showPlan(ctx, a, user, p.Day, true)
			}},
			bot.Handle[cards.AddVisitPlan]{Run: s.addPlanForm},
			bot.Handle[cards.AskPlan]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskPlan) (bot.Reply, error) {
				return s.askPlan(ctx, a, p.Plan)
			}},
			bot.Handle[cards.MovePlan]{Run: s.movePlanForm},
			bot.Handle[cards.CancelPlan]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.CancelPlan) (bot.Reply, error) {
				x, err := s.Activities.CancelPlan(ctx, a, p.Plan, c.Values.Get(cards.PlanWho) == cards.PlanByCustomer, strings.TrimSpace(c.Values.Get(cards.PlanNote)))
				return s.planChanged(ctx, a, x, err, true, crm.Text{Zh: "已取消", En: "cancelled"})
			}},
		},
	}
}

func planRef(day crm.Day, user crm.UserID) string { return fmt.Sprintf("%s/%d", day, user) }

func (s *Services) planView(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	day, who, _ := strings.Cut(ref, "/")
	id, err := strconv.ParseInt(who, 10, 64)
	if err != nil || v.Group {
		return privateView(v.Lang, crm.Text{Zh: "拜访计划", En: "Visit plan"}), nil
	}
	return s.planCard(ctx, v.Actor, v.Lang, crm.UserID(id), crm.Day(day))
}

func (s *Services) planCard(ctx context.Context, a crm.Actor, l crm.Lang, user crm.UserID, day crm.Day) (card.Card, error) {
	p, err := s.Activities.PlanDay(ctx, a, user, day)
	if err != nil {
		return card.Card{}, err
	}
	var customers []cards.Option
	if p.Mine {
		if customers, err = s.customerOptions(ctx, a); err != nil {
			return card.Card{}, err
		}
	}
	return cards.PlanDay(s.work(l), p, s.Activities.PlanClock(ctx), customers), nil
}

func (s *Services) showPlan(ctx context.Context, a crm.Actor, user crm.UserID, day crm.Day, press bool) (bot.Reply, error) {
	if !day.Valid() {
		return bot.Reply{}, crm.Invalid("没有这个日期", "there is no such date")
	}
	c, err := s.planCard(ctx, a, a.Lang, user, day)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(c, bot.View{Name: viewPlan, Ref: planRef(day, user)})
	rep.Private, rep.Update = true, press
	return rep, nil
}

// planChanged shows the day of a changed plan.
func (s *Services) planChanged(ctx context.Context, a crm.Actor, x activity.PlanSeen, err error, press bool, toast crm.Text) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	rep, err := s.showPlan(ctx, a, x.User, x.Due.Day, press)
	rep.Toast, rep.ToastTone = toast.In(a.Lang), bot.ToastSuccess
	return rep, err
}

// askPlan shows one plan to move or cancel it.
func (s *Services) askPlan(ctx context.Context, a crm.Actor, id activity.PlanID) (bot.Reply, error) {
	x, err := s.Activities.PlanOf(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	c := cards.PlanChange(s.work(a.Lang), x)
	return bot.Reply{Card: &c, Private: true}, nil
}

// planWords are the words that open a change, by what they do.
var planWords = map[string]string{"改": "move", "改期": "move", "改到": "move", "move": "move", "取消": "cancel", "cancel": "cancel", "加": "add", "add": "add"}

func (s *Services) planCommand(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	head, tail, _ := strings.Cut(rest, " ")
	switch planWords[strings.ToLower(head)] {
	case "move":
		return s.movePlanText(ctx, a, tail)
	case "cancel":
		return s.cancelPlanText(ctx, a, tail)
	case "add":
		rest = tail
	}
	if n, ok := strings.CutPrefix(rest, "#"); ok {
		if id, err := strconv.ParseInt(strings.TrimSpace(n), 10, 64); err == nil {
			return s.askPlan(ctx, a, activity.PlanID(id))
		}
	}
	for _, m := range c.Req.Mentions {
		rest = strings.ReplaceAll(rest, m.Token, "")
	}
	due, found, text := s.planTime(rest)
	user := a.ID
	if len(c.People) > 0 {
		user = c.People[0].ID
	}
	if text == "" || user != a.ID {
		if !found {
			due.Day = s.today()
		}
		return s.showPlan(ctx, a, user, due.Day, false)
	}
	return s.addPlanText(ctx, a, text, due, found)
}

// planTime finds day and time in a line and gives the words around them. A line
// without a day means today.
func (s *Services) planTime(line string) (due activity.Due, found bool, text string) {
	line = crm.Normalize(line)
	now := s.Clock.Now()
	// Single words first: a word that is a phrase on its own ("12.1", "3号").
	var words []string
	for _, w := range strings.Fields(line) {
		x, err := calendar.ParseWhen(w, now, s.Calendar)
		if err == nil && x.Rest == "" {
			due, found = mergeDue(due, x, found), true
			continue
		}
		words = append(words, w)
	}
	text = strings.Join(words, " ")
	at := 0
	var kept strings.Builder
	for _, f := range calendar.FindAllWhen(text, now, s.Calendar) {
		if f.Err != nil {
			continue
		}
		kept.WriteString(text[at:f.Start] + " ")
		at = f.End
		due, found = mergeDue(due, f.When, found), true
	}
	kept.WriteString(text[at:])
	return due, found, strings.Join(strings.Fields(kept.String()), " ")
}

// mergeDue adds a phrase to what was found before it: "明天" and "10:00".
func mergeDue(due activity.Due, w calendar.When, before bool) activity.Due {
	if !before || !w.TimeOnly {
		if due.HasTime && !w.HasTime {
			return activity.Due{Day: w.Day, Time: due.Time, HasTime: true}
		}
		return activity.DueOn(w)
	}
	due.Time, due.HasTime = w.Time, true
	return due
}

func (s *Services) addPlanText(ctx context.Context, a crm.Actor, text string, due activity.Due, found bool) (bot.Reply, error) {
	if !found {
		due.Day = s.today()
	}
	// A time that does not exist is no part of a customer's name: 华星 25:00.
	for _, w := range strings.Fields(text) {
		if _, bad := calendar.ParseTimeOfDay(w); bad != nil && strings.Contains(w, ":") && strings.Trim(w, "0123456789:") == "" {
			return bot.Reply{}, bad
		}
	}
	list, err := s.Activities.Find(ctx, a, text)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(list) > 0 && several(list) {
		return s.chooseCustomer(a, text, list, func(x activity.Candidate) string {
			return strings.TrimSpace(a.Lang.T("/计划 ", "/plan ") + string(due.Day) + " " + x.Ref.String() + " " + due.Clock())
		}), nil
	}
	ref, err := s.oneCustomer(ctx, a, text)
	if err != nil {
		return bot.Reply{}, err
	}
	x, err := s.Activities.AddPlan(ctx, a, ref, due)
	return s.planChanged(ctx, a, x, err, false, crm.Text{})
}

func (s *Services) addPlanForm(ctx context.Context, a crm.Actor, c bot.Call, p cards.AddVisitPlan) (bot.Reply, error) {
	ref, err := s.oneCustomer(ctx, a, c.Values.Get(cards.PlanCustomer))
	if err != nil {
		return bot.Reply{}, err
	}
	due, err := s.dueFrom(string(p.Day), c.Values.Get(cards.PlanTime))
	if err != nil {
		return bot.Reply{}, err
	}
	x, err := s.Activities.AddPlan(ctx, a, ref, due)
	return s.planChanged(ctx, a, x, err, true, crm.Text{Zh: "已加入计划", En: "added"})
}

func (s *Services) movePlanForm(ctx context.Context, a crm.Actor, c bot.Call, p cards.MovePlan) (bot.Reply, error) {
	day := string(p.Day)
	if day == "" {
		day = c.Values.Get(cards.PlanDate)
	}
	due, err := s.dueFrom(day, c.Values.Get(cards.PlanTime))
	if err != nil {
		return bot.Reply{}, err
	}
	if due.Day == "" {
		return bot.Reply{}, crm.Invalid("请选择改到哪天", "choose the new day")
	}
	x, err := s.Activities.MovePlan(ctx, a, p.Plan, due, c.Values.Get(cards.PlanWho) == cards.PlanByCustomer, strings.TrimSpace(c.Values.Get(cards.PlanNote)))
	return s.planChanged(ctx, a, x, err, true, crm.Text{Zh: "已改期", En: "moved"})
}

// byCustomer splits a reason that says whose wish it was: "客户 临时出差".
func byCustomer(reason string) (bool, string) {
	reason = strings.TrimSpace(reason)
	for _, w := range []string{"客户", "customer", "客户取消", "客户改期"} {
		if rest, ok := strings.CutPrefix(strings.ToLower(reason), w); ok {
			if rest == "" {
				return true, reason
			}
			if rest[0] == ' ' || rest[0] == ':' {
				return true, strings.TrimLeft(reason[len(w):], " :")
			}
			return true, reason
		}
	}
	return false, reason
}

func (s *Services) movePlanText(ctx context.Context, a crm.Actor, text string) (bot.Reply, error) {
	who, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if who == "" {
		return bot.Reply{}, crm.Invalid("请写改哪个计划", "say which plan to move").WithNext("例如：/计划 改 #3 周四 14:00", "for example: /plan move #3 thursday 14:00")
	}
	due, found, reason := s.planTime(rest)
	if !found {
		return bot.Reply{}, crm.Invalid("请写改到哪天", "say to which day").WithNext("例如：/计划 改 "+who+" 周四 14:00", "for example: /plan move "+who+" thursday 14:00")
	}
	x, err := s.Activities.PlanNamed(ctx, a, who)
	if err != nil {
		return bot.Reply{}, err
	}
	if !due.HasTime && due.Day != x.Due.Day {
		due.Time, due.HasTime = x.Due.Time, x.Due.HasTime
	}
	customer, why := byCustomer(reason)
	x, err = s.Activities.MovePlan(ctx, a, x.ID, due, customer, why)
	return s.planChanged(ctx, a, x, err, false, crm.Text{})
}

func (s *Services) cancelPlanText(ctx context.Context, a crm.Actor, text string) (bot.Reply, error) {
	who, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if who == "" {
		return bot.Reply{}, crm.Invalid("请写取消哪个计划", "say which plan to cancel").WithNext("例如：/计划 取消 #3 客户 临时出差", "for example: /plan cancel #3 customer travels")
	}
	x, err := s.Activities.PlanNamed(ctx, a, who)
	if err != nil {
		return bot.Reply{}, err
	}
	customer, why := byCustomer(rest)
	x, err = s.Activities.CancelPlan(ctx, a, x.ID, customer, why)
	return s.planChanged(ctx, a, x, err, false, crm.Text{})
}
