package report

import (
	"context"
	"fmt"

	"crmbot/internal/crm"
	"crmbot/internal/metric"
	"crmbot/internal/rule"
)

// The kinds of blocks of a template.
const (
	BlockMetric   = "metric"
	BlockList     = "list"
	BlockPlan     = "plan_vs_done"
	BlockText     = "text"
	BlockNextPlan = "next_plan"
)

// The scopes and periods of a metric block. Periods other than the day run up
// to and including it.
const (
	ScopeSelf     = ""
	ScopeTeam     = "team"
	PeriodDay     = ""
	PeriodWeek    = "week"
	PeriodMonth   = "month"
	PeriodQuarter = "quarter"
	ComparePrev   = ""
	CompareNone   = "none"
)

// Block is one part of the template, shown in order.
type Block struct {
	Kind string `json:"kind"`
	// Metric, Scope, Period and Compare belong to metric blocks; Metric and
	// Limit to list blocks, which show the records behind the day's number.
	Metric  string `json:"metric,omitempty"`
	Scope   string `json:"scope,omitempty"`
	Period  string `json:"period,omitempty"`
	Compare string `json:"compare,omitempty"`
	Limit   int    `json:"limit,omitempty"`
	// Title heads a list block; nil: the metric's name.
	Title *crm.Text `json:"title,omitempty"`
	// Prompt, Required and Max (characters) belong to text blocks.
	Prompt   *crm.Text `json:"prompt,omitempty"`
	Required bool      `json:"required,omitempty"`
	Max      int       `json:"max,omitempty"`
}

// Limits of a template.
const (
	maxBlocks  = 30
	maxTexts   = 3
	maxText    = 1000
	maxList    = 20
	maxMetrics = 20
)

// Template is the ordered list of blocks.
type Template []Block

// Texts are the text blocks, in order.
func (t Template) Texts() []Block {
	var out []Block
	for _, b := range t {
		if b.Kind == BlockText {
			out = append(out, b)
		}
	}
	return out
}

// Metrics are the keys of the metric blocks, in order.
func (t Template) Metrics() []string {
	var out []string
	for _, b := range t {
		if b.Kind == BlockMetric {
			out = append(out, b.Metric)
		}
	}
	return out
}

// Key names a block among those of a template, wherever it stands: two blocks
// that say the same have the same key.
func (b Block) Key() string {
	key := b.Kind
	for _, part := range []string{b.Metric, b.Scope, b.Period} {
		key += ":" + part
	}
	if b.Prompt != nil {
		key += ":" + b.Prompt.Zh
	}
	return key
}

// MaxLen is the longest text of a text block, in characters.
func (b Block) MaxLen() int {
	if b.Max > 0 {
		return b.Max
	}
	return 500
}

// PromptIn is a text block's question in the language.
func (b Block) PromptIn(l crm.Lang) string {
	if b.Prompt != nil && b.Prompt.In(l) != "" {
		return b.Prompt.In(l)
	}
	return l.T("今日小结", "Summary of the day")
}

// DefaultTemplate is the template until an administrator changes it.
var DefaultTemplate = Template{
	{Kind: BlockMetric, Metric: "visit.valid"},
	{Kind: BlockMetric, Metric: "visit.attempt"},
	{Kind: BlockMetric, Metric: "call.valid"},
	{Kind: BlockMetric, Metric: "visit.plan_rate"},
	{Kind: BlockMetric, Metric: "lead.claim"},
	{Kind: BlockMetric, Metric: "lead.first_contact"},
	{Kind: BlockMetric, Metric: "next_step.set"},
	{Kind: BlockMetric, Metric: "contract.submitted"},
	{Kind: BlockMetric, Metric: "contract.signed_amount", Period: PeriodMonth},
	{Kind: BlockPlan},
	{Kind: BlockNextPlan},
	{Kind: BlockText, Prompt: &crm.Text{Zh: "一句话小结（未达标请写原因和补救）", En: "One sentence about the day (below pass: the reason and the remedy)"}, Max: 500},
}

var templateSetting = rule.JSON[Template]{Key: "R-02.template", Title: crm.Text{Zh: "日报模板", En: "template of the daily report"}, Default: DefaultTemplate}

// The other settings.
var (
	draftAt   = rule.Clock{Key: "R-01.draft", Title: crm.Text{Zh: "日报草稿发送时间", En: "when daily drafts are sent"}, Default: "17:30"}
	dueAt     = rule.Clock{Key: "R-01.due", Title: crm.Text{Zh: "日报截止时间", En: "when daily reports are due"}, Default: "19:00"}
	chaseAt   = rule.Clock{Key: "R-01.chase", Title: crm.Text{Zh: "日报催交时间", En: "when missing reports are chased"}, Default: "19:05"}
	digestAt  = rule.Clock{Key: "R-01.digest", Title: crm.Text{Zh: "团队日报发送时间", En: "when team digests are sent"}, Default: "19:30"}
	missingAt = rule.Clock{Key: "R-01.missing", Title: crm.Text{Zh: "未交名单发送时间（次工作日）", En: "when the list of missing reports is sent (next working day)"}, Default: "09:00"}

	minSentence = rule.Int{Key: "R-03.min", Title: crm.Text{Zh: "未达标时小结的最少字数", En: "shortest sentence when below pass"}, Unit: crm.Text{Zh: "字", En: "characters"}, Default: 4, Min: 1, Max: 100}
	bigDeal     = rule.Int{Key: "R-04.big", Title: crm.Text{Zh: "团队日报单列的大单金额", En: "amount from which a win or loss is singled out"}, Unit: crm.Text{Zh: "元", En: "yuan"}, Default: 200_000, Min: 1, Max: 1_000_000_000}
)

