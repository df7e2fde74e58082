package larkbot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"crmbot/bot"
	"crmbot/internal/crm"
)

// exam looks at the app without showing anything to anybody.
type exam struct {
	*Bot
	out []bot.Finding
}

func (x *exam) add(f bot.Finding) { x.out = append(x.out, f) }

var platformName = crm.Text{Zh: "飞书", En: "Lark"}

// Codes of answers that mean more than the call that got them.
const (
	notListed = 99991401 // the caller's address is not on the app's whitelist
	usedUp    = 99991403 // the month's calls are used up
	noBot     = 11205
	domain    = 1000040351 // an app of Feishu on Lark's address, or the reverse
	tooMany   = 1000040350
)

// Examine checks the app on the platform and the groups in which it posts. It
// sends nothing to anybody and opens no connection: a second one would take
// events away from a running process.
func (b *Bot) Examine(ctx context.Context, groups []bot.BoundGroup) []bot.Finding {
	x := &exam{Bot: b}
	ok := x.credentials(ctx)
	if skew, known := b.api.clock.Ahead(); known {
		x.add(bot.ClockFinding(platformName, skew, known))
	}
	if !ok || !x.robot(ctx) {
		x.add(bot.Unexamined())
		return x.out
	}
	x.permissions(ctx)
	x.subscribed(ctx)
	x.connection(ctx)
	x.add(bot.NewFinding(bot.AreaQuota, bot.Fine, "没有接口因当月调用量用完而被拒绝", "no call was refused for the month's quota"))
	x.groups(ctx, groups)
	return x.out
}

func (x *exam) console(page string) string { return x.api.base + "/app/" + x.opt.AppID + page }

// credentials asks for a token.
func (x *exam) credentials(ctx context.Context) bool {
	_, err := x.api.access(ctx)
	e := asError(err)
	host := strings.TrimPrefix(strings.TrimPrefix(x.api.base, "https://"), "http://")
	bad := func(zh, en, mendZh, mendEn string) bool {
		x.add(bot.NewFinding(bot.AreaCredentials, bot.Bad, zh, en).WithMend(mendZh, mendEn))
		return false
	}
	basics := x.console("/baseinfo")
	switch {
	case err == nil:
		x.add(bot.NewFinding(bot.AreaCredentials, bot.Fine, "App ID 和 App Secret 有效（"+host+"）", "App ID and App Secret are valid ("+host+")"))
		return true
	case e == nil:
		x.add(bot.Unreachable(host, err))
		return false
	case e.Code == 10014:
		return bad("App Secret 不对", "the App Secret is wrong", "在 "+basics+"（凭证与基础信息）复制 App Secret，填到 lark.app_secret", "copy the App Secret from "+basics+" (Credentials & Basic Info) into lark.app_secret")
	case e.Code == 0 || e.HTTP >= 500:
		x.add(bot.Unclear(bot.AreaCredentials, err))
		return false
	}
	// The token's API does not tell an unknown app from one of the other platform.
	if code, _ := x.endpoint(ctx); code == domain {
		return bad("这个应用不属于 "+host+"：飞书和 Lark 国际版是两个平台", "the app does not belong to "+host+": Feishu and Lark are two platforms",
			"把 lark.base_url 改成 "+other(x.api.base), "set lark.base_url to "+other(x.api.base))
	}
	return bad(fmt.Sprintf("App ID 不对（错误码 %d）", e.Code), fmt.Sprintf("the App ID is wrong (code %d)", e.Code),
		"在开发者后台“凭证与基础信息”复制 App ID，填到 lark.app_id；若应用建在 Lark 国际版，把 lark.base_url 改成 "+larkSuite,
		"copy the App ID from Credentials & Basic Info in the developer console into lark.app_id; if the app is on Lark, set lark.base_url to "+larkSuite)
}

const (
	feishu    = "https://open.feishu.cn"
	larkSuite = "https://open.larksuite.com"
)

// other is the other one of the two platforms.
func other(base string) string {
	if base == larkSuite {
		return feishu
	}
	return larkSuite
}

// states are the states of an app that is not in use.
var states = map[int]crm.Text{
	0: {Zh: "还没有安装：没有发布过版本", En: "not installed: no version was published"}, 1: {Zh: "已被管理员停用", En: "disabled by an administrator"},
	3: {Zh: "已安装，等待启用", En: "installed, waiting to be enabled"}, 4: {Zh: "升级后等待启用", En: "upgraded, waiting to be enabled"},
	5: {Zh: "许可证过期", En: "its licence ran out"}, 6: {Zh: "企业套餐到期或降级", En: "the company's plan ran out or was lowered"},
}

