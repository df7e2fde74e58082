package recycle

import (
	"context"
	"slices"

	"crmbot/internal/crm"
)

// Why is everything from which a record's release day follows.
type Why struct {
	Facts
	Seen
	OwnerName string
	Person    Person
	Terms     Terms
	// Warnings are those about the present owner, newest first.
	Warnings []Warning
	// Asked is the newest extension or exception; none: no state.
	Asked     Request
	AskedName string // who decided it
}

// LossOf are the warnings that preceded the actor's last loss of the record by
// itself, newest first; none when it was not lost that way.
func (s *Service) LossOf(ctx context.Context, a crm.Actor, ref crm.Ref) ([]Warning, error) {
	about, err := s.d.Store.LinesAbout(ctx, []crm.Ref{ref})
	if err != nil {
		return nil, err
	}
	var out []Warning
	for _, l := range about[ref] {
		if l.Owner == a.ID && l.Step > 0 && l.Outcome == Released && (len(out) == 0 || l.Release == out[0].Release) {
			out = append(out, l)
		}
	}
	return out, nil
}

// Why explains a record's release day. The caller has checked that the actor may
// see the record.
func (s *Service) Why(ctx context.Context, ref crm.Ref) (Why, error) {
	facts, err := s.FactsOf(ctx, ref)
	if err != nil {
		return Why{}, err
	}
	w := Why{Facts: facts[ref]}
	w.Ref = ref
	if w.Owner == 0 {
		return w, nil
	}
	list, err := s.See(ctx, w.Facts)
	if err != nil {
		return w, err
	}
	w.Seen, w.Facts.Keep = list[0], list[0].Keep
	now := s.d.Clock.Now()
	o, err := s.memo(s.d.Rules, now).owner(ctx, w.Owner)
	if err != nil {
		return w, err
	}
	w.OwnerName, w.Person, w.Terms = o.user.Name, o.person, o.terms
	about, err := s.d.Store.LinesAbout(ctx, []crm.Ref{ref})
	if err != nil {
		return w, err
	}
	w.Warnings = slices.DeleteFunc(about[ref], func(l Warning) bool { return l.Owner != w.Owner || l.Step <= 0 || l.At.Before(w.OwnedAt) })
	r, ok, err := s.d.Store.LastRequest(ctx, ref)
	if err == nil && ok && r.Owner == w.Owner && !r.AskedAt.Before(w.OwnedAt) {
		w.Asked, w.AskedName = r, s.d.People.Name(ctx, r.By)
	}
	return w, err
}
