package cards

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/intake"
	"crmbot/internal/lead"
)

// NewSource makes a source of leads from the form.
type NewSource struct{}

// ActionName implements card.Action.
func (NewSource) ActionName() string { return "intake.new" }

// ChangeSource changes a source to what the form says.
type ChangeSource struct {
	Source intake.SourceID `json:"source"`
	// Seen is the version that the card showed.
	Seen int64 `json:"seen"`
}

// ActionName implements card.Action.
func (ChangeSource) ActionName() string { return "intake.change" }

// SwitchSource turns a source on or off.
type SwitchSource struct {
	Source intake.SourceID `json:"source"`
	On     bool            `json:"on,omitempty"`
}

// ActionName implements card.Action.
func (SwitchSource) ActionName() string { return "intake.switch" }

// RotateSource gives a source a new key.
type RotateSource struct {
	Source intake.SourceID `json:"source"`
}

// ActionName implements card.Action.
func (RotateSource) ActionName() string { return "intake.rotate" }

// RevokeSource ends a source.
type RevokeSource struct {
	Source intake.SourceID `json:"source"`
}

// ActionName implements card.Action.
func (RevokeSource) ActionName() string { return "intake.revoke" }

// The inputs of the forms about sources.
const (
	SourceName     = "name"
	SourceChannel  = "channel"
	SourceCampaign = "campaign"
	SourceMode     = "mode"
	SourceOrigins  = "origins"
	SourceRate     = "rate"
)

func sourceCommand(l crm.Lang, id intake.SourceID, zh, en string) string {
	return strings.TrimSpace(l.T("/来源 ", "/sources ") + strconv.FormatInt(int64(id), 10) + " " + l.T(zh, en))
}

func sourceState(l crm.Lang, s intake.Source) card.Tag {
	switch {
	case s.Revoked:
		return card.Tag{Text: l.T("已撤销", "revoked"), Tone: card.Muted}
	case !s.Enabled:
		return card.Tag{Text: l.T("已停用", "off"), Tone: card.Warning}
	}
	return card.Tag{Text: l.T("已启用", "on"), Tone: card.Success}
}

func sourceCount(l crm.Lang, n intake.Count) string {
	return l.T(fmt.Sprintf("%d 条询盘，其中 %d 条新线索", n.Taken, n.Fresh), fmt.Sprintf("%d inquiries, %d new leads of them", n.Taken, n.Fresh))
}

// SourceList lists the sources of leads; administrators can make another.
func SourceList(l crm.Lang, list []intake.Listed, mayChange bool) card.Card {
	c := card.Card{Lang: l, Title: l.T("线索来源接入", "Sources of leads"), Tone: card.Info}
	if len(list) == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("还没有来源。没有来源时不接收任何请求。", "There is no source yet. Without one no request is taken.")))
	} else {
		rows := make([][]card.Cell, len(list))
		for i, x := range list {
			b := CommandButton(strconv.FormatInt(int64(x.ID), 10), sourceCommand(l, x.ID, "", ""))
			tag := sourceState(l, x.Source)
			rows[i] = []card.Cell{{Text: b.Label, Action: &b}, {Text: x.Name}, {Text: x.Channel}, {Text: x.Mode.Name(l)}, {Text: strconv.Itoa(x.Taken)}, {Text: strconv.Itoa(x.Count.Fresh)}, {Text: tag.Text, Tone: tag.Tone}}
		}
		c.Blocks = append(c.Blocks, card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("编号", "No.")}, {Title: l.T("名称", "Name")}, {Title: l.T("渠道", "Channel")}, {Title: l.T("方式", "Mode")},
			{Title: l.T("30天询盘", "Inquiries, 30 d"), Number: true}, {Title: l.T("新线索", "New leads"), Number: true}, {Title: l.T("状态", "State")}}, Rows: rows})
	}
	if !mayChange {
		return c
	}
	example := l.T("/来源 新建 官网表单 渠道=官网留言 方式=表单 域名=https://www.example.com 频率=60", "/sources new Website channel=Website mode=form origins=https://www.example.com rate=60")
	c.Blocks = append(c.Blocks, card.Divider{}, card.B(l.T("新建来源", "A new source")), card.Form{Name: "source", Inputs: sourceInputs(l, intake.Draft{PerMinute: intake.DefaultPerMinute, Mode: intake.Form}, true),
		Submit: card.Button{Label: l.T("新建", "Create"), Style: card.Primary, Action: NewSource{}, Command: example}, Example: example},
		card.Note{Text: l.T("密钥只显示一次。网页表单的密钥人人可见，只作标识；令牌和签名的密钥不能放进网页。", "A key is shown once. Everybody can read a form's key, it only names the form; the keys of the other modes must not be in a page.")})
	return c
}

