package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"crmbot/handlers"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/recycle"
)

// life is the company at work.
type life struct {
	d    *Demo
	s    *handlers.Services
	g    *generator
	c    *company
	cal  *calendar.Calendar
	zone *time.Location
	reps map[crm.UserID]*rep
}

// rep is what a rep works on.
type rep struct {
	user      org.User
	team      string
	drive     float64 // how much they get done, around 1
	leads     []crm.LeadID
	customers []crm.AccountID
	deals     []crm.DealID
	visited   map[crm.Ref]crm.Day
	planned   map[crm.Day][]crm.Ref // whom they meant to visit
}

const (
	leadsAtStart  = 290
	leadsPerWeek  = 10
	closeUpDays   = 3 // the last days are delivered message by message
	seedOfHistory = 20260301
)

// live makes the company and lets it work until now.
func (d *Demo) live(ctx context.Context, o Options, now time.Time, zone *time.Location) error {
	// The heap is small and the work is short: somebody waits for it, so it
	// collects less often.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	o.Progress("hiring people")
	c, err := found(ctx, d.App, d.Hub)
	if err != nil {
		return err
	}
	l := &life{d: d, s: d.App.Services, c: c, zone: zone, cal: d.App.Services.Calendar, reps: map[crm.UserID]*rep{},
		g: &generator{Rand: rand.New(rand.NewPCG(seedOfHistory, 1)), names: map[string]bool{}}}
	for i, u := range c.reps {
		l.reps[u.ID] = &rep{user: u, team: teams[i/4].name, drive: 0.7 + 0.6*l.g.Float64(), visited: map[crm.Ref]crm.Day{}, planned: map[crm.Day][]crm.Ref{}}
	}
	if err := l.bindGroups(ctx); err != nil {
		return err
	}
	// The demo shows recycling in force (AD-01).
	if _, err := l.s.Rules.Set(ctx, crm.SystemActor(), recycle.Mode.Key, "", recycle.Hard, "演示", d.clock.Now()); err != nil {
		return err
	}
	o.Progress("importing leads")
	if err := l.importLeads(ctx); err != nil {
		return fmt.Errorf("import leads: %w", err)
	}
	o.Progress(fmt.Sprintf("working through %d days", o.Days))
	first, today := l.cal.DayOf(d.clock.Now()), l.cal.DayOf(now)
	for day := first; day <= today; day = day.AddDays(1) {
		d.App.Mute(today.Sub(day) >= closeUpDays)
		if err := l.day(ctx, day, now, today.Sub(day) < closeUpDays); err != nil {
			return fmt.Errorf("%s: %w", day, err)
		}
	}
	d.App.Mute(false)
	if err := d.App.Advance(ctx, d.clock, now); err != nil {
		return err
	}
	d.clock.Run()
	return nil
}

// act is something that a person does at a moment.
type act struct {
	at time.Time
	do func(ctx context.Context) error
}

// day lets everybody work for one day, up to now.
func (l *life) day(ctx context.Context, day crm.Day, now time.Time, closeUp bool) error {
	if !l.cal.IsWorkday(day) {
		return nil
	}
	acts := l.plan(day, l.cal.DayOf(now).Sub(day))
	slices.SortStableFunc(acts, func(a, b act) int { return a.at.Compare(b.at) })
	evening := []act{}
	for _, r := range l.ordered() {
		at := l.cal.At(day, calendar.Clock(17, 35)).Add(time.Duration(l.g.IntN(80*60)) * time.Second)
		evening = append(evening, act{at, func(ctx context.Context) error { return l.submitReport(ctx, r, day) }})
	}
	slices.SortStableFunc(evening, func(a, b act) int { return a.at.Compare(b.at) })
	start := l.cal.At(day, calendar.Clock(9, 1))
	if start.After(now) {
		return nil
	}
	if err := l.d.App.Advance(ctx, l.d.clock, start); err != nil {
		return err
	}
	// At ten what nobody worked on goes back to the pool.
	ten := slices.IndexFunc(acts, func(a act) bool { return !a.at.Before(l.cal.At(day, calendar.Clock(10, 0))) })
	if ten < 0 {
		ten = len(acts)
	}
	if err := l.run(ctx, acts[:ten], now, closeUp); err != nil {
		return err
	}
	if at := l.cal.At(day, calendar.Clock(10, 1)); !at.After(now) {
		if err := l.recycled(ctx, day, at); err != nil {
			return err
		}
	}
	if err := l.run(ctx, acts[ten:], now, closeUp); err != nil {
		return err
	}
	drafts := l.cal.At(day, calendar.Clock(17, 31))
	if drafts.After(now) {
		return nil
	}
	if err := l.d.App.Advance(ctx, l.d.clock, drafts); err != nil {
		return err
	}
	return l.run(ctx, evening, now, closeUp)
}

