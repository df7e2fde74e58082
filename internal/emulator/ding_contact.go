package emulator

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

func dingOK(result any) map[string]any {
	return map[string]any{"errcode": 0, "errmsg": "ok", "result": result, "request_id": "req1"}
}

// dingUser is a person as the contact API shows them. Some numbers and truth
// values are text, as they are in places.
func dingUser(p *DingPerson) map[string]any {
	leader := []map[string]any{}
	for _, dep := range p.Departments {
		leader = append(leader, map[string]any{"dept_id": dep, "leader": slices.Contains(p.LeaderOf, dep)})
	}
	return map[string]any{"userid": p.UserID, "unionid": p.UnionID, "name": p.Name, "mobile": p.Mobile, "email": p.Email, "job_number": p.JobNumber, "manager_userid": p.Manager,
		"dept_id_list": p.Departments, "leader_in_dept": leader, "active": "true", "admin": p.Admin, "boss": false}
}

func (d *Ding) userGet(c *dingCall) (any, *DingError) {
	var in struct {
		UserID string `json:"userid"`
	}
	if json.Unmarshal(c.body, &in) != nil || in.UserID == "" {
		return nil, dingBad("", "userid")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.people[in.UserID]
	if p == nil || p.Left || p.Corp != "" {
		return nil, &DingError{Errcode: 33012, Msg: "无效的USERID"}
	}
	return dingOK(dingUser(p)), nil
}

func (d *Ding) byUnion(c *dingCall) (any, *DingError) {
	var in struct{ UnionID string }
	if json.Unmarshal(c.body, &in) != nil {
		return nil, dingBad("", "unionid")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.people {
		if p.UnionID == in.UnionID && !p.Left && p.Corp == "" {
			return dingOK(map[string]any{"contact_type": 0, "userid": p.UserID}), nil
		}
	}
	return nil, &DingError{Errcode: 60121, Msg: "找不到该用户"}
}

// userList answers with one page of a department's people; the leader's flag
// stands beside the person here.
func (d *Ding) userList(c *dingCall) (any, *DingError) {
	var in struct {
		Dept   json.Number `json:"dept_id"`
		Cursor int
		Size   int
	}
	if json.Unmarshal(c.body, &in) != nil || in.Size < 1 || in.Size > 100 {
		return nil, dingBad("", "dept_id, cursor, size")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	dept, err := in.Dept.Int64()
	if err != nil || (dept != 1 && d.depts[dept] == nil) {
		return nil, &DingError{Errcode: 60003, Msg: "部门不存在"}
	}
	var list []map[string]any
	for _, id := range slices.Sorted(maps.Keys(d.people)) {
		p := d.people[id]
		root := dept == 1 && len(p.Departments) == 0
		if p.Left || p.Corp != "" || !root && !slices.Contains(p.Departments, dept) {
			continue
		}
		u := dingUser(p)
		delete(u, "leader_in_dept")
		delete(u, "manager_userid")
		u["leader"] = strconv.FormatBool(slices.Contains(p.LeaderOf, dept))
		list = append(list, u)
	}
	from := min(max(in.Cursor, 0), len(list))
	to := min(from+in.Size, len(list))
	out := map[string]any{"has_more": to < len(list), "list": list[from:to]}
	if to < len(list) {
		out["next_cursor"] = to
	}
	return dingOK(out), nil
}

func (d *Ding) departments(c *dingCall) (any, *DingError) {
	var in struct {
		Dept json.Number `json:"dept_id"`
	}
	if json.Unmarshal(c.body, &in) != nil {
		return nil, dingBad("", "dept_id")
	}
	parent, err := in.Dept.Int64()
	if err != nil {
		parent = 1
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.set.Part && parent == 1 {
		return nil, &DingError{Errcode: 50004, Msg: "请求的部门id不在授权范围内"}
	}
	list := []map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(d.depts)) {
		if x := d.depts[id]; x.Parent == parent && x.ID != 1 {
			list = append(list, map[string]any{"dept_id": x.ID, "name": x.Name, "parent_id": x.Parent})
		}
	}
	return dingOK(list), nil
}