// Settings are the settings of the daily report.
func Settings(reg *metric.Registry) []rule.Def {
	t := templateSetting
	t.Valid = func(v Template) error { return v.Check(reg) }
	return []rule.Def{draftAt.Def(), dueAt.Def(), chaseAt.Def(), digestAt.Def(), missingAt.Def(), t.Def(), minSentence.Def(), bigDeal.Def()}
}

// Check refuses templates that cannot be drawn: unknown kinds, metrics or
// periods, doubles, or too much of anything.
func (t Template) Check(reg *metric.Registry) error {
	if len(t) == 0 || len(t) > maxBlocks {
		return crm.Invalid(fmt.Sprintf("日报模板要有 1 到 %d 个部分", maxBlocks), fmt.Sprintf("a template has 1 to %d blocks", maxBlocks))
	}
	seen := map[string]bool{}
	metrics, texts := 0, 0
	for i, b := range t {
		id := b.Kind + "\x00" + b.Metric + "\x00" + b.Scope + "\x00" + b.Period
		if seen[id] && b.Kind != BlockText {
			return crm.Invalid(fmt.Sprintf("日报模板第 %d 部分和前面的重复", i+1), fmt.Sprintf("block %d of the template repeats an earlier one", i+1))
		}
		seen[id] = true
		var err error
		switch b.Kind {
		case BlockMetric:
			metrics++
			err = b.checkMetric(reg)
		case BlockList:
			err = b.checkMetric(reg)
			if err == nil && (b.Limit < 1 || b.Limit > maxList) {
				err = crm.Invalid(fmt.Sprintf("清单要显示 1 到 %d 条", maxList), fmt.Sprintf("a list shows 1 to %d records", maxList))
			}
		case BlockText:
			texts++
			if b.Max < 0 || b.Max > maxText || b.Prompt == nil || b.Prompt.Zh == "" || b.Prompt.En == "" {
				err = crm.Invalid(fmt.Sprintf("问题要有中英文，字数上限不超过 %d", maxText), fmt.Sprintf("a question needs both languages and at most %d characters of answer", maxText))
			}
		case BlockPlan, BlockNextPlan:
		default:
			err = crm.Invalid("日报模板没有这种部分："+b.Kind, "a template has no such block: "+b.Kind)
		}
		if err != nil {
			return err
		}
	}
	if metrics > maxMetrics || texts > maxTexts || texts == 0 {
		return crm.Invalid(fmt.Sprintf("日报模板最多 %d 个指标，要有 1 到 %d 个问题", maxMetrics, maxTexts),
			fmt.Sprintf("a template has at most %d metrics and 1 to %d questions", maxMetrics, maxTexts))
	}
	return nil
}

func (b Block) checkMetric(reg *metric.Registry) error {
	if !reg.Has(b.Metric) {
		return crm.Invalid("日报模板里的指标不存在："+b.Metric, "the template names an unknown metric: "+b.Metric).WithNext("发送 /指标 查看全部指标", "send /metrics for all metrics")
	}
	okScope := b.Scope == ScopeSelf || b.Scope == ScopeTeam
	okPeriod := b.Period == PeriodDay || b.Period == PeriodWeek || b.Period == PeriodMonth || b.Period == PeriodQuarter
	okCompare := b.Compare == ComparePrev || b.Compare == CompareNone
	if !okScope || !okPeriod || !okCompare {
		return crm.Invalid("指标 "+b.Metric+" 的范围、期间或对比写错了", "scope, period or comparison of "+b.Metric+" is wrong").
			WithNext("范围：空、team；期间：空、week、month、quarter；对比：空、none", "scope: empty or team; period: empty, week, month or quarter; compare: empty or none")
	}
	return nil
}

// days is the period of a block as of a day.
func (b Block) days(day crm.Day) crm.Period {
	to := day.AddDays(1)
	switch b.Period {
	case PeriodWeek:
		return crm.Period{From: crm.WeekOf(day).From, To: to}
	case PeriodMonth:
		return crm.Period{From: crm.MonthOf(day).From, To: to}
	case PeriodQuarter:
		return crm.Period{From: crm.QuarterOf(day).From, To: to}
	}
	return crm.DayPeriod(day)
}

// before is the period that a block compares with: the working day before, or
// as many days of the week, month or quarter before.
func (s *Service) before(b Block, day crm.Day) crm.Period {
	p := b.days(day)
	var whole crm.Period
	switch b.Period {
	case PeriodWeek:
		whole = crm.WeekOf(day).Previous()
	case PeriodMonth:
		whole = crm.MonthOf(day).Previous()
	case PeriodQuarter:
		whole = crm.QuarterOf(day).Previous()
	default:
		return crm.DayPeriod(s.cal.PreviousWorkday(day))
	}
	return crm.Period{From: whole.From, To: min(whole.From.AddDays(p.Days()), whole.To)}
}

// Template is the template in force for the scopes and its version.
func (s *Service) Template(ctx context.Context, scopes ...rule.Scope) (Template, int64) {
	return templateSetting.Of(ctx, s.rules, scopes...)
}