func (l *life) run(ctx context.Context, acts []act, now time.Time, closeUp bool) error {
	for _, a := range acts {
		if a.at.After(now) {
			return nil
		}
		if closeUp {
			if err := l.d.App.Advance(ctx, l.d.clock, a.at); err != nil {
				return err
			}
		} else if a.at.After(l.d.clock.Now()) {
			if err := l.d.clock.Set(a.at); err != nil {
				return err
			}
		}
		if err := tolerate(a.do(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// tolerate lets pass what a rule refuses: people run into rules, too.
func tolerate(err error) error {
	switch crm.CodeOf(err) {
	case crm.CodeRefused, crm.CodeConflict, crm.CodeInvalid, crm.CodeStale, crm.CodeNotFound, crm.CodeForbidden:
		return nil
	}
	return err
}

func (l *life) ordered() []*rep {
	out := make([]*rep, 0, len(l.c.reps))
	for _, u := range l.c.reps {
		out = append(out, l.reps[u.ID])
	}
	return out
}

func (l *life) actor(ctx context.Context, name string) (crm.Actor, error) {
	return l.s.Directory.Actor(ctx, l.c.people[name].ID)
}

func (l *life) actorOf(ctx context.Context, r *rep) (crm.Actor, error) {
	return l.s.Directory.Actor(ctx, r.user.ID)
}

// recent is how much of a day's visits and calls is played: all of the last two
// weeks, less before, so that a demo is ready soon.
func recent(daysAgo int) (visits, calls float64) {
	switch {
	case daysAgo <= closeUpDays:
		return 1, 2 // the days that people look at first
	case daysAgo <= 14:
		return 1, 1
	}
	return 0.6, 0.3
}

// plan is everything that will be done on the day, in no order.
func (l *life) plan(day crm.Day, daysAgo int) []act {
	var acts []act
	add := func(from, to int, do func(ctx context.Context) error) {
		at := l.cal.At(day, calendar.Clock(from, 0)).Add(time.Duration(l.g.IntN((to-from)*3600)) * time.Second)
		acts = append(acts, act{at.Add(2 * time.Minute), do})
	}
	if day.Weekday() == time.Monday {
		for range leadsPerWeek {
			add(9, 12, l.newLead)
		}
	}
	visits, calls := recent(daysAgo)
	contracts := 0.1
	if daysAgo <= 2 {
		contracts = 0.4 // so that some wait for a decision when the demo begins
	}
	for _, r := range l.ordered() {
		if l.g.chance(0.05) {
			continue // a day off the road
		}
		if l.g.chance(0.5) {
			add(9, 11, func(ctx context.Context) error { return l.claim(ctx, r) })
		}
		for range int(visits * (1.5 + 3*l.g.Float64()*r.drive)) {
			add(10, 17, func(ctx context.Context) error { return l.visit(ctx, r) })
		}
		for range int(calls * (2 + 5*l.g.Float64()*r.drive)) {
			add(9, 16, func(ctx context.Context) error { return l.call(ctx, r) })
		}
		if l.g.chance(0.25) {
			add(14, 17, func(ctx context.Context) error { return l.deal(ctx, r) })
		}
		if l.g.chance(contracts) {
			add(10, 16, func(ctx context.Context) error { return l.contract(ctx, r) })
		}
		if l.g.chance(0.12) {
			add(15, 17, func(ctx context.Context) error { return l.release(ctx, r) })
		}
		add(16, 17, func(ctx context.Context) error { return l.clearUp(ctx, r) })
		for range l.g.IntN(3) {
			add(16, 17, func(ctx context.Context) error { return l.planVisit(ctx, r) })
		}
	}
	hours := []int{10, 14, 16}
	if daysAgo == 0 {
		hours = hours[:1]
	}
	for _, name := range []string{"王磊", "刘洋", "孙丽", "何洁", "郑钧", "林总"} {
		for _, h := range hours {
			add(h, h+1, func(ctx context.Context) error { return l.decide(ctx, name) })
		}
	}
	add(11, 12, l.sign)
	add(16, 17, l.sign)
	return acts
}

func (l *life) bindGroups(ctx context.Context) error {
	for _, t := range teams {
		a, err := l.actor(ctx, t.manager)
		if err != nil {
			return err
		}
		if err := l.s.Reports.BindGroup(ctx, a, "webchat", l.c.groups[t.name].ID, l.reps[l.c.people[t.reps[0]].ID].user.Team); err != nil {
			return fmt.Errorf("bind the group of %s: %w", t.name, err)
		}
	}
	return nil
}

// importLeads loads the first leads from a spreadsheet, as marketing does.
func (l *life) importLeads(ctx context.Context) error {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	if err := w.Write([]string{"公司名称", "联系人", "电话", "城市", "来源", "需求", "职位"}); err != nil {
		return err
	}
	for range leadsAtStart {
		in := l.leadInfo()
		if err := w.Write([]string{in.Company, in.Contact, in.Phone, in.City, in.Source, in.Need, in.Title}); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	_, err := l.d.App.Import(ctx, "leads", "展会线索.csv", buf.Bytes(), nil)
	return err
}

func (l *life) leadInfo() lead.Info {
	team := pick(l.g, teams).name
	city := pick(l.g, cities[team])
	in := lead.Info{Company: l.g.company(city), Contact: l.g.person(), Phone: l.g.phone(), City: city, Source: pick(l.g, sources)}
	if l.g.chance(0.7) {
		in.Need = pick(l.g, needs)
	}
	if l.g.chance(0.5) {
		in.Title = pick(l.g, titles)
	}
	return in
}

func (l *life) newLead(ctx context.Context) error {
	a, err := l.actor(ctx, "罗兰")
	if err != nil {
		return err
	}
	_, err = l.s.Leads.Create(ctx, a, lead.NewLead{Info: l.leadInfo()}, true)
	return err
}
