package dingbot

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"crmbot/bot"
	"crmbot/cards/dingcard"
	"crmbot/internal/crm"
)

// exam looks at the app without showing anything to anybody.
type exam struct {
	*Bot
	out []bot.Finding
	// lacking are the permissions that were refused.
	lacking []string
	// over is set once the month's calls are used up.
	over bool
}

func (x *exam) add(f bot.Finding) { x.out = append(x.out, f) }

var platformName = crm.Text{Zh: "钉钉", En: "DingTalk"}

// consoleURL is the developer console; pages of an app have no stable address.
const consoleURL = "https://open-dev.dingtalk.com"

const consoleZh, consoleEn = "钉钉开发者后台（" + consoleURL + "）的这个应用 → ", "the app in the DingTalk console (" + consoleURL + ") → "

// Examine checks the app on the platform and the groups in which it posts. It
// sends nothing to anybody and opens no connection: a second one would take
// events away from a running process. It costs a handful of the month's calls.
func (b *Bot) Examine(ctx context.Context, groups []bot.BoundGroup) []bot.Finding {
	x := &exam{Bot: b}
	ok := x.credentials(ctx)
	if skew, known := b.api.clock.Ahead(); known {
		x.add(bot.ClockFinding(platformName, skew, known))
	}
	if !ok {
		x.add(bot.Unexamined())
		return x.out
	}
	x.connection(ctx)
	robot := x.robot(ctx)
	directory := x.directory(ctx)
	cards := x.cards(ctx)
	x.permissions()
	for _, f := range slices.Concat(robot, directory, cards) {
		x.add(f)
	}
	x.home(ctx)
	x.groups(ctx, groups)
	x.quotas(ctx)
	return x.out
}

// barred reports whether the caller's address is not on the app's whitelist.
func (e *Error) barred() bool {
	return e.Code == notListed || strings.Contains(e.Code, "IpNotInWhiteList")
}

// noPermission reports whether the app lacks a permission.
func (e *Error) noPermission() bool {
	return e.Code == noScope || len(e.Scopes) > 0 || strings.Contains(e.Code, "AccessTokenPermissionDenied")
}

// credentials asks for a token; false if nothing else can work.
func (x *exam) credentials(ctx context.Context) bool {
	_, err := x.api.access(ctx)
	e := asError(err)
	host := bareHost(x.opt.APIURL)
	switch {
	case err == nil:
		x.add(bot.NewFinding(bot.AreaCredentials, bot.Fine, "Client ID 和 Client Secret 有效（"+host+"）", "Client ID and Client Secret are valid ("+host+")"))
		return true
	case e == nil:
		x.add(bot.Unreachable(host, err))
	case e.barred():
		x.notListed()
	case e.HTTP >= 500 || e.Code == "" || e.verdict() == throttled:
		x.add(bot.Unclear(bot.AreaCredentials, err))
	default:
		x.add(bot.NewFinding(bot.AreaCredentials, bot.Bad, "Client ID 或 Client Secret 不对（"+e.Code+"）", "the Client ID or the Client Secret is wrong ("+e.Code+")").
			WithMend("在"+consoleZh+"凭证与基础信息，重新复制 Client ID（AppKey）和 Client Secret（AppSecret）到 dingtalk.client_id、dingtalk.client_secret；海外组织还要设置 dingtalk.api_url",
				"copy Client ID (AppKey) and Client Secret (AppSecret) again from "+consoleEn+"Credentials into dingtalk.client_id and dingtalk.client_secret; organisations overseas also set dingtalk.api_url"))
	}
	return false
}

func bareHost(url string) string {
	return strings.TrimPrefix(strings.TrimPrefix(url, "https://"), "http://")
}

func (x *exam) notListed() {
	x.add(bot.NewFinding(bot.AreaConnection, bot.Bad, "本机的公网 IP 不在应用的白名单里，接口调用被拒绝", "this machine's public address is not on the app's whitelist; calls are refused").
		WithMend("在"+consoleZh+"安全设置 → 服务器出口 IP，加入服务器的公网 IP 或清空", "add the server's public address, or empty the list, in "+consoleEn+"Security Settings → server outlet IP"))
}

