package recycle

import (
	"cmp"
	"context"
	"maps"
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
	x := &supposed{s: s, scope: scope, facts: key == EnquirySources.Key, today: s.memo(s.d.Rules, now), then: s.memo(book, effective)}
	switch key {
	case LeadPeriods:
		x.kind = crm.KindLead
	case AccountPeriods.Key, RepurchaseDays.Key, EnquiryDays.Key, EnquirySources.Key, ForwardDays.Key:
		x.kind = crm.KindAccount
	}
	return x, nil
}

// each gives do what is affected, page by page, with how many records were looked
// at, until it says no: of all owners in the order of the records, of a scope
// person by person.
func (x *supposed) each(ctx context.Context, do func(list []Affected, looked int) bool) error {
	if x.scope != "" {
		return x.eachOwner(ctx, do)
	}
	after := crm.Ref{Kind: x.kind} // kinds come one after the other
	for {
		all, err := x.s.d.Store.AllKeeps(ctx, after, pageSize)
		if err != nil || len(all) == 0 {
			return err
		}
		after = all[len(all)-1].Ref
		keeps := slices.DeleteFunc(all, func(k Keep) bool { return k.Owner == 0 || x.kind != "" && k.Ref.Kind != x.kind })
		if more, err := x.page(ctx, keeps, do); err != nil || !more || x.kind != "" && after.Kind != x.kind {
			return err
		}
	}
}

// eachOwner is each for the people of the scope, who own little of the whole.
func (x *supposed) eachOwner(ctx context.Context, do func(list []Affected, looked int) bool) error {
	people, err := x.s.d.People.Everyone(ctx)
	if err != nil {
		return err
	}
	for _, u := range people {
		scopes, err := x.s.scopesOf(ctx, u)
		if err != nil {
			return err
		}
		if !slices.Contains(scopes, x.scope) {
			continue
		}
		for _, kind := range []crm.Kind{crm.KindAccount, crm.KindLead} {
			if x.kind != "" && kind != x.kind {
				continue
			}
			found, err := x.s.d.Store.KeepsOf(ctx, kind, u.ID)
			if err != nil {
				return err
			}
			keeps := slices.SortedFunc(maps.Values(found), func(a, b Keep) int { return cmp.Compare(a.Ref.ID, b.Ref.ID) })
			for page := range slices.Chunk(keeps, pageSize) {
				if more, err := x.page(ctx, page, do); err != nil || !more {
					return err
				}
			}
		}
	}
	return nil
}

// page works out some owned records under the rules and under the change.
func (x *supposed) page(ctx context.Context, keeps []Keep, do func(list []Affected, looked int) bool) (more bool, err error) {
	if err := ctx.Err(); err != nil || len(keeps) == 0 {
		return err == nil, err
	}
	before, err := x.judged(ctx, keeps, x.today, nil)
	if err != nil {
		return false, err
	}
	under, err := x.judged(ctx, keeps, x.then, before)
	if err != nil {
		return false, err
	}
	var list []Affected
	looked := 0
	for i, b := range before {
		if b.Owner == 0 {
			continue
		}
		looked++
		if was, will := b.day(), under[i].day(); was != will {
			list = append(list, Affected{Ref: b.Ref, Name: b.Name, Owner: b.Owner, OwnerName: x.s.d.People.Name(ctx, b.Owner), Before: was, After: will})
		}
	}
	return do(list, looked), nil
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
