package lead

import (
	"context"
	"maps"
	"strconv"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// ViewCheck proposes new points to administrators (L-07): "2026-03".
const ViewCheck = "lead.check"

// The stages of a lead's verdict: which of its times are over.
const (
	judgedNot   = 0
	judgedValid = 1 // its working days to be confirmed are over
	judgedAll   = 2 // its days to become a deal are over too
)

// Bounds of one step of the nightly run. Nothing is locked while a page is read
// and worked out; the rows that changed are written together, which takes
// milliseconds.
const (
	judgeBatch = 500
	scorePage  = 1000
	scoreBatch = 100
)

// Run is how far a nightly run has come.
type Run struct {
	Day   crm.Day
	After crm.LeadID
	Done  bool
}

// Judged is a lead whose time is up.
type Judged struct {
	Lead
	// First is the grade that it had when its working days were over, by which
	// the accuracy is measured.
	First Grade
	// Reached reports that a deal was opened for what it became in time.
	Reached bool
}

// Nightly does the day's work on lead quality: verdicts, learned points, every
// lead's score, and on the first run of a month the check of the grades. It
// goes on where a stopped run of the same day ended, and a second run of a day
// does nothing.
func (s *Service) Nightly(ctx context.Context, day crm.Day) error {
	for _, step := range []func(context.Context, crm.Day) error{s.judgeValid, s.judgeReached, s.learn, s.rescoreAll, s.monthlyCheck} {
		if err := step(ctx, day); err != nil {
			return err
		}
	}
	return nil
}

// judgeValid writes for each lead whose working days are over whether it was
// valid (L-07).
func (s *Service) judgeValid(ctx context.Context, today crm.Day) error {
	days := int(ValidDays.Of(ctx, s.d.Rules))
	until := s.d.Calendar.At(dueBefore(s.d.Calendar, today, days).AddDays(1), 0)
	return s.judge(ctx, judgedNot, until, func(j Judged) []crm.Fact {
		if j.Quality == QualityDuplicate {
			return nil
		}
		day := s.d.Calendar.AddWorkdays(s.d.Calendar.DayOf(j.CreatedAt), days)
		keys := []string{FactDue}
		if ValidLead(j.Lead, s.d.Calendar, days) {
			keys = append(keys, FactValid)
		}
		return s.judgedFacts(day, j, keys...)
	}, nil)
}

// judgeReached writes for each lead whose days to become a deal are over
// whether its grade was right (L-07), and counts it for its channel (L-05).
func (s *Service) judgeReached(ctx context.Context, today crm.Day) error {
	days := int(ReachDays.Of(ctx, s.d.Rules))
	until := s.d.Calendar.At(today.AddDays(-days), 0)
	return s.judge(ctx, judgedValid, until, func(j Judged) []crm.Fact {
		if !j.First.Valid() {
			return nil
		}
		keys := []string{FactGraded}
		if GradeRight(j.First, j.Reached) {
			keys = append(keys, FactGradeRight)
		}
		return s.judgedFacts(s.d.Calendar.DayOf(j.CreatedAt).AddDays(days), j, keys...)
	}, func(j Judged) Outcome {
		day := s.d.Calendar.DayOf(j.CreatedAt).AddDays(days)
		o := Outcome{Month: string(day)[:7], Source: j.Source, Grade: j.First, Tally: Tally{Leads: 1}}
		if j.Reached {
			o.Reached = 1
		}
		return o
	})
}

// judge takes the leads of a stage that were made before the moment through to
// the next stage, a batch per transaction.
func (s *Service) judge(ctx context.Context, stage int, until time.Time, facts func(Judged) []crm.Fact, outcome func(Judged) Outcome) error {
	reach := int(ReachDays.Of(ctx, s.d.Rules))
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := 0
		err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			list, err := s.d.Store.ToJudge(ctx, stage, until, judgeBatch)
			if n = len(list); err != nil || n == 0 {
				return err
			}
			if stage == judgedValid {
				if err := s.reached(ctx, list, reach); err != nil {
					return err
				}
			}
			sums := map[Outcome]Tally{}
			for i := range list {
				j := &list[i]
				if stage == judgedNot {
					j.First = j.Grade
				}
				fs := facts(*j)
				if err := s.credit(ctx, fs, j.CreatedBy); err != nil {
					return err
				}
				if err := s.d.Effects.Record(ctx, fs...); err != nil {
					return err
				}
				if outcome != nil && j.Quality != QualityDuplicate {
					o := outcome(*j)
					key := Outcome{Month: o.Month, Source: o.Source, Grade: o.Grade}
					sums[key] = Tally{sums[key].Leads + o.Leads, sums[key].Reached + o.Reached}
				}
			}
			if err := s.d.Store.SaveJudged(ctx, list, stage+1); err != nil {
				return err
			}
			added := make([]Outcome, 0, len(sums))
			for o, t := range sums {
				o.Tally = t
				added = append(added, o)
			}
			return s.d.Store.AddOutcomes(ctx, added)
		})
		if err != nil || n < judgeBatch {
			return err
		}
	}
}

