package recycle

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"crmbot/internal/crm"
)

// The views that keeping and losing queues cards of. The argument of a card of
// lines is the card, "2026-03-04.12.1"; that of the others is said beside them.
const (
	ViewWarning  = "recycle.warning"  // an owner's records that are about to go
	ViewReview   = "recycle.review"   // what a manager reviews instead (KA)
	ViewTrial    = "recycle.trial"    // what would be released today (AD-01)
	ViewLate     = "recycle.late"     // warnings that did not arrive in time, for administrators (P-15)
	ViewGuard    = "recycle.guard"    // the day of a run that stopped (P-16)
	ViewReleased = "recycle.released" // "2026-03-05.12": what a person lost on the day
	ViewExtend   = "recycle.extend"   // the number of a request for an extension (P-13)
	ViewAnswer   = "recycle.answer"   // the answer to it
)

// NextWarnings is when owners are warned next after t: on working days (P-14).
func (s *Service) NextWarnings(ctx context.Context, t time.Time) time.Time {
	h, m := WarnAt.Of(ctx, s.d.Rules)
	return s.nextAt(t, h, m)
}

// NextReleases is when records are released next after t: on working days
// (P-15).
func (s *Service) NextReleases(ctx context.Context, t time.Time) time.Time {
	h, m := ReleaseAt.Of(ctx, s.d.Rules)
	return s.nextAt(t, h, m)
}

func (s *Service) nextAt(t time.Time, h, m int) time.Time {
	cal := s.d.Calendar
	day := cal.WorkdayOnOrAfter(cal.DayOf(t))
	if at := day.At(h, m, cal.Zone()); at.After(t) {
		return at.UTC()
	}
	return cal.NextWorkday(day).At(h, m, cal.Zone()).UTC()
}

// Warn tells owners which of their records are about to go, each of them by one
// card (P-14), puts off what could not be warned of in time, which the
// administrators are told (P-15), and tells managers what is theirs to look at.
// It may be stopped and run again: nobody is told twice.
func (s *Service) Warn(ctx context.Context) error {
	now, today := s.d.Clock.Now(), s.today()
	if !s.d.Calendar.IsWorkday(today) {
		return nil
	}
	if err := s.noteDelivered(ctx); err != nil {
		return err
	}
	m := s.memo(s.d.Rules, now)
	far := int(max(FarWarning.Of(ctx, s.d.Rules), NearWarning.Of(ctx, s.d.Rules), LastWarning.Of(ctx, s.d.Rules), 1))
	q := Query{Until: s.d.Calendar.AddWorkdays(today, far)}
	lines := map[group][]Line{}
	met := map[crm.Ref]bool{} // the walk meets a record again that it has put at a later day
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var list []Candidate
		var err error
		if list, done, err = s.page(ctx, &q, m, today); err != nil {
			return err
		}
		if err := s.putOff(ctx, list, today); err != nil {
			return err
		}
		for i := range list {
			if met[list[i].Ref] {
				continue
			}
			g, l, err := s.lineOf(ctx, &list[i], today, now)
			if err != nil {
				return err
			}
			if g.view != "" {
				lines[g], met[l.Ref] = append(lines[g], l), true
			}
		}
	}
	for _, g := range slices.SortedFunc(maps.Keys(lines), func(a, b group) int {
		return cmp.Or(cmp.Compare(a.view, b.view), cmp.Compare(a.to, b.to))
	}) {
		if err := s.tell(ctx, g, lines[g], today); err != nil {
			return err
		}
	}
	return nil
}

// group is a card: its view and to whom it goes; zero: the administrators.
type group struct {
	view string
	to   crm.UserID
}

// lineOf is the line that the record is due for today, if any.
func (s *Service) lineOf(ctx context.Context, c *Candidate, today crm.Day, now time.Time) (group, Line, error) {
	l := Line{Ref: c.Ref, Owner: c.Owner, Release: c.Release, Day: today, At: now}
	plan := c.terms.Plan
	switch {
	case c.Release == today && !plan.Warns() && !c.Held() && !c.Review:
		l.Step = StepTrial
		return s.toManager(ctx, ViewTrial, c, l)
	case !plan.Warns():
		return group{}, l, nil
	case c.Review && c.Release <= today && !c.Held():
		l.Step = StepReview
		return s.toManager(ctx, ViewReview, c, l)
	}
	l.Step = Step(c.Verdict, c.terms, s.d.Calendar, today)
	if l.Step == 0 || slices.ContainsFunc(c.Warnings, func(w Warning) bool {
		return w.Owner == c.Owner && w.Release == c.Release && w.Step > 0 && w.Step <= l.Step
	}) {
		return group{}, l, nil
	}
	return group{ViewWarning, c.Owner}, l, nil
}

// toManager addresses a line to who leads the owner.
func (s *Service) toManager(ctx context.Context, view string, c *Candidate, l Line) (group, Line, error) {
	if slices.ContainsFunc(c.Warnings, func(w Warning) bool { return w.Owner == c.Owner && w.Release == c.Release && w.Step == l.Step }) {
		return group{}, l, nil
	}
	boss, err := s.d.People.Superior(ctx, c.Owner)
	if err != nil && crm.CodeOf(err) != crm.CodeNotFound || boss == 0 {
		return group{}, l, err
	}
	return group{view, boss}, l, nil
}

