package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crmbot/bot"
	"crmbot/internal/crm"
)

var summary = crm.Text{Zh: "说明", En: "summary"}

// command answers with its name and what was parsed.
func command(name string, aliases ...string) bot.Command[string] {
	return bot.Command[string]{Name: name, Aliases: aliases, Summary: summary, Examples: []string{"/" + name},
		Parse: func(rest string) (string, error) {
			if rest == "bad" {
				return "", crm.Invalid("看不懂", "cannot read it")
			}
			return rest, nil
		},
		Run: func(_ context.Context, _ crm.Actor, c bot.Call, in string) (bot.Reply, error) {
			return bot.Say(fmt.Sprintf("%s(%s)", c.Command, in)), nil
		}}
}

type claim struct {
	Lead int64 `json:"lead"`
}

func (claim) ActionName() string { return "lead.claim" }

func claimHandler() bot.Handle[claim] {
	return bot.Handle[claim]{Roles: []crm.Role{crm.Rep}, Run: func(_ context.Context, _ crm.Actor, c bot.Call, p claim) (bot.Reply, error) {
		return bot.Say(fmt.Sprintf("claim %d %s", p.Lead, c.Values.Get("note"))), nil
	}}
}

func router(t testing.TB, regs ...bot.Registration) *bot.Router {
	t.Helper()
	r, err := bot.NewRouter(regs...)
	if err != nil {
		t.Fatal(err)
	}
	fixed := func(text string) func(context.Context, crm.Actor, bot.Call) (bot.Reply, error) {
		return func(_ context.Context, _ crm.Actor, c bot.Call) (bot.Reply, error) { return bot.Say(text), nil }
	}
	r.Upload, r.Welcome, r.StaleAction = fixed("upload"), fixed("welcome"), fixed("stale")
	r.Free = func(_ context.Context, _ crm.Actor, c bot.Call) (bot.Reply, error) {
		if c.Rest == "华星" {
			return bot.Say("free"), nil
		}
		return bot.Reply{}, bot.ErrUnhandled
	}
	return r
}

func TestRegistrationMistakesStopTheStart(t *testing.T) {
	with := func(change func(*bot.Command[string])) bot.Command[string] {
		c := command("认领", "claim")
		change(&c)
		return c
	}
	for want, regs := range map[string][]bot.Registration{
		`name "CLAIM" is registered twice`:        {command("认领", "claim"), command("领取", "CLAIM")},
		`name "认领" is registered twice`:           {command("认领"), command("认领")},
		"needs an example":                        {with(func(c *bot.Command[string]) { c.Examples = nil })},
		"does not name it":                        {with(func(c *bot.Command[string]) { c.Examples = []string{"/别的"} })},
		"does not parse":                          {with(func(c *bot.Command[string]) { c.Examples = []string{"/认领 bad"} })},
		"summary in both languages":               {with(func(c *bot.Command[string]) { c.Summary.En = "" })},
		"needs Name, Parse and Run":               {with(func(c *bot.Command[string]) { c.Run = nil })},
		`action "lead.claim" is registered twice`: {claimHandler(), claimHandler()},
		`action "lead.claim" has no Run`:          {bot.Handle[claim]{}},
		// A longer name that is registered later takes over what the example says.
		`example "/认领表" does not name it`: {with(func(c *bot.Command[string]) { c.Examples = []string{"/认领表"} }), command("认领表")},
	} {
		if _, err := bot.NewRouter(regs...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	_, err := bot.NewRouter(with(func(c *bot.Command[string]) { c.Examples, c.Summary = nil, crm.Text{} }), claimHandler(), claimHandler())
	for _, want := range []string{"example", "summary", "registered twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not all problems at once: %v lacks %q", err, want)
		}
	}
}

