package cards

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/metric"
)

// MetricEvidence opens the records behind a number: the metric of a person, a
// team or, with neither, the company, over a period.
type MetricEvidence struct {
	Metric string     `json:"m"`
	From   crm.Day    `json:"f"`
	To     crm.Day    `json:"t"` // first day after the period
	User   crm.UserID `json:"u,omitempty"`
	Team   crm.TeamID `json:"g,omitempty"`
	Page   int        `json:"p,omitempty"` // from 0
	// Turn is set on the buttons that turn the pages of the same card.
	Turn bool `json:"n,omitempty"`
}

// ActionName implements card.Action.
func (MetricEvidence) ActionName() string { return "metric.evidence" }

// Ref is the argument of the evidence view: "visit.valid/2026-03-02/2026-03-03/u12/0".
func (e MetricEvidence) Ref() string {
	who := "all"
	if e.User != 0 {
		who = "u" + strconv.FormatInt(int64(e.User), 10)
	} else if e.Team != 0 {
		who = "t" + strconv.FormatInt(int64(e.Team), 10)
	}
	return strings.Join([]string{e.Metric, string(e.From), string(e.To), who, strconv.Itoa(e.Page)}, "/")
}

// ParseMetricEvidence reads what Ref wrote.
func ParseMetricEvidence(ref string) (MetricEvidence, error) {
	bad := fmt.Errorf("not an evidence: %q", ref)
	p := strings.Split(ref, "/")
	if len(p) != 5 || len(p[3]) == 0 {
		return MetricEvidence{}, bad
	}
	from, err1 := crm.ParseDay(p[1])
	to, err2 := crm.ParseDay(p[2])
	page, err3 := strconv.Atoi(p[4])
	e := MetricEvidence{Metric: p[0], From: from, To: to, Page: page}
	if err1 != nil || err2 != nil || err3 != nil {
		return MetricEvidence{}, bad
	}
	if p[3] == "all" {
		return e, nil
	}
	id, err := strconv.ParseInt(p[3][1:], 10, 64)
	switch {
	case err != nil || id <= 0:
		return MetricEvidence{}, bad
	case p[3][0] == 'u':
		e.User = crm.UserID(id)
	case p[3][0] == 't':
		e.Team = crm.TeamID(id)
	default:
		return MetricEvidence{}, bad
	}
	return e, nil
}

// Period is the period of the number.
func (e MetricEvidence) Period() crm.Period { return crm.Period{From: e.From, To: e.To} }

// Scope is whose number it is.
func (e MetricEvidence) Scope() metric.Scope { return metric.Scope{User: e.User, Team: e.Team} }

// MetricRank asks for another ranking with the values of the card's form.
type MetricRank struct {
	Team crm.TeamID `json:"g,omitempty"`
}

// ActionName implements card.Action.
func (MetricRank) ActionName() string { return "metric.rank" }

// RankRef is the argument of the ranking view.
func RankRef(key string, p crm.Period, sc metric.Scope) string {
	return MetricEvidence{Metric: key, From: p.From, To: p.To, Team: sc.Team}.Ref()
}

// evidenceCommand is the text command that opens the same records.
func evidenceCommand(l crm.Lang, name crm.Text, p crm.Period, whose string) string {
	return strings.TrimSpace(l.T("/明细 ", "/evidence ") + name.In(l) + " " + p.String() + " " + whose)
}

// EvidenceButton opens the records behind a number.
func EvidenceButton(l crm.Lang, label string, name crm.Text, e MetricEvidence, whose string) card.Button {
	return card.Button{Label: label, Style: card.Link, Action: e, Command: evidenceCommand(l, name, e.Period(), whose)}
}

// Open is the text command that opens a record, or "" where there is none.
type Open func(crm.Ref) string

func openButton(l crm.Lang, open Open, r crm.Ref) *card.Button {
	if open == nil || r.ID == 0 {
		return nil
	}
	line := open(r)
	if line == "" {
		return nil
	}
	b := CommandButton(l.T("打开", "open"), line)
	b.Style = card.Link
	return &b
}

