package recycle

import (
	"context"
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// supposed is a change of a setting on trial, for all pages of one preview.
type supposed struct {
	s     *Service
	scope rule.Scope
	// kind is the only kind of records that the setting is about; empty: any.
	kind crm.Kind
	// facts reports that the setting changes facts, not only how they are judged.
	facts       bool
	today, then *memo
	within      map[crm.UserID]bool
}

func (s *Service) suppose(ctx context.Context, key string, scope rule.Scope, value string, effective time.Time) (*supposed, error) {
	now := s.d.Clock.Now()
	if effective.Before(now) {
		effective = now
	}
	book, err := s.d.Rules.Supposing(ctx, rule.Version{Key: key, Scope: scope, Value: value, CreatedAt: now, EffectiveAt: effective})
	if err != nil {
		return nil, err
	}
	x := &supposed{s: s, scope: scope, facts: key == EnquirySources.Key, today: s.memo(s.d.Rules, now), then: s.memo(book, effective), within: map[crm.UserID]bool{}}
	switch key {
	case LeadPeriods:
		x.kind = crm.KindLead
	case AccountPeriods.Key, RepurchaseDays.Key, EnquiryDays.Key, EnquirySources.Key, ForwardDays.Key:
		x.kind = crm.KindAccount
	}
	return x, nil
}

// concerns reports whether the change is about what the person owns.
func (x *supposed) concerns(ctx context.Context, id crm.UserID) (bool, error) {
	if x.scope == "" {
		return true, nil
	}
	if in, ok := x.within[id]; ok {
		return in, nil
	}
	o, err := x.today.owner(ctx, id)
	if err != nil {
		return false, err
	}
	scopes, err := x.s.scopesOf(ctx, o.user)
	if err != nil {
		return false, err
	}
	x.within[id] = slices.Contains(scopes, x.scope)
	return x.within[id], nil
}

// page works out one page of owned records under the rules and under the change;
// last is the last record looked at, the zero Ref: the page was the last.
func (x *supposed) page(ctx context.Context, after crm.Ref) (list []Affected, looked int, last crm.Ref, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, last, err
	}
	if x.kind != "" && after.Kind < x.kind {
		after = crm.Ref{Kind: x.kind} // kinds come one after the other
	}
	all, err := x.s.d.Store.AllKeeps(ctx, after, pageSize)
	if err != nil || len(all) == 0 {
		return nil, 0, last, err
	}
	if end := all[len(all)-1].Ref; len(all) == pageSize && (x.kind == "" || end.Kind == x.kind) {
		last = end
	}
	keeps := all[:0]
	for _, k := range all {
		if k.Owner == 0 || x.kind != "" && k.Ref.Kind != x.kind {
			continue
		}
		in, err := x.concerns(ctx, k.Owner)
		if err != nil {
			return nil, 0, last, err
		}
		if in {
			keeps = append(keeps, k)
		}
	}
	if len(keeps) == 0 {
		return nil, 0, last, nil
	}
	before, err := x.judged(ctx, keeps, x.today, nil)
	if err != nil {
		return nil, 0, last, err
	}
	under, err := x.judged(ctx, keeps, x.then, before)
	if err != nil {
		return nil, 0, last, err
	}
	for i, b := range before {
		if b.Owner == 0 {
			continue
		}
		looked++
		if was, will := b.day(), under[i].day(); was != will {
			list = append(list, Affected{Ref: b.Ref, Name: b.Name, Owner: b.Owner, OwnerName: x.s.d.People.Name(ctx, b.Owner), Before: was, After: will})
		}
	}
	return list, looked, last, nil
}

// judged works records out by the rules of the memo: with the facts of have
// unless the change is about facts.
func (x *supposed) judged(ctx context.Context, keeps []Keep, m *memo, have []Candidate) ([]Candidate, error) {
	fs := make([]Facts, len(have))
	for i, c := range have {
		fs[i] = c.Facts
	}
	if have == nil || x.facts {
		refs := make([]crm.Ref, len(keeps))
		for i, k := range keeps {
			refs[i] = k.Ref
		}
		facts, err := x.s.d.Store.Facts(ctx, refs, x.s.words(ctx, m.rules))
		if err != nil {
			return nil, err
		}
		if fs, err = x.s.kept(ctx, keeps, facts); err != nil {
			return nil, err
		}
	}
	return m.judge(ctx, fs)
}

// day is the day on which the record is released; a day means something only
// where records are.
func (c Candidate) day() crm.Day {
	if !c.terms.Plan.Releases() || c.Review {
		return ""
	}
	return c.Release
}