func TestTextFindsItsCommand(t *testing.T) {
	bare := command("拜访", "visit")
	bare.Bare = true
	r := router(t, command("认领", "claim"), command("认领记录"), bare, command("log"), claimHandler())
	rep := crm.Actor{ID: 1, Roles: []crm.Role{crm.Rep}}
	for line, want := range map[string]string{
		"/认领 L-1":       "认领(L-1)",
		"／认领　Ｌ－１":       "认领(L-1)", // full-width throughout
		"认领 L-1":        "认领(L-1)", // no slash
		"/认领L-1":        "认领(L-1)", // no space
		"认领L-1":         "认领(L-1)", // neither, a code follows
		"/CLAIM l-1":    "claim(l-1)",
		"/认领记录 x":       "认领记录(x)", // the longest name
		"/认领记录x":        "认领记录(x)",
		"拜访华星 聊了报价":     "拜访(华星 聊了报价)", // bare
		"/认领\n第二行":      "认领(第二行)",
		"/认领":           "认领()",
		"  /  认领  x":    "认领(x)",
		"华星":            "free",
		"":              "welcome",
		"/log ȺȺȺȺȺȺȺȺ": "log(ȺȺȺȺȺȺȺȺ)", // lower case is longer than the text itself
		"/认领 İİİİ":      "认领(İİİİ)",
	} {
		got, err := r.Dispatch(t.Context(), rep, &bot.Req{Kind: bot.Message, Text: line}, nil)
		if err != nil || got.Text != want {
			t.Errorf("%q gave %q, %v; want %q", line, got.Text, err, want)
		}
	}
	for _, line := range []string{"认领一下华星", "/logs", "/认", "/没有这个", "log华星拜访记录"} {
		rep, err := r.Dispatch(t.Context(), rep, &bot.Req{Kind: bot.Message, Text: line}, nil)
		if crm.CodeOf(err) != crm.CodeInvalid {
			t.Errorf("%q gave %q, %v; want “not understood”", line, rep.Text, err)
		}
	}
}

// TestNoTextBreaksTheRouter: whatever is typed is answered or refused.
func TestNoTextBreaksTheRouter(t *testing.T) {
	bare := command("拜访", "visit")
	bare.Bare = true
	r := router(t, command("认领", "claim", "k"), bare, claimHandler())
	rapid.Check(t, func(rt *rapid.T) {
		line := rapid.SampledFrom([]string{"", "/", "/认领", "claim", "K", "/k", "拜访"}).Draw(rt, "head") + rapid.String().Draw(rt, "tail")
		rep, err := r.Dispatch(t.Context(), crm.Actor{}, &bot.Req{Kind: bot.Message, Text: line}, nil)
		if (err == nil) == rep.Empty() {
			rt.Fatalf("%q: answer %+v and error %v", line, rep, err)
		}
	})
}

func TestUnknownCommandsNameTheNearestThree(t *testing.T) {
	legal := command("审批规则")
	legal.Roles = []crm.Role{crm.Legal}
	r := router(t, command("公海", "pool"), command("认领", "claim"), command("我的线索", "leads"), command("释放", "release"), command("认领记录", "claims"), legal)
	_, err := r.Dispatch(t.Context(), crm.Actor{Roles: []crm.Role{crm.Rep}}, &bot.Req{Kind: bot.Message, Text: "/认令"}, nil)
	msg := crm.MessageOf(err, crm.Chinese)
	if strings.Count(msg, "\n/") != 3 || !strings.Contains(msg, "/认领 ") || !strings.Contains(msg, "/帮助") || strings.Contains(msg, "审批规则") {
		t.Errorf("got %q", msg)
	}
	if i, j := strings.Index(msg, "/认领 "), strings.Index(msg, "/公海"); j >= 0 && j < i {
		t.Errorf("the nearest is not first: %q", msg)
	}
	if en := crm.MessageOf(err, crm.English); !strings.Contains(en, "/claim") || strings.ContainsRune(en, '领') {
		t.Errorf("English answer: %q", en)
	}
	if n := r.Nearest(strings.Repeat("认", 10_000), crm.Actor{}, 3); len(n) != 3 {
		t.Errorf("a very long word has %d neighbours", len(n))
	}
}

