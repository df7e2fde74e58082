package org

import (
	"context"
	"slices"
	"strings"

	"crmbot/internal/crm"
)

// ViewAppointed tells somebody that they administer crmbot from now on, because
// nobody else did. It has no argument.
const ViewAppointed = "org.appointed"

// appointment chooses who becomes an administrator: nobody while one is bound.
// Those whom the company named, whatever the platform says; if it named nobody,
// one of those who administer the tenant: rather somebody who has the role here
// already and was only not bound yet, else the first.
func (y *syncing) appointment() map[string]bool {
	out := map[string]bool{}
	if y.administered {
		return out
	}
	first, known := "", ""
	for _, m := range y.r.People {
		switch {
		case m.Left || m.External == "":
		case len(y.r.Admins) > 0:
			if y.chosen(m) {
				out[m.External] = true
			}
		case m.Admin:
			if first == "" {
				first = m.External
			}
			if u := y.s.users[y.s.byNo[strings.ToLower(m.EmployeeNo)]]; known == "" && u.Active && !u.Frozen && u.Has(crm.Admin) && sameName(u.Name, crm.Normalize(m.Name)) {
				known = m.External
			}
		}
	}
	if known != "" {
		first = known
	}
	if first != "" {
		out[first] = true
	}
	return out
}

// chosen reports whether the company named the member as administrator.
func (y *syncing) chosen(m Member) bool {
	return slices.ContainsFunc(y.r.Admins, func(a string) bool {
		return a != "" && (a == m.External || slices.Contains(m.Aliases, a) || strings.EqualFold(a, m.EmployeeNo))
	})
}

// appoint makes the person an administrator if they were chosen, and tells them.
func (y *syncing) appoint(ctx context.Context, m Member, id crm.UserID) error {
	u, ok := y.s.users[id]
	if !ok || !y.appointed[m.External] || !u.Active || u.Frozen {
		return nil
	}
	if !u.Has(crm.Admin) {
		u.Roles = append(u.Roles, crm.Admin)
		if err := y.d.store.SaveUser(ctx, &u); err != nil {
			return err
		}
		y.s.users[id] = u
		y.out.Appointed++
		if err := y.audit(ctx, "org.appoint", id, map[string]any{"named": len(y.r.Admins) > 0}); err != nil {
			return err
		}
	}
	if y.d.effects == nil {
		return nil
	}
	return y.d.effects.Notify(ctx, crm.Notice{To: crm.ToUserOn(id, y.r.Platform), View: crm.View{Name: ViewAppointed}, Always: true})
}
