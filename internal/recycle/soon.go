package recycle

import (
	"cmp"
	"context"
	"slices"

	"crmbot/internal/crm"
)

// Near is a record that is about to go back to its pool.
type Near struct {
	Ref  crm.Ref
	Name string
	Seen
}

// Soon are the person's records of the kind whose release day comes within so
// many working days and that nothing holds, the nearest first; at most n.
func (s *Service) Soon(ctx context.Context, kind crm.Kind, owner crm.UserID, left, n int) ([]Near, error) {
	keeps, err := s.d.Store.KeepsDue(ctx, kind, owner, s.d.Calendar.AddWorkdays(s.today(), left))
	if err != nil || len(keeps) == 0 {
		return nil, err
	}
	refs := make([]crm.Ref, len(keeps))
	for i, k := range keeps {
		refs[i] = k.Ref
	}
	facts, err := s.FactsOf(ctx, refs...)
	if err != nil {
		return nil, err
	}
	var fs []Facts
	have := make(map[crm.Ref]Keep, len(keeps))
	for _, k := range keeps {
		have[k.Ref] = k
		if f := facts[k.Ref]; f.Owner == owner {
			fs = append(fs, f)
		}
	}
	seen, err := s.see(ctx, fs, have)
	if err != nil {
		return nil, err
	}
	var out []Near
	for i, x := range seen {
		if x.Release != "" && x.Left <= left && !x.Held() && !x.Review {
			out = append(out, Near{fs[i].Ref, fs[i].Name, x})
		}
	}
	slices.SortFunc(out, func(a, b Near) int {
		return cmp.Or(cmp.Compare(a.Release, b.Release), cmp.Compare(a.Ref.ID, b.Ref.ID))
	})
	return out[:min(len(out), n)], nil
}