// putOff moves on what is due today and was not warned of in time, by one
// working day, and tells the administrators (P-15).
func (s *Service) putOff(ctx context.Context, list []Candidate, today crm.Day) error {
	h, m := ReleaseAt.Of(ctx, s.d.Rules)
	at := today.At(h, m, s.d.Calendar.Zone())
	var lines []Line
	var now, was []Keep
	for i := range list {
		c := &list[i]
		if !c.terms.Plan.Releases() || c.Review || c.Held() || c.Release > today {
			continue
		}
		if _, ok := Proof(c.Warnings, c.Owner, c.Release, at, s.d.Calendar); ok {
			continue
		}
		was = append(was, c.Keep)
		lines = append(lines, Line{Ref: c.Ref, Owner: c.Owner, Release: c.Release, Step: StepLate, Day: today, At: s.d.Clock.Now()})
		c.slip(s.d.Calendar.NextWorkday(today), SlipUndelived)
		now = append(now, c.Keep)
	}
	if len(lines) == 0 {
		return nil
	}
	// First told, then put off: a stop in between tells nobody twice.
	if err := s.tell(ctx, group{ViewLate, 0}, lines, today); err != nil {
		return err
	}
	return s.saveDays(ctx, now, was)
}

// maxLines bounds the lines of one card that a transaction stores together.
const maxLines = 500

// tell stores the lines of a card and queues it. The first part queues it, so
// that a stop in the middle leaves nothing that was told and is not there.
func (s *Service) tell(ctx context.Context, g group, lines []Line, today crm.Day) error {
	n := 0
	if g.view == ViewWarning {
		var err error
		if n, err = s.d.Store.CardsOf(ctx, g.to, today); err != nil {
			return err
		}
	}
	card := fmt.Sprintf("%s.%d.%d", today, g.to, n+1)
	to := []crm.UserID{g.to}
	if g.to == 0 {
		var err error
		if to, err = s.admins(ctx); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(lines, maxLines) {
		err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			return s.tellPart(ctx, g, card, to, part)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tellPart(ctx context.Context, g group, card string, to []crm.UserID, part []Line) error {
	var facts []crm.Fact
	for i := range part {
		l := &part[i]
		l.Key = key(g.view, card, g.to)
		if g.view != ViewWarning {
			continue
		}
		u, err := s.d.People.User(ctx, l.Owner)
		if err != nil {
			return err
		}
		facts = append(facts, crm.Fact{At: l.At, Day: l.Day, User: l.Owner, Team: u.Team, Key: FactWarned, Qty: 1, Ref: l.Ref})
	}
	if err := s.d.Store.AddLines(ctx, part); err != nil {
		return err
	}
	if err := s.d.Effects.Record(ctx, facts...); err != nil {
		return err
	}
	for _, u := range to {
		// A warning is never held back for the next digest: without it nothing may be
		// released (P-15).
		if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(u), View: crm.View{Name: g.view, Ref: card}, Key: key(g.view, card, u), Always: true}); err != nil {
			return err
		}
	}
	return nil
}

func key(view, card string, to crm.UserID) string { return fmt.Sprintf("%s:%s:%d", view, card, to) }

func (s *Service) admins(ctx context.Context) ([]crm.UserID, error) {
	us, err := s.d.People.WithRole(ctx, crm.Admin)
	if err != nil {
		return nil, err
	}
	var out []crm.UserID
	for _, u := range us {
		if u.Active && !u.Frozen {
			out = append(out, u.ID)
		}
	}
	return out, nil
}

// noteDelivered keeps with the warnings when their cards arrived, before the
// outbox forgets it.
func (s *Service) noteDelivered(ctx context.Context) error {
	for {
		n := 0
		err := s.d.Tx.InTx(ctx, func(ctx context.Context) (err error) {
			n, err = s.d.Store.NoteDelivered(ctx, s.d.Clock.Now(), pageSize)
			return err
		})
		if err != nil || n < pageSize {
			return err
		}
	}
}

// noteOutcomes counts which warnings were acted on (AD-02): valid work of the
// owner's time after the warning, at the latest on the day that it named.
func (s *Service) noteOutcomes(ctx context.Context) error {
	if err := s.noteDelivered(ctx); err != nil {
		return err
	}
	today := s.today()
	for after := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		lines, err := s.d.Store.OpenLines(ctx, today, after, pageSize)
		if err != nil || len(lines) == 0 {
			return err
		}
		refs := make([]crm.Ref, len(lines))
		for i, l := range lines {
			refs[i] = l.Ref
		}
		facts, err := s.FactsOf(ctx, refs...)
		if err != nil {
			return err
		}
		for _, l := range lines {
			after = l.ID
			f := facts[l.Ref]
			o := Open
			worked := f.ValidAt.After(l.At)
			switch {
			case f.Owner == l.Owner && worked && s.d.Calendar.DayOf(f.ValidAt) <= l.Release:
				o = Acted
			case f.Owner != l.Owner || worked || l.Release < today.AddDays(-recheck):
				o = Over
			}
			if o == Open {
				continue
			}
			if err := s.closeLine(ctx, l, o, f); err != nil {
				return err
			}
		}
	}
}

func (s *Service) closeLine(ctx context.Context, l Line, o Outcome, f Facts) error {
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.d.Store.CloseLine(ctx, l.ID, o)
		if err != nil || !ok || o != Acted {
			return err
		}
		return s.d.Effects.Record(ctx, crm.Fact{At: s.d.Clock.Now(), Day: s.d.Calendar.DayOf(f.ValidAt), User: l.Owner, Team: f.Team, Key: FactActed, Qty: 1, Ref: l.Ref})
	})
}
