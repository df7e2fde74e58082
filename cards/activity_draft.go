package cards

import (
	"fmt"
	"strconv"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/activity"
	"crmbot/internal/crm"
)

// ConfirmLog saves a draft as it stands.
type ConfirmLog struct {
	Draft activity.DraftID `json:"d"`
}

// ActionName implements card.Action.
func (ConfirmLog) ActionName() string { return "activity.confirm" }

// EditLog opens a draft in the form.
type EditLog struct {
	Draft activity.DraftID `json:"d"`
}

// ActionName implements card.Action.
func (EditLog) ActionName() string { return "activity.edit" }

// DropLog drops a draft.
type DropLog struct {
	Draft activity.DraftID `json:"d"`
}

// ActionName implements card.Action.
func (DropLog) ActionName() string { return "activity.drop" }

// PickLog names the customer of a draft.
type PickLog struct {
	Draft activity.DraftID `json:"d"`
	Ref   string           `json:"r"`
}

// ActionName implements card.Action.
func (PickLog) ActionName() string { return "activity.pick" }

// SaveLog saves a draft with what its form says.
type SaveLog struct {
	Draft activity.DraftID `json:"d"`
}

// ActionName implements card.Action.
func (SaveLog) ActionName() string { return "activity.save" }

// The inputs of the form.
const (
	LogKind     = "kind"
	LogCustomer = "customer"
	LogMet      = "met"
	LogDay      = "day"
	LogTime     = "time"
	LogMinutes  = "minutes"
	LogResult   = "result"
	LogNote     = "note"
	LogAmount   = "amount"
	LogNext     = "next"
	LogNextDay  = "next_day"
	LogNextTime = "next_time"
	LogWith     = "with"
)

func draftCommand(l crm.Lang, id activity.DraftID, zh, en string) string {
	return fmt.Sprintf(l.T("/活动 #%d %s", "/activity #%d %s"), id, l.T(zh, en))
}

// Draft echoes what a line was understood to say, for one tap; or asks for the
// customer when that is not clear.
func Draft(f WorkFrame, d activity.DraftSeen) card.Card {
	l := f.Lang
	kind := d.Entry.Kind.Name(l)
	switch {
	case d.State == activity.DraftDropped:
		return card.Card{Lang: l, Title: l.T("未保存：", "Not saved: ") + kind + " " + nameOf(d), Tone: card.Muted, Blocks: []card.Block{card.P(l.T("已放弃，什么都没有记录。", "Dropped; nothing was logged."))}}
	case d.State == activity.DraftSaved:
		c := card.Card{Lang: l, Title: l.T("已保存：", "Saved: ") + kind + " " + nameOf(d), Tone: card.Success}
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{CommandButton(l.T("打开 ", "Open ")+d.Activity.String(), l.T("/活动 ", "/activity ")+d.Activity.String())}})
		return c
	case d.Entry.Subject == (crm.Ref{}):
		return pickCustomer(f, d)
	}
	c := card.Card{Lang: l, Title: l.T("请确认：", "Please confirm: ") + kind + " · " + d.Name, Subtitle: f.moment(d.Entry.At), Tone: card.Info}
	c.Blocks = append(c.Blocks, f.draftFields(d))
	if d.Entry.Note != "" {
		c.Blocks = append(c.Blocks, card.P(d.Entry.Note))
	}
	if d.Entry.Next.Day != "" {
		c.Blocks = append(c.Blocks, f.stepLine(activity.Step{Text: d.Entry.NextText, Due: d.Entry.Next, State: activity.StepOpen}))
	}
	c.Blocks = append(c.Blocks, f.warnings(d)...)
	c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{
		{Label: l.T("确认", "Confirm"), Style: card.Primary, Action: ConfirmLog{Draft: d.ID}, Command: draftCommand(l, d.ID, "确认", "confirm")},
		{Label: l.T("修改", "Edit"), Action: EditLog{Draft: d.ID}, Command: draftCommand(l, d.ID, "修改", "edit")},
		{Label: l.T("放弃", "Drop"), Action: DropLog{Draft: d.ID}, Command: draftCommand(l, d.ID, "放弃", "drop")},
	}})
	if !d.Expected.Valid && len(d.Expected.Missing) > 0 {
		c.Blocks = append(c.Blocks, f.expected(d)...)
	}
	return c
}

// expected says before saving what the saved card will say: what must be put right
// first, what nothing can change and what can still be added.
func (f WorkFrame) expected(d activity.DraftSeen) []card.Block {
	l := f.Lang
	var first, settled, later []string
	for _, r := range d.Expected.Missing {
		switch text := r.Text(l, d.Limits); {
		case r.Later():
			later = append(later, text)
		case r.Settled():
			settled = append(settled, text)
		default:
			first = append(first, text)
		}
	}
	var out []card.Block
	add := func(head string, list []string) {
		if len(list) > 0 {
			out = append(out, card.Note{Text: head + strings.Join(list, l.T("；", "; "))})
		}
	}
	add(l.T("保存后不计为有效，请先补全：", "It will not count as valid; please complete it first: "), first)
	add(l.T("保存后不计为有效：", "It will not count as valid: "), settled)
	add(l.T("保存后还可补：", "Can be added after saving: "), later)
	return out
}

