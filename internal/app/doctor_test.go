package app_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/bot/larkbot"
	"crmbot/cards/dingcard"
	"crmbot/configs"
	"crmbot/internal/app"
	"crmbot/internal/crm"
	"crmbot/internal/emulator"
	"crmbot/internal/org"
	"crmbot/internal/report"
	"crmbot/internal/store"
)

// enrolled makes a database with an administrator who is bound on the platform
// and a group that is bound to a team.
func enrolled(t *testing.T, platform, external, chat string) string {
	t.Helper()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "crm.db")
	a, err := app.New(t.Context(), app.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	team := org.Team{Name: "华东"}
	if err := a.Services.Directory.SaveTeam(t.Context(), &team); err != nil {
		t.Fatal(err)
	}
	u := org.User{Name: "管理", Active: true, Roles: []crm.Role{crm.Admin}}
	if err := a.Services.Directory.SaveUser(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
	if err := a.Services.Directory.Bind(t.Context(), org.Identity{Platform: platform, External: external, User: u.ID}); err != nil {
		t.Fatal(err)
	}
	if err := a.DB.Bind(t.Context(), report.Binding{Platform: platform, Chat: chat, Team: team.ID, By: u.ID, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	return dsn
}

// clinic is a well set up installation on a played platform.
type clinic struct {
	lark  *emulator.Lark
	ding  *emulator.Ding
	cfg   configs.Config
	group string // bound to a team
}

func newLarkClinic(t *testing.T) *clinic {
	t.Helper()
	l := emulator.NewLark(emulator.LarkOptions{})
	t.Cleanup(l.Close)
	c := &clinic{lark: l, cfg: configs.Defaults(), group: l.AddGroup("华东日报")}
	c.cfg.Lark.AppID, c.cfg.Lark.AppSecret = l.App()
	c.cfg.Lark.BaseURL = l.URL()
	c.cfg.Database.DSN = enrolled(t, larkbot.Name, "ou_admin", c.group)
	return c
}

func newDingClinic(t *testing.T) *clinic {
	t.Helper()
	d := emulator.NewDing(emulator.DingOptions{})
	t.Cleanup(d.Close)
	c := &clinic{ding: d, cfg: configs.Defaults(), group: d.AddGroup("华东日报")}
	c.cfg.DingTalk.ClientID, c.cfg.DingTalk.ClientSecret = d.App()
	c.cfg.DingTalk.APIURL, c.cfg.DingTalk.OAPIURL = d.URL(), d.URL()
	c.cfg.Database.DSN = enrolled(t, dingbot.Name, "admin", c.group)
	return c
}

// fault spoils an installation; want are the complaints that it must cause.
type fault struct {
	name  string
	spoil func(c *clinic)
	want  []line
}

// nameEach examines a fresh installation with each fault.
func nameEach(t *testing.T, open func(t *testing.T) *clinic, faults []fault) {
	for _, x := range faults {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c := open(t)
			x.spoil(c)
			diagnose(t, c.cfg, x.want...)
		})
	}
}

// line is a finding that is not fine, as a test expects it.
type line struct {
	area bot.Area
	mark bot.Mark
	// says are parts of the texts in either language, of what was seen and what to
	// do.
	says []string
}

func bad(a bot.Area, says ...string) line     { return line{a, bot.Bad, says} }
func warning(a bot.Area, says ...string) line { return line{a, bot.Warning, says} }
func skipped(a bot.Area, says ...string) line { return line{a, bot.Skipped, says} }

// complaints are the lines of a report that are not fine.
func complaints(report []app.Section) []bot.Finding {
	var out []bot.Finding
	for _, s := range report {
		for _, f := range s.Findings {
			if f.Mark != bot.Fine {
				out = append(out, f)
			}
		}
	}
	return out
}

// diagnose examines the installation and wants exactly these complaints.
func diagnose(t *testing.T, cfg configs.Config, want ...line) []app.Section {
	t.Helper()
	report := app.Doctor(t.Context(), cfg)
	t.Log("\n" + printed(report))
	got := complaints(report)
	if len(got) != len(want) {
		t.Errorf("%d complaints, want %d:\n%s", len(got), len(want), printed(report))
		return report
	}
	ill := false
	for i, w := range want {
		f := got[i]
		text := strings.Join([]string{f.Seen.Zh, f.Seen.En, f.Mend.Zh, f.Mend.En}, "\n")
		if f.Area != w.area || f.Mark != w.mark {
			t.Errorf("complaint %d is %s %s, want %s %s:\n%s", i+1, f.Mark, f.Area, w.mark, w.area, printed(report))
		}
		for _, s := range w.says {
			if !strings.Contains(text, s) {
				t.Errorf("complaint %d does not say %q:\n%s", i+1, s, text)
			}
		}
		if f.Seen.Zh == "" || f.Seen.En == "" || (f.Mend.Zh == "") != (f.Mend.En == "") || f.Mark != bot.Skipped && f.Mend.En == "" {
			t.Errorf("complaint %d lacks a language or what to do: %+v", i+1, f)
		}
		ill = ill || w.mark == bot.Bad
	}
	if app.Healthy(report) == ill {
		t.Errorf("healthy is %v with %d complaints", app.Healthy(report), len(got))
	}
	for _, secret := range []string{"secret of the emulated app", cfg.Lark.AppSecret, cfg.DingTalk.ClientSecret} {
		if secret != "" && strings.Contains(printed(report), secret) {
			t.Errorf("the report holds a secret:\n%s", printed(report))
		}
	}
	return report
}

func printed(report []app.Section) string {
	var b strings.Builder
	for _, s := range report {
		for _, f := range s.Findings {
			b.WriteString(s.Key + " " + string(f.Mark) + " " + string(f.Area) + ": " + f.Seen.En + " | " + f.Seen.Zh + "\n      → " + f.Mend.En + " | " + f.Mend.Zh + "\n")
		}
	}
	return b.String()
}

func TestDoctorFindsNothingInAWellSetUpLark(t *testing.T) {
	c := newLarkClinic(t)
	report := diagnose(t, c.cfg)
	areas := map[bot.Area]bool{}
	for _, f := range report[1].Findings {
		areas[f.Area] = true
	}
	for _, a := range []bot.Area{bot.AreaCredentials, bot.AreaClock, bot.AreaRobot, bot.AreaPermissions, bot.AreaDirectory, bot.AreaEvents, bot.AreaCallback, bot.AreaConnection, bot.AreaQuota, bot.AreaGroups, bot.AreaPeople} {
		if !areas[a] {
			t.Errorf("nothing is said about %s", a)
		}
	}
	// It shows nothing to anybody and takes no events away.
	if n := len(c.lark.Messages("")); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
	if n := len(c.lark.Calls("GET /ws")) + c.lark.Connections(); n != 0 {
		t.Error("a long connection was opened")
	}
}

func TestDoctorNamesEveryFaultOfLark(t *testing.T) {
	rest := skipped(bot.AreaPlatform)
	nameEach(t, newLarkClinic, []fault{
		{"wrong secret", func(c *clinic) { c.cfg.Lark.AppSecret = "hunter2hunter2" }, []line{bad(bot.AreaCredentials, "App Secret 不对", "lark.app_secret"), rest}},
		{"wrong id", func(c *clinic) { c.cfg.Lark.AppID = "cli_other" }, []line{bad(bot.AreaCredentials, "App ID 不对", "lark.app_id"), rest}},
		{"app of the other platform", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.Elsewhere = true }) },
			[]line{bad(bot.AreaCredentials, "lark.base_url", "https://open.larksuite.com"), rest}},
		{"only the connection says that it is the other platform", func(c *clinic) {
			c.lark.Break(emulator.Fault{API: "POST /callback/ws/endpoint", Kind: emulator.Refused, Code: 1000040351})
		}, []line{bad(bot.AreaConnection, "lark.base_url")}},
		{"one permission", func(c *clinic) { c.lark.Revoke("im:resource") }, []line{bad(bot.AreaPermissions, "im:resource", "缺 1 项", "/auth?q=im:resource&", "发布新版本")}},
		{"a permission that no call shows", func(c *clinic) { c.lark.Revoke("im:message.p2p_msg:readonly", "contact:user.base:readonly") },
			[]line{bad(bot.AreaPermissions, "im:message.p2p_msg:readonly", "contact:user.base:readonly", "缺 2 项")}},
		{"permissions where the list is not available", func(c *clinic) {
			c.lark.Revoke("im:chat:readonly")
			c.lark.Break(emulator.Fault{API: "GET /open-apis/application/v6/scopes", Kind: emulator.Refused, Code: 1})
		}, []line{bad(bot.AreaPermissions, "im:chat:readonly", "缺 1 项"), skipped(bot.AreaGroups, "缺少权限")}},
		{"nothing, where the list is not available", func(c *clinic) {
			c.lark.Break(emulator.Fault{API: "GET /open-apis/application/v6/scopes", Kind: emulator.Refused, Code: 1})
		}, []line{skipped(bot.AreaPermissions, "第 2 步")}},
		{"the directory's permission", func(c *clinic) {
			c.lark.Revoke("contact:contact.base:readonly", "contact:department.organize:readonly")
		},
			[]line{bad(bot.AreaPermissions, "contact:contact.base:readonly")}},
		{"the doctor's own permission", func(c *clinic) { c.lark.Revoke("application:application:self_manage") }, []line{skipped(bot.AreaEvents, "application:application:self_manage")}},
		{"part of the company", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.Part = true }) }, []line{bad(bot.AreaDirectory, "全部成员")}},
		{"clock three minutes slow", func(c *clinic) { c.lark.Skew(3 * time.Minute) }, []line{warning(bot.AreaClock, "慢 3 分钟", "3 min behind")}},
		{"clock ten minutes fast", func(c *clinic) { c.lark.Skew(-10 * time.Minute) }, []line{bad(bot.AreaClock, "快 10 分钟", "10 min ahead of")}},
		{"no bot", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.NoBot = true }) }, []line{bad(bot.AreaRobot, "添加应用能力", "发布")}},
		{"never published", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.Status = 0 }) }, []line{bad(bot.AreaRobot, "没有发布过版本", "版本管理与发布")}},
		{"disabled", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.Status = 1 }) }, []line{bad(bot.AreaRobot, "停用")}},
		{"not on the whitelist", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.Barred = true }) }, []line{bad(bot.AreaConnection, "IP 白名单", "安全设置"), rest}},
		{"month's calls used up", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.Spent = true }) }, []line{bad(bot.AreaQuota, "用完"), rest}},
		{"events by webhook", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.EventWay = "webhook" }) }, []line{bad(bot.AreaEvents, "webhook", "使用长连接接收事件", "lark.mode")}},
		{"an event", func(c *clinic) {
			c.lark.Configure(func(a *emulator.LarkApp) {
				a.Events = slices.DeleteFunc(a.Events, func(s string) bool { return s == "application.bot.menu_v6" })
			})
		}, []line{warning(bot.AreaEvents, "缺 1 个事件", "application.bot.menu_v6")}},
		{"messages", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.Events = a.Events[1:] }) }, []line{bad(bot.AreaEvents, "im.message.receive_v1")}},
		{"presses by webhook", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.CallbackWay = "webhook" }) }, []line{bad(bot.AreaCallback, "200340", "回调配置", "使用长连接接收回调", "card.action.trigger")}},
		{"presses not subscribed", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.Callbacks = nil }) }, []line{bad(bot.AreaCallback, "card.action.trigger")}},
		{"presses not set", func(c *clinic) { c.lark.Configure(func(a *emulator.LarkApp) { a.CallbackWay = "" }) }, []line{warning(bot.AreaCallback, "200340")}},
		{"connection refused", func(c *clinic) {
			c.lark.Break(emulator.Fault{API: "POST /callback/ws/endpoint", Kind: emulator.Refused, Code: 514})
		}, []line{bad(bot.AreaConnection, "514")}},
		{"too many connections", func(c *clinic) {
			c.lark.Break(emulator.Fault{API: "POST /callback/ws/endpoint", Kind: emulator.Refused, Code: 1000040350})
		}, []line{bad(bot.AreaConnection, "50")}},
		{"out of the group", func(c *clinic) { c.lark.SetChat(c.group, func(g *emulator.LarkChat) { g.BotOut = true }) }, []line{bad(bot.AreaGroups, "华东", "不在群里", "/绑定日报 华东")}},
		{"group dissolved", func(c *clinic) { c.lark.SetChat(c.group, func(g *emulator.LarkChat) { g.Gone = true }) }, []line{bad(bot.AreaGroups, "华东")}},
		{"group where few may speak", func(c *clinic) { c.lark.SetChat(c.group, func(g *emulator.LarkChat) { g.Muted = true }) }, []line{warning(bot.AreaGroups, "发言权限")}},
		{"a page of some proxy", func(c *clinic) {
			c.lark.Break(emulator.Fault{API: "POST /open-apis/auth", Kind: emulator.HTMLPage})
		}, []line{warning(bot.AreaCredentials, "HTTP 503"), rest}},
		{"nobody answers", func(c *clinic) { c.cfg.Lark.BaseURL = "http://127.0.0.1:1" }, []line{bad(bot.AreaConnection, "127.0.0.1:1", "HTTPS_PROXY"), rest}},
	})
}

