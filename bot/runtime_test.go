package bot_test

import (
	"context"
	"strings"
	"testing"

	"crmbot/bot"
	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// staff knows three people by their ids.
type staff struct{}

func (staff) ByIdentity(_ context.Context, _, _, id string) (crm.Actor, error) {
	switch id {
	case "1":
		return crm.Actor{ID: 1, Name: "李娜", Roles: []crm.Role{crm.Rep}}, nil
	case "2":
		return crm.Actor{ID: 2, Name: "Grace", Lang: crm.English, Roles: []crm.Role{crm.Rep}}, nil
	case "3":
		return crm.Actor{ID: 3, Name: "离职", Frozen: true, Roles: []crm.Role{crm.Rep}}, nil
	case "down":
		return crm.Actor{}, errDown
	}
	return crm.Actor{}, crm.NotFound("您还没有绑定到公司通讯录", "you are not yet bound to the company directory")
}

func secret() bot.Reply {
	c := card.Card{Title: "手机 13800000000"}
	return bot.Reply{Text: "t", Card: &c, View: bot.View{Name: "lead.card", Ref: "L-1"}, Update: true, Private: true, Files: []bot.File{{Name: "f"}},
		Also: []bot.Reply{{Text: "also", Also: []bot.Reply{{Text: "deeper", Update: true}}}}}
}

func runtime(t *testing.T) *bot.Runtime {
	t.Helper()
	say := func(name string, rep bot.Reply, err error) bot.Command[string] {
		c := command(name)
		c.Run = func(context.Context, crm.Actor, bot.Call, string) (bot.Reply, error) { return rep, err }
		return c
	}
	write := command("写")
	write.Run = func(ctx context.Context, _ crm.Actor, _ bot.Call, _ string) (bot.Reply, error) {
		return bot.Say("written"), crm.ReadOnly(ctx)
	}
	mention := command("转")
	mention.Run = func(_ context.Context, _ crm.Actor, c bot.Call, _ string) (bot.Reply, error) {
		var names []string
		for _, p := range c.People {
			names = append(names, p.Name)
		}
		return bot.Say(strings.Join(names, ",")), nil
	}
	toasted := secret()
	toasted.Toast = "已认领"
	r := router(t, say("明细", secret(), nil), say("排行", bot.Say("sums"), nil), say("拒绝", bot.Reply{}, crm.Refused("P-04", "今天已认领 20/20", "20/20 claimed today")),
		say("坏", bot.Reply{}, errDown), say("歧义", bot.Reply{}, crm.Invalid("有多个客户：A-1 星河科技", "several: A-1 Xinghe")),
		say("重复", bot.Reply{}, crm.Conflict("DU-01", "星河科技 已有联系人 王敏", "Xinghe has the contact Wang Min")), say("无权", bot.Reply{}, crm.Forbidden("客户 A-1 负责人 李娜", "the owner of A-1 is Li Na")), write, mention, bot.Handle[claim]{Run: func(context.Context, crm.Actor, bot.Call, claim) (bot.Reply, error) { return toasted, nil }})
	rt := &bot.Runtime{Router: r, People: staff{}}
	rt.Use(bot.Recover())
	return rt
}

func say(from, text string, group bool) *bot.Req {
	return &bot.Req{Platform: "webchat", EventID: "e", Kind: bot.Message, From: from, Text: text, Chat: bot.Chat{ID: "c", Group: group}}
}

// TestGroupsGetNoDetailsPM03: what is private goes to the person, with all that
// belongs to it; the group gets one line without any of it.
func TestGroupsGetNoDetailsPM03(t *testing.T) {
	rt := runtime(t)
	group := rt.Handle(t.Context(), say("1", "/明细", true))
	if group.Text != "已私信回复 李娜" || group.Card != nil || len(group.Files) != 0 || group.Private || len(group.Also) != 1 {
		t.Fatalf("the group reads %+v", group)
	}
	var walk func(r bot.Reply)
	walk = func(r bot.Reply) {
		if !r.Private || r.Update {
			t.Errorf("not private, or updates the group's card: %+v", r)
		}
		for _, x := range r.Also {
			walk(x)
		}
	}
	walk(group.Also[0])
	if group.Also[0].Card == nil || group.Also[0].Text != "t" || group.Also[0].Also[0].Also[0].Text != "deeper" {
		t.Errorf("the person gets %+v", group.Also[0])
	}
	alone := rt.Handle(t.Context(), say("1", "/明细", false))
	if alone.Card == nil || alone.Text != "t" || !alone.Update {
		t.Errorf("in the 1:1 chat: %+v", alone)
	}
	press := say("1", "", true)
	press.Kind, press.Action = bot.Press, &bot.Action{Name: "lead.claim"}
	if got := rt.Handle(t.Context(), press); got.Toast != "已认领" || got.Text != "" || got.Card != nil || got.Also[0].Toast != "" || got.Also[0].Card == nil {
		t.Errorf("a press in a group: %+v", got)
	}
	if got := rt.Handle(t.Context(), say("1", "/拒绝", true)); strings.Contains(got.Text, "20/20") || crm.RuleOf(got.Err()) != "P-04" || !strings.Contains(got.Also[0].Text, "20/20") {
		t.Errorf("a refusal in a group: %+v", got)
	}
	for line, detail := range map[string]string{"/歧义": "星河", "/重复": "王敏", "/无权": "李娜"} {
		got := rt.Handle(t.Context(), say("1", line, true))
		if got.Err() == nil || got.Text != "已私信回复 李娜" || len(got.Also) != 1 || !got.Also[0].Private || !strings.Contains(got.Also[0].Text, detail) {
			t.Errorf("%s in a group: %+v", line, got)
		}
		if got := rt.Handle(t.Context(), say("1", line, false)); !strings.Contains(got.Text, detail) {
			t.Errorf("%s alone: %+v", line, got)
		}
	}
	// What names no record is answered where it was asked.
	for from, line := range map[string]string{"1": "/没有这个命令", "99": "/排行"} {
		if got := rt.Handle(t.Context(), say(from, line, true)); got.Err() == nil || got.Text == "" || strings.Contains(got.Text, "已私信") || len(got.Also) != 0 {
			t.Errorf("%s by %s in a group: %+v", line, from, got)
		}
	}
	if got := rt.Handle(t.Context(), say("1", "/排行", true)); got.Text != "sums" || len(got.Also) != 0 {
		t.Errorf("sums in a group: %+v", got)
	}
}

func TestRefusalsSpeakThePersonsLanguage(t *testing.T) {
	rt := runtime(t)
	for from, want := range map[string]string{"1": "今天已认领 20/20（规则 P-04）", "2": "20/20 claimed today (rule P-04)", "99": "您还没有绑定到公司通讯录"} {
		if got := rt.Handle(t.Context(), say(from, "/拒绝", false)); got.Text != want || got.Retry() {
			t.Errorf("person %s reads %q, want %q", from, got.Text, want)
		}
	}
	press := say("2", "", false)
	press.Kind, press.Action = bot.Press, &bot.Action{Name: "gone"}
	rt.Router.StaleAction = func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) {
		return bot.Reply{}, crm.Stale("AP-06", "这张卡片已失效", "this card is out of date")
	}
	if got := rt.Handle(t.Context(), press); got.Toast != "this card is out of date (rule AP-06)" || got.Text != "" || got.ToastTone != bot.ToastError {
		t.Errorf("a refused press: %+v", got)
	}
}

