package dingbot

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"crmbot/bot/adapter"
	"crmbot/internal/org"
)

const (
	rootDepartment = 1
	// userPage is how many people are asked for at once; the platform's page does
	// not name the limit.
	userPage = 100
	// maxDepartments and maxPages end a circle in bad data.
	maxDepartments = 10_000
	maxPages       = 1000
	// askManagers is how many people of a department without a leader are asked
	// for their manager.
	askManagers = 5
)

// contact calls the contact API, which costs nothing of the quota, patiently:
// the directory has time.
func (b *Bot) contact(ctx context.Context, path string, body, out any) error {
	return adapter.Patient(ctx, showTries, func() error {
		var env struct {
			Result json.RawMessage `json:"result"`
		}
		err := b.api.call(ctx, request{method: http.MethodPost, path: path, old: true, free: true, body: body}, &env)
		if err == nil && len(env.Result) > 0 {
			return json.Unmarshal(env.Result, out)
		}
		return b.report(ctx, outcome(err))
	})
}

// department is one unit; the root is 1.
type department struct {
	id, parent int64
	name       string
}

// departments are all departments that the app may see, the root included,
// parents before their children. One level is asked for at a time.
func (b *Bot) departments(ctx context.Context) ([]department, error) {
	out := []department{{id: rootDepartment}}
	seen := map[int64]bool{rootDepartment: true}
	for i := 0; i < len(out) && len(out) < maxDepartments; i++ {
		var sub list[struct {
			ID   number `json:"dept_id"`
			Name text   `json:"name"`
		}]
		if err := b.contact(ctx, "/topapi/v2/department/listsub", map[string]any{"dept_id": out[i].id, "language": "zh_CN"}, &sub); err != nil {
			return nil, err
		}
		for _, d := range sub {
			if !seen[int64(d.ID)] {
				seen[int64(d.ID)] = true
				out = append(out, department{id: int64(d.ID), parent: out[i].id, name: string(d.Name)})
			}
		}
	}
	return out, nil
}

// wirePerson is a person as the contact API shows them. Mobile numbers and
// addresses are permissions of their own and not asked for.
type wirePerson struct {
	UserID    text         `json:"userid"`
	UnionID   text         `json:"unionid"`
	Name      text         `json:"name"`
	JobNumber text         `json:"job_number"`
	Manager   text         `json:"manager_userid"`
	Dept      list[number] `json:"dept_id_list"`
	Leader    flag         `json:"leader"`
	Admin     flag         `json:"admin"`
}

func (w wirePerson) member() org.Member {
	m := org.Member{External: string(w.UserID), Name: string(w.Name), EmployeeNo: string(w.JobNumber), Admin: bool(w.Admin)}
	if w.UnionID != "" {
		m.Aliases = []string{string(w.UnionID)}
	}
	for _, d := range w.Dept {
		if d != rootDepartment {
			m.Units = append(m.Units, unitID(int64(d)))
		}
	}
	return m
}

func unitID(id int64) string { return strconv.FormatInt(id, 10) }

// Roster is everybody and every department that the app may see.
func (b *Bot) Roster(ctx context.Context) (org.Roster, error) {
	out := org.Roster{Platform: Name}
	departments, err := b.departments(ctx)
	if err != nil {
		return out, err
	}
	seen := map[string]bool{}
	for _, d := range departments {
		people, err := b.peopleOf(ctx, d.id)
		if err != nil {
			return out, err
		}
		unit := org.Unit{ID: unitID(d.id), Name: d.name}
		if d.parent != rootDepartment {
			unit.Parent = unitID(d.parent)
		}
		for _, p := range people {
			if bool(p.Leader) && unit.Leader == "" {
				unit.Leader = string(p.UserID)
			}
			if !seen[string(p.UserID)] {
				seen[string(p.UserID)] = true
				out.People = append(out.People, p.member())
			}
		}
		if d.id == rootDepartment {
			continue
		}
		if unit.Leader == "" {
			if unit.Leader, err = b.managerOf(ctx, people); err != nil {
				return out, err
			}
		}
		out.Units = append(out.Units, unit)
	}
	return out, nil
}

// peopleOf are the people of one department, without those below it.
func (b *Bot) peopleOf(ctx context.Context, id int64) ([]wirePerson, error) {
	var out []wirePerson
	cursor := int64(0)
	for range maxPages {
		var page struct {
			More flag             `json:"has_more"`
			Next number           `json:"next_cursor"`
			List list[wirePerson] `json:"list"`
		}
		if err := b.contact(ctx, "/topapi/v2/user/list", map[string]any{"dept_id": id, "cursor": cursor, "size": userPage, "language": "zh_CN"}, &page); err != nil {
			return nil, err
		}
		out = append(out, slices.DeleteFunc(page.List, func(p wirePerson) bool { return p.UserID == "" })...)
		if !bool(page.More) || int64(page.Next) <= cursor {
			break
		}
		cursor = int64(page.Next)
	}
	return out, nil
}

// managerOf is whom the people of a department without a leader report to: the
// manager whom most of the first few have. Lists do not name managers.
func (b *Bot) managerOf(ctx context.Context, people []wirePerson) (string, error) {
	votes := map[string]int{}
	best := ""
	for _, p := range people[:min(len(people), askManagers)] {
		w, ok, err := b.user(ctx, string(p.UserID))
		if err != nil {
			return "", err
		}
		if m := string(w.Manager); ok && m != "" {
			if votes[m]++; votes[m] > votes[best] {
				best = m
			}
		}
	}
	return best, nil
}

// user is one member; false if nobody has this user id (any more).
func (b *Bot) user(ctx context.Context, userID string) (wirePerson, bool, error) {
	var w wirePerson
	err := b.contact(ctx, "/topapi/v2/user/get", map[string]any{"userid": userID, "language": "zh_CN"}, &w)
	if e := asError(err); e != nil && e.verdict() == personGone {
		return wirePerson{}, false, nil
	}
	return w, err == nil && w.UserID != "", err
}

// Person is one person of the directory as a roster without departments.
func (b *Bot) Person(ctx context.Context, userID string) (org.Roster, error) {
	w, ok, err := b.user(ctx, userID)
	if err != nil || !ok {
		return org.Roster{Platform: Name}, err
	}
	return org.Roster{Platform: Name, People: []org.Member{w.member()}}, nil
}

// userOf is the user id behind a union id, or the union id itself if the
// platform does not tell. It is asked while a person waits.
func (b *Bot) userOf(ctx context.Context, union string) string {
	var env struct {
		Result struct {
			UserID text `json:"userid"`
		} `json:"result"`
	}
	err := b.api.call(ctx, request{method: http.MethodPost, path: "/topapi/user/getbyunionid", old: true, free: true, body: map[string]any{"unionid": union}}, &env)
	if err != nil || env.Result.UserID == "" {
		return union
	}
	return string(env.Result.UserID)
}
