package larkbot_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"crmbot/bot/larkbot"
	"crmbot/internal/emulator"
	"crmbot/internal/org"
)

func TestTheRosterIsReadToItsEnd(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{NoLimits: true}, true)
	w.lark.AddDepartment(emulator.LarkDepartment{OpenID: "od_hq", Name: "总部"})
	w.lark.AddDepartment(emulator.LarkDepartment{OpenID: "od_east", Name: "华东", Parent: "od_hq", Leader: "ou_m001"})
	for i := range 120 {
		w.lark.AddPerson(emulator.LarkPerson{OpenID: fmt.Sprintf("ou_m%03d", i), Name: fmt.Sprintf("人%03d", i), EmployeeNo: fmt.Sprintf("E%d", i), Departments: []string{"od_east", "od_hq"}, Manager: i == 7})
	}
	w.lark.AddPerson(emulator.LarkPerson{OpenID: "ou_out", Name: "outside", Outside: true, Departments: []string{"od_hq"}})
	w.lark.Break(emulator.Fault{API: "GET /open-apis/contact/v3/users/", Kind: emulator.HTMLPage, Skip: 1, Times: 1})
	w.lark.Break(emulator.Fault{API: "GET /open-apis/contact/v3/departments/", Kind: emulator.ExpiredToken, Times: 1})
	r, err := w.current().Roster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Units) != 2 || len(r.People) != 123 { // and the three of the suite, without a department
		t.Fatalf("%d departments, %d people", len(r.Units), len(r.People))
	}
	units := map[string]org.Unit{}
	for _, u := range r.Units {
		units[u.ID] = u
	}
	if units["od_hq"].Parent != "" || units["od_east"].Parent != "od_hq" || units["od_east"].Leader != "ou_m001" {
		t.Errorf("departments %+v", units)
	}
	for _, p := range r.People {
		if p.External == "ou_m007" && (!p.Admin || p.EmployeeNo != "E7" || len(p.Units) != 2 || p.Aliases[0] != "on_m007" || p.Left) {
			t.Errorf("person %+v", p)
		}
		if p.External == "ou_out" {
			t.Error("somebody outside the app's scope is in the roster")
		}
	}
}

func TestChangesOfTheDirectoryArePassedOn(t *testing.T) {
	var mu sync.Mutex
	got := map[string]bool{}
	w, _ := open(t, emulator.LarkOptions{}, false, func(o *larkbot.Options) {
		o.Contact = func(_ context.Context, id string, left bool) error {
			mu.Lock()
			defer mu.Unlock()
			got[id] = left
			return nil
		}
	})
	acked(t, w.lark.Leave("ou_ann"))
	acked(t, w.lark.Join(emulator.LarkPerson{OpenID: "ou_new", Name: "New"}))
	acked(t, w.lark.Emit("contact.department.created_v3", map[string]any{"object": map[string]any{"name": "x"}}))
	wait(t, "three changes", func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == 3 })
	if !got["ou_ann"] || got["ou_new"] || got[""] {
		t.Errorf("passed on %v", got)
	}
}

// No synchronisation tells of leavers: a change that could not be followed comes
// again, from the inbox or, without one, from the platform (HO-01).
func TestHO01ALeaverIsFollowedUntilItWorks(t *testing.T) {
	for name, prepare := range map[string]func(o *larkbot.Options){
		"inbox":      func(o *larkbot.Options) { o.Inbox, o.Lease = inbox(t), 4*time.Second },
		"redelivery": func(*larkbot.Options) {},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			got := 0
			w, _ := open(t, emulator.LarkOptions{}, false, func(o *larkbot.Options) {
				prepare(o)
				o.Contact = func(_ context.Context, id string, left bool) error {
					mu.Lock()
					defer mu.Unlock()
					if got++; id != "ou_ann" || !left {
						t.Errorf("%s left: %v", id, left)
					}
					if got <= 4 {
						return errors.New("the database is busy")
					}
					return nil
				}
			})
			acked(t, w.lark.Leave("ou_ann"))
			wait(t, "the fifth try", func() bool { mu.Lock(); defer mu.Unlock(); return got >= 5 })
			if err := w.current().Idle(t.Context()); err != nil {
				t.Fatal(err)
			}
			idle(500 * time.Millisecond)
			if mu.Lock(); got != 5 {
				t.Errorf("followed %d times", got)
			}
			mu.Unlock()
		})
	}
}
