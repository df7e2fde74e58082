package dingbot_test

import (
	"fmt"
	"testing"

	"crmbot/internal/emulator"
	"crmbot/internal/org"
)

func TestTheRosterIsReadToItsEnd(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{NoLimits: true, QuotaAPI: 1})
	w.ding.AddDepartment(emulator.DingDepartment{ID: 10, Name: "总部"})
	w.ding.AddDepartment(emulator.DingDepartment{ID: 20, Name: "华东", Parent: 10})
	w.ding.AddDepartment(emulator.DingDepartment{ID: 30, Name: "华南", Parent: 10})
	for i := range 120 {
		w.ding.AddPerson(emulator.DingPerson{UserID: fmt.Sprintf("m%03d", i), Name: fmt.Sprintf("人%03d", i), JobNumber: fmt.Sprintf("E%d", i), Departments: []int64{20, 10}, Admin: i == 7})
	}
	w.ding.AddPerson(emulator.DingPerson{UserID: "chief", Name: "主管", Departments: []int64{10}, LeaderOf: []int64{10}})
	w.ding.AddPerson(emulator.DingPerson{UserID: "south1", Name: "南一", Departments: []int64{30}, Manager: "chief"})
	w.ding.AddPerson(emulator.DingPerson{UserID: "south2", Name: "南二", Departments: []int64{30}})
	w.ding.AddPerson(emulator.DingPerson{UserID: "gone", Name: "离职", Departments: []int64{30}, Left: true})
	w.ding.Break(emulator.Fault{API: "POST /topapi/v2/user/list", Kind: emulator.HTMLPage, Skip: 1, Times: 1})
	w.ding.Break(emulator.Fault{API: "POST /topapi/v2/department", Kind: emulator.ExpiredToken, Times: 1})
	w.ding.Break(emulator.Fault{API: "POST /topapi/v2/user/list", Kind: emulator.Throttled, Skip: 2, Times: 1})
	r, err := w.current().Roster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Units) != 3 || len(r.People) != 126 { // and the three of the suite, in the root
		t.Fatalf("%d departments, %d people", len(r.Units), len(r.People))
	}
	units := map[string]org.Unit{}
	for _, u := range r.Units {
		units[u.Name] = u
	}
	if u := units["总部"]; u.Parent != "" || u.Leader != "chief" {
		t.Errorf("head office %+v", u)
	}
	if u := units["华南"]; u.Parent != units["总部"].ID || u.Leader != "chief" {
		t.Errorf("without a leader of its own, the people's manager leads: %+v", u)
	}
	if u := units["华东"]; u.Leader != "" {
		t.Errorf("nobody leads the east: %+v", u)
	}
	for _, p := range r.People {
		if p.External == "m007" && (!p.Admin || p.EmployeeNo != "E7" || len(p.Units) != 2 || p.Aliases[0] != "union_m007" || p.Left) {
			t.Errorf("person %+v", p)
		}
		if p.External == "gone" {
			t.Error("a leaver is in the roster")
		}
	}
	if api, _ := w.ding.Used(); api != 0 {
		t.Errorf("%d calls of the quota", api)
	}
}

func TestOnePersonIsRead(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	if r, err := w.current().Person(t.Context(), "ann"); err != nil || len(r.People) != 1 || r.People[0].Name != "Ann" {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := w.current().Person(t.Context(), "nobody"); err != nil || len(r.People) != 0 {
		t.Errorf("%+v %v", r, err)
	}
}