// MetricEvidenceCard lists the records behind a number, one page at a time.
func MetricEvidenceCard(l crm.Lang, e metric.Evidence, zone *time.Location, open Open) card.Card {
	whose := e.Whose
	if whose == "" {
		whose = l.T("全公司", "the company")
	}
	c := card.Card{Lang: l, Title: label(l, e.Metric.Name) + " · " + whose, Subtitle: e.Period.Label(l), Tone: card.Info,
		Tags: []card.Tag{{Text: e.Value.Format(e.Metric, l), Tone: card.Info}}}
	if len(e.Lines) == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("这段时间没有记录。", "There is no record in this period.")))
	}
	var items []card.Field
	for _, x := range e.Lines {
		label := x.Ref.String()
		if label == "" {
			label = metric.FactName(x.Key, l)
		}
		f := card.Field{Label: label, Value: strings.Join(evidenceParts(l, x, stamp(x.Record, zone)), " · "), Wide: true, Evidence: openButton(l, open, x.Ref)}
		if x.Qty < 0 || x.Amount < 0 {
			f.Tone = card.Warning
		}
		items = append(items, f)
	}
	if len(items) > 0 {
		c.Blocks = append(c.Blocks, card.Fields{Items: items})
	}
	base := MetricEvidence{Metric: e.Metric.Key, From: e.Period.From, To: e.Period.To, User: e.Scope.User, Team: e.Scope.Team, Turn: true}
	var turn []card.Button
	add := func(label string, page int) {
		to := base
		to.Page = page
		turn = append(turn, card.Button{Label: label, Action: to, Command: evidenceCommand(l, e.Metric.Name, e.Period, e.Whose) + l.T(fmt.Sprintf(" 第%d页", page+1), fmt.Sprintf(" p%d", page+1))})
	}
	if e.Page > 0 {
		add(l.T("上一页", "Previous"), e.Page-1)
	}
	if e.Page+1 < e.Pages {
		add(l.T("下一页", "Next"), e.Page+1)
	}
	if len(turn) > 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: turn})
	}
	c.Blocks = append(c.Blocks, card.Note{Text: l.T(fmt.Sprintf("共 %d 条记录，第 %d/%d 页。", e.Total, e.Page+1, e.Pages), fmt.Sprintf("%d records, page %d of %d. ", e.Total, e.Page+1, e.Pages)) + MetricDefinition(l, e.Metric)})
	return c
}

func evidenceParts(l crm.Lang, x metric.Line, stamp string) []string {
	parts := []string{stamp}
	if x.Name != "" {
		parts = append(parts, x.Name)
	}
	m, _ := metric.FactMeasure(x.Key)
	parts = append(parts, metric.FactName(x.Key, l))
	if x.Qty != 1 {
		parts = append(parts, m.Change(x.Qty, l))
	}
	if x.Amount != 0 {
		parts = append(parts, x.Amount.Format(l))
	}
	if x.Qty < 0 {
		parts = append(parts, l.T("更正", "correction"))
	}
	return parts
}

// MetricDefinition is the one line that says what a metric means.
func MetricDefinition(l crm.Lang, d metric.Def) string {
	return l.T("口径："+d.Definition.Zh+"；归属时间："+d.TimeField.Zh+"。", "Definition: "+d.Definition.En+"; counted on "+d.TimeField.En+".")
}

// RankOptions are what the ranking's form offers.
type RankOptions struct {
	Metrics []metric.Def
	Periods []card.Option
	// Details is set when each person's number may be opened.
	Details func(crm.UserID) bool
	// Top is how many places are shown; zero: ten.
	Top int
}

// RankCard shows who did how much, best first, as bars and as a list.
func RankCard(l crm.Lang, r metric.Ranking, o RankOptions) card.Card {
	whose := r.Team
	if whose == "" {
		whose = l.T("全公司", "the company")
	}
	c := card.Card{Lang: l, Title: l.T("排行 · ", "Ranking · ") + label(l, r.Metric.Name), Subtitle: r.Period.Label(l) + " · " + whose, Tone: card.Info}
	top := o.Top
	if top == 0 {
		top = 10
	}
	shown := r.Places[:min(len(r.Places), top)]
	if len(shown) == 0 {
		c.Blocks = append(c.Blocks, card.P(l.T("这段时间没有可排名的数字。", "There is nothing to rank in this period.")))
	} else {
		c.Blocks = append(c.Blocks, rankChart(l, r, shown))
		rows := make([][]card.Cell, len(shown))
		for i, p := range shown {
			rows[i] = []card.Cell{{Text: strconv.Itoa(p.Rank), Tone: rankTone(p.Rank)}, {Text: p.Name}, {Text: p.Value.Format(r.Metric, l)}}
			if o.Details != nil && o.Details(p.User) {
				b := EvidenceButton(l, p.Value.Format(r.Metric, l), r.Metric.Name, MetricEvidence{Metric: r.Metric.Key, From: r.Period.From, To: r.Period.To, User: p.User}, p.Name)
				rows[i][2].Action = &b
			}
		}
		c.Blocks = append(c.Blocks, card.Table{Columns: []card.Column{{Title: l.T("名次", "Rank")}, {Title: l.T("姓名", "Name")}, {Title: label(l, r.Metric.Name), Number: true}}, Rows: rows})
		c.Blocks = append(c.Blocks, card.Fields{Items: []card.Field{
			{Label: l.T("合计", "Total"), Value: r.Total.Format(r.Metric, l)}, {Label: l.T("中位数", "Median"), Value: r.Median.Format(r.Metric, l)},
			{Label: l.T("参与排名", "Ranked"), Value: people(l, len(r.Places))}}})
	}
	if f, ok := rankForm(l, r, o); ok {
		c.Blocks = append(c.Blocks, f)
	}
	note := MetricDefinition(l, r.Metric)
	if r.Unranked > 0 {
		note += l.T(fmt.Sprintf("另有 %d 人岗位不同或出勤不足 15 个工作日，计入合计，不参与排名。", r.Unranked),
			fmt.Sprintf(" Not ranked but counted in the total, for another role or fewer than 15 working days of presence: %s.", people(l, r.Unranked)))
	}
	c.Blocks = append(c.Blocks, card.Note{Text: note})
	return c
}

