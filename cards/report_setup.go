package cards

import (
	"fmt"
	"strconv"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/goal"
	"crmbot/internal/metric"
	"crmbot/internal/report"
)

// ReportDropBlock takes a block out of the report's template.
type ReportDropBlock struct {
	Index int   `json:"i"`
	V     int64 `json:"v"` // version of the template that the card showed
	// Key names the block and counts before its place; empty on cards that were
	// sent before there were keys.
	Key string `json:"k,omitempty"`
}

// ActionName implements card.Action.
func (ReportDropBlock) ActionName() string { return "report.drop" }

// ReportAddMetric adds the form's metric to the template.
type ReportAddMetric struct {
	V int64 `json:"v"`
}

// ActionName implements card.Action.
func (ReportAddMetric) ActionName() string { return "report.add" }

// ReportSetGoal changes the goal of the form.
type ReportSetGoal struct{}

// ActionName implements card.Action.
func (ReportSetGoal) ActionName() string { return "report.goal" }

// ReportSetPrompt changes the report's question.
type ReportSetPrompt struct {
	V int64 `json:"v"`
}

// ActionName implements card.Action.
func (ReportSetPrompt) ActionName() string { return "report.prompt" }

// ReportSetTimes changes the schedule.
type ReportSetTimes struct{}

// ActionName implements card.Action.
func (ReportSetTimes) ActionName() string { return "report.times" }

// The names of the inputs of the settings' forms.
const (
	SetupMetric    = "metric"
	SetupPeriod    = "period"
	SetupProfile   = "profile"
	SetupPass      = "pass"
	SetupGood      = "good"
	SetupExcellent = "excellent"
	SetupPromptZh  = "prompt_zh"
	SetupPromptEn  = "prompt_en"
)

// PeriodWords are the words for a block's period in commands.
var PeriodWords = map[string]crm.Text{report.PeriodDay: {Zh: "日", En: "day"}, report.PeriodWeek: {Zh: "周", En: "week"}, report.PeriodMonth: {Zh: "月", En: "month"}, report.PeriodQuarter: {Zh: "季", En: "quarter"}}

// StepWords are the words for the steps of the schedule in commands.
var StepWords = map[report.Step]crm.Text{report.StepDraft: {Zh: "草稿", En: "draft"}, report.StepDue: {Zh: "截止", En: "due"}, report.StepChase: {Zh: "催交", En: "chase"},
	report.StepDigest: {Zh: "团队", En: "digest"}, report.StepMissing: {Zh: "名单", En: "missing"}}

// SetupPart is one page of the settings; a phone cannot show all at once.
type SetupPart string

// The pages of the settings. The zero value is the contents.
const (
	SetupContents SetupPart = ""
	SetupGoals    SetupPart = "goal"
	SetupQuestion SetupPart = "prompt"
	SetupTimes    SetupPart = "time"
)

var setupParts = []SetupPart{SetupContents, SetupGoals, SetupQuestion, SetupTimes}

func (p SetupPart) name(l crm.Lang) string {
	switch p {
	case SetupGoals:
		return l.T("每日目标", "Daily goals")
	case SetupQuestion:
		return l.T("提问", "Question")
	case SetupTimes:
		return l.T("时间", "Times")
	}
	return l.T("日报内容", "Contents")
}

func (p SetupPart) command(l crm.Lang) string {
	words := map[SetupPart]string{SetupContents: "", SetupGoals: l.T(" 目标", " goal"), SetupQuestion: l.T(" 提问", " prompt"), SetupTimes: l.T(" 时间", " time")}
	return l.T("/日报设置", "/reportsettings") + words[p]
}

// ReportSetupCard is where an administrator changes the daily report, one page
// of it. changed says what was changed just now; empty: nothing.
func ReportSetupCard(l crm.Lang, s report.Setup, defs []metric.Def, part SetupPart, changed string) card.Card {
	names := map[string]crm.Text{}
	var opts []card.Option
	for _, d := range defs {
		names[d.Key] = d.Name
		opts = append(opts, card.Option{Value: d.Key, Label: label(l, d.Name)})
	}
	c := card.Card{Lang: l, Title: l.T("日报设置", "Daily report settings"), Tone: card.Info, Subtitle: l.T("模板改动用于之后生成的日报，已有日报不变", "Template changes hold for reports drafted from now on; old reports stay as they are")}
	if changed != "" {
		c.Blocks = append(c.Blocks, card.Text{Spans: []card.Span{{Text: "✓ " + changed, Tone: card.Success, Bold: true}}})
	}
	switch part {
	case SetupGoals:
		c.Blocks = append(c.Blocks, setupGoals(l, s, names, opts)...)
	case SetupQuestion:
		c.Blocks = append(c.Blocks, setupQuestion(l, s)...)
	case SetupTimes:
		c.Blocks = append(c.Blocks, setupTimes(l, s)...)
	default:
		c.Blocks = append(c.Blocks, setupContents(l, s, names, opts)...)
	}
	var others []card.Button
	for _, p := range setupParts {
		if p != part {
			b := CommandButton(p.name(l), p.command(l))
			b.Style = card.Link
			others = append(others, b)
		}
	}
	c.Blocks = append(c.Blocks, card.Divider{}, card.Buttons{Items: others})
	return c
}

