package cards

import (
	"fmt"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

// AskRelease shows the form for releasing a lead.
type AskRelease struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (AskRelease) ActionName() string { return "lead.release_form" }

// ReleaseLead releases a lead with the reason of the form.
type ReleaseLead struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (ReleaseLead) ActionName() string { return "lead.release" }

// AskPass shows the form for passing a lead on.
type AskPass struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (AskPass) ActionName() string { return "lead.pass_form" }

// PassLead gives a lead to the person of the form.
type PassLead struct {
	Lead crm.LeadID `json:"l"`
}

// ActionName implements card.Action.
func (PassLead) ActionName() string { return "lead.pass" }

// CreateLead makes a lead from the form.
type CreateLead struct {
	// File is kept with the lead; zero: none.
	File int64 `json:"f,omitempty"`
}

// ActionName implements card.Action.
func (CreateLead) ActionName() string { return "lead.create" }

// CreateLeadAnyway makes a lead although names are similar. It carries what was
// typed.
type CreateLeadAnyway struct {
	Company string `json:"c,omitempty"`
	Contact string `json:"n,omitempty"`
	Phone   string `json:"p,omitempty"`
	Source  string `json:"s,omitempty"`
	City    string `json:"t,omitempty"`
	Need    string `json:"d,omitempty"`
	Email   string `json:"e,omitempty"`
	Title   string `json:"j,omitempty"`
	Pool    bool   `json:"o,omitempty"`
	File    int64  `json:"f,omitempty"`
}

// ActionName implements card.Action.
func (CreateLeadAnyway) ActionName() string { return "lead.create_anyway" }

// The inputs of the forms about leads.
const (
	LeadCompany = "company"
	LeadContact = "contact"
	LeadTitle   = "title"
	LeadPhone   = "phone"
	LeadEmail   = "email"
	LeadCity    = "city"
	LeadSource  = "source"
	LeadNeed    = "need"
	LeadHome    = "home"
	LeadReason  = "reason"
	LeadNote    = "note"
	LeadPerson  = "person"

	// HomeMine and HomePool are the values of LeadHome.
	HomeMine = "mine"
	HomePool = "pool"
)

func (f LeadFrame) releaseButton(id crm.LeadID, label string) card.Button {
	return card.Button{Label: label, Action: AskRelease{Lead: id}, Command: f.command("释放", "release", id.String())}
}

func (f LeadFrame) passButton(v lead.Seen, label string) card.Button {
	zh, en := "转交", "transfer"
	if !v.Mine {
		zh, en = "分配", "assign"
	}
	return card.Button{Label: label, Action: AskPass{Lead: v.ID}, Command: f.command(zh, en, v.ID.String())}
}

// LeadReleaseForm asks why a lead is given back (P-17).
func LeadReleaseForm(f LeadFrame, v lead.Seen, reasons []lead.ReleaseReason, coolDays int) card.Card {
	return releaseForm(f, v.Ref(), strings.TrimSpace(v.ID.String()+" "+leadTitle(v)), reasons, coolDays, ReleaseLead{Lead: v.ID})
}

// releaseForm asks why a record is given back.
func releaseForm(f LeadFrame, ref crm.Ref, title string, reasons []pool.ReleaseReason, coolDays int, submit card.Action) card.Card {
	l := f.Lang
	var opts []card.Option
	for _, r := range reasons {
		label := r.Name(l)
		if r.Quality {
			label += l.T("（进入资料核对，不计入）", " (data review, does not count)")
		}
		opts = append(opts, card.Option{Value: r.Code, Label: label})
	}
	line := f.command("释放", "release", ref.String()+l.T(" 无需求", " no need"))
	return card.Card{Lang: l, Title: l.T("释放 ", "Release ") + title, Tone: card.Warning, About: []crm.Ref{ref}, Blocks: []card.Block{
		card.P(l.T(fmt.Sprintf("释放后回到公海，%d 天内您不能再认领（P-06）。", coolDays), fmt.Sprintf("It goes back to the pool; you cannot claim it again for %d days (P-06).", coolDays))),
		card.Form{Name: "release", Inputs: []card.Input{
			{Kind: card.SelectInput, Name: LeadReason, Label: l.T("原因", "Reason"), Required: true, Options: opts},
			{Kind: card.TextInput, Name: LeadNote, Label: l.T("说明", "In your own words"), MaxLen: 200, Placeholder: l.T("选“其他”时必填", "required with “other”")},
		}, Submit: card.Button{Label: l.T("确认释放", "Release it"), Style: card.Risky, Action: submit, Command: line}, Example: line},
	}}
}

// LeadPassForm asks who gets the lead.
func LeadPassForm(f LeadFrame, v lead.Seen, people []org.User) card.Card {
	c := passForm(f, v.Ref(), strings.TrimSpace(v.ID.String()+" "+leadTitle(v)), v.Mine, people, PassLead{Lead: v.ID})
	if v.InPool() && f.Supervisor && len(people) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{{Label: f.Lang.T("按规则分配", "By the rules"), Action: AssignByRules{Lead: v.ID}, Command: f.command("分配", "assign", v.ID.String()+f.Lang.T(" 按规则", " rules"))}}})
	}
	return c
}

