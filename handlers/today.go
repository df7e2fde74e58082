package handlers

import (
	"context"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/sched"
)

func today(s *Services) Module {
	return Module{
		Views: []bot.ViewDef{{Name: activity.ViewToday, Render: s.todayView}, {Name: activity.ViewReminder, Render: s.reminderView}},
		Commands: []bot.Registration{
			bot.Command[string]{Name: "今天", Aliases: []string{"today"}, Summary: crm.Text{Zh: "今天要清的清单：逾期、拜访、审批、快要失去的线索", En: "what to clear today: overdue, visits, approvals, leads at risk"}, Menu: true,
				Examples: []string{"/今天", "/today"}, Parse: func(rest string) (string, error) { return rest, nil }, Run: s.todayCommand},
			bot.Command[crm.ActivityID]{Name: "完成", Aliases: []string{"done"}, Summary: crm.Text{Zh: "完成一个下一步", En: "mark a next step done"}, Usage: crm.Text{Zh: "V-12", En: "V-12"},
				Examples: []string{"/完成 V-12", "/done V-12"}, Parse: parseStep, Run: func(ctx context.Context, a crm.Actor, _ bot.Call, id crm.ActivityID) (bot.Reply, error) {
					v, err := s.Activities.Finish(ctx, a, id)
					return s.stepReply(a, v, err, false, crm.Text{})
				}},
			bot.Command[stepArgs]{Name: "改期", Aliases: []string{"snooze"}, Summary: crm.Text{Zh: "把一个下一步改到另一天", En: "move a next step to another day"}, Usage: crm.Text{Zh: "V-12 日期", En: "V-12 DATE"},
				Examples: []string{"/改期 V-12 周五", "/snooze V-12 friday 10:00", "/改期 V-12"}, Parse: parseStepArgs, Run: s.moveStepText},
			bot.Handle[cards.FinishStep]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.FinishStep) (bot.Reply, error) {
				v, err := s.Activities.Finish(ctx, a, p.Activity)
				return s.stepPressed(ctx, a, v, err, crm.Text{Zh: "已完成", En: "done"})
			}},
			bot.Handle[cards.AskMoveStep]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.AskMoveStep) (bot.Reply, error) {
				return s.askMoveStep(ctx, a, p.Activity)
			}},
			bot.Handle[cards.MoveStep]{Run: s.moveStepForm},
		},
		Jobs: []sched.Job{
			{Name: "today.digest", Next: func(t time.Time) time.Time { return s.Activities.NextDigest(context.Background(), t) }, CatchUp: 4 * time.Hour,
				Run: func(ctx context.Context, due time.Time) error {
					return s.Activities.Digest(ctx, s.Calendar.DayOf(due))
				}},
			{Name: "activity.prune", Next: func(t time.Time) time.Time {
				return t.Truncate(24 * time.Hour).Add(24*time.Hour + 19*time.Hour + 20*time.Minute)
			},
				Run: func(ctx context.Context, due time.Time) error { return s.Activities.Prune(ctx, due) }},
		},
	}
}

func (s *Services) todayView(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	if v.Group || crm.Day(ref) != s.today() {
		return card.Card{}, bot.ErrNothing // yesterday's list stays as it was
	}
	t, err := s.Activities.TodayOf(ctx, v.Actor)
	if err != nil {
		return card.Card{}, err
	}
	return cards.Today(s.work(v.Lang), t, s.ideas(v.Actor)...), nil
}

// reminderView shows a due next step. One that was settled before its reminder
// came, or that has another date or person by now, is not shown at all.
func (s *Services) reminderView(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	id, rev, err := activity.ParseStepRef(ref)
	if err != nil || v.Group {
		return card.Card{}, bot.ErrNothing
	}
	st, err := s.Activities.StepOf(ctx, v.Actor, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return card.Card{}, bot.ErrNothing
	}
	if err != nil {
		return card.Card{}, err
	}
	if st.Rev != rev || st.State != activity.StepOpen && !st.Reminded() {
		return card.Card{}, bot.ErrNothing
	}
	if st.State == activity.StepOpen {
		lost, err := s.Activities.Lost(ctx, v.Actor, st)
		if err != nil {
			return card.Card{}, err
		}
		if lost {
			return card.Card{}, bot.ErrNothing
		}
	}
	return cards.Reminder(s.work(v.Lang), st), nil
}

