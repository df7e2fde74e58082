package cards

import (
	"fmt"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// EditAssignRule shows the form of a rule; zero: of a new one.
type EditAssignRule struct {
	Rule int64 `json:"r,omitempty"`
}

// ActionName implements card.Action.
func (EditAssignRule) ActionName() string { return "assign.edit" }

// TryAssignRule shows what the form's rule would change, without saving it.
type TryAssignRule struct {
	Rule int64 `json:"r,omitempty"`
}

// ActionName implements card.Action.
func (TryAssignRule) ActionName() string { return "assign.try" }

// SaveAssignRule saves a change of the rules that was tried out. It carries the
// change as text, and the version that it was tried on.
type SaveAssignRule struct {
	Change string `json:"c"`
	Seen   int64  `json:"s"`
}

// ActionName implements card.Action.
func (SaveAssignRule) ActionName() string { return "assign.save" }

// AssignReason is the input of the reason of a change.
const AssignReason = "reason"

func assignRulesCommand(l crm.Lang, zh, en string) string {
	return strings.TrimSpace(l.T("/分配规则 "+zh, "/assignrules "+en))
}

// AssignRules lists the rules in order, and the ways of the pools (AS-01).
func AssignRules(l crm.Lang, e assign.Edition, pools []pool.Pool, n AssignNames, zone *time.Location, mayChange bool) card.Card {
	c := card.Card{Lang: l, Title: l.T("线索分配规则", "Rules of distribution"), Tone: card.Info, Subtitle: l.T("从上到下，第一条符合的生效；同公司已有负责人的归原负责人", "the first that fits decides; a company that somebody owns stays theirs")}
	book, _ := e.Latest()
	if e.NextVersion != 0 {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: l.T(fmt.Sprintf("版本 %d，%s 起生效", e.NextVersion, e.From.In(zone).Format("2006-01-02 15:04")), fmt.Sprintf("Version %d, from %s on", e.NextVersion, e.From.In(zone).Format("2006-01-02 15:04"))), Tone: card.Warning}}})
	}
	if len(book.Rules)+len(book.Ways) == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("还没有规则：新线索都留在公海，等待认领。", "There is no rule yet: new leads stay in the pool to be claimed.")))
	}
	for i, r := range book.Rules {
		if i > 0 {
			c.Blocks = append(c.Blocks, card.Divider{})
		}
		id := fmt.Sprint(r.ID)
		state := ""
		if r.Off {
			state = l.T("（已停用）", " (off)")
		}
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: fmt.Sprintf("%d. %s%s", i+1, r.Name, state), Bold: true, Strike: r.Off}, {Text: l.T("  编号 ", "  number ") + id, Tone: card.Muted},
			{Text: "\n" + ruleConditions(l, r, n)}, {Text: "\n" + n.Steps(r.Steps), Tone: card.Info}}})
		if !mayChange {
			continue
		}
		on := CommandButton(l.T("停用", "Off"), assignRulesCommand(l, id+" 停用", id+" off"))
		if r.Off {
			on = CommandButton(l.T("启用", "On"), assignRulesCommand(l, id+" 启用", id+" on"))
		}
		bs := []card.Button{{Label: l.T("修改 ", "Change ") + id, Action: EditAssignRule{r.ID}, Command: assignRulesCommand(l, id, id)}, on}
		if i > 0 {
			bs = append(bs, CommandButton(l.T("上移", "Up"), assignRulesCommand(l, id+" 上移", id+" up")))
		}
		c.Blocks = append(c.Blocks, card.Buttons{Items: bs})
	}
	c.Blocks = append(c.Blocks, card.Divider{}, card.B(l.T("没有规则符合时", "Where no rule fits")))
	for _, p := range pools {
		steps := l.T("留在公海待认领", "it stays there to be claimed")
		for _, w := range book.Ways {
			if w.Pool == p.ID {
				steps = n.Steps(w.Steps)
			}
		}
		c.Blocks = append(c.Blocks, card.P(p.Title(l)+l.T("：", ": ")+steps))
	}
	if mayChange {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{{Label: l.T("新建规则", "New rule"), Style: card.Primary, Action: EditAssignRule{}, Command: assignRulesCommand(l, "新建", "new")}, CommandButton(l.T("试算", "Dry run"), l.T("/分配 试算", "/assign try"))}},
			card.Note{Text: l.T("公海默认方式：/分配规则 公海"+poolNameOf(pools)+" 方式=轮流。在群里 @我 发送 /分配规则 绑定群，新线索会通知这个群。", "The way of a pool: /assignrules pool"+poolNameOf(pools)+" do=turn. Send /assignrules bind in a group, mentioning me, to tell it of new leads.")})
	}
	return c
}