func nameOf(d activity.DraftSeen) string {
	if d.Name != "" {
		return d.Name
	}
	return d.Customer
}

func (f WorkFrame) draftFields(d activity.DraftSeen) card.Fields {
	l, e := f.Lang, d.Entry
	var fs card.Fields
	add := func(label, value string) {
		if value != "" {
			fs.Items = append(fs.Items, card.Field{Label: label, Value: value})
		}
	}
	if d.Name != "" {
		add(l.T("客户", "Customer"), e.Subject.String()+" "+d.Name)
	}
	add(l.T("见了", "Met"), e.Met)
	if e.Duration > 0 {
		add(l.T("时长", "Duration"), f.span(e.Duration))
	}
	if e.Amount != 0 {
		add(l.T("意向金额", "Amount in view"), e.Amount.Short(l))
	}
	add(l.T("结果", "Result"), e.Result.Name(l))
	add(l.T("陪访", "Companions"), strings.Join(d.With, l.T("、", ", ")))
	if len(fs.Items) == 0 {
		add(l.T("时间", "When"), f.moment(e.At))
	}
	return fs
}

func (f WorkFrame) warnings(d activity.DraftSeen) []card.Block {
	var out []card.Block
	for _, w := range d.Warnings {
		out = append(out, card.Text{Spans: []card.Span{{Text: w.In(f.Lang), Tone: card.Warning}}})
	}
	return out
}

// pickCustomer asks which record the log belongs to: those that fit, or, when
// none does, a new lead or one of the recent ones.
func pickCustomer(f WorkFrame, d activity.DraftSeen) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Tone: card.Warning, Title: l.T("是哪个客户？", "Which customer is it?"), Subtitle: d.Entry.Kind.Name(l) + " · " + f.moment(d.Entry.At)}
	known := len(d.Warnings) == 0
	coded := false // named by its code: it is found, but in the pool
	if ref, err := crm.ParseRef(d.Customer); err == nil && len(d.Pooled) == 1 {
		coded = d.Pooled[0].Ref == ref
	}
	switch {
	case coded:
		c.Title = l.T(d.Pooled[0].Ref.String()+" 在公海", d.Pooled[0].Ref.String()+" is in the pool")
	case d.Customer == "":
		c.Blocks = append(c.Blocks, card.P(l.T("没有看出是哪个客户，请选择：", "It is not clear which customer this is about; please choose:")))
	case known:
		c.Blocks = append(c.Blocks, card.P(l.T("“"+d.Customer+"”可能是：", "“"+d.Customer+"” may be:")))
	default:
		c.Title = l.T("没有找到客户“"+d.Customer+"”", "No customer called “"+d.Customer+"”")
	}
	if !known && d.Customer == "" {
		c.Blocks = append(c.Blocks, f.warnings(d)...)
	}
	for _, p := range d.Pooled {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: p.Ref.String() + " " + p.Name, Bold: true}, {Text: l.T(" 在公海，认领后才能记录", " is in the pool; claim it first"), Tone: card.Muted}}},
			card.Buttons{Items: []card.Button{CommandButton(l.T("认领 ", "Claim ")+p.Ref.String(), l.T("/认领 ", "/claim ")+p.Ref.String())}})
	}
	var bs []card.Button
	for _, x := range d.Choices {
		bs = append(bs, card.Button{Label: x.Ref.String() + " " + clipRunes(x.Name, 14), Action: PickLog{Draft: d.ID, Ref: x.Ref.String()}, Command: draftCommand(l, d.ID, x.Ref.String(), x.Ref.String())})
	}
	if len(bs) > 0 {
		if !known && d.Customer != "" {
			c.Blocks = append(c.Blocks, card.P(l.T("是您名下的哪一家？", "Is it one of your own?")))
		}
		c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	}
	last := []card.Button{{Label: l.T("放弃", "Drop"), Action: DropLog{Draft: d.ID}, Command: draftCommand(l, d.ID, "放弃", "drop")}}
	if !known && d.Customer != "" && !coded {
		line := strings.TrimSpace(l.T("/新线索 ", "/newlead ") + crm.Quoted(d.Customer) + " " + d.Entry.Met)
		last = append([]card.Button{CommandButton(l.T("新线索 ", "New lead ")+clipRunes(d.Customer, 14), line)}, last...)
	}
	c.Blocks = append(c.Blocks, f.draftFields(d), card.Buttons{Items: last})
	return c
}

