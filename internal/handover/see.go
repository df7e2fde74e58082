package handover

import (
	"context"
	"slices"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// Split is a hand-over with its records, for whoever may decide about it.
type Split struct {
	Handover
	Items []Item
	// People are who could get something.
	People []org.User
}

// mine is the hand-over for its manager and those above.
func (s *Service) mine(ctx context.Context, a crm.Actor, h Handover) error {
	if a.Frozen || !a.Is(bosses...) || !a.Leads(h.Team) && h.Manager != a.ID {
		return crm.NotFound("没有这次交接，或您无权查看", "there is no such hand-over, or you may not see it")
	}
	return nil
}

// Get is one hand-over, Of the newest of a person.
func (s *Service) Get(ctx context.Context, a crm.Actor, id int64) (Split, error) {
	h, err := s.d.Store.Handover(ctx, id)
	if err != nil {
		return Split{}, err
	}
	return s.show(ctx, a, h)
}

// Of is the newest hand-over of a person; see Get.
func (s *Service) Of(ctx context.Context, a crm.Actor, user crm.UserID) (Split, error) {
	h, err := s.d.Store.HandoverOf(ctx, user)
	if err != nil {
		return Split{}, err
	}
	return s.show(ctx, a, h)
}

func (s *Service) show(ctx context.Context, a crm.Actor, h Handover) (Split, error) {
	if err := s.mine(ctx, a, h); err != nil {
		return Split{}, err
	}
	items, err := s.d.Store.HandoverItems(ctx, h.ID, maxItems)
	if err != nil {
		return Split{}, err
	}
	people, err := s.d.People.Users(ctx, func(u org.User) bool { return u.Has(crm.Rep) && !u.Frozen && u.ID != h.User && a.Leads(u.Team) })
	return Split{h, items, people}, err
}

// Listed are the open hand-overs that the actor may decide about.
func (s *Service) Listed(ctx context.Context, a crm.Actor) ([]Split, error) {
	if !a.Is(bosses...) {
		return nil, crm.Forbid(a, crm.Manager, crm.Admin)
	}
	open, err := s.d.Store.OpenHandovers(ctx, maxItems)
	if err != nil {
		return nil, err
	}
	var out []Split
	for _, h := range open {
		x, err := s.show(ctx, a, h)
		if crm.CodeOf(err) == crm.CodeNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// Mine are the open hand-overs that the actor was asked to decide about.
func (s *Service) Mine(ctx context.Context, a crm.Actor) ([]Handover, error) {
	if !a.Is(bosses...) || a.Frozen {
		return nil, nil
	}
	open, err := s.d.Store.OpenHandovers(ctx, maxItems)
	return slices.DeleteFunc(open, func(h Handover) bool { return h.Manager != a.ID || h.AskedAt.IsZero() }), err
}

// Taken are the records that the actor got from a hand-over.
func (s *Service) Taken(ctx context.Context, a crm.Actor, id int64) (Handover, []Item, error) {
	h, err := s.d.Store.Handover(ctx, id)
	if err != nil {
		return h, nil, err
	}
	items, err := s.d.Store.HandoverItems(ctx, id, maxItems)
	return h, slices.DeleteFunc(items, func(x Item) bool { return x.State != Moved || x.To != a.ID }), err
}