// reached marks the leads for which a deal was opened within so many days.
func (s *Service) reached(ctx context.Context, list []Judged, days int) error {
	var ids []crm.AccountID
	for _, j := range list {
		if j.Became != 0 {
			ids = append(ids, j.Became)
		}
	}
	opened, err := s.d.Store.DealDays(ctx, ids)
	if err != nil {
		return err
	}
	for i, j := range list {
		from := s.d.Calendar.DayOf(j.CreatedAt)
		for _, d := range opened[j.Became] {
			list[i].Reached = list[i].Reached || d >= from && d <= from.AddDays(days)
		}
	}
	return nil
}

func (s *Service) judgedFacts(day crm.Day, j Judged, keys ...string) []crm.Fact {
	var out []crm.Fact
	for _, k := range keys {
		out = append(out, crm.Fact{At: s.d.Calendar.At(day, calendar.Clock(12, 0)), Day: day, User: j.CreatedBy, Key: k, Qty: 1, Ref: j.Ref()})
	}
	return out
}

// credit gives the facts to whoever entered the lead, in their present team.
func (s *Service) credit(ctx context.Context, fs []crm.Fact, by crm.UserID) error {
	if len(fs) == 0 || by == 0 {
		return nil
	}
	u, err := s.d.People.User(ctx, by)
	if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
		return err
	}
	for i := range fs {
		fs[i].Team = u.Team
	}
	return nil
}

// learn sets the points of the channels that have enough leads (L-01, L-05).
func (s *Service) learn(ctx context.Context, _ crm.Day) error {
	list, err := s.d.Store.Outcomes(ctx, "", "")
	if err != nil {
		return err
	}
	points := Learn(ByChannel(list), int(LearnFrom.Of(ctx, s.d.Rules)), int(Shrink.Of(ctx, s.d.Rules)))
	have, err := s.d.Store.LearnedPoints(ctx)
	if err != nil || maps.Equal(points, have) {
		return err
	}
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.d.Store.SaveLearned(ctx, points); err != nil {
			return err
		}
		return s.d.Effects.Audit(ctx, crm.Audit{At: s.d.Clock.Now(), Action: "lead.learned", Rule: "L-05", Detail: map[string]any{"from": have, "to": points}})
	})
	s.learned.Forget()
	return err
}

// rescoreAll scores every open lead once for the day, in order of ids.
func (s *Service) rescoreAll(ctx context.Context, day crm.Day) error {
	run, err := s.d.Store.ScoreRun(ctx)
	if err != nil {
		return err
	}
	if run.Day != day {
		run = Run{Day: day}
	}
	if run.Done {
		return nil
	}
	p, err := s.scale(ctx)
	if err != nil {
		return err
	}
	for !run.Done {
		if err := ctx.Err(); err != nil {
			return err
		}
		if run, err = s.rescorePage(ctx, p, run); err != nil {
			return err
		}
	}
	return nil
}

