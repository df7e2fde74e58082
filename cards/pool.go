package cards

import (
	"fmt"
	"strconv"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// ChangePool changes one setting of a pool to what the form says.
type ChangePool struct {
	Pool crm.PoolID `json:"p"`
	// V is the version that the card showed.
	V int64 `json:"v"`
}

// ActionName implements card.Action.
func (ChangePool) ActionName() string { return "pool.change" }

// RetirePool closes a pool and moves its records.
type RetirePool struct {
	Pool crm.PoolID `json:"p"`
	To   crm.PoolID `json:"t"`
}

// ActionName implements card.Action.
func (RetirePool) ActionName() string { return "pool.retire" }

// The inputs of the form.
const (
	PoolItem  = "item"
	PoolValue = "value"
)

// PoolItems are the settings of a pool as people name them, in the order of the
// card.
var PoolItems = []struct {
	Key     string
	Name    crm.Text
	Example crm.Text
}{
	{"name", crm.Text{Zh: "名称", En: "name"}, crm.Text{Zh: "华东公海", En: "East pool"}},
	{"teams", crm.Text{Zh: "团队", En: "teams"}, crm.Text{Zh: "华东、华南", En: "East, South"}},
	{"users", crm.Text{Zh: "成员", En: "members"}, crm.Text{Zh: "李娜、张伟", En: "Li Na, Zhang Wei"}},
	{"regions", crm.Text{Zh: "区域", En: "regions"}, crm.Text{Zh: "上海、杭州", En: "Shanghai, Hangzhou"}},
	{"managers", crm.Text{Zh: "管理员", En: "managers"}, crm.Text{Zh: "王磊", En: "Wang Lei"}},
	{"hidden", crm.Text{Zh: "隐藏字段", En: "hidden"}, crm.Text{Zh: "公司、需求", En: "company, need"}},
	{"daily", crm.Text{Zh: "每日额度", En: "daily"}, crm.Text{Zh: "30", En: "30"}},
	{"offday", crm.Text{Zh: "非工作日认领", En: "offday"}, crm.Text{Zh: "开", En: "on"}},
	{"new", crm.Text{Zh: "新入禁领小时", En: "new-hours"}, crm.Text{Zh: "2", En: "2"}},
	{"recycle", crm.Text{Zh: "回收禁领小时", En: "recycle-hours"}, crm.Text{Zh: "24", En: "24"}},
	{"views", crm.Text{Zh: "每日查看数", En: "views"}, crm.Text{Zh: "50", En: "50"}},
	{"sort", crm.Text{Zh: "顺序", En: "order"}, crm.Text{Zh: "10", En: "10"}},
}

// PoolView is a pool with the names of its people and the numbers of the
// settings that it does not replace.
type PoolView struct {
	pool.Pool
	Members, TeamNames, ManagerNames []string
	Waiting, Owned                   int64
	// Into is the name of the pool that a retired one moves to.
	Into crm.Text
	// Quota, New, Recycle and Seen are what the settings say.
	Quota, New, Recycle, Seen int
	// Admin reports that the viewer may change everything.
	Admin bool
	// Others are pools that its records could move to.
	Others []pool.Pool
}

func poolKind(l crm.Lang, k crm.Kind) string {
	if k == crm.KindAccount {
		return l.T("客户", "accounts")
	}
	return l.T("线索", "leads")
}

// hiddenField is a field's word.
func hiddenField(l crm.Lang, field string) string {
	for _, f := range HiddenWords {
		if f.Key == field {
			return f.In(l)
		}
	}
	return field
}

// HiddenWords are the fields that a pool may hide, as people name them.
var HiddenWords = []struct {
	Key string
	crm.Text
}{{"company", crm.Text{Zh: "公司", En: "company"}}, {"contact", crm.Text{Zh: "联系人", En: "contact"}}, {"title", crm.Text{Zh: "职位", En: "position"}}, {"need", crm.Text{Zh: "需求", En: "need"}}, {"note", crm.Text{Zh: "备注", En: "note"}},
	{"industry", crm.Text{Zh: "行业", En: "industry"}}, {"region", crm.Text{Zh: "地区", En: "region"}}, {"size", crm.Text{Zh: "规模", En: "size"}}}

func poolScope(l crm.Lang, v PoolView) string {
	all := append(append([]string{}, v.TeamNames...), v.Members...)
	if len(all) == 0 {
		return l.T("所有人", "everybody")
	}
	if len(all) > 6 {
		return strings.Join(all[:6], l.T("、", ", ")) + l.T(fmt.Sprintf(" 等 %d 项", len(all)), fmt.Sprintf(" and %d more", len(all)-6))
	}
	return strings.Join(all, l.T("、", ", "))
}

// PoolList lists the pools that the viewer may set up.
func PoolList(l crm.Lang, list []PoolView, admin bool) card.Card {
	c := card.Card{Lang: l, Title: l.T("公海设置", "Pools"), Tone: card.Info}
	rows := make([][]card.Cell, len(list))
	for i, v := range list {
		open := CommandButton(l.T("打开", "Open"), l.T("/公海设置 ", "/poolsettings ")+strconv.FormatInt(int64(v.ID), 10))
		state, tone := poolScope(l, v), card.Neutral
		if v.Retired {
			state, tone = l.T("已停用", "closed"), card.Muted
		}
		rows[i] = []card.Cell{{Text: fmt.Sprint(int64(v.ID))}, {Text: v.Title(l)}, {Text: poolKind(l, v.Kind)}, {Text: state, Tone: tone}, {Text: open.Label, Action: &open}}
	}
	c.Blocks = append(c.Blocks, card.Table{PageSize: 10, Rows: rows, Columns: []card.Column{{Title: l.T("号", "No.")}, {Title: l.T("名称", "Name")}, {Title: l.T("放什么", "Holds")}, {Title: l.T("谁可以认领", "Open to")}, {Title: ""}}})
	note := l.T("修改：/公海设置 编号 项目 值，如 /公海设置 3 区域 上海、杭州。", "Change one: /poolsettings NUMBER item value, such as /poolsettings 3 regions Shanghai, Hangzhou.")
	if admin {
		note += l.T("新建：/公海设置 新建 线索 华东公海。", " Make one: /poolsettings new leads East pool.")
	}
	c.Blocks = append(c.Blocks, card.Note{Text: note})
	return c
}

// Pool is one pool with its settings and the form to change one of them.
// changed, if not empty, says what has just happened.
func Pool(l crm.Lang, v PoolView, changed string) card.Card {
	c := card.Card{Lang: l, Title: v.Title(l), Subtitle: l.T(fmt.Sprintf("公海 %d · 放%s", int64(v.ID), poolKind(l, v.Kind)), fmt.Sprintf("pool %d · holds %s", int64(v.ID), poolKind(l, v.Kind))), Tone: card.Info}
	if changed != "" {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: changed, Bold: true, Tone: card.Success}}})
	}
	join := func(words []string, none string) string {
		if len(words) == 0 {
			return none
		}
		return strings.Join(words, l.T("、", ", "))
	}
	number := func(own pool.Override, setting int) string {
		if own.Set {
			return fmt.Sprint(own.Value)
		}
		return l.T(fmt.Sprintf("%d（按规则）", setting), fmt.Sprintf("%d (by the rules)", setting))
	}
	hidden := make([]string, len(v.Hidden))
	for i, h := range v.Hidden {
		hidden[i] = hiddenField(l, h)
	}
	offday := l.T("关", "off")
	if v.Offday {
		offday = l.T("开", "on")
	}
	fields := []card.Field{
		{Label: l.T("谁可以认领", "Open to"), Value: poolScope(l, v), Wide: true},
		{Label: l.T("区域", "Regions"), Value: join(v.Regions, l.T("全部", "all"))},
		{Label: l.T("管理员", "Managers"), Value: join(v.ManagerNames, l.T("未设", "none"))},
		{Label: l.T("隐藏字段", "Hidden fields"), Value: join(hidden, l.T("仅联系方式", "contact details only"))},
		{Label: l.T("每日额度", "Claims a day"), Value: number(pool.Override{Set: v.Daily > 0, Value: v.Daily}, v.Quota)},
		{Label: l.T("非工作日认领", "Claims on days off"), Value: offday},
		{Label: l.T("新入禁领小时", "Embargo, new (hours)"), Value: number(v.NewHours, v.New)},
		{Label: l.T("回收禁领小时", "Embargo, recycled (hours)"), Value: number(v.RecycleHours, v.Recycle)},
		{Label: l.T("每日查看数", "Details a day"), Value: number(v.Views, v.Seen)},
		{Label: l.T("顺序", "Order"), Value: fmt.Sprint(v.Sort)},
		{Label: l.T("记录", "Records"), Value: l.T(fmt.Sprintf("待认领 %d，有负责人 %d", v.Waiting, v.Owned), fmt.Sprintf("%d to claim, %d owned", v.Waiting, v.Owned))},
	}
	c.Blocks = append(c.Blocks, card.Fields{Items: fields})
	if v.Retired {
		c.Tone = card.Muted
		c.Tags = []card.Tag{{Text: l.T("已停用", "closed"), Tone: card.Muted}}
		c.Blocks = append(c.Blocks, card.Note{Text: l.T("记录正移往“"+v.Into.Zh+"”，每批 200 条。", "Its records move to “"+v.Into.En+"”, 200 at a time.")})
		return c
	}
	var opts []card.Option
	for _, x := range PoolItems {
		if !v.Admin && (x.Key == "managers" || x.Key == "sort") {
			continue
		}
		opts = append(opts, card.Option{Value: x.Key, Label: x.Name.In(l)})
	}
	line := l.T(fmt.Sprintf("/公海设置 %d 区域 上海、杭州", int64(v.ID)), fmt.Sprintf("/poolsettings %d regions Shanghai, Hangzhou", int64(v.ID)))
	c.Blocks = append(c.Blocks, card.Form{Name: "pool", Inputs: []card.Input{
		{Kind: card.SelectInput, Name: PoolItem, Label: l.T("改哪一项", "Which setting"), Required: true, Options: opts},
		{Kind: card.TextInput, Name: PoolValue, Label: l.T("改成", "New value"), MaxLen: 1000, Placeholder: l.T("多个用、分开；写“默认”恢复", "several with commas; “default” to reset")},
	}, Submit: card.Button{Label: l.T("保存", "Save"), Style: card.Primary, Action: ChangePool{Pool: v.ID, V: v.Version}, Command: line}, Example: line})
	if !v.Admin || v.ID == pool.DefaultPool || v.ID == pool.DefaultAccountPool {
		return c
	}
	var bs []card.Button
	for _, o := range v.Others[:min(len(v.Others), 3)] {
		bs = append(bs, card.Button{Label: l.T("停用，记录移到“"+o.Title(l)+"”", "Close it, records to “"+o.Title(l)+"”"), Style: card.Risky, Action: RetirePool{Pool: v.ID, To: o.ID},
			Command: l.T(fmt.Sprintf("/公海设置 %d 停用 %d", int64(v.ID), int64(o.ID)), fmt.Sprintf("/poolsettings %d close %d", int64(v.ID), int64(o.ID))),
			Confirm: &card.Confirm{Title: l.T("停用“"+v.Title(l)+"”？", "Close “"+v.Title(l)+"”?"), Text: l.T(fmt.Sprintf("%d 条记录分批移到“%s”，负责人不变。", v.Waiting+v.Owned, o.Title(l)), fmt.Sprintf("%d records move to “%s” in batches; their owners stay.", v.Waiting+v.Owned, o.Title(l)))}})
	}
	if len(bs) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	}
	return c
}
