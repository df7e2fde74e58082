package cards

import (
	"cmp"

	"crmbot/cards/card"
	"crmbot/internal/crm"
)

// Choice is one of several records that a person may have meant.
type Choice struct {
	Ref   crm.Ref
	Label string // what the record is called
	Sub   string // what tells it from the others; may be empty
	// Command is what a tap does, as a text command.
	Command string
}

// maxChoices keeps a choice card on one screen.
const maxChoices = 8

// Choose asks which of several records was meant. Every choice is a button that
// runs its command. More than eight are cut, and the card says so.
func Choose(l crm.Lang, title string, list []Choice) card.Card {
	c := card.Card{Lang: l, Title: title, Tone: card.Info, Subtitle: l.T("有多个结果，请选择", "several records fit; please choose")}
	for i, x := range list[:min(len(list), maxChoices)] {
		if i > 0 {
			c.Blocks = append(c.Blocks, card.Divider{})
		}
		name := x.Ref.String()
		if name != "" {
			name += " "
		}
		spans := []card.Span{{Text: name + x.Label, Bold: true}}
		if x.Sub != "" {
			spans = append(spans, card.Span{Text: "\n" + x.Sub, Tone: card.Muted})
		}
		c.Blocks = append(c.Blocks, card.Text{Spans: spans}, card.Buttons{Items: []card.Button{CommandButton(l.T("选择 ", "Choose ")+cmp.Or(x.Ref.String(), x.Label), x.Command)}})
	}
	if len(list) > maxChoices {
		c.Blocks = append(c.Blocks, card.Note{Text: l.T("结果较多，只显示前 8 条；请写得更完整一些。", "There are more than these 8; please write a longer part of the name.")})
	}
	return c
}

func chooseSamples(l crm.Lang) []Sample {
	line := l.T("/线索 ", "/lead ")
	return []Sample{{"choose/leads", crm.Text{Zh: "多个结果", En: "several results"}, Choose(l, l.T("哪一个“华星”？", "Which “Huaxing”?"), []Choice{
		{Ref: crm.LeadID(12).Ref(), Label: l.T("上海华星科技有限公司", "Huaxing Technology Shanghai"), Sub: l.T("A 级 · 负责人 李娜", "grade A · owner Li Na"), Command: line + "L-12"},
		{Ref: crm.LeadID(31).Ref(), Label: l.T("深圳华星贸易", "Huaxing Trading Shenzhen"), Sub: l.T("公海 · C 级", "pool · grade C"), Command: line + "L-31"},
	})}}
}
