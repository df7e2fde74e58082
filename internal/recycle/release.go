package recycle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// Release takes back what is due today and was warned of (P-15): it collects
// the records, stops and asks when they are too many (P-16), and gives them back
// one by one. It may be stopped and goes on where it was; several replicas may
// run it at once.
func (s *Service) Release(ctx context.Context) error {
	if !s.open(ctx, s.d.Clock.Now()) {
		return nil
	}
	if err := s.noteDelivered(ctx); err != nil {
		return err
	}
	today := s.today()
	if err := s.lapse(ctx, today); err != nil {
		return err
	}
	run, err := s.d.Store.Run(ctx, today)
	if err != nil {
		return err
	}
	if run.State == "" {
		run = Run{Day: today, State: RunCollecting}
		if err := s.saveRun(ctx, run, ""); err != nil {
			return err
		}
	}
	if run.State == RunCollecting {
		if run, err = s.collect(ctx, run); err != nil {
			return err
		}
	}
	if run.State == RunReleasing {
		return s.carryOut(ctx, run)
	}
	return nil
}

// open reports whether records may be released at the moment: on a working day,
// from the time of the setting until work ends.
func (s *Service) open(ctx context.Context, now time.Time) bool {
	cal := s.d.Calendar
	day := cal.DayOf(now)
	h, m := ReleaseAt.Of(ctx, s.d.Rules)
	end := cal.At(day, max(cal.Settings().WorkTo, calendar.Clock(h, m)+60))
	return cal.IsWorkday(day) && !now.Before(day.At(h, m, cal.Zone())) && now.Before(end)
}

// errRunMoved means that another replica took the run on.
var errRunMoved = errors.New("another replica has taken the run of releases on")

func (s *Service) saveRun(ctx context.Context, r Run, was RunState) error {
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.d.Store.SaveRun(ctx, r, was)
		if err == nil && !ok {
			err = errRunMoved
		}
		return err
	})
}

// lapse ends runs of earlier days that still wait for an answer: today's asks
// again about what is due today.
func (s *Service) lapse(ctx context.Context, today crm.Day) error {
	runs, err := s.d.Store.RunsIn(ctx, RunAsked, 10)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if r.Day >= today {
			continue
		}
		r.State = RunLapsed
		if _, err := s.advance(ctx, r, RunAsked, nil); err != nil {
			return err
		}
	}
	return nil
}

// collect finds what is due, page by page, and decides whether the run may go on.
func (s *Service) collect(ctx context.Context, run Run) (Run, error) {
	now := s.d.Clock.Now()
	m := s.memo(s.d.Rules, now)
	next := s.nextWarnings(ctx, now)
	q := Query{Until: run.Day, After: run.After}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return run, err
		}
		var list []Candidate
		var err error
		if list, done, err = s.page(ctx, &q, m, next); err != nil {
			return run, err
		}
		if err := s.putOff(ctx, list, run.Day); err != nil {
			return run, err
		}
		items := s.due(list, run.Day, now)
		run.After = q.After
		err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			if err := s.d.Store.AddItems(ctx, run.Day, items); err != nil {
				return err
			}
			ok, err := s.d.Store.SaveRun(ctx, run, RunCollecting)
			if err == nil && !ok {
				err = errRunMoved
			}
			return err
		})
		if err != nil {
			return s.moved(ctx, run, err)
		}
	}
	return s.guard(ctx, run)
}

// moved takes up a run that another replica has taken on.
func (s *Service) moved(ctx context.Context, run Run, err error) (Run, error) {
	if !errors.Is(err, errRunMoved) {
		return run, err
	}
	return s.d.Store.Run(ctx, run.Day)
}

// due are those of the list that may be released now.
func (s *Service) due(list []Candidate, today crm.Day, now time.Time) []Item {
	var out []Item
	for _, c := range list {
		if s.ripe(c, today, now) {
			out = append(out, Item{Ref: c.Ref, Owner: c.Owner, Release: c.Release})
		}
	}
	return out
}

// ripe is the one condition under which a record is released.
func (s *Service) ripe(c Candidate, today crm.Day, now time.Time) bool {
	if c.Owner == 0 || !c.terms.Plan.Releases() || c.Review || c.Held() || c.Release == "" || c.Release > today {
		return false
	}
	_, ok := Proof(c.Warnings, c.Owner, c.Release, now, s.d.Calendar)
	return ok
}