func (s *Services) todayCommand(ctx context.Context, a crm.Actor, _ bot.Call, _ string) (bot.Reply, error) {
	t, err := s.Activities.TodayOf(ctx, a)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(cards.Today(s.work(a.Lang), t, s.ideas(a)...), bot.View{Name: activity.ViewToday, Ref: string(t.Day)})
	rep.Private = true
	return rep, nil
}

// ideas are what the person may do when nothing is left: nobody is sent to a
// command that is not for them.
func (s *Services) ideas(a crm.Actor) []card.Button {
	var out []card.Button
	for _, e := range s.router.Entries() {
		switch {
		case !e.Allowed(a):
		case e.Name == "公海":
			out = append(out, cards.CommandButton(a.Lang.T("看公海", "Pool"), a.Lang.T("/公海", "/pool")))
		case e.Name == "计划":
			out = append(out, cards.CommandButton(a.Lang.T("排明天", "Plan tomorrow"), a.Lang.T("/计划 明天", "/plan tomorrow")))
		}
	}
	return out
}

// stepArgs is a next step and its new date, in words.
type stepArgs struct {
	id   crm.ActivityID
	when string
}

func parseStep(rest string) (crm.ActivityID, error) {
	ref, err := crm.ParseRef(rest)
	if err != nil || ref.Kind != crm.KindActivity {
		return 0, crm.Invalid("请写记录编号", "name the log by its code")
	}
	return crm.ActivityID(ref.ID), nil
}

func parseStepArgs(rest string) (stepArgs, error) {
	code, when, _ := strings.Cut(rest, " ")
	id, err := parseStep(code)
	return stepArgs{id, strings.TrimSpace(when)}, err
}

func (s *Services) moveStepText(ctx context.Context, a crm.Actor, _ bot.Call, in stepArgs) (bot.Reply, error) {
	if in.when == "" {
		return s.askMoveStep(ctx, a, in.id)
	}
	w, err := calendar.ParseNext(in.when, s.Clock.Now(), s.Calendar)
	if err != nil {
		return bot.Reply{}, err
	}
	v, err := s.Activities.Reschedule(ctx, a, in.id, activity.DueOn(w))
	return s.stepReply(a, v, err, false, crm.Text{})
}

// askMoveStep asks for the new day of a next step.
func (s *Services) askMoveStep(ctx context.Context, a crm.Actor, id crm.ActivityID) (bot.Reply, error) {
	v, err := s.Activities.StepOf(ctx, a, id)
	if err != nil {
		return bot.Reply{}, err
	}
	c := cards.StepMove(s.work(a.Lang), v)
	return bot.Reply{Card: &c, Private: true}, nil
}

func (s *Services) moveStepForm(ctx context.Context, a crm.Actor, c bot.Call, p cards.MoveStep) (bot.Reply, error) {
	day, clock := string(p.Day), ""
	if day == "" {
		day, clock = c.Values.Get(cards.StepDay), c.Values.Get(cards.StepTime)
	}
	due, err := s.dueFrom(day, clock)
	if err != nil {
		return bot.Reply{}, err
	}
	if due.Day == "" {
		return bot.Reply{}, crm.Invalid("请选择改到哪天", "choose the new day")
	}
	v, err := s.Activities.Reschedule(ctx, a, p.Activity, due)
	return s.stepReply(a, v, err, true, crm.Text{Zh: "已改期", En: "moved"})
}

// stepReply shows a next step as it is now.
func (s *Services) stepReply(a crm.Actor, v activity.StepSeen, err error, press bool, toast crm.Text) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(cards.Reminder(s.work(a.Lang), v), bot.View{Name: activity.ViewReminder, Ref: activity.StepRef(v.Step)})
	if press {
		rep.Update, rep.Toast, rep.ToastTone = true, toast.In(a.Lang), bot.ToastSuccess
	}
	rep.Private = true
	return rep, nil
}

// stepPressed answers a press in a list or on a reminder: the toast is enough,
// because every card about the step is rendered again.
func (s *Services) stepPressed(_ context.Context, a crm.Actor, v activity.StepSeen, err error, toast crm.Text) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	return bot.Reply{Toast: toast.In(a.Lang) + " · " + v.Name, ToastTone: bot.ToastSuccess, Private: true}, nil
}
