package assign

import (
	"context"
	"fmt"
	"slices"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// Standing is how somebody takes part today, for themselves and their manager.
type Standing struct {
	User org.User
	Profile
	Candidate Candidate
	// Against is why they get nothing now; empty: they do.
	Against Block
	Cap     int
	// Duty are the next days with whether the person is on duty.
	Duty map[crm.Day]bool
}

// RosterDays is how many days a roster shows.
const RosterDays = 7

// Mine is how the actor takes part, and what is offered to them now.
func (s *Service) Mine(ctx context.Context, a crm.Actor) (Standing, []Offer, error) {
	u, err := s.d.People.User(ctx, a.ID)
	if err != nil {
		return Standing{}, nil, err
	}
	list, err := s.standings(ctx, []org.User{u})
	if err != nil {
		return Standing{}, nil, err
	}
	offers, err := s.d.Store.OpenOffers(ctx, a.ID)
	return list[0], offers, err
}

// Roster is how the sales reps whom the actor leads take part, and the days shown.
func (s *Service) Roster(ctx context.Context, a crm.Actor) ([]Standing, []crm.Day, error) {
	if !a.Is(supervisors...) {
		return nil, nil, crm.Forbid(a, crm.Manager, crm.Director)
	}
	users, err := s.d.People.Users(ctx, func(u org.User) bool { return u.Has(crm.Rep) && a.Leads(u.Team) })
	if err != nil {
		return nil, nil, err
	}
	list, err := s.standings(ctx, users[:min(len(users), maxRoster)])
	return list, s.rosterDays(), err
}

// maxRoster bounds one card; bigger teams have sub-teams with their own managers.
const maxRoster = 60

func (s *Service) rosterDays() []crm.Day {
	days := make([]crm.Day, RosterDays)
	today := s.d.Calendar.DayOf(s.d.Clock.Now())
	for i := range days {
		days[i] = today.AddDays(i)
	}
	return days
}

func (s *Service) standings(ctx context.Context, users []org.User) ([]Standing, error) {
	d := s.newDesk(ctx, s.d.Clock.Now())
	if err := d.load(ctx, users); err != nil {
		return nil, err
	}
	ids := make([]crm.UserID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	profiles, err := s.d.Store.Profiles(ctx, ids)
	if err != nil {
		return nil, err
	}
	days := s.rosterDays()
	exceptions, err := s.d.Store.DutyDays(ctx, ids, days[0], days[len(days)-1])
	if err != nil {
		return nil, err
	}
	out := make([]Standing, len(users))
	for i, u := range users {
		p := profiles[u.ID]
		p.User = u.ID
		c := *d.people[u.ID]
		out[i] = Standing{User: u, Profile: p, Candidate: c, Against: c.Against(d.maxOverdue), Cap: s.capOf(ctx, u, p), Duty: map[crm.Day]bool{}}
		for _, day := range days {
			out[i].Duty[day] = !u.OnLeave(day) && OnDuty(p, exception(exceptions[u.ID], day), s.d.Calendar, day)
		}
	}
	return out, nil
}

// Switch opens or closes the flow of leads to the actor, with their words.
func (s *Service) Switch(ctx context.Context, a crm.Actor, on bool, note string) error {
	if !a.Is(crm.Rep) {
		return crm.Forbid(a, crm.Rep)
	}
	if n := []rune(crm.Normalize(note)); len(n) > 60 {
		return crm.Invalid("说明最多 60 个字", "a note takes up to 60 characters")
	}
	return s.profile(ctx, a, a.ID, "assign.switch", func(p *Profile) {
		p.Off, p.Note = !on, crm.Normalize(note)
		if on {
			p.Note = ""
		}
	})
}

// Setting is what a manager decides about somebody's part; nil leaves it.
type Setting struct {
	Weight, Cap *int
	Off         *bool
	// Days are the days of the week on duty; empty but not nil: every working day.
	Days []int
	// Day is an exception for one day: on, off, or back to the week's rule.
	Day     crm.Day
	DayOn   bool
	DayBack bool
}

// Set changes how somebody whom the actor leads takes part.
func (s *Service) Set(ctx context.Context, a crm.Actor, user crm.UserID, x Setting) error {
	if err := mayAct(a); err != nil {
		return err
	}
	if !a.Is(supervisors...) {
		return crm.Forbid(a, crm.Manager, crm.Director)
	}
	u, err := s.d.People.User(ctx, user)
	if err != nil {
		return err
	}
	switch {
	case !a.Leads(u.Team):
		return crm.Forbidden(u.Name+" 不在您管理的团队里", u.Name+" is not in a team that you lead")
	case !u.Has(crm.Rep):
		return crm.Refused("AS-02", u.Name+" 不是销售，不参与分配", u.Name+" is not a sales rep and takes no part in distribution")
	case x.Weight != nil && (*x.Weight < 1 || *x.Weight > 100):
		return crm.Invalid("权重是 1 到 100 的整数", "a weight is a whole number from 1 to 100").WithNext("不参与请写 停", "write off for somebody who takes no part")
	case x.Cap != nil && (*x.Cap < 0 || *x.Cap > 10000):
		return crm.Invalid("每月上限是 0 到 10000 的整数，0 表示按公司设置", "a monthly limit is a whole number from 0 to 10000; 0 means the company's")
	case x.Day != "" && x.Day < s.d.Calendar.DayOf(s.d.Clock.Now()):
		return crm.Invalid(fmt.Sprintf("%s 已经过去", x.Day), fmt.Sprintf("%s is over", x.Day))
	}
	for _, d := range x.Days {
		if d < 1 || d > 7 {
			return crm.Invalid("值班日是周一到周日", "duty days are Monday to Sunday")
		}
	}
	if x.Day != "" {
		return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			on := &x.DayOn
			if x.DayBack {
				on = nil
			}
			if err := s.d.Store.SaveDutyDay(ctx, user, x.Day, on); err != nil {
				return err
			}
			return s.d.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "assign.duty", Ref: org.PersonRef(user), Rule: "AS-02", Detail: map[string]any{"day": x.Day, "on": x.DayOn, "back": x.DayBack}})
		})
	}
	return s.profile(ctx, a, user, "assign.profile", func(p *Profile) {
		if x.Weight != nil {
			p.Weight = *x.Weight
		}
		if x.Cap != nil {
			p.Cap = *x.Cap
		}
		if x.Off != nil {
			p.Off, p.Note = *x.Off, ""
		}
		if x.Days != nil {
			p.Days = slices.Clone(x.Days)
			slices.Sort(p.Days)
			p.Days = slices.Compact(p.Days)
		}
	})
}

func (s *Service) profile(ctx context.Context, a crm.Actor, user crm.UserID, action string, change func(*Profile)) error {
	if err := mayAct(a); err != nil {
		return err
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		have, err := s.d.Store.Profiles(ctx, []crm.UserID{user})
		if err != nil {
			return err
		}
		p := have[user]
		p.User = user
		change(&p)
		p.By, p.UpdatedAt = a.ID, s.d.Clock.Now()
		if err := s.d.Store.SaveProfile(ctx, p); err != nil {
			return err
		}
		return s.d.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: action, Ref: org.PersonRef(user), Rule: "AS-02", Detail: map[string]any{"weight": p.Weight, "cap": p.Cap, "off": p.Off, "days": p.Days}})
	})
}
