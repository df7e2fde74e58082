package cards

import (
	"strconv"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// BindPerson says that somebody on a platform is the person chosen in the form.
type BindPerson struct {
	Request int64 `json:"request"`
}

// ActionName implements card.Action.
func (BindPerson) ActionName() string { return "bind.person" }

// BindNew makes a new person of somebody on a platform.
type BindNew struct {
	Request int64 `json:"request"`
}

// ActionName implements card.Action.
func (BindNew) ActionName() string { return "bind.new" }

// BindRefuse keeps somebody on a platform out.
type BindRefuse struct {
	Request int64 `json:"request"`
}

// ActionName implements card.Action.
func (BindRefuse) ActionName() string { return "bind.refuse" }

// BindWho is the input of the form: the person's id.
const BindWho = "who"

// platformNames are the words for platforms.
var platformNames = map[string]crm.Text{"lark": {Zh: "飞书", En: "Lark"}, "dingtalk": {Zh: "钉钉", En: "DingTalk"}}

// platformName is a platform's word, or its own name.
func platformName(l crm.Lang, platform string) string {
	if t, ok := platformNames[platform]; ok {
		return t.In(l)
	}
	return platform
}

// BindCard asks an administrator who somebody on a platform is. candidates are
// people who are not bound there; who and by are the names of a decision.
func BindCard(l crm.Lang, r org.BindRequest, candidates []org.User, who, by string, zone *time.Location) card.Card {
	name := r.Name
	if name == "" {
		name = l.T("（平台没有提供姓名）", "(the platform gives no name)")
	}
	c := card.Card{Lang: l, Title: l.T("新成员绑定", "Somebody new"), Tone: card.Info, Summary: l.T("有人想使用机器人，请确认是谁", "somebody wants to use the bot; please say who it is"), About: []crm.Ref{r.Ref()}}
	fields := []card.Field{{Label: l.T("平台", "Platform"), Value: platformName(l, r.Platform)}, {Label: l.T("平台上的姓名", "Name there"), Value: name},
		{Label: l.T("申请时间", "Asked"), Value: r.At.In(zone).Format("2006-01-02 15:04")}}
	switch r.State {
	case org.BindDone:
		c.Tone, c.Tags = card.Success, []card.Tag{{Text: l.T("已绑定", "bound"), Tone: card.Success}}
		c.Blocks = []card.Block{card.Fields{Items: append(fields, card.Field{Label: l.T("绑定为", "Bound as"), Value: who}, card.Field{Label: l.T("处理人", "Decided by"), Value: by})}}
		return c
	case org.BindRefused:
		c.Tone, c.Tags = card.Muted, []card.Tag{{Text: l.T("已拒绝", "refused"), Tone: card.Muted}}
		c.Blocks = []card.Block{card.Fields{Items: append(fields, card.Field{Label: l.T("处理人", "Decided by"), Value: by})},
			card.Note{Text: l.T("7 天后对方可以再次申请。", "They may ask again after 7 days.")}}
		return c
	}
	c.Tags = []card.Tag{{Text: l.T("待处理", "waiting"), Tone: card.Warning}}
	c.Blocks = []card.Block{card.Fields{Items: fields}, card.P(l.T("还没有人绑定这个账号。请确认 TA 是通讯录里的谁，绑定后才能看到线索和客户。", "Nobody is bound to this account. Please say who it is; only then can they see leads and accounts."))}
	command := l.T("/绑定 ", "/bind ") + strconv.FormatInt(r.ID, 10) + " "
	if len(candidates) > 0 {
		var opts []card.Option
		for _, u := range candidates {
			label := u.Name
			if u.EmployeeNo != "" {
				label += " · " + u.EmployeeNo
			}
			opts = append(opts, card.Option{Value: strconv.FormatInt(int64(u.ID), 10), Label: label})
		}
		example := command + candidates[0].Name
		c.Blocks = append(c.Blocks, card.Form{Name: "bind", Example: example, Inputs: []card.Input{{Kind: card.PersonInput, Name: BindWho, Label: l.T("是谁", "Who it is"), Required: true, Options: opts}},
			Submit: card.Button{Label: l.T("绑定到此人", "It is this person"), Style: card.Primary, Action: BindPerson{r.ID}, Command: example}})
	}
	var more []card.Button
	if r.Name != "" {
		more = append(more, card.Button{Label: l.T("新建为销售", "A new sales rep"), Action: BindNew{r.ID}, Command: command + l.T("新建", "new"),
			Confirm: &card.Confirm{Title: l.T("新建人员？", "Create a person?"), Text: l.T("将新建销售“"+r.Name+"”并绑定。", "Creates the sales rep “"+r.Name+"” and binds the account.")}})
	}
	more = append(more, card.Button{Label: l.T("拒绝", "Refuse"), Style: card.Risky, Action: BindRefuse{r.ID}, Command: command + l.T("拒绝", "refuse"),
		Confirm: &card.Confirm{Title: l.T("拒绝绑定？", "Refuse?"), Text: l.T("对方将不能使用机器人。", "They will not be able to use the bot.")}})
	c.Blocks = append(c.Blocks, card.Buttons{Items: more})
	return c
}

// BoundCard welcomes somebody who was bound.
func BoundCard(l crm.Lang, r org.BindRequest, name string) card.Card {
	return card.Card{Lang: l, Title: l.T("绑定完成", "You are bound"), Tone: card.Success, Blocks: []card.Block{
		card.P(l.T(name+"，您好！您的"+platformName(l, r.Platform)+"账号已绑定，现在可以使用机器人了。", "Hello "+name+", your "+platformName(l, r.Platform)+" account is bound and the bot is ready for you.")),
		card.Buttons{Items: []card.Button{CommandButton(l.T("看看能做什么", "What can I do?"), l.T("/帮助", "/help")), CommandButton(l.T("今天要做什么", "What is on today?"), l.T("/今日", "/today"))}}}}
}

// ElsewhereCard tells somebody, on the platforms where they are known, that an
// account of another one was bound.
func ElsewhereCard(l crm.Lang, platform string) card.Card {
	name := platformName(l, platform)
	return card.Card{Lang: l, Title: l.T("新账号已绑定", "Another account was bound"), Tone: card.Warning, Blocks: []card.Block{
		card.P(l.T("您的"+name+"账号刚刚绑定，在那里可以看到您的全部客户和线索。", "Your "+name+" account was just bound; all your leads and accounts can be seen there.")),
		card.Note{Text: l.T("如果那不是您，请马上告诉管理员。", "If that is not you, tell an administrator at once.")}}}
}

// BindList are the requests that wait.
func BindList(l crm.Lang, list []org.BindRequest, zone *time.Location) card.Card {
	c := card.Card{Lang: l, Title: l.T("待绑定的成员", "People to bind"), Tone: card.Info}
	if len(list) == 0 {
		c.Blocks = []card.Block{card.P(l.T("没有待处理的绑定申请。新成员第一次给机器人发消息时，管理员会收到卡片。", "No request waits. When somebody new writes to the bot, administrators get a card."))}
		return c
	}
	rows := make([][]card.Cell, len(list))
	for i, r := range list {
		id := strconv.FormatInt(r.ID, 10)
		b := CommandButton(id, l.T("/绑定 ", "/bind ")+id)
		rows[i] = []card.Cell{{Text: id, Action: &b}, {Text: r.Name}, {Text: platformName(l, r.Platform)}, {Text: r.At.In(zone).Format("01-02 15:04")}}
	}
	c.Blocks = []card.Block{card.Table{Columns: []card.Column{{Title: l.T("编号", "No.")}, {Title: l.T("姓名", "Name")}, {Title: l.T("平台", "Platform")}, {Title: l.T("时间", "Asked")}}, Rows: rows}}
	return c
}

func bindSamples(l crm.Lang) []Sample {
	zone := time.FixedZone("CST", 8*3600)
	r := org.BindRequest{ID: 3, Platform: "lark", External: "ou_x", Name: l.T("李娜", "Li Na"), State: org.BindWaiting, At: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)}
	people := []org.User{{ID: 7, Name: l.T("李娜", "Li Na"), EmployeeNo: "E07"}, {ID: 9, Name: l.T("王磊", "Wang Lei")}}
	done, refused, nameless := r, r, r
	done.State, refused.State, nameless.Name = org.BindDone, org.BindRefused, ""
	admin := l.T("管理", "Admin")
	return []Sample{
		{"bind/waiting", crm.Text{Zh: "绑定申请", En: "somebody asks"}, BindCard(l, r, people, "", "", zone)},
		{"bind/nameless", crm.Text{Zh: "没有姓名、没有候选人", En: "no name, nobody to choose"}, BindCard(l, nameless, nil, "", "", zone)},
		{"bind/done", crm.Text{Zh: "已绑定", En: "bound"}, BindCard(l, done, nil, people[0].Name, admin, zone)},
		{"bind/refused", crm.Text{Zh: "已拒绝", En: "refused"}, BindCard(l, refused, nil, "", admin, zone)},
		{"bind/welcome", crm.Text{Zh: "绑定后的欢迎", En: "the welcome"}, BoundCard(l, done, people[0].Name)},
		{"bind/elsewhere", crm.Text{Zh: "在其他平台上的提醒", En: "the notice on other platforms"}, ElsewhereCard(l, "dingtalk")},
		{"bind/list", crm.Text{Zh: "待绑定列表", En: "those who wait"}, BindList(l, []org.BindRequest{r}, zone)},
		{"bind/none", crm.Text{Zh: "没有申请", En: "nobody waits"}, BindList(l, nil, zone)},
	}
}
