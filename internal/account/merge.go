package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// Merges is what the store does when two accounts become one.
type Merges interface {
	// MoveReferences gives what was done and planned with one record to the other.
	MoveReferences(ctx context.Context, from, to crm.Ref) error
	// MoveChildren gives one account's deals and former leads to the other, and
	// returns the deals. Contracts keep the party that was signed.
	MoveChildren(ctx context.Context, from, to crm.AccountID, now time.Time) ([]crm.DealID, error)
	// MoveContact gives a contact to another account; JoinContacts gives what was
	// done with one contact to another one.
	MoveContact(ctx context.Context, id crm.ContactID, to crm.AccountID) error
	JoinContacts(ctx context.Context, from, to crm.ContactID) error
	// MergedInto are the accounts that became part of the account.
	MergedInto(ctx context.Context, id crm.AccountID) ([]crm.AccountID, error)
}

// MergeField is one part of the data that a merge decides about.
type MergeField struct {
	Key  string
	Name crm.Text
	of   func(*Account) string
	set  func(to *Account, from Account)
}

// MergeFields are all parts of the data, in the order of the card.
var MergeFields = []MergeField{
	{"name", crm.Text{Zh: "名称", En: "name"}, func(x *Account) string { return x.Name }, func(to *Account, from Account) { to.Name, to.Key = from.Name, from.Key }},
	{"level", crm.Text{Zh: "级别", En: "level"}, func(x *Account) string { return string(x.Level) }, func(to *Account, from Account) { to.Level = from.Level }},
	{"region", crm.Text{Zh: "城市或区域", En: "city or region"}, func(x *Account) string { return x.Region }, func(to *Account, from Account) { to.Region = from.Region }},
	{"industry", crm.Text{Zh: "行业", En: "industry"}, func(x *Account) string { return x.Industry }, func(to *Account, from Account) { to.Industry = from.Industry }},
	{"uscc", crm.Text{Zh: "信用代码", En: "credit code"}, func(x *Account) string { return x.USCC }, func(to *Account, from Account) { to.USCC = from.USCC }},
	{"no", crm.Text{Zh: "编号", En: "number"}, func(x *Account) string { return x.No }, func(to *Account, from Account) { to.No = from.No }},
	{"parent", crm.Text{Zh: "上级单位", En: "parent company"}, func(x *Account) string { return x.Parent }, func(to *Account, from Account) { to.Parent = from.Parent }},
	{"employees", crm.Text{Zh: "员工数", En: "employees"}, func(x *Account) string { return positive(x.Employees) }, func(to *Account, from Account) { to.Employees = from.Employees }},
	{"revenue", crm.Text{Zh: "年营收", En: "yearly revenue"}, func(x *Account) string { return positive(int64(x.Revenue) / 100) }, func(to *Account, from Account) { to.Revenue = from.Revenue }},
	{"founded", crm.Text{Zh: "成立", En: "founded"}, func(x *Account) string { return positive(int64(x.Founded)) }, func(to *Account, from Account) { to.Founded = from.Founded }},
}

func positive(n int64) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// Value is the field of an account as people read it.
func (f MergeField) Value(x Account) string { return f.of(&x) }

// Differs reports whether the two have different values, so that somebody must
// choose.
func (f MergeField) Differs(keep, other Account) bool {
	a, b := f.Value(keep), f.Value(other)
	return a != "" && b != "" && a != b
}

// MergeData is the survivor with the data of both: what one of them lacks comes
// from the other, and where they differ take decides.
func MergeData(keep, other Account, take map[string]bool) Account {
	for _, f := range MergeFields {
		if f.Value(other) != "" && (f.Value(keep) == "" || f.Differs(keep, other) && take[f.Key]) {
			f.set(&keep, other)
		}
	}
	if keep.DealtAt.IsZero() || !other.DealtAt.IsZero() && other.DealtAt.Before(keep.DealtAt) {
		keep.DealtAt = other.DealtAt
	}
	if other.ActiveAt.After(keep.ActiveAt) {
		keep.ActiveAt = other.ActiveAt
	}
	if keep.FromLead == 0 {
		keep.FromLead = other.FromLead
	}
	return keep
}

// Merging are two accounts that may become one.
type Merging struct {
	Keep, Other Seen
	// Owner is the name of whoever has the survivor afterwards; empty: the pool.
	// Loses is the name of an owner who has neither then.
	Owner, Loses string
}

var mergers = []crm.Role{crm.Manager, crm.Director, crm.Boss, crm.Admin, crm.Marketing}