// connection asks for a ticket, which is for one connection, and lets it lapse.
func (x *exam) connection(ctx context.Context) {
	body, err := encode(map[string]any{"clientId": x.opt.ClientID, "clientSecret": x.opt.ClientSecret, "ua": "crmbot-doctor",
		"subscriptions": []map[string]string{{"type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get"}, {"type": "CALLBACK", "topic": "/v1.0/card/instances/callback"}, {"type": "EVENT", "topic": "*"}}})
	const path = "/v1.0/gateway/connections/open"
	var out struct {
		Endpoint text `json:"endpoint"`
		Ticket   text `json:"ticket"`
	}
	if err == nil {
		var status int
		var raw []byte
		if status, raw, err = x.api.do(ctx, http.MethodPost, x.opt.APIURL+path, "", jsonType, body); err == nil {
			err = decode(request{method: http.MethodPost, path: path}, status, raw, &out)
		}
	}
	e := asError(err)
	switch {
	case err == nil && out.Ticket != "" && out.Endpoint != "":
		x.add(bot.NewFinding(bot.AreaConnection, bot.Fine, "可以建立 Stream 连接（这里没有真的建立：多一个连接会分走正在运行的服务的消息）", "a stream connection can be opened (none was: it would take events away from a running process)"))
	case err == nil, e != nil && e.HTTP >= 500:
		x.add(bot.Unclear(bot.AreaConnection, &Error{API: "POST " + path, HTTP: http.StatusOK}))
	case e == nil:
		x.add(bot.Unreachable(bareHost(x.opt.APIURL), err))
	case e.barred():
		x.notListed()
	default:
		x.add(bot.NewFinding(bot.AreaConnection, bot.Bad, fmt.Sprintf("Stream 连接被拒绝（HTTP %d %s）：收不到消息", e.HTTP, e.Code), fmt.Sprintf("the stream connection is refused (HTTP %d %s): no message arrives", e.HTTP, e.Code)).
			WithMend("在"+consoleZh+"机器人 → 消息接收模式选“Stream 模式”，事件与回调 → 推送方式选“Stream 模式推送”，保存并发布版本", "choose Stream mode in "+consoleEn+"Robot → message receiving mode, and in Events & Callbacks → push mode; save and publish a version"))
	}
}

// refused sorts the answer to a probe: true if the permission is missing, the
// month's calls are used up or the address is barred, which have lines of
// their own.
func (x *exam) refused(err error, scope string) bool {
	e := asError(err)
	switch {
	case e == nil:
		return false
	case e.noPermission():
		x.lacking = append(x.lacking, scope)
		for _, s := range e.Scopes {
			if !slices.Contains(x.lacking, s) && !known(s) {
				x.lacking = append(x.lacking, s)
			}
		}
		return true
	case e.verdict() == noQuota:
		x.over = true
		return true
	case e.barred():
		if !slices.ContainsFunc(x.out, func(f bot.Finding) bool { return f.Area == bot.AreaConnection && f.Mark == bot.Bad }) {
			x.notListed()
		}
		return true
	}
	return false
}

// known reports whether the permission is one that the app needs anyway.
func known(scope string) bool {
	return slices.ContainsFunc(permissions, func(p bot.Permission) bool { return p.Name == scope })
}

// nobody is a user id that nobody has.
const nobody = "crmbot_doctor_nobody"

