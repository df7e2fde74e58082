package cards

import (
	"fmt"
	"strings"

	"crmbot/cards/card"
	"crmbot/internal/assign"
	"crmbot/internal/crm"
)

// SwitchDuty opens or closes the flow of leads to the presser.
type SwitchDuty struct {
	On bool `json:"on,omitempty"`
}

// ActionName implements card.Action.
func (SwitchDuty) ActionName() string { return "assign.duty" }

// AssignDuty is how the viewer takes part in distribution, and what is offered to
// them now.
func AssignDuty(f LeadFrame, s assign.Standing, offers []assign.Offer) card.Card {
	l := f.Lang
	c := card.Card{Lang: l, Title: l.T("接单：开", "Leads by the rules: on"), Tone: card.Success}
	on := card.Button{Label: l.T("暂停接单", "Pause"), Action: SwitchDuty{}, Command: l.T("/接单 关", "/duty off")}
	switch {
	case s.Off:
		c.Title, c.Tone = l.T("接单：关", "Leads by the rules: off"), card.Muted
		on = card.Button{Label: l.T("恢复接单", "Resume"), Style: card.Primary, Action: SwitchDuty{On: true}, Command: l.T("/接单 开", "/duty on")}
		c.Subtitle = s.Note
	case s.Against != "":
		c.Tone = card.Warning
		c.Subtitle = l.T("现在分不到新线索：", "you get none now: ") + s.Against.Name(l)
	}
	c.Blocks = append(c.Blocks, standingFields(l, s))
	for _, o := range offers {
		c.About = append(c.About, o.Lead.Ref())
		c.Blocks = append(c.Blocks, card.Divider{}, card.Text{Spans: []card.Span{{Text: o.Lead.String(), Bold: true}, {Text: l.T("  请在 "+f.minute(o.Expires)+" 前确认", "  please answer by "+f.minute(o.Expires)), Tone: card.Warning}}},
			card.Buttons{Items: []card.Button{{Label: l.T("接受 ", "Accept ") + o.Lead.String(), Style: card.Primary, Action: AcceptOffer{Lead: o.Lead}, Command: f.command("接受", "accept", o.Lead.String())},
				f.openButton(o.Lead, l.T("详情", "Details"))}})
	}
	c.Blocks = append(c.Blocks, card.Buttons{Items: []card.Button{on}})
	return c
}

func standingFields(l crm.Lang, s assign.Standing) card.Fields {
	x := s.Candidate
	return card.Fields{Items: []card.Field{
		{Label: l.T("今日已收", "Got today"), Value: fmt.Sprintf("%d / %d", x.Received, x.Quota)},
		{Label: l.T("权重", "Weight"), Value: fmt.Sprint(x.Weight)},
		{Label: l.T("每月上限", "Monthly limit"), Value: fmt.Sprint(s.Cap)},
		{Label: l.T("持有", "Held"), Value: fmt.Sprintf("%d / %d", x.Held, x.Hold)},
		{Label: l.T("A 级超期", "Overdue A leads"), Value: fmt.Sprint(x.Overdue)},
		{Label: l.T("值班", "Duty days"), Value: dutyDays(l, s.Days)},
	}}
}

var weekdayNames = []crm.Text{{Zh: "周一", En: "Mon"}, {Zh: "周二", En: "Tue"}, {Zh: "周三", En: "Wed"}, {Zh: "周四", En: "Thu"}, {Zh: "周五", En: "Fri"}, {Zh: "周六", En: "Sat"}, {Zh: "周日", En: "Sun"}}

func dutyDays(l crm.Lang, days []int) string {
	if len(days) == 0 {
		return l.T("每个工作日", "every working day")
	}
	var out []string
	for _, d := range days {
		if d >= 1 && d <= 7 {
			out = append(out, weekdayNames[d-1].In(l))
		}
	}
	return strings.Join(out, l.T("、", ", "))
}

// AssignRoster shows a manager who is on duty on which days, with shares and
// limits (AS-02).
func AssignRoster(l crm.Lang, list []assign.Standing, days []crm.Day) card.Card {
	c := card.Card{Lang: l, Title: l.T("值班表", "Roster"), Tone: card.Info}
	if len(list) == 0 {
		c.Blocks = []card.Block{card.P(l.T("您的团队里没有销售。", "There is no sales rep in your teams."))}
		return c
	}
	able := 0
	rows := make([][]card.Cell, len(list))
	for i, s := range list {
		state, tone := l.T("可接收", "takes leads"), card.Success
		if s.Against != "" {
			state, tone = s.Against.Name(l), card.Warning
			if s.Note != "" {
				state += l.T("：", ": ") + s.Note
			}
		} else {
			able++
		}
		var duty []string
		for _, d := range days {
			if s.Duty[d] {
				duty = append(duty, string(d)[8:])
			}
		}
		x := s.Candidate
		rows[i] = []card.Cell{{Text: s.User.Name}, {Text: state, Tone: tone}, {Text: strings.Join(duty, " ")}, {Text: fmt.Sprintf("%d/%d", x.Received, x.Quota)}, {Text: fmt.Sprint(x.Weight)}, {Text: fmt.Sprintf("%d/%d", x.Held, x.Hold)}}
	}
	c.Subtitle = l.T(fmt.Sprintf("%s 起 %d 天 · 现在 %d/%d 人可接收", days[0], len(days), able, len(list)), fmt.Sprintf("%d days from %s · %d of %d take leads now", len(days), days[0], able, len(list)))
	c.Blocks = []card.Block{card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("成员", "Member")}, {Title: l.T("状态", "State")}, {Title: l.T("值班日", "Duty")}, {Title: l.T("今日", "Today")}, {Title: l.T("权重", "Weight")}, {Title: l.T("持有", "Held")}}, Rows: rows},
		card.Note{Text: l.T("修改：/值班 李娜 周一 周三 · /值班 李娜 权重 2 · /值班 李娜 上限 80 · /值班 李娜 03-08 值班|休 · /值班 李娜 停|开", "Change: /roster NAME Mon Wed · /roster NAME weight 2 · /roster NAME cap 80 · /roster NAME 03-08 on|off · /roster NAME stop|start")}}
	return c
}