// Option is a choice of a select input.
type Option = card.Option

// LogForm is the form of a visit, a call or anything else that is logged. The
// customers are to choose from while the draft names none; colleagues may have
// come along.
func LogForm(f WorkFrame, d activity.DraftSeen, customers, colleagues []Option) card.Card {
	l, e := f.Lang, d.Entry
	c := card.Card{Lang: l, Title: l.T("记录跟进", "Log an activity"), Tone: card.Info}
	if d.Name != "" {
		c.Title += " · " + d.Name
		c.Subtitle = e.Subject.String()
	}
	c.Blocks = append(c.Blocks, f.warnings(d)...)
	form := card.Form{Name: "log", Example: l.T("拜访 华星 王总 30分钟 聊了报价 意向80万 下周三再约", "visit Huaxing Mr. Wang 30min talked about prices next friday"),
		Submit: card.Button{Label: l.T("提交", "Save"), Style: card.Primary, Action: SaveLog{Draft: d.ID}, Command: draftCommand(l, d.ID, "确认", "confirm")}}
	add := func(in card.Input) { form.Inputs = append(form.Inputs, in) }
	kinds := make([]Option, len(activity.Kinds))
	for i, k := range activity.Kinds {
		kinds[i] = Option{Value: string(k), Label: k.Name(l)}
	}
	add(card.Input{Kind: card.SelectInput, Name: LogKind, Label: l.T("类型", "Kind"), Options: kinds, Default: string(e.Kind), Required: true})
	if e.Subject == (crm.Ref{}) {
		if len(customers) > 0 {
			add(card.Input{Kind: card.SelectInput, Name: LogCustomer, Label: l.T("客户", "Customer"), Options: customers, Required: true})
		} else {
			add(card.Input{Kind: card.TextInput, Name: LogCustomer, Label: l.T("客户", "Customer"), Placeholder: l.T("公司名或编号，如 L-12", "company or a code such as L-12"), Default: d.Customer, Required: true, MaxLen: 120})
		}
	}
	add(card.Input{Kind: card.TextInput, Name: LogMet, Label: l.T("见了谁", "Person met"), Default: e.Met, MaxLen: 40})
	add(card.Input{Kind: card.DateInput, Name: LogDay, Label: l.T("日期", "Date"), Default: string(f.Cal.DayOf(e.At)), Required: true})
	add(card.Input{Kind: card.TimeInput, Name: LogTime, Label: l.T("时间", "Time"), Default: e.At.In(f.Cal.Zone()).Format("15:04")})
	minutes := ""
	if e.Duration > 0 {
		minutes = strconv.FormatFloat(e.Duration.Minutes(), 'f', -1, 64)
	}
	add(card.Input{Kind: card.NumberInput, Name: LogMinutes, Label: l.T("时长（分钟）", "Duration (minutes)"), Default: minutes})
	results := make([]Option, len(activity.Results))
	for i, r := range activity.Results {
		results[i] = Option{Value: string(r), Label: r.Name(l)}
	}
	add(card.Input{Kind: card.SelectInput, Name: LogResult, Label: l.T("结果", "Result"), Options: results, Default: string(e.Result)})
	add(card.Input{Kind: card.MultilineInput, Name: LogNote, Label: l.T("沟通内容", "Note"), Default: e.Note, MaxLen: 2000})
	amount := ""
	if e.Amount != 0 {
		amount = e.Amount.Decimal()
	}
	add(card.Input{Kind: card.MoneyInput, Name: LogAmount, Label: l.T("意向金额", "Amount in view"), Placeholder: l.T("如 80万", "such as 800k"), Default: amount})
	add(card.Input{Kind: card.TextInput, Name: LogNext, Label: l.T("下一步", "Next step"), Default: e.NextText, MaxLen: 200})
	add(card.Input{Kind: card.DateInput, Name: LogNextDay, Label: l.T("下一步日期", "Next step on"), Default: string(e.Next.Day)})
	add(card.Input{Kind: card.TimeInput, Name: LogNextTime, Label: l.T("下一步时间", "Next step at"), Default: e.Next.Clock()})
	if len(colleagues) > 0 {
		ids := make([]string, len(e.Companions))
		for i, id := range e.Companions {
			ids[i] = strconv.FormatInt(int64(id), 10)
		}
		add(card.Input{Kind: card.MultiSelect, Name: LogWith, Label: l.T("陪访人", "Companions"), Options: colleagues, Default: strings.Join(ids, ",")})
	}
	c.Blocks = append(c.Blocks, form, card.Note{Text: l.T("现场照片在提交后直接发给我，会自动问您附到哪次拜访。", "Send photos from the place to me after saving; I will ask which visit they belong to.")})
	return c
}