// robot sends a message to nobody: the permission and the robot are checked, the
// answer says that there is no such person.
func (x *exam) robot(ctx context.Context) []bot.Finding {
	err := x.toPerson(ctx, nobody, robotMessage{key: "sampleText", param: `{"content":"crmbot doctor"}`})
	e := asError(err)
	var out []bot.Finding
	switch {
	case x.refused(err, scopeRobot):
	case e != nil && (strings.Contains(e.Code, "robotCode") || e.Code == "resource.not.found" || e.Code == "bot.stopped"):
		out = append(out, bot.NewFinding(bot.AreaRobot, bot.Bad, "应用没有可用的机器人（"+e.Code+"）", "the app has no working robot ("+e.Code+")").
			WithMend("在"+consoleZh+"添加应用能力 → 机器人，打开机器人配置、消息接收模式选“Stream 模式”，发布版本；dingtalk.robot_code 留空即可，或填机器人的 RobotCode",
				"add the Robot in "+consoleEn+"Add capabilities, switch it on, choose Stream mode and publish a version; leave dingtalk.robot_code empty, or set the RobotCode"))
	case e == nil && err != nil:
		out = append(out, bot.Unclear(bot.AreaRobot, err))
	default:
		out = append(out, bot.NewFinding(bot.AreaRobot, bot.Fine, "机器人可以发消息", "the robot can send messages"))
	}
	at, ok, err := x.opt.KV.Get(ctx, x.unpublishedKey())
	if err == nil && ok {
		out = append(out, bot.NewFinding(bot.AreaRobot, bot.Bad, "应用版本没有发布：收到的消息没有用户 ID（"+string(at)+"）", "no version of the app is published: messages come without user ids ("+string(at)+")").
			WithMend("在"+consoleZh+"版本管理与发布，创建版本、选可见范围、确认发布；再给机器人发一条消息", "create a version, choose who sees it and publish it in "+consoleEn+"Version Management; then send the bot a message"))
	}
	return out
}

// directory asks the three questions of the directory, which cost no quota.
func (x *exam) directory(ctx context.Context) []bot.Finding {
	ask := func(path string, body any, scope string) error {
		err := x.api.call(ctx, request{method: http.MethodPost, path: path, old: true, free: true, body: body}, nil)
		if x.refused(err, scope) {
			return nil
		}
		return err
	}
	whole := true
	for _, q := range []struct {
		path, scope string
		body        map[string]any
	}{
		{"/topapi/v2/department/listsub", scopeDepartments, map[string]any{"dept_id": rootDepartment}},
		{"/topapi/v2/user/list", scopeMembers, map[string]any{"dept_id": rootDepartment, "cursor": 0, "size": 1}},
		{"/topapi/v2/user/get", scopePerson, map[string]any{"userid": nobody}},
	} {
		err := ask(q.path, q.body, q.scope)
		e := asError(err)
		switch {
		case err == nil, e != nil && e.verdict() == personGone:
		case e != nil && (e.Code == "50004" || e.Code == "50002"):
			whole = false // outside the range of the app
		default:
			return []bot.Finding{bot.Unclear(bot.AreaDirectory, err)}
		}
	}
	if !whole {
		return []bot.Finding{bot.NewFinding(bot.AreaDirectory, bot.Bad, "应用的通讯录授权范围不是全部员工，部门和成员同步不了", "the app sees only a part of the company; departments and people cannot be synchronised").
			WithMend("在"+consoleZh+"权限管理 → 权限范围，选“全部员工”", "choose all employees in "+consoleEn+"Permissions → range")}
	}
	for _, s := range x.lacking {
		if s == scopeDepartments || s == scopeMembers || s == scopePerson {
			return nil
		}
	}
	return []bot.Finding{bot.NewFinding(bot.AreaDirectory, bot.Fine, "能读取部门和成员", "departments and people can be read")}
}

// needed are the permissions without those of cards that are not used.
func (x *exam) needed() []bot.Permission {
	if x.levels.start != dingcard.LevelPlain {
		return permissions
	}
	return slices.DeleteFunc(slices.Clone(permissions), func(p bot.Permission) bool { return p.Name == scopeCards })
}

// permissions is the line that names what was refused.
func (x *exam) permissions() {
	if len(x.lacking) == 0 {
		if !x.over {
			x.add(bot.Granted(x.needed()))
		}
		return
	}
	var missing []bot.Permission
	for _, name := range x.lacking {
		p := bot.Permission{Name: name, Why: crm.Text{Zh: "平台要求", En: "the platform asks for it"}}
		if i := slices.IndexFunc(permissions, func(p bot.Permission) bool { return p.Name == name }); i >= 0 {
			p = permissions[i]
		}
		missing = append(missing, p)
	}
	x.add(bot.Lacking(missing).WithMend("在"+consoleZh+"权限管理，搜索上面的权限点并申请；通常立即生效，否则发布新版本", "search the names above in "+consoleEn+"Permissions and apply for them; they work at once, or after the next published version"))
}

