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

// LeaveCard asks an administrator whether somebody who is gone from one platform
// left the company, and shows what was decided (HO-01).
func LeaveCard(l crm.Lang, u org.User) card.Card {
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

func leaveSamples(l crm.Lang) []Sample {
	frozen := org.User{ID: 7, Name: l.T("李娜", "Li Na"), EmployeeNo: "E07", Active: true, Frozen: true}
	gone, stays := frozen, frozen
	gone.Active, stays.Frozen = false, false
	return []Sample{
		{"leave/asked", crm.Text{Zh: "离职确认", En: "has somebody left?"}, LeaveCard(l, frozen)},
		{"leave/gone", crm.Text{Zh: "已离职", En: "has left"}, LeaveCard(l, gone)},
		{"leave/stays", crm.Text{Zh: "仍在职", En: "still here"}, LeaveCard(l, stays)},
	}
}
