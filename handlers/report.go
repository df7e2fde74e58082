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
	"crmbot/internal/report"
	"crmbot/internal/sched"
)

// reports are the daily report of a person and of a team, their settings and
// their schedule.
func reports(s *Services) Module {
	m := Module{
		Commands: []bot.Registration{
			bot.Command[string]{Name: "日报", Aliases: []string{"daily"}, Summary: crm.Text{Zh: "自动填好的日报：查看、提交、修改", En: "the daily report that filled itself: look, submit, edit"},
				Usage: crm.Text{Zh: "[日期|成员] · 提交 文字 · 保存 文字 · 修改", En: "[date|member] · submit text · save text · edit"}, Examples: []string{"/日报", "/日报 提交 客户集中在开会，明天上午补两家拜访", "/daily yesterday"}, Menu: true,
				Parse: plain, Run: s.daily},
			bot.Command[string]{Name: "团队日报", Aliases: []string{"teamreport"}, Summary: crm.Text{Zh: "团队的一天：异常、数字、排行、未交", En: "the team's day: exceptions, numbers, ranking, missing"},
				Usage: crm.Text{Zh: "[日期] [团队]", En: "[date] [team]"}, Examples: []string{"/团队日报", "/团队日报 昨天", "/teamreport yesterday"}, Menu: true,
				Parse: plain, Run: s.teamDaily},
			bot.Command[string]{Name: "绑定日报", Aliases: []string{"bindreport"}, Summary: crm.Text{Zh: "在群里绑定团队，每天自动发团队日报", En: "in a group: bind it to a team, whose digest is posted here"},
				Usage: crm.Text{Zh: "[团队|取消]", En: "[team|off]"}, Examples: []string{"/绑定日报 华东", "/bindreport off"}, Roles: []crm.Role{crm.Manager, crm.Director, crm.Boss, crm.Admin},
				Parse: plain, Run: s.bindReport},
			bot.Handle[cards.ReportOpen]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ReportOpen) (bot.Reply, error) {
				return s.showReportID(ctx, a, p.Report)
			}},
			bot.Handle[cards.ReportSubmit]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ReportSubmit) (bot.Reply, error) {
				r, err := s.Reports.Submit(ctx, a, p.Report, p.V, reportInput(c.Values))
				return s.replaceReport(ctx, a, r, err, submittedText)
			}},
			bot.Handle[cards.ReportSave]{Run: func(ctx context.Context, a crm.Actor, c bot.Call, p cards.ReportSave) (bot.Reply, error) {
				r, err := s.Reports.Save(ctx, a, p.Report, p.V, reportInput(c.Values))
				return s.replaceReport(ctx, a, r, err, func(report.Report) crm.Text {
					return crm.Text{Zh: "已保存，还没有提交", En: "saved, not submitted yet"}
				})
			}},
			bot.Handle[cards.ReportEdit]{Run: func(ctx context.Context, a crm.Actor, _ bot.Call, p cards.ReportEdit) (bot.Reply, error) {
				r, err := s.Reports.ByID(ctx, a, p.Report)
				if err != nil {
					return bot.Reply{}, err
				}
				c, err := s.reportCard(ctx, a, a.Lang, r, true)
				return bot.Reply{Card: &c, View: reportView(r), Update: true, Private: true}, err
			}},
		},
		Views: []bot.ViewDef{
			{Name: report.ViewReport, Render: s.renderReport},
			{Name: report.ViewChase, Render: s.renderChase},
			{Name: report.ViewDigest, Render: s.renderDigest},
			{Name: report.ViewMissing, Render: func(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
				day, err := crm.ParseDay(ref)
				if err != nil || v.Group {
					return card.Card{}, crm.Invalid("链接无效", "this link is not valid")
				}
				list, err := s.Reports.MissingOf(ctx, v.Actor, day)
				return cards.ReportMissingCard(v.Lang, day, list), err
			}},
		},
		Jobs: s.reportJobs(),
	}
	m.Commands = append(m.Commands, s.reportSetup()...)
	return m
}

