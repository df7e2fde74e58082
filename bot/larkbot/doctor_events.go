package larkbot

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
)

// appConfig is how the app is delivered to, as the console shows it.
type appConfig struct {
	Event *struct {
		Way    string   `json:"subscription_type"`
		Events []string `json:"subscribed_events"`
	} `json:"event"`
	Callback *struct {
		Way       string   `json:"callback_type"`
		Callbacks []string `json:"subscribed_callbacks"`
	} `json:"callback_info"`
}

// The ways of delivery.
const (
	byConnection = "websocket"
	byWebhook    = "webhook"
)

// subscribed checks how events and presses are delivered. The platform tells
// that to an app with a permission of its own only.
func (x *exam) subscribed(ctx context.Context) {
	var out struct {
		App appConfig `json:"app"`
	}
	err := x.api.call(ctx, http.MethodGet, "/open-apis/application/v6/applications/me", url.Values{"lang": {"zh_cn"}}, nil, &out)
	page := x.console("/event")
	if e := asError(err); e != nil && e.Code == noScope {
		f := bot.NewFinding(bot.AreaEvents, bot.Skipped, "看不到事件和回调的设置：没有开通 "+scopeSelf, "the settings of events and presses are not visible: "+scopeSelf+" is not granted").
			WithMend("想让 doctor 检查就开通它；否则请对照 docs/setup-lark.zh-CN.md 第 4、5 步检查 "+page, "grant it to have them checked, or compare "+page+" with steps 4 and 5 of docs/setup-lark.md")
		x.add(f)
		x.cardFrames(ctx, page)
		return
	}
	if err != nil {
		x.add(bot.Unclear(bot.AreaEvents, err))
		x.cardFrames(ctx, page)
		return
	}
	x.events(out.App, page)
	x.callback(ctx, out.App, page)
}

// way is the way of delivery that this process expects, and what the console
// calls it for events or callbacks.
func (x *exam) way(zh, en string) (string, crm.Text) {
	if x.opt.Webhook {
		return byWebhook, crm.Text{Zh: "将" + zh + "发送至开发者服务器", En: "Send " + en + " to developer's server"}
	}
	return byConnection, crm.Text{Zh: "使用长连接接收" + zh, En: "Receive " + en + " through persistent connection"}
}

func (x *exam) events(c appConfig, page string) {
	way, choice := x.way("事件", "events")
	if c.Event == nil {
		x.add(bot.NewFinding(bot.AreaEvents, bot.Skipped, "平台没有返回事件设置，请对照 "+page+" 检查", "the platform does not tell how events are delivered; compare "+page))
		return
	}
	if c.Event.Way != way {
		x.add(bot.NewFinding(bot.AreaEvents, bot.Bad, fmt.Sprintf("平台用%s推送事件，crmbot 等的是%s：收不到消息", word(c.Event.Way).Zh, word(way).Zh), fmt.Sprintf("events are delivered by %s, crmbot waits for %s: no message arrives", word(c.Event.Way).En, word(way).En)).
			WithMend("先让 crmbot serve 运行着，再到 "+page+"（事件与回调 → 事件配置）把订阅方式改成“"+choice.Zh+"”并保存，然后发布新版本；或修改 lark.mode", "while crmbot serve runs, set the mode to “"+choice.En+"” in "+page+" (Events & Callbacks → Event Configuration), save, and publish a new version; or change lark.mode"))
		return
	}
	var missing []string
	for _, s := range subscriptions {
		if !s.Callback && !slices.Contains(c.Event.Events, s.Name) {
			missing = append(missing, s.Name)
		}
	}
	if len(missing) == 0 {
		x.add(bot.NewFinding(bot.AreaEvents, bot.Fine, "需要的事件都已订阅（"+word(way).Zh+"）", "all events are subscribed ("+word(way).En+")"))
		return
	}
	mark := bot.Warning
	if slices.Contains(missing, evMessage) {
		mark = bot.Bad // without messages there is no conversation
	}
	f := bot.NewFinding(bot.AreaEvents, mark, fmt.Sprintf("缺 %d 个事件：%s", len(missing), strings.Join(missing, "、")), fmt.Sprintf("%d missing: %s", len(missing), strings.Join(missing, ", "))).
		WithMend("在 "+page+"（事件与回调 → 事件配置 → 添加事件）加上，然后发布新版本", "add them in "+page+" (Events & Callbacks → Event Configuration → Add Events), then publish a new version")
	f.Missing = missing
	x.add(f)
}

