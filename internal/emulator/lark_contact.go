package emulator

import (
	"maps"
	"slices"
	"strconv"
)

func (l *Lark) userJSON(p *LarkPerson) map[string]any {
	return map[string]any{"open_id": p.OpenID, "union_id": p.UnionID, "user_id": p.UserID, "name": p.Name, "en_name": p.EnName, "email": p.Email, "mobile": p.Mobile,
		"employee_no": p.EmployeeNo, "department_ids": p.Departments, "leader_user_id": p.Leader, "is_tenant_manager": p.Manager,
		"status": map[string]bool{"is_frozen": p.Frozen, "is_resigned": p.Resigned, "is_activated": true, "is_exited": false, "is_unjoin": false}}
}

func (l *Lark) departmentJSON(d *LarkDepartment) map[string]any {
	return map[string]any{"name": d.Name, "parent_department_id": d.Parent, "department_id": "d" + d.OpenID, "open_department_id": d.OpenID, "leader_user_id": d.Leader,
		"status": map[string]bool{"is_deleted": false}}
}

func (l *Lark) user(c *larkCall) (any, *LarkError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, kind := c.r.PathValue("id"), c.r.URL.Query().Get("user_id_type")
	for _, p := range l.people {
		if (kind == "union_id" && p.UnionID == id) || (kind != "union_id" && p.OpenID == id) {
			if p.Outside || p.Foreign != "" {
				return nil, &LarkError{Code: 41050, Msg: "no user authority error"}
			}
			return map[string]any{"user": l.userJSON(p)}, nil
		}
	}
	return nil, &LarkError{Code: 99992351, Msg: "not a valid {open_id}"}
}

// page cuts a list as the page parameters of the request ask for.
func page(c *larkCall, list []any) map[string]any {
	q := c.r.URL.Query()
	size, err := strconv.Atoi(q.Get("page_size"))
	if err != nil || size < 1 || size > 50 {
		size = 10
	}
	from, err := strconv.Atoi(q.Get("page_token"))
	if err != nil || from < 0 || from > len(list) {
		from = 0
	}
	to := min(from+size, len(list))
	out := map[string]any{"items": list[from:to], "has_more": to < len(list)}
	if to < len(list) {
		out["page_token"] = strconv.Itoa(to)
	}
	return out
}

func (l *Lark) usersOf(c *larkCall) (any, *LarkError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dept := c.r.URL.Query().Get("department_id")
	if dept != "0" && l.depts[dept] == nil || dept == "0" && l.set.Part {
		return nil, &LarkError{Code: 40004, Msg: "no dept authority error"}
	}
	var list []any
	for _, id := range slices.Sorted(maps.Keys(l.people)) {
		p := l.people[id]
		in := slices.Contains(p.Departments, dept) || (dept == "0" && len(p.Departments) == 0)
		if in && !p.Outside && !p.Resigned && p.Foreign == "" {
			list = append(list, l.userJSON(p))
		}
	}
	return page(c, list), nil
}

func (l *Lark) children(c *larkCall) (any, *LarkError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.set.Part && c.r.PathValue("id") == "0" {
		return nil, &LarkError{Code: 40004, Msg: "no dept authority error"}
	}
	all := c.r.URL.Query().Get("fetch_child") == "true"
	under := func(d *LarkDepartment, root string) bool {
		for range len(l.depts) + 1 {
			if d.Parent == root {
				return true
			}
			if d = l.depts[d.Parent]; d == nil || !all {
				return false
			}
		}
		return false
	}
	var list []any
	for _, id := range slices.Sorted(maps.Keys(l.depts)) {
		if under(l.depts[id], c.r.PathValue("id")) {
			list = append(list, l.departmentJSON(l.depts[id]))
		}
	}
	return page(c, list), nil
}