// rankTone sets off the first three.
func rankTone(rank int) card.Tone {
	if rank <= 3 {
		return card.Success
	}
	return card.Neutral
}

func rankChart(l crm.Lang, r metric.Ranking, shown []metric.Place) card.Chart {
	ch := card.Chart{Kind: card.BarChart, Horizontal: true, Title: label(l, r.Metric.Name), Unit: r.Metric.Unit.In(l), Series: []card.Series{{Name: r.Metric.Name.In(l)}}}
	scale := 1.0
	if r.Metric.Money() && shown[0].Value.In(r.Metric) >= 100_000 {
		scale, ch.Unit = l2(l, 10_000, 1_000), l.T("万元", "thousand yuan")
	}
	for _, p := range shown {
		ch.Categories = append(ch.Categories, p.Name)
		ch.Series[0].Values = append(ch.Series[0].Values, round2(p.Value.In(r.Metric)/scale))
	}
	return ch
}

func l2(l crm.Lang, zh, en float64) float64 {
	if l == crm.English {
		return en
	}
	return zh
}

func round2(f float64) float64 {
	s, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', 2, 64), 64)
	if err != nil {
		return f
	}
	return s
}

func rankForm(l crm.Lang, r metric.Ranking, o RankOptions) (card.Form, bool) {
	if len(o.Metrics) == 0 || len(o.Periods) == 0 {
		return card.Form{}, false
	}
	var ms []card.Option
	for _, d := range o.Metrics {
		ms = append(ms, card.Option{Value: d.Key, Label: label(l, d.Name)})
	}
	cmd := l.T("/排行 ", "/rank ") + r.Metric.Name.In(l) + " " + r.Period.String()
	return card.Form{Name: "rank", Inputs: []card.Input{
		{Kind: card.SelectInput, Name: "metric", Label: l.T("指标", "Metric"), Default: r.Metric.Key, Options: ms, Required: true},
		{Kind: card.SelectInput, Name: "period", Label: l.T("期间", "Period"), Default: o.Periods[0].Value, Options: o.Periods, Required: true},
	}, Submit: card.Button{Label: l.T("查看", "Show"), Style: card.Primary, Action: MetricRank{Team: r.Scope.Team}, Command: cmd}, Example: cmd}, true
}

// MetricsCard lists what every metric means.
func MetricsCard(l crm.Lang, defs []metric.Def) card.Card {
	c := card.Card{Lang: l, Title: l.T("指标口径", "Metrics"), Subtitle: l.T(fmt.Sprintf("您能查看的 %d 个指标", len(defs)), fmt.Sprintf("%d metrics that you may see", len(defs))), Tone: card.Info}
	rows := make([][]card.Cell, len(defs))
	for i, d := range defs {
		rows[i] = []card.Cell{{Text: label(l, d.Name)}, {Text: d.Unit.In(l)}, {Text: d.Kind.Name(l)}, {Text: d.Definition.In(l)}}
	}
	c.Blocks = []card.Block{
		card.Table{Columns: []card.Column{{Title: l.T("名称", "Name")}, {Title: l.T("单位", "Unit")}, {Title: l.T("类型", "Kind")}, {Title: l.T("口径", "Definition")}}, Rows: rows},
		card.Note{Text: l.T("所有日报、排行和目标都用同一套口径。", "Every report, ranking and goal uses these definitions.")}}
	return c
}

// MetricCard shows one definition in full.
func MetricCard(l crm.Lang, d metric.Def) card.Card {
	sees := l.T("本人权限范围内的所有人", "everybody within their own scope")
	if len(d.Sees) > 0 {
		names := make([]string, len(d.Sees))
		for i, r := range d.Sees {
			names[i] = r.Name(l)
		}
		sees = strings.Join(names, l.T("、", ", "))
	}
	rank := l.T("/排行 ", "/rank ") + d.Name.In(l)
	return card.Card{Lang: l, Title: label(l, d.Name), Tone: card.Info, Blocks: []card.Block{
		card.P(d.Definition.In(l)),
		card.Fields{Items: []card.Field{
			{Label: l.T("单位", "Unit"), Value: d.Unit.In(l)}, {Label: l.T("类型", "Kind"), Value: d.Kind.Name(l)},
			{Label: l.T("算法", "Formula"), Value: d.Formula(l), Wide: true}, {Label: l.T("归属时间", "Counted on"), Value: d.TimeField.In(l), Wide: true},
			{Label: l.T("谁能看", "Seen by"), Value: sees, Wide: true}, {Label: l.T("口径负责人", "Owner"), Value: d.Owner.Name(l)}}},
		card.Buttons{Items: []card.Button{CommandButton(l.T("看排行", "Ranking"), rank)}}}}
}

// stamp is when a fact counted: the business day, and the time where it is of
// that day.
func stamp(r metric.Record, zone *time.Location) string {
	if crm.DayOf(r.At, zone) != r.Day {
		return string(r.Day)
	}
	return r.At.In(zone).Format("2006-01-02 15:04")
}