// guard lets a collected run go on or asks the administrators (P-16).
func (s *Service) guard(ctx context.Context, run Run) (Run, error) {
	counts, err := s.d.Store.ItemCounts(ctx, run.Day)
	if err != nil {
		return run, err
	}
	owned, err := s.d.Store.Owned(ctx)
	if err != nil {
		return run, err
	}
	per := map[crm.UserID]int{}
	for u, n := range counts {
		if per[u] = n[ItemWaits]; per[u] == 0 {
			delete(per, u)
		}
		run.Total += n[ItemWaits]
	}
	for _, n := range owned {
		run.Owned += n
	}
	run.Alarm = Guard(run.Total, run.Owned, per, owned, s.limits(ctx))
	run.State = RunReleasing
	if run.Alarm == AlarmNone {
		return s.advance(ctx, run, RunCollecting, nil)
	}
	admins, err := s.admins(ctx)
	if err != nil {
		return run, err
	}
	run.State, run.AskedAt = RunAsked, s.d.Clock.Now()
	return s.advance(ctx, run, RunCollecting, func(ctx context.Context) error {
		for _, u := range admins {
			n := crm.Notice{To: crm.ToUser(u), View: crm.View{Name: ViewGuard, Ref: string(run.Day)}, Key: key(ViewGuard, string(run.Day), u), Always: true}
			if err := s.d.Effects.Notify(ctx, n); err != nil {
				return err
			}
		}
		return s.d.Effects.Audit(ctx, crm.Audit{At: run.AskedAt, Action: "recycle.asked", Rule: "P-16", Detail: map[string]any{"day": run.Day, "records": run.Total, "owned": run.Owned, "why": run.Alarm}})
	})
}

func (s *Service) limits(ctx context.Context) Limits {
	return Limits{Percent: int(GuardPercent.Of(ctx, s.d.Rules)), Count: int(GuardCount.Of(ctx, s.d.Rules)), RepPercent: int(GuardRep.Of(ctx, s.d.Rules)), Least: int(GuardLeast.Of(ctx, s.d.Rules))}
}

// advance stores a run's next state together with what goes with it. The cards of
// administrators about a run that stopped follow.
func (s *Service) advance(ctx context.Context, run Run, was RunState, also func(ctx context.Context) error) (Run, error) {
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.d.Store.SaveRun(ctx, run, was)
		if err != nil {
			return err
		}
		if !ok {
			return errRunMoved
		}
		if run.Alarm != AlarmNone {
			if err := s.d.Effects.Refresh(ctx, run.Ref()); err != nil {
				return err
			}
		}
		if also == nil {
			return nil
		}
		return also(ctx)
	})
	if err != nil {
		return s.moved(ctx, run, err)
	}
	return run, nil
}

// carryOut releases the records of a run, each in a transaction of its own.
func (s *Service) carryOut(ctx context.Context, run Run) error {
	if err := s.ensureNurtures(ctx); err != nil {
		return err
	}
	var after crm.Ref
	var failed error
	for {
		items, err := s.d.Store.Items(ctx, run.Day, ItemWaits, after, 200)
		if err != nil {
			return err
		}
		for _, it := range items {
			if err := ctx.Err(); err != nil {
				return err
			}
			after = it.Ref
			if err := s.releaseOne(ctx, run, it); err != nil {
				// One that cannot be released holds nobody up; the job tries it again.
				failed = errors.Join(failed, fmt.Errorf("release %s: %w", it.Ref, err))
			}
		}
		if len(items) == 0 {
			break
		}
	}
	if failed != nil {
		return failed
	}
	if err := s.tellReleased(ctx, run); err != nil {
		return err
	}
	was := run.State
	run.State = RunDone
	_, err := s.advance(ctx, run, was, nil)
	return err
}

// releaseOne gives one record back if it is still due at this moment.
func (s *Service) releaseOne(ctx context.Context, run Run, it Item) error {
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.d.Store.TakeItem(ctx, run.Day, it.Ref, ItemReleased)
		if err != nil || !ok {
			return err
		}
		c, err := s.locked(ctx, it.Ref)
		if err != nil {
			return err
		}
		now := s.d.Clock.Now()
		if c.Owner != it.Owner || !s.ripe(c, s.d.Calendar.DayOf(now), now) {
			return s.d.Store.SetItem(ctx, run.Day, it.Ref, ItemKept)
		}
		to, err := s.nurtureFor(ctx, it)
		if err != nil {
			return err
		}
		done, err := s.movers[it.Ref.Kind].Free(ctx, it.Ref, it.Owner, c.Verdict, to)
		if err != nil {
			return err
		}
		if !done {
			return s.d.Store.SetItem(ctx, run.Day, it.Ref, ItemKept)
		}
		if to != 0 {
			if err := s.nurture(ctx, it.Ref, to); err != nil {
				return err
			}
		}
		if err := s.d.Store.CloseLines(ctx, it.Ref, it.Owner, Released); err != nil {
			return err
		}
		proof, _ := Proof(c.Warnings, c.Owner, c.Release, now, s.d.Calendar)
		if err := s.d.Effects.Audit(ctx, crm.Audit{At: now, Action: ActionRelease, Ref: it.Ref, Rule: "P-11", RuleVersion: c.Period.Version, Detail: audited(c, proof)}); err != nil {
			return err
		}
		o, err := s.d.People.User(ctx, it.Owner)
		if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
			return err
		}
		return s.d.Effects.Record(ctx, crm.Fact{At: now, Day: s.d.Calendar.DayOf(now), User: it.Owner, Team: o.Team, Key: FactRecycled, Qty: 1, Amount: c.Amount, Ref: it.Ref})
	})
}

