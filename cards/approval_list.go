package cards

import (
	"fmt"
	"time"

	"crmbot/cards/card"
	"crmbot/internal/approval"
	"crmbot/internal/crm"
)

// PendingItem is one request that waits for a person.
type PendingItem struct {
	Request approval.Request
	Waited  time.Duration // working time
}

// Pending lists what waits for a person and what the person has handed in.
func Pending(l crm.Lang, waiting []PendingItem, own []approval.Request, name func(crm.UserID) string, limit int) card.Card {
	c := card.Card{Lang: l, Title: l.T(fmt.Sprintf("待审批 %d 项", len(waiting)), fmt.Sprintf("%d to approve", len(waiting))), Tone: card.Info}
	open := func(r approval.Request) card.Cell {
		b := CommandButton(l.T("打开", "Open"), l.T("/审批 ", "/request ")+r.ID.String())
		return card.Cell{Text: b.Label, Action: &b}
	}
	if len(waiting) == 0 {
		c.Tone = card.Success
		c.Blocks = append(c.Blocks, card.P(l.T("没有等您处理的审批。", "Nothing waits for your approval.")))
	} else {
		t := card.Table{PageSize: 10, Columns: []card.Column{{Title: l.T("审批", "Request")}, {Title: l.T("金额", "Amount"), Number: true}, {Title: l.T("提交人 / 已等", "By / waited")}, {Title: l.T("操作", "Action")}}}
		for _, x := range waiting {
			title := card.Cell{Text: x.Request.ID.String() + " " + x.Request.Title}
			if x.Request.Urgent {
				title.Text, title.Tone = l.T("[加急] ", "[urgent] ")+title.Text, card.Danger
			}
			t.Rows = append(t.Rows, []card.Cell{title, {Text: x.Request.Amount.Short(l)}, {Text: name(x.Request.Submitter) + " / " + waitedShort(l, x.Waited)}, open(x.Request)})
			c.About = append(c.About, x.Request.ID.Ref())
		}
		c.Blocks = append(c.Blocks, t)
		if len(waiting) >= limit {
			c.Blocks = append(c.Blocks, card.Note{Text: l.T(fmt.Sprintf("只显示前 %d 项。", limit), fmt.Sprintf("Only the first %d are shown.", limit))})
		}
	}
	if len(own) > 0 {
		t := card.Table{PageSize: 5, Columns: []card.Column{{Title: l.T("我提交的", "Mine")}, {Title: l.T("金额", "Amount"), Number: true}, {Title: l.T("操作", "Action")}}}
		for _, r := range own {
			t.Rows = append(t.Rows, []card.Cell{{Text: r.ID.String() + " " + r.Title}, {Text: r.Amount.Short(l)}, open(r)})
			c.About = append(c.About, r.ID.Ref())
		}
		c.Blocks = append(c.Blocks, card.Heading{Text: l.T("我提交的审批", "Submitted by me"), Level: 3}, t)
	}
	return c
}