func TestDoctorInWebhookMode(t *testing.T) {
	c := newLarkClinic(t)
	c.cfg.Lark.Mode, c.cfg.Lark.EncryptKey, c.cfg.Lark.VerificationToken = "webhook", "key", "word"
	diagnose(t, c.cfg, bad(bot.AreaEvents, "长连接", "将事件发送至开发者服务器"), bad(bot.AreaCallback, "长连接", "将回调发送至开发者服务器"))
	c.lark.Configure(func(a *emulator.LarkApp) { a.EventWay, a.CallbackWay = "webhook", "webhook" })
	diagnose(t, c.cfg)
}

func TestDoctorFindsNothingInAWellSetUpDingTalk(t *testing.T) {
	c := newDingClinic(t)
	diagnose(t, c.cfg)
	if n := len(c.ding.Messages("")); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
	if c.ding.Connections() != 0 || len(c.ding.Calls("GET /connect")) != 0 {
		t.Error("a stream connection was opened")
	}
	// It costs few of the organisation's calls, and counts them.
	if api, stream := c.ding.Used(); api > 4 || stream != 0 {
		t.Errorf("it cost %d and %d calls", api, stream)
	}
}

func TestDoctorNamesEveryFaultOfDingTalk(t *testing.T) {
	rest := skipped(bot.AreaPlatform)
	nameEach(t, newDingClinic, []fault{
		{"wrong secret", func(c *clinic) { c.cfg.DingTalk.ClientSecret = "hunter2hunter2" }, []line{bad(bot.AreaCredentials, "invalidClientIdOrSecret", "dingtalk.client_secret"), rest}},
		{"not on the whitelist", func(c *clinic) { c.ding.Configure(func(a *emulator.DingApp) { a.Barred = true }) }, []line{bad(bot.AreaConnection, "白名单", "服务器出口 IP"), rest}},
		{"clock slow", func(c *clinic) { c.ding.Skew(time.Hour - time.Minute/2) }, []line{bad(bot.AreaClock, "慢 59 分钟")}},
		{"cards", func(c *clinic) { c.ding.Revoke("Card.Instance.Write") }, []line{bad(bot.AreaPermissions, "Card.Instance.Write", "缺 1 项", "权限管理")}},
		{"messages", func(c *clinic) { c.ding.Revoke("qyapi_robot_sendmsg") }, []line{bad(bot.AreaPermissions, "qyapi_robot_sendmsg")}},
		{"directory", func(c *clinic) {
			c.ding.Revoke("qyapi_get_member", "qyapi_get_department_list", "qyapi_get_department_member")
		},
			[]line{bad(bot.AreaPermissions, "缺 3 项", "qyapi_get_member", "qyapi_get_department_list", "qyapi_get_department_member")}},
		{"the doctor's own permission", func(c *clinic) { c.ding.Revoke("qyapi_chat_manage") }, []line{skipped(bot.AreaGroups, "qyapi_chat_manage")}},
		{"part of the company", func(c *clinic) { c.ding.Configure(func(a *emulator.DingApp) { a.Part = true }) }, []line{bad(bot.AreaDirectory, "全部员工")}},
		{"no robot", func(c *clinic) { c.ding.Configure(func(a *emulator.DingApp) { a.NoRobot = true }) }, []line{bad(bot.AreaRobot, "添加应用能力", "Stream")}},
		{"wrong robot code", func(c *clinic) {
			c.cfg.DingTalk.RobotCode = "other"
			c.ding.SetGroup(c.group, func(g *emulator.DingGroup) { g.BotOut = true })
		}, []line{bad(bot.AreaRobot, "dingtalk.robot_code"), bad(bot.AreaGroups)}},
		{"not in stream mode", func(c *clinic) { c.ding.Configure(func(a *emulator.DingApp) { a.NoStream = true }) }, []line{bad(bot.AreaConnection, "Stream 模式", "streamNotEnabled")}},
		{"no public template", func(c *clinic) { c.ding.AddTemplate(dingcard.PublicTemplate, false) }, []line{warning(bot.AreaCards, "dingtalk.card_template")}},
		{"own template missing", func(c *clinic) { c.cfg.DingTalk.FormTemplate = "mine.schema" }, []line{bad(bot.AreaCards, "dingtalk.form_template", "param.templateNotExist")}},
		{"out of the group", func(c *clinic) { c.ding.SetGroup(c.group, func(g *emulator.DingGroup) { g.BotOut = true }) }, []line{bad(bot.AreaGroups, "华东", "/绑定日报 华东")}},
		{"group dissolved", func(c *clinic) { c.ding.SetGroup(c.group, func(g *emulator.DingGroup) { g.Gone = true }) }, []line{bad(bot.AreaGroups, "华东")}},
		{"quota used up", func(c *clinic) {
			c.ding.Break(emulator.Fault{API: "POST /v1.0/", Kind: emulator.Refused, Skip: 2, Code: 403, Message: "Forbidden.AccessDenied.ApiCountLimitForOrg"})
		}, []line{bad(bot.AreaQuota, "用完", "dingtalk.quota_api")}},
		{"nobody answers", func(c *clinic) { c.cfg.DingTalk.APIURL = "http://127.0.0.1:1" }, []line{bad(bot.AreaConnection, "127.0.0.1:1"), rest}},
	})
}