func setupContents(l crm.Lang, s report.Setup, names map[string]crm.Text, opts []card.Option) []card.Block {
	rows := make([][]card.Cell, len(s.Template))
	for i, b := range s.Template {
		rows[i] = []card.Cell{{Text: strconv.Itoa(i+1) + ". " + blockText(l, b, names)}, {Text: blockKind(l, b)}, {}}
		if drop := dropButton(l, s, i, b, names); drop != nil {
			rows[i][2] = card.Cell{Text: l.T("移除", "remove"), Action: drop}
		}
	}
	return []card.Block{card.Heading{Text: SetupContents.name(l), Level: 2},
		card.Table{Columns: []card.Column{{Title: l.T("内容", "Content")}, {Title: l.T("部分", "Block")}, {Title: ""}}, Rows: rows},
		card.Form{Name: "add", Inputs: []card.Input{
			{Kind: card.SelectInput, Name: SetupMetric, Label: l.T("添加指标", "Add a metric"), Options: opts, Required: true},
			{Kind: card.SelectInput, Name: SetupPeriod, Label: l.T("期间", "Period"), Default: "day", Options: []card.Option{{Value: "day", Label: l.T("当日", "day")}, {Value: "week", Label: l.T("本周", "week")}, {Value: "month", Label: l.T("本月", "month")}, {Value: "quarter", Label: l.T("本季", "quarter")}}},
		}, Submit: card.Button{Label: l.T("添加", "Add"), Style: card.Primary, Action: ReportAddMetric{V: s.Version}, Command: l.T("/日报设置 加 有效拜访数", "/reportsettings add valid visits")}, Example: l.T("/日报设置 加 赢单金额 月", "/reportsettings add won amount month")}}
}

func setupGoals(l crm.Lang, s report.Setup, names map[string]crm.Text, opts []card.Option) []card.Block {
	var goals []card.Field
	for _, p := range []goal.Profile{goal.Field, goal.Phone} {
		var parts []string
		for _, g := range s.Goals[p] {
			name, ok := names[g.Metric]
			if !ok {
				name = crm.Text{Zh: g.Metric, En: g.Metric}
			}
			parts = append(parts, name.In(l)+" "+goalMarks(g))
		}
		goals = append(goals, card.Field{Label: p.Name(l), Value: strings.Join(parts, l.T("、", ", ")), Wide: true})
	}
	number := func(name, zh, en string) card.Input {
		return card.Input{Kind: card.NumberInput, Name: name, Label: l.T(zh, en), Required: true}
	}
	return []card.Block{card.Heading{Text: l.T("每日目标（及格/良好/优秀）", "Daily goals (pass/good/excellent)"), Level: 2}, card.Fields{Items: goals}, card.Form{Name: "goal", Inputs: []card.Input{
		{Kind: card.SelectInput, Name: SetupProfile, Label: l.T("销售类型", "Kind of seller"), Default: string(goal.Field), Options: []card.Option{{Value: string(goal.Field), Label: goal.Field.Name(l)}, {Value: string(goal.Phone), Label: goal.Phone.Name(l)}}},
		{Kind: card.SelectInput, Name: SetupMetric, Label: l.T("目标指标", "Goal for"), Options: opts, Required: true},
		number(SetupPass, "及格", "Pass"), number(SetupGood, "良好", "Good"), number(SetupExcellent, "优秀", "Excellent"),
	}, Submit: card.Button{Label: l.T("保存目标", "Save the goal"), Action: ReportSetGoal{}, Command: l.T("/日报设置 目标 有效拜访数 2/3/4", "/reportsettings goal valid visits 2/3/4")}, Example: l.T("/日报设置 目标 有效拜访数 2/3/4 外勤", "/reportsettings goal valid visits 2/3/4 field")},
		card.Note{Text: l.T("目标立即生效。某个团队或某个人的目标：/日报设置 目标 有效拜访数 3/4/5 团队 华东", "Goals hold at once. A goal of one team or person: /reportsettings goal valid visits 3/4/5 team East")}}
}

