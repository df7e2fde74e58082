package recycle

import (
	"context"
	"slices"
	"strconv"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// nurtureName is what the nurture pool is called when the program makes it.
const nurtureName = "培育池"

// nurtureSort puts the nurture pool behind all others.
const nurtureSort = 9000

// ledgerLooked bounds how much of a record's ledger is looked at.
const ledgerLooked = 100

// StrikesOf are from how many owners in a row the record was recycled, the owner
// included, since it was nurtured last (P-19). The ledger is newest first. What a
// version of a rule released by mistake and its owner took back is no strike.
func StrikesOf(ledger []pool.Entry, owner crm.UserID) int {
	owners := []crm.UserID{owner}
	undone := false
	for _, e := range ledger {
		if e.Reason != pool.Recycle {
			undone = e.Reason == pool.AutoAssign && e.Note == pool.NoteBack
			continue
		}
		if undone {
			undone = false
			continue
		}
		if e.From == 0 { // it came back from the nurture pool
			break
		}
		if !slices.Contains(owners, e.From) {
			owners = append(owners, e.From)
		}
	}
	return len(owners)
}

func nurtureMark(k crm.Kind) string { return "nurture:" + string(k) }

// nurtureFor is the nurture pool if the record goes there, else zero.
func (s *Service) nurtureFor(ctx context.Context, it Item) (crm.PoolID, error) {
	if s.pools == nil || s.movers[it.Ref.Kind].Return == nil {
		return 0, nil
	}
	ledger, err := s.pools.History(ctx, it.Ref, ledgerLooked)
	if err != nil || StrikesOf(ledger, it.Owner) < int(Strikes.Of(ctx, s.d.Rules)) {
		return 0, err
	}
	return s.nurturePool(ctx, it.Ref.Kind)
}

// nurturePool is the nurture pool of the kind; zero: there is none.
func (s *Service) nurturePool(ctx context.Context, k crm.Kind) (crm.PoolID, error) {
	mark, err := s.d.Store.Mark(ctx, nurtureMark(k))
	if err != nil || mark == "" {
		return 0, err
	}
	id, err := strconv.ParseInt(mark, 10, 64)
	if err != nil {
		return 0, nil
	}
	all, err := s.pools.Pools(ctx)
	if err != nil {
		return 0, err
	}
	if !slices.ContainsFunc(all, func(p pool.Pool) bool { return p.ID == crm.PoolID(id) && !p.Retired }) {
		return 0, nil
	}
	return crm.PoolID(id), nil
}

// ensureNurtures makes the nurture pools where they are missing: for the people
// of marketing, or the administrators where there are none. They take nothing by
// themselves.
func (s *Service) ensureNurtures(ctx context.Context) error {
	if s.pools == nil {
		return nil
	}
	for _, k := range []crm.Kind{crm.KindLead, crm.KindAccount} {
		if s.movers[k].Return == nil {
			continue
		}
		if id, err := s.nurturePool(ctx, k); err != nil || id != 0 {
			if err != nil {
				return err
			}
			continue
		}
		people, err := s.d.People.WithRole(ctx, crm.Marketing)
		if err != nil {
			return err
		}
		var users []crm.UserID
		for _, u := range people {
			if u.Active && !u.Frozen {
				users = append(users, u.ID)
			}
		}
		if len(users) == 0 {
			if users, err = s.admins(ctx); err != nil || len(users) == 0 {
				return err
			}
		}
		name := nurtureName
		if k == crm.KindAccount {
			name += "（客户）"
		}
		p := pool.Pool{Name: name, Kind: k, Sort: nurtureSort, Users: users, Managers: users, Regions: []string{nurtureName},
			RecycleHours: pool.Override{Set: true, Value: int(NurtureDays.Of(ctx, s.d.Rules)) * 24}}
		err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			if err := s.pools.SavePool(ctx, crm.SystemActor(), &p); err != nil {
				return err
			}
			return s.d.Store.SetMark(ctx, nurtureMark(k), strconv.FormatInt(int64(p.ID), 10))
		})
		if err != nil && crm.CodeOf(err) != crm.CodeConflict { // another replica has made it
			return err
		}
	}
	return nil
}

// nurture notes until when a record that has just been released is nurtured.
func (s *Service) nurture(ctx context.Context, ref crm.Ref, to crm.PoolID) error {
	days := int(NurtureDays.Of(ctx, s.d.Rules))
	back := s.today().AddDays(days)
	if err := s.d.Store.Nurture(ctx, ref, back); err != nil {
		return err
	}
	return s.d.Effects.Audit(ctx, crm.Audit{At: s.d.Clock.Now(), Action: "recycle.nurture", Ref: ref, Rule: "P-19", Detail: map[string]any{"pool": int64(to), "days": days, "back": back}})
}

// returnNurtured brings back what was nurtured for long enough.
func (s *Service) returnNurtured(ctx context.Context, keeps []Keep) error {
	today := s.today()
	for _, k := range keeps {
		if k.Owner != 0 || k.Check > today || s.movers[k.Ref.Kind].Return == nil {
			continue
		}
		from, err := s.nurturePool(ctx, k.Ref.Kind)
		if err != nil {
			return err
		}
		err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			if err := s.movers[k.Ref.Kind].Return(ctx, k.Ref, from); err != nil {
				return err
			}
			return s.d.Store.EndKeep(ctx, []crm.Ref{k.Ref})
		})
		if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
			return err
		}
	}
	return nil
}
