package approval

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

func TestDefaultFlow_CT03(t *testing.T) {
	f, ok := Pick(Flows.Default, "contract", "BUY")
	if !ok {
		t.Fatal("contracts have no flow")
	}
	for amount, want := range map[crm.Money]string{
		1:                        "manager role:legal",
		crm.Yuan(500_000) - 1:    "manager role:legal",
		crm.Yuan(500_000):        "manager role:legal role:finance",
		crm.Yuan(1_000_000) - 1:  "manager role:legal role:finance",
		crm.Yuan(1_000_000):      "manager role:legal role:finance role:boss",
		crm.Yuan(10_000_000_000): "manager role:legal role:finance role:boss",
	} {
		var got []string
		for _, s := range f.For(amount) {
			got = append(got, s.Who...)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s goes to %v, want %s", amount, got, want)
		}
	}
}

func TestPickPrefersTheCategory(t *testing.T) {
	fs := []Flow{{Kind: "contract", Steps: []Step{{Who: []string{"manager"}}}}, {Kind: "contract", Category: "SUP", Steps: []Step{{Who: []string{"role:boss"}}}}}
	if f, ok := Pick(fs, "contract", "SUP"); !ok || f.Steps[0].Who[0] != "role:boss" {
		t.Errorf("SUP got %v", f)
	}
	if f, ok := Pick(fs, "contract", "BUY"); !ok || f.Steps[0].Who[0] != "manager" {
		t.Errorf("BUY got %v", f)
	}
	if _, ok := Pick(fs, "quote", ""); ok {
		t.Error("a quote got a contract's flow")
	}
}

func TestFlowsSettingRefusesNonsense(t *testing.T) {
	def := Flows.Def()
	for value, ok := range map[string]bool{
		def.Default: true,
		`[]`:        true,
		`[{"kind":"contract","steps":[{"who":["user:王磊","role:finance"],"mode":"all"}]}]`:                             true,
		`[{"kind":"contract","steps":[{"who":["role:king"]}]}]`:                                                       false,
		`[{"kind":"contract","steps":[{"who":["boss"]}]}]`:                                                            false,
		`[{"kind":"contract","steps":[{"who":["user: "]}]}]`:                                                          false,
		`[{"kind":"contract","steps":[{"who":[]}]}]`:                                                                  false,
		`[{"kind":"contract","steps":[]}]`:                                                                            false,
		`[{"kind":"","steps":[{"who":["manager"]}]}]`:                                                                 false,
		`[{"kind":"contract","steps":[{"who":["manager"],"mode":"most"}]}]`:                                           false,
		`[{"kind":"contract","steps":[{"who":["manager"],"from":-1}]}]`:                                               false,
		`[{"kind":"contract","steps":[{"who":["manager"],"from":5}]}]`:                                                false,
		`[{"kind":"c","steps":[{"who":["manager"]}]},{"kind":"c","steps":[{"who":["manager"]}]}]`:                     false,
		`[{"kind":"contract","steps":[{"who":["manager"]}],"steps2":[]}]`:                                             false,
		`[{"kind":"contract","steps":[` + strings.TrimSuffix(strings.Repeat(`{"who":["manager"]},`, 13), ",") + `]}]`: false,
	} {
		if err := def.Check(value); (err == nil) != ok {
			t.Errorf("Check(%s) = %v, want ok %v", value, err, ok)
		}
	}
}

// company is a fake directory: 1 rep, 2 manager, 3 director, 4 and 5 legal, 9 admin.
type company map[crm.UserID]org.User

var superiors = map[crm.UserID]crm.UserID{1: 2, 2: 3, 4: 3, 5: 3}

func newCompany() company {
	c := company{}
	for id, r := range map[crm.UserID]crm.Role{1: crm.Rep, 2: crm.Manager, 3: crm.Director, 4: crm.Legal, 5: crm.Legal, 6: crm.Rep, 9: crm.Admin} {
		c[id] = org.User{ID: id, Name: fmt.Sprintf("p%d", id), Roles: []crm.Role{r}, Active: true}
	}
	return c
}

func (c company) change(id crm.UserID, f func(*org.User)) {
	u := c[id]
	f(&u)
	c[id] = u
}

func (c company) User(_ context.Context, id crm.UserID) (org.User, error) {
	u, ok := c[id]
	if !ok {
		return u, crm.NotFound("没有", "none")
	}
	return u, nil
}

func (c company) Superior(_ context.Context, id crm.UserID) (crm.UserID, error) {
	return superiors[id], nil
}

func (c company) WithRole(_ context.Context, r crm.Role) ([]org.User, error) {
	var out []org.User
	for _, id := range []crm.UserID{1, 2, 3, 4, 5, 6, 9} {
		if u := c[id]; u.Active && u.Has(r) {
			out = append(out, u)
		}
	}
	return out, nil
}

func (c company) One(_ context.Context, text string) (org.User, error) {
	for _, u := range c {
		if u.Name == text && u.Active {
			return u, nil
		}
	}
	return org.User{}, crm.NotFound("没有", "none")
}

