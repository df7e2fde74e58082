package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"crmbot/bot"
	"crmbot/cards"
	"crmbot/cards/card"
	"crmbot/cards/textcard"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// hire adds a person who writes from the phone with the id.
func (o *office) hire(id string, u org.User) org.User {
	o.t.Helper()
	u.Active = true
	if err := o.Services.Directory.SaveUser(o.t.Context(), &u); err != nil {
		o.t.Fatal(err)
	}
	if err := o.Services.Directory.Bind(o.t.Context(), org.Identity{Platform: "phone", External: id, User: u.ID}); err != nil {
		o.t.Fatal(err)
	}
	return u
}

// types is what the bot answers to a line in the 1:1 chat.
func (o *office) types(id, line string) bot.Reply {
	o.t.Helper()
	return o.Runtime.Handle(o.t.Context(), &bot.Req{Platform: "phone", EventID: fmt.Sprint(o.t.Name(), id, line), Kind: bot.Message, From: id, Chat: bot.Chat{ID: id}, Text: line, At: o.clock.Now()})
}

// TestGroupsReadNothingFromPressesPM03: cards travel; what is pressed on one in
// a group is done, and its new state goes to the presser alone.
func TestGroupsReadNothingFromPressesPM03(t *testing.T) {
	o := newOffice(t)
	if rep := o.types("p1", "/新合同 星河科技 50万 付款=月结30天 开始=2026-03-10"); rep.Err() != nil {
		t.Fatal(rep.Err())
	}
	if rep := o.types("p1", "/日报"); rep.Err() != nil {
		t.Fatal(rep.Err())
	}
	press := func(group bool, a card.Action, v bot.Values) bot.Reply {
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return o.Runtime.Handle(t.Context(), &bot.Req{Platform: "phone", EventID: fmt.Sprint(a, group, v), Kind: bot.Press, From: "p1", Chat: bot.Chat{ID: "g1", Group: group}, MessageID: "7",
			Action: &bot.Action{Name: a.ActionName(), Payload: raw, Values: v}, At: o.clock.Now()})
	}
	r, err := o.Services.Reports.Open(t.Context(), crm.Actor{ID: o.user, Roles: []crm.Role{crm.Rep}}, crm.Day("2026-03-02"))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []card.Action{cards.SaveContract{Contract: 1}, cards.ReportEdit{Report: r.ID}, cards.ReportSave{Report: r.ID, V: r.Version}} {
		rep := press(true, a, bot.Values{"remark": {"盖章后寄出"}})
		if rep.Err() != nil {
			t.Errorf("%s: %v", a.ActionName(), rep.Err())
			continue
		}
		if rep.Card != nil || rep.Text != "" || len(rep.Also) != 1 || !rep.Also[0].Private || rep.Also[0].Update || rep.Also[0].Card == nil {
			t.Errorf("%s: the group reads %+v", a.ActionName(), rep)
		}
	}
	if rep := press(false, cards.ReportEdit{Report: r.ID}, nil); rep.Card == nil || !rep.Update {
		t.Errorf("in the 1:1 chat: %+v", rep)
	}
}

// TestLeaversOnlyReadHO01: whoever is being handed over types commands as much
// as they press buttons; nothing of it changes anything.
func TestLeaversOnlyReadHO01(t *testing.T) {
	o := newOffice(t)
	boss := o.hire("boss", org.User{Name: "管理员", Roles: []crm.Role{crm.Admin, crm.Manager, crm.Rep}})
	if rep := o.types("boss", "/规则 P-04.daily 25 旺季"); rep.Err() != nil {
		t.Fatal(rep.Err())
	}
	o.types("boss", "/新线索 明月贸易 王总 13800138000 转介绍")
	boss.Frozen = true
	if err := o.Services.Directory.SaveUser(t.Context(), &boss); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"/规则 P-04.daily 99 旺季", "/规则 撤回 1", "/新线索 清风物流 李总 13800138001", "/释放 L-1 无需求", "/转客户 L-1", "/新客户 远山", "拜访 明月贸易 王总 30分钟 聊了报价和交期",
		"/新合同 明月贸易 5万 付款=现结 开始=2026-03-10", "/计划 明天 明月贸易 10:00"} {
		if rep := o.types("boss", line); crm.RuleOf(rep.Err()) != "HO-01" {
			t.Errorf("%s: %v", line, rep.Err())
		}
	}
	rep := o.types("boss", "/线索 L-1")
	if rep.Err() != nil || rep.Card == nil || !strings.Contains(textcard.Render(*rep.Card), "明月贸易") {
		t.Errorf("reading: %+v", rep)
	}
	vs, err := o.Services.Rules.History(t.Context(), "P-04.daily")
	if err != nil || len(vs) != 1 || !vs[0].RolledBackAt.IsZero() {
		t.Errorf("the setting has %+v, %v", vs, err)
	}
}