func sourceInputs(l crm.Lang, d intake.Draft, fresh bool) []card.Input {
	in := []card.Input{
		{Kind: card.TextInput, Name: SourceName, Label: l.T("名称", "Name"), Default: d.Name, Required: true, MaxLen: 40},
		{Kind: card.TextInput, Name: SourceChannel, Label: l.T("渠道", "Channel"), Default: d.Channel, Required: true, MaxLen: 30},
		{Kind: card.TextInput, Name: SourceCampaign, Label: l.T("活动", "Campaign"), Default: d.Campaign, MaxLen: 60},
	}
	if fresh {
		mode := card.Input{Kind: card.SelectInput, Name: SourceMode, Label: l.T("方式", "Mode"), Default: string(d.Mode), Required: true}
		for _, m := range intake.Modes {
			mode.Options = append(mode.Options, card.Option{Value: string(m), Label: m.Name(l)})
		}
		in = append(in, mode)
	}
	if fresh || d.Mode == intake.Form {
		in = append(in, card.Input{Kind: card.TextInput, Name: SourceOrigins, Label: l.T("域名", "Origins"), Default: strings.Join(d.Origins, " "), MaxLen: 1000, Help: l.T("仅网页表单，空格分隔，如 https://www.example.com", "web forms only, with spaces between them")})
	}
	return append(in, card.Input{Kind: card.NumberInput, Name: SourceRate, Label: l.T("频率", "Rate"), Default: strconv.Itoa(d.PerMinute), Help: l.T("每分钟最多请求数", "requests per minute at most")})
}

// SourceCard is one source; administrators change it there.
func SourceCard(l crm.Lang, s intake.Listed, by string, zone *time.Location, mayChange bool) card.Card {
	c := card.Card{Lang: l, Title: l.T("来源 ", "Source ") + strconv.FormatInt(int64(s.ID), 10) + " · " + s.Name, Tone: card.Info, Tags: []card.Tag{sourceState(l, s.Source)}, About: []crm.Ref{s.ID.Ref()}}
	campaign := s.Campaign
	if campaign == "" {
		campaign = "—"
	}
	fields := []card.Field{{Label: l.T("渠道", "Channel"), Value: s.Channel}, {Label: l.T("活动", "Campaign"), Value: campaign}, {Label: l.T("方式", "Mode"), Value: s.Mode.Name(l)},
		{Label: l.T("每分钟最多", "Per minute at most"), Value: strconv.Itoa(s.PerMinute)}}
	if len(s.Origins) > 0 {
		fields = append(fields, card.Field{Label: l.T("允许的网页", "Pages"), Value: strings.Join(s.Origins, "\n"), Wide: true})
	}
	fields = append(fields, card.Field{Label: l.T("近 30 天", "Last 30 days"), Value: sourceCount(l, s.Count), Wide: true},
		card.Field{Label: l.T("密钥", "Key"), Value: l.T(fmt.Sprintf("第 %d 把", s.KeyVersion), fmt.Sprintf("number %d", s.KeyVersion))},
		card.Field{Label: l.T("新建", "Made"), Value: strings.TrimSpace(by + " " + s.CreatedAt.In(zone).Format("2006-01-02 15:04"))})
	c.Blocks = append(c.Blocks, card.Fields{Items: fields})
	switch {
	case s.Revoked:
		c.Tone = card.Muted
		return c
	case !mayChange:
		return c
	}
	change := sourceCommand(l, s.ID, "渠道="+s.Channel+" 频率=60", "channel="+s.Channel+" rate=60")
	turn := card.Button{Label: l.T("停用", "Switch off"), Action: SwitchSource{Source: s.ID}, Command: sourceCommand(l, s.ID, "停用", "off")}
	if !s.Enabled {
		turn = card.Button{Label: l.T("启用", "Switch on"), Action: SwitchSource{Source: s.ID, On: true}, Command: sourceCommand(l, s.ID, "启用", "on")}
	}
	c.Blocks = append(c.Blocks, card.Divider{}, card.Form{Name: "source", Inputs: sourceInputs(l, s.Draft, false),
		Submit: card.Button{Label: l.T("保存", "Save"), Style: card.Primary, Action: ChangeSource{Source: s.ID, Seen: s.Version}, Command: change}, Example: change},
		card.Buttons{Items: []card.Button{turn,
			{Label: l.T("换密钥", "New key"), Style: card.Risky, Action: RotateSource{s.ID}, Command: sourceCommand(l, s.ID, "换密钥", "rotate"),
				Confirm: &card.Confirm{Title: l.T("换密钥？", "A new key?"), Text: l.T("旧密钥立即失效。", "The old key is refused from now on.")}},
			{Label: l.T("撤销", "Revoke"), Style: card.Risky, Action: RevokeSource{s.ID}, Command: sourceCommand(l, s.ID, "撤销", "revoke"),
				Confirm: &card.Confirm{Title: l.T("撤销这个来源？", "Revoke this source?"), Text: l.T("不能恢复；已收到的线索不变。", "It cannot be undone; the leads that came stay.")}}}})
	return c
}

