package activity

import (
	"context"
	"slices"
	"strconv"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
)

// Today is a person's list to clear.
type Today struct {
	Day     crm.Day
	Workday bool
	// Overdue and Due are open next steps of earlier days and of today, the oldest
	// first. At most 100 in all.
	Overdue, Due []StepSeen
	// Plans are today's visits, done ones too.
	Plans []PlanSeen
	// Approvals wait for the person's decision.
	Approvals []Waiting
	// Leads are about to go back to the pool, or wait for their first contact.
	Leads []lead.Seen
	// Accounts are about to go back to their pool.
	Accounts []AtRisk
	// Completion of today's plan so far.
	Completion Completion
}

// Empty reports whether nothing is left to do.
func (t Today) Empty() bool { return t.Left() == 0 }

// Left counts what is left to do.
func (t Today) Left() int {
	n := len(t.Overdue) + len(t.Due) + len(t.Approvals) + len(t.Leads) + len(t.Accounts)
	for _, p := range t.Plans {
		if p.State == PlanOpen {
			n++
		}
	}
	return n
}

// What is about records that went to somebody else is read and left out.
const (
	maxRead   = 500
	maxSteps  = 100
	maxLosing = 20
)

// TodayOf is the actor's own list of the present day.
func (s *Service) TodayOf(ctx context.Context, a crm.Actor) (Today, error) {
	day := s.d.Calendar.DayOf(s.d.Clock.Now())
	t := Today{Day: day, Workday: s.d.Calendar.IsWorkday(day)}
	steps, err := s.StepsOf(ctx, a)
	if err != nil {
		return t, err
	}
	for _, st := range steps {
		if st.Due.Day == day {
			t.Due = append(t.Due, st)
		} else {
			t.Overdue = append(t.Overdue, st)
		}
	}
	ps, err := s.d.Store.Plans(ctx, []crm.UserID{a.ID}, day)
	if err != nil {
		return t, err
	}
	acts, err := s.d.Store.ActivitiesOf(ctx, []crm.UserID{a.ID}, day)
	if err != nil {
		return t, err
	}
	t.Completion = CompletionOf(a.ID, ps, acts)
	var subjects []crm.Ref
	for _, p := range ps {
		subjects = append(subjects, p.Subject)
	}
	lost, err := s.lost(ctx, a, subjects)
	if err != nil {
		return t, err
	}
	ps = slices.DeleteFunc(ps, func(p Plan) bool { return p.State == PlanCancelled || p.State == PlanOpen && lost[p.Subject] })
	if t.Plans, err = s.seePlans(ctx, ps, acts); err != nil {
		return t, err
	}
	if s.d.Approvals != nil {
		if t.Approvals, err = s.d.Approvals.WaitingFor(ctx, a); err != nil {
			return t, err
		}
	}
	if !a.Is(crm.Rep) {
		return t, nil
	}
	days := int(lostDays.Of(ctx, s.d.Rules, scopes(a.ID, a.Team)...))
	until := s.d.Calendar.At(s.d.Calendar.WorkdayOnOrAfter(day), s.d.Calendar.Settings().WorkTo)
	if t.Leads, err = s.d.Leads.Losing(ctx, a, days, until, maxLosing); err != nil || s.d.Keep == nil {
		return t, err
	}
	t.Accounts, err = s.d.Keep.Soon(ctx, crm.KindAccount, a.ID, days, maxLosing)
	return t, err
}

// StepsOf are the actor's open next steps of today and of earlier days, the
// oldest first; at most 100.
func (s *Service) StepsOf(ctx context.Context, a crm.Actor) ([]StepSeen, error) {
	steps, err := s.d.Store.OpenSteps(ctx, a.ID, s.d.Calendar.DayOf(s.d.Clock.Now()), maxRead)
	if err != nil {
		return nil, err
	}
	lost, err := s.lost(ctx, a, stepSubjects(steps))
	if err != nil {
		return nil, err
	}
	steps = slices.DeleteFunc(steps, func(st Step) bool { return lost[st.Subject] })
	steps = steps[:min(len(steps), maxSteps)]
	refs := make([]crm.Ref, len(steps))
	for i, st := range steps {
		refs[i] = st.Subject
	}
	names, err := s.d.Store.RecordNames(ctx, refs)
	if err != nil {
		return nil, err
	}
	out := make([]StepSeen, len(steps))
	for i, st := range steps {
		out[i] = StepSeen{st, names[st.Subject]}
	}
	return out, nil
}

// NextDigest is when the daily list is sent next after t: on working days at
// the time of the setting.
func (s *Service) NextDigest(ctx context.Context, t time.Time) time.Time {
	h, m := DigestAt.Of(ctx, s.d.Rules)
	day := s.d.Calendar.WorkdayOnOrAfter(s.d.Calendar.DayOf(t))
	if at := day.At(h, m, s.d.Calendar.Zone()); at.After(t) {
		return at
	}
	return s.d.Calendar.NextWorkday(day).At(h, m, s.d.Calendar.Zone())
}

// Digest queues the daily list of everybody who is at work that day and has
// something to do (CH-03). It may run again: nobody gets a second one.
func (s *Service) Digest(ctx context.Context, day crm.Day) error {
	us, err := s.d.People.Users(ctx, func(u org.User) bool { return !u.Frozen && !u.OnLeave(day) })
	if err != nil {
		return err
	}
	for part := range slices.Chunk(us, 200) {
		var notices []crm.Notice
		for _, u := range part {
			a, err := s.d.People.Actor(ctx, u.ID)
			if err != nil {
				return err
			}
			t, err := s.TodayOf(ctx, a)
			if err != nil {
				return err
			}
			if t.Empty() {
				continue
			}
			notices = append(notices, crm.Notice{To: crm.ToUser(u.ID), View: crm.View{Name: ViewToday, Ref: string(day)}, Key: "today:" + string(day) + ":" + strconv.FormatInt(int64(u.ID), 10), Always: true})
		}
		if err := s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.d.Effects.Notify(ctx, notices...) }); err != nil {
			return err
		}
	}
	return nil
}

// Prune removes drafts and photos that nobody used.
func (s *Service) Prune(ctx context.Context, now time.Time) error {
	return s.d.Store.PruneActivity(ctx, now.AddDate(0, 0, -7))
}
