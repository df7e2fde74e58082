package app_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/org"
)

// served is the program on a played Lark.
type served struct {
	*program
	lark *emulator.Lark
}

func serveLark(t *testing.T, mode string, prepare func(l *emulator.Lark, d *org.Directory)) *served {
	t.Helper()
	st := newLark(mode, emulator.LarkOptions{}, nil)
	return &served{serve(t, app.Options{}, func(d *org.Directory) { prepare(st.lark, d) }, st), st.lark}
}

// last is the newest message of the bot in a person's chat.
func (s *served) last(openID string) string {
	text := ""
	for _, m := range s.lark.Messages(s.lark.P2P(openID)) {
		if m.From == "" {
			text = m.Text()
		}
	}
	return text
}

func (s *served) say(t *testing.T, openID, text, want string) {
	t.Helper()
	if _, err := s.lark.Send(emulator.LarkIncoming{Person: openID, Text: text}); err != nil {
		t.Fatal(err)
	}
	until(t, want+" after "+text, func() bool { return strings.Contains(s.last(openID), want) })
}

func larkCompany(l *emulator.Lark, _ *org.Directory) {
	l.AddDepartment(emulator.LarkDepartment{OpenID: "od_east", Name: "华东", Leader: "ou_wang"})
	l.AddPerson(emulator.LarkPerson{OpenID: "ou_wang", Name: "王磊", Departments: []string{"od_east"}})
	l.AddPerson(emulator.LarkPerson{OpenID: "ou_li", Name: "李娜", Departments: []string{"od_east"}})
	l.AddPerson(emulator.LarkPerson{OpenID: "ou_boss", Name: "管理", Manager: true})
}

func TestServeBringsTheCompanyFromLarkAndAnswers(t *testing.T) {
	for _, mode := range []string{"long", "webhook"} {
		t.Run(mode, func(t *testing.T) {
			s := serveLark(t, mode, larkCompany)
			ctx := t.Context()
			until(t, "the directory", func() bool {
				_, err := s.app.Services.Directory.ByIdentity(ctx, "lark", "", "ou_li")
				return err == nil
			})
			s.say(t, "ou_li", "/帮助", "/我的线索")
			team, err := s.app.Services.Directory.TeamByName(ctx, "华东")
			if err != nil || s.app.Services.Directory.Name(ctx, team.Leader) != "王磊" {
				t.Errorf("team %+v, %v", team, err)
			}
			s.lark.AddPerson(emulator.LarkPerson{OpenID: "ou_stranger", Name: "路人", Outside: true})
			s.lark.AddPerson(emulator.LarkPerson{OpenID: "ou_guest", Name: "客人", Foreign: "their_tenant"})
			s.say(t, "ou_guest", "/我的线索", "没有绑定")
		})
	}
}

// HO-01: somebody who leaves the company on Lark can read but not act from that
// moment.
func TestHO01ALeaverOnLarkIsFrozen(t *testing.T) {
	s := serveLark(t, "long", larkCompany)
	ctx := t.Context()
	li := func() crm.Actor {
		a, err := s.app.Services.Directory.ByIdentity(ctx, "lark", "", "ou_li")
		if err != nil {
			return crm.Actor{}
		}
		return a
	}
	until(t, "the directory", func() bool { return li().ID != 0 })
	left := li().ID
	s.lark.Leave("ou_li")
	until(t, "the freeze", func() bool {
		u, err := s.app.Services.Directory.User(ctx, left)
		return err == nil && u.Frozen && li().ID == 0
	})
	s.lark.Join(emulator.LarkPerson{OpenID: "ou_zhang", Name: "张伟", Departments: []string{"od_east"}})
	until(t, "the new person", func() bool {
		_, err := s.app.Services.Directory.ByIdentity(ctx, "lark", "", "ou_zhang")
		return err == nil
	})
}

func TestTheWebhookStandsBesideHealth(t *testing.T) {
	s := serveLark(t, "webhook", larkCompany)
	if _, err := s.lark.Challenge(s.url + app.LarkHook); err != nil {
		t.Error(err)
	}
	resp, err := http.Post(s.url+app.LarkHook, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("an unsigned request: %d", resp.StatusCode)
	}
}

