package cards

import (
	"fmt"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/crm"
	"crmbot/internal/lead"
)

// AskMerge shows what a merge of two records would do.
type AskMerge struct {
	Keep  string `json:"k"` // "L-12"
	Other string `json:"o"`
}

// ActionName implements card.Action.
func (AskMerge) ActionName() string { return "merge.ask" }

// MergeRecords merges two records, with the values that the form chose.
type MergeRecords struct {
	Keep  string `json:"k"`
	Other string `json:"o"`
	// KV and OV are the versions that the card showed.
	KV int64 `json:"kv"`
	OV int64 `json:"ov"`
}

// ActionName implements card.Action.
func (MergeRecords) ActionName() string { return "merge.do" }

// The values of the form's inputs, which are named by the field's key.
const (
	MergeKeep  = "keep"
	MergeOther = "other"
	MergeBoth  = "both"
)

// MergeRow is one field of both records.
type MergeRow struct {
	Key         string
	Name        crm.Text
	Keep, Other string
	// Differs reports that somebody must choose, Joins that both can stay; First is
	// what is chosen otherwise.
	Differs, Joins bool
	First          string
}

// MergeView is what a merge would do.
type MergeView struct {
	Keep, Other           crm.Ref
	KeepTitle, OtherTitle string
	KV, OV                int64
	Rows                  []MergeRow
	// Owner has the survivor afterwards (empty: the pool); Loses has neither then.
	Owner, Loses string
}

func mergeCommand(l crm.Lang, keep, other crm.Ref, rest string) string {
	return strings.TrimSpace(l.T("/合并 ", "/merge ") + keep.String() + " " + other.String() + " " + rest)
}

// Merge shows two records side by side, with a choice wherever they differ, and
// what goes along (DU-01).
func Merge(l crm.Lang, v MergeView) card.Card {
	keep, other := v.Keep.String(), v.Other.String()
	c := card.Card{Lang: l, Title: l.T("合并 "+other+" → "+keep, "Merge "+other+" → "+keep), Subtitle: l.T("保留 "+v.KeepTitle, keep+" stays: "+v.KeepTitle), Tone: card.Warning, About: []crm.Ref{v.Keep, v.Other}}
	var rows [][]card.Cell
	var inputs []card.Input
	for _, r := range v.Rows {
		if r.Keep == "" && r.Other == "" {
			continue
		}
		tone := card.Neutral
		if r.Differs {
			tone = card.Warning
			opts := []card.Option{{Value: MergeKeep, Label: keep + " " + shorten(r.Keep, 30)}, {Value: MergeOther, Label: other + " " + shorten(r.Other, 30)}}
			if r.Joins {
				opts = append(opts, card.Option{Value: MergeBoth, Label: l.T("两者都留", "both")})
			}
			inputs = append(inputs, card.Input{Kind: card.SelectInput, Name: r.Key, Label: r.Name.In(l), Options: opts, Default: r.First})
		}
		rows = append(rows, []card.Cell{{Text: r.Name.In(l)}, {Text: shorten(r.Keep, 40), Tone: tone}, {Text: shorten(r.Other, 40), Tone: tone}})
	}
	c.Blocks = append(c.Blocks, card.Table{PageSize: 20, Columns: []card.Column{{Title: ""}, {Title: keep}, {Title: other}}, Rows: rows})
	moves := l.T("跟进、计划、下一步、协作人、附件和查重信息一并移到 "+keep+"，经手记录都能看到；"+other+" 的编号以后打开 "+keep+"。", "Activities, plans, next steps, collaborators, files and duplicate keys go to "+keep+", with the history of both; the code "+other+" opens "+keep+" from then on.")
	if v.Keep.Kind == crm.KindAccount {
		moves = l.T("联系人、商机、跟进、计划、下一步、协作人、附件和查重信息一并移到 "+keep+"；合同仍按签约主体保存，在 "+keep+" 里显示；"+other+" 的编号以后打开 "+keep+"。", "Contacts, deals, activities, plans, next steps, collaborators, files and duplicate keys go to "+keep+"; contracts stay with the party that signed and are shown with "+keep+"; the code "+other+" opens "+keep+" from then on.")
	}
	owner := v.Owner
	if owner == "" {
		owner = l.T("公海", "the pool")
	}
	said := l.T("合并后负责人："+owner, "Owner afterwards: "+owner)
	if v.Loses != "" {
		said += l.T("；"+v.Loses+" 将收到通知", "; "+v.Loses+" is told")
	}
	c.Blocks = append(c.Blocks, card.P(said+l.T("。", ".")), card.Note{Text: moves + l.T("统计数字不变。合并不能撤销。", " Figures stay as they are. A merge cannot be undone.")})
	do := MergeRecords{Keep: keep, Other: other, KV: v.KV, OV: v.OV}
	line := mergeCommand(l, v.Keep, v.Other, l.T("确认", "confirm"))
	button := card.Button{Label: l.T("合并", "Merge"), Style: card.Risky, Action: do, Command: line}
	if len(inputs) == 0 {
		c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{button, CommandButton(l.T("换过来合并", "Merge the other way"), mergeCommand(l, v.Other, v.Keep, ""))}})
		return c
	}
	example := line + " " + inputs[0].Label + "=" + other
	c.Blocks = append(c.Blocks, card.Form{Name: "merge", Inputs: inputs, Submit: button, Example: example},
		card.Buttons{Items: []card.Button{CommandButton(l.T("换过来合并", "Merge the other way"), mergeCommand(l, v.Other, v.Keep, ""))}})
	return c
}