// robot asks who the bot is; false if no other call can work.
func (x *exam) robot(ctx context.Context) bool {
	var out struct {
		Bot struct {
			Status int    `json:"activate_status"`
			Name   string `json:"app_name"`
		} `json:"bot"`
	}
	err := x.api.send(ctx, http.MethodGet, "/open-apis/bot/v3/info", nil, "", nil, func(raw []byte) error { return json.Unmarshal(raw, &out) })
	e := asError(err)
	switch {
	case e != nil && e.Code == notListed:
		x.add(bot.NewFinding(bot.AreaConnection, bot.Bad, "本机的公网 IP 不在应用的白名单里，接口调用被拒绝", "this machine's public address is not on the app's whitelist; calls are refused").
			WithMend("在 "+x.console("/safe")+"（安全设置 → IP 白名单）加入服务器的公网 IP，或清空白名单", "add the server's public address in "+x.console("/safe")+" (Security Settings → IP Whitelist), or empty the list"))
		return false
	case e != nil && e.Code == usedUp:
		x.add(bot.NewFinding(bot.AreaQuota, bot.Bad, "企业当月的接口调用量已用完", "the company's calls of this month are used up").
			WithMend("在飞书管理后台“费用中心”查看用量并升级套餐；下月 1 日恢复", "look at the usage in the admin console and upgrade the plan; it begins again on the first of next month"))
		return false
	case e != nil && e.Code == noBot:
		x.add(bot.NewFinding(bot.AreaRobot, bot.Bad, "应用没有机器人能力，或带机器人的版本还没有发布", "the app has no bot, or the version with the bot is not published").
			WithMend("在 "+x.console("/capability")+"（添加应用能力）添加“机器人”，然后在“版本管理与发布”创建版本并发布", "add the Bot in "+x.console("/capability")+" (Add Features), then create and publish a version in Version Management & Release"))
		return true
	case err != nil:
		x.add(bot.Unclear(bot.AreaRobot, err))
		return e != nil
	}
	if s, idle := states[out.Bot.Status]; idle {
		x.add(bot.NewFinding(bot.AreaRobot, bot.Bad, "应用"+s.Zh, "the app is not in use: "+s.En).
			WithMend("在 "+x.console("/version")+"（版本管理与发布）创建版本、选好可用范围并发布；需要审核时请企业管理员在管理后台通过", "create a version in "+x.console("/version")+" (Version Management & Release), choose the availability and publish it; where it needs approval, an administrator approves it in the admin console"))
		return true
	}
	x.add(bot.NewFinding(bot.AreaRobot, bot.Fine, "机器人“"+out.Bot.Name+"”已发布并启用", "the bot “"+out.Bot.Name+"” is published and enabled"))
	return true
}

// nothing is an id that no message, chat or file has.
const nothing = "crmbot_doctor"

// probes are calls that change nothing and are refused first of all where the
// permission is missing.
var probes = []struct {
	scope, method, path string
	body                any
}{
	{"im:message:send_as_bot", http.MethodPatch, "/open-apis/im/v1/messages/om_" + nothing, map[string]string{"content": "{}"}},
	{"im:message:readonly", http.MethodGet, "/open-apis/im/v1/messages/om_" + nothing + "/resources/" + nothing, nil},
	{"im:resource", http.MethodPost, "/open-apis/im/v1/images", nil},
	{"im:chat:readonly", http.MethodGet, "/open-apis/im/v1/chats/oc_" + nothing, nil},
	{"contact:contact.base:readonly", http.MethodGet, "/open-apis/contact/v3/departments/" + rootDepartment + "/children", nil},
}