// cards tries the card levels, best first, by creating cards that are delivered
// to nobody.
func (x *exam) cards(ctx context.Context) []bot.Finding {
	if x.levels.start == dingcard.LevelPlain {
		return []bot.Finding{bot.NewFinding(bot.AreaCards, bot.Fine, "卡片以普通消息显示，按钮是链接（dingtalk.card_mode: plain）", "cards are shown as messages whose buttons are links (dingtalk.card_mode: plain)")}
	}
	const mendTemplateZh = "在卡片平台（https://open-dev.dingtalk.com/fe/card）打开这个模板，关联本应用并发布，核对模板 ID；不用自有模板就把它留空"
	const mendTemplateEn = "open the template in the card builder (https://open-dev.dingtalk.com/fe/card), bind it to this app, publish it and compare its id; leave it empty to do without"
	var out []bot.Finding
	type template struct{ key, id string }
	own := []template{{"dingtalk.card_template", x.opt.CardTemplate}, {"dingtalk.form_template", x.opt.FormTemplate}}
	if x.levels.start != dingcard.LevelTemplate {
		own = nil
	}
	ownCards := false
	for _, t := range slices.Concat(own, []template{{"", dingcard.PublicTemplate}}) {
		if t.id == "" || t.key == "" && ownCards {
			continue // not set, or the public one is not used
		}
		err := x.try(ctx, t.id)
		e := asError(err)
		switch {
		case x.refused(err, scopeCards):
			return nil
		case err == nil || e != nil && e.verdict() == exists:
			ownCards = ownCards || t.id == x.opt.CardTemplate
		case e != nil && e.verdict() == noTemplate && t.key != "":
			out = append(out, bot.NewFinding(bot.AreaCards, bot.Bad, t.key+" 指定的模板不可用（"+e.Code+"），卡片会退回公共模板", "the template of "+t.key+" does not work ("+e.Code+"); cards fall back to the public template").WithMend(mendTemplateZh, mendTemplateEn))
		case e != nil && e.verdict() == noTemplate:
			out = append(out, bot.NewFinding(bot.AreaCards, bot.Warning, "公共卡片模板不可用（"+e.Code+"），卡片退回普通消息，按钮变成链接", "the public card template does not work ("+e.Code+"); cards fall back to messages whose buttons are links").
				WithMend("按 docs/setup-dingtalk.zh-CN.md 导入自己的模板并填到 dingtalk.card_template", "import a template of your own as docs/setup-dingtalk.md says, and set dingtalk.card_template"))
		default:
			return append(out, bot.Unclear(bot.AreaCards, err))
		}
	}
	if len(out) > 0 {
		return out
	}
	level := x.levels.now(ctx)
	if level != x.levels.start {
		return []bot.Finding{bot.NewFinding(bot.AreaCards, bot.Warning, "模板现在可用，但运行中的服务一小时内仍用简化卡片", "templates work now; the running service still shows simpler cards for up to an hour").
			WithMend("不用做什么：一小时内会自动再试", "nothing to do: it tries again by itself within the hour")}
	}
	if level == dingcard.LevelTemplate {
		return []bot.Finding{bot.NewFinding(bot.AreaCards, bot.Fine, "互动卡片可用（自有模板）", "cards work (templates of your own)")}
	}
	return []bot.Finding{bot.NewFinding(bot.AreaCards, bot.Fine, "互动卡片可用（公共模板）；表单用一行文字填写，想要表单卡片可导入模板", "cards work (the public template); forms are filled in by one line unless a form template is imported")}
}

// try creates a card that is delivered to nobody.
func (x *exam) try(ctx context.Context, template string) error {
	return x.api.call(ctx, request{method: http.MethodPost, path: "/v1.0/card/instances", body: map[string]any{"cardTemplateId": template, "outTrackId": nobody + "-" + rand.Text(), "callbackType": "STREAM", "userIdType": 1,
		"cardData": map[string]any{"cardParamMap": map[string]string{"title": "crmbot doctor", "markdown": "crmbot doctor"}}}}, nil)
}
