package dingbot

import (
	"crmbot/bot"
	"crmbot/internal/crm"
)

// The permissions by name.
const (
	scopeRobot       = "qyapi_robot_sendmsg"
	scopeCards       = "Card.Instance.Write"
	scopeDepartments = "qyapi_get_department_list"
	scopeMembers     = "qyapi_get_department_member"
	scopePerson      = "qyapi_get_member"
	scopeGroups      = "qyapi_chat_manage"
)

// permissions are what the app needs. A test compares them with the guides.
var permissions = []bot.Permission{
	{Name: scopeRobot, Why: crm.Text{Zh: "机器人发单聊和群消息，下载收到的文件", En: "the bot's messages to people and groups, and the files that people send"}},
	{Name: scopeCards, Why: crm.Text{Zh: "发送和更新互动卡片", En: "send and update cards"}},
	{Name: scopeDepartments, Why: crm.Text{Zh: "部门列表，即团队", En: "the departments: the teams"}},
	{Name: scopeMembers, Why: crm.Text{Zh: "各部门的成员", En: "who is in each department"}},
	{Name: scopePerson, Why: crm.Text{Zh: "成员详情：姓名、工号、主管", En: "a person's name, number and manager"}},
	{Name: scopeGroups, Optional: true, Why: crm.Text{Zh: "让 crmbot doctor 检查机器人是否在日报群里", En: "lets crmbot doctor check that the bot is in the groups of reports"}},
}

// Permissions are what the app needs on the platform.
func Permissions() []bot.Permission { return permissions }

// subscriptions are the events that the app must be sent. Messages and presses
// come by the stream without being ticked.
var subscriptions = []bot.Subscription{
	{Name: "user_add_org", Why: crm.Text{Zh: "新同事入职", En: "people who join"}},
	{Name: "user_modify_org", Why: crm.Text{Zh: "改名、换部门", En: "people who change name or department"}},
	{Name: eventLeave, Why: crm.Text{Zh: "离职后立即冻结", En: "people who leave are frozen at once"}},
	{Name: "org_dept_create", Why: crm.Text{Zh: "新部门即新团队", En: "new departments are new teams"}},
	{Name: "org_dept_modify", Why: crm.Text{Zh: "部门改名、换负责人", En: "departments that change name or leader"}},
	{Name: "org_dept_remove", Why: crm.Text{Zh: "部门撤销", En: "departments that are closed"}},
}

// Subscriptions are the events that the app must be sent.
func Subscriptions() []bot.Subscription { return subscriptions }