// permissions compares what the tenant granted, as the platform lists it and as
// it answers, with what the app needs.
func (x *exam) permissions(ctx context.Context) {
	granted, listed := x.granted(ctx)
	refused, passed := map[string]bool{}, map[string]bool{}
	var root error
	for _, p := range probes {
		err := x.api.call(ctx, p.method, p.path, url.Values{"type": {"file"}, "page_size": {"1"}}, p.body, nil)
		if e := asError(err); e != nil && e.Code == noScope {
			refused[p.scope] = true
		} else if err == nil || e != nil && e.Code != 0 {
			passed[p.scope] = true
		}
		root = err // of the last one, the directory
	}
	var missing []bot.Permission
	waiting := false
	for _, p := range permissions {
		state := granted[p.Name]
		have := state == grantedNow
		for _, name := range p.Or {
			have = have || granted[name] == grantedNow
		}
		if refused[p.Name] || !p.Optional && !passed[p.Name] && listed && !have {
			missing = append(missing, p)
			waiting = waiting || state == grantedNot
		}
	}
	switch {
	case len(missing) == 0 && !listed:
		x.add(bot.NewFinding(bot.AreaPermissions, bot.Skipped, fmt.Sprintf("试过的 %d 项权限都可用；平台没有返回权限列表，其余没能检查", len(probes)), fmt.Sprintf("the %d permissions that could be tried work; the platform did not list the others", len(probes))).
			WithMend("对照 docs/setup-lark.zh-CN.md 第 2 步检查 "+x.console("/auth"), "compare "+x.console("/auth")+" with step 2 of docs/setup-lark.md"))
	case len(missing) == 0:
		x.add(bot.Granted(permissions))
	default:
		f := bot.Lacking(missing)
		link := x.console("/auth?q=" + strings.Join(f.Missing, ",") + "&op_from=openapi&token_type=tenant")
		f = f.WithMend("打开 "+link+" 开通，然后在“版本管理与发布”发布新版本", "grant them at "+link+", then publish a new version in Version Management & Release")
		if waiting {
			f.Mend.Zh += "；其中有已申请未生效的：发布版本，并请企业管理员审批"
			f.Mend.En += "; some were asked for and are not in force: publish a version and let an administrator approve it"
		}
		x.add(f)
	}
	x.directory(root, refused["contact:contact.base:readonly"])
}

// States of a permission.
const (
	grantedNow = 1
	grantedNot = 2
)

// granted is the state of every permission that the app asked for; false if the
// platform does not tell.
func (x *exam) granted(ctx context.Context) (map[string]int, bool) {
	var out struct {
		Scopes []struct {
			Name   string `json:"scope_name"`
			Status int    `json:"grant_status"`
			Type   string `json:"scope_type"`
		} `json:"scopes"`
	}
	if err := x.api.call(ctx, http.MethodGet, "/open-apis/application/v6/scopes", nil, nil, &out); err != nil {
		return nil, false
	}
	all := map[string]int{}
	for _, s := range out.Scopes {
		if s.Type != "user" && all[s.Name] != grantedNow {
			all[s.Name] = s.Status
		}
	}
	return all, true
}

// directory judges the answer to the question for the company's departments.
func (x *exam) directory(err error, refused bool) {
	e := asError(err)
	switch {
	case refused:
		// The line about permissions says it.
	case err == nil:
		x.add(bot.NewFinding(bot.AreaDirectory, bot.Fine, "应用能看到全公司的部门", "the app sees the departments of the whole company"))
	case e != nil && e.Code == 40004:
		x.add(bot.NewFinding(bot.AreaDirectory, bot.Bad, "应用的通讯录权限范围不是全部成员，部门和成员同步不了", "the app sees only a part of the company; departments and people cannot be synchronised").
			WithMend("在 "+x.console("/auth")+"（权限管理 → 通讯录权限范围）选“全部成员”，然后发布新版本", "choose All members in "+x.console("/auth")+" (Permissions → contacts range), then publish a new version"))
	default:
		x.add(bot.Unclear(bot.AreaDirectory, err))
	}
}

// endpoint asks where a long connection would be opened, and opens none.
func (x *exam) endpoint(ctx context.Context) (int, error) {
	body, err := encode(map[string]string{"AppID": x.opt.AppID, "AppSecret": x.opt.AppSecret, "ClientAssertion": ""})
	if err != nil {
		return 0, err
	}
	const path = "/callback/ws/endpoint"
	status, header, raw, err := x.api.do(ctx, http.MethodPost, x.api.base+path, "", "application/json", body)
	if err == nil {
		err = decode("POST "+path, status, header, raw, nil)
	}
	if e := asError(err); e != nil {
		return e.Code, err
	}
	return 0, err
}