// MergeInto asks before a lead becomes part of an account.
func MergeInto(l crm.Lang, lead, account crm.Ref, leadTitle, accountTitle string) card.Card {
	line := mergeCommand(l, account, lead, l.T("确认", "confirm"))
	return card.Card{Lang: l, Title: l.T("线索 "+lead.String()+" 并入客户 "+account.String(), "Lead "+lead.String()+" into account "+account.String()), Tone: card.Warning, About: []crm.Ref{lead, account}, Blocks: []card.Block{
		card.P(l.T(fmt.Sprintf("%s 将转为客户 %s 的一部分：联系人加入，跟进和附件随同，查重信息移过去。", strings.TrimSpace(lead.String()+" "+leadTitle), strings.TrimSpace(account.String()+" "+accountTitle)),
			fmt.Sprintf("%s becomes part of %s: its contact joins, its activities and files go along, its duplicate keys move.", strings.TrimSpace(lead.String()+" "+leadTitle), strings.TrimSpace(account.String()+" "+accountTitle)))),
		card.Note{Text: l.T("相当于转客户；不能撤销。", "It is a conversion; it cannot be undone.")},
		card.Buttons{Items: []card.Button{{Label: l.T("并入", "Merge"), Style: card.Risky, Action: MergeRecords{Keep: account.String(), Other: lead.String()}, Command: line}}}}}
}

// MergedLine is the first line of a survivor's card.
func MergedLine(l crm.Lang, keep, other crm.Ref) string {
	return l.T(other.String()+" 已合并到 "+keep.String(), other.String()+" became part of "+keep.String())
}

// leadTwins ask whether a lead is another record with a similar name (DU-01).
func leadTwins(f LeadFrame, v lead.Seen) []card.Block {
	var out []card.Block
	if !f.Merger {
		return nil
	}
	for _, d := range v.Twins {
		keep, other := d.Match.Ref, v.Ref()
		if keep.Kind == crm.KindLead && keep.ID > other.ID { // the older one stays
			keep, other = other, keep
		}
		line := f.Lang.T(fmt.Sprintf("重复？与 %s %s 名称相近（%d%%）", d.Match.Ref, d.Title, int(d.Match.Similarity*100)), fmt.Sprintf("A duplicate? Its name is like that of %s %s (%d %%)", d.Match.Ref, d.Title, int(d.Match.Similarity*100)))
		out = append(out, card.Text{Spans: []card.Span{{Text: line, Tone: card.Warning}}}, card.Buttons{Items: []card.Button{f.mergeButton(keep, other), f.openRecord(d.Match.Ref, f.Lang.T("打开 ", "Open ")+d.Match.Ref.String())}})
	}
	return out
}

// mergeButton offers a merge of two records.
func (f LeadFrame) mergeButton(keep, other crm.Ref) card.Button {
	return card.Button{Label: f.Lang.T("合并", "Merge"), Action: AskMerge{Keep: keep.String(), Other: other.String()}, Command: mergeCommand(f.Lang, keep, other, "")}
}
