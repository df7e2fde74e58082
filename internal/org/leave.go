package org

import (
	"context"
	"slices"
	"strings"

	"crmbot/internal/crm"
)

// The views about somebody's work here (HO-01): ViewLeave asks an administrator
// whether somebody who is gone from a platform left the company, and its argument
// is the person's ref; ViewStays tells the person that their account works again.
const (
	ViewLeave = "org.leave"
	ViewStays = "org.stays"
)

// ToldFrozen reports whether a frozen person still gets cards of the view: those
// about their own account.
func ToldFrozen(view string) bool { return view == ViewBound || view == ViewElsewhere }

// leave follows that somebody is gone from a platform (HO-01): the id there is
// dropped and the person frozen. They may be employed still, with another account
// or a new one; the administrators are asked.
func (y *syncing) leave(ctx context.Context, m Member, id crm.UserID) error {
	if id == 0 {
		return nil
	}
	var rest []Identity
	for _, i := range y.s.externals[id] {
		if i.Platform != y.r.Platform || i.Tenant != y.r.Tenant || i.External != m.External && !slices.Contains(m.Aliases, i.External) {
			rest = append(rest, i)
			continue
		}
		if err := y.d.store.RemoveIdentity(ctx, i); err != nil {
			return err
		}
		delete(y.s.identities, identityKey(i.Platform, i.Tenant, i.External))
		if err := y.audit(ctx, "org.unbind", id, nil); err != nil {
			return err
		}
		y.out.Unbound++
	}
	y.s.externals[id] = rest
	froze, err := y.freeze(ctx, id)
	if err != nil || y.d.effects == nil {
		return err
	}
	if !froze { // they were asked before; what they see may have changed
		return y.d.effects.Refresh(ctx, PersonRef(id))
	}
	var notices []crm.Notice
	for _, x := range y.s.ordered {
		if u := y.s.users[x]; u.Active && !u.Frozen && u.Has(crm.Admin) {
			notices = append(notices, crm.Notice{To: crm.ToUser(x), View: crm.View{Name: ViewLeave, Ref: PersonRef(id).String()}, Always: true})
		}
	}
	return y.d.effects.Notify(ctx, notices...)
}

func (y *syncing) freeze(ctx context.Context, id crm.UserID) (bool, error) {
	u, ok := y.s.users[id]
	if !ok || u.Frozen || !u.Active {
		return false, nil
	}
	u.Frozen = true
	if err := y.d.store.SaveUser(ctx, &u); err != nil {
		return false, err
	}
	y.s.users[id] = u
	y.out.Frozen++
	return true, y.audit(ctx, "org.freeze", id, nil)
}

// Leaver is the person whom an administrator is asked about, and how many accounts
// they have left, as both are at this moment: from the copy in memory, which may be
// from before the freeze, there would be nothing to ask.
func (b *Binder) Leaver(ctx context.Context, a crm.Actor, id crm.UserID) (User, int, error) {
	if err := mayBind(a); err != nil {
		return User{}, 0, err
	}
	s, err := b.d.Directory.read(ctx)
	if err != nil {
		return User{}, 0, err
	}
	u, ok := s.users[id]
	if !ok {
		return User{}, 0, crm.NotFound("没有这个人", "there is no such person")
	}
	return u, len(s.externals[id]), nil
}

// Named finds the one person with the name or employee number, leavers too: a
// leaver may turn out to be employed.
func (b *Binder) Named(ctx context.Context, a crm.Actor, text string) (User, error) {
	if err := mayBind(a); err != nil {
		return User{}, err
	}
	everyone, err := b.d.Directory.Everyone(ctx)
	if err != nil {
		return User{}, err
	}
	q := strings.TrimPrefix(strings.TrimSpace(text), "@")
	var found []User
	for _, u := range everyone {
		switch {
		case u.EmployeeNo != "" && strings.EqualFold(u.EmployeeNo, q):
			return u, nil
		case sameName(u.Name, q) && (u.Frozen || !u.Active):
			found = append(found, u)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return b.d.Directory.One(ctx, text)
}

// Gone ends somebody's access: they left the company (HO-01). What they own
// stays theirs until it is handed over.
func (b *Binder) Gone(ctx context.Context, a crm.Actor, id crm.UserID) (User, error) {
	if id == a.ID {
		return User{}, crm.Refused("HO-01", "不能为自己办理离职", "you cannot mark yourself as gone").WithNext("请另一位管理员处理", "ask another administrator")
	}
	return b.employ(ctx, a, id, "org.left", func(u *User) error {
		if !u.Active {
			return crm.Conflict("HO-01", u.Name+" 已经是离职状态", u.Name+" has left already")
		}
		u.Active, u.Frozen = false, true
		return nil
	})
}

// Stays lifts the freeze of somebody who is employed still, or again (HO-01), and
// tells them.
func (b *Binder) Stays(ctx context.Context, a crm.Actor, id crm.UserID) (User, error) {
	return b.employ(ctx, a, id, "org.stays", func(u *User) error {
		if u.Active && !u.Frozen {
			return crm.Conflict("HO-01", u.Name+" 已经是在职状态", u.Name+" is at work already")
		}
		u.Active, u.Frozen = true, false
		return nil
	}, crm.Notice{To: crm.ToUser(id), View: crm.View{Name: ViewStays}, Always: true})
}

// employ changes whether somebody is employed and tells those who have an account.
// Who was decided about before comes back with the conflict.
func (b *Binder) employ(ctx context.Context, a crm.Actor, id crm.UserID, action string, how func(*User) error, tell ...crm.Notice) (User, error) {
	if err := mayBind(a); err != nil {
		return User{}, err
	}
	var out User
	err := b.d.Directory.change(ctx, func(ctx context.Context) error {
		s, err := b.d.Directory.read(ctx)
		if err != nil {
			return err
		}
		u, ok := s.users[id]
		if !ok {
			return crm.NotFound("没有这个人", "there is no such person")
		}
		out = u
		if err := how(&u); err != nil {
			return err
		}
		if err := b.d.People.SaveUser(ctx, &u); err != nil {
			return err
		}
		out = u
		if err := b.d.Effects.Audit(ctx, crm.Audit{At: b.d.Clock.Now(), Actor: a.ID, Action: action, Ref: PersonRef(id), Rule: "HO-01"}); err != nil {
			return err
		}
		if len(s.externals[id]) > 0 {
			if err := b.d.Effects.Notify(ctx, tell...); err != nil {
				return err
			}
		}
		return b.d.Effects.Refresh(ctx, PersonRef(id))
	})
	return out, err
}
