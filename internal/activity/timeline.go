package activity

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// Line is one activity in a timeline.
type Line struct {
	Activity
	Name     string // of the record
	UserName string
}

// Timeline are the standing activities on a lead, account or deal, newest
// first, for an actor who may read the record in full (PM-01, P-08). n is at
// most 50.
func (s *Service) Timeline(ctx context.Context, a crm.Actor, ref crm.Ref, n int) ([]Line, error) {
	if err := s.reads(ctx, a, ref); err != nil {
		return nil, err
	}
	return s.lines(ctx, ref, min(n, 50))
}

func (s *Service) lines(ctx context.Context, ref crm.Ref, n int) ([]Line, error) {
	acts, err := s.d.Store.ActivitiesOn(ctx, ref, n)
	if err != nil {
		return nil, err
	}
	refs := make([]crm.Ref, len(acts))
	for i, v := range acts {
		refs[i] = v.Subject
	}
	names, err := s.d.Store.RecordNames(ctx, refs)
	if err != nil {
		return nil, err
	}
	out := make([]Line, len(acts))
	for i, v := range acts {
		out[i] = Line{Activity: v, Name: names[v.Subject], UserName: s.d.People.Name(ctx, v.User)}
	}
	return out, nil
}

// Story implements lead.Teller: what happened with a record, for its next
// owner (P-18). The caller has checked the right.
func (s *Service) Story(ctx context.Context, ref crm.Ref, n int) ([]lead.StoryItem, error) {
	lines, err := s.lines(ctx, ref, n)
	if err != nil {
		return nil, err
	}
	out := make([]lead.StoryItem, len(lines))
	for i, l := range lines {
		out[i] = lead.StoryItem{At: l.At, Who: l.UserName, Kind: crm.Text{Zh: l.Kind.Name(crm.Chinese), En: l.Kind.Name(crm.English)}, Text: l.Note}
	}
	return out, nil
}

// DayItem is one planned or done piece of work of a day.
type DayItem struct {
	Ref     crm.Ref
	Title   string
	Due     Due
	Done    bool
	Planned bool
	Note    string
}

// PlannedAndDone is the work of people on a day: their plans, and what they did
// besides, in order of time.
func (s *Service) PlannedAndDone(ctx context.Context, users []crm.UserID, day crm.Day) (map[crm.UserID][]DayItem, error) {
	ps, err := s.d.Store.Plans(ctx, users, day)
	if err != nil {
		return nil, err
	}
	acts, err := s.d.Store.ActivitiesOf(ctx, users, day)
	if err != nil {
		return nil, err
	}
	names, err := s.namesOf(ctx, ps, acts)
	if err != nil {
		return nil, err
	}
	byID := map[crm.ActivityID]Activity{}
	for _, v := range acts {
		byID[v.ID] = v
	}
	out := map[crm.UserID][]DayItem{}
	for _, p := range ps {
		if p.State == PlanCancelled && !p.ByCustomer && !p.Counted {
			continue
		}
		it := DayItem{Ref: p.Subject, Title: names[p.Subject], Due: p.Due, Planned: true, Note: p.Note}
		if v, ok := byID[p.Activity]; ok {
			it.Done, it.Ref, it.Note = v.Result != ResultNotMet, v.Ref(), clip(v.Note, 60)
		}
		out[p.User] = append(out[p.User], it)
	}
	wanted := map[crm.UserID]bool{}
	for _, u := range users {
		wanted[u] = true
	}
	for _, v := range acts {
		for _, p := range v.People {
			if p.Plan == 0 && wanted[p.User] {
				out[p.User] = append(out[p.User], DayItem{Ref: v.Ref(), Title: names[v.Subject], Due: Due{Day: v.Day, Time: s.timeOfDay(v), HasTime: true}, Done: true, Note: clip(v.Note, 60)})
			}
		}
	}
	sortDay(out)
	return out, nil
}

// Planned is what people have before them on a day: planned visits and due next
// steps.
func (s *Service) Planned(ctx context.Context, users []crm.UserID, day crm.Day) (map[crm.UserID][]DayItem, error) {
	ps, err := s.d.Store.Plans(ctx, users, day)
	if err != nil {
		return nil, err
	}
	steps, err := s.d.Store.StepsDue(ctx, users, day)
	if err != nil {
		return nil, err
	}
	refs := make([]crm.Ref, 0, len(ps)+len(steps))
	for _, p := range ps {
		refs = append(refs, p.Subject)
	}
	for _, st := range steps {
		refs = append(refs, st.Subject)
	}
	names, err := s.d.Store.RecordNames(ctx, refs)
	if err != nil {
		return nil, err
	}
	out := map[crm.UserID][]DayItem{}
	for _, p := range ps {
		if p.State == PlanOpen {
			out[p.User] = append(out[p.User], DayItem{Ref: p.Subject, Title: names[p.Subject], Due: p.Due, Planned: true})
		}
	}
	for _, st := range steps {
		out[st.User] = append(out[st.User], DayItem{Ref: st.Subject, Title: names[st.Subject], Due: st.Due, Planned: true, Note: clip(st.Text, 60)})
	}
	sortDay(out)
	return out, nil
}

func (s *Service) namesOf(ctx context.Context, ps []Plan, acts []Activity) (map[crm.Ref]string, error) {
	refs := make([]crm.Ref, 0, len(ps)+len(acts))
	for _, p := range ps {
		refs = append(refs, p.Subject)
	}
	for _, v := range acts {
		refs = append(refs, v.Subject)
	}
	return s.d.Store.RecordNames(ctx, refs)
}

// clip is the text in one line, at most n characters.
func clip(text string, n int) string {
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n]) + "…"
}

func (s *Service) timeOfDay(v Activity) calendar.TimeOfDay {
	t := v.At.In(s.d.Calendar.Zone())
	return calendar.Clock(t.Hour(), t.Minute())
}

// sortDay puts what has a time in order of it, and the rest behind.
func sortDay(m map[crm.UserID][]DayItem) {
	for _, list := range m {
		slices.SortStableFunc(list, func(x, y DayItem) int {
			switch {
			case x.Due.HasTime && y.Due.HasTime:
				return cmp.Compare(x.Due.Time, y.Due.Time)
			case x.Due.HasTime:
				return -1
			case y.Due.HasTime:
				return 1
			}
			return 0
		})
	}
}