func setupQuestion(l crm.Lang, s report.Setup) []card.Block {
	prompt := crm.Text{}
	if ts := s.Template.Texts(); len(ts) > 0 {
		prompt = crm.Text{Zh: ts[0].PromptIn(crm.Chinese), En: ts[0].PromptIn(crm.English)}
	}
	return []card.Block{card.Heading{Text: SetupQuestion.name(l), Level: 2}, card.Form{Name: "prompt", Inputs: []card.Input{
		{Kind: card.TextInput, Name: SetupPromptZh, Label: l.T("提问（中文）", "Question (Chinese)"), Default: l.T(prompt.Zh, ""), MaxLen: 100, Required: l == crm.Chinese},
		{Kind: card.TextInput, Name: SetupPromptEn, Label: l.T("提问（英文）", "Question (English)"), Default: l.T("", prompt.En), MaxLen: 200, Required: l == crm.English},
	}, Submit: card.Button{Label: l.T("保存提问", "Save the question"), Action: ReportSetPrompt{V: s.Version}, Command: l.T("/日报设置 提问 今天最大的收获是什么？", "/reportsettings prompt What did you learn today?")},
		Example: l.T("/日报设置 提问 今天最大的收获是什么？", "/reportsettings prompt What did you learn today?")}}
}

func setupTimes(l crm.Lang, s report.Setup) []card.Block {
	f := card.Form{Name: "times", Submit: card.Button{Label: l.T("保存时间", "Save the times"), Action: ReportSetTimes{}, Command: l.T("/日报设置 时间 草稿 17:30", "/reportsettings time draft 17:30")}, Example: l.T("/日报设置 时间 草稿 17:30", "/reportsettings time draft 17:30")}
	for _, st := range report.Steps {
		f.Inputs = append(f.Inputs, card.Input{Kind: card.TimeInput, Name: string(st), Label: st.Name(l), Default: s.Times[st], Required: true})
	}
	return []card.Block{card.Heading{Text: SetupTimes.name(l), Level: 2}, f, card.Note{Text: l.T("时间从下一个工作日起生效。", "Times hold from the next working day.")}}
}

func goalMarks(g goal.Line) string {
	return report.Mark(g.Pass) + "/" + report.Mark(g.Good) + "/" + report.Mark(g.Excellent)
}

func blockKind(l crm.Lang, b report.Block) string {
	switch b.Kind {
	case report.BlockMetric:
		return l.T("指标", "metric")
	case report.BlockList:
		return l.T("清单", "list")
	case report.BlockPlan, report.BlockNextPlan:
		return l.T("自动生成", "fills itself")
	}
	return l.T("提问", "question")
}

func blockText(l crm.Lang, b report.Block, names map[string]crm.Text) string {
	switch {
	case b.Kind == report.BlockList:
		return metricBlock(l, b, names) + l.T(fmt.Sprintf("，最多 %d 条", b.Limit), fmt.Sprintf(", at most %d", b.Limit))
	case b.Kind == report.BlockText && b.Required:
		return b.PromptIn(l) + l.T("（必填）", " (required)")
	}
	return BlockName(l, b, names)
}

// BlockName is what a block of the template is called, in cards and commands;
// names are those of the metrics.
func BlockName(l crm.Lang, b report.Block, names map[string]crm.Text) string {
	switch b.Kind {
	case report.BlockMetric:
		return metricBlock(l, b, names)
	case report.BlockList:
		return metricBlock(l, b, names) + l.T("（清单）", " (list)")
	case report.BlockText:
		return b.PromptIn(l)
	case report.BlockNextPlan:
		return l.T("下一工作日计划", "next plan")
	}
	return l.T("计划与完成", "planned and done")
}

func metricBlock(l crm.Lang, b report.Block, names map[string]crm.Text) string {
	name, ok := names[b.Metric]
	if !ok {
		name = crm.Text{Zh: b.Metric, En: b.Metric}
	}
	s := name.In(l) + periodSuffix(l, b.Period)
	if b.Scope == report.ScopeTeam {
		s += l.T("（团队）", " (team)")
	}
	return s
}

// dropButton removes a block; the last question stays.
func dropButton(l crm.Lang, s report.Setup, i int, b report.Block, names map[string]crm.Text) *card.Button {
	if b.Kind == report.BlockText && len(s.Template.Texts()) == 1 {
		return nil
	}
	name := BlockName(l, b, names)
	return &card.Button{Label: l.T("移除 ", "remove ") + name, Style: card.Link, Action: ReportDropBlock{Index: i, V: s.Version, Key: b.Key()}, Command: l.T("/日报设置 减 ", "/reportsettings drop ") + name}
}