// locked is a record as it is now; nobody changes it until the transaction ends.
func (s *Service) locked(ctx context.Context, ref crm.Ref) (Candidate, error) {
	f, err := s.d.Store.LockFacts(ctx, ref, s.words(ctx, s.d.Rules))
	if err != nil {
		return Candidate{}, err
	}
	keeps, err := s.d.Store.Keeps(ctx, []crm.Ref{ref})
	if err != nil {
		return Candidate{}, err
	}
	k, ok := keeps[ref]
	if !ok || k.Owner != f.Owner || f.Owner == 0 {
		return Candidate{Facts: Facts{Ref: ref}}, nil
	}
	list, err := s.worked(ctx, []Keep{k}, []crm.Ref{ref}, map[crm.Ref]Facts{ref: f}, s.memo(s.d.Rules, s.d.Clock.Now()))
	if err != nil || len(list) == 0 {
		return Candidate{Facts: Facts{Ref: ref}}, err
	}
	return list[0], nil
}

// ActionRelease is the action of a release in the audit trail.
const ActionRelease = "recycle.release"

// audited are the inputs and the result of a release. The facts are kept whole but
// for the name, so that it can be said later what other rules would have decided.
func audited(c Candidate, w Warning) map[string]any {
	v, facts := c.Verdict, c.Facts
	facts.Name, facts.Holds = "", nil
	return map[string]any{"clock": v.Clock, "from": v.From, "since": v.Since.UTC().Format(time.RFC3339), "days": v.Period.Days, "working": v.Period.Work, "base": v.Base,
		"paused": v.Paused, "extra": v.Extra, "forward": v.Forward, "slipped": v.Slipped, "facts": facts, "release": v.Release, "warned": w.DeliveredAt.UTC().Format(time.RFC3339), "step": w.Step}
}

// tellReleased tells each person who lost records, by one card.
func (s *Service) tellReleased(ctx context.Context, run Run) error {
	counts, err := s.d.Store.ItemCounts(ctx, run.Day)
	if err != nil {
		return err
	}
	var to []crm.UserID
	for _, u := range slices.Sorted(maps.Keys(counts)) {
		if counts[u][ItemReleased] > 0 {
			to = append(to, u)
		}
	}
	for part := range slices.Chunk(to, 100) {
		err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			for _, u := range part {
				card := fmt.Sprintf("%s.%d", run.Day, u)
				if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(u), View: crm.View{Name: ViewReleased, Ref: card}, Key: ViewReleased + ":" + card, Always: true}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Decide answers a run that stopped (P-16): the records are released if they are
// still due, or nothing is.
func (s *Service) Decide(ctx context.Context, a crm.Actor, day crm.Day, release bool) (Run, error) {
	if !a.Is(crm.Admin) {
		return Run{}, crm.Forbid(a, crm.Admin)
	}
	if a.Frozen {
		return Run{}, crm.Forbid(a, crm.Admin)
	}
	run, err := s.d.Store.Run(ctx, day)
	if err != nil {
		return run, err
	}
	if run.State != RunAsked {
		return run, crm.Conflict("P-16", string(day)+" 的回收已经处理过了", "the releases of "+string(day)+" were decided already")
	}
	run.DecidedBy, run.DecidedAt, run.State = a.ID, s.d.Clock.Now(), RunDeclined
	if release {
		run.State = RunReleasing
	}
	after, err := s.advance(ctx, run, RunAsked, func(ctx context.Context) error {
		return s.d.Effects.Audit(ctx, crm.Audit{At: run.DecidedAt, Actor: a.ID, Action: "recycle.decided", Rule: "P-16", Detail: map[string]any{"day": day, "records": run.Total, "release": release}})
	})
	if err == nil && (after.DecidedBy != a.ID || after.State != run.State) {
		err = crm.Conflict("P-16", string(day)+" 的回收刚刚被别人处理", "somebody else has just decided about "+string(day))
	}
	return after, err
}

// Resume carries on runs that an administrator let go on, or that were stopped.
func (s *Service) Resume(ctx context.Context) error {
	if !s.open(ctx, s.d.Clock.Now()) {
		return nil
	}
	runs, err := s.d.Store.RunsIn(ctx, RunReleasing, 10)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if err := s.carryOut(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// Waiting is when Resume has something to do next; zero: nothing waits.
func (s *Service) Waiting(ctx context.Context) (time.Time, error) {
	runs, err := s.d.Store.RunsIn(ctx, RunReleasing, 1)
	if err != nil || len(runs) == 0 {
		return time.Time{}, err
	}
	if now := s.d.Clock.Now(); !s.open(ctx, now) {
		return s.NextReleases(ctx, now), nil
	}
	return runs[0].DecidedAt, nil
}