// InquiryAgain tells the owner of a company that it asked again (DU-02).
func InquiryAgain(l crm.Lang, q intake.Again, zone *time.Location, open Open) card.Card {
	name := q.Existing.Title
	c := card.Card{Lang: l, Title: l.T("老客户再次询盘：", "Asked again: ") + name, Tone: card.Warning, Summary: l.T("您名下的公司又来询盘了", "a company of yours has asked again"), About: []crm.Ref{q.Record}}
	add := func(label, v string) card.Field { return card.Field{Label: label, Value: v, Wide: true} }
	fields := []card.Field{{Label: l.T("时间", "When"), Value: q.At.In(zone).Format("2006-01-02 15:04")}, {Label: l.T("渠道", "Channel"), Value: q.Channel}}
	if q.Campaign != "" {
		fields = append(fields, card.Field{Label: l.T("活动", "Campaign"), Value: q.Campaign})
	}
	for _, f := range []card.Field{add(l.T("公司", "Company"), q.Company), add(l.T("联系人", "Contact"), q.Contact), add(l.T("电话", "Phone"), q.Phone), add(l.T("邮箱", "E-mail"), q.Email),
		add(l.T("城市", "City"), q.City), add(l.T("需求", "Need"), q.Need), add(l.T("备注", "Note"), q.Note)} {
		if f.Value != "" {
			fields = append(fields, f)
		}
	}
	c.Blocks = []card.Block{card.Fields{Items: fields}}
	if b := openButton(l, open, q.Record); b != nil {
		b.Style, b.Label = card.Primary, l.T("打开 ", "Open ")+q.Record.String()
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{*b}})
	}
	c.Blocks = append(c.Blocks, card.Note{Text: l.T("与 "+q.Record.String()+" 是同一家公司（DU-01），没有新建线索，负责人不变（DU-02）。", "It is the same company as "+q.Record.String()+" (DU-01): no lead was made, and its owner stays (DU-02).")})
	return c
}

func intakeSamples(l crm.Lang) []Sample {
	zone := time.FixedZone("", 8*3600)
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, zone)
	form := intake.Listed{Source: intake.Source{ID: 1, Draft: intake.Draft{Name: l.T("官网表单", "Website"), Channel: l.T("官网留言", "Website"), Campaign: l.T("春季投放", "Spring"), Mode: intake.Form,
		Origins: []string{"https://www.example.com", "https://m.example.com"}, PerMinute: 60}, Enabled: true, KeyVersion: 1, CreatedAt: now, Version: 2}, Count: intake.Count{Taken: 12, Fresh: 9}}
	ads := intake.Listed{Source: intake.Source{ID: 2, Draft: intake.Draft{Name: l.T("信息流广告", "Ads"), Channel: l.T("广告", "Ads"), Mode: intake.Signed, PerMinute: 600}, KeyVersion: 3, CreatedAt: now, Version: 5}}
	gone := ads
	gone.Revoked = true
	by := l.T("管理员", "Admin")
	q := intake.Again{Inquiry: intake.Inquiry{Receipt: "01JNA0000000000000000000AA", Channel: l.T("官网留言", "Website"), Campaign: l.T("春季投放", "Spring"), Record: crm.LeadID(12).Ref(), Company: l.T("上海华星科技有限公司", "Huaxing Ltd"),
		Contact: l.T("王总", "Mr Wang"), Phone: "13800138000", Need: l.T("想了解企业版 *价格*", "wants *prices*"), Note: l.T("来自搜索", "utm_source: search"), At: now},
		Existing: lead.Existing{Title: l.T("上海华星科技有限公司", "Huaxing Ltd"), Owner: 3}}
	return []Sample{
		{"intake/list", crm.Text{Zh: "来源列表，管理员", En: "sources, administrator"}, SourceList(l, []intake.Listed{form, ads}, true)},
		{"intake/empty", crm.Text{Zh: "没有来源，市场", En: "no source, marketing"}, SourceList(l, nil, false)},
		{"intake/card", crm.Text{Zh: "一个来源", En: "one source"}, SourceCard(l, form, by, zone, true)},
		{"intake/off", crm.Text{Zh: "停用的来源", En: "a source that is off"}, SourceCard(l, ads, by, zone, true)},
		{"intake/revoked", crm.Text{Zh: "撤销的来源", En: "a revoked source"}, SourceCard(l, gone, by, zone, true)},
		{"intake/again", crm.Text{Zh: "再次询盘", En: "asked again"}, InquiryAgain(l, q, zone, func(r crm.Ref) string { return l.T("/线索 ", "/lead ") + r.String() })},
	}
}