// passForm asks who gets a record; mine is one of the viewer's own.
func passForm(f LeadFrame, ref crm.Ref, what string, mine bool, people []org.User, submit card.Action) card.Card {
	l := f.Lang
	zh, en, title := "转交", "transfer", l.T("转交 ", "Transfer ")
	if !mine {
		zh, en, title = "分配", "assign", l.T("分配 ", "Assign ")
	}
	var opts []card.Option
	for _, p := range people {
		opts = append(opts, card.Option{Value: fmt.Sprint(int64(p.ID)), Label: p.Name})
	}
	c := card.Card{Lang: l, Title: title + what, Tone: card.Info, About: []crm.Ref{ref}}
	if len(opts) == 0 {
		c.Blocks = []card.Block{card.P(l.T("没有可以接收的同事。", "There is no colleague who could receive it."))}
		return c
	}
	line := f.command(zh, en, ref.String()+" "+opts[0].Label)
	c.Blocks = []card.Block{card.P(l.T("对方的持有上限会被检查（P-03），并会收到通知。", "The hold limit of the receiver is checked (P-03); they are told.")),
		card.Form{Name: "pass", Inputs: []card.Input{{Kind: card.PersonInput, Name: LeadPerson, Label: l.T("交给", "To"), Required: true, Options: opts}},
			Submit: card.Button{Label: l.T("确定", "Confirm"), Style: card.Primary, Action: submit, Command: line}, Example: line}}
	return c
}

// LeadForm asks for a new lead, with what is known filled in. problem, if not
// empty, says what is wrong with it.
func LeadForm(f LeadFrame, in lead.Info, toPool bool, sources []lead.Source, problem string) card.Card {
	return LeadFormWith(f, in, toPool, sources, problem, 0)
}

// LeadFormWith is LeadForm for a lead that keeps a file; zero: none.
func LeadFormWith(f LeadFrame, in lead.Info, toPool bool, sources []lead.Source, problem string, file int64) card.Card {
	l := f.Lang
	opts := make([]card.Option, len(sources))
	for i, s := range sources {
		opts[i] = card.Option{Value: s.Zh, Label: s.Name(l)}
	}
	home := HomeMine
	if toPool || !f.Rep {
		home = HomePool
	}
	homes := []card.Option{{Value: HomePool, Label: l.T("公海", "The pool")}}
	if f.Rep {
		homes = append([]card.Option{{Value: HomeMine, Label: l.T("我自己", "Myself")}}, homes...)
	}
	source := in.Source
	if s, ok := lead.FindSource(sources, source); ok {
		source = s.Zh
	} else {
		source = ""
	}
	line := f.command("新线索", "newlead", l.T("上海华星科技 王总 13800138000 展会", "Huaxing_Technology Wang 13800138000 referral"))
	c := card.Card{Lang: l, Title: l.T("新线索", "New lead"), Tone: card.Info}
	if problem != "" {
		c.Tone = card.Warning
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: problem, Tone: card.Danger}}})
	}
	if file != 0 {
		c.Blocks = append(c.Blocks, card.Note{Text: l.T("附件会保存在新线索里。", "The file is kept with the new lead.")})
	}
	c.Blocks = append(c.Blocks, card.Form{Name: "newlead", Inputs: []card.Input{
		{Kind: card.TextInput, Name: LeadCompany, Label: l.T("公司", "Company"), Required: true, MaxLen: 100, Default: in.Company},
		{Kind: card.TextInput, Name: LeadContact, Label: l.T("联系人", "Contact"), MaxLen: 50, Default: in.Contact},
		{Kind: card.TextInput, Name: LeadPhone, Label: l.T("电话", "Phone"), MaxLen: 60, Default: in.Phone, Placeholder: "13800138000"},
		{Kind: card.SelectInput, Name: LeadSource, Label: l.T("来源", "Source"), Options: opts, Default: source},
		{Kind: card.TextInput, Name: LeadTitle, Label: l.T("职位", "Position"), MaxLen: 50, Default: in.Title},
		{Kind: card.TextInput, Name: LeadEmail, Label: l.T("邮箱", "E-mail"), MaxLen: 100, Default: in.Email},
		{Kind: card.TextInput, Name: LeadCity, Label: l.T("城市", "City"), MaxLen: 30, Default: in.City},
		{Kind: card.MultilineInput, Name: LeadNeed, Label: l.T("需求", "Need"), MaxLen: 1000, Default: in.Need},
		{Kind: card.SelectInput, Name: LeadHome, Label: l.T("放到", "Goes to"), Options: homes, Default: home},
	}, Submit: card.Button{Label: l.T("新建", "Create"), Style: card.Primary, Action: CreateLead{File: file}, Command: line}, Example: line},
		card.Note{Text: l.T("提交时先按公司、电话、邮箱查重（DU-01）。", "Company, phone and e-mail are checked for duplicates first (DU-01).")})
	return c
}

