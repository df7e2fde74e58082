package handover

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

// begin opens the hand-over of a person with its proposal.
func (s *Service) begin(ctx context.Context, id crm.UserID) error {
	u, err := s.d.People.User(ctx, id)
	if err != nil {
		return err
	}
	boss, err := s.d.People.Superior(ctx, id)
	if err != nil {
		return err
	}
	if boss == 0 {
		admins, err := s.d.People.WithRole(ctx, crm.Admin)
		if err != nil {
			return err
		}
		for _, x := range admins {
			if !x.Frozen && x.ID != id {
				boss = x.ID
				break
			}
		}
	}
	records, err := s.d.Store.OwnedRecords(ctx, id, maxItems)
	if err != nil || len(records) == 0 {
		return err
	}
	items, err := s.split(ctx, u, records)
	if err != nil {
		return err
	}
	now := s.d.Clock.Now()
	h := Handover{User: id, Manager: boss, Team: u.Team, State: Open, CreatedAt: now, AskAt: s.d.Calendar.AddWorkHours(now, time.Duration(AskAfter.Of(ctx, s.d.Rules))*time.Hour)}
	if !u.Active { // an administrator said so: there is nothing to wait for
		h.AskAt = s.d.Calendar.NextLoud(now)
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.d.Store.AddHandover(ctx, &h, items)
		if err != nil || !ok {
			return err
		}
		return s.audit(ctx, 0, "handover.open", h.Ref(), map[string]any{"handover": h.ID, "records": len(items), "manager": boss})
	})
}

// split proposes a receiver for each record.
func (s *Service) split(ctx context.Context, leaver org.User, records []Record) ([]Item, error) {
	receivers, err := s.receivers(ctx, leaver)
	if err != nil {
		return nil, err
	}
	to := Propose(records, receivers)
	out := make([]Item, len(records))
	for i, r := range records {
		out[i] = Item{Record: r, To: to[r.Ref], State: Proposed}
	}
	return out, nil
}

// receivers are the sales reps of the leaver's team, or of the teams around it
// where it has nobody else.
func (s *Service) receivers(ctx context.Context, leaver org.User) ([]Receiver, error) {
	today := s.d.Calendar.DayOf(s.d.Clock.Now())
	able := func(u org.User) bool {
		return u.ID != leaver.ID && u.Has(crm.Rep) && !u.Frozen && !u.OnLeave(today)
	}
	var users []org.User
	for team := leaver.Team; team != 0; {
		within, err := s.d.People.Below(ctx, team)
		if err != nil {
			return nil, err
		}
		if users, err = s.d.People.Users(ctx, func(u org.User) bool { return able(u) && slices.Contains(within, u.Team) }); err != nil || len(users) > 0 {
			break
		}
		t, err := s.d.People.Team(ctx, team)
		if err != nil || t.Parent == team {
			break
		}
		team = t.Parent
	}
	if len(users) == 0 {
		var err error
		if users, err = s.d.People.Users(ctx, able); err != nil {
			return nil, err
		}
	}
	out := make([]Receiver, len(users))
	for i, u := range users {
		x := Receiver{User: u.ID, Region: u.Region, Held: map[crm.Kind]int{}, Hold: map[crm.Kind]int{}}
		if x.Region == "" {
			if t, err := s.d.People.Team(ctx, u.Team); err == nil {
				x.Region = t.Region
			}
		}
		for _, k := range []crm.Kind{crm.KindLead, crm.KindAccount} {
			st, err := s.d.Gate.Status(ctx, u.ID, k, pool.Pool{})
			if err != nil {
				return nil, err
			}
			x.Held[k], x.Hold[k] = st.Held, st.Hold
		}
		out[i] = x
	}
	return out, nil
}

// follow takes one open hand-over on: ends it, or asks the manager.
func (s *Service) follow(ctx context.Context, h Handover) error {
	u, err := s.d.People.User(ctx, h.User)
	if err != nil {
		return err
	}
	now := s.d.Clock.Now()
	if u.Active && !u.Frozen {
		return s.end(ctx, h, Cancelled)
	}
	items, err := s.d.Store.HandoverItems(ctx, h.ID, maxItems)
	if err != nil {
		return err
	}
	left := 0
	for _, x := range items {
		if x.State == Proposed || x.State == Accepted || x.State == Failed {
			left++
		}
	}
	if left == 0 && !h.AskedAt.IsZero() {
		return s.end(ctx, h, Done)
	}
	if !h.AskedAt.IsZero() || h.AskAt.After(now) || h.Manager == 0 {
		return nil
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		after := h
		after.AskedAt = now
		ok, err := s.d.Store.SaveHandover(ctx, after)
		if err != nil || !ok {
			return err
		}
		return s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(h.Manager), View: crm.View{Name: ViewAsk, Ref: fmt.Sprint(h.ID)}, Always: true})
	})
}

// end closes a hand-over. What was moved stays where it is.
func (s *Service) end(ctx context.Context, h Handover, to State) error {
	now := s.d.Clock.Now()
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		after := h
		after.State, after.DoneAt = to, now
		ok, err := s.d.Store.SaveHandover(ctx, after)
		if err != nil || !ok {
			return err
		}
		if err := s.audit(ctx, 0, "handover."+string(to), h.Ref(), map[string]any{"handover": h.ID}); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, h.Ref())
	})
}