// poolNameOf is a pool for an example; the default one needs no name.
func poolNameOf(pools []pool.Pool) string {
	for _, p := range pools {
		if p.Name != "" {
			return " " + p.Name
		}
	}
	return ""
}

func ruleConditions(l crm.Lang, r assign.Rule, n AssignNames) string {
	var parts []string
	for _, k := range assign.Keys {
		if v := n.Part(r, k.Key); v != "" && k.Key != assign.KeySteps {
			parts = append(parts, k.Name.In(l)+"="+v)
		}
	}
	if len(parts) == 0 {
		return l.T("所有线索", "all leads")
	}
	return strings.Join(parts, " ")
}

// AssignRulesText is the rules as lines of text, for those who decide about them.
func AssignRulesText(l crm.Lang, b assign.Book, n AssignNames) string {
	var lines []string
	for i, r := range b.Rules {
		state := ""
		if r.Off {
			state = l.T("（已停用）", " (off)")
		}
		lines = append(lines, fmt.Sprintf("%d. %s%s", i+1, r.Name, state)+l.T("：", ": ")+ruleConditions(l, r, n)+" → "+n.Steps(r.Steps))
	}
	for _, w := range b.Ways {
		lines = append(lines, n.Pool(w.Pool)+l.T("：", ": ")+n.Steps(w.Steps))
	}
	if len(lines) == 0 {
		return l.T("没有规则", "no rules")
	}
	return strings.Join(lines, "\n")
}

// AssignRuleForm is the form of one rule.
func AssignRuleForm(l crm.Lang, r assign.Rule, sources []lead.Source, pools []pool.Pool, n AssignNames, problem string) card.Card {
	c := card.Card{Lang: l, Title: l.T("新建分配规则", "New rule of distribution"), Tone: card.Info}
	id := l.T("新建", "new")
	example := assignRulesCommand(l, "新建 华东展会 来源=展会 等级=A、B 方式=派单 华东 2人 > 认领", "new Fairs source=fair grade=A,B do=offer East, 2 people > claim")
	if r.ID != 0 {
		id = fmt.Sprint(r.ID)
		c.Title = l.T("修改分配规则 ", "Change rule ") + id + " " + r.Name
		example = assignRulesCommand(l, id+" 等级=A、B", id+" grade=A,B")
	}
	if problem != "" {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: problem, Tone: card.Danger}}})
	}
	var srcs, grades, ps []card.Option
	for _, s := range sources {
		srcs = append(srcs, card.Option{Value: s.Zh, Label: s.Name(l)})
	}
	for _, g := range lead.Grades {
		grades = append(grades, card.Option{Value: string(g), Label: l.T(string(g)+" 级", "grade "+string(g))})
	}
	for _, p := range pools {
		ps = append(ps, card.Option{Value: p.Title(l), Label: p.Title(l)})
	}
	var chosen []string
	for _, g := range r.When.Grades {
		chosen = append(chosen, string(g))
	}
	in := []card.Input{
		{Kind: card.TextInput, Name: assign.KeyName, Label: l.T("名称", "Name"), Required: true, Default: r.Name, MaxLen: 30},
		{Kind: card.MultiSelect, Name: assign.KeySource, Label: l.T("来源", "Source"), Default: strings.Join(r.When.Sources, ","), Options: srcs},
		{Kind: card.TextInput, Name: assign.KeyCampaign, Label: l.T("活动", "Campaign"), Default: n.Part(r, assign.KeyCampaign), MaxLen: 200},
		{Kind: card.TextInput, Name: assign.KeyPlace, Label: l.T("城市或区域", "City or region"), Default: n.Part(r, assign.KeyPlace), MaxLen: 200, Placeholder: l.T("多个用顿号分开", "several, separated by commas")},
		{Kind: card.TextInput, Name: assign.KeyProduct, Label: l.T("需求里的产品", "Product in the need"), Default: n.Part(r, assign.KeyProduct), MaxLen: 200},
		{Kind: card.MultiSelect, Name: assign.KeyGrade, Label: l.T("等级", "Grade"), Default: strings.Join(chosen, ","), Options: grades},
	}
	if len(ps) > 1 {
		in = append(in, card.Input{Kind: card.MultiSelect, Name: assign.KeyPool, Label: l.T("公海", "Pool"), Default: strings.NewReplacer("、", ",", ", ", ",").Replace(n.Part(r, assign.KeyPool)), Options: ps})
	}
	in = append(in, card.Input{Kind: card.TextInput, Name: assign.KeySteps, Label: l.T("方式", "Method"), Required: true, Default: n.Steps(r.Steps), MaxLen: 200,
		Help: l.T("轮流、加权、派单、认领、人工，用 > 连接；后面写团队、成员和派单人数", "turn, weighted, offer, claim, manual, joined by >; then teams, people and how many are asked")})
	c.Blocks = append(c.Blocks, card.Form{Name: "rule", Inputs: in, Submit: card.Button{Label: l.T("试算", "Try it"), Style: card.Primary, Action: TryAssignRule{r.ID}, Command: example}, Example: example},
		card.Note{Text: l.T("空着的条件不限制。先试算最近 100 条线索会去哪里，再保存。", "An empty condition fits all. You see where the last 100 leads would have gone before you save.")})
	if r.ID != 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{CommandButton(l.T("删除这条规则", "Delete this rule"), assignRulesCommand(l, id+" 删除", id+" delete"))}})
	}
	return c
}

