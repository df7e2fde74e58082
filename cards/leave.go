package cards

import (
	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// PersonLeft says that somebody left the company.
type PersonLeft struct {
	Person crm.UserID `json:"person"`
}

// ActionName implements card.Action.
func (PersonLeft) ActionName() string { return "org.left" }

// PersonStays says that somebody is employed still.
type PersonStays struct {
	Person crm.UserID `json:"person"`
}

// ActionName implements card.Action.
func (PersonStays) ActionName() string { return "org.stays" }

// LeaveCard asks an administrator whether somebody who is gone from a platform left
// the company, and shows what was decided (HO-01). accounts is how many they have
// left.
func LeaveCard(l crm.Lang, u org.User, accounts int) card.Card {
	c := card.Card{Lang: l, Title: u.Name, About: []crm.Ref{org.PersonRef(u.ID)}}
	who := u.EmployeeNo
	if who == "" {
		who = u.Name
	}
	left := card.Button{Label: l.T("已离职", "Has left"), Style: card.Risky, Action: PersonLeft{u.ID}, Command: l.T("/离职 ", "/left ") + who,
		Confirm: &card.Confirm{Title: l.T("确认离职？", "Has left?"), Text: l.T(u.Name+"将不能再使用机器人。", u.Name+" will not be able to use the bot any more.")}}
	stays := card.Button{Label: l.T("仍在职", "Still here"), Style: card.Primary, Action: PersonStays{u.ID}, Command: l.T("/在职 ", "/stays ") + who}
	text, buttons := "", []card.Button{left, stays}
	switch {
	case !u.Active:
		c.Tone, c.Tags = card.Muted, []card.Tag{{Text: l.T("已离职", "has left"), Tone: card.Muted}}
		text = l.T(u.Name+"已离职，账号已停用。名下的记录不变，等待交接。", u.Name+" has left; the account is closed. Their records stay as they are until they are handed over.")
		stays.Style, buttons = card.Default, []card.Button{stays}
	case !u.Frozen:
		c.Tone, c.Tags = card.Success, []card.Tag{{Text: l.T("在职", "at work"), Tone: card.Success}}
		text, buttons = l.T(u.Name+"仍在职，可以正常使用机器人。", u.Name+" is at work and can use the bot."), nil
		if accounts == 0 {
			text = l.T(u.Name+"仍在职，可以正常使用机器人。平台账号要重新绑定：TA 给机器人发消息后，用 /绑定 确认是谁。", u.Name+" is at work and can use the bot. Their account has to be bound again: when they write to the bot, say with /bind who it is.")
		}
	case accounts == 0:
		c.Title, c.Summary = l.T("离职确认："+u.Name, "Has "+u.Name+" left?"), l.T("请确认是否已离职", "please say whether they left the company")
		c.Tone, c.Tags = card.Warning, []card.Tag{{Text: l.T("已冻结", "frozen"), Tone: card.Warning}}
		text = l.T(u.Name+"已从通讯录移除，没有别的账号。确认之前不能使用机器人，名下的记录不变。", u.Name+" is gone from the directory and has no other account. Until you decide they cannot use the bot; their records stay as they are.")
	default:
		c.Title, c.Summary = l.T("离职确认："+u.Name, "Has "+u.Name+" left?"), l.T("请确认是否已离职", "please say whether they left the company")
		c.Tone, c.Tags = card.Warning, []card.Tag{{Text: l.T("已冻结", "frozen"), Tone: card.Warning}}
		text = l.T(u.Name+"已从一个平台的通讯录移除，在另一个平台仍有账号。确认之前只能查看自己的记录。", u.Name+" is gone from the directory of one platform and has an account on another. Until you decide they can only read what is theirs.")
	}
	c.Blocks = []card.Block{card.P(text)}
	if len(buttons) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: buttons})
	}
	return c
}

// StaysCard tells somebody that their account works again (HO-01).
func StaysCard(l crm.Lang) card.Card {
	return card.Card{Lang: l, Title: l.T("账号已恢复", "Your account works again"), Tone: card.Success, Summary: l.T("您的账号已解除冻结", "your account is no longer frozen"),
		Blocks: []card.Block{card.P(l.T("管理员确认您仍在职，冻结已解除，可以照常认领、记录和审批。", "An administrator said that you are still here. You can claim, log and approve as before."))}}
}

// AppointedCard tells somebody that they administer crmbot because nobody else did.
func AppointedCard(l crm.Lang) card.Card {
	return card.Card{Lang: l, Title: l.T("您是 crmbot 的管理员", "You administer crmbot"), Tone: card.Info, Summary: l.T("还没有别的管理员", "nobody else does yet"),
		Blocks: []card.Block{
			card.P(l.T("目前没有别的管理员，所以由您开始：新成员、离职和规则的问题会发给您。", "Nobody else administers it yet, so you begin: questions about new people, leavers and rules come to you.")),
			card.Note{Text: l.T("别的管理员可以在导入人员表时指定。", "Other administrators can be named when the list of people is imported.")},
			card.Buttons{Items: []card.Button{CommandButton(l.T("查看规则", "The rules"), l.T("/规则", "/rules"))}},
		}}
}

func leaveSamples(l crm.Lang) []Sample {
	frozen := org.User{ID: 7, Name: l.T("李娜", "Li Na"), EmployeeNo: "E07", Active: true, Frozen: true}
	gone, stays := frozen, frozen
	gone.Active, stays.Frozen = false, false
	return []Sample{
		{"leave/asked", crm.Text{Zh: "离职确认", En: "has somebody left?"}, LeaveCard(l, frozen, 1)},
		{"leave/gone", crm.Text{Zh: "已离职", En: "has left"}, LeaveCard(l, gone, 1)},
		{"leave/stays", crm.Text{Zh: "仍在职", En: "still here"}, LeaveCard(l, stays, 1)},
		{"leave/asked_last", crm.Text{Zh: "离职确认，没有账号", En: "has somebody without an account left?"}, LeaveCard(l, frozen, 0)},
		{"leave/stays_last", crm.Text{Zh: "仍在职，没有账号", En: "still here, without an account"}, LeaveCard(l, stays, 0)},
		{"leave/restored", crm.Text{Zh: "账号已恢复", En: "account works again"}, StaysCard(l)},
		{"leave/appointed", crm.Text{Zh: "新的管理员", En: "somebody administers"}, AppointedCard(l)},
	}
}
