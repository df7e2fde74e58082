package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/org"
)

// both is one company whose people are on Lark and on DingTalk.
type both struct {
	*program
	lark, ding story
	onLark     *emulator.Lark
	onDing     *emulator.Ding
}

// serveBoth starts the program on both platforms, whose directories tell of the
// same people, and waits until everybody is known on both: all but a rep were
// bound there by an administrator before.
func serveBoth(t *testing.T) *both {
	t.Helper()
	clock := workday()
	l, d := newLark("long", emulator.LarkOptions{NoLimits: true}, clock), newDing(emulator.DingOptions{NoLimits: true}, clock)
	var who []string
	for _, m := range staff {
		l.hire(m)
		d.hire(m)
		who = append(who, m.key)
	}
	offices := func(dir *org.Directory) {
		for name, role := range map[string]crm.Role{"周法": crm.Legal, "钱财": crm.Finance, "赵总": crm.Boss} {
			u := org.User{Name: name, Roles: []crm.Role{role}, Active: true}
			if err := dir.SaveUser(t.Context(), &u); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range staff {
			u := org.User{Name: m.name, EmployeeNo: m.number, Roles: []crm.Role{crm.Rep}, Active: true}
			if m.leads {
				u.Roles = []crm.Role{crm.Manager}
			}
			if m.admin {
				u.Roles = append(u.Roles, crm.Admin)
			}
			if m.key == "zhang" {
				continue
			}
			if err := dir.SaveUser(t.Context(), &u); err != nil {
				t.Fatal(err)
			}
			for platform, external := range map[string]string{"lark": l.person(m.key), "dingtalk": d.person(m.key)} {
				if err := dir.Bind(t.Context(), org.Identity{Platform: platform, External: external, User: u.ID}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	p := serve(t, app.Options{Clock: clock}, offices, l, d)
	b := &both{p, story{p, l, nil}, story{p, d, nil}, l.lark, d.ding}
	b.lark.known(who...)
	b.ding.known(who...)
	return b
}

// notify queues a card about the first lead for a person.
func (b *both) notify(key string, id crm.UserID) {
	b.t.Helper()
	n := crm.Notice{To: crm.ToUser(id), View: crm.View{Name: "lead.card", Ref: "L-1"}, Key: key, Always: true}
	if err := b.app.DB.InTx(b.t.Context(), func(ctx context.Context) error { return b.app.DB.Effects().Notify(ctx, n) }); err != nil {
		b.t.Fatal(err)
	}
}

// told counts the bot's messages to a person on Lark and on DingTalk once
// everything is delivered.
func (b *both) told(who string) (lark, ding int) {
	b.delivered()
	return len(b.lark.seen(b.lark.chat(who))), len(b.ding.seen(b.ding.chat(who)))
}

func TestAPersonWithTwoIdentitiesIsOnePerson(t *testing.T) {
	b := serveBoth(t)
	for _, m := range staff {
		if x, y := b.lark.actor(m.key), b.ding.actor(m.key); x.ID != y.ID || x.Name != m.name {
			t.Errorf("%s is %d on Lark and %d on DingTalk", m.name, x.ID, y.ID)
		}
	}
	everyone, err := b.app.Services.Directory.Everyone(t.Context())
	if err != nil || len(everyone) != len(staff)+3 {
		t.Errorf("%d people, %v", len(everyone), err)
	}
	// Whom a directory bound to the person of the other is told there.
	until(t, "the notice", func() bool { x, y := b.told("zhang"); return x+y == 1 })
	// P-04: what was claimed on one platform counts on the other.
	if _, err := b.app.Services.Rules.Set(t.Context(), crm.SystemActor(), "P-04.daily", "", "2", "two a day", b.app.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"上海华星科技有限公司 王建国", "明月餐饮管理有限公司 赵敏", "深圳海川电子 孙涛"} {
		b.lark.say("wang", fmt.Sprintf("/新线索 %s 1380013800%d 展会", name, i), fmt.Sprintf("L-%d", i+1))
	}
	b.lark.say("li", "/认领 L-1", "认领成功")
	b.ding.say("li", "/认领 L-2", "认领成功")
	b.ding.say("li", "/认领 L-3", "P-04")
	b.lark.say("li", "/认领 L-3", "P-04")
	b.lark.say("li", "/我的线索", "共 2 条")
	b.ding.say("li", "/我的线索", "共 2 条")
	li := b.lark.actor("li").ID
	if n := b.count(fmt.Sprintf("SELECT SUM(qty) FROM crm_fact_daily WHERE metric_key = 'lead.claim' AND user_id = %d", li)); n != 2 {
		t.Errorf("the sums count %d claims", n)
	}
	if n := b.count("SELECT COUNT(DISTINCT owner_id) FROM crm_leads WHERE owner_id <> 0"); n != 1 {
		t.Errorf("the leads have %d owners", n)
	}
}

func TestACardOnBothPlatformsIsUpdatedOnBoth(t *testing.T) {
	b := serveBoth(t)
	b.lark.say("wang", "/新线索 上海华星科技有限公司 王建国 13800138000 展会", "L-1")
	onLark := b.lark.say("li", "/线索 L-1", "L-1")
	onDing := b.ding.say("li", "/线索 L-1", "L-1")
	bystander := b.ding.say("zhang", "/线索 L-1", "L-1")
	_, dingBefore := b.told("li")
	if p := b.lark.tap("li", onLark, "认领"); !p.ok {
		t.Fatal("no answer to the press")
	}
	until(t, "the card on Lark", func() bool { return showing(b.lark, "li", onLark.id, "13800138000") })
	until(t, "the card on DingTalk", func() bool { return showing(b.ding, "li", onDing.id, "13800138000") })
	until(t, "a colleague's card", func() bool { return showing(b.ding, "zhang", bystander.id, "由别人跟进") })
	if _, dingAfter := b.told("li"); dingAfter != dingBefore {
		t.Errorf("the press on Lark made %d new messages on DingTalk", dingAfter-dingBefore)
	}
	// And the other way: a claim there is followed here.
	b.lark.say("wang", "/新线索 明月餐饮管理有限公司 赵敏 13900139000 展会", "L-2")
	onLark, onDing = b.lark.say("li", "/线索 L-2", "L-2"), b.ding.say("li", "/线索 L-2", "L-2")
	larkBefore, _ := b.told("li")
	b.ding.tap("li", onDing, "认领")
	until(t, "the card on DingTalk", func() bool { return showing(b.ding, "li", onDing.id, "13900139000") })
	until(t, "the card on Lark", func() bool { return showing(b.lark, "li", onLark.id, "13900139000") })
	if larkAfter, _ := b.told("li"); larkAfter != larkBefore {
		t.Errorf("the press on DingTalk made %d new messages on Lark", larkAfter-larkBefore)
	}
}

func TestAnApprovalOnBothPlatformsIsDecidedOnce(t *testing.T) {
	b := serveBoth(t)
	b.ding.say("wang", "/帮助", "/待审批")
	b.lark.say("li", "/新客户 星河科技 杭州", "A-1")
	b.lark.say("li", "/新合同 A-1 5万 付款=预付100% 开始=2026-04-01 结束=2027-03-31 方式=线上", "C-1")
	b.lark.say("li", "/提交 C-1", "R-1")
	// The manager was last on DingTalk, so the request waits there, and only there.
	onDing := b.ding.awaits("wang", "R-1")
	if n, _ := b.told("wang"); n != 0 {
		t.Errorf("%d messages on Lark", n)
	}
	onLark := b.lark.say("wang", "/审批 R-1", "R-1")
	b.lark.tap("wang", onLark, "同意")
	for _, at := range []struct {
		s  story
		id string
	}{{b.lark, onLark.id}, {b.ding, onDing.id}} {
		until(t, "the decision on "+at.s.name(), func() bool { return showing(at.s, "wang", at.id, "已同意") })
	}
	// The card on the other platform has nothing to press any more.
	if _, found := b.ding.button(onDing, "同意"); found {
		t.Error("it can be decided a second time")
	}
	if n := b.count("SELECT COUNT(*) FROM crm_audit WHERE action = 'approval.approve'"); n != 1 {
		t.Errorf("decided %d times", n)
	}
}

func showing(s story, who, id, text string) bool {
	for _, m := range s.seen(s.chat(who)) {
		if m.id == id {
			return strings.Contains(m.text, text)
		}
	}
	return false
}

// A message of the bot's own goes to the platform that the person used last, and
// to that one only.
func TestAProactiveMessageGoesWhereThePersonWasLast(t *testing.T) {
	b := serveBoth(t)
	b.lark.say("wang", "/新线索 上海华星科技有限公司 王建国 13800138000 展会", "L-1")
	li := b.lark.actor("li").ID
	gets := func(key string, wantLark, wantDing int) {
		t.Helper()
		lark, ding := b.told("li")
		b.notify(key, li)
		until(t, key, func() bool {
			_, ok, err := b.app.DB.Delivered(t.Context(), key)
			return ok && err == nil
		})
		x, y := b.told("li")
		if x-lark != wantLark || y-ding != wantDing {
			t.Errorf("%s: %d on Lark and %d on DingTalk", key, x-lark, y-ding)
		}
	}
	gets("before anything", 1, 0) // the platform configured first
	b.ding.say("li", "/帮助", "/我的线索")
	gets("after DingTalk", 0, 1)
	b.lark.say("li", "/帮助", "/我的线索")
	gets("after Lark", 1, 0)

	// What was begun on one platform is not sent again on another.
	b.onLark.Break(emulator.Fault{API: "POST /open-apis/im/v1/messages", Kind: emulator.Cut, Done: true, Times: 1})
	lark, ding := b.told("li")
	b.notify("interrupted", li)
	until(t, "the interrupted try", func() bool {
		return b.count("SELECT COUNT(*) FROM crm_outbox WHERE okey = 'interrupted' AND (tries > 0 OR state <> 0)") == 1
	})
	b.ding.say("li", "/公海", "L-1")
	b.delivered()
	if x, y := b.told("li"); x-lark != 1 || y-ding != 1 { // on DingTalk the answer to /公海
		t.Errorf("after an interruption %d on Lark and %d on DingTalk", x-lark, y-ding)
	}
}

// Whom one platform does not reach any more gets the message on the other.
func TestAMessageThatAPlatformRefusesForGoodGoesToTheOther(t *testing.T) {
	b := serveBoth(t)
	b.lark.say("wang", "/新线索 上海华星科技有限公司 王建国 13800138000 展会", "L-1")
	b.lark.say("li", "/帮助", "/我的线索")
	b.onLark.AddPerson(emulator.LarkPerson{OpenID: "ou_li", Name: "李娜", EmployeeNo: "E02", Outside: true})
	b.notify("elsewhere", b.ding.actor("li").ID)
	b.ding.awaits("li", "L-1")
	lark, ding := b.told("li")
	if lark != 1 || ding != 1 {
		t.Errorf("%d on Lark and %d on DingTalk", lark, ding)
	}
}

// HO-01: who leaves one platform has no account there any more and is frozen on
// the other until an administrator says whether they left the company.
func TestHO01AnAdministratorDecidesAboutALeaverOfOnePlatform(t *testing.T) {
	b := serveBoth(t)
	b.lark.say("wang", "/新线索 上海华星科技有限公司 王建国 13800138000 展会", "L-1")
	b.lark.say("chief", "/帮助", "/离职")
	known := func(s story, who string) bool {
		_, err := b.app.Services.Directory.ByIdentity(t.Context(), s.name(), "", s.person(who))
		return err == nil
	}
	if _, err := b.onDing.Emit("user_leave_org", map[string]any{"userId": []string{"li"}, "timeStamp": "1"}); err != nil {
		t.Fatal(err)
	}
	until(t, "the freeze", func() bool { return b.lark.actor("li").Frozen && !known(b.ding, "li") })
	b.lark.say("li", "/认领 L-1", "HO-01")
	if n := b.count("SELECT COUNT(*) FROM crm_leads WHERE owner_id <> 0"); n != 0 {
		t.Error("a leaver claimed a lead on the other platform")
	}
	// Nothing is sent to a leaver.
	lark, ding := b.told("li")
	b.notify("to a leaver", b.lark.actor("li").ID)
	if x, y := b.told("li"); x != lark || y != ding {
		t.Errorf("a leaver got %d cards", x-lark+y-ding)
	}
	asked := b.lark.awaits("chief", "离职确认：李娜")
	b.lark.tap("chief", asked, "仍在职")
	until(t, "the end of the freeze", func() bool { return !b.lark.actor("li").Frozen })
	b.lark.awaits("li", "账号已恢复")
	b.lark.say("li", "/认领 L-1", "认领成功")

	b.onLark.Leave("ou_zhang")
	until(t, "the other freeze", func() bool { return b.ding.actor("zhang").Frozen && !known(b.lark, "zhang") })
	b.ding.say("zhang", "/认领 L-1", "HO-01")
	asked = b.lark.awaits("chief", "离职确认：张伟")
	if p := b.lark.tap("chief", asked, "已离职"); !p.ok {
		t.Error("no answer to the press")
	}
	until(t, "the end of the access", func() bool { return !known(b.ding, "zhang") })
	b.ding.say("zhang", "/公海", "停用")
	if b.lark.actor("wang").Frozen {
		t.Error("a colleague is frozen too")
	}
	// Who has only one platform left and leaves that too is asked about as well.
	b.onLark.Leave("ou_li")
	until(t, "the last freeze", func() bool { return !known(b.lark, "li") })
	again := b.lark.awaits("chief", "没有别的账号")
	if p := b.lark.tap("chief", again, "仍在职"); !p.ok {
		t.Error("no answer to the press")
	}
	b.lark.awaits("chief", "要重新绑定")
	for action, n := range map[string]int64{"org.freeze": 3, "org.unbind": 3, "org.stays": 2, "org.left": 1} {
		if got := b.count("SELECT COUNT(*) FROM crm_audit WHERE action = '" + action + "'"); got != n {
			t.Errorf("%d entries %s", got, action)
		}
	}
}