func TestDefectsTellNothingButMayBeTriedAgain(t *testing.T) {
	rt := runtime(t)
	for _, req := range []*bot.Req{say("1", "/坏", false), say("down", "/排行", false)} {
		got := rt.Handle(t.Context(), req)
		if strings.Contains(got.Text, "down") || !strings.Contains(got.Text, "没有生效") || !got.Retry() {
			t.Errorf("got %+v", got)
		}
	}
}

// TestFrozenPeopleReadButDoNotActHO01: whatever they type or press, nothing is
// written; what only reads works.
func TestFrozenPeopleReadButDoNotActHO01(t *testing.T) {
	rt := runtime(t)
	if got := rt.Handle(t.Context(), say("3", "/排行", false)); got.Text != "sums" {
		t.Errorf("reading: %+v", got)
	}
	if got := rt.Handle(t.Context(), say("3", "/写", false)); crm.RuleOf(got.Err()) != "HO-01" {
		t.Errorf("writing: %+v", got)
	}
	if got := rt.Handle(t.Context(), say("1", "/写", false)); got.Text != "written" {
		t.Errorf("somebody else writing: %+v", got)
	}
}

func TestMentionsAreResolved(t *testing.T) {
	req := say("1", "/转 @Grace @nobody", false)
	req.Mentions = []bot.Mention{{ID: "2"}, {ID: "404"}}
	if got := runtime(t).Handle(t.Context(), req); got.Text != "Grace" {
		t.Errorf("got %+v", got)
	}
}

func TestViews(t *testing.T) {
	render := func(_ context.Context, v bot.Viewer, ref string) (card.Card, error) {
		if ref == "gone" {
			return card.Card{}, bot.ErrNothing
		}
		return card.Card{Title: ref, Blocks: []card.Block{card.Note{Text: ref}}}, nil
	}
	if _, err := bot.NewViews(bot.ViewDef{Name: "a", Render: render}, bot.ViewDef{Name: "a", Render: render}); err == nil {
		t.Error("a duplicate name was accepted")
	}
	if _, err := bot.NewViews(bot.ViewDef{Name: "a"}); err == nil {
		t.Error("a view without a function was accepted")
	}
	vs, err := bot.NewViews(bot.ViewDef{Name: "b", Render: render}, bot.ViewDef{Name: "a", Render: render})
	if err != nil || strings.Join(vs.Names(), "") != "ab" {
		t.Fatal(vs.Names(), err)
	}
	if _, err := vs.Render(t.Context(), bot.Viewer{}, bot.View{Name: "c"}); err == nil {
		t.Error("an unknown view was rendered")
	}
	if _, err := vs.Render(t.Context(), bot.Viewer{}, bot.View{Name: "a", Ref: "gone"}); err != bot.ErrNothing { //nolint:errorlint // passed through as it is
		t.Errorf("got %v", err)
	}
	if c, err := vs.Render(t.Context(), bot.Viewer{Lang: crm.English}, bot.View{Name: "a", Ref: "x"}); err != nil || c.Lang != crm.English {
		t.Errorf("rendered %+v, %v", c, err)
	}
}