func TestRolesAreCheckedForCommandsAndPresses(t *testing.T) {
	c := command("签署")
	c.Roles = []crm.Role{crm.Legal}
	r := router(t, c, claimHandler())
	press := &bot.Req{Kind: bot.Press, Action: &bot.Action{Name: "lead.claim", Payload: json.RawMessage(`{"lead":3}`), Values: bot.Values{"note": {"x"}}}}
	sign := &bot.Req{Kind: bot.Message, Text: "/签署"}
	rep, legal := crm.Actor{Roles: []crm.Role{crm.Rep}}, crm.Actor{Roles: []crm.Role{crm.Legal}}
	for _, x := range []struct {
		a   crm.Actor
		req *bot.Req
		ok  bool
	}{{rep, sign, false}, {legal, sign, true}, {rep, press, true}, {legal, press, false}, {crm.Actor{}, press, false}, {crm.SystemActor(), press, true}} {
		if _, err := r.Dispatch(t.Context(), x.a, x.req, nil); (err == nil) != x.ok || err != nil && crm.CodeOf(err) != crm.CodeForbidden {
			t.Errorf("%v for %s: %v", x.a.Roles, x.req.Kind, err)
		}
	}
	if got, err := r.Dispatch(t.Context(), rep, press, nil); err != nil || got.Text != "claim 3 x" {
		t.Errorf("the press gave %q, %v", got.Text, err)
	}
}

func TestOldOrForeignActionsAreStale(t *testing.T) {
	r := router(t, claimHandler())
	a := crm.Actor{Roles: []crm.Role{crm.Rep}}
	for name, act := range map[string]*bot.Action{"nothing": nil, "unknown name": {Name: "lead.gone"}, "payload of another shape": {Name: "lead.claim", Payload: json.RawMessage(`{"lead":"three"}`)},
		"broken payload": {Name: "lead.claim", Payload: json.RawMessage(`{`)}} {
		if got, err := r.Dispatch(t.Context(), a, &bot.Req{Kind: bot.Press, Action: act}, nil); err != nil || got.Text != "stale" {
			t.Errorf("%s: %q, %v", name, got.Text, err)
		}
	}
	for _, payload := range []string{"", "null", `{"lead":0,"added_later":1}`} {
		if got, err := r.Dispatch(t.Context(), a, &bot.Req{Kind: bot.Press, Action: &bot.Action{Name: "lead.claim", Payload: json.RawMessage(payload)}}, nil); err != nil || got.Text != "claim 0 " {
			t.Errorf("payload %q: %q, %v", payload, got.Text, err)
		}
	}
}

func TestFilesAndWelcome(t *testing.T) {
	r := router(t, command("导入"))
	for want, req := range map[string]*bot.Req{
		"upload":  {Kind: bot.Upload, Files: []bot.File{{Name: "a.csv"}}},
		"welcome": {Kind: bot.Enter},
		"导入(x)":   {Kind: bot.Menu, Text: "/导入 x"},
	} {
		if got, err := r.Dispatch(t.Context(), crm.Actor{}, req, nil); err != nil || got.Text != want {
			t.Errorf("%s: %q, %v", want, got.Text, err)
		}
	}
	if got, err := r.Dispatch(t.Context(), crm.Actor{}, &bot.Req{Kind: bot.Message, Files: []bot.File{{Name: "a.csv"}}}, nil); err != nil || got.Text != "upload" {
		t.Errorf("a file without text: %q, %v", got.Text, err)
	}
}

func TestUsageErrorsShowAnExample(t *testing.T) {
	r := router(t, command("认领"))
	_, err := r.Dispatch(t.Context(), crm.Actor{}, &bot.Req{Kind: bot.Message, Text: "/认领 bad"}, nil)
	if msg := crm.MessageOf(err, crm.Chinese); !strings.Contains(msg, "例如：/认领") {
		t.Errorf("got %q", msg)
	}
	var ce *crm.Error
	if !errors.As(err, &ce) || ce.Code != crm.CodeInvalid {
		t.Errorf("got %v", err)
	}
}
