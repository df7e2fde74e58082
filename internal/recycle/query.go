package recycle

import (
	"context"
	"fmt"
	"time"

	"crmbot/internal/crm"
)

// pageSize is how many records are read and worked out together. Nothing is
// locked meanwhile.
const pageSize = 500

// recheck is after how many days a record without a running clock is looked at
// again. No event begins a clock whose end is nearer.
const recheck = 7

// Query asks for the records whose release day is on or before a day. Warnings,
// releases and previews all come from it, so that what is released was warned.
type Query struct {
	Until crm.Day
	After Cursor
}

// Candidate is a record of a query as it is at this moment.
type Candidate struct {
	Facts
	Verdict
	Warnings []Warning
	terms    Terms
	gone     bool // there is no such record any more that anybody owns
}

// page reads the next records of the query, brings their days up to date and
// returns those whose day still lies within it. The query moves on; done reports
// that nothing is left.
func (s *Service) page(ctx context.Context, q *Query, m *memo, next crm.Day) (list []Candidate, done bool, err error) {
	keeps, err := s.d.Store.Due(ctx, q.Until, q.After, pageSize)
	if err != nil || len(keeps) == 0 {
		return nil, true, err
	}
	last := keeps[len(keeps)-1]
	q.After, done = Cursor{last.Check, last.Ref}, len(keeps) < pageSize
	if err := s.returnNurtured(ctx, keeps); err != nil {
		return nil, done, err
	}
	all, err := s.candidates(ctx, keeps, m)
	if err != nil {
		return nil, done, err
	}
	var now, was []Keep
	var over []Keep
	for i := range all {
		old := all[i].Keep
		if all[i].gone { // converted, given up or deleted
			over = append(over, old)
			continue
		}
		all[i].settle(s, next)
		if all[i].Keep != old {
			now, was = append(now, all[i].Keep), append(was, old)
		}
		if all[i].Release != "" && all[i].Release <= q.Until {
			list = append(list, all[i])
		}
	}
	if len(over) > 0 {
		if err := s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.d.Store.DropKeeps(ctx, over) }); err != nil {
			return nil, done, err
		}
	}
	return list, done, s.saveDays(ctx, now, was)
}

// saveDays stores days in small transactions.
func (s *Service) saveDays(ctx context.Context, now, was []Keep) error {
	for len(now) > 0 {
		n := min(len(now), 100)
		err := s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.d.Store.SaveDays(ctx, now[:n], was[:n]) })
		if err != nil {
			return err
		}
		now, was = now[n:], was[n:]
	}
	return nil
}