func TestDoctorKnowsTheMonthsCalls(t *testing.T) {
	c := newDingClinic(t)
	c.cfg.DingTalk.QuotaAPI = 1000
	count := func(n int64) {
		t.Helper()
		a, err := app.New(t.Context(), app.Options{DSN: c.cfg.Database.DSN})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		id, _ := c.ding.App()
		month := time.Now().In(time.FixedZone("UTC+8", 8*3600)).Format("2006-01")
		if _, err := a.DB.Count(t.Context(), "dingtalk:"+id+":api:"+month, n); err != nil {
			t.Fatal(err)
		}
	}
	count(852)
	diagnose(t, c.cfg, warning(bot.AreaQuota, "85%", "of 1000", "dingtalk.quota_api"))
	count(200)
	diagnose(t, c.cfg, bad(bot.AreaQuota, "of 1000"))
}

func TestDoctorShowsWhoseTheDingTalkAppIs(t *testing.T) {
	c := newDingClinic(t)
	if r := printed(diagnose(t, c.cfg)); !strings.Contains(r, "(CorpId) is not known yet") {
		t.Errorf("report:\n%s", r)
	}
	a, err := app.New(t.Context(), app.Options{DSN: c.cfg.Database.DSN})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := c.ding.App()
	if _, err := a.DB.Home(t.Context(), "dingtalk", id, "dingcorp1"); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if r := printed(diagnose(t, c.cfg)); !strings.Contains(r, "organisation dingcorp1 (CorpId)") {
		t.Errorf("report:\n%s", r)
	}
}