// reportJobs run the steps of the schedule. Each wakes shortly after midnight
// too, so that a changed time holds from that day on.
func (s *Services) reportJobs() []sched.Job {
	steps := []struct {
		step report.Step
		run  func(context.Context, crm.Day) error
	}{
		{report.StepDraft, s.Reports.DraftAll}, {report.StepChase, s.Reports.ChaseAll}, {report.StepDigest, s.Reports.DigestAll}, {report.StepMissing, s.Reports.MissingAll},
	}
	var jobs []sched.Job
	for _, x := range steps {
		jobs = append(jobs, sched.Job{Name: "report." + string(x.step), CatchUp: 4 * 24 * time.Hour, // a stop over a long weekend loses no report
			Next: func(t time.Time) time.Time { return s.nextStep(x.step, t) },
			Run: func(ctx context.Context, due time.Time) error {
				day := s.Calendar.DayOf(due)
				if !s.Calendar.IsWorkday(day) || due.Before(s.Reports.At(ctx, x.step, day)) {
					return nil // the wake-up after midnight, or the time was moved to later
				}
				return x.run(ctx, day)
			}})
	}
	return jobs
}

// nextStep is the first wake-up or time of the step after t on a working day.
func (s *Services) nextStep(st report.Step, t time.Time) time.Time {
	for day := s.Calendar.DayOf(t); day != ""; day = day.AddDays(1) {
		if !s.Calendar.IsWorkday(day) {
			continue
		}
		wake, at := day.At(0, 5, s.Calendar.Zone()), s.Reports.At(context.Background(), st, day)
		if at.Before(wake) {
			wake, at = at, wake
		}
		if wake.After(t) {
			return wake
		}
		if at.After(t) {
			return at
		}
	}
	return time.Time{}
}

func submittedText(r report.Report) crm.Text {
	if r.State == report.Late {
		return crm.Text{Zh: "已提交（迟交）", En: "submitted (late)"}
	}
	return crm.Text{Zh: "已提交", En: "submitted"}
}

func reportView(r report.Report) bot.View {
	return bot.View{Name: report.ViewReport, Ref: r.ID.String()}
}

// reportInput reads the report's form.
func reportInput(v bot.Values) report.Input {
	in := report.Input{Next: v.Get(cards.ReportNext), NoteFor: v.Get(cards.ReportFor), Note: v.Get(cards.ReportNote)}
	for i := range 10 {
		in.Answers = append(in.Answers, v.Get(cards.ReportAnswer+strconv.Itoa(i)))
	}
	if in.Note == "" {
		in.NoteFor = "" // a metric was chosen, but nothing said about it
	}
	return in
}

func (s *Services) replaceReport(ctx context.Context, a crm.Actor, r report.Report, err error, toast func(report.Report) crm.Text) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	c, err := s.reportCard(ctx, a, a.Lang, r, false)
	if err != nil {
		return bot.Reply{}, err
	}
	return private(bot.Replace(c, reportView(r), toast(r).In(a.Lang))), nil
}

// reportCard builds the card for whoever looks at the report.
func (s *Services) reportCard(ctx context.Context, a crm.Actor, l crm.Lang, r report.Report, editing bool) (card.Card, error) {
	fixes, err := s.Reports.Corrections(ctx, r)
	if err != nil {
		return card.Card{}, err
	}
	own := a.ID == r.User
	return cards.ReportCard(l, cards.ReportView{Report: r, Name: s.Directory.Name(ctx, r.User), Own: own, Editable: own && s.Reports.Editable(ctx, r), Editing: editing, Corrections: fixes,
		Due: s.Reports.At(ctx, report.StepDue, r.Day), Zone: s.Calendar.Zone(), Open: s.opener(a, l)}), nil
}

func (s *Services) showReport(ctx context.Context, a crm.Actor, r report.Report, err error) (bot.Reply, error) {
	if err != nil {
		return bot.Reply{}, err
	}
	c, err := s.reportCard(ctx, a, a.Lang, r, false)
	if err != nil {
		return bot.Reply{}, err
	}
	rep := bot.Show(c, reportView(r))
	rep.Private = true
	return rep, nil
}

func (s *Services) showReportID(ctx context.Context, a crm.Actor, id crm.ReportID) (bot.Reply, error) {
	r, err := s.Reports.ByID(ctx, a, id)
	return s.showReport(ctx, a, r, err)
}

func (s *Services) renderReport(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	id, err := reportID(ref)
	if err != nil || v.Group {
		return card.Card{}, crm.Forbidden("日报只在单聊里显示", "a report is shown in the 1:1 chat only")
	}
	r, err := s.Reports.ByID(ctx, v.Actor, id)
	if err != nil {
		return card.Card{}, err
	}
	return s.reportCard(ctx, v.Actor, v.Lang, r, false)
}

func (s *Services) renderChase(ctx context.Context, v bot.Viewer, ref string) (card.Card, error) {
	id, err := reportID(ref)
	if err != nil || v.Group {
		return card.Card{}, bot.ErrNothing
	}
	r, err := s.Reports.ByID(ctx, v.Actor, id)
	if err != nil {
		return card.Card{}, err
	}
	if r.State.Done() {
		return cards.ReportChaseDone(v.Lang, r), nil
	}
	return cards.ReportChaseCard(v.Lang, r, s.Reports.Clock(ctx, report.StepDue)), nil
}