func (x *exam) callback(ctx context.Context, c appConfig, page string) {
	way, choice := x.way("回调", "callbacks")
	mendZh := "到 " + page + "（事件与回调 → 回调配置）把订阅方式设为“" + choice.Zh + "”，添加回调“卡片回传交互” " + evPress + "，然后发布新版本"
	mendEn := "in " + page + " (Events & Callbacks → Callback Configuration) set the mode to “" + choice.En + "”, add the callback “Card action” " + evPress + ", then publish a new version"
	switch {
	case c.Callback == nil || c.Callback.Way == "":
		if !x.cardFrames(ctx, page) {
			x.add(bot.NewFinding(bot.AreaCallback, bot.Warning, "平台没有返回卡片回调的设置；没有设置的话，点卡片会报错 200340", "the platform names no setting for card presses; without one, buttons answer with error 200340").WithMend(mendZh, mendEn))
		}
	case c.Callback.Way != way:
		x.add(bot.NewFinding(bot.AreaCallback, bot.Bad, fmt.Sprintf("平台用%s推送卡片回调，crmbot 等的是%s：点按钮会报错 200340", word(c.Callback.Way).Zh, word(way).Zh), fmt.Sprintf("card presses are delivered by %s, crmbot waits for %s: buttons answer with error 200340", word(c.Callback.Way).En, word(way).En)).WithMend(mendZh, mendEn))
	case !slices.Contains(c.Callback.Callbacks, evPress):
		f := bot.NewFinding(bot.AreaCallback, bot.Bad, "没有订阅卡片回调 "+evPress+"：点按钮会报错 200340", "the callback "+evPress+" is not subscribed: buttons answer with error 200340").WithMend(mendZh, mendEn)
		f.Missing = []string{evPress}
		x.add(f)
	default:
		x.add(bot.NewFinding(bot.AreaCallback, bot.Fine, "卡片回调已订阅（"+word(way).Zh+"）", "card presses are subscribed ("+word(way).En+")"))
	}
}

// word is a way of delivery as people say it.
func word(way string) crm.Text {
	switch way {
	case byConnection:
		return crm.Text{Zh: "长连接", En: "long connection"}
	case byWebhook:
		return crm.Text{Zh: "HTTP（webhook）", En: "HTTP (webhook)"}
	}
	return crm.Text{Zh: "别的方式", En: "another way"}
}

// frameFor is how long it is remembered that a press came in the old form.
const frameFor = 24 * time.Hour

func (b *Bot) frameKey() string { return "lark:cardframe:" + b.opt.AppID }

// cardFrame notes a press that came as a frame of type "card": the callback is
// not set to the long connection. The connection mends such frames, the
// platform may still refuse the next press.
func (b *Bot) cardFrame() {
	if !b.health.problem(problemFrame) {
		return
	}
	b.work.Go(b.work.Context(), func(ctx context.Context) {
		slog.WarnContext(ctx, "a press came in the old form; set the callback to the long connection in the console", "platform", Name)
		if err := b.opt.KV.Set(ctx, b.frameKey(), []byte(time.Now().UTC().Format(time.RFC3339)), frameFor); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "press in the old form not noted", "platform", Name, "err", err)
		}
	})
}

// cardFrames reports presses in the old form that a running process noted.
func (x *exam) cardFrames(ctx context.Context, page string) bool {
	at, ok, err := x.opt.KV.Get(ctx, x.frameKey())
	if err != nil || !ok {
		return false
	}
	x.add(bot.NewFinding(bot.AreaCallback, bot.Bad, "卡片回调没有设成长连接（"+string(at)+" 收到旧格式的点击）：点按钮可能报错 200340", "the callback of cards is not set to the long connection (a press came in the old form at "+string(at)+"): buttons may answer with error 200340").
		WithMend("到 "+page+"（事件与回调 → 回调配置）把订阅方式设为“使用长连接接收”，添加 "+evPress+"，然后发布新版本", "in "+page+" (Events & Callbacks → Callback Configuration) choose the persistent connection, add "+evPress+", then publish a new version"))
	return true
}