// LeadReleased confirms a release.
func LeadReleased(f LeadFrame, r lead.Released) card.Card {
	return released(f, r.Ref(), strings.TrimSpace(r.ID.String()+" "+leadTitle(r.Seen)), r.PoolTitle, r.Reason, r.Refunded, r.CoolDays)
}

// released confirms that a record went back to its pool.
func released(f LeadFrame, ref crm.Ref, title string, home crm.Text, reason pool.ReleaseReason, refunded bool, coolDays int) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("已释放 ", "Released ") + title, Tone: card.Muted, About: []crm.Ref{ref}}
	fs := card.Fields{Items: []card.Field{{Label: l.T("原因", "Reason"), Value: reason.Name(l)}, {Label: l.T("去向", "Went to"), Value: home.In(l)}}}
	if refunded {
		fs.Items = append(fs.Items, card.Field{Label: l.T("认领额度", "Claim quota"), Value: l.T("已退回 1 条（P-04）", "1 given back (P-04)"), Tone: card.Success})
	}
	c.Blocks = append(c.Blocks, fs)
	switch {
	case reason.Quality:
		c.Blocks = append(c.Blocks, card.Note{Text: l.T("已进入资料核对，不计入您的释放（P-17）。", "It goes to data review and does not count as your release (P-17).")})
	case coolDays > 0:
		c.Blocks = append(c.Blocks, card.Note{Text: l.T(fmt.Sprintf("原负责人 %d 天内不能再认领（P-06）。", coolDays), fmt.Sprintf("Its former owner cannot claim it for %d days (P-06).", coolDays))})
	}
	return c
}

// LeadPassed confirms that a lead has a new owner.
func LeadPassed(f LeadFrame, v lead.Seen) card.Card {
	l := f.Lang
	return card.Card{Lang: l, Title: l.T(v.ID.String()+" 已交给 "+v.OwnerName, v.ID.String()+" was given to "+v.OwnerName), Tone: card.Success, About: []crm.Ref{v.Ref()},
		Blocks: []card.Block{card.P(l.T(v.OwnerName+" 会收到通知和这条线索的来龙去脉。", v.OwnerName+" is told, with the story of this lead."))}}
}

// LeadGiven tells a person that a lead is theirs now.
func LeadGiven(f LeadFrame, v lead.Seen) card.Card {
	l := f.Lang
	line := l.T("有一条线索交给您了", "A lead was given to you")
	if len(v.Past) > 0 && v.Past[0].By != "" {
		line = l.T(v.Past[0].By+" 把这条线索交给您", v.Past[0].By+" gave you this lead")
	}
	c := Lead(f, v, line)
	c.Summary = line + ":" + v.ID.String()
	if l == crm.English {
		c.Summary = line + ": " + v.ID.String()
	}
	return c
}

// LeadTaken tells a person that their lead went elsewhere. at is when.
func LeadTaken(f LeadFrame, v lead.Seen, last lead.Past, at time.Time) card.Card {
	last.At = at
	return taken(f, v.Ref(), last)
}

func taken(f LeadFrame, ref crm.Ref, last pool.Past) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T(ref.String()+" 已不在您名下", ref.String()+" is not yours any more"), Tone: card.Muted, About: []crm.Ref{ref}}
	c.Blocks = []card.Block{card.P(f.pastLine(last)), card.Note{Text: l.T("有疑问请联系操作人。时间 ", "Ask who did it if this is a mistake. Time: ") + f.minute(last.At)}}
	return c
}