// AssignDraft shows a change before it is saved (RC-02): the rule, what the last
// leads would have done, and the form that saves it.
func AssignDraft(f LeadFrame, d assign.Draft, n AssignNames, mayChange bool) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("试算：", "Dry run: ") + draftName(l, d), Tone: card.Warning, Subtitle: l.T("还没有保存", "not saved yet")}
	if d.Rule.ID != 0 && d.Change.Do != "delete" {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: d.Rule.Name, Bold: true}, {Text: "\n" + ruleConditions(l, d.Rule, n)}, {Text: "\n" + n.Steps(d.Rule.Steps), Tone: card.Info}}})
	}
	c.Blocks = append(c.Blocks, trialBlocks(f, d.Trial, n)...)
	if !mayChange {
		return c
	}
	text := d.Change.Without()
	from := d.From.In(f.Zone).Format("2006-01-02")
	when, urgent := l.T(" 生效=", " from=")+from, "no"
	note := l.T("从 "+from+" 00:00 起生效（RC-01）；7 天内可撤回（RC-04）。", "It holds from "+from+" 00:00 (RC-01) and can be taken back within 7 days (RC-04).")
	if d.Change.Urgent {
		from, when, urgent = "", l.T(" 加急", " urgent"), "yes"
		note = l.T("另一位管理员同意后马上生效（RC-01）；7 天内可撤回（RC-04）。", "It holds when another administrator agrees (RC-01) and can be taken back within 7 days (RC-04).")
	}
	line := l.T("/分配规则 "+text+when+" 原因=旺季", "/assignrules "+text+when+" reason=busy season")
	c.Blocks = append(c.Blocks, card.Form{Name: "save", Inputs: []card.Input{{Kind: card.TextInput, Name: AssignReason, Label: l.T("原因", "Reason"), Required: true, MaxLen: 200},
		{Kind: card.DateInput, Name: RuleDay, Label: l.T("生效日", "From"), Default: from}, urgentInput(l, urgent)},
		Submit: card.Button{Label: l.T("保存", "Save"), Style: card.Primary, Action: SaveAssignRule{Change: text, Seen: d.Seen}, Command: line}, Example: line}, card.Note{Text: note})
	return c
}

func draftName(l crm.Lang, d assign.Draft) string {
	name := d.Rule.Name
	switch d.Change.Do {
	case "new":
		return l.T("新建“"+name+"”", "new rule “"+name+"”")
	case "off":
		return l.T("停用“"+name+"”", "“"+name+"” off")
	case "on":
		return l.T("启用“"+name+"”", "“"+name+"” on")
	case "delete":
		return l.T("删除“"+name+"”", "delete “"+name+"”")
	case "up", "down", "to":
		return l.T("移动“"+name+"”", "move “"+name+"”")
	case "pool":
		return l.T("公海默认方式", "the way of a pool")
	}
	return l.T("修改“"+name+"”", "change “"+name+"”")
}

// trialRows bounds the named leads of a dry run.
const trialRows = 20