// candidates works rows out from the facts of this moment.
func (s *Service) candidates(ctx context.Context, keeps []Keep, m *memo) ([]Candidate, error) {
	refs := make([]crm.Ref, 0, len(keeps))
	for _, k := range keeps {
		if s.movers[k.Ref.Kind].Free != nil && k.Owner != 0 {
			refs = append(refs, k.Ref)
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	facts, err := s.d.Store.Facts(ctx, refs, s.words(ctx, m.rules))
	if err != nil {
		return nil, err
	}
	return s.worked(ctx, keeps, refs, facts, m)
}

// worked is candidates with the facts at hand.
func (s *Service) worked(ctx context.Context, keeps []Keep, refs []crm.Ref, facts map[crm.Ref]Facts, m *memo) ([]Candidate, error) {
	lines, err := s.d.Store.LinesAbout(ctx, refs)
	if err != nil {
		return nil, err
	}
	fs, err := s.kept(ctx, keeps, facts)
	if err != nil {
		return nil, err
	}
	out, err := m.judge(ctx, fs)
	if err != nil {
		return nil, err
	}
	for i, f := range fs {
		_, ok := facts[f.Ref]
		out[i].Warnings, out[i].gone = lines[f.Ref], !ok
	}
	return out, nil
}

// kept are the facts of the rows' records with what is stored about keeping them
// and what holds them, in the order of the rows that somebody owns.
func (s *Service) kept(ctx context.Context, keeps []Keep, facts map[crm.Ref]Facts) ([]Facts, error) {
	fs := make([]Facts, 0, len(keeps))
	for _, k := range keeps {
		f, ok := facts[k.Ref]
		if s.movers[k.Ref.Kind].Free == nil || k.Owner == 0 {
			continue
		}
		if !ok || f.Owner != k.Owner { // it is being moved at this moment, or is over
			f = Facts{Ref: k.Ref}
		}
		f.Keep = k
		fs = append(fs, f)
	}
	return fs, s.hold(ctx, fs)
}

// judge works out each of the facts by the rules of the memo.
func (m *memo) judge(ctx context.Context, fs []Facts) ([]Candidate, error) {
	out := make([]Candidate, len(fs))
	for i, f := range fs {
		out[i] = Candidate{Facts: f}
		if f.Owner == 0 {
			continue
		}
		o, err := m.owner(ctx, f.Owner)
		if err != nil {
			return nil, err
		}
		out[i].terms = o.terms
		out[i].Verdict = Judge(f, o.person, o.terms, m.s.d.Calendar, m.now)
	}
	return out, nil
}

// settle brings the row up to date with the verdict. next is the working day of
// the next warnings: a day that has just come nearer is never before the one
// after it, and neither is one on which the record is held.
func (c *Candidate) settle(s *Service, next crm.Day) {
	k, cal := &c.Keep, s.d.Calendar
	if c.Release == "" {
		k.Release, k.Check = "", next.AddDays(recheck)
		return
	}
	soonest := cal.NextWorkday(next)
	switch {
	case c.Held() && c.Release <= soonest:
		c.slip(cal.NextWorkday(soonest), SlipHeld)
	case c.Release < soonest && c.Release != k.Release:
		c.slip(soonest, SlipMoved)
	}
	k.Release, k.Check = c.Release, c.Release
}

// slip puts the release off to the day.
func (c *Candidate) slip(to crm.Day, why Slip) {
	c.Keep.NotBefore, c.Keep.Slip = to, why
	c.Keep.Release, c.Keep.Check = to, to
	c.Release, c.Slipped = to, true
}

// nextWarnings is the working day of the next warnings at the moment.
func (s *Service) nextWarnings(ctx context.Context, now time.Time) crm.Day {
	day := s.d.Calendar.DayOf(now)
	h, m := WarnAt.Of(ctx, s.d.Rules)
	if s.d.Calendar.IsWorkday(day) && now.After(day.At(h, m, s.d.Calendar.Zone())) {
		day = day.AddDays(1)
	}
	return s.d.Calendar.WorkdayOnOrAfter(day)
}

// Nightly brings the days up to date for which something changed, and all of
// them after a change of rules. It may be stopped and goes on where it was.
func (s *Service) Nightly(ctx context.Context) error {
	now := s.d.Clock.Now()
	if err := s.followRules(ctx); err != nil {
		return err
	}
	if err := s.noteOutcomes(ctx); err != nil {
		return err
	}
	m := s.memo(s.d.Rules, now)
	next := s.nextWarnings(ctx, now)
	q := Query{Until: s.today()}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, done, err := s.page(ctx, &q, m, next); err != nil || done {
			return err
		}
	}
}

// The names of marks.
const (
	markRules = "rules" // the rules by which all days were worked out
	markAfter = "after" // how far that came for the newest rules
)

// followRules sets all days back when the rules have changed since they were
// worked out.
func (s *Service) followRules(ctx context.Context) error {
	now, err := s.rulesNow(ctx)
	if err != nil {
		return err
	}
	have, err := s.d.Store.Mark(ctx, markRules)
	if err != nil || have == now {
		return err
	}
	at, err := s.d.Store.Mark(ctx, markAfter)
	if err != nil {
		return err
	}
	after, _ := crm.ParseRef(at) // from the start when it is none
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var last crm.Ref
		err := s.d.Tx.InTx(ctx, func(ctx context.Context) (err error) {
			if last, err = s.d.Store.UnsettleAll(ctx, after, pageSize); err != nil {
				return err
			}
			if err := s.d.Store.SetMark(ctx, markAfter, last.String()); err != nil || last.ID != 0 {
				return err
			}
			return s.d.Store.SetMark(ctx, markRules, now)
		})
		if err != nil || last.ID == 0 {
			return err
		}
		after = last
	}
}

// rulesNow names the rules in force: how many versions took effect, the newest
// of them, and how many were taken back.
func (s *Service) rulesNow(ctx context.Context) (string, error) {
	now := s.d.Clock.Now()
	n, newest, back := 0, int64(0), 0
	for _, d := range s.d.Rules.Defs() {
		if !Ruled(d.Key) {
			continue
		}
		vs, err := s.d.Rules.History(ctx, d.Key)
		if err != nil {
			return "", err
		}
		for _, v := range vs {
			switch {
			case !v.RolledBackAt.IsZero():
				back++
			case !v.EffectiveAt.After(now):
				n, newest = n+1, max(newest, v.ID)
			}
		}
	}
	return fmt.Sprintf("%d/%d/%d", n, newest, back), nil
}