func TestResolve_AP03(t *testing.T) {
	const today = crm.Day("2026-03-02")
	leave := func(deputy crm.UserID) func(*org.User) {
		return func(u *org.User) { u.LeaveFrom, u.LeaveTo, u.Deputy = today, today, deputy }
	}
	for name, c := range map[string]struct {
		submitter crm.UserID
		who       string
		change    func(company)
		want      string // user(instead)because …
		parties   []crm.UserID
	}{
		"the superior":                                {1, "manager", nil, "2", nil},
		"a manager's own goes one up":                 {2, "manager", nil, "3", nil},
		"nobody above: administrators":                {3, "manager", nil, "9 nobody", nil},
		"superior on leave: deputy":                   {1, "manager", func(c company) { c.change(2, leave(6)) }, "6(2) leave", nil},
		"deputy is the submitter: next superior":      {1, "manager", func(c company) { c.change(2, leave(1)) }, "3(2) leave", nil},
		"no deputy: next superior":                    {1, "manager", func(c company) { c.change(2, leave(0)) }, "3(2) leave", nil},
		"deputy on leave too":                         {1, "manager", func(c company) { c.change(2, leave(6)); c.change(6, leave(4)) }, "4(2) leave", nil},
		"deputies in a circle":                        {1, "manager", func(c company) { c.change(2, leave(6)); c.change(6, leave(2)) }, "9 nobody", nil},
		"superior is leaving":                         {1, "manager", func(c company) { c.change(2, func(u *org.User) { u.Frozen = true }) }, "3(2) left", nil},
		"a role":                                      {1, "role:legal", nil, "4, 5", nil},
		"one of the role on leave":                    {1, "role:legal", func(c company) { c.change(4, leave(0)) }, "5", nil},
		"with a deputy":                               {1, "role:legal", func(c company) { c.change(4, leave(6)) }, "5, 6(4) leave", nil},
		"all of the role on leave":                    {1, "role:legal", func(c company) { c.change(4, leave(0)); c.change(5, leave(0)) }, "3(4) leave", nil},
		"the submitter is one of the role":            {4, "role:legal", nil, "5", nil},
		"the submitter is the role":                   {4, "role:legal", func(c company) { c.change(5, func(u *org.User) { u.Active = false }) }, "3(4) self", nil},
		"a role that nobody has":                      {1, "role:finance", nil, "9 nobody", nil},
		"a named person":                              {1, "user:p6", nil, "6", nil},
		"a named person who submits":                  {2, "user:p2", nil, "3(2) self", nil},
		"a named person who left":                     {1, "user:p77", nil, "9 nobody", nil},
		"an administrator on leave is not asked":      {1, "role:finance", func(c company) { c.change(9, leave(0)) }, "refused", nil},
		"an administrator does not approve their own": {9, "role:finance", nil, "refused", nil},
		"the superior owns it: next superior":         {1, "manager", nil, "3(2) party", []crm.UserID{2}},
		"the owner is one of the role":                {1, "role:legal", nil, "5", []crm.UserID{4}},
		"the owner is the role":                       {1, "role:legal", func(c company) { c.change(5, func(u *org.User) { u.Active = false }) }, "3(4) party", []crm.UserID{4}},
		"the owner is the deputy":                     {1, "manager", func(c company) { c.change(2, leave(6)) }, "3(2) leave", []crm.UserID{6}},
		"the owner is the administrator":              {1, "role:finance", nil, "refused", []crm.UserID{9}},
		"a named person who owns it":                  {1, "user:p2", nil, "3(2) party", []crm.UserID{1, 2, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			people := newCompany()
			if c.change != nil {
				c.change(people)
			}
			found, err := resolver{people: people, submitter: c.submitter, parties: c.parties, today: today}.step(t.Context(), Step{Who: []string{c.who}})
			var got []string
			for _, a := range found {
				s := fmt.Sprint(int64(a.user))
				if a.instead != 0 {
					s += fmt.Sprintf("(%d)", a.instead)
				}
				got = append(got, strings.TrimSpace(s+" "+a.reason))
				if a.user == c.submitter || slices.Contains(c.parties, a.user) {
					t.Errorf("%d approves their own business", a.user)
				}
			}
			if err != nil {
				if crm.RuleOf(err) != "AP-03" {
					t.Fatal(err)
				}
				got = []string{"refused"}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("asked %v, want %s", got, c.want)
			}
		})
	}
}

func TestResolveAsksNobodyTwice(t *testing.T) {
	found, err := resolver{people: newCompany(), submitter: 1, today: "2026-03-02"}.step(t.Context(), Step{Who: []string{"manager", "role:manager", "user:p2", "role:legal"}})
	if err != nil {
		t.Fatal(err)
	}
	var ids []crm.UserID
	for _, a := range found {
		ids = append(ids, a.user)
	}
	if !slices.Equal(ids, []crm.UserID{2, 4, 5}) {
		t.Errorf("asked %v", ids)
	}
}