// rescorePage reads and works out one page outside of any transaction. Leads
// whose grade stays are written together, each only if nobody worked on it
// meanwhile: who did scored it. Those that get another grade are done one by
// one, with what follows from it.
func (s *Service) rescorePage(ctx context.Context, p Scale, run Run) (Run, error) {
	now := s.d.Clock.Now()
	list, did, err := s.d.Store.ScorePage(ctx, run.After, now.AddDate(0, 0, -p.Actions.Days), scorePage)
	if err != nil {
		return run, err
	}
	var same []Lead
	for _, l := range list {
		next := Rated(l, did[l.ID], p, now, run.Day)
		switch {
		case sameRating(l, next):
		case l.Grade == next.Grade && l.Given == next.Given:
			same = append(same, next)
		default:
			err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
				_, err := s.rescore(ctx, p, l.ID, run.Day)
				return err
			})
			if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
				return run, err
			}
		}
	}
	if run.Done = len(list) < scorePage; len(list) > 0 {
		run.After = list[len(list)-1].ID
	}
	for {
		part := same[:min(len(same), scoreBatch)]
		same = same[len(part):]
		err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			if err := s.d.Store.SaveRatings(ctx, part); err != nil || len(same) > 0 {
				return err
			}
			return s.d.Store.SaveScoreRun(ctx, run)
		})
		if err != nil || len(same) == 0 {
			return run, err
		}
	}
}

// monthlyCheck tells the administrators once a month when better grades did not
// become deals more often (L-07). It proposes and changes nothing.
func (s *Service) monthlyCheck(ctx context.Context, day crm.Day) error {
	month := string(day)[:7]
	c, _, err := s.check(ctx, month)
	if err != nil || !c.Enough || c.Fine {
		return err
	}
	admins, err := s.d.People.WithRole(ctx, crm.Admin)
	if err != nil {
		return err
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		for _, u := range admins {
			if !u.Active {
				continue
			}
			// The key makes it one card a month, on whichever night that is.
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(u.ID), View: crm.View{Name: ViewCheck, Ref: month}, Key: "lead.check:" + month + ":" + strconv.FormatInt(int64(u.ID), 10), After: s.d.Calendar.NextLoud(s.d.Clock.Now())}); err != nil {
				return err
			}
		}
		return nil
	})
}

// check looks at the outcomes of the months before the given one.
func (s *Service) check(ctx context.Context, month string) (Check, []Outcome, error) {
	first := crm.Day(month + "-01")
	if !first.Valid() {
		return Check{}, nil, crm.NotFound("没有这个月份", "there is no such month")
	}
	y, m, _ := first.Date()
	from := time.Date(y, m-time.Month(CheckSpan.Of(ctx, s.d.Rules)), 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
	list, err := s.d.Store.Outcomes(ctx, from, month)
	return CheckGrades(list, int(CheckLeast.Of(ctx, s.d.Rules))), list, err
}

// Quality is what the channels and grades of the months before are worth, and
// what points are proposed.
type Quality struct {
	Month    string
	Months   int
	Least    int
	Check    Check
	Channels []ChannelPoints
	// Learned are the channels whose points were learned.
	Learned map[string]int
}

// QualityOf is the view of lead quality for those who answer for it; month is
// the one before which it ends, "2026-03", or empty for now.
func (s *Service) QualityOf(ctx context.Context, a crm.Actor, month string) (Quality, error) {
	if !a.Is(QualityReaders...) {
		return Quality{}, crm.Forbid(a, QualityReaders...)
	}
	if month == "" {
		month = string(s.d.Calendar.DayOf(s.d.Clock.Now()))[:7]
	}
	c, list, err := s.check(ctx, month)
	if err != nil {
		return Quality{}, err
	}
	p, err := s.scale(ctx)
	if err != nil {
		return Quality{}, err
	}
	return Quality{Month: month, Months: int(CheckSpan.Of(ctx, s.d.Rules)), Least: int(CheckLeast.Of(ctx, s.d.Rules)), Check: c,
		Channels: Propose(list, p, int(Shrink.Of(ctx, s.d.Rules))), Learned: p.Learned}, nil
}

// QualityReaders are the roles that see the quality of channels and grades.
var QualityReaders = []crm.Role{crm.Marketing, crm.Service, crm.Manager, crm.Director, crm.Boss, crm.Admin}