func TestDoctorGoesOnWithoutADatabase(t *testing.T) {
	c, d := newLarkClinic(t), newDingClinic(t)
	cfg := c.cfg
	cfg.DingTalk = d.cfg.DingTalk
	cfg.Database.DSN = "crm:hunter2@tcp(127.0.0.1:1)/crm"
	r := diagnose(t, cfg, bad(bot.AreaDatabase, "database.dsn"), skipped(bot.AreaPeople), skipped(bot.AreaQuota), skipped(bot.AreaPeople))
	if len(r) != 3 || r[1].Key != "lark" || r[2].Key != "dingtalk" || strings.Contains(printed(r), "hunter2") {
		t.Errorf("report:\n%s", printed(r))
	}
}

func TestDoctorOfNothingConfigured(t *testing.T) {
	cfg := configs.Defaults()
	path := filepath.Join(t.TempDir(), "data", "crm.db")
	cfg.Database.DSN = "sqlite:" + path
	diagnose(t, cfg, skipped(bot.AreaDatabase, path, "crmbot migrate"), skipped(bot.AreaPlatform, "docs/setup-lark.md", "docs/setup-dingtalk.md"))
	if _, err := filepath.Glob(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	if found, err := filepath.Glob(filepath.Dir(path)); err != nil || len(found) != 0 {
		t.Errorf("it made %v, %v", found, err)
	}
}

func TestDoctorBesideARunningProcessOnSQLite(t *testing.T) {
	cfg := configs.Defaults()
	cfg.Database.DSN = "sqlite:" + filepath.Join(t.TempDir(), "crm.db")
	a, err := app.New(t.Context(), app.Options{DSN: cfg.Database.DSN})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	r := diagnose(t, cfg, skipped(bot.AreaPlatform))
	if f := r[0].Findings[0]; f.Mark != bot.Fine || !strings.Contains(f.Seen.En, "running crmbot") {
		t.Errorf("got %+v", f)
	}
}

// TestDoctorLeavesTheSQLiteFileToAProcessThatStartsMeanwhile: while the doctor
// waits for a platform, the file is free; the calls that it made are counted.
func TestDoctorLeavesTheSQLiteFileToAProcessThatStartsMeanwhile(t *testing.T) {
	c, d := newLarkClinic(t), newDingClinic(t)
	cfg := c.cfg
	cfg.DingTalk = d.cfg.DingTalk
	asked := 0
	var mu sync.Mutex
	between := func(platform string) string {
		to, err := url.Parse(platform)
		if err != nil {
			t.Fatal(err)
		}
		pass := httputil.NewSingleHostReverseProxy(to)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			asked++
			db, err := store.Open(r.Context(), cfg.Database.DSN, crm.WallClock{})
			if err != nil {
				t.Errorf("during %s the file is taken: %v", r.URL.Path, err)
			} else {
				db.Close()
			}
			pass.ServeHTTP(w, r)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	cfg.Lark.BaseURL = between(c.lark.URL())
	cfg.DingTalk.APIURL = between(d.ding.URL())
	cfg.DingTalk.OAPIURL = cfg.DingTalk.APIURL
	app.Doctor(t.Context(), cfg)
	if asked == 0 {
		t.Error("no platform was asked")
	}
	db, err := store.Open(t.Context(), cfg.Database.DSN, crm.WallClock{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sums, err := db.Sums(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id, _ := d.ding.App()
	used, _ := d.ding.Used()
	month := time.Now().In(time.FixedZone("UTC+8", 8*3600)).Format("2006-01")
	if n := sums["dingtalk:"+id+":api:"+month]; n == 0 || n != int64(used) {
		t.Errorf("%d calls are counted, %d were made", n, used)
	}
}

func TestDoctorFindsRedisDownOrClosed(t *testing.T) {
	cfg := configs.Defaults()
	cfg.Database.DSN = enrolled(t, "lark", "ou_x", "oc_x")
	cfg.Redis.URL = "redis://:hunter2@127.0.0.1:1/0"
	r := diagnose(t, cfg, bad(bot.AreaRedis, "redis.url", "连不上"), skipped(bot.AreaPlatform))
	if strings.Contains(printed(r), "hunter2") {
		t.Errorf("a secret:\n%s", printed(r))
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go refuseAll(c)
		}
	}()
	cfg.Redis.URL = "redis://:hunter2@" + ln.Addr().String() + "/0"
	diagnose(t, cfg, bad(bot.AreaRedis, "拒绝登录"), skipped(bot.AreaPlatform))
}

// refuseAll answers every command as a Redis does that does not know the user.
func refuseAll(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 4096)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
		if _, err := c.Write([]byte("-WRONGPASS invalid username-password pair\r\n")); err != nil {
			return
		}
	}
}
