package cards

import (
	"fmt"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/account"
	"crmbot/internal/contract"
	"crmbot/internal/crm"
	"crmbot/internal/deal"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// CreateContact adds a contact to an account from the form's values.
type CreateContact struct {
	Account crm.AccountID `json:"a"`
}

// ActionName implements card.Action.
func (CreateContact) ActionName() string { return "contact.create" }

// The inputs of the contact form.
const (
	ContactNameInput  = "name"
	ContactPhoneInput = "phone"
	ContactTitleInput = "title"
	ContactRoleInput  = "role"
)

// AccountView is an account as one person sees it.
type AccountView struct {
	Account  account.Account
	Owner    string // name; empty: nobody
	Contacts []account.Contact
	// Masked says that names and numbers of the contacts are hidden.
	Masked bool
	Deals  []deal.Deal // open ones, at most a few
	Totals deal.Totals // of all open ones that the viewer may see
	Stages []deal.Stage
	// Contracts of the account that the viewer may see.
	Contracts []contract.Contract
	Story     []lead.StoryItem
	CanWork   bool
	Files     int // attachments; not while masked
	// Seen is the account with its owner, pool and past; Frame for whom it is shown.
	Seen  account.Seen
	Frame LeadFrame
	// Due is when it goes back to its pool, Need the product interest and Source the
	// source of the lead that it was (P-18).
	Due          lead.Due
	Need, Source string
	// Lines come first: what has just happened.
	Lines []string
	Zone  *time.Location
	Today crm.Day
}

func levelTone(l account.Level) card.Tone {
	switch l {
	case account.LevelKA:
		return card.Danger
	case account.LevelA:
		return card.Warning
	case account.LevelB:
		return card.Info
	}
	return card.Neutral
}

// Account is the card of a customer: who they are, whom to talk to, what is
// open, what was talked about, and what to do next.
func Account(l crm.Lang, v AccountView) card.Card {
	x := v.Account
	out := card.Card{Lang: l, Title: x.Name, Subtitle: l.T("客户 ", "Account ") + x.ID.String(), Tone: card.Info, About: []crm.Ref{x.ID.Ref()}}
	if x.Level != "" {
		out.Tags = append(out.Tags, card.Tag{Text: x.Level.Name(l), Tone: levelTone(x.Level)})
	}
	if !x.DealtAt.IsZero() {
		out.Tags = append(out.Tags, card.Tag{Text: l.T("已成交", "has bought"), Tone: card.Success})
	}
	switch {
	case x.State != account.Live:
		out.Tags = append(out.Tags, card.Tag{Text: x.State.Name(l), Tone: card.Muted})
	case x.InPool():
		out.Tags = append(out.Tags, card.Tag{Text: l.T("待认领", "to claim"), Tone: card.Info})
	}
	for i, s := range v.Lines {
		out.Blocks = append(out.Blocks, card.Text{Spans: []card.Span{{Text: s, Bold: i == 0}}})
	}
	if v.Seen.Code != 0 {
		out.Blocks = append(out.Blocks, card.Note{Text: l.T(v.Seen.Code.String()+" 已合并到这个客户。", v.Seen.Code.String()+" became part of this account.")})
	}
	out.Blocks = append(out.Blocks, card.Fields{Items: append(accountFields(l, v), v.Frame.dueFields(v.Due)...)})
	out.Blocks = append(out.Blocks, contactBlocks(l, v)...)
	if len(v.Deals) > 0 {
		head := l.T(fmt.Sprintf("进行中的商机（%d · %s）", v.Totals.Count, v.Totals.Amount.Short(l)), fmt.Sprintf("Open deals (%d · %s)", v.Totals.Count, v.Totals.Amount.Short(l)))
		out.Blocks = append(out.Blocks, card.Heading{Text: head, Level: 3}, dealTable(l, v.Deals, v.Stages, nil))
		for _, d := range v.Deals {
			out.About = append(out.About, d.ID.Ref())
		}
	}
	if len(v.Contracts) > 0 {
		rows := make([][]card.Cell, len(v.Contracts))
		for i, c := range v.Contracts {
			open := CommandButton(c.ID.String(), l.T("/合同 ", "/contract ")+c.ID.String())
			rows[i] = []card.Cell{{Text: c.ID.String(), Action: &open}, {Text: c.State.Name(l), Tone: contractTone(c)}, {Text: c.Amount.Short(l)}}
		}
		out.Blocks = append(out.Blocks, card.Heading{Text: l.T("合同", "Contracts"), Level: 3},
			card.Table{PageSize: 5, Columns: []card.Column{{Title: l.T("编号", "Code")}, {Title: l.T("状态", "State")}, {Title: l.T("金额", "Amount"), Number: true}}, Rows: rows})
	}
	if len(v.Story) > 0 {
		out.Blocks = append(out.Blocks, card.Collapsible{Title: l.T(fmt.Sprintf("最近跟进（%d）", len(v.Story)), fmt.Sprintf("Last activities (%d)", len(v.Story))), Open: true, Blocks: []card.Block{storyText(l, v.Story, v.Zone)}})
	}
	if len(v.Seen.Past) > 0 {
		out.Blocks = append(out.Blocks, v.Frame.pastBlock(v.Seen.Past))
	}
	var bs []card.Button
	if v.CanWork {
		code := x.ID.String()
		log := CommandButton(l.T("记跟进", "Log activity"), l.T("/跟进 ", "/log ")+code)
		if !x.InPool() {
			log = primary(log)
		}
		bs = []card.Button{log, CommandButton(l.T("新商机", "New deal"), l.T("/新商机 ", "/newdeal ")+code)}
		if !v.Masked {
			bs = append(bs, CommandButton(l.T("新联系人", "New contact"), l.T("/新联系人 ", "/newcontact ")+code))
		}
	}
	if own := accountButtons(v.Frame, v.Seen); x.InPool() {
		bs = append(own, bs...) // claiming comes first
	} else {
		bs = append(bs, own...)
	}
	if b, ok := filesButton(l, x.ID.Ref(), v.Files); ok {
		bs = append(bs, b)
	}
	if len(bs) > 0 {
		out.Blocks = append(out.Blocks, card.Buttons{Items: bs})
	}
	return out
}

func primary(b card.Button) card.Button { b.Style = card.Primary; return b }

func accountFields(l crm.Lang, v AccountView) []card.Field {
	x := v.Account
	var fs []card.Field
	add := func(label, value string) {
		if value != "" {
			fs = append(fs, card.Field{Label: label, Value: value})
		}
	}
	owner := v.Owner
	if owner == "" {
		owner = joinDots(l.T("暂无", "nobody"), v.Seen.PoolTitle.In(l))
	}
	add(l.T("负责人", "Owner"), owner)
	add(l.T("城市或区域", "City or region"), x.Region)
	add(l.T("行业", "Industry"), x.Industry)
	if x.ActiveAt.IsZero() {
		add(l.T("最近跟进", "Last activity"), l.T("还没有", "none yet"))
	} else {
		d := crm.DayOf(x.ActiveAt, v.Zone)
		add(l.T("最近跟进", "Last activity"), string(d)+l.T("（"+daysAgo(l, v.Today.Sub(d))+"）", " ("+daysAgo(l, v.Today.Sub(d))+")"))
	}
	if x.FromLead != 0 {
		add(l.T("来源线索", "From lead"), strings.TrimSpace(x.FromLead.String()+" "+sourceName(l, v.Source)))
		add(l.T("需求", "Need"), v.Need)
	}
	add(l.T("上级单位", "Parent company"), x.Parent)
	if x.Employees > 0 {
		add(l.T("员工数", "Employees"), fmt.Sprint(x.Employees))
	}
	if x.Revenue > 0 {
		add(l.T("年营收", "Yearly revenue"), x.Revenue.Short(l))
	}
	if x.Founded > 0 {
		add(l.T("成立", "Founded"), fmt.Sprint(x.Founded))
	}
	if x.USCC != "" {
		fs = append(fs, card.Field{Label: l.T("统一社会信用代码", "Credit code"), Value: x.USCC, Wide: true})
	}
	return fs
}

// daysAgo is a number of days in words.
func daysAgo(l crm.Lang, n int) string {
	switch {
	case n <= 0:
		return l.T("今天", "today")
	case n == 1:
		return l.T("昨天", "yesterday")
	}
	return l.T(fmt.Sprintf("%d 天前", n), fmt.Sprintf("%d days ago", n))
}

// contactBlocks show the people of an account. With an open deal fewer than two
// of them, or none who decides, is pointed out (CO-01).
func contactBlocks(l crm.Lang, v AccountView) []card.Block {
	const most = 8
	var spans []card.Span
	present, deciding := 0, false
	for _, c := range v.Contacts {
		if c.Left {
			continue
		}
		present++
		deciding = deciding || c.Role == account.RoleDecision || c.Role == account.RoleInfluence
		if present > most {
			continue
		}
		spans = append(spans, card.Span{Text: c.Name, Bold: true}, card.Span{Text: contactLine(l, c) + "\n"})
	}
	if len(spans) > 0 {
		last := &spans[len(spans)-1]
		last.Text = strings.TrimSuffix(last.Text, "\n")
	}
	out := []card.Block{card.Heading{Text: l.T(fmt.Sprintf("联系人（%d）", present), fmt.Sprintf("Contacts (%d)", present)), Level: 3}}
	if present == 0 {
		out = append(out, card.P(l.T("还没有联系人", "no contacts yet")))
	} else {
		out = append(out, card.Text{Spans: spans})
	}
	if v.Masked && present > 0 {
		out = append(out, card.Note{Text: l.T("联系方式已隐藏：仅负责人及其经理可见（P-08）", "names and numbers are hidden: only the owner and their managers see them (P-08)")})
	}
	if v.Totals.Count > 0 && (present < 2 || !deciding) && !v.Masked {
		out = append(out, card.Text{Spans: []card.Span{{Tone: card.Warning, Text: l.T("有进行中的商机，建议至少 2 位联系人，其中 1 位能影响决策（CO-01）", "with an open deal there should be two contacts, one of whom influences the decision (CO-01)")}}})
	}
	return out
}

func contactLine(l crm.Lang, c account.Contact) string {
	parts := []string{}
	for _, s := range []string{c.Title, c.Role.Name(l), shownPhone(c.Mobile), c.Email} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " · " + strings.Join(parts, " · ")
}

func storyText(l crm.Lang, list []lead.StoryItem, zone *time.Location) card.Text {
	var t card.Text
	for i, s := range list {
		head := s.At.In(zone).Format("01-02 15:04") + " " + s.Kind.In(l) + " · " + s.Who
		if i > 0 {
			head = "\n" + head
		}
		t.Spans = append(t.Spans, card.Span{Text: head, Bold: true})
		if s.Text != "" {
			t.Spans = append(t.Spans, card.Span{Text: "\n" + s.Text})
		}
	}
	return t
}

// AccountList shows a person's accounts, one page at a time.
func AccountList(f LeadFrame, list []account.Account, due map[crm.AccountID]lead.Due, total int64, page, size int, st pool.Status, today crm.Day) card.Card {
	l, zone := f.Lang, f.Zone
	out := card.Card{Lang: l, Title: l.T("我的客户", "My accounts"), Tone: card.Info, Subtitle: l.T(fmt.Sprintf("共 %d 家 · 未成交 %d，上限 %d", total, st.Held, st.Hold), fmt.Sprintf("%d in all · %d of at most %d without a deal", total, st.Held, st.Hold))}
	if st.Dealt {
		out.Subtitle = l.T(fmt.Sprintf("共 %d 家，上限 %d", total, st.Hold), fmt.Sprintf("%d of at most %d", total, st.Hold))
	}
	if len(list) == 0 {
		out.Blocks = []card.Block{card.P(l.T("名下还没有客户。可以把线索转为客户，或在记录拜访时直接写公司名。", "You have no accounts yet. Turn a lead into an account, or just name the company when you log a visit.")),
			card.Buttons{Items: []card.Button{CommandButton(l.T("看客户公海", "Open the account pool"), l.T("/公海 客户", "/pool accounts"))}}}
		return out
	}
	rows := make([][]card.Cell, len(list))
	for i, x := range list {
		open := CommandButton(x.Name, l.T("/客户 ", "/account ")+x.ID.String())
		last, tone := l.T("还没有", "none"), card.Warning
		if !x.ActiveAt.IsZero() {
			n := today.Sub(crm.DayOf(x.ActiveAt, zone))
			last, tone = daysAgo(l, n), card.Neutral
			if n > 30 {
				tone = card.Warning
			}
		}
		release, near := f.releaseCell(due[x.ID])
		rows[i] = []card.Cell{{Text: x.Name, Action: &open}, {Text: x.Level.Name(l), Tone: levelTone(x.Level)}, {Text: x.Region}, {Text: last, Tone: tone}, {Text: release, Tone: near}}
		out.About = append(out.About, x.ID.Ref())
	}
	out.Blocks = []card.Block{card.Table{PageSize: size, Rows: rows, Columns: []card.Column{{Title: l.T("客户", "Account")}, {Title: l.T("级别", "Level")}, {Title: l.T("城市", "City")}, {Title: l.T("最近跟进", "Last activity")}, {Title: l.T("释放日", "Release")}}}}
	out.Blocks = append(out.Blocks, pager(l, l.T("/我的客户", "/accounts"), page, int((total+int64(size)-1)/int64(size)))...)
	return out
}

// pager are the buttons for the pages before and after.
func pager(l crm.Lang, command string, page, pages int) []card.Block {
	if pages <= 1 {
		return nil
	}
	var bs []card.Button
	if page > 1 {
		bs = append(bs, CommandButton(l.T("上一页", "Previous"), fmt.Sprintf("%s %d", command, page-1)))
	}
	if page < pages {
		bs = append(bs, CommandButton(l.T("下一页", "Next"), fmt.Sprintf("%s %d", command, page+1)))
	}
	return []card.Block{card.Note{Text: l.T(fmt.Sprintf("第 %d / %d 页", page, pages), fmt.Sprintf("page %d of %d", page, pages))}, card.Buttons{Items: bs}}
}

// ContactForm asks for a new contact of an account.
func ContactForm(l crm.Lang, x account.Account) card.Card {
	roles := make([]card.Option, len(account.Roles))
	for i, r := range account.Roles {
		roles[i] = card.Option{Value: string(r), Label: r.Name(l)}
	}
	code := x.ID.String()
	return card.Card{Lang: l, Title: l.T("新联系人 · ", "New contact · ") + x.Name, Subtitle: code, Tone: card.Info, Blocks: []card.Block{card.Form{Name: "contact",
		Inputs: []card.Input{
			{Kind: card.TextInput, Name: ContactNameInput, Label: l.T("姓名", "Name"), Required: true, MaxLen: 40},
			{Kind: card.TextInput, Name: ContactPhoneInput, Label: l.T("电话", "Phone"), Placeholder: "13800001111", MaxLen: 40},
			{Kind: card.TextInput, Name: ContactTitleInput, Label: l.T("职位", "Position"), MaxLen: 40},
			{Kind: card.SelectInput, Name: ContactRoleInput, Label: l.T("决策作用", "Part in the decision"), Options: roles},
		},
		Submit:  card.Button{Label: l.T("保存", "Save"), Style: card.Primary, Action: CreateContact{x.ID}, Command: l.T("/新联系人 "+code+" 姓名 电话", "/newcontact "+code+" name phone")},
		Example: l.T("/新联系人 "+code+" 王敏 13800001111 采购经理", "/newcontact "+code+" Wang 13800001111 buyer")}}}
}

// shownPhone is a number as people dial it: without the country code for
// mainland mobiles.
func shownPhone(e164 string) string {
	if n, ok := strings.CutPrefix(e164, "+861"); ok && len(n) == 10 {
		return "1" + n
	}
	return e164
}