func (v Seen) part() pool.Part {
	if v.Owner == 0 {
		return pool.Part{Ref: v.ID.Ref(), Free: true, Decides: v.Manages}
	}
	return pool.Part{Ref: v.ID.Ref(), Decides: !v.Collaborates}
}

// MergePreview shows what a merge of other into keep would do.
func (s *Service) MergePreview(ctx context.Context, a crm.Actor, keep, other crm.AccountID) (Merging, error) {
	if a.Frozen {
		return Merging{}, frozen()
	}
	if !a.Is(mergers...) {
		return Merging{}, crm.Forbid(a, crm.Manager, crm.Marketing)
	}
	var m Merging
	var err error
	if m.Keep, err = s.Peek(ctx, a, keep); err != nil {
		return m, err
	}
	if m.Other, err = s.Peek(ctx, a, other); err != nil {
		return m, err
	}
	if err := pool.MayMerge(m.Keep.part(), m.Other.part()); err != nil {
		return m, err
	}
	if m.Keep.ID == m.Other.ID {
		return m, crm.Conflict("DU-01", keep.String()+" 和 "+other.String()+" 已是同一个客户", keep.String()+" and "+other.String()+" are one account already")
	}
	for _, x := range []Account{m.Keep.Account, m.Other.Account} {
		if x.State != Live && x.State != Review {
			return m, crm.Conflict("DU-01", x.ID.String()+" "+x.State.Name(crm.Chinese)+"，不能合并", x.ID.String()+" is "+x.State.Name(crm.English)+" and cannot be merged")
		}
	}
	m.Owner = m.Keep.OwnerName
	switch {
	case m.Keep.Owner == 0:
		m.Owner = m.Other.OwnerName
	case m.Other.Owner != 0 && m.Other.Owner != m.Keep.Owner:
		m.Loses = m.Other.OwnerName
	}
	return m, nil
}

// Merge makes one account of two, in one transaction: other becomes part of
// keep, with its contacts, deals, activities, plans, collaborators, files and
// duplicate keys. Its code opens keep from then on. Contracts and their
// approvals stay bound to the party that was signed and are shown with keep.
// Deals stay with their owners. The survivor keeps its owner; one from the pool
// goes to the owner of the other, whatever the hold limit says. Facts stay.
func (s *Service) Merge(ctx context.Context, a crm.Actor, keep, other crm.AccountID, take map[string]bool) (Seen, error) {
	m, err := s.MergePreview(ctx, a, keep, other)
	if err != nil {
		return Seen{}, err
	}
	keep, other = m.Keep.ID, m.Other.ID
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var seat pool.Seat
		if m.Keep.Owner == 0 && m.Other.Owner != 0 {
			var err error
			if seat, err = s.Gate.Seat(ctx, crm.KindAccount, m.Other.Owner); err != nil {
				return err
			}
		}
		locked := map[crm.AccountID]Account{}
		for _, id := range []crm.AccountID{min(keep, other), max(keep, other)} { // one order for all
			x, err := s.Store.LockAccount(ctx, id)
			if err != nil {
				return err
			}
			locked[id] = x
		}
		k, o := locked[keep], locked[other]
		if k.Version != m.Keep.Version || o.Version != m.Other.Version {
			return s.moved(keep)
		}
		return s.merge(ctx, a, seat, k, o, take)
	})
	if errors.Is(err, pool.ErrLost) {
		return Seen{}, s.moved(keep)
	}
	if err != nil {
		return Seen{}, err
	}
	return s.Peek(ctx, a, keep)
}

