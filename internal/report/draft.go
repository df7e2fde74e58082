package report

import (
	"context"
	"slices"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// The views that reports queue.
const (
	ViewReport  = "report.card"    // ref: the report's code
	ViewChase   = "report.chase"   // ref: the report's code
	ViewDigest  = "report.digest"  // ref: DigestRef
	ViewMissing = "report.missing" // ref: the day that is missing reports
)

// chunk is how many reports or notices one transaction writes.
const chunk = 200

// DraftAll makes the day's drafts for everybody who owes a report and sends
// each to its owner. It may run again at any time: existing reports stay
// as they are and nobody gets a second card.
func (s *Service) DraftAll(ctx context.Context, day crm.Day) error {
	users, err := s.Expected(ctx, day)
	if err != nil {
		return err
	}
	have, err := s.existing(ctx, day)
	if err != nil {
		return err
	}
	todo := slices.DeleteFunc(slices.Clone(users), func(u org.User) bool { _, ok := have[u.ID]; return ok })
	contents, err := s.build(ctx, todo, day)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(todo, chunk) {
		if err := s.addDrafts(ctx, part, day, contents); err != nil {
			return err
		}
	}
	// Everybody whose report is open gets the card, also those who opened it
	// before the time themselves.
	return s.notifyOpen(ctx, users, day, ViewReport, "report.draft:")
}

func (s *Service) existing(ctx context.Context, day crm.Day) (map[crm.UserID]Report, error) {
	rs, err := s.store.ReportsOn(ctx, day, nil, false)
	if err != nil {
		return nil, err
	}
	out := make(map[crm.UserID]Report, len(rs))
	for _, r := range rs {
		out[r.User] = r
	}
	return out, nil
}

// draftTries bounds how often a part of the drafts is tried again because
// somebody opened a report at the same moment.
const draftTries = 20

// addDrafts stores the drafts that do not exist yet. Who exists is read in the
// same transaction; when somebody opens a report between reading and writing,
// the whole part conflicts and is tried again.
func (s *Service) addDrafts(ctx context.Context, users []org.User, day crm.Day, contents map[crm.UserID]built) error {
	var err error
	for range draftTries {
		err = s.tx.InTx(ctx, func(ctx context.Context) error {
			have, err := s.existing(ctx, day)
			if err != nil {
				return err
			}
			var rs []*Report
			for _, u := range users {
				if _, ok := have[u.ID]; !ok {
					r := s.newDraft(u, day, contents[u.ID])
					rs = append(rs, &r)
				}
			}
			return s.store.AddReports(ctx, rs)
		})
		if crm.CodeOf(err) != crm.CodeConflict {
			return err
		}
	}
	return err
}

func (s *Service) newDraft(u org.User, day crm.Day, b built) Report {
	now := s.now()
	return Report{User: u.ID, Team: u.Team, Day: day, Template: b.version, State: Draft, Content: b.Content, Answers: make([]string, len(Template(b.Blocks).Texts())),
		Notes: map[string]string{}, AsOf: now, CreatedAt: now, Version: 1}
}

// notifyOpen queues a card for each of the users whose report of the day is
// not handed in, once per report and key prefix.
func (s *Service) notifyOpen(ctx context.Context, users []org.User, day crm.Day, view, prefix string) error {
	owing := make(map[crm.UserID]bool, len(users))
	for _, u := range users {
		owing[u.ID] = true
	}
	rs, err := s.store.ReportsOn(ctx, day, nil, false)
	if err != nil {
		return err
	}
	rs = slices.DeleteFunc(rs, func(r Report) bool { return r.State.Done() || !owing[r.User] })
	for part := range slices.Chunk(rs, chunk) {
		notices := make([]crm.Notice, len(part))
		for i, r := range part {
			notices[i] = crm.Notice{To: crm.ToUser(r.User), View: crm.View{Name: view, Ref: r.ID.String()}, Key: prefix + r.ID.String(), Always: true}
		}
		err := s.tx.InTx(ctx, func(ctx context.Context) error { return s.fx.Notify(ctx, notices...) })
		if err != nil {
			return err
		}
	}
	return nil
}

// ChaseAll reminds everybody whose report is not handed in after it was due.
func (s *Service) ChaseAll(ctx context.Context, day crm.Day) error {
	users, err := s.Expected(ctx, day)
	if err != nil {
		return err
	}
	return s.notifyOpen(ctx, users, day, ViewChase, "report.chase:")
}

// Open gives the actor the own report of a day. A missing one of today is
// drafted at once; a draft comes with the numbers of this moment.
func (s *Service) Open(ctx context.Context, a crm.Actor, day crm.Day) (Report, error) {
	u, err := s.dir.User(ctx, a.ID)
	if err != nil {
		return Report{}, err
	}
	r, ok, err := s.store.ReportOf(ctx, a.ID, day)
	if err != nil {
		return Report{}, err
	}
	if ok {
		return s.fresh(ctx, r)
	}
	if err := s.mayDraft(u, day); err != nil {
		return Report{}, err
	}
	contents, err := s.build(ctx, []org.User{u}, day)
	if err != nil {
		return Report{}, err
	}
	r = s.newDraft(u, day, contents[u.ID])
	err = s.tx.InTx(ctx, func(ctx context.Context) error { return s.store.AddReports(ctx, []*Report{&r}) })
	if crm.CodeOf(err) == crm.CodeConflict { // the schedule or another click was faster
		r, ok, err = s.store.ReportOf(ctx, a.ID, day)
		if err == nil && ok {
			return s.fresh(ctx, r)
		}
	}
	return r, err
}

func (s *Service) mayDraft(u org.User, day crm.Day) error {
	today := s.Today()
	switch {
	case !u.Has(crm.Rep):
		return crm.Refused("R-01", "您的角色不需要交日报", "your role owes no daily report").WithNext("发送 /团队日报 查看团队的", "send /teamreport for your team's")
	case !s.cal.IsWorkday(day):
		return crm.Refused("R-01", string(day)+" 不是工作日，不需要日报", string(day)+" is not a working day and needs no report").
			WithNext("上一个工作日是 "+string(s.cal.PreviousWorkday(day)), "the last working day was "+string(s.cal.PreviousWorkday(day)))
	case u.OnLeave(day):
		return crm.Refused("R-01", string(day)+" 您在休假，免交日报", "you are on leave on "+string(day)+" and exempt from the report")
	case day > today:
		return crm.Refused("R-01", string(day)+" 还没有到，不能写日报", string(day)+" has not come yet")
	case day < today:
		return crm.NotFound("您在 "+string(day)+" 没有日报", "you have no report of "+string(day))
	}
	return nil
}

// Get gives somebody's report of a day to a person who may see it: the owner
// and those who lead the team.
func (s *Service) Get(ctx context.Context, a crm.Actor, user crm.UserID, day crm.Day) (Report, error) {
	if user == a.ID {
		return s.Open(ctx, a, day)
	}
	u, err := s.dir.User(ctx, user)
	if err != nil {
		return Report{}, err
	}
	if !a.CanSee(u.ID, u.Team) {
		return Report{}, notYours()
	}
	r, ok, err := s.store.ReportOf(ctx, user, day)
	if err != nil {
		return Report{}, err
	}
	if !ok {
		return Report{}, crm.NotFound(u.Name+"在 "+string(day)+" 没有日报", u.Name+" has no report of "+string(day))
	}
	return s.fresh(ctx, r)
}

// ByID is Get by the report's id.
func (s *Service) ByID(ctx context.Context, a crm.Actor, id crm.ReportID) (Report, error) {
	r, err := s.store.Report(ctx, id)
	if err != nil {
		return Report{}, err
	}
	if err := s.maySee(ctx, a, r); err != nil {
		return Report{}, err
	}
	return s.fresh(ctx, r)
}

func (s *Service) maySee(ctx context.Context, a crm.Actor, r Report) error {
	u, err := s.dir.User(ctx, r.User)
	if err != nil {
		return err
	}
	if !a.CanSee(r.User, u.Team) {
		return notYours()
	}
	return nil
}

func notYours() error {
	e := crm.Forbidden("这份日报不在您的权限范围内", "this report is outside your rights").WithNext("本人和上级可以查看", "its owner and their superiors may see it")
	e.Rule = "PM-01"
	return e
}

// fresh gives a draft the numbers of this moment; a handed-in report keeps its
// own.
func (s *Service) fresh(ctx context.Context, r Report) (Report, error) {
	if r.State.Done() {
		return r, nil
	}
	u, err := s.dir.User(ctx, r.User)
	if err != nil {
		return r, err
	}
	b, err := s.rebuild(ctx, u, r)
	if err != nil {
		return r, err
	}
	r.Content, r.AsOf = b, s.now()
	return r, nil
}

// rebuild computes a draft's content again from the template that it was
// drafted with: a change of the template applies to reports not yet drafted
//
func (s *Service) rebuild(ctx context.Context, u org.User, r Report) (Content, error) {
	out := map[crm.UserID]built{}
	g := group{template: r.Content.Blocks, version: r.Template, users: []org.User{u}}
	if err := s.buildGroup(ctx, g, r.Day, out); err != nil {
		return Content{}, err
	}
	return out[u.ID].Content, nil
}