// On first contact somebody unknown is brought from the platform's directory;
// where a person of the same name exists already, an administrator decides.
func TestSomebodyNewOnLarkIsBoundByAnAdministrator(t *testing.T) {
	var li org.User
	s := serveLark(t, "long", func(l *emulator.Lark, d *org.Directory) {
		li = org.User{Name: "李娜", EmployeeNo: "E07", Active: true, Roles: []crm.Role{crm.Rep}}
		for _, u := range []*org.User{&li, {Name: "管理", Active: true, Roles: []crm.Role{crm.Admin}}, {Name: "老板", Active: true, Roles: []crm.Role{crm.Admin}}} {
			if err := d.SaveUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			if u.Name != "李娜" {
				ext := map[string]string{"管理": "ou_admin", "老板": "ou_boss"}[u.Name]
				if err := d.Bind(t.Context(), org.Identity{Platform: "lark", External: ext, User: u.ID}); err != nil {
					t.Fatal(err)
				}
				l.AddPerson(emulator.LarkPerson{OpenID: ext, Name: u.Name})
			}
		}
		l.AddPerson(emulator.LarkPerson{OpenID: "ou_li", Name: "李娜"})
	})
	s.lark.AddPerson(emulator.LarkPerson{OpenID: "ou_zhou", Name: "周杰"})
	s.say(t, "ou_zhou", "/帮助", "/我的线索") // nobody else has that name: served at once
	s.say(t, "ou_li", "/我的线索", "已请管理员确认")
	s.say(t, "ou_li", "/我的线索", "已请管理员确认")
	until(t, "the administrators' cards", func() bool {
		return strings.Contains(s.last("ou_admin"), "新成员绑定") && strings.Contains(s.last("ou_boss"), "新成员绑定")
	})
	if n := s.times("ou_admin", "新成员绑定"); n != 1 {
		t.Errorf("the administrator got %d cards", n)
	}
	card := s.newest("ou_admin")
	// The card is a claim, not authority: somebody without the right gets nothing.
	if a := s.press(t, "ou_zhou", card, "新建为销售", nil); !strings.Contains(a.Toast, "管理员") {
		t.Errorf("a rep pressed and saw %q", a.Toast)
	}
	a := s.press(t, "ou_admin", card, "绑定到此人", map[string]any{"who": strconv.FormatInt(int64(li.ID), 10)})
	if a.Toast != "已绑定" || !a.Card {
		t.Fatalf("the administrator sees %+v", a)
	}
	until(t, "the other administrator's card", func() bool { return strings.Contains(s.last("ou_boss"), "已绑定") })
	until(t, "the welcome", func() bool { return strings.Contains(s.last("ou_li"), "您的飞书账号已绑定") })
	if got, err := s.app.Services.Directory.ByIdentity(t.Context(), "lark", "", "ou_li"); err != nil || got.ID != li.ID {
		t.Errorf("bound as %+v, %v", got, err)
	}
	s.say(t, "ou_li", "/帮助", "/我的线索")

	// Whom the directory does not show can be made a new person, by command.
	s.lark.AddPerson(emulator.LarkPerson{OpenID: "ou_wu", Name: "李娜", Departments: nil})
	other := org.User{Name: "李娜", EmployeeNo: "E08", Active: true, Roles: []crm.Role{crm.Rep}}
	if err := s.app.Services.Directory.SaveUser(t.Context(), &other); err != nil {
		t.Fatal(err)
	}
	s.say(t, "ou_wu", "/帮助", "已请管理员确认")
	s.say(t, "ou_boss", "/绑定 2 新建", "已绑定")
	until(t, "the welcome of the new person", func() bool { return strings.Contains(s.last("ou_wu"), "您的飞书账号已绑定") })
	s.say(t, "ou_boss", "/绑定 2 拒绝", "已经处理过了")
	s.say(t, "ou_zhou", "/绑定", "管理员")
}

func (s *served) newest(openID string) emulator.LarkMessage {
	var out emulator.LarkMessage
	for _, m := range s.lark.Messages(s.lark.P2P(openID)) {
		if m.From == "" {
			out = m
		}
	}
	return out
}

func (s *served) times(openID, text string) int {
	n := 0
	for _, m := range s.lark.Messages(s.lark.P2P(openID)) {
		if m.From == "" && strings.Contains(m.Text(), text) {
			n++
		}
	}
	return n
}

func (s *served) press(t *testing.T, openID string, m emulator.LarkMessage, label string, values map[string]any) emulator.LarkAnswer {
	t.Helper()
	for _, c := range emulator.LarkControls(m.Content) {
		if c.Label == label {
			a, err := s.lark.Press(emulator.LarkPress{Person: openID, Message: m.ID, Control: c, Values: values})
			if err != nil || a.Error != 0 {
				t.Fatalf("pressed %q: %+v, %v", label, a, err)
			}
			return a
		}
	}
	t.Fatalf("no control %q in:\n%s", label, m.Text())
	return emulator.LarkAnswer{}
}
