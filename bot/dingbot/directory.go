package dingbot

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
)

// Department is one unit of the company's directory. The root is 1.
type Department struct {
	ID, Parent int64
	Name       string
}

// Person is a member of the company's directory.
type Person struct {
	UserID, UnionID, Name string
	// JobNumber, Mobile and Email are empty unless the app may see them.
	JobNumber, Mobile, Email string
	Departments              []int64
	// Leads are the departments that the person leads.
	Leads []int64
	// Manager is the user id of the person's own manager, "" if none is set.
	Manager string
	Admin   bool
}

const (
	rootDepartment = 1
	// userPage is how many people are asked for at once; the platform's page does
	// not name the limit.
	userPage = 100
	// maxDepartments ends a circle in bad data.
	maxDepartments = 10_000
)

// contact calls the contact API, which costs nothing of the quota.
func (b *Bot) contact(ctx context.Context, path string, body, out any) error {
	var env struct {
		Result json.RawMessage `json:"result"`
	}
	err := b.api.call(ctx, request{method: http.MethodPost, path: path, old: true, free: true, body: body}, &env)
	if err != nil {
		return b.report(ctx, err)
	}
	if len(env.Result) == 0 {
		return nil
	}
	return json.Unmarshal(env.Result, out)
}

// Departments are all departments that the app may see, the root included,
// parents before their children.
func (b *Bot) Departments(ctx context.Context) ([]Department, error) {
	out := []Department{{ID: rootDepartment}}
	seen := map[int64]bool{rootDepartment: true}
	for i := 0; i < len(out) && len(out) < maxDepartments; i++ {
		var sub list[struct {
			ID   number `json:"dept_id"`
			Name text   `json:"name"`
		}]
		if err := b.contact(ctx, "/topapi/v2/department/listsub", map[string]any{"dept_id": out[i].ID, "language": "zh_CN"}, &sub); err != nil {
			return nil, err
		}
		for _, d := range sub {
			if !seen[int64(d.ID)] {
				seen[int64(d.ID)] = true
				out = append(out, Department{ID: int64(d.ID), Parent: out[i].ID, Name: string(d.Name)})
			}
		}
	}
	return out, nil
}

// wirePerson is a person as the contact API shows them.
type wirePerson struct {
	UserID    text         `json:"userid"`
	UnionID   text         `json:"unionid"`
	Name      text         `json:"name"`
	JobNumber text         `json:"job_number"`
	Mobile    text         `json:"mobile"`
	Email     text         `json:"email"`
	Manager   text         `json:"manager_userid"`
	Dept      list[number] `json:"dept_id_list"`
	Leader    flag         `json:"leader"`
	Admin     flag         `json:"admin"`
	LeaderIn  list[struct {
		Dept   number `json:"dept_id"`
		Leader flag   `json:"leader"`
	}] `json:"leader_in_dept"`
}

func (w wirePerson) person() Person {
	p := Person{UserID: string(w.UserID), UnionID: string(w.UnionID), Name: string(w.Name), JobNumber: string(w.JobNumber), Mobile: string(w.Mobile), Email: string(w.Email),
		Manager: string(w.Manager), Admin: bool(w.Admin)}
	for _, d := range w.Dept {
		p.Departments = append(p.Departments, int64(d))
	}
	for _, d := range w.LeaderIn {
		if d.Leader {
			p.Leads = append(p.Leads, int64(d.Dept))
		}
	}
	return p
}

// People are the members of the departments, each once, in order of department.
// A person's own manager is not part of the platform's list; see Person.
func (b *Bot) People(ctx context.Context, departments []Department) ([]Person, error) {
	var out []Person
	at := map[string]int{}
	for _, d := range departments {
		for cursor := int64(0); ; {
			var page struct {
				Has  flag             `json:"has_more"`
				Next number           `json:"next_cursor"`
				List list[wirePerson] `json:"list"`
			}
			if err := b.contact(ctx, "/topapi/v2/user/list", map[string]any{"dept_id": d.ID, "cursor": cursor, "size": userPage, "language": "zh_CN"}, &page); err != nil {
				return nil, err
			}
			for _, w := range page.List {
				if w.UserID == "" {
					continue
				}
				i, known := at[string(w.UserID)]
				if !known {
					i = len(out)
					at[string(w.UserID)] = i
					out = append(out, w.person())
				}
				if bool(w.Leader) && !slices.Contains(out[i].Leads, d.ID) {
					out[i].Leads = append(out[i].Leads, d.ID)
				}
			}
			if !bool(page.Has) || int64(page.Next) <= cursor {
				break
			}
			cursor = int64(page.Next)
		}
	}
	return out, nil
}

// Person is one member with everything that the app may see; false if nobody
// has this user id (any more).
func (b *Bot) Person(ctx context.Context, userID string) (Person, bool, error) {
	var w wirePerson
	err := b.contact(ctx, "/topapi/v2/user/get", map[string]any{"userid": userID, "language": "zh_CN"}, &w)
	if e := asError(err); e != nil && e.verdict() == personGone {
		return Person{}, false, nil
	}
	return w.person(), err == nil && w.UserID != "", err
}

// userOf is the user id behind a union id, or the union id itself if the
// platform does not tell.
func (b *Bot) userOf(ctx context.Context, union string) string {
	var out struct {
		UserID text `json:"userid"`
	}
	if err := b.contact(ctx, "/topapi/user/getbyunionid", map[string]any{"unionid": union}, &out); err != nil || out.UserID == "" {
		return union
	}
	return string(out.UserID)
}