// AssignTrial shows where the last leads go under the rules in force.
func AssignTrial(f LeadFrame, t assign.Trial, n AssignNames) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("试算：现行规则", "Dry run: the rules in force"), Tone: card.Info}
	c.Blocks = append(trialBlocks(f, t, n), card.Note{Text: l.T("试一个改动：/分配 试算 2 等级=A,B，或 /分配 试算 新建 名称 来源=展会 方式=轮流。", "Try a change: /assign try 2 grade=A,B, or /assign try new NAME source=fair do=turn.")})
	return c
}

func trialBlocks(f LeadFrame, t assign.Trial, n AssignNames) []card.Block {
	l := f.Lang
	hidden := card.Note{Text: l.T(fmt.Sprintf("另有 %d 条不在您的范围，没有计入（PM-02）。", t.Hidden), fmt.Sprintf("%d more outside your scope are not counted (PM-02).", t.Hidden))}
	switch {
	case len(t.Leads) == 0 && t.Hidden > 0:
		return []card.Block{card.P(l.T("最近的线索都不在您的范围。", "None of the last leads is within your scope.")), hidden}
	case len(t.Leads) == 0:
		return []card.Block{card.P(l.T("还没有线索可以试算。", "There are no leads to try it on yet."))}
	}
	differ := 0
	for _, r := range t.Leads {
		if r.Differs() {
			differ++
		}
	}
	head := l.T(fmt.Sprintf("最近 %d 条线索", len(t.Leads)), fmt.Sprintf("The last %d leads", len(t.Leads)))
	if t.Changed {
		head += l.T(fmt.Sprintf("，其中 %d 条去向不同", differ), fmt.Sprintf(", %d of which go elsewhere", differ))
	}
	out := []card.Block{card.B(head)}
	if t.Hidden > 0 {
		out = append(out, hidden)
	}
	counts := func(title string, list []assign.Count, name func(assign.Count) string) {
		var lines []string
		for _, x := range list {
			s := name(x) + l.T("：", ": ") + fmt.Sprint(x.Now)
			if t.Changed {
				s += " → " + fmt.Sprint(x.Then)
			}
			lines = append(lines, s)
		}
		out = append(out, card.Text{Spans: []card.Span{{Text: title, Bold: true}, {Text: "\n" + strings.Join(lines, "\n")}}})
	}
	counts(l.T("按规则", "By rule"), t.ByRule(), func(c assign.Count) string {
		if c.Rule.ID == 0 {
			return l.T("无规则（公海方式）", "no rule (the pool's way)")
		}
		return fmt.Sprintf("%d %s", c.Rule.ID, c.Rule.Name)
	})
	counts(l.T("按人", "By person"), t.ByPerson(), func(c assign.Count) string {
		if c.To == 0 {
			return l.T("没有直接分到人", "nobody in particular")
		}
		return n.Person(c.To)
	})
	var rows [][]card.Cell
	for _, r := range t.Leads {
		if t.Changed && !r.Differs() || len(rows) == trialRows {
			continue
		}
		row := []card.Cell{{Text: strings.TrimSpace(r.ID.String() + " " + r.Name())}, {Text: whereText(l, r.Now, n)}}
		if t.Changed {
			row = append(row, card.Cell{Text: whereText(l, r.Then, n), Tone: card.Info})
		}
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		cols := []card.Column{{Title: l.T("线索", "Lead")}, {Title: l.T("现行规则", "Now")}}
		if t.Changed {
			cols = append(cols, card.Column{Title: l.T("改动后", "Then")})
		}
		out = append(out, card.Table{PageSize: 10, Columns: cols, Rows: rows})
	}
	return append(out, card.Note{Text: l.T("按线索创建的时间模拟，按现在的值班、请假、接单开关、权重和每日额度；不考虑当时的持有和超期，派单按首位接受计。什么都没有改变。", "Simulated at the time when each lead was made, with today's duty, leave, switches, weights and daily quotas, without hold limits and overdue leads of that time; offers count as accepted by the first. Nothing was changed.")})
}

func whereText(l crm.Lang, w assign.Where, n AssignNames) string {
	rule := l.T("公海方式", "the pool's way")
	if w.Rule.ID != 0 {
		rule = fmt.Sprint(w.Rule.ID) + " " + w.Rule.Name
	}
	switch {
	case w.To != 0:
		return rule + " → " + n.Person(w.To) + l.T("（", " (") + w.Method.Name(l) + l.T("）", ")")
	case w.Method != "":
		return rule + " → " + w.Method.Name(l)
	case w.Rule.ID != 0:
		return rule + l.T(" → 没有可接收的人", " → nobody could take it")
	}
	return l.T("留在公海", "stays in the pool")
}
