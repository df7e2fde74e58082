package cards

import (
	"fmt"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/recycle"
)

// TakeBackRecords takes records back that are offered to their former owner.
type TakeBackRecords struct {
	Card string   `json:"card"`
	Refs []string `json:"refs"`
}

// ActionName implements card.Action.
func (TakeBackRecords) ActionName() string { return "recycle.take_back" }

// ShowBackPage turns to a page of a card of records that are offered back.
type ShowBackPage struct {
	Card string `json:"card"`
	Page int    `json:"p"`
}

// ActionName implements card.Action.
func (ShowBackPage) ActionName() string { return "recycle.back_page" }

// View is the view of the page.
func (p ShowBackPage) View() string {
	if p.Page <= 1 {
		return p.Card
	}
	return fmt.Sprintf("%s.%d", p.Card, p.Page)
}

// backAtOnce is how many records one press takes back.
const backAtOnce = 20

// RecycleBack offers a person the records back that a rule released by mistake
// (RC-04). name is the card, said what has just happened.
func RecycleBack(f LeadFrame, name string, b recycle.Back, said string) card.Card {
	l := f.Lang
	n := len(b.Lines) + b.More // More are on the other pages
	out := card.Card{Lang: l, Title: l.T(fmt.Sprintf("%d 条被释放的记录可以拿回", n), fmt.Sprintf("Records that you can take back: %d", n)), Tone: card.Info}
	if said != "" {
		out.Blocks = append(out.Blocks, card.Text{Spans: []card.Span{{Text: said, Bold: true}}})
	}
	out.Blocks = append(out.Blocks, card.P(l.T("管理员撤回了释放它们的规则修改（RC-04）。"+string(b.Until)+" 前可以拿回；24 小时内别人不能认领。", "The change of a rule that released them was taken back (RC-04). You can have them until "+string(b.Until)+"; nobody else can claim them for 24 hours.")))
	t := card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("记录", "Record")}, {Title: l.T("名称", "Name")}, {Title: ""}}}
	var open []string
	for _, x := range b.Lines {
		code := x.Ref.String()
		out.About = append(out.About, x.Ref)
		state := card.Cell{Text: l.T("已失效", "over"), Tone: card.Muted}
		switch {
		case b.Taken(x):
			state = card.Cell{Text: l.T("已拿回", "taken back"), Tone: card.Success}
		case b.Open(x):
			open = append(open, code)
			btn := card.Button{Label: l.T("拿回 ", "Take back ") + code, Action: TakeBackRecords{Card: name, Refs: []string{code}}, Command: f.command("拿回", "takeback", code)}
			state = card.Cell{Text: btn.Label, Action: &btn}
		case x.Gone:
			state.Text = l.T("已有别的去向", "gone elsewhere")
		}
		t.Rows = append(t.Rows, []card.Cell{{Text: code}, {Text: x.Name}, state})
	}
	out.Blocks = append(out.Blocks, t)
	if some := open[:min(len(open), backAtOnce)]; len(some) > 1 {
		out.Blocks = append(out.Blocks, card.Buttons{Items: []card.Button{{Label: l.T(fmt.Sprintf("拿回这 %d 条", len(some)), fmt.Sprintf("Take these %d back", len(some))), Style: card.Primary,
			Action: TakeBackRecords{Card: name, Refs: some}, Command: f.command("拿回", "takeback", strings.Join(some, " "))}}})
	}
	if b.More > 0 {
		out.Blocks = append(out.Blocks, card.Note{Text: l.T(fmt.Sprintf("第 %d/%d 页，还有 %d 条在其他页。", b.Page, b.Pages, b.More), fmt.Sprintf("Page %d of %d; %d more are on the other pages.", b.Page, b.Pages, b.More))})
		var turn []card.Button
		to := func(label string, page int) {
			p := ShowBackPage{Card: b.Name, Page: page}
			turn = append(turn, card.Button{Label: label, Action: p, Command: f.command("拿回", "takeback", p.View())})
		}
		if b.Page > 1 {
			to(l.T("上一页", "Previous"), b.Page-1)
		}
		if b.Page < b.Pages {
			to(l.T("下一页", "Next"), b.Page+1)
		}
		out.Blocks = append(out.Blocks, card.Buttons{Items: turn})
	}
	if len(open) == 0 && b.More == 0 {
		out.Tone = card.Muted
	}
	return out
}
