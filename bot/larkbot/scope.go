package larkbot

import (
	"crmbot/bot"
	"crmbot/internal/crm"
)

// The whole directory in one permission, as older apps have it.
var wholeDirectory = []string{"contact:contact:readonly_as_app", "contact:contact:access_as_app", "contact:contact:readonly"}

// scopeSelf lets the doctor read how events and presses are delivered.
const scopeSelf = "application:application:self_manage"

// permissions are what the app needs. A test compares them with the guides.
var permissions = []bot.Permission{
	{Name: "im:message:send_as_bot", Or: []string{"im:message"}, Why: crm.Text{Zh: "发消息、发卡片和更新卡片", En: "send messages and cards, update cards"}},
	{Name: "im:message.p2p_msg:readonly", Or: []string{"im:message.p2p_msg"}, Why: crm.Text{Zh: "收到单聊消息", En: "receive what people write to the bot"}},
	{Name: "im:message.group_at_msg:readonly", Or: []string{"im:message.group_at_msg", "im:message.group_msg"}, Why: crm.Text{Zh: "收到群里 @机器人 的消息", En: "receive messages in groups that mention the bot"}},
	{Name: "im:message:readonly", Or: []string{"im:message", "im:message.history:readonly"}, Why: crm.Text{Zh: "下载拖进聊天的表格", En: "download the spreadsheets that people send"}},
	{Name: "im:resource", Or: []string{"im:resource:upload"}, Why: crm.Text{Zh: "发送文件和图片", En: "send files and pictures"}},
	{Name: "im:chat:readonly", Or: []string{"im:chat", "im:chat.group_info:readonly"}, Why: crm.Text{Zh: "分清单聊和群，检查日报群", En: "tell groups from private chats, check the groups of reports"}},
	{Name: "contact:contact.base:readonly", Or: append([]string{"contact:department.organize:readonly"}, wholeDirectory...), Why: crm.Text{Zh: "读取通讯录", En: "read the directory"}},
	{Name: "contact:user.base:readonly", Or: wholeDirectory, Why: crm.Text{Zh: "成员姓名", En: "names of people"}},
	{Name: "contact:user.department:readonly", Or: wholeDirectory, Why: crm.Text{Zh: "成员所在部门，即团队", En: "departments of people: their teams"}},
	{Name: "contact:user.employee:readonly", Or: wholeDirectory, Why: crm.Text{Zh: "工号、是否离职、是否企业管理员", En: "employee number, who left, who administers"}},
	{Name: "contact:department.base:readonly", Or: wholeDirectory, Why: crm.Text{Zh: "部门名称", En: "names of departments"}},
	{Name: "contact:department.organize:readonly", Or: wholeDirectory, Why: crm.Text{Zh: "上级部门和部门负责人", En: "parents and leaders of departments"}},
	{Name: scopeSelf, Or: []string{"admin:app.info:readonly"}, Optional: true, Why: crm.Text{Zh: "让 crmbot doctor 检查事件和回调的订阅", En: "lets crmbot doctor check how events and presses are subscribed"}},
}

// Permissions are what the app needs on the platform.
func Permissions() []bot.Permission { return permissions }

// subscriptions are the events and the callback that the app must be sent.
var subscriptions = []bot.Subscription{
	{Name: evMessage, Why: crm.Text{Zh: "消息", En: "messages"}},
	{Name: evMenu, Why: crm.Text{Zh: "机器人菜单", En: "the bot's menu"}},
	{Name: evEntered, Why: crm.Text{Zh: "第一次打开聊天时的欢迎语", En: "the welcome when somebody opens the chat"}},
	{Name: evBotAdded, Why: crm.Text{Zh: "进群时打招呼并说明如何绑定日报", En: "the greeting in a group and how to bind its report"}},
	{Name: evUserNew, Why: crm.Text{Zh: "新同事入职", En: "people who join"}},
	{Name: evUserEdit, Why: crm.Text{Zh: "改名、换部门", En: "people who change name or department"}},
	{Name: evUserGone, Why: crm.Text{Zh: "离职后立即冻结", En: "people who leave are frozen at once"}},
	{Name: evDeptNew, Why: crm.Text{Zh: "新部门即新团队", En: "new departments are new teams"}},
	{Name: evDeptEdit, Why: crm.Text{Zh: "部门改名、换负责人", En: "departments that change name or leader"}},
	{Name: evDeptGone, Why: crm.Text{Zh: "部门撤销", En: "departments that are closed"}},
	{Name: evScope, Why: crm.Text{Zh: "应用可见范围变化", En: "changes of whom the app may see"}},
	{Name: evPress, Callback: true, Why: crm.Text{Zh: "点卡片上的按钮、提交表单", En: "buttons and forms of cards"}},
}

// Subscriptions are the events and the callback that the app must be sent.
func Subscriptions() []bot.Subscription { return subscriptions }
