package emulator

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// LarkApp is how the app is set up in the console. NewLark sets everything up
// as it should be, for the long connection.
type LarkApp struct {
	// Status is the platform's number: 2 enabled, 0 never published.
	Status int
	// NoBot apps have no bot.
	NoBot bool
	// Events and Callbacks are subscribed, delivered by "websocket" or "webhook".
	Events, Callbacks     []string
	EventWay, CallbackWay string
	// OldPresses come as frames of type "card".
	OldPresses bool
	// Part apps may see a part of the company.
	Part bool
	// Barred apps have a whitelist without the caller's address.
	Barred bool
	// Elsewhere is an app of the other one of the two platforms.
	Elsewhere bool
	// Spent companies have used up the month's calls.
	Spent bool
}

func newLarkApp() LarkApp {
	return LarkApp{Status: 2, EventWay: "websocket", CallbackWay: "websocket", Callbacks: []string{pressEvent},
		Events: []string{"im.message.receive_v1", "application.bot.menu_v6", "im.chat.access_event.bot_p2p_chat_entered_v1", "im.chat.member.bot.added_v1",
			"contact.user.created_v3", "contact.user.updated_v3", "contact.user.deleted_v3", "contact.department.created_v3", "contact.department.updated_v3",
			"contact.department.deleted_v3", "contact.scope.updated_v3"}}
}

// larkScopes are the permissions of a well set up app.
var larkScopes = []string{"im:message:send_as_bot", "im:message.p2p_msg:readonly", "im:message.group_at_msg:readonly", "im:message:readonly", "im:resource", "im:chat:readonly",
	"contact:contact.base:readonly", "contact:user.base:readonly", "contact:user.department:readonly", "contact:user.employee:readonly", "contact:department.base:readonly",
	"contact:department.organize:readonly", "application:application:self_manage"}

// larkNeeds are the permissions of which an API needs one, by the beginning of
// its pattern, as the platform documents them.
var larkNeeds = []struct {
	api    string
	scopes []string
}{
	{"GET /open-apis/im/v1/messages/{id}/resources", []string{"im:message", "im:message:readonly", "im:message.history:readonly"}},
	{"PATCH /open-apis/im/v1/messages", []string{"im:message", "im:message:send_as_bot", "im:message:update"}},
	{"POST /open-apis/im/v1/messages", []string{"im:message", "im:message:send_as_bot", "im:message:send"}},
	{"POST /open-apis/im/v1/files", []string{"im:resource", "im:resource:upload"}},
	{"POST /open-apis/im/v1/images", []string{"im:resource", "im:resource:upload"}},
	{"GET /open-apis/im/v1/chats", []string{"im:chat", "im:chat:readonly", "im:chat:read", "im:chat.group_info:readonly"}},
	{"GET /open-apis/contact/v3", []string{"contact:contact.base:readonly", "contact:department.organize:readonly", "contact:contact:access_as_app", "contact:contact:readonly", "contact:contact:readonly_as_app"}},
	{"GET /open-apis/application/v6/applications", []string{"application:application:self_manage", "admin:app.info:readonly"}},
}

// Configure changes how the app is set up.
func (l *Lark) Configure(change func(a *LarkApp)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.set)
}

func (l *Lark) app() LarkApp {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.set
}

// Grant gives the app permissions, Revoke takes them away: they are asked for
// and not granted then.
func (l *Lark) Grant(scopes ...string) { l.grant(true, scopes) }

// Revoke takes permissions away.
func (l *Lark) Revoke(scopes ...string) { l.grant(false, scopes) }

func (l *Lark) grant(yes bool, scopes []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range scopes {
		l.scopes[s] = yes
	}
}

// permitted refuses what the app's permissions and settings do not allow; the
// caller holds the lock.
func (l *Lark) permitted(c *larkCall) *LarkError {
	switch {
	case l.set.Barred:
		return &LarkError{Code: 99991401, Msg: "Denied by app setting: ip access denied"}
	case l.set.Spent:
		return &LarkError{Status: 429, Code: 99991403, Msg: "This month's API call quota has been exceeded"}
	}
	for _, n := range larkNeeds {
		if !strings.HasPrefix(c.r.Pattern, n.api) {
			continue
		}
		if slices.ContainsFunc(n.scopes, func(s string) bool { return l.scopes[s] }) {
			return nil
		}
		list := strings.Join(n.scopes, ", ")
		return &LarkError{Code: 99991672, Scopes: n.scopes, Msg: "Access denied. One of the following scopes is required: [" + list + "].应用尚未开通所需的应用身份权限：[" + list +
			"]，点击链接申请并开通任一权限即可：https://open.feishu.cn/app/" + l.opt.AppID + "/auth?q=" + strings.Join(n.scopes, ",") + "&op_from=openapi&token_type=tenant"}
	}
	return nil
}

// LarkBotOpenID is the bot's own id, as mentions in groups name it.
const LarkBotOpenID = "ou_the_bot_itself"

func (l *Lark) botInfo(c *larkCall) (any, *LarkError) {
	a := l.app()
	if a.NoBot {
		return nil, &LarkError{Code: 11205, Msg: "app do not have bot"}
	}
	c.top = map[string]any{"bot": map[string]any{"activate_status": a.Status, "app_name": "crmbot", "open_id": LarkBotOpenID}}
	return nil, nil
}

func (l *Lark) scopeList(*larkCall) (any, *LarkError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []map[string]any{}
	for _, s := range slices.Sorted(maps.Keys(l.scopes)) {
		status := 2
		if l.scopes[s] {
			status = 1
		}
		list = append(list, map[string]any{"scope_name": s, "grant_status": status, "scope_type": "tenant"})
	}
	return map[string]any{"scopes": list}, nil
}

func (l *Lark) appInfo(*larkCall) (any, *LarkError) {
	a := l.app()
	app := map[string]any{"app_id": l.opt.AppID, "app_name": "crmbot", "status": 1, "event": map[string]any{"subscription_type": a.EventWay, "subscribed_events": a.Events}}
	if a.CallbackWay != "" {
		app["callback_info"] = map[string]any{"callback_type": a.CallbackWay, "subscribed_callbacks": a.Callbacks}
	}
	return map[string]any{"app": app}, nil
}

func (l *Lark) isInChat(c *larkCall) (any, *LarkError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	chat := l.chats[c.r.PathValue("id")]
	switch {
	case chat == nil:
		return nil, &LarkError{Code: 232006, Msg: "Your request specifies a chat_id which is invalid."}
	case chat.Gone:
		return nil, &LarkError{Code: 232009, Msg: "Your request specifies a chat which has already been dissolved."}
	}
	return map[string]any{"is_in_chat": !chat.BotOut}, nil
}

// frameKind is the type of the frame in which an event travels.
func (l *Lark) frameKind(payload []byte) string {
	var e struct {
		Header struct {
			Type string `json:"event_type"`
		} `json:"header"`
	}
	if l.app().OldPresses && json.Unmarshal(payload, &e) == nil && e.Header.Type == pressEvent {
		return "card"
	}
	return "event"
}
