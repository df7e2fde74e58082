package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
)

// dinging is the program on a played DingTalk.
type dinging struct {
	story
	ding *emulator.Ding
}

func serveDing(t *testing.T, clock crm.Clock, o emulator.DingOptions, prepare func(d *emulator.Ding)) *dinging {
	t.Helper()
	st := newDing(o, clock)
	prepare(st.ding)
	return &dinging{story{serve(t, app.Options{Clock: clock}, nil, st), st, nil}, st.ding}
}

func dingCompany(d *emulator.Ding) {
	d.AddPerson(emulator.DingPerson{UserID: "wang", Name: "王磊", Departments: []int64{7}, LeaderOf: []int64{7}})
	d.AddPerson(emulator.DingPerson{UserID: "li", Name: "李娜", Departments: []int64{7}})
	d.AddPerson(emulator.DingPerson{UserID: "zhang", Name: "张伟", Departments: []int64{7}})
	d.AddPerson(emulator.DingPerson{UserID: "chief", Name: "管理", Admin: true})
}

func TestServeBringsTheCompanyFromDingTalkAndAnswers(t *testing.T) {
	s := serveDing(t, workday(), emulator.DingOptions{}, dingCompany)
	s.known("li", "wang")
	s.say("li", "/帮助", "/我的线索")
	team, err := s.app.Services.Directory.TeamByName(t.Context(), "华东")
	if err != nil || s.app.Services.Directory.Name(t.Context(), team.Leader) != "王磊" {
		t.Errorf("team %+v, %v", team, err)
	}
	s.ding.AddPerson(emulator.DingPerson{UserID: "guest", Name: "客人", Corp: "their_corp"})
	s.say("guest", "/我的线索", "没有绑定")
	resp, err := http.Get(s.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"crmbot_dingtalk_connected 1", `crmbot_dingtalk_calls{quota="stream"}`, `crmbot_dingtalk_quota{quota="api"} 5000`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

// HO-01: somebody who leaves the company on DingTalk can read but not act from
// that moment.
func TestHO01ALeaverOnDingTalkIsFrozen(t *testing.T) {
	s := serveDing(t, workday(), emulator.DingOptions{}, dingCompany)
	s.known("li")
	li := s.actor("li").ID
	if _, err := s.ding.Emit("user_leave_org", map[string]any{"userId": []string{"li"}, "timeStamp": "1"}); err != nil {
		t.Fatal(err)
	}
	until(t, "the freeze", func() bool {
		u, err := s.app.Services.Directory.User(t.Context(), li)
		return err == nil && u.Frozen
	})
	if _, err := s.app.Services.Directory.ByIdentity(t.Context(), "dingtalk", "", "li"); crm.CodeOf(err) != crm.CodeNotFound {
		t.Errorf("the account is known: %v", err)
	}
	if s.actor("zhang").Frozen {
		t.Error("a colleague is frozen too")
	}
	s.ding.AddPerson(emulator.DingPerson{UserID: "zhao", Name: "赵敏", Departments: []int64{7}})
	if _, err := s.ding.Emit("user_add_org", map[string]any{"userId": []string{"zhao"}}); err != nil {
		t.Fatal(err)
	}
	s.known("zhao")
}
