package cards

import (
	"fmt"
	"maps"
	"slices"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/recycle"
)

// effectsShown bounds the records that a card of a change tried out names.
const effectsShown = 10

// RuleReleases says which release days a change would move, whose, and when the
// first record would be released (RC-02, RC-03).
func RuleReleases(l crm.Lang, p recycle.Preview) []card.Block {
	if p.Affected == 0 {
		return []card.Block{card.B(l.T(fmt.Sprintf("%d 条有负责人的记录，释放日都不变。", p.Looked), fmt.Sprintf("Of %d owned records, none has another release day.", p.Looked)))}
	}
	first := l.T("不再释放", "none is released any more")
	if p.Earliest != "" {
		first = l.T("最早 "+string(p.Earliest)+" 释放", "the first is released on "+string(p.Earliest))
	}
	out := []card.Block{card.B(l.T(fmt.Sprintf("%d 条记录受影响：%d 条提前，%d 条推迟或不再释放；%s。", p.Affected, p.Sooner, p.Later, first), fmt.Sprintf("%d records are affected: %d sooner, %d later or never; %s.", p.Affected, p.Sooner, p.Later, first)))}
	rows := [][]card.Cell{}
	for _, o := range p.Owners[:min(len(p.Owners), 50)] {
		day := string(o.Earliest)
		if day == "" {
			day = "–"
		}
		rows = append(rows, []card.Cell{{Text: o.Name}, {Text: fmt.Sprint(o.Sooner)}, {Text: fmt.Sprint(o.Later)}, {Text: day}})
	}
	out = append(out, card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("负责人", "Owner")}, {Title: l.T("提前", "Sooner"), Number: true}, {Title: l.T("推迟", "Later"), Number: true}, {Title: l.T("最早", "First")}}, Rows: rows})
	if n := len(p.Owners) - len(rows); n > 0 {
		out = append(out, card.Note{Text: l.T(fmt.Sprintf("还有 %d 位负责人，见名单。", n), fmt.Sprintf("%d more owners, see the list.", n))})
	}
	fold := card.Collapsible{Title: l.T("部分记录", "Some of the records")}
	for _, x := range p.Records[:min(len(p.Records), effectsShown)] {
		day := func(d crm.Day) string {
			if d == "" {
				return l.T("不释放", "not released")
			}
			return string(d)
		}
		fold.Blocks = append(fold.Blocks, card.P(x.Ref.String()+" "+x.Name+" · "+x.OwnerName+" · "+day(x.Before)+" → "+day(x.After)))
	}
	return append(out, fold, card.Note{Text: l.T("因这次修改而释放的记录不会早于 "+string(p.Safe)+"（RC-03），释放前照常预警。", "Nothing is released because of this change before "+string(p.Safe)+" (RC-03), and owners are warned as always.")})
}

// RuleGrades says how many leads would be graded otherwise.
func RuleGrades(l crm.Lang, p lead.GradePreview) []card.Block {
	of := l.T(fmt.Sprintf("%d 条未结线索", p.Looked), fmt.Sprintf("%d open leads", p.Looked))
	if p.More {
		of = l.T(fmt.Sprintf("前 %d 条未结线索（抽样）", p.Looked), fmt.Sprintf("the first %d open leads (a sample)", p.Looked))
	}
	out := []card.Block{card.B(l.T(fmt.Sprintf("%s中，%d 条评级上升，%d 条下降，%d 条得分变化。", of, p.Up, p.Down, p.Scores), fmt.Sprintf("Of %s, %d would be graded higher, %d lower; the score of %d would change.", of, p.Up, p.Down, p.Scores)))}
	if len(p.Moves) > 0 {
		var rows [][]card.Cell
		for _, m := range slices.Sorted(maps.Keys(p.Moves)) {
			rows = append(rows, []card.Cell{{Text: m[:1] + " → " + m[1:]}, {Text: fmt.Sprint(p.Moves[m])}})
		}
		out = append(out, card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("评级", "Grade")}, {Title: l.T("线索", "Leads"), Number: true}}, Rows: rows})
	}
	return append(out, card.Note{Text: l.T("上升在下一次夜间评分后生效，下降要经过两晚或低于线 5 分（L-03）；人工评级不变。没有记录马上被释放。", "They rise with the next nightly run and fall after two of them, or five points below the line (L-03); grades given by hand stay. No record is released at once.")})
}

// RuleDistributes says what a change of distribution does.
func RuleDistributes(l crm.Lang) []card.Block {
	return []card.Block{card.B(l.T("只影响以后的分配，已有负责人的记录不变。", "It only counts for leads that are given out afterwards; nobody loses a record."))}
}