func reportID(ref string) (crm.ReportID, error) {
	r, err := crm.ParseRef(ref)
	if err != nil || r.Kind != crm.KindReport {
		return 0, crm.NotFound("没有这份日报："+ref, "there is no such report: "+ref)
	}
	return crm.ReportID(r.ID), nil
}

// daily answers /日报 in all its forms.
func (s *Services) daily(ctx context.Context, a crm.Actor, c bot.Call, rest string) (bot.Reply, error) {
	word, text, _ := strings.Cut(rest, " ")
	switch strings.ToLower(word) {
	case "提交", "submit":
		return s.dailyWrite(ctx, a, text, true)
	case "保存", "save":
		return s.dailyWrite(ctx, a, text, false)
	case "修改", "edit":
		return s.dailyEdit(ctx, a, text)
	}
	if id, err := reportID(word); err == nil && text == "" {
		return s.showReportID(ctx, a, id)
	}
	user, day, err := s.whoAndDay(ctx, a, c, rest)
	if err != nil {
		return bot.Reply{}, err
	}
	r, err := s.Reports.Get(ctx, a, user, day)
	return s.showReport(ctx, a, r, err)
}

// reportDay is the day whose report somebody means who names none.
func (s *Services) reportDay() crm.Day { return s.Calendar.WorkdayOnOrBefore(s.today()) }

// datePrefix reads a leading 2026-03-02.
func (s *Services) datePrefix(text string) (crm.Day, string) {
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if d, err := crm.ParseDay(word); err == nil {
		return d, strings.TrimSpace(rest)
	}
	return s.reportDay(), strings.TrimSpace(text)
}

func (s *Services) dailyWrite(ctx context.Context, a crm.Actor, text string, final bool) (bot.Reply, error) {
	day, text := s.datePrefix(text)
	r, err := s.Reports.Open(ctx, a, day)
	if err != nil {
		return bot.Reply{}, err
	}
	in := report.Input{Answers: append([]string{}, r.Answers...), Next: r.Next}
	if text != "" {
		if len(in.Answers) == 0 {
			in.Answers = []string{""}
		}
		in.Answers[0] = text
	}
	write := s.Reports.Save
	if final {
		write = s.Reports.Submit
	}
	r, err = write(ctx, a, r.ID, r.Version, in)
	rep, err := s.showReport(ctx, a, r, err)
	if err == nil && final {
		rep.Toast, rep.ToastTone = submittedText(r).In(a.Lang), bot.ToastSuccess
	}
	return rep, err
}

func (s *Services) dailyEdit(ctx context.Context, a crm.Actor, text string) (bot.Reply, error) {
	day, _ := s.datePrefix(text)
	r, err := s.Reports.Open(ctx, a, day)
	if err != nil {
		return bot.Reply{}, err
	}
	if !s.Reports.Editable(ctx, r) {
		return bot.Reply{}, crm.Refused("R-02", "这份日报已定稿，不能再改", "this report is closed and cannot be changed")
	}
	c, err := s.reportCard(ctx, a, a.Lang, r, true)
	return bot.Reply{Card: &c, View: reportView(r), Private: true}, err
}

// whoAndDay reads "[人] [日期]" in either order.
func (s *Services) whoAndDay(ctx context.Context, a crm.Actor, c bot.Call, rest string) (crm.UserID, crm.Day, error) {
	user, text := a.ID, rest
	if len(c.People) > 0 {
		user = c.People[0].ID
		var kept []string
		for _, w := range strings.Fields(text) {
			if !strings.HasPrefix(w, "@") {
				kept = append(kept, w)
			}
		}
		text = strings.Join(kept, " ")
	}
	if text == "" {
		return user, s.reportDay(), nil
	}
	w, err := calendar.ParseWhen(text, s.Clock.Now(), s.Calendar)
	if err == nil && w.Rest == "" {
		return user, w.Day, nil
	}
	name, day := text, s.reportDay()
	if err == nil {
		name, day = w.Rest, w.Day
	} else if first, more, ok := strings.Cut(text, " "); ok {
		if w, err := calendar.ParseWhen(more, s.Clock.Now(), s.Calendar); err == nil && w.Rest == "" {
			name, day = first, w.Day
		}
	}
	u, err := s.Directory.One(ctx, name)
	return u.ID, day, err
}
