package larkbot

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"

	"crmbot/bot/adapter"
	"crmbot/internal/org"
)

type userJSON struct {
	OpenID        string   `json:"open_id"`
	UnionID       string   `json:"union_id"`
	Name          string   `json:"name"`
	EmployeeNo    string   `json:"employee_no"`
	DepartmentIDs []string `json:"department_ids"`
	TenantManager bool     `json:"is_tenant_manager"`
	Status        struct {
		Resigned bool `json:"is_resigned"`
		Exited   bool `json:"is_exited"`
	} `json:"status"`
}

func (u userJSON) member() org.Member {
	return org.Member{External: u.OpenID, Aliases: []string{u.UnionID}, Name: u.Name, EmployeeNo: u.EmployeeNo, Units: u.DepartmentIDs, Admin: u.TenantManager,
		Left: u.Status.Resigned || u.Status.Exited}
}

const (
	rootDepartment = "0"
	pageSize       = "50"
	// maxPages bounds a list, should the platform's paging go in circles.
	maxPages = 2000
)

// Roster is everybody and every department that the app may see.
func (b *Bot) Roster(ctx context.Context) (org.Roster, error) {
	out := org.Roster{Platform: Name}
	type department struct {
		ID     string `json:"open_department_id"`
		Name   string `json:"name"`
		Parent string `json:"parent_department_id"`
		Leader string `json:"leader_user_id"`
	}
	kinds := url.Values{"user_id_type": {"open_id"}, "department_id_type": {"open_department_id"}, "page_size": {pageSize}}
	departments, err := pages[department](ctx, b, "/open-apis/contact/v3/departments/"+rootDepartment+"/children", with(kinds, "fetch_child", "true"))
	if err != nil {
		return out, err
	}
	for _, d := range departments {
		u := org.Unit{ID: d.ID, Name: d.Name, Parent: d.Parent, Leader: d.Leader}
		if u.Parent == rootDepartment {
			u.Parent = ""
		}
		out.Units = append(out.Units, u)
	}
	seen := map[string]bool{}
	for _, id := range append([]string{rootDepartment}, ids(out.Units)...) {
		users, err := pages[userJSON](ctx, b, "/open-apis/contact/v3/users/find_by_department", with(kinds, "department_id", id))
		if e := asError(err); e != nil && e.verdict() == refused && id == rootDepartment {
			continue // an app that sees some departments only does not see the root
		}
		if err != nil {
			return out, err
		}
		for _, u := range users {
			if !seen[u.OpenID] && u.OpenID != "" {
				seen[u.OpenID] = true
				out.People = append(out.People, u.member())
			}
		}
	}
	return out, nil
}

// Person is one person of the directory as a roster without departments.
func (b *Bot) Person(ctx context.Context, openID string) (org.Roster, error) {
	var out struct {
		User userJSON `json:"user"`
	}
	err := b.call(ctx, "contact", "/open-apis/contact/v3/users/"+url.PathEscape(openID), url.Values{"user_id_type": {"open_id"}, "department_id_type": {"open_department_id"}}, &out)
	if err != nil {
		return org.Roster{}, err
	}
	return org.Roster{Platform: Name, People: []org.Member{out.User.member()}}, nil
}

func with(v url.Values, key, value string) url.Values {
	out := maps.Clone(v)
	out.Set(key, value)
	return out
}

func ids(units []org.Unit) []string {
	out := make([]string, len(units))
	for i, u := range units {
		out[i] = u.ID
	}
	return out
}

// pages reads a list to its end.
func pages[T any](ctx context.Context, b *Bot, path string, query url.Values) ([]T, error) {
	var all []T
	for range maxPages {
		var page struct {
			Items []T    `json:"items"`
			More  bool   `json:"has_more"`
			Token string `json:"page_token"`
		}
		if err := b.call(ctx, "contact", path, query, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if !page.More || page.Token == "" {
			return all, nil
		}
		query = with(query, "page_token", page.Token)
	}
	return nil, errors.New("lark: a list without end")
}

// call reads from an API within its rate, patiently: the directory has time.
func (b *Bot) call(ctx context.Context, api, path string, query url.Values, out any) error {
	return adapter.Patient(ctx, showTries, func() error {
		if err := b.limit.take(ctx, "lark:api:"+b.opt.AppID+":"+api, perMinuteRate, perMinuteBurst); err != nil {
			return err
		}
		return b.report(ctx, outcome(b.api.call(ctx, http.MethodGet, path, query, nil, out)))
	})
}