func (s *Service) merge(ctx context.Context, a crm.Actor, seat pool.Seat, k, o Account, take map[string]bool) error {
	now := s.Clock.Now()
	home, err := s.Gate.Pool(ctx, k.home())
	if err != nil {
		return err
	}
	data := MergeData(k, o, take)
	taken := pool.Move{Ref: o.ID.Ref(), From: o.Owner, FromTeam: o.Team, Reason: pool.Merge, Pool: home, Note: k.ID.String(), Uncounted: true}
	if _, err := s.Gate.Free(ctx, a, taken, 1, func(ctx context.Context, st pool.Stamp, _ int) ([]crm.Ref, error) {
		gone := o
		gone.stamp(st)
		gone.State, gone.Quality, gone.Merged, gone.UpdatedAt = Merged, "duplicate", k.ID, now
		// What must be unique is the survivor's now.
		gone.Key, gone.USCC = "="+o.ID.String(), ""
		if data.No == o.No {
			gone.No = ""
		}
		return []crm.Ref{o.ID.Ref()}, s.Store.UpdateAccount(ctx, &gone)
	}); err != nil {
		return err
	}
	kept := pool.Move{Ref: k.ID.Ref(), From: k.Owner, FromTeam: k.Team, Reason: pool.Merge, Pool: home, Note: o.ID.String(), Uncounted: true}
	data.UpdatedAt = now
	if seat.User.ID != 0 {
		data.State, data.Quality = Live, ""
		_, err = s.Gate.Give(ctx, a, seat, kept, 1, func(ctx context.Context, st pool.Stamp, _ int) ([]crm.Ref, error) {
			data.stamp(st)
			return []crm.Ref{k.ID.Ref()}, s.Store.UpdateAccount(ctx, &data)
		})
	} else if err = s.Gate.Joined(ctx, a, kept); err == nil {
		err = s.Store.UpdateAccount(ctx, &data)
	}
	if err != nil {
		return err
	}
	if err := s.Unsettle(ctx, k.ID); err != nil { // another level has another period (P-11)
		return err
	}
	if err := s.moveContacts(ctx, o.ID, k.ID); err != nil {
		return err
	}
	deals, err := s.Store.MoveChildren(ctx, o.ID, k.ID, now)
	if err != nil {
		return err
	}
	if k.Owner != 0 { // else it goes to the other's owner, who let them in
		if err := s.collabs().Joined(ctx, a, o.ID.Ref(), k.ID.Ref(), o.Owner, k.Owner, now); err != nil {
			return err
		}
	}
	if err := s.Store.MoveReferences(ctx, o.ID.Ref(), k.ID.Ref()); err != nil {
		return err
	}
	if s.Keys != nil {
		if err := s.Keys.Move(ctx, o.ID.Ref(), k.ID.Ref()); err != nil {
			return err
		}
	}
	var chosen []string
	for key, other := range take {
		if other {
			chosen = append(chosen, key)
		}
	}
	slices.Sort(chosen)
	if err := s.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "account.merge", Ref: k.ID.Ref(), Rule: "DU-01", Detail: map[string]any{"other": o.ID.String(), "taken": chosen, "deals": len(deals)}}); err != nil {
		return err
	}
	if o.Owner != 0 && o.Owner != a.ID && o.Owner != k.Owner && seat.User.ID == 0 {
		if err := s.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(o.Owner), View: crm.View{Name: ViewTaken, Ref: o.ID.String()}}); err != nil {
			return err
		}
	}
	refs := []crm.Ref{k.ID.Ref(), o.ID.Ref()}
	for _, id := range deals {
		refs = append(refs, id.Ref())
	}
	return s.Effects.Refresh(ctx, refs...)
}

// moveContacts gives the contacts of one account to another. A person who is
// there already, by number or by name, stays once, with everything that was done
// with both.
func (s *Service) moveContacts(ctx context.Context, from, to crm.AccountID) error {
	have, err := s.Store.Contacts(ctx, to)
	if err != nil {
		return err
	}
	list, err := s.Store.Contacts(ctx, from)
	if err != nil {
		return err
	}
	for _, c := range list {
		i := slices.IndexFunc(have, func(o Contact) bool {
			return c.Mobile != "" && o.Mobile == c.Mobile || o.Name == c.Name && (c.Mobile == "" || o.Mobile == "")
		})
		if i < 0 {
			if err := s.Store.MoveContact(ctx, c.ID, to); err != nil {
				return err
			}
			continue
		}
		if o := have[i]; o.Mobile == "" && c.Mobile != "" || o.Email == "" && c.Email != "" || o.Title == "" && c.Title != "" || o.Role == "" && c.Role != "" {
			for _, f := range [][2]*string{{&o.Mobile, &c.Mobile}, {&o.Email, &c.Email}, {&o.Title, &c.Title}} {
				if *f[0] == "" {
					*f[0] = *f[1]
				}
			}
			if o.Role == "" {
				o.Role = c.Role
			}
			if err := s.Store.UpdateContact(ctx, &o); err != nil {
				return err
			}
			have[i] = o
		}
		if err := s.Store.JoinContacts(ctx, c.ID, have[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// Parts are the account and those that became part of it, for what stays bound
// to the code under which it was made, such as contracts.
func (s *Service) Parts(ctx context.Context, id crm.AccountID) ([]crm.AccountID, error) {
	ids, err := s.Store.MergedInto(ctx, id)
	return append([]crm.AccountID{id}, ids...), err
}