func (x *exam) connection(ctx context.Context) {
	if x.opt.Webhook {
		x.add(bot.NewFinding(bot.AreaConnection, bot.Fine, "webhook 方式：平台要能通过 https 访问本服务的 /webhook/lark", "webhook mode: the platform must reach /webhook/lark of this service over https"))
		return
	}
	code, err := x.endpoint(ctx)
	bad := func(zh, en, mendZh, mendEn string) {
		x.add(bot.NewFinding(bot.AreaConnection, bot.Bad, zh, en).WithMend(mendZh, mendEn))
	}
	switch {
	case err == nil:
		x.add(bot.NewFinding(bot.AreaConnection, bot.Fine, "可以建立长连接（这里没有真的建立：多一个连接会分走正在运行的服务的消息）", "a long connection can be opened (none was: it would take events away from a running process)"))
	case code == domain:
		bad("长连接被拒绝：这个应用不属于 "+x.api.base, "the long connection is refused: the app does not belong to "+x.api.base, "把 lark.base_url 改成 "+other(x.api.base), "set lark.base_url to "+other(x.api.base))
	case code == tooMany:
		bad("这个应用的长连接已达 50 个上限", "the app has 50 long connections, the most that are allowed", "停掉多余的 crmbot serve 或其他连着同一应用的程序；一个应用只应有一套服务", "stop what else is connected with the same app; one app belongs to one installation")
	case code == 514 || code == 403:
		bad(fmt.Sprintf("长连接被拒绝（错误码 %d）", code), fmt.Sprintf("the long connection is refused (code %d)", code), "长连接只支持企业自建应用：在开发者后台确认应用类型，并核对 lark.app_secret", "long connections are for custom apps of the company only: check the kind of the app in the console, and lark.app_secret")
	case asError(err) == nil:
		x.add(bot.Unreachable(strings.TrimPrefix(x.api.base, "https://"), err))
	default:
		x.add(bot.Unclear(bot.AreaConnection, err))
	}
}

// maxGroups is how many groups are looked at; each costs two calls.
const maxGroups = 50

// groups checks that the bot is in the groups and may speak there.
func (x *exam) groups(ctx context.Context, groups []bot.BoundGroup) {
	fine := 0
	for _, g := range groups[:min(len(groups), maxGroups)] {
		if f, ok := x.group(ctx, g); ok {
			fine++
		} else {
			x.add(f)
		}
	}
	if fine > 0 {
		x.add(bot.NewFinding(bot.AreaGroups, bot.Fine, fmt.Sprintf("机器人在 %d 个日报群里，可以发言", fine), fmt.Sprintf("the bot is in %d groups of reports and may speak", fine)))
	}
}

func (x *exam) group(ctx context.Context, g bot.BoundGroup) (bot.Finding, bool) {
	path := "/open-apis/im/v1/chats/" + url.PathEscape(g.Chat)
	var in struct {
		Member bool `json:"is_in_chat"`
	}
	err := x.api.call(ctx, http.MethodGet, path+"/members/is_in_chat", nil, nil, &in)
	e := asError(err)
	gone := e != nil && slices.Contains([]int{232006, 232009, 232010, 232011, 230002}, e.Code)
	switch {
	case gone, err == nil && !in.Member:
		return bot.NewFinding(bot.AreaGroups, bot.Bad, "“"+g.Team+"”的日报群：机器人不在群里，或群已解散", "the group of “"+g.Team+"”: the bot is not in it, or it was dissolved").
			WithMend("把机器人加回那个群（群设置 → 群机器人），或在新的群里 @机器人 发送 /绑定日报 "+g.Team, "add the bot to the group again (group settings → Bots), or send /bindreport "+g.Team+" to the bot in another group"), false
	case e != nil && e.Code == noScope:
		return bot.NewFinding(bot.AreaGroups, bot.Skipped, "“"+g.Team+"”的日报群：缺少权限，没能检查", "the group of “"+g.Team+"”: not checked, a permission is missing"), false
	case err != nil:
		return bot.Unclear(bot.AreaGroups, err), false
	}
	var chat struct {
		Speak string `json:"moderation_permission"`
	}
	if err := x.api.call(ctx, http.MethodGet, path, nil, nil, &chat); err == nil && chat.Speak != "" && chat.Speak != "all_members" {
		return bot.NewFinding(bot.AreaGroups, bot.Warning, "“"+g.Team+"”的日报群限制了发言，机器人可能发不出日报", "the group of “"+g.Team+"” lets only some speak; the report may not get through").
			WithMend("请群主在群设置 → 群管理 → 发言权限里允许机器人发言", "let the owner allow the bot to speak in group settings → manage → who can send messages"), false
	}
	return bot.Finding{}, true
}
